/*
 * stats.h -- statistics: estimates, tests, intervals.
 *
 * Layer 3.  Pure functions of their arguments: no I/O, no state, no clock.  Formulas, their
 * sources and every convention for degenerate input are in driftlead-statistics(7).
 *
 * Rates and differences are proportions (0.02, not 2 %).  `conf` is the two-sided
 * confidence, `alpha` the one-sided error.  What is undefined says so in a flag; no function
 * returns NaN or infinity where its contract gives a number.
 */
#ifndef STATS_H
#define STATS_H

#include "harness/base/base.h"
#include "harness/base/nouns.h"

struct interval { double lo, hi; };

/* ---- special.c: distributions ------------------------------------------------------------- */

double normal_pdf(double z);
double normal_cdf(double z);
double normal_sf(double z);
double normal_log_cdf(double z);
double normal_log_sf(double z);
/* Quantiles are of the lower tail; _isf takes the upper tail.  p outside (0,1) gives the
 * farthest point that a double probability reaches, never infinity. */
double normal_quantile(double p);
double t_cdf(double t, double df);
double t_sf(double t, double df);
double t_quantile(double p, double df);
double chi2_cdf(double x, double df);
double chi2_sf(double x, double df);
double chi2_quantile(double p, double df);
double chi2_isf(double q, double df);
double beta_cdf(double x, double a, double b);           /* regularised incomplete beta */
double beta_sf(double x, double a, double b);
double beta_quantile(double p, double a, double b);
double beta_isf(double q, double a, double b);
double binom_pmf(long k, long n, double p);
double binom_cdf(long k, long n, double p);              /* P(X <= k) */
double binom_sf(long k, long n, double p);               /* P(X > k) */
double kolmogorov_sf(double x);                          /* limit of the two-sided KS test */
double log_gamma(double x);                              /* x > 0; lgamma is not for threads */
double p_clip(double p);                                 /* into (0,1]: what underflows is DBL_MIN */

/* ---- interval.c: one rate, one quantile ------------------------------------------------------ */

struct interval rate_wilson(long x, long n, double conf);          /* n = 0: [0,1] */
struct interval rate_clopper_pearson(long x, long n, double conf);
struct interval rate_wald(long x, long n, double conf);            /* for comparison only */
struct interval rate_agresti_coull(long x, long n, double conf);   /* for comparison only */
struct interval rate_jeffreys(long x, long n, double conf);
/* Ranks (from 1) of the order statistics that bound the q-quantile; 0: no such bound exists. */
struct ranks { long lo, hi; double coverage; };
struct ranks quantile_ranks(long n, double q, double conf);

/* ---- mean.c, cluster.c, strata.c: the mean of units, weighted to production ------------------ */

double sum_of(const double *, size_t n);                 /* Neumaier's compensated sum */
bool   all_same(const double *, size_t n);               /* but for rounding; n = 0: true */

/* What the variance is for: strata.c is more careful where it decides. */
enum testing { TESTED_NOT, TESTED_RATE, TESTED_DIFFERENCE };

/*
 * Independent units in parallel arrays of length n.  Repeats are averaged into `y` before.
 * `y` is a score, or a paired difference.
 */
struct sample {
	const double *y;
	const double *weight;    /* NULL: all 1 */
	const int    *stratum;   /* 0 .. nstratum-1; NULL: one stratum */
	const long   *cluster;   /* 0 .. ncluster-1; NULL: each unit is its own */
	size_t        n, nstratum, ncluster;
	const double *share;     /* by stratum, summing to 1; NULL: as they come in the sample */
	bool          binary;    /* every y is 0 or 1 (or, a difference of such, -1, 0, 1) */
	enum testing  tested;    /* mean and interval of what is shown: TESTED_NOT */
	bool          unbounded; /* y is no rate: seconds, USD; without variation nothing bounds it */
};

struct mean {
	bool        known;        /* n > 0, and strata present to carry the shares */
	double      at;
	bool        has_se;
	double      se, df;       /* of the t interval */
	long        n, nclusters;
	double      n_eff;        /* Kish, for the weights */
	double      moved;        /* share of strata that had no unit, given to the others */
	bool        degenerate;   /* no variation: intervals come from the exact bound */
	double      lo_value, hi_value;  /* range of y that the degenerate bound assumes;
	                                  * equal: y has no known range */
	const char *method;       /* "t", "clustered t (CR2)", "post-stratified t", ... */
};

/* Mean, standard error and degrees of freedom by the design of the sample: iid, clustered
 * (CR2, Satterthwaite), post-stratified, stratified clusters (linearised). */
struct mean sample_mean(const struct sample *, struct arena *scratch);
/* Two-sided interval of a mean; a degenerate one from Clopper-Pearson on n_eff or clusters.
 * Where nothing can be said it is the range of y, or -DBL_MAX, DBL_MAX without a range. */
struct interval mean_interval(const struct mean *, double conf);
bool            mean_bounded(const struct mean *);       /* false: the last of these */
/* P-values of the mean being at most `value` (above: small where it is more), or at least; 1 where
 * nothing can be said. */
double          mean_p_above(const struct mean *, double value);
double          mean_p_below(const struct mean *, double value);

/* All that is said of a mean over clusters (Miller 2024; Bell and McCaffrey 2002). */
struct clustered {
	long   n, nclusters;      /* nclusters: those with a unit */
	double mean;
	bool   has_se;            /* false: fewer than two clusters */
	double se_iid, cr0, cr1, cr2, df;
	bool   has_icc;           /* false: a cluster is a unit, or no variation */
	double icc, deff;         /* ANOVA estimate; (cr1 / se_iid)^2 */
};
struct clustered clustered_mean(const double *y, const long *cluster, size_t n, size_t ncluster,
                                struct arena *scratch);

/* The post-stratified mean without the guards of sample_mean: units by stratum, N_h known. */
struct poststratified {
	double mean, se, se_fpc, se_srs;    /* given n_h; with 1 - n_h/N_h; R's postStratify */
	double n_eff, df;
};
struct poststratified poststratified_mean(const struct sample *, const double *size,
                                          struct arena *scratch);
/* Shares of the strata present in the sample, scaled to sum to 1; *moved: what the empty ones
 * had.  False: no stratum with a share has a unit. */
bool strata_shares(const struct sample *, double *share, long *count, double *moved);
/* p (1 - p) of n units that were all alike, by Jeffreys' estimate of p. */
double jeffreys_variance(double n);
/* mean, se and df filled by the design; the rest is sample_mean's. */
void mean_by_strata(const struct sample *, struct mean *, struct arena *scratch);
void mean_by_linearisation(const struct sample *, struct mean *, struct arena *scratch);
/* The estimate of a metric: Wilson for a plain binary sample, else the interval above. */
struct estimate sample_estimate(const struct sample *, double conf, struct arena *scratch);

/* ---- paired.c: two runs on the same units ---------------------------------------------------------- */

