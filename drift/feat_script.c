/*
 * feat_script.c -- which script a text is written in.
 *
 *  (1) What counts is letters, by Unicode's general category; digits, punctuation, signs and
 *      bytes that are not UTF-8 play no part.
 *  (2) script: the one with the most letters, of Latin, Cyrillic, Greek, Han, Kana (Hiragana and
 *      Katakana), Hangul, Arabic, Hebrew, Devanagari and other; of equals the first of these.
 *      None where there is no letter.
 *  (3) Japanese is written in Han and Kana: where at least a tenth of their letters is Kana, all
 *      of them count as Kana.
 *  (4) non_latin: the share of letters of other scripts than Latin; 0 where there is no letter.
 *  (5) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

#include <utf8proc.h>

enum script { LATIN, CYRILLIC, GREEK, HAN, KANA, HANGUL, ARABIC, HEBREW, DEVANAGARI, REST,
              SCRIPTS };

static const char *const name[SCRIPTS] = { "Latin", "Cyrillic", "Greek", "Han", "Kana", "Hangul",
    "Arabic", "Hebrew", "Devanagari", "other" };

/* Blocks of Unicode, rising; where none holds a letter it is one of another script. */
static const struct block { uint32_t first, last; enum script script; } block[] = {
	{ 0x0041, 0x024f, LATIN }, { 0x0250, 0x02b8, LATIN }, { 0x0370, 0x03e1, GREEK },
	{ 0x03f0, 0x03ff, GREEK }, { 0x0400, 0x052f, CYRILLIC }, { 0x0591, 0x05f4, HEBREW },
	{ 0x0600, 0x06ff, ARABIC }, { 0x0750, 0x077f, ARABIC }, { 0x0870, 0x08ff, ARABIC },
	{ 0x0900, 0x097f, DEVANAGARI }, { 0x1100, 0x11ff, HANGUL }, { 0x1c80, 0x1c8f, CYRILLIC },
	{ 0x1cd0, 0x1cff, DEVANAGARI }, { 0x1d00, 0x1d25, LATIN }, { 0x1d6b, 0x1d77, LATIN },
	{ 0x1d79, 0x1dbe, LATIN }, { 0x1e00, 0x1eff, LATIN }, { 0x1f00, 0x1fff, GREEK },
	{ 0x2071, 0x209c, LATIN }, { 0x2160, 0x2188, LATIN }, { 0x2c60, 0x2c7f, LATIN },
	{ 0x2de0, 0x2dff, CYRILLIC }, { 0x2e80, 0x2fdf, HAN }, { 0x3005, 0x3007, HAN },
	{ 0x3021, 0x3029, HAN }, { 0x3031, 0x3035, KANA }, { 0x3038, 0x303b, HAN },
	{ 0x3041, 0x30ff, KANA }, { 0x3131, 0x318e, HANGUL }, { 0x31f0, 0x31ff, KANA },
	{ 0x3400, 0x4dbf, HAN }, { 0x4e00, 0x9fff, HAN }, { 0xa640, 0xa69f, CYRILLIC },
	{ 0xa722, 0xa7ff, LATIN }, { 0xa8e0, 0xa8ff, DEVANAGARI }, { 0xa960, 0xa97c, HANGUL },
	{ 0xab30, 0xab64, LATIN }, { 0xac00, 0xd7fb, HANGUL }, { 0xf900, 0xfaff, HAN },
	{ 0xfb00, 0xfb06, LATIN }, { 0xfb1d, 0xfb4f, HEBREW }, { 0xfb50, 0xfdff, ARABIC },
	{ 0xfe70, 0xfefc, ARABIC }, { 0xff21, 0xff5a, LATIN }, { 0xff66, 0xff9f, KANA },
	{ 0xffa0, 0xffdc, HANGUL }, { 0x1b000, 0x1b16f, KANA }, { 0x20000, 0x323af, HAN },
};

static bool
is_letter(uint32_t c)
{
	utf8proc_category_t category;

	if (c < 0x80)
		return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	category = utf8proc_category((utf8proc_int32_t)c);
	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static enum script
script_of(uint32_t c)
{
	size_t low = 0, high = COUNT(block);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c > block[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < COUNT(block) && c >= block[low].first ? block[low].script : REST;
}

/* How many letters there are of each script, and of all. */
static size_t
count(struct str s, size_t n[SCRIPTS])
{
	size_t all = 0;
	uint32_t c;

	while (str_rune(&s, &c)) {
		if (!is_letter(c))                                              /* (1) */
			continue;
		n[script_of(c)]++;
		all++;
	}
	return all;
}

static struct value
get_script(const void *p, const struct record *r, struct arena *a)
{
	const struct of *x = p;
	struct value v = value_read(r, x->of, a);
	size_t n[SCRIPTS] = { 0 }, most = 0;

	if (v.kind != VALUE_TEXT)
		return v;
	if (count(v.text, n) == 0)
		return value_text(STR("none"));
	if (n[KANA] > 0 && n[KANA] * 9 >= n[HAN]) {                             /* (3) */
		n[KANA] += n[HAN];
		n[HAN] = 0;
	}
	for (size_t i = 1; i < SCRIPTS; i++) {
		if (n[i] > n[most])
			most = i;
	}
	return value_text(str_of(name[most]));
}

static struct value
get_non_latin(const void *p, const struct record *r, struct arena *a)
{
	const struct of *x = p;
	struct value v = value_read(r, x->of, a);
	size_t n[SCRIPTS] = { 0 }, all;

	if (v.kind != VALUE_TEXT)
		return v;
	all = count(v.text, n);
	return value_number(all == 0 ? 0 : (double)(all - n[LATIN]) / (double)all);     /* (4) */
}

const struct feature feature_script = {
	.name = "script", .help = "the script of most letters", .version = 1,
	.shape = SHAPE_CATEGORY, .params = of_params, .size = sizeof(struct of), .get = get_script,
};

const struct feature feature_non_latin = {
	.name = "non_latin", .help = "share of letters that are not Latin", .version = 1,
	.shape = SHAPE_NUMBER, .params = of_params, .size = sizeof(struct of), .get = get_non_latin,
};
