/*
 * cmd/drift.c -- `driftlead drift REFERENCE CURRENT`: does one look like the other?
 *
 * Either is a profile, logs, a run or a suite.  Nothing is stored: it is asked once, and the answer
 * is PASS, FAIL or INCONCLUSIVE as that of a gate.
 */
#include "harness/drift_json.h"
#include "reports/reports.h"

struct options {
	struct common common;
	const char   *features, *format, *html, *png;
	struct texts  field, redact, test;
	double        alpha, max_bad, block;
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
	{ "block", 0, OPT_TIME, offsetof(struct options, block), "TIME",
	  "records of so long a time are alike: judge by whole blocks of it" },
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
	{ "html", 0, OPT_TEXT, offsetof(struct options, html), "FILE", "also write an HTML page" },
	{ "png", 0, OPT_TEXT, offsetof(struct options, png), "DIR",
	  "also write its plots as PNG files" },
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
	struct category_change *change;
	struct buf *b = &s->out;
	size_t n;

	buf_fmt(b, "  %-12s  %-20s %-15s", drift_verdict_name[x->verdict],
	    visible(str_of(compared_name(c, x)), s->arena), x->detector->name);
	if (f->known)
		buf_fmt(b, "  %.3g [%.3g, %.3g] %s, tolerance %.3g, p=%.2g", f->effect, f->ci.lo, f->ci.hi,
		    x->detector->unit, f->tolerance, x->p_adjusted);
	if (f->why != NULL)
		buf_fmt(b, "\n%38s%s", "", f->why);
	if (x->verdict == DRIFT_UNSURE && f->n_needed > 0)
		buf_fmt(b, "\n%38sabout %ld current records would decide", "", f->n_needed);
	n = x->verdict == DRIFT_YES ? drift_changed(c, x, &change, s->arena) : 0;
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "\n%38s%s  %.1f %% -> %.1f %%", "", visible(change[i].category, s->arena),
		    change[i].was * 100, change[i].is * 100);
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
	    drift_verdict_word[c->verdict], c->reference->nfeature, c->drifted, c->unsure);
}

/* ---- the command -------------------------------------------------------------------------- */

static bool
page_printed(const struct options *o)
{
	return o->html != NULL && strcmp(o->html, "-") == 0;
}

/* The page and the plots, from the document alone.  -1 and sentences. */
static int
write_page(struct session *s, struct str json, struct err *e)
{
	const struct options *o = s->options;
	struct buf page = { 0 };
	int bad = 0;

	if (o->html != NULL)
		report_drift(json, &page);
	if (page_printed(o)) {
		buf_str(&s->out, buf_as_str(&page));
		s->verbatim = true;
	} else if (o->html != NULL) {
		bad = file_write(o->html, buf_as_str(&page), 0644, e);
	}
	buf_free(&page);
	if (o->png != NULL && report_drift_png(json, o->png, e) != 0)
		bad = -1;
	return bad;
}

static int
print(struct session *s, const struct drift_document *d, struct err *e)
{
	const struct options *o = s->options;
	bool pages = o->html != NULL || o->png != NULL;
	struct buf json = { 0 };
	int bad = 0;

	if (o->common.json || pages)
		drift_json(&json, d, s->arena);
	if (o->common.json)
		buf_str(&s->out, buf_as_str(&json));
	else if (!o->common.quiet && !page_printed(o))
		print_text(s, d->window, d->comparison);
	if (pages)
		bad = write_page(s, buf_as_str(&json), e);
	buf_free(&json);
	return bad;
}

static int
compare(struct session *s, struct window *w, const struct comparing *how, struct err *e)
{
	const struct options *o = s->options;
	struct comparison c;
	struct drift_document d = { w, &c, how->seed, s->command_line };
	struct watched *watched;
	size_t n;
	int status = choose_features(s, w, &watched, &n, e);

	for (int i = 0; i < 2 && status == 0; i++)
		status = window_profile(&w[i], s, watched, n, (uint64_t)o->seed, e);
	if (status != 0)
		return status;
	if (profiles_compare(w[0].profile, w[1].profile, how, &c, s->arena, e) != 0)
		return EXIT_MISTAKE;
	if (print(s, &d, e) != 0)
		return EXIT_SURROUNDINGS;
	return c.verdict == DRIFT_NO ? EXIT_PASS : c.verdict == DRIFT_YES ? EXIT_FAIL : EXIT_UNSURE;
}

static int
drift(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct asked *asked = arena_array(s->arena, o->test.n, sizeof *asked);
	struct comparing how = { .alpha = o->alpha, .block_ms = (int64_t)(o->block * 1000),
		.seed = (uint64_t)o->seed, .asked = asked, .nasked = o->test.n };
	struct window w[2] = { 0 };
	struct log_plan plan;
	int status = 0;

	if (page_printed(o) && o->common.json)
		err_set(e, "--json and --html - both print: give --html a file");
	if (!(o->alpha > 0 && o->alpha < 1))
		err_set(e, "--alpha must lie between 0 and 1");
	if (o->block != 0 && !(o->block >= 1e-3 && o->block <= 1e9))
		err_set(e, "--block must be a time from 1ms to 1e9s");
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
