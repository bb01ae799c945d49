/*
 * det_g.c -- whether categories have the shares they had, by the likelihood ratio.
 *
 * (1) Effect and interval are homogeneity's.
 * (2) p: G = 2 sum O ln(O / E) of the table of two rows.  Where a count below 5 is expected, G
 * among tables dealt anew.
 */
#include "drift/finding.h"

#include <math.h>

/* Half of G but for what the margins fix. */
static double
likelihood(const struct tally *t, struct arena *scratch)
{
	double *term = arena_array(scratch, t->k + 1, sizeof *term);

	for (size_t i = 0; i < t->k; i++) {
		double x = (double)t->x[i], y = (double)t->y[i];

		term[i] = (x > 0 ? x * log(x / (x + y)) : 0) + (y > 0 ? y * log(y / (x + y)) : 0);
	}
	return sum_of(term, t->k) - (double)t->n * log((double)t->n / (double)(t->n + t->m)) -
	    (double)t->m * log((double)t->m / (double)(t->n + t->m));
}

static struct finding
g(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	return finding_of_table(r, c, likelihood, true, tolerance, seed, a);
}

const struct detector detector_g = {
	.name = "g", .help = "shares of categories, by likelihood ratio", .unit = "share",
	.version = 1, .shapes = 1u << SHAPE_CATEGORY, .tolerance = 0.1, .test = g,
};
