/*
 * cmd/score.c -- `driftlead score RUN`: score stored answers anew, without a request.
 *
 * The suite is the one that the run was asked with, or the file given with --suite when only
 * its metrics have changed.
 */
#include "harness/harness.h"

struct options { struct common common; const char *suite; bool slices; };

static const struct opt options[] = {
	{ "suite", 0, OPT_TEXT, offsetof(struct options, suite), "FILE",
	  "score by this suite's metrics instead of those the run was asked with" },
	{ "slices", 's', OPT_FLAG, offsetof(struct options, slices), NULL,
	  "an estimate for every slice" },
	{ 0 }
};

static int
score(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	long run = run_resolve(s->store, s->operand.text[0], NULL, e);
	struct suite *suite, *changed;

	if (run == 0 || (suite = suite_of_run(s->store, run, s->arena, e)) == NULL)
		return EXIT_MISTAKE;
	if (o->suite != NULL) {
		if ((changed = suite_load(o->suite, &s->project->roots, s->arena, e)) == NULL)
			return EXIT_MISTAKE;
		suite->metric = changed->metric;
		suite->nmetric = changed->nmetric;
	}
	stage_score(s->store, suite, run);
	stage_estimate(s->store, suite, run, s->arena);
	if (o->common.json) {
		buf_char(&s->out, '{');
		output_run_json(&s->out, s->store, run);
		buf_puts(&s->out, ",\"verdict\":null,\"gates\":[]}\n");
	} else if (!o->common.quiet) {
		output_run_text(&s->out, s->store, run, o->slices);
	}
	return EXIT_PASS;
}

const struct command command_score = {
	.name = "score", .chapter = "measure", .operands = "RUN",
	.help = "score a run's stored answers anew, without a request",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT | NEEDS_STORE_WRITE,
	.min_operands = 1, .max_operands = 1, .main = score,
};
