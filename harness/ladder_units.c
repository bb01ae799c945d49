/*
 * ladder_units.c -- the runs of a ladder joined case by case.
 *
 * A case counts for all rungs or for none.  What the service did not answer is wrong and never
 * came; what has no price is given the mean of those that have one, and counted.
 */
#include "harness/units.h"
#include "harness/ladder.h"

#include <float.h>

struct member { int slice; double weight; const char *cluster; bool held; };
struct cell { double y, cost, seconds, sure; bool known, priced; };

struct joining {
	struct store       *store;
	struct ladder_file *l;
	struct ladder_data *d;
	struct map          at;            /* from case id to index; of the first rung's cases */
	struct member      *member;
	struct cell        *cell[RUNGS_MAX];
	size_t              n;
	struct arena       *a;             /* for as long as they are joined */
};

/* ---- one rung ----------------------------------------------------------------------------- */

static bool
half_of(const struct joining *j, struct str case_id, struct str cluster)
{
	uint64_t key = rng_key(j->l->rules.seed, "ladder half");

	return hash64(cluster.n > 0 ? cluster : case_id, key) & 1;
}

static void
add_member(struct joining *j, const struct unit *u, size_t *cap)
{
	bool is_new;

	*map_put(&j->at, u->case_id, &is_new) = j->n;
	j->member = mem_grow(j->member, cap, j->n + 1, sizeof *j->member);
	j->member[j->n++] = (struct member){ u->slice, u->weight,
		u->cluster.n ? str_cstr(u->cluster, j->a) : NULL, half_of(j, u->case_id, u->cluster) };
}

static struct unit_reader
open_rung(const struct joining *j, size_t r)
{
	const struct ladder_rung *x = &j->l->rung[j->d->which[r]];

	return unit_open(j->store, x->run, j->l->metric,
	    x->suite->metric[j->l->metric].scorer->scale, UNITS_BY_ID);
}

static void
read_members(struct joining *j)
{
	struct unit_reader reader = open_rung(j, 0);
	struct unit u;
	size_t cap = 0;

	while (unit_next(&reader, &u))
		add_member(j, &u, &cap);
}

static void
read_values(struct joining *j, size_t r)
{
	struct unit_reader reader = open_rung(j, r);
	struct unit u;
	uint64_t *at;

	while (unit_next(&reader, &u)) {
		if ((at = map_get(&j->at, u.case_id)) == NULL)
			continue;
		j->cell[r][*at].y = u.value;
		j->cell[r][*at].known = u.known;
	}
}

/* What the answer in this row cost; false: nobody knows. */
static bool
price_of(struct query *q, const struct target *t, double *usd)
{
	if (!query_null(q, 3))
		*usd = query_real(q, 3);
	else if (t->has_prices && !query_null(q, 4) && !query_null(q, 5))
		*usd = ((double)query_long(q, 4) * t->price_in + (double)query_long(q, 5) * t->price_out) /
		    1e6;
	else if (t->has_prices)
		return false;
	else
		*usd = 0;
	return true;
}

/* Costs are the mean over repeats; the time is that of the first. */
static void
read_answers(struct joining *j, size_t r)
{
	struct ladder_rung *x = &j->l->rung[j->d->which[r]];
	struct query *q = store_query(j->store, "SELECT case_id, rep, measured, cost, tokens_in,"
	    " tokens_out, ms_total FROM v_completion WHERE run = ?", "i", x->run);
	double *sum = arena_array(j->a, j->n, sizeof *sum), usd, all = 0;
	long *n = arena_array(j->a, j->n, sizeof *n), nall = 0;
	uint64_t *at;

	x->priced = x->per_request > 0;
	while (query_next(q)) {
		if ((at = map_get(&j->at, query_text(q, 0))) == NULL)
			continue;
		if (query_long(q, 1) == 0)
			j->cell[r][*at].seconds = query_long(q, 2) ? query_real(q, 6) / 1000 : DBL_MAX;
		if (!price_of(q, x->target, &usd)) {
			x->cost_unknown++;
			continue;
		}
		x->priced = x->priced || x->target->has_prices || usd > 0;
		sum[*at] += usd;
		n[*at]++;
		all += usd;
		nall++;
	}
	for (size_t i = 0; i < j->n; i++)
		j->cell[r][i].cost = x->per_request + (n[i] ? sum[i] / (double)n[i] :
		    nall ? all / (double)nall : 0);
}

/* ---- confidence --------------------------------------------------------------------------- */

