/*
 * term.c -- what a terminal can take.
 */
#include "harness/base/base.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool
term_colour(int fd)
{
	const char *s;

	if ((s = getenv("NO_COLOR")) != NULL && *s != '\0')
		return false;
	if (((s = getenv("FORCE_COLOR")) != NULL && *s != '\0' && strcmp(s, "0") != 0) ||
	    ((s = getenv("CLICOLOR_FORCE")) != NULL && *s != '\0' && strcmp(s, "0") != 0))
		return true;
	if ((s = getenv("TERM")) != NULL && strcmp(s, "dumb") == 0)
		return false;
	return isatty(fd);
}

int
term_width(int fd)
{
	const char *s = getenv("COLUMNS");
	struct winsize w;
	long n;

	if (s != NULL && str_long(str_of(s), &n) && n >= 20 && n <= 1000)
		return (int)n;
	if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
		return w.ws_col;
	return 80;
}
