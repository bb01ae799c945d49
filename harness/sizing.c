/*
 * sizing.c -- how many cases the gates need, what the present suite can see, and a plan.
 *
 * Numbers for independent cases of equal weight come from power.c.  A suite needs more by its
 * design effect, 1 + (k - 1) ICC for k the size of the average case's cluster, and by Kish's
 * n sum w^2 / (sum w)^2 for weights; what it has counts for less by the same factors.
 */
#include "harness/sizing.h"

#include <limits.h>
#include <math.h>

/* Failures; who must allow for more asks about a rate that is not rare. */
enum { GUARDRAIL_MOST = 2000 };

double
sizing_deff(const struct sizing *z, int metric, size_t part)
{
	return 1 + fmax(z->part[part].cluster_size - 1, 0) * z->metric[metric].icc;
}

static double
design(const struct sizing *z, int metric, size_t part)
{
	return sizing_deff(z, metric, part) * z->part[part].kish;
}

static double
z_both(double alpha, double power)
{
	return -normal_quantile(alpha) + normal_quantile(power);
}

/* Tango's Z of n pairs without a flip is sqrt(n m / (1 - m)). */
static long
clean_pairs(double margin, double alpha)
{
	double q = normal_quantile(alpha);

	return margin < 1 ? (long)floor(q * q * (1 - margin) / margin) + 1 : 1;
}

static long
times(long n, double factor)
{
	double x = ceil((double)n * factor - 1e-9);

	return x < (double)(LONG_MAX / 2) ? (long)x : 0;
}

/* ---- gates ------------------------------------------------------------------------------ */

/* The chance of both of two tests, each missing with half of what the power leaves. */
static double
power_of_two(double power)
{
	return 1 - (1 - power) / 2;
}

static void
need_pairs(struct sizing *z, struct sizing_gate *g, bool relative, struct arena *a, struct err *e)
{
	const struct sizing_metric *m = &z->metric[g->metric];
	const struct sizing_spread *v = &m->spread[g->part];
	double drop = fmax(z->o.drop, 0), power = g->power;

	if (g->rule == RULE_BETTER) {
		g->why = "it takes a gain above the margin, and how large one is nobody can say before";
		return;
	}
	if (relative && !m->has_mean[g->part]) {
		g->why = "the margin is relative, and no run says to what";
		g->margin = 0;
		return;
	}
	if (relative)
		g->margin *= v->rate ? 1 - m->mean[g->part] : fabs(m->mean[g->part]);
	if (!(g->margin > 0)) {
		g->why = "the margin is relative to no errors";
		return;
	}
	if (v->rate && drop >= g->margin) {
		err_set(e, "drop %.3g %% is not below the margin of gate '%s', %.3g %%: no number of cases "
		    "shows that a loss of the margin is none", drop * 100, g->name, g->margin * 100);
		return;
	}
	if (!v->known) {
		g->why = "no two runs say how much cases differ";
		return;
	}
	if (g->rule == RULE_EQUIVALENT && !(drop > 0))
		power = power_of_two(power);
	if (v->rate) {
		g->clean = clean_pairs(g->margin, g->alpha);
		g->plain = size_noninferiority(g->margin, drop, v->var, g->alpha, power);
		if (g->plain < g->clean)
			g->plain = g->clean;
	} else {
		g->plain = size_noninferiority_mean(g->margin, 0, sqrt(v->var), g->alpha, power);
	}
	if (v->rate && v->var < drop)
		g->why = arena_fmt(a, "a drop of %.3g %% takes a discordance of at least that", drop * 100);
}

/* A rate now at `at` that must be shown to be at least `value`. */
static void
need_rate(struct sizing_gate *g, bool known, double at, double value)
{
	if (value > 0 && value < 1)
		g->clean = size_zero_failures(1 - value, 1 - g->alpha);
	if (!known)
		g->why = "no run says where the metric stands";
	else if (at <= value)
		g->why = "the newest run is not on the right side of the bound";
	else
		g->plain = size_rate_bound(at, value, g->alpha, g->power);
	if (g->why == NULL && g->plain < g->clean)
		g->plain = g->clean;
}

