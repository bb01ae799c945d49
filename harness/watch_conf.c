/*
 * watch_conf.c -- the watches of driftlead.yaml.
 */
#include "harness/watch.h"

#include <math.h>

struct watch_conf {
	struct texts source, redact;
	const char  *format, *reference, *false_alarms;
	struct node *fields, *features, *tests;
	double       max_bad, window, every, block;
	int          season;
};

#define AT(member) offsetof(struct watch_conf, member)
const struct conf_key watch_keys[] = {
	{ "source", CONF_LIST, AT(source), CONF_REQUIRED, NULL,
	  "logs: a pattern or a list of patterns" },
	{ "format", CONF_TEXT, AT(format), NULL, NULL,
	  "format of the logs, instead of what their first record looks like" },
	{ "fields", CONF_NODE, AT(fields), NULL, NULL,
	  "where fields stand in the logs: mapping of NAME to FROM" },
	{ "redact", CONF_LIST, AT(redact), NULL, NULL,
	  "take out email, phone, iban, card, field:NAME or KIND=PATTERN first" },
	{ "max_bad", CONF_SHARE, AT(max_bad), "1%", NULL, "most lines that may not be readable" },
	{ "window", CONF_TIME, AT(window), NULL, ">0",
	  "how far back a check looks; without it at all records" },
	{ "reference", CONF_TEXT, AT(reference), CONF_REQUIRED, NULL,
	  "suite PATH, run RUN, profile FILE, logs PATTERN, pinned NAME or previous" },
	{ "every", CONF_TIME, AT(every), "1d", ">0", "how often it is to be checked" },
	{ "false_alarms", CONF_TEXT, AT(false_alarms), "1 per 90d", NULL,
	  "how many false alarms are borne in which time, over all features and checks" },
	{ "features", CONF_NODE, AT(features), NULL, NULL,
	  "what is looked at: list of {name, get, ...}" },
	{ "tests", CONF_NODE, AT(tests), NULL, NULL,
	  "how features are compared: list of {feature, detector, tolerance}" },
	{ "season", CONF_ENUM, AT(season), "none", "none|hour|weekday|hour of week",
	  "what is compared only with its like" },
	{ "block", CONF_TIME, AT(block), NULL, ">=0.001 <=1e9",
	  "records of so long a time are alike: judge by whole blocks of it" },
	{ 0 }
};
#undef AT

struct test_conf { const char *feature, *detector, *tolerance; };

const struct conf_key watch_test_keys[] = {
	{ "feature", CONF_TEXT, offsetof(struct test_conf, feature), CONF_REQUIRED, NULL,
	  "name of the feature" },
	{ "detector", CONF_TEXT, offsetof(struct test_conf, detector), CONF_REQUIRED, NULL,
	  "see 'driftlead list detectors'" },
	{ "tolerance", CONF_NUMBER, offsetof(struct test_conf, tolerance), NULL, ">=0",
	  "effect that can be borne, in the detector's unit" },
	{ 0 }
};

/* What another reader says has no line of this file: it gets one. */
static void
pass_on(const struct node *at, const char *what, const struct err *said, struct err *e)
{
	if (said->n > 0)
		conf_err(at, e, "%s: %.*s", what, STR_ARG(str_trim(str_of(said->msg))));
}

/* ---- one key after the other ---------------------------------------------------------------- */

static void
read_fields(struct log_plan *plan, struct node *at, const char *what, struct arena *a,
    struct err *e)
{
	struct log_field *field;

	if (at->kind != NODE_MAP) {
		conf_err(at, e, "%s: 'fields' is a mapping of a field to its place in the logs", what);
		return;
	}
	plan->field = field = arena_array(a, at->n, sizeof *field);
	for (size_t i = 0; i < at->n; i++) {
		struct err said = { 0 };

		at->claimed[i] = true;
		if (at->item[i]->kind != NODE_TEXT) {
			conf_err(at->item[i], e, "%s: a place in the logs is one text", what);
			continue;
		}
		log_field_read(&field[plan->nfield++], arena_fmt(a, "%.*s=%.*s",
		    STR_ARG(at->key[i]->text), STR_ARG(at->item[i]->text)), a, &said);
		pass_on(at->key[i], what, &said, e);
	}
}

static void
read_redact(struct log_plan *plan, const struct texts *rules, const struct node *at,
    const char *what, struct arena *a, struct err *e)
{
	struct redact *redact = arena_alloc(a, sizeof *redact);

	for (size_t i = 0; i < rules->n; i++) {
		struct err said = { 0 };

		redact_rule(redact, rules->text[i], a, &said);
		if (said.n > 0)
			err_at(e, at->path, rules->line[i], 0, "%s: %.*s", what,
			    STR_ARG(str_trim(str_of(said.msg))));
	}
	if (rules->n > 0)
		plan->redact = redact;
}

