/*
 * fates.c -- what became of each case of a run, by the suite's first metric.
 *
 * A rate below its full score is a failure; a value of another scale has no right or wrong and
 * only a gate judges it.
 */
#include "reports/reports.h"

enum { TEXT_MAX = 2000 };

/* Of one answer, and of a case the worst of its repeats; `rate` says whether the metric is one. */
#define FATE(rate) \
	"CASE WHEN NOT c.measured THEN 2 WHEN c.outcome <> 'answered' THEN 1" \
	" WHEN s.value IS NULL THEN 3 WHEN " rate " AND s.value < 1 THEN 1 ELSE 0 END"
#define CASES(rate) \
	"SELECT s.test_case AS test_case, max(" FATE(rate) ") AS fate, avg(s.value) AS v," \
	" max(c.ms_total) AS ms" \
	" FROM v_score s JOIN v_completion c ON c.run = s.run AND c.test_case = s.test_case" \
	" AND c.rep = s.rep WHERE s.run = ?1 AND s.metric = ?2 GROUP BY s.test_case"

struct query *
fates_by_slice(const struct page *p, const struct amount *m, long limit)
{
	const char *order = m->lower_is_better ? "DESC" : "ASC";

	return store_query(p->store, arena_fmt(p->a,
	    "SELECT w.test_case, w.fate, w.ms, t.case_id, t.line, t.slice, t.slice_name FROM ("
	    "SELECT * FROM (" CASES("?3") ") ORDER BY fate = 0, fate, v %s, test_case LIMIT ?4) w"
	    " JOIN v_case t ON t.id = w.test_case"
	    " ORDER BY t.slice, w.fate = 0, w.fate, w.v %s, w.test_case", order, order), "iiii",
	    p->run, m->metric, (long)m->percent, limit);
}

long
fates_count(const struct page *p, const struct amount *m, long n[FATES])
{
	struct query *q = store_query(p->store, "SELECT fate, count(*) FROM (" CASES("?3") ")"
	    " GROUP BY fate", "iii", p->run, m->metric, (long)m->percent);

	memset(n, 0, FATES * sizeof *n);
	while (query_next(q))
		n[query_long(q, 0)] = query_long(q, 1);
	return n[FATE_FAILED] + n[FATE_ERROR] + n[FATE_SKIPPED];
}

/* The columns of a row of both queries below: those of the case, and of it in the baseline. */
#define FAILING \
	"SELECT w.test_case, w.fate, t.case_id, t.line, t.slice_name, t.hash, w.base_case," \
	" w.regression FROM (%s ORDER BY regression DESC, fate, v %s, test_case LIMIT %ld) w" \
	" JOIN v_case t ON t.id = w.test_case" \
	" ORDER BY w.regression DESC, w.fate, w.v %s, w.test_case"

struct query *
fates_failing(const struct page *p, const struct amount *m, long limit)
{
	const char *order = m->lower_is_better ? "DESC" : "ASC", *both = pairs_both(p, m);

	if (both == NULL)
		return store_query(p->store, arena_fmt(p->a, FAILING,
		    "SELECT *, 0 AS base_case, 0 AS regression FROM (" CASES("?3") ") WHERE fate <> 0",
		    order, limit, order), "iii", p->run, m->metric, (long)m->percent);
	both = arena_fmt(p->a, "SELECT f.*, x.base_case AS base_case, ?5 AND ifnull(x.v %s x.base_v, 0)"
	    " AS regression FROM (" CASES("?5") ") f LEFT JOIN (%s) x ON x.test_case = f.test_case"
	    " WHERE f.fate <> 0", m->lower_is_better ? ">" : "<", both);
	return store_query(p->store, arena_fmt(p->a, FAILING, both, order, limit, order), "iiiii",
	    p->run, m->metric, p->base, pairs_base_metric(p, m), (long)m->percent);
}

