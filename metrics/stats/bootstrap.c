/*
 * bootstrap.c -- the spread of a mean, by drawing its sample again and again.
 *
 * Efron and Tibshirani (1993): standard error, percentile interval, BCa (Efron 1987) and
 * bootstrap-t.  Acceleration and linearised standard error over strata follow Davison and
 * Hinkley (1997, sections 2.7, 3.2 and 5.4).
 */
#include "metrics/stats/bootstrap.h"

#include <float.h>
#include <math.h>

static int
by_off(const void *a, const void *b)
{
	double x = ((const struct replicate *)a)->off, y = ((const struct replicate *)b)->off;

	return (x > y) - (x < y);
}

static int
by_t(const void *a, const void *b)
{
	double x = ((const struct replicate *)a)->t, y = ((const struct replicate *)b)->t;

	return (x > y) - (x < y);
}

/* The first that has `p` of the mass at or before it. */
static const struct replicate *
quantile(const struct replicate *r, size_t n, double p)
{
	double mass = 0;
	size_t i = 0;

	while (i + 1 < n && (mass += r[i].mass) < p - 1e-9)
		i++;
	return &r[i];
}

/* Skewness of the jackknife's influences over 6; each stratum is left out of in turn. */
static double
acceleration(const struct design *d)
{
	const struct sums *all = d->all;
	double num = 0, den = 0, square = 0, cube = 0;

	for (size_t h = 0; h < d->nlayer; h++) {
		num += all[h].num;
		den += all[h].den;
	}
	for (size_t h = 0; h < d->nlayer; h++) {
		const struct layer *l = &d->layer[h];
		double n = (double)l->n, share = d->pooled ? 1 : l->share, mean = 0;
		double n0 = d->pooled ? num : all[h].num, d0 = d->pooled ? den : all[h].den;

		for (uint32_t i = 0; i < l->n; i++)
			mean += share * (n0 - l->num[i]) / (d0 - l->den[i]) / n;
		for (uint32_t i = 0; i < l->n; i++) {
			double u = (n - 1) / n *
			    (mean - share * (n0 - l->num[i]) / (d0 - l->den[i]));

			square += u * u;
			cube += u * u * u;
		}
	}
	return square > 0 ? cube / (6 * pow(square, 1.5)) : 0;
}

/* False: the corrected level lies past all levels. */
static bool
bca_level(const struct bootstrap *b, double z, double *level)
{
	double room = 1 - b->accel * (b->z0 + z);

	*level = room > 0 ? normal_cdf(b->z0 + (b->z0 + z) / room) : 0;
	return room > 0;
}

/* r sorted by `off`. */
static void
bca(struct bootstrap *b, const struct design *d, const struct replicate *r, size_t n, double conf)
{
	double below = 0, above = 0, z = normal_quantile(0.5 * (1 - conf));

	for (size_t i = 0; i < n; i++) {
		below += r[i].off < -d->tie ? r[i].mass : r[i].off <= d->tie ? r[i].mass / 2 : 0;
		above += r[i].off > d->tie ? r[i].mass : r[i].off >= -d->tie ? r[i].mass / 2 : 0;
	}
	if (!(below > 0 && above > 0))
		return;
	b->z0 = normal_quantile(below / (below + above));
	b->accel = acceleration(d);
	b->has_bca = bca_level(b, z, &b->level_lo) && bca_level(b, -z, &b->level_hi);
	if (b->has_bca)
		b->bca = (struct interval){ b->at + quantile(r, n, b->level_lo)->off,
		    b->at + quantile(r, n, b->level_hi)->off };
}

static void
percentile(struct bootstrap *b, const struct replicate *r, size_t n, double conf)
{
	double tail = 0.5 * (1 - conf), mean = 0, square = 0;

	/* The mean of all samples is the estimate; of some of them it is estimated. */
	for (size_t i = 0; i < n && !b->exact; i++)
		mean += r[i].mass * r[i].off;
	for (size_t i = 0; i < n; i++)
		square += r[i].mass * (r[i].off - mean) * (r[i].off - mean);
	b->se = sqrt(b->exact || n < 2 ? square : square * (double)n / (double)(n - 1));
	b->percentile = (struct interval){ b->at + quantile(r, n, tail)->off,
	    b->at + quantile(r, n, 1 - tail)->off };
}

/* Sorts r by `t`. */
static void
studentize(struct bootstrap *b, double se, struct replicate *r, size_t n, double conf)
{
	double tail = 0.5 * (1 - conf), lo, hi;

	qsort(r, n, sizeof *r, by_t);
	lo = quantile(r, n, tail)->t;
	hi = quantile(r, n, 1 - tail)->t;
	b->has_t = lo > -DBL_MAX && hi < DBL_MAX;
	if (b->has_t)
		b->t = (struct interval){ b->at - hi * se, b->at - lo * se };
}

struct bootstrap
bootstrap_mean(const struct sample *s, const struct bootstrap_plan *plan, struct arena *scratch)
{
	struct bootstrap b = { 0 };
	struct replicate *r;
	struct design d;
	double samples;
	size_t n = (size_t)plan->replicates;

	if (plan->replicates < 2 || !(plan->conf > 0 && plan->conf < 1))
		bug("a bootstrap of %ld replicates at confidence %g", plan->replicates, plan->conf);
	b.known = design_of(s, &d, scratch);
	b.at = d.at;
	if (!b.known)
		return b;
	samples = design_samples(&d);
	b.exact = samples <= (double)n;
	n = b.exact ? (size_t)samples : n;
	r = arena_array(scratch, n, sizeof *r);
	if (b.exact)
		design_enumerate(&d, r, scratch);
	else
		design_draw(&d, r, n, plan->seed);
	b.replicates = (long)n;
	qsort(r, n, sizeof *r, by_off);
	percentile(&b, r, n, plan->conf);
	bca(&b, &d, r, n, plan->conf);
	if (plan->studentized)
		studentize(&b, d.se, r, n, plan->conf);
	return b;
}
