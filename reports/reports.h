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

struct section {
	const char *name, *title;
	bool (*wanted)(const struct page *);  /* is there anything to say? */
	void (*write)(const struct page *);
};

/* The whole HTML page of a run into `out` (ceiling 64 MB). */
void report_html(struct store *, long run, long base, struct buf *out);
/* JUnit XML of a run: a testcase per case (worst first, at most `max`) and per gate. */
void report_junit(struct store *, long run, long base, long max, struct buf *out);

/* ---- html.c: every byte of data is escaped here ------------------------------------------- */

void html_text(struct buf *, struct str);                  /* also for attribute values */
void html_fmt(struct buf *, const char *fmt, ...);         /* %s escaped const char *, %S escaped
	struct str, %d long, %p a rate as percent, %r real with 4 digits, %% */
void xml_text(struct buf *, struct str);                   /* XML 1.0: forbidden characters too */

/* ---- plot.c: gnuplot, from data files, as inline SVG --------------------------------------- */

struct plot_row { const char *label; double at, lo, hi; bool bounded, strong; };
/* A forest plot: a row per estimate with its interval and an optional rule at `rule`.  False
 * when there is no gnuplot or it failed or took too long: the page stands without. */
bool plot_forest(struct buf *, const char *prefix, const char *title, const struct plot_row *,
                 size_t n, bool percent, bool has_rule, double rule);

#endif
