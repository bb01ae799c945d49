/*
 * test_raking.c -- weights that meet margins, and margins that cannot be met.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

enum { N = 300 };

static double
uniform(uint64_t *at)
{
	return rng_unit(rng_next(rng_key(41, "test_raking"), (*at)++));
}

static void
fill(int *cell, int ncell, double skew, uint64_t *at)
{
	for (int i = 0; i < N; i++)
		cell[i] = (int)(pow(uniform(at), skew) * ncell);
}

static double
total_of(const double *weight, const int *cell, int h)
{
	double sum = 0;

	for (int i = 0; i < N; i++)
		sum += cell[i] == h ? weight[i] : 0;
	return sum;
}

static void
margins_are_met(void **state)
{
	struct arena a = { 0 };
	int x[N], y[N], z[N];
	const double tx[] = { 500, 300, 200 }, ty[] = { 900, 100 }, tz[] = { 250, 250, 250, 250 };
	const struct margin m[] = { { x, tx, 3 }, { y, ty, 2 }, { z, tz, 4 } };
	uint64_t at = 0;

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct raking r;

		fill(x, 3, 2, &at);
		fill(y, 2, 0.7, &at);
		fill(z, 4, 1.5, &at);
		r = rake(m, 3, N, false, &a);
		assert_true(r.known && r.converged && r.cycles < 1000 && r.trimmed == 0);
		for (int h = 0; h < 4; h++) {
			if (h < 3)
				CLOSE(total_of(r.weight, x, h), tx[h], 1e-9);
			if (h < 2)
				CLOSE(total_of(r.weight, y, h), ty[h], 1e-9);
			CLOSE(total_of(r.weight, z, h), tz[h], 1e-9);
		}
		assert_true(r.n_eff > 1 && r.n_eff < N);
		arena_reset(&a);
	}
	arena_free(&a);
}

/* With one margin raking is post-stratification. */
static void
one_margin_is_poststratification(void **state)
{
	struct arena a = { 0 };
	int x[N];
	double y[N];
	const double total[] = { 700, 200, 100 };
	const struct margin m = { x, total, 3 };
	struct sample s = { .y = y, .stratum = x, .n = N, .nstratum = 3 };
	struct poststratified p;
	struct raking r;
	struct contrast mean;
	uint64_t at = 5000;

	(void)state;
	fill(x, 3, 1.2, &at);
	for (int i = 0; i < N; i++)
		y[i] = uniform(&at);
	r = rake(&m, 1, N, false, &a);
	mean = raked_mean(&r, y, &m, 1, N, &a);
	p = poststratified_mean(&s, total, &a);
	CLOSE(mean.at, p.mean, 1e-13);
	CLOSE(mean.se, p.se_srs, 1e-13);
	CLOSE(r.n_eff, p.n_eff, 1e-9);
	arena_free(&a);
}

static void
what_cannot_be_met_is_told(void **state)
{
	struct arena a = { 0 };
	int x[] = { 0, 0, 1, 1 }, y[] = { 0, 0, 1, 1 };
	double value[] = { 1, 2, 3, 4 };
	const double some[] = { 2, 2, 1 }, none[] = { 2, 2, 0 }, other[] = { 3, 1 };
	struct margin m[] = { { x, some, 3 }, { y, other, 2 } };
	struct raking r = rake(m, 1, 0, false, &a);

	(void)state;
	assert_false(r.known);
	/* The third cell has a total and nobody in it. */
	r = rake(m, 1, 4, false, &a);
	assert_true(!r.known && r.margin == 0 && r.cell == 2);
	assert_true(raked_mean(&r, value, m, 1, 4, &a).at == 0);
	m[0].total = none;
	r = rake(m, 1, 4, false, &a);
	assert_true(r.known && r.converged);
	/* The same partition with two sets of totals: the last one is met. */
	r = rake(m, 2, 4, false, &a);
	assert_true(r.known && !r.converged);
	CLOSE(r.weight[0] + r.weight[1], 3, 1e-12);
	/* A cell with total 0 leaves its units out. */
	m[0].total = (double[]){ 4, 0, 0 };
	r = rake(m, 1, 4, true, &a);
	assert_true(r.known && r.weight[2] == 0 && r.weight[3] == 0);
	CLOSE(raked_mean(&r, value, m, 1, 4, &a).at, 1.5, 1e-15);
	CLOSE(r.n_eff, 2, 1e-12);
	/* Totals that are all 0 weight nobody. */
	m[0].total = (double[]){ 0, 0, 0 };
	assert_false(rake(m, 1, 4, true, &a).known);
	arena_free(&a);
}

/* The first unit would have to weigh 1 at most and 1.5. */
static void
contradiction_is_not_convergence(void **state)
{
	struct arena a = { 0 };
	int x[] = { 0, 0, 1 }, y[] = { 0, 1, 1 };
	const double tx[] = { 1, 1 }, ty[] = { 1.5, 0.5 };
	const struct margin m[] = { { x, tx, 2 }, { y, ty, 2 } };
	struct raking r = rake(m, 2, 3, false, &a);

	(void)state;
	assert_true(r.known && !r.converged);
	for (int i = 0; i < 3; i++)
		assert_true(isfinite(r.weight[i]));
	arena_free(&a);
}

static void
trimming_bounds_the_weights(void **state)
{
	struct arena a = { 0 };
	int x[N];
	const double total[] = { 100, 100 };
	const struct margin m = { x, total, 2 };
	struct raking whole, cut;

	(void)state;
	/* Three units stand for half of all. */
	for (int i = 0; i < N; i++)
		x[i] = i < 3;
	whole = rake(&m, 1, N, false, &a);
	cut = rake(&m, 1, N, true, &a);
	assert_true(whole.trimmed == 0 && cut.trimmed == 3);
	/* With a single margin raking once more undoes the cut. */
	CLOSE(cut.weight[0], whole.weight[0], 1e-9);
	for (int i = 0; i < N; i++)
		x[i] = i % 2;
	cut = rake(&m, 1, N, true, &a);
	assert_true(cut.trimmed == 0);
	CLOSE(cut.n_eff, N, 1e-9);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(margins_are_met),
		cmocka_unit_test(one_margin_is_poststratification),
		cmocka_unit_test(what_cannot_be_met_is_told),
		cmocka_unit_test(contradiction_is_not_convergence),
		cmocka_unit_test(trimming_bounds_the_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
