/*
 * test_pattern.c -- patterns come back: with slices, with a sentence, or as too costly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "metrics/metrics.h"

static enum pattern_result
match(const char *pattern, bool fold, struct str text, size_t from, struct str *whole,
    struct str *group)
{
	struct arena a = { 0 };
	struct err err = { 0 };
	struct pattern *p = pattern_compile(str_of(pattern), fold, &a, &err);
	enum pattern_result r;

	if (p == NULL)
		bug("%s", err.msg);
	r = pattern_match(p, text, from, whole, group);
	arena_free(&a);
	return r;
}

static void
slices(void **state)
{
	struct str whole, group, text = STR("a=1 \xc3\xa9=22 c=");

	(void)state;
	assert_int_equal(match("(\\w)=(\\d+)", false, text, 0, &whole, &group), PATTERN_YES);
	assert_true(str_is(whole, "a=1") && whole.p == text.p);
	assert_true(str_is(group, "a"));
	assert_int_equal(match("\\w=(\\d+)", false, text, 3, &whole, &group), PATTERN_YES);
	assert_true(str_is(whole, "\xc3\xa9=22") && str_is(group, "22"));
	assert_int_equal(match("\\d\\d", false, text, 0, &whole, &group), PATTERN_YES);
	assert_true(str_is(group, "22") && group.p == whole.p);
	/* A group that took no part is empty, not wild. */
	assert_int_equal(match("(x)?a", false, text, 0, &whole, &group), PATTERN_YES);
	assert_true(str_is(whole, "a") && group.n == 0);
	assert_int_equal(match("^$", false, (struct str){ NULL, 0 }, 0, &whole, NULL), PATTERN_YES);
	assert_int_equal(match("a", false, text, text.n + 1, &whole, &group), PATTERN_NO);
	assert_int_equal(match("$", false, text, text.n, &whole, &group), PATTERN_YES);
	assert_int_equal(match("b\\Kc", false, STR("abc"), 0, &whole, NULL), PATTERN_YES);
	assert_true(str_is(whole, "c"));
	/* A start behind the end, which PCRE2 lets through by way of a called group. */
	assert_int_equal(match("(?(DEFINE)(b\\Kc))a(?=(?1))", false, STR("abc"), 0, &whole, NULL),
	    PATTERN_YES);
	assert_int_equal(whole.n, 0);
	assert_int_equal(match("a.b", false, STR("a\0b"), 0, &whole, NULL), PATTERN_YES);
	assert_int_equal(whole.n, 3);
}

static void
folding(void **state)
{
	(void)state;
	assert_int_equal(match("\xc3\x89T\xc3\x89", true, STR("\xc3\xa9t\xc3\xa9"), 0, NULL, NULL),
	    PATTERN_YES);
	assert_int_equal(match("\xc3\x89T\xc3\x89", false, STR("\xc3\xa9t\xc3\xa9"), 0, NULL, NULL),
	    PATTERN_NO);
}

static void
bad_text(void **state)
{
	(void)state;
	assert_int_equal(match("a", false, STR("a\xff"), 0, NULL, NULL), PATTERN_BAD_TEXT);
	assert_int_equal(match("a", false, STR("\xed\xa0\x80"), 0, NULL, NULL), PATTERN_BAD_TEXT);
	/* Going on in the middle of a character. */
	assert_int_equal(match("a", false, STR("\xc3\xa9""a"), 1, NULL, NULL), PATTERN_BAD_TEXT);
}

/* The known ways to make a backtracking matcher never end. */
static void
costly(void **state)
{
	static const char *const patterns[] = {
		"^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(a*)*b$", "^(.*a){20}$", "(?:a?){30}a{30}b",
	};
	struct str text = STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");

	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++) {
		double began = tick_now();
		enum pattern_result r = match(patterns[i], false, text, 0, NULL, NULL);

		/* 20 ms is the aim; the rest is for sanitizers, valgrind and a busy machine. */
		assert_true(tick_now() - began < 2);
		if (i < 3)
			assert_int_equal(r, PATTERN_COSTLY);
		assert_int_not_equal(r, PATTERN_YES);
	}
	/* Recursion without end. */
	assert_int_equal(match("^(a(?1)|b)*(?R)?c", false, text, 0, NULL, NULL), PATTERN_NO);
}

/* Past the JIT's stack the interpreter goes on. */
static void
deep(void **state)
{
	enum { SIZE = 1 << 18 };
	struct arena a = { 0 };
	char *p = arena_alloc(&a, SIZE);
	struct str whole;

	(void)state;
	memset(p, 'a', SIZE);
	assert_int_equal(match("^(?:a|b)+", false, (struct str){ p, 20000 }, 0, &whole, NULL),
	    PATTERN_YES);
	assert_int_equal(whole.n, 20000);
	assert_int_equal(match("(?:(a)|b)*[cd]", false, (struct str){ p, SIZE }, 0, &whole, NULL),
	    PATTERN_COSTLY);
	arena_free(&a);
}

static void
mistakes(void **state)
{
	static const struct { const char *pattern, *want; } rows[] = {
		{ "a(b", "bad pattern 'a(b' at byte 3: missing closing parenthesis" },
		{ "\\C", "at byte 2" },
		{ "[z-a]", "at byte 3" },
		{ "\xff", "UTF-8 error" },
		{ "a\x1b[31m(", "'a\\x1b[31m('" },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = { 0 };

		assert_null(pattern_compile(str_of(rows[i].pattern), false, &a, &err));
		assert_non_null(strstr(err.msg, rows[i].want));
	}
	arena_free(&a);
}

/* One compiled pattern, many threads. */
static struct pattern *shared;
static bool hit[64];

static void
one(size_t i, struct arena *scratch, void *ctx)
{
	struct str text = str_of(arena_fmt(scratch, "item %zu of %s", i, (const char *)ctx));

	hit[i] = pattern_match(shared, text, 0, NULL, NULL) == PATTERN_YES;
}

static void
threads(void **state)
{
	struct arena a = { 0 };
	struct err err = { 0 };
	char name[] = "64";

	(void)state;
	shared = pattern_compile(STR("item \\d*[02468] of 64"), false, &a, &err);
	assert_non_null(shared);
	par_for(COUNT(hit), one, name);
	for (size_t i = 0; i < COUNT(hit); i++)
		assert_int_equal(hit[i], i % 2 == 0);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices), cmocka_unit_test(folding), cmocka_unit_test(bad_text),
		cmocka_unit_test(costly), cmocka_unit_test(deep), cmocka_unit_test(mistakes),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
