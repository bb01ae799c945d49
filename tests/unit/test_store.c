/*
 * test_store.c -- what goes in comes out byte for byte, through the views and only through them.
 */
#include "tests/unit/store_kit.h"

#include <math.h>

#define PLAIN  "[{\"role\":\"user\",\"content\":\"h\xc3\xa9\\n\\\"q\\\" \\\\n\\t\"}]"
#define RETURN "[{\"role\":\"user\",\"content\":\"a\\rb\"}]"

/* A suite whose digest comes last: taken back, it leaves nothing, not even remembered bodies. */
static void
test_suite_taken_back(void **state)
{
	struct suite_row row = a_suite;
	const struct test_case tc = { .id = "c", .slice = -1, .weight = 1,
		.input = STR("a question that is asked nowhere else") };
	struct store *s;
	long id;

	(void)state;
	forget();
	row.digest = NULL;
	s = opened(STORE_CREATE);
	id = store_suite_begin(s, &row);
	assert_true(store_suite_named(s, row.name));
	store_put_case(s, id, &tc, STR(""), STR("[\"a\"]"), NULL);
	store_suite_drop(s);
	assert_false(store_suite_named(s, row.name));
	assert_int_equal(store_long(s, -1, "SELECT count(*) FROM v_case", ""), 0);
	id = store_suite_begin(s, &row);
	store_put_case(s, id, &tc, STR(""), STR("[\"a\"]"), NULL);
	store_suite_digest(s, id, "d9");
	store_suite_done(s, id, 1);
	store_close(s);
	s = opened(STORE_CREATE);
	assert_int_equal(store_suite_find(s, "d9"), id);
	text_is(s, "SELECT input FROM v_case WHERE suite = ?", id, tc.input);
	text_is(s, "SELECT expect FROM v_case WHERE suite = ?", id, STR("[\"a\"]"));
	store_close(s);
}

static void
test_suite(void **state)
{
	static const char odd[] = "a\0b\xff\xc0 \"";
	struct store *s;
	struct query *q;
	long id;

	(void)state;
	forget();
	s = opened(STORE_CREATE);
	id = store_suite_begin(s, &a_suite);
	store_put_case(s, id, &(struct test_case){ .id = "half", .slice = -1, .weight = 1 },
	    STR("[]"), STR(""), NULL);
	store_close(s);
	s = opened(STORE_CREATE);
	assert_int_equal(store_suite_find(s, "d1"), 0);
	assert_int_not_equal(store_suite_begin(s, &a_suite), id);  /* half a suite is not trusted */
	id++;
	store_put_case(s, id, &(struct test_case){ .id = "half", .slice = -1, .weight = 1 },
	    STR("[]"), STR(""), NULL);
	store_put_slice(s, id, 2, "abuse", 0.07);
	store_put_case(s, id, &(struct test_case){ .id = "o\"1", .slice = 2, .cluster = "cl",
	    .hash = { 0x0123456789abcdef, 0xfedcba9876543210 }, .weight = 1.5,
	    .input = { odd, sizeof odd - 1 }, .line = 7 },
	    STR("[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"q\"}]"),
	    STR("[\"a\",\"b\"]"), "t1 t2");
	store_put_case(s, id, &(struct test_case){ .id = "plain", .slice = 2, .weight = 1,
	    .input = STR("h\xc3\xa9\n\"q\" \\n\t") }, STR(PLAIN), STR("[\"a\",\"b\"]"), "");
	store_put_case(s, id, &(struct test_case){ .id = "return", .slice = 2, .weight = 1,
	    .input = STR("a\rb") }, STR(RETURN), STR(""), "");
	store_suite_done(s, id, 4);
	assert_int_equal(store_suite_find(s, "d1"), id);
	text_is(s, "SELECT source FROM v_suite WHERE id = ?", id, STR("suite: triage\n"));
	text_is(s, "SELECT seed FROM v_suite WHERE id = ?", id, STR("18446744073709551614"));
	q = store_query(s, "SELECT id, hash, slice, slice_name, cluster, weight, messages, input,"
	    " expect, tags, line FROM v_case WHERE suite = ? ORDER BY id", "i", id);
	assert_true(query_next(q));
	assert_int_equal(query_long(q, 2), -1);
	assert_true(query_null(q, 4));
	assert_int_equal(query_text(q, 7).n, 0);
	assert_true(query_next(q));
	assert_true(str_is(query_text(q, 1), "0123456789abcdeffedcba9876543210"));
	assert_int_equal(query_long(q, 2), 2);
	assert_true(str_is(query_text(q, 3), "abuse"));
	assert_true(str_is(query_text(q, 4), "cl"));
	assert_true(query_real(q, 5) == 1.5);
	assert_true(str_eq(query_text(q, 7), (struct str){ odd, sizeof odd - 1 }));
	assert_true(str_is(query_text(q, 8), "[\"a\",\"b\"]"));
	assert_true(str_is(query_text(q, 9), "t1 t2"));
	assert_int_equal(query_long(q, 10), 7);
	assert_true(query_next(q));
	assert_true(str_is(query_text(q, 6), PLAIN));
	assert_true(str_is(query_text(q, 7), "h\xc3\xa9\n\"q\" \\n\t"));
	assert_true(query_next(q));
	assert_true(str_is(query_text(q, 6), RETURN) && str_is(query_text(q, 7), "a\rb"));
	assert_false(query_next(q));
	store_close(s);
	/* Of the plain case only the input is stored, of equal texts one: suite, [], odd and its
	 * messages, expect, plain's input, return's input and messages. */
	by_hand("CREATE TEMP TABLE t (n CHECK (n = 8)); INSERT INTO t SELECT count(*) FROM blob;"
	    "DROP TABLE t; CREATE TEMP TABLE t (n CHECK (n = 8));"
	    "INSERT INTO t SELECT count(*) FROM digest");
}

