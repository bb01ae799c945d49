/*
 * suite.c -- suite.yaml: what is asked, how it is scored, what must hold.
 *
 * Only the configuration is read here; the cases stay in their file (cases.c).  Each mapping
 * is bound by a table, so that types, defaults, the manual and the JSON Schema agree; what
 * tables cannot say (shares that sum to 100 %) is checked after, with the line it stands on.
 */
#include "harness/suite.h"

#include <math.h>

enum { SUITE_MAX = 4 << 20, PROMPT_MAX = 1 << 20 };

/* ---- the tables ---------------------------------------------------------------------- */

struct top {
	const char  *suite, *cases;
	int          format, repeats;
	long         size, seed, repeats_long, preflight;
	bool         sequential;
	struct node *fields, *prompt, *slices, *metrics, *gates;
};

const struct conf_key suite_top_keys[] = {
	{ "suite", CONF_TEXT, offsetof(struct top, suite), CONF_REQUIRED, NULL,
	  "name of the suite; runs of one name are compared over time" },
	{ "cases", CONF_TEXT, offsetof(struct top, cases), CONF_REQUIRED, NULL,
	  "case file: JSONL, CSV or TSV, plain or gzip or zstd, relative to this file" },
	{ "format", CONF_ENUM, offsetof(struct top, format), "by-name", "by-name|jsonl|csv|tsv",
	  "format of the case file, if its name does not tell" },
	{ "fields", CONF_NODE, offsetof(struct top, fields), NULL, NULL,
	  "which field of a record is what: id, input, messages, expect, slice, cluster, weight, "
	  "tags" },
	{ "prompt", CONF_NODE, offsetof(struct top, prompt), NULL, NULL,
	  "text with {{name}}, the name of a file, or a list of {role, content}" },
	{ "size", CONF_INT, offsetof(struct top, size), "0", ">=0",
	  "how many cases to draw; 0 takes all" },
	{ "seed", CONF_INT, offsetof(struct top, seed), "0", ">=0", "seed of the draw" },
	{ "repeats", CONF_INT, offsetof(struct top, repeats_long), "1", "1..1000",
	  "how often each case is asked; averaged inside the case" },
	{ "slices", CONF_NODE, offsetof(struct top, slices), NULL, NULL,
	  "by: a field; shares: the part of production that each slice is; floor: least cases" },
	{ "metrics", CONF_NODE, offsetof(struct top, metrics), CONF_REQUIRED, NULL,
	  "list of {name, scorer, ...}: what is measured on every answer" },
	{ "gates", CONF_NODE, offsetof(struct top, gates), NULL, NULL,
	  "list of {name, metric, rule, ...}: what a release must hold" },
	{ "sequential", CONF_BOOL, offsetof(struct top, sequential), "no", NULL,
	  "ask in seeded random order and stop as soon as the verdict is decided" },
	{ "preflight", CONF_INT, offsetof(struct top, preflight), "0", ">=0",
	  "cases of the baseline that are asked again first, to see whether its service changed" },
	{ 0 }
};

struct fields_conf {
	const char *id, *input, *messages, *slice, *cluster, *weight, *tags;
	struct node *expect;
};

const struct conf_key suite_field_keys[] = {
	{ "id", CONF_TEXT, offsetof(struct fields_conf, id), NULL, NULL,
	  "unique name of the case; without it a hash of its content" },
	{ "input", CONF_TEXT, offsetof(struct fields_conf, input), NULL, NULL, "what is asked" },
	{ "messages", CONF_TEXT, offsetof(struct fields_conf, messages), NULL, NULL,
	  "a list of {role, content}, asked as it is" },
	{ "expect", CONF_NODE, offsetof(struct fields_conf, expect), NULL, NULL,
	  "acceptable answer or list of answers; {from: field, extract: pattern} takes the first "
	  "group" },
	{ "slice", CONF_TEXT, offsetof(struct fields_conf, slice), NULL, NULL, "same as slices.by" },
	{ "cluster", CONF_TEXT, offsetof(struct fields_conf, cluster), NULL, NULL,
	  "cases that share it are not independent" },
	{ "weight", CONF_TEXT, offsetof(struct fields_conf, weight), NULL, NULL,
	  "weight of the case, above 0" },
	{ "tags", CONF_TEXT, offsetof(struct fields_conf, tags), NULL, NULL,
	  "words to filter by: a list, or text separated by blanks or commas" },
	{ 0 }
};

struct expect_conf { const char *from, *extract; };

const struct conf_key suite_expect_keys[] = {
	{ "from", CONF_TEXT, offsetof(struct expect_conf, from), CONF_REQUIRED, NULL, "the field" },
	{ "extract", CONF_TEXT, offsetof(struct expect_conf, extract), NULL, NULL,
	  "PCRE2 pattern; its first group, or the whole match, is expected" },
	{ 0 }
};

