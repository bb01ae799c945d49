/*
 * exec.c -- local engines as child processes that answer lines: the protocol of
 * driftlead-exec(5).  This file knows the lines; child.c moves them.
 *
 *  (1) A request is one JSON object in one line: id, rep, messages, input, and model if the
 *      target names one.
 *  (2) An answer is one JSON object in one line with the text `text`.  A member that is null
 *      is absent; members not named here are ignored.
 *  (3) A text `error` is the engine's own word that it cannot answer this case: rejected.
 *  (4) `finish` says why the text ended: stop, length or filter; without it, stop.  What a
 *      filter withheld needs no text.
 *  (5) Anything else is garbage, with what is wrong.
 *  (6) An answer may repeat the request's `id`; the engine refuses one that is to another.
 */
#include "harness/child.h"
#include "harness/harness.h"

#include <math.h>

struct exec {
	struct texts command, env;
	double       cpu, grace;
	long         memory, files, output;
};

static const struct conf_key params[] = {
	{ "command", CONF_LIST, offsetof(struct exec, command), CONF_REQUIRED, NULL,
	  "the engine's argv, without a shell; a path with a slash is relative to driftlead.yaml" },
	{ "env", CONF_LIST, offsetof(struct exec, env), NULL, NULL,
	  "environment: NAME passes ours on, NAME=value sets" },
	{ "memory", CONF_SIZE, offsetof(struct exec, memory), NULL, ">0",
	  "most address space of a worker" },
	{ "cpu", CONF_TIME, offsetof(struct exec, cpu), NULL, ">0",
	  "most processor time of a worker, all its answers together" },
	{ "files", CONF_INT, offsetof(struct exec, files), NULL, "4..1048576",
	  "most open files of a worker" },
	{ "output", CONF_SIZE, offsetof(struct exec, output), "4M", "1024..67108864",
	  "most bytes in one line of answer" },
	{ "stop_grace", CONF_TIME, offsetof(struct exec, grace), "2s", ">=0",
	  "time between SIGTERM and SIGKILL" },
	{ 0 }
};

static const char *const *
terminated(const struct texts *t, struct arena *a)
{
	const char **list = arena_array(a, t->n + 1, sizeof *list);

	for (size_t i = 0; i < t->n; i++)
		list[i] = t->text[i];
	return list;
}

static int
open_exec(struct target *t, struct arena *a, struct err *e)
{
	const struct exec *p = t->params;
	struct worker *w = arena_alloc(a, sizeof *w);

	if (p->command.n == 0)
		return err_set(e, "target '%s': command names no program", t->name);
	*w = (struct worker){
		.argv = terminated(&p->command, a), .dir = t->dir, .env = terminated(&p->env, a),
		.limits = { (long)ceil(p->cpu), p->memory, p->files, (size_t)p->output },
		.grace = p->grace,
	};
	t->worker = w;
	return spawn_check(w->argv[0], w->dir, e);
}

/* (1) */
static void
request(struct request *r, const struct target *t, const struct test_case *tc, int rep,
    struct arena *a)
{
	struct buf *b = &r->body;

	(void)a;
	buf_char(b, '{');
	buf_key_text(b, "id", str_of(tc->id));
	buf_key(b, "rep");
	buf_fmt(b, "%d", rep);
	if (t->model != NULL) {
		buf_key_text(b, "model", str_of(t->model));
	}
	buf_key(b, "messages");
	messages_json(b, tc->msg, tc->nmsg);
	buf_key_text(b, "input", tc->input);
	buf_char(b, '}');
}

/* A member that may be absent, or must be of the type. */
static bool
member(struct json obj, const char *name, enum json_type type, struct json *out)
{
	*out = json_get(obj, name);
	if (out->type == JT_NULL)
		out->type = JT_NONE;
	return out->type == JT_NONE || out->type == type;
}

static bool
text_of(struct json obj, const char *name, struct str *into, struct arena *a)
{
	struct json v;

	if (!member(obj, name, JT_STRING, &v))
		return false;
	if (v.type == JT_STRING)
		*into = json_text(v, a);
	return true;
}

