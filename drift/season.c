/*
 * season.c -- a window in pieces: the hours of the day, the weekdays, the hours of the week.
 *
 * Mornings are not like evenings.  A window that holds only mornings is compared with mornings: its
 * reference is the sum of those pieces, which profiles give byte for byte as if nothing else had
 * ever been counted.
 */
#include "drift/drift.h"

#include <math.h>

enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS, WEEK_MS = 7 * DAY_MS };
enum { FIRST_MONDAY_MS = 4 * DAY_MS };       /* 1970-01-05 */

#define COVERED 0.5

size_t
season_cells(enum season season)
{
	static const size_t n[] = { 1, 24, 7, SEASON_CELLS_MAX };

	return n[season];
}

int64_t
season_period(enum season season)
{
	static const int64_t ms[] = { 0, DAY_MS, WEEK_MS, WEEK_MS };

	return ms[season];
}

static int64_t
cell_ms(enum season season)
{
	return season_period(season) / (int64_t)season_cells(season);
}

size_t
season_cell(enum season season, int64_t ms)
{
	int64_t period = season_period(season), at;

	if (season == SEASON_NONE)
		return 0;
	at = (ms - FIRST_MONDAY_MS) % period;
	return (size_t)((at < 0 ? at + period : at) / cell_ms(season));
}

void
season_cover(enum season season, int64_t from, int64_t to, double *share)
{
	int64_t period = season_period(season), step = cell_ms(season);
	double whole = period > 0 ? (double)((to - from) / period) : 1;

	for (size_t i = 0; i < season_cells(season); i++)
		share[i] = whole;
	if (period == 0)
		return;
	from += (to - from) / period * period;
	while (from < to) {
		int64_t at = (from - FIRST_MONDAY_MS) % step;
		int64_t end = from + step - (at < 0 ? at + step : at);

		if (end > to)
			end = to;
		share[season_cell(season, from)] += (double)(end - from) / (double)step;
		from = end;
	}
}

/* ---- pieces ---- */

static struct profile *
empty(const struct pieces *p)
{
	struct profile *e = profile_begin(p->watched, p->nfeature, p->cap, p->seed);

	if (p->texts)
		profile_keep_texts(e);
	return e;
}

void
pieces_free(struct pieces *p)
{
	for (size_t i = 0; i < season_cells(p->season); i++) {
		profile_free(p->cell[i]);
		p->cell[i] = NULL;
	}
}

struct profile *
pieces_at(struct pieces *p, int64_t time_ms)
{
	struct profile **cell = &p->cell[season_cell(p->season, time_ms)];

	if (p->season != SEASON_NONE && time_ms == 0)
		return NULL;
	if (*cell == NULL)
		*cell = empty(p);
	return *cell;
}

int
pieces_merge(struct pieces *into, const struct pieces *from, struct err *e)
{
	if (into->season != from->season)
		bug("pieces of one season joined with those of another");
	into->bad += from->bad;
	for (size_t i = 0; i < season_cells(into->season); i++) {
		if (from->cell[i] == NULL)
			continue;
		if (into->cell[i] == NULL)
			into->cell[i] = empty(into);
		if (profile_merge(into->cell[i], from->cell[i], e) != 0)
			return -1;
	}
	return 0;
}

struct profile *
pieces_sum(const struct pieces *p, const bool *take)
{
	struct profile *sum = empty(p);
	struct err e = { 0 };

	for (size_t i = 0; i < season_cells(p->season); i++)
		if (p->cell[i] != NULL && (take == NULL || take[i]) &&
		    profile_merge(sum, p->cell[i], &e) != 0)
			bug("pieces of one window do not add up: %s", e.msg);
	sum->bad = p->bad;
	return sum;
}

size_t
pieces_common(const struct pieces *a, const struct pieces *b, int64_t from, int64_t to, bool *take)
{
	double share[SEASON_CELLS_MAX];
	size_t n = 0;

	season_cover(a->season, from, to, share);
	for (size_t i = 0; i < season_cells(a->season); i++) {
		take[i] = a->cell[i] != NULL && b->cell[i] != NULL && share[i] >= COVERED;
		n += take[i];
	}
	return n;
}
