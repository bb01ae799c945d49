/*
 * main.c -- from argv to a command and back to an exit status.
 *
 * A row of the command table says what the command needs; it is opened here, so that every
 * mistake in the configuration is out before the command begins.  Exit statuses are those of
 * driftlead(1).
 */
#include "harness/harness.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

/* The command line as typed, for the record: keys never stand on one. */
static const char *
join(int argc, char **argv, struct arena *a)
{
	struct buf b = { 0 };
	const char *s;

	for (int i = 0; i < argc; i++) {
		bool plain = argv[i][0] != '\0' && strpbrk(argv[i], " \t\n'\"\\$`*?[]{}()<>|&;~#!") == NULL;

		buf_puts(&b, i ? " " : "");
		if (plain) {
			buf_puts(&b, argv[i]);
			continue;
		}
		buf_char(&b, '\'');
		for (const char *p = argv[i]; *p != '\0'; p++)
			buf_puts(&b, *p == '\'' ? "'\\''" : (char[]){ *p, '\0' });
		buf_char(&b, '\'');
	}
	s = str_cstr(buf_as_str(&b), a);
	buf_free(&b);
	return s;
}

static int
open_needs(const struct command *c, struct session *s, struct err *e)
{
	const struct common *common = s->options;
	const char *start = ".";
	int status;

	if (c->needs == NEEDS_NOTHING)
		return 0;
	if ((s->project = project_load(common->config, start, common->store, s->arena, e)) == NULL)
		return EXIT_MISTAKE;
	/* A suite given by path may lie in a project that the working folder is not part of. */
	if (s->project->path == NULL && common->config == NULL && s->operand.n > 0 &&
	    (c->needs & NEEDS_PROJECT) &&
	    (s->project = project_load(NULL, s->operand.text[0], common->store, s->arena, e)) == NULL)
		return EXIT_MISTAKE;
	if (!(c->needs & (NEEDS_STORE_READ | NEEDS_STORE_WRITE | NEEDS_STORE_CREATE)))
		return 0;
	status = store_open(&s->store, s->project->store, c->needs & NEEDS_STORE_CREATE ? STORE_CREATE :
	    c->needs & NEEDS_STORE_WRITE ? STORE_WRITE : STORE_READ, e);
	return status;
}

static int
check_operands(const struct command *c, const struct texts *operand, struct err *e)
{
	if (operand->n < c->min_operands)
		return err_set(e, "usage: driftlead %s %s", c->name, c->operands);
	if (operand->n > c->max_operands)
		return err_set(e, "what is '%s'? usage: driftlead %s %s", operand->text[c->max_operands],
		    c->name, c->operands);
	return 0;
}

static int
call(const struct command *c, int argc, char **argv, struct session *s, struct err *e)
{
	const struct opt *tables[] = { c->options ? c->options : common_options,
		c->options ? common_options : NULL, NULL };
	const struct common *common;
	int status;

	s->options = arena_alloc(s->arena, c->size > sizeof *common ? c->size : sizeof *common);
	if (c->defaults != NULL)
		memcpy(s->options, c->defaults, c->size);
	common = s->options;
	if (opt_parse(tables, argc, argv, s->options, &s->operand, s->arena, e) != 0 && !common->help) {
		err_set(e, "'driftlead %s -h' shows its options", c->name);
		return EXIT_MISTAKE;
	}
	if (common->help) {
		*e = (struct err){ 0 };
		help_command(&s->out, c);
		return EXIT_PASS;
	}
	if (common->json && c->no_json)
		err_set(e, "'driftlead %s' prints no JSON object", c->name);
	if (e->n > 0 || check_operands(c, &s->operand, e) != 0)
		return EXIT_MISTAKE;
	if ((status = open_needs(c, s, e)) == 0)
		status = c->main(s, e);
	if (s->store != NULL)
		store_close(s->store);
	return status;
}

/* Names, slices and ids stand in files that others wrote, and a terminal obeys what it is sent.
 * In JSON such bytes occur inside strings only, where they can be escaped without a loss. */
static void
make_visible(struct session *s)
{
	const struct common *common = s->options;
	struct str text = buf_as_str(&s->out);
	struct buf b = { 0 };

	if (common == NULL || !common->json) {
		text = str_visible(text, SIZE_MAX / 2, true, s->arena);
	} else {
		for (size_t i = 0; i < text.n; i++) {
			unsigned char c = (unsigned char)text.p[i], next = i + 1 < text.n ?
			    (unsigned char)text.p[i + 1] : 0;

			if (c == 0x7f)
				buf_puts(&b, "\\u007f");
			else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
				buf_fmt(&b, "\\u00%02x", (unsigned)(unsigned char)text.p[++i]);
			else
				buf_char(&b, (char)c);
		}
		text = str_dup(buf_as_str(&b), s->arena);
		buf_free(&b);
	}
	buf_reset(&s->out);
	buf_str(&s->out, text);
}

/* Results that could not be written are a failure, whatever the verdict was. */
static int
print(struct session *s, int status)
{
	if (!s->verbatim)
		make_visible(s);
	if (s->out.n > 0)
		fwrite(s->out.p, 1, s->out.n, stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (errno != EPIPE)                     /* a reader that has seen enough, as head does */
			fprintf(stderr, "driftlead: cannot write the result: %s\n", strerror(errno));
		return status == EXIT_PASS ? EXIT_SURROUNDINGS : status;
	}
	return status;
}

int
main(int argc, char **argv)
{
	static struct err e;
	struct arena arena = { 0 };
	struct session s = { .arena = &arena };
	const struct command *c;
	const char *name = argc > 1 ? argv[1] : "", *near;
	int status;

	signal(SIGPIPE, SIG_IGN);                       /* a closed pipe is a write error here */
	if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0)
		name = "help";
	if (strcmp(name, "-V") == 0 || strcmp(name, "--version") == 0)
		name = "version";
	s.command_line = join(argc, argv, &arena);
	if (name[0] == '\0') {
		help_overview(&s.out);
		status = EXIT_MISTAKE;
	} else if ((c = command_find(name)) == NULL) {
		near = help_nearest(name);
		err_set(&e, "there is no command '%s'%s%s%s", name, near ? " (did you mean '" :
		    "; 'driftlead help' shows all", near ? near : "", near ? "'?)" : "");
		status = EXIT_MISTAKE;
	} else {
		status = call(c, argc - 1, argv + 1, &s, &e);
	}
	status = print(&s, status);
	err_print(&e);
	buf_free(&s.out);
	arena_free(&arena);
	return status;
}
