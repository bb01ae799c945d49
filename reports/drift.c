/*
 * drift.c -- the page of a comparison of two windows, from the object that 'driftlead drift
 * --json' prints.
 *
 * Like the page of a run it is one file without a script, and computes nothing.  However many
 * features there are, only those are shown in full that changed most.
 */
#include "reports/drift_page.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PAGE_MAX = 64 << 20, NAMED = 3, NAME = 80 };

/* ---- the document -------------------------------------------------------------------------- */

static size_t
length(struct json array)
{
	struct json x;
	size_t n = 0;

	for (struct json_iter it = { .of = array }; json_next(&it, &x); )
		n++;
	return n;
}

static enum verdict
verdict_of(const struct view *v, struct json x)
{
	const char *word = view_text(v, x, "verdict");

	return strcmp(word, "PASS") == 0 ? PASS : strcmp(word, "FAIL") == 0 ? FAIL : INCONCLUSIVE;
}

/* How many tolerances an interval reaches; of a drift the end that counts. */
static double
beyond(const struct drift_finding *f)
{
	double most = fmax(fabs(f->lo), fabs(f->hi)), least = fmin(fabs(f->lo), fabs(f->hi));
	double x = f->verdict == FAIL ? least : most;

	return !f->known ? 0 : f->tolerance > 0 ? x / f->tolerance : x > 0 ? INFINITY : 0;
}

static int
worst_first(const void *a, const void *b)
{
	static const int order[] = { [FAIL] = 0, [INCONCLUSIVE] = 1, [PASS] = 2, [INVALID] = 3 };
	const struct drift_finding *x = a, *y = b;
	double p = beyond(x), q = beyond(y);

	if (x->verdict != y->verdict)
		return order[x->verdict] - order[y->verdict];
	return p != q ? (p < q ? 1 : -1) : x->place < y->place ? -1 : 1;
}

static void
read_findings(struct drift_page *p)
{
	struct json list = json_get(p->v.root, "findings"), x;
	size_t place = 0;

	p->finding = arena_array(p->v.a, length(list) + 1, sizeof *p->finding);
	for (struct json_iter it = { .of = list }; json_next(&it, &x); place++) {
		struct drift_finding f = { .json = x, .feature = view_text(&p->v, x, "feature"),
			.detector = view_text(&p->v, x, "detector"), .unit = view_text(&p->v, x, "unit"),
			.verdict = verdict_of(&p->v, x), .known = view_has(x, "effect"),
			.effect = view_real(x, "effect"), .lo = view_real(x, "lo"),
			.hi = view_real(x, "hi"), .tolerance = view_real(x, "tolerance"), .place = place };

		if (!f.known && view_long(x, "n_reference") == 0 && view_long(x, "n_current") == 0)
			continue;
		p->ndrift += f.verdict == FAIL;
		p->nunsure += f.verdict == INCONCLUSIVE;
		p->finding[p->nfinding++] = f;
	}
	qsort(p->finding, p->nfinding, sizeof *p->finding, worst_first);
}

static void
read_features(struct drift_page *p)
{
	struct json list = json_get(p->v.root, "features"), x;

	p->feature = arena_array(p->v.a, length(list) + 1, sizeof *p->feature);
	p->shown = arena_array(p->v.a, DRIFT_IN_FULL, sizeof *p->shown);
	for (struct json_iter it = { .of = list }; json_next(&it, &x); )
		p->feature[p->nfeature++] = (struct drift_feature){ .json = x,
			.name = view_text(&p->v, x, "name"), .get = view_text(&p->v, x, "feature"),
			.shape = view_text(&p->v, x, "shape"), .verdict = verdict_of(&p->v, x) };
	for (size_t i = 0; i < p->ndrift + p->nunsure && p->nshown < DRIFT_IN_FULL; i++) {
		struct drift_feature *f = drift_feature_of(p, p->finding[i].feature);

		if (f == NULL || f->number > 0)
			continue;
		p->shown[p->nshown++] = f;
		f->number = p->nshown;
	}
}

static void
read_past(struct drift_page *p)
{
	struct json history, check, x;
	size_t n = 0;

	p->watch = json_get(p->v.root, "watch");
	history = json_get(p->watch, "history");
	for (struct json_iter it = { .of = history }; json_next(&it, &check); )
		n += length(json_get(check, "findings"));
	p->past = arena_array(p->v.a, n + 1, sizeof *p->past);
	for (struct json_iter it = { .of = history }; json_next(&it, &check); )
		for (struct json_iter k = { .of = json_get(check, "findings") }; json_next(&k, &x); ) {
			if (!view_has(x, "effect"))
				continue;
			p->past[p->npast++] = (struct drift_past){ view_text(&p->v, x, "feature"),
				view_text(&p->v, x, "detector"), view_real(check, "at"),
				view_real(x, "effect"), view_real(x, "lo"), view_real(x, "hi"),
				view_real(x, "tolerance") };
		}
}

