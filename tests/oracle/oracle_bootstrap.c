/*
 * oracle_bootstrap.c -- the bootstrap of all samples there are.
 */
#include "tests/oracle/oracle.h"

void
oracle_bootstrap_ideal(struct check *c)
{
	size_t n;
	struct sample s = { .y = in_reals(c, "x", &n) };
	struct bootstrap_plan plan = { .replicates = 100000, .seed = 1, .conf = 0.95 };
	struct bootstrap b;

	s.n = n;
	b = bootstrap_mean(&s, &plan, &c->arena);
	want(c, "mean", b.at);
	if (!b.known && all_same(s.y, n)) {
		/* The golden interval has no width; ours is not given. */
		want(c, "se_ideal", 0);
		want(c, "pct_2_5", b.at);
		want(c, "pct_97_5", b.at);
		json_object_clear(c->out);
		return;
	}
	if (!b.known || !b.exact)
		fail(c, "bootstrap_mean", "did not enumerate");
	want(c, "se_ideal", b.se);
	want(c, "pct_2_5", b.percentile.lo);
	want(c, "pct_97_5", b.percentile.hi);
	want_if(c, "z0", b.has_bca, b.z0);
	want_if(c, "accel", b.has_bca, b.accel);
	want_reals(c, "bca_levels95", (double[]){ b.level_lo, b.level_hi }, 2, 0);
}
