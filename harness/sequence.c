/*
 * sequence.c -- the seeded order of a run, and its gates' bets on what the store holds.
 */
#include "harness/betting.h"
#include "harness/gate.h"
#include "harness/sequence.h"

struct sequence {
	struct store       *store;
	const struct suite *suite;
	long                run, base;
	struct rounds       rounds;
	size_t              at;           /* places that were looked at */
	bool                crossed;      /* clusters spread over strata */
	bool                decided;
	long                first;        /* v_case.id of the first case */
	int                *position;     /* by id - first */
	long               *row, *base_row;
	struct betting     *bet;          /* by gate */
	int                *base_metric;  /* the gate's metric in the baseline's run */
};

/* ---- the order ----------------------------------------------------------------------------- */

static void
read_places(struct sequence *q)
{
	struct query *c = store_query(q->store, "SELECT id, case_id, slice, cluster, weight FROM v_case"
	    " WHERE suite = (SELECT suite FROM v_run WHERE id = ?) ORDER BY id", "i", q->run);
	struct rounds *r = &q->rounds;
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
		r->place = mem_grow(r->place, &cap, r->n + 1, sizeof *r->place);
		r->place[r->n++] = p;
	}
	map_free(&clusters);
}

static void
deal(struct sequence *q, struct arena *a)
{
	const struct suite *s = q->suite;
	double *share = s->has_shares ? arena_array(a, s->nslice, sizeof *share) : NULL;

	for (size_t i = 0; i < s->nslice && s->has_shares; i++)
		share[i] = s->slice[i].share;
	rounds_deal(&q->rounds, share, s->has_shares ? s->nslice : 1, a);
}

/* The baseline's case of the same name and bytes; 0: it has none. */
static void
pair_places(struct sequence *q, struct arena *a)
{
	long same = store_long(q->store, 0, "SELECT a.suite = b.suite FROM v_run a, v_run b"
	    " WHERE a.id = ? AND b.id = ?", "ii", q->run, q->base);

	q->base_row = arena_array(a, q->rounds.n, sizeof *q->base_row);
	for (size_t i = 0; i < q->rounds.n && q->base != 0; i++)
		q->base_row[i] = same ? q->rounds.place[i].row : store_long(q->store, 0,
		    "SELECT b.id FROM v_case a, v_case b WHERE a.id = ? AND b.suite ="
		    " (SELECT suite FROM v_run WHERE id = ?) AND b.case_id = a.case_id"
		    " AND b.hash = a.hash", "ii", q->rounds.place[i].row, q->base);
}

static void
index_places(struct sequence *q, struct arena *a)
{
	const struct rounds *r = &q->rounds;
	long last = 0;

	q->first = r->n ? r->place[0].row : 0;
	for (size_t i = 0; i < r->n; i++) {
		q->first = r->place[i].row < q->first ? r->place[i].row : q->first;
		last = r->place[i].row > last ? r->place[i].row : last;
	}
	q->row = arena_array(a, r->n, sizeof *q->row);
	q->position = arena_array(a, r->n ? (size_t)(last - q->first) + 1 : 0, sizeof *q->position);
	for (size_t i = 0; i < r->n; i++) {
		q->row[i] = r->place[i].row;
		q->position[r->place[i].row - q->first] = (int)i;
	}
}

/* ---- the bets ------------------------------------------------------------------------------ */

/* Amounts have no range to bet on; a comparison that is void is not decided early either. */
static bool
may_bet(const struct sequence *q, const struct betting *b, const struct metric *m)
{
	const struct gate *g = b->gate;
	const char *reason;
	size_t paired = 0;

	if (m->scorer->scale == SCALE_REAL && g->rule != RULE_LATENCY)
		return false;
	if ((g->slice < 0 && q->crossed) || (!b->by_unit && q->rounds.moved > MOVED_MOST))
		return false;
	if (!g->paired)
		return true;
	if (pairs_incomparable(q->store, q->run, q->base, m->name, &reason) != NULL)
		return false;
	for (size_t i = 0; i < q->rounds.n; i++)
		paired += q->base_row[i] != 0;
	return (double)paired >= g->overlap * (double)q->rounds.n;
}

