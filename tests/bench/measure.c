/*
 * measure.c -- what a command costs.
 *
 *	measure FILE COMMAND [ARG]...
 *
 * Runs the command and writes one line to FILE: wall seconds, user and system seconds, largest
 * resident kilobytes, exit status.  The kernel's own count of the child, no sampling.
 */
#include "harness/base/base.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

int
main(int argc, char **argv)
{
	struct rusage used;
	double begin = tick_now(), wall;
	int status;
	pid_t child;
	FILE *f;

	if (argc < 3)
		die(EXIT_MISTAKE, "usage: measure FILE COMMAND [ARG]...");
	child = fork();
	if (child < 0)
		die(EXIT_SURROUNDINGS, "cannot fork: %s", strerror(errno));
	if (child == 0) {
		execvp(argv[2], argv + 2);
		die(127, "'%s' does not run: %s", argv[2], strerror(errno));
	}
	while (wait4(child, &status, 0, &used) < 0)
		if (errno != EINTR)
			die(EXIT_SURROUNDINGS, "cannot wait: %s", strerror(errno));
	wall = tick_now() - begin;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	f = fopen(argv[1], "w");
	if (f == NULL || fprintf(f, "%.6f %.6f %ld %d\n", wall,
	                         seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss,
	                         status) < 0 || fclose(f) != 0)
		die(EXIT_SURROUNDINGS, "'%s' cannot be written: %s", argv[1], strerror(errno));
	return status;
}
