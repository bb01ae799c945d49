/*
 * sec_verdict.c -- the first screen: may this ship, why, and what to do now.
 *
 * All of it was decided and stored by gate.c; the bars are drawn from the stored numbers.
 */
#include "reports/reports.h"

#include <math.h>

/* ---- what to do --------------------------------------------------------------------------- */

static const struct { const char *code, *advice; } advice[] = {
	{ "non_inferior", "May ship." },
	{ "non_inferior_with_loss",
	  "May ship; the loss is real but inside the margin that was agreed on." },
	{ "bound_met", "May ship." },
	{ "regression", "Do not ship. Look at the regressions below." },
	{ "bound_missed", "Do not ship. Look at the worst cases below." },
	{ "too_few_cases", "Add cases or repeats, or agree on a wider margin before looking again." },
	{ "loss_within_margin", "Add cases to tell whether the loss exceeds the margin, and look at"
	    " the regressions below meanwhile." },
	{ "too_few_clusters", "Add clusters: cases of one cluster count as one." },
	{ "empty_slices", "Add cases to the empty slices, or take them out of the shares." },
	{ "no_interval", "Add cases: from these the mean cannot be bounded." },
	{ "interval_covers_bound", "Add cases: the interval has to clear the bound on one side." },
	{ "multiplicity", "Add cases, or judge by fewer gates." },
	{ "nothing_to_judge", "Check the filter and what the cases expect: nothing could be scored." },
	{ "incomplete", "Resume the run until it is complete, then judge again." },
	{ "no_gates", "Add a gate to the suite." },
	{ "no_baseline", "Name a baseline with 'driftlead baseline set RUN', then judge again." },
	{ "baseline_incomplete", "Complete the baseline run, or choose another." },
	{ "prompt_changed", "Run the baseline target again with today's prompt." },
	{ "metric_missing", "Score the baseline again with today's suite." },
	{ "scorer_changed", "Score both runs again with the same scorer, then judge again." },
	{ "overlap", "Run the baseline on the same cases, then judge again." },
	{ "margin_zero", "Give the gate an absolute margin: a part of zero errors is zero." },
	{ "unanswered", "Mend the service or raise its limits, then ask the missing cases again"
	    " with 'driftlead run --retry': the model was not measured." },
	{ "unanswered_decides", "Ask the missing cases again with 'driftlead run --retry': they turn"
	    " the verdict." },
	{ "missing_differs", "Run again: one side lost more answers than the other." },
	{ "superior", "May ship." },
	{ "equivalent", "May ship." },
	{ "guardrail_holds", "May ship." },
	{ "latency_met", "May ship." },
	{ "worse", "Do not ship. Look at the regressions below." },
	{ "different", "Do not take one for the other. Look at the changes below." },
	{ "guardrail_violated", "Do not ship. Look at the worst cases below." },
	{ "latency_missed", "Do not ship before it is quicker, or the limit is another." },
	{ "no_demonstrated_gain", "Add cases if the gain would be worth them." },
	{ "equivalence_open", "Add cases, or agree on a wider margin before looking again." },
	{ "guardrail_open", "Add cases: so few cannot prove so low a rate." },
	{ "latency_open", "Add cases: so few do not bound this quantile." },
	{ "preflight_shift", "Run the baseline again with today's service, name the new run the "
	    "baseline, then judge again." },
	{ "stopped_early", "Nothing, as the release is decided; 'driftlead run --all' asks the rest." },
	{ "only_advisory", "Add a gate that is not advisory." },
	{ "filtered", "Run the whole suite: a part of it cannot release anything." },
};

static const char *const by_verdict[][2] = {
	{ "PASS", "May ship." },
	{ "FAIL", "Do not ship. Look at the regressions below." },
	{ "INCONCLUSIVE", "Not enough evidence either way: add cases." },
	{ "INVALID", "Mend the comparison and judge again; this says nothing about the model." },
};

