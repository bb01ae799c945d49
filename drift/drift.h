/*
 * drift.h -- windows of production: records of logs, features, profiles, detectors.
 *
 * Layer 5.  A log of any shape becomes records; features read values from them; a profile counts
 * the values of a window so that profiles of pieces add up to that of the whole, byte for byte;
 * detectors compare two profiles.  Nothing here knows the store.  driftlead-drift(7) has the
 * formulas and conventions.
 */
#ifndef DRIFT_H
#define DRIFT_H

#include "harness/base/base.h"
#include "harness/base/nouns.h"
#include "metrics/stats/stats.h"

/* ---- values -------------------------------------------------------------------------------- */

enum value_kind {
	VALUE_MISSING,           /* not there, or null */
	VALUE_EMPTY,             /* there, and without content */
	VALUE_OTHER,             /* of another type than the feature reads */
	VALUE_NUMBER,            /* finite */
	VALUE_TEXT
};
/* A NUMBER's text is as it was written, empty if it was computed. */
struct value { enum value_kind kind; double number; struct str text; };

/* ---- record.c: one request of a production log, whatever wrote it -------------------------- */

/* ASKED: the model named in the request; MODEL: the one that answered. */
enum record_text { RECORD_ID, RECORD_ASKED, RECORD_MODEL, RECORD_INPUT, RECORD_OUTPUT,
                   RECORD_FINISH, RECORD_ERROR, RECORD_TAGS, RECORD_TEXTS };
enum record_number { RECORD_TIME /* Unix ms */, RECORD_LATENCY /* s */, RECORD_FIRST_TOKEN /* s */,
                     RECORD_TOKENS_IN, RECORD_TOKENS_OUT, RECORD_NUMBERS };

extern const char *const record_text_name[RECORD_TEXTS], *const record_number_name[RECORD_NUMBERS];

/* Texts are not the record's own: they live in the line, or in the arena that read it. */
struct record {
	bool        has_text[RECORD_TEXTS], has_number[RECORD_NUMBERS];
	struct str  text[RECORD_TEXTS];
	double      number[RECORD_NUMBERS];
	struct json object;      /* the request in its log: for any further field; JT_NONE in CSV */
	const struct rows *rows; /* CSV, TSV: the columns, and this row */
	const struct row  *row;
	const struct redact *redact; /* what record_value takes out of further fields; may be NULL */
	uint64_t    hash;        /* as record_hash, of what was there before redaction; 0: not made */
	const char *path;
	long        line;        /* from the beginning of the part of the file that was read */
};

/*
 * A field by name: id asked model input output finish error tags time latency first_token
 * tokens_in tokens_out, else a member, a JSON Pointer or a column of the record as it was logged.
 */
struct value record_value(const struct record *, struct str name, struct arena *);
/* The same, but never one of the names above, and as it was logged: nothing is taken out. */
struct value record_logged(const struct record *, struct str name, struct arena *);
/* What identifies the record for sampling: its id, or a hash of the whole line without one. */
uint64_t record_hash(const struct record *);

/* ---- redact.c: personal data taken out before anything is kept ----------------------------- */

enum { REDACT_EMAIL = 1, REDACT_PHONE = 2, REDACT_IBAN = 4, REDACT_CARD = 8 };
struct pattern;
struct redact_own { const char *kind; const struct pattern *pattern; };

/* Starts as {0}, grows by redact_rule, then is only read: threads share it. */
struct redact {
	unsigned           kinds;        /* built in: REDACT_* */
	struct redact_own *own;          /* the user's, in their order */
	size_t             nown;
	const char       **field;        /* fields that go as a whole */
	size_t             nfield;
};

/*
 * Adds a rule as the user writes it: `email`, `phone`, `iban`, `card`, `field:NAME` or
 * `KIND=PATTERN`.  0, or -1 and a sentence.
 */
int        redact_rule(struct redact *, const char *rule, struct arena *, struct err *);
/* Every finding replaced by its kind in brackets; the text itself if there is none. */
struct str redact_text(const struct redact *, struct str text, struct arena *);
/* Whether a field goes as a whole: its name, or a JSON Pointer into it or to what holds it. */
bool       redact_hides(const struct redact *, struct str name);

/* ---- logs.c, logs.def: records from logs; one file log_<name>.c and one row each ------------ */

struct log_format;
const struct log_format *log_format_find(const char *name);      /* NULL: none */
/* The i-th, in the order in which they are tried; false: no more. */
bool log_format_at(size_t i, const char **name, const char **help);

/* Where a field of ours (record_text_name, record_number_name) stands in the log. */
struct log_field { const char *name, *from; double scale; };
/* Reads `NAME=FROM`; FROM of latency and first_token may end in " ms", " us" or " ns". */
int log_field_read(struct log_field *, const char *rule, struct arena *, struct err *);

