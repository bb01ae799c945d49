/*
 * gate_pairs.c -- two runs on the same cases: no-worse, better, equivalent, and cost against a
 * baseline.
 */
#include "harness/gate.h"

#include <math.h>

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
		if (how == PAIR_ONLY_BASE || (j->gate->slice >= 0 && c.slice != j->gate->slice) ||
		    !gating_uses(g, c.test_case))
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
compare(struct gating *g, const struct judged *j, const struct columns *c)
{
	struct sample x = gating_sample(g, j, c);

	return paired_compare(&x, c->y, c->y2, j->metric->scorer->lower_is_better, j->margin,
	    j->alpha, g->a);
}

/* ---- resampling ------------------------------------------------------------------------------ */

static double
skewness(const double *d, size_t n)
{
	double mean = sum_of(d, n) / (double)n, square = 0, cube = 0;

	for (size_t i = 0; i < n; i++) {
		square += (d[i] - mean) * (d[i] - mean);
		cube += (d[i] - mean) * (d[i] - mean) * (d[i] - mean);
	}
	square /= (double)n;
	return square > 0 ? cube / (double)n / pow(square, 1.5) : 0;
}

/*
 * Few pairs, or a long tail, and t is too sure of itself: BCa is shown beside it.  A cost is judged
 * by bootstrap-t.  What the bootstrap cannot say stays as it was.
 */
static void
resample(struct gating *g, struct judged *j, const struct columns *c)
{
	struct arena scratch = { 0 };
	struct sample x = gating_sample(g, j, c);
	double *d = arena_array(&scratch, c->n, sizeof *d);
	bool cost = j->gate->rule == RULE_COST;
	struct bootstrap_plan plan = { .replicates = REPLICATES, .seed = g->suite->seed,
		.conf = 1 - 2 * j->alpha, .studentized = cost, .null = { -j->margin, 0 } };
	struct bootstrap b;

	for (size_t i = 0; i < c->n; i++)
		d[i] = j->metric->scorer->lower_is_better ? c->y2[i] - c->y[i] : c->y[i] - c->y2[i];
	x.y = d;
	if (cost || c->n < 200 || fabs(skewness(d, c->n)) > 1) {
		b = bootstrap_mean(&x, &plan, &scratch);
		j->has_bca = b.known && b.has_bca;
		j->bca = b.bca;
		if (cost && b.known && b.has_t) {
			j->pair.ci = b.t;
			j->pair.ci95 = b.t95;
			j->pair.p_noninferiority = b.p_above[0];
			j->pair.p_regression = b.p_below[1];
			j->pair.p_improvement = b.p_above[1];
			j->pair.method = j->pair.p_method = "bootstrap t";
		}
	}
	arena_free(&scratch);
}

/* ---- what the rule asks ------------------------------------------------------------------- */

/* The p-value of FAIL: of a loss, or for `equivalent` of a change to either side. */
static double
p_fail(const struct gate *gate, const struct paired *d)
{
	if (gate->rule == RULE_EQUIVALENT)
		return fmin(1, 2 * fmin(d->p_regression, d->p_improvement));
	return d->p_regression;
}

static struct ruling
ruling_of(const struct judged *j, const struct paired *d, double p)
{
	switch (j->gate->rule) {
	case RULE_BETTER:
		return rule_better(d, j->alpha, p);
	case RULE_EQUIVALENT:
		return rule_equivalent(d, j->margin, j->alpha, p);
	default:
		return rule_no_worse(d, j->margin, j->alpha, p);
	}
}

double
pairs_margin(struct store *st, long base, const struct gate *gate, const struct metric *m,
    const char *slice)
{
	struct query *q;
	double at;

	if (!gate->relative)
		return gate->margin;
	q = store_query(st, "SELECT at FROM v_estimate WHERE run = ? AND metric_name = ? AND"
	    " slice_name = ? AND known", "iss", base, m->name, slice ? slice : "");
	if (!query_next(q))
		return 0;
	at = query_real(q, 0);
	query_free(q);
	return gate->margin * (m->scorer->scale == SCALE_REAL ? fabs(at) : 1 - at);
}

