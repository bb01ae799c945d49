/*
 * label_shift.c -- the mix of classes behind predictions whose labels nobody knows.
 *
 * Black-box shift estimation (Lipton, Wang and Smola 2018): if only the mix of classes changed, the
 * predictions of the current window are mu = A q, where A holds, by class, the reference's share of
 * each prediction, and q is the mix.  q = A^-1 mu, and the accuracy is sum q_j r_j with r_j the
 * rate of right answers in class j.  Variances are by the delta method and carry both mu's error
 * and A's: with h = g'A^-1 and p the reference's mix, a current record with prediction i adds
 * h_i / m to g'q, and a reference record of class j with prediction i (q_j / p_j) (y - h_i) / n,
 * y being 1 if the accuracy is asked for and it was right.  Predictions that are no class of the
 * reference are rows without a column, and left out: those that are classes suffice.
 */
#include "metrics/stats/stats.h"

#include <math.h>

enum { TABLES = 9999, EXPECTED_LEAST = 5 };
#define CONDITION_MOST 1000.0     /* errors in A are then a thousand times as large in q */

struct system {
	size_t        k;
	const struct confusion *c;
	double       *inverse;   /* A^-1 */
	double       *mix;       /* q, not clipped */
	double        n, m;      /* reference labels; current predictions */
	double        accuracy;  /* of the reference */
};

/* h = g'A^-1 */
static void
weigh(const struct system *s, const double *g, double *h)
{
	memset(h, 0, s->k * sizeof *h);
	for (size_t j = 0; j < s->k; j++)
		for (size_t i = 0; i < s->k && (g[j] > 0 || g[j] < 0); i++)
			h[i] += g[j] * s->inverse[j * s->k + i];
}

/* What is asked of q: a share, the accuracy, the accuracy less the reference's. */
enum asked_of { SHARE, ACCURACY, CHANGE };

static double
variance(const struct system *s, const double *h, enum asked_of what)
{
	const struct confusion *c = s->c;
	double mean = 0, square = 0, var;

	for (size_t i = 0; i < s->k; i++) {
		mean += h[i] * (double)c->current[i] / s->m;
		square += h[i] * h[i] * (double)c->current[i] / s->m;
	}
	var = (square - mean * mean) / s->m;
	for (size_t j = 0; j < s->k; j++) {
		double n = (double)c->labelled[j], a = s->mix[j] * s->n / n;
		double y = what == SHARE ? 0 : what == ACCURACY ? a : a - 1;
		double right = (double)c->right[j] / n, off = right - s->accuracy;

		mean = right * y;
		square = right * (y * y - 2 * y * a * h[j]);
		for (size_t i = 0; i < s->k; i++) {
			double share = (double)c->count[i * s->k + j] / n;

			mean -= share * a * h[i];
			square += share * a * h[i] * a * h[i];
		}
		var += fmax(0, square - mean * mean) * n / (s->n * s->n);
		if (what == CHANGE)
			var += off * off * n / (s->n * s->n);
	}
	return var;
}

static struct interval
around(double at, double var, double z, double least)
{
	return (struct interval){ fmax(least, at - z * sqrt(var)), fmin(1, at + z * sqrt(var)) };
}

/* Do the predictions' shares differ from the reference's? */
static void
test_shift(const struct confusion *c, uint64_t seed, struct label_shift *s, struct arena *scratch)
{
	size_t cols = c->k + 1;
	long *table = arena_array(scratch, 2 * cols, sizeof *table);
	struct contingency t;

	for (size_t i = 0; i < c->k; i++) {
		for (size_t j = 0; j < c->k; j++)
			table[i] += c->count[i * c->k + j];
		table[cols + i] = c->current[i];
	}
	table[c->k] = c->other;
	table[cols + c->k] = c->current_other;
	t = contingency(table, 2, cols, scratch);
	s->p = t.known && t.least_expected < EXPECTED_LEAST ?
	    contingency_permuted(table, 2, cols, TABLES, seed, scratch) : t.p_chi2;
}

static void
estimate_mix(const struct system *s, double z, struct label_shift *out, struct arena *scratch)
{
	double *g = arena_array(scratch, s->k, sizeof *g), *h = arena_array(scratch, s->k, sizeof *h);
	double all = 0, at = 0;

	for (size_t j = 0; j < s->k; j++)
		all += fmax(0, s->mix[j]);
	for (size_t j = 0; j < s->k; j++) {
		g[j] = 1;
		weigh(s, g, h);
		out->class[j].was = (double)s->c->labelled[j] / s->n;
		out->class[j].is = all > 0 ? fmax(0, s->mix[j]) / all : 0;
		out->class[j].ci = around(s->mix[j], variance(s, h, SHARE), z, 0);
		g[j] = 0;
	}
	for (size_t j = 0; j < s->k; j++) {
		g[j] = (double)s->c->right[j] / (double)s->c->labelled[j];
		at += s->mix[j] * g[j];
	}
	weigh(s, g, h);
	out->at = fmin(1, fmax(0, at));
	out->ci = around(at, variance(s, h, ACCURACY), z, 0);
	out->change = at - s->accuracy;
	out->change_se = sqrt(variance(s, h, CHANGE));
	out->change_ci = around(out->change, out->change_se * out->change_se, z, -1);
}

struct label_shift
label_shift(const struct confusion *c, double conf, uint64_t seed, struct arena *a)
{
	struct label_shift out = { .k = c->k, .class = arena_array(a, c->k + 1, sizeof *out.class) };
	struct system s = { .k = c->k, .c = c, .inverse = arena_array(a, c->k * c->k + 1, 8),
		.mix = arena_array(a, c->k + 1, sizeof *s.mix) };
	double *share = arena_array(a, c->k * c->k + 1, sizeof *share);

	for (size_t j = 0; j < c->k; j++) {
		s.m += (double)c->current[j];
		s.n += (double)c->labelled[j];
		s.accuracy += (double)c->right[j];
	}
	s.m += (double)c->current_other;
	out.known = c->k > 1 && s.m > 0;
	if (!out.known)
		return out;
	s.accuracy /= s.n;
	test_shift(c, seed, &out, a);
	for (size_t i = 0; i < c->k; i++)
		for (size_t j = 0; j < c->k; j++)
			share[i * c->k + j] = (double)c->count[i * c->k + j] / (double)c->labelled[j];
	out.condition = matrix_invert(share, c->k, s.inverse, a);
	out.identified = out.condition > 0 && out.condition <= CONDITION_MOST;
	if (!out.identified)
		return out;
	for (size_t j = 0; j < c->k; j++)
		for (size_t i = 0; i < c->k; i++)
			s.mix[j] += s.inverse[j * c->k + i] * (double)c->current[i] / s.m;
	estimate_mix(&s, normal_quantile(0.5 + conf / 2), &out, a);
	return out;
}
