/*
 * quantity.c -- numbers as people write and read them: 31%, 90d, 16M.
 *
 * Configuration and command options read them here, so that both mean the same; the terminal
 * and the page write them here, so that both show the same.
 */
#include "harness/base/base.h"

#include <float.h>
#include <math.h>
#include <strings.h>

static size_t
digits(struct str s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
		n++;
	return n;
}

/* RFC 8259, section 6. */
bool
parse_number(struct str s, double *out)
{
	size_t at = s.n > 0 && s.p[0] == '-', n;
	double v;

	if ((n = digits(s, at)) == 0 || (n > 1 && s.p[at] == '0'))
		return false;
	at += n;
	if (at < s.n && s.p[at] == '.') {
		if ((n = digits(s, at + 1)) == 0)
			return false;
		at += 1 + n;
	}
	if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
		at++;
		at += at < s.n && (s.p[at] == '+' || s.p[at] == '-');
		if ((n = digits(s, at)) == 0)
			return false;
		at += n;
	}
	if (at != s.n || !str_real(s, &v))              /* 1e999 is grammatical, but no number */
		return false;
	if (out != NULL)
		*out = v;
	return true;
}

bool
parse_share(struct str s, double *out)
{
	double v;
	bool percent = s.n > 0 && s.p[s.n - 1] == '%';

	if (percent)
		s = str_trim(str_sub(s, 0, s.n - 1));
	if (!str_real(s, &v) || (!percent && fabs(v) > 1))
		return false;
	*out = percent ? v / 100 : v;
	return true;
}

/* The letters that s ends with, cut off together with the blanks before them. */
static struct str
cut_unit(struct str *s)
{
	size_t n = s->n;
	struct str unit;

	while (n > 0 && ((s->p[n - 1] >= 'a' && s->p[n - 1] <= 'z') ||
	    (s->p[n - 1] >= 'A' && s->p[n - 1] <= 'Z')))
		n--;
	unit = str_sub(*s, n, s->n - n);
	*s = str_trim(str_sub(*s, 0, n));
	return unit;
}

bool
parse_time(struct str s, double *out)
{
	static const struct { const char *name; double seconds; } units[] = {
		{ "", 1 }, { "ms", 0.001 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 }, { "w", 7 * 86400 },
	};
	struct str unit = cut_unit(&s);
	double v;

	if (!str_real(s, &v) || v < 0)
		return false;
	for (size_t i = 0; i < COUNT(units); i++) {
		if (str_is(unit, units[i].name)) {
			/* 250ms is 0.25: a division keeps what a product with 0.001 would blur. */
			*out = units[i].seconds < 1 ? v / 1000 : v * units[i].seconds;
			return isfinite(*out);
		}
	}
	return false;
}

bool
parse_size(struct str s, long *out)
{
	static const struct { const char *name; long bytes; } units[] = {
		{ "", 1 }, { "k", 1L << 10 }, { "K", 1L << 10 }, { "M", 1L << 20 },
		{ "G", 1L << 30 },
	};
	struct str unit = cut_unit(&s);
	long v;

	if (!str_long(s, &v) || v < 0)
		return false;
	for (size_t i = 0; i < COUNT(units); i++)
		if (str_is(unit, units[i].name))
			return !__builtin_mul_overflow(v, units[i].bytes, out);
	return false;
}

bool
parse_bool(struct str s, bool *out)
{
	static const char *const word[] = { "no", "yes", "false", "true", "off", "on" };

	for (size_t i = 0; i < COUNT(word); i++) {
		if (s.n == strlen(word[i]) && strncasecmp(s.p, word[i], s.n) == 0) {
			*out = i % 2 == 1;
			return true;
		}
	}
	return false;
}

bool
parse_choice(const char **choices, struct str *part)
{
	size_t n;

	if (**choices == '\0')
		return false;
	n = strcspn(*choices, "|");
	*part = (struct str){ *choices, n };
	*choices += n + ((*choices)[n] == '|');
	return true;
}

void
quantity_write(struct buf *b, double x, bool rate, struct str unit, bool sign)
{
	const char *plus = sign && x >= 0 ? "+" : "";
	double size = fabs(x);

	if (rate)
		buf_fmt(b, "%s%.1f %%", plus, x * 100);
	else if (str_is(unit, "s") && size > 0 && size < 1e-3)
		buf_fmt(b, "%s%.3g us", plus, x * 1e6);
	else if (str_is(unit, "s") && size < 1)
		buf_fmt(b, "%s%.3g ms", plus, x * 1e3);
	else
		buf_fmt(b, "%s%.4g%s%.*s", plus, x, unit.n ? " " : "", STR_ARG(unit));
}

static double
bound(struct str s, const char *range)
{
	double v;

	if (!str_real(s, &v))
		bug("the range '%s' is not one", range);
	return v;
}

struct range
conf_range(const struct conf_key *k)
{
	struct range r = { -DBL_MAX, DBL_MAX, false, false };
	const char *p = k->range;

	if (p == NULL)
		p = k->kind == CONF_SHARE ? "0..1" : "";
	for (; *p != '\0'; p += *p == ' ') {
		struct str s = { p, strcspn(p, " ") };
		ptrdiff_t dots = str_find(s, STR(".."), 0);
		bool with = s.n > 1 && s.p[1] == '=';

		p += s.n;
		if (dots >= 0) {
			r.lo = bound(str_sub(s, 0, (size_t)dots), k->range);
			r.hi = bound(str_sub(s, (size_t)dots + 2, s.n), k->range);
		} else if (s.p[0] == '>') {
			r.lo = bound(str_sub(s, 1u + with, s.n), k->range);
			r.lo_out = !with;
		} else if (s.p[0] == '<') {
			r.hi = bound(str_sub(s, 1u + with, s.n), k->range);
			r.hi_out = !with;
		} else {
			bug("the range '%s' of '%s' is not one", k->range, k->name);
		}
	}
	return r;
}

void
points_write(struct buf *b, double change)
{
	double x = fabs(change) < 0.0005 ? 0 : change * 100;

	buf_fmt(b, x < 0 || x > 0 ? "%+.1f" : "%.1f", x);
}
