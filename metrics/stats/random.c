/*
 * random.c -- exact draws from distributions, out of numbered random words.
 *
 * Binomial: inversion by the recurrence of the probabilities while the mean is below 10; above,
 * transformed rejection with a squeeze, algorithm BTRS of Hoermann (1993), "The generation of
 * binomial random variates", J. Stat. Comput. Simul. 46.  Its constants are those of the paper.
 */
#include "metrics/stats/stats.h"

#include <math.h>

double
stream_unit(struct stream *s)
{
	return rng_unit(rng_next(s->key, s->at++));
}

static long
by_inversion(long n, double p, struct stream *s)
{
	double none = exp((double)n * log1p(-p)), odds = p / (1 - p);

	for (;;) {
		double u = stream_unit(s), mass = none;

		/* Past the end only rounding can lead: such a draw is thrown again. */
		for (long k = 0; k <= n; k++) {
			if (u < mass)
				return k;
			u -= mass;
			mass *= odds * (double)(n - k) / (double)(k + 1);
		}
	}
}

static double
log_factorial(double x)
{
	int sign;

	return lgamma_r(x + 1, &sign);
}

/* n p >= 10, p <= 1/2. */
static long
by_rejection(long n, double p, struct stream *s)
{
	double nn = (double)n, sd = sqrt(nn * p * (1 - p)), b = 1.15 + 2.53 * sd;
	double a = -0.0873 + 0.0248 * b + 0.01 * p, centre = nn * p + 0.5;
	double sure = 0.92 - 4.2 / b, height = (2.83 + 5.1 / b) * sd, mode = floor((nn + 1) * p);

	for (;;) {
		double v = stream_unit(s), u = stream_unit(s) - 0.5, edge = 0.5 - fabs(u);
		double k = floor((2 * a / edge + b) * u + centre);

		if (edge >= 0.07 && v <= sure)
			return (long)k;
		if (!(k >= 0 && k <= nn))
			continue;
		v *= height / (a / (edge * edge) + b);
		if (log(v) <= log_factorial(mode) + log_factorial(nn - mode) - log_factorial(k) -
		    log_factorial(nn - k) + (k - mode) * log(p / (1 - p)))
			return (long)k;
	}
}

long
binom_draw(long n, double p, struct stream *s)
{
	if (p > 0.5)
		return n - binom_draw(n, 1 - p, s);
	if (!(p > 0) || n < 1)
		return 0;
	return (double)n * p < 10 ? by_inversion(n, p, s) : by_rejection(n, p, s);
}
