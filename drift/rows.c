/*
 * rows.c -- the kept records of two windows as points, and how far any two lie apart.
 */
#include "drift/kernel.h"

#include <math.h>
#include <stdlib.h>

/* ---- which records ------------------------------------------------------------------------ */

static bool
wanted(const struct profile *p, const struct kept *k, size_t feature, int64_t block_ms)
{
	return (block_ms == 0 || k->time_ms > 0) &&
	    (feature == p->nfeature || k->value[feature].kind == VALUE_VECTOR);
}

static size_t
choose(const struct profile *p, size_t feature, int64_t block_ms, const struct kept **out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nkept && n < PAIR_ROWS; i++)
		if (wanted(p, &p->kept[i], feature, block_ms))
			out[n++] = &p->kept[i];
	return n;
}

/* Blocks in the order in which they first come, numbered from `first` on; how many. */
static size_t
number_blocks(const struct kept *const *row, size_t n, int64_t block_ms, size_t first, size_t *unit,
              struct arena *a)
{
	int64_t *block = arena_array(a, n + 1, sizeof *block);
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t at = row[i]->time_ms / block_ms;
		size_t b = 0;

		while (b < known && block[b] != at)
			b++;
		if (b == known)
			block[known++] = at;
		unit[i] = first + b;
	}
	return known;
}

/* ---- distances ---------------------------------------------------------------------------- */

/* A row is `scores` numbers whose squared differences count, and `codes` that are equal or not. */
struct points {
	struct rows_pair *pair;
	size_t scores, codes;
	float    *score;
	uint32_t *code;
};

enum { LANES = 8 };

/* One of so many lanes after the other, so that no order of a sum is left to the compiler. */
ALL_PAIRS static float
square(const float *x, const float *y, size_t n)
{
	float sum[LANES] = { 0 }, all = 0;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (size_t l = 0; l < LANES; l++)
			sum[l] += (x[i + l] - y[i + l]) * (x[i + l] - y[i + l]);
	for (size_t l = 0; l < LANES; l++)
		all += sum[l];
	for (; i < n; i++)
		all += (x[i] - y[i]) * (x[i] - y[i]);
	return all;
}

ALL_PAIRS static void
distances_of(size_t i, struct arena *scratch, void *ctx)
{
	const struct points *p = ctx;
	size_t n = p->pair->n + p->pair->m;

	(void)scratch;
	for (size_t j = 0; j < i; j++) {
		float d = square(&p->score[i * p->scores], &p->score[j * p->scores], p->scores);

		for (size_t k = 0; k < p->codes; k++)
			d += p->code[i * p->codes + k] != p->code[j * p->codes + k] ? 2 : 0;
		p->pair->value[i * n + j] = p->pair->value[j * n + i] = fminf(d, 1e30f);
	}
}

/* ---- vectors ------------------------------------------------------------------------------ */

static void
put_vectors(struct points *p, const struct kept *const *row, size_t n, size_t feature)
{
	for (size_t i = 0; i < n; i++) {
		size_t length = vector_length(row[i]->value[feature].text);

		p->scores = length > p->scores ? length : p->scores;
	}
	p->score = mem_alloc(n * p->scores, sizeof *p->score);
	for (size_t i = 0; i < n; i++) {
		struct str v = row[i]->value[feature].text;

		for (size_t k = 0; k < vector_length(v); k++)
			p->score[i * p->scores + k] = (float)vector_at(v, k);
	}
}

/* ---- records ------------------------------------------------------------------------------ */

struct ranked { double x; size_t row; };

static int
by_number(const void *a, const void *b)
{
	const struct ranked *p = a, *q = b;

	return (p->x > q->x) - (p->x < q->x);
}

/* Normal scores of middle ranks; what is no number has the score of the median. */
static void
put_scores(struct points *p, const struct kept *const *row, size_t n, size_t feature, size_t at,
           struct arena *a)
{
	struct ranked *r = arena_array(a, n + 1, sizeof *r);
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (row[i]->value[feature].kind == VALUE_NUMBER)
			r[k++] = (struct ranked){ row[i]->value[feature].number, i };
	qsort(r, k, sizeof *r, by_number);
	for (size_t i = 0, end; i < k; i = end) {
		for (end = i + 1; end < k && !(r[end].x > r[i].x); end++)
			;
		for (size_t j = i; j < end; j++)
			p->score[r[j].row * p->scores + at] =
			    (float)normal_quantile(0.5 * (double)(i + end) / (double)k);
	}
}

/* The kind of a value, or a number for each category. */
static void
put_codes(struct points *p, const struct kept *const *row, size_t n, size_t feature, size_t at)
{
	struct map known = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct value *v = &row[i]->value[feature];
		uint32_t code = v->kind;

		if (v->kind == VALUE_TEXT) {
			bool new;
			uint64_t *slot = map_put(&known, v->text, &new);

			if (new)
				*slot = VALUE_VECTOR + known.n;
			code = (uint32_t)*slot;
		}
		p->code[i * p->codes + at] = code;
	}
	map_free(&known);
}

static void
put_records(struct points *p, const struct kept *const *row, size_t n, const struct profile *r,
            struct arena *a)
{
	size_t score = 0, code = 0;

	for (size_t i = 0; i < r->nfeature; i++) {
		p->codes += rows_joinable(r->watched[i].feature);
		p->scores += rows_joinable(r->watched[i].feature) && r->feature[i].shape == SHAPE_NUMBER;
	}
	p->score = mem_alloc(n * p->scores, sizeof *p->score);
	p->code = mem_alloc(n * p->codes, sizeof *p->code);
	for (size_t i = 0; i < r->nfeature; i++) {
		if (!rows_joinable(r->watched[i].feature))
			continue;
		if (r->feature[i].shape == SHAPE_NUMBER)
			put_scores(p, row, n, i, score++, a);
		put_codes(p, row, n, i, code++);
	}
}

/* ---- pairs -------------------------------------------------------------------------------- */

bool
rows_joinable(const struct feature *f)
{
	return (f->shape == SHAPE_NUMBER || f->shape == SHAPE_CATEGORY) && !feature_restless(f);
}

struct rows_pair
rows_pair(const struct profile *r, const struct profile *c, size_t feature, int64_t block_ms,
          struct arena *a)
{
	const struct kept **row = arena_array(a, 2 * PAIR_ROWS, sizeof *row);
	struct rows_pair pair = { 0 };
	struct points points = { .pair = &pair };
	size_t all;

	pair.n = choose(r, feature, block_ms, row);
	pair.m = choose(c, feature, block_ms, row + pair.n);
	all = pair.n + pair.m;
	pair.unit = arena_array(a, all + 1, sizeof *pair.unit);
	if (block_ms > 0) {
		pair.units_n = number_blocks(row, pair.n, block_ms, 0, pair.unit, a);
		pair.units_m = number_blocks(row + pair.n, pair.m, block_ms, pair.units_n,
		    pair.unit + pair.n, a);
	} else {
		pair.units_n = pair.n;
		pair.units_m = pair.m;
		for (size_t i = 0; i < all; i++)
			pair.unit[i] = i;
	}
	if (feature < r->nfeature)
		put_vectors(&points, row, all, feature);
	else
		put_records(&points, row, all, r, a);
	pair.value = mem_alloc(all * all, sizeof *pair.value);
	par_for(all, distances_of, &points);
	mem_free(points.score);
	mem_free(points.code);
	return pair;
}

void
rows_pair_free(struct rows_pair *p)
{
	mem_free(p->value);
	p->value = NULL;
}
