/*
 * ladder_json.c -- a judged ladder for machines, and for the page that is made of it.
 */
#include "harness/ladder.h"

#include <float.h>

static const char *const state_name[] = {
	[RUNG_COMPLETE] = "complete", [RUNG_INCOMPLETE] = "incomplete",
	[RUNG_UNANSWERED] = "unanswered",
};
static const char *const reason_name[] = {
	[RUNG_MEETS] = "meets", [RUNG_ACCURACY] = "accuracy", [RUNG_LATENCY] = "latency",
	[RUNG_CLUSTERS] = "too_few_clusters", [RUNG_SLICES] = "empty_slices",
	[RUNG_NOTHING] = "no_interval",
};

static void
flag(struct buf *b, const char *key, bool value)
{
	buf_key(b, key);
	buf_puts(b, value ? "true" : "false");
}

static void
estimate(struct buf *b, const char *key, const struct estimate *e)
{
	buf_key(b, key);
	buf_char(b, '{');
	buf_key_real_if(b, "at", e->known, e->at);
	buf_key_real_if(b, "lo", e->known && e->bounded, e->lo);
	buf_key_real_if(b, "hi", e->known && e->bounded, e->hi);
	buf_key_text_or_null(b, "method", e->method);
	buf_char(b, '}');
}

static void
late(struct buf *b, const char *key, const struct late *x)
{
	buf_key(b, key);
	buf_char(b, '{');
	buf_key_real_if(b, "at", x->at < DBL_MAX, x->at);
	buf_key_real_if(b, "lo", x->lo > 0, x->lo);
	buf_key_real_if(b, "hi", x->hi < DBL_MAX, x->hi);
	buf_char(b, '}');
}

/* The members that a rung, a policy and their halves have in common. */
static void
result(struct buf *b, const struct rung_result *x)
{
	estimate(b, "accuracy", &x->acc);
	buf_key_real_if(b, "lower_bound", x->has_lower, x->lower);
	estimate(b, "cost", &x->cost);
	late(b, "p50", &x->p50);
	late(b, "p95", &x->p95);
	buf_key_text_or_null(b, "reason", reason_name[x->reason]);
}

static void
change(struct buf *b, const char *key, const struct paired *d, struct interval i)
{
	buf_key(b, key);
	buf_char(b, '{');
	buf_key_real_if(b, "at", d->known, d->at);
	buf_key_real_if(b, "lo", d->known && d->bounded, i.lo);
	buf_key_real_if(b, "hi", d->known && d->bounded, i.hi);
	buf_key_text_or_null(b, "method", d->method);
	buf_char(b, '}');
}

static const char *
name_of(const struct ladder_file *l, const struct ladder_report *p, size_t judged)
{
	return l->rung[p->data.which[judged]].name;
}

/* The place of a rung of the file among those that were judged; -1: it was not. */
static int
judged_at(const struct ladder_report *p, size_t i)
{
	for (size_t r = 0; p->judged && r < p->data.nrung; r++)
		if (p->data.which[r] == i)
			return (int)r;
	return -1;
}

static void
rung(struct buf *b, const struct ladder_file *l, const struct ladder_report *p, size_t i)
{
	const struct ladder_rung *x = &l->rung[i];
	int at = judged_at(p, i);
	const struct rung_result *r = at >= 0 ? &p->ladder.rung[at] : NULL;

	buf_char(b, '{');
	buf_key_text_or_null(b, "name", x->name);
	buf_key_text_or_null(b, "note", x->note);
	buf_key_text_or_null(b, "target", x->target->name);
	buf_key_long_if(b, "run", x->run != 0, x->run);
	buf_key_text_or_null(b, "state", state_name[x->state]);
	buf_key_text_or_null(b, "why", x->why);
	buf_key_long(b, "missing", x->missing);
	buf_key_real(b, "per_request", x->per_request);
	flag(b, "priced", x->priced);
	buf_key_long(b, "cost_unknown", x->cost_unknown);
	if (r != NULL) {
		result(b, r);
		buf_key_text_or_null(b, "dominated_by", r->dominated_by >= 0 ?
		    name_of(l, p, (size_t)r->dominated_by) : NULL);
		buf_key_real_if(b, "dominated_share", r->dominated_by >= 0, r->dominated_share);
	}
	buf_char(b, '}');
}

