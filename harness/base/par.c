/*
 * par.c -- one loop on all cores.
 *
 * Threads take indices from an atomic counter and are joined before par_for returns.  No
 * queue, no pool, no shared state beyond the counter.
 */
#include "harness/base/base.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 256 };

struct work {
	atomic_size_t next;
	size_t        n;
	void        (*fn)(size_t, struct arena *, void *);
	void         *ctx;
};

static void *
work(void *arg)
{
	struct work *w = arg;
	struct arena scratch = { 0 };
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->n) {
		w->fn(i, &scratch, w->ctx);
		arena_reset(&scratch);
	}
	arena_free(&scratch);
	return NULL;
}

size_t
par_threads(void)
{
	const char *s = getenv("DRIFTLEAD_THREADS");
	long n = 0;

	if (s == NULL || !str_long(str_of(s), &n) || n < 1)
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (size_t)n;
}

void
par_for(size_t n, void (*fn)(size_t, struct arena *, void *), void *ctx)
{
	struct work w = { .n = n, .fn = fn, .ctx = ctx };
	pthread_t id[THREADS_MAX];
	size_t want = par_threads(), started = 0;

	if (want > n)
		want = n;
	/* The calling thread works too; one that cannot start is simply not there. */
	while (started + 1 < want && pthread_create(&id[started], NULL, work, &w) == 0)
		started++;
	work(&w);
	for (size_t i = 0; i < started; i++)
		pthread_join(id[i], NULL);
}
