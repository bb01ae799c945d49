/*
 * test_eprocess.c -- e-processes and confidence sequences keep their promises.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

enum { NMAX = 300 };

static double
uniform(uint64_t *at)
{
	return rng_unit(rng_next(rng_key(17, "test_eprocess"), (*at)++));
}

/* -1, 0 or 1 with discordance psi and mean delta. */
static double
flip(uint64_t *at, double psi, double delta)
{
	double u = uniform(at);

	return u < (psi - delta) / 2 ? -1 : u < psi ? 1 : 0;
}

/* ---- what is claimed of E ---- */

static void
capital_does_not_grow_at_the_null(void **state)
{
	enum { PATHS = 20000, LOOK = 60 };
	double pass = 0, fail = 0;
	uint64_t at = 0;

	(void)state;
	for (int k = 0; k < PATHS; k++) {
		struct eprocess p, q;

		eprocess_begin(&p, 0.03, 0.05, NMAX, 0.16);
		eprocess_begin(&q, 0.03, 0.05, NMAX, 0.16);
		for (int i = 0; i < LOOK; i++) {
			eprocess_add(&p, flip(&at, 0.2, -0.03));
			eprocess_add(&q, flip(&at, 0.2, 0));
		}
		pass += exp(eprocess_log_pass(&p)) / PATHS;
		fail += exp(eprocess_log_fail(&q)) / PATHS;
	}
	/* A martingale: 1, give or take the error of so many paths. */
	assert_true(pass > 0.98 && pass < 1.01);
	assert_true(fail > 0.98 && fail < 1.01);
}

static void
looking_always_errs_no_more_than_alpha(void **state)
{
	enum { PATHS = 4000 };
	long pass = 0, fail = 0, right = 0;
	uint64_t at = UINT64_C(1) << 40;

	(void)state;
	for (int k = 0; k < PATHS; k++) {
		struct eprocess p, q, good;

		eprocess_begin(&p, 0.05, 0.05, NMAX, 0.16);
		eprocess_begin(&q, 0.05, 0.05, NMAX, 0.16);
		eprocess_begin(&good, 0.05, 0.05, NMAX, 0.16);
		for (int i = 0; i < NMAX; i++) {
			eprocess_add(&p, flip(&at, 0.16, -0.05));
			eprocess_add(&q, flip(&at, 0.16, 0));
			eprocess_add(&good, flip(&at, 0.16, 0.1));
		}
		pass += eprocess_p_pass(&p) <= 0.05;
		fail += eprocess_p_fail(&q) <= 0.05;
		right += eprocess_p_pass(&good) <= 0.05;
	}
	assert_true(pass > 0 && (double)pass <= 0.05 * PATHS);
	assert_true(fail > 0 && (double)fail <= 0.05 * PATHS);
	assert_true((double)right > 0.95 * PATHS);
}

static void
swapped_arms_mirror(void **state)
{
	struct eprocess p, q;
	double d[NMAX], minus[NMAX];
	struct interval a, b;
	uint64_t at = UINT64_C(2) << 40;

	(void)state;
	eprocess_begin(&p, 0, 0.05, NMAX, 0.3);
	eprocess_begin(&q, 0, 0.05, NMAX, 0.3);
	for (int i = 0; i < NMAX; i++) {
		d[i] = 2 * uniform(&at) - 1;
		minus[i] = -d[i];
		eprocess_add(&p, d[i]);
		eprocess_add(&q, minus[i]);
		/* At margin 0 "better" of the one is "worse" of the other. */
		CLOSE(eprocess_log_pass(&p), eprocess_log_fail(&q), 1e-12);
		CLOSE(eprocess_log_fail(&p), eprocess_log_pass(&q), 1e-12);
	}
	CLOSE(eprocess_p_pass(&p), eprocess_p_fail(&q), 1e-12);
	a = eprocess_interval(&p, d, NULL, NMAX, 0.95);
	b = eprocess_interval(&q, minus, NULL, NMAX, 0.95);
	CLOSE(a.lo, -b.hi, 1e-12);
	CLOSE(a.hi, -b.lo, 1e-12);
}

static void
caps_keep_the_capital_positive(void **state)
{
	struct eprocess p;

	(void)state;
	eprocess_begin(&p, 0.02, 0.05, 1, 0);
	for (size_t j = 0; j < EPROCESS_BETS; j++) {
		CLOSE(p.lambda_pass[j], 0.9 / 0.98, 1e-15);
		CLOSE(p.lambda_fail[j], 0.9, 1e-15);
	}
	assert_true(eprocess_log_pass(&p) == 0 && eprocess_p_pass(&p) == 1);
	for (int i = 0; i < 2000; i++)
		eprocess_add(&p, i % 2 ? 1 : -1);
	assert_true(isfinite(eprocess_log_pass(&p)) && isfinite(eprocess_log_fail(&p)));
	assert_true(eprocess_p_pass(&p) <= 1 && eprocess_p_fail(&p) <= 1);
}

/* ---- the confidence sequence ---- */

