/*
 * profile.c -- what is kept of a window, so that profiles of its pieces add up to that of all.
 *
 * Whatever the split and the order, the same records give the same profile, because each part is
 * one of four things that know no order:
 *
 *  - a sum of counts, of whole numbers (vector.c), or an exact sum (exact.c);
 *  - a minimum or a maximum;
 *  - the lowest k of a multiset, under a total order.  What is among the lowest of all is among the
 *    lowest of any part that holds it, so no part drops it;
 *  - counts of the categories with the lowest hashes.  A category that is listed at the end has
 *    fewer than CATEGORIES others below it in the whole, so in every part of it and at every
 *    moment: it was never dropped, and its count is exact.  One that was dropped somewhere had
 *    CATEGORIES below it there, so it has them in the whole, and is not listed.  `rest` is then all
 *    records with a category less the listed ones, which is no matter of order either.  Of two
 *    texts with one hash the lower is kept, which is a minimum again.
 *
 * Arrays are sorted at every moment: there is nothing to finish before a profile is read.
 */
#include "drift/profile.h"

#include <math.h>

struct profile *
profile_begin(const struct watched *watched, size_t n, size_t cap, uint64_t seed)
{
	struct profile *p = mem_alloc(1, sizeof *p);

	p->watched = watched;
	p->nfeature = n;
	p->feature = mem_alloc(n, sizeof *p->feature);
	for (size_t i = 0; i < n; i++)
		p->feature[i].shape = watched[i].feature->shape;
	p->cap = cap;
	p->seed = seed;
	return p;
}

void
profile_keep_texts(struct profile *p)
{
	if (p->n > 0 || p->cap > KEPT_TEXTS_MAX)
		bug("texts of %zu records after %ld", p->cap, p->n);
	p->texts = true;
}

struct str
str_own(struct str s)
{
	char *p;

	if (s.n == 0)
		return (struct str){ 0 };
	p = mem_alloc(s.n, 1);
	memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

void
str_disown(struct str s)
{
	mem_free((void *)(uintptr_t)s.p);
}

static void
free_kept(struct kept *k, size_t nfeature)
{
	for (size_t i = 0; i < nfeature; i++)
		str_disown(k->value[i].text);
	mem_free(k->value);
}

void
profile_free(struct profile *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->nfeature; i++) {
		struct feature_profile *f = &p->feature[i];

		for (size_t k = 0; k < f->ncategory; k++)
			str_disown(f->category[k].text);
		mem_free(f->category);
		mem_free(f->bucket);
		mem_free(f->gram);
		mem_free(f->fourier);
		mem_free(f->wave);
	}
	for (size_t i = 0; i < p->nkept; i++)
		free_kept(&p->kept[i], p->nfeature);
	mem_free(p->kept);
	mem_free(p->feature);
	mem_free(p);
}

long
profile_values(const struct feature_profile *f)
{
	return f->n - f->missing - f->empty - f->other;
}

uint64_t
category_hash(struct str text, uint64_t seed)
{
	return hash64(text, seed);
}

static struct str
category_text(struct str text)
{
	return str_sub(text, 0, CATEGORY_BYTES);
}

/* ---- adding a record ---------------------------------------------------------------------- */

static void
add_number(struct feature_profile *f, double x)
{
	int64_t key = bucket_of(x);
	size_t lo = 0, hi = f->nbucket;
	double square = x * x;

	if (profile_values(f) == 1 || x < f->min)
		f->min = x;
	if (profile_values(f) == 1 || x > f->max)
		f->max = x;
	exact_add(&f->sum, x);
	exact_add(&f->square, isfinite(square) ? square : SQUARE_MAX);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->bucket[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == f->nbucket || f->bucket[lo].key != key) {
		f->bucket = mem_grow(f->bucket, &f->bucket_cap, f->nbucket + 1, sizeof *f->bucket);
		memmove(&f->bucket[lo + 1], &f->bucket[lo], (f->nbucket - lo) * sizeof *f->bucket);
		f->bucket[lo] = (struct bucket){ .key = key };
		f->nbucket++;
	}
	f->bucket[lo].count++;
}

