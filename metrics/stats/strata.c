/*
 * strata.c -- means weighted to known shares: post-stratified, and linearised for weights
 * and for clusters inside strata.
 *
 * Post-stratified: var = sum W_h^2 s_h^2 / n_h given the n_h (Cochran 1977, section 5A.9), with
 * Satterthwaite's df.  Linearised: z_i = w_i (y_i - mean) / sum w, summed by cluster,
 * var = sum C_h/(C_h - 1) sum (z_g - zbar_h)^2, df = clusters - strata (as R's svydesign).
 * Strata too small to vary, or that did not vary, do not count as certain: see the guards.
 *
 * Strata and clusters in which few cases happened to be lost look good and certain at once, and t
 * then errs more often than alpha.  So a variance that a test stands on has in each stratum one
 * unit more in its sum of squares.  Of differences, where changes are rare, it is as large as those
 * that changed are on average (for single cases half a loss and half a gain), of a rate in clusters
 * as far from the mean as all are; degrees of freedom are Satterthwaite's.  `make simulate` shows
 * what it does.
 */
#include "metrics/stats/stats.h"

#include <math.h>

enum { FEW = 30 };      /* a stratum of fewer units that did not vary is not trusted */

double
jeffreys_variance(double n)
{
	double p = 0.5 / (n + 1);

	return p * (1 - p);
}

bool
strata_shares(const struct sample *s, double *share, long *count, double *moved)
{
	double present = 0, all = 0;

	memset(count, 0, s->nstratum * sizeof *count);
	for (size_t i = 0; i < s->n; i++)
		count[s->stratum[i]]++;
	for (size_t h = 0; h < s->nstratum; h++) {
		all += s->share[h];
		present += count[h] > 0 ? s->share[h] : 0;
	}
	*moved = all > 0 ? fmax(0, (all - present) / all) : 0;
	for (size_t h = 0; h < s->nstratum; h++)
		share[h] = count[h] > 0 && present > 0 ? s->share[h] / present : 0;
	return present > 0;
}

/* Mean and sum of squares of each stratum. */
static void
by_stratum(const struct sample *s, const long *count, double *mean, double *square)
{
	for (size_t i = 0; i < s->n; i++)
		mean[s->stratum[i]] += s->y[i] / (double)count[s->stratum[i]];
	for (size_t i = 0; i < s->n; i++) {
		double d = s->y[i] - mean[s->stratum[i]];

		square[s->stratum[i]] += d * d;
	}
}

/* s_h^2 of what a share is given to: a lone unit takes the variance of the whole sample, a
 * small stratum without variation Jeffreys'. */
static double
stratum_variance(double square, long n, double whole, bool ranged)
{
	if (n == 1)
		return whole;
	if (ranged && n < FEW && square <= 1e-20 * (double)n)
		return jeffreys_variance((double)n);
	return square / (double)(n - 1);
}

/* The mean square of units that changed, each divided by its scale; 0 if none did. */
struct changed { double square; long n; };

static void
add_changed(struct changed *c, double y, double scale)
{
	if (y == 0 || !(scale > 0))
		return;
	c->square += y / scale * (y / scale);
	c->n++;
}

static double
changed_square(const struct changed *c)
{
	return c->n > 0 ? c->square / (double)c->n : 0;
}

void
mean_by_strata(const struct sample *s, struct mean *m, struct arena *scratch)
{
	size_t nh = s->nstratum;
	double *share = arena_array(scratch, nh, sizeof *share);
	double *mean = arena_array(scratch, nh, sizeof *mean);
	double *square = arena_array(scratch, nh, sizeof *square);
	long *count = arena_array(scratch, nh, sizeof *count);
	double kish = 0, var = 0, var2 = 0, whole = 0, plain = sum_of(s->y, s->n) / (double)s->n;
	struct changed one = { 0 };

	m->method = "post-stratified t";
	m->nclusters = m->n;
	m->known = strata_shares(s, share, count, &m->moved);
	if (!m->known)
		return;
	by_stratum(s, count, mean, square);
	for (size_t i = 0; i < s->n && s->tested == TESTED_DIFFERENCE; i++)
		add_changed(&one, s->y[i], 1);
	for (size_t h = 0; h < nh; h++)
		square[h] += changed_square(&one);
	for (size_t i = 0; i < s->n; i++)
		whole += (s->y[i] - plain) * (s->y[i] - plain);
	whole = s->n > 1 ? whole / (double)(s->n - 1) : 0;
	for (size_t h = 0; h < nh; h++) {
		double n = (double)count[h], v;

		if (!(share[h] > 0))
			continue;
		m->at += share[h] * mean[h];
		kish += share[h] * share[h] / n;
		v = share[h] * share[h] / n *
		    stratum_variance(square[h], count[h], whole, m->lo_value < m->hi_value);
		var += v;
		var2 += v * v / (count[h] > 1 ? n - 1 : (double)s->n - 1);
	}
	m->n_eff = 1 / kish;
	m->has_se = s->n > 1;
	m->se = sqrt(var);
	m->df = var > 0 && var2 > 0 ? var * var / var2 : (double)s->n - 1;
}

