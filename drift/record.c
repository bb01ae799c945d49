/*
 * record.c -- one request of a production log: its fields by name.
 *
 * Our names come first; any other name is a member, a JSON Pointer or a column of what was
 * logged, and redacted on its way out.
 */
#include "drift/drift.h"

#define TEXTS(N) N("id"), N("asked"), N("model"), N("input"), N("output"), N("finish"), \
	N("error"), N("tags")
#define NUMBERS(N) N("time"), N("latency"), N("first_token"), N("tokens_in"), N("tokens_out")
#define AS_IT_IS(lit) lit
#define WITH_LENGTH(lit) { (lit), sizeof(lit) - 1 }

const char *const record_text_name[RECORD_TEXTS] = { TEXTS(AS_IT_IS) };
const char *const record_number_name[RECORD_NUMBERS] = { NUMBERS(AS_IT_IS) };
/* Compared with for every value of every record: most differ in their lengths. */
static const struct str text_name[RECORD_TEXTS] = { TEXTS(WITH_LENGTH) };
static const struct str number_name[RECORD_NUMBERS] = { NUMBERS(WITH_LENGTH) };

static struct value
of_text(struct str text)
{
	return (struct value){ text.n > 0 ? VALUE_TEXT : VALUE_EMPTY, .text = text };
}

static struct value
of_number(double number, struct str text)
{
	return (struct value){ VALUE_NUMBER, .number = number, .text = text };
}

static struct value
of_json(struct json v, struct arena *a)
{
	switch (v.type) {
	case JT_NONE:
	case JT_NULL:
		return (struct value){ .kind = VALUE_MISSING };
	case JT_STRING:
		return of_text(json_text(v, a));
	case JT_NUMBER:
		return of_number(json_to_real(v, 0), v.raw);
	case JT_ARRAY:
	case JT_OBJECT:
		if (!json_next(&(struct json_iter){ .of = v }, &(struct json){ 0 }))
			return (struct value){ .kind = VALUE_EMPTY };
		break;
	default:
		break;
	}
	return of_text(v.raw);
}

struct value
record_logged(const struct record *r, struct str name, struct arena *a)
{
	struct str cell;
	double number;

	if (r->object.type != JT_NONE)
		return of_json(json_at(r->object, name), a);
	if (r->rows == NULL || !rows_field(r->rows, r->row, name, &cell, a))
		return (struct value){ .kind = VALUE_MISSING };
	return parse_number(cell, &number) ? of_number(number, cell) : of_text(cell);
}

struct value
record_value(const struct record *r, struct str name, struct arena *a)
{
	struct value v;

	for (int i = 0; i < RECORD_TEXTS; i++)
		if (str_eq(name, text_name[i]))
			return r->has_text[i] ? of_text(r->text[i]) : (struct value){ .kind = VALUE_MISSING };
	for (int i = 0; i < RECORD_NUMBERS; i++)
		if (str_eq(name, number_name[i]))
			return r->has_number[i] ? of_number(r->number[i], STR("")) :
			    (struct value){ .kind = VALUE_MISSING };
	v = record_logged(r, name, a);
	if (r->redact == NULL || (v.kind != VALUE_TEXT && v.kind != VALUE_NUMBER))
		return v;
	if (redact_hides(r->redact, name))
		return of_text(STR("[removed]"));
	v.text = redact_text(r->redact, v.text, a);
	/* A card number is a number only for JSON. */
	return v.kind == VALUE_NUMBER && !parse_number(v.text, NULL) ? of_text(v.text) : v;
}

uint64_t
record_hash(const struct record *r)
{
	uint64_t hash = 0;

	if (r->hash != 0)
		return r->hash;
	if (r->has_text[RECORD_ID] && r->text[RECORD_ID].n > 0)
		return hash64(r->text[RECORD_ID], 0);
	if (r->object.type != JT_NONE || r->row == NULL)
		return hash64(r->object.raw, 0);
	for (size_t i = 0; i < r->row->ncell; i++)
		hash = hash64(r->row->cell[i], hash + 1);
	return hash;
}
