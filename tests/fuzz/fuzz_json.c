/*
 * fuzz_json.c -- any bytes: refused with a reason, or good all the way down.
 *
 * In a document that was accepted every slice lies inside it, each member is found again by
 * its name and by its pointer, and text written by buf_json reads back as the same bytes.
 */
#include "harness/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
need(bool held, const char *what)
{
	if (!held)
		bug("%s", what);
}

static void
check_within(struct str inner, struct str outer)
{
	need(inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n,
	    "a slice leaves its value");
}

static bool
same(struct json a, struct json b)
{
	return a.type == b.type && a.raw.p == b.raw.p && a.raw.n == b.raw.n;
}

static void
check_text(struct str text)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct json_fault fault;
	struct json back;

	buf_json(&b, text);
	need(json_parse(buf_as_str(&b), &back, &fault) == 0, "a written string is not JSON");
	need(back.type == JT_STRING, "a written string is no string");
	need(str_eq(json_text(back, &a), text), "a written string reads back differently");
	buf_free(&b);
	arena_free(&a);
}

/* The member by its name, decoded, and by a pointer that names it. */
static void
check_member(struct json obj, struct str raw_key, struct json value)
{
	struct json quoted = { JT_STRING, { raw_key.p - 1, raw_key.n + 2 }, NULL };
	struct arena a = { 0 };
	struct str name = json_text(quoted, &a);
	struct buf pointer = { 0 };

	check_text(name);
	need(json_key_is(raw_key, name), "a key is not its own name");
	if (memchr(name.p, '\0', name.n) == NULL)
		need(same(json_get(obj, str_cstr(name, &a)), value), "json_get finds another");
	buf_char(&pointer, '/');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '~' || name.p[i] == '/')
			buf_puts(&pointer, name.p[i] == '~' ? "~0" : "~1");
		else
			buf_char(&pointer, name.p[i]);
	}
	need(same(json_at(obj, buf_as_str(&pointer)), value), "json_at finds another");
	buf_free(&pointer);
	arena_free(&a);
}

static void
check_value(struct json v, int depth)
{
	struct json_iter it = { .of = v };
	struct arena a = { 0 };
	struct json inner;
	char pointer[32];
	long n = 0, whole;

	need(depth <= JSON_DEPTH, "deeper than allowed");
	if (v.type == JT_STRING)
		check_text(json_text(v, &a));
	if (v.type == JT_NUMBER) {
		double real = json_to_real(v, 0);

		need(real - real == 0, "a number is not finite");
		if (json_long(v, &whole))
			need((double)whole == real, "two values of one number");
	}
	arena_free(&a);
	for (; json_next(&it, &inner); n++) {
		check_within(inner.raw, v.raw);
		if (v.type == JT_OBJECT)
			check_within(it.key, v.raw);
		if (n < 40 && v.type == JT_OBJECT)            /* the search is linear */
			check_member(v, it.key, inner);
		if (n < 40 && v.type == JT_ARRAY) {
			snprintf(pointer, sizeof pointer, "/%ld", n);
			need(same(json_at(v, str_of(pointer)), inner), "an element is elsewhere");
		}
		check_value(inner, depth + 1);
	}
}

/* A walk by the index sees what a walk without one sees. */
static void
check_index(struct json indexed, struct json plain)
{
	struct json_iter a = { .of = indexed }, b = { .of = plain };
	struct json x, y;

	need(same(indexed, plain), "the index has another value");
	need(indexed.node != NULL && plain.node == NULL, "who has an index, and who has not");
	while (json_next(&a, &x)) {
		need(json_next(&b, &y), "the index has more values");
		need(a.key.p == b.key.p && a.key.n == b.key.n, "the index has another key");
		need(a.escaped == b.escaped, "escapes that the index does not know");
		check_index(x, y);
	}
	need(!json_next(&b, &y), "the index has fewer values");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str doc = { (const char *)data, size };
	struct json_fault fault = { 0, NULL };
	struct buf b = { 0 };
	struct json_index index = { 0 };
	struct json root, indexed;

	if (json_parse(doc, &root, &fault) == 0) {
		need(json_parse_indexed(doc, &index, &indexed, &fault) == 0, "refused for its index");
		if (size < JSON_NODES)                  /* else there may be too many */
			check_index(indexed, root);
		check_within(root.raw, doc);
		check_value(root, 0);
		need(str_bad_utf8(doc) < 0, "accepted, and not UTF-8");
	} else {
		need(fault.why != NULL && fault.at <= size, "refused without a reason");
		need(json_parse_indexed(doc, &index, &indexed, &fault) < 0, "accepted with an index");
	}
	buf_json(&b, doc);                              /* whatever it is, it can be written */
	need(json_parse(buf_as_str(&b), &root, &fault) == 0, "a written string is not JSON");
	buf_free(&b);
	json_index_free(&index);
	return 0;
}
