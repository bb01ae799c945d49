/*
 * test_joint.c -- vectors, and all features together: what is found that no single feature shows,
 * and how often something is found where there is nothing.
 */
#include <stdlib.h>

#include "tests/unit/drift_kit.h"

static const struct feature embedding = {
	.name = "kit_vector", .version = 1, .shape = SHAPE_VECTOR
};
static const struct watched vectors[] = { { "vector", &embedding, NULL, "{}" } };
static const struct watched pair[] = {
	{ "x", &kit_feature[SHAPE_NUMBER], NULL, "{}" },
	{ "y", &kit_feature[SHAPE_NUMBER], NULL, "{}" },
	{ "z", &kit_feature[SHAPE_CATEGORY], NULL, "{}" },
};

static double
normal(uint64_t *at)
{
	return normal_quantile(((double)(rng_next(rng_key(5, "test_joint"), (*at)++) >> 12) + 0.5) *
	    0x1p-52);
}

/* n vectors of d components, standard normal but for a shift of each. */
static struct profile *
drawn_vectors(size_t n, size_t d, double shift, uint64_t *at)
{
	struct profile *p = profile_begin(vectors, 1, 2000, 7);
	struct arena a = { 0 };

	for (size_t i = 0; i < n; i++) {
		double *x = arena_array(&a, d, sizeof *x);
		struct value v = { .kind = VALUE_VECTOR };

		for (size_t k = 0; k < d; k++)
			x[k] = shift + normal(at);
		v.text = vector_pack(x, d, &a);
		profile_add_values(p, *at, 0, &v, &a);
		arena_reset(&a);
	}
	arena_free(&a);
	return p;
}

/* Two standard normal numbers with this correlation, and a category that has nothing to do with
 * them. */
static struct profile *
drawn_pairs(size_t n, double rho, uint64_t *at)
{
	struct profile *p = profile_begin(pair, 3, 2000, 7);
	struct arena a = { 0 };

	for (size_t i = 0; i < n; i++) {
		double x = normal(at), y = rho * x + sqrt(1 - rho * rho) * normal(at);
		struct value v[3] = { { .kind = VALUE_NUMBER, .number = x },
			{ .kind = VALUE_NUMBER, .number = y },
			{ .kind = VALUE_TEXT, .text = normal(at) > 0.5 ? STR("one") : STR("two") } };

		profile_add_values(p, *at, 0, v, &a);
		arena_reset(&a);
	}
	arena_free(&a);
	return p;
}

/* p <= 0.05; DRIFT; NO DRIFT; the truth lies in the interval. */
struct rates { double p, drift, no, covered; };

static struct rates
simulate(const char *detector, struct profile *(*make)(size_t, double, uint64_t *),
         size_t n, size_t m, double change, double truth, int times)
{
	const struct detector *d = detector_find(detector);
	struct rates s = { 0 };
	uint64_t at = 1;

	for (int i = 0; i < times; i++) {
		struct profile *x = make(n, 0, &at), *y = make(m, change, &at);
		struct arena a = { 0 };
		size_t feature = x->nfeature == 1 ? 0 : x->nfeature;
		struct finding f = d->sampled(x, y, feature, d->tolerance, (uint64_t)i, &a);

		kit_assert_sane(&f);
		s.p += (f.p <= 0.05) / (double)times;
		s.drift += (f.p <= 0.05 && f.ci.lo > 0.1 * d->tolerance) / (double)times;
		s.no += (f.verdict == DRIFT_NO) / (double)times;
		s.covered += (f.ci.lo <= truth && truth <= f.ci.hi) / (double)times;
		profile_free(x);
		profile_free(y);
		arena_free(&a);
	}
	if (getenv("SHOW") != NULL)
		print_message("%s %zu v %zu, %g: p <= .05 %.3f, DRIFT %.3f, NO DRIFT %.3f, covered %.3f\n",
		    detector, n, m, change, s.p, s.drift, s.no, s.covered);
	return s;
}

static struct profile *
embedding_64(size_t n, double shift, uint64_t *at)
{
	return drawn_vectors(n, 64, shift, at);
}


