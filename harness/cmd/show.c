/*
 * cmd/show.c -- `driftlead show RUN [CASE]`: a run's summary, or one case with its answers.
 */
#include "harness/harness.h"

struct options { struct common common; bool slices; };

static const struct opt options[] = {
	{ "slices", 's', OPT_FLAG, offsetof(struct options, slices), NULL,
	  "an estimate for every slice" },
	{ 0 }
};

static const char case_sql[] =
	"SELECT c.rep, c.outcome, c.text, c.why, c.ms_total, c.tokens_in, c.tokens_out, c.attempts,"
	"       c.served, c.finish, t.messages, t.expect, t.slice_name, t.line, c.test_case"
	"  FROM v_completion c JOIN v_case t ON t.id = c.test_case"
	" WHERE c.run = ? AND c.case_id = ? ORDER BY c.rep";

static void
scores(struct session *s, long run, long test_case, long rep, bool json)
{
	struct query *q = store_query(s->store, "SELECT metric_name, value, why FROM v_score"
	    " WHERE run = ? AND test_case = ? AND rep = ? ORDER BY metric", "iii", run, test_case, rep);
	bool first = true;

	buf_puts(&s->out, json ? ",\"scores\":[" : "");
	while (query_next(q)) {
		if (json) {
			buf_puts(&s->out, first ? "{" : ",{");
			buf_key_text(&s->out, "metric", query_text(q, 0));
			buf_key(&s->out, "value");
			query_json(q, 1, &s->out);
			buf_key_text(&s->out, "why", query_text(q, 2));
			buf_char(&s->out, '}');
		} else {
			buf_puts(&s->out, "  ");
			buf_str(&s->out, str_visible(query_text(q, 0), 60, false, s->arena));
			if (query_null(q, 1))
				buf_puts(&s->out, "  not scored");
			else
				buf_fmt(&s->out, "  %.6g", query_real(q, 1));
			if (query_text(q, 2).n)
				buf_puts(&s->out, ": ");
			buf_str(&s->out, str_visible(query_text(q, 2), 200, false, s->arena));
			buf_char(&s->out, '\n');
		}
		first = false;
	}
	buf_puts(&s->out, json ? "]" : "");
}

static void
case_text(struct session *s, struct query *q, long run, const char *id)
{
	struct buf *b = &s->out;

	if (query_long(q, 0) == 0) {
		struct json list, m;
		struct json_fault bad;

		buf_fmt(b, "case %s  line %ld", id, query_long(q, 13));
		if (query_text(q, 12).n)
			buf_puts(b, "  slice ");
		buf_str(b, str_visible(query_text(q, 12), 60, false, s->arena));
		buf_char(b, '\n');
		if (json_parse(query_text(q, 10), &list, &bad) == 0)
			for (struct json_iter it = { .of = list }; json_next(&it, &m); ) {
				buf_puts(b, "  ");
				buf_str(b, str_visible(json_text(json_get(m, "role"), s->arena), 20, false,
				    s->arena));
				buf_puts(b, ": ");
				buf_indented(b, str_visible(json_text(json_get(m, "content"), s->arena), 4000, true,
				    s->arena), "    ");
				buf_char(b, '\n');
			}
		buf_puts(b, "  expected: ");
		buf_str(b, str_visible(query_text(q, 11), 1000, false, s->arena));
		buf_char(b, '\n');
	}
	buf_fmt(b, "answer %ld  %.*s  %.0f ms, %ld attempts", query_long(q, 0) + 1,
	    STR_ARG(query_text(q, 1)), query_real(q, 4), query_long(q, 7));
	if (!query_null(q, 6))
		buf_fmt(b, ", %ld tokens in, %ld out", query_long(q, 5), query_long(q, 6));
	buf_puts(b, "\n  ");
	buf_indented(b, str_visible(query_text(q, 2), 8000, true, s->arena), "  ");
	buf_char(b, '\n');
	if (query_text(q, 3).n) {
		buf_puts(b, "  why: ");
		buf_str(b, str_visible(query_text(q, 3), 500, false, s->arena));
		buf_char(b, '\n');
	}
	scores(s, run, query_long(q, 14), query_long(q, 0), false);
}

