/*
 * oracle_rate.c -- one proportion, one quantile, two paired proportions.
 */
#include "tests/oracle/oracle.h"

#include <math.h>

/* Nothing is known of no cases; Wald and Agresti-Coull then have no interval either. */
static void
want_unless_empty(struct check *c, const char *key, long n, struct interval got)
{
	if (n > 0)
		want_interval(c, key, got, 0);
	else
		want_if(c, key, false, 0);
}

void
oracle_wilson(struct check *c)
{
	long x = in_long(c, "x"), n = in_long(c, "n");
	double conf = in_real(c, "conf");

	want_if(c, "est", n > 0, (double)x / (double)(n ? n : 1));
	want_interval(c, "wilson", rate_wilson(x, n, conf), 0);
	want_unless_empty(c, "wald", n, rate_wald(x, n, conf));
	want_unless_empty(c, "agresti_coull", n, rate_agresti_coull(x, n, conf));
	want_interval(c, "jeffreys", rate_jeffreys(x, n, conf), 0);
}

void
oracle_clopper_pearson(struct check *c)
{
	long x = in_long(c, "x"), n = in_long(c, "n");
	double conf = in_real(c, "conf");

	want_interval(c, "two_sided", rate_clopper_pearson(x, n, conf), 0);
	want(c, "lower_1sided", rate_clopper_pearson(x, n, 2 * conf - 1).lo);
	want(c, "upper_1sided", rate_clopper_pearson(x, n, 2 * conf - 1).hi);
}

/* The file writes n + 1 for an upper bound that does not exist. */
void
oracle_quantile_ranks(struct check *c)
{
	long n = in_long(c, "n");
	struct ranks r = quantile_ranks(n, in_real(c, "q"), in_real(c, "conf"));

	want(c, "lower_rank", (double)r.lo);
	want(c, "upper_rank", (double)(r.hi ? r.hi : n + 1));
}

void
oracle_mcnemar(struct check *c)
{
	long b = in_long(c, "b"), f = in_long(c, "c"), n = b + f;
	struct mcnemar worse = mcnemar_regression(b, f), better = mcnemar_regression(f, b);
	double gap = fabs((double)(b - f)), chi2 = n ? gap * gap / (double)n : 0;
	double cut = fmax(gap - 1, 0), corrected = n ? cut * cut / (double)n : 0;

	want(c, "exact_worse", worse.p_exact);
	want(c, "midp_worse", worse.p_midp);
	want(c, "exact_better", better.p_exact);
	want(c, "midp_better", better.p_midp);
	want(c, "exact_two", fmin(1, 2 * fmin(worse.p_exact, better.p_exact)));
	want(c, "midp_two", fmin(1, 2 * fmin(worse.p_midp, better.p_midp)));
	want_if(c, "chi2", n > 0, chi2);
	want(c, "chi2_p", chi2_sf(chi2, 1));
	want_if(c, "chi2_cc", n > 0, corrected);
	want(c, "chi2_cc_p", chi2_sf(corrected, 1));
}

/* H0: difference <= -margin, for each margin named in the file. */
static void
want_noninferiority(struct check *c, long b, long f, long n)
{
	json_t *all = take(c, "noninferiority"), *one;
	const char *margin;

	json_object_foreach(all, margin, one) {
		double m = strtod(margin, NULL), z = tango_z(b, f, n, -m);
		json_t *expected = json_object_get(one, "z");

		if (json_is_number(expected))
			compare(c, "noninferiority z", expected, z, 0);
		else if (fabs(z) < 1e300)
			fail(c, "noninferiority z", "finite where it has no variance");
		compare(c, "noninferiority p", json_object_get(one, "p"), normal_sf(z), 1e-300);
	}
}

void
oracle_paired_proportions(struct check *c)
{
	long b = in_long(c, "b"), f = in_long(c, "c"), n = in_long(c, "n");
	struct table2 t = { in_long(c, "a"), b, f, in_long(c, "d") };
	double nn = (double)n, diff = (double)(f - b) / nn, psi = (double)(b + f) / nn;
	double lower = normal_sf(tango_z(b, f, n, -0.02)), upper = normal_sf(-tango_z(b, f, n, 0.02));
	json_t *tost = take(c, "tost_0.02");

	want(c, "diff", diff);
	want(c, "discordance", psi);
	want(c, "wald_se", sqrt((psi - diff * diff) / nn));
	want_interval(c, "tango95", tango_interval(b, f, n, 0.95), 1e-10);
	want_interval(c, "tango90", tango_interval(b, f, n, 0.90), 1e-10);
	want_interval(c, "newcombe95", newcombe_interval(&t, 0.95), 0);
	want_interval(c, "agresti_min95", agresti_min_interval(&t, 0.95), 0);
	want_noninferiority(c, b, f, n);
	compare(c, "tost p_lower", json_object_get(tost, "p_lower"), lower, 1e-300);
	compare(c, "tost p_upper", json_object_get(tost, "p_upper"), upper, 1e-300);
	compare(c, "tost p", json_object_get(tost, "p"), fmax(lower, upper), 1e-300);
}
