/*
 * test_json_scorer.c -- the json scorer against its contract.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/params.h"

extern const struct scorer scorer_json;

static void
document(void **state)
{
	const struct params_row rows[] = {
		/* (1) */
		{ "", NULL, STR(" {\"a\": [1, null]}\n"), '1', "" },
		{ "", NULL, STR("3"), '1', "" },
		{ "", NULL, STR("Sure: {}"), '0', NULL },
		{ "", NULL, STR("{} {}"), '0', NULL },
		{ "", NULL, STR("{\"a\":1,\"a\":2}"), '0', NULL },
		{ "", NULL, STR("{\"a\":1,\"\\u0061\":2}"), '0', NULL },
		{ "", NULL, STR("[NaN]"), '0', NULL },
		{ "", NULL, STR("[1,]"), '0', NULL },
		{ "", NULL, STR("{'a':1}"), '0', NULL },
		{ "", NULL, STR("\"\xff\""), '0', NULL },
		{ "", NULL, STR("[1]\0"), '0', NULL },
		{ "", NULL, STR("\"\\ud800\""), '0', NULL },
		{ "", NULL, STR(""), '0', NULL },
		/* (2) */
		{ "", NULL, STR("```json\n{}\n```"), '0', NULL },
		{ "fence=yes", NULL, STR("```json\n{}\n```"), '1', "" },
		{ "fence=yes", NULL, STR("Here:\r\n```\r\n[1,\n2]\r\n```\r\nDone."), '1', "" },
		{ "fence=yes", NULL, STR("{}"), '1', "" },
		{ "fence=yes", NULL, STR("```\n{}\n```\n```\n{}\n```"), '0',
		  "there are several fenced blocks" },
		{ "fence=yes", NULL, STR("```\n{}"), '0', "a fenced block is not closed" },
		{ "fence=yes", NULL, STR("```\n```"), '0', NULL },
		/* (3) */
		{ "required=a|b", NULL, STR("{\"b\":null,\"a\":1}"), '1', "" },
		{ "required=a|b", NULL, STR("{\"a\":1}"), '0', "the key 'b' is missing" },
		{ "required=a", NULL, STR("[\"a\"]"), '0', "not a JSON object" },
	};

	(void)state;
	assert_int_equal(params_rows(&scorer_json, rows, COUNT(rows)), 0);
}

static void
expected(void **state)
{
	const struct params_row rows[] = {
		/* (4) */
		{ "", "{\"a\":1}", STR("{\"a\":1}"), '1', "" },
		{ "", "{\"a\":1}", STR("{\"a\":2}"), '0', "other fields or values than expected" },
		{ "", "{\"a\":1}|{\"a\":2}", STR("{\"a\":2}"), '1', "" },
		{ "", "a is 1", STR("{\"a\":1}"), 'u', NULL },
		{ "", "{\"a\":1}|oops", STR("{\"a\":1}"), 'u', NULL },
		{ "", "oops", STR("no json"), 'u', NULL },
		{ "", "[1]", STR("[1]"), '1', "" },
		/* (5) */
		{ "", "{\"a\":1,\"b\":[true,null]}", STR("{\"b\":[true,null],\"a\":1}"), '1', "" },
		{ "", "[1,2]", STR("[2,1]"), '0', NULL },
		{ "", "[1,2]", STR("[1,2,3]"), '0', NULL },
		{ "", "[1,2]", STR("[1]"), '0', NULL },
		{ "", "{\"a\":1}", STR("{\"a\":1.0}"), '1', "" },
		{ "", "{\"a\":1}", STR("{\"a\":10e-1}"), '1', "" },
		{ "", "{\"a\":-0}", STR("{\"a\":0}"), '1', "" },
		{ "", "9007199254740993", STR("9007199254740992"), '0', NULL },
		{ "", "0.1", STR("0.10000000000000001"), '0', NULL },
		{ "", "{\"a\":1}", STR("{\"a\":\"1\"}"), '0', NULL },
		{ "", "{\"a\":true}", STR("{\"a\":false}"), '0', NULL },
		{ "", "\"\xc3\xa9\"", STR("\"\\u00e9\""), '1', "" },
		{ "", "{\"\\u0061\":1}", STR("{\"a\":1}"), '1', "" },
		{ "", "\"a\\u0000b\"", STR("\"a\\u0000c\""), '0', NULL },
		{ "", "\"\"", STR("\"\""), '1', "" },
		{ "", "{}", STR("[]"), '0', NULL },
		/* (6) */
		{ "", "{\"a\":1}", STR("{\"a\":1,\"b\":2}"), '1', "" },
		{ "extra=refuse", "{\"a\":1}", STR("{\"a\":1,\"b\":2}"), '0', NULL },
		{ "", "{\"a\":1,\"b\":2}", STR("{\"a\":1}"), '0', NULL },
		{ "", "{\"a\":1,\"c\":2}", STR("{\"a\":1,\"b\":2,\"c\":2}"), '1', "" },
		{ "", "{\"z\":1}", STR("{\"a\":1,\"b\":2}"), '0', NULL },
		{ "", "{\"a\":{\"b\":1}}", STR("{\"a\":{\"b\":1,\"c\":2}}"), '0', NULL },
		{ "", "{\"a\":{\"b\":1}}", STR("{\"a\":{\"b\":1},\"c\":2}"), '1', "" },
		{ "", "{}", STR("{\"a\":1}"), '1', "" },
		{ "fence=yes", "{\"a\":1}", STR("```\n{\"a\":1}\n```"), '1', "" },
	};

	(void)state;
	assert_int_equal(params_rows(&scorer_json, rows, COUNT(rows)), 0);
}

/* Many members, in opposite order: the comparison sorts and does not search. */
static void
large(void **state)
{
	enum { MEMBERS = 50000 };
	struct arena a = { 0 };
	struct err err = { 0 };
	const void *params = params_of(&scorer_json, "", &a, &err);
	struct buf up = { 0 }, down = { 0 };
	double began = tick_now();
	struct score s;

	(void)state;
	for (int i = 0; i < MEMBERS; i++) {
		buf_fmt(&up, "%c\"k%d\":%d", i == 0 ? '{' : ',', i, i);
		buf_fmt(&down, "%c\"k%d\":%d", i == 0 ? '{' : ',', MEMBERS - 1 - i,
		    MEMBERS - 1 - i);
	}
	buf_char(&up, '}');
	buf_char(&down, '}');
	s = params_score(&scorer_json, params, up.p, buf_as_str(&down), &a);
	assert_true(s.scored && s.value > 0.5);
	assert_true(tick_now() - began < 5);
	buf_free(&up);
	buf_free(&down);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(document), cmocka_unit_test(expected), cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
