/*
 * det_energy.c -- whether vectors, or all features of a record together, lie as far apart within
 * the windows as between them.
 *
 * (1) The rows are mmd's.
 * (2) Effect: the root of 2 E|x - y| - E|x - x'| - E|y - y'| (Szekely and Rizzo 2013) beyond
 * chance, with distances over the mean of all, so that no unit of measure shows.
 * (3) p and interval: mmd's, with the negative distance for the kernel.
 */
#include "drift/kernel.h"

#include <math.h>

static float
distance(float square, float scale)
{
	(void)scale;
	return sqrtf(square);
}

static float
negative(float distance, float mean)
{
	return -distance / mean;
}

static void
to_kernel(struct rows_pair *k)
{
	double mean;

	kernel_map(k, distance, 1);
	mean = kernel_mean(k);
	kernel_map(k, negative, mean > 0 ? mean : 1);
}

static struct finding
energy(const struct profile *r, const struct profile *c, size_t feature, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct rows_pair k = rows_pair(r, c, feature, 0, a);
	double n = (double)k.n, m = (double)k.m;
	struct finding f;

	if (!finding_empty((long)k.n, (long)k.m, tolerance, 2, "record in its sample", &f, a)) {
		to_kernel(&k);
		/* The mean of all distances is at least that between the windows by their share. */
		f = kernel_finding(&k, (n + m) / sqrt(n * m), tolerance, NULL, seed, a);
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

const struct detector detector_energy = {
	.name = "energy", .help = "energy distance beyond chance", .unit = "energy", .version = 1,
	.shapes = 1u << SHAPE_VECTOR, .joint = true, .tolerance = 0.1, .by_p = true, .sampled = energy,
	.blocked = blocks,
};
