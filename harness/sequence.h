/*
 * sequence.h -- cases in seeded random order, and the process that may stop a run.
 */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include "harness/verdict.h"

struct sequence;

/*
 * The order in which a run of this suite asks, and its gates before the first case.  NULL: the
 * suite is not sequential, or the run asks only part of it.  The caller frees it.
 *
 * Units, which are clusters where there are any, are shuffled by the suite's seed; with shares
 * they are dealt into rounds, each of which holds units of every slice in proportion to how many
 * were drawn, so that the weighted mean of a round estimates that of production.
 */
struct sequence *sequence_open(struct store *, const struct suite *, long run, long base,
                               struct arena *);
void sequence_free(struct sequence *);

/*
 * Looks at the answers that are committed, as far as they are complete in this order, and bets on
 * them.  True once the release is decided: some gate failed, or all passed.  What was asked beyond
 * that point changes nothing, so that a run with more slots, or one that was killed and resumed,
 * comes to the same verdict.
 */
bool sequence_advance(struct sequence *);

size_t sequence_rows(const struct sequence *, const long **row);   /* test_case ids, in order */
bool   sequence_decided(const struct sequence *);
long   sequence_used(const struct sequence *);        /* cases that were looked at */
bool   sequence_uses(const struct sequence *, long test_case);
/* What was said of the gate in this place of the suite; *ruling is set where it was decided. */
struct judged_stop sequence_stop(const struct sequence *, size_t gate, struct ruling *);

#endif
