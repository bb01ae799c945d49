/*
 * betting.h -- cases in rounds, and the bets of gates on them.
 *
 * Arithmetic alone: sequence.c feeds it from the store, the simulation from what it draws.
 */
#ifndef BETTING_H
#define BETTING_H

#include "harness/verdict.h"

/* One case, and where it stands in the order of asking. */
struct place {
	long     row;                     /* the caller's name for it */
	long     unit;                    /* clusters share one */
	uint64_t number;                  /* of the unit: the order */
	int      stratum, slice, round;
	double   weight, pull;            /* the case's own; its part of a round's mean */
};

struct round_stratum { long nunit, ncase; double weight, share; };
struct rounds {
	struct place         *place;      /* the caller's; in the order of asking once dealt */
	size_t                n;
	long                  nround;
	struct round_stratum *stratum;
	size_t                nstratum;
	double                moved;      /* share of strata without a case */
};

/* Sorts the places by stratum and number and deals their units into as many rounds as the smallest
 * stratum has units, so that the weighted mean of a round estimates that of all.  share: of the
 * strata, NULL for one stratum. */
void rounds_deal(struct rounds *, const double *share, size_t nstratum, struct arena *);

/* One gate and its wealth. */
struct betting {
	const struct gate *gate;
	bool             can_bet;         /* false: nothing is decided before the last case */
	bool             by_unit;         /* a bet on every unit, not on rounds */
	struct eprocess  up, mirrored;    /* mirrored: for `equivalent`, the other side */
	double           scale;           /* the largest sum of pulls of a round, or unit */
	double           gained, pulled;  /* in the open round, or unit */
	double          *d, *weight;      /* of the rounds so far */
	size_t           n, cap, cap_weight;
	long             ncase, nmissing; /* looked at; without an answer from the service */
	bool             decided;
	struct ruling    ruling;
};

/* margin: absolute, of a gate with a baseline. */
void   betting_begin(struct betting *, const struct gate *, double margin, const struct rounds *);
void   betting_free(struct betting *);
/* What a bettor gains from a case: better than the baseline, or than the bound, is above 0. */
double betting_gain(const struct gate *, bool lower_is_better, double now, double then);
void   betting_take(struct betting *, const struct place *, double gain, bool missing);
/* After the i-th place was taken: ends what ends there, and looks where a round does.  True once
 * the release is decided: some gate failed, or all passed. */
bool   betting_look(struct betting *, size_t ngate, const struct rounds *, size_t i);
struct judged_stop betting_stop(const struct betting *);

#endif
