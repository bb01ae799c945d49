/*
 * test_opt.c -- command lines, and the exact sentences of every mistake.
 */
#include "harness/base/base.h"

#include <setjmp.h>
#include <cmocka.h>

struct options {
	bool         quiet, yes;
	int          verbose;
	const char  *out;
	long         jobs;
	double       real, share, time;
	struct texts tags;
};

static const struct opt common[] = {
	{ "quiet", 'q', OPT_FLAG, offsetof(struct options, quiet), NULL, "say less" },
	{ "verbose", 'v', OPT_COUNT, offsetof(struct options, verbose), NULL, "say more" },
	{ 0 }
};
static const struct opt own[] = {
	{ "out", 'o', OPT_TEXT, offsetof(struct options, out), "FILE", "where to" },
	{ "jobs", 'n', OPT_INT, offsetof(struct options, jobs), "N", "how many" },
	{ "real", 0, OPT_REAL, offsetof(struct options, real), NULL, "a number" },
	{ "share", 0, OPT_SHARE, offsetof(struct options, share), "SHARE", "how much" },
	{ "time", 't', OPT_TIME, offsetof(struct options, time), "TIME", "how long" },
	{ "tag", 0, OPT_LIST, offsetof(struct options, tags), "TAG", "each use adds one" },
	{ "yes", 'y', OPT_FLAG, offsetof(struct options, yes), NULL, "do not ask" },
	{ 0 }
};
static const struct opt *const tables[] = { own, common, NULL };
static struct arena arena;

struct result { struct options o; struct texts operand; struct err e; int status; };

/* Splits at blanks: enough for a test; '_' stands for an empty argument. */
static struct result
run(const char *line)
{
	struct result r = { 0 };
	char *argv[64] = { (char *)(uintptr_t)"run" };
	int argc = 1;

	for (char *p = arena_strdup(&arena, line); *p != '\0'; ) {
		size_t n = strcspn(p, " ");
		bool last = p[n] == '\0';

		p[n] = '\0';
		argv[argc++] = strcmp(p, "_") == 0 ? p + n : p;
		p += n + !last;
	}
	r.o.yes = true;
	r.status = opt_parse(tables, argc, argv, &r.o, &r.operand, &arena, &r.e);
	return r;
}

static void
test_good(void **state)
{
	struct result r = run("a --out=x.html -n4 b -qvv --real -1.5e3 --share 31% -t 15m --no-yes"
	    " --tag x --tag=y --tag _ -- -z --out");

	(void)state;
	assert_string_equal(r.e.msg, "");
	assert_int_equal(r.status, 0);
	assert_string_equal(r.o.out, "x.html");
	assert_int_equal(r.o.jobs, 4);
	assert_true(r.o.quiet);
	assert_false(r.o.yes);
	assert_int_equal(r.o.verbose, 2);
	assert_true(r.o.real == -1500 && r.o.share == 0.31 && r.o.time == 900);
	assert_int_equal(r.o.tags.n, 3);
	assert_string_equal(r.o.tags.text[0], "x");
	assert_string_equal(r.o.tags.text[1], "y");
	assert_string_equal(r.o.tags.text[2], "");
	assert_int_equal(r.operand.n, 4);
	assert_string_equal(r.operand.text[0], "a");
	assert_string_equal(r.operand.text[1], "b");
	assert_string_equal(r.operand.text[2], "-z");
	assert_string_equal(r.operand.text[3], "--out");
	r = run("- _ --out= -qn 7");
	assert_int_equal(r.status, 0);
	assert_int_equal(r.operand.n, 2);
	assert_string_equal(r.operand.text[0], "-");
	assert_string_equal(r.operand.text[1], "");
	assert_string_equal(r.o.out, "");
	assert_int_equal(r.o.jobs, 7);
	assert_true(r.o.quiet && r.o.yes);
	r = run("-qvo- --out --out");               /* a value is a value whatever it looks like */
	assert_int_equal(r.status, 0);
	assert_string_equal(r.o.out, "--out");
	r = run("--yes --no-yes --yes");
	assert_true(r.o.yes);
}

static void
test_many(void **state)
{
	char *argv[1001];
	struct result r = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(argv); i++)
		argv[i] = arena_fmt(&arena, "--tag=%zu", i);
	assert_int_equal(opt_parse(tables, COUNT(argv), argv, &r.o, &r.operand, &arena, &r.e), 0);
	assert_int_equal(r.o.tags.n, 1000);
	assert_string_equal(r.o.tags.text[999], "1000");
	assert_string_equal(r.o.tags.text[511], "512");
}

static void
test_mistakes(void **state)
{
	struct result r = run("--quite --zzzzzz -z -vx --quiet=1 --jobs=two --jobs 9999999999999999999"
	    " --share 31 --share=-1% --time=soon --real nan --no-jobs --tag --no-yes=1 -n= --jobs");

	(void)state;
	assert_int_equal(r.status, -1);
	assert_string_equal(r.e.msg,
	    "unknown option '--quite' (did you mean '--quiet'?)\n"
	    "unknown option '--zzzzzz'; '-h' lists them\n"
	    "unknown option '-z'; '-h' lists them\n"
	    "unknown option '-x'; '-h' lists them\n"
	    "option '--quiet' takes no value\n"
	    "option '--jobs' must be a whole number, not 'two'\n"
	    "option '--jobs' must be a whole number, not '9999999999999999999'\n"
	    "option '--share' must be a share such as 31% or 0.31, not '31'\n"
	    "option '--share' must be a share such as 31% or 0.31, not '-1%'\n"
	    "option '--time' must be a time such as 90d, 2h, 15m, 30s or 250ms, not 'soon'\n"
	    "option '--real' must be a number, not 'nan'\n"
	    "unknown option '--no-jobs' (did you mean '--jobs'?)\n"
	    "option '--jobs' must be a whole number, not '='\n"
	    "option '--jobs' needs a value: N\n");
	assert_string_equal(r.o.tags.text[0], "--no-yes=1");
	r = run("--no-quiet=1 --real");
	assert_string_equal(r.e.msg, "option '--no-quiet' takes no value\n"
	    "option '--real' needs a value\n");
	r = run("-o");
	assert_string_equal(r.e.msg, "option '-o' needs a value: FILE\n");
}

static void
test_help(void **state)
{
	static const struct opt wide[] = {
		{ "a-name-that-is-very-long-indeed", 0, OPT_TEXT, 0, "FILE", "below" },
		{ 0 }
	};
	static const struct opt *const both[] = { own, common, wide, NULL };
	struct buf b = { 0 };

	(void)state;
	opt_help(&b, both);
	assert_string_equal(b.p,
	    "  -o, --out FILE     where to\n"
	    "  -n, --jobs N       how many\n"
	    "      --real VALUE   a number\n"
	    "      --share SHARE  how much\n"
	    "  -t, --time TIME    how long\n"
	    "      --tag TAG      each use adds one\n"
	    "  -y, --yes          do not ask\n"
	    "  -q, --quiet        say less\n"
	    "  -v, --verbose      say more\n"
	    "      --a-name-that-is-very-long-indeed FILE\n"
	    "                     below\n");
	buf_free(&b);
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
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
