/*
 * verdict.c -- a verdict for machines.
 *
 * The JSON object has every field that a verdict must report, in one order, with null where a
 * field does not apply; it is stored as it is printed.  driftlead-json(5) documents it.
 */
#include "harness/verdict.h"

#include <math.h>

/* ---- values and intervals ----------------------------------------------------------------- */

static void
value(struct buf *b, const char *key, bool known, double at, bool bounded, struct interval i)
{
	buf_key(b, key);
	if (!known) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_real(b, "at", at);
	buf_key_real_if(b, "lo", bounded, i.lo);
	buf_key_real_if(b, "hi", bounded, i.hi);
	buf_char(b, '}');
}

static void
values(struct buf *b, const struct judged *j)
{
	const struct paired *d = &j->pair;
	const struct table2 *t = &d->table;
	bool table = j->paired && d->binary;

	buf_key(b, "table");
	if (table)
		buf_fmt(b, "{\"n11\":%ld,\"b\":%ld,\"c\":%ld,\"n00\":%ld}", t->n11, t->b, t->c, t->n00);
	else
		buf_puts(b, "null");
	buf_key_real_if(b, "effect", j->paired, d->at);
	if (j->paired) {                                /* only plain rates have Wilson's interval */
		value(b, "baseline", true, d->baseline, table, rate_wilson(t->n11 + t->b, d->n, 0.95));
		value(b, "candidate", true, d->candidate, table, rate_wilson(t->n11 + t->c, d->n, 0.95));
	} else {
		buf_key_null(b, "baseline");
		if (j->gate->rule == RULE_GUARDRAIL)
			value(b, "candidate", j->units > 0, (double)j->hits / (double)(j->units + !j->units),
			    j->units > 0, rate_clopper_pearson(j->hits, j->units, 0.95));
		else if (j->has_quantile)
			value(b, "candidate", true, j->quantile, false, j->quantile_ci);
		else
			value(b, "candidate", j->est.known, j->est.at, j->est.bounded,
			    (struct interval){ j->est.lo, j->est.hi });
	}
}

static void
interval(struct buf *b, const char *key, bool known, double level, struct interval i,
    const char *method, const char *valid)
{
	buf_key(b, key);
	if (!known) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_real(b, "level", level);
	buf_key_real_if(b, "lo", i.lo > -INFINITY, i.lo);
	buf_key_real_if(b, "hi", i.hi < INFINITY, i.hi);
	buf_key_text_or_null(b, "method", method);
	buf_key_text_or_null(b, "valid", valid);
	buf_char(b, '}');
}

/* Where the process decided, only its own interval covers at the moment of its choice. */
static void
intervals(struct buf *b, const struct judged *j)
{
	double level = 1 - 2 * j->alpha;

	if (j->stop.decided) {
		interval(b, "ci", true, 1 - 2 * j->gate->alpha, j->stop.cs, "betting confidence sequence",
		    "anytime");
		buf_key_null(b, "ci95");
	} else if (j->paired) {
		interval(b, "ci", j->pair.bounded, level, j->pair.ci, j->pair.method, "fixed");
		interval(b, "ci95", j->pair.bounded, 0.95, j->pair.ci95, j->pair.method, "fixed");
	} else if (j->has_quantile) {
		interval(b, "ci", j->quantile_lo || j->quantile_hi, level, (struct interval){
		    j->quantile_lo ? j->quantile_ci.lo : -INFINITY,
		    j->quantile_hi ? j->quantile_ci.hi : INFINITY }, "order statistics", "fixed");
		buf_key_null(b, "ci95");
	} else if (j->counted) {
		interval(b, "ci", j->units > 0, level, rate_clopper_pearson(j->hits, j->units, level),
		    "clopper-pearson", "fixed");
		interval(b, "ci95", j->units > 0, 0.95, rate_clopper_pearson(j->hits, j->units, 0.95),
		    "clopper-pearson", "fixed");
	} else {
		interval(b, "ci", j->est_gate.bounded, level,
		    (struct interval){ j->est_gate.lo, j->est_gate.hi }, j->est_gate.method, "fixed");
		interval(b, "ci95", j->est.bounded, 0.95, (struct interval){ j->est.lo, j->est.hi },
		    j->est.method, "fixed");
	}
}