/* The exact test: with k failures it takes size_guardrail(k) cases, and the first k will do that as
 * few failures come in so many with the power. */
static void
need_guardrail(struct sizing_gate *g, bool known, double failing)
{
	long n;

	if (!(g->value > 0 && g->value < 1)) {
		g->why = "no number of cases proves such a bound";
		return;
	}
	g->clean = size_guardrail(0, g->value, g->alpha);
	if (!known)
		g->why = "no run says where the metric stands";
	else if (failing >= g->value)
		g->why = "the newest run is not on the right side of the bound";
	for (long k = 0; g->why == NULL && g->plain == 0 && k < GUARDRAIL_MOST; k++)
		if ((n = size_guardrail(k, g->value, g->alpha)) > 0 && binom_cdf(k, n, failing) >= g->power)
			g->plain = n;
}

static void
need_bound(struct sizing *z, struct sizing_gate *g, struct store *runs)
{
	const struct sizing_metric *m = &z->metric[g->metric];
	bool least = g->rule == RULE_AT_LEAST, known = m->has_mean[g->part];
	double at = m->mean[g->part], value = g->value;

	if (g->rule == RULE_LATENCY) {
		known = sizing_within(runs, z, g->metric, z->part[g->part].name, value, &at);
		need_rate(g, known, at, g->quantile);
	} else if (g->rule == RULE_GUARDRAIL) {
		need_guardrail(g, known, 1 - at);
	} else if (m->spread[0].rate) {
		need_rate(g, known, least ? at : 1 - at, least ? value : 1 - value);
	} else if (!known) {
		g->why = "no run says where the metric stands";
	} else if (least ? at <= value : at >= value) {
		g->why = "the newest run is not on the right side of the bound";
	} else if (!m->has_sd[g->part]) {
		g->why = "no run says how much cases differ";
	} else {
		g->plain = size_noninferiority_mean(fabs(at - value), 0, m->sd[g->part], g->alpha,
		    g->power);
	}
}

/* A guardrail counts cases as they are, and of a cluster one. */
static double
factor(const struct sizing *z, const struct sizing_gate *g)
{
	return g->rule == RULE_GUARDRAIL ? z->part[g->part].cluster_size :
	    design(z, g->metric, g->part);
}

static void
need(struct sizing *z, struct sizing_gate *g, bool relative, struct store *runs, struct arena *a,
    struct err *e)
{
	bool mean = !z->metric[g->metric].spread[0].rate && g->rule != RULE_LATENCY;

	g->deff = sizing_deff(z, g->metric, g->part);
	if (z->o.alpha > 0)
		g->alpha = z->o.alpha;
	if (z->o.power > 0)
		g->power = z->o.power;
	if (g->paired)
		need_pairs(z, g, relative, a, e);
	else
		need_bound(z, g, runs);
	if (mean && g->plain > 0 && g->plain < SIZING_MEAN_LEAST)
		g->plain = SIZING_MEAN_LEAST;
	if (g->why == NULL && (g->plain == 0 || g->plain > SIZING_MOST * 1000L))
		g->why = "more cases than anyone has";
	if (g->why == NULL)
		g->cases = times(g->plain, factor(z, g));
}

/* The suite's gates, those of one metric if one is named; and if none is no-worse, one by the
 * margin that was given. */
