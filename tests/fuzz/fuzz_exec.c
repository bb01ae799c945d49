/* Answers of local engines: whatever a worker prints becomes a completion. */
#include <stdlib.h>

#include "harness/harness.h"

extern const struct protocol protocol_exec;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct completion c = completion_blank();
	struct target t = { 0 };
	struct arena a = { 0 };
	struct str line = str_dup((struct str){ (const char *)data, size }, &a);

	protocol_exec.reply(&c, &t, 200, line, &a);
	/* What is not the model's doing has no text, and says why. */
	if (!OUTCOME_IS_MODELS(c.outcome) && (c.text.n > 0 || c.why.p == NULL || c.nlp > 0))
		abort();
	if (c.tokens_in < -1 || c.tokens_out < -1 || str_bad_utf8(c.text) >= 0)
		abort();
	for (size_t i = 0; i < c.nlp; i++)
		if (!(c.lp[i].lp <= 0))
			abort();
	arena_free(&a);
	return 0;
}
