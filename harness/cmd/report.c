/*
 * cmd/report.c -- `driftlead report RUN`: the HTML page of a run.
 */
#include "harness/harness.h"
#include "reports/reports.h"

struct options { struct common common; const char *out, *base; struct outputs outputs; };

static const struct opt options[] = {
	{ "output", 'o', OPT_TEXT, offsetof(struct options, out), "FILE",
	  "write there instead of standard output" },
	{ "base", 'b', OPT_TEXT, offsetof(struct options, base), "RUN",
	  "show changes against this run, instead of the one it was last judged against" },
#define OUTPUT OUTPUT_OPTION
#define OUTPUT_PRINTED OUTPUT_FLAG
#include "reports/outputs.def"
	{ 0 }
};

/* What a command says that wrote files. */
static void
written(struct session *s, long run, long base)
{
	const struct options *o = s->options;

	if (o->common.json) {
		buf_fmt(&s->out, "{\"run\":%ld,\"base\":%ld", run, base);
		buf_key_text(&s->out, "file", str_of(o->out));
		buf_puts(&s->out, "}\n");
	} else if (!o->common.quiet && o->out != NULL) {
		buf_fmt(&s->out, "%s\n", o->out);
	}
}

static int
report(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	long run = run_resolve(s->store, s->operand.text[0], NULL, e), base;
	bool page_printed = o->out == NULL ? !outputs_any(&o->outputs) : strcmp(o->out, "-") == 0;

	if (run == 0)
		return EXIT_MISTAKE;
	if (o->base == NULL)
		base = store_long(s->store, 0, "SELECT ifnull(base, 0) FROM v_verdict WHERE run = ?"
		    " ORDER BY id DESC LIMIT 1", "i", run);
	else if ((base = run_resolve(s->store, o->base, NULL, e)) == 0)
		return EXIT_MISTAKE;
	if (outputs_check(&o->outputs, page_printed ? "the page" : o->common.json ? "--json" : NULL,
	    e) != 0)
		return EXIT_MISTAKE;
	if (o->out != NULL || !outputs_any(&o->outputs))
		report_html(s->store, run, base, &s->out);
	s->verbatim = page_printed;
	if (o->out != NULL && !page_printed &&
	    file_write(o->out, buf_as_str(&s->out), 0644, e) != 0)
		return EXIT_SURROUNDINGS;
	if (!page_printed) {
		buf_reset(&s->out);
		written(s, run, base);
	}
	return outputs_write(s->store, run, base, &o->outputs, &s->out, e) == 0 ? EXIT_PASS :
	    EXIT_SURROUNDINGS;
}

const struct command command_report = {
	.name = "report", .chapter = "read", .operands = "RUN", .help = "write a run's HTML page",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT | NEEDS_STORE_READ,
	.min_operands = 1, .max_operands = 1, .main = report,
};
