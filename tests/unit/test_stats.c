/*
 * test_stats.c -- properties of the statistics that no golden number states.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static double
uniform(uint64_t *at)
{
	return rng_unit(rng_next(rng_key(11, "test_stats"), (*at)++));
}

static void
assert_p(double p)
{
	assert_true(p > 0 && p <= 1);
}

/* Whatever the design, a comparison hands out numbers, ordered intervals and p in (0,1]. */
static void
assert_sane(const struct paired *p)
{
	assert_p(p->p_noninferiority);
	assert_p(p->p_regression);
	assert_true(isfinite(p->at) && isfinite(p->se) && isfinite(p->sd) && isfinite(p->psi));
	assert_true(isfinite(p->candidate) && isfinite(p->baseline));
	assert_true(p->ci95.lo <= p->ci.lo && p->ci.lo <= p->at + 1e-12);
	assert_true(p->at <= p->ci.hi + 1e-12 && p->ci.hi <= p->ci95.hi);
	if (p->known)
		assert_true(p->ci.hi > p->ci.lo);
}

/* ---- one rate ---- */

static void
rates_stay_inside_and_contain_the_estimate(void **state)
{
	static const long n[] = { 1, 2, 3, 10, 59, 300, 5000 };

	(void)state;
	for (size_t k = 0; k < COUNT(n); k++)
		for (long x = 0; x <= n[k]; x += n[k] > 100 ? n[k] / 50 : 1) {
			double p = (double)x / (double)n[k];
			struct interval i[] = { rate_wilson(x, n[k], 0.95),
			    rate_clopper_pearson(x, n[k], 0.95), rate_jeffreys(x, n[k], 0.95) };
			struct interval flip = rate_wilson(n[k] - x, n[k], 0.95);

			for (size_t m = 0; m < COUNT(i); m++) {
				assert_true(i[m].lo >= 0 && i[m].hi <= 1 && i[m].lo < i[m].hi);
				if (m < 2)
					assert_true(i[m].lo <= p && p <= i[m].hi);
			}
			CLOSE(flip.lo, 1 - i[0].hi, 1e-13);
			assert_true(x > 0 || i[0].lo == 0);
			assert_true(x < n[k] || i[0].hi == 1);
		}
}

static void
no_cases_are_no_knowledge(void **state)
{
	struct arena a = { 0 };
	struct sample s = { .binary = true };
	struct estimate e = sample_estimate(&s, 0.95, &a);
	struct paired p = paired_compare(&s, NULL, NULL, false, 0.02, 0.05, &a);

	(void)state;
	assert_true(rate_wilson(0, 0, 0.95).lo == 0 && rate_wilson(0, 0, 0.95).hi == 1);
	assert_false(e.known);
	assert_true(e.lo == 0 && e.hi == 1);
	assert_false(p.known);
	assert_true(p.p_noninferiority == 1 && p.p_regression == 1);
	assert_int_equal(quantile_ranks(0, 0.5, 0.95).lo, 0);
	arena_free(&a);
}

/* The 95th percentile has an upper bound from 72 values on, two-sided 95 % (59 one-sided). */
static void
quantiles_need_enough_values(void **state)
{
	(void)state;
	assert_int_equal(quantile_ranks(71, 0.95, 0.95).hi, 0);
	assert_int_equal(quantile_ranks(72, 0.95, 0.95).hi, 72);
	assert_int_equal(quantile_ranks(59, 0.95, 0.90).hi, 59);
	assert_int_equal(quantile_ranks(58, 0.95, 0.90).hi, 0);
	assert_true(quantile_ranks(200, 0.5, 0.95).coverage >= 0.95);
}

static void
quantiles_invert_their_distributions(void **state)
{
	static const double p[] = { 1e-200, 1e-12, 0.003, 0.2, 0.5, 0.71, 0.999 };

	(void)state;
	for (size_t i = 0; i < COUNT(p); i++) {
		CLOSE(normal_cdf(normal_quantile(p[i])) / p[i], 1, 1e-12);
		CLOSE(t_cdf(t_quantile(p[i], 3.7), 3.7) / p[i], 1, 1e-12);
		CLOSE(chi2_cdf(chi2_quantile(p[i], 2.5), 2.5) / p[i], 1, 1e-12);
		CLOSE(beta_cdf(beta_quantile(p[i], 3.5, 800), 3.5, 800) / p[i], 1, 1e-11);
	}
	assert_true(isfinite(normal_quantile(0)) && isfinite(normal_quantile(1)));
	assert_true(isfinite(t_quantile(0, 5)) && isfinite(t_quantile(1, 5)));
	assert_true(isfinite(chi2_quantile(1, 5)) && isfinite(chi2_isf(0, 5)));
}

