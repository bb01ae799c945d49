/*
 * nearest.c -- a text classifier without weights: the labels of the most similar texts of a
 * training file, so that suites, gates and drift can be tried with a model that is ours.
 *
 *  (1) Words are runs of letters and digits after str_fold; all bytes beyond ASCII are letters.
 *      Terms are words and pairs of neighbouring words.
 *  (2) A term that stands f times in a text weighs (1 + ln f) * idf there, and
 *      idf = 1 + ln((1 + N) / (1 + df)) for a term of df of N texts: sublinear tf and smooth
 *      idf (Manning, Raghavan, Schuetze, Introduction to Information Retrieval, 2008, 6.2-6.4).
 *      A text is the vector of its weights, of length 1.
 *  (3) The k texts of greatest cosine vote for their label with the square of their cosine.
 *      That and the default k were chosen by threefold cross-validation on 10 003 questions of
 *      77 intents: k 5, 20, 50, 80 gave 0.73, 0.77, 0.785, 0.788.
 *  (4) Among equal texts the earlier in the file comes first; among labels with equal votes,
 *      and for the commonest label, the one that appeared first.
 *  (5) A text that shares no known term with any gets the commonest label.
 *
 * Memory: about 12 bytes per term of each training text, and its distinct terms once.
 */
#include "harness/harness.h"

#include <math.h>

enum { MISTAKES_MAX = 100 };

struct nearest {
	const char *train, *text, *label;
	long        k;
};

static const struct conf_key params[] = {
	{ "train", CONF_TEXT, offsetof(struct nearest, train), CONF_REQUIRED, NULL,
	  "JSONL, CSV or TSV file of labelled texts" },
	{ "text", CONF_TEXT, offsetof(struct nearest, text), "text", NULL,
	  "its field with the text" },
	{ "label", CONF_TEXT, offsetof(struct nearest, label), "label", NULL,
	  "its field with the label" },
	{ "k", CONF_INT, offsetof(struct nearest, k), "50", "1..1000",
	  "how many similar texts vote" },
	{ 0 }
};

struct posting { uint32_t doc; float weight; };

struct index {
	struct map      term, label;         /* numbers, in order of first appearance */
	struct str     *name;                /* of labels */
	uint32_t       *of_doc;              /* label of each text */
	size_t          ndoc;
	uint32_t        commonest;
	double         *idf;
	size_t         *first;               /* postings of term i: first[i] to first[i + 1] */
	struct posting *posting;
};

/* Terms of one text, each with its count, in order of first appearance. */
struct bag { uint32_t *term, *count; size_t n; };

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static void
bag_add(struct bag *b, struct map *seen, uint32_t term)
{
	bool is_new;
	uint64_t *at = map_put(seen, (struct str){ (const char *)&term, sizeof term }, &is_new);

	if (is_new) {
		*at = b->n++;
		b->term[*at] = term;
	}
	b->count[*at]++;
}

/* The number of a term, made if `grow`; else -1 when nobody knows it. */
static int64_t
number_of(struct map *terms, bool grow, struct str key)
{
	uint64_t next = terms->n, *at;
	bool is_new = false;

	at = grow ? map_put(terms, key, &is_new) : map_get(terms, key);
	if (is_new)
		*at = next;
	return at != NULL ? (int64_t)*at : -1;
}

/* (1) With `grow` new terms get a number; without, they are left out. */
static struct bag
bag_of(struct map *terms, bool grow, struct str text, struct arena *a)
{
	struct str s = str_fold(text, a), word, before = { 0 };
	struct map seen = { 0 };
	struct buf pair = { 0 };
	/* n bytes hold at most (n + 1) / 2 words, and one pair less. */
	struct bag b = { arena_array(a, s.n + 2, sizeof *b.term),
	                 arena_array(a, s.n + 2, sizeof *b.count), 0 };

	for (size_t i = 0; i < s.n; i += word.n) {
		int64_t term;

		word = str_sub(s, i, 0);
		while (i + word.n < s.n && is_word(s.p[i + word.n]))
			word.n++;
		if (word.n == 0) {
			word.n = 1;                      /* not a word: one byte on */
			continue;
		}
		if ((term = number_of(terms, grow, word)) >= 0)
			bag_add(&b, &seen, (uint32_t)term);
		if (before.n > 0) {
			buf_reset(&pair);
			buf_str(&pair, before);
			buf_char(&pair, ' ');
			buf_str(&pair, word);
			if ((term = number_of(terms, grow, buf_as_str(&pair))) >= 0)
				bag_add(&b, &seen, (uint32_t)term);
		}
		before = word;
	}
	buf_free(&pair);
	map_free(&seen);
	return b;
}

