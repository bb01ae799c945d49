/*
 * cmd/ladder.c -- `driftlead ladder FILE`: prompt, retrieval, fine-tune, frontier model: the same
 * cases for each, and which is the cheapest that is good enough.
 */
#include "harness/ladder.h"
#include "reports/reports.h"

#include <sys/prctl.h>

struct options {
	struct common common;
	const char   *html;
	bool          no_run, dry_run, fresh, retry;
	double        max_cost, max_time;
	long          max_tokens;
};

static const struct opt options[] = {
	{ "no-run", 0, OPT_FLAG, offsetof(struct options, no_run), NULL,
	  "judge what is stored; send nothing" },
	{ "dry-run", 'n', OPT_FLAG, offsetof(struct options, dry_run), NULL,
	  "show each rung's first request, the calls that are missing and their cost; send nothing" },
	{ "fresh", 0, OPT_FLAG, offsetof(struct options, fresh), NULL,
	  "ask every rung anew although its run is stored" },
	{ "retry", 0, OPT_FLAG, offsetof(struct options, retry), NULL,
	  "ask again what the services did not answer" },
	{ "html", 0, OPT_TEXT, offsetof(struct options, html), "FILE", "write a page" },
	{ "max-cost", 0, OPT_REAL, offsetof(struct options, max_cost), "USD",
	  "stop before all rungs together cost more" },
	{ "max-tokens", 0, OPT_INT, offsetof(struct options, max_tokens), "N",
	  "stop before they take more" },
	{ "max-time", 0, OPT_TIME, offsetof(struct options, max_time), "TIME",
	  "stop asking after 90s, 15m ..." },
	{ 0 }
};

/* ---- dry run ------------------------------------------------------------------------------ */

/* What one rung would be asked; `said` is run's own object for it. */
struct plan { long calls, stored; bool bounded; double cost; struct str said, request; };

static long
stored_calls(struct store *st, const struct ladder_rung *x)
{
	if (st == NULL)
		return 0;
	return store_long(st, 0, "SELECT ndone FROM v_run WHERE suite_digest = ? AND target = ? AND"
	    " target_digest = ? AND filter = '' ORDER BY id DESC LIMIT 1", "sss", x->suite->digest,
	    x->target->name, x->target->digest);
}

static int
plan_rung(struct session *s, struct ladder_rung *x, struct store *real, bool fresh,
    struct plan *out, struct err *e)
{
	struct buf said = { 0 };
	struct run_options ro = { .dry_run = true, .json = true, .out = &said };
	struct run_result result;
	struct json root, cost;
	struct json_fault bad;
	int status = EXIT_MISTAKE;

	if (suite_store(x->suite, &s->project->roots, s->store, s->arena, e) == 0)
		status = stage_run(s->store, x->suite, x->target, &ro, &result, s->arena, e);
	if (status == 0) {
		out->said = str_dup(str_trim(buf_as_str(&said)), s->arena);
		if (json_parse(out->said, &root, &bad) != 0)
			bug("a dry run prints no JSON: %s", bad.why);
		json_long(json_get(root, "calls"), &out->calls);
		out->request = json_text(json_get(root, "request"), s->arena);
		out->stored = fresh ? 0 : stored_calls(real, x);
		cost = json_get(root, "cost_at_most");
		out->bounded = cost.type == JT_NUMBER || !x->target->has_prices;
		/* What is asked already costs nothing again; which cases those are does not matter much. */
		out->cost = out->calls > 0 ? json_to_real(cost, 0) * (double)(out->calls - out->stored) /
		    (double)out->calls : 0;
	}
	buf_free(&said);
	return status;
}

static void
print_plans(struct session *s, const struct ladder_file *l, const struct plan *plan)
{
	const struct options *o = s->options;
	struct buf *b = &s->out;
	long calls = 0;
	double cost = 0;
	bool bounded = true;

	if (o->common.json)
		buf_puts(b, "{\"dry_run\":true,\"rungs\":[");
	for (size_t i = 0; i < l->nrung; i++) {
		const char *name = str_cstr(str_visible(str_of(l->rung[i].name), 60, false, s->arena),
		    s->arena);

		calls += plan[i].calls - plan[i].stored;
		cost += plan[i].cost;
		bounded = bounded && plan[i].bounded;
		if (o->common.json) {
			buf_puts(b, i ? ",{" : "{");
			buf_key_text(b, "name", str_of(l->rung[i].name));
			buf_key_long(b, "stored", plan[i].stored);
			buf_key(b, "run");
			buf_str(b, plan[i].said);
			buf_char(b, '}');
			continue;
		}
		buf_fmt(b, "%s: %ld calls to '%s', %ld of them stored; its first request:\n", name,
		    plan[i].calls, l->rung[i].target->name, plan[i].stored);
		buf_indented(b, str_visible(plan[i].request, 4096, true, s->arena), "  ");
		buf_puts(b, "\n\n");
	}
	if (o->common.json) {
		buf_puts(b, "]");
		buf_key_long(b, "calls", calls);
		if (bounded)
			buf_key_real(b, "cost_at_most", cost);
		else
			buf_key_null(b, "cost_at_most");
		buf_puts(b, "}\n");
		return;
	}
	buf_fmt(b, "%ld calls would be sent", calls);
	if (bounded)
		buf_fmt(b, "; they cost at most $%.4f beside what rungs add per request\n", cost);
	else
		buf_puts(b, "; what they cost has no bound without max_tokens\n");
}

