/*
 * test_twosample.c -- properties of the comparisons of samples: symmetry, order, degenerate
 * input, closed forms, level, and exact p-values against plain enumeration.
 */
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
	return rng_unit(rng_next(rng_key(5, "test_twosample"), (*at)++));
}

/* `kinds` > 0: that many different values at most. */
static void
draw(double *v, size_t n, double shift, int kinds, uint64_t *at)
{
	for (size_t i = 0; i < n; i++) {
		double u = uniform(at);

		v[i] = shift + (kinds > 0 ? floor(u * kinds) : normal_quantile(u));
	}
}

static void
assert_p(double p)
{
	assert_true(p > 0 && p <= 1);
}

/* ---- everything at once ---- */

struct all {
	struct ks ks;
	struct mann_whitney mw;
	struct cramer_von_mises cvm;
	struct anderson_darling ad;
	struct sample_distance distance;
};

static struct all
compare(const double *x, size_t n, const double *y, size_t m, struct arena *a)
{
	struct pooled s = pool_two(x, n, y, m, a);

	return (struct all){ ks_test(&s, a), mann_whitney(&s, a), cramer_von_mises(&s),
	    anderson_darling(&s, a), sample_distance(&s, a) };
}

static void
assert_sane(const struct all *r)
{
	assert_p(r->ks.p);
	assert_p(r->ks.p_limit);
	assert_p(r->ks.p_exact);
	assert_p(r->ks.p_untied);
	assert_true(r->ks.d >= 0 && r->ks.d <= 1);
	assert_p(r->mw.p);
	assert_p(r->mw.p_continuity);
	assert_p(r->mw.p_exact);
	assert_true(r->mw.p <= r->mw.p_continuity);
	assert_true(r->mw.auc >= 0 && r->mw.auc <= 1 && isfinite(r->mw.z));
	assert_p(r->cvm.p);
	assert_p(r->cvm.p_exact);
	assert_true(isfinite(r->cvm.t));
	for (int v = 0; v < AD_VERSIONS; v++) {
		assert_true(isfinite(r->ad.a2[v]) && isfinite(r->ad.t[v]) && isfinite(r->ad.sigma));
		assert_p(r->ad.p[v]);
		assert_p(r->ad.p_table[v]);
		assert_p(r->ad.p_exact[v]);
	}
	assert_true(r->distance.wasserstein >= 0 && r->distance.energy >= 0);
	assert_true(isfinite(r->distance.normed) && isfinite(r->distance.energy_statistic));
}

static void
assert_alike(const struct all *a, const struct all *b)
{
	assert_true(a->ks.d == b->ks.d);
	CLOSE(a->ks.p_exact, b->ks.p_exact, 1e-13);
	CLOSE(a->ks.p_untied, b->ks.p_untied, 1e-13);
	CLOSE(a->ks.p_limit, b->ks.p_limit, 1e-13);
	CLOSE(a->mw.p, b->mw.p, 1e-13);
	CLOSE(a->mw.p_exact, b->mw.p_exact, 1e-13);
	CLOSE(a->cvm.t, b->cvm.t, 1e-12);
	CLOSE(a->cvm.p, b->cvm.p, 1e-11);
	CLOSE(a->cvm.p_exact, b->cvm.p_exact, 1e-13);
	for (int v = 0; v < AD_VERSIONS; v++) {
		CLOSE(a->ad.a2[v], b->ad.a2[v], 1e-10);
		CLOSE(a->ad.p[v], b->ad.p[v], 1e-10);
		CLOSE(a->ad.p_exact[v], b->ad.p_exact[v], 1e-12);
	}
	CLOSE(a->distance.wasserstein, b->distance.wasserstein, 1e-12);
	CLOSE(a->distance.energy, b->distance.energy, 1e-12);
}

