/*
 * target.c -- driftlead.yaml: where the store is, what may be read, targets and watches.
 *
 * A target's keys are driftlead's own (this file's table) and its protocol's.  Secrets stand
 * in the file only as ${NAME}; their values come from the environment when the target is
 * opened and are kept out of everything that is written.
 */
#include "harness/harness.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROJECT_MAX = 1 << 20 };

struct project_conf {
	const char  *store;
	struct texts data_roots;
	struct node *targets, *watches;
};

const struct conf_key project_keys[] = {
	{ "store", CONF_TEXT, offsetof(struct project_conf, store), ".driftlead/store.db", NULL,
	  "the SQLite store, relative to this file" },
	{ "data_roots", CONF_LIST, offsetof(struct project_conf, data_roots), NULL, NULL,
	  "folders beside the project's own that suites and targets may read" },
	{ "targets", CONF_NODE, offsetof(struct project_conf, targets), NULL, NULL,
	  "mapping of name to {protocol: ..., ...}" },
	{ "watches", CONF_NODE, offsetof(struct project_conf, watches), NULL, NULL,
	  "mapping of name to {source: ..., reference: ..., ...}" },
	{ 0 }
};

struct target_conf {
	const char *protocol, *url, *model, *key, *unix_socket, *ca_file;
	struct node *headers, *prices, *serve;
	long        slots, retries, give_up, max_body;
	int         keep;
	double      per_minute, retry_wait, connect, first_byte, idle, total;
};

#define AT(member) offsetof(struct target_conf, member)

const struct conf_key target_keys[] = {
	{ "protocol", CONF_TEXT, AT(protocol), CONF_REQUIRED, NULL, "see 'driftlead list protocols'" },
	{ "url", CONF_TEXT, AT(url), NULL, NULL,
	  "base address of an HTTP endpoint; {port} with serve" },
	{ "model", CONF_TEXT, AT(model), NULL, NULL, "model name that the endpoint knows" },
	{ "key", CONF_TEXT, AT(key), NULL, NULL,
	  "${NAME} of the environment variable that holds the key" },
	{ "headers", CONF_NODE, AT(headers), NULL, NULL, "further headers; ${NAME} is replaced" },
	{ "unix_socket", CONF_TEXT, AT(unix_socket), NULL, NULL,
	  "path of a Unix socket to connect to" },
	{ "ca_file", CONF_TEXT, AT(ca_file), NULL, NULL, "PEM file of the authorities to trust" },
	{ "slots", CONF_INT, AT(slots), "8", "1..4096", "requests in flight at most" },
	{ "per_minute", CONF_REAL, AT(per_minute), "0", ">=0", "requests per minute; 0: no pacing" },
	{ "retries", CONF_INT, AT(retries), "6", "0..100", "how often a failed request is sent again" },
	{ "retry_wait", CONF_TIME, AT(retry_wait), "15m", ">=0", "longest sum of waits for one case" },
	{ "give_up", CONF_INT, AT(give_up), "20", "1..1000000",
	  "identical failures in a row after which the run stops" },
	{ "connect_timeout", CONF_TIME, AT(connect), "10s", ">=0", "to connect; 0: none" },
	{ "first_byte_timeout", CONF_TIME, AT(first_byte), "120s", ">=0",
	  "to the first byte; 0: none" },
	{ "idle_timeout", CONF_TIME, AT(idle), "60s", ">=0", "without a byte; 0: none" },
	{ "timeout", CONF_TIME, AT(total), "10m", ">=0", "of one request in all; 0: none" },
	{ "max_body", CONF_SIZE, AT(max_body), "8M", ">0", "bytes of an answer after decompression" },
	{ "prices", CONF_NODE, AT(prices), NULL, NULL, "{in, out}: USD per million tokens" },
	{ "keep", CONF_ENUM, AT(keep), "failures", "failures|all",
	  "which answers are stored byte for byte besides their text" },
	{ "serve", CONF_NODE, AT(serve), NULL, NULL,
	  "starts the local server, see driftlead-project(5)" },
	{ 0 }
};

