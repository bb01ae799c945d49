/*
 * ladder.c -- the page of a ladder, from the object that 'driftlead ladder --json' prints.
 *
 * Like the page of a run it is one file without a script, and computes nothing.
 */
#include "reports/view.h"

#include <math.h>

enum { SHOWN = 64 };                      /* rungs; a ladder has 16 at most */

/* ---- numbers as people write them ----------------------------------------------------------- */

static void
percent(const struct view *v, struct json obj, const char *key)
{
	if (view_has(obj, key))
		html_fmt(v->out, "%p", view_real(obj, key));
	else
		buf_puts(v->out, "none");
}

/* Of a thousand: of one request they are too small to read. */
static void
usd(const struct view *v, struct json obj, const char *key)
{
	if (view_has(obj, key))
		html_fmt(v->out, "$%r", 1000 * view_real(obj, key));
	else
		buf_puts(v->out, "none");
}

static void
seconds(const struct view *v, struct json obj, const char *key, const char *otherwise)
{
	if (view_has(obj, key))
		quantity_write(v->out, view_real(obj, key), false, STR("s"), false);
	else
		buf_puts(v->out, otherwise);
}

/* "at", with the interval below it in small. */
static void
rate_cell(const struct view *v, struct json estimate)
{
	buf_puts(v->out, "<td class=\"num\">");
	percent(v, estimate, "at");
	if (view_has(estimate, "lo"))
		html_fmt(v->out, "<small>%p to %p</small>", view_real(estimate, "lo"),
		    view_real(estimate, "hi"));
	buf_puts(v->out, "</td>");
}

static void
cost_cell(const struct view *v, struct json estimate, bool priced)
{
	buf_puts(v->out, "<td class=\"num\">");
	if (priced)
		usd(v, estimate, "at");
	else
		buf_puts(v->out, "no price");
	if (priced && view_has(estimate, "lo"))
		html_fmt(v->out, "<small>$%r to $%r</small>", 1000 * view_real(estimate, "lo"),
		    1000 * view_real(estimate, "hi"));
	buf_puts(v->out, "</td>");
}

static void
late_cell(const struct view *v, struct json late)
{
	buf_puts(v->out, "<td class=\"num\">");
	seconds(v, late, "at", "never");
	buf_puts(v->out, "<small>at most ");
	seconds(v, late, "hi", "not bounded");
	buf_puts(v->out, "</small></td>");
}

static void
points_cell(const struct view *v, struct json change)
{
	buf_puts(v->out, "<td class=\"num\">");
	if (view_has(change, "at"))
		buf_fmt(v->out, "%+.1f pt", 100 * view_real(change, "at"));
	else
		buf_puts(v->out, "none");
	if (view_has(change, "lo"))
		buf_fmt(v->out, "<small>%+.1f to %+.1f</small>", 100 * view_real(change, "lo"),
		    100 * view_real(change, "hi"));
	buf_puts(v->out, "</td>");
}

/* ---- the verdict -------------------------------------------------------------------------- */

static void
verdict(const struct view *v)
{
	bool met = view_has(v->root, "recommended"), incomplete = str_is(json_text(json_get(v->root,
	    "status"), v->a), "incomplete");
	struct buf *b = v->out;

	view_section(v, "verdict", "Verdict");
	html_fmt(b, "<div class=\"verdict %s\"><p class=\"word\">%S</p><p class=\"reason\">",
	    met && !incomplete ? "PASS" : "INCONCLUSIVE",
	    met ? html_cut(str_of(view_text(v, v->root, "recommended")), 40) : STR("Not demonstrated"));
	if (met)
		buf_puts(b, "The cheapest rung that is shown to ");
	else
		buf_puts(b, "No rung is shown to ");
	html_fmt(b, "be right in at least %p of cases", view_real(v->root, "requirement"));
	if (view_has(v->root, "latency")) {
		buf_puts(b, " and to answer 95 % of them within ");
		seconds(v, v->root, "latency", "");
	}
	html_fmt(b, ", with one-sided error probability %p.</p>", view_real(v->root, "alpha"));
	if (!met && view_has(v->root, "nearest")) {
		html_fmt(b, "<p class=\"advice\">Nearest is <b>%s</b>", view_text(v, v->root, "nearest"));
		if (view_has(v->root, "n_needed"))
			html_fmt(b, "; about %d cases would decide", view_long(v->root, "n_needed"));
		buf_puts(b, ".</p>");
	}
	if (!met && strcmp(view_text(v, json_get(json_get(v->root, "router"), "policy"), "reason"),
	    "meets") == 0)
		buf_puts(b, "<p class=\"advice\">The router below is shown to.</p>");
	if (incomplete)
		buf_puts(b, "<p class=\"advice\">The ladder is not complete: a rung that could not be "
		    "judged may be the better one.</p>");
	buf_puts(b, "</div>\n</section>\n");
}

