/*
 * gate_single.c -- one run against a bound: at-least, at-most, guardrail, latency, cost.
 *
 * The latency of the q-quantile is at most v if and only if at least q of all answers come
 * within v.  So it is judged as that rate: by Clopper and Pearson for plain cases, which is the
 * order-statistic bound read the other way, and by the variance of the design for others.
 */
#include "harness/gate.h"

#include <math.h>
#include <stdlib.h>

/* The units of one run: all of them, and those that the service answered. */
struct single { struct columns all, measured; long n; };

static bool
at_most(const struct judged *j)
{
	return j->gate->rule != RULE_AT_LEAST;
}

static void
read_single(struct gating *g, struct judged *j, struct single *s)
{
	struct unit_reader r = unit_open(g->store, g->runs.run, j->gate->metric,
	    j->metric->scorer->scale, j->gate->rule == RULE_AT_MOST ? UNITS_AGAINST : UNITS_STORED);
	struct unit u;

	while (unit_next(&r, &u)) {
		if ((j->gate->slice >= 0 && u.slice != j->gate->slice) || !gating_uses(g, u.test_case))
			continue;
		s->n++;
		j->missing_candidate += u.nservice > 0;
		if (u.known)
			columns_add(&s->all, &u, u.value);
		if (u.measured_known)
			columns_add(&s->measured, &u, u.measured);
	}
}

static bool
is_plain(const struct sample *x)
{
	return x->cluster == NULL && x->weight == NULL && x->share == NULL;
}

/* ---- guardrail ---------------------------------------------------------------------------- */

/* Units that failed: a cluster if any of its cases did, which can only overstate the rate. */
static void
count_failures(const struct columns *c, long *failures, long *units)
{
	uint8_t *failed = mem_alloc(c->cluster ? (size_t)c->ncluster : c->n, 1);
	uint8_t *seen = mem_alloc(c->cluster ? (size_t)c->ncluster : c->n, 1);

	*failures = *units = 0;
	for (size_t i = 0; i < c->n; i++) {
		size_t unit = c->cluster ? (size_t)c->cluster[i] : i;

		*units += !seen[unit];
		seen[unit] = 1;
		if (c->y[i] < 1 && !failed[unit]) {
			failed[unit] = 1;
			++*failures;
		}
	}
	mem_free(failed);
	mem_free(seen);
}

static struct ruling
guardrail(struct judged *j, const struct columns *c, double alpha)
{
	long failures, units;

	count_failures(c, &failures, &units);
	j->counted = true;
	j->hits = failures;
	j->units = units;
	return rule_guardrail(failures, units, j->gate->value, alpha);
}

/* ---- latency ------------------------------------------------------------------------------ */

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The quantile and its order-statistic bounds, for units that are independent and alike. */
static void
show_quantile(struct judged *j, const struct sample *x, struct arena *a)
{
	double *sorted = arena_array(a, x->n, sizeof *sorted), q = j->gate->quantile;
	struct ranks r = quantile_ranks((long)x->n, q, 1 - 2 * j->alpha);

	memcpy(sorted, x->y, x->n * sizeof *sorted);
	qsort(sorted, x->n, sizeof *sorted, by_size);
	j->has_quantile = true;
	j->quantile = sorted[(size_t)fmax(0, ceil(q * (double)x->n) - 1)];
	j->quantile_lo = is_plain(x) && r.lo > 0;
	j->quantile_hi = is_plain(x) && r.hi > 0;
	if (j->quantile_lo)
		j->quantile_ci.lo = sorted[r.lo - 1];
	if (j->quantile_hi)
		j->quantile_ci.hi = sorted[r.hi - 1];
}

