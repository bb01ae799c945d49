/*
 * test_texts.c -- exact, contains, starts_with and regex against their contracts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/params.h"

extern const struct scorer scorer_exact, scorer_contains, scorer_starts_with, scorer_regex;

#define NOTHING "the case expects nothing"

static void
exact(void **state)
{
	const struct params_row rows[] = {
		{ "", "Paris", STR("Paris"), '1', "" },                                 /* (1) */
		{ "", "Paris", STR("London"), '0', "no expected answer matches" },
		{ "", "London|Paris", STR("Paris"), '1', "" },
		{ "", "Paris", STR("Paris\0"), '0', NULL },
		{ "", "Paris", STR("Par"), '0', NULL },
		{ "", "Paris", STR(" \n\xc2\xa0Paris\t "), '1', "" },                   /* (2) */
		{ "", " Paris ", STR("Paris"), '1', "" },
		{ "", "New York", STR("New  York"), '0', NULL },
		{ "", "Paris", STR("paris"), '0', NULL },                               /* (3) */
		{ "fold=yes", "new york", STR("NEW\n York "), '1', "" },
		{ "fold=yes", "STRASSE", STR("stra\xc3\x9f" "e"), '1', "" },
		{ "fold=yes", "\xc3\xa9", STR("e\xcc\x81"), '1', "" },
		{ "", "\xc3\xa9", STR("e\xcc\x81"), '0', NULL },
		{ "fold=yes", "A\xff", STR("a\xff"), '1', "" },
		{ "", NULL, STR("Paris"), 'u', NOTHING },                               /* (4) */
		{ "", NULL, STR(""), 'u', NOTHING },
		{ "", "", STR(""), '1', "" },
		{ "", "Paris", STR(""), '0', NULL },
	};

	(void)state;
	assert_int_equal(params_rows(&scorer_exact, rows, COUNT(rows)), 0);
}

static void
contains(void **state)
{
	const struct params_row rows[] = {
		/* (1) */
		{ "any=red|blue", NULL, STR("a blue car"), '1', "" },
		{ "any=red|blue", NULL, STR("a green car"), '0', "no text of 'any' occurs" },
		{ "all=red|blue", NULL, STR("red and blue"), '1', "" },
		{ "all=red|blue", NULL, STR("red only"), '0', "does not contain 'blue'" },
		{ "none=red", NULL, STR("blue"), '1', "" },
		{ "none=blue|red", NULL, STR("red"), '0', "contains 'red'" },
		{ "any=a|b;all=c;none=d", NULL, STR("bc"), '1', "" },
		{ "any=a|b;all=c;none=d", NULL, STR("bcd"), '0', "contains 'd'" },
		{ "any=a|b;all=c;none=d", NULL, STR("c"), '0', "no text of 'any' occurs" },
		/* (2) */
		{ "", "red|blue", STR("so blue"), '1', "" },
		{ "", "red", STR("so blue"), '0', "no expected text occurs" },
		{ "", NULL, STR("so blue"), 'u', NOTHING },
		{ "none=green", "red", STR("so blue"), '1', "" },
		/* (3) */
		{ "any=ed ", NULL, STR("red car"), '1', "" },
		{ "any=Red", NULL, STR("red"), '0', NULL },
		{ "any=RED  car;fold=yes", NULL, STR("a red\ncar"), '1', "" },
		{ "any= red ;fold=yes", NULL, STR("tired"), '1', "" },
		{ "", "b\nc", STR("a\0b\nc"), '1', "" },
		{ "any=\xff", NULL, STR("a\xff"), '1', "" },
		/* (4) */
		{ "", "red|", STR("red"), 'u', "an expected text is empty" },
		{ "fold=yes", " ", STR("red"), 'u', "an expected text is empty" },
		{ "", "red", STR(""), '0', NULL },
	};

	(void)state;
	assert_int_equal(params_rows(&scorer_contains, rows, COUNT(rows)), 0);
	assert_true(params_refused(&scorer_contains, "any=a|", "entry 2 of 'any' is empty"));
	assert_true(params_refused(&scorer_contains, "all=;none=", "entry 1 of 'none' is empty"));
	assert_true(params_refused(&scorer_contains, "all= ;fold=yes", "entry 1 of 'all'"));
}

static void
starts_with(void **state)
{
	const struct params_row rows[] = {
		{ "prefix=Yes|Sure", "No", STR("Sure, I can"), '1', "" },               /* (1) */
		{ "prefix=Yes|Sure", "No", STR("No, sure"), '0', "begins otherwise" },
		{ "", "Yes|Sure", STR("Sure, I can"), '1', "" },                        /* (2) */
		{ "", "Yes", STR("No"), '0', "begins otherwise" },
		{ "", NULL, STR("No"), 'u', NOTHING },
		{ "", "Yes", STR("\n Yes"), '1', "" },                                  /* (3) */
		{ "", " Yes\n", STR("Yes"), '1', "" },
		{ "", "yes", STR("Yes"), '0', NULL },                                   /* (4) */
		{ "fold=yes", "YES I can", STR("yes  i can"), '1', "" },
		{ "", "Yes", STR("Yesterday"), '1', "" },                               /* (5) */
		{ "", "Yes| ", STR("Yes"), 'u', "an expected text is empty" },          /* (6) */
		{ "", "Yes", STR("Ye"), '0', NULL },
		{ "", "Yes", STR(""), '0', NULL },
		{ "", "Y", STR("Y\0\xff"), '1', "" },
	};

	(void)state;
	assert_int_equal(params_rows(&scorer_starts_with, rows, COUNT(rows)), 0);
	assert_true(params_refused(&scorer_starts_with, "prefix=a| ", "entry 2 of 'prefix'"));
}

static void
regex(void **state)
{
	const struct params_row rows[] = {
		{ "pattern=^\\d+$", NULL, STR("123"), '1', "" },                        /* (1) */
		{ "pattern=^\\d+$", "123", STR("12 3"), '0', "no match" },
		{ "pattern=b", NULL, STR("abc"), '1', "" },
		{ "pattern=^\\w+$", NULL, STR("na\xc3\xafve"), '1', "" },               /* (2) */
		{ "pattern=^.$", NULL, STR("\xf0\x9f\x98\x80"), '1', "" },
		{ "pattern=ABC", NULL, STR("abc"), '0', NULL },
		{ "pattern=ABC;fold=yes", NULL, STR("abc"), '1', "" },
		{ "pattern=^(a+)+$", NULL, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"), 'u',
		  "pattern too costly" },                                               /* (3) */
		{ "pattern=a", NULL, STR("a\xff"), 'u', "the answer is not UTF-8" },    /* (4) */
		{ "pattern=b", NULL, STR("a\0b"), '1', "" },
		{ "pattern=b", NULL, STR(""), '0', NULL },
	};

	(void)state;
	assert_int_equal(params_rows(&scorer_regex, rows, COUNT(rows)), 0);
	assert_true(params_refused(&scorer_regex, "pattern=(", "bad pattern '(' at byte 1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact), cmocka_unit_test(contains), cmocka_unit_test(starts_with),
		cmocka_unit_test(regex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
