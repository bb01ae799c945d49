/*
 * domain.h -- the texts of two windows, and a classifier that tells from which one a text is.
 *
 * Private to drift/bag.c, duplicates.c, domain.c, terms.c, det_classifier.c and their test.
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
struct bag bag_of(struct str text, struct arena *scratch);
void       bag_free(struct bag *);

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
	struct str *text;        /* of the sample, those of the reference first; the profiles' own */
	bool       *current;
	size_t      n, of[2];    /* texts; of the reference, of the current window */
	struct bag *bag;
	struct unit *unit;       /* by group, the reference's first */
	size_t      nunit, ngroup;
	float      *weight;      /* of the classifier, by slot, but for a factor above 0 */
};

/*
 * Groups the texts that both samples keep of a feature, trains on half of the groups and scores the
 * other half.  Nothing but the training looks at the window that a text is from.  The same for a
 * seed on any number of threads; domain_free frees it.
 */
void domain_begin(struct domain *, const struct profile *reference, const struct profile *current,
                  size_t feature, uint64_t seed);
void domain_free(struct domain *);

/* ---- terms.c ------------------------------------------------------------------------------- */

enum { TERMS = 5 };              /* of either direction at most */
/*
 * What tells the windows apart: words and pairs, where there are none n-grams of characters, first
 * those that the current window has more of.  Only what adds to the difference of the windows'
 * scores in the half that was held out, too, and differs by three standard errors; the surest
 * first.  The arena owns the result.
 */
size_t domain_terms(const struct domain *, const struct term **, struct arena *);

#endif
