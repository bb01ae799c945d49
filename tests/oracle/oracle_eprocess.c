/*
 * oracle_eprocess.c -- e-processes of gates, confidence sequences of bounded means.
 */
#include "tests/oracle/oracle.h"

#include <math.h>

/* A member whose keys are numbers of units: the log E after each of them. */
static void
want_path(struct check *c, const char *key, const double *log_e, size_t n)
{
	json_t *path = take(c, key), *v;
	const char *at;

	json_object_foreach(path, at, v) {
		long t = 0;

		if (str_long(str_of(at), &t) && t >= 1 && (size_t)t <= n)
			compare(c, key, v, log_e[t - 1], 0);
		else
			fail(c, key, "there is no such unit");
	}
}

static void
want_first(struct check *c, const char *key, const double *log_e, size_t n, double level)
{
	size_t t = 0;

	while (t < n && log_e[t] < level)
		t++;
	want_if(c, key, t < n, (double)t + 1);
}

static void
gate(struct check *c)
{
	size_t n;
	double *d = in_reals(c, "D", &n);
	double *pass = arena_array(&c->arena, n + 1, sizeof *pass);
	double *fail_ = arena_array(&c->arena, n + 1, sizeof *fail_);
	struct eprocess p;

	eprocess_begin(&p, in_real(c, "margin"), in_real(c, "alpha"), in_long(c, "n_max"),
	    in_real(c, "psi0"));
	for (size_t i = 0; i < n; i++) {
		eprocess_add(&p, d[i]);
		pass[i] = eprocess_log_pass(&p);
		fail_[i] = eprocess_log_fail(&p);
	}
	want_reals(c, "lambda_pass", p.lambda_pass, EPROCESS_BETS, 0);
	want_reals(c, "lambda_fail", p.lambda_fail, EPROCESS_BETS, 0);
	want_path(c, "log_e_pass", pass, n);
	want_path(c, "log_e_fail", fail_, n);
	want(c, "max_log_e_pass", p.max_pass);
	want(c, "max_log_e_fail", p.max_fail);
	want_first(c, "first_t_pass_20", pass, n, log(20));
	want_first(c, "first_t_fail_20", fail_, n, log(20));
}

/* Members whose keys are numbers of units: the interval after each of them. */
static void
want_intervals(struct check *c, const char *key, double floor,
    struct interval (*after)(const double *, size_t, double, struct arena *))
{
	size_t n;
	double *x = in_reals(c, "x", &n);
	json_t *path = take(c, key), *v;
	const char *at;

	json_object_foreach(path, at, v) {
		struct interval got;
		long t = 0;

		if (!str_long(str_of(at), &t) || t < 1 || (size_t)t > n) {
			fail(c, key, "there is no such unit");
			continue;
		}
		got = after(x, (size_t)t, 1 - in_real(c, "alpha"), &c->arena);
		compare(c, key, json_array_get(v, 0), got.lo, floor);
		compare(c, key, json_array_get(v, 1), got.hi, floor);
	}
}

static struct interval
bernstein(const double *x, size_t n, double conf, struct arena *scratch)
{
	(void)scratch;
	return confseq_bernstein(x, n, conf);
}

static struct interval
hoeffding(const double *x, size_t n, double conf, struct arena *scratch)
{
	(void)scratch;
	return confseq_hoeffding(x, n, conf);
}

static void
normal_mixture(struct check *c)
{
	double conf = 1 - in_real(c, "alpha"), n_opt = in_real(c, "t_opt");

	want(c, "rho", confseq_normal_rho(n_opt, conf));
	want(c, "half_width",
	    confseq_normal_half(in_real(c, "sigma"), in_real(c, "t"), n_opt, conf));
}

void
oracle_eprocess(struct check *c)
{
	const char *kind = in_text(c, "kind");

	if (strcmp(kind, "gate") == 0) {
		gate(c);
	} else if (strcmp(kind, "confseq") == 0) {
		want_intervals(c, "empbern", 0, bernstein);
		want_intervals(c, "hoeffding", 0, hoeffding);
		/* The golden bounds lie on a grid of 0.001, the next point outwards. */
		want_intervals(c, "betting_grid1000", 1.001e-3, confseq_betting);
	} else if (strcmp(kind, "normal_mixture_halfwidth") == 0) {
		normal_mixture(c);
	}
}
