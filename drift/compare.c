/*
 * compare.c -- two windows, feature by feature.
 *
 * One correction over all findings of all features, so that windows without a change are called
 * drifted in at most alpha of cases, however many features are watched.
 */
#include "drift/blocks.h"

enum { ASKED_MOST = 10 };                        /* times as many random tables, for a small p */
#define DRIFT_FLOOR 0.1                          /* of a detector's own tolerance */

/* ---- which tests ---- */

static const char *const shape_name[] = { "a number", "a category", "a text",
	"a vector" };

static size_t
feature_named(const struct profile *p, const char *name)
{
	size_t i = 0;

	while (i < p->nfeature && strcmp(p->watched[i].name, name) != 0)
		i++;
	return i;
}

static int
check_asked(const struct profile *r, const struct comparing *how, struct err *e)
{
	if (!(how->alpha > 0 && how->alpha < 1))
		bug("a share of false discoveries of %g", how->alpha);
	for (size_t i = 0; i < how->nasked; i++) {
		const struct asked *q = &how->asked[i];
		size_t at = feature_named(r, q->feature);

		if (at == r->nfeature && strcmp(q->feature, JOINT_NAME) == 0) {
			if (!q->detector->joint)
				return err_set(e, "the detector '%s' does not compare '%s': mmd, energy and "
				    "classifier do", q->detector->name, JOINT_NAME);
			continue;
		}
		if (at == r->nfeature)
			return err_set(e, "the profiles have no feature '%s': name one that they have",
			    q->feature);
		if ((q->detector->shapes >> r->feature[at].shape & 1) == 0)
			return err_set(e, "the detector '%s' does not compare '%s', which is %s: see "
			    "driftlead-detectors(7)", q->detector->name, q->feature,
			    shape_name[r->feature[at].shape]);
	}
	return 0;
}

/* ---- findings ---- */

/*
 * A tolerance that nobody chose is only good for the all-clear: a difference is called drift where
 * it is shown to be more than a tenth of it.  So little is of no interest at any size.
 */
static void
alarm_early(struct finding *f, const struct detector *detector, double alpha)
{
	double least = detector->alarm > 0 ? detector->alarm : DRIFT_FLOOR * f->tolerance;

	if (!f->known || f->verdict == DRIFT_YES || f->p > alpha ||
	    !((detector->by_p ? f->effect : f->ci.lo) > least))
		return;
	f->verdict = DRIFT_YES;
	f->tolerance = least;
	f->n_needed = 0;
	f->why = f->fact;
}

const char *
compared_name(const struct comparison *d, const struct compared *f)
{
	return f->feature == d->reference->nfeature ? JOINT_NAME :
	    d->reference->watched[f->feature].name;
}

size_t
compared_changes(const struct comparison *d, const struct compared *f,
                 struct category_change **out, struct arena *a)
{
	size_t n = f->finding.nterm;

	if (n == 0 && f->feature == d->reference->nfeature)
		return 0;
	if (n == 0 && f->detector->names)
		return 0;
	if (n == 0) {
		n = profile_changes(&d->reference->feature[f->feature],
		    &d->current->feature[f->feature], out, a);
		return n < DRIFT_CHANGES ? n : DRIFT_CHANGES;
	}
	*out = arena_array(a, n, sizeof **out);
	for (size_t i = 0; i < n; i++)
		(*out)[i] = (struct category_change){ .category = f->finding.term[i].text,
			.was = f->finding.term[i].was, .is = f->finding.term[i].is };
	return n;
}

/* Each test has numbers of its own, whatever else is compared. */
static uint64_t
seed_of(const struct comparison *d, const struct compared *f, uint64_t seed)
{
	return hash64(str_of(compared_name(d, f)), rng_key(seed, f->detector->name));
}

