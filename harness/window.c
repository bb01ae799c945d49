/*
 * window.c -- what can be compared as a distribution: logs, a profile, a run, a suite.
 *
 * The answers of a run and the cases of a suite become records as those of a log are, so that a
 * feature does not know where its values come from.
 */
#include "harness/window.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INFER_RECORDS = 1000, PROFILE_MAX = 256 << 20 };

const char *const window_kind_name[] = { "profile", "logs", "run", "suite" };

/* ---- what a word means -------------------------------------------------------------------- */

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static bool
exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static bool
is_suite(const char *word, struct arena *a)
{
	if (file_is_dir(word))
		return exists(path_join(word, "suite.yaml", a));
	return (ends_in(word, ".yaml") || ends_in(word, ".yml")) && exists(word);
}

static bool
is_profile(const char *path)
{
	char head[sizeof PROFILE_MAGIC - 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)sizeof head && memcmp(head, PROFILE_MAGIC, sizeof head) == 0;
}

static int
open_profile(struct window *w, struct session *s, struct err *e)
{
	struct str bytes;

	w->kind = WINDOW_PROFILE;
	if (file_read(NULL, w->word, NULL, PROFILE_MAX, &bytes, s->arena, e) != 0)
		return EXIT_MISTAKE;
	w->profile = profile_read(bytes, w->word, s->arena, e);
	return w->profile == NULL ? EXIT_MISTAKE : 0;
}

int
window_open(struct window *w, struct session *s, const char *word, const struct log_plan *plan,
    struct err *e)
{
	int status;

	*w = (struct window){ .word = word, .plan = *plan };
	if (is_suite(word, s->arena)) {
		w->kind = WINDOW_SUITE;
		w->suite = suite_load(word, &s->project->roots, s->arena, e);
		return w->suite == NULL ? EXIT_MISTAKE : 0;
	}
	if (is_profile(word))
		return open_profile(w, s, e);
	if (strcmp(word, "-") == 0 || strpbrk(word, "*?[/") != NULL || exists(word)) {
		w->kind = WINDOW_LOGS;
		return logs_expand(&w->word, 1, &w->path, &w->npath, s->arena, e) ? EXIT_MISTAKE : 0;
	}
	w->kind = WINDOW_RUN;
	if (s->store == NULL &&
	    (status = store_open(&s->store, s->project->store, STORE_READ, e)) != 0)
		return status;
	return (w->run = run_resolve(s->store, word, NULL, e)) == 0 ? EXIT_MISTAKE : 0;
}

/* ---- records ------------------------------------------------------------------------------- */

/* Who gets the records of a window, one after the other or piece by piece. */
struct taker {
	void (*take)(struct taker *, size_t piece, const struct record *, struct arena *scratch);
	struct infer    *infer;
	long             left;            /* records to infer from */
	struct profile **piece;
};

static void
set_text(struct record *r, enum record_text which, struct query *q, int col)
{
	if (query_null(q, col) || query_text(q, col).n == 0)
		return;
	r->has_text[which] = true;
	r->text[which] = query_text(q, col);
}

static void
set_number(struct record *r, enum record_number which, struct query *q, int col, double scale)
{
	if (query_null(q, col))
		return;
	r->has_number[which] = true;
	r->number[which] = query_real(q, col) * scale;
}

/* An answer as the record of a request; of one that never came only why. */
static void
run_records(struct store *st, long run, struct taker *t)
{
	struct query *q = store_query(st, "SELECT c.case_id || '#' || c.rep, c.served,"
	    " (SELECT v.input FROM v_case v WHERE v.id = c.test_case), c.text, c.finish,"
	    " CASE WHEN c.measured THEN '' ELSE c.outcome END, c.time_ms, c.ms_total, c.ms_first,"
	    " c.tokens_in, c.tokens_out FROM v_completion c WHERE c.run = ?"
	    " ORDER BY c.test_case, c.rep", "i", run);
	struct arena scratch = { 0 };

	while (query_next(q)) {
		struct record r = { .object = { .type = JT_NONE } };

		set_text(&r, RECORD_ID, q, 0);
		set_text(&r, RECORD_MODEL, q, 1);
		set_text(&r, RECORD_INPUT, q, 2);
		set_text(&r, RECORD_OUTPUT, q, 3);
		set_text(&r, RECORD_FINISH, q, 4);
		set_text(&r, RECORD_ERROR, q, 5);
		set_number(&r, RECORD_TIME, q, 6, 1);
		set_number(&r, RECORD_LATENCY, q, 7, 1e-3);
		set_number(&r, RECORD_FIRST_TOKEN, q, 8, 1e-3);
		set_number(&r, RECORD_TOKENS_IN, q, 9, 1);
		set_number(&r, RECORD_TOKENS_OUT, q, 10, 1);
		t->take(t, 0, &r, &scratch);
		arena_reset(&scratch);
	}
	arena_free(&scratch);
}

