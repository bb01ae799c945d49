/*
 * feat_repeats.c -- how much a text says again: runs of words that occurred before.
 *
 *  (1) The share of the runs of `run` words in a row that occurred before in the same text.
 *  (2) Words are folded and stand between white space, punctuation included.
 *  (3) A text of fewer words repeats nothing: 0.
 *  (4) No more than the first 100,000 words are looked at.
 *  (5) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

enum { WORDS_MAX = 100000, RUN_MAX = 64 };

struct repeats_params { const char *of; long run; };

static const struct conf_key params[] = {
	OF_ROW(repeats_params),
	{ "run", CONF_INT, offsetof(struct repeats_params, run), "5", "1..64", "words in a run" },
	{ 0 }
};

/* A set of hashes; 0 is a free place. */
struct seen { uint64_t *slot; size_t cap; };

/* Whether the run is there already; puts it there. */
static bool
again(struct seen *seen, struct str run)
{
	uint64_t hash = hash64(run, 0) | 1;
	size_t i = (size_t)(hash >> 20) & (seen->cap - 1);

	while (seen->slot[i] != 0 && seen->slot[i] != hash)
		i = (i + 1) & (seen->cap - 1);
	if (seen->slot[i] == hash)
		return true;
	seen->slot[i] = hash;
	return false;
}

static struct seen
seen_for(size_t n, struct arena *a)
{
	struct seen seen = { .cap = 16 };

	while (seen.cap < 2 * n)
		seen.cap *= 2;
	seen.slot = arena_array(a, seen.cap, sizeof *seen.slot);
	return seen;
}

/* Folded words have one blank between them, so a run of them is a slice. */
static double
repeated(struct str s, size_t length, struct arena *a)
{
	struct seen seen = seen_for(s.n / 2 + 1 < WORDS_MAX ? s.n / 2 + 1 : WORDS_MAX, a);
	const char *start[RUN_MAX];
	size_t words = 0, runs = 0, old = 0;
	struct str word;

	while (words < WORDS_MAX && str_word(&s, &word)) {
		start[words++ % length] = word.p;
		if (words < length)
			continue;
		word.n += (size_t)(word.p - start[words % length]);
		word.p = start[words % length];
		runs++;
		old += again(&seen, word);
	}
	return runs == 0 ? 0 : (double)old / (double)runs;
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct repeats_params *x = p;
	struct value v = value_read(r, x->of, a);

	if (v.kind != VALUE_TEXT)
		return v;
	return value_number(repeated(str_fold(v.text, a), (size_t)x->run, a));
}

const struct feature feature_repeats = {
	.name = "repeats", .help = "share of runs of words said before", .version = 1,
	.shape = SHAPE_NUMBER, .params = params, .size = sizeof(struct repeats_params), .get = get,
};
