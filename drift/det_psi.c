/*
 * det_psi.c -- the population stability index beyond chance.
 *
 * (1) Numbers fall between the tenths (type 7) of the reference, which the current window never
 * moves; categories count as they are.  Half a count is added to every bin, so none is empty.
 * (2) Effect: the sum of (q - p) ln(q / p), less what chance makes of it, at least 0.
 * (3) p: tables dealt anew; their reference gets its own tenths.
 * (4) Interval: the spread under chance and the delta method's, squared and added;
 * no narrower than chance would be with two bins.
 */
#include "drift/finding.h"

#include <float.h>
#include <math.h>

static double
index_of(const struct tally *t, struct arena *scratch)
{
	struct tally b = tally_bins(t, scratch);

	return count_distance(b.x, b.y, b.k).psi_half;
}

/* The standard deviation of the index's linear part. */
static double
linear_sd(const struct tally *b)
{
	double k = (double)b->k, n = (double)b->n, m = (double)b->m;
	double p1 = 0, p2 = 0, q1 = 0, q2 = 0;

	for (size_t i = 0; i < b->k; i++) {
		double p = ((double)b->x[i] + 0.5) / (n + 0.5 * k);
		double q = ((double)b->y[i] + 0.5) / (m + 0.5 * k);
		double by_p = log(p / q) - q / p, by_q = log(q / p) - p / q;

		p1 += p * by_p;
		p2 += p * by_p * by_p;
		q1 += q * by_q;
		q2 += q * by_q * by_q;
	}
	return sqrt(fmax(0, p2 - p1 * p1) / n + fmax(0, q2 - q1 * q1) / m);
}

static struct finding
psi(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct tally t = tally_of(r, c, a), b;
	struct chance_of chance;
	struct finding f;
	struct excess e;

	if (finding_empty(t.n, t.m, tolerance, DBL_MAX, "value", &f, a))
		return f;
	b = tally_bins(&t, a);
	chance = chance_deal(&t, index_of, NULL, draws_for_p(t.k), seed, a);
	e = excess_of(index_of(&t, a), &chance, linear_sd(&b),
	    chi2_isf(0.05, 1) * psi_under_null(2, (double)t.n, (double)t.m));
	f = (struct finding){ .effect = e.at, .observed = index_of(&t, a), .ci = e.ci, .p = chance.p,
	    .draws = chance.draws, .tolerance = tolerance, .mde = e.mde, .n_reference = t.n,
	    .n_current = t.m };
	finding_decide(&f, e.reach, a);
	return f;
}

const struct detector detector_psi = {
	.name = "psi", .help = "population stability index beyond chance", .unit = "PSI",
	.version = 1, .shapes = 1u << SHAPE_NUMBER | 1u << SHAPE_CATEGORY, .tolerance = 0.1,
	.test = psi,
};
