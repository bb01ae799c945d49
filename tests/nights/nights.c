/*
 * nights.c -- how often `driftlead drift` alarms, with and without drift, through the command line.
 *
 *	nights --list
 *	nights PROGRAM [--quick] [NAME...]
 *
 * Each experiment writes logs that are drawn anew, asks the program, and counts exit statuses.
 * Where nothing changed an alarm must not come more often than is claimed, where something did
 * not less often; three standard errors of the simulation are allowed.  A line that breaks its
 * claim says so, and the exit status is 1.  What is drawn depends on the seed alone.
 */
#include "metrics/stats/stats.h"

#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEED 20261124
#define DAY  86400000LL
#define T0   1767225600000LL             /* 2026-01-01T00:00:00Z */
enum { NO_DRIFT = 0, DRIFTED = 1, UNSURE = 3 };

extern char **environ;

/* ---- the program ---------------------------------------------------------------------------- */

static const char *program;

/* Its exit status; what it prints goes to the file out, over what was there. */
static int
ask(const char *const argv[])
{
	posix_spawn_file_actions_t f;
	pid_t pid;
	int status;

	if (posix_spawn_file_actions_init(&f) != 0 ||
	    posix_spawn_file_actions_addopen(&f, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0644) != 0 ||
	    posix_spawn_file_actions_adddup2(&f, 1, 2) != 0 ||
	    posix_spawn(&pid, program, &f, NULL, (char *const *)(uintptr_t)argv, environ) != 0)
		die(1, "'%s' cannot be started", program);
	posix_spawn_file_actions_destroy(&f);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		die(1, "'%s' was ended by a signal", program);
	status = WEXITSTATUS(status);
	if (status != NO_DRIFT && status != DRIFTED && status != UNSURE) {
		struct err e = { 0 };
		struct arena a = { 0 };
		struct str said;

		if (file_read(NULL, "out", NULL, 1 << 20, &said, &a, &e) == 0)
			fprintf(stderr, "%.*s", STR_ARG(said));
		die(1, "the program ends with %d", status);
	}
	return status;
}

static void
save(const char *path, struct buf *b)
{
	struct err e = { 0 };

	if (file_write(path, buf_as_str(b), 0644, &e) != 0)
		die(1, "'%s' cannot be written", path);
	buf_reset(b);
}

/* Two windows, compared once. */
static int
compare(const char *test)
{
	const char *const argv[] = { program, "drift", "reference.csv", "current.csv",
		"--features", "features.yaml", "-q", test ? "--test" : NULL, test, NULL };

	return ask(argv);
}

/* ---- values --------------------------------------------------------------------------------- */

static double
normal(struct stream *r)
{
	return normal_quantile((floor(stream_unit(r) * 0x1p52) + 0.5) * 0x1p-52);
}

/* 1 to k, the i-th as common as 1/i. */
static int
zipf(int k, struct stream *r)
{
	double all = 0, u;
	int i;

	for (i = 1; i <= k; i++)
		all += 1.0 / i;
	u = stream_unit(r) * all;
	for (i = 1; i < k && (u -= 1.0 / i) >= 0; i++)
		continue;
	return i;
}

struct counted { long trials, alarms, seen, delay; };

/* ---- two windows ---------------------------------------------------------------------------- */

enum column { NORMAL, ZIPF, EVEN, EMBEDDING };
struct windows {
	enum column column;
	int         columns, k;          /* k: categories, or dimensions */
	long        n, m;
	double      shift;               /* of the current normal values, in standard deviations */
	const char *test;                /* NULL: the default of the shape */
};

