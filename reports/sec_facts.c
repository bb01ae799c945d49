/*
 * sec_facts.c -- what was asked of whom, at a glance.
 */
#include "reports/reports.h"

static void
fact(struct buf *b, const char *name)
{
	html_fmt(b, "<div><dt>%s</dt><dd>", name);
}

static void
end(struct buf *b)
{
	buf_puts(b, "</dd></div>\n");
}

static void
answers(const struct page *p)
{
	struct buf *b = p->out;
	struct query *q = store_query(p->store, "SELECT count(*), total(NOT measured), sum(tokens_in),"
	    " sum(tokens_out), sum(cost) FROM v_completion WHERE run = ?", "i", p->run);

	if (!query_next(q))
		bug("an aggregate without a row");
	fact(b, "Answers");
	html_fmt(b, "%d", query_long(q, 0));
	end(b);
	fact(b, "Unanswered");
	html_fmt(b, "%d<small>by the service</small>", query_long(q, 1));
	end(b);
	fact(b, "Tokens");
	if (query_null(q, 2) && query_null(q, 3))
		buf_puts(b, "not reported");
	else
		html_fmt(b, "%d in<small>%d out</small>", query_long(q, 2), query_long(q, 3));
	end(b);
	fact(b, "Cost");
	if (query_null(q, 4))
		buf_puts(b, "no prices");
	else
		html_fmt(b, "%r USD", query_real(q, 4));
	end(b);
	query_free(q);
}

static bool
wanted(const struct page *p)
{
	(void)p;
	return true;
}

static void
write_facts(const struct page *p)
{
	struct buf *b = p->out;
	struct query *q = store_query(p->store, "SELECT r.suite_name, r.target, r.state, r.ncases,"
	    " r.seconds,"
	    " r.ncalls, r.ndone, r.filter, b.id, b.target FROM v_run r LEFT JOIN v_run b ON b.id = ?"
	    " WHERE r.id = ?", "ii", p->base, p->run);

	if (!query_next(q))
		bug("run %ld went away", p->run);
	buf_puts(b, "<dl class=\"facts\">\n");
	fact(b, "Suite");
	html_fmt(b, "%S", html_cut(query_text(q, 0), 200));
	end(b);
	fact(b, "Target");
	html_fmt(b, "%S", html_cut(query_text(q, 1), 200));
	end(b);
	fact(b, "Baseline");
	if (query_null(q, 8))
		buf_puts(b, "none");
	else
		html_fmt(b, "%S<small>run %d</small>", html_cut(query_text(q, 9), 200), query_long(q, 8));
	end(b);
	fact(b, "Cases");
	html_fmt(b, "%d", query_long(q, 3));
	if (query_text(q, 7).n > 0)
		html_fmt(b, "<small>filter %S</small>", html_cut(query_text(q, 7), 200));
	end(b);
	answers(p);
	fact(b, "Duration");
	html_time(b, query_real(q, 4) * 1000);
	end(b);
	fact(b, "State");
	html_fmt(b, "%S", query_text(q, 2));
	if (query_long(q, 6) < query_long(q, 5))
		html_fmt(b, "<small>%d of %d calls</small>", query_long(q, 6), query_long(q, 5));
	end(b);
	buf_puts(b, "</dl>\n");
	query_free(q);
}

const struct section section_facts = { "facts", "Run", wanted, write_facts };
