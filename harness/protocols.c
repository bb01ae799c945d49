/*
 * protocols.c -- the table of protocols: one row in protocols.def, one file in proto/.
 */
#include "harness/harness.h"

#define PROTOCOL(name) extern const struct protocol protocol_##name;
#include "harness/protocols.def"
#undef PROTOCOL

static const struct protocol *const all[] = {
#define PROTOCOL(name) &protocol_##name,
#include "harness/protocols.def"
#undef PROTOCOL
	NULL
};

const struct protocol *const *
protocol_all(void)
{
	return all;
}

const struct protocol *
protocol_find(const char *name)
{
	for (size_t i = 0; all[i] != NULL; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
