/*
 * test_store.c -- what goes in comes out byte for byte, and nothing that befalls the file or
 * the writer makes the store lie.
 *
 * What ends the program (a full disk, damage, kill -9) happens in a child.
 */
#include "harness/store_int.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/driftlead-store-XXXXXX";
static char path[64];

static const char *const views[] = { "v_suite", "v_slice", "v_case", "v_run", "v_metric",
	"v_completion", "v_score", "v_estimate", "v_verdict", "v_baseline", "v_event" };

static void
forget(void)
{
	static const char *const end[] = { "", "-journal", "-lock" };
	char name[96];

	for (size_t i = 0; i < COUNT(end); i++) {
		snprintf(name, sizeof name, "%s%s", path, end[i]);
		unlink(name);
	}
}

static struct store *
opened(enum store_mode mode)
{
	struct store *s;
	struct err e = { 0 };

	if (store_open(&s, path, mode, &e) != 0) {
		err_print(&e);
		fail();
	}
	return s;
}

/* The status and the sentence of an opening that must fail. */
static void
refused(enum store_mode mode, int status, const char *part)
{
	struct store *s;
	struct err e = { 0 };

	assert_int_equal(store_open(&s, path, mode, &e), status);
	assert_null(s);
	if (strstr(e.msg, part) == NULL)
		fail_msg("'%s' is not in: %s", part, e.msg);
}

/* Runs fn in a child and returns its wait status.  Its complaints are not shown. */
static int
in_child(void (*fn)(const void *), const void *ctx)
{
	int status, null;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		fn(ctx);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* By hand, as someone with the sqlite3 shell would. */
static void
by_hand(const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}

static void
text_is(struct store *s, const char *sql, long key, struct str want)
{
	struct query *q = store_query(s, sql, "i", key);
	struct str got;

	assert_true(query_next(q));
	got = query_text(q, 0);
	if (!str_eq(got, want))
		fail_msg("'%.*s' is not '%.*s': %s", STR_ARG(got), STR_ARG(want), sql);
	query_free(q);
}

static const struct suite_row a_suite = { "d1", "p1", "triage", "suites/t/suite.yaml",
	{ "suite: triage\n", 14 }, UINT64_MAX - 1, 3 };
static const struct run_row a_run = { "key", 1, "canary", "td", "{}", "0.1.0",
	"driftlead run", "h", "", 4, 12 };

static struct completion
answer(struct str text)
{
	return (struct completion){ .outcome = OUT_ANSWERED, .text = text, .finish = STR("stop"),
		.attempts = 1, .status = 200, .tokens_in = -1, .tokens_out = -1, .ms_first = -1,
		.cost = -1 };
}

static long
put_suite(struct store *s, long ncases)
{
	long id = store_suite_begin(s, &a_suite);
	char name[32], text[64];

	store_put_slice(s, id, 0, "refund", 0.25);
	for (long i = 0; i < ncases; i++) {
		snprintf(name, sizeof name, "c%ld", i);
		snprintf(text, sizeof text, "[{\"role\":\"user\",\"content\":\"order %ld\"}]", i);
		store_put_case(s, id, &(struct test_case){ .id = name, .hash = { 1, (uint64_t)i },
		    .weight = 1, .input = str_sub(str_of(text), 27, strlen(text) - 30), .line = i + 1 },
		    str_of(text), STR("[\"a\"]"), "x y");
	}
	store_suite_done(s, id, ncases);
	return id;
}

/* A store with a suite of `n` cases and a run; the run's id is 1. */
static struct store *
with_run(long n)
{
	struct store *s;
	bool resumed;

	forget();
	s = opened(STORE_CREATE);
	put_suite(s, n);
	assert_int_equal(store_run_begin(s, &a_run, false, &resumed), 1);
	store_run_metric(s, 1, 0, "label", "choice", 2, NULL, SCALE_BINARY, false, NULL);
	store_flush(s);
	return s;
}

#define PLAIN  "[{\"role\":\"user\",\"content\":\"h\xc3\xa9\\n\\\"q\\\" \\\\n\\t\"}]"
#define RETURN "[{\"role\":\"user\",\"content\":\"a\\rb\"}]"

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
	assert_int_equal(store_suite_begin(s, &a_suite), id);      /* again, the rows are the same */
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
	text_is(s, "SELECT scale || version || params FROM v_metric WHERE run = ?", 1, STR("binary2{}"));
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
	assert_int_equal(store_run_begin(s, &a_run, false, &resumed), 1);
	assert_true(resumed);
	assert_int_equal(store_long(s, 0, "SELECT ndone FROM v_run WHERE id = 1", ""), 2);
	store_run_end(s, 1, RUN_DEAD, 1);
	assert_int_equal(store_run_begin(s, &a_run, false, &resumed), 1);
	assert_int_equal(store_long(s, 0, "SELECT count(*) FROM v_completion", ""), 1);
	assert_int_equal(store_long(s, 0, "SELECT sum(test_case) FROM v_score", ""), 1);
	assert_int_equal(store_long(s, 0, "SELECT sittings FROM v_run WHERE id = 1", ""), 3);
	assert_int_equal(store_run_begin(s, &a_run, true, &resumed), 2);
	assert_false(resumed);
	store_run_end(s, 2, RUN_COMPLETE, 1);
	assert_int_equal(store_run_begin(s, &a_run, false, &resumed), 1);   /* 2 is complete */
	store_close(s);
}

