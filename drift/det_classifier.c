/*
 * det_classifier.c -- whether a classifier can tell from which window a text or a row is.
 *
 * (1) The texts are those of the sample, at most as many as it keeps of each window.
 * Near-duplicates (Jaccard similarity of the n-grams from 0.8) form groups.  A group counts as one:
 * what each window has of it is a unit with the share of the group's texts as its weight.
 * Of all features together the numbers and categories of a record are its terms (row_terms.c), and
 * the same rows form groups.
 * (2) Half of the groups train a classifier, the other half are scored by it (domain.c).
 * (3) Effect: AUC - 0.5 of the units held out, at least 0, where AUC = P(current scores higher) +
 * P(equal) / 2, by weight.  No direction.
 * (4) p, one-sided: given the classifier and the scores, the windows of units are exchangeable if
 * nothing changed.  Without a group in both windows that is Mann and Whitney's test, exact without
 * ties while n m < 10,000; else the permutation of units, by its mean and variance.  It counts all
 * that one window has of a group as a single event: what came from one template, batch or retry
 * cannot make p smaller, and p is valid when records are independent, too.
 * (5) Interval: the variance of AUC from where each group lies (DeLong et al. 1988, by groups as
 * Obuchowski 1997), and t with one degree of freedom less than the smaller window; where it is 0,
 * Hanley and McNeil's.
 * (6) Terms: what tells the windows apart (terms.c).
 * (7) Where a window says the same text more than twice on average, INCONCLUSIVE counts for
 * nothing: groups are few, and the shares of texts are what n-grams show, those of rows what
 * their features do.
 */
#include "drift/finding.h"

#include "drift/domain.h"

#include <math.h>
#include <stdlib.h>

/* ---- where units lie ----------------------------------------------------------------------- */

/* A unit that was held out, and the weight of each window below its score, equals counting half. */
struct placed { const struct unit *unit; double below[2]; };

struct heldout {
	struct placed *at;       /* by group */
	size_t n, of[2];         /* units */
	double sum[2];           /* their weights */
	bool   shared;           /* a group has units of both windows */
	double auc;
};

static int
by_score(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return (x->unit->score > y->unit->score) - (x->unit->score < y->unit->score);
}

static int
by_group(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return (x->unit > y->unit) - (x->unit < y->unit);
}

static struct heldout
place(const struct domain *d, struct arena *a)
{
	struct heldout h = { .at = arena_array(a, d->nunit + 1, sizeof *h.at) };
	double below[2] = { 0 }, above = 0;

	for (size_t i = 0; i < d->nunit; i++) {
		const struct unit *u = &d->unit[i];

		if (!u->held)
			continue;
		h.shared = h.shared || (h.n > 0 && h.at[h.n - 1].unit->group == u->group);
		h.at[h.n++].unit = u;
		h.of[u->current]++;
		h.sum[u->current] += u->weight;
	}
	qsort(h.at, h.n, sizeof *h.at, by_score);
	for (size_t i = 0, end; i < h.n; i = end) {
		double here[2] = { 0 };

		for (end = i; end < h.n && h.at[end].unit->score <= h.at[i].unit->score; end++)
			here[h.at[end].unit->current] += h.at[end].unit->weight;
		for (size_t k = i; k < end; k++)
			for (int w = 0; w < 2; w++)
				h.at[k].below[w] = below[w] + 0.5 * here[w];
		above += here[1] * (below[0] + 0.5 * here[0]);
		below[0] += here[0];
		below[1] += here[1];
	}
	qsort(h.at, h.n, sizeof *h.at, by_group);
	h.auc = h.sum[0] > 0 && h.sum[1] > 0 ? above / (h.sum[0] * h.sum[1]) : 0.5;
	return h;
}

/* ---- chance -------------------------------------------------------------------------------- */

/*
 * The standard deviation of AUC when units' windows are dealt anew.  But for a factor, AUC is a sum
 * over current units: weight times (what lies below, less half of all).  Over all units it is 0.
 */
static double
null_sd(const struct heldout *h)
{
	double all = h->sum[0] + h->sum[1], square = 0, n = (double)h->n;

	for (size_t i = 0; i < h->n; i++) {
		const struct placed *p = &h->at[i];
		double e = p->unit->weight * (p->below[0] + p->below[1] - 0.5 * all);

		square += e * e;
	}
	return sqrt(square * (double)h->of[0] * (double)h->of[1] / (n * (n - 1))) /
	    (h->sum[0] * h->sum[1]);
}

/* (4) */
static double
p_of(const struct heldout *h, double sd, struct arena *a)
{
	double *score[2], p;
	size_t n[2] = { 0 };
	struct mann_whitney mw;
	struct pooled s;

	if (h->shared)
		return sd > 0 ? normal_sf((h->auc - 0.5) / sd) : 1;
	for (int w = 0; w < 2; w++)
		score[w] = arena_array(a, h->of[w] + 1, sizeof **score);
	for (size_t i = 0; i < h->n; i++) {
		const struct unit *u = h->at[i].unit;

		score[u->current][n[u->current]++] = u->score;
	}
	s = pool_two(score[0], n[0], score[1], n[1], a);
	mw = mann_whitney(&s, a);
	if (!mw.varies)
		return 1;
	p = mw.has_exact ? mw.p_exact : mw.p;
	return mw.auc > 0.5 ? p / 2 : 1 - p / 2;
}

