/*
 * test_features.c -- the contracts of features, sentence by sentence, and what holds for all.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "drift/drift.h"

/* ---- records and parameters in one line ------------------------------------------------------ */

/* Parameters as a user writes them: the inside of a YAML mapping in braces.  NULL: refused. */
static void *
bound(const struct feature *f, const char *given, struct arena *a, struct err *err)
{
	const struct conf_key *tables[] = { f->params, NULL };
	void *params = arena_alloc(a, f->size + 1);
	struct node *map;

	if (f->params == NULL)
		return params;
	map = conf_load("given", str_of(arena_fmt(a, "{%s}", given)), a, err);
	if (map == NULL || conf_bind(map, f->name, f->params, params, a, err) < 0 ||
	    conf_done(map, f->name, tables, err) < 0)
		return NULL;
	return f->check != NULL && f->check(params, a, err) < 0 ? NULL : params;
}

/* A record of a JSON log whose members are the record's own where they bear such a name. */
static struct record
logged(const char *json, struct arena *a)
{
	struct record r = { .path = "log", .line = 1 };
	struct json_fault fault;

	if (json_parse(str_of(json), &r.object, &fault) < 0)
		bug("'%s' is no JSON: %s", json, fault.why);
	for (size_t i = 0; i < RECORD_TEXTS; i++) {
		struct json v = json_get(r.object, record_text_name[i]);

		r.has_text[i] = v.type == JT_STRING;
		r.text[i] = v.type == JT_STRING ? json_text(v, a) : STR("");
	}
	for (size_t i = 0; i < RECORD_NUMBERS; i++) {
		struct json v = json_get(r.object, record_number_name[i]);

		r.has_number[i] = v.type == JT_NUMBER;
		r.number[i] = json_to_real(v, 0);
	}
	return r;
}

static struct record
answered(struct str output)
{
	struct record r = { .path = "log", .line = 1, .object = { JT_OBJECT, STR("{}") } };

	r.has_text[RECORD_OUTPUT] = true;
	r.text[RECORD_OUTPUT] = output;
	return r;
}

/* A value as a test writes it: missing, empty, other, a number, 'text'. */
static const char *
shown(struct value v, struct arena *a)
{
	static const char *const word[] = { "missing", "empty", "other" };

	if (v.kind == VALUE_NUMBER)
		return arena_fmt(a, "%.6g", v.number);
	if (v.kind == VALUE_TEXT)
		return arena_fmt(a, "'%s'", str_cstr(v.text, a));
	return word[v.kind];
}

struct tried { const char *given, *json, *want; };

/* Each row as JSON; how many come out otherwise, each printed. */
static int
rows(const char *feature, const struct tried *row, size_t n)
{
	const struct feature *f = feature_find(feature);
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		struct arena a = { 0 };
		struct err err = { 0 };
		const void *params = bound(f, row[i].given, &a, &err);
		struct record r = logged(row[i].json, &a);
		const char *got = params == NULL ? err.msg : shown(f->get(params, &r, &a), &a);

		if (strcmp(got, row[i].want) != 0) {
			fprintf(stderr, "%s {%s} of %s: %s, not %s\n", feature, row[i].given,
			    row[i].json, got, row[i].want);
			bad++;
		}
		arena_free(&a);
	}
	return bad;
}

#define ROWS(feature, ...) do { \
	static const struct tried given_rows[] = { __VA_ARGS__ }; \
	assert_int_equal(rows(feature, given_rows, COUNT(given_rows)), 0); \
} while (0)

/* One answer, with the parameters given. */
static const char *
of_answer(const char *feature, const char *given, struct str output, struct arena *a)
{
	const struct feature *f = feature_find(feature);
	struct err err = { 0 };
	const void *params = bound(f, given, a, &err);
	struct record r = answered(output);

	if (params == NULL)
		return arena_strdup(a, err.msg);
	return shown(f->get(params, &r, a), a);
}

static void
same(const char *feature, struct str output, const char *want)
{
	struct arena a = { 0 };

	assert_string_equal(of_answer(feature, "", output, &a), want);
	arena_free(&a);
}

static void
refused(const char *feature, const char *given, const char *part)
{
	struct arena a = { 0 };
	struct err err = { 0 };

	assert_null(bound(feature_find(feature), given, &a, &err));
	if (strstr(err.msg, part) == NULL)
		fail_msg("'%s' does not hold '%s'", err.msg, part);
	arena_free(&a);
}

/* ---- all of them ------------------------------------------------------------------------------ */

/* A file of words that lives as long as the test. */
static char vocabulary[] = "vocabulary-XXXXXX";

