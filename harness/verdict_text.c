/*
 * verdict_text.c -- a verdict for people: one line, or the reasoning in sentences.
 */
#include "harness/verdict.h"

#include <math.h>

enum { FLAGGED_SHOWN = 3 };

#define MINUS "\xe2\x88\x92"
#define DELTA "\xce\xb4"
#define PLUS_MINUS "\xc2\xb1"

/* ---- numbers ------------------------------------------------------------------------------ */

static bool
is_rate(const struct metric *m)
{
	return m->scorer->scale != SCALE_REAL;
}

static void
amount(struct buf *b, const struct metric *m, double x, bool sign)
{
	quantity_write(b, x, is_rate(m), str_of(m->scorer->unit), sign);
}

/* Digits in groups of three. */
static void
grouped(struct buf *b, long n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%ld", n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			buf_char(b, ' ');
		buf_char(b, digits[i]);
	}
}

/* A signed number of points, or an amount with its unit. */
static void
change(struct buf *b, const struct metric *m, double x, int digits)
{
	if (is_rate(m)) {
		/* A change that rounds to nothing has no direction. */
		bool none = fabs(x * 100) < 0.5 * pow(10, -digits);

		buf_fmt(b, "%s%.*f", none ? "" : x < 0 ? MINUS : "+", digits, fabs(x) * 100);
	} else {
		if (x < 0)
			buf_puts(b, MINUS);
		else if (x > 0)
			buf_char(b, '+');
		amount(b, m, fabs(x), false);
	}
}

/* A margin, with no more digits than it needs. */
static void
margin(struct buf *b, const struct judged *j, const char *sign)
{
	buf_puts(b, sign);
	if (is_rate(j->metric))
		buf_fmt(b, "%.4g", j->margin * 100);
	else
		amount(b, j->metric, j->margin, false);
}

void
change_text(struct buf *b, const struct metric *m, const struct paired *d, struct interval ci,
    double level)
{
	double sign = m->scorer->lower_is_better ? -1 : 1;
	double lo = sign < 0 ? -ci.hi : ci.lo, hi = sign < 0 ? -ci.lo : ci.hi;

	buf_puts(b, "  change ");
	change(b, m, sign * d->at, 1);
	buf_puts(b, is_rate(m) ? " pt" : "");
	if (!d->bounded)
		return;
	buf_puts(b, " [");
	change(b, m, lo, 1);
	buf_puts(b, ", ");
	change(b, m, hi, 1);
	buf_fmt(b, "] (%.3g %%)", level * 100);
}

/* ---- the line ----------------------------------------------------------------------------- */

static void
interval(struct buf *b, const struct judged *j, struct interval ci, double level, bool signs)
{
	double turn = signs && j->metric->scorer->lower_is_better ? -1 : 1;
	double end[2] = { turn < 0 ? -ci.hi : ci.lo, turn < 0 ? -ci.lo : ci.hi };

	buf_puts(b, " [");
	for (int i = 0; i < 2; i++) {
		buf_puts(b, i ? "," : "");
		if (signs)
			change(b, j->metric, end[i], 1);
		else if (is_rate(j->metric))
			buf_fmt(b, "%.1f", end[i] * 100);
		else
			amount(b, j->metric, end[i], false);
	}
	buf_fmt(b, "] (%.3g %%)", level * 100);
}

static void
paired_line(struct buf *b, const struct judged *j)
{
	const struct paired *d = &j->pair;
	double turn = j->metric->scorer->lower_is_better ? -1 : 1;

	buf_puts(b, DELTA "=");
	change(b, j->metric, turn * d->at, 1);
	buf_puts(b, is_rate(j->metric) ? " pt" : "");
	if (j->stop.decided)
		interval(b, j, j->stop.cs, 1 - 2 * j->gate->alpha, true);
	else if (d->bounded)
		interval(b, j, d->ci, 1 - 2 * j->alpha, true);
	if (j->gate->rule == RULE_BETTER) {
		buf_puts(b, ", gain above ");
		margin(b, j, "");
	} else {
		buf_puts(b, ", margin ");
		margin(b, j, j->gate->rule == RULE_EQUIVALENT ? PLUS_MINUS : turn < 0 ? "+" : MINUS);
	}
}