static void
make_gates(struct sizing *z, struct store *runs, struct arena *a, struct err *e)
{
	const struct suite *s = z->suite;
	bool no_worse = false;

	z->gate = arena_array(a, s->ngate + 1, sizeof *z->gate);
	for (size_t i = 0; i < s->ngate; i++) {
		const struct gate *g = &s->gate[i];
		struct sizing_gate *to = &z->gate[z->ngate];
		bool relative = g->relative, rate = s->metric[g->metric].scorer->scale != SCALE_REAL;

		if (z->o.metric != NULL && strcmp(s->metric[g->metric].name, z->o.metric) != 0)
			continue;
		*to = (struct sizing_gate){ .name = g->name, .rule = g->rule, .metric = g->metric,
			.paired = g->paired, .part = (size_t)(g->slice + 1), .margin = g->margin,
			.value = g->value, .quantile = g->quantile, .alpha = g->alpha, .power = g->power };
		if (g->paired && g->rule != RULE_BETTER && z->o.margin > 0) {
			to->margin = z->o.margin;
			relative = !rate;
		}
		no_worse = no_worse || g->rule == RULE_NO_WORSE;
		need(z, to, relative, runs, a, e);
		z->ngate++;
	}
	if (no_worse || z->o.margin <= 0)
		return;
	z->gate[z->ngate] = (struct sizing_gate){ .name = "no worse", .rule = RULE_NO_WORSE,
		.paired = true, .metric = z->primary, .margin = z->o.margin, .alpha = 0.05, .power = 0.8 };
	need(z, &z->gate[z->ngate++], s->metric[z->primary].scorer->scale == SCALE_REAL, runs, a, e);
}

/* ---- what can be seen ---------------------------------------------------------------------- */

static double
smallest(const struct sizing_spread *v, double n, double alpha, double power)
{
	if (n < 1)
		return 1;
	return v->rate ? mde_paired((long)n, v->var, alpha, power) :
	    z_both(alpha, power) * sqrt(v->var / n);
}

static void
make_detect(struct sizing *z, struct arena *a)
{
	size_t k = z->suite->nslice;

	z->detect = arena_array(a, k + 1, sizeof *z->detect);
	for (size_t i = 0; i <= k; i++) {
		const struct sizing_spread *v = &z->metric[z->primary].spread[i];
		struct sizing_detect *d = &z->detect[i];

		d->effective = (double)z->part[i].n / design(z, z->primary, i);
		d->known = v->known;
		if (!v->known)
			continue;
		d->mde = smallest(v, d->effective, z->alpha, z->power);
		d->holm = i ? smallest(v, d->effective, z->alpha / (double)k, z->power) : d->mde;
	}
}

/* ---- a plan ------------------------------------------------------------------------------- */

/* Variance of the weighted mean difference for n_h cases of each slice. */
static double
variance(const struct sizing *z, const double *weight, const long *n)
{
	double sum = 0;

	for (size_t h = 0; h < z->suite->nslice; h++) {
		double deff = sizing_deff(z, z->primary, h + 1) * z->part[h + 1].kish;

		if (weight[h] > 0)
			sum += weight[h] * weight[h] * deff / (double)n[h];
	}
	return sum;
}

static bool
fits(const struct sizing *z, const double *weight, const long *most, long n, double target)
{
	return allocate_wright(weight, most, z->suite->nslice, n, SIZING_SLICE_LEAST, z->plan.n) &&
	    variance(z, weight, z->plan.n) <= target;
}

/* The least n at which Wright's allocation reaches the variance that the margin asks for. */
static void
make_plan(struct sizing *z, const struct sizing_gate *g, struct arena *a)
{
	size_t k = z->suite->nslice;
	double drop = fmax(z->o.drop, 0), *weight = arena_array(a, k, sizeof *weight), sum = 0;
	double target = (g->margin - drop) / z_both(g->alpha, g->power);
	long *most = arena_array(a, k, sizeof *most), lo = SIZING_SLICE_LEAST * (long)k - 1, hi;

	z->plan.n = arena_array(a, k, sizeof *z->plan.n);
	z->plan.margin = g->margin;
	target *= target;
	for (size_t h = 0; h < k; h++) {
		const struct sizing_spread *v = &z->metric[g->metric].spread[h + 1];
		double within = v->rate ? fmax(v->var - drop * drop, 0) : v->var;

		weight[h] = z->part[h + 1].share * fmax(sqrt(within), v->rate ? 0.05 : 0);
		sum += weight[h] * sqrt(design(z, g->metric, h + 1));
		most[h] = SIZING_MOST;
	}
	if (!(sum * sum / target < SIZING_MOST)) {
		z->plan.why = "it would take more than a million cases";
		return;
	}
	for (hi = lo + 1; !fits(z, weight, most, hi, target); hi += hi / 4 + 1)
		lo = hi;
	while (hi - lo > 1) {
		long mid = lo + (hi - lo) / 2;

		if (fits(z, weight, most, mid, target))
			hi = mid;
		else
			lo = mid;
	}
	fits(z, weight, most, hi, target);
	/* Gated slices need their own number; what they have too many is weighted back. */
	for (size_t i = 0; i < z->ngate; i++)
		if (z->gate[i].part > 0 && z->gate[i].cases > z->plan.n[z->gate[i].part - 1])
			z->plan.n[z->gate[i].part - 1] = z->gate[i].cases;
	for (size_t h = 0; h < k; h++)
		z->plan.total += z->plan.n[h];
}

