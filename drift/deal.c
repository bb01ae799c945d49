/*
 * deal.c -- what chance alone makes of a statistic of two rows of counts.
 *
 * If the windows are alike, which record lies in which is chance: the row of the smaller one is
 * dealt, cell by cell, with hypergeometric counts from what both have there.  That is to permute
 * the records, and takes time by the cell and not by the record.
 */
#include "drift/finding.h"

#include <math.h>
#include <stdlib.h>

enum { ONE_BY_ONE = 8, DRAWS = 1999, DRAWS_LARGE = 999, LARGE = 512, MORE = 9 };
#define NORMAL_VARIANCE 1e4      /* above it a count is drawn from the normal limit, rounded */

size_t
draws_for_p(size_t k)
{
	return k > LARGE ? DRAWS_LARGE : DRAWS;
}

/* ---- one hypergeometric count: white ones among `drawn` of an urn ---- */

/* Each of the `few` of one side is or is not among the `many` of the other. */
static long
one_by_one(long few, long many, long all, struct stream *s)
{
	long got = 0;

	for (; few > 0; few--, all--)
		if (stream_unit(s) * (double)all < (double)(many - got))
			got++;
	return got;
}

/* By inversion, from the likeliest count outward. */
static long
from_mode(long white, long black, long drawn, struct stream *s)
{
	long least = drawn > black ? drawn - black : 0, most = drawn < white ? drawn : white;
	long mode = hypergeom_mode(white, black, drawn), up = mode, down = mode;
	double u = stream_unit(s), above = hypergeom_pmf(mode, white, black, drawn), below = above;

	u -= above;
	while (u >= 0 && (up < most || down > least)) {
		if (up < most) {
			above *= (double)(white - up) / (double)(up + 1) *
			    ((double)(drawn - up) / (double)(black - drawn + up + 1));
			up++;
			u -= above;
			if (u < 0)
				return up;
		}
		if (down > least) {
			below *= (double)down / (double)(white - down + 1) *
			    ((double)(black - drawn + down) / (double)(drawn - down + 1));
			down--;
			u -= below;
			if (u < 0)
				return down;
		}
		/* Rounding may leave a rest that no count has. */
		if (above < 1e-300 && below < 1e-300)
			break;
	}
	return mode;
}

static long
urn_draw(long white, long black, long drawn, struct stream *s)
{
	long all = white + black, least = drawn > black ? drawn - black : 0;
	long most = drawn < white ? drawn : white;
	double share = (double)drawn / (double)all, mean = (double)white * share, var, k;

	if (least >= most)
		return least;
	if (white <= ONE_BY_ONE)
		return one_by_one(white, drawn, all, s);
	if (drawn <= ONE_BY_ONE)
		return one_by_one(drawn, white, all, s);
	var = mean * (1 - share) * ((double)black / (double)(all - 1));
	if (var <= NORMAL_VARIANCE)
		return from_mode(white, black, drawn, s);
	k = nearbyint(mean + sqrt(var) * normal_quantile(stream_unit(s)));
	return (long)fmin(fmax(k, (double)least), (double)most);
}

/* ---- many tables ---- */

struct deals {
	const struct tally *t;
	tally_statistic    *distance, *tested;
	uint64_t            key;
	size_t              from;
	double             *far, *test;
};

static void
deal_one(size_t b, struct arena *scratch, void *ctx)
{
	const struct deals *d = ctx;
	struct tally t = *d->t;
	long *dealt = arena_array(scratch, t.k + 1, sizeof *dealt);
	long *other = arena_array(scratch, t.k + 1, sizeof *other);
	long left = t.n + t.m, drawn = t.n < t.m ? t.n : t.m;
	struct stream s = { rng_next(d->key, d->from + b), 0 };

	for (size_t i = 0; i < t.k; i++) {
		long here = t.x[i] + t.y[i];

		dealt[i] = drawn > 0 ? urn_draw(here, left - here, drawn, &s) : 0;
		other[i] = here - dealt[i];
		drawn -= dealt[i];
		left -= here;
	}
	t.x = d->t->n < d->t->m ? dealt : other;
	t.y = d->t->n < d->t->m ? other : dealt;
	/* What chance makes of the distance is known after the first draws. */
	if (d->from == 0)
		d->far[b] = d->distance(&t, scratch);
	d->test[b] = d->tested != NULL ? d->tested(&t, scratch) :
	    d->from == 0 ? d->far[b] : d->distance(&t, scratch);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How many of the draws from `from` on are as large as what was seen. */
static size_t
as_large(struct deals *d, size_t from, size_t draws, double seen)
{
	size_t n = 0;

	d->from = from;
	par_for(draws, deal_one, d);
	for (size_t b = 0; b < draws; b++)
		n += d->test[b] >= seen - 1e-12 * fabs(seen);
	return n;
}

/*
 * Where none of the draws came as far, as many again are made nine times: of many features'
 * p-values the least may be all that counts.  That keeps p valid, since each of its values is
 * reached only by what would have reached it at that number of draws.
 */
struct chance_of
chance_deal(const struct tally *t, tally_statistic *distance, tally_statistic *tested,
            size_t draws, uint64_t seed, struct arena *scratch)
{
	struct deals d = { .t = t, .distance = distance, .tested = tested,
	    .key = rng_key(seed, "deal") };
	double seen = (tested ? tested : distance)(t, scratch);
	size_t far, all = draws;
	struct chance_of c;

	d.far = arena_array(scratch, draws, sizeof *d.far);
	d.test = arena_array(scratch, draws, sizeof *d.test);
	far = as_large(&d, 0, draws, seen);
	qsort(d.far, draws, sizeof *d.far, by_size);
	c.mean = sum_of(d.far, draws) / (double)draws;
	/* The order statistics above which another draw falls in 5 % and 2.5 % of cases. */
	c.q95 = d.far[(size_t)ceil(0.95 * (double)(draws + 1)) - 1];
	c.q975 = d.far[(size_t)ceil(0.975 * (double)(draws + 1)) - 1];
	if (far == 0 && draws > DRAWS_FOR_NOISE)
		for (; all < (1 + MORE) * draws; all += draws)
			far += as_large(&d, all, draws, seen);
	c.p = (1 + (double)far) / (1 + (double)all);
	c.draws = (long)all;
	return c;
}
