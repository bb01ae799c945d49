/*
 * amount.c -- a metric's values, as people write them.
 *
 * A rate is shown in percent and its changes in points; anything else in its own unit.
 */
#include "reports/reports.h"

#define MINUS "\xe2\x88\x92"              /* U+2212: as wide as a plus sign */

static bool
amount_read(const struct page *p, struct query *q, struct amount *m)
{
	if (!query_next(q))
		return false;
	*m = (struct amount){ .metric = query_long(q, 0), .name = str_cstr(query_text(q, 1), p->a),
		.unit = str_cstr(query_text(q, 2), p->a), .percent = !str_is(query_text(q, 3), "real"),
		.lower_is_better = query_long(q, 4) != 0 };
	query_free(q);
	return true;
}

bool
amount_of(const struct page *p, struct str name, struct amount *m)
{
	return amount_read(p, store_query(p->store, "SELECT metric, name, unit, scale, lower_is_better"
	    " FROM v_metric WHERE run = ? AND name = ?", "it", p->run, name), m);
}

bool
amount_first(const struct page *p, struct amount *m)
{
	return amount_read(p, store_query(p->store, "SELECT metric, name, unit, scale, lower_is_better"
	    " FROM v_metric WHERE run = ? ORDER BY metric LIMIT 1", "i", p->run), m);
}

/* As on the terminal; the unit and the blank before it start at `unit`. */
struct written { struct buf text; size_t unit; };

static struct written
written(const struct amount *m, double x, bool sign)
{
	struct written w = { 0 };

	quantity_write(&w.text, x, m->percent, str_of(m->unit), sign);
	w.unit = strcspn(w.text.p, " ");
	return w;
}

static void
number(struct buf *b, const struct written *w)
{
	struct str s = str_sub(buf_as_str(&w->text), 0, w->unit);

	if (str_starts(s, STR("-"))) {
		buf_puts(b, MINUS);
		s = str_sub(s, 1, s.n);
	}
	html_text(b, s);
}

static void
unit(struct buf *b, const struct written *w)
{
	struct str s = str_sub(buf_as_str(&w->text), w->unit, w->text.n);

	if (s.n > 0) {
		buf_puts(b, "\xc2\xa0");
		html_text(b, str_sub(s, 1, s.n));
	}
}

void
amount_value(struct buf *b, const struct amount *m, double x)
{
	struct written w = written(m, x, false);

	number(b, &w);
	unit(b, &w);
	buf_free(&w.text);
}

void
amount_range(struct buf *b, const struct amount *m, double lo, double hi)
{
	struct written l = written(m, lo, false), h = written(m, hi, false);

	number(b, &l);
	if (strcmp(l.text.p + l.unit, h.text.p + h.unit) != 0)
		unit(b, &l);                    /* 950 ms to 1.02 s */
	buf_puts(b, " to ");
	number(b, &h);
	unit(b, &h);
	buf_free(&l.text);
	buf_free(&h.text);
}

void
amount_change(struct buf *b, const struct amount *m, double x)
{
	struct written w = written(m, x, true);

	number(b, &w);
	if (!m->percent)
		unit(b, &w);
	buf_free(&w.text);
}
