/*
 * history.c -- a metric over the runs of a suite: segments, changes, the e-detector.
 *
 * Runs are split into segments wherever two neighbours do not measure the same; inside one every
 * run has the same cases.  What a case is worth then cancels out of every difference: of two runs
 * the difference has variance psi / n (or that of the design), and each is given half of what
 * neighbours had on average.
 */
#include "harness/history.h"
#include "harness/units.h"

#include <math.h>

/* ---- which runs, and what of them -------------------------------------------------------- */

static const char *
newest_metric(struct store *st, const struct past *p, struct arena *a)
{
	struct query *q = store_query(st, "SELECT name FROM v_metric WHERE run = ? ORDER BY metric"
	    " LIMIT 1", "i", p->run[p->n - 1].id);
	const char *name = NULL;

	if (query_next(q)) {
		name = str_cstr(query_text(q, 0), a);
		query_free(q);
	}
	return name;
}

/* Every name that is asked for and that no run has: one sentence each. */
static int
check_names(struct store *st, struct history *h, const char *target, const struct past *all,
    struct arena *a, struct err *e)
{
	if (target != NULL && past_runs(st, h->suite, target, NULL, a).n == 0)
		err_set(e, "no complete run of suite '%s' is on target '%s'; 'driftlead log' shows the "
		    "runs", h->suite, target);
	if (h->metric != NULL && store_long(st, 0, "SELECT count(*) FROM v_metric m JOIN v_run r"
	    " ON r.id = m.run WHERE r.suite_name = ? AND m.name = ?", "ss", h->suite, h->metric) == 0)
		err_set(e, "no run of suite '%s' has a metric '%s'; 'driftlead show last' shows them",
		    h->suite, h->metric);
	if (h->slice != NULL && store_long(st, 0, "SELECT count(*) FROM v_slice l JOIN v_suite s"
	    " ON s.id = l.suite WHERE s.name = ? AND l.name = ?", "ss", h->suite, h->slice) == 0)
		err_set(e, "suite '%s' has no slice '%s'; 'driftlead show last -s' shows them", h->suite,
		    h->slice);
	if (all->n == 0 && e->n == 0)
		err_set(e, "suite '%s' has no complete run%s", h->suite, all->partial ? " but such as were "
		    "asked in part (--filter)" : "");
	return e->n ? -1 : 0;
}

static bool
read_value(struct store *st, const struct history *h, struct history_run *r)
{
	struct query *q = store_query(st, "SELECT at, lo, hi, n FROM v_estimate WHERE run = ?1 AND"
	    " metric_name = ?2 AND slice_name = ?3 AND (?3 <> '' OR slice < 0) AND known", "iss",
	    r->run.id, h->metric, h->slice ? h->slice : "");

	if (!query_next(q))
		return false;
	r->at = query_real(q, 0);
	r->bounded = !query_null(q, 1);
	r->lo = r->bounded ? query_real(q, 1) : r->at;
	r->hi = r->bounded ? query_real(q, 2) : r->at;
	r->n = query_long(q, 3);
	query_free(q);
	return true;
}

/* ---- segments ---------------------------------------------------------------------------- */

static unsigned
changes(struct store *st, const struct past_run *a, const struct past_run *b, const char *metric)
{
	unsigned c = 0;

	if (strcmp(a->target, b->target) != 0)
		c |= CHANGED_TARGET;
	if (strcmp(a->target_digest, b->target_digest) != 0)
		c |= CHANGED_TARGET_DIGEST;
	if (strcmp(a->suite_digest, b->suite_digest) != 0)
		c |= CHANGED_SUITE_DIGEST;
	if (strcmp(a->prompt_digest, b->prompt_digest) != 0)
		c |= CHANGED_PROMPT;
	if (score_differs(st, a->id, b->id, metric))
		c |= CHANGED_SCORER;
	return c;
}

static void
cut(struct store *st, struct history *h, struct arena *a)
{
	h->segment = arena_array(a, h->n, sizeof *h->segment);
	for (size_t i = 0; i < h->n; i++) {
		const struct past_run *now = &h->run[i].run, *before = now;
		const char *why = NULL;

		if (i > 0) {
			before = &h->run[i - 1].run;
			why = past_differs(st, before, now, h->metric);
			h->run[i].changed = changes(st, before, now, h->metric);
		}
		if (i == 0 || why != NULL)
			h->segment[h->nsegment++] = (struct history_segment){ .why = why, .from = i };
		h->segment[h->nsegment - 1].n++;
	}
}

