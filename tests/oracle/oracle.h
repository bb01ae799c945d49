/*
 * oracle.h -- comparing our statistics with golden numbers of other programs.
 *
 * A family is a function that reads one case of a file, computes, and compares each member of
 * the case's "out".  Families are one file each, named in the table of oracle.c.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <jansson.h>

/* The golden files are read by Jansson, so that our own scanner is no judge of itself. */
#include "metrics/stats/stats.h"

struct check {
	const char   *method;
	json_t       *case_;        /* inputs */
	json_t       *out;          /* what is expected; members are removed as they are compared */
	struct arena  arena;        /* reset for each case */
	double        tol;          /* relative */
	double        worst;        /* relative error so far */
	long          cases, failures, unchecked;
};

struct family { const char *method; void (*run)(struct check *); };

/* Inputs of the case; a missing one ends the program. */
double      in_real(struct check *, const char *key);
long        in_long(struct check *, const char *key);
const char *in_text(struct check *, const char *key);          /* NULL: not there */
double      in_arg(struct check *, size_t i);                  /* of "args" */
bool        in_has(struct check *, const char *key);
double     *in_reals(struct check *, const char *key, size_t *n);
/* Labels as numbers in order of first appearance; `label` may be NULL. */
long       *in_labels(struct check *, const char *key, size_t *nlabel, const char ***label);

/* Each compares one member and counts a failure with a line that says what was wrong. */
void want(struct check *, const char *key, double got);
/* The same, and an absolute error up to `floor` will do. */
void want_near(struct check *, const char *key, double got, double floor);
/* null expected where !known. */
void want_if(struct check *, const char *key, bool known, double got);
void want_interval(struct check *, const char *key, struct interval got, double floor);
void want_reals(struct check *, const char *key, const double *got, size_t n, double floor);
bool wanted(struct check *, const char *key);                  /* the member is there */
/* One number compared, for members that are not plain; `what` names it. */
void compare(struct check *, const char *what, const json_t *expected, double got, double floor);
/* Takes a member out to compare it by hand; NULL: not there.  Valid until the next case. */
json_t *take(struct check *, const char *key);
void fail(struct check *, const char *what, const char *why);

void oracle_dist_normal(struct check *);
void oracle_dist_t(struct check *);
void oracle_dist_chi2(struct check *);
void oracle_dist_beta(struct check *);
void oracle_dist_misc(struct check *);
void oracle_wilson(struct check *);
void oracle_clopper_pearson(struct check *);
void oracle_quantile_ranks(struct check *);
void oracle_mcnemar(struct check *);
void oracle_paired_proportions(struct check *);
void oracle_paired_t(struct check *);
void oracle_clustered_se(struct check *);
void oracle_poststratified(struct check *);
void oracle_stratified_cluster(struct check *);
void oracle_multiplicity(struct check *);
void oracle_power(struct check *);
void oracle_allocation(struct check *);
void oracle_pass_at_k(struct check *);
void oracle_cohen_kappa(struct check *);
void oracle_krippendorff_alpha(struct check *);
void oracle_calibration(struct check *);
void oracle_signflip(struct check *);
void oracle_groupseq(struct check *);
void oracle_eprocess(struct check *);
void oracle_bootstrap_ideal(struct check *);
void oracle_ks2(struct check *);
void oracle_mannwhitney(struct check *);
void oracle_cramer_von_mises(struct check *);
void oracle_anderson_ksamp(struct check *);
void oracle_contingency(struct check *);
void oracle_distances(struct check *);
void oracle_ppi(struct check *);
void oracle_bradley_terry(struct check *);
void oracle_raking(struct check *);
void oracle_hygiene(struct check *);

#endif
