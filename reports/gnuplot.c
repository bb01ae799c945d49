/*
 * gnuplot.c -- gnuplot as a child.
 *
 * gnuplot has system(), so no text of a user reaches it: scripts are ours and numbers, texts are
 * the words W0, W1, ... that are replaced in what comes back.  What comes back is stripped of its
 * version, ids and definitions (two plots on one page would collide), and its colours become CSS
 * variables, so that they follow the page into the dark.
 */
#include "reports/gnuplot.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the process --------------------------------------------------------------------------- */

/* gnuplot with the script as its input, in a group of its own so that what it starts ends too. */
static pid_t
start(int script, int out)
{
	char name[] = "gnuplot", defaults[] = "-d", locale[] = "LC_ALL=C";
	char *const argv[] = { name, defaults, NULL }, *const env[] = { locale, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	pid_t pid;
	int rc;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, script, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	rc = posix_spawnp(&pid, argv[0], &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc == 0 ? pid : -1;
}

/* Reads until the end, the ceiling or the deadline; false if it did not end by itself. */
static bool
collect(int fd, double patience, struct buf *b)
{
	double until = tick_now() + patience;
	char part[16384];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		double left = until - tick_now();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)(left * 1000) + 1) == 0)
			return false;
		n = read(fd, part, sizeof part);
		if (n == 0)
			return !b->over;
		if (n > 0)
			buf_add(b, part, (size_t)n);
	}
}

bool
gnuplot_run(const struct buf *script, double patience, struct buf *answer)
{
	FILE *in = tmpfile();
	int out[2], status = -1;
	bool whole = false;
	pid_t pid;

	if (in == NULL)
		return false;
	if (fwrite(script->p, 1, script->n, in) != script->n || fflush(in) != 0 ||
	    lseek(fileno(in), 0, SEEK_SET) != 0 || pipe2(out, O_CLOEXEC) != 0) {
		fclose(in);
		return false;
	}
	pid = start(fileno(in), out[1]);
	fclose(in);
	close(out[1]);
	if (pid > 0) {
		whole = collect(out[0], patience, answer);
		if (!whole)
			kill(-pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0)
			;
	}
	close(out[0]);
	return pid > 0 && whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- what comes back ----------------------------------------------------------------------- */

static const char *const colour[] = {     /* by the last digit of the script's colours */
	"currentColor", "var(--accent)", "var(--soft)", "var(--line)", "var(--bad)", "var(--accent)"
};

/* Skips `open` ... `close` if it starts here. */
static bool
skip(struct str s, size_t *at, const char *open, const char *close)
{
	ptrdiff_t end;

	if (!str_starts(str_sub(s, *at, s.n), str_of(open)))
		return false;
	end = str_find(s, str_of(close), *at + strlen(open));
	*at = end < 0 ? s.n : (size_t)end + strlen(close);
	return true;
}

/* The word whose number stands after a W, if it is one of the picture's. */
static bool
word(struct buf *b, struct str s, size_t *at, const struct gnuplot_picture *p)
{
	size_t i = *at + 2, k = 0;

	if (i >= s.n || s.p[*at] != '>' || s.p[*at + 1] != 'W')
		return false;
	for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && k < p->nword; i++)
		k = 10 * k + (size_t)(s.p[i] - '0');
	if (i == *at + 2 || i >= s.n || s.p[i] != '<' || k >= p->nword)
		return false;
	p->word(b, k, p->ctx);
	*at = i;
	return true;
}

/* 'rgb( 0, 0, 5)', in whichever quotes. */
static bool
paint(struct buf *b, struct str s, size_t *at)
{
	ptrdiff_t end;
	char c;

	if (!str_starts(str_sub(s, *at, s.n), STR("rgb(")))
		return false;
	end = str_find(s, STR(")"), *at);
	if (end < 0)
		return false;
	c = s.p[end - 1];
	buf_puts(b, c >= '0' && c < '0' + (int)COUNT(colour) ? colour[c - '0'] : "currentColor");
	*at = (size_t)end + 1;
	return true;
}

/* An empty group, which gnuplot writes for each change of style. */
static bool
empty_group(struct str s, size_t *at)
{
	ptrdiff_t end;

	if (!str_starts(str_sub(s, *at, s.n), STR("<g ")) || (end = str_find(s, STR(">"), *at)) < 0 ||
	    !str_starts(str_sub(s, (size_t)end, s.n), STR(">\n</g>\n")))
		return false;
	*at = (size_t)end + 7;
	return true;
}

static void
clean(struct buf *b, struct str s, const struct gnuplot_picture *p)
{
	size_t at = 0;

	while (at < s.n) {
		if (skip(s, &at, "<title>", "</title>") || skip(s, &at, "<desc>", "</desc>") ||
		    skip(s, &at, "<defs>", "</defs>") || skip(s, &at, "<use ", "/>\n") ||
		    skip(s, &at, " id=\"", "\"") ||
		    skip(s, &at, " font-family=\"", "\"") || empty_group(s, &at) ||
		    word(b, s, &at, p) || paint(b, s, &at))
			continue;
		if (s.p[at] == '\t' || (s.p[at] == '\n' && at + 1 < s.n && s.p[at + 1] == '\n')) {
			at++;
			continue;
		}
		if (str_starts(str_sub(s, at, s.n), STR("black"))) {
			buf_puts(b, "currentColor");
			at += 5;
			continue;
		}
		buf_char(b, s.p[at++]);
	}
}

bool
gnuplot_svg(struct buf *b, struct str *all, const struct gnuplot_picture *p)
{
	ptrdiff_t open = str_find(*all, STR("<svg"), 0);
	ptrdiff_t body = open < 0 ? -1 : str_find(*all, STR(">"), (size_t)open);
	ptrdiff_t end = body < 0 ? -1 : str_find(*all, STR("</svg>"), (size_t)body);

	if (end < 0)
		return false;
	end += (ptrdiff_t)strlen("</svg>");
	html_fmt(b, "<svg class=\"plot\" id=\"%s\" role=\"img\" aria-label=\"%s\"", p->id, p->title);
	buf_fmt(b, " viewBox=\"0 0 %d %d\">", p->width, p->height);
	clean(b, str_sub(*all, (size_t)body + 1, (size_t)(end - body) - 1), p);
	buf_char(b, '\n');
	*all = str_sub(*all, (size_t)end, all->n);
	return true;
}
