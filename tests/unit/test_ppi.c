/*
 * test_ppi.c -- means corrected by labels: little data, bad judges, and what they promise.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

enum { LABELS = 200, MORE = 2000 };

struct draw { double y[LABELS], judge[LABELS], more[MORE]; };

static double
uniform(uint64_t *at)
{
	return rng_unit(rng_next(rng_key(21, "test_ppi"), (*at)++));
}

/* Labels that pass with probability `pass`, and a judge that is right with these probabilities. */
static struct labelled
draw(struct draw *d, uint64_t *at, double pass, double sensitivity, double specificity)
{
	for (int i = 0; i < LABELS + MORE; i++) {
		double y = uniform(at) < pass;
		double judge = uniform(at) < (y == 1 ? sensitivity : 1 - specificity);

		if (i < LABELS) {
			d->y[i] = y;
			d->judge[i] = judge;
		} else {
			d->more[i - LABELS] = judge;
		}
	}
	return (struct labelled){ .y = d->y, .judge = d->judge, .more = d->more, .n = LABELS,
	    .nmore = MORE };
}

static void
no_label_is_no_knowledge(void **state)
{
	struct arena a = { 0 };
	double more[] = { 1, 0, 1 };
	struct labelled j = { .more = more, .nmore = 3 };
	struct ppi p = ppi_plus(&j, PPI_SMALL_SAMPLE);

	(void)state;
	assert_false(p.known || p.has_se);
	assert_true(ppi_lambda(&j) == 0);
	assert_true(ppi_interval(&p, 0.95).lo == -DBL_MAX && ppi_interval(&p, 0.95).hi == DBL_MAX);
	assert_false(ppi_estimate(&j, 0.95, &a).known);
	assert_false(rogan_gladen(&j).known);
	assert_false(ppi_stratified(&j, (double[]){ 1 }, 1).known);
	assert_true(judge_n_eff(0.5, 0, 0) == 0 && judge_n_eff(1, 0, 10) == 0);
	arena_free(&a);
}

static void
one_label_has_no_error(void **state)
{
	double y = 1, judge = 0, more[] = { 1, 0, 1 };
	struct labelled j = { .y = &y, .judge = &judge, .more = more, .n = 1, .nmore = 3 };
	struct ppi p = ppi_plus(&j, PPI_SMALL_SAMPLE);

	(void)state;
	assert_true(p.known && !p.has_se && p.lambda == 0 && p.at == 1);
}

/* Without further units, or with a judge that always says the same, only the labels count. */
static void
a_judge_that_knows_nothing_is_ignored(void **state)
{
	struct draw d;
	uint64_t at = 0;
	struct labelled j = draw(&d, &at, 0.7, 0.9, 0.9);
	struct ppi p;
	double mean = sum_of(d.y, LABELS) / LABELS;

	(void)state;
	j.nmore = 0;
	p = ppi_mean(&j, 1, PPI_SMALL_SAMPLE);
	assert_true(p.lambda == 0);
	CLOSE(p.at, mean, 1e-15);
	j.nmore = MORE;
	for (int constant = 0; constant < 2; constant++) {
		for (int i = 0; i < LABELS + MORE; i++)
			*(i < LABELS ? &d.judge[i] : &d.more[i - LABELS]) = constant;
		p = ppi_plus(&j, PPI_SMALL_SAMPLE);
		assert_true(p.lambda == 0 && p.has_se);
		CLOSE(p.at, mean, 1e-15);
		CLOSE(p.n_eff, LABELS, 1e-9);
	}
	/* A judge that is wrong always has a negative covariance: lambda stays 0. */
	for (int i = 0; i < LABELS; i++)
		d.judge[i] = 1 - d.y[i];
	assert_true(ppi_lambda(&j) == 0);
}

/* All labels alike: no formula is certain of it. */
static void
labels_without_variation_get_the_exact_bound(void **state)
{
	struct arena a = { 0 };
	struct draw d;
	uint64_t at = 0;

	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		struct labelled j = draw(&d, &at, pass, 0.8, 0.7);
		struct ppi p = ppi_plus(&j, PPI_SMALL_SAMPLE);
		struct estimate e = ppi_estimate(&j, 0.95, &a);

		assert_true(p.known && !p.has_se && p.lambda == 0);
		assert_true(e.known && e.bounded && e.hi - e.lo > 0.01);
		assert_true(e.lo >= 0 && e.hi <= 1 && e.lo <= e.at && e.at <= e.hi);
		assert_string_equal(e.method, "wilson");
		j.paired = true;
		e = ppi_estimate(&j, 0.95, &a);
		assert_true(e.bounded && e.lo < e.at && e.hi >= e.at);
		/* No difference at all may still hide a loss. */
		if (!pass)
			assert_true(e.lo < 0 && e.hi > 0);
		assert_false(rogan_gladen(&j).known);
	}
	arena_free(&a);
}

