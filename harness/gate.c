/*
 * gate.c -- GATE: two runs, or one run and a bound, to a verdict.
 *
 * Verdicts follow driftlead-gates(7).  PASS and FAIL are both claims with an error
 * probability; between them lies INCONCLUSIVE, and a comparison that cannot be trusted is
 * INVALID.  PASS of a release is an intersection claim (every gate passes, no correction),
 * FAIL a union claim (Holm over the gates).  All of it is computed from committed rows.
 */
#include "harness/gate.h"
#include "harness/preflight.h"
#include "harness/sequence.h"

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
	{ "preflight_shift", "asked again, the baseline's target answers otherwise than it did: its "
	  "service, or what judges it, changed" },
	{ "stopped_early", "the release was decided before this gate was" },
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

struct sample
gating_sample(const struct gating *g, const struct judged *j, const struct columns *c)
{
	return columns_sample(c, g->suite, j->gate->metric, j->gate->slice < 0, g->a);
}

bool
gating_uses(const struct gating *g, long test_case)
{
	return g->sequence == NULL || !sequence_decided(g->sequence) ||
	    sequence_uses(g->sequence, test_case);
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

/* How far the baseline's target is from what it was when it was measured. */
static void
check_baseline(struct gating *g, struct judged *j)
{
	long probe = j->gate->paired && g->runs.base ? preflight_find(g->store, g->runs.run) : 0;

	if (probe == 0)
		return;
	j->preflight = preflight_compare(g->store, g->suite, j->gate->metric, probe, g->runs.base,
	    g->a);
	if (preflight_shifted(&j->preflight))
		decide_by(j, (struct ruling){ INVALID, "preflight_shift" });
}

/* What the process decided stands; what it left open when it decided the release stays open. */
static void
settle(struct gating *g, struct judged *j, struct ruling by_process)
{
	if (j->reason != NULL)
		return;
	if (j->stop.decided)
		decide_by(j, by_process);
	else if (g->sequence != NULL && sequence_decided(g->sequence))
		decide_by(j, (struct ruling){ INCONCLUSIVE, "stopped_early" });
	else
		(j->gate->paired ? pairs_settle : single_settle)(j);
}

static void
judge_all(struct gating *g)
{
	const struct suite *s = g->suite;
	struct ruling *ruling = arena_array(g->a, s->ngate, sizeof *ruling);

	for (size_t i = 0; i < s->ngate; i++) {
		struct judged *j = &g->judged[i];

		*j = (struct judged){ .gate = &s->gate[i], .metric = &s->metric[s->gate[i].metric],
			.slice = s->gate[i].slice < 0 ? NULL : s->slice[s->gate[i].slice].name,
			.alpha = s->gate[i].alpha };
		if (g->sequence != NULL) {
			j->alpha -= ANYTIME_PART * j->alpha;
			j->stop = sequence_stop(g->sequence, i, &ruling[i]);
		}
		(s->gate[i].paired ? pairs_judge : single_judge)(g, j);
		j->p_fail_holm = j->p_fail;
	}
	adjust(g, 0);
	adjust(g, 1);
	for (size_t i = 0; i < s->ngate; i++) {
		settle(g, &g->judged[i], ruling[i]);
		check_baseline(g, &g->judged[i]);
	}
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
	char *hex = arena_alloc(a, 65);
	struct sha256 h;

	if (!s->has_shares)
		return NULL;
	h = sha256_begin();
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

/* What was not asked, at the mean of what was. */
static struct stopping
describe_stopping(struct gating *g)
{
	struct query *q = store_query(g->store, "SELECT r.ncases, r.ncalls, r.ndone, r.seconds,"
	    " (SELECT avg(c.cost) FROM v_completion c WHERE c.run = r.id),"
	    " (SELECT avg(ifnull(c.tokens_in, 0) + ifnull(c.tokens_out, 0)) FROM v_completion c"
	    "   WHERE c.run = r.id AND c.tokens_out IS NOT NULL)"
	    " FROM v_run r WHERE r.id = ?", "i", g->runs.run);
	static const char *const rule[] = { "fixed", "hybrid" };
	struct stopping s = { .rule = rule[g->sequence != NULL],
		.sequential = g->sequence != NULL,
		.early = g->sequence != NULL && sequence_decided(g->sequence) };
	long done;

	if (!query_next(q))
		bug("run %ld vanished", g->runs.run);
	s.n_max = query_long(q, 0);
	s.n_used = s.early ? sequence_used(g->sequence) : s.n_max;
	done = query_long(q, 2);
	s.calls_saved = s.early ? query_long(q, 1) - done : 0;
	s.cost_saved = !s.early ? 0 : query_null(q, 4) ? -1 : (double)s.calls_saved * query_real(q, 4);
	s.tokens_saved = !s.early ? 0 : query_null(q, 5) ? -1 :
	    lround((double)s.calls_saved * query_real(q, 5));
	s.seconds_saved = !s.early ? 0 : done == 0 ? -1 :
	    (double)s.calls_saved * query_real(q, 3) / (double)done;
	query_free(q);
	return s;
}

/* A verdict on all cases needs all of them; one that the process reached needs no more. */
static void
require_all(struct gating *g)
{
	bool early = g->sequence != NULL && sequence_decided(g->sequence);
	long lacking = store_long(g->store, 0, "SELECT ncalls - ndone FROM v_run WHERE id = ?", "i",
	    g->runs.run);

	bool shifted = false;

	for (size_t i = 0; i < g->suite->ngate; i++)
		shifted = shifted || preflight_shifted(&g->judged[i].preflight);
	if (shifted)
		return;                                 /* INVALID already, and nothing was asked */
	if (text_of(g, "filter", g->runs.run)[0] != '\0')
		void_all(g, INVALID, "filtered", "only part of the suite was asked (--filter)");
	else if (!early && strcmp(text_of(g, "state", g->runs.run), "complete") != 0)
		void_all(g, INCONCLUSIVE, "incomplete", "the run is not complete: resume it first");
	else if (!early && lacking > 0)
		void_all(g, INCONCLUSIVE, "incomplete", "the run stopped when other gates were decided: "
		    "ask the rest with --all");
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
	if ((g.sequence = sequence_open(st, s, run, base, a)) != NULL)
		sequence_advance(g.sequence);
	judge_all(&g);
	stopping = describe_stopping(&g);
	require_all(&g);
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
	sequence_free(g.sequence);
	return 0;
}
