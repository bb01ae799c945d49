/*
 * judge.c -- a release as harness/gate.c judges it: every gate by its rule, FAIL after Holm.
 */
#include "tests/simulate/simulate.h"

#include <math.h>

struct judging {
	struct paired   pair;
	struct interval ci;
	bool            bounded;
	long            failures, units;
	double          p_fail;
};

/* The pairs that a gate is about: all, or those of its slice. */
static struct sample
subject(const struct pairs *p, const struct gate *g, const double **cand, const double **base)
{
	struct sample s = p->s;
	size_t from = 0, to = s.n;

	*cand = p->cand;
	*base = p->base;
	if (g->slice < 0)
		return s;
	while (from < to && s.stratum[from] != g->slice)
		from++;
	while (to > from && s.stratum[to - 1] != g->slice)
		to--;
	*cand += from;
	*base += from;
	s.n = to - from;
	s.cluster = s.cluster != NULL ? s.cluster + from : NULL;
	s.ncluster = s.cluster != NULL ? s.ncluster : s.n;
	s.stratum = NULL;
	s.share = NULL;
	s.nstratum = 1;
	return s;
}

static void
judge_pairs(const struct sample *s, const struct gate *g, const double *cand, const double *base,
    double alpha, struct judging *j, struct arena *a)
{
	j->pair = paired_compare(s, cand, base, false, g->margin, alpha, a);
	j->p_fail = g->rule == RULE_EQUIVALENT ?
	    fmin(1, 2 * fmin(j->pair.p_regression, j->pair.p_improvement)) : j->pair.p_regression;
}

/* Guardrail: a cluster fails if any of its cases does. */
static void
count_failures(const struct sample *s, const double *cand, struct judging *j)
{
	bool failed = false;

	for (size_t i = 0; i < s->n; i++) {
		bool fresh = i == 0 || s->cluster == NULL || s->cluster[i] != s->cluster[i - 1];

		j->units += fresh;
		failed = !fresh && failed;
		j->failures += cand[i] < 1 && !failed;
		failed = failed || cand[i] < 1;
	}
}

static void
judge_bound(const struct sample *s, const struct gate *g, const double *cand, double alpha,
    struct judging *j, struct arena *a)
{
	struct sample of = *s;
	struct bound b;

	of.y = cand;
	b = mean_against(&of, g->rule == RULE_AT_LEAST, g->value, alpha, a);
	j->bounded = b.e.bounded;
	j->ci = (struct interval){ b.e.lo, b.e.hi };
	j->p_fail = b.p_wrong;
}

static struct ruling
settle(const struct judging *j, const struct gate *g, double alpha, double p)
{
	switch ((enum rule_kind)g->rule) {
	case RULE_BETTER:
		return rule_better(&j->pair, alpha, p);
	case RULE_EQUIVALENT:
		return rule_equivalent(&j->pair, g->margin, alpha, p);
	case RULE_GUARDRAIL:
		return rule_guardrail(j->failures, j->units, g->value, alpha);
	case RULE_AT_LEAST:
	case RULE_AT_MOST:
		return rule_bound(g->rule == RULE_AT_LEAST, g->value, j->bounded, j->ci, alpha, p);
	default:
		return rule_no_worse(&j->pair, g->margin, alpha, p);
	}
}

static enum verdict
release_verdict(const struct ruling *r, size_t n)
{
	enum verdict v = PASS;

	for (size_t k = 0; k < n; k++)
		if (r[k].verdict == FAIL || (v == PASS && r[k].verdict == INCONCLUSIVE))
			v = r[k].verdict;
	return v;
}

struct said
judge_release(const struct pairs *p, const struct gate *gate, size_t ngate, bool sequential,
    struct arena *a)
{
	struct judging *j = arena_array(a, ngate, sizeof *j);
	struct ruling *ruling = arena_array(a, ngate, sizeof *ruling);
	bool *decided = arena_array(a, ngate, sizeof *decided);
	double *holm = arena_array(a, ngate, sizeof *holm);
	double rest = sequential ? 1 - ANYTIME_PART : 1;
	struct said o = { .used = (long)p->s.n };
	size_t n = 0;

	if (sequential && process_run(p, gate, ngate, ruling, decided, &o.used, a)) {
		for (size_t k = 0; k < ngate; k++)
			if (!decided[k])
				ruling[k] = (struct ruling){ INCONCLUSIVE, "stopped_early" };
		o.verdict = release_verdict(ruling, ngate);
		return o;
	}
	for (size_t k = 0; k < ngate; k++) {
		const struct gate *g = &gate[k];
		const double *cand, *base;
		struct sample s = subject(p, g, &cand, &base);

		if (g->paired)
			judge_pairs(&s, g, cand, base, rest * g->alpha, &j[k], a);
		else if (g->rule == RULE_GUARDRAIL)
			count_failures(&s, cand, &j[k]);
		else
			judge_bound(&s, g, cand, rest * g->alpha, &j[k], a);
		if (g->rule != RULE_GUARDRAIL)
			holm[n++] = j[k].p_fail;
	}
	adjust_holm(holm, n);
	n = 0;
	for (size_t k = 0; k < ngate; k++) {
		double adjusted = gate[k].rule != RULE_GUARDRAIL ? holm[n++] : 1;

		if (!decided[k])
			ruling[k] = settle(&j[k], &gate[k], rest * gate[k].alpha, adjusted);
	}
	o.verdict = release_verdict(ruling, ngate);
	return o;
}
