/*
 * store_open.c -- opening a store: locked, checked, and of the version we know.
 *
 * A store is made by several hands over years, copied about, and may come from outside: so
 * before anything is read, the file must carry our application id, a version that we know,
 * and exactly the tables, views and triggers that schema.sql makes.
 *
 * The rollback journal is used rather than the WAL: SQLite before 3.51.3 can lose committed
 * pages when a WAL is reset.
 */
#include "harness/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

/* ISO C asks compilers for 4095 bytes only; every one that runs on POSIX takes more. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
const char store_schema[] =
#include "harness/schema.sql.h"
;
#pragma GCC diagnostic pop

#define MIGRATION "\n-- migration "

/* How to go on with a store that cannot be trusted. */
#define SALVAGE "restore a copy of it, or save what can be read with sqlite3's .recover"

/* ---- versions -------------------------------------------------------------------------------- */

/* The block that makes version `n` (1: the text up to the first migration), or {NULL}. */
static struct str
schema_block(const char *schema, int n)
{
	const char *at = schema, *end = strstr(schema, MIGRATION);

	for (int version = 1; version < n; version++) {
		if (end == NULL)
			return (struct str){ NULL, 0 };
		at = end + 1;
		end = strstr(at, MIGRATION);
	}
	return (struct str){ at, end ? (size_t)(end + 1 - at) : strlen(at) };
}

static int
schema_version(const char *schema)
{
	int n = 1;

	for (const char *p = schema; (p = strstr(p, MIGRATION)) != NULL; p++)
		n++;
	return n;
}

/* Runs blocks from + 1 to `to`.  An SQLite status. */
static int
schema_run(sqlite3 *db, const char *schema, int from, int to)
{
	struct arena a = { 0 };
	int rc = SQLITE_OK;

	for (int n = from + 1; n <= to && rc == SQLITE_OK; n++)
		rc = sqlite3_exec(db, str_cstr(schema_block(schema, n), &a), NULL, NULL, NULL);
	arena_free(&a);
	return rc;
}

/* ---- what failed ----------------------------------------------------------------------------- */

static int
exit_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EXIT_LOCKED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:                      /* a view over rows that cannot be */
	case SQLITE_FORMAT:
	case SQLITE_TOOBIG:
		return EXIT_DAMAGED;
	default:
		return EXIT_SURROUNDINGS;
	}
}

static const char *
advice(int rc)
{
	if ((rc & 0xff) == SQLITE_NOTADB)
		return "; it is not a store, or its first page was overwritten";
	return exit_of(rc) == EXIT_DAMAGED ? "; " SALVAGE : "";
}