static void
pairs(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	buf_key(b, "pairs");
	buf_char(b, '[');
	for (size_t i = 0; i < p->ladder.npair; i++) {
		const struct rung_pair *x = &p->ladder.pair[i];

		buf_puts(b, i ? ",{" : "{");
		buf_key_text_or_null(b, "a", name_of(l, p, x->a));
		buf_key_text_or_null(b, "b", name_of(l, p, x->b));
		change(b, "change", &x->change, x->change.ci);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void
steps(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	buf_key(b, "steps");
	buf_char(b, '[');
	for (size_t i = 0; i < p->ladder.nstep; i++) {
		const struct rung_step *x = &p->ladder.step[i];

		buf_puts(b, i ? ",{" : "{");
		buf_key_text_or_null(b, "from", name_of(l, p, x->from));
		buf_key_text_or_null(b, "to", name_of(l, p, x->to));
		buf_key_real(b, "extra_cost", x->dcost);
		buf_key_real(b, "extra_correct", x->dacc);
		flag(b, "gain", x->gain);
		buf_key(b, "per_correct");
		if (!x->gain) {
			buf_puts(b, "null}");
			continue;
		}
		buf_char(b, '{');
		buf_key_real_if(b, "at", x->price.known, x->price.at);
		buf_key_real_if(b, "lo", x->price.bounded, x->price.lo);
		buf_key_real_if(b, "hi", x->price.bounded, x->price.hi);
		buf_key_text_or_null(b, "method", x->method);
		buf_puts(b, "}}");
	}
	buf_char(b, ']');
}

static void
held(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	const struct held *h = &p->held;

	buf_key(b, "held_out");
	if (h->chosen < 0) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_text_or_null(b, "name", name_of(l, p, (size_t)h->chosen));
	flag(b, "met", h->met);
	buf_key_long(b, "cases", h->n);
	estimate(b, "accuracy_there", &h->there);
	result(b, &h->here);
	buf_char(b, '}');
}

static void
router(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	const struct router *x = &p->router;
	bool latency = l->confidence == CONFIDENCE_METRIC &&
	    l->rung[l->cheap].suite->metric[l->confidence_metric].scorer->lower_is_better;

	buf_key(b, "router");
	if (!l->has_router || !x->known) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_text_or_null(b, "cheap", l->rung[l->cheap].name);
	buf_key_text_or_null(b, "strong", l->rung[l->strong].name);
	buf_key_text_or_null(b, "confidence", l->confidence == CONFIDENCE_LOGPROB ? "logprob" :
	    l->rung[l->cheap].suite->metric[l->confidence_metric].name);
	buf_key_real_if(b, "threshold", x->threshold < DBL_MAX, latency ? -x->threshold : x->threshold);
	buf_key_long(b, "chosen_on", x->n_chosen_on);
	estimate(b, "escalated", &x->escalated);
	buf_key(b, "policy");
	buf_char(b, '{');
	result(b, &x->policy);
	buf_puts(b, "}");
	buf_key(b, "cheap_alone");
	buf_char(b, '{');
	result(b, &x->cheap);
	change(b, "change", &x->against_cheap, x->against_cheap.ci95);
	estimate(b, "cost_change", &x->cost_against_cheap);
	buf_puts(b, "}");
	buf_key(b, "strong_alone");
	buf_char(b, '{');
	result(b, &x->strong);
	change(b, "change", &x->against_strong, x->against_strong.ci95);
	estimate(b, "cost_change", &x->cost_against_strong);
	buf_puts(b, "}}");
}

static void
judged(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	const struct ladder *x = &p->ladder;

	buf_key_text_or_null(b, "recommended", x->met ? name_of(l, p, (size_t)x->chosen) : NULL);
	buf_key_text_or_null(b, "nearest", x->chosen >= 0 ? name_of(l, p, (size_t)x->chosen) : NULL);
	buf_key_long_if(b, "n_needed", x->n_needed > 0, x->n_needed);
	buf_key_text_or_null(b, "best", name_of(l, p, x->best));
	buf_key_real(b, "optimism", x->optimism);
	buf_key_real(b, "critical", x->critical);
	pairs(b, l, p);
	steps(b, l, p);
	held(b, l, p);
	router(b, l, p);
}

void
ladder_json(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	const struct suite *s = l->rung[0].suite;
	const struct ladder_rules *r = &l->rules;

	buf_char(b, '{');
	buf_key_text_or_null(b, "ladder", l->path);
	buf_key_text_or_null(b, "suite", s->name);
	buf_key_text_or_null(b, "metric", s->metric[l->metric].name);
	buf_key_text_or_null(b, "status", !p->whole ? "incomplete" :
	    p->judged && p->ladder.met ? "demonstrated" : "not_demonstrated");
	buf_key_real(b, "requirement", r->requirement);
	buf_key_real_if(b, "latency", r->latency > 0, r->latency);
	buf_key_real(b, "margin", r->margin);
	buf_key_real(b, "alpha", r->alpha);
	buf_key_real(b, "unanswered", l->unanswered);
	buf_key_long(b, "resamples", (long)r->resamples);
	buf_key_long(b, "cases", (long)p->data.design.n);
	buf_key_long(b, "left_out", p->data.left_out);
	buf_key(b, "rungs");
	buf_char(b, '[');
	for (size_t i = 0; i < l->nrung; i++) {
		buf_puts(b, i ? "," : "");
		rung(b, l, p, i);
	}
	buf_char(b, ']');
	if (p->judged)
		judged(b, l, p);
	buf_puts(b, "}\n");
}
