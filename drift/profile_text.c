/*
 * profile_text.c -- what a profile says, for people and as JSON.
 */
#include "drift/profile.h"

#include <math.h>

struct interval
profile_quantile(const struct feature_profile *f, double q)
{
	long n = profile_values(f), rank = (long)ceil(q * (double)n), sum = 0;
	struct interval in = { 0, 0 };

	if (rank < 1)
		rank = 1;
	for (size_t i = 0; i < f->nbucket; i++) {
		sum += f->bucket[i].count;
		if (sum < rank)
			continue;
		in.lo = fmax(bucket_low(f->bucket[i].key), f->min);
		in.hi = fmin(bucket_high(f->bucket[i].key), f->max);
		break;
	}
	return in;
}

double
profile_mean(const struct feature_profile *f)
{
	long n = profile_values(f);

	return n > 0 ? exact_value(&f->sum) / (double)n : 0;
}

/* Squares are rounded once each, to 2^-53 of themselves: what is left of their mean after the
 * square of the mean is taken off is worth nothing if it is not well above that. */
bool
profile_sd(const struct feature_profile *f, double *sd)
{
	double n = (double)profile_values(f), mean = profile_mean(f), squares, var;

	*sd = 0;
	if (f->shape != SHAPE_NUMBER || n < 2)
		return false;
	if (f->min >= f->max)
		return true;
	squares = exact_value(&f->square) / n;
	var = fma(-mean, mean, squares);
	if (!isfinite(var) || squares >= SQUARE_MAX / n || var < 1e-12 * squares)
		return false;
	*sd = sqrt(var * (n / (n - 1)));
	return true;
}

/* ---- categories, the most frequent first -------------------------------------------------- */

static int
by_count(const void *pa, const void *pb)
{
	const struct category *a = *(const struct category *const *)pa;
	const struct category *b = *(const struct category *const *)pb;

	return a->count != b->count ? (a->count < b->count ? 1 : -1) : str_cmp(a->text, b->text);
}

static const struct category **
frequent(const struct feature_profile *f, struct arena *a)
{
	const struct category **c = arena_array(a, f->ncategory, sizeof(struct category *));

	for (size_t i = 0; i < f->ncategory; i++)
		c[i] = &f->category[i];
	if (f->ncategory > 1)
		qsort(c, f->ncategory, sizeof(struct category *), by_count);
	return c;
}

static long
grams_hit(const struct feature_profile *f)
{
	long n = 0;

	for (size_t i = 0; f->gram != NULL && i < GRAM_SLOTS; i++)
		n += f->gram[i] > 0;
	return n;
}

static const double quantile[] = { 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99 };
static const char *const shape_name[] = { "number", "category", "text",
	"vector" };