struct drift_feature *
drift_feature_of(const struct drift_page *p, const char *name)
{
	for (size_t i = 0; i < p->nfeature; i++)
		if (strcmp(p->feature[i].name, name) == 0)
			return &p->feature[i];
	return NULL;
}

const struct drift_finding *
drift_worst(const struct drift_page *p, const struct drift_feature *f)
{
	for (size_t i = 0; i < p->nfinding; i++)
		if (strcmp(p->finding[i].feature, f->name) == 0)
			return &p->finding[i];
	return NULL;
}

/* ---- the verdict --------------------------------------------------------------------------- */

static void
first_names(const struct drift_page *p)
{
	struct buf *b = p->v.out;
	size_t n = 0;

	for (size_t i = 0; i < p->nshown && n < NAMED; i++)
		if (p->shown[i]->verdict == FAIL)
			html_fmt(b, "%s<b>%S</b>", n++ == 0 ? ": " : ", ",
			    html_cut(str_of(p->shown[i]->name), NAME));
}

static void
reason(const struct drift_page *p, enum verdict verdict)
{
	long drifted = view_long(p->v.root, "drifted"), unsure = view_long(p->v.root, "unsure");
	struct buf *b = p->v.out;

	buf_puts(b, "<p class=\"reason\">");
	if (verdict == FAIL) {
		html_fmt(b, "%d of %d features %s from the reference by more than can be borne", drifted,
		    (long)p->nfeature, drifted == 1 ? "differs" : "differ");
		first_names(p);
		html_fmt(b, drifted > NAMED ? " and %d more." : ".", drifted - NAMED);
	} else if (verdict == PASS) {
		html_fmt(b, "None of %d features differs from the reference by more than its tolerance.",
		    (long)p->nfeature);
	} else {
		html_fmt(b, "No drift is shown, but of %d of %d features too little is known to rule one "
		    "out.", unsure, (long)p->nfeature);
	}
	buf_puts(b, "</p>\n");
}

static void
verdict_section(const struct drift_page *p)
{
	static const char *const said[] = { "No drift", "Drift", "Inconclusive", "" };
	enum verdict verdict = verdict_of(&p->v, p->v.root);
	struct buf *b = p->v.out;

	view_section(&p->v, "verdict", "Verdict");
	html_fmt(b, "<div class=\"verdict %s\"><p class=\"word\">%s</p>", verdict_name[verdict],
	    said[verdict]);
	reason(p, verdict);
	drift_advice(p);
	buf_puts(b, "</div>\n</section>\n");
}

/* ---- how to repeat it ---------------------------------------------------------------------- */

static void
fact(struct buf *b, const char *name)
{
	html_fmt(b, "<div><dt>%s</dt><dd>", name);
}

static void
window(const struct drift_page *p, const char *key, const char *name)
{
	struct json w = json_get(p->v.root, key);
	long bad = view_long(w, "bad");
	struct buf *b = p->v.out;

	fact(b, name);
	html_fmt(b, "<code>%s</code>, %s, %d records", view_text(&p->v, w, "what"),
	    view_text(&p->v, w, "kind"), view_long(w, "records"));
	if (bad > 0)
		html_fmt(b, " and %d lines that cannot be read", bad);
	if (view_has(w, "from")) {
		buf_puts(b, ", from ");
		drift_when(b, view_real(w, "from"));
		buf_puts(b, " to ");
		drift_when(b, view_real(w, "to"));
	}
	buf_puts(b, "</dd></div>\n");
}

static void
repeat(const struct drift_page *p)
{
	struct json r = p->v.root;
	struct buf *b = p->v.out;

	view_section(&p->v, "repeat", "How to repeat it");
	buf_puts(b, "<dl class=\"prov\">\n");
	fact(b, "Command");
	html_fmt(b, "<code>%s</code></dd></div>\n", view_text(&p->v, r, "command"));
	window(p, "reference", "Reference");
	window(p, "current", "Current");
	fact(b, "Features");
	html_fmt(b, "%d, digest <code>%s</code></dd></div>\n", (long)p->nfeature,
	    view_text(&p->v, r, "digest"));
	fact(b, "False discoveries");
	html_fmt(b, "at most %p of findings, after Benjamini and Hochberg</dd></div>\n",
	    view_real(r, "alpha"));
	fact(b, "Seed");
	html_fmt(b, "%d</dd></div>\n", view_long(r, "seed"));
	fact(b, "Program");
	html_fmt(b, "driftlead %s</dd></div>\n</dl>\n", view_text(&p->v, r, "program"));
	buf_puts(b, "</section>\n");
}

