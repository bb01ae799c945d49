/*
 * multiplicity.c -- many tests at once: p-values adjusted in place, e-values compared.
 *
 * Sources: Holm 1979; Hochberg 1988; Benjamini and Hochberg 1995; Benjamini and Yekutieli
 * 2001; Wang and Ramdas 2022 (e-BH).  Ties keep their order; no test gives no result.
 */
#include "metrics/stats/stats.h"

#include <math.h>

struct ranked { double value; size_t i; };

static int
by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static struct ranked *
ranked(const double *value, size_t n, double sign)
{
	struct ranked *r = mem_alloc(n ? n : 1, sizeof *r);

	for (size_t i = 0; i < n; i++)
		r[i] = (struct ranked){ sign * value[i], i };
	qsort(r, n, sizeof *r, by_value);
	return r;
}

void
adjust_bonferroni(double *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = fmin(1, (double)n * p[i]);
}

void
adjust_holm(double *p, size_t n)
{
	struct ranked *r = ranked(p, n, 1);
	double most = 0;

	for (size_t k = 0; k < n; k++) {
		most = fmax(most, fmin(1, (double)(n - k) * r[k].value));
		p[r[k].i] = most;
	}
	mem_free(r);
}

void
adjust_hochberg(double *p, size_t n)
{
	struct ranked *r = ranked(p, n, 1);
	double least = 1;

	for (size_t k = n; k-- > 0; ) {
		least = fmin(least, (double)(n - k) * r[k].value);
		p[r[k].i] = least;
	}
	mem_free(r);
}

static void
step_up(double *p, size_t n, double factor)
{
	struct ranked *r = ranked(p, n, 1);
	double least = 1;

	for (size_t k = n; k-- > 0; ) {
		least = fmin(least, factor * (double)n / (double)(k + 1) * r[k].value);
		p[r[k].i] = least;
	}
	mem_free(r);
}

void
adjust_bh(double *p, size_t n)
{
	step_up(p, n, 1);
}

void
adjust_by(double *p, size_t n)
{
	double harmonic = 0;

	for (size_t k = n; k > 0; k--)
		harmonic += 1 / (double)k;
	step_up(p, n, harmonic);
}

size_t
ebh_reject(const double *e, size_t n, double alpha, bool *rejected)
{
	struct ranked *r = ranked(e, n, -1);
	size_t count = 0;

	for (size_t k = 1; k <= n; k++)
		if (-r[k - 1].value >= (double)n / (alpha * (double)k))
			count = k;
	for (size_t k = 0; k < n; k++)
		rejected[r[k].i] = k < count;
	mem_free(r);
	return count;
}
