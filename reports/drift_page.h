/*
 * drift_page.h -- the page of a comparison of windows, in pieces: what its files share.
 *
 * All of it is from the document that driftlead-json(5) describes under `drift`.
 */
#ifndef DRIFT_PAGE_H
#define DRIFT_PAGE_H

#include "reports/view.h"

struct drift_finding {
	struct json  json;
	const char  *feature, *detector, *unit;
	enum verdict verdict;                 /* FAIL: it drifted */
	bool         known;                   /* false: no effect, and nothing in lo and hi */
	double       effect, lo, hi, tolerance;
	size_t       place;                   /* in the document */
};

struct drift_feature {
	struct json  json;
	const char  *name, *get, *shape;      /* get: the row of driftlead-features(7) */
	enum verdict verdict;
	size_t       number;                  /* in the order of the page, from 1; 0: not in full */
	struct str   distribution, over_time; /* SVG; empty: there is none */
};

/* One check of the past, of one finding. */
struct drift_past {
	const char *feature, *detector;
	double      at, effect, lo, hi, tolerance;  /* at: Unix ms */
};

struct drift_page {
	struct view           v;
	struct drift_finding *finding;        /* worst first; without those that have no value at all */
	size_t                nfinding, ndrift, nunsure;
	struct drift_feature *feature;        /* as the document has them */
	size_t                nfeature;
	struct drift_feature **shown;         /* drifted or unsure, worst first: at most so many */
	size_t                nshown;
	struct json           watch;          /* JT_NONE if the comparison is none of a series */
	struct drift_past    *past;
	size_t                npast;
};
enum { DRIFT_IN_FULL = 40 };

/* NULL: none of the name. */
struct drift_feature *drift_feature_of(const struct drift_page *, const char *name);
/* The first finding of a feature, which is its worst. */
const struct drift_finding *drift_worst(const struct drift_page *, const struct drift_feature *);

/* ---- drift_words.c: amounts as people write them ------------------------------------------- */

void drift_amount(struct buf *, const char *unit, double);       /* 5.04 %, 0.31 sd */
/* 5.04 % [2.25 %, 7.06 %] */
void drift_effect(struct buf *, const struct drift_finding *);
void drift_p(struct buf *, double);                              /* 0.031, < 1e-6 */
void drift_chip(struct buf *, enum verdict);
void drift_number(struct buf *, double);                         /* 1234.5, 0.02, 1.3e+09 */
void drift_when(struct buf *, double ms);                        /* 2026-11-24 03:05, UTC */

/* ---- the sections, each a file ------------------------------------------------------------- */

/* drift_advice.c: what to do, first things first, as a list. */
void drift_advice(const struct drift_page *);
/* drift_findings.c: all findings in a table; each feature that drifted or may have. */
void drift_findings(const struct drift_page *);
void drift_changes(const struct drift_page *);
/* drift_tables.c: the numbers of a picture, examples, what is missing. */
void drift_data(const struct drift_page *, const struct drift_feature *);
void drift_examples(const struct drift_page *, const struct drift_finding *);
void drift_terms(const struct drift_page *, const struct drift_finding *);
void drift_missing(const struct drift_page *);
/* drift_watch.c: where there is a series of checks, what it spent and what it found. */
void drift_watch(const struct drift_page *);

/* drift_plots.c, with drift_sketch.h: pictures of the features that are shown.  As SVG into
 * distribution and over_time, which stay empty without gnuplot; as PNG files, each whole or not at
 * all. */
void drift_plots_svg(struct drift_page *);
int  drift_plots_png(struct drift_page *, const char *dir, struct err *);

#endif
