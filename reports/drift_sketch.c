/*
 * drift_sketch.c -- scripts of pictures: shares of categories, and an effect over time.
 */
#include "reports/drift_sketch.h"

#include <math.h>

enum { PNG_HEAD = 40, PNG_TITLE = 40, BAR_ROW = 24, BAR_AXIS = 34 };

/* ---- what all have ------------------------------------------------------------------------- */

const char *
sketch_colour(const struct sketch *s, enum sketch_colour which)
{
	static const char *const svg[] = { "#000000", "#000001", "#000002", "#000003", "#000004" };
	static const char *const png[] = { "#16191d", "#1d5fb8", "#565e68", "#e2e5e9", "#b3261e" };

	return s->png ? png[which] : svg[which];
}

/* Letters, digits, and marks that mean nothing to gnuplot, in quotes or out of them. */
static void
harmless(struct buf *b, struct str text, size_t most)
{
	struct str rest = html_cut(text, most), before = rest;
	uint32_t c;

	for (; str_rune(&rest, &c); before = rest) {
		bool ascii = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c < 0x80 && c != 0 && strchr(" .,:;()+-_/=<>", (int)c) != NULL);
		bool letter = c >= 0xc0 && c < 0xd800 && !(c >= 0x2000 && c < 0x2070);

		if (ascii || letter)
			buf_str(b, str_sub(before, 0, before.n - rest.n));
		else
			buf_char(b, '?');
	}
}

void
sketch_begin(struct sketch *s, const char *name, int height)
{
	double full = height + (s->png ? PNG_HEAD : 0);
	struct buf *b = s->script;

	s->height = height;
	if (s->png) {
		buf_fmt(b, "reset\nset terminal pngcairo noenhanced rounded size %d,%d font 'sans,10' "
		    "fontscale 2 linewidth 2 background rgb '#ffffff'\nset tmargin at screen %.4f\n"
		    "set label 999 '", 2 * SKETCH_WIDTH, 2 * (height + PNG_HEAD),
		    1 - (PNG_HEAD + 8.0) / full);
		harmless(b, str_of(name), PNG_TITLE);
		buf_fmt(b, "' at screen 0.02, screen %.4f left textcolor rgb '%s'\nset key at screen "
		    "0.975, screen %.4f right top horizontal samplen 2 textcolor rgb '%s'\n",
		    1 - 0.5 * PNG_HEAD / full, sketch_colour(s, INK), 1 - 0.15 * PNG_HEAD / full,
		    sketch_colour(s, SOFT));
	} else {
		buf_fmt(b, "reset\nset terminal svg size %d,%d dynamic noenhanced rounded font "
		    "'Helvetica,13'\nunset key\nset tmargin at screen %.4f\n", SKETCH_WIDTH, height,
		    1 - 8.0 / height);
	}
	buf_fmt(b, "set encoding utf8\nset border 0 lc rgb '%s'\nset errorbars 0\n"
	    "set rmargin at screen 0.975\nset bmargin at screen %.4f\n"
	    "set xtics scale 0 nomirror textcolor rgb '%s'\n"
	    "set ytics scale 0 nomirror textcolor rgb '%s'\n"
	    "set grid xtics ytics lt 1 lw 1 lc rgb '%s'\n", sketch_colour(s, LINE), 30.0 / full,
	    sketch_colour(s, SOFT), sketch_colour(s, SOFT), sketch_colour(s, LINE));
}

/* ---- categories: from what was to what is -------------------------------------------------- */

/* The smallest of 1, 2 and 5 times a power of ten that is at least so large. */
static double
round_step(double least)
{
	double power = pow(10, floor(log10(least))), left = least / power;

	return power * (left <= 1 ? 1 : left <= 2 ? 2 : left <= 5 ? 5 : 10);
}

static void
sketch_word(struct sketch *s, const char *text)
{
	if (s->png)
		harmless(s->script, str_of(text), SKETCH_LABEL);
	else
		buf_fmt(s->script, "W%zu", s->nword);
	s->word[s->nword++] = text;
}

bool
sketch_categories(struct sketch *s, struct json plot, const char *name, struct arena *a)
{
	double was[SKETCH_CATEGORIES], is[SKETCH_CATEGORIES], top = 0, dot;
	const char *text[SKETCH_CATEGORIES];
	struct buf *b = s->script;
	struct json row;
	size_t n = 0;

	for (struct json_iter it = { .of = json_get(plot, "rows") };
	    n < SKETCH_CATEGORIES && json_next(&it, &row); n++) {
		was[n] = 100 * view_real(row, "was");
		is[n] = 100 * view_real(row, "is");
		top = fmax(top, fmax(was[n], is[n]));
		text[n] = str_cstr(json_text(json_get(row, "category"), a), a);
	}
	if (n == 0 || !(top > 0))
		return false;
	sketch_begin(s, name, (int)n * BAR_ROW + BAR_AXIS);
	buf_fmt(b, "set lmargin at screen 0.42\nset xrange [0:%.6g]\nset yrange [%zu.6:-0.6]\n"
	    "set format x '%%g %%%%'\nset xtics %.6g\nset grid noytics\n%s"
	    "set ytics (", 1.06 * top, n - 1, round_step(top / 4),
	    s->png ? "set key samplen 0.01\n" : "");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",'" : "'");
		sketch_word(s, text[i]);
		buf_fmt(b, "' %zu", i);
	}
	buf_fmt(b, ") textcolor rgb '%s'\n$d << EOD\n", sketch_colour(s, INK));
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "%zu %.6g %.6g\n", i, was[i], is[i]);
	dot = top / 1000;
	/* Dots are lines so short that their round ends touch: a symbol would refer to an id. */
	buf_fmt(b, "EOD\nplot $d u 2:1:($3-$2):(0) w vectors nohead lw 2 lc rgb '%s' notitle,"
	    " $d u 2:1:($2-%.6g):($2+%.6g) w xerrorbars ps 0 lw 8 lc rgb '%s' t 'reference',"
	    " $d u 3:1:($3-%.6g):($3+%.6g) w xerrorbars ps 0 lw 10 lc rgb '%s' t 'current'\n",
	    sketch_colour(s, LINE), dot, dot, sketch_colour(s, SOFT), dot, dot,
	    sketch_colour(s, ACCENT));
	return true;
}

