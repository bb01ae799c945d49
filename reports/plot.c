/*
 * plot.c -- gnuplot, as inline SVG.
 *
 * gnuplot has system(), so no text of a user reaches it: the script is ours and numbers, labels
 * are the words R0, R1, ... that are replaced in what comes back.  What comes back is stripped
 * of its version, ids and definitions (two plots on one page would collide), and its colours
 * become CSS variables, so that they follow the page into the dark.
 */
#include "reports/reports.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WIDTH = 760, ROW = 26, AXIS = 44, ANSWER_MAX = 1 << 20, LABEL = 34,
       COSTS_HEIGHT = 380 };
static const double PATIENCE = 5;         /* seconds */

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
collect(int fd, struct buf *b)
{
	double until = tick_now() + PATIENCE;
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

static bool
run_gnuplot(const struct buf *script, struct buf *svg)
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
		whole = collect(out[0], svg);
		if (!whole)
			kill(-pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0)
			;
	}
	close(out[0]);
	return pid > 0 && whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- what is drawn --------------------------------------------------------------------------- */

static void
limits(const struct plot_row *row, size_t n, bool percent, bool has_rule, double rule, double *lo,
    double *hi)
{
	double room;

	*lo = *hi = has_rule ? rule : row[0].at;
	for (size_t i = 0; i < n; i++) {
		*lo = fmin(*lo, row[i].bounded ? row[i].lo : row[i].at);
		*hi = fmax(*hi, row[i].bounded ? row[i].hi : row[i].at);
	}
	room = *hi > *lo ? 0.06 * (*hi - *lo) : fmax(fabs(*hi) * 0.1, 0.01);
	*lo = percent ? fmax(0, *lo - room) : *lo - room;
	*hi = percent ? fmin(1, *hi + room) : *hi + room;
}

static void
write_script(struct buf *b, const struct plot_row *row, size_t n, bool percent, bool has_rule,
    double rule)
{
	double by = percent ? 100 : 1, lo, hi, height = (double)n * ROW + AXIS;

	limits(row, n, percent, has_rule, rule, &lo, &hi);
	buf_fmt(b, "set terminal svg size %d,%.0f dynamic noenhanced rounded font 'Helvetica,13'\n"
	    "set encoding utf8\nunset key\nset border 0\n"
	    "set lmargin at screen 0.3\nset rmargin at screen 0.78\n"
	    "set tmargin at screen %.6f\nset bmargin at screen %.6f\n"
	    "set xrange [%.17g:%.17g]\nset yrange [%zu.5:-0.5]\n"
	    "set xtics scale 0 autofreq textcolor rgb '#000002'\nset format x '%s'\n"
	    "set grid xtics lt 1 lw 1 lc rgb '#000003'\nset errorbars 0\nset ytics scale 0 (",
	    WIDTH, height, 1 - 6 / height, (AXIS - 6) / height, lo * by, hi * by, n - 1,
	    percent ? "%g %%" : "%g");
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "%s'R%zu' %zu", i ? "," : "", i, i);
	buf_puts(b, ")\n");
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "set label %zu 'V%zu' at screen 0.8, first %zu left\n", i + 1, i, i);
	if (has_rule)
		buf_fmt(b, "set arrow 1 from first %.17g, graph 0 to first %.17g, graph 1 nohead lw 1.5"
		    " dt (5,4) lc rgb '#000004'\n", rule * by, rule * by);
	buf_puts(b, "$d << EOD\n");
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "%zu %.17g %.17g %.17g\n", i, row[i].at * by,
		    (row[i].bounded ? row[i].lo : row[i].at) * by,
		    (row[i].bounded ? row[i].hi : row[i].at) * by);
	/* The dots are lines so short that their round ends touch: a symbol would be a reference to
	 * a definition by its id. */
	buf_fmt(b, "EOD\nplot $d u 2:1:3:4 w xerrorbars ps 0 lw 3 lc rgb '#000005',"
	    " $d u 2:1:($2-%.17g):($2+%.17g) w xerrorbars ps 0 lw 10 lc rgb '#000005'\n",
	    (hi - lo) * by / 2000, (hi - lo) * by / 2000);
}

/* ---- what comes back ------------------------------------------------------------------------- */

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

