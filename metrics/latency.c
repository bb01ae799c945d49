/*
 * latency.c -- how long the answer took.
 *
 *  (1) The score is the seconds from the request as sent to the last byte of its answer
 *      (`of = total`) or to the first token, or where nothing was streamed the first byte
 *      (`of = first`).
 *  (2) It is the last attempt's: time in our queue and before attempts that failed is not the
 *      model's.
 *  (3) A request that got no answer, or whose time is not known, is unscored.  So a time limit
 *      hides the slowest: gate on the share of timeouts as well.
 */
#include "metrics/metrics.h"

#include <math.h>

enum { OF_TOTAL, OF_FIRST };

struct latency { int of; };

static const struct conf_key params[] = {
	{ "of", CONF_ENUM, offsetof(struct latency, of), "total", "total|first",
	  "to the last byte, or to the first token" },
	{ 0 }
};

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	const struct latency *x = p;
	double ms = x->of == OF_FIRST ? c->ms_first : c->ms_total;              /* (1) (2) */

	(void)tc;
	(void)a;
	if (!OUTCOME_IS_MODELS(c->outcome))                                     /* (3) */
		return score_none("no answer came");
	if (!isfinite(ms) || ms < 0)
		return score_none(x->of == OF_FIRST ? "the time to the first token is not known" :
		    "the time is not known");
	return score_real(ms / 1000);
}

const struct scorer scorer_latency = {
	.name = "latency", .help = "how long the answer took", .version = 1, .scale = SCALE_REAL,
	.lower_is_better = true, .unit = "s", .params = params, .size = sizeof(struct latency),
	.score = score,
};
