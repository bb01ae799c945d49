/*
 * power.c -- how many units a question needs, and what a number of units can see.
 *
 * Normal approximations without continuity correction; z_q is the upper quantile.  Sources:
 * Connor 1987 and Miettinen 1968 (paired proportions); Miller 2024 (repeats); the power of
 * the exact and the mid-p McNemar test is enumerated over the number of discordant pairs.
 */
#include "metrics/stats/stats.h"

#include <limits.h>
#include <math.h>

static double
z_upper(double tail)
{
	return -normal_quantile(tail);
}

static double
square(double x)
{
	return x * x;
}

static long
round_up(double n)
{
	return n < (double)(LONG_MAX / 2) ? (long)ceil(n) : 0;
}

double
pairs_noninferiority(double margin, double drop, double psi, double alpha, double power)
{
	if (!(margin > drop))
		return 0;
	return square((z_upper(alpha) + z_upper(1 - power)) / (margin - drop)) *
	    fmax(psi - drop * drop, 0);
}

long
size_noninferiority(double margin, double drop, double psi, double alpha, double power)
{
	return round_up(pairs_noninferiority(margin, drop, psi, alpha, power));
}

long
size_noninferiority_mean(double margin, double drop, double sd, double alpha, double power)
{
	if (!(margin > drop))
		return 0;
	return round_up(square((z_upper(alpha) + z_upper(1 - power)) * sd / (margin - drop)));
}

double
pairs_detect(double drop, double psi, double alpha, int sides, double power)
{
	return square((z_upper(alpha / sides) * sqrt(psi) +
	    z_upper(1 - power) * sqrt(fmax(psi - drop * drop, 0))) / drop);
}

struct unpaired_size
size_unpaired(double p1, double drop, double alpha, double power)
{
	struct unpaired_size n;
	double p2 = p1 - drop, mid = 0.5 * (p1 + p2), z1 = z_upper(alpha / 2);
	double z2 = z_upper(1 - power), var = p1 * (1 - p1) + p2 * (1 - p2);

	n.pooled = square((z1 * sqrt(2 * mid * (1 - mid)) + z2 * sqrt(var)) / drop);
	n.wald = square((z1 + z2) / drop) * var;
	n.arcsine = square((z1 + z2) / (2 * asin(sqrt(p1)) - 2 * asin(sqrt(p2))));
	return n;
}

double
units_repeated(double var, double delta, double alpha, double power)
{
	return square(z_upper(alpha / 2) + z_upper(1 - power)) * var / (delta * delta);
}

double
mde_repeated(double var, long n, double alpha, double power)
{
	return (z_upper(alpha / 2) + z_upper(1 - power)) * sqrt(var / (double)n);
}

/* The score bound has cleared `target`, as the test of a rate against a constant. */
long
size_rate_bound(double p, double target, double alpha, double power)
{
	if (!(p > target))
		return 0;
	return round_up(square((z_upper(alpha) * sqrt(target * (1 - target)) +
	    z_upper(1 - power) * sqrt(p * (1 - p))) / (p - target)));
}

/*
 * Connor's equation solved for the drop.  A drop of d makes at least d of the pairs
 * discordant, so that where the solution exceeds psi, psi is the drop itself.
 */
double
mde_paired(long n, double psi, double alpha, double power)
{
	double za = z_upper(alpha), zb = z_upper(1 - power), nn = (double)n;
	double inside = zb * zb * (nn - za * za + zb * zb), lo = 0, hi = 1, d;

	if (n <= 0)
		return 1;
	if (inside >= 0) {
		d = sqrt(psi) * (sqrt(nn) * za + (zb > 0 ? 1 : -1) * sqrt(inside)) /
		    (nn + zb * zb);
		if (d > 0 && d <= psi)
			return d;
	}
	for (int i = 0; i < 60; i++) {
		d = 0.5 * (lo + hi);
		if (za + zb * sqrt(1 - d) > sqrt(d * nn))
			lo = d;
		else
			hi = d;
	}
	return hi;
}

/* The smallest b of k discordant pairs that the one-sided test rejects at; k + 1: none. */
static long
critical(long k, double alpha, bool midp)
{
	double tail = 0;
	long b = k;

	for (; b > 0; b--) {
		double mass = binom_pmf(b, k, 0.5);

		if (tail + (midp ? 0.5 * mass : mass) > alpha)
			break;
		tail += mass;
	}
	return b + 1;
}

double
mcnemar_power(long n, double psi, double drop, double alpha, bool midp)
{
	double theta = psi > 0 ? 0.5 * (psi + drop) / psi : 0.5, sum = 0;

	for (long k = 1; k <= n; k++) {
		double weight = binom_pmf(k, n, psi);

		if (weight > 1e-20)
			sum += weight * binom_sf(critical(k, alpha, midp) - 1, k, theta);
	}
	return sum;
}

long
size_zero_failures(double p, double conf)
{
	return p > 0 && p < 1 ? round_up(log(1 - conf) / log1p(-p)) : 0;
}
