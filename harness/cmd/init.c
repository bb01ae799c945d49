/*
 * cmd/init.c -- `driftlead init [FOLDER]`: a project that runs and passes, without a key.
 *
 * The files are those of suites/tickets, embedded at build time.  Nothing is overwritten: if
 * any of them is there, none is written.
 */
#include "harness/harness.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* ISO C asks compilers for 4095 bytes only; every one that runs on POSIX takes more. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
static const char project_yaml[] =
#include "suites/driftlead.yaml.h"
    ;
static const char suite_yaml[] =
#include "suites/tickets/suite.yaml.h"
    ;
static const char ladder_yaml[] =
#include "suites/tickets/ladder.yaml.h"
    ;
static const char cases_jsonl[] =
#include "suites/tickets/cases.jsonl.h"
    ;
static const char train_jsonl[] =
#include "suites/tickets/train.jsonl.h"
    ;
#pragma GCC diagnostic pop

static const struct { const char *path, *text; } file[] = {
	{ "driftlead.yaml", project_yaml },
	{ "suites/tickets/suite.yaml", suite_yaml },
	{ "suites/tickets/cases.jsonl", cases_jsonl },
	{ "suites/tickets/train.jsonl", train_jsonl },
	{ "suites/tickets/ladder.yaml", ladder_yaml },
};

static int
make_folders(const char *dir, struct arena *a, struct err *e)
{
	static const char *const below[] = { "", "/suites", "/suites/tickets" };

	for (size_t i = 0; i < COUNT(below); i++) {
		const char *path = arena_fmt(a, "%s%s", dir, below[i]);

		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			return err_set(e, "cannot make the folder '%s': %s", path, strerror(errno));
	}
	return 0;
}

static int
init(struct session *s, struct err *e)
{
	const struct common *o = s->options;
	const char *dir = s->operand.n ? s->operand.text[0] : ".";

	for (size_t i = 0; i < COUNT(file); i++)
		if (access(arena_fmt(s->arena, "%s/%s", dir, file[i].path), F_OK) == 0)
			err_set(e, "'%s/%s' is there already; nothing was written", dir, file[i].path);
	if (e->n > 0)
		return EXIT_MISTAKE;
	if (make_folders(dir, s->arena, e) != 0)
		return EXIT_SURROUNDINGS;
	for (size_t i = 0; i < COUNT(file); i++)
		if (file_write(arena_fmt(s->arena, "%s/%s", dir, file[i].path), str_of(file[i].text), 0644,
		    e) != 0)
			return EXIT_SURROUNDINGS;
	if (o->json)
		buf_puts(&s->out, "{\"files\":[");
	for (size_t i = 0; i < COUNT(file); i++) {
		if (o->json) {
			buf_puts(&s->out, i ? "," : "");
			buf_json(&s->out, str_of(arena_fmt(s->arena, "%s/%s", dir, file[i].path)));
		} else if (!o->quiet) {
			buf_fmt(&s->out, "wrote %s/%s\n", dir, file[i].path);
		}
	}
	if (o->json)
		buf_puts(&s->out, "]}\n");
	else if (!o->quiet)
		buf_fmt(&s->out, "\nnow%s%s\n  driftlead run suites/tickets -t nearest\n"
		    "  driftlead report last -o report.html\n", s->operand.n ? "\n  cd " : "",
		    s->operand.n ? dir : "");
	return EXIT_PASS;
}

const struct command command_init = {
	.name = "init", .chapter = "begin", .operands = "[FOLDER]",
	.help = "write a project that runs and passes, without a key",
	.max_operands = 1, .main = init,
};
