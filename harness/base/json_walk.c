/*
 * json_walk.c -- walking a checked document.
 *
 * A struct json is a slice of bytes that json_parse found good, so this file tests only what
 * decides where a value ends: by the document's index, or else it counts brackets and steps over
 * strings.
 */
#include "harness/base/base.h"

#include <math.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- where a value ends --------------------------------------------------------------- */

/* The next quote or backslash, or how far whole steps of sixteen bytes reach without one. */
static inline const char *
skip_text(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		int mask = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
		    _mm_cmpeq_epi8(v, slash)));

		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
#else
	(void)end;
#endif
	return p;
}

/* Past the string whose opening quote is at p; *escaped: it holds a backslash. */
static inline const char *
string_end(const char *p, const char *end, bool *escaped)
{
	*escaped = false;
	p++;
	for (;;) {
		p = skip_text(p, end);
		while (*p != '"' && *p != '\\')
			p++;
		if (*p == '"')
			return p + 1;
		*escaped = true;
		p += 2;
	}
}

/* Where in 64 bytes the kinds of bytes lie that say where a container ends: a bit each. */
struct marks { uint64_t quote, slash, bracket; };

#ifdef __SSE2__

static inline struct marks
marks_of(const char *p)
{
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i bit = _mm_set1_epi8(0x20);
	const __m128i open = _mm_set1_epi8('{'), close = _mm_set1_epi8('}');
	struct marks m = { 0 };

#pragma GCC unroll 4
	for (int i = 0; i < 64; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i low = _mm_or_si128(v, bit);     /* '[' becomes '{', ']' becomes '}' */

		m.quote |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, quote)) << i;
		m.slash |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, slash)) << i;
		m.bracket |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_or_si128(
		    _mm_cmpeq_epi8(low, open), _mm_cmpeq_epi8(low, close))) << i;
	}
	return m;
}

#else

static inline struct marks
marks_of(const char *p)
{
	struct marks m = { 0 };

	for (int i = 0; i < 64; i++) {
		uint64_t bit = (uint64_t)1 << i;

		m.quote |= p[i] == '"' ? bit : 0;
		m.slash |= p[i] == '\\' ? bit : 0;
		m.bracket |= (p[i] | 0x20) == '{' || (p[i] | 0x20) == '}' ? bit : 0;
	}
	return m;
}

#endif

/* The bytes behind a backslash that counts; *carry: the first, and then the one after the last. */
static inline uint64_t
escaped(uint64_t slash, bool *carry)
{
	uint64_t out = *carry;

	slash &= ~out;
	*carry = false;
	while (slash != 0) {
		uint64_t bit = slash & (~slash + 1);

		out |= bit << 1;
		*carry = bit >> 63;
		slash &= ~(bit | bit << 1);
	}
	return out;
}

/* Bit i: whether an odd number of bits up to and with i is set. */
static inline uint64_t
running_parity(uint64_t x)
{
#pragma GCC unroll 6
	for (int i = 1; i < 64; i *= 2)
		x ^= x << i;
	return x;
}

/* Past the container whose bracket is at p: brackets are counted, 64 bytes at a step, but for
 * those in strings. */
static const char *
container_end(const char *p, const char *end)
{
	size_t depth = 0;
	uint64_t inside = 0;                    /* all bits: a string goes on from the last step */
	bool carry = false;

	for (;; p += 64) {
		char tail[64] = { 0 };
		const char *block = p;
		struct marks m;
		uint64_t text, brackets;

		if (end - p < 64) {
			memcpy(tail, p, (size_t)(end - p));
			block = tail;
		}
		m = marks_of(block);
		if (m.slash != 0 || carry)
			m.quote &= ~escaped(m.slash, &carry);
		text = running_parity(m.quote) ^ inside;
		inside = (text >> 63) != 0 ? ~(uint64_t)0 : 0;
		for (brackets = m.bracket & ~text; brackets != 0; brackets &= brackets - 1) {
			int at = __builtin_ctzll(brackets);

			if ((block[at] | 0x20) == '{')
				depth++;
			else if (--depth == 0)
				return p + at + 1;
		}
	}
}

