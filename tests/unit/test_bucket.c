/*
 * test_bucket.c -- every finite double has one bucket, and buckets are in order.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drift/drift.h"

static double
of_bits(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

static void
check(double x)
{
	int64_t key = bucket_of(x);
	double low = bucket_low(key), high = bucket_high(key);

	assert_true(low <= x && x <= high);
	assert_true(bucket_exists(key));
	assert_true(bucket_of(low) == key && bucket_of(high) == key);
	assert_true(bucket_of(-x) == -key);
	if (high < DBL_MAX)
		assert_true(bucket_of(nextafter(high, INFINITY)) > key);
	if (low > -DBL_MAX)
		assert_true(bucket_of(nextafter(low, -INFINITY)) < key);
	if (fabs(x) >= DBL_MIN)
		assert_true(high - low <= fmin(fabs(low), fabs(high)) / 64);
	if (fabs(x) <= 1024 && x == floor(x))
		assert_true(low == x && high == x);
	else
		assert_true(high > low);
}

static void
any_bits_have_one_bucket(void **state)
{
	uint64_t key = rng_key(1, "test_bucket");
	double last = 0;

	(void)state;
	for (uint64_t i = 0; i < 300000; i++) {
		double x = of_bits(rng_next(key, i));

		if (!isfinite(x))
			continue;
		check(x);
		/* Keys rise with values, and values of one key are neighbours. */
		if (x < last)
			assert_true(bucket_of(x) <= bucket_of(last));
		else
			assert_true(bucket_of(x) >= bucket_of(last));
		last = x;
	}
	for (uint64_t i = 0; i < 300000; i++)
		check((rng_unit(rng_next(key, i)) - 0.5) * 2100);
}

static void
edges_are_where_they_should_be(void **state)
{
	static const double odd[] = { 0, -0.0, DBL_MIN, DBL_MAX, DBL_EPSILON, 0.1, 63.999, 64.5, 127.5,
		128.25, 1023.5, 1024, 1024.5, 1025, 1039, 1040, 1e15, 4.9e-324, 1e-310 };

	(void)state;
	for (int e = -1074; e < 1024; e++) {
		double x = ldexp(1, e);

		check(x);
		check(nextafter(x, 0));
		check(nextafter(x, DBL_MAX));
		check(x * 1.5);
	}
	for (size_t i = 0; i < COUNT(odd); i++)
		check(odd[i]);
	for (int n = -1030; n <= 1030; n++) {
		check(n);
		check(n + 0.5);
		check(nextafter(n, INFINITY));
		check(nextafter(n, -INFINITY));
	}
	assert_true(bucket_of(0.0) == 0 && bucket_of(-0.0) == 0);
	assert_true(bucket_low(0) == 0 && bucket_high(0) == 0);
	assert_true(bucket_of(1025) == bucket_of(1039) && bucket_of(1039) < bucket_of(1040));
	assert_true(bucket_of(128.25) == bucket_of(128.75) && bucket_of(128.75) < bucket_of(129.25));
	assert_true(bucket_of(DBL_MAX) > bucket_of(DBL_MAX / 2));
	assert_true(bucket_high(bucket_of(DBL_MAX)) == DBL_MAX);
}

static void
keys_without_a_value_are_told(void **state)
{
	int64_t last = bucket_of(DBL_MAX), exist = 0;

	(void)state;
	for (int64_t key = -last - 5; key <= last + 5; key++)
		if (bucket_exists(key)) {
			exist++;
			assert_true(bucket_of(bucket_low(key)) == key);
		} else
			assert_true(key != bucket_of(bucket_low(key)) || key > last || key < -last);
	/* 64 cells in each of 2047 exponents, 1024 integers, and the integers that part cells: two
	 * for each cell from 128, four from 256, eight from 512; mirrored; and zero. */
	assert_int_equal(exist, 2 * (64 * 2047 + 1024 + 64 * (1 + 3 + 7)) + 1);
	assert_false(bucket_exists(INT64_MAX));
	assert_false(bucket_exists(INT64_MIN));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bits_have_one_bucket),
		cmocka_unit_test(edges_are_where_they_should_be),
		cmocka_unit_test(keys_without_a_value_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
