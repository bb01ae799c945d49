/* test_rules.c -- the rules of gates, at their edges. */
#include "metrics/stats/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct paired
pairs(long n11, long b, long c, long n00, double margin)
{
	struct arena a = { 0 };
	size_t n = (size_t)(n11 + b + c + n00), k = 0;
	double *cand = arena_array(&a, n, sizeof *cand), *base = arena_array(&a, n, sizeof *base);
	struct sample x = { .n = n, .nstratum = 1, .ncluster = n, .binary = true };
	struct paired p;

	for (long i = 0; i < n11; i++, k++)
		cand[k] = base[k] = 1;
	for (long i = 0; i < b; i++, k++)
		base[k] = 1;
	for (long i = 0; i < c; i++, k++)
		cand[k] = 1;
	p = paired_compare(&x, cand, base, false, margin, 0.05, &a);
	arena_free(&a);
	return p;
}

static void
is(struct ruling r, enum verdict v, const char *reason)
{
	assert_int_equal(r.verdict, v);
	assert_string_equal(r.reason, reason);
}

static void
test_no_worse(void **state)
{
	struct paired p = pairs(133, 0, 0, 0, 0.02);

	(void)state;
	/* Without a flip it takes 133 pairs at 2 points, and 132 are too few. */
	is(rule_no_worse(&p, 0.02, 0.05, 1), PASS, "non_inferior");
	p = pairs(132, 0, 0, 0, 0.02);
	is(rule_no_worse(&p, 0.02, 0.05, 1), INCONCLUSIVE, "too_few_cases");
	p = pairs(800, 60, 20, 120, 0.02);
	is(rule_no_worse(&p, 0.02, 0.05, p.p_regression), FAIL, "regression");
	is(rule_no_worse(&p, 0.02, 0.05, 0.05), INCONCLUSIVE, "loss_within_margin");
	/* Worse beyond doubt, but by less than the margin: no reason to block. */
	p = pairs(8000, 150, 50, 1800, 0.02);
	is(rule_no_worse(&p, 0.02, 0.05, p.p_regression), PASS, "non_inferior_with_loss");
	p = pairs(0, 0, 0, 0, 0.02);
	is(rule_no_worse(&p, 0.02, 0.05, 1), INCONCLUSIVE, "no_interval");
}

static void
test_better(void **state)
{
	struct paired p = pairs(800, 20, 60, 120, 0);

	(void)state;
	is(rule_better(&p, 0.05, p.p_regression), PASS, "superior");
	/* The score test at 0 is McNemar's without correction. */
	assert_true(fabs(p.p_superiority - normal_sf(40 / sqrt(80))) < 1e-12);
	assert_true(p.ci.lo > 0);
	p = pairs(800, 20, 60, 120, 0.04);
	is(rule_better(&p, 0.05, p.p_regression), INCONCLUSIVE, "no_demonstrated_gain");
	p = pairs(800, 60, 20, 120, 0);
	is(rule_better(&p, 0.05, p.p_regression), FAIL, "worse");
	p = pairs(800, 0, 0, 200, 0);
	is(rule_better(&p, 0.05, p.p_regression), INCONCLUSIVE, "no_demonstrated_gain");
}

static void
test_equivalent(void **state)
{
	struct paired p = pairs(900, 10, 10, 80, 0.02);

	(void)state;
	is(rule_equivalent(&p, 0.02, 0.05, 1), PASS, "equivalent");
	assert_true(p.ci.lo > -0.02 && p.ci.hi < 0.02);
	assert_true(fabs(p.p_noninferiority - p.p_nonsuperiority) < 1e-12);
	p = pairs(800, 20, 60, 120, 0.02);
	is(rule_equivalent(&p, 0.02, 0.05, 2 * p.p_improvement), FAIL, "different");
	p = pairs(80, 2, 2, 16, 0.02);
	is(rule_equivalent(&p, 0.02, 0.05, 1), INCONCLUSIVE, "equivalence_open");
}

/* 0 in 299, 1 in 473 and 2 in 628 prove 1 %; one case less does not. */
static void
test_guardrail(void **state)
{
	static const long least[] = { 299, 473, 628 };

	(void)state;
	for (long x = 0; x < 3; x++) {
		is(rule_guardrail(x, least[x], 0.01, 0.05), PASS, "guardrail_holds");
		is(rule_guardrail(x, least[x] - 1, 0.01, 0.05), INCONCLUSIVE, "guardrail_open");
		assert_int_equal(size_guardrail(x, 0.01, 0.05), least[x]);
	}
	is(rule_guardrail(0, 0, 0.01, 0.05), INCONCLUSIVE, "guardrail_open");
	is(rule_guardrail(10, 300, 0.01, 0.05), FAIL, "guardrail_violated");
	is(rule_guardrail(300, 300, 0.01, 0.05), FAIL, "guardrail_violated");
}

static void
test_bound(void **state)
{
	struct interval ci = { 0.80, 0.90 };

	(void)state;
	is(rule_bound(true, 0.80, true, ci, 0.05, 1), PASS, "bound_met");
	is(rule_bound(false, 0.90, true, ci, 0.05, 1), PASS, "bound_met");
	is(rule_bound(true, 0.85, true, ci, 0.05, 0), INCONCLUSIVE, "interval_covers_bound");
	is(rule_bound(true, 0.95, true, ci, 0.05, 0.01), FAIL, "bound_missed");
	is(rule_bound(true, 0.95, true, ci, 0.05, 0.05), INCONCLUSIVE, "multiplicity");
	is(rule_bound(true, 0.95, false, ci, 0.05, 0), INCONCLUSIVE, "no_interval");
}

