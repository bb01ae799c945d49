/*
 * json.c -- the strict scanner: reads a JSON document once and checks all of it.
 *
 * RFC 8259, UTF-8 and unique keys; at most an index is written on the way.  What is good
 * afterwards is walked by json_walk.c.
 */
#include "harness/base/json_bytes.h"

#include <math.h>
#include <stdlib.h>

/* Keys of one object that are compared one by one; an object with more gets a map. */
enum { FEW = 32 };

struct key { struct str name; uint64_t hash; };

/* An object or array that is open. */
struct frame {
	bool              object;
	unsigned          nkey;         /* that are in `key` */
	struct key       *key;
	struct json_node *node;         /* its own */
	uint64_t          bits;         /* one bit per key's hash: a bit not yet set is a new key */
	struct map       *many;         /* all keys, once there are more than FEW */
};

struct scan {
	const unsigned char *start, *p, *end;
	struct frame        *top;               /* the innermost; frame[0]: the document itself */
	struct json_node    *node, *last;       /* the next of the index; that which is never read */
	struct arena         scratch;           /* keys with escapes, maps */
	struct json_fault    fault;
	struct frame         frame[JSON_DEPTH + 1];
	struct key           key[JSON_DEPTH * FEW + 1];
};

/* ---- the check ------------------------------------------------------------------------ */

static bool
fail(struct scan *s, const unsigned char *at, const char *why)
{
	s->fault = (struct json_fault){ (size_t)(at - s->start), why };
	return false;
}

static inline void
skip_space(struct scan *s)
{
	while (s->p < s->end && *s->p <= ' ' && is_space(*s->p))
		s->p++;
}

/* The next byte after white space, or -1 at the end. */
static inline int
next_byte(struct scan *s)
{
	if (s->p < s->end && *s->p > ' ')       /* programs write none */
		return *s->p;
	skip_space(s);
	return s->p < s->end ? *s->p : -1;
}

/* The escape at s->p, which is a backslash, in the string that began at `open`. */
static bool
check_escape(struct scan *s, const unsigned char *open)
{
	const unsigned char *p = s->p;
	long unit;

	if (s->end - p < 2)
		return fail(s, open, "a string is not closed");
	switch (p[1]) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
		s->p += 2;
		return true;
	case 'u':
		break;
	default:
		return fail(s, p, "an unknown escape");
	}
	if ((unit = hex4(p + 2, s->end)) < 0)
		return fail(s, p, "\\u without four hex digits");
	s->p += 6;
	if (is_low(unit))
		return fail(s, p, "a lone surrogate escape");
	if (is_high(unit)) {
		if (s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u' ||
		    !is_low(hex4(s->p + 2, s->end)))
			return fail(s, p, "a lone surrogate escape");
		s->p += 6;
	}
	return true;
}

/* From s->p on the rest of the string that began at `open`; *escaped: a backslash is in it. */
static bool
check_text(struct scan *s, const unsigned char *open, bool *escaped)
{
	for (;;) {
		size_t n;

		while (s->p < s->end && is_plain(*s->p))
			s->p++;
		if (s->p == s->end)
			return fail(s, open, "a string is not closed");
		if (*s->p == '"') {
			s->p++;
			return true;
		}
		if (*s->p == '\\') {
			*escaped = true;
			if (!check_escape(s, open))
				return false;
		} else if (*s->p < 0x20) {
			return fail(s, s->p, "a control character in a string");
		}
		while (s->p < s->end && *s->p >= 0x80) {
			if ((n = utf8_length(s->p, s->end)) == 0)
				return fail(s, s->p, "invalid UTF-8");
			s->p += n;
		}
		s->p = skip_plain(s->p, s->end);
	}
}

/* The string whose quote is at s->p; *escaped: it holds a backslash. */
static inline bool
check_string(struct scan *s, bool *escaped)
{
	const unsigned char *open = s->p;

	*escaped = false;
	s->p = skip_plain(open + 1, s->end);
	if (s->p == s->end || *s->p != '"')
		return check_text(s, open, escaped);
	s->p++;                                 /* most end here */
	return true;
}