static void
test_completion(void **state)
{
	static const char odd[] = "x\0\xff\xfe y";
	struct logprob lp[] = { { STR("\xe2\x82"), -0.5 }, { STR("\xac"), -1e-3 } };
	char why[140];
	struct completion c = { .outcome = OUT_TRUNCATED, .text = { odd, 6 }, .reasoning = STR("r"),
		.why = { why, sizeof why }, .finish = STR("length"), .served = STR("m-7b"),
		.fingerprint = STR("fp"), .response_id = STR("id"), .bad_utf8 = true, .status = 200,
		.attempts = 2, .tokens_in = 0, .tokens_out = 5, .ms_total = 12.25, .ms_first = 0,
		.ms_queue = 1.5, .ms_backoff = 0.125, .cost = 0.25, .lp = lp, .nlp = 2 };
	struct store *s = with_run(4);
	struct query *q;

	(void)state;
	memset(why, 'w', sizeof why);
	store_put_completion(s, 1, 1, 0, &c, STR("{raw}"));
	c = answer(STR(""));
	c.why = STR("short");
	store_put_completion(s, 1, 2, 1, &c, (struct str){ NULL, 0 });
	assert_int_equal(store_unsaved(s), 2);
	store_put_score(s, 1, 0, 1, 0, (struct score){ true, 0.1, { why, sizeof why } });
	store_put_score(s, 1, 0, 2, 1, (struct score){ false, NAN, STR("no expect") });
	q = store_query(s, "SELECT case_id, outcome, measured, text, reasoning, why, finish, served,"
	    " fingerprint, response_id, bad_utf8, status, attempts, tokens_in, tokens_out, ms_total,"
	    " ms_first, ms_queue, ms_backoff, cost, logprobs, logprob_text, raw, rep, time_ms"
	    " FROM v_completion WHERE run = ? ORDER BY test_case", "i", 1L);
	assert_true(query_next(q));
	store_flush(s);                                             /* with a SELECT open */
	assert_int_equal(store_unsaved(s), 0);
	assert_true(str_is(query_text(q, 0), "c0"));
	assert_true(str_is(query_text(q, 1), "truncated"));
	assert_int_equal(query_long(q, 2), 1);
	assert_true(str_eq(query_text(q, 3), (struct str){ odd, 6 }));
	assert_true(str_is(query_text(q, 4), "r"));
	assert_true(str_eq(query_text(q, 5), (struct str){ why, sizeof why }));
	assert_true(str_is(query_text(q, 6), "length"));
	assert_true(str_is(query_text(q, 7), "m-7b"));
	assert_true(str_is(query_text(q, 8), "fp"));
	assert_true(str_is(query_text(q, 9), "id"));
	assert_int_equal(query_long(q, 10), 1);
	assert_int_equal(query_long(q, 11), 200);
	assert_int_equal(query_long(q, 12), 2);
	assert_false(query_null(q, 13));
	assert_int_equal(query_long(q, 14), 5);
	assert_true(query_real(q, 15) == 12.25 && query_real(q, 16) == 0 && !query_null(q, 16));
	assert_true(query_real(q, 17) == 1.5 && query_real(q, 18) == 0.125);
	assert_true(query_real(q, 19) == 0.25);
	assert_true(str_is(query_text(q, 20), "[[2,-0.5],[1,-0.001]]"));
	assert_true(str_is(query_text(q, 21), "\xe2\x82\xac"));
	assert_true(str_is(query_text(q, 22), "{raw}"));
	assert_true(tick_wall_ms() - query_long(q, 24) < 60000);
	assert_true(query_next(q));
	assert_true(str_is(query_text(q, 5), "short"));
	for (int col = 13; col <= 22; col++)
		assert_int_equal(query_null(q, col), col != 15 && col != 17 && col != 18);
	assert_int_equal(query_long(q, 23), 1);
	assert_false(query_next(q));
	q = store_query(s, "SELECT scored, value, why, metric_name FROM v_score WHERE run = ?"
	    " ORDER BY test_case", "i", 1L);
	assert_true(query_next(q) && query_long(q, 0) == 1 && query_real(q, 1) == 0.1);
	assert_true(str_eq(query_text(q, 2), (struct str){ why, sizeof why }));
	assert_true(str_is(query_text(q, 3), "label"));
	assert_true(query_next(q) && query_long(q, 0) == 0 && query_null(q, 1));
	assert_true(str_is(query_text(q, 2), "no expect"));
	assert_false(query_next(q));
	store_close(s);
}

