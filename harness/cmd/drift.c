/*
 * cmd/drift.c -- `driftlead drift REFERENCE CURRENT`: does one look like the other?
 *
 * Either is a profile, logs, a run or a suite.  Nothing is stored: it is asked once, and the answer
 * is PASS, FAIL or INCONCLUSIVE as that of a gate.
 */
#include "harness/window.h"

#include <math.h>
#include <stdlib.h>

struct options {
	struct common common;
	const char   *features, *format;
	struct texts  field, redact, test;
	double        alpha, max_bad;
	long          seed;
	bool          all;
};

static const struct opt options[] = {
	{ "features", 0, OPT_TEXT, offsetof(struct options, features), "FILE",
	  "YAML that says what to look at, instead of what the reference offers" },
	{ "test", 0, OPT_LIST, offsetof(struct options, test), "RULE",
	  "compare a feature so: FEATURE=DETECTOR or FEATURE=DETECTOR:TOLERANCE" },
	{ "alpha", 0, OPT_SHARE, offsetof(struct options, alpha), "SHARE",
	  "false discoveries among all findings (default 5%)" },
	{ "all", 'a', OPT_FLAG, offsetof(struct options, all), NULL,
	  "show findings without drift, too" },
	{ "format", 0, OPT_TEXT, offsetof(struct options, format), "NAME",
	  "format of the logs, instead of what their first record looks like" },
	{ "field", 0, OPT_LIST, offsetof(struct options, field), "RULE",
	  "where a field stands in the logs: NAME=FROM" },
	{ "redact", 0, OPT_LIST, offsetof(struct options, redact), "RULE",
	  "take out email, phone, iban, card, field:NAME or KIND=PATTERN first" },
	{ "max-bad", 0, OPT_SHARE, offsetof(struct options, max_bad), "SHARE",
	  "most lines that may not be readable (default 1%)" },
	{ "seed", 0, OPT_INT, offsetof(struct options, seed), "N", "of random tables (default 0)" },
	{ 0 }
};

/* ---- what was asked for --------------------------------------------------------------------- */

static int
read_plan(struct session *s, struct log_plan *plan, struct err *e)
{
	const struct options *o = s->options;
	struct log_field *field = arena_array(s->arena, o->field.n, sizeof *field);
	struct redact *redact = arena_alloc(s->arena, sizeof *redact);

	*plan = (struct log_plan){ .field = field, .nfield = o->field.n, .redact = redact,
		.max_bad = o->max_bad };
	if (o->format != NULL && (plan->format = log_format_find(o->format)) == NULL)
		err_set(e, "unknown log format '%s'", o->format);
	for (size_t i = 0; i < o->field.n; i++)
		log_field_read(&field[i], o->field.text[i], s->arena, e);
	for (size_t i = 0; i < o->redact.n; i++)
		redact_rule(redact, o->redact.text[i], s->arena, e);
	return e->n ? -1 : 0;
}

/* FEATURE=DETECTOR[:TOLERANCE] */
static void
read_test(struct asked *asked, const char *rule, struct arena *a, struct err *e)
{
	const char *equals = strrchr(rule, '='), *colon = equals ? strchr(equals, ':') : NULL;
	const char *end = colon ? colon : rule + strlen(rule);
	const char *name;

	*asked = (struct asked){ .tolerance = -1 };
	if (equals == NULL || equals == rule) {
		err_set(e, "test '%s': write FEATURE=DETECTOR or FEATURE=DETECTOR:TOLERANCE", rule);
		return;
	}
	asked->feature = str_cstr((struct str){ rule, (size_t)(equals - rule) }, a);
	name = str_cstr((struct str){ equals + 1, (size_t)(end - equals) - 1 }, a);
	if ((asked->detector = detector_find(name)) == NULL)
		err_set(e, "test '%s': unknown detector '%s'; 'driftlead list detectors' shows all", rule,
		    name);
	if (colon != NULL && (!parse_number(str_of(colon + 1), &asked->tolerance) ||
	    asked->tolerance < 0))
		err_set(e, "test '%s': a tolerance is a number from 0", rule);
}

/* What to look at: as the user says, else as a profile does, else what the reference offers. */
static int
choose_features(struct session *s, struct window *w, struct watched **watched, size_t *n,
    struct err *e)
{
	const struct options *o = s->options;
	struct str text;

	if (o->features != NULL) {
		if (file_read(NULL, o->features, NULL, 1 << 20, &text, s->arena, e) != 0 ||
		    watch_yaml(o->features, text, watched, n, s->arena, e) != 0)
			return EXIT_MISTAKE;
		return 0;
	}
	for (int i = 0; i < 2; i++)
		if (w[i].kind == WINDOW_PROFILE) {
			*n = w[i].profile->nfeature;
			return watch_again(w[i].profile, w[i].word, watched, s->arena, e) ? EXIT_MISTAKE : 0;
		}
	return window_infer(&w[0], s, watched, n, e);
}

/* ---- what changed ---------------------------------------------------------------------------- */

