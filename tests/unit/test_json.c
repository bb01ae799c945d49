/*
 * test_json.c -- the scanner against tables, against jansson, and against size.
 *
 * The peers: what jansson refuses, we refuse.
 */
#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <dirent.h>
#include <math.h>
#include <cmocka.h>

#include "harness/base/base.h"

#define LIT(s) { (s), sizeof(s) - 1 }

static struct json
parse(struct str doc)
{
	struct json_fault fault = { 0, "" };
	struct json root;

	if (json_parse(doc, &root, &fault) != 0)
		fail_msg("'%.*s' is refused: %s at %zu", STR_ARG(doc), fault.why, fault.at);
	return root;
}

static void
assert_str(struct str got, struct str want)
{
	if (!str_eq(got, want))
		fail_msg("'%.*s' instead of '%.*s'", STR_ARG(got), STR_ARG(want));
}

/* ---- what is refused, and with which words -------------------------------------------- */

static const struct { struct str doc; const char *why; size_t at; } wrong[] = {
	{ LIT(""), "it is empty", 0 },
	{ LIT(" \n"), "it is empty", 2 },
	{ LIT("\xef\xbb\xbf{}"), "a byte order mark", 0 },
	{ LIT("["), "it ends too early", 1 },
	{ LIT("{"), "it ends too early", 1 },
	{ LIT("{\"a\":1,"), "it ends too early", 7 },
	{ LIT("{\"a\":"), "it ends too early", 5 },
	{ LIT("[1"), "it ends too early", 2 },
	{ LIT("[1] x"), "something follows the value", 4 },
	{ LIT("1 2"), "something follows the value", 2 },
	{ LIT("[1,]"), "a value is expected", 3 },
	{ LIT("[,1]"), "a value is expected", 1 },
	{ LIT("NaN"), "a value is expected", 0 },
	{ LIT(".5"), "a value is expected", 0 },
	{ LIT("+1"), "a value is expected", 0 },
	{ LIT("trux"), "a value is expected", 0 },
	{ LIT("[1 2]"), "a comma or ']' is expected", 3 },
	{ LIT("[1}"), "a comma or ']' is expected", 2 },
	{ LIT("{\"a\":1 \"b\":2}"), "a comma or '}' is expected", 7 },
	{ LIT("{\"a\":1,}"), "a key in quotes is expected", 7 },
	{ LIT("{a:1}"), "a key in quotes is expected", 1 },
	{ LIT("{\"a\" 1}"), "a colon is expected", 5 },
	{ LIT("{\"a\":1,\"a\":2}"), "a duplicate key", 7 },
	{ LIT("{\"a\":1,\"\\u0061\":2}"), "a duplicate key", 7 },
	{ LIT("{\"/\":1,\"\\/\":2}"), "a duplicate key", 7 },
	{ LIT("[{\"\":1,\"\":2}]"), "a duplicate key", 7 },
	{ LIT("01"), "a number with a leading zero", 0 },
	{ LIT("-01"), "a number with a leading zero", 1 },
	{ LIT("1."), "a digit is missing", 2 },
	{ LIT("-"), "a digit is missing", 1 },
	{ LIT("1.e3"), "a digit is missing", 2 },
	{ LIT("1e+"), "a digit is missing", 3 },
	{ LIT("1e999"), "a number too large for a double", 0 },
	{ LIT("[-1e309]"), "a number too large for a double", 1 },
	{ LIT("0x10"), "something follows the value", 1 },
	{ LIT("\"abc"), "a string is not closed", 0 },
	{ LIT("[\"abc\\"), "a string is not closed", 1 },
	{ LIT("\"\\x41\""), "an unknown escape", 1 },
	{ LIT("\"\\\0\""), "an unknown escape", 1 },
	{ LIT("\"\\u12g4\""), "\\u without four hex digits", 1 },
	{ LIT("\"\\u12"), "\\u without four hex digits", 1 },
	{ LIT("\"\\ud800\""), "a lone surrogate escape", 1 },
	{ LIT("\"\\udc00\""), "a lone surrogate escape", 1 },
	{ LIT("\"\\ud800\\u0041\""), "a lone surrogate escape", 1 },
	{ LIT("\"a\nb\""), "a control character in a string", 2 },
	{ LIT("\"a\0b\""), "a control character in a string", 2 },
	{ LIT("\"0123456789abcdef\x1f\""), "a control character in a string", 17 },
	{ LIT("\"\xc0\xaf\""), "invalid UTF-8", 1 },
	{ LIT("\"\xe0\x80\xaf\""), "invalid UTF-8", 1 },
	{ LIT("\"\xf0\x80\x80\xaf\""), "invalid UTF-8", 1 },
	{ LIT("\"\xed\xa0\x80\""), "invalid UTF-8", 1 },
	{ LIT("\"\xf4\x90\x80\x80\""), "invalid UTF-8", 1 },
	{ LIT("\"ab\x80\""), "invalid UTF-8", 3 },
	{ LIT("\"\xe2\x82\""), "invalid UTF-8", 1 },
	{ LIT("\"\xf0\x9f\x98"), "invalid UTF-8", 1 },
	{ LIT("{\"caf\xe9\":1}"), "invalid UTF-8", 5 },
	{ LIT("\xff"), "a value is expected", 0 },
};

