/*
 * str.c -- bytes that may hold anything: NULs, broken UTF-8, terminal escapes.
 *
 * A str never owns its bytes.  Unicode facts (case folding, composition) are utf8proc's.
 */
#include "harness/base/base.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <utf8proc.h>

struct str
str_of(const char *s)
{
	return s ? (struct str){ s, strlen(s) } : (struct str){ "", 0 };
}

struct str
str_dup(struct str s, struct arena *a)
{
	return (struct str){ str_cstr(s, a), s.n };
}

char *
str_cstr(struct str s, struct arena *a)
{
	char *p = arena_raw(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

static inline uint64_t
eight(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return w;
}

static inline uint32_t
four(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof w);
	return w;
}

/* Most are names of a few bytes: those are loaded from both ends, which costs less than a call. */
bool
str_eq(struct str a, struct str b)
{
	size_t n = a.n;

	if (n != b.n || n > 16)
		return n == b.n && memcmp(a.p, b.p, n) == 0;
	if (n >= 8)
		return eight(a.p) == eight(b.p) && eight(a.p + n - 8) == eight(b.p + n - 8);
	if (n >= 4)
		return four(a.p) == four(b.p) && four(a.p + n - 4) == four(b.p + n - 4);
	for (size_t i = 0; i < n; i++)
		if (a.p[i] != b.p[i])
			return false;
	return true;
}

bool
str_is(struct str s, const char *word)
{
	return str_eq(s, str_of(word));
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n ? memcmp(a.p, b.p, n) : 0;

	return d ? d : (a.n > b.n) - (a.n < b.n);
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

ptrdiff_t
str_find(struct str s, struct str needle, size_t from)
{
	const char *p;

	if (from > s.n || needle.n > s.n - from)        /* so that an empty s may have no bytes */
		return -1;
	if (needle.n == 0)
		return (ptrdiff_t)from;
	p = memmem(s.p + from, s.n - from, needle.p, needle.n);
	return p ? p - s.p : -1;
}

struct str
str_sub(struct str s, size_t from, size_t n)
{
	if (from > s.n)
		from = s.n;
	if (n > s.n - from)
		n = s.n - from;
	return (struct str){ s.p + from, n };
}

/* Length in bytes of the UTF-8 character at the start of s and its code point, or 0. */
static size_t
decode(struct str s, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n;
	uint32_t c, least;

	if (s.n == 0)
		return 0;
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		n = 2, c = p[0] & 0x1fu, least = 0x80;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		n = 3, c = p[0] & 0x0fu, least = 0x800;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		n = 4, c = p[0] & 0x07u, least = 0x10000;
	} else {
		return 0;
	}
	if (s.n < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return n;
}

/* The Unicode property White_Space. */
bool
rune_is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	    c == 0x205f || c == 0x3000;
}

/* Length of the white-space character that s ends with, or 0. */
static size_t
trailing_space(struct str s)
{
	for (size_t n = 1; n <= 3 && n <= s.n; n++) {
		uint32_t cp;

		if (decode((struct str){ s.p + s.n - n, n }, &cp) == n)
			return rune_is_space(cp) ? n : 0;
	}
	return 0;
}

struct str
str_trim(struct str s)
{
	uint32_t cp;
	size_t n;

	while ((n = decode(s, &cp)) != 0 && rune_is_space(cp))
		s = str_sub(s, n, s.n - n);
	while ((n = trailing_space(s)) != 0)
		s.n -= n;
	return s;
}

bool
str_word(struct str *rest, struct str *word)
{
	struct str s = *rest;
	size_t n = 0, k;
	uint32_t cp;

	while ((k = decode(s, &cp)) != 0 && rune_is_space(cp))
		s = str_sub(s, k, s.n - k);
	while (n < s.n) {
		k = decode(str_sub(s, n, 4), &cp);
		if (k != 0 && rune_is_space(cp))
			break;
		n += k != 0 ? k : 1;
	}
	*word = str_sub(s, 0, n);
	*rest = str_sub(s, n, s.n - n);
	return n > 0;
}

bool
str_rune(struct str *rest, uint32_t *rune)
{
	size_t n = decode(*rest, rune);

	if (rest->n == 0)
		return false;
	if (n == 0)
		n = 1, *rune = 0xfffd;
	*rest = str_sub(*rest, n, rest->n - n);
	return true;
}

ptrdiff_t
str_bad_utf8(struct str s)
{
	size_t at = 0;
	uint32_t cp;

	while (at < s.n) {
		size_t n;

		if (at + 8 <= s.n) {                    /* ASCII, eight at a time */
			uint64_t x;

			memcpy(&x, s.p + at, sizeof x);
			if ((x & UINT64_C(0x8080808080808080)) == 0) {
				at += 8;
				continue;
			}
		}
		if ((unsigned char)s.p[at] < 0x80) {
			at++;
			continue;
		}
		if ((n = decode(str_sub(s, at, 4), &cp)) == 0)
			return (ptrdiff_t)at;
		at += n;
	}
	return -1;
}

bool
str_has_control(struct str s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t at = 0;

	while (at < s.n) {
		uint64_t x;

		if (at + 8 <= s.n) {                    /* eight without any at a time */
			memcpy(&x, s.p + at, sizeof x);
			if (((x - ones * 0x20) & ~x & (ones << 7)) == 0) {
				at += 8;
				continue;
			}
		}
		if ((unsigned char)s.p[at] < 0x20 && s.p[at] != '\n' && s.p[at] != '\t')
			return true;
		at++;
	}
	return false;
}

/* White space to single blanks, trimmed, in place. */
static struct str
squeeze(char *p, size_t n)
{
	struct str s = str_trim((struct str){ p, n });
	size_t out = 0, at = 0, k;
	uint32_t cp = 0;

	memmove(p, s.p, s.n);
	s.p = p;
	while (at < s.n) {
		if ((k = decode(str_sub(s, at, 4), &cp)) == 0)
			k = 1, cp = 'x';
		if (rune_is_space(cp)) {
			if (out > 0 && p[out - 1] != ' ')
				p[out++] = ' ';
		} else {
			memmove(p + out, p + at, k);
			out += k;
		}
		at += k;
	}
	return (struct str){ p, out };
}

struct str
str_fold(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n + 1);
	bool ascii = true;

	for (size_t i = 0; i < s.n; i++) {
		ascii = ascii && (unsigned char)s.p[i] < 0x80;
		p[i] = (s.p[i] >= 'A' && s.p[i] <= 'Z') ? (char)(s.p[i] + 32) : s.p[i];
	}
	if (!ascii && str_bad_utf8(s) < 0) {
		utf8proc_uint8_t *u = NULL;
		utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n,
		    &u, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);

		if (n >= 0) {
			p = arena_alloc(a, (size_t)n + 1);
			memcpy(p, u, (size_t)n);
			s.n = (size_t)n;
		}
		mem_free(u);                            /* utf8proc allocates with malloc */
	}
	return squeeze(p, s.n);
}

