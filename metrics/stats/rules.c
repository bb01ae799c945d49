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
