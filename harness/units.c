/*
 * units.c -- from rows of repeats to independent units.
 *
 * The unit of analysis is the case, or the cluster of cases; repeats are averaged inside the
 * case and never counted as cases.
 */
#include "harness/units.h"

/* The store's order needs neither names nor hashes, and an answer that was scored needs no look at
 * how it came. */
#define UNITS_SQL(names, also, order) \
	"SELECT s.test_case, s.value, s.scored," \
	"  CASE WHEN s.scored THEN 1 ELSE (SELECT c.outcome = 'answered' FROM v_completion c" \
	"    WHERE c.run = s.run AND c.test_case = s.test_case AND c.rep = s.rep) END," \
	"  CASE WHEN s.scored THEN 1 ELSE (SELECT c.measured FROM v_completion c" \
	"    WHERE c.run = s.run AND c.test_case = s.test_case AND c.rep = s.rep) END," \
	"  " names ", t.slice, t.cluster, t.weight" \
	"  FROM v_score s JOIN v_case t ON t.id = s.test_case" \
	" WHERE s.run = ? AND s.metric = ?" also " ORDER BY " order

#define AGAINST_SQL(also) \
	"WITH answer AS (SELECT s.run, s.metric, s.test_case, s.rep, s.value, s.scored, c.outcome," \
	"   c.measured, (c.outcome <> 'answered' AND NOT s.scored) OR c.bad_utf8 OR" \
	"   trim(c.text, char(9, 10, 13, 32)) = '' AS unusable" \
	"  FROM v_score s JOIN v_completion c" \
	"    ON c.run = s.run AND c.test_case = s.test_case AND c.rep = s.rep)" \
	" SELECT a.test_case, CASE WHEN a.unusable THEN 1.0 ELSE a.value END," \
	"   a.unusable OR a.scored, a.outcome = 'answered', a.measured, '', '', t.slice, t.cluster," \
	"   t.weight FROM answer a JOIN v_case t ON t.id = a.test_case" \
	" WHERE a.run = ? AND a.metric = ?" also " ORDER BY a.test_case, a.rep"

static const char *const units_sql[] = {
	[UNITS_STORED] = UNITS_SQL("'', ''", "", "s.test_case, s.rep"),
	[UNITS_BY_ID] = UNITS_SQL("t.case_id, t.hash", "", "t.case_id, s.test_case"),
	[UNITS_AGAINST] = AGAINST_SQL(""),
};

struct unit_reader
unit_open(struct store *st, long run, int metric, enum scale scale, enum unit_view view)
{
	struct unit_reader r = { .rate = scale != SCALE_REAL };

	if (view == UNITS_AGAINST && !r.rate)
		view = UNITS_STORED;
	r.q = store_query(st, units_sql[view], "ii", run, (long)metric);
	r.pending = query_next(r.q);
	return r;
}

static void
keep(struct buf *b, struct str s, struct str *out)
{
	buf_reset(b);
	buf_str(b, s);
	*out = buf_as_str(b);
}

bool
unit_next(struct unit_reader *r, struct unit *u)
{
	double sum = 0, measured = 0;
	int nvalue = 0, nmeasured = 0;

	if (!r->pending) {                      /* may be asked again at the end */
		buf_free(&r->id);
		buf_free(&r->hash);
		buf_free(&r->cluster);
		return false;
	}
	*u = (struct unit){ .test_case = query_long(r->q, 0), .slice = (int)query_long(r->q, 7),
		.weight = query_real(r->q, 9) };
	keep(&r->id, query_text(r->q, 5), &u->case_id);
	keep(&r->hash, query_text(r->q, 6), &u->hash);
	keep(&r->cluster, query_null(r->q, 8) ? STR("") : query_text(r->q, 8), &u->cluster);
	do {
		bool scored = query_long(r->q, 2) != 0, answered = query_long(r->q, 3) != 0;
		bool measured_here = query_long(r->q, 4) != 0;
		double value = scored ? query_real(r->q, 1) : 0;

		u->nrep++;
		u->nservice += !measured_here;
		u->nunscored += !scored;
		if (scored || (r->rate && !answered)) {
			sum += value;
			nvalue++;
		}
		if (measured_here && (scored || (r->rate && !answered))) {
			measured += value;
			nmeasured++;
		}
	} while ((r->pending = query_next(r->q)) && query_long(r->q, 0) == u->test_case);
	u->known = nvalue > 0;
	u->measured_known = nmeasured > 0;
	u->value = nvalue ? sum / nvalue : 0;
	u->measured = nmeasured ? measured / nmeasured : 0;
	return true;
}

bool
unit_find(struct store *st, long run, int metric, enum scale scale, enum unit_view view,
    long test_case, struct unit *u)
{
	static const char *const sql[] = {
		[UNITS_STORED] = UNITS_SQL("'', ''", " AND s.test_case = ?", "s.rep"),
		[UNITS_AGAINST] = AGAINST_SQL(" AND a.test_case = ?"),
	};
	struct unit_reader r = { .rate = scale != SCALE_REAL };
	bool found;

	r.q = store_query(st, sql[view == UNITS_AGAINST && r.rate ? UNITS_AGAINST : UNITS_STORED],
	    "iii", run, (long)metric, test_case);
	r.pending = query_next(r.q);
	if ((found = unit_next(&r, u)))
		unit_next(&r, &(struct unit){ 0 });     /* the end, which frees */
	u->case_id = u->hash = u->cluster = STR("");
	return found;
}

