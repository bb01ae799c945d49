/*
 * store_watch.c -- the verbs of watches: checks, findings, profiles, incidents.
 */
#include "harness/store_int.h"

static const char *const sql[STORE_WATCH_VERBS] = {
	[CHECK_PUT] = "INSERT INTO drift_check (key, watch, at, from_ms, to_ms, records, reference,"
	    " reference_digest, alpha, verdict, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[FINDING_PUT] = "INSERT INTO drift_finding (drift_check, place, feature, detector, effect, lo,"
	    " hi, p, p_bh, tolerance, direction, verdict) VALUES (?1, ?2, ?3, ?4,"
	    " CASE ?5 WHEN 1 THEN ?6 END, CASE ?5 WHEN 1 THEN ?7 END, CASE ?5 WHEN 1 THEN ?8 END,"
	    " CASE ?5 WHEN 1 THEN ?9 END, CASE ?5 WHEN 1 THEN ?10 END, ?11, ?12, ?13)",
	[PROFILE_PUT] = "INSERT INTO watch_profile (watch, name, drift_check, season, cell, bytes, at)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)",
	[PINNED_DROP] = "DELETE FROM watch_profile WHERE watch = ? AND name = ?",
	[PROFILES_DROP] = "DELETE FROM watch_profile WHERE watch = ?1 AND name IS NULL AND drift_check"
	    " IN (SELECT id FROM drift_check WHERE watch = ?1 AND to_ms < ?2)",
	[INCIDENT_OPEN] = "INSERT INTO incident (watch, feature, detector, onset, opened, first_check,"
	    " last_check) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
	[INCIDENT_SEEN] = "UPDATE incident SET last_check = ?2 WHERE id = ?1",
	[INCIDENT_RESOLVE] = "UPDATE incident SET resolved = ?2 WHERE id = ?1",
};

static void
put(struct store *s, enum store_watch_verb v, const char *fmt, ...)
{
	va_list ap;

	store_begin(s);
	if (s->watch[v] == NULL)
		s->watch[v] = store_prepare(s, sql[v]);
	va_start(ap, fmt);
	store_bind(s, s->watch[v], false, fmt, ap);
	va_end(ap);
	if (sqlite3_step(s->watch[v]) != SQLITE_DONE)
		store_fail(s, "write");
	sqlite3_reset(s->watch[v]);
}

long
store_put_check(struct store *s, const struct check_row *r)
{
	put(s, CHECK_PUT, "ssiniissrit", r->key, r->watch, (long)tick_wall_ms(), (long)r->from_ms,
	    (long)r->to_ms, r->records, r->reference, r->reference_digest, r->alpha, (long)r->verdict,
	    r->json);
	return sqlite3_last_insert_rowid(s->db);
}

void
store_put_finding(struct store *s, long check, long place, const struct finding_row *r)
{
	put(s, FINDING_PUT, "iissirrrrrrii", check, place, r->feature, r->detector, (long)r->known,
	    r->effect, r->lo, r->hi, r->p, r->p_bh, r->tolerance, (long)r->direction,
	    (long)r->verdict);
}

void
store_put_watch_profile(struct store *s, const char *watch, const char *name, long check,
    int season, int cell, struct str bytes)
{
	put(s, PROFILE_PUT, "sskiibi", watch, name, check, (long)season, (long)cell, bytes,
	    (long)tick_wall_ms());
}

void
store_drop_pinned(struct store *s, const char *watch, const char *name)
{
	put(s, PINNED_DROP, "ss", watch, name);
}

void
store_drop_profiles(struct store *s, const char *watch, int64_t before_ms)
{
	put(s, PROFILES_DROP, "si", watch, (long)before_ms);
}

void
store_incident_open(struct store *s, const char *watch, const char *feature, const char *detector,
    int64_t onset_ms, int64_t opened_ms, long check)
{
	put(s, INCIDENT_OPEN, "ssskii", watch, feature, detector, (long)onset_ms, (long)opened_ms,
	    check);
}

void
store_incident_seen(struct store *s, long incident, long check)
{
	put(s, INCIDENT_SEEN, "ii", incident, check);
}

void
store_incident_resolve(struct store *s, long incident, int64_t resolved_ms)
{
	put(s, INCIDENT_RESOLVE, "ii", incident, (long)resolved_ms);
}
