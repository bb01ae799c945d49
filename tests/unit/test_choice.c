/*
 * test_choice.c -- the choice scorer against its contract.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/params.h"

extern const struct scorer scorer_choice;

#define AB "among=billing|technical"

static void
contract(void **state)
{
	const struct params_row rows[] = {
		/* (1) */
		{ AB, "billing", STR("billing"), '1', "" },
		{ AB, "billing", STR("technical"), '0', "names 'technical'" },
		{ AB, "billing|technical", STR("technical"), '1', "" },
		/* (2) */
		{ AB, NULL, STR("billing"), 'u', "the case expects nothing" },
		{ AB, "sales", STR("billing"), 'u',
		  "the expected 'sales' is not among the labels" },
		{ AB, "billing|sales", STR("billing"), 'u', NULL },
		/* (3) the whole answer first */
		{ "among=a or b|a|b", "a or b", STR(" a or b\n"), '1', "" },
		{ "among=C++|C", "C++", STR("c++"), '1', "" },
		{ "among=<none>|x", "<none>", STR("<none>"), '1', "" },
		/* (4) words */
		{ AB, "billing", STR("The label is **billing**."), '1', "" },
		{ AB, "billing", STR("billings"), '0', "names no label" },
		{ AB, "billing", STR("xbilling"), '0', "names no label" },
		{ AB, "billing", STR("billing2"), '0', "names no label" },
		{ AB, "billing", STR("\xc3\xa9" "billing"), '0', "names no label" },
		{ AB, "billing", STR("billing\xcc\xb1"), '0', "names no label" },
		{ AB, "billing", STR("\xe2\x80\x9c" "billing\xe2\x80\x9d\xe2\x80\xa6"), '1', "" },
		{ AB, "billing", STR("_billing_"), '1', "" },
		{ AB, "billing", STR("\xe6\x98\xaf" "billing\xe3\x80\x82"), '1', "" },
		{ "among=\xe8\x8b\xb9\xe6\x9e\x9c|\xe6\xa2\xa8", "\xe6\xa2\xa8",
		  STR("\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf\xe6\xa2\xa8\xe3\x80\x82"), '1', "" },
		{ "among=a.c|b", "b", STR("abc or b"), '1', "" },
		{ "among=\\E|b", "b", STR("\\E"), '0', "names '\\E'" },
		/* (5) overlap */
		{ "among=card|card_arrival", "card_arrival", STR("It is card_arrival!"), '1', "" },
		{ "among=card_arrival|card", "card", STR("It is card_arrival!"), '0',
		  "names 'card_arrival'" },
		{ "among=spam|not spam", "spam", STR("This is not spam."), '0',
		  "names 'not spam'" },
		{ "among=card|card arrival", "card", STR("a card arrivals thing"), '1', "" },
		{ "among=card|card_arrival", "card", STR("card or card_arrival"), '0',
		  "names 2 labels: card, card_arrival" },
		/* (6) */
		{ AB, "billing", STR("neither"), '0', "names no label" },
		{ AB, "billing", STR("technical, billing"), '0',
		  "names 2 labels: technical, billing" },
		{ AB, "billing", STR("billing, yes: billing"), '1', "" },
		{ AB ";take=first", "billing", STR("not billing but technical"), '1', "" },
		{ AB ";take=last", "billing", STR("not billing but technical"), '0',
		  "names 'technical'" },
		{ AB ";take=last", "billing", STR("billing, no: technical, no: billing"), '1', "" },
		{ "among=a|b|c|d|e|f|g", "a", STR("a b c d e f g"), '0',
		  "names 7 labels: a, b, c, d, e, ..." },
		/* (7) */
		{ AB, "Billing", STR("BILLING"), '1', "" },
		{ AB ";fold=no", "billing", STR("BILLING"), '0', "names no label" },
		{ AB ";fold=no", "billing", STR(" is billing "), '1', "" },
		{ AB ";fold=no", "Billing", STR("billing"), 'u', NULL },
		{ "among=top up|x", "top up", STR("Top\n  up"), '1', "" },
		{ "among=caf\xc3\xa9|x", "cafe\xcc\x81", STR("the CAF\xc3\x89"), '1', "" },
		/* (8) */
		{ AB, "billing", STR("billing \xff"), 'u', "the answer is not UTF-8" },
		{ AB, "billing", STR("\0billing\0"), '1', "" },
		{ AB, "billing", STR(""), '0', "names no label" },
	};

	(void)state;
	assert_int_equal(params_rows(&scorer_choice, rows, COUNT(rows)), 0);
}

static void
mistakes(void **state)
{
	(void)state;
	assert_true(params_refused(&scorer_choice, "among=a|| ", "label 2 of 'among' is empty"));
	assert_true(params_refused(&scorer_choice, "among=a|| ", "label 3 of 'among' is empty"));
	assert_true(params_refused(&scorer_choice, "among=a|b|A", "twice"));
	assert_true(params_refused(&scorer_choice, "", "lists no label"));
}

/* A long answer is searched in one go, whatever it repeats. */
static void
large(void **state)
{
	static const char *const fill[] = { "billing ", "billingx", "b", " ", "technica" };
	enum { SIZE = 1 << 20 };
	struct arena a = { 0 };
	struct err err = { 0 };
	const void *params = params_of(&scorer_choice, AB ";take=last", &a, &err);
	double began = tick_now();

	(void)state;
	for (size_t i = 0; i < COUNT(fill); i++) {
		struct arena scratch = { 0 };
		char *p = arena_alloc(&scratch, SIZE + 9);
		struct score s;

		for (size_t j = 0; j < SIZE; j++)
			p[j] = fill[i][j % strlen(fill[i])];
		memcpy(p + SIZE, " billing", 8);
		s = params_score(&scorer_choice, params, "billing", (struct str){ p, SIZE + 8 },
		    &scratch);
		/* The interpreter may find it too costly, the JIT does not; never a miss. */
		assert_true(!s.scored || s.value > 0.5);
		arena_free(&scratch);
	}
	assert_true(tick_now() - began < 10);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contract), cmocka_unit_test(mistakes), cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
