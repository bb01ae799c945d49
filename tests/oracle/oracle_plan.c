/*
 * oracle_plan.c -- many tests at once, and how many units a question needs.
 */
#include "tests/oracle/oracle.h"

#include <math.h>

static void
want_adjusted(struct check *c, const char *key, void (*adjust)(double *, size_t))
{
	size_t n;
	double *p = in_reals(c, "p", &n);

	adjust(p, n);
	want_reals(c, key, p, n, 1e-15);
}

static void
want_rejected(struct check *c)
{
	size_t n, count = 0;
	double *e = in_reals(c, "e", &n), *index = arena_array(&c->arena, n + 1, sizeof *index);
	bool *rejected = arena_array(&c->arena, n + 1, sizeof *rejected);

	ebh_reject(e, n, in_real(c, "alpha"), rejected);
	for (size_t i = 0; i < n; i++)
		if (rejected[i])
			index[count++] = (double)i;
	want_reals(c, "ebh_rejected", index, count, 0);
}

void
oracle_multiplicity(struct check *c)
{
	if (in_has(c, "e")) {
		want_rejected(c);
		return;
	}
	want_adjusted(c, "bonferroni", adjust_bonferroni);
	want_adjusted(c, "holm", adjust_holm);
	want_adjusted(c, "hochberg", adjust_hochberg);
	want_adjusted(c, "bh", adjust_bh);
	want_adjusted(c, "by", adjust_by);
}

static void
unpaired(struct check *c)
{
	struct unpaired_size n = size_unpaired(in_real(c, "p1"), in_real(c, "drop"),
	    in_real(c, "alpha"), in_real(c, "power"));

	want(c, "n_per_run_pooled", n.pooled);
	want(c, "n_per_run_wald", n.wald);
	want(c, "n_per_run_arcsine", n.arcsine);
	want(c, "ceil_pooled", ceil(n.pooled));
}

static void
connor(struct check *c)
{
	double n = pairs_detect(in_real(c, "drop"), in_real(c, "discordance"), in_real(c, "alpha"),
	    (int)in_long(c, "sides"), in_real(c, "power"));

	want(c, "n", n);
	want(c, "ceil", ceil(n));
}

static void
noninferiority(struct check *c)
{
	double margin = in_real(c, "margin"), drop = in_real(c, "true_drop");
	double psi = in_real(c, "discordance"), alpha = in_real(c, "alpha");

	want(c, "n", pairs_noninferiority(margin, drop, psi, alpha, in_real(c, "power")));
	want(c, "ceil", (double)size_noninferiority(margin, drop, psi, alpha, in_real(c, "power")));
}

static void
miller(struct check *c)
{
	double var = in_real(c, "omega2") + in_real(c, "sigma2_A") / in_real(c, "K_A") +
	    in_real(c, "sigma2_B") / in_real(c, "K_B");
	double alpha = in_real(c, "alpha"), power = in_real(c, "power");
	double n = units_repeated(var, in_real(c, "delta"), alpha, power);

	want(c, "n", n);
	want(c, "ceil", ceil(n));
	want(c, "mde_at_n1000", mde_repeated(var, 1000, alpha, power));
}

static void
mcnemar(struct check *c)
{
	want(c, "power", mcnemar_power(in_long(c, "n"), in_real(c, "discordance"),
	    in_real(c, "drop"), in_real(c, "alpha"),
	    json_is_true(json_object_get(c->case_, "midp"))));
}

static void
zero_failures(struct check *c)
{
	double conf = in_real(c, "conf"), p = json_number_value(take(c, "p"));

	want(c, "upper", rate_clopper_pearson(0, in_long(c, "n"), 2 * conf - 1).hi);
	want(c, "n_needed_for_p", (double)size_zero_failures(p, conf));
}

void
oracle_power(struct check *c)
{
	static const struct { const char *kind; void (*run)(struct check *); } kind[] = {
		{ "unpaired_two_proportions", unpaired },
		{ "paired_mcnemar_connor", connor },
		{ "paired_noninferiority", noninferiority },
		{ "miller_paired", miller },
		{ "mcnemar_exact_power_one_sided", mcnemar },
		{ "zero_failures", zero_failures },
	};
	const char *name = in_text(c, "kind");

	for (size_t i = 0; i < COUNT(kind) && name != NULL; i++)
		if (strcmp(name, kind[i].kind) == 0)
			kind[i].run(c);
}

void
oracle_groupseq(struct check *c)
{
	size_t looks;
	double *info = in_reals(c, "info", &looks);
	double *bound = arena_array(&c->arena, looks, sizeof *bound);

	group_bounds(in_real(c, "alpha"), info, looks, bound, &c->arena);
	want_reals(c, "z_bounds", bound, looks, 0);
}
