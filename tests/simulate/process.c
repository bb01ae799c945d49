/*
 * process.c -- looking after every round, as harness/sequence.c does with a store.
 *
 * Stakes, rounds, weights and the conditions of PASS and FAIL are those of that file, whose
 * cases come from a database; here they come from pairs.  A change there belongs here, too.
 */
#include "tests/simulate/simulate.h"

#include <math.h>

enum { LOOK_FROM = 50 };
#define PLANNED_PSI 0.16
#define PLANNED_ICC 0.3

struct unit_of { size_t from, to; };            /* cases */
struct stratum { size_t first, nunit, at; long ncase; double share; };

struct betting {
	const struct gate *gate;
	bool            by_unit;
	struct eprocess up, mirrored;
	double          scale, gained, pulled;
	long            n;
};

struct process {
	const struct pairs *p;
	struct unit_of *unit;
	struct stratum *stratum;
	size_t          nunit, nstratum, rounds;
	struct betting *bet;
	const struct gate *gate;
	size_t          ngate, nfail;
	long            used;
};

static int
stratum_of(const struct process *q, size_t i)
{
	return q->p->s.share != NULL ? q->p->s.stratum[i] : 0;
}

/* Units, strata, and as many rounds as the smallest stratum has units. */
static void
deal(struct process *q, struct arena *a)
{
	const struct sample *s = &q->p->s;

	q->nstratum = s->share != NULL ? s->nstratum : 1;
	q->stratum = arena_array(a, q->nstratum, sizeof *q->stratum);
	q->unit = arena_array(a, s->n, sizeof *q->unit);
	for (size_t i = 0; i < s->n; i++) {
		struct stratum *h = &q->stratum[stratum_of(q, i)];
		bool same = i > 0 && s->cluster != NULL && s->cluster[i] == s->cluster[i - 1];

		if (!same) {
			if (h->nunit++ == 0)
				h->first = q->nunit;
			q->unit[q->nunit++].from = i;
		}
		q->unit[q->nunit - 1].to = i + 1;
		h->ncase++;
	}
	for (size_t h = 0; h < q->nstratum; h++) {
		q->stratum[h].share = s->share != NULL ? s->share[h] : 1;
		if (q->rounds == 0 || q->stratum[h].nunit < q->rounds)
			q->rounds = q->stratum[h].nunit;
	}
}

/* A case's part of the mean of its round. */
static double
pull(const struct process *q, size_t i)
{
	const struct stratum *h = &q->stratum[stratum_of(q, i)];

	return h->share * (double)q->rounds / (double)h->ncase;
}

static bool
concerns(const struct process *q, const struct betting *b, size_t i)
{
	return b->gate->slice < 0 || q->p->s.stratum[i] == b->gate->slice;
}

/* The next unit of the round that is open, in the order of strata; NULL: the round is over. */
static const struct unit_of *
next_unit(struct process *q, size_t round)
{
	for (size_t k = 0; k < q->nstratum; k++) {
		struct stratum *h = &q->stratum[k];

		if (h->at < h->nunit && h->at * q->rounds / h->nunit == round)
			return &q->unit[h->first + h->at++];
	}
	return NULL;
}

/* The largest sum of pulls that a round, or a unit, will have. */
static double
largest(struct process *q, const struct betting *b, long *nunit, long *ncase)
{
	const struct unit_of *u;
	double most = 0;

	*nunit = *ncase = 0;
	for (size_t r = 0; r < q->rounds; r++) {
		double sum = 0;

		while ((u = next_unit(q, r)) != NULL) {
			if (b->by_unit)
				sum = 0;
			for (size_t i = u->from; i < u->to; i++) {
				if (!concerns(q, b, i))
					continue;
				*nunit += sum == 0;
				++*ncase;
				sum += b->by_unit ? 1 : pull(q, i);
			}
			most = fmax(most, sum);
		}
	}
	for (size_t h = 0; h < q->nstratum; h++)
		q->stratum[h].at = 0;
	return most;
}

static double
round_variance(const struct process *q, double psi)
{
	double var = 0;

	for (size_t h = 0; h < q->nstratum; h++) {
		const struct stratum *s = &q->stratum[h];
		double size = (double)s->ncase / (double)s->nunit;
		double units = (double)s->nunit / (double)q->rounds;

		var += s->share * s->share * psi * (1 + (size - 1) * PLANNED_ICC) / size / units;
	}
	return var;
}

