/*
 * metrics.h -- scorers: pure functions from a case and a completion to a score.
 *
 * Layer 4.  A scorer is one file that ends in a `const struct scorer` and one row in
 * scorers.def.  It knows no network, no store, no clock.
 */
#ifndef METRICS_H
#define METRICS_H

#include "harness/base/base.h"
#include "harness/base/nouns.h"

struct scorer {
	const char *name, *help;
	int         version;             /* raise when an old answer may score anew */
	enum scale  scale;
	bool        lower_is_better;
	bool        needs_text;          /* false: latency, cost: scored whatever the text is */
	const char *unit;                /* "%" for rates, "s", "USD", "characters" */
	const struct conf_key *params;   /* NULL, or a table ending in {0} */
	size_t      size;                /* of the params struct */
	/* Checks and prepares params after binding (compiles a pattern).  Optional. */
	int       (*check)(void *params, struct arena *, struct err *);
	/* `why` is a constant, or lives in `scratch`: the caller copies what it keeps. */
	struct score (*score)(const void *params, const struct test_case *,
	                      const struct completion *, struct arena *scratch);
};

const struct scorer *scorer_find(const char *name);              /* NULL: none */
const struct scorer *const *scorer_all(void);                    /* NULL-terminated */

/* ---- score.c: the three things a scorer can say; `why` is a constant or in `scratch` --- */

struct score score_none(const char *why);                        /* unscored */
struct score score_hit(void);                                    /* 1 */
struct score score_miss(const char *why);                        /* 0 */
struct score score_real(double);

/* ---- decimal.c: numbers in text, exact ---------------------------------------------------- */

/* 0.DIGITS times ten to the `exp`.  Zero has no digits, no sign and exp 0, any other number
 * starts and ends in a digit that is not 0: equal numbers have equal parts. */
struct decimal { bool minus; struct str digits; long exp; };

enum { DECIMAL_COMMA, DECIMAL_DOT, DECIMAL_NONE };               /* what separates thousands */

/* Walks the numbers of a text: start with { .of = text, .separator = ... }. */
struct decimal_iter { struct str of; int separator; size_t at, apart; };
/* The next number as it is written, sign included; false at the end.  The rules are the
 * numbered ones of number.c. */
bool decimal_next(struct decimal_iter *, struct str *raw);
/* The value of what decimal_next found, or of a JSON number (separator DECIMAL_NONE). */
struct decimal decimal_of(struct str raw, int separator, struct arena *);
bool decimal_eq(struct decimal, struct decimal);
/* Whether |a - b| <= most, without rounding: 1 yes, 0 no, -1: more than DECIMAL_SPAN digits
 * would have to be written out. */
enum { DECIMAL_SPAN = 10000 };
int  decimal_near(struct decimal a, struct decimal b, struct decimal most, struct arena *);
/* a times b; false: more than DECIMAL_SPAN digits. */
bool decimal_product(struct decimal a, struct decimal b, struct decimal *out, struct arena *);

/* ---- pattern.c: PCRE2 with limits on time and memory ------------------------------------- */

struct pattern;
enum pattern_result { PATTERN_NO, PATTERN_YES, PATTERN_COSTLY, PATTERN_BAD_TEXT };

/* Compiled in UTF mode with JIT where there is one; NULL and a sentence with the offset in
 * err.  Lives in the arena until the program ends. */
struct pattern *pattern_compile(struct str pattern, bool fold, struct arena *, struct err *);
/* First match at or after `from`: *whole and *group (the first group if the pattern has one,
 * else the whole) are slices of `text`; either may be NULL.  COSTLY: a limit was hit.
 * BAD_TEXT: not UTF-8, which is looked at when `from` is 0: `from` > 0 is for going on from
 * the end of a match in the same text. */
enum pattern_result pattern_match(const struct pattern *, struct str text, size_t from,
                                  struct str *whole, struct str *group);

#endif
