/*
 * child.h -- one child process that answers lines: engine.c's view of child.c.
 *
 * The child has its own process group, pipes on stdin, stdout and stderr (ours non-blocking),
 * an allow-listed environment, no other descriptor, resource limits, and dies with us
 * (PR_SET_PDEATHSIG).  child.c never blocks and owns no loop: the engine waits on the two
 * descriptors and calls in.
 */
#ifndef CHILD_H
#define CHILD_H

#include "harness/base/base.h"

struct child;

struct child_limits {
	long   cpu_seconds, memory, files;    /* RLIMIT_CPU, RLIMIT_AS, RLIMIT_NOFILE; 0: inherited */
	size_t line;                          /* bytes in one line of output, at most */
};

/* argv[0] is looked up in PATH; there is no shell.  env: "NAME" passes ours on, "NAME=value"
 * sets; PATH, HOME, LANG, LC_ALL, TMPDIR are always passed.  dir NULL: ours. */
struct child *child_start(const char *const *argv, const char *dir, const char *const *env,
                          const struct child_limits *, struct err *);
int  child_in(const struct child *);          /* to write when child_wants_write; -1 once closed */
int  child_out(const struct child *);         /* to read */
void child_send(struct child *, struct str line);   /* queues it and a newline */
bool child_wants_write(const struct child *);
void child_on_writable(struct child *);

enum child_event {
	CHILD_MORE,                           /* no whole line yet */
	CHILD_LINE,                           /* *line, without its newline, until the next call */
	CHILD_OVER,                           /* a line passed the ceiling */
	CHILD_EOF                             /* it closed its output or died */
};
/* Call again while it returns CHILD_LINE. Also drains stderr, of which the last 2 kB are kept. */
enum child_event child_on_readable(struct child *, struct str *line);
/* Kills the whole group (TERM, after `grace` seconds KILL), reaps, frees.  `why`: how it ended
 * and the end of what it said on stderr, or NULL. */
void child_stop(struct child *, double grace, struct buf *why);
/* What it is worth telling people while it still runs: the end of stderr. */
struct str child_stderr(const struct child *);

#endif