static void
swapping_and_reordering_change_nothing(void **state)
{
	struct arena a = { 0 };
	uint64_t at = 0;

	(void)state;
	for (int run = 0; run < 200; run++) {
		double x[12], y[12], x2[12];
		size_t n = 1 + (size_t)(uniform(&at) * 11), m = 1 + (size_t)(uniform(&at) * 7);
		int kinds = run % 3 == 0 ? 0 : run % 5;
		struct all one, other;

		draw(x, n, 0, kinds, &at);
		draw(y, m, run % 2, kinds, &at);
		for (size_t i = 0; i < n; i++)
			x2[i] = x[i];
		for (size_t i = n; i-- > 1; ) {
			size_t j = (size_t)(uniform(&at) * (double)(i + 1));
			double v = x2[i];

			x2[i] = x2[j];
			x2[j] = v;
		}
		one = compare(x, n, y, m, &a);
		assert_sane(&one);
		other = compare(x2, n, y, m, &a);
		assert_alike(&one, &other);
		assert_true(one.mw.u == other.mw.u);
		other = compare(y, m, x, n, &a);
		assert_alike(&one, &other);
		CLOSE(one.mw.auc, 1 - other.mw.auc, 1e-13);
		CLOSE(one.mw.u + other.mw.u, (double)(n * m), 0);
		arena_reset(&a);
	}
	arena_free(&a);
}

static void
a_sample_is_no_distance_from_itself(void **state)
{
	struct arena a = { 0 };
	double x[60];
	uint64_t at = 9000;
	struct all r;

	(void)state;
	draw(x, 60, 0, 0, &at);
	r = compare(x, 60, x, 60, &a);
	assert_true(r.ks.d == 0 && r.ks.p_exact == 1 && r.ks.p_untied == 1 && r.ks.p == 1);
	assert_true(r.mw.auc == 0.5 && r.mw.p == 1 && r.mw.p_continuity == 1);
	assert_true(r.distance.wasserstein == 0 && r.distance.energy == 0);
	CLOSE(r.cvm.t, 0, 1e-9);
	CLOSE(r.cvm.p, 1, 1e-9);
	arena_free(&a);
}

static void
nothing_to_compare_is_not_known(void **state)
{
	struct arena a = { 0 };
	double x[] = { 1, 2, 3 }, same[] = { 4, 4, 4, 4, 4 };
	struct pooled three;
	struct all r;

	(void)state;
	for (size_t n = 0; n < 4; n += 3) {
		r = compare(x, n, x, 3 - n, &a);
		assert_sane(&r);
		assert_false(r.ks.known || r.mw.known || r.cvm.known || r.ad.known);
		assert_false(r.distance.known || r.distance.has_normed || r.ks.has_exact);
		assert_true(r.ks.p == 1 && r.mw.p == 1 && r.cvm.p == 1 && r.ad.p[0] == 1);
	}
	r = compare(x, 0, x, 0, &a);
	assert_sane(&r);
	assert_false(r.ks.known || r.ad.known || r.distance.known);

	/* All values the same: no rank differs, and no variance is left to test by. */
	r = compare(same, 3, same, 2, &a);
	assert_sane(&r);
	assert_true(r.ks.known && r.ks.d == 0 && r.ks.p == 1);
	assert_true(r.mw.known && !r.mw.varies && r.mw.p == 1 && !r.mw.has_exact);
	assert_false(r.ad.known);
	assert_true(r.distance.known && !r.distance.has_normed && r.distance.normed == 0);

	/* One value each: every order is as likely. */
	r = compare(x, 1, x + 1, 1, &a);
	assert_sane(&r);
	assert_true(r.ks.d == 1 && r.ks.p == 1 && r.cvm.p == 1 && r.cvm.p_exact == 1);
	assert_false(r.ad.known);

	three = pool_samples((struct values[]){ { x, 3 }, { x, 0 }, { same, 5 } }, 3, &a);
	assert_false(anderson_darling(&three, &a).known);
	three = pool_samples((struct values[]){ { x, 3 } }, 1, &a);
	assert_false(anderson_darling(&three, &a).known);
	arena_free(&a);
}

/* ---- closed forms ---- */

static double
choose(double n, double k)
{
	double c = 1;

	for (double i = 1; i <= k; i++)
		c = c * (n - k + i) / i;
	return c;
}

