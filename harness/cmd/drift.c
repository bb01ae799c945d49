/*
 * cmd/drift.c -- `driftlead drift REFERENCE CURRENT`: does one look like the other?
 *
 * Either is a profile, logs, a run or a suite.  Nothing is stored: it is asked once, and the answer
 * is PASS, FAIL or INCONCLUSIVE as that of a gate.  `driftlead drift WATCH` asks the same of a
 * watch of driftlead.yaml, and stores the answer.
 */
#include "harness/drift_json.h"
#include "harness/drift_text.h"
#include "harness/watch.h"
#include "reports/reports.h"

struct options {
	struct common common;
	const char   *features, *format, *now, *pin, *html, *png;
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
	{ "now", 0, OPT_TEXT, offsetof(struct options, now), "TIME",
	  "check a watch as of this time, instead of the present" },
	{ "pin", 0, OPT_TEXT, offsetof(struct options, pin), "NAME",
	  "keep the watch's window as its pinned reference, and check nothing" },
	{ "html", 0, OPT_TEXT, offsetof(struct options, html), "FILE", "also write an HTML page" },
	{ "png", 0, OPT_TEXT, offsetof(struct options, png), "DIR",
	  "also write its plots as PNG files" },
	{ 0 }
};

static const struct options defaults = { .alpha = 0.05, .max_bad = LOG_MAX_BAD };

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

/* ---- what is printed ---------------------------------------------------------------------- */

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

/* What is asked for of a document; of that of a check, w is its watch. */
static int
print(struct session *s, struct str document, const struct watch *w, long check, struct err *e)
{
	const struct options *o = s->options;

	if (o->common.json)
		buf_str(&s->out, document);
	else if (!o->common.quiet && !page_printed(o) && w != NULL)
		watch_text(&s->out, s->store, w, check, o->all, s->arena);
	else if (!o->common.quiet && !page_printed(o))
		drift_text(&s->out, document, o->all, s->arena);
	return o->html != NULL || o->png != NULL ? write_page(s, document, e) : 0;
}

/* ---- two windows -------------------------------------------------------------------------- */

static int
compare(struct session *s, struct window *w, const struct comparing *how, struct err *e)
{
	const struct options *o = s->options;
	struct comparison c;
	struct drift_document d = { w, &c, how->seed, s->command_line };
	struct buf document = { 0 };
	struct watched *watched;
	size_t n;
	int bad, status = choose_features(s, w, &watched, &n, e);

	for (int i = 0; i < 2 && status == 0; i++)
		status = window_profile(&w[i], s, watched, n, (uint64_t)o->seed, e);
	if (status != 0)
		return status;
	if (profiles_compare(w[0].profile, w[1].profile, how, &c, s->arena, e) != 0)
		return EXIT_MISTAKE;
	drift_json(&document, &d, s->arena);
	bad = print(s, buf_as_str(&document), NULL, 0, e);
	buf_free(&document);
	if (bad)
		return EXIT_SURROUNDINGS;
	return c.verdict == DRIFT_NO ? EXIT_PASS : c.verdict == DRIFT_YES ? EXIT_FAIL : EXIT_UNSURE;
}

static int
two_windows(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct asked *asked = arena_array(s->arena, o->test.n, sizeof *asked);
	struct comparing how = { .alpha = o->alpha, .block_ms = (int64_t)(o->block * 1000),
		.seed = (uint64_t)o->seed, .asked = asked, .nasked = o->test.n };
	struct window w[2] = { 0 };
	struct log_plan plan;
	int status = 0;

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

/* ---- a watch ------------------------------------------------------------------------------ */

/* What is looked at, and how, stands in driftlead.yaml: there it is the same in every check. */
static void
refuse_options(const struct options *o, struct err *e)
{
	const struct { const char *name; bool given; } option[] = {
		{ "features", o->features != NULL }, { "test", o->test.n > 0 },
		{ "alpha", o->alpha != defaults.alpha }, { "format", o->format != NULL },
		{ "field", o->field.n > 0 }, { "redact", o->redact.n > 0 },
		{ "max-bad", o->max_bad != defaults.max_bad }, { "seed", o->seed != 0 },
		{ "block", o->block != 0 },
	};

	for (size_t i = 0; i < COUNT(option); i++)
		if (option[i].given)
			err_set(e, "--%s goes with two windows: what a watch compares stands in driftlead.yaml",
			    option[i].name);
}

static int
pin(struct session *s, const struct watch *w, int64_t now, struct err *e)
{
	const struct options *o = s->options;
	long records;
	int status = watch_pin(s, w, now, o->pin, &records, e);

	if (status != 0)
		return status;
	if (o->common.json) {
		buf_char(&s->out, '{');
		buf_key_text(&s->out, "watch", str_of(w->name));
		buf_key_text(&s->out, "name", str_of(o->pin));
		buf_key_long(&s->out, "records", records);
		buf_puts(&s->out, "}\n");
	} else if (!o->common.quiet) {
		buf_fmt(&s->out, "%s of watch %s is its window of %ld records\n", o->pin, w->name, records);
	}
	return EXIT_PASS;
}

static int
one_watch(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	const struct watch *w = watch_find(s->project, s->operand.text[0], e);
	struct buf document = { 0 };
	int64_t now;
	long check;
	int status;

	refuse_options(o, e);
	if (watch_moment(o->now, &now, e) != 0 || e->n > 0)
		return EXIT_MISTAKE;
	if ((status = store_open(&s->store, s->project->store, STORE_CREATE, e)) != 0)
		return status;
	if (o->pin != NULL)
		return pin(s, w, now, e);
	status = watch_check(s, w, now, &check, e);
	if (check == 0)
		return status;
	watch_document(&document, s->store, w, check);
	if (print(s, buf_as_str(&document), w, check, e) != 0)
		status = EXIT_SURROUNDINGS;
	buf_free(&document);
	return status;
}

static int
drift(struct session *s, struct err *e)
{
	const struct options *o = s->options;

	if (page_printed(o) && o->common.json) {
		err_set(e, "--json and --html - both print: give --html a file");
		return EXIT_MISTAKE;
	}
	if (s->operand.n == 1)
		return one_watch(s, e);
	if (o->now != NULL || o->pin != NULL) {
		err_set(e, "--%s goes with a watch, and not with two windows", o->now ? "now" : "pin");
		return EXIT_MISTAKE;
	}
	return two_windows(s, e);
}

const struct command command_drift = {
	.name = "drift", .chapter = "read", .operands = "REFERENCE CURRENT | WATCH",
	.help = "whether logs, profiles, runs or suites look alike",
	.about = "Either is a profile, a log file or a quoted pattern of some, '-', a run or a suite.\n"
	    "A watch is one of driftlead.yaml, and its check is stored.",
	.options = options, .size = sizeof(struct options), .defaults = &defaults,
	.needs = NEEDS_PROJECT, .min_operands = 1, .max_operands = 2, .main = drift,
};
