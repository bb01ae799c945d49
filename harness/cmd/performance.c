/*
 * cmd/performance.c -- `driftlead performance REFERENCE CURRENT`: how accurate are answers that
 * nobody has graded?
 *
 * From the confidences in two windows of logs, and what was right in the first.  Nothing is stored;
 * the answer is PASS, FAIL or INCONCLUSIVE as that of a gate.
 */
#include "drift/drift.h"
#include "harness/harness.h"

#include <math.h>

enum { CLASSES_SHOWN = 5 };

struct options {
	struct common common;
	const char   *confidence, *prediction, *label, *correct, *format;
	struct texts  field;
	double        margin, max_bad;
	long          seed;
};

static const struct opt options[] = {
	{ "confidence", 0, OPT_TEXT, offsetof(struct options, confidence), "FIELD",
	  "how sure the answer is, from 0 to 1 (default confidence)" },
	{ "prediction", 0, OPT_TEXT, offsetof(struct options, prediction), "FIELD",
	  "what was answered (default prediction)" },
	{ "label", 0, OPT_TEXT, offsetof(struct options, label), "FIELD",
	  "what is right, where it is known (default label)" },
	{ "correct", 0, OPT_TEXT, offsetof(struct options, correct), "FIELD",
	  "whether the answer was right, instead of prediction and label" },
	{ "margin", 0, OPT_SHARE, offsetof(struct options, margin), "SHARE",
	  "loss of accuracy that can be borne (default 2%)" },
	{ "format", 0, OPT_TEXT, offsetof(struct options, format), "NAME",
	  "format of the logs, instead of what their first record looks like" },
	{ "field", 0, OPT_LIST, offsetof(struct options, field), "RULE",
	  "where a field stands in the logs: NAME=FROM" },
	{ "max-bad", 0, OPT_SHARE, offsetof(struct options, max_bad), "SHARE",
	  "most lines or values that may not be readable (default 1%)" },
	{ "seed", 0, OPT_INT, offsetof(struct options, seed), "N", "of random tables (default 0)" },
	{ 0 }
};

struct windows { const char *word[2]; struct outcomes o[2]; };

/* ---- for machines ------------------------------------------------------------------------- */

static void
interval_json(struct buf *b, const char *lo, const char *hi, bool known, struct interval ci)
{
	buf_key_real_if(b, lo, known, ci.lo);
	buf_key_real_if(b, hi, known, ci.hi);
}

static void
window_json(struct buf *b, const char *key, const char *word, const struct outcomes *o,
    const struct forecast_quality *q)
{
	buf_key(b, key);
	buf_char(b, '{');
	buf_key_text(b, "what", str_of(word));
	buf_key_long(b, "records", o->records);
	buf_key_long(b, "n", o->n);
	buf_key_long(b, "without", o->without);
	buf_key_long(b, "refused", o->refused);
	buf_key_long(b, "known", o->known);
	buf_key_real_if(b, "accuracy", q->known, q->accuracy);
	buf_key_real_if(b, "confidence", q->known, q->confidence);
	buf_key_real_if(b, "over", q->known, q->over);
	interval_json(b, "over_lo", "over_hi", q->known, q->over_ci);
	buf_key_real_if(b, "brier", q->known, q->brier);
	interval_json(b, "brier_lo", "brier_hi", q->known, q->brier_ci);
	buf_key_real_if(b, "ece", q->known, q->ece);
	buf_key_real_if(b, "ece_chance", q->known, q->ece_chance);
	buf_char(b, '}');
}

static void
expected_json(struct buf *b, const char *key, const struct expected *x)
{
	buf_key(b, key);
	buf_char(b, '{');
	buf_key_long(b, "n", x->n);
	buf_key_real_if(b, "at", x->known, x->at);
	interval_json(b, "lo", "hi", x->known, x->ci);
	buf_key_real_if(b, "change", x->known, x->change);
	interval_json(b, "change_lo", "change_hi", x->known, x->change_ci);
	buf_char(b, '}');
}

