/*
 * drift_findings.c -- what was found: all of it in a table, and feature by feature what drifted or
 * may have.
 */
#include "reports/drift_page.h"

#include <math.h>

enum { BAR = 180, NAME = 120, FINE_MAX = 2100 };

/* ---- the table ----------------------------------------------------------------------------- */

/* The effect with its interval, and the tolerance as a rule, from no effect on. */
static void
bar(struct buf *b, const struct drift_finding *f)
{
	double least = fmin(0, f->lo), most = fmax(fmax(f->hi, f->tolerance), f->effect), scale;

	if (!f->known || !(most > least))
		return;
	scale = (BAR - 12) / (most - least);
	buf_fmt(b, "<svg class=\"bar\" viewBox=\"-6 0 %d 22\" aria-hidden=\"true\">"
	    "<path class=\"axis\" d=\"M-6 11H%d\"/><path class=\"zero\" d=\"M%.1f 4V18\"/>"
	    "<path class=\"limit\" d=\"M%.1f 1V21\"/><path class=\"range\" d=\"M%.1f 11H%.1f\"/>"
	    "<circle cx=\"%.1f\" cy=\"11\" r=\"4.5\"/></svg>", BAR, BAR - 6, (0 - least) * scale,
	    (f->tolerance - least) * scale, (f->lo - least) * scale, (f->hi - least) * scale,
	    (f->effect - least) * scale);
}

static void
row(const struct drift_page *p, const struct drift_finding *f, bool with_bar)
{
	const struct drift_feature *of = drift_feature_of(p, f->feature);
	struct buf *b = p->v.out;

	buf_puts(b, "<tr><td>");
	drift_chip(b, f->verdict);
	buf_puts(b, "</td><th scope=\"row\">");
	if (of != NULL && of->number > 0)
		buf_fmt(b, "<a href=\"#f%zu\">", of->number);
	html_fmt(b, "%S", html_cut(str_of(f->feature), NAME));
	if (of != NULL && of->number > 0)
		buf_puts(b, "</a>");
	html_fmt(b, "<small>%s</small></th><td class=\"num\">", f->detector);
	drift_effect(b, f);
	buf_puts(b, "</td>");
	if (with_bar) {
		buf_puts(b, "<td>");
		bar(b, f);
		buf_puts(b, "</td>");
	}
	buf_puts(b, "<td class=\"num\">");
	drift_amount(b, f->unit, f->tolerance);
	buf_puts(b, "</td><td class=\"num\">");
	if (f->known)
		drift_p(b, view_real(f->json, "p_bh"));
	html_fmt(b, "</td><td class=\"num\">%d<small>%d</small></td></tr>\n",
	    view_long(f->json, "n_current"), view_long(f->json, "n_reference"));
}

static void
rows(const struct drift_page *p, const char *caption, size_t from, size_t to, bool with_bar)
{
	static const char *const head[] = { "Verdict", "Feature", ">Effect", "Against tolerance",
		">Tolerance", ">p", ">Records", NULL };
	static const char *const brief[] = { "Verdict", "Feature", ">Effect", ">Tolerance", ">p",
		">Records", NULL };

	view_table(&p->v, caption, with_bar ? head : brief);
	for (size_t i = from; i < to; i++)
		row(p, &p->finding[i], with_bar);
	view_table_end(&p->v);
}

void
drift_findings(const struct drift_page *p)
{
	size_t worth = p->ndrift + p->nunsure, shown = worth < 2 * DRIFT_IN_FULL ? worth :
	    2 * DRIFT_IN_FULL, end = p->nfinding < FINE_MAX ? p->nfinding : FINE_MAX;
	struct buf *b = p->v.out;

	view_section(&p->v, "findings", "Findings");
	buf_puts(b, "<p class=\"lead\">Effects with their 95 % intervals; the dashed line is the "
	    "tolerance, the solid one no effect. Records: of the current window, below of the "
	    "reference.</p>\n");
	if (shown > 0)
		rows(p, "What drifted or may have, worst first", 0, shown, true);
	if (shown < end) {
		html_fmt(b, "<details class=\"more\"><summary>%d %s</summary>\n", (long)(end - shown),
		    shown < worth ? "other findings" : end - shown == 1 ? "finding without drift" :
		    "findings without drift");
		rows(p, "The other findings", shown, end, false);
		buf_puts(b, "</details>\n");
	}
	if (end < p->nfinding)
		html_fmt(b, "<p class=\"cut\">%d more findings are in the document only: "
		    "<code>--json</code></p>\n", (long)(p->nfinding - end));
	buf_puts(b, "</section>\n");
}

/* ---- one feature --------------------------------------------------------------------------- */