static void
single_line(struct buf *b, const struct judged *j)
{
	const struct gate *g = j->gate;
	double level = 1 - 2 * j->alpha;

	if (g->rule == RULE_GUARDRAIL) {
		struct interval ci = rate_clopper_pearson(j->hits, j->units, level);

		grouped(b, j->hits);
		buf_puts(b, " failed of ");
		grouped(b, j->units);
		buf_fmt(b, ", rate below %.2g %% (%.3g %% one-sided), at most %.4g %%", ci.hi * 100,
		    100 - 100 * j->alpha, g->value * 100);
		return;
	}
	if (g->rule == RULE_LATENCY) {
		buf_fmt(b, "P%.4g ", g->quantile * 100);
		amount(b, j->metric, j->quantile, false);
		if (j->quantile_hi) {
			buf_puts(b, ", at most ");
			amount(b, j->metric, j->quantile_ci.hi, false);
			buf_fmt(b, " (%.3g %% one-sided)", 100 - 100 * j->alpha);
		}
		buf_puts(b, ", limit ");
		amount(b, j->metric, g->value, false);
		return;
	}
	amount(b, j->metric, j->est.at, false);
	if (j->stop.decided)
		interval(b, j, j->stop.cs, 1 - 2 * g->alpha, false);
	else if (j->est_gate.bounded)
		interval(b, j, (struct interval){ j->est_gate.lo, j->est_gate.hi }, level, false);
	buf_fmt(b, ", %s ", g->rule == RULE_AT_LEAST ? "at least" : "at most");
	amount(b, j->metric, g->value, false);
}

static void
cases(struct buf *b, const struct judged *j, const struct stopping *s)
{
	if (j->gate->rule == RULE_GUARDRAIL)
		return;                                 /* the line began with them */
	buf_puts(b, ", n=");
	grouped(b, j->paired ? j->pair.n : j->counted ? j->units : j->est.n);
	if (!s->early)
		return;
	buf_puts(b, " of ");
	grouped(b, s->n_max);
	if (s->calls_saved == 0) {                      /* the rest was asked all the same */
		buf_puts(b, " (decided early)");
		return;
	}
	buf_puts(b, " (stopped early: saved ");
	grouped(b, s->calls_saved);
	buf_puts(b, " calls");
	if (s->cost_saved > 0)
		buf_fmt(b, ", $%.2f", s->cost_saved);
	buf_char(b, ')');
}

/* The slices that lost most, in points; how many more there are. */
static void
flagged(struct buf *b, const struct judged *j)
{
	double turn = j->metric->scorer->lower_is_better ? -1 : 1;
	const struct judged_slice *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < j->nslice; i++)
		n += strcmp(j->slices[i].status, "flagged") == 0;
	for (size_t shown = 0; shown < n && shown < FLAGGED_SHOWN; shown++) {
		const struct judged_slice *worst = NULL;

		for (size_t i = 0; i < j->nslice; i++) {
			const struct judged_slice *x = &j->slices[i];
			bool after = last == NULL || x->pair.at > last->pair.at ||
			    (x->pair.at == last->pair.at && x > last);

			if (strcmp(x->status, "flagged") == 0 && after &&
			    (worst == NULL || x->pair.at < worst->pair.at))
				worst = x;
		}
		buf_fmt(b, "\n                slice %s is worse: ", worst->name);
		change(b, j->metric, turn * worst->pair.at, 1);
		buf_fmt(b, "%s, p=%.2g after Benjamini and Hochberg (advisory)",
		    is_rate(j->metric) ? " pt" : "", worst->p_bh);
		last = worst;
	}
	if (n > FLAGGED_SHOWN)
		buf_fmt(b, "\n                and %zu more slices", n - FLAGGED_SHOWN);
}

