/*
 * test_log_parts.c -- a log that is read in parts is the log that is read as a whole.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "drift/drift.h"

enum { PIECES = 8 };
#define WHOLE ((off_t)1 << 40)

struct seen { long records; uint64_t hashes; };

static void
see(void *ctx, size_t piece, const struct record *r, struct arena *a)
{
	struct seen *s = ctx;

	(void)a;
	assert_true(piece < PIECES);
	s[piece].records++;
	s[piece].hashes += rng_next(r->hash, 1);        /* a sum knows no order */
}

static void
threads(const char *n)
{
	assert_int_equal(n ? setenv("DRIFTLEAD_THREADS", n, 1) : unsetenv("DRIFTLEAD_THREADS"), 0);
}

/* Reads it with parts of so many bytes: what was seen, and the counts. */
static struct seen
read_in(const char *path, off_t part, struct log_counts *counts)
{
	struct log_plan plan = { .max_bad = 1, .part = part };
	struct seen piece[PIECES] = { 0 }, all = { 0 };
	struct err e = { 0 };

	assert_int_equal(logs_read(&plan, &path, 1, see, piece, counts, &e), 0);
	for (size_t i = 0; i < PIECES; i++) {
		all.records += piece[i].records;
		all.hashes += piece[i].hashes;
	}
	assert_int_equal(all.records, counts->records);
	return all;
}

/* The same counts and sentences, and the same records, however it is cut. */
static void
same_in_parts(const char *path, const off_t *part, size_t n)
{
	static const char *const most[] = { "1", "2", "7" };
	struct log_counts whole, parts;
	struct seen all = read_in(path, WHOLE, &whole);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < COUNT(most); k++) {
			struct seen some;

			threads(most[k]);
			some = read_in(path, part[i], &parts);
			threads(NULL);
			assert_memory_equal(&some, &all, sizeof all);
			assert_int_equal(parts.other, whole.other);
			assert_int_equal(parts.bad, whole.bad);
			assert_int_equal(parts.torn, whole.torn);
			assert_int_equal(parts.nsample, whole.nsample);
			for (size_t s = 0; s < whole.nsample; s++)
				assert_string_equal(parts.sample[s], whole.sample[s]);
		}
	}
}

/* A file of this text; the path is for the caller to unlink. */
static void
put(char path[32], struct str text)
{
	int fd;

	snprintf(path, 32, "/tmp/driftlead-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	for (size_t at = 0; at < text.n; ) {
		ssize_t n = write(fd, text.p + at, text.n - at);

		assert_true(n > 0);
		at += (size_t)n;
	}
	close(fd);
}

/* Lines of many lengths; a sixteenth is bad, blank or no request. */
static void
write_lines(struct buf *b, long n)
{
	buf_puts(b, "\xef\xbb\xbf");
	for (long i = 0; i < n; i++) {
		uint64_t draw = rng_next(11, (uint64_t)i);

		switch (i > 40 ? draw % 48 : 3) {
		case 0:
			buf_puts(b, "{\"broken\": \n");
			break;
		case 1:
			buf_puts(b, "\n  \r\n");
			break;
		case 2:
			buf_puts(b, "[]\r\n");
			break;
		default:
			buf_fmt(b, "{\"id\":\"r%ld\",\"latency\":%ld.5,\"model\":\"m%d\",\"output\":\"", i,
			    i % 97, (int)(draw % 5));
			for (uint64_t k = draw >> 8 & 63; k > 0; k--)
				buf_puts(b, "ärger ");
			buf_puts(b, i % 3 ? "\"}\n" : "\"}\r\n");
		}
	}
	buf_puts(b, "{\"id\":\"the last has no line end\"}");
}

static void
test_any_cut(void **state)
{
	static const off_t part[] = { 1, 2, 63, 64, 100, 777, 4096, 65537, 100000 };
	struct buf b = { 0 };
	char path[32];

	(void)state;
	write_lines(&b, 600);
	put(path, buf_as_str(&b));
	same_in_parts(path, part, COUNT(part));
	unlink(path);
	buf_free(&b);
}

