/*
 * expected.c -- the accuracy of a window that nobody graded, from the confidences in it.
 *
 * Confidence-based performance estimation: the mean over the window of the calibrated confidence
 * (calibrator.c), as a change from the reference, so that the map's own small errors cancel where
 * the confidences are alike.  It holds as long as the probability of being right at a given
 * confidence is that of the reference.  With outcomes for a part of the window this is tested, and
 * the part corrects the whole.  All variances are by the delta method; source and coverage are in
 * driftlead-statistics(7).
 */
#include "metrics/stats/stats.h"

#include <math.h>

enum { GROUPS_MOST = 10, GRADED_LEAST = 30, GRADED_EACH = 5 };
#define GROUP_VARIANCE 5.0       /* of the right ones in a group, for the normal limit */

static void
set_interval(struct expected *e, double conf)
{
	double z = normal_quantile(0.5 + conf / 2);

	e->ci = (struct interval){ fmax(0, e->at - z * e->se), fmin(1, e->at + z * e->se) };
	e->change_ci = (struct interval){ fmax(-1, e->change - z * e->change_se),
		fmin(1, e->change + z * e->change_se) };
}

/* sum u_b^2 v_b */
static double
map_variance(const struct calibrator *c, const double *u)
{
	double sum = 0;

	for (size_t b = 0; b < c->nnode; b++)
		sum += u[b] * u[b] * c->var[b];
	return sum;
}

/* sum u_b v_b */
static double
mean_variance(const struct calibrator *c, const double *u)
{
	double sum = 0;

	for (size_t b = 0; b < c->nnode; b++)
		sum += u[b] * c->var[b];
	return sum;
}

struct expected
expected_accuracy(const struct calibrator *c, const struct forecasts *reference,
    const struct forecasts *current, double conf, struct arena *scratch)
{
	struct calibrated r = calibrator_mean(c, reference->at, reference->known, reference->k,
	    scratch);
	struct calibrated m = calibrator_mean(c, current->at, current->n, current->k, scratch);
	struct expected e = { .known = m.n > 0, .n = m.n, .outside = m.outside };
	double *u = arena_array(scratch, c->nnode, sizeof *u), var;

	if (!e.known)
		return e;
	e.change = m.mean - r.mean;
	e.at = fmin(1, fmax(0, (double)c->right / (double)c->n + e.change));
	for (size_t b = 0; b < c->nnode; b++)
		u[b] = m.node[b] - r.node[b];
	var = m.variance / (double)m.n + r.variance / (double)r.n + map_variance(c, u);
	e.change_se = sqrt(var);
	/* That a small window meets the nodes unevenly falls with its own size. */
	e.var_current = fmin(var, (m.variance + mean_variance(c, m.node)) / (double)m.n);
	e.var_reference = var - e.var_current;
	for (size_t b = 0; b < c->nnode; b++)
		u[b] += c->share[b];
	e.se = sqrt(m.variance / (double)m.n + map_variance(c, u));
	set_interval(&e, conf);
	return e;
}

/* ---- with outcomes for a part of it -------------------------------------------------------- */

static void
split(const struct forecasts *f, long *open)
{
	for (size_t i = 0; i < f->k; i++)
		open[i] = f->n[i] - f->known[i];
}

/* Variance of y - part g(c) over the graded, y being 0 or 1. */
static double
rest_variance(const struct calibrator *c, const struct forecasts *f, double part, long n)
{
	double sum = 0, square = 0;

	for (size_t i = 0; i < f->k; i++) {
		double wrong = -part * calibrator_at(c, f->at[i]), right = 1 + wrong;
		double nright = (double)f->right[i], nwrong = (double)(f->known[i] - f->right[i]);

		sum += nright * right + nwrong * wrong;
		square += nright * right * right + nwrong * wrong * wrong;
	}
	return fmax(0, square - sum * sum / (double)n) / (double)(n - 1);
}

struct expected
expected_with_outcomes(const struct calibrator *c, const struct forecasts *reference,
    const struct forecasts *current, double conf, struct arena *scratch)
{
	long *open = arena_array(scratch, current->k, sizeof *open), right = 0;
	double *u = arena_array(scratch, c->nnode, sizeof *u), part, mean, own, accuracy;
	struct calibrated r = calibrator_mean(c, reference->at, reference->known, reference->k,
	    scratch);
	struct calibrated known = calibrator_mean(c, current->at, current->known, current->k, scratch);
	struct calibrated rest;
	struct expected e = { 0 };

	split(current, open);
	rest = calibrator_mean(c, current->at, open, current->k, scratch);
	for (size_t i = 0; i < current->k; i++)
		right += current->right[i];
	e.n = known.n;
	e.known = known.n >= GRADED_LEAST && right >= GRADED_EACH && known.n - right >= GRADED_EACH;
	if (!e.known)
		return e;
	part = (double)rest.n / (double)(known.n + rest.n);
	accuracy = (double)c->right / (double)c->n;
	mean = (double)right / (double)known.n - part * known.mean;
	e.at = fmin(1, fmax(0, mean + part * rest.mean));
	e.change = mean + part * rest.mean - accuracy;
	own = rest_variance(c, current, part, known.n) / (double)known.n;
	own += rest.n > 0 ? part * part * rest.variance / (double)rest.n : 0;
	for (size_t b = 0; b < c->nnode; b++)
		u[b] = part * (rest.node[b] - known.node[b]);
	e.var_current = own;
	e.se = sqrt(own + map_variance(c, u));
	for (size_t b = 0; b < c->nnode; b++)
		u[b] -= c->share[b];
	e.var_reference = r.variance / (double)r.n + map_variance(c, u);
	e.change_se = sqrt(own + e.var_reference);
	set_interval(&e, conf);
	return e;
}

