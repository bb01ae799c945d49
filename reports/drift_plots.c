/*
 * drift_plots.c -- pictures of drifted features: both distributions, and the effect over time.
 *
 * One gnuplot draws all of a page.  In SVG the texts are words (gnuplot.h); PNG has no such words,
 * so there texts keep nothing but letters, digits and harmless marks.
 */
#include "reports/drift_page.h"
#include "reports/gnuplot.h"

#include <math.h>

enum { WIDTH = 480, HEIGHT = 220, PNG_HEAD = 40, BAR_ROW = 24, BAR_AXIS = 34, CATEGORIES = 12, LABEL = 22,
       ALL_MAX = 16 << 20, TICS = 7 };
static const double PATIENCE = 20;        /* seconds, for all */

/* One picture on its way. */
struct sketch {
	struct buf  *script;
	bool         png;
	const char  *word[CATEGORIES];
	size_t       nword;
	int          height;
};

/* ---- what all have ---------------------------------------------------------------------------- */

/* Colours by what they mean; in SVG those of gnuplot.h, which follow the page. */
enum { INK, ACCENT, SOFT, LINE, BAD };

static const char *
colour(const struct sketch *s, int which)
{
	static const char *const svg[] = { "#000000", "#000001", "#000002", "#000003", "#000004" };
	static const char *const png[] = { "#16191d", "#1d5fb8", "#565e68", "#e2e5e9", "#b3261e" };

	return s->png ? png[which] : svg[which];
}

