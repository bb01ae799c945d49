/*
 * logs.c -- what reading a log costs, beside a library that builds a tree of every line.
 *
 *	logs write N FILE [FROM]        N pairs of request and response of some 800 bytes
 *	logs read FILE...       every field of every record, redaction aside
 *	logs redact FILE...     the same with the built-in redaction of all kinds
 *	logs jansson FILE       jansson parses every line, and the same twelve fields are looked up
 *
 * Prints the number of records.  DRIFTLEAD_THREADS=1 keeps it on one core.
 */
#include "drift/drift.h"

#include <jansson.h>

static const char body[] =
    "{\"request_id\":\"req-%07ld\",\"timestamp\":\"2026-11-24T01:%02ld:%02ld.250Z\","
    "\"latency_ms\":%ld.5,\"ttft_ms\":120,\"request\":{\"model\":\"mini\",\"temperature\":0.2,"
    "\"messages\":[{\"role\":\"system\",\"content\":\"You sort messages of customers of a shop by "
    "what they want. Answer with one word.\"},{\"role\":\"user\",\"content\":\"Good morning, my "
    "order %ld has not come and the parcel service says that \\\"nobody\\\" was at home. I was, "
    "all day. Please tell me what happens now.\"}]},\"response\":{\"id\":"
    "\"chatcmpl-%07ld\",\"object\":"
    "\"chat.completion\",\"created\":1795482913,\"model\":\"mini-2026-10-01\",\"choices\":[{"
    "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%s\",\"refusal\":null},"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":%ld,\"completion_tokens\":9,"
    "\"total_tokens\":99}},\"metadata\":{\"team\":\"shop\"}}\n";

static void
write_log(long n, const char *path, long from)
{
	static const char *const answer[] = { "shipping", "refund", "complaint" };
	FILE *f = fopen(path, "w");

	for (long i = from; f != NULL && i < from + n; i++)
		fprintf(f, body, i, i / 60 % 60, i % 60, 100 + i % 900, i * 7, i, answer[i % 3],
		    40 + i % 100);
	if (f == NULL || fclose(f) != 0)
		die(EXIT_SURROUNDINGS, "'%s' cannot be written", path);
}

struct sums { long records; double number; size_t text; };

static void
add(void *ctx, size_t piece, const struct record *r, struct arena *a)
{
	struct sums *s = (struct sums *)ctx + piece;

	(void)a;
	for (int i = 0; i < RECORD_TEXTS; i++)
		s->text += r->text[i].n;
	for (int i = 0; i < RECORD_NUMBERS; i++)
		s->number += r->number[i];
	s->records++;
}

static long
read_logs(const char *const *path, size_t n, unsigned kinds)
{
	struct redact rules = { .kinds = kinds };
	struct log_plan plan = { .max_bad = LOG_MAX_BAD, .redact = kinds ? &rules : NULL };
	struct sums *s = mem_alloc(logs_pieces(), sizeof *s);
	struct log_counts counts;
	struct err e = { 0 };
	long records = 0;

	if (logs_read(&plan, path, n, add, s, &counts, &e) < 0) {
		err_print(&e);
		exit(EXIT_MISTAKE);
	}
	for (size_t i = 0; i < logs_pieces(); i++)
		records += s[i].records;
	mem_free(s);
	return records;
}

static void
add_string(struct sums *s, const json_t *v)
{
	s->text += json_string_length(v);
}

static void
add_tree(struct sums *s, const json_t *line)
{
	const json_t *request = json_object_get(line, "request");
	const json_t *messages = json_object_get(request, "messages");
	const json_t *response = json_object_get(line, "response");
	const json_t *choice = json_array_get(json_object_get(response, "choices"), 0);
	const json_t *usage = json_object_get(response, "usage");

	add_string(s, json_object_get(line, "request_id"));
	add_string(s, json_object_get(line, "timestamp"));
	s->number += json_number_value(json_object_get(line, "latency_ms"));
	s->number += json_number_value(json_object_get(line, "ttft_ms"));
	s->text += json_object_size(json_object_get(line, "metadata"));
	add_string(s, json_object_get(request, "model"));
	add_string(s, json_object_get(json_array_get(messages, json_array_size(messages) - 1),
	    "content"));
	add_string(s, json_object_get(response, "model"));
	s->number += json_number_value(json_object_get(usage, "prompt_tokens"));
	s->number += json_number_value(json_object_get(usage, "completion_tokens"));
	add_string(s, json_object_get(json_object_get(choice, "message"), "content"));
	add_string(s, json_object_get(choice, "finish_reason"));
	s->records++;
}

static long
by_jansson(const char *path)
{
	struct sums s = { 0 };
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while (f != NULL && (n = getline(&line, &room, f)) > 0) {
		json_t *tree = json_loadb(line, (size_t)n, JSON_REJECT_DUPLICATES, NULL);

		if (tree != NULL)
			add_tree(&s, tree);
		json_decref(tree);
	}
	if (f != NULL)
		fclose(f);
	free(line);
	return s.records;
}

int
main(int argc, char **argv)
{
	const char *const *path = (const char *const *)argv + 2;
	size_t n = argc > 2 ? (size_t)argc - 2 : 0;
	long count = 0, from = 0;

	if ((argc == 4 || (argc == 5 && str_long(str_of(argv[4]), &from))) &&
	    strcmp(argv[1], "write") == 0 && str_long(str_of(argv[2]), &count))
		write_log(count, argv[3], from);
	else if (argc > 2 && strcmp(argv[1], "read") == 0)
		count = read_logs(path, n, 0);
	else if (argc > 2 && strcmp(argv[1], "redact") == 0)
		count = read_logs(path, n, REDACT_EMAIL | REDACT_PHONE | REDACT_IBAN | REDACT_CARD);
	else if (argc == 3 && strcmp(argv[1], "jansson") == 0)
		count = by_jansson(argv[2]);
	else
		die(EXIT_MISTAKE,
		    "usage: logs write N FILE [FROM], read FILE..., redact FILE..., jansson FILE");
	printf("%ld\n", count);
	return 0;
}