static void
few_labels_speak_for_themselves(void **state)
{
	struct arena a = { 0 };
	struct draw d;
	uint64_t at = 77;
	struct labelled j = draw(&d, &at, 0.7, 0.9, 0.9);
	struct ppi p;

	(void)state;
	j.n = 29;
	assert_string_equal(ppi_estimate(&j, 0.95, &a).method, "wilson");
	j.n = 30;
	assert_string_equal(ppi_estimate(&j, 0.95, &a).method, "ppi++");
	p = ppi_plus(&j, PPI_SMALL_SAMPLE);
	assert_true(p.df == 29);
	j.n = 100;
	p = ppi_plus(&j, PPI_SMALL_SAMPLE);
	assert_true(p.df == 0 && p.n_eff > 100);
	/* The published variances are smaller. */
	assert_true(ppi_plus(&j, PPI_LARGE_SAMPLE).se < p.se);
	arena_free(&a);
}

/* A judge that passes too much moves the naive mean by 0.1, and the corrected one not at all. */
static void
the_correction_covers_where_the_judge_does_not(void **state)
{
	enum { ROUNDS = 400 };
	struct arena a = { 0 };
	struct draw d;
	uint64_t at = 10000;
	int plus = 0, naive = 0, rogan = 0, shorter = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct labelled j = draw(&d, &at, 0.7, 0.95, 0.7);
		struct estimate e = ppi_estimate(&j, 0.95, &a);
		struct rogan_gladen r = rogan_gladen(&j);
		struct interval judge = rate_wilson(lround(sum_of(d.more, MORE)), MORE, 0.95);
		struct ppi labels = ppi_mean(&j, 0, PPI_SMALL_SAMPLE);
		struct interval alone = ppi_interval(&labels, 0.95);

		plus += e.lo <= 0.7 && 0.7 <= e.hi;
		naive += judge.lo <= 0.7 && 0.7 <= judge.hi;
		rogan += fabs(r.at - 0.7) <= 1.96 * r.se;
		shorter += e.hi - e.lo < alone.hi - alone.lo;
		arena_reset(&a);
	}
	assert_true(plus > ROUNDS * 0.92 && plus < ROUNDS * 0.98);
	assert_true(rogan > ROUNDS * 0.91);
	assert_true(naive < ROUNDS * 0.3);
	assert_true(shorter == ROUNDS);
	arena_free(&a);
}

static void
a_judge_near_chance_is_refused(void **state)
{
	double y[] = { 1, 1, 1, 1, 1, 0, 0, 0, 0, 0 }, judge[] = { 1, 1, 1, 0, 0, 1, 1, 1, 0, 0 };
	struct labelled j = { .y = y, .judge = judge, .more = judge, .n = 10, .nmore = 10 };
	struct rogan_gladen r = rogan_gladen(&j);

	(void)state;
	assert_true(r.known && r.refused && r.at == 0);
	CLOSE(r.sensitivity, 0.6, 1e-15);
	CLOSE(r.specificity, 0.4, 1e-15);
	judge[5] = judge[6] = 0;
	r = rogan_gladen(&j);
	assert_true(r.known && !r.refused && r.se > 0);
}

static void
strata_are_joined_by_their_shares(void **state)
{
	struct draw d[3];
	uint64_t at = 500;
	struct labelled j[3];
	const double share[] = { 0.5, 0.3, 0.2 };
	struct ppi one[3], p;

	(void)state;
	for (int h = 0; h < 3; h++) {
		j[h] = draw(&d[h], &at, 0.5 + 0.2 * h, 0.9, 0.8);
		j[h].n = 50;
		one[h] = ppi_plus(&j[h], PPI_SMALL_SAMPLE);
	}
	p = ppi_stratified(j, share, 3);
	CLOSE(p.at, 0.5 * one[0].at + 0.3 * one[1].at + 0.2 * one[2].at, 1e-14);
	CLOSE(p.se, sqrt(0.25 * one[0].se * one[0].se + 0.09 * one[1].se * one[1].se +
	    0.04 * one[2].se * one[2].se), 1e-14);
	assert_true(p.df > 49 && p.df <= 147 && p.moved == 0);
	/* One label says nothing of its stratum's variance: the share goes to the others. */
	j[2].n = 1;
	p = ppi_stratified(j, share, 3);
	CLOSE(p.moved, 0.2, 1e-15);
	CLOSE(p.at, (0.5 * one[0].at + 0.3 * one[1].at) / 0.8, 1e-14);
	/* Nothing but passes in every stratum is not certainty. */
	for (int h = 0; h < 3; h++) {
		j[h].n = 10;
		for (int i = 0; i < 10; i++)
			d[h].y[i] = 1;
	}
	p = ppi_stratified(j, share, 3);
	assert_true(p.has_se && p.se > 0.01 && p.at == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_label_is_no_knowledge),
		cmocka_unit_test(one_label_has_no_error),
		cmocka_unit_test(a_judge_that_knows_nothing_is_ignored),
		cmocka_unit_test(labels_without_variation_get_the_exact_bound),
		cmocka_unit_test(few_labels_speak_for_themselves),
		cmocka_unit_test(the_correction_covers_where_the_judge_does_not),
		cmocka_unit_test(a_judge_near_chance_is_refused),
		cmocka_unit_test(strata_are_joined_by_their_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
