/*
 * bind.c -- tables that give the texts of a configuration their types.
 *
 * One row says a key's name, kind, default and range; from the same row come the value, the
 * sentence when it is wrong, and the JSON Schema for editors.
 */
#include "harness/base/base.h"

static bool
in_range(const struct conf_key *k, double v)
{
	struct range r = conf_range(k);

	return (r.lo_out ? v > r.lo : v >= r.lo) && (r.hi_out ? v < r.hi : v <= r.hi);
}

/* "a, b or c" */
static void
put_choices(struct buf *b, const char *choices)
{
	struct str part;

	for (const char *rest = choices; parse_choice(&rest, &part); buf_str(b, part))
		if (part.p != choices)
			buf_puts(b, *rest == '\0' ? " or " : ", ");
}

/* What the user should have written, after "must be ". */
static void
put_expected(struct buf *b, const struct conf_key *k, bool well_formed)
{
	switch (k->kind) {
	case CONF_TEXT:
		buf_puts(b, "UTF-8 text without NUL bytes");
		return;
	case CONF_STR:
		buf_puts(b, "a text");
		return;
	case CONF_LIST:
		buf_puts(b, "a list of texts");
		return;
	case CONF_NODE:
		return;
	case CONF_BOOL:
		buf_puts(b, "yes or no");
		return;
	case CONF_ENUM:
		put_choices(b, k->range);
		return;
	case CONF_INT:
		buf_puts(b, k->range ? "a whole number " : "a whole number");
		break;
	case CONF_REAL:
	case CONF_NUMBER:
		if (k->range == NULL)
			buf_puts(b, "a number");
		break;
	case CONF_SHARE:
		buf_puts(b, well_formed ? k->range ? "" : "0..1" : "a share such as 31% or 0.31");
		break;
	case CONF_TIME:
		buf_puts(b, well_formed ? "" : "a time such as 90d, 2h, 15m, 30s or 250ms");
		break;
	case CONF_SIZE:
		buf_puts(b, well_formed ? "" : "a size such as 64k, 16M or 1G");
		break;
	}
	if (k->range == NULL)
		return;
	if (k->kind == CONF_INT || k->kind == CONF_REAL || k->kind == CONF_NUMBER || well_formed)
		buf_puts(b, k->range);
	if (well_formed && k->kind == CONF_TIME)
		buf_puts(b, " seconds");
	if (well_formed && k->kind == CONF_SIZE)
		buf_puts(b, " bytes");
}

/* "path:line:col: what: ..." as far as path and what are known. */
static PRINTF(4, 5) int
mistake(const struct node *at, const char *what, struct err *e, const char *fmt, ...)
{
	struct buf b = { .max = 900 };
	va_list ap;

	if (what != NULL && what[0] != '\0')
		buf_fmt(&b, "%s: ", what);
	va_start(ap, fmt);
	buf_vfmt(&b, fmt, ap);
	va_end(ap);
	if (at != NULL)
		conf_err(at, e, "%.*s", STR_ARG(buf_as_str(&b)));
	else
		err_set(e, "%.*s", STR_ARG(buf_as_str(&b)));
	buf_free(&b);
	return -1;
}

/* "'margin' must be 0..1, not 'two'"; `got` is a text of the user's, or in words if not quoted. */
static int
wrong(const struct conf_key *k, struct str got, bool quoted, bool well_formed,
    const struct node *at, const char *what, struct err *e)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct str part, seen = str_visible(got, 60, false, &a);
	const char *near = NULL, *mark = quoted ? "'" : "";

	put_expected(&b, k, well_formed);
	if (k->kind == CONF_ENUM && quoted) {
		const char **name = arena_array(&a, strlen(k->range) + 2, sizeof *name);
		size_t n = 0;

		for (const char *rest = k->range; parse_choice(&rest, &part); )
			name[n++] = str_cstr(part, &a);
		near = str_nearest(str_cstr(got, &a), name);
	}
	mistake(at, what, e, "'%s' must be %.*s, not %s%.*s%s%s%s%s", k->name,
	    STR_ARG(buf_as_str(&b)), mark, STR_ARG(seen), mark, near ? " (did you mean '" : "",
	    near ? near : "", near ? "'?)" : "");
	buf_free(&b);
	arena_free(&a);
	return -1;
}

