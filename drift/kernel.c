/*
 * kernel.c -- two samples by the norm of the difference of their mean elements.
 *
 * With u = 1/n for a row of the reference and -1/m for one of the current window the squared norm
 * is u'Ku.  u sums to 0, so K may be centred, after which it is (1/n + 1/m)^2 a'Ka for the
 * indicator a of the reference: one product of the matrix with each deal of labels, many at once.
 */
#include "drift/kernel.h"

#include <math.h>
#include <stdlib.h>

enum { LANES = 16, DEALS = 496, DEALS_MORE = 1504 };     /* whole batches */

/* ---- values ------------------------------------------------------------------------------- */

static size_t
rows_of(const struct rows_pair *k)
{
	return k->n + k->m;
}

/* Values are not negative, so their bits have their order: the upper half is counted, then the
 * lower half of those in the middle. */
double
kernel_median(const struct rows_pair *k)
{
	enum { HALF = 1 << 16 };
	size_t n = rows_of(k), rank = n * (n - 1) / 4, below, *count;
	uint32_t upper = 0, bits = 0;
	float found;

	if (n < 2)
		return 0;
	count = mem_alloc(HALF, sizeof *count);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < i; j++) {
				memcpy(&bits, &k->value[i * n + j], sizeof bits);
				if (pass == 0)
					count[bits >> 16]++;
				else if (bits >> 16 == upper)
					count[bits & (HALF - 1)]++;
			}
		for (below = 0, bits = 0; below + count[bits] <= rank; bits++)
			below += count[bits];
		if (pass == 0) {
			upper = bits;
			rank -= below;
			memset(count, 0, HALF * sizeof *count);
		}
	}
	mem_free(count);
	bits |= upper << 16;
	memcpy(&found, &bits, sizeof found);
	return (double)found;
}

double
kernel_mean(const struct rows_pair *k)
{
	size_t n = rows_of(k);
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double row = 0;

		for (size_t j = 0; j < i; j++)
			row += (double)k->value[i * n + j];
		sum += row;
	}
	return n < 2 ? 0 : sum / ((double)n * (double)(n - 1) / 2);
}

void
kernel_map(struct rows_pair *k, float (*of)(float, float scale), double scale)
{
	size_t n = rows_of(k);

	for (size_t i = 0; i < n * n; i++)
		k->value[i] = of(k->value[i], (float)scale);
}

/* Rows and columns that sum to 0. */
static void
centre(struct rows_pair *k, struct arena *scratch)
{
	size_t n = rows_of(k);
	double *mean = arena_array(scratch, n, sizeof *mean), all = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++)
			mean[i] += (double)k->value[i * n + j];
		mean[i] /= (double)n;
		all += mean[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			k->value[i * n + j] = (float)((double)k->value[i * n + j] - mean[i] - mean[j] + all);
}

/* ---- deals -------------------------------------------------------------------------------- */

struct deals {
	const struct rows_pair *k;
	uint64_t key;
	size_t   from;
	double  *norm2;
};

/* The squared norms of LANES sets of labels: in[row][lane] is 1 in the reference, else 0. */
ALL_PAIRS static void
norms(const struct rows_pair *k, float (*in)[LANES], double *norm2)
{
	size_t n = rows_of(k);
	double sum[LANES] = { 0 }, size[LANES] = { 0 };

	for (size_t i = 0; i < n; i++) {
		const float *row = &k->value[i * n];
		float acc[LANES] = { 0 };

		for (size_t j = 0; j < i; j++)
			for (size_t l = 0; l < LANES; l++)
				acc[l] += row[j] * in[j][l];
		for (size_t l = 0; l < LANES; l++) {
			sum[l] += (double)in[i][l] * (2 * (double)acc[l] + (double)row[i]);
			size[l] += (double)in[i][l];
		}
	}
	for (size_t l = 0; l < LANES; l++) {
		double both = 1 / size[l] + 1 / ((double)n - size[l]);

		norm2[l] = both * both * sum[l];
	}
}

/* As many units at random as the reference has. */
static void
deal(const struct deals *d, size_t lane, size_t number, float (*in)[LANES], struct arena *scratch)
{
	const struct rows_pair *k = d->k;
	size_t units = k->units_n + k->units_m;
	size_t *order = arena_array(scratch, units, sizeof *order);
	float *mine = arena_array(scratch, units, sizeof *mine);
	struct stream s = { rng_next(d->key, number), 0 };

	for (size_t i = 0; i < units; i++)
		order[i] = i;
	for (size_t i = 0; i < k->units_n; i++) {
		size_t at = i + (size_t)(stream_unit(&s) * (double)(units - i)), swap = order[i];

		order[i] = order[at];
		order[at] = swap;
		mine[order[i]] = 1;
	}
	for (size_t i = 0; i < rows_of(k); i++)
		in[i][lane] = mine[k->unit[i]];
}

static void
deal_batch(size_t b, struct arena *scratch, void *ctx)
{
	const struct deals *d = ctx;
	float (*in)[LANES] = arena_array(scratch, rows_of(d->k), sizeof *in);

	for (size_t l = 0; l < LANES; l++)
		deal(d, l, d->from + b * LANES + l, in, scratch);
	norms(d->k, in, &d->norm2[b * LANES]);
}

