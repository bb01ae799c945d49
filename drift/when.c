/*
 * when.c -- the time of a request, in the forms in which logs write it.
 *
 * Numbers tell their unit by their size: what a log holds lies between 1973 and 5138 in each.
 */
#include "drift/logs.h"

#include <math.h>

static bool
of_number(double n, double *ms)
{
	double unit = n < 1e11 ? 1e3 : n < 1e14 ? 1 : n < 1e17 ? 1e-3 : 1e-6;

	if (!(n >= 0 && n < 1e20))
		return false;
	*ms = n * unit;
	return true;
}

/* Nanoseconds have more digits than a double: whole milliseconds first. */
static bool
of_written(struct str s, double *ms)
{
	double number;
	long n;

	if (str_long(s, &n) && n >= 100000000000000000) {
		*ms = (double)(n / 1000000) + (double)(n % 1000000) * 1e-6;
		return true;
	}
	return parse_number(s, &number) && of_number(number, ms);
}

/* Exactly `width` digits at *p. */
static bool
digits(const char **p, const char *end, int width, long *out)
{
	long v = 0;

	if (end - *p < width)
		return false;
	for (int i = 0; i < width; i++, ++*p) {
		if (**p < '0' || **p > '9')
			return false;
		v = v * 10 + (**p - '0');
	}
	*out = v;
	return true;
}

static bool
sign(const char **p, const char *end, char c)
{
	if (*p == end || **p != c)
		return false;
	++*p;
	return true;
}

/* Days from 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day is
 * a year's last. */
static long
days(long year, long month, long day)
{
	long y = month > 2 ? year : year - 1, shifted = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 1 - 719468;
}

static bool
is_leap(long year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool
day_exists(long year, long month, long day)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month >= 1 && month <= 12 && day >= 1 &&
	    day <= length[month - 1] + (month == 2 && is_leap(year));
}

/* The fraction of a second, if any: any number of digits. */
static bool
fraction(const char **p, const char *end, double *out)
{
	double unit = 0.1;

	*out = 0;
	if (!sign(p, end, '.') && !sign(p, end, ','))
		return true;
	if (*p == end || **p < '0' || **p > '9')
		return false;
	for (; *p < end && **p >= '0' && **p <= '9'; ++*p, unit /= 10)
		*out += unit * (**p - '0');
	return true;
}

/* Z, +01:00, +0100, +01, " UTC" or nothing: minutes east. */
static bool
zone(const char *p, const char *end, long *minutes)
{
	struct str rest = { p, (size_t)(end - p) };
	long h, m = 0, way;

	*minutes = 0;
	if (rest.n == 0 || str_is(rest, "Z") || str_is(rest, "z") || str_is(rest, " UTC"))
		return true;
	way = sign(&p, end, '+') ? 1 : sign(&p, end, '-') ? -1 : 0;
	if (way == 0 || !digits(&p, end, 2, &h))
		return false;
	if (p < end) {
		sign(&p, end, ':');
		if (!digits(&p, end, 2, &m))
			return false;
	}
	*minutes = way * (h * 60 + m);
	return p == end && h < 24 && m < 60;
}

bool
when_text(struct str s, double *ms)
{
	const char *p, *end;
	long year, month, day, h = 0, m = 0, sec = 0, east;
	double part = 0;

	s = str_trim(s);
	if (s.n == 0 || s.n > 64)
		return false;
	if (parse_number(s, NULL))
		return of_written(s, ms);
	p = s.p;
	end = s.p + s.n;
	if (!digits(&p, end, 4, &year) || !sign(&p, end, '-') || !digits(&p, end, 2, &month) ||
	    !sign(&p, end, '-') || !digits(&p, end, 2, &day) || !day_exists(year, month, day))
		return false;
	if (p < end && (*p == 'T' || *p == 't' || *p == ' ')) {
		p++;
		if (!digits(&p, end, 2, &h) || !sign(&p, end, ':') || !digits(&p, end, 2, &m))
			return false;
		if (sign(&p, end, ':') && (!digits(&p, end, 2, &sec) || !fraction(&p, end, &part)))
			return false;
	}
	if (h > 23 || m > 59 || sec > 60 || !zone(p, end, &east))
		return false;
	*ms = ((double)days(year, month, day) * 86400 + (double)((h * 60 + m - east) * 60 + sec) +
	    part) * 1000;
	return *ms >= 0;
}

bool
when_json(struct json v, double *ms)
{
	if (v.type == JT_NUMBER)
		return of_written(v.raw, ms);
	/* A time has no escapes: the raw text will do. */
	return v.type == JT_STRING && when_text(str_sub(v.raw, 1, v.raw.n - 2), ms);
}

static void
set(struct record *r, enum record_number which, double begin, double end)
{
	if (end < begin)
		return;
	r->has_number[which] = true;
	r->number[which] = (end - begin) / 1000;
}

void
when_set(struct record *r, struct json v)
{
	double ms;

	if (!when_json(v, &ms))
		return;
	r->has_number[RECORD_TIME] = true;
	r->number[RECORD_TIME] = round(ms);
}

void
when_span(struct record *r, struct json begin, struct json end, struct json first)
{
	double from, to;

	if (!when_json(begin, &from))
		return;
	when_set(r, begin);
	if (when_json(end, &to))
		set(r, RECORD_LATENCY, from, to);
	if (when_json(first, &to))
		set(r, RECORD_FIRST_TOKEN, from, to);
}
