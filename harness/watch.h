/*
 * watch.h -- watches: windows of production that are compared with a reference again and again.
 *
 * watch_conf.c reads them from driftlead.yaml; watch_windows.c makes the two profiles of a check;
 * watching.c compares them within the budget of false alarms and stores the check; incident.c says
 * what it means for incidents; watch_json.c and watch_text.c what stands in the store.
 */
#ifndef WATCH_H
#define WATCH_H

#include "drift/drift.h"
#include "harness/harness.h"
#include "harness/window.h"

/* In the order of the words of `reference`. */
enum reference_kind { REFERENCE_SUITE, REFERENCE_RUN, REFERENCE_PROFILE, REFERENCE_LOGS,
                      REFERENCE_PINNED, REFERENCE_PREVIOUS };

struct watch {
	const char *name;
	const struct node *at;
	struct texts    source;          /* as written */
	struct texts    pattern;         /* the same from the project's folder */
	struct log_plan plan;            /* of the source, and of a reference that is logs */
	double          window;          /* seconds; 0: all records */
	enum reference_kind reference;
	const char     *reference_text;  /* as written */
	const char     *reference_word;  /* what follows the kind; NULL: nothing does */
	double          every;           /* seconds */
	double          alarms, per;     /* false alarms at most in so many seconds */
	struct watched *watched;         /* NULL: what the reference offers */
	size_t          nwatched;
	struct asked   *asked;
	size_t          nasked;
	enum season     season;
	double          block;           /* seconds whose records are alike; 0: none are */
};

extern const struct conf_key watch_keys[], watch_test_keys[];
/* The watch of this name; NULL and a sentence. */
const struct watch *watch_find(const struct project *, const char *name, struct err *);
/* Whether one is named so: an operand that is no file and no run. */
bool watch_exists(const struct project *, const char *name);

/* The moment of a check: `text` as --now has it, NULL: the present. */
int watch_moment(const char *text, int64_t *ms, struct err *);

/* ---- alarms.c ---------------------------------------------------------------------------------- */

/* "1 per 90d": alarms and seconds, both above 0. */
bool    alarms_read(struct str, double *alarms, double *per);
/* What a check may spend that comes `since` seconds after the last that spent something. */
double  alarms_alpha(double alarms, double per, double since);
/* When the next check is due, Unix ms, if the last was of `last`: a little before `every` is over,
 * since no timer is exact. */
int64_t due_at(const struct watch *, int64_t last);

/* ---- watch_windows.c --------------------------------------------------------------------------- */

struct watch_windows {
	int64_t       from_ms, to_ms;    /* (from, to]; from -1: all records */
	struct pieces current, reference;
	bool          lacking;           /* nothing to compare with yet: `previous` of the first */
	struct window window[2];         /* reference and current: their words and profiles */
};
/* Reads the window that ends at `now`.  0, or the exit status and sentences. */
int  watch_current(struct session *, const struct watch *, int64_t now, struct watch_windows *,
                   struct err *);
/* Then its reference, and the profiles of both, of the cells that can be compared. */
int  watch_reference(struct session *, const struct watch *, struct watch_windows *, struct err *);
/* The current window once more, with a larger sample, so that a change can be dated; the caller frees
 * it.  NULL: it has all records already, is cut by season, or cannot be read again. */
struct profile *watch_closer(struct session *, const struct watch *, const struct watch_windows *);
void watch_windows_free(struct watch_windows *);
/* Whether the logs and the reference of a watch are there, without reading them: 0, or -1 and
 * sentences.  The session's store may be NULL. */
int  watch_findable(struct session *, const struct watch *, struct err *);

/* ---- watching.c -------------------------------------------------------------------------------- */

/*
 * Checks a watch at a moment and stores all of it at once; a repeat of a stored check stores
 * nothing.  The session's store is open for writing.  *check is the check's row, and the result an
 * exit status: 0, 1, 3 by its verdict, else sentences.
 */
int watch_check(struct session *, const struct watch *, int64_t now, long *check, struct err *);
/* Keeps the profile of the window that ends at `now` as the pinned reference `name`.  0, or the
 * exit status and sentences. */
int watch_pin(struct session *, const struct watch *, int64_t now, const char *name,
              long *records, struct err *);

/* Opens the store for reading if there is one: without a check there is none yet.  0, or the exit
 * status and a sentence. */
int watches_open(struct session *, struct err *);

/* ---- incident.c -------------------------------------------------------------------------------- */

/* Opens, confirms and resolves incidents by a check that was just stored with its findings. */
void incidents_update(struct store *, const struct watch *, long check, int64_t to_ms,
                      const struct comparison *, struct arena *);

/* ---- watch_json.c, watch_text.c ----------------------------------------------------------------- */

/* What the checks of the last period up to `to_ms` spent of the budget, and how many they were. */
struct spent { double alpha; long checks; };
struct spent watch_spent(struct store *, const struct watch *, int64_t to_ms);
/* A stored check: the document of driftlead-json(5), drift, and the same for people. */
void watch_document(struct buf *, struct store *, const struct watch *, long check);
void watch_text(struct buf *, struct store *, const struct watch *, long check, bool all,
                struct arena *);
/* All watches of the project with their last checks; the store may be NULL.  As JSON the elements
 * of an array. */
void watches_list(struct buf *, struct store *, const struct project *, bool json);

#endif