enum { CHANGES = 5 };
struct moved { struct str text; double was, is; };

static int
by_change(const void *a, const void *b)
{
	const struct moved *x = a, *y = b;
	double p = fabs(x->is - x->was), q = fabs(y->is - y->was);

	return p != q ? (p < q ? 1 : -1) : str_cmp(x->text, y->text);
}

static double
share_of(const struct feature_profile *f, uint64_t hash, long n)
{
	for (size_t i = 0; i < f->ncategory; i++)
		if (f->category[i].hash == hash)
			return (double)f->category[i].count / (double)n;
	return 0;
}

/* The categories whose shares changed most. */
static size_t
changes(const struct comparison *c, size_t feature, struct moved *out, struct arena *a)
{
	const struct feature_profile *r = &c->reference->feature[feature], *f = NULL;
	long n = profile_values(r), m;
	struct moved *all;
	size_t k = 0;

	for (size_t i = 0; i < c->current->nfeature; i++)
		if (strcmp(c->current->watched[i].name, c->reference->watched[feature].name) == 0)
			f = &c->current->feature[i];
	if (f == NULL || r->shape != SHAPE_CATEGORY || n == 0 || (m = profile_values(f)) == 0)
		return 0;
	all = arena_array(a, r->ncategory + f->ncategory, sizeof *all);
	for (size_t i = 0; i < r->ncategory; i++)
		all[k++] = (struct moved){ r->category[i].text,
			(double)r->category[i].count / (double)n, share_of(f, r->category[i].hash, m) };
	for (size_t i = 0; i < f->ncategory; i++)
		if (share_of(r, f->category[i].hash, n) == 0)
			all[k++] = (struct moved){ f->category[i].text, 0,
				(double)f->category[i].count / (double)m };
	qsort(all, k, sizeof *all, by_change);
	if (k > CHANGES)
		k = CHANGES;
	memcpy(out, all, k * sizeof *out);
	return k;
}

/* ---- for machines ------------------------------------------------------------------------- */

static const char *const verdict_word[] = { "PASS", "FAIL", "INCONCLUSIVE" };

static void
finding_json(struct buf *b, const struct comparison *c, const struct compared *x, struct arena *a)
{
	const struct finding *f = &x->finding;
	struct moved moved[CHANGES];
	size_t n = changes(c, x->feature, moved, a);

	buf_char(b, '{');
	buf_key_text(b, "feature", str_of(c->reference->watched[x->feature].name));
	buf_key_text(b, "detector", str_of(x->detector->name));
	buf_key_text(b, "unit", str_of(x->detector->unit));
	buf_key_text(b, "verdict", str_of(verdict_word[x->verdict]));
	buf_key_real_if(b, "effect", f->known, f->effect);
	buf_key_real_if(b, "lo", f->known, f->ci.lo);
	buf_key_real_if(b, "hi", f->known, f->ci.hi);
	buf_key_real(b, "tolerance", f->tolerance);
	buf_key_real_if(b, "p", f->known, f->p);
	buf_key_real_if(b, "p_bh", f->known, x->p_adjusted);
	buf_key_long(b, "direction", f->direction);
	buf_key_real_if(b, "mde", f->known && f->mde > 0, f->mde);
	buf_key_long(b, "n_reference", f->n_reference);
	buf_key_long(b, "n_current", f->n_current);
	buf_key_long_if(b, "n_needed", f->n_needed > 0, f->n_needed);
	buf_key_text(b, "why", str_of(f->why ? f->why : ""));
	buf_key(b, "changed");
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{" : "{");
		buf_key_text(b, "category", moved[i].text);
		buf_key_real(b, "was", moved[i].was);
		buf_key_real(b, "is", moved[i].is);
		buf_char(b, '}');
	}
	buf_puts(b, "]}");
}

static void
window_json(struct buf *b, const char *key, const struct window *w)
{
	buf_key(b, key);
	buf_char(b, '{');
	buf_key_text(b, "what", str_of(w->word));
	buf_key_text(b, "kind", str_of(window_kind_name[w->kind]));
	buf_key_long(b, "records", w->profile->n);
	buf_key_long(b, "bad", w->profile->bad);
	buf_char(b, '}');
}

static void
print_json(struct session *s, const struct window *w, const struct comparison *c)
{
	struct buf *b = &s->out;
	char digest[65];

	profile_digest(c->reference, digest);
	buf_char(b, '{');
	buf_key_text(b, "verdict", str_of(verdict_word[c->verdict]));
	window_json(b, "reference", &w[0]);
	window_json(b, "current", &w[1]);
	buf_key_text(b, "features", str_of(digest));
	buf_key_real(b, "alpha", c->alpha);
	buf_key_long(b, "drifted", (long)c->drifted);
	buf_key_long(b, "unsure", (long)c->unsure);
	buf_key(b, "findings");
	buf_char(b, '[');
	for (size_t i = 0; i < c->n; i++) {
		if (i)
			buf_char(b, ',');
		finding_json(b, c, &c->compared[i], s->arena);
	}
	buf_puts(b, "]}\n");
}

/* ---- for people --------------------------------------------------------------------------- */

static const char *
visible(struct str s, struct arena *a)
{
	return str_cstr(str_visible(s, 40, false, a), a);
}

static void
finding_text(struct session *s, const struct comparison *c, const struct compared *x)
{
	const struct finding *f = &x->finding;
	struct moved moved[CHANGES];
	struct buf *b = &s->out;
	size_t n;

	buf_fmt(b, "  %-12s  %-20s %-15s", drift_verdict_name[x->verdict],
	    visible(str_of(c->reference->watched[x->feature].name), s->arena), x->detector->name);
	if (f->known)
		buf_fmt(b, "  %.3g [%.3g, %.3g] %s, tolerance %.3g, p=%.2g", f->effect, f->ci.lo, f->ci.hi,
		    x->detector->unit, f->tolerance, x->p_adjusted);
	if (f->why != NULL)
		buf_fmt(b, "\n%38s%s", "", f->why);
	if (x->verdict == DRIFT_UNSURE && f->n_needed > 0)
		buf_fmt(b, "\n%38sabout %ld current records would decide", "", f->n_needed);
	n = x->verdict == DRIFT_YES ? changes(c, x->feature, moved, s->arena) : 0;
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "\n%38s%s  %.1f %% -> %.1f %%", "", visible(moved[i].text, s->arena),
		    moved[i].was * 100, moved[i].is * 100);
	buf_char(b, '\n');
}

