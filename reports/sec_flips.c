/*
 * sec_flips.c -- the cases that changed since the baseline, both ways.
 */
#include "reports/reports.h"

enum { SHOWN = 50, BYTES_WORSE = 80 << 10, BYTES_BETTER = 40 << 10 };

static bool
wanted(const struct page *p)
{
	return p->base != 0 && store_long(p->store, 0, "SELECT count(*) FROM v_metric a, v_metric b"
	    " WHERE a.run = ? AND a.metric = 0 AND b.run = ? AND b.name = a.name", "ii", p->run,
	    p->base) > 0;
}

/* At most SHOWN cards and `bytes` of page. */
static void
list(const struct page *p, const struct amount *m, const char *title, bool worse, long all,
    size_t bytes)
{
	struct query *q;
	size_t from = p->out->n;
	long n = 0;

	html_fmt(p->out, "<h3>%s <span class=\"count\">%d</span></h3>\n", title, all);
	if (all == 0) {
		buf_puts(p->out, "<p class=\"none\">None.</p>\n");
		return;
	}
	q = pairs_changed(p, m, worse, SHOWN);
	while (query_next(q)) {
		struct card c = { query_long(q, 0), query_long(q, 4), query_text(q, 2), query_text(q, 3),
			!query_null(q, 1), !query_null(q, 5), query_real(q, 1), query_real(q, 5) };

		if (p->out->n - from > bytes) {
			query_free(q);
			break;
		}
		card_write(p, m, &c);
		n++;
	}
	if (n < all)
		html_fmt(p->out, "<p class=\"cut\">%d more are not shown.</p>\n", all - n);
}

static void
write_flips(const struct page *p)
{
	struct amount m;
	long worse, better, same;

	if (!amount_first(p, &m) || !pairs_count(p, &m, &worse, &better, &same))
		return;
	html_fmt(p->out, "<p class=\"lead\">By <b>%s</b>: %d cases got worse, %d got better, %d"
	    " scored the "
	    "same.</p>\n", m.name, worse, better, same);
	list(p, &m, "Regressions", true, worse, BYTES_WORSE);
	list(p, &m, "Improvements", false, better, BYTES_BETTER);
}

const struct section section_flips = { "flips", "Changed cases", wanted, write_flips };