/* Between values; anything else that is so low was refused. */
static inline bool
is_space(char c)
{
	return (unsigned char)c <= ' ';
}

/* The value at p, which ends before `end`. */
static struct json
value_at(const char *p, const char *end)
{
	const char *q = p;
	enum json_type type;
	bool escaped;

	switch (*p) {
	case '{':
		type = JT_OBJECT;
		q = container_end(p, end);
		break;
	case '[':
		type = JT_ARRAY;
		q = container_end(p, end);
		break;
	case '"':
		type = JT_STRING;
		q = string_end(p, end, &escaped);
		break;
	case 't':
		type = JT_TRUE;
		q = p + 4;
		break;
	case 'f':
		type = JT_FALSE;
		q = p + 5;
		break;
	case 'n':
		type = JT_NULL;
		q = p + 4;
		break;
	default:
		type = JT_NUMBER;
		while (*q != ',' && *q != '}' && *q != ']' && !is_space(*q))
			q++;
		break;
	}
	return (struct json){ type, { p, (size_t)(q - p) }, NULL };
}

/* ---- walking -------------------------------------------------------------------------- */

bool
json_next_scanned(struct json_iter *it, struct json *value)
{
	const char *p, *end, *q;

	if (it->of.type != JT_ARRAY && it->of.type != JT_OBJECT)
		return false;
	p = it->of.raw.p + (it->at ? it->at : 1);
	end = it->of.raw.p + it->of.raw.n;
	while (p < end && (is_space(*p) || *p == ','))
		p++;
	if (p == end || *p == ']' || *p == '}') {
		it->at = it->of.raw.n;
		return false;
	}
	if (it->of.type == JT_OBJECT) {
		q = string_end(p, end, &it->escaped);
		it->key = (struct str){ p + 1, (size_t)(q - p) - 2 };
		p = q;
		while (is_space(*p) || *p == ':')
			p++;
	}
	*value = value_at(p, end);
	it->at = (size_t)(value->raw.p + value->raw.n - it->of.raw.p);
	return true;
}

/* Four hex digits that were checked. */
static unsigned long
hex4(const char *p)
{
	unsigned long v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];

		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

/* Writes code point c as UTF-8; returns its length. */
static size_t
encode(unsigned long c, char *out)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}

/* Resolves the escape at *p, a backslash; returns how many bytes (at most 4) it stands for. */
static size_t
resolve(const char **p, char out[4])
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *e = *p + 1, *at;
	unsigned long c;

	if (*e != 'u') {
		at = strchr(from, *e);
		out[0] = at ? to[at - from] : *e;
		*p = e + 1;
		return 1;
	}
	c = hex4(e + 1);
	e += 5;
	if (c >= 0xd800 && c <= 0xdbff) {       /* its other half follows: it was checked */
		c = 0x10000 + ((c - 0xd800) << 10) + (hex4(e + 2) - 0xdc00);
		e += 6;
	}
	*p = e;
	return encode(c, out);
}

bool
json_key_is(struct str raw, struct str name)
{
	const char *p = raw.p, *end = p + raw.n;
	size_t at = 0;
	char one[4];

	/* An escape is longer than what it stands for, so few keys need to be searched for one. */
	if (raw.n < name.n || (raw.n == name.n && !str_eq(raw, name)))
		return false;
	if (raw.n == 0 || memchr(p, '\\', raw.n) == NULL)
		return raw.n == name.n;
	while (p < end) {
		size_t n = 1;

		if (*p == '\\')
			n = resolve(&p, one);
		else
			one[0] = *p++;
		if (name.n - at < n || memcmp(name.p + at, one, n) != 0)
			return false;
		at += n;
	}
	return at == name.n;
}

static struct json
member(struct json obj, struct str name)
{
	struct json_iter it = { .of = obj };
	struct json value;

	if (obj.type == JT_OBJECT)
		while (json_next(&it, &value))
			if (it.escaped ? json_key_is(it.key, name) : str_eq(it.key, name))
				return value;
	return (struct json){ 0 };
}

