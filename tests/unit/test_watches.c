/*
 * test_watches.c -- what watches reckon with: seasons, onsets, the budget of false alarms.
 */
#include "tests/unit/drift_kit.h"

#include "harness/watch.h"

enum { HOUR = 3600000, DAY = 24 * HOUR };
#define MONDAY 1767571200000LL       /* 2026-01-05T00:00:00Z */

/* ---- seasons -------------------------------------------------------------------------------- */

static void
cells(void **state)
{
	(void)state;
	assert_int_equal(season_cell(SEASON_NONE, MONDAY), 0);
	assert_int_equal(season_cell(SEASON_HOUR, MONDAY), 0);
	assert_int_equal(season_cell(SEASON_HOUR, MONDAY - 1), 23);
	assert_int_equal(season_cell(SEASON_WEEKDAY, MONDAY), 0);
	assert_int_equal(season_cell(SEASON_WEEKDAY, MONDAY - 1), 6);
	assert_int_equal(season_cell(SEASON_WEEK_HOUR, MONDAY + 25 * (int64_t)HOUR), 25);
	assert_int_equal(season_cell(SEASON_WEEKDAY, 0), 3);            /* a Thursday */
	assert_int_equal(season_cell(SEASON_WEEK_HOUR, -1), 3 * 24 - 1);
	assert_int_equal(season_cells(SEASON_WEEK_HOUR), SEASON_CELLS_MAX);
}

static void
cover(void **state)
{
	double share[SEASON_CELLS_MAX];

	(void)state;
	season_cover(SEASON_HOUR, MONDAY, MONDAY + DAY, share);
	for (size_t i = 0; i < 24; i++)
		assert_true(share[i] == 1);
	season_cover(SEASON_HOUR, MONDAY + HOUR / 4, MONDAY + 2 * HOUR + HOUR / 2, share);
	assert_true(share[0] == 0.75 && share[1] == 1 && share[2] == 0.5 && share[3] == 0);
	/* A week from noon to noon covers each day once, and three days more three of them twice. */
	season_cover(SEASON_WEEKDAY, MONDAY + DAY / 2, MONDAY + DAY / 2 + 7 * (int64_t)DAY, share);
	for (size_t i = 0; i < 7; i++)
		assert_true(share[i] == 1);
	season_cover(SEASON_WEEKDAY, MONDAY, MONDAY + 10 * (int64_t)DAY, share);
	assert_true(share[0] == 2 && share[2] == 2 && share[3] == 1 && share[6] == 1);
	season_cover(SEASON_NONE, MONDAY, MONDAY + HOUR, share);
	assert_true(share[0] == 1);
}

static void
add(struct pieces *p, int64_t ms, double x)
{
	struct value v[3] = { { .kind = VALUE_NUMBER, .number = x } };
	struct profile *cell = pieces_at(p, ms);
	struct arena a = { 0 };

	assert_non_null(cell);
	profile_add_values(cell, (uint64_t)ms, ms, v, &a);
	arena_free(&a);
}

static void
pieces(void **state)
{
	struct pieces a = { .season = SEASON_HOUR, .watched = kit_watched, .nfeature = 1, .cap = 50 };
	struct pieces b = a, whole = a;
	bool take[SEASON_CELLS_MAX];
	struct profile *sum, *one;
	struct buf x = { 0 }, y = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_null(pieces_at(&a, 0));                                  /* no time, no hour */
	for (int i = 0; i < 240; i++) {
		add(i % 2 ? &a : &b, MONDAY + i * (int64_t)HOUR / 10, i);
		add(&whole, MONDAY + i * (int64_t)HOUR / 10, i);
	}
	assert_int_equal(pieces_merge(&a, &b, &e), 0);
	sum = pieces_sum(&a, NULL);
	one = pieces_sum(&whole, NULL);
	profile_write(&x, sum);
	profile_write(&y, one);
	assert_true(sum->n == 240 && str_eq(buf_as_str(&x), buf_as_str(&y)));
	profile_free(sum);
	profile_free(one);
	pieces_free(&b);
	/* Half an hour of records counts as the hour, less does not; both must have it. */
	for (int i = 0; i < 26; i++)
		add(&b, MONDAY + DAY + i * (int64_t)HOUR / 10, i);
	assert_int_equal(pieces_common(&b, &a, MONDAY + DAY, MONDAY + DAY + 26 * (HOUR / 10), take), 3);
	assert_true(take[0] && take[2] && !take[3]);
	assert_int_equal(pieces_common(&b, &a, MONDAY + DAY, MONDAY + DAY + 24 * (HOUR / 10), take), 2);
	profile_free(a.cell[1]);
	a.cell[1] = NULL;
	assert_int_equal(pieces_common(&b, &a, MONDAY + DAY, MONDAY + DAY + 26 * (HOUR / 10), take), 2);
	sum = pieces_sum(&b, take);
	assert_int_equal(sum->n, 16);
	profile_free(sum);
	pieces_free(&a);
	pieces_free(&b);
	pieces_free(&whole);
	buf_free(&x);
	buf_free(&y);
}

