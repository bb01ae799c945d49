/*
 * scratch.c -- a store in a scratch folder, for reading a suite without a trace.
 */
#include "harness/harness.h"

#include <stdlib.h>
#include <unistd.h>

int
scratch_open(struct scratch *s, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	struct arena a = { 0 };
	int status;

	*s = (struct scratch){ 0 };
	snprintf(s->dir, sizeof s->dir, "%s/driftlead-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (mkdtemp(s->dir) == NULL) {
		err_set(e, "cannot make a scratch folder '%s'", s->dir);
		return EXIT_SURROUNDINGS;
	}
	status = store_open(&s->store, arena_fmt(&a, "%s/store.db", s->dir), STORE_CREATE, e);
	if (status != 0)
		rmdir(s->dir);
	arena_free(&a);
	return status;
}

void
scratch_drop(struct scratch *s)
{
	static const char *const name[] = { "store.db", "store.db-lock", "store.db-journal" };
	struct arena a = { 0 };

	store_close(s->store);
	for (size_t i = 0; i < COUNT(name); i++)
		unlink(arena_fmt(&a, "%s/%s", s->dir, name[i]));
	rmdir(s->dir);
	arena_free(&a);
}
