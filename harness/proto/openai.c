/*
 * openai.c -- POST {url}/chat/completions, as OpenAI, vLLM, llama.cpp, Ollama, TGI and most
 * gateways speak it.
 *
 *  (1) A parameter that the user did not set is not sent; numbers are sent as written.
 *  (2) `extra` is merged verbatim; it may not repeat what has a key of its own here.
 *  (3) The text is choices[0].message.content: a string, or the texts of an array of parts.
 *  (4) Thinking is `reasoning`, `reasoning_content` or `thinking`, apart from the text.
 *  (5) finish_reason: stop (and tool_calls, function_call, or null beside a text) is ANSWERED,
 *      length TRUNCATED, content_filter FILTERED; a `refusal` text is DECLINED.
 *  (6) An error whose code is content_filter is FILTERED, whatever the status.
 *  (7) A stream is complete after [DONE]; a finish_reason before a cut is enough.
 *  (8) Anything else is GARBAGE.  Text that is not UTF-8 is kept with U+FFFD and marked.
 */
#include "harness/harness.h"

struct openai {
	const char  *temperature, *top_p, *max_tokens, *max_completion_tokens, *seed;
	const char  *frequency_penalty, *presence_penalty, *logprobs;
	const char  *reasoning_effort;
	struct texts stop;
	bool         stream;
	struct node *response_format, *extra;
};

static const struct conf_key openai_params[] = {
	{ "temperature", CONF_NUMBER, offsetof(struct openai, temperature), NULL, ">=0",
	  "sampling temperature; not sent unless given" },
	{ "top_p", CONF_NUMBER, offsetof(struct openai, top_p), NULL, "0..1",
	  "nucleus sampling" },
	{ "max_tokens", CONF_NUMBER, offsetof(struct openai, max_tokens), NULL, ">0",
	  "token limit of the answer, as older and local servers know it" },
	{ "max_completion_tokens", CONF_NUMBER, offsetof(struct openai, max_completion_tokens), NULL,
	  ">0", "token limit of the answer, thinking included" },
	{ "stop", CONF_LIST, offsetof(struct openai, stop), NULL, NULL,
	  "texts at which the answer ends" },
	{ "seed", CONF_NUMBER, offsetof(struct openai, seed), NULL, NULL,
	  "sampling seed, where the server honours one" },
	{ "frequency_penalty", CONF_NUMBER, offsetof(struct openai, frequency_penalty), NULL, "-2..2",
	  "lowers repeated tokens by how often they came" },
	{ "presence_penalty", CONF_NUMBER, offsetof(struct openai, presence_penalty), NULL, "-2..2",
	  "lowers tokens that came at all" },
	{ "reasoning_effort", CONF_TEXT, offsetof(struct openai, reasoning_effort), NULL, NULL,
	  "none, minimal, low, medium, high and what else the server knows" },
	{ "response_format", CONF_NODE, offsetof(struct openai, response_format), NULL, NULL,
	  "sent as it stands: {type: json_object} and the like" },
	{ "logprobs", CONF_NUMBER, offsetof(struct openai, logprobs), NULL, "0..20",
	  "ask for log probabilities, and for that many alternatives" },
	{ "stream", CONF_BOOL, offsetof(struct openai, stream), "no", NULL,
	  "stream the answer, which measures the time to the first token" },
	{ "extra", CONF_NODE, offsetof(struct openai, extra), NULL, NULL,
	  "a mapping merged into the request as it stands" },
	{ 0 }
};

/* Keys that the request always, or on its own account, holds. */
static const char *const own_keys[] = {
	"model", "messages", "stream_options", "top_logprobs", NULL
};

/* The request up to the messages is the same for every case. */
struct openai_state { struct str head; };

/* ---- out ------------------------------------------------------------------------------ */

static void
put_number(struct buf *b, const char *key, const char *number)
{
	if (number == NULL)
		return;
	buf_key(b, key);
	buf_puts(b, number);
}

static void
put_node(struct buf *b, const char *key, const struct node *node)
{
	if (node == NULL)
		return;
	buf_key(b, key);
	conf_json(b, node);
}

static void
put_stop(struct buf *b, const struct texts *stop)
{
	if (stop->n == 0)
		return;
	buf_key(b, "stop");
	for (size_t i = 0; i < stop->n; i++) {
		buf_char(b, i == 0 ? '[' : ',');
		buf_json(b, str_of(stop->text[i]));
	}
	buf_char(b, ']');
}