static struct finding
ask(const struct comparison *d, const struct compared *f, double tolerance, uint64_t seed,
    struct arena *a)
{
	return f->detector->sampled != NULL ?
	    f->detector->sampled(d->reference, d->current, f->feature, tolerance, seed, a) :
	    f->detector->test(&d->reference->feature[f->feature], &d->current->feature[f->feature],
	    tolerance, seed, a);
}

static void
add(struct comparison *d, size_t feature, const struct detector *detector, double tolerance,
    const struct comparing *how, struct arena *a)
{
	struct compared *f = &d->compared[d->n++];

	f->feature = feature;
	f->detector = detector;
	f->finding = ask(d, f, tolerance < 0 ? detector->tolerance : tolerance,
	    seed_of(d, f, how->seed), a);
	if (how->block_ms > 0) {
		finding_by_blocks(&f->finding, d->reference, d->current, feature, detector,
		    how->block_ms, how->alpha, seed_of(d, f, how->seed), a);
		f->finding.draws = 0;
	}
	if (tolerance < 0 && (feature == d->reference->nfeature ||
	    !feature_restless(d->reference->watched[feature].feature)))
		alarm_early(&f->finding, detector, how->alpha);
	f->counts = f->finding.known || f->finding.n_reference > 0 || f->finding.n_current > 0;
	f->p_adjusted = 1;
}

static void
add_feature(struct comparison *d, size_t feature, const struct comparing *how, struct arena *a)
{
	const char *name = d->reference->watched[feature].name;
	bool asked = false;

	for (size_t i = 0; i < how->nasked; i++)
		if (strcmp(how->asked[i].feature, name) == 0) {
			add(d, feature, how->asked[i].detector, how->asked[i].tolerance, how, a);
			asked = true;
		}
	if (asked)
		return;
	/* What n-grams show of records, a classifier shows of their texts. */
	if (d->reference->feature[feature].shape == SHAPE_TEXT && d->reference->texts &&
	    d->current->texts)
		add(d, feature, detector_find("classifier"), -1, how, a);
	add(d, feature, detector_default(d->reference->feature[feature].shape), -1, how, a);
	/* A few records of one new kind are lost among many categories. */
	if (d->reference->feature[feature].shape == SHAPE_CATEGORY)
		add(d, feature, detector_find("linf"), -1, how, a);
	add(d, feature, detector_find("missing"), -1, how, a);
}

/* Before the features: whether the windows are alike comes first, what changed after it. */
static void
add_all(struct comparison *d, const struct comparing *how, struct arena *a)
{
	const struct profile *r = d->reference;
	size_t before = d->n, joinable = 0;

	for (size_t i = 0; i < how->nasked; i++)
		if (feature_named(r, how->asked[i].feature) == r->nfeature)
			add(d, r->nfeature, how->asked[i].detector, how->asked[i].tolerance, how, a);
	for (size_t i = 0; i < r->nfeature; i++)
		joinable += rows_joinable(r->watched[i].feature);
	if (d->n == before && joinable >= 2 && r->cap > 0 && d->current->cap > 0)
		add(d, r->nfeature, detector_find("mmd"), -1, how, a);
	d->joint = d->n > before;
}

/* ---- p-values ---- */

static bool
at_least(const struct finding *f)
{
	return f->draws > 0 && f->p * (1 + (double)f->draws) < 1.5;
}

/*
 * Of so many random tables none came as far, and still they are too few to say so after the
 * correction: more are dealt, until they are enough or one comes as far.  Then p stays what it was,
 * so that it is below each bound only if no table at all came as far.
 */
static void
draw_more(struct comparison *d, struct compared *f, double enough, uint64_t seed, struct arena *a)
{
	long draws = f->finding.draws;

	seed = seed_of(d, f, seed);
	for (uint64_t i = 1; i < ASKED_MOST && 1 / (1 + (double)draws) > enough; i++) {
		struct finding again = ask(d, f, f->detector->tolerance, rng_next(seed, i), a);

		if (!at_least(&again))
			return;
		draws += again.draws;
	}
	f->finding.draws = draws;
	f->finding.p = 1 / (1 + (double)draws);
}

