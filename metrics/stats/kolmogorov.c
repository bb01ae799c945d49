/*
 * kolmogorov.c -- the distribution of the one-sample Kolmogorov-Smirnov distance at size n.
 *
 * The choice among formulas is that of Simard and L'Ecuyer (2011), without their slowest ones:
 * the matrix power of Marsaglia, Tsang and Wang (2003, after Durbin), which is exact; twice the
 * one-sided tail of Birnbaum and Tingey (1951), where both sides cannot be reached at once; and
 * the expansion of Pelz and Good (1976) for large n.
 */
#include "metrics/stats/stats.h"

#include <math.h>

/* A square matrix times 10^power, so that its entries stay within a double. */
struct matrix { double *at; size_t k; int power; };

static void
multiply(const struct matrix *a, const struct matrix *b, struct matrix *out)
{
	size_t k = a->k;

	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++) {
			double s = 0;

			for (size_t l = 0; l < k; l++)
				s += a->at[i * k + l] * b->at[l * k + j];
			out->at[i * k + j] = s;
		}
	out->power = a->power + b->power;
	if (out->at[k / 2 * k + k / 2] > 1e140) {
		for (size_t i = 0; i < k * k; i++)
			out->at[i] *= 1e-140;
		out->power += 140;
	}
}

static void
swap(struct matrix *a, struct matrix *b)
{
	struct matrix t = *a;

	*a = *b;
	*b = t;
}

static struct matrix
matrix_new(size_t k, struct arena *scratch)
{
	return (struct matrix){ .at = arena_array(scratch, k * k, sizeof(double)), .k = k };
}

/* P(D < d) = n!/n^n times the middle entry of H^n. */
static double
durbin(long n, double d, struct arena *scratch)
{
	double nd = (double)n * d, h, p;
	size_t half = (size_t)nd + 1, k = 2 * half - 1;
	struct matrix base = matrix_new(k, scratch), q = matrix_new(k, scratch);
	struct matrix t = matrix_new(k, scratch);

	h = (double)half - nd;
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++)
			base.at[i * k + j] = j <= i + 1;
	for (size_t i = 0; i < k; i++) {
		base.at[i * k] -= pow(h, (double)i + 1);
		base.at[(k - 1) * k + i] -= pow(h, (double)(k - i));
		q.at[i * k + i] = 1;
	}
	base.at[(k - 1) * k] += 2 * h > 1 ? pow(2 * h - 1, (double)k) : 0;
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j <= i; j++)
			base.at[i * k + j] /= tgamma((double)(i - j) + 2);
	for (long e = n; e > 0; e >>= 1) {
		if (e & 1) {
			multiply(&q, &base, &t);
			swap(&q, &t);
		}
		multiply(&base, &base, &t);
		swap(&base, &t);
	}
	p = q.at[(half - 1) * k + half - 1];
	for (long i = 1; i <= n; i++) {
		p *= (double)i / (double)n;
		if (p < 1e-140) {
			p *= 1e140;
			q.power -= 140;
		}
	}
	return p * pow(10, q.power);
}

/* P(D+ >= d); each term is a binomial probability. */
static double
one_sided(long n, double d)
{
	double s = 0;

	for (long j = 0; j <= (long)((double)n * (1 - d)); j++) {
		double p = d + (double)j / (double)n;

		s += d / p * binom_pmf(j, n, fmin(p, 1));
	}
	return s;
}

/* P(D < d) = K0 + K1/sqrt n + K2/n + K3/n^(3/2) at z = d sqrt n. */
static double
pelz_good(long n, double d)
{
	double z = d * sqrt((double)n), z2 = z * z, z4 = z2 * z2, z6 = z4 * z2;
	double k0 = 0, k1 = 0, k2 = 0, k3 = 0, whole2 = 0, whole3 = 0, rn = sqrt((double)n);
	double front = sqrt(M_PI / 2);

	for (int k = 20; k >= 0; k--) {
		double a = M_PI * M_PI * (k + 0.5) * (k + 0.5), b = M_PI * M_PI * k * k;
		double e = exp(-a / (2 * z2)), f = exp(-b / (2 * z2));

		k0 += e;
		k1 += (a - z2) * e;
		k2 += (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * a + (1 - 2 * z2) * a * a) * e;
		k3 += ((5 - 30 * z2) * a * a * a + (212 * z4 - 60 * z2) * a * a +
		    (135 * z4 - 96 * z6) * a - 30 * z6 - 90 * z6 * z2) * e;
		whole2 += b * f;
		whole3 += (3 * b * z2 - b * b) * f;
	}
	/* Each sum runs over all whole k, and is even: twice what was added up. */
	k0 *= 2 * front / z;
	k1 *= 2 * front / (6 * z4);
	k2 = 2 * front * (k2 / (72 * z6 * z) - whole2 / (36 * z2 * z));
	k3 = 2 * front * (k3 / (6480 * z6 * z4) + whole3 / (216 * z6));
	return k0 + (k1 + (k2 + k3 / rn) / rn) / rn;
}

double
kolmogorov_finite_sf(long n, double d, struct arena *scratch)
{
	double nd = (double)n * d, reach = nd * d;

	if (n <= 0 || !(nd > 0.5))
		return 1;
	if (d >= 1)
		return 0;
	if (nd >= (double)(n - 1))
		return 2 * pow(1 - d, (double)n);
	if (d >= 0.5 || reach > (n <= 140 ? 4 : 2.2))
		return fmin(1, 2 * one_sided(n, d));
	if (n <= 140 || (n <= 100000 && nd * sqrt(d) <= 1.4))
		return fmax(0, 1 - durbin(n, d, scratch));
	return fmax(0, 1 - pelz_good(n, d));
}
