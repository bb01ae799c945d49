/*
 * sizing_json.c -- what `driftlead size --json` prints.
 */
#include "harness/sizing.h"

#include <math.h>

static const char *const sources[] = { "default", "runs", "given" };

static void
price_json(struct buf *b, const struct sizing *z, long n)
{
	double usd = 0, seconds = 0;
	bool has_usd = n > 0 && sizing_cost(z, n, &usd);
	bool has_seconds = n > 0 && sizing_seconds(z, n, &seconds);

	buf_key_real_if(b, "cost", has_usd, usd);
	buf_key_real_if(b, "seconds", has_seconds, seconds);
}

static void
spread_json(struct buf *b, const struct sizing_spread *v)
{
	buf_key_real_if(b, "psi", v->known && v->rate, v->var);
	buf_key_real_if(b, "sd", v->known && !v->rate, sqrt(v->var));
	buf_key_text_or_null(b, "psi_from", v->known ? sources[v->from] : NULL);
	buf_key_long(b, "pairs", v->cases);
}

static void
gate_json(struct buf *b, const struct sizing *z, const struct sizing_gate *g)
{
	bool paired = g->paired;

	buf_char(b, '{');
	buf_key_text(b, "name", str_of(g->name));
	buf_key_text(b, "rule", str_of(gate_rule[g->rule].name));
	buf_key_text(b, "metric", str_of(z->suite->metric[g->metric].name));
	buf_key_text_or_null(b, "slice", z->part[g->part].name);
	buf_key_real_if(b, "margin", paired && (g->margin > 0 || g->rule == RULE_BETTER), g->margin);
	buf_key_real_if(b, "value", !paired, g->value);
	buf_key_real(b, "alpha", g->alpha);
	buf_key_real(b, "power", g->power);
	spread_json(b, &z->metric[g->metric].spread[g->part]);
	buf_key_long_if(b, "cases_plain", !g->why && g->plain > 0, g->plain);
	buf_key_long_if(b, "cases", !g->why && g->cases > 0, g->cases);
	buf_key_long(b, "have", z->part[g->part].n);
	buf_key_long_if(b, "clean_pairs", paired && g->clean > 0, g->clean);
	buf_key_long_if(b, "zero_failures", !paired && g->clean > 0, g->clean);
	buf_key_text_or_null(b, "why", g->why);
	price_json(b, z, g->why ? 0 : g->cases);
	buf_char(b, '}');
}

static void
detect_json(struct buf *b, const struct sizing *z, size_t i)
{
	const struct sizing_detect *d = &z->detect[i];

	buf_char(b, '{');
	buf_key_text_or_null(b, "slice", z->part[i].name);
	buf_key_long(b, "have", z->part[i].n);
	buf_key_real(b, "effective", d->effective);
	spread_json(b, &z->metric[z->primary].spread[i]);
	buf_key_real_if(b, "mde", d->known, d->mde);
	buf_key_real_if(b, "mde_holm", d->known && i > 0, d->holm);
	buf_char(b, '}');
}

static void
plan_json(struct buf *b, const struct sizing *z)
{
	const struct sizing_plan *p = &z->plan;

	buf_key(b, "plan");
	if (p->why != NULL) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_real(b, "margin", p->margin);
	buf_key_long(b, "cases", p->total);
	price_json(b, z, p->total);
	buf_key(b, "slices");
	for (size_t i = 0; i < z->suite->nslice; i++) {
		buf_puts(b, i ? ",{" : "[{");
		buf_key_text(b, "slice", str_of(z->part[i + 1].name));
		buf_key_real(b, "share", z->part[i + 1].share);
		buf_key_long(b, "have", z->part[i + 1].n);
		buf_key_long(b, "found", z->part[i + 1].found);
		buf_key_long(b, "cases", p->n[i]);
		buf_char(b, '}');
	}
	buf_puts(b, "]}");
}

void
sizing_json(struct buf *b, const struct sizing *z)
{
	const struct sizing_metric *m = &z->metric[z->primary];

	buf_char(b, '{');
	buf_key_text(b, "suite", str_of(z->suite->name));
	buf_key_text(b, "metric", str_of(z->suite->metric[z->primary].name));
	buf_key_long(b, "have", z->part[0].n);
	buf_key_long(b, "repeats", z->suite->repeats);
	buf_key_real(b, "alpha", z->alpha);
	buf_key_real(b, "power", z->power);
	buf_key_real(b, "drop", fmax(z->o.drop, 0));
	buf_key(b, "discordance");
	buf_char(b, '{');
	spread_json(b, &m->spread[0]);
	buf_key_long(b, "runs", m->pairs);
	buf_key(b, "reruns");
	buf_puts(b, m->reruns ? "true}" : "false}");
	buf_key(b, "design");
	buf_char(b, '{');
	buf_key_real(b, "deff", sizing_deff(z, z->primary, 0));
	buf_key_real_if(b, "icc", z->clustered, m->icc);
	buf_key_text_or_null(b, "icc_from", z->clustered ? m->has_icc ? "runs" : "default" : NULL);
	buf_key_real(b, "kish", z->part[0].kish);
	buf_char(b, '}');
	buf_key(b, "gates");
	buf_char(b, '[');
	for (size_t i = 0; i < z->ngate; i++) {
		buf_puts(b, i ? "," : "");
		gate_json(b, z, &z->gate[i]);
	}
	buf_char(b, ']');
	buf_key(b, "detect");
	for (size_t i = 0; i <= z->suite->nslice; i++) {
		buf_char(b, i ? ',' : '[');
		detect_json(b, z, i);
	}
	buf_char(b, ']');
	plan_json(b, z);
	buf_key(b, "price");
	buf_char(b, '{');
	buf_key_text_or_null(b, "target", z->price.target);
	buf_key_real_if(b, "cost_per_call", z->price.has_cost, z->price.cost);
	buf_key_real_if(b, "seconds_per_call", z->price.has_seconds, z->price.seconds);
	buf_key_long_if(b, "slots", z->price.slots > 0, z->price.slots);
	buf_key_long(b, "runs", z->price.runs);
	price_json(b, z, z->part[0].n);
	buf_puts(b, "}}\n");
}
