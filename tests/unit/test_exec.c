/* The lines of driftlead-exec(5), both directions, and one whole turn through a real child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>

#include "harness/child.h"
#include "harness/harness.h"

extern const struct protocol protocol_exec;

static struct arena arena;

static int
open_target(struct target *t, const char *yaml, struct err *e)
{
	struct node *n = conf_load("driftlead.yaml", str_of(yaml), &arena, e);

	assert_non_null(n);
	*t = (struct target){ .name = "t", .protocol = &protocol_exec, .dir = "/tmp" };
	t->params = arena_alloc(&arena, protocol_exec.size);
	if (conf_bind(n, "target 't'", protocol_exec.params, t->params, &arena, e) != 0)
		return -1;
	return protocol_exec.open(t, &arena, e);
}

static const char *
request_line(const struct target *t, const struct test_case *tc, int rep)
{
	struct request r = { 0 };
	const char *line;

	protocol_exec.request(&r, t, tc, rep, &arena);
	line = str_cstr(buf_as_str(&r.body), &arena);
	buf_free(&r.body);
	return line;
}

static void
requests_are_one_line_of_json(void **state)
{
	struct msg msg[] = { { "system", STR("Label it.\n") },
		{ "user", STR("caf\xc3\xa9 \"x\"\xff") } };
	struct test_case tc = { .id = "c\n1", .msg = msg, .nmsg = 2, .input = STR("a\tb") };
	struct test_case bare = { .id = "2" };
	struct target t = { .model = "tri/7b" }, nameless = { 0 };

	(void)state;
	assert_string_equal(request_line(&t, &tc, 3),
	    "{\"id\":\"c\\n1\",\"rep\":3,\"model\":\"tri/7b\",\"messages\":["
	    "{\"role\":\"system\",\"content\":\"Label it.\\n\"},"
	    "{\"role\":\"user\",\"content\":\"caf\xc3\xa9 \\\"x\\\"\xef\xbf\xbd\"}],"
	    "\"input\":\"a\\tb\"}");
	assert_string_equal(request_line(&nameless, &bare, 0),
	    "{\"id\":\"2\",\"rep\":0,\"messages\":[],\"input\":\"\"}");
}

static struct completion
reply(const char *line)
{
	struct completion c = completion_blank();

	protocol_exec.reply(&c, &(struct target){ 0 }, 200, str_of(line), &arena);
	return c;
}

static void
answers_are_taken(void **state)
{
	struct completion c = reply("{\"text\":\"ref\\u0075nd\"}");

	(void)state;
	assert_int_equal(c.outcome, OUT_ANSWERED);
	assert_true(str_is(c.text, "refund"));
	assert_int_equal(c.tokens_in, -1);
	assert_int_equal(c.tokens_out, -1);
	assert_int_equal(c.nlp, 0);
	assert_int_equal(c.why.n, 0);
	c = reply(" {\"tokens_in\":12,\"tokens_out\":0,\"finish\":\"stop\",\"model\":\"m-2\","
	    "\"text\":\"\",\"error\":null,"
	    "\"logprobs\":[{\"token\":\"a\",\"logprob\":-0.5},{\"logprob\":0,\"token\":\"\"}],"
	    "\"unknown\":[1]} ");
	assert_int_equal(c.outcome, OUT_ANSWERED);
	assert_int_equal(c.text.n, 0);
	assert_int_equal(c.tokens_in, 12);
	assert_int_equal(c.tokens_out, 0);
	assert_true(str_is(c.served, "m-2"));
	assert_true(str_is(c.finish, "stop"));
	assert_int_equal(c.nlp, 2);
	assert_true(str_is(c.lp[0].token, "a") && c.lp[0].lp == -0.5);
	assert_true(c.lp[1].token.n == 0 && c.lp[1].lp == 0);
}

static void
outcomes_follow_finish_and_error(void **state)
{
	struct completion c;

	(void)state;
	assert_int_equal(reply("{\"text\":\"x\",\"finish\":null}").outcome, OUT_ANSWERED);
	assert_int_equal(reply("{\"text\":\"x\",\"finish\":\"length\"}").outcome, OUT_TRUNCATED);
	assert_int_equal(reply("{\"text\":\"x\",\"finish\":\"filter\"}").outcome, OUT_FILTERED);
	assert_int_equal(reply("{\"finish\":\"filter\"}").outcome, OUT_FILTERED);
	c = reply("{\"text\":\"half\",\"error\":\"prompt too long\",\"tokens_in\":9000}");
	assert_int_equal(c.outcome, OUT_REJECTED);
	assert_true(str_is(c.why, "prompt too long"));
	assert_int_equal(c.text.n, 0);
	assert_int_equal(c.tokens_in, 9000);
	assert_int_equal(reply("{\"error\":\"\",\"text\":\"x\"}").outcome, OUT_REJECTED);
}

static void
anything_else_is_garbage(void **state)
{
	static const struct { const char *line, *why; } row[] = {
		{ "", NULL },
		{ "Loading model...", NULL },
		{ "{\"text\":\"x\"", NULL },
		{ "{\"text\":\"x\"} {\"text\":\"y\"}", NULL },
		{ "{\"text\":\"x\",\"text\":\"y\"}", NULL },
		{ "{\"text\":\"\xff\"}", NULL },
		{ "{\"text\":\"\\ud800\"}", NULL },
		{ "[\"x\"]", "not a JSON object" },
		{ "\"x\"", "not a JSON object" },
		{ "{}", "no member 'text'" },
		{ "{\"finish\":\"length\"}", "no member 'text'" },
		{ "{\"text\":null}", "no member 'text'" },
		{ "{\"text\":5}", "'text' is not a text" },
		{ "{\"text\":5,\"finish\":\"filter\"}", "'text' is not a text" },
		{ "{\"text\":\"x\",\"finish\":\"done\"}", "'finish' is not stop, length or filter" },
		{ "{\"text\":\"x\",\"finish\":\"\"}", "'finish' is not stop, length or filter" },
		{ "{\"text\":\"x\",\"finish\":1}", "'finish' is not stop, length or filter" },
		{ "{\"text\":\"x\",\"tokens_in\":-1}", "'tokens_in' is not a number of tokens" },
		{ "{\"text\":\"x\",\"tokens_in\":1.5}", "'tokens_in' is not a number of tokens" },
		{ "{\"text\":\"x\",\"tokens_out\":\"7\"}", "'tokens_out' is not a number of tokens" },
		{ "{\"text\":\"x\",\"tokens_out\":1e30}", "'tokens_out' is not a number of tokens" },
		{ "{\"text\":\"x\",\"model\":{}}", "'model' is not a text" },
		{ "{\"text\":\"x\",\"error\":true}", "'error' is not a text" },
		{ "{\"text\":\"x\",\"logprobs\":{}}", "'logprobs' is not a list of {token, logprob}" },
		{ "{\"text\":\"x\",\"logprobs\":[-1]}", "'logprobs' is not a list of {token, logprob}" },
		{ "{\"text\":\"x\",\"logprobs\":[{\"token\":\"a\"}]}",
		  "'logprobs' is not a list of {token, logprob}" },
		{ "{\"text\":\"x\",\"logprobs\":[{\"token\":\"a\",\"logprob\":0.1}]}",
		  "'logprobs' is not a list of {token, logprob}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct completion c = reply(row[i].line);
		const char *want = row[i].why == NULL ? "the engine's answer: not JSON at byte " :
		    arena_fmt(&arena, "the engine's answer: %s", row[i].why);

		if (c.outcome != OUT_GARBAGE || !str_starts(c.why, str_of(want)) || c.text.n != 0 ||
		    c.nlp != 0 || c.tokens_in != -1 || c.served.n != 0)
			fail_msg("%s: '%.*s'", row[i].line, STR_ARG(c.why));
		if (row[i].why != NULL && c.why.n != strlen(want))
			fail_msg("%s: '%.*s'", row[i].line, STR_ARG(c.why));
	}
}

static void
parameters_become_a_worker(void **state)
{
	struct err e = { 0 };
	struct target t;

	(void)state;
	if (open_target(&t, "command: [sh, -c, 'exit 0']\nenv: [CUDA_VISIBLE_DEVICES, MODE=eval]\n"
	    "memory: 1G\ncpu: 90s\nfiles: 64\noutput: 8k\nstop_grace: 500ms\n", &e) != 0)
		fail_msg("%s", e.msg);
	assert_string_equal(t.worker->argv[2], "exit 0");
	assert_null(t.worker->argv[3]);
	assert_string_equal(t.worker->env[1], "MODE=eval");
	assert_null(t.worker->env[2]);
	assert_string_equal(t.worker->dir, "/tmp");
	assert_int_equal(t.worker->limits.memory, 1L << 30);
	assert_int_equal(t.worker->limits.cpu_seconds, 90);
	assert_int_equal(t.worker->limits.files, 64);
	assert_int_equal(t.worker->limits.line, 8192);
	assert_true(t.worker->grace == 0.5);
	assert_int_equal(open_target(&t, "command: cat", &e), 0);
	assert_int_equal(t.worker->limits.line, 4 << 20);
	assert_int_equal(t.worker->limits.memory + t.worker->limits.cpu_seconds, 0);
	assert_true(t.worker->grace == 2);
	assert_int_equal(open_target(&t, "command: [./no-such-engine]", &e), -1);
	assert_non_null(strstr(e.msg, "cannot start './no-such-engine': No such file or directory"));
	e = (struct err){ 0 };
	assert_int_equal(open_target(&t, "command: []", &e), -1);
	e = (struct err){ 0 };
	assert_int_equal(open_target(&t, "files: 64", &e), -1);
	assert_non_null(strstr(e.msg, "command"));
}

/* The request line goes in, the answer line comes out, twice through the same worker. */
static void
a_worker_answers(void **state)
{
	struct test_case tc = { .id = "c1", .input = STR("hi") };
	struct completion c = completion_blank();
	struct child *child;
	struct err e = { 0 };
	struct target t;
	struct str line;

	(void)state;
	if (open_target(&t,
	    "command: [sed, -u, 's/.*\"id\":\"\\([^\"]*\\)\".*/{\"text\":\"got \\1\"}/']", &e) != 0)
		fail_msg("%s", e.msg);
	child = child_start(t.worker->argv, t.worker->dir, t.worker->env, &t.worker->limits, &e);
	assert_non_null(child);
	for (int i = 0; i < 2; i++) {
		enum child_event ev;

		tc.id = i == 0 ? "c1" : "c2";
		child_send(child, str_of(request_line(&t, &tc, i)));
		child_on_writable(child);
		assert_false(child_wants_write(child));
		while ((ev = child_on_readable(child, &line)) == CHILD_MORE)
			poll(&(struct pollfd){ child_out(child), POLLIN, 0 }, 1, 1000);
		assert_int_equal(ev, CHILD_LINE);
		protocol_exec.reply(&c, &t, 200, str_dup(line, &arena), &arena);
		assert_int_equal(c.outcome, OUT_ANSWERED);
		assert_true(str_is(c.text, i == 0 ? "got c1" : "got c2"));
	}
	child_stop(child, t.worker->grace, NULL);
}

static int
free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_one_line_of_json),
		cmocka_unit_test(answers_are_taken),
		cmocka_unit_test(outcomes_follow_finish_and_error),
		cmocka_unit_test(anything_else_is_garbage),
		cmocka_unit_test(parameters_become_a_worker),
		cmocka_unit_test(a_worker_answers),
	};

	return cmocka_run_group_tests(tests, NULL, free_arena);
}