/* Letters, digits, and marks that mean nothing to gnuplot, in quotes or out of them. */
static void
harmless(struct buf *b, struct str text)
{
	struct str rest = html_cut(text, 3 * LABEL), before = rest;
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

/* The smallest of 1, 2 and 5 times a power of ten that is at least so large. */
static double
round_step(double least)
{
	double power = pow(10, floor(log10(least))), left = least / power;

	return power * (left <= 1 ? 1 : left <= 2 ? 2 : left <= 5 ? 5 : 10);
}

/* A text of somebody else, without the quotes around it. */
static void
word(struct sketch *s, const char *text)
{
	if (s->png)
		harmless(s->script, str_of(text));
	else
		buf_fmt(s->script, "W%zu", s->nword);
	s->word[s->nword++] = text;
}

static void
begin(struct sketch *s, const char *name, int height)
{
	double full = height + (s->png ? PNG_HEAD : 0);
	struct buf *b = s->script;

	s->height = height;
	if (s->png) {
		buf_fmt(b, "reset\nset terminal pngcairo noenhanced rounded size %d,%d font 'sans,10' "
		    "fontscale 2 linewidth 2 background rgb '#ffffff'\nset tmargin at screen %.4f\n"
		    "set label 999 '", 2 * WIDTH, 2 * (height + PNG_HEAD), 1 - (PNG_HEAD + 8.0) / full);
		harmless(b, str_of(name));
		buf_fmt(b, "' at screen 0.02, screen %.4f left textcolor rgb '%s'\nset key at screen 0.975, "
		    "screen %.4f right top horizontal samplen 2 textcolor rgb '%s'\n",
		    1 - 0.5 * PNG_HEAD / full, colour(s, INK), 1 - 0.15 * PNG_HEAD / full,
		    colour(s, SOFT));
	} else {
		buf_fmt(b, "reset\nset terminal svg size %d,%d dynamic noenhanced rounded font "
		    "'Helvetica,13'\nunset key\nset tmargin at screen %.4f\n", WIDTH, height,
		    1 - 8.0 / height);
	}
	buf_fmt(b, "set encoding utf8\nset border 0 lc rgb '%s'\nset errorbars 0\n"
	    "set rmargin at screen 0.975\nset bmargin at screen %.4f\n"
	    "set xtics scale 0 nomirror textcolor rgb '%s'\n"
	    "set ytics scale 0 nomirror textcolor rgb '%s'\nset grid xtics ytics lt 1 lw 1 lc rgb '%s'\n",
	    colour(s, LINE), 30.0 / full, colour(s, SOFT), colour(s, SOFT), colour(s, LINE));
}

static size_t
numbers(struct json array, double *out, size_t most)
{
	struct json x;
	size_t n = 0;

	for (struct json_iter it = { .of = array }; n < most && json_next(&it, &x); )
		out[n++] = json_to_real(x, 0);
	return n;
}

/* ---- numbers: two outlines over the same bins ------------------------------------------------ */

enum { BINS = 64 };
/* Bin i lies from at[i] to at[i] + 1; the outer two stand apart, or are left out if both are empty. */
struct bins {
	size_t n, first, last;
	double edge[BINS], was[BINS], is[BINS], at[BINS], top, end;
	bool   log;
};

static bool
read_bins(struct bins *x, struct json plot)
{
	size_t nedge = numbers(json_get(plot, "edges"), x->edge, BINS - 1);

	x->n = nedge + 1;
	x->log = str_is(json_get(plot, "scale").raw, "\"log\"");
	if (nedge < 2 || numbers(json_get(plot, "reference"), x->was, BINS) != x->n ||
	    numbers(json_get(plot, "current"), x->is, BINS) != x->n)
		return false;
	x->first = x->was[0] + x->is[0] > 0 ? 0 : 1;
	x->last = x->was[nedge] + x->is[nedge] > 0 ? nedge : nedge - 1;
	for (size_t i = x->first; i <= x->last; i++) {
		x->at[i] = (double)(i - x->first) + (i > 0 && x->first == 0 ? 0.7 : 0) +
		    (i == nedge ? 0.7 : 0);
		x->top = fmax(x->top, fmax(x->was[i], x->is[i]));
	}
	x->end = x->at[x->last] + 1;
	return x->top > 0;
}

static void
outline(struct buf *b, const char *name, const struct bins *x, const double *share)
{
	buf_fmt(b, "$%s << EOD\n", name);
	for (size_t i = x->first; i <= x->last; i++) {
		bool begins = i == x->first || i == 1 || i == x->n - 1;

		if (begins)
			buf_fmt(b, "%s%.6g 0\n", i == x->first ? "" : "\n", x->at[i]);
		buf_fmt(b, "%.6g %.6g\n%.6g %.6g\n", x->at[i], 100 * share[i], x->at[i] + 1,
		    100 * share[i]);
		if (i == x->last || i == 0 || i == x->n - 2)
			buf_fmt(b, "%.6g 0\n", x->at[i] + 1);
	}
	buf_puts(b, "EOD\n");
}

static void
edge_label(struct buf *b, double edge)
{
	if (fabs(edge) < 1e6 && (edge == 0 || fabs(edge) >= 1e-3))
		buf_fmt(b, "%.7g", edge);
	else
		buf_fmt(b, "%.3g", edge);
}

/* Every so-manieth edge, where none hides another; the outer bins say what is in them. */
static void
bin_tics(struct buf *b, const struct bins *x)
{
	double room = x->end / TICS, low = -room, high = x->end + room;
	size_t stride = 1;
	bool any = false;

	while ((double)stride < room)
		stride = stride == 1 ? 2 : stride == 2 ? 5 : 2 * stride;
	buf_puts(b, "set xtics (");
	if (x->first == 0) {
		buf_puts(b, "'<");
		edge_label(b, x->edge[0]);
		buf_fmt(b, "' %.6g", low = x->at[0] + 0.5);
		any = true;
	}
	if (x->last == x->n - 1) {
		buf_puts(b, any ? ",'\xe2\x89\xa5" : "'\xe2\x89\xa5");
		edge_label(b, x->edge[x->n - 2]);
		buf_fmt(b, "' %.6g", high = x->at[x->last] + 0.5);
		any = true;
	}
	for (size_t i = 0; i + 1 < x->n; i++) {
		double step = (x->edge[1] - x->edge[0]) * (double)stride;
		double at = i < x->last ? x->at[i + 1] - (i + 2 == x->n ? 0.7 : 0) : x->end;
		bool round = x->log ? i % stride == 0 :
		    fabs(remainder(x->edge[i], step)) < 1e-6 * step;

		if (!round || at - low < 0.8 * room || high - at < 0.8 * room)
			continue;
		buf_puts(b, any ? ",'" : "'");
		edge_label(b, x->edge[i]);
		buf_fmt(b, "' %.6g", at);
		low = at;
		any = true;
	}
	buf_puts(b, ")\n");
}

static bool
number_sketch(struct sketch *s, struct json plot, const char *name)
{
	struct bins x = { 0 };
	struct buf *b = s->script;

	if (!read_bins(&x, plot))
		return false;
	begin(s, name, HEIGHT);
	buf_fmt(b, "set lmargin at screen 0.1\nset xrange [0:%.6g]\nset yrange [0:%.6g]\n"
	    "set format y '%%g %%%%'\nset ytics autofreq\nset grid noxtics\n", x.end,
	    105 * x.top);
	bin_tics(b, &x);
	outline(b, "r", &x, x.was);
	outline(b, "c", &x, x.is);
	buf_fmt(b, "plot $r w filledcurves closed fs solid noborder lc rgb '%s' notitle,"
	    " $r w lines lw 1.2 lc rgb '%s' t 'reference',"
	    " $c w filledcurves closed fs transparent solid 0.16 noborder lc rgb '%s' notitle,"
	    " $c w lines lw 2 lc rgb '%s' t 'current'\n", colour(s, LINE), colour(s, SOFT),
	    colour(s, ACCENT), colour(s, ACCENT));
	return true;
}

/* ---- categories: from what was to what is ----------------------------------------------------- */

static bool
category_sketch(struct sketch *s, struct json plot, const char *name, struct arena *a)
{
	double was[CATEGORIES], is[CATEGORIES], top = 0, dot;
	const char *text[CATEGORIES];
	struct buf *b = s->script;
	struct json row;
	size_t n = 0;

	for (struct json_iter it = { .of = json_get(plot, "rows") };
	    n < CATEGORIES && json_next(&it, &row); n++) {
		was[n] = 100 * view_real(row, "was");
		is[n] = 100 * view_real(row, "is");
		top = fmax(top, fmax(was[n], is[n]));
		text[n] = str_cstr(json_text(json_get(row, "category"), a), a);
	}
	if (n == 0 || !(top > 0))
		return false;
	begin(s, name, (int)n * BAR_ROW + BAR_AXIS);
	buf_fmt(b, "set lmargin at screen 0.42\nset xrange [0:%.6g]\nset yrange [%zu.6:-0.6]\n"
	    "set format x '%%g %%%%'\nset xtics %.6g\nset grid noytics\n%s"
	    "set ytics (", 1.06 * top, n - 1, round_step(top / 4), s->png ? "set key samplen 0.01\n" : "");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",'" : "'");
		word(s, text[i]);
		buf_fmt(b, "' %zu", i);
	}
	buf_fmt(b, ") textcolor rgb '%s'\n$d << EOD\n", colour(s, INK));
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "%zu %.6g %.6g\n", i, was[i], is[i]);
	dot = top / 1000;
	/* Dots are lines so short that their round ends touch: a symbol would refer to an id. */
	buf_fmt(b, "EOD\nplot $d u 2:1:($3-$2):(0) w vectors nohead lw 2 lc rgb '%s' notitle,"
	    " $d u 2:1:($2-%.6g):($2+%.6g) w xerrorbars ps 0 lw 8 lc rgb '%s' t 'reference',"
	    " $d u 3:1:($3-%.6g):($3+%.6g) w xerrorbars ps 0 lw 10 lc rgb '%s' t 'current'\n",
	    colour(s, LINE), dot, dot, colour(s, SOFT), dot, dot, colour(s, ACCENT));
	return true;
}