/* ---- the rungs ---------------------------------------------------------------------------- */

static void
plot(const struct view *v)
{
	static const char title[] = "Rate of right answers against the cost of 1,000 requests; the "
	    "numbers are in the table below";
	struct plot_row row[SHOWN];
	double x[SHOWN];
	struct json rung;
	struct buf svg = { 0 };
	size_t n = 0;
	bool any = false;

	for (struct json_iter it = { .of = json_get(v->root, "rungs") };
	    n < SHOWN && json_next(&it, &rung); ) {
		struct json acc = json_get(rung, "accuracy");

		if (!view_has(acc, "at"))
			continue;
		x[n] = 1000 * view_real(json_get(rung, "cost"), "at");
		any = any || x[n] > 0;
		row[n++] = (struct plot_row){ view_text(v, rung, "name"), "", view_real(acc, "at"),
			view_real(acc, "lo"), view_real(acc, "hi"), view_has(acc, "lo"),
			str_is(str_of(view_text(v, rung, "name")), view_text(v, v->root, "recommended")) };
	}
	if (any && plot_costs(&svg, "costs", title, row, x, n, true,
	    view_real(v->root, "requirement"))) {
		html_fmt(v->out, "<figure><figcaption><b>%s</b> against cost, with 95 %% intervals; "
		    "dashed: the requirement</figcaption><div class=\"scroll\" tabindex=\"0\" "
		    "role=\"region\" aria-label=\"Plot of cost and rate\">",
		    view_text(v, v->root, "metric"));
		buf_str(v->out, buf_as_str(&svg));
		buf_puts(v->out, "</div></figure>\n");
	}
	buf_free(&svg);
}

static const struct { const char *code, *said; } reasons[] = {
	{ "meets", "Meets the requirement." },
	{ "accuracy", "Not shown to be right often enough." },
	{ "latency", "Not shown to be quick enough." },
	{ "too_few_clusters", "Too few clusters for a claim." },
	{ "empty_slices", "Slices of production have no case." },
	{ "no_interval", "There is no interval." },
};

static void
finding(const struct view *v, struct json rung)
{
	struct buf *b = v->out;
	const char *reason = view_text(v, rung, "reason");

	buf_puts(b, "<td>");
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (strcmp(reason, reasons[i].code) == 0)
			buf_puts(b, reasons[i].said);
	if (view_has(rung, "why"))
		html_fmt(b, "%s: %s", view_text(v, rung, "state"), view_text(v, rung, "why"));
	if (view_has(rung, "dominated_by"))
		html_fmt(b, "<small>Dominated by %s, in %p of resamples%s.</small>",
		    view_text(v, rung, "dominated_by"), view_real(rung, "dominated_share"),
		    view_real(rung, "dominated_share") >= 0.95 ? ": confidently" : "");
	if (view_long(rung, "missing") > 0)
		html_fmt(b, "<small>%d cases have no answer from the service and count as wrong.</small>",
		    view_long(rung, "missing"));
	if (view_long(rung, "cost_unknown") > 0)
		html_fmt(b, "<small>%d answers have no known price.</small>",
		    view_long(rung, "cost_unknown"));
	buf_puts(b, "</td>");
}

static void
result_cells(const struct view *v, struct json x, bool priced)
{
	rate_cell(v, json_get(x, "accuracy"));
	buf_puts(v->out, "<td class=\"num\">");
	percent(v, x, "lower_bound");
	buf_puts(v->out, "</td>");
	cost_cell(v, json_get(x, "cost"), priced);
	late_cell(v, json_get(x, "p50"));
	late_cell(v, json_get(x, "p95"));
}