struct slices_conf { const char *by; struct node *shares, *floor; };

const struct conf_key suite_slice_keys[] = {
	{ "by", CONF_TEXT, offsetof(struct slices_conf, by), NULL, NULL, "field that names the slice" },
	{ "shares", CONF_NODE, offsetof(struct slices_conf, shares), NULL, NULL,
	  "share of production by slice; they add up to 100 %" },
	{ "floor", CONF_NODE, offsetof(struct slices_conf, floor), NULL, NULL,
	  "least number of cases by slice when size draws" },
	{ 0 }
};

struct msg_conf { const char *role; struct str content; const char *file; };

const struct conf_key suite_msg_keys[] = {
	{ "role", CONF_TEXT, offsetof(struct msg_conf, role), "user", NULL,
	  "system, user or assistant" },
	{ "content", CONF_STR, offsetof(struct msg_conf, content), NULL, NULL, "the text" },
	{ "file", CONF_TEXT, offsetof(struct msg_conf, file), NULL, NULL, "or the file that holds it" },
	{ 0 }
};

/* ---- prompt --------------------------------------------------------------------------------- */

static struct str
text_file(struct reading *r, const struct node *at, const char *file)
{
	struct err e = { 0 };
	struct str text = STR("");

	if (r->no_files)
		return text;
	if (file_read(r->s->dir, file, r->roots, PROMPT_MAX, &text, r->a, &e) != 0)
		conf_err(at, r->e, "prompt: %.*s", (int)(e.len ? e.len - 1 : 0), e.msg);
	else if (str_bad_utf8(text) >= 0)
		conf_err(at, r->e, "prompt: '%s' is not UTF-8", file);
	return text;
}

/* A single word that ends like a text file, or names a file that is there. */
static bool
is_file_name(struct reading *r, const struct node *at)
{
	static const char *const ending[] = { ".txt", ".md", ".prompt", ".tmpl" };
	struct str t = at->text;
	struct err e = { 0 };
	int fd;

	if (t.n == 0 || t.n > 255 || str_find(t, STR("{{"), 0) >= 0)
		return false;
	for (size_t i = 0; i < t.n; i++)
		if ((unsigned char)t.p[i] <= ' ')
			return false;
	for (size_t i = 0; i < COUNT(ending); i++)
		if (t.n > strlen(ending[i]) &&
		    str_is(str_sub(t, t.n - strlen(ending[i]), t.n), ending[i]))
			return true;
	if (r->no_files || (fd = file_open(r->s->dir, str_cstr(t, r->a), r->roots, &e)) < 0)
		return false;
	file_close(fd);
	return true;
}

static void
add_message(struct reading *r, const struct node *at, const char *role, struct str text)
{
	static const char *const roles[] = { "system", "developer", "user", "assistant", NULL };
	struct suite *s = r->s;
	struct prompt *p = &s->fields->prompt[s->nprompt];
	struct err e = { 0 };
	bool known = false;

	for (size_t i = 0; roles[i] != NULL; i++)
		known = known || strcmp(role, roles[i]) == 0;
	if (!known)
		conf_err(at, r->e, "prompt: role '%s' is not one of system, developer, user, assistant",
		    role);
	if (prompt_parse(p, text, "prompt", r->a, &e) != 0)
		conf_err(at, r->e, "%.*s", (int)e.len - 1, e.msg);
	s->prompt[s->nprompt++] = (struct prompt_msg){ role, text };
}

static void
read_prompt(struct reading *r, struct node *at)
{
	static const struct conf_key *const tables[] = { suite_msg_keys, NULL };
	struct suite *s = r->s;
	size_t n = at != NULL && at->kind == NODE_LIST ? at->n : 1;

	s->prompt = arena_array(r->a, n, sizeof *s->prompt);
	s->fields->prompt = arena_array(r->a, n, sizeof *s->fields->prompt);
	if (at == NULL) {
		if (s->fields->messages == NULL)
			add_message(r, s->root, "user", STR("{{input}}"));
		return;
	}
	if (s->fields->messages != NULL) {
		conf_err(at, r->e, "prompt and fields.messages exclude each other: a case that brings "
		    "its messages is asked with them");
		return;
	}
	if (at->kind == NODE_TEXT) {
		add_message(r, at, "user", is_file_name(r, at) ?
		    text_file(r, at, str_cstr(at->text, r->a)) : at->text);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct node *m = at->kind == NODE_LIST ? at->item[i] : at;
		struct msg_conf c = { 0 };

		if (m->kind != NODE_MAP) {
			conf_err(m, r->e, "prompt: a message is {role: ..., content: ...}");
			continue;
		}
		if (conf_bind(m, "prompt", suite_msg_keys, &c, r->a, r->e) != 0 ||
		    conf_done(m, "prompt", tables, r->e) != 0)
			continue;
		if ((c.content.p != NULL) == (c.file != NULL))
			conf_err(m, r->e, "prompt: a message has either content or file");
		else
			add_message(r, m, c.role, c.file ? text_file(r, m, c.file) : c.content);
	}
}

