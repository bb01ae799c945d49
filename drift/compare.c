/*
 * compare.c -- two windows, feature by feature.
 *
 * One correction over all findings of all features, so that windows without a change are called
 * drifted in at most alpha of cases, however many features are watched.
 */
#include "drift/drift.h"

enum { ASKED_MOST = 10 };                        /* times as many random tables, for a small p */
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

/* Each test has numbers of its own, whatever else is compared. */
static uint64_t
seed_of(const struct comparison *d, size_t feature, const struct detector *detector, uint64_t seed)
{
	return hash64(str_of(d->reference->watched[feature].name), rng_key(seed, detector->name));
}

static struct finding
ask(const struct comparison *d, size_t feature, const struct detector *detector, double tolerance,
    uint64_t seed, struct arena *a)
{
	return detector->sampled != NULL ?
	    detector->sampled(d->reference, d->current, feature, tolerance, seed, a) :
	    detector->test(&d->reference->feature[feature], &d->current->feature[feature], tolerance,
	    seed, a);
}

static void
add(struct comparison *d, size_t feature, const struct detector *detector, double tolerance,
    uint64_t seed, struct arena *a)
{
	struct compared *f = &d->compared[d->n++];

	f->feature = feature;
	f->detector = detector;
	f->finding = ask(d, feature, detector, tolerance < 0 ? detector->tolerance : tolerance,
	    seed_of(d, feature, detector, seed), a);
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
	add(d, feature, detector_default(d->reference->feature[feature].shape), -1, how->seed, a);
	add(d, feature, detector_find("missing"), -1, how->seed, a);
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

	seed = seed_of(d, f->feature, f->detector, seed);
	for (uint64_t i = 1; i < ASKED_MOST && 1 / (1 + (double)draws) > enough; i++) {
		struct finding again = ask(d, f->feature, f->detector, f->detector->tolerance,
		    rng_next(seed, i), a);

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
	out->compared = arena_array(a, 2 * reference->nfeature + how->nasked + 1,
	    sizeof *out->compared);
	for (size_t i = 0; i < reference->nfeature; i++)
		add_feature(out, i, how, a);
	refine(out, how->seed, a);
	adjust(out, a);
	conclude(out, a);
	return 0;
}
