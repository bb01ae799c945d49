/*
 * cmd/profile.c -- `driftlead profile LOGS... -o FILE`: what a window of production is made of, in
 * a file that can be merged and compared; `profile merge` and `profile show`.  No store is opened.
 */
#include "drift/drift.h"
#include "harness/harness.h"

struct options {
	struct common common;
	const char   *output, *features, *format;
	struct texts  field, redact;
	double        max_bad;
	long          sample;
	bool          keep_text;
};

static const struct opt options[] = {
	{ "output", 'o', OPT_TEXT, offsetof(struct options, output), "FILE",
	  "where the profile goes; '-' is standard output" },
	{ "features", 'f', OPT_TEXT, offsetof(struct options, features), "FILE",
	  "what to watch: YAML, or a profile whose features are taken" },
	{ "sample", 0, OPT_INT, offsetof(struct options, sample), "N",
	  "records whose values are kept (default 2000; 0: none)" },
	{ "keep-text", 0, OPT_FLAG, offsetof(struct options, keep_text), NULL,
	  "keep the sample's texts, too, after --redact: personal data may be in them" },
	{ "format", 0, OPT_TEXT, offsetof(struct options, format), "NAME",
	  "format of the logs, instead of what their first records look like" },
	{ "field", 0, OPT_LIST, offsetof(struct options, field), "FIELD",
	  "NAME=FROM: where a field stands in the log; may be repeated" },
	{ "redact", 0, OPT_LIST, offsetof(struct options, redact), "RULE",
	  "what is taken out of every text before it is looked at; may be repeated" },
	{ "max-bad", 0, OPT_SHARE, offsetof(struct options, max_bad), "SHARE",
	  "fail if more lines than this cannot be read (default 1%)" },
	{ 0 }
};

static const struct options defaults = { .sample = SAMPLE_DEFAULT, .max_bad = LOG_MAX_BAD };

enum { FILE_MAX_BYTES = 1 << 30, SAMPLE_MOST = 100000 };

/* ---- profiles in files -------------------------------------------------------------------- */

/* The file's bytes live in the arena, too. */
static struct profile *
read_profile(const char *path, struct arena *a, struct err *e)
{
	struct str bytes;

	if (file_read(".", path, NULL, FILE_MAX_BYTES, &bytes, a, e) != 0)
		return NULL;
	return profile_read(bytes, path, a, e);
}

/* Writes it where the user said, and shows it unless that is standard output. */
static int
put_out(struct session *s, const struct profile *p, struct err *e)
{
	const struct options *o = s->options;
	struct buf b = { 0 };
	int failed;

	profile_write(&b, p);
	failed = file_write(o->output, buf_as_str(&b), 0644, e);
	buf_free(&b);
	if (failed)
		return EXIT_MISTAKE;
	if (strcmp(o->output, "-") == 0)
		return EXIT_PASS;
	if (o->common.json)
		profile_json(&s->out, p, s->arena);
	else if (!o->common.quiet)
		profile_text(&s->out, p, s->arena);
	return EXIT_PASS;
}

static int
show(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct profile *p;

	if (s->operand.n != 2) {
		err_set(e, "usage: driftlead profile show FILE");
		return EXIT_MISTAKE;
	}
	if (o->output != NULL) {
		err_set(e, "'profile show' writes no profile: leave --output out");
		return EXIT_MISTAKE;
	}
	if ((p = read_profile(s->operand.text[1], s->arena, e)) == NULL)
		return EXIT_MISTAKE;
	if (o->common.json)
		profile_json(&s->out, p, s->arena);
	else
		profile_text(&s->out, p, s->arena);
	profile_free(p);
	return EXIT_PASS;
}

/* One after the other: of all the files two are in memory. */
static int
merge(struct session *s, struct err *e)
{
	struct profile *whole = NULL, *part;
	struct arena a = { 0 };
	int status = EXIT_MISTAKE;

	if (s->operand.n < 2) {
		err_set(e, "usage: driftlead profile merge FILE... -o FILE");
		return EXIT_MISTAKE;
	}
	if ((whole = read_profile(s->operand.text[1], s->arena, e)) == NULL)
		return EXIT_MISTAKE;
	for (size_t i = 2; i < s->operand.n && e->n == 0; i++) {
		struct err why = { 0 };

		if ((part = read_profile(s->operand.text[i], &a, e)) != NULL &&
		    profile_merge(whole, part, &why) != 0)
			err_set(e, "'%s' cannot be merged with '%s': %s", s->operand.text[i],
			    s->operand.text[1], why.msg);
		profile_free(part);
		arena_free(&a);
	}
	if (e->n == 0)
		status = put_out(s, whole, e);
	profile_free(whole);
	return status;
}