static double
middle(struct interval in)
{
	return in.lo + (in.hi - in.lo) / 2;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void
time_json(struct buf *b, const char *key, int64_t ms)
{
	char iso[25];

	if (ms == 0) {
		buf_key_null(b, key);
		return;
	}
	tick_iso(ms, iso);
	buf_key_text(b, key, str_of(iso));
}

static void
numbers_json(struct buf *b, const struct feature_profile *f)
{
	double sd;

	buf_key_real(b, "min", f->min);
	buf_key_real(b, "max", f->max);
	buf_key_real(b, "mean", profile_mean(f));
	if (profile_sd(f, &sd))
		buf_key_real(b, "sd", sd);
	else
		buf_key_null(b, "sd");
	buf_key_long(b, "buckets", (long)f->nbucket);
	buf_key(b, "quantiles");
	buf_char(b, '[');
	for (size_t i = 0; i < COUNT(quantile); i++) {
		struct interval in = profile_quantile(f, quantile[i]);

		buf_puts(b, i ? ",{" : "{");
		buf_key_real(b, "q", quantile[i]);
		buf_key_real(b, "lo", in.lo);
		buf_key_real(b, "hi", in.hi);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void
categories_json(struct buf *b, const struct feature_profile *f, struct arena *a)
{
	const struct category **c = frequent(f, a);

	buf_key(b, "categories");
	buf_char(b, '[');
	for (size_t i = 0; i < f->ncategory; i++) {
		buf_puts(b, i ? ",{" : "{");
		buf_key_text(b, "text", c[i]->text);
		buf_key_long(b, "count", c[i]->count);
		buf_char(b, '}');
	}
	buf_char(b, ']');
	buf_key_long(b, "rest", f->rest);
}

static void
feature_json(struct buf *b, const struct watched *w, const struct feature_profile *f,
             struct arena *a)
{
	buf_key_text(b, "name", str_of(w->name));
	buf_key_text(b, "get", str_of(w->feature->name));
	buf_key_long(b, "version", w->feature->version);
	buf_key(b, "params");
	buf_puts(b, w->params_json);
	buf_key_text(b, "shape", str_of(shape_name[f->shape]));
	buf_key_long(b, "values", profile_values(f));
	buf_key_long(b, "missing", f->missing);
	buf_key_long(b, "empty", f->empty);
	buf_key_long(b, "other", f->other);
	if (f->shape == SHAPE_NUMBER && profile_values(f) > 0)
		numbers_json(b, f);
	if (f->shape == SHAPE_CATEGORY)
		categories_json(b, f, a);
	if (f->shape == SHAPE_TEXT)
		buf_key_long(b, "ngrams", grams_hit(f));
}

void
profile_json(struct buf *b, const struct profile *p, struct arena *a)
{
	char hex[65];

	profile_digest(p, hex);
	buf_char(b, '{');
	buf_key_long(b, "records", p->n);
	buf_key_long(b, "bad_lines", p->bad);
	time_json(b, "first", p->first_ms);
	time_json(b, "last", p->last_ms);
	buf_key_long(b, "kept", (long)p->nkept);
	buf_key_long(b, "sample", (long)p->cap);
	buf_key(b, "texts");
	buf_puts(b, p->texts ? "true" : "false");
	buf_key_text(b, "features_digest", str_of(hex));
	buf_key(b, "features");
	buf_char(b, '[');
	for (size_t i = 0; i < p->nfeature; i++) {
		buf_puts(b, i ? ",{" : "{");
		feature_json(b, &p->watched[i], &p->feature[i], a);
		buf_char(b, '}');
	}
	buf_puts(b, "]}\n");
}

/* ---- for people --------------------------------------------------------------------------- */

static void
numbers_text(struct buf *b, const struct feature_profile *f)
{
	double sd;

	buf_fmt(b, "    min %.4g  p5 %.4g  median %.4g  p95 %.4g  max %.4g  mean %.4g", f->min,
	    middle(profile_quantile(f, 0.05)), middle(profile_quantile(f, 0.5)),
	    middle(profile_quantile(f, 0.95)), f->max, profile_mean(f));
	if (profile_sd(f, &sd))
		buf_fmt(b, "  sd %.4g", sd);
	buf_char(b, '\n');
}

static void
categories_text(struct buf *b, const struct feature_profile *f, struct arena *a)
{
	enum { SHOWN = 5 };
	const struct category **c = frequent(f, a);
	double n = (double)profile_values(f);

	buf_puts(b, "    ");
	for (size_t i = 0; i < f->ncategory && i < SHOWN; i++) {
		buf_puts(b, i ? ", " : "");
		buf_str(b, str_visible(c[i]->text, 24, false, a));
		buf_fmt(b, " %.1f %%", 100 * (double)c[i]->count / n);
	}
	if (f->ncategory > SHOWN)
		buf_fmt(b, ", and %zu more", f->ncategory - SHOWN);
	if (f->rest > 0)
		buf_fmt(b, "; %ld records in categories that are not listed", f->rest);
	buf_char(b, '\n');
}

void
profile_text(struct buf *b, const struct profile *p, struct arena *a)
{
	char first[25], last[25];

	buf_fmt(b, "%ld records, %ld bad lines", p->n, p->bad);
	if (p->last_ms != 0) {
		tick_iso(p->first_ms, first);
		tick_iso(p->last_ms, last);
		buf_fmt(b, ", %s to %s", first, last);
	}
	buf_fmt(b, "\n%zu kept of a sample of %zu%s\n\n", p->nkept, p->cap,
	    p->texts ? ", with texts" : "");
	buf_fmt(b, "%-24s%-18s%-9s%9s%8s%7s%7s\n", "feature", "get", "shape", "values", "missing",
	    "empty", "other");
	for (size_t i = 0; i < p->nfeature; i++) {
		const struct feature_profile *f = &p->feature[i];
		const struct watched *w = &p->watched[i];

		buf_fmt(b, "%-23s %-17s %-9s%9ld%8ld%7ld%7ld\n",
		    str_cstr(str_visible(str_of(w->name), 60, false, a), a),
		    str_cstr(str_visible(str_of(w->feature->name), 40, false, a), a),
		    shape_name[f->shape], profile_values(f), f->missing, f->empty, f->other);
		if (profile_values(f) == 0)
			continue;
		if (f->shape == SHAPE_NUMBER)
			numbers_text(b, f);
		else if (f->shape == SHAPE_CATEGORY)
			categories_text(b, f, a);
		else if (f->shape == SHAPE_TEXT)
			buf_fmt(b, "    n-grams in %ld of %d slots\n", grams_hit(f), GRAM_SLOTS);
	}
}
