/*
 * help.c -- help texts, all written from the command table.
 */
#include "harness/harness.h"

void
help_overview(struct buf *b)
{
	const struct command *const *all = command_all();
	const char *chapter = "";

	buf_puts(b,
	    "driftlead asks a model the cases of a suite, scores the answers, and says by statistics\n"
	    "whether it may be released.\n\n"
	    "  driftlead init                              write a project that runs without a key\n"
	    "  driftlead run suites/tickets -t nearest     ask, score and judge\n"
	    "  driftlead report last -o report.html        read it\n");
	for (size_t i = 0; all[i] != NULL; i++) {
		if (strcmp(all[i]->chapter, chapter) != 0)
			buf_fmt(b, "\n%s\n", chapter = all[i]->chapter);
		buf_fmt(b, "  %-11s %s\n", all[i]->name, all[i]->help);
	}
	buf_puts(b,
	    "\nexit status: 0 pass, 1 fail, 2 your mistake, 3 could not tell, 4 the surroundings\n"
	    "failed, 5 the store is damaged, 75 the store is locked, 128+n ended by signal n\n"
	    "'driftlead help COMMAND' explains a command\n");
}

void
help_command(struct buf *b, const struct command *c)
{
	const struct opt *tables[] = { c->options ? c->options : common_options,
		c->options ? common_options : NULL, NULL };

	buf_fmt(b, "usage: driftlead %s%s%s [options]\n\n%s\n", c->name, c->operands[0] ? " " : "",
	    c->operands, c->help);
	if (c->about != NULL)
		buf_fmt(b, "\n%s\n", c->about);
	buf_puts(b, "\noptions\n");
	opt_help(b, tables);
}

const char *
help_nearest(const char *name)
{
	const struct command *const *all = command_all();
	const char *names[64] = { NULL };

	for (size_t i = 0; all[i] != NULL && i + 1 < COUNT(names); i++)
		names[i] = all[i]->name;
	return str_nearest(name, names);
}
