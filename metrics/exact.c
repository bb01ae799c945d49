/*
 * exact.c -- the answer equals an expected answer.
 *
 *  (1) The score is 1 if the answer equals any of the case's `expect`, else 0.
 *  (2) White space at both ends of either side does not count.
 *  (3) With `fold = yes`, case and runs of white space do not count either, nor does how a
 *      character is composed (Unicode NFC).
 *  (4) A case with no `expect` is unscored, and says so.
 */
#include "metrics/metrics.h"

struct exact { bool fold; };

static const struct conf_key params[] = {
	{ "fold", CONF_BOOL, offsetof(struct exact, fold), "no", NULL,
	  "ignore case and runs of white space" },
	{ 0 }
};

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	const struct exact *x = p;
	struct str got = x->fold ? str_fold(c->text, a) : str_trim(c->text);    /* (2) (3) */

	if (tc->nexpect == 0)                                                   /* (4) */
		return score_none("the case expects nothing");
	for (size_t i = 0; i < tc->nexpect; i++) {
		struct str want = tc->expect[i];

		want = x->fold ? str_fold(want, a) : str_trim(want);            /* (2) (3) */
		if (str_eq(want, got))                                          /* (1) */
			return score_hit();
	}
	return score_miss("no expected answer matches");
}

const struct scorer scorer_exact = {
	.name = "exact", .help = "equals an expected answer", .version = 1,
	.scale = SCALE_BINARY, .needs_text = true, .unit = "%", .params = params,
	.size = sizeof(struct exact), .score = score,
};
