/*
 * test_properties.c -- what must hold of every input: seeded random ones, a few hundred each.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "metrics/stats/stats.h"

#define CLOSE(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

enum { ROUNDS = 400, N = 90, SLICES = 4, GROUPS = 24 };

/* Two runs on the same units, drawn anew for each round and design. */
struct pairs {
	double cand[N], base[N], weight[N], share[SLICES];
	int    stratum[N];
	long   cluster[N];
	struct sample s;
};

enum design { PLAIN, CONTINUOUS, CLUSTERED, STRATIFIED, WEIGHTED, STRATIFIED_CLUSTERS, DESIGNS };

static uint64_t position;

static double
uniform(void)
{
	return rng_unit(rng_next(rng_key(71, "test_properties"), position++));
}

static void
draw(struct pairs *p, enum design design)
{
	double pass = 0.05 + 0.95 * uniform(), keep = uniform(), all = 0;
	size_t n = 1 + (size_t)(uniform() * uniform() * N);
	bool nested = uniform() < 0.5;

	for (size_t i = 0; i < n; i++) {
		bool real = design == CONTINUOUS || uniform() < (design > CLUSTERED ? 0.3 : 0);

		p->stratum[i] = (int)(uniform() * SLICES);
		p->cluster[i] = (long)(uniform() * GROUPS);
		if (nested)
			p->cluster[i] += p->stratum[i] - p->cluster[i] % SLICES;
		p->weight[i] = 0.2 + uniform();
		p->base[i] = real ? uniform() : uniform() < pass;
		p->cand[i] = uniform() < keep ? p->base[i] : real ? uniform() : uniform() < pass;
	}
	for (int h = 0; h < SLICES; h++)
		all += p->share[h] = 0.05 + uniform();
	for (int h = 0; h < SLICES; h++)
		p->share[h] /= all;
	p->s = (struct sample){ .n = n, .binary = design == PLAIN };
	if (design == CLUSTERED || design == STRATIFIED_CLUSTERS) {
		p->s.cluster = p->cluster;
		p->s.ncluster = GROUPS;
	}
	if (design == STRATIFIED || design == STRATIFIED_CLUSTERS) {
		p->s.stratum = p->stratum;
		p->s.nstratum = SLICES;
		p->s.share = p->share;
	}
	if (design == WEIGHTED)
		p->s.weight = p->weight;
}

/* The same units in another order; labels of clusters are shuffled, too. */
static void
permute(const struct pairs *from, struct pairs *to)
{
	size_t order[N], name[GROUPS];

	*to = *from;
	for (size_t i = 0; i < from->s.n; i++)
		order[i] = i;
	for (size_t i = 0; i < GROUPS; i++)
		name[i] = i;
	for (size_t i = from->s.n; i > 1; i--) {
		size_t j = (size_t)(uniform() * (double)i), swap = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swap;
	}
	for (size_t i = GROUPS; i > 1; i--) {
		size_t j = (size_t)(uniform() * (double)i), swap = name[i - 1];

		name[i - 1] = name[j];
		name[j] = swap;
	}
	for (size_t i = 0; i < from->s.n; i++) {
		to->cand[i] = from->cand[order[i]];
		to->base[i] = from->base[order[i]];
		to->weight[i] = from->weight[order[i]];
		to->stratum[i] = from->stratum[order[i]];
		to->cluster[i] = (long)name[from->cluster[order[i]]];
	}
	to->s.cluster = from->s.cluster ? to->cluster : NULL;
	to->s.stratum = from->s.stratum ? to->stratum : NULL;
	to->s.share = from->s.share ? to->share : NULL;
	to->s.weight = from->s.weight ? to->weight : NULL;
}

static void
near(double a, double b)
{
	double gap = fabs(a - b);

	if (!(gap <= 1e-13 * fmax(fabs(a), fabs(b)) || gap <= 1e-15))
		fail_msg("%.17g and %.17g differ by a share of %.2g", a, b, gap / fabs(a));
}

/* A bound near 0 is a difference of larger numbers: its scale is the interval's. */
static void
same(struct interval a, struct interval b)
{
	double scale = fmax(fabs(a.lo), fabs(a.hi));

	CLOSE(a.lo, b.lo, 1e-13 * scale);
	CLOSE(a.hi, b.hi, 1e-13 * scale);
}

