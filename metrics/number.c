/*
 * number.c -- a number in the answer equals the expected number.
 *
 *  (1) The score is 1 if the last number in the answer (with `take = first`, the first) equals
 *      any of the case's `expect`, else 0.  An answer without a number scores 0.
 *  (2) A case with no `expect`, or with an expected text that does not hold exactly one number
 *      by these same rules, is unscored.
 *  (3) A number is digits, with a point and more digits after it or without; `.5` is one too,
 *      unless a letter, digit or point comes directly before.  A point with no digit after it
 *      ends a sentence and does not belong to the number.
 *  (4) `separator` says what may stand between thousands: `comma` (the default; the decimal
 *      point is a point), `dot` (it is a comma) or `none`.  A run of digits and separators is
 *      one number if it starts with one to three digits, not with 0, and each separator is
 *      followed by exactly three; if not, it is as many numbers as there are groups: 1,23 is
 *      1 and 23.
 *  (5) A `-`, `+` or U+2212 directly before the digits, or before a currency sign that is, is
 *      the number's sign; not so after a letter, a digit, a closing bracket, `%`, another sign
 *      or an amount with its currency sign: 5-3 and 5$-3$ are 5 and 3.
 *  (6) An exponent is e or E, a sign or none, and digits (at most nine from the first that is
 *      not 0), and no letter follows.
 *  (7) Other bytes around a number do not count, letters neither: $12, 12%, 12kg, USD12 and
 *      **12** are 12, and CO2 has a 2 in it.  Fractions, words, other scripts' digits,
 *      infinities and NaN are not read.
 *  (8) Numbers are compared exactly, digit by digit, however many digits there are: 18 equals
 *      18.00, and no double is involved.
 *  (9) With `tolerance` T or `relative` R, or both, equal means |answer - expected| is at most
 *      T or at most R times |expected|; this too is exact.  Where that needs more than 10,000
 *      digits the case is unscored.
 */
#include "metrics/metrics.h"

enum { TAKE_LAST, TAKE_FIRST };

struct number {
	int            take, separator;
	const char    *tolerance, *relative;
	struct decimal most, share;     /* their values */
};

static const struct conf_key params[] = {
	{ "take", CONF_ENUM, offsetof(struct number, take), "last", "last|first",
	  "which number of the answer counts" },
	{ "tolerance", CONF_NUMBER, offsetof(struct number, tolerance), NULL, ">=0",
	  "how far the answer may be off (default 0: exactly equal)" },
	{ "relative", CONF_NUMBER, offsetof(struct number, relative), NULL, ">=0",
	  "the same as a share of the expected number" },
	{ "separator", CONF_ENUM, offsetof(struct number, separator), "comma", "comma|dot|none",
	  "what may stand between thousands" },
	{ 0 }
};

static int
limit(const char *name, const char *text, struct decimal *out, struct arena *a, struct err *err)
{
	struct decimal_iter it = { .of = str_of(text), .separator = DECIMAL_NONE };
	struct str raw;

	if (text == NULL)
		return 0;
	if (!decimal_next(&it, &raw) || !str_eq(raw, it.of))
		return err_set(err, "'%s' is not a number but '%s'", name, text);
	*out = decimal_of(raw, DECIMAL_NONE, a);
	if (out->minus)
		return err_set(err, "'%s' is negative: give a number of at least 0", name);
	return 0;
}

static int
check(void *p, struct arena *a, struct err *err)
{
	struct number *x = p;
	int bad = limit("tolerance", x->tolerance, &x->most, a, err);

	return limit("relative", x->relative, &x->share, a, err) < 0 ? -1 : bad;
}

/* (1) (3) The number of the answer that counts. */
static bool
taken(const struct number *x, struct str text, struct str *raw)
{
	struct decimal_iter it = { .of = text, .separator = x->separator };

	if (!decimal_next(&it, raw))
		return false;
	while (x->take == TAKE_LAST && decimal_next(&it, raw))
		;
	return true;
}

/* (2) */
static bool
only(const struct number *x, struct str text, struct str *raw)
{
	struct decimal_iter it = { .of = text, .separator = x->separator };
	struct str another;

	return decimal_next(&it, raw) && !decimal_next(&it, &another);
}

/* (8) (9) 1, 0, or -1 when it would take too many digits. */
static int
equal(const struct number *x, struct decimal got, struct decimal want, struct arena *a)
{
	struct decimal most;
	int near;

	if (decimal_eq(got, want))
		return 1;
	if (x->most.digits.n == 0 && x->share.digits.n == 0)
		return 0;
	if ((near = decimal_near(got, want, x->most, a)) != 0 || x->share.digits.n == 0)
		return near;
	if (!decimal_product(x->share, want, &most, a))
		return -1;
	return decimal_near(got, want, most, a);
}

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	const struct number *x = p;
	struct str got, want, shown;
	struct decimal value = { 0 };
	bool any = taken(x, c->text, &got), hit = false;

	if (tc->nexpect == 0)                                                   /* (2) */
		return score_none("the case expects nothing");
	if (any)
		value = decimal_of(got, x->separator, a);
	for (size_t i = 0; i < tc->nexpect; i++) {
		int same;

		if (!only(x, tc->expect[i], &want)) {                           /* (2) */
			shown = str_visible(tc->expect[i], 60, false, a);
			return score_none(arena_fmt(a,
			    "the expected text '%.*s' does not hold exactly one number",
			    STR_ARG(shown)));
		}
		same = any ? equal(x, value, decimal_of(want, x->separator, a), a) : 0;
		if (same < 0)                                                   /* (9) */
			return score_none("the numbers have too many digits for a tolerance");
		hit = hit || same > 0;
	}
	if (hit)                                                                /* (1) */
		return score_hit();
	if (!any)
		return score_miss("no number in the answer");
	shown = str_visible(got, 60, false, a);
	return score_miss(arena_fmt(a, "the number is %.*s", STR_ARG(shown)));
}

const struct scorer scorer_number = {
	.name = "number", .help = "a number in the answer equals the expected one", .version = 1,
	.scale = SCALE_BINARY, .needs_text = true, .unit = "%", .params = params,
	.size = sizeof(struct number), .check = check, .score = score,
};
