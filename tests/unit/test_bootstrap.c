/*
 * test_bootstrap.c -- drawing agrees with what can be computed without it.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static const struct bootstrap_plan plan = { .replicates = 10000, .seed = 5, .conf = 0.95 };

static double
uniform(uint64_t *at)
{
	return rng_unit(rng_next(rng_key(23, "test_bootstrap"), (*at)++));
}

static double
exponential(uint64_t *at)
{
	return -log1p(-uniform(at));
}

/* ---- binomial draws ---- */

/* Chi-squared of drawn against exact frequencies, cells of at least 10 expected. */
static void
assert_binomial(long n, double p, uint64_t key)
{
	enum { DRAWS = 400000, TOP = 1000 };
	static long seen[TOP + 1];
	struct stream s = { .key = key };
	double chi2 = 0, expected = 0, found = 0;
	long df = -1;

	memset(seen, 0, sizeof seen);
	for (int i = 0; i < DRAWS; i++) {
		long k = binom_draw(n, p, &s);

		assert_true(0 <= k && k <= n && k <= TOP);
		seen[k]++;
	}
	for (long k = 0; k <= n; k++) {
		double more = DRAWS * binom_pmf(k, n, p);

		expected += more;
		found += (double)seen[k];
		if (expected < 10 || DRAWS * binom_sf(k, n, p) < 10)
			continue;
		chi2 += (found - expected) * (found - expected) / expected;
		expected = found = 0;
		df++;
	}
	if (expected > 0) {
		chi2 += (found - expected) * (found - expected) / expected;
		df++;
	}
	assert_true(df > 0 && chi2_sf(chi2, (double)df) > 1e-3);
}

static void
binomial_draws_follow_their_law(void **state)
{
	struct stream s = { 0 };

	(void)state;
	assert_binomial(10, 0.3, 1);
	assert_binomial(1, 0.5, 2);
	assert_binomial(999, 0.002, 3);
	assert_binomial(20, 0.5, 4);           /* the least that is drawn by rejection */
	assert_binomial(1000, 0.0101, 5);
	assert_binomial(1000, 0.37, 6);
	assert_binomial(1000, 0.93, 7);
	assert_binomial(200, 0.999, 8);
	assert_true(binom_draw(0, 0.4, &s) == 0 && binom_draw(7, 0, &s) == 0);
	assert_true(binom_draw(7, 1, &s) == 7);
}

/* ---- random samples against all samples ---- */

static void
drawing_agrees_with_enumerating(void **state)
{
	static const double y[] = { 0.12, 0.05, 0.14, -0.37, 0.9, 0.33, -0.2 };
	struct arena a = { 0 };
	struct sample s = { .y = y, .n = COUNT(y) };
	struct bootstrap_plan few = plan;
	struct bootstrap all, some;

	(void)state;
	few.replicates = 1715;                  /* C(13,7) = 1716 */
	all = bootstrap_mean(&s, &plan, &a);
	some = bootstrap_mean(&s, &few, &a);
	assert_true(all.known && all.exact && all.replicates == 1716);
	assert_true(some.known && !some.exact && some.replicates == 1715);
	CLOSE(all.at, sum_of(y, COUNT(y)) / COUNT(y), 1e-15);
	/* Of a mean, the ideal standard error is sd / sqrt(n) with n in the denominator. */
	CLOSE(all.se, sample_mean(&s, &a).se * sqrt(6.0 / 7), 1e-12);
	CLOSE(some.se, all.se, 5 * all.se / sqrt(2.0 * 1715));
	CLOSE(some.z0, all.z0, 5 * 1.2533 / sqrt(1715));
	CLOSE(some.accel, all.accel, 1e-14);
	CLOSE(some.percentile.lo, all.percentile.lo, 0.2 * all.se);
	CLOSE(some.bca.hi, all.bca.hi, 0.3 * all.se);
	assert_true(all.has_bca && all.bca.lo < all.at && all.at < all.bca.hi);
	arena_free(&a);
}

static void
assert_same(const struct bootstrap *x, const struct bootstrap *y)
{
	assert_true(x->at == y->at && x->se == y->se && x->z0 == y->z0 && x->accel == y->accel);
	assert_true(x->percentile.lo == y->percentile.lo && x->percentile.hi == y->percentile.hi);
	assert_true(x->bca.lo == y->bca.lo && x->bca.hi == y->bca.hi);
	assert_true(x->t.lo == y->t.lo && x->t.hi == y->t.hi);
}

