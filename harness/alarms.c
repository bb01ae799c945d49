/*
 * alarms.c -- the budget of false alarms: how much of it a check may spend.
 *
 * A check that is made every night is a test that is repeated.  Each may raise a false alarm with
 * probability alpha, and expectations add up whatever the checks have in common: so a check that
 * comes dt after the one before spends the part of the budget that fell due in dt, and between any
 * two checks that lie a period apart no more than the budget is spent (alpha spending after Lan and
 * DeMets 1983, linear in time).
 */
#include "harness/watch.h"

#include <math.h>

#define MOST 0.2                 /* of a single check: more is no test */

bool
alarms_read(struct str text, double *alarms, double *per)
{
	struct str number, word;

	return str_word(&text, &number) && str_word(&text, &word) && str_is(word, "per") &&
	    parse_number(number, alarms) && *alarms > 0 && parse_time(str_trim(text), per) && *per > 0;
}

double
alarms_alpha(double alarms, double per, double since)
{
	return fmin(alarms * fmin(since, per) / per, MOST);
}

int64_t
due_at(const struct watch *w, int64_t last)
{
	double slack = fmin(0.1 * w->every, 3600);

	return last + (int64_t)((w->every - slack) * 1000);
}
