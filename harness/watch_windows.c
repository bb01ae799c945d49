/*
 * watch_windows.c -- the two profiles of a check: its window, and what that is compared with.
 *
 * Features are those of driftlead.yaml; without any they are inferred once and then stay: every
 * stored profile carries its own, and the newest of the watch says what is looked at.
 */
#include "harness/watch.h"

#include <sys/stat.h>

enum { CLOCKS_DIFFER_MS = 86400000, YEAR_2000 = 946684800 };

/* ---- stored profiles ------------------------------------------------------------------------ */

static const char *const season_name[] = { "none", "hour", "weekday", "hour of week" };

/* The pieces that a query over v_watch_profile (season, cell, bytes) names: 1 if there are any, 0
 * if not, -1 and a sentence if they are of another season. */
static int
stored_pieces(struct store *st, struct query *q, const struct watch *w, const char *what,
    struct pieces *p, struct arena *a, struct err *e)
{
	int any = 0;

	*p = (struct pieces){ .season = w->season };
	while (query_next(q)) {
		size_t cell = (size_t)query_long(q, 1);
		struct profile *piece;

		if (!str_is(query_text(q, 0), season_name[w->season])) {
			err_set(e, "%s was kept with 'season: %.*s' and not '%s': pin it anew", what,
			    STR_ARG(query_text(q, 0)), season_name[w->season]);
			query_free(q);
			return -1;
		}
		if (cell >= season_cells(w->season) || p->cell[cell] != NULL)
			die(EXIT_DAMAGED, "'%s' holds a piece %zu of %s, which cannot be: restore a copy of it",
			    store_path(st), cell, what);
		if ((piece = profile_read(str_dup(query_text(q, 2), a), what, a, e)) == NULL) {
			query_free(q);
			return -1;
		}
		p->cell[cell] = piece;
		p->bad += piece->bad;
		p->watched = piece->watched;
		p->nfeature = piece->nfeature;
		p->cap = piece->cap;
		p->seed = piece->seed;
		any = 1;
	}
	return any;
}

static int
not_pinned(const struct watch *w, struct err *e)
{
	return err_set(e, "it has no pinned reference '%s': pin the present window with "
	    "'driftlead drift \"%s\" --pin \"%s\"'", w->reference_word, w->name, w->reference_word);
}

static int
pinned_pieces(struct store *st, const struct watch *w, struct pieces *p, struct arena *a,
    struct err *e)
{
	struct query *q = store_query(st, "SELECT season, cell, bytes FROM v_watch_profile"
	    " WHERE watch = ? AND name = ? ORDER BY cell", "ss", w->name, w->reference_word);
	const char *what = arena_fmt(a, "the pinned reference '%s'", w->reference_word);
	int any = stored_pieces(st, q, w, what, p, a, e);

	return any == 0 ? not_pinned(w, e) : any;
}

/* The newest check whose window shares nothing with that of `windows`, and is cut as it is. */
static int
previous_pieces(struct store *st, const struct watch *w, const struct watch_windows *windows,
    struct pieces *p, struct arena *a, struct err *e)
{
	int64_t before = windows->from_ms < 0 ? windows->to_ms - 1 : windows->from_ms;
	long check = store_long(st, 0, "SELECT c.id FROM v_drift_check c WHERE watch = ?"
	    " AND to_ms <= ? AND EXISTS (SELECT 1 FROM v_watch_profile p WHERE p.drift_check = c.id"
	    " AND p.season = ?) ORDER BY to_ms DESC LIMIT 1", "sis", w->name, (long)before,
	    season_name[w->season]);

	if (check == 0)
		return 0;
	return stored_pieces(st, store_query(st, "SELECT season, cell, bytes FROM v_watch_profile"
	    " WHERE drift_check = ? ORDER BY cell", "i", check), w, "the previous window", p, a, e);
}

/* ---- features ------------------------------------------------------------------------------- */

static int
frozen_features(struct store *st, const struct watch *w, bool pinned, struct watched **watched,
    size_t *n, struct arena *a, struct err *e)
{
	struct query *q = store_query(st, "SELECT bytes FROM v_watch_profile WHERE watch = ?1"
	    " AND (?2 = '' OR name = ?2) ORDER BY id DESC LIMIT 1", "ss", w->name,
	    pinned ? w->reference_word : "");
	struct profile *p;
	int failed;

	*n = 0;
	if (!query_next(q))
		return 0;
	p = profile_read(str_dup(query_text(q, 0), a), w->name, a, e);
	query_free(q);
	if (p == NULL)
		return -1;
	*n = p->nfeature;
	failed = watch_again(p, w->name, watched, a, e);
	profile_free(p);
	return failed;
}

