/*
 * pace.c -- how fast a target may be asked.
 *
 * Three brakes: the concurrency that the service bears (additive increase, multiplicative
 * decrease, after Chiu and Jain, 1989), the rate that the configuration allows, and a pause
 * when the service says that nothing is left.
 */
#include "harness/harness.h"

#include <math.h>

void
pace_begin(struct pace *p, int slots, double per_minute)
{
	*p = (struct pace){ .slots = slots, .limit = slots, .halved = -INFINITY };
	if (per_minute > 0)
		p->gap = 60 / per_minute;
}

double
pace_when(const struct pace *p, size_t in_flight, double now)
{
	double when;

	if ((double)in_flight >= floor(p->limit))
		return INFINITY;
	when = fmax(p->paused, p->gap > 0 ? p->next : 0);
	return when > now ? when : 0;
}

/* A loop that came late keeps to the beat; one that idled starts it anew, without a burst. */
void
pace_sent(struct pace *p, double now)
{
	if (p->gap > 0)
		p->next = (now - p->next < p->gap ? p->next : now) + p->gap;
}

void
pace_success(struct pace *p)
{
	if (p->limit < p->slots)
		p->limit = fmin(p->limit + 1 / p->limit, p->slots);
}

void
pace_throttled(struct pace *p, double now)
{
	if (now - p->halved < 1)
		return;
	p->halved = now;
	p->limit = fmax(1, floor(p->limit / 2));
}

void
pace_pause(struct pace *p, double until)
{
	p->paused = fmax(p->paused, until);
}
