/*
 * profile.h -- what the files of the profile share.
 *
 * Private to drift/profile*.c, grams.c, vector.c and their tests.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include "drift/drift.h"

#include <float.h>

/* A category's text is cut to so many bytes; its hash is that of all of it. */
enum { CATEGORY_BYTES = 512 };
/* What a square that no double holds counts as. */
#define SQUARE_MAX DBL_MAX
#define PROFILE_TIME_MAX (1L << 53)
/* The versions of files: the lowest that has what is in the profile, since other driftleads read it,
 * too.  With vectors the file says whether its sample has texts. */
enum { PROFILE_TEXTLESS = 1, PROFILE_TEXTS = 2, PROFILE_VECTORS = PROFILE_VERSION };
long     profile_version(const struct profile *);

/* A copy that str_disown frees; no bytes, no memory. */
struct str str_own(struct str);
void       str_disown(struct str);

uint64_t category_hash(struct str text, uint64_t seed);
/* Whether record i of the sample comes before k (< 0), is alike (0) or comes after. */
int      kept_order(const struct profile *, size_t i, size_t k);

/* grams.c: the n-grams of one record's text; NULL instead of counts until one has any. */
void     grams_add(struct feature_profile *, struct str text, uint64_t seed);
void     grams_merge(struct feature_profile *into, const struct feature_profile *from);

/* vector.c: the random Fourier sums; NULL until there is a vector. */
void     fourier_add(struct feature_profile *, struct str vector, uint64_t seed);
void     fourier_merge(struct feature_profile *into, const struct feature_profile *from);
/* What one vector adds to a sum is a whole number of at most this size. */
enum { FOURIER_UNIT = 1 << 14 };

#endif
