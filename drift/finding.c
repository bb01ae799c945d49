/*
 * finding.c -- from an effect and its interval to a verdict.
 */
#include "drift/finding.h"

#include <math.h>

#define Z_SURE  1.959963984540054        /* of 97.5 % */
#define Z_POWER 0.8416212335729143       /* of 80 % */

double
both_sizes(long n, long m)
{
	return sqrt(1 / (double)n + 1 / (double)m);
}

struct interval
difference_interval(long x, long n, long y, long m, double conf)
{
	struct interval a = rate_wilson(x, n, conf), b = rate_wilson(y, m, conf);
	double p = (double)x / (double)n, q = (double)y / (double)m;

	return (struct interval){
		fmax(-1, q - p - hypot(q - b.lo, a.hi - p)),
		fmin(1, q - p + hypot(b.hi - q, p - a.lo)) };
}

double
auc_variance(double auc, double n, double m)
{
	double q1 = auc / (2 - auc), q2 = 2 * auc * auc / (1 + auc);

	return (auc * (1 - auc) + (m - 1) * (q1 - auc * auc) + (n - 1) * (q2 - auc * auc)) / (n * m);
}

struct finding
finding_unknown(long n, long m, double tolerance, double most, const char *why)
{
	return (struct finding){ .ci = { 0, most }, .p = 1, .tolerance = tolerance, .mde = most,
	    .n_reference = n, .n_current = m, .verdict = DRIFT_UNSURE, .why = why };
}

bool
finding_empty(long n, long m, double tolerance, double most, const char *what,
              struct finding *f, struct arena *a)
{
	if (n > 0 && m > 0)
		return false;
	*f = finding_unknown(n, m, tolerance, most, arena_fmt(a, "%s no %s",
	    n == 0 && m == 0 ? "neither window has" : n == 0 ? "the reference has" :
	    "the current window has", what));
	return true;
}

/* Current records at which `reach` shrinks to `gap`; 0: no number does. */
static double
records_for(double gap, double reach, long n, long m)
{
	double unit = reach / both_sizes(n, m), need;

	if (!(gap > 0) || !(reach > 0))
		return 0;
	need = gap / unit * (gap / unit) - 1 / (double)n;
	return need > 1e-9 ? ceil(1 / need) : 0;
}

void
finding_decide(struct finding *f, double reach, struct arena *a)
{
	const char *before = f->why ? f->why : "", *comma = f->why ? "; " : "";
	double most = f->tolerance / 2, need;

	if (!(f->tolerance >= 0))
		bug("a tolerance of %g", f->tolerance);
	f->known = true;
	f->fact = f->why;
	f->observed = fmax(f->observed, f->effect);
	f->p = p_clip(f->p);
	f->verdict = DRIFT_UNSURE;
	if (f->n_reference < VALUES_LEAST || f->n_current < VALUES_LEAST) {
		f->why = arena_fmt(a, "%s%sfewer than %d values are too few to judge by", before, comma,
		    VALUES_LEAST);
		f->n_needed = f->n_reference < VALUES_LEAST ? 0 : VALUES_LEAST;
		return;
	}
	if (f->ci.lo > f->tolerance || f->ci.hi < f->tolerance) {
		f->verdict = f->ci.lo > f->tolerance ? DRIFT_YES : DRIFT_NO;
		return;
	}
	need = records_for(most, reach, f->n_reference, f->n_current);
	/* There are as many as are needed in general, and yet it is not decided: it lies nearer. */
	if (need > 0 && need <= (double)f->n_current) {
		need = records_for(fabs(f->effect - f->tolerance), reach, f->n_reference, f->n_current);
		most = 0;
	}
	if (need > (double)f->n_current && need <= 1e9) {
		f->n_needed = (long)need;
		f->why = arena_fmt(a, "%s%sabout %ld current values would decide", before, comma,
		    f->n_needed);
	} else if (need == 0 && most > 0) {
		/* Both windows alike: 2 / n for 1 / n + 1 / m. */
		double unit = reach / both_sizes(f->n_reference, f->n_current);

		f->why = arena_fmt(a, "%s%sthe reference of %ld values is too small: about %.0f in both "
		    "windows would decide", before, comma, f->n_reference,
		    ceil(2 * (unit / most) * (unit / most)));
	} else {
		f->why = arena_fmt(a, "%s%sthe change is too near the tolerance to decide", before,
		    comma);
	}
}

struct finding
finding_norm(const struct tally *t, double at, const struct chance_of *c, double se, double most,
             double tolerance, struct arena *a)
{
	struct finding f = { .effect = fmax(0, at - c->mean), .observed = at, .p = c->p,
	    .draws = c->draws, .tolerance = tolerance,
	    .n_reference = t->n, .n_current = t->m };

	/* Many alike draws may have their mean above the quantile, and one window may be so small that
	 * the tables say nothing of its own spread. */
	f.ci.lo = fmax(0, at - fmax(fmax(c->q975, c->mean), Z_SURE * se));
	f.ci.hi = fmin(most, at + Z_SURE * se);
	f.mde = fmin(most, c->q95 + Z_POWER * se);
	/* For NO DRIFT chance adds what it does on average, and then has to leave room. */
	finding_decide(&f, fmax(c->q975, c->mean + Z_SURE * se) + Z_POWER * se, a);
	return f;
}

double
total_variation(const struct tally *t, struct arena *scratch)
{
	double *gap = arena_array(scratch, t->k + 1, sizeof *gap);

	for (size_t i = 0; i < t->k; i++)
		gap[i] = fabs((double)t->x[i] / (double)t->n - (double)t->y[i] / (double)t->m);
	return 0.5 * sum_of(gap, t->k);
}

struct finding
finding_variation(const struct tally *t, const struct chance_of *c, double tolerance,
                  struct arena *a)
{
	double at = total_variation(t, a), se = 0.5 * both_sizes(t->n, t->m);
	struct finding f = finding_norm(t, at, c, se, 1, tolerance, a);

	if (t->coarse)
		f.why = arena_fmt(a, "%s%smore than %d categories: the others count as one",
		    f.why ? f.why : "", f.why ? "; " : "", CATEGORIES);
	return f;
}

struct finding
finding_of_table(const struct feature_profile *r, const struct feature_profile *c,
    tally_statistic *statistic, bool likelihood, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct tally t = tally_categories(r, c, true, a);
	struct contingency table;
	struct chance_of chance;
	struct finding f;
	bool limit;

	if (finding_empty(t.n, t.m, tolerance, 1, "value", &f, a))
		return f;
	table = tally_table(&t, a);
	limit = !table.known || table.least_expected >= 5;
	chance = chance_deal(&t, total_variation, limit ? NULL : statistic,
	    limit ? DRAWS_FOR_NOISE : draws_for_p(t.k), seed, a);
	if (limit) {
		chance.p = likelihood ? table.p_g : table.p_chi2;
		chance.draws = 0;
	}
	return finding_variation(&t, &chance, tolerance, a);
}
