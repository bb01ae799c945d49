/*
 * message.c -- what is asked and answered, in the JSON of the protocols that logs hold.
 *
 * OpenAI's chat completions, completions and responses, Anthropic's messages, OpenTelemetry's
 * messages of parts.  They differ in names and nesting only, so each function knows them all.
 */
#include "drift/logs.h"

static struct json
member(struct json object, const char *a, const char *b)
{
	struct json v = json_get(object, a);

	return v.type == JT_NONE || v.type == JT_NULL ? json_get(object, b) : v;
}

/* ---- contents --------------------------------------------------------------------------- */

static bool
is_text_part(struct json type)
{
	return type.type != JT_STRING || str_is(type.raw, "\"text\"") ||
	    str_is(type.raw, "\"input_text\"") || str_is(type.raw, "\"output_text\"") ||
	    str_is(type.raw, "\"message\"");
}

/* Lists in lists are copied once per level: hostile ones are cut. */
enum { LEVELS = 8 };

static struct str content_at(struct json content, int level, struct arena *a);

/* The texts of the parts that have one, a newline between. */
static struct str
join(struct json list, int level, struct arena *a)
{
	struct json part;
	struct str *text;
	size_t n = 0, filled = 0, size = 0, at = 0;
	char *out;

	for (struct json_iter it = { .of = list }; json_next(&it, &part); )
		n++;
	text = arena_array(a, n, sizeof *text);
	for (struct json_iter it = { .of = list }; json_next(&it, &part); ) {
		text[filled] = content_at(part, level, a);
		size += text[filled].n + 1;
		filled += text[filled].n > 0;
	}
	if (filled < 2)
		return filled == 1 ? text[0] : STR("");
	out = arena_raw(a, size);
	for (size_t i = 0; i < filled; i++) {
		if (i > 0)
			out[at++] = '\n';
		memcpy(out + at, text[i].p, text[i].n);
		at += text[i].n;
	}
	return (struct str){ out, at };
}

static struct str
content_at(struct json content, int level, struct arena *a)
{
	enum { TYPE, CONTENT, TEXT, PARTS, N };
	static const struct str name[N] = { LOG_NAME("type"), LOG_NAME("content"), LOG_NAME("text"),
	                                    LOG_NAME("parts") };
	struct json v[N];

	if (content.type == JT_STRING)
		return json_text(content, a);
	if (level == LEVELS)
		return STR("");
	if (content.type == JT_ARRAY)
		return join(content, level + 1, a);
	if (content.type != JT_OBJECT)
		return STR("");
	log_pick(content, name, v, N);
	return is_text_part(v[TYPE]) ? content_at(log_first(v + CONTENT, 3), level + 1, a) : STR("");
}

struct str
message_content(struct json content, struct arena *a)
{
	return content_at(content, 0, a);
}

static void
set(struct record *r, enum record_text which, struct str text)
{
	r->has_text[which] = true;
	r->text[which] = text;
}

/* ---- what is asked ------------------------------------------------------------------------ */

/* Whether a message says something by itself: what tools gave back does not. */
static bool
says(struct json content, struct arena *a)
{
	return content.type == JT_STRING ? content.raw.n > 2 : message_content(content, a).n > 0;
}

void
message_input(struct record *r, struct json messages, struct arena *a)
{
	enum { ROLE, CONTENT, TEXT, PARTS, N };
	static const struct str name[N] = { LOG_NAME("role"), LOG_NAME("content"), LOG_NAME("text"),
	                                    LOG_NAME("parts") };
	struct json item, v[N], user = { 0 }, last = { 0 };

	if (messages.type == JT_OBJECT && json_get(messages, "messages").type != JT_NONE)
		messages = json_get(messages, "messages");
	if (messages.type == JT_NONE || messages.type == JT_NULL)
		return;
	if (messages.type != JT_ARRAY) {
		struct str text = message_content(messages, a);

		/* An object of a program's own is its input as it stands. */
		set(r, RECORD_INPUT, messages.type != JT_STRING && text.n == 0 ? messages.raw : text);
		return;
	}
	for (struct json_iter it = { .of = messages }; json_next(&it, &item); ) {
		log_pick(item, name, v, N);
		last = item.type == JT_OBJECT ? log_first(v + CONTENT, 3) : item;
		if ((str_is(v[ROLE].raw, "\"user\"") || str_is(v[ROLE].raw, "\"human\"")) &&
		    says(last, a))
			user = last;
	}
	set(r, RECORD_INPUT, message_content(user.type != JT_NONE ? user : last, a));
}

void
message_request(struct record *r, struct json request, struct arena *a)
{
	enum { MODEL, MESSAGES, INPUT, PROMPT, METADATA, N };
	static const struct str name[N] = { LOG_NAME("model"), LOG_NAME("messages"),
		LOG_NAME("input"), LOG_NAME("prompt"), LOG_NAME("metadata") };
	struct json v[N];

	log_pick(request, name, v, N);
	log_text(r, RECORD_ASKED, v[MODEL], a);
	log_text(r, RECORD_TAGS, v[METADATA], a);
	message_input(r, log_first(v + MESSAGES, 3), a);
}

/* ---- what is answered ----------------------------------------------------------------------- */

