/*
 * ladder.c -- rungs that answered the same units: which is good enough, and which is needed.
 *
 * Differences between rungs hold together: the joint bootstrap gives the critical value of the
 * largest |t| of all pairs (Westfall and Young, Resampling-Based Multiple Testing, 1993), and
 * each pair gets its usual interval at the level that belongs to that value.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { CLUSTERS_LEAST = 10 };
#define MOVED_MOST 0.05

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* ---- one rung ---- */

static struct late
late_of(const double *sorted, size_t n, double q, double conf)
{
	struct ranks r = quantile_ranks((long)n, q, conf);
	size_t at = (size_t)ceil(q * (double)n);

	return (struct late){ sorted[at > 0 ? at - 1 : 0], r.lo ? sorted[r.lo - 1] : 0,
		r.hi ? sorted[r.hi - 1] : DBL_MAX };
}

static enum rung_reason
reason_of(const struct rung_result *x, const struct sample *s, const struct mean *m,
    const struct ladder_rules *rules)
{
	if (!m->known || !x->has_lower)
		return RUNG_NOTHING;
	if (s->cluster != NULL && m->nclusters < CLUSTERS_LEAST)
		return RUNG_CLUSTERS;
	if (m->moved > MOVED_MOST)
		return RUNG_SLICES;
	if (x->lower < rules->requirement)
		return RUNG_ACCURACY;
	return rules->latency > 0 && x->p95.hi > rules->latency ? RUNG_LATENCY : RUNG_MEETS;
}

struct rung_result
rung_judge(const struct sample *design, const struct rung *rung, const struct ladder_rules *rules,
    struct arena *scratch)
{
	struct rung_result x = { .reason = RUNG_NOTHING, .dominated_by = -1,
		.p50 = { DBL_MAX, 0, DBL_MAX }, .p95 = { DBL_MAX, 0, DBL_MAX } };
	struct sample y = *design, cost = *design;
	double *sorted, conf = 1 - 2 * rules->alpha;
	struct estimate one_sided;
	struct mean m;

	y.y = rung->y;
	cost.y = rung->cost;
	cost.binary = false;
	cost.unbounded = true;
	x.acc = sample_estimate(&y, 0.95, scratch);
	x.cost = sample_estimate(&cost, 0.95, scratch);
	if (design->n == 0)
		return x;
	one_sided = sample_estimate(&y, conf, scratch);
	m = sample_mean(&y, scratch);
	x.has_lower = one_sided.known && one_sided.bounded;
	x.lower = x.has_lower ? one_sided.lo : 0;
	sorted = arena_array(scratch, design->n, sizeof *sorted);
	memcpy(sorted, rung->seconds, design->n * sizeof *sorted);
	qsort(sorted, design->n, sizeof *sorted, ascending);
	x.p50 = late_of(sorted, design->n, 0.5, conf);
	x.p95 = late_of(sorted, design->n, 0.95, conf);
	x.reason = reason_of(&x, &y, &m, rules);
	return x;
}

int
ladder_choose(const struct rung_result *rung, size_t nrung, bool *met)
{
	int best = -1, high = -1;

	for (size_t r = 0; r < nrung; r++) {
		if (rung[r].reason == RUNG_MEETS && (best < 0 || rung[r].cost.at < rung[best].cost.at))
			best = (int)r;
		if (rung[r].has_lower && (high < 0 || rung[r].lower > rung[high].lower ||
		    (rung[r].lower == rung[high].lower && rung[r].cost.at < rung[high].cost.at)))
			high = (int)r;
	}
	*met = best >= 0;
	return *met ? best : high;
}

/* Units for the bound to clear the requirement: by the variance that the design has. */
static long
units_needed(const struct sample *design, const struct rung *rung, const struct rung_result *x,
    const struct ladder_rules *rules, struct arena *scratch)
{
	double p = x->acc.at, n = (double)design->n, effect = 1;
	long latency = (long)ceil(log(rules->alpha) / log(0.95)), rate;
	struct sample s = *design;
	struct mean m;

	if (x->reason == RUNG_LATENCY)
		return x->p95.hi == DBL_MAX && (long)design->n < latency ? latency : 0;
	if (x->reason != RUNG_ACCURACY)
		return 0;
	s.y = rung->y;
	m = sample_mean(&s, scratch);
	if (m.has_se && p > 0 && p < 1)
		effect = m.se * m.se * n / (p * (1 - p));
	rate = size_rate_bound(p, rules->requirement, rules->alpha, rules->power);
	return rate == 0 ? 0 : (long)fmax(ceil((double)rate * effect), n + 1);
}

/* ---- pairs ---- */

/* The 1 - alpha quantile of the largest |t| over all pairs, t = 0 for pairs that never differ. */
static double
critical_value(const struct resamples *b, const struct rung_result *rung, double alpha,
    struct arena *scratch)
{
	double *most = arena_array(scratch, b->b, sizeof *most);
	bool any = false;
	size_t at;

