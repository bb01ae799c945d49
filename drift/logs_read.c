/*
 * logs_read.c -- many files on all cores, and large ones in parts.
 *
 * A plain file of JSONL is cut at equal distances, wherever that is in a line; the record that a
 * cut goes through belongs to the part in which it begins.  Nothing depends on the cuts: the format
 * is told by the first record of the file and handed to all parts, and the line of what is wrong
 * is known as soon as the parts before it were counted.  Files that are packed or tables, or of
 * which only the first records are wanted, are read by one thread from the first line to the last.
 */
#include "drift/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART = 8 << 20, PARTS_MAX = 4096 };

/* What one thread reads at a time: a file, or a part of it. */
struct unit {
	size_t                   file;
	off_t                    from, to;      /* to 0: the whole file */
	const struct log_format *format;        /* NULL: told by the first record */
	struct log_counts        counts;        /* without samples: */
	struct log_bad           bad[LOG_SAMPLES];
	long                     line;          /* so many lines begin here, and one */
	char                    *why;           /* it could not be begun; NULL: it was */
};

struct job {
	const struct log_plan *plan;
	const char *const     *path;
	struct unit           *unit;
	size_t                 n, room;
	atomic_size_t          next;
	void                 (*each)(void *, size_t, const struct record *, struct arena *);
	void                  *ctx;
};

/* ---- cutting ----------------------------------------------------------------------------- */

/* The size of a regular file of plain JSONL, else 0. */
static off_t
size_of_parts(const struct log_plan *plan, const char *path, off_t least)
{
	struct err e = { 0 };
	struct stat st;
	struct rows *r;
	off_t size = 0;
	int fd;

	if (plan->most > 0 || strcmp(path, "-") == 0 || stat(path, &st) != 0 ||
	    !S_ISREG(st.st_mode) || st.st_size < least)
		return 0;
	if ((fd = log_open(path, &e)) < 0)
		return 0;
	r = rows_open(fd, path, plan->rows, &e);
	if (r != NULL && rows_has_parts(r))
		size = st.st_size;
	rows_close(r);
	return size;
}

/* By the first record, if that is in the first part. */
static const struct log_format *
first_format(const char *path, off_t to)
{
	const struct log_format *format = NULL;
	struct err e = { 0 };
	int got, fd = log_open(path, &e);
	struct rows *r = fd < 0 ? NULL : rows_open_part(fd, path, 0, to, &e);
	struct row row;

	if (r == NULL)
		return NULL;
	while ((got = rows_next(r, &row, &e)) < 0)
		continue;
	if (got > 0)
		format = log_format_of(row.object);
	rows_close(r);
	return format;
}

static void
add_unit(struct job *job, struct unit u)
{
	job->unit = mem_grow(job->unit, &job->room, job->n + 1, sizeof *job->unit);
	job->unit[job->n++] = u;
}

static void
cut(struct job *job, size_t file)
{
	const struct log_plan *plan = job->plan;
	off_t part = plan->part > 0 ? plan->part : PART;
	off_t size = size_of_parts(plan, job->path[file], 2 * part);
	const struct log_format *format = plan->format;

	if (size / PARTS_MAX > part)
		part = size / PARTS_MAX;
	if (size > 0 && format == NULL)
		format = first_format(job->path[file], part);
	if (size == 0 || format == NULL) {
		add_unit(job, (struct unit){ .file = file, .format = plan->format });
		return;
	}
	/* What is written while we read is the last part's. */
	for (off_t from = 0; from < size; from += part)
		add_unit(job, (struct unit){ .file = file, .format = format, .from = from,
			.to = size - from > part ? from + part : INT64_MAX });
}

/* ---- reading ----------------------------------------------------------------------------- */

static void
read_unit(struct job *job, struct unit *u, size_t piece, struct arena *scratch)
{
	struct log_reader l = { .plan = job->plan, .path = job->path[u->file], .format = u->format,
		.from = u->from, .to = u->to, .scratch = scratch, .each = job->each, .ctx = job->ctx,
		.piece = piece, .line = 1 };
	struct err e = { 0 };

	if (log_read(&l, &e) < 0) {
		u->why = mem_alloc(e.len + 1, 1);
		memcpy(u->why, e.msg, e.len);
	}
	u->counts = l.counts;
	memcpy(u->bad, l.bad, sizeof u->bad);
	u->line = l.line;
	rows_close(l.rows);
	buf_free(&l.flat);
	buf_free(&l.resource);
	arena_reset(scratch);
}

/* One piece: takes the next unit until none is left. */
static void
read_piece(size_t piece, struct arena *scratch, void *arg)
{
	struct job *job = arg;
	size_t i;

	while ((i = atomic_fetch_add(&job->next, 1)) < job->n)
		read_unit(job, &job->unit[i], piece, scratch);
}

