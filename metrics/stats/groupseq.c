/*
 * groupseq.c -- efficacy bounds for a test that is looked at several times.
 *
 * Lan and DeMets (1983) with O'Brien-Fleming-like spending 2 (1 - Phi(z_{alpha/2} / sqrt t)) of
 * the one-sided alpha.  The density of the score process among paths not yet stopped is
 * carried from look to look (Armitage, McPherson and Rowe 1969) on a Simpson grid.
 */
#include "metrics/stats/stats.h"

#include <math.h>

enum { POINTS = 801, BISECTIONS = 80 };

/* The paths still going at information t: density times Simpson weight at each point. */
struct paths { double t, x[POINTS], mass[POINTS]; };

static double
spent(double alpha, double t)
{
	return 2 * normal_sf(-normal_quantile(alpha / 2) / sqrt(t));
}

/* P(the score is above `level` at time t, and was never above a bound before). */
static double
crossing(const struct paths *p, double t, double level)
{
	double sd = sqrt(t - p->t), sum = 0;

	if (!(p->t > 0))
		return normal_sf(level / sd);
	for (int i = 0; i < POINTS; i++)
		sum += p->mass[i] * normal_sf((level - p->x[i]) / sd);
	return sum;
}

static void
carry(const struct paths *from, struct paths *to, double t, double level)
{
	double lo = -10 * sqrt(t), step = (level - lo) / (POINTS - 1), sd = sqrt(t - from->t);

	to->t = t;
	for (int i = 0; i < POINTS; i++) {
		double simpson = i == 0 || i == POINTS - 1 ? 1 : i % 2 ? 4 : 2, density = 0;

		to->x[i] = lo + step * i;
		if (!(from->t > 0))
			density = normal_pdf(to->x[i] / sd) / sd;
		else
			for (int j = 0; j < POINTS; j++)
				density += from->mass[j] *
				    normal_pdf((to->x[i] - from->x[j]) / sd) / sd;
		to->mass[i] = density * simpson * step / 3;
	}
}

void
group_bounds(double alpha, const double *info, size_t looks, double *bound, struct arena *scratch)
{
	struct paths *now = arena_array(scratch, 1, sizeof *now);
	struct paths *next = arena_array(scratch, 1, sizeof *next), *swap;
	double before = 0;

	for (size_t k = 0; k < looks; k++) {
		double share = spent(alpha, info[k]) - before, lo = -10, hi = 40;

		before += share;
		for (int i = 0; i < BISECTIONS; i++) {
			double mid = 0.5 * (lo + hi);

			if (crossing(now, info[k], mid * sqrt(info[k])) > share)
				lo = mid;
			else
				hi = mid;
		}
		bound[k] = 0.5 * (lo + hi);
		carry(now, next, info[k], bound[k] * sqrt(info[k]));
		swap = now;
		now = next;
		next = swap;
	}
}
