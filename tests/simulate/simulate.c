/*
 * simulate.c -- how often the gates err, and that it is not more often than they say.
 *
 *	simulate [--quick] [--times N] [NAME...]
 *
 * Each experiment is a design of pairs, the gates put to it, and truths: losses of a known size.
 * A line of the table is one method's verdicts on N releases that were drawn anew, in percent,
 * with the standard error of the simulation and the cases that were used on average.  A wrong
 * verdict must not come more often than alpha, three standard errors allowed; else the line says
 * so and the exit status is 1.  A line that is 4 standard errors from what an independent program
 * found says so, too.  --quick leaves out the large sizes, and what is no claim.
 */
#include "tests/simulate/simulate.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK = 25, SIZES = 5, TRUTHS = 5, TIMES = 5000, TIMES_QUICK = 1000 };
#define ALPHA  0.05
#define MARGIN 0.02
#define SEED   20261124

/* Releases with each verdict, and cases used: whole numbers, so that sums have no order. */
struct tally { uint64_t of[4], used, used2; };

/* ---- what is tried ------------------------------------------------------------------------ */

/* wrong_pass, wrong_fail: that verdict is an error under this truth. */
struct loss { double drop, last_drop; bool wrong_pass, wrong_fail; };

struct experiment {
	const char        *name, *title;
	struct truth       truth;
	const struct gate *gate;
	size_t             ngate;
	unsigned           methods;
	long               n[SIZES];
	struct loss        loss[TRUTHS];
	size_t             nloss;
	double             blind_least;    /* errors of who is blind to the design, at n = 1000 */
};

#define GATE(r, m, v, where) { .name = "g", .rule = (r), .paired = (r) == RULE_NO_WORSE || \
	(r) == RULE_BETTER || (r) == RULE_EQUIVALENT, .margin = (m), .value = (v), .slice = (where), \
	.alpha = ALPHA, .power = 0.8 }

static const struct gate no_worse[] = { GATE(RULE_NO_WORSE, MARGIN, 0, -1) };
static const struct gate better[] = { GATE(RULE_BETTER, 0, 0, -1) };
static const struct gate equivalent[] = { GATE(RULE_EQUIVALENT, MARGIN, 0, -1) };
static const struct gate guardrail[] = { GATE(RULE_GUARDRAIL, 0, 0.02, -1) };
static const struct gate at_least[] = { GATE(RULE_AT_LEAST, 0, 0.8, -1) };
static const struct gate at_least_whole[] = { GATE(RULE_AT_LEAST, 0, 0.855, -1) };
static const struct gate at_least_high[] = { GATE(RULE_AT_LEAST, 0, 0.95, -1) };
static const struct gate whole_and_slices[] = {
	GATE(RULE_NO_WORSE, MARGIN, 0, -1), GATE(RULE_NO_WORSE, 0.05, 0, 0),
	GATE(RULE_NO_WORSE, 0.05, 0, 1), GATE(RULE_NO_WORSE, 0.05, 0, 2),
};

#define ONE(g)      (g), 1
#define OURS        (1u << FIXED | 1u << SEQUENTIAL)
#define BLINDNESS   (1u << BLIND | 1u << BLIND_SEQUENTIAL)
#define NAIVE       (1u << ANY_DROP | 1u << DISJOINT | 1u << SIGNIFICANT | 1u << PEEKING)
#define EVERY_SIZE  { 200, 500, 1000, 2500, 5000 }
#define LOSSES      { { 0, 0, false, true }, { 0.01, 0, false, false }, \
                      { MARGIN, 0, true, false }, { 0.05, 0, true, false } }, 4
#define BOUNDARY    { { 0, 0, true, true } }, 1

