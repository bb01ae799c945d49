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

/* ---- pattern.c: PCRE2 with limits on time and memory ------------------------------------- */

struct pattern;
enum pattern_result { PATTERN_NO, PATTERN_YES, PATTERN_COSTLY, PATTERN_BAD_TEXT };

/* Compiled in UTF mode with JIT where there is one; NULL and a sentence with the offset in
 * err.  Lives in the arena until the program ends. */
struct pattern *pattern_compile(struct str pattern, bool fold, struct arena *, struct err *);
/* First match at or after `from`: *whole and *group (the first group if the pattern has one,
 * else the whole) are slices of `text`.  COSTLY: a match limit was hit.  BAD_TEXT: not UTF-8. */
enum pattern_result pattern_match(const struct pattern *, struct str text, size_t from,
                                  struct str *whole, struct str *group);

#endif
