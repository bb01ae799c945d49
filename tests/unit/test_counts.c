/*
 * test_counts.c -- length, latency and cost: numbers, and when there is none.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/params.h"

extern const struct scorer scorer_length, scorer_latency, scorer_cost;

enum { UNSCORED = -99 };

/* The value, or UNSCORED. */
static double
value(const struct scorer *s, const char *given, struct completion c)
{
	struct test_case tc = { .id = "t" };
	struct arena a = { 0 };
	struct err err = { 0 };
	struct score got = s->score(params_of(s, given, &a, &err), &tc, &c, &a);

	assert_true(got.scored || got.why.n > 0);
	arena_free(&a);
	return got.scored ? got.value : UNSCORED;
}

static void
length(void **state)
{
	const struct { const char *of; struct str text; double want; } rows[] = {
		{ "", STR("na\xc3\xafve \xf0\x9f\x98\x80"), 7 },                        /* (2) */
		{ "", STR("\xff\xfe" "a\xc3"), 4 },
		{ "", STR("e\xcc\x81"), 2 },
		{ "", STR("a\0b"), 3 },
		{ "", STR(""), 0 },
		{ "of=words", STR("  two\n\twords "), 2 },                              /* (3) */
		{ "of=words", STR("a\xc2\xa0" "b\xe3\x80\x80" "c"), 3 },
		{ "of=words", STR("a\xff b"), 2 },
		{ "of=words", STR("a\0b c"), 2 },
		{ "of=words", STR(" \n "), 0 },
		{ "of=words", STR(""), 0 },
		{ "of=bytes", STR("na\xc3\xafve\0"), 7 },                               /* (4) */
	};
	struct completion c = { .outcome = OUT_ANSWERED };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(value(&scorer_length, rows[i].of, (struct completion){
		    .text = rows[i].text, .tokens_out = 9 }) == rows[i].want);
	c.tokens_out = 9;                                                               /* (5) */
	assert_true(value(&scorer_length, "of=tokens", c) == 9);
	c.tokens_out = -1;
	assert_int_equal(value(&scorer_length, "of=tokens", c), UNSCORED);
}

static void
latency(void **state)
{
	struct completion c = { .outcome = OUT_ANSWERED, .ms_total = 1500, .ms_first = 250 };

	(void)state;
	assert_true(value(&scorer_latency, "", c) == 1.5);
	assert_true(value(&scorer_latency, "of=first", c) == 0.25);
	c.ms_queue = c.ms_backoff = 9000;                                               /* (2) */
	assert_true(value(&scorer_latency, "", c) == 1.5);
	c.ms_first = -1;                                                                /* (3) */
	assert_true(value(&scorer_latency, "of=first", c) <= UNSCORED);
	c.ms_total = (double)NAN;
	assert_true(value(&scorer_latency, "", c) <= UNSCORED);
	c.ms_total = 1500;
	for (int o = 0; o < OUT_COUNT; o++) {
		c.outcome = (enum outcome)o;
		assert_int_equal(value(&scorer_latency, "", c) >= 0, OUTCOME_IS_MODELS(o));
	}
	assert_true(scorer_latency.lower_is_better && !scorer_latency.needs_text);
}

static void
cost(void **state)
{
	(void)state;
	assert_true(value(&scorer_cost, "", (struct completion){ .cost = 0.0125 }) == 0.0125);
	assert_true(value(&scorer_cost, "", (struct completion){ .cost = 0 }) == 0);
	assert_true(value(&scorer_cost, "", (struct completion){ .cost = -1 }) <= UNSCORED);
	assert_true(value(&scorer_cost, "",
	    (struct completion){ .cost = (double)INFINITY }) <= UNSCORED);
	assert_true(scorer_cost.lower_is_better && !scorer_cost.needs_text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(length), cmocka_unit_test(latency), cmocka_unit_test(cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
