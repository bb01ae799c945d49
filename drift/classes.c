/*
 * classes.c -- labels and predictions side by side, and the classes they make.
 */
#include "drift/classes.h"

#include <stdlib.h>

enum { PAIRS_MOST = 1 << 16 };

/* ---- pairs -------------------------------------------------------------------------------- */

/* A pair of texts as one key: the first one's length goes before. */
static struct str
key_of(struct str label, struct str prediction, struct arena *scratch)
{
	uint32_t n = (uint32_t)label.n;
	size_t size = sizeof n + label.n + prediction.n;
	char *key = arena_raw(scratch, size);

	memcpy(key, &n, sizeof n);
	memcpy(key + sizeof n, label.p, label.n);
	memcpy(key + sizeof n + label.n, prediction.p, prediction.n);
	return (struct str){ key, size };
}

void
pairs_add(struct pairs *p, struct str label, struct str prediction, long n,
    struct arena *scratch)
{
	struct str key = key_of(label, prediction, scratch);
	uint64_t *slot = map_get(&p->index, key);
	bool is_new;

	if (slot != NULL) {
		p->pair[*slot].n += n;
		return;
	}
	if ((p->crowded = p->crowded || p->n == PAIRS_MOST))
		return;
	p->pair = mem_grow(p->pair, &p->cap, p->n + 1, sizeof *p->pair);
	p->pair[p->n] = (struct pair){ str_dup(label, &p->index.keys),
		str_dup(prediction, &p->index.keys), n };
	*map_put(&p->index, key, &is_new) = p->n++;
}

void
pairs_merge(struct pairs *into, const struct pairs *from, struct arena *scratch)
{
	for (size_t i = 0; i < from->n; i++)
		pairs_add(into, from->pair[i].label, from->pair[i].prediction, from->pair[i].n, scratch);
	into->crowded |= from->crowded;
}

void
pairs_free(struct pairs *p)
{
	mem_free(p->pair);
	map_free(&p->index);
}

/* ---- classes ------------------------------------------------------------------------------ */

struct counted { struct str text; long n; };

static int
by_count(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	return x->n != y->n ? (x->n < y->n ? 1 : -1) : str_cmp(x->text, y->text);
}

/* Every label with its records, the most frequent first. */
static struct counted *
labels_of(const struct pairs *p, struct map *index, size_t *k, struct arena *a)
{
	struct counted *label = arena_array(a, p->n + 1, sizeof *label);

	*k = 0;
	for (size_t i = 0; i < p->n; i++) {
		bool is_new;
		uint64_t *slot = map_put(index, p->pair[i].label, &is_new);

		if (is_new)
			label[*slot = (*k)++].text = p->pair[i].label;
		label[*slot].n += p->pair[i].n;
	}
	qsort(label, *k, sizeof *label, by_count);
	return label;
}

struct classes *
classes_of(const struct pairs *p, struct arena *a)
{
	struct classes *c = arena_alloc(a, sizeof *c);
	struct map *index = arena_alloc(a, sizeof *index);
	size_t nlabel, own = 0;
	struct counted *label = labels_of(p, index, &nlabel, a);
	long rest = 0;

	while (own < nlabel && own < CLASSES_MOST - 1 && label[own].n >= CLASS_LEAST)
		own++;
	for (size_t i = own; i < nlabel; i++)
		rest += label[i].n;
	c->k = own + (rest >= CLASS_LEAST);
	c->name = arena_array(a, c->k + 1, sizeof *c->name);
	c->index = index;
	for (size_t i = 0; i < nlabel; i++) {
		if (i < own)
			c->name[i] = str_dup(label[i].text, a);
		*map_get(index, label[i].text) = i < own ? i : own;
	}
	return c;
}

size_t
class_find(const struct classes *c, struct str text)
{
	uint64_t *slot = map_get(c->index, text);

	return slot != NULL && *slot < c->k ? *slot : c->k;
}

struct confusion
confusion_of(const struct pairs *p, const struct classes *c, struct arena *a)
{
	long *count = arena_array(a, c->k * c->k + 1, sizeof *count);
	long *labelled = arena_array(a, c->k + 1, sizeof *labelled);
	long *right = arena_array(a, c->k + 1, sizeof *right), other = 0;

	for (size_t n = 0; n < p->n; n++) {
		const struct pair *x = &p->pair[n];
		size_t j = class_find(c, x->label), i = class_find(c, x->prediction);

		if (j == c->k)                       /* too rare, and too few such for a class */
			continue;
		labelled[j] += x->n;
		if (i < c->k)
			count[i * c->k + j] += x->n;
		else
			other += x->n;
		if (str_eq(x->label, x->prediction))
			right[j] += x->n;
	}
	return (struct confusion){ .k = c->k, .count = count, .labelled = labelled, .right = right,
		.other = other };
}
