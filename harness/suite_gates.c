/*
 * suite_gates.c -- the metrics and gates of suite.yaml: what is measured, and what must hold.
 */
#include "harness/suite.h"

struct metric_conf { const char *name, *scorer; int truncated; };

const struct conf_key suite_metric_keys[] = {
	{ "name", CONF_TEXT, offsetof(struct metric_conf, name), CONF_REQUIRED, NULL,
	  "name of the metric in gates and reports" },
	{ "scorer", CONF_TEXT, offsetof(struct metric_conf, scorer), CONF_REQUIRED, NULL,
	  "see driftlead-metrics(7); its parameters stand beside it" },
	{ "truncated", CONF_ENUM, offsetof(struct metric_conf, truncated), "fail", "fail|score",
	  "an answer cut by the token limit fails, or is scored as it is" },
	{ 0 }
};

#define RULES "at-least|at-most|no-worse|better|equivalent|guardrail|latency|cost"
const struct gate_rule gate_rule[] = {
	[RULE_AT_LEAST] = { "at-least", "the mean is at least a value", RULE_VALUE, "value: 92%", NULL,
		0 },
	[RULE_AT_MOST] = { "at-most", "the mean is at most a value", RULE_VALUE, "value: 2%", NULL, 0 },
	[RULE_NO_WORSE] = { "no-worse", "a loss of the margin against the baseline is ruled out",
		RULE_MARGIN | RULE_MARGIN_NEEDED, "margin: 2%", NULL, 0 },
	[RULE_BETTER] = { "better", "more than the margin was gained on the baseline", RULE_MARGIN,
		"margin: 0%", NULL, 0 },
	[RULE_EQUIVALENT] = { "equivalent", "a change of the margin is ruled out, either way",
		RULE_MARGIN | RULE_MARGIN_NEEDED, "margin: 2%", NULL, 0 },
	[RULE_GUARDRAIL] = { "guardrail", "of all cases at most this share fails", RULE_VALUE,
		"value: 1%", "a rate of 0 or 1", SCALE_BINARY },
	[RULE_LATENCY] = { "latency", "a quantile is at most a value", RULE_VALUE, "value: 1500ms",
		"an amount such as latency", SCALE_REAL },
	[RULE_COST] = { "cost", "a mean that few large values carry is bounded, or no worse",
		RULE_VALUE | RULE_MARGIN, "value: 0.002, or margin: 5%", "an amount such as cost",
		SCALE_REAL },
	{ 0 }
};

struct gate_conf {
	const char *name, *metric, *slice, *value, *margin;
	int         rule;
	bool        relative, advisory;
	double      alpha, power, overlap, unanswered, quantile;
};

const struct conf_key suite_gate_keys[] = {
	{ "name", CONF_TEXT, offsetof(struct gate_conf, name), CONF_REQUIRED, NULL,
	  "name of the gate" },
	{ "metric", CONF_TEXT, offsetof(struct gate_conf, metric), CONF_REQUIRED, NULL,
	  "name of the metric it judges" },
	{ "rule", CONF_ENUM, offsetof(struct gate_conf, rule), CONF_REQUIRED, RULES,
	  "see driftlead-gates(7)" },
	{ "slice", CONF_TEXT, offsetof(struct gate_conf, slice), NULL, NULL,
	  "judge one slice instead of the whole suite" },
	{ "value", CONF_TEXT, offsetof(struct gate_conf, value), NULL, NULL,
	  "the bound of at-least, at-most, guardrail, latency and cost; 92% for rates, 1500ms for "
	  "latency" },
	{ "margin", CONF_TEXT, offsetof(struct gate_conf, margin), NULL, NULL,
	  "what may be lost (no-worse, equivalent, cost) or must be gained (better); 2% of points for "
	  "rates" },
	{ "relative", CONF_BOOL, offsetof(struct gate_conf, relative), "no", NULL,
	  "margin is a part of the baseline's error rate, or of its mean" },
	{ "quantile", CONF_SHARE, offsetof(struct gate_conf, quantile), "95%", "0.01..0.9999",
	  "latency: the quantile that is bounded" },
	{ "advisory", CONF_BOOL, offsetof(struct gate_conf, advisory), "no", NULL,
	  "judge and show, without a say in the release's verdict" },
	{ "alpha", CONF_SHARE, offsetof(struct gate_conf, alpha), "5%", "0.0001..0.2",
	  "one-sided error probability" },
	{ "power", CONF_SHARE, offsetof(struct gate_conf, power), "80%", "0.5..0.99",
	  "power for the number of cases needed" },
	{ "overlap", CONF_SHARE, offsetof(struct gate_conf, overlap), "100%", "0..1",
	  "least part of the cases that must be in both runs" },
	{ "unanswered", CONF_SHARE, offsetof(struct gate_conf, unanswered), "2%", "0..1",
	  "most cases without an answer from the service before the gate is INVALID" },
	{ 0 }
};