static void
write_window(const char *path, const struct windows *w, long n, double shift, struct stream *r)
{
	struct buf b = { 0 };

	for (int c = 0; c < w->columns; c++)
		buf_fmt(&b, c ? ",x%d" : "x%d", c);
	buf_char(&b, '\n');
	for (long i = 0; i < n; i++) {
		for (int c = 0; c < w->columns; c++) {
			if (c)
				buf_char(&b, ',');
			if (w->column == NORMAL) {
				buf_fmt(&b, "%.6f", normal(r) + shift);
			} else if (w->column == EMBEDDING) {
				buf_puts(&b, "\"[");
				for (int d = 0; d < w->k; d++)
					buf_fmt(&b, d ? ",%.5f" : "%.5f", normal(r) + shift);
				buf_puts(&b, "]\"");
			} else {
				buf_fmt(&b, "k%d", w->column == ZIPF ? zipf(w->k, r) :
				    1 + (int)(stream_unit(r) * w->k));
			}
		}
		buf_char(&b, '\n');
	}
	save(path, &b);
	buf_free(&b);
}

static void
write_features(const struct windows *w)
{
	struct buf b = { 0 };

	buf_puts(&b, "features:\n");
	for (int c = 0; c < w->columns; c++)
		buf_fmt(&b, "  - { name: x%d, get: %s, of: x%d%s }\n", c, w->column == NORMAL ? "number" :
		    w->column == EMBEDDING ? "embedding" : "category", c,
		    w->column == EMBEDDING ? ", dimensions: 64" : "");
	save("features.yaml", &b);
	buf_free(&b);
}

static void
two_windows(const void *how, long times, struct stream *r, struct counted *c)
{
	const struct windows *w = how;

	write_features(w);
	for (long i = 0; i < times; i++) {
		write_window("reference.csv", w, w->n, 0, r);
		write_window("current.csv", w, w->m, w->shift, r);
		c->alarms += compare(w->test) == DRIFTED;
		c->trials++;
	}
}

/* ---- a watch -------------------------------------------------------------------------------- */

enum { NUMBERS = 10, MIXES = 10 };
struct nights {
	long   checks, per_day;          /* a check a day, of the `window` days before */
	int    window;
	bool   half;                     /* each check stands at noon: the day is half filled */
	double budget;                   /* expected false alarms in all checks */
	double points;                   /* one share is so much larger */
	long   from;                     /* from this day on */
};

/* Mornings are unlike evenings: what a window that ends at noon must not take for drift. */
static void
write_day(const char *folder, const struct nights *w, long day, double points, struct stream *r)
{
	struct buf b = { 0 };
	char path[64];

	for (long i = 0; i < w->per_day; i++) {
		double time = ((double)i + stream_unit(r)) / (double)w->per_day, u;

		if (w->half && strcmp(folder, "logs") == 0 && time >= 0.5)
			break;
		buf_fmt(&b, "{\"id\":\"%s-%ld-%ld\",\"time\":%lld", folder, day, i,
		    T0 + day * DAY + (long long)(time * DAY));
		for (int c = 0; c < NUMBERS; c++)
			buf_fmt(&b, ",\"n%d\":%.4f", c, normal(r) * (1 + 0.2 * c) + (w->half ? 2 * time : 0));
		for (int c = 0; c < MIXES; c++)
			buf_fmt(&b, ",\"c%d\":\"%d\"", c, zipf(3 + c, r));
		u = stream_unit(r);
		buf_fmt(&b, ",\"mix\":\"%s\"}\n", u < 0.3 + points ? "refund" : u < 0.7 ? "shipping" :
		    "account");
	}
	snprintf(path, sizeof path, "%s/%ld.jsonl", folder, day);
	save(path, &b);
	buf_free(&b);
}

static void
remove_folder(const char *folder)
{
	const char *const argv[] = { "rm", "-rf", folder, NULL };
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, "rm", NULL, NULL, (char *const *)(uintptr_t)argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		die(1, "'%s' cannot be removed", folder);
}

static void
empty_folder(const char *folder)
{
	remove_folder(folder);
	if (mkdir(folder, 0755) != 0)
		die(1, "'%s' cannot be made", folder);
}

