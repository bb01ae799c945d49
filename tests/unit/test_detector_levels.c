/*
 * test_detector_levels.c -- how often detectors are wrong, and how often they find what is there,
 * by simulation.  Every bound is the stated rate and three standard errors of the simulation.
 */
#include <stdlib.h>

#include "tests/unit/drift_kit.h"

struct rates { double p, drift, no; };   /* p <= 0.05; verdict DRIFT; NO DRIFT */

/* Numbers are standard normal in hundredths, categories follow `share`. */
struct world { double shift; const double *share; size_t k; };

static struct profile *
sample(const struct world *w, long n, uint64_t *at)
{
	uint64_t key = rng_key(3, "test_detector_levels");
	struct profile *p = kit_empty(w->share == NULL ? SHAPE_NUMBER : SHAPE_CATEGORY);

	if (w->share == NULL) {
		for (long i = 0; i < n; i++)
			kit_number(p, floor(100 * (w->shift +
			    normal_quantile(rng_unit(rng_next(key, (*at)++))))));
	} else {
		long *count = mem_alloc(w->k, sizeof *count);

		profile_free(p);
		for (long i = 0; i < n; i++) {
			double u = rng_unit(rng_next(key, (*at)++));
			size_t j = 0;

			while (j + 1 < w->k && u >= w->share[j])
				u -= w->share[j++];
			count[j]++;
		}
		p = kit_counts(count, w->k);
		mem_free(count);
	}
	return p;
}

static struct rates
simulate(const char *detector, const struct world *r, long n, const struct world *c, long m,
         int times)
{
	struct rates s = { 0 };
	uint64_t at = 0;

	for (int i = 0; i < times; i++) {
		struct profile *x = sample(r, n, &at), *y = sample(c, m, &at);
		struct arena a = { 0 };
		struct finding f = detector_find(detector)->test(&x->feature[0], &y->feature[0],
		    detector_find(detector)->tolerance, (uint64_t)i, &a);

		s.p += (f.p <= 0.05) / (double)times;
		s.drift += (f.p <= 0.05 && f.verdict == DRIFT_YES) / (double)times;
		s.no += (f.verdict == DRIFT_NO) / (double)times;
		profile_free(x);
		profile_free(y);
		arena_free(&a);
	}
	if (getenv("SHOW") != NULL)
		print_message("%s %ld v %ld: p <= .05 %.3f, DRIFT %.3f, NO DRIFT %.3f\n", detector, n, m,
		    s.p, s.drift, s.no);
	return s;
}

static double
at_most(double rate, int times)
{
	return rate + 3 * sqrt(rate * (1 - rate) / times);
}

static const struct world still = { 0 };

/* 100 v 1001: where a fixed limit of 0.1 on the normed distance alarms in 74 %. */
static void
numbers_that_did_not_change(void **state)
{
	static const char *const with[] = { "ks", "wasserstein", "mann_whitney", "psi",
		"jensen_shannon" };
	enum { TIMES = KIT_TIMES(120) };

	(void)state;
	for (size_t i = 0; i < COUNT(with); i++) {
		struct rates s = simulate(with[i], &still, 1001, &still, 100, TIMES);

		assert_true(s.p <= at_most(0.05, TIMES));
		assert_true(s.drift <= at_most(0.025, TIMES));
	}
}

/* Twenty categories as 1, 1/2, 1/3, ...: where a fixed limit of 0.1 on JS alarms in 99 %. */
static void
categories_that_did_not_change(void **state)
{
	static const char *const with[] = { "homogeneity", "g", "tvd", "linf", "unseen", "psi",
		"jensen_shannon" };
	enum { TIMES = KIT_TIMES(120) };
	double share[20], sum = 0;
	struct world zipf = { 0, share, 20 };

	(void)state;
	for (int i = 0; i < 20; i++)
		sum += share[i] = 1.0 / (i + 1);
	for (int i = 0; i < 20; i++)
		share[i] /= sum;
	for (size_t i = 0; i < COUNT(with); i++) {
		struct rates s = simulate(with[i], &zipf, 1001, &zipf, 100, TIMES);

		assert_true(s.p <= at_most(0.05, TIMES));
		assert_true(s.drift <= at_most(0.025, TIMES));
	}
	/* 500 v 500: where a one-sample chi-square rejects in 77 %. */
	sum = simulate("homogeneity", &zipf, 500, &zipf, 500, 600).p;
	assert_true(sum <= at_most(0.05, 600));
	/* And the level is used: the test is not silent. */
	assert_true(sum >= 0.02);
}

/* Half a standard deviation down, 200 v 200: where a one-sided test finds nothing. */
static void
a_shift_down_is_found(void **state)
{
	const struct world down = { .shift = -0.5 };

	(void)state;
	assert_true(simulate("mann_whitney", &still, 200, &down, 200, 300).p >= 0.99);
	assert_true(simulate("wasserstein", &still, 200, &down, 200, 20).p >= 0.95);
	assert_true(simulate("ks", &still, 200, &down, 200, 300).p >= 0.95);
	assert_true(simulate("ks", &still, 2000, &down, 1000, 100).drift >= 0.95);
}