static void
rungs(const struct view *v)
{
	static const char *const head[] = { "Rung", ">Right", ">At least", ">Per 1,000", ">P50",
		">P95", "Finding", NULL };
	struct json rung;

	view_section(v, "rungs", "Rungs");
	plot(v);
	view_table(v, "Rungs on the same cases", head);
	for (struct json_iter it = { .of = json_get(v->root, "rungs") }; json_next(&it, &rung); ) {
		html_fmt(v->out, "<tr><th scope=\"row\">%s<small>%s", view_text(v, rung, "name"),
		    view_text(v, rung, "target"));
		if (view_has(rung, "run"))
			html_fmt(v->out, ", run %d", view_long(rung, "run"));
		if (view_has(rung, "note"))
			html_fmt(v->out, "<br>%s", view_text(v, rung, "note"));
		buf_puts(v->out, "</small></th>");
		if (view_has(rung, "accuracy"))
			result_cells(v, rung, json_get(rung, "priced").type == JT_TRUE);
		else
			buf_puts(v->out, "<td></td><td></td><td></td><td></td><td></td>");
		finding(v, rung);
		buf_puts(v->out, "</tr>\n");
	}
	view_table_end(v);
	buf_puts(v->out, "</section>\n");
}

/* ---- between the rungs -------------------------------------------------------------------- */

static void
steps(const struct view *v)
{
	static const char *const head[] = { "From", "To", ">Per 1,000", ">Right",
		">1,000 more right answers", NULL };
	struct json step;

	view_section(v, "steps", "What the next rung buys");
	view_table(v, "Steps in the order of cost", head);
	for (struct json_iter it = { .of = json_get(v->root, "steps") }; json_next(&it, &step); ) {
		struct json price = json_get(step, "per_correct");

		html_fmt(v->out, "<tr><th scope=\"row\">%s</th><td>%s</td><td class=\"num\">",
		    view_text(v, step, "from"), view_text(v, step, "to"));
		html_fmt(v->out, "+$%r", 1000 * view_real(step, "extra_cost"));
		buf_fmt(v->out, "</td><td class=\"num\">%+.1f pt</td><td class=\"num\">",
		    100 * view_real(step, "extra_correct"));
		if (price.type != JT_OBJECT) {
			buf_puts(v->out, "no demonstrated gain");
		} else {
			usd(v, price, "at");
			if (view_has(price, "lo"))
				html_fmt(v->out, "<small>$%r to $%r, %s</small>", 1000 * view_real(price, "lo"),
				    1000 * view_real(price, "hi"), view_text(v, price, "method"));
		}
		buf_puts(v->out, "</td></tr>\n");
	}
	view_table_end(v);
	buf_puts(v->out, "</section>\n");
}

static void
pairs(const struct view *v)
{
	static const char *const head[] = { "Rung", "Against", ">Difference", "Method", NULL };
	struct json pair;

	view_section(v, "differences", "Differences");
	html_fmt(v->out, "<p class=\"lead\">These intervals hold together with %p confidence, from %d "
	    "resamples in which all rungs see the same cases.</p>\n", 1 - view_real(v->root, "alpha"),
	    view_long(v->root, "resamples"));
	view_table(v, "Differences with joint intervals", head);
	for (struct json_iter it = { .of = json_get(v->root, "pairs") }; json_next(&it, &pair); ) {
		struct json change = json_get(pair, "change");

		html_fmt(v->out, "<tr><th scope=\"row\">%s</th><td>%s</td>", view_text(v, pair, "a"),
		    view_text(v, pair, "b"));
		points_cell(v, change);
		html_fmt(v->out, "<td>%s</td></tr>\n", view_text(v, change, "method"));
	}
	view_table_end(v);
	buf_puts(v->out, "</section>\n");
}

