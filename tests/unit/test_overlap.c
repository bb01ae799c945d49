/*
 * test_overlap.c -- texts that share words, against the definition; filters and bands.
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
	return rng_unit(rng_next(rng_key(61, "test_overlap"), (*at)++));
}

static void
words_are_what_white_space_leaves(void **state)
{
	struct arena a = { 0 };
	uint64_t *x, *y;

	(void)state;
	assert_int_equal(text_tokens(STR(""), &x, &a), 0);
	assert_int_equal(text_tokens(STR(" \t\r\n "), &x, &a), 0);
	assert_int_equal(text_tokens(STR("one"), &x, &a), 1);
	assert_int_equal(text_tokens(STR(" a  bc\n\xff\xc2\xa0" "d\xe2\x80\x83"), &x, &a), 4);
	assert_int_equal(text_tokens(STR("a bc \xff d"), &y, &a), 4);
	assert_memory_equal(x, y, 4 * sizeof *x);
	assert_true(x[0] != x[1] && x[0] != TOKEN_BREAK);
	arena_free(&a);
}

static void
similarity_of_little_is_undefined(void **state)
{
	struct arena a = { 0 };
	uint64_t x[] = { 1, 2, 1, 2, 1 }, y[] = { 2, 1, 2 };
	struct jaccard j = shingle_jaccard(NULL, 0, NULL, 0, 1, &a);

	(void)state;
	assert_true(!j.known && j.either == 0);
	assert_false(shingle_jaccard(x, 5, y, 3, 6, &a).known);
	j = shingle_jaccard(x, 5, NULL, 0, 1, &a);
	assert_true(j.known && j.at == 0 && j.either == 2);
	/* Sets: {12, 21} and {21, 12}. */
	j = shingle_jaccard(x, 5, y, 3, 2, &a);
	assert_true(j.both == 2 && j.either == 2 && j.at == 1);
	x[2] = TOKEN_BREAK;
	j = shingle_jaccard(x, 5, y, 3, 2, &a);
	assert_true(j.both == 2 && j.either == 2);
	j = shingle_jaccard(x, 5, y, 3, 3, &a);
	assert_true(j.both == 0 && j.either == 1);
	arena_free(&a);
}

/* Where the longest run of `text` that ends at i stands in one of the pieces: the definition. */
static long
longest_at(const uint64_t *text, size_t i, const uint64_t *other, size_t n)
{
	long best = 0;

	for (size_t j = 0; j < n; j++) {
		size_t l = 0;

		while (l <= i && l <= j && text[i - l] == other[j - l] && text[i - l] != TOKEN_BREAK)
			l++;
		best = (long)l > best ? (long)l : best;
	}
	return best;
}

static struct covered
by_definition(const uint64_t *text, size_t n, const uint64_t *one, size_t none, const uint64_t *two,
    size_t ntwo, size_t gram)
{
	struct covered c = { .known = n > 0 };
	bool inside[64] = { false };
	long run = 0;

	for (size_t i = 0; i < n; i++) {
		long l = longest_at(text, i, one, none), m = longest_at(text, i, two, ntwo);

		l = l > m ? l : m;
		c.longest_match = l > c.longest_match ? l : c.longest_match;
		if ((size_t)l < gram)
			continue;
		c.grams++;
		for (size_t k = 0; k < gram; k++)
			inside[i - k] = true;
	}
	for (size_t i = 0; i < n; i++) {
		c.tokens += inside[i];
		run = inside[i] ? run + 1 : 0;
		c.longest_run = run > c.longest_run ? run : c.longest_run;
	}
	c.fraction = n > 0 ? (double)c.tokens / (double)n : 0;
	return c;
}

/* Many texts of few different words, with breaks, against two pieces, asked in between. */
static void
overlap_is_what_the_definition_says(void **state)
{
	enum { TEXTS = 6, LONG = 60 };
	static uint64_t text[TEXTS][LONG], one[LONG], two[LONG];
	uint64_t at = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct overlap *o = overlap_new();
		size_t n[TEXTS], none = (size_t)(uniform(&at) * LONG), ntwo;
		double words = 1 + round % 6;

		for (size_t t = 0; t < TEXTS; t++) {
			n[t] = (size_t)(uniform(&at) * LONG);
			for (size_t i = 0; i < n[t]; i++)
				text[t][i] = uniform(&at) < 0.03 ? TOKEN_BREAK :
				    1 + (uint64_t)(uniform(&at) * words);
			assert_int_equal(overlap_add(o, text[t], n[t]), t);
		}
		for (size_t i = 0; i < none; i++)
			one[i] = uniform(&at) < 0.05 ? TOKEN_BREAK :
			    1 + (uint64_t)(uniform(&at) * (words + 1));
		ntwo = n[1];
		memcpy(two, text[1], ntwo * sizeof *two);
		for (size_t i = 0; i < ntwo; i += 7)
			two[i] = 99;
		overlap_see(o, one, none);
		for (int piece = 0; piece < 2; piece++) {
			for (size_t t = 0; t < TEXTS; t++)
				for (size_t gram = 1; gram < 9; gram += 1 + gram / 3) {
					struct covered c = overlap_covered(o, t, gram);
					struct covered d = by_definition(text[t], n[t], one, none, two,
					    piece ? ntwo : 0, gram);

					assert_true(c.known == d.known && c.grams == d.grams);
					assert_int_equal(c.tokens, d.tokens);
					assert_int_equal(c.longest_run, d.longest_run);
					assert_int_equal(c.longest_match, d.longest_match);
					CLOSE(c.fraction, d.fraction, 0);
				}
			if (!piece)
				overlap_see(o, two, ntwo);
		}
		overlap_free(o);
	}
}

