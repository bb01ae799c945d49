/*
 * performance.c -- the accuracy of a window, with labels or without, against a reference's.
 *
 * What is judged is the change expected by the confidences.  It assumes that an answer of a given
 * confidence is right as often as in the reference; outcomes in the window test that, and where
 * they contradict, or the window lies beyond the reference's confidences, or all of it has an
 * outcome, the change corrected by the outcomes is judged instead, which assumes nothing of the
 * kind.
 */
#include "drift/drift.h"

#include <math.h>

enum { EACH_LEAST = 10 };        /* right and wrong answers in the reference, current records */
#define LEVEL 0.95
#define POWER 0.80

static enum verdict
ruling(struct interval change, double margin)
{
	return change.hi < -margin ? FAIL : change.lo > -margin ? PASS : INCONCLUSIVE;
}

/*
 * Records with which a change that lies half a margin off would be decided: the standard error must
 * then be that by the sum of the two quantiles.  The current window is asked first; where the
 * reference alone is too coarse, it.
 */
static void
set_sizes(struct performance *p, long nreference)
{
	double z = normal_quantile(0.5 + LEVEL / 2) + normal_quantile(POWER);
	double need = p->margin / 2 / z, var = need * need, n;

	p->mde = z * p->basis->change_se;
	if (p->verdict != INCONCLUSIVE || !(var > 0))
		return;
	if (p->basis->var_reference < var) {
		n = (double)p->basis->n * p->basis->var_current / (var - p->basis->var_reference);
		p->n_needed = n < 1e15 ? (long)ceil(n) : 0;
	} else {
		n = (double)nreference * p->basis->var_reference / (var / 2);
		p->n_reference_needed = n < 1e15 ? (long)ceil(n) : 0;
	}
}

static bool
shifted(const struct performance *p)
{
	return p->calibration.n > 0 && p->calibration.p <= SHIFT_ALPHA;
}

/* By what the change is judged; NULL and why not. */
static void
choose_basis(struct performance *p)
{
	bool far = p->by_confidence.outside > OUTSIDE_MOST;
	bool graded = p->by_outcomes.known && p->by_outcomes.n == p->by_confidence.n;

	if (!shifted(p) && !far && !graded)
		p->basis = &p->by_confidence;
	else if (p->by_outcomes.known)
		p->basis = &p->by_outcomes;
	else if (shifted(p))
		p->why = "confidence no longer means what it meant in the reference, and there are too "
		    "few outcomes to say more";
	else
		p->why = "too many records have a confidence as the reference hardly has any";
}

static void
explain(struct performance *p)
{
	static const char *const by_confidence[] = {
		"a loss of the margin is ruled out",
		"a loss beyond the margin is shown",
		"the interval holds the margin"
	};
	static const char *const by_outcomes[] = {
		"by the outcomes, a loss of the margin is ruled out",
		"by the outcomes, a loss beyond the margin is shown",
		"by the outcomes, the interval holds the margin"
	};

	p->why = (p->basis == &p->by_outcomes ? by_outcomes : by_confidence)[p->verdict];
}

/* A changed mix of classes is another way to carry the reference over: a PASS must hold by it. */
static bool
doubted(const struct performance *p)
{
	return p->verdict == PASS && p->basis == &p->by_confidence && p->labels.identified &&
	    p->labels.p <= SHIFT_ALPHA && ruling(p->labels.change_ci, p->margin) == FAIL;
}

static void
judge(struct performance *p)
{
	p->verdict = INCONCLUSIVE;
	if (p->map.right < EACH_LEAST || p->map.n - p->map.right < EACH_LEAST) {
		p->why = "the reference has fewer than 10 right or fewer than 10 wrong answers";
		return;
	}
	if (p->by_confidence.n < EACH_LEAST) {
		p->why = "the current window has fewer than 10 records with a confidence";
		return;
	}
	if (p->map.nnode == 1) {
		p->why = "the reference has a single confidence, which tells no answer from another";
		return;
	}
	choose_basis(p);
	if (p->basis == NULL)
		return;
	p->verdict = ruling(p->basis->change_ci, p->margin);
	explain(p);
	if (doubted(p)) {
		p->verdict = INCONCLUSIVE;
		p->why = "by the confidences nothing is lost, by the changed mix of classes more than the "
		    "margin";
	}
	set_sizes(p, p->map.n);
}

struct performance *
performance_judge(const struct outcomes *reference, const struct outcomes *current, double margin,
    uint64_t seed, struct arena *a)
{
	struct performance *p = arena_alloc(a, sizeof *p);
	struct confusion c = reference->confusion;

	*p = (struct performance){ .margin = margin, .map = calibrator_fit(&reference->forecasts, a) };
	p->stated[0] = forecast_quality(&reference->forecasts, LEVEL);
	p->stated[1] = forecast_quality(&current->forecasts, LEVEL);
	p->reference = (double)reference->right / (double)reference->known;
	p->by_confidence = expected_accuracy(&p->map, &reference->forecasts, &current->forecasts,
	    LEVEL, a);
	p->by_outcomes = expected_with_outcomes(&p->map, &reference->forecasts, &current->forecasts,
	    LEVEL, a);
	p->calibration = calibration_shift(&p->map, &current->forecasts, a);
	c.current = current->confusion.current;
	c.current_other = current->confusion.current_other;
	if (!reference->crowded)
		p->labels = label_shift(&c, LEVEL, seed, a);
	judge(p);
	return p;
}