size_t
logs_pieces(void)
{
	return par_threads();
}

/* ---- adding up --------------------------------------------------------------------------- */

static void
add_samples(struct log_counts *to, const struct unit *u, const char *path, long before)
{
	if (strcmp(path, "-") == 0)
		path = "standard input";
	for (long i = 0; i < u->counts.bad && i < LOG_SAMPLES && to->nsample < LOG_SAMPLES; i++) {
		long line = before + u->bad[i].line;
		struct err e = { 0 };

		err_at(&e, path, line > INT32_MAX ? INT32_MAX : (int)line, 0, "%s", u->bad[i].why);
		snprintf(to->sample[to->nsample++], LOG_SAMPLE_MAX, "%.*s", (int)(e.len - 1), e.msg);
	}
}

static void
add_sentences(struct err *e, const char *line)
{
	while (*line != '\0') {
		size_t n = strcspn(line, "\n");

		err_set(e, "%.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

/* The parts of one file, from its first: returns the first unit of the next file. */
static size_t
add_file(struct log_counts *to, const struct job *job, size_t i, struct err *e)
{
	const char *why = NULL;
	long before = 0, torn = 0;
	size_t file = job->unit[i].file;

	for (; i < job->n && job->unit[i].file == file; i++) {
		const struct unit *u = &job->unit[i];

		to->records += u->counts.records;
		to->other += u->counts.other;
		to->timeless += u->counts.timeless;
		to->bad += u->counts.bad;
		torn |= u->counts.torn;
		add_samples(to, u, job->path[file], before);
		before += u->line - 1;
		why = why == NULL ? u->why : why;
	}
	to->torn += torn;
	if (why != NULL)
		add_sentences(e, why);
	return i;
}

int
logs_read(const struct log_plan *plan, const char *const *path, size_t n,
    void (*each)(void *, size_t, const struct record *, struct arena *), void *ctx,
    struct log_counts *counts, struct err *e)
{
	struct job job = { .plan = plan, .path = path, .each = each, .ctx = ctx };
	int before = e->n;

	for (size_t i = 0; i < n; i++)
		cut(&job, i);
	par_for(job.n < logs_pieces() ? job.n : logs_pieces(), read_piece, &job);
	*counts = (struct log_counts){ 0 };
	for (size_t i = 0; i < job.n; )
		i = add_file(counts, &job, i, e);
	for (size_t i = 0; i < job.n; i++)
		mem_free(job.unit[i].why);
	mem_free(job.unit);
	return e->n > before ? -1 : 0;
}

int
logs_check(const struct log_plan *plan, const struct log_counts *c, struct err *e)
{
	long lines = c->records + c->other + c->bad;

	if (c->bad == 0 || (double)c->bad <= plan->max_bad * (double)lines)
		return 0;
	err_set(e, "%ld of %ld records cannot be read, more than the %g %% that are allowed", c->bad,
	    lines, plan->max_bad * 100);
	for (size_t i = 0; i < c->nsample; i++)
		err_set(e, "%s", c->sample[i]);
	return -1;
}

/* ---- which files ------------------------------------------------------------------------- */

int
logs_expand(const char *const *pattern, size_t n, const char ***path, size_t *npath,
    struct arena *a, struct err *e)
{
	const char **out = NULL;
	size_t room = 0, filled = 0;
	struct map seen = { 0 };
	int before = e->n;

	for (size_t i = 0; i < n; i++) {
		glob_t g = { 0 };
		const char *itself[] = { pattern[i] };
		bool literal = strcmp(pattern[i], "-") == 0 || access(pattern[i], F_OK) == 0;
		int rc = literal ? 0 : glob(pattern[i], 0, NULL, &g);

		if (rc == GLOB_NOSPACE)
			die(EXIT_SURROUNDINGS, "out of memory (looking for '%s')", pattern[i]);
		if (rc != 0)
			err_set(e, "log '%s': there is no such file", pattern[i]);
		for (size_t k = 0; rc == 0 && k < (literal ? 1 : g.gl_pathc); k++) {
			const char *name = literal ? itself[0] : g.gl_pathv[k];
			bool is_new;

			map_put(&seen, str_of(name), &is_new);
			if (!is_new)
				continue;
			out = mem_grow(out, &room, filled + 1, sizeof *out);
			out[filled++] = arena_strdup(a, name);
		}
		globfree(&g);
	}
	map_free(&seen);
	*path = arena_array(a, filled ? filled : 1, sizeof **path);
	if (filled > 0)
		memcpy(*path, out, filled * sizeof *out);
	*npath = filled;
	mem_free(out);
	return e->n > before ? -1 : 0;
}
