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

	if (file_read(NULL, w->word, NULL, PROFILE_MAX, &bytes, s->arena, e) != 0)
		return EXIT_MISTAKE;
	w->profile = profile_read(bytes, w->word, s->arena, e);
	return w->profile == NULL ? EXIT_MISTAKE : 0;
}

int
window_open_as(struct window *w, struct session *s, enum window_kind kind, const char *word,
    const struct log_plan *plan, struct err *e)
{
	int status;

	*w = (struct window){ .kind = kind, .word = word, .plan = *plan };
	switch (kind) {
	case WINDOW_SUITE:
		w->suite = suite_load(word, &s->project->roots, s->arena, e);
		return w->suite == NULL ? EXIT_MISTAKE : 0;
	case WINDOW_PROFILE:
		return open_profile(w, s, e);
	case WINDOW_LOGS:
		return logs_expand(&w->word, 1, &w->path, &w->npath, s->arena, e) ? EXIT_MISTAKE : 0;
	case WINDOW_RUN:
		break;
	}
	if (s->store == NULL &&
	    (status = store_open(&s->store, s->project->store, STORE_READ, e)) != 0)
		return status;
	return (w->run = run_resolve(s->store, word, NULL, e)) == 0 ? EXIT_MISTAKE : 0;
}

int
window_open(struct window *w, struct session *s, const char *word, const struct log_plan *plan,
    struct err *e)
{
	enum window_kind kind = WINDOW_RUN;

	if (is_suite(word, s->arena))
		kind = WINDOW_SUITE;
	else if (is_profile(word))
		kind = WINDOW_PROFILE;
	else if (strcmp(word, "-") == 0 || strpbrk(word, "*?[/") != NULL || exists(word))
		kind = WINDOW_LOGS;
	return window_open_as(w, s, kind, word, plan, e);
}

/* ---- records ------------------------------------------------------------------------------- */

/* Who gets the records of a run or a suite, one after the other. */
struct taker {
	void (*take)(struct taker *, const struct record *, struct arena *scratch);
	struct infer   *infer;
	long            left;             /* records to infer from */
	struct profile *profile;
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
		t->take(t, &r, &scratch);
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
		t->take(t, &r, &scratch);
		arena_reset(&scratch);
	}
	arena_free(&scratch);
	scratch_drop(&store);
	return 0;
}

static int
records(struct window *w, struct session *s, struct taker *t, struct err *e)
{
	if (w->kind == WINDOW_SUITE)
		return suite_records(w, s, t, e);
	run_records(s->store, w->run, t);
	return 0;
}

/* ---- features and profiles ------------------------------------------------------------------ */

static void
take_to_infer(struct taker *t, const struct record *r, struct arena *scratch)
{
	if (t->left > 0) {
		infer_add(t->infer, r, scratch);
		t->left--;
	}
}

int
window_infer(struct window *w, struct session *s, struct watched **watched, size_t *n,
    struct err *e)
{
	struct taker t = { .take = take_to_infer, .left = INFER_RECORDS };
	int status;

	if (w->kind == WINDOW_LOGS)
		return logs_infer(&w->plan, w->path, w->npath, watched, n, s->arena, e) ?
		    EXIT_MISTAKE : 0;
	t.infer = infer_begin(s->arena);
	if ((status = records(w, s, &t, e)) != 0)
		return status;
	infer_end(t.infer, watched, n, s->arena);
	if (*n > 0)
		return 0;
	err_set(e, "'%s' has nothing that could be watched: say with --features what to look at",
	    w->word);
	return EXIT_MISTAKE;
}

static void
take_to_count(struct taker *t, const struct record *r, struct arena *scratch)
{
	profile_add(t->profile, r, scratch);
}

int
window_profile(struct window *w, struct session *s, const struct watched *watched, size_t n,
    uint64_t seed, struct err *e)
{
	struct taker t = { .take = take_to_count };

	if (w->kind == WINDOW_PROFILE)
		return 0;
	if (w->kind == WINDOW_LOGS) {
		w->profile = logs_profile(&w->plan, w->path, w->npath, watched, n, SAMPLE_DEFAULT, true,
		    seed, s->arena, e);
		return w->profile == NULL ? EXIT_MISTAKE : 0;
	}
	w->profile = t.profile = profile_begin(watched, n, SAMPLE_DEFAULT, seed);
	profile_keep_texts(w->profile);
	return records(w, s, &t, e);
}

void
window_free(struct window *w)
{
	profile_free(w->profile);
	w->profile = NULL;
}
