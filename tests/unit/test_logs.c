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

static const struct log_plan detect = { .max_bad = LOG_MAX_BAD };

static void
test_openai_jsonl(void **state)
{
	(void)state;
	is_read("openai.jsonl", &detect, 0,
	    "r-1|mini|mini-2026-10-01|Where is my \"parcel\"?|On its way.\\nIt comes today.|stop|"
	    "-|{\"team\":\"shop\"}|1795482913250|0.8425|0.12|21|9\n"
	    "resp_2|mini|mini-2026-10-01|Sum up\\nthis.|It is|max_output_tokens|-|-|1795482914000"
	    "|1.5|-|310|2\n"
	    "batch_req_3|-|-|-|-|-|rate_limit_error|-|-|-|-|-|-\n"
	    "msg_4|claude|claude-5|What is 6*7?|42|end_turn|-|-|-|-|-|30|1\n"
	    "cmpl-5|base|base|Once upon| a time|length|-|-|1795482915000|-|-|2|2\n"
	    "-|mini|-|hello|-|-|upstream timeout|-|1795482916000|-|-|-|-\n"
	    "chatcmpl-7|mini|mini|weather in Rome||tool_calls|-|-|-|-|-|-|-\n");
}

static void
test_stored_jsonl(void **state)
{
	(void)state;
	is_read("stored.jsonl", &detect, 1,
	    "chatcmpl-A|-|mini-2026-10-01|How do I pick a lock?|I cannot help with that.|stop|-|{"
	    "\"env\":\"prod\"}|1795482913000|-|-|21|9\n"
	    "chatcmpl-B|-|mini|-|Yes|stop|-|-|1795482914000|-|-|5|1\n"
	    "chatcmpl-C|-|mini|-|-|-|-|-|1795482915000|-|-|-|-\n");
}

static void
test_litellm_jsonl(void **state)
{
	(void)state;
	is_read("litellm.jsonl", &detect, 1,
	    "chatcmpl-L1|mini|mini-2026-10-01|Where is my parcel?|On its way.|stop|-|[\"shop\",\""
	    "de\"]|1795482913250|1.25|0.5|21|9\n"
	    "f-3|mini|mini|Hi|-|-|APITimeoutError|-|1795482915000|30|30|0|0\n");
}

static void
test_langfuse_jsonl(void **state)
{
	(void)state;
	is_read("langfuse.jsonl", &detect, 1,
	    "g-1|-|mini-2026-10-01|Where is my parcel?|On its way.|-|-|production|1795482913250|1"
	    ".25|0.5|21|9\n"
	    "g-2|-|mini|Hi|Hello|-|overloaded|staging|1795482915000|1.5|-|3|1\n"
	    "g-3|-|mini|{\"question\":\"Why?\"}|{\"answer\":\"So.\"}|-|-|[\"a\",\"b\"]|1795482917"
	    "000|-|-|3|1\n");
}

static void
test_otel_new_jsonl(void **state)
{
	(void)state;
	is_read("otel-new.jsonl", &detect, 3,
	    "chatcmpl-N|mini|mini-2026-10-01|Where is my parcel?|On its way.|stop|-|triage|179548"
	    "2913250|1.25|0.5|21|9\n"
	    "eee3|mini|-|Hi|Hello|length|timeout|-|1795482915000|-|-|3|1\n"
	    "eee5|mini|-|-|-|-|refused|-|1795482918000|1|-|12|-\n");
}

static void
test_otel_old_jsonl(void **state)
{
	(void)state;
	is_read("otel-old.jsonl", &detect, 1,
	    "0xe1|gpt|gpt-1|Where?|There.|-|-|-|1795482913250|1.25|-|21|9\n"
	    "0xe2|gpt|-|Tell me|Once|length|error|-|1795482915000|1|-|-|-\n"
	    "0xe3|gpt|-|How are you?|Fine.|stop|-|-|1795482917000|1|-|-|-\n"
	    "e4|-|-|-|Alone.|stop|-|-|1795482919000|-|-|-|-\n");
}

