/*
 * test_drift_compare.c -- two whole profiles: which tests, the verdicts, what is refused.
 */
#include "tests/unit/drift_kit.h"

static struct profile *
three(long n, double shift, long missing, uint64_t salt)
{
	struct profile *p = profile_begin(kit_watched, 3, 0, 7);
	struct arena a = { 0 };

	for (long i = 0; i < n; i++) {
		double u = rng_unit(rng_at(salt, "three", (uint64_t)i));
		struct value v[3] = {
			{ .kind = VALUE_NUMBER, .number = floor(500 + 100 * (normal_quantile(u) + shift)) },
			{ .kind = i < missing ? VALUE_MISSING : VALUE_TEXT,
			  .text = u < 0.3 ? STR("refund") : u < 0.6 ? STR("shipping") : STR("other") },
			{ .kind = VALUE_TEXT, .text = STR("the same words in all texts") } };

		profile_add_values(p, (uint64_t)i, 0, v, &a);
		arena_reset(&a);
	}
	arena_free(&a);
	return p;
}

static void
windows_are_compared(void **state)
{
	struct comparing how = { .alpha = 0.05, .seed = 1 };
	struct profile *r = three(3000, 0, 0, 1), *same = three(2500, 0, 0, 2);
	struct profile *moved = three(2500, -0.5, 500, 3), *other;
	struct arena a = { 0 };
	struct comparison d;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(profiles_compare(r, same, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_NO && d.n == 6 && d.drifted == 0 && d.unsure == 0);
	assert_string_equal(d.compared[0].detector->name, "ks");
	assert_string_equal(d.compared[1].detector->name, "missing");
	assert_string_equal(d.compared[2].detector->name, "homogeneity");
	assert_string_equal(d.compared[4].detector->name, "ngrams");
	assert_int_equal(profiles_compare(r, moved, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_YES && d.drifted == 2);
	assert_true(d.compared[0].verdict == DRIFT_YES && d.compared[0].finding.direction == -1);
	assert_true(d.compared[3].verdict == DRIFT_YES && d.feature[2] == DRIFT_NO);
	for (size_t i = 0; i < d.n; i++)
		assert_true(d.compared[i].p_adjusted >= d.compared[i].finding.p);

	how.asked = (struct asked[]){ { "number", detector_find("wasserstein"), 2 } };
	how.nasked = 1;
	assert_int_equal(profiles_compare(r, moved, &how, &d, &a, &e), 0);
	assert_true(d.n == 5 && d.feature[0] == DRIFT_NO && d.compared[0].finding.p < 0.001);
	how.asked = (struct asked[]){ { "category", detector_find("ks"), -1 } };
	assert_int_equal(profiles_compare(r, moved, &how, &d, &a, &e), -1);
	assert_non_null(strstr(e.msg, "the detector 'ks' does not compare 'category'"));
	e = (struct err){ 0 };
	how.asked = (struct asked[]){ { "colour", detector_find("ks"), -1 } };
	assert_int_equal(profiles_compare(r, moved, &how, &d, &a, &e), -1);
	assert_non_null(strstr(e.msg, "no feature 'colour'"));
	e = (struct err){ 0 };
	how.nasked = 0;
	other = kit_empty(SHAPE_NUMBER);
	assert_int_equal(profiles_compare(r, other, &how, &d, &a, &e), -1);
	assert_non_null(strstr(e.msg, "other features"));
	profile_free(r);
	profile_free(same);
	profile_free(moved);
	profile_free(other);
	arena_free(&a);
}

/* Features without a value in both windows do not stand in the way; an empty window does. */
static void
nothing_to_compare(void **state)
{
	struct comparing how = { .alpha = 0.05, .seed = 1 };
	struct profile *x = kit_empty(SHAPE_NUMBER), *y = kit_empty(SHAPE_NUMBER);
	struct arena a = { 0 };
	struct comparison d;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(profiles_compare(x, y, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_UNSURE);
	kit_kind(x, VALUE_MISSING, 5000);
	assert_int_equal(profiles_compare(x, y, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_UNSURE);
	kit_kind(y, VALUE_MISSING, 5000);
	assert_int_equal(profiles_compare(x, y, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_NO && !d.compared[0].counts && d.compared[1].counts);
	for (int i = 0; i < 3000; i++)
		kit_number(y, 1);
	assert_int_equal(profiles_compare(x, y, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_YES && d.compared[0].verdict == DRIFT_UNSURE);
	profile_free(x);
	profile_free(y);
	arena_free(&a);
}

/* Where little alpha is left, random tables are dealt until they are enough to say so. */
static void
little_alpha(void **state)
{
	struct comparing how = { .alpha = 0.01, .nasked = 1,
	    .asked = (struct asked[]){ { "category", detector_find("tvd"), 0.05 } } };
	struct profile *r = three(3000, 0, 0, 1), *moved = three(2500, 0, 0, 3);
	struct arena a = { 0 };
	struct comparison d;
	struct err e = { 0 };

	(void)state;
	for (long i = 0; i < 1000; i++)
		profile_add_values(moved, (uint64_t)i, 0, (struct value[3]){
		    { .kind = VALUE_NUMBER, .number = 500 }, { .kind = VALUE_TEXT, .text = STR("new") },
		    { .kind = VALUE_TEXT, .text = STR("the same words in all texts") } }, &a);
	assert_int_equal(profiles_compare(r, moved, &how, &d, &a, &e), 0);
	assert_true(d.compared[2].verdict == DRIFT_YES && d.compared[2].finding.draws == 19990);
	how.alpha = 1e-4;
	assert_int_equal(profiles_compare(r, moved, &how, &d, &a, &e), 0);
	assert_true(d.compared[2].verdict == DRIFT_YES && d.compared[2].finding.draws == 3 * 19990);
	how.alpha = 1e-6;
	assert_int_equal(profiles_compare(r, moved, &how, &d, &a, &e), 0);
	assert_true(d.compared[2].verdict == DRIFT_UNSURE && d.compared[2].finding.draws == 10 * 19990);
	assert_non_null(strstr(d.compared[2].finding.why, "asks for more of them"));
	profile_free(r);
	profile_free(moved);
	arena_free(&a);
}

/* What a classifier leaves open of texts that repeat is decided by n-grams alone. */
static void
repeated_texts(void **state)
{
	struct comparing how = { .alpha = 0.05, .seed = 1 };
	struct profile *x = kit_empty(SHAPE_TEXT), *y = kit_empty(SHAPE_TEXT);
	struct arena a = { 0 };
	struct comparison d;
	struct err e = { 0 };

	(void)state;
	kit_text(x, "I cannot help with that.", 1500);
	kit_text(y, "I cannot help with that.", 1500);
	assert_int_equal(profiles_compare(x, y, &how, &d, &a, &e), 0);
	assert_true(d.n == 3 && d.verdict == DRIFT_NO && d.unsure == 0);
	assert_true(!d.compared[0].counts && !d.compared[0].finding.known);
	assert_non_null(strstr(d.compared[0].finding.why, "of 3000 texts only 2 differ"));
	profile_free(x);
	profile_free(y);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_are_compared),
		cmocka_unit_test(nothing_to_compare),
		cmocka_unit_test(little_alpha),
		cmocka_unit_test(repeated_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
