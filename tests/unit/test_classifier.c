/*
 * test_classifier.c -- texts of two windows: groups of near-duplicates, what the classifier is sure
 * of, how often it is wrong, and what it names.
 *
 * A bound of a rate is the stated one and three standard errors of the simulation.
 */
#include <stdlib.h>

#include "drift/domain.h"
#include "drift/finding.h"
#include "tests/unit/drift_kit.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

/* ---- texts at random ----------------------------------------------------------------------- */

static uint64_t drawn;

static uint64_t
draw(uint64_t below)
{
	return rng_next(rng_key(5, "test_classifier"), drawn++) % below;
}

/* Words of three syllables, common ones much more often than rare ones. */
static const char *
any_text(uint64_t words, struct arena *a)
{
	static const char onset[] = "bdfgklmnprst", vowel[] = "aeiou";
	struct buf b = { 0 };
	const char *s;

	for (uint64_t i = 0; i < words; i++) {
		uint64_t u = draw(1000), k = u * u / 1500;

		buf_puts(&b, i ? " " : "");
		for (int j = 0; j < 3; j++, k = k * 7 + 3) {
			buf_char(&b, onset[k % 12]);
			buf_char(&b, vowel[k / 12 % 5]);
		}
	}
	s = str_cstr(buf_as_str(&b), a);
	buf_free(&b);
	return s;
}

static struct finding
classify(const struct profile *r, const struct profile *c, uint64_t seed, struct arena *a)
{
	const struct detector *d = detector_find("classifier");

	return d->sampled(r, c, 0, d->tolerance, seed, a);
}

/* ---- near-duplicates ----------------------------------------------------------------------- */

static size_t
groups(const char *const *text, size_t n, size_t *group)
{
	struct arena a = { 0 };
	struct bag *bag = arena_array(&a, n, sizeof *bag);
	size_t *order = arena_array(&a, n, sizeof *order), ngroup;

	for (size_t i = 0; i < n; i++) {
		order[i] = i;
		bag[i] = bag_of(str_of(text[i]), &texts_source, &a);
	}
	ngroup = duplicates_group(bag, order, n, group, &a);
	for (size_t i = 0; i < n; i++)
		bag_free(&bag[i]);
	arena_free(&a);
	return ngroup;
}

static void
near_duplicates_are_found(void **state)
{
	static const char *const text[] = {
		"my card has not arrived yet and i have been waiting for two weeks now, please help me",
		"my card has not arrived yet and i have been waiting for two weeks now, please help me!",
		"my card has not arrived yet and i have been waiting for two weeks now, please help",
		"why was i charged a fee for a transfer that i cancelled before it went through?",
		"", "  ", "a", "a", "b" };
	size_t group[COUNT(text)];

	(void)state;
	assert_int_equal(groups(text, COUNT(text), group), 5);
	assert_true(group[0] == group[1] && group[0] == group[2] && group[3] != group[0]);
	assert_true(group[4] == group[5] && group[6] == group[7] && group[6] != group[8]);
}

/* What is written: pairs of the similarity of the limit and above are found, below are not. */
static void
likeness_is_estimated_well(void **state)
{
	struct arena a = { 0 };
	int together = 0, apart = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		const char *base = any_text(60, &a);
		const char *text[] = { base, arena_fmt(&a, "%s %s", base, any_text(3, &a)),
			arena_fmt(&a, "%s %s", base, any_text(40, &a)) };
		size_t group[3];

		groups(text, 3, group);
		together += group[0] == group[1];
		apart += group[0] != group[2];
	}
	assert_true(together >= 97 && apart >= 97);
	arena_free(&a);
}

/* ---- how often it is wrong ----------------------------------------------------------------- */

/*
 * Windows of n and m texts.  NONE: all differ.  CLUMPED: each is said 1 to 20 times, now and then
 * with a word more.  SHARED: of few texts that both windows draw from.  PAIRED: both hold the same,
 * but for every other one.
 */
enum saying { NONE, CLUMPED, SHARED, PAIRED };

static void
fill(struct profile *p, enum saying how, long n, long of, const char *const *common,
     struct arena *a)
{
	long done = 0;

