/*
 * gitlab.c -- a run as a Code Quality report, which GitLab shows in the merge request.
 *
 * An entry per gate that did not pass and per case that failed.  GitLab compares the fingerprints
 * of two branches, so the same failure has the same one in every run.
 */
#include "reports/reports.h"

enum { ENTRIES_MAX = 5000, TEXT_MAX = 300 };

struct gitlab {
	const struct page *page;
	struct buf    *out;
	struct subject about;
	struct map     seen;                  /* fingerprints must differ: of gates of one name too */
	long           entries;
	struct arena   scratch;               /* of one entry */
};

static void
entry(struct gitlab *x, const char *check, struct str name, struct str hash, const char *severity,
    const char *file, long line, struct str description)
{
	struct buf *b = x->out;
	char hex[33];
	uint64_t *times;
	bool is_new;

	fates_fingerprint(&x->about, check, name, hash, hex);
	times = map_put(&x->seen, str_of(hex), &is_new);
	if (++*times > 1)
		fates_fingerprint(&x->about, arena_fmt(&x->scratch, "%s %ld", check, (long)*times), name,
		    hash, hex);
	buf_puts(b, x->entries++ > 0 ? ",\n{" : "\n{");
	buf_key(b, "description");
	buf_json(b, description);
	buf_key_text(b, "check_name", str_of(check));
	buf_key_text(b, "fingerprint", str_of(hex));
	buf_key_text(b, "severity", str_of(severity));
	buf_key(b, "location");
	buf_puts(b, "{\"path\":");
	buf_json(b, str_of(file));
	buf_fmt(b, ",\"lines\":{\"begin\":%ld}}}", line > 0 ? line : 1);
}

static const char *
severity_of(const struct judged_row *j)
{
	static const char *const word[] = { "info", "minor", "major", "critical" };

	return judged_is(j, FAIL) && !j->advisory ? "blocker" : word[judged_severity(j)];
}

static void
gates(struct gitlab *x)
{
	struct query *q = judged_gates(x->page, true);
	struct judged_row j;

	while (judged_next(q, &j, &x->scratch)) {
		struct str text;

		if (judged_is(&j, PASS))
			continue;
		text = str_of(arena_fmt(&x->scratch, "%s: %.*s", judged_title(&j, &x->scratch),
		    STR_ARG(j.reason)));
		entry(x, "gate", j.gate, STR(""), severity_of(&j), x->about.suite_file,
		    subject_gate_line(&x->about, j.gate), str_visible(text, 2 * TEXT_MAX, false,
		    &x->scratch));
		arena_reset(&x->scratch);
	}
}

static void
cases(struct gitlab *x)
{
	const struct page *p = x->page;
	const char *file = subject_cases(&x->about);
	long n[FATES], all, listed = 0, most = (p->most > 0 ? p->most : ENTRIES_MAX) - x->entries;
	struct arena *a = &x->scratch;
	struct amount m;
	struct failing f;
	struct trouble t;
	struct query *q;

	if (!amount_first(p, &m))
		return;
	all = fates_count(p, &m, n);
	q = fates_failing(p, &m, most > 0 ? most : 0);
	while (fates_next(q, &f)) {
		struct str sentence, got;

		if (!fates_trouble(p, &m, f.test_case, &t, a))
			continue;
		sentence = fates_sentence(&f, &t, a);
		got = str_visible(t.text, TEXT_MAX, false, a);
		entry(x, fates_rule(f.fate), f.id, f.hash, f.regression ? "major" : "minor", file, f.line,
		    str_of(arena_fmt(a, "%.*s%s%.*s", STR_ARG(sentence), got.n > 0 ? "; got: " : "",
		    STR_ARG(got))));
		listed++;
		arena_reset(a);
	}
	if (listed < all)
		entry(x, "case/left-out", STR("left out"), STR(""), "info", file, 1, str_of(arena_fmt(a,
		    "%ld of %ld failing cases are listed, regressions first; 'driftlead export %ld' has "
		    "every case", listed, all, p->run)));
}

static void
write_gitlab(const struct page *p)
{
	struct gitlab x = { .page = p, .out = p->out };

	subject_of(p, &x.about);
	buf_char(p->out, '[');
	gates(&x);
	cases(&x);
	buf_puts(p->out, "\n]\n");
	map_free(&x.seen);
	arena_free(&x.scratch);
}

const struct output output_gitlab = { "gitlab", write_gitlab, NULL };
