/*
 * test_changepoint.c -- what the change-point statistics promise: errors, power, edges.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static uint64_t drawn;

static double
uniform(void)
{
	return rng_unit(rng_next(rng_key(5, "test_changepoint"), drawn++));
}

static double
normal(void)
{
	return normal_quantile(fmin(fmax(uniform(), 1e-12), 1 - 1e-12));
}

/* `rise` of the runs from `at` on; ar: correlation of neighbours. */
static void
draw(double *x, size_t n, double sd, size_t at, double rise, double ar)
{
	double e = normal();

	for (size_t t = 0; t < n; t++) {
		x[t] = 0.8 + sd * e + (t >= at ? rise : 0);
		e = ar * e + sqrt(1 - ar * ar) * normal();
	}
}

/* How often any change is found, of `reps` series. */
static double
found(size_t n, size_t reps, double alpha, size_t at, double rise, double ar, bool known)
{
	const double sd = 0.0126;
	struct scan_options o = { .alpha = alpha, .permutations = 999 };
	struct arena a = { 0 };
	double x[100], var[100];
	long hits = 0;

	assert_true(n <= COUNT(x));
	for (size_t r = 0; r < reps; r++) {
		o.seed = r;
		draw(x, n, sd, at, rise, ar);
		for (size_t t = 0; t < n; t++)
			var[t] = sd * sd * (0.5 + uniform());
		hits += change_scan(x, known ? var : NULL, n, &o, &a).n > 0;
		arena_reset(&a);
	}
	arena_free(&a);
	return (double)hits / (double)reps;
}

static void
nothing_is_found_where_nothing_changed(void **state)
{
	(void)state;
	/* Three standard errors above alpha. */
	assert_true(found(12, 1000, 0.05, 99, 0, 0, true) < 0.05 + 3 * sqrt(0.05 * 0.95 / 1000));
	assert_true(found(12, 1000, 0.05, 99, 0, 0, false) < 0.05 + 3 * sqrt(0.05 * 0.95 / 1000));
	assert_true(found(30, 1000, 0.01, 99, 0, 0, true) < 0.01 + 3 * sqrt(0.01 * 0.99 / 1000));
	/* Neighbours that depend on each other: permuting single runs would find a change in a third
	 * of such series; blocks find one in a tenth, not in one of a hundred. */
	assert_true(found(60, 300, 0.01, 99, 0, 0.6, true) < 0.15);
}

static void
a_step_is_found(void **state)
{
	(void)state;
	assert_true(found(20, 200, 0.01, 10, -0.05, 0, true) > 0.85);
	assert_true(found(40, 200, 0.01, 30, -0.03, 0, true) > 0.85);
	/* A step is no autocorrelation. */
	assert_true(found(24, 100, 0.01, 12, -0.1, 0, false) > 0.95);
}

static void
place_size_and_interval_are_told(void **state)
{
	double x[] = { 0.80, 0.81, 0.79, 0.80, 0.81, 0.79, 0.70, 0.71, 0.69, 0.70, 0.71, 0.69 };
	double var[12];
	struct scan_options o = { .alpha = 0.01, .permutations = 9999, .seed = 1 };
	struct change_scan s;
	struct arena a = { 0 };
	double se = sqrt(1e-4 * (2.0 / 6));

	(void)state;
	for (size_t i = 0; i < 12; i++)
		var[i] = 1e-4;
	s = change_scan(x, var, 12, &o, &a);
	assert_true(s.tested);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.change[0].at, 6);
	assert_int_equal(s.whole.at, 6);
	CLOSE(s.change[0].before, 0.8, 1e-12);
	CLOSE(s.change[0].after, 0.7, 1e-12);
	/* The spread within is less than var says: var counts. */
	CLOSE(s.change[0].z, -0.1 / se, 1e-9);
	CLOSE(s.change[0].ci.lo, -0.1 - 1.959963984540054 * se, 1e-9);
	CLOSE(s.change[0].ci.hi, -0.1 + 1.959963984540054 * se, 1e-9);
	/* Two of the 924 halves. */
	CLOSE(s.p_least, 2.0 / 924, 1e-12);
	assert_true(s.change[0].p <= 0.005 && s.change[0].p >= 1e-4);
	assert_false(s.has_lag1);
	/* A tenth of the variance: over-dispersion, and t. */
	for (size_t i = 0; i < 12; i++)
		var[i] = 1e-6;
	s = change_scan(x, var, 12, &o, &a);
	se = sqrt(8e-4 / 10 * (2.0 / 6));
	CLOSE(s.change[0].z, -0.1 / se, 1e-9);
	CLOSE(s.change[0].ci.hi, -0.1 + t_quantile(0.975, 10) * se, 1e-9);
	/* The same runs without a known variance: the same scale. */
	CLOSE(change_scan(x, NULL, 12, &o, &a).change[0].z, -0.1 / se, 1e-9);
	arena_free(&a);
}

static void
two_steps_are_two_changes(void **state)
{
	struct scan_options o = { .alpha = 0.01, .permutations = 9999, .seed = 1 };
	struct change_scan s;
	struct arena a = { 0 };
	double x[60];

	(void)state;
	for (size_t t = 0; t < 60; t++)
		x[t] = 0.8 + 0.005 * normal() - (t >= 20 ? 0.1 : 0) + (t >= 40 ? 0.05 : 0);
	s = change_scan(x, NULL, 60, &o, &a);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.change[0].at, 20);
	assert_int_equal(s.change[1].at, 40);
	assert_int_equal(s.change[0].depth + s.change[1].depth, 1);
	CLOSE(s.change[0].p_adjusted, ldexp(s.change[0].p, s.change[0].depth), 1e-15);
	/* Each side reaches to the next change. */
	CLOSE(s.change[0].after, s.change[1].before, 1e-15);
	arena_free(&a);
}