/* A message, or a choice of a completion: its text, else the refusal that stands for it. */
static void
read_message(struct record *r, struct json message, struct arena *a)
{
	enum { CONTENT, TEXT, PARTS, REFUSAL, FINISH, STOP, N };
	static const struct str name[N] = { LOG_NAME("content"), LOG_NAME("text"), LOG_NAME("parts"),
		LOG_NAME("refusal"), LOG_NAME("finish_reason"), LOG_NAME("stop_reason") };
	struct json v[N];
	struct str text;

	log_pick(message, name, v, N);
	text = message_content(log_first(v + CONTENT, 3), a);
	set(r, RECORD_OUTPUT, text.n == 0 ? json_text(v[REFUSAL], a) : text);
	log_text(r, RECORD_FINISH, log_first(v + FINISH, 2), a);
}

static void
read_choice(struct record *r, struct json choice, struct arena *a)
{
	enum { MESSAGE, FINISH, N };
	static const struct str name[N] = { LOG_NAME("message"), LOG_NAME("finish_reason") };
	struct json v[N];

	log_pick(choice, name, v, N);
	read_message(r, v[MESSAGE].type == JT_OBJECT ? v[MESSAGE] : choice, a);
	log_text(r, RECORD_FINISH, v[FINISH], a);
}

static void
read_usage(struct record *r, struct json usage)
{
	enum { PROMPT, INPUT, COMPLETION, OUTPUT, N };
	static const struct str name[N] = { LOG_NAME("prompt_tokens"), LOG_NAME("input_tokens"),
		LOG_NAME("completion_tokens"), LOG_NAME("output_tokens") };
	struct json v[N];

	log_pick(usage, name, v, N);
	log_number(r, RECORD_TOKENS_IN, log_first(v + PROMPT, 2), 1);
	log_number(r, RECORD_TOKENS_OUT, log_first(v + COMPLETION, 2), 1);
}

void
message_error(struct record *r, struct json error, struct arena *a)
{
	enum { TYPE, CODE, MESSAGE, N };
	static const struct str name[N] = { LOG_NAME("type"), LOG_NAME("code"), LOG_NAME("message") };
	struct json v[N];

	if (error.type == JT_OBJECT) {
		log_pick(error, name, v, N);
		error = log_first(v, N);
	}
	if (error.type == JT_TRUE)
		set(r, RECORD_ERROR, STR("error"));
	else if (error.type == JT_NUMBER || (error.type == JT_STRING && error.raw.n > 2))
		log_text(r, RECORD_ERROR, error, a);
}

void
message_reply(struct record *r, struct json reply, struct arena *a)
{
	enum { ID, MODEL, CREATED, CREATED_AT, CHOICES, OUTPUT, CONTENT, USAGE, ERROR, STOP, STATUS,
	       INCOMPLETE, N };
	static const struct str name[N] = { LOG_NAME("id"), LOG_NAME("model"), LOG_NAME("created"),
		LOG_NAME("created_at"), LOG_NAME("choices"), LOG_NAME("output"), LOG_NAME("content"),
		LOG_NAME("usage"), LOG_NAME("error"), LOG_NAME("stop_reason"), LOG_NAME("status"),
		LOG_NAME("incomplete_details") };
	struct json v[N], choice;

	if (reply.type == JT_STRING)
		set(r, RECORD_OUTPUT, json_text(reply, a));
	if (reply.type != JT_OBJECT)
		return;
	log_pick(reply, name, v, N);
	log_text(r, RECORD_ID, v[ID], a);
	log_text(r, RECORD_MODEL, v[MODEL], a);
	when_set(r, log_first(v + CREATED, 2));
	if (v[CHOICES].type == JT_ARRAY) {
		if (json_next(&(struct json_iter){ .of = v[CHOICES] }, &choice))
			read_choice(r, choice, a);
	} else if (v[OUTPUT].type == JT_ARRAY || v[OUTPUT].type == JT_STRING) {
		set(r, RECORD_OUTPUT, message_content(v[OUTPUT], a));
		log_text(r, RECORD_FINISH, v[STATUS], a);
		log_text(r, RECORD_FINISH, json_get(v[INCOMPLETE], "reason"), a);
	} else if (v[CONTENT].type != JT_NONE) {
		set(r, RECORD_OUTPUT, message_content(v[CONTENT], a));
		log_text(r, RECORD_FINISH, v[STOP], a);
	}
	read_usage(r, v[USAGE]);
	message_error(r, v[ERROR], a);
}

void
message_output(struct record *r, struct json output, struct arena *a)
{
	struct json item, last = { 0 };

	for (struct json_iter it = { .of = output }; output.type == JT_ARRAY && json_next(&it, &item); )
		last = item;
	if (last.type != JT_NONE)
		output = last;
	if (output.type == JT_STRING)
		set(r, RECORD_OUTPUT, json_text(output, a));
	else if (output.type == JT_OBJECT && json_get(output, "choices").type == JT_ARRAY)
		message_reply(r, output, a);
	else if (output.type == JT_OBJECT)
		read_message(r, json_get(output, "message").type == JT_OBJECT ?
		    json_get(output, "message") : output, a);
	/* An object of a program's own is its output as it stands. */
	if (output.type == JT_OBJECT && r->text[RECORD_OUTPUT].n == 0 &&
	    member(output, "content", "parts").type == JT_NONE &&
	    member(output, "choices", "message").type == JT_NONE)
		set(r, RECORD_OUTPUT, output.raw);
}
