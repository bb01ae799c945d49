/*
 * test_when.c -- the times of logs in every form, and what only looks like one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "drift/logs.h"

static void
test_good(void **state)
{
	static const struct { const char *text; double ms; } good[] = {
		{ "0", 0 },
		{ "1795482913", 1795482913000 },
		{ "1795482913.5", 1795482913500 },
		{ "1795482913250", 1795482913250 },
		{ "1795482913250000", 1795482913250 },
		{ "1795482913250000000", 1795482913250 },
		{ " 1795482913 ", 1795482913000 },
		{ "1970-01-01", 0 },
		{ "2024-02-29", 1709164800000 },
		{ "2000-02-29T12:00:00Z", 951825600000 },
		{ "2016-12-31T23:59:60Z", 1483228800000 },
		{ "2026-11-24T01:15Z", 1795482900000 },
		{ "2026-11-24T01:15:13.250Z", 1795482913250 },
		{ "2026-11-24t01:15:13,25z", 1795482913250 },
		{ "2026-11-24 01:15:13", 1795482913000 },
		{ "2026-11-24 01:15:13 UTC", 1795482913000 },
		{ "2026-11-24T02:15:13+01:00", 1795482913000 },
		{ "2026-11-24T02:15:13+01", 1795482913000 },
		{ "2026-11-23T20:15:13-0500", 1795482913000 },
	};
	double ms;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(when_text(str_of(good[i].text), &ms));
		assert_true(ms == good[i].ms);
	}
}

static void
test_bad(void **state)
{
	static const char *const bad[] = { "", "-1", "yesterday", "2026-13-01", "2026-00-01",
		"2026-02-29", "1900-02-29", "2026-11-31", "2026-11-24T25:00", "2026-11-24T01:60",
		"2026-11-24T01:15:13.Z", "2026-11-24T01:15:13 CET", "2026-11-24T01:15:13+1",
		"2026-11-24T01:15:13+24:00", "1e30", "1969-12-31", "24/11/2026", "0x10" };
	double ms;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(when_text(str_of(bad[i]), &ms));
}

static void
test_json(void **state)
{
	static const char document[] = "[1795482913.25,\"1795482913250000000\",1795482913250000001,"
	    "\"2026-11-24\",null,true,{},-5]";
	static const double expected[] = { 1795482913250, 1795482913250, 1795482913250, 1795478400000,
		-1, -1, -1, -1 };
	struct json list, item;
	struct json_fault fault;
	double ms;
	size_t i = 0;

	(void)state;
	assert_int_equal(json_parse(STR(document), &list, &fault), 0);
	for (struct json_iter it = { .of = list }; json_next(&it, &item); i++) {
		assert_true(when_json(item, &ms) == (expected[i] >= 0));
		assert_true(expected[i] < 0 || (ms >= expected[i] && ms < expected[i] + 0.001));
	}
	assert_int_equal(i, COUNT(expected));
}

/* A request that ends before it begins has no latency. */
static void
test_span(void **state)
{
	struct json_fault fault;
	struct json begin, end;
	struct record r = { 0 };

	(void)state;
	assert_int_equal(json_parse(STR("\"1795482913000000000\""), &begin, &fault), 0);
	assert_int_equal(json_parse(STR("1795482914.5"), &end, &fault), 0);
	when_span(&r, end, begin, end);
	assert_true(r.has_number[RECORD_TIME] && !r.has_number[RECORD_LATENCY]);
	assert_true(r.has_number[RECORD_FIRST_TOKEN] && r.number[RECORD_FIRST_TOKEN] == 0);
	when_span(&r, begin, end, (struct json){ 0 });
	assert_true(r.number[RECORD_TIME] == 1795482913000 && r.number[RECORD_LATENCY] == 1.5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_span),
	};

	return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
