/*
 * drift_sketch.h -- scripts of single pictures, for one gnuplot that draws all.
 */
#ifndef DRIFT_SKETCH_H
#define DRIFT_SKETCH_H

#include "reports/drift_page.h"

enum { SKETCH_WIDTH = 480, SKETCH_HEIGHT = 220, SKETCH_CATEGORIES = 12, SKETCH_LABEL = 22 };

/* One picture.  In SVG, texts of others are words (gnuplot.h); PNG has no such words, and there
 * texts keep nothing but letters, digits and harmless marks. */
struct sketch {
	struct buf *script;                   /* of all */
	bool        png;
	const char *word[SKETCH_CATEGORIES];
	size_t      nword;
	int         height;
};

/* Colours by what they mean; in SVG those of gnuplot.h, which follow the page. */
enum sketch_colour { INK, ACCENT, SOFT, LINE, BAD };
const char *sketch_colour(const struct sketch *, enum sketch_colour);
/* What every picture begins with; `name` stands over it in PNG. */
void sketch_begin(struct sketch *, const char *name, int height);

/* False: there is nothing to draw, and the script is as it was. */
bool sketch_numbers(struct sketch *, struct json plot, const char *name);      /* drift_bins.c */
bool sketch_categories(struct sketch *, struct json plot, const char *name, struct arena *);
bool sketch_over_time(struct sketch *, const struct drift_page *, const struct drift_feature *);

#endif
