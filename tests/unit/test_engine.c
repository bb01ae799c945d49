/*
 * test_engine.c -- the loop against a server in this process that fails in every way it knows.
 */
#include <signal.h>

#include "tests/unit/bad_server.h"

#include "harness/child.h"
#include "harness/harness.h"

extern const struct protocol protocol_openai;

enum { SLOTS = 16 };

/* ---- the feed ------------------------------------------------------------------------- */

struct seen { enum outcome outcome; char text[32]; int attempts, status; char why[160];
              long tokens; double first, total, backoff; };

static struct {
	const char *(*mode)(int id);
	int    n, next, done, under_way, unsaved, slots, stop_after, signal_after, signals, beats;
	double signalled;
	struct seen seen[CASES];
} work;

static bool
feed_next(void *ctx, struct job *job, struct arena *a)
{
	struct test_case *tc = arena_alloc(a, sizeof *tc);

	(void)ctx;
	assert_true(work.under_way + work.unsaved < work.slots);
	if (work.next == work.n)
		return false;
	tc->row = work.next;
	tc->id = arena_fmt(a, "case-%d", work.next);
	tc->msg = arena_alloc(a, sizeof *tc->msg);
	tc->nmsg = 1;
	tc->msg->role = "user";
	tc->msg->text = str_of(arena_fmt(a, "%s %d", work.mode(work.next), work.next));
	*job = (struct job){ tc, 0 };
	work.next++;
	work.under_way++;
	return true;
}

static bool
feed_done(void *ctx, const struct job *job, const struct completion *c, struct str raw)
{
	struct seen *s = &work.seen[job->tc->row];

	(void)ctx;
	assert_int_equal(s->attempts, 0);
	assert_true(str_find(raw, STR("sk-secret"), 0) < 0);
	*s = (struct seen){ .outcome = c->outcome, .attempts = c->attempts, .status = c->status,
	                    .tokens = c->tokens_out, .first = c->ms_first, .total = c->ms_total,
	                    .backoff = c->ms_backoff };
	snprintf(s->text, sizeof s->text, "%.*s", STR_ARG(c->text));
	snprintf(s->why, sizeof s->why, "%.*s", STR_ARG(c->why));
	work.under_way--;
	work.unsaved++;
	work.done++;
	if (work.signal_after > 0 && work.done == work.signal_after) {
		work.signalled = tick_now();
		raise(SIGINT);         /* to this thread: the server's do not block it */
	}
	return work.stop_after == 0 || work.done < work.stop_after;
}

static size_t
feed_unsaved(void *ctx)
{
	(void)ctx;
	return (size_t)work.unsaved;
}

static void
feed_save(void *ctx)
{
	(void)ctx;
	assert_true(work.unsaved > 0);
	work.unsaved = 0;
}

static void
feed_beat(void *ctx, const struct engine_state *state)
{
	(void)ctx;
	assert_true(state->in_flight + state->waiting <= (size_t)work.slots);
	work.beats++;
}

static const struct feed feed = { feed_next, feed_done, feed_unsaved, feed_save, feed_beat, NULL };

static struct target
target_for(const char *url)
{
	return (struct target){
		.name = "t", .protocol = &protocol_openai, .url = url, .model = "m", .slots = SLOTS,
		.key = STR("sk-secret-1234567"), .retries = 6, .retry_wait_max = 900,
		.limits = { .connect = 5, .first_byte = 5, .idle = 5, .total = 20, .body = 64 << 10 },
	};
}

/* Opens the target with its params zeroed but for `stream`, and runs n cases of `mode`. */
static struct engine_result
run(struct target *t, int n, const char *(*mode)(int id))
{
	static struct { char zero[512]; } params;
	struct arena a = { 0 };
	struct err e = { 0 };
	struct engine_result r;
	void *p = t->params;

	work.mode = mode;
	work.n = n;
	work.next = work.done = work.under_way = work.unsaved = work.beats = 0;
	work.slots = t->protocol->wire == WIRE_LOCAL ? 256 : t->slots;
	memset(work.seen, 0, sizeof work.seen);
	for (int i = 0; i < CASES; i++)
		server.tries[i] = 0;
	server.requests = 0;
	if (p == NULL) {
		assert_true(protocol_openai.size <= sizeof params);
		t->params = &params;
	}
	if (t->protocol->open != NULL && t->protocol->open(t, &a, &e) != 0)
		fail_msg("%s", e.msg);
	r = engine_run(t, &feed, 42);
	assert_int_equal(work.unsaved, 0);
	arena_free(&a);
	return r;
}

