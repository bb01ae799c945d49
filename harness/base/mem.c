/*
 * mem.c -- arenas and growing arrays; malloc and free are called here and nowhere else.
 *
 * An arena is a list of chunks, newest first.  Running out of memory ends the program: the
 * store holds what was committed, and a later run goes on from there.
 */
#include "harness/base/base.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 16 * 1024 };

struct chunk {
	struct chunk *older;
	size_t        size;
	alignas(max_align_t) char mem[];
};

static noreturn void
no_memory(size_t size)
{
	die(EXIT_SURROUNDINGS, "out of memory (%zu bytes wanted)", size);
}

void *
arena_raw(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	void *p;

	if (size > SIZE_MAX / 2)                /* room for the rounding and the chunk's head */
		no_memory(size);
	size = (size + align - 1) & ~(align - 1);
	if (a->chunk == NULL || a->chunk->size - a->used < size) {
		size_t room = size > CHUNK ? size : CHUNK;
		struct chunk *c = malloc(sizeof *c + room);

		if (c == NULL)
			no_memory(size);
		c->older = a->chunk;
		c->size = room;
		a->chunk = c;
		a->used = 0;
	}
	p = a->chunk->mem + a->used;
	a->used += size;
	return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	return memset(arena_raw(a, size), 0, size);
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		no_memory(SIZE_MAX);
	return arena_alloc(a, bytes);
}

char *
arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(arena_alloc(a, n), s, n);
}

char *
arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		bug("bad format '%s'", fmt);
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void
arena_reset(struct arena *a)
{
	struct chunk *keep = a->chunk;

	if (keep == NULL)
		return;
	for (struct chunk *c = keep->older, *older; c != NULL; c = older) {
		older = c->older;
		free(c);
	}
	keep->older = NULL;
	if (keep->size > 16 * CHUNK) {          /* one giant answer must not stay for ever */
		free(keep);
		a->chunk = NULL;
	}
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	for (struct chunk *c = a->chunk, *older; c != NULL; c = older) {
		older = c->older;
		free(c);
	}
	*a = (struct arena){ 0 };
}

void *
mem_grow(void *array, size_t *cap, size_t need, size_t size)
{
	size_t n = *cap < 16 ? 16 : *cap, bytes;

	if (need <= *cap)
		return array;
	while (n < need) {
		if (n > SIZE_MAX / 2)
			no_memory(SIZE_MAX);
		n += n / 2;
	}
	if (__builtin_mul_overflow(n, size, &bytes))
		no_memory(SIZE_MAX);
	if ((array = realloc(array, bytes)) == NULL)
		no_memory(bytes);
	*cap = n;
	return array;
}

void *
mem_alloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (p == NULL)
		no_memory(size);
	return p;
}

void
mem_free(void *p)
{
	free(p);
}
