/*
 * window.h -- what can be compared as a distribution: logs, a profile, a run, a suite.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "drift/drift.h"
#include "harness/harness.h"

enum window_kind { WINDOW_PROFILE, WINDOW_LOGS, WINDOW_RUN, WINDOW_SUITE };
extern const char *const window_kind_name[];

struct window {
	enum window_kind kind;
	const char      *word;            /* as typed */
	const char     **path;            /* WINDOW_LOGS */
	size_t           npath;
	long             run;             /* WINDOW_RUN */
	struct suite    *suite;           /* WINDOW_SUITE */
	struct log_plan  plan;
	struct profile  *profile;         /* once it was made, or read; window_free frees it */
};

/* What a word means: a profile by its first bytes, a suite by its folder or its ending, other files
 * and patterns as logs, else a run.  0, or the exit status and sentences. */
int  window_open(struct window *, struct session *, const char *word, const struct log_plan *,
                 struct err *);
/* The same of a kind that is known. */
int  window_open_as(struct window *, struct session *, enum window_kind, const char *word,
                    const struct log_plan *, struct err *);
/* Features from its first records; that there is nothing to watch is a mistake. */
int  window_infer(struct window *, struct session *, struct watched **, size_t *n, struct err *);
/* Counts it by these features; a profile that was read stays as it is. */
int  window_profile(struct window *, struct session *, const struct watched *, size_t n,
                    uint64_t seed, struct err *);
void window_free(struct window *);

#endif
