/*
 * det_homogeneity.c -- whether categories have the shares they had.
 *
 * (1) Effect: total variation distance, the share of records that lie in another category, less
 * what chance makes of it, at least 0.
 * (2) p: chi-square of the table of two rows; both windows are samples.  Where a count below 5
 * is expected, chi-square among tables dealt anew.
 * (3) Interval: below, the distance less chance's 97.5 % quantile; above, plus the error of one
 * share, because the distance is the change of the share of one set of categories.
 */
#include "drift/finding.h"

/* Chi-square but for what the margins fix. */
static double
chi_square(const struct tally *t, struct arena *scratch)
{
	double sum = 0;

	(void)scratch;
	for (size_t i = 0; i < t->k; i++) {
		double x = (double)t->x[i], y = (double)t->y[i], gap = x * (double)t->m - y * (double)t->n;

		sum += gap / (x + y) * gap;
	}
	return sum;
}

static struct finding
homogeneity(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	return finding_of_table(r, c, chi_square, false, tolerance, seed, a);
}

const struct detector detector_homogeneity = {
	.name = "homogeneity", .help = "shares of categories, by chi-square", .unit = "share",
	.version = 1, .shapes = 1u << SHAPE_CATEGORY, .tolerance = 0.1, .test = homogeneity,
};
