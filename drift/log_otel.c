/*
 * log_otel.c -- spans and events of OpenTelemetry's GenAI conventions, all generations.
 *
 * One span or event per line, with its attributes as an object (flat names or nested ones), as a
 * list of keys and values, or among its own members.  Until 1.36 contents are in events of a
 * span, or in attributes with a number in the name; since then in gen_ai.input.messages and
 * gen_ai.output.messages.  The names are all different, so one table reads all of them.
 */
#include "drift/logs.h"

enum { NAME_MAX_BYTES = 80 };

enum attribute { OPERATION, ASKED, MODEL, ID, FINISH, TOKENS_IN, TOKENS_OUT, FIRST, INPUT, OUTPUT,
                 ERROR, PROMPT_NAME, EVENT_NAME, EVENT_CONTENT, NATTRIBUTE };

static const struct { struct str name; enum attribute is; } known[] = {
	{ LOG_NAME("gen_ai.operation.name"), OPERATION },
	{ LOG_NAME("gen_ai.request.model"), ASKED },
	{ LOG_NAME("gen_ai.response.model"), MODEL },
	{ LOG_NAME("gen_ai.response.id"), ID },
	{ LOG_NAME("gen_ai.response.finish_reasons"), FINISH },
	{ LOG_NAME("gen_ai.completion.0.finish_reason"), FINISH },
	{ LOG_NAME("gen_ai.usage.input_tokens"), TOKENS_IN },
	{ LOG_NAME("gen_ai.usage.prompt_tokens"), TOKENS_IN },
	{ LOG_NAME("gen_ai.usage.output_tokens"), TOKENS_OUT },
	{ LOG_NAME("gen_ai.usage.completion_tokens"), TOKENS_OUT },
	{ LOG_NAME("gen_ai.response.time_to_first_chunk"), FIRST },
	{ LOG_NAME("gen_ai.server.time_to_first_token"), FIRST },
	{ LOG_NAME("gen_ai.input.messages"), INPUT },
	{ LOG_NAME("gen_ai.prompt"), INPUT },
	{ LOG_NAME("gen_ai.output.messages"), OUTPUT },
	{ LOG_NAME("gen_ai.completion"), OUTPUT },
	{ LOG_NAME("gen_ai.completion.0.content"), OUTPUT },
	{ LOG_NAME("error.type"), ERROR },
	{ LOG_NAME("gen_ai.prompt.name"), PROMPT_NAME },
	{ LOG_NAME("event.name"), EVENT_NAME },
	{ LOG_NAME("gen_ai.event.content"), EVENT_CONTENT },
};

/* The members of a span or an event of a log. */
enum { SPAN_NAME, EVENT, EVENT_, ATTRIBUTES, EVENTS, BODY, STATUS, BEGIN, BEGIN_, BEGIN_OLD,
       BEGIN_LOG, BEGIN_SEEN, BEGIN_TIMESTAMP, END, END_, END_OLD, SPAN_ID, SPAN_ID_, CONTEXT,
       NMEMBER };
static const struct str member[NMEMBER] = {
	LOG_NAME("name"), LOG_NAME("eventName"), LOG_NAME("event_name"), LOG_NAME("attributes"),
	LOG_NAME("events"), LOG_NAME("body"), LOG_NAME("status"), LOG_NAME("startTimeUnixNano"),
	LOG_NAME("start_time"), LOG_NAME("startTime"), LOG_NAME("timeUnixNano"),
	LOG_NAME("observedTimeUnixNano"), LOG_NAME("timestamp"), LOG_NAME("endTimeUnixNano"),
	LOG_NAME("end_time"), LOG_NAME("endTime"), LOG_NAME("spanId"), LOG_NAME("span_id"),
	LOG_NAME("context")
};

struct span {
	struct json  v[NATTRIBUTE];
	struct str   wanted;            /* a name beyond the table, {0}: none */
	struct json  found;             /* its value */
	long         user;              /* the last number of a gen_ai.prompt.N.role "user"; -1 */
	struct arena *scratch;
};

/* ---- attributes --------------------------------------------------------------------------- */

