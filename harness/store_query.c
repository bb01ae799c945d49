/*
 * store_query.c -- reading: SELECT over the views, row by row.
 *
 * Compiled statements go back to a small shelf, so that a SELECT asked once per case is
 * compiled once.  A query of ours that does not compile is a bug; one that fails while it runs
 * has met damage or a dead disk, and ends the program.
 */
#include "harness/store_int.h"

struct query {
	struct store *store;
	sqlite3_stmt *stmt;
};

void
store_bind(struct store *s, sqlite3_stmt *st, bool copy, const char *fmt, va_list ap)
{
	sqlite3_destructor_type life = copy ? SQLITE_TRANSIENT : SQLITE_STATIC;
	int n = sqlite3_bind_parameter_count(st), rc = SQLITE_OK;
	struct str t;
	double r;
	long i;

	if ((size_t)n != strlen(fmt))
		bug("%d parameters are bound by '%s' in: %s", n, fmt, sqlite3_sql(st));
	for (int k = 1; k <= n && rc == SQLITE_OK; k++) {
		switch (fmt[k - 1]) {
		case 'i':
			rc = sqlite3_bind_int64(st, k, va_arg(ap, long));
			break;
		case 'n':
			i = va_arg(ap, long);
			rc = i < 0 ? sqlite3_bind_null(st, k) : sqlite3_bind_int64(st, k, i);
			break;
		case 'k':
			i = va_arg(ap, long);
			rc = i == 0 ? sqlite3_bind_null(st, k) : sqlite3_bind_int64(st, k, i);
			break;
		case 'r':
			rc = sqlite3_bind_double(st, k, va_arg(ap, double));
			break;
		case 'm':
			r = va_arg(ap, double);
			rc = r < 0 ? sqlite3_bind_null(st, k) : sqlite3_bind_double(st, k, r);
			break;
		case 's':
			rc = sqlite3_bind_text(st, k, va_arg(ap, const char *), -1, life);
			break;
		case 't':
			t = va_arg(ap, struct str);
			rc = sqlite3_bind_text64(st, k, t.p ? t.p : "", t.n, life, SQLITE_UTF8);
			break;
		case 'b':
			t = va_arg(ap, struct str);
			rc = sqlite3_bind_blob64(st, k, t.p ? t.p : "", t.n, life);
			break;
		default:
			bug("no letter '%c' for binding", fmt[k - 1]);
		}
	}
	if (rc != SQLITE_OK)
		store_fail(s, "bind a value");
}

static sqlite3_stmt *
prepare(struct store *s, const char *sql)
{
	sqlite3_stmt *st = NULL;
	const char *rest = "";
	int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, &rest);

	if (rc == SQLITE_ERROR || rc == SQLITE_AUTH || (rc == SQLITE_OK && (st == NULL || *rest)))
		bug("%s in: %s", rc == SQLITE_OK ? "not one statement" : sqlite3_errmsg(s->db), sql);
	if (rc != SQLITE_OK)
		store_fail(s, "compile a query");
	return st;
}

sqlite3_stmt *
store_prepare(struct store *s, const char *sql)
{
	sqlite3_stmt *st;

	s->ours = true;
	st = prepare(s, sql);
	s->ours = false;
	return st;
}

/* A compiled statement from the shelf, which then no longer has it. */
static sqlite3_stmt *
take(struct store *s, const char *sql)
{
	for (size_t i = 0; i < STORE_SHELF; i++) {
		sqlite3_stmt *st = s->shelf[i];

		if (st != NULL && strcmp(sqlite3_sql(st), sql) == 0) {
			s->shelf[i] = NULL;
			return st;
		}
	}
	return NULL;
}

static struct query *
query_va(struct store *s, const char *sql, const char *fmt, va_list ap)
{
	struct query *q = mem_alloc(1, sizeof *q);

	q->store = s;
	q->stmt = take(s, sql);
	if (q->stmt == NULL)
		q->stmt = prepare(s, sql);
	if (!sqlite3_stmt_readonly(q->stmt))
		bug("a query that writes: %s", sql);
	/* Texts are copied: the caller's may be gone before the last row. */
	store_bind(s, q->stmt, true, fmt, ap);
	return q;
}

struct query *
store_query(struct store *s, const char *sql, const char *fmt, ...)
{
	struct query *q;
	va_list ap;

	va_start(ap, fmt);
	q = query_va(s, sql, fmt, ap);
	va_end(ap);
	return q;
}

bool
query_next(struct query *q)
{
	int rc = sqlite3_step(q->stmt);

	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		store_fail(q->store, "read");
	query_free(q);
	return false;
}

void
query_free(struct query *q)
{
	struct store *s = q->store;
	size_t i = s->shelf_next++ % STORE_SHELF;

	sqlite3_reset(q->stmt);
	sqlite3_clear_bindings(q->stmt);
	sqlite3_finalize(s->shelf[i]);
	s->shelf[i] = q->stmt;
	mem_free(q);
}

static sqlite3_stmt *
cell(struct query *q, int col)
{
	if (col < 0 || col >= sqlite3_data_count(q->stmt))
		bug("no column %d in: %s", col, sqlite3_sql(q->stmt));
	return q->stmt;
}

bool
query_null(struct query *q, int col)
{
	return sqlite3_column_type(cell(q, col), col) == SQLITE_NULL;
}

long
query_long(struct query *q, int col)
{
	return sqlite3_column_int64(cell(q, col), col);
}

double
query_real(struct query *q, int col)
{
	return sqlite3_column_double(cell(q, col), col);
}

struct str
query_text(struct query *q, int col)
{
	const char *p = sqlite3_column_blob(cell(q, col), col);

	return (struct str){ p ? p : "", p ? (size_t)sqlite3_column_bytes(q->stmt, col) : 0 };
}

void
query_json(struct query *q, int col, struct buf *b)
{
	switch (sqlite3_column_type(cell(q, col), col)) {
	case SQLITE_NULL:
		buf_puts(b, "null");
		break;
	case SQLITE_INTEGER:
		buf_fmt(b, "%ld", query_long(q, col));
		break;
	case SQLITE_FLOAT:
		buf_real(b, query_real(q, col));
		break;
	default:
		buf_json(b, query_text(q, col));
	}
}

long
store_long(struct store *s, long otherwise, const char *sql, const char *fmt, ...)
{
	struct query *q;
	va_list ap;
	long value = otherwise;

	va_start(ap, fmt);
	q = query_va(s, sql, fmt, ap);
	va_end(ap);
	if (query_next(q)) {
		if (!query_null(q, 0))
			value = query_long(q, 0);
		query_free(q);
	}
	return value;
}