/* ---- means ---- */

enum { N = 60 };

static void
fill(double *y, uint64_t *at, double pass)
{
	for (int i = 0; i < N; i++)
		y[i] = uniform(at) < pass;
}

static void
copies_in_a_cluster_add_nothing(void **state)
{
	struct arena a = { 0 };
	double y[N], many[N * 7];
	long cluster[N * 7];
	uint64_t at = 0;
	struct sample one = { .y = y, .n = N };
	struct sample seven = { .y = many, .cluster = cluster, .n = (size_t)N * 7, .ncluster = N };
	struct interval i, j;
	struct mean m;

	(void)state;
	fill(y, &at, 0.7);
	for (int k = 0; k < N * 7; k++) {
		many[k] = y[k % N];
		cluster[k] = k % N;
	}
	m = sample_mean(&one, &a);
	i = mean_interval(&m, 0.95);
	m = sample_mean(&seven, &a);
	j = mean_interval(&m, 0.95);
	CLOSE(i.lo, j.lo, 1e-12);
	CLOSE(i.hi, j.hi, 1e-12);
	assert_int_equal(m.nclusters, N);
	arena_free(&a);
}

static void
order_of_units_does_not_matter(void **state)
{
	struct arena a = { 0 };
	double y[N], back[N], share[3] = { 0.5, 0.3, 0.2 };
	int stratum[N], sback[N];
	long cluster[N], cback[N];
	uint64_t at = 500;

	(void)state;
	for (int i = 0; i < N; i++) {
		y[i] = uniform(&at) * 3 - 1;
		stratum[i] = (i / 4) % 3;
		cluster[i] = i / 4;
	}
	for (int i = 0; i < N; i++) {
		back[i] = y[N - 1 - i];
		sback[i] = stratum[N - 1 - i];
		cback[i] = cluster[N - 1 - i];
	}
	for (int design = 0; design < 4; design++) {
		struct sample s = { .y = y, .n = N }, t = { .y = back, .n = N };
		struct mean m, k;

		if (design & 1) {
			s.stratum = stratum, t.stratum = sback;
			s.share = t.share = share;
			s.nstratum = t.nstratum = 3;
		}
		if (design & 2) {
			s.cluster = cluster, t.cluster = cback;
			s.ncluster = t.ncluster = N / 4;
		}
		m = sample_mean(&s, &a);
		k = sample_mean(&t, &a);
		CLOSE(m.at, k.at, 1e-13);
		CLOSE(m.se, k.se, 1e-13);
		CLOSE(m.df, k.df, 1e-10);
	}
	arena_free(&a);
}

static void
empty_stratum_gives_its_share_away(void **state)
{
	struct arena a = { 0 };
	double y[] = { 1, 0, 1, 1, 0, 1, 1, 1 }, share[] = { 0.5, 0.25, 0.25 };
	int stratum[] = { 0, 0, 0, 0, 2, 2, 2, 2 };
	struct sample s = { .y = y, .stratum = stratum, .share = share, .n = 8, .nstratum = 3 };
	struct mean m = sample_mean(&s, &a);

	(void)state;
	CLOSE(m.moved, 0.25, 1e-15);
	CLOSE(m.at, 0.75, 1e-15);
	share[0] = share[2] = 0;
	share[1] = 1;
	assert_false(sample_mean(&s, &a).known);
	arena_free(&a);
}

/* An all-pass stratum of four units, and a lone unit, are not certain. */
static void
small_strata_are_not_certain(void **state)
{
	struct arena a = { 0 };
	double y[] = { 1, 1, 1, 1, 0, 1, 0, 1, 1 }, share[] = { 0.4, 0.3, 0.3 };
	int stratum[] = { 0, 0, 0, 0, 1, 1, 1, 1, 2 };
	struct sample s = { .y = y, .stratum = stratum, .share = share, .n = 9, .nstratum = 3 };
	struct mean m = sample_mean(&s, &a);
	double whole = 7 * (2.0 / 9) * (2.0 / 9) + 2 * (7.0 / 9) * (7.0 / 9);
	double var = 0.16 * (0.1 * 0.9) / 4 + 0.09 * (1.0 / 3) / 4 + 0.09 * (whole / 8);

	(void)state;
	CLOSE(m.se, sqrt(var), 1e-14);
	assert_true(m.has_se && m.df > 1);
	arena_free(&a);
}

