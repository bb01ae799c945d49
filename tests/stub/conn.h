/*
 * conn.h -- one connection of the stub, its bytes and its timer.
 */
#ifndef CONN_H
#define CONN_H

#include "tests/stub/play.h"

#include <openssl/ssl.h>
#include <sys/epoll.h>

enum state {
	LISTENING,              /* for a request, or the rest of one */
	WAITING,                /* for the time to answer */
	SENDING,
	PAUSING,                /* between two pieces of an answer */
	STALLED                 /* for ever */
};

struct conn {
	struct conn *prev, *next;   /* in hub.all */
	int        fd;
	SSL       *tls;
	enum state state;
	uint32_t   events;      /* that epoll watches */
	struct buf in, out;
	size_t     from;        /* the request being read starts here in `in` */
	size_t     seen;        /* bytes behind `from` known to hold no end of the head */
	size_t     head, body;  /* lengths of the two parts; head 0: not complete yet */
	size_t     sent, may;   /* of `out`: sent, and allowed out before the next pause */
	bool       last;        /* the connection ends with this answer */
	bool       continued;   /* 100 Continue was sent for this request */
	double     gap;
	enum ending ending;
	double     due;
	size_t     timer;       /* place in the heap and 1; 0: none */
};

/* What all connections share. */
struct hub {
	struct service *service;
	int             epoll;
	SSL_CTX        *tls;
	struct conn    *all;
	struct conn   **heap;           /* by due time, the earliest first */
	size_t          nheap, cap;
	long            conns, conns_max, conns_all;
	long            busy, busy_max; /* requests that wait for their answer */
	long            total, unmatched, status[600];
};
extern struct hub hub;

void conn_begin(int fd);
/* Closes at once, with a RST if `reset`, and frees. */
void conn_end(struct conn *, bool reset);
/* Reads what there is.  False: the peer is gone. */
bool conn_read(struct conn *);
/* Sends what may be sent.  1: all of that is out; 0: later; -1: the peer is gone. */
int  conn_write(struct conn *);
/* Goes on with a TLS handshake.  1: it is done; 0: later; -1: it failed. */
int  conn_shake(struct conn *);
/* Enters a state in which the request waits for us. */
void conn_busy(struct conn *, enum state);

void timer_set(struct conn *, double due);
void timer_clear(struct conn *);
/* Milliseconds to the next timer, for epoll_wait. */
int  timer_wait_ms(void);

#endif
