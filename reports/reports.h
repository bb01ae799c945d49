/*
 * reports.h -- what leaves the program as a document.
 *
 * Layer 8.  Reports compute nothing: they SELECT from the views and write.
 */
#ifndef REPORTS_H
#define REPORTS_H

#include "harness/base/base.h"
#include "harness/base/nouns.h"
#include "harness/store.h"

struct page {
	struct store *store;
	long          run, base;              /* base 0: none */
	struct arena *a;
	struct buf   *out;
	long          most;                   /* cases that an output lists; 0: as many as it may */
};

/* A part of the page; a row of sections.def, a file sec_<name>.c. */
struct section {
	const char *name, *title;
	bool (*wanted)(const struct page *);  /* is there anything to say? */
	void (*write)(const struct page *);
};

/* The whole HTML page of a run into `out` (ceiling 64 MB). */
void report_html(struct store *, long run, long base, struct buf *out);

/* ---- outputs.c: what a continuous integration system reads ---------------------------------- */

/* A row of outputs.def, a file <name>.c. */
struct output {
	const char *name;
	void (*write)(const struct page *);   /* one document into page->out */
	/* Optional: what the system wants elsewhere besides.  -1 and a sentence. */
	int  (*deliver)(const struct page *, struct err *);
};

extern const struct output output_markdown;  /* also a step's summary on GitHub */

/* What the options ask for: the file, or of what is printed whether. */
struct outputs {
#define OUTPUT(name, help) const char *name;
#define OUTPUT_PRINTED(name, help) bool name;
#include "reports/outputs.def"
};
/* The options themselves, in the table of a command whose `struct options` has the member
 * `outputs`: #include "reports/outputs.def" between these. */