/* ---- two runs ----------------------------------------------------------------------------- */

struct pair_reader
pair_open(struct store *st, long run, long base, int metric, const char *name, enum scale scale)
{
	long base_metric = store_long(st, -1, "SELECT metric FROM v_metric WHERE run = ? AND name = ?",
	    "is", base, name);

	return (struct pair_reader){ .rc = unit_open(st, run, metric, scale, UNITS_BY_ID),
		.rb = unit_open(st, base, (int)base_metric, scale, UNITS_BY_ID) };
}

bool
pair_next(struct pair_reader *p, struct unit *c, struct unit *b, enum pairing *how)
{
	int order;

	if (!p->hc)
		p->hc = unit_next(&p->rc, &p->c);
	if (!p->hb)
		p->hb = unit_next(&p->rb, &p->b);
	if (!p->hc && !p->hb)
		return false;
	order = !p->hc ? 1 : !p->hb ? -1 : str_cmp(p->c.case_id, p->b.case_id);
	*c = order <= 0 ? p->c : (struct unit){ 0 };
	*b = order >= 0 ? p->b : (struct unit){ 0 };
	*how = order < 0 ? PAIR_ONLY_CANDIDATE : order > 0 ? PAIR_ONLY_BASE :
	    str_eq(c->hash, b->hash) ? PAIR_BOTH : PAIR_EDITED;
	p->hc = order > 0 && p->hc;
	p->hb = order < 0 && p->hb;
	return true;
}

/* ---- columns ------------------------------------------------------------------------------ */

/* The first named cluster gives every unit before it one of its own. */
static void
add_cluster(struct columns *c, struct str name)
{
	bool is_new = true;
	uint64_t *slot;

	if (name.n == 0 && c->cluster == NULL)
		return;
	c->cluster = mem_grow(c->cluster, &c->cap_cluster, c->n + 1, sizeof *c->cluster);
	for (; c->ncluster < (long)c->n && c->clusters.n == 0; c->ncluster++)
		c->cluster[c->ncluster] = c->ncluster;
	if (name.n == 0) {
		c->cluster[c->n] = c->ncluster++;
		return;
	}
	slot = map_put(&c->clusters, name, &is_new);
	if (is_new)
		*slot = (uint64_t)c->ncluster++;
	c->cluster[c->n] = (long)*slot;
}

static void
add_weight(struct columns *c, double weight)
{
	size_t from = c->weight == NULL ? 0 : c->n;

	if (weight == 1 && c->weight == NULL)
		return;
	c->weight = mem_grow(c->weight, &c->cap_weight, c->n + 1, sizeof *c->weight);
	for (size_t i = from; i < c->n; i++)
		c->weight[i] = 1;
	c->weight[c->n] = weight;
}

void
columns_add(struct columns *c, const struct unit *u, double y)
{
	c->y = mem_grow(c->y, &c->cap, c->n + 1, sizeof *c->y);
	c->y[c->n] = y;
	if (u->slice >= 0) {                    /* all cases of a suite have a slice, or none has */
		c->stratum = mem_grow(c->stratum, &c->cap_stratum, c->n + 1, sizeof *c->stratum);
		c->stratum[c->n] = u->slice;
	}
	add_weight(c, u->weight);
	add_cluster(c, u->cluster);
	c->n++;
}

void
columns_add_pair(struct columns *c, const struct unit *u, double candidate, double base)
{
	c->y2 = mem_grow(c->y2, &c->cap_y2, c->n + 1, sizeof *c->y2);
	c->y2[c->n] = base;
	columns_add(c, u, candidate);
}

void
columns_free(struct columns *c)
{
	mem_free(c->y);
	mem_free(c->y2);
	mem_free(c->weight);
	mem_free(c->stratum);
	mem_free(c->cluster);
	map_free(&c->clusters);
	*c = (struct columns){ 0 };
}

struct sample
columns_sample(const struct columns *c, const struct suite *s, int metric, bool whole,
    struct arena *a)
{
	enum scale scale = s->metric[metric].scorer->scale;
	struct sample x = { .y = c->y, .n = c->n, .nstratum = 1, .weight = c->weight,
		.cluster = c->cluster, .ncluster = c->cluster ? (size_t)c->ncluster : c->n,
		.binary = scale == SCALE_BINARY && s->repeats == 1, .unbounded = scale == SCALE_REAL };
	double *share;

	if (whole && s->has_shares && c->stratum != NULL) {
		share = arena_array(a, s->nslice, sizeof *share);
		for (size_t i = 0; i < s->nslice; i++)
			share[i] = s->slice[i].share;
		x.stratum = c->stratum;
		x.nstratum = s->nslice;
		x.share = share;
	}
	return x;
}
