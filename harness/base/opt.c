/*
 * opt.c -- command options by table.
 *
 * One table per command gives parsing and help; every mistake of a command line is reported,
 * not only the first.
 */
#include "harness/base/base.h"

#include <limits.h>

struct parser {
	const struct opt *const *tables;
	char                   **argv;
	int                      argc, at;      /* argv[at] is read next */
	char                    *into;
	struct arena            *arena;
	struct err              *err;
};

static const struct opt *
by_name(const struct opt *const *tables, struct str name)
{
	for (; *tables != NULL; tables++)
		for (const struct opt *o = *tables; o->name != NULL; o++)
			if (str_is(name, o->name))
				return o;
	return NULL;
}

static const struct opt *
by_letter(const struct opt *const *tables, char letter)
{
	for (; *tables != NULL; tables++)
		for (const struct opt *o = *tables; o->name != NULL; o++)
			if (o->letter != 0 && o->letter == letter)
				return o;
	return NULL;
}

static bool
takes_value(const struct opt *o)
{
	return o->kind != OPT_FLAG && o->kind != OPT_COUNT;
}

/* Doubles when full; a list starts empty, so a power of two is a full one. */
static void
add_text(struct texts *t, const char *s, struct arena *a)
{
	if ((t->n & (t->n - 1)) == 0) {
		size_t cap = t->n ? t->n * 2 : 1;
		const char **text = arena_array(a, cap, sizeof *text);
		int *line = arena_array(a, cap, sizeof *line);

		if (t->n > 0) {
			memcpy(text, t->text, t->n * sizeof *text);
			memcpy(line, t->line, t->n * sizeof *line);
		}
		t->text = text;
		t->line = line;
	}
	t->text[t->n++] = s;
}

static void
set_bare(struct parser *p, const struct opt *o, bool yes)
{
	void *slot = p->into + o->offset;

	if (o->kind == OPT_FLAG)
		*(bool *)slot = yes;
	else if (*(int *)slot < INT_MAX)
		++*(int *)slot;
}

static void
set_value(struct parser *p, const struct opt *o, char *value)
{
	void *slot = p->into + o->offset;
	struct str s = str_of(value);
	const char *expected = NULL;
	double share;

	switch (o->kind) {
	case OPT_TEXT:
		*(const char **)slot = value;
		break;
	case OPT_LIST:
		add_text(slot, value, p->arena);
		break;
	case OPT_INT:
		if (!str_long(s, slot))
			expected = "a whole number";
		break;
	case OPT_REAL:
		if (!str_real(s, slot))
			expected = "a number";
		break;
	case OPT_SHARE:
		if (parse_share(s, &share) && share >= 0 && share <= 1)
			*(double *)slot = share;
		else
			expected = "a share such as 31% or 0.31";
		break;
	case OPT_TIME:
		if (!parse_time(s, slot))
			expected = "a time such as 90d, 2h, 15m, 30s or 250ms";
		break;
	case OPT_FLAG:
	case OPT_COUNT:
		bug("option '--%s' takes no value", o->name);
	}
	if (expected != NULL) {
		struct str seen = str_visible(s, 60, false, p->arena);

		err_set(p->err, "option '--%s' must be %s, not '%.*s'", o->name, expected,
		    STR_ARG(seen));
	}
}

/* The value is the next argument, whatever that looks like. */
static void
set_from_next(struct parser *p, const struct opt *o, const char *shown)
{
	if (p->at >= p->argc)
		err_set(p->err, "option '%s' needs a value%s%s", shown, o->arg ? ": " : "",
		    o->arg ? o->arg : "");
	else
		set_value(p, o, p->argv[p->at++]);
}

