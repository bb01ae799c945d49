/*
 * bradley_terry.c -- strengths from comparisons by two (Bradley and Terry 1952).
 *
 * P(i beats j) = 1 / (1 + exp(theta_j - theta_i)).  The maximum is finite if and only if every
 * player is reached from every other by a chain of wins (Ford 1957).  Newton's steps solve with
 * the information H; comparisons leave the sum of theta open, so without the prior a multiple
 * of the all-ones matrix is added to H, which changes no difference.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <math.h>

enum { STEPS = 200, HALVINGS = 60 };
static const double PRIOR = 0.5;        /* wins, and losses, against the average player */

double
beats(double difference)
{
	return 1 / (1 + exp(-difference));
}

/* ---- who is reached from whom ---- */

static bool
linked(const double *wins, size_t k, size_t from, size_t to, bool forward, bool backward)
{
	return (forward && wins[from * k + to] > 0) || (backward && wins[to * k + from] > 0);
}

/* Whether all are reached from player 0. */
static bool
reaches_all(const double *wins, size_t k, bool forward, bool backward, struct arena *scratch)
{
	bool *seen = arena_array(scratch, k, sizeof *seen);
	size_t *stack = arena_array(scratch, k, sizeof *stack), depth = 1, n = 1;

	seen[0] = true;
	while (depth > 0) {
		size_t at = stack[--depth];

		for (size_t to = 0; to < k; to++)
			if (!seen[to] && linked(wins, k, at, to, forward, backward)) {
				seen[to] = true;
				stack[depth++] = to;
				n++;
			}
	}
	return n == k;
}

/* ---- linear algebra: symmetric, positive definite, k at most some dozens ---- */

/* The lower triangle in place; false: not positive definite. */
static bool
cholesky(double *a, size_t k)
{
	for (size_t j = 0; j < k; j++) {
		for (size_t i = j; i < k; i++) {
			double s = a[i * k + j];

			for (size_t m = 0; m < j; m++)
				s -= a[i * k + m] * a[j * k + m];
			if (i == j && !(s > 0))
				return false;
			a[i * k + j] = i == j ? sqrt(s) : s / a[j * k + j];
		}
	}
	return true;
}

static void
solve(const double *lower, double *x, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		for (size_t m = 0; m < i; m++)
			x[i] -= lower[i * k + m] * x[m];
		x[i] /= lower[i * k + i];
	}
	for (size_t i = k; i-- > 0; ) {
		for (size_t m = i + 1; m < k; m++)
			x[i] -= lower[m * k + i] * x[m];
		x[i] /= lower[i * k + i];
	}
}

/* L a L with L = I - 11'/k: what is left when theta sums to 0. */
static void
centre_matrix(const double *a, double *out, size_t k, struct arena *scratch)
{
	double *row = arena_array(scratch, k, sizeof *row), all = 0, n = (double)k;

	for (size_t i = 0; i < k; i++) {
		row[i] = sum_of(a + i * k, k) / n;
		all += row[i] / n;
	}
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++)
			out[i * k + j] = a[i * k + j] - row[i] - row[j] + all;
}

/* ---- the likelihood ---- */

/* log(1 / (1 + exp(-x))) without overflow. */
static double
log_beats(double x)
{
	return x > 0 ? -log1p(exp(-x)) : x - log1p(exp(x));
}

static double
likelihood(const double *wins, size_t k, const double *theta, double prior)
{
	double sum = 0;

	for (size_t i = 0; i < k; i++) {
		for (size_t j = 0; j < k; j++)
			if (i != j && wins[i * k + j] > 0)
				sum += wins[i * k + j] * log_beats(theta[i] - theta[j]);
		sum += prior * (log_beats(theta[i]) + log_beats(-theta[i]));
	}
	return sum;
}

/* Gradient and information.  Without a prior the information gets the all-ones matrix. */
static void
derivatives(const double *wins, size_t k, const double *theta, double prior, double *gradient,
    double *info)
{
	double trace = 0;

	memset(info, 0, k * k * sizeof *info);
	for (size_t i = 0; i < k; i++) {
		double p0 = beats(theta[i]);

		gradient[i] = prior - 2 * prior * p0;
		info[i * k + i] += 2 * prior * p0 * (1 - p0);
	}
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < i; j++) {
			double n = wins[i * k + j] + wins[j * k + i];
			double p = beats(theta[i] - theta[j]), v = n * p * beats(theta[j] - theta[i]);

			gradient[i] += wins[i * k + j] - n * p;
			gradient[j] -= wins[i * k + j] - n * p;
			info[i * k + i] += v;
			info[j * k + j] += v;
			info[i * k + j] -= v;
			info[j * k + i] -= v;
		}
	for (size_t i = 0; i < k; i++)
		trace += info[i * k + i];
	for (size_t i = 0; i < k * k && !(prior > 0); i++)
		info[i] += trace / (double)(k * k);
}

/* Climbs from theta; the likelihood is concave, so halving a step that overshoots suffices. */
static void
climb(const double *wins, size_t k, double *theta, double prior, double *info,
    struct arena *scratch)
{
	double *step = arena_array(scratch, k, sizeof *step);
	double *next = arena_array(scratch, k, sizeof *next);
	double now = likelihood(wins, k, theta, prior);