static void
refine(struct comparison *d, uint64_t seed, struct arena *a)
{
	size_t known = 0;

	for (size_t i = 0; i < d->n; i++)
		known += d->compared[i].finding.known;
	for (size_t i = 0; i < d->n; i++)
		if (d->compared[i].finding.verdict == DRIFT_YES && at_least(&d->compared[i].finding))
			draw_more(d, &d->compared[i], d->alpha / (double)known, seed, a);
}

static void
pass_over(struct compared *f)
{
	f->counts = f->finding.known = false;
	f->finding.n_reference = f->finding.n_current = f->finding.n_needed = 0;
	f->finding.why = f->finding.spare;
}

static void
adjust(struct comparison *d, struct arena *a)
{
	double *p = arena_array(a, d->n + 1, sizeof *p);
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->compared[i].finding.known)
			p[n++] = d->compared[i].finding.p;
	adjust_bh(p, n);
	n = 0;
	for (size_t i = 0; i < d->n; i++) {
		struct compared *f = &d->compared[i];

		f->verdict = f->finding.verdict;
		if (f->finding.known)
			f->p_adjusted = p[n++];
		if (f->verdict == DRIFT_YES && f->p_adjusted > d->alpha) {
			f->verdict = DRIFT_UNSURE;
			if (at_least(&f->finding))
				f->finding.why = "no random table came as far, and alpha asks for more of them";
		}
		if (f->verdict == DRIFT_UNSURE && f->finding.spare != NULL)
			pass_over(f);
	}
}

/* ---- verdicts ---- */

static enum drift_verdict
worse(enum drift_verdict a, enum drift_verdict b)
{
	if (a == DRIFT_YES || b == DRIFT_YES)
		return DRIFT_YES;
	return a == DRIFT_UNSURE || b == DRIFT_UNSURE ? DRIFT_UNSURE : DRIFT_NO;
}

static void
conclude(struct comparison *d, struct arena *a)
{
	size_t nfeature = d->reference->nfeature;
	bool *said = arena_array(a, nfeature + 1, sizeof *said);

	d->feature = arena_array(a, nfeature + 1, sizeof *d->feature);
	for (size_t i = 0; i < d->n; i++) {
		const struct compared *f = &d->compared[i];

		if (!f->counts)
			continue;
		d->feature[f->feature] = worse(d->feature[f->feature], f->verdict);
		said[f->feature] = true;
	}
	for (size_t i = 0; i < nfeature; i++) {
		if (!said[i])
			d->feature[i] = DRIFT_UNSURE;
		d->verdict = worse(d->verdict, d->feature[i]);
		d->drifted += d->feature[i] == DRIFT_YES;
		d->unsure += d->feature[i] == DRIFT_UNSURE;
	}
	if (nfeature == 0)
		d->verdict = DRIFT_UNSURE;
	if (!d->joint || !said[nfeature])
		return;
	d->verdict = worse(d->verdict, d->feature[nfeature]);
	for (size_t i = 0; i < d->n && d->drifted == 0; i++)
		if (d->compared[i].feature == nfeature && d->compared[i].verdict == DRIFT_YES)
			d->compared[i].finding.why = "the features changed together, none by itself";
}

int
profiles_compare(const struct profile *reference, const struct profile *current,
                 const struct comparing *how, struct comparison *out, struct arena *a,
                 struct err *e)
{
	*out = (struct comparison){ .reference = reference, .current = current, .alpha = how->alpha,
	    .verdict = DRIFT_NO };
	if (profile_alike(reference, current, e) != 0 || check_asked(reference, how, e) != 0)
		return -1;
	out->compared = arena_array(a, 3 * reference->nfeature + how->nasked + 2,
	    sizeof *out->compared);
	add_all(out, how, a);
	for (size_t i = 0; i < reference->nfeature; i++)
		add_feature(out, i, how, a);
	refine(out, how->seed, a);
	adjust(out, a);
	conclude(out, a);
	return 0;
}