const char *
what_to_do(struct str code, struct str verdict)
{
	for (size_t i = 0; i < COUNT(advice); i++)
		if (str_is(code, advice[i].code))
			return advice[i].advice;
	for (size_t i = 0; i < COUNT(by_verdict); i++)
		if (str_is(verdict, by_verdict[i][0]))
			return by_verdict[i][1];
	return "";
}

static void
needed(struct buf *b, struct json j)
{
	long n;

	if (json_long(json_get(j, "n_needed"), &n))
		html_fmt(b, " About %d cases would decide.", n);
}

/* ---- one gate ------------------------------------------------------------------------------ */

static bool
get(struct json j, const char *key, double *x)
{
	struct json v = json_get(j, key);

	*x = json_to_real(v, 0);
	return v.type == JT_NUMBER;
}

static bool
get_range(struct json j, double *lo, double *hi)
{
	bool low = get(j, "lo", lo), high = get(j, "hi", hi);

	return low && high;
}

/* A bar of the interval against the limit; `zero` is drawn where it is inside. */
static void
bar(struct buf *b, double at, double lo, double hi, double limit, bool zero)
{
	double min = fmin(fmin(lo, limit), zero ? 0 : limit);
	double max = fmax(fmax(hi, limit), zero ? 0 : limit);
	double room = max > min ? 0.08 * (max - min) : 1, scale;

	min -= room;
	max += room;
	scale = 180 / (max - min);
	buf_puts(b, "<svg class=\"bar\" viewBox=\"0 0 180 22\" aria-hidden=\"true\">"
	    "<path class=\"axis\" d=\"M0 11H180\"/>");
	if (zero)
		buf_fmt(b, "<path class=\"zero\" d=\"M%.1f 4V18\"/>", (0 - min) * scale);
	buf_fmt(b, "<path class=\"limit\" d=\"M%.1f 1V21\"/><path class=\"range\" d=\"M%.1f 11H%.1f\"/>"
	    "<circle cx=\"%.1f\" cy=\"11\" r=\"4.5\"/></svg>", (limit - min) * scale,
	    (lo - min) * scale,
	    (hi - min) * scale, (at - min) * scale);
}

static void
level(struct buf *b, struct json ci)
{
	double l;

	if (get(ci, "level", &l))
		buf_fmt(b, "<small>%.3g\xc2\xa0%% interval</small>", 100 * l);
}

/* The candidate's value, and the baseline's. */
static void
values(struct buf *b, const struct amount *m, struct json j)
{
	double now, was;

	buf_puts(b, "<td class=\"num\">");
	if (get(json_get(j, "candidate"), "at", &now)) {
		buf_puts(b, "<b>");
		amount_value(b, m, now);
		buf_puts(b, "</b>");
		if (get(j, "quantile", &was))
			buf_fmt(b, "<small>P%.4g</small>", was * 100);
		else if (str_is(json_get(j, "rule").raw, "\"guardrail\""))
			buf_puts(b, "<small>failures</small>");
	} else {
		buf_puts(b, "\xe2\x80\x93");
	}
	if (get(json_get(j, "baseline"), "at", &was)) {
		buf_puts(b, "<small>was ");
		amount_value(b, m, was);
		buf_puts(b, "</small>");
	}
	buf_puts(b, "</td>");
}

