/*
 * domain.c -- a classifier of the windows that texts or rows are from.
 *
 * Logistic regression on bags of n-grams, each n-gram as 1 + log of its count and each text or row
 * at length 1, with a quadratic penalty; by stochastic gradient descent, in an order that the seed
 * gives.  Both windows weigh the same in training, whatever their sizes.
 */
#include "drift/domain.h"

#include <math.h>
#include <stdlib.h>

enum { EPOCHS = 10 };
#define PENALTY 0.5              /* times |weights|^2 / 2, beside the sum of the losses */
#define STEP    2.0              /* of the first update */

/* ---- texts, groups and units --------------------------------------------------------------- */

static void
take_texts(struct domain *d, const struct profile *p, size_t feature, bool current)
{
	for (size_t i = 0; i < p->nkept; i++) {
		const struct value *v = &p->kept[i].value[feature];

		if (v->kind != VALUE_TEXT)
			continue;
		d->text[d->n] = v->text;
		d->current[d->n++] = current;
		d->of[current]++;
	}
}

static void
bag_one(size_t i, struct arena *scratch, void *ctx)
{
	struct domain *d = ctx;

	d->bag[i] = bag_of(d->text[i], d->source, scratch);
}

/* In an order that depends on the texts or rows and the seed alone; the same ones together. */
struct placed { uint64_t hash; struct str key; size_t at; };

static int
by_hash(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : str_cmp(x->key, y->key);
}

static size_t *
ordered(const struct domain *d, uint64_t seed, struct arena *a)
{
	struct placed *p = arena_array(a, d->n + 1, sizeof *p);
	size_t *order = arena_array(a, d->n + 1, sizeof *order);

	for (size_t i = 0; i < d->n; i++)
		p[i] = (struct placed){ hash64(d->key[i], seed), d->key[i], i };
	qsort(p, d->n, sizeof *p, by_hash);
	for (size_t i = 0; i < d->n; i++)
		order[i] = p[i].at;
	return order;
}

/* Groups come in the order of their first texts, which is random: every other one is held out. */
static void
make_units(struct domain *d, const size_t *order, const size_t *group, struct arena *a)
{
	struct { size_t first, n; } *part = arena_array(a, 2 * d->ngroup + 1, sizeof *part);

	for (size_t i = 0; i < d->n; i++) {
		size_t at = 2 * group[order[i]] + d->current[order[i]];

		if (part[at].n++ == 0)
			part[at].first = order[i];
	}
	d->unit = mem_alloc(2 * d->ngroup, sizeof *d->unit);
	for (size_t k = 0; k < 2 * d->ngroup; k++) {
		size_t of_group = part[k].n + part[k ^ 1].n;

		if (part[k].n > 0)
			d->unit[d->nunit++] = (struct unit){ .text = part[k].first, .group = k / 2,
			    .current = k & 1, .held = k / 2 & 1,
			    .weight = (double)part[k].n / (double)of_group };
	}
}

/* The same rows, which come one after the other; as duplicates_group. */
static size_t
same_group(const struct domain *d, const size_t *order, size_t *group)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		n += i == 0 || !str_eq(d->key[order[i]], d->key[order[i - 1]]);
		group[order[i]] = n - 1;
	}
	return n;
}

/* ---- training ------------------------------------------------------------------------------ */

/* The weights are `scale` times what is stored: the penalty shrinks all of them at each step. */
struct training { float *weight; double scale, bias; float damped[BAG_TIMES_MAX + 1]; };

static double
score(const struct training *t, const struct bag *b)
{
	double sum = 0;

	if (b->n == 0)
		return t->bias;
	for (size_t k = 0; k < b->n; k++)
		sum += (double)(t->weight[bag_slot(b->hit[k])] * t->damped[bag_times(b->hit[k])]);
	return t->bias + t->scale * sum / b->norm;
}