static void
test_verdicts(void **state)
{
	struct store *s = with_run(1);
	struct estimate e = { 0.9, 0.8, 0.95, true, true, 40, "wilson" };
	struct buf out = { 0 };
	struct query *q;

	(void)state;
	store_put_estimate(s, 1, 0, -1, &e, 40, 2);
	e = (struct estimate){ NAN, NAN, NAN, false, false, 0, NULL };
	store_put_estimate(s, 1, 0, 0, &e, 0, 5);
	q = store_query(s, "SELECT known, at, bounded, lo, hi, n, method, nscored, nmissing, slice_name"
	    " FROM v_estimate WHERE run = ? ORDER BY slice", "i", 1L);
	assert_true(query_next(q) && query_long(q, 0) && query_real(q, 1) == 0.9);
	assert_true(query_long(q, 2) && query_real(q, 3) == 0.8 && query_real(q, 4) == 0.95);
	assert_true(query_long(q, 5) == 40 && str_is(query_text(q, 6), "wilson"));
	assert_true(query_long(q, 7) == 40 && query_long(q, 8) == 2 && query_text(q, 9).n == 0);
	assert_true(query_next(q) && !query_long(q, 0) && query_null(q, 1) && query_null(q, 3));
	assert_true(str_is(query_text(q, 9), "refund"));
	assert_false(query_next(q));
	store_drop_estimates(s, 1);
	assert_int_equal(store_long(s, -7, "SELECT n FROM v_estimate", ""), -7);
	store_put_verdict(s, 1, 0, NULL, FAIL, "because", "{}");
	store_put_verdict(s, 1, 1, "g", INVALID, "unlike", "{}");
	store_drop_verdicts(s, 1, 0);
	text_is(s, "SELECT verdict || ' ' || gate || ' ' || base FROM v_verdict WHERE run = ?", 1,
	    STR("INVALID g 1"));
	store_set_baseline(s, "triage", "release", 1);
	assert_int_equal(store_long(s, 0, "SELECT run FROM v_baseline WHERE name = ?", "s", "release"),
	    1);
	assert_true(store_drop_baseline(s, "triage", "release"));
	assert_false(store_drop_baseline(s, "triage", "release"));
	store_run_serving(s, 1, "{\"v\":1}");
	text_is(s, "SELECT scale || version || params FROM v_metric WHERE run = ?", 1,
	    STR("binary2{}"));
	store_drop_scores(s, 1);
	assert_int_equal(store_long(s, -1, "SELECT count(*) FROM v_metric WHERE run = ?", "i", 1L), 0);
	store_run_end(s, 1, RUN_COMPLETE, 2.5);
	text_is(s, "SELECT state || ' ' || seconds || serving || suite_name FROM v_run WHERE id = ?", 1,
	    STR("complete 2.5{\"v\":1}triage"));
	text_is(s, "SELECT group_concat(kind, ' ') FROM v_event WHERE id > ?", 0,
	    STR("begin baseline-set baseline-drop rescore end"));
	assert_int_equal(store_check(s, &out), 0);
	assert_non_null(strstr(out.p, "1 suites, 1 runs, 0 completions"));
	buf_free(&out);
	store_close(s);
}

