/*
 * cmd/size.c -- `driftlead size SUITE`: how many cases the gates need, what the suite can see with
 * those it has, and what either costs.  Nothing is asked, and nothing is written to the store.
 */
#include "harness/sizing.h"

#include <math.h>
#include <unistd.h>

struct options {
	struct common common;
	double margin, power, alpha, psi, drop;
	bool   from_runs;
	const char *metric, *target;
};

static const struct opt options[] = {
	{ "margin", 0, OPT_SHARE, offsetof(struct options, margin), "SHARE",
	  "what may be lost, instead of each gate's own margin" },
	{ "drop", 0, OPT_SHARE, offsetof(struct options, drop), "SHARE",
	  "the true loss to allow for, below the margin (default 0)" },
	{ "power", 0, OPT_SHARE, offsetof(struct options, power), "SHARE",
	  "chance that a candidate with that loss passes, instead of each gate's own" },
	{ "alpha", 0, OPT_SHARE, offsetof(struct options, alpha), "SHARE",
	  "one-sided error, instead of each gate's own" },
	{ "psi", 0, OPT_SHARE, offsetof(struct options, psi), "SHARE",
	  "discordance of two runs, instead of what past runs show" },
	{ "from-runs", 0, OPT_FLAG, offsetof(struct options, from_runs), NULL,
	  "fail instead of assuming a discordance of 16% where no run tells" },
	{ "metric", 'm', OPT_TEXT, offsetof(struct options, metric), "NAME",
	  "only gates on this metric" },
	{ "target", 't', OPT_TEXT, offsetof(struct options, target), "NAME",
	  "whose calls are priced, instead of the newest run's target" },
	{ 0 }
};

/* ---- for people --------------------------------------------------------------------------- */

static void
duration(char out[16], double s)
{
	if (s < 0.1)
		snprintf(out, 16, "< 0.1 s");
	else if (s < 99.5)
		snprintf(out, 16, "%.3g s", s);
	else if (s < 5970)
		snprintf(out, 16, "%.3g min", s / 60);
	else
		snprintf(out, 16, "%.4g h", s / 3600);
}

/* "  $1.93  2.4 min", right-aligned; 'unknown' where nothing is known. */
static void
price_text(struct buf *b, const struct sizing *z, long n)
{
	char cost[16] = "unknown", time[16] = "unknown";
	double usd, seconds;

	if (sizing_cost(z, n, &usd))
		snprintf(cost, sizeof cost, "$%.4g", usd);
	if (sizing_seconds(z, n, &seconds))
		duration(time, seconds);
	buf_fmt(b, "  %9s  %9s\n", cost, time);
}

/* A name in 28 columns, or on a line of its own. */
static void
name_text(struct buf *b, const char *name, const char *slice, struct arena *a)
{
	size_t from = b->n;

	buf_puts(b, "  ");
	buf_str(b, str_visible(str_of(name), 60, false, a));
	if (slice != NULL) {
		buf_puts(b, " [");
		buf_str(b, str_visible(str_of(slice), 30, false, a));
		buf_char(b, ']');
	}
	if (b->n - from > 30) {
		buf_char(b, '\n');
		from = b->n;
	}
	while (b->n - from < 30)
		buf_char(b, ' ');
}

static void
spread_text(struct buf *b, const struct sizing *z)
{
	const struct sizing_metric *m = &z->metric[z->primary];
	const struct sizing_spread *v = &m->spread[0];
	const struct metric *metric = &z->suite->metric[z->primary];

	if (!v->known) {
		buf_puts(b, "how much cases differ between runs is unknown: no two runs to compare\n");
	} else {
		if (v->rate)
			buf_fmt(b, "discordance %.1f %%", v->var * 100);
		else {
			buf_puts(b, "differences with sd ");
			quantity_write(b, sqrt(v->var), false, str_of(metric->scorer->unit), false);
		}
		if (v->from == SIZING_RUNS)
			buf_fmt(b, ", seen in %ld pairs of cases of %ld pair%s of runs\n", v->cases, m->pairs,
			    m->pairs == 1 ? "" : "s");
		else
			buf_puts(b, v->from == SIZING_GIVEN ? ", as given\n" : ", assumed: no two runs to "
			    "compare in the store\n");
	}
	if (m->reruns && v->from == SIZING_RUNS)
		buf_puts(b, "  only re-runs of one target: between two models more cases differ\n");
	buf_fmt(b, "design effect %.2f", sizing_deff(z, z->primary, 0));
	if (z->clustered)
		buf_fmt(b, " (clusters, icc %.2f%s)", m->icc, m->has_icc ? "" : " assumed");
	buf_fmt(b, ", weights %.2f (Kish)\n", z->part[0].kish);
}

