/*
 * cases.c -- the case file: checked, drawn, and written into the store.
 *
 * The file is streamed and never held.  The first pass checks every record and keeps sixteen
 * bytes of each (hash of the id, line, slice); from these come duplicates and the draw.  The
 * next pass makes the suite's digest over what was drawn, and if the store does not hold a
 * suite with that digest a last one writes the cases.  A suite without a draw makes its digest
 * in the first pass.
 */
#include "harness/suite.h"

#include <math.h>

enum { SHOWN_MAX = 100 };

/* What is kept of a case: its permanent random number is a hash of id and seed. */
struct entry { uint64_t number; uint32_t line; int32_t slice; };

/* The fields of a record that mean something, in the order they are read; placeholders follow. */
enum { ID, INPUT, MESSAGES, EXPECT, SLICE, CLUSTER, WEIGHT, TAGS, NFIELD };

struct reader {
	struct suite       *s;
	const struct roots *roots;
	struct rows        *rows;
	struct row          row;
	struct err         *e;
	struct arena        scratch;       /* of one record */
	struct test_case    tc;
	const char         *tags;
	struct pick        *pick;          /* NFIELD fields, then every placeholder of every message */
	size_t              npick;
	struct str         *value;         /* of the placeholders */
	struct buf          bytes;         /* what the case's hash covers */
	struct map          slices;        /* name to index + 1 */
	struct arena       *a;
	bool                stop;
};

static int
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
		tc->msg[tc->nmsg++] = (struct msg){ s->prompt[i].role, str_dup(buf_as_str(&b), &r->scratch) };
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

/* 1: r->tc is the next case; 0: the end; -1: a record with mistakes, which were reported. */
static int
read_case(struct reader *r, bool want_messages)
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

static int
rewind_cases(struct reader *r)
{
	struct err e = { 0 };
	int fd;

	if (r->rows != NULL)
		rows_close(r->rows);
	r->rows = NULL;
	if ((fd = file_open(r->s->dir, r->s->cases, r->roots, &e)) < 0 ||
	    (r->rows = rows_open(fd, path_join(r->s->dir, r->s->cases, r->a), r->s->fields->format,
	    &e)) == NULL)
		return err_at(r->e, r->s->path, conf_get(r->s->root, "cases")->line, 0, "cases: %.*s",
		    (int)e.len - 1, e.msg);
	return 0;
}

/* A named column that a CSV header lacks is one mistake, not one per record. */
static int
check_columns(struct reader *r)
{
	const struct suite_fields *f = r->s->fields;
	const char *named[] = { f->id, f->input, f->messages, f->expect, f->slice, f->cluster,
		f->weight, f->tags };
	size_t n;
	const struct str *column = rows_columns(r->rows, &n);
	int before = r->e->n;

	for (size_t i = 0; column != NULL && i < COUNT(named); i++) {
		bool there = named[i] == NULL;

		for (size_t j = 0; j < n; j++)
			there = there || str_is(column[j], named[i]);
		if (!there)
			conf_err(f->at, r->e, "fields: '%s' has no column '%s'", r->s->cases, named[i]);
	}
	for (size_t i = 0; column != NULL && i < r->s->nprompt; i++)
		for (size_t k = 0; k < f->prompt[i].n; k++) {
			struct str name = f->prompt[i].name[k];
			bool there = str_is(name, "input") && f->input != NULL;

			for (size_t j = 0; j < n; j++)
				there = there || str_eq(column[j], name);
			if (!there)
				conf_err(r->s->root, r->e, "prompt: placeholder '{{%.*s}}' is no column of '%s'",
				    STR_ARG(name), r->s->cases);
		}
	return r->e->n == before ? 0 : -1;
}

/* ---- duplicates and the draw ------------------------------------------------------------------ */

