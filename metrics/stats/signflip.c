/*
 * signflip.c -- tests that differences lie symmetrically about 0.
 *
 * The sign-flip test enumerates all 2^n signs, or draws some of them; sums that differ by
 * rounding alone are ties and count as extreme.  Of differences of the same size only the number
 * of plus signs matters, which is binomial.  Wilcoxon's signed ranks come from their exact
 * distribution; tied values share a rank, and a half rank of W is rounded up, against
 * significance.  Symmetry is what is tested: shifting the data by a margin does not make it a
 * test of non-inferiority.
 */
#include "metrics/stats/stats.h"

#include <math.h>

struct signflip
signflip_exact(const double *d, size_t n)
{
	struct signflip r = { 0, 0, 0 };
	double seen = sum_of(d, n), size = 0, slack, all = ldexp(1, (int)n);

	if (n > SIGNFLIP_MAX)
		bug("%zu differences have too many signs to enumerate", n);
	for (size_t i = 0; i < n; i++)
		size += fabs(d[i]);
	slack = 1e-12 * size;
	for (uint32_t signs = 0; signs < UINT32_C(1) << n; signs++) {
		double s = 0;

		for (size_t i = 0; i < n; i++)
			s += signs >> i & 1 ? -d[i] : d[i];
		r.greater += s >= seen - slack;
		r.less += s <= seen + slack;
		r.two += fabs(s) >= fabs(seen) - slack;
	}
	r.greater /= all;
	r.less /= all;
	r.two /= all;
	return r;
}

/* ---- random signs ---- */

enum {
	SIZES_MAX = 64,         /* sizes that are counted instead of drawn one by one */
	SIZE_COST = 32,         /* of a binomial draw, in signs */
	WORDS = 64,             /* of signs, drawn at once */
};

struct signing {
	const double *d;        /* none is 0 */
	size_t        n, nsize;
	double        size[SIZES_MAX];       /* nsize > 0: the sizes of d, and how many have it */
	long          count[SIZES_MAX];
	double        seen, slack;
	uint64_t      key;
	unsigned char *extreme; /* by draw, of the bits below */
};

enum { GREATER = 1, LESS = 2, TWO = 4 };

/* Leaves nsize 0 where there are too many sizes. */
static void
count_sizes(struct signing *w)
{
	size_t max = w->n / SIZE_COST < SIZES_MAX ? w->n / SIZE_COST : SIZES_MAX, n = 0;

	for (size_t i = 0; i < w->n; i++) {
		size_t k = 0;

		while (k < n && w->size[k] != fabs(w->d[i]))
			k++;
		if (k == max)
			return;
		if (k == n)
			w->size[n++] = fabs(w->d[i]);
		w->count[k]++;
	}
	w->nsize = n;
}

static double
signed_sum(const struct signing *w, struct stream *stream)
{
	uint64_t word[WORDS];
	double sum = 0;

	for (size_t k = 0; k < w->nsize; k++)
		sum += w->size[k] *
		    (double)(2 * binom_draw(w->count[k], 0.5, stream) - w->count[k]);
	for (size_t i = 0; i < w->n && w->nsize == 0; i++) {
		if (i % (64 * WORDS) == 0) {
			rng_fill(stream->key, stream->at, word, WORDS);
			stream->at += WORDS;
		}
		sum += word[i / 64 % WORDS] >> (i % 64) & 1 ? -w->d[i] : w->d[i];
	}
	return sum;
}

static void
draw_signs(size_t i, struct arena *scratch, void *ctx)
{
	struct signing *w = ctx;
	struct stream stream = { .key = rng_next(w->key, i) };
	double s = signed_sum(w, &stream);

	(void)scratch;
	w->extreme[i] = (unsigned char)((s >= w->seen - w->slack ? GREATER : 0) |
	    (s <= w->seen + w->slack ? LESS : 0) |
	    (fabs(s) >= fabs(w->seen) - w->slack ? TWO : 0));
}

struct signflip
signflip_sampled(const double *d, size_t n, long draws, uint64_t seed, struct arena *scratch)
{
	struct signing *w = arena_array(scratch, 1, sizeof *w);
	double *nonzero = arena_array(scratch, n, sizeof *nonzero), all = (double)draws + 1;
	struct signflip r = { 1, 1, 1 };

	if (draws < 1)
		bug("%ld draws of signs", draws);
	for (size_t i = 0; i < n; i++)
		if (d[i] != 0)
			nonzero[w->n++] = d[i];
	for (size_t i = 0; i < w->n; i++)
		w->slack += 1e-12 * fabs(nonzero[i]);
	w->d = nonzero;
	w->seen = sum_of(nonzero, w->n);
	w->key = rng_key(seed, "signflip");
	w->extreme = arena_array(scratch, (size_t)draws, 1);
	count_sizes(w);
	par_for((size_t)draws, draw_signs, w);
	for (long i = 0; i < draws; i++) {
		r.greater += (w->extreme[i] & GREATER) != 0;
		r.less += (w->extreme[i] & LESS) != 0;
		r.two += (w->extreme[i] & TWO) != 0;
	}
	r.greater /= all;
	r.less /= all;
	r.two /= all;
	return r;
}

/* ---- ranks ---- */

struct wilcoxon
wilcoxon_exact(const double *d, size_t n, struct arena *scratch)
{
	struct wilcoxon r = { .known = n > 0, .p_two = 1 };
	size_t most = n * (n + 1) / 2, plus = 0, twice;
	double *ways = arena_array(scratch, most + 1, sizeof *ways), tail = 0;

	/* `plus` adds up twice the rank: 1 + 2 (smaller) + (others as large). */
	for (size_t i = 0; i < n; i++) {
		size_t rank2 = 1;

		for (size_t j = 0; j < n; j++)
			rank2 += 2 * (size_t)(fabs(d[j]) < fabs(d[i])) +
			    (size_t)(fabs(d[j]) == fabs(d[i]));
		r.known = r.known && d[i] != 0;
		plus += d[i] > 0 ? rank2 : 0;
	}
	if (!r.known)
		return r;
	twice = plus < 2 * most - plus ? plus : 2 * most - plus;
	r.w = 0.5 * (double)twice;
	/* ways[s]: the probability that the ranks so far with a plus sum to s. */
	ways[0] = 1;
	for (size_t rank = 1; rank <= n; rank++)
		for (size_t s = most + 1; s-- > 0; )
			ways[s] = 0.5 * (ways[s] + (s >= rank ? ways[s - rank] : 0));
	for (size_t s = 0; s <= (twice + 1) / 2; s++)
		tail += ways[s];
	r.p_two = fmin(1, 2 * tail);
	return r;
}
