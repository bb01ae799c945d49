/*
 * repeats.c -- several runs of the same items: what varies, and how many runs pay.
 *
 * Runs of one item are not independent cases: they are averaged, and the item is the unit.
 * The variance of an item mean is between + within / K_i, so `between` is the variance of the
 * item means less `within` times the mean of 1/K_i, and not below 0.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

static const double MANY = 1e15;        /* more would not be counted one by one in a double */

struct repeats
repeats_of(const double *y, const long *item, size_t n, size_t nitem, struct arena *scratch)
{
	struct repeats r = { .known = n > 0, .runs = (long)n };
	double *mean = arena_array(scratch, nitem, sizeof *mean);
	double *runs = arena_array(scratch, nitem, sizeof *runs);
	double *present = arena_array(scratch, nitem, sizeof *present);
	double inner = 0, spare = 0, outer = 0, inverse = 0, items, repeated = 0, flaky = 0;

	if (!r.known)
		return r;
	for (size_t i = 0; i < n; i++)
		runs[item[i]] += 1;
	for (size_t i = 0; i < n; i++)
		mean[item[i]] += y[i] / runs[item[i]];
	for (size_t i = 0; i < n; i++) {
		double d = y[i] - mean[item[i]];

		inner += d * d;
	}
	for (size_t i = 0; i < nitem; i++) {
		double s = mean[i], k = runs[i];

		if (!(k > 0))
			continue;
		present[r.items++] = s;
		inverse += 1 / k;
		spare += k - 1;
		if (!(k > 1))
			continue;
		repeated++;
		flaky += s > 1e-12 && s < 1 - 1e-12;
		r.psi0 += fmax(0, 2 * s * (1 - s) * k / (k - 1));
	}
	items = (double)r.items;
	r.mean = sum_of(present, (size_t)r.items) / items;
	r.has_within = spare > 0;
	r.within = r.has_within ? inner / spare : 0;
	r.flake = r.has_within ? flaky / repeated : 0;
	r.psi0 = r.has_within ? r.psi0 / repeated : 0;
	r.has_se = r.items > 1;
	if (!r.has_se)
		return r;
	for (long i = 0; i < r.items; i++)
		outer += (present[i] - r.mean) * (present[i] - r.mean);
	outer /= items - 1;
	r.se = sqrt(outer / items);
	r.between = fmax(0, outer - r.within * inverse / items);
	r.has_icc = r.has_within && r.between + r.within > 0;
	r.icc = r.has_icc ? r.between / (r.between + r.within) : 0;
	return r;
}

double
best_repeats(double within, double between, double cost_item, double cost_run)
{
	double k;

	if (!(within > 0))
		return 1;
	if (!(between > 0) || !(cost_run > 0))
		return DBL_MAX;
	k = sqrt(cost_item / cost_run * within / between);
	return fmin(DBL_MAX, fmax(1, k));
}

/* How many items with `runs` runs each the budget pays. */
static double
affordable(double runs, double cost_item, double cost_run, double budget)
{
	return floor(budget / (cost_item + runs * cost_run) * (1 + 1e-12));
}

struct repeat_plan
plan_repeats(double within, double between, double cost_item, double cost_run, double budget)
{
	double most, k = best_repeats(within, between, cost_item, cost_run), best = 0;
	struct repeat_plan plan = { 0 };

	/* Two items at least, else there is no standard error. */
	if (!(cost_run > 0) || affordable(1, cost_item, cost_run, budget) < 2)
		return plan;
	most = fmin(MANY, floor((budget / 2 - cost_item) / cost_run * (1 + 1e-12)));
	k = fmax(1, fmin(floor(k), most));
	for (double runs = k; runs <= fmin(k + 1, most); runs++) {
		double items = affordable(runs, cost_item, cost_run, budget);
		double var = (between + within / runs) / items;

		if (plan.items > 0 && var >= best)
			continue;
		best = var;
		plan = (struct repeat_plan){ (long)fmin(items, MANY), (long)runs, sqrt(var) };
	}
	return plan;
}
