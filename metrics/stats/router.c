/*
 * router.c -- ask the cheap rung, and the strong one where the cheap one is not sure.
 *
 * A threshold that was chosen on some units looks better there than it is, so it is chosen on one
 * half and reported on the other.
 */
#include "metrics/stats/stats.h"

#include <float.h>
#include <stdlib.h>

enum { THRESHOLDS = 101 };

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* What the units get when those below the threshold are escalated. */
struct policy { double *y, *cost, *seconds, *escalated; };

static struct policy
policy_room(size_t n, struct arena *a)
{
	return (struct policy){ arena_array(a, n, sizeof(double)), arena_array(a, n, sizeof(double)),
		arena_array(a, n, sizeof(double)), arena_array(a, n, sizeof(double)) };
}

static struct rung
route(struct policy *p, const struct rung *cheap, const struct rung *strong,
    const double *confidence, double threshold, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool up = confidence[i] == -DBL_MAX || confidence[i] < threshold;
		bool never = cheap->seconds[i] == DBL_MAX || (up && strong->seconds[i] == DBL_MAX);

		p->escalated[i] = up;
		p->y[i] = up ? strong->y[i] : cheap->y[i];
		p->cost[i] = cheap->cost[i] + (up ? strong->cost[i] : 0);
		p->seconds[i] = never ? DBL_MAX : cheap->seconds[i] + (up ? strong->seconds[i] : 0);
	}
	return (struct rung){ p->y, p->cost, p->seconds };
}

/* Quantiles of the confidences that there are, and one above all of them. */
static size_t
thresholds(const double *confidence, size_t n, double *out, struct arena *scratch)
{
	double *sorted = arena_array(scratch, n, sizeof *sorted);
	size_t have = 0, k = 0;

	for (size_t i = 0; i < n; i++)
		if (confidence[i] != -DBL_MAX)
			sorted[have++] = confidence[i];
	qsort(sorted, have, sizeof *sorted, ascending);
	for (size_t q = 0; q < THRESHOLDS - 1 && have > 0; q++) {
		double at = sorted[q * have / (THRESHOLDS - 1)];

		if (k == 0 || at > out[k - 1])
			out[k++] = at;
	}
	out[k++] = DBL_MAX;
	return k;
}

static double
choose_threshold(const struct sample *s, const struct rung *cheap, const struct rung *strong,
    const double *confidence, const struct ladder_rules *rules, struct arena *scratch)
{
	struct policy p = policy_room(s->n, scratch);
	double at[THRESHOLDS];
	size_t n = thresholds(confidence, s->n, at, scratch);
	struct rung_result result[THRESHOLDS];
	struct arena inner = { 0 };
	bool met;
	int best;

	for (size_t k = 0; k < n; k++) {
		struct rung r = route(&p, cheap, strong, confidence, at[k], s->n);

		arena_reset(&inner);
		result[k] = rung_judge(s, &r, rules, &inner);
	}
	arena_free(&inner);
	best = ladder_choose(result, n, &met);
	return best < 0 ? DBL_MAX : at[best];
}

static struct estimate
cost_change(const struct sample *design, const double *policy, const double *pure,
    struct arena *scratch)
{
	double *d = arena_array(scratch, design->n, sizeof *d);
	struct sample s = *design;

	for (size_t i = 0; i < s.n; i++)
		d[i] = policy[i] - pure[i];
	s.y = d;
	s.binary = false;
	s.unbounded = true;
	return sample_estimate(&s, 0.95, scratch);
}

static void
report(struct router *x, const struct sample *s, const struct rung *cheap,
    const struct rung *strong, const double *confidence, const struct ladder_rules *rules,
    struct arena *scratch)
{
	struct policy p = policy_room(s->n, scratch);
	struct rung r = route(&p, cheap, strong, confidence, x->threshold, s->n);
	struct sample escalated = *s;

	x->policy = rung_judge(s, &r, rules, scratch);
	x->cheap = rung_judge(s, cheap, rules, scratch);
	x->strong = rung_judge(s, strong, rules, scratch);
	escalated.y = p.escalated;
	escalated.binary = true;
	x->escalated = sample_estimate(&escalated, 0.95, scratch);
	x->against_cheap = paired_compare(s, r.y, cheap->y, false, rules->margin, rules->alpha,
	    scratch);
	x->against_strong = paired_compare(s, r.y, strong->y, false, rules->margin, rules->alpha,
	    scratch);
	x->cost_against_cheap = cost_change(s, r.cost, cheap->cost, scratch);
	x->cost_against_strong = cost_change(s, r.cost, strong->cost, scratch);
}

struct router
router_judge(const struct sample *design, const struct rung *cheap, const struct rung *strong,
    const double *confidence, const bool *held, const struct ladder_rules *rules, struct arena *a)
{
	struct router x = { .threshold = DBL_MAX };
	struct sample s[2];
	struct rung c[2], t[2];
	double *sure[2];
	bool any = false;

	for (int h = 0; h < 2; h++) {
		s[h] = sample_part(design, held, h == 1, a);
		c[h] = rung_part(cheap, held, h == 1, design->n, a);
		t[h] = rung_part(strong, held, h == 1, design->n, a);
		sure[h] = values_part(confidence, held, h == 1, design->n, a);
	}
	for (size_t i = 0; i < design->n; i++)
		any = any || confidence[i] != -DBL_MAX;
	x.n_chosen_on = (long)s[0].n;
	x.known = any && s[0].n > 0 && s[1].n > 0;
	if (!x.known)
		return x;
	x.threshold = choose_threshold(&s[0], &c[0], &t[0], sure[0], rules, a);
	report(&x, &s[1], &c[1], &t[1], sure[1], rules, a);
	return x;
}
