/*
 * regex.c -- the answer matches a regular expression.
 *
 *  (1) The score is 1 if `pattern` matches somewhere in the answer, else 0; what the case
 *      expects plays no part.
 *  (2) The pattern is a Perl-compatible one (PCRE2) on Unicode text: \w, \d and \b know all
 *      scripts.  With `fold = yes` case does not count.
 *  (3) A match that takes more than 1,000,000 steps, 100,000 levels or 64 MB leaves the case
 *      unscored: the pattern is at fault and not the answer.
 *  (4) An answer that is not UTF-8 is unscored.
 */
#include "metrics/metrics.h"

struct regex { const char *pattern; bool fold; struct pattern *compiled; };

static const struct conf_key params[] = {
	{ "pattern", CONF_TEXT, offsetof(struct regex, pattern), CONF_REQUIRED, NULL,
	  "the regular expression, as in pcre2pattern(3)" },
	{ "fold", CONF_BOOL, offsetof(struct regex, fold), "no", NULL, "ignore case" },
	{ 0 }
};

static int
check(void *p, struct arena *a, struct err *err)
{
	struct regex *x = p;

	x->compiled = pattern_compile(str_of(x->pattern), x->fold, a, err);
	return x->compiled == NULL ? -1 : 0;
}

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	const struct regex *x = p;

	(void)tc;
	(void)a;
	switch (pattern_match(x->compiled, c->text, 0, NULL, NULL)) {
	case PATTERN_YES:
		return score_hit();                                             /* (1) */
	case PATTERN_NO:
		return score_miss("no match");                                  /* (1) */
	case PATTERN_COSTLY:
		return score_none("pattern too costly");                        /* (3) */
	case PATTERN_BAD_TEXT:
		return score_none("the answer is not UTF-8");                   /* (4) */
	}
	bug("a match with no result");
}

const struct scorer scorer_regex = {
	.name = "regex", .help = "matches a regular expression", .version = 1,
	.scale = SCALE_BINARY, .needs_text = true, .unit = "%", .params = params,
	.size = sizeof(struct regex), .check = check, .score = score,
};
