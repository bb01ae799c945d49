/*
 * betting.c -- cases in rounds, and the bets of gates on them.
 *
 * The hybrid rule: a betting e-process may decide at any round at a fifth of alpha; what is left
 * is for the usual test, once all cases are answered.  By the union bound a gate errs with
 * probability alpha at most (driftlead-gates(7)).  The order must be random: stored by topic, a
 * suite whose first topic gained would let a loss of the margin pass most of the time.
 */
#include "harness/betting.h"

#include <math.h>
#include <stdlib.h>

enum { LOOK_FROM = 50 };                         /* rounds before the first decision */
#define PLANNED_PSI 0.16                         /* discordance; a bad guess costs power only */
#define PLANNED_ICC 0.3

/* ---- rounds --------------------------------------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->stratum != y->stratum)
		return x->stratum < y->stratum ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->unit != y->unit)
		return x->unit < y->unit ? -1 : 1;
	return x->row < y->row ? -1 : 1;
}

static int
by_round(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->round != y->round ? (x->round < y->round ? -1 : 1) : by_number(a, b);
}

static void
count_strata(struct rounds *r, const double *share)
{
	for (size_t i = 0; i < r->n; i++) {
		struct place *p = &r->place[i];
		struct round_stratum *h = &r->stratum[p->stratum];
		bool same = i > 0 && p[-1].unit == p->unit && p[-1].stratum == p->stratum;

		h->nunit += !same;
		h->ncase++;
		h->weight += p->weight;
	}
	for (size_t k = 0; k < r->nstratum; k++) {
		struct round_stratum *h = &r->stratum[k];

		h->share = share != NULL ? share[k] : 1;
		if (h->nunit > 0 && (r->nround == 0 || h->nunit < r->nround))
			r->nround = h->nunit;
	}
}

/* Shares of the strata that have cases, and each case's part of the mean of its round. */
static void
weigh(struct rounds *r, bool shared)
{
	double present = 0;

	for (size_t k = 0; k < r->nstratum; k++)
		present += r->stratum[k].nunit > 0 ? r->stratum[k].share : 0;
	for (size_t i = 0; i < r->n; i++) {
		struct place *p = &r->place[i];
		const struct round_stratum *h = &r->stratum[p->stratum];

		p->pull = h->share / present * (double)r->nround * p->weight / h->weight;
	}
	r->moved = shared ? 1 - present : 0;
}

void
rounds_deal(struct rounds *r, const double *share, size_t nstratum, struct arena *a)
{
	long k = 0;

	r->stratum = arena_array(a, nstratum, sizeof *r->stratum);
	r->nstratum = nstratum;
	qsort(r->place, r->n, sizeof *r->place, by_number);
	count_strata(r, share);
	for (size_t i = 0; i < r->n; i++) {
		struct place *p = &r->place[i];

		if (i == 0 || p[-1].stratum != p->stratum)
			k = 0;
		else
			k += p[-1].unit != p->unit;
		p->round = (int)(k * r->nround / r->stratum[p->stratum].nunit);
	}
	qsort(r->place, r->n, sizeof *r->place, by_round);
	weigh(r, share != NULL);
}

/* The variance of a round's difference as it is planned: pairs of discordance psi. */
static double
round_variance(const struct rounds *r, double psi)
{
	double var = 0;

	for (size_t k = 0; k < r->nstratum; k++) {
		const struct round_stratum *h = &r->stratum[k];
		double size, units;

		if (h->nunit == 0)
			continue;
		size = (double)h->ncase / (double)h->nunit;
		units = (double)h->nunit / (double)r->nround;
		var += h->share * h->share * psi * (1 + (size - 1) * PLANNED_ICC) / size / units;
	}
	return var;
}

/* ---- the bets ------------------------------------------------------------------------------- */

static double
anytime_alpha(const struct gate *g)
{
	return ANYTIME_PART * g->alpha;
}

double
betting_gain(const struct gate *g, bool lower_is_better, double now, double then)
{
	double d = g->paired ? now - then : now - g->value;

	if (g->rule == RULE_LATENCY)
		return (now <= g->value) - g->quantile;
	if (g->rule == RULE_GUARDRAIL)
		return g->value - (now < 1);
	return g->rule == RULE_AT_MOST || (g->paired && lower_is_better) ? -d : d;
}