static void
unknown_name(struct parser *p, struct str name)
{
	struct str seen = str_visible(name, 60, false, p->arena);
	const char **list, *near;
	size_t n = 0;

	for (size_t t = 0; p->tables[t] != NULL; t++)
		for (const struct opt *o = p->tables[t]; o->name != NULL; o++)
			n++;
	list = arena_array(p->arena, n + 1, sizeof *list);
	n = 0;
	for (size_t t = 0; p->tables[t] != NULL; t++)
		for (const struct opt *o = p->tables[t]; o->name != NULL; o++)
			list[n++] = o->name;
	near = str_nearest(str_cstr(name, p->arena), list);
	if (near != NULL)
		err_set(p->err, "unknown option '--%.*s' (did you mean '--%s'?)", STR_ARG(seen),
		    near);
	else
		err_set(p->err, "unknown option '--%.*s'; '-h' lists them", STR_ARG(seen));
}

static void
parse_long(struct parser *p, char *arg)
{
	size_t n = strcspn(arg, "=");
	struct str name = { arg + 2, n - 2 };
	char *value = arg[n] == '=' ? arg + n + 1 : NULL;
	const struct opt *o = by_name(p->tables, name);
	bool no = false;

	if (o == NULL && str_starts(name, STR("no-"))) {
		o = by_name(p->tables, str_sub(name, 3, name.n));
		no = true;
		if (o != NULL && o->kind != OPT_FLAG)
			o = NULL;
	}
	if (o == NULL) {
		unknown_name(p, name);
	} else if (takes_value(o)) {
		if (value != NULL)
			set_value(p, o, value);
		else
			set_from_next(p, o, arg);
	} else if (value != NULL) {
		err_set(p->err, "option '%.*s' takes no value", (int)n, arg);
	} else {
		set_bare(p, o, !no);
	}
}

/* `-qv`, `-n4`, `-n 4`, `-qn4`. */
static void
parse_short(struct parser *p, char *arg)
{
	for (char *c = arg + 1; *c != '\0'; c++) {
		const struct opt *o = by_letter(p->tables, *c);

		if (o == NULL) {
			struct str seen = str_visible((struct str){ c, 1 }, 60, false, p->arena);

			err_set(p->err, "unknown option '-%.*s'; '-h' lists them", STR_ARG(seen));
			return;                         /* the rest may be its value */
		}
		if (takes_value(o)) {
			char shown[3] = { '-', *c, '\0' };

			if (c[1] != '\0')
				set_value(p, o, c + 1);
			else
				set_from_next(p, o, shown);
			return;
		}
		set_bare(p, o, true);
	}
}

int
opt_parse(const struct opt *const *tables, int argc, char **argv, void *into,
    struct texts *operand, struct arena *a, struct err *e)
{
	struct parser p = { tables, argv, argc, 1, into, a, e };
	bool ended = false;
	int before = e->n;

	*operand = (struct texts){ 0 };
	while (p.at < argc) {
		char *arg = argv[p.at++];

		if (ended || arg[0] != '-' || arg[1] == '\0')
			add_text(operand, arg, a);
		else if (strcmp(arg, "--") == 0)
			ended = true;
		else if (arg[1] == '-')
			parse_long(&p, arg);
		else
			parse_short(&p, arg);
	}
	return e->n == before ? 0 : -1;
}

static size_t
left_width(const struct opt *o)
{
	return strlen(o->name) + (takes_value(o) ? 1 + strlen(o->arg ? o->arg : "VALUE") : 0);
}

void
opt_help(struct buf *b, const struct opt *const *tables)
{
	enum { WIDEST = 26 };
	size_t width = 0;

	for (size_t t = 0; tables[t] != NULL; t++)
		for (const struct opt *o = tables[t]; o->name != NULL; o++)
			if (left_width(o) > width && left_width(o) <= WIDEST)
				width = left_width(o);
	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct opt *o = tables[t]; o->name != NULL; o++) {
			size_t w = left_width(o);

			if (o->letter != 0)
				buf_fmt(b, "  -%c, --%s", o->letter, o->name);
			else
				buf_fmt(b, "      --%s", o->name);
			if (takes_value(o))
				buf_fmt(b, " %s", o->arg ? o->arg : "VALUE");
			if (w > width)                  /* too wide to align: the text goes below */
				buf_fmt(b, "\n%*s", (int)(8 + width), "");
			else
				buf_fmt(b, "%*s", (int)(width - w), "");
			buf_fmt(b, "  %s\n", o->help ? o->help : "");
		}
	}
}
