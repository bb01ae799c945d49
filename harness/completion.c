/*
 * completion.c -- a completion of which nothing is known yet.
 */
#include "harness/harness.h"

struct completion
completion_blank(void)
{
	return (struct completion){
		.outcome = OUT_GARBAGE, .tokens_in = -1, .tokens_out = -1, .ms_first = -1, .cost = -1,
	};
}
