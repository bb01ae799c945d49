/*
 * shrink.c -- slices shown closer to their common mean, the less each says by itself.
 *
 * The variance between slices is DerSimonian and Laird's (Controlled Clinical Trials 7, 1986):
 * Q = sum w (x - xbar)^2 with w = 1/v, tau^2 = max(0, (Q - (k-1)) / (sum w - sum w^2 / sum w)).
 * A slice is then B xbar* + (1 - B) x with B = v / (v + tau^2) and xbar* the mean weighted by
 * 1 / (v + tau^2).  For display; tests use the slices as they are.
 */
#include "metrics/stats/stats.h"

#include <math.h>

static double
weighted_mean(const double *x, const double *v, size_t n, double tau2, double *sum, double *sum2)
{
	double mean = 0;

	*sum = *sum2 = 0;
	for (size_t i = 0; i < n; i++) {
		double w = 1 / (v[i] + tau2);

		mean += w * x[i];
		*sum += w;
		*sum2 += w * w;
	}
	return mean / *sum;
}

double
shrink(const double *x, const double *v, size_t n, double *out)
{
	double sum, sum2, mean, q = 0, room, tau2;

	if (n == 0)
		return 0;
	mean = weighted_mean(x, v, n, 0, &sum, &sum2);
	for (size_t i = 0; i < n; i++)
		q += (x[i] - mean) * (x[i] - mean) / v[i];
	room = sum - sum2 / sum;
	tau2 = room > 0 ? fmax(0, (q - (double)(n - 1)) / room) : 0;
	mean = weighted_mean(x, v, n, tau2, &sum, &sum2);
	for (size_t i = 0; i < n; i++) {
		double b = v[i] / (v[i] + tau2);

		out[i] = b * mean + (1 - b) * x[i];
	}
	return tau2;
}
