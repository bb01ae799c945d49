/*
 * paired.c -- two runs on the same units: what a gate asks.
 *
 * Binary outcomes of one plain sample: Tango's score interval and test (Statistics in
 * Medicine 17, 1998) and McNemar's mid-p test (Fagerland, Lydersen and Laake 2013).  All
 * other designs: the mean of the unit differences, by t.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

/* X ~ Bin(b + c, 1/2): P(X >= b), and that less half of P(X = b). */
struct mcnemar
mcnemar_regression(long b, long c)
{
	double exact = binom_sf(b - 1, b + c, 0.5);

	if (b + c == 0)
		return (struct mcnemar){ 1, 1 };
	return (struct mcnemar){ p_clip(exact),
	    p_clip(binom_sf(b, b + c, 0.5) + 0.5 * binom_pmf(b, b + c, 0.5)) };
}

/*
 * q is the constrained maximum likelihood estimate of P(regression), the root of
 * 2n q^2 + B q + C; written without cancellation for either sign of B.
 */
double
tango_z(long b, long c, long n, double delta0)
{
	double nn = (double)n, bb = (double)b, cc = (double)c, gap = fma(-nn, delta0, cc - bb);
	double lin = -(bb + cc) + (2 * nn + bb - cc) * delta0;
	double con = -bb * delta0 * (1 - delta0);
	double root = sqrt(fmax(lin * lin - 8 * nn * con, 0)), q, var;

	if (n <= 0)
		return 0;
	if (lin > 0)
		q = -2 * con / (root + lin);
	else
		q = (root - lin) / (4 * nn);
	var = nn * (2 * q + delta0 * (1 - delta0));
	if (var > 0)
		return gap / sqrt(var);
	return gap > 0 ? DBL_MAX : gap < 0 ? -DBL_MAX : 0;
}

/* Where Z, which falls with delta0, passes `z`. */
static double
tango_bound(long b, long c, long n, double z, double lo, double hi)
{
	for (int i = 0; i < 100; i++) {
		double mid = 0.5 * (lo + hi);

		if (tango_z(b, c, n, mid) > z)
			lo = mid;
		else
			hi = mid;
	}
	return 0.5 * (lo + hi);
}

struct interval
tango_interval(long b, long c, long n, double conf)
{
	double z = -normal_quantile(0.5 * (1 - conf)), at;

	if (n <= 0)
		return (struct interval){ -1, 1 };
	at = (double)(c - b) / (double)n;
	return (struct interval){
		b == n ? -1 : tango_bound(b, c, n, z, -1, at),
		c == n ? 1 : tango_bound(b, c, n, -z, at, 1)
	};
}

/* Wilson limits of the two rates, joined by phi with Newcombe's continuity correction. */
struct interval
newcombe_interval(const struct table2 *t, double conf)
{
	long n = t->n11 + t->b + t->c + t->n00, x1 = t->n11 + t->b, x2 = t->n11 + t->c;
	struct interval w1 = rate_wilson(x1, n, conf), w2 = rate_wilson(x2, n, conf);
	double nn = (double)n, p1, p2, phi = 0;
	double all = (double)x1 * (double)(n - x1) * (double)x2 * (double)(n - x2);
	double cross = (double)t->n11 * (double)t->n00 - (double)t->b * (double)t->c;

	if (n == 0)
		return (struct interval){ -1, 1 };
	p1 = (double)x1 / nn;
	p2 = (double)x2 / nn;
	if (all > 0)
		phi = (cross > 0 ? fmax(cross - 0.5 * nn, 0) : cross) / sqrt(all);
	return (struct interval){
		p2 - p1 - sqrt(fmax(0, (p2 - w2.lo) * (p2 - w2.lo) -
		    2 * phi * (p2 - w2.lo) * (w1.hi - p1) + (w1.hi - p1) * (w1.hi - p1))),
		p2 - p1 + sqrt(fmax(0, (w2.hi - p2) * (w2.hi - p2) -
		    2 * phi * (w2.hi - p2) * (p1 - w1.lo) + (p1 - w1.lo) * (p1 - w1.lo)))
	};
}

/* Wald's interval after half a pair is added to each cell. */
struct interval
agresti_min_interval(const struct table2 *t, double conf)
{
	double n = (double)(t->n11 + t->b + t->c + t->n00) + 2;
	double b = (double)t->b + 0.5, c = (double)t->c + 0.5, at = (c - b) / n;
	double half = -normal_quantile(0.5 * (1 - conf)) *
	    sqrt(b + c - (c - b) * (c - b) / n) / n;

	return (struct interval){ at - half, at + half };
}

/* ---- what a gate asks ---- */

/* Counts the table, with "pass" the better value.  False: some value is neither 0 nor 1. */
static bool
tabulate(const double *cand, const double *base, size_t n, bool lower, struct table2 *t)
{
	memset(t, 0, sizeof *t);
	for (size_t i = 0; i < n; i++) {
		bool now, before;

		if ((cand[i] != 0 && cand[i] != 1) || (base[i] != 0 && base[i] != 1))
			return false;
		now = (cand[i] == 1) != lower;
		before = (base[i] == 1) != lower;
		if (before)
			*(now ? &t->n11 : &t->b) += 1;
		else
			*(now ? &t->c : &t->n00) += 1;
	}
	return true;
}

