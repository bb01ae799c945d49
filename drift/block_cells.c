/*
 * block_cells.c -- the kept records of each block of time, counted.
 */
#include "drift/blocks.h"
#include "drift/features.h"

#include <stdlib.h>

enum { QUANTILES = 20, COMMONEST = 63, WORD_SLOTS = 1024 };

/* One record with a time, and the block that it lies in. */
struct placed { const struct value *value; int64_t time; size_t block; bool current; };

/* ---- which records ------------------------------------------------------------------------ */

static size_t
place(const struct profile *p, size_t feature, bool missing, int64_t block_ms, bool current,
      struct placed *out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nkept; i++) {
		const struct value *v = &p->kept[i].value[feature];

		if (p->kept[i].time_ms > 0 && (missing || v->kind >= VALUE_NUMBER))
			out[n++] = (struct placed){ v, p->kept[i].time_ms / block_ms, 0, current };
	}
	return n;
}

static int
by_time(const void *a, const void *b)
{
	const struct placed *p = a, *q = b;

	if (p->current != q->current)
		return p->current ? 1 : -1;
	return (p->time > q->time) - (p->time < q->time);
}

/* Numbers the blocks, those of the reference first. */
static void
number_blocks(struct placed *r, size_t n, struct block_cells *c)
{
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || r[i].time != r[i - 1].time || r[i].current != r[i - 1].current)
			*(r[i].current ? &c->m : &c->n) += 1;
		r[i].block = c->n + c->m - 1;
	}
}

/* ---- which cells -------------------------------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
count_numbers(struct block_cells *c, const struct placed *r, size_t n, struct arena *a)
{
	double *all = arena_array(a, n + 1, sizeof *all), edge[QUANTILES];
	size_t edges = 0;

	for (size_t i = 0; i < n; i++)
		all[i] = r[i].value->number;
	qsort(all, n, sizeof *all, by_number);
	for (size_t q = 1; q < QUANTILES; q++) {
		double x = all[q * n / QUANTILES];

		if (edges == 0 || x > edge[edges - 1])
			edge[edges++] = x;
	}
	c->k = QUANTILES;
	c->count = arena_array(a, (c->n + c->m) * c->k, sizeof *c->count);
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < edges && edge[at] <= r[i].value->number)
			at++;
		c->count[r[i].block * c->k + at]++;
	}
}

struct common { size_t category; long count; };

static int
by_count(const void *a, const void *b)
{
	const struct common *p = a, *q = b;

	if (p->count != q->count)
		return p->count < q->count ? 1 : -1;
	return (p->category > q->category) - (p->category < q->category);
}

static void
count_categories(struct block_cells *c, const struct placed *r, size_t n, struct arena *a)
{
	struct map known = { 0 };
	size_t *category = arena_array(a, n + 1, sizeof *category);
	size_t *cell = arena_array(a, n + 1, sizeof *cell);
	struct common *common = arena_array(a, n + 1, sizeof *common);

	for (size_t i = 0; i < n; i++) {
		bool new;
		uint64_t *slot = map_put(&known, r[i].value->text, &new);

		if (new)
			*slot = known.n - 1;
		category[i] = (size_t)*slot;
		common[category[i]].category = category[i];
		common[category[i]].count++;
	}
	qsort(common, known.n, sizeof *common, by_count);
	for (size_t i = 0; i < known.n; i++)
		cell[common[i].category] = i < COMMONEST ? i : COMMONEST;
	c->k = COMMONEST + 1;
	c->count = arena_array(a, (c->n + c->m) * c->k, sizeof *c->count);
	for (size_t i = 0; i < n; i++)
		c->count[r[i].block * c->k + cell[category[i]]]++;
	map_free(&known);
}

static void
count_words(struct block_cells *c, const struct placed *r, size_t n, struct arena *a)
{
	size_t *last = arena_array(a, WORD_SLOTS, sizeof *last);

	c->k = WORD_SLOTS;
	c->count = arena_array(a, (c->n + c->m) * c->k, sizeof *c->count);
	for (size_t i = 0; i < n; i++) {
		struct str rest = r[i].value->text, word;

		while (word_next(&rest, &word)) {
			size_t slot = hash64(word, 0) % WORD_SLOTS;

			/* Once in each record. */
			if (last[slot] == i + 1)
				continue;
			last[slot] = i + 1;
			c->count[r[i].block * c->k + slot]++;
		}
	}
}

static void
count_kinds(struct block_cells *c, const struct placed *r, size_t n, struct arena *a)
{
	c->k = VALUE_NUMBER;
	c->count = arena_array(a, (c->n + c->m) * c->k, sizeof *c->count);
	for (size_t i = 0; i < n; i++)
		if (r[i].value->kind < VALUE_NUMBER)
			c->count[r[i].block * c->k + r[i].value->kind]++;
}

static enum cells_kind
kind_of(const struct profile *r, const struct profile *c, size_t feature, bool missing)
{
	if (missing)
		return CELLS_MANY;
	switch (r->feature[feature].shape) {
	case SHAPE_NUMBER:
		return CELLS_ORDERED;
	case SHAPE_CATEGORY:
		return CELLS_NAMED;
	case SHAPE_TEXT:
		return r->texts && c->texts ? CELLS_MANY : CELLS_NONE;
	case SHAPE_VECTOR:
		break;
	}
	return CELLS_NONE;
}

struct block_cells
block_cells_of(const struct profile *r, const struct profile *c, size_t feature, bool missing,
         int64_t block_ms, struct arena *a)
{
	struct placed *placed = arena_array(a, r->nkept + c->nkept + 1, sizeof *placed);
	struct block_cells cells = { .kind = kind_of(r, c, feature, missing) };
	size_t n = place(r, feature, missing, block_ms, false, placed);

	n += place(c, feature, missing, block_ms, true, placed + n);
	qsort(placed, n, sizeof *placed, by_time);
	number_blocks(placed, n, &cells);
	cells.of = arena_array(a, cells.n + cells.m + 1, sizeof *cells.of);
	for (size_t i = 0; i < n; i++)
		cells.of[placed[i].block]++;
	if (n == 0 || cells.kind == CELLS_NONE)
		return cells;
	if (missing)
		count_kinds(&cells, placed, n, a);
	else if (cells.kind == CELLS_ORDERED)
		count_numbers(&cells, placed, n, a);
	else if (cells.kind == CELLS_NAMED)
		count_categories(&cells, placed, n, a);
	else
		count_words(&cells, placed, n, a);
	return cells;
}
