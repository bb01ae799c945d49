/*
 * sequence.c -- cases in seeded random order, and the process that may stop a run.
 *
 * The hybrid rule: a betting e-process may decide at any round at a fifth of alpha; what is left
 * is for the usual test, once all cases are answered.  By the union bound a gate errs with
 * probability alpha at most (driftlead-gates(7)).  The order must be random: stored by topic, a
 * suite whose first topic gained would let a loss of the margin pass most of the time.
 */
#include "harness/gate.h"
#include "harness/sequence.h"

#include <math.h>
#include <stdlib.h>

enum { LOOK_FROM = 50 };                         /* rounds before the first decision */
#define PLANNED_PSI 0.16                         /* discordance; a bad guess costs power only */
#define PLANNED_ICC 0.3

struct place {
	long     row;                     /* v_case.id */
	long     unit;                    /* clusters share one */
	uint64_t number;                  /* of the unit: the order */
	int      stratum, slice, round;
	double   weight, pull;            /* the case's own; its part of a round's mean */
};

/* One gate and its wealth. */
struct betting {
	const struct gate   *gate;
	const struct metric *metric;
	bool             can_bet, by_unit;
	struct eprocess  up, mirrored;    /* mirrored: for `equivalent`, the other side */
	double           scale;           /* the largest sum of pulls of a round, or unit */
	double           gained, pulled;  /* in the open round, or unit */
	double          *d, *weight;      /* of the rounds so far */
	size_t           n, cap, cap_weight;
	long             ncase, nmissing; /* looked at; without an answer from the service */
	int              base_metric;
	bool             decided;
	struct ruling    ruling;
};

struct sequence {
	struct store       *store;
	const struct suite *suite;
	long                run, base;
	struct place       *place;
	size_t              n, at;        /* cases; how many were looked at */
	long                rounds;
	bool                crossed, decided;
	long                first;        /* v_case.id of the first case */
	int                *position;     /* by id - first */
	long               *row, *base_row;
	struct betting     *bet;
	size_t              nfail;        /* gates that can fail: the correction of their e-values */
};

/* ---- the order ---------------------------------------------------------------------------- */

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
read_places(struct sequence *q)
{
	struct query *c = store_query(q->store, "SELECT id, case_id, slice, cluster, weight FROM v_case"
	    " WHERE suite = (SELECT suite FROM v_run WHERE id = ?) ORDER BY id", "i", q->run);
	struct map clusters = { 0 };
	size_t cap = 0;
	long nunit = 0;

	while (query_next(c)) {
		struct str cluster = query_null(c, 3) ? STR("") : query_text(c, 3);
		struct place p = { .row = query_long(c, 0), .unit = nunit, .slice = (int)query_long(c, 2),
			.weight = query_real(c, 4) };
		struct str name = cluster.n ? cluster : query_text(c, 1);
		bool is_new = true;

		p.stratum = q->suite->has_shares ? p.slice : 0;
		p.number = draw_number(~q->suite->seed, name);
		if (cluster.n > 0) {
			uint64_t *slot = map_put(&clusters, cluster, &is_new);

			/* The unit, and the stratum that its first case has. */
			if (is_new)
				*slot = (uint64_t)nunit << 16 | (uint64_t)(p.stratum & 0xffff);
			p.unit = (long)(*slot >> 16);
			q->crossed = q->crossed || (int)(*slot & 0xffff) != (p.stratum & 0xffff);
		}
		nunit += is_new;
		q->place = mem_grow(q->place, &cap, q->n + 1, sizeof *q->place);
		q->place[q->n++] = p;
	}
	map_free(&clusters);
}

/* Units of a stratum, and the sum of its weights. */
struct stratum { long nunit, ncase; double weight, share; };

/* Deals units into as many rounds as the smallest stratum has units. */
static void
deal(struct sequence *q, struct stratum *s, size_t nstratum)
{
	long k = 0;

	qsort(q->place, q->n, sizeof *q->place, by_number);
	for (size_t i = 0; i < q->n; i++) {
		struct place *p = &q->place[i];
		bool same = i > 0 && p[-1].unit == p->unit && p[-1].stratum == p->stratum;

		s[p->stratum].nunit += !same;
		s[p->stratum].ncase++;
		s[p->stratum].weight += p->weight;
	}
	for (size_t h = 0; h < nstratum; h++)
		if (s[h].nunit > 0 && (q->rounds == 0 || s[h].nunit < q->rounds))
			q->rounds = s[h].nunit;
	for (size_t i = 0; i < q->n; i++) {
		struct place *p = &q->place[i];
		const struct stratum *h = &s[p->stratum];

		if (i == 0 || p[-1].stratum != p->stratum)
			k = 0;
		else
			k += p[-1].unit != p->unit;
		p->round = (int)(k * q->rounds / h->nunit);
	}
	qsort(q->place, q->n, sizeof *q->place, by_round);
}

