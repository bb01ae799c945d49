/*
 * history.h -- a metric over the runs of a suite.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "harness/past.h"
#include "metrics/stats/stats.h"

enum { HISTORY_PERMUTATIONS = 9999 };
#define HISTORY_ALPHA     0.01           /* of a change where there is none, per segment */
#define HISTORY_ALARM     0.001          /* 1 / alarm: runs until the e-detector errs, on average */
#define HISTORY_TOLERANCE 0.02           /* of the e-detector, where no gate has a margin */

/* What became another thing since the run before. */
enum { CHANGED_TARGET = 1, CHANGED_TARGET_DIGEST = 2, CHANGED_SUITE_DIGEST = 4,
       CHANGED_PROMPT = 8, CHANGED_SCORER = 16 };

struct history_run {
	struct past_run run;
	double   at, lo, hi;
	bool     bounded;                    /* lo and hi hold */
	long     n;
	unsigned changed;
	bool     has_psi;                    /* against the run before, in the same segment */
	double   psi;                        /* share of cases that differ */
	double   var;                        /* of the difference */
};

/* Runs that measure the same on the same cases. */
struct history_segment {
	const char        *why;              /* the run before is of another; NULL: the first */
	size_t             from, n;          /* in history.run */
	bool               has_var;
	double             var;              /* of each run's value, as differences have it */
	struct change_scan scan;
};

struct history_detector {                /* over the last segment */
	const char      *why;                /* why there is none; NULL: the rest holds */
	size_t           reference;          /* in history.run: its value, all after it are watched */
	double           tolerance;
	const char      *gate;               /* whose margin is the tolerance; NULL: the default */
	struct edetector state;
	size_t           alarm;              /* in history.run; SIZE_MAX: none */
};

struct history {
	const char *suite, *metric, *slice;  /* slice NULL: the whole suite */
	const struct scorer *scorer;
	struct history_run *run;
	size_t n;
	struct history_segment *segment;
	size_t nsegment;
	struct history_detector detector;
	long   partial, unmeasured;          /* left out: asked in part; without a value */
};

/* metric NULL: the first of the newest run.  target, slice NULL: all.  -1 and a sentence for each
 * name that nothing has. */
int history_read(struct store *, const char *suite, const char *metric, const char *target,
                 const char *slice, struct history *, struct arena *, struct err *);

#endif