	for (int round = 0; round < STEPS; round++) {
		double largest = 0, scale = 1, then = now;

		derivatives(wins, k, theta, prior, step, info);
		if (!cholesky(info, k))
			return;
		solve(info, step, k);
		for (int half = 0; half < HALVINGS; half++, scale /= 2) {
			for (size_t i = 0; i < k; i++)
				next[i] = theta[i] + scale * step[i];
			then = likelihood(wins, k, next, prior);
			if (then >= now - 1e-12 * fabs(now))
				break;
		}
		for (size_t i = 0; i < k; i++)
			largest = fmax(largest, fabs(next[i] - theta[i]));
		memcpy(theta, next, k * sizeof *theta);
		now = then;
		if (largest < 1e-14)
			return;
	}
}

struct bradley_terry
bradley_terry(const double *wins, size_t k, struct arena *a)
{
	struct bradley_terry b = { .k = k };
	double *info, mean, prior;

	b.known = k > 1 && sum_of(wins, k * k) > 0;
	if (!b.known)
		return b;
	b.connected = reaches_all(wins, k, true, true, a);
	b.regularised = !reaches_all(wins, k, true, false, a) || !reaches_all(wins, k, false, true, a);
	prior = b.regularised ? PRIOR : 0;
	b.theta = arena_array(a, k, sizeof *b.theta);
	b.cov = arena_array(a, k * k, sizeof *b.cov);
	b.spread = arena_array(a, k * k, sizeof *b.spread);
	info = arena_array(a, k * k, sizeof *info);
	climb(wins, k, b.theta, prior, info, a);
	derivatives(wins, k, b.theta, prior, arena_array(a, k, sizeof *info), info);
	if (!cholesky(info, k))
		bug("the information of connected comparisons is singular");
	for (size_t i = 0; i < k; i++) {
		b.spread[i * k + i] = 1;
		solve(info, b.spread + i * k, k);
	}
	centre_matrix(b.spread, b.cov, k, a);
	mean = sum_of(b.theta, k) / (double)k;
	for (size_t i = 0; i < k; i++)
		b.theta[i] -= mean;
	return b;
}

/* ---- games by cluster ---- */

void
count_wins(const struct game *g, size_t n, double *wins, size_t k)
{
	for (size_t i = 0; i < n; i++) {
		wins[g[i].a * k + g[i].b] += g[i].score;
		wins[g[i].b * k + g[i].a] += 1 - g[i].score;
	}
}

bool
bradley_terry_by_cluster(struct bradley_terry *b, const struct game *g, size_t n, size_t ncluster,
    struct arena *scratch)
{
	size_t k = b->k, present = 0;
	double *sum = arena_array(scratch, ncluster * k, sizeof *sum);
	double *meat = arena_array(scratch, k * k, sizeof *meat);
	double *half = arena_array(scratch, k * k, sizeof *half);
	double *full = arena_array(scratch, k * k, sizeof *full);
	bool *seen = arena_array(scratch, ncluster, sizeof *seen);

	for (size_t i = 0; i < n; i++) {
		double *s = sum + (size_t)g[i].cluster * k;
		double rest = g[i].score - beats(b->theta[g[i].a] - b->theta[g[i].b]);

		s[g[i].a] += rest;
		s[g[i].b] -= rest;
		present += !seen[g[i].cluster];
		seen[g[i].cluster] = true;
	}
	if (!b->known || present < 2)
		return false;
	for (size_t c = 0; c < ncluster; c++)
		for (size_t i = 0; i < k; i++)
			for (size_t j = 0; sum[c * k + i] != 0 && j < k; j++)
				meat[i * k + j] += sum[c * k + i] * sum[c * k + j];
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++)
			for (size_t m = 0; m < k; m++)
				half[i * k + j] += b->spread[i * k + m] * meat[m * k + j];
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++)
			for (size_t m = 0; m < k; m++)
				full[i * k + j] += half[i * k + m] * b->spread[m * k + j];
	for (size_t i = 0; i < k * k; i++)
		full[i] *= (double)present / (double)(present - 1);
	centre_matrix(full, b->cov, k, scratch);
	return true;
}

/* ---- what is read from it ---- */

struct contrast
strength(const struct bradley_terry *b, size_t i)
{
	return (struct contrast){ b->theta[i], sqrt(fmax(0, b->cov[i * b->k + i])) };
}

struct contrast
strength_difference(const struct bradley_terry *b, size_t i, size_t j)
{
	const double *v = b->cov;
	size_t k = b->k;

	return (struct contrast){ b->theta[i] - b->theta[j],
	    sqrt(fmax(0, v[i * k + i] + v[j * k + j] - v[i * k + j] - v[j * k + i])) };
}

struct interval
beats_interval(struct contrast d, double conf)
{
	double half = -normal_quantile(0.5 * (1 - conf)) * d.se;

	return (struct interval){ beats(d.at - half), beats(d.at + half) };
}

struct contrast
elo(struct contrast s)
{
	double unit = 400 / log(10);

	return (struct contrast){ 1000 + unit * s.at, unit * s.se };
}
