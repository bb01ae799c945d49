/*
 * test_openai.c -- chat completions in both directions, without a socket.
 *
 * Every recorded body is also cut at every byte: what is cut is never an answer.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/harness.h"

extern const struct protocol protocol_openai;

#define FIXTURES "tests/unit/fixtures/openai/"

static struct str
fixture(const char *name, struct arena *a)
{
	struct err e = { 0 };
	struct str s;

	if (file_read(FIXTURES, name, NULL, 1 << 20, &s, a, &e) != 0)
		fail_msg("%s", e.msg);
	return s;
}

static const struct {
	const char  *file;
	int          status;
	enum outcome outcome;
	const char  *text, *reasoning, *finish, *why;
	long         in, out;
	size_t       nlp;
	bool         bad_utf8;
} row[] = {
	{ "answer.json", 200, OUT_ANSWERED, "Gr\xc3\xbc\xc3\x9f" "e \xe2\x9d\xa4 \"x\"\n", "", "stop",
	  "", 21, 3, 2, false },
	{ "vllm.json", 200, OUT_TRUNCATED, "42", "hm, well", "length", "cut by the token limit",
	  5, 16, 0, false },
	{ "parts.json", 200, OUT_ANSWERED, "one two", "", "", "", -1, -1, 0, false },
	{ "refusal.json", 200, OUT_DECLINED, "", "", "stop", "I will not", -1, -1, 0, false },
	{ "tools.json", 200, OUT_ANSWERED, "", "", "tool_calls", "", -1, -1, 0, false },
	{ "filtered.json", 200, OUT_FILTERED, "half an", "", "content_filter",
	  "withheld by the service's content filter", -1, -1, 0, false },
	{ "azure_filter.json", 400, OUT_FILTERED, "", "", "", "The prompt was filtered",
	  -1, -1, 0, false },
	{ "quota.json", 429, OUT_REJECTED, "", "", "", "You exceeded your quota", -1, -1, 0, false },
	{ "ollama_error.json", 404, OUT_REJECTED, "", "", "", "model 'q' not found",
	  -1, -1, 0, false },
	{ "ollama_error.json", 200, OUT_UNAVAILABLE, "", "", "", "model 'q' not found",
	  -1, -1, 0, false },
	{ "surrogate.json", 200, OUT_ANSWERED, "a\xef\xbf\xbd\\ud800\xf0\x9f\x98\x80", "", "stop", "",
	  -1, -1, 0, true },
	{ "latin1.json", 200, OUT_ANSWERED, "caf\xef\xbf\xbd ok", "", "stop", "", -1, -1, 0, true },
};

static void
same(struct str got, const char *want)
{
	if (!str_is(got, want))
		fail_msg("'%.*s' is not '%s'", STR_ARG(got), want);
}

static void
test_replies(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct completion c = completion_blank();

		protocol_openai.reply(&c, NULL, row[i].status, fixture(row[i].file, &a), &a);
		assert_int_equal(c.outcome, row[i].outcome);
		same(c.text, row[i].text);
		same(c.reasoning, row[i].reasoning);
		same(c.finish, row[i].finish);
		same(c.why, row[i].why);
		assert_int_equal(c.tokens_in, row[i].in);
		assert_int_equal(c.tokens_out, row[i].out);
		assert_int_equal(c.nlp, row[i].nlp);
		assert_int_equal(c.bad_utf8, row[i].bad_utf8);
		if (i == 0) {
			same(c.served, "gpt-x-2026");
			same(c.response_id, "chatcmpl-1");
			same(c.fingerprint, "fp_1");
			same(c.lp[0].token, "Gr");
			assert_true(c.lp[0].lp == -0.01 && c.lp[1].lp == -9999);
		}
	}
	arena_free(&a);
}

static void
test_cut_replies(void **state)
{
	struct arena a = { 0 }, scratch = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct str whole = str_trim(fixture(row[i].file, &a));

		for (size_t n = 0; n < whole.n; n++) {
			struct completion c = completion_blank();
			/* its own bytes, so that a read past the cut is seen */
			char *cut = memcpy(mem_alloc(n ? n : 1, 1), whole.p, n);

			protocol_openai.reply(&c, NULL, 200, (struct str){ cut, n }, &scratch);
			assert_int_equal(c.outcome, OUT_GARBAGE);
			assert_int_equal(c.text.n, 0);
			assert_true(c.why.n > 0);
			mem_free(cut);
			arena_reset(&scratch);
		}
	}
	arena_free(&a);
	arena_free(&scratch);
}

