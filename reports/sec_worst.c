/*
 * sec_worst.c -- where the model does worst, by the suite's first metric.
 */
#include "reports/reports.h"

enum { SHOWN = 50, BYTES = 60 << 10 };

static bool
wanted(const struct page *p)
{
	return store_long(p->store, 0, "SELECT 1 FROM v_score WHERE run = ? LIMIT 1", "i", p->run) != 0;
}

static void
write_worst(const struct page *p)
{
	size_t from = p->out->n;
	struct query *q;
	struct amount m;
	bool good = false;
	long n = 0;

	if (!amount_first(p, &m))
		return;
	html_fmt(p->out, "<p class=\"lead\">By <b>%s</b>, %s.</p>\n", m.name,
	    m.lower_is_better ? "highest first" : "lowest first");
	q = pairs_worst(p, &m, SHOWN);
	while (query_next(q)) {
		struct card c = { .test_case = query_long(q, 0), .id = query_text(q, 2),
			.slice = query_text(q, 3), .scored = !query_null(q, 1), .value = query_real(q, 1) };

		good = m.percent && c.scored && c.value >= 1;
		if (good || p->out->n - from > BYTES) {
			query_free(q);
			break;
		}
		card_write(p, &m, &c);
		n++;
	}
	if (n == 0)
		buf_puts(p->out, "<p class=\"none\">Every case has the full score.</p>\n");
	else if (!good)
		html_fmt(p->out, "<p class=\"cut\">The first %d; <code>driftlead export %d</code> has"
		    " every case."
		    "</p>\n", n, p->run);
}

const struct section section_worst = { "worst", "Worst cases", wanted, write_worst };
