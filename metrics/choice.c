/*
 * choice.c -- the one label that the answer names is the expected one.
 *
 *  (1) The score is 1 if the answer names a label that the case expects, else 0.
 *  (2) `among` lists the labels.  A case that expects nothing, or something that is not among
 *      them, is unscored.
 *  (3) If the whole answer, without white space at its ends, is a label, it names that one.
 *  (4) Else it names each label that occurs in it as words: no letter, digit or combining mark
 *      comes directly before or after.  (Letters of scripts that are written without blanks,
 *      such as Han, Kana and Thai, may.)
 *  (5) Where labels overlap the longest counts: `card_arrival` does not name `card`.
 *  (6) With `take = only` the answer must name exactly one label, however often; with `first`
 *      or `last` the one so placed counts.  No label, or with `only` several, scores 0.
 *  (7) Case, runs of white space and composition (Unicode NFC) do not count, unless
 *      `fold = no`.
 *  (8) An answer that is not UTF-8 and is no label, or that takes too long to search, is
 *      unscored.
 */
#include "metrics/metrics.h"

enum { TAKE_ONLY, TAKE_FIRST, TAKE_LAST };

struct choice {
	struct texts    among;
	bool            fold;
	int             take;
	struct str     *label;          /* `among` as compared */
	struct pattern *any;            /* (4) (5) any of them, the longest first */
};

static const struct conf_key params[] = {
	{ "among", CONF_LIST, offsetof(struct choice, among), CONF_REQUIRED, NULL, "the labels" },
	{ "take", CONF_ENUM, offsetof(struct choice, take), "only", "only|first|last",
	  "which label counts when the answer names several" },
	{ "fold", CONF_BOOL, offsetof(struct choice, fold), "yes", NULL,
	  "ignore case and runs of white space" },
	{ 0 }
};

/* (4) What must not be next to a label. */
#define OPEN_SCRIPTS "[\\p{Han}\\p{Hiragana}\\p{Katakana}\\p{Thai}\\p{Lao}\\p{Khmer}\\p{Myanmar}]"
#define WORD         "(?!" OPEN_SCRIPTS ")[\\p{L}\\p{N}\\p{M}]"

/* (3) (7) */
static struct str
prepared(const struct choice *x, struct str s, struct arena *a)
{
	return x->fold ? str_fold(s, a) : str_trim(s);
}

/* The number of the label that `s` is, or -1. */
static int
label_of(const struct choice *x, struct str s)
{
	for (size_t i = 0; i < x->among.n; i++) {
		if (str_eq(x->label[i], s))
			return (int)i;
	}
	return -1;
}

static int
longest_first(const void *a, const void *b)
{
	const struct str *x = a, *y = b;

	return x->n != y->n ? (x->n < y->n ? 1 : -1) : str_cmp(*x, *y);
}

static void
add_literal(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain = c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z');

		if (!plain)
			buf_char(b, '\\');
		buf_char(b, s.p[i]);
	}
}

static struct pattern *
compile(const struct choice *x, struct arena *a, struct err *err)
{
	struct str *sorted = arena_array(a, x->among.n, sizeof *sorted);
	struct pattern *compiled;
	struct buf b = { 0 };

	memcpy(sorted, x->label, x->among.n * sizeof *sorted);
	qsort(sorted, x->among.n, sizeof *sorted, longest_first);
	buf_puts(&b, "(?<!" WORD ")(?:");
	for (size_t i = 0; i < x->among.n; i++) {
		if (i > 0)
			buf_char(&b, '|');
		add_literal(&b, sorted[i]);
	}
	buf_puts(&b, ")(?!" WORD ")");
	compiled = pattern_compile(buf_as_str(&b), false, a, err);
	buf_free(&b);
	return compiled;
}

