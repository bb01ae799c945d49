/*
 * log_generic.c -- any JSONL, CSV or TSV: the fields that the user maps, and those of our names.
 */
#include "drift/logs.h"

static bool
is_generic(struct json first)
{
	return first.type == JT_OBJECT;
}

static void
read_generic(struct log_reader *l, struct json line)
{
	log_emit(l, &(struct record){ .object = line });
}

const struct log_format log_generic = {
	.name = "generic",
	.help = "any JSONL, CSV or TSV, by the names of its fields",
	.is = is_generic,
	.read = read_generic,
};
