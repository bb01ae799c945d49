/*
 * oracle_changepoint.c -- where a series changes: E-divisive's candidate, Otava's points.
 */
#include "tests/oracle/oracle.h"

static void
ediv(struct check *c)
{
	size_t n;
	const double *x = in_reals(c, "series", &n);
	struct ediv d = ediv_candidate(x, n, &c->arena);

	want_if(c, "tau", d.known, (double)d.tau);
	want_if(c, "kappa", d.known, (double)d.kappa);
	want_if(c, "qhat", d.known, d.q);
}

/* One point; a member that nobody compares counts as not compared. */
static void
point(struct check *c, const json_t *expected, const struct otava_point *got)
{
	const struct { const char *key; double value; } member[] = { { "index", (double)got->index },
		{ "p", got->p }, { "mean_before", got->before }, { "mean_after", got->after } };
	size_t known = 0;

	for (size_t i = 0; i < COUNT(member); i++) {
		const json_t *v = json_object_get(expected, member[i].key);

		if (v != NULL)
			compare(c, member[i].key, v, member[i].value, 0);
		known += v != NULL;
	}
	c->unchecked += (long)(json_object_size(expected) - known);
}

static void
otava(struct check *c)
{
	size_t n;
	const double *x = in_reals(c, "series", &n);
	struct otava o = otava_points(x, n, (size_t)in_long(c, "window_len"),
	    in_real(c, "max_pvalue"), in_real(c, "min_magnitude"), &c->arena);
	const json_t *points = take(c, "change_points");
	double *index = arena_array(&c->arena, o.n + 1, sizeof *index);

	if (points != NULL && json_array_size(points) != o.n)
		fail(c, "change_points", "the number of points differs");
	for (size_t i = 0; i < o.n && i < json_array_size(points); i++)
		point(c, json_array_get(points, i), &o.point[i]);
	/* The golden program merges its list of weak points in place: what is left is the answer. */
	for (size_t i = 0; i < o.n; i++)
		index[i] = (double)o.point[i].index;
	want_reals(c, "weak_indices", index, o.n, 0);
}

void
oracle_changepoint(struct check *c)
{
	const char *kind = in_text(c, "kind");

	if (kind != NULL && strcmp(kind, "ediv_candidate") == 0)
		ediv(c);
	else if (kind != NULL && strcmp(kind, "otava") == 0)
		otava(c);
}