static void
read_format(struct log_plan *plan, const char *format, const struct node *at, const char *what,
    struct err *e)
{
	const char *names[64] = { NULL }, *help, *near;

	if ((plan->format = log_format_find(format)) != NULL)
		return;
	for (size_t i = 0; i + 1 < COUNT(names) && log_format_at(i, &names[i], &help); i++)
		continue;
	near = str_nearest(format, names);
	conf_err(at, e, "%s: there is no log format '%s'%s%s%s", what, format, near ?
	    " (did you mean '" : "; driftlead-logs(5) has all", near ? near : "", near ? "'?)" : "");
}

static void
read_reference(struct watch *w, const char *text, const struct node *at, const char *what,
    struct arena *a, struct err *e)
{
	static const char *const kind[] = { "suite", "run", "profile", "logs", "pinned", "previous",
		NULL };
	struct str rest = str_of(text), word = { 0 };
	const char *near;
	size_t i = 0;

	str_word(&rest, &word);
	rest = str_trim(rest);
	while (kind[i] != NULL && !str_is(word, kind[i]))
		i++;
	if (kind[i] == NULL) {
		near = str_nearest(str_cstr(word, a), kind);
		conf_err(at, e, "%s: 'reference' begins with suite, run, profile, logs, pinned or "
		    "previous, not with '%.*s'%s%s%s", what, STR_ARG(word), near ? " (did you mean '" : "",
		    near ? near : "", near ? "'?)" : "");
		return;
	}
	w->reference = (enum reference_kind)i;
	w->reference_text = text;
	w->reference_word = rest.n > 0 ? str_cstr(rest, a) : NULL;
	if (w->reference == REFERENCE_PREVIOUS && rest.n > 0)
		conf_err(at, e, "%s: nothing follows 'previous' in 'reference', so not '%.*s'", what,
		    STR_ARG(rest));
	if (w->reference != REFERENCE_PREVIOUS && rest.n == 0)
		conf_err(at, e, "%s: 'reference: %s' needs a name: say which", what, kind[i]);
}

static bool
watches_feature(const struct watch *w, const char *name)
{
	if (w->watched == NULL)
		return true;
	for (size_t i = 0; i < w->nwatched; i++)
		if (w->watched[i].name != NULL && strcmp(w->watched[i].name, name) == 0)
			return true;
	return false;
}

static const struct detector *
known_detector(const char *name, const struct node *at, const char *what, struct err *e)
{
	const struct detector *d = detector_find(name);
	const char *names[64] = { NULL }, *near;

	if (d != NULL)
		return d;
	for (size_t i = 0; i + 1 < COUNT(names) && detector_all()[i] != NULL; i++)
		names[i] = detector_all()[i]->name;
	near = str_nearest(name, names);
	conf_err(at, e, "%s: unknown detector '%s'%s%s%s", what, name, near ? " (did you mean '" :
	    "; 'driftlead list detectors' shows all", near ? near : "", near ? "'?)" : "");
	return NULL;
}

static void
read_tests(struct watch *w, struct node *at, const char *what, struct arena *a, struct err *e)
{
	static const struct conf_key *const tables[] = { watch_test_keys, NULL };

	if (at->kind != NODE_LIST) {
		conf_err(at, e, "%s: 'tests' is a list: - { feature: intent, detector: tvd }", what);
		return;
	}
	w->asked = arena_array(a, at->n, sizeof *w->asked);
	for (size_t i = 0; i < at->n; i++) {
		struct asked *asked = &w->asked[i];
		struct test_conf c = { 0 };

		conf_bind(at->item[i], what, watch_test_keys, &c, a, e);
		if (at->item[i]->kind != NODE_MAP)
			continue;
		conf_done(at->item[i], what, tables, e);
		*asked = (struct asked){ .feature = c.feature, .tolerance = -1 };
		if (c.detector != NULL)
			asked->detector = known_detector(c.detector, at->item[i], what, e);
		if (c.feature != NULL && !watches_feature(w, c.feature))
			conf_err(at->item[i], e, "%s: none of its features is named '%s'", what, c.feature);
		if (c.tolerance != NULL)
			parse_number(str_of(c.tolerance), &asked->tolerance);
	}
	w->nasked = at->n;
}

/* A window of a season is a part of a period or some whole ones: all else has hours of which it
 * holds more than of others, and no reference that holds as many. */
