/*
 * pace.c -- how fast a target may be asked.
 *
 * Three brakes: the concurrency that the service bears (additive increase, multiplicative
 * decrease, after Chiu and Jain, 1989), the rate that the configuration allows, and a pause
 * when the service says that nothing is left.  And how many slots the machine has files for.
 */
#include "harness/harness.h"

#include <math.h>
#include <sys/resource.h>

enum { RESERVED_FILES = 16 };             /* the store's, the loop's, standard ones */

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

size_t
pace_slots(const struct target *t)
{
	size_t want = t->slots > 0 ? (size_t)t->slots : 1, fit;
	size_t each = t->protocol->wire == WIRE_CHILD ? 4 : 2;
	struct rlimit l;

	if (t->protocol->wire == WIRE_LOCAL || getrlimit(RLIMIT_NOFILE, &l) != 0)
		return want;
	if (l.rlim_cur < RESERVED_FILES + each * want && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max < RESERVED_FILES + each * want ? l.rlim_max :
		    RESERVED_FILES + each * want;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
	fit = l.rlim_cur > RESERVED_FILES + each ? ((size_t)l.rlim_cur - RESERVED_FILES) / each : 1;
	if (fit >= want)
		return want;
	warn("the limit on open files (%ld) leaves room for %zu of %zu slots", (long)l.rlim_cur, fit,
	    want);
	return fit;
}