static void
begin_betting(struct sequence *q, size_t k)
{
	const struct gate *g = &q->suite->gate[k];
	const struct metric *m = &q->suite->metric[g->metric];
	const char *slice = g->slice < 0 ? NULL : q->suite->slice[g->slice].name;
	double margin = g->paired ? pairs_margin(q->store, q->base, g, m, slice) : 0;

	q->base_metric[k] = (int)store_long(q->store, -1, "SELECT metric FROM v_metric WHERE run = ?"
	    " AND name = ?", "is", q->base, m->name);
	betting_begin(&q->bet[k], g, margin, &q->rounds);
	q->bet[k].can_bet = q->bet[k].can_bet && may_bet(q, &q->bet[k], m);
}

/* ---- looking ------------------------------------------------------------------------------- */

/* Adds the case to every gate; false: it is not answered in full. */
static bool
take(struct sequence *q, size_t i)
{
	const struct suite *s = q->suite;
	const struct place *p = &q->rounds.place[i];

	if (store_long(q->store, 0, "SELECT count(*) FROM v_completion WHERE run = ? AND test_case = ?",
	    "ii", q->run, p->row) < s->repeats)
		return false;
	for (size_t k = 0; k < s->ngate; k++) {
		struct betting *b = &q->bet[k];
		const struct gate *g = b->gate;
		const struct scorer *scorer = s->metric[g->metric].scorer;
		struct unit now, then = { .known = true };

		if (!b->can_bet || (g->slice >= 0 && p->slice != g->slice))
			continue;
		if (!unit_find(q->store, q->run, g->metric, scorer->scale, g->rule == RULE_AT_MOST ?
		    UNITS_AGAINST : UNITS_STORED, p->row, &now) || !now.known)
			continue;
		if (g->paired && (q->base_row[i] == 0 || !unit_find(q->store, q->base,
		    q->base_metric[k], scorer->scale, UNITS_STORED, q->base_row[i], &then) || !then.known))
			continue;
		betting_take(b, p, betting_gain(g, scorer->lower_is_better, now.value, then.value),
		    now.nservice > 0 || then.nservice > 0);
	}
	return true;
}

bool
sequence_advance(struct sequence *q)
{
	while (!q->decided && q->at < q->rounds.n && take(q, q->at))
		q->decided = betting_look(q->bet, q->suite->ngate, &q->rounds, q->at++);
	return q->decided;
}

/* ---- the whole ----------------------------------------------------------------------------- */

struct sequence *
sequence_open(struct store *st, const struct suite *s, long run, long base, struct arena *a)
{
	struct sequence *q;

	if (!s->sequential || store_long(st, 1, "SELECT filter <> '' FROM v_run WHERE id = ?", "i",
	    run))
		return NULL;
	q = mem_alloc(1, sizeof *q);
	*q = (struct sequence){ .store = st, .suite = s, .run = run, .base = base,
		.bet = mem_alloc(s->ngate ? s->ngate : 1, sizeof *q->bet),
		.base_metric = arena_array(a, s->ngate, sizeof *q->base_metric) };
	read_places(q);
	deal(q, a);
	index_places(q, a);
	pair_places(q, a);
	for (size_t k = 0; k < s->ngate; k++)
		begin_betting(q, k);
	return q;
}

void
sequence_free(struct sequence *q)
{
	if (q == NULL)
		return;
	for (size_t k = 0; k < q->suite->ngate; k++)
		betting_free(&q->bet[k]);
	mem_free(q->bet);
	mem_free(q->rounds.place);
	mem_free(q);
}

size_t
sequence_rows(const struct sequence *q, const long **row)
{
	*row = q->row;
	return q->rounds.n;
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

struct judged_stop
sequence_stop(const struct sequence *q, size_t gate, struct ruling *ruling)
{
	*ruling = q->bet[gate].ruling;
	return betting_stop(&q->bet[gate]);
}
