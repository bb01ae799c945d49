/*
 * mix.h -- how much of a change between two runs is traffic, and how much is the model.
 */
#ifndef MIX_H
#define MIX_H

#include "harness/harness.h"

/* The slices of two runs by name, and the shares by which either run is weighted: those that its
 * suite declares, else those of its cases; for the candidate those of traffic, if it is given. */
struct mix {
	struct suite *suite[2];          /* 0: the baseline's, 1: the candidate's */
	long          run[2];
	size_t        n;
	const char  **name;
	int          *index[2];          /* from a suite's slice to ours */
	double       *share[2];
	long          counted[2];        /* records that shares were counted from; 0: declared */
	struct map    by_name;
	const char   *traffic;           /* NULL: none */
	long          records, unsliced; /* of traffic; those without a slice */
	double        unseen;            /* share of traffic in slices that neither suite has */
};

/* Reads the traffic, if `traffic` (a pattern of logs) is not NULL: `field` names the slice of a
 * record, NULL: as the candidate's cases do.  -1: a suite without slices, logs that cannot be read, no record with a slice. */
int  mix_begin(struct mix *, struct session *, long run, long base, const char *traffic,
               const char *field, struct err *);
void mix_free(struct mix *);
/* What the change of a rate is made of, by its number in the candidate's suite: lines for people, or
 * the object `mix` of driftlead-json(5). */
void mix_metric(struct mix *, struct session *, int metric, bool json);

#endif
