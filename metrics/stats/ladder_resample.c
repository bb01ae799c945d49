/*
 * ladder_resample.c -- the joint bootstrap of rungs on the same units.
 *
 * Clusters are drawn with replacement inside strata, as often as there are (Davison and Hinkley,
 * Bootstrap Methods and their Application, 1997, sections 3.2 and 3.8); a cluster that lies in two
 * strata makes them one for the draw.  What is drawn in a replicate is one table of counts, by
 * which every rung is averaged: differences between rungs keep their correlation.
 */
#include "metrics/stats/stats.h"

#include <math.h>
#include <stdlib.h>

struct drawing {
	const struct sample *s;
	const struct rung   *rung;
	struct resamples    *out;
	uint64_t             key;
	size_t               npsu, nh;      /* clusters; strata of the draw */
	size_t              *psu, *first;   /* by stratum: psu[first[h]] to psu[first[h + 1]] */
	double              *share;         /* of the strata of the mean; NULL: one */
	uint32_t           **order;         /* by rung: units, the slowest first */
};

static size_t
psu_of(const struct sample *s, size_t i)
{
	return s->cluster != NULL ? (size_t)s->cluster[i] : i;
}

/* The stratum of each cluster for the draw; -1: it has no unit. */
static int *
draw_strata(const struct sample *s, size_t npsu, size_t *nh, struct arena *a)
{
	int *of = arena_array(a, npsu, sizeof *of);
	bool nested = s->stratum != NULL;

	for (size_t g = 0; g < npsu; g++)
		of[g] = -1;
	for (size_t i = 0; i < s->n; i++) {
		int h = s->stratum != NULL ? s->stratum[i] : 0, *at = &of[psu_of(s, i)];

		nested = nested && (*at < 0 || *at == h);
		*at = h;
	}
	for (size_t g = 0; g < npsu && !nested; g++)
		of[g] = of[g] < 0 ? -1 : 0;
	*nh = nested ? s->nstratum : 1;
	return of;
}

static void
list_clusters(struct drawing *d, struct arena *a)
{
	int *of = draw_strata(d->s, d->npsu, &d->nh, a);
	size_t at = 0;

	d->psu = arena_array(a, d->npsu, sizeof *d->psu);
	d->first = arena_array(a, d->nh + 1, sizeof *d->first);
	for (size_t h = 0; h < d->nh; h++) {
		d->first[h] = at;
		for (size_t g = 0; g < d->npsu; g++)
			if (of[g] == (int)h)
				d->psu[at++] = g;
	}
	d->first[d->nh] = at;
}

struct slow { double seconds; uint32_t unit; };

static int
slowest_first(const void *a, const void *b)
{
	const struct slow *x = a, *y = b;

	if (x->seconds != y->seconds)
		return x->seconds > y->seconds ? -1 : 1;
	return x->unit < y->unit ? -1 : x->unit > y->unit;
}

static uint32_t *
slow_order(const double *seconds, size_t n, struct arena *a)
{
	struct arena scratch = { 0 };
	struct slow *x = arena_array(&scratch, n, sizeof *x);
	uint32_t *order = arena_array(a, n, sizeof *order);

	for (size_t i = 0; i < n; i++)
		x[i] = (struct slow){ seconds[i], (uint32_t)i };
	qsort(x, n, sizeof *x, slowest_first);
	for (size_t i = 0; i < n; i++)
		order[i] = x[i].unit;
	arena_free(&scratch);
	return order;
}

static void
draw(const struct drawing *d, size_t replicate, uint32_t *count)
{
	uint64_t at = (uint64_t)replicate * d->first[d->nh];

	for (size_t h = 0; h < d->nh; h++) {
		const size_t *psu = d->psu + d->first[h];
		size_t n = d->first[h + 1] - d->first[h];

		for (size_t k = 0; k < n; k++)
			count[psu[(size_t)(rng_unit(rng_next(d->key, at++)) * (double)n)]]++;
	}
}

static double
quantile95(const struct drawing *d, size_t r, const uint32_t *count, long n)
{
	long beyond = n - (long)ceil(0.95 * (double)n), seen = 0;

	for (size_t k = 0; k < d->s->n; k++) {
		uint32_t i = d->order[r][k];

		seen += count[psu_of(d->s, i)];
		if (seen > beyond)
			return d->rung[r].seconds[i];
	}
	return 0;
}

static void
replicate(size_t b, struct arena *scratch, void *ctx)
{
	const struct drawing *d = ctx;
	const struct sample *s = d->s;
	size_t nr = d->out->nrung, nh = d->share != NULL ? s->nstratum : 1;
	uint32_t *count = arena_array(scratch, d->npsu, sizeof *count);
	double *weight = arena_array(scratch, nh, sizeof *weight), present = 0;
	double *sum = arena_array(scratch, nh * nr * 2, sizeof *sum);
	long n = 0;

	draw(d, b, count);
	for (size_t i = 0; i < s->n; i++) {
		uint32_t c = count[psu_of(s, i)];
		size_t h = d->share != NULL ? (size_t)s->stratum[i] : 0;
		double w = (s->weight != NULL ? s->weight[i] : 1) * c;

		if (c == 0)
			continue;
		n += c;
		weight[h] += w;
		for (size_t r = 0; r < nr; r++) {
			sum[(h * nr + r) * 2] += w * d->rung[r].y[i];
			sum[(h * nr + r) * 2 + 1] += w * d->rung[r].cost[i];
		}
	}
	for (size_t h = 0; h < nh; h++)
		present += weight[h] > 0 ? (d->share != NULL ? d->share[h] : 1) : 0;
	for (size_t r = 0; r < nr; r++) {
		double y = 0, cost = 0;

		for (size_t h = 0; h < nh; h++) {
			double part = d->share != NULL ? d->share[h] : 1;

			if (!(weight[h] > 0) || !(present > 0))
				continue;
			part /= present;
			y += part * sum[(h * nr + r) * 2] / weight[h];
			cost += part * sum[(h * nr + r) * 2 + 1] / weight[h];
		}
		d->out->y[b * nr + r] = y;
		d->out->cost[b * nr + r] = cost;
		d->out->p95[b * nr + r] = quantile95(d, r, count, n);
	}
}

struct resamples
ladder_resample(const struct sample *design, const struct rung *rung, size_t nrung, size_t b,
    uint64_t seed, struct arena *a)
{
	struct resamples out = { .b = design->n > 0 ? b : 0, .nrung = nrung };
	struct arena scratch = { 0 };
	struct drawing d = { .s = design, .rung = rung, .out = &out,
		.key = rng_key(seed, "ladder bootstrap"),
		.npsu = design->cluster != NULL ? design->ncluster : design->n };

	out.y = arena_array(a, out.b * nrung, sizeof *out.y);
	out.cost = arena_array(a, out.b * nrung, sizeof *out.cost);
	out.p95 = arena_array(a, out.b * nrung, sizeof *out.p95);
	if (out.b == 0)
		return out;
	list_clusters(&d, &scratch);
	if (design->share != NULL && design->stratum != NULL) {
		long *count = arena_array(&scratch, design->nstratum, sizeof *count);
		double moved;

		d.share = arena_array(&scratch, design->nstratum, sizeof *d.share);
		strata_shares(design, d.share, count, &moved);
	}
	d.order = arena_array(&scratch, nrung, sizeof *d.order);
	for (size_t r = 0; r < nrung; r++)
		d.order[r] = slow_order(rung[r].seconds, design->n, &scratch);
	par_for(out.b, replicate, &d);
	arena_free(&scratch);
	return out;
}
