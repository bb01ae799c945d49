/*
 * duplicates.c -- texts that are nearly the same.
 *
 * One hash of each slot makes all MinHashes of a text: its low bits choose one of them, the others
 * compete for the lowest there (Li, Owen and Zhang 2012); one that no slot chose takes the next,
 * with its distance added (Shrivastava and Li 2014).  A text is compared with the first of a group
 * only, so that no chain of small steps joins texts that are not alike.
 */
#include "drift/domain.h"

enum { HASHES = 128 };

struct sketch { uint64_t least[HASHES]; };

struct sketching { const struct bag *bag; struct sketch *sketch; };

static void
sketch_one(size_t i, struct arena *scratch, void *ctx)
{
	struct sketching *job = ctx;
	const struct bag *b = &job->bag[i];
	uint64_t *least = job->sketch[i].least, next = UINT64_MAX, far = 0;

	(void)scratch;
	memset(least, 0xff, HASHES * sizeof *least);
	for (size_t k = 0; k < b->n; k++) {
		uint64_t hash = rng_next(0, bag_slot(b->hit[k])), *at = &least[hash % HASHES];

		if (hash >> 16 < *at)
			*at = hash >> 16;
	}
	/* Backwards, twice around: the second time the first finds what follows the last. */
	for (size_t k = 2 * HASHES; k-- > 0;) {
		if (least[k % HASHES] >> 48 == 0) {
			next = least[k % HASHES];
			far = 0;
		} else if (next != UINT64_MAX && k < HASHES) {
			least[k] = next + (++far << 48);
		} else {
			far++;
		}
	}
}

static double
alike(const struct sketch *a, const struct sketch *b)
{
	int same = 0;

	for (size_t i = 0; i < HASHES; i++)
		same += a->least[i] == b->least[i];
	return (double)same / HASHES;
}

/* What two texts share that have the same hashes in a band. */
static uint64_t
band_key(const struct sketch *s, long band, long rows)
{
	return hash64((struct str){ (const char *)&s->least[band * rows],
	    (size_t)rows * sizeof *s->least }, (uint64_t)band);
}

size_t
duplicates_group(const struct bag *bag, const size_t *order, size_t n, size_t *group,
                 struct arena *scratch)
{
	struct sketching job = { bag, arena_array(scratch, n + 1, sizeof *job.sketch) };
	struct lsh l = lsh_parameters(DUPLICATES_ALIKE, HASHES, 0.1, 0.9);
	size_t *first = arena_array(scratch, n + 1, sizeof *first), ngroup = 0;
	struct map seen = { 0 };

	par_for(n, sketch_one, &job);
	for (size_t i = 0; i < n; i++) {
		const struct sketch *s = &job.sketch[order[i]];
		size_t of = SIZE_MAX;

		for (long b = 0; b < l.bands && of == SIZE_MAX; b++) {
			uint64_t key = band_key(s, b, l.rows);
			uint64_t *at = map_get(&seen, (struct str){ (const char *)&key, sizeof key });

			if (at != NULL && alike(s, &job.sketch[first[*at]]) >= DUPLICATES_ALIKE)
				of = *at;
		}
		if (of == SIZE_MAX) {
			of = ngroup++;
			first[of] = order[i];
			for (long b = 0; b < l.bands; b++) {
				uint64_t key = band_key(s, b, l.rows);
				bool is_new;
				uint64_t *at = map_put(&seen, (struct str){ (const char *)&key, sizeof key },
				    &is_new);

				if (is_new)
					*at = of;
			}
		}
		group[order[i]] = of;
	}
	map_free(&seen);
	return ngroup;
}