#define OUTPUT_OPTION(name, help) \
	{ #name, 0, OPT_TEXT, offsetof(struct options, outputs.name), "FILE", help },
#define OUTPUT_FLAG(name, help) \
	{ #name, 0, OPT_FLAG, offsetof(struct options, outputs.name), NULL, help },

bool outputs_any(const struct outputs *);
/* Before the work: 0, or -1 and a sentence when more than one would go to standard output, which
 * `taken` ("--json", "the page") may have already; NULL: nothing has. */
int  outputs_check(const struct outputs *, const char *taken, struct err *) MUST_USE;
/* Writes all that is asked for of a judged run, each file whole or not at all; what is printed
 * goes after what `out` holds.  -1 and a sentence for each that could not be written. */
int  outputs_write(struct store *, long run, long base, const struct outputs *, struct buf *out,
                   struct err *) MUST_USE;
/* One output into `out`; at most `most` cases, 0 for its own limit. */
void report_as(const char *name, struct store *, long run, long base, long most, struct buf *out);
/* The HTML page of a ladder into `out`, from the object that 'driftlead ladder --json' prints. */
void report_ladder(struct str json, struct buf *out);
/* The HTML page of a comparison of windows into `out`, from the object that 'driftlead drift
 * --json' prints. */
void report_drift(struct str json, struct buf *out);
/* Its plots as PNG files, each whole or not at all, in the folder, which is made if it is not
 * there.  -1 and a sentence for what could not be done. */
int  report_drift_png(struct str json, const char *dir, struct err *) MUST_USE;
/* JUnit XML of a run: a testcase per case (worst first, at most `max`) and per gate. */
void report_junit(struct store *, long run, long base, long max, struct buf *out);
/* The same into a file, all or nothing, with at most 5,000 cases; -1 and a sentence. */
int  report_junit_file(struct store *, long run, long base, const char *path, struct err *) MUST_USE;

/* ---- report.c: what every page begins with ------------------------------------------------- */

/* From the doctype to <body> and the link that skips to `#to`. */
void page_head(struct buf *, const char *title, const char *to, const char *skip);

/* ---- html.c: every byte of data is escaped here ------------------------------------------- */

void html_text(struct buf *, struct str);                  /* also for attribute values */
void html_fmt(struct buf *, const char *fmt, ...);         /* %s escaped const char *, %S escaped
	struct str, %d long in groups of three, %p a rate as percent, %r real with 4 digits, %% */
void html_quote(struct buf *, struct str, size_t max);     /* <pre>, cut to `max` bytes, says so */
void html_time(struct buf *, double ms);                   /* 843 ms, 2.31 s, 4 min 5 s */
void html_base64(struct buf *, const void *, size_t);
/* The first bytes of `s`, at most `max`, without half a character. */
struct str html_cut(struct str, size_t max);
void xml_text(struct buf *, struct str);                   /* XML 1.0: forbidden characters too */

/* ---- amount.c: a metric's values, as people write them ------------------------------------- */

struct amount {
	long        metric;
	const char *name, *unit;
	bool        percent;                  /* a rate: shown times 100 */
	bool        lower_is_better;
};

/* False: the run has no such metric. */
bool amount_of(const struct page *, struct str name, struct amount *);
bool amount_first(const struct page *, struct amount *);
void amount_value(struct buf *, const struct amount *, double);              /* 84.2 % */
void amount_range(struct buf *, const struct amount *, double lo, double hi); /* 80.1 to 87.6 % */
void amount_change(struct buf *, const struct amount *, double);             /* +1.2, +3.5 ms */
/* 84.2  [80.1, 87.6] with percent understood; 10.6  [3.9, 17.3] us */
void amount_interval(struct buf *, const struct amount *, double at, bool bounded, double lo,
                     double hi);

/* ---- pairs.c: cases by their score, in one run or two --------------------------------------- */

/* The cases of `run` by metric: worst first.  A row: test_case, value (NULL: not scored),
 * case_id, slice_name.  Under a rate an answer that did not arrive counts 0, as in the estimates. */
struct query *pairs_worst(const struct page *, const struct amount *, long limit);
/* Cases that got worse, or better, than in page.base; the largest change first.  A row: as
 * above and the base's test_case and value.  NULL when the base has no such metric. */
struct query *pairs_changed(const struct page *, const struct amount *, bool worse, long limit);
/* The rows that pairs_changed draws from, as a SELECT of test_case, v, base_case, base_v: ?1 ?2 are
 * the run and its metric, ?3 ?4 those of the base.  NULL, and -1, when the base has no such metric. */
const char *pairs_both(const struct page *, const struct amount *);
long pairs_base_metric(const struct page *, const struct amount *);
/* One answer of a case: of its repeats the one that shows a change, the worst or the best.  At most
 * one row: outcome, text, why it is not answered, why it scored so. */
struct query *pairs_answer(const struct page *, const struct amount *, long run, long test_case,
                           bool worst);
/* How many did; false when the base has no such metric. */
bool pairs_count(const struct page *, const struct amount *, long *worse, long *better, long *same);

/* ---- subject.c: what a run is about ----------------------------------------------------------- */

struct subject {
	const char  *suite, *target, *base_target;  /* base_target "": no baseline */
	const char  *started, *ended, *digest, *program;
	bool         complete;
	long         ncalls, ndone;           /* planned and stored, repeats included */
	/* As those know them who see the repository: below the folder that the CI system checked
	 * out into, else below the one with .git, else below the working folder; absolute when they
	 * lie elsewhere.  case_file "": the stored suite.yaml cannot be read. */
	const char  *suite_file, *case_file;
	struct node *gates;                   /* of the stored suite.yaml, or NULL */
};
void subject_of(const struct page *, struct subject *);
/* Where cases are: case_file, or when that is not known suite_file. */
const char *subject_cases(const struct subject *);
/* The line of a gate in suite_file; 0 when it is not one that the run was asked with. */
long subject_gate_line(const struct subject *, struct str gate);

/* ---- judged.c: verdicts as they were stored ----------------------------------------------------- */

struct judged_row {
	struct str  verdict, code, reason;    /* reason: a sentence without its full stop */
	struct str  gate, metric, slice;      /* gate "": of the release; slice "": the whole suite */
	struct str  deciding;                 /* of the release: the gate that decided */
	bool        advisory;                 /* it has no say in the release */
	struct json json;                     /* the whole of it, driftlead-json(5) */
};
struct query *judged_gates(const struct page *, bool worst_first);
bool judged_next(struct query *, struct judged_row *, struct arena *);
/* False: nothing was judged. */
bool judged_release(const struct page *, struct judged_row *);
bool judged_is(const struct judged_row *, enum verdict);
/* What a reader of many tools takes a verdict for.  An advisory gate never stops anything. */
enum severity { SEVERITY_NONE, SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
enum severity judged_severity(const struct judged_row *);
/* FAIL: gate 'label holds'; as it is, to be made visible. */
const char *judged_title(const struct judged_row *, struct arena *);
/* sec_verdict.c: what the reader should do now, "" for codes that say nothing about it. */
const char *what_to_do(struct str code, struct str verdict);

/* ---- fates.c: what became of each case, by the suite's first metric ------------------------------- */

/* In the order in which the repeats of a case decide: the highest. */
enum fate { FATE_PASSED, FATE_FAILED, FATE_ERROR, FATE_SKIPPED, FATES };

/* The `limit` worst cases slice by slice, in each the worst first.  A row: test_case, fate, ms,
 * case_id, line, slice, slice_name. */
struct query *fates_by_slice(const struct page *, const struct amount *, long limit);
/* How many did not pass. */
long fates_count(const struct page *, const struct amount *, long n[FATES]);
/* Those that did not pass: the regressions against page->base first, then by fate and score. */
struct query *fates_failing(const struct page *, const struct amount *, long limit);
struct failing {
	long       test_case, line, base_case;  /* base_case 0: not in the baseline */
	enum fate  fate;
	bool       regression;                  /* it scored better in the baseline */
	struct str id, slice, hash;             /* good until the next one */
};
bool fates_next(struct query *, struct failing *);
/* What went wrong, from the repeat that decided; texts are cut at little more than 2000 bytes. */
struct trouble { struct str outcome, message, why, expect, text; };
bool fates_trouble(const struct page *, const struct amount *, long test_case, struct trouble *,
                   struct arena *);
/* What a kind of failure is called by those who count kinds: "case/wrong". */
const char *fates_rule(enum fate);
/* One visible line, at most 700 bytes: case 'c17' (slice refund) is not right: ... */
struct str fates_sentence(const struct failing *, const struct trouble *, struct arena *);
/* Names the same thing in every run of every target: 32 hex digits of a SHA-256 over suite, rule,
 * name, and the hash of the case. */
void fates_fingerprint(const struct subject *, const char *rule, struct str name, struct str hash,
                       char hex[33]);

/* ---- card.c: one case, opened on demand ------------------------------------------------------- */

struct card {
	long       test_case, base_case;      /* base_case 0: one run only */
	struct str id, slice;
	bool       scored, base_scored;
	double     value, base_value;
};
void card_write(const struct page *, const struct amount *, const struct card *);

/* ---- plot.c: gnuplot, from data files, as inline SVG --------------------------------------- */

struct plot_row {
	const char *label, *said;             /* said: the numbers, as HTML */
	double      at, lo, hi;
	bool        bounded, strong;
};
/* A forest plot: a row per estimate with its interval and an optional rule at `rule`.  False
 * when there is no gnuplot or it failed or took too long: the page stands without. */
bool plot_forest(struct buf *, const char *prefix, const char *title, const struct plot_row *,
                 size_t n, bool percent, bool has_rule, double rule);
/* Rates against what they cost: a point per row with its interval, labelled, at x[i], the USD of
 * 1,000 requests.  The axis of costs is logarithmic where all are above 0 and the largest is 20 times the smallest or more; `said`
 * is not used. */
bool plot_costs(struct buf *, const char *prefix, const char *title, const struct plot_row *,
                const double *x, size_t n, bool has_rule, double rule);

#endif
