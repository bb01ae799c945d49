/*
 * openai_reply.c -- what a chat completion says, whole or streamed.
 *
 *  (1) The text is choices[0].message.content: a string, or the texts of an array of parts.
 *  (2) Thinking is `reasoning`, `reasoning_content` or `thinking`, apart from the text.
 *  (3) finish_reason: stop (and tool_calls, function_call, or null beside a text) is ANSWERED,
 *      length TRUNCATED, content_filter FILTERED; a `refusal` text is DECLINED.
 *  (4) An error whose code is content_filter is FILTERED, whatever the status.
 *  (5) A stream is complete after [DONE]; a finish_reason before a cut is enough.
 *  (6) Anything else is GARBAGE.  Text that is not UTF-8 is kept with U+FFFD and marked.
 */
#include "harness/proto/openai.h"

/* ---- what answers and stream chunks share ----------------------------------------- */

static void
fault(struct completion *c, const char *why)
{
	c->outcome = OUT_GARBAGE;
	c->text = (struct str){ 0 };
	c->why = str_of(why);
}

static struct str
text_of(struct json j, struct arena *a)
{
	return j.type == JT_STRING ? json_text(j, a) : (struct str){ 0 };
}

static void
read_usage(struct completion *c, struct json usage)
{
	long n;

	if (json_long(json_get(usage, "prompt_tokens"), &n) && n >= 0)
		c->tokens_in = n;
	if (json_long(json_get(usage, "completion_tokens"), &n) && n >= 0)
		c->tokens_out = n;
}

/* (3) */
static void
read_finish(struct completion *c, struct json reason, struct arena *a)
{
	c->finish = text_of(reason, a);
	if (str_is(c->finish, "length")) {
		c->outcome = OUT_TRUNCATED;
		c->why = STR("cut by the token limit");
	} else if (str_is(c->finish, "content_filter")) {
		c->outcome = OUT_FILTERED;
		c->why = STR("withheld by the service's content filter");
	} else {
		c->outcome = OUT_ANSWERED;
	}
}

static void
decline(struct completion *c, struct str refusal)
{
	c->outcome = OUT_DECLINED;
	c->why = refusal;
}

/* One more; room doubles whenever the number is a power of two. */
static struct logprob *
next_logprob(struct completion *c, struct arena *a)
{
	if (c->nlp == 0 || (c->nlp >= 16 && (c->nlp & (c->nlp - 1)) == 0)) {
		struct logprob *lp = arena_array(a, c->nlp == 0 ? 16 : 2 * c->nlp, sizeof *lp);

		if (c->nlp > 0)
			memcpy(lp, c->lp, c->nlp * sizeof *lp);
		c->lp = lp;
	}
	return &c->lp[c->nlp++];
}

/* {"content":[{"token":..,"logprob":..},..]}, appended; a missing one is -9999 at vLLM. */
static void
read_logprobs(struct completion *c, struct json logprobs, struct arena *a)
{
	struct json content = json_get(logprobs, "content"), item;
	struct json_iter it = { .of = content };

	if (content.type != JT_ARRAY)
		return;
	while (json_next(&it, &item)) {
		struct logprob *lp = next_logprob(c, a);

		lp->token = text_of(json_get(item, "token"), a);
		lp->lp = json_to_real(json_get(item, "logprob"), -9999);
	}
}

/* The fields about the answer as a whole. */
static void
read_common(struct completion *c, struct str key, struct json value, struct arena *a)
{
	if (str_is(key, "id"))
		c->response_id = text_of(value, a);
	else if (str_is(key, "model"))
		c->served = text_of(value, a);
	else if (str_is(key, "system_fingerprint"))
		c->fingerprint = text_of(value, a);
	else if (str_is(key, "usage"))
		read_usage(c, value);
}

static bool
is_reasoning(struct str key)
{
	return str_is(key, "reasoning_content") || str_is(key, "reasoning") ||
	       str_is(key, "thinking");
}

/* An error object, or Ollama's and TGI's bare text. */
static void
read_error(struct completion *c, struct json error, struct arena *a)
{
	struct json code = json_get(error, "code");
	struct json message = error.type == JT_STRING ? error : json_get(error, "message");

	c->why = text_of(message, a);
	if (code.type == JT_STRING && str_is(json_text(code, a), "content_filter"))
		c->outcome = OUT_FILTERED;      /* (4) */
}

