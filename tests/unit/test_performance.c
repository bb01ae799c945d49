/*
 * test_performance.c -- accuracy without labels: the map from confidence to being right, what is
 * expected of a window by it, and how often that is wrong.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

/* ---- drawing windows ------------------------------------------------------------------------ */

enum { CELLS = 1025 };
struct drawn { struct forecasts f; double at[CELLS]; long n[CELLS], known[CELLS], right[CELLS]; };

/* Confidence is U^(1/peak): the larger, the surer.  right: its probability at a confidence. */
struct world { double peak, (*right)(double confidence); };

static uint64_t drawn_at;

static double
uniform(void)
{
	return rng_unit(rng_next(rng_key(5, "test_performance"), drawn_at++));
}

static void
empty(struct drawn *d)
{
	*d = (struct drawn){ .f.k = CELLS };
	d->f.at = d->at;
	d->f.n = d->n;
	d->f.known = d->known;
	d->f.right = d->right;
	for (size_t i = 0; i < CELLS; i++)
		d->at[i] = (double)i / (CELLS - 1);
}

/* n records, the first `graded` of them with an outcome. */
static void
draw(struct drawn *d, const struct world *w, long n, long graded)
{
	empty(d);
	for (long i = 0; i < n; i++) {
		size_t k = (size_t)floor(pow(uniform(), 1 / w->peak) * (CELLS - 1) + 0.5);
		bool right = uniform() < w->right(d->at[k]);

		d->n[k]++;
		d->known[k] += i < graded;
		d->right[k] += i < graded && right;
	}
}

static double
accuracy(const struct world *w)
{
	double sum = 0;

	for (int i = 0; i < 20000; i++)
		sum += w->right(pow((i + 0.5) / 20000, 1 / w->peak)) / 20000;
	return sum;
}

static double overconfident(double c) { return 0.2 + 0.7 * c * c; }
static double steep(double c) { return 1 / (1 + exp(-12 * (c - 0.6))); }
static double honest(double c) { return c; }
static double flat(double c) { return 0.8 + 0 * c; }
static double sunk(double c) { return 0.85 * overconfident(c); }
static double turned(double c) { return 0.95 - 0.55 * c; }

/* How often intervals cover and tests reject, of `times` pairs of windows. */
struct rates { double at, change, outcomes, outcomes_change, p05, bias, outside; };

static struct rates
simulate(const struct world *reference, long n, const struct world *current, long m, long graded,
    int times)
{
	double was = accuracy(reference), is = accuracy(current);
	struct drawn *r = mem_alloc(1, sizeof *r), *c = mem_alloc(1, sizeof *c);
	struct arena a = { 0 };
	struct rates s = { 0 };

	for (int i = 0; i < times; i++) {
		struct calibrator map;
		struct expected e, o;

		draw(r, reference, n, n);
		draw(c, current, m, graded);
		map = calibrator_fit(&r->f, &a);
		e = expected_accuracy(&map, &r->f, &c->f, 0.95, &a);
		o = expected_with_outcomes(&map, &r->f, &c->f, 0.95, &a);
		s.at += e.ci.lo <= is && is <= e.ci.hi;
		s.change += e.change_ci.lo <= is - was && is - was <= e.change_ci.hi;
		s.outcomes += o.known && o.ci.lo <= is && is <= o.ci.hi;
		s.outcomes_change += o.known && o.change_ci.lo <= is - was &&
		    is - was <= o.change_ci.hi;
		s.p05 += calibration_shift(&map, &c->f, &a).p <= 0.05;
		s.bias += e.at - is;
		s.outside += e.outside / times;
		arena_reset(&a);
	}
	s.at /= times;
	s.change /= times;
	s.outcomes /= times;
	s.outcomes_change /= times;
	s.p05 /= times;
	s.bias /= times;
	if (getenv("SHOW") != NULL)
		print_message("n %ld m %ld graded %ld, %.3f -> %.3f: covers %.3f, change %.3f; by outcomes "
		    "%.3f, change %.3f; shift p <= .05 %.3f; bias %.4f, outside %.3f\n", n, m, graded,
		    was, is, s.at, s.change, s.outcomes, s.outcomes_change, s.p05, s.bias, s.outside);
	mem_free(r);
	mem_free(c);
	arena_free(&a);
	return s;
}

/* The stated rate, less three standard errors of the simulation and 1 %. */
static double
at_least(double rate, int times)
{
	return rate - 0.01 - 3 * sqrt(rate * (1 - rate) / times);
}

