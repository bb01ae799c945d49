/*
 * ladder.h -- a ladder of rungs: what ladder_conf.c reads, ladder_ask.c asks, ladder_units.c joins
 * and ladder_json.c and ladder_text.c say.
 */
#ifndef LADDER_H
#define LADDER_H

#include "harness/harness.h"
#include "metrics/stats/stats.h"

enum { RUNGS_MAX = 16 };

/* What stands in the way of judging a rung. */
enum rung_state {
	RUNG_COMPLETE,
	RUNG_INCOMPLETE,                  /* its run did not come to its end, or never began */
	RUNG_UNANSWERED                   /* the service failed too many cases */
};

struct ladder_rung {
	const char        *name, *note;   /* note: NULL if there is none */
	const struct node *at;
	double             per_request;   /* USD */
	struct suite      *suite;         /* the ladder's, with this rung's prompt */
	struct target     *target;
	/* After ladder_ask. */
	enum rung_state    state;
	long               run;           /* 0: nothing is stored */
	const char        *why;           /* not complete: a sentence */
	long               ncases, missing;      /* missing: cases without a service's answer */
	/* After ladder_read. */
	long               cost_unknown;  /* answers whose price nobody knows: the mean stands in */
	bool               priced;        /* something is known of what it costs */
};

enum confidence { CONFIDENCE_LOGPROB, CONFIDENCE_METRIC };

struct ladder_file {
	const char         *path, *dir;
	struct ladder_rung  rung[RUNGS_MAX];
	size_t              nrung;
	int                 metric;       /* of the suite: a rate */
	struct ladder_rules rules;
	double              unanswered;
	bool                has_router;
	size_t              cheap, strong;
	enum confidence     confidence;
	int                 confidence_metric;
};

extern const struct conf_key ladder_keys[], ladder_rung_keys[], ladder_router_keys[];

/* Reads and checks the file, its suite and what its rungs name.  NULL and all mistakes. */
struct ladder_file *ladder_load(const char *path, struct project *, struct arena *, struct err *);

struct ladder_asking {
	enum run_start start;
	bool           no_run, quiet;
	struct budget  budget;            /* of all rungs together */
	const char    *command;
};
/* Puts the cases into the store, and asks each rung what is not stored yet.  A rung whose target
 * fails does not stop the others.  0, 128 + a signal's number, or another exit status. */
int ladder_ask(struct store *, struct ladder_file *, const struct project *,
               const struct ladder_asking *, struct arena *, struct err *);

/* The rungs that can be judged, on the cases that all of them have a value for. */
struct ladder_data {
	size_t        nrung, which[RUNGS_MAX];   /* indices into ladder_file.rung */
	struct rung   rung[RUNGS_MAX];
	struct sample design;
	long          left_out;           /* cases that some rung has no value for */
	bool         *held;               /* the half that is reported on; clusters are whole */
	double       *confidence;         /* NULL: no router, or a rung of it is not there */
	size_t        cheap, strong;      /* indices into rung */
};
struct ladder_data ladder_read(struct store *, struct ladder_file *, struct arena *);

struct ladder_report {
	struct ladder_data data;
	struct ladder      ladder;        /* where data.nrung > 0 and data.design.n > 0 */
	struct held        held;
	struct router      router;
	bool               judged;        /* those hold something */
	bool               whole;         /* every rung of the file was judged */
};
/* The object that --json prints and the page is made of. */
void ladder_json(struct buf *, const struct ladder_file *, const struct ladder_report *);
void ladder_text(struct buf *, const struct ladder_file *, const struct ladder_report *);

#endif
