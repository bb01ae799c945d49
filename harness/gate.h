/*
 * gate.h -- what the files of the gates share: gate.c decides the release, gate_single.c and
 * gate_pairs.c judge one gate, gate_slices.c the slices under it.
 */
#ifndef GATE_H
#define GATE_H

#include "harness/verdict.h"

/* driftlead-gates(7) gives the reasons. */
enum { CLUSTERS_LEAST = 10 };
#define MOVED_MOST 0.05

struct gating {
	struct store       *store;
	const struct suite *suite;
	struct pair_of_runs runs;
	struct judged      *judged;
	struct arena       *a;
};

void decide(struct judged *, enum verdict, const char *reason, const char *text);
void decide_by(struct judged *, struct ruling);  /* with the sentence of the reason */

/*
 * Each reads the units of a gate and fills all that can be said of it, p_fail included.  What
 * forbids a verdict is decided at once; else `reason` stays NULL until the p-values of all gates
 * are adjusted and _settle decides.
 */
void single_judge(struct gating *, struct judged *);
void single_settle(struct judged *);
void pairs_judge(struct gating *, struct judged *);
void pairs_settle(struct judged *);

/* The pairs of a whole-suite gate, slice by slice: BH over those without a gate of their own. */
void slices_judge(struct gating *, struct judged *, const struct columns *);

#endif
