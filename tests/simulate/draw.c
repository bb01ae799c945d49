/*
 * draw.c -- pairs of a release whose truth is known.
 *
 * A pair is two correlated coins: baseline and candidate of one case pass together more often
 * than by chance (phi = 0.5, which at a rate of 0.8 is a discordance of 0.16).  A case of a
 * document takes the document's pair instead of its own with probability sqrt(0.3), so that any
 * two cases of it correlate by 0.3, in both runs and in their difference.
 */
#include "tests/simulate/simulate.h"

#include <math.h>

#define PHI 0.5
#define ICC 0.3
#define REDRAWN 0.2     /* REPEATS: cases whose difficulty is another for the candidate */
enum { PER_DOCUMENT = 10, KINDS = 4, ANSWERS = 3 };

static const double share4[] = { 0.50, 0.30, 0.15, 0.05 }, rate4[] = { 0.95, 0.85, 0.70, 0.40 };
static const double sampled4[] = { 0.35, 0.28, 0.22, 0.15 };
static const double share3[] = { 0.5, 0.3, 0.2 };

/* Probabilities of a pair: both pass, only the baseline, only the candidate. */
struct coin { double both, lost, won; };

static struct coin
coin(double base, double drop)
{
	double cand = base - drop;
	double both = base * cand + PHI * sqrt(base * (1 - base) * cand * (1 - cand));

	both = fmin(both, fmin(base, cand));
	return (struct coin){ both, base - both, cand - both };
}

static void
toss(const struct coin *c, struct stream *r, double *cand, double *base)
{
	double u = stream_unit(r);

	*base = u < c->both + c->lost;
	*cand = u < c->both || (u >= c->both + c->lost && u < c->both + c->lost + c->won);
}

static void
begin(struct pairs *p, size_t n, struct arena *a)
{
	*p = (struct pairs){ .s = { .n = n, .binary = true, .nstratum = 1 } };
	p->cand = arena_array(a, n, sizeof *p->cand);
	p->base = arena_array(a, n, sizeof *p->base);
}

/* One case after the other, from `at` on, `n` of them, all by one coin. */
static void
draw_items(struct pairs *p, size_t at, size_t n, double rate, double drop, struct stream *r)
{
	struct coin c = coin(rate, drop);

	for (size_t i = at; i < at + n; i++)
		toss(&c, r, &p->cand[i], &p->base[i]);
}

/* The same in documents, numbered on from p->s.ncluster; `uneven`: of 1 to 19 cases. */
static void
draw_documents(struct pairs *p, size_t at, size_t n, double rate, double drop, bool uneven,
    struct stream *r, struct arena *a)
{
	struct coin c = coin(rate, drop);
	long *cluster = (long *)p->s.cluster;
	size_t i = at;

	if (cluster == NULL)
		p->s.cluster = cluster = arena_array(a, p->s.n, sizeof *cluster);
	while (i < at + n) {
		size_t size = uneven ? 1 + (size_t)(stream_unit(r) * (2 * PER_DOCUMENT - 1)) : PER_DOCUMENT;
		double cand, base;

		toss(&c, r, &cand, &base);
		for (size_t k = 0; k < size && i < at + n; k++, i++) {
			toss(&c, r, &p->cand[i], &p->base[i]);
			if (stream_unit(r) < sqrt(ICC)) {
				p->cand[i] = cand;
				p->base[i] = base;
			}
			cluster[i] = (long)p->s.ncluster;
		}
		p->s.ncluster++;
	}
}

static void
draw_strata(struct pairs *p, const struct truth *t, struct stream *r, struct arena *a)
{
	int *stratum = arena_array(a, t->n, sizeof *stratum);
	size_t at = 0;

	for (int h = 0; h < KINDS; h++) {
		double drop = h == 0 ? t->drop / share4[0] : 0;
		size_t n = (size_t)lround(sampled4[h] * (double)t->n);

		n = h == KINDS - 1 ? t->n - at : t->design == STRATA ? n : n / PER_DOCUMENT * PER_DOCUMENT;
		if (t->design == STRATA)
			draw_items(p, at, n, rate4[h], drop, r);
		else
			draw_documents(p, at, n, rate4[h], drop, false, r, a);
		for (size_t i = at; i < at + n; i++)
			stratum[i] = h;
		at += n;
	}
	p->s.stratum = stratum;
	p->s.nstratum = KINDS;
	p->s.share = share4;
}

