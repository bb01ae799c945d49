/*
 * scorers.c -- the table of scorers, made from scorers.def.
 */
#include "metrics/metrics.h"

#define SCORER(n) extern const struct scorer scorer_##n;
#include "metrics/scorers.def"
#undef SCORER

static const struct scorer *const all[] = {
#define SCORER(n) &scorer_##n,
#include "metrics/scorers.def"
#undef SCORER
	NULL
};

const struct scorer *const *
scorer_all(void)
{
	return all;
}

const struct scorer *
scorer_find(const char *name)
{
	for (const struct scorer *const *s = all; *s != NULL; s++) {
		if (strcmp((*s)->name, name) == 0)
			return *s;
	}
	return NULL;
}
