/*
 * test_reports.c -- what leaves as HTML and XML, from small stores with hostile bytes in them.
 *
 * `test_reports page FILE VERDICT` writes the same sample page to a file: e80-browser.sh shows
 * it to a browser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "reports/reports.h"

#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOSTILE "<script>alert(1)</script> \"onload=x' ]]> &amp; \x1b[31m \x01 \xe2\x80\xae" \
	"evil \xff\xc0\x80 \xef\xbf\xbe"

static char folder[] = "/tmp/test_reports.XXXXXX";
static char path[200];
static char *no_env[] = { NULL };

/* ---- the sample ---------------------------------------------------------------------------- */

static const char *const slice_name[] = { "refund", "shipping", "abuse", "billing", "login",
	"returns", "warranty", "other" };

struct sample { long suite, run, base, ncase; long row[4000]; };

static void
put_suite(struct store *st, struct sample *s, const char *name)
{
	struct arena a = { 0 };
	struct suite_row row = { .digest = "5f0c6d2b19c3a7e4", .prompt_digest = "91ab", .name = name,
		.path = "suites/triage/suite.yaml", .source = STR("suite: triage\ncases: 'cases.jsonl'  #"
		    " all\n"),
		.seed = 7, .repeats = 1 };

	s->suite = store_suite_begin(st, &row);
	for (int i = 0; i < (int)COUNT(slice_name); i++)
		store_put_slice(st, s->suite, i, slice_name[i], 1.0 / COUNT(slice_name));
	for (long i = 0; i < s->ncase; i++) {
		char *text = arena_fmt(&a, i == 3 ? HOSTILE : "My parcel %ld has not come, and the site"
		    " says it "
		    "was delivered.\nWhat now?", i);
		struct test_case tc = { .id = arena_fmt(&a, "order-%04ld", i), .hash = { 1, (uint64_t)i },
			.slice = (int)(i % (long)COUNT(slice_name)), .weight = 1, .input = str_of(text),
			    .line = i + 1 };
		struct buf m = { 0 };

		buf_puts(&m, "[{\"role\":\"user\",\"content\":");
		buf_json(&m, str_of(text));
		buf_puts(&m, "}]");
		store_put_case(st, s->suite, &tc, buf_as_str(&m),
		    STR("[\"refund\",\"\\u003cb\\u003e\"]"), "");
		buf_free(&m);
	}
	store_suite_done(st, s->suite, s->ncase);
	for (long i = 0; i < s->ncase; i++)
		s->row[i] = store_long(st, 0, "SELECT id FROM v_case WHERE suite = ? AND case_id = ?", "is",
		    s->suite, arena_fmt(&a, "order-%04ld", i));
	arena_free(&a);
}

static long
put_run(struct store *st, struct sample *s, const char *target, const char *text, long one_bad_in)
{
	struct run_row row = { .key = target, .suite = s->suite, .target = target, .target_digest =
	    "ab12",
		.target_config = "{\"model\":\"<b>m</b>\"}", .program = "0.1.0", .host = "lab-2",
		.command = "driftlead run triage -t candidate", .filter = "", .ncases = s->ncase,
		.ncalls = s->ncase };
	bool resumed;
	long run = store_run_begin(st, &row, START_FRESH, &resumed);

	store_run_metric(st, run, 0, "label", "choice", 1, "{\"among\":\"</td><script>\"}",
	    SCALE_BINARY,
	    false, "");
	store_run_metric(st, run, 1, "latency", "latency", 1, "{}", SCALE_REAL, true, "ms");
	for (long i = 0; i < s->ncase; i++) {
		bool bad = i % one_bad_in == 3 % one_bad_in;
		struct completion c = { .outcome = i == 5 ? OUT_TIMEOUT : i == 6 ? OUT_DECLINED :
		    OUT_ANSWERED,
			.text = str_of(i == 3 ? HOSTILE : bad ? text : "refund"), .attempts = i == 5 ? 4 : 1,
			.why = str_of(i == 5 ? "no byte for 30 s <i>" : ""), .status = 200, .tokens_in = 210,
			.tokens_out = 12, .ms_total = 300 + (double)(i * 37 % 1900), .ms_first =
			    120 + (double)(i % 90),
			.ms_backoff = i == 5 ? 7200 : 0, .cost = 0.0004, .served = STR("m"), .finish =
			    STR("stop") };
		struct score score = { .scored = c.outcome == OUT_ANSWERED && i != 7, .value = !bad,
			.why = str_of(bad ? "expected refund, got " HOSTILE : "") };

		store_put_completion(st, run, s->row[i], 0, &c, STR(""));
		store_put_score(st, run, 0, s->row[i], 0, score);
	}
	store_run_end(st, run, RUN_COMPLETE, 151);
	return run;
}

