/*
 * fuzz_sse.c -- a stream whole and in pieces (the first byte says how long) gives the same.
 */
#include "harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
on_event(void *ctx, struct str data)
{
	struct buf *b = ctx;

	buf_char(b, '|');
	buf_str(b, data);
	return true;
}

static void
feed(struct str s, size_t step, struct buf *out)
{
	struct sse sse = { 0 };

	for (size_t at = 0; at < s.n; at += step)
		if (!sse_feed(&sse, str_sub(s, at, step), on_event, out))
			break;
	sse_free(&sse);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf whole = { 0 }, parts = { 0 };
	struct str s;

	if (n < 2 || n > 1 << 16)
		return 0;
	s = (struct str){ (const char *)p + 1, n - 1 };
	feed(s, s.n, &whole);
	feed(s, 1 + p[0] % 16, &parts);
	if (!str_eq(buf_as_str(&whole), buf_as_str(&parts)))
		bug("events depend on how the stream was cut");
	buf_free(&whole);
	buf_free(&parts);
	return 0;
}