static struct ruling
latency(struct judged *j, const struct sample *x, double *p_wrong, struct arena *a)
{
	double q = j->gate->quantile, *within = arena_array(a, x->n, sizeof *within);
	struct sample s = *x;
	struct bound bound;
	struct ruling r;
	long hits = 0;

	for (size_t i = 0; i < x->n; i++) {
		within[i] = x->y[i] <= j->gate->value;
		hits += within[i] > 0;
	}
	s.y = within;
	s.binary = true;
	s.unbounded = false;
	j->counted = true;
	j->hits = hits;
	j->units = (long)x->n;
	bound = mean_against(&s, true, q, j->alpha, a);
	*p_wrong = bound.p_wrong;
	r = rule_bound(true, q, bound.e.bounded, (struct interval){ bound.e.lo, bound.e.hi }, j->alpha,
	    bound.p_wrong);
	if (r.verdict == INCONCLUSIVE && hits == (long)x->n && is_plain(x))
		j->n_needed = size_zero_failures(1 - q, 1 - j->alpha);
	return r;
}

/* ---- means -------------------------------------------------------------------------------- */

static struct ruling
mean_bound(struct judged *j, const struct sample *x, double *p_wrong, struct arena *a)
{
	struct bound b = mean_against(x, !at_most(j), j->gate->value, j->alpha, a);

	j->est_gate = b.e;
	*p_wrong = b.p_wrong;
	return rule_bound(!at_most(j), j->gate->value, b.e.bounded, (struct interval){ b.e.lo, b.e.hi },
	    j->alpha, b.p_wrong);
}

/* The mean of what few large values carry: by bootstrap-t, as far as there is one. */
static struct ruling
cost(struct gating *g, struct judged *j, const struct sample *x, double *p_wrong)
{
	struct bootstrap_plan plan = { .replicates = REPLICATES, .seed = g->suite->seed,
		.conf = 1 - 2 * j->alpha, .studentized = true, .null = { j->gate->value } };
	struct arena scratch = { 0 };
	struct bootstrap b = bootstrap_mean(x, &plan, &scratch);

	arena_free(&scratch);
	if (!b.known || !b.has_t)
		return mean_bound(j, x, p_wrong, g->a);
	j->est_gate.lo = b.t.lo;
	j->est_gate.hi = b.t.hi;
	j->est.lo = b.t95.lo;
	j->est.hi = b.t95.hi;
	j->est.method = j->est_gate.method = "bootstrap t";
	*p_wrong = b.p_above[0];
	return rule_bound(false, j->gate->value, true, b.t, j->alpha, *p_wrong);
}

/* Fills the estimates, too. */
static struct ruling
ruling_of(struct gating *g, struct judged *j, const struct columns *c, double *p_wrong)
{
	struct sample x = gating_sample(g, j, c);

	j->est = sample_estimate(&x, 0.95, g->a);
	j->est_gate = sample_estimate(&x, 1 - 2 * j->alpha, g->a);
	*p_wrong = 1;
	if (c->n == 0)
		return (struct ruling){ INCONCLUSIVE, "nothing_to_judge" };
	if (j->gate->rule == RULE_GUARDRAIL)
		return guardrail(j, c, j->alpha);
	if (j->gate->rule == RULE_LATENCY)
		return latency(j, &x, p_wrong, g->a);
	if (j->gate->rule == RULE_COST)
		return cost(g, j, &x, p_wrong);
	return mean_bound(j, &x, p_wrong, g->a);
}

/* ---- the gate ----------------------------------------------------------------------------- */

