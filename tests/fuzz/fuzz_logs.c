/*
 * fuzz_logs.c -- any bytes as a log; the first byte picks the format, the second the rules.
 *
 * Reading ends, every record's fields are well formed, each line gives no more than it holds, and
 * counts agree with what was handed on.
 */
#include "drift/drift.h"

#include <math.h>
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
check_record(void *ctx, size_t piece, const struct record *r, struct arena *a)
{
	static const char *const name[] = { "id", "output", "latency", "a", "/attributes", "/0/a", "",
		"/request/messages/0" };
	long *n = ctx;

	need(piece == 0, "one file is one piece");
	need(r->line > 0 && r->path != NULL, "a record comes from nowhere");
	for (int i = 0; i < RECORD_TEXTS; i++)
		need(!r->has_text[i] || str_bad_utf8(r->text[i]) < 0, "a text is not UTF-8");
	for (int i = 0; i < RECORD_NUMBERS; i++)
		need(!r->has_number[i] || isfinite(r->number[i]), "a number is not finite");
	for (size_t i = 0; i < COUNT(name); i++) {
		struct value v = record_value(r, str_of(name[i]), a);

		need((v.kind != VALUE_TEXT || v.text.n > 0) &&
		    (v.kind != VALUE_NUMBER || isfinite(v.number)), "a value is not of its kind");
	}
	need(record_hash(r) == r->hash || r->hash == 0, "a hash changes");
	++*n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const format[] = { NULL, "otlp", "otel", "litellm", "langfuse", "stored",
		"openai", "generic" };
	struct redact rules = { 0 };
	struct log_field field[] = { { "input", "/a/0", 1 }, { "latency", "b", 1e-3 },
		{ "time", "when", 1 } };
	struct log_plan plan = { .max_bad = LOG_MAX_BAD };
	struct log_counts counts;
	struct err e = { 0 };
	char name[64];
	const char *path = name;
	long n = 0;
	int fd;

	if (size < 2)
		return 0;
	if (data[0] % 16 < 8 && format[data[0] % 8] != NULL)
		plan.format = log_format_find(format[data[0] % 8]);
	if (data[0] & 16) {
		plan.field = field;
		plan.nfield = COUNT(field);
	}
	rules.kinds = data[1] & 15;
	plan.redact = data[1] & 16 ? &rules : NULL;
	plan.rows = plan.format != NULL ? ROWS_JSONL : ROWS_BY_NAME;
	if ((fd = memfd_create("log", 0)) < 0 ||
	    write(fd, data + 2, size - 2) != (ssize_t)(size - 2))
		die(EXIT_SURROUNDINGS, "no memory file can be made");
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	if (logs_read(&plan, &path, 1, check_record, &n, &counts, &e) < 0)
		need(e.n > 0, "a failure without a sentence");
	need(counts.records == n, "counts and records differ");
	need(counts.nsample == (size_t)(counts.bad < LOG_SAMPLES ? counts.bad : LOG_SAMPLES),
	    "samples and bad lines differ");
	close(fd);
	return 0;
}
