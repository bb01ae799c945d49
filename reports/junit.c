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
	struct buf  *out;
	const char  *suite, *started, *digest, *path;
	const char  *case_file;           /* "": suite.yaml does not name it on a line of its own */
	struct amount metric;
};

enum fate { FATE_PASSED, FATE_FAILED, FATE_ERROR, FATE_SKIPPED, FATES };

/* A case of one run: the number of FATES is the worst of its repeats.  A rate below its full
 * score is a failure; a value of another scale has no right or wrong and only a gate judges it. */
#define FATE \
	"max(CASE WHEN NOT c.measured THEN 2 WHEN c.outcome <> 'answered' THEN 1" \
	" WHEN s.value IS NULL THEN 3 WHEN ?3 AND s.value < 1 THEN 1 ELSE 0 END)"
#define CASES \
	"SELECT s.test_case AS test_case, " FATE " AS fate, avg(s.value) AS v, max(c.ms_total) AS ms" \
	" FROM v_score s JOIN v_completion c ON c.run = s.run AND c.test_case = s.test_case" \
	" AND c.rep = s.rep WHERE s.run = ?1 AND s.metric = ?2 GROUP BY s.test_case"

static void
attribute(struct buf *b, const char *name, struct str value, struct arena *a)
{
	buf_fmt(b, " %s=\"", name);
	xml_text(b, str_visible(value, MESSAGE_MAX, false, a));
	buf_char(b, '"');
}