/* What forbids a verdict by the numbers. */
static void
decide_void(struct judged *j, const struct single *s, double moved, struct arena *a)
{
	if (s->all.n == 0)
		decide(j, INCONCLUSIVE, "nothing_to_judge", s->n ? "no case could be scored" :
		    "no case was asked");
	else if (s->all.cluster != NULL && s->all.ncluster < CLUSTERS_LEAST)
		decide(j, INCONCLUSIVE, "too_few_clusters", arena_fmt(a, "%ld clusters are too few for "
		    "a verdict: it takes %d", s->all.ncluster, CLUSTERS_LEAST));
	else if (moved > MOVED_MOST)
		decide(j, INCONCLUSIVE, "empty_slices", arena_fmt(a, "slices with %.1f %% of production "
		    "have no answer", moved * 100));
	else if ((double)j->missing_candidate > j->gate->unanswered * (double)s->n)
		decide(j, INVALID, "unanswered", "too many cases have no answer from the service: the "
		    "model was not measured");
	else if (j->has_answered && !j->stop.decided && j->answered.verdict != j->verdict)
		decide(j, INVALID, "unanswered_decides", "the cases without an answer from the service "
		    "turn the verdict: ask them again with --retry");
	else if (j->reason != NULL && strcmp(j->reason, "no_interval") == 0)
		decide_by(j, (struct ruling){ INCONCLUSIVE, "no_interval" });
	else
		j->reason = NULL;                       /* the p-value decides, once it is adjusted */
}

static void
second_analysis(struct gating *g, struct judged *j, const struct columns *measured)
{
	struct judged copy = *j;
	double p;

	copy.n_needed = 0;
	j->answered = ruling_of(g, &copy, measured, &p);
	j->answered_effect = measured->n ? sum_of(measured->y, measured->n) / (double)measured->n : 0;
	j->answered_n = (long)measured->n;
	j->has_answered = true;
}

void
single_judge(struct gating *g, struct judged *j)
{
	struct single s = { 0 };
	struct sample x;
	struct ruling r;
	double moved = 0, p;

	read_single(g, j, &s);
	x = gating_sample(g, j, &s.all);
	r = ruling_of(g, j, &s.all, &p);
	j->verdict = r.verdict;
	j->reason = r.reason;
	if (s.all.n > 0) {
		moved = j->gate->rule == RULE_GUARDRAIL ? 0 : sample_mean(&x, g->a).moved;
		if (j->gate->rule == RULE_LATENCY)
			show_quantile(j, &x, g->a);
	}
	if (j->missing_candidate > 0)
		second_analysis(g, j, &s.measured);
	/* A guardrail has an alpha of its own and is never traded against the others. */
	j->has_p_fail = j->gate->rule != RULE_GUARDRAIL && s.all.n > 0;
	j->p_fail = p;
	decide_void(j, &s, moved, g->a);
	columns_free(&s.all);
	columns_free(&s.measured);
}

static long
units_needed(const struct judged *j)
{
	bool least = j->gate->rule == RULE_AT_LEAST;

	if (j->gate->rule == RULE_GUARDRAIL)
		return (double)j->hits / (double)j->units > j->gate->value ? 0 :
		    size_guardrail(j->hits, j->gate->value, j->alpha);
	if (j->gate->rule == RULE_LATENCY)
		return j->n_needed ? j->n_needed : size_rate_bound((double)j->hits / (double)j->units,
		    j->gate->quantile, j->alpha, j->gate->power);
	if (j->metric->scorer->scale == SCALE_REAL)
		return 0;
	return size_rate_bound(least ? j->est.at : 1 - j->est.at,
	    least ? j->gate->value : 1 - j->gate->value, j->alpha, j->gate->power);
}

void
single_settle(struct judged *j)
{
	struct interval ci = { j->est_gate.lo, j->est_gate.hi };
	struct ruling r;

	if (j->gate->rule == RULE_GUARDRAIL)
		r = rule_guardrail(j->hits, j->units, j->gate->value, j->alpha);
	else if (j->gate->rule == RULE_LATENCY)
		r = (struct ruling){ j->verdict, j->verdict == PASS ? "latency_met" :
		    j->verdict == FAIL ? "latency_missed" : "latency_open" };
	else
		r = rule_bound(!at_most(j), j->gate->value, j->est_gate.bounded, ci, j->alpha, 0);
	if (r.verdict == FAIL && j->has_p_fail && j->p_fail_holm >= j->alpha)
		r = (struct ruling){ INCONCLUSIVE, "multiplicity" };
	decide_by(j, r);
	if (r.verdict == INCONCLUSIVE)
		j->n_needed = units_needed(j);
	else
		j->n_needed = 0;
}
