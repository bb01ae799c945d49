/*
 * reader.h -- a play as a row of tokens.
 *
 * Functions that read one leave the reader at the token behind it, and return -1 with a
 * sentence when it is not there.
 */
#ifndef READER_H
#define READER_H

#include "harness/base/base.h"

enum token { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_COMMA };

struct reader {
	const char   *path;
	struct str    text;
	size_t        at;
	int           line;             /* of the token */
	enum token    token;
	struct str    value;            /* WORD as written, TEXT with its escapes resolved */
	struct arena *a;
	struct err   *e;
	struct buf    head;             /* header lines of the step being read */
};

/* The next token. */
int  reader_next(struct reader *);
bool reader_at(const struct reader *, const char *word);
/* "expected WHAT, found ...". */
int  reader_wanted(struct reader *, const char *what);
int  reader_text(struct reader *, struct str *);
int  reader_cstring(struct reader *, const char **);
int  reader_number(struct reader *, long min, long max, long *);
/* Seconds, of 5ms, 2s, 5 ms or the range 5..50ms. */
int  reader_duration(struct reader *, double *lo, double *hi);
/* The number in front of `unit`, without moving on; false: it is none. */
bool reader_with_unit(struct str, const char *unit, double *);

#endif
