/*
 * junit.c -- a run as JUnit XML, the form that every CI system reads.
 *
 * `failure` is a wrong answer by the suite's first metric, `error` a failure of the service,
 * `skipped` what cannot be scored.  Each gate is a testcase too, since a gate can fail while
 * the cases pass, and pass while some fail.
 */
#include "reports/reports.h"

enum { TEXT_MAX = 2000, MESSAGE_MAX = 300, CASES_MAX = 5000 };

struct junit {
	const struct page *page;
	struct buf    *out;
	struct subject about;
	struct amount  metric;
};

static void
attribute(struct buf *b, const char *name, struct str value, struct arena *a)
{
	buf_fmt(b, " %s=\"", name);
	xml_text(b, str_visible(value, MESSAGE_MAX, false, a));
	buf_char(b, '"');
}

static void
property(struct buf *b, const char *name, struct str value, struct arena *a)
{
	buf_puts(b, "<property");
	attribute(b, "name", str_of(name), a);
	attribute(b, "value", value, a);
	buf_puts(b, "/>\n");
}

static void
counts(struct buf *b, const long n[FATES], double ms)
{
	buf_fmt(b, " tests=\"%ld\" failures=\"%ld\" errors=\"%ld\" skipped=\"%ld\" time=\"%.3f\"",
	    n[FATE_PASSED] + n[FATE_FAILED] + n[FATE_ERROR] + n[FATE_SKIPPED], n[FATE_FAILED],
	    n[FATE_ERROR], n[FATE_SKIPPED], ms / 1000);
}

static void
named(struct buf *b, const char *name, struct str text, struct arena *a)
{
	buf_fmt(b, "%s:\n", name);
	buf_str(b, str_visible(html_cut(text, TEXT_MAX), SIZE_MAX / 2, true, a));
	buf_puts(b, text.n > TEXT_MAX ? "\n(cut)\n\n" : "\n\n");
}

static void
trouble(const struct junit *x, long test_case, enum fate fate)
{
	static const char *const tag[FATES] = { "", "failure", "error", "skipped" };
	struct arena *a = x->page->a;
	struct buf all = { 0 }, *b = x->out;
	struct trouble t;

	if (!fates_trouble(x->page, &x->metric, test_case, &t, a))
		return;
	buf_fmt(b, "\n<%s", tag[fate]);
	attribute(b, "message", t.message, a);
	if (fate != FATE_SKIPPED)
		attribute(b, "type", fate == FATE_ERROR ? t.outcome : str_of(x->metric.name), a);
	buf_char(b, '>');
	if (t.why.n > 0)
		named(&all, "why", t.why, a);
	named(&all, "expected", t.expect, a);
	named(&all, "got", t.text, a);
	xml_text(b, html_cut(buf_as_str(&all), TEXT_MAX));
	buf_fmt(b, "</%s>", tag[fate]);
	buf_free(&all);
}

static void
one_case(const struct junit *x, struct buf *b, struct query *q, const char *classname)
{
	struct arena *a = x->page->a;
	enum fate fate = (enum fate)query_long(q, 1);
	struct junit inner = *x;

	inner.out = b;
	buf_puts(b, "<testcase");
	attribute(b, "name", query_text(q, 3), a);
	attribute(b, "classname", str_of(classname), a);
	buf_fmt(b, " time=\"%.3f\"", query_real(q, 2) / 1000);
	if (x->about.case_file[0] != '\0')
		attribute(b, "file", str_of(x->about.case_file), a);
	buf_fmt(b, " line=\"%ld\">", query_long(q, 4));
	if (fate != FATE_PASSED)
		trouble(&inner, query_long(q, 0), fate);
	buf_puts(b, "</testcase>\n");
}

/* A <testsuite> around the cases of a slice; its counts are those of the file, not of the run. */
static void
one_slice(const struct junit *x, struct buf *into, const char *name, const struct buf *cases,
    const long n[FATES], double ms, long left_out)
{
	struct arena *a = x->page->a;

	buf_puts(into, "<testsuite");
	attribute(into, "name", name[0] ? str_of(arena_fmt(a, "%s/%s", x->about.suite, name)) :
	    str_of(x->about.suite), a);
	counts(into, n, ms);
	attribute(into, "timestamp", str_of(x->about.started), a);
	attribute(into, "file", str_of(x->about.suite_file), a);
	buf_puts(into, ">\n<properties>\n");
	property(into, "run", str_of(arena_fmt(a, "%ld", x->page->run)), a);
	property(into, "suite.sha256", str_of(x->about.digest), a);
	if (left_out > 0)
		property(into, "cases.left_out", str_of(arena_fmt(a, "%ld", left_out)), a);
	buf_puts(into, "</properties>\n");
	buf_str(into, buf_as_str(cases));
	buf_puts(into, "</testsuite>\n");
}

