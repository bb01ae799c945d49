/*
 * test_detectors.c -- each detector against numbers known from elsewhere, the statistics that it
 * is made of, and input at the edge.
 */
#include <float.h>
#include <stdlib.h>

#include "drift/finding.h"
#include "tests/unit/drift_kit.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static const enum shape shapes[] = { SHAPE_NUMBER, SHAPE_CATEGORY, SHAPE_TEXT };

/* ---- known numbers ---- */

static struct pooled
tally_of_kit(const struct profile *r, const struct profile *c, struct arena *a)
{
	struct tally t = tally_numbers(&r->feature[0], &c->feature[0], a);

	return tally_pooled(&t, a);
}

/* The vectors of drift tools' tests, and times ten: integers, so that buckets are exact. */
static void
vectors(double *x, double *y, struct profile **r, struct profile **c)
{
	double ten_x[200], ten_y[150];

	for (int i = 0; i < 200; i++) {
		ten_x[i] = (37 * (i + 1)) % 101;
		x[i] = ten_x[i] / 10;
	}
	for (int i = 0; i < 150; i++) {
		ten_y[i] = (53 * (i + 1)) % 97 + 7;
		y[i] = (53 * (i + 1)) % 97 / 10.0 + 0.7;
	}
	*r = kit_numbers(ten_x, 200);
	*c = kit_numbers(ten_y, 150);
}