static void
take(struct span *s, struct str name, struct json value)
{
	static const struct str prompt = LOG_NAME("gen_ai.prompt."), role = LOG_NAME(".role");
	long number;

	for (size_t i = 0; i < COUNT(known); i++)
		if (str_eq(known[i].name, name)) {
			if (s->v[known[i].is].type == JT_NONE || s->v[known[i].is].type == JT_NULL)
				s->v[known[i].is] = value;
			return;
		}
	if (s->wanted.n > 0 && str_eq(name, s->wanted))
		s->found = value;
	if (str_starts(name, prompt) && name.n > prompt.n + role.n &&
	    str_eq(str_sub(name, name.n - role.n, role.n), role) &&
	    str_long(str_sub(name, prompt.n, name.n - prompt.n - role.n), &number) &&
	    str_is(value.raw, "\"user\"") && number > s->user)
		s->user = number;
}

/* The attributes below `object`, whose names begin with `prefix`: nested ones get dots. */
static void
collect(struct span *s, struct json object, struct str prefix)
{
	struct json_iter it = { .of = object };
	struct json v;
	char name[NAME_MAX_BYTES];
	size_t n;

	while (object.type == JT_OBJECT && json_next(&it, &v)) {
		n = prefix.n + (prefix.n > 0) + it.key.n;
		if (it.key.n == 0 || n > sizeof name)
			continue;
		if (prefix.n == 0 && it.key.p[0] != 'g' && it.key.p[0] != 'e')
			continue;                       /* gen_ai, error, event */
		memcpy(name, prefix.p, prefix.n);
		name[prefix.n] = '.';
		memcpy(name + n - it.key.n, it.key.p, it.key.n);
		if (v.type == JT_OBJECT)
			collect(s, v, (struct str){ name, n });
		else
			take(s, (struct str){ name, n }, v);
	}
}

/* ---- events ------------------------------------------------------------------------------- */

static bool
ends(struct str text, const char *ending)
{
	struct str e = str_of(ending);

	return text.n >= e.n && str_eq(str_sub(text, text.n - e.n, e.n), e);
}

/* What one of the events until 1.36 says: its body, its content, or its attributes themselves. */
static void
take_event(struct span *s, struct str name, struct json attributes, struct json body)
{
	struct json said = body, message;

	if (said.type != JT_OBJECT && s->v[EVENT_CONTENT].type == JT_STRING)
		said = log_unwrap(s->v[EVENT_CONTENT], s->scratch);
	if (said.type != JT_OBJECT)
		said = attributes;
	if (ends(name, "gen_ai.user.message")) {
		message = json_get(said, "content");
		if (message.type != JT_NONE)
			s->v[INPUT] = message;
	} else if (ends(name, "gen_ai.choice")) {
		message = json_get(said, "message");
		s->v[OUTPUT] = message.type != JT_NONE ? message : json_get(said, "content");
		message = json_get(said, "finish_reason");
		if (s->v[FINISH].type == JT_NONE && message.type == JT_STRING)
			s->v[FINISH] = message;
	}
}

static void
take_events(struct span *s, struct json events)
{
	struct json event;

	for (struct json_iter it = { .of = events }; json_next(&it, &event); ) {
		struct json attributes = json_get(event, "attributes");

		s->v[EVENT_CONTENT] = (struct json){ 0 };
		collect(s, attributes, STR(""));
		take_event(s, json_text(json_get(event, "name"), s->scratch), attributes,
		    json_get(event, "body"));
	}
}

/* ---- the request --------------------------------------------------------------------------- */

/* Spans of agents and tools have a model's name too, and are no request of it. */
static bool
is_request(const struct span *s, struct str event)
{
	static const char *const other[] = { "\"execute_tool\"", "\"invoke_agent\"",
		"\"create_agent\"", "\"invoke_workflow\"", "\"embeddings\"", "\"retrieval\"" };

	for (size_t i = 0; i < COUNT(other); i++)
		if (str_is(s->v[OPERATION].raw, other[i]))
			return false;
	if (event.n > 0)
		return ends(event, "gen_ai.client.inference.operation.details") ||
		    ends(event, "gen_ai.choice");
	return s->v[OPERATION].type == JT_STRING || s->v[ASKED].type == JT_STRING ||
	    s->v[MODEL].type == JT_STRING;
}

/* finish_reasons is a list, in some exports as text: the first counts. */
static void
read_finish(struct record *r, struct json reasons, struct arena *a)
{
	struct json first;

	reasons = log_unwrap(reasons, a);
	if (reasons.type == JT_ARRAY) {
		if (json_next(&(struct json_iter){ .of = reasons }, &first))
			log_text(r, RECORD_FINISH, first, a);
	} else {
		log_text(r, RECORD_FINISH, reasons, a);
	}
}

