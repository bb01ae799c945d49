/*
 * grams.c -- the n-grams of a text: words alone and in pairs, and three to five characters.
 *
 * The text is taken as the feature gives it, without white space at its ends: whether case counts
 * is the feature's matter.  A word is what stands between white space of ASCII; a pair reaches from
 * the beginning of one to the end of the next.  A character is a code point; a byte that is none
 * begins one.  Each n-gram falls into one of GRAM_SLOTS by its hash, and a slot is counted once per
 * record, however often it is hit: texts, not words, are drawn at random.
 */
#include "drift/profile.h"

/* Slots that this record has hit. */
struct seen { uint64_t bit[GRAM_SLOTS / 64]; };

static void
hit(struct feature_profile *f, struct seen *s, struct str gram, uint64_t seed)
{
	uint64_t slot = hash64(gram, seed) % GRAM_SLOTS, bit = UINT64_C(1) << slot % 64;

	if (s->bit[slot / 64] & bit)
		return;
	s->bit[slot / 64] |= bit;
	if (f->gram[slot] < UINT32_MAX)
		f->gram[slot]++;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Words and pairs have a seed of their own, so that a word is not the same as its characters. */
static void
add_words(struct feature_profile *f, struct seen *s, struct str text, uint64_t seed)
{
	size_t before = SIZE_MAX, from = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && !is_space(text.p[i]))
			continue;
		if (i > from) {
			hit(f, s, str_sub(text, from, i - from), seed ^ 1);
			if (before != SIZE_MAX)
				hit(f, s, str_sub(text, before, i - before), seed ^ 1);
			before = from;
		}
		from = i + 1;
	}
}

static void
add_characters(struct feature_profile *f, struct seen *s, struct str text, uint64_t seed)
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

			hit(f, s, (struct str){ text.p + from, i - from }, seed ^ 2);
		}
	}
}

void
grams_add(struct feature_profile *f, struct str text, uint64_t seed)
{
	struct seen s = { 0 };

	text = str_trim(text);
	if (text.n == 0)
		return;
	if (f->gram == NULL)
		f->gram = mem_alloc(GRAM_SLOTS, sizeof *f->gram);
	add_words(f, &s, text, seed);
	add_characters(f, &s, text, seed);
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