static bool
exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* What the reference is to be opened as; false: it is stored pieces. */
static bool
reference_file(const struct watch *w, const struct project *p, enum window_kind *kind,
    const char **word, struct arena *a)
{
	static const enum window_kind kinds[] = { WINDOW_SUITE, WINDOW_RUN, WINDOW_PROFILE,
		WINDOW_LOGS };

	if (w->reference >= REFERENCE_PINNED)
		return false;
	*kind = kinds[w->reference];
	*word = *kind == WINDOW_RUN ? w->reference_word : path_join(p->dir, w->reference_word, a);
	if (*kind == WINDOW_SUITE && !exists(*word)) {
		const char *below = path_join(p->dir, arena_fmt(a, "suites/%s", w->reference_word), a);

		*word = exists(below) ? below : *word;
	}
	return true;
}

static int
choose_features(struct session *s, const struct watch *w, struct window *current,
    struct watched **watched, size_t *n, struct err *e)
{
	enum window_kind kind;
	const char *word;
	struct window r;
	int status;

	*watched = w->watched;
	*n = w->nwatched;
	if (w->watched != NULL)
		return 0;
	if (w->reference != REFERENCE_PROFILE &&
	    frozen_features(s->store, w, w->reference == REFERENCE_PINNED, watched, n, s->arena,
	    e) != 0)
		return EXIT_MISTAKE;
	if (*n > 0)
		return 0;
	if (!reference_file(w, s->project, &kind, &word, s->arena))
		return window_infer(current, s, watched, n, e);
	if ((status = window_open_as(&r, s, kind, word, &w->plan, e)) != 0)
		return status;
	if (kind == WINDOW_PROFILE) {
		*n = r.profile->nfeature;
		status = watch_again(r.profile, word, watched, s->arena, e) ? EXIT_MISTAKE : 0;
	} else {
		status = window_infer(&r, s, watched, n, e);
	}
	window_free(&r);
	return status;
}

enum { CLOSER_SAMPLE = 20000 };

/* Each piece keeps a sample of its own: of many pieces each the less. */
static size_t
sample_of(enum season season)
{
	static const size_t n[] = { SAMPLE_DEFAULT, 1000, 1000, 250 };

	return n[season];
}

/* ---- the windows ---------------------------------------------------------------------------- */

static const char *
source_text(const struct watch *w, struct arena *a)
{
	const char *s = w->source.text[0];

	for (size_t i = 1; i < w->source.n; i++)
		s = arena_fmt(a, "%s %s", s, w->source.text[i]);
	return s;
}

/*
 * Of a year of logs most were written before the window began, and hold nothing of it: they are not
 * opened.  A day is left to clocks that differ, and a time before 2000 is none.
 */
static void
leave_out_old(struct window *current)
{
	size_t n = 0;

	for (size_t i = 0; i < current->npath; i++) {
		int64_t written = INT64_MAX;
		struct stat st;

		if (stat(current->path[i], &st) == 0 && st.st_mtime > YEAR_2000)
			written = (int64_t)st.st_mtime * 1000;
		if (written >= current->plan.after_ms - CLOCKS_DIFFER_MS)
			current->path[n++] = current->path[i];
	}
	current->npath = n;
}

/* Texts are told apart while both windows are read, and then forgotten.  What is stored has none,
 * and the many cells of a season would take too much room. */
static bool
compares_texts(const struct watch *w)
{
	return w->season == SEASON_NONE && (w->reference == REFERENCE_SUITE ||
	    w->reference == REFERENCE_RUN || w->reference == REFERENCE_LOGS);
}

int
watch_current(struct session *s, const struct watch *w, int64_t now, struct watch_windows *out,
    struct err *e)
{
	struct window *current = &out->window[1];
	struct watched *watched;
	size_t n;
	int status;

	*out = (struct watch_windows){ .from_ms = -1, .to_ms = now };
	*current = (struct window){ .kind = WINDOW_LOGS, .word = source_text(w, s->arena),
		.plan = w->plan };
	if (w->window > 0) {
		out->from_ms = now - (int64_t)(w->window * 1000);
		current->plan.after_ms = out->from_ms;
		current->plan.until_ms = now;
	}
	if (logs_expand(w->pattern.text, w->pattern.n, &current->path, &current->npath, s->arena,
	    e) != 0)
		return EXIT_MISTAKE;
	if (w->window > 0)
		leave_out_old(current);
	if ((status = choose_features(s, w, current, &watched, &n, e)) != 0)
		return status;
	out->current = (struct pieces){ .season = w->season, .watched = watched, .nfeature = n,
		.cap = sample_of(w->season), .texts = compares_texts(w) };
	return logs_cut(&current->plan, current->path, current->npath, &out->current, s->arena, e) ?
	    EXIT_MISTAKE : 0;
}