void
store_fail(struct store *s, const char *doing)
{
	int rc = sqlite3_extended_errcode(s->db), status = exit_of(rc);
	char why[256], saved[128] = "";

	snprintf(why, sizeof why, "%s", sqlite3_errmsg(s->db));
	if ((rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_MISUSE)
		bug("cannot %s in '%s': %s", doing, s->path, why);
	/* Whether it failed to write or to sync, nothing of the batch is tried again here. */
	if (s->in_batch)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	if (s->writer)
		snprintf(saved, sizeof saved, "; the %ld completions saved before stay, and the same "
		    "command goes on from there", s->saved);
	die(status, "cannot %s in '%s': %s (SQLite %d)%s%s", doing, s->path, why, rc, advice(rc),
	    status == EXIT_DAMAGED ? "" : saved);
}

/* The same before the store is open: a sentence instead of an end. */
static int
open_fail(struct store *s, struct err *e)
{
	int rc = sqlite3_extended_errcode(s->db);

	err_set(e, "cannot open the store '%s': %s (SQLite %d)%s", s->path, sqlite3_errmsg(s->db), rc,
	    advice(rc));
	return exit_of(rc);
}

/* ---- the database ---------------------------------------------------------------------------- */

/* Keeps SELECTs of others to the views.  json_each and its kin are tables to SQLite, and to set
 * them up it reads its own; for a count(*) over a view it names the table below and no column. */
static int
authorize(void *ctx, int what, const char *table, const char *col, const char *db, const char *view)
{
	const struct store *s = ctx;

	(void)db;
	if (s->ours || what != SQLITE_READ || view != NULL || col == NULL || col[0] == '\0')
		return SQLITE_OK;
	if (strncmp(table, "v_", 2) == 0 || strncmp(table, "json_", 5) == 0 ||
	    strncmp(table, "sqlite_", 7) == 0)
		return SQLITE_OK;
	return SQLITE_DENY;
}

static int
pragma_int(sqlite3 *db, const char *sql, int *value)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		*value = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* Everything that schema.sql made, in one text.  Statistics of ANALYZE may be there or not. */
static int
schema_list(sqlite3 *db, struct buf *out)
{
	sqlite3_stmt *st = NULL;
	static const char list[] = "SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema"
	    " WHERE name NOT IN ('sqlite_stat1', 'sqlite_stat4') ORDER BY type, name";
	int rc = sqlite3_prepare_v2(db, list, -1, &st, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		for (int i = 0; i < 4; i++) {
			buf_add(out, sqlite3_column_blob(st, i), (size_t)sqlite3_column_bytes(st, i));
			buf_char(out, '\n');
		}
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Whether the store holds what version `version` of the schema makes, and nothing else. */
static int
check_schema(struct store *s, const char *schema, int version, struct err *e)
{
	struct buf have = { .max = 1 << 20 }, want = { 0 };
	sqlite3 *mem = NULL;
	int rc, status = 0;

	if (sqlite3_open(":memory:", &mem) != SQLITE_OK ||
	    schema_run(mem, schema, 0, version) != SQLITE_OK || schema_list(mem, &want) != SQLITE_OK)
		bug("schema.sql: %s", sqlite3_errmsg(mem));
	sqlite3_close(mem);
	if ((rc = schema_list(s->db, &have)) != SQLITE_OK) {
		status = open_fail(s, e);
	} else if (have.over || !str_eq(buf_as_str(&have), buf_as_str(&want))) {
		err_set(e, "the tables, views or triggers of '%s' are not those of a store of version %d; "
		    "remove what was added to it, or " SALVAGE, s->path, version);
		status = EXIT_DAMAGED;
	}
	buf_free(&have);
	buf_free(&want);
	return status;
}

static int
migrate(struct store *s, const char *schema, int from, struct err *e)
{
	struct arena a = { 0 };
	int to = schema_version(schema), rc;
	const char *mark = arena_fmt(&a, "PRAGMA application_id = %d; PRAGMA user_version = %d",
	    STORE_APPLICATION, to);

	if ((rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL)) == SQLITE_OK &&
	    (rc = schema_run(s->db, schema, from, to)) == SQLITE_OK &&
	    (rc = sqlite3_exec(s->db, mark, NULL, NULL, NULL)) == SQLITE_OK)
		rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
	arena_free(&a);
	return rc == SQLITE_OK ? 0 : open_fail(s, e);
}

static int
check_version(struct store *s, const char *schema, struct err *e)
{
	int application = 0, version = 0, pages = 0, status, known = schema_version(schema);

	if (pragma_int(s->db, "PRAGMA page_count", &pages) != SQLITE_OK ||
	    pragma_int(s->db, "PRAGMA application_id", &application) != SQLITE_OK ||
	    pragma_int(s->db, "PRAGMA user_version", &version) != SQLITE_OK)
		return open_fail(s, e);
	if (pages == 0 && s->writer)            /* new, or its maker was killed */
		return migrate(s, schema, 0, e);
	if (pages == 0) {
		err_set(e, "the store '%s' is empty; 'driftlead run' fills it", s->path);
		return EXIT_MISTAKE;
	}
	if (application != STORE_APPLICATION) {
		err_set(e, "'%s' is a database of another program; name another store", s->path);
		return EXIT_DAMAGED;
	}
	if (version > known) {
		err_set(e, "the store '%s' is of version %d and this driftlead knows versions up to %d; "
		    "use the newer driftlead that wrote it", s->path, version, known);
		return EXIT_DAMAGED;
	}
	if (version < 1) {
		err_set(e, "the store '%s' has no version; " SALVAGE, s->path);
		return EXIT_DAMAGED;
	}
	if ((status = check_schema(s, schema, version, e)) != 0 || version == known)
		return status;
	if (!s->writer) {
		err_set(e, "the store '%s' is of the older version %d; a command that writes, such as "
		    "'driftlead run', brings it to version %d", s->path, version, known);
		return EXIT_MISTAKE;
	}
	return migrate(s, schema, version, e);
}

static int
quick_check(struct store *s, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &st, NULL), status = 0;
	const char *said = NULL;

	if (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		said = (const char *)sqlite3_column_text(st, 0);
	if (said == NULL) {
		status = open_fail(s, e);
	} else if (strcmp(said, "ok") != 0) {
		err_set(e, "the store '%s' is damaged: %s; " SALVAGE, s->path, said);
		status = EXIT_DAMAGED;
	}
	sqlite3_finalize(st);
	return status;
}

static void
set_limits(sqlite3 *db)
{
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 256 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 100);
	sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 200);
	sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 20);
	sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 100000);
	sqlite3_limit(db, SQLITE_LIMIT_FUNCTION_ARG, 50);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
	sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, 100);
	sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 5);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

