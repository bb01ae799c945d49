/*
 * interval.c -- one rate, one quantile.
 *
 * The end rule: nothing passed gives a lower bound of exactly 0, everything passed an upper
 * bound of exactly 1.  Brown, Cai and DasGupta, Interval Estimation for a Binomial
 * Proportion, Statistical Science 16 (2001).
 */
#include "metrics/stats/stats.h"

#include <math.h>

static double
z_of(double conf)
{
	return -normal_quantile(0.5 * (1 - conf));
}

struct interval
rate_wilson(long x, long n, double conf)
{
	double z = z_of(conf), p, nn = (double)n, down, centre, half;

	if (n <= 0)
		return (struct interval){ 0, 1 };
	p = (double)x / nn;
	down = 1 + z * z / nn;
	centre = (p + z * z / (2 * nn)) / down;
	half = z / down * sqrt(p * (1 - p) / nn + z * z / (4 * nn * nn));
	return (struct interval){ x == 0 ? 0 : centre - half, x == n ? 1 : centre + half };
}

/* Beta quantiles; the upper bound from the upper tail, which stays exact near 0. */
static struct interval
beta_interval(long x, long n, double shift, double conf)
{
	double tail = 0.5 * (1 - conf), pass = (double)x, fail = (double)(n - x);

	if (n <= 0)
		return (struct interval){ 0, 1 };
	return (struct interval){
		x == 0 ? 0 : beta_quantile(tail, pass + shift, fail + 1 - shift),
		x == n ? 1 : beta_isf(tail, pass + 1 - shift, fail + shift)
	};
}

struct interval
rate_clopper_pearson(long x, long n, double conf)
{
	return beta_interval(x, n, 0, conf);
}

struct interval
rate_jeffreys(long x, long n, double conf)
{
	return beta_interval(x, n, 0.5, conf);
}

static struct interval
wald(double x, double n, double z)
{
	double p = x / n, half = z * sqrt(p * (1 - p) / n);

	return (struct interval){ p - half, p + half };
}

struct interval
rate_wald(long x, long n, double conf)
{
	if (n <= 0)
		return (struct interval){ 0, 1 };
	return wald((double)x, (double)n, z_of(conf));
}

struct interval
rate_agresti_coull(long x, long n, double conf)
{
	double z = z_of(conf);

	if (n <= 0)
		return (struct interval){ 0, 1 };
	return wald((double)x + 0.5 * z * z, (double)n + z * z, z);
}

/*
 * The number of values below the q-quantile is Bin(n, q).  lo is the largest rank with
 * P(X <= lo - 1) <= tail, hi the smallest with P(X >= hi) <= tail.
 */
struct ranks
quantile_ranks(long n, double q, double conf)
{
	struct ranks r = { 0, 0, 0 };
	double tail = 0.5 * (1 - conf);
	long from, to;

	if (n <= 0)
		return r;
	for (from = 0, to = n; from < to; ) {
		long mid = from + (to - from + 1) / 2;

		if (binom_cdf(mid - 1, n, q) <= tail)
			from = mid;
		else
			to = mid - 1;
	}
	r.lo = from;
	for (from = 1, to = n + 1; from < to; ) {
		long mid = from + (to - from) / 2;

		if (binom_sf(mid - 1, n, q) <= tail)
			to = mid;
		else
			from = mid + 1;
	}
	r.hi = from <= n ? from : 0;
	r.coverage = binom_cdf(r.hi ? r.hi - 1 : n, n, q) - (r.lo ? binom_cdf(r.lo - 1, n, q) : 0);
	return r;
}
