/*
 * gate.c -- GATE: two runs, or one run and a bound, to a verdict.
 *
 * Verdicts follow driftlead-gates(7).  PASS and FAIL are both claims with an error
 * probability; between them lies INCONCLUSIVE, and a comparison that cannot be trusted is
 * INVALID.  PASS of a release is an intersection claim (every gate passes, no correction),
 * FAIL a union claim (Holm over the gates).  All of it is computed from committed rows.
 */
#include "harness/verdict.h"

#include <math.h>

/* driftlead-gates(7) gives the reasons. */
enum { CLUSTERS_LEAST = 10 };
#define MOVED_MOST 0.05

struct gating {
	struct store       *store;
	const struct suite *suite;
	struct pair_of_runs runs;
	struct judged      *judged;
	struct arena       *a;
};

static void
decide(struct judged *j, enum verdict v, const char *reason, const char *text)
{
	j->verdict = v;
	j->reason = reason;
	j->text = text;
}

/* ---- one run against a bound ----------------------------------------------------------- */

/* One-sided p for "the mean is on the wrong side of the bound": by the score test where the
 * interval is Wilson's, which it inverts, else by t. */
static void
p_wrong_side(struct judged *j, const struct sample *x, struct arena *a)
{
	double value = j->gate->value, sign = j->gate->rule == RULE_AT_LEAST ? 1 : -1, se, z;
	struct mean m;

	if (strcmp(j->est.method, "wilson") == 0) {
		if (value <= 0 || value >= 1)
			return;
		se = sqrt(value * (1 - value) / (double)j->est.n);
		z = sign * (value - j->est.at) / se;
		j->p_fail = normal_sf(z);
	} else {
		m = sample_mean(x, a);
		if (!m.has_se || m.se <= 0)
			return;
		j->p_fail = t_sf(sign * (value - m.at) / m.se, m.df);
	}
	j->has_p_fail = true;
}

static enum verdict
bound_verdict(const struct judged *j, const struct estimate *e)
{
	bool least = j->gate->rule == RULE_AT_LEAST;

	if (!e->bounded)
		return INCONCLUSIVE;
	if (least ? e->lo >= j->gate->value : e->hi <= j->gate->value)
		return PASS;
	if (least ? e->hi < j->gate->value : e->lo > j->gate->value)
		return FAIL;
	return INCONCLUSIVE;
}

/* The units of one run: all of them, and those that the service answered. */
struct single { struct columns all, measured; long n; };

static void
read_single(struct gating *g, struct judged *j, struct single *s)
{
	struct unit_reader r = unit_open(g->store, g->runs.run, j->gate->metric,
	    j->metric->scorer->scale, j->gate->rule == RULE_AT_MOST ? UNITS_AGAINST : UNITS_STORED);
	struct unit u;

	while (unit_next(&r, &u)) {
		if (j->gate->slice >= 0 && u.slice != j->gate->slice)
			continue;
		s->n++;
		j->missing_candidate += u.nservice > 0;
		if (u.known)
			columns_add(&s->all, &u, u.value);
		if (u.measured_known)
			columns_add(&s->measured, &u, u.measured);
	}
}