/* A body whose key another body already has: what a forger could do. */
static void
test_forged_key(void **state)
{
	struct store *s = with_run(4);
	struct completion c = answer(STR("honest"));
	char sql[200];

	(void)state;
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	store_close(s);
	snprintf(sql, sizeof sql, "INSERT INTO digest SELECT %lld, text FROM completion",
	    (long long)hash64(STR("forged"), 0));
	by_hand(sql);
	s = opened(STORE_WRITE);
	c.text = STR("forged");
	store_put_completion(s, 1, 2, 0, &c, STR(""));
	store_put_completion(s, 1, 3, 0, &c, STR(""));
	text_is(s, "SELECT text FROM v_completion WHERE test_case = ?", 1, STR("honest"));
	text_is(s, "SELECT text FROM v_completion WHERE test_case = ?", 2, STR("forged"));
	text_is(s, "SELECT text FROM v_completion WHERE test_case = ?", 3, STR("forged"));
	store_close(s);
	by_hand("CREATE TEMP TABLE t (n CHECK (n = 1));"
	    "INSERT INTO t SELECT count(*) FROM blob WHERE bytes = x'666f72676564'");
}

/* Evidence cannot be changed, not even by hand. */
static void
test_evidence(void **state)
{
	static const char *const sql[] = { "UPDATE event SET text = ''", "DELETE FROM event",
		"UPDATE completion SET outcome = 1", "DELETE FROM completion", "UPDATE blob SET bytes = x'00'",
		"DELETE FROM blob" };
	struct store *s = with_run(1);
	struct completion c = answer(STR("honest"));
	sqlite3 *db;

	(void)state;
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	store_close(s);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < COUNT(sql); i++)
		assert_int_equal(sqlite3_exec(db, sql[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
	sqlite3_close(db);
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
	    " USING (run, test_case, rep) WHERE s.run = 7 AND s.metric_name = 'label' AND s.value = 0", ""),
	    -1);
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

static void
open_second(const void *part)
{
	refused(STORE_WRITE, EXIT_LOCKED, part);
}

static void
test_lock(void **state)
{
	struct store *s = with_run(2), *r;
	struct completion c = answer(STR("x"));
	char part[64];
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(part, sizeof part, "process %ld on ", (long)getpid());
	assert_int_equal(in_child(open_second, part), 0);
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	r = opened(STORE_READ);                                     /* during a write */
	assert_int_equal(store_long(r, 9, "SELECT count(*) FROM v_completion", ""), 0);
	store_flush(s);
	assert_int_equal(store_long(r, 9, "SELECT count(*) FROM v_completion", ""), 1);
	store_close(r);
	store_close(s);
	store_close(opened(STORE_WRITE));
	assert_true(store_is_network(0x6969) && !store_is_network(0xef53));
}

static void
test_refusals(void **state)
{
	static const char noise[8192] = "no database at all, only a text that is long enough";
	struct err e = { 0 };
	struct store *s;
	int fd;

	(void)state;
	forget();
	refused(STORE_READ, EXIT_MISTAKE, "there is no store");
	refused(STORE_WRITE, EXIT_MISTAKE, "there is no store");
	assert_int_equal(store_open(&s, "/tmp/none/of/these/store.db", STORE_CREATE, &e), EXIT_MISTAKE);
	store_close(with_run(1));
	by_hand("PRAGMA user_version = 99");
	refused(STORE_READ, EXIT_DAMAGED, "version 99");
	by_hand("PRAGMA user_version = 1; PRAGMA application_id = 7");
	refused(STORE_WRITE, EXIT_DAMAGED, "another program");
	by_hand("PRAGMA application_id = 1148341348; CREATE VIEW v_mine AS SELECT 1");
	refused(STORE_READ, EXIT_DAMAGED, "not those of a store");
	by_hand("DROP VIEW v_mine; CREATE TRIGGER t AFTER INSERT ON score BEGIN DELETE FROM score; END");
	refused(STORE_WRITE, EXIT_DAMAGED, "not those of a store");
	by_hand("DROP TRIGGER t; ANALYZE");
	store_close(opened(STORE_WRITE));
	by_hand("DROP VIEW v_case");
	refused(STORE_READ, EXIT_DAMAGED, "not those of a store");
	assert_int_equal(truncate(path, 20000), 0);
	refused(STORE_READ, EXIT_DAMAGED, "sqlite3's .recover");
	fd = open(path, O_RDWR | O_TRUNC);
	assert_int_equal(pwrite(fd, noise, sizeof noise, 0), sizeof noise);
	close(fd);
	refused(STORE_READ, EXIT_DAMAGED, "not a store");
	assert_int_equal(truncate(path, 0), 0);
	refused(STORE_READ, EXIT_MISTAKE, "is empty");
	store_close(opened(STORE_CREATE));                          /* its maker was killed */
	store_close(opened(STORE_READ));
}

static void
test_migration(void **state)
{
	struct buf next = { 0 };
	struct err e = { 0 };
	struct store *s = with_run(3);
	struct completion c = answer(STR("x"));

	(void)state;
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	store_close(s);
	buf_puts(&next, store_schema);
	buf_puts(&next, "\n-- migration 2\nALTER TABLE run ADD COLUMN note TEXT;\n"
	    "CREATE VIEW v_note AS SELECT id, note FROM run;\n"
	    "-- migration 3\nUPDATE run SET note = 'three';\n");
	assert_int_equal(store_open_schema(&s, path, STORE_READ, next.p, &e), EXIT_MISTAKE);
	assert_non_null(strstr(e.msg, "older version 1"));
	assert_int_equal(store_open_schema(&s, path, STORE_WRITE, next.p, &e), 0);
	text_is(s, "SELECT note FROM v_note WHERE id = ?", 1, STR("three"));
	assert_int_equal(store_long(s, 0, "SELECT count(*) FROM v_completion", ""), 1);
	store_close(s);
	assert_int_equal(store_open_schema(&s, path, STORE_READ, next.p, &e), 0);
	store_close(s);
	refused(STORE_WRITE, EXIT_DAMAGED, "version 3");
	forget();                                                   /* a new one is the same */
	assert_int_equal(store_open_schema(&s, path, STORE_CREATE, next.p, &e), 0);
	store_close(s);
	assert_int_equal(store_open_schema(&s, path, STORE_READ, next.p, &e), 0);
	store_close(s);
	/* A block that fails changes nothing. */
	store_close(with_run(1));
	buf_puts(&next, "-- migration 4\nCREATE TABLE half (x);\nINSERT INTO none VALUES (1);\n");
	assert_int_equal(store_open_schema(&s, path, STORE_WRITE, next.p, &e), EXIT_DAMAGED);
	store_close(opened(STORE_WRITE));
	buf_free(&next);
}

static void
read_all(const void *ctx)
{
	struct err e = { 0 };
	struct store *s;
	char sql[80];
	int status = store_open(&s, path, STORE_READ, &e);

	(void)ctx;
	if (status != 0)
		_exit(status);
	for (size_t i = 0; i < COUNT(views); i++) {
		snprintf(sql, sizeof sql, "SELECT * FROM %s", views[i]);
		for (struct query *q = store_query(s, sql, ""); query_next(q); )
			for (int col = 0; col < 3; col++)
				query_text(q, col);
	}
	store_close(s);
}

static void
test_bit_flips(void **state)
{
	struct store *s = with_run(20);
	struct stat st;
	unsigned char byte;
	int fd, status, found = 0;

	(void)state;
	for (long i = 1; i <= 20; i++) {
		char text[40];
		struct completion c;

		snprintf(text, sizeof text, "answer %ld", i);
		c = answer(str_of(text));
		store_put_completion(s, 1, i, 0, &c, STR("raw"));
		store_put_score(s, 1, 0, i, 0, (struct score){ true, 1, STR("why") });
	}
	store_close(s);
	assert_int_equal(stat(path, &st), 0);
	for (uint64_t i = 0; i < 200; i++) {
		/* Most of a small store is empty: every other flip goes to the schema and its header. */
		off_t span = i % 2 ? 20000 : st.st_size;
		off_t at = (off_t)(rng_at(5, "flip", i) % (uint64_t)span);
		unsigned char bit = (unsigned char)(1u << (rng_at(6, "bit", i) % 8));

		fd = open(path, O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= bit;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
		status = in_child(read_all, NULL);
		if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != EXIT_DAMAGED))
			fail_msg("bit %u of byte %lld: status %x", bit, (long long)at, status);
		found += WEXITSTATUS(status) == EXIT_DAMAGED;
		fd = open(path, O_RDWR);
		byte ^= bit;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
	}
	assert_true(found > 10);
	assert_int_equal(in_child(read_all, NULL), 0);
}

