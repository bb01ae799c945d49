/*
 * compare.c -- two windows, feature by feature.
 *
 * One correction over all findings of all features, so that windows without a change are called
 * drifted in at most alpha of cases, however many features are watched.
 */
#include "drift/drift.h"

#define DRIFT_FLOOR 0.1                          /* of a detector's own tolerance */

/* ---- which tests ---- */

static const char *const shape_name[] = { "a number", "a category", "a text" };

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
alarm_early(struct finding *f)
{
	double least = DRIFT_FLOOR * f->tolerance;

	if (!f->known || f->verdict == DRIFT_YES || !(f->ci.lo > least))
		return;
	f->verdict = DRIFT_YES;
	f->tolerance = least;
	f->n_needed = 0;
	f->why = NULL;
}

/* Times rise and fall with the load of the machine: a little more or less of them is no news. */
static bool
restless(const struct feature *f)
{
	static const char *const name[] = { "latency", "first_token", "tokens_per_second" };

	for (size_t i = 0; i < COUNT(name); i++)
		if (strcmp(f->name, name[i]) == 0)
			return true;
	return false;
}

static void
add(struct comparison *d, size_t feature, const struct detector *detector, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct compared *f = &d->compared[d->n++];
	const char *name = d->reference->watched[feature].name;
	const struct feature_profile *r = &d->reference->feature[feature];
	const struct feature_profile *c = &d->current->feature[feature];
	double bearable = tolerance < 0 ? detector->tolerance : tolerance;

	f->feature = feature;
	f->detector = detector;
	/* Each test has numbers of its own, whatever else is compared. */
	seed = hash64(str_of(name), rng_key(seed, detector->name));
	f->finding = detector->sampled == NULL ? detector->test(r, c, bearable, seed, a) :
	    detector->sampled(d->reference, d->current, feature, bearable, seed, a);
	if (tolerance < 0 && !restless(d->reference->watched[feature].feature))
		alarm_early(&f->finding);
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
			add(d, feature, how->asked[i].detector, how->asked[i].tolerance, how->seed, a);
			asked = true;
		}
	if (asked)
		return;
	/* What n-grams show of records, a classifier shows of their texts. */
	if (d->reference->feature[feature].shape == SHAPE_TEXT && d->reference->texts &&
	    d->current->texts)
		add(d, feature, detector_find("classifier"), -1, how->seed, a);
	add(d, feature, detector_default(d->reference->feature[feature].shape), -1, how->seed, a);
	add(d, feature, detector_find("missing"), -1, how->seed, a);
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
		if (f->verdict == DRIFT_YES && f->p_adjusted > d->alpha)
			f->verdict = DRIFT_UNSURE;
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
	out->compared = arena_array(a, 3 * reference->nfeature + how->nasked + 1,
	    sizeof *out->compared);
	for (size_t i = 0; i < reference->nfeature; i++)
		add_feature(out, i, how, a);
	adjust(out, a);
	conclude(out, a);
	return 0;
}