static void
refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct json_fault fault = { 0, "nothing" };
		struct json root;

		if (json_parse(wrong[i].doc, &root, &fault) != -1)
			fail_msg("'%.*s' is accepted", STR_ARG(wrong[i].doc));
		if (strcmp(fault.why, wrong[i].why) != 0 || fault.at != wrong[i].at)
			fail_msg("'%.*s': %s at %zu, not %s at %zu", STR_ARG(wrong[i].doc), fault.why,
			    fault.at, wrong[i].why, wrong[i].at);
	}
}

/* A document of n openings and, in `shut`, their ends. */
static struct str
nested(const char *open, const char *inner, const char *shut, int n, struct buf *b)
{
	buf_reset(b);
	for (int i = 0; i < n; i++)
		buf_puts(b, open);
	buf_puts(b, inner);
	for (int i = 0; i < n; i++)
		buf_puts(b, shut);
	return buf_as_str(b);
}

static void
depth_ends_at_its_limit(void **state)
{
	struct json_fault fault;
	struct buf b = { 0 };
	struct json root;

	(void)state;
	assert_int_equal(parse(nested("[", "", "]", JSON_DEPTH, &b)).type, JT_ARRAY);
	assert_int_equal(parse(nested("{\"a\":", "1", "}", JSON_DEPTH, &b)).type, JT_OBJECT);
	assert_int_equal(json_parse(nested("[", "", "]", JSON_DEPTH + 1, &b), &root, &fault), -1);
	assert_string_equal(fault.why, "nested too deeply");
	assert_int_equal(fault.at, JSON_DEPTH);
	assert_int_equal(json_parse(nested("[", "", "", 5000000, &b), &root, &fault), -1);
	assert_string_equal(fault.why, "nested too deeply");
	buf_free(&b);
}

/* Every length near a step of the fast path, with the fault at its every place. */
static void
strings_of_every_length(void **state)
{
	char doc[80];

	(void)state;
	for (size_t n = 0; n < 70; n++) {
		struct json_fault fault;
		struct json root;

		memset(doc, 'x', sizeof doc);
		doc[0] = doc[n + 1] = '"';
		assert_int_equal(parse((struct str){ doc, n + 2 }).raw.n, n + 2);
		assert_int_equal(json_parse((struct str){ doc, n + 1 }, &root, &fault), -1);
		for (size_t i = 1; i <= n; i++) {
			static const char bad[] = { '\0', '\n', '\x1f', '"', '\\', '\x80', '\xff' };

			for (size_t k = 0; k < sizeof bad; k++) {
				doc[i] = bad[k];
				assert_int_equal(-1,
				    json_parse((struct str){ doc, n + 2 }, &root, &fault));
			}
			doc[i] = '\x7f';
			parse((struct str){ doc, n + 2 });
			doc[i] = 'x';
		}
	}
}

