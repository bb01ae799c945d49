/*
 * log_pick.c -- values out of the JSON of a log line: what every format does with every line.
 */
#include "drift/logs.h"

/* Names are dealt to as many rows of a table by length and first byte: of a member's row most are
 * empty, so that most members are compared with no name and the others with one. */
enum { ROWS = 64 };

static inline size_t
row_of(struct str name)
{
	return (name.n * 7 + (name.n > 0 ? (unsigned char)name.p[0] : 0)) % ROWS;
}

void
log_pick(struct json object, const struct str *name, struct json *value, size_t n)
{
	struct json_iter it = { .of = object };
	uint8_t first[ROWS] = { 0 }, next[LOG_NAMES];   /* the names of a row, by their number from 1 */
	struct json v;

	for (size_t i = 0; i < n; i++) {
		uint8_t *row = &first[row_of(name[i])];

		value[i] = (struct json){ 0 };
		next[i] = *row;
		*row = (uint8_t)(i + 1);
	}
	while (object.type == JT_OBJECT && json_next(&it, &v)) {
		if (it.escaped)
			for (size_t i = 0; i < n; i++)
				value[i] = json_key_is(it.key, name[i]) ? v : value[i];
		else
			for (size_t i = first[row_of(it.key)]; i > 0; i = next[i - 1])
				if (str_eq(it.key, name[i - 1]))
					value[i - 1] = v;
	}
}

struct json
log_first(const struct json *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].type != JT_NONE && v[i].type != JT_NULL)
			return v[i];
	return (struct json){ 0 };
}

void
log_text(struct record *r, enum record_text which, struct json v, struct arena *a)
{
	if (v.type == JT_NONE || v.type == JT_NULL)
		return;
	r->has_text[which] = true;
	r->text[which] = v.type == JT_STRING ? json_text(v, a) : v.raw;
}

void
log_number(struct record *r, enum record_number which, struct json v, double scale)
{
	double number;
	long whole;

	if (v.type == JT_STRING)
		v.raw = str_sub(v.raw, 1, v.raw.n - 2);
	else if (v.type != JT_NUMBER)
		return;
	if (v.type == JT_NUMBER && str_long(v.raw, &whole))
		number = (double)whole;         /* what most are */
	else if (!parse_number(v.raw, &number))
		return;
	r->has_number[which] = true;
	r->number[which] = number * scale;
}

struct json
log_unwrap(struct json v, struct arena *a)
{
	struct str text;
	struct json_fault fault;
	struct json inner;

	if (v.type != JT_STRING || v.raw.n < 4)
		return v;
	text = str_trim(str_sub(v.raw, 1, v.raw.n - 2));
	if (text.n == 0 || (text.p[0] != '{' && text.p[0] != '['))
		return v;
	return json_parse(json_text(v, a), &inner, &fault) == 0 ? inner : v;
}