static const struct experiment experiment[] = {
	{ "items", "independent cases, rate 80 %, discordance 16 %; no-worse by 2 points",
	  { ITEMS, 0, 0.8, 0, 0 }, ONE(no_worse), OURS | NAIVE, EVERY_SIZE, LOSSES, 0 },
	{ "clusters", "documents of 10 cases, intraclass correlation 0.3; no-worse by 2 points",
	  { CLUSTERS, 0, 0.8, 0, 0 }, ONE(no_worse), OURS | BLINDNESS, EVERY_SIZE, LOSSES, 0.10 },
	{ "uneven", "documents of 1 to 19 cases, intraclass correlation 0.3; no-worse by 2 points",
	  { UNEVEN, 0, 0.8, 0, 0 }, ONE(no_worse), OURS | BLINDNESS, EVERY_SIZE, LOSSES, 0.10 },
	{ "strata", "four slices weighted to production, the loss in the first; no-worse by 2 points",
	  { STRATA, 0, 0, 0, 0 }, ONE(no_worse), OURS | BLINDNESS, EVERY_SIZE, LOSSES, 0 },
	{ "both", "the same slices in documents of 10; no-worse by 2 points",
	  { STRATA_CLUSTERS, 0, 0, 0, 0 }, ONE(no_worse), OURS | BLINDNESS,
	  { 500, 1000, 2500, 5000 }, LOSSES, 0.10 },
	{ "repeats", "three answers to a case, of one model correlated by 0.67; no-worse by 2 points",
	  { REPEATS, 0, 0, 0, 0 }, ONE(no_worse), OURS | BLINDNESS, EVERY_SIZE, LOSSES, 0.07 },
	{ "better", "independent cases without a change; better",
	  { ITEMS, 0, 0.8, 0, 0 }, ONE(better), OURS, EVERY_SIZE, BOUNDARY, 0 },
	{ "equivalent", "independent cases; equivalent within 2 points",
	  { ITEMS, 0, 0.8, 0, 0 }, ONE(equivalent), OURS, EVERY_SIZE,
	  { { -MARGIN, 0, true, false }, { 0, 0, false, true }, { MARGIN, 0, true, false } }, 3, 0 },
	{ "guardrail", "2 % of answers fail; guardrail at 2 %",
	  { ITEMS, 0, 0.98, 0, 0 }, ONE(guardrail), OURS, EVERY_SIZE, BOUNDARY, 0 },
	{ "at-least", "80 % of answers are right; at least 80 %",
	  { ITEMS, 0, 0.8, 0, 0 }, ONE(at_least), OURS, EVERY_SIZE, BOUNDARY, 0 },
	{ "at-least-high", "95 % of answers are right; at least 95 %",
	  { ITEMS, 0, 0.95, 0, 0 }, ONE(at_least_high), OURS, EVERY_SIZE, BOUNDARY, 0 },
	{ "at-least-strata", "four slices weighted to production, 85.5 % right; at least 85.5 %",
	  { STRATA, 0, 0, 0, 0 }, ONE(at_least_whole), OURS, EVERY_SIZE, BOUNDARY, 0 },
	{ "at-least-documents", "documents of 10 cases, 80 % right; at least 80 %",
	  { CLUSTERS, 0, 0.8, 0, 0 }, ONE(at_least), OURS, EVERY_SIZE, BOUNDARY, 0 },
	{ "at-least-both", "the same slices in documents of 10; at least 85.5 %",
	  { STRATA_CLUSTERS, 0, 0, 0, 0 }, ONE(at_least_whole), OURS,
	  { 500, 1000, 2500, 5000 }, BOUNDARY, 0 },
	{ "release", "three slices; the whole no worse by 2 points, each slice by 5, FAIL after Holm",
	  { SLICES, 0, 0.8, 0, 0 }, whole_and_slices, COUNT(whole_and_slices), OURS,
	  { 500, 1000, 2500, 5000 },
	  { { 0, 0, false, true }, { 0, 0.05, true, false }, { 0, 0.10, true, false } }, 3, 0 },
};

static const char *const method_name[NMETHOD] = {
	[FIXED] = "all cases", [SEQUENTIAL] = "sequential", [BLIND] = "blind to the design",
	[BLIND_SEQUENTIAL] = "blind, sequential", [ANY_DROP] = "any drop fails",
	[DISJOINT] = "disjoint intervals", [SIGNIFICANT] = "unless significant",
	[PEEKING] = "alpha at each look",
};

/* ---- replications ------------------------------------------------------------------------- */

struct cell {
	const struct experiment *x;
	struct truth  truth;
	unsigned      methods;
	uint64_t      key;
	size_t        times;
	struct tally *tally;        /* by block, then method */
};

static struct said
judge(const struct cell *c, enum method m, const struct pairs *p, const struct pairs *blind,
    struct arena *a)
{
	switch (m) {
	case FIXED:
	case SEQUENTIAL:
		return judge_release(p, c->x->gate, c->x->ngate, m == SEQUENTIAL, a);
	case BLIND:
	case BLIND_SEQUENTIAL:
		return judge_release(blind, c->x->gate, c->x->ngate, m == BLIND_SEQUENTIAL, a);
	case ANY_DROP:
		return naive_any_drop(p);
	case DISJOINT:
		return naive_disjoint(p);
	case SIGNIFICANT:
		return naive_significant(p, c->x->gate);
	case PEEKING:
		return naive_peeking(p, c->x->gate);
	case NMETHOD:
		break;
	}
	bug("no method %d", (int)m);
}

