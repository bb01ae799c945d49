/*
 * naive.c -- gates as they are often made, for contrast: each turns pairs into a verdict without
 * asking what its errors are.
 */
#include "tests/simulate/simulate.h"

enum { LOOK_EVERY = 50 };

static long
passes(const double *x, size_t n)
{
	long k = 0;

	for (size_t i = 0; i < n; i++)
		k += x[i] > 0;
	return k;
}

struct said
naive_any_drop(const struct pairs *p)
{
	bool worse = sum_of(p->cand, p->s.n) < sum_of(p->base, p->s.n) - 1e-9;

	return (struct said){ worse ? FAIL : PASS, (long)p->s.n };
}

struct said
naive_disjoint(const struct pairs *p)
{
	long n = (long)p->s.n;
	struct interval now = rate_wilson(passes(p->cand, p->s.n), n, 0.95);
	struct interval then = rate_wilson(passes(p->base, p->s.n), n, 0.95);

	return (struct said){ now.hi < then.lo ? FAIL : PASS, n };
}

/* Counts on from case `from` to `to`. */
static void
count_flips(const struct pairs *p, size_t from, size_t to, long *b, long *c)
{
	for (size_t i = from; i < to; i++) {
		*b += p->cand[i] < p->base[i];
		*c += p->cand[i] > p->base[i];
	}
}

struct said
naive_significant(const struct pairs *p, const struct gate *g)
{
	long b = 0, c = 0;

	count_flips(p, 0, p->s.n, &b, &c);
	return (struct said){ mcnemar_regression(b, c).p_midp < g->alpha ? FAIL : PASS,
		(long)p->s.n };
}

struct said
naive_peeking(const struct pairs *p, const struct gate *g)
{
	long b = 0, c = 0;

	for (size_t n = 0; n < p->s.n;) {
		size_t to = n + LOOK_EVERY < p->s.n ? n + LOOK_EVERY : p->s.n;
		double m;

		count_flips(p, n, to, &b, &c);
		n = to;
		m = (double)n;
		if (normal_sf(tango_z(b, c, (long)n, -g->margin)) < g->alpha)
			return (struct said){ PASS, (long)n };
		if (mcnemar_regression(b, c).p_midp < g->alpha && (double)(c - b) <= -g->margin * m)
			return (struct said){ FAIL, (long)n };
	}
	return (struct said){ INCONCLUSIVE, (long)p->s.n };
}
