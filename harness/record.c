/*
 * record.c -- from a record of the case file to a case.
 *
 * Every field that suite.yaml names must be in every record; what is missing or misshapen is
 * said with the record's line, and reading goes on with the next.
 */
#include "harness/record.h"

static PRINTF(2, 3) int
fault(struct reader *r, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	r->stop = r->e->n >= SHOWN_MAX;
	return err_at(r->e, r->s->cases, (int)r->row.line, 0, "%s", line);
}

/* A field that the suite names must be there; one looked for under its usual name need not. */
static bool
field(struct reader *r, int which, const char *named)
{
	if (!r->pick[which].found && named != NULL)
		fault(r, "field '%s' is not in this record", named);
	return r->pick[which].found;
}

/* ---- the parts of a case ---------------------------------------------------------------- */

static void
read_expect(struct reader *r, struct str text)
{
	struct test_case *tc = &r->tc;
	struct json list, item;
	struct json_fault bad;
	size_t n = 0;

	/* A JSON list of answers; in CSV it may be written as text. */
	if (text.n > 0 && text.p[0] == '[' && json_parse(text, &list, &bad) == 0) {
		for (struct json_iter it = { .of = list }; json_next(&it, &item); )
			n++;
		tc->expect = arena_array(&r->scratch, n, sizeof *tc->expect);
		for (struct json_iter it = { .of = list }; json_next(&it, &item); )
			tc->expect[tc->nexpect++] = item.type == JT_STRING ?
			    json_text(item, &r->scratch) : item.raw;
	} else {
		tc->expect = arena_array(&r->scratch, 1, sizeof *tc->expect);
		tc->expect[tc->nexpect++] = text;
	}
	for (size_t i = 0; r->s->fields->extract != NULL && i < tc->nexpect; i++) {
		struct str whole, group;

		if (pattern_match(r->s->fields->extract, tc->expect[i], 0, &whole, &group) == PATTERN_YES)
			tc->expect[i] = str_trim(group);
		else
			fault(r, "expect: the extraction pattern does not match '%.*s'",
			    tc->expect[i].n < 60 ? (int)tc->expect[i].n : 60, tc->expect[i].p);
	}
}

static void
read_messages(struct reader *r, struct str text)
{
	struct test_case *tc = &r->tc;
	struct json list, item;
	struct json_fault bad;
	size_t n = 0;

	if (json_parse(text, &list, &bad) != 0 || list.type != JT_ARRAY) {
		fault(r, "messages: not a list of {role, content}");
		return;
	}
	for (struct json_iter it = { .of = list }; json_next(&it, &item); )
		n++;
	tc->msg = arena_array(&r->scratch, n, sizeof *tc->msg);
	for (struct json_iter it = { .of = list }; json_next(&it, &item); ) {
		struct json role = json_get(item, "role"), content = json_get(item, "content");

		if (role.type != JT_STRING || content.type != JT_STRING) {
			fault(r, "messages: every message has a role and a content, both text");
			return;
		}
		tc->msg[tc->nmsg++] = (struct msg){ str_cstr(json_text(role, &r->scratch), &r->scratch),
			json_text(content, &r->scratch) };
	}
	if (n == 0)
		fault(r, "messages: the list is empty");
}

static void
render(struct reader *r)
{
	struct suite *s = r->s;
	struct test_case *tc = &r->tc;
	struct str *value = r->value;

	tc->msg = arena_array(&r->scratch, s->nprompt, sizeof *tc->msg);
	for (size_t i = 0; i < s->nprompt; i++) {
		const struct prompt *p = &s->fields->prompt[i];
		struct buf b = { 0 };

		prompt_render(&b, p, value);
		value += p->n;
		tc->msg[tc->nmsg++] = (struct msg){ s->prompt[i].role,
			str_dup(buf_as_str(&b), &r->scratch) };
		buf_free(&b);
	}
}

/* The value of every placeholder: a field of the record, or the mapped input. */
static void
read_values(struct reader *r)
{
	for (size_t k = NFIELD; k < r->npick; k++) {
		const struct pick *p = &r->pick[k];

		r->value[k - NFIELD] = p->value;
		if (p->found)
			continue;
		if (str_is(p->name, "input") && r->s->fields->input != NULL)
			r->value[k - NFIELD] = r->tc.input;
		else
			fault(r, "placeholder '{{%.*s}}': this record has no such field", STR_ARG(p->name));
	}
}

static void
read_slice(struct reader *r, struct str name)
{
	struct suite *s = r->s;
	struct buf known = { 0 };
	uint64_t *slot;
	bool is_new;

	if (name.n == 0) {
		fault(r, "slice: field '%s' is empty", s->fields->slice);
		return;
	}
	slot = map_put(&r->slices, name, &is_new);
	if (!is_new) {
		r->tc.slice = (int)*slot - 1;
		return;
	}
	if (s->has_shares) {
		for (size_t i = 0; i < s->nslice && i < 12; i++)
			buf_fmt(&known, "%s%s", i ? ", " : "", s->slice[i].name);
		fault(r, "slice '%.*s' is not in %s (%s%s)", STR_ARG(name), s->path,
		    known.p ? known.p : "", s->nslice > 12 ? ", ..." : "");
		buf_free(&known);
		*slot = 1;                              /* reported once */
		return;
	}
	if (s->nslice == 10000) {
		fault(r, "more than 10,000 slices: is '%s' really the field that names the slice?",
		    s->fields->slice);
		r->stop = true;
		return;
	}
	if ((s->nslice & (s->nslice - 1)) == 0) {       /* grows by doubling inside the arena */
		struct slice *more = arena_array(r->a, s->nslice ? s->nslice * 2 : 1, sizeof *more);

		if (s->nslice)
			memcpy(more, s->slice, s->nslice * sizeof *more);
		s->slice = more;
	}
	s->slice[s->nslice] = (struct slice){ .name = str_cstr(name, r->a) };
	*slot = ++s->nslice;
	r->tc.slice = (int)*slot - 1;
}

