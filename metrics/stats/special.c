/*
 * special.c -- distribution functions, accurate in both tails.
 *
 * erfc and lgamma come from libm.  Every density that multiplies a series or a continued
 * fraction is written with Loader's deviance and Stirling error (C. Loader, Fast and Accurate
 * Computation of Binomial Probabilities, 2000), because differences of lgamma lose nine
 * digits at a million degrees of freedom.  Quantiles are Newton steps on the logarithm of the
 * tail, in a scale where that logarithm is concave, inside a bracket.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

static const double ln_sqrt_2pi = 0.918938533204672741780329736406;
static const double sqrt_half_lo = -4.833646656726457e-17;   /* sqrt(1/2) - M_SQRT1_2 */

enum { MAX_TERMS = 1000000, MAX_STEPS = 200 };

/* ---- the normal distribution ---- */

double
normal_pdf(double z)
{
	double square = z * z, rest = fma(z, z, -square);

	return exp(-0.5 * square - ln_sqrt_2pi) * (1 - 0.5 * rest);
}

/* erfc(z / sqrt 2) / 2; the rounding of z / sqrt 2 alone would cost 1e-13 at z = 37. */
double
normal_sf(double z)
{
	double y = z * M_SQRT1_2;
	double rest;

	if (fabs(z) > 40)
		return z > 0 ? 0 : 1;
	rest = fma(z, M_SQRT1_2, -y) + z * sqrt_half_lo;
	return 0.5 * (erfc(y) - M_2_SQRTPI * exp(-y * y) * rest);
}

double
normal_cdf(double z)
{
	return normal_sf(-z);
}

double
normal_log_sf(double z)
{
	double w;

	if (z <= 0)
		return log1p(-normal_sf(-z));
	if (z < 30)
		return log(normal_sf(z));
	/* Abramowitz and Stegun 26.2.12. */
	w = 1 / (z * z);
	return -0.5 * z * z - ln_sqrt_2pi - log(z) +
	    log1p(-w * (1 - w * (3 - w * (15 - w * (105 - w * 945)))));
}

double
normal_log_cdf(double z)
{
	return normal_log_sf(-z);
}

static double
horner(const double *c, int n, double x)
{
	double s = c[n - 1];

	for (int i = n - 2; i >= 0; i--)
		s = s * x + c[i];
	return s;
}

/* Wichura's AS 241 (PPND16) for 0 < p <= 1/2. */
static double
wichura(double p)
{
	static const double a[] = {
		3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
		1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
		3.3430575583588128105e+4, 2.5090809287301226727e+3
	}, b[] = {
		1, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
		2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
		5.2264952788528545610e+3
	}, c[] = {
		1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
		3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
		2.27238449892691845833e-2, 7.74545014278341407640e-4
	}, d[] = {
		1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
		1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
		1.05075007164441684324e-9
	}, e[] = {
		6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
		2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
		2.71155556874348757815e-5, 2.01033439929228813265e-7
	}, f[] = {
		1, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
		1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
		1.42151175831644588870e-7, 2.04426310338993978564e-15
	};
	double q = p - 0.5, r;

	if (fabs(q) <= 0.425) {
		r = 0.180625 - q * q;
		return q * horner(a, 8, r) / horner(b, 8, r);
	}
	r = sqrt(-log(p));
	if (r <= 5)
		return -horner(c, 8, r - 1.6) / horner(d, 8, r - 1.6);
	return -horner(e, 8, r - 5) / horner(f, 8, r - 5);
}

double
normal_quantile(double p)
{
	double x, u;

	if (p > 0.5)
		return -normal_quantile(1 - p);
	if (!(p > DBL_TRUE_MIN))
		p = DBL_TRUE_MIN;
	x = wichura(p);
	if (p < 1e-300)
		return x;
	u = (normal_cdf(x) - p) / normal_pdf(x);        /* Halley */
	return x - u / (1 + 0.5 * x * u);
}

/* ---- what the prefactors are made of ---- */

double
log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

/* ln n! - ln(sqrt(2 pi n) (n/e)^n), for real n > 0. */
static double
stirling_error(double n)
{
	double nn = n * n;

	if (n <= 15)
		return log_gamma(n + 1) - (n + 0.5) * log(n) + n - ln_sqrt_2pi;
	return (1 / 12.0 - (1 / 360.0 - (1 / 1260.0 - (1 / 1680.0 - 1 / 1188.0 / nn) / nn) / nn) /
	    nn) / n;
}

