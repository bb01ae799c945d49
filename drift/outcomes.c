/*
 * outcomes.c -- how sure answers were, and whether they were right, counted from logs.
 *
 * Memory does not grow with the records: confidences are counted on a grid, classes by pairs of
 * label and prediction up to a ceiling.  Counts know no order, so threads and files change nothing.
 */
#include "drift/classes.h"

#include <math.h>

enum { CELLS = CONFIDENCE_STEPS + 1 };

/* What one piece of the logs counted. */
struct piece {
	struct outcomes sum;             /* its plain counts */
	const char *path;                /* where the sample is from */
	long   line;
	long  *n, *known, *right;        /* by confidence */
	struct pairs pairs;              /* a reference's */
	long  *predicted, other;         /* a current window's, by class */
};

struct reading {
	const struct outcome_fields *field;
	const struct classes *classes;
	struct piece *piece;
};

/* ---- one record --------------------------------------------------------------------------- */

/* The first in the order of paths and lines is kept, whichever thread finds it. */
static void
refuse(struct piece *p, const struct record *r, struct str field, struct value v,
    const char *want, struct arena *scratch)
{
	int order = p->path == NULL ? -1 : strcmp(r->path, p->path);

	p->sum.refused++;
	if (order > 0 || (order == 0 && r->line > p->line))
		return;
	p->path = r->path;
	p->line = r->line;
	snprintf(p->sum.sample, sizeof p->sum.sample, "%s:%ld: '%.*s' is '%s' and not %s", r->path,
	    r->line, STR_ARG(field), str_cstr(str_visible(v.text, 40, false, scratch), scratch), want);
}

/* An answer without content is there, and empty; one of more than LABEL_MAX bytes is cut. */
static bool
category(const struct record *r, struct str field, struct str *text, struct arena *scratch)
{
	struct value v = record_value(r, field, scratch);

	*text = str_sub(str_trim(v.text), 0, LABEL_MAX + 1);
	return v.kind != VALUE_MISSING;
}

/* Some logs have their numbers as text. */
static bool
number_of(struct value v, double *number)
{
	*number = v.number;
	return v.kind == VALUE_NUMBER || (v.kind == VALUE_TEXT && parse_number(v.text, number));
}

enum told { TOLD_WRONG, TOLD_RIGHT, TOLD_NOTHING, TOLD_NONSENSE };

static enum told
correct_says(struct piece *p, struct str field, const struct record *r, struct arena *scratch)
{
	struct value v = record_value(r, field, scratch);
	double number;
	bool right;

	p->sum.has_correct += v.kind != VALUE_MISSING;
	if (v.kind == VALUE_MISSING || v.kind == VALUE_EMPTY)
		return TOLD_NOTHING;
	if (number_of(v, &number) && !(fabs(number) > 0))
		return TOLD_WRONG;
	if (number_of(v, &number) && !(fabs(number - 1) > 0))
		return TOLD_RIGHT;
	if (v.kind == VALUE_TEXT && parse_bool(v.text, &right))
		return right ? TOLD_RIGHT : TOLD_WRONG;
	refuse(p, r, field, v, "true or false", scratch);
	return TOLD_NONSENSE;
}