static void
many_keys(void **state)
{
	struct json_fault fault;
	struct buf b = { 0 };
	struct json root;
	double start;
	long v;

	(void)state;
	for (int n = 30; n <= 36; n++) {                /* about where a map takes over */
		for (int twin = 0; twin < n; twin++) {
			buf_reset(&b);
			buf_char(&b, '{');
			for (int i = 0; i < n; i++)
				buf_fmt(&b, "\"k%d\":{\"k%d\":0},", i, i);
			buf_fmt(&b, "\"k%d\":1}", twin);
			assert_int_equal(json_parse(buf_as_str(&b), &root, &fault), -1);
			assert_string_equal(fault.why, "a duplicate key");
		}
	}
	for (int n = 1; n < 24; n++) {                  /* keys that differ in one place, and twins */
		struct buf key = { 0 };

		buf_reset(&b);
		for (int i = 0; i < n; i++) {
			buf_reset(&key);
			for (int k = 0; k < n; k++)
				buf_char(&key, k == i ? 'b' : 'a');
			buf_fmt(&b, "%c\"%s\":0", i ? ',' : '{', key.p);
		}
		buf_char(&b, '}');
		parse(buf_as_str(&b));
		b.n--;
		buf_fmt(&b, ",\"%s\":1}", key.p);
		assert_int_equal(json_parse(buf_as_str(&b), &root, &fault), -1);
		assert_string_equal(fault.why, "a duplicate key");
		buf_free(&key);
	}
	buf_reset(&b);
	buf_char(&b, '{');
	for (int i = 0; i < 100000; i++)
		buf_fmt(&b, "%s\"key%d\":%d", i ? "," : "", i, i);
	buf_char(&b, '}');
	start = tick_now();
	root = parse(buf_as_str(&b));
	assert_true(tick_now() - start < 2);            /* 5e9 comparisons would take longer */
	assert_true(json_long(json_get(root, "key99999"), &v));
	assert_int_equal(v, 99999);
	b.n--;
	buf_puts(&b, ",\"key500\":1}");
	assert_int_equal(json_parse(buf_as_str(&b), &root, &fault), -1);
	assert_string_equal(fault.why, "a duplicate key");
	buf_free(&b);
}

/* ---- walking -------------------------------------------------------------------------- */

