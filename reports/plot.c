/*
 * plot.c -- the plots of runs and ladders.
 */
#include "reports/gnuplot.h"

#include <math.h>

enum { WIDTH = 760, ROW = 26, AXIS = 44, ANSWER_MAX = 1 << 20, LABEL = 34,
       COSTS_HEIGHT = 380 };
static const double PATIENCE = 5;         /* seconds */

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
		buf_fmt(b, "%s'W%zu' %zu", i ? "," : "", 2 * i, i);
	buf_puts(b, ")\n");
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "set label %zu 'W%zu' at screen 0.8, first %zu left\n", i + 1, 2 * i + 1, i);
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

/* Label and value of a row are its words 2 i and 2 i + 1. */
static void
write_word(struct buf *b, size_t i, const void *rows)
{
	const struct plot_row *row = (const struct plot_row *)rows + i / 2;
	struct str label = str_of(row->label), cut = html_cut(label, LABEL);

	buf_puts(b, row->strong ? " font-weight=\"600\">" : ">");
	if (i % 2) {
		buf_puts(b, row->said);
		return;
	}
	html_text(b, cut);
	if (cut.n < label.n)
		buf_puts(b, "\xe2\x80\xa6");
}

/* What gnuplot draws by the script, with the rows' words in it; false: it did not. */
static bool
draw(struct buf *b, const char *prefix, const char *title, const struct buf *script,
    const struct plot_row *row, size_t n, size_t height)
{
	struct buf svg = { .max = ANSWER_MAX };
	struct str all;
	bool good = gnuplot_run(script, PATIENCE, &svg);

	all = buf_as_str(&svg);
	good = good && gnuplot_svg(b, &all, &(struct gnuplot_picture){ .id = prefix, .title = title,
	    .width = WIDTH, .height = (int)height, .word = write_word, .nword = 2 * n, .ctx = row });
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

		buf_fmt(b, "set label %zu 'W%zu' at first %.17g, first %.17g %s offset %s,%s\n", i + 1,
		    2 * i, x[i], row[i].at * 100, at > 0.6 ? "right" : "left", at > 0.6 ? "-1" : "1",
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
