/*
 * histogram.c -- two windows of numbers side by side, on round edges that the reference chose.
 *
 * For pictures and tables only: no verdict depends on these bins.
 */
#include "drift/drift.h"

#include <math.h>

enum { BINS = HISTOGRAM_EDGES - 1, LEAST_LOG_SPAN = 50 };

/* m * 10^k, with m 1, 2 or 5: a step whose multiples are round. */
struct step { double m; int k; };

static double
multiple(struct step s, double i)
{
	return s.k < 0 ? i * s.m / pow(10, -s.k) : i * s.m * pow(10, s.k);
}

/* The smallest that is at least so large. */
static struct step
round_step(double least)
{
	struct step s = { .k = (int)floor(log10(least)) };
	double left = least / pow(10, s.k);

	s.m = left <= 1.0000001 ? 1 : left <= 2.0000001 ? 2 : left <= 5.0000001 ? 5 : 10;
	return s;
}

static double
bounded(double x)
{
	return fmin(fmax(x, -1e150), 1e150);
}

/* Whether what is small enough for integers to have buckets of their own is integers. */
static bool
is_whole(const struct feature_profile *f)
{
	for (size_t i = 0; i < f->nbucket; i++) {
		double low = bucket_low(f->bucket[i].key);

		if (fabs(low) < 1024 && low != bucket_high(f->bucket[i].key))
			return false;
	}
	return true;
}

/* Values that span orders of magnitude with most of them at the low end. */
static bool
wants_log(double lo, double mid, double hi)
{
	return lo > 0 && hi >= LEAST_LOG_SPAN * lo && hi - mid > 4 * (mid - lo);
}

/* The multiples around [lo, hi]: at most HISTOGRAM_EDGES. */
static void
place_edges(struct histogram *h, struct step s, double lo, double hi)
{
	double unit = multiple(s, 1), first = floor(lo / unit), last = floor(hi / unit) + 1;

	for (double i = first; i <= last && h->nedge < HISTOGRAM_EDGES; i++)
		h->edge[h->nedge++] = multiple(s, i);
}

/* Three digits of a power of ten: an edge that can be read. */
static double
readable_power(double exponent)
{
	double x = pow(10, exponent), digit = pow(10, floor(exponent) - 2);

	return round(x / digit) * digit;
}

static void
choose_edges(struct histogram *h, const struct feature_profile *r)
{
	double lo = bounded(profile_quantile(r, 0.01).lo), hi = bounded(profile_quantile(r, 0.99).hi);
	double mid = bounded(profile_quantile(r, 0.5).lo);
	bool whole = is_whole(r);
	struct step s = { 1, 0 };

	if (wants_log(lo, mid, hi)) {
		s = round_step((log10(hi) - log10(lo)) / (BINS - 2));
		/* Between whole numbers that close there would be bins without one. */
		h->log = !whole || lo * (pow(10, multiple(s, 1)) - 1) >= 1;
	}
	if (h->log) {
		place_edges(h, s, log10(lo), log10(hi));
		for (size_t i = 0; i < h->nedge; i++)
			h->edge[i] = readable_power(h->edge[i]);
		return;
	}
	s = round_step(fmax((hi - lo) / (BINS - 2), fmax(fabs(hi), fabs(lo)) * 1e-9 + 1e-300));
	if (whole && multiple(s, 1) < 1)
		s = (struct step){ 1, 0 };
	place_edges(h, s, lo, hi);
}

size_t
histogram_bin(const struct histogram *h, double value)
{
	size_t i = 0;

	while (i < h->nedge && h->edge[i] <= value)
		i++;
	return i;
}

/* A bucket that an edge cuts is divided as if its values were spread evenly. */
static void
spread(const struct histogram *h, double *share, double lo, double hi, double count)
{
	size_t first = histogram_bin(h, lo), last = histogram_bin(h, hi);

	for (size_t i = first; i <= last; i++) {
		double from = i == first ? lo : h->edge[i - 1], to = i == last ? hi : h->edge[i];

		share[i] += first == last ? count : count * (to - from) / (hi - lo);
	}
}

static double *
shares(const struct histogram *h, const struct feature_profile *f, struct arena *a)
{
	double *share = arena_array(a, h->nedge + 1, sizeof *share), n = (double)profile_values(f);

	for (size_t i = 0; i < f->nbucket; i++)
		spread(h, share, bounded(fmax(bucket_low(f->bucket[i].key), f->min)),
		    bounded(fmin(bucket_high(f->bucket[i].key), f->max)),
		    (double)f->bucket[i].count / n);
	return share;
}

bool
histogram_of(const struct feature_profile *reference, const struct feature_profile *current,
             struct histogram *h, struct arena *a)
{
	*h = (struct histogram){ 0 };
	if (reference->shape != SHAPE_NUMBER || profile_values(reference) == 0)
		return false;
	h->edge = arena_array(a, HISTOGRAM_EDGES, sizeof *h->edge);
	choose_edges(h, reference);
	h->reference = shares(h, reference, a);
	h->current = shares(h, current, a);
	return true;
}
