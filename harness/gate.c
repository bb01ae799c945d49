/*
 * gate.c -- GATE: two runs, or one run and a bound, to a verdict.
 *
 * Verdicts follow driftlead-gates(7).  PASS and FAIL are both claims with an error
 * probability; between them lies INCONCLUSIVE, and a comparison that cannot be trusted is
 * INVALID.  PASS of a release is an intersection claim (every gate passes, no correction),
 * FAIL a union claim (Holm over the gates).  All of it is computed from committed rows.
 */
#include "harness/gate.h"

#include <math.h>

/* ---- reasons ------------------------------------------------------------------------------ */

static const struct { const char *reason, *text; } sentence[] = {
	{ "bound_met", "the interval lies on the right side of the bound" },
	{ "bound_missed", "the interval lies on the wrong side of the bound" },
	{ "interval_covers_bound", "the bound lies inside the interval" },
	{ "multiplicity", "the limit is missed, but not after correction for the number of gates" },
	{ "no_interval", "there is no interval: one case only, or every value is the same" },
	{ "non_inferior", "a loss of the margin is ruled out" },
	{ "non_inferior_with_loss", "the loss is measurable and inside the margin" },
	{ "regression", "worse, and by at least the margin" },
	{ "loss_within_margin", "worse, but whether by more than the margin is open" },
	{ "too_few_cases", "neither a loss of the margin nor a regression is shown" },
	{ "superior", "the gain that was asked for is shown" },
	{ "worse", "worse, where a gain was asked for" },
	{ "no_demonstrated_gain", "no gain is demonstrated, and no loss" },
	{ "equivalent", "a change of the margin is ruled out on either side" },
	{ "different", "changed, and by at least the margin" },
	{ "equivalence_open", "neither equivalence nor a change of the margin is shown" },
	{ "guardrail_holds", "the failure rate is below the guardrail" },
	{ "guardrail_violated", "the failure rate is above the guardrail" },
	{ "guardrail_open", "too few cases to tell on which side of the guardrail the rate lies" },
	{ "latency_met", "enough answers come within the limit" },
	{ "latency_missed", "too few answers come within the limit" },
	{ "latency_open", "whether enough answers come within the limit is open" },
};

void
decide(struct judged *j, enum verdict v, const char *reason, const char *text)
{
	j->verdict = v;
	j->reason = reason;
	j->text = text;
}

void
decide_by(struct judged *j, struct ruling r)
{
	for (size_t i = 0; i < COUNT(sentence); i++)
		if (strcmp(sentence[i].reason, r.reason) == 0) {
			decide(j, r.verdict, sentence[i].reason, sentence[i].text);
			return;
		}
	bug("no sentence for the reason '%s'", r.reason);
}

/* Every gate of the run is void for the same reason. */
static void
void_all(struct gating *g, enum verdict v, const char *reason, const char *text)
{
	for (size_t i = 0; i < g->suite->ngate; i++)
		decide(&g->judged[i], v, reason, text);
}

/* ---- families ----------------------------------------------------------------------------- */

/* Budgets of time and money are agreed on by themselves, and are corrected by themselves. */
static int
family(const struct judged *j)
{
	return j->gate->rule == RULE_LATENCY || j->gate->rule == RULE_COST;
}

/* Holm over every gate of a family that could fail; advisory gates are no part of it. */
static void
adjust(struct gating *g, int which)
{
	double *p = arena_array(g->a, g->suite->ngate, sizeof *p);
	size_t k = 0;

	for (int pass = 0; pass < 2; pass++) {
		k = 0;
		for (size_t i = 0; i < g->suite->ngate; i++) {
			struct judged *j = &g->judged[i];

			if (!j->has_p_fail || j->gate->advisory || family(j) != which)
				continue;
			if (pass == 0)
				p[k++] = j->p_fail;
			else
				j->p_fail_holm = p[k++];
		}
		if (pass == 0)
			adjust_holm(p, k);
	}
}

static void
judge_all(struct gating *g)
{
	const struct suite *s = g->suite;

	for (size_t i = 0; i < s->ngate; i++) {
		struct judged *j = &g->judged[i];

		*j = (struct judged){ .gate = &s->gate[i], .metric = &s->metric[s->gate[i].metric],
			.slice = s->gate[i].slice < 0 ? NULL : s->slice[s->gate[i].slice].name,
			.alpha = s->gate[i].alpha };
		(s->gate[i].paired ? pairs_judge : single_judge)(g, j);
		j->p_fail_holm = j->p_fail;
	}
	adjust(g, 0);
	adjust(g, 1);
	for (size_t i = 0; i < s->ngate; i++)
		if (g->judged[i].reason == NULL)
			(s->gate[i].paired ? pairs_settle : single_settle)(&g->judged[i]);
}

/* ---- the release -------------------------------------------------------------------------- */