/*
 * A SELECT that stays open keeps the shared lock between batches.  Readers do not mind, and
 * SQLite then leaves the journal open: one sync of its directory less for each batch.
 */
static int
hold(struct store *s, struct err *e)
{
	if (sqlite3_prepare_v2(s->db, "SELECT blob FROM filed", -1, &s->hold, NULL) != SQLITE_OK ||
	    sqlite3_step(s->hold) != SQLITE_ROW)
		return open_fail(s, e);
	return 0;
}

static int
open_database(struct store *s, const char *real, const char *schema, struct err *e)
{
	bool killed = store_was_killed(s, real);
	int status;

	/* A reader too opens for writing where it may: only so can it roll back the journal of a
	 * writer that was killed.  query_only keeps it from anything else. */
	if (sqlite3_open_v2(real, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		return open_fail(s, e);
	sqlite3_busy_timeout(s->db, 10000);
	set_limits(s->db);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	if (sqlite3_exec(s->db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096; PRAGMA foreign_keys = OFF;",
	    NULL, NULL, NULL) != SQLITE_OK)
		return open_fail(s, e);
	/* A journal that stays, with its first bytes blanked, is overwritten in place: no commit makes
	 * the file system write down a size or a place.
	 * Of 8 kB, a page holds seven bodies of 1 kB; of 4 kB three, and a quarter stays empty. */
	if (sqlite3_exec(s->db, s->writer ? "PRAGMA page_size = 8192; PRAGMA journal_mode = PERSIST;"
	    "PRAGMA journal_size_limit = 1048576; PRAGMA synchronous = EXTRA;" :
	    "PRAGMA query_only = ON;", NULL, NULL, NULL) != SQLITE_OK)
		return open_fail(s, e);
	if (killed && (status = quick_check(s, e)) != 0)
		return status;
	if ((status = check_version(s, schema, e)) != 0)
		return status;
	sqlite3_set_authorizer(s->db, authorize, s);
	return s->writer ? hold(s, e) : 0;
}

int
store_open_schema(struct store **out, const char *path, enum store_mode mode, const char *schema,
    struct err *e)
{
	struct store *s = mem_alloc(1, sizeof *s);
	char real[PATH_MAX];
	int status, fd;

	/* Counting memory costs a lock per allocation.  Refused, harmlessly, after the first. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	s->path = mem_alloc(strlen(path) + 1, 1);
	memcpy(s->path, path, strlen(path));
	s->lock = -1;
	s->writer = mode != STORE_READ;
	s->ours = true;
	status = store_resolve(path, mode, real, e);
	if (status == 0 && s->writer)
		status = store_lock(s, real, e);
	if (status == 0 && mode == STORE_CREATE) {
		/* Made by us, and closed before SQLite opens it, for the sake of its mode. */
		fd = open(real, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0) {
			close(fd);
		} else if (errno != EEXIST) {
			err_set(e, "cannot make the store '%s': %s", path, strerror(errno));
			status = EXIT_SURROUNDINGS;
		}
	}
	if (status == 0)
		status = open_database(s, real, schema, e);
	s->ours = false;
	if (status != 0) {
		store_close(s);
		s = NULL;
	}
	*out = s;
	return status;
}

int
store_open(struct store **out, const char *path, enum store_mode mode, struct err *e)
{
	return store_open_schema(out, path, mode, store_schema, e);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	store_file_keys(s);
	store_flush(s);
	sqlite3_finalize(s->hold);
	for (size_t i = 0; i < STORE_VERBS; i++)
		sqlite3_finalize(s->verb[i]);
	for (size_t i = 0; i < STORE_BLOB_VERBS; i++)
		sqlite3_finalize(s->body[i]);
	for (size_t i = 0; i < STORE_WATCH_VERBS; i++)
		sqlite3_finalize(s->watch[i]);
	for (size_t i = 0; i < STORE_SHELF; i++)
		sqlite3_finalize(s->shelf[i]);
	if (s->writer && s->db != NULL)         /* a blank journal is of no more use */
		sqlite3_exec(s->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	if (sqlite3_close(s->db) != SQLITE_OK)
		bug("a query on '%s' is still open", s->path);
	if (s->lock >= 0)
		close(s->lock);                 /* and with it the lock */
	mem_free(s->pending);
	buf_free(&s->finish.text);
	buf_free(&s->served.text);
	buf_free(&s->fingerprint.text);
	buf_free(&s->lp);
	buf_free(&s->lp_text);
	mem_free(s->path);
	mem_free(s);
}

const char *
store_path(const struct store *s)
{
	return s->path;
}

/* ---- doctor ---------------------------------------------------------------------------------- */

/* Lines of a checking pragma; whether all was well. */
static bool
check_lines(struct store *s, const char *sql, struct buf *out)
{
	sqlite3_stmt *st = NULL;
	bool well = true;
	int rc;

	s->ours = true;
	rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *said = (const char *)sqlite3_column_text(st, 0);

		if (said == NULL || strcmp(said, "ok") != 0) {
			buf_fmt(out, "damaged: %s\n", said ? said : "a row without a name");
			well = false;
		}
		rc = SQLITE_OK;
	}
	if (rc != SQLITE_DONE) {
		buf_fmt(out, "damaged: %s\n", sqlite3_errmsg(s->db));
		well = false;
	}
	sqlite3_finalize(st);
	s->ours = false;
	return well;
}

/* Bodies that are named and not there: the columns declare no reference (schema.sql). */
#define LOST(column) \
	"(" column " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = " column "))"

static const char lost_bodies[] =
	"SELECT 'case ' || t.id || ' names a body that is not there' FROM test_case t WHERE "
	LOST("t.messages") " OR " LOST("t.input") " OR " LOST("t.expect")
	" UNION ALL SELECT 'an answer to case ' || c.test_case || ' names a body that is not there'"
	" FROM completion c WHERE " LOST("c.text") " OR " LOST("c.reasoning") " OR " LOST("c.why_long")
	" OR " LOST("c.finish") " OR " LOST("c.served") " OR " LOST("c.fingerprint") " OR "
	LOST("c.logprobs") " OR " LOST("c.logprob_text") " OR " LOST("c.raw")
	" UNION ALL SELECT 'a score of case ' || s.test_case || ' names a body that is not there'"
	" FROM score s WHERE " LOST("s.why_long") " LIMIT 20";

int
store_check(struct store *s, struct buf *out)
{
	int pages = 0, unused = 0, size = 0, version = 0;
	bool well;

	s->ours = true;
	well = pragma_int(s->db, "PRAGMA page_count", &pages) == SQLITE_OK &&
	    pragma_int(s->db, "PRAGMA freelist_count", &unused) == SQLITE_OK &&
	    pragma_int(s->db, "PRAGMA page_size", &size) == SQLITE_OK &&
	    pragma_int(s->db, "PRAGMA user_version", &version) == SQLITE_OK;
	s->ours = false;
	buf_fmt(out, "store: %s, version %d, %.1f MB, %.1f MB of it unused\n", s->path, version,
	    (double)pages * size / 1e6, (double)unused * size / 1e6);
	buf_fmt(out, "SQLite: %s, rollback journal, synchronous extra\n", sqlite3_libversion());
	well &= check_lines(s, "PRAGMA integrity_check(20)", out);
	well &= check_lines(s, "SELECT \"table\" || ' names a row of ' || parent ||"
	    " ' that is not there' FROM pragma_foreign_key_check LIMIT 20", out);
	well &= check_lines(s, lost_bodies, out);
	if (well)
		buf_fmt(out, "checked: every page and every key, nothing damaged; %ld suites, %ld runs, "
		    "%ld completions\n", store_long(s, 0, "SELECT count(*) FROM v_suite", ""),
		    store_long(s, 0, "SELECT count(*) FROM v_run", ""),
		    store_long(s, 0, "SELECT count(*) FROM v_completion", ""));
	else
		buf_fmt(out, "what to do: " SALVAGE "\n");
	return well ? 0 : EXIT_DAMAGED;
}
