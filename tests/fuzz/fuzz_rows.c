/*
 * fuzz_rows.c -- any bytes as JSONL, CSV or TSV, packed or not; the first byte picks.
 *
 * Reading ends, lines only grow, no record is longer than allowed and each has the columns
 * of the header; whatever is wrong is said.
 */
#include "harness/base/base.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
need(bool held, const char *what)
{
	if (!held)
		bug("%s", what);
}

static void
check_row(const struct rows *r, const struct row *row)
{
	struct arena a = { 0 };
	struct str out = { 0 };
	size_t ncolumn;
	const struct str *column = rows_columns(r, &ncolumn);

	need(row->ncell == ncolumn, "cells and columns differ");
	for (size_t i = 0; i < ncolumn; i++) {
		need(rows_field(r, row, column[i], &out, &a), "a column is not found");
		need(str_eq(out, row->cell[i]), "a field is another cell");
		need(out.n <= ROWS_MAX && str_bad_utf8(out) < 0, "a cell is too long or broken");
	}
	if (column == NULL) {
		need(row->object.type == JT_OBJECT, "a record is no object");
		rows_field(r, row, STR("/a/0"), &out, &a);
		rows_field(r, row, STR("id"), &out, &a);
	}
	arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum rows_format format[] = { ROWS_BY_NAME, ROWS_JSONL, ROWS_CSV, ROWS_TSV };
	struct err e = { 0 };
	struct rows *r;
	struct row row;
	long last = 0;
	int fd, got, before;

	if (size == 0)
		return 0;
	if ((fd = memfd_create("rows", 0)) < 0 ||
	    write(fd, data + 1, size - 1) != (ssize_t)(size - 1) || lseek(fd, 0, SEEK_SET) != 0)
		die(EXIT_SURROUNDINGS, "no memory file can be made");
	r = rows_open(fd, "input", format[data[0] % COUNT(format)], &e);
	need((r == NULL) == (e.n > 0), "a failure without a sentence");
	if (r == NULL)
		return 0;
	before = e.n;
	while ((got = rows_next(r, &row, &e)) != 0) {
		need(got > 0 ? e.n == before : e.n == before + 1, "sentences do not match failures");
		before = e.n;
		if (got < 0)
			continue;
		need(row.line > last, "lines do not grow");
		last = row.line;
		check_row(r, &row);
	}
	need(rows_next(r, &row, &e) == 0, "after the end comes more");
	rows_close(r);
	return 0;
}
