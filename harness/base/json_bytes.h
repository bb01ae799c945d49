/*
 * json_bytes.h -- what single bytes of JSON are, and how far plain text goes.
 *
 * Most bytes of a reply lie in strings: those are passed sixteen at a time where the machine can,
 * eight at a time elsewhere.
 */
#ifndef JSON_BYTES_H
#define JSON_BYTES_H

#include "harness/base/base.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#ifdef __SSE2__

/* The first byte from p that is a quote, backslash, control or not ASCII, or at least how far
 * whole steps reach. */
static inline const unsigned char *
skip_plain(const unsigned char *p, const unsigned char *end)
{
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* As signed bytes, controls and all from 0x80 on are less than a blank. */
		__m128i stop = _mm_or_si128(_mm_cmplt_epi8(v, space),
		    _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)));
		int mask = _mm_movemask_epi8(stop);

		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
	return p;
}

#else

#define ONES (~(uint64_t)0 / 255)

/* The high bit of some byte is set exactly if some byte of w is less than n (n at most 128). */
static inline uint64_t
any_less(uint64_t w, uint64_t n)
{
	return (w - ONES * n) & ~w & ONES * 128;
}

static inline const unsigned char *
skip_plain(const unsigned char *p, const unsigned char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t w;

		memcpy(&w, p, sizeof w);
		if ((any_less(w, ' ') | any_less(w ^ ONES * '"', 1) | any_less(w ^ ONES * '\\', 1) |
		    (w & ONES * 128)) != 0)
			return p;
	}
	return p;
}

#endif

static inline bool
is_plain(unsigned c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static inline bool
is_digit(unsigned c)
{
	return c - '0' < 10;
}

static inline bool
is_space(unsigned c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline bool
is_tail(unsigned c)
{
	return (c & 0xc0) == 0x80;
}

/* Length of the character of two to four bytes at p, or 0 (Unicode 15, table 3-7). */
static inline size_t
utf8_length(const unsigned char *p, const unsigned char *end)
{
	size_t left = (size_t)(end - p);
	unsigned c = p[0];

	if (c < 0xe0)
		return c >= 0xc2 && left >= 2 && is_tail(p[1]) ? 2 : 0;
	if (left < 3 || !is_tail(p[1]) || !is_tail(p[2]))
		return 0;
	if (c < 0xf0)
		return (c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ? 0 : 3;
	if (left < 4 || !is_tail(p[3]) || c > 0xf4)
		return 0;
	return (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f) ? 0 : 4;
}

/* The four hex digits at p, or -1. */
static inline long
hex4(const unsigned char *p, const unsigned char *end)
{
	long v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		unsigned c = p[i], low = c | 0x20;

		if (is_digit(c))
			v = v * 16 + (long)(c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v * 16 + (long)(low - 'a' + 10);
		else
			return -1;
	}
	return v;
}

static inline bool
is_high(long unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static inline bool
is_low(long unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

#endif
