/*
 * sarif.c -- a run as SARIF 2.1.0, which code scanning shows beside the changed lines.
 *
 * Each gate is a rule, and so is each way in which a case can fail.  Results are the gates that
 * did not pass, at their line of suite.yaml, and the cases that failed, at their line of the case
 * file; what passed has no result, since a result is shown as an alert.  GitHub tells results apart
 * by primaryLocationLineHash, here a name for the case and not for its line, so that an alert
 * stays the same one when lines move and another model is asked.
 */
#include "reports/reports.h"

/* GitHub shows 5,000 results of a run and takes 10 MB gzipped: bytes are counted before that. */
enum { RESULTS_MAX = 5000, BYTES_MAX = 9500 * 1000, MESSAGE_MAX = 1000, NAME_MAX_SHOWN = 200 };

struct sarif {
	const struct page *page;
	struct buf    *out;
	struct subject about;
	long           results, first_case_rule;
	struct arena   scratch;               /* of one result */
};

/* A message may hold links, [like](this), and {0} for an argument: of what others wrote nothing is
 * either. */
static void
message(struct sarif *x, struct str text)
{
	struct buf plain = { 0 };

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : '\0';

		if (c == '[' || c == ']' || (c == '\\' && (next == '[' || next == ']')))
			buf_char(&plain, '\\');
		else if (c == '{' || c == '}')
			buf_char(&plain, c);
		buf_char(&plain, c);
	}
	buf_puts(x->out, "{\"text\":");
	buf_json(x->out, buf_as_str(&plain));
	buf_char(x->out, '}');
	buf_free(&plain);
}

static void
text_member(struct sarif *x, const char *key, struct str text, size_t max)
{
	buf_key(x->out, key);
	message(x, str_visible(text, max, true, &x->scratch));
}

/* Two gates of one name are two rules. */
static const char *
rule_id(struct sarif *x, struct map *seen, struct str gate)
{
	struct str id = str_visible(gate, NAME_MAX_SHOWN, false, &x->scratch);
	bool is_new;
	uint64_t *times = map_put(seen, id, &is_new);

	++*times;
	return *times == 1 ? arena_fmt(x->page->a, "gate/%.*s", STR_ARG(id)) :
	    arena_fmt(x->page->a, "gate/%.*s (%ld)", STR_ARG(id), (long)*times);
}

static const char *
level_of(const struct judged_row *j)
{
	static const char *const level[] = { "none", "note", "warning", "error" };

	return level[judged_severity(j)];
}

static void
rule(struct sarif *x, const char *id, struct str shown, const char *about, const char *level)
{
	struct buf *b = x->out;

	buf_puts(b, b->p[b->n - 1] == '[' ? "{" : ",{");
	buf_key_text(b, "id", str_of(id));
	buf_key(b, "name");
	buf_json(b, str_visible(shown, NAME_MAX_SHOWN, false, &x->scratch));
	text_member(x, "shortDescription", shown, NAME_MAX_SHOWN);
	text_member(x, "fullDescription", str_of(about), MESSAGE_MAX);
	text_member(x, "help", str_of(about), MESSAGE_MAX);
	buf_fmt(b, ",\"defaultConfiguration\":{\"level\":\"%s\"}", level);
}

static void
gate_rules(struct sarif *x)
{
	struct query *q = judged_gates(x->page, false);
	struct map seen = { 0 };
	struct judged_row j;

	while (judged_next(q, &j, &x->scratch)) {
		rule(x, rule_id(x, &seen, j.gate), j.gate, arena_fmt(&x->scratch,
		    "A gate on the metric '%.*s'%s%.*s: driftlead-gates(7) says how it is decided.",
		    STR_ARG(j.metric), j.slice.n > 0 ? " in the slice " : "", STR_ARG(j.slice)),
		    "error");
		buf_puts(x->out, ",\"properties\":{");
		buf_key_text(x->out, "verdict", j.verdict);
		buf_key_text(x->out, "reason_code", j.code);
		buf_puts(x->out, "}}");
		x->first_case_rule++;
		arena_reset(&x->scratch);
	}
	map_free(&seen);
}

