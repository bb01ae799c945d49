/*
 * drift_bins.c -- the script of two distributions of numbers: outlines over the same bins.
 */
#include "reports/drift_sketch.h"

#include <math.h>

enum { BINS = 64, TICS = 7 };
static const double GAP = 0.7;            /* of a bin, beside the outer two */

/* Bin i lies from at[i] to at[i] + 1; the outer two stand apart, or are left out if empty. */
struct bins {
	size_t n, first, last;
	double edge[BINS], was[BINS], is[BINS], at[BINS], top, end;
	bool   log;
};

static size_t
numbers(struct json array, double *out, size_t most)
{
	struct json x;
	size_t n = 0;

	for (struct json_iter it = { .of = array }; n < most && json_next(&it, &x); )
		out[n++] = json_to_real(x, 0);
	return n;
}

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
		x->at[i] = (double)(i - x->first) + (i > 0 && x->first == 0 ? GAP : 0) +
		    (i == nedge ? GAP : 0);
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

/* The power of ten that an edge is near, or among few of them twice or five times one; else 0. */
static double
near_decade(const struct bins *x, double edge)
{
	double power = pow(10, floor(log10(edge * 1.01)));
	bool few = x->edge[x->n - 2] < 1000 * x->edge[0];

	for (int m = 1; m <= 5; m += m == 1 ? 1 : 3)
		if (fabs(edge / power - m) < 0.01 * m && (m == 1 || few))
			return m * power;
	return 0;
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
		double at = i < x->last ? x->at[i + 1] - (i + 2 == x->n ? GAP : 0) : x->end;
		double edge = x->log ? near_decade(x, x->edge[i]) : x->edge[i];
		bool round = x->log ? edge > 0 : fabs(remainder(edge, step)) < 1e-6 * step;

		if (!round || at - low < 0.8 * room || high - at < 0.8 * room)
			continue;
		buf_puts(b, any ? ",'" : "'");
		edge_label(b, edge);
		buf_fmt(b, "' %.6g", at);
		low = at;
		any = true;
	}
	buf_puts(b, ")\n");
}

bool
sketch_numbers(struct sketch *s, struct json plot, const char *name)
{
	struct bins x = { 0 };
	struct buf *b = s->script;

	if (!read_bins(&x, plot))
		return false;
	sketch_begin(s, name, SKETCH_HEIGHT);
	buf_fmt(b, "set lmargin at screen 0.1\nset xrange [0:%.6g]\nset yrange [0:%.6g]\n"
	    "set format y '%%g %%%%'\nset ytics autofreq\nset grid noxtics\n", x.end,
	    105 * x.top);
	bin_tics(b, &x);
	outline(b, "r", &x, x.was);
	outline(b, "c", &x, x.is);
	buf_fmt(b, "plot $r w filledcurves closed fs solid noborder lc rgb '%s' notitle,"
	    " $r w lines lw 1.2 lc rgb '%s' t 'reference',"
	    " $c w filledcurves closed fs transparent solid 0.16 noborder lc rgb '%s' notitle,"
	    " $c w lines lw 2 lc rgb '%s' t 'current'\n", sketch_colour(s, LINE),
	    sketch_colour(s, SOFT), sketch_colour(s, ACCENT), sketch_colour(s, ACCENT));
	return true;
}