/* (2) Without the length. */
static double
weight(const struct index *x, const struct bag *b, size_t i)
{
	return (1 + log((double)b->count[i])) * x->idf[b->term[i]];
}

static double
length(const struct index *x, const struct bag *b)
{
	double sum = 0;

	for (size_t i = 0; i < b->n; i++)
		sum += weight(x, b, i) * weight(x, b, i);
	return sqrt(sum);
}

/* ---- training ---------------------------------------------------------------------------------- */

struct texts_read { struct bag *bag; size_t n, cap; size_t label_cap, doc_cap; };

static void
learn(struct index *x, struct texts_read *r, struct str text, struct str label, struct arena *keep,
    struct arena *scratch)
{
	uint64_t next = x->label.n, *at;
	bool is_new;

	at = map_put(&x->label, label, &is_new);
	if (is_new) {
		*at = next;
		x->name = mem_grow(x->name, &r->label_cap, next + 1, sizeof *x->name);
		x->name[next] = str_dup(label, keep);
	}
	x->of_doc = mem_grow(x->of_doc, &r->doc_cap, r->n + 1, sizeof *x->of_doc);
	x->of_doc[r->n] = (uint32_t)*at;
	r->bag = mem_grow(r->bag, &r->cap, r->n + 1, sizeof *r->bag);
	r->bag[r->n++] = bag_of(&x->term, true, text, scratch);
}

static int
read_texts(struct index *x, struct texts_read *r, const struct target *t, struct arena *keep,
    struct arena *scratch, struct err *e)
{
	const struct nearest *p = t->params;
	int fd = file_open(t->dir, p->train, t->roots, e), got, before = e->n;
	struct rows *rows = fd < 0 ? NULL : rows_open(fd, p->train, ROWS_BY_NAME, e);
	struct row row;
	struct arena field = { 0 };

	if (rows == NULL)
		return -1;
	while ((got = rows_next(rows, &row, e)) != 0 && e->n - before < MISTAKES_MAX) {
		struct str text, label;

		arena_reset(&field);
		if (got < 0)
			continue;
		if (!rows_field(rows, &row, str_of(p->text), &text, &field))
			err_at(e, p->train, (int)row.line, 0, "no field '%s'", p->text);
		else if (!rows_field(rows, &row, str_of(p->label), &label, &field) || label.n == 0)
			err_at(e, p->train, (int)row.line, 0, "no label in field '%s'", p->label);
		else
			learn(x, r, text, label, keep, scratch);
	}
	arena_free(&field);
	rows_close(rows);
	if (e->n == before && r->n == 0)
		err_set(e, "'%s' has no records: nearest needs labelled texts", p->train);
	return e->n == before ? 0 : -1;
}

