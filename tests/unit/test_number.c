/*
 * test_number.c -- the number scorer against its contract, and decimals by themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/params.h"

extern const struct scorer scorer_number;

#define BIG "12345678901234567890"

static void
contract(void **state)
{
	const struct params_row rows[] = {
		/* (1) which number, alternatives, none */
		{ "", "18", STR("She makes 9 * 2 = 18 dollars."), '1', "" },
		{ "", "18", STR("It is 18, not 17"), '0', "the number is 17" },
		{ "take=first", "18", STR("It is 18, not 17"), '1', "" },
		{ "", "18", STR("no idea"), '0', "no number in the answer" },
		{ "", "17|18", STR("18"), '1', "" },
		{ "", "17|19", STR("18"), '0', "the number is 18" },
		/* (2) what the case expects */
		{ "", NULL, STR("18"), 'u', "the case expects nothing" },
		{ "", "eighteen", STR("18"), 'u',
		  "the expected text 'eighteen' does not hold exactly one number" },
		{ "", "1 or 2", STR("1"), 'u',
		  "the expected text '1 or 2' does not hold exactly one number" },
		{ "", "18|none", STR("18"), 'u', NULL },
		{ "", "A: $1,800.00", STR("1800"), '1', "" },
		/* (3) points */
		{ "", "18", STR("the answer is 18."), '1', "" },
		{ "", "0.5", STR("it is .5"), '1', "" },
		{ "", "5", STR("see Fig.5"), '1', "" },
		{ "", "5", STR("wait...5"), '1', "" },
		{ "", "3", STR("version 1.2.3"), '1', "" },
		{ "take=first", "1.2", STR("version 1.2.3"), '1', "" },
		{ "", "2", STR("1 .. 2 .."), '1', "" },
		/* (4) thousands */
		{ "", "1234567", STR("1,234,567"), '1', "" },
		{ "", "1234.5", STR("1,234.50"), '1', "" },
		{ "", "23", STR("1,23"), '1', "" },
		{ "take=first", "1", STR("1,23"), '1', "" },
		{ "take=first", "1", STR("1,23,456"), '1', "" },
		{ "", "456", STR("1,23,456"), '1', "" },
		{ "", "2345", STR("1,2345"), '1', "" },
		{ "", "567", STR("1234,567"), '1', "" },
		{ "take=first", "0", STR("0,500"), '1', "" },
		{ "", "1", STR("1,"), '1', "" },
		{ "", "3", STR("1, 2, 3"), '1', "" },
		{ "separator=dot", "1234567,5", STR("1.234.567,50"), '1', "" },
		{ "separator=dot", "0,5", STR("es ist ,5"), '1', "" },
		{ "separator=none", "234", STR("1,234"), '1', "" },
		{ "separator=none", "1.5", STR("1.50"), '1', "" },
		/* (5) signs */
		{ "", "-3", STR("it is -3"), '1', "" },
		{ "", "3", STR("5-3"), '1', "" },
		{ "", "3", STR("5 - 3"), '1', "" },
		{ "", "-3", STR("x=-3"), '1', "" },
		{ "", "3", STR("covid-3"), '1', "" },
		{ "", "3", STR("(5)-3"), '1', "" },
		{ "", "60", STR("50%-60%"), '1', "" },
		{ "", "6", STR("$5-$6"), '1', "" },
		{ "", "6", STR("5\xe2\x82\xac-6\xe2\x82\xac"), '1', "" },
		{ "", "-5", STR("-$5"), '1', "" },
		{ "", "-5", STR("$-5"), '1', "" },
		{ "", "-5", STR("-\xc2\xa3" "5"), '1', "" },
		{ "", "-3", STR("\xe2\x88\x92" "3"), '1', "" },
		{ "", "3", STR("5\xe2\x88\x92" "3"), '1', "" },
		{ "", "3", STR("5--3"), '1', "" },
		{ "", "3", STR("5\xe2\x80\x93" "3"), '1', "" },
		{ "", "-3", STR("\xe6\x98\xaf-3"), '1', "" },
		{ "", "3", STR("+3"), '1', "" },
		{ "", "-.5", STR("-0.5"), '1', "" },
		{ "", "0", STR("-0.0"), '1', "" },
		{ "", "23", STR("2026-11-23"), '1', "" },
		{ "", "3", STR("-3"), '0', "the number is -3" },
		/* (6) exponents */
		{ "", "1000", STR("1e3"), '1', "" },
		{ "", "0.0015", STR("1.5E-3"), '1', "" },
		{ "", "0.0015", STR("1.5e\xe2\x88\x92" "3"), '1', "" },
		{ "", "12", STR("12e"), '1', "" },
		{ "", "5", STR("3e5f"), '1', "" },
		{ "", "1e000000000003", STR("1000"), '1', "" },
		{ "", "9999999999", STR("1e9999999999"), '1', "" },
		{ "", "1e999999999", STR("1e999999998"), '0', NULL },
		/* (7) what is around it */
		{ "", "12", STR("**12**"), '1', "" },
		{ "", "12", STR("$12"), '1', "" },
		{ "", "12", STR("12%"), '1', "" },
		{ "", "12", STR("12kg"), '1', "" },
		{ "", "12", STR("USD12"), '1', "" },
		{ "", "2", STR("1/2"), '1', "" },
		{ "", "12", STR("\0" "12\0"), '1', "" },
		{ "", "12", STR("\xff" "12\xfe"), '1', "" },
		/* (8) exactly */
		{ "", "18", STR("18.0"), '1', "" },
		{ "", "18.00", STR("18"), '1', "" },
		{ "", "018", STR("18"), '1', "" },
		{ "", "0.1", STR("0.10"), '1', "" },
		{ "", BIG, STR(BIG), '1', "" },
		{ "", "12345678901234567891", STR(BIG), '0', NULL },
		{ "", "123456", STR("123457"), '0', NULL },
		{ "", "0.30000000000000004", STR("0.3"), '0', NULL },
		{ "", "9007199254740993", STR("9007199254740992"), '0', NULL },
		/* (9) tolerance */
		{ "tolerance=0.01", "1.00", STR("1.01"), '1', "" },
		{ "tolerance=0.01", "1.00", STR("0.99"), '1', "" },
		{ "tolerance=0.01", "1.00", STR("1.0100000000000000000000001"), '0', NULL },
		{ "tolerance=0.3", "-0.1", STR("0.2"), '1', "" },
		{ "tolerance=0.3", "-0.1", STR("0.21"), '0', NULL },
		{ "tolerance=0.5", "12345678901234567891", STR(BIG), '0', NULL },
		{ "tolerance=1", "12345678901234567891", STR(BIG), '1', "" },
		{ "tolerance=1", "1000", STR("999"), '1', "" },
		{ "tolerance=1", "0", STR("1"), '1', "" },
		{ "tolerance=1", "0", STR("-1.1"), '0', NULL },
		{ "relative=0.1", "-50", STR("-55"), '1', "" },
		{ "relative=0.1", "-50", STR("-55.01"), '0', NULL },
		{ "relative=0.1", "50", STR("-50"), '0', NULL },
		{ "relative=1e-3", "1000", STR("1001"), '1', "" },
		{ "relative=0.1;tolerance=7", "50", STR("57"), '1', "" },
		{ "relative=0.1;tolerance=7", "500", STR("550"), '1', "" },
		{ "relative=0.1;tolerance=7", "50", STR("58"), '0', NULL },
		{ "tolerance=1", "1e99999", STR("1"), 'u',
		  "the numbers have too many digits for a tolerance" },
		{ "tolerance=1", "1e99999", STR("1e99999"), '1', "" },
		{ "tolerance=1", "1e99999", STR("none"), '0', NULL },
		/* nothing there */
		{ "", "18", STR(""), '0', "no number in the answer" },
		{ "", "", STR("18"), 'u', NULL },
		{ "", "18", STR("."), '0', NULL },
		{ "", "18", STR("-"), '0', NULL },
		{ "", "18", STR("$"), '0', NULL },
		{ "", "18", STR("\xe2\x88\x92"), '0', NULL },
		{ "", "18", STR("\xe2\x88"), '0', NULL },
	};

	(void)state;
	assert_int_equal(params_rows(&scorer_number, rows, COUNT(rows)), 0);
}

