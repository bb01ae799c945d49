/*
 * watching.c -- one check of a watch: compared within the budget of false alarms, and stored.
 *
 * Everything that a check leaves behind ends with one commit: a check that was killed has never
 * been, and the next takes its place and its part of the budget.
 */
#include "harness/watch.h"
#include "harness/drift_json.h"

#include <unistd.h>

/* ---- which check it is ---------------------------------------------------------------------- */

/* Each piece as it is stored; an empty one for a cell without records. */
static struct str *
piece_bytes(const struct pieces *p, struct arena *a)
{
	struct str *bytes = arena_array(a, SEASON_CELLS_MAX, sizeof *bytes);
	struct buf b = { 0 };

	for (size_t i = 0; i < season_cells(p->season); i++) {
		if (p->cell[i] == NULL)
			continue;
		buf_reset(&b);
		profile_write_textless(&b, p->cell[i]);
		bytes[i] = str_dup(buf_as_str(&b), a);
	}
	buf_free(&b);
	return bytes;
}

/* The same watch, moment and records are the same check. */
static void
key_of(const struct watch *w, int64_t now, const struct str *bytes, char key[65])
{
	struct sha256 h = sha256_begin();
	char moment[24];

	snprintf(moment, sizeof moment, "%lld", (long long)now);
	sha256_field(&h, str_of(w->name));
	sha256_field(&h, str_of(moment));
	for (size_t i = 0; i < season_cells(w->season); i++)
		sha256_field(&h, bytes[i]);
	sha256_end(&h, key);
}

static long
records_of(const struct pieces *p)
{
	long n = 0;

	for (size_t i = 0; i < season_cells(p->season); i++)
		n += p->cell[i] ? p->cell[i]->n : 0;
	return n;
}

/* What may be spent of the budget: the part that fell due since a check spent something. */
static double
alpha_of(struct store *st, const struct watch *w, int64_t now)
{
	long last = store_long(st, -1, "SELECT ifnull(max(to_ms), -1) FROM v_drift_check"
	    " WHERE watch = ? AND alpha > 0", "s", w->name);
	double since = last < 0 ? w->every : (double)(now - last) / 1000;

	return alarms_alpha(w->alarms, w->per, since);
}

/* ---- storing -------------------------------------------------------------------------------- */

static int
verdict_of(enum drift_verdict v)
{
	return v == DRIFT_NO ? 0 : v == DRIFT_YES ? 1 : 2;
}

static void
put_findings(struct store *st, long check, const struct comparison *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct compared *x = &c->compared[i];
		const struct finding *f = &x->finding;

		store_put_finding(st, check, (long)i, &(struct finding_row){
		    .feature = compared_name(c, x), .detector = x->detector->name,
		    .known = f->known, .effect = f->effect, .lo = f->ci.lo, .hi = f->ci.hi, .p = f->p,
		    .p_bh = x->p_adjusted, .tolerance = f->tolerance, .direction = f->direction,
		    .verdict = verdict_of(x->verdict) });
	}
}

/* Of the profiles of checks the newest stays, which has the features, and those that a later check
 * can have as its previous window. */
static void
put_profiles(struct store *st, const struct watch *w, const struct watch_windows *windows,
    long check, const struct str *bytes)
{
	int64_t before = windows->from_ms < 0 ? windows->to_ms - 1 : windows->from_ms;
	long keep;

	for (size_t i = 0; i < season_cells(w->season); i++)
		if (bytes[i].n > 0)
			store_put_watch_profile(st, w->name, NULL, check, (int)w->season, (int)i, bytes[i]);
	keep = store_long(st, 0, "SELECT ifnull(max(to_ms), 0) FROM v_drift_check c WHERE watch = ?"
	    " AND to_ms <= ? AND EXISTS (SELECT 1 FROM v_watch_profile p WHERE p.drift_check = c.id)",
	    "si", w->name, (long)(w->reference == REFERENCE_PREVIOUS ? before : windows->to_ms));
	store_drop_profiles(st, w->name, keep);
}

static long
put_check(struct session *s, const struct watch *w, const struct watch_windows *windows,
    const char *key, const struct comparison *c, const struct str *bytes)
{
	struct check_row row = { .key = key, .watch = w->name, .from_ms = windows->from_ms,
		.to_ms = windows->to_ms, .records = records_of(&windows->current),
		.reference = w->reference_text, .alpha = c->alpha, .verdict = verdict_of(c->verdict) };
	struct drift_document d = { .window = windows->window, .comparison = c,
		.command = s->command_line };
	struct buf b = { 0 }, profile = { 0 };
	char digest[65];
	long check;

	profile_write_textless(&profile, c->reference);
	sha256_of(buf_as_str(&profile), digest);
	buf_free(&profile);
	row.reference_digest = digest;
	drift_json_members(&b, &d, s->arena);
	buf_char(&b, '}');
	row.json = buf_as_str(&b);
	check = store_put_check(s->store, &row);
	buf_free(&b);
	put_findings(s->store, check, c);
	put_profiles(s->store, w, windows, check, bytes);
	incidents_update(s->store, w, check, windows->to_ms, c, s->arena);
	store_event(s->store, 0, "check", arena_fmt(s->arena, "watch '%s': %s, %ld records%s",
	    w->name, drift_verdict_word[c->verdict], row.records,
	    windows->lacking ? ", no window before" : ""));
	return check;
}

/* ---- checking ------------------------------------------------------------------------------- */

