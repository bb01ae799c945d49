/*
 * test_rows.c -- records from files of every kind, and the exact words for those that are bad.
 *
 * What is read is written down as text, one line per record or message, and compared whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "harness/base/base.h"

#define LIT(s) { (s), sizeof(s) - 1 }

static int
memory_file(struct str s)
{
	int fd = memfd_create("rows", 0);
	size_t at = 0;

	assert_true(fd >= 0);
	while (at < s.n) {
		ssize_t n = write(fd, s.p + at, s.n - at);

		assert_true(n > 0);
		at += (size_t)n;
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
gzip_to(struct buf *out, struct str s)
{
	z_stream z = { 0 };
	size_t room;
	char *p;

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	room = deflateBound(&z, s.n);
	p = mem_alloc(room, 1);
	z.next_in = (unsigned char *)s.p;
	z.avail_in = (unsigned)s.n;
	z.next_out = (unsigned char *)p;
	z.avail_out = (unsigned)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_add(out, p, room - z.avail_out);
	deflateEnd(&z);
	mem_free(p);
}

static void
zstd_to(struct buf *out, struct str s)
{
	size_t room = ZSTD_compressBound(s.n), n;
	char *p = mem_alloc(room, 1);

	n = ZSTD_compress(p, room, s.p, s.n, 3);
	assert_false(ZSTD_isError(n));
	buf_add(out, p, n);
	mem_free(p);
}

/* All of an input: "LINE cell|cell" or "LINE {...}" per record, "! sentence" per mistake. */
static void
read_all(const char *path, enum rows_format format, struct str input, struct buf *out)
{
	struct err e = { 0 };
	struct rows *r = rows_open(memory_file(input), path, format, &e);
	struct row row;
	int got;

	buf_reset(out);
	if (r == NULL) {
		buf_fmt(out, "! %s", e.msg);
		return;
	}
	while ((got = rows_next(r, &row, &e)) != 0) {
		if (got < 0) {
			buf_fmt(out, "! %s", e.msg);
			e = (struct err){ 0 };
			continue;
		}
		buf_fmt(out, "%ld ", row.line);
		for (size_t i = 0; i < row.ncell; i++) {
			buf_puts(out, i ? "|" : "");
			buf_str(out, row.cell[i]);
		}
		buf_str(out, row.object.raw);
		buf_char(out, '\n');
	}
	assert_int_equal(e.n, 0);
	rows_close(r);
}

