/*
 * value.c -- the values that features give, and the text they are read from.
 */
#include "drift/features.h"

#include <math.h>

const struct conf_key of_params[] = { OF_ROW(of), { 0 } };

struct value
value_none(enum value_kind kind)
{
	return (struct value){ .kind = kind };
}

struct value
value_number(double x)
{
	if (!isfinite(x))
		return value_none(VALUE_OTHER);
	return (struct value){ .kind = VALUE_NUMBER, .number = x };
}

struct value
value_text(struct str s)
{
	if (s.n == 0)
		return value_none(VALUE_EMPTY);
	return (struct value){ .kind = VALUE_TEXT, .text = s };
}

struct str
valid_utf8(struct str s, struct arena *a)
{
	const struct str whole = s;
	size_t n = 0, bad = 0;
	char *p;

	for (ptrdiff_t at; (at = str_bad_utf8(s)) >= 0; bad++)
		s = str_sub(s, (size_t)at + 1, s.n);
	if (bad == 0)
		return whole;
	p = arena_raw(a, whole.n + 2 * bad);
	s = whole;
	for (ptrdiff_t at; s.n > 0; s = str_sub(s, (size_t)at + 1, s.n)) {
		at = str_bad_utf8(s);
		memcpy(p + n, s.p, at < 0 ? s.n : (size_t)at);
		n += at < 0 ? s.n : (size_t)at;
		if (at < 0)
			break;
		memcpy(p + n, "\xef\xbf\xbd", 3);
		n += 3;
	}
	return (struct str){ p, n };
}

/* At most `max` bytes of valid UTF-8, and of what is not at least max - 3: no character is cut. */
static struct str
cut(struct str s, size_t max)
{
	size_t n = max;

	if (s.n <= max)
		return s;
	while (n > max - 3 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return str_sub(s, 0, n);
}

struct value
value_category(struct str s, struct arena *a)
{
	enum { SHOWN = CATEGORY_MAX - 24 };
	struct str begin;
	const char *mark;
	char *p;

	if (s.n <= CATEGORY_MAX)
		s = valid_utf8(s, a);
	if (s.n <= CATEGORY_MAX)
		return value_text(s);
	begin = cut(valid_utf8(cut(s, SHOWN), a), SHOWN);
	mark = arena_fmt(a, "... %016llx", (unsigned long long)hash64(s, 0));
	p = arena_raw(a, begin.n + strlen(mark));
	memcpy(p, begin.p, begin.n);
	memcpy(p + begin.n, mark, strlen(mark));
	return value_text((struct str){ p, begin.n + strlen(mark) });
}

static bool
is_own(const char *of)
{
	for (size_t i = 0; i < RECORD_TEXTS; i++) {
		if (strcmp(of, record_text_name[i]) == 0)
			return true;
	}
	return false;
}

struct value
value_field(const struct record *r, const char *of, bool scalars, struct arena *a)
{
	struct value v = record_value(r, str_of(of), a);
	enum json_type type;

	if (r->object.type == JT_NONE)
		return v.kind == VALUE_NUMBER && v.text.n > 0 ? value_text(v.text) : v;
	/* Whatever was taken out of it, what is no text begins so; most do not, and are not looked up
	 * again. */
	if (v.kind != VALUE_TEXT || strchr("{[tf", v.text.p[0]) == NULL || is_own(of))
		return v;
	type = json_at(r->object, str_of(of)).type;
	if (type == JT_OBJECT || type == JT_ARRAY ||
	    (!scalars && (type == JT_TRUE || type == JT_FALSE)))
		return value_none(VALUE_OTHER);
	return v;
}

struct value
value_read(const struct record *r, const char *of, struct arena *a)
{
	struct value v = value_field(r, of, false, a);

	if (v.kind == VALUE_NUMBER)
		return value_none(VALUE_OTHER);
	if (v.kind == VALUE_TEXT && str_trim(v.text).n == 0)
		return value_none(VALUE_EMPTY);
	return v;
}