struct prices_conf { double in, out; };

const struct conf_key price_keys[] = {
	{ "in", CONF_REAL, offsetof(struct prices_conf, in), CONF_REQUIRED, ">=0",
	  "USD per million tokens asked" },
	{ "out", CONF_REAL, offsetof(struct prices_conf, out), CONF_REQUIRED, ">=0",
	  "USD per million tokens answered" },
	{ 0 }
};

/* ---- secrets ---------------------------------------------------------------------------- */

/* Whether all of text is ${NAME}; the name goes to *name. */
static bool
is_variable(struct str text, struct str *name)
{
	if (text.n < 4 || !str_starts(text, STR("${")) || text.p[text.n - 1] != '}')
		return false;
	*name = str_sub(text, 2, text.n - 3);
	for (size_t i = 0; i < name->n; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_",
		    name->p[i]) == NULL)
			return false;
	return true;
}

static void
add_secret(struct target *t, const char *value, struct arena *a)
{
	const char **more = arena_array(a, t->secret.n + 1, sizeof *more);

	if (value[0] == '\0')
		return;
	if (t->secret.n)
		memcpy(more, t->secret.text, t->secret.n * sizeof *more);
	more[t->secret.n++] = value;
	t->secret.text = more;
}

static struct str
redact(const struct target *t, struct str text, size_t shortest, struct arena *a)
{
	for (size_t i = 0; i < t->secret.n; i++) {
		struct str secret = str_of(t->secret.text[i]);
		struct buf b = { 0 };
		size_t at = 0;
		ptrdiff_t hit;

		if (secret.n < shortest || str_find(text, secret, 0) < 0)
			continue;
		while ((hit = str_find(text, secret, at)) >= 0) {
			buf_add(&b, text.p + at, (size_t)hit - at);
			buf_puts(&b, "***");
			at = (size_t)hit + secret.n;
		}
		buf_str(&b, str_sub(text, at, text.n));
		text = str_dup(buf_as_str(&b), a);
		buf_free(&b);
	}
	return text;
}

struct str
target_redact(const struct target *t, struct str text, struct arena *a)
{
	return redact(t, text, 4, a);
}

void
target_redact_answer(const struct target *t, struct completion *c, struct arena *a)
{
	struct str *part[] = { &c->text, &c->reasoning, &c->finish, &c->served, &c->fingerprint,
		&c->response_id };

	c->why = redact(t, c->why, 4, a);
	for (size_t i = 0; i < COUNT(part); i++)
		*part[i] = redact(t, *part[i], 16, a);
}

/* Replaces ${NAME} inside a header by the variable's value. */
static const char *
expand(struct target *t, const char *text, struct arena *a, struct err *e)
{
	struct buf b = { 0 };
	struct str s = str_of(text);
	size_t at = 0;
	ptrdiff_t open;
	const char *out;

	while ((open = str_find(s, STR("${"), at)) >= 0) {
		ptrdiff_t close = str_find(s, STR("}"), (size_t)open);
		const char *name, *value;

		if (close < 0)
			break;
		name = str_cstr(str_sub(s, (size_t)open + 2, (size_t)(close - open) - 2), a);
		buf_add(&b, s.p + at, (size_t)open - at);
		if ((value = getenv(name)) == NULL) {
			err_set(e, "target '%s': environment variable '%s' is not set", t->name, name);
		} else {
			buf_puts(&b, value);
			add_secret(t, arena_strdup(a, value), a);
		}
		at = (size_t)close + 1;
	}
	buf_str(&b, str_sub(s, at, s.n));
	out = str_cstr(buf_as_str(&b), a);
	buf_free(&b);
	if (strpbrk(out, "\r\n") != NULL)
		err_set(e, "target '%s': a header holds a line break", t->name);
	return out;
}

/* ---- one target --------------------------------------------------------------------------- */