static void
by_score(struct paired *p, double margin, double alpha)
{
	const struct table2 *t = &p->table;

	p->method = "tango score";
	p->p_method = "mcnemar mid-p";
	p->at = (double)(t->c - t->b) / (double)p->n;
	p->ci = tango_interval(t->b, t->c, p->n, 1 - 2 * alpha);
	p->ci95 = tango_interval(t->b, t->c, p->n, 0.95);
	p->p_noninferiority = p_clip(normal_sf(tango_z(t->b, t->c, p->n, -margin)));
	p->p_superiority = p_clip(normal_sf(tango_z(t->b, t->c, p->n, margin)));
	p->p_nonsuperiority = p_clip(normal_cdf(tango_z(t->b, t->c, p->n, margin)));
	p->p_regression = mcnemar_regression(t->b, t->c).p_midp;
	p->p_improvement = mcnemar_regression(t->c, t->b).p_midp;
	p->bounded = true;
}

static const char *
paired_method(const struct mean *m)
{
	static const char *const name[][2] = {
		{ "t", "paired t" },
		{ "clustered t (CR2)", "clustered paired t (CR2)" },
		{ "post-stratified t", "post-stratified paired t" },
		{ "stratified clusters t", "stratified clusters paired t" },
		{ "weighted t", "weighted paired t" }
	};

	for (size_t i = 0; i < COUNT(name); i++)
		if (strcmp(m->method, name[i][0]) == 0)
			return m->degenerate ? "exact bound" : name[i][1];
	bug("no paired name for the method '%s'", m->method);
}

static void
by_mean(struct paired *p, const struct mean *m, double margin, double alpha)
{
	p->method = paired_method(m);
	p->p_method = m->degenerate ? "exact bound" : "t";
	p->bounded = mean_bounded(m);
	p->ci = mean_interval(m, 1 - 2 * alpha);
	p->ci95 = mean_interval(m, 0.95);
	p->se = m->se;
	p->p_noninferiority = mean_p_above(m, -margin);
	p->p_superiority = mean_p_above(m, margin);
	p->p_nonsuperiority = mean_p_below(m, margin);
	p->p_regression = mean_p_below(m, 0);
	p->p_improvement = mean_p_above(m, 0);
}

static bool
within_unit(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (x[i] < 0 || x[i] > 1)
			return false;
	return true;
}

static double
side_mean(const struct sample *design, const double *y, struct arena *scratch)
{
	struct sample s = *design;

	s.y = y;
	return sample_mean(&s, scratch).at;
}

struct paired
paired_compare(const struct sample *design, const double *cand, const double *base,
    bool lower_is_better, double margin, double alpha, struct arena *scratch)
{
	struct sample s = *design;
	struct paired p = { .method = "paired t", .p_method = "t", .p_noninferiority = 1,
	    .p_superiority = 1, .p_nonsuperiority = 1, .p_regression = 1, .p_improvement = 1,
	    .ci = { -DBL_MAX, DBL_MAX }, .ci95 = { -DBL_MAX, DBL_MAX } };
	double *d = arena_array(scratch, s.n, sizeof *d), *square, mean;
	struct mean m;
	bool plain = s.weight == NULL && s.cluster == NULL &&
	    (s.share == NULL || s.stratum == NULL);
	long differ = 0;

	for (size_t i = 0; i < s.n; i++) {
		d[i] = lower_is_better ? base[i] - cand[i] : cand[i] - base[i];
		differ += fabs(d[i]) > 1e-12;
	}
	s.y = d;
	s.tested = TESTED_DIFFERENCE;
	m = sample_mean(&s, scratch);
	p.known = m.known;
	p.n = m.n;
	p.nclusters = m.nclusters;
	p.n_eff = m.n_eff;
	p.moved = m.moved;
	if (!m.known)
		return p;
	/* A difference of rates can fall to -1 even where this sample only rose. */
	m.lo_value = m.hi_value = 0;
	if (!s.unbounded && within_unit(cand, s.n) && within_unit(base, s.n)) {
		m.lo_value = -1;
		m.hi_value = 1;
	}
	p.at = m.at;
	p.candidate = side_mean(design, cand, scratch);
	p.baseline = side_mean(design, base, scratch);
	p.psi = (double)differ / (double)s.n;
	square = arena_array(scratch, s.n, sizeof *square);
	mean = sum_of(d, s.n) / (double)s.n;
	for (size_t i = 0; i < s.n; i++)
		square[i] = (d[i] - mean) * (d[i] - mean);
	p.sd = s.n > 1 ? sqrt(sum_of(square, s.n) / (double)(s.n - 1)) : 0;
	p.binary = design->binary && tabulate(cand, base, s.n, lower_is_better, &p.table);
	if (p.binary && plain)
		by_score(&p, margin, alpha);
	else
		by_mean(&p, &m, margin, alpha);
	return p;
}
