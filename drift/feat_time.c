/*
 * feat_time.c -- when the request came: the hour of the day, the day of the week.
 *
 *  (1) The time is the record's own.  A record without one is missing, one whose time lies more
 *      than some ten thousand years away is other.
 *  (2) hour: 00 to 23.  weekday: Mon to Sun.
 *  (3) Both are of UTC plus `utc_offset` hours.  Daylight saving plays no part: a window that
 *      lies in summer and one that lies in winter need an offset each, or UTC.
 */
#include "drift/features.h"

#include <math.h>

struct zone { double utc_offset; };

static const struct conf_key params[] = {
	{ "utc_offset", CONF_REAL, offsetof(struct zone, utc_offset), "0", "-14..14",
	  "hours by which local time is ahead of UTC" },
	{ 0 }
};

/* (1) Local hours since 1970, a Thursday. */
static struct value
hours(const struct zone *x, const struct record *r)
{
	double ms = r->number[RECORD_TIME];

	if (!r->has_number[RECORD_TIME])
		return value_none(VALUE_MISSING);
	if (!(fabs(ms) < 3e14))
		return value_none(VALUE_OTHER);
	return value_number(floor(ms / 3600000 + x->utc_offset));
}

/* The remainder that is never negative. */
static int
cycle(double x, int length)
{
	return (int)(x - floor(x / length) * length);
}

static struct value
get_hour(const void *p, const struct record *r, struct arena *a)
{
	struct value v = hours(p, r);

	if (v.kind != VALUE_NUMBER)
		return v;
	return value_text(str_of(arena_fmt(a, "%02d", cycle(v.number, 24))));
}

static struct value
get_weekday(const void *p, const struct record *r, struct arena *a)
{
	static const char *const day[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	struct value v = hours(p, r);

	(void)a;
	if (v.kind != VALUE_NUMBER)
		return v;
	return value_text(str_of(day[cycle(floor(v.number / 24), 7)]));
}

const struct feature feature_hour = {
	.name = "hour", .help = "the hour of the day of the request", .version = 1,
	.shape = SHAPE_CATEGORY, .params = params, .size = sizeof(struct zone), .get = get_hour,
};

const struct feature feature_weekday = {
	.name = "weekday", .help = "the day of the week of the request", .version = 1,
	.shape = SHAPE_CATEGORY, .params = params, .size = sizeof(struct zone), .get = get_weekday,
};
