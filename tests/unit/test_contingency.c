/*
 * test_contingency.c -- properties of tables of counts: exact p-values against plain enumeration,
 * random tables, distances of counts, bins.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

static double
uniform(uint64_t *at)
{
	return rng_unit(rng_next(rng_key(5, "test_contingency"), (*at)++));
}

static void
assert_p(double p)
{
	assert_true(p > 0 && p <= 1);
}

/* Fisher's p by filling a 3 x 3 table in all ways. */
static double
fisher_plain(const long *t, double *total)
{
	long row[3] = { 0 }, col[3] = { 0 };
	double seen = 0, p = 0;

	*total = 0;
	for (int i = 0; i < 9; i++) {
		row[i / 3] += t[i];
		col[i % 3] += t[i];
		seen += lgamma((double)t[i] + 1);
	}
	for (long a = 0; a <= row[0]; a++)
		for (long b = 0; a + b <= row[0]; b++)
			for (long d = 0; d <= row[1]; d++)
				for (long e = 0; d + e <= row[1]; e++) {
					long x[] = { a, b, row[0] - a - b, d, e, row[1] - d - e,
					    col[0] - a - d, col[1] - b - e, 0 };
					double w = 0;

					x[8] = row[2] - x[6] - x[7];
					if (x[6] < 0 || x[7] < 0 || x[8] < 0)
						continue;
					for (int i = 0; i < 9; i++)
						w += lgamma((double)x[i] + 1);
					*total += exp(-w);
					p += w >= seen - 1e-7 ? exp(-w) : 0;
				}
	return p / *total;
}

static void
fisher_is_the_sum_over_tables(void **state)
{
	static const long job[] = { 1, 2, 1, 0, 3, 3, 6, 1, 10, 10, 14, 9, 6, 7, 12, 11 };
	static const long mp6[] = { 1, 2, 2, 1, 1, 0, 1, 2, 0, 0, 2, 3, 0, 0, 0, 1, 1, 1, 2, 7, 3,
	    1, 1, 2, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0 };
	struct arena a = { 0 };
	uint64_t at = 300000;

	(void)state;
	for (int run = 0; run < 40; run++) {
		long t[9], turned[9];
		double total;
		struct fisher_table f, g;
		struct fisher two, back;

		for (int i = 0; i < 9; i++)
			t[i] = (long)(uniform(&at) * uniform(&at) * 12);
		for (int i = 0; i < 9; i++)
			turned[i % 3 * 3 + i / 3] = t[i];
		f = fisher_exact(t, 3, 3, &a);
		g = fisher_exact(turned, 3, 3, &a);
		assert_true(f.known && g.known);
		assert_p(f.p);
		CLOSE(f.p, fisher_plain(t, &total), 1e-9);
		CLOSE(f.p, g.p, 1e-9);

		two = fisher_2x2(t[0], t[1], t[2], t[3]);
		back = fisher_2x2(t[1], t[0], t[3], t[2]);
		CLOSE(two.two, fisher_exact(t, 2, 2, &a).p, 1e-10);
		CLOSE(two.two, back.two, 1e-12);
		CLOSE(two.less, back.greater, 1e-12);
		assert_p(two.less);
		assert_p(two.greater);
		/* The two tails share the table itself. */
		CLOSE(two.less + two.greater,
		    1 + hypergeom_pmf(t[0], t[0] + t[1], t[2] + t[3], t[0] + t[2]), 1e-12);
		arena_reset(&a);
	}
	/* Job satisfaction by income (Agresti 2002) and MP6 of Mehta and Patel, as in R's manual. */
	CLOSE(fisher_exact(job, 4, 4, &a).p, 0.7827, 5e-5);
	CLOSE(fisher_exact(mp6, 5, 7, &a).p, 0.03929, 5e-6);
	/* The lady tasting tea. */
	CLOSE(fisher_2x2(3, 1, 1, 3).greater, 17.0 / 70, 1e-15);
	CLOSE(fisher_2x2(4, 0, 0, 4).two, 2.0 / 70, 1e-15);
	arena_free(&a);
}

static void
a_search_that_takes_too_long_says_so(void **state)
{
	struct arena a = { 0 };
	long t[64];
	struct fisher_table f;

	(void)state;
	for (int i = 0; i < 64; i++)
		t[i] = 3 + i % 5;
	f = fisher_exact(t, 8, 8, &a);
	assert_true(!f.known && f.p == 1);
	t[0] = 200000;
	f = fisher_exact(t, 2, 3, &a);
	assert_true(!f.known && f.p == 1);
	arena_free(&a);
}

/* ---- the hypergeometric distribution ---- */