static void
test_wrong_shapes(void **state)
{
	static const char *const body[] = {
		"", " ", "null", "[]", "\"x\"", "{}", "{\"choices\":[]}", "{\"choices\":null}",
		"{\"choices\":{\"0\":{}}}", "{\"choices\":[null]}", "{\"choices\":[[]]}",
		"{\"choices\":[{}]}", "{\"choices\":[{\"message\":null}]}",
		"{\"choices\":[{\"message\":{}}]}", "{\"choices\":[{\"message\":{\"content\":null}}]}",
		"{\"choices\":[{\"message\":{\"content\":7},\"finish_reason\":\"stop\"}]}",
		"{\"choices\":[{\"message\":{\"content\":{\"text\":\"x\"}},\"finish_reason\":\"stop\"}]}",
		"{\"choices\":[{\"message\":{\"content\":\"a\",\"content\":\"b\"}}]}",
		"<html>busy</html>", "{\"choices\":[{\"message\":{\"content\":\"a\"}}]}}",
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(body); i++) {
		struct completion c = completion_blank();

		protocol_openai.reply(&c, NULL, 200, str_of(body[i]), &a);
		if (c.outcome != OUT_GARBAGE || c.text.n > 0 || c.why.n == 0)
			fail_msg("%s: %s", body[i], outcome_name[c.outcome]);
	}
	arena_free(&a);
}

/* ---- streams -------------------------------------------------------------------------- */

struct reading { struct completion c; struct buf text; struct arena *a; bool complete; };

static bool
on_event(void *ctx, struct str data)
{
	struct reading *r = ctx;

	r->complete = protocol_openai.event(&r->c, &r->text, NULL, data, r->a);
	return !r->complete;
}

static struct reading
read_stream(struct str s, size_t step, struct arena *a)
{
	struct reading r = { .c = completion_blank(), .a = a };
	struct sse sse = { 0 };

	for (size_t at = 0; at < s.n; at += step)
		if (!sse_feed(&sse, str_sub(s, at, step), on_event, &r))
			break;
	sse_free(&sse);
	return r;
}

static void
test_stream(void **state)
{
	struct arena a = { 0 };
	struct str s = fixture("stream.sse", &a);

	(void)state;
	for (size_t step = 1; step < 40; step++) {
		struct reading r = read_stream(s, step, &a);

		assert_true(r.complete);
		assert_int_equal(r.c.outcome, OUT_ANSWERED);
		same(buf_as_str(&r.text), "Hello \xc3\xa9");
		same(r.c.reasoning, "I think so");
		same(r.c.finish, "stop");
		same(r.c.served, "gpt-x");
		same(r.c.fingerprint, "fp_2");
		same(r.c.response_id, "s1");
		assert_int_equal(r.c.tokens_in, 9);
		assert_int_equal(r.c.tokens_out, 2);
		assert_int_equal(r.c.nlp, 2);
		same(r.c.lp[1].token, "lo \xc3\xa9");
		buf_free(&r.text);
	}
	arena_free(&a);
}

/* The engine's rule: a stream counts if it is complete or has a finish. */
static void
test_cut_stream(void **state)
{
	struct arena a = { 0 }, scratch = { 0 };
	struct str s = fixture("stream.sse", &a);
	size_t counted = 0;

	(void)state;
	for (size_t n = 0; n < s.n; n++) {
		struct reading r = read_stream(str_sub(s, 0, n), 7, &scratch);

		if (r.complete || r.c.finish.n > 0) {
			same(buf_as_str(&r.text), "Hello \xc3\xa9");
			counted++;
		}
		buf_free(&r.text);
		arena_reset(&scratch);
	}
	assert_true(counted > 50 && counted < 200);
	arena_free(&a);
	arena_free(&scratch);
}

static void
test_stream_ends(void **state)
{
	static const struct { const char *s; enum outcome outcome; const char *why; } end[] = {
		{ "data: [DONE]\n\n", OUT_GARBAGE, "the stream ended without an answer" },
		{ "data: {\"error\":{\"message\":\"overloaded\"}}\n\n", OUT_UNAVAILABLE, "overloaded" },
		{ "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"length\"}]}\n\n"
		  "data: [DONE]\n\n", OUT_TRUNCATED, "cut by the token limit" },
		{ "data: {\"choices\":[{\"delta\":{\"refusal\":\"I \"}}]}\n\n"
		  "data: {\"choices\":[{\"delta\":{\"refusal\":\"won't\"},\"finish_reason\":\"stop\"}]}\n\n"
		  "data: [DONE]\n\n", OUT_DECLINED, "I won't" },
		{ "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n",
		  OUT_ANSWERED, "" },
		{ "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n"
		  "data: {broken\n\n", OUT_GARBAGE, "an event of the stream is no JSON object" },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(end); i++) {
		struct reading r = read_stream(str_of(end[i].s), 1000, &a);

		assert_true(r.complete);
		assert_int_equal(r.c.outcome, end[i].outcome);
		same(r.c.why, end[i].why);
		buf_free(&r.text);
	}
	arena_free(&a);
}

