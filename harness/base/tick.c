/*
 * tick.c -- clocks.  Durations are monotonic, records are UTC; nothing else reads a clock.
 */
#include "harness/base/base.h"

#include <stdio.h>
#include <time.h>

double
tick_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int64_t
tick_wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
tick_iso(int64_t wall_ms, char out[25])
{
	time_t s = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL || strftime(out, 25, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(out, 25, "unknown time");
}
