/*
 * oracle_twosample.c -- two samples, k samples, tables of counts, distances.
 */
#include "tests/oracle/oracle.h"

#include <math.h>

static struct pooled
in_pair(struct check *c, const char *one, const char *other)
{
	size_t n, m;
	double *x = in_reals(c, one, &n), *y = in_reals(c, other, &m);

	return pool_two(x, n, y, m, &c->arena);
}

void
oracle_ks2(struct check *c)
{
	struct pooled s = in_pair(c, "x", "y");
	struct ks r = ks_test(&s, &c->arena);
	double n = (double)s.size[0], m = (double)s.size[1];
	long rounded = lrint(n * m / (n + m));      /* half to even, as NumPy */

	want_if(c, "D", r.known, r.d);
	want(c, "ties", s.ties);
	want_if(c, "p_exact_ties", r.has_exact, r.p_exact);
	want_if(c, "p_exact_noties", r.has_exact, r.p_untied);
	want_if(c, "p_asymp_kolmogorov", r.known, r.p_limit);
	want_if(c, "p_asymp_scipy_kstwo", r.known, kolmogorov_finite_sf(rounded, r.d, &c->arena));
}

void
oracle_mannwhitney(struct check *c)
{
	struct pooled s = in_pair(c, "x", "y");
	struct mann_whitney r = mann_whitney(&s, &c->arena);

	want_if(c, "U_x", r.known, r.u);
	want(c, "ties", s.ties);
	want_if(c, "p_asymp", r.varies, r.p);
	want_if(c, "p_asymp_cc", r.varies, r.p_continuity);
	want_if(c, "p_exact", r.has_exact, r.p_exact);
	want_if(c, "auc_y_over_x", r.known, r.auc);
}

/* SciPy's series ends with a term below 1e-7 and is taken from 1: what it leaves out may be
 * near 1e-10, which shows where p itself is small. */
void
oracle_cramer_von_mises(struct check *c)
{
	struct pooled s = in_pair(c, "x", "y");
	struct cramer_von_mises r = cramer_von_mises(&s);

	want_if(c, "T", r.known, r.t);
	want_near(c, "p_asymp", r.p, 2e-10);
	want_if(c, "p_exact", r.has_exact, r.p_exact);
}

void
oracle_anderson_ksamp(struct check *c)
{
	json_t *list = json_object_get(c->case_, "samples");
	size_t k = json_array_size(list);
	struct values *v = arena_array(&c->arena, k, sizeof *v);
	struct anderson_darling r;
	struct pooled s;

	for (size_t i = 0; i < k; i++) {
		json_t *one = json_array_get(list, i);
		double *x = arena_array(&c->arena, json_array_size(one) + 1, sizeof *x);

		for (size_t j = 0; j < json_array_size(one); j++)
			x[j] = json_number_value(json_array_get(one, j));
		v[i] = (struct values){ x, json_array_size(one) };
	}
	s = pool_samples(v, k, &c->arena);
	r = anderson_darling(&s, &c->arena);
	want(c, "AD_A2kN", r.a2[AD_RIGHT]);
	want(c, "AD_A2akN", r.a2[AD_MIDRANK]);
	want(c, "sigma", r.sigma);
	want(c, "T_A2kN", r.t[AD_RIGHT]);
	want(c, "T_A2akN", r.t[AD_MIDRANK]);
	want(c, "T_scipy_midrank", r.t[AD_MIDRANK]);
	want_near(c, "p_A2kN", r.p[AD_RIGHT], 3e-3);
	want_near(c, "p_A2akN", r.p[AD_MIDRANK], 3e-3);
	want(c, "p_scipy_capped", r.p_table[AD_MIDRANK]);
	if (r.has_exact) {
		want_near(c, "p_exact_A2kN", r.p_exact[AD_RIGHT], 1e-9);
		want_near(c, "p_exact_A2akN", r.p_exact[AD_MIDRANK], 1e-9);
	}
}