static void
sequence_holds_the_mean_and_agrees_with_counts(void **state)
{
	struct eprocess p;
	double d[NMAX];
	long b = 0, c = 0;
	uint64_t at = UINT64_C(3) << 40;

	(void)state;
	eprocess_begin(&p, 0.02, 0.05, NMAX, 0.16);
	assert_true(eprocess_interval(&p, d, NULL, 0, 0.95).lo == -1);
	assert_true(eprocess_interval_counts(&p, 0, 0, 0, 0.95).hi == 1);
	for (int i = 0; i < NMAX; i++) {
		struct interval a, k;
		double mean;

		d[i] = flip(&at, 0.3, 0.1);
		b += d[i] < 0;
		c += d[i] > 0;
		eprocess_add(&p, d[i]);
		mean = p.sum / (double)p.n;
		if (i % 7)
			continue;
		a = eprocess_interval(&p, d, NULL, (size_t)i + 1, 0.9);
		k = eprocess_interval_counts(&p, b, c, i + 1, 0.9);
		assert_true(-1 <= a.lo && a.lo <= mean && mean <= a.hi && a.hi <= 1);
		CLOSE(a.lo, k.lo, 1e-12);
		CLOSE(a.hi, k.hi, 1e-12);
	}
	/* All alike, at an end: the mean is the end, and the other bound is not. */
	assert_true(eprocess_interval_counts(&p, 0, 50, 50, 0.95).hi == 1);
	assert_true(eprocess_interval_counts(&p, 0, 50, 50, 0.95).lo > 0);
	assert_true(eprocess_interval_counts(&p, 50, 0, 50, 0.95).lo == -1);
}

/* Below the interval is what ½E+ + ½E- refutes: at -margin, E+ is the gate's E. */
static void
sequence_ends_where_the_evidence_is_enough(void **state)
{
	struct eprocess p, at_end;
	struct interval i;
	double d[NMAX];
	uint64_t at = UINT64_C(4) << 40;

	(void)state;
	eprocess_begin(&p, 0.02, 0.05, NMAX, 0.16);
	for (int k = 0; k < NMAX; k++)
		d[k] = flip(&at, 0.2, 0.05);
	i = eprocess_interval(&p, d, NULL, NMAX, 0.95);
	assert_true(i.lo > -1 && i.lo < 0);
	eprocess_begin(&at_end, -i.lo, 0.05, NMAX, 0.16);
	for (int k = 0; k < NMAX; k++)
		eprocess_add(&at_end, d[k]);
	/* E- is next to nothing there, so E+ is 2/alpha but for that. */
	CLOSE(eprocess_log_pass(&at_end), log(40), 0.02);
}

/* ---- a finite suite ---- */

static void
finite_suite_read_to_the_end_is_known(void **state)
{
	struct eprocess p;
	struct interval i;
	double d[100];
	uint64_t at = UINT64_C(5) << 40;
	double sum = 0;

	(void)state;
	eprocess_begin(&p, 0.02, 0.05, 100, 0.16);
	eprocess_of_suite(&p, 100);
	for (int k = 0; k < 100; k++) {
		d[k] = flip(&at, 0.3, 0);
		sum += d[k];
	}
	for (int k = 0; k < 60; k++)
		eprocess_add(&p, d[k]);
	i = eprocess_interval(&p, d, NULL, 60, 0.95);
	assert_true(i.lo < i.hi && i.lo <= sum / 100 && sum / 100 <= i.hi);
	for (int k = 60; k < 100; k++)
		eprocess_add(&p, d[k]);
	i = eprocess_interval(&p, d, NULL, 100, 0.95);
	CLOSE(i.lo, sum / 100, 1e-9);
	CLOSE(i.hi, sum / 100, 1e-9);
	assert_true((eprocess_log_pass(&p) > 600) == (sum / 100 > -0.02));
	assert_true((eprocess_log_fail(&p) > 600) == (sum / 100 < 0));
}

static void
finite_suite_is_certain_when_the_rest_cannot_rescue(void **state)
{
	struct eprocess p;

	(void)state;
	/* H0 of passing: a sum of -1 or less; of failing: 0 or more. */
	eprocess_begin(&p, 0.1, 0.05, 10, 0.16);
	eprocess_of_suite(&p, 10);
	for (int i = 0; i < 9; i++)
		eprocess_add(&p, 0);
	assert_true(eprocess_log_pass(&p) < 600);
	eprocess_add(&p, 0);
	assert_true(eprocess_log_pass(&p) > 600 && eprocess_log_fail(&p) < 600);
	eprocess_begin(&p, 0.1, 0.05, 10, 0.16);
	eprocess_of_suite(&p, 10);
	for (int i = 0; i < 5; i++)
		eprocess_add(&p, -1);
	assert_true(eprocess_log_fail(&p) < 600);
	eprocess_add(&p, -1);
	assert_true(eprocess_log_fail(&p) > 600 && eprocess_p_fail(&p) > 0);
}

