/*
 * feat_count.c -- how much text there is: length, words, lines, and the share of digits.
 *
 *  (1) The text is the field `of`.  Missing, empty (white space alone) and other are told apart.
 *  (2) length: characters are Unicode code points; a byte that is not UTF-8 counts as one.
 *  (3) words: runs of anything between white space (Unicode White_Space).
 *  (4) lines end in a newline or at the end of the text; blank ones count.
 *  (5) digits: their share of the characters that are not white space.  Digits are those of
 *      ASCII, Arabic, Devanagari and full-width ones.
 */
#include "drift/features.h"

struct counts { size_t length, space, words, newlines, digits; bool open; };

/* (5) */
static bool
is_digit(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 0x660 && c <= 0x669) || (c >= 0x6f0 && c <= 0x6f9) ||
	    (c >= 0x966 && c <= 0x96f) || (c >= 0xff10 && c <= 0xff19);
}

static struct counts
count(struct str s)
{
	struct counts n = { 0 };
	bool in_word = false;
	uint32_t c;

	while (s.n > 0) {
		bool space;

		if ((unsigned char)*s.p < 0x80) {       /* what most are */
			c = (unsigned char)*s.p++;
			s.n--;
			space = c == ' ' || (c >= '\t' && c <= '\r');
		} else {
			str_rune(&s, &c);
			space = rune_is_space(c);
		}

		n.length++;
		n.space += space;
		n.words += !space && !in_word;
		n.newlines += c == '\n';
		n.digits += is_digit(c);
		n.open = c != '\n';
		in_word = !space;
	}
	return n;
}

/* (1) OTHER is never looked at. */
static struct value
counted(const void *p, const struct record *r, struct arena *a, struct counts *n)
{
	const struct of *x = p;
	struct value v = value_read(r, x->of, a);

	if (v.kind == VALUE_TEXT)
		*n = count(v.text);
	return v;
}

/* (2) Eight characters of ASCII at a time, where there are so many. */
static size_t
length(struct str s)
{
	uint64_t eight;
	uint32_t c;
	size_t n = 0;

	while (s.n > 0) {
		while (s.n >= sizeof eight) {
			memcpy(&eight, s.p, sizeof eight);
			if ((eight & UINT64_C(0x8080808080808080)) != 0)
				break;
			s = (struct str){ s.p + sizeof eight, s.n - sizeof eight };
			n += sizeof eight;
		}
		n += str_rune(&s, &c);
	}
	return n;
}

static struct value
get_length(const void *p, const struct record *r, struct arena *a)
{
	const struct of *x = p;
	struct value v = value_read(r, x->of, a);

	return v.kind == VALUE_TEXT ? value_number((double)length(v.text)) : v;
}

static struct value
get_words(const void *p, const struct record *r, struct arena *a)
{
	struct counts n;
	struct value v = counted(p, r, a, &n);

	return v.kind == VALUE_TEXT ? value_number((double)n.words) : v;
}

/* (4) */
static struct value
get_lines(const void *p, const struct record *r, struct arena *a)
{
	struct counts n;
	struct value v = counted(p, r, a, &n);

	return v.kind == VALUE_TEXT ? value_number((double)(n.newlines + n.open)) : v;
}

static struct value
get_digits(const void *p, const struct record *r, struct arena *a)
{
	struct counts n;
	struct value v = counted(p, r, a, &n);

	return v.kind != VALUE_TEXT ? v :
	    value_number((double)n.digits / (double)(n.length - n.space));
}

const struct feature feature_length = {
	.name = "length", .help = "characters of a text", .version = 1, .shape = SHAPE_NUMBER,
	.params = of_params, .size = sizeof(struct of), .get = get_length,
};

const struct feature feature_words = {
	.name = "words", .help = "words of a text", .version = 1, .shape = SHAPE_NUMBER,
	.params = of_params, .size = sizeof(struct of), .get = get_words,
};

const struct feature feature_lines = {
	.name = "lines", .help = "lines of a text", .version = 1, .shape = SHAPE_NUMBER,
	.params = of_params, .size = sizeof(struct of), .get = get_lines,
};

const struct feature feature_digits = {
	.name = "digits", .help = "share of digits in a text", .version = 1, .shape = SHAPE_NUMBER,
	.params = of_params, .size = sizeof(struct of), .get = get_digits,
};
