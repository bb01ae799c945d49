/*
 * pooled.c -- samples merged into their distinct values.
 *
 * Every statistic that compares samples by rank or by distribution function needs no more than
 * this, so a column is sorted once however many of them are asked.
 */
#include "metrics/stats/stats.h"

#include <math.h>

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double *
sorted_values(const double *v, size_t n, struct arena *a)
{
	double *x = arena_array(a, n + 1, sizeof *x);

	for (size_t i = 0; i < n; i++) {
		if (!isfinite(v[i]))
			bug("value %zu of a sample is not finite", i);
		x[i] = v[i];
	}
	qsort(x, n, sizeof *x, by_value);
	return x;
}

struct pooled
pool_samples(const struct values *sample, size_t k, struct arena *a)
{
	struct pooled p = { .k = k };
	double **v = arena_array(a, k, sizeof *v), *at;
	size_t *next = arena_array(a, k, sizeof *next);
	long *size = arena_array(a, k, sizeof *size), *count;

	for (size_t s = 0; s < k; s++) {
		v[s] = sorted_values(sample[s].v, sample[s].n, a);
		size[s] = (long)sample[s].n;
		p.n += sample[s].n;
	}
	at = arena_array(a, p.n + 1, sizeof *at);
	count = arena_array(a, p.n * k + 1, sizeof *count);
	for (size_t done = 0; done < p.n; p.distinct++) {
		double least = HUGE_VAL;

		for (size_t s = 0; s < k; s++)
			if (next[s] < sample[s].n)
				least = fmin(least, v[s][next[s]]);
		at[p.distinct] = least;
		for (size_t s = 0; s < k; s++)
			for (; next[s] < sample[s].n && v[s][next[s]] == least; next[s]++, done++)
				count[p.distinct * k + s]++;
	}
	p.size = size;
	p.at = at;
	p.count = count;
	p.ties = p.distinct < p.n;
	return p;
}

struct pooled
pool_two(const double *x, size_t n, const double *y, size_t m, struct arena *a)
{
	return pool_samples((struct values[]){ { x, n }, { y, m } }, 2, a);
}