static void
few_runs_and_constant_runs_have_no_change(void **state)
{
	double x[] = { 0.9, 0.9, 0.9, 0.1, 0.1, 0.1 }, same[30], var[30] = { 0 };
	struct scan_options o = { .alpha = 0.01, .permutations = 999, .seed = 1 };
	struct change_scan s;
	struct arena a = { 0 };

	(void)state;
	assert_false(change_scan(x, NULL, 5, &o, &a).tested);
	assert_false(change_scan(NULL, NULL, 0, &o, &a).tested);
	s = change_scan(x, var, 6, &o, &a);             /* no run has a variance */
	assert_true(s.tested && s.n == 0);
	assert_int_equal(s.whole.at, 3);
	assert_true(s.whole.z == -DBL_MAX && isfinite(s.whole.ci.lo));
	CLOSE(s.p_least, 0.1, 1e-12);                   /* six runs can show nothing at .01 */
	CLOSE(s.whole.p, 0.1, 0.03);
	for (size_t i = 0; i < 30; i++)
		same[i] = 0.7;
	s = change_scan(same, NULL, 30, &o, &a);
	assert_true(s.tested && s.n == 0 && s.whole.p == 1 && s.whole.z == 0);
	/* One sure run is as sure as the surest of the others. */
	for (size_t i = 1; i < 6; i++)
		var[i] = 1e-4;
	assert_true(isfinite(change_scan(x, var, 6, &o, &a).whole.z));
	arena_free(&a);
}

static void
the_same_seed_gives_the_same_p(void **state)
{
	struct scan_options o = { .alpha = 0.01, .permutations = 999, .seed = 4 };
	struct arena a = { 0 };
	double x[15], turned[15];

	(void)state;
	draw(x, 15, 0.01, 8, 0.01, 0);
	for (size_t i = 0; i < 15; i++)
		turned[i] = 1 - x[i];
	assert_true(change_scan(x, NULL, 15, &o, &a).whole.p ==
	    change_scan(x, NULL, 15, &o, &a).whole.p);
	CLOSE(change_scan(x, NULL, 15, &o, &a).whole.z, -change_scan(turned, NULL, 15, &o, &a).whole.z,
	    1e-9);
	arena_free(&a);
}

static void
edetector_seldom_alarms_and_sees_a_fall(void **state)
{
	double waited = 0;
	struct edetector d;

	(void)state;
	/* Values of 0 and 1 have the greatest variance a mean can have. */
	for (int path = 0; path < 200; path++) {
		d = edetector_begin(0.8, 0, 0.01);
		while (d.alarm == 0 && d.seen < 1000)
			edetector_add(&d, uniform() < 0.8);
		waited += (double)d.seen;
	}
	assert_true(waited / 200 > 100);
	d = edetector_begin(0.9, 0.02, 0.001);
	for (int t = 0; t < 100; t++)
		edetector_add(&d, 0.88);                    /* on the bound: no bet wins or loses */
	CLOSE(d.value, 1, 1e-9);
	assert_int_equal(d.alarm, 0);
	while (d.alarm == 0 && d.seen < 200)
		edetector_add(&d, 0.6);
	assert_int_equal(d.alarm, 108);
	assert_true(d.peak >= d.threshold);
	for (int t = 0; t < 5000; t++)
		edetector_add(&d, 0);
	assert_true(isfinite(d.value));
	assert_int_equal(d.alarm, 108);
	/* References outside of what a rate can be. */
	d = edetector_begin(1, -0.5, 0.001);
	edetector_add(&d, 1);
	edetector_add(&d, 0);
	assert_true(isfinite(d.value) && d.value > 0);
}

static void
otava_sees_steps_and_too_much(void **state)
{
	double step[] = { 1, 1, 1, 1, 2, 2, 2, 2 };
	struct arena a = { 0 };
	struct otava o = otava_points(step, 8, 50, 0.001, 0, &a);
	struct ediv e = ediv_candidate(step, 8, &a);
	double x[50];
	long hits = 0;

	(void)state;
	assert_int_equal(o.n, 1);
	assert_int_equal(o.point[0].index, 4);
	assert_int_equal(e.tau, 4);
	assert_int_equal(e.kappa, 8);
	CLOSE(e.q, 2 * 16 / 8.0, 1e-12);
	assert_false(ediv_candidate(step, 1, &a).known);
	assert_false(ediv_candidate(step, 0, &a).known);
	assert_int_equal(otava_points(step, 0, 50, 0.001, 0, &a).n, 0);
	assert_int_equal(otava_points(step, 8, 0, 0.6, 0, &a).n,
	    otava_points(step, 8, 2, 0.6, 0, &a).n);
	/* Among equal splits the first. */
	assert_int_equal(ediv_candidate((double[]){ 0, 1, 0 }, 3, &a).tau, 1);
	/* Nothing changed, nominal .01: why it decides nothing here. */
	for (int r = 0; r < 100; r++) {
		draw(x, 50, 0.0126, 99, 0, 0);
		hits += otava_points(x, 50, 50, 0.01, 0, &a).n > 0;
		arena_reset(&a);
	}
	assert_true(hits > 10 && hits < 60);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_where_nothing_changed),
		cmocka_unit_test(a_step_is_found),
		cmocka_unit_test(place_size_and_interval_are_told),
		cmocka_unit_test(two_steps_are_two_changes),
		cmocka_unit_test(few_runs_and_constant_runs_have_no_change),
		cmocka_unit_test(the_same_seed_gives_the_same_p),
		cmocka_unit_test(edetector_seldom_alarms_and_sees_a_fall),
		cmocka_unit_test(otava_sees_steps_and_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