/* What forbids a verdict by the interval: the reason was decided. */
static bool
is_void(struct gating *g, struct judged *j, const struct single *s, double moved)
{
	const struct gate *gate = j->gate;
	struct sample answered = columns_sample(&s->measured, g->suite, gate->metric, gate->slice < 0,
	    g->a);
	struct estimate without = sample_estimate(&answered, 1 - 2 * gate->alpha, g->a);

	if (s->all.n == 0)
		decide(j, INCONCLUSIVE, "nothing_to_judge", s->n ? "no case could be scored" :
		    "no case was asked");
	else if (s->all.cluster != NULL && s->all.ncluster < CLUSTERS_LEAST)
		decide(j, INCONCLUSIVE, "too_few_clusters", arena_fmt(g->a, "%ld clusters are too few for "
		    "a verdict: it takes %d", s->all.ncluster, CLUSTERS_LEAST));
	else if (moved > MOVED_MOST)
		decide(j, INCONCLUSIVE, "empty_slices", arena_fmt(g->a, "slices with %.1f %% of production "
		    "have no answer", moved * 100));
	else if ((double)j->missing_candidate > gate->unanswered * (double)s->n)
		decide(j, INVALID, "unanswered", "too many cases have no answer from the service: the "
		    "model was not measured");
	else if (j->missing_candidate > 0 && bound_verdict(j, &without) != bound_verdict(j, &j->est90))
		decide(j, INVALID, "unanswered_decides", "the cases without an answer from the service "
		    "turn the verdict: ask them again with --retry");
	else if (!j->est90.bounded)
		decide(j, INCONCLUSIVE, "no_interval", "there is no interval: one case only, or every "
		    "value is the same");
	else
		return false;
	return true;
}

static void
judge_bound(struct gating *g, struct judged *j)
{
	const struct gate *gate = j->gate;
	bool least = gate->rule == RULE_AT_LEAST;
	struct single s = { 0 };
	struct sample x;

	read_single(g, j, &s);
	x = columns_sample(&s.all, g->suite, gate->metric, gate->slice < 0, g->a);
	j->est = sample_estimate(&x, 0.95, g->a);
	j->est90 = sample_estimate(&x, 1 - 2 * gate->alpha, g->a);
	if (s.all.n > 0)
		p_wrong_side(j, &x, g->a);
	if (!is_void(g, j, &s, s.all.n > 0 ? sample_mean(&x, g->a).moved : 0)) {
		enum verdict v = bound_verdict(j, &j->est90);

		decide(j, v, v == PASS ? "bound_met" : v == FAIL ? "bound_missed" : "interval_covers_bound",
		    v == PASS ? "the interval lies on the right side of the bound" :
		    v == FAIL ? "the interval lies on the wrong side of the bound" :
		    "the bound lies inside the interval");
		if (v == INCONCLUSIVE && j->metric->scorer->scale != SCALE_REAL)
			j->n_needed = size_rate_bound(least ? j->est.at : 1 - j->est.at,
			    least ? gate->value : 1 - gate->value, gate->alpha, gate->power);
	}
	columns_free(&s.all);
	columns_free(&s.measured);
}

/* ---- two runs ------------------------------------------------------------------------------- */

struct pairs {
	struct columns c;
	struct columns both;              /* pairs that the service answered in both runs */
	long ncandidate, nedited, nkeyed;  /* keyed: the same case is in both runs */
	long only_candidate_missing, only_base_missing;
};

static void
add_pair(struct pairs *p, const struct unit *c, const struct unit *b)
{
	p->nkeyed++;
	if (!c->known || !b->known)
		return;
	columns_add_pair(&p->c, c, c->value, b->value);
	if (c->measured_known && b->measured_known && c->nservice == 0 && b->nservice == 0)
		columns_add_pair(&p->both, c, c->measured, b->measured);
	p->only_candidate_missing += c->nservice > 0 && b->nservice == 0;
	p->only_base_missing += b->nservice > 0 && c->nservice == 0;
}

static void
read_pairs(struct gating *g, struct judged *j, struct pairs *p)
{
	struct pair_reader r = pair_open(g->store, g->runs.run, g->runs.base, j->gate->metric,
	    j->metric->name, j->metric->scorer->scale);
	struct unit c, b;
	enum pairing how;

	while (pair_next(&r, &c, &b, &how)) {
		if (how == PAIR_ONLY_BASE || (j->gate->slice >= 0 && c.slice != j->gate->slice))
			continue;
		p->ncandidate++;
		p->nedited += how == PAIR_EDITED;
		j->missing_candidate += c.nservice > 0;
		if (how == PAIR_BOTH) {
			j->missing_baseline += b.nservice > 0;
			add_pair(p, &c, &b);
		}
	}
}

