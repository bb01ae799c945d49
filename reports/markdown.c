/*
 * markdown.c -- a run as Markdown, for a job's summary or a comment.
 *
 * What others wrote stands in code spans, where nothing is markup, a mention, a link or a
 * reference; the fence is longer than any run of backticks in the text, line ends and control
 * characters are shown as text, and a bar cannot end its cell.  Sentences of ours are escaped.
 * No HTML is written.
 */
#include "reports/reports.h"

/* A summary holds 1 MiB for all that a step adds, so one run takes a fifth of it. */
enum { BYTES_MAX = 200 * 1000, CASES_MAX = 50, TABLE_MAX = 200, NAME_LEN = 120, ANSWER_LEN = 240 };

/* ---- escaping ---------------------------------------------------------------------------- */

/* A visible text as one code span; `max` bytes of it. */
static void
code(struct buf *b, struct str text, size_t max, struct arena *a)
{
	struct str s = str_visible(text, max, false, a);
	size_t run = 0, longest = 0;
	bool pad;

	if (s.n == 0) {
		buf_puts(b, "(empty)");
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		run = s.p[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	pad = s.p[0] == '`' || s.p[s.n - 1] == '`' || s.p[0] == ' ' || s.p[s.n - 1] == ' ';
	for (size_t i = 0; i <= longest; i++)
		buf_char(b, '`');
	buf_puts(b, pad ? " " : "");
	for (size_t i = 0; i < s.n; i++) {
		/* Readers disagree on a bar after a backslash, so that pair is written otherwise. */
		if (s.p[i] == '|')
			buf_puts(b, i > 0 && s.p[i - 1] == '\\' ? "\\x7c" : "\\|");
		else
			buf_char(b, s.p[i]);
	}
	buf_puts(b, pad ? " " : "");
	for (size_t i = 0; i <= longest; i++)
		buf_char(b, '`');
}

/* Whether a character of a sentence would be markup where it stands. */
static bool
is_markup(struct str s, size_t i)
{
	bool ends = i + 1 == s.n || s.p[i + 1] == ' ';

	switch (s.p[i]) {
	case '-':
	case '+':
		return i == 0;
	case ':':
		return !ends;
	case '.':
		return !ends || (i > 0 && s.p[i - 1] >= '0' && s.p[i - 1] <= '9');
	default:
		return strchr("\\`*_[]<>&~$", s.p[i]) != NULL;
	}
}

/* A sentence of ours, with what it may name: markup is escaped, what begins a mention or a
 * reference is a code span of itself. */
static void
sentence(struct buf *b, struct str text, struct arena *a)
{
	struct str s = str_visible(text, 1000, false, a);

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '@' || s.p[i] == '#')
			buf_fmt(b, "`%c`", s.p[i]);
		else if (s.p[i] == '|')
			buf_puts(b, "/");
		else
			buf_fmt(b, is_markup(s, i) ? "\\%c" : "%c", s.p[i]);
	}
}

/* ---- the verdict ------------------------------------------------------------------------- */

struct markdown {
	const struct page *page;
	struct buf    *out;
	struct subject about;
	size_t         from;                  /* where the document begins in out */
	struct arena   scratch;               /* of one row */
};

static bool
full(const struct markdown *x)
{
	return x->out->n - x->from > BYTES_MAX;
}

static void
release(struct markdown *x)
{
	struct buf *b = x->out;
	struct arena *a = x->page->a;
	struct judged_row j;
	long needed;

	buf_puts(b, "## ");
	if (!judged_release(x->page, &j)) {
		buf_puts(b, "Not judged: ");
		j = (struct judged_row){ .reason = STR("nothing was judged: the run has no verdict") };
	} else {
		buf_str(b, j.verdict);
		buf_puts(b, ": ");
	}
	code(b, str_of(x->about.suite), NAME_LEN, a);
	buf_puts(b, " on ");
	code(b, str_of(x->about.target), NAME_LEN, a);
	buf_puts(b, "\n\n");
	if (j.deciding.n > 0) {
		code(b, j.deciding, NAME_LEN, a);
		buf_puts(b, ": ");
	}
	sentence(b, j.reason, a);
	buf_puts(b, ". ");
	if (j.verdict.n > 0)
		sentence(b, str_of(what_to_do(j.code, j.verdict)), a);
	if (json_long(json_get(j.json, "n_needed"), &needed))
		buf_fmt(b, " About %ld cases would decide.", needed);
	buf_puts(b, "\n\n");
}

/* ---- gates ------------------------------------------------------------------------------- */

static bool
number(struct json of, const char *key, double *x)
{
	struct json v = json_get(of, key);

	*x = json_to_real(v, 0);
	return v.type == JT_NUMBER;
}