static void
test_otlp_jsonl(void **state)
{
	(void)state;
	is_read("otlp.jsonl", &detect, 3,
	    "chatcmpl-O|mini|mini-2026-10-01|Where is it?\\n|Here.|stop|-|-|1795482913250|1.25|0."
	    "5|21|9\n"
	    "a3|mini|-|Old?|Yes.|stop|error|-|1795482915000|1|-|-|-\n"
	    "b1|mini|-|-|-|-|timeout|-|1795482917000|-|-|-|-\n");
}

static void
test_generic_jsonl(void **state)
{
	(void)state;
	is_read("generic.jsonl", &detect, 0,
	    "a|-|-|Hi|Hello|-|-|-|1795482913000|0.5|-|3|-\n"
	    "-|-|-||-|-|-|-|-|-|-|-|-\n");
}

static void
test_generic_tsv(void **state)
{
	(void)state;
	is_read("generic.tsv", &detect, 0,
	    "1|-|-|Hi|-|-|-|-|-|0.5|-|-|-\n");
}

static void
test_generic_csv(void **state)
{
	static const char *const rule[] = { "time=when", "input=prompt", "output=answer",
		"latency=ms ms" };
	struct arena a = { 0 };
	struct log_field field[COUNT(rule)];
	struct log_plan plan = { .field = field, .nfield = COUNT(rule), .max_bad = LOG_MAX_BAD };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rule); i++)
		assert_int_equal(log_field_read(&field[i], rule[i], &a, &e), 0);
	is_read("generic.csv", &plan, 0,
	    "1|-|-|Where, exactly?|Here|-|-|-|1795482913000|0.25|-|-|1\n"
	    "2|-|-|Two\\nlines||-|-|-|1795482914000|1|-|-|-\n");
	arena_free(&a);
}

/* ---- harm ----------------------------------------------------------------------------------- */

/* A file with these bytes, named by its descriptor; *fd to close. */
static void
in_memory(char path[64], int *fd, struct str bytes)
{
	size_t at = 0;

	assert_true((*fd = memfd_create("log", 0)) >= 0);
	while (at < bytes.n) {
		ssize_t n = write(*fd, bytes.p + at, bytes.n - at);

		assert_true(n > 0);
		at += (size_t)n;
	}
	snprintf(path, 64, "/proc/self/fd/%d", *fd);
}

/* Every kind of line that is no record costs one, and what is around it is read. */
static void
test_bad_lines(void **state)
{
	static const struct { struct str line; const char *why; } bad[] = {
		{ { "{\"id\":\"\xff\"}", 10 }, "invalid UTF-8" },
		{ { "{\"id\":\"a\0b\"}", 12 }, "a control character in a string" },
		{ { "{\"id\":1,\"id\":2}", 15 }, "a duplicate key" },
		{ { "{\"id\":\"\\ud800\"}", 15 }, "a lone surrogate escape" },
		{ { "[{\"id\":1}]", 10 }, "an array" },
		{ { "{\"id\":1e999}", 12 }, "a number too large" },
		{ { "{\"id\":1", 7 }, "it ends too early" },
		{ { "Traceback", 9 }, "a value is expected" },
	};
	char path[64];
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf b = { 0 }, out = { 0 };
		struct log_counts c;

		buf_puts(&b, "{\"id\":\"x\"}\n");
		buf_str(&b, bad[i].line);
		buf_puts(&b, "\n{\"id\":\"y\"}\n");
		in_memory(path, &fd, buf_as_str(&b));
		c = read_one(&(struct log_plan){ .rows = ROWS_JSONL }, path, &out);
		assert_string_equal(out.p, "x|-|-|-|-|-|-|-|-|-|-|-|-\ny|-|-|-|-|-|-|-|-|-|-|-|-\n");
		assert_int_equal(c.bad, 1);
		assert_int_equal(c.nsample, 1);
		assert_non_null(strstr(c.sample[0], bad[i].why));
		assert_non_null(strstr(c.sample[0], ":2: "));
		close(fd);
		buf_free(&b);
		buf_free(&out);
	}
}

static void
repeat(struct buf *b, const char *s, size_t n)
{
	while (n-- > 0)
		buf_puts(b, s);
}

