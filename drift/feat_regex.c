/*
 * feat_regex.c -- whether a text matches a pattern, or what the pattern finds in it.
 *
 *  (1) The category is yes if `pattern` matches somewhere in the field `of`, else no.
 *  (2) With `capture = yes` it is the text of the first group, or of the whole match where the
 *      pattern has no group, without white space at its ends; `(no match)` if there is none,
 *      `(empty)` if what was found has no content.
 *  (3) The pattern is a Perl-compatible one (PCRE2) on Unicode text.  With `fold` case does not
 *      count.  A byte that is not UTF-8 is U+FFFD.
 *  (4) A match that hits the limits of steps or memory gives `(too costly)`: the pattern is at
 *      fault, and the record is not left out.
 *  (5) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

#include "metrics/metrics.h"

struct regex { const char *of; struct str pattern; bool fold, capture; struct pattern *compiled; };

static const struct conf_key params[] = {
	OF_ROW(regex),
	{ "pattern", CONF_STR, offsetof(struct regex, pattern), CONF_REQUIRED, NULL,
	  "a Perl-compatible regular expression" },
	{ "fold", CONF_BOOL, offsetof(struct regex, fold), "no", NULL, "ignore case" },
	{ "capture", CONF_BOOL, offsetof(struct regex, capture), "no", NULL,
	  "the text found is the category" },
	{ 0 }
};

static int
check(void *p, struct arena *a, struct err *err)
{
	struct regex *x = p;

	x->compiled = pattern_compile(x->pattern, x->fold, a, err);
	return x->compiled == NULL ? -1 : 0;
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct regex *x = p;
	struct value v = value_read(r, x->of, a);
	struct str found = { 0 };

	if (v.kind != VALUE_TEXT)
		return v;
	switch (pattern_match(x->compiled, valid_utf8(v.text, a), 0, NULL, &found)) {
	case PATTERN_YES:
		if (!x->capture)
			return value_text(STR("yes"));
		found = str_trim(found);
		return found.n == 0 ? value_text(STR("(empty)")) : value_category(found, a);
	case PATTERN_NO:
		return value_text(x->capture ? STR("(no match)") : STR("no"));
	case PATTERN_COSTLY:
		return value_text(STR("(too costly)"));                         /* (4) */
	default:
		bug("a text that was made UTF-8 is not");
	}
}

const struct feature feature_regex = {
	.name = "regex", .help = "matches a pattern, or what it finds", .version = 1,
	.shape = SHAPE_CATEGORY, .params = params, .size = sizeof(struct regex), .check = check,
	.get = get,
};
