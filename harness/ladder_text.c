/*
 * ladder_text.c -- a judged ladder for people, within 100 columns.
 */
#include "harness/ladder.h"

#include <float.h>

enum { NAME = 25 };              /* columns of a rung's name */

/* `s` in `width` columns; what is longer is cut, so that a blank is left. */
static void
column(struct buf *b, struct str s, int width, bool right)
{
	struct arena a = { 0 };
	struct str shown = str_visible(s, (size_t)width > s.n ? s.n : (size_t)width * 4, false, &a);
	int used = 0;
	size_t n = 0;

	for (; n < shown.n; n++) {                      /* characters, not bytes */
		bool begins = ((unsigned char)shown.p[n] & 0xc0) != 0x80;

		if (begins && used == width - !right)
			break;
		used += begins;
	}
	shown.n = n;
	if (right)
		buf_fmt(b, "%*s", width - used, "");
	buf_str(b, shown);
	if (!right)
		buf_fmt(b, "%*s", width - used, "");
	arena_free(&a);
}

static void
name(struct buf *b, const char *s)
{
	struct arena a = { 0 };

	buf_str(b, str_visible(str_of(s), 60, false, &a));
	arena_free(&a);
}

static void
seconds(struct buf *b, double s)
{
	if (s == DBL_MAX)
		buf_puts(b, "never");
	else
		quantity_write(b, s, false, STR("s"), false);
}

/* USD of a thousand requests, or of a thousand answers: of one they are too small to read. */
static void
money(struct buf *b, double usd, bool sign)
{
	buf_fmt(b, sign ? "%+.3g" : "%.3g", 1000 * usd);
}

static void
cell(struct buf *b, struct buf *part, int width)
{
	column(b, buf_as_str(part), width, true);
	buf_reset(part);
}

static void
points(struct buf *b, double at, bool bounded, double lo, double hi)
{
	buf_fmt(b, "%+.1f pt", 100 * at);
	if (bounded)
		buf_fmt(b, " [%+.1f, %+.1f]", 100 * lo, 100 * hi);
}

/* ---- the table ---------------------------------------------------------------------------- */

static void
result_row(struct buf *b, const char *label, const char *mark, const struct rung_result *x,
    bool priced)
{
	struct buf p = { 0 };

	buf_fmt(b, "%-2s", mark);
	column(b, str_of(label), NAME, false);
	buf_fmt(&p, "%.1f %%", 100 * x->acc.at);
	cell(b, &p, 9);
	if (x->acc.bounded)
		buf_fmt(&p, "[%.1f, %.1f]", 100 * x->acc.lo, 100 * x->acc.hi);
	cell(b, &p, 15);
	if (x->has_lower)
		buf_fmt(&p, "%.1f %%", 100 * x->lower);
	cell(b, &p, 9);
	if (priced)
		money(&p, x->cost.at, false);
	else
		buf_puts(&p, "no price");
	cell(b, &p, 12);
	seconds(&p, x->p50.at);
	cell(b, &p, 9);
	seconds(&p, x->p95.at);
	cell(b, &p, 9);
	if (x->p95.hi < DBL_MAX)
		seconds(&p, x->p95.hi);
	else
		buf_puts(&p, "none");
	cell(b, &p, 9);
	buf_char(b, '\n');
	buf_free(&p);
}

static void
table_head(struct buf *b, const struct ladder_file *l)
{
	struct buf p = { 0 };

	buf_fmt(b, "  %-*s%9s%15s%9s%12s%9s%9s%9s\n", NAME, "rung", "accuracy", "95 %", "at least",
	    "USD/1000", "P50", "P95", "at most");
	buf_fmt(&p, "%.1f %%", 100 * l->rules.requirement);
	buf_fmt(b, "  %-*s%9s%15s", NAME, "must be", "", "");
	cell(b, &p, 9);
	if (l->rules.latency > 0) {
		seconds(&p, l->rules.latency);
		buf_fmt(b, "%12s%9s%9s", "", "", "");
		cell(b, &p, 9);
	}
	buf_char(b, '\n');
	buf_free(&p);
}

static const char *
rung_name(const struct ladder_file *l, const struct ladder_report *p, size_t judged)
{
	return l->rung[p->data.which[judged]].name;
}

/* ---- sentences ---------------------------------------------------------------------------- */

