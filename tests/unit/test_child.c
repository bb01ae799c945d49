/* Children: lines both ways, limits, and that none is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/child.h"

static struct child *
start(const char *const *argv, const char *const *env, const struct child_limits *limits)
{
	struct err e = { 0 };
	struct child *c = child_start(argv, NULL, env, limits, &e);

	if (c == NULL)
		print_error("%s\n", e.msg);
	assert_non_null(c);
	return c;
}

static struct child *
shell(const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return start(argv, NULL, NULL);
}

/* Does what the engine does, for one child, until something other than CHILD_MORE. */
static enum child_event
turn(struct child *c, struct str *line)
{
	double end = tick_now() + 20;

	while (tick_now() < end) {
		struct pollfd fd[2] = { { child_out(c), POLLIN, 0 },
		                        { child_wants_write(c) ? child_in(c) : -1, POLLOUT, 0 } };

		enum child_event ev = child_on_readable(c, line);

		if (ev != CHILD_MORE)
			return ev;
		poll(fd, 2, 1000);
		if (fd[1].revents != 0)
			child_on_writable(c);
	}
	fail_msg("nothing for 20 seconds");
	return CHILD_MORE;
}

static void
expect_line(struct child *c, const char *want)
{
	struct str line;

	assert_int_equal(turn(c, &line), CHILD_LINE);
	if (!str_is(line, want))
		fail_msg("'%.*s' and not '%s'", STR_ARG(line), want);
}

static void
expect_end(struct child *c, double grace, const char *want)
{
	struct buf why = { 0 };

	child_stop(c, grace, &why);
	assert_string_equal(why.p, want);
	buf_free(&why);
}

static void
lines_go_both_ways(void **state)
{
	const char *const argv[] = { "cat", NULL };
	struct child *c = start(argv, NULL, NULL);

	(void)state;
	child_send(c, STR("one"));
	child_send(c, STR(""));
	child_send(c, STR("three \"3\""));
	expect_line(c, "one");
	expect_line(c, "");
	expect_line(c, "three \"3\"");
	child_send(c, STR("later"));
	expect_line(c, "later");
	child_stop(c, 1, NULL);
}

static void
long_lines_pass_in_pieces(void **state)
{
	const char *const argv[] = { "cat", NULL };
	struct child *c = start(argv, NULL, NULL);
	size_t n = 1 << 20;
	char *p = mem_alloc(n, 1);
	struct str line;

	(void)state;
	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + i % 26);
	child_send(c, (struct str){ p, n });
	child_send(c, (struct str){ p, n / 2 });
	assert_int_equal(turn(c, &line), CHILD_LINE);
	assert_true(str_eq(line, (struct str){ p, n }));
	assert_int_equal(turn(c, &line), CHILD_LINE);
	assert_true(str_eq(line, (struct str){ p, n / 2 }));
	mem_free(p);
	child_stop(c, 0, NULL);
}

static void
the_ceiling_is_exact(void **state)
{
	const char *const fits[] = { "printf", "%s\\n", "12345678", NULL };
	const char *const over[] = { "printf", "%s\\n", "123456789", NULL };
	const char *const endless[] = { "cat", "/dev/zero", NULL };
	const struct child_limits limits = { .line = 8 };
	struct str line;
	struct child *c = start(fits, NULL, &limits);

	(void)state;
	expect_line(c, "12345678");
	child_stop(c, 1, NULL);
	c = start(over, NULL, &limits);
	assert_int_equal(turn(c, &line), CHILD_OVER);
	child_stop(c, 1, NULL);
	c = start(endless, NULL, &limits);
	assert_int_equal(turn(c, &line), CHILD_OVER);
	child_stop(c, 0, NULL);
}

static void
a_torn_line_is_not_an_answer(void **state)
{
	struct child *c = shell("printf 'whole\\ntorn'");
	struct str line;

	(void)state;
	expect_line(c, "whole");
	assert_int_equal(turn(c, &line), CHILD_EOF);
	assert_int_equal(turn(c, &line), CHILD_EOF);
	expect_end(c, 1, "exited with status 0");
}

