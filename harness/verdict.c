/*
 * verdict.c -- a verdict for machines and for people.
 *
 * The JSON object has every field that a verdict must report, in one order, with null where a
 * field does not apply; it is stored as it is printed.  driftlead-gates(7) documents it.
 */
#include "harness/verdict.h"

static void
text(struct buf *b, const char *key, const char *value)
{
	if (value != NULL)
		buf_key_text(b, key, str_of(value));
	else
		buf_key_null(b, key);
}

static void
real(struct buf *b, const char *key, bool known, double value)
{
	if (known)
		buf_key_real(b, key, value);
	else
		buf_key_null(b, key);
}

static void
whole(struct buf *b, const char *key, bool known, long value)
{
	if (known)
		buf_key_long(b, key, value);
	else
		buf_key_null(b, key);
}

static void
nulls(struct buf *b, const char *const *key)
{
	for (; *key != NULL; key++)
		buf_key_null(b, *key);
}

/* A rate with its Wilson interval where the table is binary. */
static void
rate(struct buf *b, const char *key, bool known, double at, long x, long n)
{
	struct interval i = rate_wilson(x, n, 0.95);

	buf_key(b, key);
	if (!known) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	real(b, "at", true, at);
	real(b, "lo", n > 0, i.lo);
	real(b, "hi", n > 0, i.hi);
	buf_char(b, '}');
}

static void
interval(struct buf *b, const char *key, const struct judged *j, double level)
{
	bool first = level < 0.95;

	buf_key(b, key);
	if (j->paired ? !j->pair.bounded : !j->est.bounded) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	real(b, "level", true, first ? 1 - 2 * j->gate->alpha : level);
	if (j->paired)
		real(b, "lo", true, first ? j->pair.ci.lo : j->pair.ci95.lo);
	else
		real(b, "lo", true, first ? j->est90.lo : j->est.lo);
	if (j->paired)
		real(b, "hi", true, first ? j->pair.ci.hi : j->pair.ci95.hi);
	else
		real(b, "hi", true, first ? j->est90.hi : j->est.hi);
	text(b, "method", j->paired ? j->pair.method : j->est.method);
	text(b, "valid", "fixed");
	buf_char(b, '}');
}

static const char *const rule_name[] = { "at-least", "at-most", "no-worse" };

static void
effect(struct buf *b, const struct judged *j)
{
	const struct paired *d = &j->pair;
	bool table = j->paired && d->binary;

	buf_key(b, "table");
	if (table)
		buf_fmt(b, "{\"n11\":%ld,\"b\":%ld,\"c\":%ld,\"n00\":%ld}", d->table.n11, d->table.b,
		    d->table.c, d->table.n00);
	else
		buf_puts(b, "null");
	real(b, "effect", j->paired, d->at);
	if (j->paired) {
		rate(b, "baseline", true, d->baseline, table ? d->table.n11 + d->table.b : 0,
		    table ? d->n : 0);
		rate(b, "candidate", true, d->candidate, table ? d->table.n11 + d->table.c : 0,
		    table ? d->n : 0);
	} else {
		text(b, "baseline", NULL);
		buf_key(b, "candidate");
		if (j->est.known) {
			buf_char(b, '{');
			real(b, "at", true, j->est.at);
			real(b, "lo", j->est.bounded, j->est.lo);
			real(b, "hi", j->est.bounded, j->est.hi);
			buf_char(b, '}');
		} else {
			buf_puts(b, "null");
		}
	}
	interval(b, "ci", j, 0.90);
	interval(b, "ci95", j, 0.95);
	real(b, "value", j->gate->rule != RULE_NO_WORSE, j->gate->value);
	real(b, "margin", j->gate->rule == RULE_NO_WORSE, j->margin);
	real(b, "p_noninferiority", j->paired, d->p_noninferiority);
	real(b, "p_regression", j->paired, d->p_regression);
	text(b, "p_method", j->paired ? d->p_method : NULL);
	real(b, "p_fail_holm", j->has_p_fail, j->p_fail_holm);
}

