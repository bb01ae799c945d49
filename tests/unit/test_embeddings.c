/* test_embeddings.c -- embeddings in both directions, without a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/harness.h"

extern const struct protocol protocol_embeddings;

static const struct {
	const char  *body;
	int          status;
	enum outcome outcome;
	const char  *text;
} row[] = {
	{ "{\"data\":[{\"index\":0,\"embedding\":[0.5, -1e-3,\n2]}],\"model\":\"e5\",\"usage\":"
	  "{\"prompt_tokens\":7}}", 200, OUT_ANSWERED, "[0.5,-1e-3,2]" },
	{ "{\"error\":null,\"data\":[{\"embedding\":[1]}]}", 200, OUT_ANSWERED, "[1]" },
	{ "{\"data\":[{\"embedding\":[]}]}", 200, OUT_GARBAGE, "" },
	{ "{\"data\":[{\"embedding\":[1,\"2\"]}]}", 200, OUT_GARBAGE, "" },
	{ "{\"data\":[{\"embedding\":\"AAAAPw==\"}]}", 200, OUT_GARBAGE, "" },
	{ "{\"data\":[]}", 200, OUT_GARBAGE, "" },
	{ "{\"data\":{}}", 200, OUT_GARBAGE, "" },
	{ "[1,2]", 200, OUT_GARBAGE, "" },
	{ "{\"data\":[{\"embedding\":[1,", 200, OUT_GARBAGE, "" },
	{ "{\"error\":\"busy\"}", 200, OUT_UNAVAILABLE, "" },
	{ "{\"error\":{\"message\":\"too long\"}}", 400, OUT_REJECTED, "" },
};

static void
test_replies(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct completion c = completion_blank();

		protocol_embeddings.reply(&c, NULL, row[i].status, str_of(row[i].body), &a);
		assert_int_equal(c.outcome, row[i].outcome);
		assert_true(str_is(c.text, row[i].text));
		assert_int_equal(c.tokens_in, i == 0 ? 7 : -1);
	}
	arena_free(&a);
}

static void
test_request(void **state)
{
	struct msg msg[] = { { .role = "system", .text = STR("be kind") },
		{ .role = "user", .text = STR("a \"word\"") } };
	struct test_case tc = { .msg = msg, .nmsg = 2 };
	struct target t = { .model = "e5" };
	struct request r = { 0 };
	struct arena a = { 0 };
	void *params = arena_alloc(&a, protocol_embeddings.size);

	(void)state;
	t.params = params;
	protocol_embeddings.request(&r, &t, &tc, 0, &a);
	assert_string_equal(r.path, "/embeddings");
	assert_true(str_is(buf_as_str(&r.body),
	    "{\"model\":\"e5\",\"encoding_format\":\"float\",\"input\":\"a \\\"word\\\"\"}"));
	buf_free(&r.body);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies), cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