static void
run_block(size_t block, struct arena *scratch, void *ctx)
{
	const struct cell *c = ctx;
	struct tally *t = &c->tally[block * NMETHOD];

	for (size_t i = block * BLOCK; i < (block + 1) * BLOCK && i < c->times; i++) {
		struct stream r = { rng_next(c->key, i), 0 };
		struct pairs p = pairs_draw(&c->truth, &r, scratch), blind = { 0 };

		if (c->methods & BLINDNESS)
			blind = pairs_blind(&p, &r, scratch);
		for (int m = 0; m < NMETHOD; m++) {
			struct said o;

			if (!(c->methods & 1u << m))
				continue;
			o = judge(c, (enum method)m, &p, &blind, scratch);
			t[m].of[o.verdict]++;
			t[m].used += (uint64_t)o.used;
			t[m].used2 += (uint64_t)o.used * (uint64_t)o.used;
		}
		arena_reset(scratch);
	}
}

/* The sums over all blocks, one tally for each method. */
static void
run_cell(struct cell *c, struct tally *sum)
{
	size_t blocks = (c->times + BLOCK - 1) / BLOCK;

	c->tally = mem_alloc(blocks * NMETHOD, sizeof *c->tally);
	par_for(blocks, run_block, c);
	memset(sum, 0, NMETHOD * sizeof *sum);
	for (size_t i = 0; i < blocks * NMETHOD; i++) {
		struct tally *s = &sum[i % NMETHOD];

		for (size_t v = 0; v < COUNT(s->of); v++)
			s->of[v] += c->tally[i].of[v];
		s->used += c->tally[i].used;
		s->used2 += c->tally[i].used2;
	}
	mem_free(c->tally);
}

static struct cell
cell_of(const struct experiment *x, long n, const struct loss *l, size_t times)
{
	struct cell c = { .x = x, .truth = x->truth, .methods = x->methods, .times = times,
		.key = rng_key(SEED, x->name) };

	c.truth.n = (size_t)n;
	c.truth.drop = l->drop;
	c.truth.last_drop = l->last_drop;
	c.key = rng_next(c.key, (uint64_t)n * 1000 + (uint64_t)lround(500 + 1000 * l->drop +
	    100 * l->last_drop));
	if (n > 1000)                                   /* what is wrong there is wrong here */
		c.methods &= ~(1u << BLIND_SEQUENTIAL);
	return c;
}

/* ---- the table ---------------------------------------------------------------------------- */

struct count { long claims, broken, compared, far; };

/* Standard error of a share p of `times`. */
static double
error_of(double p, double times)
{
	return sqrt(p * (1 - p) / times);
}

/* A published percentage is known to half of its last digit. */
static bool
is_far(double ours, double theirs, double times, double their_times)
{
	double p = theirs / 100, half = theirs >= 10 ? 0.5 : 0.05;
	double mean = (ours * times + p * their_times) / (times + their_times);

	return fabs(ours - p) > half / 100 + 4 * hypot(error_of(mean, times),
	    error_of(mean, their_times));
}

static void
print_published(const struct cell *c, enum method m, const double rate[4], double used, double sd,
    struct count *count)
{
	const struct published *p = published_find(m, c->truth.n, c->truth.drop);
	double times = (double)c->times;
	bool far = false;

	if (p == NULL || c->x->truth.design != ITEMS || c->x->gate != no_worse)
		return;
	far = far || (p->pass >= 0 && is_far(rate[PASS], p->pass, times, p->times));
	far = far || (p->fail >= 0 && is_far(rate[FAIL], p->fail, times, p->times));
	far = far || (p->unsure >= 0 && is_far(rate[INCONCLUSIVE], p->unsure, times, p->times));
	far = far || (p->used >= 0 && fabs(used - p->used) > 0.5 + 4 * sd *
	    sqrt(1 / times + 1 / p->times));
	count->compared++;
	/* That process planned its stakes for alpha and looked a hundred times, not every round: ours
	 * stops sooner.  With its stakes and looks we find its numbers. */
	count->far += far && m != SEQUENTIAL;
	printf("  [");
	for (int i = 0; i < 4; i++) {
		double v = i == 0 ? p->pass : i == 1 ? p->fail : i == 2 ? p->unsure : p->used;

		if (v >= 0)
			printf("%s%g", i ? "/" : "", v);
		else
			printf("%s-", i ? "/" : "");
	}
	printf("]%s", far ? " FAR" : "");
}

static void
print_claim(const char *what, double rate, double most, struct count *count)
{
	count->claims++;
	count->broken += rate > most;
	printf("  %s <= %.2f%s", what, 100 * most, rate > most ? " BROKEN" : "");
}

static void
print_line(const struct cell *c, const struct loss *l, enum method m, const struct tally *t,
    struct count *count)
{
	double times = (double)c->times, rate[4], se = 0, used = (double)t->used / times;
	double sd = sqrt(fmax(0, (double)t->used2 / times - used * used));
	double most = ALPHA + 3 * error_of(ALPHA, times);
	bool ours = m == FIXED || m == SEQUENTIAL;