static int
dry_run(struct session *s, struct ladder_file *l, struct err *e)
{
	const struct options *o = s->options;
	struct plan *plan = arena_array(s->arena, l->nrung, sizeof *plan);
	struct store *real = NULL;
	struct err none = { 0 };
	struct scratch scratch;
	int status;

	if (store_open(&real, s->project->store, STORE_READ, &none) != 0)
		real = NULL;                            /* nothing is stored yet */
	if ((status = scratch_open(&scratch, e)) != 0)
		goto out;
	s->store = scratch.store;
	for (size_t i = 0; i < l->nrung && status == 0; i++) {
		status = plan_rung(s, &l->rung[i], real, o->fresh, &plan[i], e);
		for (size_t k = 0; k < i && status == 0; k++)   /* a rung that is asked the very same */
			if (l->rung[k].target == l->rung[i].target &&
			    strcmp(l->rung[k].suite->digest, l->rung[i].suite->digest) == 0) {
				plan[i].stored = plan[i].calls;
				plan[i].cost = 0;
			}
	}
	if (status == 0)
		print_plans(s, l, plan);
	scratch_drop(&scratch);
	s->store = NULL;
out:
	if (real != NULL)
		store_close(real);
	return status;
}

/* ---- asking and judging ------------------------------------------------------------------- */

/* Everything that can be wrong with a target is out before the first request. */
static int
open_targets(struct session *s, struct ladder_file *l, struct err *e)
{
	for (size_t i = 0; i < l->nrung; i++) {
		struct target *t = l->rung[i].target;
		bool open = false;

		for (size_t k = 0; k < i; k++)
			open = open || l->rung[k].target == t;
		if (t->key_env != NULL || t->nheader > 0)
			prctl(PR_SET_DUMPABLE, 0);          /* a core would hold the key */
		if (!open)
			target_open(t, s->arena, e);
	}
	return e->n ? -1 : 0;
}

static void
judge(struct session *s, struct ladder_file *l, struct ladder_report *p)
{
	struct ladder_data *d = &p->data;

	*d = ladder_read(s->store, l, s->arena);
	p->judged = d->nrung > 0 && d->design.n > 0;
	p->whole = p->judged && d->nrung == l->nrung;
	if (!p->judged)
		return;
	p->ladder = ladder_judge(&d->design, d->rung, d->nrung, &l->rules, s->arena);
	p->held = ladder_held(&d->design, d->rung, d->nrung, d->held, &l->rules, s->arena);
	if (d->confidence != NULL)
		p->router = router_judge(&d->design, &d->rung[d->cheap], &d->rung[d->strong],
		    d->confidence, d->held, &l->rules, s->arena);
}

static int
write_page(const char *path, struct str json, struct err *e)
{
	struct buf page = { 0 };
	int bad;

	report_ladder(json, &page);
	bad = file_write(path, buf_as_str(&page), 0644, e);
	buf_free(&page);
	return bad;
}

static int
report(struct session *s, struct ladder_file *l, const struct ladder_report *p, struct err *e)
{
	const struct options *o = s->options;
	struct buf json = { 0 };
	int status = p->whole && p->ladder.met ? EXIT_PASS : EXIT_UNSURE;

	ladder_json(&json, l, p);
	if (o->common.json)
		buf_str(&s->out, buf_as_str(&json));
	else if (!o->common.quiet)
		ladder_text(&s->out, l, p);
	if (o->html != NULL && write_page(o->html, buf_as_str(&json), e) != 0)
		status = EXIT_SURROUNDINGS;
	buf_free(&json);
	return status;
}

static int
ask(struct session *s, struct ladder_file *l, struct err *e)
{
	const struct options *o = s->options;
	struct ladder_asking how = {
		.start = o->retry ? START_RETRY : o->fresh ? START_FRESH : START_RESUME,
		.no_run = o->no_run, .quiet = o->common.quiet,
		.budget = { o->max_cost, o->max_tokens, o->max_time }, .command = s->command_line };
	int status = store_open(&s->store, s->project->store, o->no_run ? STORE_WRITE : STORE_CREATE,
	    e);

	if (status != 0 || (status = ladder_ask(s->store, l, s->project, &how, s->arena, e)) == 0)
		return status;
	if (status > 128)
		fprintf(stderr, "driftlead: interrupted; what was answered is stored, the same command%s "
		    "goes on\n", o->fresh ? " without --fresh" : "");
	return status;
}

static int
ladder(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct ladder_report *p = arena_alloc(s->arena, sizeof *p);
	struct ladder_file *l;
	int status;

	if (o->fresh + o->retry + o->no_run + o->dry_run > 1 && !(o->dry_run && o->fresh)) {
		err_set(e, "--no-run, --dry-run, --fresh and --retry exclude each other");
		return EXIT_MISTAKE;
	}
	l = ladder_load(s->operand.text[0], s->project, s->arena, e);
	if (l == NULL || (!o->no_run && open_targets(s, l, e) != 0))
		return EXIT_MISTAKE;
	if (o->dry_run)
		return dry_run(s, l, e);
	if ((status = ask(s, l, e)) != 0)
		return status;
	judge(s, l, p);
	return report(s, l, p, e);
}

const struct command command_ladder = {
	.name = "ladder", .chapter = "measure", .operands = "FILE",
	.help = "ask several ways to do a task the same cases; which is the cheapest that will do?",
	.about = "A rung whose run is stored is not asked again; the file is in driftlead-ladder(5).",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT,
	.min_operands = 1, .max_operands = 1, .main = ladder,
};
