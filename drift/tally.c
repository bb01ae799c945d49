/*
 * tally.c -- the counts of two profiles side by side, over the same cells.
 */
#include "drift/finding.h"

#include <math.h>

/* ---- numbers ---- */

static double
middle(int64_t key)
{
	double low = fmax(bucket_low(key), -1e150), high = fmin(bucket_high(key), 1e150);

	return low < high ? low + 0.5 * (high - low) : low > 0 ? high : low;
}

/* Pairs of values are counted in a long: more than 2^30 values are halved until they are not. */
static void
thin(long *count, size_t k)
{
	long sum = 0;

	for (size_t i = 0; i < k; i++)
		sum += count[i];
	for (; sum > 1L << 30; sum >>= 1)
		for (size_t i = 0; i < k; i++)
			count[i] >>= 1;
}

struct tally
tally_numbers(const struct feature_profile *r, const struct feature_profile *c, struct arena *a)
{
	size_t most = r->nbucket + c->nbucket, i = 0, j = 0;
	long *x = arena_array(a, most + 1, sizeof *x), *y = arena_array(a, most + 1, sizeof *y);
	double *at = arena_array(a, most + 1, sizeof *at);
	struct tally t = { .x = x, .y = y, .at = at };

	while (i < r->nbucket || j < c->nbucket) {
		bool here = i < r->nbucket && (j == c->nbucket || r->bucket[i].key <= c->bucket[j].key);
		bool there = j < c->nbucket && (i == r->nbucket || c->bucket[j].key <= r->bucket[i].key);
		double v = middle(here ? r->bucket[i].key : c->bucket[j].key);

		/* Buckets beyond 1e150 are one value. */
		if (t.k == 0 || v > at[t.k - 1])
			at[t.k++] = v;
		x[t.k - 1] += here ? r->bucket[i++].count : 0;
		y[t.k - 1] += there ? c->bucket[j++].count : 0;
	}
	thin(x, t.k);
	thin(y, t.k);
	for (size_t l = 0; l < t.k; l++) {
		t.n += x[l];
		t.m += y[l];
	}
	return t;
}

struct pooled
tally_pooled(const struct tally *t, struct arena *a)
{
	long *size = arena_array(a, 2, sizeof *size);
	long *count = arena_array(a, 2 * t->k + 1, sizeof *count);

	size[0] = t->n;
	size[1] = t->m;
	for (size_t l = 0; l < t->k; l++) {
		count[2 * l] = t->x[l];
		count[2 * l + 1] = t->y[l];
	}
	return (struct pooled){ .k = 2, .n = (size_t)(t->n + t->m), .distinct = t->k,
	    .ties = t->k < (size_t)(t->n + t->m), .size = size, .at = t->at, .count = count };
}

/* ---- categories ---- */

/* Of a profile that could not list all, hashes above its last are unknown. */
static uint64_t
listed_to(const struct feature_profile *p)
{
	if (p->rest == 0)
		return UINT64_MAX;
	return p->ncategory > 0 ? p->category[p->ncategory - 1].hash : 0;
}

struct tally
tally_categories(const struct feature_profile *r, const struct feature_profile *c, bool with_rest,
                 struct arena *a)
{
	size_t most = r->ncategory + c->ncategory + 1, i = 0, j = 0;
	long *x = arena_array(a, most, sizeof *x), *y = arena_array(a, most, sizeof *y);
	struct str *text = arena_array(a, most, sizeof *text);
	struct tally t = { .x = x, .y = y, .text = text, .coarse = r->rest > 0 || c->rest > 0 };
	uint64_t last = listed_to(r) < listed_to(c) ? listed_to(r) : listed_to(c);
	long rest[2] = { r->rest, c->rest };

	while (i < r->ncategory || j < c->ncategory) {
		const struct category *p = i < r->ncategory ? &r->category[i] : NULL;
		const struct category *q = j < c->ncategory ? &c->category[j] : NULL;
		bool here = p != NULL && (q == NULL || p->hash <= q->hash);
		bool there = q != NULL && (p == NULL || q->hash <= p->hash);
		long in_r = here ? p->count : 0, in_c = there ? q->count : 0;

		i += here;
		j += there;
		if ((here ? p->hash : q->hash) > last) {
			rest[0] += in_r;
			rest[1] += in_c;
		} else if (in_r + in_c > 0) {
			text[t.k] = here ? p->text : q->text;
			x[t.k] = in_r;
			y[t.k++] = in_c;
		}
	}
	if (with_rest && rest[0] + rest[1] > 0) {
		x[t.k] = rest[0];
		y[t.k++] = rest[1];
	}
	for (size_t l = 0; l < t.k; l++) {
		t.n += x[l];
		t.m += y[l];
	}
	return t;
}

struct tally
tally_of(const struct feature_profile *r, const struct feature_profile *c, struct arena *a)
{
	return r->shape == SHAPE_NUMBER ? tally_numbers(r, c, a) : tally_categories(r, c, true, a);
}

struct contingency
tally_table(const struct tally *t, struct arena *scratch)
{
	long *table = arena_array(scratch, 2 * t->k + 1, sizeof *table);

	memcpy(table, t->x, t->k * sizeof *table);
	memcpy(table + t->k, t->y, t->k * sizeof *table);
	return contingency(table, 2, t->k, scratch);
}
