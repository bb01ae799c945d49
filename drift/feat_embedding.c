/*
 * feat_embedding.c -- a list of numbers that stands for a text, as another program computed it.
 *
 *  (1) `of` is the field: an array of `dimensions` numbers, or a text that is one.
 *  (2) An array of another length, or with anything but numbers, is other.  One without content is
 *      empty.
 *  (3) Components are rounded to 32 bits; one that they do not hold makes the value other.
 *  (4) What is redacted as a whole is other; no pattern of personal data is looked for in numbers.
 */
#include "drift/features.h"

#include <float.h>
#include <math.h>

struct embedding { const char *of; long dimensions; };

static const struct conf_key params[] = {
	OF_ROW_REQUIRED(embedding),
	{ "dimensions", CONF_INT, offsetof(struct embedding, dimensions), CONF_REQUIRED, "2..4096",
	  "numbers in each list" },
	{ 0 }
};

/* (2) (3) All of them are finite and fit; false: not so. */
static bool
numbers(struct json array, double *x, size_t n)
{
	struct json_iter it = { .of = array };
	struct json item;
	size_t k = 0;

	while (json_next(&it, &item)) {
		if (k == n || item.type != JT_NUMBER)
			return false;
		x[k] = json_to_real(item, INFINITY);
		if (!(fabs(x[k]) <= (double)FLT_MAX))
			return false;
		k++;
	}
	return k == n;
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct embedding *e = p;
	struct record plain = *r;
	struct value v;
	size_t n = (size_t)e->dimensions;
	double *x = arena_array(a, n, sizeof *x);
	struct json_fault fault;
	struct json array;

	plain.redact = NULL;                     /* (4) */
	v = record_value(&plain, str_of(e->of), a);
	if (v.kind != VALUE_TEXT)
		return v.kind == VALUE_NUMBER ? value_none(VALUE_OTHER) : v;
	if (str_trim(v.text).n == 0)
		return value_none(VALUE_EMPTY);
	if ((r->redact != NULL && redact_hides(r->redact, str_of(e->of))) ||
	    json_parse(v.text, &array, &fault) != 0 || array.type != JT_ARRAY)
		return value_none(VALUE_OTHER);
	if (!json_next(&(struct json_iter){ .of = array }, &(struct json){ 0 }))
		return value_none(VALUE_EMPTY);
	if (!numbers(array, x, n))
		return value_none(VALUE_OTHER);
	return (struct value){ .kind = VALUE_VECTOR, .text = vector_pack(x, n, a) };
}

const struct feature feature_embedding = {
	.name = "embedding", .help = "a list of numbers that stands for a text", .version = 1,
	.shape = SHAPE_VECTOR, .params = params, .size = sizeof(struct embedding), .get = get,
};
