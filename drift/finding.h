/*
 * finding.h -- what the detectors share: counts side by side, chance, intervals, the verdict.
 *
 * A distance between samples is never negative, so chance alone makes one.  The detectors read
 * what it makes from tables dealt anew with the same margins: labels "reference" and "current"
 * handed out at random.  Where a distance is a norm of the difference of two distributions its
 * interval needs no more: it cannot fall short of the truth by more than chance in the best
 * direction, nor exceed it by more than chance in all directions together.
 */
#ifndef FINDING_H
#define FINDING_H

#include "drift/drift.h"

/* ---- tally.c: two profiles over the same cells -------------------------------------------- */

struct tally {
	size_t k;
	long   n, m;             /* sums of x and y */
	const long *x, *y;       /* reference, current: k counts each, no cell empty in both */
	const double *at;        /* numbers: the cell's value, rising; else NULL */
	const struct str *text;  /* categories: its name, p NULL for the rest; else NULL */
	bool   coarse;           /* categories: there were too many, some are in the rest */
};
/* A bucket stands for the middle of its values, an integer to 1024 for itself; beyond 1e150 in
 * size for 1e150.  Counts of more than 2^30 values are halved, and may then be 0 in both. */
struct tally tally_numbers(const struct feature_profile *, const struct feature_profile *,
                           struct arena *);
/* What either profile could not list is in the rest of both.  with_rest false: the rest is left
 * out, and n and m count the listed only. */
struct tally tally_categories(const struct feature_profile *, const struct feature_profile *,
                              bool with_rest, struct arena *);
/* By the profiles' shape, with the rest. */
struct tally tally_of(const struct feature_profile *, const struct feature_profile *,
                      struct arena *);
struct pooled tally_pooled(const struct tally *, struct arena *);    /* of numbers */

struct contingency tally_table(const struct tally *, struct arena *scratch);

/* ---- deal.c: the same margins, dealt at random --------------------------------------------- */

/* A number that grows with the difference of the two rows.  Called from several threads. */
typedef double tally_statistic(const struct tally *, struct arena *scratch);

struct chance_of {
	double p;                /* of `tested`: (1 + those as large) / (1 + draws); where none is, of
	                          * ten times as many draws */
	long   draws;            /* that made p */
	double mean, q95, q975;  /* of `distance` */
};
/* `tested` NULL: `distance` itself.  The same for a seed on any number of threads; the smaller
 * row is the one dealt, so exchanging rows exchanges nothing else. */
struct chance_of chance_deal(const struct tally *, tally_statistic *distance,
                             tally_statistic *tested, size_t draws, uint64_t seed,
                             struct arena *scratch);
/* How many draws a test of k cells takes, and how many do where only `distance` is asked. */
size_t draws_for_p(size_t k);
enum { DRAWS_FOR_NOISE = 499 };

/* ---- finding.c ------------------------------------------------------------------------------ */

enum { VALUES_LEAST = 10 };      /* in each window; with fewer no verdict but INCONCLUSIVE */

/* root of 1/n + 1/m */
double both_sizes(long n, long m);
/* Of the difference current - reference of two rates, x of n and y of m (Newcombe 1998, method
 * 10 for independent samples: Wilson's intervals, squared and added). */
struct interval difference_interval(long x, long n, long y, long m, double conf);
/* Of an area under the curve in [0.5, 1), of n and m values (Hanley and McNeil 1982): for where
 * DeLong's is 0. */
double auc_variance(double auc, double n, double m);
/* Nothing can be said: p 1, the interval is all of [0, most]. */
struct finding finding_unknown(long n, long m, double tolerance, double most, const char *why);
/* True and *f such a finding if either side has no value. */
bool finding_empty(long n, long m, double tolerance, double most, const char *what,
                   struct finding *f, struct arena *);
/*
 * Fills verdict, n_needed and the end of `why` from the rest.  `reach`: how far from the tolerance
 * an effect must lie for 80 % power at these sizes.  n_needed is for effects that lie half a
 * tolerance away from it.
 */
void finding_decide(struct finding *, double reach, struct arena *);
/* The finding of a norm at `at`, with chance's part of it and the standard error `se` of its best
 * direction; `most`: its largest value. */
struct finding finding_norm(const struct tally *, double at, const struct chance_of *, double se,
                            double most, double tolerance, struct arena *);
/* The same of total variation, whose best direction is a set of categories; p is chance's. */
struct finding finding_variation(const struct tally *, const struct chance_of *,
                                 double tolerance, struct arena *);
/*
 * The same for the shares of categories.  p is the limit law's of the table of two rows, of G if
 * `likelihood`, else of chi-square; where a count below 5 is expected, that of `statistic`, which
 * rises with it, among tables dealt anew.
 */
struct finding finding_of_table(const struct feature_profile *reference,
                                const struct feature_profile *current,
                                tally_statistic *statistic,
                                bool likelihood, double tolerance, uint64_t seed, struct arena *);
tally_statistic total_variation;

/* ---- shares.c: the largest change among many shares ------------------------------------------ */

struct largest {
	size_t which;            /* the cell */
	double change;           /* of its share, current - reference */
	double p;                /* of no change anywhere: Fisher's least, times as many cells as
	                          * could have come that low (Tarone 1990) */
	struct interval ci;      /* of the largest absolute change */
	double mde, reach;       /* of a cell as common as `which` */
};
/* x[i] of n and y[i] of m have i; a record may have several.  k, n and m above 0. */
struct largest largest_change(const long *x, const long *y, size_t k, long n, long m);
struct finding finding_largest(const struct largest *, long n, long m, double tolerance);
/* "X went from 12.0 % to 18.4 %" */
const char *share_sentence(struct str what, long x, long n, long y, long m, struct arena *);

/* ---- bins.c: a reference's quantiles ------------------------------------------------------------ */

enum { REFERENCE_BINS = 10 };
/* Numbers: counts between the distinct tenths (type 7) of x, the reference; else as they are. */
struct tally tally_bins(const struct tally *, struct arena *);
/* What a divergence, whose noise adds, is in excess of chance: sd by the delta method;
 * half_least: what noise in a single bin more could do. */
struct excess { double at; struct interval ci; double mde, reach; };
struct excess excess_of(double at, const struct chance_of *, double sd, double half_least);
/* What a divergence must be away from the square of a tolerance, said of its root. */
double root_reach(double tolerance, double reach);

#endif
