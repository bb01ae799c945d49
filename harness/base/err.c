/*
 * err.c -- four kinds of failure, four answers.
 *
 * The user's mistakes are collected in a struct err; the machine's end the program (die); our
 * own abort (bug); the model's are not failures at all but completions with an outcome.
 */
#include "harness/base/base.h"

#include <stdio.h>
#include <stdlib.h>

static PRINTF(3, 0) void
add(struct err *e, const char *prefix, const char *fmt, va_list ap)
{
	char line[1024];
	size_t n;
	int k;

	e->n++;
	k = snprintf(line, sizeof line, "%s", prefix);
	n = k < 0 ? 0 : (size_t)k;
	if (n < sizeof line - 1) {
		k = vsnprintf(line + n, sizeof line - n, fmt, ap);
		n += k < 0 ? 0 : (size_t)k;
	}
	if (n > sizeof line - 1) {
		ptrdiff_t bad;

		n = sizeof line - 1;            /* cut, but not within a character */
		bad = str_bad_utf8((struct str){ line, n });
		if (bad >= 0 && n - (size_t)bad < 4)
			n = (size_t)bad;
	}
	/* One mistake is one line, whatever the user's text holds. */
	while (n > 0 && line[n - 1] == '\n')
		n--;
	for (char *p = line; (p = memchr(p, '\n', n - (size_t)(p - line))) != NULL; )
		*p = ' ';
	if (e->len + n + 2 > sizeof e->msg)     /* counted, not shown: err_print says how many */
		return;
	memcpy(e->msg + e->len, line, n);
	e->len += n;
	e->msg[e->len++] = '\n';
	e->msg[e->len] = '\0';
}

int
err_set(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(e, "", fmt, ap);
	va_end(ap);
	return -1;
}

int
err_at(struct err *e, const char *path, int line, int col, const char *fmt, ...)
{
	char where[512];
	size_t n = strlen(path);
	va_list ap;

	if (n > 400)                            /* the line matters more than the first folders */
		path += n - 400;
	if (line > 0 && col > 0)
		snprintf(where, sizeof where, "%s:%d:%d: ", path, line, col);
	else if (line > 0)
		snprintf(where, sizeof where, "%s:%d: ", path, line);
	else
		snprintf(where, sizeof where, "%s: ", path);
	va_start(ap, fmt);
	add(e, where, fmt, ap);
	va_end(ap);
	return -1;
}

/* One line to stderr with everything unprintable made visible. */
static void
say(const char *prefix, struct str line)
{
	struct arena a = { 0 };
	struct str s = str_visible(line, 4096, false, &a);

	fprintf(stderr, "driftlead: %s%.*s\n", prefix, STR_ARG(s));
	arena_free(&a);
}

void
err_print(const struct err *e)
{
	size_t at = 0;
	int shown = 0;

	while (at < e->len) {
		const char *end = memchr(e->msg + at, '\n', e->len - at);
		size_t n = (size_t)(end - (e->msg + at));

		say("", (struct str){ e->msg + at, n });
		shown++;
		at += n + 1;
	}
	if (e->n > shown)
		fprintf(stderr, "driftlead: and %d more\n", e->n - shown);
}

static PRINTF(2, 0) void
say_fmt(const char *prefix, const char *fmt, va_list ap)
{
	char line[2048];

	vsnprintf(line, sizeof line, fmt, ap);
	say(prefix, str_of(line));
}

void
die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_fmt("", fmt, ap);
	va_end(ap);
	exit(status);
}

void
bug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_fmt("this is a bug in driftlead: ", fmt, ap);
	va_end(ap);
	abort();
}

void
warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_fmt("warning: ", fmt, ap);
	va_end(ap);
}
