/*
 * calibrator.c -- from the confidence that a model states to the probability that it is right.
 *
 * Confidences with a known outcome go into bins, each with the rate of the right ones in it;
 * between the bins' mean confidences the map is linear, beyond them constant.  Its mean over a
 * window is then linear in the rates, sum U_b g_b with U_b the mean weight of node b, with the
 * variance sum U_b^2 g_b (1 - g_b) / n_b; it assumes no order of the rates, and has no bias from
 * one.  For the probability of a single record the rates are made monotone (isotonic.c).
 */
#include "metrics/stats/stats.h"

#include <math.h>

/*
 * A bin has a quarter of the outcomes that lie on the nearer side of it, so that the ends, where a
 * shifted window may have most of its records, are mapped as finely as they can be; but at least 5,
 * and in the middle a fiftieth of all.
 */
enum { BIN_LEAST = 5, BIN_SIDE = 4, BINS_MIDDLE = 50, BINS_MOST = 400 };

/* A confidence lies between two nodes, `part` of the way from one to the next. */
struct place { size_t node; double part; };

static struct place
place_of(const struct calibrator *c, double confidence)
{
	size_t lo = 0, hi = c->nnode - 1;

	if (confidence <= c->at[0])
		return (struct place){ 0, 0 };
	if (confidence >= c->at[hi])
		return (struct place){ hi, 0 };
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (confidence >= c->at[mid])
			lo = mid;
		else
			hi = mid;
	}
	return (struct place){ lo, (confidence - c->at[lo]) / (c->at[hi] - c->at[lo]) };
}

double
calibrator_at(const struct calibrator *c, double confidence)
{
	struct place p = place_of(c, confidence);
	const double *g = c->curve + p.node;

	return p.part > 0 ? g[0] + p.part * (g[1] - g[0]) : g[0];
}

void
calibrator_weigh(const struct calibrator *c, double confidence, double weight, double *node)
{
	struct place p = place_of(c, confidence);

	node[p.node] += weight * (1 - p.part);
	if (p.part > 0)
		node[p.node + 1] += weight * p.part;
}

struct calibrated
calibrator_mean(const struct calibrator *c, const double *at, const long *count, size_t k,
    struct arena *a)
{
	struct calibrated m = { .node = arena_array(a, c->nnode, sizeof *m.node) };
	double curve = 0, square = 0;

	for (size_t i = 0; i < k; i++)
		m.n += count[i];
	for (size_t i = 0; i < k; i++) {
		double share = count[i] > 0 ? (double)count[i] / (double)m.n : 0;

		if (count[i] == 0)
			continue;
		curve += share * calibrator_at(c, at[i]);
		calibrator_weigh(c, at[i], share, m.node);
		if (at[i] < c->at[0] || at[i] > c->at[c->nnode - 1])
			m.outside += share;
	}
	for (size_t i = 0; i < k; i++) {
		double d = count[i] > 0 ? calibrator_at(c, at[i]) - curve : 0;

		square += (double)count[i] * d * d;
	}
	for (size_t b = 0; b < c->nnode; b++)
		m.mean += m.node[b] * c->rate[b];
	m.variance = m.n > 1 ? square / (double)(m.n - 1) : 0;
	return m;
}

static long
bin_size(long n, long left)
{
	long side = (n - left < left ? n - left : left) / BIN_SIDE, middle = n / BINS_MIDDLE;
	long need = side < middle ? side : middle;

	return need > BIN_LEAST ? need : BIN_LEAST;
}

/* Cells stay whole; what is left for the last bin goes to the one before if it is too little. */
static void
fill_bins(struct calibrator *c, const struct forecasts *f, double *n, double *right)
{
	long left = c->n, need = BIN_LEAST;
	size_t b = 0;

	for (size_t i = 0; i < f->k; i++) {
		if (f->known[i] == 0)
			continue;
		if (n[b] >= (double)need && left >= BIN_LEAST && b + 1 < BINS_MOST) {
			b++;
			need = bin_size(c->n, left);
		}
		c->at[b] += (double)f->known[i] * f->at[i];
		n[b] += (double)f->known[i];
		right[b] += (double)f->right[i];
		left -= f->known[i];
	}
	c->nnode = b + 1;
}

/* Of confidence and rate, over the bins. */
static double
covariance(const struct calibrator *c)
{
	double at = 0, both = 0;

	for (size_t b = 0; b < c->nnode; b++)
		at += c->share[b] * c->at[b];
	for (size_t b = 0; b < c->nnode; b++)
		both += c->share[b] * (c->at[b] - at) * c->rate[b];
	return both;
}

static void
fit_curve(struct calibrator *c, const double *n, struct arena *a)
{
	double sign = c->falls ? -1 : 1, *rate = arena_array(a, c->nnode, sizeof *rate);

	for (size_t b = 0; b < c->nnode; b++)
		rate[b] = sign * c->rate[b];
	isotonic(rate, n, c->nnode, c->curve, a);
	for (size_t b = 0; b < c->nnode; b++)
		c->curve[b] *= sign;
}

struct calibrator
calibrator_fit(const struct forecasts *f, struct arena *a)
{
	struct calibrator c = { 0 };
	double *n, *right;

	for (size_t i = 0; i < f->k; i++) {
		c.n += f->known[i];
		c.right += f->right[i];
	}
	if (!(c.known = c.n > 0))
		return c;
	c.at = arena_array(a, BINS_MOST, sizeof *c.at);
	n = arena_array(a, BINS_MOST, sizeof *n);
	right = arena_array(a, BINS_MOST, sizeof *right);
	fill_bins(&c, f, n, right);
	c.rate = arena_array(a, c.nnode, sizeof *c.rate);
	c.curve = arena_array(a, c.nnode, sizeof *c.curve);
	c.var = arena_array(a, c.nnode, sizeof *c.var);
	c.share = arena_array(a, c.nnode, sizeof *c.share);
	for (size_t b = 0; b < c.nnode; b++) {
		c.at[b] /= n[b];
		c.rate[b] = right[b] / n[b];
		c.share[b] = n[b] / (double)c.n;
	}
	c.falls = covariance(&c) < 0;
	fit_curve(&c, n, a);
	for (size_t b = 0; b < c.nnode; b++) {
		double p = (right[b] + 0.5) / (n[b] + 1);     /* all right is not certainty */

		c.var[b] = p * (1 - p) / n[b];
	}
	return c;
}
