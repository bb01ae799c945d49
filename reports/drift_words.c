/*
 * drift_words.c -- amounts of a comparison as people write them.
 */
#include "reports/drift_page.h"

#include <math.h>

void
drift_amount(struct buf *b, const char *unit, double x)
{
	double digits = fabs(x) < 0.1 ? 1e4 : 1e3;

	if (strcmp(unit, "share") == 0)
		html_fmt(b, "%r\xc2\xa0%%", round(x * digits) / digits * 100);
	else
		html_fmt(b, "%r\xc2\xa0%s", round(x * 1e4) / 1e4, unit);
}

void
drift_effect(struct buf *b, const struct drift_finding *f)
{
	if (!f->known) {
		buf_puts(b, "not known");
		return;
	}
	drift_amount(b, f->unit, f->effect);
	buf_puts(b, "<small>");
	drift_amount(b, f->unit, f->lo);
	buf_puts(b, " to ");
	drift_amount(b, f->unit, f->hi);
	buf_puts(b, "</small>");
}

void
drift_p(struct buf *b, double p)
{
	if (p < 1e-6)
		buf_puts(b, "&lt;\xc2\xa0" "1e-6");
	else
		buf_fmt(b, "%.2g", p);
}

void
drift_chip(struct buf *b, enum verdict v)
{
	static const char *const said[] = { "no drift", "DRIFT", "unsure", "" };

	buf_fmt(b, "<span class=\"chip %s\">%s</span>", verdict_name[v], said[v]);
}

void
drift_number(struct buf *b, double x)
{
	if (x == floor(x) && fabs(x) < 1e7)
		html_fmt(b, "%d", (long)x);
	else
		buf_fmt(b, "%.4g", x);
}

void
drift_when(struct buf *b, double ms)
{
	char iso[25];

	tick_iso((int64_t)ms, iso);
	buf_fmt(b, "%.10s %.5s", iso, iso + 11);
}
