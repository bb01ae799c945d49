/*
 * lsh.c -- how to find similar texts without comparing all: bands of MinHashes, Bloom filters.
 *
 * The areas have closed forms.  With x = t^r and B the beta function,
 *   int_t^1 (1 - s^r)^b ds     = B(1/r, b+1) / r * (1 - I_x(1/r, b+1)),
 *   int_0^t 1 - (1 - s^r)^b ds = t (1 - (1 - x)^b) - b B(1 + 1/r, b) I_x(1 + 1/r, b),
 * the second by parts.
 */
#include "metrics/stats/stats.h"

#include <math.h>

static double
log_beta(double a, double b)
{
	return lgamma(a) + lgamma(b) - lgamma(a + b);
}

double
lsh_candidate(double s, long bands, long rows)
{
	double x = pow(s, (double)rows);

	return x < 1 ? -expm1((double)bands * log1p(-x)) : 1;
}

static struct lsh
areas(double t, long bands, long rows)
{
	double b = (double)bands, r = (double)rows, x = pow(t, r);

	return (struct lsh){ bands, rows,
	    t * lsh_candidate(t, bands, rows) -
	    b * exp(log_beta(1 + 1 / r, b)) * beta_cdf(x, 1 + 1 / r, b),
	    exp(log_beta(1 / r, b + 1)) / r * beta_sf(x, 1 / r, b + 1) };
}

struct lsh
lsh_parameters(double threshold, long hashes, double fp_weight, double fn_weight)
{
	struct lsh best = { 0 };
	double least = 0;

	for (long bands = 1; bands <= hashes; bands++)
		for (long rows = 1; rows <= hashes / bands; rows++) {
			struct lsh l = areas(threshold, bands, rows);
			double cost = fp_weight * l.fp_area + fn_weight * l.fn_area;

			if (best.bands == 0 || cost < least) {
				best = l;
				least = cost;
			}
		}
	return best;
}

struct bloom
bloom_size(double n, double p)
{
	const double ln2 = log(2);
	struct bloom b = { .bits = ceil(-n * log(p) / (ln2 * ln2)) };

	b.hashes = (long)fmax(1, rint(-log(p) / ln2));
	b.fp = pow(-expm1(-(double)b.hashes * n / b.bits), (double)b.hashes);
	return b;
}
