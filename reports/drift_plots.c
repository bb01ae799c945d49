/*
 * drift_plots.c -- the pictures of a page: one gnuplot draws all.
 */
#include "reports/drift_sketch.h"
#include "reports/gnuplot.h"

enum { ALL_MAX = 16 << 20, NAME_MAX_PNG = 40 };
static const double PATIENCE = 20;        /* seconds, for all */

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

		if (view_has(plot, "rows") ? sketch_categories(&s, plot, f->name, p->v.a) :
		    sketch_numbers(&s, plot, f->name))
			out[n++] = (struct drawn){ s, f, false };
		s = (struct sketch){ .script = script, .png = png };
		if (sketch_over_time(&s, p, f))
			out[n++] = (struct drawn){ s, f, true };
	}
	return n;
}

static void
write_word(struct buf *b, size_t i, const void *ctx)
{
	const struct sketch *s = ctx;
	struct str text = str_of(s->word[i]), cut = html_cut(text, SKETCH_LABEL);

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
		.width = SKETCH_WIDTH, .height = d->sketch.height, .word = write_word,
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

/* ---- PNG files ----------------------------------------------------------------------------- */

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
	struct buf b = { .max = NAME_MAX_PNG };
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
		bad = err_set(e, "no plot could be drawn: is gnuplot there? the package gnuplot-nox "
		    "has it");
	all = buf_as_str(&answer);
	for (size_t i = 0; bad == 0 && i < n; i++)
		bad = next_png(&all, &png) ? file_write(path_join(dir, file_name(&drawn[i], p->v.a),
		    p->v.a), png, 0644, e) : err_set(e, "gnuplot draws no PNG: it lacks 'pngcairo'");
	buf_free(&answer);
	buf_free(&script);
	return bad;
}
