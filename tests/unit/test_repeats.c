/*
 * test_repeats.c -- several runs of each item: components, flakes, and how many runs pay.
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
	return rng_unit(rng_next(rng_key(51, "test_repeats"), (*at)++));
}

static void
little_data_is_marked(void **state)
{
	struct arena a = { 0 };
	struct repeats r = repeats_of(NULL, NULL, 0, 5, &a);

	(void)state;
	assert_false(r.known || r.has_se || r.has_within || r.has_icc);
	/* One item, three runs: a variance within, none between. */
	r = repeats_of((double[]){ 1, 0, 1 }, (long[]){ 2, 2, 2 }, 3, 5, &a);
	assert_true(r.known && !r.has_se && r.has_within && r.items == 1);
	CLOSE(r.within, 1.0 / 3, 1e-15);
	CLOSE(r.flake, 1, 0);
	/* Single runs: nothing is known within. */
	r = repeats_of((double[]){ 1, 0, 1 }, (long[]){ 0, 1, 2 }, 3, 3, &a);
	assert_true(r.has_se && !r.has_within && !r.has_icc && r.flake == 0 && r.psi0 == 0);
	CLOSE(r.se, sqrt(1.0 / 3 / 3), 1e-15);
	/* All passed, or all failed. */
	for (int pass = 0; pass < 2; pass++) {
		double y[] = { pass, pass, pass, pass };

		r = repeats_of(y, (long[]){ 0, 0, 1, 1 }, 4, 2, &a);
		assert_true(r.mean == pass && r.se == 0 && r.within == 0 && !r.has_icc);
		assert_true(r.flake == 0 && r.psi0 == 0);
	}
	arena_free(&a);
}

/* By hand: item means 1/2, 1, 1/3 of 2, 2 and 3 runs. */
static void
unequal_runs_by_hand(void **state)
{
	struct arena a = { 0 };
	double y[] = { 1, 0, 1, 1, 1, 0, 0 };
	long item[] = { 0, 0, 1, 1, 2, 2, 2 };
	struct repeats r = repeats_of(y, item, 7, 3, &a);
	double mean = (0.5 + 1 + 1.0 / 3) / 3, within = (0.5 + 2.0 / 3) / 4;
	double var = ((0.5 - mean) * (0.5 - mean) + (1 - mean) * (1 - mean) +
	    (1.0 / 3 - mean) * (1.0 / 3 - mean)) / 2;

	(void)state;
	CLOSE(r.mean, mean, 1e-15);
	CLOSE(r.se, sqrt(var / 3), 1e-15);
	CLOSE(r.within, within, 1e-15);
	CLOSE(r.between, fmax(0, var - within * (0.5 + 0.5 + 1.0 / 3) / 3), 1e-15);
	CLOSE(r.flake, 2.0 / 3, 1e-15);
	CLOSE(r.psi0, (2 * 0.25 * 2 + 0 + 2 * (2.0 / 9) * 1.5) / 3, 1e-15);
	arena_free(&a);
}

/* psi0 is what two runs of the same model differ in, whatever K is; flips of single pairs agree. */
static void
components_are_found_again(void **state)
{
	enum { ITEMS = 4000, RUNS = 4 };
	struct arena a = { 0 };
	double *y = arena_array(&a, ITEMS * RUNS, sizeof *y), flips = 0, rest = 0;
	long *item = arena_array(&a, ITEMS * RUNS, sizeof *item);
	uint64_t at = 0;
	struct repeats r;

	(void)state;
	for (long i = 0; i < ITEMS; i++) {
		double p = uniform(&at);

		for (int k = 0; k < RUNS; k++) {
			y[i * RUNS + k] = uniform(&at) < p;
			item[i * RUNS + k] = i;
		}
		flips += y[i * RUNS] != y[i * RUNS + 1];
		rest += y[i * RUNS + 2] != y[i * RUNS + 3];
	}
	r = repeats_of(y, item, ITEMS * RUNS, ITEMS, &a);
	/* p uniform: between 1/12, within 1/6, psi0 = E 2p(1-p) = 1/3. */
	CLOSE(r.between, 1.0 / 12, 0.006);
	CLOSE(r.within, 1.0 / 6, 0.006);
	CLOSE(r.icc, 1.0 / 3, 0.02);
	CLOSE(r.psi0, 1.0 / 3, 0.012);
	CLOSE(r.psi0, (flips + rest) / 2 / ITEMS, 0.02);
	CLOSE(r.psi0, 2 * r.within, 1e-12);
	arena_free(&a);
}

static void
runs_pay_where_items_are_dear(void **state)
{
	struct repeat_plan p, q;

	(void)state;
	assert_true(best_repeats(0, 0.1, 4, 1) == 1);
	assert_true(best_repeats(0.1, 0, 4, 1) == DBL_MAX);
	CLOSE(best_repeats(0.3, 0.7, 4, 1), sqrt(4 * 0.3 / 0.7), 1e-15);
	assert_true(best_repeats(0.3, 0.7, 1, 1) == 1);
	/* No plan does better than the one found, up to the items lost to rounding. */
	for (int dear = 1; dear < 60; dear += 7) {
		p = plan_repeats(0.15, 0.05, dear, 1, 10000);
		assert_true(p.items > 1 && p.runs >= 1);
		assert_true((double)p.items * (dear + (double)p.runs) <= 10000);
		for (long runs = 1; runs < 40; runs++) {
			double items = floor(10000.0 / (double)(dear + runs));

			assert_true(p.se <= sqrt((0.05 + 0.15 / (double)runs) / items) * 1.01);
		}
	}
	/* Items all alike: two of them, and the rest of the money for runs. */
	p = plan_repeats(0.2, 0, 10, 1, 100);
	assert_true(p.items == 2 && p.runs == 40);
	q = plan_repeats(0, 0.2, 10, 1, 100);
	assert_true(q.items == 9 && q.runs == 1);
	assert_true(plan_repeats(0.1, 0.1, 10, 1, 21).items == 0);
	assert_true(plan_repeats(0.1, 0.1, 10, 1, 22).items == 2);
	/* Without end: a plan all the same. */
	assert_true(plan_repeats(0.1, 0, 1, 1e-9, 1e30).runs > 1000000);
	assert_true(plan_repeats(0.1, 0.1, 1, 0, 100).items == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_data_is_marked),
		cmocka_unit_test(unequal_runs_by_hand),
		cmocka_unit_test(components_are_found_again),
		cmocka_unit_test(runs_pay_where_items_are_dear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
