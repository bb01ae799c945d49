/*
 * drift_tables.c -- the numbers of a picture, examples of a drift, and what is missing.
 */
#include "reports/drift_page.h"

#include <math.h>

enum { NAME = 120, VALUE = 80, HEADING = 40, COLUMNS = 3, MISSING_MAX = 100 };

static void
share_cell(struct buf *b, double share)
{
	buf_puts(b, "<td class=\"num\">");
	html_fmt(b, "%p", share);
	buf_puts(b, "</td>");
}

/* In points: rates of rates mislead. */
static void
change_cell(struct buf *b, double was, double is)
{
	buf_fmt(b, "<td class=\"num\">%+.1f</td></tr>\n", 100 * (is - was));
}

/* A row of shares, and by how many points they differ. */
static void
change_row(const struct drift_page *p, struct json row)
{
	double was = view_real(row, "was"), is = view_real(row, "is");

	html_fmt(p->v.out, "<tr><th scope=\"row\">%S</th>",
	    html_cut(json_text(json_get(row, "category"), p->v.a), NAME));
	share_cell(p->v.out, was);
	share_cell(p->v.out, is);
	change_cell(p->v.out, was, is);
}

/* ---- words --------------------------------------------------------------------------------- */

void
drift_terms(const struct drift_page *p, const struct drift_finding *f)
{
	static const char *const head[] = { "Term", ">Reference", ">Current", ">Points", NULL };
	struct json_iter it = { .of = json_get(f->json, "changed") };
	struct json row;

	if (!json_next(&it, &row))
		return;
	buf_puts(p->v.out, "<div class=\"examples\">");
	view_table(&p->v, "Terms that tell the windows apart, in shares of texts", head);
	do
		change_row(p, row);
	while (json_next(&it, &row));
	view_table_end(&p->v);
	buf_puts(p->v.out, "</div>\n");
}

/* ---- distributions ------------------------------------------------------------------------- */

static void
categories(const struct drift_page *p, struct json plot)
{
	static const char *const head[] = { "Category", ">Reference", ">Current", ">Points", NULL };
	struct json row, rest = json_get(plot, "rest");
	struct buf *b = p->v.out;

	view_table(&p->v, "Shares of values, the largest change first", head);
	for (struct json_iter it = { .of = json_get(plot, "rows") }; json_next(&it, &row); )
		change_row(p, row);
	if (view_long(rest, "n_was") + view_long(rest, "n_is") > 0) {
		buf_puts(b, "<tr><th scope=\"row\">all others</th>");
		share_cell(b, view_real(rest, "was"));
		share_cell(b, view_real(rest, "is"));
		change_cell(b, view_real(rest, "was"), view_real(rest, "is"));
	}
	view_table_end(&p->v);
}

static void
bins(const struct drift_page *p, struct json plot)
{
	static const char *const head[] = { "From", "Below", ">Reference", ">Current", ">Points",
		NULL };
	struct json_iter edges = { .of = json_get(plot, "edges") };
	struct json_iter is = { .of = json_get(plot, "current") };
	struct json was, now, edge;
	struct buf *b = p->v.out;
	double from = NAN;

	view_table(&p->v, "Shares of values by size", head);
	for (struct json_iter it = { .of = json_get(plot, "reference") };
	    json_next(&it, &was) && json_next(&is, &now); ) {
		double to = json_next(&edges, &edge) ? json_to_real(edge, NAN) : NAN;
		double x = json_to_real(was, 0), y = json_to_real(now, 0);

		buf_puts(b, "<tr><td>");
		if (!isnan(from))
			drift_number(b, from);
		buf_puts(b, "</td><td>");
		if (!isnan(to))
			drift_number(b, to);
		buf_puts(b, "</td>");
		share_cell(b, x);
		share_cell(b, y);
		change_cell(b, x, y);
		from = to;
	}
	view_table_end(&p->v);
}

void
drift_data(const struct drift_page *p, const struct drift_feature *f)
{
	struct json plot = json_get(f->json, "plot");

	if (plot.type != JT_OBJECT)
		return;
	/* Without a picture the table stands for it. */
	buf_puts(p->v.out, f->distribution.n > 0 ? "<details class=\"more\">" :
	    "<details class=\"more\" open>");
	buf_puts(p->v.out, "<summary>Numbers of both distributions</summary>\n");
	if (view_has(plot, "rows"))
		categories(p, plot);
	else
		bins(p, plot);
	buf_puts(p->v.out, "</details>\n");
}

/* ---- examples ------------------------------------------------------------------------------ */

static void
value(const struct drift_page *p, struct json x)
{
	struct buf *b = p->v.out;

	if (x.type == JT_NUMBER)
		drift_number(b, json_to_real(x, 0));
	else if (x.type == JT_STRING)
		html_fmt(b, "%S", html_cut(json_text(x, p->v.a), VALUE));
	else
		buf_puts(b, "<i>none</i>");
}

