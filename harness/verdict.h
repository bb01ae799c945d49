/*
 * verdict.h -- one judged gate: what the gates decide and verdict.c writes down.
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
	const char *weights_digest;       /* of the shares, NULL if none */
	long attempt;                     /* this candidate's number against this baseline */
	double false_ship;                /* bound on one of so many being shipped at the margin */
};

/* A slice under a gate on the whole suite: shown, never decided by. */
struct judged_slice {
	const char *name, *status;        /* "flagged", "ok", "not assessable", "critical" */
	double      share;
	struct paired pair;
	bool        has_shrunk, has_mde;
	double      shrunk, p_bh, mde;
};

/* Part of alpha that a sequential gate may spend at any time; the rest is for the test on all
 * cases. */
#define ANYTIME_PART 0.2

/* What the sequential process said of a gate; sequence.h. */
struct judged_stop {
	bool   known;                     /* the suite is sequential and the gate can be bet on */
	bool   decided;                   /* by the process, before the last case */
	double log_e_pass, log_e_fail;    /* the largest so far, natural logarithms */
	double log_e_pass_end, log_e_fail_end;   /* at the last round that was looked at */
	struct interval cs;               /* anytime-valid, at 1 - 2 alpha */
};

struct judged {
	const struct gate   *gate;
	const struct metric *metric;
	const char          *slice;       /* NULL: the whole suite */
	enum verdict         verdict;
	const char          *reason;      /* a code: "non_inferior", "overlap", ...; NULL: open */
	const char          *text;        /* the same as a sentence */
	double               alpha;       /* of the test on all cases; gate->alpha unless sequential */
	bool                 paired;      /* `pair` holds; else `est` */
	struct paired        pair;
	struct estimate      est, est_gate;   /* 95 %, and 1 - 2 alpha */
	double               margin;      /* absolute */
	bool                 has_p_fail;  /* in the family that Holm's method corrects */
	double               p_fail, p_fail_holm;
	long                 missing_candidate, missing_baseline;  /* without a service's answer */
	bool                 has_answered;    /* the second analysis: only what was answered */
	struct ruling        answered;
	double               answered_effect;
	long                 answered_n;
	bool                 counted;     /* guardrail, latency: `hits` of `units` */
	long                 hits, units;
	bool                 has_quantile;
	double               quantile;
	struct interval      quantile_ci;
	bool                 quantile_lo, quantile_hi;    /* which of its ends are known */
	long                 n_needed;    /* 0: none known */
	bool                 has_mde, has_icc, has_psi0;
	double               mde, icc, deff, psi0;
	struct judged_slice *slices;
	size_t               nslice;
	struct judged_stop   stop;
};

/* What stopping early saved; the same for every gate of a run. */
struct stopping {
	bool   sequential, early;
	const char *rule;                 /* "fixed" or "hybrid" */
	long   n_max, n_used;             /* cases */
	long   calls_saved, tokens_saved;
	double cost_saved, seconds_saved; /* below 0: unknown */
};

void verdict_json(struct buf *, const struct judged *, const struct pair_of_runs *,
                  const struct stopping *, const struct judged *all, size_t n);
/* " change +0.9 pt [-1.1, +2.8] (90 %)", in the metric's own direction: latency that rises is +. */
void change_text(struct buf *, const struct metric *, const struct paired *, struct interval,
                 double level);
/* The line for people: verdict, gate, effect, interval, margin, cases. */
void verdict_line(struct buf *, const struct judged *, const struct pair_of_runs *,
                  const struct stopping *);
/* What was assumed, which test, why this verdict, what would change it: in sentences. */
void verdict_explain(struct buf *, const struct judged *, const struct pair_of_runs *,
                     const struct stopping *);

#endif