static void
evidence(struct buf *b, const struct amount *m, struct json j)
{
	struct json ci = json_get(j, "ci");
	double at, lo, hi, limit;
	struct str rule = json_get(j, "rule").raw;
	bool ranged = get_range(ci, &lo, &hi), at_least = str_is(rule, "\"at-least\"");
	bool gain = str_is(rule, "\"better\""), either = str_is(rule, "\"equivalent\"");

	buf_puts(b, "<td class=\"evidence\">");
	if (get(j, "margin", &limit)) {
		limit = m->lower_is_better == gain ? -limit : limit;
		if (get(j, "effect", &at) && ranged) {
			if (m->lower_is_better) {       /* shown in the metric's own direction */
				double turned = -hi;

				at = -at;
				hi = -lo;
				lo = turned;
			}
			bar(b, at, lo, hi, limit, true);
			buf_puts(b, "<span class=\"said\">");
			amount_change(b, m, at);
			buf_puts(b, " [");
			amount_change(b, m, lo);
			buf_puts(b, ", ");
			amount_change(b, m, hi);
			buf_fmt(b, "]%s</span>", m->percent ? " points" : "");
			level(b, ci);
		}
		buf_puts(b, "</td><td class=\"num\">");
		buf_puts(b, either ? "\xc2\xb1" : "");
		if (either)
			buf_fmt(b, "%.4g", fabs(limit) * (m->percent ? 100 : 1));
		else
			amount_change(b, m, limit);
		buf_fmt(b, "%s<small>%s</small></td>", m->percent ? "\xc2\xa0points" : "",
		    gain ? "gain above" : "margin");
		return;
	}
	if (get(json_get(j, "candidate"), "at", &at) && ranged && get(j, "value", &limit)) {
		bar(b, at, lo, hi, limit, false);
		buf_puts(b, "<span class=\"said\">");
		amount_range(b, m, lo, hi);
		buf_puts(b, "</span>");
		level(b, ci);
	}
	buf_puts(b, "</td><td class=\"num\">");
	if (get(j, "value", &limit)) {
		amount_value(b, m, limit);
		buf_puts(b, at_least ? "<small>at least</small>" : "<small>at most</small>");
	}
	buf_puts(b, "</td>");
}

static void
size(struct buf *b, struct json j)
{
	struct json table = json_get(j, "table");
	long n, worse, better;

	buf_puts(b, "<td class=\"num\">");
	if (json_long(json_get(j, "n"), &n))
		html_fmt(b, "%d", n);
	if (json_long(json_get(table, "b"), &worse) && json_long(json_get(table, "c"), &better))
		html_fmt(b, "<small>%d worse, %d better</small>", worse, better);
	buf_puts(b, "</td>");
}

static void
gate_row(const struct page *p, const struct judged_row *j)
{
	struct amount m = { .name = "", .unit = "" };

	html_fmt(p->out, "<tr><td><span class=\"chip %S\">%S</span></td><th scope=\"row\">%S<small>%S",
	    j->verdict, j->verdict, html_cut(j->gate, 200), html_cut(j->metric, 200));
	if (j->slice.n > 0)
		html_fmt(p->out, ", slice %S", html_cut(j->slice, 200));
	buf_puts(p->out, j->advisory ? ", advisory" : "");
	buf_puts(p->out, "</small></th>");
	if (amount_of(p, j->metric, &m)) {
		values(p->out, &m, j->json);
		evidence(p->out, &m, j->json);
	} else {
		buf_puts(p->out, "<td></td><td></td><td></td>");
	}
	size(p->out, j->json);
	buf_puts(p->out, "</tr>\n");
}

/* ---- all of them --------------------------------------------------------------------------- */

/* What stopping early saved, which look this is, and what asking the baseline again told. */
static void
circumstances(const struct page *p, struct json j)
{
	struct json stopping = json_get(j, "stopping"), preflight = json_get(j, "preflight");
	double bound, cost, z, psi0;
	long used, most, saved, look, n;

	buf_puts(p->out, "<p class=\"lead\">");
	if (json_long(json_get(stopping, "n_used"), &used) &&
	    json_long(json_get(stopping, "n_max"), &most) && used < most &&
	    json_long(json_get(stopping, "calls_saved"), &saved)) {
		html_fmt(p->out, "Decided after %d of %d cases", used, most);
		if (saved > 0)
			html_fmt(p->out, ", which saved %d calls", saved);
		if (get(stopping, "cost_saved_usd", &cost) && cost > 0)
			buf_fmt(p->out, " and $%.2f", cost);
		buf_puts(p->out, ". ");
	}
	if (p->base != 0 && json_long(json_get(j, "attempt"), &look) && look > 1 &&
	    get(j, "cumulative_false_ship_bound", &bound))
		html_fmt(p->out, "Look %d at this baseline: the chance that one of so many candidates is "
		    "shipped wrongly is at most %p. ", look, bound);
	if (json_long(json_get(preflight, "n"), &n) && get(preflight, "z", &z) &&
	    get(j, "psi0", &psi0))
		html_fmt(p->out, "The baseline's target was asked %d cases again: %p came out otherwise, "
		    "and its mean lies %r standard errors from what it was. ", n, psi0, z);
	buf_puts(p->out, "</p>\n");
}

