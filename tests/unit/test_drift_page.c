/*
 * test_drift_page.c -- the page of a comparison, from documents written by hand.
 *
 * `test_drift_page page FILE` writes the page of the watch below: m50-drift-page.sh shows it to a
 * browser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "reports/reports.h"

#include <unistd.h>

#define HOSTILE "<script>alert(1)</script> \"onload=x' `id` \xe2\x80\xae"
#define DAY 86400000L

static const long t0 = 1795400000000;

/* ---- a document ---------------------------------------------------------------------------- */

static void
finding(struct buf *b, const char *feature, const char *detector, const char *verdict,
    double effect, long needed)
{
	buf_char(b, '{');
	buf_key_text(b, "feature", str_of(feature));
	buf_key_text(b, "detector", str_of(detector));
	buf_key_text(b, "measures", STR("how far it is"));
	buf_key_text(b, "unit", STR("share"));
	buf_key_text(b, "verdict", str_of(verdict));
	buf_key_real(b, "effect", effect);
	buf_key_real(b, "lo", effect - 0.02);
	buf_key_real(b, "hi", effect + 0.02);
	buf_key_real(b, "tolerance", 0.05);
	buf_key_real(b, "p_bh", 1e-9);
	buf_key_long(b, "direction", 1);
	buf_key_long(b, "n_reference", 1000);
	buf_key_long(b, "n_current", 900);
	buf_key_long_if(b, "n_needed", needed > 0, needed);
	buf_key_text(b, "why", STR(""));
	buf_key_long_if(b, "onset", strcmp(verdict, "FAIL") == 0, t0 + 20 * DAY);
	buf_puts(b, ",\"examples\":[{\"time\":1795400000000,\"values\":[{");
	buf_key_text(b, "feature", str_of(feature));
	buf_key_text(b, "value", STR(HOSTILE));
	buf_puts(b, "}]}]}");
}

static void
feature(struct buf *b, const char *name, const char *get, const char *verdict, const char *plot)
{
	buf_char(b, '{');
	buf_key_text(b, "name", str_of(name));
	buf_key_text(b, "shape", STR("number"));
	buf_key_text(b, "feature", str_of(get));
	buf_key_text(b, "verdict", str_of(verdict));
	buf_puts(b, ",\"missing\":{\"reference\":{\"missing\":0,\"empty\":0,\"other\":0},"
	    "\"current\":{\"missing\":0.125,\"empty\":0,\"other\":0}},\"summary\":null");
	buf_key(b, "plot");
	buf_puts(b, plot);
	buf_char(b, '}');
}

static const char bins[] = "{\"scale\":\"linear\",\"edges\":[0,10,20],"
    "\"reference\":[0,0.5,0.25,0.25],\"current\":[0,0.25,0.5,0.25]}";

static void
watch(struct buf *b)
{
	buf_puts(b, ",\"watch\":{\"name\":\"support <desk>\"");
	buf_key_long(b, "at", t0 + 40 * DAY);
	buf_key_long(b, "from", t0 + 33 * DAY);
	buf_key_long(b, "to", t0 + 40 * DAY);
	buf_puts(b, ",\"alpha\":0.05,\"budget\":{\"alarms\":1,\"per_ms\":7776000000,\"spent\":0.25,"
	    "\"checks\":40},\"history\":[");
	for (int i = 0; i < 40; i++) {
		buf_fmt(b, "%s{\"at\":%ld,\"verdict\":\"%s\",\"records\":900,\"findings\":[", i ? "," : "",
		    t0 + (i + 1) * DAY, i > 24 ? "FAIL" : i == 12 ? "INCONCLUSIVE" : "PASS");
		finding(b, "intent", "homogeneity", i > 24 ? "FAIL" : "PASS", i > 20 ? 0.11 : 0.03, 0);
		buf_puts(b, "]}");
	}
	buf_fmt(b, "],\"incidents\":[{\"id\":7,\"feature\":\"intent\",\"detector\":\"homogeneity\","
	    "\"onset\":%ld,\"opened\":%ld,\"resolved\":null},{\"id\":3,\"feature\":\"intent\","
	    "\"detector\":\"homogeneity\",\"onset\":%ld,\"opened\":%ld,\"resolved\":%ld}]}",
	    t0 + 20 * DAY, t0 + 25 * DAY, t0 + 2 * DAY, t0 + 3 * DAY, t0 + 5 * DAY);
}

static void
document(struct buf *b, const char *verdict, bool watched)
{
	buf_puts(b, "{\"program\":\"0.1.0\",\"seed\":0,\"alpha\":0.05,\"digest\":\"fa0d6cb14e1973\"");
	buf_key_text(b, "command", STR("driftlead drift " HOSTILE));
	buf_key_text(b, "verdict", str_of(verdict));
	buf_puts(b, ",\"reference\":{\"what\":\"a\",\"kind\":\"logs\",\"records\":1000,\"bad\":0,"
	    "\"from\":null,\"to\":null},\"current\":{\"what\":\"b\",\"kind\":\"logs\","
	    "\"records\":900,\"bad\":2,\"from\":null,\"to\":null},\"drifted\":1,\"unsure\":1,"
	    "\"findings\":[");
	if (strcmp(verdict, "PASS") == 0) {
		finding(b, "intent", "homogeneity", "PASS", 0.01, 0);
		buf_puts(b, "],\"features\":[");
		feature(b, "intent", "category", "PASS", bins);
	} else {
		finding(b, "fine", "ks", "PASS", 0.01, 0);
		buf_char(b, ',');
		finding(b, HOSTILE, "missing", "INCONCLUSIVE", 0.05, 4321);
		buf_char(b, ',');
		finding(b, "slow", "ks", "FAIL", 0.08, 0);
		buf_char(b, ',');
		finding(b, "intent", "homogeneity", "FAIL", 0.11, 0);
		buf_puts(b, "],\"features\":[");
		feature(b, "fine", "number", "PASS", bins);
		buf_char(b, ',');
		feature(b, HOSTILE, "exact", "INCONCLUSIVE", "null");
		buf_char(b, ',');
		feature(b, "slow", "latency", "FAIL", bins);
		buf_char(b, ',');
		feature(b, "intent", "category", "FAIL", "{\"rows\":[{\"category\":\"<b>\",\"was\":0.1,"
		    "\"is\":0.3,\"n_was\":100,\"n_is\":270},{\"category\":\"refund\",\"was\":0.4,"
		    "\"is\":0.35,\"n_was\":400,\"n_is\":315}],\"rest\":{\"categories\":0,\"was\":0.5,"
		    "\"is\":0.35,\"n_was\":500,\"n_is\":315}}");
	}
	buf_char(b, ']');
	if (watched)
		watch(b);
	buf_puts(b, "}\n");
}

