/*
 * past.h -- the complete runs of a suite by name, and which of them can be compared.
 */
#ifndef PAST_H
#define PAST_H

#include "harness/harness.h"

struct past_run {
	long        id, suite;               /* suite: v_suite.id */
	const char *target, *target_digest, *suite_digest, *prompt_digest, *started;
	bool        early;                   /* a sequential run that stopped before the last case */
};
struct past {
	struct past_run *run;                /* complete and asked in full, oldest first */
	size_t n;
	long   partial;                      /* complete, but asked with --filter: not among them */
};

/* The name of a suite: `word` itself if runs have it, else of the suite.yaml at that path.  NULL
 * and a sentence if it is neither. */
const char *past_suite(struct store *, const char *word, const struct roots *, struct arena *,
                       struct err *);
/* target NULL: of any.  metric NULL: whatever they measured, else only runs scored by it. */
struct past past_runs(struct store *, const char *suite, const char *target, const char *metric,
                      struct arena *);
/* Why two runs do not measure the same by this metric, as a noun phrase; NULL: they do. */
const char *past_differs(struct store *, const struct past_run *, const struct past_run *,
                         const char *metric);
/* The scorer behind the newest run's metric of this name; NULL: this program has none such. */
const struct scorer *past_scorer(struct store *, long run, const char *metric);

#endif