	for (int v = 0; v < 4; v++) {
		rate[v] = (double)t->of[v] / times;
		se = fmax(se, error_of(rate[v], times));
	}
	printf("%5zu %5.1f  %-20s %6.2f %6.2f %6.2f %5.2f %6.0f", c->truth.n,
	    100 * (l->last_drop > 0 ? l->last_drop : l->drop), method_name[m], 100 * rate[PASS],
	    100 * rate[FAIL], 100 * rate[INCONCLUSIVE], 100 * se, used);
	if (ours && l->wrong_pass)
		print_claim("PASS", rate[PASS], most, count);
	if (ours && l->wrong_fail)
		print_claim("FAIL", rate[FAIL], most, count);
	/* The check of the checks: an error that is there is seen. */
	if ((m == BLIND || m == BLIND_SEQUENTIAL) && c->x->blind_least > 0 && c->truth.n == 1000 &&
	    l->wrong_pass && l->drop <= MARGIN) {
		count->claims++;
		count->broken += rate[PASS] < c->x->blind_least;
		printf("  PASS >= %.0f%s", 100 * c->x->blind_least,
		    rate[PASS] < c->x->blind_least ? " BROKEN" : "");
	}
	print_published(c, m, rate, used, sd, count);
	putchar('\n');
}

static void
run_experiment(const struct experiment *x, size_t times, bool quick, struct count *count)
{
	printf("\n%s: %s\n", x->name, x->title);
	printf("%5s %5s  %-20s %6s %6s %6s %5s %6s\n", "n", "drop", "method", "PASS", "FAIL", "INC",
	    "+-", "cases");
	for (size_t i = 0; i < SIZES && x->n[i] > 0; i++)
		for (size_t k = 0; k < x->nloss; k++) {
			const struct loss *l = &x->loss[k];
			struct cell c = cell_of(x, x->n[i], l, times);
			struct tally sum[NMETHOD];

			if (quick && (x->n[i] > 1000 || !(l->wrong_pass || l->wrong_fail) ||
			    l->drop > MARGIN))
				continue;
			run_cell(&c, sum);
			for (int m = 0; m < NMETHOD; m++)
				if (c.methods & 1u << m)
					print_line(&c, l, (enum method)m, &sum[m], count);
			fflush(stdout);
		}
}

/* The same cell on one thread and on four. */
static void
check_threads(struct count *count)
{
	static const char *const threads[] = { "1", "4" };
	struct loss l = { .drop = MARGIN };
	struct cell c = cell_of(&experiment[1], 200, &l, 500);
	struct tally sum[COUNT(threads)][NMETHOD];
	const char *was = getenv("DRIFTLEAD_THREADS");
	bool same;

	for (size_t i = 0; i < COUNT(threads); i++) {
		setenv("DRIFTLEAD_THREADS", threads[i], 1);
		run_cell(&c, sum[i]);
	}
	if (was != NULL)
		setenv("DRIFTLEAD_THREADS", was, 1);
	else
		unsetenv("DRIFTLEAD_THREADS");
	same = memcmp(sum[0], sum[1], sizeof sum[0]) == 0;
	count->claims++;
	count->broken += !same;
	printf("one thread and four count %s\n", same ? "the same" : "differently: BROKEN");
}

static bool
is_named(const struct texts *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->text[i], name) == 0)
			return true;
	return names->n == 0;
}

struct options { bool quick; long times; };
static const struct opt options[] = {
	{ "quick", 'q', OPT_FLAG, offsetof(struct options, quick), NULL, "small sizes, claims only" },
	{ "times", 'n', OPT_INT, offsetof(struct options, times), "N", "releases in each line" },
	{ 0 }
};

int
main(int argc, char **argv)
{
	const struct opt *const tables[] = { options, NULL };
	struct options o = { 0 };
	struct texts names;
	struct arena a = { 0 };
	struct err e = { 0 };
	struct count count = { 0 };
	double begin = tick_now();

	if (opt_parse(tables, argc, argv, &o, &names, &a, &e) != 0) {
		err_print(&e);
		return EXIT_MISTAKE;
	}
	if (o.times < 1)
		o.times = o.quick ? TIMES_QUICK : TIMES;
	printf("%ld releases a line, alpha %g %%; [what an independent program found]\n", o.times,
	    100 * ALPHA);
	check_threads(&count);
	for (size_t i = 0; i < COUNT(experiment); i++)
		if (is_named(&names, experiment[i].name))
			run_experiment(&experiment[i], (size_t)o.times, o.quick, &count);
	printf("\n%ld claims, %ld broken; %ld lines compared, %ld far\n", count.claims, count.broken,
	    count.compared, count.far);
	fflush(stdout);
	fprintf(stderr, "%.0f s\n", tick_now() - begin);
	arena_free(&a);
	return count.broken || count.far ? EXIT_FAIL : EXIT_PASS;
}
