/*
 * test_domain_rows.c -- records of two windows told apart by a classifier of their numbers and
 * categories: how often it is wrong, what it finds, and what it names.
 *
 * A bound of a rate is the stated one and three standard errors of the simulation.
 */
#include <stdlib.h>

#include "drift/domain.h"
#include "tests/unit/drift_kit.h"

static const struct watched watched[] = {
	{ "x", &kit_feature[SHAPE_NUMBER], NULL, "{}" },
	{ "y", &kit_feature[SHAPE_NUMBER], NULL, "{}" },
	{ "kind", &kit_feature[SHAPE_CATEGORY], NULL, "{}" },
};
enum { FEATURES = COUNT(watched) };

static uint64_t drawn;

static double
unit(void)
{
	return ((double)(rng_next(rng_key(5, "test_domain_rows"), drawn++) >> 12) + 0.5) * 0x1p-52;
}

/* Two standard normal numbers with this correlation, each of which is missing in 2 %, and a
 * category that is `rare` in this share. */
static struct profile *
window(size_t n, double rho, double rare)
{
	struct profile *p = profile_begin(watched, FEATURES, 2000, 7);
	struct arena a = { 0 };

	for (size_t i = 0; i < n; i++) {
		double x = normal_quantile(unit());
		double y = rho * x + sqrt(1 - rho * rho) * normal_quantile(unit());
		struct value v[FEATURES] = { { .kind = VALUE_NUMBER, .number = x },
			{ .kind = VALUE_NUMBER, .number = y },
			{ .kind = VALUE_TEXT, .text = unit() < rare ? STR("rare") : STR("common") } };

		for (int k = 0; k < 2; k++)
			if (unit() < 0.02)
				v[k] = (struct value){ .kind = VALUE_MISSING };
		profile_add_values(p, drawn, 0, v, &a);
		arena_reset(&a);
	}
	arena_free(&a);
	return p;
}

static struct finding
classify(const struct profile *r, const struct profile *c, uint64_t seed, struct arena *a)
{
	const struct detector *d = detector_find("classifier");
	struct finding f = d->sampled(r, c, FEATURES, d->tolerance, seed, a);

	kit_assert_sane(&f);
	return f;
}

static void
what_did_not_change(void **state)
{
	enum { TIMES = 300 };
	static const size_t size[][2] = { { 200, 200 }, { 300, 80 } };

	(void)state;
	for (size_t i = 0; i < COUNT(size); i++) {
		double error = 3 * sqrt(0.05 * 0.95 / TIMES), p = 0, drift = 0;

		for (uint64_t t = 0; t < TIMES; t++) {
			struct profile *r = window(size[i][0], 0.3, 0.2);
			struct profile *c = window(size[i][1], 0.3, 0.2);
			struct arena a = { 0 };
			struct finding f = classify(r, c, t, &a);

			p += (f.p <= 0.05) / (double)TIMES;
			drift += (f.p <= 0.05 && f.verdict == DRIFT_YES) / (double)TIMES;
			profile_free(r);
			profile_free(c);
			arena_free(&a);
		}
		assert_true(p <= 0.05 + error && p >= 0.05 - error && drift <= 0.025);
	}
}

/* Neither number changed by itself.  Pairs of bins are named, but where chance moved a single one
 * by three standard errors. */
static void
a_correlation_is_found(void **state)
{
	enum { TIMES = 20 };
	int found = 0, named = 0;

	(void)state;
	for (uint64_t t = 0; t < TIMES; t++) {
		struct profile *r = window(1000, 0, 0.2), *c = window(1000, 0.6, 0.2);
		struct arena a = { 0 };
		struct finding f = classify(r, c, t, &a);

		found += f.p <= 0.001 && f.verdict == DRIFT_YES;
		named += f.nterm > 0 && str_find(f.term[0].text, STR("x in ["), 0) == 0 &&
		    str_find(f.term[0].text, STR(" and y in ["), 0) > 0;
		profile_free(r);
		profile_free(c);
		arena_free(&a);
	}
	assert_true(found >= TIMES - 1 && named >= TIMES * 3 / 4);
}

