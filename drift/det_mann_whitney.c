/*
 * det_mann_whitney.c -- whether values are larger or smaller than they were.
 *
 * (1) Effect: |AUC - 0.5|, where AUC = P(current > reference) + P(equal) / 2.  Direction: the
 * side of AUC.
 * (2) p, two-sided: exact without ties while n m < 10,000; tables dealt anew where a window has
 * fewer than 50 values, or fewer than 50 differ from the commonest; else normal, corrected for
 * ties.
 * (3) Interval: DeLong's variance of AUC, and t with one degree of freedom less than the smaller
 * window; where samples do not overlap, Hanley and McNeil's variance at AUC half a pair
 * inside.
 * (4) Numbers are compared by bucket: integers to 1024 exactly, others to 1.6 %.
 */
#include "drift/finding.h"

#include <math.h>

enum { FEW = 50 };

/* |AUC - 0.5|, but for a factor that all tables share. */
static double
off_centre(const struct tally *t, struct arena *scratch)
{
	double above = 0, below = 0;

	(void)scratch;
	for (size_t i = 0; i < t->k; i++) {
		double x = (double)t->x[i], y = (double)t->y[i];

		above += y * (below + 0.5 * x);
		below += x;
	}
	return fabs(above - 0.5 * (double)t->n * (double)t->m);
}

/* Of AUC, from where each value lies in the other window (DeLong et al. 1988); n, m > 1. */
static double
delong(const struct tally *t, double auc)
{
	double n = (double)t->n, m = (double)t->m, x = 0, y = 0, sx = 0, sy = 0;

	for (size_t i = 0; i < t->k; i++) {
		double in_x = (double)t->x[i], in_y = (double)t->y[i];
		double above = 1 - (y + 0.5 * in_y) / m, below = (x + 0.5 * in_x) / n;

		sx += in_x * (above - auc) * (above - auc);
		sy += in_y * (below - auc) * (below - auc);
		x += in_x;
		y += in_y;
	}
	return sx / (n - 1) / n + sy / (m - 1) / m;
}

static double
p_of(const struct tally *t, const struct mann_whitney *mw, uint64_t seed, long *draws,
    struct arena *a)
{
	struct chance_of chance;
	long most = 0;

	if (mw->has_exact)
		return mw->p_exact;
	if (!mw->varies)
		return 1;
	for (size_t i = 0; i < t->k; i++)
		most = t->x[i] + t->y[i] > most ? t->x[i] + t->y[i] : most;
	if (t->n >= FEW && t->m >= FEW && t->n + t->m - most >= FEW)
		return mw->p;
	chance = chance_deal(t, off_centre, NULL, draws_for_p(t->k), seed, a);
	*draws = chance.draws;
	return chance.p;
}

static struct finding
test(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct tally t = tally_numbers(r, c, a);
	double n = (double)t.n, m = (double)t.m, half = 0.5, se = 0.5, null;
	double z = normal_quantile(0.975), power = normal_quantile(0.8);
	struct mann_whitney mw;
	struct finding f;
	struct pooled s;

	if (finding_empty(t.n, t.m, tolerance, 0.5, "number", &f, a))
		return f;
	s = tally_pooled(&t, a);
	mw = mann_whitney(&s, a);
	f = (struct finding){ .effect = fabs(mw.auc - 0.5),
	    .direction = (mw.auc > 0.5) - (mw.auc < 0.5), .tolerance = tolerance,
	    .n_reference = t.n, .n_current = t.m };
	f.p = p_of(&t, &mw, seed, &f.draws, a);
	if (t.n > 1 && t.m > 1) {
		double var = delong(&t, mw.auc);

		if (!(var > 0))
			var = auc_variance((fmax(mw.auc, 1 - mw.auc) * n * m + (mw.varies ? -0.5 : 0)) /
			    (n * m), n, m);
		se = sqrt(var);
		half = t_quantile(0.975, fmin(n, m) - 1) * se;
	}
	f.ci.lo = fmax(0, f.effect - half);
	f.ci.hi = fmin(0.5, f.effect + half);
	null = sqrt((n + m + 1) / (12 * n * m));
	f.mde = fmin(0.5, (z + power) * null);
	finding_decide(&f, half + power * se, a);
	return f;
}

const struct detector detector_mann_whitney = {
	.name = "mann_whitney", .help = "whether values are larger or smaller", .unit = "AUC - 0.5",
	.version = 1, .shapes = 1u << SHAPE_NUMBER, .tolerance = 0.05, .test = test,
};