struct poststratified
poststratified_mean(const struct sample *s, const double *size, struct arena *scratch)
{
	struct poststratified p = { 0 };
	size_t nh = s->nstratum;
	double *mean = arena_array(scratch, nh, sizeof *mean);
	double *square = arena_array(scratch, nh, sizeof *square);
	long *count = arena_array(scratch, nh, sizeof *count);
	double all = sum_of(size, nh), n = (double)s->n, kish = 0, v = 0, v2 = 0, fpc = 0, srs = 0;

	for (size_t i = 0; i < s->n; i++)
		count[s->stratum[i]]++;
	by_stratum(s, count, mean, square);
	for (size_t h = 0; h < nh; h++) {
		double w = size[h] / all, c = (double)count[h], part;

		p.mean += w * mean[h];
		if (count[h] < 2)
			continue;
		part = w * w * square[h] / (c - 1) / c;
		v += part;
		v2 += part * part / (c - 1);
		fpc += part * (1 - c / size[h]);
		srs += w * w / (c * c) * square[h];
		kish += w * w / c;
	}
	p.se = sqrt(v);
	p.se_fpc = sqrt(fpc);
	p.se_srs = sqrt(n / (n - 1) * srs);
	p.n_eff = kish > 0 ? 1 / kish : 0;
	p.df = v2 > 0 ? v * v / v2 : 0;
	return p;
}

/* ---- weights, and clusters inside strata ---- */

/* The working arrays of one linearisation; clusters and strata numbered as in the sample. */
struct linear {
	double *w;              /* by unit, summing to 1 */
	double *z;              /* by cluster: sum of w_i (y_i - centre) */
	double *total;          /* by cluster: sum of w_i y_i */
	long   *cluster;        /* by unit */
	int    *stratum;        /* by cluster: where it is centred; -1: it has no unit */
	size_t  ncluster, nstratum;
};

/* Weights that sum to 1 over the sample, and to the share over each stratum if shares rule. */
static bool
set_weights(const struct sample *s, struct mean *m, struct linear *l, struct arena *scratch)
{
	bool shares = s->share != NULL && s->stratum != NULL;
	size_t nh = shares ? s->nstratum : 1;
	double *share = arena_array(scratch, nh, sizeof *share);
	double *total = arena_array(scratch, nh, sizeof *total);
	long *count = arena_array(scratch, nh, sizeof *count);
	double kish = 0;

	share[0] = 1;
	if (shares && !strata_shares(s, share, count, &m->moved))
		return false;
	for (size_t i = 0; i < s->n; i++)
		total[shares ? s->stratum[i] : 0] += s->weight ? s->weight[i] : 1;
	for (size_t i = 0; i < s->n; i++) {
		int h = shares ? s->stratum[i] : 0;

		l->w[i] = total[h] > 0 ? share[h] * (s->weight ? s->weight[i] : 1) / total[h] : 0;
		kish += l->w[i] * l->w[i];
	}
	m->n_eff = kish > 0 ? 1 / kish : 0;
	return kish > 0;
}

/* Puts clusters into strata.  False: a cluster lies in two, so strata cannot be used. */
static bool
nest(const struct sample *s, struct linear *l)
{
	bool nested = true;

	for (size_t g = 0; g < l->ncluster; g++)
		l->stratum[g] = -1;
	for (size_t i = 0; i < s->n; i++) {
		int h = s->stratum != NULL ? s->stratum[i] : 0;
		int *of = &l->stratum[l->cluster[i]];

		if (*of >= 0 && *of != h)
			nested = false;
		*of = h;
	}
	for (size_t g = 0; g < l->ncluster && !nested; g++)
		l->stratum[g] = l->stratum[g] >= 0 ? 0 : -1;
	return nested;
}

/* Strata of a single cluster are centred together, or, if there is but one, with another. */
static void
collapse(struct linear *l, struct arena *scratch)
{
	long *count = arena_array(scratch, l->nstratum, sizeof *count);
	int lone = -1, other = -1;

	for (size_t g = 0; g < l->ncluster; g++)
		if (l->stratum[g] >= 0)
			count[l->stratum[g]]++;
	for (size_t h = 0; h < l->nstratum; h++) {
		if (count[h] == 1 && lone < 0)
			lone = (int)h;
		else if (count[h] > 1 && other < 0)
			other = (int)h;
	}
	if (lone < 0)
		return;
	for (size_t g = 0; g < l->ncluster; g++) {
		int h = l->stratum[g];

		if (h >= 0 && h != lone && count[h] == 1) {
			l->stratum[g] = lone;
			count[h] = 0;
			count[lone]++;
		}
	}
	for (size_t g = 0; g < l->ncluster && count[lone] == 1 && other >= 0; g++)
		if (l->stratum[g] == lone)
			l->stratum[g] = other;
}

/* Variance over strata of clusters.  *df: clusters less strata, as R's svydesign has it; for a test
 * Satterthwaite's, since strata count as unequally as their shares. */