static void
finds_members(void **state)
{
	struct json root = parse(STR(" {\"a\":{\"s\":\"]}\\\"\\\\\",\"n\":[{},[\"[\"],1.5 , 2]},"
	    "\"b\\u002fc\" : true, \"\":null,\"\\ud83d\\ude00\":\"z\"}\n"));
	static const struct { struct str pointer; struct str raw; } at[] = {
		{ LIT("/a/n/0"), LIT("{}") }, { LIT("/a/n/1/0"), LIT("\"[\"") },
		{ LIT("/a/n/2"), LIT("1.5") }, { LIT("/a/n/3"), LIT("2") },
		{ LIT("/a/s"), LIT("\"]}\\\"\\\\\"") }, { LIT("b/c"), LIT("true") },
		{ LIT("/"), LIT("null") }, { LIT("/\xf0\x9f\x98\x80"), LIT("\"z\"") },
		{ LIT("/b~1c"), LIT("true") }, { LIT("/a/n"), LIT("[{},[\"[\"],1.5 , 2]") },
		{ LIT("/a/n/4"), LIT("") }, { LIT("/a/n/01"), LIT("") }, { LIT("/a/n/-"), LIT("") },
		{ LIT("/a/n/-0"), LIT("") }, { LIT("/a/n/"), LIT("") }, { LIT("/a/n/0/x"), LIT("") },
		{ LIT("/a/n/99999999999999999999"), LIT("") }, { LIT("/b~1c/0"), LIT("") },
		{ LIT("/b/c"), LIT("") }, { LIT("/b~2c"), LIT("") }, { LIT("/b~"), LIT("") },
		{ LIT("/a/s/0"), LIT("") }, { LIT("none"), LIT("") }, { LIT("/a/"), LIT("") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(at); i++) {
		struct json v = json_at(root, at[i].pointer);

		assert_str(v.raw, at[i].raw);
		assert_int_equal(v.type == JT_NONE, at[i].raw.n == 0);
	}
	assert_true(json_at(root, STR("")).raw.p == root.raw.p);
	assert_int_equal(root.raw.p[0], '{');
	assert_int_equal(json_get(root, "b/c").type, JT_TRUE);
	assert_int_equal(json_get(root, "").type, JT_NULL);
	assert_int_equal(json_get(json_get(root, "b/c"), "x").type, JT_NONE);
	root = parse(STR("{\"m~n\":{\"x/y~\":7}}"));
	assert_str(json_at(root, STR("/m~0n/x~1y~0")).raw, STR("7"));
	assert_str(json_at(root, STR("/m~0n/x~01y~0")).raw, STR(""));
}

static void
iterates(void **state)
{
	struct json_iter it = { .of = parse(STR("{ \"a\\n\" : 1 , \"b\":[ ] }")) };
	struct json v;

	(void)state;
	assert_true(json_next(&it, &v));
	assert_str(it.key, STR("a\\n"));
	assert_true(json_key_is(it.key, STR("a\n")));
	assert_false(json_key_is(it.key, STR("a\\n")));
	assert_false(json_key_is(it.key, STR("a\nb")));
	assert_false(json_key_is(it.key, STR("a")));
	assert_str(v.raw, STR("1"));
	assert_true(json_next(&it, &v));
	assert_str(it.key, STR("b"));
	assert_int_equal(v.type, JT_ARRAY);
	assert_false(json_next(&it, &v));
	assert_false(json_next(&it, &v));
	it = (struct json_iter){ .of = parse(STR("[ ]")) };
	assert_false(json_next(&it, &v));
	it = (struct json_iter){ .of = parse(STR("\"[1]\"")) };
	assert_false(json_next(&it, &v));
}

/* One index for documents of rising and falling sizes, to the first that has too many values. */
static void
indexes(void **state)
{
	static const size_t size[] = { 0, 1, 40, 3, JSON_NODES / 3, JSON_NODES - 2, JSON_NODES - 1,
	                               JSON_NODES, JSON_NODES + 9, 2 };
	struct json_index index = { 0 };
	struct json_fault fault;

	(void)state;
	for (size_t i = 0; i < COUNT(size); i++) {
		struct json root, v;
		struct json_iter it;
		struct buf b = { 0 };
		size_t n = 0;

		buf_char(&b, '[');
		for (size_t k = 0; k < size[i]; k++)
			buf_puts(&b, k > 0 ? ",7" : "7");
		buf_char(&b, ']');
		assert_int_equal(json_parse_indexed(buf_as_str(&b), &index, &root, &fault), 0);
		assert_int_equal(root.node != NULL, size[i] < JSON_NODES);
		for (it = (struct json_iter){ .of = root }; json_next(&it, &v); n++)
			assert_str(v.raw, STR("7"));
		assert_int_equal(n, size[i]);
		buf_free(&b);
	}
	json_index_free(&index);
}

static void
text_and_numbers(void **state)
{
	static const struct { struct str doc; bool fits; long whole; double real; } number[] = {
		{ LIT("0"), true, 0, 0 }, { LIT("-0"), true, 0, 0 }, { LIT("1.0"), true, 1, 1 },
		{ LIT("-12e2"), true, -1200, -1200 }, { LIT("1.5"), false, 0, 1.5 },
		{ LIT("9223372036854775807"), true, INT64_MAX, 9223372036854775807.0 },
		{ LIT("-9223372036854775808"), true, INT64_MIN, -9223372036854775808.0 },
		{ LIT("9223372036854775808"), false, 0, 9223372036854775808.0 },
		{ LIT("1e300"), false, 0, 1e300 }, { LIT("1e-999"), true, 0, 0 },
		{ LIT("0.1"), false, 0, 0.1 },
		{ LIT("1.7976931348623157e308"), false, 0, 1.7976931348623157e308 },
		{ LIT("100000000000000000000000000000000000000000000000000000000000000000000000e-70"),
		  false, 0, 10.0 + 1e-15 },
	};
	struct arena a = { 0 };
	struct str text, doc = STR("\"plain\"");

	(void)state;
	for (size_t i = 0; i + 1 < COUNT(number); i++) {
		struct json v = parse(number[i].doc);
		long whole = 0;

		assert_int_equal(json_long(v, &whole), number[i].fits);
		assert_true(whole == number[i].whole);
		assert_true(json_to_real(v, -1) == number[i].real);
	}
	assert_true(fabs(json_to_real(parse(number[COUNT(number) - 1].doc), 0) - 10) < 1e-9);
	assert_true(json_to_real(parse(STR("\"1\"")), -1) == -1);
	assert_true(json_to_real((struct json){ 0 }, -1) == -1);
	text = json_text(parse(doc), &a);
	assert_true(text.p == doc.p + 1);               /* a slice: nothing is copied */
	assert_str(text, STR("plain"));
	assert_str(json_text(parse(STR("\"\"")), &a), STR(""));
	assert_str(json_text(parse(STR("12")), &a), STR(""));
	assert_str(json_text(parse(STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\tA\\u0000\\u00e9\\u20AC"
	    "\\ud83d\\ude00.\"")), &a), STR("\"\\/\b\f\n\r\tA\0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80."));
	arena_free(&a);
}

