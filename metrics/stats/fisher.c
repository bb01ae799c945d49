/*
 * fisher.c -- Fisher's exact test of a table of counts.
 *
 * Two by two, from the hypergeometric distribution.  Larger tables are filled column by column
 * from both ends to the middle.  What was filled is kept by what it leaves of the rows, and
 * fillings of one probability are one entry; an entry ends as soon as all that can follow, or
 * none of it, is as unlikely as what was seen (Mehta and Patel 1983).
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

struct urn { long white, black, drawn; double seen; };

/* Whether k is no likelier than what was seen. */
static bool
unlikely(const struct urn *u, long k)
{
	return hypergeom_pmf(k, u->white, u->black, u->drawn) <= u->seen;
}

/* The tail beyond the mode for an `a` at or below it: it begins where unlikely does. */
static double
other_upper(const struct urn *u, long a, long mode)
{
	long lo = mode > a ? mode - 1 : a, hi = u->drawn < u->white ? u->drawn + 1 : u->white + 1;

	while (hi - lo > 1) {
		long at = lo + (hi - lo) / 2;

		if (unlikely(u, at))
			hi = at;
		else
			lo = at;
	}
	return hypergeom_sf(hi - 1, u->white, u->black, u->drawn);
}

static double
other_lower(const struct urn *u, long mode)
{
	long lo = u->drawn > u->black ? u->drawn - u->black - 1 : -1, hi = mode + 1;

	while (hi - lo > 1) {
		long at = lo + (hi - lo) / 2;

		if (unlikely(u, at))
			lo = at;
		else
			hi = at;
	}
	return hypergeom_cdf(lo, u->white, u->black, u->drawn);
}

struct fisher
fisher_2x2(long a, long b, long c, long d)
{
	struct urn u = { a + b, c + d, a + c, 0 };
	long mode = hypergeom_mode(u.white, u.black, u.drawn);
	struct fisher r;

	u.seen = hypergeom_pmf(a, u.white, u.black, u.drawn) * (1 + 1e-11);
	r.less = p_clip(hypergeom_cdf(a, u.white, u.black, u.drawn));
	r.greater = p_clip(hypergeom_sf(a - 1, u.white, u.black, u.drawn));
	r.two = p_clip(a <= mode ? r.less + other_upper(&u, a, mode) :
	    r.greater + other_lower(&u, mode));
	return r;
}

/* ---- larger tables ---- */

enum { FISHER_STEPS = 10000000, FISHER_ROWS = 32, FISHER_N = 100000 };

/*
 * The weight of a table is the sum of ln x! over its cells: the heavier, the less likely.
 * `ways` counts the fillings of one weight; in the finished list of what can follow, it is the
 * share of this and all heavier ones.
 */
struct entry { double weight, ways; };
struct list { struct entry *at; size_t n, cap, tidy; };      /* tidy: n when last put in order */

/* What is left of the rows, in any order, before some column: many fillings meet in a hub. */
struct hub {
	size_t      col;
	const long *room;
	double      lo, hi;       /* weights of what can follow */
	double      total;        /* ln of the sum of exp(-weight) over it */
	struct list past, rest;   /* rest: from the middle on */
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
	struct hub   *hub;
	size_t        nhub, cap;
	struct arena *scratch;
};

/* ---- lists ---- */

static int
heaviest_first(const void *a, const void *b)
{
	double x = ((const struct entry *)a)->weight, y = ((const struct entry *)b)->weight;

	return (x < y) - (x > y);
}

static void
put_in_order(struct list *l)
{
	size_t kept = 0;

	if (l->n == 0)
		return;
	qsort(l->at, l->n, sizeof *l->at, heaviest_first);
	for (size_t i = 1; i < l->n; i++)
		if (l->at[kept].weight - l->at[i].weight < 1e-9)
			l->at[kept].ways += l->at[i].ways;
		else
			l->at[++kept] = l->at[i];
	l->tidy = l->n = kept + 1;
}

static bool
step(struct search *f)
{
	f->lost = f->lost || ++f->steps > FISHER_STEPS;
	return !f->lost;
}

static void
list_add(struct search *f, struct list *l, double weight, double ways)
{
	step(f);
	if (l->n >= 1000 && l->n >= 2 * l->tidy)
		put_in_order(l);
	l->at = mem_grow(l->at, &l->cap, l->n + 1, sizeof *l->at);
	l->at[l->n++] = (struct entry){ weight, ways };
}

/* ---- columns ---- */

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

/* ---- hubs ---- */

static struct hub
hub_new(const struct search *f, size_t col, const long *room)
{
	struct hub h = { .col = col, .lo = DBL_MAX };
	long n = 0, *copy = arena_array(f->scratch, f->rows, sizeof *copy);

	for (size_t i = 0; i < f->rows; i++)
		n += copy[i] = room[i];
	h.room = copy;
	h.total = f->lf[n] - weight_of(f, room, f->rows) -
	    weight_of(f, f->col + col, f->cols - col);
	return h;
}

