/*
 * oracle_mean.c -- means: paired, clustered, post-stratified, linearised.
 */
#include "tests/oracle/oracle.h"

#include <math.h>

static int *
as_int(struct check *c, const long *id, size_t n)
{
	int *x = arena_array(&c->arena, n + 1, sizeof *x);

	for (size_t i = 0; i < n; i++)
		x[i] = (int)id[i];
	return x;
}

/* The convention for no variation: no t, and p = 1 where the mean is 0. */
static void
want_tests(struct check *c, const struct mean *m, double sd)
{
	bool t = m->has_se;
	json_t *tost = take(c, "tost02");
	double at = t ? m->at / m->se : 0;

	want(c, "sd", sd);
	want(c, "se", m->se);
	want_if(c, "t", t, at);
	want(c, "df", t ? m->df : (double)(m->n - 1));
	want(c, "p_two", t ? 2 * t_sf(fabs(at), m->df) : 1);
	want(c, "p_greater", t ? t_sf(at, m->df) : 1);
	want(c, "p_less", t ? t_cdf(at, m->df) : 1);
	if (tost != NULL) {
		double lower = t_sf((m->at + 0.02) / m->se, m->df);
		double upper = t_cdf((m->at - 0.02) / m->se, m->df);

		compare(c, "tost p_lower", json_object_get(tost, "p_lower"), lower, 0);
		compare(c, "tost p_upper", json_object_get(tost, "p_upper"), upper, 0);
		compare(c, "tost p", json_object_get(tost, "p"), fmax(lower, upper), 0);
	}
}

void
oracle_paired_t(struct check *c)
{
	size_t n;
	double *base = in_reals(c, "baseline", &n), *cand = in_reals(c, "candidate", &n);
	double *d = arena_array(&c->arena, n, sizeof *d);
	struct sample s = { .y = d, .n = n };
	struct paired p = paired_compare(&s, cand, base, false, 0.02, 0.05, &c->arena);
	struct mean m;

	for (size_t i = 0; i < n; i++)
		d[i] = cand[i] - base[i];
	m = sample_mean(&s, &c->arena);
	want(c, "n", (double)p.n);
	want(c, "mean", p.at);
	want_if(c, "cohen_dz", p.sd > 0, p.sd > 0 ? p.at / p.sd : 0);
	want_interval(c, "ci90", p.ci, 0);
	want_interval(c, "ci95", p.ci95, 0);
	want_tests(c, &m, p.sd);
	if (m.has_se && (fabs(p.p_noninferiority - t_sf((p.at + 0.02) / p.se, m.df)) > 1e-15 ||
	    fabs(p.p_regression - t_cdf(p.at / p.se, m.df)) > 1e-15))
		fail(c, "paired_compare", "its p-values are not those of the t test");
}

void
oracle_clustered_se(struct check *c)
{
	size_t n, ncluster;
	double *y = in_reals(c, "y", &n);
	long *cluster = in_labels(c, "cluster", &ncluster, NULL);
	struct clustered r = clustered_mean(y, cluster, n, ncluster, &c->arena);
	struct sample s = { .y = y, .cluster = cluster, .n = n, .ncluster = ncluster };
	struct mean m = sample_mean(&s, &c->arena);

	want(c, "n", (double)r.n);
	want(c, "clusters", (double)r.nclusters);
	want(c, "mean", m.at);
	want_if(c, "se_iid", r.has_se, r.se_iid);
	want_if(c, "se_cr0_miller", r.has_se, r.cr0);
	want_if(c, "se_cr1", r.has_se, r.cr1);
	want_if(c, "se_cr2", m.has_se, m.se);
	want_if(c, "df_satterthwaite", m.has_se, m.df);
	want_if(c, "deff", r.has_se, r.deff);
	want_if(c, "icc_anova", r.has_icc, r.icc);
}

void
oracle_poststratified(struct check *c)
{
	size_t n, nh;
	const char **label;
	double *y = in_reals(c, "y", &n), all = 0;
	long *id = in_labels(c, "stratum", &nh, &label);
	double *size = arena_array(&c->arena, nh, sizeof *size);
	double *share = arena_array(&c->arena, nh, sizeof *share);
	struct sample s = { .y = y, .stratum = as_int(c, id, n), .n = n, .nstratum = nh,
	    .share = share };
	json_t *sizes = json_object_get(c->case_, "N_h");
	struct poststratified p;
	struct mean m;

	for (size_t h = 0; h < nh; h++)
		all += size[h] = json_number_value(json_object_get(sizes, label[h]));
	for (size_t h = 0; h < nh; h++)
		share[h] = size[h] / all;
	p = poststratified_mean(&s, size, &c->arena);
	m = sample_mean(&s, &c->arena);
	want(c, "unweighted_mean", sum_of(y, n) / (double)n);
	want(c, "mean", m.at);
	want(c, "se_stratified", m.se);
	want(c, "se_stratified_fpc", p.se_fpc);
	want(c, "se_poststrat_survey", p.se_srs);
	want(c, "kish_neff", m.n_eff);
	want(c, "df_satterthwaite", m.df);
}

void
oracle_stratified_cluster(struct check *c)
{
	size_t n, nh, ncluster;
	double *y = in_reals(c, "y", &n), *weight = in_reals(c, "weight", &n);
	long *id = in_labels(c, "stratum", &nh, NULL);
	struct sample s = { .y = y, .weight = weight, .stratum = as_int(c, id, n), .n = n,
	    .nstratum = nh };
	struct mean m;

	s.cluster = in_labels(c, "cluster", &ncluster, NULL);
	s.ncluster = ncluster;
	m = sample_mean(&s, &c->arena);
	want(c, "mean", m.at);
	want(c, "se", m.se);
	want(c, "df", m.df);
}
