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
};

/* A part of the page; a row of sections.def, a file sec_<name>.c. */
struct section {
	const char *name, *title;
	bool (*wanted)(const struct page *);  /* is there anything to say? */
	void (*write)(const struct page *);
};

/* The whole HTML page of a run into `out` (ceiling 64 MB). */
void report_html(struct store *, long run, long base, struct buf *out);
/* The HTML page of a ladder into `out`, from the object that 'driftlead ladder --json' prints. */
void report_ladder(struct str json, struct buf *out);
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
/* How many did; false when the base has no such metric. */
bool pairs_count(const struct page *, const struct amount *, long *worse, long *better, long *same);

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