static const struct { const char *path; struct str input; const char *want; } table[] = {
	/* JSONL */
	{ "a.jsonl", LIT(""), "" },
	{ "a.jsonl", LIT("\n \t\r\n\n"), "" },
	{ "a.jsonl", LIT("{\"a\":1}\n\n  \r\n {\"b\":2} \r\n{}"), "1 {\"a\":1}\n4 {\"b\":2}\n5 {}\n" },
	{ "a.jsonl", LIT("\xef\xbb\xbf{\"a\":1}\n"), "1 {\"a\":1}\n" },
	{ "a.jsonl", LIT("{}\nnot\n{\"a\":1,\"a\":2}\n{}\n"),
	  "1 {}\n! a.jsonl:2: not a JSON object: a value is expected at column 1\n"
	  "! a.jsonl:3: not a JSON object: a duplicate key at column 8\n4 {}\n" },
	{ "a.jsonl", LIT(" [1]\n\"x\"\n12\ntrue\nfalse\nnull\n{}\n"),
	  "! a.jsonl:1: not a JSON object: an array at column 2\n"
	  "! a.jsonl:2: not a JSON object: a string at column 1\n"
	  "! a.jsonl:3: not a JSON object: a number at column 1\n"
	  "! a.jsonl:4: not a JSON object: true at column 1\n"
	  "! a.jsonl:5: not a JSON object: false at column 1\n"
	  "! a.jsonl:6: not a JSON object: null at column 1\n7 {}\n" },
	{ "a.jsonl", LIT("{\"\xc3\xa9\xe2\x82\xac\":\xff}\n{\"a\":\"\0\"}\n{\"a\":\"\xff\"}\n{"),
	  "! a.jsonl:1: not a JSON object: a value is expected at column 7\n"
	  "! a.jsonl:2: not a JSON object: a control character in a string at column 7\n"
	  "! a.jsonl:3: not a JSON object: invalid UTF-8 at column 7\n"
	  "! a.jsonl:4: not a JSON object: it ends too early at column 2\n" },
	{ "a.NDJSON", LIT("{}\n"), "1 {}\n" },
	{ "a.json", LIT("[\n{}]\n"), "! a.json:1: not a JSON object: it ends too early at column 2\n"
	  "! a.json:2: not a JSON object: something follows the value at column 3\n" },
	/* By the first byte */
	{ "-", LIT("\n {\"a\":1}\n"), "2 {\"a\":1}\n" },
	{ "-", LIT("\xef\xbb\xbf\r\n{}"), "2 {}\n" },
	{ "-", LIT("id,x\n1,2\n"), "2 1|2\n" },
	{ "-", LIT(""), "! -: it is empty, and needs a row of column names\n" },
	{ "a.jsonl", LIT("\xff\xfe{\0}\0"),
	  "! a.jsonl: it is UTF-16: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)\n" },
	{ "a.csv", LIT("\xfe\xff\0a"),
	  "! a.csv: it is UTF-16: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)\n" },
	/* CSV */
	{ "a.csv", LIT("id,t\n1,x\n"), "2 1|x\n" },
	{ "a.csv", LIT("id,t"), "" },
	{ "a.csv", LIT("\xef\xbb\xbfid,t\r\n1,x\r\n2,y"), "2 1|x\n3 2|y\n" },
	{ "a.csv", LIT("\"i\"\"d\",\"t\"\n\"a, \"\"b\"\"\",\"\"\n"), "2 a, \"b\"|\n" },
	{ "a.csv", LIT("id,t\n1,\"x\r\ny\nz\"\n2,\"\"\"\"\"\"\n\n,\n"),
	  "2 1|x\r\ny\nz\n5 2|\"\"\n7 |\n" },
	{ "a.csv", LIT("id,\"te\nxt\"\n1,x\n"), "3 1|x\n" },
	{ "a.csv", LIT("\n\nid\n\n\"\"\n7\n"), "5 \n6 7\n" },
	{ "a.csv", LIT("a,b,c\n1,2\n1,2,3,4\n1\n1,2,3\n"),
	  "! a.csv:2: 2 cells where the header has 3\n! a.csv:3: 4 cells where the header has 3\n"
	  "! a.csv:4: 1 cell where the header has 3\n5 1|2|3\n" },
	{ "a.csv", LIT("a,b\n1,x\"y\n\"1\"z,2\n\"1\" ,2\n3,4\n"),
	  "! a.csv:2: cell 2 has a stray quote (quote the cell and double its quotes)\n"
	  "! a.csv:3: cell 1 goes on after its closing quote (write \"\" for a quote)\n"
	  "! a.csv:4: cell 1 goes on after its closing quote (write \"\" for a quote)\n5 3|4\n" },
	{ "a.csv", LIT("a,b\n1,\"x\n2,y\n"), "! a.csv:2: a quote is opened and never closed\n" },
	{ "a.csv", LIT("a,b\n1\r,2\n3,4\n"),
	  "! a.csv:2: cell 1 has a carriage return outside quotes\n3 3|4\n" },
	{ "a.csv", LIT("a,b\n1,\0\n1,\xff\n1,\"\n\xed\xa0\x80\"\n3,4\n"),
	  "! a.csv:2: the record holds a NUL byte\n! a.csv:3: the record is not valid UTF-8\n"
	  "! a.csv:4: the record is not valid UTF-8\n6 3|4\n" },
	{ "a.csv", LIT("a,b,a,,b\n"), "! a.csv:1: columns 1 and 3 have the same name 'a'\n"
	  "a.csv:1: column 4 has no name\na.csv:1: columns 2 and 5 have the same name 'b'\n" },
	{ "a.csv", LIT("\n\"a\n"), "! a.csv:2: a quote is opened and never closed\n" },
	{ "a.csv", LIT(""), "! a.csv: it is empty, and needs a row of column names\n" },
	{ "a.csv", LIT("\r\n\n"), "! a.csv: it is empty, and needs a row of column names\n" },
	/* TSV */
	{ "a.tsv", LIT("id\tt\r\n1\t\"x\"\"\r\n\n2\t\n3\n"),
	  "2 1|\"x\"\"\n4 2|\n! a.tsv:5: 1 cell where the header has 2\n" },
	{ "a.tsv", LIT("a\tb\r\n1\t2\r"), "2 1|2\n" },
	{ "a.TAB", LIT("a,b\tc\n1,2\t3"), "2 1,2|3\n" },
	{ "a.tsv", LIT("a\t\tb\n"), "! a.tsv:1: column 2 has no name\n" },
};

