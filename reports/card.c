/*
 * card.c -- one case: what was asked, what was expected, what came.
 *
 * Closed it is one line; opened it has the texts side by side, white space kept.
 */
#include "reports/reports.h"

enum { QUOTED = 2000 };                   /* bytes of a text that are shown */

/* `expect` is a JSON array of texts: one per line, or the text alone. */
static void
expected(const struct page *p, struct str array)
{
	struct json_fault fault;
	struct json root, item;
	struct json_iter it;
	struct buf b = { 0 };

	if (array.n == 0 || json_parse(array, &root, &fault) != 0) {
		html_quote(p->out, array, QUOTED);
		return;
	}
	it = (struct json_iter){ .of = root };
	while (json_next(&it, &item)) {
		if (b.n > 0)
			buf_puts(&b, "\n\xe2\x80\x94 or \xe2\x80\x94\n");
		buf_str(&b, item.type == JT_STRING ? json_text(item, p->a) : item.raw);
	}
	html_quote(p->out, buf_as_str(&b), QUOTED);
	buf_free(&b);
}

static void
part_begin(struct buf *b, const char *title)
{
	html_fmt(b, "<div><h4>%s</h4>", title);
}

static void
answer(const struct page *p, const struct amount *m, const char *title, long run, long test_case,
    bool worst)
{
	struct query *q = pairs_answer(p, m, run, test_case, worst);

	part_begin(p->out, title);
	if (query_next(q)) {
		struct str outcome = query_text(q, 0), text = query_text(q, 1), why = query_text(q, 3);

		if (!str_is(outcome, "answered")) {
			html_fmt(p->out, "<p class=\"why\"><b>%S</b>", outcome);
			if (query_text(q, 2).n > 0)
				html_fmt(p->out, ": %S", html_cut(query_text(q, 2), QUOTED));
			buf_puts(p->out, "</p>");
		}
		if (text.n > 0 || str_is(outcome, "answered"))
			html_quote(p->out, text, QUOTED);
		if (why.n > 0)
			html_fmt(p->out, "<p class=\"why\">%S</p>", html_cut(why, 500));
		query_free(q);
	}
	buf_puts(p->out, "</div>\n");
}

static void
summary(struct buf *b, const struct amount *m, const struct card *c)
{
	html_fmt(b, "<details class=\"case\"><summary><span class=\"id\">%S</span>", html_cut(c->id,
	    200));
	if (c->slice.n > 0)
		html_fmt(b, " <span class=\"tag\">%S</span>", html_cut(c->slice, 100));
	buf_puts(b, " <span class=\"score\">");
	if (c->base_case != 0) {
		if (c->base_scored)
			amount_value(b, m, c->base_value);
		buf_puts(b, " <span aria-label=\"became\">\xe2\x86\x92</span> ");
	}
	if (c->scored)
		amount_value(b, m, c->value);
	else
		buf_puts(b, "not scored");
	buf_puts(b, "</span></summary>\n<div class=\"texts\">");
}

void
card_write(const struct page *p, const struct amount *m, const struct card *c)
{
	bool worse = c->base_case == 0 || (c->value < c->base_value) != m->lower_is_better;
	struct query *q = store_query(p->store, "SELECT input, expect FROM v_case WHERE id = ?", "i",
	    c->test_case);

	summary(p->out, m, c);
	if (query_next(q)) {
		part_begin(p->out, "Input");
		html_quote(p->out, query_text(q, 0), QUOTED);
		buf_puts(p->out, "</div>\n");
		part_begin(p->out, "Expected");
		expected(p, query_text(q, 1));
		buf_puts(p->out, "</div>\n");
		query_free(q);
	}
	if (c->base_case != 0)
		answer(p, m, "Answer of the baseline", p->base, c->base_case, !worse);
	answer(p, m, c->base_case != 0 ? "Answer now" : "Answer", p->run, c->test_case, worse);
	buf_puts(p->out, "</div></details>\n");
}
