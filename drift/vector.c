/*
 * vector.c -- lists of numbers, as embeddings are, and their random Fourier sums.
 *
 * The mean of exp(i w x) over random w is a kernel (Rahimi and Recht 2008), so the means of
 * cos(w x) and sin(w x) over a window say how far two windows lie apart in that kernel's norm, at
 * any number of vectors.  They are sums, and sums of whole numbers at that, so that no order shows.
 *
 * Waves must be the same in every profile, whatever it will see.  So it is the direction x / |x|
 * that is summed, whose scale is known: three Gaussian kernels of widths 1/4, 1/2 and 1 are mixed.
 * Embeddings are compared by angle anyway; the lengths are seen by the sample.
 */
#include "drift/profile.h"

#include <math.h>

/* ---- components ---- */

struct str
vector_pack(const double *x, size_t n, struct arena *a)
{
	unsigned char *p = arena_raw(a, 4 * n);

	for (size_t i = 0; i < n; i++) {
		float v = (float)x[i] + 0.0f;
		uint32_t bits;

		memcpy(&bits, &v, sizeof bits);
		for (size_t k = 0; k < 4; k++)
			p[4 * i + k] = (unsigned char)(bits >> 8 * k);
	}
	return (struct str){ (const char *)p, 4 * n };
}

size_t
vector_length(struct str s)
{
	return s.n / 4;
}

static uint32_t
bits_at(struct str s, size_t i)
{
	const unsigned char *p = (const unsigned char *)s.p + 4 * i;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

double
vector_at(struct str s, size_t i)
{
	uint32_t bits = bits_at(s, i);
	float v;

	memcpy(&v, &bits, sizeof v);
	return (double)v;
}

bool
vector_sound(struct str s)
{
	if (s.n == 0 || s.n % 4 != 0 || vector_length(s) > VECTOR_MAX)
		return false;
	for (size_t i = 0; i < vector_length(s); i++)
		if (!isfinite(vector_at(s, i)) || bits_at(s, i) == UINT32_C(1) << 31)
			return false;
	return true;
}

/* ---- sums ---- */

/* Component by component: those of a longer vector follow those that are there. */
static void
need_waves(struct feature_profile *f, size_t n, uint64_t seed)
{
	static const double width[] = { 0.25, 0.5, 1 };
	uint64_t key = rng_key(seed, "fourier");

	if (f->nwave >= n)
		return;
	f->wave = mem_grow(f->wave, &f->wave_cap, n * WAVES, sizeof *f->wave);
	for (size_t i = f->nwave * WAVES; i < n * WAVES; i++) {
		double u = ((double)(rng_next(key, i) >> 12) + 0.5) * 0x1p-52;

		f->wave[i] = (float)(normal_quantile(u) / width[i % WAVES % COUNT(width)]);
	}
	f->nwave = n;
}

void
fourier_add(struct feature_profile *f, struct str vector, uint64_t seed)
{
	size_t n = vector_length(vector);
	double phase[WAVES] = { 0 }, length = 0;

	need_waves(f, n, seed);
	if (f->fourier == NULL)
		f->fourier = mem_alloc(FOURIER_SUMS, sizeof *f->fourier);
	for (size_t i = 0; i < n; i++)
		length += vector_at(vector, i) * vector_at(vector, i);
	length = sqrt(length);
	for (size_t i = 0; i < n && length > 0; i++) {
		double x = vector_at(vector, i) / length;
		const float *w = &f->wave[i * WAVES];

		for (size_t k = 0; k < WAVES; k++)
			phase[k] += x * (double)w[k];
	}
	for (size_t k = 0; k < WAVES; k++) {
		f->fourier[2 * k] += lrint(FOURIER_UNIT * cos(phase[k]));
		f->fourier[2 * k + 1] += lrint(FOURIER_UNIT * sin(phase[k]));
	}
}

void
fourier_merge(struct feature_profile *into, const struct feature_profile *from)
{
	if (from->fourier == NULL)
		return;
	if (into->fourier == NULL)
		into->fourier = mem_alloc(FOURIER_SUMS, sizeof *into->fourier);
	for (size_t i = 0; i < FOURIER_SUMS; i++)
		into->fourier[i] += from->fourier[i];
}

/* Of pairs of two different vectors of one window: |sum|^2 has each with itself, which is 1. */
static double
within(double c, double s, double n)
{
	return (c * c + s * s - n) / (n * (n - 1));
}

double
profile_mmd2(const struct feature_profile *r, const struct feature_profile *c)
{
	double n = (double)profile_values(r), m = (double)profile_values(c), sum = 0;

	if (r->fourier == NULL || c->fourier == NULL || n < 2 || m < 2)
		return 0;
	for (size_t k = 0; k < WAVES; k++) {
		double a = (double)r->fourier[2 * k] / FOURIER_UNIT;
		double b = (double)r->fourier[2 * k + 1] / FOURIER_UNIT;
		double p = (double)c->fourier[2 * k] / FOURIER_UNIT;
		double q = (double)c->fourier[2 * k + 1] / FOURIER_UNIT;

		sum += within(a, b, n) + within(p, q, m) - 2 * (a / n * (p / m) + b / n * (q / m));
	}
	return sum / WAVES;
}
