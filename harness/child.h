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

#include <sys/types.h>

struct child;

struct child_limits {
	long   cpu_seconds, memory, files;    /* RLIMIT_CPU, RLIMIT_AS, RLIMIT_NOFILE; 0: inherited */
	size_t line;                          /* bytes in one line of output, at most; 0: 4 MB */
};

/* How the workers of an exec target are started and ended: target->worker. */
struct worker {
	const char *const  *argv;
	const char         *dir;
	const char *const  *env;
	struct child_limits limits;
	double              grace;
};

/* argv[0] is looked up in PATH; there is no shell.  env: "NAME" passes ours on, "NAME=value"
 * sets; PATH, HOME, LANG, LC_ALL, TMPDIR are always passed.  dir NULL: ours. */
struct child *child_start(const char *const *argv, const char *dir, const char *const *env,
                          const struct child_limits *, struct err *);
int  child_in(const struct child *);          /* to write when child_wants_write; -1 once closed */
/* Readable when stdout or stderr is: wait on it, but read by child_on_readable only. */
int  child_out(const struct child *);
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
 * and the end of what it said on stderr, or NULL.  Waits for `grace` at most, and less when the
 * child goes by itself.  A grandchild that left the group by setsid is out of reach. */
void child_stop(struct child *, double grace, struct buf *why);
/* What it is worth telling people while it still runs: the end of stderr. */
struct str child_stderr(const struct child *);

/* ---- spawn.c: a process in a group of its own, for child.c and serve.c -------------------- */

struct spawn {
	const char *const         *argv;      /* argv, dir and env as for child_start */
	const char                *dir;
	const char *const         *env;
	const struct child_limits *limits;    /* or NULL */
	int                        fd[3];     /* become stdin, stdout and stderr; stay the caller's */
};

/* Returns when the program runs, or -1 with why it does not.  The calling thread must outlive
 * the child: PR_SET_PDEATHSIG kills the child when that thread ends.  After a kill -9 of ours
 * only the child itself is killed so; what it started sees its stdin end. */
int  spawn_start(const struct spawn *, pid_t *, struct err *) MUST_USE;
/* The same with nothing to read and both outputs in one pipe, our end of which, non-blocking,
 * is *out; s->fd is not used. */
int  spawn_printing(const struct spawn *, pid_t *, int *out, struct err *) MUST_USE;
/* Runs it to its end, adding what it prints to `said`: -1 and a sentence if it does not end
 * with status 0 within `seconds`. */
int  spawn_output(const struct spawn *, double seconds, struct buf *said, struct err *) MUST_USE;
/* 0 if argv[0] can be started, or -1 with the sentence of spawn_start. */
int  spawn_check(const char *argv0, const char *dir, struct err *);
/* The child ended by itself or by a signal; it is not reaped, so its group's id stays its own. */
bool spawn_over(pid_t);
void spawn_signal(pid_t, int sig);            /* to the whole group */
/* Kills what is left of the group and reaps the child: its wait status, or -1 if unknown. */
int  spawn_reap(pid_t);
/* "exited with status 3", "was killed by signal 9 (Killed)". */
void spawn_how(struct buf *, int status);

/* The end of what somebody said. */
struct tail { size_t n; char p[2048]; };
void tail_add(struct tail *, const char *, size_t);

#endif
