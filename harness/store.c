/*
 * store.c -- the verbs: every INSERT, UPDATE and DELETE but those of bodies (store_blob.c).
 *
 * The first write after a commit begins a batch and store_flush commits it: one sync for many
 * rows.  Statements are compiled at their first use and kept.  A failure ends the program
 * (store_fail): what was committed stays, and a later run goes on from there.
 */
#include "harness/store_int.h"

#include <math.h>

enum { CASES_PER_BATCH = 2000 };

static const char *const state_name[] = { "running", "complete", "interrupted", "budget", "dead" };

enum verb {
	BEGIN, COMMIT, ROLLBACK,
	SUITE_FIND, SUITE_NAMED, SUITE_ANY, SUITE_ABANDON, SUITE_PUT, SUITE_DIGEST, SUITE_RENEW,
	SUITE_DONE, SUITE_COUNT,
	SLICE_PUT, CASE_PUT,
	RUN_FIND, RUN_NEWEST, RUN_PUT, RUN_AGAIN, RUN_END, RUN_SERVING, FORGET_SCORES,
	FORGET_COMPLETIONS,
	METRIC_PUT, METRIC_DROP, COMPLETION_PUT, SCORE_PUT, SCORE_DROP, ESTIMATE_PUT, ESTIMATE_DROP,
	VERDICT_PUT, VERDICT_DROP, BASELINE_PUT, BASELINE_DROP, EVENT_PUT,
	VERBS
};
_Static_assert((int)VERBS <= (int)STORE_VERBS, "struct store has no room for all verbs");

static const char *const sql[VERBS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[SUITE_FIND] = "SELECT id FROM suite WHERE digest = ? AND done = 1",
	[SUITE_NAMED] = "SELECT id FROM suite WHERE name = ?",
	[SUITE_ANY] = "SELECT id, done FROM suite WHERE digest = ?",
	[SUITE_ABANDON] = "UPDATE suite SET digest = 'abandoned ' || id WHERE id = ?",
	[SUITE_PUT] = "INSERT INTO suite (digest, prompt_digest, name, path, source, seed, repeats, at)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[SUITE_DIGEST] = "UPDATE suite SET digest = ?2 WHERE id = ?1",
	[SUITE_RENEW] = "UPDATE suite SET path = ?2, source = ?3 WHERE id = ?1"
	    " AND (path <> ?2 OR source IS NOT ?3)",
	[SUITE_DONE] = "UPDATE suite SET ncases = ?2, done = 1 WHERE id = ?1",
	[SUITE_COUNT] = "SELECT count(*) FROM test_case WHERE suite = ?",
	[SLICE_PUT] = "INSERT INTO slice (suite, slice, name, share) VALUES (?1, ?2, ?3, ?4)"
	    " ON CONFLICT (suite, slice) DO UPDATE SET name = ?3, share = ?4",
	[CASE_PUT] = "INSERT INTO test_case (suite, name, hash, slice, cluster, weight, messages,"
	    " plain, input, expect, tags, line) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (suite, name) DO NOTHING",
	[RUN_FIND] = "SELECT id, state FROM run WHERE key = ? AND state <> 1 ORDER BY id DESC LIMIT 1",
	[RUN_NEWEST] = "SELECT id, state FROM run WHERE key = ? ORDER BY id DESC LIMIT 1",
	[RUN_PUT] = "INSERT INTO run (key, suite, target, target_digest, target_config, program,"
	    " command, host, filter, ncases, ncalls, state, sittings, started, seconds)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1, ?, 0)",
	[RUN_AGAIN] = "UPDATE run SET state = 0, sittings = sittings + 1, ended = NULL WHERE id = ?",
	[RUN_END] = "UPDATE run SET state = ?2, seconds = seconds + ?3, ended = ?4 WHERE id = ?1",
	[RUN_SERVING] = "UPDATE run SET serving = ?2 WHERE id = ?1",
	[FORGET_SCORES] = "DELETE FROM score WHERE run = ?1 AND (test_case, rep) IN"
	    " (SELECT test_case, rep FROM completion WHERE run = ?1 AND outcome >= 4)",
	[FORGET_COMPLETIONS] = "DELETE FROM completion WHERE run = ? AND outcome >= 4",
	[METRIC_PUT] = "INSERT INTO metric (run, metric, name, scorer, version, params, scale,"
	    " lower_is_better, unit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
	    " ON CONFLICT (run, metric) DO UPDATE SET name = ?3, scorer = ?4, version = ?5,"
	    " params = ?6, scale = ?7, lower_is_better = ?8, unit = ?9",
	[COMPLETION_PUT] = "INSERT INTO completion (run, test_case, rep, outcome, at, text, reasoning,"
	    " why, why_long, finish, served, fingerprint, response_id, bad_utf8, status, attempts,"
	    " tokens_in, tokens_out, ms_total, ms_first, ms_queue, ms_backoff, cost, logprobs,"
	    " logprob_text, raw)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SCORE_PUT] = "INSERT INTO score (run, metric, test_case, rep, value, why, why_long)"
	    " VALUES (?1, ?2, ?3, ?4, CASE ?5 WHEN 1 THEN ?6 END, ?7, ?8)",
	[SCORE_DROP] = "DELETE FROM score WHERE run = ?",
	[ESTIMATE_PUT] = "INSERT INTO estimate (run, metric, slice, at, lo, hi, n, method, nscored,"
	    " nmissing) VALUES (?1, ?2, ?3, CASE ?4 WHEN 1 THEN ?5 END, CASE ?6 WHEN 1 THEN ?7 END,"
	    " CASE ?6 WHEN 1 THEN ?8 END, ?9, ?10, ?11, ?12)",
	[ESTIMATE_DROP] = "DELETE FROM estimate WHERE run = ?",
	[METRIC_DROP] = "DELETE FROM metric WHERE run = ?",
	[VERDICT_PUT] = "INSERT INTO verdict (run, base, gate, verdict, reason, json, at)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)",
	[VERDICT_DROP] = "DELETE FROM verdict WHERE run = ? AND base IS ?",
	[BASELINE_PUT] = "INSERT INTO baseline (suite_name, name, run, at) VALUES (?1, ?2, ?3, ?4)"
	    " ON CONFLICT (suite_name, name) DO UPDATE SET run = ?3, at = ?4",
	[BASELINE_DROP] = "DELETE FROM baseline WHERE suite_name = ? AND name = ?",
	[EVENT_PUT] = "INSERT INTO event (run, at, kind, text) VALUES (?, ?, ?, ?)",
};

