/*
 * drift_text.c -- a comparison of two windows for people, from its document.
 *
 * A stored check is shown again long after its windows are gone, so what is printed is made of what
 * --json prints.
 */
#include "harness/drift_text.h"

#include "drift/drift.h"

/* A value may be two of different features, with their names. */
enum { INDENT = 38, NAME = 40, VALUE = 100 };

struct printing { struct buf *b; struct arena *a; };

static const char *
text(const struct printing *p, struct json from, const char *key)
{
	return str_cstr(json_text(json_get(from, key), p->a), p->a);
}

static const char *
visible(const struct printing *p, struct json from, const char *key, size_t most)
{
	return str_cstr(str_visible(json_text(json_get(from, key), p->a), most, false, p->a), p->a);
}

static double
number(struct json from, const char *key)
{
	return json_to_real(json_get(from, key), 0);
}

static bool
is_null(struct json from, const char *key)
{
	return json_get(from, key).type == JT_NULL;
}

static const char *
in_words(struct json finding)
{
	struct json verdict = json_get(finding, "verdict");

	return drift_verdict_name[str_is(verdict.raw, "\"FAIL\"") ? DRIFT_YES :
	    str_is(verdict.raw, "\"PASS\"") ? DRIFT_NO : DRIFT_UNSURE];
}

/* What chance makes of an effect is taken off; what was seen is said, too. */
static void
effect_text(const struct printing *p, struct json f)
{
	double effect = number(f, "effect"), observed = number(f, "observed");

	buf_fmt(p->b, "  %.3g [%.3g, %.3g] %s", effect, number(f, "lo"), number(f, "hi"),
	    text(p, f, "unit"));
	if (observed > 1.005 * effect + 1e-9)
		buf_fmt(p->b, " beyond chance (%.3g seen)", observed);
	buf_fmt(p->b, ", tolerance %.3g, p=%.2g", number(f, "tolerance"), number(f, "p_bh"));
}

static void
finding_text(const struct printing *p, struct json f)
{
	const char *why = text(p, f, "why");
	struct buf *b = p->b;
	bool drifted = str_is(json_get(f, "verdict").raw, "\"FAIL\"");
	struct json_iter it = { .of = json_get(f, "changed") };
	struct json change;

	buf_fmt(b, "  %-12s  %-20s %-15s", in_words(f), visible(p, f, "feature", NAME),
	    text(p, f, "detector"));
	if (!is_null(f, "effect"))
		effect_text(p, f);
	if (why[0] != '\0')
		buf_fmt(b, "\n%*s%s", INDENT, "", why);
	if (!drifted && !is_null(f, "n_needed"))
		buf_fmt(b, "\n%*sabout %.0f current records would decide", INDENT, "",
		    number(f, "n_needed"));
	while (drifted && json_next(&it, &change))
		buf_fmt(b, "\n%*s%s  %.1f %% -> %.1f %%", INDENT, "", visible(p, change, "category", VALUE),
		    number(change, "was") * 100, number(change, "is") * 100);
	buf_char(b, '\n');
}

/* Neither window has a value. */
static bool
says_nothing(struct json f)
{
	return is_null(f, "effect") && number(f, "n_reference") == 0 && number(f, "n_current") == 0;
}

static void
window_text(const struct printing *p, struct json document, const char *key)
{
	struct json w = json_get(document, key);

	buf_fmt(p->b, "%-9s  %s, %s, %.0f records\n", key, visible(p, w, "what", NAME),
	    text(p, w, "kind"), number(w, "records"));
}

void
drift_text(struct buf *b, struct str document, bool all, struct arena *a)
{
	static const char *const order[] = { "\"FAIL\"", "\"INCONCLUSIVE\"", "\"PASS\"" };
	const struct printing p = { b, a };
	struct json_fault fault;
	struct json d, f, findings;
	size_t nfeature = 0;

	if (json_parse(document, &d, &fault) != 0)
		bug("a document of a comparison: %s", fault.why);
	window_text(&p, d, "reference");
	window_text(&p, d, "current");
	findings = json_get(d, "findings");
	for (size_t k = 0; k < COUNT(order) - (all ? 0 : 1); k++)
		for (struct json_iter it = { .of = findings }; json_next(&it, &f); )
			if (str_is(json_get(f, "verdict").raw, order[k]) && !says_nothing(f))
				finding_text(&p, f);
	for (struct json_iter it = { .of = json_get(d, "features") }; json_next(&it, &f); )
		nfeature++;
	buf_fmt(b, "%s: of %zu features %.0f drifted, of %.0f nothing can be said\n",
	    text(&p, d, "verdict"), nfeature, number(d, "drifted"), number(d, "unsure"));
}