void
oracle_contingency(struct check *c)
{
	json_t *list = json_object_get(c->case_, "table"), *two;
	size_t rows = json_array_size(list), cols = json_array_size(json_array_get(list, 0));
	long *t = arena_array(&c->arena, rows * cols, sizeof *t);
	struct contingency r;
	struct fisher_table any;

	for (size_t i = 0; i < rows * cols; i++)
		t[i] = (long)json_number_value(json_array_get(json_array_get(list, i / cols),
		    i % cols));
	r = contingency(t, rows, cols, &c->arena);
	want(c, "df", (double)r.df);
	want_if(c, "chi2", r.known, r.chi2);
	want_if(c, "chi2_p", r.known, r.p_chi2);
	want_if(c, "G", r.known, r.g);
	want_if(c, "G_p", r.known, r.p_g);
	want_if(c, "cramers_v", r.known, r.cramers_v);
	want_if(c, "chi2_yates", r.has_yates, r.yates);
	want_if(c, "chi2_yates_p", r.has_yates, r.p_yates);
	any = fisher_exact(t, rows, cols, &c->arena);
	if (rows == 2 && cols == 2) {
		struct fisher f = fisher_2x2(t[0], t[1], t[2], t[3]);

		if (any.known && fabs(any.p - f.two) > 1e-9 * f.two)
			fail(c, "fisher_two", "the two ways of computing it disagree");
		want(c, "fisher_two", f.two);
		want(c, "fisher_less", f.less);
		want(c, "fisher_greater", f.greater);
		return;
	}
	/* R has seven digits, and null where its workspace was too small. */
	two = take(c, "fisher_two");
	if (json_is_number(two))
		compare(c, "fisher_two", two, any.known ? any.p : NAN,
		    1e-7 * json_number_value(two));
}

static long *
in_counts(struct check *c, const char *key, size_t *k)
{
	double *x = in_reals(c, key, k);
	long *count = arena_array(&c->arena, *k + 1, sizeof *count);

	for (size_t i = 0; i < *k; i++)
		count[i] = (long)x[i];
	return count;
}

static void
want_counts(struct check *c, const char *key, const long *count, size_t k)
{
	double *x = arena_array(&c->arena, k + 1, sizeof *x);

	for (size_t i = 0; i < k; i++)
		x[i] = (double)count[i];
	want_reals(c, key, x, k, 0);
}

static void
check_samples(struct check *c)
{
	struct pooled s = in_pair(c, "x", "y");
	struct sample_distance r = sample_distance(&s, &c->arena);

	want_near(c, "wasserstein1", r.wasserstein, 1e-12);
	want_near(c, "energy_distance_scipy", r.energy, 1e-12);
	want_near(c, "energy_statistic_R", r.energy_statistic, 1e-12);
	want_if(c, "normed_wasserstein", r.has_normed, r.normed);
}

static void
check_bins(struct check *c)
{
	size_t n, m, nedge, bins = (size_t)in_long(c, "bins");
	double *x = in_reals(c, "reference", &n), *y = in_reals(c, "current", &m);
	double *edge = arena_array(&c->arena, bins, sizeof *edge);
	long *a = arena_array(&c->arena, bins, sizeof *a), *b = arena_array(&c->arena, bins, sizeof *b);
	struct count_distance r;

	nedge = quantile_edges(x, n, bins, edge, &c->arena);
	bin_counts(x, n, edge, nedge, a);
	bin_counts(y, m, edge, nedge, b);
	r = count_distance(a, b, nedge + 1);
	want_reals(c, "edges", edge, nedge, 1e-12);
	want_counts(c, "ref_counts", a, nedge + 1);
	want_counts(c, "cur_counts", b, nedge + 1);
	want_near(c, "psi_halfcount", r.psi_half, 1e-12);
	want_near(c, "psi_floor_1e4", r.psi_floor, 1e-12);
}

static void
check_counts(struct check *c)
{
	size_t k, k2;
	long *a = in_counts(c, "reference", &k), *b = in_counts(c, "current", &k2);
	struct count_distance r = count_distance(a, b, k);
	double n = 0, m = 0;

	for (size_t i = 0; i < k; i++) {
		n += (double)a[i];
		m += (double)b[i];
	}
	want_near(c, "js_distance_e", r.js_nats, 1e-9);
	want_near(c, "js_distance_2", r.js_bits, 1e-9);
	want_near(c, "psi_floor_1e4", r.psi_floor, 1e-12);
	want_near(c, "psi_halfcount", r.psi_half, 1e-12);
	want_near(c, "total_variation", r.total_variation, 1e-12);
	want_near(c, "hellinger", r.hellinger, 1e-9);
	want(c, "psi_null_mean_approx", psi_under_null(k, n, m));
}

void
oracle_distances(struct check *c)
{
	const char *kind = in_text(c, "kind");

	if (str_is(str_of(kind), "samples"))
		check_samples(c);
	else if (str_is(str_of(kind), "counts"))
		check_counts(c);
	else
		check_bins(c);
}
