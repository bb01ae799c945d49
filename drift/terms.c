/*
 * terms.c -- the words that tell two windows apart.
 *
 * A slot's part in the difference of the windows' scores is its weight, which half of the texts
 * taught, times the difference of its shares in the other half.  The terms of the slots with the
 * largest parts are looked up in the texts, since several n-grams may share a slot.  Those come
 * first whose own shares differ most beside their chance error: a common word always differs by a
 * little.
 */
#include "drift/domain.h"

#include <math.h>
#include <stdlib.h>

enum { SLOTS_LOOKED_UP = 2048 };
#define ERRORS_LEAST 3.0         /* standard errors that a term differs by */

/* ---- slots --------------------------------------------------------------------------------- */

struct part { uint32_t slot; double by; };

static int
by_part(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return x->by != y->by ? (x->by < y->by ? 1 : -1) : (x->slot > y->slot) - (x->slot < y->slot);
}

/* wanted[slot]: it is among those with the largest parts, all of them above 0. */
static bool *
wanted_slots(const struct domain *d, struct arena *a)
{
	double *gap = arena_array(a, BAG_SLOTS, sizeof *gap), sum[2] = { 0 };
	struct part *part = arena_array(a, BAG_SLOTS, sizeof *part);
	bool *wanted = arena_array(a, BAG_SLOTS, sizeof *wanted);
	size_t n = 0;

	for (size_t i = 0; i < d->nunit; i++)
		if (d->unit[i].held)
			sum[d->unit[i].current] += d->unit[i].weight;
	for (size_t i = 0; i < d->nunit; i++) {
		const struct unit *u = &d->unit[i];
		const struct bag *b = &d->bag[u->text];

		for (size_t k = 0; u->held && k < b->n; k++)
			gap[bag_slot(b->hit[k])] += (u->current ? 1 : -1) * u->weight / sum[u->current];
	}
	for (uint32_t s = 0; s < BAG_SLOTS; s++)
		if ((double)d->weight[s] * gap[s] > 0)
			part[n++] = (struct part){ s, (double)d->weight[s] * gap[s] };
	qsort(part, n, sizeof *part, by_part);
	for (size_t i = 0; i < n && i < SLOTS_LOOKED_UP; i++)
		wanted[part[i].slot] = true;
	return wanted;
}

/* ---- terms --------------------------------------------------------------------------------- */

/* An n-gram, and how many texts of each window hold it. */
struct found { struct str text; size_t last, in[2]; float weight; double by; };

struct search {
	const struct domain *d;
	struct arena *arena;
	const bool   *wanted;
	enum gram_kind kind;
	struct map    place;         /* of each n-gram in `found` */
	struct found *found;
	size_t        n, room, text; /* text: the one that is read, from 1 */
};

static void
look(void *ctx, enum gram_kind kind, struct str gram)
{
	struct search *s = ctx;
	uint32_t slot;
	struct found *f;
	uint64_t *at;
	bool is_new;

	if (kind != s->kind || !s->wanted[slot = bag_slot_of(kind, gram)])
		return;
	at = map_put(&s->place, gram, &is_new);
	if (is_new) {
		s->found = mem_grow(s->found, &s->room, s->n + 1, sizeof *s->found);
		s->found[s->n] = (struct found){ .text = str_dup(gram, s->arena),
		    .weight = s->d->weight[slot] };
		*at = s->n++;
	}
	f = &s->found[*at];
	if (f->last == s->text)
		return;
	f->last = s->text;
	f->in[s->d->current[s->text - 1]]++;
}

static int
by_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->by != y->by ? (x->by < y->by ? 1 : -1) : str_cmp(x->text, y->text);
}

static double
share(const struct domain *d, const struct found *f, int window)
{
	return (double)f->in[window] / (double)d->of[window];
}

/* How far the shares differ in the direction of the weight, in standard errors; 0: in the other. */
static double
distance(const struct domain *d, const struct found *f)
{
	double n = (double)d->of[0], m = (double)d->of[1];
	double rate = (double)(f->in[0] + f->in[1]) / (n + m);
	double gap = (share(d, f, 1) - share(d, f, 0)) * (f->weight > 0 ? 1 : -1);

	return gap > 0 ? gap / sqrt(fmax(rate * (1 - rate), 1e-12) * (1 / n + 1 / m)) : 0;
}

/* One is a part of the other: they are the same news. */
static bool
overlaps(struct str a, struct str b)
{
	return str_find(a, b, 0) >= 0 || str_find(b, a, 0) >= 0;
}

/* Those of one direction, the surest first, into `out`. */
static size_t
choose(const struct search *s, bool more, struct term *out, struct arena *a)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n && n < TERMS && s->found[i].by >= ERRORS_LEAST; i++) {
		const struct found *f = &s->found[i];
		bool said = (f->weight > 0) != more;

		for (size_t k = 0; k < n && !said; k++)
			said = overlaps(out[k].text, f->text);
		if (!said)
			out[n++] = (struct term){ str_dup(f->text, a), share(s->d, f, 0),
			    share(s->d, f, 1) };
	}
	return n;
}

static size_t
terms_of(const struct domain *d, const bool *wanted, enum gram_kind kind, struct term *out,
         struct arena *a)
{
	struct arena scratch = { 0 };
	struct search s = { .d = d, .arena = &scratch, .wanted = wanted, .kind = kind };
	size_t n;

	for (size_t i = 0; i < d->n; i++) {
		s.text = i + 1;
		d->source->each(d->text[i], look, &s);
	}
	for (size_t i = 0; i < s.n; i++)
		s.found[i].by = distance(d, &s.found[i]);
	if (s.n > 0)
		qsort(s.found, s.n, sizeof *s.found, by_found);
	n = choose(&s, true, out, a);
	n += choose(&s, false, out + n, a);
	map_free(&s.place);
	mem_free(s.found);
	arena_free(&scratch);
	return n;
}

size_t
domain_terms(const struct domain *d, const struct term **terms, struct arena *a)
{
	struct term *out = arena_array(a, 2 * TERMS, sizeof *out);
	struct arena scratch = { 0 };
	bool *wanted = wanted_slots(d, &scratch);
	size_t n = 0;

	for (enum gram_kind kind = GRAM_WORDS; kind < GRAM_KINDS && n == 0; kind++)
		n = terms_of(d, wanted, kind, out, a);
	arena_free(&scratch);
	*terms = out;
	return n;
}