static void
contains(struct interval i, double at)
{
	assert_true(i.lo <= i.hi);
	assert_true(i.lo <= at && at <= i.hi);
}

static void
is_probability(double p)
{
	assert_true(p > 0 && p <= 1);
}

/* ---- one rate ---- */

static void
rates_contain_their_estimate(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		long n = 1 + (long)pow(10, 6 * uniform()), x = (long)(uniform() * (double)(n + 1));
		double conf = 0.5 + 0.4999 * uniform(), at = (double)x / (double)n;
		struct interval wilson = rate_wilson(x, n, conf);
		struct interval exact = rate_clopper_pearson(x, n, conf);

		contains(wilson, at);
		contains(exact, at);
		assert_true(wilson.lo >= 0 && wilson.hi <= 1 && exact.lo >= 0 && exact.hi <= 1);
		assert_true(x > 0 ? exact.lo > 0 : exact.lo == 0);
		assert_true(x < n ? exact.hi < 1 : exact.hi == 1);
		contains(rate_jeffreys(x, n, conf), x == 0 ? 0 : x == n ? 1 : at);
	}
}

/* At each of its ends Clopper and Pearson's interval leaves exactly the tail it promises, so that
 * its coverage is never below the confidence. */
static void
clopper_pearson_covers(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		long n = 1 + (long)(uniform() * 80), x = (long)(uniform() * (double)(n + 1));
		double conf = 0.5 + 0.499 * uniform(), p = uniform(), covered = 0;
		struct interval i = rate_clopper_pearson(x, n, conf);

		if (x > 0)
			CLOSE(binom_sf(x - 1, n, i.lo), 0.5 * (1 - conf), 1e-10);
		if (x < n)
			CLOSE(binom_cdf(x, n, i.hi), 0.5 * (1 - conf), 1e-10);
		for (x = 0; x <= n; x++) {
			i = rate_clopper_pearson(x, n, conf);
			if (i.lo <= p && p <= i.hi)
				covered += binom_pmf(x, n, p);
		}
		assert_true(covered >= conf - 1e-12);
	}
}

/* Weights that add up to 1 + 2e-16 do not lift a mean of passes over 1. */
static void
means_lie_among_their_values(void **state)
{
	struct arena a = { 0 };
	struct pairs p;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct estimate e;

		draw(&p, WEIGHTED);
		for (size_t i = 0; i < p.s.n; i++)
			p.cand[i] = 1;
		p.s.y = p.cand;
		e = sample_estimate(&p.s, 0.95, &a);
		assert_true(e.known && e.bounded && e.at == 1 && e.hi == 1 && e.lo < 1);
		arena_reset(&a);
	}
	arena_free(&a);
}

/* ---- pairs ---- */

static void
pairs_contain_their_estimate(void **state)
{
	struct arena a = { 0 };
	struct pairs p;

	(void)state;
	for (int round = 0; round < ROUNDS; round++)
		for (enum design d = 0; d < DESIGNS; d++) {
			struct paired r;
			struct estimate e;
			double margin = 0.2 * uniform(), alpha = 0.001 + 0.2 * uniform();

			draw(&p, d);
			r = paired_compare(&p.s, p.cand, p.base, round % 2, margin, alpha, &a);
			assert_true(r.known);
			contains(r.ci, r.at);
			contains(r.ci95, r.at);
			assert_true(r.ci.lo < r.ci.hi && r.ci95.lo < r.ci95.hi);
			is_probability(r.p_noninferiority);
			is_probability(r.p_regression);
			is_probability(r.p_improvement);
			is_probability(r.p_superiority);
			is_probability(r.p_nonsuperiority);
			p.s.y = p.cand;
			e = sample_estimate(&p.s, 1 - alpha, &a);
			assert_true(e.known && e.bounded && e.lo <= e.at && e.at <= e.hi);
			/* The gate and the picture agree, but for rounding at the very edge. */
			if (fabs(r.p_noninferiority - alpha) > 1e-9)
				assert_int_equal(r.p_noninferiority < alpha, r.ci.lo > -margin);
			arena_reset(&a);
		}
	arena_free(&a);
}

