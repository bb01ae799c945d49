/*
 * test_scorers.c -- what holds for every scorer of the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/params.h"

static void
table(void **state)
{
	static const char *const names[] = { "exact", "contains", "starts_with", "regex", "number",
	    "choice", "json", "length", "latency", "cost" };
	const struct scorer *const *all = scorer_all();

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct scorer *s = scorer_find(names[i]);

		assert_non_null(s);
		assert_ptr_equal(s, all[i]);
		assert_string_equal(s->name, names[i]);
		assert_true(s->version >= 1 && s->help != NULL);
		assert_true(s->unit != NULL && s->score != NULL);
		assert_int_equal(s->scale == SCALE_BINARY, strcmp(s->unit, "%") == 0);
		assert_int_equal(s->needs_text,
		    strcmp(names[i], "latency") != 0 && strcmp(names[i], "cost") != 0);
	}
	assert_null(all[COUNT(names)]);
	assert_null(scorer_find(""));
	assert_null(scorer_find("Exact"));
	assert_null(scorer_find("exac"));
}

static void
params(void **state)
{
	(void)state;
	for (const struct scorer *const *s = scorer_all(); *s != NULL; s++) {
		struct arena a = { 0 };
		struct err err = { 0 };

		assert_int_equal((*s)->params == NULL, (*s)->size == 0);
		for (const struct conf_key *k = (*s)->params; k != NULL && k->name != NULL; k++) {
			assert_true(k->offset < (*s)->size);
			assert_true(k->help != NULL && k->help[0] != '\0');
			if (k->kind == CONF_ENUM)
				assert_true(params_index(k->range, k->dflt) >= 0);
		}
		assert_non_null(params_of(*s, params_usual(*s), &a, &err));
		arena_free(&a);
	}
}

/* Scorers that judge by the case's expect say so when there is none, and never pass. */
static void
expects_nothing(void **state)
{
	static const char *const names[] = { "exact", "contains", "starts_with", "number",
	    "choice" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct scorer *s = scorer_find(names[i]);
		struct arena a = { 0 };
		struct err err = { 0 };
		struct score got = params_score(s, params_of(s, params_usual(s), &a, &err), NULL,
		    STR("a"), &a);

		assert_false(got.scored);
		assert_true(str_is(got.why, "the case expects nothing"));
		arena_free(&a);
	}
}

/* Twice the same input gives the same score for the same reason. */
static void
try(const struct scorer *s, const void *p, const char *expect, struct str answer)
{
	struct arena one = { 0 }, two = { 0 };
	struct score a = params_score(s, p, expect, answer, &one);
	struct score b = params_score(s, p, expect, answer, &two);

	assert_true(params_sound(s, a));
	assert_int_equal(a.scored, b.scored);
	assert_memory_equal(&a.value, &b.value, sizeof a.value);
	assert_true(str_eq(a.why, b.why));
	arena_free(&one);
	arena_free(&two);
}

static void
degenerate(void **state)
{
	const struct str answers[] = {
		{ NULL, 0 }, STR(""), STR(" "), STR("\0"), STR("\0\0a\0"), STR("\xff"), STR("\xc3"),
		STR("\xe2\x88"), STR("\xed\xa0\x80"), STR("\xef\xbb\xbf{}"), STR("-"), STR("."),
		STR("```"), STR("{"), STR("\"\\"), STR("\xe2\x80\xae" "a"), STR("a\r\nb"),
		STR("1e"),
	};
	static const char *const expects[] = { NULL, "", " ", "a", "1", "{}", "\xff", "a||b", "-" };

	(void)state;
	for (const struct scorer *const *s = scorer_all(); *s != NULL; s++) {
		struct arena a = { 0 };
		struct err err = { 0 };
		const void *p = params_of(*s, params_usual(*s), &a, &err);

		for (size_t i = 0; i < COUNT(answers); i++) {
			for (size_t j = 0; j < COUNT(expects); j++)
				try(*s, p, expects[j], answers[i]);
		}
		arena_free(&a);
	}
}

/* A megabyte of this and that, within the time a run of ten thousand answers can bear. */
static void
large(void **state)
{
	static const char *const fill[] = { "a", "a b ", "\xff", "\xc3\xa9", "{", "[1,", "\n",
	    "```\n", "\xe2\x80\xae", "a, a" };
	enum { SIZE = 1 << 20 };
	char *p = mem_alloc(SIZE, 1);

	(void)state;
	for (size_t i = 0; i < COUNT(fill); i++) {
		for (size_t j = 0; j < SIZE; j++)
			p[j] = fill[i][j % strlen(fill[i])];
		for (const struct scorer *const *s = scorer_all(); *s != NULL; s++) {
			struct arena a = { 0 };
			struct err err = { 0 };
			const void *given = params_of(*s, params_usual(*s), &a, &err);
			double began = tick_now();

			try(*s, given, "a", (struct str){ p, SIZE });
			assert_true(tick_now() - began < 5);
			arena_free(&a);
		}
	}
	mem_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table), cmocka_unit_test(params),
		cmocka_unit_test(expects_nothing),
		cmocka_unit_test(degenerate), cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
