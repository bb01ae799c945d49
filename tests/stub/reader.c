/*
 * reader.c -- words, quoted texts, numbers and times of a play.
 */
#include "tests/stub/reader.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* From behind the opening quote to behind the closing one. */
static int
quoted(struct reader *r)
{
	char *out = arena_alloc(r->a, r->text.n - r->at + 1);
	size_t n = 0;

	while (r->at < r->text.n && r->text.p[r->at] != '"' && r->text.p[r->at] != '\n') {
		char c = r->text.p[r->at++];

		if (c == '\\' && r->at < r->text.n) {
			c = r->text.p[r->at++];
			if (c == 'n') {
				c = '\n';
			} else if (c == 'r') {
				c = '\r';
			} else if (c == 't') {
				c = '\t';
			} else if (c == 'x' && r->at + 1 < r->text.n) {
				int hi = hex_digit(r->text.p[r->at]);
				int lo = hex_digit(r->text.p[r->at + 1]);

				if (hi < 0 || lo < 0)
					return err_at(r->e, r->path, r->line, 0, "'\\x' wants two of 0-9a-f");
				c = (char)(hi << 4 | lo);
				r->at += 2;
			} else if (c != '"' && c != '\\') {
				return err_at(r->e, r->path, r->line, 0, "unknown escape '\\%c'", c);
			}
		}
		out[n++] = c;
	}
	if (r->at >= r->text.n || r->text.p[r->at] != '"')
		return err_at(r->e, r->path, r->line, 0, "a quoted text has no end on its line");
	r->at++;
	r->token = TOKEN_TEXT;
	r->value = (struct str){ out, n };
	return 0;
}

int
reader_next(struct reader *r)
{
	const char *p = r->text.p;
	size_t from;

	while (r->at < r->text.n && strchr(" \t\r\n#", p[r->at]) != NULL) {
		if (p[r->at] == '#')
			while (r->at + 1 < r->text.n && p[r->at + 1] != '\n')
				r->at++;
		r->line += p[r->at++] == '\n';
	}
	r->value = STR("the end");
	r->token = TOKEN_END;
	if (r->at >= r->text.n)
		return 0;
	if (p[r->at] == '"') {
		r->at++;
		return quoted(r);
	}
	from = r->at;
	if (p[r->at] == ',') {
		r->at++;
		r->token = TOKEN_COMMA;
	} else {
		while (r->at < r->text.n && strchr(" \t\r\n,\"#", p[r->at]) == NULL)
			r->at++;
		r->token = TOKEN_WORD;
	}
	r->value = str_sub(r->text, from, r->at - from);
	return 0;
}

bool
reader_at(const struct reader *r, const char *word)
{
	return r->token == TOKEN_WORD && str_is(r->value, word);
}

int
reader_wanted(struct reader *r, const char *what)
{
	return err_at(r->e, r->path, r->line, 0, "expected %s, found '%.*s'", what, STR_ARG(r->value));
}

int
reader_text(struct reader *r, struct str *out)
{
	if (r->token != TOKEN_TEXT)
		return reader_wanted(r, "a quoted text");
	*out = r->value;
	return reader_next(r);
}

int
reader_cstring(struct reader *r, const char **out)
{
	struct str s;

	if (reader_text(r, &s) < 0)
		return -1;
	*out = str_cstr(s, r->a);
	return 0;
}

int
reader_number(struct reader *r, long min, long max, long *out)
{
	if (r->token != TOKEN_WORD || !str_long(r->value, out) || *out < min || *out > max)
		return err_at(r->e, r->path, r->line, 0, "expected a number from %ld to %ld, found '%.*s'",
		              min, max, STR_ARG(r->value));
	return reader_next(r);
}

bool
reader_with_unit(struct str s, const char *unit, double *out)
{
	size_t n = strlen(unit);

	return s.n > n && memcmp(s.p + s.n - n, unit, n) == 0
	    && str_real(str_sub(s, 0, s.n - n), out) && *out >= 0;
}

int
reader_duration(struct reader *r, double *lo, double *hi)
{
	struct str s = r->value;
	ptrdiff_t dots = str_find(s, STR(".."), 0);
	double unit = 1e-3;

	if (r->token != TOKEN_WORD)
		return reader_wanted(r, "a time as 5ms or 2s");
	*lo = -1;
	if (dots >= 0) {
		if (!str_real(str_sub(s, 0, (size_t)dots), lo) || *lo < 0)
			return reader_wanted(r, "a time as 5..50ms");
		s = str_sub(s, (size_t)dots + 2, s.n);
	}
	if (!reader_with_unit(s, "ms", hi)) {
		if (reader_with_unit(s, "s", hi)) {
			unit = 1;
		} else {
			if (!str_real(s, hi) || *hi < 0 || reader_next(r) < 0
			    || !(reader_at(r, "ms") || reader_at(r, "s")))
				return reader_wanted(r, "a time as 5ms or 2s");
			unit = reader_at(r, "s") ? 1 : 1e-3;
		}
	}
	if (*lo < 0)
		*lo = *hi;
	*lo *= unit;
	*hi *= unit;
	return reader_next(r);
}