static void
case_json(struct session *s, struct query *q, long run, bool first)
{
	static const char *const key[] = { "rep", "outcome", "text", "why", "ms", "tokens_in",
		"tokens_out", "attempts", "served", "finish", "messages", "expect", "slice", "line" };
	struct buf *b = &s->out;

	buf_puts(b, first ? "{" : ",{");
	for (int i = 0; i < (int)COUNT(key); i++) {
		buf_key(b, key[i]);
		if ((i == 10 || i == 11) && !query_null(q, i))
			buf_str(b, query_text(q, i).n ? query_text(q, i) : STR("[]"));
		else
			query_json(q, i, b);
	}
	scores(s, run, query_long(q, 14), query_long(q, 0), true);
	buf_char(b, '}');
}

static int
show_case(struct session *s, long run, const char *id, bool json, struct err *e)
{
	struct query *q = store_query(s->store, case_sql, "is", run, id);
	bool first = true;

	while (query_next(q)) {
		if (json && first) {
			buf_fmt(&s->out, "{\"run\":%ld", run);
			buf_key_text(&s->out, "case", str_of(id));
			buf_puts(&s->out, ",\"answers\":[");
		}
		if (json)
			case_json(s, q, run, first);
		else
			case_text(s, q, run, id);
		first = false;
	}
	buf_puts(&s->out, json && !first ? "]}\n" : "");
	if (first) {
		err_set(e, "run %ld has no answer to a case '%s'", run, id);
		return EXIT_MISTAKE;
	}
	return EXIT_PASS;
}

static void
verdicts(struct session *s, long run, bool json)
{
	struct query *q = store_query(s->store, "SELECT gate, verdict, reason, base, json"
	    " FROM v_verdict WHERE run = ? AND base IS"
	    " (SELECT base FROM v_verdict WHERE run = ? ORDER BY id DESC LIMIT 1)"
	    " ORDER BY gate IS NULL, id", "ii", run, run);
	struct buf gates = { 0 };
	const char *whole = "null";

	while (query_next(q)) {
		bool release = query_null(q, 0);

		if (json && release) {
			whole = str_cstr(query_text(q, 4), s->arena);
		} else if (json) {
			buf_puts(&gates, gates.n ? "," : "");
			buf_str(&gates, query_text(q, 4));
		} else {
			buf_fmt(&s->out, release ? "%.*s" : "  %-12.*s  ", STR_ARG(query_text(q, 1)));
			buf_str(&s->out, str_visible(query_text(q, 0), 60, false, s->arena));
			buf_fmt(&s->out, "  %.*s\n", STR_ARG(query_text(q, 2)));
		}
	}
	if (json)
		buf_fmt(&s->out, ",\"verdict\":%s,\"gates\":[%s]", whole, gates.p ? gates.p : "");
	buf_free(&gates);
}

static int
show(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	long run = run_resolve(s->store, s->operand.text[0], NULL, e);

	if (run == 0)
		return EXIT_MISTAKE;
	if (s->operand.n == 2)
		return show_case(s, run, s->operand.text[1], o->common.json, e);
	if (o->common.json) {
		buf_char(&s->out, '{');
		output_run_json(&s->out, s->store, run);
		verdicts(s, run, true);
		buf_puts(&s->out, "}\n");
	} else {
		output_run_text(&s->out, s->store, run, o->slices);
		verdicts(s, run, false);
	}
	return EXIT_PASS;
}

const struct command command_show = {
	.name = "show", .chapter = "read", .operands = "RUN [CASE]",
	.help = "a run's summary, or one case with its answers and scores",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT | NEEDS_STORE_READ,
	.min_operands = 1, .max_operands = 2, .main = show,
};
