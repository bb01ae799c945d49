/*
 * gather.c -- from logs to features and to a profile.
 */
#include "drift/drift.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INFER_FROM = 1000 };

/* ---- what to watch ------------------------------------------------------------------------ */

static void
infer_each(void *ctx, size_t piece, const struct record *r, struct arena *scratch)
{
	(void)piece;
	infer_add(ctx, r, scratch);
}

static bool
reads_input(const char *const *path, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(path[i], "-") == 0)
			return true;
	return false;
}

/* Standard input is read twice, so what comes through a pipe is put into a file without a name. */
static int
spool_input(struct err *e)
{
	static char bytes[1 << 16];
	FILE *file;
	ssize_t n;

	if (lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0)
		return 0;
	if ((file = tmpfile()) == NULL)
		return err_set(e, "standard input cannot be kept to be read twice: %s; name the features "
		    "by --features", strerror(errno));
	while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
		if (fwrite(bytes, 1, (size_t)n, file) != (size_t)n)
			break;
	if (n != 0 || fflush(file) != 0 || dup2(fileno(file), STDIN_FILENO) < 0)
		die(EXIT_SURROUNDINGS, "standard input cannot be kept to be read twice: %s",
		    strerror(errno));
	fclose(file);
	lseek(STDIN_FILENO, 0, SEEK_SET);
	return 0;
}

/* Standard input is kept; any other pipe would be empty when it is read again. */
static int
check_pipes(const char *const *path, size_t n, struct err *e)
{
	int before = e->n;
	struct stat st;

	for (size_t i = 0; i < n; i++)
		if (strcmp(path[i], "-") != 0 && stat(path[i], &st) == 0 && S_ISFIFO(st.st_mode))
			err_set(e, "log '%s' is a pipe and can be read only once: name the features by "
			    "--features, or give it as standard input ('-')", path[i]);
	return e->n > before ? -1 : 0;
}

/* No record was found: why, if anything was there at all. */
static int
no_record(const struct log_counts *c, struct err *e)
{
	err_set(e, "the logs hold no record");
	for (size_t i = 0; i < c->nsample; i++)
		err_set(e, "%s", c->sample[i]);
	return -1;
}

int
logs_infer(const struct log_plan *plan, const char *const *path, size_t n, struct watched **w,
    size_t *nfeature, struct arena *a, struct err *e)
{
	off_t from = 0;
	struct infer *f = infer_begin(a);
	struct log_plan first = *plan;
	struct log_counts counts, bad = { 0 };

	if (check_pipes(path, n, e) != 0)
		return -1;
	if (reads_input(path, n)) {
		if (spool_input(e) != 0)
			return -1;
		from = lseek(STDIN_FILENO, 0, SEEK_CUR);
	}
	first.most = INFER_FROM;
	for (size_t i = 0; i < n && first.most > 0; i++) {
		if (logs_read(&first, &path[i], 1, infer_each, f, &counts, e) != 0)
			return -1;
		if (bad.nsample == 0)
			bad = counts;
		first.most -= counts.records < first.most ? counts.records : first.most;
	}
	if (reads_input(path, n))
		lseek(STDIN_FILENO, from, SEEK_SET);
	infer_end(f, w, nfeature, a);
	if (first.most == INFER_FROM)
		return no_record(&bad, e);
	if (*nfeature == 0)
		return err_set(e, "nothing was found to watch in the first records: name features by "
		    "--features, or fields by --field");
	return 0;
}

/* ---- the profile -------------------------------------------------------------------------- */

static void
cut_each(void *ctx, size_t piece, const struct record *r, struct arena *scratch)
{
	struct pieces *part = ctx;
	double time = r->has_number[RECORD_TIME] ? r->number[RECORD_TIME] : 0;
	struct profile *p = pieces_at(&part[piece], time >= 1 && time < 0x1p53 ? (int64_t)time : 0);

	if (p != NULL)
		profile_add(p, r, scratch);
}

/* Nothing was counted, though there were records: the log's times are somewhere else. */
static int
check_times(const struct log_plan *plan, const struct log_counts *c, const struct pieces *all,
    struct err *e)
{
	long timeless = plan->until_ms != 0 ? c->timeless : c->records;

	if (timeless == 0 || (plan->until_ms == 0 && all->season == SEASON_NONE))
		return 0;
	for (size_t i = 0; i < season_cells(all->season); i++)
		if (all->cell[i] != NULL)
			return 0;
	if (c->records + c->other > timeless)
		return 0;
	return err_set(e, "none of the %ld records has a time: say from where the field 'time' "
	    "comes", timeless);
}

int
logs_cut(const struct log_plan *plan, const char *const *path, size_t n, struct pieces *all,
    struct arena *a, struct err *e)
{
	size_t npiece = logs_pieces();
	struct pieces *part = arena_array(a, npiece, sizeof *part);
	struct log_counts counts;
	int failed;

	for (size_t i = 0; i < npiece; i++)
		part[i] = *all;
	failed = logs_read(plan, path, n, cut_each, part, &counts, e);
	failed |= logs_check(plan, &counts, e);
	all->bad = counts.bad;
	for (size_t i = 0; i < npiece; i++) {
		if (!failed)
			failed = pieces_merge(all, &part[i], e);
		pieces_free(&part[i]);
	}
	if (counts.torn > 0)
		warn("%ld of %zu files broke off before their end", counts.torn, n);
	return failed ? -1 : check_times(plan, &counts, all, e);
}

struct profile *
logs_profile(const struct log_plan *plan, const char *const *path, size_t n,
    const struct watched *w, size_t nfeature, size_t sample, bool texts, uint64_t seed,
    struct arena *a, struct err *e)
{
	struct pieces all = { .watched = w, .nfeature = nfeature, .cap = sample, .texts = texts,
		.seed = seed };
	struct profile *whole = NULL;

	if (logs_cut(plan, path, n, &all, a, e) == 0)
		whole = pieces_sum(&all, NULL);
	pieces_free(&all);
	return whole;
}
