/*
 * commands.c -- the table of commands, and the options that all of them take.
 */
#include "harness/harness.h"

#define COMMAND(n) extern const struct command command_##n;
#include "harness/commands.def"
#undef COMMAND

static const struct command *const all[] = {
#define COMMAND(n) &command_##n,
#include "harness/commands.def"
#undef COMMAND
	NULL
};

const struct opt common_options[] = {
	{ "store", 0, OPT_TEXT, offsetof(struct common, store), "FILE",
	  "the store instead of the project's (or $DRIFTLEAD_STORE)" },
	{ "config", 'C', OPT_TEXT, offsetof(struct common, config), "FILE",
	  "the project file instead of the nearest driftlead.yaml" },
	{ "json", 0, OPT_FLAG, offsetof(struct common, json), NULL,
	  "print one JSON object instead of text" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct common, quiet), NULL, "no progress, no summary" },
	{ "help", 'h', OPT_FLAG, offsetof(struct common, help), NULL, "show this help" },
	{ 0 }
};

const struct command *const *
command_all(void)
{
	return all;
}

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; all[i] != NULL; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
