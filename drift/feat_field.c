/*
 * feat_field.c -- a field of the record as a number, a category or a yes and no.
 *
 *  (1) `of` is the field: one of the record's own by name, else a member, a JSON Pointer or a
 *      column of the record as it was logged.
 *  (2) A field that is not there or null is missing, a text, object or array without content is
 *      empty, and what has another type is other: none is left out or taken for a value.
 *  (3) number: a JSON number, or in CSV and TSV a text that is one.  With `text = yes` a JSON
 *      text that is a number counts, too; else it is other, because its type changed.
 *  (4) category: a text without white space at its ends, a number in its shortest form, true
 *      and false.  With `fold` case, composition and runs of white space do not count.
 *  (5) boolean: true and false, as the categories yes and no.  The texts true, false, yes, no,
 *      on and off count in CSV and TSV, in JSON with `text = yes`.
 *  (6) exact: the text byte by byte, white space and all: `Neutral.` is not `Neutral`.
 *  (7) A category of more than 240 bytes is its beginning and a hash of all of it; a byte that
 *      is not UTF-8 is U+FFFD.
 */
#include "drift/features.h"

struct typed { const char *of; bool text; };
struct category_params { const char *of; bool fold; };

static const struct conf_key typed_params[] = {
	OF_ROW_REQUIRED(typed),
	{ "text", CONF_BOOL, offsetof(struct typed, text), "no", NULL,
	  "read JSON texts as values, too" },
	{ 0 }
};

static const struct conf_key category_params[] = {
	OF_ROW_REQUIRED(category_params),
	{ "fold", CONF_BOOL, offsetof(struct category_params, fold), "no", NULL,
	  "ignore case and runs of white space" },
	{ 0 }
};

/* (3) (5) Columns have no types, so there a text may stand for anything. */
static bool
reads_texts(const struct typed *x, const struct record *r)
{
	return x->text || r->object.type == JT_NONE;
}

static struct value
get_number(const void *p, const struct record *r, struct arena *a)
{
	const struct typed *x = p;
	struct value v = value_field(r, x->of, false, a);
	struct str s = str_trim(v.text);
	double number;

	if (v.kind != VALUE_TEXT)
		return v;
	if (s.n == 0)
		return value_none(VALUE_EMPTY);
	if (reads_texts(x, r) && parse_number(s, &number))
		return value_number(number);
	return value_none(VALUE_OTHER);
}

static struct value
get_category(const void *p, const struct record *r, struct arena *a)
{
	const struct category_params *x = p;
	struct value v = value_field(r, x->of, true, a);
	struct buf b = { 0 };

	if (v.kind == VALUE_NUMBER) {
		buf_real(&b, v.number);
		v = value_text(str_dup(buf_as_str(&b), a));
		buf_free(&b);
	} else if (v.kind == VALUE_TEXT) {
		v = value_category(x->fold ? str_fold(v.text, a) : str_trim(v.text), a);
	}
	return v;
}

/* (5) */
static struct value
get_boolean(const void *p, const struct record *r, struct arena *a)
{
	const struct typed *x = p;
	struct value v = value_field(r, x->of, true, a);
	/* True and false are texts only where scalars are asked for. */
	bool literal = v.kind == VALUE_TEXT && value_field(r, x->of, false, a).kind == VALUE_OTHER;
	bool yes;

	if (v.kind == VALUE_MISSING || v.kind == VALUE_EMPTY)
		return v;
	if (v.kind != VALUE_TEXT)
		return value_none(VALUE_OTHER);
	if (str_trim(v.text).n == 0)
		return value_none(VALUE_EMPTY);
	if ((literal || reads_texts(x, r)) && parse_bool(str_trim(v.text), &yes))
		return value_text(str_of(yes ? "yes" : "no"));
	return value_none(VALUE_OTHER);
}

/* (6) */
static struct value
get_exact(const void *p, const struct record *r, struct arena *a)
{
	const struct of *x = p;
	struct value v = value_field(r, x->of, false, a);

	if (v.kind == VALUE_NUMBER)
		return value_none(VALUE_OTHER);
	return v.kind == VALUE_TEXT ? value_category(v.text, a) : v;
}

const struct feature feature_number = {
	.name = "number", .help = "a field that is a number", .version = 1, .shape = SHAPE_NUMBER,
	.params = typed_params, .size = sizeof(struct typed), .get = get_number,
};

const struct feature feature_category = {
	.name = "category", .help = "a field that is one of few texts or numbers", .version = 1,
	.shape = SHAPE_CATEGORY, .params = category_params, .size = sizeof(struct category_params),
	.get = get_category,
};

const struct feature feature_boolean = {
	.name = "boolean", .help = "a field that is true or false", .version = 1,
	.shape = SHAPE_CATEGORY, .params = typed_params, .size = sizeof(struct typed),
	.get = get_boolean,
};

const struct feature feature_exact = {
	.name = "exact", .help = "a text, byte by byte", .version = 1, .shape = SHAPE_CATEGORY,
	.params = of_params, .size = sizeof(struct of), .get = get_exact,
};
