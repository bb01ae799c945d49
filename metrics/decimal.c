/*
 * decimal.c -- numbers as people and models write them, and their exact values.
 *
 * A double has 53 bits: 0.1 is not 0.1 and 12345678901234567890 is also ...891.  A score must
 * not depend on that, so numbers are digit strings here and are compared as such.  What
 * counts as one number in a text is said in the contract of number.c.
 */
#include "metrics/metrics.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static char
point_of(int separator)
{
	return separator == DECIMAL_DOT ? ',' : '.';
}

/* The byte at `at`, or a NUL outside of the text: neither digit, letter nor sign. */
static char
byte(struct str s, size_t at)
{
	return at < s.n ? s.p[at] : '\0';
}

static size_t
digits_end(struct str s, size_t at)
{
	while (is_digit(byte(s, at)))
		at++;
	return at;
}

/* Bytes of the sign that starts at `at`: + - or U+2212. */
static size_t
sign_at(struct str s, size_t at)
{
	if (byte(s, at) == '+' || byte(s, at) == '-')
		return 1;
	return str_starts(str_sub(s, at, 3), STR("\xe2\x88\x92")) ? 3 : 0;
}

/* Bytes of the sign that ends just before `end`. */
static size_t
sign_before(struct str s, size_t end)
{
	if (end >= 1 && sign_at(s, end - 1) == 1)
		return 1;
	return end >= 3 && sign_at(s, end - 3) == 3 ? 3 : 0;
}

/* Bytes of the currency sign before `end`: $, U+00A2 to U+00A5, U+20A0 to U+20CF. */
static size_t
currency_before(struct str s, size_t end)
{
	const unsigned char *p = (const unsigned char *)s.p + end;

	if (end >= 1 && p[-1] == '$')
		return 1;
	if (end >= 2 && p[-2] == 0xc2 && p[-1] >= 0xa2 && p[-1] <= 0xa5)
		return 2;
	if (end >= 3 && p[-3] == 0xe2 && ((p[-2] == 0x82 && p[-1] >= 0xa0) ||
	    (p[-2] == 0x83 && p[-1] <= 0x8f)))
		return 3;
	return 0;
}

/* Where the number whose digits start at `at` begins, its sign included. */
static size_t
number_start(struct str s, size_t at)
{
	size_t from = at - currency_before(s, at);
	size_t sign = sign_before(s, from), to = from - sign;
	size_t amount = to - currency_before(s, to);
	char before = to > 0 ? s.p[to - 1] : '\0';

	if (sign == 0 || is_digit(before) || is_letter(before) || before == ')' || before == ']' ||
	    before == '}' || before == '%' || sign_before(s, to) > 0)
		return from;
	if (amount > 0 && is_digit(s.p[amount - 1]))    /* 5$-3$ */
		return from;
	return to;
}

/* Where the exponent at `at` ends, or `at` if there is none that can be read. */
static size_t
exponent_end(struct str s, size_t at)
{
	size_t from, end, zeros;

	if (byte(s, at) != 'e' && byte(s, at) != 'E')
		return at;
	zeros = from = at + 1 + sign_at(s, at + 1);
	end = digits_end(s, from);
	while (zeros < end && s.p[zeros] == '0')
		zeros++;
	if (end == from || end - zeros > 9 || is_letter(byte(s, end)))
		return at;
	return end;
}

/*
 * Where the whole part that starts at `at` ends.  Groups of a thousand count as one number
 * if all of the run is well formed; if not, `apart` keeps its other groups from joining.
 */
static size_t
whole_end(struct decimal_iter *it, size_t at)
{
	struct str s = it->of;
	size_t first = digits_end(s, at), end = first;
	char sep = it->separator == DECIMAL_DOT ? '.' : ',';
	bool formed = first - at <= 3 && s.p[at] != '0';

	if (it->separator == DECIMAL_NONE || at < it->apart)
		return first;
	while (byte(s, end) == sep && is_digit(byte(s, end + 1))) {
		size_t group = end + 1;

		end = digits_end(s, group);
		formed = formed && end - group == 3;
	}
	if (formed)
		return end;
	it->apart = end;
	return first;
}

/* A point opens a number when digits follow and it is not part of something before it. */
static bool
opens(struct str s, size_t at, char point)
{
	char before = at > 0 ? s.p[at - 1] : '\0';

	return s.p[at] == point && is_digit(byte(s, at + 1)) && before != point &&
	    !is_digit(before) && !is_letter(before);
}

