/*
 * score.c -- SCORE: rows of answers to rows of scores, and these to estimates.
 *
 * Scoring is pure: RUN scores each answer as it is stored, `driftlead score` does it again
 * from the store, and both call score_completion.  What cannot be scored is never a pass:
 *
 *  (1) An answer that did not arrive, was withheld, declined or cut by the token limit is not
 *      scored; under a rate it counts as a failure.
 *  (2) An empty answer, or one that is not UTF-8, scores 0 under a rate and is missing
 *      otherwise, unless the empty text is what the case expects.
 *  (3) Only what the scorer itself cannot decide (nothing is expected, a pattern too costly)
 *      is left out of a rate, and counted.
 */
#include "harness/units.h"

static bool
expects_nothing(const struct test_case *tc)
{
	for (size_t i = 0; i < tc->nexpect; i++)
		if (str_trim(tc->expect[i]).n == 0)
			return true;
	return false;
}

static struct score
not_scored(const struct scorer *scorer, const char *why)
{
	return (struct score){ .scored = scorer->scale != SCALE_REAL, .value = 0, .why = str_of(why) };
}

static struct score
score_one(const struct metric *m, const struct test_case *tc, const struct completion *c,
    struct arena *scratch)
{
	static const char *const why[OUT_COUNT] = {
		[OUT_TRUNCATED] = "cut by the token limit",
		[OUT_FILTERED] = "withheld by a content filter",
		[OUT_DECLINED] = "the model declined",
		[OUT_TIMEOUT] = "no answer in time",
		[OUT_UNAVAILABLE] = "the service was unavailable",
		[OUT_REJECTED] = "the service rejected the request",
		[OUT_GARBAGE] = "the answer was not of the protocol",
	};
	bool usable = c->outcome == OUT_ANSWERED ||
	    (c->outcome == OUT_TRUNCATED && (m->score_truncated || !m->scorer->needs_text));

	if (!usable)                                                            /* (1) */
		return (struct score){ .why = str_of(why[c->outcome]) };
	if (m->scorer->needs_text && c->bad_utf8)                               /* (2) */
		return not_scored(m->scorer, "the answer is not UTF-8");
	if (m->scorer->needs_text && m->scorer->scale != SCALE_REAL && str_trim(c->text).n == 0 &&
	    !expects_nothing(tc))
		return not_scored(m->scorer, "the answer is empty");
	return m->scorer->score(m->params, tc, c, scratch);                     /* (3) */
}

void
score_completion(struct store *st, const struct suite *s, long run, const struct test_case *tc,
    int rep, const struct completion *c, struct score *out, struct arena *scratch)
{
	for (size_t i = 0; i < s->nmetric; i++) {
		struct score score = score_one(&s->metric[i], tc, c, scratch);

		if (out != NULL)
			out[i] = score;
		store_put_score(st, run, (int)i, tc->row, rep, score);
	}
}

/* ---- from the store -------------------------------------------------------------------------- */

static const char answers_sql[] =
	"SELECT c.test_case, c.rep, c.outcome, c.text, c.bad_utf8, c.ms_total, c.ms_first, c.cost,"
	"       c.tokens_in, c.tokens_out, t.case_id, t.expect, t.line"
	"  FROM v_completion c JOIN v_case t ON t.id = c.test_case"
	" WHERE c.run = ? ORDER BY c.test_case, c.rep";

static enum outcome
outcome_of(struct str name)
{
	for (int i = 0; i < OUT_COUNT; i++)
		if (str_is(name, outcome_name[i]))
			return (enum outcome)i;
	bug("the store holds the outcome '%.*s'", STR_ARG(name));
}

void
score_register(struct store *st, const struct suite *s, long run)
{
	for (size_t i = 0; i < s->nmetric; i++) {
		const struct metric *m = &s->metric[i];

		store_run_metric(st, run, (int)i, m->name, m->scorer->name, m->scorer->version,
		    m->params_json, m->scorer->scale, m->scorer->lower_is_better,
		    m->scorer->unit ? m->scorer->unit : "");
	}
}

bool
score_is_current(struct store *st, const struct suite *s, long run)
{
	struct query *q = store_query(st, "SELECT name, scorer, version, params FROM v_metric"
	    " WHERE run = ? ORDER BY metric", "i", run);
	size_t n = 0;
	bool same = true;

	for (; query_next(q); n++)
		same = same && n < s->nmetric && str_is(query_text(q, 0), s->metric[n].name) &&
		    str_is(query_text(q, 1), s->metric[n].scorer->name) &&
		    query_long(q, 2) == s->metric[n].scorer->version &&
		    str_is(query_text(q, 3), s->metric[n].params_json);
	return same && n == s->nmetric;
}

