/*
 * test_router.c -- what is chosen on one half of the units and reported on the other: a rung, a
 * router's threshold.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

enum { N = 400 };

static const struct ladder_rules rules = { .requirement = 0.7, .latency = 2, .margin = 0.01,
	.alpha = 0.05, .power = 0.8, .resamples = 2000, .seed = 5 };

static double *
filled(size_t n, double x, struct arena *a)
{
	double *y = arena_array(a, n, sizeof *y);

	for (size_t i = 0; i < n; i++)
		y[i] = x;
	return y;
}

/* The first `right` of n units right; a price and a time for all. */
static struct rung
plain(size_t n, size_t right, double cost, double seconds, struct arena *a)
{
	double *y = filled(n, 0, a);

	for (size_t i = 0; i < right; i++)
		y[i] = 1;
	return (struct rung){ y, filled(n, cost, a), filled(n, seconds, a) };
}

static struct sample
design_of(size_t n)
{
	return (struct sample){ .n = n, .nstratum = 1, .ncluster = n, .binary = true };
}

static void
parts(void **state)
{
	static const double y[] = { 1, 0, 1, 1 }, w[] = { 1, 2, 3, 4 };
	static const long cluster[] = { 0, 1, 1, 2 };
	static const bool in[] = { true, false, false, true };
	struct arena a = { 0 };
	struct sample s = { .y = y, .weight = w, .cluster = cluster, .n = 4, .nstratum = 1,
		.ncluster = 3 }, p = sample_part(&s, in, false, &a);

	(void)state;
	assert_int_equal(p.n, 2);
	assert_true(p.y[0] == 0 && p.y[1] == 1 && p.weight[1] == 3 && p.cluster[1] == 1);
	assert_int_equal(p.ncluster, 3);
	assert_null(p.stratum);
	arena_free(&a);
}

struct routed { struct rung cheap, strong; double *sure; bool *held; };

/* The cheap rung is right where it is sure (0.9) and wrong where it is not (0.1): a quarter. */
static struct routed
routed(size_t n, struct arena *a)
{
	double *y = filled(n, 1, a);
	struct routed x = { { y, filled(n, 0.001, a), filled(n, 0.5, a) }, plain(n, n, 0.01, 1, a),
		filled(n, 0.9, a), arena_array(a, n, sizeof *x.held) };

	for (size_t i = 0; i < n; i++) {
		x.held[i] = i % 2;
		if (i % 8 < 2) {
			y[i] = 0;
			x.sure[i] = 0.1;
		}
	}
	return x;
}

static void
router_by_hand(void **state)
{
	struct arena a = { 0 };
	struct routed x = routed(N, &a);
	struct sample s = design_of(N);
	struct ladder_rules high = rules;
	struct router r;

	(void)state;
	high.requirement = 0.95;
	r = router_judge(&s, &x.cheap, &x.strong, x.sure, x.held, &high, &a);
	assert_true(r.known && r.threshold == 0.9 && r.n_chosen_on == N / 2);
	CLOSE(r.policy.acc.at, 1, 0);
	CLOSE(r.escalated.at, 0.25, 1e-12);
	CLOSE(r.policy.cost.at, 0.001 + 0.25 * 0.01, 1e-12);
	assert_true(r.policy.p95.at == 1.5 && r.policy.p50.at == 0.5);
	CLOSE(r.against_cheap.at, 0.25, 1e-12);
	CLOSE(r.against_strong.at, 0, 0);
	CLOSE(r.cost_against_strong.at, 0.0035 - 0.01, 1e-12);
	assert_int_equal(r.policy.reason, RUNG_MEETS);
	/* Where the cheap one is good enough, nothing is escalated. */
	high.requirement = 0.6;
	r = router_judge(&s, &x.cheap, &x.strong, x.sure, x.held, &high, &a);
	assert_true(r.threshold == 0.1 && r.escalated.at == 0);
	arena_free(&a);
}

static void
router_without_confidence(void **state)
{
	struct arena a = { 0 };
	struct routed x = routed(N, &a);
	struct sample s = design_of(N);
	struct router r;

	(void)state;
	for (size_t i = 0; i < N; i++)
		if (x.sure[i] < 0.5)
			x.sure[i] = -DBL_MAX;           /* no confidence: always escalated */
	r = router_judge(&s, &x.cheap, &x.strong, x.sure, x.held, &rules, &a);
	assert_true(r.known && r.escalated.at == 0.25 && r.policy.acc.at == 1);
	for (size_t i = 0; i < N; i++)
		x.sure[i] = -DBL_MAX;
	assert_false(router_judge(&s, &x.cheap, &x.strong, x.sure, x.held, &rules, &a).known);
	memset(x.held, 0, N * sizeof *x.held);
	x.sure[0] = 1;
	assert_false(router_judge(&s, &x.cheap, &x.strong, x.sure, x.held, &rules, &a).known);
	arena_free(&a);
}

/* What holds on one half does not on the other: each is used for its own purpose. */
static void
halves_are_not_mixed_up(void **state)
{
	struct arena a = { 0 };
	double *y = filled(N, 1, &a), *sure = filled(N, 0.9, &a);
	bool *held = arena_array(&a, N, sizeof *held);
	struct rung r[2] = { { y, filled(N, 0.001, &a), filled(N, 0.5, &a) },
		plain(N, N, 0.01, 1, &a) };
	struct sample s = design_of(N);
	struct held h;
	struct router x;

	(void)state;
	for (size_t i = 0; i < N; i++) {        /* the cheap one: all right, or half of it */
		held[i] = i % 2;
		if (i % 4 == 1) {
			y[i] = 0;
			sure[i] = 0.1;
		}
	}
	h = ladder_held(&s, r, 2, held, &rules, &a);
	assert_true(h.chosen == 0 && h.met && h.there.at == 1 && h.here.acc.at == 0.5);
	x = router_judge(&s, &r[0], &r[1], sure, held, &rules, &a);
	assert_true(x.threshold == 0.9 && x.cheap.acc.at == 0.5 && x.escalated.at == 0.5);
	for (size_t i = 0; i < N; i++)
		held[i] = !held[i];
	h = ladder_held(&s, r, 2, held, &rules, &a);
	assert_true(h.chosen == 1 && h.there.at == 1);
	arena_free(&a);
}

static void
held_out(void **state)
{
	struct arena a = { 0 };
	struct routed x = routed(N, &a);
	struct rung r[2] = { x.cheap, x.strong };
	struct sample s = design_of(N);
	struct held h = ladder_held(&s, r, 2, x.held, &rules, &a);
	struct ladder_rules high = rules;

	(void)state;
	/* 75 % of 200: the lower bound is 69.6 %, so the strong one it is. */
	assert_true(h.chosen == 1 && h.met && h.n == N / 2 && h.here.reason == RUNG_MEETS);
	CLOSE(h.there.at, 1, 0);
	high.requirement = 0.999;
	h = ladder_held(&s, r, 2, x.held, &high, &a);
	assert_true(h.chosen == 1 && !h.met && h.here.reason == RUNG_ACCURACY);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(router_by_hand),
		cmocka_unit_test(router_without_confidence),
		cmocka_unit_test(halves_are_not_mixed_up),
		cmocka_unit_test(held_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