static double
error_of(double rate, int times)
{
	return 3 * sqrt(rate * (1 - rate) / times);
}

static void
what_did_not_change(void **state)
{
	enum { TIMES = KIT_TIMES(400) };
	static const char *const with[] = { "mmd", "energy" };

	(void)state;
	for (size_t i = 0; i < COUNT(with); i++) {
		struct rates s = simulate(with[i], drawn_pairs, 150, 60, 0, 0, TIMES);

		assert_true(s.p <= 0.05 + error_of(0.05, TIMES) && s.p >= 0.05 - error_of(0.05, TIMES));
		assert_true(s.drift <= 0.025 + error_of(0.025, TIMES));
	}
}

/*
 * A shift of a twentieth in each of 64 dimensions, 200 against 200: where a fixed limit never
 * alarms, and labels dealt anew do in 35 %.  The discrepancy of two such normal distributions in
 * this kernel is 0.0301.
 */
static void
embeddings_that_moved(void **state)
{
	enum { TIMES = KIT_TIMES(250), STILL = KIT_TIMES(400) };
	struct rates still, moved, far;

	(void)state;
	still = simulate("mmd", embedding_64, 200, 200, 0, 0, STILL);
	assert_true(still.p <= 0.05 + error_of(0.05, STILL) && still.p >= 0.05 - error_of(0.05, STILL));
	assert_true(still.drift <= 0.025 + error_of(0.025, STILL) && still.no > 0.99);
	moved = simulate("mmd", embedding_64, 200, 200, 0.05, 0.0301, TIMES);
	assert_true(moved.p >= 0.35 - error_of(0.35, TIMES) && moved.covered >= 0.95);
	far = simulate("mmd", embedding_64, 200, 200, 0.1, 0.0600, 40);
	assert_true(far.p >= 0.95 && far.covered >= 0.8);
}

