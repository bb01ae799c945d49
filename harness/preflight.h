/*
 * preflight.h -- some of the baseline's cases, asked again before a candidate is judged by it.
 */
#ifndef PREFLIGHT_H
#define PREFLIGHT_H

#include "harness/units.h"

struct preflight {
	long   run;                       /* that asked again; 0: none */
	bool   known;                     /* there are pairs */
	long   n;                         /* cases */
	double psi;                       /* self-discordance: share that came out otherwise */
	double shift, z;                  /* mean change, better is positive; over its error */
};

/* The run that asked the baseline's target again for this run, 0: none. */
long preflight_find(struct store *, long run);
/* What it found under a metric of the suite, against what the baseline run holds. */
struct preflight preflight_compare(struct store *, const struct suite *, int metric, long probe,
                                   long base, struct arena *);
/* The same target answers, or is judged, otherwise than it was: beyond 3 standard errors. */
bool preflight_shifted(const struct preflight *);
/*
 * Asks the baseline's target, which must be in the project as it was, s->preflight cases drawn by
 * the seed, unless that was done for this candidate.  *probe: the run, 0 if the candidate has one
 * already.  0, or the exit status and a sentence.
 */
int preflight_ask(struct store *, struct suite *, struct project *, const struct target *candidate,
                  const struct run_options *, long *probe, struct arena *, struct err *);

#endif