/* Document frequencies first, then idf, then the postings of each term by text. */
static void
index_texts(struct index *x, const struct texts_read *r, struct arena *keep)
{
	size_t nterm = x->term.n, *fill = mem_alloc(nterm + 1, sizeof *fill);
	uint64_t *votes = mem_alloc(x->label.n, sizeof *votes);

	x->ndoc = r->n;
	x->idf = arena_array(keep, nterm + 1, sizeof *x->idf);
	x->first = arena_array(keep, nterm + 1, sizeof *x->first);
	for (size_t d = 0; d < r->n; d++) {
		votes[x->of_doc[d]]++;
		for (size_t i = 0; i < r->bag[d].n; i++)
			x->first[r->bag[d].term[i] + 1]++;
	}
	for (size_t i = 0; i < nterm; i++) {
		x->idf[i] = 1 + log((1 + (double)r->n) / (1 + (double)x->first[i + 1]));
		x->first[i + 1] += x->first[i];
		fill[i] = x->first[i];
	}
	x->posting = arena_array(keep, x->first[nterm] + 1, sizeof *x->posting);
	for (size_t d = 0; d < r->n; d++) {
		const struct bag *b = &r->bag[d];
		double norm = length(x, b);

		for (size_t i = 0; i < b->n; i++)
			x->posting[fill[b->term[i]]++] =
			    (struct posting){ (uint32_t)d, (float)(weight(x, b, i) / norm) };
	}
	for (size_t i = 1; i < x->label.n; i++)
		if (votes[i] > votes[x->commonest])                              /* (4) */
			x->commonest = (uint32_t)i;
	mem_free(votes);
	mem_free(fill);
}

static int
open_nearest(struct target *t, struct arena *a, struct err *e)
{
	struct index *x = arena_alloc(a, sizeof *x);
	struct texts_read r = { 0 };
	struct arena scratch = { 0 };
	int bad = read_texts(x, &r, t, a, &scratch, e);

	if (bad == 0) {
		index_texts(x, &r, a);
		t->state = x;
	}
	mem_free(r.bag);
	arena_free(&scratch);
	return bad;
}

/* ---- answering ------------------------------------------------------------------------------------ */

static void
request(struct request *r, const struct target *t, const struct test_case *tc, int rep,
    struct arena *a)
{
	(void)t, (void)rep, (void)a;
	buf_str(&r->body, tc->input);
}

struct near { double cosine; uint32_t doc; };

/* Keeps the list sorted, (4): a later text comes after those as near as it. */
static size_t
keep_nearest(struct near *list, size_t n, size_t k, struct near it)
{
	size_t at = n < k ? n++ : k - 1;

	for (; at > 0 && list[at - 1].cosine < it.cosine; at--)
		list[at] = list[at - 1];
	list[at] = it;
	return n;
}

static size_t
find_nearest(const struct index *x, const struct bag *b, size_t k, struct near *list,
    struct arena *a)
{
	double *dot = arena_array(a, x->ndoc, sizeof *dot), norm = length(x, b);
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		double w = weight(x, b, i) / norm;

		for (size_t j = x->first[b->term[i]]; j < x->first[b->term[i] + 1]; j++)
			dot[x->posting[j].doc] += w * (double)x->posting[j].weight;
	}
	for (size_t d = 0; d < x->ndoc; d++)
		if (dot[d] > 0 && (n < k || dot[d] > list[k - 1].cosine))
			n = keep_nearest(list, n, k, (struct near){ dot[d], (uint32_t)d });
	return n;
}

static void
reply(struct completion *c, const struct target *t, int status, struct str body, struct arena *a)
{
	const struct nearest *p = t->params;
	struct index *x = t->state;
	struct bag b = bag_of(&x->term, false, body, a);
	struct near *list = arena_array(a, (size_t)p->k, sizeof *list);
	double *votes = arena_array(a, x->label.n, sizeof *votes);
	size_t n = find_nearest(x, &b, (size_t)p->k, list, a);
	uint32_t best = n > 0 ? 0 : x->commonest;                            /* (5) */

	(void)status;
	for (size_t i = 0; i < n; i++)
		votes[x->of_doc[list[i].doc]] += list[i].cosine * list[i].cosine;  /* (3) */
	for (uint32_t i = 1; n > 0 && i < x->label.n; i++)
		if (votes[i] > votes[best])
			best = i;
	c->outcome = OUT_ANSWERED;
	c->text = x->name[best];
}

const struct protocol protocol_nearest = {
	.name = "nearest", .help = "labels a text by its most similar labelled texts",
	.wire = WIRE_LOCAL, .params = params, .size = sizeof(struct nearest),
	.open = open_nearest, .request = request, .reply = reply,
};