static void
stderr_never_blocks_it(void **state)
{
	struct child *c = shell("head -c 1000000 /dev/zero | tr '\\0' x >&2; echo last >&2; echo ok");
	struct buf why = { 0 };
	struct str line;

	(void)state;
	expect_line(c, "ok");
	assert_int_equal(turn(c, &line), CHILD_EOF);
	child_stop(c, 1, &why);
	assert_true(str_starts(buf_as_str(&why), STR("exited with status 0; it said: xxx")));
	assert_true(str_find(buf_as_str(&why), STR("xlast"), 0) > 0);
	assert_in_range(why.n, 2048, 2200);
	buf_free(&why);
}

static void
it_says_how_it_ended(void **state)
{
	struct child *c = shell("echo 'cannot load \033[1mmodel' >&2; exit 3");
	struct str line;

	(void)state;
	assert_int_equal(turn(c, &line), CHILD_EOF);
	assert_true(str_find(child_stderr(c), STR("cannot load"), 0) == 0);
	expect_end(c, 1, "exited with status 3; it said: cannot load \\x1b[1mmodel");
	c = shell("kill -SEGV $$");
	assert_int_equal(turn(c, &line), CHILD_EOF);
	expect_end(c, 1, "was killed by signal 11 (Segmentation fault)");
	c = shell("exec 2>/dev/null; trap 'exit 7' TERM; echo; while :; do sleep 0.01; done");
	expect_line(c, "");
	expect_end(c, 5, "exited with status 7");
	c = shell("echo; exec sleep 1000");
	expect_line(c, "");
	expect_end(c, 5, "was stopped");
}

static void
term_then_kill(void **state)
{
	struct child *c = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
	double t;

	(void)state;
	expect_line(c, "ready");
	t = tick_now();
	expect_end(c, 0.3, "had to be killed");
	t = tick_now() - t;
	assert_true(t >= 0.3 && t < 3);
}

static void
not_started(const char *argv0, const char *dir, const char *env0, const char *want)
{
	const char *const argv[] = { argv0, NULL };
	const char *const env[] = { env0, NULL };
	struct err e = { 0 };

	assert_null(child_start(argv, dir, env, NULL, &e));
	assert_int_equal(e.n, 1);
	if (strncmp(e.msg, want, strlen(want)) != 0 || e.len > strlen(want) + 1)
		fail_msg("'%s' and not '%s'", e.msg, want);
}

static void
what_cannot_start_says_why(void **state)
{
	(void)state;
	not_started("no-such-program", NULL, NULL,
	    "cannot start 'no-such-program': No such file or directory");
	not_started("", NULL, NULL, "cannot start '': No such file or directory");
	not_started("./engine", "/", NULL, "cannot start './engine': No such file or directory");
	not_started("/etc/passwd", NULL, NULL, "cannot start '/etc/passwd': Permission denied");
	not_started("/", NULL, NULL, "cannot start '/': Permission denied");
	not_started("cat", "/no/such", NULL,
	    "cannot start 'cat': cannot enter '/no/such': No such file or directory");
	not_started("cat", NULL, "=x", "env: '=x' has no name: write NAME or NAME=value");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);    /* no zombie of a failed start */
	assert_int_equal(errno, ECHILD);
}

/* A file that execve itself refuses: the sentence comes through the pipe from the child. */
static void
exec_failure_comes_back(void **state)
{
	char path[] = "/tmp/driftlead-test-XXXXXX";
	char want[200];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "no program", 10), 10);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	snprintf(want, sizeof want, "cannot start '%s': Exec format error", path);
	not_started(path, NULL, NULL, want);
	unlink(path);
}

