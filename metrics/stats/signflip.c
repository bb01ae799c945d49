/*
 * signflip.c -- exact tests that differences lie symmetrically about 0.
 *
 * The sign-flip test enumerates all 2^n signs; sums that differ by rounding alone are ties and
 * count as extreme.  Wilcoxon's signed ranks come from their exact distribution; tied values
 * share a rank, and a half rank of W is rounded up, against significance.  Symmetry is what is
 * tested: shifting the data by a margin does not make it a test of non-inferiority.
 */
#include "metrics/stats/stats.h"

#include <math.h>

struct signflip
signflip_exact(const double *d, size_t n)
{
	struct signflip r = { 0, 0, 0 };
	double seen = sum_of(d, n), size = 0, slack, all = ldexp(1, (int)n);

	if (n > SIGNFLIP_MAX)
		bug("%zu differences have too many signs to enumerate", n);
	for (size_t i = 0; i < n; i++)
		size += fabs(d[i]);
	slack = 1e-12 * size;
	for (uint32_t signs = 0; signs < UINT32_C(1) << n; signs++) {
		double s = 0;

		for (size_t i = 0; i < n; i++)
			s += signs >> i & 1 ? -d[i] : d[i];
		r.greater += s >= seen - slack;
		r.less += s <= seen + slack;
		r.two += fabs(s) >= fabs(seen) - slack;
	}
	r.greater /= all;
	r.less /= all;
	r.two /= all;
	return r;
}

struct wilcoxon
wilcoxon_exact(const double *d, size_t n, struct arena *scratch)
{
	struct wilcoxon r = { .known = n > 0, .p_two = 1 };
	size_t most = n * (n + 1) / 2, plus = 0, twice;
	double *ways = arena_array(scratch, most + 1, sizeof *ways), tail = 0;

	/* `plus` adds up twice the rank: 1 + 2 (smaller) + (others as large). */
	for (size_t i = 0; i < n; i++) {
		size_t rank2 = 1;

		for (size_t j = 0; j < n; j++)
			rank2 += 2 * (size_t)(fabs(d[j]) < fabs(d[i])) +
			    (size_t)(fabs(d[j]) == fabs(d[i]));
		r.known = r.known && d[i] != 0;
		plus += d[i] > 0 ? rank2 : 0;
	}
	if (!r.known)
		return r;
	twice = plus < 2 * most - plus ? plus : 2 * most - plus;
	r.w = 0.5 * (double)twice;
	/* ways[s]: the probability that the ranks so far with a plus sum to s. */
	ways[0] = 1;
	for (size_t rank = 1; rank <= n; rank++)
		for (size_t s = most + 1; s-- > 0; )
			ways[s] = 0.5 * (ways[s] + (s >= rank ? ways[s - rank] : 0));
	for (size_t s = 0; s <= (twice + 1) / 2; s++)
		tail += ways[s];
	r.p_two = fmin(1, 2 * tail);
	return r;
}