void
verdict_line(struct buf *b, const struct judged *j, const struct pair_of_runs *r,
    const struct stopping *s)
{
	buf_fmt(b, "  %-12s  %s", verdict_name[j->verdict], j->gate->name);
	if (j->slice != NULL)
		buf_fmt(b, " (slice %s)", j->slice);
	if (j->gate->advisory)
		buf_puts(b, " (advisory)");
	if (j->paired || j->est.known) {
		buf_puts(b, ": ");
		(j->paired ? paired_line : single_line)(b, j);
		cases(b, j, s);
		if (j->paired && j->pair.binary)
			buf_fmt(b, ", b/c=%ld/%ld", j->pair.table.b, j->pair.table.c);
		if (j->has_mde)
			buf_fmt(b, ", MDE %.1f", j->mde * 100);
		if (j->stop.known)
			buf_fmt(b, ", e_pass=%.3g", exp(fmin(j->stop.log_e_pass, 700)));
		if (j->paired)
			buf_fmt(b, ", attempt %ld", r->attempt);
	}
	if (j->verdict != PASS)
		buf_fmt(b, "\n                %s", j->text);
	if (j->n_needed > 0) {
		buf_puts(b, "; about ");
		grouped(b, j->n_needed);
		buf_puts(b, " cases would decide");
	}
	flagged(b, j);
	buf_char(b, '\n');
}

/* ---- the reasoning ------------------------------------------------------------------------ */

static void
assumed(struct buf *b, const struct judged *j, const struct pair_of_runs *r)
{
	long n = j->paired ? j->pair.n : j->counted ? j->units : j->est.n;

	buf_puts(b, "  Assumed: ");
	grouped(b, n);
	buf_puts(b, j->paired ? " pairs of answers to the same cases" : " units");
	if (j->paired && j->pair.nclusters < j->pair.n) {
		buf_puts(b, " in ");
		grouped(b, j->pair.nclusters);
		buf_puts(b, " clusters, which are independent of each other as their cases are not");
	} else {
		buf_puts(b, ", independent of each other");
	}
	if (r->weighted && j->slice == NULL && j->gate->rule != RULE_GUARDRAIL)
		buf_puts(b, "; the mean is weighted to the suite's shares of production");
	if (j->missing_candidate + j->missing_baseline > 0 && is_rate(j->metric))
		buf_fmt(b, "; %ld answers of the candidate and %ld of the baseline never came and count as "
		    "failures", j->missing_candidate, j->missing_baseline);
	buf_puts(b, ".\n");
	if (r->attempt > 1 && j->paired)
		buf_fmt(b, "  This is look %ld at this baseline: if every candidate so far had lost just "
		    "the margin, one of them would have passed with probability up to %.0f %%.\n",
		    r->attempt,
		    r->false_ship * 100);
}

static void
tested_pairs(struct buf *b, const struct judged *j)
{
	const struct paired *d = &j->pair;
	const char *unit = is_rate(j->metric) ? " points" : "";

	buf_fmt(b, "  Tested: by %s at alpha %.3g %%.  ", d->method, j->alpha * 100);
	if (j->gate->rule == RULE_BETTER) {
		buf_puts(b, "PASS needs p < alpha for a gain of at most ");
		margin(b, j, "");
		buf_fmt(b, "%s; it is %.3g.  FAIL needs p < alpha for a loss (%s), after Holm; it is "
		    "%.3g.\n", unit, d->p_superiority, d->p_method, j->p_fail_holm);
	} else if (j->gate->rule == RULE_EQUIVALENT) {
		buf_puts(b, "PASS needs p < alpha for a loss and for a gain of ");
		margin(b, j, "");
		buf_fmt(b, "%s or more; they are %.3g and %.3g.  FAIL needs p < alpha for a change at all, "
		    "after Holm (%.3g), and an observed change of the margin.\n", unit,
		    d->p_noninferiority, d->p_nonsuperiority, j->p_fail_holm);
	} else {
		buf_puts(b, "PASS needs p < alpha for a loss of ");
		margin(b, j, "");
		buf_fmt(b, "%s or more; it is %.3g.  FAIL needs p < alpha for a loss at all (%s), after "
		    "Holm; it is %.3g; and an observed loss of the margin.\n", unit, d->p_noninferiority,
		    d->p_method, j->p_fail_holm);
	}
}

