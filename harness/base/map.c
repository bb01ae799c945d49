/*
 * map.c -- from bytes to a number: open addressing, keys copied into an arena.
 *
 * The table is at most 3/4 full and doubles.  Entries are never removed.
 */
#include "harness/base/base.h"

struct map_entry {
	uint64_t   hash;
	struct str key;         /* p NULL: empty */
	uint64_t   value;
};

static struct map_entry *
find(const struct map *m, struct str key, uint64_t hash)
{
	size_t i = (size_t)hash & (m->cap - 1);

	while (m->entry[i].key.p != NULL &&
	    (m->entry[i].hash != hash || !str_eq(m->entry[i].key, key)))
		i = (i + 1) & (m->cap - 1);
	return &m->entry[i];
}

static void
grow(struct map *m)
{
	struct map old = *m;

	m->cap = old.cap ? old.cap * 2 : 64;
	m->entry = mem_alloc(m->cap, sizeof *m->entry);
	for (size_t i = 0; i < old.cap; i++)
		if (old.entry[i].key.p != NULL)
			*find(m, old.entry[i].key, old.entry[i].hash) = old.entry[i];
	mem_free(old.entry);
}

uint64_t *
map_put(struct map *m, struct str key, bool *is_new)
{
	uint64_t hash = hash64(key, 0);
	struct map_entry *e;

	if (m->n + 1 > m->cap / 4 * 3)
		grow(m);
	e = find(m, key, hash);
	*is_new = e->key.p == NULL;
	if (*is_new) {
		*e = (struct map_entry){ hash, str_dup(key, &m->keys), 0 };
		m->n++;
	}
	return &e->value;
}

uint64_t *
map_get(const struct map *m, struct str key)
{
	struct map_entry *e;

	if (m->cap == 0)
		return NULL;
	e = find(m, key, hash64(key, 0));
	return e->key.p ? &e->value : NULL;
}

void
map_free(struct map *m)
{
	mem_free(m->entry);
	arena_free(&m->keys);
	*m = (struct map){ 0 };
}
