/*
 * test_features.c -- what holds for every feature, and the contracts of those that read fields.
 */
#include "tests/unit/feature_kit.h"

/* ---- all of them ------------------------------------------------------------------------- */

static void
table(void **state)
{
	const struct feature *const *all = feature_all();
	size_t n = 0;

	(void)state;
	for (; all[n] != NULL; n++) {
		const struct feature *f = all[n];
		struct arena a = { 0 };
		struct err err = { 0 };

		assert_ptr_equal(feature_find(f->name), f);
		assert_true(f->version >= 1 && f->help != NULL && f->get != NULL);
		assert_true(f->shape <= SHAPE_VECTOR);
		assert_int_equal(f->params == NULL, f->size == 0);
		for (const struct conf_key *k = f->params; k != NULL && k->name != NULL; k++)
			assert_true(k->offset < f->size && k->help != NULL);
		if (bound(f, usual(f), &a, &err) == NULL)
			fail_msg("%s: %s", f->name, err.msg);
		arena_free(&a);
	}
	assert_int_equal(n, 30);
	assert_null(feature_find(""));
	assert_null(feature_find("Length"));
	refused("length", "off: input", "off");
	refused("number", "", "of");
}

/* A value is of the feature's shape, and what is kept as a category is short and UTF-8. */
static void
sound(const struct feature *f, struct value v)
{
	if (v.kind < VALUE_NUMBER)
		return;
	assert_int_equal(v.kind == VALUE_NUMBER, f->shape == SHAPE_NUMBER);
	if (v.kind == VALUE_NUMBER)
		assert_true(v.number >= 0 && v.number <= 1e12);
	else if (f->shape == SHAPE_VECTOR)
		assert_true(v.kind == VALUE_VECTOR && vector_sound(v.text));
	else
		assert_true(v.text.n > 0 && str_bad_utf8(v.text) < 0);
	if (f->shape == SHAPE_CATEGORY)
		assert_true(v.text.n <= 240);
}

/* Twice the same, in an arena of its own each time. */
static void
try(const struct feature *f, const void *params, const struct record *r)
{
	struct arena a = { 0 }, b = { 0 };
	struct value one = f->get(params, r, &a), two = f->get(params, r, &b);

	sound(f, one);
	assert_int_equal(one.kind, two.kind);
	assert_memory_equal(&one.number, &two.number, sizeof one.number);
	if (one.kind == VALUE_TEXT || one.kind == VALUE_VECTOR)
		assert_true(str_eq(one.text, two.text));
	arena_free(&a);
	arena_free(&b);
}

static void
hostile(void **state)
{
	const struct str texts[] = {
		{ NULL, 0 }, STR(""), STR(" "), STR("\0"), STR("\0\0a\0"), STR("\xff"), STR("\xc3"),
		STR("\xe2\x88"), STR("\xed\xa0\x80"), STR("\xef\xbb\xbf{}"), STR("-"), STR("```"),
		STR("```\n"), STR("```\n```"), STR("~~~\n{"), STR("{"), STR("["), STR("[]"), STR("[ "),
		STR("\"\\"), STR("\xe2\x80\xae" "a"), STR("a\r\nb"), STR("\n"), STR("\r"), STR("1e999"),
		STR("\x80\x80\x80\x80\x80\x80"), STR("\xf4\x8f\xbf\xbf"), STR("a\xff b\xff a\xff"),
		STR("\xe2\x80\x99"), STR("...!?"), STR("\xe3\x80\x80"),
	};

	(void)state;
	for (const struct feature *const *f = feature_all(); *f != NULL; f++) {
		struct arena a = { 0 };
		struct err err = { 0 };
		const void *params = bound(*f, usual(*f), &a, &err);
		struct record none = { .object = { JT_OBJECT, STR("{}") } }, cell = { 0 };

		try(*f, params, &none);
		try(*f, params, &cell);
		for (size_t i = 0; i < COUNT(texts); i++) {
			struct record r = answered(texts[i]);

			for (size_t j = 0; j < RECORD_TEXTS; j++) {
				r.has_text[j] = true;
				r.text[j] = texts[i];
			}
			try(*f, params, &r);
		}
		arena_free(&a);
	}
}