static void
read_headers(struct target *t, struct node *at, struct arena *a, struct err *e)
{
	if (at->kind != NODE_MAP) {
		conf_err(at, e, "target '%s': 'headers' is a mapping of name to value", t->name);
		return;
	}
	t->header = arena_array(a, at->n, sizeof *t->header);
	for (size_t i = 0; i < at->n; i++) {
		struct str name = at->key[i]->text, value = at->item[i]->text;

		at->claimed[i] = true;
		if (at->item[i]->kind != NODE_TEXT || name.n == 0 || memchr(name.p, ':', name.n) != NULL ||
		    memchr(name.p, '\n', name.n) != NULL || memchr(value.p, '\n', value.n) != NULL)
			conf_err(at->item[i], e, "target '%s': a header is one line of text", t->name);
		else
			t->header[t->nheader++] = arena_fmt(a, "%.*s: %.*s", STR_ARG(name), STR_ARG(value));
	}
}

/* The configuration without secrets and without what cannot change an answer (how fast it is
 * asked), canonical by the table's order: what the target's digest covers. */
static void
identify(struct target *t, const struct node *at, struct arena *a)
{
	static const char *const operational[] = { "key", "headers", "slots", "per_minute", "retries",
		"retry_wait", "give_up", "connect_timeout", "first_byte_timeout", "idle_timeout",
		"timeout", "max_body", "prices", "keep", "ca_file", NULL };
	struct sha256 h = sha256_begin();
	struct buf b = { 0 };

	buf_char(&b, '{');
	for (size_t i = 0; i < at->n; i++) {
		bool skip = false;

		for (size_t k = 0; operational[k] != NULL; k++)
			skip = skip || str_is(at->key[i]->text, operational[k]);
		if (skip)
			continue;
		buf_key(&b, str_cstr(at->key[i]->text, a));
		conf_json(&b, at->item[i]);
	}
	buf_char(&b, '}');
	t->config_json = str_cstr(buf_as_str(&b), a);
	sha256_field(&h, buf_as_str(&b));
	sha256_end(&h, t->digest);
	buf_free(&b);
}

static void
read_target(struct target *t, struct node *at, struct arena *a, struct err *e)
{
	const struct conf_key *tables[3] = { target_keys };
	static const struct conf_key *const price_tables[] = { price_keys, NULL };
	static const struct conf_key *const serve_tables[] = { serve_params, NULL };
	const char *what = arena_fmt(a, "target '%s'", t->name);
	struct target_conf c = { 0 };
	struct prices_conf prices = { 0 };
	struct str name;

	if (at->kind != NODE_MAP) {
		conf_err(at, e, "%s is a mapping that starts with 'protocol: ...'", what);
		return;
	}
	if (conf_bind(at, what, target_keys, &c, a, e) != 0)
		return;
	if ((t->protocol = protocol_find(c.protocol)) == NULL) {
		const char *names[32] = { NULL }, *near;

		for (size_t i = 0; protocol_all()[i] != NULL && i + 1 < COUNT(names); i++)
			names[i] = protocol_all()[i]->name;
		near = str_nearest(c.protocol, names);
		conf_err(at, e, "%s: unknown protocol '%s'%s%s%s", what, c.protocol,
		    near ? " (did you mean '" : "; 'driftlead list protocols' shows all",
		    near ? near : "", near ? "'?)" : "");
		return;
	}
	if (t->protocol->params != NULL) {
		tables[1] = t->protocol->params;
		t->params = arena_alloc(a, t->protocol->size);
		conf_bind(at, what, t->protocol->params, t->params, a, e);
	}
	conf_done(at, what, tables, e);
	t->url = c.url;
	t->model = c.model;
	t->unix_socket = c.unix_socket ? path_join(t->dir, c.unix_socket, a) : NULL;
	t->ca_file = c.ca_file ? path_join(t->dir, c.ca_file, a) : NULL;
	t->slots = (int)c.slots;
	t->per_minute = c.per_minute;
	t->retries = (int)c.retries;
	t->retry_wait_max = c.retry_wait;
	t->give_up = (int)c.give_up;
	t->limits = (struct limits){ c.connect, c.first_byte, c.idle, c.total, c.max_body };
	t->keep_all = c.keep == 1;
	if (c.key != NULL && !is_variable(str_of(c.key), &name))
		conf_err(at, e, "%s: 'key' must be ${NAME}, the name of an environment variable: a key "
		    "in a file gets copied", what);
	else if (c.key != NULL)
		t->key_env = str_cstr(name, a);
	if (t->protocol->wire == WIRE_HTTP && c.url == NULL)
		conf_err(at, e, "%s: protocol '%s' needs a 'url'", what, c.protocol);
	if (c.headers != NULL)
		read_headers(t, c.headers, a, e);
	if (c.prices != NULL && conf_bind(c.prices, what, price_keys, &prices, a, e) == 0 &&
	    conf_done(c.prices, what, price_tables, e) == 0) {
		t->has_prices = true;
		t->price_in = prices.in;
		t->price_out = prices.out;
	}
	if (c.serve != NULL) {
		if (t->protocol->wire != WIRE_HTTP)
			conf_err(c.serve, e, "%s: 'serve' goes with protocols over HTTP", what);
		t->serve = arena_alloc(a, serve_size);
		if (conf_bind(c.serve, arena_fmt(a, "%s: serve", what), serve_params, t->serve, a,
		    e) == 0 &&
		    conf_done(c.serve, what, serve_tables, e) == 0)
			serve_check(t, e);
	}
	identify(t, at, a);
}