/* ---- fields and slices ---------------------------------------------------------------------- */

static void
read_expect(struct reading *r, struct node *at)
{
	static const struct conf_key *const tables[] = { suite_expect_keys, NULL };
	struct expect_conf c = { 0 };
	struct err e = { 0 };

	if (at == NULL)
		return;
	if (at->kind == NODE_TEXT) {
		r->s->fields->expect = str_cstr(at->text, r->a);
		return;
	}
	if (at->kind != NODE_MAP) {
		conf_err(at, r->e, "fields: 'expect' is a field or {from: field, extract: pattern}");
		return;
	}
	if (conf_bind(at, "expect", suite_expect_keys, &c, r->a, r->e) != 0 ||
	    conf_done(at, "expect", tables, r->e) != 0)
		return;
	r->s->fields->expect = c.from;
	if (c.extract != NULL &&
	    (r->s->fields->extract = pattern_compile(str_of(c.extract), false, r->a, &e)) == NULL)
		conf_err(at, r->e, "expect: extract: %.*s", (int)e.len - 1, e.msg);
}

static void
read_fields(struct reading *r, struct node *at)
{
	static const struct conf_key *const tables[] = { suite_field_keys, NULL };
	struct suite_fields *f = r->s->fields;
	struct fields_conf c = { 0 };

	if (at == NULL)
		return;
	f->at = at;
	if (conf_bind(at, "fields", suite_field_keys, &c, r->a, r->e) != 0)
		return;
	conf_done(at, "fields", tables, r->e);
	f->id = c.id;
	f->input = c.input;
	f->messages = c.messages;
	f->slice = c.slice;
	f->cluster = c.cluster;
	f->weight = c.weight;
	f->tags = c.tags;
	read_expect(r, c.expect);
}

struct slice *
suite_find_slice(struct suite *s, struct str name)
{
	for (size_t i = 0; i < s->nslice; i++)
		if (str_is(name, s->slice[i].name))
			return &s->slice[i];
	return NULL;
}

static void
read_shares(struct reading *r, struct node *at)
{
	static const struct conf_key share = { "share", CONF_SHARE, 0, NULL, "0..1", NULL };
	struct suite *s = r->s;
	double sum = 0;
	int before = r->e->n;

	if (at->kind != NODE_MAP || at->n == 0) {
		conf_err(at, r->e, "slices: 'shares' is a mapping of slice to share");
		return;
	}
	s->slice = arena_array(r->a, at->n, sizeof *s->slice);
	s->nslice = at->n;
	s->has_shares = true;
	for (size_t i = 0; i < at->n; i++) {
		struct slice *x = &s->slice[i];

		at->claimed[i] = true;
		*x = (struct slice){ .name = str_cstr(at->key[i]->text, r->a), .has_share = true };
		if (at->item[i]->kind != NODE_TEXT)
			conf_err(at->item[i], r->e, "slices: the share of '%s' is a number like 31%%", x->name);
		else
			conf_value(&share, at->item[i]->text, at->item[i], "slices", &x->share, r->a, r->e);
		sum += x->share;
	}
	if (r->e->n == before && fabs(sum - 1) > 1e-6)
		conf_err(at, r->e, "shares add up to %.6g %%, not 100 %%", sum * 100);
	/* Written shares are rounded; the rest of the program wants them to sum to 1. */
	for (size_t i = 0; i < at->n && sum > 0; i++)
		s->slice[i].share /= sum;
}

static void
read_floors(struct reading *r, struct node *at)
{
	static const struct conf_key key = { "floor", CONF_INT, 0, NULL, ">=0", NULL };
	struct suite *s = r->s;

	if (at->kind != NODE_MAP) {
		conf_err(at, r->e, "slices: 'floor' is a mapping of slice to number of cases");
		return;
	}
	if (s->size == 0)
		conf_err(at, r->e, "slices: 'floor' needs a 'size': without one all cases are taken");
	for (size_t i = 0; i < at->n; i++) {
		struct slice *x = suite_find_slice(s, at->key[i]->text);

		at->claimed[i] = true;
		if (x == NULL)
			conf_err(at->key[i], r->e, "slices: floor for '%.*s', which is not in shares",
			    STR_ARG(at->key[i]->text));
		else
			conf_value(&key, at->item[i]->text, at->item[i], "slices", &x->floor, r->a, r->e);
	}
}

