/*
 * ladder_conf.c -- the file of a ladder: its rungs, and what one of them must hold.
 */
#include "harness/ladder.h"

enum { LADDER_FILE_MAX = 1 << 20, RESAMPLES = 5000 };

struct top {
	const char  *suite, *metric;
	struct node *rungs, *router;
	double       requirement, latency, margin, alpha, power, unanswered;
};

#define AT(member) offsetof(struct top, member)
const struct conf_key ladder_keys[] = {
	{ "suite", CONF_TEXT, AT(suite), CONF_REQUIRED, NULL,
	  "the suite that every rung is asked, relative to this file" },
	{ "metric", CONF_TEXT, AT(metric), CONF_REQUIRED, NULL,
	  "name of the suite's metric that decides: a rate" },
	{ "rungs", CONF_NODE, AT(rungs), CONF_REQUIRED, NULL,
	  "list of 2 to 16 {name, target, ...}: what could be deployed" },
	{ "requirement", CONF_SHARE, AT(requirement), CONF_REQUIRED, ">0 <1",
	  "what the metric must be at least" },
	{ "latency", CONF_TIME, AT(latency), NULL, ">0", "what 95 % of answers may take at most" },
	{ "margin", CONF_SHARE, AT(margin), "1%", "0..0.5",
	  "what a rung that is as cheap and as quick may lack and still dominate" },
	{ "alpha", CONF_SHARE, AT(alpha), "5%", "0.0001..0.2", "one-sided error probability" },
	{ "power", CONF_SHARE, AT(power), "80%", "0.5..0.99",
	  "power for the number of cases needed" },
	{ "unanswered", CONF_SHARE, AT(unanswered), "2%", "0..1",
	  "most cases without an answer from the service before a rung is not judged" },
	{ "router", CONF_NODE, AT(router), NULL, NULL,
	  "{cheap, strong, confidence}: ask one rung, and another where it is not sure" },
	{ 0 }
};
#undef AT

struct rung_conf {
	const char  *name, *target, *note;
	struct node *prompt;
	double       per_request;
};

const struct conf_key ladder_rung_keys[] = {
	{ "name", CONF_TEXT, offsetof(struct rung_conf, name), CONF_REQUIRED, NULL,
	  "name of the rung" },
	{ "target", CONF_TEXT, offsetof(struct rung_conf, target), CONF_REQUIRED, NULL,
	  "target of driftlead.yaml that is asked" },
	{ "prompt", CONF_NODE, offsetof(struct rung_conf, prompt), NULL, NULL,
	  "instead of the suite's: text with {{name}}, a file, or a list of {role, content}" },
	{ "per_request", CONF_REAL, offsetof(struct rung_conf, per_request), "0", ">=0",
	  "USD that a request costs beside its tokens: training and hosting, by request" },
	{ "note", CONF_TEXT, offsetof(struct rung_conf, note), NULL, NULL, "a remark for reports" },
	{ 0 }
};

struct router_conf { const char *cheap, *strong, *confidence; };

const struct conf_key ladder_router_keys[] = {
	{ "cheap", CONF_TEXT, offsetof(struct router_conf, cheap), CONF_REQUIRED, NULL,
	  "rung that is asked first" },
	{ "strong", CONF_TEXT, offsetof(struct router_conf, strong), CONF_REQUIRED, NULL,
	  "rung that is asked where it is not sure" },
	{ "confidence", CONF_TEXT, offsetof(struct router_conf, confidence), "logprob", NULL,
	  "logprob, the mean log probability of the answer's tokens, or a metric of the suite" },
	{ 0 }
};

struct reading {
	struct ladder_file *l;
	struct project     *project;
	const char         *suite;        /* path; NULL: it has mistakes of its own */
	struct arena       *a;
	struct err         *e;
};