static bool
is_text(struct str s)
{
	return str_bad_utf8(s) < 0 && (s.n == 0 || memchr(s.p, '\0', s.n) == NULL);
}

static void
set_texts(struct texts *t, size_t n, struct arena *a)
{
	t->n = n;
	t->text = arena_array(a, n, sizeof *t->text);
	t->line = arena_array(a, n, sizeof *t->line);
}

int
conf_value(const struct conf_key *k, struct str text, const struct node *at, const char *what,
    void *into, struct arena *a, struct err *e)
{
	void *slot = (char *)into + k->offset;
	bool good = false, yes = false;
	struct str part;
	double v = 0;
	long n = 0;
	int i = 0;

	switch (k->kind) {
	case CONF_TEXT:
		if (!is_text(text))
			break;
		*(const char **)slot = str_cstr(text, a);
		return 0;
	case CONF_STR:
		*(struct str *)slot = str_dup(text, a);
		return 0;
	case CONF_LIST:
		if (!is_text(text))
			break;
		set_texts(slot, 1, a);
		((struct texts *)slot)->text[0] = str_cstr(text, a);
		((struct texts *)slot)->line[0] = at ? at->line : 0;
		return 0;
	case CONF_BOOL:
		if (!parse_bool(text, &yes))
			break;
		*(bool *)slot = yes;
		return 0;
	case CONF_ENUM:
		for (const char *rest = k->range; parse_choice(&rest, &part); i++) {
			if (str_eq(part, text)) {
				*(int *)slot = i;
				return 0;
			}
		}
		break;
	case CONF_INT:
	case CONF_SIZE:
		good = k->kind == CONF_INT ? str_long(text, &n) : parse_size(text, &n);
		if (!good || !in_range(k, (double)n))
			break;
		*(long *)slot = n;
		return 0;
	case CONF_REAL:
	case CONF_SHARE:
	case CONF_TIME:
		good = k->kind == CONF_REAL ? str_real(text, &v) :
		    k->kind == CONF_SHARE ? parse_share(text, &v) : parse_time(text, &v);
		if (!good || !in_range(k, v))
			break;
		*(double *)slot = v;
		return 0;
	case CONF_NUMBER:
		good = parse_number(text, &v);
		if (!good || !in_range(k, v))
			break;
		*(const char **)slot = str_cstr(text, a);
		return 0;
	case CONF_NODE:
		bug("'%s' is a node and has no value of its own", k->name);
	}
	return wrong(k, text, true, good, at, what, e);
}

static struct str
kind_in_words(const struct node *n)
{
	return n->kind == NODE_LIST ? STR("a list") : n->kind == NODE_MAP ? STR("a mapping") :
	    STR("a text");
}

static int
bind_list(const struct conf_key *k, const struct node *list, const char *what, struct texts *into,
    struct arena *a, struct err *e)
{
	int failed = 0;

	set_texts(into, list->n, a);
	for (size_t i = 0; i < list->n; i++) {
		const struct node *item = list->item[i];

		into->line[i] = item->line;
		into->text[i] = "";
		if (item->kind != NODE_TEXT)
			failed = mistake(item, what, e,
			    "every item of '%s' must be a text, not %.*s", k->name,
			    STR_ARG(kind_in_words(item)));
		else if (!is_text(item->text))
			failed = mistake(item, what, e,
			    "every item of '%s' must be a text without NUL bytes", k->name);
		else
			into->text[i] = str_cstr(item->text, a);
	}
	return failed;
}

