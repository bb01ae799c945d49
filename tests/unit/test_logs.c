/*
 * test_logs.c -- one log of every shape as it is found in the wild, and logs that mean harm.
 *
 * What is read is written down as text, one line per record, and compared whole.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>
#include <zlib.h>

#include "drift/drift.h"

#define FIXTURES "tests/unit/fixtures/logs/"

/* ---- what was read, as text -------------------------------------------------------------- */

static void
write_record(void *ctx, size_t piece, const struct record *r, struct arena *a)
{
	struct buf *b = ctx;

	assert_int_equal(piece, 0);
	for (int i = 0; i < RECORD_TEXTS; i++) {
		buf_puts(b, i > 0 ? "|" : "");
		buf_str(b, r->has_text[i] ? str_visible(r->text[i], 200, false, a) : STR("-"));
	}
	for (int i = 0; i < RECORD_NUMBERS; i++) {
		buf_char(b, '|');
		if (r->has_number[i])
			buf_fmt(b, "%.15g", r->number[i]);
		else
			buf_char(b, '-');
	}
	buf_char(b, '\n');
}

static struct log_counts
read_one(const struct log_plan *plan, const char *path, struct buf *b)
{
	struct log_counts counts;
	struct err e = { 0 };

	assert_int_equal(logs_read(plan, &path, 1, write_record, b, &counts, &e), 0);
	assert_int_equal(e.n, 0);
	return counts;
}

static void
is_read(const char *file, const struct log_plan *plan, long other, const char *expected)
{
	char path[200];
	struct buf b = { 0 };
	struct log_counts counts;

	snprintf(path, sizeof path, FIXTURES "%s", file);
	counts = read_one(plan, path, &b);
	assert_string_equal(b.p, expected);
	assert_int_equal(counts.other, other);
	assert_int_equal(counts.bad, 0);
	assert_int_equal(counts.torn, 0);
	buf_free(&b);
}

int
main(int argc, char **argv)
{
	struct log_plan p = { .max_bad = LOG_MAX_BAD };
	struct err e = { 0 };
	struct arena a = {0};
	struct log_field f[4];
	log_field_read(&f[0], "time=when", &a, &e);
	log_field_read(&f[1], "input=prompt", &a, &e);
	log_field_read(&f[2], "output=answer", &a, &e);
	log_field_read(&f[3], "latency=ms ms", &a, &e);
	if (argc > 2) { p.field = f; p.nfield = 4; }
	struct buf b = {0};
	struct log_counts c = read_one(&p, argv[1], &b);
	printf("%sother %ld bad %ld torn %ld %s\n", b.p, c.other, c.bad, c.torn, c.sample[0]);
	(void)is_read;
}
