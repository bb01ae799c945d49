/*
 * nouns.h -- the words of the program.
 *
 * Layer 2.  Plain data: no functions beyond naming, nothing hidden.  Read this file and you
 * know what the rest talks about.
 */
#ifndef NOUNS_H
#define NOUNS_H

#include "harness/base/base.h"

/* One message of a chat. */
struct msg { const char *role; struct str text; };

/* One case of a suite.  (`case` is a C keyword.) */
struct test_case {
	long           row;      /* in the store: test_case.id */
	const char    *id;       /* unique in the suite, stable between versions */
	struct hash128 hash;     /* of its bytes: an edited case is another case */
	int            slice;    /* index into suite->slice, -1: the suite has none */
	const char    *cluster;  /* cases that are not independent share one; NULL: its own */
	double         weight;   /* 1 unless the case file says otherwise */
	struct msg    *msg;      /* what is asked, after the prompt template */
	size_t         nmsg;
	struct str     input;    /* the field `input` as it stands in the file */
	struct str    *expect;   /* acceptable answers, if any */
	size_t         nexpect;
	long           line;     /* in the case file, for messages */
};

/*
 * What became of one request.  A model that fails is a result, never a struct err.
 * The first four are the model's doing, the rest the service's.
 */
enum outcome {
	OUT_ANSWERED,            /* it finished by itself */
	OUT_TRUNCATED,           /* cut by a token limit */
	OUT_FILTERED,            /* withheld by a content filter */
	OUT_DECLINED,            /* the model refused in a field of its own */
	OUT_TIMEOUT,             /* a time limit of ours passed */
	OUT_UNAVAILABLE,         /* 429, 5xx, no connection: still so after all retries */
	OUT_REJECTED,            /* 4xx, a redirect, no money: trying again cannot help */
	OUT_GARBAGE,             /* an answer that is not of the protocol */
	OUT_COUNT
};
extern const char *const outcome_name[OUT_COUNT];
/* The model was measured: the outcome is its own doing. */
#define OUTCOME_IS_MODELS(o) ((o) <= OUT_DECLINED)

struct logprob { struct str token; double lp; };

struct completion {
	enum outcome outcome;
	struct str   text;
	struct str   reasoning;              /* thinking text, where the server shows it apart */
	struct str   why;                    /* a sentence when not answered */
	struct str   finish;                 /* the server's own word for why it stopped */
	struct str   served;                 /* the model name that the server claims */
	struct str   fingerprint;            /* system_fingerprint, engine build */
	struct str   response_id;
	bool         bad_utf8;               /* `text` is not UTF-8 as it came */
	int          status;                 /* HTTP, 0 if none */
	int          attempts;               /* requests sent */
	long         tokens_in, tokens_out;  /* -1: not reported */
	double       ms_total;               /* last attempt: request sent to last byte */
	double       ms_first;               /* to the first token (stream) or byte; -1 unknown */
	double       ms_queue, ms_backoff;   /* ours, never counted as the model's latency */
	double       cost;                   /* by the target's prices; -1: no prices */
	struct logprob *lp;                  /* if asked for */
	size_t       nlp;
};

/* Missing is a state, not a number. */
struct score { bool scored; double value; struct str why; };

struct estimate {
	double      at, lo, hi;              /* meaningful where the flags say so */
	bool        known;                   /* false: undefined, `at` means nothing */
	bool        bounded;                 /* false: no interval, `lo` and `hi` mean nothing */
	long        n;                       /* independent units */
	const char *method;                  /* "wilson", "t", "post-stratified t", ... */
};

enum verdict { PASS, FAIL, INCONCLUSIVE, INVALID };
extern const char *const verdict_name[4];
int verdict_exit(enum verdict);          /* 0, 1, 3, 3 */

/* A JSON array of {"role":..., "content":...}. */
void messages_json(struct buf *, const struct msg *, size_t n);

/* How a metric's values are distributed: decides the interval and the test. */
enum scale { SCALE_BINARY, SCALE_UNIT, SCALE_REAL };

#endif