static double
at_most(double rate, int times)
{
	return rate + 0.02 + 3 * sqrt(rate * (1 - rate) / times);
}

/* ---- isotonic regression -------------------------------------------------------------------- */

/* The max-min formula: fit_i = max over a <= i of min over b >= i of the mean of a..b. */
static double
max_min(const double *y, const double *w, size_t n, size_t i)
{
	double most = -1e300;

	for (size_t a = 0; a <= i; a++) {
		double least = 1e300;

		for (size_t b = i; b < n; b++) {
			double sum = 0, weight = 0;

			for (size_t k = a; k <= b; k++) {
				sum += w[k] * y[k];
				weight += w[k];
			}
			least = fmin(least, sum / weight);
		}
		most = fmax(most, least);
	}
	return most;
}

static void
isotonic_is_the_max_min_of_means(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + (size_t)(9 * uniform()), blocks;
		double y[9], w[9], fit[9], distinct = 1;

		for (size_t i = 0; i < n; i++) {
			y[i] = floor(5 * uniform());
			w[i] = 1 + floor(3 * uniform());
		}
		blocks = isotonic(y, w, n, fit, &a);
		for (size_t i = 0; i < n; i++) {
			CLOSE(fit[i], max_min(y, w, n, i), 1e-12);
			distinct += i > 0 && fit[i] > fit[i - 1];
		}
		CLOSE(distinct, (double)blocks, 0);
		arena_reset(&a);
	}
	assert_int_equal(isotonic(NULL, NULL, 0, NULL, &a), 0);
	assert_int_equal(isotonic((double[]){ 3, 2, 1 }, NULL, 3, (double[3]){ 0 }, &a), 1);
	arena_free(&a);
}

static void
an_inverse_undoes_its_matrix(void **state)
{
	struct arena a = { 0 };
	double singular[] = { 1, 2, 2, 4 }, turn[] = { 0, 1, 1, 0 }, inverse[25];

	(void)state;
	CLOSE(matrix_invert(singular, 2, inverse, &a), 0, 0);
	CLOSE(matrix_invert(turn, 2, inverse, &a), 1, 0);
	CLOSE(inverse[1], 1, 0);
	for (int round = 0; round < 50; round++) {
		double m[25], product;

		for (int i = 0; i < 25; i++)
			m[i] = uniform() - 0.5;
		assert_true(matrix_invert(m, 5, inverse, &a) >= 1);
		for (int i = 0; i < 5; i++)
			for (int j = 0; j < 5; j++) {
				product = 0;
				for (int k = 0; k < 5; k++)
					product += m[5 * i + k] * inverse[5 * k + j];
				CLOSE(product, i == j, 1e-8);
			}
		arena_reset(&a);
	}
	arena_free(&a);
}

/* ---- what is stated ------------------------------------------------------------------------- */

static void
quality_by_hand(void **state)
{
	double at[] = { 0.5, 0.95 };
	long n[] = { 10, 50 }, known[] = { 4, 2 }, right[] = { 1, 2 };
	struct forecasts f = { 2, at, n, known, right };
	struct forecast_quality q = forecast_quality(&f, 0.95);

	(void)state;
	assert_true(q.known && q.n == 6);
	CLOSE(q.accuracy, 0.5, 1e-15);
	CLOSE(q.confidence, 3.9 / 6, 1e-15);
	CLOSE(q.over, 0.15, 1e-15);
	CLOSE(q.brier, (4 * 0.25 + 2 * 0.0025) / 6, 1e-15);
	assert_true(q.brier_ci.lo < q.brier && q.brier < q.brier_ci.hi && q.over_ci.lo < q.over);
	CLOSE(q.ece, (4 * 0.25 + 2 * 0.05) / 6, 1e-15);
	CLOSE(q.ece_chance, sqrt(2 / acos(-1)) * (sqrt(4 * 0.25) + sqrt(2 * 0.0475)) / 6, 1e-15);
	known[1] = right[1] = 0;
	known[0] = 1;
	assert_false(forecast_quality(&f, 0.95).known);
}

