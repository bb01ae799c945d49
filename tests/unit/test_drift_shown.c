/*
 * test_drift_shown.c -- what is shown of a comparison: bins that the reference chose, categories
 * that changed, records with what became more common.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drift/drift.h"

static const struct feature number = { .name = "number", .version = 1, .shape = SHAPE_NUMBER };
static const struct feature category = {
	.name = "category", .version = 1, .shape = SHAPE_CATEGORY
};
static const struct watched watched[] = { { "x", &number, NULL, "{}" },
	{ "label", &category, NULL, "{}" } };

static double
unit(uint64_t i)
{
	return rng_unit(rng_at(5, "shown", i));
}

/* Records with x by the function, and a label that is `b` in one of so many. */
static struct profile *
window(long n, uint64_t first, double (*x)(double u), uint64_t one_in)
{
	struct profile *p = profile_begin(watched, 2, 100, 0);
	struct arena scratch = { 0 };

	for (uint64_t i = first; i < first + (uint64_t)n; i++) {
		struct value v[2] = { { .kind = VALUE_NUMBER, .number = x(unit(i)) },
			{ .kind = VALUE_TEXT, .text = i % one_in ? STR("a") : STR("b") } };

		if (i % 10 == 3 && one_in == 2)
			v[0].kind = VALUE_MISSING;
		profile_add_values(p, i + 1, 0, v, &scratch);
		arena_reset(&scratch);
	}
	arena_free(&scratch);
	return p;
}

static double even(double u) { return 100 * u; }
static double higher(double u) { return 100 * u + 50; }
static double dice(double u) { return 1 + floor(6 * u); }
static double skewed(double u) { return exp(2.5 * normal_quantile(0.001 + 0.998 * u)); }
static double counts(double u) { return floor(1 + 2000 * pow(u, 8)); }
static double constant(double u) { return 7.25 + 0 * u; }
static double huge(double u) { return u < 0.5 ? -1e308 : 1e308; }
static double clock_ms(double u) { return 1.795e12 + floor(1000 * u); }

/* ---- bins ----------------------------------------------------------------------------------- */

static double
sum(const double *share, size_t n)
{
	double s = 0;

	for (size_t i = 0; i < n; i++) {
		assert_true(share[i] >= 0);
		s += share[i];
	}
	return s;
}

/* Of all sorts of numbers: edges rise, both distributions are whole, the reference is inside. */
static void
test_bins_are_whole(void **state)
{
	static double (*const x[])(double) = { even, dice, skewed, counts, constant, huge, clock_ms };

	(void)state;
	for (size_t i = 0; i < COUNT(x); i++) {
		struct profile *r = window(5000, 0, x[i], 3), *c = window(300, 90000, higher, 3);
		struct arena a = { 0 };
		struct histogram h;

		assert_true(histogram_of(&r->feature[0], &c->feature[0], &h, &a));
		assert_true(h.nedge >= 2 && h.nedge <= HISTOGRAM_EDGES);
		for (size_t k = 1; k < h.nedge; k++)
			assert_true(h.edge[k] > h.edge[k - 1]);
		assert_true(fabs(sum(h.reference, h.nedge + 1) - 1) < 1e-9);
		assert_true(fabs(sum(h.current, h.nedge + 1) - 1) < 1e-9);
		assert_true(h.reference[0] <= 0.011 && h.reference[h.nedge] <= 0.011);
		arena_free(&a);
		profile_free(r);
		profile_free(c);
	}
}

static void
test_edges_are_round(void **state)
{
	struct profile *r = window(5000, 0, even, 3), *c = window(5000, 9000, higher, 3);
	struct arena a = { 0 };
	struct histogram h;

	(void)state;
	assert_true(histogram_of(&r->feature[0], &c->feature[0], &h, &a));
	assert_false(h.log);
	for (size_t i = 0; i < h.nedge; i++)
		assert_true(h.edge[i] == 5 * round(h.edge[i] / 5));
	/* Half of the current values lie beyond what the reference has. */
	assert_true(fabs(h.current[h.nedge] - 0.5) < 0.05);
	assert_true(histogram_bin(&h, h.edge[0]) == 1 && histogram_bin(&h, -1) == 0);
	assert_int_equal(histogram_bin(&h, 1000), h.nedge);
	arena_free(&a);
	profile_free(r);
	profile_free(c);
}

