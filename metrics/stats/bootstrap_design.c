/*
 * bootstrap_design.c -- a sample as the units that may be drawn from one another.
 *
 * Scores are held less their mean: sums stay small, and a replicate that equals the estimate is
 * seen to.  Strata with a share, or strata at all, are layers.  Clusters that lie in two strata
 * make one layer of linearised units: the mean is `at` plus the mean of C z_g.
 */
#include "metrics/stats/bootstrap.h"

#include <math.h>

enum {
	FEW = 30,               /* as in strata.c: so few units all alike are not trusted */
	CELLS_MAX = 64,         /* values that may be counted instead of drawn */
	CELL_COST = 32,         /* of a binomial draw, in units drawn one by one */
};

/* Clusters or single units, before they are sorted into layers. */
struct groups {
	double *num, *den;
	int    *stratum;        /* -1: no unit in it */
	size_t  n, nstratum;
};

static double
weight_of(const struct sample *s, size_t i)
{
	return s->weight != NULL ? s->weight[i] : 1;
}

/* False: a cluster lies in two strata. */
static bool
group(const struct sample *s, double at, struct groups *g, struct arena *scratch)
{
	bool nested = true;

	g->n = s->cluster != NULL ? s->ncluster : s->n;
	g->nstratum = s->stratum != NULL ? s->nstratum : 1;
	g->num = arena_array(scratch, g->n, sizeof *g->num);
	g->den = arena_array(scratch, g->n, sizeof *g->den);
	g->stratum = arena_array(scratch, g->n, sizeof *g->stratum);
	for (size_t k = 0; k < g->n; k++)
		g->stratum[k] = -1;
	for (size_t i = 0; i < s->n; i++) {
		size_t k = s->cluster != NULL ? (size_t)s->cluster[i] : i;
		int h = s->stratum != NULL ? s->stratum[i] : 0;

		if (!(weight_of(s, i) > 0))
			continue;
		nested = nested && (g->stratum[k] < 0 || g->stratum[k] == h);
		g->stratum[k] = h;
		g->num[k] += weight_of(s, i) * (s->y[i] - at);
		g->den[k] += weight_of(s, i);
	}
	return nested;
}

/* Each cluster counts 1, with C times what it moves the mean by. */
static void
linearise(const struct sample *s, const double *share, double at, struct groups *g,
    struct arena *scratch)
{
	double *num = arena_array(scratch, g->nstratum, sizeof *num);
	double *den = arena_array(scratch, g->nstratum, sizeof *den), count = 0;

	for (size_t i = 0; i < s->n; i++) {
		num[s->stratum[i]] += weight_of(s, i) * (s->y[i] - at);
		den[s->stratum[i]] += weight_of(s, i);
	}
	memset(g->num, 0, g->n * sizeof *g->num);
	for (size_t k = 0; k < g->n; k++)
		count += g->stratum[k] >= 0;
	for (size_t i = 0; i < s->n; i++) {
		int h = s->stratum[i];

		if (weight_of(s, i) > 0)
			g->num[s->cluster[i]] += count * share[h] * weight_of(s, i) / den[h] *
			    (s->y[i] - at - num[h] / den[h]);
	}
	for (size_t k = 0; k < g->n; k++)
		g->den[k] = 1;
}

static void
one_stratum(struct groups *g)
{
	g->nstratum = 1;
	for (size_t k = 0; k < g->n; k++)
		g->stratum[k] = g->stratum[k] >= 0 ? 0 : -1;
}

/* The values that the units of a layer take, if they are few and the units many. */
static void
count_cells(struct layer *l, struct arena *scratch)
{
	struct cell *cell = arena_array(scratch, CELLS_MAX, sizeof *cell);
	size_t n = 0, max = l->n / CELL_COST < CELLS_MAX ? l->n / CELL_COST : CELLS_MAX;

	for (uint32_t i = 0; i < l->n; i++) {
		size_t c = 0;

		while (c < n && !(cell[c].num == l->num[i] && cell[c].den == l->den[i]))
			c++;
		if (c == max)
			return;
		if (c == n)
			cell[n++] = (struct cell){ l->num[i], l->den[i], 0 };
		cell[c].count++;
	}
	l->cell = cell;
	l->ncell = n;
}

