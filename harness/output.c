/*
 * output.c -- a run as JSON and as a few lines for people; both read the views.
 */
#include "harness/harness.h"

static void
column(struct buf *b, const char *key, struct query *q, int col)
{
	buf_key(b, key);
	query_json(q, col, b);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static const char run_sql[] =
	"SELECT suite_name, suite_digest, prompt_digest, target, target_digest, state, ncases, ncalls,"
	"       seconds, started, ended, program, filter, serving, command, host"
	"  FROM v_run WHERE id = ?";
static const char totals_sql[] =
	"SELECT count(*), sum(attempts), sum(tokens_in), sum(tokens_out), sum(cost),"
	"       sum(measured = 0) FROM v_completion WHERE run = ?";

static void
outcomes(struct buf *b, struct store *st, long run)
{
	struct query *q = store_query(st, "SELECT outcome, count(*) FROM v_completion WHERE run = ?"
	    " GROUP BY outcome", "i", run);
	long n[OUT_COUNT] = { 0 };

	while (query_next(q))
		for (int i = 0; i < OUT_COUNT; i++)
			if (str_is(query_text(q, 0), outcome_name[i]))
				n[i] = query_long(q, 1);
	buf_key(b, "outcomes");
	buf_char(b, '{');
	for (int i = 0; i < OUT_COUNT; i++)
		buf_key_long(b, outcome_name[i], n[i]);
	buf_char(b, '}');
}

static void
estimates(struct buf *b, struct store *st, long run)
{
	struct query *q = store_query(st, "SELECT metric_name, slice, slice_name, at, lo, hi, n,"
	    " method, nscored, nmissing FROM v_estimate WHERE run = ?"
	    " ORDER BY slice >= 0, metric, slice", "i", run);
	bool first = true;

	buf_key(b, "estimates");
	buf_char(b, '[');
	while (query_next(q)) {
		buf_puts(b, first ? "{" : ",{");
		first = false;
		buf_key_text(b, "metric", query_text(q, 0));
		if (query_long(q, 1) < 0)
			buf_key_null(b, "slice");
		else
			buf_key_text(b, "slice", query_text(q, 2));
		column(b, "at", q, 3);
		column(b, "lo", q, 4);
		column(b, "hi", q, 5);
		column(b, "n", q, 6);
		buf_key_text(b, "method", query_text(q, 7));
		column(b, "missing", q, 9);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

void
output_run_json(struct buf *b, struct store *st, long run)
{
	struct query *q = store_query(st, run_sql, "i", run), *t;

	if (!query_next(q))
		bug("run %ld vanished", run);
	buf_key(b, "run");
	buf_fmt(b, "{\"id\":%ld", run);
	buf_key_text(b, "suite", query_text(q, 0));
	buf_key_text(b, "target", query_text(q, 3));
	buf_key_text(b, "state", query_text(q, 5));
	buf_key(b, "digests");
	buf_char(b, '{');
	buf_key_text(b, "suite", query_text(q, 1));
	buf_key_text(b, "prompt", query_text(q, 2));
	buf_key_text(b, "target", query_text(q, 4));
	buf_char(b, '}');
	column(b, "cases", q, 6);
	column(b, "planned_calls", q, 7);
	outcomes(b, st, run);
	t = store_query(st, totals_sql, "i", run);
	if (query_next(t)) {
		column(b, "answers", t, 0);
		column(b, "calls", t, 1);
		buf_key(b, "tokens");
		buf_char(b, '{');
		column(b, "in", t, 2);
		column(b, "out", t, 3);
		buf_char(b, '}');
		column(b, "cost", t, 4);
		query_free(t);
	}
	column(b, "seconds", q, 8);
	buf_key_text(b, "started", query_text(q, 9));
	buf_key_text(b, "ended", query_text(q, 10));
	buf_key_text(b, "program", query_text(q, 11));
	buf_key_text(b, "filter", query_text(q, 12));
	buf_key(b, "serving");
	if (query_text(q, 13).n)
		buf_str(b, query_text(q, 13));
	else
		buf_puts(b, "null");
	buf_key_text(b, "command", query_text(q, 14));
	buf_key_text(b, "host", query_text(q, 15));
	buf_char(b, '}');
	query_free(q);
	estimates(b, st, run);
}

/* ---- for people ------------------------------------------------------------------------------ */

static void
estimate_lines(struct buf *b, struct store *st, long run, bool slices)
{
	struct query *q = store_query(st, "SELECT e.metric_name, e.slice, e.slice_name, e.at, e.lo,"
	    " e.hi, e.n, e.nmissing, m.scale <> 'real', m.unit FROM v_estimate e"
	    " JOIN v_metric m ON m.run = e.run AND m.metric = e.metric"
	    " WHERE e.run = ? AND (e.slice < 0 OR ?) ORDER BY e.metric, e.slice", "ii", run,
	    (long)slices);
	struct arena a = { 0 };

	while (query_next(q)) {
		bool rate = query_long(q, 8) != 0;
		struct str unit = query_text(q, 9);

		arena_reset(&a);
		buf_fmt(b, "  %s", query_long(q, 1) < 0 ? "" : "  ");
		buf_str(b, str_visible(query_text(q, query_long(q, 1) < 0 ? 0 : 2), 60, false, &a));
		buf_puts(b, "  ");
		if (query_null(q, 3)) {
			buf_puts(b, "not measured");
		} else {
			quantity_write(b, query_real(q, 3), rate, unit, false);
			if (!query_null(q, 4)) {
				buf_puts(b, "  [");
				quantity_write(b, query_real(q, 4), rate, unit, false);
				buf_puts(b, ", ");
				quantity_write(b, query_real(q, 5), rate, unit, false);
				buf_puts(b, "]");
			}
		}
		buf_fmt(b, "  n %ld", query_long(q, 6));
		if (query_long(q, 7) > 0)
			buf_fmt(b, ", %ld not scored", query_long(q, 7));
		buf_char(b, '\n');
	}
	arena_free(&a);
}

void
output_run_text(struct buf *b, struct store *st, long run, bool slices)
{
	struct query *q = store_query(st, run_sql, "i", run), *t;
	struct arena a = { 0 };

	if (!query_next(q))
		bug("run %ld vanished", run);
	buf_fmt(b, "run %ld  ", run);
	buf_str(b, str_visible(query_text(q, 0), 80, false, &a));
	buf_puts(b, " on ");
	buf_str(b, str_visible(query_text(q, 3), 80, false, &a));
	if (!str_is(query_text(q, 5), "complete"))
		buf_fmt(b, "  (%.*s)", STR_ARG(query_text(q, 5)));
	t = store_query(st, totals_sql, "i", run);
	if (query_next(t)) {
		buf_fmt(b, "  %ld cases, %ld answers, %ld unanswered, %.1f s", query_long(q, 6),
		    query_long(t, 0), query_long(t, 5), query_real(q, 8));
		if (query_real(t, 4) > 0)
			buf_fmt(b, ", $%.4g", query_real(t, 4));
		query_free(t);
	}
	buf_fmt(b, "\n  suite digest %.*s\n", STR_ARG(str_sub(query_text(q, 1), 0, 16)));
	query_free(q);
	estimate_lines(b, st, run, slices);
	arena_free(&a);
}

/* ---- a run's suite -------------------------------------------------------------------------- */

struct suite *
suite_of_run(struct store *st, long run, struct arena *a, struct err *e)
{
	struct query *q = store_query(st, "SELECT s.source, s.path, s.id, s.digest, s.prompt_digest,"
	    " s.ncases FROM v_run r JOIN v_suite s ON s.id = r.suite WHERE r.id = ?", "i", run);
	struct suite *s;
	long n, row, ncases;
	const char *digest, *prompt_digest, *path;
	struct str source;

	if (!query_next(q)) {
		err_set(e, "there is no run %ld", run);
		return NULL;
	}
	source = str_dup(query_text(q, 0), a);
	path = str_cstr(query_text(q, 1), a);
	row = query_long(q, 2);
	digest = str_cstr(query_text(q, 3), a);
	prompt_digest = str_cstr(query_text(q, 4), a);
	ncases = query_long(q, 5);
	query_free(q);
	if ((s = suite_from_source(source, path, a, e)) == NULL)
		return NULL;
	s->row = row;
	s->ncases = ncases;
	snprintf(s->digest, sizeof s->digest, "%s", digest);
	snprintf(s->prompt_digest, sizeof s->prompt_digest, "%s", prompt_digest);
	if (s->nslice == 0 && s->has_slices) {
		n = store_long(st, 0, "SELECT count(*) FROM v_slice WHERE suite = ?", "i", row);
		s->slice = arena_array(a, (size_t)n, sizeof *s->slice);
		q = store_query(st, "SELECT name FROM v_slice WHERE suite = ? ORDER BY slice", "i", row);
		while (query_next(q))
			s->slice[s->nslice++].name = str_cstr(query_text(q, 0), a);
	}
	return s;
}

int
suite_take_metrics(struct suite *s, struct store *st, long run, struct arena *a, struct err *e)
{
	struct query *q = store_query(st, "SELECT name, scorer, params FROM v_metric WHERE run = ?"
	    " ORDER BY metric", "i", run);
	struct metric *now = arena_array(a, (size_t)store_long(st, 0,
	    "SELECT count(*) FROM v_metric WHERE run = ?", "i", run), sizeof *now);
	size_t n = 0;
	int before = e->n;

	for (; query_next(q); n++) {
		const char *scorer = str_cstr(query_text(q, 1), a);

		now[n] = (struct metric){ .name = str_cstr(query_text(q, 0), a),
			.scorer = scorer_find(scorer), .params_json = str_cstr(query_text(q, 2), a) };
		if (now[n].scorer == NULL)
			err_set(e, "run %ld was scored by '%s', which this driftlead does not have", run,
			    scorer);
	}
	for (size_t i = 0; i < s->ngate && e->n == before; i++) {
		struct gate *g = &s->gate[i];
		const struct metric *old = &s->metric[g->metric];
		size_t m = 0;

		while (m < n && strcmp(now[m].name, old->name) != 0)
			m++;
		if (m == n)
			err_set(e, "gate '%s': run %ld was last scored without metric '%s'; "
			    "'driftlead score %ld' brings it back", g->name, run, old->name, run);
		else if (now[m].scorer->scale != old->scorer->scale)
			err_set(e, "gate '%s': run %ld was last scored with a metric '%s' of another scale; "
			    "'driftlead score %ld' brings the old one back", g->name, run, old->name, run);
		g->metric = (int)m;
	}
	s->metric = now;
	s->nmetric = n;
	return e->n == before ? 0 : -1;
}

/* ---- which run a word means ----------------------------------------------------------------- */

long
run_baseline(struct store *st, const char *suite)
{
	return store_long(st, 0, "SELECT run FROM v_baseline WHERE suite_name = ? AND"
	    " name = 'baseline'", "s", suite);
}

long
run_resolve(struct store *st, const char *word, const char *suite, struct err *e)
{
	long id, back = 0;
	const char *tilde = strchr(word, '~');
	struct str name = { word, tilde ? (size_t)(tilde - word) : strlen(word) };

	if (str_long(str_of(word), &id)) {
		if (store_long(st, 0, "SELECT count(*) FROM v_run WHERE id = ?", "i", id) == 0) {
			err_set(e, "there is no run %ld; 'driftlead log' shows them", id);
			return 0;
		}
		return id;
	}
	if (tilde != NULL && !str_long(str_of(tilde + 1), &back)) {
		err_set(e, "run '%s': after '~' comes a number", word);
		return 0;
	}
	if (str_is(name, "last"))
		id = store_long(st, 0, "SELECT id FROM v_run WHERE (?1 = '' OR suite_name = ?1)"
		    " ORDER BY id DESC LIMIT 1 OFFSET ?2", "si", suite ? suite : "", back);
	else if ((id = store_long(st, 0, "SELECT run FROM v_baseline WHERE name = ?1 AND"
	    " (?2 = '' OR suite_name = ?2) ORDER BY time_ms DESC LIMIT 1", "ts", name,
	    suite ? suite : "")) == 0)
		id = store_long(st, 0, "SELECT id FROM v_run WHERE target = ?1 AND state = 'complete' AND"
		    " (?2 = '' OR suite_name = ?2) ORDER BY id DESC LIMIT 1 OFFSET ?3", "tsi", name,
		    suite ? suite : "", back);
	if (id == 0)
		err_set(e, "no run is meant by '%s': give a number, 'last', 'last~1', a baseline's or a "
		    "target's name", word);
	return id;
}
