/*
 * test_redact.c -- what counts as personal data and what only looks like it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "drift/drift.h"

static const unsigned every = REDACT_EMAIL | REDACT_PHONE | REDACT_IBAN | REDACT_CARD;

struct pair { const char *text, *redacted; };       /* redacted NULL: stays as it is */

static void
is_redacted(const struct redact *r, const struct pair *pair, size_t n)
{
	struct arena a = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct str out = redact_text(r, str_of(pair[i].text), &a);

		assert_string_equal(str_cstr(out, &a), pair[i].redacted ? pair[i].redacted : pair[i].text);
	}
	arena_free(&a);
}

/* All kinds at once, so that what is one is not taken for another. */
static void
all_kinds(const struct pair *pair, size_t n)
{
	is_redacted(&(struct redact){ .kinds = every }, pair, n);
}

static void
test_email(void **state)
{
	static const struct pair pair[] = {
		{ "ada@example.org", "[email]" },
		{ "Write to ada.b+c@mail.example.co.uk, please.", "Write to [email], please." },
		{ "<ada@example.org>;bob@example.com.", "<[email]>;[email]." },
		{ "mailto:ada@x-y.museum?subject=1", "mailto:[email]?subject=1" },
		{ "j\xc3\xbcrgen@b\xc3\xbc" "cher.example", "[email]" },
		{ "a@b.xn--p1ai", "[email]" },
		{ "'o'neil@example.org'", "'[email]'" },
		{ "a@b.co@c.de", "[email]@c.de" },
		{ "ada@localhost", NULL },
		{ "@ada and ada@", NULL },
		{ "a @ b.org", NULL },
		{ "ada@example.1", NULL },
		{ "ada@.org", NULL },
		{ "ada.@example.org", NULL },
		{ "x@1.2.3", NULL },
		{ "pkg@1.4.0", NULL },
		{ "", NULL },
	};

	(void)state;
	all_kinds(pair, COUNT(pair));
}

static void
test_phone(void **state)
{
	static const struct pair pair[] = {
		{ "+4930123456", "[phone]" },
		{ "Call +49 (0)30 123 45 67 now", "Call [phone] now" },
		{ "+1-212-555-0123.", "[phone]." },
		{ "0049 30 1234567", "[phone]" },
		{ "(212) 555-0123", "[phone]" },
		{ "1 212 555 0123", "[phone]" },
		{ "212.555.0123", "[phone]" },
		{ "030/1234567", "[phone]" },
		{ "020 7946 0958", "[phone]" },
		{ "0171 1234567,", "[phone]," },
		{ "01 23 45 67 89", "[phone]" },
		{ "2026-11-24 01:15:13", NULL },
		{ "24.11.2026", NULL },
		{ "01.02.2026", NULL },
		{ "192.168.100.200", NULL },
		{ "order 12345678", NULL },
		{ "1795482913250", NULL },
		{ "112", NULL },
		{ "+49", NULL },
		{ "+12 345", NULL },
		{ "3.14159265358979", NULL },
		{ "030 12345678901", NULL },
		{ "030 12345", NULL },
		{ "01 234567890", NULL },
		{ "112-555-0123", NULL },
		{ "212-155-0123", NULL },
		{ "212-555-01234", NULL },
		{ "a+4930123456", NULL },
		{ "+4930123456b", NULL },
		{ "+12345678901234567", NULL },
		{ "00000000000000", NULL },
		{ "0.1234567890", NULL },
		{ "1 2 3 4 5 6 7 8 9 10 11 12", NULL },
	};

	(void)state;
	all_kinds(pair, COUNT(pair));
}

static void
test_iban(void **state)
{
	static const struct pair pair[] = {
		{ "DE89370400440532013000", "[iban]" },
		{ "IBAN: DE89 3704 0044 0532 0130 00 and more", "IBAN: [iban] and more" },
		{ "GB82 WEST 1234 5698 7654 32", "[iban]" },
		{ "de89370400440532013000", "[iban]" },
		{ "ES91 2100 0418 4502 0005 1332 from us", "[iban] from us" },
		{ "NO93 8601 1117 947.", "[iban]." },
		{ "MT84MALT011000012345MTLCAST001S", "[iban]" },
		{ "DE88370400440532013000", NULL },
		{ "DE89370400440532013001", NULL },
		{ "XDE89370400440532013000", NULL },
		{ "DE89370400440532013000X", NULL },
		{ "AB12", NULL },
		{ "AB12 CDEF 3456", NULL },
	};

	(void)state;
	all_kinds(pair, COUNT(pair));
}

