/*
 * grams.h -- the n-grams of a text: words alone and in pairs, and three to five characters.
 *
 * The text is taken as the feature gives it, without white space at its ends: whether case counts
 * is the feature's matter.  A word is what stands between white space of ASCII; a pair reaches from
 * the beginning of one to the end of the next.  A character is a code point; a byte that is none
 * begins one.
 */
#ifndef GRAMS_H
#define GRAMS_H

#include "drift/drift.h"

/* Of rows (row_terms.c) what a feature has, and what two have, are their n-grams. */
enum gram_kind { GRAM_WORDS = 1, GRAM_CHARACTERS, GRAM_TERMS, GRAM_PAIRS, GRAM_KINDS };
/* Calls `each` with every n-gram, as often as it stands in the text: words first. */
void grams_each(struct str text, void (*each)(void *ctx, enum gram_kind, struct str gram),
                void *ctx);
/* No text has more n-grams than this. */
size_t grams_most(struct str text);
/* Where n-grams come from: those of a text, and a bound of how many they are.  A gram lasts until
 * `each` returns. */
struct gram_source {
	void   (*each)(struct str text, void (*each)(void *ctx, enum gram_kind, struct str gram),
	               void *ctx);
	size_t (*most)(struct str text);
};
extern const struct gram_source texts_source;
/* The hash of an n-gram: a word is not the same as its characters. */
uint64_t gram_hash(enum gram_kind, struct str gram, uint64_t seed);

#endif