/* The `max` worst cases, slice by slice, in each the worst first. */
static void
slices(const struct junit *x, long max, struct buf *into, long total[FATES], double *ms,
    long left_out)
{
	struct arena *a = x->page->a;
	const char *name = "", *classname = "";
	struct query *q = fates_by_slice(x->page, &x->metric, max);
	struct buf cases = { 0 };
	long n[FATES] = { 0 }, slice = -2;
	double slice_ms = 0;

	while (query_next(q)) {
		if (query_long(q, 5) != slice) {
			if (cases.n > 0)
				one_slice(x, into, name, &cases, n, slice_ms, left_out);
			buf_reset(&cases);
			memset(n, 0, sizeof n);
			slice_ms = 0;
			slice = query_long(q, 5);
			name = str_cstr(query_text(q, 6), a);
			classname = name[0] ? arena_fmt(a, "%s.%s", x->about.suite, name) : x->about.suite;
		}
		n[query_long(q, 1)]++;
		total[query_long(q, 1)]++;
		slice_ms += query_real(q, 2);
		*ms += query_real(q, 2);
		one_case(x, &cases, q, classname);
	}
	if (cases.n > 0)
		one_slice(x, into, name, &cases, n, slice_ms, left_out);
	buf_free(&cases);
}

/* ---- gates --------------------------------------------------------------------------------- */

static void
gate(struct buf *b, const struct judged_row *j, struct arena *a)
{
	buf_puts(b, "<testcase");
	attribute(b, "name", j->gate, a);
	buf_puts(b, " classname=\"gate\" time=\"0.000\">");
	if (!judged_is(j, PASS) && j->advisory) {
		buf_puts(b, "\n<skipped");
		attribute(b, "message", str_of(arena_fmt(a, "%.*s, advisory: %.*s", STR_ARG(j->verdict),
		    STR_ARG(j->reason))), a);
		buf_puts(b, "/>");
	} else if (!judged_is(j, PASS)) {
		/* A gate that could not tell must stop a release as a failed one does. */
		buf_puts(b, "\n<failure");
		attribute(b, "message", str_of(arena_fmt(a, "%.*s: %.*s", STR_ARG(j->verdict),
		    STR_ARG(j->reason))), a);
		attribute(b, "type", j->code, a);
		buf_char(b, '>');
		xml_text(b, html_cut(j->json.raw, TEXT_MAX));
		buf_puts(b, "</failure>");
	}
	buf_puts(b, "</testcase>\n");
}

static void
gates(const struct junit *x, struct buf *into, long total[FATES])
{
	const struct page *p = x->page;
	struct query *q = judged_gates(p, false);
	struct judged_row j;
	struct buf rows = { 0 };
	long n[FATES] = { 0 };

	while (judged_next(q, &j, p->a)) {
		n[judged_is(&j, PASS) ? FATE_PASSED : j.advisory ? FATE_SKIPPED : FATE_FAILED]++;
		gate(&rows, &j, p->a);
	}
	if (rows.n > 0) {
		total[FATE_PASSED] += n[FATE_PASSED];
		total[FATE_FAILED] += n[FATE_FAILED];
		total[FATE_SKIPPED] += n[FATE_SKIPPED];
		buf_puts(into, "<testsuite");
		attribute(into, "name", str_of(arena_fmt(p->a, "%s gates", x->about.suite)), p->a);
		counts(into, n, 0);
		attribute(into, "timestamp", str_of(x->about.started), p->a);
		buf_puts(into, ">\n");
		buf_str(into, buf_as_str(&rows));
		buf_puts(into, "</testsuite>\n");
	}
	buf_free(&rows);
}

static void
write_junit(const struct page *p)
{
	struct junit x = { .page = p, .out = p->out };
	struct buf body = { .max = 64 << 20 };
	long total[FATES] = { 0 }, max = p->most > 0 ? p->most : CASES_MAX, all;
	double ms = 0;

	subject_of(p, &x.about);
	gates(&x, &body, total);
	if (amount_first(p, &x.metric)) {
		all = store_long(p->store, 0, "SELECT count(DISTINCT test_case) FROM v_score WHERE run = ?"
		    " AND metric = ?", "ii", p->run, x.metric.metric);
		slices(&x, max, &body, total, &ms, all > max ? all - max : 0);
	}
	buf_puts(p->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	attribute(p->out, "name", str_of(arena_fmt(p->a, "%s on %s", x.about.suite, x.about.target)),
	    p->a);
	counts(p->out, total, ms);
	attribute(p->out, "timestamp", str_of(x.about.started), p->a);
	buf_puts(p->out, ">\n");
	buf_str(p->out, buf_as_str(&body));
	buf_puts(p->out, "</testsuites>\n");
	buf_free(&body);
}

const struct output output_junit = { "junit", write_junit, NULL };
