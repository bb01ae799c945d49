/*
 * logs.c -- from files to records, on all cores.
 *
 * A file is read by one thread from its first line to its last; which format it has is told by
 * its first record.  A line that cannot be read is counted, the first few are kept as sentences,
 * and reading goes on.  What a format found is completed by the user's mapping, hashed, redacted
 * and only then handed on.
 */
#include "drift/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <stdatomic.h>
#include <unistd.h>

#define LOG(n) extern const struct log_format log_##n;
#include "drift/logs.def"
#undef LOG

static const struct log_format *const all[] = {
#define LOG(n) &log_##n,
#include "drift/logs.def"
#undef LOG
};

/* ---- the table --------------------------------------------------------------------------- */

const struct log_format *
log_format_find(const char *name)
{
	for (size_t i = 0; i < COUNT(all); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

bool
log_format_at(size_t i, const char **name, const char **help)
{
	if (i >= COUNT(all))
		return false;
	*name = all[i]->name;
	*help = all[i]->help;
	return true;
}

static const struct log_format *
format_of(struct json first)
{
	size_t i = 0;

	while (!all[i]->is(first))              /* the last one knows every object */
		i++;
	return all[i];
}

/* ---- the mapping ------------------------------------------------------------------------- */

static bool
field_index(const char *name, struct log_want *w)
{
	for (w->number = false, w->which = 0; w->which < RECORD_TEXTS; w->which++)
		if (strcmp(name, record_text_name[w->which]) == 0)
			return true;
	for (w->number = true, w->which = 0; w->which < RECORD_NUMBERS; w->which++)
		if (strcmp(name, record_number_name[w->which]) == 0)
			return true;
	return false;
}

int
log_field_read(struct log_field *f, const char *rule, struct arena *a, struct err *e)
{
	static const struct { const char *unit; double scale; } units[] = {
		{ " ms", 1e-3 }, { " us", 1e-6 }, { " ns", 1e-9 }
	};
	const char *equals = strchr(rule, '=');
	struct log_want w = { 0 };
	struct str from;

	if (equals == NULL || equals == rule || equals[1] == '\0')
		return err_set(e, "field '%s' is not of the form NAME=FROM (input=prompt, say)", rule);
	f->name = str_cstr((struct str){ rule, (size_t)(equals - rule) }, a);
	if (!field_index(f->name, &w))
		return err_set(e, "field '%s' is none of id, asked, model, input, output, finish, error, "
		    "tags, time, latency, first_token, tokens_in and tokens_out", f->name);
	f->scale = 1;
	from = str_of(equals + 1);
	for (size_t i = 0; i < COUNT(units); i++)
		if (w.number && (w.which == RECORD_LATENCY || w.which == RECORD_FIRST_TOKEN) &&
		    from.n > 3 && str_is(str_sub(from, from.n - 3, 3), units[i].unit)) {
			f->scale = units[i].scale;
			from.n -= 3;
		}
	f->from = str_cstr(from, a);
	return 0;
}

static void
want(struct log_reader *l, const char *name, const char *from, double scale)
{
	struct log_want w = { .from = str_of(from), .scale = scale };
	const struct str *column;
	size_t n;

	if (!field_index(name, &w))
		bug("'%s' is no field of a record", name);
	column = rows_columns(l->rows, &n);
	for (size_t i = 0; i < l->nwant; i++)           /* the mapping goes before our names */
		if (l->want[i].number == w.number && l->want[i].which == w.which)
			return;
	if (column != NULL)
		while (w.column < n && !str_eq(column[w.column], w.from))
			w.column++;
	if (column == NULL || w.column < n)
		l->want[l->nwant++] = w;
}

/* Whether a field goes as a whole, by its name or by where it stands in the log. */
static bool
hides(const struct log_reader *l, bool number, int which)
{
	const char *name = number ? record_number_name[which] : record_text_name[which];

	if (redact_hides(l->plan->redact, str_of(name)))
		return true;
	for (size_t i = 0; i < l->nwant; i++)
		if (l->want[i].number == number && l->want[i].which == which &&
		    redact_hides(l->plan->redact, l->want[i].from))
			return true;
	return false;
}

/* The user's fields, and in a generic log those of our names. */
static void
want_fields(struct log_reader *l)
{
	for (size_t i = 0; i < l->plan->nfield; i++)
		want(l, l->plan->field[i].name, l->plan->field[i].from, l->plan->field[i].scale);
	if (l->format != &log_generic)
		return;
	for (int i = 0; i < RECORD_TEXTS; i++)
		want(l, record_text_name[i], record_text_name[i], 1);
	for (int i = 0; i < RECORD_NUMBERS; i++)
		want(l, record_number_name[i], record_number_name[i], 1);
}

/* What is the same for all records of the file, once its format is known. */
static void
prepare(struct log_reader *l, const struct log_format *format)
{
	l->format = format;
	want_fields(l);
	for (int i = 0; l->plan->redact != NULL && i < RECORD_TEXTS; i++)
		l->hide_text[i] = hides(l, false, i);
	for (int i = 0; l->plan->redact != NULL && i < RECORD_NUMBERS; i++)
		l->hide_number[i] = hides(l, true, i);
}

static void
map_json(struct record *r, const struct log_want *w, struct json v, struct arena *a)
{
	if (!w->number)
		log_text(r, (enum record_text)w->which, v, a);
	else if (w->which == RECORD_TIME)
		when_set(r, v);
	else
		log_number(r, (enum record_number)w->which, v, w->scale);
}

static void
map_cell(struct record *r, const struct log_want *w, struct str cell)
{
	double number = 0;

	if (!w->number) {
		r->has_text[w->which] = true;
		r->text[w->which] = cell;
	} else if (w->which == RECORD_TIME ? when_text(cell, &number) : parse_number(cell, &number)) {
		r->has_number[w->which] = true;
		r->number[w->which] = w->which == RECORD_TIME ? round(number) : number * w->scale;
	}
}

/* Members in one walk; what is deeper, one by one. */
static void
map_fields(struct log_reader *l, struct record *r)
{
	struct str name[COUNT(l->want)];
	struct json value[COUNT(l->want)];

	if (l->nwant == 0)
		return;
	if (r->object.type == JT_NONE) {
		for (size_t i = 0; i < l->nwant; i++)
			map_cell(r, &l->want[i], l->row.cell[l->want[i].column]);
		return;
	}
	for (size_t i = 0; i < l->nwant; i++)
		name[i] = l->want[i].from;
	log_pick(r->object, name, value, l->nwant);
	for (size_t i = 0; i < l->nwant; i++)
		map_json(r, &l->want[i], name[i].n > 0 && name[i].p[0] == '/' ?
		    json_at(r->object, name[i]) : value[i], l->scratch);
}

/* ---- handing on -------------------------------------------------------------------------- */

static void
redact(struct log_reader *l, struct record *r)
{
	for (int i = 0; i < RECORD_TEXTS; i++) {
		if (!r->has_text[i])
			continue;
		r->text[i] = l->hide_text[i] ? STR("[removed]") :
		    redact_text(l->plan->redact, r->text[i], l->scratch);
	}
	for (int i = 0; i < RECORD_NUMBERS; i++)
		r->has_number[i] = r->has_number[i] && !l->hide_number[i];
}

/* Whether the record is of the time that is asked for. */
static bool
in_span(struct log_reader *l, const struct record *r)
{
	double time = r->number[RECORD_TIME];

	if (l->plan->until_ms == 0)
		return true;
	l->counts.timeless += !r->has_number[RECORD_TIME];
	return r->has_number[RECORD_TIME] && time > (double)l->plan->after_ms &&
	    time <= (double)l->plan->until_ms;
}

void
log_emit(struct log_reader *l, struct record *r)
{
	r->rows = r->object.type == JT_NONE ? l->rows : NULL;
	r->row = r->object.type == JT_NONE ? &l->row : NULL;
	r->path = l->path;
	r->line = l->row.line;
	map_fields(l, r);
	if (!in_span(l, r)) {
		log_pass(l);
		return;
	}
	r->hash = record_hash(r);
	r->redact = l->plan->redact;
	if (r->redact != NULL)
		redact(l, r);
	l->counts.records++;
	l->each(l->ctx, l->piece, r, l->scratch);
	arena_reset(l->scratch);
}

void
log_pass(struct log_reader *l)
{
	l->counts.other++;
	arena_reset(l->scratch);
}

/* ---- one file ---------------------------------------------------------------------------- */

static void
count_bad(struct log_reader *l, const struct err *e)
{
	struct log_counts *c = &l->counts;

	c->bad++;
	if (c->nsample == LOG_SAMPLES)
		return;
	snprintf(c->sample[c->nsample], LOG_SAMPLE_MAX, "%.*s",
	    (int)strcspn(e->msg, "\n"), e->msg);
	c->nsample++;
}

static void
clear(struct err *e)
{
	e->n = 0;
	e->len = 0;
	e->msg[0] = '\0';
}

static void
read_rows(struct log_reader *l, struct err *e)
{
	int got;

	while ((l->plan->most == 0 || l->counts.records < l->plan->most) &&
	    (got = rows_next(l->rows, &l->row, e)) != 0) {
		if (got < 0) {
			count_bad(l, e);
			clear(e);
		} else if (l->row.object.type == JT_NONE) {
			log_emit(l, &(struct record){ 0 });
		} else {
			if (l->format == NULL)
				prepare(l, format_of(l->row.object));
			l->format->read(l, l->row.object);
		}
	}
	l->counts.torn += rows_broken(l->rows) != NULL;
}

static int
open_log(const char *path, struct err *e)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, "log '%s' cannot be opened: %s", path, strerror(errno));
	return fd;
}

