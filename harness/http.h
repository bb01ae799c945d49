/*
 * http.h -- requests over HTTP: engine.c's view of http.c.
 *
 * One libcurl multi handle, one easy handle per slot, kept for the whole run.  http.c never
 * waits: it registers its sockets with the caller's epoll descriptor, and the caller hands in
 * what epoll reports and calls http_expire when http_timer says so.
 */
#ifndef HTTP_H
#define HTTP_H

#include "harness/harness.h"

/* How a transfer ended. */
enum http_end {
	HTTP_WHOLE,                           /* an answer came and is all there */
	HTTP_NO_ANSWER,                       /* no connection, or nothing came back */
	HTTP_CUT,                             /* the answer broke off or is garbled */
	HTTP_TOO_BIG,                         /* body or headers passed their ceiling */
	HTTP_UNTRUSTED,                       /* the server could not prove who it is */
	HTTP_IN_CLEAR,                        /* refused by us: a key over plain http */
	HTTP_UNUSABLE                         /* not a request that could be sent */
};

/* One slot's request and its answer; the fields are read-only for the caller, but `on_chunk`
 * and `owner`.  Times are tick_now's. */
struct http_call {
	struct reply_head head;
	struct buf  body;                     /* decoded; its ceiling is the target's */
	double      sent, last;               /* the request left; the last byte came */
	double      first;                    /* first byte of the answer; 0: none yet */
	size_t      received;                 /* bytes of head and body so far, decoded */
	/* Optional: sees each piece of the body of an event stream as it comes. */
	void      (*on_chunk)(void *owner, struct str chunk);
	void       *owner;
	struct http_wire *wire;               /* http.c's */
};

struct http;
struct http *http_open(const struct target *, int epoll, size_t ncalls);
void http_close(struct http *);
struct http_call *http_call(struct http *, size_t i);

/* Sends; the request must stay as it is until the call ended or was cancelled. */
void http_send(struct http_call *, const struct request *);
void http_cancel(struct http_call *);
/* Of one descriptor that epoll reported with data.u64 == fd. */
void http_ready(struct http *, int fd, uint32_t events);
double http_timer(const struct http *);       /* INFINITY: none */
void http_expire(struct http *);
/* The next call that ended, or NULL; `why` is then a sentence unless it is whole. */
struct http_call *http_ended(struct http *, enum http_end *, struct buf *why);

/* http_check.c: this machine's or a private network's (RFC 1918, RFC 4193), or a local socket. */
struct sockaddr;
bool http_private(const struct sockaddr *);
/* A header line, or a part of one, that does not smuggle in another. */
bool http_one_line(struct str);

#endif
