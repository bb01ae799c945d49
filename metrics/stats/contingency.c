/*
 * contingency.c -- are rows and columns of a table of counts independent?
 *
 * Pearson's chi-square and the likelihood ratio G against their common limit; where counts are
 * too small for that, chi-square against the tables with the same margins.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

/* A table without its empty rows and columns. */
struct table { size_t rows, cols; long n, *at, *row, *col; };

static struct table
table_of(const long *count, size_t rows, size_t cols, struct arena *scratch)
{
	struct table t = { 0 };
	long *row = arena_array(scratch, rows + 1, sizeof *row);
	long *col = arena_array(scratch, cols + 1, sizeof *col);

	for (size_t i = 0; i < rows * cols; i++) {
		row[i / cols] += count[i];
		col[i % cols] += count[i];
		t.n += count[i];
	}
	t.at = arena_array(scratch, rows * cols + 1, sizeof *t.at);
	t.row = arena_array(scratch, rows + 1, sizeof *t.row);
	t.col = arena_array(scratch, cols + 1, sizeof *t.col);
	for (size_t j = 0; j < cols; j++)
		if (col[j] > 0)
			t.col[t.cols++] = col[j];
	for (size_t i = 0, to = 0; i < rows; i++) {
		if (row[i] == 0)
			continue;
		t.row[t.rows++] = row[i];
		for (size_t j = 0; j < cols; j++)
			if (col[j] > 0)
				t.at[to++] = count[i * cols + j];
	}
	return t;
}

static double
expected(const struct table *t, size_t i)
{
	return (double)t->row[i / t->cols] * (double)t->col[i % t->cols] / (double)t->n;
}

static void
yates(const struct table *t, struct contingency *r)
{
	double less = 0.5;

	for (size_t i = 0; i < 4; i++)
		less = fmin(less, fabs((double)t->at[i] - expected(t, i)));
	for (size_t i = 0; i < 4; i++) {
		double gap = fabs((double)t->at[i] - expected(t, i)) - less;

		r->yates += gap * gap / expected(t, i);
	}
	r->p_yates = p_clip(chi2_sf(r->yates, 1));
	r->has_yates = true;
}

struct contingency
contingency(const long *count, size_t rows, size_t cols, struct arena *scratch)
{
	struct table t = table_of(count, rows, cols, scratch);
	struct contingency r = { .n = t.n, .p_chi2 = 1, .p_g = 1, .p_yates = 1 };
	size_t cells = t.rows * t.cols;
	double *ratio = arena_array(scratch, cells + 1, sizeof *ratio);

	if (t.rows < 2 || t.cols < 2)
		return r;
	r.known = true;
	r.df = (long)((t.rows - 1) * (t.cols - 1));
	r.least_expected = DBL_MAX;
	for (size_t i = 0; i < cells; i++) {
		double o = (double)t.at[i], e = expected(&t, i);

		r.least_expected = fmin(r.least_expected, e);
		r.chi2 += (o - e) * (o - e) / e;
		ratio[i] = o > 0 ? 2 * o * log(o / e) : 0;
	}
	r.g = fmax(0, sum_of(ratio, cells));
	r.p_chi2 = p_clip(chi2_sf(r.chi2, (double)r.df));
	r.p_g = p_clip(chi2_sf(r.g, (double)r.df));
	r.cramers_v = sqrt(r.chi2 / (double)t.n /
	    (double)((t.rows < t.cols ? t.rows : t.cols) - 1));
	if (cells == 4)
		yates(&t, &r);
	return r;
}

/* ---- random tables with the same margins ---- */

struct permuted { const struct table *t; uint64_t key; double seen; bool *as_far; };

/* Chi-square but for what the margins fix. */
static double
cell_term(const struct table *t, size_t i, long count)
{
	return (double)count / expected(t, i) * (double)count;
}

/*
 * Dealing n labels to rows at random fills a row column by column with hypergeometric counts
 * from what the rows before left (Patefield 1981).
 */
static void
random_table(size_t b, struct arena *scratch, void *ctx)
{
	const struct permuted *p = ctx;
	const struct table *t = p->t;
	long *left = arena_array(scratch, t->cols, sizeof *left), all = t->n;
	double seen = 0;

	memcpy(left, t->col, t->cols * sizeof *left);
	for (size_t i = 0; i < t->rows; i++) {
		long drawn = t->row[i], black = all;

		all -= drawn;
		for (size_t j = 0; j < t->cols; j++) {
			size_t cell = i * t->cols + j;
			double u = rng_unit(rng_next(p->key, b * t->rows * t->cols + cell));
			long k;

			black -= left[j];
			k = hypergeom_quantile(u, left[j], black, drawn);
			seen += cell_term(t, cell, k);
			left[j] -= k;
			drawn -= k;
		}
	}
	p->as_far[b] = seen >= p->seen * (1 - 1e-12);
}

double
contingency_permuted(const long *count, size_t rows, size_t cols, size_t tables, uint64_t seed,
                     struct arena *scratch)
{
	struct table t = table_of(count, rows, cols, scratch);
	struct permuted p = { &t, rng_key(seed, "contingency"), 0, NULL };
	size_t far = 0;

	if (t.rows < 2 || t.cols < 2)
		return 1;
	for (size_t i = 0; i < t.rows * t.cols; i++)
		p.seen += cell_term(&t, i, t.at[i]);
	p.as_far = arena_array(scratch, tables + 1, sizeof *p.as_far);
	par_for(tables, random_table, &p);
	for (size_t b = 0; b < tables; b++)
		far += p.as_far[b];
	return (1 + (double)far) / (1 + (double)tables);
}
