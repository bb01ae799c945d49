/*
 * incident.c -- incidents: from the first check in which a feature drifted to the second in a row
 * in which it did not.
 *
 * One incident per watch and feature is open at a time.  A check in which a feature is
 * INCONCLUSIVE counts as calm only if it had the means to find it again: at least half as many
 * records as the last that found it.  Else an outage of the logs would resolve every incident.
 */
#include "harness/watch.h"

enum { CALM_CHECKS = 2 };

static long
open_incident(struct store *st, const char *watch, const char *feature)
{
	return store_long(st, 0, "SELECT id FROM v_incident WHERE watch = ? AND feature = ?"
	    " AND resolved_ms IS NULL", "ss", watch, feature);
}

/* The finding that says it most clearly. */
static const struct compared *
strongest(const struct comparison *c, size_t feature)
{
	const struct compared *best = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct compared *x = &c->compared[i];

		if (x->feature == feature && x->verdict == DRIFT_YES &&
		    (best == NULL || x->finding.p < best->finding.p))
			best = x;
	}
	return best;
}

static void
found(struct store *st, const struct watch *w, long check, int64_t to_ms,
    const struct comparison *c, size_t feature, struct arena *a)
{
	const struct compared *x = strongest(c, feature);
	const char *name;
	long open;

	if (x == NULL)
		bug("feature %zu drifted without a finding", feature);
	name = compared_name(c, x);
	open = open_incident(st, w->name, name);
	if (open != 0)
		store_incident_seen(st, open, check);
	/* All features together are news only where none is by itself. */
	if (open != 0 || (feature == c->reference->nfeature && c->drifted > 0))
		return;
	store_incident_open(st, w->name, name, x->detector->name,
	    comparison_onset(c, feature, a), to_ms, check);
	store_event(st, 0, "incident", arena_fmt(a, "watch '%s': feature '%s' drifted (%s)", w->name,
	    name, x->detector->name));
}

/* Whether the last checks were calm for an incident's feature. */
static bool
is_calm(struct store *st, const char *watch, const char *feature, long last_check)
{
	long records = store_long(st, 0, "SELECT records FROM v_drift_check WHERE id = ?", "i",
	    last_check);
	struct query *q = store_query(st, "SELECT records, sum(f.verdict = 'FAIL'),"
	    " sum(f.verdict = 'INCONCLUSIVE'), count(f.place) FROM v_drift_check c"
	    " LEFT JOIN v_drift_finding f ON f.drift_check = c.id AND f.feature = ?2"
	    " WHERE c.watch = ?1 GROUP BY c.id ORDER BY c.to_ms DESC LIMIT ?3", "ssi", watch, feature,
	    (long)CALM_CHECKS);
	int calm = 0;

	while (query_next(q)) {
		bool shown = query_long(q, 2) == 0 && query_long(q, 3) > 0;

		calm += query_long(q, 1) == 0 && (shown || 2 * query_long(q, 0) >= records);
	}
	return calm == CALM_CHECKS;
}

static bool
drifts(const struct comparison *c, struct str feature)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct compared *x = &c->compared[i];

		if (x->verdict == DRIFT_YES && str_is(feature, compared_name(c, x)))
			return true;
	}
	return false;
}

void
incidents_update(struct store *st, const struct watch *w, long check, int64_t to_ms,
    const struct comparison *c, struct arena *a)
{
	struct query *q;

	for (size_t i = 0; i < c->reference->nfeature + c->joint; i++)
		if (c->feature[i] == DRIFT_YES)
			found(st, w, check, to_ms, c, i, a);
	q = store_query(st, "SELECT id, feature, last_check FROM v_incident WHERE watch = ?"
	    " AND resolved_ms IS NULL ORDER BY id", "s", w->name);
	while (query_next(q)) {
		const char *feature = str_cstr(query_text(q, 1), a);

		if (drifts(c, query_text(q, 1)) ||
		    !is_calm(st, w->name, feature, query_long(q, 2)))
			continue;
		store_incident_resolve(st, query_long(q, 0), to_ms);
		store_event(st, 0, "incident", arena_fmt(a, "watch '%s': feature '%s' is as it was",
		    w->name, feature));
	}
}