static void
threads_do_not_matter_and_seeds_do(void **state)
{
	enum { N = 700 };
	struct arena a = { 0 };
	double y[N], d[N];
	struct sample s = { .y = y, .n = N, .unbounded = true }, t = { .y = d, .n = N, .binary = true };
	struct bootstrap_plan other = { 2000, 6, 0.95, true }, p = { 2000, 5, 0.95, true };
	struct bootstrap one[2], four[2], seed;
	struct signflip f1, f4;
	uint64_t at = 0;

	(void)state;
	for (int i = 0; i < N; i++) {
		y[i] = exponential(&at);
		d[i] = uniform(&at) < 0.3 ? 1 : 0;
	}
	assert_int_equal(setenv("DRIFTLEAD_THREADS", "1", 1), 0);
	one[0] = bootstrap_mean(&s, &p, &a);
	one[1] = bootstrap_mean(&t, &p, &a);
	f1 = signflip_sampled(y, N, 999, 5, &a);
	assert_int_equal(setenv("DRIFTLEAD_THREADS", "4", 1), 0);
	four[0] = bootstrap_mean(&s, &p, &a);
	four[1] = bootstrap_mean(&t, &p, &a);
	f4 = signflip_sampled(y, N, 999, 5, &a);
	seed = bootstrap_mean(&s, &other, &a);
	assert_int_equal(unsetenv("DRIFTLEAD_THREADS"), 0);
	assert_same(&one[0], &four[0]);
	assert_same(&one[1], &four[1]);
	assert_true(f1.greater == f4.greater && f1.less == f4.less && f1.two == f4.two);
	assert_true(seed.se != one[0].se);
	CLOSE(seed.se, one[0].se, 0.15 * one[0].se);
	assert_true(one[0].has_t && one[1].has_t);
	arena_free(&a);
}

/* A value that no other unit has keeps a sample from being counted. */
static void
counting_agrees_with_drawing_one_by_one(void **state)
{
	enum { N = 3200 };
	struct arena a = { 0 };
	double d[N];
	struct sample s = { .y = d, .n = N };
	struct bootstrap counted, drawn;

	(void)state;
	for (int i = 0; i < N; i++)
		d[i] = i % 10 < 1 ? -1 : i % 10 < 4 ? 1 : 0;
	counted = bootstrap_mean(&s, &plan, &a);
	for (int i = 0; i < N; i++)
		d[i] += 1e-9 * i / N;
	drawn = bootstrap_mean(&s, &plan, &a);
	CLOSE(counted.at, 0.2, 1e-12);
	CLOSE(counted.se, sqrt((0.4 - 0.04) / N), 0.03 * counted.se);
	CLOSE(counted.se, drawn.se, 0.04 * counted.se);
	CLOSE(counted.percentile.lo, drawn.percentile.lo, 0.12 * counted.se);
	CLOSE(counted.percentile.hi, drawn.percentile.hi, 0.12 * counted.se);
	CLOSE(counted.accel, drawn.accel, 1e-6);
	arena_free(&a);
}

/* ---- designs: the standard error is that of sample_mean ---- */

static void
assert_se(const struct sample *s, struct arena *a, double within)
{
	struct mean m = sample_mean(s, a);
	struct bootstrap b = bootstrap_mean(s, &plan, a);

	assert_true(b.known && m.has_se);
	CLOSE(b.at, m.at, 1e-12);
	CLOSE(b.se, m.se, within * m.se);
	assert_true(b.percentile.lo < b.at && b.at < b.percentile.hi);
	assert_true(b.has_bca && b.bca.lo < b.at && b.at < b.bca.hi);
}

static void
clusters_and_strata_are_respected(void **state)
{
	enum { N = 1200, CLUSTERS = 200 };
	struct arena a = { 0 };
	double y[N], weight[N], share[3] = { 0.7, 0.2, 0.1 };
	int stratum[N];
	long cluster[N];
	struct sample s = { .y = y, .n = N, .nstratum = 3, .unbounded = true };
	struct bootstrap plain, clustered, nested, weighted;
	uint64_t at = 99;

	(void)state;
	for (int i = 0; i < N; i++) {
		int g = i % CLUSTERS;

		/* Clusters of 6, in strata of different level and spread. */
		cluster[i] = g;
		stratum[i] = g < 100 ? 0 : g < 160 ? 1 : 2;
		weight[i] = 0.5 + uniform(&at);
		y[i] = 5 * stratum[i] + (1 + stratum[i]) * uniform(&at) + sin(37.0 * g);
	}
	plain = bootstrap_mean(&s, &plan, &a);
	assert_se(&s, &a, 0.05);
	s.cluster = cluster;
	s.ncluster = CLUSTERS;
	assert_se(&s, &a, 0.05);
	clustered = bootstrap_mean(&s, &plan, &a);
	assert_true(clustered.se > 1.8 * plain.se);
	s.stratum = stratum;
	s.share = share;
	assert_se(&s, &a, 0.05);
	/* Inside strata the levels do not add to the spread. */
	nested = bootstrap_mean(&s, &plan, &a);
	assert_true(nested.se < 0.5 * clustered.se);
	/* Nor do they when units weigh differently: the shares stay. */
	s.weight = weight;
	weighted = bootstrap_mean(&s, &plan, &a);
	CLOSE(weighted.at, sample_mean(&s, &a).at, 1e-12);
	assert_true(weighted.se > nested.se && weighted.se < 1.1 * nested.se);
	s.share = NULL;
	assert_se(&s, &a, 0.05);
	s.cluster = NULL;
	s.weight = NULL;
	s.share = share;
	assert_se(&s, &a, 0.05);
	/* A cluster in two strata: all are drawn together. */
	s.cluster = cluster;
	stratum[0] = 2;
	assert_se(&s, &a, 0.05);
	arena_free(&a);
}