/* What text features say of a field that is not there, null, blank and of another type. */
static void
kinds(void **state)
{
	static const struct { const char *json, *want; } none[] = {
		{ "{}", "missing" }, { "{\"x\": null}", "missing" }, { "{\"x\": \"\"}", "empty" },
		{ "{\"x\": \" \\n\\u3000\"}", "empty" }, { "{\"x\": 5}", "other" },
		{ "{\"x\": true}", "other" }, { "{\"x\": [\"a\"]}", "other" },
		{ "{\"x\": {\"a\": \"b\"}}", "other" }, { "{\"x\": []}", "empty" },
	};
	static const char *const names[] = { "length", "words", "lines", "digits", "script",
	    "non_latin", "language", "refusal", "json", "code", "compression", "repeats", "text",
	    "oov", "regex" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct feature *f = feature_find(names[i]);

		for (size_t j = 0; j < COUNT(none); j++) {
			struct arena a = { 0 };
			const char *given = usual(f);
			struct tried row = { arena_fmt(&a, "of: x%s%s", *given ? ", " : "", given),
			    none[j].json, none[j].want };

			assert_int_equal(rows(names[i], &row, 1), 0);
			arena_free(&a);
		}
	}
}

/* Eight megabytes of this and that: time that grows faster than the text would show. */
static void
large(void **state)
{
	static const char *const fill[] = { "a", "a b ", "\xff", "\xc3\xa9", "{", "[[\"", "\n",
	    "```\n", "\xe2\x80\x99", "i can't ", " ", "\xe2\x80\xa8", "the 1;\n" };
	enum { SIZE = 8 << 20 };
	char *p = mem_alloc(SIZE, 1);

	(void)state;
	for (size_t i = 0; i < COUNT(fill); i++) {
		for (size_t j = 0, n = strlen(fill[i]); j < SIZE; j++)
			p[j] = fill[i][j % n];
		for (const struct feature *const *f = feature_all(); *f != NULL; f++) {
			struct record r = answered((struct str){ p, SIZE });
			struct arena a = { 0 };
			struct err err = { 0 };
			const void *params = bound(*f, usual(*f), &a, &err);
			double began = tick_now(), took;

			sound(*f, (*f)->get(params, &r, &a));
			took = tick_now() - began;
			if (getenv("DRIFTLEAD_TIMES") != NULL && took > 0.1)
				fprintf(stderr, "%s of '%.4s': %.2f s\n", (*f)->name, fill[i], took);
			assert_true(took < 10);
			arena_free(&a);
		}
	}
	mem_free(p);
}

/* ---- fields ---------------------------------------------------------------------------- */

