/*
 * bag.c -- a text as counts of n-grams in slots.
 */
#include "drift/domain.h"

#include <math.h>

/* Slots by open addressing, until all n-grams have been seen. */
struct filling { uint32_t *slot, *times; size_t room; };

uint32_t
bag_slot_of(enum gram_kind kind, struct str gram)
{
	return (uint32_t)(gram_hash(kind, gram, 0) >> (64 - BAG_SLOT_BITS));
}

static void
add(void *ctx, enum gram_kind kind, struct str gram)
{
	struct filling *f = ctx;
	uint32_t slot = bag_slot_of(kind, gram);
	size_t at = slot & (f->room - 1);

	while (f->times[at] > 0 && f->slot[at] != slot)
		at = (at + 1) & (f->room - 1);
	f->slot[at] = slot;
	if (f->times[at] < BAG_TIMES_MAX)
		f->times[at]++;
}

struct bag
bag_of(struct str text, const struct gram_source *source, struct arena *scratch)
{
	struct filling f = { .room = 64 };
	struct bag b = { 0 };
	double square = 0;
	size_t n = 0;

	while (f.room < 2 * source->most(text) && f.room < 2 * (size_t)BAG_SLOTS)
		f.room *= 2;
	f.slot = arena_array(scratch, f.room, sizeof *f.slot);
	f.times = arena_array(scratch, f.room, sizeof *f.times);
	source->each(text, add, &f);
	for (size_t i = 0; i < f.room; i++)
		n += f.times[i] > 0;
	b.hit = mem_alloc(n, sizeof *b.hit);
	for (size_t i = 0; i < f.room; i++) {
		double v = 1;

		if (f.times[i] == 0)
			continue;
		if (f.times[i] > 1)
			v += log(f.times[i]);
		b.hit[b.n++] = f.slot[i] << 14 | f.times[i];
		square += v * v;
	}
	b.norm = sqrt(square);
	return b;
}

void
bag_free(struct bag *b)
{
	mem_free(b->hit);
	*b = (struct bag){ 0 };
}
