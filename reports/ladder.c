/*
 * ladder.c -- the page of a ladder, from the object that 'driftlead ladder --json' prints.
 *
 * Like the page of a run it is one file without a script, and computes nothing.
 */
#include "reports/reports.h"

#include <math.h>

enum { SHOWN = 64 };                      /* rungs; a ladder has 16 at most */

struct view { struct json root; struct buf *out; struct arena *a; };

/* ---- from JSON to words ------------------------------------------------------------------- */

static const char *
words(const struct view *v, struct json obj, const char *key)
{
	struct json x = json_get(obj, key);

	return x.type == JT_STRING ? str_cstr(json_text(x, v->a), v->a) : "";
}

static bool
has(struct json obj, const char *key)
{
	enum json_type t = json_get(obj, key).type;

	return t != JT_NONE && t != JT_NULL;
}

static double
real(struct json obj, const char *key)
{
	return json_to_real(json_get(obj, key), 0);
}

static long
whole(struct json obj, const char *key)
{
	long n = 0;

	json_long(json_get(obj, key), &n);
	return n;
}

static void
percent(const struct view *v, struct json obj, const char *key)
{
	if (has(obj, key))
		html_fmt(v->out, "%p", real(obj, key));
	else
		buf_puts(v->out, "none");
}

/* Of a thousand: of one request they are too small to read. */
static void
usd(const struct view *v, struct json obj, const char *key)
{
	if (has(obj, key))
		html_fmt(v->out, "$%r", 1000 * real(obj, key));
	else
		buf_puts(v->out, "none");
}

static void
seconds(const struct view *v, struct json obj, const char *key, const char *otherwise)
{
	if (has(obj, key))
		quantity_write(v->out, real(obj, key), false, STR("s"), false);
	else
		buf_puts(v->out, otherwise);
}

/* "at", with the interval below it in small. */
static void
rate_cell(const struct view *v, struct json estimate)
{
	buf_puts(v->out, "<td class=\"num\">");
	percent(v, estimate, "at");
	if (has(estimate, "lo"))
		html_fmt(v->out, "<small>%p to %p</small>", real(estimate, "lo"), real(estimate, "hi"));
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
	if (priced && has(estimate, "lo"))
		html_fmt(v->out, "<small>$%r to $%r</small>", 1000 * real(estimate, "lo"),
		    1000 * real(estimate, "hi"));
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
	if (has(change, "at"))
		buf_fmt(v->out, "%+.1f pt", 100 * real(change, "at"));
	else
		buf_puts(v->out, "none");
	if (has(change, "lo"))
		buf_fmt(v->out, "<small>%+.1f to %+.1f</small>", 100 * real(change, "lo"),
		    100 * real(change, "hi"));
	buf_puts(v->out, "</td>");
}

static void
open_table(const struct view *v, const char *caption, const char *const *head)
{
	html_fmt(v->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
	    "<table><caption>%s</caption><thead><tr>", caption, caption);
	for (; *head != NULL; head++)
		html_fmt(v->out, **head == '>' ? "<th scope=\"col\" class=\"num\">%s</th>" :
		    "<th scope=\"col\">%s</th>", *head + (**head == '>'));
	buf_puts(v->out, "</tr></thead><tbody>\n");
}

static void
close_table(const struct view *v)
{
	buf_puts(v->out, "</tbody></table></div>\n");
}

static void
open_section(const struct view *v, const char *id, const char *title)
{
	html_fmt(v->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s"
	    "</h2>\n", id, id, id, title);
}

/* ---- the verdict -------------------------------------------------------------------------- */

