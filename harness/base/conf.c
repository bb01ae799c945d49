/*
 * conf.c -- a YAML file as a tree of texts that know their line.
 *
 * libyaml splits the file into events; what YAML would guess of a scalar's type is ignored.
 * The events are consumed one at a time, because libyaml's cost grows with the square of the
 * nesting: a file that nests too deep is left at the event that does so.  Aliases become
 * copies, so that every mapping keeps claims of its own; a ceiling on all nodes keeps copies
 * of copies from filling the memory.
 */
#include "harness/base/base.h"

#include <stdlib.h>
#include <yaml.h>

enum { DEPTH_MAX = 64, NODES_MAX = 100000, DIRECTIVES_MAX = 1000 };

struct anchor {
	struct node *node;
	bool         open;      /* its node is still being read: an alias would contain itself */
};

struct loader {
	yaml_parser_t  parser;
	yaml_event_t   event;
	const char    *path;
	struct str     text;
	struct arena  *arena;
	struct err    *err;
	size_t         nodes;
	size_t         maps;            /* numbers the mappings, for `keys` */
	struct map     keys;            /* "mapping number:key" to the key's line */
	struct map     names;           /* anchor name to its index in `anchor` */
	struct anchor *anchor;
	size_t         nanchor, anchor_cap;
	struct node  **stack;           /* children of the lists and mappings still open */
	size_t         nstack, stack_cap;
	bool           stop;            /* going on makes no sense; the mistake is reported */
};

static PRINTF(3, 4) void
complain(struct loader *l, yaml_mark_t at, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	err_at(l->err, l->path, (int)at.line + 1, (int)at.column + 1, "%s", line);
}

/* What the user probably meant, where libyaml's own words are about its grammar. */
static const char *
advice(const struct loader *l)
{
	const char *problem = l->parser.problem;
	size_t at = 0;

	if (strstr(problem, "mapping values are not allowed") != NULL)
		return "; put a text that holds ': ' in quotes";
	if (strstr(problem, "cannot start any token") == NULL)
		return "";
	/* The mark counts characters, the text bytes. */
	for (size_t chars = l->parser.problem_mark.index; chars > 0 && at < l->text.n; chars--)
		for (at++; at < l->text.n && ((unsigned char)l->text.p[at] & 0xc0) == 0x80; at++)
			;
	if (at < l->text.n && l->text.p[at] == '\t')
		return "; indent with blanks, not with tabs";
	return "; put a text that starts with this character in quotes";
}

/* The mark of a byte: reader errors come with an offset only. */
static yaml_mark_t
mark_of(struct str text, size_t offset)
{
	yaml_mark_t m = { .index = offset };

	for (size_t i = 0; i < offset && i < text.n; i++) {
		if (text.p[i] == '\n') {
			m.line++;
			m.column = 0;
		} else if (((unsigned char)text.p[i] & 0xc0) != 0x80) {
			m.column++;
		}
	}
	return m;
}

static void
syntax_error(struct loader *l)
{
	yaml_parser_t *p = &l->parser;

	if (p->error == YAML_MEMORY_ERROR)
		die(EXIT_SURROUNDINGS, "out of memory while reading '%s'", l->path);
	if (p->error == YAML_READER_ERROR)
		complain(l, mark_of(l->text, p->problem_offset),
		    "the character U+%04X is not allowed in YAML", (unsigned)p->problem_value);
	else if (p->context != NULL)
		complain(l, p->problem_mark, "not YAML: %s (%s that starts on line %d)%s",
		    p->problem, p->context, (int)p->context_mark.line + 1, advice(l));
	else
		complain(l, p->problem_mark, "not YAML: %s%s", p->problem, advice(l));
}

/* Moves to the next event; false when reading must end. */
static bool
advance(struct loader *l)
{
	yaml_event_delete(&l->event);
	if (l->stop)
		return false;
	if (yaml_parser_parse(&l->parser, &l->event))
		return true;
	syntax_error(l);
	l->stop = true;
	return false;
}

static bool
too_big(struct loader *l, yaml_mark_t at, int depth)
{
	if (l->stop)
		return true;
	if (depth > DEPTH_MAX)
		complain(l, at, "nested deeper than %d levels", DEPTH_MAX);
	else if (++l->nodes > NODES_MAX)
		complain(l, at, "more than %d values with all aliases written out", NODES_MAX);
	else
		return false;
	l->stop = true;
	return true;
}

static struct node *
new_node(struct loader *l, enum node_kind kind)
{
	struct node *n = arena_alloc(l->arena, sizeof *n);

	n->kind = kind;
	n->path = l->path;
	n->line = (int)l->event.start_mark.line + 1;
	n->col = (int)l->event.start_mark.column + 1;
	return n;
}

static void
push(struct loader *l, struct node *n)
{
	l->stack = mem_grow(l->stack, &l->stack_cap, l->nstack + 1, sizeof *l->stack);
	l->stack[l->nstack++] = n;
}

/* Every `step`-th node of the stack from `first` on. */
static struct node **
gather(struct loader *l, size_t first, size_t n, size_t step)
{
	struct node **list = arena_array(l->arena, n, sizeof *list);

	for (size_t i = 0; i < n; i++)
		list[i] = l->stack[first + i * step];
	return list;
}