/* ---- statements ------------------------------------------------------------------------------ */

static sqlite3_stmt *
bound(struct store *s, enum verb v, const char *fmt, va_list ap)
{
	if (s->verb[v] == NULL)
		s->verb[v] = store_prepare(s, sql[v]);
	store_bind(s, s->verb[v], false, fmt, ap);
	return s->verb[v];
}

void
store_begin(struct store *s)
{
	if (s->in_batch)
		return;
	if (!s->writer)
		bug("writing to '%s', which was opened for reading", s->path);
	if (s->verb[BEGIN] == NULL)
		s->verb[BEGIN] = store_prepare(s, sql[BEGIN]);
	if (sqlite3_step(s->verb[BEGIN]) != SQLITE_DONE)
		store_fail(s, "begin to write");
	sqlite3_reset(s->verb[BEGIN]);
	s->in_batch = true;
}

static void
put(struct store *s, enum verb v, const char *fmt, ...)
{
	sqlite3_stmt *st;
	va_list ap;

	store_begin(s);
	va_start(ap, fmt);
	st = bound(s, v, fmt, ap);
	va_end(ap);
	if (sqlite3_step(st) != SQLITE_DONE)
		store_fail(s, "write");
	sqlite3_reset(st);
}

/* Up to two numbers of the first row, or false when there is none. */
static bool
get(struct store *s, enum verb v, long *first, long *second, const char *fmt, ...)
{
	sqlite3_stmt *st;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	st = bound(s, v, fmt, ap);
	va_end(ap);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		store_fail(s, "read");
	if (rc == SQLITE_ROW) {
		*first = sqlite3_column_int64(st, 0);
		if (second != NULL)
			*second = sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	return rc == SQLITE_ROW;
}

size_t
store_unsaved(const struct store *s)
{
	return s->unsaved;
}

/*
 * A reader that is in the middle of a SELECT makes the commit wait.  SQLite tries for 10 s;
 * a report over a large store may take longer, so this goes on for ten minutes.
 */
void
store_flush(struct store *s)
{
	int rc = SQLITE_BUSY;

	if (!s->in_batch)
		return;
	if (s->verb[COMMIT] == NULL)
		s->verb[COMMIT] = store_prepare(s, sql[COMMIT]);
	for (int i = 0; i < 60 && (rc & 0xff) == SQLITE_BUSY; i++) {
		if (i == 1)
			warn("'%s' is being read; waiting to save results", s->path);
		rc = sqlite3_step(s->verb[COMMIT]);
		sqlite3_reset(s->verb[COMMIT]);
	}
	if (rc != SQLITE_DONE)
		store_fail(s, "save a batch");
	s->in_batch = false;
	s->saved += (long)s->unsaved;
	s->unsaved = 0;
	s->ncases = 0;
}

/* ---- suites ---------------------------------------------------------------------------------- */

static void
bytes_of(struct hash128 h, unsigned char out[16])
{
	for (int i = 0; i < 8; i++) {
		out[i] = (unsigned char)(h.hi >> (56 - 8 * i));
		out[8 + i] = (unsigned char)(h.lo >> (56 - 8 * i));
	}
}

long
store_suite_find(struct store *s, const char *digest)
{
	long id = 0;

	get(s, SUITE_FIND, &id, NULL, "s", digest);
	return id;
}

bool
store_suite_named(struct store *s, const char *name)
{
	long id;

	return get(s, SUITE_NAMED, &id, NULL, "s", name);
}

/*
 * What an attempt that never came to its end left under this digest is not trusted: the case
 * file may have changed while it was read.  It gives up its digest and is never looked at again.
 */
static void
make_way(struct store *s, const char *digest)
{
	long id, done = 0;

	if (!get(s, SUITE_ANY, &id, &done, "s", digest))
		return;
	if (done)
		bug("suite %s is in '%s' already", digest, s->path);
	put(s, SUITE_ABANDON, "i", id);
}

long
store_suite_begin(struct store *s, const struct suite_row *r)
{
	s->in_suite = r->digest == NULL;
	if (s->in_suite)
		store_flush(s);                 /* a drop is of nothing else */
	else
		make_way(s, r->digest);
	put(s, SUITE_PUT, "sssskiii", r->digest ? r->digest : "", r->prompt_digest, r->name, r->path,
	    store_intern(s, r->source), (long)r->seed, (long)r->repeats, (long)tick_wall_ms());
	return sqlite3_last_insert_rowid(s->db);
}

void
store_suite_digest(struct store *s, long suite, const char *digest)
{
	make_way(s, digest);
	put(s, SUITE_DIGEST, "is", suite, digest);
	s->in_suite = false;
}

void
store_suite_drop(struct store *s)
{
	put(s, ROLLBACK, "");
	s->in_batch = s->in_suite = false;
	s->ncases = 0;
	store_forget_bodies(s);
}

void
store_suite_renew(struct store *s, long suite, const char *path, struct str source)
{
	put(s, SUITE_RENEW, "isk", suite, path, store_intern(s, source));
}

void
store_put_slice(struct store *s, long suite, int slice, const char *name, double share)
{
	put(s, SLICE_PUT, "iisr", suite, (long)slice, name, share);
}

/* What v_case writes after a backslash for this byte, or 0 for the byte itself. */
static char
escape(char c)
{
	switch (c) {
	case '\\':
	case '"':
		return c;
	case '\n':
		return 'n';
	case '\t':
		return 't';
	default:
		return '\0';
	}
}

/* Whether v_case can make these messages out of the input: one message of the user. */
static bool
is_plain(struct str messages, struct str input)
{
	const struct str head = STR("[{\"role\":\"user\",\"content\":\""), tail = STR("\"}]");
	size_t at = head.n;

	if (!str_starts(messages, head) || memchr(input.p, '\0', input.n) != NULL)
		return false;
	for (size_t i = 0; i < input.n && at + 1 < messages.n; i++) {
		char e = escape(input.p[i]);

		if (e != '\0' && messages.p[at++] != '\\')
			return false;
		if (messages.p[at++] != (e ? e : input.p[i]))
			return false;
	}
	return str_eq(str_sub(messages, at, SIZE_MAX), tail);
}

void
store_put_case(struct store *s, long suite, const struct test_case *tc, struct str messages,
    struct str expect, const char *tags)
{
	unsigned char bytes[16];
	long plain = messages.n == 0 || (tc->input.n > 0 && is_plain(messages, tc->input));
	long message_id, input_id, expect_id;

	bytes_of(tc->hash, bytes);
	message_id = plain ? 0 : store_intern(s, messages);
	input_id = store_intern(s, tc->input);
	expect_id = store_intern(s, expect);
	put(s, CASE_PUT, "isbnsrkikksi", suite, tc->id, (struct str){ (const char *)bytes, 16 },
	    (long)tc->slice, tc->cluster, tc->weight, message_id, plain, input_id, expect_id,
	    tags ? tags : "", tc->line);
	if (++s->ncases >= CASES_PER_BATCH && !s->in_suite)
		store_flush(s);
}

void
store_suite_done(struct store *s, long suite, long ncases)
{
	long n = 0;

	get(s, SUITE_COUNT, &n, NULL, "i", suite);
	if (n != ncases)
		bug("suite %ld has %ld cases in '%s', not %ld", suite, n, s->path, ncases);
	put(s, SUITE_DONE, "ii", suite, ncases);
	store_flush(s);
}

/* ---- runs ------------------------------------------------------------------------------------ */

void
store_event(struct store *s, long run, const char *kind, const char *text)
{
	put(s, EVENT_PUT, "kiss", run, (long)tick_wall_ms(), kind, text);
}

static void
event_fmt(struct store *s, long run, const char *kind, const char *fmt, ...) PRINTF(4, 5);

static void
event_fmt(struct store *s, long run, const char *kind, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(&b, fmt, ap);
	va_end(ap);
	store_event(s, run, kind, b.p);
	buf_free(&b);
}

long
store_run_begin(struct store *s, const struct run_row *r, enum run_start start, bool *resumed)
{
	long id = 0, state = 0, forgotten;

	*resumed = start != START_FRESH &&
	    get(s, start == START_RETRY ? RUN_NEWEST : RUN_FIND, &id, &state, "s", r->key);
	if (!*resumed) {
		put(s, RUN_PUT, "sisssssssiii", r->key, r->suite, r->target, r->target_digest,
		    r->target_config, r->program, r->command, r->host, r->filter, r->ncases, r->ncalls,
		    (long)tick_wall_ms());
		id = sqlite3_last_insert_rowid(s->db);
		event_fmt(s, id, "begin", "%ld calls to '%s': %s", r->ncalls, r->target, r->command);
	} else {
		put(s, RUN_AGAIN, "i", id);
		event_fmt(s, id, "resume", "was %s: %s", state_name[state], r->command);
	}
	if (*resumed && (state == RUN_DEAD || start == START_RETRY)) {
		put(s, FORGET_SCORES, "i", id);
		put(s, FORGET_COMPLETIONS, "i", id);
		forgotten = sqlite3_changes(s->db);
		event_fmt(s, id, "forget", "%ld completions that the service failed", forgotten);
	}
	return id;
}

void
store_run_metric(struct store *s, long run, int metric, const char *name, const char *scorer,
    int version, const char *params, enum scale scale, bool lower_is_better, const char *unit)
{
	put(s, METRIC_PUT, "iissisiis", run, (long)metric, name, scorer, (long)version,
	    params ? params : "{}", (long)scale, (long)lower_is_better, unit ? unit : "");
}

void
store_run_end(struct store *s, long run, enum run_state state, double seconds)
{
	put(s, RUN_END, "iiri", run, (long)state, seconds, (long)tick_wall_ms());
	event_fmt(s, run, "end", "%s after %.1f s", state_name[state], seconds);
}

void
store_run_serving(struct store *s, long run, const char *json)
{
	put(s, RUN_SERVING, "is", run, json);
}

/* ---- results --------------------------------------------------------------------------------- */

/* A short reason stands in its row, a long one among the bodies; an empty one nowhere. */
struct reason { const char *text; long blob; };

static struct reason
reason_of(struct store *s, struct str why, char room[101])
{
	if (why.n == 0)
		return (struct reason){ NULL, 0 };
	if (why.n > 100 || memchr(why.p, '\0', why.n) != NULL)
		return (struct reason){ NULL, store_intern(s, why) };
	memcpy(room, why.p, why.n);
	room[why.n] = '\0';
	return (struct reason){ room, 0 };
}

/* Token texts may be parts of UTF-8 characters: their bytes are kept apart from the numbers,
 * and are most often those of the answer, which is stored anyway. */
static void
logprobs_of(struct store *s, const struct completion *c)
{
	buf_reset(&s->lp);
	buf_reset(&s->lp_text);
	if (c->nlp == 0)
		return;
	for (size_t i = 0; i < c->nlp; i++) {
		buf_fmt(&s->lp, "%s[%zu,", i ? "," : "[", c->lp[i].token.n);
		buf_real(&s->lp, c->lp[i].lp);
		buf_char(&s->lp, ']');
		buf_str(&s->lp_text, c->lp[i].token);
	}
	buf_char(&s->lp, ']');
}

void
store_put_completion(struct store *s, long run, long test_case, int rep,
    const struct completion *c, struct str raw)
{
	char room[101];
	struct reason why = reason_of(s, c->why, room);
	long text = store_intern(s, c->text), reasoning = store_intern(s, c->reasoning);
	long raw_id = store_intern(s, raw);
	long finish = store_intern_again(s, &s->finish, c->finish);
	long served = store_intern_again(s, &s->served, c->served);
	long fingerprint = store_intern_again(s, &s->fingerprint, c->fingerprint);
	long lp, lp_text;

	logprobs_of(s, c);
	lp = store_intern(s, buf_as_str(&s->lp));
	lp_text = store_intern(s, buf_as_str(&s->lp_text));
	put(s, COMPLETION_PUT, "iiiiikkskkkktiiinnrmrrmkkk", run, test_case, (long)rep,
	    (long)c->outcome, (long)tick_wall_ms(), text, reasoning, why.text, why.blob, finish, served,
	    fingerprint, c->response_id, (long)c->bad_utf8, (long)c->status, (long)c->attempts,
	    c->tokens_in, c->tokens_out, c->ms_total, c->ms_first, c->ms_queue, c->ms_backoff, c->cost,
	    lp, lp_text, raw_id);
	s->unsaved++;
}

void
store_put_score(struct store *s, long run, int metric, long test_case, int rep, struct score score)
{
	char room[101];
	struct reason why = reason_of(s, score.why, room);

	if (score.scored && !isfinite(score.value))
		bug("metric %d scored case %ld with a number that is none", metric, test_case);
	put(s, SCORE_PUT, "iiiiirsk", run, (long)metric, test_case, (long)rep, (long)score.scored,
	    score.value, why.text, why.blob);
}

void
store_drop_scores(struct store *s, long run)
{
	put(s, SCORE_DROP, "i", run);
	event_fmt(s, run, "rescore", "%d scores were dropped to score anew", sqlite3_changes(s->db));
	put(s, ESTIMATE_DROP, "i", run);
	put(s, METRIC_DROP, "i", run);
}

void
store_put_estimate(struct store *s, long run, int metric, int slice, const struct estimate *e,
    long nscored, long nmissing)
{
	put(s, ESTIMATE_PUT, "iiiirirrisii", run, (long)metric, (long)slice, (long)e->known, e->at,
	    (long)e->bounded, e->lo, e->hi, e->n, e->method ? e->method : "", nscored, nmissing);
}

void
store_drop_estimates(struct store *s, long run)
{
	put(s, ESTIMATE_DROP, "i", run);
}

void
store_drop_verdicts(struct store *s, long run, long base)
{
	put(s, VERDICT_DROP, "ik", run, base);
}

void
store_put_verdict(struct store *s, long run, long base, const char *gate, enum verdict v,
    const char *reason, const char *json)
{
	put(s, VERDICT_PUT, "iksissi", run, base, gate, (long)v, reason ? reason : "",
	    json ? json : "", (long)tick_wall_ms());
}

void
store_set_baseline(struct store *s, const char *suite_name, const char *name, long run)
{
	put(s, BASELINE_PUT, "ssii", suite_name, name, run, (long)tick_wall_ms());
	event_fmt(s, run, "baseline-set", "'%s' of suite '%s'", name, suite_name);
	store_flush(s);
}

bool
store_drop_baseline(struct store *s, const char *suite_name, const char *name)
{
	bool was;

	put(s, BASELINE_DROP, "ss", suite_name, name);
	was = sqlite3_changes(s->db) > 0;
	if (was)
		event_fmt(s, 0, "baseline-drop", "'%s' of suite '%s'", name, suite_name);
	store_flush(s);
	return was;
}
