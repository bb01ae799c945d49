/*
 * domain.h -- the texts or records of two windows, and a classifier that tells from which one each
 * is.
 *
 * Private to drift/bag.c, duplicates.c, row_terms.c, domain.c, terms.c, det_classifier.c and their
 * tests.
 *
 * What comes from one template, one retry or one batch is no independent witness.  So
 * near-duplicates form groups: a group counts once and lies wholly in one half, that of training or
 * the one held out.
 */
#ifndef DOMAIN_H
#define DOMAIN_H

#include "drift/drift.h"
#include "drift/grams.h"

/* ---- bag.c: a text as counts of n-grams ---------------------------------------------------- */

enum { BAG_SLOT_BITS = 18, BAG_SLOTS = 1 << BAG_SLOT_BITS, BAG_TIMES_MAX = (1 << 14) - 1 };

/* Slots that n-grams of the text fall into, each once, with how often: slot << 14 | times. */
struct bag { uint32_t *hit; size_t n; double norm; };   /* norm: of all bag_value */

static inline uint32_t bag_slot(uint32_t hit) { return hit >> 14; }
static inline uint32_t bag_times(uint32_t hit) { return hit & BAG_TIMES_MAX; }

uint32_t   bag_slot_of(enum gram_kind, struct str gram);
/* bag_free frees it; the same bytes on any thread. */
struct bag bag_of(struct str text, const struct gram_source *, struct arena *scratch);
void       bag_free(struct bag *);

/* ---- row_terms.c: the numbers and categories of a record as n-grams ------------------------ */

struct domain;
/*
 * The kept records of both windows into text, key, current, n and of; of each window at most
 * KEPT_TEXTS_MAX.  A row's text has for each joinable feature `NAME=VALUE`, `NAME in [LOW, HIGH)`
 * by at most ten bins of equal share of both windows together, or the kind of no value; each is a
 * term, and with twelve features or fewer so are every two, by at most five bins.
 */
void rows_take(struct domain *, const struct profile *reference, const struct profile *current,
               struct arena *);
extern const struct gram_source rows_source;

/* ---- duplicates.c -------------------------------------------------------------------------- */

#define DUPLICATES_ALIKE 0.8     /* Jaccard similarity of the n-grams of near-duplicates */
/*
 * The group of each text into group[i], and how many there are.  Texts come in the order given: one
 * that is like the first of a group joins it, else it begins the next.  Likeness is estimated from
 * 128 MinHashes, and looked for among texts that share a band of them: now and then a pair at the
 * limit is missed.
 */
size_t duplicates_group(const struct bag *, const size_t *order, size_t n, size_t *group,
                        struct arena *scratch);

/* ---- domain.c ------------------------------------------------------------------------------ */

/* What one window has of a group: its text is that of one of its members. */
struct unit {
	size_t text;             /* of the domain's */
	size_t group;
	bool   current, held;    /* held out of training */
	double weight;           /* the share of the group's texts that it stands for */
	double score;            /* held: the higher, the more like the current window */
};

struct domain {
	struct str *text;        /* of the sample, those of the reference first: the profiles' own, or
	                          * the terms of rows */
	bool       *current;
	size_t      n, of[2];    /* texts; of the reference, of the current window */
	struct str *key;         /* those with equal ones are the same: the text, or the values of a row */
	const struct gram_source *source;
	struct arena rows;       /* what rows are made of */
	struct bag *bag;
	struct unit *unit;       /* by group, the reference's first */
	size_t      nunit, ngroup;
	float      *weight;      /* of the classifier, by slot, but for a factor above 0 */
};

/*
 * Groups the texts that both samples keep of a feature, or with feature == nfeature the rows, trains
 * on half of the groups and scores the other half.  Nothing but the training looks at the window that a text is from.  The same for a
 * seed on any number of threads; domain_free frees it.
 */
void domain_begin(struct domain *, const struct profile *reference, const struct profile *current,
                  size_t feature, uint64_t seed);
void domain_free(struct domain *);

/* ---- terms.c ------------------------------------------------------------------------------- */

enum { TERMS = 5 };              /* of either direction at most */
/*
 * What tells the windows apart: of texts words and pairs, where there are none n-grams of characters;
 * of rows terms, where there are none pairs of them.  First those that the current window has more
 * of.  Only what adds to the difference of the windows'
 * scores in the half that was held out, too, and differs by three standard errors; the surest
 * first.  The arena owns the result.
 */
size_t domain_terms(const struct domain *, const struct term **, struct arena *);

#endif