static int
status_of(struct store *st, long check)
{
	struct query *q = store_query(st, "SELECT verdict FROM v_drift_check WHERE id = ?", "i",
	    check);
	int status;

	if (!query_next(q))
		bug("check %ld vanished", check);
	status = str_is(query_text(q, 0), "PASS") ? EXIT_PASS :
	    str_is(query_text(q, 0), "FAIL") ? EXIT_FAIL : EXIT_UNSURE;
	query_free(q);
	return status;
}

/* Checks go forward: between two of them there is no budget left to spend. */
static int
is_forward(struct store *st, const struct watch *w, int64_t now, struct err *e)
{
	long last = store_long(st, -1, "SELECT ifnull(max(to_ms), -1) FROM v_drift_check"
	    " WHERE watch = ?", "s", w->name);
	char when[25];

	if (last < now)
		return 0;
	tick_iso(last, when);
	err_set(e, last == now ? "watch '%s' was checked at %s with other records: what came later "
	    "counts in the next check" : "watch '%s' was checked at %s: choose a later --now, since "
	    "the budget of false alarms is spent up to there", w->name, when);
	return EXIT_MISTAKE;
}

static int
compare(struct session *s, const struct watch *w, struct watch_windows *windows,
    struct comparison *c, struct err *e)
{
	struct comparing how = { .alpha = alpha_of(s->store, w, windows->to_ms), .asked = w->asked,
		.nasked = w->nasked, .block_ms = (int64_t)(w->block * 1000) };
	struct err said = { 0 };
	int status = watch_reference(s, w, windows, e);

	if (status != 0)
		return status;
	if (w->reference == REFERENCE_PREVIOUS && profile_alike(windows->window[0].profile,
	    windows->window[1].profile, &said) != 0) {
		/* Other features than last time: the series begins anew. */
		profile_free(windows->window[0].profile);
		windows->window[0].profile = profile_begin(windows->current.watched,
		    windows->current.nfeature, windows->current.cap, 0);
		windows->lacking = true;
	}
	if (profiles_compare(windows->window[0].profile, windows->window[1].profile, &how, c,
	    s->arena, e) != 0)
		return EXIT_MISTAKE;
	if (c->current->n == 0 || c->reference->n == 0)
		c->alpha = 0;                   /* nothing was compared, so nothing is spent */
	return 0;
}

static int
check_window(struct session *s, const struct watch *w, struct watch_windows *windows, long *check,
    struct err *e)
{
	struct str *bytes = piece_bytes(&windows->current, s->arena);
	struct profile *closer = NULL;
	struct comparison c;
	char key[65];
	int status;

	key_of(w, windows->to_ms, bytes, key);
	*check = store_long(s->store, 0, "SELECT id FROM v_drift_check WHERE key = ?", "s", key);
	if (*check != 0)
		return 0;
	if ((status = is_forward(s->store, w, windows->to_ms, e)) != 0 ||
	    (status = compare(s, w, windows, &c, e)) != 0)
		return status;
	if (c.verdict == DRIFT_YES)
		c.closer = closer = watch_closer(s, w, windows);
	*check = put_check(s, w, windows, key, &c, bytes);
	profile_free(closer);
	store_flush(s->store);
	return 0;
}

/* What was not checked is written down, too. */
static void
note(struct session *s, const struct watch *w, const struct err *e)
{
	store_event(s->store, 0, "check", arena_fmt(s->arena, "watch '%s' could not be checked: %.*s",
	    w->name, STR_ARG(str_trim(str_of(e->msg)))));
	store_flush(s->store);
}

int
watch_check(struct session *s, const struct watch *w, int64_t now, long *check, struct err *e)
{
	struct watch_windows windows = { 0 };
	struct err said = { 0 };
	int status = watch_findable(s, w, &said) != 0 ? EXIT_MISTAKE : 0;

	*check = 0;
	if (status == 0)
		status = watch_current(s, w, now, &windows, &said);
	if (status == 0)
		status = check_window(s, w, &windows, check, &said);
	watch_windows_free(&windows);
	if (status == 0)
		return status_of(s->store, *check);
	note(s, w, &said);
	err_set(e, "watch '%s' could not be checked: %.*s", w->name,
	    STR_ARG(str_trim(str_of(said.msg))));
	return status;
}

int
watch_pin(struct session *s, const struct watch *w, int64_t now, const char *name, long *records,
    struct err *e)
{
	struct watch_windows windows;
	int status = watch_current(s, w, now, &windows, e);

	*records = status == 0 ? records_of(&windows.current) : 0;
	if (status == 0 && *records == 0) {
		err_set(e, "the window of watch '%s' holds no record: there is nothing to pin", w->name);
		status = EXIT_MISTAKE;
	}
	if (status == 0) {
		struct str *bytes = piece_bytes(&windows.current, s->arena);

		store_drop_pinned(s->store, w->name, name);
		for (size_t i = 0; i < season_cells(w->season); i++)
			if (bytes[i].n > 0)
				store_put_watch_profile(s->store, w->name, name, 0, (int)w->season, (int)i,
				    bytes[i]);
		store_event(s->store, 0, "pin", arena_fmt(s->arena, "watch '%s': %ld records as '%s'",
		    w->name, *records, name));
		store_flush(s->store);
	}
	watch_windows_free(&windows);
	return status;
}

int
watches_open(struct session *s, struct err *e)
{
	if (access(s->project->store, F_OK) != 0)
		return 0;
	return store_open(&s->store, s->project->store, STORE_READ, e);
}