static void
labels_json(struct buf *b, const struct label_shift *l, const struct classes *c)
{
	buf_key(b, "label_shift");
	buf_char(b, '{');
	buf_key_real_if(b, "p", l->known, l->p);
	buf_key_real_if(b, "condition", l->condition > 0, l->condition);
	buf_key_real_if(b, "at", l->identified, l->at);
	interval_json(b, "lo", "hi", l->identified, l->ci);
	buf_key_real_if(b, "change", l->identified, l->change);
	interval_json(b, "change_lo", "change_hi", l->identified, l->change_ci);
	buf_key(b, "classes");
	buf_char(b, '[');
	for (size_t i = 0; l->identified && i < l->k; i++) {
		buf_puts(b, i ? ",{" : "{");
		buf_key(b, "class");
		if (c->name[i].p != NULL)
			buf_json(b, c->name[i]);
		else
			buf_puts(b, "null");
		buf_key_real(b, "was", l->class[i].was);
		buf_key_real(b, "is", l->class[i].is);
		interval_json(b, "lo", "hi", true, l->class[i].ci);
		buf_char(b, '}');
	}
	buf_puts(b, "]}");
}

static const char *
basis_name(const struct performance *p)
{
	return p->basis == NULL ? NULL : p->basis == &p->by_outcomes ? "outcomes" : "confidence";
}

static void
print_json(struct session *s, const struct windows *w, const struct performance *p)
{
	const struct calibration_shift *c = &p->calibration;
	struct buf *b = &s->out;

	buf_char(b, '{');
	buf_key_text(b, "verdict", str_of(verdict_name[p->verdict]));
	buf_key_text(b, "why", str_of(p->why));
	buf_key_text_or_null(b, "basis", basis_name(p));
	buf_key_real(b, "margin", p->margin);
	window_json(b, "reference", w->word[0], &w->o[0], &p->stated[0]);
	window_json(b, "current", w->word[1], &w->o[1], &p->stated[1]);
	expected_json(b, "by_confidence", &p->by_confidence);
	expected_json(b, "by_outcomes", &p->by_outcomes);
	buf_key_real(b, "outside", p->by_confidence.outside);
	buf_key_real_if(b, "mde", p->mde > 0, p->mde);
	buf_key_long_if(b, "n_needed", p->n_needed > 0, p->n_needed);
	buf_key_long_if(b, "n_reference_needed", p->n_reference_needed > 0, p->n_reference_needed);
	buf_key(b, "calibration_shift");
	buf_char(b, '{');
	buf_key_long(b, "n", c->n);
	buf_key_real_if(b, "realised", c->n > 0, c->realised);
	buf_key_real_if(b, "expected", c->n > 0, c->expected);
	buf_key_real_if(b, "z", c->n > 0, c->z);
	buf_key_real_if(b, "chi2", c->n > 0, c->chi2);
	buf_key_long_if(b, "df", c->n > 0, c->df);
	buf_key_real_if(b, "p", c->n > 0, c->p);
	buf_char(b, '}');
	labels_json(b, &p->labels, w->o[0].classes);
	buf_puts(b, "}\n");
}

/* ---- for people --------------------------------------------------------------------------- */

static const char *
visible(struct str s, struct arena *a)
{
	return str_cstr(str_visible(s, 40, false, a), a);
}

static void
percents(struct buf *b, struct interval ci)
{
	buf_fmt(b, " [%.1f, %.1f]", ci.lo * 100, ci.hi * 100);
}

static void
points_interval(struct buf *b, struct interval ci)
{
	buf_puts(b, " [");
	points_write(b, ci.lo);
	buf_puts(b, ", ");
	points_write(b, ci.hi);
	buf_char(b, ']');
}

static void
points(struct buf *b, double change, struct interval ci)
{
	buf_puts(b, "change ");
	points_write(b, change);
	buf_puts(b, " pt");
	points_interval(b, ci);
}

static void
note(struct buf *b, const char *sentence)
{
	buf_fmt(b, "               %s\n", sentence);
}