static void
tested_single(struct buf *b, const struct judged *j)
{
	if (j->gate->rule == RULE_GUARDRAIL)
		buf_fmt(b, "  Tested: by Clopper and Pearson's one-sided bounds at alpha %.3g %%, an error "
		    "probability of its own.\n", j->alpha * 100);
	else if (j->gate->rule == RULE_LATENCY)
		buf_fmt(b, "  Tested: whether at least %.4g %% of answers come within the limit; %ld of "
		    "%ld did.  The bound is one-sided at alpha %.3g %%.\n", j->gate->quantile * 100,
		    j->hits, j->units, j->alpha * 100);
	else
		buf_fmt(b, "  Tested: whether the interval (%s, two-sided at %.3g %%) lies on one side "
		    "of the bound.\n", j->est_gate.method, (1 - 2 * j->alpha) * 100);
}

static void
would_change(struct buf *b, const struct judged *j)
{
	const struct paired *d = &j->pair;
	double lost = -fmin(0, j->stop.decided ? j->stop.cs.lo : d->ci.lo);

	buf_puts(b, "  What would change it: ");
	if (j->n_needed > 0) {
		buf_puts(b, "about ");
		grouped(b, j->n_needed);
		buf_fmt(b, " cases, if all stays as it is, would pass with probability %.3g %%",
		    j->gate->power * 100);
	} else if (j->verdict == PASS) {
		buf_puts(b, "a worse candidate");
	} else if (j->verdict == INVALID) {
		buf_puts(b, "mending the comparison; of the model nothing is said");
	} else {
		buf_puts(b, "a better candidate; more cases alone would not");
	}
	if (j->paired && d->bounded && j->gate->rule == RULE_NO_WORSE && j->verdict != INVALID) {
		buf_puts(b, "; these pairs rule out losses beyond ");
		if (is_rate(j->metric))
			buf_fmt(b, "%.2f points", lost * 100);
		else
			amount(b, j->metric, lost, false);
	}
	if (j->has_mde)
		buf_fmt(b, "; so many pairs find a loss of %.1f points with probability %.3g %%",
		    j->mde * 100, j->gate->power * 100);
	buf_puts(b, ".\n");
}

void
verdict_explain(struct buf *b, const struct judged *j, const struct pair_of_runs *r,
    const struct stopping *s)
{
	buf_fmt(b, "%s: %s on %s", j->gate->name, gate_rule[j->gate->rule].name, j->metric->name);
	if (j->slice != NULL)
		buf_fmt(b, ", slice %s", j->slice);
	buf_fmt(b, ".  %s, because %s.\n", verdict_name[j->verdict], j->text);
	if (j->gate->advisory)
		buf_puts(b, "  Advisory: it has no say in the release.\n");
	if (j->paired || j->est.known) {
		assumed(b, j, r);
		if (j->stop.known)
			buf_fmt(b, "  Watched: a betting process looked after every round and may decide at an "
			    "e-value of %.3g; its largest were %.3g for PASS and %.3g for FAIL.%s\n",
			    1 / (ANYTIME_PART * j->gate->alpha), exp(fmin(j->stop.log_e_pass, 700)),
			    exp(fmin(j->stop.log_e_fail, 700)), j->stop.decided ? "  It decided." :
			    s->early ? "  Others decided the release." : "  It did not decide.");
		if (!j->stop.decided)
			(j->paired ? tested_pairs : tested_single)(b, j);
	}
	would_change(b, j);
}