static void
tests(struct buf *b, const struct judged *j)
{
	const struct paired *d = &j->pair;

	buf_key_real_if(b, "value", !j->gate->paired, j->gate->value);
	buf_key_real_if(b, "margin", j->paired, j->margin);
	buf_key_real_if(b, "quantile", j->gate->rule == RULE_LATENCY, j->gate->quantile);
	buf_key_long_if(b, "hits", j->counted, j->hits);
	buf_key_real_if(b, "p_noninferiority", j->paired, d->p_noninferiority);
	buf_key_real_if(b, "p_superiority", j->paired, d->p_superiority);
	buf_key_real_if(b, "p_nonsuperiority", j->paired, d->p_nonsuperiority);
	buf_key_real_if(b, "p_regression", j->paired, d->p_regression);
	buf_key_real_if(b, "p_improvement", j->paired, d->p_improvement);
	buf_key_text_or_null(b, "p_method", j->paired ? d->p_method : NULL);
	buf_key_real_if(b, "p_fail_holm", j->has_p_fail, j->p_fail_holm);
}

/* ---- what else a verdict must say --------------------------------------------------------- */

/* An e-value may pass every double; its logarithm does not. */
static void
e_value(struct buf *b, const char *key, const struct judged *j, double most, double end)
{
	buf_key(b, key);
	if (!j->stop.known) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_real(b, "most", exp(fmin(most, 700)));
	buf_key_real(b, "end", exp(fmin(end, 700)));
	buf_char(b, '}');
}

static void
preflight(struct buf *b, const struct preflight *p)
{
	buf_key(b, "preflight");
	if (p->run == 0) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_long(b, "run", p->run);
	buf_key_long(b, "n", p->n);
	buf_key_real_if(b, "shift", p->known, p->shift);
	buf_key_real_if(b, "z", p->known, p->z);
	buf_char(b, '}');
}

static void
stopped(struct buf *b, const struct stopping *s)
{
	buf_key(b, "stopping");
	buf_char(b, '{');
	buf_key_text_or_null(b, "rule", s->rule);
	buf_key_long(b, "n_max", s->n_max);
	buf_key_long(b, "n_used", s->n_used);
	buf_key_long(b, "units_saved", s->n_max - s->n_used);
	buf_key_long(b, "calls_saved", s->calls_saved);
	buf_key_real_if(b, "cost_saved_usd", s->cost_saved >= 0, s->cost_saved);
	buf_key_long_if(b, "tokens_saved", s->tokens_saved >= 0, s->tokens_saved);
	buf_key_real_if(b, "wall_saved_s", s->seconds_saved >= 0, s->seconds_saved);
	buf_char(b, '}');
}