static void
samples_apart_have_known_p_values(void **state)
{
	struct arena a = { 0 };
	double x[30], y[30];

	(void)state;
	for (size_t n = 2; n <= 30; n += 4) {
		size_t m = n / 2 + 1;
		double p = 2 / choose((double)(n + m), (double)n);
		struct all r;

		for (size_t i = 0; i < n; i++)
			x[i] = (double)i;
		for (size_t i = 0; i < m; i++)
			y[i] = 1000 + (double)i;
		r = compare(x, n, y, m, &a);
		assert_true(r.ks.d == 1 && r.mw.auc == 1 && r.mw.u == 0);
		CLOSE(r.ks.p / p, 1, 1e-12);
		CLOSE(r.mw.p_exact / p, 1, 1e-12);
		if (r.cvm.has_exact)
			CLOSE(r.cvm.p_exact / p, 1, 1e-12);
		/* Every x moves by the gap of the means. */
		CLOSE(r.distance.wasserstein, 1000 + 0.5 * (double)(m - 1) - 0.5 * (double)(n - 1), 1e-9);
	}
	arena_free(&a);
}

/* Moved by c, each value is c away; scaled by c, all distances are. */
static void
distances_move_with_the_values(void **state)
{
	struct arena a = { 0 };
	double x[50], y[50], z[50];
	uint64_t at = 100000;
	struct all one, other;

	(void)state;
	draw(x, 50, 0, 0, &at);
	for (size_t i = 0; i < 50; i++) {
		y[i] = x[i] + 0.25;
		z[i] = 3 * x[i];
	}
	one = compare(x, 50, y, 50, &a);
	CLOSE(one.distance.wasserstein, 0.25, 1e-13);
	draw(y, 50, 1, 0, &at);
	one = compare(x, 50, y, 50, &a);
	for (size_t i = 0; i < 50; i++)
		y[i] *= 3;
	other = compare(z, 50, y, 50, &a);
	CLOSE(other.distance.wasserstein, 3 * one.distance.wasserstein, 1e-12);
	CLOSE(other.distance.energy, sqrt(3) * one.distance.energy, 1e-12);
	CLOSE(other.distance.normed, one.distance.normed, 1e-12);
	CLOSE(other.ad.a2[AD_MIDRANK], one.ad.a2[AD_MIDRANK], 1e-12);
	arena_free(&a);
}

/* Published critical points, to the digits that were published. */
static void
limits_have_their_critical_points(void **state)
{
	(void)state;
	CLOSE(cramer_von_mises_sf(0.34730), 0.10, 1e-5);
	CLOSE(cramer_von_mises_sf(0.46136), 0.05, 1e-5);
	CLOSE(cramer_von_mises_sf(0.74346), 0.01, 1e-6);
	CLOSE(cramer_von_mises_sf(1.16786), 0.001, 1e-7);
	CLOSE(anderson_darling_sf(1.9330, 1), 0.10, 1e-5);
	CLOSE(anderson_darling_sf(2.4924, 1), 0.05, 1e-5);
	CLOSE(anderson_darling_sf(3.8781, 1), 0.01, 1e-6);
	for (double df = 1; df <= 200; df = 2 * df + 1) {
		double last = 1, sd = sqrt(0.58 * df);

		for (double x = 0; x < df + 40 * sd; x += 0.2 * sd) {
			double p = anderson_darling_sf(x, df);

			assert_true(p >= 0 && p <= last + 1e-9);
			last = p;
		}
	}
	/* Far out the largest weight alone decides the slope, but for the root of x. */
	CLOSE(log(cramer_von_mises_sf(101) / cramer_von_mises_sf(100)), -0.5 * M_PI * M_PI, 0.006);
	CLOSE(log(anderson_darling_sf(301, 1) / anderson_darling_sf(300, 1)), -1, 0.002);
	assert_true(anderson_darling_sf(600, 1) > 0);
}

