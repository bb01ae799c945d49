/*
 * logs.c -- from one file, or a part of it, to records.
 *
 * Which format a file has is told by its first record.  A line that cannot be read is counted, the
 * first few are kept as sentences, and reading goes on.  What a format found is completed by the
 * user's mapping, hashed, redacted and only then handed on.  logs_read.c does it for many files.
 */
#include "drift/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
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

const struct log_format *
log_format_of(struct json first)
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
count_bad(struct log_reader *l)
{
	const char *why = rows_fault(l->rows, &l->line);
	struct log_bad *bad;

	if (l->counts.bad++ >= LOG_SAMPLES)
		return;
	bad = &l->bad[l->counts.bad - 1];
	bad->line = l->line;
	snprintf(bad->why, sizeof bad->why, "%s", why);
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
			count_bad(l);
			clear(e);
		} else if (l->row.object.type == JT_NONE) {
			log_emit(l, &(struct record){ 0 });
		} else {
			if (l->format == NULL)
				prepare(l, log_format_of(l->row.object));
			l->format->read(l, l->row.object);
		}
	}
	l->counts.torn = rows_broken(l->rows) != NULL;
	rows_fault(l->rows, &l->line);
}

int
log_open(const char *path, struct err *e)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_set(e, "log '%s' cannot be opened: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(e, "log '%s' is a folder: name the files in it, '%s/*.jsonl' say", path,
		    path);
	}
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

static int
begin_table(struct log_reader *l, struct err *e)
{
	if (l->plan->format != NULL && l->plan->format != &log_generic)
		return err_set(e, "log '%s' is a table, and format '%s' is read from JSONL: leave the "
		    "format out and name the columns", l->path, l->plan->format->name);
	if (check_columns(l, l->scratch, e) < 0)
		return -1;
	prepare(l, &log_generic);
	return 0;
}

int
log_read(struct log_reader *l, struct err *e)
{
	const struct log_format *format = l->format;
	size_t ncolumn;
	int fd = log_open(l->path, e);

	if (strcmp(l->path, "-") == 0)
		l->path = "standard input";
	if (fd < 0)
		return -1;
	l->rows = l->to > 0 ? rows_open_part(fd, l->path, l->from, l->to, e) :
	    rows_open(fd, l->path, l->plan->rows, e);
	if (l->rows == NULL)
		return -1;
	if (rows_columns(l->rows, &ncolumn) != NULL) {
		if (begin_table(l, e) != 0)
			return -1;
	} else if (format != NULL) {
		prepare(l, format);
	}
	read_rows(l, e);
	return 0;
}