/* Every column of the mapping is there: 0, or -1 and a sentence for each that is not. */
static int
check_columns(const struct log_reader *l, struct arena *a, struct err *e)
{
	int before = e->n;
	size_t n;
	const struct str *column = rows_columns(l->rows, &n);
	const char **name = arena_array(a, n + 1, sizeof *name);

	for (size_t i = 0; i < n; i++)
		name[i] = str_cstr(column[i], a);
	for (size_t i = 0; i < l->plan->nfield; i++) {
		const char *from = l->plan->field[i].from, *near = str_nearest(from, name);
		size_t k = 0;

		while (k < n && strcmp(name[k], from) != 0)
			k++;
		if (k == n)
			err_set(e, "log '%s': field '%s' is to come from column '%s', which is not there%s%s%s",
			    l->path, l->plan->field[i].name, from, near ? " (did you mean '" : "",
			    near ? near : "", near ? "'?)" : "");
	}
	return e->n > before ? -1 : 0;
}

/* 0, or -1 and a sentence if the file could not even be begun. */
static int
read_file(struct log_reader *l, struct err *e)
{
	size_t ncolumn;
	int fd = open_log(l->path, e);

	if (strcmp(l->path, "-") == 0)
		l->path = "standard input";
	if (fd < 0 || (l->rows = rows_open(fd, l->path, l->plan->rows, e)) == NULL)
		return -1;
	if (rows_columns(l->rows, &ncolumn) != NULL) {
		if (l->plan->format != NULL && l->plan->format != &log_generic)
			return err_set(e, "log '%s' is a table, and format '%s' is read from JSONL: leave the "
			    "format out and name the columns", l->path, l->plan->format->name);
		if (check_columns(l, l->scratch, e) < 0)
			return -1;
		prepare(l, &log_generic);
	} else if (l->plan->format != NULL) {
		prepare(l, l->plan->format);
	}
	read_rows(l, e);
	return 0;
}