static void
fields(void **state)
{
	(void)state;
	ROWS("number",
	    { "of: x", "{\"x\": 0.5}", "0.5" }, { "of: x", "{\"x\": -0}", "-0" },
	    { "of: x", "{\"x\": \"5\"}", "other" }, { "of: x, text: yes", "{\"x\": \" 5 \"}", "5" },
	    { "of: x, text: yes", "{\"x\": \"5 EUR\"}", "other" },
	    { "of: x, text: yes", "{\"x\": \" \"}", "empty" }, { "of: x", "{\"x\": \"\"}", "empty" },
	    { "of: x", "{}", "missing" }, { "of: x", "{\"x\": null}", "missing" },
	    { "of: x", "{\"x\": true}", "other" }, { "of: x", "{\"x\": [5]}", "other" },
	    { "of: /a/0/b", "{\"a\": [{\"b\": 7}]}", "7" },
	    { "of: latency", "{\"latency\": 1.5}", "1.5" });
	ROWS("category",
	    { "of: x", "{\"x\": \" Yes \"}", "'Yes'" }, { "of: x", "{\"x\": 5}", "'5'" },
	    { "of: x", "{\"x\": 5.0}", "'5'" }, { "of: x", "{\"x\": 0.1}", "'0.1'" },
	    { "of: x", "{\"x\": true}", "'true'" }, { "of: x", "{\"x\": \"\"}", "empty" },
	    { "of: x", "{\"x\": \" \"}", "empty" }, { "of: x", "{\"x\": [1]}", "other" },
	    { "of: x", "{\"x\": {\"a\": 1}}", "other" }, { "of: x", "{\"x\": null}", "missing" },
	    { "of: x, fold: yes", "{\"x\": \"Two  \\u00c4\"}", "'two \xc3\xa4'" });
	ROWS("boolean",
	    { "of: x", "{\"x\": true}", "'yes'" }, { "of: x", "{\"x\": false}", "'no'" },
	    { "of: x", "{\"x\": \"true\"}", "other" },
	    { "of: x, text: yes", "{\"x\": \"True\"}", "'yes'" },
	    { "of: x, text: yes", "{\"x\": \"off\"}", "'no'" },
	    { "of: x, text: yes", "{\"x\": \"maybe\"}", "other" },
	    { "of: x", "{\"x\": 1}", "other" }, { "of: x", "{\"x\": \" \"}", "empty" },
	    { "of: x", "{}", "missing" }, { "of: x", "{\"x\": [true]}", "other" });
	ROWS("exact",
	    { "", "{\"output\": \"Neutral.\"}", "'Neutral.'" },
	    { "", "{\"output\": \"Neutral\"}", "'Neutral'" },
	    { "", "{\"output\": \" Neutral\\n\"}", "' Neutral\n'" },
	    { "", "{\"output\": \" \"}", "' '" }, { "", "{\"output\": \"\"}", "empty" },
	    { "", "{}", "missing" }, { "of: x", "{\"x\": 1}", "other" },
	    { "of: x", "{\"x\": true}", "other" });
	same("exact", STR("a\xff"), "'a\xef\xbf\xbd'");
	ROWS("embedding",
	    { "of: x, dimensions: 3", "{\"x\": [1, -2.5, 3e2]}", "1 -2.5 300" },
	    { "of: x, dimensions: 3", "{\"x\": [0.1, -0, 1e-60]}", "0.1 0 0" },
	    { "of: x, dimensions: 2", "{\"x\": \" [1, 2]\"}", "1 2" },
	    { "of: /d/0/e, dimensions: 2", "{\"d\": [{\"e\": [4, 5]}]}", "4 5" },
	    { "of: x, dimensions: 3", "{\"x\": [1, 2]}", "other" },
	    { "of: x, dimensions: 2", "{\"x\": [1, 2, 3]}", "other" },
	    { "of: x, dimensions: 2", "{\"x\": [1, \"2\"]}", "other" },
	    { "of: x, dimensions: 2", "{\"x\": [1, null]}", "other" },
	    { "of: x, dimensions: 2", "{\"x\": [1, 1e39]}", "other" },
	    { "of: x, dimensions: 2", "{\"x\": {\"a\": 1}}", "other" },
	    { "of: x, dimensions: 2", "{\"x\": 5}", "other" },
	    { "of: x, dimensions: 2", "{\"x\": []}", "empty" },
	    { "of: x, dimensions: 2", "{\"x\": \"[ ]\"}", "empty" },
	    { "of: x, dimensions: 2", "{\"x\": \" \"}", "empty" },
	    { "of: x, dimensions: 2", "{\"x\": null}", "missing" },
	    { "of: x, dimensions: 2", "{}", "missing" });
	refused("embedding", "of: x", "dimensions");
	refused("embedding", "of: x, dimensions: 4097", "4096");
}

/* What is too long to keep differs wherever the texts do. */
static void
long_categories(void **state)
{
	char one[1000], two[1000];
	struct arena a = { 0 };
	const char *first, *second;

	(void)state;
	memset(one, 'a', sizeof one);
	memset(two, 'a', sizeof two);
	two[999] = 'b';
	first = of_answer("exact", "", (struct str){ one, 1000 }, &a);
	second = of_answer("exact", "", (struct str){ two, 1000 }, &a);
	assert_string_not_equal(first, second);
	assert_memory_equal(first, second, 200);
	assert_true(strlen(first) <= 242);
	memset(one, '\xff', sizeof one);
	assert_true(strlen(of_answer("exact", "", (struct str){ one, 1000 }, &a)) <= 242);
	assert_true(strlen(of_answer("exact", "", (struct str){ one, 200 }, &a)) <= 242);
	arena_free(&a);
}