static void
print_text(struct session *s, const struct window *w, const struct comparison *c)
{
	static const enum drift_verdict order[] = { DRIFT_YES, DRIFT_UNSURE, DRIFT_NO };
	const struct options *o = s->options;
	struct buf *b = &s->out;

	for (int i = 0; i < 2; i++)
		buf_fmt(b, "%s  %s, %s, %ld records\n", i ? "current  " : "reference",
		    visible(str_of(w[i].word), s->arena), window_kind_name[w[i].kind], w[i].profile->n);
	for (size_t k = 0; k < COUNT(order); k++)
		for (size_t i = 0; i < c->n; i++)
			if (c->compared[i].counts && c->compared[i].verdict == order[k] &&
			    (order[k] != DRIFT_NO || o->all))
				finding_text(s, c, &c->compared[i]);
	buf_fmt(b, "%s: of %zu features %zu drifted, of %zu nothing can be said\n",
	    verdict_word[c->verdict], c->reference->nfeature, c->drifted, c->unsure);
}

/* ---- the command -------------------------------------------------------------------------- */

static int
compare(struct session *s, struct window *w, const struct comparing *how, struct err *e)
{
	const struct options *o = s->options;
	struct comparison c;
	struct watched *watched;
	size_t n;
	int status = choose_features(s, w, &watched, &n, e);

	for (int i = 0; i < 2 && status == 0; i++)
		status = window_profile(&w[i], s, watched, n, (uint64_t)o->seed, e);
	if (status != 0)
		return status;
	if (profiles_compare(w[0].profile, w[1].profile, how, &c, s->arena, e) != 0)
		return EXIT_MISTAKE;
	if (o->common.json)
		print_json(s, w, &c);
	else if (!o->common.quiet)
		print_text(s, w, &c);
	return c.verdict == DRIFT_NO ? EXIT_PASS : c.verdict == DRIFT_YES ? EXIT_FAIL : EXIT_UNSURE;
}

static int
drift(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct asked *asked = arena_array(s->arena, o->test.n, sizeof *asked);
	struct comparing how = { .alpha = o->alpha, .seed = (uint64_t)o->seed, .asked = asked,
		.nasked = o->test.n };
	struct window w[2] = { 0 };
	struct log_plan plan;
	int status = 0;

	if (!(o->alpha > 0 && o->alpha < 1))
		err_set(e, "--alpha must lie between 0 and 1");
	for (size_t i = 0; i < o->test.n; i++)
		read_test(&asked[i], o->test.text[i], s->arena, e);
	if (read_plan(s, &plan, e) != 0 || e->n > 0)
		return EXIT_MISTAKE;
	for (int i = 0; i < 2; i++) {
		int bad = window_open(&w[i], s, s->operand.text[i], &plan, e);

		status = status ? status : bad;
	}
	if (status == 0)
		status = compare(s, w, &how, e);
	window_free(&w[0]);
	window_free(&w[1]);
	return status;
}

const struct command command_drift = {
	.name = "drift", .chapter = "read", .operands = "REFERENCE CURRENT",
	.help = "whether logs, profiles, runs or suites look alike",
	.about = "Either is a profile, a log file or a quoted pattern of some, '-', a run, or a suite.",
	.options = options, .size = sizeof(struct options),
	.defaults = &(const struct options){ .alpha = 0.05, .max_bad = LOG_MAX_BAD },
	.needs = NEEDS_PROJECT, .min_operands = 2, .max_operands = 2, .main = drift,
};