static const struct judged *
release_verdict(const struct judged *j, size_t n)
{
	static const enum verdict order[] = { FAIL, INVALID, INCONCLUSIVE, PASS };

	for (size_t k = 0; k < COUNT(order); k++)
		for (size_t i = 0; i < n; i++)
			if (j[i].verdict == order[k] && !j[i].gate->advisory)
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

static const char *
weights_digest(const struct suite *s, struct arena *a)
{
	struct sha256 h = sha256_begin();
	char *hex = arena_alloc(a, 65);

	if (!s->has_shares)
		return NULL;
	for (size_t i = 0; i < s->nslice; i++) {
		sha256_field(&h, str_of(s->slice[i].name));
		sha256_field(&h, str_of(arena_fmt(a, "%.17g", s->slice[i].share)));
	}
	sha256_end(&h, hex);
	return hex;
}

/*
 * Which try this is: runs of this suite up to this one that were judged against this baseline.
 * Each try at the margin is shipped with probability alpha, so k of them with 1 - (1 - alpha)^k.
 */
static void
count_attempts(struct gating *g)
{
	double alpha = 0;

	g->runs.attempt = 1 + store_long(g->store, 0, "SELECT count(DISTINCT v.run) FROM v_verdict v"
	    " WHERE v.gate IS NULL AND ifnull(v.base, 0) = ?1 AND v.run < ?2 AND v.run <> ?1"
	    " AND (SELECT r.suite_digest FROM v_run r WHERE r.id = v.run) = ?3", "iis", g->runs.base,
	    g->runs.run, g->runs.suite_digest);
	for (size_t i = 0; i < g->suite->ngate; i++)
		if (!g->suite->gate[i].advisory)
			alpha = fmax(alpha, g->suite->gate[i].alpha);
	g->runs.false_ship = -expm1((double)g->runs.attempt * log1p(-alpha));
}

static void
describe_runs(struct gating *g, long run, long base)
{
	const struct suite *s = g->suite;

	g->runs = (struct pair_of_runs){ run, base, text_of(g, "target", run),
		base ? text_of(g, "target", base) : NULL, text_of(g, "suite_digest", run),
		base ? text_of(g, "suite_digest", base) : NULL, text_of(g, "target_digest", run),
		base ? text_of(g, "target_digest", base) : NULL, s->seed, s->has_shares,
		weights_digest(s, g->a), 0, 0 };
	count_attempts(g);
}

static struct stopping
describe_stopping(struct gating *g)
{
	long planned = store_long(g->store, 0, "SELECT ncases FROM v_run WHERE id = ?", "i",
	    g->runs.run);

	return (struct stopping){ .rule = "fixed", .n_max = planned, .n_used = planned,
		.cost_saved = 0, .seconds_saved = 0 };
}

int
stage_gate(struct store *st, const struct suite *s, long run, long base, struct release *out,
    struct arena *a, struct err *e)
{
	struct gating g = { .store = st, .suite = s, .a = a,
		.judged = arena_array(a, s->ngate, sizeof *g.judged) };
	struct buf all = { 0 }, one = { 0 }, lines = { 0 }, why = { 0 };
	const struct judged *deciding;
	struct stopping stopping;

	*out = (struct release){ .verdict = INCONCLUSIVE, .reason = "no_gates" };
	if (s->ngate == 0)
		return err_set(e, "suite '%s' has no gates", s->name);
	describe_runs(&g, run, base);
	judge_all(&g);
	stopping = describe_stopping(&g);
	if (strcmp(text_of(&g, "state", run), "complete") != 0)
		void_all(&g, INCONCLUSIVE, "incomplete", "the run is not complete: resume it first");
	else if (text_of(&g, "filter", run)[0] != '\0')
		void_all(&g, INVALID, "filtered", "only part of the suite was asked (--filter)");
	if ((deciding = release_verdict(g.judged, s->ngate)) == NULL) {
		void_all(&g, INCONCLUSIVE, "only_advisory", "every gate is advisory: nothing decides");
		deciding = g.judged;
	}
	store_drop_verdicts(st, run, base);
	buf_char(&all, '[');
	for (size_t i = 0; i < s->ngate; i++) {
		const struct judged *j = &g.judged[i];

		buf_reset(&one);
		verdict_json(&one, j, &g.runs, &stopping, g.judged, s->ngate);
		store_put_verdict(st, run, base, j->gate->name, j->verdict, j->reason, one.p);
		if (i)
			buf_char(&all, ',');
		buf_str(&all, buf_as_str(&one));
		verdict_line(&lines, j, &g.runs, &stopping);
		verdict_explain(&why, j, &g.runs, &stopping);
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
	out->explanation = str_dup(buf_as_str(&why), a);
	buf_free(&all);
	buf_free(&one);
	buf_free(&lines);
	buf_free(&why);
	return 0;
}