static void
no_variation_gets_the_exact_bound(void **state)
{
	struct arena a = { 0 };
	double y[N], zero[N] = { 0 };
	long cluster[N];
	struct sample s = { .y = y, .n = N, .cluster = cluster, .ncluster = N / 3 };
	struct mean m;
	struct interval i;
	struct paired p;

	(void)state;
	for (int k = 0; k < N; k++) {
		y[k] = 1;
		cluster[k] = k / 3;
	}
	m = sample_mean(&s, &a);
	assert_true(m.degenerate && !m.has_se);
	i = mean_interval(&m, 0.90);
	CLOSE(i.lo, pow(0.05, 1.0 / 20), 1e-14);
	assert_true(i.hi == 1);
	/* Both runs all wrong: no change seen, but twenty clusters cannot exclude a small one. */
	p = paired_compare(&s, zero, zero, false, 0.05, 0.05, &a);
	CLOSE(p.ci.lo, -(1 - pow(0.05, 1.0 / 20)), 1e-14);
	CLOSE(p.p_noninferiority, pow(0.95, 20), 1e-14);
	assert_true(p.p_regression == 1);
	/* One value outside [0,1]: no range is known, so nothing is claimed. */
	for (int k = 0; k < N; k++)
		y[k] = 250;
	p = paired_compare(&s, y, zero, true, 1, 0.05, &a);
	assert_false(p.bounded);
	assert_true(p.p_noninferiority == 1 && p.p_regression == 1);
	assert_true(p.ci.lo == -DBL_MAX);
	arena_free(&a);
}

static void
one_unit_or_one_cluster_has_no_error(void **state)
{
	struct arena a = { 0 };
	double y[] = { 1, 0, 1 };
	long cluster[] = { 0, 0, 0 };
	struct sample one = { .y = y, .n = 1 };
	struct sample block = { .y = y, .n = 3, .cluster = cluster, .ncluster = 1 };
	struct mean m = sample_mean(&one, &a), k = sample_mean(&block, &a);

	(void)state;
	assert_true(m.known && !m.has_se && !m.degenerate);
	assert_true(mean_interval(&m, 0.95).lo == 0 && mean_interval(&m, 0.95).hi == 1);
	assert_true(k.known && !k.has_se);
	CLOSE(k.at, 2.0 / 3, 1e-15);
	arena_free(&a);
}

/* A plain weighted mean with equal weights is a plain mean. */
static void
equal_weights_change_nothing(void **state)
{
	struct arena a = { 0 };
	double y[N], w[N];
	uint64_t at = 900;
	struct sample s = { .y = y, .n = N };
	struct mean m, k;

	(void)state;
	fill(y, &at, 0.4);
	for (int i = 0; i < N; i++)
		w[i] = 3;
	m = sample_mean(&s, &a);
	s.weight = w;
	k = sample_mean(&s, &a);
	CLOSE(m.at, k.at, 1e-14);
	CLOSE(m.se, k.se, 1e-14);
	CLOSE(k.n_eff, N, 1e-10);
	CLOSE(m.df, k.df, 0);
	w[0] = 0.5;
	assert_true(sample_mean(&s, &a).n_eff < N);
	arena_free(&a);
}

/* ---- pairs ---- */

static void
swapping_the_runs_negates(void **state)
{
	struct arena a = { 0 };
	double x[N], y[N], share[2] = { 0.9, 0.1 };
	int stratum[N];
	uint64_t at = 2000;

	(void)state;
	for (int i = 0; i < N; i++)
		stratum[i] = i % 2;
	for (int k = 0; k < 40; k++) {
		struct sample s = { .n = N, .binary = true };
		struct paired p, q, r;

		fill(x, &at, 0.8);
		fill(y, &at, 0.7);
		if (k % 2) {
			s.stratum = stratum;
			s.share = share;
			s.nstratum = 2;
		}
		p = paired_compare(&s, x, y, false, 0.02, 0.05, &a);
		q = paired_compare(&s, y, x, false, 0.02, 0.05, &a);
		r = paired_compare(&s, y, x, true, 0.02, 0.05, &a);
		assert_sane(&p);
		assert_sane(&q);
		CLOSE(p.at, -q.at, 1e-14);
		CLOSE(p.ci.lo, -q.ci.hi, 1e-12);
		CLOSE(p.ci95.hi, -q.ci95.lo, 1e-12);
		assert_true(p.table.b == q.table.c && p.table.c == q.table.b);
		/* Turning the scale turns the runs. */
		CLOSE(p.at, r.at, 1e-14);
		CLOSE(p.p_regression, r.p_regression, 1e-14);
		assert_true(p.table.b == r.table.b && p.table.n11 == r.table.n00);
	}
	arena_free(&a);
}