static void
add_record(void *ctx, size_t which, const struct record *r, struct arena *scratch)
{
	const struct reading *x = ctx;
	const struct outcome_fields *f = x->field;
	struct piece *p = &x->piece[which];
	struct value v = record_value(r, f->confidence, scratch);
	struct str prediction, label;
	bool predicted = category(r, f->prediction, &prediction, scratch);
	bool labelled = category(r, f->label, &label, scratch) && label.n > 0;
	enum told told = f->correct.n > 0 ? correct_says(p, f->correct, r, scratch) :
	    !predicted || !labelled ? TOLD_NOTHING : str_eq(prediction, label) ? TOLD_RIGHT :
	    TOLD_WRONG;
	double confidence;
	size_t cell;

	p->sum.records++;
	p->sum.has_prediction += predicted;
	p->sum.has_label += labelled;
	if (predicted && labelled && x->classes == NULL)
		pairs_add(&p->pairs, label, prediction, 1, scratch);
	if (predicted && x->classes != NULL) {
		size_t i = class_find(x->classes, prediction);

		*(i < x->classes->k ? &p->predicted[i] : &p->other) += 1;
	}
	if (told == TOLD_NONSENSE)
		return;
	if (v.kind == VALUE_MISSING || v.kind == VALUE_EMPTY) {
		p->sum.without++;
		return;
	}
	if (!number_of(v, &confidence) || !(confidence >= 0 && confidence <= 1)) {
		refuse(p, r, f->confidence, v, "a number from 0 to 1", scratch);
		return;
	}
	cell = (size_t)(confidence * CONFIDENCE_STEPS + 0.5);
	p->n[cell]++;
	p->known[cell] += told != TOLD_NOTHING;
	p->right[cell] += told == TOLD_RIGHT;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void
begin(struct piece *p, const struct classes *classes, struct arena *a)
{
	*p = (struct piece){ .n = arena_array(a, CELLS, sizeof *p->n),
		.known = arena_array(a, CELLS, sizeof *p->known),
		.right = arena_array(a, CELLS, sizeof *p->right),
		.predicted = arena_array(a, classes ? classes->k + 1 : 1, sizeof *p->predicted) };
}

static void
merge(struct piece *into, const struct piece *from, const struct classes *classes,
    struct arena *scratch)
{
	struct outcomes *x = &into->sum;
	const struct outcomes *y = &from->sum;
	int order = from->path == NULL ? 1 : into->path == NULL ? -1 :
	    strcmp(from->path, into->path);

	x->records += y->records;
	x->without += y->without;
	x->refused += y->refused;
	x->has_prediction += y->has_prediction;
	x->has_label += y->has_label;
	x->has_correct += y->has_correct;
	if (order < 0 || (order == 0 && from->line < into->line)) {
		into->path = from->path;
		into->line = from->line;
		memcpy(x->sample, y->sample, sizeof x->sample);
	}
	for (size_t i = 0; i < CELLS; i++) {
		into->n[i] += from->n[i];
		into->known[i] += from->known[i];
		into->right[i] += from->right[i];
	}
	for (size_t i = 0; classes != NULL && i < classes->k; i++)
		into->predicted[i] += from->predicted[i];
	into->other += from->other;
	pairs_merge(&into->pairs, &from->pairs, scratch);
}

/* Only the confidences that occur: everything else is linear in them. */
static struct forecasts
forecasts_of(const struct piece *p, struct arena *a)
{
	size_t k = 0;
	double *at;
	long *n, *known, *right;

	for (size_t i = 0; i < CELLS; i++)
		k += p->n[i] > 0;
	at = arena_array(a, k + 1, sizeof *at);
	n = arena_array(a, k + 1, sizeof *n);
	known = arena_array(a, k + 1, sizeof *known);
	right = arena_array(a, k + 1, sizeof *right);
	k = 0;
	for (size_t i = 0; i < CELLS; i++)
		if (p->n[i] > 0) {
			at[k] = (double)i / CONFIDENCE_STEPS;
			n[k] = p->n[i];
			known[k] = p->known[i];
			right[k++] = p->right[i];
		}
	return (struct forecasts){ k, at, n, known, right };
}

static const char *
name_of(struct str field, struct arena *a)
{
	return str_cstr(str_visible(field, 60, false, a), a);
}

/* What a window lacks so that nothing can be said of it: a sentence each. */
static int
check(const struct outcomes *o, const struct outcome_fields *f, const char *what, double max_bad,
    bool reference, struct arena *a, struct err *e)
{
	if (o->records == 0)
		return err_set(e, "%s: the logs hold no record", what);
	if ((double)o->refused > max_bad * (double)o->records)
		return err_set(e, "%s: %ld of %ld records have a confidence or an outcome that is none, "
		    "the first at %s; --max-bad allows %.3g %%", what, o->refused, o->records,
		    o->sample, max_bad * 100);
	if (o->n == 0)
		return err_set(e, "%s: none of %ld records has a confidence in '%s': name the field by "
		    "--confidence", what, o->records, name_of(f->confidence, a));
	if (!reference || o->known > 0)
		return 0;
	if (f->correct.n > 0)
		return err_set(e, "%s: none of %ld records says in '%s' whether the answer was right: name "
		    "the field by --correct", what, o->records, name_of(f->correct, a));
	return err_set(e, "%s: of %ld records %ld have a prediction in '%s' and %ld a label in '%s', "
	    "none both beside a confidence: name the fields by --prediction and --label, or by "
	    "--correct one that says whether the answer was right", what, o->records, o->has_prediction,
	    name_of(f->prediction, a), o->has_label, name_of(f->label, a));
}

static void
finish(struct outcomes *o, const struct piece *p, const struct classes *classes, struct arena *a)
{
	*o = p->sum;
	o->forecasts = forecasts_of(p, a);
	for (size_t i = 0; i < o->forecasts.k; i++) {
		o->n += o->forecasts.n[i];
		o->known += o->forecasts.known[i];
		o->right += o->forecasts.right[i];
	}
	o->crowded = p->pairs.crowded;
	o->classes = classes;
	if (classes == NULL) {
		o->classes = classes_of(&p->pairs, a);
		o->confusion = confusion_of(&p->pairs, o->classes, a);
	} else {
		o->confusion = (struct confusion){ .k = classes->k, .current = p->predicted,
			.current_other = p->other };
	}
}

int
outcomes_read(const struct log_plan *plan, const char *const *path, size_t n,
    const struct outcome_fields *field, const struct classes *classes, struct outcomes *o,
    struct arena *a, struct err *e)
{
	size_t npiece = logs_pieces();
	struct piece *piece = arena_array(a, npiece, sizeof *piece);
	struct reading x = { field, classes, piece };
	struct log_counts counts;
	int failed;

	for (size_t i = 0; i < npiece; i++)
		begin(&piece[i], classes, a);
	failed = logs_read(plan, path, n, add_record, &x, &counts, e);
	failed |= logs_check(plan, &counts, e);
	for (size_t i = 1; i < npiece; i++) {
		merge(&piece[0], &piece[i], classes, a);
		pairs_free(&piece[i].pairs);
	}
	if (counts.torn > 0)
		warn("%ld of %zu files broke off before their end", counts.torn, n);
	finish(o, &piece[0], classes, a);
	pairs_free(&piece[0].pairs);
	if (failed)
		return -1;
	return check(o, field, classes ? "the current window" : "the reference", plan->max_bad,
	    classes == NULL, a, e);
}

void
outcomes_free(struct outcomes *o)
{
	if (o->classes != NULL && o->confusion.count != NULL)
		map_free(o->classes->index);         /* the reference's own */
}