static double
norm_seen(const struct rows_pair *k, struct arena *scratch)
{
	float (*in)[LANES] = arena_array(scratch, rows_of(k), sizeof *in);
	double norm2[LANES];

	for (size_t i = 0; i < rows_of(k); i++)
		for (size_t l = 0; l < LANES; l++)
			in[i][l] = i < k->n ? 1 : 0;
	norms(k, in, norm2);
	return norm2[0];
}

static size_t
as_far(struct deals *d, size_t from, size_t many, double seen)
{
	size_t far = 0;

	d->from = from;
	par_for(many / LANES, deal_batch, d);
	/* Sums of float: what is the same but for their order counts as equal. */
	for (size_t b = 0; b < many; b++)
		far += d->norm2[b] >= seen - 1e-5 * fabs(seen) - 1e-9;
	return far;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct kernel_chance { struct chance_of of; double variance; };

static struct kernel_chance
chance(const struct rows_pair *k, double seen, uint64_t seed, struct arena *scratch)
{
	struct deals d = { .k = k, .key = rng_key(seed, "kernel") };
	struct kernel_chance c = { 0 };
	size_t far, all = DEALS;

	d.norm2 = arena_array(scratch, DEALS_MORE, sizeof *d.norm2);
	far = as_far(&d, 0, DEALS, seen);
	qsort(d.norm2, DEALS, sizeof *d.norm2, by_size);
	c.of.mean = sum_of(d.norm2, DEALS) / DEALS;
	for (size_t b = 0; b < DEALS; b++)
		c.variance += (d.norm2[b] - c.of.mean) * (d.norm2[b] - c.of.mean) / (DEALS - 1);
	/* The order statistics above which another deal falls in 5 % and 2.5 % of cases. */
	c.of.q95 = d.norm2[(size_t)ceil(0.95 * (DEALS + 1)) - 1];
	c.of.q975 = d.norm2[(size_t)ceil(0.975 * (DEALS + 1)) - 1];
	if (far == 0) {
		far = as_far(&d, DEALS, DEALS_MORE, seen);
		all += DEALS_MORE;
	}
	c.of.p = (1 + (double)far) / (1 + (double)all);
	c.of.draws = (long)all;
	return c;
}

/* ---- findings ----------------------------------------------------------------------------- */

static double
variance_of(const double *x, size_t n)
{
	double mean = sum_of(x, n) / (double)n, sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	return n < 2 ? 0 : sum / (double)(n - 1);
}

/*
 * The standard deviation of the squared norm's linear part, from the witness function at each row.
 * Without any difference the witness is noise, whose part has twice chance's variance.
 */
static double
linear_sd(const struct rows_pair *k, double chance_variance, struct arena *scratch)
{
	size_t n = rows_of(k);
	double *at = arena_array(scratch, n, sizeof *at), x = 1 / (double)k->n, y = 1 / (double)k->m;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			at[i] += (j < k->n ? x : -y) * (double)k->value[i * n + j];
	return sqrt(fmax(0, 4 * (variance_of(at, k->n) * x + variance_of(at + k->n, k->m) * y) -
	    2 * chance_variance));
}

struct finding
kernel_finding(struct rows_pair *k, double most, double tolerance, const char *why, uint64_t seed,
               struct arena *a)
{
	struct finding f = { .tolerance = tolerance, .n_reference = (long)k->n,
	    .n_current = (long)k->m, .why = why };
	struct kernel_chance c;
	struct excess e;
	double seen;

	centre(k, a);
	seen = norm_seen(k, a);
	c = chance(k, seen, seed, a);
	e = excess_of(seen, &c.of, linear_sd(k, c.variance, a), 0);
	f.effect = fmin(most, sqrt(e.at));
	f.observed = fmin(most, sqrt(fmax(0, seen)));
	f.ci = (struct interval){ fmin(most, sqrt(e.ci.lo)), fmin(most, sqrt(e.ci.hi)) };
	f.p = c.of.p;
	f.draws = c.of.draws;
	f.mde = fmin(most, sqrt(e.mde));
	finding_decide(&f, root_reach(tolerance, e.reach), a);
	return f;
}

static struct block_chance
deal_blocks(struct rows_pair *k, uint64_t seed, struct arena *a)
{
	struct block_chance b = { .n = k->units_n, .m = k->units_m, .p = 1, .design = 1 };
	struct kernel_chance c;
	double seen, single = 0;

	if (k->n == 0 || k->m == 0)
		return b;
	centre(k, a);
	seen = norm_seen(k, a);
	c = chance(k, seen, seed, a);
	b.p = c.of.p;
	/* The mean among all deals of single rows: a centred kernel's trace says it. */
	for (size_t i = 0; i < rows_of(k); i++)
		single += (double)k->value[i * rows_of(k) + i];
	single *= (1 / (double)k->n + 1 / (double)k->m) / (double)(rows_of(k) - 1);
	if (single > 0)
		b.design = fmax(1, c.of.mean / single);
	return b;
}

struct block_chance
kernel_blocks(const struct profile *reference, const struct profile *current, size_t feature,
              int64_t block_ms, void (*to_kernel)(struct rows_pair *), uint64_t seed,
              struct arena *a)
{
	struct rows_pair k = rows_pair(reference, current, feature, block_ms, a);
	struct block_chance b;

	to_kernel(&k);
	b = deal_blocks(&k, seed, a);
	rows_pair_free(&k);
	return b;
}
