/*
 * workers.c -- the children of an exec target: one per slot, asked one line at a time.
 *
 * A line is an answer only if it came after its question, from the same child, and alone: a
 * child that is seen to say more than it was asked is out of step and is replaced, because its
 * next line would be taken for the answer to another case.  (An extra line that comes after the
 * next question looks like its answer: that is for the protocol to tell.)
 */
#include "harness/workers.h"

#include <errno.h>
#include <sys/epoll.h>

struct one { struct child *child; bool listening; };

struct workers {
	const struct worker *how;
	int         epoll;
	size_t      n;
	struct one *one;
};

struct workers *
workers_open(const struct target *t, int epoll, size_t n)
{
	struct workers *w = mem_alloc(1, sizeof *w);

	*w = (struct workers){ t->worker, epoll, n, mem_alloc(n, sizeof *w->one) };
	return w;
}

static void
watch(struct workers *w, int fd, uint32_t events, uint64_t tag)
{
	struct epoll_event ev = { .events = events, .data.u64 = tag };

	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		die(EXIT_SURROUNDINGS, "cannot watch a worker: %s", strerror(errno));
}

/* epoll hears of a pipe's room only while there is something to write. */
static void
listen_or_not(struct workers *w, size_t i)
{
	struct one *o = &w->one[i];
	int fd = child_in(o->child);
	bool want = child_wants_write(o->child) && fd >= 0;

	if (want && !o->listening)
		watch(w, fd, EPOLLOUT, WORKER_LISTEN | i);
	else if (!want && o->listening && fd >= 0)
		(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
	o->listening = want;
}

void
workers_stop(struct workers *w, size_t i, struct buf *why)
{
	struct one *o = &w->one[i];

	if (o->child == NULL)
		return;
	if (o->listening && child_in(o->child) >= 0)
		(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, child_in(o->child), NULL);
	(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, child_out(o->child), NULL);
	child_stop(o->child, w->how->grace, why);
	*o = (struct one){ 0 };
}

void
workers_close(struct workers *w)
{
	for (size_t i = 0; i < w->n; i++)
		workers_stop(w, i, NULL);
	mem_free(w->one);
	mem_free(w);
}

enum child_event
workers_readable(struct workers *w, size_t i, bool asked, struct str *line)
{
	enum child_event event;

	if (w->one[i].child == NULL)
		return CHILD_MORE;
	event = child_on_readable(w->one[i].child, line);
	if (!asked && event != CHILD_MORE)
		workers_stop(w, i, NULL);
	return event;
}

int
workers_send(struct workers *w, size_t i, struct str line, struct err *e)
{
	struct one *o = &w->one[i];
	struct str unasked;

	(void)workers_readable(w, i, false, &unasked);
	if (o->child == NULL) {
		o->child = child_start(w->how->argv, w->how->dir, w->how->env, &w->how->limits, e);
		if (o->child == NULL)
			return -1;
		watch(w, child_out(o->child), EPOLLIN, WORKER_SPOKE | i);
	}
	child_send(o->child, line);
	listen_or_not(w, i);
	return 0;
}

void
workers_writable(struct workers *w, size_t i)
{
	if (w->one[i].child == NULL)
		return;
	child_on_writable(w->one[i].child);
	listen_or_not(w, i);
}