static bool
tokens_of(struct json obj, const char *name, long *into)
{
	struct json v;
	long n;

	if (!member(obj, name, JT_NUMBER, &v))
		return false;
	if (v.type == JT_NONE)
		return true;
	if (!json_long(v, &n) || n < 0)
		return false;
	*into = n;
	return true;
}

/* (4) */
static bool
finish_of(struct json obj, struct completion *c, struct arena *a)
{
	static const struct { const char *word; enum outcome outcome; } known[] = {
		{ "stop", OUT_ANSWERED }, { "length", OUT_TRUNCATED }, { "filter", OUT_FILTERED },
	};

	c->outcome = OUT_ANSWERED;
	if (!text_of(obj, "finish", &c->finish, a))
		return false;
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_is(c->finish, known[i].word)) {
			c->outcome = known[i].outcome;
			return true;
		}
	return c->finish.p == NULL;
}

static bool
logprobs_of(struct json obj, struct completion *c, struct arena *a)
{
	struct json list, each;
	struct json_iter it;
	size_t n = 0;

	if (!member(obj, "logprobs", JT_ARRAY, &list))
		return false;
	if (list.type == JT_NONE)
		return true;
	for (it = (struct json_iter){ .of = list }; json_next(&it, &each);)
		n++;
	c->lp = arena_array(a, n, sizeof *c->lp);
	for (it = (struct json_iter){ .of = list }; json_next(&it, &each);) {
		struct json token = json_get(each, "token"), lp = json_get(each, "logprob");

		if (token.type != JT_STRING || lp.type != JT_NUMBER || json_to_real(lp, 1) > 0)
			return false;
		c->lp[c->nlp++] = (struct logprob){ json_text(token, a), json_to_real(lp, 0) };
	}
	return true;
}

/* What is wrong with an answer, or NULL after it was taken into c. */
static const char *
take(struct completion *c, struct json obj, struct arena *a)
{
	if (!tokens_of(obj, "tokens_in", &c->tokens_in))
		return "'tokens_in' is not a number of tokens";
	if (!tokens_of(obj, "tokens_out", &c->tokens_out))
		return "'tokens_out' is not a number of tokens";
	if (!text_of(obj, "model", &c->served, a))
		return "'model' is not a text";
	if (!text_of(obj, "id", &c->response_id, a))                         /* (6) */
		return "'id' is not a text";
	if (!text_of(obj, "error", &c->why, a))
		return "'error' is not a text";
	if (c->why.p != NULL) {                                              /* (3) */
		c->outcome = OUT_REJECTED;
		return NULL;
	}
	if (!finish_of(obj, c, a))
		return "'finish' is not stop, length or filter";
	if (!logprobs_of(obj, c, a))
		return "'logprobs' is not a list of {token, logprob}";
	if (!text_of(obj, "text", &c->text, a))
		return "'text' is not a text";
	if (c->text.p == NULL && c->outcome != OUT_FILTERED)
		return "no member 'text'";
	return NULL;
}

static void
reply(struct completion *c, const struct target *t, int status, struct str body, struct arena *a)
{
	struct completion blank = *c;
	struct json_fault fault;
	struct json root;
	const char *wrong;

	(void)t, (void)status;
	if (json_parse(body, &root, &fault) != 0)
		wrong = arena_fmt(a, "not JSON at byte %zu: %s", fault.at, fault.why);
	else if (root.type != JT_OBJECT)
		wrong = "not a JSON object";
	else
		wrong = take(c, root, a);
	if (wrong == NULL)
		return;
	*c = blank;                              /* nothing of a bad answer is believed */
	c->outcome = OUT_GARBAGE;                                            /* (5) */
	c->why = str_of(arena_fmt(a, "the engine's answer: %s", wrong));
}

const struct protocol protocol_exec = {
	.name = "exec", .help = "a local engine that answers lines of JSON", .wire = WIRE_CHILD,
	.params = params, .size = sizeof(struct exec),
	.open = open_exec, .request = request, .reply = reply,
};