/* 10,000 brackets, 100 MB in a line, a sparse file: memory stays small. */
static void
test_large_lines(void **state)
{
	struct buf deep = { 0 }, out = { 0 };
	struct log_counts c;
	struct rusage before, after;
	char path[64], *block = mem_alloc(1 << 20, 1);
	int fd;

	(void)state;
	repeat(&deep, "{\"a\":", 10000);
	repeat(&deep, "}", 10000);
	buf_char(&deep, '\n');
	getrusage(RUSAGE_SELF, &before);
	in_memory(path, &fd, buf_as_str(&deep));
	memset(block, 'x', 1 << 20);
	assert_true(write(fd, "{\"id\":\"", 7) == 7);
	for (int i = 0; i < 100; i++)
		assert_true(write(fd, block, 1 << 20) == 1 << 20);
	assert_true(write(fd, "\"}\n{\"id\":\"z\"}\n", 14) == 14);
	assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_CUR) + (200 << 20)), 0);
	c = read_one(&(struct log_plan){ .rows = ROWS_JSONL }, path, &out);
	assert_string_equal(out.p, "z|-|-|-|-|-|-|-|-|-|-|-|-\n");
	assert_int_equal(c.bad, 3);
	assert_non_null(strstr(c.sample[0], "nested too deeply"));
	assert_non_null(strstr(c.sample[1], "longer than"));
	assert_non_null(strstr(c.sample[2], "longer than"));
	getrusage(RUSAGE_SELF, &after);
	/* What the kernel counts for the file itself is not ours: only the reader's buffers are. */
	assert_true(after.ru_maxrss - before.ru_maxrss < 64 << 10);
	close(fd);
	mem_free(block);
	buf_free(&deep);
	buf_free(&out);
}

static void
test_torn(void **state)
{
	struct buf text = { 0 }, out = { 0 };
	struct log_counts c;
	z_stream z = { 0 };
	unsigned char packed[65536];
	char path[64];
	int fd;

	(void)state;
	for (int i = 0; i < 2000; i++)
		buf_fmt(&text, "{\"id\":\"%d\"}\n", i);
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)text.p;
	z.avail_in = (unsigned)text.n;
	z.next_out = packed;
	z.avail_out = sizeof packed;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	in_memory(path, &fd, (struct str){ (char *)packed, z.total_out / 2 });
	c = read_one(&(struct log_plan){ .rows = ROWS_JSONL }, path, &out);
	assert_true(c.records > 100 && c.records < 2000);
	assert_int_equal(c.bad, 1);
	assert_int_equal(c.torn, 1);
	assert_non_null(strstr(c.sample[0], "ends too early"));
	close(fd);
	buf_free(&text);
	buf_free(&out);
}

/* ---- the rest of the record ------------------------------------------------------------------ */

static void
write_values(void *ctx, size_t piece, const struct record *r, struct arena *a)
{
	static const char *const name[] = { "id", "latency", "tokens_in", "/meta/intent",
		"/meta/score", "/meta/flag", "/meta/empty", "/meta/nothing", "meta", "/meta/user",
		"/meta/card", "none" };
	static const char *const kind[] = { "missing", "empty", "other", "number", "text" };
	struct buf *b = ctx;

	(void)piece;
	for (size_t i = 0; i < COUNT(name); i++) {
		struct value v = record_value(r, str_of(name[i]), a);

		buf_fmt(b, "%s %s", name[i], kind[v.kind]);
		if (v.kind == VALUE_NUMBER)
			buf_fmt(b, " %g", v.number);
		if (v.kind == VALUE_TEXT)
			buf_fmt(b, " %.*s", STR_ARG(v.text));
		buf_char(b, '\n');
	}
}

