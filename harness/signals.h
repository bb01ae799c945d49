/*
 * signals.h -- signals as something to read: engine.c's view of signals.c.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>

struct signals {
	int              fd;                  /* readable when one came */
	sigset_t         before;
	struct sigaction pipe_before;
};

/* From here to signals_close SIGINT, SIGTERM and SIGHUP only make `fd` readable, and writing to
 * a connection that closed is no reason to die. */
void signals_open(struct signals *);
int  signals_next(struct signals *);      /* the number of one that came, or 0 */
void signals_close(struct signals *);

#endif
