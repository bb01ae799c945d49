/*
 * allocation.c -- how many units of each stratum to sample.
 *
 * Proportional n W_h; Neyman n W_h S_h / sum; with costs n W_h S_h / sqrt(c_h) / sum.  Whole
 * numbers by largest remainder, or by Wright's exact optimum (The American Statistician 66,
 * 2012): start at the least, give each further unit to the greatest W_h S_h / sqrt(a (a + 1)).
 */
#include "metrics/stats/stats.h"

#include <math.h>

double
stratum_sd(double pass_rate)
{
	return fmax(sqrt(pass_rate * (1 - pass_rate)), 0.05);
}

void
allocate_real(const double *weight, size_t nh, double n, double *out)
{
	double all = sum_of(weight, nh);

	for (size_t h = 0; h < nh; h++)
		out[h] = all > 0 ? n * weight[h] / all : 0;
}

void
allocate_remainder(const double *weight, size_t nh, long n, long *out)
{
	double all = sum_of(weight, nh);
	long left = n;

	for (size_t h = 0; h < nh; h++) {
		out[h] = all > 0 ? (long)floor((double)n * weight[h] / all) : 0;
		left -= out[h];
	}
	/* Each stratum gets one more at most: what it has then exceeds its real number. */
	for (; left > 0 && all > 0; left--) {
		double most = -1;
		size_t to = 0;

		for (size_t h = 0; h < nh; h++) {
			double rest = (double)n * weight[h] / all - (double)out[h];

			if (rest > most) {
				most = rest;
				to = h;
			}
		}
		out[to]++;
	}
}

bool
allocate_wright(const double *weight, const long *most, size_t nh, long n, long least, long *out)
{
	long used = 0;

	for (size_t h = 0; h < nh; h++)
		used += out[h] = least < most[h] ? least : most[h];
	for (; used < n; used++) {
		double best = -1;
		size_t to = nh;

		for (size_t h = 0; h < nh; h++) {
			double a = (double)out[h], gain;

			if (out[h] >= most[h])
				continue;
			gain = out[h] > 0 ? weight[h] / sqrt(a * (a + 1)) : HUGE_VAL;
			if (gain > best * (1 + 1e-15)) {
				best = gain;
				to = h;
			}
		}
		if (to == nh)
			return false;
		out[to]++;
	}
	return used == n;
}
