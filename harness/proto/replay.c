/*
 * replay.c -- answers that were recorded elsewhere: a batch API's output, another harness's log,
 * production traffic.  No model is asked.
 *
 *  (1) The file is read once, when the target is opened.  All recorded answers stay in memory:
 *      the bytes of keys and answers, and about 100 bytes a record; while the file is read,
 *      keys twice.
 *  (2) A case's record is the one whose `match` field equals the case's id or its input.  When
 *      both are found and differ, `match: id` means the id; else the case is rejected.
 *  (3) The same key twice is a mistake, unless both records say the same.
 *  (4) Every repetition of a case gets the same answer.
 *  (5) A case without a record is rejected: it counts as unanswered, not as wrong.
 */
#include "harness/harness.h"

#include <stdlib.h>

enum { MISTAKES_MAX = 100 };

struct replay {
	const char *answers, *match, *answer, *outcome, *tokens_in, *tokens_out, *latency;
};

static const struct conf_key params[] = {
	{ "answers", CONF_TEXT, offsetof(struct replay, answers), CONF_REQUIRED, NULL,
	  "JSONL, CSV or TSV file of recorded answers" },
	{ "match", CONF_TEXT, offsetof(struct replay, match), "id", NULL,
	  "its field that equals a case's id or input" },
	{ "answer", CONF_TEXT, offsetof(struct replay, answer), "answer", NULL,
	  "its field, or JSON Pointer, with the answer" },
	{ "outcome", CONF_TEXT, offsetof(struct replay, outcome), NULL, NULL,
	  "its field with the outcome (answered, truncated, ...); without: answered" },
	{ "tokens_in", CONF_TEXT, offsetof(struct replay, tokens_in), NULL, NULL,
	  "its field with the tokens of the request" },
	{ "tokens_out", CONF_TEXT, offsetof(struct replay, tokens_out), NULL, NULL,
	  "its field with the tokens of the answer" },
	{ "latency", CONF_TEXT, offsetof(struct replay, latency), NULL, NULL,
	  "its field with the seconds that the answer took" },
	{ 0 }
};

struct recorded {
	struct str   key, text;
	enum outcome outcome;
	long         tokens_in, tokens_out, line;
	double       latency;                 /* seconds, -1: not recorded */
};

struct records { struct recorded *rec; size_t n; };           /* by key */

/* While the file is read. */
struct reading {
	struct map       at;                  /* from key to index */
	struct recorded *rec;
	size_t           n, cap;
};

static int
by_key(const void *a, const void *b)
{
	const struct recorded *x = a, *y = b;

	return str_cmp(x->key, y->key);
}

static const struct recorded *
find(const struct records *all, struct str key)
{
	return bsearch(&(struct recorded){ .key = key }, all->rec, all->n, sizeof *all->rec, by_key);
}

/* One record being read: what a sentence about it needs. */
struct here {
	const struct replay *p;
	const struct rows   *rows;
	const struct row    *row;
	struct arena        *field;
	struct err          *e;
};

static int
mistake(const struct here *h, const char *what, struct str got)
{
	struct arena a = { 0 };

	err_at(h->e, h->p->answers, (int)h->row->line, 0, "%s: '%s'", what,
	    str_visible(got, 60, false, &a).p);
	arena_free(&a);
	return -1;
}

/* An optional field's text; false if it is not configured or not in this record. */
static bool
get(const struct here *h, const char *name, struct str *out)
{
	return name != NULL && rows_field(h->rows, h->row, str_of(name), out, h->field) && out->n > 0;
}

static int
get_tokens(const struct here *h, const char *name, long *into)
{
	struct str s;

	*into = -1;
	if (get(h, name, &s) && (!str_long(s, into) || *into < 0))
		return mistake(h, "not a number of tokens", s);
	return 0;
}

static int
get_latency(const struct here *h, double *into)
{
	struct str s;

	*into = -1;
	if (get(h, h->p->latency, &s) && (!str_real(s, into) || *into < 0))
		return mistake(h, "not a latency in seconds", s);
	return 0;
}

static int
get_outcome(const struct here *h, enum outcome *into)
{
	struct str s;

	*into = OUT_ANSWERED;
	if (!get(h, h->p->outcome, &s))
		return 0;
	for (int i = 0; i < OUT_COUNT; i++)
		if (str_is(s, outcome_name[i])) {
			*into = (enum outcome)i;
			return 0;
		}
	return mistake(h, "not an outcome", s);
}

