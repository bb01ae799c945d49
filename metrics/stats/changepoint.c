/*
 * changepoint.c -- whether and where a metric changed over its runs, afterwards and as they come.
 *
 * Afterwards: the split of greatest |z|, whose p comes from permuting the runs, and binary
 * segmentation.  As they come: a mixture of e-detectors.
 *
 * With weights 1/var the squared z of a split is B / max(1, W / (n - 2)), where B is the weighted
 * sum of squares between the two sides and W that within.  B + W is the same for every split and
 * every order of the runs, so z^2 rises with B alone, and the permutations need nothing else.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

/* From here on neighbours are taken to depend on each other. */
#define LAG1_MOST 0.3

/* Neighbouring runs. */
struct segment {
	const double *x, *w;
	size_t n;
	double sum, weight, square;       /* of w x, w, w (x - mean)^2 */
};

static double *
weights(const double *var, size_t n, struct arena *a)
{
	double *w = arena_array(a, n + 1, sizeof *w), least = HUGE_VAL;

	for (size_t i = 0; var != NULL && i < n; i++)
		if (var[i] > 0)
			least = fmin(least, var[i]);
	for (size_t i = 0; i < n; i++)
		w[i] = isfinite(least) ? 1 / (var[i] > 0 ? var[i] : least) : 1;
	return w;
}

static struct segment
segment(const double *x, const double *w, size_t n)
{
	struct segment s = { .x = x, .w = w, .n = n };
	double mean;

	for (size_t i = 0; i < n; i++) {
		s.sum += w[i] * x[i];
		s.weight += w[i];
	}
	mean = s.sum / s.weight;
	for (size_t i = 0; i < n; i++)
		s.square += w[i] * (x[i] - mean) * (x[i] - mean);
	return s;
}

/* The greatest sum of squares between the two sides of a split, over the runs in this order. */
static double
greatest(const struct segment *s, const size_t *order, size_t *at)
{
	double sum = 0, weight = 0, best = -1, mean = s->sum / s->weight;

	for (size_t i = 0; i + SCAN_SIDE < s->n; i++) {
		double between;

		sum += s->w[order[i]] * (s->x[order[i]] - mean);
		weight += s->w[order[i]];
		if (i + 1 < SCAN_SIDE)
			continue;
		between = sum * sum * s->weight / (weight * (s->weight - weight));
		if (between > best * (1 + 1e-12)) {
			best = between;
			*at = i + 1;
		}
	}
	return best;
}

/* What one unit of 1/w is worth in variance, between runs of one level. */
static double
dispersion(double within, double square, double df, bool free)
{
	double d = within > 1e-14 * square && df > 0 ? within / df : 0;

	return free ? d : fmax(d, 1);
}

/* ---- permutations ----------------------------------------------------------------------- */

/* Shuffles blocks of `length` neighbours; the last may be shorter. */
static void
shuffle(size_t *order, size_t *block, size_t n, size_t length, uint64_t key, uint64_t *index)
{
	size_t nblock = (n + length - 1) / length, k = 0;

	for (size_t i = 0; i < nblock; i++)
		block[i] = i;
	for (size_t i = nblock; i-- > 1; ) {
		size_t j = (size_t)(((rng_next(key, (*index)++) >> 32) * (i + 1)) >> 32), t = block[i];

		block[i] = block[j];
		block[j] = t;
	}
	for (size_t i = 0; i < nblock; i++)
		for (size_t j = block[i] * length; j < n && j < (block[i] + 1) * length; j++)
			order[k++] = j;
}

static double
permutation_p(const struct segment *s, double between, size_t length, uint64_t key,
    const struct scan_options *o, struct arena *a)
{
	size_t *order = arena_array(a, s->n, sizeof *order);
	size_t *block = arena_array(a, s->n, sizeof *block), unused;
	uint64_t index = 0;
	long reached = 0;

	for (long b = 0; b < o->permutations; b++) {
		shuffle(order, block, s->n, length, key, &index);
		reached += greatest(s, order, &unused) >= between * (1 - 1e-12);
	}
	return (double)(1 + reached) / (double)(o->permutations + 1);
}

/* Of n things, 2 h! (n-h)! of the n! orders have the same halves on the two sides. */
static double
least_p(size_t n, long permutations)
{
	double h = (double)(n / 2), nn = (double)n;
	double p = 2 * exp(lgamma(h + 1) + lgamma(nn - h + 1) - lgamma(nn + 1));

	return fmax(p, 1 / (double)(permutations + 1));
}

/* As many runs as an independent one is worth at autocorrelation r, but not so many that no order
 * of the blocks could show anything. */
static size_t
block_length(double r, size_t n, const struct scan_options *o)
{
	size_t length = (size_t)ceil((1 + r) / (1 - fmin(r, 0.9)));

	while (length > 1 && least_p((n + length - 1) / length, o->permutations) > o->alpha)
		length--;
	return length;
}

/* ---- segmentation ----------------------------------------------------------------------- */

struct scan {
	const double *x, *w;
	size_t n, length;                 /* of blocks; 1: none */
	bool free;
	const struct scan_options *o;
	struct change_scan *out;
	struct arena *a;
};

/* The greatest split of [lo, hi) and its p. */
static struct change
test(struct scan *c, size_t lo, size_t hi, int depth)
{
	struct segment s = segment(c->x + lo, c->w + lo, hi - lo);
	struct change found = { .depth = depth, .p = 1, .p_adjusted = 1, .blocks = c->length > 1 };
	size_t *order = arena_array(c->a, s.n, sizeof *order);
	double between, scale;
	char stream[64];

	for (size_t i = 0; i < s.n; i++)
		order[i] = i;
	between = greatest(&s, order, &found.at);
	found.at += lo;
	if (all_same(s.x, s.n))
		return found;
	snprintf(stream, sizeof stream, "change %zu %zu", lo, hi);
	found.p = permutation_p(&s, between, c->length, rng_key(c->o->seed, stream), c->o, c->a);
	found.p_adjusted = fmin(1, ldexp(found.p, depth));
	scale = dispersion(s.square - between, s.square, (double)s.n - 2, c->free);
	found.z = scale > 0 ? sqrt(between / scale) : DBL_MAX;
	return found;
}