/* ---- does the map still hold? -------------------------------------------------------------- */

/* Graded confidences next to each other: outcomes less what the map expects of them. */
struct group { double right, variance, *node; };

static double
residual(const struct calibrator *c, const struct group *g)
{
	double expected = 0;

	for (size_t b = 0; b < c->nnode; b++)
		expected += g->node[b] * c->rate[b];
	return g->right - expected;
}

static void
add_cell(struct group *g, const struct calibrator *c, const struct forecasts *f, size_t i)
{
	double n = (double)f->known[i], least = 0.5 / (double)(c->n + 1);
	double p = fmin(1 - least, fmax(least, calibrator_at(c, f->at[i])));

	g->right += (double)f->right[i];
	g->variance += n * p * (1 - p);
	calibrator_weigh(c, f->at[i], n, g->node);
}

/* R' S^-1 R, S holding each group's own variance and what they share through the map. */
static double
quadratic(const struct calibrator *c, const struct group *g, size_t k, struct arena *scratch)
{
	double *s = arena_array(scratch, k * k, sizeof *s);
	double *inverse = arena_array(scratch, k * k, sizeof *inverse), sum = 0;

	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++) {
			s[i * k + j] = i == j ? g[i].variance : 0;
			for (size_t b = 0; b < c->nnode; b++)
				s[i * k + j] += g[i].node[b] * g[j].node[b] * c->var[b];
		}
	matrix_invert(s, k, inverse, scratch);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++)
			sum += residual(c, &g[i]) * inverse[i * k + j] * residual(c, &g[j]);
	return sum;
}

/* Cells one after the other, until a group has its part of the variance. */
static size_t
make_groups(const struct calibrator *c, const struct forecasts *f, double variance,
    struct group *g, struct arena *scratch)
{
	double need = fmax(GROUP_VARIANCE, variance / GROUPS_MOST), left = variance;
	size_t j = 0;

	g[0] = (struct group){ .node = arena_array(scratch, c->nnode, sizeof *g->node) };
	for (size_t i = 0; i < f->k; i++) {
		double before;

		if (f->known[i] == 0)
			continue;
		if (g[j].variance >= need && left >= need && j + 1 < GROUPS_MOST)
			g[++j] = (struct group){ .node = arena_array(scratch, c->nnode, sizeof *g->node) };
		before = g[j].variance;
		add_cell(&g[j], c, f, i);
		left -= g[j].variance - before;
	}
	return j + 1;
}

/* Two-sided; outcomes of different probabilities vary less than those of their mean. */
static double
binomial(long n, long right, double expected)
{
	double p = fmin(1, fmax(0, expected));

	return fmin(1, 2 * fmin(binom_cdf(right, n, p), binom_sf(right - 1, n, p)));
}

struct calibration_shift
calibration_shift(const struct calibrator *c, const struct forecasts *f, struct arena *scratch)
{
	struct group all = { .node = arena_array(scratch, c->nnode, sizeof *all.node) };
	struct group g[GROUPS_MOST];
	struct calibration_shift s = { .p_mean = 1, .p_groups = 1, .p = 1 };

	for (size_t i = 0; i < f->k; i++) {
		s.n += f->known[i];
		if (f->known[i] > 0)
			add_cell(&all, c, f, i);
	}
	if (s.n == 0)
		return s;
	s.realised = all.right / (double)s.n;
	s.expected = s.realised - residual(c, &all) / (double)s.n;
	s.z = residual(c, &all) / sqrt(all.variance + map_variance(c, all.node));
	s.df = (long)make_groups(c, f, all.variance, g, scratch);
	s.chi2 = quadratic(c, g, (size_t)s.df, scratch);
	s.p_mean = p_clip(2 * normal_sf(fabs(s.z)));
	if (all.variance < GROUP_VARIANCE)
		s.p_mean = fmax(s.p_mean, binomial(s.n, (long)all.right, s.expected));
	s.p_groups = p_clip(chi2_sf(s.chi2, (double)s.df));
	s.p = s.df == 1 ? s.p_mean : fmin(1, 2 * fmin(s.p_mean, s.p_groups));
	return s;
}
