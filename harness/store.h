/*
 * store.h -- the database.
 *
 * Layer 6.  Opaque; written by the verbs below, read by SELECT over the views that
 * driftlead-db(5) documents.  store.c alone includes sqlite3.h.
 *
 * Once store_open has succeeded nothing here can fail: a disk that will not take a result
 * ends the program with EXIT_SURROUNDINGS, a damaged page with EXIT_DAMAGED.  Strings passed
 * in are copied before the verb returns; what queries return is good until the next
 * query_next.
 */
#ifndef STORE_H
#define STORE_H

#include "harness/base/base.h"
#include "harness/base/nouns.h"

struct store;
enum store_mode {
	STORE_READ,              /* must exist; others may write meanwhile */
	STORE_WRITE,             /* must exist; one writer at a time */
	STORE_CREATE             /* as WRITE, and made (0600) if it is not there */
};

/* 0 and *store; else the exit status that fits and a sentence: EXIT_MISTAKE no such file,
 * EXIT_DAMAGED not a store, damaged, or newer than this program, EXIT_LOCKED another writer
 * (which, and where), EXIT_SURROUNDINGS the disk, or a network file system. */
int  store_open(struct store **, const char *path, enum store_mode, struct err *) MUST_USE;
void store_close(struct store *);                        /* flushes */
const char *store_path(const struct store *);

/* ---- suites and their cases ------------------------------------------------------------------ */

struct suite_row {
	const char *digest;              /* SHA-256, hex; NULL: known when all cases were read */
	const char *prompt_digest;
	const char *name, *path;
	struct str  source;              /* suite.yaml as it was */
	uint64_t    seed;
	int         repeats;
};
/* The suite's row id, or 0 if its cases are not all there. */
long store_suite_find(struct store *, const char *digest);
/* Gates and remarks are not part of the digest: the newest text under it is the one that holds. */
void store_suite_renew(struct store *, long suite, const char *path, struct str source);
/* Whether a suite of this name is there, whatever its digest. */
bool store_suite_named(struct store *, const char *name);
/* Starts to write a suite, anew if an attempt did not end; store_suite_done makes it findable.
 * Without a digest in the row all that follows is one transaction: store_suite_digest says what
 * the digest came to be, or store_suite_drop leaves the store as it was. */
long store_suite_begin(struct store *, const struct suite_row *);
void store_suite_digest(struct store *, long suite, const char *digest);
void store_suite_drop(struct store *);
void store_put_slice(struct store *, long suite, int slice, const char *name, double share);
/* messages, expect: JSON arrays, see driftlead-db(5); no messages: `input` is all that is asked,
 * by the user, and holds no control character but newlines and tabs.  tags: separated by blanks. */
void store_put_case(struct store *, long suite, const struct test_case *, struct str messages,
                    struct str expect, const char *tags);
void store_suite_done(struct store *, long suite, long ncases);

/* ---- runs ------------------------------------------------------------------------------------------ */

struct run_row {
	const char *key;                 /* SHA-256 over all that makes two runs the same run */
	long        suite;
	const char *target, *target_digest, *target_config;   /* config: JSON, without secrets */
	const char *program, *command, *host;
	const char *filter;              /* "" or what --filter said */
	long        ncases, ncalls;      /* planned: cases, and cases times repeats */
};
enum run_state {                     /* of v_run.state, as text */
	RUN_RUNNING,                     /* or died: a writer's lock tells */
	RUN_COMPLETE,
	RUN_INTERRUPTED,                 /* by a signal */
	RUN_BUDGET,                      /* a budget was spent */
	RUN_DEAD                         /* the target stopped answering */
};
/* How a run begins.  RESUME: the newest unfinished one with this key goes on, else a new one.
 * FRESH: a new one.  RETRY: the newest with this key goes on even if it is complete, to ask again
 * what the service failed to answer. */
enum run_start { START_RESUME, START_FRESH, START_RETRY };
/* *resumed: not a new one.  Resuming a DEAD run, and RETRY, forget the completions that the service
 * failed. */
