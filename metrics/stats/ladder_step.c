/*
 * ladder_step.c -- from a rung to the next dearer one: what an extra correct answer costs.
 *
 * The ratio of two mean differences over the same units, the incremental cost-effectiveness
 * ratio (Willan and Briggs, Statistical Analysis of Cost-Effectiveness Data, 2006, chapter 3).
 * A ratio says nothing where the gain may be 0, so it is given only where there is a gain.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Mean, variance and df of x + k y by the design. */
static struct mean
mean_of(const struct sample *design, const double *x, double k, const double *y,
    struct arena *scratch)
{
	double *sum = arena_array(scratch, design->n, sizeof *sum);
	struct sample s = *design;

	for (size_t i = 0; i < s.n; i++)
		sum[i] = x[i] + k * y[i];
	s.y = sum;
	s.binary = false;
	s.unbounded = true;
	return sample_mean(&s, scratch);
}

static struct ratio
by_fieller(const struct sample *design, const struct rung *to, const struct rung *from,
    const struct rung_step *step, double alpha, struct arena *scratch)
{
	double *y = arena_array(scratch, design->n, sizeof *y), most = 0, k;
	double *cost = arena_array(scratch, design->n, sizeof *cost), df;
	struct mean my, mc, up, down;

	for (size_t i = 0; i < design->n; i++) {
		y[i] = to->y[i] - from->y[i];
		cost[i] = to->cost[i] - from->cost[i];
		most = fmax(most, fabs(cost[i]));
	}
	k = most > 0 ? 1 / most : 1;            /* both of a size, or their covariance is lost */
	my = mean_of(design, y, 0, cost, scratch);
	mc = mean_of(design, cost, 0, y, scratch);
	up = mean_of(design, y, k, cost, scratch);
	down = mean_of(design, y, -k, cost, scratch);
	df = my.has_se ? my.df : fmax(1, (double)design->n - 1);
	return fieller_ratio(step->dcost, step->dacc, mc.se * mc.se, my.se * my.se,
	    (up.se * up.se - down.se * down.se) / (4 * k), -t_quantile(alpha / 2, df));
}

/* Percentiles; where a replicate has no gain, no money buys one. */
static struct ratio
by_bootstrap(const struct resamples *b, const struct rung_step *step, double alpha,
    struct arena *scratch)
{
	double *q = arena_array(scratch, b->b, sizeof *q), n = (double)b->b;
	struct ratio r = { .known = true, .at = step->dcost / step->dacc };

	for (size_t i = 0; i < b->b; i++) {
		size_t to = i * b->nrung + step->to, from = i * b->nrung + step->from;
		double gain = b->y[to] - b->y[from];

		q[i] = gain > 0 ? (b->cost[to] - b->cost[from]) / gain : DBL_MAX;
	}
	qsort(q, b->b, sizeof *q, ascending);
	if (b->b == 0 || q[(size_t)ceil((1 - alpha / 2) * n) - 1] == DBL_MAX)
		return r;
	r.bounded = true;
	r.lo = q[(size_t)floor(alpha / 2 * n)];
	r.hi = q[(size_t)ceil((1 - alpha / 2) * n) - 1];
	return r;
}

/* The joint interval of rung `to` less rung `from`. */
static struct interval
joint(const struct ladder *l, size_t to, size_t from)
{
	for (size_t i = 0; i < l->npair; i++) {
		const struct rung_pair *p = &l->pair[i];

		if (p->a == to && p->b == from)
			return p->change.ci;
		if (p->a == from && p->b == to)
			return (struct interval){ -p->change.ci.hi, -p->change.ci.lo };
	}
	bug("rungs %zu and %zu are not a pair", to, from);
}

size_t
ladder_steps(const struct sample *design, const struct rung *rung, const struct ladder *l,
    const struct resamples *b, const struct ladder_rules *rules, struct rung_step *out,
    struct arena *scratch)
{
	size_t *order = arena_array(scratch, l->nrung, sizeof *order), n = 0, from;

	for (size_t r = 0; r < l->nrung; r++) {         /* insertion: equal costs keep their order */
		size_t at = r;

		for (; at > 0 && l->rung[order[at - 1]].cost.at > l->rung[r].cost.at; at--)
			order[at] = order[at - 1];
		order[at] = r;
	}
	from = l->nrung > 0 ? order[0] : 0;
	for (size_t k = 1; k < l->nrung; k++) {
		struct rung_step *s = &out[n++];
		size_t to = order[k];

		*s = (struct rung_step){ .from = from, .to = to, .method = "fieller",
			.dcost = l->rung[to].cost.at - l->rung[from].cost.at,
			.dacc = l->rung[to].acc.at - l->rung[from].acc.at, .acc = joint(l, to, from) };
		s->gain = s->acc.lo > 0;
		if (s->gain)
			s->price = by_fieller(design, &rung[to], &rung[from], s, rules->alpha, scratch);
		if (s->gain && !s->price.bounded) {
			s->method = "bootstrap";
			s->price = by_bootstrap(b, s, rules->alpha, scratch);
		}
		if (l->rung[to].dominated_by < 0 || l->rung[from].dominated_by >= 0)
			from = to;
	}
	return n;
}
