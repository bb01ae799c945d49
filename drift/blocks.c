/*
 * blocks.c -- p and intervals where records of one block of time are alike.
 *
 * Sessions, bursts and days make records of one hour more alike than those of two, and a test that
 * takes each for a witness of its own finds drift wherever two days differ.  Blocks can be
 * exchanged where records cannot: whole blocks are dealt anew, and how much blocks of one window
 * differ says how much less than a record each record counts.
 */
#include "drift/blocks.h"

#include <math.h>

enum { DEALS = 499 };
#define Z_SURE 1.959963984540054

/* ---- deals of whole blocks ---------------------------------------------------------------- */

/* What tells the windows apart, if `in` says which blocks are the reference. */
static double
distance(const struct block_cells *c, const bool *in, struct arena *scratch)
{
	long *x = arena_array(scratch, c->k, sizeof *x), *y = arena_array(scratch, c->k, sizeof *y);
	double n = 0, m = 0, gap = 0, largest = 0, sum = 0;

	for (size_t b = 0; b < c->n + c->m; b++) {
		long *to = in[b] ? x : y;

		*(in[b] ? &n : &m) += (double)c->of[b];
		for (size_t i = 0; i < c->k; i++)
			to[i] += c->count[b * c->k + i];
	}
	for (size_t i = 0; i < c->k; i++) {
		double change = (double)y[i] / m - (double)x[i] / n;

		gap = c->kind == CELLS_ORDERED ? gap + change : change;
		largest = fmax(largest, fabs(gap));
		sum += fabs(change) / 2;
	}
	return c->kind == CELLS_NAMED ? sum : largest;
}

struct deals { const struct block_cells *c; uint64_t key; size_t from; double *far; };

static void
deal(size_t number, struct arena *scratch, void *ctx)
{
	const struct deals *d = ctx;
	size_t all = d->c->n + d->c->m, *order = arena_array(scratch, all, sizeof *order);
	bool *in = arena_array(scratch, all, sizeof *in);
	struct stream s = { rng_next(d->key, d->from + number), 0 };

	for (size_t i = 0; i < all; i++)
		order[i] = i;
	for (size_t i = 0; i < d->c->n; i++) {
		size_t at = i + (size_t)(stream_unit(&s) * (double)(all - i)), swap = order[i];

		order[i] = order[at];
		order[at] = swap;
		in[order[i]] = true;
	}
	d->far[number] = distance(d->c, in, scratch);
}

static size_t
as_far(struct deals *d, size_t from, size_t many, double seen)
{
	size_t far = 0;

	d->from = from;
	par_for(many, deal, d);
	for (size_t i = 0; i < many; i++)
		far += d->far[i] >= seen - 1e-9;
	return far;
}

static double
p_of(const struct block_cells *c, uint64_t seed, struct arena *a)
{
	struct deals d = { .c = c, .key = rng_key(seed, "blocks") };
	bool *in = arena_array(a, c->n + c->m, sizeof *in);
	static const size_t more[] = { 1500, 18000 };
	size_t far, all = DEALS;
	double seen;

	for (size_t b = 0; b < c->n; b++)
		in[b] = true;
	seen = distance(c, in, a);
	d.far = arena_array(a, more[COUNT(more) - 1], sizeof *d.far);
	far = as_far(&d, 0, DEALS, seen);
	/* As chance_deal does: where none came as far, many more may be all that counts. */
	for (size_t i = 0; i < COUNT(more) && far == 0; i++) {
		far = as_far(&d, all, more[i], seen);
		all += more[i];
	}
	return (1 + (double)far) / (1 + (double)all);
}

/* The lowest p that any deal of so many blocks can have: with as many in both windows, exchanging
 * them is a deal, too, and just as far. */
static double
least_p(size_t n, size_t m)
{
	double ways = log_gamma((double)(n + m) + 1) - log_gamma((double)n + 1) -
	    log_gamma((double)m + 1);

	return (n == m ? 2 : 1) * exp(-ways);
}

/* ---- the design effect -------------------------------------------------------------------- */

/* The blocks of one window. */
struct window_blocks { const long *of, *count; size_t blocks, cells; };

static double
records_in(const struct window_blocks *w)
{
	double n = 0;

	for (size_t b = 0; b < w->blocks; b++)
		n += (double)w->of[b];
	return n;
}

/* The mean size of a record's block: by so much the correlation in blocks is multiplied. */
static double
mean_size(const struct window_blocks *w)
{
	double squares = 0;

	for (size_t b = 0; b < w->blocks; b++)
		squares += (double)w->of[b] * (double)w->of[b];
	return squares / records_in(w);
}

/* The variance of shares between blocks over that of independent records, of all cells together. */
static double
between(const struct window_blocks *w)
{
	double n = records_in(w), blocks = (double)w->blocks, between = 0, alone = 0;

	for (size_t i = 0; i < w->cells; i++) {
		double share = 0;

		for (size_t b = 0; b < w->blocks; b++)
			share += (double)w->count[b * w->cells + i] / n;
		alone += share * (1 - share) / n;
		for (size_t b = 0; b < w->blocks; b++) {
			double off = (double)w->count[b * w->cells + i] - share * (double)w->of[b];

			between += off * off / (n * n) * (blocks / (blocks - 1));
		}
	}
	return alone > 0 ? between / alone : 1;
}