/* A change of exactly the tolerance is not called more than it, nor less, above 2.5 %. */
static void
at_the_tolerance(void **state)
{
	enum { TIMES = KIT_TIMES(300) };
	/* 2 Phi(s / 2) - 1 = 0.1; Phi(s / sqrt 2) = 0.55; the mean itself. */
	const struct world ks = { .shift = 0.251323 }, mw = { .shift = 0.177709 },
	    sd = { .shift = 0.1 };
	const double p[] = { 0.5, 0.3, 0.15, 0.05 }, q[] = { 0.4, 0.3, 0.2, 0.1 };
	const struct world before = { 0, p, 4 }, after = { 0, q, 4 };
	struct rates s[5];

	(void)state;
	s[0] = simulate("ks", &still, 800, &ks, 600, TIMES);
	s[1] = simulate("mann_whitney", &still, 800, &mw, 600, TIMES);
	s[2] = simulate("wasserstein", &still, 800, &sd, 600, 40);
	s[3] = simulate("homogeneity", &before, 800, &after, 600, TIMES);
	s[4] = simulate("linf", &before, 800, &after, 600, TIMES);
	for (size_t i = 0; i < COUNT(s); i++) {
		assert_true(s[i].drift <= at_most(0.025, i == 2 ? 40 : TIMES));
		assert_true(s[i].no <= at_most(0.025, i == 2 ? 40 : TIMES));
	}
}

/* What the finding says it can show, it shows. */
static void
mde_is_found(void **state)
{
	struct arena a = { 0 };
	uint64_t at = 1 << 30;
	struct profile *x = sample(&still, 300, &at), *y = sample(&still, 300, &at);
	double mde = kit_test("mann_whitney", x, y, &a).mde;
	const struct world moved = { .shift = M_SQRT2 * normal_quantile(0.5 + mde) };

	(void)state;
	assert_true(fabs(simulate("mann_whitney", &still, 300, &moved, 300, 500).p - 0.8) <= 0.06);
	profile_free(x);
	profile_free(y);
	arena_free(&a);
}

/* Fifty features without a change: some are called drifted in 5 % of comparisons, not in 92 %. */
static void
fifty_features(void **state)
{
	enum { FEATURES = 50, TIMES = 60 };
	struct watched watched[FEATURES];
	struct comparing how = { .alpha = 0.05 };
	uint64_t key = rng_key(9, "fifty");
	int called = 0, significant = 0;

	(void)state;
	for (size_t i = 0; i < FEATURES; i++) {
		static char name[FEATURES][8];
		struct buf b = { 0 };

		buf_fmt(&b, "f%zu", i);
		memcpy(name[i], b.p, b.n + 1);
		buf_free(&b);
		watched[i] = kit_watched[i % 2 == 0 ? SHAPE_NUMBER : SHAPE_CATEGORY];
		watched[i].name = name[i];
	}
	for (int t = 0; t < TIMES; t++) {
		struct profile *p[2];
		struct arena a = { 0 };
		struct comparison d;
		struct err e = { 0 };
		bool any = false;

		for (int s = 0; s < 2; s++) {
			p[s] = profile_begin(watched, FEATURES, 0, 7);
			for (int r = 0; r < 120; r++) {
				struct value v[FEATURES];
				char digit[FEATURES];

				for (size_t i = 0; i < FEATURES; i++) {
					double u = rng_unit(rng_next(key++, 0));

					digit[i] = (char)('0' + (int)(u * 10));
					v[i] = i % 2 == 0 ? (struct value){ .kind = VALUE_NUMBER,
					    .number = floor(u * 1000) } : (struct value){ .kind = VALUE_TEXT,
					    .text = { &digit[i], 1 } };
				}
				profile_add_values(p[s], (uint64_t)r, 0, v, &a);
			}
		}
		how.seed = (uint64_t)t;
		assert_int_equal(profiles_compare(p[0], p[1], &how, &d, &a, &e), 0);
		for (size_t i = 0; i < d.n; i++)
			any = any || d.compared[i].p_adjusted <= 0.05;
		called += d.verdict == DRIFT_YES;
		significant += any;
		profile_free(p[0]);
		profile_free(p[1]);
		arena_free(&a);
	}
	if (getenv("SHOW") != NULL)
		print_message("50 features: significant %d, DRIFT %d of %d\n", significant, called, TIMES);
	assert_true(significant <= TIMES * at_most(0.05, TIMES));
	assert_true(called <= significant);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_that_did_not_change),
		cmocka_unit_test(categories_that_did_not_change),
		cmocka_unit_test(a_shift_down_is_found),
		cmocka_unit_test(at_the_tolerance),
		cmocka_unit_test(mde_is_found),
		cmocka_unit_test(fifty_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
