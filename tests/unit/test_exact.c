/*
 * test_exact.c -- sums are exact, whatever the order and however they were split.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drift/drift.h"

static uint64_t drawn;

static uint64_t
draw(void)
{
	return rng_next(rng_key(2, "test_exact"), drawn++);
}

static double
any_finite(void)
{
	double x;
	uint64_t bits;

	do {
		bits = draw();
		memcpy(&x, &bits, sizeof x);
	} while (!isfinite(x));
	return x;
}

static double
sum_in_order(const double *x, size_t n)
{
	struct exact e = { 0 };

	for (size_t i = 0; i < n; i++)
		exact_add(&e, x[i]);
	return exact_value(&e);
}

static void
what_cancels_leaves_nothing(void **state)
{
	(void)state;
	assert_true(sum_in_order((double[]){ 1e308, 1, -1e308 }, 3) == 1);
	assert_true(sum_in_order((double[]){ 1, 1e308, 4.9e-324, -1e308, -1 }, 5) == 4.9e-324);
	assert_true(sum_in_order((double[]){ DBL_MAX, DBL_MAX, -DBL_MAX, -DBL_MAX, -3 }, 5) == -3);
	assert_true(sum_in_order((double[]){ DBL_MAX, DBL_MAX }, 2) == DBL_MAX);
	assert_true(sum_in_order((double[]){ -DBL_MAX, -DBL_MAX }, 2) == -DBL_MAX);
	assert_true(sum_in_order((double[]){ -0.0, 0.0 }, 2) == 0);
	assert_true(sum_in_order((double[]){ -1e-310, 3e-310 }, 2) == -1e-310 + 3e-310);
	assert_true(sum_in_order(NULL, 0) == 0);
}

static void
ties_go_to_even(void **state)
{
	double half = ldexp(1, -53);

	(void)state;
	assert_true(sum_in_order((double[]){ 1, half }, 2) == 1);
	assert_true(sum_in_order((double[]){ 1, half, 4.9e-324 }, 3) == 1 + DBL_EPSILON);
	assert_true(sum_in_order((double[]){ 1, half, -4.9e-324 }, 3) == 1);
	assert_true(sum_in_order((double[]){ 1 + DBL_EPSILON, half }, 2) == 1 + 2 * DBL_EPSILON);
	assert_true(sum_in_order((double[]){ -1, -half, -4.9e-324 }, 3) == -1 - DBL_EPSILON);
	assert_true(sum_in_order((double[]){ 2 - DBL_EPSILON, half / 2 }, 2) == 2 - DBL_EPSILON);
	assert_true(sum_in_order((double[]){ 2 - DBL_EPSILON, half }, 2) == 2);
}

/* The hardware rounds an int64_t to a double once: that is what must come out, at any scale. */
static void
as_long_arithmetic(void **state)
{
	(void)state;
	for (int rep = 0; rep < 3000; rep++) {
		int scale = (int)(draw() % 1900) - 1000, bits = 1 + (int)(draw() % 52);
		struct exact e = { 0 };
		int64_t sum = 0;

		for (int i = 0; i < 500; i++) {
			int64_t x = (int64_t)(draw() >> (64 - bits)) * (draw() & 1 ? 1 : -1);

			sum += x;
			exact_add(&e, ldexp((double)x, scale));
		}
		for (int i = 0; i < 3; i++) {
			int64_t x = (int64_t)(draw() >> 11) * 256 * (draw() & 1 ? 1 : -1);

			sum += x;
			exact_add(&e, ldexp((double)x, scale));
		}
		assert_true(exact_value(&e) == ldexp((double)sum, scale));
	}
}

static void
order_and_split_change_no_byte(void **state)
{
	enum { N = 400 };
	double x[N];

	(void)state;
	for (int rep = 0; rep < 200; rep++) {
		struct exact whole = { 0 }, part[4] = { 0 };

		for (int i = 0; i < N; i++) {
			x[i] = rep % 2 ? any_finite() : (rng_unit(draw()) - 0.5) * 100;
			exact_add(&whole, x[i]);
		}
		for (int i = N - 1; i > 0; i--) {
			size_t k = draw() % (size_t)(i + 1);
			double swap = x[i];

			x[i] = x[k];
			x[k] = swap;
		}
		for (int i = 0; i < N; i++)
			exact_add(&part[draw() % 4], x[i]);
		exact_merge(&part[3], &part[0]);
		exact_merge(&part[1], &part[2]);
		exact_merge(&part[1], &part[3]);
		exact_settle(&whole);
		exact_settle(&part[1]);
		assert_memory_equal(&whole, &part[1], sizeof whole);
		assert_true(exact_value(&whole) == exact_value(&part[1]));
		for (int i = 0; i < N; i++)
			exact_add(&whole, -x[i]);
		assert_true(exact_value(&whole) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cancels_leaves_nothing),
		cmocka_unit_test(ties_go_to_even),
		cmocka_unit_test(as_long_arithmetic),
		cmocka_unit_test(order_and_split_change_no_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
