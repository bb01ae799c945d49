/*
 * drift_watch.c -- a series of checks: what it may cost in false alarms, how it went, incidents.
 */
#include "reports/drift_page.h"

enum { CELL = 8, NAME = 60 };

static void
fact(struct buf *b, const char *name)
{
	html_fmt(b, "<div><dt>%s</dt><dd>", name);
}

/* 7 days, 12 hours */
static void
duration(struct buf *b, double ms)
{
	double hours = ms / 3600e3;

	if (hours >= 48)
		html_fmt(b, "%r days", hours / 24);
	else
		html_fmt(b, "%r hours", hours);
}

static void
budget(const struct drift_page *p, struct json x)
{
	struct buf *b = p->v.out;

	if (x.type != JT_OBJECT)
		return;
	buf_puts(b, "<dl class=\"facts\">");
	fact(b, "False alarms at most");
	html_fmt(b, "%r in ", view_real(x, "alarms"));
	duration(b, view_real(x, "per_ms"));
	buf_puts(b, "</dd></div>");
	fact(b, "Of these spent");
	html_fmt(b, "%r</dd></div>", view_real(x, "spent"));
	fact(b, "Checks");
	html_fmt(b, "%d</dd></div></dl>\n", view_long(x, "checks"));
}

/* ---- how it went --------------------------------------------------------------------------- */

static bool
known_verdict(const char *word)
{
	return strcmp(word, "PASS") == 0 || strcmp(word, "FAIL") == 0 ||
	    strcmp(word, "INCONCLUSIVE") == 0;
}

static void
strip(const struct drift_page *p, struct json history)
{
	struct buf *b = p->v.out;
	struct json x;
	long n = 0, drifted = 0;

	for (struct json_iter it = { .of = history }; json_next(&it, &x); n++)
		drifted += strcmp(view_text(&p->v, x, "verdict"), "FAIL") == 0;
	if (n == 0)
		return;
	html_fmt(b, "<figure><figcaption>%d of the last %d checks found a drift, oldest first"
	    "</figcaption>\n<svg class=\"strip\" role=\"img\" aria-label=\"Verdicts of the last %d "
	    "checks\" viewBox=\"0 0 %d 20\" preserveAspectRatio=\"xMinYMid meet\">", drifted,
	    n, n, n * CELL);
	n = 0;
	for (struct json_iter it = { .of = history }; json_next(&it, &x); n++) {
		const char *verdict = view_text(&p->v, x, "verdict");
		bool bad = strcmp(verdict, "FAIL") == 0;

		/* High or low besides red or green: colour is not all that tells them apart. */
		buf_fmt(b, "<rect class=\"%s\" x=\"%ld\" y=\"%d\" width=\"%d\" height=\"%d\"><title>",
		    known_verdict(verdict) ? verdict : "INVALID", n * CELL, bad ? 0 : 8, CELL - 2,
		    bad ? 20 : 12);
		drift_when(b, view_real(x, "at"));
		html_fmt(b, " %s</title></rect>", verdict);
	}
	buf_puts(b, "</svg></figure>\n");
}

static void
checks(const struct drift_page *p, struct json history)
{
	static const char *const head[] = { "Check", "Verdict", ">Records", "Drifted", NULL };
	struct buf *b = p->v.out;
	struct json x, f;

	buf_puts(b, "<details class=\"more\"><summary>The checks</summary>\n");
	view_table(&p->v, "Checks, oldest first", head);
	for (struct json_iter it = { .of = history }; json_next(&it, &x); ) {
		size_t n = 0;

		buf_puts(b, "<tr><td class=\"time\">");
		drift_when(b, view_real(x, "at"));
		html_fmt(b, "</td><td>%s</td><td class=\"num\">%d</td><td>", view_text(&p->v, x, "verdict"),
		    view_long(x, "records"));
		for (struct json_iter k = { .of = json_get(x, "findings") }; json_next(&k, &f); )
			if (strcmp(view_text(&p->v, f, "verdict"), "FAIL") == 0)
				html_fmt(b, "%s%S", n++ ? ", " : "",
				    html_cut(json_text(json_get(f, "feature"), p->v.a), NAME));
		buf_puts(b, "</td></tr>\n");
	}
	view_table_end(&p->v);
	buf_puts(b, "</details>\n");
}

static void
time_cell(struct buf *b, struct json x, const char *key, const char *otherwise)
{
	buf_puts(b, "<td class=\"time\">");
	if (view_has(x, key))
		drift_when(b, view_real(x, key));
	else
		buf_puts(b, otherwise);
	buf_puts(b, "</td>");
}

static void
incidents(const struct drift_page *p, struct json list)
{
	static const char *const head[] = { "Incident", "Feature", "Began", "Opened", "Resolved",
		NULL };
	struct json_iter it = { .of = list };
	struct buf *b = p->v.out;
	struct json x;

	if (!json_next(&it, &x)) {
		buf_puts(b, "<p class=\"none\">There was no incident.</p>\n");
		return;
	}
	view_table(&p->v, "Incidents", head);
	do {
		html_fmt(b, "<tr><td>%d</td><th scope=\"row\">%S<small>%s</small></th>",
		    view_long(x, "id"), html_cut(json_text(json_get(x, "feature"), p->v.a), NAME),
		    view_text(&p->v, x, "detector"));
		time_cell(b, x, "onset", "unknown");
		time_cell(b, x, "opened", "unknown");
		time_cell(b, x, "resolved", "<b>open</b>");
		buf_puts(b, "</tr>\n");
	} while (json_next(&it, &x));
	view_table_end(&p->v);
}

void
drift_watch(const struct drift_page *p)
{
	struct json history = json_get(p->watch, "history");

	if (p->watch.type != JT_OBJECT)
		return;
	view_section(&p->v, "watch", "The watch");
	html_fmt(p->v.out, "<p class=\"lead\"><b>%s</b> was checked ", view_text(&p->v, p->watch,
	    "name"));
	drift_when(p->v.out, view_real(p->watch, "at"));
	if (view_has(p->watch, "from")) {
		buf_puts(p->v.out, " on records from ");
		drift_when(p->v.out, view_real(p->watch, "from"));
		buf_puts(p->v.out, " to ");
		drift_when(p->v.out, view_real(p->watch, "to"));
	}
	buf_puts(p->v.out, ".</p>\n");
	budget(p, json_get(p->watch, "budget"));
	strip(p, history);
	incidents(p, json_get(p->watch, "incidents"));
	checks(p, history);
	buf_puts(p->v.out, "</section>\n");
}
