/*
 * length.c -- how long the answer is.
 *
 *  (1) The score is a count, of what `of` says.
 *  (2) `characters` are Unicode code points; a byte that is not part of UTF-8 counts as one.
 *  (3) `words` are runs of anything between white space (Unicode White_Space).
 *  (4) `bytes` are those of the text as it came.
 *  (5) `tokens` are the output tokens as the server counted them; where it reports none the
 *      case is unscored.
 *  (6) What the case expects plays no part.  Limits on the length belong into a gate.
 */
#include "metrics/metrics.h"

enum { OF_CHARACTERS, OF_WORDS, OF_BYTES, OF_TOKENS };

struct length { int of; };

static const struct conf_key params[] = {
	{ "of", CONF_ENUM, offsetof(struct length, of), "characters",
	  "characters|words|bytes|tokens", "what is counted" },
	{ 0 }
};

/* (2) */
static size_t
characters(struct str s)
{
	size_t n = 0;

	while (s.n > 0) {
		ptrdiff_t bad = str_bad_utf8(s);
		size_t good = bad < 0 ? s.n : (size_t)bad;

		for (size_t i = 0; i < good; i++)
			n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
		n += bad >= 0;
		s = str_sub(s, good + (bad >= 0), s.n);
	}
	return n;
}

/* (3) Folding leaves exactly one blank between words, whatever white space there was. */
static size_t
words(struct str s, struct arena *a)
{
	size_t n = 1;

	s = str_fold(s, a);
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == ' ';
	return s.n == 0 ? 0 : n;
}

static struct score
score(const void *p, const struct test_case *tc, const struct completion *c, struct arena *a)
{
	const struct length *x = p;

	(void)tc;
	switch (x->of) {
	case OF_WORDS:
		return score_real((double)words(c->text, a));
	case OF_BYTES:
		return score_real((double)c->text.n);                           /* (4) */
	case OF_TOKENS:
		if (c->tokens_out < 0)                                          /* (5) */
			return score_none("the server reported no tokens");
		return score_real((double)c->tokens_out);
	default:
		return score_real((double)characters(c->text));
	}
}

const struct scorer scorer_length = {
	.name = "length", .help = "how long the answer is", .version = 1, .scale = SCALE_REAL,
	.needs_text = true, .unit = "", .params = params, .size = sizeof(struct length),
	.score = score,
};
