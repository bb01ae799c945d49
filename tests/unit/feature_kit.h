/*
 * feature_kit.h -- what tests of features share: records and parameters in one line.
 */
#ifndef FEATURE_KIT_H
#define FEATURE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "drift/drift.h"

/* Parameters as a user writes them: the inside of a YAML mapping in braces.  NULL: refused. */
static inline void *
bound(const struct feature *f, const char *given, struct arena *a, struct err *err)
{
	const struct conf_key *tables[] = { f->params, NULL };
	void *params = arena_alloc(a, f->size + 1);
	struct node *map;

	if (f->params == NULL)
		return params;
	map = conf_load("given", str_of(arena_fmt(a, "{%s}", given)), a, err);
	if (map == NULL || conf_bind(map, f->name, f->params, params, a, err) < 0 ||
	    conf_done(map, f->name, tables, err) < 0)
		return NULL;
	return f->check != NULL && f->check(params, a, err) < 0 ? NULL : params;
}

/* A record of a JSON log whose members are the record's own where they bear such a name. */
static inline struct record
logged(const char *json, struct arena *a)
{
	struct record r = { .path = "log", .line = 1 };
	struct json_fault fault;

	if (json_parse(str_of(json), &r.object, &fault) < 0)
		bug("'%s' is no JSON: %s", json, fault.why);
	for (size_t i = 0; i < RECORD_TEXTS; i++) {
		struct json v = json_get(r.object, record_text_name[i]);

		r.has_text[i] = v.type == JT_STRING;
		r.text[i] = v.type == JT_STRING ? json_text(v, a) : STR("");
	}
	for (size_t i = 0; i < RECORD_NUMBERS; i++) {
		struct json v = json_get(r.object, record_number_name[i]);

		r.has_number[i] = v.type == JT_NUMBER;
		r.number[i] = json_to_real(v, 0);
	}
	return r;
}

static inline struct record
answered(struct str output)
{
	struct record r = { .path = "log", .line = 1, .object = { JT_OBJECT, STR("{}") } };

	r.has_text[RECORD_OUTPUT] = true;
	r.text[RECORD_OUTPUT] = output;
	return r;
}

/* A value as a test writes it: missing, empty, other, a number, 'text', 1 2 3 of a vector. */
static inline const char *
shown(struct value v, struct arena *a)
{
	static const char *const word[] = { "missing", "empty", "other" };

	if (v.kind == VALUE_NUMBER)
		return arena_fmt(a, "%.6g", v.number);
	if (v.kind == VALUE_TEXT)
		return arena_fmt(a, "'%s'", str_cstr(v.text, a));
	if (v.kind == VALUE_VECTOR) {
		const char *s = "";

		for (size_t i = 0; i < vector_length(v.text); i++)
			s = arena_fmt(a, "%s%s%g", s, i ? " " : "", vector_at(v.text, i));
		return s;
	}
	return word[v.kind];
}

struct tried { const char *given, *json, *want; };

/* Each row as JSON; how many come out otherwise, each printed. */
static inline int
rows(const char *feature, const struct tried *row, size_t n)
{
	const struct feature *f = feature_find(feature);
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		struct arena a = { 0 };
		struct err err = { 0 };
		const void *params = bound(f, row[i].given, &a, &err);
		struct record r = logged(row[i].json, &a);
		const char *got = params == NULL ? err.msg : shown(f->get(params, &r, &a), &a);

		if (strcmp(got, row[i].want) != 0) {
			fprintf(stderr, "%s {%s} of %s: %s, not %s\n", feature, row[i].given,
			    row[i].json, got, row[i].want);
			bad++;
		}
		arena_free(&a);
	}
	return bad;
}

#define ROWS(feature, ...) do { \
	static const struct tried given_rows[] = { __VA_ARGS__ }; \
	assert_int_equal(rows(feature, given_rows, COUNT(given_rows)), 0); \
} while (0)

/* One answer, with the parameters given. */
static inline const char *
of_answer(const char *feature, const char *given, struct str output, struct arena *a)
{
	const struct feature *f = feature_find(feature);
	struct err err = { 0 };
	const void *params = bound(f, given, a, &err);
	struct record r = answered(output);

	if (params == NULL)
		return arena_strdup(a, err.msg);
	return shown(f->get(params, &r, a), a);
}

static inline void
same(const char *feature, struct str output, const char *want)
{
	struct arena a = { 0 };

	assert_string_equal(of_answer(feature, "", output, &a), want);
	arena_free(&a);
}

static inline void
refused(const char *feature, const char *given, const char *part)
{
	struct arena a = { 0 };
	struct err err = { 0 };

	assert_null(bound(feature_find(feature), given, &a, &err));
	if (strstr(err.msg, part) == NULL)
		fail_msg("'%s' does not hold '%s'", err.msg, part);
	arena_free(&a);
}

/* A file of words in the folder of the test. */
static char vocabulary[] = "vocabulary-XXXXXX";

/* Parameters with which any feature can be tried. */
static inline const char *
usual(const struct feature *f)
{
	static char given[64];

	if (strcmp(f->name, "regex") == 0)
		return "pattern: '(\\w+)\\W*$', capture: yes";
	if (strcmp(f->name, "oov") == 0) {
		snprintf(given, sizeof given, "vocabulary: %s", vocabulary);
		return given;
	}
	if (strcmp(f->name, "embedding") == 0)
		return "of: output, dimensions: 3";
	if (f->params != NULL && f->params[0].dflt != NULL &&
	    strcmp(f->params[0].dflt, CONF_REQUIRED) == 0)
		return "of: output";
	return "";
}

static inline int
make_vocabulary(void **state)
{
	static const char words[] = "refund order\nMy\n\n";
	int fd = mkstemp(vocabulary);

	(void)state;
	if (fd < 0 || write(fd, words, sizeof words - 1) != (ssize_t)(sizeof words - 1))
		return -1;
	return close(fd);
}

static inline int
drop_vocabulary(void **state)
{
	(void)state;
	return unlink(vocabulary);
}

#endif
