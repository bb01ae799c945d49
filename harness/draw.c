/*
 * draw.c -- which cases make a suite of a given size.
 *
 * A suite is sized to production: each slice gets its share of `size` by largest remainder,
 * never less than its floor.  Inside a slice the cases with the lowest permanent random number
 * are taken, a hash of (seed, id): the order of the file does not matter, and a larger size
 * only adds cases to a smaller one's.
 */
#include "harness/harness.h"

uint64_t
draw_number(uint64_t seed, struct str case_id)
{
	return rng_next(rng_key(seed, "draw"), hash64(case_id, 0));
}

/* One more case where the quota is furthest from filled; ties go to the lower index. */
static size_t
neediest(const struct slice *s, size_t n, const double *quota, const long *draw)
{
	size_t best = n;
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		double gap = quota[i] - (double)draw[i];

		if (draw[i] < s[i].found && (best == n || gap > most)) {
			best = i;
			most = gap;
		}
	}
	return best;
}

int
draw_allocate(const struct slice *s, size_t n, long size, long *draw, struct err *e)
{
	double *quota = mem_alloc(n, sizeof *quota);
	long left = size, floors = 0, found = 0;
	int status = 0;

	for (size_t i = 0; i < n; i++)
		found += s[i].found;
	for (size_t i = 0; i < n; i++) {
		double share = s[i].has_share ? s[i].share :
		    found ? (double)s[i].found / (double)found : 0;

		quota[i] = share * (double)size;
		draw[i] = (long)quota[i] > s[i].floor ? (long)quota[i] : s[i].floor;
		floors += s[i].floor;
		if (s[i].floor > s[i].found)
			status = err_set(e, "slice '%s' has %ld cases, fewer than its floor of %ld",
			    s[i].name, s[i].found, s[i].floor);
		if (draw[i] > s[i].found)
			draw[i] = s[i].found;
		left -= draw[i];
	}
	if (floors > size)
		status = err_set(e, "the floors add up to %ld, more than the size of %ld: raise size "
		    "to at least %ld", floors, size, floors);
	else if (found < size)
		status = err_set(e, "the case file has %ld cases, fewer than the size of %ld", found, size);
	/* Floors may have taken more than was left: give back where the quota is most exceeded. */
	for (; status == 0 && left < 0; left++) {
		size_t most = n;

		for (size_t i = 0; i < n; i++)
			if (draw[i] > s[i].floor && (most == n || (double)draw[i] - quota[i] >
			    (double)draw[most] - quota[most]))
				most = i;
		draw[most]--;
	}
	for (; status == 0 && left > 0; left--)
		draw[neediest(s, n, quota, draw)]++;
	mem_free(quota);
	return status;
}