struct log_plan {
	const struct log_format *format; /* NULL: told by the first record of each file */
	enum rows_format         rows;   /* ROWS_BY_NAME, unless files are all of one kind */
	const struct log_field  *field;  /* goes before what the format finds */
	size_t                   nfield;
	const struct redact     *redact; /* may be NULL */
	double                   max_bad;   /* LOG_MAX_BAD unless the user says otherwise */
	long                     most;      /* of each file only so many records; 0: all */
	off_t                    part;      /* bytes in a part of a large file; 0: 8 MiB */
};

#define LOG_MAX_BAD 0.01
enum { LOG_SAMPLES = 3, LOG_SAMPLE_MAX = 256 };

struct log_counts {
	long   records;                  /* handed on */
	long   other;                    /* read, and no request of a model: a span of a tool */
	long   bad;                      /* lines that cannot be read */
	long   torn;                     /* files that broke off: cut short, damaged, unreadable */
	size_t nsample;                  /* of the bad ones, the first: "path:line: why" */
	char   sample[LOG_SAMPLES][LOG_SAMPLE_MAX];
};

/*
 * Reads all files ("-": standard input), on all cores, and calls `each` once for every record.
 * Calls with the same `piece`, below logs_pieces(), are never at the same time: a consumer keeps
 * one state per piece and adds them up at the end.  Which records go to which piece is open, and
 * so is their order, since large files are read in parts; with plan->most, records of one file
 * come in their order, and those of a single file all to piece 0.  The record and the scratch arena
 * last until `each` returns.  *counts does not depend on the parts; samples are the first, in the
 * order of the files.  -1: some file could not be opened or begun, one sentence each; all others
 * were read.
 */
int    logs_read(const struct log_plan *, const char *const *path, size_t n,
                 void (*each)(void *ctx, size_t piece, const struct record *, struct arena *),
                 void *ctx, struct log_counts *counts, struct err *);
size_t logs_pieces(void);                                        /* as many as threads */
/* -1 and a sentence with samples if more than plan->max_bad of what was read is bad. */
int    logs_check(const struct log_plan *, const struct log_counts *, struct err *);
/* What the patterns (glob(3)) name, in their order, each file once; a pattern that is a file's name
 * or "-" is that.  -1 and a sentence for each pattern that names nothing. */
int    logs_expand(const char *const *pattern, size_t n, const char ***path, size_t *npath,
                   struct arena *, struct err *);

/* ---- features.def: what is looked at; one file feat_<name>.c and one row each -------------- */

enum shape { SHAPE_NUMBER, SHAPE_CATEGORY, SHAPE_TEXT };
struct feature {
	const char *name, *help;
	int         version;             /* raised when the same record may give another value */
	enum shape  shape;
	const struct conf_key *params;   /* NULL, or a table ending in {0} */
	size_t      size;
	int       (*check)(void *params, struct arena *, struct err *);      /* optional */
	struct value (*get)(const void *params, const struct record *, struct arena *);
};
const struct feature *feature_find(const char *name);
const struct feature *const *feature_all(void);                  /* NULL-terminated */

/* A feature as it is used: bound and named.  params_json is canonical: what could change values. */
struct watched {
	const char           *name;
	const struct feature *feature;
	void                 *params;
	const char           *params_json;
};

/* ---- bucket.c: numbers on edges that no data choose ---------------------------------------- */

/*
 * Every finite double has one bucket, the same in every profile: integers up to 1024 in size have
 * their own, others share one of 64 per octave, of which those integers part the pieces between
 * them.  Keys rise with the values; both zeros are one.
 */
int64_t bucket_of(double);
double  bucket_low(int64_t key);     /* the smallest value in it */
double  bucket_high(int64_t key);    /* the largest */
bool    bucket_exists(int64_t key);  /* false: no value has this key */
struct bucket { int64_t key; long count; };

/* ---- exact.c: sums of doubles that do not depend on their order ---------------------------- */

enum { EXACT_LIMBS = 36 };
struct exact { int64_t limb[EXACT_LIMBS]; long pending; };
void   exact_add(struct exact *, double);
void   exact_merge(struct exact *, const struct exact *);
/* Rounded once, to nearest; what is beyond the largest double is that. */
double exact_value(const struct exact *);
void   exact_settle(struct exact *);  /* makes equal sums equal bytes */

/* ---- profile.c: what is kept of a window --------------------------------------------------- */

enum { CATEGORIES = 4096, GRAM_SLOTS = 1 << 16, SAMPLE_DEFAULT = 2000 };

struct category { uint64_t hash; struct str text; long count; };

