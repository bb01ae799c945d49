/*
 * amount.c -- a metric's values, as people write them.
 *
 * A rate is shown in percent and its changes in points; anything else in its own unit, but for
 * seconds below one, which are shown in ms or us.
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

/* Times what, and in which unit, an amount of this size is written. */
static double
scale_of(const struct amount *m, double size, const char **unit)
{
	*unit = m->percent ? "%" : m->unit;
	if (m->percent)
		return 100;
	if (strcmp(m->unit, "s") != 0 || size == 0 || size >= 1)
		return 1;
	*unit = size < 1e-3 ? "us" : "ms";
	return size < 1e-3 ? 1e6 : 1e3;
}

static void
number(struct buf *b, const struct amount *m, double x, double by)
{
	buf_fmt(b, m->percent ? "%s%.1f" : by > 1 ? "%s%.3g" : "%s%.4g", x < 0 ? MINUS : "",
	    fabs(by * x));
}

static void
unit_text(struct buf *b, const char *unit)
{
	if (unit[0] != '\0')
		html_fmt(b, "\xc2\xa0%s", unit);
}

void
amount_value(struct buf *b, const struct amount *m, double x)
{
	const char *unit;

	number(b, m, x, scale_of(m, fabs(x), &unit));
	unit_text(b, unit);
}

void
amount_range(struct buf *b, const struct amount *m, double lo, double hi)
{
	const char *unit;
	double by = scale_of(m, fmax(fabs(lo), fabs(hi)), &unit);

	number(b, m, lo, by);
	buf_puts(b, " to ");
	number(b, m, hi, by);
	unit_text(b, unit);
}

void
amount_interval(struct buf *b, const struct amount *m, double at, bool bounded, double lo,
    double hi)
{
	const char *unit;
	double by = scale_of(m, fmax(fabs(at), bounded ? fmax(fabs(lo), fabs(hi)) : 0), &unit);

	number(b, m, at, by);
	if (bounded) {
		buf_puts(b, "\xc2\xa0 [");
		number(b, m, lo, by);
		buf_puts(b, ", ");
		number(b, m, hi, by);
		buf_char(b, ']');
	}
	if (!m->percent)
		unit_text(b, unit);
}

void
amount_change(struct buf *b, const struct amount *m, double x)
{
	const char *unit;

	if (m->percent && fabs(x) < 0.0005)     /* what rounds to nothing has no direction */
		x = 0;
	else if (x > 0)
		buf_char(b, '+');
	number(b, m, x, scale_of(m, fabs(x), &unit));
	if (!m->percent)
		unit_text(b, unit);
}