/* A copy with claims of its own; lines stay those of the original. */
static struct node *
copy(struct loader *l, const struct node *from, yaml_mark_t at, int depth)
{
	struct node *n;

	if (too_big(l, at, depth))
		return NULL;
	n = arena_alloc(l->arena, sizeof *n);
	*n = *from;
	if (from->kind == NODE_TEXT)
		return n;
	n->item = arena_array(l->arena, n->n, sizeof *n->item);
	if (from->kind == NODE_MAP)
		n->claimed = arena_array(l->arena, n->n, sizeof *n->claimed);
	for (size_t i = 0; i < n->n && !l->stop; i++)
		n->item[i] = copy(l, from->item[i], at, depth + 1);
	return l->stop ? NULL : n;
}

static struct node *
alias(struct loader *l, int depth)
{
	const char *name = (const char *)l->event.data.alias.anchor;
	yaml_mark_t at = l->event.start_mark;
	uint64_t *i = map_get(&l->names, str_of(name));

	if (i == NULL)
		complain(l, at, "alias '*%s' has no anchor '&%s' before it", name, name);
	else if (l->anchor[*i].open)
		complain(l, at, "alias '*%s' stands inside what it repeats", name);
	else if (l->anchor[*i].node != NULL)
		return copy(l, l->anchor[*i].node, at, depth);
	return NULL;
}

/* Remembers the event's anchor, if it has one; (size_t)-1 if not. */
static size_t
open_anchor(struct loader *l, const yaml_char_t *name)
{
	bool is_new;

	if (name == NULL)
		return SIZE_MAX;
	l->anchor = mem_grow(l->anchor, &l->anchor_cap, l->nanchor + 1, sizeof *l->anchor);
	l->anchor[l->nanchor] = (struct anchor){ NULL, true };
	*map_put(&l->names, str_of((const char *)name), &is_new) = l->nanchor;
	return l->nanchor++;
}

static void
close_anchor(struct loader *l, size_t i, struct node *n)
{
	if (i != SIZE_MAX)
		l->anchor[i] = (struct anchor){ n, false };
}

/* Tables give the types, so YAML's own tags say nothing new; others would be lost in silence. */
static void
check_tag(struct loader *l, const yaml_char_t *tag)
{
	static const char *const known[] = { "str", "int", "float", "bool", "null", "map", "seq" };
	const char *name = (const char *)tag;
	const char *prefix = "tag:yaml.org,2002:";

	if (tag == NULL || strcmp(name, "!") == 0)
		return;
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		for (size_t i = 0; i < COUNT(known); i++)
			if (strcmp(name + strlen(prefix), known[i]) == 0)
				return;
	complain(l, l->event.start_mark, "the tag '%s' means nothing here; leave it out", name);
}

static struct node *
scalar(struct loader *l)
{
	struct node *n = new_node(l, NODE_TEXT);

	check_tag(l, l->event.data.scalar.tag);
	n->plain = l->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    l->event.data.scalar.tag == NULL;
	n->text = str_dup((struct str){ (const char *)l->event.data.scalar.value,
	    l->event.data.scalar.length }, l->arena);
	return n;
}

/* False if the key is of no use; why is reported. */
static bool
check_key(struct loader *l, size_t map, const struct node *key, yaml_mark_t at)
{
	struct buf b = { 0 };
	uint64_t *line;
	bool is_new;

	if (key->kind != NODE_TEXT) {
		complain(l, at, "a key must be a text, not a %s",
		    key->kind == NODE_LIST ? "list" : "mapping");
		return false;
	}
	if (key->plain && str_is(key->text, "<<")) {
		complain(l, at, "merge keys ('<<') are not read; write the keys out");
		return false;
	}
	if (key->text.n == 0) {
		complain(l, at, "a key is empty");
		return false;
	}
	buf_fmt(&b, "%zu:", map);
	buf_str(&b, key->text);
	line = map_put(&l->keys, buf_as_str(&b), &is_new);
	buf_free(&b);
	if (is_new) {
		*line = (uint64_t)at.line + 1;
	} else {
		struct arena a = { 0 };
		struct str s = str_visible(key->text, 60, false, &a);

		complain(l, at, "key '%.*s' is given twice, first on line %d", STR_ARG(s),
		    (int)*line);
		arena_free(&a);
	}
	return is_new;
}

