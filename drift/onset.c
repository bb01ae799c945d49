/*
 * onset.c -- since when a feature differs from its reference.
 *
 * One change is supposed: up to a moment records are as the reference has them, after it they are
 * of another level.  If each has a weight, with the mean mu in the reference, the likelihood of a
 * change after record t is greatest where (sum of w - mu after t)^2 / (how many those are) is
 * (Hinkley 1970, with the level before known).  The weight of a record is by how much the share of
 * its kind rose between the reference and the current window: that is the direction in which a mix
 * before and after differ, and serves shifts, other spreads and missing values alike.  Categories
 * may be many: those whose rise or fall chance makes among so many (the universal threshold of
 * Donoho and Johnstone 1994) count nothing, else each record seems to tell of a change.  Where the
 * start of the window is as likely, by twice the logarithm of the likelihood, it is taken: a window
 * that differs from its first record on has no change in it.
 */
#include "drift/drift.h"

#include <math.h>
#include <stdlib.h>

enum { BINS = 10, LEAST = 10 };               /* records after the change */
#define AS_LIKELY 6.0

/* Kinds of records: missing, empty, other, and the bins or categories. */
enum { KIND_MISSING, KIND_EMPTY, KIND_OTHER, KIND_REST, KIND_FIRST };

struct kinds {
	size_t      n;
	double     *was, *is;                     /* shares of the reference, of the current window */
	double     *rise;                         /* by how much they rose, beyond chance */
	int64_t     edge[BINS];                   /* numbers: the last key of each bin but one */
	struct map  category;                     /* by text */
};

static void
count_kinds(struct kinds *k, const struct feature_profile *f, double *share)
{
	share[KIND_MISSING] = (double)f->missing;
	share[KIND_EMPTY] = (double)f->empty;
	share[KIND_OTHER] = (double)f->other;
	share[KIND_REST] = (double)f->rest;
	for (size_t i = 0; i < f->nbucket; i++) {
		size_t bin = 0;

		while (bin < BINS && f->bucket[i].key > k->edge[bin])
			bin++;
		share[KIND_FIRST + bin] += (double)f->bucket[i].count;
	}
	for (size_t i = 0; i < f->ncategory; i++)
		share[*map_get(&k->category, f->category[i].text)] += (double)f->category[i].count;
	for (size_t i = 0; i < k->n; i++)
		share[i] /= f->n > 0 ? (double)f->n : 1;
}

/* The tenths of the reference's numbers; of fewer different ones, those. */
static void
make_bins(struct kinds *k, const struct feature_profile *r)
{
	long n = profile_values(r), seen = 0;
	size_t bin = 0;

	for (size_t i = 0; i < r->nbucket; i++) {
		seen += r->bucket[i].count;
		while (bin < BINS && (double)seen >= (double)n * (double)(bin + 1) / BINS)
			k->edge[bin++] = r->bucket[i].key;
	}
	k->n += BINS + 1;
}

static void
make_categories(struct kinds *k, const struct feature_profile *f)
{
	for (size_t i = 0; i < f->ncategory; i++) {
		bool is_new;
		uint64_t *kind = map_put(&k->category, f->category[i].text, &is_new);

		if (is_new)
			*kind = k->n++;
	}
}

static size_t
kind_of(const struct kinds *k, const struct value *v)
{
	const uint64_t *listed;
	size_t bin = 0;

	switch (v->kind) {
	case VALUE_MISSING:
		return KIND_MISSING;
	case VALUE_EMPTY:
		return KIND_EMPTY;
	case VALUE_OTHER:
		return KIND_OTHER;
	case VALUE_NUMBER:
		while (bin < BINS && bucket_of(v->number) > k->edge[bin])
			bin++;
		return KIND_FIRST + bin;
	case VALUE_VECTOR:
		break;
	case VALUE_TEXT:
		listed = map_get(&k->category, v->text);
		return listed != NULL ? *listed : KIND_REST;
	}
	return KIND_OTHER;
}

/* What rose or fell by more than so many standard errors; false: none did. */
static bool
set_rise(struct kinds *k, double errors, long n, long m)
{
	bool any = false;

	for (size_t i = 0; i < k->n; i++) {
		double d = k->is[i] - k->was[i], p = (k->is[i] + k->was[i]) / 2;
		double chance = errors * sqrt(p * (1 - p) * (1 / (double)n + 1 / (double)m));

		k->rise[i] = fabs(d) > chance ? d : 0;
		any = any || fabs(d) > chance;
	}
	return any;
}

static struct kinds
make_kinds(const struct feature_profile *r, const struct feature_profile *c, struct arena *a)
{
	struct kinds k = { .n = KIND_FIRST };

	if (r->shape == SHAPE_NUMBER)
		make_bins(&k, r);
	make_categories(&k, r);
	make_categories(&k, c);
	k.was = arena_array(a, k.n, sizeof *k.was);
	k.is = arena_array(a, k.n, sizeof *k.is);
	k.rise = arena_array(a, k.n, sizeof *k.rise);
	count_kinds(&k, r, k.was);
	count_kinds(&k, c, k.is);
	if (r->shape == SHAPE_NUMBER || !set_rise(&k, sqrt(2 * log((double)k.n)), r->n, c->n))
		set_rise(&k, 0, r->n, c->n);
	return k;
}

struct timed { int64_t ms; double weight; };

static int
by_time(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	return x->ms != y->ms ? (x->ms > y->ms) - (x->ms < y->ms) :
	    (x->weight > y->weight) - (x->weight < y->weight);
}

int64_t
profile_onset(const struct profile *reference, const struct profile *current, size_t feature,
              struct arena *a)
{
	const struct feature_profile *r = feature < reference->nfeature ?
	    &reference->feature[feature] : NULL;
	struct timed *t = arena_array(a, current->nkept + 1, sizeof *t);
	double mean = 0, var = 0, sum = 0, best = 0, gain = 0;
	size_t n = 0, onset = 0;
	struct kinds k;

	if (r == NULL || (r->shape != SHAPE_NUMBER && r->shape != SHAPE_CATEGORY))
		return 0;
	k = make_kinds(r, &current->feature[feature], a);
	for (size_t i = 0; i < k.n; i++)
		mean += k.was[i] * k.rise[i];
	for (size_t i = 0; i < k.n; i++)
		var += k.was[i] * (k.rise[i] - mean) * (k.rise[i] - mean);
	for (size_t i = 0; i < current->nkept; i++) {
		size_t kind = kind_of(&k, &current->kept[i].value[feature]);

		if (current->kept[i].time_ms != 0)
			t[n++] = (struct timed){ current->kept[i].time_ms, k.rise[kind] - mean };
	}
	map_free(&k.category);
	qsort(t, n, sizeof *t, by_time);
	for (size_t i = n; i-- > 0; ) {
		sum += t[i].weight;
		gain = sum * sum / (double)(n - i);
		if (sum > 0 && gain > best && (n - i >= LEAST || i == 0)) {
			best = gain;
			onset = i;
		}
	}
	/* The last gain is that of all records. */
	if (best == 0)
		return 0;
	return best - gain <= AS_LIKELY * var ? current->first_ms : t[onset].ms;
}

int64_t
comparison_onset(const struct comparison *d, size_t feature, struct arena *a)
{
	return profile_onset(d->reference, d->closer != NULL ? d->closer : d->current, feature, a);
}
