/*
 * watch_text.c -- what stands in the store about a watch, for people.
 */
#include "harness/drift_text.h"
#include "harness/watch.h"

/* ---- a check -------------------------------------------------------------------------------- */

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

/* One line for each incident that the check found open, opened or resolved. */
static void
incidents_text(struct buf *b, struct store *st, const char *watch, long check)
{
	struct query *q = store_query(st, "SELECT i.id, i.feature, i.detector, i.onset, i.opened,"
	    " i.resolved_ms = c.to_ms, i.first_check = c.id FROM v_incident i, v_drift_check c"
	    " WHERE c.id = ?2 AND i.watch = ?1 AND i.opened_ms <= c.to_ms AND (i.resolved_ms IS NULL"
	    " OR i.resolved_ms >= c.to_ms) ORDER BY i.id", "si", watch, check);

	while (query_next(q)) {
		buf_fmt(b, "incident #%ld %s %.*s: %.*s", query_long(q, 0), query_long(q, 6) ? "opened" :
		    query_long(q, 5) ? "resolved, open since" : "open since", STR_ARG(query_text(q, 4)),
		    STR_ARG(query_text(q, 1)));
		if (!query_null(q, 3))
			buf_fmt(b, ", onset %.*s", STR_ARG(query_text(q, 3)));
		buf_fmt(b, " (%.*s)\n", STR_ARG(query_text(q, 2)));
	}
}

void
watch_text(struct buf *b, struct store *st, const struct watch *w, long check, bool all,
    struct arena *a)
{
	struct query *q = store_query(st, "SELECT json, to_ms, alpha, from_time, to_time"
	    " FROM v_drift_check WHERE id = ?", "i", check);

	if (!query_next(q))
		bug("check %ld vanished", check);
	buf_fmt(b, "watch      %s, %.*s%s%.*s\n", w->name, STR_ARG(query_text(q, 3)),
	    query_null(q, 3) ? "up to " : " to ", STR_ARG(query_text(q, 4)));
	drift_text(b, query_text(q, 0), all, a);
	buf_puts(b, "false-alarm budget: ");
	spent_text(b, w, watch_spent(st, w, query_long(q, 1)));
	buf_fmt(b, ", this check %.2g\n", query_real(q, 2));
	query_free(q);
	incidents_text(b, st, w->name, check);
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
	struct spent spent = any ? watch_spent(st, w, query_long(q, 0)) : (struct spent){ 0 };

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