/* Two confidences, both often seen: the estimate is the shares' mean of the two rates. */
static void
expected_by_hand(void **state)
{
	double at[] = { 0.6, 0.9 };
	long n[] = { 100, 300 }, right[] = { 40, 270 }, m[] = { 200, 200 }, none[] = { 0, 0 };
	struct forecasts r = { 2, at, n, n, right }, c = { 2, at, m, none, none };
	struct arena a = { 0 };
	struct calibrator map = calibrator_fit(&r, &a);
	struct expected e = expected_accuracy(&map, &r, &c, 0.95, &a);
	double p = 40.5 / 101, q = 270.5 / 301, spread = 0.5 * 0.5;

	(void)state;
	assert_true(map.known && map.nnode == 2 && e.known && e.n == 400);
	CLOSE(e.at, 0.65, 1e-15);
	CLOSE(e.change, 0.65 - 0.775, 1e-15);
	CLOSE(e.outside, 0, 0);
	CLOSE(e.se * e.se, 0.5 * 0.5 * spread / 399 + 0.25 * (p * (1 - p) / 100 + q * (1 - q) / 300),
	    1e-12);
	CLOSE(e.change_se * e.change_se, e.var_current + e.var_reference, 1e-15);
	CLOSE(e.change_se * e.change_se, spread * 0.25 / 399 + 0.1875 * spread / 399 +
	    0.0625 * (p * (1 - p) / 100 + q * (1 - q) / 300), 1e-12);
	CLOSE(calibrator_at(&map, 0.1), 0.4, 1e-15);
	CLOSE(calibrator_at(&map, 0.75), 0.65, 1e-15);
	assert_false(expected_with_outcomes(&map, &r, &c, 0.95, &a).known);
	assert_true(calibration_shift(&map, &c, &a).n == 0 && calibration_shift(&map, &c, &a).p >= 1);
	assert_false(calibrator_fit(&c, &a).known);
	arena_free(&a);
}

/* ---- what intervals and tests promise ------------------------------------------------------- */

static void
intervals_cover_under_covariate_shift(void **state)
{
	static const struct { struct world was, is; } pair[] = {
		{ { 3, overconfident }, { 3, overconfident } },
		{ { 3, overconfident }, { 1.5, overconfident } },
		{ { 1, steep }, { 3, steep } },
		{ { 3, honest }, { 1.5, honest } },
		{ { 1, flat }, { 3, flat } },
		{ { 1, turned }, { 2, turned } },   /* the surer, the more often wrong */
	};
	enum { TIMES = 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT(pair); i++) {
		struct rates s = simulate(&pair[i].was, 500, &pair[i].is, 500, 100, TIMES);

		assert_true(s.at >= at_least(0.95, TIMES) && s.change >= at_least(0.95, TIMES));
		assert_true(s.outcomes >= at_least(0.95, TIMES));
		assert_true(s.outcomes_change >= at_least(0.95, TIMES));
		assert_true(s.p05 <= at_most(0.05, TIMES));
		assert_true(fabs(s.bias) < 0.01 && s.outside < 0.1);
	}
}

/* Where the map changed the confidences mislead, the test says so, and the outcomes do not. */
static void
concept_drift_is_found_by_outcomes(void **state)
{
	static const struct world was = { 3, overconfident }, low = { 3, sunk }, other = { 3, turned };
	struct rates s = simulate(&was, 1000, &low, 1000, 400, 300);

	(void)state;
	assert_true(s.at < 0.1 && s.p05 > 0.8 && s.outcomes > at_least(0.95, 300));
	s = simulate(&was, 500, &other, 500, 200, 300);
	assert_true(s.p05 > 0.99 && s.outcomes_change > at_least(0.95, 300));
}

/* Far more unsure records than the reference had: then the share outside says so. */
static void
what_lies_beyond_the_reference_is_seen(void **state)
{
	static const struct world was = { 8, steep }, is = { 2, steep };

	(void)state;
	assert_true(simulate(&was, 500, &is, 500, 0, 50).outside > 0.2);
}

/* ---- label shift ---------------------------------------------------------------------------- */

enum { K = 3 };
static const double hit[K][K] = {        /* prediction, by class: the last row of 4 is no class */
	{ 0.80, 0.10, 0.15 }, { 0.10, 0.85, 0.15 }, { 0.05, 0.05, 0.65 }
};

struct labels { long count[K * K], labelled[K], right[K], current[K], other, current_other; };