static void
reads(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		read_all(table[i].path, ROWS_BY_NAME, table[i].input, &out);
		if (!str_is(buf_as_str(&out), table[i].want))
			fail_msg("input %zu gives\n%s\nand not\n%s", i, out.p ? out.p : "", table[i].want);
	}
	read_all("a.txt", ROWS_TSV, STR("a\tb\n1\t2\n"), &out);
	assert_string_equal(out.p, "2 1|2\n");
	read_all("a.csv", ROWS_JSONL, STR("{}\n"), &out);  /* what is asked for beats the name */
	assert_string_equal(out.p, "1 {}\n");
	buf_free(&out);
}

/* The same records, packed once and in two parts that meet within a record. */
static void
reads_packed(void **state)
{
	struct buf want = { 0 }, got = { 0 }, packed = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str s = table[i].input;

		for (int kind = 0; kind < 2; kind++) {
			void (*pack)(struct buf *, struct str) = kind ? zstd_to : gzip_to;

			for (size_t cut = 0; cut <= s.n; cut += s.n / 3 + 1) {
				buf_reset(&packed);
				pack(&packed, str_sub(s, 0, cut));
				pack(&packed, str_sub(s, cut, s.n));
				read_all(table[i].path, ROWS_BY_NAME, buf_as_str(&packed), &got);
				read_all(table[i].path, ROWS_BY_NAME, s, &want);
				assert_true(str_eq(buf_as_str(&got), buf_as_str(&want)));
			}
		}
	}
	buf_reset(&packed);
	gzip_to(&packed, STR("id\n7\n"));
	read_all("cases.csv.GZ", ROWS_BY_NAME, buf_as_str(&packed), &got);
	assert_string_equal(got.p, "2 7\n");
	read_all("cases.csv.zst", ROWS_BY_NAME, STR("id\n7\n"), &got);  /* by bytes, not by name */
	assert_string_equal(got.p, "2 7\n");
	buf_free(&want);
	buf_free(&got);
	buf_free(&packed);
}

