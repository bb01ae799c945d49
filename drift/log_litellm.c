/*
 * log_litellm.c -- LiteLLM's StandardLoggingPayload.
 */
#include "drift/logs.h"

enum { ID, CALL_TYPE, STATUS, MODEL, GROUP, MESSAGES, RESPONSE, START, END, FIRST, PROMPT_TOKENS,
       COMPLETION_TOKENS, ERROR, TAGS, COST, NAME };

static const struct str name[NAME] = {
	LOG_NAME("id"), LOG_NAME("call_type"), LOG_NAME("status"), LOG_NAME("model"),
	LOG_NAME("model_group"), LOG_NAME("messages"), LOG_NAME("response"), LOG_NAME("startTime"),
	LOG_NAME("endTime"), LOG_NAME("completionStartTime"), LOG_NAME("prompt_tokens"),
	LOG_NAME("completion_tokens"), LOG_NAME("error_str"), LOG_NAME("request_tags"),
	LOG_NAME("response_cost")
};

static bool
is_litellm(struct json first)
{
	struct json v[NAME];

	log_pick(first, name, v, NAME);
	return v[CALL_TYPE].type == JT_STRING && v[START].type != JT_NONE &&
	    (v[GROUP].type != JT_NONE || v[COST].type != JT_NONE);
}

/* Calls that do not ask a model for text. */
static bool
is_other(struct str call_type)
{
	static const char *const other[] = { "embedding", "image", "speech", "transcription",
		"moderation", "rerank", "file", "batch" };

	for (size_t i = 0; i < COUNT(other); i++)
		if (str_find(call_type, str_of(other[i]), 0) >= 0)
			return true;
	return false;
}

static void
read_litellm(struct log_reader *l, struct json line)
{
	struct record r = { .object = line };
	struct arena *a = l->scratch;
	struct json v[NAME];

	log_pick(line, name, v, NAME);
	if (is_other(v[CALL_TYPE].raw)) {
		log_pass(l);
		return;
	}
	log_text(&r, RECORD_MODEL, v[MODEL], a);
	message_reply(&r, log_unwrap(v[RESPONSE], a), a);
	log_text(&r, RECORD_ID, v[ID], a);
	log_text(&r, RECORD_ASKED, v[MODEL], a);
	if (v[GROUP].raw.n > 2)
		log_text(&r, RECORD_ASKED, v[GROUP], a);
	message_input(&r, log_unwrap(v[MESSAGES], a), a);
	when_span(&r, v[START], v[END], v[FIRST]);
	log_number(&r, RECORD_TOKENS_IN, v[PROMPT_TOKENS], 1);
	log_number(&r, RECORD_TOKENS_OUT, v[COMPLETION_TOKENS], 1);
	log_text(&r, RECORD_TAGS, v[TAGS], a);
	message_error(&r, v[ERROR], a);
	if (str_is(v[STATUS].raw, "\"failure\"") && !r.has_text[RECORD_ERROR]) {
		r.has_text[RECORD_ERROR] = true;
		r.text[RECORD_ERROR] = STR("failure");
	}
	log_emit(l, &r);
}

const struct log_format log_litellm = {
	.name = "litellm",
	.help = "LiteLLM's StandardLoggingPayload",
	.is = is_litellm,
	.read = read_litellm,
};
