/*
 * drift_kit.h -- profiles of one feature, made of lists of values.
 */
#ifndef DRIFT_KIT_H
#define DRIFT_KIT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drift/drift.h"

/* Draws of a simulation: fewer under sanitizers, where each takes ten times as long. */
#ifdef __SANITIZE_ADDRESS__
#define KIT_TIMES(n) ((n) / 4)
#else
#define KIT_TIMES(n) (n)
#endif

static const struct feature kit_feature[] = {
	[SHAPE_NUMBER] = { .name = "kit_number", .version = 1, .shape = SHAPE_NUMBER },
	[SHAPE_CATEGORY] = { .name = "kit_category", .version = 1, .shape = SHAPE_CATEGORY },
	[SHAPE_TEXT] = { .name = "kit_text", .version = 1, .shape = SHAPE_TEXT },
};
static const struct watched kit_watched[] = {
	[SHAPE_NUMBER] = { "number", &kit_feature[SHAPE_NUMBER], NULL, "{}" },
	[SHAPE_CATEGORY] = { "category", &kit_feature[SHAPE_CATEGORY], NULL, "{}" },
	[SHAPE_TEXT] = { "text", &kit_feature[SHAPE_TEXT], NULL, "{}" },
};

static inline struct profile *
kit_empty(enum shape shape)
{
	struct profile *p = profile_begin(&kit_watched[shape], 1, shape == SHAPE_TEXT ?
	    KEPT_TEXTS_MAX : 0, 7);

	if (shape == SHAPE_TEXT)
		profile_keep_texts(p);
	return p;
}

static inline void
kit_add(struct profile *p, struct value v, long times)
{
	struct arena scratch = { 0 };

	for (long i = 0; i < times; i++) {
		profile_add_values(p, (uint64_t)p->n, 0, &v, &scratch);
		arena_reset(&scratch);
	}
	arena_free(&scratch);
}

static inline void
kit_number(struct profile *p, double x)
{
	kit_add(p, (struct value){ .kind = VALUE_NUMBER, .number = x }, 1);
}

static inline void
kit_text(struct profile *p, const char *text, long times)
{
	kit_add(p, (struct value){ .kind = VALUE_TEXT, .text = str_of(text) }, times);
}

static inline void
kit_kind(struct profile *p, enum value_kind kind, long times)
{
	kit_add(p, (struct value){ .kind = kind }, times);
}

static inline struct profile *
kit_numbers(const double *x, size_t n)
{
	struct profile *p = kit_empty(SHAPE_NUMBER);

	for (size_t i = 0; i < n; i++)
		kit_number(p, x[i]);
	return p;
}

/* count[i] records of the category "ci". */
static inline struct profile *
kit_counts(const long *count, size_t k)
{
	struct profile *p = kit_empty(SHAPE_CATEGORY);
	struct arena a = { 0 };

	for (size_t i = 0; i < k; i++)
		kit_text(p, arena_fmt(&a, "c%zu", i), count[i]);
	arena_free(&a);
	return p;
}

static inline struct finding
kit_test_at(const char *detector, const struct profile *r, const struct profile *c,
            double tolerance, struct arena *a)
{
	const struct detector *d = detector_find(detector);

	assert_non_null(d);
	return d->test == NULL ? d->sampled(r, c, 0, tolerance, 11, a) :
	    d->test(&r->feature[0], &c->feature[0], tolerance, 11, a);
}

static inline struct finding
kit_test(const char *detector, const struct profile *r, const struct profile *c, struct arena *a)
{
	return kit_test_at(detector, r, c, detector_find(detector)->tolerance, a);
}

/* What every finding must be. */
static inline void
kit_assert_sane(const struct finding *f)
{
	assert_true(f->p > 0 && f->p <= 1);
	assert_true(isfinite(f->effect) && f->effect >= 0);
	assert_true(f->ci.lo >= 0 && f->ci.hi >= f->ci.lo && isfinite(f->ci.hi));
	assert_true(isfinite(f->mde) && f->mde >= 0);
	assert_true(f->n_needed >= 0);
	assert_true(f->direction >= -1 && f->direction <= 1);
	if (!f->known) {
		assert_non_null(f->why);
		assert_true(f->verdict == DRIFT_UNSURE && f->p == 1 && f->effect == 0);
		return;
	}
	assert_true(f->ci.lo <= f->effect + 1e-12 && f->effect <= f->ci.hi + 1e-12);
	if (f->n_reference < 10 || f->n_current < 10) {
		assert_true(f->verdict == DRIFT_UNSURE);
	} else {
		assert_true((f->verdict == DRIFT_YES) == (f->ci.lo > f->tolerance));
		assert_true((f->verdict == DRIFT_NO) == (f->ci.hi < f->tolerance));
	}
	assert_true(f->verdict != DRIFT_UNSURE || f->why != NULL);
	assert_true(f->n_needed == 0 || f->n_needed > f->n_current);
}

#endif
