/*
 * ks.c -- the two-sample Kolmogorov-Smirnov test.
 *
 * The exact p-value counts lattice paths from (0,0) to (n,m) that come as far from the diagonal
 * as the samples did.  With ties only the ends of runs of equal values are looked at (Schroeer
 * and Trenkler 1995), which gives the distribution conditional on the ties.  Paths that do
 * touch are counted, not those that do not, so that a small p keeps its digits.
 */
#include "metrics/stats/stats.h"

#include <math.h>

/*
 * The share of all orders of n and m values with a distance of at least `far` / nm.  stop[t]:
 * the distance counts after t values.  hit[j] is, at step i, the probability that a path on
 * its way to (i,j) has touched, given that it comes there.
 */
static double
touching(long n, long m, long far, const bool *stop, struct arena *scratch)
{
	double *hit = arena_array(scratch, (size_t)m + 1, sizeof *hit);

	for (long i = 0; i <= n; i++)
		for (long j = 0; j <= m; j++) {
			double from_x = i > 0 ? (double)i * hit[j] : 0;
			double from_y = j > 0 ? (double)j * hit[j - 1] : 0;

			if (i + j > 0)
				hit[j] = (from_x + from_y) / (double)(i + j);
			if (stop[i + j] && labs(i * m - j * n) >= far)
				hit[j] = 1;
		}
	return hit[m];
}

static void
exact(const struct pooled *s, long far, struct ks *r, struct arena *scratch)
{
	bool *stop = arena_array(scratch, s->n + 1, sizeof *stop);
	size_t seen = 0;

	for (size_t l = 0; l < s->distinct; l++) {
		seen += (size_t)(s->count[2 * l] + s->count[2 * l + 1]);
		stop[seen] = true;
	}
	r->p_exact = p_clip(touching(s->size[0], s->size[1], far, stop, scratch));
	r->p_untied = r->p_exact;
	if (s->ties) {
		for (size_t t = 0; t <= s->n; t++)
			stop[t] = true;
		r->p_untied = p_clip(touching(s->size[0], s->size[1], far, stop, scratch));
	}
	r->has_exact = true;
}

struct ks
ks_test(const struct pooled *s, struct arena *scratch)
{
	struct ks r = { .p = 1, .p_limit = 1, .p_exact = 1, .p_untied = 1 };
	long n = s->size[0], m = s->size[1], x = 0, y = 0, far = 0;
	double en;

	if (n == 0 || m == 0)
		return r;
	r.known = true;
	for (size_t l = 0; l < s->distinct; l++) {
		x += s->count[2 * l];
		y += s->count[2 * l + 1];
		if (labs(x * m - y * n) > far)
			far = labs(x * m - y * n);
	}
	r.d = (double)far / ((double)n * (double)m);
	en = (double)n / (double)(n + m) * (double)m;
	r.p_limit = p_clip(kolmogorov_sf(sqrt(en) * r.d));
	if ((double)n * (double)m < KS_EXACT_MAX)
		exact(s, far, &r, scratch);
	r.p = r.has_exact ? r.p_exact : r.p_limit;
	return r;
}
