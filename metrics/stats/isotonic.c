/*
 * isotonic.c -- the rising sequence that is nearest to some numbers.
 *
 * Least weighted squares by pooling adjacent violators (Ayer, Brunk, Ewing, Reid and Silverman
 * 1955): blocks whose mean is not above the one before are joined, in one pass.
 */
#include "metrics/stats/stats.h"

struct block { double sum, weight; size_t n; };

static bool
falls(const struct block *before, const struct block *b)
{
	return b->sum * before->weight <= before->sum * b->weight;
}

size_t
isotonic(const double *y, const double *weight, size_t n, double *fit, struct arena *scratch)
{
	struct block *block = arena_array(scratch, n, sizeof *block);
	size_t k = 0, at = 0;

	for (size_t i = 0; i < n; i++) {
		double w = weight ? weight[i] : 1;

		block[k++] = (struct block){ w * y[i], w, 1 };
		while (k > 1 && falls(&block[k - 2], &block[k - 1])) {
			block[k - 2].sum += block[k - 1].sum;
			block[k - 2].weight += block[k - 1].weight;
			block[k - 2].n += block[k - 1].n;
			k--;
		}
	}
	for (size_t j = 0; j < k; j++)
		for (size_t i = 0; i < block[j].n; i++)
			fit[at++] = block[j].sum / block[j].weight;
	return k;
}