/* Writes batches of three until it is stopped; tells through the pipe what a flush took. */
static void
write_on(const void *ctx)
{
	int tell = *(const int *)ctx;
	struct store *s = opened(STORE_WRITE);
	long next = store_long(s, 0, "SELECT count(*) FROM v_completion", "") + 1;
	char text[3000];

	for (;; next++) {
		struct completion c;

		memset(text, 'x', sizeof text);
		snprintf(text, 30, "answer %ld", next);
		c = answer((struct str){ text, sizeof text });
		store_put_completion(s, 1, 1 + next % 4, (int)next, &c, STR(""));
		if (next % 3 == 0) {
			store_flush(s);
			if (write(tell, &next, sizeof next) != sizeof next)
				_exit(99);
		}
	}
}

/* What a writer that ended left behind: all that was acknowledged, and a sound store. */
static void
check_after(long told)
{
	struct buf out = { 0 };
	struct store *s = opened(STORE_READ);
	long have = store_long(s, 0, "SELECT count(*) FROM v_completion", "");

	assert_true(have == told || (have > told && have <= told + 3));
	assert_int_equal(store_long(s, 0, "SELECT count(*) FROM v_completion"
	    " WHERE length(CAST(text AS BLOB)) = 3000", ""), have);
	assert_int_equal(store_check(s, &out), 0);
	buf_free(&out);
	store_close(s);
}