void
verdict_json(struct buf *b, const struct judged *j, const struct pair_of_runs *r)
{
	static const char *const before_alpha[] = { "e_pass", "e_fail", NULL };
	static const char *const after_psi[] = { "psi0", "icc", "deff", "stopping", "slices",
		"guardrails", "judge", "hygiene", NULL };
	static const char *const attempts[] = { "attempt", "cumulative_false_ship_bound", NULL };
	bool weighted = r->weighted && j->slice == NULL;

	buf_char(b, '{');
	text(b, "verdict", verdict_name[j->verdict]);
	text(b, "reason_code", j->reason);
	text(b, "reason", j->text);
	text(b, "gate", j->gate->name);
	text(b, "rule", rule_name[j->gate->rule]);
	text(b, "estimand", weighted ? "production" : "suite");
	text(b, "metric", j->metric->name);
	text(b, "slice", j->slice);
	text(b, "unit", j->paired && j->pair.nclusters < j->pair.n ? "cluster" : "item");
	whole(b, "n_pairs", j->paired, j->pair.n);
	whole(b, "n", true, j->paired ? j->pair.n : j->est.n);
	whole(b, "n_clusters", j->paired, j->pair.nclusters);
	real(b, "n_eff", j->paired, j->pair.n_eff);
	buf_key(b, "n_missing");
	buf_fmt(b, "{\"candidate\":%ld,\"baseline\":%ld}", j->missing_candidate, j->missing_baseline);
	effect(b, j);
	nulls(b, before_alpha);
	real(b, "alpha", true, j->gate->alpha);
	real(b, "mde", j->has_mde, j->mde);
	whole(b, "n_needed", j->n_needed > 0, j->n_needed);
	real(b, "psi", j->paired && j->pair.binary, j->pair.psi);
	nulls(b, after_psi);
	buf_key(b, "multiplicity");
	buf_puts(b, "{\"family\":\"gates that can fail\",\"method\":\"holm\"}");
	nulls(b, attempts);
	buf_key(b, "seed");
	buf_fmt(b, "%llu", (unsigned long long)r->seed);
	buf_key(b, "hashes");
	buf_char(b, '{');
	text(b, "suite", r->suite_digest);
	text(b, "baseline_suite", r->base_digest);
	text(b, "candidate", r->config_digest);
	text(b, "baseline", r->base_config_digest);
	buf_char(b, '}');
	whole(b, "run", true, r->run);
	whole(b, "base", r->base > 0, r->base);
	text(b, "program", PROGRAM_VERSION);
	buf_key(b, "warnings");
	buf_char(b, '[');
	if (j->missing_candidate + j->missing_baseline > 0)
		buf_json(b, STR("some cases have no answer from the service; they count as failures"));
	buf_puts(b, "]}");
}

/* ---- for people ------------------------------------------------------------------------------ */

static void
amount(struct buf *b, const struct metric *m, double x, bool sign)
{
	quantity_write(b, x, m->scorer->scale != SCALE_REAL, str_of(m->scorer->unit), sign);
}

void
change_text(struct buf *b, const struct metric *m, const struct paired *d, struct interval ci,
    double level)
{
	double sign = m->scorer->lower_is_better ? -1 : 1, at = sign * d->at;
	double lo = sign < 0 ? -ci.hi : ci.lo, hi = sign < 0 ? -ci.lo : ci.hi;

	buf_puts(b, "  change ");
	if (m->scorer->scale != SCALE_REAL)
		buf_fmt(b, "%+.1f pt", at * 100);
	else
		amount(b, m, at, true);
	if (!d->bounded)
		return;
	if (m->scorer->scale != SCALE_REAL) {
		buf_fmt(b, " [%+.1f, %+.1f]", lo * 100, hi * 100);
	} else {
		buf_puts(b, " [");
		amount(b, m, lo, true);
		buf_puts(b, ", ");
		amount(b, m, hi, true);
		buf_puts(b, "]");
	}
	buf_fmt(b, " (%.3g %%)", level * 100);
}

void
verdict_line(struct buf *b, const struct judged *j)
{
	const struct paired *d = &j->pair;

	buf_fmt(b, "  %-12s  %s  ", verdict_name[j->verdict], j->gate->name);
	if (j->slice != NULL)
		buf_fmt(b, "(slice %s)  ", j->slice);
	if (j->paired) {
		amount(b, j->metric, d->candidate, false);
		change_text(b, j->metric, d, d->ci, 1 - 2 * j->gate->alpha);
		if (j->metric->scorer->scale != SCALE_REAL)
			buf_fmt(b, "  margin %.1f pt", j->margin * 100);
		else {
			buf_puts(b, "  margin ");
			amount(b, j->metric, j->margin, false);
		}
		buf_fmt(b, "  n %ld", d->n);
		if (d->binary)
			buf_fmt(b, "  b/c %ld/%ld", d->table.b, d->table.c);
		if (j->has_mde)
			buf_fmt(b, "  MDE %.1f pt", j->mde * 100);
	} else if (j->est.known) {
		amount(b, j->metric, j->est.at, false);
		if (j->est90.bounded) {
			buf_puts(b, "  [");
			amount(b, j->metric, j->est90.lo, false);
			buf_puts(b, ", ");
			amount(b, j->metric, j->est90.hi, false);
			buf_fmt(b, "] (%.3g %%)", (1 - 2 * j->gate->alpha) * 100);
		}
		buf_fmt(b, "  %s ", j->gate->rule == RULE_AT_LEAST ? "at least" : "at most");
		amount(b, j->metric, j->gate->value, false);
		buf_fmt(b, "  n %ld", j->est.n);
	}
	if (j->verdict != PASS)
		buf_fmt(b, "\n                %s", j->text);
	if (j->n_needed > 0)
		buf_fmt(b, "; about %ld cases would decide", j->n_needed);
	buf_char(b, '\n');
}
