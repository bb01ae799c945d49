/*
 * pass.c -- the chance that one, or all, of k tries succeed, from c successes of n tries.
 *
 * pass@k = 1 - C(n-c, k) / C(n, k) (Chen et al. 2021), pass^k = C(c, k) / C(n, k): unbiased,
 * unlike (c/n)^k.  Products of ratios, so that nothing overflows.
 */
#include "metrics/stats/stats.h"

/* C(some, k) / C(n, k) for some <= n, k <= n. */
static double
ratio(long some, long n, long k)
{
	double r = 1;

	if (some < k)
		return 0;
	for (long i = 0; i < k; i++)
		r *= (double)(some - i) / (double)(n - i);
	return r;
}

double
pass_at_k(long n, long c, long k)
{
	return 1 - ratio(n - c, n, k);
}

double
pass_hat_k(long n, long c, long k)
{
	return ratio(c, n, k);
}
