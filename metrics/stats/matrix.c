/*
 * matrix.c -- the inverse of a small matrix, by Gauss and Jordan with row pivoting.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

/* The largest sum of absolute values in a column. */
static double
norm(const double *a, size_t n)
{
	double most = 0;

	for (size_t j = 0; j < n; j++) {
		double sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += fabs(a[i * n + j]);
		most = fmax(most, sum);
	}
	return most;
}

static void
swap_rows(double *a, size_t n, size_t i, size_t j)
{
	for (size_t c = 0; i != j && c < n; c++) {
		double x = a[i * n + c];

		a[i * n + c] = a[j * n + c];
		a[j * n + c] = x;
	}
}

static void
take_off(double *row, const double *of, double times, size_t n)
{
	for (size_t c = 0; c < n; c++)
		row[c] -= times * of[c];
}

double
matrix_invert(const double *a, size_t n, double *inverse, struct arena *scratch)
{
	double *left = arena_array(scratch, n * n, sizeof *left), size = norm(a, n);

	memcpy(left, a, n * n * sizeof *left);
	memset(inverse, 0, n * n * sizeof *inverse);
	for (size_t i = 0; i < n; i++)
		inverse[i * n + i] = 1;
	for (size_t j = 0; j < n; j++) {
		size_t pivot = j;

		for (size_t i = j + 1; i < n; i++)
			if (fabs(left[i * n + j]) > fabs(left[pivot * n + j]))
				pivot = i;
		if (!(fabs(left[pivot * n + j]) > size * DBL_EPSILON))
			return 0;
		swap_rows(left, n, j, pivot);
		swap_rows(inverse, n, j, pivot);
		for (size_t i = 0; i < n; i++) {
			double times = left[i * n + j] / left[j * n + j];

			if (i == j || !(fabs(times) > 0))
				continue;
			take_off(left + i * n, left + j * n, times, n);
			take_off(inverse + i * n, inverse + j * n, times, n);
		}
	}
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < n; c++)
			inverse[i * n + c] /= left[i * n + i];
	return size * norm(inverse, n);
}
