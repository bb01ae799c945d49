/*
 * slot.h -- one case under way: what engine.c and slot.c know of it.
 */
#ifndef SLOT_H
#define SLOT_H

#include "harness/harness.h"
#include "harness/http.h"

enum phase {
	SLOT_FREE,
	SLOT_READY,                           /* has a job; may be sent */
	SLOT_FLYING,
	SLOT_WAITING                          /* until `due`, then ready again */
};

struct slot {
	size_t            index;
	enum phase        phase;
	const struct target *target;
	struct http_call *call;               /* WIRE_HTTP */
	struct job        job;
	struct arena      arena;              /* the job and its request */
	struct arena      answer;             /* this attempt's reply */
	struct request    req;
	struct completion c;
	struct str        raw;                /* the reply as it came */
	/* an event stream */
	struct sse        sse;
	struct buf        text;
	bool              complete;           /* its protocol saw the end */
	double            first_token;
	/* time */
	double            taken, sent, due;   /* due: a limit, or the end of the wait */
	double            linger;             /* when a complete stream must have closed; 0: no */
	double           *alarm;              /* the engine's next look at limits: may be lowered */
	double            window;             /* its start, when `seen` bytes had come */
	size_t            seen;
	int               malformed;          /* answers that nobody could read */
};

/* A fresh job: forgets the one before. */
void slot_take(struct slot *, double now);
void slot_free(struct slot *);
/* Writes the request if this is the first attempt, and starts a blank completion. */
void slot_prepare(struct slot *, double now);
/* Of an attempt that ended: fills the completion and says whether to try again. */
struct retry_advice slot_answered(struct slot *, enum http_end, struct str why);
struct retry_advice slot_line(struct slot *, struct str line, double now);
/* Whether a worker's answer, if it says to which request it is, is to the slot's. */
bool slot_in_step(const struct slot *);
/* The whole of a WIRE_LOCAL attempt. */
void slot_local(struct slot *);
/* Ends the attempt with an outcome of ours. */
void slot_fail(struct slot *, enum outcome, const char *why, double now);
/* A flying HTTP slot's limits: the one that passed, or LIMIT_NONE and the next `due`. */
enum limit { LIMIT_NONE, LIMIT_FIRST_BYTE, LIMIT_IDLE, LIMIT_TOTAL, LIMIT_LINGER };
enum limit slot_limit(struct slot *, double now);
struct retry_advice slot_late(struct slot *, enum limit, double now);

#endif
