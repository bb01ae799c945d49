/*
 * test_ladder.c -- the ladder: Fieller's ratio, joint resamples, dominance, steps and the choice.
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

enum { N = 400 };

static const struct ladder_rules rules = { .requirement = 0.7, .latency = 2, .margin = 0.01,
	.alpha = 0.05, .power = 0.8, .resamples = 2000, .seed = 5 };

static double
uniform(const char *stream, size_t i)
{
	return rng_unit(rng_at(3, stream, i));
}

static double *
filled(size_t n, double x, struct arena *a)
{
	double *y = arena_array(a, n, sizeof *y);

	for (size_t i = 0; i < n; i++)
		y[i] = x;
	return y;
}

/* The first `right` of n units right; a price and a time for all. */
static struct rung
plain(size_t n, size_t right, double cost, double seconds, struct arena *a)
{
	double *y = filled(n, 0, a);

	for (size_t i = 0; i < right; i++)
		y[i] = 1;
	return (struct rung){ y, filled(n, cost, a), filled(n, seconds, a) };
}

static struct sample
design_of(size_t n)
{
	return (struct sample){ .n = n, .nstratum = 1, .ncluster = n, .binary = true };
}

/* ---- Fieller ---- */

static void
fieller_by_hand(void **state)
{
	/* (2 - q)^2 = 4 (0.01 + 0.01 q^2 - 0.01 q), or 0.96 q^2 - 3.96 q + 3.96 = 0. */
	struct ratio r = fieller_ratio(2, 1, 0.01, 0.01, 0.005, 2);
	double root = sqrt(3.96 * 3.96 - 4 * 0.96 * 3.96);

	(void)state;
	assert_true(r.known && r.bounded);
	CLOSE(r.at, 2, 0);
	CLOSE(r.lo, (3.96 - root) / 1.92, 1e-12);
	CLOSE(r.hi, (3.96 + root) / 1.92, 1e-12);
	/* A numerator that is certain: the reciprocal of the denominator's interval. */
	r = fieller_ratio(3, 1, 0, 0.04, 0, 2);
	CLOSE(r.lo, 3 / 1.4, 1e-12);
	CLOSE(r.hi, 3 / 0.6, 1e-12);
	/* Swapped ends for a negative denominator. */
	r = fieller_ratio(3, -1, 0, 0.04, 0, 2);
	CLOSE(r.lo, -3 / 0.6, 1e-12);
	CLOSE(r.hi, -3 / 1.4, 1e-12);
}

static void
fieller_without_an_interval(void **state)
{
	struct ratio r = fieller_ratio(1, 0.1, 0.01, 0.01, 0, 2);

	(void)state;
	assert_true(r.known && !r.bounded);
	CLOSE(r.at, 10, 1e-12);
	assert_true(r.lo == 0 && r.hi == 0);
	assert_false(fieller_ratio(1, 0, 0, 0, 0, 2).known);
	r = fieller_ratio(0, 0.5, 0, 0, 0, 2);          /* nothing to pay, and certain */
	assert_true(r.bounded && r.at == 0 && r.lo == 0 && r.hi == 0);
}

/* ---- the joint bootstrap ---- */

static void
resamples_are_joint(void **state)
{
	struct arena a = { 0 };
	struct rung r[2] = { plain(N, 300, 1, 1, &a), plain(N, 300, 2, 3, &a) };
	struct sample s = design_of(N);
	struct resamples b = ladder_resample(&s, r, 2, 500, 9, &a);
	double mean = 0, square = 0;

	(void)state;
	assert_int_equal(b.b, 500);
	for (size_t i = 0; i < b.b; i++) {
		assert_true(b.y[2 * i] == b.y[2 * i + 1]);          /* equal rungs, equal replicates */
		assert_true(b.cost[2 * i] == 1 && b.cost[2 * i + 1] == 2);
		assert_true(b.p95[2 * i] == 1 && b.p95[2 * i + 1] == 3);
		mean += b.y[2 * i] / 500;
		square += b.y[2 * i] * b.y[2 * i] / 500;
	}
	CLOSE(mean, 0.75, 0.004);
	CLOSE(sqrt(square - mean * mean), sqrt(0.75 * 0.25 / N), 0.002);
	arena_free(&a);
}