static void
numbers_agree_with_known_ones(void **state)
{
	double x[200], y[150];
	struct arena a = { 0 };
	struct profile *r, *c;
	struct pooled s, ten;
	struct finding f;

	(void)state;
	vectors(x, y, &r, &c);
	/* 0.1 + 0.7 is not 0.8: in tenths some ties are none. */
	s = pool_two(x, 200, y, 150, &a);
	CLOSE(ks_test(&s, &a).d, 0.071666667, 1e-9);
	CLOSE(mann_whitney(&s, &a).p_continuity, 0.147874, 1e-6);
	CLOSE(sample_distance(&s, &a).normed, 0.158245972, 1e-9);
	CLOSE(sample_distance(&s, &a).energy, 0.211995807, 1e-9);
	ten = tally_of_kit(r, c, &a);
	f = kit_test("ks", r, c, &a);
	CLOSE(f.effect, ks_test(&ten, &a).d, 1e-15);
	CLOSE(f.p, ks_test(&ten, &a).p, 1e-15);
	assert_true(f.direction == 1 && f.verdict == DRIFT_UNSURE && f.why != NULL);
	f = kit_test("mann_whitney", r, c, &a);
	CLOSE(f.effect, mann_whitney(&ten, &a).auc - 0.5, 1e-15);
	CLOSE(f.p, mann_whitney(&ten, &a).p, 1e-15);
	assert_int_equal(f.direction, 1);
	/* The distance is 0.158245972 as above; chance makes some of it. */
	f = kit_test("wasserstein", r, c, &a);
	assert_true(f.effect > 0 && f.effect < 0.158245972);
	CLOSE(f.ci.hi, 0.158245972 + 1.959964 * hypot(1 / sqrt(200), 2.8 / 2.9069 / sqrt(150)), 2e-3);
	assert_true(f.p > 0.1 && f.p < 0.4);
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

/* Below n m = 10,000 the p-value is exact. */
static void
ks_is_exact_for_few(void **state)
{
	const double x[] = { 1, 2, 2, 3, 5, 8, 9 }, y[] = { 4, 5, 7, 9, 9, 10 };
	struct arena a = { 0 };
	struct profile *r = kit_numbers(x, COUNT(x)), *c = kit_numbers(y, COUNT(y));
	struct pooled s = pool_two(x, COUNT(x), y, COUNT(y), &a);
	struct ks k = ks_test(&s, &a);
	struct finding f = kit_test("ks", r, c, &a);

	(void)state;
	assert_true(k.has_exact);
	CLOSE(f.effect, k.d, 1e-15);
	CLOSE(f.p, k.p_exact, 1e-15);
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

/* Few values with ties are dealt anew, and the test has two sides. */
static void
mann_whitney_has_two_sides(void **state)
{
	struct arena a = { 0 };
	struct profile *low = kit_empty(SHAPE_NUMBER), *high = kit_empty(SHAPE_NUMBER);
	struct finding f;

	(void)state;
	for (int i = 0; i < 14; i++) {
		kit_number(low, i / 2);
		kit_number(high, i / 2 + 5);
	}
	f = kit_test("mann_whitney", low, high, &a);
	assert_true(f.p < 0.001 && f.direction == 1 && f.verdict == DRIFT_YES);
	f = kit_test("mann_whitney", high, low, &a);
	assert_true(f.p < 0.001 && f.direction == -1 && f.verdict == DRIFT_YES);
	profile_free(low);
	profile_free(high);
	arena_free(&a);
}

static void
categories_agree_with_known_ones(void **state)
{
	const long x[] = { 520, 290, 140, 50 }, y[] = { 480, 310, 155, 55 };
	const long u[] = { 500, 300, 150, 50, 0 }, v[] = { 420, 330, 150, 60, 40 };
	struct arena a = { 0 };
	struct profile *r = kit_counts(x, 4), *c = kit_counts(y, 4);
	struct finding f = kit_test("homogeneity", r, c, &a);

	(void)state;
	CLOSE(f.p, 0.35220, 5e-6);
	CLOSE(f.ci.hi, 0.04 + 1.959964 * 0.5 * sqrt(0.002), 1e-6);
	assert_true(f.effect > 0 && f.effect < 0.04);
	f = kit_test("g", r, c, &a);
	CLOSE(f.p, 0.3519, 5e-4);
	profile_free(r);
	profile_free(c);

	r = kit_counts(u, 5);
	c = kit_counts(v, 5);
	f = kit_test("linf", r, c, &a);
	CLOSE(f.effect, 0.08, 1e-12);
	assert_true(f.direction == -1 && strstr(f.why, "'c0' went from 50 % to 42 %") != NULL);
	f = kit_test("tvd", r, c, &a);
	CLOSE(f.ci.hi, 0.08 + 1.959964 * 0.5 * sqrt(0.002), 1e-6);
	assert_true(f.effect < 0.08 && f.p < 0.01);
	/* Divergence 0.023355988; chance makes (k - 1) (1/n + 1/m) / 8 nats. */
	f = kit_test("jensen_shannon", r, c, &a);
	CLOSE(f.effect * f.effect, 0.023355988 - js2_under_null(5, 1000, 1000) / M_LN2, 1e-4);
	f = kit_test("psi", r, c, &a);
	CLOSE(f.effect, count_distance(u, v, 5).psi_half - psi_under_null(5, 1000, 1000), 1.5e-3);
	f = kit_test("unseen", r, c, &a);
	CLOSE(f.effect, 0.04, 1e-12);
	assert_true(f.direction == 1 && f.verdict == DRIFT_YES && f.p <= 1e-4);
	assert_non_null(strstr(f.why, "'c4', 40 of 1000"));
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

/* 30 of 100 v 18 of 82, and Newcombe's (1998) first example, 56/70 v 48/80. */
static void
missing_is_a_test_of_its_own(void **state)
{
	struct arena a = { 0 };
	struct profile *r = kit_empty(SHAPE_NUMBER), *c = kit_empty(SHAPE_NUMBER);
	struct finding f;

	(void)state;
	kit_kind(r, VALUE_MISSING, 48);
	kit_kind(c, VALUE_MISSING, 56);
	for (int i = 0; i < 32; i++)
		kit_number(r, 1);
	for (int i = 0; i < 14; i++)
		kit_number(c, 1);
	f = kit_test_at("missing", r, c, 0.05, &a);
	CLOSE(f.effect, 0.2, 1e-12);
	CLOSE(f.ci.hi, 0.3339, 5e-5);
	CLOSE(f.p, fisher_2x2(48, 32, 56, 14).two, 1e-12);
	assert_int_equal(f.direction, 1);
	assert_non_null(strstr(f.why, "missing went from 60 % to 80 %"));
	profile_free(r);
	profile_free(c);

	r = kit_empty(SHAPE_CATEGORY);
	c = kit_empty(SHAPE_CATEGORY);
	kit_text(r, "a", 1000);
	kit_text(c, "a", 500);
	kit_kind(c, VALUE_OTHER, 500);
	f = kit_test("missing", r, c, &a);
	assert_true(f.verdict == DRIFT_YES && strstr(f.why, "another type") != NULL);
	f = kit_test("homogeneity", r, c, &a);
	assert_true(f.verdict == DRIFT_NO);
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

/* A word that a third more texts hold is found among all n-grams; texts that differ in nothing
 * are not called drifted. */
static void
ngrams_find_a_word(void **state)
{
	static const char *const end[] = { "thank you", "bye", "see you", "regards" };
	struct arena a = { 0 };
	struct profile *r = kit_empty(SHAPE_TEXT), *c = kit_empty(SHAPE_TEXT);
	struct profile *same = kit_empty(SHAPE_TEXT);
	struct finding f;

	(void)state;
	for (int i = 0; i < 1200; i++) {
		uint64_t u = rng_at(1, "ngrams", (uint64_t)i), order = u % 1000, e = u >> 20 & 3;

		kit_text(i % 3 == 0 ? r : i % 3 == 1 ? c : same, arena_fmt(&a, "where is order %d %s%s",
		    (int)order, end[e], i % 9 == 1 ? " refund" : ""), 1);
	}
	f = kit_test("ngrams", r, c, &a);
	kit_assert_sane(&f);
	assert_true(f.verdict == DRIFT_YES && f.direction == 1 && f.p < 1e-20);
	CLOSE(f.effect, 0.335, 0.002);
	f = kit_test("ngrams", r, same, &a);
	kit_assert_sane(&f);
	assert_true(f.verdict != DRIFT_YES && f.p > 0.05);
	profile_free(r);
	profile_free(c);
	profile_free(same);
	arena_free(&a);
}

/* ---- properties ---- */

static struct profile *
some(enum shape shape, long n, int kinds, uint64_t salt)
{
	struct profile *p = kit_empty(shape);
	struct arena a = { 0 };

	for (long i = 0; i < n; i++) {
		double u = rng_unit(rng_at(salt, "some", (uint64_t)i));
		long v = (long)(u * u * kinds);

		if (i % 9 == 8)
			kit_kind(p, VALUE_MISSING, 1);
		else if (shape == SHAPE_NUMBER)
			kit_number(p, (double)v);
		else
			kit_text(p, arena_fmt(&a, "value %ld", v), 1);
	}
	arena_free(&a);
	return p;
}

/* Which window is called the reference changes only what is measured by the reference. */
static void
symmetry(void **state)
{
	static const char *const either[] = { "ks", "mann_whitney", "homogeneity", "g", "tvd", "linf",
		"missing", "ngrams" };
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(either); i++)
		for (size_t s = 0; s < COUNT(shapes); s++) {
			struct profile *x = some(shapes[s], 90, 30, 1), *y = some(shapes[s], 140, 34, 2);
			struct finding f, g;

			if (detector_find(either[i])->shapes >> shapes[s] & 1) {
				f = kit_test(either[i], x, y, &a);
				g = kit_test(either[i], y, x, &a);
				kit_assert_sane(&f);
				CLOSE(f.effect, g.effect, 1e-12);
				CLOSE(f.p, g.p, 1e-9);
				CLOSE(f.ci.lo, g.ci.lo, 1e-12);
				CLOSE(f.ci.hi, g.ci.hi, 1e-12);
				assert_int_equal(f.direction, -g.direction);
			}
			profile_free(x);
			profile_free(y);
		}
	arena_free(&a);
}

/* The same bytes for any number of threads. */
static void
threads_change_nothing(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (const struct detector *const *d = detector_all(); *d != NULL; d++)
		for (size_t s = 0; s < COUNT(shapes); s++) {
			struct profile *x, *y;
			struct finding f[2];

			if (((*d)->shapes >> shapes[s] & 1) == 0)
				continue;
			x = some(shapes[s], 60, 40, 3);
			y = some(shapes[s], 70, 40, 4);
			for (int i = 0; i < 2; i++) {
				setenv("DRIFTLEAD_THREADS", i == 0 ? "1" : "5", 1);
				f[i] = kit_test((*d)->name, x, y, &a);
			}
			unsetenv("DRIFTLEAD_THREADS");
			assert_true(f[0].p == f[1].p && f[0].effect == f[1].effect &&
			    f[0].ci.lo == f[1].ci.lo && f[0].ci.hi == f[1].ci.hi && f[0].mde == f[1].mde);
			profile_free(x);
			profile_free(y);
		}
	arena_free(&a);
}

static double
first_of_current(const struct tally *t, struct arena *scratch)
{
	(void)scratch;
	return (double)t->y[0];
}

/* What is dealt follows the hypergeometric distribution: one by one, by inversion, and where it
 * is drawn from its limit. */
static void
deals_are_hypergeometric(void **state)
{
	static const long size[][3] = {      /* in the cell, in both, and dealt to the current window */
		{ 5, 60, 20 }, { 60, 200, 7 }, { 150, 400, 130 }, { 4000, 9000, 3000 },
		{ 900000, 2000000, 700000 } };
	enum { DRAWS = 9999 };
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(size); i++) {
		long white = size[i][0], black = size[i][1] - white, m = size[i][2];

		for (int tail = 1; tail < 10; tail += 2) {
			long k = hypergeom_quantile(0.1 * tail, white, black, m);
			long x[] = { white - k, black - (m - k) }, y[] = { k, m - k };
			struct tally t = { .k = 2, .n = size[i][1] - m, .m = m, .x = x, .y = y };
			double p = hypergeom_sf(k - 1, white, black, m);

			CLOSE(chance_deal(&t, first_of_current, NULL, DRAWS, (uint64_t)tail, &a).p, p,
			    4 * sqrt(p * (1 - p) / DRAWS) + 1e-4);
		}
	}
	arena_free(&a);
}

/* ---- the edge ---- */

/* Nothing, all missing, one value, one value often, another, far ones, many kinds. */
static struct profile *
edge(enum shape shape, int which)
{
	static const double far[] = { -DBL_MAX, DBL_MAX, 0, 5e-324, 1e200, -1e155 };
	struct profile *p = kit_empty(shape);
	struct arena a = { 0 };
	long many = shape == SHAPE_NUMBER ? 300 : 6000;

	for (long i = 0; i < (which > 5 ? many : which > 2 ? 50 : 1); i++)
		if (which == 0)
			break;
		else if (which == 1)
			kit_kind(p, VALUE_MISSING, 40);
		else if (shape == SHAPE_NUMBER)
			kit_number(p, which == 5 ? far[i % 6] : which == 6 ? 0.37 * (double)i : which);
		else
			kit_text(p, arena_fmt(&a, "kind %ld", which < 5 ? which : i), 1);
	arena_free(&a);
	return p;
}

static void
edges_are_defined(void **state)
{
	enum { EDGES = 7 };

	(void)state;
	for (size_t s = 0; s < COUNT(shapes); s++) {
		struct profile *p[EDGES];

		for (int i = 0; i < EDGES; i++)
			p[i] = edge(shapes[s], i);
		for (int i = 0; i < EDGES; i++)
			for (int j = 0; j < EDGES; j++)
				for (const struct detector *const *d = detector_all(); *d != NULL; d++) {
					struct arena a = { 0 };
					struct finding f;

					/* Many kinds take their time: with themselves, nothing and little. */
					if ((i == 6 || j == 6) && i != j && i != 0 && i != 3)
						continue;
					if ((*d)->shapes >> shapes[s] & 1) {
						f = kit_test((*d)->name, p[i], p[j], &a);
						kit_assert_sane(&f);
						if (i == j)
							assert_true(f.verdict != DRIFT_YES && f.p > 0.1);
					}
					arena_free(&a);
				}
		for (int i = 0; i < EDGES; i++)
			profile_free(p[i]);
	}
}

/* 50 of one value, then 50 of another: as far as can be. */
static void
all_elsewhere_is_drift(void **state)
{
	static const char *const found[] = { "ks", "wasserstein", "mann_whitney", "psi",
		"jensen_shannon", "homogeneity", "g", "tvd", "linf", "unseen" };
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(found); i++)
		for (size_t s = 0; s < 2; s++) {
			struct profile *x, *y;
			struct finding f;

			if ((detector_find(found[i])->shapes >> shapes[s] & 1) == 0)
				continue;
			x = edge(shapes[s], 3);
			y = edge(shapes[s], 4);
			f = kit_test(found[i], x, y, &a);
			kit_assert_sane(&f);
			assert_true(f.p < 0.01 && f.verdict == DRIFT_YES);
			profile_free(x);
			profile_free(y);
		}
	arena_free(&a);
}

/* As many records as no machine counts: no product of counts overflows. */
static void
more_than_a_long_multiplies(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		struct profile *x = some(shapes[s], 60, 12, 3), *y = some(shapes[s], 80, 12, 4);
		struct profile *both[] = { x, y };

		for (int i = 0; i < 2; i++) {
			struct feature_profile *f = &both[i]->feature[0];

			f->n <<= 40;
			f->missing <<= 40;
			for (size_t j = 0; j < f->nbucket; j++)
				f->bucket[j].count <<= 40;
			for (size_t j = 0; j < f->ncategory; j++)
				f->category[j].count <<= 40;
		}
		for (const struct detector *const *d = detector_all(); *d != NULL; d++)
			if ((*d)->shapes >> shapes[s] & 1) {
				struct finding f = kit_test((*d)->name, x, y, &a);

				kit_assert_sane(&f);
				assert_true(f.verdict != DRIFT_UNSURE);
			}
		profile_free(x);
		profile_free(y);
	}
	arena_free(&a);
}