static void
arrow(const struct drift_page *p, struct json was, struct json is, const char *what,
    const char *key)
{
	struct buf *b = p->v.out;

	if (!view_has(was, key) || !view_has(is, key))
		return;
	html_fmt(b, " %s <b>", what);
	drift_number(b, view_real(was, key));
	buf_puts(b, " \xe2\x86\x92 ");
	drift_number(b, view_real(is, key));
	buf_puts(b, "</b>.");
}

static void
sentence(const struct drift_page *p, const struct drift_finding *f)
{
	struct buf *b = p->v.out;
	long needed = view_long(f->json, "n_needed"), direction = view_long(f->json, "direction");
	const char *why = view_text(&p->v, f->json, "why");
	double observed = view_real(f->json, "observed");

	buf_puts(b, "<p class=\"stated\">");
	drift_chip(b, f->verdict);
	html_fmt(b, " <b>%s</b>, %s", f->detector, view_text(&p->v, f->json, "measures"));
	if (f->known) {
		buf_puts(b, ": <b>");
		drift_amount(b, f->unit, f->effect);
		if (observed > 1.005 * f->effect + 1e-9) {
			buf_puts(b, "</b> beyond chance (");
			drift_amount(b, f->unit, observed);
			buf_puts(b, " seen)<b>");
		}
		buf_puts(b, "</b>, with 95 % confidence from ");
		drift_amount(b, f->unit, f->lo);
		buf_puts(b, " to ");
		drift_amount(b, f->unit, f->hi);
		buf_puts(b, "; tolerance ");
		drift_amount(b, f->unit, f->tolerance);
	}
	buf_char(b, '.');
	if (f->verdict == FAIL && direction != 0)
		buf_puts(b, direction > 0 ? " It rose." : " It fell.");
	if (*why != '\0')
		html_fmt(b, " (%s)", why);
	if (view_has(f->json, "onset")) {
		buf_puts(b, " It began about ");
		drift_when(b, view_real(f->json, "onset"));
		buf_char(b, '.');
	}
	if (f->verdict == INCONCLUSIVE && needed > 0 && strstr(why, "would decide") == NULL)
		html_fmt(b, " About <b>%d</b> current records would decide.", needed);
	buf_puts(b, "</p>\n");
}

static void
figure(const struct drift_page *p, struct str svg, const char *caption, const char *keys)
{
	if (svg.n == 0)
		return;
	html_fmt(p->v.out, "<figure><figcaption>%s", caption);
	buf_fmt(p->v.out, "%s</figcaption>\n", keys);
	buf_str(p->v.out, svg);
	buf_puts(p->v.out, "</figure>\n");
}

static void
feature(const struct drift_page *p, const struct drift_feature *f)
{
	static const char keys[] = " <span class=\"key was\">reference</span> "
	    "<span class=\"key is\">current</span>";
	struct json summary = json_get(f->json, "summary");
	struct json was = json_get(summary, "reference"), is = json_get(summary, "current");
	struct buf *b = p->v.out;
	bool shown = false;

	buf_fmt(b, "<article class=\"change\" id=\"f%zu\">\n", f->number);
	html_fmt(b, "<h3>%S <span class=\"count\">%s</span></h3>\n", html_cut(str_of(f->name), NAME),
	    f->get);
	for (size_t i = 0; i < p->ndrift + p->nunsure; i++)
		if (strcmp(p->finding[i].feature, f->name) == 0)
			sentence(p, &p->finding[i]);
	if (was.type == JT_OBJECT && is.type == JT_OBJECT) {
		buf_puts(b, "<p class=\"stated\">");
		arrow(p, was, is, "Median", "p50");
		arrow(p, was, is, "Mean", "mean");
		arrow(p, was, is, "95th percentile", "p95");
		buf_puts(b, "</p>\n");
	}
	buf_puts(b, "<div class=\"pair\">\n");
	figure(p, f->distribution, view_has(json_get(f->json, "plot"), "rows") ?
	    "Shares that changed most" : "Shares of values by size", keys);
	figure(p, f->over_time, "Effect over time with its interval; dashed the tolerance, at the "
	    "bottom incidents, dotted when they began", "");
	for (size_t i = 0; i < p->ndrift; i++) {
		bool missing = strcmp(p->finding[i].detector, "missing") == 0;

		if (strcmp(p->finding[i].feature, f->name) != 0)
			continue;
		if (strcmp(f->shape, "text") == 0)
			drift_terms(p, &p->finding[i]);
		/* What grew is the same by whatever detector, but for what has no value. */
		if (missing || !shown)
			drift_examples(p, &p->finding[i]);
		shown = shown || !missing;
	}
	buf_puts(b, "</div>\n");
	drift_data(p, f);
	buf_puts(b, "</article>\n");
}

void
drift_changes(const struct drift_page *p)
{
	if (p->nshown == 0)
		return;
	view_section(&p->v, "changes", "What changed");
	for (size_t i = 0; i < p->nshown; i++)
		feature(p, p->shown[i]);
	buf_puts(p->v.out, "</section>\n");
}
