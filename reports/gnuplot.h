/*
 * gnuplot.h -- gnuplot as a child: a script in, pictures out.
 */
#ifndef GNUPLOT_H
#define GNUPLOT_H

#include "reports/reports.h"

/* What it prints for the script, up to the ceiling of `answer`.  False: it is not there, failed, or
 * took more than `patience` seconds. */
bool gnuplot_run(const struct buf *script, double patience, struct buf *answer);

struct gnuplot_picture {
	const char *id, *title;
	int         width, height;            /* as the script's terminal has them */
	/* Stands for the word W<i> of the script, i below nword: the rest of a start tag, at least its
	 * '>', then markup. */
	void      (*word)(struct buf *, size_t i, const void *ctx);
	size_t      nword;
	const void *ctx;
};
/* Appends the first SVG of *all as markup of a page, and *all goes on behind it.  The script's
 * colours #000000 to #000006 are ink, accent, soft, line, bad, accent, raised.  False: there is
 * none. */
bool gnuplot_svg(struct buf *, struct str *all, const struct gnuplot_picture *);

#endif