static void
begin_betting(struct process *q, struct betting *b, const struct gate *g)
{
	double alpha = ANYTIME_PART * g->alpha, size, margin;
	double var = g->paired ? PLANNED_PSI : fmax(g->value * (1 - g->value), 0.0475);
	long nunit, ncase;

	*b = (struct betting){ .gate = g, .by_unit = g->slice >= 0 || g->rule == RULE_GUARDRAIL };
	margin = g->rule == RULE_BETTER ? -g->margin : g->paired ? g->margin : 0;
	b->scale = largest(q, b, &nunit, &ncase);
	size = (double)ncase / (double)nunit;
	if (b->by_unit)
		var *= (1 + (size - 1) * PLANNED_ICC) / size;
	else
		var = round_variance(q, var);
	eprocess_begin(&b->up, margin, alpha, nunit, var);
	eprocess_begin(&b->mirrored, fmax(margin, 0), alpha, nunit, var);
	q->nfail += !g->advisory && g->rule != RULE_GUARDRAIL;
}

static double
gain(const struct process *q, const struct gate *g, size_t i)
{
	if (g->rule == RULE_GUARDRAIL)
		return g->value - (q->p->cand[i] < 1);
	if (!g->paired)
		return g->rule == RULE_AT_MOST ? g->value - q->p->cand[i] : q->p->cand[i] - g->value;
	return q->p->cand[i] - q->p->base[i];
}

static void
take(struct process *q, struct betting *b, const struct unit_of *u)
{
	for (size_t i = u->from; i < u->to; i++)
		if (concerns(q, b, i)) {
			double part = b->by_unit ? 1 : pull(q, i);

			b->gained += part * gain(q, b->gate, i);
			b->pulled += part;
		}
}

static void
close_round(struct betting *b)
{
	double weight = b->pulled / b->scale;

	if (b->pulled > 0) {
		double d = b->gained / b->pulled;

		eprocess_add_weighted(&b->up, d, weight);
		if (b->gate->rule == RULE_EQUIVALENT)
			eprocess_add_weighted(&b->mirrored, -d, weight);
		b->n++;
	}
	b->gained = b->pulled = 0;
}

static bool
decide_bet(const struct process *q, const struct betting *b, struct ruling *ruling)
{
	const struct gate *g = b->gate;
	double alpha = ANYTIME_PART * g->alpha, mean = b->up.sum / b->up.weight;
	double pass = eprocess_log_pass(&b->up), fail = eprocess_log_fail(&b->up);
	double among = g->rule == RULE_GUARDRAIL || g->advisory ? 1 : (double)q->nfail;
	bool far = !g->paired || g->rule == RULE_BETTER || mean <= -b->up.margin;

	if (b->n < LOOK_FROM)
		return false;
	if (g->rule == RULE_EQUIVALENT) {
		pass = fmin(b->up.max_pass, b->mirrored.max_pass);
		fail = fmax(fail, eprocess_log_fail(&b->mirrored)) - log(2);
		far = fabs(mean) >= b->up.margin;
	}
	if (pass >= -log(alpha))
		ruling->verdict = PASS;
	else if (fail >= log(among / alpha) && far)
		ruling->verdict = FAIL;
	else
		return false;
	return true;
}

static bool
decide_release(const struct process *q, struct ruling *ruling, bool *decided)
{
	bool all = true, failed = false;

	for (size_t k = 0; k < q->ngate; k++) {
		decided[k] = decided[k] || decide_bet(q, &q->bet[k], &ruling[k]);
		if (q->gate[k].advisory)
			continue;
		failed = failed || (decided[k] && ruling[k].verdict == FAIL);
		all = all && decided[k];
	}
	return failed || all;
}

bool
process_run(const struct pairs *p, const struct gate *gate, size_t ngate, struct ruling *ruling,
    bool *decided, long *used, struct arena *a)
{
	struct process q = { .p = p, .gate = gate, .ngate = ngate };
	const struct unit_of *u;

	q.bet = arena_array(a, ngate, sizeof *q.bet);
	deal(&q, a);
	for (size_t k = 0; k < ngate; k++)
		begin_betting(&q, &q.bet[k], &gate[k]);
	for (size_t r = 0; r < q.rounds; r++) {
		while ((u = next_unit(&q, r)) != NULL) {
			q.used += (long)(u->to - u->from);
			for (size_t k = 0; k < ngate; k++) {
				take(&q, &q.bet[k], u);
				if (q.bet[k].by_unit)
					close_round(&q.bet[k]);
			}
		}
		for (size_t k = 0; k < ngate; k++)
			close_round(&q.bet[k]);
		*used = q.used;
		if (decide_release(&q, ruling, decided))
			return true;
	}
	return false;
}