struct json
json_get(struct json obj, const char *key)
{
	return member(obj, str_of(key));
}

/* The element with the index that `token` writes: digits, no leading zero (RFC 6901, 4). */
static struct json
element(struct json array, struct str token)
{
	struct json_iter it = { .of = array };
	struct json value;
	long index;

	if (token.n == 0 || token.p[0] == '-' || (token.n > 1 && token.p[0] == '0') ||
	    !str_long(token, &index))
		return (struct json){ 0 };
	while (json_next(&it, &value))
		if (index-- == 0)
			return value;
	return (struct json){ 0 };
}

/* ~1 is '/', ~0 is '~' (RFC 6901, 4); false for any other use of '~'. */
static bool
plain_token(struct str *token, struct arena *a)
{
	char *out = arena_alloc(a, token->n);
	size_t n = 0;

	for (size_t i = 0; i < token->n; i++) {
		char c = token->p[i];

		if (c == '~') {
			if (++i == token->n || (token->p[i] != '0' && token->p[i] != '1'))
				return false;
			c = token->p[i] == '0' ? '~' : '/';
		}
		out[n++] = c;
	}
	*token = (struct str){ out, n };
	return true;
}

static struct json
step(struct json v, struct str token)
{
	struct arena scratch = { 0 };

	if (v.type == JT_ARRAY)
		return element(v, token);
	if (token.n == 0 || memchr(token.p, '~', token.n) == NULL)
		return member(v, token);
	v = plain_token(&token, &scratch) ? member(v, token) : (struct json){ 0 };
	arena_free(&scratch);
	return v;
}

struct json
json_at(struct json v, struct str pointer)
{
	size_t at = 0;

	if (pointer.n > 0 && pointer.p[0] != '/')
		return member(v, pointer);
	while (at < pointer.n && v.type != JT_NONE) {
		const char *token = pointer.p + at + 1;
		const char *slash = memchr(token, '/', pointer.n - at - 1);
		size_t next = slash ? (size_t)(slash - pointer.p) : pointer.n;

		v = step(v, (struct str){ token, next - at - 1 });
		at = next;
	}
	return v;
}

struct str
json_text(struct json v, struct arena *a)
{
	struct str inner;
	const char *p, *end;
	char *out;
	size_t n = 0;

	if (v.type != JT_STRING)
		return (struct str){ "", 0 };
	inner = str_sub(v.raw, 1, v.raw.n - 2);
	if (inner.n == 0 || (p = memchr(inner.p, '\\', inner.n)) == NULL)
		return inner;
	out = arena_alloc(a, inner.n);          /* an escape is never shorter than its bytes */
	for (p = inner.p, end = p + inner.n; p < end;) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		size_t run = (size_t)((slash ? slash : end) - p);

		memcpy(out + n, p, run);
		n += run;
		p += run;
		if (slash != NULL)
			n += resolve(&p, out + n);
	}
	return (struct str){ out, n };
}

double
json_to_real(struct json v, double otherwise)
{
	char small[64], *copy = small;
	double real;

	if (v.type != JT_NUMBER)
		return otherwise;
	if (str_real(v.raw, &real))
		return real;
	if (v.raw.n >= sizeof small)
		copy = mem_alloc(v.raw.n + 1, 1);
	memcpy(copy, v.raw.p, v.raw.n);
	copy[v.raw.n] = '\0';
	real = strtod(copy, NULL);              /* the locale is always "C": main.c sets none */
	if (copy != small)
		mem_free(copy);
	return real;
}

bool
json_long(struct json v, long *out)
{
	const double exact = 9007199254740992.0;        /* 2^53: beyond it 1.0e17 says too little */
	double real;

	if (v.type != JT_NUMBER)
		return false;
	if (str_long(v.raw, out))
		return true;
	real = json_to_real(v, 0);
	if (fabs(real) > exact || real != floor(real))
		return false;
	*out = (long)real;
	return true;
}
