/*
 * cmd/history.c -- `driftlead history SUITE`: a metric over the runs of a suite, and whether it
 * changed.  Described, never judged: the exit status says nothing of the changes.
 */
#include "harness/history.h"

#include <float.h>
#include <math.h>

struct options { struct common common; const char *metric, *target, *slice; };

static const struct opt options[] = {
	{ "metric", 'm', OPT_TEXT, offsetof(struct options, metric), "NAME",
	  "this metric instead of the first of the newest run" },
	{ "target", 't', OPT_TEXT, offsetof(struct options, target), "NAME",
	  "only runs on this target" },
	{ "slice", 0, OPT_TEXT, offsetof(struct options, slice), "NAME",
	  "this slice instead of the whole suite" },
	{ 0 }
};

enum { BAR = 10 };

static const struct { unsigned bit; const char *key, *text; } changed[] = {
	{ CHANGED_TARGET, "target", "another target" },
	{ CHANGED_TARGET_DIGEST, "target_digest", "another target configuration" },
	{ CHANGED_SUITE_DIGEST, "suite_digest", "another suite digest" },
	{ CHANGED_PROMPT, "prompt_digest", "another prompt" },
	{ CHANGED_SCORER, "scorer", "another scorer" },
};

static long
run_id(const struct history *h, const struct history_segment *g, size_t at)
{
	return h->run[g->from + at].run.id;
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void
run_json(struct buf *b, const struct history_run *r)
{
	bool first = true;

	buf_char(b, '{');
	buf_key_long(b, "id", r->run.id);
	buf_key_text(b, "started", str_of(r->run.started));
	buf_key_text(b, "target", str_of(r->run.target));
	buf_key_long(b, "n", r->n);
	buf_key_real(b, "at", r->at);
	buf_key_real_if(b, "lo", r->bounded, r->lo);
	buf_key_real_if(b, "hi", r->bounded, r->hi);
	buf_key_real_if(b, "psi", r->has_psi, r->psi);
	buf_key(b, "changed");
	buf_char(b, '[');
	for (size_t i = 0; i < COUNT(changed); i++) {
		if (!(r->changed & changed[i].bit))
			continue;
		buf_fmt(b, "%s\"%s\"", first ? "" : ",", changed[i].key);
		first = false;
	}
	buf_puts(b, "]}");
}

static void
change_json(struct buf *b, const struct history *h, const struct history_segment *g,
    const struct change *c)
{
	buf_char(b, '{');
	buf_key_long(b, "run", run_id(h, g, c->at));
	buf_key_real(b, "before", c->before);
	buf_key_real(b, "after", c->after);
	buf_key_real(b, "change", c->after - c->before);
	buf_key_real(b, "lo", c->ci.lo);
	buf_key_real(b, "hi", c->ci.hi);
	buf_key_real_if(b, "z", fabs(c->z) < DBL_MAX, c->z);
	buf_key_real(b, "p", c->p);
	buf_key_real(b, "p_adjusted", c->p_adjusted);
	buf_char(b, '}');
}

static void
segment_json(struct buf *b, const struct history *h, const struct history_segment *g)
{
	const struct change_scan *s = &g->scan;

	buf_char(b, '{');
	buf_key_text_or_null(b, "why", g->why);
	buf_key(b, "runs");
	for (size_t i = 0; i < g->n; i++) {
		buf_char(b, i ? ',' : '[');
		run_json(b, &h->run[g->from + i]);
	}
	buf_char(b, ']');
	buf_key_real_if(b, "variance", g->has_var, g->var);
	buf_key(b, "tested");
	buf_puts(b, s->tested ? "true" : "false");
	buf_key_real_if(b, "p_least", s->tested, s->p_least);
	buf_key_real_if(b, "lag1", s->has_lag1, s->lag1);
	buf_key(b, "blocks");
	buf_puts(b, s->tested && s->whole.blocks ? "true" : "false");
	buf_key(b, "greatest");
	if (s->tested)
		change_json(b, h, g, &s->whole);
	else
		buf_puts(b, "null");
	buf_key(b, "changes");
	buf_char(b, '[');
	for (size_t i = 0; i < s->n; i++) {
		buf_puts(b, i ? "," : "");
		change_json(b, h, g, &s->change[i]);
	}
	buf_puts(b, "]}");
}

static void
detector_json(struct buf *b, const struct history *h)
{
	const struct history_detector *d = &h->detector;

	buf_key(b, "detector");
	if (d->why != NULL) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_long(b, "reference_run", h->run[d->reference].run.id);
	buf_key_real(b, "reference", h->run[d->reference].at);
	buf_key_real(b, "tolerance", d->tolerance);
	buf_key_text_or_null(b, "gate", d->gate);
	buf_key_long(b, "watched", d->state.seen);
	buf_key_real(b, "value", d->state.value);
	buf_key_real(b, "peak", d->state.peak);
	buf_key_real(b, "threshold", d->state.threshold);
	if (d->alarm != SIZE_MAX)
		buf_key_long(b, "alarm_run", h->run[d->alarm].run.id);
	else
		buf_key_null(b, "alarm_run");
	buf_char(b, '}');
}

static void
history_json(struct buf *b, const struct history *h)
{
	buf_char(b, '{');
	buf_key_text(b, "suite", str_of(h->suite));
	buf_key_text(b, "metric", str_of(h->metric));
	buf_key_text_or_null(b, "slice", h->slice);
	buf_key_text(b, "unit", str_of(h->scorer->unit));
	buf_key(b, "lower_is_better");
	buf_puts(b, h->scorer->lower_is_better ? "true" : "false");
	buf_key_real(b, "alpha", HISTORY_ALPHA);
	buf_key_long(b, "permutations", HISTORY_PERMUTATIONS);
	buf_key_long(b, "partial", h->partial);
	buf_key_long(b, "unmeasured", h->unmeasured);
	buf_key(b, "segments");
	for (size_t i = 0; i < h->nsegment; i++) {
		buf_char(b, i ? ',' : '[');
		segment_json(b, h, &h->segment[i]);
	}
	buf_char(b, ']');
	detector_json(b, h);
	buf_puts(b, "}\n");
}

/* ---- for people --------------------------------------------------------------------------- */

static void
value(struct buf *b, const struct history *h, double x)
{
	quantity_write(b, x, h->scorer->scale != SCALE_REAL, str_of(h->scorer->unit), false);
}

/* A difference: points for rates, and only the first says so. */
static void
step(struct buf *b, const struct history *h, double x, bool first)
{
	if (h->scorer->scale != SCALE_REAL)
		buf_fmt(b, "%+.1f%s", x * 100, first ? " pt" : "");
	else
		quantity_write(b, x, false, str_of(h->scorer->unit), true);
}

/* `width` columns of what was written from `from` on, filled up on the left or the right. */
static void
pad(struct buf *b, size_t from, size_t width, bool left)
{
	char text[64];
	size_t n = b->n - from < sizeof text - 1 ? b->n - from : sizeof text - 1;

	memcpy(text, b->p + from, n);
	text[n] = '\0';
	b->n = from;
	buf_fmt(b, left ? "%*s" : "%-*s", (int)width, text);
}

/* The interval as dashes and the value in it, between the least and the greatest of the segment. */
static void
bar(struct buf *b, const struct history *h, const struct history_segment *g,
    const struct history_run *r)
{
	double lo = HUGE_VAL, hi = -HUGE_VAL, scale;
	char cell[BAR + 1];

	for (size_t i = g->from; i < g->from + g->n; i++) {
		lo = fmin(lo, h->run[i].lo);
		hi = fmax(hi, h->run[i].hi);
	}
	scale = hi > lo ? (BAR - 1) / (hi - lo) : 0;
	memset(cell, ' ', BAR);
	cell[BAR] = '\0';
	for (int i = (int)lround((r->lo - lo) * scale); i <= (int)lround((r->hi - lo) * scale); i++)
		cell[i] = '-';
	cell[lround((r->at - lo) * scale)] = 'o';
	for (int i = BAR; i > 0 && cell[i - 1] == ' '; i--)
		cell[i - 1] = '\0';
	buf_puts(b, cell);
}

static void
run_text(struct buf *b, const struct history *h, const struct history_segment *g,
    const struct history_run *r, struct arena *a)
{
	size_t from;

	for (size_t i = 0, n = 0; i < COUNT(changed); i++) {
		/* Another target has another configuration, another prompt another suite digest. */
		if (!(r->changed & changed[i].bit) || (changed[i].bit == CHANGED_TARGET_DIGEST &&
		    (r->changed & CHANGED_TARGET)) || (changed[i].bit == CHANGED_SUITE_DIGEST &&
		    (r->changed & (CHANGED_PROMPT | CHANGED_SCORER))))
			continue;
		buf_fmt(b, "%s%s", n++ ? ", " : "         ", changed[i].text);
	}
	if (b->n > 0 && b->p[b->n - 1] != '\n')
		buf_char(b, '\n');
	buf_fmt(b, "  %5ld  %.10s  ", r->run.id, r->run.started);
	from = b->n;
	buf_str(b, str_visible(str_of(r->run.target), 11, false, a));
	pad(b, from, 11, false);
	buf_fmt(b, " %6ld  ", r->n);
	from = b->n;
	value(b, h, r->at);
	pad(b, from, 9, true);
	buf_puts(b, "  ");
	from = b->n;
	if (r->bounded) {
		value(b, h, r->lo);
		if (h->scorer->scale != SCALE_REAL)
			b->n -= 2;                              /* one percent sign is enough */
		buf_puts(b, " .. ");
		value(b, h, r->hi);
	}
	pad(b, from, 17, false);
	buf_char(b, ' ');
	bar(b, h, g, r);
	while (b->n > 0 && b->p[b->n - 1] == ' ')
		b->n--;
	buf_char(b, '\n');
}

static void
change_line(struct buf *b, const struct history *h, const struct history_segment *g,
    const struct change *c)
{
	buf_fmt(b, "  changed with run %ld: ", run_id(h, g, c->at));
	value(b, h, c->before);
	buf_puts(b, " -> ");
	value(b, h, c->after);
	buf_puts(b, ",\n    ");
	step(b, h, c->after - c->before, true);
	buf_puts(b, " [");
	step(b, h, c->ci.lo, false);
	buf_puts(b, ", ");
	step(b, h, c->ci.hi, false);
	buf_fmt(b, "] (95 %%), p %.2g\n", c->p_adjusted);
}

static void
scan_text(struct buf *b, const struct history *h, const struct history_segment *g)
{
	const struct change_scan *s = &g->scan;

	if (!s->tested) {
		buf_fmt(b, "  too few runs for a test: %zu, it takes %d\n", g->n, SCAN_LEAST);
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		change_line(b, h, g, &s->change[i]);
	if (s->n == 0)
		buf_fmt(b, "  no change at %.3g %%: the greatest, with run %ld, has p %.2g\n",
		    HISTORY_ALPHA * 100, run_id(h, g, s->whole.at), s->whole.p);
	if (s->p_least > HISTORY_ALPHA)
		buf_fmt(b, "  %zu runs can have no p below %.2g: 10 are needed for one below %.3g\n", g->n,
		    s->p_least, HISTORY_ALPHA);
	if (s->whole.blocks)
		buf_fmt(b, "  neighbouring runs depend on each other (r %.2f): p is approximate\n",
		    s->lag1);
}

static void
detector_text(struct buf *b, const struct history *h)
{
	const struct history_detector *d = &h->detector;

	if (d->why != NULL) {
		buf_fmt(b, "no e-detector: %s\n", d->why);
		return;
	}
	buf_fmt(b, "e-detector: %.3g of %.0f after %ld runs since run %ld (", d->state.value,
	    d->state.threshold, d->state.seen, h->run[d->reference].run.id);
	value(b, h, h->run[d->reference].at);
	buf_fmt(b, "),\n  tolerance %.3g pt %s%s: ", d->tolerance * 100, d->gate ? "of gate " :
	    "by default", d->gate ? d->gate : "");
	if (d->alarm != SIZE_MAX)
		buf_fmt(b, "alarm with run %ld\n", h->run[d->alarm].run.id);
	else
		buf_puts(b, "no alarm\n");
}

static void
history_text(struct buf *b, const struct history *h, struct arena *a)
{
	buf_str(b, str_visible(str_of(h->suite), 60, false, a));
	buf_puts(b, ": ");
	buf_str(b, str_visible(str_of(h->metric), 40, false, a));
	if (h->slice != NULL) {
		buf_puts(b, " in slice ");
		buf_str(b, str_visible(str_of(h->slice), 40, false, a));
	}
	buf_fmt(b, ", %zu runs, %s is better\n", h->n, h->scorer->lower_is_better ? "lower" : "higher");
	for (size_t i = 0; i < h->nsegment; i++) {
		const struct history_segment *g = &h->segment[i];

		if (h->nsegment > 1)
			buf_fmt(b, "segment %zu of %zu%s%s\n", i + 1, h->nsegment, g->why ? ": " : "",
			    g->why ? g->why : "");
		for (size_t k = g->from; k < g->from + g->n; k++)
			run_text(b, h, g, &h->run[k], a);
		scan_text(b, h, g);
	}
	detector_text(b, h);
	if (h->partial > 0)
		buf_fmt(b, "left out: %ld runs that asked only part of the suite (--filter)\n", h->partial);
	if (h->unmeasured > 0)
		buf_fmt(b, "left out: %ld runs without a value of this metric\n", h->unmeasured);
}

static int
history(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	const char *suite = past_suite(s->store, s->operand.text[0], &s->project->roots, s->arena, e);
	struct history h;

	if (suite == NULL || history_read(s->store, suite, o->metric, o->target, o->slice, &h,
	    s->arena, e) != 0)
		return EXIT_MISTAKE;
	if (o->common.json)
		history_json(&s->out, &h);
	else
		history_text(&s->out, &h, s->arena);
	return EXIT_PASS;
}

const struct command command_history = {
	.name = "history", .chapter = "read", .operands = "SUITE",
	.help = "a metric over the runs of a suite, and whether it changed",
	.about = "SUITE is a suite's name in the store, or the path of its suite.yaml.",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT | NEEDS_STORE_READ,
	.min_operands = 1, .max_operands = 1, .main = history,
};
