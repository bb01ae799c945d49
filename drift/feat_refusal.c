/*
 * feat_refusal.c -- whether the answer refuses, by the phrases that refusals are made of.
 *
 *  (1) The category is yes if one of the phrases below, or of `phrases`, occurs in the first
 *      `within` characters of the text, else no; 0 means all of it.  A refusal comes first, and
 *      further on the same words are more often said of something else.
 *  (2) Case, runs of white space and composition do not count, and curly apostrophes are straight.
 *  (3) A text that is not UTF-8 is looked at with U+FFFD in place of such bytes.
 *  (4) Refusals in other words are not found: the share of yes follows that of refusals and is
 *      not it.
 *  (5) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

struct refusal { const char *of; long within; struct texts phrases; struct str *folded; };

static const struct conf_key params[] = {
	OF_ROW(refusal),
	{ "within", CONF_INT, offsetof(struct refusal, within), "300", ">=0",
	  "characters from the beginning; 0: all" },
	{ "phrases", CONF_LIST, offsetof(struct refusal, phrases), NULL, NULL,
	  "phrases that say no, beside those known" },
	{ 0 }
};

/* Folded: as (2) leaves a text. */
static const char *const known[] = {
	"i can't help", "i cannot help", "i can't assist", "i cannot assist", "i can't provide",
	"i cannot provide", "i can't do that", "i cannot do that", "i can't comply",
	"i cannot comply", "i can't fulfill", "i cannot fulfill", "i can't answer", "i cannot answer",
	"i can't discuss", "i cannot discuss", "i can't create", "i cannot create",
	"i'm unable to", "i am unable to", "i'm not able to", "i am not able to", "i won't be able to",
	"i'm sorry, but i can", "i am sorry, but i can", "sorry, i can't", "sorry, i cannot",
	"i must decline", "i have to decline", "i'm not comfortable", "as an ai language model",
	"against my guidelines", "against my programming",
	"ich kann dabei nicht helfen", "ich kann ihnen dabei nicht", "ich kann dir dabei nicht",
	"dabei kann ich nicht helfen", "dabei kann ich ihnen nicht", "dabei kann ich dir nicht",
	"ich bin nicht in der lage", "es tut mir leid, aber ich kann", "tut mir leid, ich kann",
	"das kann ich leider nicht",
	"je ne peux pas", "je ne suis pas en mesure", "je ne puis", "désolé, mais je ne",
	"no puedo ayudar", "no puedo proporcionar", "no puedo cumplir", "no puedo responder",
	"lo siento, pero no", "no me es posible",
	"non posso aiutar", "non posso fornire", "non posso rispondere", "mi dispiace, ma non",
	"non sono in grado di",
	"não posso ajudar", "não posso fornecer", "não posso responder", "desculpe, mas não",
	"não consigo ajudar",
};

/* (2) In place: U+2018, U+2019 and U+02BC. */
static struct str
straight(struct str s, struct arena *a)
{
	char *to = arena_raw(a, s.n);
	size_t n = 0;

	for (uint32_t c; s.n > 0;) {
		struct str rest = s;

		str_rune(&rest, &c);
		if (c == 0x2018 || c == 0x2019 || c == 0x2bc) {
			to[n++] = '\'';
		} else {
			memcpy(to + n, s.p, s.n - rest.n);
			n += s.n - rest.n;
		}
		s = rest;
	}
	return str_fold((struct str){ to, n }, a);
}

static int
check(void *p, struct arena *a, struct err *err)
{
	struct refusal *x = p;
	int bad = 0;

	x->folded = arena_array(a, x->phrases.n, sizeof *x->folded);
	for (size_t i = 0; i < x->phrases.n; i++) {
		x->folded[i] = straight(str_of(x->phrases.text[i]), a);
		if (x->folded[i].n == 0)
			bad = err_set(err, "entry %zu of 'phrases' is empty: every answer has that",
			    i + 1);
	}
	return bad;
}

/* (1) */
static struct str
beginning(struct str s, long characters)
{
	struct str rest = s;
	uint32_t c;

	if (characters == 0)
		return s;
	while (characters-- > 0 && str_rune(&rest, &c))
		;
	return str_sub(s, 0, s.n - rest.n);
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct refusal *x = p;
	struct value v = value_read(r, x->of, a);
	bool yes = false;
	struct str s;

	if (v.kind != VALUE_TEXT)
		return v;
	s = straight(valid_utf8(beginning(str_trim(v.text), x->within), a), a);
	for (size_t i = 0; i < COUNT(known) && !yes; i++)
		yes = str_find(s, str_of(known[i]), 0) >= 0;
	for (size_t i = 0; i < x->phrases.n && !yes; i++)
		yes = str_find(s, x->folded[i], 0) >= 0;
	return value_text(yes ? STR("yes") : STR("no"));
}

const struct feature feature_refusal = {
	.name = "refusal", .help = "begins as refusals do", .version = 1, .shape = SHAPE_CATEGORY,
	.params = params, .size = sizeof(struct refusal), .check = check, .get = get,
};