static struct paired
compare(struct gating *g, struct judged *j, const struct columns *c)
{
	struct sample x = columns_sample(c, g->suite, j->gate->metric, j->gate->slice < 0, g->a);

	return paired_compare(&x, c->y, c->y2, j->metric->scorer->lower_is_better, j->margin,
	    j->gate->alpha, g->a);
}

/* The rule of driftlead-gates(7), with the p for FAIL as the caller adjusted it. */
static enum verdict
no_worse(const struct gate *gate, const struct paired *d, double margin, double p_regression)
{
	if (!d->known || !d->bounded)
		return INCONCLUSIVE;
	if (d->p_noninferiority < gate->alpha)                          /* not inferior */
		return PASS;
	if (p_regression < gate->alpha && d->at <= -margin)     /* worse, and enough to matter */
		return FAIL;
	return INCONCLUSIVE;
}

static const char *
incomparable(struct gating *g, struct judged *j, const char **reason)
{
	struct store *st = g->store;
	long run = g->runs.run, base = g->runs.base;
	const char *name = j->metric->name;

	if (store_long(st, 0, "SELECT state = 'complete' FROM v_run WHERE id = ?", "i", base) == 0) {
		*reason = "baseline_incomplete";
		return "the baseline run is not complete";
	}
	if (store_long(st, 0, "SELECT a.prompt_digest <> b.prompt_digest FROM v_run a, v_run b"
	    " WHERE a.id = ? AND b.id = ?", "ii", run, base)) {
		*reason = "prompt_changed";
		return "the two runs were asked with different prompts";
	}
	if (store_long(st, 0, "SELECT count(*) FROM v_metric WHERE run = ? AND name = ?", "is", base,
	    name) == 0) {
		*reason = "metric_missing";
		return "the baseline run has no such metric: score it with today's suite";
	}
	if (score_differs(st, run, base, name)) {
		*reason = "scorer_changed";
		return "the two runs were scored by different scorers, versions or parameters";
	}
	return NULL;
}

static void
judge_pairs(struct gating *g, struct judged *j)
{
	const struct gate *gate = j->gate;
	const char *reason, *why;
	struct pairs p = { 0 };
	struct paired without;

	if (g->runs.base == 0) {
		decide(j, INVALID, "no_baseline", "there is no baseline run to compare with: set one with "
		    "'driftlead baseline set RUN'");
		return;
	}
	if ((why = incomparable(g, j, &reason)) != NULL) {
		decide(j, INVALID, reason, why);
		return;
	}
	read_pairs(g, j, &p);
	j->margin = gate->margin;
	if (gate->relative && p.c.n > 0) {              /* a part of the baseline's errors, or mean */
		double mean = compare(g, j, &p.c).baseline;

		j->margin *= j->metric->scorer->scale == SCALE_REAL ? fabs(mean) : 1 - mean;
	}
	j->pair = compare(g, j, &p.c);
	j->paired = j->pair.known;
	without = compare(g, j, &p.both);
	if (p.ncandidate == 0) {
		decide(j, INCONCLUSIVE, "nothing_to_judge", "no case was asked");
	} else if ((double)p.nkeyed < gate->overlap * (double)p.ncandidate) {
		decide(j, INVALID, "overlap", arena_fmt(g->a, "only %ld of %ld cases are in both runs"
		    " (%ld were edited): compare with a run on the same cases, or lower 'overlap'",
		    p.nkeyed, p.ncandidate, p.nedited));
	} else if (p.c.n == 0) {
		decide(j, INCONCLUSIVE, "nothing_to_judge", "no pair could be scored in both runs");
	} else if (p.c.cluster != NULL && j->pair.nclusters < CLUSTERS_LEAST) {
		decide(j, INCONCLUSIVE, "too_few_clusters", arena_fmt(g->a, "%ld clusters are too few for "
		    "a verdict: it takes %d", j->pair.nclusters, CLUSTERS_LEAST));
	} else if (j->pair.moved > MOVED_MOST) {
		decide(j, INCONCLUSIVE, "empty_slices", arena_fmt(g->a, "slices with %.1f %% of production "
		    "have no pair", j->pair.moved * 100));
	} else if (j->margin <= 0) {
		decide(j, INVALID, "margin_zero",
		    "the relative margin is zero: the baseline makes no errors");
	} else {
		double most = gate->unanswered * (double)p.nkeyed;
		long lost = j->missing_candidate > j->missing_baseline ? j->missing_candidate :
		    j->missing_baseline;
		struct mcnemar differ = mcnemar_regression(p.only_candidate_missing, p.only_base_missing);
		struct mcnemar other = mcnemar_regression(p.only_base_missing, p.only_candidate_missing);

		j->p_fail = j->pair.p_regression;
		j->has_p_fail = true;
		j->has_mde = j->pair.binary && j->pair.psi > 0;
		if (j->has_mde)
			j->mde = mde_paired(j->pair.n, j->pair.psi, gate->alpha, gate->power);
		if ((double)lost > most)
			decide(j, INVALID, "unanswered", "too many cases have no answer from the service: the "
			    "model was not measured");
		else if (2 * fmin(differ.p_midp, other.p_midp) < 0.01)
			decide(j, INVALID, "missing_differs",
			    "answers are missing more often in one of the runs");
		else if (lost > 0 && no_worse(gate, &without, j->margin, without.p_regression) !=
		    no_worse(gate, &j->pair, j->margin, j->pair.p_regression))
			decide(j, INVALID, "unanswered_decides", "the cases without an answer from the service "
			    "turn the verdict: ask them again with --retry");
	}
	columns_free(&p.c);
	columns_free(&p.both);
}

