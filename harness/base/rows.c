/*
 * rows.c -- records of JSONL, CSV and TSV from a stream of bytes.
 *
 * unpack.c gives plain bytes; here they are cut into records in one buffer that holds the
 * present record and what was read beyond it.  A record is at most ROWS_MAX bytes, so memory
 * does not depend on the size of the input, packed or not.
 */
#include "harness/base/base.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

enum { CHUNK = 128 << 10 };

/* Where in a CSV record the search for its end is. */
enum place { CELL_START, IN_CELL, IN_QUOTES, AFTER_QUOTES };

struct rows {
	struct unpack   *in;
	char            *path;
	enum rows_format format;
	char            *p;             /* p[at..n): read and not yet handed out */
	size_t           at, n, cap;
	size_t           seen;          /* p[at..seen) was searched for the record's end */
	enum place       place;         /* at p[seen] */
	bool             ended;
	long             line;          /* of p[at] */
	long             lines;         /* that end in p[at..seen) */
	off_t            begin;         /* where p[0] lies in what is read */
	off_t            limit;         /* a record that begins there or behind is none of ours */
	char             why[256];      /* the present record is bad */
	struct arena     names;
	struct str      *column;
	size_t           ncolumn;
	struct map       index;         /* a column's number by its name */
	struct cells     cells;         /* of the present record */
	struct json_index json;         /* of the present record, where it is JSON */
};

static int
line_of(const struct rows *r)
{
	return r->line > INT_MAX ? INT_MAX : (int)r->line;
}

/* What is wrong with the present record: -1. */
static PRINTF(3, 4) int
bad_record(struct rows *r, struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, sizeof r->why, fmt, ap);
	va_end(ap);
	return err_at(e, r->path, line_of(r), 0, "%s", r->why);
}

/* ---- from bytes to records ------------------------------------------------------------ */

/* Reads more behind p[n): 1, 0 at the end, -1 and a sentence. */
static int
fill(struct rows *r, struct err *e)
{
	ptrdiff_t got;

	if (r->ended)
		return 0;
	if (r->at > 0 && r->cap - r->n < CHUNK) {
		memmove(r->p, r->p + r->at, r->n - r->at);
		r->begin += (off_t)r->at;
		r->n -= r->at;
		r->seen -= r->at;
		r->at = 0;
	}
	r->p = mem_grow(r->p, &r->cap, r->n + CHUNK, 1);
	got = unpack_read(r->in, r->p + r->n, CHUNK);
	r->ended = got <= 0;
	if (got < 0) {
		r->at = r->seen = r->n;         /* half a record is none */
		return bad_record(r, e, "%s", unpack_fault(r->in));
	}
	r->n += (size_t)got;
	return got > 0;
}

static long
count_lines(const char *p, const char *end)
{
	long n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n;
}

/* Moves `seen` behind the newline that ends the record, or to n: whether it was found. */
static bool
find_line_end(struct rows *r)
{
	char *from = r->p + r->seen, *end = memchr(from, '\n', r->n - r->seen);

	r->seen = end ? (size_t)(end + 1 - r->p) : r->n;
	r->lines += end != NULL;
	return end != NULL;
}

/* The same for CSV, where a newline within quotes ends nothing. */
static bool
find_csv_end(struct rows *r)
{
	const char *p = r->p + r->seen, *end = r->p + r->n;
	const char *line_end = memchr(p, '\n', r->n - r->seen);
	size_t line = line_end ? (size_t)(line_end - p) : 0;
	enum place place = r->place;
	bool found = false;

	/* Most records have no quotes. */
	if (place == CELL_START && line_end != NULL && memchr(p, '"', line) == NULL) {
		p = line_end + 1;
		found = true;
	}
	while (p < end && !found) {
		char c;

		if (place == IN_QUOTES) {
			const char *quote = memchr(p, '"', (size_t)(end - p));

			r->lines += count_lines(p, quote ? quote : end);
			p = quote ? quote + 1 : end;
			place = quote ? AFTER_QUOTES : IN_QUOTES;
			continue;
		}
		c = *p++;
		found = c == '\n';
		if (c == '"' && place != IN_CELL)
			place = IN_QUOTES;      /* after quotes: a doubled one */
		else
			place = c == ',' ? CELL_START : IN_CELL;
	}
	r->seen = (size_t)(p - r->p);
	r->place = place;
	r->lines += found;
	return found;
}

