/*
 * drift_json_examples.c -- records that show a finding, as far as profiles keep them.
 */
#include "harness/drift_json.h"

/* Of a text nothing is kept. */
static void
value_json(struct buf *b, const struct profile *p, const struct kept *k, size_t feature)
{
	const struct value *v = &k->value[feature];

	buf_puts(b, b->p[b->n - 1] == '[' ? "{" : ",{");
	buf_key_text(b, "feature", str_of(p->watched[feature].name));
	buf_key(b, "value");
	if (v->kind == VALUE_NUMBER)
		buf_real(b, v->number);
	else if (v->kind == VALUE_TEXT)
		buf_json(b, v->text);
	else
		buf_puts(b, "null");
	buf_char(b, '}');
}

/* Those that drifted first. */
static void
values_json(struct buf *b, const struct comparison *d, const struct kept *k, size_t own,
    size_t others)
{
	buf_key(b, "values");
	buf_char(b, '[');
	value_json(b, d->current, k, own);
	for (int drifted = 1; drifted >= 0; drifted--)
		for (size_t i = 0; i < d->current->nfeature && others > 0; i++) {
			if (i == own || d->current->feature[i].shape == SHAPE_TEXT ||
			    (d->feature[i] == DRIFT_YES) != drifted)
				continue;
			value_json(b, d->current, k, i);
			others--;
		}
	buf_char(b, ']');
}

void
drift_json_examples(struct buf *b, const struct comparison *d, const struct compared *x,
                    size_t others, struct arena *a)
{
	const struct kept *kept[DRIFT_EXAMPLES];
	size_t n = x->verdict == DRIFT_YES ? comparison_examples(d, x, kept, a) : 0;

	buf_key(b, "examples");
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{" : "{");
		buf_key_long_if(b, "time", kept[i]->time_ms > 0, (long)kept[i]->time_ms);
		values_json(b, d, kept[i], x->feature, others);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}
