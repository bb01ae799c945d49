/*
 * feat_text.c -- the text itself, for profiles of its n-grams.
 *
 *  (1) The text is the field `of`.
 *  (2) With `fold` case, composition and runs of white space do not count.
 *  (3) With `digits = same` each digit of ASCII is a 0: else every number is an n-gram of its own.
 *  (4) A byte that is not UTF-8 is U+FFFD.
 *  (5) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

enum { DIGITS_SAME, DIGITS_KEEP };

struct text { const char *of; bool fold; int digits; };

static const struct conf_key params[] = {
	OF_ROW(text),
	{ "fold", CONF_BOOL, offsetof(struct text, fold), "yes", NULL,
	  "ignore case and runs of white space" },
	{ "digits", CONF_ENUM, offsetof(struct text, digits), "same", "same|keep",
	  "whether digits are all alike" },
	{ 0 }
};

/* (3) */
static struct str
zeroed(struct str s, struct arena *a)
{
	char *p = arena_raw(a, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= '0' && s.p[i] <= '9' ? '0' : s.p[i];
	return (struct str){ p, s.n };
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct text *x = p;
	struct value v = value_read(r, x->of, a);

	if (v.kind != VALUE_TEXT)
		return v;
	v.text = valid_utf8(v.text, a);
	if (x->fold)
		v.text = str_fold(v.text, a);
	if (x->digits == DIGITS_SAME)
		v.text = zeroed(v.text, a);
	return v;
}

const struct feature feature_text = {
	.name = "text", .help = "the text itself, for its n-grams", .version = 1,
	.shape = SHAPE_TEXT, .params = params, .size = sizeof(struct text), .get = get,
};
