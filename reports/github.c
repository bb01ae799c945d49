/*
 * github.c -- a run for GitHub Actions: annotations, the job's summary, the step's outputs.
 *
 * A line that begins with `::`, blanks before it not counted, is a command to the runner.  So what
 * the command printed is put between stop-commands and a token that nobody can guess, and of what
 * others wrote nothing stands at the beginning of a line.  The runner shows ten annotations of a
 * kind per step: the tenth says how many there were.
 */
#include "reports/reports.h"

#include <stdlib.h>
#include <sys/random.h>

enum { SHOWN = 10, SUMMARY_MAX = 1000 * 1000 };

enum kind { KIND_ERROR, KIND_WARNING, KIND_NOTICE, KINDS };
static const char *const kind_name[KINDS] = { "error", "warning", "notice" };

struct github {
	const struct page *page;
	struct buf    *out;
	struct subject about;
	long           n[KINDS];
	struct buf     tenth[KINDS];          /* held back: there may be an eleventh */
	struct arena   scratch;
};

/* 32 digits that no model knew when it answered. */
static void
token(char hex[33])
{
	unsigned char raw[16];

	if (getrandom(raw, sizeof raw, 0) != sizeof raw)
		die(EXIT_SURROUNDINGS, "the system has no random numbers");
	hex_of(raw, sizeof raw, hex);
}

/* ---- annotations ------------------------------------------------------------------------- */

static void
escaped(struct buf *b, struct str s, bool property)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' || s.p[i] == '\r' || s.p[i] == '\n' ||
		    (property && (s.p[i] == ':' || s.p[i] == ',')))
			buf_fmt(b, "%%%02X", (unsigned char)s.p[i]);
		else
			buf_char(b, s.p[i]);
	}
}

static void
annotation(struct buf *b, enum kind kind, const char *file, long line, struct str title,
    struct str message)
{
	buf_fmt(b, "::%s file=", kind_name[kind]);
	escaped(b, str_of(file), true);
	if (line > 0)
		buf_fmt(b, ",line=%ld", line);
	buf_puts(b, ",title=");
	escaped(b, title, true);
	buf_puts(b, "::");
	escaped(b, message, false);
	buf_char(b, '\n');
}

/* Title and message are made visible here. */
static void
say(struct github *x, enum kind kind, const char *file, long line, struct str title,
    struct str message)
{
	struct buf *b = ++x->n[kind] < SHOWN ? x->out : &x->tenth[kind];

	if (x->n[kind] <= SHOWN)
		annotation(b, kind, file, line, str_visible(title, 200, false, &x->scratch),
		    str_visible(message, 1000, false, &x->scratch));
}

/* The tenth of each kind, or how many more there are. */
static void
last_ones(struct github *x)
{
	for (enum kind k = KIND_ERROR; k < KINDS; k++) {
		if (x->n[k] <= SHOWN)
			buf_str(x->out, buf_as_str(&x->tenth[k]));
		else
			annotation(x->out, k, x->about.suite_file, 0, str_of(arena_fmt(&x->scratch,
			    "and %ld more", x->n[k] - SHOWN + 1)), str_of(arena_fmt(&x->scratch,
			    "GitHub shows %d of a kind; 'driftlead report %ld' shows the run", SHOWN,
			    x->page->run)));
		buf_free(&x->tenth[k]);
	}
}

static enum kind
kind_of(const struct judged_row *j)
{
	static const enum kind kind[] = { KIND_NOTICE, KIND_NOTICE, KIND_WARNING, KIND_ERROR };

	return kind[judged_severity(j)];
}

/* False: there is something to explain. */
static bool
release(struct github *x)
{
	struct arena *a = x->page->a;
	const char *name = arena_fmt(a, "%s on %s", x->about.suite, x->about.target);
	struct judged_row j;

	if (!judged_release(x->page, &j)) {
		say(x, KIND_WARNING, x->about.suite_file, 0, str_of(arena_fmt(a, "not judged: %s", name)),
		    STR("nothing was judged: the run has no verdict"));
		return true;
	}
	say(x, kind_of(&j), x->about.suite_file, 0, str_of(arena_fmt(a, "%.*s: %s", STR_ARG(j.verdict),
	    name)), str_of(arena_fmt(a, "%.*s: %.*s. %s", STR_ARG(j.deciding), STR_ARG(j.reason),
	    what_to_do(j.code, j.verdict))));
	return judged_is(&j, PASS);
}

