/*
 * test_outcomes.c -- labels and predictions as classes, and what a window is judged by.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drift/classes.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

/* ---- classes -------------------------------------------------------------------------------- */

static void
add(struct pairs *p, const char *label, const char *prediction, long n)
{
	struct arena a = { 0 };

	pairs_add(p, str_of(label), str_of(prediction), n, &a);
	arena_free(&a);
}

static void
rare_labels_are_one_class(void **state)
{
	struct arena a = { 0 };
	struct pairs p = { 0 };
	struct classes *c;
	struct confusion m;

	(void)state;
	add(&p, "refund", "refund", 20);
	add(&p, "refund", "shipping", 5);
	add(&p, "shipping", "shipping", 30);
	add(&p, "shipping", "I do not know", 10);
	add(&p, "abuse", "abuse", 4);
	add(&p, "fraud", "abuse", 5);
	add(&p, "spam", "refund", 1);
	c = classes_of(&p, &a);
	assert_int_equal(c->k, 3);
	assert_true(str_is(c->name[0], "shipping") && str_is(c->name[1], "refund"));
	assert_null(c->name[2].p);
	assert_int_equal(class_find(c, STR("fraud")), 2);
	assert_int_equal(class_find(c, STR("I do not know")), 3);
	m = confusion_of(&p, c, &a);
	assert_true(m.labelled[0] == 40 && m.labelled[1] == 25 && m.labelled[2] == 10);
	assert_true(m.right[0] == 30 && m.right[1] == 20 && m.right[2] == 4);
	assert_true(m.count[0 * 3 + 1] == 5 && m.count[2 * 3 + 2] == 9);
	assert_int_equal(m.count[1 * 3 + 2], 1);
	assert_int_equal(m.other, 10);
	map_free(c->index);
	pairs_free(&p);
	arena_free(&a);
}

/* Nine records of rare labels say too little: they are of no class. */
static void
too_few_rare_labels_are_none(void **state)
{
	struct arena a = { 0 };
	struct pairs p = { 0 };
	struct classes *c;
	struct confusion m;

	(void)state;
	add(&p, "a", "a", 10);
	add(&p, "b", "a", 9);
	c = classes_of(&p, &a);
	m = confusion_of(&p, c, &a);
	assert_true(c->k == 1 && class_find(c, STR("b")) == 1);
	assert_true(m.labelled[0] == 10 && m.other == 0);
	map_free(c->index);
	pairs_free(&p);
	arena_free(&a);
}

static void
pairs_are_told_apart_and_merged(void **state)
{
	struct arena a = { 0 };
	struct pairs p = { 0 }, q = { 0 };

	(void)state;
	add(&p, "ab", "c", 1);
	add(&p, "a", "bc", 2);
	add(&q, "a", "bc", 3);
	add(&q, "", "abc", 4);
	pairs_merge(&p, &q, &a);
	assert_int_equal(p.n, 3);
	assert_true(p.pair[0].n == 1 && p.pair[1].n == 5 && p.pair[2].n == 4 && !p.crowded);
	for (long i = 0; i < 70000; i++) {
		arena_reset(&a);
		pairs_add(&q, STR("x"), str_of(arena_fmt(&a, "%ld", i)), 1, &a);
	}
	assert_true(q.crowded && q.n == 1 << 16);
	pairs_merge(&p, &q, &a);
	assert_true(p.crowded);
	pairs_free(&p);
	pairs_free(&q);
	arena_free(&a);
}

/* ---- verdicts ------------------------------------------------------------------------------- */

/* Two confidences, 0.6 and 0.9, in windows without classes. */
struct window { double at[2]; long n[2], known[2], right[2]; };

static struct outcomes
outcomes_of(const struct window *w)
{
	struct outcomes o = { .forecasts = { 2, w->at, w->n, w->known, w->right } };

	for (int i = 0; i < 2; i++) {
		o.n += w->n[i];
		o.known += w->known[i];
		o.right += w->right[i];
	}
	o.records = o.n;
	return o;
}

