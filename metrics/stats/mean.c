/*
 * mean.c -- the mean of independent units, and what is known about it.
 *
 * Chooses the standard error by the design of the sample (cluster.c, strata.c) and keeps the
 * promise that no design ever gives an interval of zero width: a sample without variation
 * gets the exact binomial bound on its number of independent units.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

double
sum_of(const double *x, size_t n)
{
	double s = 0, lost = 0;

	for (size_t i = 0; i < n; i++) {
		double t = s + x[i];

		lost += fabs(s) >= fabs(x[i]) ? (s - t) + x[i] : (x[i] - t) + s;
		s = t;
	}
	return s + lost;
}

bool
all_same(const double *x, size_t n)
{
	double lo = n ? x[0] : 0, hi = lo;

	for (size_t i = 1; i < n; i++) {
		lo = fmin(lo, x[i]);
		hi = fmax(hi, x[i]);
	}
	return hi - lo <= 1e-12 * fmax(1, fmax(fabs(lo), fabs(hi)));
}

/* The range that the values declare themselves to have: rates, differences of rates, or none. */
static void
set_range(struct mean *m, const struct sample *s)
{
	const double *y = s->y;
	double lo = 0, hi = 0;

	for (size_t i = 0; i < s->n; i++) {
		lo = fmin(lo, y[i]);
		hi = fmax(hi, y[i]);
	}
	if (!s->unbounded && lo >= -1 && hi <= 1) {
		m->lo_value = lo < 0 ? -1 : 0;
		m->hi_value = 1;
	}
}

static void
mean_plain(const struct sample *s, struct mean *m, struct arena *scratch)
{
	double *square = arena_array(scratch, s->n, sizeof *square), n = (double)s->n;

	m->method = "t";
	m->nclusters = m->n;
	m->n_eff = n;
	m->at = sum_of(s->y, s->n) / n;
	if (s->n < 2)
		return;
	for (size_t i = 0; i < s->n; i++)
		square[i] = (s->y[i] - m->at) * (s->y[i] - m->at);
	m->se = sqrt(sum_of(square, s->n) / (n - 1) / n);
	m->df = n - 1;
	m->has_se = true;
}

static void
mean_clustered(const struct sample *s, struct mean *m, struct arena *scratch)
{
	struct clustered c = clustered_mean(s->y, s->cluster, s->n, s->ncluster, scratch);

	m->method = "clustered t (CR2)";
	m->nclusters = c.nclusters;
	m->n_eff = (double)s->n;
	m->at = c.mean;
	/* One unit more, as strata.c has it. */
	m->se = s->tested == TESTED_RATE && c.has_se ?
	    c.cr2 * sqrt(1 + 1 / (double)c.nclusters) : c.cr2;
	m->df = c.df;
	m->has_se = c.has_se;
}

/* A mean lies among its values, also where rounding of the weights says 1 + 2e-16: the exact
 * bound would else not contain it. */
static double
among(double at, const double *y, size_t n)
{
	double lo = y[0], hi = y[0];

	for (size_t i = 1; i < n; i++) {
		lo = fmin(lo, y[i]);
		hi = fmax(hi, y[i]);
	}
	return fmin(hi, fmax(lo, at));
}

struct mean
sample_mean(const struct sample *s, struct arena *scratch)
{
	struct mean m = { .known = s->n > 0, .n = (long)s->n, .method = "t" };
	bool shares = s->share != NULL && s->stratum != NULL;

	if (!m.known)
		return m;
	set_range(&m, s);
	if (s->weight != NULL || (shares && s->cluster != NULL))
		mean_by_linearisation(s, &m, scratch);
	else if (shares)
		mean_by_strata(s, &m, scratch);
	else if (s->cluster != NULL)
		mean_clustered(s, &m, scratch);
	else
		mean_plain(s, &m, scratch);
	if (!m.known)
		return m;
	m.at = among(m.at, s->y, s->n);
	if (!m.has_se)
		return m;
	/* Rounding leaves a residue where clusters or strata cancel exactly. */
	m.degenerate = all_same(s->y, s->n) || m.se <= 1e-14 * fmax(1, fabs(m.at));
	if (m.degenerate) {
		m.has_se = false;
		m.se = m.df = 0;
	}
	return m;
}

bool
mean_bounded(const struct mean *m)
{
	return m->known && (m->has_se || m->lo_value < m->hi_value);
}

/*
 * Without variation: none of C units was other than `at`.  With 1 - tail confidence fewer
 * than u = 1 - tail^(1/C) of all are (Clopper and Pearson at 0 of C), and those lie at worst
 * at the end of the range.
 */
struct interval
mean_interval(const struct mean *m, double conf)
{
	double tail = 0.5 * (1 - conf), half, u;

	if (!mean_bounded(m))
		return (struct interval){ -DBL_MAX, DBL_MAX };
	if (m->has_se) {
		half = -t_quantile(tail, m->df) * m->se;
		return (struct interval){ m->at - half, m->at + half };
	}
	if (!m->degenerate)
		return (struct interval){ m->lo_value, m->hi_value };
	u = -expm1(log(tail) / fmin(m->n_eff, (double)m->nclusters));
	return (struct interval){ m->at - u * (m->at - m->lo_value),
	    m->at + u * (m->hi_value - m->at) };
}

/* Without variation: the level at which the exact bound of mean_interval just reaches the value,
 * `gap` away from the mean with `room` to the end of the range. */
static double
p_degenerate(const struct mean *m, double gap, double room)
{
	double units = fmin(m->n_eff, (double)m->nclusters);

	if (gap <= 0)
		return 1;
	if (gap >= room)
		return DBL_MIN;
	return p_clip(exp(units * log1p(-gap / room)));
}

double
mean_p_above(const struct mean *m, double value)
{
	if (m->has_se)
		return p_clip(t_sf((m->at - value) / m->se, m->df));
	if (!m->degenerate || !mean_bounded(m))
		return 1;
	return p_degenerate(m, m->at - value, m->at - m->lo_value);
}

double
mean_p_below(const struct mean *m, double value)
{
	if (m->has_se)
		return p_clip(t_cdf((m->at - value) / m->se, m->df));
	if (!m->degenerate || !mean_bounded(m))
		return 1;
	return p_degenerate(m, value - m->at, m->hi_value - m->at);
}

static bool
is_rate(const struct sample *s)
{
	if (!s->binary || s->weight != NULL || s->cluster != NULL ||
	    (s->share != NULL && s->stratum != NULL))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->y[i] != 0 && s->y[i] != 1)
			return false;
	return true;
}

struct estimate
sample_estimate(const struct sample *s, double conf, struct arena *scratch)
{
	struct mean m = sample_mean(s, scratch);
	struct estimate e = { .at = m.at, .known = m.known, .n = m.nclusters, .method = m.method };
	struct interval ci;

	if (is_rate(s)) {
		ci = rate_wilson(lround(sum_of(s->y, s->n)), (long)s->n, conf);
		e.method = "wilson";
		e.bounded = true;
	} else {
		ci = mean_interval(&m, conf);
		e.method = m.degenerate ? "exact bound" : m.method;
		e.bounded = mean_bounded(&m);
	}
	e.lo = e.bounded ? ci.lo : 0;
	e.hi = e.bounded ? ci.hi : 0;
	return e;
}
