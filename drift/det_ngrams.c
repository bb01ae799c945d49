/*
 * det_ngrams.c -- the n-gram that more texts, or fewer, hold than did.
 *
 * (1) A profile counts in how many texts each n-gram's slot occurs.  Records are independent,
 * the n-grams of one text are not: so each slot is tested by itself, and nothing is summed.
 * (2) Effect: the largest change of the share of texts that hold a slot's n-grams; direction is
 * its.  A slot holds several n-grams if there are many, which only hides changes.
 * (3) p and interval are linf's, over all slots that occur.
 */
#include "drift/finding.h"

static struct finding
ngrams(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	long n = profile_values(r), m = profile_values(c), *x, *y;
	struct largest l;
	struct finding f;
	size_t k = 0;

	(void)seed;
	if (finding_empty(n, m, tolerance, 1, "text", &f, a))
		return f;
	if (r->gram == NULL || c->gram == NULL)
		return finding_unknown(n, m, tolerance, 1, "the n-grams were not counted");
	x = arena_array(a, GRAM_SLOTS, sizeof *x);
	y = arena_array(a, GRAM_SLOTS, sizeof *y);
	for (size_t i = 0; i < GRAM_SLOTS; i++)
		if (r->gram[i] > 0 || c->gram[i] > 0) {
			x[k] = r->gram[i];
			y[k++] = c->gram[i];
		}
	/* Texts without any n-gram: none is held by any. */
	l = largest_change(x, y, k > 0 ? k : 1, n, m);
	f = finding_largest(&l, n, m, tolerance);
	if (l.change != 0)
		f.why = share_sentence(STR("texts that hold the n-gram"), x[l.which], n, y[l.which], m, a);
	finding_decide(&f, l.reach, a);
	return f;
}

const struct detector detector_ngrams = {
	.name = "ngrams", .help = "the n-gram whose share of texts changed most", .unit = "share",
	.names = true, .version = 1, .shapes = 1u << SHAPE_TEXT, .tolerance = 0.1, .test = ngrams,
};