/* The label or value whose number stands after `kind`, if it is one of ours. */
static bool
word(struct buf *b, struct str s, size_t *at, const struct plot_row *row, size_t n)
{
	size_t i = *at + 2, k = 0;
	char kind;

	if (i >= s.n || s.p[*at] != '>' || (s.p[*at + 1] != 'R' && s.p[*at + 1] != 'V'))
		return false;
	kind = s.p[*at + 1];
	for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && k < n; i++)
		k = 10 * k + (size_t)(s.p[i] - '0');
	if (i == *at + 2 || i >= s.n || s.p[i] != '<' || k >= n)
		return false;
	buf_puts(b, row[k].strong ? " font-weight=\"600\">" : ">");
	if (kind == 'R') {
		struct str label = str_of(row[k].label), cut = html_cut(label, LABEL);

		html_text(b, cut);
		if (cut.n < label.n)
			buf_puts(b, "\xe2\x80\xa6");
	} else {
		buf_puts(b, row[k].said);
	}
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
clean(struct buf *b, struct str s, size_t at, const struct plot_row *row, size_t n)
{
	while (at < s.n) {
		if (skip(s, &at, "<title>", "</title>") || skip(s, &at, "<desc>", "</desc>") ||
		    skip(s, &at, "<defs>", "</defs>") || skip(s, &at, "<use ", "/>\n") ||
		    skip(s, &at, " id=\"", "\"") ||
		    skip(s, &at, " font-family=\"", "\"") || empty_group(s, &at) ||
		    word(b, s, &at, row, n) || paint(b, s, &at))
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

/* What gnuplot draws by the script, with the rows' words in it; false: it did not. */
static bool
draw(struct buf *b, const char *prefix, const char *title, const struct buf *script,
    const struct plot_row *row, size_t n, size_t height)
{
	struct buf svg = { .max = ANSWER_MAX };
	struct str s;
	ptrdiff_t open, body;
	bool good = false;

	if (run_gnuplot(script, &svg)) {
		s = buf_as_str(&svg);
		open = str_find(s, STR("<svg"), 0);
		body = open < 0 ? -1 : str_find(s, STR(">"), (size_t)open);
		good = body >= 0 && str_find(s, STR("</svg>"), (size_t)body) >= 0;
	}
	if (good) {
		html_fmt(b, "<svg class=\"plot\" id=\"%s\" role=\"img\" aria-label=\"%s\"", prefix, title);
		buf_fmt(b, " viewBox=\"0 0 %d %zu\">", WIDTH, height);
		clean(b, s, (size_t)body + 1, row, n);
	}
	buf_free(&svg);
	return good;
}

bool
plot_forest(struct buf *b, const char *prefix, const char *title, const struct plot_row *row,
    size_t n, bool percent, bool has_rule, double rule)
{
	struct buf script = { 0 };
	bool good;

	if (n == 0)
		return false;
	write_script(&script, row, n, percent, has_rule, rule);
	good = draw(b, prefix, title, &script, row, n, n * ROW + AXIS);
	buf_free(&script);
	return good;
}

/* ---- rates against costs --------------------------------------------------------------------- */

static void
cost_range(const double *x, size_t n, double *lo, double *hi, bool *logs)
{
	double room;

	*lo = *hi = x[0];
	for (size_t i = 1; i < n; i++) {
		*lo = fmin(*lo, x[i]);
		*hi = fmax(*hi, x[i]);
	}
	*logs = *lo > 0 && *hi >= 20 * *lo;
	if (*logs) {
		room = pow(*hi / *lo, 0.12);
		*lo /= room;
		*hi *= room;
	} else {
		room = *hi > *lo ? 0.12 * (*hi - *lo) : fmax(fabs(*hi) * 0.1, 1e-6);
		*lo = fmax(0, *lo - room);
		*hi += room;
	}
}

/* Where x lies between the ends of a logarithmic axis, 0 to 1. */
static double
log_part(double lo, double hi, double x)
{
	return log(x / lo) / log(hi / lo);
}

static void
cost_script(struct buf *b, const struct plot_row *row, const double *x, size_t n, bool has_rule,
    double rule)
{
	double lo, hi, left, right;
	bool logs;

	limits(row, n, true, has_rule, rule, &lo, &hi);
	cost_range(x, n, &left, &right, &logs);
	buf_fmt(b, "set terminal svg size %d,%d dynamic noenhanced rounded font 'Helvetica,13'\n"
	    "set encoding utf8\nunset key\nset border 0\n%s"
	    "set xrange [%.17g:%.17g]\nset yrange [%.17g:%.17g]\n"
	    "set xlabel 'USD per 1,000 requests' textcolor rgb '#000002'\n"
	    "set xtics scale 0 autofreq textcolor rgb '#000002'\nset format x '%%g'\n"
	    "set ytics scale 0 autofreq textcolor rgb '#000002'\nset format y '%%g %%%%'\n"
	    "set grid xtics ytics lt 1 lw 1 lc rgb '#000003'\nset errorbars 0\n", WIDTH, COSTS_HEIGHT,
	    logs ? "set logscale x\n" : "", left, right, lo * 100, hi * 100);
	if (has_rule)
		buf_fmt(b, "set arrow 1 from graph 0, first %.17g to graph 1, first %.17g nohead lw 1.5"
		    " dt (5,4) lc rgb '#000004'\n", rule * 100, rule * 100);
	for (size_t i = 0; i < n; i++) {
		double at = logs ? log_part(left, right, x[i]) : (x[i] - left) / (right - left);

		buf_fmt(b, "set label %zu 'R%zu' at first %.17g, first %.17g %s offset %s,%s\n", i + 1, i,
		    x[i], row[i].at * 100, at > 0.6 ? "right" : "left", at > 0.6 ? "-1" : "1",
		    i % 2 ? "-0.8" : "0.8");
	}
	buf_puts(b, "$d << EOD\n");
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "%.17g %.17g %.17g %.17g\n", x[i], row[i].at * 100,
		    (row[i].bounded ? row[i].lo : row[i].at) * 100,
		    (row[i].bounded ? row[i].hi : row[i].at) * 100);
	buf_fmt(b, "EOD\nplot $d u 1:2:3:4 w yerrorbars ps 0 lw 3 lc rgb '#000005',"
	    " $d u 1:2:($2-%.17g):($2+%.17g) w yerrorbars ps 0 lw 10 lc rgb '#000005'\n",
	    (hi - lo) / 20, (hi - lo) / 20);
}

bool
plot_costs(struct buf *b, const char *prefix, const char *title, const struct plot_row *row,
    const double *x, size_t n, bool has_rule, double rule)
{
	struct buf script = { 0 };
	bool good;

	if (n == 0)
		return false;
	cost_script(&script, row, x, n, has_rule, rule);
	good = draw(b, prefix, title, &script, row, n, COSTS_HEIGHT);
	buf_free(&script);
	return good;
}