/* The last goes, if there are too many. */
static void
drop_category(struct feature_profile *f)
{
	struct category *last = &f->category[f->ncategory - 1];

	if (f->ncategory <= CATEGORIES)
		return;
	f->rest += last->count;
	str_disown(last->text);
	f->ncategory--;
}

static void
add_category(struct feature_profile *f, struct str text, uint64_t seed)
{
	uint64_t hash = category_hash(text, seed);
	size_t lo = 0, hi = f->ncategory;
	struct category *c;

	text = category_text(text);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->category[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == CATEGORIES) {
		f->rest++;
		return;
	}
	if (lo < f->ncategory && f->category[lo].hash == hash) {
		c = &f->category[lo];
		if (str_cmp(text, c->text) < 0) {
			str_disown(c->text);
			c->text = str_own(text);
		}
		c->count++;
		return;
	}
	f->category = mem_grow(f->category, &f->category_cap, f->ncategory + 1, sizeof *f->category);
	memmove(&f->category[lo + 1], &f->category[lo], (f->ncategory - lo) * sizeof *f->category);
	f->category[lo] = (struct category){ .hash = hash, .text = str_own(text), .count = 1 };
	f->ncategory++;
	drop_category(f);
}

static void
add_value(struct feature_profile *f, struct value v, uint64_t seed)
{
	f->n++;
	switch (v.kind) {
	case VALUE_MISSING:
		f->missing++;
		return;
	case VALUE_EMPTY:
		f->empty++;
		return;
	case VALUE_OTHER:
		f->other++;
		return;
	case VALUE_NUMBER:
		add_number(f, v.number);
		return;
	case VALUE_TEXT:
		if (f->shape == SHAPE_CATEGORY)
			add_category(f, v.text, seed);
		else
			grams_add(f, v.text, seed);
		return;
	case VALUE_VECTOR:
		fourier_add(f, v.text, seed);
	}
}

/* What a feature of this shape can count; one zero. */
static struct value
as_counted(struct value v, enum shape shape)
{
	bool number = v.kind == VALUE_NUMBER, text = v.kind == VALUE_TEXT;
	bool vector = v.kind == VALUE_VECTOR;

	if ((number && (shape != SHAPE_NUMBER || !isfinite(v.number))) ||
	    (text && shape != SHAPE_CATEGORY && shape != SHAPE_TEXT) ||
	    (vector && (shape != SHAPE_VECTOR || !vector_sound(v.text))))
		return (struct value){ .kind = VALUE_OTHER };
	return (struct value){ .kind = v.kind, .number = number ? v.number + 0.0 : 0,
		.text = text || vector ? v.text : (struct str){ 0 } };
}

static int
order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* A total order: what is equal is alike in every byte. */
static int
compare_kept(const struct kept *a, const struct kept *b, size_t nfeature)
{
	int c = order(a->hash, b->hash);

	if (c == 0 && a->time_ms != b->time_ms)
		c = a->time_ms < b->time_ms ? -1 : 1;
	for (size_t i = 0; c == 0 && i < nfeature; i++) {
		const struct value *x = &a->value[i], *y = &b->value[i];

		if ((c = order(x->kind, y->kind)) == 0 && x->number != y->number)
			c = x->number < y->number ? -1 : 1;
		if (c == 0)
			c = str_cmp(x->text, y->text);
	}
	return c;
}

int
kept_order(const struct profile *p, size_t i, size_t k)
{
	return compare_kept(&p->kept[i], &p->kept[k], p->nfeature);
}

static struct kept
own_kept(const struct kept *k, size_t nfeature)
{
	struct kept copy = *k;

	copy.value = mem_alloc(nfeature, sizeof *copy.value);
	for (size_t i = 0; i < nfeature; i++) {
		copy.value[i] = k->value[i];
		copy.value[i].text = str_own(k->value[i].text);
	}
	return copy;
}