/* Parameters with which any feature can be tried. */
static const char *
usual(const struct feature *f)
{
	static char given[64];

	if (strcmp(f->name, "regex") == 0)
		return "pattern: '(\\w+)\\W*$', capture: yes";
	if (strcmp(f->name, "oov") == 0) {
		snprintf(given, sizeof given, "vocabulary: %s", vocabulary);
		return given;
	}
	if (f->params != NULL && f->params[0].dflt != NULL &&
	    strcmp(f->params[0].dflt, CONF_REQUIRED) == 0)
		return "of: output";
	return "";
}

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
		assert_true(f->shape <= SHAPE_TEXT);
		assert_int_equal(f->params == NULL, f->size == 0);
		for (const struct conf_key *k = f->params; k != NULL && k->name != NULL; k++)
			assert_true(k->offset < f->size && k->help != NULL);
		if (bound(f, usual(f), &a, &err) == NULL)
			fail_msg("%s: %s", f->name, err.msg);
		arena_free(&a);
	}
	assert_int_equal(n, 29);
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
	if (one.kind == VALUE_TEXT)
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

/* ---- fields -------------------------------------------------------------------------------------- */

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
		{ "category", "of: v", { "'1.10'", "empty" } }, { "boolean", "of: b", { "'yes'", "other" } },
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
	    { "", "{\"error\": \"503\"}", "'503'" }, { "", "{\"error\": \"id a1234b99\"}", "'id a0b99'" });
}

/* ---- texts ----------------------------------------------------------------------------------------- */

static void
counts(void **state)
{
	(void)state;
	same("length", STR("h\xc3\xa9llo"), "5");
	same("length", STR("a\xff\xe2\x82"), "4");
	same("length", STR("a\0b"), "3");
	same("words", STR(" one  two\n\xe3\x80\x80three "), "3");
	same("words", STR("\xff \xff"), "2");
	same("lines", STR("a"), "1");
	same("lines", STR("a\n"), "1");
	same("lines", STR("a\n\nb"), "3");
	same("lines", STR("a\r\nb\r\n"), "2");
	same("digits", STR("a 1 2 b"), "0.5");
	same("digits", STR("abc"), "0");
	same("digits", STR("\xd9\xa1\xd9\xa2"), "1");
}

static void
scripts(void **state)
{
	(void)state;
	same("script", STR("Hello, \xd0\xb4\xd0\xb0"), "'Latin'");
	same("script", STR("\xd0\x94\xd0\xb0, ok \xd0\xb4\xd0\xb0"), "'Cyrillic'");
	same("script", STR("\xce\xba\xce\xb1\xce\xb9"), "'Greek'");
	same("script", STR("\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82"), "'Han'");
	same("script", STR("\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xaf"), "'Kana'");
	same("script", STR("\xec\x95\x88\xeb\x85\x95"), "'Hangul'");
	same("script", STR("\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7"), "'Arabic'");
	same("script", STR("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"), "'Hebrew'");
	same("script", STR("\xe0\xa4\xa8\xe0\xa4\xae"), "'Devanagari'");
	same("script", STR("\xe0\xb8\x81\xe0\xb8\x82"), "'other'");
	same("script", STR("12 + 3 = \xf0\x9f\x98\x80 \xff"), "'none'");
	same("script", STR("\xd0\xb4" "a"), "'Latin'");
	same("non_latin", STR("ab\xd0\xb4\xd0\xb0 \xff 99"), "0.5");
	same("non_latin", STR("99"), "0");
	same("non_latin", STR("\xc3\xa9\xc3\x9f"), "0");
}

static void
languages(void **state)
{
	(void)state;
	same("language", STR("The order was sent on Monday, and it will be there by Friday."), "'en'");
	same("language", STR("Die Rechnung ist nicht bezahlt, und wir haben sie gemahnt."), "'de'");
	same("language", STR("Nous avons re\xc3\xa7u la commande et elle est dans les stocks."), "'fr'");
	same("language", STR("El pedido se ha enviado y los productos est\xc3\xa1n en camino."), "'es'");
	same("language", STR("Il pacco \xc3\xa8 gi\xc3\xa0 in viaggio e non si pu\xc3\xb2 fermare."), "'it'");
	same("language", STR("O pedido n\xc3\xa3o foi enviado, mas voc\xc3\xaa pode esperar."), "'pt'");
	same("language", STR("Het pakket is niet aangekomen en ik wil mijn geld terug."), "'nl'");
	same("language", STR("Jag har inte f\xc3\xa5tt paketet och det \xc3\xa4r sent."), "'sv'");
	same("language", STR("Nie mam jeszcze paczki, ale jest ju\xc5\xbc w drodze do mnie."), "'pl'");
	same("language", STR("\xd0\x9f\xd0\xbe\xd1\x81\xd1\x8b\xd0\xbb\xd0\xba\xd0\xb0 \xd0\xbd\xd0\xb5 "
	    "\xd0\xbf\xd1\x80\xd0\xb8\xd1\x88\xd0\xbb\xd0\xb0 \xd0\xb8 \xd1\x8f \xd0\xb6\xd0\xb4\xd1\x83"),
	    "'ru'");
	same("language", STR("Refund"), "'unknown'");
	same("language", STR("x = f(y); the"), "'unknown'");
	same("language", STR("\xe4\xbd\xa0\xe5\xa5\xbd"), "'unknown'");
	ROWS("language",
	    { "least: 90%", "{\"output\": \"the order of the day came\"}", "'unknown'" },
	    { "least: 40%", "{\"output\": \"the order of the day came\"}", "'en'" });
}