static void
hypergeometric_tails_agree(void **state)
{
	static const long urn[][3] = { { 5, 7, 4 }, { 40, 60, 30 }, { 3, 1000, 500 },
	    { 5000, 5000, 100 }, { 20, 5, 22 }, { 0, 9, 4 }, { 9, 0, 4 }, { 6, 6, 0 }, { 6, 6, 12 } };

	(void)state;
	for (size_t i = 0; i < COUNT(urn); i++) {
		long w = urn[i][0], b = urn[i][1], d = urn[i][2];
		double sum = 0;

		for (long k = -1; k <= d + 1; k++) {
			double p = hypergeom_pmf(k, w, b, d);

			sum += p;
			CLOSE(hypergeom_cdf(k, w, b, d), sum, 1e-12);
			CLOSE(hypergeom_cdf(k, w, b, d) + hypergeom_sf(k, w, b, d), 1, 1e-13);
			/* Who is drawn and who is white are one question. */
			if (d <= w + b)
				CLOSE(p, hypergeom_pmf(k, d, w + b - d, w), 1e-12);
		}
		CLOSE(sum, 1, 1e-12);
		for (double p = 0.001; p < 1; p += 0.013) {
			long k = hypergeom_quantile(p, w, b, d);

			assert_true(hypergeom_cdf(k, w, b, d) >= p);
			assert_true(k == 0 || hypergeom_cdf(k - 1, w, b, d) < p);
		}
	}
	/* No white ball among half of the urn: 1 / C(1000, 500). */
	CLOSE(hypergeom_pmf(0, 500, 500, 500) / exp(2 * lgamma(501) - lgamma(1001)), 1, 1e-10);
	assert_true(hypergeom_sf(489, 500, 500, 500) > 0 && hypergeom_sf(489, 500, 500, 500) < 1e-250);
	assert_true(hypergeom_quantile(1e-290, 3000, 7000, 2500) < 120);
	assert_int_equal(hypergeom_quantile(0, 5, 5, 5), 0);
	assert_int_equal(hypergeom_quantile(1, 5, 5, 5), 5);
}

/* ---- tables ---- */

static void
tables_without_two_rows_and_columns_say_nothing(void **state)
{
	static const long one[] = { 4, 0, 9, 3, 0, 1 }, none[] = { 0, 0, 0, 0 }, row[] = { 3, 4, 5 };
	static const long padded[] = { 8, 0, 2, 0, 0, 0, 1, 0, 5 }, plain[] = { 8, 2, 1, 5 };
	struct arena a = { 0 };
	struct contingency r, p;

	(void)state;
	r = contingency(none, 2, 2, &a);
	assert_true(!r.known && r.chi2 == 0 && r.p_chi2 == 1 && r.p_g == 1 && r.cramers_v == 0);
	assert_true(contingency_permuted(none, 2, 2, 99, 1, &a) == 1);
	r = contingency(row, 1, 3, &a);
	assert_true(!r.known && r.p_chi2 == 1 && r.n == 12);
	r = contingency(one, 1, 6, &a);
	assert_true(!r.known && contingency_permuted(one, 6, 1, 99, 1, &a) == 1);
	assert_true(fisher_exact(row, 1, 3, &a).p == 1 && fisher_exact(none, 2, 2, &a).p == 1);
	r = contingency(padded, 3, 3, &a);
	p = contingency(plain, 2, 2, &a);
	assert_true(r.known && r.df == 1 && r.has_yates);
	CLOSE(r.chi2, p.chi2, 1e-14);
	CLOSE(r.p_yates, p.p_yates, 1e-14);
	CLOSE(fisher_exact(padded, 3, 3, &a).p, fisher_2x2(8, 2, 1, 5).two, 1e-12);
	/* n phi^2 for 2 x 2, and V is |phi|. */
	CLOSE(p.chi2, 16 * 38.0 * 38 / (10.0 * 6 * 9 * 7), 1e-12);
	CLOSE(p.cramers_v, 38 / sqrt(10.0 * 6 * 9 * 7), 1e-13);
	arena_free(&a);
}

static void
permuted_tables_are_the_same_on_any_number_of_threads(void **state)
{
	static const long t[] = { 12, 5, 7, 1, 9, 7, 3, 6 }, far[] = { 40, 1, 2, 30 };
	static const long even[] = { 100, 90, 110, 105, 95, 100 };
	struct arena a = { 0 };
	double one, many, p;

	(void)state;
	setenv("DRIFTLEAD_THREADS", "1", 1);
	one = contingency_permuted(t, 2, 4, 1999, 42, &a);
	setenv("DRIFTLEAD_THREADS", "7", 1);
	many = contingency_permuted(t, 2, 4, 1999, 42, &a);
	unsetenv("DRIFTLEAD_THREADS");
	assert_true(one == many);
	assert_true(one != contingency_permuted(t, 2, 4, 1999, 43, &a));
	assert_p(one);
	/* Four standard errors around the limit, which is good for these counts. */
	p = contingency(even, 2, 3, &a).p_chi2;
	CLOSE(contingency_permuted(even, 2, 3, 3999, 1, &a), p, 4 * sqrt(p * (1 - p) / 4000) + 0.01);
	p = fisher_2x2(3, 1, 1, 3).two;
	CLOSE(contingency_permuted((const long[]){ 3, 1, 1, 3 }, 2, 2, 3999, 1, &a), p, 0.032);
	CLOSE(contingency_permuted(far, 2, 2, 999, 5, &a), 1 / 1000.0, 1e-15);
	assert_true(contingency_permuted(far, 2, 2, 0, 5, &a) == 1);
	arena_free(&a);
}

