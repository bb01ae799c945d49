/*
 * gate_slices.c -- the slices under a gate on the whole suite.
 *
 * Slices with a gate of their own are decided there.  The others are advisory: a loss is flagged
 * at a false discovery rate of 10 % (Benjamini and Hochberg 1995), beside what the slice could
 * have shown at all.  They are tested as they are and shown shrunk.
 */
#include "harness/gate.h"

#include <math.h>

enum { SLICE_LEAST = 50 };                       /* pairs below which a slice says too little */
#define DISCOVERY_RATE 0.10

static bool
has_gate(const struct suite *s, int metric, int slice)
{
	for (size_t i = 0; i < s->ngate; i++)
		if (s->gate[i].slice == slice && s->gate[i].metric == metric && s->gate[i].paired &&
		    !s->gate[i].advisory)
			return true;
	return false;
}

/* The pairs of one slice, copied out of all of them. */
static struct paired
compare_slice(struct gating *g, const struct judged *j, const struct columns *c, int slice,
    struct arena *scratch)
{
	struct columns of = { .ncluster = c->ncluster };
	struct sample x;
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->stratum[i] == slice;
	of.y = arena_array(scratch, n, sizeof *of.y);
	of.y2 = arena_array(scratch, n, sizeof *of.y2);
	of.weight = c->weight ? arena_array(scratch, n, sizeof *of.weight) : NULL;
	of.cluster = c->cluster ? arena_array(scratch, n, sizeof *of.cluster) : NULL;
	for (size_t i = 0; i < c->n; i++) {
		if (c->stratum[i] != slice)
			continue;
		of.y[of.n] = c->y[i];
		of.y2[of.n] = c->y2[i];
		if (c->weight != NULL)
			of.weight[of.n] = c->weight[i];
		if (c->cluster != NULL)
			of.cluster[of.n] = c->cluster[i];
		of.n++;
	}
	x = columns_sample(&of, g->suite, j->gate->metric, false, scratch);
	return paired_compare(&x, of.y, of.y2, j->metric->scorer->lower_is_better, j->margin,
	    j->alpha, scratch);
}

/* The variance of a slice's difference; of one without flips that of half a flip, so that it
 * does not claim to be certain. */
static double
variance(const struct paired *d)
{
	double psi = ((double)d->n * d->psi + 0.5) / ((double)d->n + 1);

	if (d->se > 0)
		return d->se * d->se;
	return fmax(psi - d->at * d->at, 1e-12) / (double)d->n;
}

static void
shrink_slices(struct judged *j, struct arena *a)
{
	double *at = arena_array(a, j->nslice, sizeof *at), *v = arena_array(a, j->nslice, sizeof *v);
	double *out = arena_array(a, j->nslice, sizeof *out);
	size_t n = 0;

	for (size_t i = 0; i < j->nslice; i++) {
		if (!j->slices[i].pair.known || !j->slices[i].pair.bounded)
			continue;
		at[n] = j->slices[i].pair.at;
		v[n++] = variance(&j->slices[i].pair);
	}
	shrink(at, v, n, out);
	n = 0;
	for (size_t i = 0; i < j->nslice; i++) {
		if (!j->slices[i].pair.known || !j->slices[i].pair.bounded)
			continue;
		j->slices[i].has_shrunk = true;
		j->slices[i].shrunk = out[n++];
	}
}

void
slices_judge(struct gating *g, struct judged *j, const struct columns *c)
{
	const struct suite *s = g->suite;
	double *p = arena_array(g->a, s->nslice, sizeof *p);
	struct arena scratch = { 0 };
	size_t k = 0, nadvisory = 0;

	if (!s->has_slices || c->stratum == NULL)
		return;
	j->slices = arena_array(g->a, s->nslice, sizeof *j->slices);
	j->nslice = s->nslice;
	for (size_t i = 0; i < s->nslice; i++) {
		struct judged_slice *x = &j->slices[i];

		*x = (struct judged_slice){ .name = s->slice[i].name, .share = s->slice[i].share,
			.pair = compare_slice(g, j, c, (int)i, &scratch), .status = "not assessable",
			.p_bh = 1 };
		arena_reset(&scratch);
		if (has_gate(s, j->gate->metric, (int)i))
			x->status = "critical";
		else if (x->pair.known && x->pair.n >= SLICE_LEAST)
			p[nadvisory++] = x->pair.p_regression;
	}
	arena_free(&scratch);
	adjust_bh(p, nadvisory);
	for (size_t i = 0; i < s->nslice; i++) {
		struct judged_slice *x = &j->slices[i];
		bool critical = strcmp(x->status, "critical") == 0;

		x->has_mde = x->pair.known && x->pair.binary && x->pair.psi > 0;
		if (x->has_mde)                         /* as one of so many that are looked at */
			x->mde = mde_paired(x->pair.n, x->pair.psi, j->alpha /
			    fmax(1, (double)(critical ? 1 : nadvisory)), j->gate->power);
		if (critical || !x->pair.known || x->pair.n < SLICE_LEAST)
			continue;
		x->p_bh = p[k++];
		x->status = x->p_bh < DISCOVERY_RATE ? "flagged" : "ok";
	}
	shrink_slices(j, g->a);
}