static void
test_card(void **state)
{
	static const struct pair pair[] = {
		{ "4111111111111111", "[card]" },
		{ "card 4111 1111 1111 1111 ok", "card [card] ok" },
		{ "5500-0000-0000-0004", "[card]" },
		{ "378282246310005", "[card]" },
		{ "30569309025904", "[card]" },
		{ "4222222222222", "[card]" },
		{ "6011111111111117.", "[card]." },
		{ "No.4111111111111111", "No.[card]" },
		{ "4111111111111112", NULL },
		{ "1111111111111117", NULL },
		{ "41111111111111111111", NULL },
		{ "411111111111111", NULL },
		{ "0.4111111111111111", NULL },
		{ "x4111111111111111", NULL },
		{ "4111111111111111x", NULL },
		{ "9780306406157", NULL },
	};

	(void)state;
	all_kinds(pair, COUNT(pair));
}

/* A kind that was not asked for stays. */
static void
test_kinds(void **state)
{
	static const struct pair pair[] = {
		{ "ada@example.org 4111111111111111", "[email] 4111111111111111" },
		{ "+4930123456 DE89370400440532013000", NULL },
	};

	(void)state;
	is_redacted(&(struct redact){ .kinds = REDACT_EMAIL }, pair, COUNT(pair));
	is_redacted(&(struct redact){ .kinds = 0 }, pair + 1, 1);
}

static void
test_own(void **state)
{
	static const struct pair pair[] = {
		{ "customer K-123456 and K-1", "customer [customer] and K-1" },
		{ "K-123456K-654321", "[customer][customer]" },
		{ "\xc3\xa9 ada@example.org", "\xc3\xa9 [email]" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "[slow]" },
	};
	struct arena a = { 0 };
	struct redact r = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(redact_rule(&r, "customer=K-\\d{6}", &a, &e), 0);
	assert_int_equal(redact_rule(&r, "email", &a, &e), 0);
	assert_int_equal(redact_rule(&r, "nothing=x*", &a, &e), 0);
	assert_int_equal(redact_rule(&r, "slow=^(a+)+(b)?$", &a, &e), 0);
	assert_int_equal(e.n, 0);
	is_redacted(&r, pair, COUNT(pair));
	arena_free(&a);
}

static void
test_rules(void **state)
{
	static const char *const bad[] = { "", "mail", "=x", "Kind=x", "kind=", "field:", "a b=x",
		"kind=(" };
	struct arena a = { 0 };
	struct redact r = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(redact_rule(&r, bad[i], &a, &e), -1);
	assert_int_equal(e.n, COUNT(bad));
	assert_non_null(strstr(e.msg, "redaction 'mail' is none of email, phone, iban, card"));
	assert_non_null(strstr(e.msg, "bad pattern '('"));
	assert_true(r.kinds == 0 && r.nown == 0 && r.nfield == 0);
	arena_free(&a);
}

static void
test_fields(void **state)
{
	static const char *const hidden[] = { "user", "/user", "/user/name", "/meta/mail", "/meta",
		"meta", "/meta/mail/0", "" };
	static const char *const shown[] = { "users", "/use", "/meta/name", "metadata", "/users",
		"/meta/mails" };
	struct arena a = { 0 };
	struct redact r = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_false(redact_hides(&r, STR("user")));
	assert_false(redact_hides(&r, STR("")));
	assert_int_equal(redact_rule(&r, "field:user", &a, &e), 0);
	assert_int_equal(redact_rule(&r, "field:/meta/mail", &a, &e), 0);
	for (size_t i = 0; i < COUNT(hidden); i++)
		assert_true(redact_hides(&r, str_of(hidden[i])));
	for (size_t i = 0; i < COUNT(shown); i++)
		assert_false(redact_hides(&r, str_of(shown[i])));
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_email),
		cmocka_unit_test(test_phone),
		cmocka_unit_test(test_iban),
		cmocka_unit_test(test_card),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
