/*
 * process.c -- looking after every round, by the bets of harness/betting.c.
 *
 * The program's cases come from a database; here they come from pairs, whose units lie in random
 * order already.
 */
#include "harness/betting.h"
#include "tests/simulate/simulate.h"

/* Each case where its unit begins. */
static struct place *
places(const struct sample *s, struct arena *a)
{
	struct place *place = arena_array(a, s->n, sizeof *place);
	size_t unit = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (i == 0 || s->cluster == NULL || s->cluster[i] != s->cluster[i - 1])
			unit = i;
		place[i] = (struct place){ .row = (long)i, .unit = (long)unit, .number = unit,
			.stratum = s->share != NULL ? s->stratum[i] : 0,
			.slice = s->stratum != NULL ? s->stratum[i] : -1, .weight = 1 };
	}
	return place;
}

bool
process_run(const struct pairs *p, const struct gate *gate, size_t ngate, struct ruling *ruling,
    bool *decided, long *used, struct arena *a)
{
	struct rounds r = { .place = places(&p->s, a), .n = p->s.n };
	struct betting *bet = arena_array(a, ngate, sizeof *bet);
	bool over = false;
	size_t i;

	rounds_deal(&r, p->s.share, p->s.share != NULL ? p->s.nstratum : 1, a);
	for (size_t k = 0; k < ngate; k++)
		betting_begin(&bet[k], &gate[k], gate[k].margin, &r);
	for (i = 0; i < r.n && !over; i++) {
		const struct place *at = &r.place[i];

		for (size_t k = 0; k < ngate; k++)
			if (gate[k].slice < 0 || gate[k].slice == at->slice)
				betting_take(&bet[k], at, betting_gain(&gate[k], false, p->cand[at->row],
				    p->base[at->row]), false);
		over = betting_look(bet, ngate, &r, i);
	}
	*used = (long)i;
	for (size_t k = 0; k < ngate; k++) {
		decided[k] = bet[k].decided;
		if (decided[k])
			ruling[k] = bet[k].ruling;
		betting_free(&bet[k]);
	}
	return over;
}
