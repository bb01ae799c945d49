/*
 * bootstrap_draw.c -- samples of a sample: random ones, or all there are.
 *
 * Units that take few values are not drawn one by one: how often each value comes up is
 * multinomial, so a replicate costs O(values), not O(units).
 */
#include "metrics/stats/bootstrap.h"

#include <float.h>
#include <math.h>

enum { BLOCK = 512 };           /* indices drawn at once; even */

/* ---- the statistic ---- */

void
sums_add(struct sums *s, double num, double den, double times)
{
	s->num += times * num;
	s->den += times * den;
	s->nn += times * num * num;
	s->nd += times * num * den;
	s->dd += times * den * den;
}

/* n units of the same den. */
static void
sums_add_flat(struct sums *s, double n, double den, double num, double square)
{
	s->num += num;
	s->den += n * den;
	s->nn += square;
	s->nd += num * den;
	s->dd += n * den * den;
}

/* Of the mean of a layer about `ratio`, linearised, over a total weight of `den`. */
static double
variance(const struct sums *s, double n, double ratio, double den)
{
	double residue = s->num - ratio * s->den;
	double squares = s->nn - 2 * ratio * s->nd + ratio * ratio * s->dd - residue * residue / n;

	return n > 1 ? n / (n - 1) * fmax(squares, 0) / (den * den) : 0;
}

double
design_off(const struct design *d, const struct sums *s, double *var)
{
	double num = 0, den = 0, off = 0;

	for (size_t h = 0; h < d->nlayer; h++) {
		num += s[h].num;
		den += s[h].den;
		off += d->pooled ? 0 : d->layer[h].share * s[h].num / s[h].den;
	}
	off = d->pooled ? num / den : off;
	*var = 0;
	for (size_t h = 0; h < d->nlayer; h++) {
		const struct layer *l = &d->layer[h];
		double n = (double)l->n, ratio = s[h].num / s[h].den;

		*var += d->pooled ? variance(&s[h], n, off, den) :
		    l->share * l->share * variance(&s[h], n, ratio, s[h].den);
	}
	return off;
}

static struct replicate
replicate_of(const struct design *d, const struct sums *s, double mass)
{
	struct replicate r = { .mass = mass };
	double var, se;

	r.off = design_off(d, s, &var);
	se = sqrt(var);
	if (se > d->tie)
		r.t = r.off / se;
	else
		r.t = r.off > d->tie ? DBL_MAX : r.off < -d->tie ? -DBL_MAX : 0;
	return r;
}

/* ---- drawing ---- */

/*
 * Uniform on [0,n), two to a random word (Lemire 2019, "Fast random integer generation in an
 * interval"): of half a word times n the upper 32 bits are the index.  Of the 2^32 halves some
 * indices get one more than others, unless the products whose lower 32 bits are below
 * 2^32 mod n are refused: then each index keeps floor(2^32 / n).  A word with a refused half is
 * dropped whole, which favours no index either.  `index` has room for want + 1.
 */
static void
draw_indices(struct stream *s, uint32_t n, uint32_t *index, size_t want)
{
	uint32_t refuse = (UINT32_MAX - n + 1) % n;
	uint64_t word[BLOCK / 2];

	for (size_t got = 0; got < want; ) {
		size_t need = (want - got + 1) / 2;

		rng_fill(s->key, s->at, word, need);
		s->at += need;
		for (size_t i = 0; i < need; i++) {
			uint64_t a = (word[i] & UINT32_MAX) * n, b = (word[i] >> 32) * n;

			if ((uint32_t)a < refuse || (uint32_t)b < refuse)
				continue;
			index[got++] = (uint32_t)(a >> 32);
			index[got++] = (uint32_t)(b >> 32);
		}
	}
}