/* Shares of the strata that have cases, and each case's part of the mean of its round. */
static double
weigh(struct sequence *q, struct stratum *s, size_t nstratum)
{
	double present = 0;

	for (size_t h = 0; h < nstratum; h++) {
		s[h].share = q->suite->has_shares ? q->suite->slice[h].share : 1;
		present += s[h].nunit > 0 ? s[h].share : 0;
	}
	for (size_t i = 0; i < q->n; i++) {
		struct place *p = &q->place[i];
		const struct stratum *h = &s[p->stratum];

		p->pull = h->share / present * (double)q->rounds * p->weight / h->weight;
	}
	return q->suite->has_shares ? 1 - present : 0;
}

/* The variance of a round's difference as it is planned: pairs of discordance psi. */
static double
round_variance(const struct sequence *q, const struct stratum *s, size_t nstratum, double psi)
{
	double var = 0;

	for (size_t h = 0; h < nstratum; h++) {
		double size, units;

		if (s[h].nunit == 0)
			continue;
		size = (double)s[h].ncase / (double)s[h].nunit;
		units = (double)s[h].nunit / (double)q->rounds;
		var += s[h].share * s[h].share * psi * (1 + (size - 1) * PLANNED_ICC) / size / units;
	}
	return var;
}

/* ---- the bets ------------------------------------------------------------------------------- */

static double
anytime_alpha(const struct gate *g)
{
	return ANYTIME_PART * g->alpha;
}

/* What a bettor gains from a case: better than the baseline, or than the bound, is above 0. */
static double
gain(const struct betting *b, const struct unit *now, const struct unit *then)
{
	const struct gate *g = b->gate;
	double d = g->paired ? now->value - then->value : now->value - g->value;

	if (g->rule == RULE_LATENCY)
		return (now->value <= g->value) - g->quantile;
	if (g->rule == RULE_GUARDRAIL)
		return g->value - (now->value < 1);
	if (g->rule == RULE_AT_MOST || (g->paired && b->metric->scorer->lower_is_better))
		return -d;
	return d;
}

static double
planned_variance(const struct gate *g)
{
	double p = g->rule == RULE_LATENCY ? g->quantile : g->value;

	return g->paired ? PLANNED_PSI : fmax(p * (1 - p), 0.0475);
}

/* Amounts have no range to bet on; a comparison that is void is not decided early either. */
static bool
can_bet(const struct sequence *q, const struct betting *b, double moved)
{
	const char *reason;
	size_t paired = 0;

	if (b->metric->scorer->scale == SCALE_REAL && b->gate->rule != RULE_LATENCY)
		return false;
	if ((b->gate->slice < 0 && q->crossed) || (!b->by_unit && moved > MOVED_MOST))
		return false;
	if (!b->gate->paired)
		return true;
	if (pairs_incomparable(q->store, q->run, q->base, b->metric->name, &reason) != NULL)
		return false;
	for (size_t i = 0; i < q->n; i++)
		paired += q->base_row[i] != 0;
	return (double)paired >= b->gate->overlap * (double)q->n;
}