/* ---- many files -------------------------------------------------------------------------- */

struct file { struct log_counts counts; char *why; };

struct job {
	const struct log_plan *plan;
	const char *const     *path;
	size_t                 n;
	atomic_size_t          next;
	struct file           *file;
	void                 (*each)(void *, size_t, const struct record *, struct arena *);
	void                  *ctx;
};

/* One piece: takes the next file until none is left. */
static void
read_piece(size_t piece, struct arena *scratch, void *arg)
{
	struct job *job = arg;
	struct err e = { 0 };
	size_t i;

	while ((i = atomic_fetch_add(&job->next, 1)) < job->n) {
		struct log_reader l = { .plan = job->plan, .path = job->path[i], .scratch = scratch,
			.each = job->each, .ctx = job->ctx, .piece = piece };

		clear(&e);
		if (read_file(&l, &e) < 0) {
			job->file[i].why = mem_alloc(strlen(e.msg) + 1, 1);
			memcpy(job->file[i].why, e.msg, strlen(e.msg));
		}
		job->file[i].counts = l.counts;
		rows_close(l.rows);
		buf_free(&l.flat);
		buf_free(&l.resource);
		arena_reset(scratch);
	}
}

size_t
logs_pieces(size_t n)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t most = cores < 1 ? 1 : (size_t)cores;

	return n < most ? n : most;
}

static void
add_counts(struct log_counts *to, const struct log_counts *from)
{
	to->records += from->records;
	to->other += from->other;
	to->timeless += from->timeless;
	to->bad += from->bad;
	to->torn += from->torn;
	for (size_t i = 0; i < from->nsample && to->nsample < LOG_SAMPLES; i++)
		memcpy(to->sample[to->nsample++], from->sample[i], LOG_SAMPLE_MAX);
}

int
logs_read(const struct log_plan *plan, const char *const *path, size_t n,
    void (*each)(void *, size_t, const struct record *, struct arena *), void *ctx,
    struct log_counts *counts, struct err *e)
{
	struct job job = { .plan = plan, .path = path, .n = n, .each = each, .ctx = ctx };
	int before = e->n;

	job.file = mem_alloc(n ? n : 1, sizeof *job.file);
	par_for(logs_pieces(n), read_piece, &job);
	*counts = (struct log_counts){ 0 };
	for (size_t i = 0; i < n; i++) {
		add_counts(counts, &job.file[i].counts);
		for (char *line = job.file[i].why, *end; line != NULL && *line != '\0'; line = end) {
			end = line + strcspn(line, "\n");
			err_set(e, "%.*s", (int)(end - line), line);
			end += *end == '\n';
		}
		mem_free(job.file[i].why);
	}
	mem_free(job.file);
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
