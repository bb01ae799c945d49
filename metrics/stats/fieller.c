/*
 * fieller.c -- the ratio of two means.
 *
 * Fieller, Some problems in interval estimation, JRSS B 16 (1954): the ratios q for which
 * num - q den is not further than t standard errors from 0.  Those are the q between the roots of
 * (den^2 - t^2 vd) q^2 - 2 (num den - t^2 cov) q + (num^2 - t^2 vn), if the first factor is
 * positive; otherwise they are all numbers, or all but an interval.
 */
#include "metrics/stats/stats.h"

#include <math.h>

struct ratio
fieller_ratio(double num, double den, double var_num, double var_den, double cov, double t)
{
	double a = den * den - t * t * var_den, b = num * den - t * t * cov;
	double c = num * num - t * t * var_num, root;
	struct ratio r = { .known = den != 0, .at = den != 0 ? num / den : 0 };

	if (!r.known || !(a > 0))
		return r;
	root = sqrt(fmax(0, b * b - a * c));
	r.bounded = true;
	r.lo = fmin((b - root) / a, r.at);              /* rounding must not put it outside */
	r.hi = fmax((b + root) / a, r.at);
	return r;
}
