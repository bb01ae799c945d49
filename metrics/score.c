/*
 * score.c -- the three things a scorer can say: nothing, a rate's 0 or 1, a number.
 */
#include "metrics/metrics.h"

struct score
score_none(const char *why)
{
	return (struct score){ false, 0, str_of(why) };
}

struct score
score_hit(void)
{
	return (struct score){ true, 1, STR("") };
}

struct score
score_miss(const char *why)
{
	return (struct score){ true, 0, str_of(why) };
}

struct score
score_real(double value)
{
	return (struct score){ true, value, STR("") };
}
