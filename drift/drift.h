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
	VALUE_TEXT,
	VALUE_VECTOR
};
/* A NUMBER's text is as it was written, empty if it was computed; a VECTOR's is its components. */
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

/* ---- when.c: times as people and logs write them ------------------------------------------- */

/*
 * Unix milliseconds of a text: a number in seconds, ms, us or ns by its size (in seconds up to the
 * year 5138), or ISO 8601 (2026-11-24T01:15:13.250Z, an offset, or no zone, which is UTC).  False:
 * neither, or before 1970.
 */
bool when_text(struct str, double *ms);

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
	int64_t                  after_ms, until_ms; /* only records whose time lies in (after, until];
	                                     * until 0: all, also those without a time */
	off_t                    part;      /* bytes in a part of a large file; 0: 8 MiB */
};

#define LOG_MAX_BAD 0.01
enum { LOG_SAMPLES = 3, LOG_SAMPLE_MAX = 256 };

struct log_counts {
	long   records;                  /* handed on */
	long   other;                    /* read, and no request of a model, a span of a tool; or outside
	                                  * of the plan's span of time */
	long   timeless;                 /* of those: without a time, where the plan asks for one */
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

enum shape { SHAPE_NUMBER, SHAPE_CATEGORY, SHAPE_TEXT, SHAPE_VECTOR };
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
/* A time that rises and falls with the load of the machine: a little more of it is no news. */
bool feature_restless(const struct feature *);
/* Whether it can stand in a row with others: a number or category, and not restless. */
bool rows_joinable(const struct feature *);

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

/* ---- vector.c: lists of numbers, as embeddings are ---------------------------------------- */

/*
 * Components are float32, four bytes each with the lowest first.  Of a whole window there are
 * random Fourier sums: those of cos(w x) and sin(w x) over the vectors' directions, for WAVES
 * vectors w that no data choose.  What is not there of a shorter vector is 0.
 */
enum { VECTOR_MAX = 4096, WAVES = 256, FOURIER_SUMS = 2 * WAVES };
struct str vector_pack(const double *, size_t n, struct arena *);
size_t     vector_length(struct str);
double     vector_at(struct str, size_t i);
/* At most VECTOR_MAX components, at least one, each finite and no zero with a sign. */
bool       vector_sound(struct str);

/* ---- profile.c: what is kept of a window --------------------------------------------------- */

enum { CATEGORIES = 4096, GRAM_SLOTS = 1 << 16, SAMPLE_DEFAULT = 2000 };
/* Of a text in the sample so many bytes, less what would be half a character. */
enum { KEPT_TEXT_BYTES = 4096, KEPT_TEXTS_MAX = 2000 };

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
	/* SHAPE_VECTOR: FOURIER_SUMS, or NULL; the waves' components as far as they were needed */
	int64_t       *fourier;
	float         *wave;
	size_t         nwave, wave_cap;
};

/* One of the records with the lowest hashes: its values, feature by feature.  Of a text feature's
 * texts nothing is kept but that there was one, unless the profile keeps texts. */
struct kept { uint64_t hash; int64_t time_ms; struct value *value; };

struct profile {
	const struct watched *watched;
	size_t  nfeature;
	struct feature_profile *feature;
	long    n, bad;                  /* records, and lines that were none */
	int64_t first_ms, last_ms;       /* of those with a time; 0, 0 if none has */
	struct kept *kept;               /* by hash; at most cap */
	size_t  nkept, cap, kept_room;
	bool    texts;                   /* the sample keeps texts of text features */
	uint64_t seed;                   /* of the hashes */
};

enum { PROFILE_FEATURES_MAX = 1024 };
#define PROFILE_RECORDS_MAX (1L << 48)

