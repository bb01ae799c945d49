/*
 * row_terms.c -- the kept records of two windows as terms: what each has of every feature, and of
 * every two.
 *
 * Numbers are cut where those of both windows together are, and no label is looked at: what a
 * record becomes is the same whichever window it is from, so labels may be dealt anew.  Cuts of the
 * reference's own would lie evenly in its records and not in others.
 */
#include "drift/domain.h"

#include <stdlib.h>

enum { ROW_BINS = 10, PAIR_BINS = 5, ROW_PAIRS_MOST = 12, DIGITS_LEAST = 3, DIGITS_MOST = 17 };
#define TERM_END '\xff'          /* in no text of UTF-8 */

/* ---- terms of a row ------------------------------------------------------------------------ */

/* A row has for each feature its term, and the one it has in pairs.  Those have wider bins: of a
 * hundred cells for every two numbers most would hold too few records to learn from. */

static size_t
row_most(struct str row)
{
	size_t n = 0;

	for (size_t i = 0; i < row.n; i++)
		n += row.p[i] == TERM_END;
	n /= 2;
	return n <= ROW_PAIRS_MOST ? n * (n + 1) / 2 : n;
}

static void
row_each(struct str row, void (*each)(void *, enum gram_kind, struct str), void *ctx)
{
	struct str term[ROW_PAIRS_MOST];
	struct buf pair = { 0 };
	size_t n = 0;
	bool alone = true;

	for (size_t i = 0, from = 0; i < row.n; i++) {
		if (row.p[i] != TERM_END)
			continue;
		if (alone)
			each(ctx, GRAM_TERMS, str_sub(row, from, i - from));
		else if (n++ < ROW_PAIRS_MOST)
			term[n - 1] = str_sub(row, from, i - from);
		alone = !alone;
		from = i + 1;
	}
	for (size_t i = 0; n <= ROW_PAIRS_MOST && i < n; i++)
		for (size_t k = i + 1; k < n; k++) {
			buf_reset(&pair);
			buf_str(&pair, term[i]);
			buf_puts(&pair, " and ");
			buf_str(&pair, term[k]);
			each(ctx, GRAM_PAIRS, buf_as_str(&pair));
		}
	buf_free(&pair);
}

const struct gram_source rows_source = { row_each, row_most };

/* ---- numbers ------------------------------------------------------------------------------- */

/* Bin i reaches from at[i] to at[i + 1], the last one to the largest number and with it. */
struct cuts { double at[ROW_BINS + 1]; size_t n; int digits; };

static int
by_number(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* As few digits as tell the bins apart. */
static int
digits_of(const struct cuts *c)
{
	int digits = DIGITS_LEAST;

	for (size_t i = 1; i < c->n; i++) {
		char low[32], high[32];

		do {
			snprintf(low, sizeof low, "%.*g", digits, c->at[i - 1]);
			snprintf(high, sizeof high, "%.*g", digits, c->at[i]);
		} while (strcmp(low, high) == 0 && ++digits <= DIGITS_MOST);
	}
	return digits;
}

/* A bin is full with its share of the numbers, and takes all that are equal to its last. */
static struct cuts
cuts_of(const struct kept *const *row, size_t n, size_t feature, size_t bins, struct arena *a)
{
	double *x = arena_array(a, n + 1, sizeof *x);
	struct cuts c = { .n = 0 };
	size_t k = 0, filled = 0;

	for (size_t i = 0; i < n; i++)
		if (row[i]->value[feature].kind == VALUE_NUMBER)
			x[k++] = row[i]->value[feature].number;
	qsort(x, k, sizeof *x, by_number);
	for (size_t i = 0; i < k; i++, filled++)
		if (i == 0 || (bins * filled >= k && x[i] > x[i - 1])) {
			c.at[c.n++] = x[i];
			filled = 0;
		}
	if (k > 0)
		c.at[c.n] = x[k - 1];
	c.digits = digits_of(&c);
	return c;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void
put_term(struct buf *b, const char *name, const struct value *v, const struct cuts *c)
{
	static const char *const none[] = { [VALUE_MISSING] = "is missing", [VALUE_EMPTY] = "is empty",
		[VALUE_OTHER] = "is of another type" };
	size_t bin = 0;

	if (v->kind == VALUE_TEXT) {
		buf_fmt(b, "%s=", name);
		buf_str(b, v->text);
	} else if (v->kind == VALUE_NUMBER) {
		while (bin + 1 < c->n && v->number >= c->at[bin + 1])
			bin++;
		buf_fmt(b, "%s in [%.*g, %.*g%c", name, c->digits, c->at[bin], c->digits, c->at[bin + 1],
		    bin + 1 < c->n ? ')' : ']');
	} else {
		buf_fmt(b, "%s %s", name, none[v->kind]);
	}
	buf_char(b, TERM_END);
}

/* Equal values have equal bytes. */
static void
put_key(struct buf *b, const struct value *v)
{
	double number = v->kind == VALUE_NUMBER ? v->number + 0.0 : 0;

	buf_char(b, (char)v->kind);
	buf_add(b, &number, sizeof number);
	if (v->kind == VALUE_TEXT) {
		buf_add(b, &v->text.n, sizeof v->text.n);
		buf_str(b, v->text);
	}
}

static size_t
choose(const struct profile *p, const struct kept **row)
{
	size_t n = p->nkept < KEPT_TEXTS_MAX ? p->nkept : KEPT_TEXTS_MAX;

	for (size_t i = 0; i < n; i++)
		row[i] = &p->kept[i];
	return n;
}

void
rows_take(struct domain *d, const struct profile *r, const struct profile *c, struct arena *a)
{
	const struct kept **row = arena_array(a, 2 * KEPT_TEXTS_MAX, sizeof *row);
	struct cuts *cuts = arena_array(a, r->nfeature + 1, sizeof *cuts);
	struct cuts *wide = arena_array(a, r->nfeature + 1, sizeof *wide);
	struct buf terms = { 0 }, key = { 0 };

	d->of[0] = choose(r, row);
	d->of[1] = choose(c, row + d->of[0]);
	d->n = d->of[0] + d->of[1];
	for (size_t k = 0; k < r->nfeature; k++)
		if (rows_joinable(r->watched[k].feature)) {
			cuts[k] = cuts_of(row, d->n, k, ROW_BINS, a);
			wide[k] = cuts_of(row, d->n, k, PAIR_BINS, a);
		}
	for (size_t i = 0; i < d->n; i++) {
		buf_reset(&terms);
		buf_reset(&key);
		for (size_t k = 0; k < r->nfeature; k++)
			if (rows_joinable(r->watched[k].feature)) {
				put_term(&terms, r->watched[k].name, &row[i]->value[k], &cuts[k]);
				put_term(&terms, r->watched[k].name, &row[i]->value[k], &wide[k]);
				put_key(&key, &row[i]->value[k]);
			}
		d->text[i] = str_dup(buf_as_str(&terms), a);
		d->key[i] = str_dup(buf_as_str(&key), a);
		d->current[i] = i >= d->of[0];
	}
	buf_free(&terms);
	buf_free(&key);
}
