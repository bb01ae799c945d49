/*
 * halves.c -- what was chosen on some units, looked at again on others.
 */
#include "metrics/stats/stats.h"

double *
values_part(const double *x, const bool *in, bool which, size_t n, struct arena *a)
{
	double *out = x != NULL ? arena_array(a, n, sizeof *out) : NULL;
	size_t k = 0;

	for (size_t i = 0; i < n && x != NULL; i++)
		if (in[i] == which)
			out[k++] = x[i];
	return out;
}

struct sample
sample_part(const struct sample *s, const bool *in, bool which, struct arena *a)
{
	struct sample p = *s;
	int *stratum = s->stratum != NULL ? arena_array(a, s->n, sizeof *stratum) : NULL;
	long *cluster = s->cluster != NULL ? arena_array(a, s->n, sizeof *cluster) : NULL;

	p.y = values_part(s->y, in, which, s->n, a);
	p.weight = values_part(s->weight, in, which, s->n, a);
	p.stratum = stratum;
	p.cluster = cluster;
	p.n = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (in[i] != which)
			continue;
		if (stratum != NULL)
			stratum[p.n] = s->stratum[i];
		if (cluster != NULL)
			cluster[p.n] = s->cluster[i];
		p.n++;
	}
	return p;
}

struct rung
rung_part(const struct rung *r, const bool *in, bool which, size_t n, struct arena *a)
{
	return (struct rung){ values_part(r->y, in, which, n, a), values_part(r->cost, in, which, n, a),
		values_part(r->seconds, in, which, n, a) };
}

struct held
ladder_held(const struct sample *design, const struct rung *rung, size_t nrung, const bool *held,
    const struct ladder_rules *rules, struct arena *a)
{
	struct sample s[2] = { sample_part(design, held, false, a),
	    sample_part(design, held, true, a) };
	struct rung_result *first = arena_array(a, nrung, sizeof *first);
	struct held x = { .chosen = -1, .n = (long)s[1].n };
	struct rung r;

	for (size_t i = 0; i < nrung; i++) {
		r = rung_part(&rung[i], held, false, design->n, a);
		first[i] = rung_judge(&s[0], &r, rules, a);
	}
	if (s[1].n == 0 || (x.chosen = ladder_choose(first, nrung, &x.met)) < 0)
		return x;
	r = rung_part(&rung[x.chosen], held, true, design->n, a);
	x.there = first[x.chosen].acc;
	x.here = rung_judge(&s[1], &r, rules, a);
	return x;
}
