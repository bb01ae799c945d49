/*
 * raking.c -- weights that meet margins when their joint distribution is not known.
 *
 * Iterative proportional fitting (Deming and Stephan 1940).  The standard error is the
 * linearised one of R's survey package: residuals from the margins, fitted without weights by
 * ten sweeps over them, times the weights.
 */
#include "metrics/stats/stats.h"

#include <math.h>

enum { CYCLES = 1000, SWEEPS = 10 };
static const double SETTLED = 1e-14, MET = 1e-9, SHARE_OF_MEDIAN = 5;

/* The first cell that carries a total and has no unit. */
static bool
find_empty(struct raking *r, const struct margin *m, size_t nmargin, size_t n,
    struct arena *scratch)
{
	for (r->margin = 0; r->margin < nmargin; r->margin++) {
		const struct margin *at = &m[r->margin];
		bool *there = arena_array(scratch, at->ncell, sizeof *there);

		for (size_t i = 0; i < n; i++)
			there[at->cell[i]] = true;
		for (r->cell = 0; r->cell < at->ncell; r->cell++)
			if (!there[r->cell] && at->total[r->cell] > 0)
				return true;
	}
	r->margin = r->cell = 0;
	return false;
}

static void
fit_margin(const struct margin *m, double *weight, size_t n, double *sum)
{
	memset(sum, 0, m->ncell * sizeof *sum);
	for (size_t i = 0; i < n; i++)
		sum[m->cell[i]] += weight[i];
	for (size_t i = 0; i < n; i++)
		if (sum[m->cell[i]] > 0)
			weight[i] *= m->total[m->cell[i]] / sum[m->cell[i]];
}

/* Whether each cell has the share of all weight that its total is of all totals. */
static bool
met(const struct margin *m, const double *weight, size_t n, double *sum)
{
	double all = sum_of(m->total, m->ncell), whole = sum_of(weight, n), gap = 0;

	memset(sum, 0, m->ncell * sizeof *sum);
	for (size_t i = 0; i < n; i++)
		sum[m->cell[i]] += weight[i];
	for (size_t h = 0; h < m->ncell; h++)
		gap = fmax(gap, fabs(sum[h] * all - m->total[h] * whole));
	return gap <= MET * all * whole;
}

static void
fit(struct raking *r, const struct margin *m, size_t nmargin, size_t n, double *sum,
    double *before)
{
	r->converged = false;
	for (r->cycles = 0; r->cycles < CYCLES && !r->converged; r->cycles++) {
		double change = 0;

		memcpy(before, r->weight, n * sizeof *before);
		for (size_t k = 0; k < nmargin; k++)
			fit_margin(&m[k], r->weight, n, sum);
		for (size_t i = 0; i < n; i++)
			if (r->weight[i] > 0)
				change = fmax(change, fabs(r->weight[i] - before[i]) / r->weight[i]);
		r->converged = change < SETTLED;
	}
	/* Contradicting margins settle too, between themselves or as weights vanish. */
	for (size_t k = 0; k < nmargin; k++)
		r->converged = r->converged && met(&m[k], r->weight, n, sum);
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
cut(struct raking *r, size_t n, double *sorted)
{
	double median, lo, hi;
	size_t some = 0;

	for (size_t i = 0; i < n; i++)
		if (r->weight[i] > 0)
			sorted[some++] = r->weight[i];
	if (some == 0)
		return;
	qsort(sorted, some, sizeof *sorted, by_size);
	median = 0.5 * (sorted[(some - 1) / 2] + sorted[some / 2]);
	lo = median / SHARE_OF_MEDIAN;
	hi = median * SHARE_OF_MEDIAN;
	for (size_t i = 0; i < n; i++) {
		double w = fmin(hi, fmax(lo, r->weight[i]));

		/* A cell whose total is 0 stays at 0. */
		if (!(r->weight[i] > 0) || w == r->weight[i])
			continue;
		r->weight[i] = w;
		r->trimmed++;
	}
}

struct raking
rake(const struct margin *m, size_t nmargin, size_t n, bool trim, struct arena *a)
{
	struct raking r = { 0 };
	double *before = arena_array(a, n, sizeof *before), *sum, all = 0, squares = 0;
	size_t cells = 1;

	if (n == 0 || find_empty(&r, m, nmargin, n, a))
		return r;
	for (size_t k = 0; k < nmargin; k++)
		cells = m[k].ncell > cells ? m[k].ncell : cells;
	sum = arena_array(a, cells, sizeof *sum);
	r.weight = arena_array(a, n, sizeof *r.weight);
	for (size_t i = 0; i < n; i++)
		r.weight[i] = 1;
	fit(&r, m, nmargin, n, sum, before);
	if (trim) {
		cut(&r, n, before);
		if (r.trimmed > 0)
			fit(&r, m, nmargin, n, sum, before);
	}
	for (size_t i = 0; i < n; i++) {
		all += r.weight[i];
		squares += r.weight[i] * r.weight[i];
	}
	r.known = squares > 0;
	r.n_eff = r.known ? all * all / squares : 0;
	return r;
}

/* Takes the plain mean of each cell out of x. */
static void
sweep(const struct margin *m, double *x, size_t n, double *sum, double *count)
{
	memset(sum, 0, m->ncell * sizeof *sum);
	memset(count, 0, m->ncell * sizeof *count);
	for (size_t i = 0; i < n; i++) {
		sum[m->cell[i]] += x[i];
		count[m->cell[i]] += 1;
	}
	for (size_t i = 0; i < n; i++)
		x[i] -= sum[m->cell[i]] / count[m->cell[i]];
}

struct contrast
raked_mean(const struct raking *r, const double *y, const struct margin *m, size_t nmargin,
    size_t n, struct arena *scratch)
{
	double *x = arena_array(scratch, n, sizeof *x), *sum, *count;
	double all, mean, centre, square = 0;
	struct contrast c = { 0 };
	size_t cells = 1;

	if (!r->known)
		return c;
	for (size_t k = 0; k < nmargin; k++)
		cells = m[k].ncell > cells ? m[k].ncell : cells;
	sum = arena_array(scratch, cells, sizeof *sum);
	count = arena_array(scratch, cells, sizeof *count);
	all = sum_of(r->weight, n);
	for (size_t i = 0; i < n; i++)
		x[i] = r->weight[i] * y[i];
	c.at = mean = sum_of(x, n) / all;
	for (size_t i = 0; i < n; i++)
		x[i] = y[i] - mean;
	for (int i = 0; i < SWEEPS; i++)
		for (size_t k = 0; k < nmargin; k++)
			sweep(&m[k], x, n, sum, count);
	for (size_t i = 0; i < n; i++)
		x[i] *= r->weight[i] / all;
	centre = sum_of(x, n) / (double)n;
	for (size_t i = 0; i < n; i++)
		square += (x[i] - centre) * (x[i] - centre);
	c.se = n > 1 ? sqrt((double)n / (double)(n - 1) * square) : 0;
	return c;
}