/* Cases have an input and tags, and nothing that a server said. */
static int
suite_records(struct window *w, struct session *s, struct taker *t, struct err *e)
{
	struct arena scratch = { 0 };
	struct scratch store;
	struct query *q;
	int status = scratch_open(&store, e);

	if (status != 0)
		return status;
	if (suite_store(w->suite, &s->project->roots, store.store, s->arena, e) != 0) {
		scratch_drop(&store);
		return EXIT_MISTAKE;
	}
	q = store_query(store.store, "SELECT case_id, input, tags FROM v_case WHERE suite = ?"
	    " ORDER BY id", "i", w->suite->row);
	while (query_next(q)) {
		struct record r = { .object = { .type = JT_NONE } };

		set_text(&r, RECORD_ID, q, 0);
		set_text(&r, RECORD_INPUT, q, 1);
		set_text(&r, RECORD_TAGS, q, 2);
		t->take(t, 0, &r, &scratch);
		arena_reset(&scratch);
	}
	arena_free(&scratch);
	scratch_drop(&store);
	return 0;
}

static void
log_record(void *ctx, size_t piece, const struct record *r, struct arena *scratch)
{
	struct taker *t = ctx;

	t->take(t, piece, r, scratch);
}

static int
records(struct window *w, struct session *s, struct taker *t, struct err *e)
{
	switch (w->kind) {
	case WINDOW_RUN:
		run_records(s->store, w->run, t);
		return 0;
	case WINDOW_SUITE:
		return suite_records(w, s, t, e);
	default:
		if (logs_read(&w->plan, w->path, w->npath, log_record, t, &w->counts, e) != 0 ||
		    logs_check(&w->plan, &w->counts, e) != 0)
			return EXIT_MISTAKE;
		return 0;
	}
}

/* ---- features and profiles ------------------------------------------------------------------ */

/* One piece at a time looks at the first records of its file; the rest goes by. */
static void
take_to_infer(struct taker *t, size_t piece, const struct record *r, struct arena *scratch)
{
	if (piece == 0 && t->left > 0) {
		infer_add(t->infer, r, scratch);
		t->left--;
	}
}

int
window_infer(struct window *w, struct session *s, struct watched **watched, size_t *n,
    struct err *e)
{
	struct taker t = { .take = take_to_infer, .left = INFER_RECORDS };
	struct window first = *w;
	int status;

	for (size_t i = 0; i < w->npath; i++)
		if (strcmp(w->path[i], "-") == 0) {
			err_set(e, "standard input is read once: say with --features what to look at");
			return EXIT_MISTAKE;
		}
	first.npath = w->npath > 0 ? 1 : 0;     /* one file says what there is */
	t.infer = infer_begin(s->arena);
	status = records(&first, s, &t, e);
	if (status == 0)
		infer_end(t.infer, watched, n, s->arena);
	return status;
}

static void
take_to_count(struct taker *t, size_t piece, const struct record *r, struct arena *scratch)
{
	profile_add(t->piece[piece], r, scratch);
}

int
window_profile(struct window *w, struct session *s, const struct watched *watched, size_t n,
    uint64_t seed, struct err *e)
{
	size_t npiece = w->kind == WINDOW_LOGS ? logs_pieces(w->npath) : 1;
	struct taker t = { .take = take_to_count,
		.piece = arena_array(s->arena, npiece, sizeof *t.piece) };
	int status;

	if (w->kind == WINDOW_PROFILE)
		return 0;
	for (size_t i = 0; i < npiece; i++)
		t.piece[i] = profile_begin(watched, n, SAMPLE_DEFAULT, seed);
	status = records(w, s, &t, e);
	for (size_t i = 1; i < npiece; i++) {
		if (status == 0 && profile_merge(t.piece[0], t.piece[i], e) != 0)
			bug("pieces of one window do not add up");
		profile_free(t.piece[i]);
	}
	w->profile = t.piece[0];
	w->profile->bad += w->counts.bad;
	return status;
}

void
window_free(struct window *w)
{
	if (w->profile != NULL)
		profile_free(w->profile);
	w->profile = NULL;
}