static void
swapping_the_runs_mirrors(void **state)
{
	struct arena a = { 0 };
	struct pairs p;

	(void)state;
	for (int round = 0; round < ROUNDS; round++)
		for (enum design d = 0; d < DESIGNS; d++) {
			struct paired r, t;
			bool lower = round % 2;

			draw(&p, d);
			r = paired_compare(&p.s, p.cand, p.base, lower, 0.02, 0.05, &a);
			t = paired_compare(&p.s, p.base, p.cand, lower, 0.02, 0.05, &a);
			CLOSE(r.at, -t.at, 1e-15);
			assert_true(r.binary == t.binary && r.psi == t.psi);
			if (r.binary) {
				assert_true(r.table.b == t.table.c && r.table.c == t.table.b);
				assert_true(r.table.n11 == t.table.n11 && r.table.n00 == t.table.n00);
			}
			CLOSE(r.ci.lo, -t.ci.hi, 1e-12);
			CLOSE(r.ci.hi, -t.ci.lo, 1e-12);
			CLOSE(r.ci95.lo, -t.ci95.hi, 1e-12);
			CLOSE(r.ci95.hi, -t.ci95.lo, 1e-12);
			near(r.se, t.se);
			near(r.candidate, t.baseline);
			near(r.p_regression, t.p_improvement);
			near(r.p_noninferiority, t.p_nonsuperiority);
			arena_reset(&a);
		}
	arena_free(&a);
}

static void
order_of_units_changes_nothing(void **state)
{
	struct arena a = { 0 };
	struct pairs p, q;

	(void)state;
	for (int round = 0; round < ROUNDS; round++)
		for (enum design d = 0; d < DESIGNS; d++) {
			struct paired r, t;
			struct mean m, k;

			draw(&p, d);
			permute(&p, &q);
			r = paired_compare(&p.s, p.cand, p.base, false, 0.02, 0.05, &a);
			t = paired_compare(&q.s, q.cand, q.base, false, 0.02, 0.05, &a);
			near(r.at, t.at);
			same(r.ci, t.ci);
			same(r.ci95, t.ci95);
			near(r.sd, t.sd);
			near(r.se, t.se);
			near(r.n_eff, t.n_eff);
			near(r.moved, t.moved);
			assert_true(r.nclusters == t.nclusters && r.table.b == t.table.b);
			p.s.y = p.cand;
			q.s.y = q.cand;
			m = sample_mean(&p.s, &a);
			k = sample_mean(&q.s, &a);
			near(m.at, k.at);
			near(m.se, k.se);
			near(m.df, k.df);
			arena_reset(&a);
		}
	arena_free(&a);
}

/* Copies of a unit in its own cluster are no new knowledge. */
static void
copies_in_a_cluster_change_nothing(void **state)
{
	enum { MANY = 7 };
	struct arena a = { 0 };
	struct pairs p;
	static double cand[N * MANY], base[N * MANY];
	static long cluster[N * MANY];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t k = 2 + (size_t)(uniform() * (MANY - 1)), n;
		struct sample s;
		struct paired r, t;

		draw(&p, round % 2 ? CONTINUOUS : CLUSTERED);
		n = p.s.n;
		for (size_t i = 0; i < n && round % 2; i++)
			p.cluster[i] = (long)i;
		p.s.cluster = p.cluster;
		p.s.ncluster = round % 2 ? n : GROUPS;
		for (size_t i = 0; i < n * k; i++) {
			cand[i] = p.cand[i / k];
			base[i] = p.base[i / k];
			cluster[i] = p.cluster[i / k];
		}
		s = p.s;
		s.n = n * k;
		s.cluster = cluster;
		r = paired_compare(&p.s, p.cand, p.base, false, 0.02, 0.05, &a);
		t = paired_compare(&s, cand, base, false, 0.02, 0.05, &a);
		CLOSE(r.at, t.at, 1e-15);
		CLOSE(r.se, t.se, 1e-13);
		CLOSE(r.ci.lo, t.ci.lo, 1e-12);
		CLOSE(r.ci.hi, t.ci.hi, 1e-12);
		assert_true(r.nclusters == t.nclusters);
		arena_reset(&a);
	}
	arena_free(&a);
}

/* ---- many tests ---- */