	for (size_t r = 0; r < b->nrung; r++)
		for (size_t s = r + 1; s < b->nrung; s++) {
			double at_all = rung[r].acc.at - rung[s].acc.at, square = 0, sd;

			for (size_t i = 0; i < b->b; i++) {
				const double *y = b->y + i * b->nrung;

				square += (y[r] - y[s] - at_all) * (y[r] - y[s] - at_all);
			}
			sd = b->b ? sqrt(square / (double)b->b) : 0;
			if (sd <= 1e-12)
				continue;
			any = true;
			for (size_t i = 0; i < b->b; i++) {
				const double *y = b->y + i * b->nrung;

				most[i] = fmax(most[i], fabs(y[r] - y[s] - at_all) / sd);
			}
		}
	if (!any)
		return -normal_quantile(alpha / 2);
	qsort(most, b->b, sizeof *most, ascending);
	at = (size_t)ceil((1 - alpha) * ((double)b->b + 1));
	/* Of a finite number of replicates; no family is easier than one pair. */
	return fmax(most[(at < 1 ? 1 : at > b->b ? b->b : at) - 1], -normal_quantile(alpha / 2));
}

/* No dearer, no slower, and something of the two or the accuracy better; of equals the first. */
static bool
no_worse(const struct rung_result *rung, size_t s, size_t r)
{
	const struct rung_result *a = &rung[s], *b = &rung[r];

	if (a->p95.hi == DBL_MAX || a->cost.at > b->cost.at || a->p95.hi > b->p95.hi)
		return false;
	if (a->cost.at < b->cost.at || a->p95.hi < b->p95.hi || a->acc.at > b->acc.at)
		return true;
	return a->acc.at == b->acc.at && s < r;
}

static double
share_dominated(const struct resamples *b, size_t s, size_t r, double margin)
{
	size_t n = 0;

	for (size_t i = 0; i < b->b; i++) {
		size_t at = i * b->nrung;

		n += b->cost[at + s] <= b->cost[at + r] && b->p95[at + s] <= b->p95[at + r] &&
		    b->y[at + s] >= b->y[at + r] - margin;
	}
	return b->b ? (double)n / (double)b->b : 0;
}

/* Of several that dominate, the one that does so in most replicates. */
static void
find_dominated(const struct sample *design, const struct rung *rung, struct ladder *l,
    const struct resamples *b, const struct ladder_rules *rules)
{
	struct arena scratch = { 0 };

	for (size_t r = 0; r < l->nrung; r++)
		for (size_t s = 0; s < l->nrung; s++) {
			struct rung_result *x = &l->rung[r];
			struct paired d;
			double share;

			if (s == r || !no_worse(l->rung, s, r))
				continue;
			arena_reset(&scratch);
			d = paired_compare(design, rung[s].y, rung[r].y, false, rules->margin, rules->alpha,
			    &scratch);
			if (!d.known || !d.bounded || d.p_noninferiority >= rules->alpha)
				continue;
			share = share_dominated(b, s, r, rules->margin);
			if (x->dominated_by < 0 || share > x->dominated_share) {
				x->dominated_by = (int)s;
				x->dominated_share = share;
			}
		}
	arena_free(&scratch);
}

/* Efron's bootstrap optimism of "take the best": what it seemed to be where it was picked, less
 * what it is. */
static double
optimism_of(const struct ladder *l, const struct resamples *b)
{
	double sum = 0;

	for (size_t i = 0; i < b->b; i++) {
		const double *y = b->y + i * b->nrung;
		size_t best = 0;

		for (size_t r = 1; r < b->nrung; r++)
			if (y[r] > y[best])
				best = r;
		sum += y[best] - l->rung[best].acc.at;
	}
	return b->b ? fmax(0, sum / (double)b->b) : 0;
}

struct ladder
ladder_judge(const struct sample *design, const struct rung *rung, size_t nrung,
    const struct ladder_rules *rules, struct arena *a)
{
	struct ladder l = { .nrung = nrung };
	struct arena scratch = { 0 };
	struct resamples b = ladder_resample(design, rung, nrung, rules->resamples, rules->seed,
	    &scratch);

	l.rung = arena_array(a, nrung, sizeof *l.rung);
	l.pair = arena_array(a, nrung * nrung, sizeof *l.pair);
	l.step = arena_array(a, nrung, sizeof *l.step);
	for (size_t r = 0; r < nrung; r++) {
		l.rung[r] = rung_judge(design, &rung[r], rules, &scratch);
		if (l.rung[r].acc.at > l.rung[l.best].acc.at || (l.rung[r].acc.at ==
		    l.rung[l.best].acc.at && l.rung[r].cost.at < l.rung[l.best].cost.at))
			l.best = r;
	}
	l.critical = critical_value(&b, l.rung, rules->alpha, &scratch);
	for (size_t r = 0; r < nrung; r++)
		for (size_t s = r + 1; s < nrung; s++)
			l.pair[l.npair++] = (struct rung_pair){ r, s, paired_compare(design, rung[r].y,
			    rung[s].y, false, rules->margin, normal_sf(l.critical), &scratch) };
	find_dominated(design, rung, &l, &b, rules);
	l.chosen = ladder_choose(l.rung, nrung, &l.met);
	if (l.chosen >= 0 && !l.met)
		l.n_needed = units_needed(design, &rung[l.chosen], &l.rung[l.chosen], rules, &scratch);
	l.optimism = optimism_of(&l, &b);
	l.nstep = ladder_steps(design, rung, &l, &b, rules, l.step, &scratch);
	arena_free(&scratch);
	return l;
}
