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

/* ---- signflip.c: symmetry about 0, exactly ---- */

enum { SIGNFLIP_MAX = 20 };
struct signflip { double greater, less, two; };          /* p-values */
struct signflip signflip_exact(const double *d, size_t n);   /* n <= SIGNFLIP_MAX */
struct wilcoxon { bool known; double w, p_two; };        /* known: no zeros */
struct wilcoxon wilcoxon_exact(const double *d, size_t n, struct arena *scratch);

/* ---- groupseq.c: looks at a growing sample ---- */

/* z bounds at the information fractions info, rising in (0,1], for one-sided alpha. */
void group_bounds(double alpha, const double *info, size_t looks, double *bound,
                  struct arena *scratch);

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

#endif