/* Every number of eyes has a bin of its own, a sixth each. */
static void
test_whole_numbers(void **state)
{
	struct profile *r = window(6000, 0, dice, 3);
	struct arena a = { 0 };
	struct histogram h;

	(void)state;
	assert_true(histogram_of(&r->feature[0], &r->feature[0], &h, &a));
	assert_int_equal(h.nedge, 7);
	for (size_t i = 0; i < 7; i++)
		assert_true(h.edge[i] == (double)i + 1);
	for (size_t i = 1; i < 7; i++)
		assert_true(fabs(h.reference[i] - 1 / 6.) < 0.02);
	arena_free(&a);
	profile_free(r);
}

static void
test_orders_of_magnitude(void **state)
{
	struct profile *r = window(5000, 0, skewed, 3), *w = window(5000, 0, counts, 3);
	struct arena a = { 0 };
	struct histogram h;

	(void)state;
	assert_true(histogram_of(&r->feature[0], &r->feature[0], &h, &a) && h.log);
	for (size_t i = 0; i < h.nedge; i++) {
		double exponent = log10(h.edge[i]) * 10;

		assert_true(fabs(exponent - round(exponent)) < 0.03);
	}
	/* Counts from 1 on would leave bins between 1 and 2 empty. */
	assert_true(histogram_of(&w->feature[0], &w->feature[0], &h, &a) && !h.log);
	assert_false(histogram_of(&r->feature[1], &r->feature[1], &h, &a));
	arena_free(&a);
	profile_free(r);
	profile_free(w);
}

/* ---- categories and records --------------------------------------------------------------- */

static void
test_changes(void **state)
{
	struct profile *r = window(900, 0, even, 9), *c = window(900, 0, even, 3);
	struct category_change *x;
	struct arena a = { 0 };

	(void)state;
	assert_int_equal(profile_changes(&r->feature[1], &c->feature[1], &x, &a), 2);
	/* Equal changes stand in the order of their names. */
	assert_true(str_is(x[0].category, "a") && str_is(x[1].category, "b"));
	assert_true(x[1].n_was == 100 && x[1].n_is == 300);
	assert_true(fabs(x[1].was - 1 / 9.) < 1e-12 && fabs(x[1].is - 1 / 3.) < 1e-12);
	assert_int_equal(profile_changes(&r->feature[0], &c->feature[0], &x, &a), 0);
	arena_free(&a);
	profile_free(r);
	profile_free(c);
}

static void
examples_of(const char *detector, size_t feature, struct arena *a,
    void (*check)(const struct value *))
{
	static const struct comparing how = { .alpha = 0.05 };
	struct profile *r = window(900, 0, even, 9), *c = window(900, 5000, higher, 2);
	const struct kept *kept[DRIFT_EXAMPLES];
	struct comparison d;
	struct compared x = { .feature = feature, .detector = detector_find(detector) };
	struct err e = { 0 };
	size_t n;

	assert_int_equal(profiles_compare(r, c, &how, &d, a, &e), 0);
	n = comparison_examples(&d, &x, kept, a);
	assert_int_equal(n, DRIFT_EXAMPLES);
	for (size_t i = 0; i < n; i++) {
		check(kept[i]->value);
		for (size_t k = 0; k < i; k++)
			assert_ptr_not_equal(kept[i], kept[k]);
	}
	/* Nothing grew in a window that is the reference. */
	assert_int_equal(profiles_compare(r, r, &how, &d, a, &e), 0);
	assert_int_equal(comparison_examples(&d, &x, kept, a), 0);
	profile_free(r);
	profile_free(c);
}

static void
is_high(const struct value *v)
{
	assert_true(v[0].kind == VALUE_NUMBER && v[0].number >= 50);
}

static void
is_b(const struct value *v)
{
	assert_true(str_is(v[1].text, "b"));
}

static void
is_missing(const struct value *v)
{
	assert_int_equal(v[0].kind, VALUE_MISSING);
}

static void
test_examples(void **state)
{
	struct arena a = { 0 };

	(void)state;
	examples_of("ks", 0, &a, is_high);
	examples_of("homogeneity", 1, &a, is_b);
	examples_of("missing", 0, &a, is_missing);
	arena_free(&a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bins_are_whole), cmocka_unit_test(test_edges_are_round),
		cmocka_unit_test(test_whole_numbers), cmocka_unit_test(test_orders_of_magnitude),
		cmocka_unit_test(test_changes), cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