	while (done < n) {
		const char *text = any_text(5 + draw(6), a);
		long times = how == CLUMPED ? 1 + (long)draw(20) : 1;

		if (how == SHARED) {
			uint64_t u = draw(1 << 20), v = draw(1 << 20);

			text = common[(u * v >> 20) * (uint64_t)of >> 20];
		}
		if (how == PAIRED && done % 2 == 0)
			text = common[done];
		for (; times > 0 && done < n; times--, done++)
			kit_text(p, draw(4) || how != CLUMPED ? text : arena_fmt(a, "%s %s", text, "ok"), 1);
	}
}

struct rates { double p, drift, known; };

static struct rates
without_change(enum saying how, long n, long m, int times)
{
	struct rates s = { 0 };

	for (int i = 0; i < times; i++) {
		struct arena a = { 0 };
		struct profile *r = kit_empty(SHAPE_TEXT), *c = kit_empty(SHAPE_TEXT);
		const char *common[400];
		struct finding f;

		for (size_t k = 0; k < COUNT(common); k++)
			common[k] = any_text(5 + draw(6), &a);
		fill(r, how, n, 300, common, &a);
		fill(c, how, m, 300, common, &a);
		f = classify(r, c, (uint64_t)i, &a);
		kit_assert_sane(&f);
		s.known += f.known / (double)times;
		s.p += (f.p <= 0.05) / (double)times;
		s.drift += (f.p <= 0.05 && f.verdict == DRIFT_YES) / (double)times;
		profile_free(r);
		profile_free(c);
		arena_free(&a);
	}
	if (getenv("SHOW") != NULL)
		print_message("repeats %d, %ld v %ld: known %.3f, p <= .05 %.3f, DRIFT %.3f\n", (int)how, n,
		    m, s.known, s.p, s.drift);
	return s;
}

static double
at_most(double rate, int times)
{
	return rate + 3 * sqrt(rate * (1 - rate) / times);
}

static void
texts_that_did_not_change(void **state)
{
	enum { TIMES = 80 };
	struct rates s;

	(void)state;
	s = without_change(NONE, 120, 120, TIMES);
	assert_true(s.p <= at_most(0.05, TIMES) && s.p >= 0.01 && s.drift <= at_most(0.025, TIMES));
	s = without_change(NONE, 250, 60, TIMES);
	assert_true(s.p <= at_most(0.05, TIMES) && s.drift <= at_most(0.025, TIMES));
	s = without_change(CLUMPED, 600, 600, TIMES);
	assert_true(s.p <= at_most(0.05, TIMES) && s.drift <= at_most(0.025, TIMES));
	s = without_change(CLUMPED, 900, 400, TIMES);
	assert_true(s.p <= at_most(0.05, TIMES) && s.drift <= at_most(0.025, TIMES));
	s = without_change(SHARED, 200, 200, TIMES);
	assert_true(s.p <= at_most(0.05, TIMES) && s.drift <= at_most(0.025, TIMES));
	s = without_change(SHARED, 400, 100, TIMES);
	assert_true(s.p <= at_most(0.05, TIMES) && s.drift <= at_most(0.025, TIMES));
	s = without_change(PAIRED, 150, 150, TIMES);
	assert_true(s.p <= at_most(0.05, TIMES) && s.drift <= at_most(0.025, TIMES));
}

/* ---- what it finds ------------------------------------------------------------------------- */

/* 500 texts, of which `percent` have the word. */
static struct profile *
with_word(const char *word, uint64_t percent)
{
	struct profile *p = kit_empty(SHAPE_TEXT);
	struct arena a = { 0 };

	for (int i = 0; i < 500; i++)
		kit_text(p, arena_fmt(&a, "%s%s%s", any_text(4, &a), draw(100) < percent ? word : " ",
		    any_text(4, &a)), 1);
	arena_free(&a);
	return p;
}

/* A word in 5 % of texts moves AUC by 0.025 at most, which 500 texts show now and then; a word in
 * 25 % is found and named. */
