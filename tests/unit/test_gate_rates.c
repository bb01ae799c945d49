/*
 * test_gate_rates.c -- how often the gate's rule errs, by simulation from a fixed seed.
 *
 * The rule: PASS when the lower end of the 90 % interval is above -margin; FAIL when the
 * regression p-value is below 5 % and the change is at most -margin.  At a true drop of the
 * margin a PASS is an error, without a drop a FAIL is; neither may exceed 5 %, give or take
 * three standard errors of the simulation.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

enum { TIMES = 3000, MOST = 1200, PER_CLUSTER = 5, REPEATS = 3 };
static const double margin = 0.04, psi = 0.16, alpha = 0.05;

static uint64_t key, at;
static double base[MOST], cand[MOST];
static int stratum[MOST];
static long cluster[MOST];

static double
uniform(void)
{
	return rng_unit(rng_next(key, at++));
}

/* A pair whose candidate is worse by `drop` on average. */
static void
draw_pair(size_t i, double drop)
{
	double u = uniform();

	if (u < (psi + drop) / 2)
		base[i] = 1, cand[i] = 0;
	else if (u < psi)
		base[i] = 0, cand[i] = 1;
	else
		base[i] = cand[i] = uniform() < 0.8;
}

static void
draw_items(struct sample *s, double drop)
{
	for (size_t i = 0; i < s->n; i++)
		draw_pair(i, drop);
}

/* An item copies its cluster's first with probability 0.6, so that ICC is 0.36 or more. */
static void
draw_clusters(struct sample *s, double drop)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t first = i - i % PER_CLUSTER;

		draw_pair(i, drop);
		if (i > first && uniform() < 0.6) {
			base[i] = base[first];
			cand[i] = cand[first];
		}
		cluster[i] = (long)(i / PER_CLUSTER);
	}
	s->cluster = cluster;
	s->ncluster = (s->n + PER_CLUSTER - 1) / PER_CLUSTER;
}

/* Two strata sampled alike whose shares differ; the whole drop is in the larger one. */
static void
draw_strata(struct sample *s, double drop)
{
	static const double share[2] = { 0.8, 0.2 };

	for (size_t i = 0; i < s->n; i++) {
		stratum[i] = i % 2 == 1;
		draw_pair(i, stratum[i] ? 0 : drop / share[0]);
	}
	s->stratum = stratum;
	s->nstratum = 2;
	s->share = share;
}

/* Items of different difficulty, each asked three times; the unit is the mean of the three. */
static void
draw_repeats(struct sample *s, double drop)
{
	for (size_t i = 0; i < s->n; i++) {
		double p = 0.2 + 0.8 * sqrt(uniform());

		base[i] = cand[i] = 0;
		for (int k = 0; k < REPEATS; k++) {
			base[i] += (uniform() < p) / (double)REPEATS;
			cand[i] += (uniform() < p - drop) / (double)REPEATS;
		}
	}
	s->binary = false;
}

struct rates { double pass, fail; };

static struct rates
simulate(void (*draw)(struct sample *, double), size_t n, double drop, bool blind)
{
	struct arena a = { 0 };
	struct rates r = { 0, 0 };

	key = rng_key(20261123, "gate rates");
	at = 0;
	for (int k = 0; k < TIMES; k++) {
		struct sample s = { .n = n, .binary = true };
		struct paired p;
		bool pass;

		draw(&s, drop);
		if (blind)
			s.cluster = NULL;
		p = paired_compare(&s, cand, base, false, margin, 0.05, &a);
		pass = p.ci.lo > -margin;
		/* The interval and the p-value are two faces of one test. */
		assert_true(pass == (p.p_noninferiority < alpha));
		r.pass += pass / (double)TIMES;
		r.fail += (!pass && p.p_regression < alpha && p.at <= -margin) / (double)TIMES;
		arena_reset(&a);
	}
	arena_free(&a);
	return r;
}

static double
ceiling(double rate)
{
	return rate + 3 * sqrt(rate * (1 - rate) / TIMES);
}

static void
assert_honest(const char *name, void (*draw)(struct sample *, double), size_t n)
{
	struct rates edge = simulate(draw, n, margin, false), equal = simulate(draw, n, 0, false);

	print_message("%s: false PASS %.4f, false FAIL %.4f, true PASS %.3f\n", name, edge.pass,
	    equal.fail, equal.pass);
	assert_true(edge.pass <= ceiling(alpha));
	assert_true(equal.fail <= ceiling(alpha));
	/* A rule that never decides would be honest too. */
	assert_true(edge.pass > 0.02 && equal.pass > 0.3);
}

static void
items(void **state)
{
	(void)state;
	assert_honest("items", draw_items, 400);
}

static void
clusters(void **state)
{
	(void)state;
	assert_honest("clusters", draw_clusters, 700);
}

static void
strata(void **state)
{
	(void)state;
	assert_honest("strata", draw_strata, 500);
}

static void
repeats(void **state)
{
	(void)state;
	assert_honest("repeats", draw_repeats, 400);
}

/* The check of the check: units taken as independent that are not do break the promise. */
static void
blindness_to_clusters_is_seen(void **state)
{
	(void)state;
	assert_true(simulate(draw_clusters, 700, margin, true).pass > 0.08);
}

/* The number of pairs that is said to give 80 % power gives it. */
static void
promised_power_is_had(void **state)
{
	long n = size_noninferiority(margin, 0, psi, alpha, 0.8);
	double pass = simulate(draw_items, (size_t)n, 0, false).pass;

	(void)state;
	assert_true(n <= MOST);
	assert_true(fabs(pass - 0.8) < 0.03);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items),
		cmocka_unit_test(clusters),
		cmocka_unit_test(strata),
		cmocka_unit_test(repeats),
		cmocka_unit_test(blindness_to_clusters_is_seen),
		cmocka_unit_test(promised_power_is_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
