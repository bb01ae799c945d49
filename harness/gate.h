/*
 * gate.h -- what the files of the gates share: gate.c decides the release, gate_single.c and
 * gate_pairs.c judge one gate, gate_slices.c the slices under it.
 */
#ifndef GATE_H
#define GATE_H

#include "harness/verdict.h"

enum { REPLICATES = 10000 };                     /* of every bootstrap under a gate */

/* driftlead-gates(7) gives the reasons. */
enum { CLUSTERS_LEAST = 10 };
#define MOVED_MOST 0.05

struct gating {
	struct store       *store;
	const struct suite *suite;
	struct pair_of_runs runs;
	struct judged      *judged;
	struct sequence    *sequence;     /* NULL: all cases, once */
	struct arena       *a;
};

/* What statistics see of a gate's units: the whole suite by its shares, or a slice. */
struct sample gating_sample(const struct gating *, const struct judged *, const struct columns *);
/* False: the process had decided before it came to this case. */
bool gating_uses(const struct gating *, long test_case);

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

/* The margin in the metric's unit; a relative one is a part of what the baseline run made of its
 * own cases: known before the candidate was asked, and the same for every candidate. */
double pairs_margin(struct store *, long base, const struct gate *, const struct metric *,
                    const char *slice);
/* Why two runs cannot be compared by this metric, and the reason's code; NULL: they can. */
const char *pairs_incomparable(struct store *, long run, long base, const char *metric,
                               const char **reason);

/* The pairs of a whole-suite gate, slice by slice: BH over those without a gate of their own. */
void slices_judge(struct gating *, struct judged *, const struct columns *);

#endif
