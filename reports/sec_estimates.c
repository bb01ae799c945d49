/*
 * sec_estimates.c -- every estimate with its interval: drawn, and as numbers.
 */
#include "reports/reports.h"

enum { PLOTTED = 40, PLOTS = 4, LISTED = 500 };

/* The bound of a gate on the whole suite, to be drawn across. */
static bool
rule_of(const struct page *p, const char *metric, double *rule)
{
	struct query *q = store_query(p->store, "SELECT json FROM v_verdict WHERE run = ? AND"
	    " ifnull(base, 0) = ? AND gate IS NOT NULL ORDER BY id", "ii", p->run, p->base);
	bool found = false;

	while (!found && query_next(q)) {
		struct json_fault fault;
		struct json j;

		if (json_parse(query_text(q, 0), &j, &fault) == 0 &&
		    json_get(j, "value").type == JT_NUMBER && json_get(j, "slice").type == JT_NULL &&
		    str_is(json_text(json_get(j, "metric"), p->a), metric)) {
			*rule = json_to_real(json_get(j, "value"), 0);
			found = true;
		}
	}
	if (found)
		query_free(q);
	return found;
}

static const char *
said(const struct page *p, const struct amount *m, struct query *q)
{
	struct buf b = { 0 };
	const char *text;

	amount_interval(&b, m, query_real(q, 2), query_long(q, 3) != 0, query_real(q, 4),
	    query_real(q, 5));
	text = str_cstr(buf_as_str(&b), p->a);
	buf_free(&b);
	return text;
}

/* The whole suite, then the slices, worst first. */
static size_t
read_rows(const struct page *p, const struct amount *m, struct plot_row *row)
{
	struct query *q = store_query(p->store, arena_fmt(p->a, "SELECT slice, slice_name, at,"
	    " bounded, lo, hi"
	    " FROM v_estimate WHERE run = ? AND metric = ? AND known ORDER BY slice >= 0, at %s, slice"
	    " LIMIT ?", m->lower_is_better ? "DESC" : "ASC"), "iii", p->run, m->metric,
	    (long)PLOTTED + 1);
	size_t n = 0;

	while (query_next(q)) {
		bool whole = query_long(q, 0) < 0;

		row[n++] = (struct plot_row){ whole ? "whole suite" : str_cstr(query_text(q, 1), p->a),
			said(p, m, q), query_real(q, 2), query_real(q, 4), query_real(q, 5),
			query_long(q, 3) != 0, whole };
	}
	return n;
}

/* A figure is its plot in a box that scrolls, the table below its alternative in text. */
static void
figure(const struct page *p, const struct amount *m, const struct plot_row *row, size_t n,
    long slices,
    long number)
{
	const char *prefix = arena_fmt(p->a, "plot%ld", number);
	const char *title = arena_fmt(p->a, "%.100s with 95 %% intervals, by slice; the numbers are"
	    " in the "
	    "table below", m->name);
	struct buf svg = { 0 };
	double rule = 0;
	bool has_rule = rule_of(p, m->name, &rule);

	if (plot_forest(&svg, prefix, title, row, n, m->percent, has_rule, rule)) {
		html_fmt(p->out, "<figure><figcaption><b>%s</b>", m->name);
		if (m->unit[0] != '\0' && !m->percent)
			html_fmt(p->out, ", %s", m->unit);
		buf_puts(p->out, m->lower_is_better ? "; lower is better" : "");
		buf_puts(p->out, ", with 95 % intervals");
		if (has_rule) {
			buf_puts(p->out, "; dashed: the gate at ");
			amount_value(p->out, m, rule);
		}
		if (slices > PLOTTED)
			html_fmt(p->out, "; the %d worst of %d slices", (long)PLOTTED, slices);
		html_fmt(p->out, "</figcaption><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		    "aria-label=\"%s\">", title);
		buf_str(p->out, buf_as_str(&svg));
		buf_puts(p->out, "</div></figure>\n");
	}
	buf_free(&svg);
}

static void
plots(const struct page *p)
{
	struct plot_row row[PLOTTED + 1];
	struct query *q = store_query(p->store, "SELECT name, (SELECT count(*) FROM v_estimate e WHERE"
	    " e.run = m.run AND e.metric = m.metric AND slice >= 0 AND known) AS slices FROM v_metric m"
	    " WHERE run = ? AND slices > 0 ORDER BY metric LIMIT ?", "ii", p->run, (long)PLOTS);
	struct amount m;
	long number = 0;

	while (query_next(q))
		if (amount_of(p, query_text(q, 0), &m))
			figure(p, &m, row, read_rows(p, &m, row), query_long(q, 1), ++number);
}

static void
table_row(const struct page *p, struct query *q, const struct amount *m)
{
	struct buf *b = p->out;
	bool whole = query_long(q, 1) < 0;

	html_fmt(b, "<tr><th scope=\"row\">%s</th><td>%S</td><td class=\"num\">", m->name,
	    whole ? STR("whole suite") : html_cut(query_text(q, 2), 200));
	if (query_long(q, 3))
		amount_value(b, m, query_real(q, 4));
	else
		buf_puts(b, "undefined");
	buf_puts(b, "</td><td class=\"num\">");
	if (query_long(q, 5))
		amount_range(b, m, query_real(q, 6), query_real(q, 7));
	else
		buf_puts(b, "none");
	html_fmt(b, "</td><td class=\"num\">%d</td><td class=\"num\">%d</td><td>%S</td></tr>\n",
	    query_long(q, 8), query_long(q, 9), query_text(q, 10));
}

static bool
wanted(const struct page *p)
{
	return store_long(p->store, 0, "SELECT count(*) FROM v_estimate WHERE run = ?", "i",
	    p->run) > 0;
}

static void
write_estimates(const struct page *p)
{
	struct query *q;
	struct amount m = { .metric = -1, .name = "", .unit = "" };
	long all = store_long(p->store, 0, "SELECT count(*) FROM v_estimate WHERE run = ?", "i",
	    p->run);

	plots(p);
	buf_puts(p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\""
	    " aria-label=\"Estimates\">"
	    "<table><caption>Estimates with 95 % intervals</caption><thead><tr><th scope=\"col\">"
	    "Metric</th>"
	    "<th scope=\"col\">Slice</th><th scope=\"col\" class=\"num\">Estimate</th>"
	    "<th scope=\"col\" class=\"num\">Interval</th><th scope=\"col\" class=\"num\">Units</th>"
	    "<th scope=\"col\" class=\"num\">Missing</th><th scope=\"col\">Method</th></tr></thead>"
	    "<tbody>\n");
	q = store_query(p->store, "SELECT metric_name, slice, slice_name, known, at, bounded, lo, hi,"
	    " n,"
	    " nmissing, method, metric FROM v_estimate WHERE run = ? ORDER BY slice >= 0, metric, slice"
	    " LIMIT ?", "ii", p->run, (long)LISTED);
	while (query_next(q))
		if (m.metric == query_long(q, 11) || amount_of(p, query_text(q, 0), &m))
			table_row(p, q, &m);
	buf_puts(p->out, "</tbody></table></div>\n");
	if (all > LISTED)
		html_fmt(p->out, "<p class=\"cut\">%d more rows are left out; <code>driftlead show %d"
		    " --json"
		    "</code> has all.</p>\n", all - LISTED, p->run);
}

const struct section section_estimates = { "estimates", "Estimates", wanted, write_estimates };