const char *
pairs_incomparable(struct store *st, long run, long base, const char *name, const char **reason)
{
	if (base == 0) {
		*reason = "no_baseline";
		return "there is no baseline run to compare with: set one with "
		    "'driftlead baseline set RUN'";
	}
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

/* ---- what forbids a verdict --------------------------------------------------------------- */

/* Too many answers are missing, or their absence says something by itself. */
static void
decide_missing(struct judged *j, const struct pairs *p)
{
	long lost = j->missing_candidate > j->missing_baseline ? j->missing_candidate :
	    j->missing_baseline;
	struct mcnemar differ = mcnemar_regression(p->only_candidate_missing, p->only_base_missing);
	struct mcnemar other = mcnemar_regression(p->only_base_missing, p->only_candidate_missing);

	if ((double)lost > j->gate->unanswered * (double)p->nkeyed)
		decide(j, INVALID, "unanswered", "too many cases have no answer from the service: the "
		    "model was not measured");
	else if (2 * fmin(differ.p_midp, other.p_midp) < 0.01)
		decide(j, INVALID, "missing_differs",
		    "answers are missing more often in one of the runs");
	else if (j->has_answered && !j->stop.decided &&
	    ruling_of(j, &j->pair, j->p_fail).verdict != j->answered.verdict)
		decide(j, INVALID, "unanswered_decides", "the cases without an answer from the service "
		    "turn the verdict: ask them again with --retry");
}

static void
decide_void(struct judged *j, const struct pairs *p, struct arena *a)
{
	if (p->ncandidate == 0)
		decide(j, INCONCLUSIVE, "nothing_to_judge", "no case was asked");
	else if ((double)p->nkeyed < j->gate->overlap * (double)p->ncandidate)
		decide(j, INVALID, "overlap", arena_fmt(a, "only %ld of %ld cases are in both runs"
		    " (%ld were edited): compare with a run on the same cases, or lower 'overlap'",
		    p->nkeyed, p->ncandidate, p->nedited));
	else if (p->c.n == 0)
		decide(j, INCONCLUSIVE, "nothing_to_judge", "no pair could be scored in both runs");
	else if (p->c.cluster != NULL && j->pair.nclusters < CLUSTERS_LEAST)
		decide(j, INCONCLUSIVE, "too_few_clusters", arena_fmt(a, "%ld clusters are too few for "
		    "a verdict: it takes %d", j->pair.nclusters, CLUSTERS_LEAST));
	else if (j->pair.moved > MOVED_MOST)
		decide(j, INCONCLUSIVE, "empty_slices", arena_fmt(a, "slices with %.1f %% of production "
		    "have no pair", j->pair.moved * 100));
	else if (j->margin <= 0 && j->gate->rule != RULE_BETTER)
		decide(j, INVALID, "margin_zero",
		    "the relative margin is zero: the baseline makes no errors");
	else
		decide_missing(j, p);
}

/* ---- the gate ----------------------------------------------------------------------------- */

static void
describe_clusters(struct gating *g, struct judged *j, const struct columns *c)
{
	double *d = arena_array(g->a, c->n, sizeof *d);
	struct clustered k;

	if (c->cluster == NULL || c->n == 0)
		return;
	for (size_t i = 0; i < c->n; i++)
		d[i] = c->y[i] - c->y2[i];
	k = clustered_mean(d, c->cluster, c->n, (size_t)c->ncluster, g->a);
	j->has_icc = k.has_icc;
	j->icc = k.icc;
	j->deff = k.deff;
}

void
pairs_judge(struct gating *g, struct judged *j)
{
	const char *reason, *why = pairs_incomparable(g->store, g->runs.run, g->runs.base,
	    j->metric->name, &reason);
	struct pairs p = { 0 };
	struct paired answered;

	if (why != NULL) {
		decide(j, INVALID, reason, why);
		return;
	}
	read_pairs(g, j, &p);
	j->margin = pairs_margin(g->store, g->runs.base, j->gate, j->metric, j->slice);
	j->pair = compare(g, j, &p.c);
	j->paired = j->pair.known;
	if (j->paired && !j->pair.binary)
		resample(g, j, &p.c);
	j->has_p_fail = j->paired;
	j->p_fail = p_fail(j->gate, &j->pair);
	if (j->missing_candidate + j->missing_baseline > 0) {
		answered = compare(g, j, &p.both);
		j->answered = ruling_of(j, &answered, p_fail(j->gate, &answered));
		j->answered_effect = answered.at;
		j->answered_n = answered.n;
		j->has_answered = answered.known;
	}
	decide_void(j, &p, g->a);
	j->has_p_fail = j->paired && j->reason == NULL;
	j->has_mde = j->has_p_fail && j->pair.binary && j->pair.psi > 0;
	if (j->has_mde)
		j->mde = mde_paired(j->pair.n, j->pair.psi, j->alpha, j->gate->power);
	describe_clusters(g, j, &p.c);
	if (j->paired && j->gate->slice < 0)
		slices_judge(g, j, &p.c);
	columns_free(&p.c);
	columns_free(&p.both);
}

/* If the change stays what it was; of a loss of the margin or more nothing is said: no number
 * of cases shows that it is not one. */
static long
pairs_needed(const struct judged *j)
{
	const struct paired *d = &j->pair;
	double drop = d->at < 0 ? -d->at : 0, margin = j->margin;

	if (j->gate->rule == RULE_BETTER) {             /* a gain of `at` against the one asked for */
		margin = d->at - j->margin;
		drop = 0;
	} else if (j->gate->rule == RULE_EQUIVALENT) {
		drop = fabs(d->at);
	}
	if (d->se > 0 || !d->binary)                    /* the design's variance, not a proportion's */
		return size_noninferiority_mean(margin, drop, d->se * sqrt((double)d->n), j->alpha,
		    j->gate->power);
	return size_noninferiority(margin, drop, d->psi, j->alpha, j->gate->power);
}

void
pairs_settle(struct judged *j)
{
	struct ruling r = ruling_of(j, &j->pair, j->p_fail_holm);

	decide_by(j, r);
	if (r.verdict == INCONCLUSIVE)
		j->n_needed = pairs_needed(j);
}