bool
score_differs(struct store *st, long run, long base, const char *metric)
{
	return store_long(st, 0, "SELECT a.scorer <> b.scorer OR a.version <> b.version OR"
	    " a.params <> b.params FROM v_metric a, v_metric b"
	    " WHERE a.run = ? AND b.run = ? AND a.name = ?3 AND b.name = ?3", "iis", run, base,
	    metric) != 0;
}

void
stage_score(struct store *st, const struct suite *s, long run)
{
	struct query *q;
	struct arena scratch = { 0 };

	store_drop_scores(st, run);
	score_register(st, s, run);
	q = store_query(st, answers_sql, "i", run);
	while (query_next(q)) {
		struct completion c = completion_blank();
		struct test_case tc = { .row = query_long(q, 0), .slice = -1, .weight = 1,
			.line = query_long(q, 12) };

		arena_reset(&scratch);
		c.outcome = outcome_of(query_text(q, 2));
		c.text = query_text(q, 3);
		c.bad_utf8 = query_long(q, 4) != 0;
		c.ms_total = query_real(q, 5);
		c.ms_first = query_null(q, 6) ? -1 : query_real(q, 6);
		c.cost = query_null(q, 7) ? -1 : query_real(q, 7);
		c.tokens_in = query_null(q, 8) ? -1 : query_long(q, 8);
		c.tokens_out = query_null(q, 9) ? -1 : query_long(q, 9);
		tc.id = str_cstr(query_text(q, 10), &scratch);
		case_expect(&tc, query_text(q, 11), &scratch);
		score_completion(st, s, run, &tc, (int)query_long(q, 1), &c, NULL, &scratch);
	}
	store_flush(st);
	arena_free(&scratch);
}

void
case_expect(struct test_case *tc, struct str json, struct arena *a)
{
	struct json list, item;
	struct json_fault bad;
	size_t n = 0;

	if (json.n == 0)
		return;
	if (json_parse(json, &list, &bad) != 0)
		die(EXIT_DAMAGED, "the store holds a case whose expected answers are not JSON: %s",
		    bad.why);
	for (struct json_iter it = { .of = list }; json_next(&it, &item); )
		n++;
	tc->expect = arena_array(a, n, sizeof *tc->expect);
	for (struct json_iter it = { .of = list }; json_next(&it, &item); )
		tc->expect[tc->nexpect++] = json_text(item, a);
}

/* ---- estimates ------------------------------------------------------------------------------ */

enum { CONF_PERCENT = 95 };

static void
put(struct store *st, const struct suite *s, long run, int metric, int slice,
    const struct columns *c, long nmissing, struct arena *a)
{
	struct sample x = columns_sample(c, s, metric, slice < 0, a);
	struct estimate e;

	e = sample_estimate(&x, CONF_PERCENT / 100.0, a);
	store_put_estimate(st, run, metric, slice, &e, (long)c->n, nmissing);
}

void
stage_estimate(struct store *st, const struct suite *s, long run, struct arena *a)
{
	store_drop_estimates(st, run);
	for (size_t m = 0; m < s->nmetric; m++) {
		size_t nslice = s->nslice;
		struct columns all = { 0 }, *slice = arena_array(a, nslice, sizeof *slice);
		long missing = 0, *slice_missing = arena_array(a, nslice, sizeof *slice_missing);
		struct unit_reader r = unit_open(st, run, (int)m, s->metric[m].scorer->scale,
		    UNITS_STORED);
		struct unit u;

		while (unit_next(&r, &u)) {
			bool sliced = u.slice >= 0 && (size_t)u.slice < nslice;

			missing += !u.known;
			if (sliced)
				slice_missing[u.slice] += !u.known;
			if (!u.known)
				continue;
			columns_add(&all, &u, u.value);
			if (sliced)
				columns_add(&slice[u.slice], &u, u.value);
		}
		put(st, s, run, (int)m, -1, &all, missing, a);
		columns_free(&all);
		for (size_t i = 0; i < nslice; i++) {
			put(st, s, run, (int)m, (int)i, &slice[i], slice_missing[i], a);
			columns_free(&slice[i]);
		}
	}
}