static void
test_values(void **state)
{
	static const char expected[] =
	    "id text a\nlatency number 0.5\ntokens_in number 3\n/meta/intent text greet\n"
	    "/meta/score number 0.25\n/meta/flag text true\n/meta/empty empty\n/meta/nothing miss"
	    "ing\n"
	    "meta text {\"intent\":\"greet\",\"score\":0.25,\"empty\":[],\"flag\":true,"
	    "\"nothing\":null}\n/meta/user missing\n/meta/card missing\nnone missing\n"
	    "id missing\nlatency missing\ntokens_in missing\n/meta/intent missing\n"
	    "/meta/score missing\n/meta/flag missing\n/meta/empty missing\n/meta/nothing missing\n"
	    "meta text {\"user\":\"[email]\",\"card\":[card]}\n/meta/user text [email]\n"
	    "/meta/card text [card]\nnone missing\n";
	const char *path = FIXTURES "generic.jsonl";
	struct redact rules = { .kinds = REDACT_EMAIL | REDACT_CARD };
	struct log_counts c;
	struct buf b = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(logs_read(&(struct log_plan){ .redact = &rules }, &path, 1, write_values, &b,
	    &c, &e), 0);
	assert_string_equal(b.p, expected);
	buf_free(&b);
}

static void
test_hidden(void **state)
{
	struct arena a = { 0 };
	struct redact rules = { 0 };
	struct err e = { 0 };
	struct log_field field;
	struct log_plan plan = { .field = &field, .nfield = 1, .redact = &rules };

	(void)state;
	assert_int_equal(log_field_read(&field, "input=/meta/user", &a, &e), 0);
	assert_int_equal(redact_rule(&rules, "field:meta", &a, &e), 0);
	assert_int_equal(redact_rule(&rules, "field:latency", &a, &e), 0);
	is_read("generic.jsonl", &plan, 0, "a|-|-|-|Hello|-|-|-|1795482913000|-|-|3|-\n"
	    "-|-|-|[removed]|-|-|-|-|-|-|-|-|-\n");
	arena_free(&a);
}

struct hashes { uint64_t hash[16]; size_t n; };

static void
keep_hash(void *ctx, size_t piece, const struct record *r, struct arena *a)
{
	struct hashes *h = ctx;

	(void)piece;
	(void)a;
	assert_true(h->n < COUNT(h->hash));
	h->hash[h->n++] = record_hash(r);
}

/* An id counts as it was before redaction, and without one the record as a whole does. */
static void
test_hash(void **state)
{
	static const char text[] = "{\"id\":\"a@x.org\",\"n\":1}\n{\"id\":\"b@x.org\"}\n"
	    "{\"n\":1}\n{\"n\":2}\n{\"id\":\"a@x.org\",\"n\":2}\n";
	struct redact rules = { .kinds = REDACT_EMAIL };
	struct hashes h = { .n = 0 };
	struct log_counts c;
	struct err e = { 0 };
	char name[64];
	const char *path = name;
	int fd;

	(void)state;
	in_memory(name, &fd, STR(text));
	assert_int_equal(logs_read(&(struct log_plan){ .redact = &rules }, &path, 1, keep_hash, &h, &c,
	    &e), 0);
	assert_int_equal(h.n, 5);
	assert_true(h.hash[0] == h.hash[4]);
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(h.hash[i] != h.hash[k]);
	close(fd);
}

/* ---- many files ------------------------------------------------------------------------------ */

static void
count_piece(void *ctx, size_t piece, const struct record *r, struct arena *a)
{
	long *count = ctx;

	(void)r;
	(void)a;
	assert_true(piece < 64);
	count[piece]++;
}

static void
test_many(void **state)
{
	static const char *const pattern[] = { FIXTURES "o*.jsonl", FIXTURES "openai.jsonl",
		FIXTURES "none*" };
	struct arena a = { 0 };
	struct err e = { 0 };
	struct log_counts c;
	const char **path;
	long count[64] = { 0 }, sum = 0;
	size_t n;

	(void)state;
	assert_int_equal(logs_expand(pattern, 3, &path, &n, &a, &e), -1);
	assert_non_null(strstr(e.msg, "none*': there is no such file"));
	assert_int_equal(n, 4);
	assert_string_equal(path[0], FIXTURES "openai.jsonl");
	assert_int_equal(logs_read(&detect, path, n, count_piece, count, &c, &e), 0);
	assert_true(logs_pieces() <= 64);
	for (size_t i = 0; i < logs_pieces(); i++)
		sum += count[i];
	assert_int_equal(sum, 7 + 3 + 4 + 3);
	assert_int_equal(c.records, sum);
	assert_int_equal(c.other, 3 + 1 + 3);
	arena_free(&a);
}