static const char *
loopback(void)
{
	static char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%d/v1", server.port);
	return url;
}

/* ---- tests ---------------------------------------------------------------------------- */

static const char *
mixed(int id)
{
	static const char *const mode[] = { "ok", "busy", "broken", "gzip", "redirect", "slow",
	                                    "reject", "ok", "ok", "ok" };

	if (id % 100 == 7)
		return "cut";
	if (id % 100 == 8)
		return "hangup";
	if (id % 250 == 9)
		return "bomb";
	return mode[id % 10];
}

static void
test_mixed(void **state)
{
	struct target t = target_for(loopback());
	struct engine_result r = run(&t, CASES, mixed);
	int expected = 0;

	(void)state;
	assert_int_equal(r.stop, ENGINE_END);
	assert_int_equal(work.done, CASES);
	assert_true(server.saw_key);
	for (int i = 0; i < CASES; i++) {
		const struct seen *s = &work.seen[i];
		const char *mode = mixed(i);
		char want[32];
		int attempts = 1;

		snprintf(want, sizeof want, "answer %d", i);
		if (strcmp(mode, "redirect") == 0 || strcmp(mode, "reject") == 0) {
			assert_int_equal(s->outcome, OUT_REJECTED);
			assert_string_equal(s->text, "");
			assert_string_equal(s->why, mode[2] == 'd' ? "redirects are not followed (HTTP 302)"
			                                           : "no: ***");
		} else if (strcmp(mode, "bomb") == 0) {
			assert_int_equal(s->outcome, OUT_GARBAGE);
			assert_string_equal(s->why, "the answer's body passed 65536 bytes");
		} else {
			assert_int_equal(s->outcome, OUT_ANSWERED);
			assert_string_equal(s->text, want);
			assert_int_equal(s->tokens, 2);
			if (strcmp(mode, "busy") == 0)
				attempts = 3;
			if (strcmp(mode, "broken") == 0)
				attempts = 4;
			if (strcmp(mode, "cut") == 0)
				attempts = 2;
			if (strcmp(mode, "hangup") == 0)
				attempts = s->attempts;         /* curl tries a dead idle connection itself */
			if (strcmp(mode, "slow") == 0)
				assert_true(s->total >= 10);
		}
		assert_int_equal(s->attempts, attempts);
		assert_true(s->total > 0 && s->total < 5000);
		expected += attempts;
	}
	assert_int_equal(r.requests, expected);
}

static const char *always_ok(int id) { (void)id; return "ok"; }
static const char *nomoney(int id) { (void)id; return "nomoney"; }
static const char *reject(int id) { (void)id; return "reject"; }
static const char *never(int id) { (void)id; return "never"; }
static const char *prose(int id) { (void)id; return "prose"; }
static const char *silent(int id) { return id % 2 ? "silent" : "stall"; }
static const char *hang(int id) { return id < 20 ? "ok" : "hang"; }
static const char *stream_mode(int id) { return id % 10 == 3 ? "streamcut" : "stream"; }

static void
test_no_money(void **state)
{
	struct target t = target_for(loopback());
	struct engine_result r;

	(void)state;
	t.slots = 1;
	r = run(&t, 50, nomoney);
	assert_int_equal(r.stop, ENGINE_DEAD);
	assert_int_equal(r.requests, 1);
	assert_int_equal(work.seen[0].outcome, OUT_REJECTED);
	assert_non_null(strstr(r.why, "refuses every request"));
}

static void
test_give_up(void **state)
{
	struct target t = target_for(loopback());
	struct engine_result r;

	(void)state;
	t.slots = 1;
	t.give_up = 5;
	r = run(&t, 50, reject);
	assert_int_equal(r.stop, ENGINE_DEAD);
	assert_int_equal(work.done, 5);
	t.url = "http://127.0.0.1:1/v1";
	t.retries = 0;
	r = run(&t, 50, always_ok);
	assert_int_equal(r.stop, ENGINE_DEAD);
	assert_int_equal(work.seen[0].outcome, OUT_UNAVAILABLE);
}

static void
test_hostile_wait(void **state)
{
	struct target t = target_for(loopback());
	double before = tick_now();

	(void)state;
	assert_int_equal(run(&t, 3, never).stop, ENGINE_END);
	assert_true(tick_now() - before < 2);
	assert_int_equal(work.seen[1].outcome, OUT_UNAVAILABLE);
	assert_int_equal(work.seen[1].attempts, 1);
	assert_non_null(strstr(work.seen[1].why, "asks to wait"));
}