static void
slices(struct buf *b, const struct judged *j)
{
	buf_key(b, "slices");
	buf_char(b, '[');
	for (size_t i = 0; i < j->nslice; i++) {
		const struct judged_slice *x = &j->slices[i];

		buf_puts(b, i ? ",{" : "{");
		buf_key_text_or_null(b, "name", x->name);
		buf_key_real(b, "share", x->share);
		buf_key_long(b, "n", x->pair.n);
		buf_key_real_if(b, "effect", x->pair.known, x->pair.at);
		buf_key_real_if(b, "shrunk", x->has_shrunk, x->shrunk);
		interval(b, "ci", x->pair.known && x->pair.bounded, 1 - 2 * j->alpha, x->pair.ci,
		    x->pair.method, "fixed");
		buf_key_real_if(b, "p_regression", x->pair.known, x->pair.p_regression);
		buf_key_real_if(b, "p_bh", strcmp(x->status, "flagged") == 0 ||
		    strcmp(x->status, "ok") == 0, x->p_bh);
		buf_key_real_if(b, "mde", x->has_mde, x->mde);
		buf_key_text_or_null(b, "status", x->status);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void
guardrails(struct buf *b, const struct judged *all, size_t n)
{
	const char *comma = "";

	buf_key(b, "guardrails");
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		const struct judged *j = &all[i];

		if (j->gate->rule != RULE_GUARDRAIL)
			continue;
		buf_puts(b, comma);
		buf_char(b, '{');
		buf_key_text_or_null(b, "gate", j->gate->name);
		buf_key_text_or_null(b, "verdict", verdict_name[j->verdict]);
		buf_key_long(b, "failures", j->hits);
		buf_key_long(b, "n", j->units);
		buf_key_real_if(b, "upper", j->units > 0,
		    rate_clopper_pearson(j->hits, j->units, 1 - 2 * j->alpha).hi);
		buf_key_real(b, "value", j->gate->value);
		buf_char(b, '}');
		comma = ",";
	}
	buf_char(b, ']');
}

static void
multiplicity(struct buf *b, const struct judged *j)
{
	bool budget = j->gate->rule == RULE_LATENCY || j->gate->rule == RULE_COST;
	bool alone = j->gate->advisory || j->gate->rule == RULE_GUARDRAIL;

	buf_key(b, "multiplicity");
	buf_char(b, '{');
	buf_key_text_or_null(b, "family", j->gate->advisory ? "advisory" : alone ? "guardrails" :
	    budget ? "budgets" : "gates that can fail");
	buf_key_text_or_null(b, "method", alone ? "none" : "holm");
	buf_char(b, '}');
}

static void
answered_only(struct buf *b, const struct judged *j)
{
	buf_key(b, "answered_only");
	if (!j->has_answered) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_text_or_null(b, "verdict", verdict_name[j->answered.verdict]);
	buf_key_long(b, "n", j->answered_n);
	buf_key_real_if(b, j->paired ? "effect" : "at", true, j->answered_effect);
	buf_char(b, '}');
}

static void
warning(struct buf *b, const char *text_)
{
	if (b->p[b->n - 1] != '[')
		buf_char(b, ',');
	buf_json(b, str_of(text_));
}

static void
warnings(struct buf *b, const struct judged *j, const struct pair_of_runs *r)
{
	bool flagged = false;

	buf_key(b, "warnings");
	buf_char(b, '[');
	if (j->missing_candidate + j->missing_baseline > 0)
		warning(b, "some cases have no answer from the service; they count as failures");
	if (j->paired && j->pair.nclusters < j->pair.n && j->pair.nclusters < 30)
		warning(b, "fewer than 30 clusters: the interval is approximate");
	if (r->attempt >= 3)
		warning(b, "third look or later at this baseline: a release needs the name of who answers "
		    "for it");
	for (size_t i = 0; i < j->nslice; i++)
		flagged = flagged || strcmp(j->slices[i].status, "flagged") == 0;
	if (flagged)
		warning(b, "a slice without a gate of its own is flagged as worse");
	buf_char(b, ']');
}

static void
provenance(struct buf *b, const struct pair_of_runs *r)
{
	buf_key(b, "seed");
	buf_fmt(b, "%llu", (unsigned long long)r->seed);
	buf_key(b, "hashes");
	buf_char(b, '{');
	buf_key_text_or_null(b, "suite", r->suite_digest);
	buf_key_text_or_null(b, "baseline_suite", r->base_digest);
	buf_key_text_or_null(b, "candidate", r->config_digest);
	buf_key_text_or_null(b, "baseline", r->base_config_digest);
	buf_key_text_or_null(b, "weights", r->weights_digest);
	buf_char(b, '}');
	buf_key_long(b, "run", r->run);
	buf_key_long_if(b, "base", r->base > 0, r->base);
	buf_key_text_or_null(b, "program", PROGRAM_VERSION);
}

void
verdict_json(struct buf *b, const struct judged *j, const struct pair_of_runs *r,
    const struct stopping *s, const struct judged *all, size_t n)
{
	bool weighted = r->weighted && j->slice == NULL;
	bool clustered = j->paired && j->pair.nclusters < j->pair.n;

	buf_char(b, '{');
	buf_key_text_or_null(b, "verdict", verdict_name[j->verdict]);
	buf_key_text_or_null(b, "reason_code", j->reason);
	buf_key_text_or_null(b, "reason", j->text);
	buf_key_text_or_null(b, "gate", j->gate->name);
	buf_key_text_or_null(b, "rule", gate_rule[j->gate->rule].name);
	buf_puts(b, j->gate->advisory ? ",\"advisory\":true" : ",\"advisory\":false");
	buf_key_text_or_null(b, "estimand", weighted ? "production" : "suite");
	buf_key_text_or_null(b, "metric", j->metric->name);
	buf_key_text_or_null(b, "slice", j->slice);
	buf_key_text_or_null(b, "unit", clustered ? "cluster" : "item");
	buf_key_long_if(b, "n_pairs", j->paired, j->pair.n);
	buf_key_long(b, "n", j->paired ? j->pair.n : j->counted ? j->units : j->est.n);
	buf_key_long_if(b, "n_clusters", j->paired, j->pair.nclusters);
	buf_key_real_if(b, "n_eff", j->paired, j->pair.n_eff);
	buf_key(b, "n_missing");
	buf_fmt(b, "{\"candidate\":%ld,\"baseline\":%ld}", j->missing_candidate, j->missing_baseline);
	answered_only(b, j);
	values(b, j);
	intervals(b, j);
	interval(b, "ci_bootstrap", j->has_bca, 1 - 2 * j->alpha, j->bca, "BCa", "fixed");
	tests(b, j);
	e_value(b, "e_pass", j, j->stop.log_e_pass, j->stop.log_e_pass_end);
	e_value(b, "e_fail", j, j->stop.log_e_fail, j->stop.log_e_fail_end);
	buf_key_real(b, "alpha", j->gate->alpha);
	buf_key(b, "alpha_split");
	if (s->sequential) {
		buf_char(b, '{');
		buf_key_real(b, "anytime", ANYTIME_PART * j->gate->alpha);
		buf_key_real(b, "final", j->alpha);
		buf_char(b, '}');
	} else {
		buf_puts(b, "null");
	}
	buf_key_real_if(b, "mde", j->has_mde, j->mde);
	buf_key_long_if(b, "n_needed", j->n_needed > 0, j->n_needed);
	buf_key_real_if(b, "psi", j->paired && j->pair.binary, j->pair.psi);
	buf_key_real_if(b, "psi0", j->preflight.known, j->preflight.psi);
	buf_key_real_if(b, "icc", j->has_icc, j->icc);
	buf_key_real_if(b, "deff", j->has_icc, j->deff);
	preflight(b, &j->preflight);
	stopped(b, s);
	slices(b, j);
	guardrails(b, all, n);
	buf_key_null(b, "judge");
	buf_key(b, "hygiene");
	buf_char(b, '{');
	buf_key_long_if(b, "dedup_clusters", clustered, j->pair.nclusters);
	buf_key_null(b, "contaminated_excluded");
	buf_key(b, "salt");
	buf_fmt(b, "%llu}", (unsigned long long)r->seed);
	multiplicity(b, j);
	buf_key_long(b, "attempt", r->attempt);
	buf_key_real(b, "cumulative_false_ship_bound", r->false_ship);
	provenance(b, r);
	warnings(b, j, r);
	buf_char(b, '}');
}
