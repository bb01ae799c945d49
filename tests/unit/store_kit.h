/*
 * store_kit.h -- what the tests of the store share: a store in a folder of its own, a suite and
 * a run to put into it, and children for what ends the program.
 */
#ifndef STORE_KIT_H
#define STORE_KIT_H

#include "harness/store_int.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/driftlead-store-XXXXXX";
static char path[64];

static const char *const views[] = { "v_suite", "v_slice", "v_case", "v_run", "v_metric",
	"v_completion", "v_score", "v_estimate", "v_verdict", "v_baseline", "v_event" };

static inline void
forget(void)
{
	static const char *const end[] = { "", "-journal", "-lock" };
	char name[96];

	for (size_t i = 0; i < COUNT(end); i++) {
		snprintf(name, sizeof name, "%s%s", path, end[i]);
		unlink(name);
	}
}

static inline struct store *
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
static inline void
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
static inline int
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
static inline void
by_hand(const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}

static inline void
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

static inline struct completion
answer(struct str text)
{
	return (struct completion){ .outcome = OUT_ANSWERED, .text = text, .finish = STR("stop"),
		.attempts = 1, .status = 200, .tokens_in = -1, .tokens_out = -1, .ms_first = -1,
		.cost = -1 };
}

static inline long
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
static inline struct store *
with_run(long n)
{
	struct store *s;
	bool resumed;

	forget();
	s = opened(STORE_CREATE);
	put_suite(s, n);
	assert_int_equal(store_run_begin(s, &a_run, START_RESUME, &resumed), 1);
	store_run_metric(s, 1, 0, "label", "choice", 2, NULL, SCALE_BINARY, false, NULL);
	store_flush(s);
	return s;
}

static inline int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/new/store.db", dir);
	return 0;
}

static inline int
tear_down(void **state)
{
	char sub[64];

	(void)state;
	forget();
	snprintf(sub, sizeof sub, "%s/new", dir);
	return rmdir(sub) != 0 || rmdir(dir) != 0 ? -1 : 0;
}

#endif