/* Without half a character at the end; bytes that are no UTF-8 are cut anywhere. */
static struct str
kept_text(struct str text)
{
	size_t n = KEPT_TEXT_BYTES;

	if (text.n <= n)
		return text;
	while (n > KEPT_TEXT_BYTES - 4 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return str_sub(text, 0, n);
}

/* Unless it was asked for, a profile has nothing of the texts of text features. */
static struct str
sampled_text(const struct profile *p, size_t feature, struct str text)
{
	if (p->feature[feature].shape == SHAPE_VECTOR)
		return text;
	if (p->feature[feature].shape != SHAPE_TEXT)
		return category_text(text);
	return p->texts ? kept_text(text) : (struct str){ 0 };
}

static void
keep(struct profile *p, struct kept k)
{
	size_t lo = 0, hi = p->nkept;

	for (size_t i = 0; i < p->nfeature; i++)
		k.value[i].text = sampled_text(p, i, k.value[i].text);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_kept(&p->kept[mid], &k, p->nfeature) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == p->cap)
		return;
	p->kept = mem_grow(p->kept, &p->kept_room, p->nkept + 1, sizeof *p->kept);
	memmove(&p->kept[lo + 1], &p->kept[lo], (p->nkept - lo) * sizeof *p->kept);
	p->kept[lo] = own_kept(&k, p->nfeature);
	if (++p->nkept > p->cap)
		free_kept(&p->kept[--p->nkept], p->nfeature);
}

void
profile_add_values(struct profile *p, uint64_t hash, int64_t time_ms, const struct value *value,
                   struct arena *scratch)
{
	struct kept k = { .time_ms = time_ms > 0 ? time_ms : 0 };

	/* A seed of the sample's own: a category's hash says nothing of who is kept. */
	k.hash = rng_next(p->seed ^ hash, 0);
	k.value = arena_array(scratch, p->nfeature, sizeof *k.value);
	p->n++;
	if (time_ms > 0) {
		if (p->last_ms == 0 || time_ms < p->first_ms)
			p->first_ms = time_ms;
		if (time_ms > p->last_ms)
			p->last_ms = time_ms;
	}
	for (size_t i = 0; i < p->nfeature; i++) {
		k.value[i] = as_counted(value[i], p->feature[i].shape);
		add_value(&p->feature[i], k.value[i], p->seed);
	}
	if (p->cap > 0 && (p->nkept < p->cap || k.hash <= p->kept[p->nkept - 1].hash))
		keep(p, k);
}

/* ---- merging ------------------------------------------------------------------------------ */

static void
merge_numbers(struct feature_profile *into, const struct feature_profile *from)
{
	size_t n = into->nbucket + from->nbucket, i = 0, k = 0, to = 0;
	struct bucket *all;

	if (profile_values(from) == 0)
		return;
	all = mem_alloc(n, sizeof *all);
	if (profile_values(into) == 0 || from->min < into->min)
		into->min = from->min;
	if (profile_values(into) == 0 || from->max > into->max)
		into->max = from->max;
	exact_merge(&into->sum, &from->sum);
	exact_merge(&into->square, &from->square);
	while (i < into->nbucket || k < from->nbucket) {
		if (k == from->nbucket ||
		    (i < into->nbucket && into->bucket[i].key < from->bucket[k].key)) {
			all[to++] = into->bucket[i++];
		} else if (i == into->nbucket || from->bucket[k].key < into->bucket[i].key) {
			all[to++] = from->bucket[k++];
		} else {
			all[to] = into->bucket[i++];
			all[to++].count += from->bucket[k++].count;
		}
	}
	mem_free(into->bucket);
	into->bucket = all;
	into->nbucket = to;
	into->bucket_cap = n;
}

/* The listed ones of both, by hash; what is too many goes into the rest. */
static void
merge_categories(struct feature_profile *into, const struct feature_profile *from)
{
	size_t n = into->ncategory + from->ncategory, i = 0, k = 0, to = 0;
	struct category *all = mem_alloc(n, sizeof *all), *c;

	while (i < into->ncategory || k < from->ncategory) {
		const struct category *a = i < into->ncategory ? &into->category[i] : NULL;
		const struct category *b = k < from->ncategory ? &from->category[k] : NULL;

		c = &all[to++];
		if (b == NULL || (a != NULL && a->hash <= b->hash)) {
			*c = *a;
			i++;
		} else {
			*c = (struct category){ .hash = b->hash, .text = str_own(b->text) };
		}
		if (b == NULL || b->hash != c->hash)
			continue;
		c->count += b->count;
		k++;
		if (str_cmp(b->text, c->text) < 0) {
			str_disown(c->text);
			c->text = str_own(b->text);
		}
	}
	mem_free(into->category);
	into->category = all;
	into->category_cap = n;
	into->ncategory = to;
	into->rest += from->rest;
	while (into->ncategory > CATEGORIES)
		drop_category(into);
}