/* The value of the line "cases: FILE" of suite.yaml, beside that file. */
static const char *
case_file(struct str source, const char *suite_path, struct arena *a)
{
	ptrdiff_t at = str_starts(source, STR("cases:")) ? 0 : str_find(source, STR("\ncases:"), 0),
	    end;
	struct str s;

	if (at < 0)
		return "";
	at = str_find(source, STR(":"), (size_t)at) + 1;
	end = str_find(source, STR("\n"), (size_t)at);
	s = str_sub(source, (size_t)at, (end < 0 ? source.n : (size_t)end) - (size_t)at);
	if ((end = str_find(s, STR(" #"), 0)) >= 0)
		s.n = (size_t)end;
	s = str_trim(s);
	if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		s = str_sub(s, 1, s.n - 2);
	return s.n == 0 ? "" : path_join(path_dir(suite_path, a), str_cstr(s, a), a);
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
named(struct buf *b, const char *name, struct str text)
{
	buf_fmt(b, "%s:\n", name);
	buf_str(b, html_cut(text, TEXT_MAX));
	buf_puts(b, text.n > TEXT_MAX ? "\n(cut)\n\n" : "\n\n");
}

/* What went wrong, from the repeat that decided. */
static void
trouble(const struct junit *x, long test_case, enum fate fate)
{
	static const char *const tag[FATES] = { "", "failure", "error", "skipped" };
	struct arena *a = x->page->a;
	struct buf all = { 0 }, *b = x->out;
	struct query *q = store_query(x->page->store, "SELECT c.outcome, c.why, c.text, s.why,"
	    " t.expect,"
	    " CASE WHEN NOT c.measured THEN 2 WHEN c.outcome <> 'answered' THEN 1"
	    " WHEN s.value IS NULL THEN 3 WHEN ?4 AND s.value < 1 THEN 1 ELSE 0 END AS fate"
	    " FROM v_score s JOIN v_completion c ON c.run = s.run AND c.test_case = s.test_case AND"
	    " c.rep = s.rep JOIN v_case t ON t.id = s.test_case WHERE s.run = ?1 AND s.metric = ?2 AND"
	    " s.test_case = ?3 ORDER BY fate DESC, s.rep LIMIT 1", "iiii", x->page->run,
	    x->metric.metric,
	    test_case, (long)x->metric.percent);
	struct str message;

	if (!query_next(q))
		return;
	message = query_text(q, 3).n > 0 ? query_text(q, 3) : query_text(q, 1).n > 0 ? query_text(q,
	    1) :
	    query_text(q, 0);
	buf_fmt(b, "\n<%s", tag[fate]);
	attribute(b, "message", message, a);
	if (fate != FATE_SKIPPED)
		attribute(b, "type", fate == FATE_ERROR ? query_text(q, 0) : str_of(x->metric.name), a);
	buf_char(b, '>');
	if (query_text(q, 1).n > 0)
		named(&all, "why", query_text(q, 1));
	named(&all, "expected", query_text(q, 4));
	named(&all, "got", query_text(q, 2));
	xml_text(b, html_cut(buf_as_str(&all), TEXT_MAX));
	buf_fmt(b, "</%s>", tag[fate]);
	buf_free(&all);
	query_free(q);
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
	if (x->case_file[0] != '\0')
		attribute(b, "file", str_of(x->case_file), a);
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
	attribute(into, "name", name[0] ? str_of(arena_fmt(a, "%s/%s", x->suite, name)) :
	    str_of(x->suite), a);
	counts(into, n, ms);
	attribute(into, "timestamp", str_of(x->started), a);
	attribute(into, "file", str_of(x->path), a);
	buf_puts(into, ">\n<properties>\n");
	property(into, "run", str_of(arena_fmt(a, "%ld", x->page->run)), a);
	property(into, "suite.sha256", str_of(x->digest), a);
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
	const char *order = x->metric.lower_is_better ? "DESC" : "ASC", *name = "", *classname = "";
	struct query *q = store_query(x->page->store, arena_fmt(a,
	    "SELECT w.test_case, w.fate, w.ms, t.case_id, t.line, t.slice, t.slice_name FROM ("
	    "SELECT * FROM (" CASES ") ORDER BY fate = 0, fate, v %s, test_case LIMIT ?4) w"
	    " JOIN v_case t ON t.id = w.test_case"
	    " ORDER BY t.slice, w.fate = 0, w.fate, w.v %s, w.test_case", order, order), "iiii",
	    x->page->run, x->metric.metric, (long)x->metric.percent, max);
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
			classname = name[0] ? arena_fmt(a, "%s.%s", x->suite, name) : x->suite;
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
gate(struct buf *b, struct query *q, struct arena *a)
{
	struct str verdict = query_text(q, 1);
	struct json_fault fault;
	struct json j = { 0 };
	struct str why = query_text(q, 2);

	if (json_parse(query_text(q, 3), &j, &fault) == 0 && json_get(j, "reason").type == JT_STRING)
		why = json_text(json_get(j, "reason"), a);
	buf_puts(b, "<testcase");
	attribute(b, "name", query_text(q, 0), a);
	buf_puts(b, " classname=\"gate\" time=\"0.000\">");
	if (!str_is(verdict, "PASS")) {
		/* A gate that could not tell must stop a release as a failed one does. */
		buf_puts(b, "\n<failure");
		attribute(b, "message", str_of(arena_fmt(a, "%.*s: %.*s", STR_ARG(verdict),
		    STR_ARG(why))), a);
		attribute(b, "type", query_text(q, 2), a);
		buf_char(b, '>');
		xml_text(b, html_cut(query_text(q, 3), TEXT_MAX));
		buf_puts(b, "</failure>");
	}
	buf_puts(b, "</testcase>\n");
}

static void
gates(const struct junit *x, struct buf *into, long total[FATES])
{
	const struct page *p = x->page;
	struct query *q = store_query(p->store, "SELECT gate, verdict, reason, json FROM v_verdict"
	    " WHERE"
	    " run = ? AND ifnull(base, 0) = ? AND gate IS NOT NULL ORDER BY id", "ii", p->run, p->base);
	struct buf rows = { 0 };
	long n[FATES] = { 0 };

	while (query_next(q)) {
		n[str_is(query_text(q, 1), "PASS") ? FATE_PASSED : FATE_FAILED]++;
		gate(&rows, q, p->a);
	}
	if (rows.n > 0) {
		total[FATE_PASSED] += n[FATE_PASSED];
		total[FATE_FAILED] += n[FATE_FAILED];
		buf_puts(into, "<testsuite");
		attribute(into, "name", str_of(arena_fmt(p->a, "%s gates", x->suite)), p->a);
		counts(into, n, 0);
		attribute(into, "timestamp", str_of(x->started), p->a);
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
	struct query *q = store_query(p->store, "SELECT r.suite_name, r.started, r.suite_digest,"
	    " s.path, r.target, s.source FROM v_run r JOIN v_suite s ON s.id = r.suite WHERE r.id = ?",
	    "i", p->run);
	const char *name;

	if (!query_next(q))
		bug("there is no run %ld to report", p->run);
	x.suite = str_cstr(query_text(q, 0), p->a);
	x.started = str_cstr(query_text(q, 1), p->a);
	x.digest = str_cstr(query_text(q, 2), p->a);
	x.path = str_cstr(query_text(q, 3), p->a);
	x.case_file = case_file(query_text(q, 5), x.path, p->a);
	name = arena_fmt(p->a, "%s on %.*s", x.suite, STR_ARG(query_text(q, 4)));
	query_free(q);
	gates(&x, &body, total);
	if (amount_first(p, &x.metric)) {
		all = store_long(p->store, 0, "SELECT count(DISTINCT test_case) FROM v_score WHERE run = ?"
		    " AND metric = ?", "ii", p->run, x.metric.metric);
		slices(&x, max, &body, total, &ms, all > max ? all - max : 0);
	}
	buf_puts(p->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	attribute(p->out, "name", str_of(name), p->a);
	counts(p->out, total, ms);
	attribute(p->out, "timestamp", str_of(x.started), p->a);
	buf_puts(p->out, ">\n");
	buf_str(p->out, buf_as_str(&body));
	buf_puts(p->out, "</testsuites>\n");
	buf_free(&body);
}

const struct output output_junit = { "junit", write_junit, NULL };