/* Empty.  `watched` is not copied and must outlive it; at most `cap` records are kept. */
struct profile *profile_begin(const struct watched *watched, size_t n, size_t cap, uint64_t seed);
/* Before the first record: the sample keeps texts, too.  Its cap is at most KEPT_TEXTS_MAX. */
void profile_keep_texts(struct profile *);
/* Counts one record by what the features read in it.  `scratch` holds what is not kept. */
void profile_add(struct profile *, const struct record *, struct arena *scratch);
/* The same with the values given, by feature; time 0: none.  A value of a kind that the feature's
 * shape has not counts as VALUE_OTHER. */
void profile_add_values(struct profile *, uint64_t record_hash, int64_t time_ms,
                        const struct value *value, struct arena *scratch);
/* `from` is left as it is.  -1, and nothing was changed, if the two have other features, seeds or
 * sizes of the sample, or one alone keeps texts. */
int  profile_merge(struct profile *into, const struct profile *from, struct err *);
/* Whether both count the same features, in the same versions, with the same parameters and seed;
 * else -1 and a sentence. */
int  profile_alike(const struct profile *, const struct profile *, struct err *);
void profile_free(struct profile *);
/* Records with a value: neither missing nor empty nor of another type. */
long profile_values(const struct feature_profile *);

/* ---- season.c: a window in pieces by hour and weekday ------------------------------------------ */

/* What comes again: each hour of the day, weekday, hour of the week; UTC, weeks begin on Monday. */
enum season { SEASON_NONE, SEASON_HOUR, SEASON_WEEKDAY, SEASON_WEEK_HOUR };
enum { SEASON_CELLS_MAX = 7 * 24 };
size_t  season_cells(enum season);                   /* 1, 24, 7, 168 */
size_t  season_cell(enum season, int64_t ms);        /* in which of them a moment lies */
int64_t season_period(enum season);                  /* ms after which it repeats; 0: none */
/* How much of each cell (from, to] covers: 0.5 half of it, 3 three whole ones. */
void    season_cover(enum season, int64_t from_ms, int64_t to_ms, double *share);

/* The records of a window by the season's cells.  `watched` must outlive it. */
struct pieces {
	enum season season;
	const struct watched *watched;
	size_t   nfeature, cap;
	bool     texts;              /* as profile_keep_texts */
	uint64_t seed;
	long     bad;
	struct profile *cell[SEASON_CELLS_MAX];      /* NULL: no record fell into it */
};
void pieces_free(struct pieces *);
/* The profile of a moment's cell, made where there is none; NULL: a season, and time 0. */
struct profile *pieces_at(struct pieces *, int64_t time_ms);
/* Adds `from`; -1 and a sentence as profile_merge. */
int  pieces_merge(struct pieces *into, const struct pieces *from, struct err *);
/* One profile of the cells in `take` (NULL: all), which the caller frees. */
struct profile *pieces_sum(const struct pieces *, const bool *take);
/* Which cells can be compared: both have records there, and (from, to] covers half of it at least.
 * What lies in others is neither of the one nor of the other.  How many they are. */
size_t pieces_common(const struct pieces *, const struct pieces *, int64_t from_ms, int64_t to_ms,
                     bool *take);

/* ---- onset.c: since when ------------------------------------------------------------------------ */

/*
 * When the feature began to differ from the reference, in Unix ms, from the records that the
 * current profile kept: the moment after which they differ from it most, by the likelihood of one
 * change from the reference's level to another; first_ms if they always did.  A record counts by
 * how much more frequent its category, or its tenth of the reference's numbers, became.  0: the
 * records have no times, nothing differs, or it is neither a number nor a category.
 */
int64_t profile_onset(const struct profile *reference, const struct profile *current,
                      size_t feature, struct arena *);

/* ---- profile_file.c, profile_read.c: driftlead-profile(5) ----------------------------------- */

enum { PROFILE_VERSION = 3 };
#define PROFILE_MAGIC "driftlead profile "                       /* a file begins so */
/* Appends the file's bytes: equal profiles have equal bytes.  One without texts
 * and vectors is of version 1. */
