/*
 * limit.c -- the limits of the Cramer-von Mises and Anderson-Darling statistics.
 *
 * Both are weighted sums of independent chi-square variables.  Their upper tail is
 * 1/(2 pi i) times the integral of exp(-s x) M(s) / s, with M the moment generating function,
 * along any path that leaves the singularities of M (all on the real axis, from s = 1 on) to
 * its right and 0 to its left.  On a parabola around them the integrand dies off so fast that the
 * trapezoidal rule converges exponentially (Weideman and Trefethen 2007), and since every term
 * carries the factor exp(-c x), so does the result: tails keep their digits down to underflow.
 */
#include "metrics/stats/stats.h"

#include <complex.h>
#include <math.h>

/* The products of 1 - s / s_j over the weights, with s_1 = 1; M is a power of them.  s_j = j^2: */
static double complex
of_cramer_von_mises(double complex s)
{
	double complex r = M_PI * csqrt(s);

	return csin(r) / r;
}

/* s_j = j (j + 1) / 2: */
static double complex
of_anderson_darling(double complex s)
{
	return -ccos(M_PI_2 * csqrt(1 + 8 * s)) / (2 * M_PI * s);
}

/*
 * The parabola s = 1 - mu (1 + i u)^2 crosses the axis at c = 1 - mu: best where the integrand
 * is least on the axis, but not too near 0.  Below the mean c is negative; passing 0 on that
 * side takes 1 from the integral.
 */
static double
crossing(double complex (*of)(double complex), double x, double power, bool below)
{
	double best = below ? 1.4 : 0.7, least = HUGE_VAL, step = below ? 1.25 : 0.8;

	for (double mu = best; mu > 1e-4 && mu < 1000; mu *= step) {
		double c = 1 - mu, size = -c * x - power * log(creal(of(c))) - log(fabs(c));

		if (size > least)
			break;
		least = size;
		best = mu;
	}
	return best;
}

/* The logarithm of the product is followed along the path, because its principal value jumps. */
static double
tail(double complex (*of)(double complex), double x, double power, bool below)
{
	double mu = crossing(of, x, power, below), step = 0.02, sum = 0, turn = 0;

	for (int i = 0; i < 10000; i++) {
		double complex at = 1 + I * (i * step), s = 1 - mu * at * at;
		double complex w = clog(of(s)), term;

		turn += remainder(cimag(w) - turn, 2 * M_PI);
		/* ds = -2 i mu (1 + i u) du; the two halves of the path are conjugate. */
		term = cexp(-s * x - power * (creal(w) + I * turn)) / s * mu * at;
		sum += (i > 0 ? 2 : 1) * creal(term);
		if (cabs(term) < 1e-18 * fabs(sum))
			break;
	}
	return fmin(1, fmax(0, below + sum * step / M_PI));
}

double
cramer_von_mises_sf(double x)
{
	double scaled = 0.5 * M_PI * M_PI * x;

	return x > 0.003 ? tail(of_cramer_von_mises, scaled, 0.5, x < 1 / 6.0) : 1;
}

double
anderson_darling_sf(double x, double df)
{
	return x > 0.01 * df ? tail(of_anderson_darling, x, 0.5 * df, x < df) : 1;
}
