/*
 * infer.c -- features of a log that nobody described, from its first records.
 *
 * What the server says of a request is watched where it is there, input and output by length and
 * n-grams, and of the other fields those that read as numbers, those with few values, and lists of
 * numbers of one length, which are taken for embeddings.  What is an identifier, a time, or one of
 * the record's own fields under the log's name, is not.
 */
#include "drift/profile.h"

#include <math.h>

enum { FEW = 20, FIELDS_MAX = 100, ENOUGH = 5, DIMENSIONS_LEAST = 8 };

/* One further field of the log. */
struct seen_field {
	struct str name;
	long       numbers, texts, others, vectors;
	size_t     dimensions;                /* of the first vector */
	struct str value[FEW + 1];            /* different texts */
	size_t     nvalue;
	bool       same_text[RECORD_TEXTS];   /* so far always one of the record's own */
	double     ratio[RECORD_NUMBERS];     /* always so many times one of them; 0: unknown */
	bool       unlike[RECORD_NUMBERS];
};

struct infer {
	struct arena     *arena;
	long              n, has_text[RECORD_TEXTS], has_number[RECORD_NUMBERS];
	struct seen_field field[FIELDS_MAX];
	size_t            nfield;
};

struct infer *
infer_begin(struct arena *a)
{
	struct infer *f = arena_alloc(a, sizeof *f);

	f->arena = a;
	return f;
}

/* Names of the record's own fields are asked by features of their own. */
static bool
is_own(struct str name)
{
	for (int i = 0; i < RECORD_TEXTS; i++)
		if (str_is(name, record_text_name[i]))
			return true;
	for (int i = 0; i < RECORD_NUMBERS; i++)
		if (str_is(name, record_number_name[i]))
			return true;
	return false;
}

static bool
is_identifier(struct str name)
{
	static const char *const end[] = { "_id", "Id", "ID", "_at", "time", "stamp", "date" };

	for (size_t i = 0; i < COUNT(end); i++) {
		struct str s = str_of(end[i]);

		if (name.n >= s.n && str_eq(str_sub(name, name.n - s.n, s.n), s))
			return true;
	}
	return str_is(name, "ts") || str_is(name, "created");
}

static struct seen_field *
field_of(struct infer *f, struct str name)
{
	struct seen_field *s;

	for (size_t i = 0; i < f->nfield; i++)
		if (str_eq(f->field[i].name, name))
			return &f->field[i];
	if (f->nfield == FIELDS_MAX)
		return NULL;
	s = &f->field[f->nfield++];
	s->name = str_dup(name, f->arena);
	for (int i = 0; i < RECORD_TEXTS; i++)
		s->same_text[i] = true;
	return s;
}

static void
see_text(struct infer *f, struct seen_field *s, struct str text, const struct record *r)
{
	double number;

	if (parse_number(str_trim(text), &number) && r->object.type == JT_NONE)
		s->numbers++;
	s->texts++;
	for (int i = 0; i < RECORD_TEXTS; i++)
		s->same_text[i] = s->same_text[i] && r->has_text[i] && str_eq(text, r->text[i]);
	for (size_t i = 0; i < s->nvalue; i++)
		if (str_eq(s->value[i], text))
			return;
	if (s->nvalue <= FEW)
		s->value[s->nvalue++] = str_dup(text, f->arena);
}

static void
see_number(struct seen_field *s, double x, const struct record *r)
{
	s->numbers++;
	for (int i = 0; i < RECORD_NUMBERS; i++) {
		double own = r->number[i];

		if (!r->has_number[i]) {
			s->unlike[i] = true;
		} else if (own != 0 && s->ratio[i] == 0) {
			s->ratio[i] = x / own;
		} else if (fabs(x - own * s->ratio[i]) > 1e-6 * fabs(x) + 1e-9) {
			s->unlike[i] = true;
		}
	}
}

/* How many numbers a JSON array has; 0 if there is anything else in it, or it is none. */
static size_t
dimensions_of(struct str text)
{
	struct json_fault fault;
	struct json array, item;
	size_t n = 0;

	if (text.n == 0 || text.p[0] != '[' || json_parse(text, &array, &fault) != 0)
		return 0;
	for (struct json_iter it = { .of = array }; json_next(&it, &item); n++)
		if (item.type != JT_NUMBER)
			return 0;
	return n;
}

/* Lists of another length than the first are others. */
static bool
see_vector(struct seen_field *s, struct str text)
{
	size_t n = dimensions_of(text);

	if (n < DIMENSIONS_LEAST || n > VECTOR_MAX)
		return false;
	if (s->dimensions == 0)
		s->dimensions = n;
	if (s->dimensions == n)
		s->vectors++;
	else
		s->others++;
	return true;
}

static void
see(struct infer *f, const struct record *r, struct str name, struct arena *scratch)
{
	struct value v;
	struct seen_field *s;
	double number;

	if (name.n == 0 || name.p[0] == '/' || is_own(name) || is_identifier(name) ||
	    str_bad_utf8(name) >= 0 || memchr(name.p, '\0', name.n) != NULL ||
	    (s = field_of(f, name)) == NULL)
		return;
	if (see_vector(s, record_logged(r, name, scratch).text))
		return;
	v = record_value(r, name, scratch);
	if (v.kind == VALUE_TEXT && r->object.type == JT_NONE &&
	    parse_number(str_trim(v.text), &number))
		see_number(s, number, r);
	else if (v.kind == VALUE_TEXT)
		see_text(f, s, v.text, r);
	else if (v.kind == VALUE_NUMBER)
		see_number(s, v.number, r);
	else if (v.kind == VALUE_OTHER)
		s->others++;
}

