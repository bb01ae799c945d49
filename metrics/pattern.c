/*
 * pattern.c -- regular expressions that always come back.
 *
 * PCRE2 in UTF mode with Unicode character classes.  Each match has a budget of steps, depth
 * and memory; a pattern that uses it up is reported as costly and is neither a match nor a
 * miss.  A compiled pattern is never written to again, so threads share it; what a match
 * needs of its own is made per call.
 */
#include "metrics/metrics.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
	MATCH_LIMIT = 1000000,          /* steps: some 15 ms for the interpreter */
	DEPTH_LIMIT = 100000,           /* nested backtracking points */
	HEAP_LIMIT = 64 * 1024,         /* KiB for backtracking */
	PATTERN_MAX = 64 * 1024         /* bytes of the pattern itself */
};

struct pattern {
	pcre2_code          *code;
	pcre2_match_context *limits;
	bool                 groups;    /* the pattern has at least one */
};

/* PCRE2's memory for what lives as long as the pattern: the arena frees it. */
static void *
from_arena(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

static void
keep(void *p, void *arena)
{
	(void)p;
	(void)arena;
}

struct pattern *
pattern_compile(struct str pattern, bool fold, struct arena *a, struct err *err)
{
	pcre2_general_context *memory = pcre2_general_context_create(from_arena, keep, a);
	pcre2_compile_context *how = pcre2_compile_context_create(memory);
	uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, groups = 0;
	struct pattern *p = arena_alloc(a, sizeof *p);
	PCRE2_SIZE at;
	int code;

	pcre2_set_max_pattern_length(how, PATTERN_MAX);
	if (fold)
		options |= PCRE2_CASELESS;
	p->code = pcre2_compile((PCRE2_SPTR)(pattern.p ? pattern.p : ""), pattern.n, options,
	    &code, &at, how);
	if (p->code == NULL) {
		struct str shown = str_visible(pattern, 200, false, a);
		PCRE2_UCHAR why[256];

		pcre2_get_error_message(code, why, sizeof why);
		err_set(err, "bad pattern '%.*s' at byte %zu: %s", STR_ARG(shown), (size_t)at,
		    (const char *)why);
		return NULL;
	}
	p->limits = pcre2_match_context_create(memory);
	pcre2_set_match_limit(p->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(p->limits, HEAP_LIMIT);
	pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	p->groups = groups > 0;
	/* Where there is no JIT this fails and the interpreter does the work. */
	pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
	return p;
}

/* The slice between two offsets; \K can put the start of a match behind its end. */
static struct str
slice(struct str text, size_t from, size_t to)
{
	if (from == PCRE2_UNSET || to == PCRE2_UNSET || from > to)
		return str_sub(text, text.n, 0);
	return str_sub(text, from, to - from);
}

enum pattern_result
pattern_match(const struct pattern *p, struct str text, size_t from, struct str *whole,
    struct str *group)
{
	pcre2_match_data *data;
	PCRE2_SIZE *at;
	int found;

	if (text.p == NULL)
		text.p = "";
	if (from > text.n)
		return PATTERN_NO;
	if (from == 0 ? str_bad_utf8(text) >= 0 :
	    from < text.n && ((unsigned char)text.p[from] & 0xc0) == 0x80)
		return PATTERN_BAD_TEXT;
	if ((data = pcre2_match_data_create_from_pattern(p->code, NULL)) == NULL)
		die(EXIT_SURROUNDINGS, "out of memory (matching a pattern)");
	found = pcre2_match(p->code, (PCRE2_SPTR)text.p, text.n, from, PCRE2_NO_UTF_CHECK, data,
	    p->limits);
	/* The JIT's stack is small; the interpreter has the heap, and the same limits. */
	if (found == PCRE2_ERROR_JIT_STACKLIMIT)
		found = pcre2_match(p->code, (PCRE2_SPTR)text.p, text.n, from,
		    PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, p->limits);
	if (found > 0) {
		at = pcre2_get_ovector_pointer(data);
		if (whole != NULL)
			*whole = slice(text, at[0], at[1]);
		if (group != NULL)
			*group = p->groups ? slice(text, at[2], at[3]) : slice(text, at[0], at[1]);
	}
	pcre2_match_data_free(data);
	switch (found) {
	case PCRE2_ERROR_NOMATCH:
		return PATTERN_NO;
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_RECURSELOOP:
		return PATTERN_COSTLY;
	case PCRE2_ERROR_NOMEMORY:
		die(EXIT_SURROUNDINGS, "out of memory (matching a pattern)");
	default:
		if (found <= 0)
			bug("PCRE2 says %d", found);
		return PATTERN_YES;
	}
}
