/*
 * sizing_past.c -- what the case file and past runs tell of a suite: weights, clusters, how often
 * two runs differ in a case, what a call costs.
 */
#include "harness/sizing.h"
#include "harness/units.h"

#include <math.h>

/* ---- the cases -------------------------------------------------------------------------- */

static void
read_weights(struct sizing *z, struct store *st)
{
	const struct suite *s = z->suite;
	struct query *q = store_query(st, "SELECT slice, count(*), sum(weight), sum(weight * weight)"
	    " FROM v_case WHERE suite = ? GROUP BY slice", "i", s->row);
	double n = 0, sum = 0, square = 0, shared = 0;

	while (query_next(q)) {
		size_t i = (size_t)(query_long(q, 0) + 1);
		double nh = query_real(q, 1), w = query_real(q, 2), w2 = query_real(q, 3);

		n += nh;
		sum += w;
		square += w2;
		if (i == 0)
			continue;
		z->part[i].n = (long)nh;
		z->part[i].kish = nh * w2 / (w * w);
		shared += z->part[i].share * z->part[i].share * w2 / (w * w);
	}
	z->part[0].n = (long)n;
	z->part[0].kish = n > 0 ? s->has_shares ? n * shared : n * square / (sum * sum) : 1;
	for (size_t i = 0; i < s->nslice; i++)
		if (!s->slice[i].has_share && n > 0)
			z->part[i + 1].share = (double)z->part[i + 1].n / n;
}

/* The cluster of the average case: k (1 + CV^2) for mean size k. */
static void
read_clusters(struct sizing *z, struct store *st)
{
	static const char *const sql[] = {
		"SELECT -1, count(*) FROM v_case WHERE suite = ? AND cluster IS NOT NULL GROUP BY cluster",
		"SELECT slice, count(*) FROM v_case WHERE suite = ? AND cluster IS NOT NULL AND slice >= 0"
		"  GROUP BY slice, cluster"
	};

	for (size_t k = 0; k < COUNT(sql); k++) {
		struct query *q = store_query(st, sql[k], "i", z->suite->row);

		while (query_next(q)) {
			double size = query_real(q, 1);

			z->clustered = true;
			z->part[query_long(q, 0) + 1].cluster_size += size * size - size;
		}
	}
	for (size_t i = 0; i <= z->suite->nslice; i++)
		z->part[i].cluster_size = 1 + (z->part[i].n > 0 ? z->part[i].cluster_size /
		    (double)z->part[i].n : 0);
}

static void
read_parts(struct sizing *z, struct store *st, struct arena *a)
{
	const struct suite *s = z->suite;

	z->part = arena_array(a, s->nslice + 1, sizeof *z->part);
	z->part[0] = (struct sizing_part){ .share = 1, .kish = 1 };
	for (size_t i = 0; i < s->nslice; i++) {
		z->part[i + 1] = (struct sizing_part){ .name = s->slice[i].name,
			.share = s->slice[i].has_share ? s->slice[i].share : 0,
			.found = s->slice[i].found, .kish = 1 };
		z->part[0].found += s->slice[i].found;
	}
	read_weights(z, st);
	if (s->nslice == 0)
		z->part[0].found = z->part[0].n;
	read_clusters(z, st);
}

/* ---- pairs of runs ---------------------------------------------------------------------- */

/* Sums over pairs of cases. */
struct sums { double n, differ, d, d2; };

/* The part of today's suite that each slice of a run's suite is; 0: none. */
static size_t *
slices_of(const struct sizing *z, struct store *st, long suite, size_t *n, struct arena *a)
{
	size_t most = (size_t)store_long(st, 0, "SELECT ifnull(max(slice), -1) + 1 FROM v_slice"
	    " WHERE suite = ?", "i", suite);
	size_t *part = arena_array(a, most + 1, sizeof *part);
	struct query *q = store_query(st, "SELECT slice, name FROM v_slice WHERE suite = ?", "i",
	    suite);

	while (query_next(q))
		for (size_t i = 0; i < z->suite->nslice; i++)
			if (str_is(query_text(q, 1), z->suite->slice[i].name))
				part[query_long(q, 0)] = i + 1;
	*n = most;
	return part;
}

static void
add_pair(struct sums *s, double d)
{
	s->n++;
	s->differ += fabs(d) > 1e-12;
	s->d += d;
	s->d2 += d * d;
}