static void
read_tags(struct reader *r, struct str text)
{
	struct buf b = { 0 };
	struct json list, item;
	struct json_fault bad;

	if (text.n > 0 && text.p[0] == '[' && json_parse(text, &list, &bad) == 0) {
		for (struct json_iter it = { .of = list }; json_next(&it, &item); ) {
			buf_str(&b, json_text(item, &r->scratch));
			buf_char(&b, ' ');
		}
	} else {
		for (size_t i = 0; i < text.n; i++)
			buf_char(&b, text.p[i] == ',' ? ' ' : text.p[i]);
	}
	r->tags = str_cstr(str_trim(buf_as_str(&b)), &r->scratch);
	buf_free(&b);
}

static void
read_weight(struct reader *r, struct str text)
{
	if (!str_real(str_trim(text), &r->tc.weight) || r->tc.weight <= 0)
		fault(r, "weight '%.*s' is not a number above 0", STR_ARG(text));
}

static void
hash_field(struct buf *b, struct str s)
{
	uint64_t n = s.n;

	buf_add(b, &n, sizeof n);
	buf_str(b, s);
}

/* Over all that the model sees or the scorers compare with: an edited case is another case. */
static void
hash_case(struct reader *r, struct str messages)
{
	buf_reset(&r->bytes);
	hash_field(&r->bytes, r->tc.input);
	hash_field(&r->bytes, messages);
	for (size_t i = 0; i < r->tc.nexpect; i++)
		hash_field(&r->bytes, r->tc.expect[i]);
	for (size_t i = NFIELD; i < r->npick; i++)
		hash_field(&r->bytes, r->value[i - NFIELD]);
	r->tc.hash = hash128(buf_as_str(&r->bytes));
}

/* ---- one record ---------------------------------------------------------------------------- */

int
record_next(struct reader *r, bool want_messages)
{
	const struct suite_fields *f = r->s->fields;
	struct str messages = STR("");
	int before = r->e->n, got;

	arena_reset(&r->scratch);
	r->tc = (struct test_case){ .slice = -1, .weight = 1 };
	r->tags = "";
	if ((got = rows_next(r->rows, &r->row, r->e)) <= 0) {
		r->stop = r->e->n >= SHOWN_MAX;
		return got;
	}
	r->tc.line = r->row.line;
	rows_pick(r->rows, &r->row, r->pick, r->npick, &r->scratch);
	if (field(r, INPUT, f->input))
		r->tc.input = r->pick[INPUT].value;
	if (field(r, EXPECT, f->expect))
		read_expect(r, r->pick[EXPECT].value);
	if (f->messages != NULL && field(r, MESSAGES, f->messages)) {
		messages = r->pick[MESSAGES].value;
		read_messages(r, messages);
	}
	if (f->messages == NULL) {
		read_values(r);
		if (want_messages)
			render(r);
	}
	if (r->s->has_slices && field(r, SLICE, f->slice))
		read_slice(r, r->pick[SLICE].value);
	if (field(r, CLUSTER, f->cluster))
		r->tc.cluster = str_cstr(r->pick[CLUSTER].value, &r->scratch);
	if (field(r, WEIGHT, f->weight))
		read_weight(r, r->pick[WEIGHT].value);
	if (field(r, TAGS, f->tags))
		read_tags(r, r->pick[TAGS].value);
	hash_case(r, messages);
	if (field(r, ID, f->id) && r->pick[ID].value.n > 0) {
		struct str id = r->pick[ID].value;

		if (id.n > 512 || str_bad_utf8(id) >= 0 || memchr(id.p, '\0', id.n) != NULL)
			fault(r, "the id is not UTF-8 text of at most 512 bytes");
		r->tc.id = str_cstr(id, &r->scratch);
	} else {
		r->tc.id = arena_fmt(&r->scratch, "%016llx%016llx", (unsigned long long)r->tc.hash.hi,
		    (unsigned long long)r->tc.hash.lo);
	}
	if (r->tc.input.n == 0 && r->tc.nmsg > 0)
		r->tc.input = r->tc.msg[r->tc.nmsg - 1].text;
	return r->e->n == before ? 1 : -1;
}

/* ---- names -------------------------------------------------------------------------------- */

void
record_names(struct reader *r)
{
	const struct suite_fields *f = r->s->fields;
	const char *name[NFIELD] = {
		[ID] = f->id ? f->id : "id", [INPUT] = f->input ? f->input : "input",
		[MESSAGES] = f->messages, [EXPECT] = f->expect ? f->expect : "expect", [SLICE] = f->slice,
		[CLUSTER] = f->cluster, [WEIGHT] = f->weight, [TAGS] = f->tags ? f->tags : "tags",
	};

	r->npick = NFIELD;
	for (size_t i = 0; i < r->s->nprompt; i++)
		r->npick += f->prompt[i].n;
	r->pick = arena_array(r->a, r->npick, sizeof *r->pick);
	r->value = arena_array(r->a, r->npick - NFIELD, sizeof *r->value);
	for (size_t i = 0; i < NFIELD; i++)
		r->pick[i].name = str_of(name[i]);
	r->npick = NFIELD;
	for (size_t i = 0; i < r->s->nprompt; i++)
		for (size_t k = 0; k < f->prompt[i].n; k++)
			r->pick[r->npick++].name = f->prompt[i].name[k];
}