static void
a_new_word_is_found(void **state)
{
	enum { TIMES = 20 };
	struct comparing how = { .alpha = 0.05 };
	int rare = 0, common = 0, named = 0;

	(void)state;
	for (int i = 0; i < TIMES; i++) {
		struct profile *r = with_word("", 0), *few = with_word(" refnud ", 5);
		struct profile *many = with_word(" refnud ", 25);
		struct arena a = { 0 };
		struct err e = { 0 };
		struct comparison d;
		struct finding f;

		how.seed = (uint64_t)i;
		assert_int_equal(profiles_compare(r, few, &how, &d, &a, &e), 0);
		assert_int_equal(d.n, 3);
		assert_string_equal(d.compared[0].detector->name, "classifier");
		assert_string_equal(d.compared[1].detector->name, "ngrams");
		rare += d.compared[0].finding.p <= 0.05;
		f = classify(r, many, (uint64_t)i, &a);
		kit_assert_sane(&f);
		common += f.p <= 0.05;
		if (f.nterm > 0 && str_is(f.term[0].text, "refnud")) {
			named++;
			assert_true(f.term[0].was <= 0 && fabs(f.term[0].is - 0.25) < 0.08);
		}
		profile_free(r);
		profile_free(few);
		profile_free(many);
		arena_free(&a);
	}
	if (getenv("SHOW") != NULL)
		print_message("a new word in 5 %% of texts is found %d times, in 25 %% %d, and named %d, "
		    "of %d\n", rare, common, named, TIMES);
	assert_true(common >= TIMES - 1 && named >= TIMES - 1);
}

