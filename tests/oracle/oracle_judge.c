/*
 * oracle_judge.c -- means corrected by labels, strengths from comparisons, raked weights.
 */
#include "tests/oracle/oracle.h"

#include <math.h>

/* ---- members that are objects ---- */

struct part { const char *key; double value; };

static void
want_member(struct check *c, const char *key, const json_t *expected, double got)
{
	if (json_is_null(expected))
		fail(c, key, "got a value where none is expected");
	else
		compare(c, key, expected, got, 0);
}

/* Compares the parts of the member `key`, and its interval; whatever else is in it is counted as
 * not compared. */
static void
want_parts(struct check *c, const char *key, const struct part *part, size_t n,
    struct interval ci)
{
	json_t *v = take(c, key);
	size_t known = 0;

	if (v == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		json_t *e = json_object_get(v, part[i].key);

		if (e == NULL)
			continue;
		known++;
		want_member(c, part[i].key, e, part[i].value);
	}
	if (json_object_get(v, "ci95") != NULL) {
		json_t *e = json_object_get(v, "ci95");

		known++;
		want_member(c, "ci95", json_array_get(e, 0), ci.lo);
		want_member(c, "ci95", json_array_get(e, 1), ci.hi);
	}
	c->unchecked += (long)(json_object_size(v) - known);
}

static void
want_ppi(struct check *c, const char *key, const struct ppi *p)
{
	const struct part part[] = {
		{ "lam", p->lambda }, { "estimate", p->at }, { "se", p->se }
	};
	struct interval ci = { p->at, p->at };

	/* The published formula has an interval of zero width where nothing varies. */
	if (p->has_se)
		ci = ppi_interval(p, 0.95);
	want_parts(c, key, part, COUNT(part), ci);
}

void
oracle_ppi(struct check *c)
{
	size_t njudge;
	struct labelled j = { 0 };
	struct ppi plain, full, half, plus;
	struct rogan_gladen r;
	double first;
	bool constant = true;

	j.y = in_reals(c, "Y", &j.n);
	j.judge = in_reals(c, "Yhat", &njudge);
	j.more = in_reals(c, "Yhat_unlabeled", &j.nmore);
	plain = ppi_mean(&j, 0, PPI_LARGE_SAMPLE);
	full = ppi_mean(&j, 1, PPI_LARGE_SAMPLE);
	half = ppi_mean(&j, 0.5, PPI_LARGE_SAMPLE);
	plus = ppi_plus(&j, PPI_LARGE_SAMPLE);
	want_ppi(c, "classical", &plain);
	want_ppi(c, "ppi", &full);
	want_ppi(c, "ppi_half", &half);
	want_ppi(c, "ppi_pp", &plus);
	r = rogan_gladen(&j);
	if (wanted(c, "rogan_gladen")) {
		const struct part part[] = {
			{ "sensitivity", r.sensitivity }, { "specificity", r.specificity },
			{ "estimate_unclipped", r.at }, { "se_delta", r.se }
		};

		if (!r.known || r.refused)
			fail(c, "rogan_gladen", "got nothing where a value is expected");
		want_parts(c, "rogan_gladen", part, COUNT(part), (struct interval){ 0, 0 });
	}
	first = njudge > 0 ? j.judge[0] : 0;
	for (size_t i = 0; i < njudge; i++)
		constant = constant && j.judge[i] == first;
	for (size_t i = 0; i < j.nmore; i++)
		constant = constant && j.more[i] == first;
	want(c, "lam_optimal_convention", constant);
}

/* ---- strengths ---- */

void
oracle_bradley_terry(struct check *c)
{
	json_t *rows = json_object_get(c->case_, "wins");
	size_t k = json_array_size(rows);
	double *wins = arena_array(&c->arena, k * k, sizeof *wins);
	double *at = arena_array(&c->arena, k, sizeof *at), *se = arena_array(&c->arena, k, sizeof *se);
	struct bradley_terry b;
	struct contrast d;

	for (size_t i = 0; i < k * k; i++)
		wins[i] = json_number_value(json_array_get(json_array_get(rows, i / k), i % k));
	b = bradley_terry(wins, k, &c->arena);
	if (!b.known || b.regularised) {
		fail(c, "wins", "the maximum is not finite");
		return;
	}
	for (size_t i = 0; i < k; i++) {
		d = strength_difference(&b, i, 0);
		at[i] = d.at;
		se[i] = d.se;
	}
	want_reals(c, "theta_ref0", at, k, 1e-10);
	want_reals(c, "se_ref0", se, k, 1e-10);
	for (size_t i = 0; i < k; i++) {
		at[i] = strength(&b, i).at;
		se[i] = strength(&b, i).se;
	}
	want_reals(c, "theta_sumzero", at, k, 1e-10);
	want_reals(c, "se_sumzero", se, k, 1e-10);
	for (size_t i = 0; i < k; i++) {
		at[i] = elo(strength(&b, i)).at;
		se[i] = elo(strength(&b, i)).se;
	}
	want_reals(c, "elo_mean1000", at, k, 1e-10);
	want_reals(c, "elo_se", se, k, 1e-10);
	d = strength_difference(&b, 0, 1);
	want_near(c, "p_0_beats_1", beats(d.at), 1e-10);
	want_interval(c, "p_0_beats_1_ci95", beats_interval(d, 0.95), 1e-10);
}

/* ---- raking ---- */

/* The margins are the inputs "margins_X", each with labels by unit in "X", in that order. */
static size_t
read_margins(struct check *c, struct margin *margin, size_t most)
{
	const char *key;
	json_t *totals;
	size_t n = 0;

	json_object_foreach(c->case_, key, totals) {
		size_t nlabel, units = 0;
		const char **label;
		const char *name = key + strlen("margins_");
		double *total;
		long *id;
		int *cell;

		if (strncmp(key, "margins_", strlen("margins_")) != 0 || n == most)
			continue;
		id = in_labels(c, name, &nlabel, &label);
		units = json_array_size(json_object_get(c->case_, name));
		total = arena_array(&c->arena, nlabel, sizeof *total);
		cell = arena_array(&c->arena, units, sizeof *cell);
		for (size_t h = 0; h < nlabel; h++)
			total[h] = json_number_value(json_object_get(totals, label[h]));
		for (size_t i = 0; i < units; i++)
			cell[i] = (int)id[i];
		margin[n++] = (struct margin){ cell, total, nlabel };
	}
	return n;
}

void
oracle_raking(struct check *c)
{
	struct margin margin[8];
	size_t n, nmargin = read_margins(c, margin, COUNT(margin));
	double *y = in_reals(c, "y", &n), tol = c->tol;
	struct raking r = rake(margin, nmargin, n, false, &c->arena);
	struct contrast m = raked_mean(&r, y, margin, nmargin, n, &c->arena);

	if (!r.known || !r.converged) {
		fail(c, "weights", "the margins were not met");
		return;
	}
	want(c, "mean", m.at);
	want_reals(c, "weights", r.weight, n, 0);
	want(c, "kish_neff", r.n_eff);
	/* R stops its own iteration earlier. */
	c->tol = fmax(tol, 1e-6);
	want(c, "se_survey", m.se);
	c->tol = tol;
}