static void
every_shape_of_pairs_is_answered(void **state)
{
	struct arena a = { 0 };
	double x[N], y[N], share[3] = { 0.6, 0.3, 0.1 };
	int stratum[N];
	long cluster[N];
	uint64_t at = 7000;

	(void)state;
	for (int k = 0; k < 1500; k++) {
		struct sample s = { .n = (size_t)(1 + k % N), .binary = true };
		double pass = (k / 7 % 5) / 4.0, drop = (k / 3 % 3) * 0.2;
		struct paired p;

		for (int i = 0; i < N; i++) {
			stratum[i] = (int)(uniform(&at) * 3);
			cluster[i] = (long)(uniform(&at) * (1 + k % 9));
			y[i] = uniform(&at) < pass;
			x[i] = uniform(&at) < 0.6 ? y[i] : uniform(&at) < pass - drop;
			if (k % 11 == 0)
				x[i] = y[i] * 0.5;
		}
		if (k % 2) {
			s.stratum = stratum;
			s.share = share;
			s.nstratum = 3;
		}
		if (k % 3 == 0) {
			s.cluster = cluster;
			s.ncluster = 9;
		}
		p = paired_compare(&s, x, y, k % 5 == 0, 0.02, 0.05, &a);
		assert_sane(&p);
		assert_true(p.bounded);
		arena_reset(&a);
	}
	arena_free(&a);
}

/* 133 pairs without a discordant one are the first that clear a margin of 2 points. */
static void
no_discordance_still_has_width(void **state)
{
	(void)state;
	assert_true(tango_interval(0, 0, 132, 0.90).lo < -0.02);
	assert_true(tango_interval(0, 0, 133, 0.90).lo > -0.02);
	assert_true(tango_z(0, 0, 0, -0.02) == 0);
	assert_true(tango_interval(20, 0, 20, 0.9).lo == -1);
	assert_true(tango_interval(0, 20, 20, 0.9).hi == 1);
	assert_true(mcnemar_regression(0, 0).p_midp == 1);
	assert_p(mcnemar_regression(5000, 0).p_midp);
	assert_true(mcnemar_regression(0, 5000).p_midp <= 1);
}

static void
gsm8k_known_answer(void **state)
{
	enum { PAIRS = 382 + 76 + 360 + 501 };
	struct arena a = { 0 };
	double x[PAIRS], y[PAIRS];
	struct sample s = { .n = PAIRS, .binary = true };
	struct paired p;

	(void)state;
	for (int i = 0; i < PAIRS; i++) {
		y[i] = i < 382 + 76;
		x[i] = i < 382 || (i >= 382 + 76 && i < 382 + 76 + 360);
	}
	p = paired_compare(&s, x, y, false, 0.02, 0.05, &a);
	assert_true(p.table.n11 == 382 && p.table.b == 76 && p.table.c == 360);
	assert_int_equal(p.table.n00, 501);
	CLOSE(p.at, 284.0 / 1319, 1e-15);
	CLOSE(p.psi, 436.0 / 1319, 1e-15);
	assert_true(p.ci95.lo > 0.18 && p.ci95.hi < 0.25);
	assert_true(p.p_noninferiority < 1e-30 && p.p_regression > 0.999);
	assert_string_equal(p.method, "tango score");
	assert_string_equal(p.p_method, "mcnemar mid-p");
	arena_free(&a);
}

/* ---- planning ---- */

