/*
 * progress.c -- one line on a terminal, a line per tenth (or minute) elsewhere.
 *
 * It goes to stderr, never to stdout where results go, and is drawn at most as often as the
 * engine beats, ten times a second.
 */
#include "harness/progress.h"

#include <stdlib.h>
#include <unistd.h>

void
progress_begin(struct progress *p, long done, long total, const char *metric, bool quiet)
{
	const char *term = getenv("TERM");

	*p = (struct progress){ .off = quiet, .tty = isatty(STDERR_FILENO) &&
	    (term == NULL || strcmp(term, "dumb") != 0), .colour = term_colour(STDERR_FILENO),
		.done = done, .before = done, .total = total, .started = tick_now(), .metric = metric };
	p->announced = p->started;
	p->tenth = total ? (int)(done * 10 / total) : 0;
}

static void
describe(const struct progress *p, const struct engine_state *s, struct buf *b)
{
	double seconds = tick_now() - p->started;
	double rate = seconds > 0 ? (double)(p->done - p->before) / seconds : 0;
	long left = p->total - p->done;

	buf_fmt(b, "%ld/%ld", p->done, p->total);
	if (rate > 0)
		buf_fmt(b, "  %.*f/s", rate < 10 ? 1 : 0, rate);
	if (rate > 0 && left > 0) {
		long eta = (long)((double)left / rate + 0.5);

		buf_fmt(b, "  %ld:%02ld left", eta / 60, eta % 60);
	}
	if (p->metric != NULL && p->scored > 0)
		buf_fmt(b, "  %s %.1f %%", p->metric, 100.0 * (double)p->passed / (double)p->scored);
	if (p->service > 0)
		buf_fmt(b, "  %ld unanswered", p->service);
	if (p->cost > 0)
		buf_fmt(b, "  $%.4g", p->cost);
	if (s != NULL && s->waiting > 0)
		buf_fmt(b, "  %zu waiting to retry", s->waiting);
}

void
progress_show(struct progress *p, const struct engine_state *s)
{
	struct buf b = { 0 };
	double now = tick_now();
	int tenth = p->total ? (int)(p->done * 10 / p->total) : 0;

	if (p->off || (!p->tty && tenth == p->tenth && now - p->announced < 60))
		return;
	p->tenth = tenth;
	p->announced = now;
	describe(p, s, &b);
	if (p->tty) {
		int width = term_width(STDERR_FILENO) - 1;

		fprintf(stderr, "\r%.*s\033[K", width < (int)b.n ? width : (int)b.n, b.p);
	} else {
		fprintf(stderr, "%s\n", b.p);
	}
	fflush(stderr);
	buf_free(&b);
}

void
progress_end(struct progress *p)
{
	if (!p->off && p->tty)
		fputs("\r\033[K", stderr);
}
