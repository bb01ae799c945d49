/*
 * cases.c -- the case file: checked, drawn, and written into the store.
 *
 * The file is streamed and never held.  The first pass checks every record and keeps sixteen
 * bytes of each (hash of the id, line, slice); from these come duplicates and the draw.  The
 * next pass makes the suite's digest over what was drawn, and if the store does not hold a
 * suite with that digest a last one writes the cases.
 *
 * A suite without a draw makes its digest in the first pass.  If moreover the store knows none
 * of its name, the same pass writes the cases, in a transaction that is taken back if there is
 * a mistake in the file, or if it is so long that readers of the store would wait for it.
 */
#include "harness/record.h"

enum { ONE_PASS_MAX = 100000 };

/* What is kept of a case: its permanent random number is a hash of id and seed. */
struct entry { uint64_t number; uint32_t line; int32_t slice; };

/* What writes cases into the store. */
struct pen {
	struct store *store;
	bool          writing;
	struct buf    messages, expect;
};

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

/* ---- duplicates and the draw ---------------------------------------------------------------- */

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

/* ---- digest and writing --------------------------------------------------------------------- */

/* Chains the cases of a pass, so that a file that changes between two passes is noticed. */
static void
see(struct reader *r)
{
	uint64_t link[] = { r->tc.hash.hi, r->tc.hash.lo, (uint64_t)r->tc.slice };

	r->seen = hash64((struct str){ (const char *)link, sizeof link }, r->seen);
	r->seen = hash64(str_of(r->tc.id), r->seen);
}

static void
digest_case(struct sha256 *h, struct reader *r)
{
	const struct test_case *tc = &r->tc;
	double weight = tc->weight;
	int32_t slice = tc->slice;

	sha256_field(h, str_of(tc->id));
	sha256_field(h, buf_as_str(&r->bytes));
	sha256_field(h, str_of(tc->cluster));
	sha256_add(h, (struct str){ (const char *)&weight, sizeof weight });
	sha256_add(h, (struct str){ (const char *)&slice, sizeof slice });
	see(r);
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
	return tc->nmsg == 1 && strcmp(tc->msg[0].role, "user") == 0 &&
	    str_eq(tc->msg[0].text, tc->input) && tc->input.n > 0 && !str_has_control(tc->input);
}

static void
write_head(struct pen *p, const struct reader *r, const char *digest)
{
	struct suite *s = r->s;
	struct suite_row row = { .digest = digest, .prompt_digest = s->prompt_digest,
		.name = s->name, .path = s->path, .source = s->source, .seed = s->seed,
		.repeats = s->repeats };

	s->row = store_suite_begin(p->store, &row);
	p->writing = true;
}

static void
write_case(struct pen *p, struct reader *r)
{
	buf_reset(&p->messages);
	if (!is_plain(&r->tc))
		messages_json(&p->messages, r->tc.msg, r->tc.nmsg);
	buf_reset(&p->expect);
	buf_char(&p->expect, '[');
	for (size_t i = 0; i < r->tc.nexpect; i++) {
		if (i)
			buf_char(&p->expect, ',');
		buf_json(&p->expect, r->tc.expect[i]);
	}
	buf_char(&p->expect, ']');
	store_put_case(p->store, r->s->row, &r->tc, buf_as_str(&p->messages), buf_as_str(&p->expect),
	    r->tags);
}

static void
write_end(struct pen *p, const struct suite *s)
{
	for (size_t i = 0; i < s->nslice; i++)
		store_put_slice(p->store, s->row, (int)i, s->slice[i].name,
		    s->slice[i].has_share ? s->slice[i].share : -1);
	store_suite_done(p->store, s->row, s->ncases);
	p->writing = false;
}

static int
write_suite(struct pen *p, struct reader *r, const uint64_t *limit)
{
	uint64_t seen = r->seen;
	int got;

	if (rewind_cases(r) != 0)
		return -1;
	r->seen = 0;
	write_head(p, r, r->s->digest);
	while ((got = record_next(r, true)) > 0)
		if (is_drawn(r, limit)) {
			see(r);
			write_case(p, r);
		}
	if (got == 0 && r->seen != seen)
		got = err_set(r->e, "'%s' changed while it was read: run again", r->s->cases);
	if (got == 0)
		write_end(p, r->s);
	p->writing = false;
	return got;
}

/* ---- the passes ----------------------------------------------------------------------------- */

/* Leaves the store as it was before the first pass. */
static void
take_back(struct pen *p)
{
	if (p->writing)
		store_suite_drop(p->store);
	p->writing = false;
}

static int
first_pass(struct reader *r, struct pen *p, struct entry **entry, size_t *n, struct sha256 *h)
{
	struct suite *s = r->s;
	size_t cap = 0;
	uint64_t key = rng_key(s->seed, "draw");
	int got, before = r->e->n;

	while (!r->stop && (got = record_next(r, p->writing)) != 0) {
		if (got < 0 || *n == ONE_PASS_MAX)
			take_back(p);
		if (got < 0)
			continue;
		*entry = mem_grow(*entry, &cap, *n + 1, sizeof **entry);
		(*entry)[(*n)++] = (struct entry){ rng_next(key, hash64(str_of(r->tc.id), 0)),
			(uint32_t)r->tc.line, r->tc.slice };
		if (r->tc.slice >= 0)
			s->slice[r->tc.slice].found++;
		if (s->size == 0)
			digest_case(h, r);
		if (p->writing)
			write_case(p, r);
	}
	return r->e->n == before ? 0 : -1;
}

static int
prepare(struct reader *r, struct store *st)
{
	struct suite *s = r->s;
	struct pen pen = { .store = st };
	struct entry *entry = NULL;
	struct sha256 h = sha256_begin();
	uint64_t *limit = NULL;
	size_t n = 0;
	int status = -1, got = 0;

	if (rewind_cases(r) != 0 || check_columns(r) != 0)
		goto out;
	if (s->size == 0 && !store_suite_named(st, s->name))
		write_head(&pen, r, NULL);
	status = first_pass(r, &pen, &entry, &n, &h);
	if (n > 0)
		qsort(entry, n, sizeof *entry, by_number);
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
		while ((got = record_next(r, false)) > 0)
			if (is_drawn(r, limit))
				digest_case(&h, r);
	}
	digest_config(&h, s);
	sha256_end(&h, s->digest);
	if (pen.writing) {
		store_suite_digest(st, s->row, s->digest);
		write_end(&pen, s);
	} else if ((s->row = store_suite_find(st, s->digest)) == 0) {
		status = write_suite(&pen, r, limit);
	} else {
		store_suite_renew(st, s->row, s->path, s->source);
	}
out:
	take_back(&pen);
	buf_free(&pen.messages);
	buf_free(&pen.expect);
	if (h.ctx != NULL) {
		char unused[65];

		sha256_end(&h, unused);
	}
	mem_free(entry);
	mem_free(limit);
	return status != 0 || got < 0 ? -1 : 0;
}

int
suite_store(struct suite *s, const struct roots *roots, struct store *st, struct arena *a,
    struct err *e)
{
	struct reader r = { .s = s, .roots = roots, .e = e, .a = a };
	int status;
	bool is_new;

	record_names(&r);
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
