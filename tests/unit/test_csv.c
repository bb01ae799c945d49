/*
 * test_csv.c -- fields come back as they were, and run nothing.
 */
#include "harness/base/base.h"

#include <setjmp.h>

#include <cmocka.h>

static void
field_is(struct str s, bool raw, const char *want)
{
	struct buf b = { 0 };
	struct arena a = { 0 };

	buf_csv(&b, s, raw, &a);
	assert_string_equal(b.p, want);
	buf_free(&b);
	arena_free(&a);
}

static void
quotes(void **state)
{
	(void)state;
	field_is(STR(""), false, "\"\"");
	field_is(STR("a, \"b\"\nc"), false, "\"a, \"\"b\"\"\nc\"");
	field_is(STR("\""), true, "\"\"\"\"");
	field_is(STR("caf\xc3\xa9"), false, "\"caf\xc3\xa9\"");
}

static void
runs_no_formula(void **state)
{
	(void)state;
	field_is(STR("=1+1"), false, "\"'=1+1\"");
	field_is(STR("+1"), false, "\"'+1\"");
	field_is(STR("-1"), false, "\"'-1\"");
	field_is(STR("@x"), false, "\"'@x\"");
	field_is(STR("\t=1"), false, "\"'\t=1\"");
	field_is(STR("\r=1"), false, "\"'\\r=1\"");
	field_is(STR("a=1"), false, "\"a=1\"");
	field_is(STR("\0=1"), false, "\"\\x00=1\"");
	field_is(STR("=1+1"), true, "\"=1+1\"");
}

static void
shows_controls(void **state)
{
	(void)state;
	field_is(STR("\x1b[2J\xff"), false, "\"\\x1b[2J\\xff\"");
	field_is(STR("a\xe2\x80\xae"), false, "\"a<U+202E>\"");
	field_is(STR("\x1b\xff"), true, "\"\x1b\xff\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes), cmocka_unit_test(runs_no_formula),
		cmocka_unit_test(shows_controls),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