struct feature_profile {
	enum shape shape;
	long n;                          /* records */
	long missing, empty, other;      /* of n, by kind */
	/* SHAPE_NUMBER */
	struct bucket *bucket;           /* by key */
	size_t         nbucket, bucket_cap;
	struct exact   sum, square;
	double         min, max;         /* meaningful if there are numbers */
	/* SHAPE_CATEGORY: exact counts of the CATEGORIES lowest hashes; what has a higher one is in
	 * `rest`.  Merging keeps the lowest of both: order and split change nothing. */
	struct category *category;       /* by hash */
	size_t         ncategory, category_cap;
	long           rest;             /* records in categories that are not listed */
	/* SHAPE_TEXT: records that hold an n-gram, by the hash of the n-gram */
	uint32_t      *gram;             /* GRAM_SLOTS, or NULL */
};

/* One of the records with the lowest hashes: its values, feature by feature.  Of a text feature's
 * texts nothing is kept but that there was one. */
struct kept { uint64_t hash; int64_t time_ms; struct value *value; };

struct profile {
	const struct watched *watched;
	size_t  nfeature;
	struct feature_profile *feature;
	long    n, bad;                  /* records, and lines that were none */
	int64_t first_ms, last_ms;       /* of those with a time; 0, 0 if none has */
	struct kept *kept;               /* by hash; at most cap */
	size_t  nkept, cap, kept_room;
	uint64_t seed;                   /* of the hashes */
};

enum { PROFILE_FEATURES_MAX = 1024 };
#define PROFILE_RECORDS_MAX (1L << 48)

/* Empty.  `watched` is not copied and must outlive it; at most `cap` records are kept. */
struct profile *profile_begin(const struct watched *watched, size_t n, size_t cap, uint64_t seed);
/* Counts one record by what the features read in it.  `scratch` holds what is not kept. */
void profile_add(struct profile *, const struct record *, struct arena *scratch);
/* The same with the values given, by feature; time 0: none.  A value of a kind that the feature's
 * shape has not counts as VALUE_OTHER. */
void profile_add_values(struct profile *, uint64_t record_hash, int64_t time_ms,
                        const struct value *value, struct arena *scratch);
/* `from` is left as it is.  -1, and nothing was changed, if the two have other features, seeds or
 * sizes of the sample. */
int  profile_merge(struct profile *into, const struct profile *from, struct err *);
/* Whether both count the same features, in the same versions, with the same parameters and seed;
 * else -1 and a sentence. */
int  profile_alike(const struct profile *, const struct profile *, struct err *);
void profile_free(struct profile *);
/* Records with a value: neither missing nor empty nor of another type. */
long profile_values(const struct feature_profile *);

/* ---- profile_file.c, profile_read.c: driftlead-profile(5) ----------------------------------- */

enum { PROFILE_VERSION = 1 };
#define PROFILE_MAGIC "driftlead profile "                       /* a file begins so */
/* Appends the file's bytes: equal profiles have equal bytes. */
void profile_write(struct buf *, const struct profile *);
/*
 * Reads what profile_write wrote; `path` is for messages.  NULL and one sentence if it is damaged,
 * of a newer version or no profile at all.  Its `watched` live in the arena, and their features
 * have a name, version and shape, but cannot be asked (params and get are NULL).
 */
struct profile *profile_read(struct str bytes, const char *path, struct arena *, struct err *);
/* What the features are, in 64 hex digits: profiles of one digest can be merged and compared. */
void profile_digest(const struct profile *, char hex[65]);

/* ---- profile_text.c ------------------------------------------------------------------------- */

/* The bucket of the q-quantile (the value of rank ceil(q n)), cut to min and max; 0, 0 without
 * numbers. */
struct interval profile_quantile(const struct feature_profile *, double q);
double profile_mean(const struct feature_profile *);             /* 0 without numbers */
/* False: fewer than two numbers, or so large beside their spread that rounding hides it. */
bool   profile_sd(const struct feature_profile *, double *sd);
void   profile_text(struct buf *, const struct profile *, struct arena *);
void   profile_json(struct buf *, const struct profile *, struct arena *);

/* ---- watch.c, infer.c: which features are watched ------------------------------------------- */

extern const struct conf_key watch_top_keys[], watch_feature_keys[];
/* From YAML: `features: [{name, get, ...parameters}]`.  All mistakes in err. */
int  watch_yaml(const char *path, struct str text, struct watched **, size_t *n, struct arena *,
                struct err *);
/* Those of a profile that was read, bound anew, so that other records can be read as its were. */
int  watch_again(const struct profile *, const char *path, struct watched **, struct arena *,
                 struct err *);
/* One feature with the parameters that a mapping has; NULL: its defaults. */
int  watch_bind(struct watched *, const char *name, const struct feature *, struct node *params,
                struct arena *, struct err *);
