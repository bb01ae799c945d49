/*
 * sizing.h -- how many cases a suite needs, and what it can see with those it has.
 *
 * sizing_past.c gathers what the case file and past runs tell; sizing.c makes numbers of it.
 */
#ifndef SIZING_H
#define SIZING_H

#include "harness/past.h"
#include "metrics/stats/stats.h"

#define SIZING_PSI   0.16                /* discordance where no run tells: phi .5 at a rate of .8 */
#define SIZING_ICC   0.1                 /* of differences inside a cluster, likewise */
enum { SIZING_SLICE_LEAST = 30,          /* cases of each slice in a plan */
       SIZING_MEAN_LEAST = 30,           /* cases for a mean that is no rate: normal enough */
       SIZING_PAIRS = 10, SIZING_PRICED = 5,   /* newest pairs of runs, and runs, that are read */
       SIZING_MOST = 1000000 };          /* cases; a plan for more is none */

struct sizing_options {                  /* what was not given is negative, or NULL */
	double margin, power, alpha, psi, drop;
	bool   from_runs;
	const char *metric;
	const struct target *target;         /* whose calls are priced; NULL: unknown */
};

/* How a case's difference between two runs varies. */
enum sizing_source { SIZING_ASSUMED, SIZING_RUNS, SIZING_GIVEN };
struct sizing_spread {
	bool   known;
	bool   rate;                         /* var is the discordance psi */
	double var;
	enum sizing_source from;
	long   cases;                        /* pairs of cases behind it */
};

struct sizing_metric {
	struct sizing_spread *spread;        /* [0]: the suite, [i + 1]: slice i; so are those below */
	double *mean, *sd;                   /* of the newest run */
	bool   *has_mean, *has_sd;
	long    pairs;                       /* of runs */
	bool    reruns;                      /* of one configuration: psi is a floor */
	bool    has_icc;
	double  icc;
};

struct sizing_part {                     /* [0]: the suite, [i + 1]: slice i */
	const char *name;                    /* NULL: the suite */
	double share;
	long   n, found;                     /* drawn; in the case file */
	double kish;                         /* n sum w^2 / (sum w)^2 */
	double cluster_size;                 /* sum k^2 / sum k; 1: no clusters */
};

struct sizing_price {
	const char *target;                  /* NULL: unknown */
	long   runs, slots;
	bool   has_cost, has_seconds;
	double cost, seconds;                /* of a call; seconds of waiting, before slots */
	double per_minute;                   /* 0: no pacing */
};

struct sizing_gate {
	const char *name;
	int    rule, metric;                 /* enum rule_kind; of suite->metric */
	bool   paired;                       /* has a margin, else a value */
	size_t part;
	double margin, value, alpha, power;  /* margin: absolute; 0: unknown */
	double quantile;                     /* latency: the bounded one */
	const char *why;                     /* why there is no number; NULL: there is one */
	long   plain, cases;                 /* for independent, equal cases; with the design */
	long   clean;                        /* pairs without a flip that pass, or cases without a
	                                      * failure; 0: the rule has no such number */
	double deff;
};

struct sizing_detect {
	bool   known;
	double effective;                    /* cases */
	double mde, holm;                    /* holm: in a family of all slices; the suite has none */
};

struct sizing_plan {
	const char *why;                     /* why there is none; NULL: there is one */
	double margin;
	long   total, *n;                    /* n: by slice */
};

struct sizing {
	const struct suite *suite;
	struct sizing_options o;
	struct past past;
	struct sizing_part *part;
	bool   clustered;
	struct sizing_metric *metric;
	int    primary;                      /* what detect and plan are for */
	double alpha, power;                 /* of detect and plan */
	struct sizing_gate *gate;
	size_t ngate;
	struct sizing_detect *detect;
	struct sizing_plan plan;
	struct sizing_price price;
};

/* cases: a store that has the suite; runs: the project's, or NULL where there is none yet. */
void sizing_past(struct sizing *, struct store *cases, struct store *runs, struct arena *);
/* -1 and a sentence for each thing that was asked and cannot be. */
int  sizing_make(struct sizing *, struct store *runs, struct arena *, struct err *);
/* The share of the newest run's answers, in a slice if there is one, whose value is at most `most`;
 * false: no run tells. */
bool sizing_within(struct store *runs, const struct sizing *, int metric, const char *slice,
                   double most, double *share);
/* What n cases cost and how long they take; false: unknown. */
bool sizing_cost(const struct sizing *, long n, double *usd);
bool sizing_seconds(const struct sizing *, long n, double *seconds);
double sizing_deff(const struct sizing *, int metric, size_t part);
/* The object that driftlead-json(5) describes. */
void sizing_json(struct buf *, const struct sizing *);

#endif