/* ---- the release ---------------------------------------------------------------------------- */

/* If the change stays what it was; of a loss of the margin or more nothing is said: no number
 * of cases shows that it is not one. */
static long
pairs_needed(const struct judged *j)
{
	const struct paired *d = &j->pair;
	double drop = d->at < 0 ? -d->at : 0;

	if (d->se > 0 || !d->binary)                    /* the design's variance, not a proportion's */
		return size_noninferiority_mean(j->margin, drop, d->se * sqrt((double)d->n), j->gate->alpha,
		    j->gate->power);
	return size_noninferiority(j->margin, drop, d->psi, j->gate->alpha, j->gate->power);
}

/* Holm over every gate that could fail; then the verdicts that were left open. */
static void
decide_pairs(struct gating *g, size_t n)
{
	double *p = arena_array(g->a, n, sizeof *p);
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (g->judged[i].has_p_fail)
			p[k++] = g->judged[i].p_fail;
	adjust_holm(p, k);
	k = 0;
	for (size_t i = 0; i < n; i++) {
		struct judged *j = &g->judged[i];

		if (!j->has_p_fail)
			continue;
		j->p_fail_holm = p[k++];
		if (j->reason != NULL) {
			if (j->verdict == FAIL && j->p_fail_holm >= j->gate->alpha)
				decide(j, INCONCLUSIVE, "multiplicity", "the bound is missed, but not after "
				    "correction for the number of gates");
			continue;
		}
		switch (no_worse(j->gate, &j->pair, j->margin, j->p_fail_holm)) {
		case PASS:
			decide(j, PASS, j->pair.ci.hi < 0 ? "non_inferior_with_loss" : "non_inferior",
			    j->pair.ci.hi < 0 ? "the loss is measurable and inside the margin" :
			    "a loss of the margin is ruled out");
			break;
		case FAIL:
			decide(j, FAIL, "regression", "worse, and by at least the margin");
			break;
		default:
			decide(j, INCONCLUSIVE, j->pair.p_regression < j->gate->alpha ? "loss_within_margin" :
			    "too_few_cases", j->pair.p_regression < j->gate->alpha ?
			    "worse, but whether by more than the margin is open" :
			    "neither a loss of the margin nor a regression is shown");
			j->n_needed = pairs_needed(j);
		}
	}
}

