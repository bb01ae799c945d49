/*
 * simulate.h -- how often the gates err: what is drawn, who judges it, what is counted.
 *
 * A replication draws the pairs of one imaginary release from a design whose truth is known,
 * and every method gives its verdict on them.  All of it is a function of a stream, so that
 * threads and the order of work change nothing.
 */
#ifndef SIMULATE_H
#define SIMULATE_H

#include "harness/verdict.h"

/* ---- draw.c: the designs ---- */

/*
 * ITEMS: independent cases.  CLUSTERS: ten questions of a document, intraclass correlation 0.3.
 * STRATA: four slices that pass at different rates, the small ones oversampled, the loss all in
 * the first.  STRATA_CLUSTERS: the same in documents of ten.  REPEATS: three answers to a case,
 * the unit is their mean.  SLICES: three slices of n/3 cases with shares .5, .3 and .2.
 * UNEVEN: documents of one to nineteen questions, otherwise as CLUSTERS.
 */
enum design { ITEMS, CLUSTERS, UNEVEN, STRATA, STRATA_CLUSTERS, REPEATS, SLICES };

struct truth {
	enum design design;
	size_t      n;           /* cases */
	double      rate;        /* baseline's; ignored by the designs with strata and REPEATS */
	double      drop;        /* of the production-weighted mean, baseline less candidate */
	double      last_drop;   /* SLICES: of the third slice alone, beside `drop` in all */
};

/* Cases of a unit lie together, so do those of a stratum; units are in random order. */
struct pairs {
	struct sample s;                        /* its y is not used */
	double *cand, *base;
	double *each_cand, *each_base;          /* REPEATS: the single answers; else NULL */
};

struct pairs pairs_draw(const struct truth *, struct stream *, struct arena *);
/* As someone sees them who knows nothing of clusters, shares and repeats: single answers of
 * equal right in random order. */
struct pairs pairs_blind(const struct pairs *, struct stream *, struct arena *);

/* ---- process.c: looking after every round ---- */

/* The gates after the rounds that it took.  True: the release is decided, after `used` cases;
 * ruling[k] is set where decided[k]. */
bool process_run(const struct pairs *, const struct gate *, size_t ngate, struct ruling *,
                 bool *decided, long *used, struct arena *);

/* ---- judge.c: as the program judges ---- */

struct said { enum verdict verdict; long used; };
struct said judge_release(const struct pairs *, const struct gate *, size_t ngate,
                             bool sequential, struct arena *);

/* ---- naive.c: as others judge, for contrast; of one gate, no-worse ---- */

struct said naive_any_drop(const struct pairs *);
struct said naive_disjoint(const struct pairs *);        /* two 95 % Wilson intervals */
struct said naive_significant(const struct pairs *, const struct gate *);  /* PASS unless p < alpha */
struct said naive_peeking(const struct pairs *, const struct gate *);      /* alpha at each look */

/* ---- published.c: what an independent program found ---- */

enum method { FIXED, SEQUENTIAL, BLIND, BLIND_SEQUENTIAL, ANY_DROP, DISJOINT, SIGNIFICANT, PEEKING,
              NMETHOD };

/* Percent, and mean cases; -1 where nothing was published.  NULL: no such cell. */
struct published {
	enum method method;
	long        n;
	int         drop;        /* points */
	double      pass, fail, unsure, used;
	double      times;       /* replications behind it */
};
const struct published *published_find(enum method, size_t n, double drop);

#endif