static void
the_environment_is_allowed_by_name(void **state)
{
	const char *const argv[] = { "sh", "-c",
		"echo \"${TEST_SECRET-none} ${TEST_PASSED-none} $TEST_SET ${LANG-none} ${HOME:+home}\"",
		NULL };
	const char *const env[] = { "TEST_PASSED", "TEST_SET=1", "LANG=eo", "TEST_UNSET",
	                            "TEST_SET=a=b", NULL };
	struct child *c;

	(void)state;
	setenv("TEST_SECRET", "s", 1);
	setenv("TEST_PASSED", "passed", 1);
	setenv("HOME", "/", 1);
	setenv("LANG", "C", 1);
	c = start(argv, env, NULL);
	expect_line(c, "none passed a=b eo home");
	child_stop(c, 1, NULL);
}

static void
it_has_its_folder_group_and_no_other_descriptor(void **state)
{
	const char *const argv[] = { "sh", "-c", "pwd; cut -d' ' -f1,5 /proc/$$/stat; echo $$; "
		"for i in 3 4 9 10 11 12 77; do test ! -e /proc/$$/fd/$i || echo leak $i; done; "
		"echo ok", NULL };
	struct err e = { 0 };
	struct child *c;
	struct str line;
	long pid, group;
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(dup2(fd, 77), 77);      /* without close-on-exec */
	c = child_start(argv, "/usr", NULL, NULL, &e);
	assert_non_null(c);
	expect_line(c, "/usr");
	assert_int_equal(turn(c, &line), CHILD_LINE);
	assert_true(str_long(str_sub(line, 0, (size_t)str_find(line, STR(" "), 0)), &pid));
	assert_true(str_long(str_sub(line, (size_t)str_find(line, STR(" "), 0) + 1, 20), &group));
	assert_int_equal(pid, group);
	assert_int_equal(turn(c, &line), CHILD_LINE);
	expect_line(c, "ok");
	child_stop(c, 1, NULL);
	close(fd);
	close(77);
	/* A path with a slash is relative to that folder, not to ours. */
	c = child_start((const char *const[]){ "bin/echo", "here", NULL }, "/usr", NULL, NULL, &e);
	assert_non_null(c);
	expect_line(c, "here");
	child_stop(c, 1, NULL);
}

static void
limits_hold(void **state)
{
	const char *const show[] = { "sh", "-c", "ulimit -t; ulimit -v; ulimit -n", NULL };
	const char *const spin[] = { "sh", "-c", "while :; do :; done", NULL };
	const struct child_limits limits = { .cpu_seconds = 7, .memory = 256 << 20, .files = 6 };
	const struct child_limits second = { .cpu_seconds = 1 };
	struct child *c = start(show, NULL, &limits);
	struct str line;

	(void)state;
	expect_line(c, "7");
	expect_line(c, "262144");
	expect_line(c, "6");
	child_stop(c, 1, NULL);
	c = start(spin, NULL, &second);
	assert_int_equal(turn(c, &line), CHILD_EOF);
	expect_end(c, 2, "was killed by signal 24 (CPU time limit exceeded)");
}

/* Whatever the parent ignores or blocks, a child starts with defaults: SIGPIPE above all. */
static void
signals_are_as_new(void **state)
{
	struct child *c;
	sigset_t usr, before;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr, &before);
	/* 32 and 33 are the C library's own: it lets nobody else set them. */
	c = shell("grep -E 'Sig(Blk|Ign)' /proc/self/status | cut -f2 | tr 89abcdef 01234567 | "
	          "sed 's/^\\(.......\\)1/\\10/'");
	expect_line(c, "0000000000000000");
	expect_line(c, "0000000000000000");
	child_stop(c, 1, NULL);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
writing_to_the_dead_is_harmless(void **state)
{
	struct child *c = shell("exec <&-; echo closed; sleep 100");
	struct str line;
	sigset_t pending;

	(void)state;
	expect_line(c, "closed");
	child_send(c, STR("anybody there?"));
	child_on_writable(c);
	assert_int_equal(child_in(c), -1);
	assert_false(child_wants_write(c));
	child_send(c, STR("hello?"));
	assert_false(child_wants_write(c));
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
	child_stop(c, 0, NULL);
	c = shell("exit 0");
	assert_int_equal(turn(c, &line), CHILD_EOF);
	expect_end(c, 1, "exited with status 0");
}

