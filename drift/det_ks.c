/*
 * det_ks.c -- the largest difference of the share of values at or below any point.
 *
 * (1) Effect: D = sup |F - G|, in shares of the values.  Direction: where nearly all of the
 * difference is one way.
 * (2) p: exact given the ties while n m < 10,000 (Schroeer and Trenkler 1995), else
 * Kolmogorov's limit, which ties make conservative.
 * (3) Interval: below, D less the 97.5 % quantile of the limit, which bounds the error at all
 * points at once; above, D plus the normal error at one point, because the truth has its
 * largest difference at one.
 * (4) Numbers are compared by bucket: integers to 1024 exactly, others to 1.6 %.
 */
#include "drift/finding.h"

#include <math.h>

#define KOLMOGOROV_95 1.358098658        /* kolmogorov_sf(x) = 0.05 */

static int
direction(const struct tally *t)
{
	double x = 0, y = 0, lower = 0, higher = 0;

	for (size_t i = 0; i < t->k; i++) {
		x += (double)t->x[i] / (double)t->n;
		y += (double)t->y[i] / (double)t->m;
		higher = fmax(higher, x - y);
		lower = fmax(lower, y - x);
	}
	return higher > 2 * lower ? 1 : lower > 2 * higher ? -1 : 0;
}

static struct finding
ks(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct tally t = tally_numbers(r, c, a);
	struct finding f;
	struct pooled s;
	struct ks k;
	double root, z = normal_quantile(0.975), power = normal_quantile(0.8);

	(void)seed;
	if (finding_empty(t.n, t.m, tolerance, 1, "number", &f, a))
		return f;
	s = tally_pooled(&t, a);
	k = ks_test(&s, a);
	root = both_sizes(t.n, t.m);
	f = (struct finding){ .effect = k.d, .p = k.p, .direction = direction(&t),
	    .tolerance = tolerance, .n_reference = t.n, .n_current = t.m };
	f.ci.lo = fmax(0, k.d - KOLMOGOROV_95 * root);
	f.ci.hi = fmin(1, k.d + z * 0.5 * root);
	f.mde = fmin(1, (KOLMOGOROV_95 + power * 0.5) * root);
	/* sqrt(pi / 2) ln 2 is what chance makes of D on average, in units of root. */
	finding_decide(&f, fmax(KOLMOGOROV_95, sqrt(M_PI / 2) * M_LN2 + z * 0.5) * root +
	    power * 0.5 * root, a);
	return f;
}

const struct detector detector_ks = {
	.name = "ks", .help = "largest difference of the distribution functions", .unit = "share",
	.version = 1, .shapes = 1u << SHAPE_NUMBER, .tolerance = 0.1, .test = ks,
};