/* Columns have no types. */
static void
columns(void **state)
{
	static const char csv[] = "n,s,b,output,v\n5,x,true,42,1.10\nx,,maybe,,\n";
	static const struct { const char *feature, *given, *want[2]; } of[] = {
		{ "number", "of: n", { "5", "other" } }, { "category", "of: s", { "'x'", "empty" } },
		{ "category", "of: v", { "'1.10'", "empty" } },
		{ "boolean", "of: b", { "'yes'", "other" } },
		{ "length", "of: v", { "4", "empty" } }, { "exact", "of: v", { "'1.10'", "empty" } },
		{ "length", "of: none", { "missing", "missing" } },
	};
	char path[] = "columns-XXXXXX";
	int fd = mkstemp(path);
	struct err err = { 0 };
	struct rows *in;
	struct row row;

	(void)state;
	assert_int_equal(write(fd, csv, sizeof csv - 1), sizeof csv - 1);
	lseek(fd, 0, SEEK_SET);
	unlink(path);
	in = rows_open(fd, "log.csv", ROWS_CSV, &err);
	for (size_t n = 0; n < 2; n++) {
		struct record r = { .rows = in, .row = &row };

		assert_int_equal(rows_next(in, &row, &err), 1);
		for (size_t i = 0; i < COUNT(of); i++) {
			const struct feature *f = feature_find(of[i].feature);
			struct arena a = { 0 };

			assert_string_equal(shown(f->get(bound(f, of[i].given, &a, &err), &r, &a), &a),
			    of[i].want[n]);
			arena_free(&a);
		}
	}
	rows_close(in);
}

static void
times(void **state)
{
	(void)state;
	/* 2026-11-24T01:15:05Z was a Tuesday. */
	ROWS("hour",
	    { "", "{\"time\": 1795482905000}", "'01'" },
	    { "utc_offset: -2", "{\"time\": 1795482905000}", "'23'" },
	    { "utc_offset: 5.75", "{\"time\": 1795482905000}", "'07'" },
	    { "", "{\"time\": -1}", "'23'" }, { "", "{\"time\": 0}", "'00'" },
	    { "", "{}", "missing" }, { "", "{\"time\": 1e300}", "other" });
	ROWS("weekday",
	    { "", "{\"time\": 1795482905000}", "'Tue'" },
	    { "utc_offset: -2", "{\"time\": 1795482905000}", "'Mon'" },
	    { "", "{\"time\": 0}", "'Thu'" }, { "", "{\"time\": -1}", "'Wed'" },
	    { "", "{}", "missing" }, { "", "{\"time\": -1e300}", "other" });
	refused("hour", "utc_offset: 15", "utc_offset");
}

static void
server(void **state)
{
	(void)state;
	ROWS("latency", { "", "{\"latency\": 0.25}", "0.25" }, { "", "{\"latency\": -1}", "other" },
	    { "", "{}", "missing" });
	ROWS("first_token", { "", "{\"first_token\": 0.1}", "0.1" }, { "", "{}", "missing" });
	ROWS("tokens_in", { "", "{\"tokens_in\": 12}", "12" }, { "", "{}", "missing" });
	ROWS("tokens_out", { "", "{\"tokens_out\": 0}", "0" }, { "", "{\"tokens_out\": -5}", "other" });
	ROWS("tokens_per_second",
	    { "", "{\"tokens_out\": 30, \"latency\": 2}", "15" },
	    { "", "{\"tokens_out\": 30}", "missing" }, { "", "{\"latency\": 2}", "missing" },
	    { "", "{\"tokens_out\": 30, \"latency\": 0}", "other" });
	ROWS("model", { "", "{\"model\": \"m-1 \", \"asked\": \"m\"}", "'m-1'" },
	    { "", "{\"model\": \"\"}", "empty" }, { "", "{}", "missing" });
	ROWS("finish", { "", "{\"finish\": \"stop\"}", "'stop'" }, { "", "{}", "missing" });
	ROWS("error",
	    { "", "{}", "'none'" }, { "", "{\"error\": \"\"}", "'none'" },
	    { "", "{\"error\": \"HTTP 429 for request 12345678\"}", "'HTTP 429 for request 0'" },
	    { "", "{\"error\": \"503\"}", "'503'" },
	    { "", "{\"error\": \"id a1234b99\"}", "'id a0b99'" });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table), cmocka_unit_test(hostile), cmocka_unit_test(kinds),
		cmocka_unit_test(large), cmocka_unit_test(fields), cmocka_unit_test(long_categories),
		cmocka_unit_test(columns), cmocka_unit_test(times), cmocka_unit_test(server),
	};

	return cmocka_run_group_tests(tests, make_vocabulary, drop_vocabulary);
}