static void
verdict(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	const struct ladder *x = &p->ladder;

	if (!p->judged || x->chosen < 0) {
		buf_puts(b, "requirement not demonstrated: no rung could be judged\n");
		return;
	}
	if (x->met) {
		buf_puts(b, "recommended: ");
		name(b, rung_name(l, p, (size_t)x->chosen));
		buf_puts(b, ", the cheapest that is shown to meet the requirement\n");
		return;
	}
	buf_puts(b, "requirement not demonstrated; nearest is ");
	name(b, rung_name(l, p, (size_t)x->chosen));
	if (x->n_needed > 0)
		buf_fmt(b, ", which about %ld cases would decide", x->n_needed);
	else if (x->rung[x->chosen].reason == RUNG_ACCURACY)
		buf_puts(b, ", but more cases would not help: it is below");
	buf_char(b, '\n');
	if (p->router.known && p->router.policy.reason == RUNG_MEETS)
		buf_fmt(b, "the router is shown to meet it: at least %.1f %%\n",
		    100 * p->router.policy.lower);
}

static void
reason(struct buf *b, const struct ladder_file *l, const struct rung_result *x)
{
	switch (x->reason) {
	case RUNG_MEETS:
		buf_puts(b, "meets the requirement");
		break;
	case RUNG_ACCURACY:
		buf_fmt(b, "not shown to be right in %.1f %%", 100 * l->rules.requirement);
		break;
	case RUNG_LATENCY:
		buf_puts(b, x->p95.hi == DBL_MAX ? "its P95 has no upper bound: too few cases, or answers "
		    "that never came" : "not shown to be quick enough");
		break;
	case RUNG_CLUSTERS:
		buf_puts(b, "too few clusters: it takes 10");
		break;
	case RUNG_SLICES:
		buf_puts(b, "slices with more than 5 % of production have no case");
		break;
	case RUNG_NOTHING:
		buf_puts(b, "there is no interval");
		break;
	}
}

static void
rung_line(struct buf *b, const struct ladder_file *l, const struct ladder_report *p, size_t i,
    const struct rung_result *x)
{
	const struct ladder_rung *rung = &l->rung[i];
	struct arena a = { 0 };

	buf_puts(b, "  ");
	column(b, str_of(rung->name), NAME, false);
	if (x == NULL) {
		buf_puts(b, rung->state == RUNG_UNANSWERED ? "not judged: " : "incomplete: ");
		buf_str(b, str_visible(str_of(rung->why != NULL ? rung->why : "no case could be scored"),
		    400, false, &a));
		buf_char(b, '\n');
		arena_free(&a);
		return;
	}
	reason(b, l, x);
	if (rung->missing > 0)
		buf_fmt(b, "; %ld cases unanswered, which count as wrong", rung->missing);
	if (rung->cost_unknown > 0)
		buf_fmt(b, "; %ld answers of unknown price", rung->cost_unknown);
	buf_char(b, '\n');
	if (x->dominated_by < 0)
		return;
	buf_fmt(b, "  %-*s%sdominated by ", NAME, "", x->dominated_share >= 0.95 ? "confidently " : "");
	name(b, rung_name(l, p, (size_t)x->dominated_by));
	buf_fmt(b, " (in %.0f %% of resamples)\n", 100 * x->dominated_share);
}

static const struct rung_result *
result_of(const struct ladder_report *p, size_t i)
{
	for (size_t r = 0; p->judged && r < p->data.nrung; r++)
		if (p->data.which[r] == i)
			return &p->ladder.rung[r];
	return NULL;
}

static void
from_to(struct buf *b, const char *from, const char *to)
{
	buf_puts(b, "  ");
	column(b, str_of(from), NAME, false);
	buf_puts(b, "-> ");
	column(b, str_of(to), NAME, false);
}

static void
pairs(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	buf_fmt(b, "\ndifferences, which hold together at %.0f %%\n", 100 * (1 - l->rules.alpha));
	for (size_t i = 0; i < p->ladder.npair; i++) {
		const struct rung_pair *x = &p->ladder.pair[i];

		from_to(b, rung_name(l, p, x->a), rung_name(l, p, x->b));
		points(b, 0 - x->change.at, x->change.bounded, 0 - x->change.ci.hi, 0 - x->change.ci.lo);
		buf_char(b, '\n');
	}
}

static void
steps(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	buf_puts(b, "\nwhat 1000 more correct answers cost, from rung to dearer rung\n");
	for (size_t i = 0; i < p->ladder.nstep; i++) {
		const struct rung_step *x = &p->ladder.step[i];

		from_to(b, rung_name(l, p, x->from), rung_name(l, p, x->to));
		if (!x->gain) {
			buf_puts(b, "no demonstrated gain\n");
			continue;
		}
		money(b, x->price.at, false);
		buf_puts(b, " USD");
		if (x->price.bounded)
			buf_fmt(b, " [%.3g, %.3g] %s", 1000 * x->price.lo, 1000 * x->price.hi, x->method);
		buf_char(b, '\n');
	}
}

