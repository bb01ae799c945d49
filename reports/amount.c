/*
 * amount.c -- a metric's values, as people write them.
 *
 * A rate is shown in percent and its changes in points; anything else in its own unit.
 */
#include "reports/reports.h"

#include <math.h>

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

static void
number(struct buf *b, const struct amount *m, double x)
{
	const char *sign = x < 0 ? MINUS : "";

	if (m->percent)
		buf_fmt(b, "%s%.1f", sign, fabs(100 * x));
	else
		buf_fmt(b, "%s%.4g", sign, fabs(x));
}

static void
unit(struct buf *b, const struct amount *m)
{
	if (m->percent)
		buf_puts(b, "\xc2\xa0%");
	else if (m->unit[0] != '\0')
		html_fmt(b, "\xc2\xa0%s", m->unit);
}

void
amount_value(struct buf *b, const struct amount *m, double x)
{
	number(b, m, x);
	unit(b, m);
}

void
amount_range(struct buf *b, const struct amount *m, double lo, double hi)
{
	number(b, m, lo);
	buf_puts(b, " to ");
	number(b, m, hi);
	unit(b, m);
}

void
amount_change(struct buf *b, const struct amount *m, double x)
{
	if (x >= 0)
		buf_char(b, '+');
	number(b, m, x);
}