#define NEAR(got, want, tol) assert_true(fabs((got) - (want)) <= (tol))

/* A plain rate is bounded exactly: 172 of 200 against 80 % and 90 %. */
static void
test_plain_rate_against(void **state)
{
	struct arena a = { 0 };
	double y[200] = { 0 };
	struct sample s = { .y = y, .n = 200, .nstratum = 1, .ncluster = 200, .binary = true };
	struct interval ci = rate_clopper_pearson(172, 200, 0.9);
	struct bound b;

	(void)state;
	for (int i = 0; i < 172; i++)
		y[i] = 1;
	b = mean_against(&s, true, 0.9, 0.05, &a);
	assert_string_equal(b.e.method, "clopper-pearson");
	NEAR(b.e.lo, ci.lo, 1e-12);
	NEAR(b.e.hi, ci.hi, 1e-12);
	NEAR(b.p_wrong, binom_cdf(172, 200, 0.9), 1e-12);
	b = mean_against(&s, false, 0.8, 0.05, &a);
	NEAR(b.p_wrong, binom_sf(171, 200, 0.8), 1e-12);
	arena_free(&a);
}

/* Ten documents of two equal cases, eight right: as 10 cases, and somewhat fewer, since the
 * variance of a rate that a test stands on has one document more. */
static void
test_documents_against(void **state)
{
	struct arena a = { 0 };
	double y[20], n, t;
	long cluster[20];
	struct sample s = { .y = y, .n = 20, .nstratum = 1, .cluster = cluster, .ncluster = 10,
		.binary = true };
	struct bound b;

	(void)state;
	for (int i = 0; i < 20; i++) {
		cluster[i] = i / 2;
		y[i] = i < 16;
	}
	/* CR2: residuals 8 of 0.4 and 2 of -1.6; sum of squares 6.4, by 0.9, by 20^2; df 9. */
	t = t_quantile(0.05, 19) / t_quantile(0.05, 9);
	n = 0.8 * 0.2 / (6.4 / 0.9 / 400 * 1.1) * t * t;
	b = mean_against(&s, true, 0.9, 0.05, &a);
	assert_string_equal(b.e.method, "korn-graubard");
	assert_true(n < 10);
	NEAR(b.e.lo, beta_quantile(0.05, 0.8 * n, 0.2 * n + 1), 1e-12);
	NEAR(b.p_wrong, beta_sf(0.9, 0.8 * n + 1, 0.2 * n), 1e-12);
	/* All right: the exact bound on ten documents. */
	for (int i = 0; i < 20; i++)
		y[i] = 1;
	b = mean_against(&s, false, 0.7, 0.05, &a);
	NEAR(b.e.lo, pow(0.05, 0.1), 1e-12);
	NEAR(b.p_wrong, pow(0.7, 10), 1e-12);
	arena_free(&a);
}

/* Two slices of four pairs and one loss: each has one changed pair more in its sum of squares. */
static void
test_slices_have_one_unit_more(void **state)
{
	static const double base[8] = { 1, 1, 1, 1, 1, 1, 1, 1 }, cand[8] = { 0, 1, 1, 1, 1, 1, 1, 1 };
	static const double share[2] = { 0.5, 0.5 };
	static const int stratum[8] = { 0, 0, 0, 0, 1, 1, 1, 1 };
	struct arena a = { 0 };
	struct sample s = { .n = 8, .nstratum = 2, .stratum = stratum, .share = share, .ncluster = 8,
		.binary = true };
	double v[2] = { 0.25 * (0.75 + 1) / 3 / 4, 0.25 * 1.0 / 3 / 4 }, var = v[0] + v[1];
	double df = var * var / ((v[0] * v[0] + v[1] * v[1]) / 3);
	struct paired p = paired_compare(&s, cand, base, false, 0.02, 0.05, &a);

	(void)state;
	NEAR(p.at, -0.125, 1e-12);
	NEAR(p.se, sqrt(var), 1e-12);
	NEAR(p.p_regression, t_cdf(-0.125 / sqrt(var), df), 1e-12);
	arena_free(&a);
}

static void
test_shrink(void **state)
{
	static const double x[] = { 0.02, -0.10, 0.01, 0.03 }, v[] = { 1e-3, 1e-3, 1e-3, 1e-3 };
	static const double same[] = { 0.01, 0.01, 0.01, 0.01 };
	double out[4], tau2 = shrink(x, v, 4, out);

	(void)state;
	/* Equal variances: Q = sum (x - mean)^2 / v, tau^2 = v (Q - 3) / 3. */
	assert_true(fabs(tau2 - (0.0110 / 3 - 1e-3)) < 1e-12);
	for (int i = 0; i < 4; i++)
		assert_true(fabs(out[i] + 0.01) < fabs(x[i] + 0.01));
	assert_true(shrink(same, v, 4, out) == 0);
	assert_true(fabs(out[2] - 0.01) < 1e-15);
	assert_true(shrink(x, v, 0, out) == 0);
	assert_true(shrink(x, v, 1, out) == 0 && out[0] == x[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_worse), cmocka_unit_test(test_better),
		cmocka_unit_test(test_equivalent), cmocka_unit_test(test_guardrail),
		cmocka_unit_test(test_bound), cmocka_unit_test(test_shrink),
		cmocka_unit_test(test_plain_rate_against), cmocka_unit_test(test_documents_against),
		cmocka_unit_test(test_slices_have_one_unit_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
