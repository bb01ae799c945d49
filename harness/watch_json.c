/*
 * watch_json.c -- what stands in the store about a watch: its document, its budget, the list.
 */
#include "harness/watch.h"

enum { HISTORY_MOST = 120, INCIDENTS_MOST = 50 };

/* ---- the budget ----------------------------------------------------------------------------- */

struct spent { double alpha; long checks; };

/* By the checks of the last period up to `to_ms`. */
static struct spent
spent_until(struct store *st, const struct watch *w, long to_ms)
{
	struct query *q = store_query(st, "SELECT ifnull(sum(alpha), 0), count(*) FROM v_drift_check"
	    " WHERE watch = ? AND to_ms <= ? AND to_ms > ?", "sii", w->name, to_ms,
	    to_ms - (long)(w->per * 1000));
	struct spent spent = { 0 };

	if (query_next(q))
		spent = (struct spent){ query_real(q, 0), query_long(q, 1) };
	query_free(q);
	return spent;
}

/* 90d, 12h, 45m, 10s */
static void
time_text(struct buf *b, double seconds)
{
	static const struct { double seconds; const char *unit; } unit[] = { { 86400, "d" },
		{ 3600, "h" }, { 60, "m" }, { 1, "s" } };
	size_t i = 0;

	while (i + 1 < COUNT(unit) && (seconds < unit[i].seconds ||
	    seconds / unit[i].seconds != (double)(long)(seconds / unit[i].seconds)))
		i++;
	buf_fmt(b, "%g%s", seconds / unit[i].seconds, unit[i].unit);
}

static void
spent_text(struct buf *b, const struct watch *w, struct spent spent)
{
	buf_fmt(b, "%g per ", w->alarms);
	time_text(b, w->per);
	buf_fmt(b, ", %.2g spent in the last ", spent.alpha);
	time_text(b, w->per);
}

void
budget_text(struct buf *b, struct store *st, const struct watch *w, long check)
{
	struct query *q = store_query(st, "SELECT to_ms, alpha FROM v_drift_check WHERE id = ?", "i",
	    check);

	if (!query_next(q))
		bug("check %ld vanished", check);
	buf_puts(b, "false-alarm budget: ");
	spent_text(b, w, spent_until(st, w, query_long(q, 0)));
	buf_fmt(b, ", this check %.2g\n", query_real(q, 1));
	query_free(q);
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

static void
findings_json(struct buf *b, struct store *st, long check)
{
	static const char *const key[] = { "feature", "detector", "effect", "lo", "hi", "tolerance",
		"verdict" };
	struct query *q = store_query(st, "SELECT feature, detector, effect, lo, hi, tolerance, verdict"
	    " FROM v_drift_finding WHERE drift_check = ? ORDER BY place", "i", check);
	bool first = true;

	buf_key(b, "findings");
	buf_char(b, '[');
	while (query_next(q)) {
		buf_puts(b, first ? "{" : ",{");
		members(b, q, key, COUNT(key), 0);
		buf_char(b, '}');
		first = false;
	}
	buf_char(b, ']');
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
	struct query *q = store_query(st, "SELECT id, feature, detector, onset_ms, opened_ms,"
	    " resolved_ms FROM v_incident WHERE watch = ? AND opened_ms <= ? ORDER BY id DESC LIMIT ?",
	    "sii", w->name, to_ms, (long)INCIDENTS_MOST);
	bool first = true;

	buf_key(b, "incidents");
	buf_char(b, '[');
	while (query_next(q)) {
		buf_puts(b, first ? "{" : ",{");
		members(b, q, key, COUNT(key), 0);
		buf_char(b, '}');
		first = false;
	}
	buf_char(b, ']');
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
	spent = spent_until(st, w, to_ms);
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

/* ---- the list ------------------------------------------------------------------------------- */

static void
list_one(struct buf *b, struct store *st, const struct watch *w, bool json)
{
	struct query *q = st == NULL ? NULL : store_query(st, "SELECT to_ms, to_time, verdict"
	    " FROM v_drift_check WHERE watch = ? ORDER BY to_ms DESC LIMIT 1", "s", w->name);
	bool any = q != NULL && query_next(q);
	long open = st == NULL ? 0 : store_long(st, 0, "SELECT count(*) FROM v_incident"
	    " WHERE watch = ? AND resolved_ms IS NULL", "s", w->name);
	struct spent spent = any ? spent_until(st, w, query_long(q, 0)) : (struct spent){ 0 };

	if (json) {
		buf_char(b, '{');
		buf_key_text(b, "name", str_of(w->name));
		buf_key_long_if(b, "at", any, any ? query_long(q, 0) : 0);
		buf_key(b, "verdict");
		if (any)
			query_json(q, 2, b);
		else
			buf_puts(b, "null");
		buf_key_long(b, "open", open);
		buf_key_real(b, "alarms", w->alarms);
		buf_key_long(b, "per_ms", (long)(w->per * 1000));
		buf_key_real(b, "spent", spent.alpha);
		buf_char(b, '}');
	} else {
		buf_fmt(b, "%-18s %-20.*s %-12.*s %ld open, ", w->name,
		    STR_ARG(any ? query_text(q, 1) : STR("never checked")),
		    STR_ARG(any ? query_text(q, 2) : STR("-")), open);
		spent_text(b, w, spent);
		buf_char(b, '\n');
	}
	if (any)
		query_free(q);
}

void
watches_list(struct buf *b, struct store *st, const struct project *p, bool json)
{
	for (size_t i = 0; i < p->nwatch; i++) {
		buf_puts(b, json && i > 0 ? "," : "");
		list_one(b, st, &p->watch[i], json);
	}
}