static void
test_resume(void **state)
{
	struct store *s = with_run(4);
	struct completion c = answer(STR("yes"));
	bool resumed;

	(void)state;
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	store_put_score(s, 1, 0, 1, 0, (struct score){ true, 1, STR("") });
	c.outcome = OUT_UNAVAILABLE;
	store_put_completion(s, 1, 2, 0, &c, STR(""));
	store_put_score(s, 1, 0, 2, 0, (struct score){ false, 0, STR("unanswered") });
	store_run_end(s, 1, RUN_INTERRUPTED, 1);
	assert_int_equal(store_run_begin(s, &a_run, START_RESUME, &resumed), 1);
	assert_true(resumed);
	assert_int_equal(store_long(s, 0, "SELECT ndone FROM v_run WHERE id = 1", ""), 2);
	store_run_end(s, 1, RUN_DEAD, 1);
	assert_int_equal(store_run_begin(s, &a_run, START_RESUME, &resumed), 1);
	assert_int_equal(store_long(s, 0, "SELECT count(*) FROM v_completion", ""), 1);
	assert_int_equal(store_long(s, 0, "SELECT sum(test_case) FROM v_score", ""), 1);
	assert_int_equal(store_long(s, 0, "SELECT sittings FROM v_run WHERE id = 1", ""), 3);
	assert_int_equal(store_run_begin(s, &a_run, START_FRESH, &resumed), 2);
	assert_false(resumed);
	store_run_end(s, 2, RUN_COMPLETE, 1);
	assert_int_equal(store_run_begin(s, &a_run, START_RESUME, &resumed), 1);   /* 2 is complete */
	store_close(s);
}

static void
ask_table(const void *sql)
{
	query_next(store_query(opened(STORE_READ), sql, ""));
}

static void
test_views_only(void **state)
{
	char sql[80];
	struct store *s = with_run(2);
	int status;

	(void)state;
	for (size_t i = 0; i < COUNT(views); i++) {
		snprintf(sql, sizeof sql, "SELECT * FROM %s", views[i]);
		for (struct query *q = store_query(s, sql, ""); query_next(q); )
			continue;
	}
	assert_int_equal(store_long(s, 0, "WITH x AS (SELECT id FROM v_case) SELECT count(*) FROM x"
	    " LEFT JOIN v_completion c ON c.test_case = x.id", ""), 2);
	assert_int_equal(store_long(s, 0, "SELECT sum(value) FROM json_each('[1,2]')", ""), 3);
	/* The examples of driftlead-db(5). */
	assert_int_equal(store_long(s, -1, "SELECT s.case_id, c.text FROM v_score s JOIN v_completion c"
	    " USING (run, test_case, rep) WHERE s.run = 7 AND s.metric_name = 'label'"
	    " AND s.value = 0", ""), -1);
	assert_int_equal(store_long(s, 0, "SELECT count(t.case_id) FROM v_run r JOIN v_case t"
	    " ON t.suite = r.suite LEFT JOIN v_completion c ON c.run = r.id AND c.test_case = t.id"
	    " WHERE r.id = 1 AND c.rep IS NULL", ""), 2);
	store_close(s);
	status = in_child(ask_table, "SELECT max(rep) FROM completion");
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	status = in_child(ask_table, "SELECT c.case_id FROM v_completion c, blob"
	    " WHERE blob.id = 1");
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suite), cmocka_unit_test(test_suite_taken_back),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_resume),
		cmocka_unit_test(test_views_only),
	};

	return cmocka_run_group_tests_name("store", tests, set_up, tear_down);
}