static void
verdict(const struct view *v)
{
	bool met = has(v->root, "recommended"), incomplete = str_is(json_text(json_get(v->root,
	    "status"), v->a), "incomplete");
	struct buf *b = v->out;

	open_section(v, "verdict", "Verdict");
	html_fmt(b, "<div class=\"verdict %s\"><p class=\"word\">%S</p><p class=\"reason\">",
	    met && !incomplete ? "PASS" : "INCONCLUSIVE",
	    met ? html_cut(str_of(words(v, v->root, "recommended")), 40) : STR("Not demonstrated"));
	if (met)
		buf_puts(b, "The cheapest rung that is shown to ");
	else
		buf_puts(b, "No rung is shown to ");
	html_fmt(b, "be right in at least %p of cases", real(v->root, "requirement"));
	if (has(v->root, "latency")) {
		buf_puts(b, " and to answer 95 % of them within ");
		seconds(v, v->root, "latency", "");
	}
	html_fmt(b, ", with one-sided error probability %p.</p>", real(v->root, "alpha"));
	if (!met && has(v->root, "nearest")) {
		html_fmt(b, "<p class=\"advice\">Nearest is <b>%s</b>", words(v, v->root, "nearest"));
		if (has(v->root, "n_needed"))
			html_fmt(b, "; about %d cases would decide", whole(v->root, "n_needed"));
		buf_puts(b, ".</p>");
	}
	if (!met && strcmp(words(v, json_get(json_get(v->root, "router"), "policy"), "reason"),
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

		if (!has(acc, "at"))
			continue;
		x[n] = 1000 * real(json_get(rung, "cost"), "at");
		any = any || x[n] > 0;
		row[n++] = (struct plot_row){ words(v, rung, "name"), "", real(acc, "at"), real(acc, "lo"),
			real(acc, "hi"), has(acc, "lo"), str_is(str_of(words(v, rung, "name")),
			words(v, v->root, "recommended")) };
	}
	if (any && plot_costs(&svg, "costs", title, row, x, n, true, real(v->root, "requirement"))) {
		html_fmt(v->out, "<figure><figcaption><b>%s</b> against cost, with 95 %% intervals; "
		    "dashed: the requirement</figcaption><div class=\"scroll\" tabindex=\"0\" "
		    "role=\"region\" aria-label=\"Plot of cost and rate\">", words(v, v->root, "metric"));
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
	const char *reason = words(v, rung, "reason");

	buf_puts(b, "<td>");
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (strcmp(reason, reasons[i].code) == 0)
			buf_puts(b, reasons[i].said);
	if (has(rung, "why"))
		html_fmt(b, "%s: %s", words(v, rung, "state"), words(v, rung, "why"));
	if (has(rung, "dominated_by"))
		html_fmt(b, "<small>Dominated by %s, in %p of resamples%s.</small>",
		    words(v, rung, "dominated_by"), real(rung, "dominated_share"),
		    real(rung, "dominated_share") >= 0.95 ? ": confidently" : "");
	if (whole(rung, "missing") > 0)
		html_fmt(b, "<small>%d cases have no answer from the service and count as wrong.</small>",
		    whole(rung, "missing"));
	if (whole(rung, "cost_unknown") > 0)
		html_fmt(b, "<small>%d answers have no known price.</small>", whole(rung, "cost_unknown"));
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

	open_section(v, "rungs", "Rungs");
	plot(v);
	open_table(v, "Rungs on the same cases", head);
	for (struct json_iter it = { .of = json_get(v->root, "rungs") }; json_next(&it, &rung); ) {
		html_fmt(v->out, "<tr><th scope=\"row\">%s<small>%s", words(v, rung, "name"),
		    words(v, rung, "target"));
		if (has(rung, "run"))
			html_fmt(v->out, ", run %d", whole(rung, "run"));
		if (has(rung, "note"))
			html_fmt(v->out, "<br>%s", words(v, rung, "note"));
		buf_puts(v->out, "</small></th>");
		if (has(rung, "accuracy"))
			result_cells(v, rung, json_get(rung, "priced").type == JT_TRUE);
		else
			buf_puts(v->out, "<td></td><td></td><td></td><td></td><td></td>");
		finding(v, rung);
		buf_puts(v->out, "</tr>\n");
	}
	close_table(v);
	buf_puts(v->out, "</section>\n");
}

/* ---- between the rungs -------------------------------------------------------------------- */

static void
steps(const struct view *v)
{
	static const char *const head[] = { "From", "To", ">Per 1,000", ">Right",
		">1,000 more right answers", NULL };
	struct json step;

	open_section(v, "steps", "What the next rung buys");
	open_table(v, "Steps in the order of cost", head);
	for (struct json_iter it = { .of = json_get(v->root, "steps") }; json_next(&it, &step); ) {
		struct json price = json_get(step, "per_correct");

		html_fmt(v->out, "<tr><th scope=\"row\">%s</th><td>%s</td><td class=\"num\">",
		    words(v, step, "from"), words(v, step, "to"));
		html_fmt(v->out, "+$%r", 1000 * real(step, "extra_cost"));
		buf_fmt(v->out, "</td><td class=\"num\">%+.1f pt</td><td class=\"num\">",
		    100 * real(step, "extra_correct"));
		if (price.type != JT_OBJECT) {
			buf_puts(v->out, "no demonstrated gain");
		} else {
			usd(v, price, "at");
			if (has(price, "lo"))
				html_fmt(v->out, "<small>$%r to $%r, %s</small>", 1000 * real(price, "lo"),
				    1000 * real(price, "hi"), words(v, price, "method"));
		}
		buf_puts(v->out, "</td></tr>\n");
	}
	close_table(v);
	buf_puts(v->out, "</section>\n");
}

static void
pairs(const struct view *v)
{
	static const char *const head[] = { "Rung", "Against", ">Difference", "Method", NULL };
	struct json pair;

	open_section(v, "differences", "Differences");
	html_fmt(v->out, "<p class=\"lead\">These intervals hold together with %p confidence, from %d "
	    "resamples in which all rungs see the same cases.</p>\n", 1 - real(v->root, "alpha"),
	    whole(v->root, "resamples"));
	open_table(v, "Differences with joint intervals", head);
	for (struct json_iter it = { .of = json_get(v->root, "pairs") }; json_next(&it, &pair); ) {
		struct json change = json_get(pair, "change");

		html_fmt(v->out, "<tr><th scope=\"row\">%s</th><td>%s</td>", words(v, pair, "a"),
		    words(v, pair, "b"));
		points_cell(v, change);
		html_fmt(v->out, "<td>%s</td></tr>\n", words(v, change, "method"));
	}
	close_table(v);
	buf_puts(v->out, "</section>\n");
}

static void
selection(const struct view *v)
{
	struct json held = json_get(v->root, "held_out");

	open_section(v, "selection", "What choosing costs");
	html_fmt(v->out, "<p class=\"lead\">The best of these rungs on these cases is <b>%s</b>; being "
	    "picked as the best flatters it by about ", words(v, v->root, "best"));
	buf_fmt(v->out, "%.1f pt.", 100 * real(v->root, "optimism"));
	if (held.type == JT_OBJECT) {
		struct json there = json_get(held, "accuracy_there"), here = json_get(held, "accuracy");

		html_fmt(v->out, " Chosen on one half of the cases, <b>%s</b> was right in %p there and in "
		    "%p of the other %d", words(v, held, "name"), real(there, "at"), real(here, "at"),
		    whole(held, "cases"));
		if (has(held, "lower_bound"))
			html_fmt(v->out, ", at least %p", real(held, "lower_bound"));
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

	open_section(v, "router", "Router");
	html_fmt(v->out, "<p class=\"lead\">Ask <b>%s</b>; ask <b>%s</b> ", words(v, r, "cheap"),
	    words(v, r, "strong"));
	if (has(r, "threshold"))
		html_fmt(v->out, "where %s passes %r", words(v, r, "confidence"), real(r, "threshold"));
	else
		buf_puts(v->out, "always");
	html_fmt(v->out, ". The threshold was chosen on %d cases; the others are shown, of which %p "
	    "are escalated", whole(r, "chosen_on"), real(escalated, "at"));
	if (has(escalated, "lo"))
		html_fmt(v->out, " (%p to %p)", real(escalated, "lo"), real(escalated, "hi"));
	buf_puts(v->out, ".</p>\n");
	open_table(v, "Router and its rungs alone", head);
	router_row(v, "router", json_get(r, "policy"), false);
	router_row(v, words(v, r, "cheap"), json_get(r, "cheap_alone"), true);
	router_row(v, words(v, r, "strong"), json_get(r, "strong_alone"), true);
	close_table(v);
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
	suite = words(&v, v.root, "suite");
	metric = words(&v, v.root, "metric");
	page_head(out, arena_fmt(&a, "ladder of %s", suite), "verdict", "To the verdict");
	html_fmt(out, "<header><p class=\"brand\">driftlead</p><h1>ladder of <b>%s</b> by <b>%s</b>"
	    "</h1><p class=\"when\">%d cases</p></header>\n<main>\n", suite, metric,
	    whole(v.root, "cases"));
	verdict(&v);
	rungs(&v);
	if (has(v.root, "steps")) {
		steps(&v);
		pairs(&v);
		selection(&v);
	}
	if (has(v.root, "router"))
		router(&v, json_get(v.root, "router"));
	html_fmt(out, "</main>\n<footer>driftlead, %s, suite %s</footer>\n</body>\n</html>\n",
	    words(&v, v.root, "ladder"), suite);
	arena_free(&a);
}
