/*
 * cmd/log.c -- `driftlead log`: the runs of the store, newest first.
 */
#include "harness/harness.h"

struct options { struct common common; const char *suite; long n; };

static const struct opt options[] = {
	{ "suite", 0, OPT_TEXT, offsetof(struct options, suite), "NAME", "only runs of this suite" },
	{ "max", 'n', OPT_INT, offsetof(struct options, n), "N", "at most N runs (default 20)" },
	{ 0 }
};

static const char log_sql[] =
	"SELECT r.id, r.started, r.suite_name, r.target, r.state, r.ncases,"
	"  (SELECT e.metric_name FROM v_estimate e WHERE e.run = r.id AND e.slice < 0"
	"    AND e.metric = 0),"
	"  (SELECT e.at FROM v_estimate e WHERE e.run = r.id AND e.slice < 0 AND e.metric = 0),"
	"  (SELECT m.scale <> 'real' FROM v_metric m WHERE m.run = r.id AND m.metric = 0),"
	"  (SELECT v.verdict FROM v_verdict v WHERE v.run = r.id AND v.gate IS NULL ORDER BY v.id DESC"
	"    LIMIT 1),"
	"  (SELECT group_concat(b.name, ' ') FROM v_baseline b WHERE b.run = r.id), r.suite_digest"
	"  FROM v_run r WHERE ?1 = '' OR r.suite_name = ?1 ORDER BY r.id DESC LIMIT ?2";

static void
row_json(struct buf *b, struct query *q)
{
	static const char *const key[] = { "id", "started", "suite", "target", "state", "cases",
		"metric", "at", NULL, "verdict", "baseline", "suite_digest" };

	buf_char(b, '{');
	for (int i = 0; i < (int)COUNT(key); i++) {
		if (key[i] == NULL)
			continue;
		buf_key(b, key[i]);
		query_json(q, i, b);
	}
	buf_char(b, '}');
}

static void
row_text(struct buf *b, struct query *q, struct arena *a)
{
	buf_fmt(b, "%5ld  %.*s  ", query_long(q, 0), STR_ARG(query_text(q, 1)));
	buf_str(b, str_visible(query_text(q, 2), 30, false, a));
	buf_puts(b, " on ");
	buf_str(b, str_visible(query_text(q, 3), 30, false, a));
	if (!str_is(query_text(q, 4), "complete"))
		buf_fmt(b, "  (%.*s)", STR_ARG(query_text(q, 4)));
	buf_fmt(b, "  %ld cases", query_long(q, 5));
	if (!query_null(q, 7)) {
		buf_puts(b, "  ");
		buf_str(b, str_visible(query_text(q, 6), 30, false, a));
		buf_fmt(b, query_long(q, 8) ? " %.1f %%" : " %.4g",
		    query_real(q, 7) * (query_long(q, 8) ? 100 : 1));
	}
	if (!query_null(q, 9))
		buf_fmt(b, "  %.*s", STR_ARG(query_text(q, 9)));
	if (!query_null(q, 10)) {
		buf_puts(b, "  [");
		buf_str(b, str_visible(query_text(q, 10), 40, false, a));
		buf_char(b, ']');
	}
	buf_char(b, '\n');
}

static int
run_log(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct query *q = store_query(s->store, log_sql, "si", o->suite ? o->suite : "",
	    o->n);
	bool first = true;

	(void)e;
	buf_puts(&s->out, o->common.json ? "{\"runs\":[" : "");
	while (query_next(q)) {
		if (o->common.json && !first)
			buf_char(&s->out, ',');
		if (o->common.json)
			row_json(&s->out, q);
		else
			row_text(&s->out, q, s->arena);
		first = false;
	}
	buf_puts(&s->out, o->common.json ? "]}\n" : first ? "no runs\n" : "");
	return EXIT_PASS;
}

const struct command command_log = {
	.name = "log", .chapter = "read", .operands = "", .help = "the runs of the store, newest first",
	.options = options, .size = sizeof(struct options),
	.defaults = &(const struct options){ .n = 20 }, .needs = NEEDS_PROJECT | NEEDS_STORE_READ,
	.main = run_log,
};
