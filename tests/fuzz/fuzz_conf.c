/*
 * fuzz_conf.c -- any bytes as a configuration: loaded, bound by a table with every kind, judged.
 */
#include "harness/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct all {
	const char  *text, *number;
	struct str   str;
	long         whole, size;
	double       real, share, time;
	bool         yes;
	int          choice;
	struct texts list;
	struct node *node;
};

static const struct conf_key keys[] = {
	{ "text", CONF_TEXT, offsetof(struct all, text), CONF_REQUIRED, NULL, "a text" },
	{ "str", CONF_STR, offsetof(struct all, str), NULL, NULL, NULL },
	{ "int", CONF_INT, offsetof(struct all, whole), "3", "1..9", NULL },
	{ "size", CONF_SIZE, offsetof(struct all, size), "1k", ">0", NULL },
	{ "real", CONF_REAL, offsetof(struct all, real), "0.5", "0..1", NULL },
	{ "share", CONF_SHARE, offsetof(struct all, share), "31%", NULL, NULL },
	{ "time", CONF_TIME, offsetof(struct all, time), "1s", ">0", NULL },
	{ "number", CONF_NUMBER, offsetof(struct all, number), NULL, NULL, NULL },
	{ "bool", CONF_BOOL, offsetof(struct all, yes), "no", NULL, NULL },
	{ "enum", CONF_ENUM, offsetof(struct all, choice), "a", "a|bb|ccc", NULL },
	{ "list", CONF_LIST, offsetof(struct all, list), NULL, NULL, NULL },
	{ "node", CONF_NODE, offsetof(struct all, node), NULL, NULL, NULL },
	{ 0 }
};

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct conf_key *const tables[] = { keys, NULL };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct all all = { 0 };
	struct node *root = conf_load("fuzz", (struct str){ (const char *)p, n }, &a, &e);

	if ((root == NULL) != (e.n > 0))
		bug("conf_load returned %s with %d mistakes", root ? "a tree" : "nothing", e.n);
	if (root != NULL) {
		struct buf b = { 0 };
		int failed = conf_bind(root, "it", keys, &all, &a, &e);

		failed |= conf_done(root, "it", tables, &e);
		if ((failed != 0) != (e.n > 0))
			bug("%d mistakes but status %d", e.n, failed);
		conf_json(&b, root);
		buf_free(&b);
	}
	arena_free(&a);
	return 0;
}