static const struct judged *
release_verdict(const struct judged *j, size_t n)
{
	static const enum verdict order[] = { FAIL, INVALID, INCONCLUSIVE, PASS };

	for (size_t k = 0; k < COUNT(order); k++)
		for (size_t i = 0; i < n; i++)
			if (j[i].verdict == order[k])
				return &j[i];
	return NULL;
}

static const char *
text_of(struct gating *g, const char *column, long run)
{
	/* `column` is one of the literals below, never data. */
	struct query *q = store_query(g->store, arena_fmt(g->a, "SELECT %s FROM v_run WHERE id = ?",
	    column), "i", run);
	const char *s = "";

	if (query_next(q)) {
		s = str_cstr(query_text(q, 0), g->a);
		query_free(q);
	}
	return s;
}

/* Every gate of the run is void for the same reason. */
static void
void_all(struct gating *g, enum verdict v, const char *reason, const char *text)
{
	for (size_t i = 0; i < g->suite->ngate; i++)
		decide(&g->judged[i], v, reason, text);
}

static void
judge_all(struct gating *g)
{
	const struct suite *s = g->suite;

	for (size_t i = 0; i < s->ngate; i++) {
		struct judged *j = &g->judged[i];

		*j = (struct judged){ .gate = &s->gate[i], .metric = &s->metric[s->gate[i].metric],
			.slice = s->gate[i].slice < 0 ? NULL : s->slice[s->gate[i].slice].name };
		if (s->gate[i].rule == RULE_NO_WORSE)
			judge_pairs(g, j);
		else
			judge_bound(g, j);
	}
	decide_pairs(g, s->ngate);
	if (strcmp(text_of(g, "state", g->runs.run), "complete") != 0)
		void_all(g, INCONCLUSIVE, "incomplete", "the run is not complete: resume it first");
	else if (text_of(g, "filter", g->runs.run)[0] != '\0')
		void_all(g, INVALID, "filtered", "only part of the suite was asked (--filter)");
}

int
stage_gate(struct store *st, const struct suite *s, long run, long base, struct release *out,
    struct arena *a, struct err *e)
{
	struct gating g = { .store = st, .suite = s, .a = a,
		.judged = arena_array(a, s->ngate, sizeof *g.judged) };
	struct buf all = { 0 }, one = { 0 }, lines = { 0 };
	const struct judged *deciding;

	*out = (struct release){ .verdict = INCONCLUSIVE, .reason = "no_gates" };
	if (s->ngate == 0)
		return err_set(e, "suite '%s' has no gates", s->name);
	g.runs = (struct pair_of_runs){ run, base, text_of(&g, "target", run),
		base ? text_of(&g, "target", base) : NULL, text_of(&g, "suite_digest", run),
		base ? text_of(&g, "suite_digest", base) : NULL, text_of(&g, "target_digest", run),
		base ? text_of(&g, "target_digest", base) : NULL, s->seed,
		s->has_shares };
	judge_all(&g);
	deciding = release_verdict(g.judged, s->ngate);
	store_drop_verdicts(st, run, base);
	buf_char(&all, '[');
	for (size_t i = 0; i < s->ngate; i++) {
		const struct judged *j = &g.judged[i];

		buf_reset(&one);
		verdict_json(&one, j, &g.runs);
		store_put_verdict(st, run, base, j->gate->name, j->verdict, j->reason, one.p);
		if (i)
			buf_char(&all, ',');
		buf_str(&all, buf_as_str(&one));
		verdict_line(&lines, j);
		if (j == deciding)
			out->verdict_json = str_dup(buf_as_str(&one), a);
	}
	buf_char(&all, ']');
	store_put_verdict(st, run, base, NULL, deciding->verdict, deciding->reason,
	    str_cstr(out->verdict_json, a));
	out->verdict = deciding->verdict;
	out->reason = deciding->reason;
	out->gates_json = str_dup(buf_as_str(&all), a);
	out->lines = str_dup(buf_as_str(&lines), a);
	buf_free(&all);
	buf_free(&one);
	buf_free(&lines);
	return 0;
}
