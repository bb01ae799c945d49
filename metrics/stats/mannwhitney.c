/*
 * mannwhitney.c -- the Mann-Whitney test, and the area under the ROC curve that goes with it.
 *
 * U counts pairs with x > y, equal ones half.  The normal approximation has the variance
 * corrected for ties; the exact distribution, without ties, is counted up by Mann and Whitney's
 * recurrence (1947): the largest of i + j values is one of x, and then exceeds j others, or is
 * one of y.
 */
#include "metrics/stats/stats.h"

#include <math.h>

/* P(U <= u) for n and m values; u < nm.  ways[j][v]: P(U = v) for i values of x and j of y. */
static double
lower_tail(long n, long m, long u, struct arena *scratch)
{
	double **ways = arena_array(scratch, (size_t)m + 1, sizeof *ways), tail = 0;

	for (long j = 0; j <= m; j++) {
		ways[j] = arena_array(scratch, (size_t)u + 1, sizeof **ways);
		ways[j][0] = 1;
	}
	for (long i = 1; i <= n; i++)
		for (long j = 1; j <= m; j++) {
			double x_last = (double)i / (double)(i + j), y_last = 1 - x_last;
			long most = i * j < u ? i * j : u;

			for (long v = most; v >= 0; v--)
				ways[j][v] = (v >= j ? x_last * ways[j][v - j] : 0) +
				    y_last * ways[j - 1][v];
		}
	for (long v = 0; v <= u; v++)
		tail += ways[m][v];
	return tail;
}

static double
exact(long n, long m, long u, struct arena *scratch)
{
	long low = u < n * m - u ? u : n * m - u;

	return p_clip(2 * (n < m ? lower_tail(m, n, low, scratch) : lower_tail(n, m, low, scratch)));
}

struct mann_whitney
mann_whitney(const struct pooled *s, struct arena *scratch)
{
	struct mann_whitney r = { .auc = 0.5, .p = 1, .p_continuity = 1, .p_exact = 1 };
	double n = (double)s->size[0], m = (double)s->size[1], all = n + m, tied = 0, var, gap;
	long twice = 0, below = 0;

	if (s->size[0] == 0 || s->size[1] == 0)
		return r;
	r.known = true;
	for (size_t l = 0; l < s->distinct; l++) {
		long x = s->count[2 * l], y = s->count[2 * l + 1];
		double t = (double)(x + y);

		twice += x * (2 * below + y);
		below += y;
		tied += (t - 1) * t * (t + 1);
	}
	r.u = 0.5 * (double)twice;
	r.auc = (n * m - r.u) / (n * m);
	var = n * m / 12 * (all + 1 - tied / (all * (all - 1)));
	r.varies = s->distinct > 1 && var > 0;
	if (!r.varies)
		return r;
	gap = r.u - 0.5 * n * m;
	r.z = gap / sqrt(var);
	r.p = p_clip(2 * normal_sf(fabs(r.z)));
	r.p_continuity = p_clip(2 * normal_sf(fmax(fabs(gap) - 0.5, 0) / sqrt(var)));
	if (!s->ties && n * m < MANN_WHITNEY_EXACT_MAX) {
		r.has_exact = true;
		r.p_exact = exact(s->size[0], s->size[1], twice / 2, scratch);
	}
	return r;
}