static void
writes(void **state)
{
	static const struct { struct str text, json; } t[] = {
		{ LIT(""), LIT("\"\"") }, { LIT("a/<'>"), LIT("\"a/<'>\"") },
		{ LIT("\"\\\b\f\n\r\t"), LIT("\"\\\"\\\\\\b\\f\\n\\r\\t\"") },
		{ LIT("\0\x01\x1f\x7f"), LIT("\"\\u0000\\u0001\\u001f\\u007f\"") },
		{ LIT("\xe2\x80\xa8 \xe2\x80\xa9 \xe2\x80\xaa"), LIT("\"\\u2028 \\u2029 \xe2\x80\xaa\"") },
		{ LIT("\xc3\xa9\xf0\x9f\x98\x80"), LIT("\"\xc3\xa9\xf0\x9f\x98\x80\"") },
		{ LIT("a\xff" "b\xc3"), LIT("\"a\xef\xbf\xbd" "b\xef\xbf\xbd\"") },
		{ LIT("\xed\xa0\x80"), LIT("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"") },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		buf_reset(&b);
		buf_json(&b, t[i].text);
		assert_str(buf_as_str(&b), t[i].json);
	}
	buf_reset(&b);
	buf_char(&b, '{');
	buf_key(&b, "a\"");
	buf_char(&b, '{');
	buf_key(&b, "b");
	buf_puts(&b, "1}");
	buf_key(&b, "c");
	buf_puts(&b, "2}");
	assert_str(buf_as_str(&b), STR("{\"a\\\"\":{\"b\":1},\"c\":2}"));
	buf_free(&b);
}

/* ---- jansson -------------------------------------------------------------------------- */

static void
compare(struct json v, json_t *j)
{
	struct json_iter it = { .of = v };
	struct arena a = { 0 };
	struct json inner;
	size_t n = 0;
	long whole;

	switch (json_typeof(j)) {
	case JSON_OBJECT:
		assert_int_equal(v.type, JT_OBJECT);
		for (; json_next(&it, &inner); n++) {
			struct json quoted = { JT_STRING, { it.key.p - 1, it.key.n + 2 }, NULL };
			struct str name = json_text(quoted, &a);
			json_t *other = json_object_getn(j, name.p, name.n);

			assert_non_null(other);
			compare(inner, other);
		}
		assert_int_equal(n, json_object_size(j));
		break;
	case JSON_ARRAY:
		assert_int_equal(v.type, JT_ARRAY);
		for (; json_next(&it, &inner); n++)
			compare(inner, json_array_get(j, n));
		assert_int_equal(n, json_array_size(j));
		break;
	case JSON_STRING:
		assert_int_equal(v.type, JT_STRING);
		assert_str(json_text(v, &a),
		    (struct str){ json_string_value(j), json_string_length(j) });
		break;
	case JSON_INTEGER:
		assert_int_equal(v.type, JT_NUMBER);
		assert_true(json_long(v, &whole) && whole == json_integer_value(j));
		break;
	case JSON_REAL:
		assert_int_equal(v.type, JT_NUMBER);
		assert_true(json_to_real(v, NAN) == json_real_value(j));
		break;
	case JSON_TRUE:
		assert_int_equal(v.type, JT_TRUE);
		break;
	case JSON_FALSE:
		assert_int_equal(v.type, JT_FALSE);
		break;
	case JSON_NULL:
		assert_int_equal(v.type, JT_NULL);
		break;
	}
	arena_free(&a);
}

/* What jansson cannot hold and RFC 8259 allows. */
static bool
is_beyond_jansson(const json_error_t *error)
{
	return strstr(error->text, "too big integer") != NULL ||
	    strstr(error->text, "too big negative integer") != NULL ||
	    strstr(error->text, "NUL byte in object key") != NULL;
}

/* Both accept or both refuse, but for that and for our lesser depth. */
static void
agree(const char *name, struct str doc)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_error_t error;
	json_t *j = json_loadb(doc.p, doc.n, flags, &error);
	struct json_fault fault = { 0, "" };
	struct json root;
	struct json_index index = { 0 };
	bool good = json_parse(doc, &root, &fault) == 0;

	assert_int_equal(json_parse_indexed(doc, &index, &root, &fault) == 0, good);
	if (good && j != NULL) {
		compare(root, j);
		assert_int_equal(json_parse(doc, &root, &fault), 0);
		compare(root, j);
	}
	if (good && j == NULL && !is_beyond_jansson(&error))
		fail_msg("%s: jansson refuses it: %s", name, error.text);
	if (!good && j != NULL && strcmp(fault.why, "nested too deeply") != 0 &&
	    memchr(doc.p, '\0', doc.n) == NULL)         /* it loses a NUL behind a number */
		fail_msg("%s: jansson accepts it, we say: %s at %zu", name, fault.why, fault.at);
	json_decref(j);
	json_index_free(&index);
}

static void
agrees_with_jansson(void **state)
{
	static const struct str doc[] = {
		LIT("[0,-0,0.0,-0.0,1,10,-1,1e5,1E-5,1e+5,123456789.123456789]"),
		LIT("[5e-324,2.2250738585072011e-308,1.7976931348623157e308]"),
		LIT("[9007199254740993,9223372036854775807,-9223372036854775808,9223372036854775808]"),
		LIT("{\"a\":[true,false,null,\"\\u00e9\\ud834\\udd1e\"],\"b\\u0000c\":{}}"),
		LIT("\"\\u2028\xe2\x80\xa8\""), LIT(" [ ] "), LIT("\t{\r\n}\t"), LIT("null"), LIT("nulll"),
		LIT("[1]]"), LIT("[\"a\",]"), LIT("\v1"), LIT("1\0"),
		LIT("\"\xef\xbf\xbf\""), LIT("{\"a\":1\"b\"}"),
	};
	char why[32];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		snprintf(why, sizeof why, "wrong[%zu]", i);
		agree(why, wrong[i].doc);
	}
	for (size_t i = 0; i < COUNT(doc); i++) {
		snprintf(why, sizeof why, "doc[%zu]", i);
		agree(why, doc[i]);
	}
}

