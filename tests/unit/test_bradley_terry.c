/*
 * test_bradley_terry.c -- strengths where the likelihood has no maximum, and by cluster.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static double
uniform(uint64_t *at)
{
	return rng_unit(rng_next(rng_key(31, "test_bradley_terry"), (*at)++));
}

/* Numbers everywhere, a sum of 0, and a covariance that says so too. */
static void
assert_sane(const struct bradley_terry *b)
{
	double sum = 0;

	for (size_t i = 0; i < b->k; i++) {
		double row = 0;

		sum += b->theta[i];
		for (size_t j = 0; j < b->k; j++) {
			assert_true(isfinite(b->cov[i * b->k + j]));
			CLOSE(b->cov[i * b->k + j], b->cov[j * b->k + i], 1e-9);
			row += b->cov[i * b->k + j];
		}
		assert_true(isfinite(b->theta[i]) && strength(b, i).se > 0);
		CLOSE(row, 0, 1e-9);
	}
	CLOSE(sum, 0, 1e-9);
}

static void
nothing_to_compare_is_unknown(void **state)
{
	struct arena a = { 0 };
	double none[4] = { 0 }, one = 0;

	(void)state;
	assert_false(bradley_terry(none, 2, &a).known);
	assert_false(bradley_terry(&one, 1, &a).known);
	assert_false(bradley_terry(NULL, 0, &a).known);
	arena_free(&a);
}

/* All won, or two groups that never met: finite, and marked. */
static void
infinite_strengths_are_held(void **state)
{
	struct arena a = { 0 };
	const double won[] = { 0, 10, 0, 0 };
	const double apart[] = { 0, 3, 0, 0, 2, 0, 0, 0, 0, 0, 0, 5, 0, 0, 1, 0 };
	const double chain[] = { 0, 4, 0, 0, 0, 4, 0, 0, 0 };
	const double idle[] = { 0, 3, 0, 2, 0, 0, 0, 0, 0 };
	struct bradley_terry b = bradley_terry(won, 2, &a);

	(void)state;
	assert_true(b.known && b.connected && b.regularised);
	assert_sane(&b);
	/* Ten wins and the prior: well above even, and not sure. */
	assert_true(b.theta[0] > 1 && b.theta[0] < 5);
	b = bradley_terry(apart, 4, &a);
	assert_true(b.known && !b.connected && b.regularised);
	assert_sane(&b);
	b = bradley_terry(chain, 3, &a);
	assert_true(b.connected && b.regularised);
	assert_sane(&b);
	CLOSE(b.theta[1], 0, 1e-9);
	assert_true(b.theta[0] > 0 && b.theta[2] < 0);
	b = bradley_terry(idle, 3, &a);
	assert_true(!b.connected && b.regularised);
	assert_sane(&b);
	arena_free(&a);
}

/* Two players: the logit of the share won, with its well-known error; ties are half wins. */
static void
two_players_have_a_closed_form(void **state)
{
	struct arena a = { 0 };
	const struct game game[] = {
		{ 0, 1, 1, 0 }, { 0, 1, 1, 1 }, { 1, 0, 0, 2 }, { 0, 1, 0, 3 }, { 1, 0, 0.5, 4 }
	};
	double wins[4] = { 0 };
	struct bradley_terry b;
	struct contrast d;

	(void)state;
	count_wins(game, COUNT(game), wins, 2);
	assert_true(wins[1] == 3.5 && wins[2] == 1.5);
	b = bradley_terry(wins, 2, &a);
	d = strength_difference(&b, 0, 1);
	assert_true(b.known && !b.regularised);
	CLOSE(d.at, log(3.5 / 1.5), 1e-12);
	CLOSE(d.se, sqrt(1 / 3.5 + 1 / 1.5), 1e-12);
	CLOSE(beats(d.at), 0.7, 1e-12);
	CLOSE(elo(strength(&b, 0)).at - elo(strength(&b, 1)).at, 400 * log10(3.5 / 1.5), 1e-9);
	assert_true(beats_interval(d, 0.95).lo < 0.7 && beats_interval(d, 0.95).hi > 0.7);
	CLOSE(strength_difference(&b, 1, 0).at, -d.at, 1e-15);
	arena_free(&a);
}

static void
strengths_are_found_again(void **state)
{
	enum { K = 8, GAMES = 40000 };
	struct arena a = { 0 };
	double wins[K * K] = { 0 };
	uint64_t at = 0;
	struct bradley_terry b;

	(void)state;
	for (int i = 0; i < GAMES; i++) {
		size_t p = (size_t)(uniform(&at) * K), q = (p + 1 + (size_t)(uniform(&at) * (K - 1))) % K;
		double gap = 0.4 * ((double)p - (double)q);

		wins[uniform(&at) < beats(gap) ? p * K + q : q * K + p]++;
	}
	b = bradley_terry(wins, K, &a);
	assert_sane(&b);
	for (size_t i = 0; i < K; i++) {
		struct contrast s = strength(&b, i);

		assert_true(fabs(s.at - 0.4 * ((double)i - (K - 1) / 2.0)) < 4 * s.se);
	}
	arena_free(&a);
}

/* Every game told ten times under one prompt: the sandwich does not believe it. */
static void
prompts_are_the_units(void **state)
{
	enum { K = 3, PROMPTS = 300, TIMES = 10, GAMES = PROMPTS * TIMES };
	struct arena a = { 0 };
	struct game *game = arena_array(&a, GAMES, sizeof *game);
	double once[K * K] = { 0 }, wins[K * K] = { 0 };
	uint64_t at = 900;
	struct bradley_terry b, c;

	(void)state;
	for (long i = 0; i < PROMPTS; i++)
		for (int t = 0; t < TIMES; t++) {
			size_t p = (size_t)i % K, q = (p + 1) % K;

			game[i * TIMES + t] = t > 0 ? game[i * TIMES] :
			    (struct game){ p, q, uniform(&at) < 0.5 + 0.1 * (double)p, i };
		}
	for (int i = 0; i < GAMES; i += TIMES)
		count_wins(&game[i], 1, once, K);
	count_wins(game, GAMES, wins, K);
	b = bradley_terry(once, K, &a);
	c = bradley_terry(wins, K, &a);
	for (size_t i = 0; i < K; i++)
		CLOSE(strength(&c, i).se, strength(&b, i).se / sqrt(TIMES), 1e-9);
	assert_true(bradley_terry_by_cluster(&c, game, GAMES, PROMPTS, &a));
	assert_sane(&c);
	for (size_t i = 0; i < K; i++)
		CLOSE(strength(&c, i).se / strength(&b, i).se, 1, 0.05);
	/* One cluster has no variance, and changes nothing. */
	for (int i = 0; i < GAMES; i++)
		game[i].cluster = 0;
	c = b;
	assert_false(bradley_terry_by_cluster(&c, game, GAMES, 1, &a));
	CLOSE(strength(&c, 0).se, strength(&b, 0).se, 0);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_compare_is_unknown),
		cmocka_unit_test(infinite_strengths_are_held),
		cmocka_unit_test(two_players_have_a_closed_form),
		cmocka_unit_test(strengths_are_found_again),
		cmocka_unit_test(prompts_are_the_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