void profile_write(struct buf *, const struct profile *);
/* The same of a profile that kept no texts, whether this one does or not. */
void profile_write_textless(struct buf *, const struct profile *);
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
/* The squared maximum mean discrepancy of the directions of all vectors, without bias: below 0
 * where chance has it so.  Exact but for WAVES random waves.  0 with fewer than two vectors. */
double profile_mmd2(const struct feature_profile *, const struct feature_profile *);
/* False: fewer than two numbers, or so large beside their spread that rounding hides it. */
bool   profile_sd(const struct feature_profile *, double *sd);
void   profile_text(struct buf *, const struct profile *, struct arena *);
void   profile_json(struct buf *, const struct profile *, struct arena *);

/* ---- watch.c, infer.c: which features are watched ------------------------------------------- */

extern const struct conf_key watch_top_keys[], watch_feature_keys[];
/* From YAML: `features: [{name, get, ...parameters}]`.  All mistakes in err. */
int  watch_features(struct node *features, struct watched **, size_t *n, struct arena *, struct err *);
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
 * which.  -1: some file could not be read, too much of it, or no record has the time that is
 * needed; *pieces is empty before, and to be freed in any case. */
int logs_cut(const struct log_plan *, const char *const *path, size_t n, struct pieces *,
             struct arena *, struct err *);
/* The same as one profile; texts: as profile_keep_texts.  NULL instead of -1. */
struct profile *logs_profile(const struct log_plan *, const char *const *path, size_t n,
                             const struct watched *, size_t nfeature, size_t sample,
                             bool texts, uint64_t seed, struct arena *, struct err *);

/* ---- detectors.def: two profiles of one feature; one file det_<name>.c and one row each ---- */

/* A change of the tolerance is ruled out, is shown, neither. */
enum drift_verdict { DRIFT_NO, DRIFT_YES, DRIFT_UNSURE };
/* "NO DRIFT", "DRIFT", "INCONCLUSIVE" */
extern const char *const drift_verdict_name[3];

/* A part of texts, as it stands in them, or what a row has of a feature, or of two; and the share of
 * texts or rows that hold it. */
struct term { struct str text; double was, is; };

struct finding {
	bool        known;               /* false: `why` says what is lacking */
	double      effect;              /* in the detector's unit, 0: none */
	double      observed;            /* the same with what chance makes of it, where that is taken off */
	struct interval ci;              /* of the effect, 95 % */
	double      p;                   /* of no difference, honest at these sizes; never 0 */
	long        draws;               /* of random tables that made p, so that it is 1 / (1 + draws)
	                                  * at least; 0: none did */
	int         direction;           /* -1 lower, 1 higher, 0 neither or both */
	double      tolerance;           /* what the user can bear */
	double      mde;                 /* the smallest effect that these sizes show with power 80 % */
	long        n_reference, n_current;
	long        n_needed;            /* current records that would decide; 0: decided or unknown */
	enum drift_verdict verdict;      /* by the interval and the tolerance */
	const char *spare;               /* why INCONCLUSIVE counts for nothing, or NULL */
	const char *why;                 /* a sentence part, or NULL */
	const char *fact;                /* what of it holds whatever the verdict, or NULL */
	const struct term *term;         /* what tells the windows apart, first what is more now */
	size_t nterm;
};

/*
 * What blocks of time say where the records of one are alike: `n` and `m` of them in the reference
 * and the current window, p of dealing whole blocks, and the design effect: by how much more
 * means vary than those of as many independent records would.
 */
struct block_chance { size_t n, m; double p, design; };

struct detector {
	const char *name, *help, *unit;
	int         version;
	unsigned    shapes;              /* bit per enum shape */
	double      tolerance;           /* if none is given */
	double      alarm;               /* then a larger effect is drift; 0: a tenth of the tolerance */
	bool        names;               /* `why` says what changed: no list of it is needed */
	bool        by_p;                /* and the effect itself has to be larger, not its lower bound,
	                                  * which is far wider than the test */
	bool        joint;               /* compares all features together, too: with `sampled` */
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
	/* By whole blocks of block_ms; NULL: as the counts of the feature's shape (blocks.c). */
	struct block_chance (*blocked)(const struct profile *reference,
	                               const struct profile *current, size_t feature,
	                               int64_t block_ms, uint64_t seed, struct arena *);
};
const struct detector *detector_find(const char *name);
const struct detector *const *detector_all(void);                /* NULL-terminated */
/* The detector that a feature of this shape is compared by without being told. */
const struct detector *detector_default(enum shape);