/*
 * The correlation within blocks is that of the sample, where blocks are smaller than those of the
 * `n` and `m` records of the finding: 1 + correlation (size - 1) is by how much the variance of a
 * share grows.
 */
static double
design_effect(const struct block_cells *c, double n, double m)
{
	const struct window_blocks w[2] = { { c->of, c->count, c->n, c->k },
		{ c->of + c->n, c->count + c->n * c->k, c->m, c->k } };
	double correlation = 0, weight = 0, variance = 0, records[2] = { n, m };

	for (int i = 0; i < 2; i++)
		if (w[i].blocks > 1 && mean_size(&w[i]) > 1) {
			correlation += (double)(w[i].blocks - 1) * (between(&w[i]) - 1) /
			    (mean_size(&w[i]) - 1);
			weight += (double)(w[i].blocks - 1);
		}
	correlation = weight > 0 ? fmin(1, fmax(0, correlation / weight)) : 0;
	for (int i = 0; i < 2; i++) {
		double size = mean_size(&w[i]) * fmax(1, records[i] / records_in(&w[i]));

		variance += (1 + correlation * (size - 1)) / records[i];
	}
	return fmax(1, variance / (1 / n + 1 / m));
}

static struct block_chance
chance_of_cells(const struct finding *f, const struct block_cells *c, uint64_t seed,
    struct arena *a)
{
	struct block_chance b = { .n = c->n, .m = c->m, .p = 1, .design = 1 };

	if (c->n == 0 || c->m == 0 || c->kind == CELLS_NONE)
		return b;
	b.p = p_of(c, seed, a);
	b.design = design_effect(c, (double)f->n_reference, (double)f->n_current);
	return b;
}

/* ---- the finding -------------------------------------------------------------------------- */

/* The largest value of a detector's unit. */
static double
most_of(const struct detector *d)
{
	if (strcmp(d->unit, "share") == 0 || strcmp(d->unit, "JS (base 2)") == 0)
		return 1;
	return strcmp(d->unit, "AUC - 0.5") == 0 ? 0.5 : INFINITY;
}

static void
widen(struct finding *f, const struct block_chance *b, double most)
{
	double freedom = (double)(b->n + b->m) - 2;
	double by = sqrt(b->design) * t_quantile(0.975, fmax(1, freedom)) / Z_SURE;

	f->ci.lo = fmax(0, f->effect - by * (f->effect - f->ci.lo));
	f->ci.hi = fmin(most, f->effect + by * (f->ci.hi - f->effect));
	f->mde = fmin(most, by * f->mde);
}

static void
unsure(struct finding *f, const char *why)
{
	f->verdict = DRIFT_UNSURE;
	f->n_needed = 0;
	f->why = why;
}

/* Blocks of both windows at which the lowest p is at most alpha. */
static size_t
blocks_needed(double alpha)
{
	size_t n = 1;

	while (least_p(n, n) > alpha)
		n++;
	return n;
}

static void
decide(struct finding *f, const struct block_chance *b, struct arena *a)
{
	f->n_needed = 0;
	if (f->n_reference < VALUES_LEAST || f->n_current < VALUES_LEAST)
		return;
	if (f->ci.lo > f->tolerance || f->ci.hi < f->tolerance) {
		f->verdict = f->ci.lo > f->tolerance ? DRIFT_YES : DRIFT_NO;
		return;
	}
	unsure(f, arena_fmt(a, "records of one block are alike: those of %zu and %zu blocks count as "
	    "%.0f and %.0f", b->n, b->m, (double)f->n_reference / b->design,
	    (double)f->n_current / b->design));
}

void
finding_by_blocks(struct finding *f, const struct profile *r, const struct profile *c,
                  size_t feature, const struct detector *d, int64_t block_ms, double alpha,
                  uint64_t seed, struct arena *a)
{
	bool missing = strcmp(d->name, "missing") == 0;
	double least;
	struct block_chance b;
	struct block_cells cells;
	/* The cells are of one feature: what deals no blocks of rows takes those of mmd. */
	const struct detector *dealing = feature < r->nfeature || d->blocked != NULL ? d :
	    detector_find("mmd");

	if (!f->known)
		return;
	if (dealing->blocked != NULL) {
		b = dealing->blocked(r, c, feature, block_ms, seed, a);
	} else {
		cells = block_cells_of(r, c, feature, missing, block_ms, a);
		b = chance_of_cells(f, &cells, seed, a);
		if (cells.kind == CELLS_NONE) {
			f->p = 1;
			unsure(f, "the sample of a profile holds no texts to compare by blocks");
			return;
		}
	}
	if (b.n == 0 || b.m == 0) {
		f->p = 1;
		unsure(f, "the sample of a window holds no time, so there are no blocks");
		return;
	}
	least = least_p(b.n, b.m);
	f->p = fmax(f->p, fmax(b.p, least));
	widen(f, &b, most_of(d));
	if (least > alpha)
		unsure(f, arena_fmt(a, "only %zu and %zu blocks of time: %zu in both windows would decide",
		    b.n, b.m, blocks_needed(alpha)));
	else
		decide(f, &b, a);
}