/* Strata that have a unit, and where shares rule a share, become layers. */
static void
fill_layers(struct design *d, const struct groups *g, const double *share, struct arena *scratch)
{
	size_t *layer = arena_array(scratch, g->nstratum, sizeof *layer);
	size_t *count = arena_array(scratch, g->nstratum, sizeof *count);

	d->layer = arena_array(scratch, g->nstratum, sizeof *d->layer);
	for (size_t k = 0; k < g->n; k++)
		if (g->stratum[k] >= 0)
			count[g->stratum[k]]++;
	for (size_t h = 0; h < g->nstratum; h++) {
		struct layer *l = &d->layer[d->nlayer];

		layer[h] = SIZE_MAX;
		if (count[h] == 0 || (!d->pooled && !(share[h] > 0)))
			continue;
		if (count[h] > UINT32_MAX)
			die(EXIT_SURROUNDINGS, "cannot draw from %zu units", count[h]);
		l->share = d->pooled ? 1 : share[h];
		l->num = arena_array(scratch, count[h], sizeof *l->num);
		l->den = arena_array(scratch, count[h], sizeof *l->den);
		l->flat = true;
		layer[h] = d->nlayer++;
	}
	for (size_t k = 0; k < g->n; k++) {
		struct layer *l;

		if (g->stratum[k] < 0 || layer[g->stratum[k]] == SIZE_MAX)
			continue;
		l = &d->layer[layer[g->stratum[k]]];
		l->num[l->n] = g->num[k];
		l->den[l->n] = g->den[k];
		l->flat = l->flat && l->den[l->n] == l->den[0];
		l->n++;
	}
}

/* Every unit of the layer has the mean of the layer. */
static bool
all_alike(const struct layer *l, const struct sums *s, double tie)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (fabs(l->num[i] / l->den[i] - s->num / s->den) > tie)
			return false;
	return true;
}

/* Sums, standard error and what counts as a tie.  False: drawing would show too little. */
static bool
measure(struct design *d, bool ranged, struct arena *scratch)
{
	double size = 0, weight = 0, var;
	bool good = d->nlayer > 0;

	d->all = arena_array(scratch, d->nlayer, sizeof *d->all);
	for (size_t h = 0; h < d->nlayer; h++) {
		const struct layer *l = &d->layer[h];

		for (uint32_t i = 0; i < l->n; i++) {
			sums_add(&d->all[h], l->num[i], l->den[i], 1);
			size += fabs(l->num[i]);
			weight += l->den[i];
		}
	}
	if (!good)
		return false;
	d->tie = 1e-12 * (size / weight + fabs(d->at));
	for (size_t h = 0; h < d->nlayer; h++) {
		const struct layer *l = &d->layer[h];

		good = good && l->n > 1 && !((ranged && l->n < FEW && d->nlayer > 1) &&
		    all_alike(l, &d->all[h], d->tie));
	}
	design_off(d, d->all, &var);
	d->se = sqrt(var);
	return good && d->se > d->tie;
}

bool
design_of(const struct sample *s, struct design *d, struct arena *scratch)
{
	struct mean m = sample_mean(s, scratch);
	bool shares = s->share != NULL && s->stratum != NULL;
	double *share = arena_array(scratch, shares ? s->nstratum : 1, sizeof *share), moved;
	long *count = arena_array(scratch, shares ? s->nstratum : 1, sizeof *count);
	struct groups g = { 0 };

	*d = (struct design){ .pooled = !shares, .at = m.at };
	if (!m.known || (shares && !strata_shares(s, share, count, &moved)))
		return false;
	if (!group(s, m.at, &g, scratch)) {
		if (shares)
			linearise(s, share, m.at, &g, scratch);
		d->pooled = true;
		one_stratum(&g);
	}
	fill_layers(d, &g, share, scratch);
	if (!measure(d, !s->unbounded, scratch))
		return false;
	for (size_t h = 0; h < d->nlayer; h++)
		count_cells(&d->layer[h], scratch);
	return true;
}