static int
read_record(const struct here *h, struct recorded *r)
{
	*r = (struct recorded){ .line = h->row->line };
	if (!rows_field(h->rows, h->row, str_of(h->p->match), &r->key, h->field))
		return err_at(h->e, h->p->answers, (int)r->line, 0, "no field '%s' to match cases by",
		    h->p->match);
	if (get_outcome(h, &r->outcome) != 0 || get_tokens(h, h->p->tokens_in, &r->tokens_in) != 0 ||
	    get_tokens(h, h->p->tokens_out, &r->tokens_out) != 0 || get_latency(h, &r->latency) != 0)
		return -1;
	if (!rows_field(h->rows, h->row, str_of(h->p->answer), &r->text, h->field) &&
	    (r->outcome == OUT_ANSWERED || r->outcome == OUT_TRUNCATED))
		return err_at(h->e, h->p->answers, (int)r->line, 0, "no field '%s' with the answer",
		    h->p->answer);
	return 0;
}

static void
remember(const struct here *h, struct reading *all, struct recorded r, struct arena *keep)
{
	uint64_t next = all->n, *at;
	bool is_new;

	at = map_put(&all->at, r.key, &is_new);
	if (!is_new) {                                                       /* (3) */
		const struct recorded *old = &all->rec[*at];
		struct arena a = { 0 };

		if (old->outcome != r.outcome || !str_eq(old->text, r.text))
			err_at(h->e, h->p->answers, (int)r.line, 0,
			    "another answer for '%s' than in line %ld",
			    str_visible(r.key, 60, false, &a).p, old->line);
		arena_free(&a);
		return;
	}
	*at = next;
	r.key = str_dup(r.key, keep);
	r.text = str_dup(r.text, keep);
	all->rec = mem_grow(all->rec, &all->cap, next + 1, sizeof *all->rec);
	all->rec[all->n++] = r;
}

static int
open_replay(struct target *t, struct arena *a, struct err *e)
{
	const struct replay *p = t->params;
	struct records *all = arena_alloc(a, sizeof *all);
	struct reading r = { 0 };
	int fd = file_open(t->dir, p->answers, t->roots, e), got, before = e->n;
	struct rows *rows = fd < 0 ? NULL : rows_open(fd, p->answers, ROWS_BY_NAME, e);
	struct arena field = { 0 };
	struct row row;

	if (rows == NULL)
		return -1;
	while ((got = rows_next(rows, &row, e)) != 0 && e->n - before < MISTAKES_MAX) {
		struct here h = { p, rows, &row, &field, e };
		struct recorded one;

		if (got > 0 && read_record(&h, &one) == 0)
			remember(&h, &r, one, a);
		arena_reset(&field);
	}
	rows_close(rows);
	arena_free(&field);
	if (e->n == before && r.n == 0)
		err_set(e, "'%s' has no records", p->answers);
	if (e->n == before) {
		*all = (struct records){ arena_array(a, r.n, sizeof *all->rec), r.n };
		memcpy(all->rec, r.rec, r.n * sizeof *r.rec);
		qsort(all->rec, all->n, sizeof *all->rec, by_key);
		t->state = all;
	}
	map_free(&r.at);
	mem_free(r.rec);
	return e->n == before ? 0 : -1;
}

/* What reply gets: the record's number, or "?" and why there is none. */
static void
request(struct request *r, const struct target *t, const struct test_case *tc, int rep,
    struct arena *a)
{
	const struct replay *p = t->params;
	const struct records *all = t->state;
	const struct recorded *by_id = find(all, str_of(tc->id)), *by_input = find(all, tc->input);
	const struct recorded *found;

	(void)rep, (void)a;
	if (by_id != NULL && strcmp(p->match, "id") == 0)
		by_input = NULL;
	found = by_input != NULL ? by_input : by_id;                         /* (2) */
	if (found == NULL)
		buf_fmt(&r->body, "?no recorded answer for case '%s'", tc->id);
	else if (by_id != NULL && by_id != found)
		buf_fmt(&r->body, "?case '%s' has two recorded answers: line %ld by its input and "
		    "line %ld by its id", tc->id, by_input->line, by_id->line);
	else
		buf_fmt(&r->body, "%td", found - all->rec);
}

static void
reply(struct completion *c, const struct target *t, int status, struct str body, struct arena *a)
{
	const struct records *all = t->state;
	const struct recorded *r;
	long at;

	(void)status, (void)a;
	if (!str_long(body, &at) || at < 0 || (size_t)at >= all->n) {
		c->outcome = OUT_REJECTED;                                       /* (5) */
		c->why = str_sub(body, 1, body.n);
		return;
	}
	r = &all->rec[at];
	c->outcome = r->outcome;
	c->text = r->text;
	c->bad_utf8 = str_bad_utf8(r->text) >= 0;
	c->tokens_in = r->tokens_in;
	c->tokens_out = r->tokens_out;
	if (r->latency >= 0)
		c->ms_total = r->latency * 1000;
	if (!OUTCOME_IS_MODELS(r->outcome))
		c->why = STR("recorded so");
}

const struct protocol protocol_replay = {
	.name = "replay", .help = "recorded answers from a file", .wire = WIRE_LOCAL,
	.params = params, .size = sizeof(struct replay),
	.open = open_replay, .request = request, .reply = reply,
};