/* The index of the hub, made with all that follow it when it was not there. */
static size_t
hub_of(struct search *f, size_t col, const long *room)
{
	long key[FISHER_ROWS + 1], x[FISHER_ROWS], left[FISHER_ROWS];
	struct str bytes = { (const char *)key, (f->rows + 1) * sizeof *key };
	struct hub h;
	uint64_t *slot;
	bool is_new;

	memcpy(key, room, f->rows * sizeof *key);
	key[f->rows] = (long)col;
	slot = map_get(&f->known, bytes);
	if (slot != NULL)
		return *slot;
	h = hub_new(f, col, room);
	if (col + 1 == f->cols) {
		h.lo = h.hi = weight_of(f, room, f->rows);
		list_add(f, &h.rest, h.lo, 1);
	} else {
		first_column(x, room, f->rows, f->col[col]);
		do {
			double here = fill(f, room, x, left);
			size_t to = hub_of(f, col + 1, left);
			const struct hub *next = &f->hub[to];

			h.lo = fmin(h.lo, here + next->lo);
			h.hi = fmax(h.hi, here + next->hi);
			for (size_t i = 0; i < next->rest.n && col >= f->middle && !f->lost; i++)
				list_add(f, &h.rest, here + next->rest.at[i].weight,
				    next->rest.at[i].ways);
		} while (next_column(x, room, f->rows) && step(f));
	}
	put_in_order(&h.rest);
	f->hub = mem_grow(f->hub, &f->cap, f->nhub + 1, sizeof *f->hub);
	f->hub[f->nhub] = h;
	*map_put(&f->known, bytes, &is_new) = f->nhub;
	return f->nhub++;
}

/* Takes what came to a hub one column on, but for what needs no more. */
static void
advance(struct search *f, size_t at)
{
	struct hub *h = &f->hub[at];
	long x[FISHER_ROWS], left[FISHER_ROWS];
	size_t open = 0;

	put_in_order(&h->past);
	for (size_t i = 0; i < h->past.n; i++) {
		struct entry e = h->past.at[i];

		if (e.weight + h->lo >= f->seen)
			f->p += e.ways * exp(f->fixed - e.weight + h->total);
		else if (e.weight + h->hi >= f->seen)
			h->past.at[open++] = e;
	}
	h->past.n = open;
	first_column(x, h->room, f->rows, f->col[h->col]);
	do {
		double here = fill(f, h->room, x, left);
		size_t to = hub_of(f, h->col + 1, left);

		for (size_t i = 0; i < open && !f->lost; i++)
			list_add(f, &f->hub[to].past, here + h->past.at[i].weight,
			    h->past.at[i].ways);
	} while (next_column(x, h->room, f->rows) && step(f));
}

/* Joins what came to a hub with what can follow it. */
static void
join(struct search *f, struct hub *h)
{
	double share = 0;
	size_t follow = 0;

	for (size_t i = 0; i < h->rest.n; i++) {
		share += h->rest.at[i].ways * exp(-h->rest.at[i].weight - h->total);
		h->rest.at[i].ways = share;
	}
	put_in_order(&h->past);
	/* The heavier what came is, the more of what follows will do. */
	for (size_t i = h->past.n; i-- > 0; ) {
		struct entry e = h->past.at[i];

		while (follow < h->rest.n && e.weight + h->rest.at[follow].weight >= f->seen)
			follow++;
		if (follow > 0)
			f->p += e.ways * exp(f->fixed - e.weight + h->total) *
			    h->rest.at[follow - 1].ways;
	}
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
	size_t first;

	if (f.rows < 2 || f.rows > FISHER_ROWS)
		return (struct fisher_table){ f.rows < 2, 1 };
	for (size_t i = 0; i < rows * cols; i++) {
		row[turn ? i % cols : i / cols] += table[i];
		col[turn ? i / cols : i % cols] += table[i];
		n += table[i];
	}
	if (n > FISHER_N)
		return (struct fisher_table){ false, 1 };
	lf = arena_array(scratch, (size_t)n + 1, sizeof *lf);
	for (long k = 2; k <= n; k++)
		lf[k] = log_gamma((double)k + 1);
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
	first = hub_of(&f, 0, row);
	list_add(&f, &f.hub[first].past, 0, 1);
	for (size_t c = 0; c <= f.middle; c++)
		for (size_t i = 0; i < f.nhub && !f.lost; i++)
			if (f.hub[i].col == c && c < f.middle)
				advance(&f, i);
			else if (f.hub[i].col == c)
				join(&f, &f.hub[i]);
	for (size_t i = 0; i < f.nhub; i++) {
		mem_free(f.hub[i].past.at);
		mem_free(f.hub[i].rest.at);
	}
	mem_free(f.hub);
	map_free(&f.known);
	return (struct fisher_table){ !f.lost, f.lost ? 1 : p_clip(f.p) };
}