static inline const unsigned char *
skip_digits(const unsigned char *p, const unsigned char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

static bool
check_number(struct scan *s)
{
	const unsigned char *start = s->p, *p = start + (*start == '-'), *digits = p, *more;
	struct json number;
	bool large;

	p = skip_digits(p, s->end);
	if (p == digits)
		return fail(s, p, "a digit is missing");
	if (*digits == '0' && p - digits > 1)
		return fail(s, digits, "a number with a leading zero");
	large = p - digits > 200;
	if (p < s->end && *p == '.') {
		more = skip_digits(p + 1, s->end);
		if (more == p + 1)
			return fail(s, more, "a digit is missing");
		p = more;
	}
	if (p < s->end && (*p | 0x20) == 'e') {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		more = skip_digits(p, s->end);
		if (more == p)
			return fail(s, more, "a digit is missing");
		large = large || more - p > 2;
		p = more;
	}
	s->p = p;
	/* At most 200 digits before the point and an exponent below 100 always fit. */
	number = (struct json){ JT_NUMBER, { (const char *)start, (size_t)(p - start) }, NULL };
	if (large && isinf(json_to_real(number, 0)))
		return fail(s, start, "a number too large for a double");
	return true;
}

static bool
check_word(struct scan *s, const char *word, size_t n)
{
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return fail(s, s->p, "a value is expected");
	s->p += n;
	return true;
}

static inline uint64_t
load(const char *p, size_t n)
{
	uint64_t w = 0;

	memcpy(&w, p, n);
	return w;
}

/* By length and by the bytes at both ends: enough to tell the few keys of one object apart, and
 * less work than a hash of all bytes. */
static inline uint64_t
key_hash(struct str name)
{
	size_t n = name.n;
	uint64_t w = n;

	if (n >= 8)
		w ^= load(name.p, 8) ^ load(name.p + n - 8, 8) * 3;
	else if (n >= 4)
		w ^= load(name.p, 4) << 32 ^ load(name.p + n - 4, 4) << 8;
	else
		for (size_t i = 0; i < n; i++)
			w = w << 8 ^ (unsigned char)name.p[i];
	w *= 0x9e3779b97f4a7c15;
	return w ^ w >> 32;
}

/* Whether an object with many keys has this one already; notes it otherwise. */
static bool
is_among_many(struct scan *s, struct frame *f, struct str name)
{
	bool is_new;

	if (f->many == NULL) {
		f->many = arena_alloc(&s->scratch, sizeof *f->many);
		for (size_t i = 0; i < FEW; i++)
			map_put(f->many, f->key[i].name, &is_new);
	}
	map_put(f->many, name, &is_new);
	return !is_new;
}

/* Whether the object has this key already; notes it otherwise. */
static inline bool
is_known(struct scan *s, struct frame *f, struct str name)
{
	uint64_t hash = key_hash(name), bit = (uint64_t)1 << (hash & 63);

	if (f->nkey == FEW)
		return is_among_many(s, f, name);
	if ((f->bits & bit) != 0)
		for (size_t i = 0; i < f->nkey; i++)
			if (f->key[i].hash == hash && str_eq(f->key[i].name, name))
				return true;
	f->bits |= bit;
	f->key[f->nkey++] = (struct key){ name, hash };
	return false;
}

/* ---- the index ------------------------------------------------------------------------- */

static inline void
note_key(struct scan *s, struct str key, bool escaped)
{
	s->node->key = (uint32_t)(key.p - (const char *)s->start);
	s->node->nkey = (uint32_t)key.n;
	s->node->escaped = escaped;
}

/* A value that ends at s->p. */
static inline void
note_scalar(struct scan *s, const unsigned char *at, enum json_type type)
{
	s->node->at = (uint32_t)(at - s->start);
	s->node->n = (uint32_t)(s->p - at);
	s->node->span = 1;
	s->node->type = type;
	s->node += s->node < s->last;
}

/* The container whose end is at s->p. */
static inline void
note_container(struct scan *s, struct json_node *node)
{
	node->n = (uint32_t)(s->p - s->start) - node->at;
	node->span = (uint32_t)(s->node - node);
}

/* ---- values ----------------------------------------------------------------------------- */

/* A key and its colon. */
static inline bool
check_key(struct scan *s)
{
	const unsigned char *open;
	struct str name;
	bool escaped;
	int c = next_byte(s);

	if (c != '"')
		return fail(s, s->p, c < 0 ? "it ends too early" : "a key in quotes is expected");
	open = s->p;
	if (!check_string(s, &escaped))
		return false;
	name = (struct str){ (const char *)open + 1, (size_t)(s->p - open) - 2 };
	note_key(s, name, escaped);
	if (escaped)
		name = json_text((struct json){ JT_STRING, { (const char *)open, name.n + 2 }, NULL },
		    &s->scratch);
	if (is_known(s, s->top, name))
		return fail(s, open, "a duplicate key");
	if (next_byte(s) != ':')
		return fail(s, s->p, "a colon is expected");
	s->p++;
	return true;
}

static inline bool
open_frame(struct scan *s, bool object)
{
	struct frame *f = s->top;

	if (f == s->frame + JSON_DEPTH)
		return fail(s, s->p, "nested too deeply");
	f[1] = (struct frame){ .object = object, .key = f->key + f->nkey, .node = s->node };
	s->top = f + 1;
	note_scalar(s, s->p, object ? JT_OBJECT : JT_ARRAY);    /* and to its end, once it is known */
	s->p++;
	return true;
}

static inline void
close_frame(struct scan *s)
{
	struct frame *f = s->top--;

	note_container(s, f->node);
	if (f->many != NULL)
		map_free(f->many);
}

/* A whole scalar, or a bracket; *opened: of a container that is not empty. */
static inline bool
check_start(struct scan *s, bool *opened)
{
	int c = next_byte(s);
	const unsigned char *at = s->p;
	enum json_type type = JT_STRING;
	bool escaped, good;

	*opened = false;
	switch (c) {
	case '"':
		good = check_string(s, &escaped);
		break;
	case '{':
		if (!open_frame(s, true))
			return false;
		*opened = next_byte(s) != '}';
		return true;
	case '[':
		if (!open_frame(s, false))
			return false;
		*opened = next_byte(s) != ']';
		return true;
	case 't':
		type = JT_TRUE;
		good = check_word(s, "true", 4);
		break;
	case 'f':
		type = JT_FALSE;
		good = check_word(s, "false", 5);
		break;
	case 'n':
		type = JT_NULL;
		good = check_word(s, "null", 4);
		break;
	default:
		if (c != '-' && (c < '0' || c > '9'))
			return fail(s, s->p, c < 0 ? "it ends too early" : "a value is expected");
		type = JT_NUMBER;
		good = check_number(s);
		break;
	}
	if (good)
		note_scalar(s, at, type);
	return good;
}

/* After a value: closes what ends here; *more: another value follows in what is still open. */
static inline bool
check_end(struct scan *s, bool *more)
{
	*more = false;
	while (s->top > s->frame) {
		bool object = s->top->object;
		int c = next_byte(s);

		if (c == ',') {
			s->p++;
			*more = true;
			return true;
		}
		if (c != (object ? '}' : ']'))
			return fail(s, s->p, c < 0 ? "it ends too early" :
			    object ? "a comma or '}' is expected" : "a comma or ']' is expected");
		s->p++;
		close_frame(s);
	}
	return true;
}

static bool
check_document(struct scan *s)
{
	bool more = true, opened;

	if (s->end - s->p >= 3 && memcmp(s->p, "\xef\xbb\xbf", 3) == 0)
		return fail(s, s->p, "a byte order mark");
	if (next_byte(s) < 0)
		return fail(s, s->p, "it is empty");
	while (more) {
		if (s->top->object && !check_key(s))
			return false;
		if (!check_start(s, &opened))
			return false;
		if (!opened && !check_end(s, &more))
			return false;
	}
	if (next_byte(s) >= 0)
		return fail(s, s->p, "something follows the value");
	return true;
}

/* ---- the answer ----------------------------------------------------------------------- */

static enum json_type
type_of(unsigned char first)
{
	switch (first) {
	case '{': return JT_OBJECT;
	case '[': return JT_ARRAY;
	case '"': return JT_STRING;
	case 't': return JT_TRUE;
	case 'f': return JT_FALSE;
	case 'n': return JT_NULL;
	default:  return JT_NUMBER;
	}
}

/* With room for nodes to `last`, which is one too many. */
static int
parse(struct str doc, struct json_node *node, struct json_node *last, struct json *root,
    struct json_fault *fault)
{
	struct scan s;
	bool good;

	s.start = s.p = (const unsigned char *)(doc.p ? doc.p : "");
	s.end = s.start + doc.n;
	s.frame[0] = (struct frame){ .key = s.key };
	s.top = s.frame;
	s.node = node;
	s.last = last;
	s.scratch = (struct arena){ 0 };        /* the rest is written before it is read */
	good = check_document(&s);
	while (s.top > s.frame)
		close_frame(&s);
	arena_free(&s.scratch);
	if (!good) {
		*fault = s.fault;
		return -1;
	}
	while (is_space(*s.start))
		s.start++;
	while (is_space(s.p[-1]))
		s.p--;
	*root = (struct json){ type_of(*s.start),
	                       { (const char *)s.start, (size_t)(s.p - s.start) },
	                       s.node < last ? node : NULL };
	return 0;
}

int
json_parse(struct str doc, struct json *root, struct json_fault *fault)
{
	struct json_node none;

	return parse(doc, &none, &none, root, fault);
}

int
json_parse_indexed(struct str doc, struct json_index *x, struct json *root,
    struct json_fault *fault)
{
	/* A value takes two bytes, with what stands between it and the next. */
	size_t most = doc.n / 2 + 1, cap = most < JSON_NODES ? most : JSON_NODES;

	if (doc.n > UINT32_MAX)
		return json_parse(doc, root, fault);
	if (x->cap < cap) {
		mem_free(x->node);
		x->cap = cap < JSON_NODES / 2 ? cap * 2 : JSON_NODES;
		x->node = mem_alloc(x->cap + 2, sizeof *x->node);       /* one too many, and its place */
	}
	return parse(doc, x->node, x->node + x->cap + 1, root, fault);
}

void
json_index_free(struct json_index *x)
{
	mem_free(x->node);
	*x = (struct json_index){ 0 };
}