static int
by_number(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static void
check_duplicates(struct reader *r, const struct entry *entry, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (entry[i].number == entry[i - 1].number && r->e->n < SHOWN_MAX)
			err_at(r->e, r->s->cases, (int)entry[i].line, 0,
			    "the id of this case is already in line %u", (unsigned)entry[i - 1].line);
}

/* limit[slice + 1]: a case is drawn if its number is below.  `entry` is sorted by number. */
static int
draw(struct reader *r, const struct entry *entry, size_t n, uint64_t *limit)
{
	struct suite *s = r->s;
	struct slice whole = { .name = "all", .share = 1, .has_share = true, .found = (long)n };
	struct slice *slice = s->nslice ? s->slice : &whole;
	size_t k = s->nslice ? s->nslice : 1;
	long *want = mem_alloc(k, sizeof *want);
	struct err e = { 0 };
	int status = 0;

	if (s->size == 0) {
		for (size_t i = 0; i < k; i++)
			slice[i].drawn = slice[i].found;
		for (size_t i = 0; i <= k; i++)
			limit[i] = UINT64_MAX;
	} else if (draw_allocate(slice, k, s->size, want, &e) != 0) {
		status = err_at(r->e, s->path, conf_get(s->root, "size")->line, 0, "size: %.*s",
		    (int)e.len - 1, e.msg);
	} else {
		for (size_t i = 0; i < n; i++) {
			size_t at = entry[i].slice < 0 ? 0 : (size_t)entry[i].slice;

			if (slice[at].drawn < want[at]) {
				slice[at].drawn++;
				limit[at + 1] = entry[i].number;
			}
		}
		limit[0] = limit[1];
	}
	mem_free(want);
	return status;
}

static bool
is_drawn(const struct reader *r, const uint64_t *limit)
{
	return r->s->size == 0 ||
	    draw_number(r->s->seed, str_of(r->tc.id)) <= limit[r->tc.slice + 1];
}

/* ---- digest and writing -------------------------------------------------------------------------- */

static void
digest_case(struct sha256 *h, const struct reader *r)
{
	const struct test_case *tc = &r->tc;
	double weight = tc->weight;
	int32_t slice = tc->slice;

	sha256_field(h, str_of(tc->id));
	sha256_field(h, buf_as_str(&r->bytes));
	sha256_field(h, str_of(tc->cluster));
	sha256_add(h, (struct str){ (const char *)&weight, sizeof weight });
	sha256_add(h, (struct str){ (const char *)&slice, sizeof slice });
}

static void
digest_config(struct sha256 *h, const struct suite *s)
{
	char n[64];

	sha256_field(h, str_of(s->name));
	sha256_field(h, str_of(s->prompt_digest));
	for (size_t i = 0; i < s->nmetric; i++) {
		const struct metric *m = &s->metric[i];

		sha256_field(h, str_of(m->name));
		sha256_field(h, str_of(m->scorer->name));
		snprintf(n, sizeof n, "%d", m->scorer->version);
		sha256_field(h, str_of(n));
		sha256_field(h, str_of(m->params_json));
	}
	for (size_t i = 0; i < s->nslice; i++) {
		snprintf(n, sizeof n, "%.17g", s->slice[i].has_share ? s->slice[i].share : -1.0);
		sha256_field(h, str_of(s->slice[i].name));
		sha256_field(h, str_of(n));
	}
	snprintf(n, sizeof n, "%d %d %ld %llu", s->repeats, s->has_shares, s->size,
	    s->size ? (unsigned long long)s->seed : 0ULL);
	sha256_field(h, str_of(n));
}

/* Only the input is asked, and it can be put into JSON by escaping four characters. */
static bool
is_plain(const struct test_case *tc)
{
	if (tc->nmsg != 1 || strcmp(tc->msg[0].role, "user") != 0 || !str_eq(tc->msg[0].text, tc->input))
		return false;
	return tc->input.n > 0 && !str_has_control(tc->input);
}

static void
messages_json(struct buf *messages, const struct test_case *tc)
{
	buf_char(messages, '[');
	for (size_t i = 0; i < tc->nmsg; i++) {
		buf_puts(messages, i ? ",{" : "{");
		buf_key(messages, "role");
		buf_json(messages, str_of(tc->msg[i].role));
		buf_key(messages, "content");
		buf_json(messages, tc->msg[i].text);
		buf_char(messages, '}');
	}
	buf_char(messages, ']');
}

static void
write_case(struct reader *r, struct store *st, struct buf *messages, struct buf *expect)
{
	buf_reset(messages);
	if (!is_plain(&r->tc))
		messages_json(messages, &r->tc);
	buf_reset(expect);
	buf_char(expect, '[');
	for (size_t i = 0; i < r->tc.nexpect; i++) {
		if (i)
			buf_char(expect, ',');
		buf_json(expect, r->tc.expect[i]);
	}
	buf_char(expect, ']');
	store_put_case(st, r->s->row, &r->tc, buf_as_str(messages), buf_as_str(expect), r->tags);
}

static int
write_suite(struct reader *r, struct store *st, const uint64_t *limit)
{
	struct suite *s = r->s;
	struct suite_row row = { .digest = s->digest, .prompt_digest = s->prompt_digest,
		.name = s->name, .path = s->path, .source = s->source, .seed = s->seed,
		.repeats = s->repeats };
	struct buf messages = { 0 }, expect = { 0 };
	int got;

	if (rewind_cases(r) != 0)
		return -1;
	s->row = store_suite_begin(st, &row);
	for (size_t i = 0; i < s->nslice; i++)
		store_put_slice(st, s->row, (int)i, s->slice[i].name,
		    s->slice[i].has_share ? s->slice[i].share : -1);
	while ((got = read_case(r, true)) > 0)
		if (is_drawn(r, limit))
			write_case(r, st, &messages, &expect);
	if (got == 0)
		store_suite_done(st, s->row, s->ncases);
	buf_free(&messages);
	buf_free(&expect);
	return got;
}

/* ---- the passes --------------------------------------------------------------------------------------- */

static int
first_pass(struct reader *r, struct entry **entry, size_t *n, struct sha256 *h)
{
	struct suite *s = r->s;
	size_t cap = 0;
	uint64_t key = rng_key(s->seed, "draw");
	int got, before = r->e->n;

	while (!r->stop && (got = read_case(r, false)) != 0) {
		if (got < 0)
			continue;
		*entry = mem_grow(*entry, &cap, *n + 1, sizeof **entry);
		(*entry)[(*n)++] = (struct entry){ rng_next(key, hash64(str_of(r->tc.id), 0)),
			(uint32_t)r->tc.line, r->tc.slice };
		if (r->tc.slice >= 0)
			s->slice[r->tc.slice].found++;
		if (s->size == 0)
			digest_case(h, r);
	}
	return r->e->n == before ? 0 : -1;
}

static int
prepare(struct reader *r, struct store *st)
{
	struct suite *s = r->s;
	struct entry *entry = NULL;
	struct sha256 h = sha256_begin();
	uint64_t *limit = NULL;
	size_t n = 0;
	int status = -1, got = 0;

	if (rewind_cases(r) != 0 || check_columns(r) != 0)
		goto out;
	status = first_pass(r, &entry, &n, &h);
	if (n > 0)
		qsort(entry, n, entry ? sizeof *entry : 1, by_number);
	check_duplicates(r, entry, n);
	if (status != 0 || r->e->n != 0) {
		status = -1;
		goto out;
	}
	limit = mem_alloc(s->nslice + 2, sizeof *limit);
	if ((status = draw(r, entry, n, limit)) != 0)
		goto out;
	mem_free(entry);                                /* a million cases: 16 MB */
	entry = NULL;
	s->ncases = s->size ? s->size : (long)n;
	if (s->size != 0) {
		if ((status = rewind_cases(r)) != 0)
			goto out;
		while ((got = read_case(r, false)) > 0)
			if (is_drawn(r, limit))
				digest_case(&h, r);
	}
	digest_config(&h, s);
	sha256_end(&h, s->digest);
	if ((s->row = store_suite_find(st, s->digest)) == 0)
		status = write_suite(r, st, limit);
	else
		store_suite_renew(st, s->row, s->path, s->source);
out:
	if (h.ctx != NULL) {
		char unused[65];

		sha256_end(&h, unused);
	}
	mem_free(entry);
	mem_free(limit);
	return status != 0 || got < 0 ? -1 : 0;
}

/* Which names the records are searched for: those of suite.yaml, or the usual ones. */
static void
name_fields(struct reader *r)
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

int
suite_store(struct suite *s, const struct roots *roots, struct store *st, struct arena *a,
    struct err *e)
{
	struct reader r = { .s = s, .roots = roots, .e = e, .a = a };
	int status;
	bool is_new;

	name_fields(&r);
	for (size_t i = 0; i < s->nslice; i++)
		*map_put(&r.slices, str_of(s->slice[i].name), &is_new) = i + 1;
	status = prepare(&r, st);
	if (r.rows != NULL)
		rows_close(r.rows);
	map_free(&r.slices);
	buf_free(&r.bytes);
	arena_free(&r.scratch);
	return status;
}