static void
selection(const struct view *v)
{
	struct json held = json_get(v->root, "held_out");

	view_section(v, "selection", "What choosing costs");
	html_fmt(v->out, "<p class=\"lead\">The best of these rungs on these cases is <b>%s</b>; being "
	    "picked as the best flatters it by about ", view_text(v, v->root, "best"));
	buf_fmt(v->out, "%.1f pt.", 100 * view_real(v->root, "optimism"));
	if (held.type == JT_OBJECT) {
		struct json there = json_get(held, "accuracy_there"), here = json_get(held, "accuracy");

		html_fmt(v->out, " Chosen on one half of the cases, <b>%s</b> was right in %p there and in "
		    "%p of the other %d", view_text(v, held, "name"), view_real(there, "at"),
		    view_real(here, "at"),
		    view_long(held, "cases"));
		if (view_has(held, "lower_bound"))
			html_fmt(v->out, ", at least %p", view_real(held, "lower_bound"));
		buf_puts(v->out, ".");
	}
	buf_puts(v->out, "</p>\n</section>\n");
}

static void
router_row(const struct view *v, const char *name, struct json x, bool pure)
{
	html_fmt(v->out, "<tr><th scope=\"row\">%s</th>", name);
	result_cells(v, x, true);
	if (pure)
		points_cell(v, json_get(x, "change"));
	else
		buf_puts(v->out, "<td></td>");
	buf_puts(v->out, "</tr>\n");
}

static void
router(const struct view *v, struct json r)
{
	static const char *const head[] = { "Policy", ">Right", ">At least", ">Per 1,000", ">P50",
		">P95", ">Router against it", NULL };
	struct json escalated = json_get(r, "escalated");

	view_section(v, "router", "Router");
	html_fmt(v->out, "<p class=\"lead\">Ask <b>%s</b>; ask <b>%s</b> ", view_text(v, r, "cheap"),
	    view_text(v, r, "strong"));
	if (view_has(r, "threshold"))
		html_fmt(v->out, "where %s passes %r", view_text(v, r, "confidence"),
		    view_real(r, "threshold"));
	else
		buf_puts(v->out, "always");
	html_fmt(v->out, ". The threshold was chosen on %d cases; the others are shown, of which %p "
	    "are escalated", view_long(r, "chosen_on"), view_real(escalated, "at"));
	if (view_has(escalated, "lo"))
		html_fmt(v->out, " (%p to %p)", view_real(escalated, "lo"), view_real(escalated, "hi"));
	buf_puts(v->out, ".</p>\n");
	view_table(v, "Router and its rungs alone", head);
	router_row(v, "router", json_get(r, "policy"), false);
	router_row(v, view_text(v, r, "cheap"), json_get(r, "cheap_alone"), true);
	router_row(v, view_text(v, r, "strong"), json_get(r, "strong_alone"), true);
	view_table_end(v);
	buf_puts(v->out, "</section>\n");
}

/* ---- the page ----------------------------------------------------------------------------- */

void
report_ladder(struct str json, struct buf *out)
{
	struct arena a = { 0 };
	struct view v = { .out = out, .a = &a };
	struct json_fault bad;
	const char *suite, *metric;

	if (json_parse(json, &v.root, &bad) != 0)
		bug("the ladder's object is no JSON: %s", bad.why);
	if (out->max == 0)
		out->max = 64 << 20;
	suite = view_text(&v, v.root, "suite");
	metric = view_text(&v, v.root, "metric");
	page_head(out, arena_fmt(&a, "ladder of %s", suite), "verdict", "To the verdict");
	html_fmt(out, "<header><p class=\"brand\">driftlead</p><h1>ladder of <b>%s</b> by <b>%s</b>"
	    "</h1><p class=\"when\">%d cases</p></header>\n<main>\n", suite, metric,
	    view_long(v.root, "cases"));
	verdict(&v);
	rungs(&v);
	if (view_has(v.root, "steps")) {
		steps(&v);
		pairs(&v);
		selection(&v);
	}
	if (view_has(v.root, "router"))
		router(&v, json_get(v.root, "router"));
	html_fmt(out, "</main>\n<footer>driftlead, %s, suite %s</footer>\n</body>\n</html>\n",
	    view_text(&v, v.root, "ladder"), suite);
	arena_free(&a);
}