static bool
is_bidi_control(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	    c == 0x200e || c == 0x200f || c == 0x061c;
}

struct str
str_visible(struct str s, size_t max, bool lines, struct arena *a)
{
	struct buf b = { 0 };
	struct str out;
	size_t at = 0, n;
	uint32_t c;

	while (at < s.n) {
		size_t before = b.n;

		if ((n = decode(str_sub(s, at, 4), &c)) == 0) {
			n = 1;
			buf_fmt(&b, "\\x%02x", (unsigned char)s.p[at]);
		} else if ((c == '\n' && lines) || (c == '\t' && lines)) {
			buf_char(&b, (char)c);
		} else if (c == '\n' || c == '\t' || c == '\r') {
			buf_puts(&b, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
		} else if (c < 0x20 || c == 0x7f) {
			buf_fmt(&b, "\\x%02x", (unsigned)c);
		} else if ((c >= 0x80 && c < 0xa0) || is_bidi_control(c) || c == 0x2028 || c == 0x2029) {
			buf_fmt(&b, "<U+%04X>", (unsigned)c);
		} else {
			buf_add(&b, s.p + at, n);
		}
		if (b.n > max) {
			b.n = before;
			buf_puts(&b, "...");
			break;
		}
		at += n;
	}
	out = str_dup(buf_as_str(&b), a);
	buf_free(&b);
	return out;
}

/* Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment). */
static size_t
edits(const char *a, const char *b)
{
	enum { MAX = 64 };
	size_t na = strlen(a), nb = strlen(b), d[3][MAX + 1];

	if (na > MAX || nb > MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < best)
				best = up2[j - 2] + 1;
			row[j] = best;
		}
	}
	return d[na % 3][nb];
}

const char *
str_nearest(const char *word, const char *const *list)
{
	size_t least = 1 + strlen(word) / 3;    /* one slip in three letters */
	const char *best = NULL;

	for (; *list != NULL; list++) {
		size_t n = edits(word, *list);

		/* A word that was replaced entirely was not misspelt. */
		if (n <= least && n < strlen(word) && (best == NULL || n < least)) {
			best = *list;
			least = n;
		}
	}
	return best;
}

bool
str_long(struct str s, long *out)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	long v = 0;

	if (s.n == (minus ? 1 : 0))
		return false;
	for (size_t i = minus; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10L, &v) ||
		    __builtin_sub_overflow(v, (long)(s.p[i] - '0'), &v))
			return false;
	}
	if (!minus && __builtin_sub_overflow(0L, v, &v))
		return false;
	*out = v;
	return true;
}

/*
 * Digits with a point between them or none, at most 15: the digits and the power of ten are doubles
 * without an error, so their quotient is rounded once, as strtod's (Clinger, 1990).  False: any
 * other number.
 */
static bool
short_real(struct str s, double *out)
{
	static const double power[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	                                1e12, 1e13, 1e14, 1e15 };
	bool minus = s.n > 0 && s.p[0] == '-';
	size_t point = s.n, n = s.n - minus;
	long v = 0;

	if (n == 0 || n >= COUNT(power))
		return false;
	for (size_t i = minus; i < s.n; i++)
		if (s.p[i] == '.' && point == s.n && i > minus && i + 1 < s.n)
			point = i;
		else if (s.p[i] >= '0' && s.p[i] <= '9')
			v = v * 10 + (s.p[i] - '0');
		else
			return false;
	*out = (double)v / power[point < s.n ? s.n - 1 - point : 0];
	*out = minus ? -*out : *out;
	return true;
}

bool
str_real(struct str s, double *out)
{
	char tmp[128], *end;
	double v;

	if (short_real(s, out))
		return true;
	if (s.n == 0 || s.n >= sizeof tmp)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (strchr("0123456789+-.eE", s.p[i]) == NULL || s.p[i] == '\0')
			return false;
	memcpy(tmp, s.p, s.n);
	tmp[s.n] = '\0';
	v = strtod(tmp, &end);
	if (*end != '\0' || end == tmp || !isfinite(v))
		return false;
	*out = v;
	return true;
}
