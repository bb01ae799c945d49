/*
 * distance.c -- how far two samples, or two lists of counts, lie apart.
 *
 * Distances of samples are integrals over the difference of their distribution functions; those
 * of counts are sums over shares.  None can be negative, so noise makes them grow: for counts
 * the functions under_null say by how much.
 */
#include "metrics/stats/stats.h"

#include <math.h>

/* ---- samples ---- */

static double
population_sd(const struct pooled *s, double *term)
{
	double n = (double)s->size[0], mean;

	for (size_t l = 0; l < s->distinct; l++)
		term[l] = (double)s->count[2 * l] * s->at[l];
	mean = sum_of(term, s->distinct) / n;
	for (size_t l = 0; l < s->distinct; l++) {
		double gap = s->at[l] - mean;

		term[l] = (double)s->count[2 * l] * gap * gap;
	}
	return sqrt(sum_of(term, s->distinct) / n);
}

struct sample_distance
sample_distance(const struct pooled *s, struct arena *scratch)
{
	struct sample_distance r = { 0 };
	double *first = arena_array(scratch, s->distinct + 1, sizeof *first);
	double *second = arena_array(scratch, s->distinct + 1, sizeof *second);
	double n = (double)s->size[0], m = (double)s->size[1];
	long x = 0, y = 0, kinds = 0;

	if (s->size[0] == 0 || s->size[1] == 0)
		return r;
	r.known = true;
	for (size_t l = 0; l < s->distinct; l++) {
		double gap, step = l + 1 < s->distinct ? s->at[l + 1] - s->at[l] : 0;

		x += s->count[2 * l];
		y += s->count[2 * l + 1];
		kinds += s->count[2 * l] > 0;
		gap = (double)labs(x * s->size[1] - y * s->size[0]) / n / m;
		first[l] = gap * step;
		second[l] = gap * gap * step;
	}
	r.wasserstein = sum_of(first, s->distinct);
	r.energy = sqrt(2 * sum_of(second, s->distinct));
	r.energy_statistic = n / (n + m) * m * r.energy * r.energy;
	r.has_normed = kinds > 1;
	if (r.has_normed)
		r.normed = r.wasserstein / population_sd(s, first);
	return r;
}

/* ---- counts ---- */

/* (q - p) ln(q / p) */
static double
stability(double p, double q)
{
	return (q - p) * log(q / p);
}

/* (p ln(p/a) + q ln(q/a)) / 2 with a = (p+q)/2, without cancellation where p is near q. */
static double
half_divergence(double p, double q)
{
	double d = (p - q) / (p + q);

	if (!(p > 0) || !(q > 0))
		return 0.5 * (p + q) * M_LN2;
	return 0.25 * (p + q) * (log1p(-d * d) + 2 * d * atanh(d));
}

struct count_distance
count_distance(const long *reference, const long *current, size_t k)
{
	struct count_distance r = { 0 };
	double n = 0, m = 0, js = 0, squares = 0, add = 0.5 * (double)k;

	for (size_t i = 0; i < k; i++) {
		n += (double)reference[i];
		m += (double)current[i];
	}
	if (!(n > 0) || !(m > 0))
		return r;
	r.known = true;
	for (size_t i = 0; i < k; i++) {
		double p = (double)reference[i] / n, q = (double)current[i] / m;
		double root = sqrt(p) - sqrt(q);

		js += half_divergence(p, q);
		squares += root * root;
		r.total_variation += 0.5 * fabs(p - q);
		r.psi_floor += stability(fmax(p, 1e-4), fmax(q, 1e-4));
		r.psi_half += stability(((double)reference[i] + 0.5) / (n + add),
		    ((double)current[i] + 0.5) / (m + add));
	}
	r.js_nats = sqrt(fmax(0, js));
	r.js_bits = sqrt(fmax(0, js) / M_LN2);
	r.hellinger = sqrt(0.5 * squares);
	return r;
}

double
psi_under_null(size_t k, double n1, double n2)
{
	return k > 1 ? (double)(k - 1) * (1 / n1 + 1 / n2) : 0;
}

double
js2_under_null(size_t k, double n1, double n2)
{
	return psi_under_null(k, n1, n2) / 8;
}

/* ---- bins of a reference ---- */

size_t
quantile_edges(const double *v, size_t n, size_t bins, double *edge, struct arena *scratch)
{
	double *x = sorted_values(v, n, scratch);
	size_t nedge = 0;

	for (size_t i = 1; i < bins && n > 0; i++) {
		double at = (double)(n - 1) * ((double)i / (double)bins), part = at - floor(at);
		double lo = x[(size_t)at], hi = x[(size_t)at + 1 < n ? (size_t)at + 1 : n - 1];
		/* From the nearer end, so that equal ends and part = 1 give the value itself. */
		double q = part < 0.5 ? lo + (hi - lo) * part : hi - (hi - lo) * (1 - part);

		if (nedge == 0 || q > edge[nedge - 1])
			edge[nedge++] = q;
	}
	return nedge;
}

void
bin_counts(const double *v, size_t n, const double *edge, size_t nedge, long *count)
{
	memset(count, 0, (nedge + 1) * sizeof *count);
	for (size_t i = 0; i < n; i++) {
		size_t lo = 0, hi = nedge;

		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;

			if (edge[mid] < v[i])
				lo = mid + 1;
			else
				hi = mid;
		}
		count[lo]++;
	}
}
