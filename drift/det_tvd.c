/*
 * det_tvd.c -- the share of records that lie in another category.
 *
 * (1) Effect and interval are homogeneity's.
 * (2) p: the total variation distance among tables dealt anew.  Common categories weigh more
 * here than in chi-square, rare ones less.
 */
#include "drift/finding.h"

static struct finding
tvd(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct tally t = tally_categories(r, c, true, a);
	struct chance_of chance;
	struct finding f;

	if (finding_empty(t.n, t.m, tolerance, 1, "value", &f, a))
		return f;
	chance = chance_deal(&t, total_variation, NULL, draws_for_p(t.k), seed, a);
	return finding_variation(&t, &chance, tolerance, a);
}

const struct detector detector_tvd = {
	.name = "tvd", .help = "total variation distance of categories", .unit = "share",
	.version = 1, .shapes = 1u << SHAPE_CATEGORY, .tolerance = 0.1, .test = tvd,
};