static void
test_prose(void **state)
{
	struct target t = target_for(loopback());

	(void)state;
	assert_int_equal(run(&t, 4, prose).stop, ENGINE_END);
	assert_int_equal(work.seen[1].outcome, OUT_GARBAGE);
	assert_int_equal(work.seen[1].attempts, 3);
}

static void
test_limits(void **state)
{
	struct target t = target_for(loopback());
	double before = tick_now();

	(void)state;
	t.retries = 0;
	t.limits.first_byte = 0.2;
	t.limits.idle = 0.1;
	assert_int_equal(run(&t, 8, silent).stop, ENGINE_END);
	assert_true(tick_now() - before < 0.6);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(work.seen[i].outcome, OUT_TIMEOUT);
		assert_string_equal(work.seen[i].text, "");
		assert_string_equal(work.seen[i].why, i % 2 ? "no first byte within 0.2 s"
		                                            : "the answer did not go on within 0.1 s");
	}
}

static void
test_stream(void **state)
{
	struct target t = target_for(loopback());
	struct arena a = { 0 };
	struct err e = { 0 };
	char want[32];

	(void)state;
	t.params = arena_alloc(&a, protocol_openai.size);
	for (const struct conf_key *k = protocol_openai.params; k->name != NULL; k++)
		if (strcmp(k->name, "stream") == 0)
			assert_int_equal(conf_value(k, STR("yes"), NULL, "t",
			                            (char *)t.params, &a, &e), 0);
	t.retries = 1;
	assert_int_equal(run(&t, 40, stream_mode).stop, ENGINE_END);
	for (int i = 0; i < 40; i++) {
		const struct seen *s = &work.seen[i];

		snprintf(want, sizeof want, "answer %d", i);
		if (i % 10 == 3) {
			assert_int_equal(s->outcome, OUT_GARBAGE);
			assert_string_equal(s->why, "the stream ended early");
			assert_int_equal(s->attempts, 2);
			continue;
		}
		assert_int_equal(s->outcome, OUT_ANSWERED);
		assert_string_equal(s->text, want);
		assert_int_equal(s->tokens, 2);
		assert_true(s->first > 0 && s->first <= s->total);
	}
	arena_free(&a);
}

static void
test_signal(void **state)
{
	struct target t = target_for(loopback());
	struct engine_result r;
	sigset_t now;

	(void)state;
	work.signal_after = 10;
	r = run(&t, CASES, hang);
	work.signal_after = 0;
	assert_int_equal(r.stop, ENGINE_SIGNAL);
	assert_int_equal(r.signal, SIGINT);
	assert_true(tick_now() - work.signalled < 2.5);
	assert_true(work.done >= 10 && work.done <= 20 && work.beats > 0);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	assert_false(sigismember(&now, SIGINT));
}

static void
test_feed_stop(void **state)
{
	struct target t = target_for(loopback());
	struct engine_result r;

	(void)state;
	work.stop_after = 30;
	r = run(&t, CASES, always_ok);
	work.stop_after = 0;
	assert_int_equal(r.stop, ENGINE_FEED);
	assert_true(work.done >= 30 && work.done < 30 + SLOTS);
	assert_int_equal(work.under_way, 0);
}

static void
test_pace(void **state)
{
	struct target t = target_for(loopback());
	double before = tick_now(), took;

	(void)state;
	t.per_minute = 60 * 50;
	assert_int_equal(run(&t, 20, always_ok).stop, ENGINE_END);
	took = tick_now() - before;
	assert_true(took > 0.36 && took < 1.5);
}

