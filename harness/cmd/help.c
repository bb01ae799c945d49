/*
 * cmd/help.c -- `driftlead help [COMMAND]`.
 */
#include "harness/harness.h"

static int
help(struct session *s, struct err *e)
{
	const struct command *c;
	const char *near;

	if (s->operand.n == 0) {
		help_overview(&s->out);
		return EXIT_PASS;
	}
	if ((c = command_find(s->operand.text[0])) == NULL) {
		near = help_nearest(s->operand.text[0]);
		err_set(e, "there is no command '%s'%s%s%s", s->operand.text[0],
		    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
		return EXIT_MISTAKE;
	}
	help_command(&s->out, c);
	return EXIT_PASS;
}

const struct command command_help = {
	.name = "help", .chapter = "about", .operands = "[COMMAND]", .help = "explain a command",
	.max_operands = 1, .no_json = true, .main = help,
};