/* We are the reaper of all orphans here, so what is left behind cannot hide. */
static void
nothing_is_left_after_a_hundred(void **state)
{
	const char *const script[] = {
		"sleep 1000 & echo; wait",
		"trap '' TERM; (trap '' TERM; sleep 1000) & echo; while :; do sleep 1000; done",
		"sleep 1000 & echo; exit 1",
		"(sleep 1000 & sleep 1000) & (sleep 1000 | cat) & echo; cat",
	};
	int fds = dup(0), after, status;

	(void)state;
	close(fds);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	for (int i = 0; i < 100; i++) {
		struct child *c = shell(script[i % (int)COUNT(script)]);

		expect_line(c, "");
		child_stop(c, i % 8 < 4 ? 0 : 0.005, NULL);
		/* Only dead grandchildren may still arrive here: one alive would sleep on. */
		alarm(20);
		while (waitpid(-1, &status, 0) > 0)
			continue;
		alarm(0);
		assert_int_equal(errno, ECHILD);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	after = dup(0);
	close(after);
	assert_int_equal(after, fds);
}

static void
it_dies_with_us(void **state)
{
	int p[2], status;
	char pid[32] = "";
	ssize_t n;
	long worker;
	pid_t us;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(p), 0);
	us = fork();
	if (us == 0) {
		struct child *c = shell("trap '' TERM; echo $$; exec sleep 1000");
		struct str line;

		if (turn(c, &line) != CHILD_LINE || write(p[1], line.p, line.n) < 0)
			_exit(1);
		pause();
		_exit(1);
	}
	n = read(p[0], pid, sizeof pid);
	assert_true(n > 0);
	assert_true(str_long((struct str){ pid, (size_t)n }, &worker));
	kill(us, SIGKILL);
	assert_int_equal(waitpid(us, &status, 0), us);
	alarm(20);
	assert_int_equal(waitpid((pid_t)worker, &status, 0), (pid_t)worker);
	alarm(0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	close(p[0]);
	close(p[1]);
}

static void
the_tail_keeps_the_end(void **state)
{
	struct tail t = { 0 };
	char big[5000];

	(void)state;
	tail_add(&t, "abc", 3);
	tail_add(&t, "def", 3);
	assert_memory_equal(t.p, "abcdef", 6);
	memset(big, 'x', sizeof big);
	tail_add(&t, big, 2045);
	assert_int_equal(t.n, 2048);
	assert_memory_equal(t.p, "defxx", 5);
	big[sizeof big - 1] = '!';
	tail_add(&t, big, sizeof big);
	assert_int_equal(t.n, 2048);
	assert_int_equal(t.p[2047], '!');
	assert_int_equal(t.p[0], 'x');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_go_both_ways),
		cmocka_unit_test(long_lines_pass_in_pieces),
		cmocka_unit_test(the_ceiling_is_exact),
		cmocka_unit_test(a_torn_line_is_not_an_answer),
		cmocka_unit_test(stderr_never_blocks_it),
		cmocka_unit_test(it_says_how_it_ended),
		cmocka_unit_test(term_then_kill),
		cmocka_unit_test(what_cannot_start_says_why),
		cmocka_unit_test(exec_failure_comes_back),
		cmocka_unit_test(the_environment_is_allowed_by_name),
		cmocka_unit_test(it_has_its_folder_group_and_no_other_descriptor),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(signals_are_as_new),
		cmocka_unit_test(writing_to_the_dead_is_harmless),
		cmocka_unit_test(nothing_is_left_after_a_hundred),
		cmocka_unit_test(it_dies_with_us),
		cmocka_unit_test(the_tail_keeps_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