static void
threads_change_nothing(void **state)
{
	struct arena a = { 0 };
	double *y = filled(N, 0, &a), *seconds = filled(N, 0, &a);
	struct rung r;
	struct sample s = design_of(N);
	struct resamples b[2];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		y[i] = uniform("y", i) < 0.6;
		seconds[i] = uniform("s", i);
	}
	r = (struct rung){ y, seconds, seconds };
	for (int k = 0; k < 2; k++) {
		setenv("DRIFTLEAD_THREADS", k ? "7" : "1", 1);
		b[k] = ladder_resample(&s, &r, 1, 300, 9, &a);
	}
	unsetenv("DRIFTLEAD_THREADS");
	assert_memory_equal(b[0].y, b[1].y, 300 * sizeof *y);
	assert_memory_equal(b[0].cost, b[1].cost, 300 * sizeof *y);
	assert_memory_equal(b[0].p95, b[1].p95, 300 * sizeof *y);
	arena_free(&a);
}

/* Clusters of 8 alike have 8 times the variance; a stratum's share does not depend on the draw. */
static void
resamples_follow_the_design(void **state)
{
	struct arena a = { 0 };
	long *cluster = arena_array(&a, N, sizeof *cluster);
	int *stratum = arena_array(&a, N, sizeof *stratum);
	static const double share[] = { 0.25, 0.75 };
	double *y = filled(N, 0, &a), square = 0, mean = 0;
	struct rung r = { y, filled(N, 0, &a), filled(N, 1, &a) };
	struct sample s = design_of(N);
	struct resamples b;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		cluster[i] = (long)(i / 8);
		y[i] = (double)((i / 8) % 2);
	}
	s.cluster = cluster;
	s.ncluster = N / 8;
	b = ladder_resample(&s, &r, 1, 2000, 9, &a);
	for (size_t i = 0; i < b.b; i++) {
		mean += b.y[i] / 2000;
		square += b.y[i] * b.y[i] / 2000;
	}
	CLOSE(sqrt(square - mean * mean), sqrt(0.25 / (N / 8)), 0.004);
	/* Two strata that do not vary: every replicate is 0.25 * 0 + 0.75 * 1. */
	for (size_t i = 0; i < N; i++)
		y[i] = stratum[i] = i >= 100;
	s.cluster = NULL;
	s.ncluster = N;
	s.stratum = stratum;
	s.nstratum = 2;
	s.share = share;
	b = ladder_resample(&s, &r, 1, 50, 9, &a);
	for (size_t i = 0; i < b.b; i++)
		CLOSE(b.y[i], 0.75, 1e-12);
	/* A cluster across both: drawn as one stratum, averaged by the shares all the same. */
	for (size_t i = 0; i < N; i++)
		cluster[i] = (long)(i % 50);
	s.cluster = cluster;
	s.ncluster = 50;
	b = ladder_resample(&s, &r, 1, 50, 9, &a);
	for (size_t i = 0; i < b.b; i++)
		CLOSE(b.y[i], 0.75, 1e-12);
	assert_int_equal(ladder_resample(&(struct sample){ 0 }, &r, 1, 50, 9, &a).b, 0);
	arena_free(&a);
}

static void
quantile_of_a_replicate(void **state)
{
	struct arena a = { 0 };
	double *seconds = filled(100, 0, &a), lo = DBL_MAX, hi = 0;
	struct rung r = { filled(100, 1, &a), filled(100, 0, &a), seconds };
	struct sample s = design_of(100);
	struct resamples b;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		seconds[i] = (double)((i * 37) % 100) + 1;
	b = ladder_resample(&s, &r, 1, 2000, 1, &a);
	for (size_t i = 0; i < b.b; i++) {
		lo = fmin(lo, b.p95[i]);
		hi = fmax(hi, b.p95[i]);
	}
	assert_true(lo > 80 && lo < 92 && hi >= 99);
	arena_free(&a);
}

/* The five slow units are a stratum: five are drawn every time, and the 95th of 100 is quick. */
static void
strata_are_drawn_apart(void **state)
{
	static const double share[] = { 0.95, 0.05 };
	struct arena a = { 0 };
	int *stratum = arena_array(&a, 100, sizeof *stratum);
	double *seconds = filled(100, 1, &a);
	struct rung r = { filled(100, 1, &a), filled(100, 0, &a), seconds };
	struct sample s = design_of(100);
	struct resamples b;

	(void)state;
	for (size_t i = 95; i < 100; i++) {
		stratum[i] = 1;
		seconds[i] = 9;
	}
	s.stratum = stratum;
	s.nstratum = 2;
	s.share = share;
	b = ladder_resample(&s, &r, 1, 200, 1, &a);
	for (size_t i = 0; i < b.b; i++)
		assert_true(b.p95[i] == 1);
	arena_free(&a);
}

/* ---- the whole ---- */

/* Three rungs: cheap; strong, +10 points for 10 times the price; and one that costs more and adds
 * nothing. */