/* The finite distribution approaches Kolmogorov's, and its formulas meet. */
static void
kolmogorov_at_finite_size(void **state)
{
	struct arena a = { 0 };

	(void)state;
	assert_true(kolmogorov_finite_sf(10, 0, &a) == 1 && kolmogorov_finite_sf(10, 1, &a) == 0);
	assert_true(kolmogorov_finite_sf(0, 0.3, &a) == 1);
	/* n = 1: D = max(u, 1-u); n = 2: the published 5 % point. */
	CLOSE(kolmogorov_finite_sf(1, 0.7, &a), 0.6, 1e-15);
	CLOSE(kolmogorov_finite_sf(2, 0.84189, &a), 0.05, 1e-5);
	CLOSE(kolmogorov_finite_sf(10, 0.40925, &a), 0.05, 2e-5);
	CLOSE(kolmogorov_finite_sf(20, 0.29408, &a), 0.05, 2e-5);
	for (double z = 0.5; z < 2.2; z += 0.1) {
		double at_140 = kolmogorov_finite_sf(140, z / sqrt(140), &a);
		double at_141 = kolmogorov_finite_sf(141, z / sqrt(141), &a);
		double at_million = kolmogorov_finite_sf(1000000, z / 1000, &a);

		/* From n to n+1 it moves by about K1 / (2 n^1.5). */
		CLOSE(at_140, at_141, 1e-4);
		CLOSE(at_million, kolmogorov_sf(z), 4e-4);
		assert_true(at_140 < at_141 && at_141 < at_million && at_million < kolmogorov_sf(z));
		arena_reset(&a);
	}
	arena_free(&a);
}

/* One pair of samples with many ties, by SciPy. */
static void
one_pair_as_scipy_has_it(void **state)
{
	struct arena a = { 0 };
	double x[200], y[150];
	struct all r;

	(void)state;
	for (int i = 1; i <= 200; i++)
		x[i - 1] = 37 * i % 101 / 10.0;
	for (int i = 1; i <= 150; i++)
		y[i - 1] = 53 * i % 97 / 10.0 + 0.7;
	r = compare(x, 200, y, 150, &a);
	CLOSE(r.ks.d, 0.071666667, 1e-9);
	CLOSE(kolmogorov_finite_sf(86, r.ks.d, &a), 0.741638, 1e-6);
	CLOSE(r.mw.p_continuity, 0.147874, 1e-6);
	CLOSE(r.cvm.t, 0.190676190, 1e-9);
	CLOSE(r.cvm.p, 0.287211, 1e-6);
	CLOSE(r.ad.a2[AD_MIDRANK], 1.599999577, 1e-9);
	CLOSE(r.ad.t[AD_MIDRANK], 0.792329244, 1e-9);
	CLOSE(r.distance.wasserstein, 0.46, 1e-12);
	CLOSE(r.distance.normed, 0.158245972, 1e-9);
	CLOSE(r.distance.energy, 0.211995807, 1e-9);
	arena_free(&a);
}

/* ---- plain enumeration ---- */

/* Deals 7 of 12 pooled values in every way, and counts what is as far apart as the first deal. */
static void
exact_p_values_are_those_of_enumeration(void **state)
{
	enum { N = 12, X = 7 };
	struct arena a = { 0 };
	uint64_t at = 200000;

	(void)state;
	for (int run = 0; run < 6; run++) {
		double v[N], all = 0, ks = 0, mw_lo = 0, mw_hi = 0, cvm = 0, ad[AD_VERSIONS] = { 0 };
		struct all seen;

		draw(v, N, 0, run < 3 ? 0 : 3 + run, &at);
		seen = compare(v, X, v + X, N - X, &a);
		for (unsigned set = 0; set < 1u << N; set++) {
			double part[2][N];
			size_t size[2] = { 0, 0 };
			struct all r;

			for (size_t i = 0; i < N; i++) {
				int s = set >> i & 1;

				part[s][size[s]++] = v[i];
			}
			if (size[0] != X)
				continue;
			r = compare(part[0], X, part[1], N - X, &a);
			all++;
			ks += r.ks.d >= seen.ks.d - 1e-12;
			mw_lo += r.mw.u <= seen.mw.u;
			mw_hi += r.mw.u >= seen.mw.u;
			cvm += r.cvm.t >= seen.cvm.t - 1e-12;
			for (int w = 0; w < AD_VERSIONS; w++)
				ad[w] += r.ad.a2[w] >= seen.ad.a2[w] - 1e-9;
			/* Each deal has an enumeration of its own: forget what it took. */
			arena_reset(&a);
		}
		assert_true(all == 792);
		CLOSE(seen.ks.p_exact, ks / all, 1e-12);
		for (int w = 0; w < AD_VERSIONS; w++)
			CLOSE(seen.ad.p_exact[w], ad[w] / all, 1e-12);
		if (run < 3) {
			CLOSE(seen.mw.p_exact, fmin(1, 2 * fmin(mw_lo, mw_hi) / all), 1e-12);
			CLOSE(seen.cvm.p_exact, cvm / all, 1e-12);
		}
	}
	arena_free(&a);
}

