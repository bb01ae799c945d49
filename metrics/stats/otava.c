/*
 * otava.c -- change points of a series by E-divisive, with and without Otava's tests around it.
 *
 * Q(X, Y) = 2/(n+m) sum |x-y| - 2m/((n+m)(n-1)) sum_{i<j} |x_i-x_j|
 *         - 2n/((n+m)(m-1)) sum_{i<j} |y_i-y_j|  (Matteson and James 2014, alpha = 1), where a
 * side of one value has no distances within.
 *
 * The way of Apache Otava (Fleming et al. 2023, "Hunter"): windows that overlap, in each of which
 * the split of greatest Q is taken while Student's t accepts it at ten times the final level, then
 * merging from the weakest point on.  Its t-test has the population's standard deviation and is
 * put to the split that was chosen for being the largest, so it finds changes where there are
 * none: here it serves to compare with, and change_scan to decide.
 */
#include "metrics/stats/stats.h"

#include <math.h>

/* Equal but for rounding: then the first is taken. */
#define TIE 1e-12

/* ---- E-divisive ------------------------------------------------------------------------- */

static double
divergence(double cross, double left, double right, double n, double m)
{
	double q = 2 / (n + m) * cross;

	if (n > 1)
		q -= 2 * m / ((n + m) * (n - 1)) * left;
	if (m > 1)
		q -= 2 * n / ((n + m) * (m - 1)) * right;
	return q;
}

/* tau goes down, so that column[j], the distances of x_j to x_tau .. x_(j-1), grows by one term
 * each time: O(n^2) in all. */
struct ediv
ediv_candidate(const double *x, size_t n, struct arena *scratch)
{
	struct ediv best = { 0 };
	double *prefix = arena_array(scratch, n + 1, sizeof *prefix);  /* distances within x_0 .. */
	double *column = arena_array(scratch, n + 1, sizeof *column);

	for (size_t j = 0; j < n; j++) {
		double sum = 0;

		for (size_t i = 0; i < j; i++)
			sum += fabs(x[i] - x[j]);
		prefix[j + 1] = prefix[j] + sum;
	}
	for (size_t tau = n; tau-- > 1; ) {
		struct ediv row = { 0 };
		double right = 0;

		for (size_t kappa = tau + 1; kappa <= n; kappa++) {
			double q;

			if (kappa > tau + 1) {
				column[kappa - 1] += fabs(x[tau] - x[kappa - 1]);
				right += column[kappa - 1];
			}
			q = divergence(prefix[kappa] - prefix[tau] - right, prefix[tau], right, (double)tau,
			    (double)(kappa - tau));
			if (!row.known || q > row.q + TIE * fabs(row.q))
				row = (struct ediv){ true, tau, kappa, q };
		}
		if (!best.known || row.q >= best.q - TIE * fabs(best.q))
			best = row;
	}
	return best;
}

/* ---- Student's t between two neighbours --------------------------------------------------- */

static double
variance(const double *x, size_t n, double mean, struct arena *scratch)
{
	double *d = arena_array(scratch, n, sizeof *d);

	for (size_t i = 0; i < n; i++)
		d[i] = (x[i] - mean) * (x[i] - mean);
	return sum_of(d, n) / (double)n;
}

/* p is NaN, as it is there, where both sides are constant and equal: such a point compares as
 * neither weak nor strong, and falls for want of magnitude. */
static struct otava_point
compare(const double *x, size_t lo, size_t at, size_t hi, struct arena *scratch)
{
	double n1 = (double)(at - lo), n2 = (double)(hi - at), v, se, gap;
	struct otava_point c = { .index = at, .p = 1, .before = sum_of(x + lo, at - lo) / n1,
		.after = sum_of(x + at, hi - at) / n2 };

	if (n1 + n2 <= 2)
		return c;
	v = ((n1 - 1) * variance(x + lo, at - lo, c.before, scratch) +
	    (n2 - 1) * variance(x + at, hi - at, c.after, scratch)) / (n1 + n2 - 2);
	se = sqrt(v * (1 / n1 + 1 / n2));
	gap = fabs(c.before - c.after);
	c.p = se > 0 ? 2 * t_sf(gap / se, n1 + n2 - 2) : gap > 0 ? 0 : NAN;
	return c;
}