/* ---- counts ---- */

static void
counts_keep_their_distances(void **state)
{
	static const long p[] = { 10, 20, 30, 40 }, q[] = { 1, 2, 3, 4 }, r[] = { 7, 0, 9, 3 };
	static const long none[] = { 0, 0, 0, 0 }, left[] = { 5, 0 }, right[] = { 0, 8 };
	struct count_distance d, e;

	(void)state;
	d = count_distance(p, q, 4);
	assert_true(d.known);
	CLOSE(d.js_nats, 0, 1e-9);
	CLOSE(d.hellinger, 0, 1e-9);
	CLOSE(d.total_variation + d.psi_floor, 0, 1e-15);
	d = count_distance(p, r, 4);
	e = count_distance(r, p, 4);
	CLOSE(d.js_nats, e.js_nats, 1e-15);
	CLOSE(d.psi_floor, e.psi_floor, 1e-14);
	CLOSE(d.psi_half, e.psi_half, 1e-14);
	CLOSE(d.total_variation, e.total_variation, 1e-15);
	CLOSE(d.hellinger, e.hellinger, 1e-15);
	/* TV^2/2 <= JS^2 <= TV ln 2, and H^2 <= TV <= H sqrt 2. */
	assert_true(d.js_nats * d.js_nats <= d.total_variation * M_LN2);
	assert_true(d.js_nats * d.js_nats >= 0.5 * d.total_variation * d.total_variation);
	assert_true(d.hellinger * d.hellinger <= d.total_variation);
	assert_true(d.total_variation <= d.hellinger * M_SQRT2);
	d = count_distance(left, right, 2);
	CLOSE(d.js_bits, 1, 1e-15);
	CLOSE(d.js_nats, sqrt(M_LN2), 1e-15);
	assert_true(d.total_variation == 1 && d.hellinger == 1 && isfinite(d.psi_floor));
	d = count_distance(none, p, 4);
	assert_true(!d.known && d.js_nats == 0 && d.psi_floor == 0 && d.psi_half == 0);
	d = count_distance(p, none, 4);
	assert_false(d.known);
	d = count_distance(p, q, 1);
	assert_true(d.known && d.js_nats == 0 && d.psi_half == 0);
	d = count_distance(p, q, 0);
	assert_false(d.known);
}

/* Two samples of one distribution, many times: the means are what is promised. */
static void
noise_has_the_size_that_is_promised(void **state)
{
	enum { K = 10, RUNS = 400 };
	double psi = 0, js2 = 0, n1 = 2000, n2 = 1000;
	uint64_t at = 400000;

	(void)state;
	for (int run = 0; run < RUNS; run++) {
		long a[K] = { 0 }, b[K] = { 0 };
		struct count_distance d;

		for (int i = 0; i < 2000; i++)
			a[(int)(uniform(&at) * K)]++;
		for (int i = 0; i < 1000; i++)
			b[(int)(uniform(&at) * K)]++;
		d = count_distance(a, b, K);
		psi += d.psi_half / RUNS;
		js2 += d.js_nats * d.js_nats / RUNS;
	}
	CLOSE(psi / psi_under_null(K, n1, n2), 1, 0.1);
	CLOSE(js2 / js2_under_null(K, n1, n2), 1, 0.1);
	assert_true(psi_under_null(1, 5, 5) == 0 && js2_under_null(0, 5, 5) == 0);
}

static void
bins_hold_their_upper_edge(void **state)
{
	static const double v[] = { 5, 1, 4, 2, 3 }, same[] = { 2, 2, 2 };
	struct arena a = { 0 };
	double edge[9];
	long count[10];

	(void)state;
	assert_int_equal(quantile_edges(v, 5, 4, edge, &a), 3);
	assert_true(edge[0] == 2 && edge[1] == 3 && edge[2] == 4);
	bin_counts(v, 5, edge, 3, count);
	assert_true(count[0] == 2 && count[1] == 1 && count[2] == 1 && count[3] == 1);
	assert_int_equal(quantile_edges(same, 3, 10, edge, &a), 1);
	bin_counts(v, 5, edge, 1, count);
	assert_true(count[0] == 2 && count[1] == 3);
	assert_int_equal(quantile_edges(v, 0, 10, edge, &a), 0);
	assert_int_equal(quantile_edges(v, 5, 1, edge, &a), 0);
	bin_counts(v, 5, edge, 0, count);
	assert_int_equal(count[0], 5);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fisher_is_the_sum_over_tables),
		cmocka_unit_test(a_search_that_takes_too_long_says_so),
		cmocka_unit_test(hypergeometric_tails_agree),
		cmocka_unit_test(tables_without_two_rows_and_columns_say_nothing),
		cmocka_unit_test(permuted_tables_are_the_same_on_any_number_of_threads),
		cmocka_unit_test(counts_keep_their_distances),
		cmocka_unit_test(noise_has_the_size_that_is_promised),
		cmocka_unit_test(bins_hold_their_upper_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
