/*
 * features.c -- the table of features, made from features.def.
 */
#include "drift/drift.h"

#define FEATURE(n) extern const struct feature feature_##n;
#include "drift/features.def"
#undef FEATURE

static const struct feature *const all[] = {
#define FEATURE(n) &feature_##n,
#include "drift/features.def"
#undef FEATURE
	NULL
};

const struct feature *const *
feature_all(void)
{
	return all;
}

bool
feature_restless(const struct feature *f)
{
	static const char *const name[] = { "latency", "first_token", "tokens_per_second" };

	for (size_t i = 0; i < COUNT(name); i++)
		if (strcmp(f->name, name[i]) == 0)
			return true;
	return false;
}

const struct feature *
feature_find(const char *name)
{
	for (const struct feature *const *f = all; *f != NULL; f++) {
		if (strcmp((*f)->name, name) == 0)
			return *f;
	}
	return NULL;
}