/* The change with its interval in the metric's own direction, or the interval of the value. */
static void
evidence(struct buf *b, const struct amount *m, struct json j)
{
	double at, lo, hi, level;
	struct json ci = json_get(j, "ci");
	bool low = number(ci, "lo", &lo), high = number(ci, "hi", &hi), ranged = low && high;

	if (number(j, "effect", &at)) {
		double sign = m->lower_is_better ? -1 : 1;

		amount_change(b, m, sign * at);
		if (ranged) {
			buf_puts(b, " [");
			amount_change(b, m, sign < 0 ? -hi : lo);
			buf_puts(b, ", ");
			amount_change(b, m, sign < 0 ? -lo : hi);
			buf_char(b, ']');
		}
		buf_puts(b, m->percent ? " points" : "");
	} else if (ranged) {
		amount_range(b, m, lo, hi);
	} else if (low || high) {
		buf_puts(b, low ? "at least " : "at most ");
		amount_value(b, m, low ? lo : hi);
	}
	if ((low || high) && number(ci, "level", &level))
		buf_fmt(b, " (%.3g %%)", 100 * level);
}

static void
limit(struct markdown *x, const struct amount *m, struct json j)
{
	struct buf *b = x->out;
	double at;

	sentence(b, json_text(json_get(j, "rule"), &x->scratch), &x->scratch);
	if (number(j, "margin", &at)) {
		buf_puts(b, ", margin ");
		if (m->percent)
			buf_fmt(b, "%.1f points", 100 * at);
		else
			amount_value(b, m, at);
	} else if (number(j, "value", &at)) {
		buf_char(b, ' ');
		amount_value(b, m, at);
	}
}

static void
gate_row(struct markdown *x, const struct judged_row *j)
{
	struct buf *b = x->out;
	struct arena *a = &x->scratch;
	struct amount m = { .name = "", .unit = "" };
	bool known = amount_of(x->page, j->metric, &m);
	double at;
	long n;

	buf_puts(b, "| ");
	sentence(b, j->verdict, a);
	buf_puts(b, j->advisory ? " (advisory) | " : " | ");
	code(b, j->gate, NAME_LEN, a);
	buf_puts(b, " | ");
	code(b, j->metric, NAME_LEN, a);
	if (j->slice.n > 0) {
		buf_puts(b, " in ");
		code(b, j->slice, NAME_LEN, a);
	}
	buf_puts(b, " | ");
	if (known && number(json_get(j->json, "candidate"), "at", &at))
		amount_value(b, &m, at);
	if (known && number(json_get(j->json, "baseline"), "at", &at)) {
		buf_puts(b, " (was ");
		amount_value(b, &m, at);
		buf_char(b, ')');
	}
	buf_puts(b, " | ");
	if (known)
		evidence(b, &m, j->json);
	buf_puts(b, " | ");
	if (known)
		limit(x, &m, j->json);
	buf_puts(b, " | ");
	if (json_long(json_get(j->json, "n"), &n))
		buf_fmt(b, "%ld", n);
	buf_puts(b, " |\n");
	arena_reset(a);
}

static void
cut_line(struct markdown *x, long n, const char *what)
{
	if (n > 0)
		buf_fmt(x->out, "\nand %ld more %s.\n", n, what);
}

static void
gates(struct markdown *x)
{
	struct query *q = judged_gates(x->page, true);
	struct judged_row j;
	long n = 0, shown = 0;

	while (judged_next(q, &j, &x->scratch)) {
		if (n++ == 0)
			buf_puts(x->out, "### Gates\n\n| Verdict | Gate | Metric | Value | Change or interval |"
			    " Rule | Cases |\n|---|---|---|--:|--:|---|--:|\n");
		if (shown < TABLE_MAX && !full(x)) {
			gate_row(x, &j);
			shown++;
		}
	}
	cut_line(x, n - shown, "gates");
	buf_puts(x->out, n > 0 ? "\n" : "");
}

/* ---- estimates --------------------------------------------------------------------------- */

static void
estimates(struct markdown *x)
{
	const struct page *p = x->page;
	struct query *q = store_query(p->store, "SELECT metric_name, slice, slice_name, at, lo, hi, n"
	    " FROM v_estimate WHERE run = ? AND known ORDER BY slice >= 0, metric, at, slice", "i",
	    p->run);
	struct buf *b = x->out;
	struct amount m;
	long n = 0, shown = 0;

	while (query_next(q)) {
		if (n++ == 0)
			buf_puts(b, "### Estimates\n\n| Metric | Slice | Mean and 95 % interval | n |\n"
			    "|---|---|--:|--:|\n");
		if (shown >= TABLE_MAX || full(x) || !amount_of(p, query_text(q, 0), &m))
			continue;
		shown++;
		buf_puts(b, "| ");
		code(b, query_text(q, 0), NAME_LEN, &x->scratch);
		buf_puts(b, " | ");
		if (query_long(q, 1) >= 0)
			code(b, query_text(q, 2), NAME_LEN, &x->scratch);
		else
			buf_puts(b, "all");
		buf_puts(b, " | ");
		amount_interval(b, &m, query_real(q, 3), !query_null(q, 4), query_real(q, 4),
		    query_real(q, 5));
		buf_fmt(b, "%s | %ld |\n", m.percent ? "\xc2\xa0%" : "", query_long(q, 6));
		arena_reset(&x->scratch);
	}
	cut_line(x, n - shown, "estimates");
	buf_puts(b, n > 0 ? "\n" : "");
}

