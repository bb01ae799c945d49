/*
 * oracle_hygiene.c -- similar texts, texts that were seen before, and filters to find them.
 */
#include "tests/oracle/oracle.h"

static void
lsh(struct check *c)
{
	json_t *weights = json_object_get(c->case_, "weights"), *candidates, *expected;
	double threshold = in_real(c, "threshold");
	struct lsh l = lsh_parameters(threshold, in_long(c, "num_perm"),
	    json_number_value(json_array_get(weights, 0)),
	    json_number_value(json_array_get(weights, 1)));
	const char *key;

	want(c, "bands", (double)l.bands);
	want(c, "rows", (double)l.rows);
	want(c, "fp_area", l.fp_area);
	want(c, "fn_area", l.fn_area);
	candidates = take(c, "p_candidate");
	json_object_foreach(candidates, key, expected) {
		double s;

		if (!str_real(str_of(key), &s))
			fail(c, "p_candidate", "a key is no number");
		else
			compare(c, "p_candidate", expected, lsh_candidate(s, l.bands, l.rows), 0);
	}
}

static void
bloom(struct check *c)
{
	struct bloom b = bloom_size(in_real(c, "n"), in_real(c, "target_fp"));

	want(c, "bits", b.bits);
	want(c, "hashes", (double)b.hashes);
	want(c, "fp_at_n", b.fp);
}

static void
jaccard(struct check *c)
{
	uint64_t *a, *b;
	size_t na = text_tokens(str_of(in_text(c, "a")), &a, &c->arena);
	size_t nb = text_tokens(str_of(in_text(c, "b")), &b, &c->arena);
	struct jaccard j = shingle_jaccard(a, na, b, nb, (size_t)in_long(c, "word_shingle"),
	    &c->arena);

	want(c, "intersection", (double)j.both);
	want(c, "union", (double)j.either);
	want_if(c, "jaccard", j.known, j.at);
}

/* A token is any JSON value: equal ones are written the same. */
static uint64_t *
tokens(struct check *c, const char *key, size_t *n)
{
	json_t *list = json_object_get(c->case_, key);
	uint64_t *token;

	*n = json_array_size(list);
	token = arena_array(&c->arena, *n, sizeof *token);
	for (size_t i = 0; i < *n; i++) {
		char *text = json_dumps(json_array_get(list, i), JSON_ENCODE_ANY);

		token[i] = hash64(str_of(text), 0);
		free(text);
	}
	return token;
}

static void
contamination(struct check *c)
{
	size_t n, m;
	uint64_t *text = tokens(c, "eval_tokens", &n), *corpus = tokens(c, "corpus_tokens", &m);
	struct overlap *o = overlap_new();
	struct covered r;

	overlap_add(o, text, n);
	overlap_see(o, corpus, m);
	r = overlap_covered(o, 0, (size_t)in_long(c, "n"));
	want(c, "matching_ngrams", (double)r.grams);
	want(c, "contaminated_tokens", (double)r.tokens);
	want_if(c, "token_fraction", r.known, r.fraction);
	want(c, "longest_covered_run", (double)r.longest_run);
	want(c, "longest_common_substring", (double)r.longest_match);
	overlap_free(o);
}

void
oracle_hygiene(struct check *c)
{
	static const struct { const char *kind; void (*run)(struct check *); } kind[] = {
		{ "lsh_params", lsh },
		{ "bloom", bloom },
		{ "jaccard", jaccard },
		{ "contamination", contamination },
	};
	const char *name = in_text(c, "kind");

	for (size_t i = 0; i < COUNT(kind) && name != NULL; i++)
		if (strcmp(name, kind[i].kind) == 0)
			kind[i].run(c);
}
