/*
 * rules.c -- from an interval, a comparison or a count to a verdict: the rules of gates.
 *
 * PASS and FAIL are claims with an error probability of their own; what shows neither is
 * INCONCLUSIVE.  PASS takes its p-value as it is, since a release claims that every gate holds
 * (an intersection-union test: Berger 1982); FAIL takes one that the caller adjusted for the
 * number of gates.  Nothing here reads a store: the simulations call these functions as the
 * gates do.
 */
#include "metrics/stats/stats.h"

#include <math.h>

struct ruling
rule_bound(bool least, double value, bool bounded, struct interval ci, double alpha,
    double p_wrong)
{
	if (!bounded)
		return (struct ruling){ INCONCLUSIVE, "no_interval" };
	if (least ? ci.lo >= value : ci.hi <= value)
		return (struct ruling){ PASS, "bound_met" };
	if (least ? ci.hi >= value : ci.lo <= value)
		return (struct ruling){ INCONCLUSIVE, "interval_covers_bound" };
	if (p_wrong >= alpha)
		return (struct ruling){ INCONCLUSIVE, "multiplicity" };
	return (struct ruling){ FAIL, "bound_missed" };
}

/* P-value and interval of a rate by Clopper and Pearson, x of n; neither need be whole. */
static void
exactly(struct bound *b, double x, double n, bool least, double value, double alpha)
{
	b->e.lo = x > 0 ? beta_quantile(alpha, x, n - x + 1) : 0;
	b->e.hi = x < n ? beta_quantile(1 - alpha, x + 1, n - x) : 1;
	if (!(value > 0 && value < 1))
		return;
	if (least)
		b->p_wrong = p_clip(x < n ? beta_sf(value, x + 1, n - x) : 1);
	else
		b->p_wrong = p_clip(x > 0 ? beta_cdf(value, x, n - x + 1) : 1);
}

struct bound
mean_against(const struct sample *s, bool least, double value, double alpha, struct arena *scratch)
{
	struct bound b = { .e = sample_estimate(s, 1 - 2 * alpha, scratch), .p_wrong = 1 };
	struct sample of = *s;
	struct mean m;

	if (strcmp(b.e.method, "wilson") == 0) {
		b.e.method = "clopper-pearson";
		exactly(&b, b.e.at * (double)s->n, (double)s->n, least, value, alpha);
		return b;
	}
	of.tested = TESTED_RATE;
	m = sample_mean(&of, scratch);
	if (m.has_se && m.lo_value == 0 && m.hi_value == 1 && m.at > 0 && m.at < 1) {
		double t = t_quantile(alpha, (double)m.n - 1) / t_quantile(alpha, m.df);
		double n = m.at * (1 - m.at) / (m.se * m.se) * t * t;

		b.e.method = "korn-graubard";
		exactly(&b, m.at * n, n, least, value, alpha);
	} else if (m.known) {
		b.p_wrong = least ? mean_p_below(&m, value) : mean_p_above(&m, value);
	}
	return b;
}

struct ruling
rule_no_worse(const struct paired *d, double margin, double alpha, double p_regression)
{
	if (!d->known || !d->bounded)
		return (struct ruling){ INCONCLUSIVE, "no_interval" };
	if (d->p_noninferiority < alpha)
		return (struct ruling){ PASS, d->ci.hi < 0 ? "non_inferior_with_loss" : "non_inferior" };
	if (p_regression < alpha && d->at <= -margin)   /* worse, and by enough to matter */
		return (struct ruling){ FAIL, "regression" };
	return (struct ruling){ INCONCLUSIVE,
	    d->p_regression < alpha ? "loss_within_margin" : "too_few_cases" };
}

struct ruling
rule_better(const struct paired *d, double alpha, double p_regression)
{
	if (!d->known || !d->bounded)
		return (struct ruling){ INCONCLUSIVE, "no_interval" };
	if (d->p_superiority < alpha)
		return (struct ruling){ PASS, "superior" };
	if (p_regression < alpha)
		return (struct ruling){ FAIL, "worse" };
	return (struct ruling){ INCONCLUSIVE, "no_demonstrated_gain" };
}

struct ruling
rule_equivalent(const struct paired *d, double margin, double alpha, double p_differs)
{
	if (!d->known || !d->bounded)
		return (struct ruling){ INCONCLUSIVE, "no_interval" };
	if (fmax(d->p_noninferiority, d->p_nonsuperiority) < alpha)
		return (struct ruling){ PASS, "equivalent" };
	if (p_differs < alpha && fabs(d->at) >= margin)
		return (struct ruling){ FAIL, "different" };
	return (struct ruling){ INCONCLUSIVE, "equivalence_open" };
}

struct ruling
rule_guardrail(long failures, long n, double value, double alpha)
{
	struct interval ci = rate_clopper_pearson(failures, n, 1 - 2 * alpha);

	if (n > 0 && ci.hi <= value)
		return (struct ruling){ PASS, "guardrail_holds" };
	if (n > 0 && ci.lo > value)
		return (struct ruling){ FAIL, "guardrail_violated" };
	return (struct ruling){ INCONCLUSIVE, "guardrail_open" };
}

long
size_guardrail(long failures, double value, double alpha)
{
	long lo = failures, hi = failures + 1;

	while (rate_clopper_pearson(failures, hi, 1 - 2 * alpha).hi > value) {
		if (hi > 100000000)
			return 0;
		lo = hi;
		hi *= 2;
	}
	while (hi - lo > 1) {
		long mid = lo + (hi - lo) / 2;

		if (rate_clopper_pearson(failures, mid, 1 - 2 * alpha).hi > value)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}
