/*
 * kernel.h -- two samples of rows by what every two of them have in common.
 *
 * Private to drift/kernel.c, rows.c, det_mmd.c and det_energy.c.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "drift/finding.h"

/* ---- rows.c: records of the sample as points ---------------------------------------------- */

/* Of each window at most so many records, those with the lowest hashes. */
enum { PAIR_ROWS = 1000 };

/*
 * Rows of the reference, then of the current window.  What is dealt as a whole is a unit: a row, or
 * all rows of a window that lie in one block of time.  Units of the reference come first.
 */
struct rows_pair {
	size_t  n, m;
	float  *value;           /* (n + m)^2, by row: squared distances, then a kernel */
	size_t *unit;            /* n + m */
	size_t  units_n, units_m;
};
/*
 * The kept records of both windows, by the feature's vectors, or with feature == nfeature by all
 * numbers and categories that can stand together (rows_joinable).
 *
 * Vectors are as far apart as their components, those that a shorter one lacks being 0.  Of records
 * it is the sum over features: of numbers the squared difference of their normal scores among all
 * rows of both windows, and 2 where categories or kinds of value differ, which is what two
 * independent numbers have on average.  No label is used, so dealing them anew is a test.
 *
 * block_ms 0: every row is a unit; else rows without a time are left out.  The caller frees.
 */
struct rows_pair rows_pair(const struct profile *reference, const struct profile *current,
                           size_t feature, int64_t block_ms, struct arena *scratch);
void             rows_pair_free(struct rows_pair *);

/* ---- kernel.c ----------------------------------------------------------------------------- */

/* The median of what is not on the diagonal; 0 with fewer than two rows. */
double kernel_median(const struct rows_pair *);
double kernel_mean(const struct rows_pair *);
/* Each value by `of`, which gets `scale`, too. */
void   kernel_map(struct rows_pair *, float (*of)(float, float scale), double scale);
/*
 * Of a kernel that is positive on differences: the root of what the squared norm of the difference
 * of the windows' mean elements has in excess of chance.  p: rows dealt anew 496 times, and where
 * none is as far 1,504 times more.  Interval: that of the squared norm, in which chance's spread and
 * that of its linear part add up in squares; its roots.  n and m above 0; centres the kernel.
 * `why`: a sentence part or NULL.
 */
struct finding kernel_finding(struct rows_pair *, double most, double tolerance, const char *why,
                              uint64_t seed, struct arena *);
/* p by dealing blocks of rows, after `to_kernel` made kernels of their distances, and the mean of the
 * squared norm among these deals over that among deals of single rows. */
struct block_chance kernel_blocks(const struct profile *reference, const struct profile *current,
                                  size_t feature, int64_t block_ms,
                                  void (*to_kernel)(struct rows_pair *), uint64_t seed,
                                  struct arena *);

#endif
