/*
 * embeddings.c -- POST {url}/embeddings: what a text is near to, as numbers.
 *
 *  (1) The input is the text of the last message: embeddings know no roles.
 *  (2) The answer's text is the array of numbers as the server wrote it, without blanks, so that
 *      features read a stored answer as they read a log's field.
 *  (3) An array that is empty, or has anything but numbers, is GARBAGE; so is a base64 text.
 *  (4) An answer that is none is read as a chat's.
 */
#include "harness/proto/openai.h"

struct embeddings { const char *dimensions; };

static const struct conf_key params[] = {
	{ "dimensions", CONF_NUMBER, offsetof(struct embeddings, dimensions), NULL, ">0",
	  "how many numbers to ask for, where the model can do with fewer" },
	{ 0 }
};

static int
embeddings_open(struct target *t, struct arena *a, struct err *e)
{
	const struct embeddings *p = t->params;
	int before = e->n;
	long n;

	(void)a;
	http_check(t, e);
	if (t->model == NULL)
		err_set(e, "target '%s': give it a 'model'", t->name);
	if (p->dimensions != NULL && !str_long(str_of(p->dimensions), &n))
		err_set(e, "target '%s': 'dimensions' must be a whole number", t->name);
	return e->n == before ? 0 : -1;
}

static void
embeddings_request(struct request *r, const struct target *t, const struct test_case *tc, int rep,
                   struct arena *a)
{
	const struct embeddings *p = t->params;
	struct buf *b = &r->body;

	(void)rep;
	(void)a;
	r->path = "/embeddings";
	buf_char(b, '{');
	buf_key_text(b, "model", str_of(t->model));
	buf_key_text(b, "encoding_format", STR("float"));
	if (p->dimensions != NULL) {
		buf_key(b, "dimensions");
		buf_puts(b, p->dimensions);
	}
	buf_key_text(b, "input", tc->nmsg > 0 ? tc->msg[tc->nmsg - 1].text : (struct str){ 0 });
	buf_char(b, '}');
}

/* (2) (3) */
static bool
read_numbers(struct completion *c, struct json array, struct arena *a)
{
	struct json_iter it = { .of = array };
	struct json item;
	struct buf all = { 0 };
	bool good = array.type == JT_ARRAY;

	while (good && json_next(&it, &item)) {
		good = item.type == JT_NUMBER;
		buf_char(&all, all.n > 0 ? ',' : '[');
		buf_str(&all, item.raw);
	}
	good = good && all.n > 0;
	buf_char(&all, ']');
	if (good)
		c->text = str_dup(buf_as_str(&all), a);
	buf_free(&all);
	return good;
}

static void
embeddings_reply(struct completion *c, const struct target *t, int status, struct str body,
                 struct arena *a)
{
	struct json root, error = { 0 }, first = { 0 };
	struct json_fault fault;
	struct json_iter data;
	bool bad_utf8 = false, read = reply_parse(body, &root, &bad_utf8, &fault, a);
	long n;

	if (read)
		error = json_get(root, "error");
	if (!read || status < 200 || status >= 300 || error.type == JT_OBJECT ||
	    error.type == JT_STRING) {
		openai_reply(c, t, status, body, a);
		return;
	}
	data = (struct json_iter){ .of = json_get(root, "data") };
	if (data.of.type != JT_ARRAY || !json_next(&data, &first) ||
	    !read_numbers(c, json_get(first, "embedding"), a)) {
		c->outcome = OUT_GARBAGE;
		c->why = STR("the answer has no embedding: no numbers in data[0].embedding");
		return;
	}
	c->outcome = OUT_ANSWERED;
	if (json_get(root, "model").type == JT_STRING)
		c->served = json_text(json_get(root, "model"), a);
	if (json_long(json_get(json_get(root, "usage"), "prompt_tokens"), &n) && n >= 0)
		c->tokens_in = n;
}

const struct protocol protocol_embeddings = {
	.name = "embeddings",
	.help = "OpenAI embeddings, as vLLM, llama.cpp, Ollama and text-embeddings-inference have them",
	.wire = WIRE_HTTP,
	.params = params,
	.size = sizeof(struct embeddings),
	.open = embeddings_open,
	.request = embeddings_request,
	.reply = embeddings_reply,
};