static double
planned_variance(const struct gate *g)
{
	double p = g->rule == RULE_LATENCY ? g->quantile : g->value;

	return g->paired ? PLANNED_PSI : fmax(p * (1 - p), 0.0475);
}

static bool
ends(const struct betting *b, const struct rounds *r, size_t i)
{
	const struct place *p = &r->place[i];

	return i + 1 == r->n || (b->by_unit ? p[1].unit != p->unit : p[1].round != p->round);
}

/* The largest sum of pulls that a round, or a unit of the slice, will have. */
static double
largest(const struct rounds *r, const struct betting *b, long *nunit, long *ncase)
{
	double most = 0, sum = 0;

	*nunit = *ncase = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct place *p = &r->place[i];

		if (i > 0 && ends(b, r, i - 1))
			sum = 0;
		if (b->gate->slice >= 0 && p->slice != b->gate->slice)
			continue;
		*nunit += sum == 0;
		++*ncase;
		sum += b->by_unit ? p->weight : p->pull;
		most = fmax(most, sum);
	}
	return most;
}

void
betting_begin(struct betting *b, const struct gate *g, double margin, const struct rounds *r)
{
	double var = planned_variance(g), size;
	long nunit, ncase;

	*b = (struct betting){ .gate = g,
		.by_unit = g->slice >= 0 || g->rule == RULE_GUARDRAIL };
	b->scale = largest(r, b, &nunit, &ncase);
	margin = g->rule == RULE_BETTER ? -g->margin : g->paired ? margin : 0;
	b->can_bet = b->scale > 0 && margin < 1 &&
	    (margin > 0 || !g->paired || g->rule == RULE_BETTER);
	if (!b->can_bet)
		return;
	size = (double)ncase / (double)nunit;
	if (b->by_unit)
		var *= (1 + (size - 1) * PLANNED_ICC) / size;
	else
		var = round_variance(r, var);
	eprocess_begin(&b->up, margin, anytime_alpha(g), nunit, var);
	eprocess_begin(&b->mirrored, fmax(margin, 0), anytime_alpha(g), nunit, var);
}

void
betting_free(struct betting *b)
{
	mem_free(b->d);
	mem_free(b->weight);
}

void
betting_take(struct betting *b, const struct place *p, double gain, bool missing)
{
	double pull = b->by_unit ? p->weight : p->pull;

	b->ncase++;
	b->nmissing += missing;
	b->gained += pull * gain;
	b->pulled += pull;
}

/* Ends a round, or a unit: what its cases gained on average is one bet. */
static void
close_round(struct betting *b)
{
	double d, weight = b->pulled / b->scale;

	if (b->can_bet && b->pulled > 0) {
		d = b->gained / b->pulled;
		eprocess_add_weighted(&b->up, d, weight);
		if (b->gate->rule == RULE_EQUIVALENT)
			eprocess_add_weighted(&b->mirrored, -d, weight);
		b->d = mem_grow(b->d, &b->cap, b->n + 1, sizeof *b->d);
		b->weight = mem_grow(b->weight, &b->cap_weight, b->n + 1, sizeof *b->weight);
		b->d[b->n] = d;
		b->weight[b->n++] = weight;
	}
	b->gained = b->pulled = 0;
}

static const char *
reason(const struct gate *g, enum verdict v)
{
	static const char *const name[][2] = {
		[RULE_AT_LEAST] = { "bound_met", "bound_missed" },
		[RULE_AT_MOST] = { "bound_met", "bound_missed" },
		[RULE_NO_WORSE] = { "non_inferior", "regression" },
		[RULE_BETTER] = { "superior", "worse" },
		[RULE_EQUIVALENT] = { "equivalent", "different" },
		[RULE_GUARDRAIL] = { "guardrail_holds", "guardrail_violated" },
		[RULE_LATENCY] = { "latency_met", "latency_missed" },
	};

	return name[g->rule][v == FAIL];
}

