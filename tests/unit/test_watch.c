/*
 * test_watch.c -- features are bound from YAML, again from what a profile keeps, and inferred.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drift/profile.h"

/* What a feature cannot do without; NULL: a file. */
static const char *
required(const struct feature *f)
{
	const char *s = "";

	for (const struct conf_key *k = f->params; k != NULL && k->name != NULL; k++)
		if (k->dflt != NULL && strcmp(k->dflt, CONF_REQUIRED) == 0)
			s = strcmp(k->name, "of") == 0 ? ", of: field" :
			    strcmp(k->name, "pattern") == 0 ? ", pattern: 'a+ \"b\"'" : NULL;
	return s;
}

static struct str
yaml_of_all(struct arena *a, size_t *n)
{
	struct buf b = { 0 };
	struct str s;

	*n = 0;
	buf_puts(&b, "features:\n");
	for (const struct feature *const *f = feature_all(); *f != NULL; f++)
		if (required(*f) != NULL) {
			buf_fmt(&b, "- { name: my %s, get: %s%s }\n", (*f)->name, (*f)->name, required(*f));
			++*n;
		}
	s = str_dup(buf_as_str(&b), a);
	buf_free(&b);
	return s;
}

/* All features with their defaults: a profile of them is read, and binds them to the same. */
static void
features_are_bound_again_as_they_were(void **state)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct watched *w, *again;
	struct profile *p, *q;
	struct buf b = { 0 };
	size_t n, want;
	struct str yaml = yaml_of_all(&a, &want);

	(void)state;
	assert_true(want > 20);
	if (watch_yaml("f.yaml", yaml, &w, &n, &a, &e) != 0)
		fail_msg("%s", e.msg);
	assert_int_equal(n, want);
	p = profile_begin(w, n, 10, 0);
	profile_write(&b, p);
	q = profile_read(buf_as_str(&b), "p.profile", &a, &e);
	assert_non_null(q);
	if (watch_again(q, "p.profile", &again, &a, &e) != 0)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < n; i++) {
		struct json root;
		struct json_fault fault;

		assert_ptr_equal(again[i].feature, w[i].feature);
		assert_string_equal(again[i].name, w[i].name);
		assert_string_equal(again[i].params_json, w[i].params_json);
		assert_int_equal(json_parse(str_of(w[i].params_json), &root, &fault), 0);
	}
	profile_free(p);
	profile_free(q);
	buf_free(&b);
	arena_free(&a);
}

static void
params_are_canonical(void **state)
{
	static const char *const same[] = {
		"features: [{ name: x, get: number, of: price, text: yes }]",
		"features: [{ text: true, get: number, of: 'price', name: x }]",
		"features:\n- get: number\n  name: x\n  text: on\n  of: \"pri\\u0063e\"\n" };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct watched *w;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		assert_int_equal(watch_yaml("f.yaml", str_of(same[i]), &w, &n, &a, &e), 0);
		assert_string_equal(w[0].params_json, "{\"of\":\"price\",\"text\":\"yes\"}");
	}
	arena_free(&a);
}

static void
features_that_changed_are_refused(void **state)
{
	struct feature old = { .name = "latency", .version = 99, .shape = SHAPE_NUMBER };
	struct watched w = { .name = "l", .feature = &old, .params_json = "{}" }, *again;
	struct arena a = { 0 };
	struct err e = { 0 };
	struct profile *p = profile_begin(&w, 1, 0, 0);

	(void)state;
	assert_int_equal(watch_again(p, "p.profile", &again, &a, &e), -1);
	assert_non_null(strstr(e.msg, "'latency' of version 99"));
	e = (struct err){ 0 };
	old = *feature_find("number");
	w.params_json = "{\"of\":\"x\",\"text\":\"no\",\"gone\":1}";
	assert_int_equal(watch_again(p, "p.profile", &again, &a, &e), -1);
	assert_int_equal(e.n, 1);
	assert_non_null(strstr(e.msg, "parameters"));
	profile_free(p);
	arena_free(&a);
}

/* ---- inferring ---------------------------------------------------------------------------- */

static const char *
get_of(const struct watched *w, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(w[i].name, name) == 0)
			return w[i].feature->name;
	return "nothing";
}

static void
infer_rows(int rows, struct watched **w, size_t *n, struct arena *a)
{
	struct infer *f = infer_begin(a);
	struct arena scratch = { 0 };

	for (int i = 0; i < rows; i++) {
		struct record r = { .has_text[RECORD_OUTPUT] = true,
			.text[RECORD_OUTPUT] = i % 2 ? STR("yes") : STR("no"),
			.has_number[RECORD_LATENCY] = true, .number[RECORD_LATENCY] = 0.1 * i };
		struct json_fault fault;
		struct buf b = { 0 };

		buf_fmt(&b, "{\"ms\":%d,\"answer\":\"%s\",\"team\":\"t%d\",\"n\":%d,\"session_id\":%d,"
		    "\"free\":\"f%d\",\"deep\":{\"x\":%d}}", i * 100, i % 2 ? "yes" : "no", i % 3, i * i,
		    i, i, i);
		assert_int_equal(json_parse(buf_as_str(&b), &r.object, &fault), 0);
		infer_add(f, &r, &scratch);
		buf_free(&b);
		arena_reset(&scratch);
	}
	infer_end(f, w, n, a);
	arena_free(&scratch);
}

static void
what_a_log_offers_is_inferred(void **state)
{
	struct arena a = { 0 };
	struct watched *w;
	size_t n;

	(void)state;
	infer_rows(200, &w, &n, &a);
	assert_string_equal(get_of(w, n, "latency"), "latency");
	assert_string_equal(get_of(w, n, "output length"), "length");
	assert_string_equal(get_of(w, n, "output text"), "text");
	assert_string_equal(get_of(w, n, "team"), "category");
	assert_string_equal(get_of(w, n, "n"), "number");
	/* Latency in ms, the output by another name, an identifier, too many texts, an object. */
	assert_string_equal(get_of(w, n, "ms"), "nothing");
	assert_string_equal(get_of(w, n, "answer"), "nothing");
	assert_string_equal(get_of(w, n, "session_id"), "nothing");
	assert_string_equal(get_of(w, n, "free"), "nothing");
	assert_string_equal(get_of(w, n, "deep"), "nothing");
	assert_int_equal(n, 5);
	infer_rows(0, &w, &n, &a);
	assert_int_equal(n, 0);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(features_are_bound_again_as_they_were),
		cmocka_unit_test(params_are_canonical),
		cmocka_unit_test(features_that_changed_are_refused),
		cmocka_unit_test(what_a_log_offers_is_inferred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