static void
gates_text(struct buf *b, const struct sizing *z, struct arena *a)
{
	buf_fmt(b, "\n%-30s%8s%8s%8s%11s%11s\n", "what each gate needs", "cases", "have", "clean",
	    "cost", "time");
	for (size_t i = 0; i < z->ngate; i++) {
		const struct sizing_gate *g = &z->gate[i];
		bool rate = z->suite->metric[g->metric].scorer->scale != SCALE_REAL;
		char clean[24] = "-";

		if (g->clean > 0)
			snprintf(clean, sizeof clean, "%ld", g->clean);
		name_text(b, g->name, z->part[g->part].name, a);
		if (g->why != NULL)
			buf_fmt(b, "%8s%8ld%8s\n", "unknown", z->part[g->part].n, clean);
		else {
			buf_fmt(b, "%8ld%8ld%8s", g->cases, z->part[g->part].n, clean);
			price_text(b, z, g->cases);
		}
		buf_fmt(b, "    %s ", gate_rule[g->rule].name);
		if (g->paired && !(g->margin > 0) && g->rule != RULE_BETTER)
			buf_puts(b, "by a relative margin");
		else if (g->paired && rate)
			buf_fmt(b, "by %.3g pt", g->margin * 100);
		else {
			buf_puts(b, g->paired ? "by " : "");
			quantity_write(b, g->paired ? g->margin : g->value, rate,
			    str_of(z->suite->metric[g->metric].scorer->unit), false);
		}
		buf_fmt(b, ", alpha %.3g %%, power %.3g %%", g->alpha * 100, g->power * 100);
		if (g->why != NULL)
			buf_fmt(b, ":\n    %s", g->why);
		buf_char(b, '\n');
	}
	name_text(b, "the suite as it is", NULL, a);
	buf_fmt(b, "%8s%8ld%8s", "", z->part[0].n, "");
	price_text(b, z, z->part[0].n);
	buf_puts(b, "clean: pairs without a flip, or cases without a failure, that pass at least\n");
}

static void
loss(struct buf *b, const struct sizing *z, bool known, double x)
{
	struct buf t = { 0 };

	if (!known)
		buf_puts(&t, "-");
	else if (z->suite->metric[z->primary].scorer->scale != SCALE_REAL)
		buf_fmt(&t, x < 1 ? "%.1f pt" : "none", x * 100);
	else
		quantity_write(&t, x, false, str_of(z->suite->metric[z->primary].scorer->unit), false);
	buf_fmt(b, "%12s", t.p);
	buf_free(&t);
}

static void
detect_text(struct buf *b, const struct sizing *z, struct arena *a)
{
	const struct suite *s = z->suite;

	buf_fmt(b, "\nthe loss of %s that is found with power %.3g %%, alpha %.3g %%\n",
	    s->metric[z->primary].name, z->power * 100, z->alpha * 100);
	buf_fmt(b, "%-30s%8s%10s%12s%s\n", "", "have", "counting", "alone",
	    s->nslice ? "     by Holm" : "");
	for (size_t i = 0; i <= s->nslice; i++) {
		name_text(b, i ? z->part[i].name : "the suite", NULL, a);
		buf_fmt(b, "%8ld%10.0f", z->part[i].n, z->detect[i].effective);
		loss(b, z, z->detect[i].known, z->detect[i].mde);
		if (i > 0)
			loss(b, z, z->detect[i].known, z->detect[i].holm);
		buf_char(b, '\n');
	}
}

static void
plan_text(struct buf *b, const struct sizing *z, struct arena *a)
{
	const struct sizing_plan *p = &z->plan;
	long lacking = 0;

	if (z->suite->nslice == 0)
		return;
	if (p->why != NULL) {
		buf_fmt(b, "\nno plan by slices: %s\n", p->why);
		return;
	}
	buf_puts(b, "\nfewest cases by slices (Wright-Neyman) for a margin of ");
	if (z->suite->metric[z->primary].scorer->scale != SCALE_REAL)
		buf_fmt(b, "%.3g pt\n", p->margin * 100);
	else {
		quantity_write(b, p->margin, false, str_of(z->suite->metric[z->primary].scorer->unit),
		    false);
		buf_char(b, '\n');
	}
	buf_fmt(b, "%-30s%8s%8s%8s%9s\n", "", "cases", "have", "in file", "share");
	for (size_t i = 0; i < z->suite->nslice; i++) {
		const struct sizing_part *t = &z->part[i + 1];

		name_text(b, t->name, NULL, a);
		buf_fmt(b, "%8ld%8ld%8ld%7.1f %%\n", p->n[i], t->n, t->found, t->share * 100);
		lacking += p->n[i] > t->found ? p->n[i] - t->found : 0;
	}
	name_text(b, "together", NULL, a);
	buf_fmt(b, "%8ld%8ld%8ld", p->total, z->part[0].n, z->part[0].found);
	price_text(b, z, p->total);
	if (lacking > 0)
		buf_fmt(b, "  the case file lacks %ld of them\n", lacking);
}

static void
size_text(struct buf *b, const struct sizing *z, struct arena *a)
{
	buf_str(b, str_visible(str_of(z->suite->name), 60, false, a));
	buf_fmt(b, ": %ld cases", z->part[0].n);
	if (z->suite->repeats > 1)
		buf_fmt(b, ", each asked %d times", z->suite->repeats);
	if (z->price.target != NULL)
		buf_fmt(b, ", priced on %s", z->price.target);
	buf_char(b, '\n');
	spread_text(b, z);
	gates_text(b, z, a);
	detect_text(b, z, a);
	plan_text(b, z, a);
}