/* Two sums side by side, so that one addition need not wait for the other. */
static void
gather(const double *x, const uint32_t *index, size_t n, double *num, double *square)
{
	double a = 0, b = 0, aa = 0, bb = 0;

	for (size_t i = 0; i + 1 < n; i += 2) {
		double u = x[index[i]], v = x[index[i + 1]];

		a += u;
		b += v;
		aa += u * u;
		bb += v * v;
	}
	if (n % 2) {
		a += x[index[n - 1]];
		aa += x[index[n - 1]] * x[index[n - 1]];
	}
	*num += a + b;
	*square += aa + bb;
}

static void
draw_units(const struct layer *l, struct stream *stream, struct sums *s)
{
	uint32_t index[BLOCK + 1];
	double num = 0, square = 0;

	for (size_t left = l->n, k; left > 0; left -= k) {
		k = left < BLOCK ? left : BLOCK;
		draw_indices(stream, l->n, index, k);
		if (l->flat)
			gather(l->num, index, k, &num, &square);
		else
			for (size_t i = 0; i < k; i++)
				sums_add(s, l->num[index[i]], l->den[index[i]], 1);
	}
	if (l->flat)
		sums_add_flat(s, l->n, l->den[0], num, square);
}

static void
draw_cells(const struct layer *l, struct stream *stream, struct sums *s)
{
	double units = (double)l->n;
	long left = (long)l->n;

	for (size_t c = 0; c < l->ncell; c++) {
		const struct cell *cell = &l->cell[c];
		long k = c + 1 < l->ncell ? binom_draw(left, cell->count / units, stream) : left;

		sums_add(s, cell->num, cell->den, (double)k);
		left -= k;
		units -= cell->count;
	}
}

struct drawing {
	const struct design *design;
	struct replicate    *replicate;
	size_t               n;
	uint64_t             key;
};

static void
draw_replicate(size_t i, struct arena *scratch, void *ctx)
{
	struct drawing *w = ctx;
	const struct design *d = w->design;
	struct sums *s = arena_array(scratch, d->nlayer, sizeof *s);
	struct stream stream = { .key = rng_next(w->key, i) };

	for (size_t h = 0; h < d->nlayer; h++) {
		if (d->layer[h].ncell > 0)
			draw_cells(&d->layer[h], &stream, &s[h]);
		else
			draw_units(&d->layer[h], &stream, &s[h]);
	}
	w->replicate[i] = replicate_of(d, s, 1 / (double)w->n);
}

void
design_draw(const struct design *d, struct replicate *r, size_t n, uint64_t seed)
{
	struct drawing w = { .design = d, .replicate = r, .n = n,
	    .key = rng_key(seed, "bootstrap") };

	par_for(n, draw_replicate, &w);
}

/* ---- all samples there are ---- */

/* Of n from n: C(2n - 1, n). */
double
design_samples(const struct design *d)
{
	double n = (double)d->layer[0].n, ways = 1;

	if (d->nlayer > 1)
		return 1e15;
	for (double k = 1; k <= n && ways < 1e15; k++)
		ways = ways * (n - 1 + k) / k;
	return fmin(ways, 1e15);
}

/* pick: indices that do not fall; the next such sample.  False: that was the last. */
static bool
next_sample(uint32_t *pick, uint32_t n)
{
	uint32_t j = n;

	while (j > 0 && pick[j - 1] == n - 1)
		j--;
	if (j == 0)
		return false;
	pick[j - 1]++;
	for (uint32_t k = j; k < n; k++)
		pick[k] = pick[j - 1];
	return true;
}

void
design_enumerate(const struct design *d, struct replicate *r, struct arena *scratch)
{
	const struct layer *l = d->layer;
	uint32_t *pick = arena_array(scratch, l->n, sizeof *pick);
	double n = (double)l->n;

	do {
		struct sums s = { 0 };
		double mass = 1, run = 0;

		/* n! / (n^n prod of run!), a factor for each place. */
		for (uint32_t j = 0; j < l->n; j++) {
			run = j > 0 && pick[j] == pick[j - 1] ? run + 1 : 1;
			mass *= ((double)j + 1) / n / run;
			sums_add(&s, l->num[pick[j]], l->den[pick[j]], 1);
		}
		*r++ = replicate_of(d, &s, mass);
	} while (next_sample(pick, l->n));
}
