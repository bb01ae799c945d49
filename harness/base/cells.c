/*
 * cells.c -- one record of CSV or TSV, cut into its cells where it lies.
 */
#include "harness/base/base.h"

static void
add_cell(struct cells *c, const char *p, size_t len)
{
	c->cell = mem_grow(c->cell, &c->room, c->n + 1, sizeof *c->cell);
	c->cell[c->n++] = (struct str){ p, len };
}

/* The quoted cell at p, unquoted where it lies; returns what follows it, NULL without an end. */
static char *
unquote(char *p, char *end, struct str *cell)
{
	char *out = ++p, *quote;

	cell->p = p;
	for (;;) {
		bool doubled;
		size_t run;

		if ((quote = memchr(p, '"', (size_t)(end - p))) == NULL)
			return NULL;
		doubled = quote + 1 < end && quote[1] == '"';
		run = (size_t)(quote - p) + doubled;
		if (out != p)
			memmove(out, p, run);
		out += run;
		p = quote + 1 + doubled;
		if (!doubled)
			break;
	}
	cell->n = (size_t)(out - cell->p);
	return p;
}

static int
fail(char *why, size_t room, const struct cells *c, const char *what)
{
	snprintf(why, room, "cell %zu %s", c->n + 1, what);
	return -1;
}

/* The cells of a record with quotes in it (RFC 4180, 2). */
static int
split_quoted(struct cells *c, char *p, size_t len, char *why, size_t room)
{
	char *end = p + len;

	for (;; p++) {                          /* p++ passes a comma */
		struct str cell = { p, 0 };

		if (p < end && *p == '"') {
			p = unquote(p, end, &cell);
			if (p == NULL || (p < end && *p != ','))
				return fail(why, room, c, "goes on after its closing quote (write \"\" for a "
				    "quote)");
		} else {
			while (p < end && *p != ',' && *p != '"' && *p != '\r')
				p++;
			if (p < end && *p != ',')
				return fail(why, room, c, *p == '"' ?
				    "has a stray quote (quote the cell and double its quotes)" :
				    "has a carriage return outside quotes");
			cell.n = (size_t)(p - cell.p);
		}
		add_cell(c, cell.p, cell.n);
		if (p == end)
			return 0;
	}
}

/* A record in which the separator is the only byte with a meaning. */
static void
split_plain(struct cells *c, char *p, size_t len, char separator)
{
	char *end = p + len, *stop;

	while ((stop = memchr(p, separator, (size_t)(end - p))) != NULL) {
		add_cell(c, p, (size_t)(stop - p));
		p = stop + 1;
	}
	add_cell(c, p, (size_t)(end - p));
}

int
cells_split(struct cells *c, char *p, size_t len, char separator, char *why, size_t room)
{
	c->n = 0;
	if (memchr(p, '\0', len) != NULL) {
		snprintf(why, room, "the record holds a NUL byte");
		return -1;
	}
	if (str_bad_utf8((struct str){ p, len }) >= 0) {
		snprintf(why, room, "the record is not valid UTF-8");
		return -1;
	}
	if (separator == ',' && (memchr(p, '"', len) != NULL || memchr(p, '\r', len) != NULL))
		return split_quoted(c, p, len, why, room);
	split_plain(c, p, len, separator);
	return 0;
}
