/*
 * progress.h -- how far a run is, for people on stderr: run.c's view of progress.c.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "harness/harness.h"

struct progress {
	bool   off, tty, colour;
	long   done, before, total, service, passed, scored;   /* service: no answer from the service */
	double cost, started;
	int    tenth;                                   /* last tenth that was announced */
	double announced;
	const char *metric;                             /* whose score is shown; NULL: none */
};

void progress_begin(struct progress *, long done, long total, const char *metric, bool quiet);
void progress_show(struct progress *, const struct engine_state *);
void progress_end(struct progress *);

#endif
