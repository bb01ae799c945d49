/*
 * decompose.c -- how much of a change of a weighted mean is mix, and how much is quality.
 *
 * With shares w and means s by stratum, before and after (Kitagawa 1955; the two-fold decomposition
 * of Oaxaca 1973 and Blinder 1973 with both sides' averages as weights, which is Shapley's):
 *
 *	mix     = sum (w1 - w0) (s0 + s1) / 2
 *	quality = sum (w0 + w1) / 2 (s1 - s0)
 *
 * They add up to the change and know no order: exchanging the sides turns the signs.  A stratum's
 * part of the mix is told against the average of all strata, so that one that grows and is worse
 * than others counts as a loss.  Standard errors by the delta method: of the means, with their
 * covariance where the same cases were asked twice, and of shares that were counted, multinomial.
 */
#include "metrics/stats/stats.h"

#include <math.h>

struct both { double w[2], s[2], var[2], cov; };

/* What is known of only one side is taken to be the same on the other: then it is mix alone. */
static struct both
stratum(const struct weighted *side[2], const double *cov, const double scale[2], size_t h)
{
	struct both x = { .cov = cov ? cov[h] : 0 };
	int from = side[0]->known[h] ? 0 : 1;

	if (side[0]->known[h] != side[1]->known[h])
		x.cov = side[from]->var[h];
	for (int i = 0; i < 2; i++) {
		int of = side[i]->known[h] ? i : from;

		x.w[i] = side[i]->share[h] / scale[i];
		x.s[i] = side[of]->mean[h];
		x.var[i] = side[of]->var[h];
	}
	return x;
}

/* sum and sum of squares of x by the shares w: what counting n records makes of sum w x. */
struct shared { double sum, square; };

static void
count_in(struct shared *s, double w, double x)
{
	s->sum += w * x;
	s->square += w * x * x;
}

static double
multinomial(const struct shared *s, long counted)
{
	return counted > 0 ? fmax(0, s->square - s->sum * s->sum) / (double)counted : 0;
}

static struct component
part_of(double at, double var, const struct shared counted[2], const struct weighted *side[2],
    double conf)
{
	double se = sqrt(fmax(0, var) + multinomial(&counted[0], side[0]->counted) +
	    multinomial(&counted[1], side[1]->counted));
	double half = normal_quantile(0.5 + conf / 2) * se;

	return (struct component){ at, se, { at - half, at + half } };
}

static bool
lost(const struct weighted *side[2], size_t h)
{
	return !side[0]->known[h] && !side[1]->known[h];
}

struct decomposition
decompose(const struct weighted *before, const struct weighted *after, const double *cov, size_t n,
    double conf, struct arena *a)
{
	const struct weighted *side[2] = { before, after };
	struct decomposition d = { .n = n, .stratum = arena_array(a, n, sizeof *d.stratum) };
	struct shared change[2] = { 0 }, mix[2] = { 0 }, quality[2] = { 0 };
	double scale[2] = { 0 }, all[2] = { 0 }, at[3] = { 0 }, var[3] = { 0 }, middle;

	for (size_t h = 0; h < n; h++)
		for (int i = 0; i < 2; i++) {
			all[i] += side[i]->share[h];
			scale[i] += lost(side, h) ? 0 : side[i]->share[h];
		}
	d.known = scale[0] > 0 && scale[1] > 0;
	if (!d.known)
		return d;
	for (int i = 0; i < 2; i++)
		d.moved[i] = 1 - scale[i] / all[i];
	for (size_t h = 0; h < n; h++) {
		struct both x;
		double rise, mean, weight;

		if (lost(side, h))
			continue;
		x = stratum(side, cov, scale, h);
		rise = x.s[1] - x.s[0];
		mean = (x.s[0] + x.s[1]) / 2;
		weight = (x.w[0] + x.w[1]) / 2;
		d.from += x.w[0] * x.s[0];
		d.to += x.w[1] * x.s[1];
		at[1] += (x.w[1] - x.w[0]) * mean;
		at[2] += weight * rise;
		var[0] += x.w[1] * x.w[1] * x.var[1] + x.w[0] * x.w[0] * x.var[0] -
		    2 * x.w[0] * x.w[1] * x.cov;
		var[1] += (x.w[1] - x.w[0]) * (x.w[1] - x.w[0]) / 4 * (x.var[0] + x.var[1] + 2 * x.cov);
		var[2] += weight * weight * (x.var[0] + x.var[1] - 2 * x.cov);
		for (int i = 0; i < 2; i++) {
			count_in(&change[i], x.w[i], x.s[i]);
			count_in(&mix[i], x.w[i], mean);
			count_in(&quality[i], x.w[i], rise / 2);
		}
	}
	middle = (d.from + d.to) / 2;
	for (size_t h = 0; h < n; h++) {
		struct both x;

		if (lost(side, h))
			continue;
		x = stratum(side, cov, scale, h);
		d.stratum[h].mix = (x.w[1] - x.w[0]) * ((x.s[0] + x.s[1]) / 2 - middle);
		d.stratum[h].quality = (x.w[0] + x.w[1]) / 2 * (x.s[1] - x.s[0]);
	}
	d.change = part_of(d.to - d.from, var[0], change, side, conf);
	d.mix = part_of(at[1], var[1], mix, side, conf);
	d.quality = part_of(at[2], var[2], quality, side, conf);
	return d;
}
