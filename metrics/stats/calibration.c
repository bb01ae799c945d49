/*
 * calibration.c -- whether stated probabilities come true.
 *
 * Brier score with Murphy's decomposition (1973), log loss, and the expected calibration
 * error over bins of equal width ([l,u), the last closed) or of equal mass (sorted, the first
 * n mod bins one larger).  A certainty that did not come true has no finite log loss.
 */
#include "metrics/stats/stats.h"

#include <math.h>

struct bin { double n, p, y; };

size_t
calibration_bin(double p, size_t bins)
{
	double b = floor(p * (double)bins);

	return b >= (double)bins ? bins - 1 : b > 0 ? (size_t)b : 0;
}

static void
score_points(const double *p, const double *y, size_t n, struct calibration *c)
{
	c->has_log_loss = true;
	for (size_t i = 0; i < n; i++) {
		double came_true = y[i] > 0.5 ? p[i] : 1 - p[i];

		c->brier += (p[i] - y[i]) * (p[i] - y[i]) / (double)n;
		if (came_true > 0)
			c->log_loss -= (y[i] > 0.5 ? log(p[i]) : log1p(-p[i])) / (double)n;
		else
			c->has_log_loss = false;
	}
	if (!c->has_log_loss)
		c->log_loss = 0;
}

static double
gap_of(const struct bin *b)
{
	return b->n > 0 ? fabs(b->y - b->p) / b->n : 0;
}

static void
score_width(const double *p, const double *y, size_t n, struct bin *bin, size_t bins,
    struct calibration *c)
{
	double rate = sum_of(y, n) / (double)n;

	for (size_t i = 0; i < n; i++) {
		struct bin *b = &bin[calibration_bin(p[i], bins)];

		b->n++;
		b->p += p[i];
		b->y += y[i];
	}
	for (size_t k = 0; k < bins; k++) {
		double share = bin[k].n / (double)n, gap = gap_of(&bin[k]), rise;

		if (!(bin[k].n > 0))
			continue;
		rise = bin[k].y / bin[k].n - rate;
		c->ece_width += share * gap;
		c->mce_width = fmax(c->mce_width, gap);
		c->reliability += share * gap * gap;
		c->resolution += share * rise * rise;
	}
	c->uncertainty = rate * (1 - rate);
}

struct forecast { double p, y; size_t i; };

static int
by_forecast(const void *a, const void *b)
{
	const struct forecast *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static double
score_mass(const double *p, const double *y, size_t n, size_t bins, struct arena *scratch)
{
	struct forecast *f = arena_array(scratch, n, sizeof *f);
	double ece = 0;
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		f[i] = (struct forecast){ p[i], y[i], i };
	qsort(f, n, sizeof *f, by_forecast);
	for (size_t k = 0; k < bins; k++) {
		struct bin b = { 0, 0, 0 };

		for (size_t end = at + n / bins + (k < n % bins); at < end; at++) {
			b.n++;
			b.p += f[at].p;
			b.y += f[at].y;
		}
		ece += b.n / (double)n * gap_of(&b);
	}
	return ece;
}

struct calibration
calibration(const double *p, const double *y, size_t n, size_t bins, struct arena *scratch)
{
	struct calibration c = { .known = n > 0 && bins > 0 };

	if (!c.known)
		return c;
	score_points(p, y, n, &c);
	score_width(p, y, n, arena_array(scratch, bins, sizeof(struct bin)), bins, &c);
	c.ece_mass = score_mass(p, y, n, bins, scratch);
	return c;
}
