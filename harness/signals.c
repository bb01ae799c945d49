/*
 * signals.c -- signals that come through the loop like everything else, while a run asks.
 */
#include "harness/signals.h"

#include "harness/base/base.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

void
signals_open(struct signals *s)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ours, &s->before);
	sigaction(SIGPIPE, &ignore, &s->pipe_before);
	if ((s->fd = signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
		die(EXIT_SURROUNDINGS, "cannot wait for signals: %s", strerror(errno));
}

int
signals_next(struct signals *s)
{
	struct signalfd_siginfo info;

	return read(s->fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void
signals_close(struct signals *s)
{
	close(s->fd);
	sigaction(SIGPIPE, &s->pipe_before, NULL);
	pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}