/* x ln(x / m) + m - x without cancellation where x is near m. */
static double
deviance(double x, double m)
{
	double v, s, ej, next;

	if (fabs(x - m) >= 0.1 * (x + m))
		return x * log(x / m) + m - x;
	v = (x - m) / (x + m);
	s = (x - m) * v;
	ej = 2 * x * v;
	for (int j = 1; j < 1000; j++) {
		ej *= v * v;
		next = s + ej / (2 * j + 1);
		if (next == s)
			break;
		s = next;
	}
	return s;
}

/* G(n+1) / (G(k+1) G(n-k+1)) p^k q^(n-k), for real 0 < k < n and q = 1 - p. */
static double
binomial_density(double k, double nk, double p, double q)
{
	double n = k + nk;
	double l = stirling_error(n) - stirling_error(k) - stirling_error(nk) -
	    deviance(k, n * p) - deviance(nk, n * q);

	return exp(l) * sqrt(n / (2 * M_PI * k * nk));
}

/*
 * Where a log-concave tail has the value p.  `tail` gives the tail and its logarithmic
 * derivative at u; q = 1 - p is used where p is above one half.
 */
struct tails { double lower, upper, density; };     /* density: of u */
struct curve { struct tails (*at)(double u, double a, double b); double a, b; };

static double
solve(const struct curve *f, double p, double q, double u, double lo, double hi)
{
	bool lower = p <= q;
	double want = log(lower ? p : q);

	for (int i = 0; i < MAX_STEPS; i++) {
		struct tails t = f->at(u, f->a, f->b);
		double tail = lower ? t.lower : t.upper;
		double gap = tail > 0 ? log(tail) - want : -DBL_MAX;
		double next;

		if (gap == 0)
			break;
		if ((gap > 0) == lower)
			hi = u;
		else
			lo = u;
		next = tail > 0 && t.density > 0 ?
		    u - (lower ? gap : -gap) * tail / t.density : lo - 1;
		if (!(next > lo && next < hi))
			next = 0.5 * (lo + hi);
		if (fabs(next - u) <= 1e-14 * (1 + fabs(u)))
			return next;
		u = next;
	}
	return u;
}

/* ---- the incomplete beta function, and what follows from it ---- */

/*
 * The continued fraction of DiDonato and Morris (ACM TOMS 18, 1992, equation 9) by Lentz:
 * I_x(a,b) = x^a y^b / B(a,b) / fraction, for x below the mean.  It has both x and y = 1 - x,
 * so that neither needs to be the difference of the other from 1.
 */
static double
beta_fraction(double x, double y, double a, double b)
{
	double f = a * (a * y - b * x + 1) / (a + 1), c = f, d = 0;

	for (int m = 1; m < MAX_TERMS; m++) {
		double e = a + 2 * m - 1;
		double over = (a + m - 1) * (a + b + m - 1) * m * (b - m) * x * x / (e * e);
		double under = m + m * (b - m) * x / e +
		    (a + m) * (a * y - b * x + 1 + m * (1 + y)) / (e + 2);

		d = 1 / (under + over * d);
		c = under + over / c;
		f *= c * d;
		if (fabs(c * d - 1) < 3e-16)
			break;
	}
	return f;
}

/* Both tails at x, with y = 1 - x given apart so that either may be tiny. */
static struct tails
beta_tails(double x, double y, double a, double b)
{
	struct tails t = { 0, 1, 0 };

	if (!(x > 0))
		return t;
	if (!(y > 0))
		return (struct tails){ 1, 0, 0 };
	t.density = binomial_density(a, b, x, y) * a * b / (a + b);
	if (x < (a + 1) / (a + b + 2)) {
		t.lower = fmin(1, t.density / beta_fraction(x, y, a, b));
		t.upper = 1 - t.lower;
	} else {
		t.upper = fmin(1, t.density / beta_fraction(y, x, b, a));
		t.lower = 1 - t.upper;
	}
	return t;
}

double
beta_cdf(double x, double a, double b)
{
	return beta_tails(x, 1 - x, a, b).lower;
}

double
beta_sf(double x, double a, double b)
{
	return beta_tails(x, 1 - x, a, b).upper;
}

static struct tails
beta_at_logit(double u, double a, double b)
{
	return beta_tails(1 / (1 + exp(-u)), 1 / (1 + exp(u)), a, b);
}

static double
beta_logit(double p, double q, double a, double b)
{
	struct curve f = { beta_at_logit, a, b };

	return solve(&f, p, q, log(a / b), -700, 700);
}

double
beta_quantile(double p, double a, double b)
{
	if (!(p > 0) || !(p < 1))
		return p > 0 ? 1 : 0;
	return 1 / (1 + exp(-beta_logit(p, 1 - p, a, b)));
}

double
beta_isf(double q, double a, double b)
{
	if (!(q > 0) || !(q < 1))
		return q > 0 ? 0 : 1;
	return 1 / (1 + exp(-beta_logit(1 - q, q, a, b)));
}

