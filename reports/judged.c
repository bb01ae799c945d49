/*
 * judged.c -- the verdicts on a run as gate.c stored them.
 */
#include "reports/reports.h"

/* The columns that judged_next reads. */
#define ROW "SELECT verdict, reason, json, ifnull(gate, '') FROM v_verdict" \
	" WHERE run = ? AND ifnull(base, 0) = ? AND gate IS "

struct query *
judged_gates(const struct page *p, bool worst_first)
{
	const char *sql = worst_first ? ROW "NOT NULL ORDER BY CASE verdict WHEN 'FAIL' THEN 0"
	    " WHEN 'INVALID' THEN 1 WHEN 'INCONCLUSIVE' THEN 2 ELSE 3 END, id" :
	    ROW "NOT NULL ORDER BY id";

	return store_query(p->store, sql, "ii", p->run, p->base);
}

bool
judged_next(struct query *q, struct judged_row *j, struct arena *a)
{
	struct json_fault fault;
	struct json root;

	if (!query_next(q))
		return false;
	*j = (struct judged_row){ .verdict = str_dup(query_text(q, 0), a),
		.code = str_dup(query_text(q, 1), a), .gate = str_dup(query_text(q, 3), a) };
	j->reason = j->code;
	if (json_parse(str_dup(query_text(q, 2), a), &root, &fault) != 0)
		return true;
	j->json = root;
	j->metric = json_text(json_get(root, "metric"), a);
	if (json_get(root, "slice").type == JT_STRING)
		j->slice = json_text(json_get(root, "slice"), a);
	if (json_get(root, "reason").type == JT_STRING)
		j->reason = json_text(json_get(root, "reason"), a);
	if (json_get(root, "gate").type == JT_STRING)
		j->deciding = json_text(json_get(root, "gate"), a);
	j->advisory = json_get(root, "advisory").type == JT_TRUE;
	return true;
}

bool
judged_release(const struct page *p, struct judged_row *j)
{
	struct query *q = store_query(p->store, ROW "NULL ORDER BY id DESC LIMIT 1", "ii", p->run,
	    p->base);
	bool found = judged_next(q, j, p->a);

	if (found)
		query_free(q);
	return found;
}

bool
judged_is(const struct judged_row *j, enum verdict v)
{
	return str_is(j->verdict, verdict_name[v]);
}

enum severity
judged_severity(const struct judged_row *j)
{
	if (judged_is(j, PASS))
		return SEVERITY_NONE;
	if (judged_is(j, INCONCLUSIVE))
		return j->advisory ? SEVERITY_NOTE : SEVERITY_WARNING;
	return j->advisory ? SEVERITY_WARNING : SEVERITY_ERROR;
}

const char *
judged_title(const struct judged_row *j, struct arena *a)
{
	return arena_fmt(a, "%.*s: %sgate '%.*s'", STR_ARG(j->verdict), j->advisory ? "advisory " : "",
	    STR_ARG(j->gate));
}
