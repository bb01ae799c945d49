/*
 * features.h -- what the features share: values, the text that is looked at, lines and words.
 *
 * Private to drift/feat_*.c.  All of it is linear in the text and allocates in the arena alone.
 */
#ifndef FEATURES_H
#define FEATURES_H

#include "drift/drift.h"

/* ---- value.c ---- */

struct value value_none(enum value_kind);            /* MISSING, EMPTY, OTHER */
struct value value_number(double);                   /* OTHER if it is not finite */
struct value value_text(struct str);                 /* EMPTY if it has no bytes */
/*
 * A text as a category: bytes that are no UTF-8 as U+FFFD each, so that a profile can be written
 * and read again; of more than CATEGORY_MAX bytes the beginning, and a hash of the whole.
 */
enum { CATEGORY_MAX = 240 };
struct value value_category(struct str, struct arena *);
struct str   valid_utf8(struct str, struct arena *); /* itself if it is valid */
/*
 * The field `of` by its type in the log.  A cell of CSV or TSV is a TEXT whatever it looks like.
 * JSON's true and false are TEXT if `scalars`, else OTHER; objects and arrays are OTHER.  The
 * record's own texts are TEXT, as the reader of the log made them.
 */
struct value value_field(const struct record *, const char *of, bool scalars, struct arena *);
/* The field if it is a text with content: EMPTY if it is white space alone, OTHER if a number. */
struct value value_read(const struct record *, const char *of, struct arena *);

/* The parameters of features that look at a text and need no more. */
struct of { const char *of; };
extern const struct conf_key of_params[];
#define OF_ROW(type) { "of", CONF_TEXT, offsetof(struct type, of), "output", NULL, \
	"input, output or the name of a field" }
#define OF_ROW_REQUIRED(type) { "of", CONF_TEXT, offsetof(struct type, of), CONF_REQUIRED, NULL, \
	"the name of a field" }

/* ---- words.c ---- */

/* The next line of *rest without its end, and *rest after it; false: no more. */
bool line_next(struct str *rest, struct str *line);
/* A line that opens or closes a fenced block: ``` or ~~~ after blanks. */
bool line_is_fence(struct str line);
/* The next word of *rest without punctuation at its ends; what is punctuation alone is none. */
bool word_next(struct str *rest, struct str *word);

/* Words, and a number with each that is not 0.  Made once, never grows. */
struct word_slot { struct str word; unsigned mark; };
struct word_set { struct word_slot *slot; size_t cap, n; };
struct word_set word_set_for(size_t n, struct arena *);            /* room for n words */
/* The number of a word, 0 if it was not in: the caller sets one.  The word is not copied. */
unsigned       *word_set_put(struct word_set *, struct str);
unsigned        word_set_get(const struct word_set *, struct str); /* 0: not in it */

#endif
