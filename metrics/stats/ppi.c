/*
 * ppi.c -- prediction-powered means: a judge that is cheap and biased, labels that are neither.
 *
 * at = lambda mean(more) + mean(y - lambda judge): whatever the judge's bias is, it is in both
 * terms and cancels (Angelopoulos and others 2023).  The weight lambda that makes the variance
 * least is PPI++ (Angelopoulos, Duchi and Zrnic 2023).  A worthless judge gets lambda 0.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

enum {
	FEW_LABELS = 30,        /* below, the normal approximation of the correction is not trusted */
	MANY_LABELS = 100       /* from here on t is normal for all purposes */
};
static const double YOUDEN_MIN = 0.2;

/* Compensated sum of squares about `centre` of y - lambda * judge; judge NULL: of y. */
static double
squares(const double *y, const double *judge, double lambda, double centre, size_t n)
{
	double s = 0, lost = 0;

	for (size_t i = 0; i < n; i++) {
		double d = y[i] - (judge ? lambda * judge[i] : 0) - centre;
		double x = d * d, t = s + x;

		lost += s >= x ? (s - t) + x : (x - t) + s;
		s = t;
	}
	return s + lost;
}

/* Variance of all predictions, with divisor n + nmore - 1; 0 if they are all the same. */
static double
judge_variance(const struct labelled *j, double *judge_mean)
{
	double all = (double)j->n + (double)j->nmore, sum = sum_of(j->judge, j->n), centre;

	*judge_mean = sum / (double)j->n;
	centre = (sum + sum_of(j->more, j->nmore)) / all;
	if (all_same(j->judge, j->n) && all_same(j->more, j->nmore) &&
	    fabs(j->judge[0] - j->more[0]) <= 1e-12 * fmax(1, fabs(j->more[0])))
		return 0;
	return (squares(j->judge, NULL, 0, centre, j->n) +
	    squares(j->more, NULL, 0, centre, j->nmore)) / (all - 1);
}

double
ppi_lambda(const struct labelled *j)
{
	double n = (double)j->n, mean_y, mean_judge, var, cov = 0;

	if (j->n == 0 || j->nmore == 0)
		return 0;
	var = judge_variance(j, &mean_judge);
	if (!(var > 0))
		return 0;
	mean_y = sum_of(j->y, j->n) / n;
	for (size_t i = 0; i < j->n; i++)
		cov += (j->y[i] - mean_y) * (j->judge[i] - mean_judge);
	cov /= n;
	/* Labels or predictions that do not vary leave a residue of rounding. */
	if (all_same(j->y, j->n) || all_same(j->judge, j->n))
		return 0;
	return fmin(1, fmax(0, cov / ((1 + n / (double)j->nmore) * var)));
}

struct ppi
ppi_mean(const struct labelled *j, double lambda, enum ppi_variance variance)
{
	struct ppi p = { .known = j->n > 0 };
	double n = (double)j->n, more = (double)j->nmore, drop, own, corrected, judged = 0, centre;

	if (!p.known)
		return p;
	drop = variance == PPI_SMALL_SAMPLE ? 1 : 0;
	p.lambda = j->nmore > 0 ? lambda : 0;
	corrected = sum_of(j->y, j->n) / n - p.lambda * sum_of(j->judge, j->n) / n;
	p.at = corrected;
	p.n_eff = n;
	if (p.lambda != 0) {
		centre = sum_of(j->more, j->nmore) / more;
		p.at += p.lambda * centre;
		judged = squares(j->more, NULL, 0, centre, j->nmore) / fmax(1, more - drop) / more;
	}
	if (j->n < 2)
		return p;
	p.se = sqrt(squares(j->y, j->judge, p.lambda, corrected, j->n) / (n - drop) / n +
	    p.lambda * p.lambda * judged);
	p.has_se = p.se > 1e-14 * fmax(1, fabs(p.at));
	if (!p.has_se) {
		p.se = 0;
		return p;
	}
	if (variance == PPI_SMALL_SAMPLE && j->n < MANY_LABELS)
		p.df = n - 1;
	own = squares(j->y, NULL, 0, sum_of(j->y, j->n) / n, j->n) / (n - drop);
	p.n_eff = own / (p.se * p.se);
	return p;
}

struct ppi
ppi_plus(const struct labelled *j, enum ppi_variance variance)
{
	return ppi_mean(j, ppi_lambda(j), variance);
}

/* Whether all labels and predictions are rates or differences of rates: then p (1 - p) bounds. */
static bool
ranged(const struct labelled *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (!(fabs(j->y[i]) <= 1))
			return false;
	return true;
}