static void
put_head(struct buf *b, const struct target *t, const struct openai *p)
{
	buf_char(b, '{');
	buf_key(b, "model");
	buf_json(b, str_of(t->model));
	put_number(b, "temperature", p->temperature);
	put_number(b, "top_p", p->top_p);
	put_number(b, "max_tokens", p->max_tokens);
	put_number(b, "max_completion_tokens", p->max_completion_tokens);
	put_stop(b, &p->stop);
	put_number(b, "seed", p->seed);
	put_number(b, "frequency_penalty", p->frequency_penalty);
	put_number(b, "presence_penalty", p->presence_penalty);
	if (p->reasoning_effort != NULL) {
		buf_key(b, "reasoning_effort");
		buf_json(b, str_of(p->reasoning_effort));
	}
	put_node(b, "response_format", p->response_format);
	if (p->logprobs != NULL) {
		buf_puts(b, ",\"logprobs\":true");
		put_number(b, "top_logprobs", p->logprobs);
	}
	if (p->stream)
		buf_puts(b, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
	for (size_t i = 0; p->extra != NULL && i < p->extra->n; i++) {
		buf_char(b, ',');
		buf_json(b, p->extra->key[i]->text);
		buf_char(b, ':');
		conf_json(b, p->extra->item[i]);
	}
	buf_puts(b, ",\"messages\":[");
}

/* (2) */
static void
check_extra(const struct target *t, const struct openai *p, struct err *e)
{
	if (p->extra == NULL)
		return;
	if (p->extra->kind != NODE_MAP) {
		conf_err(p->extra, e, "target '%s': 'extra' must be a mapping", t->name);
		return;
	}
	for (size_t i = 0; i < p->extra->n; i++) {
		struct str key = p->extra->key[i]->text;
		bool ours = false;

		for (size_t k = 0; openai_params[k].name != NULL; k++)
			ours = ours || str_is(key, openai_params[k].name);
		if (ours)
			conf_err(p->extra->key[i], e, "target '%s': '%.*s' has a key of its own: move it out "
			         "of 'extra'", t->name, STR_ARG(key));
		for (const char *const *own = own_keys; *own != NULL; own++)
			if (str_is(key, *own))
				conf_err(p->extra->key[i], e, "target '%s': '%.*s' is set by driftlead: take it "
				         "out of 'extra'", t->name, STR_ARG(key));
	}
}

static bool
whole_number(const char *number)
{
	long n;

	return number == NULL || str_long(str_of(number), &n);
}

static int
openai_open(struct target *t, struct arena *a, struct err *e)
{
	const struct openai *p = t->params;
	struct openai_state *state = arena_alloc(a, sizeof *state);
	struct buf head = { 0 };
	int before = e->n;

	http_check(t, e);
	if (t->model == NULL)
		err_set(e, "target '%s': give it a 'model'", t->name);
	if (!whole_number(p->logprobs))
		err_set(e, "target '%s': 'logprobs' must be a whole number", t->name);
	if (p->max_tokens != NULL && p->max_completion_tokens != NULL)
		err_set(e, "target '%s': give 'max_tokens' or 'max_completion_tokens', not both",
		        t->name);
	check_extra(t, p, e);
	if (e->n > before)
		return -1;
	put_head(&head, t, p);
	state->head = str_dup(buf_as_str(&head), a);
	buf_free(&head);
	t->state = state;
	return 0;
}

static void
openai_request(struct request *r, const struct target *t, const struct test_case *tc, int rep,
               struct arena *a)
{
	const struct openai_state *state = t->state;
	const struct openai *p = t->params;

	(void)rep;
	(void)a;
	r->path = "/chat/completions";
	r->stream = p->stream;
	buf_str(&r->body, state->head);
	for (size_t i = 0; i < tc->nmsg; i++) {
		buf_puts(&r->body, i == 0 ? "{\"role\":" : ",{\"role\":");
		buf_json(&r->body, str_of(tc->msg[i].role));
		buf_puts(&r->body, ",\"content\":");
		buf_json(&r->body, tc->msg[i].text);
		buf_char(&r->body, '}');
	}
	buf_puts(&r->body, "]}");
}

/* ---- in: what answers and stream chunks share ----------------------------------------- */

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

/* (5) */
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
		c->outcome = OUT_FILTERED;      /* (6) */
}

/* ---- in: whole answers ---------------------------------------------------------------- */

/* (3) False: neither a string, nor parts, nor null. */
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
			c->reasoning = text_of(value, a);       /* (4) */
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

static void
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

/* ---- in: streams ---------------------------------------------------------------------- */

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

/* (7) */
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

static bool
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

const struct protocol protocol_openai = {
	.name = "openai",
	.help = "OpenAI chat completions: OpenAI, vLLM, llama.cpp, Ollama, TGI and most gateways",
	.wire = WIRE_HTTP,
	.params = openai_params,
	.size = sizeof(struct openai),
	.open = openai_open,
	.request = openai_request,
	.reply = openai_reply,
	.event = openai_event,
};