/* Adds one pair of runs; the correlation inside clusters goes to icc[0] / icc[1]. */
static void
read_pair(const struct sizing *z, struct store *st, int metric, const struct past_run *run,
    const struct past_run *base, struct sums *sum, double icc[2])
{
	const struct metric *m = &z->suite->metric[metric];
	struct arena a = { 0 };
	struct columns c = { 0 };
	struct unit now, then;
	enum pairing how;
	size_t nslice, *part = slices_of(z, st, run->suite, &nslice, &a);
	struct pair_reader r = pair_open(st, run->id, base->id, (int)store_long(st, 0,
	    "SELECT metric FROM v_metric WHERE run = ? AND name = ?", "is", run->id, m->name), m->name,
	    m->scorer->scale);

	while (pair_next(&r, &now, &then, &how)) {
		double d = now.value - then.value;

		if (how != PAIR_BOTH || !now.known || !then.known)
			continue;
		add_pair(&sum[0], d);
		if (now.slice >= 0 && (size_t)now.slice < nslice && part[now.slice] > 0)
			add_pair(&sum[part[now.slice]], d);
		if (now.cluster.n > 0 || c.cluster != NULL)
			columns_add(&c, &now, d);
	}
	if (c.cluster != NULL) {
		struct clustered g = clustered_mean(c.y, c.cluster, c.n, (size_t)c.ncluster, &a);

		if (g.has_icc) {
			icc[0] += fmin(fmax(g.icc, 0), 1) * (double)g.n;
			icc[1] += (double)g.n;
		}
	}
	columns_free(&c);
	arena_free(&a);
}

/* Neighbours in time that measure the same, newest first; of two releases if there are any, else
 * of one that was run again. */
static void
read_pairs(struct sizing *z, struct store *st, int metric, struct sums *sum, double icc[2])
{
	struct sizing_metric *m = &z->metric[metric];
	const char *name = z->suite->metric[metric].name;
	struct arena a = { 0 };
	struct past p = past_runs(st, z->suite->name, NULL, name, &a);

	for (int reruns = 0; reruns < 2 && m->pairs == 0; reruns++)
		for (size_t i = p.n; i-- > 1 && m->pairs < SIZING_PAIRS; ) {
			const struct past_run *now = &p.run[i], *then = &p.run[i - 1];
			bool same = strcmp(now->target_digest, then->target_digest) == 0;

			if (same != (reruns == 1) || past_differs(st, now, then, name) != NULL ||
			    past_scorer(st, now->id, name) != z->suite->metric[metric].scorer)
				continue;
			read_pair(z, st, metric, now, then, sum, icc);
			m->pairs++;
			m->reruns = reruns == 1;
		}
	arena_free(&a);
}

static struct sizing_spread
spread(const struct sizing *z, const struct sums *s, bool rate)
{
	struct sizing_spread v = { .rate = rate, .cases = (long)s->n };

	if (rate && z->o.psi >= 0) {
		v.known = true;
		v.from = SIZING_GIVEN;
		v.var = z->o.psi;
	} else if (s->n > 1) {
		v.known = true;
		v.from = SIZING_RUNS;
		v.var = rate ? s->differ / s->n : (s->d2 - s->d * s->d / s->n) / (s->n - 1);
		if (rate && s->differ == 0)                 /* none of n is not never */
			v.var = 0.5 / (s->n + 1);
	} else if (rate) {
		v.known = true;
		v.var = SIZING_PSI;
	}
	return v;
}

/* ---- the newest run --------------------------------------------------------------------- */

/* The newest run that was scored as the suite says; 0: none. */
static struct past_run *
newest(const struct sizing *z, struct store *st, const struct metric *m, struct arena *a)
{
	struct past p = past_runs(st, z->suite->name, NULL, m->name, a);

	for (size_t i = p.n; i-- > 0; )
		if (past_scorer(st, p.run[i].id, m->name) == m->scorer)
			return &p.run[i];
	return NULL;
}

bool
sizing_within(struct store *st, const struct sizing *z, int metric, const char *slice, double most,
    double *share)
{
	const struct metric *m = &z->suite->metric[metric];
	struct arena a = { 0 };
	const struct past_run *run = st ? newest(z, st, m, &a) : NULL;
	struct query *q;
	long n = 0;

	if (run != NULL) {
		q = store_query(st, "SELECT count(*), total(s.value <= ?1) FROM v_score s JOIN v_case t"
		    " ON t.id = s.test_case WHERE s.run = ?2 AND s.metric_name = ?3 AND s.scored AND"
		    " (?4 = '' OR t.slice_name = ?4)", "riss", most, run->id, m->name,
		    slice ? slice : "");
		if (query_next(q)) {
			n = query_long(q, 0);
			*share = n > 0 ? query_real(q, 1) / (double)n : 0;
			query_free(q);
		}
	}
	arena_free(&a);
	return n > 0;
}

