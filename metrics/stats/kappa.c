/*
 * kappa.c -- agreement of two raters on categories: Cohen's kappa and its relatives.
 *
 * Standard error of Fleiss, Cohen and Everitt (1969), for any agreement weights; AC1 of
 * Gwet (2008); pi of Scott (1955).  Undefined where all agreement is expected by chance.
 */
#include "metrics/stats/stats.h"

#include <math.h>

static double
agreement(enum kappa_weights w, size_t i, size_t j, size_t k)
{
	double gap = fabs((double)i - (double)j) / (k > 1 ? (double)(k - 1) : 1);

	if (w == KAPPA_NOMINAL)
		return i == j;
	return w == KAPPA_LINEAR ? 1 - gap : 1 - gap * gap;
}

struct kappa
cohen_kappa(const double *table, size_t k, enum kappa_weights weights, struct arena *scratch)
{
	struct kappa r = { 0 };
	double *row = arena_array(scratch, k, sizeof *row), *col = arena_array(scratch, k, sizeof *col);
	double *wrow = arena_array(scratch, k, sizeof *wrow);
	double *wcol = arena_array(scratch, k, sizeof *wcol);
	double n = sum_of(table, k * k), spread = 0, rest;

	if (!(n > 0))
		return r;
	for (size_t i = 0; i < k * k; i++) {
		row[i / k] += table[i] / n;
		col[i % k] += table[i] / n;
	}
	for (size_t i = 0; i < k * k; i++) {
		double w = agreement(weights, i / k, i % k, k);

		r.observed += w * table[i] / n;
		r.expected += w * row[i / k] * col[i % k];
		wrow[i / k] += w * col[i % k];
		wcol[i % k] += w * row[i / k];
	}
	r.known = 1 - r.expected > 1e-14;
	if (!r.known)
		return r;
	r.at = (r.observed - r.expected) / (1 - r.expected);
	for (size_t i = 0; i < k * k; i++) {
		double gap = agreement(weights, i / k, i % k, k) -
		    (wrow[i / k] + wcol[i % k]) * (1 - r.at);

		spread += table[i] / n * gap * gap;
	}
	rest = r.at - r.expected * (1 - r.at);
	r.se = sqrt(fmax(0, spread - rest * rest) / n) / (1 - r.expected);
	return r;
}

struct chance
chance_agreement(const double *table, size_t k)
{
	struct chance r = { 0 };
	double n = sum_of(table, k * k), same = 0, scott = 0, gwet = 0;

	if (!(n > 0) || k < 2)
		return r;
	for (size_t i = 0; i < k; i++) {
		double mid = 0;

		for (size_t j = 0; j < k; j++)
			mid += (table[i * k + j] + table[j * k + i]) / (2 * n);
		same += table[i * k + i] / n;
		scott += mid * mid;
		gwet += mid * (1 - mid) / (double)(k - 1);
	}
	r.ac1 = (same - gwet) / (1 - gwet);
	r.has_pi = 1 - scott > 1e-14;
	r.pi = r.has_pi ? (same - scott) / (1 - scott) : 0;
	r.has_ac1 = true;
	return r;
}
