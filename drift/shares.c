/*
 * shares.c -- the largest change among many shares.
 *
 * The shares may depend on each other in any way: n-grams of one text, categories that exclude
 * each other.  So nothing is summed over them.  Each is compared by itself, exactly, and the
 * least p-value is paid for by the number of those that could have been as low (Tarone 1990):
 * what a handful of records have can never come that far, and costs nothing.
 */
#include "drift/finding.h"

#include <float.h>
#include <math.h>

enum { FEW = 4096 };
#define Z_SURE  1.959963984540054
#define Z_POWER 0.8416212335729143

/* No share of `all` records can have a lower p-value: the less likely end of its range. */
static double
least_p(long all, long n, long m)
{
	long least = all > m ? all - m : 0, most = all < n ? all : n;

	return least == most ? 1 : fmin(hypergeom_pmf(least, n, m, all),
	    hypergeom_pmf(most, n, m, all));
}

static double
pooled_se(long all, long n, long m)
{
	double share = ((double)all + 1) / ((double)(n + m) + 2);

	return sqrt(share * (1 - share)) * both_sizes(n, m);
}

static double
joint_p(const long *x, const long *y, size_t k, long n, long m)
{
	double least = 1, could = 0;

	for (size_t i = 0; i < k; i++) {
		double gap = fabs((double)x[i] / (double)n - (double)y[i] / (double)m);

		/* Of very many, what chance does every day is not worth its price. */
		if (k > FEW && gap < 3 * pooled_se(x[i] + y[i], n, m))
			continue;
		if (least_p(x[i] + y[i], n, m) < least)
			least = fmin(least, fisher_2x2(x[i], n - x[i], y[i], m - y[i]).two);
	}
	for (size_t i = 0; i < k; i++)
		could += least_p(x[i] + y[i], n, m) <= least;
	return p_clip(fmin(1, least * fmax(1, could)));
}

/* Bounds of |d| from those of d. */
static struct interval
absolute(struct interval d)
{
	double lo = d.lo > 0 ? d.lo : d.hi < 0 ? -d.hi : 0;

	return (struct interval){ lo, fmax(fabs(d.lo), fabs(d.hi)) };
}

struct largest
largest_change(const long *x, const long *y, size_t k, long n, long m)
{
	struct largest r = { .change = 0 };
	double joint = 1 - 0.05 / (double)k, z = -normal_quantile(0.025 / (double)k), se;

	for (size_t i = 0; i < k; i++) {
		double d = (double)y[i] / (double)m - (double)x[i] / (double)n;

		if (fabs(d) > fabs(r.change)) {
			r.change = d;
			r.which = i;
		}
		/* All lower bounds hold together; above, only that of the largest has to. */
		r.ci.lo = fmax(r.ci.lo, absolute(difference_interval(x[i], n, y[i], m, joint)).lo);
		r.ci.hi = fmax(r.ci.hi, absolute(difference_interval(x[i], n, y[i], m, 0.95)).hi);
	}
	r.p = joint_p(x, y, k, n, m);
	se = pooled_se(x[r.which] + y[r.which], n, m);
	r.mde = fmin(1, (z + Z_POWER) * se);
	r.reach = (z + (k > 1 ? Z_SURE : 0) + Z_POWER) * se;
	return r;
}

struct finding
finding_largest(const struct largest *l, long n, long m, double tolerance)
{
	return (struct finding){ .effect = fabs(l->change), .ci = l->ci, .p = l->p,
	    .direction = (l->change > 0) - (l->change < 0), .tolerance = tolerance, .mde = l->mde,
	    .n_reference = n, .n_current = m };
}

const char *
share_sentence(struct str what, long x, long n, long y, long m, struct arena *a)
{
	return arena_fmt(a, "%.*s went from %.3g %% to %.3g %%", STR_ARG(what),
	    100 * (double)x / (double)n, 100 * (double)y / (double)m);
}
