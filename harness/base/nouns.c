/*
 * nouns.c -- the words as they are written in the store, in JSON and on the terminal.
 */
#include "harness/base/nouns.h"

const char *const outcome_name[OUT_COUNT] = {
	"answered", "truncated", "filtered", "declined",
	"timeout", "unavailable", "rejected", "garbage",
};

const char *const verdict_name[4] = { "PASS", "FAIL", "INCONCLUSIVE", "INVALID" };

int
verdict_exit(enum verdict v)
{
	return v == PASS ? EXIT_PASS : v == FAIL ? EXIT_FAIL : EXIT_UNSURE;
}

void
messages_json(struct buf *b, const struct msg *msg, size_t n)
{
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i > 0 ? ",{" : "{");
		buf_key_text(b, "role", str_of(msg[i].role));
		buf_key_text(b, "content", msg[i].text);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}