/* The node of the current event, or NULL after a mistake; ends on the node's last event. */
static struct node *
parse(struct loader *l, int depth)
{
	size_t first = l->nstack, anchor, map;
	struct node *n;

	if (l->event.type == YAML_ALIAS_EVENT)
		return alias(l, depth);
	if (too_big(l, l->event.start_mark, depth))
		return NULL;
	if (l->event.type == YAML_SCALAR_EVENT) {
		n = scalar(l);
		close_anchor(l, open_anchor(l, l->event.data.scalar.anchor), n);
		return n;
	}
	if (l->event.type == YAML_SEQUENCE_START_EVENT) {
		n = new_node(l, NODE_LIST);
		check_tag(l, l->event.data.sequence_start.tag);
		anchor = open_anchor(l, l->event.data.sequence_start.anchor);
		while (advance(l) && l->event.type != YAML_SEQUENCE_END_EVENT) {
			struct node *item = parse(l, depth + 1);

			if (item != NULL)
				push(l, item);
		}
		n->n = l->nstack - first;
		n->item = gather(l, first, n->n, 1);
	} else {
		n = new_node(l, NODE_MAP);
		check_tag(l, l->event.data.mapping_start.tag);
		anchor = open_anchor(l, l->event.data.mapping_start.anchor);
		map = l->maps++;
		while (advance(l) && l->event.type != YAML_MAPPING_END_EVENT) {
			yaml_mark_t at = l->event.start_mark;
			struct node *key = parse(l, depth + 1), *item;
			bool good = key != NULL && check_key(l, map, key, at);

			if (!advance(l))
				break;
			item = parse(l, depth + 1);
			if (good && item != NULL) {
				push(l, key);
				push(l, item);
			}
		}
		n->n = (l->nstack - first) / 2;
		n->key = gather(l, first, n->n, 2);
		n->item = gather(l, first + 1, n->n, 2);
		n->claimed = arena_array(l->arena, n->n, sizeof *n->claimed);
	}
	l->nstack = first;
	close_anchor(l, anchor, n);
	return l->stop ? NULL : n;
}

/* The one document of the stream. */
static struct node *
document(struct loader *l)
{
	struct node *root;

	if (!advance(l) || !advance(l))                 /* the stream starts; then what? */
		return NULL;
	if (l->event.type != YAML_DOCUMENT_START_EVENT) {
		err_at(l->err, l->path, 0, 0, "is empty");
		return NULL;
	}
	if (!advance(l))
		return NULL;
	root = parse(l, 1);
	if (root != NULL && root->kind == NODE_TEXT && root->plain && root->text.n == 0) {
		err_at(l->err, l->path, 0, 0, "is empty");
		return NULL;
	}
	if (advance(l) && advance(l) && l->event.type != YAML_STREAM_END_EVENT)
		complain(l, l->event.start_mark, "a second document starts here; one file is one"
		    " document");
	return root;
}

/* libyaml compares every %TAG line with every other before its first event: 60,000 take 5 s. */
static bool
too_many_directives(struct str text)
{
	ptrdiff_t at = -1;
	int n = 0;

	while (n <= DIRECTIVES_MAX && (at = str_find(text, STR("%TAG"), (size_t)(at + 1))) >= 0)
		n++;
	return n > DIRECTIVES_MAX;
}

struct node *
conf_load(const char *path, struct str text, struct arena *a, struct err *e)
{
	struct loader l = { .arena = a, .err = e };
	struct node *root;
	ptrdiff_t bad;
	int before = e->n;

	if (str_starts(text, STR("\xef\xbb\xbf")))      /* a BOM must not shift the columns */
		text = str_sub(text, 3, text.n - 3);
	l.path = arena_strdup(a, path);
	l.text = text;
	if ((bad = str_bad_utf8(text)) >= 0) {
		complain(&l, mark_of(text, (size_t)bad), "not UTF-8 (byte 0x%02x)",
		    (unsigned char)text.p[bad]);
		return NULL;
	}
	if (too_many_directives(text)) {
		err_at(e, path, 0, 0, "more than %d '%%TAG' directives", DIRECTIVES_MAX);
		return NULL;
	}
	if (!yaml_parser_initialize(&l.parser))
		die(EXIT_SURROUNDINGS, "out of memory while reading '%s'", path);
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)text.p, text.n);
	root = document(&l);
	yaml_event_delete(&l.event);
	yaml_parser_delete(&l.parser);
	map_free(&l.keys);
	map_free(&l.names);
	mem_free(l.anchor);
	mem_free(l.stack);
	return e->n == before ? root : NULL;
}

struct node *
conf_get(struct node *map, const char *key)
{
	if (map == NULL || map->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++) {
		if (str_is(map->key[i]->text, key)) {
			map->claimed[i] = true;
			return map->item[i];
		}
	}
	return NULL;
}

int
conf_err(const struct node *n, struct err *e, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	return err_at(e, n->path, n->line, n->col, "%s", line);
}

static bool
is_literal(struct str s)
{
	return str_is(s, "true") || str_is(s, "false") || str_is(s, "null") ||
	    parse_number(s, NULL);
}

void
conf_json(struct buf *b, const struct node *n)
{
	if (n->kind == NODE_TEXT) {
		if (n->plain && is_literal(n->text))
			buf_str(b, n->text);
		else
			buf_json(b, n->text);
		return;
	}
	buf_char(b, n->kind == NODE_MAP ? '{' : '[');
	for (size_t i = 0; i < n->n; i++) {
		if (i > 0)
			buf_char(b, ',');
		if (n->kind == NODE_MAP) {
			buf_json(b, n->key[i]->text);
			buf_char(b, ':');
		}
		conf_json(b, n->item[i]);
	}
	buf_char(b, n->kind == NODE_MAP ? '}' : ']');
}