/* ---- whole answers ---------------------------------------------------------------- */

/* (1) False: neither a string, nor parts, nor null. */
static bool
read_content(struct str *text, struct json content, struct arena *a)
{
	struct json_iter it = { .of = content };
	struct json part;
	struct buf all = { 0 };

	if (content.type == JT_STRING) {
		*text = json_text(content, a);
		return true;
	}
	if (content.type != JT_ARRAY)
		return content.type == JT_NULL || content.type == JT_NONE;
	while (json_next(&it, &part))
		buf_str(&all, text_of(json_get(part, "text"), a));
	*text = str_dup(buf_as_str(&all), a);
	buf_free(&all);
	return true;
}

struct message { struct str refusal; bool has_content, has_tools, bad; };

static struct message
read_message(struct completion *c, struct json message, struct arena *a)
{
	struct message m = { 0 };
	struct json_iter it = { .of = message };
	struct json value;

	while (json_next(&it, &value)) {
		if (json_key_is(it.key, STR("content"))) {
			m.bad = !read_content(&c->text, value, a);
			m.has_content = value.type != JT_NULL;
		} else if (json_key_is(it.key, STR("refusal"))) {
			m.refusal = text_of(value, a);
		} else if (json_key_is(it.key, STR("tool_calls"))) {
			m.has_tools = value.type == JT_ARRAY;
		} else if (is_reasoning(it.key) && c->reasoning.n == 0) {
			c->reasoning = text_of(value, a);       /* (2) */
		}
	}
	return m;
}

static void
read_choice(struct completion *c, struct json choice, struct arena *a)
{
	struct json_iter it = { .of = choice };
	struct json value, message = { 0 }, reason = { 0 };
	struct message m;

	while (json_next(&it, &value)) {
		if (json_key_is(it.key, STR("message")))
			message = value;
		else if (json_key_is(it.key, STR("finish_reason")))
			reason = value;
		else if (json_key_is(it.key, STR("logprobs")) && value.type == JT_OBJECT)
			read_logprobs(c, value, a);
	}
	if (message.type != JT_OBJECT) {
		fault(c, "the answer's choice has no message");
		return;
	}
	m = read_message(c, message, a);
	if (m.bad || (reason.type != JT_STRING && !m.has_content && m.refusal.n == 0)) {
		fault(c, m.bad ? "the message's content is neither text nor parts"
		               : "the answer has neither content nor a finish_reason");
		return;
	}
	read_finish(c, reason, a);
	if (m.has_tools && c->finish.n == 0)
		c->finish = STR("tool_calls");
	if (m.refusal.n > 0 && c->outcome == OUT_ANSWERED)
		decline(c, m.refusal);
}

static void
read_answer(struct completion *c, struct json root, struct arena *a)
{
	struct json_iter it = { .of = root };
	struct json value, first = { 0 }, error = { 0 };

	while (json_next(&it, &value)) {
		if (json_key_is(it.key, STR("choices"))) {
			struct json_iter choice = { .of = value };

			if (value.type != JT_ARRAY || !json_next(&choice, &first))
				first = (struct json){ 0 };
		} else if (json_key_is(it.key, STR("error"))) {
			error = value;
		} else {
			read_common(c, it.key, value, a);
		}
	}
	if (first.type == JT_OBJECT) {
		read_choice(c, first, a);
		return;
	}
	fault(c, "the answer has no choices");
	if (error.type == JT_OBJECT || error.type == JT_STRING) {
		c->outcome = OUT_UNAVAILABLE;
		read_error(c, error, a);
	}
}

void
openai_reply(struct completion *c, const struct target *t, int status, struct str body,
             struct arena *a)
{
	struct json_fault why;
	struct json root;
	bool bad_utf8 = false, good = status >= 200 && status < 300;

