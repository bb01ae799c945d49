/*
 * oracle_design.c -- sampling from strata, repeated tries, agreement of raters.
 */
#include "tests/oracle/oracle.h"

#include <math.h>

static void
want_whole(struct check *c, const char *key, const long *got, size_t n)
{
	double *x = arena_array(&c->arena, n + 1, sizeof *x);

	for (size_t i = 0; i < n; i++)
		x[i] = (double)got[i];
	want_reals(c, key, x, n, 0);
}

/* The costs are printed with the answers. */
static void
want_cost_optimal(struct check *c, const double *ws, size_t nh, double n)
{
	json_t *cost = take(c, "cost");
	double *w = arena_array(&c->arena, nh, sizeof *w);
	double *out = arena_array(&c->arena, nh, sizeof *out);

	for (size_t h = 0; h < nh; h++)
		w[h] = ws[h] / sqrt(json_number_value(json_array_get(cost, h)));
	allocate_real(w, nh, n, out);
	want_reals(c, "cost_optimal", out, nh, 0);
}

void
oracle_allocation(struct check *c)
{
	size_t nh;
	double *size = in_reals(c, "N_h", &nh), *pass = in_reals(c, "pass_rate_h", &nh), var = 0;
	double *w = arena_array(&c->arena, nh, sizeof *w), *sd = arena_array(&c->arena, nh, sizeof *sd);
	double *ws = arena_array(&c->arena, nh, sizeof *ws);
	double *out = arena_array(&c->arena, nh, sizeof *out);
	long *whole = arena_array(&c->arena, nh, sizeof *whole);
	long *most = arena_array(&c->arena, nh, sizeof *most), n = in_long(c, "n");

	allocate_real(size, nh, 1, w);
	for (size_t h = 0; h < nh; h++) {
		sd[h] = stratum_sd(pass[h]);
		ws[h] = w[h] * sd[h];
		most[h] = (long)size[h];
	}
	want_reals(c, "W", w, nh, 0);
	want(c, "sd_floor", stratum_sd(1));
	want_reals(c, "sd_used", sd, nh, 0);
	allocate_real(size, nh, (double)n, out);
	want_reals(c, "proportional", out, nh, 0);
	allocate_remainder(size, nh, n, whole);
	want_whole(c, "proportional_int", whole, nh);
	allocate_real(ws, nh, (double)n, out);
	want_reals(c, "neyman", out, nh, 0);
	if (!allocate_wright(ws, most, nh, n, 2, whole))
		fail(c, "neyman_int_wright_min2", "n does not fit");
	want_whole(c, "neyman_int_wright_min2", whole, nh);
	for (size_t h = 0; h < nh; h++)
		var += whole[h] ? ws[h] * ws[h] / (double)whole[h] : 0;
	want(c, "var_wright", var);
	want_cost_optimal(c, ws, nh, (double)n);
}

void
oracle_pass_at_k(struct check *c)
{
	long n = in_long(c, "n"), k = in_long(c, "k");
	struct sample s = { 0 };
	struct mean m;
	double *y;

	if (in_has(c, "c_per_problem")) {
		s.y = y = in_reals(c, "c_per_problem", &s.n);
		for (size_t i = 0; i < s.n; i++)
			y[i] = pass_at_k(n, (long)y[i], k);
		m = sample_mean(&s, &c->arena);
		want(c, "mean_pass_at_k", m.at);
		want(c, "se", m.se);
		return;
	}
	want(c, "pass_at_k", pass_at_k(n, in_long(c, "c"), k));
	want(c, "pass_hat_k", pass_hat_k(n, in_long(c, "c"), k));
	want(c, "plugin_pass_hat_k", pow(in_real(c, "c") / (double)n, (double)k));
}

void
oracle_cohen_kappa(struct check *c)
{
	json_t *rows = json_object_get(c->case_, "table");
	size_t k = json_array_size(rows);
	double *table = arena_array(&c->arena, k * k, sizeof *table);
	struct kappa plain, linear, quadratic;
	struct chance chance;

	for (size_t i = 0; i < k * k; i++)
		table[i] = json_number_value(json_array_get(json_array_get(rows, i / k), i % k));
	plain = cohen_kappa(table, k, KAPPA_NOMINAL, &c->arena);
	linear = cohen_kappa(table, k, KAPPA_LINEAR, &c->arena);
	quadratic = cohen_kappa(table, k, KAPPA_QUADRATIC, &c->arena);
	chance = chance_agreement(table, k);
	want(c, "p_o", plain.observed);
	want(c, "p_e", plain.expected);
	want_if(c, "kappa", plain.known, plain.at);
	want_if(c, "se_kappa", plain.known, plain.se);
	want_if(c, "kappa_linear", linear.known, linear.at);
	want_if(c, "se_linear", linear.known, linear.se);
	want_if(c, "kappa_quadratic", quadratic.known, quadratic.at);
	want_if(c, "se_quadratic", quadratic.known, quadratic.se);
	want_if(c, "gwet_ac1", chance.has_ac1, chance.ac1);
	want_if(c, "scott_pi", chance.has_pi, chance.pi);
}

void
oracle_krippendorff_alpha(struct check *c)
{
	static const char *const level[] = { "nominal", "ordinal", "interval", "ratio" };
	json_t *units = json_object_get(c->case_, "units");
	size_t nunit = json_array_size(units), nrater = 0;
	struct alpha a = { 0 };
	double *x;
	bool *there;

	for (size_t u = 0; u < nunit; u++)
		if (json_array_size(json_array_get(units, u)) > nrater)
			nrater = json_array_size(json_array_get(units, u));
	x = arena_array(&c->arena, nunit * nrater, sizeof *x);
	there = arena_array(&c->arena, nunit * nrater, sizeof *there);
	for (size_t i = 0; i < nunit * nrater; i++) {
		json_t *v = json_array_get(json_array_get(units, i / nrater), i % nrater);

		there[i] = json_is_number(v);
		x[i] = json_number_value(v);
	}
	for (size_t l = 0; l < COUNT(level); l++) {
		a = krippendorff_alpha(x, there, nunit, nrater, (enum alpha_level)l, &c->arena);
		want_if(c, level[l], a.known, a.at);
	}
	want(c, "pairable_values", (double)a.ratings);
	want(c, "units_used", (double)a.units);
}
