/*
 * blocks.h -- where records of one hour or day are alike: whole blocks of time instead of records.
 *
 * Private to drift/blocks.c, cells.c and compare.c.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "drift/finding.h"

/* ---- block_cells.c: the kept records of each block, counted ------------------------------------- */

enum cells_kind {
	CELLS_NONE,              /* the sample does not hold the values */
	CELLS_ORDERED,           /* numbers, between quantiles of both windows together */
	CELLS_NAMED,             /* categories, the commonest and the rest */
	CELLS_MANY               /* a record may lie in several, or in none */
};
/* Blocks of the reference, then of the current window, each in the order of their time. */
struct block_cells {
	enum cells_kind kind;
	size_t k;                /* cells */
	size_t n, m;             /* blocks */
	long  *of;               /* n + m: records of the block */
	long  *count;            /* (n + m) * k: those in the cell */
};
/*
 * Records with a time count, and of `missing` all of them, else those with a value.  Numbers:
 * twenty cells of equal share.  Categories: 63, and one for the others.  Texts, if both samples
 * have them: the words of each by 1024 slots.  `missing`: the three kinds of none.  No cell is
 * chosen by which window a record lies in.
 */
struct block_cells block_cells_of(const struct profile *reference, const struct profile *current,
                      size_t feature, bool missing, int64_t block_ms, struct arena *);

/* ---- blocks.c ----------------------------------------------------------------------------- */

/*
 * Makes a finding honest where records of one block are alike: p is at least that of whole blocks
 * dealt anew, the interval is widened by the root of the design effect and for the few blocks it is
 * estimated by, and the verdict is that of the new interval.  Where blocks are so few that no deal
 * of them could have p <= alpha, or there are none, the verdict is INCONCLUSIVE and `why` says so.
 */
void finding_by_blocks(struct finding *, const struct profile *reference,
                       const struct profile *current, size_t feature, const struct detector *,
                       int64_t block_ms, double alpha, uint64_t seed, struct arena *);

#endif