static int
check(void *p, struct arena *a, struct err *err)
{
	struct choice *x = p;
	size_t n = x->among.n;
	int bad = 0;

	if (n == 0)
		return err_set(err, "'among' lists no label");
	x->label = arena_array(a, n, sizeof *x->label);
	for (size_t i = 0; i < n; i++) {
		struct str label = prepared(x, str_of(x->among.text[i]), a);

		if (label.n == 0)
			bad = err_set(err, "label %zu of 'among' is empty", i + 1);
		else if (label_of(x, label) >= 0)
			bad = err_set(err, "label '%s' is twice in 'among'%s", x->among.text[i],
			    x->fold ? " when case does not count" : "");
		x->label[i] = label;
	}
	if (bad < 0)
		return -1;
	x->any = compile(x, a, err);
	return x->any == NULL ? -1 : 0;
}

/* What the answer names: labels in the order of their first mention, and the last mention. */
struct named { int *label; size_t n; int last; };

static enum pattern_result
search(const struct choice *x, struct str text, struct named *named, struct arena *a)
{
	bool *seen = arena_array(a, x->among.n, sizeof *seen);
	enum pattern_result found;
	struct str at;
	size_t from = 0;

	while ((found = pattern_match(x->any, text, from, &at, NULL)) == PATTERN_YES) {
		named->last = label_of(x, at);
		if (named->last < 0)
			bug("a label was found that is none");
		if (!seen[named->last])
			named->label[named->n++] = named->last;
		seen[named->last] = true;
		if (x->take == TAKE_FIRST)
			return PATTERN_YES;
		from = (size_t)(at.p - text.p) + at.n;
	}
	return found;
}

static struct score
several(const struct choice *x, const struct named *named, struct arena *a)
{
	enum { SHOWN = 5 };
	struct buf b = { 0 };
	struct str why;

	buf_fmt(&b, "names %zu labels: ", named->n);
	for (size_t i = 0; i < named->n && i < SHOWN; i++)
		buf_fmt(&b, "%s%s", i > 0 ? ", " : "", x->among.text[named->label[i]]);
	if (named->n > SHOWN)
		buf_puts(&b, ", ...");
	why = str_dup(buf_as_str(&b), a);
	buf_free(&b);
	return (struct score){ true, 0, why };
}

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	const struct choice *x = p;
	struct str text = prepared(x, c->text, a);
	struct named named = { .label = arena_array(a, x->among.n, sizeof(int)), .last = -1 };
	int got = label_of(x, text);                                            /* (3) */

	if (tc->nexpect == 0)                                                   /* (2) */
		return score_none("the case expects nothing");
	for (size_t i = 0; i < tc->nexpect; i++) {
		struct str shown;

		if (label_of(x, prepared(x, tc->expect[i], a)) >= 0)
			continue;
		shown = str_visible(tc->expect[i], 60, false, a);
		return score_none(arena_fmt(a, "the expected '%.*s' is not among the labels",
		    STR_ARG(shown)));
	}
	if (got < 0) {
		enum pattern_result end = search(x, text, &named, a);           /* (4) (5) */

		if (end == PATTERN_COSTLY)                                      /* (8) */
			return score_none("the answer takes too long to search for labels");
		if (end == PATTERN_BAD_TEXT)
			return score_none("the answer is not UTF-8");
		if (named.n == 0)                                               /* (6) */
			return score_miss("names no label");
		if (x->take == TAKE_ONLY && named.n > 1)
			return several(x, &named, a);
		got = x->take == TAKE_LAST ? named.last : named.label[0];
	}
	for (size_t i = 0; i < tc->nexpect; i++) {
		if (label_of(x, prepared(x, tc->expect[i], a)) == got)          /* (1) */
			return score_hit();
	}
	return score_miss(arena_fmt(a, "names '%s'", x->among.text[got]));
}

const struct scorer scorer_choice = {
	.name = "choice", .help = "the label it names is the expected one", .version = 1,
	.scale = SCALE_BINARY, .needs_text = true, .unit = "%", .params = params,
	.size = sizeof(struct choice), .check = check, .score = score,
};