static void
read_status(struct record *r, struct json status, struct arena *a)
{
	struct json code = json_get(status, "code"), text;

	if (code.type == JT_NONE)
		code = json_get(status, "status_code");
	if (r->has_text[RECORD_ERROR] || (!str_is(code.raw, "2") && !str_is(code.raw, "\"ERROR\"") &&
	    !str_is(code.raw, "\"STATUS_CODE_ERROR\"")))
		return;
	text = json_get(status, "message");
	message_error(r, text.raw.n > 2 ? text : (struct json){ JT_TRUE, STR("true"), NULL }, a);
}

static void
read_prompts(struct record *r, struct span *s, struct json attributes)
{
	if (s->v[INPUT].type == JT_NONE && s->user >= 0) {
		s->wanted = str_of(arena_fmt(s->scratch, "gen_ai.prompt.%ld.content", s->user));
		collect(s, attributes, STR(""));
		s->v[INPUT] = s->found;
	}
	message_input(r, log_unwrap(s->v[INPUT], s->scratch), s->scratch);
}

void
otel_read(struct log_reader *l, struct json line)
{
	struct record r = { .object = line };
	struct span s = { .user = -1, .scratch = l->scratch };
	struct json v[NMEMBER], attributes;
	struct str event;

	log_pick(line, member, v, NMEMBER);
	attributes = v[ATTRIBUTES].type == JT_NONE ? line : v[ATTRIBUTES];
	collect(&s, attributes, STR(""));
	event = json_text(log_first((struct json[]){ v[EVENT], v[EVENT_], s.v[EVENT_NAME] }, 3),
	    l->scratch);
	/* An event of a span that was written by itself has no name but this. */
	if (event.n == 0 && str_starts(v[SPAN_NAME].raw, STR("\"gen_ai.")))
		event = json_text(v[SPAN_NAME], l->scratch);
	take_event(&s, event, attributes, v[BODY]);
	take_events(&s, v[EVENTS]);
	if (!is_request(&s, event)) {
		log_pass(l);
		return;
	}
	log_text(&r, RECORD_ID, log_first((struct json[]){ s.v[ID], v[SPAN_ID], v[SPAN_ID_],
	    json_get(v[CONTEXT], "span_id") }, 4), l->scratch);
	log_text(&r, RECORD_ASKED, s.v[ASKED], l->scratch);
	log_text(&r, RECORD_MODEL, s.v[MODEL], l->scratch);
	read_prompts(&r, &s, attributes);
	message_output(&r, log_unwrap(s.v[OUTPUT], l->scratch), l->scratch);
	read_finish(&r, s.v[FINISH], l->scratch);
	log_text(&r, RECORD_TAGS, s.v[PROMPT_NAME], l->scratch);
	message_error(&r, s.v[ERROR], l->scratch);
	read_status(&r, v[STATUS], l->scratch);
	when_span(&r, log_first(v + BEGIN, 6), log_first(v + END, 3), (struct json){ 0 });
	log_number(&r, RECORD_FIRST_TOKEN, s.v[FIRST], 1);
	log_number(&r, RECORD_TOKENS_IN, s.v[TOKENS_IN], 1);
	log_number(&r, RECORD_TOKENS_OUT, s.v[TOKENS_OUT], 1);
	log_emit(l, &r);
}

static void
read_line(struct log_reader *l, struct json line)
{
	if (json_get(line, "attributes").type == JT_ARRAY)
		otlp_span(l, line);
	else
		otel_read(l, line);
}

/* A log may begin with a span of something else, so it is known by its shape. */
static bool
is_otel(struct json first)
{
	struct json v[NMEMBER], member_value;

	for (struct json_iter it = { .of = first }; json_next(&it, &member_value); )
		if (str_starts(it.key, STR("gen_ai")))
			return true;
	log_pick(first, member, v, NMEMBER);
	return (v[ATTRIBUTES].type == JT_OBJECT || v[ATTRIBUTES].type == JT_ARRAY) &&
	    (log_first(v + SPAN_ID, 3).type != JT_NONE || log_first(v + EVENT, 2).type != JT_NONE ||
	    json_get(v[ATTRIBUTES], "gen_ai").type != JT_NONE);
}

const struct log_format log_otel = {
	.name = "otel",
	.help = "a span or event per line, by OpenTelemetry's GenAI conventions of any version",
	.is = is_otel,
	.read = read_line,
};
