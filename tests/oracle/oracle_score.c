/*
 * oracle_score.c -- calibration, and exact tests of symmetry.
 */
#include "tests/oracle/oracle.h"

void
oracle_calibration(struct check *c)
{
	size_t n, bins = (size_t)in_long(c, "bins");
	double *p = in_reals(c, "p", &n), *y = in_reals(c, "y", &n);
	double *index = arena_array(&c->arena, n, sizeof *index);
	struct calibration r = calibration(p, y, n, bins, &c->arena);

	for (size_t i = 0; i < n; i++)
		index[i] = (double)calibration_bin(p[i], bins);
	want(c, "brier", r.brier);
	want_if(c, "log_loss", r.has_log_loss, r.log_loss);
	want(c, "ece_equal_width", r.ece_width);
	want(c, "mce_equal_width", r.mce_width);
	want(c, "ece_equal_mass", r.ece_mass);
	want(c, "murphy_reliability", r.reliability);
	want(c, "murphy_resolution", r.resolution);
	want(c, "murphy_uncertainty", r.uncertainty);
	want_reals(c, "bin_index", index, n, 0);
}

void
oracle_signflip(struct check *c)
{
	size_t n;
	double *d = in_reals(c, "diff", &n);
	struct signflip s = signflip_exact(d, n);
	struct wilcoxon w = wilcoxon_exact(d, n, &c->arena);

	want(c, "signflip_greater", s.greater);
	want(c, "signflip_less", s.less);
	want(c, "signflip_two", s.two);
	want_if(c, "wilcoxon_W", w.known, w.w);
	want_if(c, "wilcoxon_exact_two", w.known, w.p_two);
}
