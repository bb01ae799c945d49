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
struct value { enum value_kind kind; double number; struct str text; };   /* a NUMBER's text: as written */

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
	const char *path;
	long        line;
};

/*
 * A field by name: id asked model input output finish error tags time latency first_token
 * tokens_in tokens_out, else a member, a JSON Pointer or a column of the record as it was logged.
 */
struct value record_value(const struct record *, struct str name, struct arena *);
/* What identifies the record for sampling: its id, or a hash of the whole line without one. */
uint64_t record_hash(const struct record *);

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

/* A feature as it is used: bound and named.  params_json is canonical: what could change a value. */
struct watched {
	const char           *name;
	const struct feature *feature;
	void                 *params;
	const char           *params_json;
};

/* ---- bucket.c: numbers on edges that no data choose ---------------------------------------- */

/*
 * Every finite double has one bucket, the same in every profile: integers up to 1024 in size have
 * their own, others share one of 64 per octave.  Keys rise with the values.
 */
int64_t bucket_of(double);
double  bucket_low(int64_t key);     /* the smallest value in it */
double  bucket_high(int64_t key);    /* the largest */
struct bucket { int64_t key; long count; };

/* ---- exact.c: sums of doubles that do not depend on their order ---------------------------- */

enum { EXACT_LIMBS = 36 };
struct exact { int64_t limb[EXACT_LIMBS]; long pending; };
void   exact_add(struct exact *, double);
void   exact_merge(struct exact *, const struct exact *);
double exact_value(const struct exact *);                        /* rounded once */

/* ---- profile.c: what is kept of a window --------------------------------------------------- */

enum { CATEGORIES = 4096, GRAM_SLOTS = 1 << 16, SAMPLE_DEFAULT = 2000 };

struct category { uint64_t hash; struct str text; long count; };

struct feature_profile {
	enum shape shape;
	long n;                          /* records */
	long missing, empty, other;      /* of n, by kind */
	/* SHAPE_NUMBER */
	struct bucket *bucket;           /* by key */
	size_t         nbucket;
	struct exact   sum, square;
	double         min, max;         /* meaningful if there are numbers */
	/* SHAPE_CATEGORY: exact counts of the CATEGORIES lowest hashes; what has a higher one is in
	 * `rest`.  Merging keeps the lowest of both: order and split change nothing. */
	struct category *category;       /* by hash */
	size_t         ncategory;
	long           rest;             /* records in categories that are not listed */
	/* SHAPE_TEXT: records that hold an n-gram, by the hash of the n-gram */
	uint32_t      *gram;             /* GRAM_SLOTS, or NULL */
};

/* One of the records with the lowest hashes: its values, feature by feature. */
struct kept { uint64_t hash; int64_t time_ms; struct value *value; };

struct profile {
	struct watched *watched;
	size_t  nfeature;
	struct feature_profile *feature;
	long    n, bad;                  /* records, and lines that were none */
	int64_t first_ms, last_ms;       /* of those with a time; 0, 0 if none has */
	struct kept *kept;               /* by hash; at most cap */
	size_t  nkept, cap;
	uint64_t seed;                   /* of the hashes */
};

/* ---- detectors.def: two profiles of one feature; one file det_<name>.c and one row each ---- */

/* A change of the tolerance is ruled out, is shown, neither. */
enum drift_verdict { DRIFT_NO, DRIFT_YES, DRIFT_UNSURE };
extern const char *const drift_verdict_name[3];                  /* "NO DRIFT", "DRIFT", "INCONCLUSIVE" */

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
	const char *why;                 /* a sentence part */
};

struct detector {
	const char *name, *help, *unit;
	int         version;
	unsigned    shapes;              /* bit per enum shape */
	double      tolerance;           /* if none is given */
	struct finding (*test)(const struct feature_profile *reference,
	                       const struct feature_profile *current, double tolerance, uint64_t seed,
	                       struct arena *);
};
const struct detector *detector_find(const char *name);
const struct detector *const *detector_all(void);                /* NULL-terminated */
/* The detector that a feature of this shape is compared by without being told. */
const struct detector *detector_default(enum shape);

#endif
