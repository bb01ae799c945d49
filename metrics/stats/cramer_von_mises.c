/*
 * cramer_von_mises.c -- Anderson's two-sample Cramer-von Mises test (1962).
 *
 * T = U / (nmN) - (4nm - 1) / (6N) with U = n sum (r_i - i)^2 + m sum (s_j - j)^2 over the ranks
 * of the two samples among all N values; tied values have the mean of their ranks.
 */
#include "metrics/stats/stats.h"

#include <math.h>

/* The sum of (a - i)^2 over i = 1..c. */
static long double
squares(long double a, long double c)
{
	return c * a * a - a * c * (c + 1) + c * (c + 1) * (2 * c + 1) / 6;
}

/* U; extended precision, because T is a small difference of large terms. */
static long double
rank_sum(const struct pooled *s)
{
	long double u = 0, x = 0, y = 0;

	for (size_t l = 0; l < s->distinct; l++) {
		long double c = s->count[2 * l], d = s->count[2 * l + 1], mid = (c + d + 1) / 2;

		u += s->size[0] * squares(y + mid, c) + s->size[1] * squares(x + mid, d);
		x += c;
		y += d;
	}
	return u;
}

/*
 * Without ties U and the sum over the path of (x/n - y/m)^2 say the same; in whole numbers, with
 * x m - y n over the greatest common divisor of n and m.
 */
struct path { long n, m, a, b, least; };

/* How many of the paths from (x,y) on, with `sum` so far, come to `least`. */
static double
reaching(const struct path *w, long x, long y, long sum)
{
	double ways = 0;
	long gap = w->a * x - w->b * y;

	sum += gap * gap;
	if (x == w->n && y == w->m)
		return sum >= w->least;
	if (x < w->n)
		ways += reaching(w, x + 1, y, sum);
	if (y < w->m)
		ways += reaching(w, x, y + 1, sum);
	return ways;
}

static long
common_divisor(long a, long b)
{
	while (b != 0) {
		long r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* A tied U lies between two that untied samples have; the lower counts, as in SciPy. */
static double
exact(long n, long m, long double u)
{
	long nm = n * m, g = common_divisor(n, m), lcm = nm / g, all = n + m;
	struct path w = { n, m, lcm / n, lcm / m, 0 };
	long double scale = (long double)(lcm * lcm) * all / (6.0L * nm * nm);
	double orders = 1;

	for (long i = 1; i <= n; i++)
		orders = orders * (double)(m + i) / (double)i;
	w.least = (long)floorl(scale * (6 * u - nm * (4.0L * nm - 1)) + 1e-9L);
	return reaching(&w, 0, 0, 0) / round(orders);
}

struct cramer_von_mises
cramer_von_mises(const struct pooled *s)
{
	struct cramer_von_mises r = { .p = 1, .p_exact = 1 };
	double n = (double)s->size[0], m = (double)s->size[1], all = n + m, nm = n * m;
	double mean, var, z;
	long double u;

	if (s->size[0] == 0 || s->size[1] == 0)
		return r;
	r.known = true;
	u = rank_sum(s);
	r.t = (double)(u / nm / all - (4.0L * nm - 1) / (6.0L * all));
	/* The limit is that of mean 1/6 and variance 1/45: T is brought to those first. */
	mean = (1 + 1 / all) / 6;
	var = (all + 1) * (4 * nm * all - 3 * (n * n + m * m) - 2 * nm) / (180 * all * all * nm);
	if (var > 0) {
		z = 1 / 6.0 + (r.t - mean) / sqrt(45 * var);
		r.p = p_clip(cramer_von_mises_sf(z));
	}
	if (s->n <= CRAMER_VON_MISES_EXACT_MAX) {
		r.has_exact = true;
		r.p_exact = p_clip(exact(s->size[0], s->size[1], u));
	}
	return r;
}