static double
linear_variance(const struct linear *l, const double *weight, const bool *same, enum testing tested,
    double *df, struct arena *scratch)
{
	double *mean = arena_array(scratch, l->nstratum, sizeof *mean);
	double *square = arena_array(scratch, l->nstratum, sizeof *square);
	long *count = arena_array(scratch, l->nstratum, sizeof *count);
	struct changed one = { 0 };
	double var = 0, var2 = 0;

	*df = 0;
	for (size_t g = 0; g < l->ncluster; g++)
		if (l->stratum[g] >= 0)
			count[l->stratum[g]]++;
	for (size_t g = 0; g < l->ncluster; g++)
		if (l->stratum[g] >= 0)
			mean[l->stratum[g]] += l->z[g] / (double)count[l->stratum[g]];
	for (size_t g = 0; g < l->ncluster; g++)
		if (l->stratum[g] >= 0) {
			int h = l->stratum[g];
			double d = l->z[g] - mean[h];

			square[h] += d * d;
			if (tested != TESTED_NOT)
				add_changed(&one, tested == TESTED_RATE ? l->z[g] : l->total[g],
				    weight[h] / (double)count[h]);
		}
	for (size_t h = 0; h < l->nstratum; h++) {
		double c = (double)count[h], scale = weight[h] / c, v;

		if (count[h] < 2)
			continue;
		v = c / (c - 1) * (square[h] + scale * scale * changed_square(&one));
		if (same[h] && count[h] < FEW)
			v = fmax(tested != TESTED_NOT ? v : 0,
			    weight[h] * weight[h] * jeffreys_variance(c) / c);
		var += v;
		var2 += v * v / (c - 1);
		*df += c - 1;
	}
	if (tested != TESTED_NOT && var2 > 0)
		*df = var * var / var2;
	return var;
}

/* Which strata hold one value only, and the weight of each. */
static void
survey_strata(const struct sample *s, const struct linear *l, bool ranged, double *weight,
    bool *same, struct arena *scratch)
{
	double *lo = arena_array(scratch, l->nstratum, sizeof *lo);
	double *hi = arena_array(scratch, l->nstratum, sizeof *hi);

	for (size_t h = 0; h < l->nstratum; h++) {
		lo[h] = INFINITY;
		hi[h] = -INFINITY;
	}
	for (size_t i = 0; i < s->n; i++) {
		int h = l->stratum[l->cluster[i]];

		weight[h] += l->w[i];
		lo[h] = fmin(lo[h], s->y[i]);
		hi[h] = fmax(hi[h], s->y[i]);
	}
	for (size_t h = 0; h < l->nstratum; h++)
		same[h] = ranged && hi[h] - lo[h] <= 1e-12;
}

void
mean_by_linearisation(const struct sample *s, struct mean *m, struct arena *scratch)
{
	struct linear l = {
		.ncluster = s->cluster != NULL ? s->ncluster : s->n,
		.nstratum = s->stratum != NULL ? s->nstratum : 1
	};
	double *part = arena_array(scratch, s->n, sizeof *part);
	double *centre = arena_array(scratch, l.nstratum, sizeof *centre);
	double *weight = arena_array(scratch, l.nstratum, sizeof *weight);
	bool *same = arena_array(scratch, l.nstratum, sizeof *same), nested;

	l.w = arena_array(scratch, s->n, sizeof *l.w);
	l.z = arena_array(scratch, l.ncluster, sizeof *l.z);
	l.total = arena_array(scratch, l.ncluster, sizeof *l.total);
	l.cluster = arena_array(scratch, s->n, sizeof *l.cluster);
	l.stratum = arena_array(scratch, l.ncluster, sizeof *l.stratum);
	m->method = s->cluster != NULL ? "stratified clusters t" : "weighted t";
	m->known = set_weights(s, m, &l, scratch);
	if (!m->known)
		return;
	for (size_t i = 0; i < s->n; i++) {
		l.cluster[i] = s->cluster != NULL ? s->cluster[i] : (long)i;
		part[i] = l.w[i] * s->y[i];
	}
	m->at = sum_of(part, s->n);
	nested = nest(s, &l);
	/* Strata that cannot be used for the clusters still explain the units. */
	for (size_t i = 0; i < s->n && !nested && s->share != NULL; i++)
		centre[s->stratum[i]] += part[i];
	for (size_t i = 0; i < s->n && !nested && s->share != NULL; i++)
		weight[s->stratum[i]] += l.w[i];
	for (size_t h = 0; h < l.nstratum; h++)
		centre[h] = weight[h] > 0 ? centre[h] / weight[h] : m->at;
	memset(weight, 0, l.nstratum * sizeof *weight);
	for (size_t i = 0; i < s->n; i++) {
		l.z[l.cluster[i]] += l.w[i] * (s->y[i] - centre[s->stratum ? s->stratum[i] : 0]);
		l.total[l.cluster[i]] += part[i];
	}
	for (size_t g = 0; g < l.ncluster; g++)
		m->nclusters += l.stratum[g] >= 0;
	m->has_se = m->nclusters > 1;
	if (!m->has_se)
		return;
	collapse(&l, scratch);
	survey_strata(s, &l, m->lo_value < m->hi_value, weight, same, scratch);
	m->se = sqrt(linear_variance(&l, weight, same, s->tested, &m->df, scratch));
}