static void
case_rules(struct sarif *x)
{
	static const struct { enum fate fate; const char *shown, *about; } row[] = {
		{ FATE_FAILED, "wrong answer", "The answer to a case has less than the full score by the"
		    " suite's first metric. One case decides nothing: the gates do." },
		{ FATE_ERROR, "no answer", "The service did not answer a case, so the model was not"
		    " measured by it." },
		{ FATE_SKIPPED, "not scored", "The suite's first metric has no score for a case." },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		rule(x, fates_rule(row[i].fate), str_of(row[i].shown), row[i].about, "note");
		buf_char(x->out, '}');
	}
}

/* All but what is free in a URI reference stands as %XX. */
static void
uri(struct buf *b, const char *path)
{
	static const char free_ones[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~/";

	buf_puts(b, path[0] == '/' ? "file://" : "");
	for (; *path != '\0'; path++) {
		if (strchr(free_ones, *path) != NULL)
			buf_char(b, *path);
		else
			buf_fmt(b, "%%%02X", (unsigned char)*path);
	}
}

static void
place(struct buf *b, const char *file, long line)
{
	buf_puts(b, ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"");
	uri(b, file);
	buf_fmt(b, "\"%s},\"region\":{\"startLine\":%ld}}}]",
	    file[0] == '/' ? "" : ",\"uriBaseId\":\"%SRCROOT%\"", line > 0 ? line : 1);
}

/* Opens a result, up to its fingerprint. */
static void
result(struct sarif *x, const char *rule_name, long index, const char *level, struct str text,
    const char *file, long line, const char hex[33])
{
	struct buf *b = x->out;

	buf_puts(b, x->results++ > 0 ? ",\n{" : "\n{");
	buf_key_text(b, "ruleId", str_of(rule_name));
	buf_fmt(b, ",\"ruleIndex\":%ld,\"level\":\"%s\"", index, level);
	buf_key(b, "message");
	message(x, text);
	place(b, file, line);
	buf_fmt(b, ",\"partialFingerprints\":{\"primaryLocationLineHash\":\"%s:1\","
	    "\"driftlead/v1\":\"%s\"}", hex, hex);
}

static void
gate_results(struct sarif *x)
{
	struct query *q = judged_gates(x->page, false);
	struct map seen = { 0 };
	struct judged_row j;
	char hex[33];

	for (long i = 0; judged_next(q, &j, &x->scratch); i++) {
		const char *id = rule_id(x, &seen, j.gate);
		struct str text;

		if (judged_is(&j, PASS))
			continue;
		text = str_of(arena_fmt(&x->scratch, "%s: %.*s", judged_title(&j, &x->scratch),
		    STR_ARG(j.reason)));
		fates_fingerprint(&x->about, id, j.gate, STR(""), hex);
		result(x, id, i, level_of(&j), str_visible(text, MESSAGE_MAX, false, &x->scratch),
		    x->about.suite_file, subject_gate_line(&x->about, j.gate), hex);
		buf_char(x->out, '}');
		arena_reset(&x->scratch);
	}
	map_free(&seen);
}

static struct str
case_message(struct sarif *x, const struct failing *f, const struct trouble *t)
{
	struct arena *a = &x->scratch;
	struct str line = fates_sentence(f, t, a), got = str_visible(t->text, MESSAGE_MAX, false, a);
	struct str want = str_visible(t->expect, MESSAGE_MAX / 2, false, a);

	return str_of(arena_fmt(a, "%.*s\nexpected: %.*s\ngot: %.*s", STR_ARG(line), STR_ARG(want),
	    STR_ARG(got)));
}

/* How many failing cases there are, and how many of them have a result. */
static void
case_results(struct sarif *x, long *all, long *listed)
{
	const struct page *p = x->page;
	long n[FATES], most = (p->most > 0 ? p->most : RESULTS_MAX) - x->results;
	const char *file = subject_cases(&x->about);
	struct amount m;
	struct failing f;
	struct trouble t;
	struct query *q;
	char hex[33];

	*all = *listed = 0;
	if (!amount_first(p, &m))
		return;
	*all = fates_count(p, &m, n);
	q = fates_failing(p, &m, most > 0 ? most : 0);
	while (fates_next(q, &f)) {
		const char *name = fates_rule(f.fate);

		if (x->out->n > BYTES_MAX) {
			query_free(q);
			break;
		}
		if (!fates_trouble(p, &m, f.test_case, &t, &x->scratch))
			continue;
		fates_fingerprint(&x->about, name, f.id, f.hash, hex);
		result(x, name, x->first_case_rule + (long)f.fate - 1,
		    f.regression || f.fate == FATE_ERROR ? "warning" : "note", case_message(x, &f, &t),
		    file, f.line, hex);
		buf_puts(x->out, ",\"properties\":{");
		buf_key(x->out, "case");
		buf_json(x->out, str_visible(f.id, NAME_MAX_SHOWN, false, &x->scratch));
		buf_key(x->out, "slice");
		buf_json(x->out, str_visible(f.slice, NAME_MAX_SHOWN, false, &x->scratch));
		buf_fmt(x->out, ",\"regression\":%s}}", f.regression ? "true" : "false");
		++*listed;
		arena_reset(&x->scratch);
	}
}

static void
invocation(struct sarif *x, long all, long listed)
{
	struct buf *b = x->out;

	buf_fmt(b, "],\n\"invocations\":[{\"executionSuccessful\":%s",
	    x->about.complete ? "true" : "false");
	buf_key_text(b, "startTimeUtc", str_of(x->about.started));
	if (x->about.ended[0] != '\0')
		buf_key_text(b, "endTimeUtc", str_of(x->about.ended));
	if (listed < all)
		buf_fmt(b, ",\"toolExecutionNotifications\":[{\"level\":\"warning\",\"message\":{\"text\":"
		    "\"%ld of %ld failing cases have a result here, regressions first; 'driftlead export"
		    " %ld' has every case\"}}]", listed, all, x->page->run);
	buf_puts(b, "}]");
}

static void
properties(struct sarif *x)
{
	struct buf *b = x->out;
	struct judged_row j;

	buf_fmt(b, ",\n\"automationDetails\":{\"id\":");
	buf_json(b, str_visible(str_of(arena_fmt(&x->scratch, "driftlead/%s/%ld", x->about.suite,
	    x->page->run)), NAME_MAX_SHOWN, false, &x->scratch));
	buf_puts(b, "},\n\"properties\":{");
	buf_key_text(b, "verdict", judged_release(x->page, &j) ? j.verdict : STR("not judged"));
	buf_key_long(b, "run", x->page->run);
	if (x->page->base > 0)
		buf_key_long(b, "base", x->page->base);
	buf_key(b, "target");
	buf_json(b, str_visible(str_of(x->about.target), NAME_MAX_SHOWN, false, &x->scratch));
	buf_key_text(b, "suite_digest", str_of(x->about.digest));
	buf_puts(b, "}}]}\n");
}

static void
write_sarif(const struct page *p)
{
	struct sarif x = { .page = p, .out = p->out };
	long all, listed;

	subject_of(p, &x.about);
	buf_puts(p->out, "{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/"
	    "schemas/sarif-schema-2.1.0.json\",\n\"version\":\"2.1.0\",\n\"runs\":[{\"tool\":{"
	    "\"driver\":{\"name\":\"driftlead\"");
	buf_key_text(p->out, "semanticVersion", str_of(x.about.program));
	buf_puts(p->out, ",\"rules\":[");
	gate_rules(&x);
	case_rules(&x);
	buf_puts(p->out, "]}},\n\"results\":[");
	gate_results(&x);
	case_results(&x, &all, &listed);
	invocation(&x, all, listed);
	properties(&x);
	arena_free(&x.scratch);
}

const struct output output_sarif = { "sarif", write_sarif, NULL };