static void
ladder_by_hand(void **state)
{
	struct arena a = { 0 };
	struct rung r[3] = { plain(N, 300, 0.001, 0.5, &a), plain(N, 340, 0.010, 1, &a),
		plain(N, 340, 0.020, 1.5, &a) };
	struct sample s = design_of(N);
	struct ladder l = ladder_judge(&s, r, 3, &rules, &a);
	struct interval wilson = rate_wilson(300, N, 0.9), joint;

	(void)state;
	CLOSE(l.rung[0].acc.at, 0.75, 1e-12);
	CLOSE(l.rung[0].lower, wilson.lo, 1e-12);
	CLOSE(l.rung[1].cost.at, 0.010, 1e-12);
	assert_true(l.rung[0].p95.at == 0.5 && l.rung[0].p95.hi == 0.5);
	assert_true(l.met && l.chosen == 0 && l.rung[0].reason == RUNG_MEETS);
	assert_int_equal(l.best, 1);
	assert_int_equal(l.rung[0].dominated_by, -1);
	assert_int_equal(l.rung[1].dominated_by, -1);
	assert_int_equal(l.rung[2].dominated_by, 1);
	CLOSE(l.rung[2].dominated_share, 1, 0);
	assert_int_equal(l.npair, 3);
	/* 40 fixes and no regression; two of the three |t| are the same, the third 0. */
	assert_true(l.pair[0].a == 0 && l.pair[0].b == 1 && l.pair[0].change.table.b == 40);
	CLOSE(l.critical, 1.96, 0.2);
	joint = tango_interval(40, 0, N, 1 - 2 * normal_sf(l.critical));
	CLOSE(l.pair[0].change.ci.lo, joint.lo, 1e-9);
	CLOSE(l.pair[0].change.ci.hi, joint.hi, 1e-9);
	/* Steps: 0.009 / 0.1 per extra correct answer, then no gain. */
	assert_int_equal(l.nstep, 2);
	assert_true(l.step[0].from == 0 && l.step[0].to == 1 && l.step[0].gain);
	CLOSE(l.step[0].price.at, 0.09, 1e-9);
	assert_string_equal(l.step[0].method, "fieller");
	{
		double se = sqrt(0.1 * 0.9 / (N - 1)), t = -t_quantile(0.025, N - 1);

		CLOSE(l.step[0].price.lo, 0.009 / (0.1 + t * se), 1e-9);
		CLOSE(l.step[0].price.hi, 0.009 / (0.1 - t * se), 1e-9);
	}
	assert_true(l.step[1].from == 1 && l.step[1].to == 2 && !l.step[1].gain);
	arena_free(&a);
}

static void
the_choice(void **state)
{
	struct arena a = { 0 };
	struct rung r[3] = { plain(N, 320, 0.001, 5, &a), plain(N, 320, 0.010, 1, &a),
		plain(N, 200, 0.0001, 1, &a) };
	struct sample s = design_of(N);
	struct ladder_rules strict = rules;
	struct ladder l = ladder_judge(&s, r, 3, &rules, &a);
	bool met;

	(void)state;
	/* The cheapest is too bad, the next too slow. */
	assert_true(l.met && l.chosen == 1);
	assert_int_equal(l.rung[0].reason, RUNG_LATENCY);
	assert_int_equal(l.rung[2].reason, RUNG_ACCURACY);
	assert_int_equal(l.n_needed, 0);
	/* Nothing meets 79 %: the largest bound, the first of equals, and more units would tell. */
	strict.requirement = 0.79;
	strict.latency = 0;
	l = ladder_judge(&s, r, 3, &strict, &a);
	assert_true(!l.met && l.chosen == 0);
	CLOSE((double)l.n_needed, (double)size_rate_bound(0.8, 0.79, 0.05, 0.8), 40);
	strict.requirement = 0.9;                       /* it is below: no number of units helps */
	l = ladder_judge(&s, r, 3, &strict, &a);
	assert_true(!l.met && l.n_needed == 0);
	assert_int_equal(ladder_choose(l.rung, 0, &met), -1);
	arena_free(&a);
}

static void
few_units_bound_no_p95(void **state)
{
	struct arena a = { 0 };
	struct rung r = plain(50, 50, 1, 1, &a);
	struct sample s = design_of(50);
	struct ladder l = ladder_judge(&s, &r, 1, &rules, &a);

	(void)state;
	assert_true(l.rung[0].p95.hi == DBL_MAX && !l.met && l.rung[0].reason == RUNG_LATENCY);
	assert_int_equal(l.n_needed, 59);
	assert_int_equal(l.npair, 0);
	assert_int_equal(l.nstep, 0);
	arena_free(&a);
}

