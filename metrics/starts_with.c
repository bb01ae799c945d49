/*
 * starts_with.c -- the answer begins with an expected text.
 *
 *  (1) The score is 1 if the answer begins with any text of `prefix`, else 0.
 *  (2) When `prefix` is not given, the case's `expect` is used; a case with no `expect` is then
 *      unscored.
 *  (3) White space before the answer, and at both ends of the text, does not count.
 *  (4) With `fold = yes`, case, runs of white space and composition (Unicode NFC) do not count.
 *  (5) The text need not end where a word ends: `Yesterday` begins with `Yes`.
 *  (6) An empty text begins everything and so says nothing: in `prefix` it is a mistake of the
 *      suite, as `expect` it leaves the case unscored.
 */
#include "metrics/metrics.h"

struct starts_with { struct texts prefix; bool fold; };

static const struct conf_key params[] = {
	{ "prefix", CONF_LIST, offsetof(struct starts_with, prefix), NULL, NULL,
	  "begins with one of these (default: the case's expect)" },
	{ "fold", CONF_BOOL, offsetof(struct starts_with, fold), "no", NULL,
	  "ignore case and runs of white space" },
	{ 0 }
};

/* (3) (4) */
static struct str
prepared(const struct starts_with *x, struct str s, struct arena *a)
{
	return x->fold ? str_fold(s, a) : str_trim(s);
}

static int
check(void *p, struct arena *a, struct err *err)
{
	const struct starts_with *x = p;
	int bad = 0;

	for (size_t i = 0; i < x->prefix.n; i++) {
		if (prepared(x, str_of(x->prefix.text[i]), a).n == 0)           /* (6) */
			bad = err_set(err, "entry %zu of 'prefix' is empty: every answer begins so",
			    i + 1);
	}
	return bad;
}

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	const struct starts_with *x = p;
	struct str text = prepared(x, c->text, a);
	bool hit = false;

	for (size_t i = 0; i < x->prefix.n && !hit; i++)                        /* (1) */
		hit = str_starts(text, prepared(x, str_of(x->prefix.text[i]), a));
	if (x->prefix.n == 0) {                                                 /* (2) */
		if (tc->nexpect == 0)
			return score_none("the case expects nothing");
		for (size_t i = 0; i < tc->nexpect; i++) {
			struct str want = prepared(x, tc->expect[i], a);

			if (want.n == 0)                                        /* (6) */
				return score_none("an expected text is empty");
			hit = hit || str_starts(text, want);
		}
	}
	return hit ? score_hit() : score_miss("begins otherwise");
}

const struct scorer scorer_starts_with = {
	.name = "starts_with", .help = "begins with an expected text", .version = 1,
	.scale = SCALE_BINARY, .needs_text = true, .unit = "%", .params = params,
	.size = sizeof(struct starts_with), .check = check, .score = score,
};
