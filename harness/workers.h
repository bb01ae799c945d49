/*
 * workers.h -- one child per slot: engine.c's view of workers.c.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include "harness/child.h"
#include "harness/harness.h"

/* What epoll_event.data.u64 says beside the index: the worker said something, or can be
 * written to. */
#define WORKER_SPOKE  (UINT64_C(2) << 32)
#define WORKER_LISTEN (UINT64_C(3) << 32)

struct workers;
struct workers *workers_open(const struct target *, int epoll, size_t n);
void workers_close(struct workers *);
/* Gives worker i its line, and starts it first if there is none or it is out of step (it spoke
 * without being asked).  -1 and a sentence: it cannot be started. */
int  workers_send(struct workers *, size_t i, struct str line, struct err *) MUST_USE;
void workers_writable(struct workers *, size_t i);
/* `asked`: a line is expected.  A worker that speaks without is stopped. */
enum child_event workers_readable(struct workers *, size_t i, bool asked, struct str *line);
/* Ends worker i, of which `why` then tells; the next line goes to a fresh one. */
void workers_stop(struct workers *, size_t i, struct buf *why);

#endif