/* P(T > t) = I_x(df/2, 1/2) / 2 at x = df / (df + t^2), t > 0 (Abramowitz, Stegun 26.7.1). */
double
t_sf(double t, double df)
{
	double square = t * t, half;

	half = 0.5 * beta_tails(df / (df + square), 1 / (1 + df / square), 0.5 * df, 0.5).lower;
	return t > 0 ? half : 1 - half;
}

double
t_cdf(double t, double df)
{
	return t_sf(-t, df);
}

double
t_quantile(double p, double df)
{
	double u;

	if (p > 0.5)
		return -t_quantile(1 - p, df);
	if (p == 0.5)
		return 0;
	if (!(p > DBL_MIN))
		p = DBL_MIN;
	u = beta_logit(2 * p, 1 - 2 * p, 0.5 * df, 0.5);
	return -sqrt(df) * exp(-0.5 * u);
}

double
binom_pmf(long k, long n, double p)
{
	if (k < 0 || k > n)
		return 0;
	if (!(p > 0) || !(p < 1))
		return k == (p > 0 ? n : 0);
	if (k == 0)
		return exp((double)n * log1p(-p));
	if (k == n)
		return exp((double)n * log(p));
	return binomial_density((double)k, (double)(n - k), p, 1 - p);
}

/* P(X <= k) = 1 - I_p(k+1, n-k). */
double
binom_cdf(long k, long n, double p)
{
	if (k < 0 || k >= n)
		return k >= n;
	return beta_sf(p, (double)k + 1, (double)(n - k));
}

double
binom_sf(long k, long n, double p)
{
	if (k < 0 || k >= n)
		return k < 0;
	return beta_cdf(p, (double)k + 1, (double)(n - k));
}

/* ---- the incomplete gamma function: chi-square ---- */

/* Series below the mean, Lentz's fraction above (Abramowitz and Stegun 6.5.29, 6.5.31). */
static struct tails
gamma_tails(double x, double a)
{
	struct tails t = { 0, 1, 0 };
	double front, s = 1, term = 1;

	if (!(x > 0))
		return t;
	front = exp(-stirling_error(a) - deviance(a, x)) / sqrt(2 * M_PI * a);
	t.density = front * a;
	if (x < a + 1) {
		for (int i = 1; i < MAX_TERMS && term > 1e-17 * s; i++) {
			term *= x / (a + i);
			s += term;
		}
		t.lower = fmin(1, front * s);
		t.upper = 1 - t.lower;
	} else {
		double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;

		for (int i = 1; i < MAX_TERMS; i++) {
			double an = -i * (i - a);

			b += 2;
			d = an * d + b;
			c = b + an / c;
			d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
			c = fabs(c) < 1e-300 ? 1e-300 : c;
			h *= d * c;
			if (fabs(d * c - 1) < 3e-16)
				break;
		}
		t.upper = fmin(1, t.density * h);
		t.lower = 1 - t.upper;
	}
	return t;
}

double
chi2_cdf(double x, double df)
{
	return gamma_tails(0.5 * x, 0.5 * df).lower;
}

double
chi2_sf(double x, double df)
{
	return gamma_tails(0.5 * x, 0.5 * df).upper;
}

static struct tails
gamma_at_log(double u, double a, double unused)
{
	(void)unused;
	return gamma_tails(exp(u), a);
}

static double
chi2_point(double p, double q, double df)
{
	struct curve f = { gamma_at_log, 0.5 * df, 0 };

	return 2 * exp(solve(&f, p, q, log(0.5 * df), -700, 700));
}

double
chi2_quantile(double p, double df)
{
	return p > 0 ? chi2_point(fmin(p, 1 - DBL_EPSILON), fmax(1 - p, DBL_EPSILON), df) : 0;
}

double
chi2_isf(double q, double df)
{
	return q < 1 ? chi2_point(1 - q, fmax(q, DBL_MIN), df) : 0;
}

/* ---- the Kolmogorov distribution ---- */

/* Q(x) = 2 sum (-1)^(k-1) exp(-2 k^2 x^2); its theta transform where that is slow. */
double
kolmogorov_sf(double x)
{
	double s = 0, sign = 1;

	if (x < 0.05)
		return 1;
	if (x < 1) {
		for (int k = 1; k < 40; k += 2)
			s += exp(-k * k * M_PI * M_PI / (8 * x * x));
		return 1 - sqrt(2 * M_PI) / x * s;
	}
	for (int k = 1; k < 40; k++, sign = -sign)
		s += sign * exp(-2.0 * k * k * x * x);
	return 2 * s;
}

/* ---- p-values ---- */

double
p_clip(double p)
{
	return fmin(1, fmax(p, DBL_MIN));
}
