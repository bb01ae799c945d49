/*
 * cmd/baseline.c -- `driftlead baseline set|list|drop`: what releases are compared with.
 *
 * The store is opened here and not by main.c: `list` must not wait for a writer.
 */
#include "harness/harness.h"

struct options { struct common common; const char *name, *suite; };

static const struct opt options[] = {
	{ "name", 0, OPT_TEXT, offsetof(struct options, name), "NAME",
	  "a name of its own instead of 'baseline', which gates use by themselves" },
	{ "suite", 0, OPT_TEXT, offsetof(struct options, suite), "NAME", "drop: the suite's name" },
	{ 0 }
};

/* What --json says of set and drop; run 0: the name means none any more. */
static void
named_json(struct buf *b, const char *suite, const char *name, long run)
{
	buf_char(b, '{');
	buf_key_text(b, "suite", str_of(suite));
	buf_key_text(b, "name", str_of(name));
	buf_key_long_if(b, "run", run != 0, run);
	buf_puts(b, "}\n");
}

/* Whether run_resolve would ever look for a run of this name. */
static bool
can_be_named(const char *name)
{
	long number;

	return name[0] != '\0' && strcmp(name, "last") != 0 && strchr(name, '~') == NULL &&
	    !str_long(str_of(name), &number);
}

static int
set(struct session *s, const char *word, const char *name, struct err *e)
{
	const struct common *common = s->options;
	long run = run_resolve(s->store, word, NULL, e);
	struct query *q;

	if (!can_be_named(name))
		err_set(e, "no run can be named '%s': numbers, 'last' and what holds a '~' mean runs "
		    "already", name);
	if (e->n > 0)
		return EXIT_MISTAKE;
	q = store_query(s->store, "SELECT suite_name, state, filter, target, ncalls - ndone"
	    " FROM v_run WHERE id = ?", "i", run);
	if (!query_next(q))
		bug("run %ld vanished", run);
	if (!str_is(query_text(q, 1), "complete"))
		err_set(e, "run %ld is not complete: only what was asked in full can be a baseline", run);
	else if (query_text(q, 2).n > 0)
		err_set(e, "run %ld asked only part of its suite (--filter)", run);
	else if (query_long(q, 4) > 0)
		err_set(e, "run %ld stopped early, when its verdict was decided: ask the rest with "
		    "'driftlead run --all' first", run);
	if (e->n == 0) {
		const char *suite = str_cstr(query_text(q, 0), s->arena);

		if (common->json)
			named_json(&s->out, suite, name, run);
		else if (!common->quiet)
			buf_fmt(&s->out, "%s of suite %s is run %ld (%.*s)\n", name, suite, run,
			    STR_ARG(query_text(q, 3)));
		query_free(q);
		store_set_baseline(s->store, suite, name, run);
		store_flush(s->store);
		return EXIT_PASS;
	}
	query_free(q);
	return EXIT_MISTAKE;
}

static int
list(struct session *s, bool json)
{
	struct query *q = store_query(s->store, "SELECT b.suite_name, b.name, b.run, r.target, b.time"
	    " FROM v_baseline b JOIN v_run r ON r.id = b.run ORDER BY 1, 2", "");
	static const char *const key[] = { "suite", "name", "run", "target", "time" };
	bool first = true;

	buf_puts(&s->out, json ? "{\"baselines\":[" : "");
	while (query_next(q)) {
		if (json) {
			buf_puts(&s->out, first ? "{" : ",{");
			for (int i = 0; i < 5; i++) {
				buf_key(&s->out, key[i]);
				query_json(q, i, &s->out);
			}
			buf_char(&s->out, '}');
		} else {
			buf_fmt(&s->out, "%-16.*s %-16.*s run %-6ld %.*s  %.*s\n", STR_ARG(query_text(q, 0)),
			    STR_ARG(query_text(q, 1)), query_long(q, 2), STR_ARG(query_text(q, 3)),
			    STR_ARG(query_text(q, 4)));
		}
		first = false;
	}
	buf_puts(&s->out, json ? "]}\n" : "");
	return EXIT_PASS;
}

static int
baseline(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	const char *verb = s->operand.text[0], *name = o->name ? o->name : "baseline";
	bool reads = strcmp(verb, "list") == 0 && s->operand.n == 1;
	int status = store_open(&s->store, s->project->store, reads ? STORE_READ : STORE_WRITE, e);

	if (status != 0)
		return status;
	if (reads)
		return list(s, o->common.json);
	if (strcmp(verb, "set") == 0 && s->operand.n == 2)
		return set(s, s->operand.text[1], name, e);
	if (strcmp(verb, "drop") == 0 && s->operand.n == 1 && o->suite != NULL) {
		if (store_drop_baseline(s->store, o->suite, name)) {
			store_flush(s->store);
			if (o->common.json)
				named_json(&s->out, o->suite, name, 0);
			return EXIT_PASS;
		}
		err_set(e, "suite '%s' has no baseline named '%s'", o->suite, name);
		return EXIT_MISTAKE;
	}
	err_set(e, "usage: driftlead baseline set RUN | list | drop --suite NAME");
	return EXIT_MISTAKE;
}

const struct command command_baseline = {
	.name = "baseline", .chapter = "measure", .operands = "set RUN | list | drop --suite NAME",
	.help = "say which run releases are compared with",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT,
	.min_operands = 1, .max_operands = 2, .main = baseline,
};
