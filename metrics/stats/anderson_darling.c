/*
 * anderson_darling.c -- the k-sample Anderson-Darling test of Scholz and Stephens (1987).
 *
 * Two versions of the statistic differ in what they do with ties: one takes the distribution
 * functions as they are, continuous from the right, the other their mid-points.  Its exact
 * distribution, over all ways to deal the values to the samples, is enumerated where there are
 * few; else its standardised form is held against the limit law.
 */
#include "metrics/stats/stats.h"

#include <math.h>

/* What value `at` adds: seen[s] values of sample s are below it, here[s] equal it. */
static void
add_value(const long *size, size_t k, long n, const long *seen, const long *here, double *a2)
{
	long below = 0, ties = 0;
	double all = (double)n, upto, mid, right = 0, half = 0;

	for (size_t s = 0; s < k; s++) {
		below += seen[s];
		ties += here[s];
	}
	upto = (double)(below + ties);
	mid = upto - 0.5 * (double)ties;
	for (size_t s = 0; s < k; s++) {
		double ni = (double)size[s], mine = (double)(seen[s] + here[s]);
		double gap = all * mine - upto * ni;

		right += gap * gap / ni;
		gap = all * (mine - 0.5 * (double)here[s]) - mid * ni;
		half += gap * gap / ni;
	}
	if (below + ties < n)
		a2[AD_RIGHT] += (double)ties / all * right / (upto * (all - upto));
	a2[AD_MIDRANK] += (double)ties / all * half /
	    (mid * (all - mid) - 0.25 * all * (double)ties) * (all - 1) / all;
}

/* ---- moments and the table ---- */

/* The standard deviation of A2 without ties, equation 4 of the paper. */
static double
deviation(const struct pooled *s)
{
	double n = (double)s->n, k = (double)s->k, inv = 0, h = 0, g = 0, tail = 0, a, b, c, d;

	for (size_t i = 0; i < s->k; i++)
		inv += 1 / (double)s->size[i];
	for (size_t i = s->n - 1; i > 0; i--) {
		/* tail: the sum of 1/j over i < j < n. */
		g += tail / (n - (double)i);
		tail += 1 / (double)i;
	}
	h = tail;
	a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * inv;
	b = (2 * g - 4) * k * k + 8 * h * k + (2 * g - 14 * h - 4) * inv - 8 * h + 4 * g - 6;
	c = (6 * h + 2 * g - 2) * k * k + (4 * h - 4 * g + 6) * k + (2 * h - 6) * inv + 4 * h;
	d = (2 * h + 6) * k * k - 4 * h * k;
	return sqrt((((a * n + b) * n + c) * n + d) / ((n - 1) * (n - 2) * (n - 3)));
}

/*
 * A parabola through the logarithms of the seven levels of the paper's table 2, by least
 * squares: with polynomials orthogonal over the critical points, so that no system is solved.
 */
static double
from_table(double t, double m)
{
	static const double b0[] = { 0.675, 1.281, 1.645, 1.96, 2.326, 2.573, 3.085 };
	static const double b1[] = { -0.245, 0.25, 0.678, 1.149, 1.822, 2.364, 3.615 };
	static const double b2[] = { -0.105, -0.305, -0.362, -0.391, -0.396, -0.345, -0.154 };
	static const double level[] = { 0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001 };
	double x[COUNT(level)], mean = 0, ss = 0, skew = 0, fit[3] = { 0 }, norm2 = 0, at;

	for (size_t i = 0; i < COUNT(level); i++)
		mean += (x[i] = b0[i] + (b1[i] + b2[i] / sqrt(m)) / sqrt(m)) / COUNT(level);
	if (t < x[0] || t > x[COUNT(level) - 1])
		return t < x[0] ? level[0] : level[COUNT(level) - 1];
	for (size_t i = 0; i < COUNT(level); i++) {
		ss += (x[i] - mean) * (x[i] - mean);
		skew += (x[i] - mean) * (x[i] - mean) * (x[i] - mean);
	}
	for (size_t i = 0; i < COUNT(level); i++) {
		double u = x[i] - mean, v = u * (u - skew / ss) - ss / COUNT(level);

		fit[0] += log(level[i]) / COUNT(level);
		fit[1] += log(level[i]) * u / ss;
		fit[2] += log(level[i]) * v;
		norm2 += v * v;
	}
	at = t - mean;
	return exp(fit[0] + fit[1] * at +
	    fit[2] / norm2 * (at * (at - skew / ss) - ss / COUNT(level)));
}

