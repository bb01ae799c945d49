/*
 * changes.c -- which categories became more common, and which less.
 */
#include "drift/drift.h"

#include <math.h>
#include <stdlib.h>

static int
by_change(const void *a, const void *b)
{
	const struct category_change *x = a, *y = b;
	double p = fabs(x->is - x->was), q = fabs(y->is - y->was);

	return p != q ? (p < q ? 1 : -1) : str_cmp(x->category, y->category);
}

size_t
profile_changes(const struct feature_profile *reference, const struct feature_profile *current,
                struct category_change **out, struct arena *a)
{
	const struct feature_profile *r = reference, *c = current;
	long n = profile_values(r), m = profile_values(c);
	struct category_change *all;
	size_t k = 0;

	*out = NULL;
	if (r->shape != SHAPE_CATEGORY || n == 0 || m == 0)
		return 0;
	all = arena_array(a, r->ncategory + c->ncategory, sizeof *all);
	for (size_t i = 0, j = 0; i < r->ncategory || j < c->ncategory; k++) {
		const struct category *x = i < r->ncategory ? &r->category[i] : NULL;
		const struct category *y = j < c->ncategory ? &c->category[j] : NULL;
		bool was = x != NULL && (y == NULL || x->hash <= y->hash);
		bool is = y != NULL && (x == NULL || y->hash <= x->hash);

		all[k] = (struct category_change){ .category = was ? x->text : y->text,
			.n_was = was ? x->count : 0, .n_is = is ? y->count : 0 };
		all[k].was = (double)all[k].n_was / (double)n;
		all[k].is = (double)all[k].n_is / (double)m;
		i += was;
		j += is;
	}
	qsort(all, k, sizeof *all, by_change);
	*out = all;
	return k;
}