static void
read_newest(struct sizing *z, struct store *st, int metric, struct arena *a)
{
	const struct metric *m = &z->suite->metric[metric];
	struct sizing_metric *out = &z->metric[metric];
	struct sums *sum = arena_array(a, z->suite->nslice + 1, sizeof *sum);
	const struct past_run *run = newest(z, st, m, a);
	size_t nslice, *part;
	struct unit_reader r;
	struct query *q;
	struct unit u;

	if (run == NULL)
		return;
	part = slices_of(z, st, run->suite, &nslice, a);
	q = store_query(st, "SELECT slice, at FROM v_estimate WHERE run = ? AND metric_name = ? AND"
	    " known", "is", run->id, m->name);
	while (query_next(q)) {
		long slice = query_long(q, 0);
		size_t i = slice >= 0 && (size_t)slice < nslice ? part[slice] : 0;

		if (slice >= 0 && i == 0)
			continue;
		out->has_mean[i] = true;
		out->mean[i] = query_real(q, 1);
	}
	if (m->scorer->scale != SCALE_REAL)
		return;
	r = unit_open(st, run->id, (int)store_long(st, 0, "SELECT metric FROM v_metric WHERE run = ?"
	    " AND name = ?", "is", run->id, m->name), m->scorer->scale, UNITS_STORED);
	while (unit_next(&r, &u)) {
		if (!u.known)
			continue;
		add_pair(&sum[0], u.value);
		if (u.slice >= 0 && (size_t)u.slice < nslice && part[u.slice] > 0)
			add_pair(&sum[part[u.slice]], u.value);
	}
	for (size_t i = 0; i <= z->suite->nslice; i++) {
		out->has_sd[i] = sum[i].n > 1;
		out->sd[i] = sum[i].n > 1 ? sqrt(fmax(sum[i].d2 - sum[i].d * sum[i].d / sum[i].n, 0) /
		    (sum[i].n - 1)) : 0;
	}
}

static void
read_metric(struct sizing *z, struct store *st, int metric, struct arena *a)
{
	struct sizing_metric *m = &z->metric[metric];
	size_t n = z->suite->nslice + 1;
	struct sums *sum = arena_array(a, n, sizeof *sum);
	double icc[2] = { 0, 0 };

	*m = (struct sizing_metric){ .spread = arena_array(a, n, sizeof *m->spread),
		.mean = arena_array(a, n, sizeof *m->mean), .sd = arena_array(a, n, sizeof *m->sd),
		.has_mean = arena_array(a, n, sizeof *m->has_mean),
		.has_sd = arena_array(a, n, sizeof *m->has_sd) };
	if (st != NULL) {
		read_pairs(z, st, metric, sum, icc);
		read_newest(z, st, metric, a);
	}
	for (size_t i = 0; i < n; i++)
		m->spread[i] = spread(z, &sum[i], z->suite->metric[metric].scorer->scale != SCALE_REAL);
	m->has_icc = icc[1] > 0;
	m->icc = m->has_icc ? icc[0] / icc[1] : SIZING_ICC;
}

/* ---- what a call costs ---------------------------------------------------------------------- */

static void
read_price(struct sizing *z, struct store *st, struct arena *a)
{
	const struct target *t = z->o.target;
	struct past p = { 0 };
	double calls = 0, costs = 0, cost = 0, tokens = 0, in = 0, out = 0, ms = 0;

	if (t == NULL)
		return;
	z->price = (struct sizing_price){ .target = t->name, .slots = t->slots > 0 ? t->slots : 1,
		.per_minute = t->per_minute };
	if (st != NULL)
		p = past_runs(st, z->suite->name, t->name, NULL, a);
	for (size_t i = p.n; i-- > 0 && z->price.runs < SIZING_PRICED; z->price.runs++) {
		struct query *q = store_query(st, "SELECT count(*), total(ms_total), count(cost),"
		    " total(cost), count(tokens_in + tokens_out), total(tokens_in), total(tokens_out)"
		    " FROM v_completion WHERE run = ?", "i", p.run[i].id);

		if (!query_next(q))
			continue;
		calls += query_real(q, 0);
		ms += query_real(q, 1);
		costs += query_real(q, 2);
		cost += query_real(q, 3);
		tokens += query_real(q, 4);
		in += query_real(q, 5);
		out += query_real(q, 6);
		query_free(q);
	}
	z->price.has_seconds = calls > 0;
	z->price.seconds = calls > 0 ? ms / 1000 / calls : 0;
	if (t->has_prices && tokens > 0) {              /* today's prices, on what was used */
		z->price.has_cost = true;
		z->price.cost = (in * t->price_in + out * t->price_out) / 1e6 / tokens;
	} else if (costs > 0) {
		z->price.has_cost = true;
		z->price.cost = cost / costs;
	}
}

void
sizing_past(struct sizing *z, struct store *cases, struct store *runs, struct arena *a)
{
	read_parts(z, cases, a);
	z->metric = arena_array(a, z->suite->nmetric, sizeof *z->metric);
	for (size_t i = 0; i < z->suite->nmetric; i++)
		read_metric(z, runs, (int)i, a);
	read_price(z, runs, a);
}
