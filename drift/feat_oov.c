/*
 * feat_oov.c -- how many words of a text are out of a vocabulary.
 *
 *  (1) The share of its words that are not in the file `vocabulary`; 0 where it has no words.
 *  (2) Words are folded and stand between white space, without punctuation at their ends, in the
 *      text as in the file, however many a line of it holds.
 *  (3) The file has at most 64 MB, and at least one word.
 *  (4) `sha256` is the digest of the file: one with another is refused.  Not given, it becomes
 *      that of the file, so that profiles made with two vocabularies are not taken for alike.
 *  (5) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

struct oov { const char *of, *vocabulary, *sha256; struct word_set words; };

static const struct conf_key params[] = {
	OF_ROW(oov),
	{ "vocabulary", CONF_TEXT, offsetof(struct oov, vocabulary), CONF_REQUIRED, NULL,
	  "a file of words" },
	{ "sha256", CONF_TEXT, offsetof(struct oov, sha256), NULL, NULL,
	  "what the file's digest must be" },
	{ 0 }
};

static int
check(void *p, struct arena *a, struct err *err)
{
	enum { FILE_MAX = 64 << 20 };
	struct oov *x = p;
	struct str file, rest, word;
	char hex[65];
	size_t n = 0;

	if (file_read(".", x->vocabulary, NULL, FILE_MAX, &file, a, err) < 0)
		return -1;
	sha256_of(file, hex);
	if (x->sha256 != NULL && strcmp(x->sha256, hex) != 0)                   /* (4) */
		return err_set(err, "vocabulary '%s' has the digest %s and not '%s': it has changed",
		    x->vocabulary, hex, x->sha256);
	x->sha256 = arena_strdup(a, hex);
	file = str_fold(file, a);
	for (rest = file; word_next(&rest, &word);)
		n++;
	if (n == 0)
		return err_set(err, "vocabulary '%s' has no words", x->vocabulary);
	x->words = word_set_for(n, a);
	for (rest = file; word_next(&rest, &word);)
		*word_set_put(&x->words, word) = 1;
	return 0;
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct oov *x = p;
	struct value v = value_read(r, x->of, a);
	size_t words = 0, unknown = 0;
	struct str rest, word;

	if (v.kind != VALUE_TEXT)
		return v;
	for (rest = str_fold(v.text, a); word_next(&rest, &word); words++)
		unknown += word_set_get(&x->words, word) == 0;
	return value_number(words == 0 ? 0 : (double)unknown / (double)words);
}

const struct feature feature_oov = {
	.name = "oov", .help = "share of words out of a vocabulary", .version = 1,
	.shape = SHAPE_NUMBER, .params = params, .size = sizeof(struct oov), .check = check,
	.get = get,
};