static void
check_season(const struct watch *w, const struct node *at, const char *what, struct err *e)
{
	double period = (double)season_period(w->season) / 1000;

	if (w->reference < REFERENCE_LOGS)
		conf_err(at, e, "%s: a 'season' needs a reference with times: logs, pinned or previous",
		    what);
	if (w->window == 0)
		conf_err(at, e, "%s: a 'season' needs a 'window'", what);
	else if (w->window > period && fmod(w->window, period) != 0)
		conf_err(at, e, "%s: with this 'season' the window is at most %g days, or a multiple of "
		    "them", what, period / 86400);
}

/* ---- a watch -------------------------------------------------------------------------------- */

static void
read_watch(struct watch *w, struct node *at, const char *dir, struct arena *a, struct err *e)
{
	static const struct conf_key *const tables[] = { watch_keys, NULL };
	const char *what = arena_fmt(a, "watch '%s'", w->name);
	struct watch_conf c = { 0 };

	if (at->kind != NODE_MAP) {
		conf_err(at, e, "%s is a mapping that starts with 'source: ...'", what);
		return;
	}
	conf_bind(at, what, watch_keys, &c, a, e);
	conf_done(at, what, tables, e);
	w->at = at;
	w->source = w->pattern = c.source;
	w->pattern.text = arena_array(a, c.source.n + 1, sizeof *w->pattern.text);
	for (size_t i = 0; i < c.source.n; i++)
		w->pattern.text[i] = path_join(dir, c.source.text[i], a);
	w->plan.max_bad = c.max_bad;
	w->window = c.window;
	w->every = c.every;
	w->season = (enum season)c.season;
	w->block = c.block;
	if (c.format != NULL)
		read_format(&w->plan, c.format, conf_get(at, "format"), what, e);
	if (c.fields != NULL)
		read_fields(&w->plan, c.fields, what, a, e);
	read_redact(&w->plan, &c.redact, at, what, a, e);
	if (c.reference != NULL)
		read_reference(w, c.reference, conf_get(at, "reference"), what, a, e);
	if (c.false_alarms != NULL && !alarms_read(str_of(c.false_alarms), &w->alarms, &w->per))
		conf_err(conf_get(at, "false_alarms"), e, "%s: 'false_alarms' is a number and a time, "
		    "such as 1 per 90d, not '%s'", what, c.false_alarms);
	if (c.features != NULL)
		watch_features(c.features, &w->watched, &w->nwatched, a, e);
	if (c.tests != NULL)
		read_tests(w, c.tests, what, a, e);
	if (w->season != SEASON_NONE && w->reference_text != NULL)
		check_season(w, conf_get(at, "season"), what, e);
}

void
watches_read(struct project *p, struct node *at, struct arena *a, struct err *e)
{
	if (at->kind != NODE_MAP) {
		conf_err(at, e, "'watches' is a mapping of name to {source: ...}");
		return;
	}
	p->watch = arena_array(a, at->n, sizeof *p->watch);
	for (size_t i = 0; i < at->n; i++) {
		struct watch *w = &p->watch[p->nwatch++];

		at->claimed[i] = true;
		w->name = str_cstr(at->key[i]->text, a);
		read_watch(w, at->item[i], p->dir, a, e);
	}
}

bool
watch_exists(const struct project *p, const char *name)
{
	for (size_t i = 0; i < p->nwatch; i++)
		if (strcmp(p->watch[i].name, name) == 0)
			return true;
	return false;
}

const struct watch *
watch_find(const struct project *p, const char *name, struct err *e)
{
	const char *names[65] = { NULL }, *near;

	for (size_t i = 0; i < p->nwatch; i++) {
		if (strcmp(p->watch[i].name, name) == 0)
			return &p->watch[i];
		if (i + 1 < COUNT(names))
			names[i] = p->watch[i].name;
	}
	near = str_nearest(name, names);
	if (p->nwatch == 0)
		err_set(e, "there is no watch '%s': no driftlead.yaml with watches was found", name);
	else
		err_set(e, "there is no watch '%s'%s%s%s", name, near ? " (did you mean '" :
		    "; 'driftlead list watches' shows them", near ? near : "", near ? "'?)" : "");
	return NULL;
}

int
watch_moment(const char *text, int64_t *ms, struct err *e)
{
	double at = (double)tick_wall_ms();

	if (text != NULL && !when_text(str_of(text), &at))
		return err_set(e, "--now '%s' is no time: write 2026-11-24T02:00:00Z or Unix milliseconds",
		    text);
	*ms = (int64_t)at;
	return 0;
}