/* The largest sum of pulls that a round, or a unit of the slice, will have. */
static double
largest(const struct sequence *q, const struct betting *b, long *nunit, long *ncase)
{
	double most = 0, sum = 0;

	*nunit = *ncase = 0;
	for (size_t i = 0; i < q->n; i++) {
		const struct place *p = &q->place[i];
		bool same = i > 0 && (b->by_unit ? p[-1].unit == p->unit : p[-1].round == p->round);

		if (!same)
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

static void
begin_betting(struct sequence *q, struct betting *b, const struct stratum *s, size_t nstratum,
    double moved)
{
	const struct gate *g = b->gate;
	double var = planned_variance(g), margin, size;
	long nunit, ncase;

	b->base_metric = (int)store_long(q->store, -1, "SELECT metric FROM v_metric WHERE run = ? AND"
	    " name = ?", "is", q->base, b->metric->name);
	b->by_unit = g->slice >= 0 || g->rule == RULE_GUARDRAIL;
	b->can_bet = can_bet(q, b, moved);
	b->scale = largest(q, b, &nunit, &ncase);
	margin = g->rule == RULE_BETTER ? -g->margin : g->paired ? pairs_margin(q->store, q->base, g,
	    b->metric, g->slice < 0 ? NULL : q->suite->slice[g->slice].name) : 0;
	b->can_bet = b->can_bet && b->scale > 0 && margin < 1 && (margin > 0 || !g->paired ||
	    g->rule == RULE_BETTER);
	if (!b->can_bet)
		return;
	size = (double)ncase / (double)nunit;
	if (b->by_unit)
		var *= (1 + (size - 1) * PLANNED_ICC) / size;
	else
		var = round_variance(q, s, nstratum, var);
	eprocess_begin(&b->up, margin, anytime_alpha(g), nunit, var);
	eprocess_begin(&b->mirrored, fmax(margin, 0), anytime_alpha(g), nunit, var);
}

/* Ends a round, or a unit: what its cases gained on average is one bet. */
static void
close_round(struct betting *b)
{
	double d, weight = b->pulled / b->scale;

	if (!b->can_bet || b->pulled <= 0) {
		b->gained = b->pulled = 0;
		return;
	}
	d = b->gained / b->pulled;
	eprocess_add_weighted(&b->up, d, weight);
	if (b->gate->rule == RULE_EQUIVALENT)
		eprocess_add_weighted(&b->mirrored, -d, weight);
	b->d = mem_grow(b->d, &b->cap, b->n + 1, sizeof *b->d);
	b->weight = mem_grow(b->weight, &b->cap_weight, b->n + 1, sizeof *b->weight);
	b->d[b->n] = d;
	b->weight[b->n++] = weight;
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

static void
decide_bet(struct sequence *q, struct betting *b)
{
	const struct gate *g = b->gate;
	double alpha = anytime_alpha(g), mean = b->up.sum / b->up.weight;
	double pass = eprocess_log_pass(&b->up), fail = eprocess_log_fail(&b->up);
	double among = g->rule == RULE_GUARDRAIL || g->advisory ? 1 : (double)q->nfail;
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

/* ---- looking -------------------------------------------------------------------------------- */

/* Adds the case to every gate; false: it is not answered in full. */
static bool
take(struct sequence *q, size_t i)
{
	const struct suite *s = q->suite;
	const struct place *p = &q->place[i];

	if (store_long(q->store, 0, "SELECT count(*) FROM v_completion WHERE run = ? AND test_case = ?",
	    "ii", q->run, p->row) < s->repeats)
		return false;
	for (size_t k = 0; k < s->ngate; k++) {
		struct betting *b = &q->bet[k];
		const struct gate *g = b->gate;
		enum scale scale = b->metric->scorer->scale;
		struct unit now, then = { .known = true };

		if (!b->can_bet || (g->slice >= 0 && p->slice != g->slice))
			continue;
		if (!unit_find(q->store, q->run, g->metric, scale, g->rule == RULE_AT_MOST ?
		    UNITS_AGAINST : UNITS_STORED, p->row, &now) || !now.known)
			continue;
		if (g->paired && (q->base_row[i] == 0 || !unit_find(q->store, q->base, b->base_metric,
		    scale, UNITS_STORED, q->base_row[i], &then) || !then.known))
			continue;
		b->ncase++;
		b->nmissing += now.nservice > 0 || then.nservice > 0;
		b->gained += (b->by_unit ? p->weight : p->pull) * gain(b, &now, &then);
		b->pulled += b->by_unit ? p->weight : p->pull;
	}
	return true;
}

static void
decide_release(struct sequence *q)
{
	bool all = true;

	for (size_t k = 0; k < q->suite->ngate; k++) {
		struct betting *b = &q->bet[k];

		if (b->can_bet)
			decide_bet(q, b);
		if (b->gate->advisory)
			continue;
		q->decided = q->decided || (b->decided && b->ruling.verdict == FAIL);
		all = all && b->decided;
	}
	q->decided = q->decided || all;
}

bool
sequence_advance(struct sequence *q)
{
	while (!q->decided && q->at < q->n && take(q, q->at)) {
		const struct place *p = &q->place[q->at++];
		bool last = q->at == q->n;

		for (size_t k = 0; k < q->suite->ngate; k++) {
			struct betting *b = &q->bet[k];

			if (last || (b->by_unit ? p[1].unit != p->unit : p[1].round != p->round))
				close_round(b);
		}
		if (last || p[1].round != p->round)
			decide_release(q);
	}
	return q->decided;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* The baseline's case of the same name and bytes; 0: it has none. */
static void
pair_places(struct sequence *q, struct arena *a)
{
	long same = store_long(q->store, 0, "SELECT a.suite = b.suite FROM v_run a, v_run b"
	    " WHERE a.id = ? AND b.id = ?", "ii", q->run, q->base);

	q->base_row = arena_array(a, q->n, sizeof *q->base_row);
	for (size_t i = 0; i < q->n && q->base != 0; i++)
		q->base_row[i] = same ? q->place[i].row : store_long(q->store, 0,
		    "SELECT b.id FROM v_case a, v_case b WHERE a.id = ? AND b.suite ="
		    " (SELECT suite FROM v_run WHERE id = ?) AND b.case_id = a.case_id"
		    " AND b.hash = a.hash", "ii", q->place[i].row, q->base);
}

static void
index_places(struct sequence *q, struct arena *a)
{
	long last = 0;

	q->first = q->n ? q->place[0].row : 0;
	for (size_t i = 0; i < q->n; i++) {
		q->first = q->place[i].row < q->first ? q->place[i].row : q->first;
		last = q->place[i].row > last ? q->place[i].row : last;
	}
	q->row = arena_array(a, q->n, sizeof *q->row);
	q->position = arena_array(a, q->n ? (size_t)(last - q->first) + 1 : 0, sizeof *q->position);
	for (size_t i = 0; i < q->n; i++) {
		q->row[i] = q->place[i].row;
		q->position[q->place[i].row - q->first] = (int)i;
	}
}

struct sequence *
sequence_open(struct store *st, const struct suite *s, long run, long base, struct arena *a)
{
	size_t nstratum = s->has_shares ? s->nslice : 1;
	struct stratum *stratum = arena_array(a, nstratum, sizeof *stratum);
	struct sequence *q;
	double moved;

	if (!s->sequential || store_long(st, 1, "SELECT filter <> '' FROM v_run WHERE id = ?", "i",
	    run))
		return NULL;
	q = mem_alloc(1, sizeof *q);
	*q = (struct sequence){ .store = st, .suite = s, .run = run, .base = base,
		.bet = mem_alloc(s->ngate ? s->ngate : 1, sizeof *q->bet) };
	read_places(q);
	deal(q, stratum, nstratum);
	moved = weigh(q, stratum, nstratum);
	index_places(q, a);
	pair_places(q, a);
	for (size_t k = 0; k < s->ngate; k++) {
		q->bet[k].gate = &s->gate[k];
		q->bet[k].metric = &s->metric[s->gate[k].metric];
		begin_betting(q, &q->bet[k], stratum, nstratum, moved);
		q->nfail += q->bet[k].can_bet && !s->gate[k].advisory &&
		    s->gate[k].rule != RULE_GUARDRAIL;
	}
	return q;
}

void
sequence_free(struct sequence *q)
{
	if (q == NULL)
		return;
	for (size_t k = 0; k < q->suite->ngate; k++) {
		mem_free(q->bet[k].d);
		mem_free(q->bet[k].weight);
	}
	mem_free(q->bet);
	mem_free(q->place);
	mem_free(q);
}

size_t
sequence_rows(const struct sequence *q, const long **row)
{
	*row = q->row;
	return q->n;
}

bool
sequence_decided(const struct sequence *q)
{
	return q->decided;
}

long
sequence_used(const struct sequence *q)
{
	return (long)q->at;
}

bool
sequence_uses(const struct sequence *q, long test_case)
{
	return (size_t)q->position[test_case - q->first] < q->at;
}

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
sequence_stop(const struct sequence *q, size_t gate, struct ruling *ruling)
{
	const struct betting *b = &q->bet[gate];
	struct judged_stop s = { .known = b->can_bet && b->n > 0, .decided = b->decided };
	double bound = b->gate->value;
	struct interval ci;

	if (!s.known)
		return (struct judged_stop){ .known = false };
	*ruling = b->ruling;
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
