/*
 * ladder_ask.c -- the runs of a ladder: one per rung, asked or taken from the store.
 *
 * A rung is a run like any other.  The newest run of the same cases, prompt and target is the
 * rung's: if it is complete nothing is asked, else it goes on.  A target that dies leaves its rung
 * incomplete; the next one is asked all the same.
 */
#include "harness/ladder.h"

struct asker {
	struct store               *store;
	struct ladder_file         *l;
	const struct project       *project;
	const struct ladder_asking *how;
	double                      started;
	struct arena               *a;
	struct err                 *e;
};

static long
newest_run(struct store *st, const struct ladder_rung *x)
{
	return store_long(st, 0, "SELECT id FROM v_run WHERE suite = ? AND target = ? AND"
	    " target_digest = ? AND filter = '' ORDER BY id DESC LIMIT 1", "iss", x->suite->row,
	    x->target->name, x->target->digest);
}

static bool
is_complete(struct store *st, long run)
{
	return store_long(st, 0, "SELECT state = 'complete' FROM v_run WHERE id = ?", "i", run) != 0;
}

/* An earlier rung that is asked the very same; NULL: there is none. */
static const struct ladder_rung *
twin_of(const struct asker *k, size_t i)
{
	const struct ladder_rung *x = k->l->rung;

	for (size_t j = 0; j < i; j++)
		if (x[j].suite->row == x[i].suite->row && x[j].target == x[i].target)
			return &x[j];
	return NULL;
}

/* What is left of the budget after the rungs before; a sentence when nothing is.  What this rung's
 * run has spent already, stage_run counts. */
static const char *
budget_left(const struct asker *k, size_t at, struct budget *left)
{
	const struct budget *b = &k->how->budget;
	double cost = 0;
	long tokens = 0;

	*left = *b;
	for (size_t i = 0; i < at; i++) {
		struct query *q = twin_of(k, i) != NULL ? NULL : store_query(k->store,
		    "SELECT ifnull(sum(cost), 0), ifnull(sum(ifnull(tokens_in, 0) +"
		    " ifnull(tokens_out, 0)), 0) FROM v_completion WHERE run = ?", "i",
		    k->l->rung[i].run);

		while (q != NULL && query_next(q)) {
			cost += query_real(q, 0);
			tokens += query_long(q, 1);
		}
	}
	left->max_cost -= cost;
	left->max_tokens -= tokens;
	left->max_time -= tick_now() - k->started;
	if (b->max_cost > 0 && left->max_cost <= 0)
		return "max-cost is spent";
	if (b->max_tokens > 0 && left->max_tokens <= 0)
		return "max-tokens are spent";
	if (b->max_time > 0 && left->max_time <= 0)
		return "max-time is over";
	left->max_cost = b->max_cost > 0 ? left->max_cost : 0;
	left->max_tokens = b->max_tokens > 0 ? left->max_tokens : 0;
	left->max_time = b->max_time > 0 ? left->max_time : 0;
	return NULL;
}

/* The sentences of an error in one line. */
static const char *
sentence(const struct err *e, struct arena *a)
{
	char *s = arena_strdup(a, e->msg);

	for (char *p = s; *p != '\0'; p++)
		*p = *p == '\n' ? (p[1] != '\0' ? ' ' : '\0') : *p;
	return s;
}

/* Asks one rung.  0, 128 + a signal, or the status of a mistake. */
static int
ask(struct asker *k, size_t i)
{
	struct ladder_rung *x = &k->l->rung[i];
	struct run_options o = { .start = k->how->start, .quiet = k->how->quiet,
		.command = k->how->command };
	struct run_result result;
	struct err e = { 0 };
	int status;

	if ((x->why = budget_left(k, i, &o.budget)) != NULL)
		return 0;
	status = stage_run(k->store, x->suite, x->target, &o, &result, k->a, &e);
	x->run = result.run;
	if (status != 0) {
		x->why = sentence(&e, k->a);
		if (status == EXIT_SURROUNDINGS)
			return 0;                       /* its server does not start: the others' may */
		err_set(k->e, "%s", x->why);
		return status;
	}
	if (result.state == RUN_COMPLETE) {
		x->state = RUNG_COMPLETE;
		return 0;
	}
	x->why = result.state == RUN_INTERRUPTED ? "interrupted" : arena_strdup(k->a, result.why);
	return result.state == RUN_INTERRUPTED ? 128 + result.signal : 0;
}

static void
announce(const struct asker *k, size_t i)
{
	struct str name = str_visible(str_of(k->l->rung[i].name), 60, false, k->a);

	if (!k->how->quiet)
		fprintf(stderr, "rung %zu of %zu: %.*s\n", i + 1, k->l->nrung, STR_ARG(name));
}

static void
count(struct asker *k, struct ladder_rung *x)
{
	x->ncases = store_long(k->store, 0, "SELECT ncases FROM v_run WHERE id = ?", "i", x->run);
	x->missing = store_long(k->store, 0, "SELECT count(DISTINCT test_case) FROM v_completion"
	    " WHERE run = ? AND NOT measured", "i", x->run);
	if (x->state == RUNG_COMPLETE && (double)x->missing > k->l->unanswered * (double)x->ncases) {
		x->state = RUNG_UNANSWERED;
		x->why = arena_fmt(k->a, "%ld of %ld cases have no answer from the service: ask them again "
		    "with --retry", x->missing, x->ncases);
	}
}

static int
one_rung(struct asker *k, size_t i)
{
	struct ladder_rung *x = &k->l->rung[i];
	const struct ladder_rung *twin = twin_of(k, i);
	int status = 0;

	if (twin != NULL) {
		x->state = twin->state;
		x->run = twin->run;
		x->why = twin->why;
		x->ncases = twin->ncases;
		x->missing = twin->missing;
		return 0;
	}
	x->state = RUNG_INCOMPLETE;
	x->run = newest_run(k->store, x);
	if (k->how->no_run || (k->how->start == START_RESUME && x->run != 0 &&
	    is_complete(k->store, x->run))) {
		if (x->run == 0)
			x->why = "nothing is stored";
		else if (is_complete(k->store, x->run))
			x->state = RUNG_COMPLETE;
		else
			x->why = "its run is not complete";
	} else {
		announce(k, i);
		status = ask(k, i);
	}
	if (x->run == 0)
		return status;
	if (x->state == RUNG_COMPLETE) {
		if (!score_is_current(k->store, x->suite, x->run))
			stage_score(k->store, x->suite, x->run);        /* others scored it meanwhile */
		stage_estimate(k->store, x->suite, x->run, k->a);
		store_flush(k->store);
	}
	count(k, x);
	return status;
}

int
ladder_ask(struct store *st, struct ladder_file *l, const struct project *project,
    const struct ladder_asking *how, struct arena *a, struct err *e)
{
	struct asker k = { st, l, project, how, tick_now(), a, e };
	int status = 0;

	for (size_t i = 0; i < l->nrung; i++)           /* before the first request */
		if (suite_store(l->rung[i].suite, &project->roots, st, a, e) != 0)
			return EXIT_MISTAKE;
	for (size_t i = 0; i < l->nrung && status == 0; i++)
		status = one_rung(&k, i);
	return status;
}