/* ---- all ways to deal the values ---- */

struct deal {
	const struct pooled *s;
	const double        *seen;    /* the statistics as they are */
	double               as_far[AD_VERSIONS], ways;
};

/*
 * Deals the rest of value l, `left` of it to the samples from `to` on, then the larger values.
 * below and here are those of add_value.  `weight` counts the orders that look the same.
 */
static void
deal(struct deal *d, size_t l, size_t to, long left, double weight, const long *below,
     const long *here, const double *a2)
{
	const struct pooled *s = d->s;
	size_t k = s->k;

	if (to == k) {
		double sum[AD_VERSIONS] = { a2[0], a2[1] };
		long next[ANDERSON_DARLING_DEAL], none[ANDERSON_DARLING_DEAL] = { 0 }, ties = 0;

		if (left > 0)
			return;
		add_value(s->size, k, (long)s->n, below, here, sum);
		if (l + 1 == s->distinct) {
			d->ways += weight;
			for (int v = 0; v < AD_VERSIONS; v++)
				d->as_far[v] += sum[v] >= d->seen[v] - 1e-9 ? weight : 0;
			return;
		}
		for (size_t i = 0; i < k; i++) {
			next[i] = below[i] + here[i];
			ties += s->count[(l + 1) * k + i];
		}
		deal(d, l + 1, 0, ties, weight, next, none, sum);
		return;
	}
	for (long take = 0; take <= left && below[to] + take <= s->size[to]; take++) {
		long more[ANDERSON_DARLING_DEAL];

		memcpy(more, here, k * sizeof *more);
		more[to] = take;
		deal(d, l, to + 1, left - take, weight, below, more, a2);
		weight = weight * (double)(left - take) / (double)(take + 1);
	}
}

/* n! / product of size! */
static double
ways_to_deal(const struct pooled *s)
{
	double ways = 1;
	long placed = 0;

	for (size_t i = 0; i < s->k; i++)
		for (long j = 1; j <= s->size[i] && ways <= ANDERSON_DARLING_EXACT_MAX; j++)
			ways = ways * (double)++placed / (double)j;
	return ways;
}

static void
exact(const struct pooled *s, struct anderson_darling *r)
{
	struct deal d = { .s = s, .seen = r->a2 };
	long none[ANDERSON_DARLING_DEAL] = { 0 }, ties = 0;
	double zero[AD_VERSIONS] = { 0 };

	for (size_t i = 0; i < s->k; i++)
		ties += s->count[i];
	deal(&d, 0, 0, ties, 1, none, none, zero);
	r->has_exact = true;
	for (int v = 0; v < AD_VERSIONS; v++)
		r->p_exact[v] = p_clip(d.as_far[v] / d.ways);
}

struct anderson_darling
anderson_darling(const struct pooled *s, struct arena *scratch)
{
	struct anderson_darling r = { .p = { 1, 1 }, .p_table = { 1, 1 }, .p_exact = { 1, 1 } };
	long *seen = arena_array(scratch, s->k + 1, sizeof *seen);
	double df = (double)s->k - 1, spread = sqrt(2 * df * (M_PI * M_PI / 3 - 3));

	for (size_t i = 0; i < s->k; i++)
		if (s->size[i] == 0)
			return r;
	if (s->k < 2 || s->n < 4 || s->distinct < 2)
		return r;
	r.known = true;
	for (size_t l = 0; l < s->distinct; l++) {
		add_value(s->size, s->k, (long)s->n, seen, s->count + l * s->k, r.a2);
		for (size_t i = 0; i < s->k; i++)
			seen[i] += s->count[l * s->k + i];
	}
	r.sigma = deviation(s);
	for (int v = 0; v < AD_VERSIONS; v++) {
		r.t[v] = (r.a2[v] - df) / r.sigma;
		r.p[v] = p_clip(anderson_darling_sf(df + r.t[v] * spread, df));
		r.p_table[v] = from_table(r.t[v], df);
	}
	if (s->k <= ANDERSON_DARLING_DEAL && ways_to_deal(s) <= ANDERSON_DARLING_EXACT_MAX)
		exact(s, &r);
	return r;
}
