/*
 * fuzz_openai.c -- any bytes as a chat completion: the first byte chooses the status.
 */
#include "harness/harness.h"

extern const struct protocol protocol_openai;
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { 0 };
	struct completion c = completion_blank();
	struct buf text = { .max = 1 << 16 };
	struct reply_head head = reply_head_blank();
	struct str body;

	if (n == 0)
		return 0;
	body = (struct str){ (const char *)p + 1, n - 1 };
	head.status = p[0] == '4' ? 429 : 200;
	protocol_openai.reply(&c, NULL, head.status, body, &a);
	if (head.status == 200 && c.outcome == OUT_GARBAGE && (c.text.n > 0 || c.why.n == 0))
		bug("garbage with a text, or without a reason");
	if (str_bad_utf8(c.text) >= 0)
		bug("text that is not UTF-8");
	(void)retry_advise(&head, body);
	c = completion_blank();
	(void)protocol_openai.event(&c, &text, NULL, body, &a);
	buf_free(&text);
	arena_free(&a);
	return 0;
}