static double
magnitude(const struct otava_point *c)
{
	double forward = c->before != 0 ? fabs(c->after / c->before - 1) : 0;
	double backward = c->after != 0 ? fabs(c->before / c->after - 1) : 0;

	return fmax(forward, backward);
}

/* ---- splitting and merging ----------------------------------------------------------------- */

/* Points of x[0..n), rising. */
struct points { struct otava_point *at; size_t n; };

static size_t
edge(const struct points *p, size_t i, size_t n)
{
	return i == 0 ? 0 : i <= p->n ? p->at[i - 1].index : n;
}

static void
insert(struct points *p, size_t i, struct otava_point c)
{
	memmove(p->at + i + 1, p->at + i, (p->n - i) * sizeof *p->at);
	p->at[i] = c;
	p->n++;
}

/* Splits one window at its best candidate for as long as the test accepts that. */
static struct points
split_window(const double *x, size_t n, double max_p, struct arena *a)
{
	struct points p = { .at = arena_array(a, n + 1, sizeof *p.at) };

	while (p.n + 1 < n) {
		struct ediv best = { 0 };
		struct otava_point c;
		size_t where = 0;

		for (size_t i = 0; i <= p.n; i++) {
			size_t lo = edge(&p, i, n), hi = edge(&p, i + 1, n);
			struct ediv d = ediv_candidate(x + lo, hi - lo, a);

			if (d.known && (!best.known || d.q > best.q)) {
				best = d;
				best.tau += lo;
				where = i;
			}
		}
		if (!best.known)
			break;
		c = compare(x, edge(&p, where, n), best.tau, edge(&p, where + 1, n), a);
		if (!(c.p <= max_p))
			break;
		insert(&p, where, c);
	}
	return p;
}

static void
compare_again(struct points *p, size_t i, const double *x, size_t n, struct arena *a)
{
	if (i < p->n)
		p->at[i] = compare(x, edge(p, i, n), p->at[i].index, edge(p, i + 2, n), a);
}

static struct points
split(const double *x, size_t n, size_t window, double max_p, struct arena *a)
{
	struct points all = { .at = arena_array(a, n + 1, sizeof *all.at) };

	for (size_t start = 0, next; start < n; start = next) {
		size_t len = n - start < window ? n - start : window;
		struct points p = split_window(x + start, len, max_p, a);

		next = start + window / 2;
		for (size_t i = 0; i < p.n; i++) {
			p.at[i].index += start;
			if (all.n == 0 || p.at[i].index > all.at[all.n - 1].index)
				insert(&all, all.n, p.at[i]);
			next = p.at[i].index > next ? p.at[i].index : next;
		}
	}
	for (size_t i = 0; i < all.n; i++)
		compare_again(&all, i, x, n, a);
	return all;
}

/* The next point to give up; p.n: all may stay. */
static size_t
weakest(const struct points *p, double max_p, double min_magnitude)
{
	size_t weak = 0;

	for (size_t i = 1; i < p->n; i++)
		if (p->at[i].p > p->at[weak].p)
			weak = i;
	if (!(p->at[weak].p < max_p))
		return weak;
	weak = 0;
	for (size_t i = 1; i < p->n; i++)
		if (magnitude(&p->at[i]) < magnitude(&p->at[weak]))
			weak = i;
	return magnitude(&p->at[weak]) > min_magnitude ? p->n : weak;
}

struct otava
otava_points(const double *x, size_t n, size_t window, double max_p, double min_magnitude,
    struct arena *a)
{
	double first = max_p < 0.05 ? 10 * max_p : max_p < 0.5 ? 2 * max_p : max_p;
	struct points p = split(x, n, window < 2 ? 2 : window, first, a);

	while (p.n > 0) {
		size_t weak = weakest(&p, max_p, min_magnitude);

		if (weak == p.n)
			break;
		memmove(p.at + weak, p.at + weak + 1, (p.n - weak - 1) * sizeof *p.at);
		p.n--;
		compare_again(&p, weak, x, n, a);
		compare_again(&p, weak + 1, x, n, a);
	}
	return (struct otava){ p.at, p.n };
}