static void
window_text(struct buf *b, const char *name, const char *word, const struct outcomes *o,
    const struct forecast_quality *q)
{
	buf_fmt(b, "%s  %s, %ld records", name, word, o->records);
	if (o->without > 0)
		buf_fmt(b, ", %ld without a confidence", o->without);
	if (o->refused > 0)
		buf_fmt(b, ", %ld refused (%s)", o->refused, o->sample);
	buf_fmt(b, ", %ld with an outcome\n", o->known);
	if (!q->known)
		return;
	buf_fmt(b, "             accuracy %.1f %%, stated %.1f %%: %s by %.1f pt", q->accuracy * 100,
	    q->confidence * 100, q->over > 0 ? "too sure" : "too modest", fabs(q->over) * 100);
	points_interval(b, q->over > 0 ? q->over_ci :
	    (struct interval){ -q->over_ci.hi, -q->over_ci.lo });
	buf_fmt(b, "; Brier %.4f [%.4f, %.4f]; ECE %.3f, %.3f by chance\n", q->brier, q->brier_ci.lo,
	    q->brier_ci.hi, q->ece, q->ece_chance);
}

static void
calibration_text(struct buf *b, const struct performance *p)
{
	const struct calibration_shift *c = &p->calibration;

	if (c->n == 0) {
		buf_puts(b, "  calibration  not tested: the current window has no outcome\n");
		return;
	}
	buf_fmt(b, "  calibration  of %ld outcomes %.1f %% are right, %.1f %% were expected: ", c->n,
	    c->realised * 100, c->expected * 100);
	buf_fmt(b, "%s, p=%.2g\n", c->p <= SHIFT_ALPHA ? "it shifted" : "no shift is seen", c->p);
	if (p->by_outcomes.known) {
		buf_fmt(b, "               corrected by them %.1f %%", p->by_outcomes.at * 100);
		percents(b, p->by_outcomes.ci);
		buf_puts(b, ", ");
		points(b, p->by_outcomes.change, p->by_outcomes.change_ci);
		buf_char(b, '\n');
	}
}

/* The classes whose shares changed most, in the order of the change. */
static void
mix_text(struct buf *b, const struct label_shift *l, const struct classes *c, struct arena *a)
{
	double last = 2;

	for (int shown = 0; shown < CLASSES_SHOWN; shown++) {
		double most = -1;
		size_t which = 0;

		for (size_t i = 0; i < l->k; i++) {
			double change = fabs(l->class[i].is - l->class[i].was);

			if (change < last && change > most) {
				most = change;
				which = i;
			}
		}
		if (most < 0)
			return;
		buf_fmt(b, "               %s  %.1f %% -> %.1f %%",
		    c->name[which].p ? visible(c->name[which], a) : "(all others)",
		    l->class[which].was * 100, l->class[which].is * 100);
		percents(b, l->class[which].ci);
		buf_char(b, '\n');
		last = most;
	}
}

static void
labels_text(struct buf *b, const struct performance *p, const struct outcomes *o,
    struct arena *a)
{
	const struct label_shift *l = &p->labels;

	if (!l->known)
		return;
	buf_fmt(b, "  classes      predictions are distributed %s, p=%.2g\n", l->p <= SHIFT_ALPHA ?
	    "otherwise than in the reference" : "as in the reference", l->p);
	if (l->p > SHIFT_ALPHA)
		return;
	if (!l->identified) {
		buf_fmt(b, "               the mix behind them cannot be told: the reference confuses its "
		    "%zu classes too much\n", o->classes->k);
		return;
	}
	buf_fmt(b, "               if nothing but the mix of classes changed: accuracy %.1f %%",
	    l->at * 100);
	percents(b, l->ci);
	buf_puts(b, ", ");
	points(b, l->change, l->change_ci);
	buf_char(b, '\n');
	mix_text(b, l, o->classes, a);
}