struct ppi
ppi_stratified(const struct labelled *stratum, const double *share, size_t nh)
{
	struct ppi p = { 0 };
	double present = 0, all = 0, var = 0, var2 = 0, kish = 0;

	for (size_t h = 0; h < nh; h++) {
		all += share[h];
		present += stratum[h].n > 1 ? share[h] : 0;
	}
	p.known = present > 0;
	p.moved = all > 0 ? fmax(0, (all - present) / all) : 0;
	if (!p.known)
		return p;
	for (size_t h = 0; h < nh; h++) {
		const struct labelled *j = &stratum[h];
		double w = share[h] / present, n = (double)j->n, v;
		struct ppi one;

		if (j->n < 2 || !(w > 0))
			continue;
		one = ppi_plus(j, PPI_SMALL_SAMPLE);
		p.at += w * one.at;
		p.lambda += w * one.lambda;
		kish += w * w / one.n_eff;
		v = one.se * one.se;
		/* As for means: a small stratum without variation does not claim certainty. */
		if (!one.has_se && j->n < FEW_LABELS && ranged(j))
			v = jeffreys_variance(n) / n;
		v *= w * w;
		var += v;
		var2 += v * v / (n - 1);
	}
	p.n_eff = 1 / kish;
	p.se = sqrt(var);
	p.has_se = var > 0;
	p.df = p.has_se ? var * var / var2 : 0;
	return p;
}

struct interval
ppi_interval(const struct ppi *p, double conf)
{
	double tail = 0.5 * (1 - conf), half;

	if (!p->known || !p->has_se)
		return (struct interval){ -DBL_MAX, DBL_MAX };
	half = -(p->df > 0 ? t_quantile(tail, p->df) : normal_quantile(tail)) * p->se;
	return (struct interval){ p->at - half, p->at + half };
}

/* Without the judge.  Differences without a fall, or without a rise, still have their range. */
static struct estimate
labels_only(const struct labelled *j, double conf, struct arena *scratch)
{
	struct sample s = { .y = j->y, .n = j->n, .binary = !j->paired };
	struct estimate e = sample_estimate(&s, conf, scratch);
	struct mean m;
	struct interval ci;

	if (!j->paired || !e.known)
		return e;
	m = sample_mean(&s, scratch);
	if (ranged(j)) {
		m.lo_value = -1;
		m.hi_value = 1;
	}
	ci = mean_interval(&m, conf);
	e.bounded = mean_bounded(&m);
	e.lo = e.bounded ? ci.lo : 0;
	e.hi = e.bounded ? ci.hi : 0;
	return e;
}

struct estimate
ppi_estimate(const struct labelled *j, double conf, struct arena *scratch)
{
	struct ppi p = ppi_plus(j, PPI_SMALL_SAMPLE);
	struct interval ci = ppi_interval(&p, conf);

	if (j->n < FEW_LABELS || !p.has_se)
		return labels_only(j, conf, scratch);
	return (struct estimate){ .at = p.at, .lo = ci.lo, .hi = ci.hi, .known = true,
	    .bounded = true, .n = (long)j->n, .method = "ppi++" };
}

double
judge_n_eff(double rho, double n, double nmore)
{
	return n > 0 ? n / (1 - rho * rho * nmore / (n + nmore)) : 0;
}

struct rogan_gladen
rogan_gladen(const struct labelled *j)
{
	struct rogan_gladen r = { 0 };
	double passed = 0, failed = 0, hit = 0, rejected = 0, more = (double)j->nmore, q, youden;

	for (size_t i = 0; i < j->n; i++) {
		passed += j->y[i];
		failed += 1 - j->y[i];
		hit += j->y[i] * j->judge[i];
		rejected += (1 - j->y[i]) * (1 - j->judge[i]);
	}
	r.known = passed > 0 && failed > 0 && j->nmore > 0;
	if (!r.known)
		return r;
	r.sensitivity = hit / passed;
	r.specificity = rejected / failed;
	youden = r.sensitivity + r.specificity - 1;
	r.refused = youden < YOUDEN_MIN;
	if (r.refused)
		return r;
	q = sum_of(j->more, j->nmore) / more;
	r.at = (q + r.specificity - 1) / youden;
	r.se = sqrt(q * (1 - q) / more +
	    (1 - r.at) * (1 - r.at) * r.specificity * (1 - r.specificity) / failed +
	    r.at * r.at * r.sensitivity * (1 - r.sensitivity) / passed) / youden;
	return r;
}