static void
merge_kept(struct profile *into, const struct profile *from)
{
	size_t n = into->nkept + from->nkept, room = n < into->cap ? n : into->cap, i = 0, k = 0;
	struct kept *all = mem_alloc(room, sizeof *all);

	while (i + k < room) {
		if (k == from->nkept || (i < into->nkept &&
		    compare_kept(&into->kept[i], &from->kept[k], into->nfeature) <= 0)) {
			all[i + k] = into->kept[i];
			i++;
		} else {
			all[i + k] = own_kept(&from->kept[k], into->nfeature);
			k++;
		}
	}
	for (; i < into->nkept; i++)
		free_kept(&into->kept[i], into->nfeature);
	mem_free(into->kept);
	into->kept = all;
	into->nkept = into->kept_room = room;
}

int
profile_alike(const struct profile *a, const struct profile *b, struct err *e)
{
	if (a->nfeature != b->nfeature)
		return err_set(e, "the profiles are of other features, %zu in one and %zu in the other: "
		    "make both with one --features", a->nfeature, b->nfeature);
	for (size_t i = 0; i < a->nfeature; i++) {
		const struct watched *x = &a->watched[i], *y = &b->watched[i];

		if (strcmp(x->name, y->name) != 0)
			return err_set(e, "the profiles are of other features, '%s' in one is '%s' in the "
			    "other: make both with one --features", x->name, y->name);
		if (strcmp(x->feature->name, y->feature->name) != 0 ||
		    x->feature->shape != y->feature->shape)
			return err_set(e, "feature '%s' is '%s' in one profile, '%s' in the other: make both "
			    "with one --features", x->name, x->feature->name, y->feature->name);
		if (x->feature->version != y->feature->version)
			return err_set(e, "feature '%s' is of version %d in one profile, of %d in the other: "
			    "make both with one version of driftlead", x->name, x->feature->version,
			    y->feature->version);
		if (strcmp(x->params_json, y->params_json) != 0)
			return err_set(e, "feature '%s' has the parameters %s in one profile, %s in the other: "
			    "make both with one --features", x->name, x->params_json, y->params_json);
	}
	if (a->seed != b->seed)
		return err_set(e, "the profiles have other seeds of their hashes: make both with one "
		    "version of driftlead");
	return 0;
}

int
profile_merge(struct profile *into, const struct profile *from, struct err *e)
{
	if (profile_alike(into, from, e) != 0)
		return -1;
	if (into->cap != from->cap)
		return err_set(e, "one profile keeps a sample of %zu records, the other of %zu: make both "
		    "with one --sample", into->cap, from->cap);
	if (into->texts != from->texts)
		return err_set(e, "one profile keeps texts, the other does not: make both with "
		    "--keep-text or both without");
	if (into->n > PROFILE_RECORDS_MAX - from->n || into->bad > PROFILE_RECORDS_MAX - from->bad)
		return err_set(e, "together the profiles have more records than a profile can hold: merge "
		    "fewer");
	for (size_t i = 0; i < into->nfeature; i++) {
		struct feature_profile *to = &into->feature[i];
		const struct feature_profile *f = &from->feature[i];

		merge_numbers(to, f);
		merge_categories(to, f);
		grams_merge(to, f);
		fourier_merge(to, f);
		to->n += f->n;
		to->missing += f->missing;
		to->empty += f->empty;
		to->other += f->other;
	}
	into->n += from->n;
	into->bad += from->bad;
	if (from->last_ms != 0 && (into->last_ms == 0 || from->first_ms < into->first_ms))
		into->first_ms = from->first_ms;
	if (from->last_ms > into->last_ms)
		into->last_ms = from->last_ms;
	merge_kept(into, from);
	return 0;
}
