/*
 * feat_json.c -- whether the text is JSON.
 *
 *  (1) valid: all of it is one object or array of RFC 8259, with nothing before or after it but
 *      white space; a key twice is no JSON.
 *  (2) fenced: it is not, but its first fenced block that looks like JSON (3) is.  A block begins
 *      after a line that starts with ``` or ~~~ and ends before the next such line.
 *  (3) invalid: the text or such a block looks like JSON and is not: it begins with a brace, or
 *      with a bracket before a brace, bracket or quote.  The block says it if both do.
 *  (4) none: anything else; a number or a quoted text alone is no document.
 *  (5) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

/* (3) */
static bool
looks_like(struct str s)
{
	s = str_trim(s);
	if (s.n > 0 && s.p[0] == '{')
		return true;
	if (s.n == 0 || s.p[0] != '[')
		return false;
	s = str_trim(str_sub(s, 1, s.n - 1));
	return s.n > 0 && (s.p[0] == '{' || s.p[0] == '[' || s.p[0] == '"' || s.p[0] == ']');
}

static bool
is_document(struct str s)
{
	struct json_fault fault;
	struct json root;

	return json_parse(s, &root, &fault) == 0 &&
	    (root.type == JT_OBJECT || root.type == JT_ARRAY);
}

/* (2) The first fenced block that looks like JSON, closed or not. */
static bool
block(struct str rest, struct str *out)
{
	const char *from = NULL;
	struct str line;

	while (line_next(&rest, &line)) {
		if (!line_is_fence(line))
			continue;
		if (from != NULL) {
			*out = (struct str){ from, (size_t)(line.p - from) };
			if (looks_like(*out))
				return true;
		}
		from = from == NULL ? rest.p : NULL;
	}
	if (from == NULL)
		return false;
	*out = (struct str){ from, (size_t)(rest.p - from) };
	return looks_like(*out);
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct of *x = p;
	struct value v = value_read(r, x->of, a);
	struct str inner;

	if (v.kind != VALUE_TEXT)
		return v;
	if (is_document(v.text))
		return value_text(STR("valid"));
	if (block(v.text, &inner))
		return value_text(is_document(inner) ? STR("fenced") : STR("invalid"));
	return value_text(looks_like(v.text) ? STR("invalid") : STR("none"));
}

const struct feature feature_json = {
	.name = "json", .help = "is JSON, or holds a block of it", .version = 1,
	.shape = SHAPE_CATEGORY, .params = of_params, .size = sizeof(struct of), .get = get,
};