static void
damage_is_told(void **state)
{
	static const struct str text = LIT("{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
	struct buf p = { 0 }, out = { 0 };
	size_t n;

	(void)state;
	gzip_to(&p, text);
	n = p.n;
	for (size_t cut = 2; cut < n; cut++) {
		read_all("a.jsonl", ROWS_BY_NAME, (struct str){ p.p, cut }, &out);
		assert_non_null(strstr(out.p, ": the gzip data ends too early\n"));
	}
	read_all("a.jsonl", ROWS_BY_NAME, (struct str){ p.p, n - 1 }, &out);
	assert_string_equal(out.p, "1 {\"id\":1}\n2 {\"id\":2}\n3 {\"id\":3}\n"
	    "! a.jsonl:4: the gzip data ends too early\n");
	p.p[n - 6] ^= 1;
	read_all("a.jsonl", ROWS_BY_NAME, buf_as_str(&p), &out);
	assert_string_equal(out.p, "1 {\"id\":1}\n2 {\"id\":2}\n3 {\"id\":3}\n"
	    "! a.jsonl:4: the gzip data is damaged (incorrect data check)\n");
	p.p[n - 6] ^= 1;
	buf_puts(&p, "tail");
	read_all("a.jsonl", ROWS_BY_NAME, buf_as_str(&p), &out);
	assert_string_equal(out.p, "1 {\"id\":1}\n2 {\"id\":2}\n3 {\"id\":3}\n"
	    "! a.jsonl:4: the gzip data is damaged (incorrect header check)\n");
	buf_reset(&p);
	zstd_to(&p, text);
	n = p.n;
	for (size_t cut = 4; cut < n; cut++) {
		read_all("a.jsonl", ROWS_BY_NAME, (struct str){ p.p, cut }, &out);
		assert_non_null(strstr(out.p, "! a.jsonl:1: the zstd data ends too early\n"));
	}
	buf_puts(&p, "tail");
	read_all("a.jsonl", ROWS_BY_NAME, buf_as_str(&p), &out);
	assert_non_null(strstr(out.p, "3 {\"id\":3}\n! a.jsonl:4: the zstd data is damaged ("));
	buf_free(&p);
	buf_free(&out);
}

static void
unreadable(void **state)
{
	struct err e = { 0 };
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	close(fd[0]);
	assert_null(rows_open(fd[1], "a.jsonl", ROWS_BY_NAME, &e));     /* the end for writing */
	assert_string_equal(e.msg, "a.jsonl:1: cannot be read: Bad file descriptor\n");
}

/* A pipe that gives `s` one byte at a time. */
static int
slow_pipe(struct str s)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	if (fork() == 0) {
		close(fd[0]);
		for (size_t i = 0; i < s.n; i++) {
			usleep(200);
			if (write(fd[1], s.p + i, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(fd[1]);
	return fd[0];
}

static void
reads_a_pipe(void **state)
{
	static const struct str text = LIT("\xef\xbb\xbfid,t\r\n1,\"a\r\n\"\"b\"\r\n2,c\r\n");
	struct buf b = { 0 };
	struct err e = { 0 };
	struct rows *r;
	struct row row;

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		buf_reset(&b);
		(kind == 0 ? buf_str : kind == 1 ? gzip_to : zstd_to)(&b, text);
		r = rows_open(slow_pipe(buf_as_str(&b)), "-", ROWS_BY_NAME, &e);
		assert_non_null(r);
		assert_int_equal(rows_next(r, &row, &e), 1);
		assert_int_equal(row.line, 2);
		assert_true(str_is(row.cell[1], "a\r\n\"b"));
		assert_int_equal(rows_next(r, &row, &e), 1);
		assert_int_equal(row.line, 4);
		assert_int_equal(rows_next(r, &row, &e), 0);
		rows_close(r);
		assert_true(wait(NULL) > 0);
	}
	buf_free(&b);
}

/* Records whose sizes put every part of them on every side of a read's end. */
static void
straddles(void **state)
{
	static const long size[] = { 64 << 10, 128 << 10, 256 << 10 };
	struct buf in = { 0 }, want = { 0 }, out = { 0 };

	(void)state;
	for (size_t s = 0; s < COUNT(size); s++) {
		for (long d = -40; d <= 3; d++) {
			buf_reset(&in);
			buf_reset(&want);
			buf_puts(&in, "{\"pad\":\"");
			for (long i = 0; i < size[s] + d; i++)
				buf_char(&in, 'x');
			buf_puts(&in, "\"}\r\n");
			buf_puts(&want, "1 ");
			buf_add(&want, in.p, in.n - 2);
			buf_puts(&in, "{\"b\":[1,2]}\r\n\n{\"c\":\"\xe2\x82\xac\"}");
			buf_puts(&want, "\n2 {\"b\":[1,2]}\n4 {\"c\":\"\xe2\x82\xac\"}\n");
			read_all("a.jsonl", ROWS_BY_NAME, buf_as_str(&in), &out);
			assert_true(str_eq(buf_as_str(&out), buf_as_str(&want)));

			buf_reset(&in);
			buf_reset(&want);
			buf_puts(&in, "id,t\r\n1,\"");
			buf_puts(&want, "2 1|");
			for (long i = 0; i < size[s] + d; i++)
				buf_char(&in, 'x');
			buf_add(&want, in.p + 9, in.n - 9);
			buf_puts(&in, "\"\"\r\n\"\"\"\r\n2,\"\"\r\n\"3\",\"\xe2\x82\xac\"\r\n");
			buf_puts(&want, "\"\r\n\"\n4 2|\n5 3|\xe2\x82\xac\n");
			read_all("a.csv", ROWS_BY_NAME, buf_as_str(&in), &out);
			assert_true(str_eq(buf_as_str(&out), buf_as_str(&want)));
		}
	}
	buf_free(&in);
	buf_free(&want);
	buf_free(&out);
}

/* A record of exactly ROWS_MAX bytes is read, one byte more is not, and reading goes on. */
static void
ceiling(void **state)
{
	struct buf in = { 0 }, out = { 0 };

	(void)state;
	for (int more = 0; more <= 4; more++) {
		char *p = mem_alloc(ROWS_MAX + 8, 1);
		bool fits = more == 0;

		memset(p, 'x', ROWS_MAX + 8);
		memcpy(p, "{\"a\":\"", 6);
		memcpy(p + ROWS_MAX + more - 2, "\"}", 2);
		buf_reset(&in);
		buf_add(&in, p, (size_t)(ROWS_MAX + more));
		buf_puts(&in, "\r\n{\"b\":1}\n");
		read_all("a.jsonl", ROWS_BY_NAME, buf_as_str(&in), &out);
		assert_int_equal(str_starts(buf_as_str(&out), STR("1 {\"a\":\"xx")), fits);
		if (!fits)
			assert_string_equal(out.p,
			    "! a.jsonl:1: the record is longer than 4194304 bytes\n2 {\"b\":1}\n");
		else
			assert_int_equal(out.n, 2 + ROWS_MAX + 1 + strlen("2 {\"b\":1}\n"));
		mem_free(p);
	}
	buf_reset(&in);
	buf_puts(&in, "a,b\n1,2\n3,\"");
	while (in.n < 3 * ROWS_MAX)
		buf_puts(&in, "text, and\n");
	read_all("a.csv", ROWS_BY_NAME, buf_as_str(&in), &out);
	assert_string_equal(out.p, "2 1|2\n"
	    "! a.csv:3: the record is longer than 4194304 bytes (is a quote left open?)\n");
	buf_free(&in);
	buf_free(&out);
}

static long
peak_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kb = 0;

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	fclose(f);
	return kb;
}

/* 512 MB of one letter, packed a thousandfold: refused in little memory. */
static void
bomb(void **state)
{
	struct buf packed = { 0 }, part = { 0 }, out = { 0 };
	char *x = mem_alloc(8 << 20, 1);
	long before;

	(void)state;
	memset(x, 'x', 8 << 20);
	for (int kind = 0; kind < 2; kind++) {
		buf_reset(&part);
		buf_reset(&packed);
		(kind ? zstd_to : gzip_to)(&part, (struct str){ x, 8 << 20 });
		for (int i = 0; i < 64; i++)
			buf_str(&packed, buf_as_str(&part));
		before = peak_kb();
		read_all("a.jsonl", ROWS_BY_NAME, buf_as_str(&packed), &out);
		assert_string_equal(out.p, "! a.jsonl:1: the record is longer than 4194304 bytes\n");
		assert_true(peak_kb() - before < 32 << 10);
	}
	mem_free(x);
	buf_free(&packed);
	buf_free(&part);
	buf_free(&out);
}

static void
hundred_thousand(void **state)
{
	struct buf text = { 0 }, packed = { 0 };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct rows *r;
	struct row row;
	struct str id;
	long n = 0, v;

	(void)state;
	for (long i = 0; i < 100000; i++)
		buf_fmt(&text, "{\"id\":%ld,\"text\":\"case \\u0041%ld\",\"tags\":[{\"k\":\"v\"}]}\n",
		    i, i);
	zstd_to(&packed, buf_as_str(&text));
	r = rows_open(memory_file(buf_as_str(&packed)), "a.jsonl.zst", ROWS_BY_NAME, &e);
	assert_non_null(r);
	for (; rows_next(r, &row, &e) == 1; n++) {
		assert_int_equal(row.line, n + 1);
		assert_true(rows_field(r, &row, STR("id"), &id, &a));
		assert_true(str_long(id, &v) && v == n);
		arena_reset(&a);
	}
	assert_int_equal(n, 100000);
	assert_int_equal(e.n, 0);
	rows_close(r);
	arena_free(&a);
	buf_free(&text);
	buf_free(&packed);
}

static void
fields(void **state)
{
	static const struct { struct str name; const char *want; } t[] = {
		{ LIT("s"), "a\nb" }, { LIT("/s"), "a\nb" }, { LIT("n"), "1.50" }, { LIT("t"), "true" },
		{ LIT("z"), NULL }, { LIT("none"), NULL }, { LIT("o"), "{\"x\": [1]}" },
		{ LIT("/o/x"), "[1]" }, { LIT("/o/x/0"), "1" }, { LIT("/o/y"), NULL }, { LIT("e"), "" },
		{ LIT("a/b"), "7" }, { LIT("/a~1b"), "7" }, { LIT("/a/b"), NULL },
	};
	struct arena a = { 0 };
	struct err e = { 0 };
	struct row row;
	struct str out;
	size_t n = 9;
	struct rows *r = rows_open(memory_file(STR("{\"s\":\"a\\nb\",\"n\":1.50,\"t\":true,"
	    "\"z\":null,\"o\":{\"x\": [1]},\"e\":\"\",\"a/b\":7}\n")), "-", ROWS_BY_NAME, &e);

	(void)state;
	assert_int_equal(rows_next(r, &row, &e), 1);
	assert_null(rows_columns(r, &n));
	assert_int_equal(n, 0);
	for (size_t i = 0; i < COUNT(t); i++) {
		bool there = rows_field(r, &row, t[i].name, &out, &a);

		assert_int_equal(there, t[i].want != NULL);
		assert_true(!there || str_is(out, t[i].want));
	}
	rows_close(r);
	r = rows_open(memory_file(STR("id,/a/b,\"x,y\"\n1,2,\n")), "a.csv", ROWS_BY_NAME, &e);
	assert_int_equal(rows_next(r, &row, &e), 1);
	assert_true(str_is(rows_columns(r, &n)[2], "x,y"));
	assert_int_equal(n, 3);
	assert_true(rows_field(r, &row, STR("/a/b"), &out, &a) && str_is(out, "2"));
	assert_true(rows_field(r, &row, STR("x,y"), &out, &a) && str_is(out, ""));
	assert_false(rows_field(r, &row, STR("ID"), &out, &a));
	rows_close(r);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(reads_packed),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(reads_a_pipe),
		cmocka_unit_test(straddles),
		cmocka_unit_test(ceiling),
		cmocka_unit_test(bomb),
		cmocka_unit_test(hundred_thousand),
		cmocka_unit_test(fields),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
