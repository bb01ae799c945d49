/*
 * scratch.c -- the store of a dry run: a folder that is gone after.
 *
 * Dry runs leave the project's store alone, and need one all the same to draw cases into.
 */
#include "harness/harness.h"

#include <stdlib.h>
#include <unistd.h>

int
scratch_open(struct store **st, char dir[], size_t n, struct arena *a, struct err *e)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, n, "%s/driftlead-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL) {
		err_set(e, "cannot make a scratch folder '%s'", dir);
		return EXIT_SURROUNDINGS;
	}
	return store_open(st, arena_fmt(a, "%s/store.db", dir), STORE_CREATE, e);
}

void
scratch_drop(struct store **st, const char *dir, struct arena *a)
{
	static const char *const name[] = { "store.db", "store.db-lock", "store.db-journal" };

	store_close(*st);
	*st = NULL;
	for (size_t i = 0; i < COUNT(name); i++)
		unlink(arena_fmt(a, "%s/%s", dir, name[i]));
	rmdir(dir);
}