	(void)t;
	if (!reply_parse(body, &root, &bad_utf8, &why, a)) {
		c->outcome = OUT_GARBAGE;
		if (good)
			c->why = str_of(arena_fmt(a, "the answer is not JSON: %s at byte %zu",
			                          why.why, why.at));
		return;
	}
	if (good && root.type == JT_OBJECT) {
		read_answer(c, root, a);
		c->bad_utf8 = bad_utf8;
	} else if (good) {
		fault(c, "the answer is no JSON object");
	} else {
		struct json error = json_get(root, "error");

		c->outcome = OUT_REJECTED;
		read_error(c, error.type == JT_NONE ? root : error, a);
	}
}

/* ---- streams ---------------------------------------------------------------------- */

/* Appends to text that lives in the arena: room doubles, so that its size tells the room. */
static void
append(struct str *to, struct str more, struct arena *a)
{
	size_t room = 64, need = to->n + more.n;
	char *p;

	if (more.n == 0)
		return;
	while (room < to->n)
		room *= 2;
	if (to->n == 0 || need > room) {
		while (room < need)
			room *= 2;
		p = arena_alloc(a, room);
		if (to->n > 0)
			memcpy(p, to->p, to->n);
		to->p = p;
	}
	memcpy((char *)(uintptr_t)to->p + to->n, more.p, more.n);
	to->n = need;
}

static void
read_delta(struct completion *c, struct buf *text, struct json delta, struct arena *a)
{
	struct json_iter it = { .of = delta };
	struct json value;

	while (json_next(&it, &value)) {
		struct str piece = { 0 };

		if (json_key_is(it.key, STR("content"))) {
			if (read_content(&piece, value, a))
				buf_str(text, piece);
		} else if (json_key_is(it.key, STR("refusal"))) {
			append(&c->why, text_of(value, a), a);
		} else if (is_reasoning(it.key)) {
			append(&c->reasoning, text_of(value, a), a);
		}
	}
}

static void
read_piece(struct completion *c, struct buf *text, struct json choice, struct arena *a)
{
	struct json_iter it = { .of = choice };
	struct json value, reason = { 0 };
	struct str refusal;
	long index = 0;

	if (json_long(json_get(choice, "index"), &index) && index != 0)
		return;
	while (json_next(&it, &value)) {
		if (json_key_is(it.key, STR("delta")))
			read_delta(c, text, value, a);
		else if (json_key_is(it.key, STR("finish_reason")))
			reason = value;
		else if (json_key_is(it.key, STR("logprobs")) && value.type == JT_OBJECT)
			read_logprobs(c, value, a);
	}
	if (reason.type != JT_STRING)
		return;
	refusal = c->why;
	read_finish(c, reason, a);
	if (refusal.n > 0 && c->outcome == OUT_ANSWERED)
		decline(c, refusal);
}

/* (5) */
static bool
stream_done(struct completion *c, const struct buf *text)
{
	if (c->finish.n > 0)
		return true;
	if (c->why.n > 0)
		decline(c, c->why);
	else if (text->n > 0)
		c->outcome = OUT_ANSWERED;
	else
		fault(c, "the stream ended without an answer");
	return true;
}

bool
openai_event(struct completion *c, struct buf *text, const struct target *t, struct str data,
             struct arena *a)
{
	struct json_iter it;
	struct json root, value;
	struct json_fault why;
	bool bad_utf8 = false, failed = false;

	(void)t;
	if (str_is(data, "[DONE]"))
		return stream_done(c, text);
	data = str_dup(data, a);                /* slices of it outlive the event */
	if (!reply_parse(data, &root, &bad_utf8, &why, a) || root.type != JT_OBJECT) {
		fault(c, "an event of the stream is no JSON object");
		return true;
	}
	it = (struct json_iter){ .of = root };
	while (json_next(&it, &value)) {
		if (json_key_is(it.key, STR("choices"))) {
			struct json_iter choice = { .of = value };
			struct json piece;

			while (value.type == JT_ARRAY && json_next(&choice, &piece))
				read_piece(c, text, piece, a);
		} else if (json_key_is(it.key, STR("error")) && value.type != JT_NULL) {
			c->outcome = OUT_UNAVAILABLE;
			c->finish = (struct str){ 0 };
			read_error(c, value, a);
			failed = true;
		} else {
			read_common(c, it.key, value, a);
		}
	}
	c->bad_utf8 |= bad_utf8;
	return failed;
}
