/*
 * forecasts.c -- whether stated probabilities of being right come true, from counts.
 *
 * Brier score and mean overconfidence with t intervals, and the expected calibration error over
 * bins of equal width beside what chance alone makes of it: sum W_b sqrt(2/pi p_b (1-p_b) / n_b).
 */
#include "metrics/stats/stats.h"

#include <math.h>

enum { ECE_BINS = 10 };

struct moments { double n, sum, square; };

static void
count_in(struct moments *m, double x, long n)
{
	m->n += (double)n;
	m->sum += (double)n * x;
	m->square += (double)n * x * x;
}

static struct interval
mean_of(const struct moments *m, double conf, double *mean)
{
	double var = fmax(0, m->square - m->sum * m->sum / m->n) / (m->n - 1);
	double half = t_quantile(0.5 + conf / 2, m->n - 1) * sqrt(var / m->n);

	*mean = m->sum / m->n;
	return (struct interval){ *mean - half, *mean + half };
}

static void
set_ece(const struct forecasts *f, struct forecast_quality *q)
{
	struct { double n, p, y; } bin[ECE_BINS] = { 0 };

	for (size_t i = 0; i < f->k; i++) {
		size_t b = calibration_bin(f->at[i], ECE_BINS);

		bin[b].n += (double)f->known[i];
		bin[b].p += (double)f->known[i] * f->at[i];
		bin[b].y += (double)f->right[i];
	}
	for (size_t b = 0; b < ECE_BINS; b++) {
		double p = bin[b].n > 0 ? bin[b].p / bin[b].n : 0;

		q->ece += fabs(bin[b].p - bin[b].y) / (double)q->n;
		q->ece_chance += sqrt(2 / acos(-1) * p * (1 - p) * bin[b].n) / (double)q->n;
	}
}

struct forecast_quality
forecast_quality(const struct forecasts *f, double conf)
{
	struct moments over = { 0 }, brier = { 0 };
	struct forecast_quality q = { 0 };
	double right = 0, confidence = 0;

	for (size_t i = 0; i < f->k; i++) {
		double p = f->at[i];
		long wrong = f->known[i] - f->right[i];

		count_in(&over, p - 1, f->right[i]);
		count_in(&over, p, wrong);
		count_in(&brier, (1 - p) * (1 - p), f->right[i]);
		count_in(&brier, p * p, wrong);
		q.n += f->known[i];
		right += (double)f->right[i];
		confidence += (double)f->known[i] * p;
	}
	if (!(q.known = q.n > 1))
		return q;
	q.accuracy = right / (double)q.n;
	q.confidence = confidence / (double)q.n;
	q.over_ci = mean_of(&over, conf, &q.over);
	q.brier_ci = mean_of(&brier, conf, &q.brier);
	q.brier_ci.lo = fmax(0, q.brier_ci.lo);
	set_ece(f, &q);
	return q;
}