static void
a_category_is_named(void **state)
{
	struct comparing how = { .alpha = 0.05, .seed = 1,
		.asked = (struct asked[]){ { JOINT_NAME, detector_find("classifier"), -1 } }, .nasked = 1 };
	struct profile *r = window(1000, 0.3, 0.1), *c = window(1000, 0.3, 0.3);
	struct arena a = { 0 };
	struct category_change *change;
	struct comparison d;
	struct err e = { 0 };
	size_t n;

	(void)state;
	assert_int_equal(profiles_compare(r, c, &how, &d, &a, &e), 0);
	assert_true(d.joint && d.compared[0].feature == FEATURES);
	assert_true(d.compared[0].verdict == DRIFT_YES);
	n = compared_changes(&d, &d.compared[0], &change, &a);
	assert_true(n >= 2);
	assert_true(str_is(change[0].category, "kind=rare"));
	assert_true(fabs(change[0].was - 0.1) < 0.03 && fabs(change[0].is - 0.3) < 0.05);
	assert_true(str_is(change[1].category, "kind=common") && change[1].is < change[1].was);
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

/* ---- terms --------------------------------------------------------------------------------- */

struct seen { struct buf all; size_t n; };

static void
see(void *ctx, enum gram_kind kind, struct str gram)
{
	struct seen *s = ctx;

	s->n++;
	buf_fmt(&s->all, "%s%.*s", kind == GRAM_PAIRS ? "+" : ";", (int)gram.n, gram.p);
}

static void
terms_of(const struct value *v, const struct profile *other, const char *expect)
{
	struct profile *p = profile_begin(watched, FEATURES, 50, 7);
	struct arena a = { 0 };
	struct seen s = { .n = 0 };
	struct domain d;

	profile_add_values(p, 1, 0, v, &a);
	domain_begin(&d, p, other, FEATURES, 1);
	rows_source.each(d.text[0], see, &s);
	assert_int_equal(s.n, rows_source.most(d.text[0]));
	assert_string_equal(str_cstr(buf_as_str(&s.all), &a), expect);
	buf_free(&s.all);
	domain_free(&d);
	profile_free(p);
	arena_free(&a);
}

static void
terms_are_as_written(void **state)
{
	struct profile *twenty = profile_begin(watched, FEATURES, 50, 7);
	struct arena a = { 0 };

	(void)state;
	for (int i = 1; i < 20; i++) {
		struct value v[FEATURES] = { { .kind = VALUE_NUMBER, .number = i },
			{ .kind = VALUE_NUMBER, .number = i > 18 }, { .kind = VALUE_EMPTY } };

		profile_add_values(twenty, (uint64_t)i + 9, 0, v, &a);
	}
	terms_of((struct value[]){ { .kind = VALUE_NUMBER, .number = 20 },
	    { .kind = VALUE_NUMBER, .number = 0 }, { .kind = VALUE_TEXT, .text = STR("a=b") } }, twenty,
	    ";x in [19, 20];y in [0, 1);kind=a=b+x in [17, 20] and y in [0, 1)"
	    "+x in [17, 20] and kind=a=b+y in [0, 1) and kind=a=b");
	terms_of((struct value[]){ { .kind = VALUE_MISSING }, { .kind = VALUE_OTHER },
	    { .kind = VALUE_EMPTY } }, twenty,
	    ";x is missing;y is of another type;kind is empty+x is missing and y is of another type"
	    "+x is missing and kind is empty+y is of another type and kind is empty");
	profile_free(twenty);
	arena_free(&a);
}

/* Times of a machine are no terms, and thirteen features make no pairs. */
static void
some_features_are_left_out(void **state)
{
	struct watched many[14];
	struct profile *p, *none;
	struct arena a = { 0 };
	struct value v[COUNT(many)];
	struct domain d;

	(void)state;
	for (size_t n = 12; n <= 13; n++) {
		struct seen s = { .n = 0 };

		for (size_t i = 0; i < n; i++) {
			many[i] = watched[0];
			v[i] = (struct value){ .kind = VALUE_NUMBER, .number = (double)i };
		}
		many[n] = (struct watched){ "slow", feature_find("latency"), NULL, "{}" };
		v[n] = v[0];
		p = profile_begin(many, n + 1, 50, 7);
		none = profile_begin(many, n + 1, 50, 7);
		profile_add_values(p, 1, 0, v, &a);
		domain_begin(&d, p, none, n + 1, 1);
		rows_source.each(d.text[0], see, &s);
		assert_int_equal(s.n, n == 12 ? 12 + 66 : 13);
		assert_true(str_find(buf_as_str(&s.all), STR("slow"), 0) < 0);
		buf_free(&s.all);
		domain_free(&d);
		profile_free(p);
		profile_free(none);
	}
	arena_free(&a);
}

/* Neighbours among numbers that three digits do not part have names of their own. */
static void
bins_have_different_names(void **state)
{
	struct profile *p = profile_begin(watched, 1, 50, 7), *none = profile_begin(watched, 1, 50, 7);
	struct arena a = { 0 };
	struct map names = { 0 };
	struct domain d;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct value v = { .kind = VALUE_NUMBER, .number = 1e9 + i };

		profile_add_values(p, (uint64_t)i, 0, &v, &a);
	}
	domain_begin(&d, p, none, 1, 1);
	for (size_t i = 0; i < d.n; i++) {
		bool is_new;

		map_put(&names, d.text[i], &is_new);
	}
	assert_int_equal(names.n, 10);
	map_free(&names);
	domain_free(&d);
	profile_free(p);
	profile_free(none);
	arena_free(&a);
}

/* ---- windows of which little can be said --------------------------------------------------- */

static void
degenerate_windows(void **state)
{
	struct profile *r = window(300, 0, 0.2), *tiny = window(3, 0, 0.2), *none = window(0, 0, 0);
	struct profile *same = profile_begin(watched, FEATURES, 2000, 7);
	struct arena a = { 0 };
	struct value v[FEATURES] = { { .kind = VALUE_NUMBER, .number = 1 },
		{ .kind = VALUE_NUMBER, .number = 2 }, { .kind = VALUE_TEXT, .text = STR("common") } };
	struct finding f;

	(void)state;
	for (uint64_t i = 0; i < 300; i++)
		profile_add_values(same, i, 0, v, &a);
	f = classify(r, tiny, 1, &a);
	assert_true(!f.known && strstr(f.why, "half of the records") != NULL);
	f = classify(r, none, 1, &a);
	assert_true(!f.known && strstr(f.why, "no record in its sample") != NULL);
	f = classify(same, same, 1, &a);
	assert_true(!f.known && strstr(f.spare, "of 600 records only 2 differ") != NULL);
	f = classify(r, r, 1, &a);
	assert_true(f.verdict == DRIFT_NO && f.p > 0.4 && f.nterm == 0);
	f = classify(r, same, 1, &a);
	assert_true(f.verdict == DRIFT_UNSURE);
	profile_free(r);
	profile_free(tiny);
	profile_free(none);
	profile_free(same);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_did_not_change),
		cmocka_unit_test(a_correlation_is_found),
		cmocka_unit_test(a_category_is_named),
		cmocka_unit_test(terms_are_as_written),
		cmocka_unit_test(some_features_are_left_out),
		cmocka_unit_test(bins_have_different_names),
		cmocka_unit_test(degenerate_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
