/*
 * published.c -- error rates that an independent program, in another language and with another
 * generator, found for pairs of independent cases: rate 0.8, phi 0.5, margin 2 points, alpha 5 %.
 *
 * Printed with two digits, so a number is known to half of its last digit.  Tests on all cases
 * were tried 100,000 times, sequential ones 20,000 times.
 */
#include "tests/simulate/simulate.h"

#include <math.h>

#define ROW(method, n, times, fail0, unsure0, fail1, unsure1, pass2, fail2, pass5, fail5, used0, used5) \
	{ method, n, 0, -1, fail0, unsure0, used0, times }, \
	{ method, n, 1, -1, fail1, unsure1, -1, times }, \
	{ method, n, 2, pass2, fail2, -1, -1, times }, \
	{ method, n, 5, pass5, fail5, -1, used5, times }

static const struct published published[] = {
	ROW(ANY_DROP, 200, 1e5, 46, 0, 60, 0, 27, 73, 5.2, 95, -1, -1),
	ROW(DISJOINT, 200, 1e5, 0.0, 0, 0.0, 0, 100, 0.1, 99, 1.3, -1, -1),
	ROW(SIGNIFICANT, 200, 1e5, 5.0, 0, 9.7, 0, 83, 17, 48, 52, -1, -1),
	ROW(FIXED, 200, 1e5, 5.0, 78, 9.7, 81, 4.9, 17, 0.4, 52, -1, -1),
	ROW(SEQUENTIAL, 200, 2e4, 3.7, 82, 7.5, 85, 3.9, 14, 0.3, 47, 199, 194),
	ROW(ANY_DROP, 500, 1e5, 48, 0, 69, 0, 15, 85, 0.4, 100, -1, -1),
	ROW(DISJOINT, 500, 1e5, 0.0, 0, 0.0, 0, 100, 0.2, 89, 11, -1, -1),
	ROW(SIGNIFICANT, 500, 1e5, 5.0, 0, 13, 0, 71, 29, 15, 85, -1, -1),
	ROW(FIXED, 500, 1e5, 5.0, 65, 13, 73, 4.9, 29, 0.1, 85, -1, -1),
	ROW(SEQUENTIAL, 500, 2e4, 4.0, 70, 11, 77, 4.2, 26, 0.0, 82, 492, 431),
	ROW(ANY_DROP, 1000, 1e5, 49, 0, 77, 0, 6.5, 93, 0.0, 100, -1, -1),
	ROW(DISJOINT, 1000, 1e5, 0.0, 0, 0.1, 0, 99, 0.9, 55, 45, -1, -1),
	ROW(SIGNIFICANT, 1000, 1e5, 4.9, 0, 20, 0, 54, 46, 1.6, 98, -1, -1),
	ROW(FIXED, 1000, 1e5, 4.9, 48, 19, 61, 5.1, 46, 0.0, 98, -1, -1),
	ROW(SEQUENTIAL, 1000, 2e4, 4.3, 53, 17, 67, 4.4, 42, 0, 98, 968, 664),
	{ FIXED, 2500, 0, 80, 0.6, 19, -1, 1e5 },
	{ FIXED, 2500, 2, 5.0, 51, 44, -1, 1e5 },
	{ FIXED, 2500, 5, 0, 100, 0, -1, 1e5 },
	{ SEQUENTIAL, 2500, 0, 77, 0.8, 22, 2219, 2e4 },
	{ SEQUENTIAL, 2500, 2, 3.9, 52, 44, -1, 2e4 },
	{ SEQUENTIAL, 2500, 5, 0, 100, 0, 843, 2e4 },
	ROW(ANY_DROP, 5000, 1e5, 49, 0, 96, 0, 0.0, 100, 0, 100, -1, -1),
	ROW(DISJOINT, 5000, 1e5, 0.0, 0, 1.5, 0, 67, 33, 0, 100, -1, -1),
	ROW(SIGNIFICANT, 5000, 1e5, 5.0, 0, 54, 0, 3.4, 97, 0, 100, -1, -1),
	ROW(FIXED, 5000, 1e5, 0.0, 3.0, 4.2, 42, 5.1, 51, 0, 100, -1, -1),
	ROW(SEQUENTIAL, 5000, 2e4, 0.3, 3.6, 10, 40, 4.1, 64, 0, 100, 3593, 1012),
};

const struct published *
published_find(enum method method, size_t n, double drop)
{
	for (size_t i = 0; i < COUNT(published); i++)
		if (published[i].method == method && published[i].n == (long)n &&
		    fabs(published[i].drop - 100 * drop) < 1e-9)
			return &published[i];
	return NULL;
}
