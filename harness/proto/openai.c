/*
 * openai.c -- POST {url}/chat/completions, as OpenAI, vLLM, llama.cpp, Ollama, TGI and most
 * gateways speak it.
 *
 *  (1) A parameter that the user did not set is not sent; numbers are sent as written.
 *  (2) `extra` is merged verbatim; it may not repeat what has a key of its own here.
 *
 * What comes back is read by openai_reply.c.
 */
#include "harness/proto/openai.h"

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
	buf_key_text(b, "model", str_of(t->model));
	put_number(b, "temperature", p->temperature);
	put_number(b, "top_p", p->top_p);
	put_number(b, "max_tokens", p->max_tokens);
	put_number(b, "max_completion_tokens", p->max_completion_tokens);
	put_stop(b, &p->stop);
	put_number(b, "seed", p->seed);
	put_number(b, "frequency_penalty", p->frequency_penalty);
	put_number(b, "presence_penalty", p->presence_penalty);
	if (p->reasoning_effort != NULL) {
		buf_key_text(b, "reasoning_effort", str_of(p->reasoning_effort));
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