static void
adjusting_only_raises(void **state)
{
	double raw[40], holm[40], bh[40], by[40], hochberg[40], bonferroni[40];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + (size_t)(uniform() * 40);

		for (size_t i = 0; i < n; i++)
			raw[i] = uniform() < 0.2 && i > 0 ? raw[i - 1] : pow(uniform(), 4);
		memcpy(holm, raw, sizeof raw);
		memcpy(bh, raw, sizeof raw);
		memcpy(by, raw, sizeof raw);
		memcpy(hochberg, raw, sizeof raw);
		memcpy(bonferroni, raw, sizeof raw);
		adjust_holm(holm, n);
		adjust_bh(bh, n);
		adjust_by(by, n);
		adjust_hochberg(hochberg, n);
		adjust_bonferroni(bonferroni, n);
		for (size_t i = 0; i < n; i++) {
			assert_true(raw[i] <= bh[i] && bh[i] <= by[i] && by[i] <= 1);
			assert_true(bh[i] <= hochberg[i] && hochberg[i] <= holm[i]);
			assert_true(holm[i] <= bonferroni[i] && bonferroni[i] <= 1);
			for (size_t j = 0; j < n; j++)
				if (raw[i] <= raw[j])
					assert_true(holm[i] <= holm[j] && bh[i] <= bh[j] &&
					    hochberg[i] <= hochberg[j]);
		}
	}
}

/* What a stricter level rejects, a laxer one rejects; and nothing smaller than what is rejected
 * is, if something larger is not. */
static void
e_values_reject_from_the_top(void **state)
{
	double e[40];
	bool strict[40], lax[40];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + (size_t)(uniform() * 40), some, more, count = 0;
		double alpha = 0.01 + 0.2 * uniform(), least = DBL_MAX;

		for (size_t i = 0; i < n; i++)
			e[i] = uniform() < 0.2 && i > 0 ? e[i - 1] : pow(uniform(), -2) / 3;
		some = ebh_reject(e, n, alpha, strict);
		more = ebh_reject(e, n, fmin(1, alpha * (1 + 3 * uniform())), lax);
		assert_true(some <= more);
		for (size_t i = 0; i < n; i++) {
			assert_true(!strict[i] || lax[i]);
			count += strict[i];
			least = strict[i] ? fmin(least, e[i]) : least;
			/* e-BH on e is BH on 1/e, so Bonferroni's rejections are among its own. */
			assert_true(strict[i] || e[i] < (double)n / alpha);
		}
		assert_int_equal(count, some);
		assert_true(some == 0 || least >= (double)n / (alpha * (double)some) * (1 - 1e-12));
	}
}

/* ---- threads ---- */

static struct bootstrap
resample(const struct sample *s, const char *threads, struct arena *a)
{
	const struct bootstrap_plan plan = { .replicates = 400, .seed = 5, .conf = 0.9,
	    .studentized = true };
	struct bootstrap b;

	setenv("DRIFTLEAD_THREADS", threads, 1);
	b = bootstrap_mean(s, &plan, a);
	unsetenv("DRIFTLEAD_THREADS");
	return b;
}

static bool
equal(struct interval a, struct interval b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

/* Random numbers have addresses, so the number of threads changes not a bit. */
static void
threads_change_nothing(void **state)
{
	struct arena a = { 0 };
	struct pairs p;
	int known = 0;

	(void)state;
	for (int round = 0; round < ROUNDS / 4; round++) {
		struct bootstrap one, four;

		draw(&p, (enum design)(round % DESIGNS));
		p.s.y = p.cand;
		one = resample(&p.s, "1", &a);
		four = resample(&p.s, "4", &a);
		known += one.known;
		assert_true(one.known == four.known && one.at == four.at && one.se == four.se);
		assert_true(one.has_bca == four.has_bca && one.has_t == four.has_t);
		assert_true(equal(one.percentile, four.percentile) && equal(one.bca, four.bca));
		assert_true(equal(one.t, four.t) && one.z0 == four.z0);
		arena_reset(&a);
	}
	assert_true(known > ROUNDS / 10);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_contain_their_estimate),
		cmocka_unit_test(clopper_pearson_covers),
		cmocka_unit_test(means_lie_among_their_values),
		cmocka_unit_test(pairs_contain_their_estimate),
		cmocka_unit_test(swapping_the_runs_mirrors),
		cmocka_unit_test(order_of_units_changes_nothing),
		cmocka_unit_test(copies_in_a_cluster_change_nothing),
		cmocka_unit_test(adjusting_only_raises),
		cmocka_unit_test(e_values_reject_from_the_top),
		cmocka_unit_test(threads_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