static void
test_not_there(void **state)
{
	const char *path[] = { "none.jsonl", FIXTURES "openai.jsonl", FIXTURES "generic.csv" };
	struct log_plan plan = { .format = log_format_find("openai") };
	struct err e = { 0 };
	struct log_counts c;
	long count[64] = { 0 };

	(void)state;
	assert_non_null(plan.format);
	assert_null(log_format_find("apache"));
	assert_int_equal(logs_read(&plan, path, 3, count_piece, count, &c, &e), -1);
	assert_int_equal(e.n, 2);
	assert_non_null(strstr(e.msg, "log 'none.jsonl' cannot be opened: No such file"));
	assert_non_null(strstr(e.msg, "is a table, and format 'openai' is read from JSONL"));
	assert_int_equal(c.records, 7);
}

/* In a table it is known what is not there. */
static void
test_columns(void **state)
{
	const char *path = FIXTURES "generic.csv";
	struct log_field field[] = { { "output", "anser", 1 }, { "input", "prompt", 1 } };
	struct log_plan plan = { .field = field, .nfield = COUNT(field) };
	struct log_counts c;
	struct err e = { 0 };
	long count = 0;

	(void)state;
	assert_int_equal(logs_read(&plan, &path, 1, count_piece, &count, &c, &e), -1);
	assert_string_equal(e.msg, "log '" FIXTURES "generic.csv': field 'output' is to come from "
	    "column 'anser', which is not there (did you mean 'answer'?)\n");
	assert_int_equal(count, 0);
}

static void
test_standard_input(void **state)
{
	int fd, before = dup(STDIN_FILENO);
	struct buf b = { 0 };
	char path[64];

	(void)state;
	in_memory(path, &fd, STR("{\"id\":\"x\"}\n!\n"));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	assert_string_equal(read_one(&detect, "-", &b).sample[0],
	    "standard input:2: not a JSON object: a value is expected at column 1");
	assert_string_equal(b.p, "x|-|-|-|-|-|-|-|-|-|-|-|-\n");
	assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
	close(before);
	close(fd);
	buf_free(&b);
}

static void
test_check(void **state)
{
	struct log_counts c = { .records = 98, .other = 1, .bad = 1, .nsample = 1,
		.sample[0] = "log:3: not a JSON object" };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(logs_check(&detect, &c, &e), 0);
	c.bad = 2;
	assert_int_equal(logs_check(&detect, &c, &e), -1);
	assert_string_equal(e.msg, "2 of 101 records cannot be read, more than the 1 % that are "
	    "allowed\nlog:3: not a JSON object\n");
}

static void
test_rules(void **state)
{
	struct arena a = { 0 };
	struct log_field f;
	struct err e = { 0 };
	const char *name, *help;
	size_t n = 0;

	(void)state;
	assert_int_equal(log_field_read(&f, "latency=/t/ns ns", &a, &e), 0);
	assert_string_equal(f.from, "/t/ns");
	assert_true(f.scale == 1e-9);
	assert_int_equal(log_field_read(&f, "output=a ms", &a, &e), 0);
	assert_string_equal(f.from, "a ms");
	assert_int_equal(log_field_read(&f, "output", &a, &e), -1);
	assert_int_equal(log_field_read(&f, "reply=x", &a, &e), -1);
	assert_int_equal(e.n, 2);
	while (log_format_at(n, &name, &help))
		n++;
	assert_int_equal(n, 7);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openai_jsonl),
		cmocka_unit_test(test_stored_jsonl),
		cmocka_unit_test(test_litellm_jsonl),
		cmocka_unit_test(test_langfuse_jsonl),
		cmocka_unit_test(test_otel_new_jsonl),
		cmocka_unit_test(test_otel_old_jsonl),
		cmocka_unit_test(test_otlp_jsonl),
		cmocka_unit_test(test_generic_jsonl),
		cmocka_unit_test(test_generic_tsv),
		cmocka_unit_test(test_generic_csv),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_large_lines),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_standard_input),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests_name("logs", tests, NULL, NULL);
}
