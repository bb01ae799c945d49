/*
 * test_decompose.c -- mix and quality: by hand, what always holds, and how often intervals cover.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

enum { K = 4 };
struct side { double share[K], mean[K], var[K]; bool known[K]; long counted; };

static uint64_t drawn;

static double
uniform(void)
{
	return rng_unit(rng_next(rng_key(8, "test_decompose"), drawn++));
}

static struct weighted
weighted(const struct side *s)
{
	return (struct weighted){ s->share, s->mean, s->var, s->known, s->counted };
}

static struct decomposition
of(const struct side *before, const struct side *after, const double *cov, size_t n,
    struct arena *a)
{
	struct weighted x = weighted(before), y = weighted(after);

	return decompose(&x, &y, cov, n, 0.95, a);
}

static struct side
random_side(void)
{
	struct side s = { .counted = 500 };
	double sum = 0;

	for (int h = 0; h < K; h++) {
		s.share[h] = uniform();
		sum += s.share[h];
		s.mean[h] = uniform();
		s.var[h] = uniform() / 100;
		s.known[h] = true;
	}
	for (int h = 0; h < K; h++)
		s.share[h] /= sum;
	return s;
}

/* Shares 70/30 -> 50/50, means 0.9, 0.6 -> 0.8, 0.6. */
static void
by_hand(void **state)
{
	struct side x = { { 0.7, 0.3 }, { 0.9, 0.6 }, { 0.001, 0.002 }, { true, true }, 0 };
	struct side y = { { 0.5, 0.5 }, { 0.8, 0.6 }, { 0.003, 0.004 }, { true, true }, 0 };
	double cov[] = { 0.0005, 0.001 };
	struct arena a = { 0 };
	struct decomposition d = of(&x, &y, cov, 2, &a);

	(void)state;
	assert_true(d.known);
	CLOSE(d.from, 0.81, 1e-15);
	CLOSE(d.to, 0.70, 1e-15);
	CLOSE(d.change.at, -0.11, 1e-15);
	CLOSE(d.mix.at, -0.2 * 0.85 + 0.2 * 0.6, 1e-15);
	CLOSE(d.quality.at, 0.6 * -0.1, 1e-15);
	CLOSE(d.mix.se, sqrt(0.01 * (0.004 + 0.001) + 0.01 * (0.006 + 0.002)), 1e-15);
	CLOSE(d.quality.se, sqrt(0.36 * (0.004 - 0.001) + 0.16 * (0.006 - 0.002)), 1e-15);
	CLOSE(d.change.se, sqrt(0.25 * 0.003 + 0.49 * 0.001 - 0.7 * 0.0005 + 0.25 * 0.004 +
	    0.09 * 0.002 - 0.3 * 0.001), 1e-15);
	CLOSE(d.mix.ci.hi - d.mix.at, 1.959963984540054 * d.mix.se, 1e-12);
	/* Against the average of 0.755: the better stratum shrank, the worse grew. */
	CLOSE(d.stratum[0].mix, -0.2 * (0.85 - 0.755), 1e-15);
	CLOSE(d.stratum[1].mix, 0.2 * (0.60 - 0.755), 1e-15);
	CLOSE(d.stratum[0].quality, -0.06, 1e-15);
	/* Counted shares: var of (s0 + s1) / 2 under either mix, over 100. */
	x.counted = 100;
	CLOSE(pow(of(&x, &y, cov, 2, &a).mix.se, 2) - pow(d.mix.se, 2), 0.21 * 0.0625 / 100, 1e-12);
	arena_free(&a);
}

static void
parts_add_up_and_turn_round(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct side x = random_side(), y = random_side();
		struct decomposition d = of(&x, &y, NULL, K, &a), r = of(&y, &x, NULL, K, &a);
		double mix = 0, quality = 0;

		for (int h = 0; h < K; h++) {
			mix += d.stratum[h].mix;
			quality += d.stratum[h].quality;
		}
		CLOSE(d.mix.at + d.quality.at, d.to - d.from, 1e-14);
		CLOSE(d.change.at, d.to - d.from, 1e-15);
		CLOSE(mix, d.mix.at, 1e-14);
		CLOSE(quality, d.quality.at, 1e-14);
		CLOSE(d.mix.at, -r.mix.at, 1e-15);
		CLOSE(d.quality.at, -r.quality.at, 1e-15);
		CLOSE(d.mix.se, r.mix.se, 1e-15);
		CLOSE(d.quality.se, r.quality.se, 1e-15);
		arena_reset(&a);
	}
	arena_free(&a);
}

