/*
 * sec_service.c -- how the service behaved: time, tokens, retries, failures.
 */
#include "reports/reports.h"

#include <math.h>

static const double quantile[] = { 0.5, 0.9, 0.95, 0.99, 1 };

/* Order statistics: the q-quantile is the smallest value with a share q at or below it. */
static void
quantiles(const struct page *p, const char *title, const char *column)
{
	struct query *q;
	size_t k = 0;
	long at = 0, n = store_long(p->store, 0, arena_fmt(p->a, "SELECT count(*) FROM v_completion"
	    " WHERE run = ? AND measured AND %s IS NOT NULL", column), "i", p->run);

	if (n == 0)
		return;
	html_fmt(p->out, "<tr><th scope=\"row\">%s</th><td class=\"num\">%d</td>", title, n);
	q = store_query(p->store, arena_fmt(p->a, "SELECT %s FROM v_completion WHERE run = ? AND"
	    " measured"
	    " AND %s IS NOT NULL ORDER BY 1", column, column), "i", p->run);
	while (query_next(q)) {
		at++;
		for (; k < COUNT(quantile) && at >= (long)ceil(quantile[k] * (double)n - 1e-9); k++) {
			buf_puts(p->out, "<td class=\"num\">");
			html_time(p->out, query_real(q, 0));
			buf_puts(p->out, "</td>");
		}
	}
	buf_puts(p->out, "</tr>\n");
}

static void
latency(const struct page *p)
{
	buf_puts(p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Latency\">"
	    "<table>"
	    "<caption>Latency of the last attempt, over answers of the model</caption><thead><tr>"
	    "<th scope=\"col\">Until</th><th scope=\"col\" class=\"num\">Answers</th>"
	    "<th scope=\"col\" class=\"num\">p50</th><th scope=\"col\" class=\"num\">p90</th>"
	    "<th scope=\"col\" class=\"num\">p95</th><th scope=\"col\" class=\"num\">p99</th>"
	    "<th scope=\"col\" class=\"num\">Longest</th></tr></thead><tbody>\n");
	quantiles(p, "First token", "ms_first");
	quantiles(p, "Last byte", "ms_total");
	buf_puts(p->out, "</tbody></table></div>\n");
}

static void
effort(const struct page *p)
{
	struct buf *b = p->out;
	struct query *q = store_query(p->store, "SELECT sum(attempts), total(attempts > 1),"
	    " sum(ms_backoff),"
	    " sum(ms_queue), sum(tokens_in), sum(tokens_out), count(tokens_out) FROM v_completion"
	    " WHERE run = ?", "i", p->run);

	if (!query_next(q))
		bug("an aggregate without a row");
	html_fmt(b, "<dl class=\"facts\"><div><dt>Requests sent</dt><dd>%d</dd></div><div><dt>Asked"
	    " again</dt>"
	    "<dd>%d<small>cases</small></dd></div><div><dt>Waited before retries</dt><dd>",
	    query_long(q, 0),
	    query_long(q, 1));
	html_time(b, query_real(q, 2));
	buf_puts(b, "<small>over all cases</small></dd></div><div><dt>Waited for a turn</dt><dd>");
	html_time(b, query_real(q, 3));
	buf_puts(b, "<small>over all cases</small></dd></div>");
	if (!query_null(q, 5))
		html_fmt(b, "<div><dt>Tokens</dt><dd>%d in<small>%d out, reported by %d answers</small>"
		    "</dd></div>",
		    query_long(q, 4), query_long(q, 5), query_long(q, 6));
	buf_puts(b, "</dl>\n");
	query_free(q);
}

/* The sentence of one answer of this kind. */
static void
example(const struct page *p, struct str outcome)
{
	struct query *q = store_query(p->store, "SELECT case_id, why FROM v_completion WHERE run = ?"
	    " AND outcome = ? LIMIT 1", "it", p->run, outcome);

	buf_puts(p->out, "<td>");
	if (query_next(q)) {
		html_fmt(p->out, "<span class=\"id\">%S</span>", html_cut(query_text(q, 0), 200));
		if (query_text(q, 1).n > 0)
			html_fmt(p->out, ": %S", html_cut(query_text(q, 1), 500));
		query_free(q);
	}
	buf_puts(p->out, "</td>");
}

static void
outcomes(const struct page *p)
{
	struct query *q = store_query(p->store, "SELECT outcome, count(*), max(measured) FROM"
	    " v_completion"
	    " WHERE run = ? GROUP BY outcome ORDER BY 3 DESC, 2 DESC, 1", "i", p->run);

	buf_puts(p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\""
	    " aria-label=\"Outcomes\"><table>"
	    "<caption>What became of the requests</caption><thead><tr><th scope=\"col\">Outcome</th>"
	    "<th scope=\"col\">Whose doing</th><th scope=\"col\" class=\"num\">Requests</th>"
	    "<th scope=\"col\">For example</th></tr></thead><tbody>\n");
	while (query_next(q)) {
		struct str outcome = query_text(q, 0);

		html_fmt(p->out, "<tr><th scope=\"row\">%S</th><td>%s</td><td class=\"num\">%d</td>",
		    outcome,
		    query_long(q, 2) ? "the model's" : "the service's", query_long(q, 1));
		if (str_is(outcome, "answered"))
			buf_puts(p->out, "<td></td>");
		else
			example(p, outcome);
		buf_puts(p->out, "</tr>\n");
	}
	buf_puts(p->out, "</tbody></table></div>\n");
}

static bool
wanted(const struct page *p)
{
	return store_long(p->store, 0, "SELECT 1 FROM v_completion WHERE run = ? LIMIT 1", "i",
	    p->run) != 0;
}

static void
write_service(const struct page *p)
{
	latency(p);
	effort(p);
	outcomes(p);
}

const struct section section_service = { "service", "Service", wanted, write_service };