/* What a log offers, from some of its records: those of the server, input and output, and fields
 * that are numbers or have few values.  *n is 0 if there is nothing to watch. */
struct infer;
struct infer *infer_begin(struct arena *);
void infer_add(struct infer *, const struct record *, struct arena *scratch);
void infer_end(const struct infer *, struct watched **, size_t *n, struct arena *);

/* ---- gather.c: from logs to features and to a profile ------------------------------------- */

/* What the first records offer, in the order of the files; standard input is spooled, so that it
 * can be read again.  -1 and a sentence if there is nothing to watch. */
int logs_infer(const struct log_plan *, const char *const *path, size_t n, struct watched **,
               size_t *nfeature, struct arena *, struct err *);
/* One profile per piece, so that threads share nothing; their sum does not show which file went to
 * which.  NULL: some file could not be read, or too much of it. */
struct profile *logs_profile(const struct log_plan *, const char *const *path, size_t n,
                             const struct watched *, size_t nfeature, size_t sample,
                             uint64_t seed, struct arena *, struct err *);

/* ---- detectors.def: two profiles of one feature; one file det_<name>.c and one row each ---- */

/* A change of the tolerance is ruled out, is shown, neither. */
enum drift_verdict { DRIFT_NO, DRIFT_YES, DRIFT_UNSURE };
/* "NO DRIFT", "DRIFT", "INCONCLUSIVE" */
extern const char *const drift_verdict_name[3];

struct finding {
	bool        known;               /* false: `why` says what is lacking */
	double      effect;              /* in the detector's unit, 0: none */
	struct interval ci;              /* of the effect, 95 % */
	double      p;                   /* of no difference, honest at these sizes; never 0 */
	int         direction;           /* -1 lower, 1 higher, 0 neither or both */
	double      tolerance;           /* what the user can bear */
	double      mde;                 /* the smallest effect that these sizes show with power 80 % */
	long        n_reference, n_current;
	long        n_needed;            /* current records that would decide; 0: decided or unknown */
	enum drift_verdict verdict;      /* by the interval and the tolerance */
	const char *why;                 /* a sentence part, or NULL */
};

struct detector {
	const char *name, *help, *unit;
	int         version;
	unsigned    shapes;              /* bit per enum shape */
	double      tolerance;           /* if none is given */
	/*
	 * One of the two: `test` reads what was counted, `sampled` the records that were kept.  p is
	 * not corrected for other tests; a detector whose p comes from random tables is the same for
	 * a seed on any number of threads.  tolerance: at least 0.
	 */
	struct finding (*test)(const struct feature_profile *reference,
	                       const struct feature_profile *current, double tolerance, uint64_t seed,
	                       struct arena *);
	struct finding (*sampled)(const struct profile *reference, const struct profile *current,
	                          size_t feature, double tolerance, uint64_t seed, struct arena *);
};
const struct detector *detector_find(const char *name);
const struct detector *const *detector_all(void);                /* NULL-terminated */
/* The detector that a feature of this shape is compared by without being told. */
const struct detector *detector_default(enum shape);

/* ---- compare.c: two windows, feature by feature -------------------------------------------- */

/* One test that was asked for.  A feature that is asked for at all is compared by what was asked,
 * any other by its shape's default and by `missing`. */
struct asked {
	const char            *feature;  /* by its name in the profile */
	const struct detector *detector;
	double                 tolerance;    /* negative: the detector's, as driftlead-drift(1) says */
};
struct comparing {
	double   alpha;                  /* false discoveries among all findings, in (0,1) */
	uint64_t seed;
	const struct asked *asked;
	size_t   nasked;
};
struct compared {
	size_t feature;                  /* of the reference's features */
	const struct detector *detector;
	struct finding finding;          /* p and verdict of this test alone */
	double p_adjusted;               /* Benjamini and Hochberg, over all that are known */
	enum drift_verdict verdict;      /* DRIFT only if p_adjusted <= alpha, too */
	bool   counts;                   /* false: neither window has a value to compare */
};
struct comparison {
	const struct profile *reference, *current;
	double alpha;
	struct compared *compared;       /* feature by feature, as the reference has them */
	size_t n;
	enum drift_verdict *feature;     /* DRIFT if a finding of it is; else INCONCLUSIVE if one is */
	enum drift_verdict  verdict;     /* the same of the features */
	size_t drifted, unsure;          /* features */
};
/* The arena owns the result, which refers to both profiles.  -1 and a sentence if they are not
 * alike (profile_alike), or what is asked does not fit. */
int profiles_compare(const struct profile *reference, const struct profile *current,
                     const struct comparing *, struct comparison *, struct arena *, struct err *);

#endif
