/*
 * cluster.c -- the mean over units that come in clusters.
 *
 * With u_g the sum of residuals of cluster g, n_g its size and n the number of units:
 *   CR0 = sqrt(sum u_g^2) / n (Miller 2024, appendix A), CR1 = CR0 sqrt(C / (C - 1)),
 *   CR2 = sqrt(sum u_g^2 / (1 - n_g/n)) / n (Bell and McCaffrey 2002; for a mean it is closed).
 * Satterthwaite's degrees of freedom (tr G)^2 / tr(G^2) have G_gg = n_g and, for g != h,
 * G_gh^2 = a_g a_h with a_g = n_g^2 / (n (1 - n_g/n)), so that they take O(C).
 */
#include "metrics/stats/stats.h"

#include <math.h>

/* One-way analysis of variance with unequal cluster sizes. */
static void
intraclass(struct clustered *c, double between, double total, double sum_squares)
{
	double n = (double)c->n, k = (double)c->nclusters;
	double msb = between / (k - 1), msw = fmax(total - between, 0) / (n - k);
	double n0 = (n - sum_squares / n) / (k - 1), down = msb + (n0 - 1) * msw;

	c->has_icc = down > 1e-14 * total;
	c->icc = c->has_icc ? (msb - msw) / down : 0;
}

struct clustered
clustered_mean(const double *y, const long *cluster, size_t n, size_t ncluster,
    struct arena *scratch)
{
	struct clustered c = { .n = (long)n };
	double *size = arena_array(scratch, ncluster, sizeof *size);
	double *u = arena_array(scratch, ncluster, sizeof *u);
	double nn = (double)n, total = 0, u2 = 0, u2cr2 = 0, u2mean = 0, n2 = 0, a1 = 0, a2 = 0;

	if (n == 0)
		return c;
	c.mean = sum_of(y, n) / nn;
	for (size_t i = 0; i < n; i++) {
		double r = y[i] - c.mean;

		size[cluster[i]] += 1;
		u[cluster[i]] += r;
		total += r * r;
	}
	for (size_t g = 0; g < ncluster; g++)
		c.nclusters += size[g] > 0;
	if (c.nclusters < 2)
		return c;
	for (size_t g = 0; g < ncluster; g++) {
		double a = size[g] * size[g] / (nn - size[g]);

		if (!(size[g] > 0))
			continue;
		u2 += u[g] * u[g];
		u2cr2 += u[g] * u[g] / (1 - size[g] / nn);
		u2mean += u[g] * u[g] / size[g];
		n2 += size[g] * size[g];
		a1 += a;
		a2 += a * a;
	}
	c.has_se = true;
	c.se_iid = sqrt(total / (nn - 1) / nn);
	c.cr0 = sqrt(u2) / nn;
	c.cr1 = c.cr0 * sqrt((double)c.nclusters / (double)(c.nclusters - 1));
	c.cr2 = sqrt(u2cr2) / nn;
	c.df = nn * nn / (n2 + a1 * a1 - a2);
	c.deff = c.se_iid > 0 ? c.cr1 * c.cr1 / (c.se_iid * c.se_iid) : 1;
	if (c.nclusters < c.n)
		intraclass(&c, u2mean, total, n2);
	return c;
}