static void
put_estimates(struct store *st, long run, int nslice)
{
	for (int slice = -1; slice < nslice; slice++) {
		double at = 0.78 + 0.02 * (slice * 3 % 7), half = slice < 0 ? 0.018 : 0.055;
		struct estimate e = { at, at - half, at + half > 1 ? 1 : at + half, true, true,
			slice < 0 ? 1200 : 150, slice < 0 ? "post-stratified t" : "wilson" };

		store_put_estimate(st, run, 0, slice, &e, e.n, slice == 2);
	}
}

#define CI(lo, hi) "{\"level\":0.9,\"lo\":" lo ",\"hi\":" hi "}"

static void
put_verdicts(struct store *st, const struct sample *s, const char *verdict)
{
	static const char paired[] =
	    "{\"verdict\":\"%s\",\"reason_code\":\"%s\",\"reason\":\"%s\",\"gate\":"
	    "\"label holds <script>"
	    "\",\"rule\":\"no-worse\",\"metric\":\"label\",\"slice\":null,\"n\":1200,"
	    "\"table\":{\"n11\":900,\"b\":64,\"c\":31,\"n00\":205},\"effect\":%s,"
	    "\"baseline\":{\"at\":0.86},"
	    "\"candidate\":{\"at\":0.842},\"ci\":%s,\"margin\":0.015,\"n_needed\":%s}";
	static const char bound[] =
	    "{\"verdict\":\"PASS\",\"reason_code\":\"bound_met\",\"reason\":\"the interval "
	    "lies on the right side of the bound\",\"gate\":\"abuse is"
	    " caught\",\"rule\":\"at-least\",\"metric\":"
	    "\"label\",\"slice\":\"abuse\",\"n\":150,\"table\":null,\"effect\":null,\"baseline\":null,"
	    "\"candidate\":"
	    "{\"at\":0.94,\"lo\":0.9,\"hi\":0.97},\"ci\":" CI("0.905",
	    "0.967") ",\"value\":0.75,\"margin\":null}";
	static const struct { enum verdict v; const char *code, *why, *effect, *ci,
	    *needed; } kind[] = {
		{ PASS, "non_inferior", "a loss of the margin is ruled out", "0.004", CI("-0.008",
		    "0.016"), "null" },
		{ FAIL, "regression", "worse, and by at least the margin", "-0.0275", CI("-0.041",
		    "-0.014"), "null" },
		{ INCONCLUSIVE, "too_few_cases", "neither a loss of the margin nor a regression is"
		    " shown", "-0.006",
		  CI("-0.021", "0.009"), "3480" },
		{ INVALID, "scorer_changed", "the two runs were scored by different scorers, versions or "
		  "parameters", "null", "null", "null" },
	};
	struct buf json = { 0 };

	for (size_t i = 0; i < COUNT(kind); i++) {
		if (strcmp(verdict_name[kind[i].v], verdict) != 0)
			continue;
		buf_fmt(&json, paired, verdict, kind[i].code, kind[i].why, kind[i].effect, kind[i].ci,
		    kind[i].needed);
		store_put_verdict(st, s->run, s->base, "label holds <script>", kind[i].v, kind[i].code,
		    json.p);
		store_put_verdict(st, s->run, s->base, "abuse is caught", PASS, "bound_met", bound);
		store_put_verdict(st, s->run, s->base, NULL, kind[i].v, kind[i].code, json.p);
	}
	buf_free(&json);
}