static void
draw_labels(struct labels *l, const double *mix, long n, bool reference)
{
	for (long i = 0; i < n; i++) {
		size_t j = 0, p = 0;
		double u = uniform(), v = uniform();

		while (j + 1 < K && u >= mix[j])
			u -= mix[j++];
		while (p < K && v >= hit[p][j])
			v -= hit[p++][j];
		if (reference) {
			l->labelled[j]++;
			l->right[j] += p == j;
			*(p < K ? &l->count[p * K + j] : &l->other) += 1;
		} else {
			*(p < K ? &l->current[p] : &l->current_other) += 1;
		}
	}
}

static struct confusion
confusion_of(const struct labels *l)
{
	return (struct confusion){ .k = K, .count = l->count, .labelled = l->labelled,
		.right = l->right, .current = l->current, .other = l->other,
		.current_other = l->current_other };
}

static void
a_changed_mix_is_recovered(void **state)
{
	static const double was[] = { 0.5, 0.3, 0.2 }, is[] = { 0.2, 0.3, 0.5 };
	enum { TIMES = 1000 };
	double covers = 0, changed = 0, share = 0, found = 0, false_alarm = 0, truth = 0, before = 0;
	struct arena a = { 0 };

	(void)state;
	for (int j = 0; j < K; j++) {
		truth += is[j] * hit[j][j];
		before += was[j] * hit[j][j];
	}
	for (int i = 0; i < TIMES; i++) {
		struct labels l = { 0 };
		struct confusion c;
		struct label_shift s;

		draw_labels(&l, was, 400, true);
		draw_labels(&l, is, 400, false);
		c = confusion_of(&l);
		s = label_shift(&c, 0.95, 1, &a);
		assert_true(s.known && s.identified && s.condition >= 1);
		CLOSE(s.class[0].is + s.class[1].is + s.class[2].is, 1, 1e-12);
		covers += (s.ci.lo <= truth && truth <= s.ci.hi) / (double)TIMES;
		changed += (s.change_ci.lo <= truth - before && truth - before <= s.change_ci.hi) /
		    (double)TIMES;
		share += (s.class[2].ci.lo <= is[2] && is[2] <= s.class[2].ci.hi) / (double)TIMES;
		found += (s.p <= 0.05) / (double)TIMES;
		l.current_other = 0;
		memset(l.current, 0, sizeof l.current);
		draw_labels(&l, was, 400, false);
		false_alarm += (label_shift(&c, 0.95, 1, &a).p <= 0.05) / (double)TIMES;
		arena_reset(&a);
	}
	if (getenv("SHOW") != NULL)
		print_message("label shift: accuracy covers %.3f, change %.3f, share %.3f; found %.3f, "
		    "false alarms %.3f\n", covers, changed, share, found, false_alarm);
	assert_true(covers >= at_least(0.95, TIMES) && changed >= at_least(0.95, TIMES));
	assert_true(share >= at_least(0.95, TIMES));
	assert_true(found > 0.99 && false_alarm <= at_most(0.05, TIMES));
	arena_free(&a);
}

static void
a_mix_that_no_prediction_tells_is_not_given(void **state)
{
	long count[] = { 50, 50, 50, 50 }, labelled[] = { 100, 100 }, right[] = { 50, 50 };
	long current[] = { 10, 90 };
	struct confusion c = { 2, count, labelled, right, current, 0, 0 };
	struct arena a = { 0 };
	struct label_shift s = label_shift(&c, 0.95, 1, &a);

	(void)state;
	assert_true(s.known && !s.identified && s.p < 0.001);
	/* Perfect predictions are the labels. */
	count[0] = count[3] = right[0] = right[1] = 100;
	count[1] = count[2] = 0;
	s = label_shift(&c, 0.95, 1, &a);
	assert_true(s.identified);
	CLOSE(s.condition, 1, 1e-15);
	CLOSE(s.class[1].is, 0.9, 1e-15);
	CLOSE(s.at, 1, 1e-15);
	CLOSE(s.change, 0, 1e-15);
	current[0] = current[1] = 0;
	assert_false(label_shift(&c, 0.95, 1, &a).known);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(isotonic_is_the_max_min_of_means),
		cmocka_unit_test(an_inverse_undoes_its_matrix),
		cmocka_unit_test(quality_by_hand),
		cmocka_unit_test(expected_by_hand),
		cmocka_unit_test(intervals_cover_under_covariate_shift),
		cmocka_unit_test(concept_drift_is_found_by_outcomes),
		cmocka_unit_test(what_lies_beyond_the_reference_is_seen),
		cmocka_unit_test(a_changed_mix_is_recovered),
		cmocka_unit_test(a_mix_that_no_prediction_tells_is_not_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
