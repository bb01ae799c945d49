/*
 * cmd/gate.c -- `driftlead gate RUN`: judge a stored run, without a request.
 */
#include "harness/harness.h"
#include "reports/reports.h"

struct options {
	struct common common;
	const char   *base, *suite;
	bool          explain;
	struct outputs outputs;
};

static const struct opt options[] = {
	{ "base", 'b', OPT_TEXT, offsetof(struct options, base), "RUN",
	  "run to compare with, instead of the suite's baseline" },
	{ "suite", 0, OPT_TEXT, offsetof(struct options, suite), "FILE",
	  "judge by this suite's gates instead of those the run was asked with" },
	{ "explain", 'e', OPT_FLAG, offsetof(struct options, explain), NULL,
	  "say what was assumed and tested, why this verdict, and what would change it" },
#define OUTPUT OUTPUT_OPTION
#define OUTPUT_PRINTED OUTPUT_FLAG
#include "reports/outputs.def"
	{ 0 }
};

/* Gates of another file, on metrics that the run has under the same names. */
static int
take_gates(struct session *s, struct suite *suite, const char *path, struct err *e)
{
	struct suite *changed = suite_load(path, &s->project->roots, s->arena, e);

	if (changed == NULL)
		return -1;
	for (size_t i = 0; i < changed->ngate; i++) {
		struct gate *g = &changed->gate[i];
		const char *name = changed->metric[g->metric].name;
		size_t m = 0;

		while (m < suite->nmetric && strcmp(suite->metric[m].name, name) != 0)
			m++;
		if (m == suite->nmetric)
			conf_err(g->at, e, "gate '%s': the run has no metric '%s'", g->name, name);
		else if (suite->metric[m].scorer->scale != changed->metric[g->metric].scorer->scale)
			conf_err(g->at, e, "gate '%s': the run's metric '%s' is of another scale", g->name,
			    name);
		g->metric = (int)m;
	}
	suite->gate = changed->gate;
	suite->ngate = changed->ngate;
	return e->n ? -1 : 0;
}

static int
gate(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	long run = run_resolve(s->store, s->operand.text[0], NULL, e), base = 0;
	struct release release;
	struct suite *suite;

	if (run == 0 || outputs_check(&o->outputs, o->common.json ? "--json" : NULL, e) != 0 ||
	    (suite = suite_of_run(s->store, run, s->arena, e)) == NULL)
		return EXIT_MISTAKE;
	if (o->suite != NULL)
		suite->ngate = 0;                       /* take_gates gives others */
	if (suite_take_metrics(suite, s->store, run, s->arena, e) != 0 ||
	    (o->suite != NULL && take_gates(s, suite, o->suite, e) != 0))
		return EXIT_MISTAKE;
	if (o->base == NULL)
		base = run_baseline(s->store, suite->name);
	else if ((base = run_resolve(s->store, o->base, suite->name, e)) == 0)
		return EXIT_MISTAKE;
	if (stage_gate(s->store, suite, run, base, &release, s->arena, e) != 0)
		return EXIT_MISTAKE;
	if (o->common.json) {
		buf_char(&s->out, '{');
		output_run_json(&s->out, s->store, run);
		buf_key(&s->out, "verdict");
		buf_str(&s->out, release.verdict_json);
		buf_key(&s->out, "gates");
		buf_str(&s->out, release.gates_json);
		buf_puts(&s->out, "}\n");
	} else if (!o->common.quiet) {
		buf_str(&s->out, o->explain ? release.explanation : release.lines);
		buf_fmt(&s->out, "%s\n", verdict_name[release.verdict]);
	}
	if (outputs_write(s->store, run, base, &o->outputs, &s->out, e) != 0)
		return EXIT_SURROUNDINGS;
	return verdict_exit(release.verdict);
}

const struct command command_gate = {
	.name = "gate", .chapter = "measure", .operands = "RUN",
	.help = "judge a stored run against its baseline, without a request",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT | NEEDS_STORE_WRITE,
	.min_operands = 1, .max_operands = 1, .main = gate,
};
