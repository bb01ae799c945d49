/*
 * sec_slices.c -- the slices under each gate on the whole suite: which lost, and what each could
 * have shown at all.
 */
#include "reports/reports.h"

enum { SHOWN = 200, METRICS = 16 };              /* slices of a gate; tables */

static bool
wanted(const struct page *p)
{
	return store_long(p->store, 0, "SELECT count(*) FROM v_verdict WHERE run = ? AND"
	    " ifnull(base, 0) = ? AND gate IS NOT NULL AND json LIKE '%\"slices\":[{%'", "ii",
	    p->run, p->base) > 0;
}

static void
change(struct buf *b, const struct amount *m, struct json at)
{
	double turn = m->lower_is_better ? -1 : 1;

	buf_puts(b, "<td class=\"num\">");
	if (at.type == JT_NUMBER)
		amount_change(b, m, turn * json_to_real(at, 0));
	else
		buf_puts(b, "\xe2\x80\x93");
}

static void
row(const struct page *p, const struct amount *m, struct json x)
{
	struct str status = json_text(json_get(x, "status"), p->a);
	struct json ci = json_get(x, "ci"), mde = json_get(x, "mde"), p_bh = json_get(x, "p_bh");
	struct buf *b = p->out;
	long n = 0;

	json_long(json_get(x, "n"), &n);
	html_fmt(b, "<tr><th scope=\"row\">%S</th><td class=\"num\">%p</td><td class=\"num\">%d</td>",
	    html_cut(json_text(json_get(x, "name"), p->a), 200), json_to_real(json_get(x, "share"), 0),
	    n);
	change(b, m, json_get(x, "effect"));
	if (ci.type == JT_OBJECT) {
		double lo = json_to_real(json_get(ci, "lo"), 0), hi = json_to_real(json_get(ci, "hi"), 0);

		buf_puts(b, "<small>");
		amount_change(b, m, m->lower_is_better ? -hi : lo);
		buf_puts(b, " to ");
		amount_change(b, m, m->lower_is_better ? -lo : hi);
		buf_puts(b, "</small>");
	}
	buf_puts(b, "</td>");
	change(b, m, json_get(x, "shrunk"));
	buf_puts(b, "</td><td class=\"num\">");
	if (p_bh.type == JT_NUMBER)
		buf_fmt(b, "%.2g", json_to_real(p_bh, 0));
	buf_puts(b, "</td><td class=\"num\">");
	if (mde.type == JT_NUMBER)
		amount_change(b, m, (m->lower_is_better ? 1 : -1) * json_to_real(mde, 0));
	html_fmt(b, "</td><td><span class=\"chip %s\">%S</span></td></tr>\n",
	    str_is(status, "flagged") ? "FAIL" :
	    str_is(status, "ok") ? "PASS" : "INCONCLUSIVE", status);
}

static void
table(const struct page *p, const struct judged_row *j)
{
	struct json list = json_get(j->json, "slices"), x;
	struct json_iter it = { .of = list };
	struct amount m = { .name = "", .unit = "" };
	long n = 0;

	if (!json_next(&it, &x) || !amount_of(p, j->metric, &m))
		return;
	html_fmt(p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Slices\">"
	    "<table><caption>%S%s</caption><thead><tr><th scope=\"col\">Slice</th><th scope=\"col\" "
	    "class=\"num\">Share</th><th scope=\"col\" class=\"num\">Pairs</th><th scope=\"col\" "
	    "class=\"num\">Change</th><th scope=\"col\" class=\"num\">Shrunk</th><th scope=\"col\" "
	    "class=\"num\">p (BH)</th><th scope=\"col\" class=\"num\">Could find</th><th "
	    "scope=\"col\">Status</th></tr></thead><tbody>\n", html_cut(j->gate, 200),
	    m.percent ? ", in points" : "");
	do
		row(p, &m, x);
	while (++n < SHOWN && json_next(&it, &x));
	buf_puts(p->out, "</tbody></table></div>\n");
	if (json_next(&it, &x))
		buf_puts(p->out, "<p class=\"cut\">The others are in <code>driftlead gate --json</code>."
		    "</p>\n");
}

static void
write_slices(const struct page *p)
{
	struct query *q = judged_gates(p, false);
	struct str shown[METRICS];
	struct judged_row j;
	size_t n = 0, k;

	buf_puts(p->out, "<p class=\"lead\">Slices without a gate of their own decide nothing: a loss "
	    "is flagged at a false discovery rate of 10 %. <b>Could find</b> is the smallest loss that "
	    "so many pairs show with the gate's power; the shrunk change is closer to that of all "
	    "slices.</p>\n");
	while (judged_next(q, &j, p->a)) {          /* gates on one metric see the same slices */
		for (k = 0; k < n && !str_eq(shown[k], j.metric); k++)
			;
		if (k < n || n == METRICS || json_get(j.json, "slices").type != JT_ARRAY ||
		    !json_next(&(struct json_iter){ .of = json_get(j.json, "slices") },
		    &(struct json){ 0 }))
			continue;
		shown[n++] = j.metric;
		table(p, &j);
	}
}

const struct section section_slices = { "slices", "Slices", wanted, write_slices };
