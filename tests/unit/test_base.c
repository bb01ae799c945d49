/*
 * test_base.c -- the tools below everything: str, buf, map, err, mem, digest, rng, par, tick, term.
 */
#include "harness/base/nouns.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdalign.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static struct arena arena;

static void
is(struct str got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void
test_str(void **state)
{
	(void)state;
	is(str_of(NULL), "");
	assert_true(str_eq(str_of(NULL), STR("")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_true(str_cmp(STR("a"), STR("ab")) < 0 && str_cmp(STR("b"), STR("ab")) > 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0 && str_cmp(STR(""), STR("")) == 0);
	assert_true(str_starts(STR("abc"), STR("ab")) && str_starts(STR("a"), STR("")));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_int_equal(str_find(STR("abcabc"), STR("bc"), 2), 4);
	assert_int_equal(str_find(STR("abc"), STR("x"), 0), -1);
	assert_int_equal(str_find(STR("abc"), STR(""), 3), 3);
	assert_int_equal(str_find(STR("abc"), STR(""), 4), -1);
	assert_int_equal(str_find(STR("a\0b"), STR("\0b"), 0), 1);
	is(str_sub(STR("abc"), 1, 99), "bc");
	is(str_sub(STR("abc"), 9, 1), "");
	is(str_trim(STR(" \t\r\n a b \xc2\xa0\xe3\x80\x80\xc2\x85")), "a b");
	is(str_trim(STR("\xe2\x80\xa8 ")), "");
	is(str_trim(STR("\xe2\x80\x8bx")), "\xe2\x80\x8bx");    /* U+200B is no White_Space */
	is(str_trim(STR("x\x85")), "x\x85");                    /* a lone byte is not U+0085 */
	assert_string_equal(str_cstr((struct str){ "abc", 2 }, &arena), "ab");
	assert_string_equal(str_dup(STR("ab"), &arena).p, "ab");
}

static void
test_utf8(void **state)
{
	const struct { struct str s; ptrdiff_t bad; } row[] = {
		{ STR(""), -1 }, { STR("a\0b"), -1 },
		{ STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), -1 },
		{ STR("a\xff"), 1 }, { STR("\xc0\x80"), 0 }, { STR("\xc1\xbf"), 0 },
		{ STR("\xe0\x80\x80"), 0 }, { STR("x\xed\xa0\x80"), 1 }, { STR("\xed\x9f\xbf"), -1 },
		{ STR("\xf0\x80\x80\x80"), 0 }, { STR("\xf4\x8f\xbf\xbf"), -1 },
		{ STR("\xf4\x90\x80\x80"), 0 }, { STR("\xf5\x80\x80\x80"), 0 }, { STR("\xc3"), 0 },
		{ STR("ab\xe2\x82"), 2 }, { STR("\x80"), 0 }, { STR("\xc3("), 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		assert_int_equal(str_bad_utf8(row[i].s), row[i].bad);
}

static void
test_fold(void **state)
{
	(void)state;
	is(str_fold(STR("  Hello\t\n WORLD "), &arena), "hello world");
	is(str_fold(STR("STRASSE"), &arena), "strasse");
	is(str_fold(STR("Stra\xc3\x9f" "e"), &arena), "strasse");
	is(str_fold(STR("\xc3\x84"), &arena), "\xc3\xa4");
	is(str_fold(STR("A\xcc\x88"), &arena), "\xc3\xa4");     /* NFC */
	is(str_fold(STR("\xce\xa3\xcf\x82"), &arena), "\xcf\x83\xcf\x83");
	is(str_fold(STR("a\xc2\xa0\xe3\x80\x80 b"), &arena), "a b");
	is(str_fold(STR("A\xff  B"), &arena), "a\xff b");       /* not UTF-8: ASCII only */
	is(str_fold(STR("\xff\xc3\x84"), &arena), "\xff\xc3\x84");
	is(str_fold(STR(""), &arena), "");
	is(str_fold(STR(" \n "), &arena), "");
	assert_int_equal(str_fold(STR("A\0\xc3\x84"), &arena).n, 4);
}

static void
test_visible(void **state)
{
	(void)state;
	is(str_visible(STR("a\x1b[31m\x7f\0b"), 99, false, &arena), "a\\x1b[31m\\x7f\\x00b");
	is(str_visible(STR("a\nb\tc\r"), 99, false, &arena), "a\\nb\\tc\\r");
	is(str_visible(STR("a\nb\tc\r"), 99, true, &arena), "a\nb\tc\\r");
	is(str_visible(STR("\xe2\x80\xae\xd8\x9c\xc2\x9b\xe2\x80\xa8"), 99, true, &arena),
	    "<U+202E><U+061C><U+009B><U+2028>");
	is(str_visible(STR("\xff\xc3"), 99, false, &arena), "\\xff\\xc3");
	is(str_visible(STR("\xc3\xa4\xc3\xb6\xc3\xbc"), 5, false, &arena), "\xc3\xa4\xc3\xb6...");
	is(str_visible(STR("abc"), 3, false, &arena), "abc");
	is(str_visible(STR("a\x1b"), 3, false, &arena), "a...");
}

static void
test_nearest(void **state)
{
	static const char *const list[] = { "margin", "metric", "name", "to", NULL };
	char word[201];

	(void)state;
	assert_string_equal(str_nearest("magin", list), "margin");
	assert_string_equal(str_nearest("mragin", list), "margin");
	assert_string_equal(str_nearest("nmae", list), "name");
	assert_string_equal(str_nearest("ot", list), "to");
	assert_null(str_nearest("threshold", list));
	assert_null(str_nearest("x", list));
	assert_null(str_nearest("", list));
	memset(word, 'm', 200);
	word[200] = '\0';
	assert_null(str_nearest(word, list));
	assert_null(str_nearest("a", (const char *const[]){ NULL }));
}

static void
test_numbers(void **state)
{
	static const char *const no_long[] = { "", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1",
		"9223372036854775808", "-9223372036854775809" };
	static const char *const no_real[] = { "", "-", ".", "e", "1e", "nan", "inf", "0x1p3",
		"1e999",
		"1,5", "1 ", " 1", "--1", "1-" };
	long n = 0;
	double v = 0;

	(void)state;
	assert_true(str_long(STR("9223372036854775807"), &n) && n == INT64_MAX);
	assert_true(str_long(STR("-9223372036854775808"), &n) && n == INT64_MIN);
	assert_true(str_long(STR("-0"), &n) && n == 0);
	assert_true(str_long(STR("007"), &n) && n == 7);
	for (size_t i = 0; i < COUNT(no_long); i++)
		assert_false(str_long(str_of(no_long[i]), &n));
	assert_false(str_long(STR("1\0"), &n));
	assert_true(str_real(STR("-1.5e-3"), &v) && v == -1.5e-3);
	assert_true(str_real(STR(".5"), &v) && v == 0.5);
	assert_true(str_real(STR("1e-999"), &v) && v == 0);
	for (size_t i = 0; i < COUNT(no_real); i++)
		assert_false(str_real(str_of(no_real[i]), &v));
	assert_false(str_real(STR("1\0"), &v));
	assert_true(str_real((struct str){ "12", 1 }, &v) && v == 1);
}

/* Numbers of all lengths, with the point at every place: as strtod reads them, to the last bit. */
static void
test_short_numbers(void **state)
{
	char text[32];

	(void)state;
	for (uint64_t i = 0; i < 200000; i++) {
		uint64_t draw = rng_next(5, i);
		int digits = 1 + (int)(draw % 18), point = (int)(draw >> 8) % (digits + 1);
		double ours = 0, theirs;
		size_t n = 0;

		if ((draw >> 20 & 1) != 0)
			text[n++] = '-';
		for (int k = 0; k < digits; k++) {
			if (k == point && k > 0)
				text[n++] = '.';
			text[n++] = (char)('0' + rng_next(draw, (uint64_t)k) % 10);
		}
		text[n] = '\0';
		theirs = strtod(text, NULL);
		assert_true(str_real(str_of(text), &ours));
		assert_memory_equal(&ours, &theirs, sizeof ours);
	}
}

static void
test_buf(void **state)
{
	static const struct { double v; const char *s; } real[] = {
		{ 0, "0" }, { -0.0, "-0" }, { 0.1, "0.1" }, { 1.0 / 3, "0.3333333333333333" },
		{ 1e21, "1e+21" }, { 5e-324, "5e-324" }, { 0.1 + 0.2, "0.30000000000000004" },
		{ DBL_MAX, "1.7976931348623157e+308" }, { DBL_MIN, "2.2250738585072014e-308" },
		{ NAN, "null" }, { INFINITY, "null" },
	};
	struct buf b = { .max = 8 };
	uint64_t key = rng_key(1, "reals");

	(void)state;
	is(buf_as_str(&b), "");
	buf_puts(&b, "12345678");
	assert_false(b.over);
	buf_char(&b, '9');
	assert_true(b.over);
	buf_puts(&b, "");
	buf_fmt(&b, "%d", 1);
	is(buf_as_str(&b), "12345678");
	assert_string_equal(b.p, "12345678");
	buf_reset(&b);
	assert_false(b.over);
	buf_fmt(&b, "%s", "123456789");                 /* all or nothing */
	assert_true(b.over);
	is(buf_as_str(&b), "");
	buf_free(&b);
	assert_int_equal(b.max, 8);
	b.max = 0;
	for (size_t i = 0; i < COUNT(real); i++) {
		buf_reset(&b);
		buf_real(&b, real[i].v);
		assert_string_equal(b.p, real[i].s);
	}
	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t bits = rng_next(key, i);
		double v, back = 0;

		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		buf_reset(&b);
		buf_real(&b, v);
		assert_true(str_real(buf_as_str(&b), &back));
		assert_memory_equal(&v, &back, sizeof v);
	}
	buf_free(&b);
}

static void
test_map(void **state)
{
	enum { N = 100000 };
	struct map m = { 0 };
	char key[32];
	bool is_new;

	(void)state;
	assert_null(map_get(&m, STR("x")));
	for (uint64_t i = 0; i < N; i++) {
		snprintf(key, sizeof key, "key %" PRIu64, i);
		*map_put(&m, str_of(key), &is_new) = i;
		assert_true(is_new);
	}
	assert_int_equal(m.n, N);
	for (uint64_t i = 0; i < N; i++) {
		snprintf(key, sizeof key, "key %" PRIu64, i);
		assert_int_equal(*map_get(&m, str_of(key)), i);
		assert_int_equal(*map_put(&m, str_of(key), &is_new), i);
		assert_false(is_new);
	}
	assert_null(map_get(&m, STR("key 100000")));
	*map_put(&m, STR(""), &is_new) = 7;
	assert_true(is_new);
	*map_put(&m, STR("\0"), &is_new) = 8;
	assert_true(is_new);
	assert_int_equal(*map_get(&m, (struct str){ NULL, 0 }), 7);
	map_free(&m);
	assert_int_equal(m.n, 0);
}

static void
test_err(void **state)
{
	struct err e = { 0 };
	char path[1000], line[2000];

	(void)state;
	assert_int_equal(err_set(&e, "one %d", 1), -1);
	assert_int_equal(err_at(&e, "f", 0, 0, "two"), -1);
	err_at(&e, "f", 3, 0, "three");
	err_at(&e, "f", 3, 4, "four\nline\n");
	assert_string_equal(e.msg, "one 1\nf: two\nf:3: three\nf:3:4: four line\n");
	assert_int_equal(e.n, 4);
	e = (struct err){ 0 };
	memset(path, 'p', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	err_at(&e, path, 7, 0, "x");
	assert_non_null(strstr(e.msg, "ppp:7: x\n"));
	e = (struct err){ 0 };
	line[0] = 'x';
	for (size_t i = 1; i + 1 < sizeof line; i += 2)
		memcpy(line + i, "\xc3\xa4", 2);
	line[sizeof line - 1] = '\0';
	err_set(&e, "%s", line);
	assert_int_equal(str_bad_utf8(str_of(e.msg)), -1);
	assert_int_equal(e.len, strlen(e.msg));
	for (int i = 0; i < 20000; i++)
		err_set(&e, "mistake number %d", i);
	assert_int_equal(e.n, 20001);
	assert_true(e.len < sizeof e.msg && e.len > sizeof e.msg - 40);
	assert_int_equal(e.msg[e.len], '\0');
	assert_int_equal(e.msg[e.len - 1], '\n');
}

static void
test_mem(void **state)
{
	struct arena a = { 0 };
	size_t cap = 0;
	int *v = NULL;
	char *p;

	(void)state;
	for (size_t n = 0; n < 2000; n++) {
		p = arena_alloc(&a, n);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xaa, n);
	}
	arena_reset(&a);
	p = arena_alloc(&a, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);              /* zeroed also when used again */
	assert_non_null(arena_alloc(&a, 10 << 20));
	arena_reset(&a);
	assert_null(a.chunk);                           /* the giant does not stay */
	assert_string_equal(arena_fmt(&a, "%s-%d", "x", 5), "x-5");
	assert_string_equal(arena_strdup(&a, "dup"), "dup");
	arena_free(&a);
	arena_free(&a);
	for (size_t i = 0; i < 1000; i++) {
		v = mem_grow(v, &cap, i + 1, sizeof *v);
		v[i] = (int)i;
	}
	assert_true(cap >= 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(v[i], i);
	mem_free(v);
}

static void
test_no_memory(void **state)
{
	static const size_t size[] = { SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX / 2 + 1 };

	(void)state;
	for (size_t i = 0; i < COUNT(size); i++) {
		pid_t pid = fork();
		int status = 0;

		if (pid == 0) {
			struct arena a = { 0 };

			close(STDERR_FILENO);
			arena_alloc(&a, size[i]);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), EXIT_SURROUNDINGS);
	}
}

static void
test_digest(void **state)
{
	struct sha256 s;
	char hex[65], other[65], part[65];
	struct buf million = { 0 };
	struct hash128 h = hash128(STR(""));

	(void)state;
	/* FIPS 180-4 examples. */
	s = sha256_begin();
	sha256_end(&s, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	s = sha256_begin();
	sha256_add(&s, STR("a"));
	sha256_add(&s, STR("bc"));
	sha256_end(&s, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	for (int i = 0; i < 100000; i++)
		buf_puts(&million, "aaaaaaaaaa");
	s = sha256_begin();
	sha256_add(&s, buf_as_str(&million));
	sha256_end(&s, hex);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	buf_free(&million);
	s = sha256_begin();
	sha256_field(&s, STR("ab"));
	sha256_field(&s, STR("c"));
	sha256_end(&s, hex);
	s = sha256_begin();
	sha256_field(&s, STR("a"));
	sha256_field(&s, STR("bc"));
	sha256_end(&s, other);
	assert_string_not_equal(hex, other);
	s = sha256_begin();
	sha256_add(&s, STR("\1\0\0\0\0\0\0\0" "a" "\2\0\0\0\0\0\0\0" "bc"));
	sha256_end(&s, part);
	assert_string_equal(part, other);               /* the length is little-endian, 8 bytes */
	hex_of("\x00\xff\x1a", 3, hex);
	assert_string_equal(hex, "00ff1a");
	/* XXH3 test vectors for the empty input. */
	assert_true(hash64(STR(""), 0) == UINT64_C(0x2d06800538d394c2));
	assert_true(h.hi == UINT64_C(0x99aa06d3014798d8) && h.lo == UINT64_C(0x6001c324468d497f));
	assert_true(hash64(STR("a"), 0) != hash64(STR("a"), 1));
}

static void
test_rng(void **state)
{
	uint64_t key = rng_key(7, "bootstrap");
	double sum = 0;

	(void)state;
	/* Pinned: a change here changes every stored sample and interval. */
	assert_true(rng_at(0, "", 0) == UINT64_C(0xe004d12653cfa4fa));
	assert_true(rng_at(7, "bootstrap", 0) == UINT64_C(0xe6bd6944b1ad6679));
	assert_true(rng_at(7, "bootstrap", 123456789) == UINT64_C(0xb7204a6a4aad1a26));
	/* The published first outputs of SplitMix64 from state 0. */
	assert_true(rng_next(0, 0) == UINT64_C(0xe220a8397b1dcdaf));
	assert_true(rng_next(0, 1) == UINT64_C(0x6e789e6aa1b965f4));
	assert_true(rng_next(key, 3) == rng_at(7, "bootstrap", 3));
	assert_true(rng_at(7, "bootstrap", 3) != rng_at(7, "permute", 3));
	assert_true(rng_at(7, "bootstrap", 3) != rng_at(8, "bootstrap", 3));
	assert_true(rng_unit(0) == 0 && rng_unit(UINT64_MAX) < 1);
	for (uint64_t i = 0; i < 100000; i++)
		sum += rng_unit(rng_next(key, i));
	assert_true(fabs(sum / 100000 - 0.5) < 0.005);
}

static void
fill(size_t i, struct arena *scratch, void *ctx)
{
	uint64_t *slot = ctx, *tmp = arena_alloc(scratch, sizeof *tmp);

	assert_int_equal(*tmp, 0);
	*tmp = rng_at(1, "par", i);
	slot[i] = *tmp;
}

static void
test_par(void **state)
{
	enum { N = 10000 };
	uint64_t *one = mem_alloc(N, sizeof *one), *four = mem_alloc(N, sizeof *four);

	(void)state;
	setenv("DRIFTLEAD_THREADS", "1", 1);
	par_for(N, fill, one);
	setenv("DRIFTLEAD_THREADS", "4", 1);
	par_for(N, fill, four);
	assert_memory_equal(one, four, N * sizeof *one);
	assert_true(one[N - 1] == rng_at(1, "par", N - 1));
	setenv("DRIFTLEAD_THREADS", "nonsense", 1);
	par_for(0, fill, NULL);
	par_for(1, fill, one);
	unsetenv("DRIFTLEAD_THREADS");
	mem_free(one);
	mem_free(four);
}

static void
test_tick(void **state)
{
	char s[25];
	double before = tick_now();

	(void)state;
	tick_iso(0, s);
	assert_string_equal(s, "1970-01-01T00:00:00Z");
	tick_iso(INT64_C(1795458868999), s);
	assert_string_equal(s, "2026-11-23T18:34:28Z");
	tick_iso(-1, s);
	assert_string_equal(s, "1969-12-31T23:59:59Z");
	tick_iso(INT64_MAX, s);
	assert_string_equal(s, "unknown time");
	assert_true(tick_now() >= before);
	assert_true(tick_wall_ms() > INT64_C(1700000000000));
}

static void
test_term(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	unsetenv("NO_COLOR");
	unsetenv("FORCE_COLOR");
	unsetenv("CLICOLOR_FORCE");
	unsetenv("COLUMNS");
	assert_false(term_colour(fd[1]));
	assert_int_equal(term_width(fd[1]), 80);
	setenv("FORCE_COLOR", "1", 1);
	assert_true(term_colour(fd[1]));
	setenv("NO_COLOR", "1", 1);
	assert_false(term_colour(fd[1]));
	setenv("NO_COLOR", "", 1);
	assert_true(term_colour(fd[1]));
	setenv("FORCE_COLOR", "0", 1);
	assert_false(term_colour(fd[1]));
	setenv("COLUMNS", "123", 1);
	assert_int_equal(term_width(fd[1]), 123);
	setenv("COLUMNS", "wide", 1);
	assert_int_equal(term_width(fd[1]), 80);
	close(fd[0]);
	close(fd[1]);
}

static void
test_nouns(void **state)
{
	(void)state;
	assert_string_equal(outcome_name[OUT_GARBAGE], "garbage");
	assert_string_equal(verdict_name[INVALID], "INVALID");
	assert_int_equal(verdict_exit(PASS), 0);
	assert_int_equal(verdict_exit(FAIL), 1);
	assert_int_equal(verdict_exit(INCONCLUSIVE), 3);
	assert_int_equal(verdict_exit(INVALID), 3);
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str), cmocka_unit_test(test_utf8), cmocka_unit_test(test_fold),
		cmocka_unit_test(test_visible), cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_short_numbers),
		cmocka_unit_test(test_buf), cmocka_unit_test(test_map),
		cmocka_unit_test(test_err), cmocka_unit_test(test_mem),
		cmocka_unit_test(test_no_memory), cmocka_unit_test(test_digest),
		cmocka_unit_test(test_rng), cmocka_unit_test(test_par), cmocka_unit_test(test_tick),
		cmocka_unit_test(test_term), cmocka_unit_test(test_nouns),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