/* ---- size ---- */

/* Samples of one distribution are told apart at 5 % in no more than 5 % of cases, but for noise. */
static void
tests_keep_their_level(void **state)
{
	enum { RUNS = 1500 };
	struct arena a = { 0 };
	uint64_t at = 900000;
	double wrong[5] = { 0 };

	(void)state;
	for (int run = 0; run < RUNS; run++) {
		double x[25], y[40];
		struct all r;

		draw(x, 25, 0, run % 2 ? 12 : 0, &at);
		draw(y, 40, 0, run % 2 ? 12 : 0, &at);
		r = compare(x, 25, y, 40, &a);
		wrong[0] += r.ks.p <= 0.05;
		wrong[1] += r.mw.p_continuity <= 0.05;
		wrong[2] += r.cvm.p <= 0.05;
		wrong[3] += r.ad.p[AD_RIGHT] <= 0.05;
		wrong[4] += r.ad.p[AD_MIDRANK] <= 0.05;
		arena_reset(&a);
	}
	for (int i = 0; i < 5; i++) {
		assert_true(wrong[i] / RUNS < 0.05 + 4 * sqrt(0.05 * 0.95 / RUNS));
		assert_true(wrong[i] / RUNS > 0.01);
	}
	arena_free(&a);
}

/* A hundred thousand values each; the p-value of a plain shift is beyond a normal table. */
static void
large_samples_stay_finite(void **state)
{
	enum { N = 100000 };
	struct arena a = { 0 };
	double *x = arena_array(&a, N, sizeof *x), *y = arena_array(&a, N, sizeof *y);
	uint64_t at = 2000000;
	struct all r;

	(void)state;
	draw(x, N, 0, 0, &at);
	draw(y, N, 1, 0, &at);
	r = compare(x, N, y, N, &a);
	assert_sane(&r);
	assert_true(r.ks.p < 1e-300 && r.mw.p < 1e-300 && r.cvm.p < 1e-300 && r.ad.p[0] < 1e-300);
	CLOSE(r.distance.wasserstein, 1, 0.02);
	CLOSE(r.mw.auc, normal_cdf(M_SQRT1_2), 0.01);
	assert_false(r.ks.has_exact || r.mw.has_exact || r.cvm.has_exact || r.ad.has_exact);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swapping_and_reordering_change_nothing),
		cmocka_unit_test(a_sample_is_no_distance_from_itself),
		cmocka_unit_test(nothing_to_compare_is_not_known),
		cmocka_unit_test(samples_apart_have_known_p_values),
		cmocka_unit_test(distances_move_with_the_values),
		cmocka_unit_test(limits_have_their_critical_points),
		cmocka_unit_test(kolmogorov_at_finite_size),
		cmocka_unit_test(one_pair_as_scipy_has_it),
		cmocka_unit_test(exact_p_values_are_those_of_enumeration),
		cmocka_unit_test(tests_keep_their_level),
		cmocka_unit_test(large_samples_stay_finite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