/* Binary pairs: n11 both pass, b pass->fail (regressions), c fail->pass (fixes), n00. */
struct table2 { long n11, b, c, n00; };

struct mcnemar { double p_exact, p_midp; };
struct mcnemar mcnemar_regression(long b, long c);       /* one-sided, H0: no loss; n = 0: 1 */
/* Tango 1998: the score statistic of delta = (c-b)/n against delta0, and its interval. */
double          tango_z(long b, long c, long n, double delta0);
struct interval tango_interval(long b, long c, long n, double conf);
/* For display only: Newcombe 1998, method 10; Agresti and Min 2005. */
struct interval newcombe_interval(const struct table2 *, double conf);
struct interval agresti_min_interval(const struct table2 *, double conf);

/* What a gate asks of a pair of runs; differences are candidate minus baseline, turned so
 * that positive is better. */
struct paired {
	bool            known;         /* there are pairs */
	bool            binary;        /* `table` is meaningful */
	struct table2   table;
	long            n, nclusters;
	double          n_eff;
	double          at;            /* the difference, production-weighted where shares are given */
	double          candidate, baseline;   /* the two means over the same units */
	struct interval ci, ci95;      /* ci: two-sided at 1 - 2 alpha, what the one-sided test sees */
	double          p_noninferiority;      /* H0: difference <= -margin */
	double          p_regression;          /* H0: difference >= 0; mid-p for plain binary */
	double          p_improvement;         /* H0: difference <= 0; mid-p for plain binary */
	double          p_superiority;         /* H0: difference <= margin */
	double          p_nonsuperiority;      /* H0: difference >= margin */
	double          psi;           /* discordance: share of units that differ */
	double          sd;            /* of the unit difference */
	double          se;            /* of `at`, 0 if the score method has none */
	bool            bounded;       /* false: the data bound nothing, ci and p are vacuous */
	double          moved;         /* share of strata that had no pair, given to the others */
	const char     *method;        /* "tango score", "paired t", "clustered paired t (CR2)", ... */
	const char     *p_method;      /* "mcnemar mid-p", "t" */
};

/* `cand` and `base` are unit means over the design (whose y is not read); lower_is_better
 * turns the difference.  margin >= 0. */
struct paired paired_compare(const struct sample *design, const double *cand, const double *base,
                             bool lower_is_better, double margin, double alpha,
                             struct arena *scratch);

/* ---- rules.c: from an interval, a comparison or a count to a verdict ---- */

/* reason: a code of driftlead-gates(7). */
struct ruling { enum verdict verdict; const char *reason; };
/* The mean at least (or at most) `value`; ci is that of 1 - 2 alpha, p_wrong the adjusted p-value
 * of the mean being on the right side. */
struct ruling rule_bound(bool least, double value, bool bounded, struct interval ci, double alpha,
                         double p_wrong);
/*
 * What rule_bound asks of a mean: its interval at 1 - 2 alpha and the one-sided p-value of it lying on
 * the right side.  A plain rate exactly (Clopper and Pearson, and the binomial law), since it comes in
 * steps and the score test then errs in up to 5.8 % at 5 %; a rate with weights, strata or clusters as
 * one of so many independent cases as have its variance (Korn and Graubard 1998); what is no rate by t.
 * p_wrong 1: nothing can be said.
 */
struct bound { struct estimate e; double p_wrong; };
struct bound mean_against(const struct sample *, bool least, double value, double alpha,
                          struct arena *scratch);
/* `paired` was computed with this margin (better: the gain that is asked for) and alpha; the last
 * argument is the adjusted p-value of FAIL. */
struct ruling rule_no_worse(const struct paired *, double margin, double alpha,
                            double p_regression);
struct ruling rule_better(const struct paired *, double alpha, double p_regression);
struct ruling rule_equivalent(const struct paired *, double margin, double alpha,
                              double p_differs);
/* A failure rate of at most `value`, by one-sided Clopper-Pearson bounds at alpha. */
struct ruling rule_guardrail(long failures, long n, double value, double alpha);
/* Units among which so many failures still prove a rate of at most `value`; 0: too many to say. */
long size_guardrail(long failures, double value, double alpha);

/* ---- shrink.c: slices closer to their common mean ---- */

/* x with variances v > 0, shrunk into out; returns the variance between them (0 if n < 2). */
double shrink(const double *x, const double *v, size_t n, double *out);

/* ---- multiplicity.c ----------------------------------------------------------------------------------- */

void adjust_holm(double *p, size_t n);                    /* in place: adjusted p-values */
void adjust_hochberg(double *p, size_t n);
void adjust_bh(double *p, size_t n);
void adjust_by(double *p, size_t n);
void adjust_bonferroni(double *p, size_t n);
/* e-BH: marks the rejected, returns their number. */
size_t ebh_reject(const double *e, size_t n, double alpha, bool *rejected);

/* ---- power.c ----------------------------------------------------------------------------------------------- */

/* Pairs for the non-inferiority test to succeed with `power` if the true change is `drop`
 * below zero: ((z_alpha + z_beta) / (margin - drop))^2 (psi - drop^2), rounded up; 0 if no
 * number would do (drop >= margin). */
long   size_noninferiority(double margin, double drop, double psi, double alpha, double power);
/* The same for a continuous difference with standard deviation sd. */
long   size_noninferiority_mean(double margin, double drop, double sd, double alpha, double power);
/* Units for a one-sided lower bound on a rate now at p to clear `target` below it; 0: no
 * number would do.  For an upper bound give 1 - p and 1 - target. */
long   size_rate_bound(double p, double target, double alpha, double power);
/* The smallest drop that n pairs at discordance psi find with `power` (one-sided alpha). */
double mde_paired(long n, double psi, double alpha, double power);
/* The same questions before rounding up.  Connor's size to find a drop: */
double pairs_noninferiority(double margin, double drop, double psi, double alpha, double power);
double pairs_detect(double drop, double psi, double alpha, int sides, double power);
/* Two runs on different units, two-sided alpha: units in each run. */
struct unpaired_size { double pooled, wald, arcsine; };
struct unpaired_size size_unpaired(double p1, double drop, double alpha, double power);
/* Repeats: var is that of a unit's difference, omega^2 + s_a^2/K_a + s_b^2/K_b; two-sided. */
double units_repeated(double var, double delta, double alpha, double power);
double mde_repeated(double var, long n, double alpha, double power);
/* Exact power of McNemar's one-sided test; O(n^2). */
double mcnemar_power(long n, double psi, double drop, double alpha, bool midp);
/* Units that must all be free of failure to prove a failure rate below p. */
long   size_zero_failures(double p, double conf);

/* ---- allocation.c: units of each stratum ---- */

