/*
 * bins.c -- divergences: numbers between the tenths of their reference, and what exceeds chance.
 */
#include "drift/finding.h"

#include <math.h>

/* The distinct type-7 quantiles i / REFERENCE_BINS of the reference, from its counts. */
static size_t
tenths(const struct tally *t, double *edge)
{
	size_t cell = 0, nedge = 0;
	long below = 0;          /* values in cells before `cell` */

	for (int i = 1; i < REFERENCE_BINS; i++) {
		double rank = (double)(t->n - 1) * i / REFERENCE_BINS, part = rank - floor(rank), v, next;
		size_t after;

		while ((double)(below + t->x[cell]) <= floor(rank))
			below += t->x[cell++];
		v = next = t->at[cell];
		/* The next value lies in a cell further up if this was the last of its own. */
		if (part > 0 && (double)(below + t->x[cell]) <= floor(rank) + 1) {
			for (after = cell + 1; after < t->k && t->x[after] == 0; after++)
				;
			next = after < t->k ? t->at[after] : v;
		}
		v += (next - v) * part;
		if (nedge == 0 || v > edge[nedge - 1])
			edge[nedge++] = v;
	}
	return nedge;
}

struct tally
tally_bins(const struct tally *t, struct arena *a)
{
	double edge[REFERENCE_BINS];
	long *x, *y;
	size_t nedge;
	struct tally b;

	if (t->at == NULL)
		return *t;
	x = arena_array(a, REFERENCE_BINS, sizeof *x);
	y = arena_array(a, REFERENCE_BINS, sizeof *y);
	nedge = tenths(t, edge);
	b = (struct tally){ .k = nedge + 1, .n = t->n, .m = t->m, .x = x, .y = y };
	for (size_t i = 0, bin = 0; i < t->k; i++) {
		while (bin < nedge && edge[bin] < t->at[i])
			bin++;
		x[bin] += t->x[i];
		y[bin] += t->y[i];
	}
	return b;
}

/*
 * A divergence of samples is that of their distributions, plus noise whose mean and spread are
 * those under chance, plus a linear term that the delta method describes.
 */
struct excess
excess_of(double at, const struct chance_of *c, double sd, double half_least)
{
	double z = normal_quantile(0.975), power = normal_quantile(0.8);
	double half = fmax(half_least, hypot(c->q975 - c->mean, z * sd));
	struct excess e = { .at = fmax(0, at - c->mean) };

	e.ci.lo = fmax(0, at - c->mean - half);
	e.ci.hi = fmax(0, at - c->mean) + half;
	e.mde = fmax(half_least, c->q95 - c->mean + power * (c->q975 - c->mean) / z);
	e.reach = half * (1 + power / z);
	return e;
}

double
root_reach(double tolerance, double reach)
{
	return sqrt(tolerance * tolerance + reach) - tolerance;
}