static void
print_text(struct session *s, const struct windows *w, const struct performance *p)
{
	const struct expected *x = &p->by_confidence;
	struct buf *b = &s->out;

	for (int i = 0; i < 2; i++)
		window_text(b, i ? "current  " : "reference", visible(str_of(w->word[i]), s->arena),
		    &w->o[i], &p->stated[i]);
	buf_fmt(b, "  expected     accuracy %.1f %% -> %.1f %%", p->reference * 100, x->at * 100);
	percents(b, x->ci);
	buf_puts(b, ", ");
	points(b, x->change, x->change_ci);
	buf_fmt(b, " (95 %%), margin %.3g\n", p->margin * 100);
	note(b, "if an answer of a given confidence is still right as often as in the reference");
	if (x->outside > 0.01)
		note(b, arena_fmt(s->arena, "%.1f %% of the records have a confidence beyond the "
		    "reference's", x->outside * 100));
	if (p->map.falls)
		note(b, "in the reference, the surer answers are the less often right");
	calibration_text(b, p);
	labels_text(b, p, &w->o[0], s->arena);
	buf_fmt(b, "%s: %s", verdict_name[p->verdict], p->why);
	if (p->mde > 0)
		buf_fmt(b, "; a change of %.1f pt would be seen", p->mde * 100);
	if (p->n_needed > 0)
		buf_fmt(b, "; about %ld current %s would decide", p->n_needed,
		    p->basis == &p->by_outcomes ? "outcomes" : "records");
	if (p->n_reference_needed > 0)
		buf_fmt(b, "; about %ld outcomes in the reference would decide", p->n_reference_needed);
	buf_char(b, '\n');
}

/* ---- the command -------------------------------------------------------------------------- */

static int
read_plan(struct session *s, struct log_plan *plan, struct err *e)
{
	const struct options *o = s->options;
	struct log_field *field = arena_array(s->arena, o->field.n, sizeof *field);

	*plan = (struct log_plan){ .field = field, .nfield = o->field.n, .max_bad = o->max_bad };
	if (o->format != NULL && (plan->format = log_format_find(o->format)) == NULL)
		err_set(e, "unknown log format '%s'", o->format);
	for (size_t i = 0; i < o->field.n; i++)
		log_field_read(&field[i], o->field.text[i], s->arena, e);
	if (!(o->margin > 0 && o->margin < 1))
		err_set(e, "--margin must lie between 0 and 1");
	return e->n ? -1 : 0;
}

static int
read_windows(struct session *s, const struct log_plan *plan, struct windows *w, struct err *e)
{
	const struct options *o = s->options;
	struct outcome_fields field = { str_of(o->confidence), str_of(o->prediction),
		str_of(o->label), str_of(o->correct) };
	const char **path[2];
	size_t n[2];

	for (int i = 0; i < 2; i++) {
		w->word[i] = s->operand.text[i];
		logs_expand(&w->word[i], 1, &path[i], &n[i], s->arena, e);
	}
	for (int i = 0; i < 2 && e->n == 0; i++)
		outcomes_read(plan, path[i], n[i], &field, i ? w->o[0].classes : NULL, &w->o[i],
		    s->arena, e);
	return e->n ? -1 : 0;
}

static int
performance(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct windows w = { 0 };
	struct performance *p;
	struct log_plan plan;
	int status = EXIT_MISTAKE;

	if (read_plan(s, &plan, e) == 0 && read_windows(s, &plan, &w, e) == 0) {
		p = performance_judge(&w.o[0], &w.o[1], o->margin, (uint64_t)o->seed, s->arena);
		if (o->common.json)
			print_json(s, &w, p);
		else if (!o->common.quiet)
			print_text(s, &w, p);
		status = verdict_exit(p->verdict);
	}
	outcomes_free(&w.o[0]);
	return status;
}

const struct command command_performance = {
	.name = "performance", .chapter = "read", .operands = "REFERENCE CURRENT",
	.help = "how accurate answers are that nobody graded, from their confidence",
	.about = "Either is a log file, a quoted pattern of some, or '-'.",
	.options = options, .size = sizeof(struct options),
	.defaults = &(const struct options){ .confidence = "confidence", .prediction = "prediction",
		.label = "label", .margin = 0.02, .max_bad = LOG_MAX_BAD },
	.min_operands = 2, .max_operands = 2, .main = performance,
};