/* The next record without its end of line: 1, 0 at the end of the input, -1. */
static int
next_record(struct rows *r, char **rec, size_t *len, struct err *e)
{
	bool whole = false, too_long = false;

	r->line += r->lines;
	r->lines = 0;
	r->at = r->seen;
	r->place = CELL_START;
	if (r->begin + (off_t)r->at >= r->limit)
		return 0;
	for (;;) {
		int more;

		if (r->seen < r->n)
			whole = r->format == ROWS_CSV ? find_csv_end(r) : find_line_end(r);
		if (r->seen - r->at > ROWS_MAX + 2)
			too_long = true;
		if (too_long)
			r->at = r->seen;
		if (whole)
			break;
		if ((more = fill(r, e)) < 0)
			return -1;
		if (more == 0)
			break;
	}
	if (r->at == r->seen && !too_long)
		return 0;
	*rec = r->p + r->at;
	*len = r->seen - r->at;
	if (*len > 0 && whole)
		--*len;
	if (*len > 0 && (*rec)[*len - 1] == '\r')
		--*len;
	if (too_long || *len > ROWS_MAX)
		return bad_record(r, e, "the record is longer than %d bytes%s", ROWS_MAX,
		    r->format == ROWS_CSV ? " (is a quote left open?)" : "");
	if (r->format == ROWS_CSV && r->place == IN_QUOTES)
		return bad_record(r, e, "a quote is opened and never closed");
	return 1;
}

static bool
is_blank(const struct rows *r, const char *p, size_t n)
{
	if (r->format == ROWS_JSONL)
		while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t' || p[n - 1] == '\r'))
			n--;
	return n == 0;
}

/* ---- cells ---------------------------------------------------------------------------- */

static int
split(struct rows *r, char *p, size_t len, struct err *e)
{
	char why[120];

	if (cells_split(&r->cells, p, len, r->format == ROWS_CSV ? ',' : '\t', why, sizeof why) != 0)
		return bad_record(r, e, "%s", why);
	return 0;
}

/* ---- opening -------------------------------------------------------------------------- */

/* The header row; -1 after reporting every bad name in it. */
static int
read_header(struct rows *r, struct err *e)
{
	int got, before = e->n;
	size_t len, n;
	char *p;
	const struct str *cell;

	do {
		if ((got = next_record(r, &p, &len, e)) < 0)
			return -1;
		if (got == 0)
			return err_at(e, r->path, 0, 0,
			    "it is empty, and needs a row of column names");
	} while (is_blank(r, p, len));
	if (split(r, p, len, e) < 0)
		return -1;
	cell = r->cells.cell;
	n = r->cells.n;
	r->column = arena_array(&r->names, n, sizeof *r->column);
	r->ncolumn = n;
	for (size_t i = 0; i < n; i++) {
		uint64_t *slot;
		bool is_new;

		r->column[i] = str_dup(cell[i], &r->names);
		if (cell[i].n == 0) {
			bad_record(r, e, "column %zu has no name", i + 1);
			continue;
		}
		slot = map_put(&r->index, cell[i], &is_new);
		if (is_new)
			*slot = i;
		else
			err_at(e, r->path, line_of(r), 0,
			    "columns %zu and %zu have the same name '%.*s'", (size_t)*slot + 1,
			    i + 1, STR_ARG(cell[i]));
	}
	return e->n > before ? -1 : 0;
}