/* The suite as the runs of a segment have it: what the estimate is weighted by. */
static struct suite *
suite_now(struct store *st, long run, struct arena *a, struct err *e)
{
	struct suite *s = suite_of_run(st, run, a, e);

	if (s == NULL)
		return NULL;
	s->ngate = 0;                                   /* nothing is judged here */
	return suite_take_metrics(s, st, run, a, e) == 0 ? s : NULL;
}

static int
slice_index(const struct suite *s, const char *name)
{
	for (size_t i = 0; i < s->nslice; i++)
		if (strcmp(s->slice[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Two neighbours of a segment on their common cases. */
static struct paired
neighbours(struct store *st, const struct history *h, const struct suite *s, const char *metric,
    long run, long base, struct arena *a)
{
	int m = 0, slice = h->slice ? slice_index(s, h->slice) : -1;
	struct pair_reader r;
	struct columns c = { 0 };
	struct unit now, then;
	enum pairing how;
	struct sample x;
	struct paired d;

	while (strcmp(s->metric[m].name, metric) != 0)
		m++;
	r = pair_open(st, run, base, (int)store_long(st, 0, "SELECT metric FROM v_metric WHERE run = ?"
	    " AND name = ?", "is", run, metric), metric, h->scorer->scale);
	while (pair_next(&r, &now, &then, &how))
		if (how == PAIR_BOTH && now.known && then.known && (h->slice == NULL || now.slice == slice))
			columns_add_pair(&c, &now, now.value, then.value);
	x = columns_sample(&c, s, m, h->slice == NULL, a);
	d = paired_compare(&x, c.y, c.y2, h->scorer->lower_is_better, 0, 0.05, a);
	columns_free(&c);
	return d;
}

/* Each run's variance as their differences have it. */
static int
spread(struct store *st, struct history *h, struct history_segment *g, struct arena *a,
    struct err *e)
{
	struct suite *s = suite_now(st, h->run[g->from].run.id, a, e);
	double sum = 0;
	long n = 0;

	if (s == NULL)
		return -1;
	for (size_t i = g->from + 1; i < g->from + g->n; i++) {
		struct arena scratch = { 0 };
		struct paired d = neighbours(st, h, s, h->metric, h->run[i].run.id, h->run[i - 1].run.id,
		    &scratch);

		arena_free(&scratch);
		if (!d.known)
			continue;
		h->run[i].has_psi = true;
		h->run[i].psi = d.psi;
		h->run[i].var = d.se > 0 ? d.se * d.se : d.binary ? d.psi / (double)d.n : 0;
		sum += h->run[i].var;
		n++;
	}
	g->has_var = sum > 0;
	g->var = g->has_var ? sum / (double)n / 2 : 0;
	return 0;
}

/* More runs of the same cases bring no more cases: an interval is not narrower than that between
 * the two runs on either side of the change. */
static void
widen(const struct history *h, const struct history_segment *g, struct change *c)
{
	double half = -normal_quantile(0.025) * sqrt(h->run[g->from + c->at].var);
	double at = c->after - c->before;

	c->ci.lo = fmin(c->ci.lo, at - half);
	c->ci.hi = fmax(c->ci.hi, at + half);
}

/* A run that stopped early lacks cases that the others have: it counts for what its own interval
 * says. */
static double
variance(const struct history_segment *g, const struct history_run *r)
{
	double se = r->run.early && r->bounded ? (r->hi - r->lo) / 2 / -normal_quantile(0.025) : 0;

	return fmax(g->var, se * se);
}

static void
scan(const struct history *h, struct history_segment *g, uint64_t seed, struct arena *a)
{
	struct scan_options o = { HISTORY_ALPHA, HISTORY_PERMUTATIONS, seed };
	double *x = arena_array(a, g->n, sizeof *x), *var = arena_array(a, g->n, sizeof *var);

	for (size_t i = 0; i < g->n; i++) {
		x[i] = h->run[g->from + i].at;
		var[i] = variance(g, &h->run[g->from + i]);
	}
	g->scan = change_scan(x, var, g->n, &o, a);
	if (g->scan.tested)
		widen(h, g, &g->scan.whole);
	for (size_t i = 0; i < g->scan.n; i++)
		widen(h, g, &g->scan.change[i]);
}

/* ---- the e-detector ---------------------------------------------------------------------- */

/* The margin of the newest suite's no-worse gate on the same metric and slice. */
static int
tolerance(struct store *st, const struct history *h, struct history_detector *d, struct arena *a,
    struct err *e)
{
	struct suite *s = suite_of_run(st, h->run[h->n - 1].run.id, a, e);
	int slice;

	if (s == NULL)
		return -1;
	slice = h->slice ? slice_index(s, h->slice) : -1;
	d->tolerance = HISTORY_TOLERANCE;
	for (size_t i = 0; i < s->ngate && d->gate == NULL; i++) {
		const struct gate *g = &s->gate[i];
		double margin = g->relative ? g->margin * (1 - h->run[d->reference].at) : g->margin;

		if (g->rule != RULE_NO_WORSE || g->slice != slice || margin <= 0 ||
		    strcmp(s->metric[g->metric].name, h->metric) != 0)
			continue;
		d->gate = g->name;
		d->tolerance = margin;
	}
	return 0;
}

static int
detect(struct store *st, struct history *h, struct arena *a, struct err *e)
{
	struct history_detector *d = &h->detector;
	const struct history_segment *g = &h->segment[h->nsegment - 1];
	long baseline = run_baseline(st, h->suite);
	bool lower = h->scorer->lower_is_better;

	d->alarm = SIZE_MAX;
	d->reference = g->from;
	if (h->scorer->scale == SCALE_REAL) {
		d->why = "only rates have one: its bets need values between 0 and 1";
		return 0;
	}
	for (size_t i = g->from; i < h->n; i++)
		if (h->run[i].run.id == baseline)
			d->reference = i;
	if (tolerance(st, h, d, a, e) != 0)
		return -1;
	d->state = edetector_begin(lower ? 1 - h->run[d->reference].at : h->run[d->reference].at,
	    d->tolerance, HISTORY_ALARM);
	for (size_t i = d->reference + 1; i < h->n; i++) {
		edetector_add(&d->state, lower ? 1 - h->run[i].at : h->run[i].at);
		if (d->state.alarm > 0 && d->alarm == SIZE_MAX)
			d->alarm = i;
	}
	return 0;
}

int
history_read(struct store *st, const char *suite, const char *metric, const char *target,
    const char *slice, struct history *h, struct arena *a, struct err *e)
{
	struct past p = past_runs(st, suite, target, metric, a);
	long seed;

	*h = (struct history){ .suite = suite, .metric = metric, .slice = slice,
		.partial = p.partial, .run = arena_array(a, p.n + 1, sizeof *h->run) };
	if (check_names(st, h, target, &p, a, e) != 0)
		return -1;
	if (metric == NULL && (h->metric = newest_metric(st, &p, a)) == NULL)
		return err_set(e, "run %ld has no metric", p.run[p.n - 1].id);
	if ((h->scorer = past_scorer(st, p.run[p.n - 1].id, h->metric)) == NULL)
		return err_set(e, "run %ld was scored by a scorer that this driftlead does not have",
		    p.run[p.n - 1].id);
	for (size_t i = 0; i < p.n; i++) {
		h->run[h->n].run = p.run[i];
		if (read_value(st, h, &h->run[h->n]))
			h->n++;
		else
			h->unmeasured++;
	}
	if (h->n == 0)
		return err_set(e, "no complete run of suite '%s' has a value of metric '%s'", suite,
		    h->metric);
	cut(st, h, a);
	seed = store_long(st, 0, "SELECT CAST(seed AS INTEGER) FROM v_suite WHERE id = ?", "i",
	    h->run[h->n - 1].run.suite);
	for (size_t i = 0; i < h->nsegment; i++) {
		if (spread(st, h, &h->segment[i], a, e) != 0)
			return -1;
		scan(h, &h->segment[i], (uint64_t)seed, a);
	}
	return detect(st, h, a, e);
}