static void
draw_slices(struct pairs *p, const struct truth *t, struct stream *r, struct arena *a)
{
	int *stratum = arena_array(a, t->n, sizeof *stratum);

	for (size_t h = 0, at = 0; h < COUNT(share3); h++) {
		size_t n = h + 1 < COUNT(share3) ? t->n / COUNT(share3) : t->n - at;

		draw_items(p, at, n, t->rate, h + 1 < COUNT(share3) ? t->drop : t->drop + t->last_drop, r);
		for (size_t i = at; i < at + n; i++)
			stratum[i] = (int)h;
		at += n;
	}
	p->s.stratum = stratum;
	p->s.nstratum = COUNT(share3);
	p->s.share = share3;
}

/* A case's chance to be answered well: 0.8 on average, and mostly one or the other end, so that
 * two answers of a model to one case correlate by 0.67. */
static double
ability(struct stream *r)
{
	double u = stream_unit(r);

	return u < 0.65 ? 1 : u < 0.81 ? 0.75 : u < 0.93 ? 0.25 : 0;
}

static void
draw_repeats(struct pairs *p, const struct truth *t, struct stream *r, struct arena *a)
{
	p->each_cand = arena_array(a, t->n * ANSWERS, sizeof *p->each_cand);
	p->each_base = arena_array(a, t->n * ANSWERS, sizeof *p->each_base);
	p->s.binary = false;
	for (size_t i = 0; i < t->n; i++) {
		double before = ability(r), now = stream_unit(r) < REDRAWN ? ability(r) : before;
		double cand = 0, base = 0;

		if (stream_unit(r) < t->drop / 0.8)
			now = 0;
		for (size_t k = i * ANSWERS; k < (i + 1) * ANSWERS; k++) {
			base += p->each_base[k] = stream_unit(r) < before;
			cand += p->each_cand[k] = stream_unit(r) < now;
		}
		p->base[i] = base / ANSWERS;
		p->cand[i] = cand / ANSWERS;
	}
}

struct pairs
pairs_draw(const struct truth *t, struct stream *r, struct arena *a)
{
	struct pairs p;

	begin(&p, t->n, a);
	switch (t->design) {
	case ITEMS:
		draw_items(&p, 0, t->n, t->rate, t->drop, r);
		break;
	case CLUSTERS:
	case UNEVEN:
		draw_documents(&p, 0, t->n, t->rate, t->drop, t->design == UNEVEN, r, a);
		break;
	case STRATA:
	case STRATA_CLUSTERS:
		draw_strata(&p, t, r, a);
		break;
	case REPEATS:
		draw_repeats(&p, t, r, a);
		break;
	case SLICES:
		draw_slices(&p, t, r, a);
		break;
	}
	if (p.s.cluster == NULL)
		p.s.ncluster = t->n;
	return p;
}

struct pairs
pairs_blind(const struct pairs *p, struct stream *r, struct arena *a)
{
	bool single = p->each_cand != NULL;
	const double *cand = single ? p->each_cand : p->cand, *base = single ? p->each_base : p->base;
	struct pairs blind;

	begin(&blind, p->s.n * (single ? ANSWERS : 1), a);
	blind.s.ncluster = blind.s.n;
	for (size_t i = 0; i < blind.s.n; i++) {
		size_t j = (size_t)(stream_unit(r) * (double)(i + 1));

		blind.cand[i] = blind.cand[j];
		blind.base[i] = blind.base[j];
		blind.cand[j] = cand[i];
		blind.base[j] = base[i];
	}
	return blind;
}