/* The mean of something skewed: bootstrap-t covers where the percentiles do not. */
static void
studentizing_helps_heavy_tails(void **state)
{
	enum { PATHS = 300, N = 20 };
	struct bootstrap_plan p = { 500, 1, 0.9, true };
	struct arena a = { 0 };
	long percentile = 0, t = 0;
	uint64_t at = 1000000;

	(void)state;
	for (int k = 0; k < PATHS; k++) {
		double y[N];
		struct sample s = { .y = y, .n = N, .unbounded = true };
		struct bootstrap b;

		for (int i = 0; i < N; i++)
			y[i] = exponential(&at) * exponential(&at);
		p.seed = (uint64_t)k;
		b = bootstrap_mean(&s, &p, &a);
		assert_true(b.known && b.has_t && b.t.lo < b.at && b.at < b.t.hi);
		percentile += b.percentile.lo <= 1 && 1 <= b.percentile.hi;
		t += b.t.lo <= 1 && 1 <= b.t.hi;
		arena_reset(&a);
	}
	assert_true(t > percentile + PATHS / 50);
	assert_true((double)t > 0.83 * PATHS);
	arena_free(&a);
}

static void
what_cannot_vary_is_not_known(void **state)
{
	static const double same[40] = { 0 }, one[] = { 0.3 };
	double y[60];
	int stratum[60];
	static const double share[] = { 0.5, 0.5 };
	struct arena a = { 0 };
	struct sample s = { .y = same, .n = 0 };

	(void)state;
	assert_false(bootstrap_mean(&s, &plan, &a).known);
	s = (struct sample){ .y = one, .n = 1 };
	assert_false(bootstrap_mean(&s, &plan, &a).known);
	CLOSE(bootstrap_mean(&s, &plan, &a).at, 0.3, 0);
	s = (struct sample){ .y = same, .n = COUNT(same) };
	assert_false(bootstrap_mean(&s, &plan, &a).known);
	/* A stratum without variation, few and then many enough; a stratum of one. */
	for (int i = 0; i < 60; i++) {
		stratum[i] = i >= 31;
		y[i] = i < 31 ? i % 2 : 1;
	}
	s = (struct sample){ .y = y, .n = 60, .stratum = stratum, .nstratum = 2, .share = share };
	assert_false(bootstrap_mean(&s, &plan, &a).known);
	stratum[30] = 1;
	y[30] = 1;
	assert_true(bootstrap_mean(&s, &plan, &a).known);
	s.n = 31;
	assert_false(bootstrap_mean(&s, &plan, &a).known);
	arena_free(&a);
}

/* ---- signs ---- */

static void
random_signs_agree_with_all_signs(void **state)
{
	double d[18], ones[400] = { 0 };
	struct arena a = { 0 };
	struct signflip all, some;
	uint64_t at = 5000000;

	(void)state;
	for (size_t i = 0; i < COUNT(d); i++)
		d[i] = uniform(&at) - 0.35;
	all = signflip_exact(d, COUNT(d));
	some = signflip_sampled(d, COUNT(d), 9999, 3, &a);
	CLOSE(some.greater, all.greater, 0.02);
	CLOSE(some.less, all.less, 0.02);
	CLOSE(some.two, all.two, 0.02);
	/* 60 regressions, 40 fixes: McNemar's exact test, whatever the zeros. */
	for (int i = 0; i < 100; i++)
		ones[4 * i] = i < 60 ? -1 : 1;
	some = signflip_sampled(ones, COUNT(ones), 9999, 3, &a);
	CLOSE(some.less, mcnemar_regression(60, 40).p_exact, 0.008);
	CLOSE(some.greater, binom_sf(39, 100, 0.5), 0.005);
	/* Ties count as extreme, and p is never 0. */
	memset(ones, 0, sizeof ones);
	assert_true(signflip_sampled(ones, COUNT(ones), 99, 3, &a).two == 1);
	for (size_t i = 0; i < COUNT(ones); i++)
		ones[i] = 1 + 0.001 * (double)i;
	some = signflip_sampled(ones, COUNT(ones), 99, 3, &a);
	CLOSE(some.greater, 0.01, 1e-15);
	CLOSE(some.less, 1, 1e-15);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(binomial_draws_follow_their_law),
		cmocka_unit_test(drawing_agrees_with_enumerating),
		cmocka_unit_test(threads_do_not_matter_and_seeds_do),
		cmocka_unit_test(counting_agrees_with_drawing_one_by_one),
		cmocka_unit_test(clusters_and_strata_are_respected),
		cmocka_unit_test(studentizing_helps_heavy_tails),
		cmocka_unit_test(what_cannot_vary_is_not_known),
		cmocka_unit_test(random_signs_agree_with_all_signs),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
