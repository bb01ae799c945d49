/*
 * test_blocks.c -- records of one day are alike: how often tests of records and of whole days find
 * what is not there, by simulation.
 */
#include <stdlib.h>

#include "tests/unit/drift_kit.h"

#define DAY INT64_C(86400000)

enum { FEATURES = 4 };
static const struct watched watched[FEATURES] = {
	{ "number", &kit_feature[SHAPE_NUMBER], NULL, "{}" },
	{ "category", &kit_feature[SHAPE_CATEGORY], NULL, "{}" },
	{ "text", &kit_feature[SHAPE_TEXT], NULL, "{}" },
	{ "rare", &kit_feature[SHAPE_CATEGORY], NULL, "{}" },
};

static double
normal(uint64_t *at)
{
	return normal_quantile(((double)(rng_next(rng_key(9, "test_blocks"), (*at)++) >> 12) + 0.5) *
	    0x1p-52);
}

/* Each day has a level of its own; `serial`: none, but each number is near the one before. */
struct world { int days, each; double day, serial, shift; bool timeless; };

static struct profile *
draw(const struct world *w, int first_day, double shift, uint64_t *at)
{
	struct profile *p = profile_begin(watched, FEATURES, 2000, 7);
	struct arena a = { 0 };
	double last = normal(at);

	profile_keep_texts(p);
	for (int d = 0; d < w->days; d++) {
		double level = w->day * normal(at) + shift;

		for (int i = 0; i < w->each; i++) {
			struct value v[FEATURES] = { 0 };

			last = w->serial * last + sqrt(1 - w->serial * w->serial) * normal(at);
			v[0] = (struct value){ .kind = VALUE_NUMBER, .number = level + last };
			v[1] = (struct value){ .kind = VALUE_TEXT,
				.text = level + normal(at) > 0.5 ? STR("refund") : STR("other") };
			v[2] = (struct value){ .kind = VALUE_TEXT,
				.text = level + normal(at) > 0.5 ? STR("my refund") : STR("my parcel") };
			if (level + normal(at) < 1)
				v[3] = (struct value){ .kind = VALUE_TEXT, .text = STR("there") };
			profile_add_values(p, *at, w->timeless ? 0 : (first_day + d) * DAY + 1 + i, v, &a);
			arena_reset(&a);
		}
	}
	arena_free(&a);
	return p;
}

/* How often each test has p <= 0.05, and the whole is DRIFT. */
struct rates { double joint, number, category, missing, text, drift; };

static double
p_of(const struct comparison *d, size_t feature, const char *detector)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->compared[i].feature == feature &&
		    strcmp(d->compared[i].detector->name, detector) == 0)
			return d->compared[i].finding.p;
	fail_msg("%s is not compared", detector);
	return 1;
}

static struct rates
simulate(const struct world *w, int64_t block_ms, int times)
{
	struct comparing how = { .alpha = 0.05, .block_ms = block_ms };
	struct rates s = { 0 };
	uint64_t at = 1;

	for (int i = 0; i < times; i++) {
		struct profile *r = draw(w, 100, 0, &at), *c = draw(w, 200, w->shift, &at);
		struct arena a = { 0 };
		struct comparison d;
		struct err e = { 0 };

		how.seed = (uint64_t)i;
		assert_int_equal(profiles_compare(r, c, &how, &d, &a, &e), 0);
		s.joint += (p_of(&d, FEATURES, "mmd") <= 0.05) / (double)times;
		s.number += (p_of(&d, 0, "ks") <= 0.05) / (double)times;
		s.category += (p_of(&d, 1, "homogeneity") <= 0.05) / (double)times;
		s.text += (p_of(&d, 2, "ngrams") <= 0.05) / (double)times;
		s.missing += (p_of(&d, 3, "missing") <= 0.05) / (double)times;
		s.drift += (d.verdict == DRIFT_YES) / (double)times;
		profile_free(r);
		profile_free(c);
		arena_free(&a);
	}
	if (getenv("SHOW") != NULL)
		print_message("days %d x %d, by %s: joint %.3f number %.3f category %.3f missing %.3f text "
		    "%.3f DRIFT %.3f\n", w->days, w->each, block_ms ? "blocks" : "records", s.joint,
		    s.number, s.category, s.missing, s.text, s.drift);
	return s;
}