static void
read_slices(struct reading *r, struct node *at)
{
	static const struct conf_key *const tables[] = { suite_slice_keys, NULL };
	struct suite_fields *f = r->s->fields;
	struct slices_conf c = { 0 };

	if (at != NULL) {
		if (conf_bind(at, "slices", suite_slice_keys, &c, r->a, r->e) != 0)
			return;
		conf_done(at, "slices", tables, r->e);
		if (c.by != NULL && f->slice != NULL && strcmp(c.by, f->slice) != 0)
			conf_err(at, r->e, "slices: 'by' is '%s' but fields.slice is '%s'", c.by, f->slice);
		if (c.by != NULL)
			f->slice = c.by;
		if (f->slice == NULL)
			conf_err(at, r->e, "slices: 'by' must name the field that holds the slice");
		if (c.shares != NULL)
			read_shares(r, c.shares);
		if (c.floor != NULL)
			read_floors(r, c.floor);
	}
	r->s->has_slices = f->slice != NULL;
}

static void
read_list(struct reading *r, struct node *at, const char *name,
    void (*one)(struct reading *, struct node *))
{
	if (at == NULL)
		return;
	if (at->kind != NODE_LIST || at->n == 0) {
		conf_err(at, r->e, "'%s' is a list with at least one entry", name);
		return;
	}
	for (size_t i = 0; i < at->n; i++)
		one(r, at->item[i]);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void
digest_prompt(struct suite *s)
{
	struct sha256 h = sha256_begin();

	for (size_t i = 0; i < s->nprompt; i++) {
		sha256_field(&h, str_of(s->prompt[i].role));
		sha256_field(&h, s->prompt[i].text);
	}
	sha256_end(&h, s->prompt_digest);
}

static struct suite *
read_suite(struct str source, const char *path, const struct roots *roots, bool no_files,
    struct arena *a, struct err *e)
{
	static const struct conf_key *const tables[] = { suite_top_keys, NULL };
	struct suite *s = arena_alloc(a, sizeof *s);
	struct reading r = { s, roots, no_files, a, e };
	struct top top = { 0 };
	int before = e->n;

	s->path = arena_strdup(a, path);
	s->dir = path_dir(path, a);
	s->source = source;
	s->fields = arena_alloc(a, sizeof *s->fields);
	if ((s->root = conf_load(path, source, a, e)) == NULL)
		return NULL;
	if (s->root->kind != NODE_MAP) {
		conf_err(s->root, e, "a suite is a mapping that starts with 'suite: NAME'");
		return NULL;
	}
	conf_bind(s->root, "suite", suite_top_keys, &top, a, e);
	conf_done(s->root, "suite", tables, e);
	s->name = top.suite;
	s->cases = top.cases;
	s->size = top.size;
	s->seed = (uint64_t)top.seed;
	s->repeats = (int)top.repeats_long;
	s->sequential = top.sequential;
	s->preflight = top.preflight;
	s->fields->format = (enum rows_format)top.format;
	s->fields->at = s->root;
	read_fields(&r, top.fields);
	read_slices(&r, top.slices);
	read_prompt(&r, top.prompt);
	if (top.metrics != NULL && top.metrics->kind == NODE_LIST)
		s->metric = arena_array(a, top.metrics->n, sizeof *s->metric);
	read_list(&r, top.metrics, "metrics", suite_read_metric);
	if (top.gates != NULL && top.gates->kind == NODE_LIST)
		s->gate = arena_array(a, top.gates->n, sizeof *s->gate);
	read_list(&r, top.gates, "gates", suite_read_gate);
	suite_check_gates(&r);
	digest_prompt(s);
	return e->n == before ? s : NULL;
}

struct suite *
suite_load(const char *path, const struct roots *roots, struct arena *a, struct err *e)
{
	struct str source;

	if (file_is_dir(path))
		path = path_join(path, "suite.yaml", a);
	if (file_read(NULL, path, NULL, SUITE_MAX, &source, a, e) != 0)
		return NULL;
	return read_suite(source, path, roots, false, a, e);
}

struct suite *
suite_from_source(struct str source, const char *path, struct arena *a, struct err *e)
{
	return read_suite(source, path, NULL, true, a, e);
}

int
suite_set_prompt(struct suite *s, struct node *prompt, const char *dir, const struct roots *roots,
    struct arena *a, struct err *e)
{
	struct reading r = { s, roots, false, a, e };
	const char *own = s->dir;
	int before = e->n;

	s->nprompt = 0;
	s->dir = dir;
	read_prompt(&r, prompt);
	s->dir = own;
	digest_prompt(s);
	return e->n == before ? 0 : -1;
}