static void
learn(struct training *t, const struct bag *b, bool current, double weight, double step,
      double penalty)
{
	double wrong = (current ? 1 : 0) - 1 / (1 + exp(-score(t, b)));
	float by;

	t->scale *= 1 - step * penalty;
	t->bias += step * weight * wrong;
	if (b->n == 0)
		return;
	by = (float)(step * weight * wrong / (b->norm * t->scale));
	for (size_t k = 0; k < b->n; k++)
		t->weight[bag_slot(b->hit[k])] += by * t->damped[bag_times(b->hit[k])];
}

static void
shuffle(size_t *x, size_t n, struct stream *s)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = (size_t)(stream_unit(s) * (double)i), swap = x[i - 1];

		x[i - 1] = x[k];
		x[k] = swap;
	}
}

static void
train(struct domain *d, struct training *t, uint64_t seed, struct arena *a)
{
	size_t *turn = arena_array(a, d->nunit + 1, sizeof *turn), n = 0;
	struct stream s = { rng_key(seed, "domain"), 0 };
	double sum[2] = { 0 }, penalty, updates = 0;

	for (size_t i = 0; i < d->nunit; i++)
		if (!d->unit[i].held) {
			turn[n++] = i;
			sum[d->unit[i].current] += d->unit[i].weight;
		}
	/* With less the first step would shrink the weights to nothing. */
	if (!(sum[0] > 1) || !(sum[1] > 1))
		return;
	penalty = PENALTY / (sum[0] + sum[1]);
	for (int e = 0; e < EPOCHS; e++) {
		shuffle(turn, n, &s);
		for (size_t i = 0; i < n; i++) {
			const struct unit *u = &d->unit[turn[i]];
			double even = u->weight * (sum[0] + sum[1]) / (2 * sum[u->current]);

			learn(t, &d->bag[u->text], u->current, even, STEP / (1 + STEP * penalty * updates),
			    penalty);
			updates++;
		}
	}
}

void
domain_begin(struct domain *d, const struct profile *r, const struct profile *c, size_t feature,
             uint64_t seed)
{
	size_t most = r->nkept + c->nkept, *group, *order;
	struct training t = { .scale = 1, .damped = { 0 } };
	struct arena a = { 0 };

	*d = (struct domain){ .text = mem_alloc(most, sizeof *d->text),
	    .current = mem_alloc(most, sizeof *d->current),
	    .weight = mem_alloc(BAG_SLOTS, sizeof *d->weight) };
	if (feature < r->nfeature) {
		d->source = &texts_source;
		d->key = d->text;
		take_texts(d, r, feature, false);
		take_texts(d, c, feature, true);
	} else {
		d->source = &rows_source;
		d->key = arena_array(&d->rows, most + 1, sizeof *d->key);
		rows_take(d, r, c, &d->rows);
	}
	d->bag = mem_alloc(d->n, sizeof *d->bag);
	par_for(d->n, bag_one, d);
	order = ordered(d, rng_key(seed, "half"), &a);
	group = arena_array(&a, d->n + 1, sizeof *group);
	d->ngroup = feature < r->nfeature ? duplicates_group(d->bag, order, d->n, group, &a) :
	    same_group(d, order, group);
	make_units(d, order, group, &a);
	t.weight = d->weight;
	for (int i = 1; i <= BAG_TIMES_MAX; i++)
		t.damped[i] = (float)(1 + log(i));
	train(d, &t, seed, &a);
	for (size_t i = 0; i < d->nunit; i++)
		if (d->unit[i].held)
			d->unit[i].score = score(&t, &d->bag[d->unit[i].text]);
	arena_free(&a);
}

void
domain_free(struct domain *d)
{
	for (size_t i = 0; i < d->n; i++)
		bag_free(&d->bag[i]);
	mem_free(d->bag);
	mem_free(d->text);
	mem_free(d->current);
	mem_free(d->unit);
	mem_free(d->weight);
	arena_free(&d->rows);
	*d = (struct domain){ 0 };
}