static void
sizes_answer_their_own_question(void **state)
{
	double d;

	(void)state;
	assert_int_equal(size_noninferiority(0.02, 0, 0.16, 0.05, 0.8), 2474);
	assert_int_equal(size_noninferiority(0.02, 0.02, 0.16, 0.05, 0.8), 0);
	assert_int_equal(size_noninferiority_mean(0.02, 0, 0.4, 0.05, 0.8), 2474);
	assert_int_equal(size_rate_bound(0.9, 0.9, 0.05, 0.8), 0);
	assert_true(size_rate_bound(0.9, 0.85, 0.05, 0.8) > size_rate_bound(0.95, 0.85, 0.05, 0.8));
	assert_int_equal(size_zero_failures(0.01, 0.95), 299);
	for (long n = 50; n < 20000; n *= 3) {
		d = mde_paired(n, 0.16, 0.05, 0.8);
		if (d <= 0.16)
			CLOSE(pairs_detect(d, 0.16, 0.05, 1, 0.8) / (double)n, 1, 1e-9);
		/* Nothing discordant is planned: the drop brings its own. */
		d = mde_paired(n, 0, 0.05, 0.8);
		CLOSE(pairs_detect(d, d, 0.05, 1, 0.8) / (double)n, 1, 1e-6);
	}
	assert_true(mde_paired(0, 0.16, 0.05, 0.8) == 1);
}

static void
adjusting_nothing_or_one(void **state)
{
	double p[] = { 0.03 };
	bool rejected[1];

	(void)state;
	adjust_holm(NULL, 0);
	adjust_bh(NULL, 0);
	adjust_holm(p, 1);
	adjust_bh(p, 1);
	assert_true(p[0] == 0.03);
	assert_int_equal(ebh_reject(NULL, 0, 0.05, NULL), 0);
	assert_int_equal(ebh_reject((double[]){ 20 }, 1, 0.05, rejected), 1);
	assert_true(rejected[0]);
}

/* Nothing rated, forecast or tried is undefined or certain, never NaN. */
static void
little_data_is_marked(void **state)
{
	struct arena a = { 0 };
	bool there[] = { true, false, false, true };
	double x[] = { 1, 0, 0, 2 }, sure = 1, wrong = 0;
	long out[2], most[] = { 3, 3 };

	(void)state;
	assert_false(cohen_kappa((double[]){ 0, 0, 0, 0 }, 2, KAPPA_NOMINAL, &a).known);
	assert_false(krippendorff_alpha(x, there, 2, 2, ALPHA_NOMINAL, &a).known);
	assert_false(calibration(NULL, NULL, 0, 10, &a).known);
	assert_false(calibration(&sure, &wrong, 1, 10, &a).has_log_loss);
	assert_true(calibration(&sure, &wrong, 1, 10, &a).ece_width == 1);
	assert_false(wilcoxon_exact((double[]){ 0, 1 }, 2, &a).known);
	assert_true(signflip_exact(NULL, 0).two == 1);
	assert_true(pass_at_k(5, 0, 5) == 0 && pass_at_k(5, 1, 5) == 1 && pass_hat_k(5, 4, 5) == 0);
	assert_true(allocate_wright((double[]){ 1, 9 }, most, 2, 6, 2, out));
	assert_true(out[0] == 3 && out[1] == 3);
	assert_false(allocate_wright((double[]){ 1, 9 }, most, 2, 7, 2, out));
	assert_false(allocate_wright((double[]){ 1, 9 }, most, 2, 3, 2, out));
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_stay_inside_and_contain_the_estimate),
		cmocka_unit_test(no_cases_are_no_knowledge),
		cmocka_unit_test(quantiles_need_enough_values),
		cmocka_unit_test(quantiles_invert_their_distributions),
		cmocka_unit_test(copies_in_a_cluster_add_nothing),
		cmocka_unit_test(order_of_units_does_not_matter),
		cmocka_unit_test(empty_stratum_gives_its_share_away),
		cmocka_unit_test(small_strata_are_not_certain),
		cmocka_unit_test(no_variation_gets_the_exact_bound),
		cmocka_unit_test(one_unit_or_one_cluster_has_no_error),
		cmocka_unit_test(equal_weights_change_nothing),
		cmocka_unit_test(swapping_the_runs_negates),
		cmocka_unit_test(every_shape_of_pairs_is_answered),
		cmocka_unit_test(no_discordance_still_has_width),
		cmocka_unit_test(gsm8k_known_answer),
		cmocka_unit_test(sizes_answer_their_own_question),
		cmocka_unit_test(adjusting_nothing_or_one),
		cmocka_unit_test(little_data_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
