/*
 * buf.c -- bytes that grow up to a ceiling.
 *
 * Past `max` nothing more is added and `over` is set: whoever filled the buffer decides what
 * that means.  A buf starts as {0} or with only `max` set.
 */
#include "harness/base/base.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Room for `n` more bytes and a NUL, or false when the ceiling forbids. */
static bool
room(struct buf *b, size_t n)
{
	if (b->over)
		return false;
	if (n > SIZE_MAX - b->n - 1 || (b->max != 0 && b->n + n > b->max)) {
		b->over = true;
		return false;
	}
	b->p = mem_grow(b->p, &b->cap, b->n + n + 1, 1);
	return true;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !room(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_vfmt(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		bug("bad format '%s'", fmt);
	if (!room(b, (size_t)n))
		return;
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

void
buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
}

void
buf_indented(struct buf *b, struct str s, const char *indent)
{
	size_t blank = 0;                       /* where the blanks of this line end */

	for (size_t at = 0; at < s.n; at++) {
		struct str rest = str_sub(s, at, s.n);

		if (at == blank && (s.p[at] == ' ' || s.p[at] == '\t'))
			blank++;
		else if (at == blank && str_starts(rest, STR("::")))
			buf_char(b, '\\');
		else if (str_starts(rest, STR("##[")))
			buf_char(b, '\\');
		buf_char(b, s.p[at]);
		if (s.p[at] == '\n') {
			buf_puts(b, indent);
			blank = at + 1;
		}
	}
}

void
buf_real(struct buf *b, double x)
{
	char s[40];

	if (!isfinite(x)) {
		buf_puts(b, "null");
		return;
	}
	/* 15 digits hold every shorter decimal, except below the normal numbers. */
	for (int digits = fabs(x) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
		snprintf(s, sizeof s, "%.*g", digits, x);
		if (strtod(s, NULL) == x)               /* the locale is always "C": main.c sets none */
			break;
	}
	buf_puts(b, s);
}

struct str
buf_as_str(const struct buf *b)
{
	return (struct str){ b->p ? b->p : "", b->n };
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->over = false;
	if (b->p != NULL)
		b->p[0] = '\0';
}

void
buf_free(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf){ .max = b->max };
}