static void
test_check(void **state)
{
	static const struct { const char *url; bool key; const char *why; } row[] = {
		{ "http://127.0.0.1:8000/v1", true, NULL },
		{ "http://[::1]:8000", true, NULL },
		{ "http://10.1.2.3/v1", true, NULL },
		{ "http://192.0.2.1/v1", false, NULL },
		{ "http://127.0.0.1:{port}/v1", true, NULL },
		{ "http://192.0.2.1/v1", true, "in clear" },
		{ "http://172.32.0.1/v1", true, "in clear" },
		{ "http://[2001:db8::1]/v1", true, "in clear" },
		{ "http://[::ffff:192.0.2.1]/v1", true, "in clear" },
		{ "https://192.0.2.1/v1", true, NULL },
		{ "file:///etc/passwd", false, "no scheme" },
		{ "https://me:pw@host/v1", false, "user name" },
		{ "https://host/v1?x=1", false, "query" },
		{ "", false, "no url" },
		{ NULL, false, "no url" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct target t = target_for(row[i].url);
		struct err e = { 0 };

		if (!row[i].key)
			t.key = (struct str){ 0 };
		assert_int_equal(http_check(&t, &e), row[i].why == NULL ? 0 : -1);
		if (row[i].why != NULL && strstr(e.msg, row[i].why) == NULL)
			fail_msg("'%s': %s", row[i].url ? row[i].url : "", e.msg);
	}
	{
		const char *bad[] = { "X-A: b\r\nX-B: c" };
		struct target t = target_for("https://host");
		struct err e = { 0 };

		t.header = bad;
		t.nheader = 1;
		t.key = STR("a\nb");
		assert_int_equal(http_check(&t, &e), -1);
		assert_int_equal(e.n, 2);
	}
}

/* ---- the other wires ------------------------------------------------------------------ */

static void
plain_request(struct request *r, const struct target *t, const struct test_case *tc, int rep,
              struct arena *a)
{
	(void)t, (void)rep, (void)a;
	buf_str(&r->body, tc->msg->text);
}

static void
plain_reply(struct completion *c, const struct target *t, int status, struct str body,
            struct arena *a)
{
	(void)t, (void)a;
	assert_int_equal(status, 200);
	c->outcome = OUT_ANSWERED;
	c->text = body;
}

static void
test_local(void **state)
{
	static const struct protocol p = { .name = "here", .wire = WIRE_LOCAL,
	                                   .request = plain_request, .reply = plain_reply };
	struct target t = target_for(NULL);

	(void)state;
	t.protocol = &p;
	for (t.slots = 1; t.slots < 20; t.slots += 6) {
		assert_int_equal(run(&t, CASES, always_ok).stop, ENGINE_END);
		assert_int_equal(work.done, CASES);
		assert_string_equal(work.seen[321].text, "ok 321");
	}
	work.signal_after = 100;
	assert_int_equal(run(&t, CASES, always_ok).stop, ENGINE_SIGNAL);
	work.signal_after = 0;
	assert_true(work.done >= 100 && work.done < 100 + SLOTS + 20);
}

static struct engine_result
run_worker(const char *const *argv, int n, double total)
{
	static const struct protocol p = { .name = "child", .wire = WIRE_CHILD,
	                                   .request = plain_request, .reply = plain_reply };
	struct worker w = { .argv = argv, .limits = { .line = 1000 }, .grace = 0.1 };
	struct target t = target_for(NULL);

	t.protocol = &p;
	t.worker = &w;
	t.slots = 4;
	t.retries = 1;
	t.limits.total = total;
	return run(&t, n, always_ok);
}

static void
test_workers(void **state)
{
	static const char *const cat[] = { "cat", NULL };
	static const char *const dies[] = { "sh", "-c", "read x; echo sorry >&2; exit 3", NULL };
	static const char *const hangs[] = { "sleep", "10", NULL };
	static const char *const chatty[] = { "sh", "-c",
		"while read x; do printf '%s\\nagain\\n' \"$x\"; done", NULL };
	static const char *const missing[] = { "no-such-program-here", NULL };
	char want[32];

	(void)state;
	assert_int_equal(run_worker(cat, CASES, 5).stop, ENGINE_END);
	for (int i = 0; i < CASES; i++) {
		snprintf(want, sizeof want, "ok %d", i);
		assert_int_equal(work.seen[i].outcome, OUT_ANSWERED);
		assert_string_equal(work.seen[i].text, want);
	}
	assert_int_equal(run_worker(chatty, 12, 5).stop, ENGINE_END);
	for (int i = 0; i < 12; i++) {
		snprintf(want, sizeof want, "ok %d", i);
		assert_string_equal(work.seen[i].text, want);
	}
	assert_int_equal(run_worker(dies, 4, 5).stop, ENGINE_END);
	assert_int_equal(work.seen[2].outcome, OUT_GARBAGE);
	assert_int_equal(work.seen[2].attempts, 2);
	assert_non_null(strstr(work.seen[2].why, "exited with status 3"));
	assert_non_null(strstr(work.seen[2].why, "sorry"));
	assert_int_equal(run_worker(hangs, 4, 0.2).stop, ENGINE_END);
	assert_int_equal(work.seen[2].outcome, OUT_TIMEOUT);
	assert_int_equal(work.seen[2].attempts, 2);
	assert_int_equal(run_worker(missing, 4, 5).stop, ENGINE_END);
	assert_int_equal(work.seen[2].outcome, OUT_UNAVAILABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_no_money),
		cmocka_unit_test(test_give_up),
		cmocka_unit_test(test_hostile_wait),
		cmocka_unit_test(test_prose),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_feed_stop),
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_workers),
	};

	return cmocka_run_group_tests_name("engine", tests, start_server, NULL);
}