/* ---- changes.c: which categories became more common, and which less ------------------------ */

/* Counts and shares. */
struct category_change { struct str category; long n_was, n_is; double was, is; };
/* All that either lists, the largest change of a share first; how many.  None, if they are no
 * categories or one has no values.  The texts stay the profiles'. */
size_t profile_changes(const struct feature_profile *reference,
                       const struct feature_profile *current, struct category_change **,
                       struct arena *);

/* ---- histogram.c: two windows of numbers on round edges ------------------------------------- */

enum { HISTOGRAM_EDGES = 39 };
struct histogram {
	bool    log;                     /* edges are even in the logarithm */
	size_t  nedge;                   /* 2 to HISTOGRAM_EDGES */
	double *edge;                    /* rising, round, around the reference's 1 % to 99 % */
	double *reference, *current;     /* nedge + 1 shares of values: below edge[0], from edge[i] and
	                                  * below edge[i + 1], from the last on */
};
/* False, and an empty one, if the feature is no number or the reference has none.  The arena owns
 * the arrays. */
bool   histogram_of(const struct feature_profile *reference, const struct feature_profile *current,
                    struct histogram *, struct arena *);
size_t histogram_bin(const struct histogram *, double value);    /* 0 to nedge */

/* ---- compare.c: two windows, feature by feature -------------------------------------------- */

/* One test that was asked for.  A feature that is asked for at all is compared by what was asked,
 * any other by its shape's default and by `missing`.  So are all numbers and categories together,
 * by `mmd`, if there are two or more and both profiles have a sample. */
#define JOINT_NAME "all features together"
struct asked {
	const char            *feature;  /* by its name in the profile */
	const struct detector *detector;
	double                 tolerance;    /* negative: the detector's, as driftlead-drift(1) says */
};
struct comparing {
	double   alpha;                  /* false discoveries among all findings, in (0,1) */
	int64_t  block_ms;               /* records of so long a time are alike; 0: none are */
	uint64_t seed;
	const struct asked *asked;
	size_t   nasked;
};
struct compared {
	size_t feature;                  /* of the reference's; nfeature: all of them together */
	const struct detector *detector;
	struct finding finding;          /* p and verdict of this test alone */
	double p_adjusted;               /* Benjamini and Hochberg, over all that are known */
	enum drift_verdict verdict;      /* DRIFT only if p_adjusted <= alpha, too */
	bool   counts;                   /* false: neither window has a value to compare, or what is
	                                  * open is spare; then the finding is not known either */
};
struct comparison {
	const struct profile *reference, *current;
	double alpha;
	struct compared *compared;       /* feature by feature, as the reference has them */
	size_t n;
	enum drift_verdict *feature;     /* DRIFT if a finding of it is; else INCONCLUSIVE if one is */
	bool                joint;       /* feature[nfeature] is that of all of them together */
	enum drift_verdict  verdict;     /* the same of the features, and of all together */
	size_t drifted, unsure;          /* features */
	const struct profile *closer;    /* the current window with a larger sample, to date what
	                                  * drifted; NULL: none was made */
};
/* profile_onset of the closer profile, or of the current one. */
int64_t comparison_onset(const struct comparison *, size_t feature, struct arena *);
/* Of the feature, or JOINT_NAME. */
const char *compared_name(const struct comparison *, const struct compared *);
enum { DRIFT_CHANGES = 5 };
/* What changed most: the terms that a finding names, else as profile_changes and at most
 * DRIFT_CHANGES, but none of all features together, nor where the detector names it. */
