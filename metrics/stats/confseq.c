/*
 * confseq.c -- intervals for the mean of scores in [0,1] that hold after every unit.
 *
 * Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (2024):
 * predictable mixtures of Hoeffding's and of the empirical Bernstein bound, and the hedged
 * capital of two bettors.  The stake of unit t is set by the units before it, beginning with one
 * that was never seen, of mean 1/2 and variance 1/4.  The normal mixture is Robbins' (1970), for
 * a mean whose standard deviation is known or well estimated.
 */
#include "metrics/stats/stats.h"

#include <math.h>

enum { BISECTIONS = 60 };

static const struct interval unit_range = { 0, 1 };

static double
clip(double x)
{
	return fmax(0, fmin(1, x));
}

/* ---- stakes ---- */

/* What the units so far say, for the stake of the next. */
struct past { double n, sum, squares; };

/* To win `goal`, a log capital, by unit n_fixed; 0: sooner or later. */
static double
next_stake(const struct past *p, double goal, double n_fixed)
{
	double t = p->n + 1, var = (0.25 + p->squares) / t;
	double horizon = n_fixed > 0 ? n_fixed : t * log(1 + t);

	return sqrt(2 * goal / (horizon * var));
}

static void
past_add(struct past *p, double x)
{
	double mean;

	p->n++;
	p->sum += x;
	mean = (0.5 + p->sum) / (p->n + 1);
	p->squares += (x - mean) * (x - mean);
}

/* ---- closed forms ---- */

/* Sums over units of the stakes, of stake times score, and of what each unit may deviate. */
struct mixture { double stakes, scores, spread; };

static struct interval
mixture_interval(const struct mixture *m, double alpha)
{
	double centre = m->scores / m->stakes, half = (log(2 / alpha) + m->spread) / m->stakes;

	return (struct interval){ clip(centre - half), clip(centre + half) };
}

struct interval
confseq_bernstein(const double *x, size_t n, double conf)
{
	struct past past = { 0 };
	struct mixture m = { 0 };

	for (size_t i = 0; i < n; i++) {
		double lambda = fmin(0.5, next_stake(&past, log(2 / (1 - conf)), 0));
		double off = x[i] - (i > 0 ? past.sum / past.n : 0);

		m.stakes += lambda;
		m.scores += lambda * x[i];
		m.spread += off * off * (-log1p(-lambda) - lambda);
		past_add(&past, x[i]);
	}
	return n > 0 ? mixture_interval(&m, 1 - conf) : unit_range;
}

struct interval
confseq_hoeffding(const double *x, size_t n, double conf)
{
	struct mixture m = { 0 };

	for (size_t i = 0; i < n; i++) {
		double t = (double)i + 1;
		double lambda = fmin(1, sqrt(8 * log(2 / (1 - conf)) / (t * log(1 + t))));

		m.stakes += lambda;
		m.scores += lambda * x[i];
		m.spread += lambda * lambda / 8;
	}
	return n > 0 ? mixture_interval(&m, 1 - conf) : unit_range;
}

double
confseq_normal_rho(double n_opt, double conf)
{
	double twice = -2 * log(1 - conf);

	return sqrt((twice + log(twice + 1)) / n_opt);
}

double
confseq_normal_half(double sd, double n, double n_opt, double conf)
{
	double rho = confseq_normal_rho(n_opt, conf), v = n * rho * rho;

	return sd / n * sqrt(2 * (v + 1) / (rho * rho) * (0.5 * log1p(v) - log(1 - conf)));
}

/* ---- betting ---- */

/* log of the capital won on scores above (`sign` 1) or below (-1) a mean of m. */
static double
log_capital(const double *x, const double *stake, size_t n, double m, double sign)
{
	double room = sign > 0 ? m : 1 - m, sum = 0;

	for (size_t i = 0; i < n; i++) {
		double lambda = stake[i] * room > 0.5 ? 0.5 / room : stake[i];

		sum += log1p(sign * lambda * (x[i] - m));
	}
	return sum;
}

/* Where half the capital of one bettor reaches 1/alpha: it falls from `end` to `far`. */
static double
betting_bound(const double *x, const double *stake, size_t n, double alpha, double end)
{
	double sign = end > 0 ? -1 : 1, far = 1 - end, level = log(2 / alpha);

	if (log_capital(x, stake, n, end, sign) <= level)
		return end;
	if (log_capital(x, stake, n, far, sign) > level)
		return far;
	for (int i = 0; i < BISECTIONS; i++) {
		double mid = 0.5 * (end + far);

		if (log_capital(x, stake, n, mid, sign) > level)
			end = mid;
		else
			far = mid;
	}
	return end;
}

static struct interval
hedged(const double *x, size_t n, double conf, double goal, double n_fixed,
    struct arena *scratch)
{
	double *stake = arena_array(scratch, n, sizeof *stake);
	struct past past = { 0 };
	struct interval r;

	for (size_t i = 0; i < n; i++) {
		stake[i] = next_stake(&past, goal, n_fixed);
		past_add(&past, x[i]);
	}
	r.lo = betting_bound(x, stake, n, 1 - conf, 0);
	r.hi = betting_bound(x, stake, n, 1 - conf, 1);
	/* Every mean is refuted: the units are not in random order, nothing can be said. */
	return r.lo <= r.hi ? r : unit_range;
}

struct interval
confseq_betting(const double *x, size_t n, double conf, struct arena *scratch)
{
	/* The stakes of the authors' own program; any goal is valid. */
	return hedged(x, n, conf, -log(1 - conf), 0, scratch);
}

struct interval
mean_betting(const double *x, size_t n, double conf, struct arena *scratch)
{
	return hedged(x, n, conf, log(2 / (1 - conf)), (double)n, scratch);
}