static void
refusals(void **state)
{
	char text[600];

	(void)state;
	same("refusal", STR("I'm sorry, but I can't help with that."), "'yes'");
	same("refusal", STR("I\xe2\x80\x99m sorry, but I  CAN\xe2\x80\x99T\nhelp."), "'yes'");
	same("refusal", STR("As an AI language model, I have no opinion."), "'yes'");
	same("refusal", STR("Dabei kann ich nicht helfen."), "'yes'");
	same("refusal", STR("Lo siento, pero no puedo hacer eso."), "'yes'");
	same("refusal", STR("Je ne peux pas vous aider."), "'yes'");
	same("refusal", STR("Mi dispiace, ma non posso."), "'yes'");
	same("refusal", STR("Desculpe, mas n\xc3\xa3o posso."), "'yes'");
	same("refusal", STR("Your refund was sent."), "'no'");
	same("refusal", STR("\xff I cannot help with that."), "'yes'");
	memset(text, 'a', sizeof text);
	memcpy(text + 500, " I cannot help you ", 19);
	same("refusal", (struct str){ text, sizeof text }, "'no'");
	memcpy(text + 200, " I cannot help you ", 19);
	same("refusal", (struct str){ text, sizeof text }, "'yes'");
	ROWS("refusal",
	    { "within: 0", "{\"output\": \"I cannot help\"}", "'yes'" },
	    { "within: 5", "{\"output\": \"I cannot help\"}", "'no'" },
	    { "phrases: [Please  call us]", "{\"output\": \"please call US\"}", "'yes'" });
	refused("refusal", "phrases: [' ']", "entry 1 of 'phrases' is empty");
}

static void
json(void **state)
{
	(void)state;
	same("json", STR(" {\"a\": 1}\n"), "'valid'");
	same("json", STR("[1, 2]"), "'valid'");
	same("json", STR("5"), "'none'");
	same("json", STR("\"text\""), "'none'");
	same("json", STR("{\"a\": 1"), "'invalid'");
	same("json", STR("{\"a\": 1, \"a\": 2}"), "'invalid'");
	same("json", STR("{\"a\": \"\xff\"}"), "'invalid'");
	same("json", STR("[\"a\", "), "'invalid'");
	same("json", STR("[1] says so"), "'none'");
	same("json", STR("Here it is:\n```json\n{\"a\": 1}\n```\nDone."), "'fenced'");
	same("json", STR("```\r\n{\"a\": 1}\r\n```\r\n"), "'fenced'");
	same("json", STR("~~~\n[]\n~~~"), "'fenced'");
	same("json", STR("```json\n{\"a\": 1,}\n```"), "'invalid'");
	same("json", STR("```json\n{\"a\": 1}"), "'fenced'");
	same("json", STR("```c\nint a;\n```\nand\n```\n{}\n```"), "'fenced'");
	same("json", STR("```c\nint a;\n```"), "'none'");
	same("json", STR("Hello"), "'none'");
}

static void
code(void **state)
{
	(void)state;
	same("code", STR("Hello.\nHow are you?"), "0");
	same("code", STR("Do this:\n\n```\nls\n```\nThen wait.\n"), "0.6");
	same("code", STR("```\nls -l"), "1");
	same("code", STR("int main(void)\n{\n\treturn 0;\n}\n"), "1");
	same("code", STR("def f(x):\n    return (x)"), "1");
	same("code", STR("If you want it: say so\nfor example"), "0");
	same("code", STR("import the goods"), "0");
	same("code", STR("$ ls\nfile"), "0.5");
}

static void
compression(void **state)
{
	char text[4096];
	struct arena a = { 0 };

	(void)state;
	memset(text, 'a', sizeof text);
	assert_true(strtod(of_answer("compression", "", (struct str){ text, sizeof text }, &a),
	    NULL) < 0.02);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)rng_at(1, "bytes", i);
	assert_true(strtod(of_answer("compression", "", (struct str){ text, sizeof text }, &a),
	    NULL) > 0.99);
	/* Longer than one piece of input. */
	same("compression", STR("a"), "3");
	arena_free(&a);
}