static double
at_most(double rate, int times)
{
	return rate + 3 * sqrt(rate * (1 - rate) / times);
}

static void
levels(const struct rates *s, int times)
{
	double most = at_most(0.05, times);

	assert_true(s->joint <= most && s->number <= most && s->category <= most);
	assert_true(s->missing <= most && s->text <= most && s->drift <= most);
}

/* Days with levels of their own, none of which changed. */
static void
days_are_not_drift(void **state)
{
	static const struct world days = { 8, 24, 0.5, 0, 0, false };
	enum { RECORDS = 60, BLOCKS = KIT_TIMES(200) };
	struct rates s = simulate(&days, 0, RECORDS);

	(void)state;
	assert_true(s.joint > 0.2 && s.number > 0.2 && s.drift > 0.1);
	s = simulate(&days, DAY, BLOCKS);
	levels(&s, BLOCKS);
	/* And the level is used: the test is not silent. */
	assert_true(s.number >= 0.02 && s.category >= 0.02 && s.joint >= 0.02);
}

/* Each record near the one before it. */
static void
serial_records_are_not_drift(void **state)
{
	static const struct world serial = { 8, 30, 0, 0.8, 0, false };
	enum { RECORDS = 60, BLOCKS = KIT_TIMES(100) };
	struct rates s = simulate(&serial, 0, RECORDS);

	(void)state;
	assert_true(s.number > 0.2);
	s = simulate(&serial, DAY, BLOCKS);
	levels(&s, BLOCKS);
}

static void
what_changed_is_found(void **state)
{
	static const struct world moved = { 8, 24, 0.5, 0, 1.5, false };
	struct rates s = simulate(&moved, DAY, 20);

	(void)state;
	assert_true(s.drift >= 0.8 && s.number >= 0.8 && s.category >= 0.8 && s.joint >= 0.8);
}

/* Too few days, no times and no texts: never a drift, and the sentence says why. */
static void
too_few_blocks(void **state)
{
	static const struct world few = { 3, 60, 0, 0, 3, false };
	static const struct world timeless = { 8, 24, 0, 0, 3, true };
	struct comparing how = { .alpha = 0.05, .block_ms = DAY };
	uint64_t at = 1;
	struct profile *r = draw(&few, 100, 0, &at), *c = draw(&few, 200, 3, &at);
	struct profile *x = draw(&timeless, 0, 0, &at), *y = draw(&timeless, 0, 3, &at);
	struct arena a = { 0 };
	struct comparison d;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(profiles_compare(r, c, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_UNSURE);
	for (size_t i = 0; i < d.n; i++) {
		assert_true(d.compared[i].verdict == DRIFT_UNSURE && d.compared[i].finding.p >= 0.1 - 1e-9);
		assert_true(d.compared[i].detector == detector_find("classifier") ||
		    strstr(d.compared[i].finding.why, "only 3 and 3 blocks of time: 4 in") != NULL);
	}
	/* A block of a millisecond has one record each. */
	how.block_ms = 1;
	assert_int_equal(profiles_compare(r, c, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_YES);
	how.block_ms = DAY;
	assert_int_equal(profiles_compare(x, y, &how, &d, &a, &e), 0);
	assert_true(d.verdict == DRIFT_UNSURE);
	assert_non_null(strstr(d.compared[0].finding.why, "holds no time"));
	how.block_ms = 1;
	r->texts = false;
	assert_int_equal(profiles_compare(r, c, &how, &d, &a, &e), 0);
	for (size_t i = 0; i < d.n; i++)
		if (d.compared[i].detector == detector_find("ngrams"))
			assert_non_null(strstr(d.compared[i].finding.why, "holds no texts"));
	profile_free(r);
	profile_free(c);
	profile_free(x);
	profile_free(y);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_are_not_drift),
		cmocka_unit_test(serial_records_are_not_drift),
		cmocka_unit_test(what_changed_is_found),
		cmocka_unit_test(too_few_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
