/*
 * pairs.c -- cases by their score, in one run or two.
 *
 * The order only chooses which cases are shown; nothing here is an estimate.
 */
#include "reports/reports.h"

/*
 * One row per case: the mean over its repeats.  Under a rate an answer that did not arrive
 * counts 0 (rule 1 of score.c); the %s is that 0 or NULL.  Grouping follows the key, so
 * nothing is sorted.
 */
#define VALUES(run, metric) \
	"SELECT s.test_case, avg(ifnull(s.value, CASE WHEN c.outcome <> 'answered' THEN %s END)) AS v" \
	"  FROM v_score s JOIN v_completion c" \
	"    ON c.run = s.run AND c.test_case = s.test_case AND c.rep = s.rep" \
	" WHERE s.run = " run " AND s.metric = " metric " GROUP BY s.test_case"

static const char *
lost(const struct amount *m)
{
	return m->percent ? "0.0" : "NULL";
}

struct query *
pairs_worst(const struct page *p, const struct amount *m, long limit)
{
	return store_query(p->store, arena_fmt(p->a,
	    "SELECT w.test_case, w.v, t.case_id, t.slice_name FROM ("
	    "SELECT test_case, v FROM (" VALUES("?1", "?2") ")"
	    " ORDER BY v IS NULL, v %s, test_case LIMIT ?3) w"
	    " JOIN v_case t ON t.id = w.test_case ORDER BY v IS NULL, v %s, w.test_case",
	    lost(m), m->lower_is_better ? "DESC" : "ASC", m->lower_is_better ? "DESC" : "ASC"), "iii",
	    p->run, m->metric, limit);
}

#define ANSWER \
	"SELECT c.outcome, c.text, c.why, s.why FROM v_score s JOIN v_completion c" \
	" ON c.run = s.run AND c.test_case = s.test_case AND c.rep = s.rep" \
	" WHERE s.run = ?1 AND s.test_case = ?2 AND s.metric =" \
	" (SELECT metric FROM v_metric WHERE run = ?1 AND name = ?3)" \
	" ORDER BY s.value "

/* Both runs side by side, the cases that both have: a row has test_case, v, base_case, base_v.
 * ?1 ?2 run and metric, ?3 ?4 those of the base.  A case of another suite is the same if its
 * name and bytes are.  Each run is read once, front to back: SQLite would else compute a mean
 * wherever it is named. */
static const char *
both(const struct page *p, const struct amount *m)
{
	static const char suite_of[] = "SELECT suite FROM v_run WHERE id = ?";
	long suite = store_long(p->store, 0, suite_of, "i", p->run);
	long base_suite = store_long(p->store, 0, suite_of, "i", p->base);

	return arena_fmt(p->a, "WITH x AS MATERIALIZED (" VALUES("?1", "?2") "),"
	    " y AS MATERIALIZED (" VALUES("?3", "?4") ")"
	    " SELECT x.test_case, x.v, y.test_case AS base_case, y.v AS base_v FROM x %s",
	    lost(m), lost(m), suite == base_suite ? "JOIN y ON y.test_case = x.test_case" :
	    arena_fmt(p->a, "JOIN v_case t ON t.id = x.test_case JOIN v_case u ON u.suite = %ld"
	    " AND u.case_id = t.case_id AND u.hash = t.hash JOIN y ON y.test_case = u.id",
	    base_suite));
}

long
pairs_base_metric(const struct page *p, const struct amount *m)
{
	return p->base == 0 ? -1 : store_long(p->store, -1,
	    "SELECT metric FROM v_metric WHERE run = ? AND name = ?", "is", p->base, m->name);
}

const char *
pairs_both(const struct page *p, const struct amount *m)
{
	return pairs_base_metric(p, m) < 0 ? NULL : both(p, m);
}

struct query *
pairs_changed(const struct page *p, const struct amount *m, bool worse, long limit)
{
	bool down = worse != m->lower_is_better;
	long metric = pairs_base_metric(p, m);

	if (metric < 0)
		return NULL;
	return store_query(p->store, arena_fmt(p->a,
	    "SELECT w.test_case, w.v, t.case_id, t.slice_name, w.base_case, w.base_v FROM ("
	    "SELECT * FROM (%s) WHERE v %s base_v ORDER BY v - base_v %s, test_case LIMIT ?5) w"
	    " JOIN v_case t ON t.id = w.test_case ORDER BY w.v - w.base_v %s, w.test_case",
	    both(p, m), down ? "<" : ">", down ? "ASC" : "DESC", down ? "ASC" : "DESC"), "iiiii",
	    p->run, m->metric, p->base, metric, limit);
}

bool
pairs_count(const struct page *p, const struct amount *m, long *worse, long *better, long *same)
{
	long metric = pairs_base_metric(p, m);
	struct query *q;

	if (metric < 0)
		return false;
	q = store_query(p->store, arena_fmt(p->a,
	    "SELECT total(v %s base_v), total(v %s base_v), total(v = base_v) FROM (%s)",
	    m->lower_is_better ? ">" : "<", m->lower_is_better ? "<" : ">", both(p, m)), "iiii",
	    p->run, m->metric, p->base, metric);
	if (!query_next(q))
		bug("an aggregate without a row");
	*worse = query_long(q, 0);
	*better = query_long(q, 1);
	*same = query_long(q, 2);
	query_free(q);
	return true;
}

struct query *
pairs_answer(const struct page *p, const struct amount *m, long run, long test_case, bool worst)
{
	return store_query(p->store, worst != m->lower_is_better ? ANSWER "ASC LIMIT 1" :
	    ANSWER "DESC LIMIT 1", "iis", run, test_case, m->name);
}
