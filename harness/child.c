/*
 * child.c -- one process that answers lines, seen from the engine's loop.
 *
 * Its stdout and stderr are gathered in an epoll descriptor, so that a child which fills its
 * stderr before it answers is drained and cannot stall.  A last line without a newline is
 * never given out: it may be torn.
 */
#include "harness/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LINE_MAX_DEFAULT = 4 << 20,
	CHUNK            = 16384,
	ERR_READS        = 16,                /* per call: stderr must not starve stdout */
	STEP_MS          = 10
};

struct child {
	pid_t       pid;
	int         in, out, err, both;
	struct buf  to;                       /* waits to be written from `sent` on */
	size_t      sent;
	struct buf  from;                     /* lines from `start` on; none ends before `seen` */
	size_t      start, seen, line_max;
	bool        eof;
	struct tail tail;
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
watch(struct child *c, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(c->both, EPOLL_CTL_ADD, fd, &ev) != 0)
		die(EXIT_SURROUNDINGS, "cannot wait for a child: %s", strerror(errno));
}

struct child *
child_start(const char *const *argv, const char *dir, const char *const *env,
    const struct child_limits *limits, struct err *e)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, both, bad = -1;
	struct child *c = NULL;
	pid_t pid;

	both = epoll_create1(EPOLL_CLOEXEC);
	if (both < 0 || pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
	    pipe2(err, O_CLOEXEC) != 0) {
		err_set(e, "cannot start '%s': %s", argv[0], strerror(errno));
	} else {
		struct spawn s = { argv, dir, env, limits, { in[0], out[1], err[1] } };

		bad = spawn_start(&s, &pid, e);
	}
	close_fd(&in[0]);
	close_fd(&out[1]);
	close_fd(&err[1]);
	if (bad != 0) {
		close_fd(&in[1]);
		close_fd(&out[0]);
		close_fd(&err[0]);
		close_fd(&both);
		return NULL;
	}
	c = mem_alloc(1, sizeof *c);
	*c = (struct child){ .pid = pid, .in = in[1], .out = out[0], .err = err[0], .both = both };
	c->line_max = limits != NULL && limits->line > 0 ? limits->line : LINE_MAX_DEFAULT;
	if (fcntl(c->in, F_SETFL, O_NONBLOCK) != 0)
		die(EXIT_SURROUNDINGS, "cannot write to a child: %s", strerror(errno));
	watch(c, c->out);
	watch(c, c->err);
	return c;
}

int
child_in(const struct child *c)
{
	return c->in;
}

int
child_out(const struct child *c)
{
	return c->both;
}

struct str
child_stderr(const struct child *c)
{
	return (struct str){ c->tail.p, c->tail.n };
}

bool
child_wants_write(const struct child *c)
{
	return c->in >= 0 && c->sent < c->to.n;
}

void
child_send(struct child *c, struct str line)
{
	if (c->in < 0)
		return;                          /* it closed its stdin: EOF on stdout will follow */
	buf_str(&c->to, line);
	buf_char(&c->to, '\n');
}

/* write(2) without the SIGPIPE that a dead child would cost us, whatever the process chose
 * for that signal. */
static ssize_t
write_quietly(int fd, const char *p, size_t n)
{
	sigset_t pipe_only, before, pending;
	ssize_t done;
	int error;
	bool was;

	sigpending(&pending);
	was = sigismember(&pending, SIGPIPE);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
	done = write(fd, p, n);
	error = errno;
	if (done < 0 && error == EPIPE && !was)
		sigtimedwait(&pipe_only, NULL, &(struct timespec){ 0, 0 });
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return done;
}

void
child_on_writable(struct child *c)
{
	while (child_wants_write(c)) {
		ssize_t n = write_quietly(c->in, c->to.p + c->sent, c->to.n - c->sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			close_fd(&c->in);
		else
			c->sent += (size_t)n;
	}
	buf_reset(&c->to);
	c->sent = 0;
}

static void
drain_stderr(struct child *c)
{
	char chunk[CHUNK];

	for (int i = 0; i < ERR_READS && c->err >= 0; i++) {
		ssize_t n = read(c->err, chunk, sizeof chunk);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			close_fd(&c->err);               /* leaves the epoll set with it */
		else
			tail_add(&c->tail, chunk, (size_t)n);
	}
}

/* True if bytes came. */
static bool
read_more(struct child *c)
{
	char chunk[CHUNK];
	ssize_t n;

	/* The line given out last is over: forget it, and all that was read before it. */
	if (c->start > 0) {
		memmove(c->from.p, c->from.p + c->start, c->from.n - c->start);
		c->from.n -= c->start;
		c->seen -= c->start;
		c->start = 0;
	}
	do
		n = read(c->out, chunk, sizeof chunk);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		buf_add(&c->from, chunk, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		c->eof = true;
	return n > 0;
}

enum child_event
child_on_readable(struct child *c, struct str *line)
{
	drain_stderr(c);
	do {
		size_t n = c->from.n - c->seen;
		const char *nl = n > 0 ? memchr(c->from.p + c->seen, '\n', n) : NULL;

		c->seen = nl != NULL ? (size_t)(nl - c->from.p) : c->from.n;
		if (c->seen - c->start > c->line_max)
			return CHILD_OVER;
		if (nl != NULL) {
			*line = (struct str){ c->from.p + c->start, c->seen - c->start };
			c->start = c->seen = c->seen + 1;
			return CHILD_LINE;
		}
	} while (!c->eof && read_more(c));
	return c->eof ? CHILD_EOF : CHILD_MORE;
}

/* Waits until the child ended, reading what it still says so that it can end. */
static bool
wait_over(struct child *c, double seconds)
{
	char chunk[CHUNK];
	double end = tick_now() + seconds;
	bool over;

	while (!(over = spawn_over(c->pid)) && tick_now() < end) {
		struct pollfd fd[2] = { { c->eof ? -1 : c->out, POLLIN, 0 }, { c->err, POLLIN, 0 } };

		poll(fd, 2, STEP_MS);
		drain_stderr(c);
		if (fd[0].revents != 0 && read(c->out, chunk, sizeof chunk) == 0)
			c->eof = true;
	}
	return over;
}

static void
say_why(const struct child *c, int status, bool asked, bool forced, struct buf *why)
{
	struct str said = str_trim(child_stderr(c));

	if (forced)
		buf_puts(why, "had to be killed");
	else if (asked && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)
		buf_puts(why, "was stopped");
	else
		spawn_how(why, status);
	if (said.n > 0) {
		struct arena a = { 0 };

		buf_puts(why, "; it said: ");
		buf_str(why, str_visible(said, 2 * sizeof c->tail.p, true, &a));
		arena_free(&a);
	}
}

void
child_stop(struct child *c, double grace, struct buf *why)
{
	bool over, asked = false;
	int status;

	close_fd(&c->in);
	/* Between closing its output and being dead a process is neither: how it ended is worth
	 * a moment. */
	over = wait_over(c, !c->eof ? 0 : grace < 1 ? grace : 1);
	if (!over) {
		asked = true;
		spawn_signal(c->pid, SIGTERM);
		over = wait_over(c, grace);
	}
	status = spawn_reap(c->pid);
	drain_stderr(c);
	if (why != NULL)
		say_why(c, status, asked, !over, why);
	close_fd(&c->out);
	close_fd(&c->err);
	close_fd(&c->both);
	buf_free(&c->to);
	buf_free(&c->from);
	mem_free(c);
}