static struct store *
sample(struct sample *s, long ncase, const char *verdict, int nslice)
{
	struct store *st;
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/%ld-%s.db", folder, ncase, verdict);
	unlink(path);
	if (store_open(&st, path, STORE_CREATE, &e) != 0)
		err_print(&e);
	s->ncase = ncase;
	put_suite(st, s, "triage");
	s->base = put_run(st, s, "baseline-7b", "shipping", 9);
	s->run = put_run(st, s, "candidate-7b", "abuse, \xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a", 7);
	put_estimates(st, s->run, nslice);
	put_verdicts(st, s, verdict);
	store_event(st, s->run, "note", "looked at by " HOSTILE);
	store_flush(st);
	return st;
}

/* ---- helpers --------------------------------------------------------------------------------- */

static bool
has(const struct buf *b, const char *text)
{
	return str_find(buf_as_str(b), str_of(text), 0) >= 0;
}

static long
count(const struct buf *b, const char *text)
{
	struct str s = buf_as_str(b), needle = str_of(text);
	ptrdiff_t at;
	long n = 0;

	for (size_t from = 0; (at = str_find(s, needle, from)) >= 0; from = (size_t)at + needle.n)
		n++;
	return n;
}

/* Whether xmllint, if there is one, takes it. */
static bool
well_formed(const struct buf *b)
{
	char file[220], tool[] = "xmllint", quiet[] = "--noout";
	char *argv[] = { tool, quiet, file, NULL };
	struct err e = { 0 };
	int status;
	pid_t pid;

	snprintf(file, sizeof file, "%s/junit.xml", folder);
	assert_int_equal(file_write(file, buf_as_str(b), 0600, &e), 0);
	if (posix_spawnp(&pid, tool, NULL, NULL, argv, no_env) != 0)
		return true;
	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void
test_text(void **state)
{
	static const struct { struct str in; const char *html, *xml; } table[] = {
		{ { "<a b=\"c\" d='e'>&", 16 }, "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;",
		  "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;" },
		{ { "a\0b\x1b\x7f", 5 }, "a\\x00b\\x1b\\x7f", "a\xef\xbf\xbd" "b\xef\xbf\xbd\x7f" },
		{ { "1\n2\t3\r", 6 }, "1\n2\t3\\r", "1\n2\t3&#13;" },
		{ { "\xe2\x80\xae\xc2\x85", 5 }, "&lt;U+202E&gt;&lt;U+0085&gt;", "\xe2\x80\xae\xc2\x85" },
		{ { "\xff\xc0\x80z\xf0\x9f", 6 },
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd",
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd" },
		{ { "\xef\xbf\xbe\xf0\x9f\x98\x80", 7 }, "\xef\xbf\xbe\xf0\x9f\x98\x80",
		  "\xef\xbf\xbd\xf0\x9f\x98\x80" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		html_text(&b, table[i].in);
		assert_string_equal(b.p, table[i].html);
		buf_reset(&b);
		xml_text(&b, table[i].in);
		assert_string_equal(b.p, table[i].xml);
		buf_reset(&b);
	}
	buf_free(&b);
}

static void
test_numbers(void **state)
{
	struct buf b = { 0 };

	(void)state;
	html_fmt(&b, "%d %d %d %p %r %% %s %S", -1234567L, 999L, 1000L, 0.8425, 1.0 / 3, "<", STR(">"));
	assert_string_equal(b.p, "-1,234,567 999 1,000 84.2 % 0.3333 % &lt; &gt;");
	buf_reset(&b);
	html_base64(&b, "light work", 10);
	html_base64(&b, "light wor", 9);
	html_base64(&b, "light wo", 8);
	assert_string_equal(b.p, "bGlnaHQgd29yaw==bGlnaHQgd29ybGlnaHQgd28=");
	buf_reset(&b);
	html_time(&b, 843);
	buf_char(&b, '|');
	html_time(&b, 2310);
	buf_char(&b, '|');
	html_time(&b, 245000);
	assert_string_equal(b.p, "843 ms|2.31 s|4 min 5 s");
	buf_free(&b);
	assert_int_equal(html_cut(STR("ab\xe2\x82\xac"), 4).n, 2);
	assert_int_equal(html_cut(STR("ab\xe2\x82\xac"), 5).n, 5);
}

static void
test_page(void **state)
{
	struct sample s;
	struct store *st = sample(&s, 400, "FAIL", 8);
	struct buf b = { 0 }, again = { 0 };

	(void)state;
	report_html(st, s.run, s.base, &b);
	report_html(st, s.run, s.base, &again);
	assert_true(str_eq(buf_as_str(&b), buf_as_str(&again)));
	assert_true(b.n < 300000);
	assert_false(has(&b, "<script"));
	assert_false(has(&b, "<b>m</b>"));
	assert_int_equal(count(&b, "\x1b"), 0);
	assert_int_equal(count(&b, "\xe2\x80\xae"), 0);
	assert_int_equal(str_bad_utf8(buf_as_str(&b)), -1);
	assert_true(has(&b, "<p class=\"word\">FAIL</p>"));
	assert_true(has(&b, "label holds &lt;script&gt;"));
	assert_true(has(&b, "Do not ship. Look at the regressions below."));
	assert_true(has(&b, "&lt;U+202E&gt;evil"));
	assert_int_equal(count(&b, "<table>"), count(&b, "<caption>"));
	assert_int_equal(count(&b, "<section "), 7);
	assert_false(has(&b, " style="));
	assert_false(has(&b, "gnuplot"));
	/* 400 cases: 7 does not divide what 9 divides. */
	assert_true(has(&b, "cases got worse"));
	assert_true(has(&b, "no byte for 30 s &lt;i&gt;"));
	buf_free(&b);
	buf_free(&again);
	store_close(st);
}

static void
test_verdicts(void **state)
{
	static const char *const said[4][2] = { { "PASS", "May ship." }, { "FAIL", "Do not ship." },
		{ "INCONCLUSIVE", "About 3,480 cases would decide." },
		{ "INVALID", "Score both runs again with the same scorer" } };
	struct sample s;
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct store *st = sample(&s, 20, said[i][0], 1);

		report_html(st, s.run, s.base, &b);
		assert_true(has(&b, said[i][1]));
		buf_reset(&b);
		report_html(st, s.run, 0, &b);
		assert_true(has(&b, "Nothing was judged"));
		assert_false(has(&b, "id=\"flips\""));
		buf_reset(&b);
		report_html(st, s.base, s.run, &b);
		assert_true(has(&b, "was not judged against run"));
		buf_reset(&b);
		store_close(st);
	}
	buf_free(&b);
}

static void
test_caps(void **state)
{
	struct sample s;
	struct store *st = sample(&s, 2000, "PASS", 600);
	struct buf b = { 0 };

	(void)state;
	report_html(st, s.run, s.base, &b);
	assert_true(b.n < 300000);
	assert_true(has(&b, "101 more rows are left out"));
	assert_true(count(&b, "<details class=\"case\">") <= 150);
	assert_true(has(&b, "more are not shown."));
	buf_free(&b);
	store_close(st);
}

static void
test_junit(void **state)
{
	struct sample s;
	struct store *st = sample(&s, 100, "FAIL", 8);
	struct buf b = { 0 };

	(void)state;
	report_as("junit", st, s.run, s.base, 0, &b);
	assert_true(well_formed(&b));
	assert_int_equal(count(&b, "<testcase "), 102);
	assert_int_equal(count(&b, "<testcase "), count(&b, "</testcase>"));
	assert_int_equal(count(&b, "<error "), 1);
	assert_int_equal(count(&b, "<skipped "), 1);
	/* Each seventh from the third on, the declined one, and the gate. */
	assert_int_equal(count(&b, "<failure "), 14 + 1 + 1);
	assert_true(has(&b, "<testsuites name=\"triage on candidate-7b\" tests=\"102\" failures=\"16\" "
	    "errors=\"1\" skipped=\"1\""));
	assert_true(has(&b, "file=\"suites/triage/cases.jsonl\" line=\"4\""));
	assert_true(has(&b, "classname=\"gate\""));
	assert_int_equal(count(&b, "\x1b"), 0);
	assert_int_equal(count(&b, "]]>"), 0);
	buf_reset(&b);
	report_as("junit", st, s.run, s.base, 5, &b);
	assert_true(well_formed(&b));
	assert_int_equal(count(&b, "<testcase "), 7);
	assert_int_equal(count(&b, "<failure "), 5 + 1);
	assert_true(has(&b, "<property name=\"cases.left_out\" value=\"95\"/>"));
	buf_free(&b);
	store_close(st);
}

/* Bytes that are no text, and what a terminal or a parser would obey, in every format. */
static void
test_outputs(void **state)
{
	static const char *const name[] = { "junit", "sarif", "markdown", "gitlab", "github" };
	struct sample s;
	struct store *st = sample(&s, 100, "FAIL", 8);
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(name); i++) {
		report_as(name[i], st, s.run, s.base, 0, &b);
		assert_true(b.n > 500);
		assert_int_equal(str_bad_utf8(buf_as_str(&b)), -1);
		assert_int_equal(count(&b, "\x1b"), 0);
		assert_int_equal(count(&b, "\x01"), 0);
		assert_int_equal(count(&b, "\xe2\x80\xae"), 0);
		assert_true(has(&b, i < 4 ? "order-0003" : "order-0010"));
		buf_reset(&b);
	}
	report_as("sarif", st, s.run, s.base, 5, &b);
	assert_int_equal(count(&b, "\"ruleId\""), 5);
	assert_true(has(&b, "4 of 17 failing cases have a result here"));
	buf_reset(&b);
	report_as("gitlab", st, s.run, s.base, 5, &b);
	assert_int_equal(count(&b, "\"check_name\""), 6);
	assert_true(has(&b, "4 of 17 failing cases are listed"));
	buf_reset(&b);
	report_as("markdown", st, s.run, s.base, 5, &b);
	assert_true(has(&b, "and 12 more cases."));
	buf_reset(&b);
	/* A verdict that is not there is no reason to say nothing. */
	report_as("github", st, s.run, 0, 0, &b);
	assert_true(has(&b, "::warning file=suites/triage/suite.yaml,title=not judged"));
	buf_free(&b);
	store_close(st);
}

static const struct plot_row forest[] = {
	{ "whole </text><script> \xe2\x80\xae", "80.0 [75.0, 85.0]", 0.8, 0.75, 0.85, true, true },
	{ "R0<b>&\"';system(\"id\")", "70.0", 0.7, 0, 0, false, false },
};

static void
test_plot(void **state)
{
	struct buf b = { 0 };

	(void)state;
	if (!plot_forest(&b, "p1", "title \"<", forest, COUNT(forest), true, true, 0.72)) {
		buf_free(&b);
		skip();
	}
	assert_true(has(&b, "aria-label=\"title &quot;&lt;\""));
	assert_true(has(&b, "whole &lt;/text&gt;&lt;script"));
	assert_true(has(&b, "80.0 [75.0, 85.0]"));
	assert_int_equal(count(&b, " id="), 1);
	assert_int_equal(count(&b, "<svg"), 1);
	assert_false(has(&b, "rgb("));
	assert_false(has(&b, "GNUPLOT"));
	assert_false(has(&b, "style="));
	buf_free(&b);
}

/* As people write them: percent, and short times in units that need no exponent. */
static void
test_amounts(void **state)
{
	static const struct amount rate = { .unit = "%", .percent = true }, time = { .unit = "s" },
		money = { .unit = "USD" };
	struct buf b = { 0 };

	(void)state;
	amount_value(&b, &rate, 0.8421);
	buf_char(&b, '|');
	amount_value(&b, &time, 7.224e-6);
	buf_char(&b, '|');
	amount_value(&b, &time, 0.25);
	buf_char(&b, '|');
	amount_value(&b, &time, 12.5);
	buf_char(&b, '|');
	amount_value(&b, &time, 0);
	buf_char(&b, '|');
	amount_range(&b, &time, -2e-5, 0.0042);
	buf_char(&b, '|');
	amount_range(&b, &money, 0.001, 0.02);
	buf_char(&b, '|');
	amount_change(&b, &time, 0.0035);
	buf_char(&b, '|');
	amount_change(&b, &rate, -0.012);
	buf_char(&b, '|');
	amount_interval(&b, &time, 1.06e-5, true, 3.88e-6, 1.73e-5);
	buf_char(&b, '|');
	amount_interval(&b, &rate, 0.5, false, 0, 0);
	assert_string_equal("84.2\xc2\xa0%|7.22\xc2\xa0us|250\xc2\xa0ms|12.5\xc2\xa0s|"
	    "0\xc2\xa0s|\xe2\x88\x92" "0.02 to 4.2\xc2\xa0ms|0.001 to 0.02\xc2\xa0USD|"
	    "+3.5\xc2\xa0ms|\xe2\x88\x92" "1.2|10.6\xc2\xa0 [3.88, 17.3]\xc2\xa0us|50.0", b.p);
	buf_free(&b);
}

/* No gnuplot, one that fails, one that hangs: the page stands without. */
static void
test_no_plot(void **state)
{
	static const char *const fake[] = { "#!/bin/sh\nexit 1\n", "#!/bin/sh\nsleep 60\n",
		"#!/bin/sh\necho '<svg'\n" };
	char *before = getenv("PATH"), bin[200], file[220];
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct err e = { 0 };

	(void)state;
	before = arena_strdup(&a, before ? before : "/usr/bin:/bin");
	snprintf(bin, sizeof bin, "%s/bin", folder);
	snprintf(file, sizeof file, "%s/bin/gnuplot", folder);
	mkdir(bin, 0700);
	setenv("PATH", bin, 1);
	assert_false(plot_forest(&b, "p", "t", forest, COUNT(forest), true, false, 0));
	for (size_t i = 0; i < COUNT(fake); i++) {
		double from = tick_now();

		assert_int_equal(file_write(file, str_of(fake[i]), 0700, &e), 0);
		assert_false(plot_forest(&b, "p", "t", forest, COUNT(forest), true, false, 0));
		assert_true(tick_now() - from < 9);
	}
	unlink(file);
	{
		struct sample s;
		struct store *st = sample(&s, 20, "PASS", 3);

		report_html(st, s.run, s.base, &b);
		assert_false(has(&b, "<figure>"));
		assert_true(has(&b, "<caption>Estimates"));
		store_close(st);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);       /* nothing of ours still runs */
	setenv("PATH", before, 1);
	rmdir(bin);
	buf_free(&b);
	arena_free(&a);
}

static int
write_page(const char *file, const char *verdict)
{
	struct sample s;
	struct store *st = sample(&s, 1200, verdict, 8);
	struct buf b = { 0 };
	struct err e = { 0 };
	int rc;

	report_html(st, s.run, s.base, &b);
	rc = file_write(file, buf_as_str(&b), 0644, &e);
	err_print(&e);
	buf_free(&b);
	store_close(st);
	return rc ? 1 : 0;
}

/* Stores and what lies beside them. */
static void
sweep(void)
{
	char rm[] = "rm", rf[] = "-rf";
	char *argv[] = { rm, rf, folder, NULL };
	pid_t pid;

	if (posix_spawnp(&pid, rm, NULL, NULL, argv, no_env) == 0)
		waitpid(pid, NULL, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_junit),
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_amounts),
		cmocka_unit_test(test_plot),
		cmocka_unit_test(test_no_plot),
	};
	int rc;

	if (mkdtemp(folder) == NULL)
		return 1;
	if (argc == 4 && strcmp(argv[1], "page") == 0)
		rc = write_page(argv[2], argv[3]);
	else
		rc = cmocka_run_group_tests(tests, NULL, NULL);
	sweep();
	return rc;
}
