/*
 * store_int.h -- what store_open.c, store.c and store_query.c share; nobody else's.
 */
#ifndef STORE_INT_H
#define STORE_INT_H

#include <limits.h>
#include <sqlite3.h>

#include "harness/store.h"

enum {
	STORE_APPLICATION = 0x44724c64,  /* "DrLd" in bytes 68..71 of the file */
	STORE_SHELF = 16,                /* SELECTs kept compiled */
	STORE_VERBS = 48                 /* at least as many as store.c has */
};

/* A text that comes again and again, with the blob it was found to be. */
struct memo { struct buf text; long blob; };

/* The statements of store_blob.c. */
enum store_blob_verb {
	BODY_PUT, BODY_GET, BODY_REST, KEY_FIND, KEY_PUT, FILED_SET, STORE_BLOB_VERBS
};

/* The statements of store_watch.c. */
enum store_watch_verb {
	CHECK_PUT, FINDING_PUT, PROFILE_PUT, PINNED_DROP, PROFILES_DROP, INCIDENT_OPEN, INCIDENT_SEEN,
	INCIDENT_RESOLVE, STORE_WATCH_VERBS
};

/* A short body that was looked for lately. */
struct recent { long blob; size_t n; char bytes[112]; };

struct store {
	sqlite3      *db;
	char         *path;
	int           lock;                       /* descriptor of the lock file, -1: a reader */
	bool          writer, in_batch;
	bool          in_suite;                   /* a suite without a digest is being written */
	bool          ours;                       /* a statement of store*.c is being compiled */
	size_t        unsaved;                    /* completions in the open batch */
	long          saved;                      /* completions committed since the opening */
	long          ncases;                     /* cases in the open batch */
	sqlite3_stmt *hold;                       /* keeps a writer's shared lock */
	sqlite3_stmt *verb[STORE_VERBS];
	sqlite3_stmt *body[STORE_BLOB_VERBS];
	sqlite3_stmt *watch[STORE_WATCH_VERBS];
	struct pending *pending;                  /* keys of bodies, not yet filed */
	size_t        npending;
	struct recent recent[64];                 /* by key; blob 0: none */
	sqlite3_stmt *shelf[STORE_SHELF];
	size_t        shelf_next;
	struct memo   finish, served, fingerprint;
	struct buf    lp, lp_text;
};

extern const char store_schema[];
/* store_open with another schema text: how the tests make a store of the next version. */
int  store_open_schema(struct store **, const char *path, enum store_mode, const char *schema,
                       struct err *) MUST_USE;

/* ---- store_file.c ---------------------------------------------------------------------------- */

bool store_is_network(long f_type);
/* `path` with every link resolved, so that two names of one store share one lock.  Makes the
 * directory of a store that is to be made.  0, or the exit status and a sentence. */
int  store_resolve(const char *path, enum store_mode, char real[PATH_MAX], struct err *);
/* The writer's lock.  0, or the exit status and who holds it. */
int  store_lock(struct store *, const char *real, struct err *);
/* Whether a writer died in a batch: its journal is not blank, and nobody holds its lock. */
bool store_was_killed(struct store *, const char *real);

/* ---- store_blob.c ---------------------------------------------------------------------------- */

/* The id of the blob that holds exactly these bytes; 0 for no bytes at all. */
long store_intern(struct store *, struct str bytes);
long store_intern_again(struct store *, struct memo *, struct str bytes);
void store_file_keys(struct store *);
/* What is remembered of bodies: those of a batch that is rolled back are gone. */
void store_forget_bodies(struct store *);

/* ---- store.c, store_open.c, store_query.c ---------------------------------------------------- */

void store_begin(struct store *);                /* a batch is open from here on */

/* Forgets the open batch, says what failed and what is saved, ends the program. */
noreturn void store_fail(struct store *, const char *doing);

/* Binds by letter: i long, n long or NULL when negative, k blob id or NULL when 0, r double,
 * m double or NULL when negative, s text, t struct str as text, b struct str as bytes.  Unless
 * `copy`, the bytes must live until the statement is reset.  A letter too many or too few is a
 * bug(). */
void store_bind(struct store *, sqlite3_stmt *, bool copy, const char *fmt, va_list);
sqlite3_stmt *store_prepare(struct store *, const char *sql);    /* over tables: for us alone */

#endif