/* The index of the first key in byte order after `last` (NULL: the very first), or at->n. */
static size_t
next_key(const struct node *at, const struct str *last)
{
	size_t best = at->n;

	for (size_t i = 0; i < at->n; i++)
		if ((last == NULL || str_cmp(at->key[i]->text, *last) > 0) &&
		    (best == at->n || str_cmp(at->key[i]->text, at->key[best]->text) < 0))
			best = i;
	return best;
}

void
suite_read_metric(struct reading *r, struct node *at)
{
	const struct conf_key *tables[3] = { suite_metric_keys };
	struct suite *s = r->s;
	struct metric *m = &s->metric[s->nmetric];
	struct metric_conf c = { 0 };
	struct buf json = { 0 };
	struct err e = { 0 };
	const char *what;

	if (at->kind != NODE_MAP) {
		conf_err(at, r->e, "metrics: a metric is {name: ..., scorer: ...}");
		return;
	}
	if (conf_bind(at, "metric", suite_metric_keys, &c, r->a, r->e) != 0)
		return;
	what = arena_fmt(r->a, "metric '%s'", c.name);
	for (size_t i = 0; i < s->nmetric; i++)
		if (strcmp(s->metric[i].name, c.name) == 0)
			conf_err(at, r->e, "%s is already in line %d", what, s->metric[i].at->line);
	*m = (struct metric){ .name = c.name, .scorer = scorer_find(c.scorer), .at = at,
		.score_truncated = c.truncated == 1 };
	if (m->scorer == NULL) {
		const struct scorer *const *all = scorer_all();
		const char *names[64] = { NULL };
		const char *near;

		for (size_t i = 0; all[i] != NULL && i + 1 < COUNT(names); i++)
			names[i] = all[i]->name;
		near = str_nearest(c.scorer, names);
		conf_err(at, r->e, "%s: unknown scorer '%s'%s%s%s", what, c.scorer,
		    near ? " (did you mean '" : "; 'driftlead list scorers' shows all",
		    near ? near : "", near ? "'?)" : "");
		return;
	}
	if (m->scorer->params != NULL) {
		tables[1] = m->scorer->params;
		m->params = arena_alloc(r->a, m->scorer->size);
		if (conf_bind(at, what, m->scorer->params, m->params, r->a, r->e) == 0 &&
		    m->scorer->check != NULL && m->scorer->check(m->params, r->a, &e) != 0)
			conf_err(at, r->e, "%s: %.*s", what, (int)e.len - 1, e.msg);
	}
	conf_done(at, what, tables, r->e);
	/* The parameters as written, by name: part of what can change a score. */
	buf_char(&json, '{');
	for (size_t i = next_key(at, NULL); i < at->n; i = next_key(at, &at->key[i]->text)) {
		if (str_is(at->key[i]->text, "name") || str_is(at->key[i]->text, "scorer"))
			continue;
		buf_key(&json, str_cstr(at->key[i]->text, r->a));
		conf_json(&json, at->item[i]);
	}
	buf_char(&json, '}');
	m->params_json = str_cstr(buf_as_str(&json), r->a);
	buf_free(&json);
	s->nmetric++;
}

/* A bound or margin in the metric's unit: rates as shares, latency as a time. */
static int
read_amount(struct reading *r, const struct node *at, const char *what, const char *name,
    const char *text, const struct metric *m, bool *relative, double *out)
{
	struct conf_key key = { name, CONF_REAL, 0, NULL, NULL, NULL };
	struct str t = str_trim(str_of(text));

	if (m->scorer->scale != SCALE_REAL)
		key.kind = CONF_SHARE;
	else if (relative != NULL && t.n > 0 && t.p[t.n - 1] == '%')
		key.kind = CONF_SHARE, *relative = true;
	else if (m->scorer->unit != NULL && strcmp(m->scorer->unit, "s") == 0)
		key.kind = CONF_TIME;
	return conf_value(&key, t, at, what, out, r->a, r->e);
}

