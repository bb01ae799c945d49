/*
 * cost.c -- what the answer cost.
 *
 *  (1) The score is the price in USD of one case: tokens in and out by the target's prices.
 *  (2) Where the target has no prices, or the server reported no tokens to apply them to, the
 *      case is unscored: an unknown price is not a price of 0.
 */
#include "metrics/metrics.h"

#include <math.h>

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	(void)p;
	(void)tc;
	(void)a;
	if (!isfinite(c->cost) || c->cost < 0)                                  /* (2) */
		return score_none("no prices are known for this answer");
	return score_real(c->cost);                                             /* (1) */
}

const struct scorer scorer_cost = {
	.name = "cost", .help = "what the answer cost", .version = 1, .scale = SCALE_REAL,
	.lower_is_better = true, .unit = "USD", .score = score,
};