int
target_open(struct target *t, struct arena *a, struct err *e)
{
	int before = e->n;

	if (t->key_env != NULL) {
		const char *value = getenv(t->key_env);

		if (value == NULL || value[0] == '\0')
			err_set(e, "target '%s': environment variable '%s' is not set", t->name, t->key_env);
		else if (strpbrk(value, "\r\n") != NULL)
			err_set(e, "target '%s': the value of '%s' holds a line break", t->name, t->key_env);
		else
			add_secret(t, arena_strdup(a, value), a);
		t->key = str_of(value);
	}
	for (size_t i = 0; i < t->nheader; i++)
		t->header[i] = expand(t, t->header[i], a, e);
	if (t->protocol->open != NULL && e->n == before)
		t->protocol->open(t, a, e);
	return e->n == before ? 0 : -1;
}

/* ---- the project ---------------------------------------------------------------------------- */

static const char *
find_upwards(const char *start, struct arena *a)
{
	char real[PATH_MAX];
	const char *dir, *path;

	if (realpath(start, real) == NULL)
		return NULL;
	dir = file_is_dir(real) ? arena_strdup(a, real) : path_dir(real, a);
	for (;; dir = path_dir(dir, a)) {
		path = arena_fmt(a, "%s/driftlead.yaml", strcmp(dir, "/") == 0 ? "" : dir);
		if (access(path, F_OK) == 0)
			return path;
		if (strcmp(dir, "/") == 0)
			return NULL;
	}
}

static void
read_targets(struct project *p, struct node *at, struct arena *a, struct err *e)
{
	if (at->kind != NODE_MAP) {
		conf_err(at, e, "'targets' is a mapping of name to {protocol: ...}");
		return;
	}
	p->target = arena_array(a, at->n, sizeof *p->target);
	for (size_t i = 0; i < at->n; i++) {
		struct target *t = &p->target[p->ntarget++];

		at->claimed[i] = true;
		t->name = str_cstr(at->key[i]->text, a);
		t->dir = p->dir;
		t->roots = &p->roots;
		read_target(t, at->item[i], a, e);
	}
}

static void
add_root(struct project *p, const char *path, struct arena *a, struct err *e, const struct node *at)
{
	char real[PATH_MAX];

	if (realpath(path, real) == NULL || !file_is_dir(real)) {
		if (at != NULL)
			conf_err(at, e, "data_roots: '%s' is no folder", path);
		return;
	}
	p->roots.root[p->roots.n++] = arena_strdup(a, real);
}