static void
write_page(struct buf *page, const char *verdict, bool watched)
{
	struct buf json = { 0 };

	document(&json, verdict, watched);
	report_drift(buf_as_str(&json), page);
	buf_free(&json);
}

static bool
has_gnuplot(void)
{
	return access("/usr/bin/gnuplot", X_OK) == 0;
}

static void
must_have(const struct buf *page, const char *text)
{
	if (strstr(page->p, text) == NULL)
		fail_msg("the page lacks: %s", text);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void
test_what_to_do(void **state)
{
	struct buf page = { 0 };

	(void)state;
	write_page(&page, "FAIL", false);
	must_have(&page, "<p class=\"word\">Drift</p>");
	must_have(&page, "Bring the suite up to date: other things are asked than before, by "
	    "<b>intent</b>, above all more <b>&lt;b&gt;</b> and less <b>refund</b>.");
	must_have(&page, "Tell those who run the service: <b>slow</b>");
	must_have(&page, "About <b>4,321</b> current records would decide");
	/* The drift that exceeds its tolerance most stands first, what is fine last. */
	assert_true(strstr(page.p, "\">intent</a>") < strstr(page.p, "\">slow</a>"));
	assert_true(strstr(page.p, "\">slow</a>") < strstr(page.p, "<th scope=\"row\">fine"));
	must_have(&page, "12.5 %<small>0.0 %</small>");
	must_have(&page, "and 2 lines that cannot be read");
	buf_free(&page);
	write_page(&page, "PASS", false);
	must_have(&page, "<p class=\"word\">No drift</p>");
	assert_null(strstr(page.p, "<ol class=\"first\""));
	assert_null(strstr(page.p, "id=\"changes\""));
	buf_free(&page);
}

static void
test_nothing_gets_in(void **state)
{
	struct buf page = { 0 };

	(void)state;
	write_page(&page, "FAIL", true);
	assert_null(strstr(page.p, "<script"));
	assert_null(strstr(page.p, "<desk>"));
	assert_null(strstr(page.p, "\xe2\x80\xae"));
	assert_null(strstr(page.p, "onload=x'"));
	must_have(&page, "&lt;script&gt;");
	buf_free(&page);
}

static void
test_watch(void **state)
{
	struct buf page = { 0 };

	(void)state;
	write_page(&page, "FAIL", false);
	assert_null(strstr(page.p, "id=\"watch\""));
	buf_free(&page);
	write_page(&page, "FAIL", true);
	must_have(&page, "<b>support &lt;desk&gt;</b> was checked 2027-01-02");
	must_have(&page, "1 in 90 days");
	must_have(&page, "15 of the last 40 checks found a drift");
	must_have(&page, "<rect class=\"INCONCLUSIVE\" x=\"96\"");
	must_have(&page, "<caption>Incidents</caption>");
	must_have(&page, "<b>open</b>");
	must_have(&page, "It began about 2026-");
	if (has_gnuplot()) {
		must_have(&page, "id=\"time1\"");
		must_have(&page, "Effect on intent over time");
		assert_null(strstr(page.p, "id=\"time2\""));
	}
	buf_free(&page);
}

/* The tables stand for pictures that cannot be drawn. */
static void
test_no_gnuplot(void **state)
{
	struct buf page = { 0 };
	char *path = strdup(getenv("PATH"));

	(void)state;
	if (has_gnuplot()) {
		write_page(&page, "FAIL", false);
		must_have(&page, "id=\"plot1\"");
		assert_null(strstr(page.p, "<details class=\"more\" open>"));
		buf_free(&page);
	}
	setenv("PATH", "/nowhere", 1);
	write_page(&page, "FAIL", false);
	setenv("PATH", path, 1);
	free(path);
	assert_null(strstr(page.p, "class=\"plot\""));
	must_have(&page, "<details class=\"more\" open>");
	must_have(&page, "<caption>Shares of values by size</caption>");
	buf_free(&page);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_to_do), cmocka_unit_test(test_nothing_gets_in),
		cmocka_unit_test(test_watch), cmocka_unit_test(test_no_gnuplot),
	};

	if (argc == 3 && strcmp(argv[1], "page") == 0) {
		struct buf page = { 0 };
		struct err e = { 0 };
		int bad;

		write_page(&page, "FAIL", true);
		bad = file_write(argv[2], buf_as_str(&page), 0644, &e);
		buf_free(&page);
		return bad ? 1 : 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
