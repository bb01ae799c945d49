/*
 * feat_language.c -- which language a text is likely to be in, by its most common words.
 *
 *  (1) Words are folded and stand between white space, without punctuation at their ends.
 *  (2) The category is the language of en de fr es it pt nl sv pl ru of which the most words are
 *      stop words, a list of some 30 each; a word of several languages counts for each.
 *  (3) It is unknown where fewer than two words are stop words, where these are less than `least`
 *      of all words, and where two languages have as many.
 *  (4) What is in another language, or is code, is unknown; `script` says more of texts that are
 *      not written in Latin letters.
 *  (5) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

struct language { const char *of; double least; struct word_set stop; };

static const struct conf_key params[] = {
	OF_ROW(language),
	{ "least", CONF_SHARE, offsetof(struct language, least), "10%", NULL,
	  "share of stop words below which the language is unknown" },
	{ 0 }
};

/* The language's bit is its place. */
static const struct { const char *name, *words; } language[] = {
	{ "en", "the of and to in is that it for was with as you on be at by this have from or are "
	  "not but what your can will which they if there would has" },
	{ "de", "der die das und ist nicht ein eine zu den mit von auf sich dem für im auch sie es "
	  "ich wir wie als bei oder aus nach werden wird sind dass kann einen" },
	{ "fr", "le la les des et est une un que qui dans pour pas sur avec il elle vous nous ce au "
	  "aux sont mais ou par plus cette être je du de ne se" },
	{ "es", "el los las y es una un que en para con por del se no su al lo como más pero sus le "
	  "está son este esta cuando muy usted hay de la ser" },
	{ "it", "il lo gli e è una un che di non per con del della sono come ma più si da nel alla "
	  "questo anche ho ha le dei delle i la essere può" },
	{ "pt", "o os as e é uma um que não para com do da em dos das por mais se como mas ao à foi "
	  "são você está isso pode ser sua seu no na de" },
	{ "nl", "de het een en van is niet dat op te voor met zijn er aan ook als maar bij naar wat "
	  "ik je we u wordt kan deze om nog hebben dit heeft worden" },
	{ "sv", "och att det som en på är av för med till den inte om ett har jag du vi kan ska "
	  "från men så eller vara de när hur vid nu också där" },
	{ "pl", "i w nie na się z do to że jest o jak a ale po co za od przez czy dla tak "
	  "być tego są może oraz lub który jego można ze przy" },
	{ "ru", "и в не на что я с он как это по но из у за от "
	  "так же для вы мы бы то или если его к есть был "
	  "только можно при все" },
};

static int
check(void *p, struct arena *a, struct err *err)
{
	struct language *x = p;
	struct str rest, word;

	(void)err;
	x->stop = word_set_for(COUNT(language) * 40, a);
	for (size_t i = 0; i < COUNT(language); i++) {
		for (rest = str_of(language[i].words); str_word(&rest, &word);)
			*word_set_put(&x->stop, word) |= 1u << i;
	}
	return 0;
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct language *x = p;
	struct value v = value_read(r, x->of, a);
	size_t n[COUNT(language)] = { 0 }, words = 0, best = 0, second = 0;
	struct str rest, word;

	if (v.kind != VALUE_TEXT)
		return v;
	for (rest = str_fold(v.text, a); word_next(&rest, &word); words++) {
		unsigned in = word_set_get(&x->stop, word);

		for (size_t i = 0; in != 0; i++, in >>= 1)
			n[i] += in & 1;
	}
	for (size_t i = 1; i < COUNT(language); i++) {
		if (n[i] > n[best])
			best = i;
	}
	for (size_t i = 0; i < COUNT(language); i++) {
		if (i != best && n[i] > second)
			second = n[i];
	}
	if (n[best] < 2 || n[best] == second ||
	    (double)n[best] < x->least * (double)words)                         /* (3) */
		return value_text(STR("unknown"));
	return value_text(str_of(language[best].name));
}

const struct feature feature_language = {
	.name = "language", .help = "the likely language, by stop words", .version = 1,
	.shape = SHAPE_CATEGORY, .params = params, .size = sizeof(struct language), .check = check,
	.get = get,
};