bool
fates_next(struct query *q, struct failing *f)
{
	if (!query_next(q))
		return false;
	*f = (struct failing){ .test_case = query_long(q, 0), .fate = (enum fate)query_long(q, 1),
		.id = query_text(q, 2), .line = query_long(q, 3), .slice = query_text(q, 4),
		.hash = query_text(q, 5), .base_case = query_long(q, 6),
		.regression = query_long(q, 7) != 0 };
	return true;
}

/* Of the JSON array of answers that count, what people would write. */
static struct str
expected(struct str array, struct arena *a)
{
	struct json_fault fault;
	struct json root, item;
	struct json_iter it;
	struct buf b = { 0 };
	struct str s;

	if (json_parse(array, &root, &fault) != 0 || root.type != JT_ARRAY)
		return str_dup(html_cut(array, TEXT_MAX + 1), a);
	it = (struct json_iter){ .of = root };
	while (b.n <= TEXT_MAX && json_next(&it, &item)) {
		buf_puts(&b, b.n > 0 ? " or " : "");
		buf_str(&b, item.type == JT_STRING ? json_text(item, a) : item.raw);
	}
	s = str_dup(html_cut(buf_as_str(&b), TEXT_MAX + 1), a);
	buf_free(&b);
	return s;
}

bool
fates_trouble(const struct page *p, const struct amount *m, long test_case, struct trouble *t,
    struct arena *a)
{
	struct query *q = store_query(p->store, "SELECT c.outcome, c.why, s.why, t.expect, c.text, "
	    FATE("?4") " AS fate FROM v_score s JOIN v_completion c ON c.run = s.run"
	    " AND c.test_case = s.test_case AND c.rep = s.rep"
	    " JOIN v_case t ON t.id = s.test_case"
	    " WHERE s.run = ?1 AND s.metric = ?2 AND s.test_case = ?3"
	    " ORDER BY fate DESC, s.rep LIMIT 1", "iiii", p->run, m->metric, test_case,
	    (long)m->percent);
	struct str message;

	if (!query_next(q))
		return false;
	message = query_text(q, 2).n > 0 ? query_text(q, 2) : query_text(q, 1).n > 0 ?
	    query_text(q, 1) : query_text(q, 0);
	*t = (struct trouble){ .outcome = str_dup(query_text(q, 0), a),
		.message = str_dup(html_cut(message, TEXT_MAX), a),
		.why = str_dup(html_cut(query_text(q, 1), TEXT_MAX + 1), a),
		.expect = expected(query_text(q, 3), a),
		.text = str_dup(html_cut(query_text(q, 4), TEXT_MAX + 1), a) };
	query_free(q);
	return true;
}

const char *
fates_rule(enum fate fate)
{
	static const char *const rule[FATES] = { "case/passed", "case/wrong", "case/unanswered",
		"case/not-scored" };

	return rule[fate];
}

struct str
fates_sentence(const struct failing *f, const struct trouble *t, struct arena *a)
{
	static const char *const what[FATES] = { "passed", "not right", "not answered by the service",
		"cannot be scored" };
	struct buf b = { 0 };
	struct str s;

	buf_puts(&b, "case '");
	buf_str(&b, str_visible(f->id, 200, false, a));
	buf_puts(&b, f->slice.n > 0 ? "' (slice " : "'");
	buf_str(&b, str_visible(f->slice, 100, false, a));
	buf_fmt(&b, "%s is %s%s: ", f->slice.n > 0 ? ")" : "", what[f->fate],
	    f->regression ? ", and was better in the baseline" : "");
	buf_str(&b, str_visible(t->message, 300, false, a));
	s = str_dup(buf_as_str(&b), a);
	buf_free(&b);
	return s;
}

void
fates_fingerprint(const struct subject *s, const char *rule, struct str name, struct str hash,
    char hex[33])
{
	struct sha256 sum = sha256_begin();
	unsigned char raw[32];

	sha256_field(&sum, str_of(s->suite));
	sha256_field(&sum, str_of(rule));
	sha256_field(&sum, name);
	sha256_field(&sum, hash);
	sha256_end_raw(&sum, raw);
	hex_of(raw, 16, hex);
}