struct project *
project_load(const char *config, const char *start, const char *store, struct arena *a,
    struct err *e)
{
	static const struct conf_key *const tables[] = { project_keys, NULL };
	struct project *p = arena_alloc(a, sizeof *p);
	struct project_conf c = { 0 };
	struct node *root = NULL;
	struct str source;
	const char *env = getenv("DRIFTLEAD_STORE");
	int before = e->n;

	p->path = config ? config : find_upwards(start, a);
	p->dir = p->path ? path_dir(p->path, a) : ".";
	if (p->path != NULL) {
		if (file_read(NULL, p->path, NULL, PROJECT_MAX, &source, a, e) != 0 ||
		    (root = conf_load(p->path, source, a, e)) == NULL)
			return NULL;
		if (root->kind != NODE_MAP) {
			conf_err(root, e, "a project is a mapping with 'store', 'data_roots', 'targets' and "
			    "'watches'");
			return NULL;
		}
	}
	conf_bind(root, "project", project_keys, &c, a, e);
	if (root != NULL)
		conf_done(root, "project", tables, e);
	p->store = store ? store : env && *env ? env : path_join(p->dir, c.store, a);
	p->roots.root = arena_array(a, c.data_roots.n + 2, sizeof *p->roots.root);
	add_root(p, p->dir, a, e, root);
	if (p->path == NULL)                    /* a suite without a project reads beside itself */
		add_root(p, file_is_dir(start) ? start : path_dir(start, a), a, e, NULL);
	for (size_t i = 0; i < c.data_roots.n; i++)
		add_root(p, path_join(p->dir, c.data_roots.text[i], a), a, e, root);
	if (c.targets != NULL)
		read_targets(p, c.targets, a, e);
	if (c.watches != NULL)
		watches_read(p, c.watches, a, e);
	return e->n == before ? p : NULL;
}

static bool
needs_nothing(const struct protocol *protocol)
{
	if (protocol->wire != WIRE_LOCAL)
		return false;
	for (const struct conf_key *k = protocol->params; k != NULL && k->name != NULL; k++)
		if (k->dflt != NULL && strcmp(k->dflt, CONF_REQUIRED) == 0)
			return false;
	return true;
}

struct target *
target_find(struct project *p, const char *name, struct arena *a, struct err *e)
{
	const char *names[65] = { NULL }, *near = NULL;
	const struct protocol *protocol;
	struct target *t;

	if (name == NULL && p->ntarget == 1)
		return &p->target[0];
	for (size_t i = 0; i < p->ntarget; i++) {
		if (name != NULL && strcmp(p->target[i].name, name) == 0)
			return &p->target[i];
		if (i + 1 < COUNT(names))
			names[i] = p->target[i].name;
	}
	if (name != NULL && (protocol = protocol_find(name)) != NULL && needs_nothing(protocol)) {
		t = arena_alloc(a, sizeof *t);
		*t = (struct target){ .name = protocol->name, .protocol = protocol, .slots = 1,
			.give_up = 20, .dir = p->dir, .roots = &p->roots,
			.config_json = arena_fmt(a, "{\"protocol\":\"%s\"}", protocol->name),
			.limits.body = 8 << 20 };
		if (protocol->params != NULL) {
			t->params = arena_alloc(a, protocol->size);
			conf_bind(NULL, name, protocol->params, t->params, a, e);
		}
		sha256_of(str_of(t->config_json), t->digest);
		return t;
	}
	if (name != NULL)
		near = str_nearest(name, names);
	if (name == NULL)
		err_set(e, "which target? name one with -t; %s", p->ntarget ?
		    "'driftlead list targets' shows them" : "no driftlead.yaml with targets was found");
	else
		err_set(e, "no target is named '%s'%s%s%s%s", name, near ? " (did you mean '" : "",
		    near ? near : "", near ? "'?)" : "",
		    p->path ? "" : "; no driftlead.yaml was found from here upwards");
	return NULL;
}
