/*
 * bootstrap.h -- what is drawn again and again, and what each drawing gave.
 *
 * Private to bootstrap*.c.
 */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

#include "metrics/stats/stats.h"

/* Units of the same num and den, which are counted instead of drawn. */
struct cell { double num, den, count; };

/* Units that are drawn from one another.  num: weight times score, less the mean, summed over
 * the unit; den: its weight, above 0. */
struct layer {
	uint32_t     n;
	double       share;     /* of the mean, which is sum share num/den; pooled: not read */
	double      *num, *den;
	bool         flat;      /* every den is the same */
	struct cell *cell;
	size_t       ncell;     /* 0: units are drawn one by one */
};

struct design {
	struct layer *layer;
	size_t        nlayer;
	bool          pooled;   /* the mean is sum num / sum den over all layers */
	double        at, se;   /* of the sample; se is linearised */
	double        tie;      /* replicates nearer to `at` than this are equal to it */
	struct sums  *all;      /* of the sample, by layer */
};

/* Of a layer in one sample; the squares serve the standard error alone. */
struct sums { double num, den, nn, nd, dd; };

struct replicate { double off, t, mass; };      /* off: less `at`; t: +-DBL_MAX without se */

/* False: nothing can be learnt by drawing (see struct bootstrap's `known`); at is set. */
bool design_of(const struct sample *, struct design *, struct arena *);

void sums_add(struct sums *, double num, double den, double times);
/* The mean of a sample less `at`, and its squared standard error; sums by layer. */
double design_off(const struct design *, const struct sums *, double *var);

/* Samples that differ in more than order; 1e15 stands for more, and for several layers. */
double design_samples(const struct design *);
/* All of them, into r[design_samples()], with their probabilities. */
void   design_enumerate(const struct design *, struct replicate *r, struct arena *scratch);
/* n random ones. */
void   design_draw(const struct design *, struct replicate *r, size_t n, uint64_t seed);

#endif