double stratum_sd(double pass_rate);     /* sqrt(p (1-p)), at least 0.05 */
/* n in proportion to weight, which is W_h, W_h S_h or W_h S_h / sqrt(cost). */
void allocate_real(const double *weight, size_t nh, double n, double *out);
void allocate_remainder(const double *weight, size_t nh, long n, long *out);
/* The optimum for weight W_h S_h with least <= n_h <= most; false: n does not fit. */
bool allocate_wright(const double *weight, const long *most, size_t nh, long n, long least,
                     long *out);

/* ---- pass.c: k tries, from c successes of n; 0 <= c <= n, 1 <= k <= n ---- */

double pass_at_k(long n, long c, long k);                /* one of k succeeds */
double pass_hat_k(long n, long c, long k);               /* all k succeed */

/* ---- kappa.c, alpha.c: agreement of raters ---- */

enum kappa_weights { KAPPA_NOMINAL, KAPPA_LINEAR, KAPPA_QUADRATIC };
struct kappa { bool known; double at, se, observed, expected; };
/* table: k x k counts, rows the first rater. */
struct kappa cohen_kappa(const double *table, size_t k, enum kappa_weights, struct arena *scratch);
struct chance { bool has_ac1, has_pi; double ac1, pi; };
struct chance chance_agreement(const double *table, size_t k);
enum alpha_level { ALPHA_NOMINAL, ALPHA_ORDINAL, ALPHA_INTERVAL, ALPHA_RATIO };
struct alpha { bool known; double at; long ratings, units; };
/* x: nunit x nrater ratings; there: which of them were given.  O((nunit nrater)^2). */
struct alpha krippendorff_alpha(const double *x, const bool *there, size_t nunit, size_t nrater,
                                enum alpha_level, struct arena *scratch);

/* ---- calibration.c: stated probabilities p of outcomes y, 0 or 1 ---- */

struct calibration {
	bool   known;            /* n > 0 */
	bool   has_log_loss;     /* false: a certainty did not come true */
	double brier, log_loss, ece_width, mce_width, ece_mass;
	double reliability, resolution, uncertainty;   /* Murphy, over bins of equal width */
};
struct calibration calibration(const double *p, const double *y, size_t n, size_t bins,
                               struct arena *scratch);
size_t calibration_bin(double p, size_t bins);

/* ---- signflip.c: symmetry about 0 ---- */

enum { SIGNFLIP_MAX = 20 };
struct signflip { double greater, less, two; };          /* p-values */
struct signflip signflip_exact(const double *d, size_t n);   /* n <= SIGNFLIP_MAX */
/* From `draws` random signings, (1 + those as extreme) / (1 + draws): never 0. */
struct signflip signflip_sampled(const double *d, size_t n, long draws, uint64_t seed,
                                 struct arena *scratch);
struct wilcoxon { bool known; double w, p_two; };        /* known: no zeros */
struct wilcoxon wilcoxon_exact(const double *d, size_t n, struct arena *scratch);

/* ---- groupseq.c: looks at a growing sample ---- */

/* z bounds at the information fractions info, rising in (0,1], for one-sided alpha. */
void group_bounds(double alpha, const double *info, size_t looks, double *bound,
                  struct arena *scratch);

/* ---- eprocess.c: a gate that may be looked at after every unit ---- */

enum { EPROCESS_BETS = 3 };

/*
 * Betting e-processes of D in [-1,1], candidate minus baseline, positive is better: `pass`
 * against H0: mean D <= -margin, `fail` against H0: mean D >= 0.  Of either the chance that E
 * ever reaches 1/alpha while its H0 holds is alpha at most, at any number of looks, provided
 * that the independent units (clusters, or rounds over all strata) come in random order.
 * "Better" is margin 0; "equivalent" takes a second process that is fed -D, and both must pass.
 */
struct eprocess {
	double margin, lambda;       /* lambda: the middle stake before its cap */
	double lambda_pass[EPROCESS_BETS], lambda_fail[EPROCESS_BETS];   /* capped */
	double log_pass[EPROCESS_BETS], log_fail[EPROCESS_BETS];         /* log capital of each */
	double max_pass, max_fail;   /* the largest log E after any unit so far; n = 0: 0 */
	long   n, population;        /* population: units of the suite; 0: of all there could be */
	double sum, weight;          /* of D times its weight; of the weights */
};

/* -1 < margin < 1.  alpha, n_max and var, the variance of a unit (psi of pairs, sum of
 * W_h^2 psi_h / q_h of a round), set the stakes by plan: a bad guess costs power, not
 * validity. */
void   eprocess_begin(struct eprocess *, double margin, double alpha, long n_max, double var);
/* Before the first unit: H0 is of the mean of this finite suite, read without replacement; its
 * cases are then no sample of anything.  Decided for certain is log E = 700. */
void   eprocess_of_suite(struct eprocess *, long population);
void   eprocess_add(struct eprocess *, double d);        /* the next unit; -1 <= d <= 1 */
/* The same for the mean of units that count by a weight in (0,1], known before the unit is seen:
 * clusters by their size over that of the largest. */
void   eprocess_add_weighted(struct eprocess *, double d, double weight);
double eprocess_log_pass(const struct eprocess *);       /* log E now; 0 before the first unit */
double eprocess_log_fail(const struct eprocess *);
double eprocess_p_pass(const struct eprocess *);         /* anytime-valid: min(1, 1 / max E) */
double eprocess_p_fail(const struct eprocess *);
/* The confidence sequence {x: E+(x)/2 + E-(x)/2 < 1/(1-conf)} with the stakes of the process,
 * after the n units d: valid at any number of looks, contains the mean.  weight NULL: all 1.
 * n = 0: [-1,1].  Some 10 us a unit; from counts it takes no time. */
struct interval eprocess_interval(const struct eprocess *, const double *d, const double *weight,
                                  size_t n, double conf);
/* The same from b units of -1 and c of 1 among n, in any order; not of a finite suite. */
struct interval eprocess_interval_counts(const struct eprocess *, long b, long c, long n,
                                         double conf);

/* ---- confseq.c: means of scores in [0,1], without assumption but independence ---- */

/* Two-sided intervals after the n scores x, in the order they came, that hold at every n at
 * once; n = 0: [0,1].  A difference d goes in as (d + 1) / 2.  O(n); betting O(100 n). */
struct interval confseq_bernstein(const double *x, size_t n, double conf);
struct interval confseq_hoeffding(const double *x, size_t n, double conf);
struct interval confseq_betting(const double *x, size_t n, double conf, struct arena *scratch);
/* The betting interval of a sample whose size was planned: narrower, holds at this n only.
 * Covers as often as it says for any distribution.  x in random order. */
struct interval mean_betting(const double *x, size_t n, double conf, struct arena *scratch);
/* Half-width at n of the asymptotic sequence that is narrowest near n_opt. */
double confseq_normal_rho(double n_opt, double conf);
double confseq_normal_half(double sd, double n, double n_opt, double conf);

/* ---- random.c: draws from distributions ---- */

struct stream { uint64_t key, at; };                     /* rng_key and the next index */
double stream_unit(struct stream *);                     /* [0,1) */
long   binom_draw(long n, double p, struct stream *);    /* exact; O(1) for large n */