long store_run_begin(struct store *, const struct run_row *, enum run_start, bool *resumed);
void store_run_metric(struct store *, long run, int metric, const char *name, const char *scorer,
                      int version, const char *params, enum scale, bool lower_is_better,
                      const char *unit);
/* Seconds of this sitting are added to the run's.  The caller flushes. */
void store_run_end(struct store *, long run, enum run_state, double seconds);
/* What the server says of itself: JSON; version, weights digest, served names. */
void store_run_serving(struct store *, long run, const char *json);

/* raw: the body as it came, kept when the caller passes any. */
void store_put_completion(struct store *, long run, long test_case, int rep,
                          const struct completion *, struct str raw);
void store_put_score(struct store *, long run, int metric, long test_case, int rep, struct score);
void store_drop_scores(struct store *, long run);          /* and metrics and estimates: to score anew */
void store_put_estimate(struct store *, long run, int metric, int slice, const struct estimate *,
                        long nscored, long nmissing);      /* slice -1: the whole suite */
void store_drop_estimates(struct store *, long run);
void store_drop_verdicts(struct store *, long run, long base);
/* gate: the gate's name, or NULL for the verdict of the whole release. base: 0 for none. */
void store_put_verdict(struct store *, long run, long base, const char *gate, enum verdict,
                       const char *reason, const char *json);
void store_set_baseline(struct store *, const char *suite_name, const char *name, long run);
bool store_drop_baseline(struct store *, const char *suite_name, const char *name);
void store_event(struct store *, long run, const char *kind, const char *text);

/* ---- watches (store_watch.c): a check and all that it brings end with one store_flush ------------------ */

struct check_row {
	const char *key;                 /* SHA-256, hex */
	const char *watch;
	int64_t     from_ms, to_ms;      /* the window; from -1: all that there was */
	long        records;
	const char *reference, *reference_digest;
	double      alpha;               /* spent */
	int         verdict;             /* 0 nothing drifted, 1 something did, 2 cannot be said */
	struct str  json;
};
long store_put_check(struct store *, const struct check_row *);
struct finding_row {
	const char *feature, *detector;
	bool        known;               /* false: no effect, interval and p */
	double      effect, lo, hi, p, p_bh, tolerance;
	int         direction, verdict;
};
void store_put_finding(struct store *, long check, long place, const struct finding_row *);
/* One piece of a check's profile, or, with a name and check 0, of a pinned one. */
void store_put_watch_profile(struct store *, const char *watch, const char *name, long check,
                             int season, int cell, struct str bytes);
/* So that another can be pinned by this name. */
void store_drop_pinned(struct store *, const char *watch, const char *name);
/* Those of checks whose window ended before this. */
void store_drop_profiles(struct store *, const char *watch, int64_t before_ms);
/* onset_ms 0: unknown. */
void store_incident_open(struct store *, const char *watch, const char *feature,
                         const char *detector, int64_t onset_ms, int64_t opened_ms, long check);
void store_incident_seen(struct store *, long incident, long check);
void store_incident_resolve(struct store *, long incident, int64_t resolved_ms);

size_t store_unsaved(const struct store *);                /* completions not yet committed */
void   store_flush(struct store *);                        /* ends the open batch, synced */

/* ---- reading ------------------------------------------------------------------------------------------- */

struct query;
/* fmt: one letter per '?': i long, r double, s const char *, t struct str.  SQL that does not
 * compile is a bug(). */
struct query *store_query(struct store *, const char *sql, const char *fmt, ...);
bool          query_next(struct query *);                  /* false at the end, and frees it */
void          query_free(struct query *);                  /* to stop before the end */
bool          query_null(struct query *, int col);
long          query_long(struct query *, int col);
double        query_real(struct query *, int col);
struct str    query_text(struct query *, int col);
void          query_json(struct query *, int col, struct buf *);   /* null, a number or a text */
/* The first column of the first row, or `otherwise`. */
long          store_long(struct store *, long otherwise, const char *sql, const char *fmt, ...);

/* Everything doctor wants to know: lines for people into `out`; 0 or EXIT_DAMAGED. */
int store_check(struct store *, struct buf *out);

#endif
