/*
 * json.c -- the answer is a JSON document, with the right fields.
 *
 *  (1) The score is 0 if the answer is not one JSON document of RFC 8259: valid UTF-8, no
 *      duplicate key, no NaN, no comment, nothing before or after it but white space.
 *  (2) With `fence = yes` an answer that holds a fenced block (a line that starts with ```, up to
 *      a line that is only ```) is that block's contents, whatever text is around it; an answer
 *      with several such blocks, or one that is not closed, scores 0.
 *  (3) With `required` the document must be an object that has all these keys.
 *  (4) If the case expects something the document must also equal one of `expect`, each itself
 *      a JSON document; else the case is unscored.  A case with no `expect` asks for (1) to (3)
 *      only.
 *  (5) Equal is deep: the order of keys does not count, that of arrays does; strings are equal
 *      after escapes are resolved; numbers are equal by exact value, 1 and 1.0 and 10e-1.
 *  (6) Where both are objects, the document may have more fields than expected at the top
 *      level, unless `extra = refuse`.  Deeper objects must have the same fields.
 */
#include "metrics/metrics.h"

enum { EXTRA_ALLOW, EXTRA_REFUSE };

struct json_params { bool fence; struct texts required; int extra; };

static const struct conf_key params[] = {
	{ "fence", CONF_BOOL, offsetof(struct json_params, fence), "no", NULL,
	  "take the contents of a ``` block" },
	{ "required", CONF_LIST, offsetof(struct json_params, required), NULL, NULL,
	  "keys that the object must have" },
	{ "extra", CONF_ENUM, offsetof(struct json_params, extra), "allow", "allow|refuse",
	  "fields that are not expected" },
	{ 0 }
};

/* The line at *at without its end; moves *at to the next. */
static struct str
line(struct str s, size_t *at)
{
	ptrdiff_t end = str_find(s, STR("\n"), *at);
	size_t stop = end < 0 ? s.n : (size_t)end;
	struct str out = str_sub(s, *at, stop - *at);

	*at = end < 0 ? s.n : stop + 1;
	return out;
}

/* (2) The contents of the only block; `s` itself if there is none; NULL or why it cannot be. */
static const char *
fenced(struct str s, struct str *out)
{
	size_t at = 0, blocks = 0, from = 0;
	bool open = false;

	*out = s;
	while (at < s.n) {
		size_t begin = at;
		struct str l = str_trim(line(s, &at));

		if (!open && str_starts(l, STR("```"))) {
			open = true;
			from = at;
			blocks++;
		} else if (open && str_is(l, "```")) {
			open = false;
			*out = str_sub(s, from, begin - from);
		}
	}
	if (open)
		return "a fenced block is not closed";
	return blocks > 1 ? "there are several fenced blocks" : NULL;
}

struct member { struct str key; struct json value; };

static int
by_key(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return str_cmp(x->key, y->key);
}

/* The members of an object by key, escapes resolved. */
static struct member *
members(struct json object, size_t *n, struct arena *a)
{
	struct json_iter it = { .of = object };
	struct member *m;
	struct json value;

	for (*n = 0; json_next(&it, &value); ++*n)
		;
	m = arena_array(a, *n, sizeof *m);
	it = (struct json_iter){ .of = object };
	for (size_t i = 0; json_next(&it, &value); i++) {
		/* The quotes are there: the key is a slice of a document that was checked. */
		struct json quoted = { JT_STRING, { it.key.p - 1, it.key.n + 2 }, NULL };

		m[i] = (struct member){ json_text(quoted, a), value };
	}
	qsort(m, *n, sizeof *m, by_key);
	return m;
}

static bool equal(struct json got, struct json want, bool more, struct arena *a);

/* (5) (6) `more`: `got` may have members that `want` has not. */
static bool
equal_objects(struct json got, struct json want, bool more, struct arena *a)
{
	size_t ngot, nwant, i = 0;
	struct member *g = members(got, &ngot, a), *w = members(want, &nwant, a);

	if (ngot < nwant || (!more && ngot != nwant))
		return false;
	for (size_t j = 0; j < nwant; j++) {
		while (i < ngot && str_cmp(g[i].key, w[j].key) < 0)
			i++;
		if (i == ngot || !str_eq(g[i].key, w[j].key) ||
		    !equal(g[i].value, w[j].value, false, a))
			return false;
	}
	return true;
}

static bool
equal_arrays(struct json got, struct json want, struct arena *a)
{
	struct json_iter g = { .of = got }, w = { .of = want };
	struct json x, y;

	while (json_next(&w, &y)) {
		if (!json_next(&g, &x) || !equal(x, y, false, a))
			return false;
	}
	return !json_next(&g, &x);
}

static bool
equal(struct json got, struct json want, bool more, struct arena *a)
{
	if (got.type != want.type)
		return false;
	switch (got.type) {
	case JT_OBJECT:
		return equal_objects(got, want, more, a);
	case JT_ARRAY:
		return equal_arrays(got, want, a);
	case JT_STRING:
		return str_eq(json_text(got, a), json_text(want, a));
	case JT_NUMBER:
		return decimal_eq(decimal_of(got.raw, DECIMAL_NONE, a),
		    decimal_of(want.raw, DECIMAL_NONE, a));
	default:
		return true;                    /* null, true and false are their type */
	}
}

/* (3) The first required key that is not there, or NULL. */
static const char *
missing(const struct json_params *x, struct json object)
{
	for (size_t i = 0; i < x->required.n; i++) {
		if (json_get(object, x->required.text[i]).type == JT_NONE)
			return x->required.text[i];
	}
	return NULL;
}

/* (1) (2) (3) What is wrong with the answer by itself, or NULL and its root. */
static const char *
wrong(const struct json_params *x, struct str text, struct json *root, struct arena *a)
{
	struct json_fault fault;
	const char *why;

	if (x->fence && (why = fenced(text, &text)) != NULL)
		return why;
	if (json_parse(text, root, &fault) < 0)
		return arena_fmt(a, "not JSON at byte %zu: %s", fault.at, fault.why);
	if (x->required.n > 0 && root->type != JT_OBJECT)
		return "not a JSON object";
	if ((why = missing(x, *root)) != NULL)
		return arena_fmt(a, "the key '%s' is missing", why);
	return NULL;
}

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	const struct json_params *x = p;
	struct json got = { .type = JT_NONE }, want;
	const char *why = wrong(x, c->text, &got, a);
	bool hit = tc->nexpect == 0;                                            /* (4) */

	for (size_t i = 0; i < tc->nexpect; i++) {
		struct json_fault fault;

		if (json_parse(tc->expect[i], &want, &fault) < 0)               /* (4) */
			return score_none(arena_fmt(a,
			    "the expected text is not JSON at byte %zu: %s", fault.at, fault.why));
		hit = hit || (why == NULL && equal(got, want, x->extra == EXTRA_ALLOW, a));
	}
	if (why != NULL)
		return score_miss(why);
	return hit ? score_hit() : score_miss("other fields or values than expected");
}

const struct scorer scorer_json = {
	.name = "json", .help = "is JSON, with the expected fields", .version = 1,
	.scale = SCALE_BINARY, .needs_text = true, .unit = "%", .params = params,
	.size = sizeof(struct json_params), .score = score,
};