/* ---- bootstrap.c: the spread of a mean, by resampling ---- */

struct bootstrap_plan {
	long     replicates;
	uint64_t seed;           /* the same for any number of threads */
	double   conf;           /* two-sided */
	bool     studentized;    /* also the bootstrap-t interval, and tests of these means */
	double   null[2];
};

/*
 * Units, or clusters where there are any, are drawn with replacement inside their stratum; the
 * shares of strata stay.  A cluster that lies in two strata is drawn from all of them, on the
 * linearised mean.  Where there are no more than `replicates` different samples, all of them
 * count with their probabilities and nothing is random.
 */
struct bootstrap {
	bool   known;            /* false: fewer than two units; nothing varies; a stratum of one
	                          * unit, or of few that are alike: take mean_interval */
	double at, se;
	struct interval percentile;
	bool   has_bca;          /* false: all replicates on one side, or the correction has no end */
	double z0, accel, level_lo, level_hi;    /* ties count half in z0; (cluster) jackknife */
	struct interval bca;
	bool   has_t;            /* false: not asked for, or replicates without variation reach in */
	struct interval t, t95;  /* for heavy tails: cost per request; at conf, and at 95 % */
	double p_above[2], p_below[2];   /* H0: mean <= null[i], and >=; (1 + hits) / (1 + B) */
	long   replicates;
	bool   exact;            /* all samples were enumerated */
};
struct bootstrap bootstrap_mean(const struct sample *, const struct bootstrap_plan *,
                                struct arena *scratch);
/* ---- pooled.c: samples merged into their distinct values; what the next four take ---- */

struct values { const double *v; size_t n; };
struct pooled {
	size_t        k, n;       /* samples; values in all of them */
	size_t        distinct;
	bool          ties;       /* distinct < n */
	const long   *size;       /* of each sample */
	const double *at;         /* the distinct values, rising */
	const long   *count;      /* distinct x k: how many of each sample are at[l] */
};
/* Values must be finite, below 1e150 in size, in any order; a sample may be empty.  O(n log n). */
struct pooled pool_samples(const struct values *, size_t k, struct arena *);
struct pooled pool_two(const double *x, size_t n, const double *y, size_t m, struct arena *);
double *sorted_values(const double *, size_t n, struct arena *);         /* a rising copy */

/* ---- ks.c, kolmogorov.c: are two samples from one distribution? ---- */

enum { KS_EXACT_MAX = 10000, MANN_WHITNEY_EXACT_MAX = 10000 };   /* n m must be below */

/* Two-sided, for k = 2.  An empty sample: not known, and every p is 1. */
struct ks {
	bool   known, has_exact;
	double d;                 /* sup |F - G| */
	double p;                 /* p_exact, or p_limit without it */
	double p_limit;           /* kolmogorov_sf(sqrt(nm / (n+m)) d) */
	double p_exact;           /* given the ties (Schroeer and Trenkler 1995) */
	double p_untied;          /* exact if there were no ties */
};
struct ks ks_test(const struct pooled *, struct arena *scratch);
/* P(D >= d) for one sample of n against a given continuous distribution; exact for n <= 140,
 * relative error below 1e-5 above (Simard and L'Ecuyer 2011). */
double kolmogorov_finite_sf(long n, double d, struct arena *scratch);

/* ---- mannwhitney.c: is one sample larger than the other? ---- */

struct mann_whitney {
	bool   known;             /* both samples have a value */
	bool   varies;            /* there are two different values; else every p is 1 */
	double u;                 /* pairs x > y, equal ones half */
	double auc;               /* P(y > x) + P(y = x) / 2; 0.5 unless known */
	double z, p, p_continuity;     /* normal, variance corrected for ties; two-sided */
	bool   has_exact;         /* no ties, n m < MANN_WHITNEY_EXACT_MAX */
	double p_exact;           /* twice the smaller tail */
};
struct mann_whitney mann_whitney(const struct pooled *, struct arena *scratch);

/* ---- cramer_von_mises.c, anderson_darling.c, limit.c ---- */

enum { CRAMER_VON_MISES_EXACT_MAX = 20, ANDERSON_DARLING_EXACT_MAX = 200000,
       ANDERSON_DARLING_DEAL = 16 };   /* samples, for the exact p */

struct cramer_von_mises {
	bool   known;             /* both samples have a value */
	double t;                 /* Anderson 1962, on midranks */
	double p;                 /* limit at the standardised statistic */
	bool   has_exact;         /* n + m <= CRAMER_VON_MISES_EXACT_MAX */
	double p_exact;           /* of untied samples */
};
struct cramer_von_mises cramer_von_mises(const struct pooled *);

/* Both versions of Scholz and Stephens (1987), for any k >= 2. */
enum ad_version { AD_RIGHT, AD_MIDRANK, AD_VERSIONS };
struct anderson_darling {
	bool   known;             /* n >= 4 in k >= 2 samples, none empty, not all values the same */
	double sigma;             /* of a2 under the hypothesis, without ties */
	double a2[AD_VERSIONS], t[AD_VERSIONS];     /* t = (a2 - (k-1)) / sigma */
	double p[AD_VERSIONS];    /* the limit law at t */
	double p_table[AD_VERSIONS];   /* the authors' table, within its [0.001, 0.25] */
	bool   has_exact;         /* at most ANDERSON_DARLING_EXACT_MAX ways to deal the values */
	double p_exact[AD_VERSIONS];
};
struct anderson_darling anderson_darling(const struct pooled *, struct arena *scratch);

/* Upper tails of the limits: sum of Y_j / (j pi)^2, and sum of Y_j / (j (j+1)), with Y_j
 * chi-square of 1 and df degrees of freedom.  df up to 200. */
double cramer_von_mises_sf(double x);
double anderson_darling_sf(double x, double df);

/* ---- hypergeometric.c: white balls among `drawn` of an urn of white and black ---- */

double hypergeom_pmf(long k, long white, long black, long drawn);
double hypergeom_cdf(long k, long white, long black, long drawn);    /* P(X <= k) */
double hypergeom_sf(long k, long white, long black, long drawn);     /* P(X > k) */
long   hypergeom_mode(long white, long black, long drawn);           /* a likeliest k */
/* The smallest k with cdf >= p. */
long   hypergeom_quantile(double p, long white, long black, long drawn);

/* ---- contingency.c, fisher.c: tables of counts, rows x columns, row by row ---- */

/* Rows and columns without a count are left out.  With fewer than two of either left nothing
 * is known: statistics are 0 and every p is 1. */
struct contingency {
	bool   known;
	long   n, df;
	double least_expected;    /* the smallest expected count */
	double chi2, p_chi2;      /* Pearson, without correction */
	double g, p_g;            /* 2 sum O ln(O/E) */
	double cramers_v;
	bool   has_yates;         /* 2 x 2 */
	double yates, p_yates;    /* corrected by min(1/2, |O-E|) */
};
struct contingency contingency(const long *table, size_t rows, size_t cols,
                               struct arena *scratch);
