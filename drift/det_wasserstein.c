/*
 * det_wasserstein.c -- how far values moved, on average, in standard deviations.
 *
 * (1) Effect: the integral of |F - G| over the reference's standard deviation, less what chance
 * makes of it, at least 0.  Where the reference does not vary: over that of both together.
 * (2) Direction: where the means moved by more than half of the distance.
 * (3) p: tables dealt anew.
 * (4) Interval: below, less chance's 97.5 % quantile; above, plus the error of one mean, since
 * the distance is the difference of the means of one function that rises by at most 1 a unit.
 * The standard deviation counts as known.
 * (5) Numbers are compared by bucket: integers to 1024 exactly, others to 1.6 %.
 */
#include "drift/finding.h"

#include <float.h>
#include <math.h>

static double
distance(const struct tally *t, struct arena *scratch)
{
	struct pooled s = tally_pooled(t, scratch);

	return sample_distance(&s, scratch).wasserstein;
}

struct moments { double mean, sd; };

static struct moments
moments(const double *at, const double *count, size_t k, struct arena *scratch)
{
	double *term = arena_array(scratch, k + 1, sizeof *term), n = sum_of(count, k);
	struct moments m;

	for (size_t i = 0; i < k; i++)
		term[i] = count[i] / n * at[i];
	m.mean = sum_of(term, k);
	for (size_t i = 0; i < k; i++)
		term[i] = count[i] / n * (at[i] - m.mean) * (at[i] - m.mean);
	m.sd = sqrt(sum_of(term, k));
	return m;
}

static struct finding
wasserstein(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct tally t = tally_numbers(r, c, a);
	double *x = arena_array(a, t.k + 1, sizeof *x), *y = arena_array(a, t.k + 1, sizeof *y);
	double *both = arena_array(a, t.k + 1, sizeof *both), at, scale, shift, se;
	struct moments reference, current;
	struct chance_of chance;
	struct finding f;

	if (finding_empty(t.n, t.m, tolerance, DBL_MAX, "number", &f, a))
		return f;
	for (size_t i = 0; i < t.k; i++) {
		x[i] = (double)t.x[i];
		y[i] = (double)t.y[i];
		both[i] = x[i] + y[i];
	}
	reference = moments(t.at, x, t.k, a);
	current = moments(t.at, y, t.k, a);
	scale = reference.sd > 0 ? reference.sd : moments(t.at, both, t.k, a).sd;
	/* All values are one: nothing moved. */
	if (!(scale > 0))
		scale = 1;
	at = distance(&t, a) / scale;
	chance = chance_deal(&t, distance, NULL, draws_for_p(t.k), seed, a);
	chance.mean /= scale;
	chance.q95 /= scale;
	chance.q975 /= scale;
	shift = (current.mean - reference.mean) / scale;
	/* A window in which all values are one could have others: it counts with the scale. */
	se = hypot((reference.sd > 0 ? reference.sd / scale : 1) / sqrt((double)t.n),
	    (current.sd > 0 ? current.sd / scale : 1) / sqrt((double)t.m));
	f = finding_norm(&t, at, &chance, se, DBL_MAX, tolerance, a);
	f.direction = fabs(shift) > 0.5 * at ? (shift > 0 ? 1 : -1) : 0;
	return f;
}

const struct detector detector_wasserstein = {
	.name = "wasserstein", .help = "how far values moved", .unit = "sd", .version = 1,
	.shapes = 1u << SHAPE_NUMBER, .tolerance = 0.1, .test = wasserstein,
};