/* Its own value first, then of the others those that drifted: as many as stand side by side. */
static void
example(const struct drift_page *p, struct json x, bool timed)
{
	struct json y;
	struct buf *b = p->v.out;
	size_t n = 0;

	buf_puts(b, "<tr>");
	if (timed) {
		buf_puts(b, "<td class=\"time\">");
		if (view_has(x, "time"))
			drift_when(b, view_real(x, "time"));
		buf_puts(b, "</td>");
	}
	for (struct json_iter it = { .of = json_get(x, "values") }; n < COLUMNS && json_next(&it, &y);
	    n++) {
		buf_puts(b, json_get(y, "value").type == JT_NUMBER ? "<td class=\"num\">" : "<td>");
		value(p, json_get(y, "value"));
		buf_puts(b, "</td>");
	}
	buf_puts(b, "</tr>\n");
}

/* For view_table, which takes a first '>' for a column of numbers. */
static const char *
heading(const struct drift_page *p, struct json value)
{
	struct str name = html_cut(str_of(view_text(&p->v, value, "feature")), HEADING);
	bool number = json_get(value, "value").type == JT_NUMBER;

	return arena_fmt(p->v.a, "%s%.*s", number || str_starts(name, STR(">")) ? ">" : "",
	    STR_ARG(name));
}

void
drift_examples(const struct drift_page *p, const struct drift_finding *f)
{
	struct json list = json_get(f->json, "examples"), x, y;
	struct json_iter it = { .of = list };
	const char *head[COLUMNS + 2] = { NULL };
	bool timed = false;
	size_t n = 0, most;

	if (!json_next(&it, &x))
		return;
	for (struct json_iter k = { .of = list }; json_next(&k, &y); )
		timed = timed || view_has(y, "time");
	most = timed ? COLUMNS + 1 : COLUMNS;
	if (timed)
		head[n++] = "Time";
	for (struct json_iter k = { .of = json_get(x, "values") }; json_next(&k, &y) && n < most; )
		head[n++] = heading(p, y);
	buf_puts(p->v.out, "<div class=\"examples\">");
	view_table(&p->v, arena_fmt(p->v.a, "Records that show it, by %s", f->detector), head);
	do
		example(p, x, timed);
	while (json_next(&it, &x));
	view_table_end(&p->v);
	buf_puts(p->v.out, "</div>\n");
}

/* ---- what is missing ----------------------------------------------------------------------- */

static const char *const kind[] = { "missing", "empty", "other" };

static double
lacking(struct json of)
{
	double sum = 0;

	for (size_t i = 0; i < COUNT(kind); i++)
		sum += view_real(of, kind[i]);
	return sum;
}

static void
missing_row(const struct drift_page *p, const struct drift_feature *f, struct json was,
    struct json is)
{
	struct buf *b = p->v.out;

	html_fmt(b, "<tr><th scope=\"row\">%S</th>", html_cut(str_of(f->name), NAME));
	for (size_t i = 0; i < COUNT(kind); i++) {
		html_fmt(b, "<td class=\"num\">%p<small>%p</small></td>", view_real(is, kind[i]),
		    view_real(was, kind[i]));
	}
	change_cell(b, lacking(was), lacking(is));
}

static void
unseen(const struct drift_page *p)
{
	struct buf *b = p->v.out;

	for (size_t i = 0; i < p->nfinding; i++) {
		const struct drift_finding *f = &p->finding[i];

		if (strcmp(f->detector, "unseen") != 0 || !f->known)
			continue;
		html_fmt(b, "<p>Records in categories of <b>%S</b> that the reference never had: ",
		    html_cut(str_of(f->feature), NAME));
		drift_amount(b, f->unit, f->effect);
		buf_puts(b, ".</p>\n");
	}
}

void
drift_missing(const struct drift_page *p)
{
	static const char *const head[] = { "Feature", ">Missing", ">Empty", ">Of another type",
		">Points", NULL };
	struct buf *b = p->v.out;
	size_t n = 0;

	view_section(&p->v, "missing", "Missing and unseen");
	for (size_t i = 0; i < p->nfeature; i++) {
		const struct drift_feature *f = &p->feature[i];
		struct json m = json_get(f->json, "missing");
		struct json was = json_get(m, "reference"), is = json_get(m, "current");

		if (!(lacking(was) + lacking(is) > 0) || n++ >= MISSING_MAX)
			continue;
		if (n == 1)
			view_table(&p->v, "Records without a value: now, and below in the reference", head);
		missing_row(p, f, was, is);
	}
	if (n > 0)
		view_table_end(&p->v);
	else
		buf_puts(b, "<p class=\"lead\">Every record of both windows has a value of every feature."
		    "</p>\n");
	if (n > MISSING_MAX)
		html_fmt(b, "<p class=\"cut\">%d more features are in the document only: "
		    "<code>--json</code></p>\n", (long)n - MISSING_MAX);
	unseen(p);
	buf_puts(b, "</section>\n");
}
