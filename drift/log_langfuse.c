/*
 * log_langfuse.c -- Langfuse's observations, as its API and its exports write them.
 *
 * The API has camelCase names and values as JSON, exports to a bucket have snake_case names and
 * inputs and outputs as text with JSON in it.
 */
#include "drift/logs.h"

enum { ID, TYPE, TRACE, TRACE_, START, START_, END, END_, FIRST, FIRST_, MODEL, MODEL_,
       INPUT, OUTPUT, USAGE, USAGE_, USAGE_OLD, LEVEL, MESSAGE, MESSAGE_, TAGS, ENVIRONMENT, N };

static const struct str name[N] = {
	LOG_NAME("id"), LOG_NAME("type"), LOG_NAME("traceId"), LOG_NAME("trace_id"),
	LOG_NAME("startTime"), LOG_NAME("start_time"), LOG_NAME("endTime"), LOG_NAME("end_time"),
	LOG_NAME("completionStartTime"), LOG_NAME("completion_start_time"), LOG_NAME("model"),
	LOG_NAME("provided_model_name"), LOG_NAME("input"), LOG_NAME("output"),
	LOG_NAME("usageDetails"), LOG_NAME("usage_details"), LOG_NAME("usage"), LOG_NAME("level"),
	LOG_NAME("statusMessage"), LOG_NAME("status_message"), LOG_NAME("tags"),
	LOG_NAME("environment")
};

/* Agents, tools, retrievers and more have types of their own: capitals all of them. */
static bool
is_type(struct json type)
{
	if (type.type != JT_STRING || type.raw.n < 5)
		return false;
	for (size_t i = 1; i + 1 < type.raw.n; i++)
		if (type.raw.p[i] < 'A' || type.raw.p[i] > 'Z')
			return false;
	return true;
}

static bool
is_langfuse(struct json first)
{
	struct json v[N];

	log_pick(first, name, v, N);
	return is_type(v[TYPE]) && log_first(v + TRACE, 2).type != JT_NONE &&
	    log_first(v + START, 2).type != JT_NONE;
}

static void
read_usage(struct record *r, struct json usage)
{
	enum { IN, PROMPT, OUT, COMPLETION, NUSAGE };
	static const struct str usage_name[NUSAGE] = { LOG_NAME("input"), LOG_NAME("promptTokens"),
		LOG_NAME("output"), LOG_NAME("completionTokens") };
	struct json v[NUSAGE];

	log_pick(usage, usage_name, v, NUSAGE);
	log_number(r, RECORD_TOKENS_IN, log_first(v + IN, 2), 1);
	log_number(r, RECORD_TOKENS_OUT, log_first(v + OUT, 2), 1);
}

static void
read_langfuse(struct log_reader *l, struct json line)
{
	struct record r = { .object = line };
	struct arena *a = l->scratch;
	struct json v[N];

	log_pick(line, name, v, N);
	if (!str_is(v[TYPE].raw, "\"GENERATION\"")) {
		log_pass(l);
		return;
	}
	message_output(&r, log_unwrap(v[OUTPUT], a), a);
	log_text(&r, RECORD_ID, v[ID], a);
	log_text(&r, RECORD_MODEL, log_first(v + MODEL, 2), a);
	message_input(&r, log_unwrap(v[INPUT], a), a);
	when_span(&r, log_first(v + START, 2), log_first(v + END, 2), log_first(v + FIRST, 2));
	read_usage(&r, log_unwrap(log_first(v + USAGE, 3), a));
	if (str_is(v[LEVEL].raw, "\"ERROR\"")) {
		message_error(&r, log_first(v + MESSAGE, 2), a);
		if (!r.has_text[RECORD_ERROR])
			log_text(&r, RECORD_ERROR, v[LEVEL], a);
	}
	log_text(&r, RECORD_TAGS, log_first(v + TAGS, 2), a);
	log_emit(l, &r);
}

const struct log_format log_langfuse = {
	.name = "langfuse",
	.help = "Langfuse's observations of type GENERATION, from its API or its exports",
	.is = is_langfuse,
	.read = read_langfuse,
};