/* ---- cases ------------------------------------------------------------------------------- */

/* An answer, or why there is none. */
static void
answer(struct markdown *x, const struct amount *m, long run, long test_case, bool worst)
{
	struct query *q = pairs_answer(x->page, m, run, test_case, worst);

	if (!query_next(q)) {
		buf_puts(x->out, "\xe2\x80\x93");
		return;
	}
	if (!str_is(query_text(q, 0), "answered")) {
		sentence(x->out, query_text(q, 0), &x->scratch);
		buf_char(x->out, ' ');
	}
	code(x->out, query_text(q, 1).n > 0 ? query_text(q, 1) : query_text(q, 2), ANSWER_LEN,
	    &x->scratch);
	query_free(q);
}

static void
case_row(struct markdown *x, const struct amount *m, const struct failing *f)
{
	struct buf *b = x->out;
	struct arena *a = &x->scratch;
	struct trouble t;

	if (!fates_trouble(x->page, m, f->test_case, &t, a))
		return;
	buf_puts(b, "| ");
	code(b, f->id, NAME_LEN, a);
	if (f->slice.n > 0) {
		buf_puts(b, " in ");
		code(b, f->slice, NAME_LEN, a);
	}
	buf_fmt(b, " | %s | ", f->regression ? "worse" : f->fate == FATE_ERROR ? "no answer" :
	    f->fate == FATE_SKIPPED ? "not scored" : "wrong");
	code(b, t.expect, ANSWER_LEN, a);
	if (x->page->base > 0) {
		buf_puts(b, " | ");
		if (f->base_case > 0)
			answer(x, m, x->page->base, f->base_case, !f->regression);
	}
	buf_puts(b, " | ");
	answer(x, m, x->page->run, f->test_case, true);
	buf_puts(b, " |\n");
	arena_reset(a);
}

static void
cases(struct markdown *x)
{
	const struct page *p = x->page;
	struct buf *b = x->out;
	long n[FATES], all, listed = 0, worse, better, same;
	struct amount m;
	struct failing f;
	struct query *q;

	if (!amount_first(p, &m))
		return;
	all = fates_count(p, &m, n);
	if (all == 0)
		return;
	buf_puts(b, "### Cases that failed\n\nBy ");
	code(b, str_of(m.name), NAME_LEN, p->a);
	buf_fmt(b, ": %ld of %ld", all, all + n[FATE_PASSED]);
	if (pairs_count(p, &m, &worse, &better, &same))
		buf_fmt(b, "; against the baseline %ld cases are worse, %ld better", worse, better);
	buf_puts(b, p->base > 0 ?
	    ".\n\n| Case | Result | Expected | Before | Now |\n|---|---|---|---|---|\n" :
	    ".\n\n| Case | Result | Expected | Answer |\n|---|---|---|---|\n");
	q = fates_failing(p, &m, p->most > 0 ? p->most : CASES_MAX);
	while (fates_next(q, &f)) {
		if (full(x)) {
			query_free(q);
			break;
		}
		case_row(x, &m, &f);
		listed++;
	}
	cut_line(x, all - listed, "cases");
	buf_char(b, '\n');
}

static void
foot(struct markdown *x)
{
	struct buf *b = x->out;
	struct arena *a = x->page->a;

	buf_fmt(b, "run %ld, %s", x->page->run, x->about.started);
	if (x->page->base > 0) {
		buf_fmt(b, ", against run %ld on ", x->page->base);
		code(b, str_of(x->about.base_target), NAME_LEN, a);
	}
	buf_fmt(b, "; %ld of %ld answers; suite ", x->about.ndone, x->about.ncalls);
	code(b, str_sub(str_of(x->about.digest), 0, 16), NAME_LEN, a);
	buf_fmt(b, "; driftlead %s\n\n", x->about.program);
}

static void
write_markdown(const struct page *p)
{
	struct markdown x = { .page = p, .out = p->out, .from = p->out->n };

	subject_of(p, &x.about);
	release(&x);
	gates(&x);
	estimates(&x);
	cases(&x);
	foot(&x);
	arena_free(&x.scratch);
}

const struct output output_markdown = { "markdown", write_markdown, NULL };