size_t compared_changes(const struct comparison *, const struct compared *,
                        struct category_change **, struct arena *);
/* The arena owns the result, which refers to both profiles.  -1 and a sentence if they are not
 * alike (profile_alike), or what is asked does not fit. */
int profiles_compare(const struct profile *reference, const struct profile *current,
                     const struct comparing *, struct comparison *, struct arena *, struct err *);

/* ---- examples.c: records that show what was found ------------------------------------------ */

enum { DRIFT_EXAMPLES = 5 };
/* Of the current window's sample, with a value that became more common: in turn from the
 * categories, bins, or for `missing` kinds of none, that grew most.  How many; 0 for n-grams,
 * vectors and all features together. */
size_t comparison_examples(const struct comparison *, const struct compared *,
                           const struct kept *out[DRIFT_EXAMPLES], struct arena *);

/* ---- outcomes.c: how sure answers were, and whether they were right ------------------------- */

/* Fields by record_value's names.  `correct` empty: right is a prediction that is the label, but for
 * white space around either. */
struct outcome_fields { struct str confidence, prediction, label, correct; };

enum { CONFIDENCE_STEPS = 1 << 14, CLASSES_MOST = 256, CLASS_LEAST = 10, LABEL_MAX = 256 };

/* The labels of a reference: those with CLASS_LEAST records or more, at most CLASSES_MOST, and if as
 * many have others the last class, named NULL, of all those. */
struct classes { size_t k; struct str *name; struct map *index; };

struct outcomes {
	long records;            /* read */
	long without;            /* of them without a confidence */
	long refused;            /* with one that is no number from 0 to 1, or a `correct` that is
	                          * neither true nor false */
	char sample[LOG_SAMPLE_MAX];     /* the first of those: "path:line: why", else empty */
	long has_prediction, has_label, has_correct;     /* records that have the field */
	long n, known, right;    /* with a confidence; of them with an outcome; of them right */
	struct forecasts forecasts;      /* confidences in steps of 1 / CONFIDENCE_STEPS */
	bool crowded;            /* too many different labels and predictions for classes */
	const struct classes *classes;   /* of the reference, as `confusion` counts by them */
	struct confusion confusion;      /* of a reference without its current part, and the reverse */
};

/*
 * Reads a window.  `classes` NULL: it is the reference, and gets classes of its own; else they are
 * the reference's.  The result lives in the arena and does not depend on the number of threads.  -1:
 * files or lines that cannot be read; more refused than plan->max_bad allows; nothing with a
 * confidence; a reference without outcomes.
 */
int outcomes_read(const struct log_plan *, const char *const *path, size_t n,
                  const struct outcome_fields *, const struct classes *classes, struct outcomes *,
                  struct arena *, struct err *);
void outcomes_free(struct outcomes *);

/* ---- performance.c: the accuracy of a window, with labels or without ------------------------ */

#define OUTSIDE_MOST 0.05        /* of the records may lie beyond the reference's confidences */
#define SHIFT_ALPHA  0.05        /* of the tests of what is assumed */

struct performance {
	struct forecast_quality stated[2];       /* reference, current */
	double margin;                           /* a loss of accuracy that can be borne */
	double reference;                        /* accuracy */
	struct calibrator map;
	struct expected by_confidence, by_outcomes;
	struct calibration_shift calibration;
	struct label_shift labels;
	const struct expected *basis;            /* what the verdict is by; NULL: neither holds */
	double mde;                              /* the smallest change shown with power 80 % */
	long   n_needed, n_reference_needed;     /* records that would decide; 0: that many never */
	enum verdict verdict;                    /* PASS, FAIL or INCONCLUSIVE */
	const char *why;                         /* a sentence part */
};
/* Intervals are 95 %.  FAIL: the change's lies below -margin; PASS: above. */
struct performance *performance_judge(const struct outcomes *reference,
                                      const struct outcomes *current, double margin,
                                      uint64_t seed, struct arena *);

#endif