static void
assumptions(const struct drift_page *p)
{
	view_section(&p->v, "assumptions", "What this rests on");
	buf_puts(p->v.out, "<ul class=\"lead\">\n"
	    "<li>Records are taken as independent of each other. Where one user sends many, or calls "
	    "are repeated, intervals look narrower than they are.</li>\n"
	    "<li>A finding is a drift only if it is significant after the correction for all findings, "
	    "and its whole interval lies beyond the tolerance. Many records alone do not make one."
	    "</li>\n"
	    "<li>Unsure means that neither a drift nor its absence is shown; it is not an all-clear."
	    "</li>\n"
	    "<li>Inputs that changed do not say that answers got worse, and inputs that did not do not "
	    "say that answers are as good as ever: that is for the suite to tell.</li>\n"
	    "<li>Edges of bins come from the reference and never move. They are for reading; verdicts "
	    "come from the detectors (driftlead-detectors(7)).</li>\n"
	    "<li>Examples come from a random sample of the current window. Times are in UTC.</li>\n"
	    "</ul>\n</section>\n");
}

/* ---- the page ------------------------------------------------------------------------------ */

static void
contents(const struct drift_page *p)
{
	struct buf *b = p->v.out;

	buf_puts(b, "<nav aria-label=\"Contents\"><ul><li><a href=\"#verdict\">Verdict</a></li>"
	    "<li><a href=\"#findings\">Findings</a></li>");
	if (p->nshown > 0)
		buf_puts(b, "<li><a href=\"#changes\">What changed</a></li>");
	buf_puts(b, "<li><a href=\"#missing\">Missing and unseen</a></li>");
	if (p->watch.type == JT_OBJECT)
		buf_puts(b, "<li><a href=\"#watch\">The watch</a></li>");
	buf_puts(b, "<li><a href=\"#repeat\">How to repeat it</a></li>"
	    "<li><a href=\"#assumptions\">What this rests on</a></li></ul></nav>\n");
}

static void
header(const struct drift_page *p, const char *reference, const char *current)
{
	struct json w = json_get(p->v.root, "current");
	struct buf *b = p->v.out;

	page_head(b, arena_fmt(p->v.a, "drift of %s against %s", current, reference), "verdict",
	    "To the verdict");
	html_fmt(b, "<header><p class=\"brand\">driftlead</p><h1>drift of <b>%S</b> against <b>%S</b>"
	    "</h1><p class=\"when\">", html_cut(str_of(current), NAME), html_cut(str_of(reference),
	    NAME));
	if (view_has(w, "to"))
		drift_when(b, view_real(w, "to"));
	else
		html_fmt(b, "%d records", view_long(w, "records"));
	buf_puts(b, "</p></header>\n");
}

static void
open_page(struct drift_page *p, struct str json, struct buf *out, struct arena *a)
{
	struct json_fault bad;

	*p = (struct drift_page){ .v = { .out = out, .a = a } };
	if (json_parse(json, &p->v.root, &bad) != 0)
		bug("the object of a comparison is no JSON: %s", bad.why);
	read_findings(p);
	read_features(p);
	read_past(p);
}

void
report_drift(struct str json, struct buf *out)
{
	struct arena a = { 0 };
	struct drift_page p;
	const char *reference, *current;

	if (out->max == 0)
		out->max = PAGE_MAX;
	open_page(&p, json, out, &a);
	drift_plots_svg(&p);
	reference = view_text(&p.v, json_get(p.v.root, "reference"), "what");
	current = view_text(&p.v, json_get(p.v.root, "current"), "what");
	header(&p, reference, current);
	contents(&p);
	buf_puts(out, "<main>\n");
	verdict_section(&p);
	drift_findings(&p);
	drift_changes(&p);
	drift_missing(&p);
	drift_watch(&p);
	repeat(&p);
	assumptions(&p);
	html_fmt(out, "</main>\n<footer>driftlead %s, drift of %S against %S, features %S</footer>\n"
	    "</body>\n</html>\n", view_text(&p.v, p.v.root, "program"),
	    html_cut(str_of(current), NAME), html_cut(str_of(reference), NAME),
	    str_sub(str_of(view_text(&p.v, p.v.root, "digest")), 0, 16));
	arena_free(&a);
}

int
report_drift_png(struct str json, const char *dir, struct err *e)
{
	struct arena a = { 0 };
	struct drift_page p;
	int bad;

	if (mkdir(dir, 0755) != 0 && !file_is_dir(dir))
		return err_set(e, "cannot make the folder '%s': %s", dir, strerror(errno));
	open_page(&p, json, NULL, &a);
	bad = drift_plots_png(&p, dir, e);
	arena_free(&a);
	return bad;
}
