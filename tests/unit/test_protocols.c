/* The table of protocols: complete, without doubles, and each row with what its wire needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/harness.h"

static void
rows_are_found_by_name(void **state)
{
	static const char *const want[] = { "openai", "embeddings", "exec", "replay", "nearest",
		"echo" };
	const struct protocol *const *all = protocol_all();

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_non_null(all[i]);
		assert_string_equal(all[i]->name, want[i]);
		assert_ptr_equal(protocol_find(want[i]), all[i]);
	}
	assert_null(all[COUNT(want)]);
	assert_null(protocol_find("openia"));
	assert_null(protocol_find(""));
}

static void
each_row_has_what_it_needs(void **state)
{
	(void)state;
	for (const struct protocol *const *p = protocol_all(); *p != NULL; p++) {
		assert_non_null((*p)->request);
		assert_non_null((*p)->reply);
		assert_true((*p)->help != NULL && (*p)->help[0] != '\0');
		assert_int_equal((*p)->params != NULL, (*p)->size > 0);
		assert_true((*p)->event == NULL || (*p)->wire == WIRE_HTTP);
		for (const struct conf_key *k = (*p)->params; k != NULL && k->name != NULL; k++) {
			assert_true(k->offset < (*p)->size);
			assert_true(k->help != NULL && k->help[0] != '\0');
		}
	}
}

static void
serve_has_a_table_too(void **state)
{
	(void)state;
	for (const struct conf_key *k = serve_params; k->name != NULL; k++) {
		assert_true(k->offset < serve_size);
		assert_true(k->help != NULL && k->help[0] != '\0');
	}
}

static void
a_blank_completion_claims_nothing(void **state)
{
	struct completion c = completion_blank();

	(void)state;
	assert_false(OUTCOME_IS_MODELS(c.outcome));
	assert_int_equal(c.tokens_in, -1);
	assert_int_equal(c.tokens_out, -1);
	assert_true(c.ms_first == -1 && c.cost == -1 && c.ms_total == 0);
	assert_int_equal(c.text.n + c.nlp, 0);
	assert_int_equal(c.status + c.attempts, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found_by_name),
		cmocka_unit_test(each_row_has_what_it_needs),
		cmocka_unit_test(serve_has_a_table_too),
		cmocka_unit_test(a_blank_completion_claims_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
