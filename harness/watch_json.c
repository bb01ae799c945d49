/*
 * watch_json.c -- what stands in the store about a watch, for machines.
 */
#include "harness/watch.h"

enum { HISTORY_MOST = 120, INCIDENTS_MOST = 50 };

/* ---- the budget ----------------------------------------------------------------------------- */

struct spent
watch_spent(struct store *st, const struct watch *w, int64_t to_ms)
{
	struct query *q = store_query(st, "SELECT ifnull(sum(alpha), 0), count(*) FROM v_drift_check"
	    " WHERE watch = ? AND to_ms <= ? AND to_ms > ?", "sii", w->name,
	    (long)to_ms, (long)(to_ms - (int64_t)(w->per * 1000)));
	struct spent spent = { 0 };

	if (query_next(q))
		spent = (struct spent){ query_real(q, 0), query_long(q, 1) };
	query_free(q);
	return spent;
}

/* ---- the document --------------------------------------------------------------------------- */

/* The columns of a row as members. */
static void
members(struct buf *b, struct query *q, const char *const *key, int n, int from)
{
	for (int i = 0; i < n; i++) {
		buf_key(b, key[i]);
		query_json(q, from + i, b);
	}
}

/* Every row as an object, in an array. */
static void
objects(struct buf *b, const char *name, struct query *q, const char *const *key, int n)
{
	bool first = true;

	buf_key(b, name);
	buf_char(b, '[');
	while (query_next(q)) {
		buf_puts(b, first ? "{" : ",{");
		members(b, q, key, n, 0);
		buf_char(b, '}');
		first = false;
	}
	buf_char(b, ']');
}

static void
findings_json(struct buf *b, struct store *st, long check)
{
	static const char *const key[] = { "feature", "detector", "effect", "lo", "hi", "tolerance",
		"verdict" };

	objects(b, "findings", store_query(st, "SELECT feature, detector, effect, lo, hi, tolerance,"
	    " verdict FROM v_drift_finding WHERE drift_check = ? ORDER BY place", "i", check), key,
	    COUNT(key));
}

static void
history_json(struct buf *b, struct store *st, const struct watch *w, long to_ms)
{
	static const char *const key[] = { "at", "verdict", "records" };
	struct query *q = store_query(st, "SELECT id, to_ms, verdict, records FROM (SELECT id, to_ms,"
	    " verdict, records FROM v_drift_check WHERE watch = ? AND to_ms <= ? ORDER BY to_ms DESC"
	    " LIMIT ?) ORDER BY to_ms", "sii", w->name, to_ms, (long)HISTORY_MOST);
	bool first = true;

	buf_key(b, "history");
	buf_char(b, '[');
	while (query_next(q)) {
		buf_puts(b, first ? "{" : ",{");
		members(b, q, key, COUNT(key), 1);
		findings_json(b, st, query_long(q, 0));
		buf_char(b, '}');
		first = false;
	}
	buf_char(b, ']');
}

static void
incidents_json(struct buf *b, struct store *st, const struct watch *w, long to_ms)
{
	static const char *const key[] = { "id", "feature", "detector", "onset", "opened", "resolved" };

	objects(b, "incidents", store_query(st, "SELECT id, feature, detector, onset_ms, opened_ms,"
	    " resolved_ms FROM v_incident WHERE watch = ? AND opened_ms <= ? ORDER BY id DESC LIMIT ?",
	    "sii", w->name, to_ms, (long)INCIDENTS_MOST), key, COUNT(key));
}

void
watch_document(struct buf *b, struct store *st, const struct watch *w, long check)
{
	static const char *const key[] = { "at", "from", "to", "alpha" };
	struct query *q = store_query(st, "SELECT json, to_ms, from_ms, to_ms, alpha FROM v_drift_check"
	    " WHERE id = ?", "i", check);
	struct spent spent;
	struct str json;
	long to_ms;

	if (!query_next(q))
		bug("check %ld vanished", check);
	to_ms = query_long(q, 1);
	json = query_text(q, 0);
	buf_str(b, str_sub(json, 0, json.n - 1));       /* its brace comes after the watch */
	buf_key(b, "watch");
	buf_char(b, '{');
	buf_key_text(b, "name", str_of(w->name));
	members(b, q, key, COUNT(key), 1);
	query_free(q);
	spent = watch_spent(st, w, to_ms);
	buf_key(b, "budget");
	buf_char(b, '{');
	buf_key_real(b, "alarms", w->alarms);
	buf_key_long(b, "per_ms", (long)(w->per * 1000));
	buf_key_real(b, "spent", spent.alpha);
	buf_key_long(b, "checks", spent.checks);
	buf_char(b, '}');
	history_json(b, st, w, to_ms);
	incidents_json(b, st, w, to_ms);
	buf_puts(b, "}}\n");
}