/* (5): each group's part in the error of AUC, squared and added; weights of more than 1. */
static double
variance(const struct heldout *h)
{
	double sum = 0, part = 0, fewer = fmin(h->sum[0], h->sum[1]);

	for (size_t i = 0; i < h->n; i++) {
		const struct placed *p = &h->at[i];

		if (i == 0 || p[-1].unit->group != p->unit->group)
			part = 0;
		part += p->unit->weight * (p->unit->current ?
		    (p->below[0] / h->sum[0] - h->auc) / h->sum[1] :
		    (1 - p->below[1] / h->sum[1] - h->auc) / h->sum[0]);
		if (i + 1 == h->n || p[1].unit->group != p->unit->group)
			sum += part * part;
	}
	/* Windows that hold the same texts leave nothing but rounding. */
	return sum > 1e-24 ? sum * fewer / (fewer - 1) : 0;
}

/* ---- the finding --------------------------------------------------------------------------- */

/* A sample has room for so many records: what only more would decide is not to be hoped for. */
static void
say_what_helps(struct finding *f, double reach, const char *what, const struct profile *r,
    const struct profile *c, struct arena *a)
{
	size_t cap = r->cap < c->cap ? r->cap : c->cap;
	long room = (long)(cap < KEPT_TEXTS_MAX ? cap : KEPT_TEXTS_MAX);
	double most = reach * both_sizes(room, room) / both_sizes(f->n_reference, f->n_current);

	if (f->verdict != DRIFT_UNSURE || (f->n_needed > 0 ? f->n_needed <= room :
	    most <= f->tolerance / 2))
		return;
	f->n_needed = 0;
	f->why = f->n_reference < room || f->n_current < room ?
	    arena_fmt(a, "more %s may decide, up to the %ld that a sample keeps", what, room) :
	    arena_fmt(a, "samples of %ld %s are too small to decide", room, what);
}

static struct finding
judge(const struct domain *d, const struct heldout *h, double tolerance, const char *what,
    const struct profile *r, const struct profile *c, struct arena *a)
{
	double fewer = fmin(h->sum[0], h->sum[1]), sd = null_sd(h), var = variance(h), half, se;
	double z = normal_quantile(0.95), power = normal_quantile(0.8);
	struct finding f = { .effect = fmax(0, h->auc - 0.5), .p = p_of(h, sd, a),
	    .tolerance = tolerance, .n_reference = (long)d->of[0], .n_current = (long)d->of[1] };

	if (!(var > 0) && (!h->shared || h->auc > 0.5))
		var = auc_variance(fmin(h->auc, 1 - 0.5 / (h->sum[0] * h->sum[1])), h->sum[0], h->sum[1]);
	se = sqrt(var);
	half = t_quantile(0.975, fewer - 1) * se;
	f.ci = (struct interval){ fmax(0, h->auc - 0.5 - half), fmin(0.5, f.effect + half) };
	f.mde = fmin(0.5, (z + power) * sd);
	finding_decide(&f, half + power * se, a);
	say_what_helps(&f, half + power * se, what, r, c, a);
	return f;
}

static struct finding
classifier(const struct profile *r, const struct profile *c, size_t feature, double tolerance,
    uint64_t seed, struct arena *a)
{
	bool rows = feature == r->nfeature;
	const char *what = rows ? "records" : "texts";
	long n = rows ? (long)r->nkept : profile_values(&r->feature[feature]);
	long m = rows ? (long)c->nkept : profile_values(&c->feature[feature]);
	struct arena scratch = { 0 };
	struct domain d;
	struct finding f;
	struct heldout h;

	if (finding_empty(n, m, tolerance, 0.5, rows ? "record in its sample" : "text", &f, a))
		return f;
	if (!rows && (!r->texts || !c->texts))
		return finding_unknown(n, m, tolerance, 0.5, "the texts were not kept: make both profiles "
		    "with --keep-text");
	domain_begin(&d, r, c, feature, seed);
	h = place(&d, &scratch);
	if (fmin(h.sum[0], h.sum[1]) >= VALUES_LEAST) {
		f = judge(&d, &h, tolerance, what, r, c, a);
		f.nterm = domain_terms(&d, &f.term, a);
	} else {
		f = finding_unknown((long)d.of[0], (long)d.of[1], tolerance, 0.5, arena_fmt(a, "the "
		    "half of the %s that is held out has too few different ones to judge by", what));
	}
	/* (7) */
	if (2 * d.nunit < d.n)
		f.spare = arena_fmt(a, "of %zu %s only %zu differ: their %s are compared", d.n, what,
		    d.nunit, rows ? "features" : "n-grams");
	domain_free(&d);
	arena_free(&scratch);
	return f;
}

const struct detector detector_classifier = {
	.name = "classifier", .help = "whether texts tell from which window they are",
	.unit = "AUC - 0.5", .version = 1, .shapes = 1u << SHAPE_TEXT, .joint = true,
	.tolerance = 0.05, .sampled = classifier,
};