static void
test_edges(void **state)
{
	static const char *const text[] = {
		"", "\n", "\n\n\n\n", "{\"id\":\"1\"}", "{\"id\":\"1\"}\n",
		"\n{\"id\":\"1\"}\n\n{\"id\":\"2\"}\n", "!\n!\n{\"id\":\"1\"}\n!\n!",
		"{\"id\":\"1\"}\n\x1f\x8b\x08\n(\xb5/\xfd\n\xef\xbb\xbf{}\n\xff\xfe\n",
		"{\"call_type\":\"embedding\",\"startTime\":1,\"model_group\":\"m\"}\n{\"id\":\"1\"}\n{}\n",
	};
	static const off_t part[] = { 1, 2, 3, 5, 8, 11 };

	(void)state;
	for (size_t i = 0; i < COUNT(text); i++) {
		char path[32], named[48];

		put(path, str_of(text[i]));
		snprintf(named, sizeof named, "%s.jsonl", path);
		assert_int_equal(rename(path, named), 0);
		same_in_parts(named, part, COUNT(part));
		unlink(named);
	}
}

/* A line longer than many parts, and longer than a record may be. */
static void
test_long_lines(void **state)
{
	static const off_t part[] = { 100000, 1 << 20, 3 << 20 };
	struct buf b = { 0 };
	char path[32];

	(void)state;
	write_lines(&b, 50);
	for (int i = 0; i < 2; i++) {
		size_t n = i == 0 ? 3 << 20 : (4 << 20) + 100;

		buf_puts(&b, "\n{\"id\":\"long\",\"output\":\"");
		for (size_t k = 0; k < n; k++)
			buf_char(&b, 'x');
		buf_puts(&b, "\"}\n");
		write_lines(&b, 50);
	}
	put(path, buf_as_str(&b));
	same_in_parts(path, part, COUNT(part));
	unlink(path);
	buf_free(&b);
}

/* Profiles have equal bytes. */
static void
test_profiles(void **state)
{
	static const off_t part[] = { WHOLE, 1, 1000, 30000 };
	struct log_plan plan = { .max_bad = 1 };
	struct arena a = { 0 };
	struct buf b = { 0 }, whole = { 0 };
	struct watched *w;
	struct err e = { 0 };
	const char *log;
	char path[32];
	size_t n;

	(void)state;
	write_lines(&b, 2000);
	put(path, buf_as_str(&b));
	log = path;
	assert_int_equal(logs_infer(&plan, &log, 1, &w, &n, &a, &e), 0);
	for (size_t i = 0; i < COUNT(part); i++) {
		struct profile *p;
		struct buf bytes = { 0 };

		plan.part = part[i];
		threads(i % 2 ? "3" : "1");
		p = logs_profile(&plan, &log, 1, w, n, 100, false, 0, &a, &e);
		threads(NULL);
		assert_non_null(p);
		profile_write(&bytes, p);
		if (i == 0)
			buf_str(&whole, buf_as_str(&bytes));
		assert_int_equal(bytes.n, whole.n);
		assert_memory_equal(bytes.p, whole.p, whole.n);
		profile_free(p);
		buf_free(&bytes);
	}
	unlink(path);
	arena_free(&a);
	buf_free(&b);
	buf_free(&whole);
}

/* Only the first records are wanted: they are the first of the file, in its order. */
static void
in_order(void *ctx, size_t piece, const struct record *r, struct arena *a)
{
	long *last = ctx;
	char want[32];

	(void)a;
	assert_int_equal(piece, 0);
	snprintf(want, sizeof want, "r%ld", ++*last);
	assert_true(str_is(r->text[RECORD_ID], want));
}

static void
test_first_records(void **state)
{
	struct log_plan plan = { .max_bad = 1, .part = 100, .most = 40 };
	struct log_counts c;
	struct buf b = { 0 };
	struct err e = { 0 };
	const char *log;
	char path[32];
	long last = -1;

	(void)state;
	write_lines(&b, 600);
	put(path, buf_as_str(&b));
	log = path;
	assert_int_equal(logs_read(&plan, &log, 1, in_order, &last, &c, &e), 0);
	assert_int_equal(last, 39);
	assert_int_equal(c.records, 40);
	unlink(path);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_cut), cmocka_unit_test(test_edges),
		cmocka_unit_test(test_long_lines), cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_first_records),
	};

	return cmocka_run_group_tests_name("log parts", tests, NULL, NULL);
}
