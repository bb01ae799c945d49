/*
 * alpha.c -- Krippendorff's alpha: agreement of any number of raters, with gaps.
 *
 * alpha = 1 - D_o / D_e (Krippendorff 2011).  D_o averages the distance of two ratings of one
 * unit, D_e that of any two ratings.  Units with fewer than two ratings are left out.
 * Undefined where no disagreement is expected.
 */
#include "metrics/stats/stats.h"

#include <math.h>

static double
distance(enum alpha_level level, double a, double b)
{
	double d = a - b;

	if (level == ALPHA_NOMINAL)
		return a != b;
	if (level == ALPHA_RATIO)
		return a + b != 0 ? d * d / ((a + b) * (a + b)) : 0;
	return d * d;
}

/* Ordinal distance is the interval distance of mid-ranks. */
static double
mid_rank(const double *all, size_t n, double x)
{
	double below = 0, same = 0;

	for (size_t i = 0; i < n; i++) {
		below += all[i] < x;
		same += all[i] == x;
	}
	return below + 0.5 * same;
}

/* Ratings used, unit by unit; *start[u] .. *start[u + 1] are those of unit u. */
struct ratings { double *x; size_t *start, n, nunit; };

static struct ratings
pairable(const double *x, const bool *there, size_t nunit, size_t nrater, struct arena *scratch)
{
	struct ratings r = {
		.x = arena_array(scratch, nunit * nrater, sizeof *r.x),
		.start = arena_array(scratch, nunit + 1, sizeof *r.start)
	};

	for (size_t u = 0; u < nunit; u++) {
		size_t from = r.n;

		for (size_t k = u * nrater; k < (u + 1) * nrater; k++)
			if (there[k])
				r.x[r.n++] = x[k];
		if (r.n - from < 2)
			r.n = from;
		else
			r.start[++r.nunit] = r.n;
	}
	return r;
}

struct alpha
krippendorff_alpha(const double *x, const bool *there, size_t nunit, size_t nrater,
    enum alpha_level level, struct arena *scratch)
{
	struct ratings r = pairable(x, there, nunit, nrater, scratch);
	struct alpha a = { .ratings = (long)r.n, .units = (long)r.nunit };
	double *y = arena_array(scratch, r.n, sizeof *y), n = (double)r.n;
	double observed = 0, expected = 0;

	for (size_t i = 0; i < r.n; i++)
		y[i] = level == ALPHA_ORDINAL ? mid_rank(r.x, r.n, r.x[i]) : r.x[i];
	for (size_t u = 0; u < r.nunit; u++)
		for (size_t i = r.start[u]; i < r.start[u + 1]; i++)
			for (size_t j = r.start[u]; j < r.start[u + 1]; j++)
				observed += distance(level, y[i], y[j]) /
				    (double)(r.start[u + 1] - r.start[u] - 1);
	for (size_t i = 0; i < r.n; i++)
		for (size_t j = 0; j < r.n; j++)
			expected += distance(level, y[i], y[j]);
	a.known = expected > 0;
	a.at = a.known ? 1 - observed * (n - 1) / expected : 0;
	return a;
}
