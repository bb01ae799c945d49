/*
 * verdict.h -- one judged gate: what gate.c decides and verdict.c writes down.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "harness/units.h"

/* What is known of the two runs that are compared. */
struct pair_of_runs {
	long run, base;                   /* base 0: none */
	const char *target, *base_target;
	const char *suite_digest, *base_digest, *config_digest, *base_config_digest;
	uint64_t seed;
	bool weighted;                    /* the suite has shares of production */
};

struct judged {
	const struct gate   *gate;
	const struct metric *metric;
	const char          *slice;       /* NULL: the whole suite */
	enum verdict         verdict;
	const char          *reason;      /* a code: "non_inferior", "overlap", ... */
	const char          *text;        /* the same as a sentence */
	bool                 paired;      /* `pair` holds; else `est` */
	struct paired        pair;
	struct estimate      est, est90;
	double               margin;      /* absolute */
	double               p_fail, p_fail_holm;
	bool                 has_p_fail;
	long                 missing_candidate, missing_baseline;  /* pairs without a service's answer */
	long                 n_needed;    /* 0: none known */
	double               mde;
	bool                 has_mde;
};

void verdict_json(struct buf *, const struct judged *, const struct pair_of_runs *);
/* " change +0.9 pt [-1.1, +2.8] (90 %)", in the metric's own direction: latency that rises is +. */
void change_text(struct buf *, const struct metric *, const struct paired *, struct interval,
                 double level);
/* The line for people: verdict, gate, values, interval, margin. */
void verdict_line(struct buf *, const struct judged *);

#endif