static void
mistakes(void **state)
{
	(void)state;
	assert_true(params_refused(&scorer_number, "tolerance=-1", "negative"));
	assert_true(params_refused(&scorer_number, "relative=much", "'relative' is not a number"));
	assert_true(params_refused(&scorer_number, "tolerance=1 2", "not a number"));
}

/* All numbers of a text, with | between. */
static void
walk(void **state)
{
	const struct { struct str text; const char *want; } rows[] = {
		{ STR("a 1,000 b -2.5e3, $-4 and 7."), "1,000|-2.5e3|-4|7" },
		{ STR("10,20,300"), "10|20|300" },
		{ STR("1,000,00.5"), "1|000|00.5" },
		{ STR("-$1,234.5%"), "-$1,234.5" },
		{ STR("12:30:45"), "12|30|45" },
		{ STR(""), "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct decimal_iter it = { .of = rows[i].text, .separator = DECIMAL_COMMA };
		struct buf b = { 0 };
		struct str raw;

		while (decimal_next(&it, &raw)) {
			if (b.n > 0)
				buf_char(&b, '|');
			buf_str(&b, raw);
		}
		assert_string_equal(b.p ? b.p : "", rows[i].want);
		assert_false(decimal_next(&it, &raw));
		buf_free(&b);
	}
}

static struct decimal
of(const char *text, struct arena *a)
{
	return decimal_of(str_of(text), DECIMAL_NONE, a);
}

static void
values(void **state)
{
	struct arena a = { 0 };
	struct decimal product;

	(void)state;
	assert_true(decimal_eq(of("10e-1", &a), of("1.0", &a)));
	assert_true(decimal_eq(of("-0", &a), of("0e5", &a)));
	assert_true(decimal_eq(of("0.00120", &a), of("12E-4", &a)));
	assert_false(decimal_eq(of("-1", &a), of("1", &a)));
	assert_true(decimal_product(of("-99.9", &a), of("0.999", &a), &product, &a));
	assert_true(decimal_eq(product, of("-99.8001", &a)));
	assert_true(decimal_product(of("0", &a), of("7", &a), &product, &a));
	assert_true(decimal_eq(product, of("0", &a)));
	assert_int_equal(decimal_near(of("1e5000", &a), of("1", &a), of("1e5000", &a), &a), 1);
	assert_int_equal(decimal_near(of("1e5000", &a), of("-1", &a), of("1e5000", &a), &a), 0);
	assert_int_equal(decimal_near(of("1e10001", &a), of("1", &a), of("1", &a), &a), -1);
	arena_free(&a);
}

/* Against integer arithmetic: every pair of small fixed-point numbers. */
static void
near_is_exact(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (int i = -120; i <= 120; i += 7) {
		for (int j = -110; j <= 110; j += 3) {
			for (int most = 0; most <= 60; most += 20) {
				struct decimal x = of(arena_fmt(&a, "%de-1", i), &a);
				struct decimal y = of(arena_fmt(&a, "%de-1", j), &a);
				struct decimal m = of(arena_fmt(&a, "%de-1", most), &a);
				int d = i > j ? i - j : j - i;

				assert_int_equal(decimal_near(x, y, m, &a), d <= most);
				arena_reset(&a);
			}
		}
	}
	arena_free(&a);
}

/* A megabyte of each thing that could make reading slow. */
static void
large(void **state)
{
	static const char *const fill[] = { "1", "1,", "1,000,", "-", ".", "1e", "e1", "$", "0",
	    "1.", "\xe2\x88\x92" };
	enum { SIZE = 1 << 20 };
	struct arena a = { 0 };
	struct err err = { 0 };
	const void *params = params_of(&scorer_number, "", &a, &err);
	double began = tick_now();

	(void)state;
	for (size_t i = 0; i < COUNT(fill); i++) {
		struct arena scratch = { 0 };
		char *p = arena_alloc(&scratch, SIZE);
		struct score s;

		for (size_t j = 0; j < SIZE; j++)
			p[j] = fill[i][j % strlen(fill[i])];
		s = params_score(&scorer_number, params, "7", (struct str){ p, SIZE }, &scratch);
		assert_true(s.scored);
		assert_true(s.value < 0.5);
		arena_free(&scratch);
	}
	assert_true(tick_now() - began < 5);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contract), cmocka_unit_test(mistakes), cmocka_unit_test(walk),
		cmocka_unit_test(values), cmocka_unit_test(near_is_exact), cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
