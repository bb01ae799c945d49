/*
 * cmd/list.c -- `driftlead list WHAT`: what this program and this project have to offer.
 */
#include "drift/drift.h"
#include "harness/harness.h"
#include "harness/watch.h"

struct options { struct common common; bool verbose; };

static const struct opt options[] = {
	{ "verbose", 'v', OPT_FLAG, offsetof(struct options, verbose), NULL, "with parameters" },
	{ 0 }
};

static void
entry(struct session *s, const char *name, const char *note, const char *help,
    const struct conf_key *params, bool *first)
{
	const struct options *o = s->options;
	const struct conf_key *tables[] = { params, NULL };
	struct buf *b = &s->out;

	if (o->common.json) {
		buf_puts(b, *first ? "{" : ",{");
		buf_key_text(b, "name", str_of(name));
		buf_key_text(b, "note", str_of(note));
		buf_key_text(b, "help", str_of(help));
		buf_key(b, "params");
		buf_char(b, '{');
		if (params != NULL)
			conf_schema(b, tables);
		buf_puts(b, "}}");
	} else {
		buf_fmt(b, "%-18s %-12s %s\n", name, note, help);
		for (const struct conf_key *k = params; o->verbose && k != NULL && k->name != NULL; k++) {
			bool required = k->dflt != NULL && strcmp(k->dflt, CONF_REQUIRED) == 0;

			buf_fmt(b, "    %-12s %s%s%s%s%s\n", k->name, k->help ? k->help : "",
			    k->range ? "; " : "", k->range ? k->range : "", required ? "; required" :
			    k->dflt ? "; default " : "", required || !k->dflt ? "" : k->dflt);
		}
	}
	*first = false;
}

static const char *const shape_word[] = { "number", "category", "text", "vector" };

static const char *
shapes_of(const struct detector *d, struct arena *a)
{
	const char *s = "";

	for (size_t i = 0; i < COUNT(shape_word); i++)
		if (d->shapes >> i & 1)
			s = arena_fmt(a, "%s%s%s", s, *s ? ", " : "", shape_word[i]);
	return s;
}

static int
list(struct session *s, struct err *e)
{
	static const char *const known[] = { "scorers", "protocols", "targets", "rules", "features",
	    "detectors", "watches", NULL };
	const struct options *o = s->options;
	const char *what = s->operand.text[0], *near = str_nearest(what, known);
	bool first = true;
	int status;

	if (o->common.json)
		buf_fmt(&s->out, "{\"%s\":[", what);
	if (strcmp(what, "scorers") == 0) {
		for (const struct scorer *const *x = scorer_all(); *x != NULL; x++)
			entry(s, (*x)->name, arena_fmt(s->arena, "version %d", (*x)->version), (*x)->help,
			    (*x)->params, &first);
	} else if (strcmp(what, "protocols") == 0) {
		static const char *const wire[] = { "HTTP", "child", "local" };

		for (const struct protocol *const *x = protocol_all(); *x != NULL; x++)
			entry(s, (*x)->name, wire[(*x)->wire], (*x)->help, (*x)->params, &first);
	} else if (strcmp(what, "features") == 0) {
		for (const struct feature *const *x = feature_all(); *x != NULL; x++)
			entry(s, (*x)->name, arena_fmt(s->arena, "%s v%d", shape_word[(*x)->shape],
			    (*x)->version), (*x)->help, (*x)->params, &first);
	} else if (strcmp(what, "detectors") == 0) {
		for (const struct detector *const *x = detector_all(); *x != NULL; x++)
			entry(s, (*x)->name, shapes_of(*x, s->arena), arena_fmt(s->arena,
			    "%s; tolerance %g, %s, version %d", (*x)->help, (*x)->tolerance, (*x)->unit,
			    (*x)->version), NULL, &first);
	} else if (strcmp(what, "targets") == 0) {
		for (size_t i = 0; i < s->project->ntarget; i++) {
			const struct target *t = &s->project->target[i];

			entry(s, t->name, t->protocol->name, t->url ? t->url : "", NULL, &first);
		}
	} else if (strcmp(what, "watches") == 0) {
		if ((status = watches_open(s, e)) != 0)
			return status;
		watches_list(&s->out, s->store, s->project, o->common.json);
	} else if (strcmp(what, "rules") == 0) {
		for (const struct gate_rule *r = gate_rule; r->name != NULL; r++)
			entry(s, r->name, r->takes & RULE_MARGIN ? r->takes & RULE_VALUE ? "value, margin" :
			    "margin" : "value", r->help, NULL, &first);
	} else {
		buf_reset(&s->out);
		err_set(e, "cannot list '%s'%s%s%s", what, near ? " (did you mean '" :
		    ": not one of scorers, protocols, targets, rules, features, detectors, watches",
		    near ? near : "", near ? "'?)" : "");
		return EXIT_MISTAKE;
	}
	buf_puts(&s->out, o->common.json ? "]}\n" : "");
	return EXIT_PASS;
}

const struct command command_list = {
	.name = "list", .chapter = "about",
	.operands = "scorers|protocols|targets|rules|features|detectors|watches",
	.help = "what there is to use, with parameters", .options = options,
	.size = sizeof(struct options), .needs = NEEDS_PROJECT, .min_operands = 1, .max_operands = 1,
	.main = list,
};
