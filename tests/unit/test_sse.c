/*
 * test_sse.c -- the same events however the stream is cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/harness.h"

struct got { struct buf all; int n, enough; };

/* Events joined by '|'. */
static bool
on_event(void *ctx, struct str data)
{
	struct got *g = ctx;

	if (g->n++ > 0)
		buf_char(&g->all, '|');
	buf_str(&g->all, data);
	return g->enough == 0 || g->n < g->enough;
}

static const struct { const char *stream, *events; } row[] = {
	{ "data: a\n\ndata: b\n\n", "a|b" },
	{ "data:a\r\n\r\ndata:  b\r\n\r\n", "a| b" },
	{ "data: a\r\rdata: b\r\r", "a|b" },
	{ "data: a\r\ndata: b\r\n\r\n", "a\nb" },
	{ "data: a\n\rdata: b\r\n\n", "a|b" },
	{ "\xef\xbb\xbf" "data: a\n\n", "a" },
	{ "\xef\xbb" "data: a\n\ndata: b\n\n", "b" },
	{ ": ping\n\n:\n\nevent: x\nid: 7\nretry: 10\ndata: a\n\n", "a" },
	{ "data\n\ndata: \n\ndata:\n\n", "||" },
	{ "data: a\ndata\ndata: c\n\n", "a\n\nc" },
	{ "database: no\ndata : no\ndata: yes\n\n", "yes" },
	{ "data: gone\n", "" },
	{ "data: a\n\ndata: gone", "a" },
	{ "\n\n\r\n\r\n", "" },
	{ "data: \xe2\x82\xac \xf0\x9f\x98\x80\n\n", "\xe2\x82\xac \xf0\x9f\x98\x80" },
};

static void
feed_cut(struct str s, size_t cut1, size_t cut2, struct got *g)
{
	struct sse sse = { 0 };
	struct str part[3] = { str_sub(s, 0, cut1), str_sub(s, cut1, cut2 - cut1),
	                       str_sub(s, cut2, s.n) };

	for (size_t i = 0; i < 3; i++)
		assert_true(sse_feed(&sse, part[i], on_event, g));
	assert_false(sse.over);
	sse_free(&sse);
}

static void
test_cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct str s = str_of(row[i].stream);

		for (size_t c1 = 0; c1 <= s.n; c1++)
			for (size_t c2 = c1; c2 <= s.n; c2++) {
				struct got g = { 0 };

				feed_cut(s, c1, c2, &g);
				assert_string_equal(g.all.p ? g.all.p : "", row[i].events);
				buf_free(&g.all);
			}
	}
}

static void
test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct sse sse = { 0 };
		struct got g = { 0 };
		struct str s = str_of(row[i].stream);

		for (size_t at = 0; at < s.n; at++)
			assert_true(sse_feed(&sse, str_sub(s, at, 1), on_event, &g));
		assert_string_equal(g.all.p ? g.all.p : "", row[i].events);
		buf_free(&g.all);
		sse_free(&sse);
	}
}

static void
test_enough(void **state)
{
	struct sse sse = { 0 };
	struct got g = { .enough = 2 };

	(void)state;
	assert_false(sse_feed(&sse, STR("data: a\n\ndata: b\n\ndata: c\n\n"), on_event, &g));
	assert_false(sse_feed(&sse, STR("data: d\n\n"), on_event, &g));
	assert_int_equal(g.n, 2);
	assert_false(sse.over);
	buf_free(&g.all);
	sse_free(&sse);
}

static void
test_ceilings(void **state)
{
	char *x = mem_alloc(SSE_LINE_MAX, 1);
	struct str piece = { x, SSE_LINE_MAX / 4 - 3 };
	struct sse sse = { 0 };
	struct got g = { 0 };
	bool more = true;
	int i;

	(void)state;
	memset(x, 'x', SSE_LINE_MAX);
	for (i = 0; i < 8 && more; i++)         /* one line without an end */
		more = sse_feed(&sse, piece, on_event, &g);
	assert_int_equal(i, 5);
	assert_true(sse.over);
	sse_free(&sse);
	more = true;
	for (i = 0; i < 40 && more; i++) {      /* one event of many lines */
		more = sse_feed(&sse, STR("data: "), on_event, &g) &&
		       sse_feed(&sse, piece, on_event, &g) && sse_feed(&sse, STR("\n"), on_event, &g);
	}
	assert_true(i > 10 && i < 20);
	assert_true(sse.over);
	assert_int_equal(g.n, 0);
	assert_false(sse_feed(&sse, STR("\n\ndata: late\n\n"), on_event, &g));
	sse_free(&sse);
	mem_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_enough),
		cmocka_unit_test(test_ceilings),
	};

	return cmocka_run_group_tests_name("sse", tests, NULL, NULL);
}