bool
decimal_next(struct decimal_iter *it, struct str *raw)
{
	struct str s = it->of;
	char point = point_of(it->separator);

	for (size_t at = it->at, end, from; at < s.n; at++) {
		if (!is_digit(s.p[at]) && !opens(s, at, point))
			continue;
		end = is_digit(s.p[at]) ? whole_end(it, at) : at;
		if (byte(s, end) == point && is_digit(byte(s, end + 1)))
			end = digits_end(s, end + 1);
		end = exponent_end(s, end);
		from = number_start(s, at);
		*raw = str_sub(s, from, end - from);
		it->at = end;
		return true;
	}
	it->at = s.n;
	return false;
}

/* Takes the zeros off both ends of 0.DIGITS. */
static struct decimal
normal(bool minus, struct str digits, long exp)
{
	while (digits.n > 0 && digits.p[0] == '0') {
		digits = str_sub(digits, 1, digits.n);
		exp--;
	}
	while (digits.n > 0 && digits.p[digits.n - 1] == '0')
		digits.n--;
	if (digits.n == 0)
		return (struct decimal){ false, STR(""), 0 };
	return (struct decimal){ minus, digits, exp };
}

/* The exponent as written after the e; past 10^15 it is as good as infinite. */
static long
exponent_of(struct str s)
{
	const long most = 1000000000000000;
	size_t at = sign_at(s, 0);
	bool minus = at > 0 && s.p[0] != '+';
	long v = 0;

	for (; at < s.n && v < most; at++)
		v = v * 10 + (s.p[at] - '0');
	return minus ? -v : v;
}

struct decimal
decimal_of(struct str raw, int separator, struct arena *a)
{
	bool minus = sign_at(raw, 0) > 0 && raw.p[0] != '+', fraction = false;
	char *digit = arena_alloc(a, raw.n + 1), point = point_of(separator);
	size_t n = 0;
	long exp = 0;

	for (size_t i = 0; i < raw.n; i++) {
		if (is_digit(raw.p[i])) {
			digit[n++] = raw.p[i];
			exp += fraction ? 0 : 1;
		} else if (raw.p[i] == point) {
			fraction = true;
		} else if (raw.p[i] == 'e' || raw.p[i] == 'E') {
			exp += exponent_of(str_sub(raw, i + 1, raw.n));
			break;
		}
	}
	return normal(minus, (struct str){ digit, n }, exp);
}

bool
decimal_eq(struct decimal a, struct decimal b)
{
	return a.minus == b.minus && a.exp == b.exp && str_eq(a.digits, b.digits);
}

/* By magnitude, signs aside. */
static int
compare(struct decimal a, struct decimal b)
{
	if (a.digits.n == 0 || b.digits.n == 0)
		return (a.digits.n > 0) - (b.digits.n > 0);
	if (a.exp != b.exp)
		return a.exp > b.exp ? 1 : -1;
	return str_cmp(a.digits, b.digits);
}

/* The digit of `x` that stands for 10^place. */
static int
digit_at(struct decimal x, long place)
{
	long i = x.exp - 1 - place;

	return i >= 0 && (size_t)i < x.digits.n ? x.digits.p[i] - '0' : 0;
}

int
decimal_near(struct decimal a, struct decimal b, struct decimal most, struct arena *scratch)
{
	bool swap = compare(a, b) < 0;
	struct decimal big = swap ? b : a, small = swap ? a : b;
	long low = big.exp - (long)big.digits.n, span;
	int carry = 0, sign = a.minus == b.minus ? -1 : 1;
	char *out;

	if (small.digits.n == 0)
		return compare(big, most) <= 0;
	if (small.exp - (long)small.digits.n < low)
		low = small.exp - (long)small.digits.n;
	span = big.exp + 1 - low;               /* one more for a carry */
	if (span > DECIMAL_SPAN)
		return -1;
	out = arena_alloc(scratch, (size_t)span);
	for (long place = low; place <= big.exp; place++) {
		int v = digit_at(big, place) + sign * digit_at(small, place) + carry;

		carry = v < 0 ? -1 : v > 9;
		out[big.exp - place] = (char)('0' + v - 10 * carry);
	}
	return compare(normal(false, (struct str){ out, (size_t)span }, big.exp + 1), most) <= 0;
}

bool
decimal_product(struct decimal a, struct decimal b, struct decimal *out, struct arena *scratch)
{
	size_t n = a.digits.n + b.digits.n;
	char *digit;

	if (n > DECIMAL_SPAN)
		return false;
	digit = arena_alloc(scratch, n + 1);
	memset(digit, '0', n);
	for (size_t i = a.digits.n; i-- > 0;) {
		int carry = 0;

		for (size_t j = b.digits.n; j-- > 0;) {
			int v = digit[i + j + 1] - '0' + carry +
			    (a.digits.p[i] - '0') * (b.digits.p[j] - '0');

			digit[i + j + 1] = (char)('0' + v % 10);
			carry = v / 10;
		}
		digit[i] = (char)('0' + carry);
	}
	*out = normal(a.minus != b.minus, (struct str){ digit, n }, a.exp + b.exp);
	return true;
}
