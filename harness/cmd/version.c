/*
 * cmd/version.c -- `driftlead version`.
 */
#include "harness/harness.h"

static int
version(struct session *s, struct err *e)
{
	const struct common *o = s->options;

	(void)e;
	if (o->json)
		buf_puts(&s->out, "{\"program\":\"driftlead\",\"version\":\"" PROGRAM_VERSION "\"}\n");
	else
		buf_puts(&s->out, "driftlead " PROGRAM_VERSION "\n");
	return EXIT_PASS;
}

const struct command command_version = {
	.name = "version", .chapter = "about", .operands = "", .help = "print the version",
	.main = version,
};