static void
agrees_on_the_corpus(void **state)
{
	static const char dir[] = "tests/fuzz/corpus/json";
	struct arena a = { 0 };
	struct dirent *entry;
	DIR *d = opendir(dir);
	int n = 0;

	(void)state;
	if (d == NULL)
		fail_msg("%s is not there: run tests from the top folder", dir);
	while ((entry = readdir(d)) != NULL) {
		char *path = path_join(dir, entry->d_name, &a);
		struct str doc;
		FILE *f;

		if (entry->d_name[0] == '.')
			continue;
		f = fopen(path, "rb");
		assert_non_null(f);
		doc.p = arena_alloc(&a, 1 << 20);
		doc.n = fread((char *)doc.p, 1, 1 << 20, f);
		fclose(f);
		agree(path, doc);
		arena_reset(&a);
		n++;
	}
	closedir(d);
	arena_free(&a);
	assert_true(n > 100);
}

/* A container is passed over in steps: brackets, quotes and backslashes in texts at every place. */
static void
steps_over_containers(void **state)
{
	static const char *const text[] = { "x", "\\\"]}[{", "\\\\", "]}]}", "\\\\\\\"}", "{[\\\\" };

	(void)state;
	for (size_t pad = 0; pad < 140; pad++)
		for (size_t i = 0; i < COUNT(text); i++) {
			struct buf b = { 0 };
			struct json root, inner;
			struct json_fault fault;
			long seven = 0;

			buf_puts(&b, "{\"a\":{\"s\":\"");
			for (size_t k = 0; k < pad; k++)
				buf_char(&b, '[');
			buf_fmt(&b, "%s\",\"t\":[[],{}]},\"b\":7}", text[i]);
			assert_int_equal(json_parse(buf_as_str(&b), &root, &fault), 0);
			inner = json_get(root, "a");
			assert_int_equal(inner.raw.n, b.n - strlen("{\"a\":") - strlen(",\"b\":7}"));
			assert_true(json_long(json_get(root, "b"), &seven) && seven == 7);
			assert_true(str_is(json_get(inner, "t").raw, "[[],{}]"));
			buf_free(&b);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(depth_ends_at_its_limit),
		cmocka_unit_test(strings_of_every_length),
		cmocka_unit_test(many_keys),
		cmocka_unit_test(finds_members),
		cmocka_unit_test(iterates),
		cmocka_unit_test(indexes),
		cmocka_unit_test(text_and_numbers),
		cmocka_unit_test(writes),
		cmocka_unit_test(agrees_with_jansson),
		cmocka_unit_test(agrees_on_the_corpus),
		cmocka_unit_test(steps_over_containers),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
