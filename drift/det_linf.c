/*
 * det_linf.c -- the category whose share changed most.
 *
 * (1) Effect: the largest |q - p|; `why` names the category, direction is its.
 * (2) p: of Fisher's exact tests of all categories the least, times how many could have come as
 * low (Tarone 1990).
 * (3) Interval: below, the highest of all lower bounds (Newcombe 1998) at a joint 95 %; above,
 * the highest of all upper bounds at 95 % each, because only one category is the largest.
 */
#include "drift/finding.h"

#include <math.h>

static struct finding
linf(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct tally t = tally_categories(r, c, true, a);
	struct largest l;
	struct finding f;

	(void)seed;
	if (finding_empty(t.n, t.m, tolerance, 1, "value", &f, a))
		return f;
	l = largest_change(t.x, t.y, t.k, t.n, t.m);
	f = finding_largest(&l, t.n, t.m, tolerance);
	if (l.change != 0) {
		struct str name = t.text[l.which];

		f.why = share_sentence(name.p == NULL ? STR("categories that are not listed") :
		    str_of(arena_fmt(a, "'%.*s'", STR_ARG(str_visible(name, 60, false, a)))),
		    t.x[l.which], t.n, t.y[l.which], t.m, a);
	}
	finding_decide(&f, l.reach, a);
	return f;
}

const struct detector detector_linf = {
	.name = "linf", .help = "the category whose share changed most", .unit = "share",
	.names = true, .version = 1, .shapes = 1u << SHAPE_CATEGORY, .tolerance = 0.1, .alarm = 0.005,
	.by_p = true, .test = linf,
};
