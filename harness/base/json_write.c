/*
 * json_write.c -- JSON, written into a buf; what comes out is always UTF-8.
 */
#include "harness/base/base.h"

/* What stands for the byte at s.p[at]: an escape, or NULL for bytes that go as they are. */
static const char *
escape_of(struct str s, size_t at, char hex[8])
{
	static const char digit[] = "0123456789abcdef";
	unsigned char c = (unsigned char)s.p[at];

	switch (c) {
	case '"':  return "\\\"";
	case '\\': return "\\\\";
	case '\n': return "\\n";
	case '\t': return "\\t";
	case '\r': return "\\r";
	case '\b': return "\\b";
	case '\f': return "\\f";
	default:   break;
	}
	if (c >= 0x20 && c != 0x7f)
		return NULL;
	memcpy(hex, "\\u00", 4);
	hex[4] = digit[c >> 4];
	hex[5] = digit[c & 15];
	hex[6] = '\0';
	return hex;
}

/* U+2028 and U+2029 end a line in old JavaScript, and in some tools that read JSON by lines. */
static const char *
separator_at(struct str s, size_t at)
{
	struct str c = str_sub(s, at, 3);

	return str_eq(c, STR("\xe2\x80\xa8")) ? "\\u2028" :
	       str_eq(c, STR("\xe2\x80\xa9")) ? "\\u2029" : NULL;
}

/* Text without broken UTF-8. */
static void
write_good(struct buf *b, struct str s)
{
	size_t from = 0;
	char hex[8];

	for (size_t at = 0; at < s.n; at++) {
		bool line = (unsigned char)s.p[at] == 0xe2;
		const char *e = line ? separator_at(s, at) : escape_of(s, at, hex);

		if (e == NULL)
			continue;
		buf_add(b, s.p + from, at - from);
		buf_puts(b, e);
		at += line ? 2 : 0;
		from = at + 1;
	}
	buf_add(b, s.p + from, s.n - from);
}

/* Length of the run of ASCII at the start that needs no escape, eight bytes at a time. */
static size_t
plain_run(struct str s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	size_t at = 0;

	for (; at + 8 <= s.n; at += 8) {
		uint64_t x, quote, slash, del;

		memcpy(&x, s.p + at, sizeof x);
		quote = x ^ (ones * '"');
		slash = x ^ (ones * '\\');
		del = x ^ (ones * 0x7f);
		/* The top bit of a byte is set where it is not ASCII, below a blank, or equal to one. */
		if ((x | (x - ones * 0x20) | (quote - ones) | (slash - ones) | (del - ones)) & high)
			break;
	}
	while (at < s.n && s.p[at] >= ' ' && s.p[at] < 0x7f && s.p[at] != '"' && s.p[at] != '\\')
		at++;
	return at;
}

void
buf_json(struct buf *b, struct str s)
{
	size_t plain = plain_run(s);
	ptrdiff_t bad;

	buf_char(b, '"');
	buf_str(b, str_sub(s, 0, plain));
	s = str_sub(s, plain, s.n);
	while ((bad = str_bad_utf8(s)) >= 0) {
		write_good(b, str_sub(s, 0, (size_t)bad));
		buf_puts(b, "\xef\xbf\xbd");
		s = str_sub(s, (size_t)bad + 1, s.n);
	}
	write_good(b, s);
	buf_char(b, '"');
}

void
buf_key(struct buf *b, const char *key)
{
	if (b->n > 0 && b->p[b->n - 1] != '{')
		buf_char(b, ',');
	buf_json(b, str_of(key));
	buf_char(b, ':');
}

void
buf_key_text(struct buf *b, const char *key, struct str value)
{
	buf_key(b, key);
	buf_json(b, value);
}

void
buf_key_long(struct buf *b, const char *key, long value)
{
	buf_key(b, key);
	buf_fmt(b, "%ld", value);
}

void
buf_key_real(struct buf *b, const char *key, double value)
{
	buf_key(b, key);
	buf_real(b, value);
}

void
buf_key_null(struct buf *b, const char *key)
{
	buf_key(b, key);
	buf_puts(b, "null");
}

void
buf_key_text_or_null(struct buf *b, const char *key, const char *text)
{
	if (text != NULL)
		buf_key_text(b, key, str_of(text));
	else
		buf_key_null(b, key);
}

void
buf_key_long_if(struct buf *b, const char *key, bool known, long value)
{
	if (known)
		buf_key_long(b, key, value);
	else
		buf_key_null(b, key);
}

void
buf_key_real_if(struct buf *b, const char *key, bool known, double value)
{
	if (known)
		buf_key_real(b, key, value);
	else
		buf_key_null(b, key);
}
