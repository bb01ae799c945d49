/*
 * params.h -- what tests of scorers share: parameters by name, cases and answers in one line.
 *
 * Fills a params struct through the scorer's own table, as a suite would, defaults included.
 * Lists are given with | between their texts.
 */
#ifndef PARAMS_H
#define PARAMS_H

#include "metrics/metrics.h"

/* "a|b|c": where `word` stands, or -1. */
static inline int
params_index(const char *range, const char *word)
{
	size_t n = strlen(word);

	for (int i = 0; range != NULL; i++) {
		const char *bar = strchr(range, '|');
		size_t len = bar ? (size_t)(bar - range) : strlen(range);

		if (len == n && memcmp(range, word, n) == 0)
			return i;
		range = bar ? bar + 1 : NULL;
	}
	return -1;
}

static inline void
params_list(struct texts *t, const char *value, struct arena *a)
{
	size_t at = 0, n = strlen(value);

	t->text = arena_array(a, n + 1, sizeof *t->text);
	t->line = arena_array(a, n + 1, sizeof *t->line);
	t->n = 0;
	while (at <= n) {
		size_t len = strcspn(value + at, "|");

		t->text[t->n++] = str_cstr((struct str){ value + at, len }, a);
		at += len + 1;
	}
}

static inline void
params_set(const struct conf_key *k, const char *value, char *params, struct arena *a)
{
	void *to = params + k->offset;
	int i;

	switch (k->kind) {
	case CONF_TEXT:
	case CONF_NUMBER:
		*(const char **)to = value;
		return;
	case CONF_BOOL:
		*(bool *)to = strcmp(value, "yes") == 0;
		return;
	case CONF_ENUM:
		if ((i = params_index(k->range, value)) < 0)
			bug("'%s' has no word '%s'", k->name, value);
		*(int *)to = i;
		return;
	case CONF_LIST:
		params_list(to, value, a);
		return;
	default:
		bug("no scorer has a parameter like '%s' yet", k->name);
	}
}

/* `given` is "name=value;name=value"; NULL if check() finds mistakes, which are in err. */
static inline void *
params_of(const struct scorer *s, const char *given, struct arena *a, struct err *err)
{
	char *params = arena_alloc(a, s->size + 1), *rest = arena_strdup(a, given);

	for (const struct conf_key *k = s->params; k != NULL && k->name != NULL; k++) {
		if (k->dflt != NULL && strcmp(k->dflt, CONF_REQUIRED) != 0)
			params_set(k, k->dflt, params, a);
	}
	while (*rest != '\0') {
		char *end = rest + strcspn(rest, ";"), *value = strchr(rest, '=');
		const struct conf_key *k = s->params;
		bool last = *end == '\0';

		if (value == NULL || value > end)
			bug("'%s' is not name=value", rest);
		*value++ = *end = '\0';
		while (k != NULL && k->name != NULL && strcmp(k->name, rest) != 0)
			k++;
		if (k == NULL || k->name == NULL)
			bug("scorer '%s' has no parameter '%s'", s->name, rest);
		params_set(k, value, params, a);
		rest = last ? end : end + 1;
	}
	if (s->check != NULL && s->check(params, a, err) < 0)
		return NULL;
	return params;
}

/* An answer and what the case expects: `expect` with | between alternatives, NULL for nothing. */
static inline struct score
params_score(const struct scorer *s, const void *params, const char *expect, struct str answer,
    struct arena *a)
{
	struct completion c = { .outcome = OUT_ANSWERED, .text = answer, .tokens_out = -1,
	    .ms_total = 1500, .ms_first = -1, .cost = -1 };
	struct test_case tc = { .id = "t", .slice = -1, .weight = 1 };
	struct texts t = { 0 };

	if (expect != NULL)
		params_list(&t, expect, a);
	tc.nexpect = t.n;
	tc.expect = arena_array(a, t.n, sizeof *tc.expect);
	for (size_t i = 0; i < t.n; i++)
		tc.expect[i] = str_of(t.text[i]);
	return s->score(params, &tc, &c, a);
}

/* Parameters with which any scorer can be tried on any answer. */
static inline const char *
params_usual(const struct scorer *s)
{
	if (strcmp(s->name, "regex") == 0)
		return "pattern=^(\\w+,? ?)+\\.$";
	if (strcmp(s->name, "choice") == 0)
		return "among=a|b|a b|\xc3\xa9";
	return "";
}

/* What holds for any score: missing says why, a rate is 0 or 1, a number is a number. */
static inline bool
params_sound(const struct scorer *s, struct score got)
{
	if (!got.scored)
		return got.why.n > 0 && got.value >= 0 && got.value <= 0;
	if (s->scale == SCALE_BINARY)
		return (got.value >= 0 && got.value <= 0) || (got.value >= 1 && got.value <= 1);
	return got.value >= 0 && got.value <= 1e15;
}

/* One line of a test table.  `why` is the reason word for word, NULL: any. */
struct params_row {
	const char *given, *expect;
	struct str  answer;
	char        want;               /* '1', '0' or 'u' for unscored */
	const char *why;
};

/* How many rows come out otherwise, each printed. */
static inline int
params_rows(const struct scorer *s, const struct params_row *row, size_t n)
{
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		struct arena a = { 0 };
		struct err err = { 0 };
		const void *params = params_of(s, row[i].given, &a, &err);
		struct score got;
		char c;

		if (params == NULL) {
			fprintf(stderr, "%s row %zu: %s\n", s->name, i, err.msg);
			bad++;
			arena_free(&a);
			continue;
		}
		got = params_score(s, params, row[i].expect, row[i].answer, &a);
		c = !got.scored ? 'u' : got.value > 0.5 ? '1' : '0';
		if (c != row[i].want || (row[i].why != NULL && !str_is(got.why, row[i].why))) {
			fprintf(stderr, "%s row %zu [%s] '%s' '%.*s': %c (%.*s), not %c (%s)\n",
			    s->name, i, row[i].given, row[i].expect ? row[i].expect : "-",
			    (int)(row[i].answer.n < 80 ? row[i].answer.n : 80), row[i].answer.p, c,
			    STR_ARG(got.why), row[i].want, row[i].why ? row[i].why : "any");
			bad++;
		}
		arena_free(&a);
	}
	return bad;
}

/* Whether check() refuses these parameters with a sentence that holds `part`. */
static inline bool
params_refused(const struct scorer *s, const char *given, const char *part)
{
	struct arena a = { 0 };
	struct err err = { 0 };
	bool refused = params_of(s, given, &a, &err) == NULL && strstr(err.msg, part) != NULL;

	if (!refused)
		fprintf(stderr, "%s [%s]: '%s' does not hold '%s'\n", s->name, given,
		    err.msg, part);
	arena_free(&a);
	return refused;
}

#endif
