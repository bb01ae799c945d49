/*
 * det_jensen_shannon.c -- the Jensen-Shannon distance beyond chance.
 *
 * (1) Numbers fall between the tenths (type 7) of the reference, which the current window never
 * moves; categories count as they are.  Nothing is added to empty ones.
 * (2) Effect: the root, base 2, of the divergence less what chance makes of that; 0 to 1.
 * (3) p: tables dealt anew; their reference gets its own tenths.
 * (4) Interval: of the divergence, as psi's; its roots.
 */
#include "drift/finding.h"

#include <math.h>

/* The squared distance: noise adds to this one, not to its root. */
static double
divergence(const struct tally *t, struct arena *scratch)
{
	struct tally b = tally_bins(t, scratch);
	double d = count_distance(b.x, b.y, b.k).js_bits;

	return d * d;
}

/* The standard deviation of the divergence's linear part. */
static double
linear_sd(const struct tally *b)
{
	double n = (double)b->n, m = (double)b->m, p1 = 0, p2 = 0, q1 = 0, q2 = 0;

	for (size_t i = 0; i < b->k; i++) {
		double p = (double)b->x[i] / n, q = (double)b->y[i] / m, middle = 0.5 * (p + q);
		double by_p = p > 0 ? 0.5 * log2(p / middle) : 0;
		double by_q = q > 0 ? 0.5 * log2(q / middle) : 0;

		p1 += p * by_p;
		p2 += p * by_p * by_p;
		q1 += q * by_q;
		q2 += q * by_q * by_q;
	}
	return sqrt(fmax(0, p2 - p1 * p1) / n + fmax(0, q2 - q1 * q1) / m);
}

static struct finding
jensen_shannon(const struct feature_profile *r, const struct feature_profile *c,
    double tolerance, uint64_t seed, struct arena *a)
{
	struct tally t = tally_of(r, c, a), b;
	struct chance_of chance;
	struct finding f;
	struct excess e;

	if (finding_empty(t.n, t.m, tolerance, 1, "value", &f, a))
		return f;
	b = tally_bins(&t, a);
	chance = chance_deal(&t, divergence, NULL, draws_for_p(t.k), seed, a);
	e = excess_of(divergence(&t, a), &chance, linear_sd(&b),
	    chi2_isf(0.05, 1) * js2_under_null(2, (double)t.n, (double)t.m) / M_LN2);
	f = (struct finding){ .effect = sqrt(e.at), .observed = sqrt(divergence(&t, a)),
	    .ci = { sqrt(e.ci.lo), fmin(1, sqrt(e.ci.hi)) },
	    .p = chance.p, .draws = chance.draws, .tolerance = tolerance, .mde = fmin(1, sqrt(e.mde)),
	    .n_reference = t.n, .n_current = t.m };
	finding_decide(&f, root_reach(tolerance, e.reach), a);
	return f;
}

const struct detector detector_jensen_shannon = {
	.name = "jensen_shannon", .help = "Jensen-Shannon distance beyond chance",
	.unit = "JS (base 2)", .version = 1, .shapes = 1u << SHAPE_NUMBER | 1u << SHAPE_CATEGORY,
	.tolerance = 0.1, .test = jensen_shannon,
};
