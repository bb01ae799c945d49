/*
 * past.c -- the complete runs of a suite by name, and which of them can be compared.
 */
#include "harness/past.h"

#define COMPLETE "FROM v_run r WHERE suite_name = ?1 AND state = 'complete' AND" \
	" (?2 = '' OR target = ?2) AND (?3 = '' OR EXISTS (SELECT 1 FROM v_metric m" \
	" WHERE m.run = r.id AND m.name = ?3))"

const char *
past_suite(struct store *st, const char *word, const struct roots *roots, struct arena *a,
    struct err *e)
{
	struct suite *s;

	if (store_long(st, 0, "SELECT count(*) FROM v_run WHERE suite_name = ?", "s", word) > 0)
		return word;
	if (strchr(word, '/') == NULL && strchr(word, '.') == NULL && !file_is_dir(word)) {
		err_set(e, "no run of a suite named '%s' is in the store; 'driftlead log' shows the runs",
		    word);
		return NULL;
	}
	s = suite_load(word, roots, a, e);
	if (s != NULL && store_long(st, 0, "SELECT count(*) FROM v_run WHERE suite_name = ?", "s",
	    s->name) == 0) {
		err_set(e, "no run of suite '%s' is in the store; 'driftlead run %s' makes one", s->name,
		    word);
		return NULL;
	}
	return s ? s->name : NULL;
}

struct past
past_runs(struct store *st, const char *suite, const char *target, const char *metric,
    struct arena *a)
{
	const char *t = target ? target : "", *m = metric ? metric : "";
	long n = store_long(st, 0, "SELECT count(*) " COMPLETE, "sss", suite, t, m);
	struct past p = { .run = arena_array(a, (size_t)n + 1, sizeof *p.run) };
	struct query *q = store_query(st, "SELECT id, suite, target, target_digest, suite_digest,"
	    " prompt_digest, started, filter, ndone < ncalls " COMPLETE
	    " ORDER BY started_ms, id", "sss", suite, t, m);

	while (query_next(q)) {
		if (query_text(q, 7).n > 0)
			p.partial++;
		if (query_text(q, 7).n > 0 || p.n == (size_t)n)     /* others may write meanwhile */
			continue;
		p.run[p.n++] = (struct past_run){ .id = query_long(q, 0), .suite = query_long(q, 1),
			.target = str_cstr(query_text(q, 2), a),
			.target_digest = str_cstr(query_text(q, 3), a),
			.suite_digest = str_cstr(query_text(q, 4), a),
			.prompt_digest = str_cstr(query_text(q, 5), a),
			.started = str_cstr(query_text(q, 6), a),
			.early = query_long(q, 8) != 0 };
	}
	return p;
}

/* Whether something of suite a is not the same in suite b. */
static bool
lacks(struct store *st, const char *sql, long a, long b)
{
	return store_long(st, 0, sql, "ii", a, b) != 0;
}

const char *
past_differs(struct store *st, const struct past_run *a, const struct past_run *b,
    const char *metric)
{
	static const char cases[] = "SELECT EXISTS (SELECT 1 FROM v_case a WHERE a.suite = ?1 AND NOT"
		" EXISTS (SELECT 1 FROM v_case b WHERE b.suite = ?2 AND b.case_id = a.case_id AND"
		" b.hash = a.hash AND b.slice_name = a.slice_name AND b.weight = a.weight))";
	static const char shares[] = "SELECT EXISTS (SELECT 1 FROM v_slice a WHERE a.suite = ?1 AND NOT"
		" EXISTS (SELECT 1 FROM v_slice b WHERE b.suite = ?2 AND b.name = a.name AND"
		" b.share = a.share))";

	if (strcmp(a->prompt_digest, b->prompt_digest) != 0)
		return "another prompt";
	if (score_differs(st, a->id, b->id, metric))
		return "another scorer";
	if (a->suite == b->suite)
		return NULL;
	if (lacks(st, cases, a->suite, b->suite) || lacks(st, cases, b->suite, a->suite))
		return "other cases";
	if (lacks(st, shares, a->suite, b->suite) || lacks(st, shares, b->suite, a->suite))
		return "other shares of slices";
	return NULL;
}

const struct scorer *
past_scorer(struct store *st, long run, const char *metric)
{
	struct query *q = store_query(st, "SELECT scorer FROM v_metric WHERE run = ? AND name = ?",
	    "is", run, metric);
	const struct scorer *s = NULL;
	struct arena a = { 0 };

	if (query_next(q)) {
		s = scorer_find(str_cstr(query_text(q, 0), &a));
		query_free(q);
	}
	arena_free(&a);
	return s;
}