static void
gates(struct github *x)
{
	struct query *q = judged_gates(x->page, true);
	struct judged_row j;

	while (judged_next(q, &j, &x->scratch)) {
		say(x, kind_of(&j), x->about.suite_file, subject_gate_line(&x->about, j.gate),
		    str_of(judged_title(&j, &x->scratch)), j.reason);
		arena_reset(&x->scratch);
	}
}

/* Warnings, since one case decides nothing. */
static void
cases(struct github *x)
{
	const struct page *p = x->page;
	const char *file = subject_cases(&x->about);
	long n[FATES], all, listed = 0;
	struct amount m;
	struct failing f;
	struct trouble t;
	struct query *q;

	if (!amount_first(p, &m))
		return;
	all = fates_count(p, &m, n);
	q = fates_failing(p, &m, SHOWN);
	while (fates_next(q, &f)) {
		if (!fates_trouble(p, &m, f.test_case, &t, &x->scratch))
			continue;
		say(x, KIND_WARNING, file, f.line, f.regression ? STR("a case got worse") :
		    f.fate == FATE_FAILED ? STR("a case failed") : STR("a case was not measured"),
		    fates_sentence(&f, &t, &x->scratch));
		listed++;
		arena_reset(&x->scratch);
	}
	x->n[KIND_WARNING] += all - listed;
}

static void
write_github(const struct page *p)
{
	struct github x = { .page = p, .out = p->out };
	struct str printed = str_dup(buf_as_str(p->out), p->a);
	char hex[33];
	bool passed;

	subject_of(p, &x.about);
	if (printed.n > 0) {
		token(hex);
		buf_reset(p->out);
		buf_fmt(p->out, "::stop-commands::%s\n", hex);
		buf_str(p->out, printed);
		buf_fmt(p->out, "%s::%s::\n", printed.p[printed.n - 1] == '\n' ? "" : "\n", hex);
	}
	passed = release(&x);
	gates(&x);
	if (!passed)
		cases(&x);
	last_ones(&x);
	arena_free(&x.scratch);
}

/* ---- files that the runner names --------------------------------------------------------- */

static const char *
runner_file(const char *name)
{
	const char *path = getenv(name);

	return path != NULL && path[0] != '\0' ? path : NULL;
}

static int
summary(const struct page *p, const char *path, struct err *e)
{
	static const char *const no_room = "driftlead: this step's summary is full.\n\n";
	struct buf b = { 0 };
	struct page page = *p;
	int status;

	page.out = &b;
	output_markdown.write(&page);
	status = file_append(path, buf_as_str(&b), SUMMARY_MAX, e);
	if (status > 0)
		status = file_append(path, str_of(no_room), SUMMARY_MAX, e);
	buf_free(&b);
	return status < 0 ? -1 : 0;
}

static void
output_value(struct buf *b, const char *name, struct str value, struct arena *a)
{
	char hex[33];

	token(hex);
	buf_fmt(b, "%s<<%s\n", name, hex);
	buf_str(b, str_visible(value, 1000, false, a));
	buf_fmt(b, "\n%s\n", hex);
}

static int
step_outputs(const struct page *p, const char *path, struct err *e)
{
	struct judged_row j = { .verdict = STR("") };
	struct buf b = { 0 };
	int status;

	judged_release(p, &j);
	output_value(&b, "verdict", j.verdict, p->a);
	output_value(&b, "reason_code", j.code, p->a);
	output_value(&b, "reason", j.reason, p->a);
	output_value(&b, "run", str_of(arena_fmt(p->a, "%ld", p->run)), p->a);
	output_value(&b, "base", str_of(p->base > 0 ? arena_fmt(p->a, "%ld", p->base) : ""), p->a);
	status = file_append(path, buf_as_str(&b), SUMMARY_MAX, e);
	buf_free(&b);
	return status > 0 ? err_set(e, "'%s' is full", path) : status;
}

static int
deliver(const struct page *p, struct err *e)
{
	const char *path;
	int status = 0;

	if ((path = runner_file("GITHUB_STEP_SUMMARY")) != NULL && summary(p, path, e) != 0)
		status = -1;
	if ((path = runner_file("GITHUB_OUTPUT")) != NULL && step_outputs(p, path, e) != 0)
		status = -1;
	return status;
}

const struct output output_github = { "github", write_github, deliver };
