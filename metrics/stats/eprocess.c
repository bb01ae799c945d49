/*
 * eprocess.c -- a gate that may be looked at after every unit.
 *
 * A bettor who stakes a share lambda of the capital on "better than the null" cannot expect to
 * win while the null holds: the capital is a supermartingale, and by Ville's inequality it ever
 * reaches 1/alpha with probability alpha at most, however often it is looked at.  Three stakes
 * around the one that would be best at the planned end are mixed (Waudby-Smith and Ramdas 2024;
 * Howard and others 2021 for the use of such a mixture).
 *
 * Of a finite suite that is read to the end the null says more: what has been seen fixes the
 * mean of the rest (Waudby-Smith and Ramdas 2020).
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

enum { BISECTIONS = 60 };

/* log E once the rest of a finite suite cannot rescue the null; e^700 is a finite double. */
#define LOG_CERTAIN 700.0
#define STAKE_MAX   0.9     /* of the stake at which one unit could take all */
#define LAMBDA_MAX  1e300   /* where no variation is planned: capped by STAKE_MAX anyway */

static const double share[EPROCESS_BETS] = { 0.25, 0.5, 0.25 };

/* The j-th stake against a mean that is `room` above the lowest value of D. */
static double
stake(double lambda, size_t j, double room)
{
	lambda *= j == 0 ? 0.5 : j == 1 ? 1 : 2;
	return lambda * room > STAKE_MAX ? STAKE_MAX / room : lambda;
}

/* log of the mixture of capitals; exact where one of them is far above the others. */
static double
log_mixture(const double *log_capital)
{
	double top = log_capital[0], sum = 0;

	for (size_t j = 1; j < EPROCESS_BETS; j++)
		top = fmax(top, log_capital[j]);
	for (size_t j = 0; j < EPROCESS_BETS; j++)
		sum += share[j] * exp(log_capital[j] - top);
	return top + log(sum);
}

void
eprocess_begin(struct eprocess *p, double margin, double alpha, long n_max, double var)
{
	*p = (struct eprocess){ .margin = margin };
	if (!(margin > -1 && margin < 1))
		bug("a margin of %g leaves nothing to bet on", margin);
	if (!(alpha > 0 && alpha < 1 && n_max > 0 && var >= 0))
		bug("no stake for alpha %g, %ld units of variance %g", alpha, n_max, var);
	p->lambda = fmin(sqrt(2 * log(1 / alpha) / ((double)n_max * var)), LAMBDA_MAX);
	for (size_t j = 0; j < EPROCESS_BETS; j++) {
		p->lambda_pass[j] = stake(p->lambda, j, 1 - margin);
		p->lambda_fail[j] = stake(p->lambda, j, 1);
	}
}

void
eprocess_of_suite(struct eprocess *p, long population)
{
	if (p->n > 0 || population < 1)
		bug("a suite of %ld units, announced after %ld", population, p->n);
	p->population = population;
}

/* The mean that the next unit has if that of all is `null`; as it is without a population. */
static double
mean_of_rest(const struct eprocess *p, long seen, double sum, double null)
{
	if (p->population == 0)
		return null;
	return ((double)p->population * null - sum) / (double)(p->population - seen);
}

/* Units of difference d, for the bets that D is above (`sign` 1) or below (-1) the null's mean. */
static void
bet(double *log_capital, double lambda, double d, double weight, double times, double mean,
    double sign)
{
	for (size_t j = 0; j < EPROCESS_BETS; j++)
		log_capital[j] += times *
		    log1p(stake(lambda, j, 1 + sign * mean) * sign * weight * (d - mean));
}

/* Whatever the rest of the suite brings, its sum is above (below) that of the null. */
static void
settle(struct eprocess *p, double *log_capital, double null, double sign)
{
	double rest = (double)(p->population - p->n), all = (double)p->population;

	if (sign * (p->sum - all * null) - rest > 1e-9)
		for (size_t j = 0; j < EPROCESS_BETS; j++)
			log_capital[j] = LOG_CERTAIN;
}

void
eprocess_add(struct eprocess *p, double d)
{
	eprocess_add_weighted(p, d, 1);
}