/* ---- out ------------------------------------------------------------------------------ */

static int
open_with(const char *yaml, struct target *t, struct arena *a, struct err *e)
{
	static const struct conf_key *tables[2];
	struct node *root = conf_load("t.yaml", str_of(yaml), a, e);

	*t = (struct target){ .name = "t", .url = "http://127.0.0.1:1/v1", .model = "m\"1" };
	t->params = arena_alloc(a, protocol_openai.size);
	tables[0] = protocol_openai.params;
	if (root == NULL || conf_bind(root, "target", tables[0], t->params, a, e) != 0 ||
	    conf_done(root, "target", tables, e) != 0)
		return -1;
	return protocol_openai.open(t, a, e);
}

static void
test_requests(void **state)
{
	static const struct { const char *yaml, *body; } out[] = {
		{ "stream: no\n", "{\"model\":\"m\\\"1\",\"messages\":[" },
		{ "temperature: 0\nmax_tokens: 16\nseed: 7\n",
		  "{\"model\":\"m\\\"1\",\"temperature\":0,\"max_tokens\":16,\"seed\":7,\"messages\":[" },
		{ "temperature: 0.70\nlogprobs: 5\nstop: [a, \"\\n\"]\nreasoning_effort: low\n",
		  "{\"model\":\"m\\\"1\",\"temperature\":0.70,\"stop\":[\"a\",\"\\n\"],"
		  "\"reasoning_effort\":\"low\",\"logprobs\":true,\"top_logprobs\":5,\"messages\":[" },
		{ "stream: yes\nresponse_format: {type: json_object}\nextra:\n  top_k: 3\n  x: {y: [a]}\n",
		  "{\"model\":\"m\\\"1\",\"response_format\":{\"type\":\"json_object\"},\"stream\":true,"
		  "\"stream_options\":{\"include_usage\":true},\"top_k\":3,\"x\":{\"y\":[\"a\"]},"
		  "\"messages\":[" },
	};
	static const char messages[] = "{\"role\":\"system\",\"content\":\"be\\u0001\"},"
	                               "{\"role\":\"user\",\"content\":\"\\\"q\\\"\\n\"}]}";
	struct msg msg[2] = { { "system", STR("be\x01") }, { "user", STR("\"q\"\n") } };
	struct test_case tc = { .id = "1", .msg = msg, .nmsg = 2 };
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(out); i++) {
		struct err e = { 0 };
		struct target t;
		struct request r = { 0 };
		struct json root;
		struct json_fault why;

		if (open_with(out[i].yaml, &t, &a, &e) != 0)
			fail_msg("%s", e.msg);
		protocol_openai.request(&r, &t, &tc, 0, &a);
		assert_string_equal(r.path, "/chat/completions");
		assert_int_equal(r.stream, i == 3);
		same(buf_as_str(&r.body), arena_fmt(&a, "%s%s", out[i].body, messages));
		assert_int_equal(json_parse(buf_as_str(&r.body), &root, &why), 0);
		buf_free(&r.body);
	}
	arena_free(&a);
}

static void
test_mistakes(void **state)
{
	static const struct { const char *yaml, *why; } bad[] = {
		{ "extra: {temperature: 1}\n", "'temperature' has a key of its own" },
		{ "extra: {messages: []}\n", "'messages' is set by driftlead" },
		{ "extra: {model: x}\n", "'model' is set by driftlead" },
		{ "extra: [a]\n", "'extra' must be a mapping" },
		{ "logprobs: 2.5\n", "'logprobs' must be a whole number" },
		{ "logprobs: 21\n", "logprobs" },
		{ "max_tokens: 1\nmax_completion_tokens: 1\n", "not both" },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err e = { 0 };
		struct target t;

		assert_int_equal(open_with(bad[i].yaml, &t, &a, &e), -1);
		if (strstr(e.msg, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].yaml, e.msg);
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_cut_replies),
		cmocka_unit_test(test_wrong_shapes),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_cut_stream),
		cmocka_unit_test(test_stream_ends),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests_name("openai", tests, NULL, NULL);
}