/* The same answers, each with a word before it: near-duplicates that tell the windows apart. */
static void
a_small_edit_of_every_text_is_found(void **state)
{
	struct profile *r = kit_empty(SHAPE_TEXT), *c = kit_empty(SHAPE_TEXT);
	struct arena a = { 0 };
	struct finding f;

	(void)state;
	for (int i = 0; i < 200; i++) {
		const char *text = any_text(50, &a);

		kit_text(r, text, 1);
		kit_text(c, arena_fmt(&a, "sure! %s", text), 1);
	}
	f = classify(r, c, 1, &a);
	kit_assert_sane(&f);
	assert_true(f.verdict == DRIFT_YES && f.p < 1e-6 && f.effect > 0.3);
	assert_true(str_is(f.term[0].text, "sure!"));
	CLOSE(f.term[0].is - f.term[0].was, 1, 1e-12);
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

/* They are alike for sure. */
static void
windows_with_the_same_texts(void **state)
{
	struct profile *r = kit_empty(SHAPE_TEXT), *same = kit_empty(SHAPE_TEXT);
	struct arena a = { 0 };
	struct finding f;

	(void)state;
	for (int i = 0; i < 100; i++) {
		const char *text = any_text(8, &a);

		kit_text(r, text, 1);
		kit_text(same, text, 1);
	}
	f = classify(r, same, 1, &a);
	kit_assert_sane(&f);
	assert_true(f.verdict == DRIFT_NO && f.effect <= 0 && f.ci.hi <= 0 && f.p > 0.4);
	profile_free(r);
	profile_free(same);
	arena_free(&a);
}

/* Which window is the reference turns the terms around, and nothing else. */
static void
either_way_is_the_same(void **state)
{
	struct profile *r = with_word(" credit ", 15), *c = with_word(" refund ", 15);
	struct arena a = { 0 };
	struct finding f = classify(r, c, 3, &a), g = classify(c, r, 3, &a);

	(void)state;
	CLOSE(f.effect, g.effect, 1e-3);
	assert_true(str_is(f.term[0].text, "refund") && str_is(g.term[0].text, "credit"));
	for (size_t i = 0; i < g.nterm; i++)
		if (str_is(g.term[i].text, "refund"))
			CLOSE(g.term[i].was, f.term[0].is, 1e-12);
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

/* ---- what it is made of -------------------------------------------------------------------- */

/* Without near-duplicates: AUC and p are those of Mann and Whitney's test of the scores. */
static void
agrees_with_mann_whitney(long n, bool exact)
{
	struct profile *r = kit_empty(SHAPE_TEXT), *c = kit_empty(SHAPE_TEXT);
	double *score[2];
	size_t count[2] = { 0 };
	struct arena a = { 0 };
	struct mann_whitney mw;
	struct finding f;
	struct domain d;
	struct pooled s;

	for (long i = 0; i < n; i++) {
		kit_text(r, any_text(12, &a), 1);
		kit_text(c, arena_fmt(&a, "%s%s", any_text(12, &a), i % 4 ? "" : " refund"), 1);
	}
	f = classify(r, c, 2, &a);
	domain_begin(&d, r, c, 0, 2);
	assert_true(d.ngroup == d.n && d.nunit == d.n);
	for (int w = 0; w < 2; w++)
		score[w] = arena_array(&a, d.nunit, sizeof **score);
	for (size_t i = 0; i < d.nunit; i++)
		if (d.unit[i].held)
			score[d.unit[i].current][count[d.unit[i].current]++] = d.unit[i].score;
	assert_int_equal(count[0] + count[1], d.n / 2);
	s = pool_two(score[0], count[0], score[1], count[1], &a);
	mw = mann_whitney(&s, &a);
	assert_true(mw.has_exact == exact && mw.auc > 0.5);
	CLOSE(f.effect, mw.auc - 0.5, 1e-12);
	CLOSE(f.p, (exact ? mw.p_exact : mw.p) / 2, 1e-12);
	CLOSE(f.mde, (normal_quantile(0.95) + normal_quantile(0.8)) * sqrt((double)(d.n / 2 + 1) /
	    (12.0 * (double)count[0] * (double)count[1])), 1e-9);
	domain_free(&d);
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

static void
p_is_that_of_a_known_test(void **state)
{
	(void)state;
	agrees_with_mann_whitney(80, true);
	agrees_with_mann_whitney(300, false);
}

/* A group lies in one half, its units have its weight, and half of the groups are held out. */
static void
groups_are_kept_together(void **state)
{
	struct profile *r = kit_empty(SHAPE_TEXT), *c = kit_empty(SHAPE_TEXT);
	double *weight;
	bool *held;
	size_t nheld = 0;
	struct arena a = { 0 };
	struct domain d;

	(void)state;
	for (int i = 0; i < 100; i++) {
		const char *text = any_text(9, &a);

		kit_text(r, text, 1 + i % 3);
		if (i % 2)
			kit_text(c, text, 1);
	}
	domain_begin(&d, r, c, 0, 4);
	weight = arena_array(&a, d.ngroup, sizeof *weight);
	held = arena_array(&a, d.ngroup, sizeof *held);
	for (size_t i = 0; i < d.nunit; i++) {
		const struct unit *u = &d.unit[i];

		assert_true(!(weight[u->group] > 0) || held[u->group] == u->held);
		weight[u->group] += u->weight;
		held[u->group] = u->held;
	}
	for (size_t i = 0; i < d.ngroup; i++) {
		CLOSE(weight[i], 1, 1e-12);
		nheld += held[i];
	}
	assert_true(d.ngroup >= 95 && d.nunit >= d.ngroup + 45 && nheld == d.ngroup / 2);
	domain_free(&d);
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

static void
threads_change_nothing(void **state)
{
	struct profile *r = with_word("", 0), *c = with_word(" refund ", 20);
	struct arena a = { 0 };
	struct finding f, g;

	(void)state;
	assert_int_equal(setenv("DRIFTLEAD_THREADS", "1", 1), 0);
	f = classify(r, c, 5, &a);
	assert_int_equal(setenv("DRIFTLEAD_THREADS", "7", 1), 0);
	g = classify(r, c, 5, &a);
	assert_int_equal(unsetenv("DRIFTLEAD_THREADS"), 0);
	assert_true(f.p >= g.p && f.p <= g.p && f.effect >= g.effect && f.effect <= g.effect);
	assert_true(f.nterm == g.nterm && f.nterm > 0);
	for (size_t i = 0; i < f.nterm; i++)
		assert_true(str_eq(f.term[i].text, g.term[i].text));
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

/* ---- at the edge --------------------------------------------------------------------------- */

static void
odd_texts(void **state)
{
	static char long_text[1 << 20];
	struct arena a = { 0 };
	struct profile *odd = kit_empty(SHAPE_TEXT), *same = kit_empty(SHAPE_TEXT);
	struct profile *none = kit_empty(SHAPE_TEXT), *few = kit_empty(SHAPE_TEXT);
	struct profile *bare = profile_begin(&kit_watched[SHAPE_TEXT], 1, 100, 7);
	struct profile *all[] = { odd, same, none, few };
	struct finding f;

	(void)state;
	memset(long_text, 'x', sizeof long_text - 1);
	for (int i = 0; i < 60; i++) {
		kit_add(odd, (struct value){ .kind = VALUE_TEXT,
		    .text = { "\xff\x00\xc3\n\x80 a\xe2\x82", (size_t)i % 10 } }, 1);
		kit_text(odd, i % 2 ? "" : " \n ", 1);
		kit_text(odd, any_text(1, &a), 1);
		kit_text(same, "I cannot help with that.", 1);
		kit_text(bare, any_text(5, &a), 1);
	}
	kit_text(odd, long_text, 3);
	kit_kind(none, VALUE_MISSING, 20);
	for (int i = 0; i < 12; i++)
		kit_text(few, any_text(6, &a), 1);
	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t k = 0; k < COUNT(all); k++) {
			f = classify(all[i], all[k], 1, &a);
			kit_assert_sane(&f);
			assert_true(f.n_reference > 0 || all[i] == none || f.spare != NULL);
		}
	f = classify(same, same, 1, &a);
	assert_true(!f.known && f.spare != NULL);
	f = classify(few, few, 1, &a);
	assert_true(!f.known && f.spare == NULL && strstr(f.why, "too few different") != NULL);
	f = classify(few, none, 1, &a);
	assert_true(!f.known && strstr(f.why, "no text") != NULL);
	f = classify(few, bare, 1, &a);
	assert_true(!f.known && strstr(f.why, "--keep-text") != NULL);
	for (size_t i = 0; i < COUNT(all); i++)
		profile_free(all[i]);
	profile_free(bare);
	arena_free(&a);
}

/* Texts without spaces are told apart by their characters. */
static void
characters_stand_in_for_words(void **state)
{
	struct profile *r = kit_empty(SHAPE_TEXT), *c = kit_empty(SHAPE_TEXT);
	struct arena a = { 0 };
	struct finding f;

	(void)state;
	for (int i = 0; i < 300; i++) {
		char *x = str_cstr(str_of(any_text(6, &a)), &a), *y = str_cstr(str_of(any_text(6, &a)), &a);

		for (size_t k = 0; x[k] != '\0'; k++)
			x[k] = x[k] == ' ' ? '-' : x[k];
		for (size_t k = 0; y[k] != '\0'; k++)
			y[k] = y[k] == ' ' ? '-' : y[k];
		kit_text(r, x, 1);
		kit_text(c, arena_fmt(&a, "%s\xe9\x80\x80\xe6\xac\xbe\xe5\x90\xa7%s", y, x), 1);
	}
	f = classify(r, c, 1, &a);
	assert_true(f.verdict == DRIFT_YES && f.nterm > 0);
	assert_true(str_find(f.term[0].text, STR("\xe6\xac\xbe"), 0) >= 0);
	CLOSE(f.term[0].is, 1, 1e-12);
	profile_free(r);
	profile_free(c);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(near_duplicates_are_found),
		cmocka_unit_test(likeness_is_estimated_well),
		cmocka_unit_test(texts_that_did_not_change),
		cmocka_unit_test(a_new_word_is_found),
		cmocka_unit_test(a_small_edit_of_every_text_is_found),
		cmocka_unit_test(windows_with_the_same_texts),
		cmocka_unit_test(either_way_is_the_same),
		cmocka_unit_test(p_is_that_of_a_known_test),
		cmocka_unit_test(groups_are_kept_together),
		cmocka_unit_test(threads_change_nothing),
		cmocka_unit_test(odd_texts),
		cmocka_unit_test(characters_stand_in_for_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
