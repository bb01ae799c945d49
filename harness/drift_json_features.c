/*
 * drift_json_features.c -- what was counted of each feature in both windows, for pictures and
 * tables.
 *
 * Shares have six digits and edges are round, so that a thousand features take a few MB.
 */
#include "harness/drift_json.h"

#include <math.h>

enum { ROWS = 20 };                       /* categories of a feature; others are summed */

static const char *const shape_name[] = { "number", "category", "text" };

static void
key_share(struct buf *b, const char *key, double share)
{
	buf_key(b, key);
	buf_fmt(b, "%.6g", share);
}

static void
numbers(struct buf *b, const char *key, const double *x, size_t n, int digits)
{
	buf_key(b, key);
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, i ? ",%.*g" : "[%.*g", digits, x[i]);
	buf_char(b, ']');
}

/* ---- missing, and a few numbers of each window --------------------------------------------- */

static void
missing(struct buf *b, const char *key, const struct feature_profile *f)
{
	double n = f->n > 0 ? (double)f->n : 1;

	buf_key(b, key);
	buf_char(b, '{');
	key_share(b, "missing", (double)f->missing / n);
	key_share(b, "empty", (double)f->empty / n);
	key_share(b, "other", (double)f->other / n);
	buf_char(b, '}');
}

static void
summary(struct buf *b, const char *key, const struct feature_profile *f)
{
	static const struct { const char *name; double q; } quantile[] = {
		{ "p5", 0.05 }, { "p25", 0.25 }, { "p50", 0.5 }, { "p75", 0.75 }, { "p95", 0.95 }
	};

	buf_key(b, key);
	if (profile_values(f) == 0) {
		buf_puts(b, "null");
		return;
	}
	buf_char(b, '{');
	buf_key_real(b, "min", f->min);
	for (size_t i = 0; i < COUNT(quantile); i++) {
		struct interval in = profile_quantile(f, quantile[i].q);

		key_share(b, quantile[i].name, in.lo + (in.hi - in.lo) / 2);
	}
	buf_key_real(b, "max", f->max);
	key_share(b, "mean", profile_mean(f));
	buf_char(b, '}');
}

/* ---- distributions ------------------------------------------------------------------------ */

static void
histogram_json(struct buf *b, const struct histogram *h)
{
	buf_char(b, '{');
	buf_key_text(b, "scale", str_of(h->log ? "log" : "linear"));
	numbers(b, "edges", h->edge, h->nedge, 15);
	numbers(b, "reference", h->reference, h->nedge + 1, 6);
	numbers(b, "current", h->current, h->nedge + 1, 6);
	buf_char(b, '}');
}

static void
change_json(struct buf *b, const struct category_change *x)
{
	key_share(b, "was", x->was);
	key_share(b, "is", x->is);
	buf_key_long(b, "n_was", x->n_was);
	buf_key_long(b, "n_is", x->n_is);
}

static void
categories_json(struct buf *b, const struct feature_profile *r, const struct feature_profile *c,
    const struct category_change *change, size_t n)
{
	struct category_change rest = { .n_was = profile_values(r), .n_is = profile_values(c) };

	buf_puts(b, "{\"rows\":[");
	for (size_t i = 0; i < n && i < ROWS; i++) {
		buf_puts(b, i ? ",{" : "{");
		buf_key_text(b, "category", change[i].category);
		change_json(b, &change[i]);
		buf_char(b, '}');
		rest.n_was -= change[i].n_was;
		rest.n_is -= change[i].n_is;
	}
	rest.was = (double)rest.n_was / (double)profile_values(r);
	rest.is = (double)rest.n_is / (double)profile_values(c);
	buf_puts(b, "],\"rest\":{");
	buf_key_long(b, "categories", n > ROWS ? (long)(n - ROWS) : 0);
	change_json(b, &rest);
	buf_puts(b, "}}");
}

static void
plot(struct buf *b, const struct feature_profile *r, const struct feature_profile *c,
    struct arena *a)
{
	struct category_change *change;
	struct histogram h;
	size_t n = profile_changes(r, c, &change, a);

	buf_key(b, "plot");
	if (n > 0)
		categories_json(b, r, c, change, n);
	else if (profile_values(c) > 0 && histogram_of(r, c, &h, a))
		histogram_json(b, &h);
	else
		buf_puts(b, "null");
}

void
drift_json_features(struct buf *b, const struct comparison *d, struct arena *a)
{
	buf_key(b, "features");
	buf_char(b, '[');
	for (size_t i = 0; i < d->reference->nfeature; i++) {
		const struct watched *w = &d->reference->watched[i];
		const struct feature_profile *r = &d->reference->feature[i];
		const struct feature_profile *c = &d->current->feature[i];

		buf_puts(b, i ? ",{" : "{");
		buf_key_text(b, "name", str_of(w->name));
		buf_key_text(b, "shape", str_of(shape_name[r->shape]));
		buf_key_text(b, "feature", str_of(w->feature->name));
		buf_key_text(b, "verdict", str_of(drift_verdict_word[d->feature[i]]));
		buf_key_long(b, "n_reference", profile_values(r));
		buf_key_long(b, "n_current", profile_values(c));
		buf_puts(b, ",\"missing\":{");
		missing(b, "reference", r);
		missing(b, "current", c);
		buf_char(b, '}');
		buf_key(b, "summary");
		if (r->shape == SHAPE_NUMBER) {
			buf_char(b, '{');
			summary(b, "reference", r);
			summary(b, "current", c);
			buf_char(b, '}');
		} else {
			buf_puts(b, "null");
		}
		plot(b, r, c, a);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}