static const struct sizing_gate *
planned_gate(const struct sizing *z)
{
	for (size_t i = 0; i < z->ngate; i++)
		if (z->gate[i].rule == RULE_NO_WORSE && z->gate[i].part == 0 && z->gate[i].why == NULL &&
		    z->gate[i].metric == z->primary)
			return &z->gate[i];
	return NULL;
}

/* ---- all of it --------------------------------------------------------------------------- */

/* The metric that matters most: the one named, else that of the first gate on a loss, of the first
 * gate, or the first. */
static int
primary(const struct sizing *z)
{
	const struct suite *s = z->suite;

	for (size_t i = 0; z->o.metric != NULL && i < s->nmetric; i++)
		if (strcmp(s->metric[i].name, z->o.metric) == 0)
			return (int)i;
	for (size_t i = 0; i < s->ngate; i++)
		if (s->gate[i].rule == RULE_NO_WORSE && s->gate[i].slice < 0)
			return s->gate[i].metric;
	return s->ngate ? s->gate[0].metric : 0;
}

/* --from-runs: nothing that a gate on a loss, or the rest of the page, needs may be assumed. */
static void
check_seen(const struct sizing *z, int metric, size_t part, struct err *e)
{
	const struct sizing_spread *v = &z->metric[metric].spread[part];

	if (v->rate && v->from == SIZING_ASSUMED)
		err_set(e, "no two complete runs of suite '%s' can be compared by metric '%s'%s%s%s: leave "
		    "--from-runs out, or give --psi", z->suite->name, z->suite->metric[metric].name,
		    part ? " in slice '" : "", part ? z->part[part].name : "", part ? "'" : "");
}

int
sizing_make(struct sizing *z, struct store *runs, struct arena *a, struct err *e)
{
	const struct suite *s = z->suite;
	const struct sizing_gate *plan;
	int before = e->n;

	z->primary = primary(z);
	make_gates(z, runs, a, e);
	if (z->o.from_runs)
		check_seen(z, z->primary, 0, e);
	for (size_t i = 0; z->o.from_runs && i < z->ngate; i++)
		if (z->gate[i].paired && (z->gate[i].metric != z->primary ||
		    z->gate[i].part > 0))
			check_seen(z, z->gate[i].metric, z->gate[i].part, e);
	plan = planned_gate(z);
	z->alpha = z->o.alpha > 0 ? z->o.alpha : plan ? plan->alpha : 0.05;
	z->power = z->o.power > 0 ? z->o.power : plan ? plan->power : 0.8;
	make_detect(z, a);
	if (s->nslice == 0)
		z->plan.why = "the suite has no slices";
	else if (plan == NULL)
		z->plan.why = "no gate on a loss of the whole suite has a number";
	else
		make_plan(z, plan, a);
	return e->n == before ? 0 : -1;
}

bool
sizing_cost(const struct sizing *z, long n, double *usd)
{
	*usd = z->price.cost * (double)n * z->suite->repeats;
	return z->price.has_cost;
}

bool
sizing_seconds(const struct sizing *z, long n, double *seconds)
{
	double calls = (double)n * z->suite->repeats;

	*seconds = z->price.seconds * calls / (double)(z->price.slots > 0 ? z->price.slots : 1);
	if (z->price.per_minute > 0)
		*seconds = fmax(*seconds, calls * 60 / z->price.per_minute);
	return z->price.has_seconds;
}
