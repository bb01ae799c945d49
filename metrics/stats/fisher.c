/*
 * fisher.c -- Fisher's exact test of a table of counts.
 *
 * Two by two, from the hypergeometric distribution.  Larger tables are filled column by column,
 * and a branch ends as soon as all that can follow, or none of it, is as unlikely as what was
 * seen (Mehta and Patel 1983).  From the middle column on, all that can follow is kept in a
 * sorted list for what is left of the rows, so that halves of tables are enumerated and not
 * tables.
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

enum { FISHER_STEPS = 20000000, FISHER_RESTS = 4000000, FISHER_ROWS = 32 };

/*
 * The weight of a table is the sum of ln x! over its cells: the heavier, the less likely.  A
 * hub is what is left of the rows, in any order, before some column: many branches meet there.
 */
struct rest { double weight, share; };       /* share: of this and all heavier ones */
struct hub {
	double       lo, hi;      /* weights of what can follow */
	size_t       n;           /* from the middle on: the list, heaviest first */
	struct rest *rest;
};
struct search {
	size_t        rows, cols, middle;
	const long   *col;
	const double *lf;         /* ln k! */
	double        seen;       /* weight of the table, less what rounding may take */
	double        fixed;      /* ln of the probability of a table of weight 0 */
	double        p;
	bool          lost;       /* it takes too long */
	long          steps;
	struct map    known;      /* of hub */
	struct hub  *hub;
	size_t        nhub, cap;
	struct rest  *list;       /* being made */
	size_t        nlist, list_cap, nrest;
	struct arena *scratch;
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

static bool
step(struct search *f)
{
	f->lost = f->lost || ++f->steps > FISHER_STEPS || f->nrest + f->nlist > FISHER_RESTS;
	return !f->lost;
}

/* ln of the sum of exp(-weight) over all that can follow. */
static double
log_total(const struct search *f, size_t col, const long *room)
{
	long n = 0;

	for (size_t i = 0; i < f->rows; i++)
		n += room[i];
	return f->lf[n] - weight_of(f, room, f->rows) -
	    weight_of(f, f->col + col, f->cols - col);
}

static void
collect(struct search *f, size_t col, const long *room, double weight)
{
	long x[FISHER_ROWS], left[FISHER_ROWS];

	if (col + 1 == f->cols) {
		f->list = mem_grow(f->list, &f->list_cap, f->nlist + 1, sizeof *f->list);
		f->list[f->nlist++] = (struct rest){ weight + weight_of(f, room, f->rows), 0 };
		return;
	}
	first_column(x, room, f->rows, f->col[col]);
	do {
		double here = fill(f, room, x, left);

		collect(f, col + 1, left, weight + here);
	} while (step(f) && next_column(x, room, f->rows));
}

static int
heaviest_first(const void *a, const void *b)
{
	double x = ((const struct rest *)a)->weight, y = ((const struct rest *)b)->weight;

	return (x < y) - (x > y);
}

static struct hub
middle_hub(struct search *f, size_t col, const long *room)
{
	double total = log_total(f, col, room), share = 0;
	struct hub v;

	f->nlist = 0;
	collect(f, col, room, 0);
	qsort(f->list, f->nlist, sizeof *f->list, heaviest_first);
	v.n = f->nlist;
	v.rest = arena_array(f->scratch, v.n, sizeof *v.rest);
	for (size_t i = 0; i < v.n; i++) {
		share += exp(-f->list[i].weight - total);
		v.rest[i] = (struct rest){ f->list[i].weight, share };
	}
	v.hi = v.rest[0].weight;
	v.lo = v.rest[v.n - 1].weight;
	f->nrest += v.n;
	f->nlist = 0;
	return v;
}

static struct hub
hub_of(struct search *f, size_t col, const long *room)
{
	struct hub v = { DBL_MAX, 0, 0, NULL };
	long key[FISHER_ROWS + 1], x[FISHER_ROWS], left[FISHER_ROWS];
	struct str bytes = { (const char *)key, (f->rows + 1) * sizeof *key };
	uint64_t *slot;
	bool is_new;

	memcpy(key, room, f->rows * sizeof *key);
	key[f->rows] = (long)col;
	slot = map_get(&f->known, bytes);
	if (slot != NULL)
		return f->hub[*slot];
	if (col >= f->middle)
		v = middle_hub(f, col, room);
	else {
		first_column(x, room, f->rows, f->col[col]);
		do {
			double here = fill(f, room, x, left);
			struct hub next = hub_of(f, col + 1, left);

			v.lo = fmin(v.lo, here + next.lo);
			v.hi = fmax(v.hi, here + next.hi);
		} while (step(f) && next_column(x, room, f->rows));
	}
	f->hub = mem_grow(f->hub, &f->cap, f->nhub + 1, sizeof *f->hub);
	f->hub[f->nhub] = v;
	*map_put(&f->known, bytes, &is_new) = f->nhub++;
	return v;
}

/* The share of what can follow that makes a table of at least the weight seen. */
static double
share_of(const struct search *f, const struct hub *v, double weight)
{
	size_t lo = 0, hi = v->n;

	if (weight + v->lo >= f->seen)
		return 1;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (weight + v->rest[mid].weight >= f->seen)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 ? v->rest[lo - 1].share : 0;
}

static void
add_tables(struct search *f, size_t col, const long *room, double weight)
{
	struct hub v = hub_of(f, col, room);
	long x[FISHER_ROWS], left[FISHER_ROWS];

	if (weight + v.hi < f->seen)
		return;
	if (col >= f->middle || weight + v.lo >= f->seen) {
		f->p += share_of(f, &v, weight) * exp(f->fixed - weight + log_total(f, col, room));
		return;
	}
	first_column(x, room, f->rows, f->col[col]);
	do {
		double here = fill(f, room, x, left);

		add_tables(f, col + 1, left, weight + here);
	} while (step(f) && next_column(x, room, f->rows));
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
	f.middle = (f.cols + 1) / 2;
	f.scratch = scratch;
	for (size_t i = 0; i < rows * cols; i++)
		weight += lf[table[i]];
	f.seen = weight - 1e-7;
	f.fixed = weight_of(&f, row, f.rows) + weight_of(&f, col, f.cols) - lf[n];
	qsort(row, f.rows, sizeof *row, by_size);
	qsort(col, f.cols, sizeof *col, by_size);
	add_tables(&f, 0, row, 0);
	map_free(&f.known);
	mem_free(f.hub);
	mem_free(f.list);
	return (struct fisher_table){ !f.lost, f.lost ? 1 : p_clip(f.p) };
}