/* ---- what to watch ------------------------------------------------------------------------ */

/* A YAML file, or a profile, whose features are then bound as they were. */
static int
read_features(const char *path, struct watched **w, size_t *n, struct arena *a, struct err *e)
{
	struct str text;
	struct profile *p;
	int failed;

	if (file_read(".", path, NULL, FILE_MAX_BYTES, &text, a, e) != 0)
		return -1;
	if (!str_starts(text, STR("driftlead profile ")))
		return watch_yaml(path, text, w, n, a, e);
	if ((p = profile_read(text, path, a, e)) == NULL)
		return -1;
	*n = p->nfeature;
	failed = watch_again(p, path, w, a, e);
	profile_free(p);
	return failed;
}

/* ---- logs --------------------------------------------------------------------------------- */

static int
read_plan(const struct options *o, struct log_plan *plan, struct redact *redact, struct arena *a,
          struct err *e)
{
	struct log_field *field = arena_array(a, o->field.n, sizeof *field);
	int failed = 0;

	*plan = (struct log_plan){ .max_bad = o->max_bad, .field = field, .nfield = o->field.n };
	if (o->format != NULL && (plan->format = log_format_find(o->format)) == NULL) {
		const char *names[64] = { NULL }, *help, *near;

		for (size_t i = 0; i + 1 < COUNT(names) && log_format_at(i, &names[i], &help); i++)
			continue;
		near = str_nearest(o->format, names);
		failed = err_set(e, "there is no log format '%s'%s%s%s", o->format, near ?
		    " (did you mean '" : "; driftlead-logs(5) has all", near ? near : "",
		    near ? "'?)" : "");
	}
	for (size_t i = 0; i < o->field.n; i++)
		failed |= log_field_read(&field[i], o->field.text[i], a, e);
	for (size_t i = 0; i < o->redact.n; i++)
		failed |= redact_rule(redact, o->redact.text[i], a, e);
	if (o->redact.n > 0)
		plan->redact = redact;
	return failed;
}

static int
make(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	struct redact redact = { 0 };
	struct log_plan plan;
	struct watched *w = NULL;
	size_t n, nfeature = 0;
	const char **path;
	struct profile *p;
	int status;

	if (o->sample < 0 || o->sample > SAMPLE_MOST)
		err_set(e, "--sample must be in 0..%d, not %ld", SAMPLE_MOST, o->sample);
	if (o->keep_text && o->sample > KEPT_TEXTS_MAX)
		err_set(e, "--keep-text keeps the texts of at most %d records: lower --sample",
		    KEPT_TEXTS_MAX);
	if (read_plan(o, &plan, &redact, s->arena, e) != 0 || e->n > 0 ||
	    logs_expand(s->operand.text, s->operand.n, &path, &n, s->arena, e) != 0)
		return EXIT_MISTAKE;
	if (o->features != NULL ? read_features(o->features, &w, &nfeature, s->arena, e) != 0 :
	    logs_infer(&plan, path, n, &w, &nfeature, s->arena, e) != 0)
		return EXIT_MISTAKE;
	if ((p = logs_profile(&plan, path, n, w, nfeature, (size_t)o->sample, o->keep_text, 0,
	    s->arena, e)) == NULL)
		return EXIT_MISTAKE;
	status = put_out(s, p, e);
	profile_free(p);
	return status;
}

static int
profile(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	const char *first = s->operand.text[0];

	if (strcmp(first, "show") == 0)
		return show(s, e);
	if (o->output == NULL) {
		err_set(e, "--output is missing: say where the profile goes");
		return EXIT_MISTAKE;
	}
	return strcmp(first, "merge") == 0 ? merge(s, e) : make(s, e);
}

const struct command command_profile = {
	.name = "profile", .chapter = "watch", .operands = "LOGS... | merge FILE... | show FILE",
	.help = "count what production logs hold, in pieces that add up",
	.about = "Each log is a file, a pattern, or '-' for standard input; plain, gzip or zstd.\n"
	    "  driftlead profile 'logs/*.jsonl.zst' -o week.profile\n"
	    "  driftlead profile merge mon.profile tue.profile -o both.profile\n"
	    "  driftlead profile show both.profile",
	.options = options, .size = sizeof(struct options), .defaults = &defaults,
	.min_operands = 1, .max_operands = SIZE_MAX, .main = profile,
};