static void
finite_suite_at_its_margin_errs_no_more_than_alpha(void **state)
{
	enum { PATHS = 3000, SUITE = 200 };
	long pass = 0, sooner = 0;
	double mean = 0;
	uint64_t at = UINT64_C(6) << 40;

	(void)state;
	for (int k = 0; k < PATHS; k++) {
		struct eprocess p, q, calm;
		double d[SUITE];

		/* 22 regressions and 12 fixes in 200: -0.05, the margin. */
		for (int i = 0; i < SUITE; i++)
			d[i] = i < 22 ? -1 : i < 34 ? 1 : 0;
		eprocess_begin(&p, 0.05, 0.05, SUITE, 0.17);
		eprocess_begin(&q, 0.05, 0.05, SUITE, 0.17);
		eprocess_begin(&calm, 0.05, 0.05, 10 * SUITE, 0.17);
		eprocess_of_suite(&p, SUITE);
		eprocess_of_suite(&calm, SUITE);
		for (int i = SUITE; i-- > 0; ) {
			int j = (int)(uniform(&at) * (i + 1));
			double swap = d[i];

			d[i] = d[j];
			d[j] = swap;
			eprocess_add(&p, d[i]);
			eprocess_add(&q, d[i]);
			eprocess_add(&calm, d[i]);
			/* Halfway, too, the capital is 1 on average. */
			mean += i == SUITE / 2 ? exp(eprocess_log_pass(&calm)) / PATHS : 0;
		}
		pass += eprocess_p_pass(&p) <= 0.05;
		sooner += eprocess_p_pass(&q) <= 0.05;
	}
	assert_true(pass > 0 && (double)pass <= 0.05 * PATHS);
	assert_true(sooner <= pass);
	CLOSE(mean, 1, 0.04);
}

/* ---- means in [0,1] ---- */

static bool
holds(struct interval i, double x)
{
	assert_true(0 <= i.lo && i.lo <= i.hi && i.hi <= 1);
	return i.lo <= x && x <= i.hi;
}

/* Nearly all pass: where an interval by standard errors covers 63 of 100 times. */
static void
intervals_of_means_cover(void **state)
{
	enum { PATHS = 1000, SIZE = 100 };
	struct arena a = { 0 };
	long sequence = 0, closed = 0, fixed = 0;
	double wide = 0, narrow = 0;
	uint64_t at = UINT64_C(7) << 40;

	(void)state;
	for (int k = 0; k < PATHS; k++) {
		double x[SIZE];
		bool all[2] = { true, true };
		struct interval planned;

		for (int i = 0; i < SIZE; i++) {
			struct interval s;

			x[i] = uniform(&at) < 0.99;
			if (i % 10 != 9)
				continue;
			s = confseq_betting(x, (size_t)i + 1, 0.95, &a);
			all[0] = all[0] && holds(s, 0.99);
			all[1] = all[1] && holds(confseq_bernstein(x, (size_t)i + 1, 0.95), 0.99);
			wide += i == SIZE - 1 ? s.hi - s.lo : 0;
		}
		planned = mean_betting(x, SIZE, 0.95, &a);
		fixed += holds(planned, 0.99);
		narrow += planned.hi - planned.lo;
		sequence += all[0];
		closed += all[1];
		arena_reset(&a);
	}
	assert_true((double)sequence >= 0.95 * PATHS && (double)closed >= 0.95 * PATHS);
	assert_true((double)fixed >= 0.95 * PATHS && narrow < wide);
	arena_free(&a);
}

static void
little_data_says_little(void **state)
{
	static const double one[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	struct arena a = { 0 };
	struct interval i = confseq_betting(one, 0, 0.95, &a);

	(void)state;
	assert_true(i.lo == 0 && i.hi == 1);
	i = mean_betting(one, 1, 0.95, &a);
	assert_true(i.lo == 0 && i.hi == 1);
	assert_true(confseq_bernstein(one, 0, 0.95).hi == 1);
	assert_true(confseq_hoeffding(one, 0, 0.95).lo == 0);
	/* Without variation there is still no zero width. */
	i = mean_betting(one, COUNT(one), 0.95, &a);
	assert_true(i.lo > 0.3 && i.lo < 0.9 && i.hi == 1);
	assert_true(mean_betting(one, COUNT(one), 0.99, &a).lo < i.lo);
	assert_true(confseq_normal_half(0.4, 200, 500, 0.95) <
	    confseq_normal_half(0.4, 100, 500, 0.95));
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(capital_does_not_grow_at_the_null),
		cmocka_unit_test(looking_always_errs_no_more_than_alpha),
		cmocka_unit_test(swapped_arms_mirror),
		cmocka_unit_test(caps_keep_the_capital_positive),
		cmocka_unit_test(sequence_holds_the_mean_and_agrees_with_counts),
		cmocka_unit_test(sequence_ends_where_the_evidence_is_enough),
		cmocka_unit_test(finite_suite_read_to_the_end_is_known),
		cmocka_unit_test(finite_suite_is_certain_when_the_rest_cannot_rescue),
		cmocka_unit_test(finite_suite_at_its_margin_errs_no_more_than_alpha),
		cmocka_unit_test(intervals_of_means_cover),
		cmocka_unit_test(little_data_says_little),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