/* ---- the effect over time ------------------------------------------------------------------ */

/* Four or so times at the bottom: hours of a short stretch, days of a long one. */
static void
time_tics(struct buf *b, double from, double to)
{
	enum { MARKS = 4 };
	char iso[25];

	buf_puts(b, "set xtics (");
	for (int i = 0; i < MARKS; i++) {
		double at = from + (to - from) * (i + 0.5) / MARKS;

		tick_iso((int64_t)at, iso);
		buf_fmt(b, "%s'%.5s' %.17g", i ? "," : "", to - from < 3 * 86400e3 ? iso + 11 : iso + 5,
		    at / 1000);
	}
	buf_puts(b, ")\n");
}

/* From when it was opened until it was resolved, as a bar at the bottom; its onset as a line. */
static void
incidents(struct sketch *s, const struct drift_page *p, const char *feature, const char *detector)
{
	struct buf *b = s->script;
	struct json x;

	for (struct json_iter it = { .of = json_get(p->watch, "incidents") }; json_next(&it, &x); ) {
		if (strcmp(view_text(&p->v, x, "feature"), feature) != 0 ||
		    strcmp(view_text(&p->v, x, "detector"), detector) != 0)
			continue;
		buf_fmt(b, "set object rect from first %.17g, graph 0 to ", view_real(x, "opened") / 1000);
		if (view_has(x, "resolved"))
			buf_fmt(b, "first %.17g", view_real(x, "resolved") / 1000);
		else
			buf_puts(b, "graph 1");
		buf_fmt(b, ", graph 0.04 fs solid noborder fc rgb '%s' front clip\n",
		    sketch_colour(s, BAD));
		if (view_has(x, "onset"))
			buf_fmt(b, "set arrow from first %.17g, graph 0 to first %.17g, graph 1 nohead lw 1.5 "
			    "dt (2,3) lc rgb '%s'\n", view_real(x, "onset") / 1000,
			    view_real(x, "onset") / 1000, sketch_colour(s, SOFT));
	}
}

bool
sketch_over_time(struct sketch *s, const struct drift_page *p, const struct drift_feature *f)
{
	const struct drift_finding *worst = drift_worst(p, f);
	double by, top, low = 0, from = 0, to = 0;
	struct buf *b = s->script;
	struct buf data = { 0 };
	size_t n = 0;
	bool good;

	if (worst == NULL || p->npast == 0)
		return false;
	by = strcmp(worst->unit, "share") == 0 ? 100 : 1;
	top = worst->tolerance;
	for (size_t i = 0; i < p->npast; i++) {
		const struct drift_past *x = &p->past[i];

		if (strcmp(x->feature, f->name) != 0 || strcmp(x->detector, worst->detector) != 0)
			continue;
		buf_fmt(&data, "%.17g %.17g %.17g %.17g\n", x->at / 1000, x->effect * by, x->lo * by,
		    x->hi * by);
		top = fmax(top, x->hi);
		low = fmin(low, x->lo);
		from = n++ ? from : x->at;
		to = x->at;
	}
	good = n >= 2 && to > from && top > low;
	if (good) {
		sketch_begin(s, f->name, SKETCH_HEIGHT);
		buf_fmt(b, "set lmargin at screen 0.1\nset xrange [%.17g:%.17g]\nset yrange "
		    "[%.6g:%.6g]\nset format y '%s'\nset ytics autofreq\nset grid noxtics\n",
		    from / 1000, to / 1000, low * by, 1.06 * top * by, by > 1 ? "%g %%" : "%g");
		time_tics(b, from, to);
		incidents(s, p, f->name, worst->detector);
		buf_fmt(b, "set object rect from graph 0, first %.17g to graph 1, graph 1 behind noclip "
		    "fs transparent solid 0.07 noborder fc rgb '%s'\n"
		    "set arrow 100 from graph 0, first %.17g to graph 1, first %.17g nohead lw 1.5 "
		    "dt (5,4) lc rgb '%s'\n$d << EOD\n", worst->tolerance * by, sketch_colour(s, BAD),
		    worst->tolerance * by, worst->tolerance * by, sketch_colour(s, BAD));
		buf_str(b, buf_as_str(&data));
		buf_fmt(b, "EOD\nplot $d u 1:3:4 w filledcurves fs transparent solid 0.16 noborder lc rgb "
		    "'%s' t '95 percent interval', $d u 1:2 w lines lw 2 lc rgb '%s' t 'effect'\n",
		    sketch_colour(s, ACCENT), sketch_colour(s, ACCENT));
	}
	buf_free(&data);
	return good;
}