/* The correlation alone: no feature by itself has anything to show. */
static void
features_changed_together(void **state)
{
	struct comparing how = { .alpha = 0.05, .seed = 1 };
	uint64_t at = 1;
	struct profile *r = drawn_pairs(1500, 0, &at), *same = drawn_pairs(1500, 0, &at);
	struct profile *c = drawn_pairs(1500, 0.6, &at);
	struct arena a = { 0 };
	struct comparison d;
	struct err e = { 0 };
	struct category_change *change;

	(void)state;
	assert_int_equal(profiles_compare(r, c, &how, &d, &a, &e), 0);
	assert_true(d.joint && d.compared[0].feature == 3 && d.compared[1].feature == 0);
	assert_string_equal(compared_name(&d, &d.compared[0]), "all features together");
	assert_string_equal(compared_name(&d, &d.compared[1]), "x");
	assert_true(d.compared[0].verdict == DRIFT_YES && d.verdict == DRIFT_YES && d.drifted == 0);
	assert_non_null(strstr(d.compared[0].finding.why, "none by itself"));
	assert_int_equal(compared_changes(&d, &d.compared[0], &change, &a), 0);
	for (size_t i = 1; i < d.n; i++)
		assert_true(d.compared[i].finding.p > 0.05);
	assert_int_equal(profiles_compare(r, same, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_NO && d.compared[0].verdict == DRIFT_NO);

	how.asked = (struct asked[]){ { JOINT_NAME, detector_find("energy"), 0.01 } };
	how.nasked = 1;
	assert_int_equal(profiles_compare(r, c, &how, &d, &a, &e), 0);
	assert_string_equal(d.compared[0].detector->name, "energy");
	assert_true(d.compared[0].verdict == DRIFT_YES && d.compared[1].feature == 0);
	how.asked = (struct asked[]){ { JOINT_NAME, detector_find("ks"), -1 } };
	assert_int_equal(profiles_compare(r, c, &how, &d, &a, &e), -1);
	assert_non_null(strstr(e.msg, "mmd, energy and classifier do"));
	profile_free(r);
	profile_free(same);
	profile_free(c);
	arena_free(&a);
}

/* Half a standard deviation lower, 200 against 200: a one-sided test never finds it. */
static void
numbers_that_fell(void **state)
{
	static const char *const with[] = { "ks", "mann_whitney" };
	enum { TIMES = 200 };

	(void)state;
	for (size_t i = 0; i < COUNT(with); i++) {
		uint64_t at = 1;
		int found = 0;

		for (int k = 0; k < TIMES; k++) {
			struct profile *x = kit_empty(SHAPE_NUMBER), *y = kit_empty(SHAPE_NUMBER);
			struct arena a = { 0 };
			struct finding f;

			for (int j = 0; j < 200; j++) {
				kit_number(x, normal(&at));
				kit_number(y, normal(&at) - 0.5);
			}
			f = kit_test(with[i], x, y, &a);
			found += f.p <= 0.05 && f.direction == -1;
			profile_free(x);
			profile_free(y);
			arena_free(&a);
		}
		if (getenv("SHOW") != NULL)
			print_message("%s of a fall: %d of %d\n", with[i], found, TIMES);
		assert_true(found >= TIMES * (i == 0 ? 98 : 99) / 100);
	}
}

/* More vectors than are compared one by one. */
static void
sums_of_the_whole_window(void **state)
{
	uint64_t at = 1;
	struct profile *x = drawn_vectors(3000, 8, 0, &at), *y = drawn_vectors(3000, 8, 0, &at);
	struct profile *z = drawn_vectors(3000, 8, 0.3, &at), *none = drawn_vectors(1, 8, 0, &at);
	struct arena a = { 0 };
	struct finding f = detector_find("mmd")->sampled(x, z, 0, 0.1, 1, &a);

	(void)state;
	assert_true(fabs(profile_mmd2(&x->feature[0], &y->feature[0])) < 0.001);
	assert_true(profile_mmd2(&x->feature[0], &z->feature[0]) > 0.005);
	assert_true(profile_mmd2(&x->feature[0], &none->feature[0]) == 0);
	assert_true(f.n_reference == 1000 && f.verdict == DRIFT_YES);
	f = detector_find("mmd")->sampled(x, y, 0, 0.1, 1, &a);
	assert_true(f.verdict == DRIFT_NO);
	assert_non_null(strstr(f.why, "between the directions of all 3000 and 3000"));
	profile_free(x);
	profile_free(y);
	profile_free(z);
	profile_free(none);
	arena_free(&a);
}

/* What is the same everywhere, what is missing, and nothing at all. */
static void
degenerate_windows(void **state)
{
	static const char *const with[] = { "mmd", "energy" };
	struct arena a = { 0 };
	double one[] = { 1, 2, 3 };
	struct value v = { .kind = VALUE_VECTOR, .text = vector_pack(one, 3, &a) };

	(void)state;
	for (size_t i = 0; i < COUNT(with); i++) {
		struct profile *x = profile_begin(vectors, 1, 50, 7), *y = profile_begin(vectors, 1, 50, 7);
		const struct detector *d = detector_find(with[i]);
		struct finding f = d->sampled(x, y, 0, 0.1, 1, &a);

		kit_assert_sane(&f);
		assert_true(!f.known && strstr(f.why, "neither window") != NULL);
		for (size_t k = 0; k < 40; k++) {
			profile_add_values(x, k, 0, &v, &a);
			profile_add_values(y, k, 0, &v, &a);
		}
		f = d->sampled(x, y, 0, 0.1, 1, &a);
		kit_assert_sane(&f);
		assert_true(f.p > 0.99 && f.effect == 0 && f.verdict == DRIFT_NO);
		v.text = vector_pack((double[]){ 1, 2 }, 2, &a);
		profile_add_values(y, 99, 0, &v, &a);
		f = d->sampled(x, y, 0, 0.1, 1, &a);
		kit_assert_sane(&f);
		assert_true(f.known && f.p > 0.05);
		v.text = vector_pack(one, 3, &a);
		profile_free(x);
		profile_free(y);
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_did_not_change),
		cmocka_unit_test(embeddings_that_moved),
		cmocka_unit_test(features_changed_together),
		cmocka_unit_test(numbers_that_fell),
		cmocka_unit_test(sums_of_the_whole_window),
		cmocka_unit_test(degenerate_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
