/*
 * oracle_dist.c -- distributions.
 */
#include "tests/oracle/oracle.h"

#include <math.h>

static bool
is(struct check *c, const char *fn)
{
	const char *s = in_text(c, "fn");

	return s != NULL && strcmp(s, fn) == 0;
}

void
oracle_dist_normal(struct check *c)
{
	double x = in_arg(c, 0);

	if (is(c, "normal")) {
		want(c, "cdf", normal_cdf(x));
		want(c, "sf", normal_sf(x));
		want(c, "logcdf", normal_log_cdf(x));
		want(c, "logsf", normal_log_sf(x));
		want(c, "pdf", normal_pdf(x));
	} else if (is(c, "normal_ppf")) {
		want_near(c, "ppf", normal_quantile(x), 1e-15);
		want_near(c, "isf", -normal_quantile(x), 1e-15);
	}
}

void
oracle_dist_t(struct check *c)
{
	double x = in_arg(c, 0), df = in_arg(c, 1);

	if (is(c, "t")) {
		want_near(c, "cdf", t_cdf(x, df), 1e-300);
		want_near(c, "sf", t_sf(x, df), 1e-300);
	} else if (is(c, "t_isf"))
		want(c, "isf", -t_quantile(x, df));
}

void
oracle_dist_chi2(struct check *c)
{
	double x = in_arg(c, 0), df = in_arg(c, 1);

	if (is(c, "chi2")) {
		want(c, "cdf", chi2_cdf(x, df));
		want(c, "sf", chi2_sf(x, df));
	} else if (is(c, "chi2_isf"))
		want(c, "isf", chi2_isf(x, df));
}

void
oracle_dist_beta(struct check *c)
{
	double x = in_arg(c, 0), a = in_arg(c, 1), b = in_arg(c, 2);

	if (is(c, "beta")) {
		want_near(c, "cdf", beta_cdf(x, a, b), 1e-300);
		want_near(c, "sf", beta_sf(x, a, b), 1e-300);
	} else if (is(c, "beta_ppf"))
		want(c, "ppf", beta_quantile(x, a, b));
}

void
oracle_dist_misc(struct check *c)
{
	double x = in_arg(c, 0);

	if (is(c, "binom")) {
		long n = (long)in_arg(c, 1);

		want_near(c, "pmf", binom_pmf((long)x, n, in_arg(c, 2)), 1e-300);
		want_near(c, "cdf", binom_cdf((long)x, n, in_arg(c, 2)), 1e-300);
		want_near(c, "sf", binom_sf((long)x, n, in_arg(c, 2)), 1e-300);
	} else if (is(c, "lgamma"))
		want(c, "lgamma", lgamma(x));
	else if (is(c, "erf")) {
		want(c, "erf", erf(x));
		want(c, "erfc", erfc(x));
	} else if (is(c, "kolmogorov_sf"))
		want(c, "sf", kolmogorov_sf(x));
}