/* ---- the effect over time --------------------------------------------------------------------- */

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
		buf_fmt(b, ", graph 0.04 fs solid noborder fc rgb '%s' front clip\n", colour(s, BAD));
		if (view_has(x, "onset"))
			buf_fmt(b, "set arrow from first %.17g, graph 0 to first %.17g, graph 1 nohead lw 1.5 "
			    "dt (2,3) lc rgb '%s'\n", view_real(x, "onset") / 1000,
			    view_real(x, "onset") / 1000, colour(s, SOFT));
	}
}

static bool
time_sketch(struct sketch *s, const struct drift_page *p, const struct drift_feature *f)
{
	const struct drift_finding *worst = drift_worst(p, f);
	double by, top, low = 0, from = 0, to = 0;
	struct buf *b = s->script;
	struct buf data = { 0 };
	size_t n = 0;

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
	if (n >= 2 && to > from) {
		begin(s, f->name, HEIGHT);
		buf_fmt(b, "set lmargin at screen 0.1\nset xrange [%.17g:%.17g]\nset yrange "
		    "[%.6g:%.6g]\nset format y '%s'\nset ytics autofreq\nset grid noxtics\n",
		    from / 1000, to / 1000, low * by, 1.06 * top * by, by > 1 ? "%g %%" : "%g");
		time_tics(b, from, to);
		incidents(s, p, f->name, worst->detector);
		buf_fmt(b, "set arrow 100 from graph 0, first %.17g to graph 1, first %.17g nohead lw 1.5 "
		    "dt (5,4) lc rgb '%s'\n$d << EOD\n", worst->tolerance * by, worst->tolerance * by,
		    colour(s, BAD));
		buf_str(b, buf_as_str(&data));
		buf_fmt(b, "EOD\nplot $d u 1:3:4 w filledcurves fs transparent solid 0.16 noborder lc rgb "
		    "'%s' t '95 percent interval', $d u 1:2 w lines lw 2 lc rgb '%s' t 'effect'\n",
		    colour(s, ACCENT), colour(s, ACCENT));
	}
	buf_free(&data);
	return n >= 2 && to > from;
}

/* ---- all of a page ------------------------------------------------------------------------------ */

/* In the order in which gnuplot draws them. */
struct drawn { struct sketch sketch; struct drift_feature *of; bool over_time; };