/* ---- what was asked ------------------------------------------------------------------------ */

static void
check_options(const struct options *o, struct err *e)
{
	if (o->margin >= 0 && o->margin <= 0)
		err_set(e, "--margin must be above 0: no finite number of cases shows that nothing at all "
		    "was lost");
	if (o->margin > 0 && o->drop >= o->margin)
		err_set(e, "--drop %.3g %% is not below the margin of %.3g %%: no number of cases shows "
		    "that a loss of the margin is none", o->drop * 100, o->margin * 100);
	if (o->power >= 0 && (o->power < 0.5 || o->power > 0.99))
		err_set(e, "--power must be from 50%% to 99%%");
	if (o->alpha >= 0 && (o->alpha < 0.0001 || o->alpha > 0.2))
		err_set(e, "--alpha must be from 0.01%% to 20%%");
	if (o->psi >= 0 && o->psi <= 0)
		err_set(e, "--psi must be above 0: two runs that never differ need no test");
	if (o->psi >= 0 && o->from_runs)
		err_set(e, "--psi says what --from-runs wants to be seen: give one of them");
}

static void
check_suite(const struct suite *s, const struct options *o, struct err *e)
{
	const char *names[65] = { NULL }, *near;
	bool known = o->metric == NULL, gated = false;

	for (size_t i = 0; i < s->nmetric; i++) {
		known = known || strcmp(s->metric[i].name, o->metric) == 0;
		if (i + 1 < COUNT(names))
			names[i] = s->metric[i].name;
	}
	for (size_t i = 0; i < s->ngate; i++)
		gated = gated || o->metric == NULL ||
		    strcmp(s->metric[s->gate[i].metric].name, o->metric) == 0;
	if (!known) {
		near = str_nearest(o->metric, names);
		err_set(e, "suite '%s' has no metric '%s'%s%s%s", s->name, o->metric,
		    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	} else if (!gated && o->margin < 0)
		err_set(e, "suite '%s' has no gate%s%s%s: give a margin, for example --margin 2%%", s->name,
		    o->metric ? " on metric '" : "", o->metric ? o->metric : "", o->metric ? "'" : "");
}

/* --target, else the target of the newest run if the project still has it, else the only one. */
static const struct target *
priced_target(struct session *s, const struct past *p, const char *name, struct err *e)
{
	struct project *project = s->project;

	if (name != NULL)
		return target_find(project, name, s->arena, e);
	for (size_t i = 0; p->n > 0 && i < project->ntarget; i++)
		if (strcmp(project->target[i].name, p->run[p->n - 1].target) == 0)
			return &project->target[i];
	return project->ntarget == 1 ? &project->target[0] : NULL;
}

static int
plan(struct session *s, struct suite *suite, const struct options *o, struct store *cases,
    struct err *e)
{
	struct sizing z = { .suite = suite, .o = { o->margin, o->power, o->alpha, o->psi, o->drop,
		o->from_runs, o->metric, NULL } };
	struct past p = { 0 };

	if (s->store != NULL)
		p = past_runs(s->store, suite->name, NULL, NULL, s->arena);
	z.o.target = priced_target(s, &p, o->target, e);
	if (e->n > 0 || suite_store(suite, &s->project->roots, cases, s->arena, e) != 0)
		return EXIT_MISTAKE;
	sizing_past(&z, cases, s->store, s->arena);
	if (sizing_make(&z, s->store, s->arena, e) != 0)
		return EXIT_MISTAKE;
	if (o->common.json)
		sizing_json(&s->out, &z);
	else
		size_text(&s->out, &z, s->arena);
	return EXIT_PASS;
}

static int
size(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct suite *suite;
	struct scratch scratch;
	int status;

	check_options(o, e);
	suite = suite_load(s->operand.text[0], &s->project->roots, s->arena, e);
	if (suite != NULL)
		check_suite(suite, o, e);
	if (e->n > 0) {
		if (o->target != NULL)
			(void)target_find(s->project, o->target, s->arena, e);
		return EXIT_MISTAKE;
	}
	if (access(s->project->store, F_OK) == 0 &&
	    (status = store_open(&s->store, s->project->store, STORE_READ, e)) != 0)
		return status;
	if ((status = scratch_open(&scratch, e)) != 0)
		return status;
	status = plan(s, suite, o, scratch.store, e);
	scratch_drop(&scratch);
	return status;
}

const struct command command_size = {
	.name = "size", .chapter = "begin", .operands = "SUITE",
	.help = "how many cases the gates need, and what the suite can see",
	.options = options, .size = sizeof(struct options),
	.defaults = &(const struct options){ .margin = -1, .power = -1, .alpha = -1, .psi = -1,
		.drop = -1 }, .needs = NEEDS_PROJECT,
	.min_operands = 1, .max_operands = 1, .main = size,
};