/* nfail: how many gates can fail, which their e-values are corrected for. */
static void
decide_bet(struct betting *b, size_t nfail)
{
	const struct gate *g = b->gate;
	double alpha = anytime_alpha(g), mean = b->up.sum / b->up.weight;
	double pass = eprocess_log_pass(&b->up), fail = eprocess_log_fail(&b->up);
	double among = g->rule == RULE_GUARDRAIL || g->advisory ? 1 : (double)nfail;
	bool far = !g->paired || g->rule == RULE_BETTER || mean <= -b->up.margin;

	/* So much silence makes the gate INVALID, and an outage is no loss of the model's. */
	if (b->decided || b->n < LOOK_FROM ||
	    (double)b->nmissing > g->unanswered * (double)b->ncase)
		return;
	if (g->rule == RULE_EQUIVALENT) {
		pass = fmin(b->up.max_pass, b->mirrored.max_pass);
		fail = fmax(fail, eprocess_log_fail(&b->mirrored)) - log(2);
		far = fabs(mean) >= b->up.margin;
	}
	if (pass >= -log(alpha))
		b->ruling = (struct ruling){ PASS, reason(g, PASS) };
	else if (fail >= log(among / alpha) && far)
		b->ruling = (struct ruling){ FAIL, reason(g, FAIL) };
	else
		return;
	b->decided = true;
}

bool
betting_look(struct betting *bet, size_t ngate, const struct rounds *r, size_t i)
{
	bool all = true, failed = false;
	size_t nfail = 0;

	for (size_t k = 0; k < ngate; k++) {
		const struct gate *g = bet[k].gate;

		nfail += bet[k].can_bet && !g->advisory && g->rule != RULE_GUARDRAIL;
		if (ends(&bet[k], r, i))
			close_round(&bet[k]);
	}
	if (i + 1 < r->n && r->place[i + 1].round == r->place[i].round)
		return false;
	for (size_t k = 0; k < ngate; k++) {
		struct betting *b = &bet[k];

		if (b->can_bet)
			decide_bet(b, nfail);
		if (b->gate->advisory)
			continue;
		failed = failed || (b->decided && b->ruling.verdict == FAIL);
		all = all && b->decided;
	}
	return failed || all;
}

/* ---- what was decided ----------------------------------------------------------------------- */

/* Plain flips are counted, which spares the walk through all of them. */
static struct interval
confidence_sequence(const struct betting *b)
{
	double conf = 1 - 2 * b->gate->alpha;
	long worse = 0, better = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->weight[i] != 1 || (b->d[i] != 0 && fabs(b->d[i]) != 1))
			return eprocess_interval(&b->up, b->d, b->weight, b->n, conf);
		worse += b->d[i] < 0;
		better += b->d[i] > 0;
	}
	return eprocess_interval_counts(&b->up, worse, better, (long)b->n, conf);
}

struct judged_stop
betting_stop(const struct betting *b)
{
	struct judged_stop s = { .known = b->can_bet && b->n > 0, .decided = b->decided };
	double bound = b->gate->value;
	struct interval ci;

	if (!s.known)
		return (struct judged_stop){ .known = false };
	s.log_e_pass = b->up.max_pass;
	s.log_e_fail = b->up.max_fail;
	s.log_e_pass_end = eprocess_log_pass(&b->up);
	s.log_e_fail_end = eprocess_log_fail(&b->up);
	if (b->gate->rule == RULE_EQUIVALENT) {
		s.log_e_pass = fmin(s.log_e_pass, b->mirrored.max_pass);
		s.log_e_pass_end = fmin(s.log_e_pass_end, eprocess_log_pass(&b->mirrored));
		s.log_e_fail = fmax(s.log_e_fail, b->mirrored.max_fail);
		s.log_e_fail_end = fmax(s.log_e_fail_end, eprocess_log_fail(&b->mirrored));
	}
	ci = confidence_sequence(b);
	s.cs = ci;
	if (b->gate->rule == RULE_AT_LEAST)
		s.cs = (struct interval){ bound + ci.lo, bound + ci.hi };
	else if (b->gate->rule == RULE_AT_MOST || b->gate->rule == RULE_GUARDRAIL)
		s.cs = (struct interval){ bound - ci.hi, bound - ci.lo };
	else if (b->gate->rule == RULE_LATENCY)
		s.cs = (struct interval){ b->gate->quantile + ci.lo, b->gate->quantile + ci.hi };
	return s;
}
