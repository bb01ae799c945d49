/*
 * det_missing.c -- values that are missing, empty or of another type.
 *
 * (1) Of all records, the shares of the three kinds are compared; a distribution of what is
 * there says nothing of them.
 * (2) Effect: the largest change of the three shares; `why` names it, direction is its.
 * (3) p and interval are linf's.
 */
#include "drift/finding.h"

static struct finding
missing(const struct feature_profile *r, const struct feature_profile *c, double tolerance,
    uint64_t seed, struct arena *a)
{
	static const char *const kind[] = { "missing", "empty", "another type" };
	const long x[] = { r->missing, r->empty, r->other }, y[] = { c->missing, c->empty, c->other };
	struct largest l;
	struct finding f;

	(void)seed;
	if (finding_empty(r->n, c->n, tolerance, 1, "record", &f, a))
		return f;
	l = largest_change(x, y, COUNT(kind), r->n, c->n);
	f = finding_largest(&l, r->n, c->n, tolerance);
	if (l.change != 0)
		f.why = share_sentence(str_of(kind[l.which]), x[l.which], r->n, y[l.which], c->n, a);
	finding_decide(&f, l.reach, a);
	return f;
}

const struct detector detector_missing = {
	.name = "missing", .help = "values missing, empty or of another type", .unit = "share",
	.version = 1, .shapes = 1u << SHAPE_NUMBER | 1u << SHAPE_CATEGORY | 1u << SHAPE_TEXT |
	    1u << SHAPE_VECTOR,
	.names = true, .tolerance = 0.05, .test = missing,
};
