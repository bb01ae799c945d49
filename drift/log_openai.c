/*
 * log_openai.c -- requests to an OpenAI-like endpoint with their replies, side by side.
 *
 * What a proxy, a wrapper or a batch writes: {"request": ..., "response": ...} and whatever it
 * knows besides.  Bodies may be wrapped ({"body": ..., "status_code": ...}) or written as text.
 */
#include "drift/logs.h"

enum { REQUEST, REQUEST_BODY, REQ, RESPONSE, RESPONSE_BODY, RES, ID, REQUEST_ID, CUSTOM_ID,
       TIME, TIMESTAMP, CREATED_AT, TS, LATENCY, LATENCY_S, DURATION, LATENCY_MS, DURATION_MS,
       TTFT, TTFT_S, TTFT_MS, ERROR, TAGS, METADATA, N };

static const struct str name[N] = {
	LOG_NAME("request"), LOG_NAME("request_body"), LOG_NAME("req"), LOG_NAME("response"),
	LOG_NAME("response_body"), LOG_NAME("res"), LOG_NAME("id"), LOG_NAME("request_id"),
	LOG_NAME("custom_id"), LOG_NAME("time"), LOG_NAME("timestamp"), LOG_NAME("created_at"),
	LOG_NAME("ts"), LOG_NAME("latency"), LOG_NAME("latency_s"), LOG_NAME("duration"),
	LOG_NAME("latency_ms"), LOG_NAME("duration_ms"), LOG_NAME("ttft"),
	LOG_NAME("time_to_first_token"), LOG_NAME("ttft_ms"), LOG_NAME("error"), LOG_NAME("tags"),
	LOG_NAME("metadata")
};

static bool
is_openai(struct json first)
{
	struct json v[N];

	log_pick(first, name, v, N);
	return log_first(v + RESPONSE, 3).type != JT_NONE &&
	    (log_first(v + REQUEST, 3).type != JT_NONE || v[CUSTOM_ID].type != JT_NONE);
}

/* What is wrapped in {"body": ..., "status_code": ...}; *status: of HTTP, 0 if not said. */
static struct json
body(struct json v, long *status, struct arena *a)
{
	enum { BODY, STATUS_CODE, STATUS, NBODY };
	static const struct str inner[NBODY] = { LOG_NAME("body"), LOG_NAME("status_code"),
		LOG_NAME("status") };
	struct json in[NBODY];

	log_pick(v, inner, in, NBODY);
	if (!json_long(log_first(in + STATUS_CODE, 2), status))
		*status = 0;
	return log_unwrap(in[BODY], a);
}

static void
read_openai(struct log_reader *l, struct json line)
{
	struct record r = { .object = line };
	struct arena *a = l->scratch;
	struct json v[N], request, reply;
	long status = 0;

	log_pick(line, name, v, N);
	request = log_unwrap(log_first(v + REQUEST, 3), a);
	reply = log_unwrap(log_first(v + RESPONSE, 3), a);
	message_request(&r, request, a);
	message_reply(&r, reply, a);
	/* Most are not wrapped: looked for only in what said nothing. */
	if (!r.has_text[RECORD_INPUT])
		message_request(&r, body(request, &status, a), a);
	if (!r.has_text[RECORD_OUTPUT])
		message_reply(&r, body(reply, &status, a), a);
	log_text(&r, RECORD_ID, log_first(v + ID, 3), a);
	when_set(&r, log_first(v + TIME, 4));
	log_number(&r, RECORD_LATENCY, log_first(v + LATENCY_MS, 2), 1e-3);
	log_number(&r, RECORD_LATENCY, log_first(v + LATENCY, 3), 1);
	log_number(&r, RECORD_FIRST_TOKEN, v[TTFT_MS], 1e-3);
	log_number(&r, RECORD_FIRST_TOKEN, log_first(v + TTFT, 2), 1);
	log_text(&r, RECORD_TAGS, log_first(v + TAGS, 2), a);
	message_error(&r, v[ERROR], a);
	if (status >= 400 && !r.has_text[RECORD_ERROR]) {
		r.has_text[RECORD_ERROR] = true;
		r.text[RECORD_ERROR] = str_of(arena_fmt(a, "HTTP %ld", status));
	}
	log_emit(l, &r);
}

const struct log_format log_openai = {
	.name = "openai",
	.help = "pairs of request and response of an OpenAI-like endpoint, also of its batches",
	.is = is_openai,
	.read = read_openai,
};