/* P(chi-square >= the table's) over `tables` random ones with its margins, which is to permute
 * the labels: (1 + #) / (tables + 1).  For expected counts below 5.  The same for a seed on any
 * number of threads. */
double contingency_permuted(const long *table, size_t rows, size_t cols, size_t tables,
                            uint64_t seed, struct arena *scratch);

/* [a b; c d]: less and greater are tails of a. */
struct fisher { double two, less, greater; };
struct fisher fisher_2x2(long a, long b, long c, long d);
/* The probability of all tables with these margins that are no likelier than this one.  Not
 * known where the search would take too long; then permute. */
struct fisher_table { bool known; double p; };
struct fisher_table fisher_exact(const long *table, size_t rows, size_t cols,
                                 struct arena *scratch);

/* ---- distance.c: how far apart, for k = 2 ---- */

struct sample_distance {
	bool   known;             /* both samples have a value */
	double wasserstein;       /* integral of |F - G|: in units of the values */
	double energy;            /* sqrt(2 integral of (F - G)^2), as SciPy */
	double energy_statistic;  /* nm / (n+m) energy^2, as R's energy */
	bool   has_normed;        /* the first sample varies */
	double normed;            /* wasserstein by the first sample's population sd */
};
struct sample_distance sample_distance(const struct pooled *, struct arena *scratch);

/* Two lists of k counts.  Unknown where either has none; distances are then 0. */
struct count_distance {
	bool   known;
	double js_nats, js_bits;  /* Jensen-Shannon distance: the root of the divergence */
	double psi_floor;         /* population stability index; shares at least 0.0001 */
	double psi_half;          /* with half a count added everywhere */
	double total_variation, hellinger;
};
struct count_distance count_distance(const long *reference, const long *current, size_t k);
/* What to expect of two samples of one distribution over k categories, n1, n2 > 0. */
double psi_under_null(size_t k, double n1, double n2);
double js2_under_null(size_t k, double n1, double n2);   /* of the squared distance, in nats */

/* The distinct type-7 quantiles i / bins of finite v, into edge[bins - 1]; returns how many. */
size_t quantile_edges(const double *v, size_t n, size_t bins, double *edge,
                      struct arena *scratch);
/* count[nedge + 1]: bin i holds edge[i-1] < v <= edge[i]. */
void   bin_counts(const double *v, size_t n, const double *edge, size_t nedge, long *count);
/* ---- ppi.c: a mean from few labels by people and many by a judge ---- */

/*
 * Labels y of n units, the judge's prediction of the same, and its predictions of nmore other
 * units.  The labelled units are a random sample of all.  For a paired comparison give the
 * differences of two runs in all three.
 */
struct labelled {
	const double *y, *judge, *more;
	size_t        n, nmore;
	bool          paired;    /* differences of two runs: rates' range is [-1,1] */
};

enum ppi_variance {
	PPI_SMALL_SAMPLE,        /* 1/(n-1); t with n-1 degrees of freedom below 100 labels */
	PPI_LARGE_SAMPLE         /* 1/n and the normal distribution, as published */
};

struct ppi {
	bool   known;            /* there are labels */
	bool   has_se;           /* false: one label only, or nothing varies */
	double lambda;           /* weight of the judge: 0 labels only, 1 the whole correction */
	double at, se, df;       /* df 0: normal */
	double n_eff;            /* labels that would do as well without a judge */
	double moved;            /* share of strata with fewer than two labels, given to the others */
};

/* Covariance of label and prediction over (1 + n/nmore) times the variance of all predictions,
 * within [0,1] (Angelopoulos, Duchi and Zrnic 2023).  0 for a judge that never varies, and
 * without labels or further units. */
double     ppi_lambda(const struct labelled *);
/* Mean at a given lambda; it may leave the range of y.  Without further units lambda is 0. */
struct ppi ppi_mean(const struct labelled *, double lambda, enum ppi_variance);
struct ppi ppi_plus(const struct labelled *, enum ppi_variance);   /* at ppi_lambda */
/* PPI++ in each of nh strata, joined by the shares (summing to 1); Satterthwaite's df. */
struct ppi ppi_stratified(const struct labelled *stratum, const double *share, size_t nh);
/* -DBL_MAX, DBL_MAX where there is no standard error. */
struct interval ppi_interval(const struct ppi *, double conf);
/* What to report: PPI++, or below 30 labels and where nothing varies the labels alone. */
struct estimate ppi_estimate(const struct labelled *, double conf, struct arena *scratch);
/* n / (1 - rho^2 nmore/(n + nmore)) for a correlation rho of label and prediction. */
double     judge_n_eff(double rho, double n, double nmore);

/* The prevalence behind a judge of known errors (Rogan and Gladen 1978).  For labels from another
 * population than the further units; y and judge are 0 or 1. */
struct rogan_gladen {
	bool   known;            /* labels of both kinds, and further units */
	bool   refused;          /* sensitivity + specificity - 1 below 0.2: `at` is not given */
	double sensitivity, specificity;
	double at, se;           /* not clipped; se by the delta method */
};
struct rogan_gladen rogan_gladen(const struct labelled *);

/* ---- bradley_terry.c: strengths from comparisons by two ---- */

struct bradley_terry {
	bool    known;           /* two players and a comparison */
	bool    connected;       /* comparisons link all players; else only the prior does */
	bool    regularised;     /* the likelihood has no finite maximum: a prior was added */
	size_t  k;
	double *theta;           /* log strengths, summing to 0; in the arena */
	double *cov;             /* k x k, of theta */
	double *spread;          /* k x k, inverse information before centring; for the sandwich */
};
/* wins: k x k, how often the row beat the column; a tie is half a win for each.  Where not
 * every player is reached from every other by wins, each plays one more game, half won and
 * half lost, against an average player. */
struct bradley_terry bradley_terry(const double *wins, size_t k, struct arena *);

/* One comparison: score 1 if a won, 0.5 for a tie.  cluster: the prompt, 0 .. ncluster-1. */
struct game { size_t a, b; double score; long cluster; };
/* Adds the games to `wins`, k x k and zeroed by the caller. */
void count_wins(const struct game *, size_t n, double *wins, size_t k);
/* Replaces cov by the sandwich over clusters, times C/(C-1).  False, cov untouched: fewer than
 * two clusters. */
bool bradley_terry_by_cluster(struct bradley_terry *, const struct game *, size_t n,
                              size_t ncluster, struct arena *scratch);

struct contrast { double at, se; };
struct contrast strength(const struct bradley_terry *, size_t i);
struct contrast strength_difference(const struct bradley_terry *, size_t i, size_t j);
double          beats(double difference);                 /* P(win) */
struct interval beats_interval(struct contrast difference, double conf);
/* 1000 + 400/ln 10 theta; a standard error takes the factor only. */
struct contrast elo(struct contrast strength);