static void
repeats(void **state)
{
	(void)state;
	same("repeats", STR("one two three four five six"), "0");
	same("repeats", STR("one two"), "0");
	same("repeats", STR("a b c d e A  b c\nd e"), "0.166667");
	same("repeats", STR("x x x x x x x x x"), "0.8");
	ROWS("repeats",
	    { "run: 1", "{\"output\": \"a b a b\"}", "0.5" },
	    { "run: 2", "{\"output\": \"a b a b\"}", "0.333333" },
	    { "run: 4", "{\"output\": \"a b a b\"}", "0" });
	refused("repeats", "run: 0", "run");
	refused("repeats", "run: 65", "run");
}

static void
oov(void **state)
{
	const struct feature *f = feature_find("oov");
	struct arena a = { 0 };
	struct err err = { 0 };
	char given[200];

	(void)state;
	assert_string_equal(of_answer("oov", usual(f), STR("Refund, my ORDER!"), &a), "0");
	assert_string_equal(of_answer("oov", usual(f), STR("refund the \xff"), &a), "0.666667");
	assert_string_equal(of_answer("oov", usual(f), STR("--"), &a), "0");
	refused("oov", "vocabulary: nowhere.txt", "nowhere.txt");
	refused("oov", "vocabulary: /dev/null", "not a regular file");
	snprintf(given, sizeof given, "vocabulary: %s, sha256: 00", vocabulary);
	refused("oov", given, "it has changed");
	assert_non_null(bound(f, usual(f), &a, &err));
	arena_free(&a);
}

static void
regex(void **state)
{
	struct arena a = { 0 };

	(void)state;
	ROWS("regex",
	    { "pattern: 'b+'", "{\"output\": \"abb\"}", "'yes'" },
	    { "pattern: 'B'", "{\"output\": \"abb\"}", "'no'" },
	    { "pattern: 'B', fold: yes", "{\"output\": \"abb\"}", "'yes'" },
	    { "pattern: 'label: (\\w+)', capture: yes", "{\"output\": \"label: spam\"}", "'spam'" },
	    { "pattern: 'b+', capture: yes", "{\"output\": \"abb\"}", "'bb'" },
	    { "pattern: 'x', capture: yes", "{\"output\": \"abb\"}", "'(no match)'" },
	    { "pattern: '(x?)', capture: yes", "{\"output\": \"abb\"}", "'(empty)'" },
	    { "of: input, pattern: a", "{\"output\": \"a\"}", "missing" });
	refused("regex", "pattern: '('", "bad pattern");
	refused("regex", "", "pattern");
	assert_string_equal(of_answer("regex", "pattern: '^(a+)+$'",
	    STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), &a), "'(too costly)'");
	assert_string_equal(of_answer("regex", "pattern: '^a.b$'", STR("a\xff" "b"), &a), "'yes'");
	arena_free(&a);
}

static void
text(void **state)
{
	(void)state;
	ROWS("text",
	    { "", "{\"output\": \" Order  No. 4711\\n\"}", "'order no. 0000'" },
	    { "digits: keep", "{\"output\": \"No. 47\"}", "'no. 47'" },
	    { "fold: no, digits: keep", "{\"output\": \" A\\n\"}", "' A\n'" },
	    { "of: input", "{\"input\": \"In\"}", "'in'" });
	same("text", STR("a\xff"), "'a\xef\xbf\xbd'");
}

static int
make_vocabulary(void **state)
{
	static const char words[] = "refund order\nMy\n\n";
	int fd = mkstemp(vocabulary);

	(void)state;
	if (fd < 0 || write(fd, words, sizeof words - 1) != (ssize_t)(sizeof words - 1))
		return -1;
	return close(fd);
}

static int
drop_vocabulary(void **state)
{
	(void)state;
	return unlink(vocabulary);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table), cmocka_unit_test(hostile), cmocka_unit_test(kinds),
		cmocka_unit_test(large), cmocka_unit_test(fields), cmocka_unit_test(long_categories),
		cmocka_unit_test(columns), cmocka_unit_test(times), cmocka_unit_test(server),
		cmocka_unit_test(counts), cmocka_unit_test(scripts), cmocka_unit_test(languages),
		cmocka_unit_test(refusals), cmocka_unit_test(json), cmocka_unit_test(code),
		cmocka_unit_test(compression), cmocka_unit_test(repeats), cmocka_unit_test(oov),
		cmocka_unit_test(regex), cmocka_unit_test(text),
	};

	return cmocka_run_group_tests(tests, make_vocabulary, drop_vocabulary);
}