static struct performance *
judged(const struct window *reference, const struct window *current, struct arena *a)
{
	struct outcomes r = outcomes_of(reference), c = outcomes_of(current);

	return performance_judge(&r, &c, 0.02, 0, a);
}

static const struct window graded = {
	{ 0.6, 0.9 }, { 2000, 6000 }, { 2000, 6000 }, { 1000, 5400 }
};

static void
the_change_is_judged_by_the_confidences(void **state)
{
	struct window same = { { 0.6, 0.9 }, { 1000, 3000 }, { 0 }, { 0 } };
	struct window unsure = { { 0.6, 0.9 }, { 2000, 2000 }, { 0 }, { 0 } };
	struct window few = { { 0.6, 0.9 }, { 5, 15 }, { 0 }, { 0 } };
	struct arena a = { 0 };
	struct performance *p = judged(&graded, &same, &a);

	(void)state;
	assert_true(p->verdict == PASS && p->basis == &p->by_confidence && p->mde > 0);
	CLOSE(p->by_confidence.at, 0.8, 1e-12);
	p = judged(&graded, &unsure, &a);
	assert_int_equal(p->verdict, FAIL);
	CLOSE(p->by_confidence.change, -0.1, 1e-12);
	p = judged(&graded, &few, &a);
	assert_true(p->verdict == INCONCLUSIVE && p->n_needed > 1000);
	few.n[0] = 0;
	few.n[1] = 9;
	assert_null(judged(&graded, &few, &a)->basis);
	arena_free(&a);
}

static void
outcomes_that_contradict_decide(void **state)
{
	struct window worse = { { 0.6, 0.9 }, { 1000, 3000 }, { 250, 750 }, { 60, 500 } };
	struct window little = { { 0.6, 0.9 }, { 1000, 3000 }, { 7, 21 }, { 0, 7 } };
	struct window all = { { 0.6, 0.9 }, { 1000, 3000 }, { 1000, 3000 }, { 490, 2710 } };
	struct arena a = { 0 };
	struct performance *p = judged(&graded, &worse, &a);

	(void)state;
	assert_true(p->verdict == FAIL && p->basis == &p->by_outcomes && p->calibration.p < 1e-6);
	CLOSE(p->by_outcomes.at, 0.25 * 60 / 250 + 0.75 * 500 / 750, 1e-3);
	p = judged(&graded, &little, &a);
	assert_true(p->verdict == INCONCLUSIVE && p->basis == NULL && p->calibration.p < 0.05);
	p = judged(&graded, &all, &a);
	assert_true(p->verdict == PASS && p->basis == &p->by_outcomes);
	CLOSE(p->by_outcomes.at, 0.8, 1e-12);
	arena_free(&a);
}

static void
what_the_reference_cannot_tell_is_open(void **state)
{
	struct window far = { { 0.3, 0.9 }, { 400, 3000 }, { 0 }, { 0 } };
	struct window sure = { { 0.6, 0.9 }, { 2000, 6000 }, { 2000, 6000 }, { 1995, 5999 } };
	struct window one = { { 0.6, 0.9 }, { 0, 6000 }, { 0, 6000 }, { 0, 5400 } };
	struct arena a = { 0 };
	struct performance *p = judged(&graded, &far, &a);

	(void)state;
	assert_true(p->verdict == INCONCLUSIVE && p->basis == NULL);
	CLOSE(p->by_confidence.outside, 400.0 / 3400, 1e-12);
	assert_int_equal(judged(&sure, &sure, &a)->verdict, INCONCLUSIVE);
	assert_int_equal(judged(&one, &one, &a)->verdict, INCONCLUSIVE);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rare_labels_are_one_class),
		cmocka_unit_test(too_few_rare_labels_are_none),
		cmocka_unit_test(pairs_are_told_apart_and_merged),
		cmocka_unit_test(the_change_is_judged_by_the_confidences),
		cmocka_unit_test(outcomes_that_contradict_decide),
		cmocka_unit_test(what_the_reference_cannot_tell_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
