/*
 * contains.c -- the answer has certain texts in it, or has not.
 *
 *  (1) The score is 1 if at least one text of `any` (when given), every text of `all` (when
 *      given) and no text of `none` (when given) occurs in the answer, else 0.
 *  (2) When none of the three is given, the case's `expect` is used as `any`; a case with no
 *      `expect` is then unscored.
 *  (3) Texts are found anywhere, also inside words, and must occur byte by byte; with
 *      `fold = yes` case, runs of white space and composition (Unicode NFC) do not count, and
 *      white space at the ends of a text does not either.
 *  (4) An empty text occurs in everything and so says nothing: in a list it is a mistake of the
 *      suite, as `expect` it leaves the case unscored.
 */
#include "metrics/metrics.h"

struct contains { struct texts any, all, none; bool fold; };

static const struct conf_key params[] = {
	{ "any", CONF_LIST, offsetof(struct contains, any), NULL, NULL,
	  "at least one of these occurs (default: the case's expect)" },
	{ "all", CONF_LIST, offsetof(struct contains, all), NULL, NULL,
	  "every one of these occurs" },
	{ "none", CONF_LIST, offsetof(struct contains, none), NULL, NULL, "none of these occurs" },
	{ "fold", CONF_BOOL, offsetof(struct contains, fold), "no", NULL,
	  "ignore case and runs of white space" },
	{ 0 }
};

/* (3) */
static struct str
prepared(const struct contains *x, struct str s, struct arena *a)
{
	return x->fold ? str_fold(s, a) : s;
}

static int
check(void *p, struct arena *a, struct err *err)
{
	const struct contains *x = p;
	const struct { const char *name; const struct texts *list; } lists[] = {
		{ "any", &x->any }, { "all", &x->all }, { "none", &x->none },
	};
	int bad = 0;

	for (size_t i = 0; i < COUNT(lists); i++) {
		for (size_t j = 0; j < lists[i].list->n; j++) {
			if (prepared(x, str_of(lists[i].list->text[j]), a).n == 0)      /* (4) */
				bad = err_set(err, "entry %zu of '%s' is empty: "
				    "every answer has that", j + 1, lists[i].name);
		}
	}
	return bad;
}

static bool
has(const struct contains *x, struct str text, const char *part, struct arena *a)
{
	return str_find(text, prepared(x, str_of(part), a), 0) >= 0;
}

static struct score
miss(const char *what, const char *text, struct arena *a)
{
	struct str shown = str_visible(str_of(text), 60, false, a);

	return score_miss(arena_fmt(a, "%s '%.*s'", what, STR_ARG(shown)));
}

/* (2) */
static struct score
expected(const struct contains *x, const struct test_case *tc, struct str text, struct arena *a)
{
	bool hit = false;

	if (tc->nexpect == 0)
		return score_none("the case expects nothing");
	for (size_t i = 0; i < tc->nexpect; i++) {
		struct str want = prepared(x, tc->expect[i], a);

		if (want.n == 0)                                                /* (4) */
			return score_none("an expected text is empty");
		hit = hit || str_find(text, want, 0) >= 0;
	}
	return hit ? score_hit() : score_miss("no expected text occurs");
}

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	const struct contains *x = p;
	struct str text = prepared(x, c->text, a);
	bool any = x->any.n == 0;

	if (x->any.n == 0 && x->all.n == 0 && x->none.n == 0)
		return expected(x, tc, text, a);
	for (size_t i = 0; i < x->any.n && !any; i++)
		any = has(x, text, x->any.text[i], a);
	if (!any)                                                               /* (1) */
		return score_miss("no text of 'any' occurs");
	for (size_t i = 0; i < x->all.n; i++) {
		if (!has(x, text, x->all.text[i], a))
			return miss("does not contain", x->all.text[i], a);
	}
	for (size_t i = 0; i < x->none.n; i++) {
		if (has(x, text, x->none.text[i], a))
			return miss("contains", x->none.text[i], a);
	}
	return score_hit();
}

const struct scorer scorer_contains = {
	.name = "contains", .help = "has certain texts in it, or has not", .version = 1,
	.scale = SCALE_BINARY, .needs_text = true, .unit = "%", .params = params,
	.size = sizeof(struct contains), .check = check, .score = score,
};