static void
nothing_overlaps_nothing(void **state)
{
	uint64_t x[] = { 5, 6, 7 };
	struct overlap *o = overlap_new();

	(void)state;
	overlap_see(o, x, 3);
	overlap_see(o, NULL, 0);
	overlap_add(o, NULL, 0);
	assert_false(overlap_covered(o, 0, 3).known);
	overlap_free(o);
	o = overlap_new();
	overlap_add(o, x, 3);
	assert_true(overlap_covered(o, 0, 1).known && overlap_covered(o, 0, 1).tokens == 0);
	overlap_see(o, x, 2);
	overlap_see(o, x + 2, 1);
	/* The run of three crosses two pieces. */
	assert_true(overlap_covered(o, 0, 3).grams == 0 && overlap_covered(o, 0, 1).fraction == 1);
	assert_int_equal(overlap_covered(o, 0, 1).longest_match, 2);
	overlap_free(o);
	overlap_free(NULL);
}

/* One word over and over is the worst case of a quadratic method. */
static void
long_repetitive_texts_take_linear_time(void **state)
{
	enum { WORDS = 300000 };
	struct arena a = { 0 };
	uint64_t *x = arena_array(&a, WORDS, sizeof *x);
	struct overlap *o = overlap_new();
	double begin = tick_now();
	struct covered c;

	(void)state;
	for (size_t i = 0; i < WORDS; i++)
		x[i] = 7;
	overlap_add(o, x, WORDS);
	for (int piece = 0; piece < 5; piece++)
		overlap_see(o, x, WORDS / 2);
	c = overlap_covered(o, 0, 13);
	assert_int_equal(c.longest_match, WORDS / 2);
	assert_int_equal(c.tokens, WORDS);
	assert_int_equal(c.grams, WORDS - 12);
	assert_true(tick_now() - begin < 30);
	overlap_free(o);
	arena_free(&a);
}

/* ---- bands and filters ---- */

/* Simpson's rule on a fine grid. */
static double
area(double lo, double hi, long bands, long rows, bool above)
{
	enum { STEPS = 20000 };
	double sum = 0;

	for (int i = 0; i <= STEPS; i++) {
		double p = lsh_candidate(lo + (hi - lo) * i / STEPS, bands, rows);

		sum += (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2) * (above ? 1 - p : p);
	}
	return sum * (hi - lo) / STEPS / 3;
}

static void
bands_balance_both_errors(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		double t = 0.1 + 0.029 * i, w = 0.1 + 0.02 * i;
		long hashes = 16 + 9 * i;
		struct lsh l = lsh_parameters(t, hashes, w, 1 - w);
		double cost = w * l.fp_area + (1 - w) * l.fn_area;

		assert_true(l.bands >= 1 && l.rows >= 1 && l.bands * l.rows <= hashes);
		CLOSE(l.fp_area, area(0, t, l.bands, l.rows, false), 1e-9);
		CLOSE(l.fn_area, area(t, 1, l.bands, l.rows, true), 1e-9);
		for (long rows = 1; rows <= hashes; rows += 1 + rows / 3) {
			long bands = hashes / rows;

			assert_true(cost <= 1e-9 + w * area(0, t, bands, rows, false) +
			    (1 - w) * area(t, 1, bands, rows, true));
		}
	}
	/* Powers that underflow. */
	for (double t = 1e-6; t < 1; t += 0.333) {
		struct lsh l = lsh_parameters(t, 400, 0.5, 0.5);

		assert_true(l.bands >= 1 && l.fp_area >= 0 && l.fn_area >= 0 && l.fn_area <= 1);
	}
	assert_true(lsh_parameters(0.5, 1, 0.5, 0.5).bands == 1);
	assert_true(lsh_candidate(0, 9, 13) == 0 && lsh_candidate(1, 9, 13) == 1);
	CLOSE(lsh_candidate(0.8, 20, 6), 0.998, 1e-3);
}

static void
filters_err_as_promised(void **state)
{
	(void)state;
	for (int i = 1; i < 9; i++) {
		double p = pow(10, -i);
		struct bloom b = bloom_size(1e7, p);

		assert_true(b.hashes >= 1 && b.bits > 0);
		assert_true(b.fp > p * 0.99 && b.fp < p * 1.06);
	}
	assert_int_equal(bloom_size(1, 0.9).hashes, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_what_white_space_leaves),
		cmocka_unit_test(similarity_of_little_is_undefined),
		cmocka_unit_test(overlap_is_what_the_definition_says),
		cmocka_unit_test(nothing_overlaps_nothing),
		cmocka_unit_test(long_repetitive_texts_take_linear_time),
		cmocka_unit_test(bands_balance_both_errors),
		cmocka_unit_test(filters_err_as_promised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