/* A million categories: what is listed is told from what is not, in both windows alike. */
static void
a_million_categories(void **state)
{
	struct profile *x = kit_empty(SHAPE_CATEGORY), *y = kit_empty(SHAPE_CATEGORY);
	struct arena a = { 0 };
	char name[32];

	(void)state;
	for (long i = 0; i < 1000000; i++) {
		struct value v = { .kind = VALUE_TEXT };
		struct buf b = { 0 };

		buf_fmt(&b, "user %ld", i);
		memcpy(name, b.p, b.n + 1);
		buf_free(&b);
		v.text = str_of(name);
		profile_add_values(x, (uint64_t)i, 0, &v, &a);
		if (i % 2 == 0)
			profile_add_values(y, (uint64_t)i, 0, &v, &a);
		arena_reset(&a);
	}
	for (const struct detector *const *d = detector_all(); *d != NULL; d++)
		if ((*d)->shapes >> SHAPE_CATEGORY & 1) {
			struct finding f = kit_test((*d)->name, x, y, &a);

			kit_assert_sane(&f);
			assert_true(f.verdict != DRIFT_YES && f.p > 0.01);
		}
	profile_free(x);
	profile_free(y);
	arena_free(&a);
}

/* With as many records as it asked for, the same share of change is decided. */
static void
n_needed_decides(void **state)
{
	static const char *const with[] = { "ks", "mann_whitney", "homogeneity", "linf", "missing" };
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(with); i++) {
		enum shape s = detector_find(with[i])->shapes & 1u << SHAPE_NUMBER ? SHAPE_NUMBER :
		    SHAPE_CATEGORY;
		struct profile *x = some(s, 40000, 5, 1), *y = some(s, 40, 5, 2), *z;
		struct finding f = kit_test(with[i], x, y, &a);

		assert_true(f.verdict == DRIFT_UNSURE && f.n_needed > 40 && f.n_needed < 20000);
		z = some(s, f.n_needed * 9 / 8 + 9, 5, 5);
		f = kit_test(with[i], x, z, &a);
		assert_true(f.verdict == DRIFT_NO);
		profile_free(x);
		profile_free(y);
		profile_free(z);
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_agree_with_known_ones),
		cmocka_unit_test(ks_is_exact_for_few),
		cmocka_unit_test(mann_whitney_has_two_sides),
		cmocka_unit_test(categories_agree_with_known_ones),
		cmocka_unit_test(missing_is_a_test_of_its_own),
		cmocka_unit_test(ngrams_find_a_word),
		cmocka_unit_test(symmetry),
		cmocka_unit_test(threads_change_nothing),
		cmocka_unit_test(deals_are_hypergeometric),
		cmocka_unit_test(edges_are_defined),
		cmocka_unit_test(all_elsewhere_is_drift),
		cmocka_unit_test(more_than_a_long_multiplies),
		cmocka_unit_test(a_million_categories),
		cmocka_unit_test(n_needed_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