static void
release(const struct page *p, const struct judged_row *j)
{
	html_fmt(p->out, "<div class=\"verdict %S\"><p class=\"word\">%S</p><p class=\"reason\">",
	    j->verdict, j->verdict);
	if (judged_is(j, PASS))
		buf_puts(p->out, "Every gate passed. ");
	html_fmt(p->out, "%S: %S.</p><p class=\"advice\"><b>What to do.</b> %s", j->deciding, j->reason,
	    what_to_do(j->code, j->verdict));
	needed(p->out, j->json);
	buf_puts(p->out, "</p></div>\n");
	circumstances(p, j->json);
}

/* The table, and what to do about each gate but the one that the first sentence was about. */
static void
gates(const struct page *p, struct str deciding)
{
	struct query *q = judged_gates(p, false);
	struct judged_row j;

	buf_puts(p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Gates\">"
	    "<table>"
	    "<caption>Gates</caption><thead><tr><th scope=\"col\">Verdict</th><th scope=\"col\">"
	    "Gate</th>"
	    "<th scope=\"col\" class=\"num\">Value</th><th scope=\"col\">Evidence</th>"
	    "<th scope=\"col\" class=\"num\">Limit</th><th scope=\"col\" class=\"num\">Cases</th>"
	    "</tr></thead><tbody>\n");
	while (judged_next(q, &j, p->a))
		gate_row(p, &j);
	buf_puts(p->out, "</tbody></table></div>\n<ul class=\"todos\">");
	q = judged_gates(p, false);
	while (judged_next(q, &j, p->a)) {
		if (judged_is(&j, PASS) || str_eq(j.gate, deciding))
			continue;
		html_fmt(p->out, "<li><b>%S</b> <span>%S.</span> %s", j.gate, j.reason,
		    what_to_do(j.code, j.verdict));
		needed(p->out, j.json);
		buf_puts(p->out, "</li>\n");
	}
	buf_puts(p->out, "</ul>\n");
}

static bool
wanted(const struct page *p)
{
	(void)p;
	return true;
}

static void
write_verdict(const struct page *p)
{
	struct judged_row j;

	if (judged_release(p, &j)) {
		release(p, &j);
		gates(p, j.deciding);
	} else if (p->base != 0) {
		html_fmt(p->out, "<div class=\"verdict none\"><p class=\"word\">Not judged</p><p"
		    " class=\"reason\">This run "
		    "was not judged against run %d.</p><p class=\"advice\"><b>What to do.</b> Run "
		    "<code>driftlead gate %d --base %d</code>.</p></div>\n", p->base, p->run, p->base);
	} else {
		buf_puts(p->out, "<div class=\"verdict none\"><p class=\"word\">Not judged</p><p"
		    " class=\"reason\">Nothing was "
		    "judged: this run has numbers and no verdict.</p><p class=\"advice\"><b>What to do.</b>"
		    " Add a "
		    "gate to the suite and judge again:</p><pre>\ngates:\n  - name: quality holds\n   "
		    " metric: "
		    "NAME\n    rule: no-worse\n    margin: 2%\n</pre></div>\n");
	}
}

const struct section section_verdict = { "verdict", "Verdict", wanted, write_verdict };
