/*
 * cmd/run.c -- `driftlead run`: ask, score, estimate, judge.
 */
#include "harness/harness.h"
#include "reports/reports.h"

#include <sys/prctl.h>

struct options {
	struct common common;
	const char   *target, *base, *junit;
	bool          fresh, retry, dry_run, slices;
	struct texts  filter;
	double        max_cost, max_time;
	long          max_tokens;
};

static const struct opt options[] = {
	{ "target", 't', OPT_TEXT, offsetof(struct options, target), "NAME", "which target to ask" },
	{ "base", 'b', OPT_TEXT, offsetof(struct options, base), "RUN",
	  "run to compare with, instead of the suite's baseline" },
	{ "filter", 'f', OPT_LIST, offsetof(struct options, filter), "WHAT",
	  "only id:GLOB, slice:NAME, tag:WORD or failed:RUN; several must all hold" },
	{ "fresh", 0, OPT_FLAG, offsetof(struct options, fresh), NULL,
	  "start anew although an unfinished run could go on" },
	{ "retry", 0, OPT_FLAG, offsetof(struct options, retry), NULL,
	  "ask again what the service did not answer in the newest run like this" },
	{ "dry-run", 'n', OPT_FLAG, offsetof(struct options, dry_run), NULL,
	  "show the first request, the number of calls and the cost; send nothing" },
	{ "slices", 's', OPT_FLAG, offsetof(struct options, slices), NULL,
	  "an estimate for every slice" },
	{ "max-cost", 0, OPT_REAL, offsetof(struct options, max_cost), "USD",
	  "stop before it costs more" },
	{ "max-tokens", 0, OPT_INT, offsetof(struct options, max_tokens), "N",
	  "stop before it takes more" },
	{ "max-time", 0, OPT_TIME, offsetof(struct options, max_time), "TIME",
	  "stop asking after 90s, 15m ..." },
	{ "junit", 0, OPT_TEXT, offsetof(struct options, junit), "FILE", "write JUnit XML for CI" },
	{ 0 }
};

/* The run to compare with: -b, or the suite's baseline when it has one.  -1: a mistake. */
static long
find_base(struct session *s, const struct suite *suite, const char *word, long run, struct err *e)
{
	long base;

	if (word != NULL)
		return (base = run_resolve(s->store, word, suite->name, e)) ? base : -1;
	base = run_baseline(s->store, suite->name);
	return base == run ? 0 : base;
}

/* The command that goes on: as typed, but --fresh would throw away what is stored. */
static const char *
resume_command(const struct session *s)
{
	const char *p = s->command_line;
	struct buf b = { 0 };
	bool quoted = false;

	for (; *p != '\0'; p++) {
		quoted = quoted != (*p == '\'');
		if (!quoted && strncmp(p, " --fresh", 8) == 0 && (p[8] == ' ' || p[8] == '\0'))
			p += 7;
		else
			buf_char(&b, *p);
	}
	p = str_cstr(buf_as_str(&b), s->arena);
	buf_free(&b);
	return p;
}

/* What to say and return for a run that did not come to its end. */
static int
unfinished(const struct session *s, const struct run_result *r)
{
	switch (r->state) {
	case RUN_INTERRUPTED:
		fprintf(stderr, "driftlead: interrupted; what was answered is stored, go on with\n  %s\n",
		    resume_command(s));
		return 128 + r->signal;
	case RUN_DEAD:
		fprintf(stderr, "driftlead: stopped asking: %s\ndriftlead: what was answered is stored, "
		    "go on with\n  %s\n", r->why, resume_command(s));
		return EXIT_SURROUNDINGS;
	case RUN_BUDGET:
		fprintf(stderr, "driftlead: stopped asking: %s; go on with a larger budget\n", r->why);
		return EXIT_UNSURE;
	default:
		return EXIT_PASS;
	}
}

static int
judge(struct session *s, struct suite *suite, const struct options *o, long run, struct err *e)
{
	struct release release = { .verdict = PASS };
	long base = find_base(s, suite, o->base, run, e);
	long measured = store_long(s->store, 0,
	    "SELECT count(*) FROM v_completion WHERE run = ? AND measured", "i", run);
	bool judged = suite->ngate > 0;

	if (base < 0)
		return EXIT_MISTAKE;
	if (judged)
		stage_gate(s->store, suite, run, base, &release, s->arena, e);
	else if (measured == 0)
		release.verdict = INCONCLUSIVE;         /* nothing was measured: never 0 */
	if (o->common.json) {
		buf_char(&s->out, '{');
		output_run_json(&s->out, s->store, run);
		buf_key(&s->out, "verdict");
		buf_str(&s->out, judged ? release.verdict_json : STR("null"));
		buf_key(&s->out, "gates");
		buf_str(&s->out, judged ? release.gates_json : STR("[]"));
		buf_puts(&s->out, "}\n");
	} else if (!o->common.quiet) {
		output_run_text(&s->out, s->store, run, o->slices);
		buf_str(&s->out, release.lines);
		if (judged)
			buf_fmt(&s->out, "%s\n", verdict_name[release.verdict]);
	}
	if (o->junit != NULL && report_junit_file(s->store, run, base, o->junit, e) != 0)
		return EXIT_SURROUNDINGS;
	return verdict_exit(release.verdict);
}

static int
run(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct run_options ro = {
		.start = o->retry ? START_RETRY : o->fresh ? START_FRESH : START_RESUME,
		.dry_run = o->dry_run,
		.quiet = o->common.quiet, .json = o->common.json, .out = &s->out, .filter = o->filter,
		.budget = { o->max_cost, o->max_tokens, o->max_time }, .command = s->command_line };
	struct target *t;
	struct suite *suite;
	struct run_result result;
	char scratch[256] = "";
	int status, after;

	if (o->fresh && o->retry) {
		err_set(e, "--fresh begins a run and --retry goes on with one: give one of them");
		return EXIT_MISTAKE;
	}
	suite = suite_load(s->operand.text[0], &s->project->roots, s->arena, e);
	t = target_find(s->project, o->target, s->arena, e);
	if (t != NULL && (t->key_env != NULL || t->nheader > 0))
		prctl(PR_SET_DUMPABLE, 0);              /* a core would hold the key */
	if (suite == NULL || t == NULL || target_open(t, s->arena, e) != 0)
		return EXIT_MISTAKE;
	status = o->dry_run ? scratch_open(&s->store, scratch, sizeof scratch, s->arena, e) :
	    store_open(&s->store, s->project->store, STORE_CREATE, e);
	if (status != 0)
		return status;
	if (o->base != NULL && find_base(s, suite, o->base, 0, e) < 0)
		return EXIT_MISTAKE;                    /* before the first request, not after the last */
	if (suite_store(suite, &s->project->roots, s->store, s->arena, e) != 0)
		status = EXIT_MISTAKE;
	else
		status = stage_run(s->store, suite, t, &ro, &result, s->arena, e);
	if (o->dry_run)
		scratch_drop(&s->store, scratch, s->arena);
	if (status != 0 || o->dry_run)
		return status;
	stage_estimate(s->store, suite, result.run, s->arena);
	status = judge(s, suite, o, result.run, e);
	after = unfinished(s, &result);
	return after ? after : status;
}

const struct command command_run = {
	.name = "run", .chapter = "measure", .operands = "SUITE",
	.help = "ask a target every case of a suite, score, and judge the gates",
	.about = "An unfinished run with the same suite, target and filter goes on where it stopped.",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT,
	.min_operands = 1, .max_operands = 1, .main = run,
};