/* A reference that is read anew, in pieces if it has times. */
static int
read_reference(struct session *s, const struct watch *w, struct watch_windows *out,
    enum window_kind kind, const char *word, struct err *e)
{
	struct window *r = &out->window[0];
	const struct pieces *c = &out->current;
	int status = window_open_as(r, s, kind, word, &w->plan, e);

	if (status != 0)
		return status;
	r->word = w->reference_word;
	if (kind != WINDOW_LOGS)
		return window_profile(r, s, c->watched, c->nfeature, 0, e);
	out->reference = (struct pieces){ .season = c->season, .watched = c->watched,
		.nfeature = c->nfeature, .cap = c->cap, .texts = c->texts };
	return logs_cut(&r->plan, r->path, r->npath, &out->reference, s->arena, e) ? EXIT_MISTAKE : 0;
}

static int
stored_reference(struct session *s, const struct watch *w, struct watch_windows *out,
    struct err *e)
{
	struct pieces *r = &out->reference;
	int any = w->reference == REFERENCE_PINNED ? pinned_pieces(s->store, w, r, s->arena, e) :
	    previous_pieces(s->store, w, out, r, s->arena, e);

	if (any < 0)
		return EXIT_MISTAKE;
	if (any == 0)
		*r = (struct pieces){ .season = w->season, .watched = out->current.watched,
			.nfeature = out->current.nfeature, .cap = out->current.cap };
	out->lacking = any == 0;
	out->window[0] = (struct window){ .kind = WINDOW_PROFILE, .word = w->reference_text };
	return 0;
}

/* From where the records of the window reach: without earlier ones the log begins there. */
static void
span_of(const struct watch_windows *w, int64_t *from, int64_t *to)
{
	*from = w->to_ms;
	*to = w->from_ms;
	for (size_t i = 0; i < season_cells(w->current.season); i++) {
		const struct profile *p = w->current.cell[i];

		if (p == NULL)
			continue;
		*from = p->first_ms < *from ? p->first_ms : *from;
		*to = p->last_ms > *to ? p->last_ms : *to;
	}
}

int
watch_reference(struct session *s, const struct watch *w, struct watch_windows *out, struct err *e)
{
	bool take[SEASON_CELLS_MAX];
	enum window_kind kind;
	const char *word;
	int64_t from, to;
	int status;

	if (reference_file(w, s->project, &kind, &word, s->arena))
		status = read_reference(s, w, out, kind, word, e);
	else
		status = stored_reference(s, w, out, e);
	if (status != 0)
		return status;
	if (w->season == SEASON_NONE) {
		if (out->window[0].profile == NULL)
			out->window[0].profile = pieces_sum(&out->reference, NULL);
		out->window[1].profile = pieces_sum(&out->current, NULL);
		return 0;
	}
	span_of(out, &from, &to);
	pieces_common(&out->current, &out->reference, from, to, take);
	out->window[0].profile = pieces_sum(&out->reference, take);
	out->window[1].profile = pieces_sum(&out->current, take);
	return 0;
}

struct profile *
watch_closer(struct session *s, const struct watch *w, const struct watch_windows *windows)
{
	const struct window *current = &windows->window[1];
	struct pieces p = { .watched = windows->current.watched, .nfeature = windows->current.nfeature,
		.cap = CLOSER_SAMPLE };
	struct profile *closer = NULL;
	struct err e = { 0 };

	if (w->season != SEASON_NONE || current->profile->n <= (long)windows->current.cap)
		return NULL;
	if (logs_cut(&current->plan, current->path, current->npath, &p, s->arena, &e) == 0)
		closer = pieces_sum(&p, NULL);
	pieces_free(&p);
	return closer;
}

void
watch_windows_free(struct watch_windows *w)
{
	pieces_free(&w->current);
	pieces_free(&w->reference);
	window_free(&w->window[0]);
	window_free(&w->window[1]);
}

int
watch_findable(struct session *s, const struct watch *w, struct err *e)
{
	enum window_kind kind;
	const char *word, **path;
	int before = e->n;
	size_t n;

	logs_expand(w->pattern.text, w->pattern.n, &path, &n, s->arena, e);
	if (!reference_file(w, s->project, &kind, &word, s->arena)) {
		if (w->reference == REFERENCE_PINNED && (s->store == NULL || store_long(s->store, 0,
		    "SELECT count(*) FROM v_watch_profile WHERE watch = ? AND name = ?", "ss", w->name,
		    w->reference_word) == 0))
			not_pinned(w, e);
	} else if (kind == WINDOW_LOGS) {
		logs_expand(&word, 1, &path, &n, s->arena, e);
	} else if (kind != WINDOW_RUN) {
		if (!exists(word))
			err_set(e, "its reference '%s' is not there", word);
	} else if (s->store == NULL) {
		err_set(e, "its reference, run '%s', is in no store", word);
	} else {
		run_resolve(s->store, word, NULL, e);
	}
	return e->n > before ? -1 : 0;
}