void
infer_add(struct infer *f, const struct record *r, struct arena *scratch)
{
	struct json_iter it = { .of = r->object };
	struct json member;
	const struct str *column;
	size_t n = 0;

	f->n++;
	for (int i = 0; i < RECORD_TEXTS; i++)
		f->has_text[i] += r->has_text[i];
	for (int i = 0; i < RECORD_NUMBERS; i++)
		f->has_number[i] += r->has_number[i];
	if (r->object.type == JT_OBJECT) {
		while (json_next(&it, &member))
			if (memchr(it.key.p, '\\', it.key.n) == NULL)
				see(f, r, it.key, scratch);
		return;
	}
	column = r->rows != NULL ? rows_columns(r->rows, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		see(f, r, column[i], scratch);
}

/* ---- what follows from it ----------------------------------------------------------------- */

struct list { struct watched *w; size_t n; };

static void
watch_list(struct list *l, const char *name, const char *get, const char *of, size_t dimensions,
           struct arena *a)
{
	const struct feature *f = feature_find(get);
	struct err e = { 0 };
	struct buf b = { 0 };
	struct node *params = NULL;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->w[i].name, name) == 0)
			return;
	if (f == NULL)
		bug("there is no feature '%s'", get);
	if (of != NULL) {
		buf_char(&b, '{');
		buf_key_text(&b, "of", str_of(of));
		if (dimensions > 0)
			buf_key_long(&b, "dimensions", (long)dimensions);
		buf_char(&b, '}');
		params = conf_load("inferred", buf_as_str(&b), a, &e);
	}
	if (e.n > 0 || watch_bind(&l->w[l->n], name, f, params, a, &e) != 0)
		bug("an inferred feature is wrong: %s", e.msg);
	l->n++;
	buf_free(&b);
}

static void
watch(struct list *l, const char *name, const char *get, const char *of, struct arena *a)
{
	watch_list(l, name, get, of, 0, a);
}

static bool
is_alias(const struct infer *f, const struct seen_field *s)
{
	for (int i = 0; i < RECORD_TEXTS; i++)
		if (s->texts > 0 && s->numbers == 0 && s->same_text[i])
			return true;
	for (int i = 0; i < RECORD_NUMBERS; i++)
		if (s->numbers > 0 && s->texts == 0 && f->has_number[i] > 0 && !s->unlike[i] &&
		    s->ratio[i] != 0)
			return true;
	return false;
}

/* Nearly always a number or a vector, or few texts of which each comes often enough. */
static void
watch_field(struct list *l, const struct infer *f, const struct seen_field *s, struct arena *a)
{
	const char *name = str_cstr(s->name, a);
	long all = s->numbers + s->texts + s->others + s->vectors;

	if (all == 0 || is_alias(f, s))
		return;
	if (s->vectors * 20 >= all * 19)
		watch_list(l, name, "embedding", name, s->dimensions, a);
	else if (s->numbers * 20 >= all * 19)
		watch(l, name, "number", name, a);
	else if (s->nvalue > 0 && s->nvalue <= FEW && s->texts * 2 >= all &&
	    (size_t)s->texts >= ENOUGH * s->nvalue)
		watch(l, name, "category", name, a);
}

void
infer_end(const struct infer *f, struct watched **w, size_t *n, struct arena *a)
{
	struct list l = { arena_array(a, FIELDS_MAX + 20, sizeof *l.w), 0 };

	if (f->has_text[RECORD_MODEL] + f->has_text[RECORD_ASKED] > 0)
		watch(&l, "model", "model", NULL, a);
	if (f->has_text[RECORD_FINISH] > 0)
		watch(&l, "finish", "finish", NULL, a);
	if (f->has_text[RECORD_ERROR] > 0)
		watch(&l, "error", "error", NULL, a);
	if (f->has_number[RECORD_LATENCY] > 0)
		watch(&l, "latency", "latency", NULL, a);
	if (f->has_number[RECORD_FIRST_TOKEN] > 0)
		watch(&l, "first_token", "first_token", NULL, a);
	if (f->has_number[RECORD_TOKENS_IN] > 0)
		watch(&l, "tokens_in", "tokens_in", NULL, a);
	if (f->has_number[RECORD_TOKENS_OUT] > 0)
		watch(&l, "tokens_out", "tokens_out", NULL, a);
	if (f->has_text[RECORD_INPUT] > 0) {
		watch(&l, "input length", "length", "input", a);
		watch(&l, "input text", "text", "input", a);
	}
	if (f->has_text[RECORD_OUTPUT] > 0) {
		watch(&l, "output length", "length", "output", a);
		watch(&l, "output text", "text", "output", a);
	}
	for (size_t i = 0; i < f->nfield; i++)
		watch_field(&l, f, &f->field[i], a);
	*w = l.w;
	*n = l.n;
}
