/*
 * cmd/export.c -- `driftlead export RUN`: every answer with its scores, as JSONL or CSV.
 *
 * Rows are streamed.  In CSV a field that a spreadsheet would run as a formula gets a leading
 * apostrophe and control characters are made visible; --raw turns both off.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct options { struct common common; const char *format, *out; bool raw; };

static const struct opt options[] = {
	{ "format", 0, OPT_TEXT, offsetof(struct options, format), "FORMAT", "jsonl (default) or csv" },
	{ "output", 'o', OPT_TEXT, offsetof(struct options, out), "FILE",
	  "write there, all or nothing" },
	{ "raw", 0, OPT_FLAG, offsetof(struct options, raw), NULL,
	  "csv: fields byte for byte, formulas and control characters included" },
	{ 0 }
};

static const char rows_sql[] =
	"SELECT t.case_id, c.rep, t.slice_name, c.outcome, c.text, t.input, t.expect, c.ms_total,"
	"       c.tokens_in, c.tokens_out, c.cost, c.attempts, c.served, c.why, c.test_case"
	"  FROM v_completion c JOIN v_case t ON t.id = c.test_case WHERE c.run = ?"
	"  ORDER BY c.test_case, c.rep";
static const char *const column[] = { "case", "rep", "slice", "outcome", "answer", "input",
	"expect", "ms", "tokens_in", "tokens_out", "cost", "attempts", "served", "why" };

enum { EXPECT = 6 };                      /* is JSON as it is stored */

static bool
is_number(int col)
{
	return col == 1 || (col >= 7 && col <= 11);
}

struct writing {
	struct store *store;
	long          run;
	bool          csv, raw;
	struct texts  metric;
};

/* A number, or in JSON anything; in CSV a value that is missing is an empty field. */
static void
one_cell(struct buf *b, const struct writing *w, struct query *q, int col)
{
	if (!w->csv || !query_null(q, col))
		query_json(q, col, b);
}

static void
score_cells(struct buf *b, const struct writing *w, long test_case, long rep, struct arena *a)
{
	struct query *q = store_query(w->store, "SELECT metric_name, value, metric FROM v_score"
	    " WHERE run = ? AND test_case = ? AND rep = ? ORDER BY metric", "iii", w->run, test_case,
	    rep);
	size_t next = 0;

	if (!w->csv)
		buf_puts(b, ",\"scores\":{");
	while (query_next(q)) {
		for (; w->csv && next < (size_t)query_long(q, 2); next++)
			buf_char(b, ',');
		next++;
		if (w->csv)
			buf_char(b, ',');
		else
			buf_key(b, str_cstr(query_text(q, 0), a));
		one_cell(b, w, q, 1);
	}
	for (; w->csv && next < w->metric.n; next++)
		buf_char(b, ',');
	if (!w->csv)
		buf_char(b, '}');
}

static void
one_row(struct buf *b, const struct writing *w, struct query *q, struct arena *a)
{
	if (!w->csv)
		buf_char(b, '{');
	for (int i = 0; i < (int)COUNT(column); i++) {
		if (w->csv && i)
			buf_char(b, ',');
		if (!w->csv)
			buf_key(b, column[i]);
		if (!w->csv && i == EXPECT && query_text(q, i).n)
			buf_str(b, query_text(q, i));
		else if (!w->csv || is_number(i))
			one_cell(b, w, q, i);
		else if (!query_null(q, i))
			buf_csv(b, query_text(q, i), w->raw, a);
	}
	score_cells(b, w, query_long(q, 14), query_long(q, 1), a);
	buf_puts(b, w->csv ? "\r\n" : "}\n");
}

static void
header(struct buf *b, const struct writing *w, struct arena *a)
{
	for (size_t i = 0; i < COUNT(column); i++)
		buf_fmt(b, "%s%s", i ? "," : "", column[i]);
	for (size_t i = 0; i < w->metric.n; i++) {
		buf_char(b, ',');
		buf_csv(b, str_of(w->metric.text[i]), false, a);
	}
	buf_puts(b, "\r\n");
}

static int
write_rows(FILE *f, const struct writing *w)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct query *q = store_query(w->store, rows_sql, "i", w->run);

	if (w->csv)
		header(&b, w, &a);
	while (query_next(q)) {
		arena_reset(&a);
		one_row(&b, w, q, &a);
		if (b.n > 1 << 16) {
			fwrite(b.p, 1, b.n, f);
			buf_reset(&b);
		}
	}
	if (b.n)
		fwrite(b.p, 1, b.n, f);
	buf_free(&b);
	arena_free(&a);
	return fflush(f) != 0 || ferror(f) ? -1 : 0;
}

/* *tmp is what to rename to `path` when all is written.  A device or a pipe is written to as it
 * is (NULL): a rename would put a file in its place. */
static FILE *
open_output(const char *path, const char **tmp, struct arena *a)
{
	struct stat st;
	int fd;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return fopen(path, "we");
	*tmp = arena_fmt(a, "%s.%ld.tmp", path, (long)getpid());
	fd = open(*tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

static int
export(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct writing w = { .store = s->store, .raw = o->raw };
	const char *tmp = NULL;
	struct query *q;
	FILE *f = stdout;
	int why;

	if (o->format != NULL && strcmp(o->format, "jsonl") != 0 && strcmp(o->format, "csv") != 0) {
		err_set(e, "format '%s' is not jsonl or csv", o->format);
		return EXIT_MISTAKE;
	}
	w.csv = o->format != NULL && strcmp(o->format, "csv") == 0;
	if ((w.run = run_resolve(s->store, s->operand.text[0], NULL, e)) == 0)
		return EXIT_MISTAKE;
	w.metric.text = arena_array(s->arena, (size_t)store_long(s->store, 0,
	    "SELECT count(*) FROM v_metric WHERE run = ?", "i", w.run), sizeof *w.metric.text);
	q = store_query(s->store, "SELECT name FROM v_metric WHERE run = ? ORDER BY metric", "i",
	    w.run);
	while (query_next(q))
		w.metric.text[w.metric.n++] = str_cstr(query_text(q, 0), s->arena);
	if (o->out != NULL && strcmp(o->out, "-") != 0 &&
	    (f = open_output(o->out, &tmp, s->arena)) == NULL) {
		err_set(e, "cannot write '%s': %s", o->out, strerror(errno));
		return EXIT_SURROUNDINGS;
	}
	why = write_rows(f, &w) != 0 || (tmp != NULL && fsync(fileno(f)) != 0) ? errno : 0;
	if (f != stdout && fclose(f) != 0 && why == 0)
		why = errno;
	if (tmp != NULL && why == 0 && rename(tmp, o->out) != 0)
		why = errno;
	if (why == 0)
		return EXIT_PASS;
	err_set(e, "cannot write '%s': %s", o->out ? o->out : "standard output", strerror(why));
	if (tmp != NULL)
		unlink(tmp);
	return EXIT_SURROUNDINGS;
}

const struct command command_export = {
	.name = "export", .chapter = "read", .operands = "RUN",
	.help = "every answer with its scores, as JSONL or CSV",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT | NEEDS_STORE_READ,
	.min_operands = 1, .max_operands = 1, .no_json = true, .main = export,
};
