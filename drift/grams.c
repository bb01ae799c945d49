/*
 * grams.c -- the n-grams of texts, and in how many texts of a window they are.
 *
 * Each n-gram falls into one of GRAM_SLOTS by its hash, and a slot is counted once per record,
 * however often it is hit: texts, not words, are drawn at random.
 */
#include "drift/grams.h"

#include "drift/profile.h"

/* ---- of one text -------------------------------------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
each_word(struct str text, void (*each)(void *, enum gram_kind, struct str), void *ctx)
{
	size_t before = SIZE_MAX, from = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && !is_space(text.p[i]))
			continue;
		if (i > from) {
			each(ctx, GRAM_WORDS, str_sub(text, from, i - from));
			if (before != SIZE_MAX)
				each(ctx, GRAM_WORDS, str_sub(text, before, i - before));
			before = from;
		}
		from = i + 1;
	}
}

static void
each_character(struct str text, void (*each)(void *, enum gram_kind, struct str), void *ctx)
{
	size_t start[6] = { 0 };                /* of the last five characters and of what follows */
	size_t n = 0;

	for (size_t i = 1; i <= text.n; i++) {
		if (i < text.n && ((unsigned char)text.p[i] & 0xc0) == 0x80)
			continue;
		n++;
		start[n % 6] = i;
		for (size_t k = 3; k <= 5 && k <= n; k++) {
			size_t from = start[(n - k) % 6];

			each(ctx, GRAM_CHARACTERS, (struct str){ text.p + from, i - from });
		}
	}
}

void
grams_each(struct str text, void (*each)(void *, enum gram_kind, struct str), void *ctx)
{
	text = str_trim(text);
	each_word(text, each, ctx);
	each_character(text, each, ctx);
}

size_t
grams_most(struct str text)
{
	return 4 * text.n + 2;
}

const struct gram_source texts_source = { grams_each, grams_most };

uint64_t
gram_hash(enum gram_kind kind, struct str gram, uint64_t seed)
{
	return hash64(gram, seed ^ kind);
}

/* ---- of the texts of a window -------------------------------------------------------------- */

/* A record, and the slots that it has hit. */
struct hits { struct feature_profile *f; uint64_t seed, bit[GRAM_SLOTS / 64]; };

static void
hit(void *ctx, enum gram_kind kind, struct str gram)
{
	struct hits *h = ctx;
	uint64_t slot = gram_hash(kind, gram, h->seed) % GRAM_SLOTS, bit = UINT64_C(1) << slot % 64;

	if (h->bit[slot / 64] & bit)
		return;
	h->bit[slot / 64] |= bit;
	if (h->f->gram[slot] < UINT32_MAX)
		h->f->gram[slot]++;
}

void
grams_add(struct feature_profile *f, struct str text, uint64_t seed)
{
	struct hits h = { .f = f, .seed = seed };

	if (str_trim(text).n == 0)
		return;
	if (f->gram == NULL)
		f->gram = mem_alloc(GRAM_SLOTS, sizeof *f->gram);
	grams_each(text, hit, &h);
}

/* Adding up to a ceiling knows no order: the sum is the lower of the true one and the ceiling. */
void
grams_merge(struct feature_profile *into, const struct feature_profile *from)
{
	if (from->gram == NULL)
		return;
	if (into->gram == NULL)
		into->gram = mem_alloc(GRAM_SLOTS, sizeof *into->gram);
	for (size_t i = 0; i < GRAM_SLOTS; i++)
		if (__builtin_add_overflow(into->gram[i], from->gram[i], &into->gram[i]))
			into->gram[i] = UINT32_MAX;
}
