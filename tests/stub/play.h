/*
 * play.h -- what the stub was told to say.
 *
 * A play is a list of rules; a rule has conditions and steps.  The grammar is in stub.c.
 */
#ifndef PLAY_H
#define PLAY_H

#include "harness/base/base.h"

enum content { CONTENT_BYTES, CONTENT_TEXT, CONTENT_ECHO };
enum ending  { END_KEEP, END_CLOSE, END_RESET, END_STALL };

enum { USAGE_COUNTED = -1, USAGE_NONE = -2 };

struct step {
	int          status;            /* 0: not a byte is answered */
	enum content content;
	struct str   body;              /* BYTES: as it is sent; TEXT: inside of a JSON string */
	struct str   head;              /* header lines that were asked for, each with its CRLF */
	const char  *finish, *model, *fingerprint;
	long         usage_in, usage_out;
	double       after_lo, after_hi;    /* seconds before the first byte */
	double       gap;               /* seconds between two bytes, or two events of a stream */
	bool         stream, logprobs, gzip;
	long         cut;               /* so many bytes of the body are sent; -1: all */
	long         stream_cut;        /* so many events; -1: all */
	enum ending  ending;
};

struct condition { struct str needle; bool in_head, negated; };

struct rule {
	int               line;
	struct condition *cond;
	size_t            ncond;
	double            chance;
	struct step      *step;
	size_t            nstep;
	long              count;        /* requests it answered */
};

struct play { struct rule *rule; size_t nrule; struct map seen; };

/* ---- play.c ---- */

/* `path` is for messages, and the folder of `file "..."`. */
int play_parse(struct play *, const char *path, struct str text, struct arena *, struct err *);
/* The step that this request gets, counted; NULL when no rule matches. */
const struct step *play_step(struct play *, struct str head, struct str body);

/* ---- answer.c ---- */

/* Appends `text` as the inside of a JSON string. */
void json_inside(struct buf *, struct str text);
/* A gzip file of `text`, or, when `repeat` > 1, of `text` that many times. */
void gzip_of(struct buf *, struct str text, size_t repeat);
/* All bytes of the answer, head included, as far as the step lets them out. */
void answer(struct buf *out, const struct step *, struct str body);
/* A complete answer of the stub itself. */
void answer_plain(struct buf *out, int status, struct str json);

/* ---- serve.c ---- */

struct service {
	struct play *play;
	int          listener;
	const char  *cert, *key;        /* PEM; NULL: no TLS */
	long         slots;             /* more requests at once than this get 429; 0: no limit */
};
/* Answers until SIGTERM or SIGINT. */
void serve(struct service *);
/* What was asked so far, as JSON. */
void service_count(const struct service *, struct buf *);

#endif
