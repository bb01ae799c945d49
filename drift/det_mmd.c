/*
 * det_mmd.c -- whether vectors, or all features of a record together, are spread as they were.
 *
 * (1) Of each window the 1,000 kept records with the lowest hashes count: of an embedding its
 * vector, of all features together the normal scores of numbers among both windows and the
 * categories.  Times are left out.
 * (2) Effect: the maximum mean discrepancy (Gretton et al. 2012) beyond chance, with a Gaussian
 * kernel whose squared width is half the median squared distance of all rows of both windows, so
 * that no label chooses it; 0 to 1.41.
 * (3) p: labels dealt anew 496 times, and 1,504 times more where none is as far.
 * (4) Interval: of the squared discrepancy, chance's spread and that of its linear part, squared
 * and added; its roots.
 * (5) Of embeddings of more records than count, the discrepancy of the directions of all of them is
 * said, too, by random Fourier sums.
 */
#include "drift/kernel.h"

#include <math.h>

static float
gaussian(float square, float twice_width2)
{
	return expf(-square / twice_width2);
}

/* Where most rows are alike their mean distance is the width; where all are, any. */
static void
to_kernel(struct rows_pair *k)
{
	double width = kernel_median(k);

	if (!(width > 0))
		width = kernel_mean(k);
	kernel_map(k, gaussian, width > 0 ? width : 1);
}

/* (5) */
static const char *
of_all(const struct feature_profile *r, const struct feature_profile *c, const struct rows_pair *k,
       struct arena *a)
{
	long n = profile_values(r), m = profile_values(c);

	if (n <= (long)k->n && m <= (long)k->m)
		return NULL;
	return arena_fmt(a, "%.3f between the directions of all %ld and %ld",
	    sqrt(fmax(0, profile_mmd2(r, c))), n, m);
}

static struct finding
mmd(const struct profile *r, const struct profile *c, size_t feature, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct rows_pair k = rows_pair(r, c, feature, 0, a);
	struct finding f;

	if (!finding_empty((long)k.n, (long)k.m, tolerance, M_SQRT2, "record in its sample", &f, a)) {
		to_kernel(&k);
		f = kernel_finding(&k, M_SQRT2, tolerance, feature < r->nfeature ?
		    of_all(&r->feature[feature], &c->feature[feature], &k, a) : NULL, seed, a);
	}
	rows_pair_free(&k);
	return f;
}

static struct block_chance
blocks(const struct profile *r, const struct profile *c, size_t feature, int64_t block_ms,
       uint64_t seed, struct arena *a)
{
	return kernel_blocks(r, c, feature, block_ms, to_kernel, seed, a);
}

const struct detector detector_mmd = {
	.name = "mmd", .help = "maximum mean discrepancy beyond chance", .unit = "MMD", .version = 1,
	.shapes = 1u << SHAPE_VECTOR, .joint = true, .tolerance = 0.1, .by_p = true, .sampled = mmd,
	.blocked = blocks,
};