static int
bind_key(const struct conf_key *k, struct node *key, struct node *item, const char *what,
    void *into, struct arena *a, struct err *e)
{
	bool nothing = item->kind == NODE_TEXT && item->plain && item->text.n == 0;
	struct texts *texts = (struct texts *)(void *)((char *)into + k->offset);

	if (k->kind == CONF_NODE) {
		*(struct node **)(void *)((char *)into + k->offset) = item;
		return 0;
	}
	/* `key:` with nothing behind it is a text of length 0; only texts may be that. */
	if (nothing && k->kind != CONF_STR &&
	    (k->kind != CONF_TEXT || (k->dflt && strcmp(k->dflt, CONF_REQUIRED) == 0)))
		return mistake(key, what, e, "'%s' has no value", k->name);
	if (k->kind == CONF_LIST && item->kind == NODE_LIST)
		return bind_list(k, item, what, texts, a, e);
	if (item->kind != NODE_TEXT)
		return wrong(k, kind_in_words(item), false, false, key, what, e);
	return conf_value(k, item->text, key, what, into, a, e);
}

static int
set_default(const struct conf_key *k, const struct node *map, const char *what, void *into,
    struct arena *a, struct err *e)
{
	struct err ours = { 0 };

	if (k->dflt == NULL)
		return 0;
	if (strcmp(k->dflt, CONF_REQUIRED) == 0)
		return mistake(map, what, e, "'%s' is missing%s%s", k->name, k->help ? ": " : "",
		    k->help ? k->help : "");
	if (conf_value(k, str_of(k->dflt), NULL, what, into, a, &ours) != 0)
		bug("a default is wrong: %s", ours.msg);
	return 0;
}

int
conf_bind(struct node *map, const char *what, const struct conf_key *table, void *into,
    struct arena *a, struct err *e)
{
	int failed = 0;

	if (map != NULL && map->kind != NODE_MAP)
		return mistake(map, what, e,
		    "a mapping of keys to values must stand here, not %.*s", STR_ARG(kind_in_words(map)));
	for (const struct conf_key *k = table; k->name != NULL; k++) {
		size_t i = 0, n = map ? map->n : 0;

		while (i < n && !str_is(map->key[i]->text, k->name))
			i++;
		if (i < n)
			map->claimed[i] = true;
		if (i < n ? bind_key(k, map->key[i], map->item[i], what, into, a, e) != 0 :
		    set_default(k, map, what, into, a, e) != 0)
			failed = -1;
	}
	return failed;
}

int
conf_done(struct node *map, const char *what, const struct conf_key *const *tables, struct err *e)
{
	enum { LISTED = 12 };
	struct arena a = { 0 };
	struct buf known = { 0 };
	const char **name;
	size_t n = 0;
	int failed = 0;

	if (map == NULL || map->kind != NODE_MAP)
		return 0;
	for (size_t t = 0; tables[t] != NULL; t++)
		for (const struct conf_key *k = tables[t]; k->name != NULL; k++)
			n++;
	name = arena_array(&a, n + 1, sizeof *name);
	n = 0;
	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct conf_key *k = tables[t]; k->name != NULL; k++) {
			buf_fmt(&known, "%s%s", n > 0 ? ", " : "", k->name);
			name[n++] = k->name;
		}
	}
	for (size_t i = 0; i < map->n; i++) {
		struct str key = str_visible(map->key[i]->text, 60, false, &a);
		const char *near;

		if (map->claimed[i])
			continue;
		near = str_nearest(str_cstr(key, &a), name);
		if (near != NULL)
			failed = mistake(map->key[i], what, e,
			    "unknown key '%.*s' (did you mean '%s'?)", STR_ARG(key), near);
		else if (n > 0 && n <= LISTED)
			failed = mistake(map->key[i], what, e, "unknown key '%.*s' (known: %.*s)",
			    STR_ARG(key), STR_ARG(buf_as_str(&known)));
		else
			failed = mistake(map->key[i], what, e, "unknown key '%.*s'", STR_ARG(key));
	}
	buf_free(&known);
	arena_free(&a);
	return failed;
}