/* ---- raking.c: weights that meet several margins ---- */

struct margin { const int *cell; const double *total; size_t ncell; };  /* cell: by unit */

struct raking {
	bool    known;           /* units present, and a unit in every cell with a total above 0 */
	bool    converged;       /* every margin is met in proportion; else they contradict */
	size_t  margin, cell;    /* where !known and n > 0: the first cell without a unit */
	int     cycles;
	double *weight;          /* by unit; in the arena */
	double  n_eff;           /* Kish */
	size_t  trimmed;         /* units whose weight was cut */
};
/* Iterative proportional fitting (Deming and Stephan 1940) from weights of 1, to a relative
 * change below 1e-14 or 1000 cycles.  trim: weights are then cut to [1/5, 5] times their median
 * and raked once more. */
struct raking rake(const struct margin *, size_t nmargin, size_t n, bool trim, struct arena *);
/* Weighted mean of y and its standard error, linearised with the margins taken out. */
struct contrast raked_mean(const struct raking *, const double *y, const struct margin *,
                           size_t nmargin, size_t n, struct arena *scratch);

/* ---- repeats.c: several runs of each item ---- */

struct repeats {
	bool   known;            /* a run */
	bool   has_se;           /* two items */
	bool   has_within;       /* an item with two runs */
	long   items, runs;
	double mean, se;         /* of item means: the item is the unit */
	double within, between;  /* variance of a run about its item, of items about the mean */
	bool   has_icc;          /* some variance */
	double icc;
	double flake;            /* share of items run twice or more with both passes and failures */
	double psi0;             /* discordance of a model with itself */
};
/* item: 0 .. nitem-1; items without a run are left out.  flake and psi0 are for values in [0,1]. */
struct repeats repeats_of(const double *y, const long *item, size_t n, size_t nitem,
                          struct arena *scratch);
/* Runs of each item that make the standard error least at a given cost: sqrt(cost_item /
 * cost_run * within / between), at least 1; DBL_MAX if items do not differ but runs do, or if
 * runs cost nothing. */
double best_repeats(double within, double between, double cost_item, double cost_run);
/* The same in whole numbers within a budget, cost_run > 0; no items: not even two can be paid. */
struct repeat_plan { long items, runs; double se; };
struct repeat_plan plan_repeats(double within, double between, double cost_item, double cost_run,
                                double budget);

/* ---- overlap.c, lsh.c: texts that share words ---- */

/* A token stands for a word.  TOKEN_BREAK is never equal to another, itself included. */
enum { TOKEN_BREAK = 0 };
size_t text_tokens(struct str text, uint64_t **token, struct arena *);   /* words by white space */

struct jaccard { bool known; long both, either; double at; };   /* known: either > 0 */
/* Of the sets of runs of k words, k >= 1. */
struct jaccard shingle_jaccard(const uint64_t *a, size_t na, const uint64_t *b, size_t nb,
                               size_t k, struct arena *scratch);

/*
 * Which parts of some texts occur in others: add the texts under test, then show it the others
 * in any number of pieces.  Time and memory grow with the texts under test, time linearly with
 * the others, which are not kept; a run of words never crosses from one piece to the next.
 */
struct overlap;
struct overlap *overlap_new(void);
void            overlap_free(struct overlap *);
/* The number of the text, from 0.  All texts are added before the first overlap_see. */
size_t          overlap_add(struct overlap *, const uint64_t *token, size_t n);
void            overlap_see(struct overlap *, const uint64_t *token, size_t n);
struct covered {
	bool   known;            /* the text has a token */
	long   grams;            /* runs of n tokens of it that were seen */
	long   tokens;           /* tokens inside such a run */
	double fraction;
	long   longest_run;      /* of adjacent such tokens */
	long   longest_match;    /* longest run of tokens seen as it is, of any length */
};
/* n >= 1.  May be asked between two calls of overlap_see. */
struct covered  overlap_covered(struct overlap *, size_t text, size_t n);

/* Pairs of Jaccard similarity s meet in one of b bands of r MinHash rows: 1 - (1 - s^r)^b. */
double lsh_candidate(double s, long bands, long rows);
struct lsh { long bands, rows; double fp_area, fn_area; };
/* The bands and rows, bands * rows <= hashes, with the least weighted sum of the areas where a
 * pair below the threshold meets and where one above does not; the first such with the fewest
 * bands.  threshold within (0,1), hashes >= 1. */
struct lsh lsh_parameters(double threshold, long hashes, double fp_weight, double fn_weight);
/* A Bloom filter for n keys, n >= 1, that errs with probability p in (0,1). */
struct bloom { double bits; long hashes; double fp; };   /* fp: with n keys in it */
struct bloom bloom_size(double n, double p);

/* ---- changepoint.c: whether and where a metric changed over its runs ---- */

/* x: a metric by run, in the order of time.  var: the variance of each, as differences between runs
 * have it (two runs on the same cases: psi / (2 n) each); NULL: unknown, taken from x.  A run whose
 * variance is 0 counts as sure as the surest of the others. */
struct scan_options {
	double   alpha;          /* of finding any change where there is none */
	long     permutations;
	uint64_t seed;
};
struct change {
	size_t at;               /* the first run at the new level */
	double before, after;    /* weighted means between the neighbouring changes */
	struct interval ci;      /* of after - before, 95 %; not corrected for the choice of `at` */
	double z;                /* of the split, over-dispersion included; DBL_MAX: no variation */
	double p, p_adjusted;    /* by permuting runs; times 2^depth */
	int    depth;            /* of the binary segmentation, from 0 */
	bool   blocks;           /* runs were permuted in blocks: they are autocorrelated */
};
enum { SCAN_LEAST = 6, SCAN_SIDE = 2, SCAN_AUTOCORRELATION = 20 };  /* runs */
struct change_scan {
	bool   tested;           /* false: fewer than SCAN_LEAST runs; then nothing below is set */
	struct change whole;     /* the greatest split of all runs, whether significant or not */
	double p_least;          /* the least p that so many runs can have */
	bool   has_lag1;         /* from SCAN_AUTOCORRELATION runs on */
	double lag1;             /* autocorrelation of what the changes leave, its bias taken off */
	struct change *change;   /* the significant ones, in the order of `at` */
	size_t n;
};
/* The greatest |z| over all splits with at least two runs on a side, by permutation exact for runs
 * that are exchangeable; then the same on either side, Bonferroni by depth. */
struct change_scan change_scan(const double *x, const double *var, size_t n,
                               const struct scan_options *, struct arena *);

/* A mixture of e-detectors (Shin, Ramdas and Rinaldo 2024) for a fall of x, in [0,1], below
 * reference - tolerance: as long as there is none it takes 1/alpha observations on average until
 * `value` first reaches the threshold, however they are distributed. */