/* The mean of the numbers in [[bytes, logprob], ...]. */
static double
mean_logprob(struct str list)
{
	struct json root, item, part;
	struct json_fault bad;
	double sum = 0;
	long n = 0;

	if (json_parse(list, &root, &bad) != 0)
		die(EXIT_DAMAGED, "the store holds log probabilities that are not JSON: %s", bad.why);
	for (struct json_iter it = { .of = root }; json_next(&it, &item); ) {
		struct json_iter pair = { .of = item };

		if (json_next(&pair, &part) && json_next(&pair, &part)) {
			sum += json_to_real(part, 0);
			n++;
		}
	}
	return n ? sum / (double)n : -DBL_MAX;
}

static void
read_confidence(struct joining *j)
{
	const struct ladder_file *l = j->l;
	const struct ladder_rung *x = &l->rung[l->cheap];
	bool metric = l->confidence == CONFIDENCE_METRIC;
	double sign = metric && x->suite->metric[l->confidence_metric].scorer->lower_is_better ? -1 : 1;
	struct cell *cell = j->cell[j->d->cheap];
	uint64_t *at;
	struct query *q = metric ?
	    store_query(j->store, "SELECT case_id, value FROM v_score WHERE run = ? AND metric = ? AND"
	    " rep = 0 AND scored", "ii", x->run, (long)l->confidence_metric) :
	    store_query(j->store, "SELECT case_id, logprobs FROM v_completion WHERE run = ? AND"
	    " rep = 0 AND logprobs IS NOT NULL", "i", x->run);

	for (size_t i = 0; i < j->n; i++)
		cell[i].sure = -DBL_MAX;
	while (query_next(q))
		if ((at = map_get(&j->at, query_text(q, 0))) != NULL)
			cell[*at].sure = metric ? sign * query_real(q, 1) : mean_logprob(query_text(q, 1));
}

/* ---- all rungs ---------------------------------------------------------------------------- */

static bool
known_to_all(const struct joining *j, size_t i)
{
	for (size_t r = 0; r < j->d->nrung; r++)
		if (!j->cell[r][i].known)
			return false;
	return true;
}

/* The design keeps the columns of the units: they live as long as the arena. */
static void
build(struct joining *j, struct arena *a)
{
	struct ladder_data *d = j->d;
	const struct suite *s = j->l->rung[d->which[0]].suite;
	double *y[RUNGS_MAX], *cost[RUNGS_MAX], *seconds[RUNGS_MAX];
	struct columns c = { 0 };
	size_t n = 0;

	for (size_t r = 0; r < d->nrung; r++) {
		y[r] = arena_array(a, j->n, sizeof *y[r]);
		cost[r] = arena_array(a, j->n, sizeof *cost[r]);
		seconds[r] = arena_array(a, j->n, sizeof *seconds[r]);
		d->rung[r] = (struct rung){ y[r], cost[r], seconds[r] };
	}
	d->held = arena_array(a, j->n, sizeof *d->held);
	for (size_t i = 0; i < j->n; i++) {
		const struct member *m = &j->member[i];
		struct unit u = { .slice = m->slice, .weight = m->weight, .cluster = str_of(m->cluster) };

		if (!known_to_all(j, i)) {
			d->left_out++;
			continue;
		}
		columns_add(&c, &u, 0);
		for (size_t r = 0; r < d->nrung; r++) {
			y[r][n] = j->cell[r][i].y;
			cost[r][n] = j->cell[r][i].cost;
			seconds[r][n] = j->cell[r][i].seconds;
		}
		if (d->confidence != NULL)
			d->confidence[n] = j->cell[d->cheap][i].sure;
		d->held[n++] = m->held;
	}
	d->design = columns_sample(&c, s, j->l->metric, true, a);
	d->design = sample_part(&d->design, arena_array(a, n, sizeof(bool)), false, a);
	columns_free(&c);
}

struct ladder_data
ladder_read(struct store *st, struct ladder_file *l, struct arena *a)
{
	struct ladder_data d = { 0 };
	struct arena joined = { 0 };
	struct joining j = { .store = st, .l = l, .d = &d, .a = &joined };
	bool cheap = false, strong = false;

	for (size_t i = 0; i < l->nrung; i++) {
		if (l->rung[i].state != RUNG_COMPLETE)
			continue;
		if (i == l->cheap) {
			d.cheap = d.nrung;
			cheap = true;
		}
		if (i == l->strong) {
			d.strong = d.nrung;
			strong = true;
		}
		d.which[d.nrung++] = i;
	}
	if (d.nrung == 0)
		return d;
	read_members(&j);
	for (size_t r = 0; r < d.nrung; r++) {
		j.cell[r] = arena_array(&joined, j.n, sizeof *j.cell[r]);
		read_values(&j, r);
		read_answers(&j, r);
	}
	if (l->has_router && cheap && strong) {
		d.confidence = arena_array(a, j.n, sizeof *d.confidence);
		read_confidence(&j);
	}
	build(&j, a);
	map_free(&j.at);
	mem_free(j.member);
	arena_free(&joined);
	return d;
}