static bool
ends_in(const char *path, size_t n, const char *ending)
{
	size_t k = strlen(ending);

	return n > k && strncasecmp(path + n - k, ending, k) == 0;
}

static enum rows_format
format_of_name(const char *path)
{
	size_t n = strlen(path);

	if (ends_in(path, n, ".gz"))
		n -= strlen(".gz");
	else if (ends_in(path, n, ".zst"))
		n -= strlen(".zst");
	if (ends_in(path, n, ".jsonl") || ends_in(path, n, ".ndjson") || ends_in(path, n, ".json"))
		return ROWS_JSONL;
	if (ends_in(path, n, ".tsv") || ends_in(path, n, ".tab"))
		return ROWS_TSV;
	return ends_in(path, n, ".csv") ? ROWS_CSV : ROWS_BY_NAME;
}

/* By the first byte that is not white space. */
static enum rows_format
format_of_bytes(struct rows *r, struct err *e)
{
	struct str text;

	do {
		text = str_trim((struct str){ r->p + r->at, r->n - r->at });
	} while (text.n == 0 && r->n < CHUNK && fill(r, e) > 0);
	return text.n > 0 && (text.p[0] == '{' || text.p[0] == '[') ? ROWS_JSONL : ROWS_CSV;
}

/* Finds the format and passes what comes before the first record. */
static int
begin(struct rows *r, struct err *e)
{
	int more = 1;

	while (more > 0 && r->n < 3)
		more = fill(r, e);
	if (more < 0)
		return -1;
	if (r->n >= 2 && (memcmp(r->p, "\xff\xfe", 2) == 0 || memcmp(r->p, "\xfe\xff", 2) == 0))
		return err_at(e, r->path, 0, 0, "it is UTF-16: convert it to UTF-8 first "
		    "(iconv -f UTF-16 -t UTF-8)");
	if (r->n >= 3 && memcmp(r->p, "\xef\xbb\xbf", 3) == 0)
		r->at = r->seen = 3;
	if (r->format == ROWS_BY_NAME)
		r->format = format_of_name(r->path);
	if (r->format == ROWS_BY_NAME)
		r->format = format_of_bytes(r, e);
	return r->format == ROWS_JSONL ? 0 : read_header(r, e);
}

static struct rows *
make(struct unpack *in, const char *path, enum rows_format format)
{
	struct rows *r = mem_alloc(1, sizeof *r);

	r->in = in;
	r->path = arena_strdup(&r->names, path);
	r->format = format;
	r->line = 1;
	r->limit = INT64_MAX;
	return r;
}

struct rows *
rows_open(int fd, const char *path, enum rows_format format, struct err *e)
{
	struct rows *r = make(unpack_open(fd), path, format);

	if (begin(r, e) == 0)
		return r;
	rows_close(r);
	return NULL;
}

bool
rows_has_parts(const struct rows *r)
{
	return r->format == ROWS_JSONL && unpack_plain(r->in);
}

/* To the first line end, but not beyond the part: a line may be longer than many parts.  What
 * cannot be read is left for the first record to find. */
static void
pass_line(struct rows *r)
{
	struct err e = { 0 };

	do
		r->at = r->seen;
	while (fill(r, &e) > 0 && !find_line_end(r) && r->begin + (off_t)r->seen < r->limit);
	r->ended = r->ended && e.n == 0;
	r->lines = 0;
}

struct rows *
rows_open_part(int fd, const char *path, off_t from, off_t to, struct err *e)
{
	struct rows *r = make(unpack_open_plain(fd), path, ROWS_JSONL);

	r->limit = to;
	r->begin = from > 0 ? from - 1 : 0;
	if (lseek(fd, r->begin, SEEK_SET) < 0) {
		err_at(e, path, 0, 0, "cannot be read: %s", strerror(errno));
	} else if (from > 0) {
		pass_line(r);
		return r;
	} else if (begin(r, e) == 0) {
		return r;
	}
	rows_close(r);
	return NULL;
}

