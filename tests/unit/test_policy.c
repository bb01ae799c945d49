/*
 * test_policy.c -- what headers and error bodies say about trying again, and the pace.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/harness.h"

/* Sunday, 6 November 1994, 08:49:37 GMT */
static const int64_t then_ms = INT64_C(784111777) * 1000;

static struct reply_head
head_of(const char *lines)
{
	struct reply_head h = reply_head_blank();
	struct str rest = str_of(lines);

	while (rest.n > 0) {
		ptrdiff_t at = str_find(rest, STR("\n"), 0);
		size_t n = at < 0 ? rest.n : (size_t)at + 1;

		reply_head_line(&h, str_sub(rest, 0, n), then_ms);
		rest = str_sub(rest, n, rest.n);
	}
	return h;
}

static void
test_retry_after(void **state)
{
	static const struct { const char *line; double wait; } row[] = {
		{ "Retry-After: 7\r\n", 7 },
		{ "RETRY-AFTER:0.5\r\n", 0.5 },
		{ "retry-after-ms: 250\r\n", 0.25 },
		{ "retry-after-ms: 250\r\nretry-after: 9\r\n", 0.25 },
		{ "retry-after: 9\r\nretry-after-ms: 250\r\n", 0.25 },
		{ "retry-after: Sun, 06 Nov 1994 08:50:37 GMT\r\n", 60 },
		{ "retry-after: Sunday, 06-Nov-94 08:50:37 GMT\r\n", 60 },
		{ "retry-after: Sun Nov  6 08:50:37 1994\r\n", 60 },
		{ "retry-after: Sun, 06 Nov 1994 08:48:37 GMT\r\n", 0 },
		{ "retry-after: -5\r\n", 0 },
		{ "retry-after: 99999999999999999999\r\n", 1e9 },
		{ "retry-after: soon\r\n", -1 },
		{ "retry-after: nan\r\n", -1 },
		{ "retry-after:\r\n", -1 },
		{ "retry-afterwards: 5\r\n", -1 },
		{ "x-other: 5\r\n", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		if (fabs(head_of(row[i].line).retry_after - row[i].wait) > 1e-9)
			fail_msg("%s gives %g", row[i].line, head_of(row[i].line).retry_after);
}

static void
test_limit_reset(void **state)
{
	static const struct { const char *line; double wait; } row[] = {
		{ "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 6m0s\r\n", 360 },
		{ "x-ratelimit-reset-tokens: 12ms\r\nx-ratelimit-remaining-tokens: 0\r\n", 0.012 },
		{ "x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 1h2m3.5s\r\n", 3723.5 },
		{ "x-ratelimit-remaining-requests: 5\r\nx-ratelimit-reset-requests: 6m0s\r\n", -1 },
		{ "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: -1\r\n", -1 },
		{ "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 3 bananas\r\n", -1 },
		{ "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-tokens: 5s\r\n", -1 },
		{ "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 3\r\n", 3 },
		{ "anthropic-ratelimit-input-tokens-remaining: 0\r\n"
		  "anthropic-ratelimit-input-tokens-reset: 1994-11-06T08:50:37Z\r\n", 60 },
		{ "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 2s\r\n"
		  "x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 5s\r\n", 5 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		if (fabs(head_of(row[i].line).limit_reset - row[i].wait) > 1e-9)
			fail_msg("%s gives %g", row[i].line, head_of(row[i].line).limit_reset);
}

static void
test_head(void **state)
{
	struct reply_head h;

	(void)state;
	h = head_of("HTTP/1.1 100 Continue\r\nretry-after: 5\r\n\r\nHTTP/2 429 \r\n"
	            "Content-Type: Text/Event-Stream; charset=utf-8\r\nX-Should-Retry: FALSE\r\n\r\n");
	assert_int_equal(h.status, 429);
	assert_true(h.retry_after == -1);
	assert_true(h.event_stream);
	assert_int_equal(h.should_retry, 0);
	assert_int_equal(head_of("x-should-retry: perhaps\r\n").should_retry, -1);
	assert_int_equal(head_of("HTTP/1.1 x\r\n").status, 0);
	assert_false(head_of("content-type: application/json\r\n").event_stream);
}

#define ERROR(fields) "{\"error\":{" fields "}}"

static void
test_advice(void **state)
{
	static const struct { int status, should; const char *body; enum retry what; double wait; }
	row[] = {
		{ 408, -1, "", RETRY_YES, -1 },
		{ 409, -1, "{}", RETRY_YES, -1 },
		{ 429, -1, "not json", RETRY_YES, -1 },
		{ 500, -1, "", RETRY_YES, -1 },
		{ 503, -1, "", RETRY_YES, -1 },
		{ 529, -1, ERROR("\"type\":\"overloaded_error\""), RETRY_YES, -1 },
		{ 200, -1, "", RETRY_NO, -1 },
		{ 302, 1, "", RETRY_NO, -1 },
		{ 400, -1, "", RETRY_NO, -1 },
		{ 404, -1, "", RETRY_NO, -1 },
		{ 422, -1, "", RETRY_NO, -1 },
		{ 400, 1, "", RETRY_YES, -1 },
		{ 500, 0, "", RETRY_NO, -1 },
		{ 401, -1, "", RETRY_STOP, -1 },
		{ 401, 1, "", RETRY_STOP, -1 },
		{ 402, -1, "", RETRY_STOP, -1 },
		{ 403, -1, "", RETRY_STOP, -1 },
		{ 429, -1, ERROR("\"code\":\"insufficient_quota\""), RETRY_STOP, -1 },
		{ 429, -1, ERROR("\"type\":\"insufficient_quota\",\"code\":null"), RETRY_STOP, -1 },
		{ 429, -1, ERROR("\"code\":\"credit_balance_exhausted\""), RETRY_STOP, -1 },
		{ 400, -1, ERROR("\"type\":\"billing_error\""), RETRY_STOP, -1 },
		{ 429, -1, ERROR("\"type\":\"enforced_spend_limit_reached\""), RETRY_STOP, -1 },
		{ 429, -1, ERROR("\"message\":\"is insufficient_quota an error?\""), RETRY_YES, -1 },
		{ 429, -1, ERROR("\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"limit: 0, model: x\""),
		  RETRY_STOP, -1 },
		{ 429, -1, ERROR("\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"limit: 05\""),
		  RETRY_YES, -1 },
		{ 429, -1, ERROR("\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"limit: 20\","
		                 "\"details\":[{\"@type\":\"x\"},{\"retryDelay\":\"46.5s\"}]"),
		  RETRY_YES, 46.5 },
		{ 503, -1, "[" ERROR("\"details\":[{\"retryDelay\":\"3s\"}]") "]", RETRY_YES, 3 },
		{ 503, -1, ERROR("\"details\":[{\"retryDelay\":3}]"), RETRY_YES, -1 },
		{ 503, -1, "[]", RETRY_YES, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct reply_head h = reply_head_blank();
		struct retry_advice a;

		h.status = row[i].status;
		h.should_retry = row[i].should;
		a = retry_advise(&h, str_of(row[i].body));
		if (a.what != row[i].what || fabs(a.wait - row[i].wait) > 1e-9)
			fail_msg("%d %s: %d, %g", row[i].status, row[i].body, a.what, a.wait);
	}
}

static void
test_backoff(void **state)
{
	uint64_t key = rng_key(1, "retry");
	double least = 1, most = 0;

	(void)state;
	for (int attempt = 0; attempt < 40; attempt++)
		for (uint64_t i = 0; i < 200; i++) {
			double full = fmin(0.5 * exp2(attempt), 8), w = retry_backoff(attempt, key, i);

			assert_true(w <= full && w >= 0.75 * full);
			assert_true(w == retry_backoff(attempt, key, i));
			least = fmin(least, w / full);
			most = fmax(most, w / full);
		}
	assert_true(least < 0.76 && most > 0.99);
}

static void
test_pace(void **state)
{
	struct pace p;

	(void)state;
	pace_begin(&p, 8, 0);
	assert_true(pace_when(&p, 7, 100) <= 0 && isinf(pace_when(&p, 8, 100)));
	pace_throttled(&p, 100);
	pace_throttled(&p, 100.5);              /* the same storm */
	assert_true(pace_when(&p, 3, 101) <= 0 && isinf(pace_when(&p, 4, 101)));
	pace_throttled(&p, 101.5);
	pace_throttled(&p, 103);
	pace_throttled(&p, 105);
	assert_true(pace_when(&p, 0, 105) <= 0 && isinf(pace_when(&p, 1, 105)));
	pace_success(&p);
	assert_true(isinf(pace_when(&p, 2, 106)) && pace_when(&p, 1, 106) <= 0);
	for (int i = 0; i < 1000; i++)
		pace_success(&p);
	assert_true(pace_when(&p, 7, 107) <= 0 && isinf(pace_when(&p, 8, 107)));
	pace_pause(&p, 110);
	pace_pause(&p, 109);
	assert_true(fabs(pace_when(&p, 0, 107) - 110) < 1e-9 && pace_when(&p, 0, 110) <= 0);

	pace_begin(&p, 8, 600);                 /* ten a second */
	for (int i = 0; i < 5; i++) {
		double when = pace_when(&p, 0, 50 + 0.1 * i);

		assert_true(when <= 50 + 0.1 * i + 1e-9);
		pace_sent(&p, 50 + 0.1 * i);
		if (i > 0)
			assert_true(pace_when(&p, 0, 50 + 0.1 * i) > 50 + 0.1 * i);
	}
	pace_sent(&p, 60);                      /* ten idle seconds are no credit of a hundred */
	pace_sent(&p, 60);
	assert_true(pace_when(&p, 0, 60) > 60.09);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_limit_reset),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_pace),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
