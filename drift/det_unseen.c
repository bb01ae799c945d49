/*
 * det_unseen.c -- records in categories that the reference does not know.
 *
 * (1) Effect: the share of current records in categories absent from the reference, less the
 * share that a reference of this size leaves out anyway: Good and Turing's estimate, its
 * categories of one record over its records.  At least 0; direction is 1 if there are any.
 * (2) p: the share of categories absent from the dealt reference, among tables dealt anew.
 * (3) Interval: Wilson's of the share, and normal of Good and Turing's, at least by the
 * rule of three, squared and added.
 * (4) Only listed categories count, of both windows.
 */
#include "drift/finding.h"

#include <math.h>

static double
unseen_share(const struct tally *t, struct arena *scratch)
{
	long unseen = 0;

	(void)scratch;
	for (size_t i = 0; i < t->k; i++)
		unseen += t->x[i] == 0 ? t->y[i] : 0;
	return (double)unseen / (double)t->m;
}

/* The mass of all that the reference left out (Good 1953; its variance by Esty 1983). */
static double
left_out(const struct tally *t, double *spread)
{
	double n = (double)t->n, once = 0, twice = 0;

	for (size_t i = 0; i < t->k; i++) {
		once += t->x[i] == 1;
		twice += t->x[i] == 2;
	}
	*spread = fmax(fmin(1, 3 / n), normal_quantile(0.975) *
	    sqrt(fmax(0, once * (1 - once / n) + 2 * twice)) / n);
	return once / n;
}

static struct finding
unseen(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct tally t = tally_categories(r, c, false, a);
	double share, usual, spread, power = normal_quantile(0.8) / normal_quantile(0.975), reach;
	struct chance_of chance;
	struct interval wilson;
	struct finding f;
	size_t example = 0;

	if (finding_empty(t.n, t.m, tolerance, 1, "listed value", &f, a))
		return f;
	share = unseen_share(&t, a);
	usual = left_out(&t, &spread);
	chance = chance_deal(&t, unseen_share, NULL, draws_for_p(t.k), seed, a);
	wilson = rate_wilson(lround(share * (double)t.m), t.m, 0.95);
	f = (struct finding){ .effect = fmax(0, share - usual), .observed = share, .p = chance.p,
	    .draws = chance.draws, .direction = share > 0, .tolerance = tolerance,
	    .n_reference = t.n, .n_current = t.m };
	f.ci.lo = fmax(0, share - usual - hypot(share - wilson.lo, spread));
	f.ci.hi = fmin(1, f.effect + hypot(wilson.hi - share, spread));
	reach = fmax(f.ci.hi - f.effect, chance.q975 - chance.mean);
	f.mde = fmin(1, fmax(0, chance.q95 - chance.mean) + power * reach);
	for (size_t i = 0; i < t.k; i++)
		if (t.x[i] == 0 && (t.x[example] > 0 || t.y[i] > t.y[example]))
			example = i;
	if (share > 0)
		f.why = arena_fmt(a, "the commonest of them is '%.*s', %ld of %ld%s",
		    STR_ARG(str_visible(t.text[example], 60, false, a)), t.y[example], t.m,
		    t.coarse ? " in listed categories" : "");
	finding_decide(&f, reach * (1 + power), a);
	return f;
}

const struct detector detector_unseen = {
	.name = "unseen", .help = "records in categories that are new", .unit = "share",
	.names = true, .version = 1, .shapes = 1u << SHAPE_CATEGORY, .tolerance = 0.02, .test = unseen,
};