void
rows_close(struct rows *r)
{
	if (r == NULL)
		return;
	unpack_close(r->in);
	map_free(&r->index);
	arena_free(&r->names);
	mem_free(r->cells.cell);
	json_index_free(&r->json);
	mem_free(r->p);
	mem_free(r);
}

/* ---- records -------------------------------------------------------------------------- */

static int
take_object(struct rows *r, struct str text, struct row *row, struct err *e)
{
	static const char *const what[] = {
		[JT_NULL] = "null", [JT_FALSE] = "false", [JT_TRUE] = "true",
		[JT_NUMBER] = "a number", [JT_STRING] = "a string", [JT_ARRAY] = "an array",
	};
	struct json_fault fault;
	size_t column = 1;

	if (json_parse_indexed(text, &r->json, &row->object, &fault) == 0) {
		if (row->object.type == JT_OBJECT)
			return 1;
		fault.why = what[row->object.type];
		fault.at = (size_t)(row->object.raw.p - text.p);
	}
	for (size_t i = 0; i < fault.at; i++)   /* in characters, as editors count */
		column += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return bad_record(r, e, "not a JSON object: %s at column %zu", fault.why, column);
}

static int
take_cells(struct rows *r, char *p, size_t len, struct row *row, struct err *e)
{
	size_t n;

	if (split(r, p, len, e) < 0)
		return -1;
	n = r->cells.n;
	if (n != r->ncolumn)
		return bad_record(r, e, "%zu cell%s where the header has %zu", n, n == 1 ? "" : "s",
		    r->ncolumn);
	row->cell = r->cells.cell;
	row->ncell = n;
	return 1;
}

int
rows_next(struct rows *r, struct row *row, struct err *e)
{
	size_t len;
	char *p;
	int got;

	do {
		if ((got = next_record(r, &p, &len, e)) <= 0)
			return got;
	} while (is_blank(r, p, len));
	*row = (struct row){ .line = r->line };
	if (r->format == ROWS_JSONL)
		return take_object(r, (struct str){ p, len }, row, e);
	return take_cells(r, p, len, row, e);
}

static bool
value_of(struct json v, struct str *out, struct arena *a)
{
	if (v.type == JT_NONE || v.type == JT_NULL)
		return false;
	*out = v.type == JT_STRING ? json_text(v, a) : v.raw;
	return true;
}

void
rows_pick(const struct rows *r, const struct row *row, struct pick *pick, size_t n, struct arena *a)
{
	struct json_iter it = { .of = row->object };
	struct json v;

	for (size_t i = 0; i < n; i++) {
		bool walk = r->format == ROWS_JSONL && pick[i].name.n > 0 && pick[i].name.p[0] != '/';

		pick[i].value = STR("");
		pick[i].found = pick[i].name.n > 0 && !walk &&
		    rows_field(r, row, pick[i].name, &pick[i].value, a);
	}
	while (r->format == ROWS_JSONL && json_next(&it, &v))
		for (size_t i = 0; i < n; i++)
			if (pick[i].name.n > 0 && json_key_is(it.key, pick[i].name))
				pick[i].found = value_of(v, &pick[i].value, a);
}

bool
rows_field(const struct rows *r, const struct row *row, struct str name, struct str *out,
    struct arena *a)
{
	uint64_t *i;

	if (r->format != ROWS_JSONL) {
		if ((i = map_get(&r->index, name)) == NULL || *i >= row->ncell)
			return false;
		*out = row->cell[*i];
		return true;
	}
	return value_of(json_at(row->object, name), out, a);
}

const char *
rows_fault(const struct rows *r, long *line)
{
	*line = r->line;
	return r->why;
}

const char *
rows_broken(const struct rows *r)
{
	const char *why = unpack_fault(r->in);

	return why[0] == '\0' ? NULL : why;
}

const struct str *
rows_columns(const struct rows *r, size_t *n)
{
	*n = r->ncolumn;
	return r->column;
}