static void
test_kill(void **state)
{
	long told = 0, n;
	int tell[2], status;
	pid_t pid;

	(void)state;
	store_close(with_run(4));
	for (uint64_t i = 0; i < 30; i++) {
		assert_int_equal(pipe(tell), 0);
		if ((pid = fork()) == 0) {
			close(tell[0]);
			write_on(&tell[1]);
		}
		close(tell[1]);
		/* From the first acknowledgement on: before it there is nothing to lose. */
		if (read(tell[0], &n, sizeof n) == sizeof n)
			told = n;
		usleep((useconds_t)(rng_at(9, "kill", i) % 8000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		while (read(tell[0], &n, sizeof n) == sizeof n)
			told = n;
		close(tell[0]);
		if (i % 2)                                          /* recovery by a reader, or a writer */
			check_after(told);
		else
			store_close(opened(STORE_WRITE));
	}
	check_after(told);
}

static void
fill(const void *ctx)
{
	struct rlimit lim = { 400000, 400000 };

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &lim);
	write_on(ctx);
}

static void
test_full(void **state)
{
	int tell[2], status;
	long told = 0, n;

	(void)state;
	store_close(with_run(4));
	assert_int_equal(pipe(tell), 0);
	status = in_child(fill, &tell[1]);
	close(tell[1]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_SURROUNDINGS);
	while (read(tell[0], &n, sizeof n) == sizeof n)
		told = n;
	close(tell[0]);
	assert_true(told > 30);
	check_after(told);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/new/store.db", dir);
	return 0;
}

static int
tear_down(void **state)
{
	char sub[64];

	(void)state;
	forget();
	snprintf(sub, sizeof sub, "%s/new", dir);
	return rmdir(sub) != 0 || rmdir(dir) != 0 ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suite), cmocka_unit_test(test_completion),
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_resume),
		cmocka_unit_test(test_forged_key), cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_views_only), cmocka_unit_test(test_lock),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_migration),
		cmocka_unit_test(test_bit_flips), cmocka_unit_test(test_kill),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("store", tests, set_up, tear_down);
}