static void
read_limit(struct reading *r, struct node *at, const char *what, const struct gate_conf *c,
    const struct metric *m, struct gate *g)
{
	const struct gate_rule *rule = &gate_rule[c->rule];
	const char *name = rule->name;

	if (rule->of != NULL && m->scorer->scale != rule->scale)
		conf_err(at, r->e, "%s: rule %s judges %s, and scorer '%s' gives none", what, name,
		    rule->of, m->scorer->name);
	if (c->value != NULL && !(rule->takes & RULE_VALUE))
		conf_err(at, r->e, "%s: rule %s takes a margin, not a value", what, name);
	else if ((c->margin != NULL || c->relative) && !(rule->takes & RULE_MARGIN))
		conf_err(at, r->e, "%s: rule %s takes a value; margin and relative go with no-worse, "
		    "better, equivalent and cost", what, name);
	else if (c->value != NULL && c->margin != NULL)
		conf_err(at, r->e, "%s: give a value or a margin, not both", what);
	else if (c->margin == NULL && (rule->takes & RULE_MARGIN_NEEDED))
		conf_err(at, r->e, "%s: rule %s needs a margin, for example '%s'", what, name,
		    rule->example);
	else if (c->value == NULL && c->margin == NULL && (rule->takes & RULE_VALUE))
		conf_err(at, r->e, "%s: rule %s needs a value, for example '%s'", what, name,
		    rule->example);
	if (c->value != NULL)
		read_amount(r, at, what, "value", c->value, m, NULL, &g->value);
	if (c->margin != NULL &&
	    read_amount(r, at, what, "margin", c->margin, m, &g->relative, &g->margin) == 0 &&
	    (c->rule == RULE_BETTER ? g->margin < 0 : g->margin <= 0))
		conf_err(at, r->e, c->rule == RULE_BETTER ? "%s: margin must not be below 0" :
		    "%s: margin must be above 0: no finite number of cases shows "
		    "that nothing at all was lost", what);
	g->paired = c->value == NULL;
}

void
suite_read_gate(struct reading *r, struct node *at)
{
	static const struct conf_key *const tables[] = { suite_gate_keys, NULL };
	struct suite *s = r->s;
	struct gate *g = &s->gate[s->ngate];
	struct gate_conf c = { 0 };
	const char *what;
	const struct metric *m = NULL;

	if (at->kind != NODE_MAP) {
		conf_err(at, r->e, "gates: a gate is {name: ..., metric: ..., rule: ...}");
		return;
	}
	if (conf_bind(at, "gate", suite_gate_keys, &c, r->a, r->e) != 0)
		return;
	what = arena_fmt(r->a, "gate '%s'", c.name);
	conf_done(at, what, tables, r->e);
	for (size_t i = 0; i < s->ngate; i++)
		if (strcmp(s->gate[i].name, c.name) == 0)
			conf_err(at, r->e, "%s is already in line %d", what, s->gate[i].at->line);
	*g = (struct gate){ .name = c.name, .slice = -1, .rule = c.rule, .relative = c.relative,
		.quantile = c.quantile, .advisory = c.advisory, .alpha = c.alpha, .power = c.power,
		.overlap = c.overlap, .unanswered = c.unanswered, .at = at };
	for (size_t i = 0; i < s->nmetric; i++)
		if (strcmp(s->metric[i].name, c.metric) == 0)
			m = &s->metric[g->metric = (int)i];
	if (m == NULL) {
		conf_err(at, r->e, "%s: no metric is named '%s'", what, c.metric);
		return;
	}
	if (c.slice != NULL) {
		struct slice *x = suite_find_slice(s, str_of(c.slice));

		if (!s->has_shares)
			conf_err(at, r->e, "%s: 'slice' needs slices with shares", what);
		else if (x == NULL)
			conf_err(at, r->e, "%s: no slice is named '%s'", what, c.slice);
		else
			g->slice = (int)(x - s->slice);
	}
	read_limit(r, at, what, &c, m, g);
	s->ngate++;
}

/* More than three slices that must each be shown no worse leave a good release little chance to
 * pass: at k = 8 and 300 cases each, 5 %. */
void
suite_check_gates(struct reading *r)
{
	const struct suite *s = r->s;
	size_t ncritical = 0;

	for (size_t i = 0; i < s->ngate; i++) {
		const struct gate *g = &s->gate[i];
		bool seen = false;

		if (!g->paired || g->advisory || g->slice < 0)
			continue;
		for (size_t k = 0; k < i; k++)
			seen = seen || (s->gate[k].paired && !s->gate[k].advisory &&
			    s->gate[k].slice == g->slice);
		if (!seen && ++ncritical == CRITICAL_SLICES + 1)
			conf_err(g->at, r->e, "gate '%s': more than %d slices with a gate of their own would "
			    "block good releases: give the others 'advisory: yes', or leave them to the table "
			    "of slices", g->name, CRITICAL_SLICES);
	}
}