/* An answer that never came is slower than any limit. */
static void
never_is_late(void **state)
{
	struct arena a = { 0 };
	double *seconds = filled(N, 1, &a);
	struct rung r = plain(N, N, 1, 1, &a);
	struct sample s = design_of(N);
	struct rung_result x;

	(void)state;
	r.seconds = seconds;
	for (size_t i = 0; i < N / 10; i++)
		seconds[i] = DBL_MAX;
	x = rung_judge(&s, &r, &rules, &a);
	assert_true(x.p50.at == 1 && x.p95.at == DBL_MAX && x.reason == RUNG_LATENCY);
	arena_free(&a);
}

static void
equal_rungs_do_not_dominate_each_other(void **state)
{
	struct arena a = { 0 };
	struct rung r[2] = { plain(N, 390, 1, 1, &a), plain(N, 390, 1, 1, &a) };
	struct sample s = design_of(N);
	struct ladder l = ladder_judge(&s, r, 2, &rules, &a);

	(void)state;
	assert_int_equal(l.rung[0].dominated_by, -1);
	assert_int_equal(l.rung[1].dominated_by, 0);
	assert_true(!l.step[0].gain && l.optimism < 0.01);
	arena_free(&a);
}

static void
few_clusters_demonstrate_nothing(void **state)
{
	struct arena a = { 0 };
	long *cluster = arena_array(&a, N, sizeof *cluster);
	struct rung r = plain(N, 396, 1, 1, &a);
	struct sample s = design_of(N);

	(void)state;
	for (size_t i = 0; i < N; i++)
		cluster[i] = (long)(i % 9);
	s.cluster = cluster;
	s.ncluster = 9;
	assert_int_equal(rung_judge(&s, &r, &rules, &a).reason, RUNG_CLUSTERS);
	arena_free(&a);
}

/* Of five equal rungs the best looks better than it is, by about 1.16 sd. */
static void
optimism_of_equals(void **state)
{
	struct arena a = { 0 };
	struct rung r[5];
	struct sample s = design_of(N);
	struct ladder l;

	(void)state;
	for (size_t k = 0; k < 5; k++) {
		double *y = filled(N, 0, &a);

		for (size_t i = 0; i < N; i++)          /* 280 right, others each time */
			y[(i * 7 + k * 83) % N] = i < 280;
		r[k] = (struct rung){ y, filled(N, (double)k, &a), filled(N, 1, &a) };
	}
	l = ladder_judge(&s, r, 5, &rules, &a);
	CLOSE(l.optimism, 1.16 * sqrt(0.7 * 0.3 / N), 0.008);
	arena_free(&a);
}

/* Joint intervals cover all six differences together about as often as they say. */
static void
joint_coverage(void **state)
{
	enum { TRIALS = 120, R = 4, UNITS = 150 };
	struct ladder_rules quick = rules;
	struct sample s = design_of(UNITS);
	int hit = 0;

	(void)state;
	quick.resamples = 400;
	for (size_t t = 0; t < TRIALS; t++) {
		struct arena a = { 0 };
		struct rung r[R];
		struct ladder l;
		bool all = true;

		for (size_t k = 0; k < R; k++) {
			double *y = filled(UNITS, 0, &a);

			/* A part in common, so that rungs correlate: all are right with 0.75. */
			for (size_t i = 0; i < UNITS; i++) {
				size_t at = (t * UNITS + i) * (R + 1);
				double own = uniform("own", at + k), same = uniform("same", at);

				y[i] = (own < 0.5 ? same : uniform("mine", at + k)) < 0.75;
			}
			r[k] = (struct rung){ y, filled(UNITS, (double)k, &a), filled(UNITS, 1, &a) };
		}
		l = ladder_judge(&s, r, R, &quick, &a);
		for (size_t p = 0; p < l.npair; p++)
			all = all && l.pair[p].change.ci.lo <= 0 && l.pair[p].change.ci.hi >= 0;
		hit += all;
		arena_free(&a);
	}
	assert_in_range(hit, 106, 120);         /* 114 expected, sd 2.4 */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fieller_by_hand),
		cmocka_unit_test(fieller_without_an_interval),
		cmocka_unit_test(resamples_are_joint),
		cmocka_unit_test(threads_change_nothing),
		cmocka_unit_test(resamples_follow_the_design),
		cmocka_unit_test(quantile_of_a_replicate),
		cmocka_unit_test(strata_are_drawn_apart),
		cmocka_unit_test(ladder_by_hand),
		cmocka_unit_test(the_choice),
		cmocka_unit_test(few_units_bound_no_p95),
		cmocka_unit_test(never_is_late),
		cmocka_unit_test(equal_rungs_do_not_dominate_each_other),
		cmocka_unit_test(few_clusters_demonstrate_nothing),
		cmocka_unit_test(optimism_of_equals),
		cmocka_unit_test(joint_coverage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
