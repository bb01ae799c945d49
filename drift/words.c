/*
 * words.c -- lines, words, and sets of words.
 */
#include "drift/features.h"

bool
line_next(struct str *rest, struct str *line)
{
	const char *end;

	if (rest->n == 0)
		return false;
	end = memchr(rest->p, '\n', rest->n);
	*line = str_sub(*rest, 0, end != NULL ? (size_t)(end - rest->p) : rest->n);
	*rest = str_sub(*rest, line->n + 1, rest->n);
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

bool
line_is_fence(struct str line)
{
	while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
		line = str_sub(line, 1, line.n - 1);
	return str_starts(line, STR("```")) || str_starts(line, STR("~~~"));
}

/* ASCII's, Latin-1's, General Punctuation, CJK's and full-width; U+FFFD is a part of its word. */
static bool
is_punctuation(uint32_t c)
{
	return (c >= 0x21 && c <= 0x2f) || (c >= 0x3a && c <= 0x40) || (c >= 0x5b && c <= 0x60) ||
	    (c >= 0x7b && c <= 0x7e) || c == 0xa1 || c == 0xa7 || c == 0xab || c == 0xb6 ||
	    c == 0xb7 || c == 0xbb || c == 0xbf || (c >= 0x2010 && c <= 0x205e) ||
	    (c >= 0x3001 && c <= 0x3003) || (c >= 0x3008 && c <= 0x3011) ||
	    (c >= 0xff01 && c <= 0xff0f) || (c >= 0xff1a && c <= 0xff20);
}

/* The last character: as many bytes back as UTF-8 can have. */
static struct str
last(struct str s)
{
	size_t n = 1;

	while (n < s.n && n < 4 && ((unsigned char)s.p[s.n - n] & 0xc0) == 0x80)
		n++;
	return str_sub(s, s.n - n, n);
}

static struct str
bare(struct str s)
{
	uint32_t c;

	for (struct str rest = s; str_rune(&rest, &c) && is_punctuation(c);)
		s = rest;
	while (s.n > 0) {
		struct str end = last(s), rest = end;

		str_rune(&rest, &c);
		if (rest.n > 0 || !is_punctuation(c))
			break;
		s.n -= end.n;
	}
	return s;
}

bool
word_next(struct str *rest, struct str *word)
{
	while (str_word(rest, word)) {
		*word = bare(*word);
		if (word->n > 0)
			return true;
	}
	return false;
}

struct word_set
word_set_for(size_t n, struct arena *a)
{
	struct word_set set = { .cap = 16 };

	while (set.cap < n * 2)
		set.cap *= 2;
	set.slot = arena_array(a, set.cap, sizeof *set.slot);
	return set;
}

/* The slot of the word, or the free one where it belongs. */
static struct word_slot *
slot(const struct word_set *set, struct str word)
{
	size_t i = (size_t)hash64(word, 0) & (set->cap - 1);

	while (set->slot[i].mark != 0 && !str_eq(set->slot[i].word, word))
		i = (i + 1) & (set->cap - 1);
	return &set->slot[i];
}

unsigned *
word_set_put(struct word_set *set, struct str word)
{
	struct word_slot *s = slot(set, word);

	if (s->mark == 0) {
		if (++set->n > set->cap / 2)
			bug("a set of words is too small");
		s->word = word;
	}
	return &s->mark;
}

unsigned
word_set_get(const struct word_set *set, struct str word)
{
	return slot(set, word)->mark;
}