enum { EDETECTOR_BETS = 5 };
struct edetector {
	double bound;                        /* reference - tolerance */
	double threshold;                    /* 1 / alpha */
	double lambda[EDETECTOR_BETS], m[EDETECTOR_BETS];
	double value, peak;
	long   seen, alarm;                  /* alarm: the observation, from 1; 0: none */
};
struct edetector edetector_begin(double reference, double tolerance, double alpha);
void             edetector_add(struct edetector *, double x);

/* ---- otava.c: change points to compare with ---- */

/* E-divisive's candidate: the first tau, then kappa, that make Q of x[0..tau) and x[tau..kappa)
 * greatest.  O(n^2) time, O(n) memory. */
struct ediv { bool known; size_t tau, kappa; double q; };       /* known: n > 1 */
struct ediv ediv_candidate(const double *x, size_t n, struct arena *scratch);
/* What Apache Otava's compute_change_points returns.  Anti-conservative: not for decisions. */
struct otava_point { size_t index; double p, before, after; };
struct otava { struct otava_point *point; size_t n; };
struct otava otava_points(const double *x, size_t n, size_t window, double max_p,
                          double min_magnitude, struct arena *);
/* ---- fieller.c: the ratio of two means ---- */

/* num / den, and its interval at the critical value t (Fieller 1954); var and cov are those of
 * the two means.  Known unless den is 0.  Bounded only if den lies more than t standard errors
 * from 0: else the set is not an interval, and lo and hi are 0. */
struct ratio { bool known, bounded; double at, lo, hi; };
struct ratio fieller_ratio(double num, double den, double var_num, double var_den, double cov,
                           double t);

/* ---- ladder_resample.c, ladder.c, ladder_step.c: rungs that answered the same units ---- */

/* What every unit of the design (whose y is not read) got from one rung, by unit. */
struct rung {
	const double *y;         /* a rate, 0 to 1, higher is better */
	const double *cost;      /* USD per request */
	const double *seconds;   /* of its answer; DBL_MAX: it never came */
};

/*
 * The joint bootstrap: in a replicate all rungs see the same drawn units, which are clusters
 * where the design has them, drawn inside strata.  Replicate i of rung r is at [i * nrung + r].
 * p95: the ceil(0.95 n)-th of the seconds.  A function of the seed and the arguments alone,
 * whatever the number of threads.  n = 0: no replicates.  O(b n nrung).
 */
struct resamples { size_t b, nrung; double *y, *cost, *p95; };
struct resamples ladder_resample(const struct sample *design, const struct rung *, size_t nrung,
                                 size_t b, uint64_t seed, struct arena *);

struct ladder_rules {
	double   requirement;    /* a rate */
	double   latency;        /* seconds, most for P95; 0: no limit */
	double   margin;         /* of accuracy that a dominating rung may lack */
	double   alpha;          /* one-sided; joint intervals are two-sided at 1 - alpha */
	double   power;          /* for the units needed */
	size_t   resamples;
	uint64_t seed;
};

/* A quantile of the seconds by order statistics.  DBL_MAX: never, or not bounded above; lo is 0
 * without a bound below. */
struct late { double at, lo, hi; };

enum rung_reason {           /* why a rung does or does not meet what is required */
	RUNG_MEETS, RUNG_ACCURACY, RUNG_LATENCY, RUNG_CLUSTERS /* fewer than 10 */,
	RUNG_SLICES /* more than 5 % of production is in strata without a unit */, RUNG_NOTHING
};

struct rung_result {
	struct estimate  acc, cost;   /* with 95 % intervals */
	bool             has_lower;
	double           lower;       /* one-sided bound of the accuracy at 1 - alpha */
	struct late      p50, p95;    /* bounds two-sided at 1 - 2 alpha: each end one-sided at alpha */
	enum rung_reason reason;
	int              dominated_by;     /* index, -1: by none */
	double           dominated_share;  /* of replicates where that rung dominates this one */
};

/* Rung `a` less rung `b`, a < b. */
struct rung_pair { size_t a, b; struct paired change; /* ci: the joint interval */ };

/* Up from the cheaper rung to the next: what one more correct answer costs. */
struct rung_step {
	size_t          from, to;
	double          dcost, dacc;
	struct interval acc;          /* joint */
	bool            gain;         /* that interval lies above 0 */
	struct ratio    price;        /* USD per extra correct answer; where there is a gain */
	const char     *method;       /* "fieller", or "bootstrap" where Fieller's is no interval */
};

struct ladder {
	size_t              nrung, npair, nstep;
	struct rung_result *rung;
	struct rung_pair   *pair;
	struct rung_step   *step;
	double              critical;      /* of max |t| over the pairs; at least that of one pair */
	bool                met;           /* `chosen` meets the requirement and the limit */
	int                 chosen;        /* else the rung of the largest lower bound; -1: none */
	long                n_needed;      /* units for the chosen one's bound to clear; 0: none would */
	size_t              best;          /* the rung of the greatest accuracy */
	double              optimism;      /* how much picking the best flatters it, in accuracy */
};

/* All of it for at least one rung and one unit.  `seconds` is not weighted to production. */
struct ladder ladder_judge(const struct sample *design, const struct rung *, size_t nrung,
                           const struct ladder_rules *, struct arena *);
/* One rung alone: estimates, bounds and reason; not dominated. */
struct rung_result rung_judge(const struct sample *design, const struct rung *,
                              const struct ladder_rules *, struct arena *scratch);
/* The cheapest that meets the rules, or the one of the largest lower bound and *met = false;
 * of equals the cheaper, then the first.  -1: none has a bound. */
int ladder_choose(const struct rung_result *, size_t nrung, bool *met);
/* Steps in the order of cost, each from the last rung before it that is not dominated: at most
 * nrung - 1. */
size_t ladder_steps(const struct sample *design, const struct rung *, const struct ladder *,
                    const struct resamples *, const struct ladder_rules *, struct rung_step *,
                    struct arena *scratch);

/* ---- halves.c: chosen on one half of the units, reported on the other ---- */

/* The units for which in[i] == which, in their order; strata and clusters keep their numbers. */
struct sample sample_part(const struct sample *, const bool *in, bool which, struct arena *);
struct rung   rung_part(const struct rung *, const bool *in, bool which, size_t n, struct arena *);
double       *values_part(const double *, const bool *in, bool which, size_t n, struct arena *);

/* The rung that ladder_choose takes on the half that is not held, seen on the half that is. */
struct held {
	int                chosen;   /* -1: none could be */
	bool               met;      /* on the half it was chosen on */
	long               n;        /* units held */
	struct estimate    there;    /* its accuracy where it was chosen */
	struct rung_result here;
};
struct held ladder_held(const struct sample *design, const struct rung *, size_t nrung,
                        const bool *held, const struct ladder_rules *, struct arena *);

/* ---- router.c: the cheap rung first, the strong one where it is not sure ---- */

