/*
 * units.h -- the independent units of a run: score.c's and gate.c's view of units.c.
 */
#ifndef UNITS_H
#define UNITS_H

#include "harness/harness.h"
#include "metrics/stats/stats.h"

/*
 * One case of one run under one metric, its repeats averaged.  An answer that the service
 * failed to give counts 0 under a rate (intention to treat) and is left out of `measured`;
 * what the scorer could not score on an answer is missing in both.
 */
struct unit {
	long   test_case;
	struct str case_id, hash;         /* until the next unit_next */
	int    slice;
	struct str cluster;               /* empty: its own */
	double weight;
	bool   known, measured_known;
	double value, measured;           /* means over the repeats */
	int    nrep, nservice, nunscored;
};

struct unit_reader {
	struct query *q;
	bool          rate;               /* BINARY or UNIT: what was not answered counts 0 */
	bool          pending;
	struct buf    id, hash, cluster;  /* copies: the query moves on to find the last repeat */
};

/* STORED: in the store's order, the quickest.  BY_ID: in the order of case id.  AGAINST: as STORED,
 * but an answer that never came, cannot be used or is empty counts 1 under a rate: what is bad
 * for an at-most gate. */
enum unit_view { UNITS_STORED, UNITS_BY_ID, UNITS_AGAINST };
struct unit_reader unit_open(struct store *, long run, int metric, enum scale, enum unit_view);
bool unit_next(struct unit_reader *, struct unit *);   /* false at the end, and frees */
/* One case, whose names are left empty; false: it has no score. */
bool unit_find(struct store *, long run, int metric, enum scale, enum unit_view, long test_case,
               struct unit *);

/* Two runs' units joined by case id, in its order. */
enum pairing { PAIR_BOTH, PAIR_EDITED /* same id, other bytes */, PAIR_ONLY_CANDIDATE, PAIR_ONLY_BASE };
struct pair_reader { struct unit_reader rc, rb; struct unit c, b; bool hc, hb; };

/* `metric` counts in the candidate's run; in the base it is found by name. */
struct pair_reader pair_open(struct store *, long run, long base, int metric, const char *name,
                             enum scale);
/* False at the end, and frees.  The unit that a row lacks is zeroed. */
bool pair_next(struct pair_reader *, struct unit *candidate, struct unit *base, enum pairing *);

/* The growing columns of a struct sample.  Weights, strata and clusters take no room until a case
 * has one: a million plain cases are a million doubles. */
struct columns {
	double *y, *y2, *weight;          /* y2: the baseline's, of pairs */
	int    *stratum;
	long   *cluster;
	size_t  n, cap, cap_y2, cap_weight, cap_stratum, cap_cluster;
	struct map clusters;              /* of those that have a name */
	long    ncluster;
};

void columns_add(struct columns *, const struct unit *, double y);
void columns_add_pair(struct columns *, const struct unit *, double candidate, double base);
void columns_free(struct columns *);
/* What statistics see of the columns under a metric: `y` is the candidate's; the whole suite is
 * weighted to its shares, a slice is not. */
struct sample columns_sample(const struct columns *, const struct suite *, int metric, bool whole,
                             struct arena *);

#endif
