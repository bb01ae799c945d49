/*
 * sec_provenance.c -- what it takes to get the same numbers again, or to dispute them.
 */
#include "reports/reports.h"

enum { EVENTS = 100, CONFIG = 4000 };

static const struct { const char *column, *title; bool code; } fact[] = {
	{ "suite_digest", "Suite, SHA-256", true },
	{ "prompt_digest", "Prompt, SHA-256", true },
	{ "target_digest", "Target, SHA-256", true },
	{ "key", "Run key, SHA-256", true },
	{ "program", "Program", false },
	{ "host", "Host", false },
	{ "started", "Started (UTC)", false },
	{ "ended", "Ended (UTC)", false },
	{ "sittings", "Sittings", false },
	{ "command", "To repeat it", true },
};

static void
facts(const struct page *p)
{
	struct buf *b = p->out;

	buf_puts(b, "<dl class=\"prov\">\n");
	for (size_t i = 0; i < COUNT(fact); i++) {
		struct query *q = store_query(p->store, arena_fmt(p->a, "SELECT %s FROM v_run WHERE id = ?",
		    fact[i].column), "i", p->run);

		if (!query_next(q))
			bug("run %ld went away", p->run);
		html_fmt(b, "<div><dt>%s</dt><dd>", fact[i].title);
		buf_puts(b, fact[i].code ? "<code>" : "");
		html_text(b, html_cut(query_text(q, 0), CONFIG));
		buf_puts(b, fact[i].code ? "</code></dd></div>\n" : "</dd></div>\n");
		query_free(q);
	}
	buf_puts(b, "</dl>\n");
}

static void
scorers(const struct page *p)
{
	struct query *q = store_query(p->store, "SELECT name, scorer, version, params, scale, unit"
	    " FROM v_metric WHERE run = ? ORDER BY metric", "i", p->run);

	buf_puts(p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Scorers\">"
	    "<table>"
	    "<caption>Scorers</caption><thead><tr><th scope=\"col\">Metric</th><th scope=\"col\">"
	    "Scorer</th>"
	    "<th scope=\"col\" class=\"num\">Version</th><th scope=\"col\">Scale</th>"
	    "<th scope=\"col\">Parameters</th></tr></thead><tbody>\n");
	while (query_next(q)) {
		html_fmt(p->out, "<tr><th scope=\"row\">%S</th><td>%S</td><td class=\"num\">%d</td><td>%S",
		    query_text(q, 0), query_text(q, 1), query_long(q, 2), query_text(q, 4));
		if (query_text(q, 5).n > 0)
			html_fmt(p->out, ", %S", query_text(q, 5));
		html_fmt(p->out, "</td><td><code>%S</code></td></tr>\n", html_cut(query_text(q, 3), 500));
	}
	buf_puts(p->out, "</tbody></table></div>\n");
}

static void
json_block(const struct page *p, const char *title, const char *column)
{
	struct query *q = store_query(p->store, arena_fmt(p->a, "SELECT %s FROM v_run WHERE id = ?",
	    column),
	    "i", p->run);

	if (!query_next(q))
		bug("run %ld went away", p->run);
	if (query_text(q, 0).n > 0) {
		html_fmt(p->out, "<details class=\"more\"><summary>%s</summary>\n", title);
		html_quote(p->out, query_text(q, 0), CONFIG);
		buf_puts(p->out, "</details>\n");
	}
	query_free(q);
}

static void
events(const struct page *p)
{
	long all = store_long(p->store, 0, "SELECT count(*) FROM v_event WHERE run = ?", "i", p->run);
	struct query *q;

	if (all == 0)
		return;
	buf_puts(p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Events\">"
	    "<table>"
	    "<caption>Events</caption><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Kind</th>"
	    "<th scope=\"col\">What</th></tr></thead><tbody>\n");
	q = store_query(p->store, "SELECT time, kind, text FROM v_event WHERE run = ? ORDER BY id"
	    " LIMIT ?", "ii",
	    p->run, (long)EVENTS);
	while (query_next(q))
		html_fmt(p->out, "<tr><td class=\"time\">%S</td><td>%S</td><td>%S</td></tr>\n",
		    query_text(q, 0),
		    query_text(q, 1), html_cut(query_text(q, 2), 500));
	buf_puts(p->out, "</tbody></table></div>\n");
	if (all > EVENTS)
		html_fmt(p->out, "<p class=\"cut\">%d more are left out.</p>\n", all - EVENTS);
}

static bool
wanted(const struct page *p)
{
	(void)p;
	return true;
}

static void
write_provenance(const struct page *p)
{
	facts(p);
	scorers(p);
	json_block(p, "Target", "target_config");
	json_block(p, "What the server says of itself", "serving");
	events(p);
}

const struct section section_provenance = { "provenance", "Provenance", wanted, write_provenance };
