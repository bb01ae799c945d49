/*
 * fisher.c -- Fisher's exact test of a table of counts.
 *
 * Two by two, from the hypergeometric distribution.  Larger tables are filled column by column;
 * a branch ends as soon as all that can follow is likelier, or none of it, than what was seen
 * (Mehta and Patel 1983).
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

struct fisher
fisher_2x2(long a, long b, long c, long d)
{
	long white = a + b, black = c + d, drawn = a + c;
	long least = drawn > black ? drawn - black : 0, most = drawn < white ? drawn : white;
	double seen = hypergeom_pmf(a, white, black, drawn) * (1 + 1e-11);
	long lo, hi, mode = hypergeom_mode(white, black, drawn);
	struct fisher r;

	r.less = p_clip(hypergeom_cdf(a, white, black, drawn));
	r.greater = p_clip(hypergeom_sf(a - 1, white, black, drawn));
	/* The other tail begins where the probability falls to that of `a` again. */
	if (a <= mode) {
		lo = mode > a ? mode - 1 : a;
		hi = most + 1;
		while (hi - lo > 1) {
			long at = lo + (hi - lo) / 2;

			*(hypergeom_pmf(at, white, black, drawn) <= seen ? &hi : &lo) = at;
		}
		r.two = r.less + hypergeom_sf(hi - 1, white, black, drawn);
	} else {
		lo = least - 1;
		hi = mode + 1;
		while (hi - lo > 1) {
			long at = lo + (hi - lo) / 2;

			*(hypergeom_pmf(at, white, black, drawn) <= seen ? &lo : &hi) = at;
		}
		r.two = r.greater + hypergeom_cdf(lo, white, black, drawn);
	}
	r.two = p_clip(r.two);
	return r;
}

/* ---- larger tables ---- */

enum { FISHER_STEPS = 20000000, FISHER_ROWS = 32 };

/*
 * The weight of a table is the sum of ln x! over its cells: the heavier, the less likely.
 * `bound` has the least and greatest weight of what can still follow, by the columns that are
 * left and what is left of the rows, in any order.
 */
struct bound { double lo, hi; };
struct search {
	size_t        rows, cols;
	const long   *col;
	const double *lf;         /* ln k! */
	double        seen;       /* weight of the table, less what rounding may take */
	double        fixed;      /* ln of the probability of a table of weight 0 */
	double        p;
	long          steps;
	struct map    known;      /* of bound */
	struct bound *bound;
	size_t        nbound, cap;
};

/* The next way, in lexical order, to put the sum of x into rows with room for `room`. */
static bool
next_column(long *x, const long *room, size_t rows)
{
	long sum = 0;

	for (size_t i = rows; i-- > 0; sum += x[i]) {
		if (sum == 0 || x[i] == room[i])
			continue;
		x[i]++;
		sum--;
		for (size_t j = rows; j-- > i + 1; sum -= x[j])
			x[j] = sum < room[j] ? sum : room[j];
		return true;
	}
	return false;
}

static void
first_column(long *x, const long *room, size_t rows, long sum)
{
	for (size_t j = rows; j-- > 0; sum -= x[j])
		x[j] = sum < room[j] ? sum : room[j];
}

/* What is left of the rows, sorted; returns the weight of the column. */
static double
fill(const struct search *f, const long *room, const long *x, long *left)
{
	double weight = 0;

	for (size_t i = 0; i < f->rows; i++) {
		long v = room[i] - x[i];
		size_t j = i;

		weight += f->lf[x[i]];
		for (; j > 0 && left[j - 1] > v; j--)
			left[j] = left[j - 1];
		left[j] = v;
	}
	return weight;
}

static double
weight_of(const struct search *f, const long *x, size_t n)
{
	double w = 0;

	for (size_t i = 0; i < n; i++)
		w += f->lf[x[i]];
	return w;
}

static struct bound
bound_of(struct search *f, size_t col, const long *room)
{
	struct bound b = { DBL_MAX, 0 };
	long key[FISHER_ROWS + 1], x[FISHER_ROWS], left[FISHER_ROWS];
	struct str bytes = { (const char *)key, (f->rows + 1) * sizeof *key };
	uint64_t *slot;
	bool is_new;

	if (col + 1 == f->cols) {
		b.lo = b.hi = weight_of(f, room, f->rows);
		return b;
	}
	memcpy(key, room, f->rows * sizeof *key);
	key[f->rows] = (long)col;
	slot = map_get(&f->known, bytes);
	if (slot != NULL)
		return f->bound[*slot];
	first_column(x, room, f->rows, f->col[col]);
	do {
		double here = fill(f, room, x, left);
		struct bound rest = bound_of(f, col + 1, left);

		b.lo = fmin(b.lo, here + rest.lo);
		b.hi = fmax(b.hi, here + rest.hi);
	} while (f->steps++ < FISHER_STEPS && next_column(x, room, f->rows));
	f->bound = mem_grow(f->bound, &f->cap, f->nbound + 1, sizeof *f->bound);
	f->bound[f->nbound] = b;
	*map_put(&f->known, bytes, &is_new) = f->nbound++;
	return b;
}

static void
add_tables(struct search *f, size_t col, const long *room, double weight)
{
	struct bound rest = bound_of(f, col, room);
	long x[FISHER_ROWS], left[FISHER_ROWS], n = 0;

	if (weight + rest.hi < f->seen)
		return;
	if (weight + rest.lo >= f->seen) {
		/* All of them: n! / (product of row! col!) says how much they are together. */
		for (size_t j = col; j < f->cols; j++)
			n += f->col[j];
		f->p += exp(f->fixed - weight + f->lf[n] - weight_of(f, room, f->rows) -
		    weight_of(f, f->col + col, f->cols - col));
		return;
	}
	first_column(x, room, f->rows, f->col[col]);
	do {
		double here = fill(f, room, x, left);

		add_tables(f, col + 1, left, weight + here);
	} while (f->steps++ < FISHER_STEPS && next_column(x, room, f->rows));
}

static int
by_size(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

struct fisher_table
fisher_exact(const long *table, size_t rows, size_t cols, struct arena *scratch)
{
	bool turn = rows > cols;
	struct search f = { .rows = turn ? cols : rows, .cols = turn ? rows : cols };
	long *row = arena_array(scratch, f.rows + 1, sizeof *row), n = 0;
	long *col = arena_array(scratch, f.cols + 1, sizeof *col);
	double *lf, weight = 0;

	if (f.rows < 2 || f.rows > FISHER_ROWS)
		return (struct fisher_table){ f.rows < 2, 1 };
	for (size_t i = 0; i < rows * cols; i++) {
		row[turn ? i % cols : i / cols] += table[i];
		col[turn ? i / cols : i % cols] += table[i];
		n += table[i];
	}
	lf = arena_array(scratch, (size_t)n + 1, sizeof *lf);
	for (long k = 2; k <= n; k++)
		lf[k] = lgamma((double)k + 1);
	f.lf = lf;
	f.col = col;
	for (size_t i = 0; i < rows * cols; i++)
		weight += lf[table[i]];
	f.seen = weight - 1e-7;
	f.fixed = weight_of(&f, row, f.rows) + weight_of(&f, col, f.cols) - lf[n];
	qsort(row, f.rows, sizeof *row, by_size);
	qsort(col, f.cols, sizeof *col, by_size);
	add_tables(&f, 0, row, 0);
	map_free(&f.known);
	mem_free(f.bound);
	return (struct fisher_table){ f.steps < FISHER_STEPS, p_clip(f.p) };
}