/* ---- onsets ---------------------------------------------------------------------------------- */

/* n records an hour apart; from `change` on with another mix, another mean, or without values. */
static struct profile *
changing(long n, long change, int what, uint64_t salt)
{
	struct profile *p = profile_begin(kit_watched, 3, 1000, 7);
	struct arena a = { 0 };

	for (long i = 0; i < n; i++) {
		double u = rng_unit(rng_at(salt, "onset", (uint64_t)i));
		double w = rng_unit(rng_at(salt, "onset too", (uint64_t)i));
		bool after = i >= change;
		struct value v[3] = {
			{ .kind = VALUE_NUMBER, .number = normal_quantile(u) * (after && what == 3 ? 3 : 1) +
			  (after && what == 1 ? 1 : 0) },
			{ .kind = after && what == 2 && w < 0.3 ? VALUE_MISSING : VALUE_TEXT,
			  .text = u < (after && what == 0 ? 0.6 : 0.3) ? STR("refund") :
			  w < 0.5 ? STR("shipping") : STR("account") },
			{ .kind = VALUE_TEXT, .text = STR("words") } };

		profile_add_values(p, (uint64_t)i, MONDAY + i * (int64_t)HOUR, v, &a);
		arena_reset(&a);
	}
	arena_free(&a);
	return p;
}

static void
onsets(void **state)
{
	static const size_t feature[] = { 1, 0, 1, 0 };     /* mix, shift, missing values, spread */
	struct profile *r = changing(4000, 4000, 0, 1);
	struct arena a = { 0 };

	(void)state;
	for (int what = 0; what < 4; what++) {
		for (long change = 100; change <= 900; change += 400) {
			struct profile *c = changing(1000, change, what, 10 + (uint64_t)what);
			int64_t onset = profile_onset(r, c, feature[what], &a);
			int64_t off = (onset - MONDAY) / HOUR - change;

			assert_true(off > -40 && off < 40);
			assert_int_equal(profile_onset(r, c, 2, &a), 0);       /* a text has no values */
			profile_free(c);
		}
	}
	profile_free(r);
	arena_free(&a);
}

/* All of the window is different, or nothing is, or nobody knows when. */
static void
onsets_without_a_change(void **state)
{
	struct profile *r = changing(4000, 4000, 0, 1), *c = changing(1000, 0, 0, 2);
	struct profile *timeless = kit_empty(SHAPE_NUMBER), *base = kit_empty(SHAPE_NUMBER);
	struct arena a = { 0 };

	(void)state;
	assert_true(profile_onset(r, c, 1, &a) == MONDAY);
	profile_free(c);
	for (int i = 0; i < 100; i++) {
		kit_number(base, i % 10);
		kit_number(timeless, i % 10 + 5);
	}
	assert_int_equal(profile_onset(base, timeless, 0, &a), 0);
	assert_int_equal(profile_onset(base, base, 0, &a), 0);
	profile_free(timeless);
	profile_free(base);
	profile_free(r);
	arena_free(&a);
}

/* ---- the budget ------------------------------------------------------------------------------ */

static void
budget(void **state)
{
	double alarms, per, spent = 0, day = 86400;

	(void)state;
	assert_true(alarms_read(STR("1 per 90d"), &alarms, &per) && alarms == 1 && per == 90 * day);
	assert_true(alarms_read(STR(" 0.5 per  2w "), &alarms, &per) && alarms == 0.5 &&
	    per == 14 * day);
	assert_false(alarms_read(STR("1 per 0d"), &alarms, &per));
	assert_false(alarms_read(STR("0 per 90d"), &alarms, &per));
	assert_false(alarms_read(STR("1 in 90d"), &alarms, &per));
	assert_false(alarms_read(STR("1 per"), &alarms, &per));
	assert_false(alarms_read(STR("one per 90d"), &alarms, &per));

	/* However a period is cut into checks, they spend the budget, or less where a check is cut. */
	for (int i = 0; i < 90; i++)
		spent += alarms_alpha(1, 90 * day, day);
	assert_true(spent > 1 - 1e-9 && spent < 1 + 1e-9);
	assert_true(alarms_alpha(1, 90 * day, 9 * day) + 9 * alarms_alpha(1, 90 * day, 9 * day) <
	    1 + 1e-9);
	assert_true(alarms_alpha(1, 90 * day, 30 * day) == 0.2);
	assert_true(alarms_alpha(0.1, 90 * day, 900 * day) == 0.1);
	assert_true(alarms_alpha(1, 90 * day, 1) < 1e-6);
}

static void
due(void **state)
{
	struct watch daily = { .every = 86400 }, often = { .every = 600 };

	(void)state;
	assert_true(due_at(&daily, MONDAY) == MONDAY + 23 * (int64_t)HOUR);
	assert_true(due_at(&often, MONDAY) == MONDAY + 540000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells), cmocka_unit_test(cover), cmocka_unit_test(pieces),
		cmocka_unit_test(onsets), cmocka_unit_test(onsets_without_a_change),
		cmocka_unit_test(budget), cmocka_unit_test(due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