/* Adds a watch's alarms.  Where something changes it ends with the first one after that. */
static void
one_watch(const struct nights *w, struct stream *r, struct counted *c)
{
	struct buf b = { 0 };
	char now[32], old[64];
	const char *const argv[] = { program, "drift", "w", "--now", now, "-q", NULL };

	empty_folder("logs");
	empty_folder("ref");
	unlink("store.db");
	for (long d = 0; d < 28; d++)
		write_day("ref", w, d - 100, 0, r);
	buf_fmt(&b, "store: store.db\nwatches:\n  w:\n    source: logs/*.jsonl\n    window: %s\n"
	    "    reference: logs ref/*.jsonl\n    every: 1d\n    false_alarms: 1 per %ldd\n%s",
	    w->half ? "12h" : w->window == 1 ? "1d" : "7d", lround((double)w->checks / w->budget),
	    w->half ? "    season: hour\n" : "");
	save("driftlead.yaml", &b);
	buf_free(&b);
	for (long d = 0; d < w->checks + w->window - 1; d++) {
		bool changed = w->points > 0 && d >= w->from;

		write_day("logs", w, d, changed ? w->points : 0, r);
		snprintf(old, sizeof old, "logs/%ld.jsonl", d - w->window - 1);
		unlink(old);
		if (d + 1 < w->window)
			continue;
		c->trials++;
		snprintf(now, sizeof now, "%lld", T0 + d * DAY + (w->half ? DAY / 2 : DAY));
		if (ask(argv) != DRIFTED)
			continue;
		c->alarms++;
		if (!changed)
			continue;
		c->seen++;
		c->delay += d - w->from + 1;
		return;
	}
}

static void
watches(const void *how, long times, struct stream *r, struct counted *c)
{
	for (long i = 0; i < times; i++)
		one_watch(how, r, c);
}

/* ---- the experiments ------------------------------------------------------------------------ */

/* RATE_MOST, RATE_LEAST: alarms by comparisons.  BUDGET: alarms by watches.  SEEN: watches that saw
 * the change; only told. */
enum claim { RATE_MOST, RATE_LEAST, BUDGET, SEEN };

static const struct experiment {
	const char *name, *title;
	void      (*run)(const void *how, long times, struct stream *, struct counted *);
	const void *how;
	long        times, quick;        /* 0: not then */
	enum claim  claim;
	double      value;
} experiment[] = {
	{ "numbers", "normal, 1001 v 100", two_windows,
	  &(const struct windows){ NORMAL, 1, 0, 1001, 100, 0, NULL }, 1000, 100, RATE_MOST, 0.05 },
	{ "zipf", "20 categories by Zipf's law, 1001 v 100", two_windows,
	  &(const struct windows){ ZIPF, 1, 20, 1001, 100, 0, NULL }, 1000, 100, RATE_MOST, 0.05 },
	{ "categories", "20 categories alike, 500 v 500", two_windows,
	  &(const struct windows){ EVEN, 1, 20, 500, 500, 0, NULL }, 1000, 100, RATE_MOST, 0.05 },
	{ "columns", "50 columns, 500 v 500", two_windows,
	  &(const struct windows){ NORMAL, 50, 0, 500, 500, 0, NULL }, 300, 20, RATE_MOST, 0.05 },
	{ "embedding", "64 dimensions, 200 v 200", two_windows,
	  &(const struct windows){ EMBEDDING, 1, 64, 200, 200, 0,
	  "x0=mmd" }, 400, 0, RATE_MOST, 0.05 },
	{ "half-day", "days that are half filled, by the hour, one watch", watches,
	  &(const struct nights){ .checks = 20, .per_day = 600, .window = 1, .half = true,
	  .budget = 1 }, 20, 1, BUDGET, 1 },
	{ "stream", "10,000 records, ten windows of 1000", watches,
	  &(const struct nights){ .checks = 10, .per_day = 1000, .window = 1, .budget = 0.05 },
	  60, 0, BUDGET, 0.05 },
	{ "year", "365 nights of 21 features, 1 per 90 days", watches,
	  &(const struct nights){ .checks = 365, .per_day = 150, .window = 7, .budget = 365.0 / 90 },
	  2, 0, BUDGET, 365.0 / 90 },
	{ "down", "half a standard deviation less, by mann_whitney, 200 v 200", two_windows,
	  &(const struct windows){ NORMAL, 1, 0, 200, 200, -0.5,
	  "x0=mann_whitney" }, 400, 50, RATE_LEAST, 0.99 },
	{ "embedding-shift", "0.05 more in each of 64 dimensions, 200 v 200", two_windows,
	  &(const struct windows){ EMBEDDING, 1, 64, 200, 200, 0.05,
	  "x0=mmd" }, 200, 0, RATE_LEAST, 0.35 },
	{ "2-points", "a share of 30 % that grows by 2 points, 1000 a day", watches,
	  &(const struct nights){ .checks = 40, .per_day = 1000, .window = 7, .budget = 40.0 / 90,
	  .points = 0.02, .from = 10 }, 5, 0, SEEN, 0 },
	{ "5-points", "by 5 points", watches,
	  &(const struct nights){ .checks = 40, .per_day = 1000, .window = 7, .budget = 40.0 / 90,
	  .points = 0.05, .from = 10 }, 5, 0, SEEN, 0 },
	{ "10-points", "by 10 points", watches,
	  &(const struct nights){ .checks = 40, .per_day = 1000, .window = 7, .budget = 40.0 / 90,
	  .points = 0.10, .from = 10 }, 5, 0, SEEN, 0 },
};