/* Cutting a stratum into two of its kind changes no total. */
static void
splitting_a_stratum_changes_nothing(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct side x = random_side(), y = random_side();
		struct decomposition whole, cut;
		struct side *side[] = { &x, &y };

		for (int k = 0; k < 2; k++) {
			struct side *s = side[k];

			for (int h = 0; h < K; h++)
				s->var[h] = 0;
			s->share[2] += s->share[3];
			s->share[3] = 0;
		}
		whole = of(&x, &y, NULL, 3, &a);
		for (int k = 0; k < 2; k++) {
			double part = 0.2 + 0.3 * k;

			side[k]->mean[3] = side[k]->mean[2];
			side[k]->share[3] = part * side[k]->share[2];
			side[k]->share[2] -= side[k]->share[3];
		}
		cut = of(&x, &y, NULL, 4, &a);
		CLOSE(cut.mix.at, whole.mix.at, 1e-14);
		CLOSE(cut.quality.at, whole.quality.at, 1e-14);
		CLOSE(cut.mix.se, whole.mix.se, 1e-12);
		CLOSE(cut.quality.se, whole.quality.se, 1e-12);
		arena_reset(&a);
	}
	arena_free(&a);
}

static void
strata_that_one_side_lacks(void **state)
{
	struct side x = { { 0.8, 0.2, 0.0 }, { 0.9, 0.5, 0 }, { 0 }, { true, true, false }, 0 };
	struct side y = { { 0.4, 0.0, 0.6 }, { 0.9, 0, 0.4 }, { 0 }, { true, false, true }, 0 };
	struct arena a = { 0 };
	struct decomposition d = of(&x, &y, NULL, 3, &a);

	(void)state;
	CLOSE(d.quality.at, 0, 1e-15);
	CLOSE(d.mix.at, 0.6 - 0.82, 1e-15);
	CLOSE(d.moved[0] + d.moved[1], 0, 1e-15);
	/* Scored on neither side: its share is the others'. */
	x.known[1] = y.known[2] = false;
	d = of(&x, &y, NULL, 3, &a);
	CLOSE(d.moved[0], 0.2, 1e-15);
	CLOSE(d.moved[1], 0.6, 1e-15);
	CLOSE(d.from, 0.9, 1e-15);
	CLOSE(d.change.at, 0, 1e-15);
	x.known[0] = y.known[0] = false;
	assert_false(of(&x, &y, NULL, 3, &a).known);
	arena_free(&a);
}

/* Scores of the same cases under both, shares counted: 300 cases, 1000 records a side. */
static void
intervals_cover(void **state)
{
	static const double share[2][2] = { { 0.7, 0.3 }, { 0.5, 0.5 } };
	static const double rate[2][2] = { { 0.9, 0.6 }, { 0.85, 0.6 } };
	enum { TIMES = 2000, CASES = 150, RECORDS = 1000 };
	double change = 0, mix = 0, quality = 0;
	struct arena a = { 0 };

	(void)state;
	for (int i = 0; i < TIMES; i++) {
		struct side s[2] = { { .counted = RECORDS }, { .counted = RECORDS } };
		struct decomposition d;
		double cov[2] = { 0 };

		for (int h = 0; h < 2; h++) {
			double both = 0;

			for (int k = 0; k < CASES; k++) {
				double u = uniform();        /* one difficulty for both sides */

				for (int j = 0; j < 2; j++)
					s[j].mean[h] += (u < rate[j][h]) / (double)CASES;
				both += (u < rate[0][h] && u < rate[1][h]) / (double)CASES;
			}
			cov[h] = (both - s[0].mean[h] * s[1].mean[h]) / (CASES - 1);
			for (int j = 0; j < 2; j++) {
				s[j].var[h] = s[j].mean[h] * (1 - s[j].mean[h]) / (CASES - 1);
				s[j].known[h] = true;
			}
		}
		for (int j = 0; j < 2; j++) {
			struct stream at = { rng_key(9, "records"), (uint64_t)(2000 * (2 * i + j)) };

			s[j].share[0] = (double)binom_draw(RECORDS, share[j][0], &at) / RECORDS;
			s[j].share[1] = 1 - s[j].share[0];
		}
		d = of(&s[0], &s[1], cov, 2, &a);
		change += d.change.ci.lo <= 0.725 - 0.81 && 0.725 - 0.81 <= d.change.ci.hi;
		mix += d.mix.ci.lo <= -0.055 && -0.055 <= d.mix.ci.hi;
		quality += d.quality.ci.lo <= -0.03 && -0.03 <= d.quality.ci.hi;
		arena_reset(&a);
	}
	CLOSE(change / TIMES, 0.95, 0.02);
	CLOSE(mix / TIMES, 0.95, 0.02);
	CLOSE(quality / TIMES, 0.95, 0.02);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(parts_add_up_and_turn_round),
		cmocka_unit_test(splitting_a_stratum_changes_nothing),
		cmocka_unit_test(strata_that_one_side_lacks),
		cmocka_unit_test(intervals_cover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