static void
search(struct scan *c, size_t lo, size_t hi, int depth)
{
	struct change found;

	if (hi - lo < SCAN_LEAST)
		return;
	found = test(c, lo, hi, depth);
	if (depth == 0)
		c->out->whole = found;
	if (found.p_adjusted > c->o->alpha)
		return;
	search(c, lo, found.at, depth + 1);
	c->out->change[c->out->n++] = found;
	search(c, found.at, hi, depth + 1);
}

static void
segmentation(struct scan *c, size_t length)
{
	c->length = length;
	c->out->n = 0;
	search(c, 0, c->n, 0);
	c->out->p_least = least_p((c->n + length - 1) / length, c->o->permutations);
}

/* Where level i begins, if there are no changes at the greatest split. */
static size_t
level(const struct scan *c, size_t i, size_t levels)
{
	if (i == 0 || i >= levels)
		return i ? c->n : 0;
	return c->out->n ? c->out->change[i - 1].at : c->out->whole.at;
}

/* Autocorrelation of what the levels leave, since a step is none; each level that was taken off
 * has lowered it by about (1 + 3 r) / n (Marriott and Pope 1954). */
static double
lag_one(const struct scan *c)
{
	size_t levels = c->out->n + 1 + (c->out->n == 0);
	double up = 0, down = 0, r;

	for (size_t i = 0; i < levels; i++) {
		size_t lo = level(c, i, levels), hi = level(c, i + 1, levels);
		struct segment s = segment(c->x + lo, c->w + lo, hi - lo);
		double mean = s.sum / s.weight;

		for (size_t t = lo; t < hi; t++) {
			up += t > lo ? (c->x[t] - mean) * (c->x[t - 1] - mean) : 0;
			down += (c->x[t] - mean) * (c->x[t] - mean);
		}
	}
	r = down > 0 ? up / down : 0;
	return fmin(r + (double)levels * (1 + 3 * r) / (double)c->n, 1);
}

/* The levels on both sides and the interval of their difference: by t where the scale was taken
 * from the runs. */
static void
measure(const struct scan *c, struct change *d, size_t lo, size_t hi)
{
	struct segment l = segment(c->x + lo, c->w + lo, d->at - lo);
	struct segment r = segment(c->x + d->at, c->w + d->at, hi - d->at);
	double df = (double)(hi - lo) - 2, square = segment(c->x + lo, c->w + lo, hi - lo).square;
	double scale = dispersion(l.square + r.square, square, df, c->free);
	double se = sqrt(scale * (1 / l.weight + 1 / r.weight));
	double q = c->free || scale > 1 ? t_quantile(0.975, df) : normal_quantile(0.975);

	d->before = l.sum / l.weight;
	d->after = r.sum / r.weight;
	d->ci = (struct interval){ d->after - d->before - q * se, d->after - d->before + q * se };
	if (d->after < d->before)
		d->z = -fabs(d->z);
}

struct change_scan
change_scan(const double *x, const double *var, size_t n, const struct scan_options *o,
    struct arena *a)
{
	struct change_scan out = { .tested = n >= SCAN_LEAST };
	struct scan c = { .x = x, .n = n, .free = true, .o = o, .out = &out, .a = a };

	if (!out.tested)
		return out;
	for (size_t i = 0; var != NULL && i < n; i++)
		c.free = c.free && !(var[i] > 0);
	c.w = weights(var, n, a);
	out.change = arena_array(a, n, sizeof *out.change);
	segmentation(&c, 1);
	if (n >= SCAN_AUTOCORRELATION) {
		out.has_lag1 = true;
		out.lag1 = lag_one(&c);
		if (out.lag1 > LAG1_MOST)
			segmentation(&c, block_length(out.lag1, n, o));
	}
	measure(&c, &out.whole, 0, n);
	for (size_t i = 0; i < out.n; i++)
		measure(&c, &out.change[i], i ? out.change[i - 1].at : 0,
		    i + 1 < out.n ? out.change[i + 1].at : n);
	return out;
}

/* ---- as the runs come --------------------------------------------------------------------- */

/* Each bet lambda keeps 1 + lambda (bound - x) above 0 for every x in [0,1]; the largest is safe
 * by a tenth, each other half of the one before. */
struct edetector
edetector_begin(double reference, double tolerance, double alpha)
{
	struct edetector d = { .bound = fmin(fmax(reference - tolerance, 0), 1),
		.threshold = 1 / alpha };
	double most = 0.9 / fmax(1 - d.bound, 0.01);

	for (int j = 0; j < EDETECTOR_BETS; j++)
		d.lambda[j] = ldexp(most, -j);
	return d;
}

void
edetector_add(struct edetector *d, double x)
{
	d->value = 0;
	d->seen++;
	for (int j = 0; j < EDETECTOR_BETS; j++) {
		d->m[j] = fmin(fmax(d->m[j], 1) * (1 + d->lambda[j] * (d->bound - x)), DBL_MAX / 8);
		d->value += d->m[j] / EDETECTOR_BETS;
	}
	d->peak = fmax(d->peak, d->value);
	if (d->alarm == 0 && d->value >= d->threshold)
		d->alarm = d->seen;
}
