/*
 * mend.c -- answers whose text is not quite text.
 *
 * A model may be cut off inside a character, and some servers pass the half on: as bytes that
 * are not UTF-8, or as half a surrogate pair.  Such an answer is still the model's, so the
 * halves become U+FFFD, and the completion says so (bad_utf8).
 */
#include "harness/harness.h"

/* One character of U+FFFD's kind for each byte that is not UTF-8. */
static struct str
mend_bytes(struct str s, struct arena *a)
{
	struct buf b = { 0 };
	ptrdiff_t bad;

	while ((bad = str_bad_utf8(s)) >= 0) {
		buf_str(&b, str_sub(s, 0, (size_t)bad));
		buf_puts(&b, "\xef\xbf\xbd");
		s = str_sub(s, (size_t)bad + 1, s.n);
	}
	buf_str(&b, s);
	s = str_dup(buf_as_str(&b), a);
	buf_free(&b);
	return s;
}

/* The value of \uXXXX at the start, or -1. */
static int
escaped_unit(struct str s)
{
	int value = 0;

	if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		const char *digits = "0123456789abcdef", *at;
		int ch = s.p[i] >= 'A' && s.p[i] <= 'F' ? s.p[i] + ('a' - 'A') : s.p[i];

		if (ch == 0 || (at = strchr(digits, ch)) == NULL)
			return -1;
		value = value * 16 + (int)(at - digits);
	}
	return value;
}

/* Half a surrogate pair becomes \ufffd, in place; whether there was one. */
static bool
mend_surrogates(struct str s)
{
	bool any = false;
	size_t i = 0;

	while (i < s.n) {
		int unit = escaped_unit(str_sub(s, i, 6)), next;

		if (s.p[i] != '\\') {
			i++;
			continue;
		}
		if (unit < 0xd800 || unit > 0xdfff) {
			i += unit < 0 ? 2 : 6;
			continue;
		}
		next = escaped_unit(str_sub(s, i + 6, 6));
		if (unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
			i += 12;
			continue;
		}
		memcpy((char *)(uintptr_t)s.p + i, "\\ufffd", 6);
		any = true;
		i += 6;
	}
	return any;
}

bool
reply_parse(struct str body, struct json *root, bool *bad_utf8, struct json_fault *why,
            struct arena *a)
{
	struct str mended;

	if (json_parse(body, root, why) == 0)
		return true;
	*bad_utf8 = str_bad_utf8(body) >= 0;
	mended = mend_bytes(body, a);
	*bad_utf8 |= mend_surrogates(mended);
	return *bad_utf8 && json_parse(mended, root, why) == 0;
}