/* What another reader says has no line of this file: it gets one. */
static void
pass_on(struct reading *r, const struct node *at, const struct err *said)
{
	const char *p = said->msg;

	while (*p != '\0') {
		size_t n = strcspn(p, "\n");

		conf_err(at, r->e, "%.*s", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static int
metric_of(const struct suite *s, const char *name)
{
	for (size_t i = 0; i < s->nmetric; i++)
		if (strcmp(s->metric[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int
rung_of(const struct ladder_file *l, const char *name)
{
	for (size_t i = 0; i < l->nrung; i++)
		if (l->rung[i].name != NULL && strcmp(l->rung[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void
read_suite(struct reading *r, struct node *root, const struct top *top)
{
	struct node *at = conf_get(root, "suite"), *metric = conf_get(root, "metric");
	const char *path = path_join(r->l->dir, top->suite, r->a);
	struct err e = { 0 };
	struct suite *s = suite_load(path, &r->project->roots, r->a, &e);
	const struct scorer *scorer;

	if (s == NULL) {
		pass_on(r, at, &e);
		return;
	}
	r->suite = path;
	if (top->metric == NULL)
		return;
	if ((r->l->metric = metric_of(s, top->metric)) < 0) {
		conf_err(metric, r->e, "the suite has no metric '%s'", top->metric);
		return;
	}
	scorer = s->metric[r->l->metric].scorer;
	if (scorer->scale == SCALE_REAL || scorer->lower_is_better)
		conf_err(metric, r->e, "metric '%s' is no rate of what is right: a ladder compares rates",
		    top->metric);
}

/* The suite is the same for all rungs but for its prompt; each has a copy of its own. */
static void
set_suite(struct reading *r, struct ladder_rung *x, struct node *prompt)
{
	struct err e = { 0 };
	struct buf source = { 0 };

	if (r->suite == NULL || (x->suite = suite_load(r->suite, &r->project->roots, r->a, &e)) == NULL)
		return;
	if (prompt == NULL)
		return;
	if (suite_set_prompt(x->suite, prompt, r->l->dir, &r->project->roots, r->a, r->e) != 0)
		return;
	/* The store keeps the suite's text: it must not seem as if its own prompt had been asked. */
	buf_str(&source, x->suite->source);
	buf_puts(&source, "\n# asked with another prompt, by the rung ");
	buf_json(&source, str_of(x->name));
	buf_puts(&source, " of a ladder\n");
	x->suite->source = str_dup(buf_as_str(&source), r->a);
	buf_free(&source);
}

static void
read_rung(struct reading *r, struct node *at)
{
	static const struct conf_key *const tables[] = { ladder_rung_keys, NULL };
	struct ladder_rung *x = &r->l->rung[r->l->nrung];
	struct rung_conf c = { 0 };
	struct err e = { 0 };

	if (at->kind != NODE_MAP) {
		conf_err(at, r->e, "rungs: a rung is {name: ..., target: ...}");
		return;
	}
	conf_bind(at, "rung", ladder_rung_keys, &c, r->a, r->e);
	conf_done(at, "rung", tables, r->e);
	if (c.name != NULL && rung_of(r->l, c.name) >= 0)
		conf_err(conf_get(at, "name"), r->e, "two rungs are named '%s'", c.name);
	*x = (struct ladder_rung){ .name = c.name, .note = c.note, .at = at,
		.per_request = c.per_request };
	r->l->nrung++;
	if (c.target != NULL &&
	    (x->target = target_find(r->project, c.target, r->a, &e)) == NULL)
		pass_on(r, conf_get(at, "target"), &e);
	if (c.name != NULL)
		set_suite(r, x, c.prompt);
}

static size_t
router_rung(struct reading *r, struct node *at, const char *key, const char *name)
{
	int i = name != NULL ? rung_of(r->l, name) : 0;

	if (i < 0)
		conf_err(conf_get(at, key), r->e, "router: no rung is named '%s'", name);
	return i < 0 ? 0 : (size_t)i;
}

static void
read_router(struct reading *r, struct node *at, const struct suite *s)
{
	static const struct conf_key *const tables[] = { ladder_router_keys, NULL };
	struct router_conf c = { 0 };
	struct ladder_file *l = r->l;
	int before = r->e->n;

	conf_bind(at, "router", ladder_router_keys, &c, r->a, r->e);
	conf_done(at, "router", tables, r->e);
	l->has_router = true;
	l->cheap = router_rung(r, at, "cheap", c.cheap);
	l->strong = router_rung(r, at, "strong", c.strong);
	if (r->e->n == before && l->cheap == l->strong)
		conf_err(at, r->e, "router: cheap and strong are the same rung");
	if (s != NULL && s->repeats > 1)
		conf_err(at, r->e, "router: the suite asks every case %d times: which of the answers is "
		    "routed? set 'repeats: 1'", s->repeats);
	if (c.confidence == NULL || strcmp(c.confidence, "logprob") == 0 || s == NULL)
		return;
	l->confidence = CONFIDENCE_METRIC;
	if ((l->confidence_metric = metric_of(s, c.confidence)) < 0)
		conf_err(conf_get(at, "confidence"), r->e, "router: confidence is logprob or a metric of "
		    "the suite, not '%s'", c.confidence);
	else if (l->confidence_metric == l->metric)
		conf_err(conf_get(at, "confidence"), r->e, "router: '%s' says whether the answer is right, "
		    "which nobody knows in production", c.confidence);
}

static void
read_rungs(struct reading *r, struct node *at)
{
	if (at->kind != NODE_LIST || at->n < 2 || at->n > RUNGS_MAX) {
		conf_err(at, r->e, "'rungs' is a list of 2 to %d rungs", RUNGS_MAX);
		return;
	}
	for (size_t i = 0; i < at->n; i++)
		read_rung(r, at->item[i]);
}

struct ladder_file *
ladder_load(const char *path, struct project *project, struct arena *a, struct err *e)
{
	static const struct conf_key *const tables[] = { ladder_keys, NULL };
	struct ladder_file *l = arena_alloc(a, sizeof *l);
	struct reading r = { .l = l, .project = project, .a = a, .e = e };
	struct top top = { 0 };
	struct node *root;
	struct str text;
	int before = e->n;

	*l = (struct ladder_file){ .path = arena_strdup(a, path), .dir = path_dir(path, a) };
	if (file_read(NULL, path, NULL, LADDER_FILE_MAX, &text, a, e) != 0 ||
	    (root = conf_load(path, text, a, e)) == NULL)
		return NULL;
	if (root->kind != NODE_MAP) {
		conf_err(root, e, "a ladder is a mapping that starts with 'suite: FILE'");
		return NULL;
	}
	conf_bind(root, "ladder", ladder_keys, &top, a, e);
	conf_done(root, "ladder", tables, e);
	if (top.suite != NULL)
		read_suite(&r, root, &top);
	if (top.rungs != NULL)
		read_rungs(&r, top.rungs);
	if (top.router != NULL)
		read_router(&r, top.router, l->nrung > 0 ? l->rung[0].suite : NULL);
	if (e->n > before)
		return NULL;
	l->unanswered = top.unanswered;
	l->rules = (struct ladder_rules){ .requirement = top.requirement, .latency = top.latency,
		.margin = top.margin, .alpha = top.alpha, .power = top.power, .resamples = RESAMPLES,
		.seed = l->rung[0].suite->seed };
	return l;
}
