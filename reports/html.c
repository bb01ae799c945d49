/*
 * html.c -- where data leaves as markup.
 *
 * Model answers, case files and server replies may hold anything.  Markup characters become
 * entities; control bytes and bidirectional controls become visible text, as on a terminal;
 * bytes that are not UTF-8 become U+FFFD.  Nothing else in reports/ writes a byte of data.
 */
#include "reports/reports.h"

#include <math.h>

#define FFFD "\xef\xbf\xbd"

/* The character at `i` of text that is UTF-8 up to there and beyond it by a whole character. */
static uint32_t
character(struct str s, size_t i, size_t *n)
{
	const unsigned char *p = (const unsigned char *)s.p + i;

	*n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	switch (*n) {
	case 1:
		return p[0];
	case 2:
		return (uint32_t)(p[0] & 31) << 6 | (p[1] & 63);
	case 3:
		return (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
	default:
		return (uint32_t)(p[0] & 7) << 18 | (uint32_t)(p[1] & 63) << 12 |
		    (uint32_t)(p[2] & 63) << 6 | (p[3] & 63);
	}
}

/* Walks the characters; a byte that is none is given as `c` 0xFFFD, `n` 1. */
struct walk { struct str s; size_t at, good; };

static bool
walk_next(struct walk *w, struct str *bytes, uint32_t *c)
{
	size_t n;

	if (w->at == w->s.n)
		return false;
	if (w->at == w->good) {                         /* how far the next stretch of UTF-8 goes */
		ptrdiff_t bad = str_bad_utf8(str_sub(w->s, w->at, w->s.n));

		w->good = bad < 0 ? w->s.n : w->at + (size_t)bad;
	}
	if (w->at == w->good) {
		*bytes = STR(FFFD);
		*c = 0xfffd;
		w->good = ++w->at;
		return true;
	}
	*c = character(w->s, w->at, &n);
	*bytes = str_sub(w->s, w->at, n);
	w->at += n;
	return true;
}

static bool
turns_text(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

static const char *
entity(uint32_t c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void
html_text(struct buf *b, struct str s)
{
	struct walk w = { .s = s };
	struct str bytes;
	uint32_t c;

	while (walk_next(&w, &bytes, &c)) {
		if (entity(c) != NULL)
			buf_puts(b, entity(c));
		else if (c == '\r')
			buf_puts(b, "\\r");
		else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			buf_fmt(b, "\\x%02x", (unsigned)c);
		else if ((c >= 0x80 && c < 0xa0) || turns_text(c) || c == 0x2028 || c == 0x2029)
			buf_fmt(b, "&lt;U+%04X&gt;", (unsigned)c);
		else
			buf_str(b, bytes);
	}
}

void
xml_text(struct buf *b, struct str s)
{
	struct walk w = { .s = s };
	struct str bytes;
	uint32_t c;

	while (walk_next(&w, &bytes, &c)) {
		if (entity(c) != NULL)
			buf_puts(b, entity(c));
		else if (c == '\r')
			buf_puts(b, "&#13;");           /* a parser would read it as a newline */
		else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0xfffe || c == 0xffff)
			buf_puts(b, FFFD);
		else
			buf_str(b, bytes);
	}
}

/* ---- numbers --------------------------------------------------------------------------- */

static void
grouped(struct buf *b, long x)
{
	char digits[32];
	int n = snprintf(digits, sizeof digits, "%ld", x);

	for (int i = 0; i < n; i++) {
		buf_char(b, digits[i]);
		if (digits[i] != '-' && i < n - 1 && (n - 1 - i) % 3 == 0)
			buf_char(b, ',');
	}
}

void
html_time(struct buf *b, double ms)
{
	if (ms < 999.5)
		buf_fmt(b, ms < 10 ? "%.1f ms" : "%.0f ms", ms);
	else if (ms < 99950)
		buf_fmt(b, "%.3g s", ms / 1000);
	else if (ms < 3600e3)
		buf_fmt(b, "%.0f min %.0f s", floor(ms / 60e3), floor(fmod(ms, 60e3) / 1e3));
	else
		buf_fmt(b, "%.0f h %.0f min", floor(ms / 3600e3), floor(fmod(ms, 3600e3) / 60e3));
}

void
html_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%') {
			buf_char(b, *fmt);
			continue;
		}
		switch (*++fmt) {
		case 's':
			html_text(b, str_of(va_arg(ap, const char *)));
			break;
		case 'S':
			html_text(b, va_arg(ap, struct str));
			break;
		case 'd':
			grouped(b, va_arg(ap, long));
			break;
		case 'p':
			buf_fmt(b, "%.1f %%", 100 * va_arg(ap, double));
			break;
		case 'r':
			buf_fmt(b, "%.4g", va_arg(ap, double));
			break;
		case '%':
			buf_char(b, '%');
			break;
		default:
			bug("html_fmt knows no %%%c", *fmt);
		}
	}
	va_end(ap);
}

/* ---- texts ------------------------------------------------------------------------------- */

struct str
html_cut(struct str s, size_t max)
{
	size_t n = max;

	if (s.n <= max)
		return s;
	while (n > 0 && max - n < 3 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return str_sub(s, 0, n);
}

void
html_quote(struct buf *b, struct str s, size_t max)
{
	struct str shown = html_cut(s, max);

	if (s.n == 0) {
		buf_puts(b, "<p class=\"none\">(empty)</p>");
		return;
	}
	/* A parser drops the first newline after <pre>: this one is for it. */
	html_fmt(b, "<pre>\n%S</pre>", shown);
	if (shown.n < s.n)
		html_fmt(b, "<p class=\"cut\">%d more bytes are not shown</p>", (long)(s.n - shown.n));
}

void
html_base64(struct buf *b, const void *bytes, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
		    (i + 2 < n ? p[i + 2] : 0);

		buf_char(b, digit[v >> 18]);
		buf_char(b, digit[v >> 12 & 63]);
		buf_char(b, i + 1 < n ? digit[v >> 6 & 63] : '=');
		buf_char(b, i + 2 < n ? digit[v & 63] : '=');
	}
}