static void
selection(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	const struct held *h = &p->held;

	buf_puts(b, "\npicking the best of these rungs (");
	name(b, rung_name(l, p, p->ladder.best));
	buf_fmt(b, ") flatters it by about %.1f pt\n", 100 * p->ladder.optimism);
	if (h->chosen < 0)
		return;
	buf_puts(b, "chosen on one half of the cases: ");
	name(b, rung_name(l, p, (size_t)h->chosen));
	buf_fmt(b, "%s\n  on the other %ld: %.1f %%", h->met ? "" : " (not demonstrated)", h->n,
	    100 * h->here.acc.at);
	if (h->here.acc.bounded)
		buf_fmt(b, " [%.1f, %.1f]", 100 * h->here.acc.lo, 100 * h->here.acc.hi);
	if (h->here.has_lower)
		buf_fmt(b, ", at least %.1f %%", 100 * h->here.lower);
	buf_char(b, '\n');
}

static void
router(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	const struct router *x = &p->router;
	const struct metric *m = l->confidence == CONFIDENCE_METRIC ?
	    &l->rung[l->cheap].suite->metric[l->confidence_metric] : NULL;
	bool turned = m != NULL && m->scorer->lower_is_better;

	buf_puts(b, "\nrouter: ");
	name(b, l->rung[l->cheap].name);
	if (!x->known) {
		buf_puts(b, " first: not judged, because a rung of it is missing or no answer has a "
		    "confidence\n");
		return;
	}
	buf_puts(b, ", and ");
	name(b, l->rung[l->strong].name);
	if (x->threshold == DBL_MAX) {
		buf_puts(b, " always");
	} else {
		buf_puts(b, " where ");
		name(b, m != NULL ? m->name : "logprob");
		buf_fmt(b, " is %s %.4g", turned ? "above" : "below",
		    turned ? -x->threshold : x->threshold);
	}
	buf_fmt(b, "\nthreshold chosen on %ld cases; these are the other %ld, of which", x->n_chosen_on,
	    x->against_cheap.n);
	buf_fmt(b, " %.1f %%", 100 * x->escalated.at);
	if (x->escalated.bounded)
		buf_fmt(b, " [%.1f, %.1f]", 100 * x->escalated.lo, 100 * x->escalated.hi);
	buf_puts(b, " are escalated\n");
	result_row(b, "router", "", &x->policy, true);
	result_row(b, l->rung[l->cheap].name, "", &x->cheap, true);
	result_row(b, l->rung[l->strong].name, "", &x->strong, true);
	from_to(b, l->rung[l->cheap].name, "router");
	points(b, x->against_cheap.at, x->against_cheap.bounded, x->against_cheap.ci95.lo,
	    x->against_cheap.ci95.hi);
	buf_puts(b, " for ");
	money(b, x->cost_against_cheap.at, true);
	buf_puts(b, " USD/1000\n");
	from_to(b, l->rung[l->strong].name, "router");
	points(b, x->against_strong.at, x->against_strong.bounded, x->against_strong.ci95.lo,
	    x->against_strong.ci95.hi);
	buf_puts(b, " for ");
	money(b, x->cost_against_strong.at, true);
	buf_puts(b, " USD/1000\n");
}

void
ladder_text(struct buf *b, const struct ladder_file *l, const struct ladder_report *p)
{
	const struct suite *s = l->rung[0].suite;
	struct arena a = { 0 };

	buf_fmt(b, "suite %s, metric %s, %zu cases",
	    str_cstr(str_visible(str_of(s->name), 40, false, &a), &a),
	    str_cstr(str_visible(str_of(s->metric[l->metric].name), 24, false, &a), &a),
	    p->data.design.n);
	if (p->data.left_out > 0)
		buf_fmt(b, " (%ld left out: a rung has no score for them)", p->data.left_out);
	buf_puts(b, "\n\n");
	arena_free(&a);
	if (p->judged) {
		table_head(b, l);
		for (size_t r = 0; r < p->data.nrung; r++)
			result_row(b, rung_name(l, p, r), p->ladder.met && p->ladder.chosen == (int)r ? "*" :
			    "", &p->ladder.rung[r], l->rung[p->data.which[r]].priced);
		buf_char(b, '\n');
	}
	for (size_t i = 0; i < l->nrung; i++)
		rung_line(b, l, p, i, result_of(p, i));
	if (p->judged) {
		if (p->ladder.npair > 0) {
			pairs(b, l, p);
			steps(b, l, p);
			selection(b, l, p);
		}
		if (l->has_router)
			router(b, l, p);
	}
	buf_char(b, '\n');
	verdict(b, l, p);
}