static size_t
sketch_all(struct drift_page *p, bool png, struct buf *script, struct drawn *out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nshown; i++) {
		struct drift_feature *f = p->shown[i];
		struct json plot = json_get(f->json, "plot");
		struct sketch s = { .script = script, .png = png };

		if (view_has(plot, "rows") ? category_sketch(&s, plot, f->name, p->v.a) :
		    number_sketch(&s, plot, f->name))
			out[n++] = (struct drawn){ s, f, false };
		s = (struct sketch){ .script = script, .png = png };
		if (time_sketch(&s, p, f))
			out[n++] = (struct drawn){ s, f, true };
	}
	return n;
}

static void
write_word(struct buf *b, size_t i, const void *ctx)
{
	const struct sketch *s = ctx;
	struct str text = str_of(s->word[i]), cut = html_cut(text, LABEL);

	html_fmt(b, ">%S%s", cut, cut.n < text.n ? "\xe2\x80\xa6" : "");
}

static void
take_svg(struct drift_page *p, const struct drawn *d, struct str *all)
{
	struct buf b = { 0 };
	const char *what = d->over_time ? "time" : "plot";
	struct gnuplot_picture picture = { .id = arena_fmt(p->v.a, "%s%zu", what, d->of->number),
		.title = arena_fmt(p->v.a, d->over_time ? "Effect on %s over time" :
		    "Distribution of %s in both windows; the numbers are in the table below", d->of->name),
		.width = WIDTH, .height = d->sketch.height, .word = write_word,
		.nword = d->sketch.nword, .ctx = &d->sketch };

	if (gnuplot_svg(&b, all, &picture)) {
		struct str svg = str_dup(buf_as_str(&b), p->v.a);

		*(d->over_time ? &d->of->over_time : &d->of->distribution) = svg;
	}
	buf_free(&b);
}

void
drift_plots_svg(struct drift_page *p)
{
	struct drawn *drawn = arena_array(p->v.a, 2 * p->nshown + 1, sizeof *drawn);
	struct buf script = { 0 }, answer = { .max = ALL_MAX };
	size_t n = sketch_all(p, false, &script, drawn);
	struct str all;

	if (n > 0 && gnuplot_run(&script, PATIENCE, &answer)) {
		all = buf_as_str(&answer);
		for (size_t i = 0; i < n; i++)
			take_svg(p, &drawn[i], &all);
	}
	buf_free(&answer);
	buf_free(&script);
}

/* ---- PNG files ------------------------------------------------------------------------------------ */

/* The first PNG of *all: its signature, then chunks of length, type, data and checksum to IEND. */
static bool
next_png(struct str *all, struct str *png)
{
	static const char signature[] = "\x89PNG\r\n\x1a\n";
	size_t at = 8;
	bool end = false;

	if (!str_starts(*all, STR(signature)))
		return false;
	while (!end && at + 12 <= all->n) {
		const unsigned char *c = (const unsigned char *)all->p + at;

		end = memcmp(c + 4, "IEND", 4) == 0;
		at += 12 + ((size_t)c[0] << 24 | (size_t)c[1] << 16 | (size_t)c[2] << 8 | c[3]);
	}
	if (!end || at > all->n)
		return false;
	*png = str_sub(*all, 0, at);
	*all = str_sub(*all, at, all->n);
	return true;
}

/* 03-input-length.png: what a feature's name has of letters and digits. */
static const char *
file_name(const struct drawn *d, struct arena *a)
{
	struct buf b = { .max = 40 };
	const char *name;

	for (const char *c = d->of->name; *c != '\0'; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		    (*c >= '0' && *c <= '9');

		if (plain)
			buf_char(&b, *c);
		else if (b.n > 0 && b.p[b.n - 1] != '-')
			buf_char(&b, '-');
	}
	name = arena_fmt(a, "%02zu%s%s%s.png", d->of->number, b.n > 0 ? "-" : "", b.n > 0 ? b.p : "",
	    d->over_time ? "-over-time" : "");
	buf_free(&b);
	return name;
}

int
drift_plots_png(struct drift_page *p, const char *dir, struct err *e)
{
	struct drawn *drawn = arena_array(p->v.a, 2 * p->nshown + 1, sizeof *drawn);
	struct buf script = { 0 }, answer = { .max = 4 * ALL_MAX };
	size_t n = sketch_all(p, true, &script, drawn);
	struct str all, png;
	int bad = 0;

	if (n > 0 && !gnuplot_run(&script, PATIENCE, &answer))
		bad = err_set(e, "no plot could be drawn: is gnuplot there? the package gnuplot-nox has it");
	all = buf_as_str(&answer);
	for (size_t i = 0; bad == 0 && i < n; i++)
		bad = next_png(&all, &png) ? file_write(path_join(dir, file_name(&drawn[i], p->v.a),
		    p->v.a), png, 0644, e) : err_set(e, "gnuplot draws no PNG: it lacks 'pngcairo'");
	buf_free(&answer);
	buf_free(&script);
	return bad;
}