void
eprocess_add_weighted(struct eprocess *p, double d, double weight)
{
	if (!(fabs(d) <= 1 + 1e-9))
		bug("a difference of %g is outside [-1,1]", d);
	if (!(weight > 0 && weight <= 1 + 1e-9) || (p->population > 0 && weight != 1))
		bug("a unit of weight %g", weight);
	if (p->population > 0 && p->n >= p->population)
		bug("unit %ld of a suite of %ld", p->n + 1, p->population);
	bet(p->log_pass, p->lambda, d, weight, 1, mean_of_rest(p, p->n, p->sum, -p->margin), 1);
	bet(p->log_fail, p->lambda, d, weight, 1, mean_of_rest(p, p->n, p->sum, 0), -1);
	p->n++;
	p->sum += weight * d;
	p->weight += weight;
	if (p->population > 0) {
		settle(p, p->log_pass, -p->margin, 1);
		settle(p, p->log_fail, 0, -1);
	}
	p->max_pass = fmax(p->n == 1 ? -DBL_MAX : p->max_pass, eprocess_log_pass(p));
	p->max_fail = fmax(p->n == 1 ? -DBL_MAX : p->max_fail, eprocess_log_fail(p));
}

double
eprocess_log_pass(const struct eprocess *p)
{
	return log_mixture(p->log_pass);
}

double
eprocess_log_fail(const struct eprocess *p)
{
	return log_mixture(p->log_fail);
}

double
eprocess_p_pass(const struct eprocess *p)
{
	return exp(-fmax(p->max_pass, 0));
}

double
eprocess_p_fail(const struct eprocess *p)
{
	return exp(-fmax(p->max_fail, 0));
}

/* ---- the confidence sequence ---- */

/* Differences in the order they came, with their weights if they have any, or with `times`, each
 * of which came so often. */
struct record { const double *d, *times, *weight; size_t n; };

/* log(E+/2 + E-/2), the two-sided evidence against a mean of `null`. */
static double
log_against(const struct eprocess *p, const struct record *r, double null)
{
	double up[EPROCESS_BETS] = { 0 }, down[EPROCESS_BETS] = { 0 }, sum = 0, a, b;

	for (size_t i = 0; i < r->n; i++) {
		double mean = mean_of_rest(p, (long)i, sum, null);
		double times = r->times != NULL ? r->times[i] : 1;
		double weight = r->weight != NULL ? r->weight[i] : 1;

		bet(up, p->lambda, r->d[i], weight, times, mean, 1);
		bet(down, p->lambda, r->d[i], weight, times, mean, -1);
		sum += r->d[i];
	}
	a = log_mixture(up);
	b = log_mixture(down);
	return fmax(a, b) + log1p(exp(-fabs(a - b))) - log(2);
}

/* Between `in`, which the sequence contains, and the end of the range: where it stops. */
static double
boundary(const struct eprocess *p, const struct record *r, double in, double end, double alpha)
{
	double level = -log(alpha);

	if (log_against(p, r, end) < level)
		return end;
	for (int i = 0; i < BISECTIONS; i++) {
		double mid = 0.5 * (in + end);

		if (log_against(p, r, mid) < level)
			in = mid;
		else
			end = mid;
	}
	return end;
}

/* The mean itself is contained: a product of 1 + x is at most the exponential of the sum. */
static struct interval
sequence(const struct eprocess *p, const struct record *r, double sum, double n, double conf)
{
	struct interval range = { -1, 1 };
	double mean = fmax(-1, fmin(1, sum / n));

	if (p->population > 0) {
		double rest = (double)p->population - n, all = (double)p->population;

		range = (struct interval){ (sum - rest) / all, (sum + rest) / all };
		/* Only an order that is not random makes the mean of a suite so implausible. */
		if (log_against(p, r, mean) >= -log(1 - conf))
			return range;
	}
	return (struct interval){
		fmax(range.lo, boundary(p, r, mean, -1, 1 - conf)),
		fmin(range.hi, boundary(p, r, mean, 1, 1 - conf)),
	};
}

struct interval
eprocess_interval(const struct eprocess *p, const double *d, const double *weight, size_t n,
    double conf)
{
	struct record r = { d, NULL, weight, n };
	double sum = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		double w = weight != NULL ? weight[i] : 1;

		sum += w * d[i];
		all += w;
	}
	if (n == 0)
		return (struct interval){ -1, 1 };
	return sequence(p, &r, sum, all, conf);
}

struct interval
eprocess_interval_counts(const struct eprocess *p, long b, long c, long n, double conf)
{
	const double d[] = { -1, 0, 1 };
	const double times[] = { (double)b, (double)(n - b - c), (double)c };
	struct record r = { d, times, NULL, COUNT(d) };

	if (p->population > 0)
		bug("counts do not tell the order that a suite of %ld needs", p->population);
	if (n == 0)
		return (struct interval){ -1, 1 };
	return sequence(p, &r, (double)(c - b), (double)n, conf);
}
