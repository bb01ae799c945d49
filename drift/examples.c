/*
 * examples.c -- records of the current window that show what a finding found.
 */
#include "drift/drift.h"

#include <stdlib.h>

/* A kind of value that became more common: a bin, a category, or a way to have no value. */
struct grown {
	enum { GROWN_BIN, GROWN_CATEGORY, GROWN_KIND } what;
	double          by;
	size_t          bin;
	struct str      category;
	enum value_kind kind;
};

static int
by_growth(const void *a, const void *b)
{
	const struct grown *x = a, *y = b;

	if (x->by != y->by)
		return x->by < y->by ? 1 : -1;
	if (x->what == GROWN_CATEGORY)
		return str_cmp(x->category, y->category);
	return x->bin != y->bin ? (x->bin < y->bin ? -1 : 1) : (int)x->kind - (int)y->kind;
}

static size_t
grown_kinds(const struct feature_profile *r, const struct feature_profile *c, struct grown *out)
{
	const long was[] = { r->missing, r->empty, r->other };
	const long is[] = { c->missing, c->empty, c->other };
	static const enum value_kind kind[] = { VALUE_MISSING, VALUE_EMPTY, VALUE_OTHER };
	size_t n = 0;

	for (size_t i = 0; i < COUNT(kind) && r->n > 0 && c->n > 0; i++)
		out[n++] = (struct grown){ .what = GROWN_KIND, .kind = kind[i],
			.by = (double)is[i] / (double)c->n - (double)was[i] / (double)r->n };
	return n;
}

/* All candidates, whether they grew or not; `h` is that of numbers. */
static size_t
candidates(const struct feature_profile *r, const struct feature_profile *c, bool of_missing,
    struct histogram *h, struct grown **out, struct arena *a)
{
	struct category_change *change;
	size_t n = 0, m;

	if (of_missing) {
		*out = arena_array(a, VALUE_TEXT + 1, sizeof **out);
		return grown_kinds(r, c, *out);
	}
	if (profile_values(c) > 0 && histogram_of(r, c, h, a)) {
		*out = arena_array(a, h->nedge + 1, sizeof **out);
		for (; n <= h->nedge; n++)
			(*out)[n] = (struct grown){ .what = GROWN_BIN, .bin = n,
				.by = h->current[n] - h->reference[n] };
		return n;
	}
	m = profile_changes(r, c, &change, a);
	*out = arena_array(a, m + 1, sizeof **out);
	for (; n < m; n++)
		(*out)[n] = (struct grown){ .what = GROWN_CATEGORY, .category = change[n].category,
			.by = change[n].is - change[n].was };
	return n;
}

static bool
shows(const struct grown *g, const struct histogram *h, const struct value *v)
{
	switch (g->what) {
	case GROWN_BIN:
		return v->kind == VALUE_NUMBER && histogram_bin(h, v->number) == g->bin;
	case GROWN_CATEGORY:
		return v->kind == VALUE_TEXT && str_eq(v->text, g->category);
	case GROWN_KIND:
		break;
	}
	return v->kind == g->kind;
}

size_t
comparison_examples(const struct comparison *d, const struct compared *x,
                    const struct kept *out[DRIFT_EXAMPLES], struct arena *a)
{
	const struct feature_profile *r = &d->reference->feature[x->feature];
	const struct feature_profile *c = &d->current->feature[x->feature];
	const struct profile *p = d->current;
	struct histogram h = { 0 };
	struct grown *grown;
	size_t ngrown = candidates(r, c, strcmp(x->detector->name, "missing") == 0, &h, &grown, a);
	size_t at[DRIFT_EXAMPLES] = { 0 }, n = 0, before;

	qsort(grown, ngrown, sizeof *grown, by_growth);
	if (ngrown > DRIFT_EXAMPLES)
		ngrown = DRIFT_EXAMPLES;
	while (ngrown > 0 && !(grown[ngrown - 1].by > 0))
		ngrown--;
	/* One of each in turn, so that what grew most does not hide the others. */
	do {
		before = n;
		for (size_t g = 0; g < ngrown && n < DRIFT_EXAMPLES; g++) {
			while (at[g] < p->nkept &&
			    !shows(&grown[g], &h, &p->kept[at[g]].value[x->feature]))
				at[g]++;
			if (at[g] < p->nkept)
				out[n++] = &p->kept[at[g]++];
		}
	} while (n > before && n < DRIFT_EXAMPLES);
	return n;
}