/* Whether the claim holds; prints the line. */
static bool
tell(const struct experiment *x, long times, const struct counted *c)
{
	double rate = (double)c->alarms / (double)c->trials;
	double error = sqrt(x->value * fabs(1 - x->value) / (double)c->trials);
	double allowed = x->value * (double)times;
	bool holds = true;

	printf("%-16s %-52s ", x->name, x->title);
	switch (x->claim) {
	case RATE_MOST:
	case RATE_LEAST:
		holds = x->claim == RATE_MOST ? rate <= x->value + 3 * error : rate >= x->value - 3 * error;
		printf("%5.1f %% of %ld alarm, %s %.0f %%", 100 * rate, c->trials,
		    x->claim == RATE_MOST ? "at most" : "at least", 100 * x->value);
		break;
	case BUDGET:
		holds = (double)c->alarms <= allowed + 3 * sqrt(allowed);
		printf("%ld alarms in %ld checks, at most %.3g", c->alarms, c->trials, allowed);
		break;
	case SEEN:
		printf("%ld of %ld seen, after %.1f days on average", c->seen, times,
		    c->seen ? (double)c->delay / (double)c->seen : 0);
		break;
	}
	printf("%s\n", holds ? "" : "  BROKEN");
	fflush(stdout);
	return holds;
}

static bool
named(const struct experiment *x, char **name, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(name[i], x->name) == 0)
			return true;
	return n == 0;
}

int
main(int argc, char **argv)
{
	bool quick = argc > 2 && strcmp(argv[2], "--quick") == 0, holds = true;
	char **name = argv + 2 + quick, folder[] = "/tmp/driftlead-nights.XXXXXX", real[4096];
	int n = argc - 2 - quick;

	for (size_t i = 0; i < COUNT(experiment) && argc == 2 && strcmp(argv[1], "--list") == 0; i++)
		printf("%s\n", experiment[i].name);
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return 0;
	if (argc < 2 || realpath(argv[1], real) == NULL || mkdtemp(folder) == NULL ||
	    chdir(folder) != 0)
		die(2, "usage: nights PROGRAM [--quick] [NAME...]");
	program = real;
	for (size_t i = 0; i < COUNT(experiment); i++) {
		const struct experiment *x = &experiment[i];
		long times = quick ? x->quick : x->times;
		struct stream r = { rng_key(SEED, x->name), 0 };
		struct counted c = { 0 };

		if (times == 0 || !named(x, name, n))
			continue;
		x->run(x->how, times, &r, &c);
		holds = tell(x, times, &c) && holds;
	}
	if (chdir("/") == 0)
		remove_folder(folder);
	return holds ? 0 : 1;
}
