/*
 * fuzz_scorers.c -- any answer to any expectation gets a sound score from every scorer.
 *
 * The first line of the input is what the case expects, the rest is the answer; an input
 * without a newline is an answer to a case that expects nothing.
 */
#include "tests/unit/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 32 };
static struct { const struct scorer *scorer; const void *params; } setting[MOST];
static size_t nsetting;

static void
add(const struct scorer *s, const char *given)
{
	static struct arena forever;
	struct err err = { 0 };
	const void *params = params_of(s, given, &forever, &err);

	if (params == NULL || nsetting == MOST)
		bug("%s [%s]: %s", s->name, given, err.msg);
	setting[nsetting].scorer = s;
	setting[nsetting++].params = params;
}

/* Every scorer as it comes, and the parameters that take another way through the code. */
static void
prepare(void)
{
	for (const struct scorer *const *s = scorer_all(); *s != NULL; s++)
		add(*s, params_usual(*s));
	add(scorer_find("exact"), "fold=yes");
	add(scorer_find("contains"), "fold=yes");
	add(scorer_find("contains"), "any=a|1;all=e;none=x");
	add(scorer_find("starts_with"), "fold=yes");
	add(scorer_find("number"), "take=first;separator=dot;tolerance=0.5");
	add(scorer_find("number"), "separator=none;relative=1e-2");
	add(scorer_find("choice"), "among=a|b|1;take=last;fold=no");
	add(scorer_find("json"), "fence=yes;required=a;extra=refuse");
	add(scorer_find("length"), "of=words");
	add(scorer_find("length"), "of=bytes");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { size > 0 ? (const char *)data : "", size };
	ptrdiff_t line = str_find(all, STR("\n"), 0);
	struct str expect = str_sub(all, 0, line < 0 ? 0 : (size_t)line);
	struct completion c = { .text = str_sub(all, line < 0 ? 0 : (size_t)line + 1, size),
	    .tokens_out = -1, .ms_first = -1, .cost = -1 };
	struct test_case tc = { .id = "t", .expect = &expect, .nexpect = line < 0 ? 0 : 1 };
	struct arena scratch = { 0 };

	if (nsetting == 0)
		prepare();
	for (size_t i = 0; i < nsetting; i++) {
		const struct scorer *s = setting[i].scorer;
		struct score got = s->score(setting[i].params, &tc, &c, &scratch);

		if (!params_sound(s, got))
			bug("%s gives %g (%.*s)", s->name, got.value, STR_ARG(got.why));
		arena_reset(&scratch);
	}
	arena_free(&scratch);
	return 0;
}