struct router {
	bool               known;          /* both halves have units, and some unit a confidence */
	double             threshold;      /* escalate what is below, and what has no confidence;
	                                    * DBL_MAX: escalate all */
	long               n_chosen_on;
	struct rung_result policy, cheap, strong;   /* on the other half */
	struct estimate    escalated;
	struct paired      against_cheap, against_strong;   /* accuracy, policy less the pure rung */
	struct estimate    cost_against_cheap, cost_against_strong;
};

/* `confidence` by unit, -DBL_MAX: none; `held` marks the half that is reported on.  The threshold
 * is the one of at most 101 quantiles that ladder_choose takes on the half that is not held.  An
 * escalated unit costs and takes what both rungs do. */
struct router router_judge(const struct sample *design, const struct rung *cheap,
                           const struct rung *strong, const double *confidence, const bool *held,
                           const struct ladder_rules *, struct arena *);

/* ---- isotonic.c ---- */

/* The rising sequence of least weighted squares (weights above 0; NULL: all 1) into fit; returns
 * the number of its different values.  O(n). */
size_t isotonic(const double *y, const double *weight, size_t n, double *fit,
                struct arena *scratch);

/* ---- matrix.c ---- */

/* The inverse of a, n x n and row by row; returns the condition number by the 1-norm, 0: singular,
 * and the inverse is then void.  O(n^3). */
double matrix_invert(const double *a, size_t n, double *inverse, struct arena *scratch);

/* ---- forecasts.c: stated probabilities of being right, and how they came true ---- */

/* Counts by confidence, k different ones in [0,1], rising: all records, those whose outcome is
 * known, those of them that were right. */
struct forecasts { size_t k; const double *at; const long *n, *known, *right; };

/* Of those with an outcome.  Intervals by the t distribution. */
struct forecast_quality {
	bool   known;            /* at least two outcomes */
	long   n;
	double accuracy, confidence;             /* means */
	double over;                             /* confidence less accuracy */
	double brier;
	struct interval over_ci, brier_ci;
	double ece, ece_chance;  /* over 10 bins of equal width; its mean if all came true as stated */
};
struct forecast_quality forecast_quality(const struct forecasts *, double conf);

/* ---- calibrator.c: from the stated confidence to the probability of being right ---- */

struct calibrator {
	bool    known;           /* there is an outcome */
	long    n, right;        /* outcomes */
	size_t  nnode;           /* bins of equally many, at least 5 outcomes; at most 400 */
	double *at, *rate;       /* mean confidence, rising, and rate of each bin; in the arena */
	bool    falls;           /* the surer, the less often right: the curve falls */
	double *curve;           /* the monotone fit of the rates */
	double *var, *share;     /* of the rate; the bin's share of the outcomes */
};
struct calibrator calibrator_fit(const struct forecasts *, struct arena *);
/* The probability at one confidence, by the curve. */
double            calibrator_at(const struct calibrator *, double confidence);
/* The weights of the nodes in the map at a confidence, times `weight`, added to node. */
void              calibrator_weigh(const struct calibrator *, double confidence, double weight,
                                   double *node);
/* Over counts by confidence: the mean of the map, sum node_b rate_b; the mean weight of each node;
 * the variance of calibrator_at; and the share of the counts beyond the first and last node. */
struct calibrated { long n; double mean, variance, outside; double *node; };
struct calibrated calibrator_mean(const struct calibrator *, const double *at, const long *count,
                                  size_t k, struct arena *);

/* ---- expected.c: the accuracy of records that nobody graded ---- */

struct expected {
	bool   known;
	long   n;
	double at, se;           /* accuracy */
	double change, change_se;/* less the reference's */
	struct interval ci, change_ci;
	double var_current, var_reference;       /* of the change; each falls with its records */
	double outside;          /* share of the records beyond the calibrator's nodes */
};
/* From confidences alone, by a calibrator of the reference.  Known if current has a record.  Holds
 * if the probability of being right at each confidence is as in the reference. */
struct expected expected_accuracy(const struct calibrator *, const struct forecasts *reference,
                                  const struct forecasts *current, double conf,
                                  struct arena *scratch);
/* Corrected by the outcomes that current has, which must be those of a random part of it; needs
 * nothing of the map.  Known from 30 outcomes on, 5 of either kind; n counts
 * them. */
struct expected expected_with_outcomes(const struct calibrator *, const struct forecasts *reference,
                                       const struct forecasts *current, double conf,
                                       struct arena *scratch);

/* Whether current's outcomes are those that the map expects at their confidences. */
struct calibration_shift {
	long   n, df;            /* outcomes; groups of confidences next to each other, at most 10 */
	double realised, expected;               /* accuracy of these n; n = 0: 0, and every p is 1 */
	double z, chi2;          /* of all together; of the groups */
	double p_mean, p_groups, p;              /* p: the smaller, twice unless df is 1 */
};
struct calibration_shift calibration_shift(const struct calibrator *, const struct forecasts *,
                                           struct arena *scratch);

/* ---- label_shift.c: a changed mix of classes, from predictions alone ---- */

/* k classes, each with a label in the reference.  A prediction that is none of them is an "other". */
struct confusion {
	size_t k;
	const long *count;       /* reference: k x k, prediction i of label j at [i * k + j] */
	const long *labelled;    /* by label, predictions that are no class included */
	const long *right;       /* by label; only at prediction = label */
	const long *current;     /* current predictions by class */
	long        other, current_other;
};
struct label_shift {
	bool   known;            /* two classes, and current predictions */
	double p;                /* of no shift: predictions are distributed as in the reference */
	bool   identified;       /* the classes' predictions differ enough to tell them apart */
	double condition;        /* of the matrix, 0: singular; identified up to 1000 */
	size_t k;
	struct { double was, is; struct interval ci; } *class;   /* shares; `is` sums to 1 */
	double at, change, change_se;            /* accuracy if nothing but the mix changed */
	struct interval ci, change_ci;
};
struct label_shift label_shift(const struct confusion *, double conf, uint64_t seed,
                               struct arena *);

/* ---- decompose.c: a change of a weighted mean, in mix and quality ---- */

/* One side, by stratum: shares that sum to 1, and where known the mean and its variance. */
struct weighted {
	const double *share, *mean, *var;
	const bool   *known;
	long          counted;   /* records that the shares were counted from; 0: they are exact */
};
struct component { double at, se; struct interval ci; };
struct decomposition {
	bool   known;            /* some share of either side lies in a stratum with a mean */
	double from, to;         /* the weighted means */
	struct component change, mix, quality;        /* change = mix + quality */
	double moved[2];         /* share, before and after, in strata without a mean on either side:
	                          * given to the others */
	size_t n;
	struct { double mix, quality; } *stratum;        /* they add up to the parts above */
};
/* A stratum whose mean is known on one side is mix alone.  cov: of the two means by stratum, where the
 * same cases were asked; NULL: none. */
struct decomposition decompose(const struct weighted *before, const struct weighted *after,
                               const double *cov, size_t n, double conf, struct arena *);

#endif
