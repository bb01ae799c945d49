/*
 * Local servers: this program started again as `test_serve server MODE PORT` is the server.
 * The modes: ready, slow (503 three times), never (503), dies, stubborn (ignores SIGTERM),
 * noisy (prints a megabyte first), other (404).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/harness.h"

static char self[4096];

static int
listen_at(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 16) != 0)
		return -1;
	return fd;
}

static int
server(const char *mode, int port)
{
	char in[2048], body[256], out[512];
	int fd, asked = 0;

	if (strcmp(mode, "dies") == 0) {
		fprintf(stderr, "out of\nmemory\n");
		return 3;
	}
	if (strcmp(mode, "stubborn") == 0)
		signal(SIGTERM, SIG_IGN);
	for (int i = 0; strcmp(mode, "noisy") == 0 && i < 20000; i++)
		fprintf(stderr, "a line of fifty bytes, and there are many of these\n");
	if ((fd = listen_at(port)) < 0)
		return 4;
	for (;;) {
		int c = accept(fd, NULL, NULL), status = 200;
		ssize_t n = recv(c, in, sizeof in - 1, 0);

		in[n > 0 ? n : 0] = '\0';
		if (strncmp(in, "GET /props ", 11) == 0) {
			snprintf(body, sizeof body, "{\"pid\":%d,\"build\":{\"info\":\"b4589-\\u0065b7\"}}",
			    getpid());
		} else {
			snprintf(body, sizeof body, "%s\n", getenv("TEST_WORD") ? getenv("TEST_WORD") : "ok");
			asked++;
			if (strcmp(mode, "never") == 0 || (strcmp(mode, "slow") == 0 && asked <= 3))
				status = 503;
			if (strcmp(mode, "other") == 0)
				status = 404;
		}
		n = snprintf(out, sizeof out, "HTTP/1.1 %d x\r\nContent-Type: text/plain\r\n"
		    "CONTENT-length: %zu\r\n\r\n%s", status, strlen(body), body);
		/* In two pieces, and the connection left open: the length must be believed. */
		send(c, out, 20, MSG_NOSIGNAL);
		send(c, out + 20, (size_t)n - 20, MSG_NOSIGNAL);
		if (status == 200)
			recv(c, in, sizeof in, 0);
		close(c);
	}
}

/* ---- a target as target.c would bind it ------------------------------------------------------ */

struct fixture { struct arena a; struct target t; struct err e; };

static void *
field(struct fixture *f, const char *name)
{
	const struct conf_key *k = serve_params;

	while (strcmp(k->name, name) != 0)
		k++;
	return (char *)f->t.serve + k->offset;
}

static void
set_list(struct fixture *f, const char *name, const char *const *words)
{
	struct texts *t = field(f, name);

	while (words[t->n] != NULL)
		t->n++;
	t->text = arena_array(&f->a, t->n, sizeof *t->text);
	memcpy(t->text, words, t->n * sizeof *t->text);
}

static void
make(struct fixture *f, const char *mode)
{
	const char *const command[] = { self, "server", mode, "{port}", NULL };

	*f = (struct fixture){ .t = { .name = "canary", .url = "http://127.0.0.1:{port}/v1" } };
	f->t.serve = arena_alloc(&f->a, serve_size);
	set_list(f, "command", command);
	*(const char **)field(f, "health") = "/health";
	*(double *)field(f, "start_timeout") = 20;
	*(double *)field(f, "stop_grace") = 5;
}

static void
expect_start(struct fixture *f)
{
	if (serve_start(&f->t, &f->a, &f->e) != 0)
		fail_msg("%s", f->e.msg);
}

static void
expect_mistake(struct fixture *f, const char *want)
{
	assert_int_equal(serve_start(&f->t, &f->a, &f->e), -1);
	if (strncmp(f->e.msg, want, strlen(want)) != 0 || f->e.len > strlen(want) + 1)
		fail_msg("'%s' and not '%s'", f->e.msg, want);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_string_equal(f->t.url, "http://127.0.0.1:{port}/v1");
	arena_free(&f->a);
}

static long
pid_of_server(struct fixture *f)
{
	struct buf body = { 0 };
	struct json root;
	struct json_fault fault;
	long pid = 0;

	assert_int_equal(probe_get(&f->t, "/props", 5, &body), 200);
	assert_int_equal(json_parse(buf_as_str(&body), &root, &fault), 0);
	assert_true(json_long(json_get(root, "pid"), &pid));
	buf_free(&body);
	return pid;
}

static void
expect_gone(struct fixture *f, long pid)
{
	serve_stop(&f->t);
	assert_int_equal(kill((pid_t)pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_string_equal(f->t.url, "http://127.0.0.1:{port}/v1");
	serve_stop(&f->t);                       /* twice is once */
	arena_free(&f->a);
}

static void
it_starts_answers_and_stops(void **state)
{
	struct fixture f;
	long pid;

	(void)state;
	make(&f, "ready");
	expect_start(&f);
	assert_null(strstr(f.t.url, "{port}"));
	assert_true(probe_listens(&f.t));
	pid = pid_of_server(&f);
	assert_int_equal(kill((pid_t)pid, 0), 0);
	expect_gone(&f, pid);
}

static void
it_can_start_again(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, "ready");
	expect_start(&f);
	serve_stop(&f.t);
	expect_start(&f);
	expect_gone(&f, pid_of_server(&f));
}

static void
loading_is_not_ready(void **state)
{
	struct fixture f;
	double t = tick_now();

	(void)state;
	make(&f, "slow");
	expect_start(&f);
	assert_true(tick_now() - t >= 0.1);      /* three pauses: 0.02, 0.04, 0.08 */
	expect_gone(&f, pid_of_server(&f));
}

static void
noise_neither_stalls_nor_grows(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, "noisy");
	expect_start(&f);
	expect_gone(&f, pid_of_server(&f));
}

static void
a_stubborn_one_is_killed(void **state)
{
	struct fixture f;
	double t;
	long pid;

	(void)state;
	make(&f, "stubborn");
	*(double *)field(&f, "stop_grace") = 0.2;
	expect_start(&f);
	pid = pid_of_server(&f);
	t = tick_now();
	expect_gone(&f, pid);
	assert_true(tick_now() - t >= 0.2);
}

static void
death_is_told_at_once(void **state)
{
	struct fixture f;
	double t = tick_now();

	(void)state;
	make(&f, "dies");
	expect_mistake(&f, "the server of target 'canary' exited with status 3 before it was ready; "
	    "it said: out of memory");
	assert_true(tick_now() - t < 10);
}

static void
patience_ends(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, "never");
	*(double *)field(&f, "start_timeout") = 0.5;
	expect_mistake(&f, "the server of target 'canary' still answered 503 at /health after 0.5 s");
	make(&f, "other");
	*(double *)field(&f, "start_timeout") = 0.5;
	expect_mistake(&f, "the server of target 'canary' still answered 404 at /health after 0.5 s");
}

static void
mistakes_are_found_before_it_starts(void **state)
{
	const char *const missing[] = { "/no/such/server", "{port}", NULL };
	const char *const sentence[] = { "llama-server --port {port}", NULL };
	const char *const portless[] = { self, NULL };
	const char *const failing[] = { "sh", "-c", "echo too old; exit 9", NULL };
	struct fixture f;

	(void)state;
	make(&f, "ready");
	*(struct texts *)field(&f, "command") = (struct texts){ 0 };
	set_list(&f, "command", missing);
	expect_mistake(&f, "cannot start '/no/such/server': No such file or directory");
	make(&f, "ready");
	*(struct texts *)field(&f, "command") = (struct texts){ 0 };
	set_list(&f, "command", sentence);
	expect_mistake(&f, "serve: command 'llama-server --port {port}' is one word: write a list, "
	    "as no shell splits it");
	make(&f, "ready");
	*(struct texts *)field(&f, "command") = (struct texts){ 0 };
	set_list(&f, "command", portless);
	expect_mistake(&f,
	    "serve: {port} must stand in both the url and the command, or in neither");
	make(&f, "ready");
	*(const char **)field(&f, "health") = "health";
	expect_mistake(&f,
	    "serve: health 'health' is a path on the server and starts with /");
	make(&f, "ready");
	set_list(&f, "version", failing);
	expect_mistake(&f, "'sh' exited with status 9; it said: too old");
	make(&f, "ready");
	*(const char **)field(&f, "weights") = "/no/such/weights.gguf";
	expect_mistake(&f, "cannot open '/no/such/weights.gguf': No such file or directory");
}

static void
urls_are_checked(void **state)
{
	static const char *const good[] = { "http://127.0.0.1:80", "http://[::1]:8080/v1",
	                                    "http://localhost/v1", "http://a:65535?x" };
	static const char *const bad[] = { "https://127.0.0.1:80", "http://", "http://:80",
	    "http://a:0", "http://a:65536", "http://a:x", "http://u:p@a:80", "http://[::1",
	    "http://a b", "http://[::1]x", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(probe_check(good[i], &(struct err){ 0 }), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err e = { 0 };

		if (probe_check(bad[i], &e) != -1 || e.n != 1)
			fail_msg("'%s' was taken", bad[i]);
	}
}

/* An older server on a fixed port would be measured in place of ours. */
static void
an_occupied_port_is_refused(void **state)
{
	const char *const command[] = { self, "server", "ready", "1", NULL };
	struct sockaddr_in at = { 0 };
	socklen_t n = sizeof at;
	struct fixture f;
	int fd = listen_at(0);

	(void)state;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	make(&f, "ready");
	*(struct texts *)field(&f, "command") = (struct texts){ 0 };
	set_list(&f, "command", command);
	f.t.url = arena_fmt(&f.a, "http://127.0.0.1:%d/v1", ntohs(at.sin_port));
	assert_int_equal(serve_start(&f.t, &f.a, &f.e), -1);
	assert_non_null(strstr(f.e.msg, "somebody already listens at 'http://127.0.0.1:"));
	close(fd);
	arena_free(&f.a);
}

static void
the_record_names_what_ran(void **state)
{
	const char *const version[] = { "sh", "-c", "echo; echo version 4589 >&2; echo", NULL };
	const char *const path[] = { "/props#/build/info", NULL };
	const char *const plain[] = { "/word", NULL };
	const char *const env[] = { "TEST_WORD=tri", NULL };
	char weights[] = "/tmp/driftlead-test-XXXXXX", *want;
	int fd = mkstemp(weights);
	struct fixture f;

	(void)state;
	assert_int_equal(write(fd, "abc", 3), 3);
	close(fd);
	make(&f, "ready");
	assert_null(serve_record(&f.t));
	set_list(&f, "version", version);
	*(const char **)field(&f, "weights") = weights;
	expect_start(&f);
	want = arena_fmt(&f.a, "{\"command\":[\"%s\",\"server\",\"ready\",\"{port}\"],"
	    "\"version\":\"version 4589\",\"weights\":{\"path\":\"%s\",\"sha256\":\""
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"bytes\":3}}",
	    self, weights);
	assert_string_equal(serve_record(&f.t), want);
	expect_gone(&f, pid_of_server(&f));
	unlink(weights);

	make(&f, "ready");
	set_list(&f, "version", path);
	expect_start(&f);
	assert_non_null(strstr(serve_record(&f.t), ",\"version\":\"b4589-eb7\"}"));
	expect_gone(&f, pid_of_server(&f));

	make(&f, "ready");
	set_list(&f, "version", plain);
	set_list(&f, "env", env);
	expect_start(&f);
	assert_non_null(strstr(serve_record(&f.t), ",\"version\":\"tri\"}"));
	expect_gone(&f, pid_of_server(&f));
}

static void
without_serve_nothing_happens(void **state)
{
	struct target t = { .url = "http://127.0.0.1:1/" };

	(void)state;
	assert_int_equal(serve_start(&t, NULL, NULL), 0);
	assert_null(serve_record(&t));
	serve_stop(&t);
}

enum leave { BY_EXIT, BY_SIGNAL, BY_KILL };

/* A process of its own starts a server and goes; the server must go with it. */
static void
goes_with_us(enum leave how)
{
	int p[2], status;
	char text[32];
	long server_pid;
	ssize_t n;
	pid_t us;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(p), 0);
	us = fork();
	if (us == 0) {
		struct fixture f;

		make(&f, how == BY_SIGNAL ? "never" : "ready");
		close(p[0]);
		if (how == BY_SIGNAL) {
			/* The signal arrives inside and ends us: to return is wrong. */
			_exit(serve_start(&f.t, &f.a, &f.e) == 0 ? 1 : 2);
		}
		if (serve_start(&f.t, &f.a, &f.e) != 0)
			_exit(1);
		dprintf(p[1], "%ld", pid_of_server(&f));
		if (how == BY_EXIT)
			exit(0);
		pause();
	}
	close(p[1]);
	if (how == BY_SIGNAL) {
		nanosleep(&(struct timespec){ 0, 400000000 }, NULL);
		kill(us, SIGTERM);
	} else {
		n = read(p[0], text, sizeof text);
		assert_true(n > 0 && str_long((struct str){ text, (size_t)n }, &server_pid));
		if (how == BY_KILL)
			kill(us, SIGKILL);
	}
	assert_int_equal(waitpid(us, &status, 0), us);
	if (how == BY_EXIT)
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	else
		assert_int_equal(WTERMSIG(status), how == BY_KILL ? SIGKILL : SIGTERM);
	alarm(20);                               /* a server that lives on would block us */
	if (how == BY_KILL)
		assert_int_equal(waitpid((pid_t)server_pid, &status, 0), (pid_t)server_pid);
	assert_int_equal(waitpid(-1, &status, 0), -1);
	alarm(0);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	close(p[0]);
}

static void
it_goes_with_us(void **state)
{
	(void)state;
	goes_with_us(BY_EXIT);
	goes_with_us(BY_SIGNAL);
	goes_with_us(BY_KILL);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts_answers_and_stops),
		cmocka_unit_test(it_can_start_again),
		cmocka_unit_test(loading_is_not_ready),
		cmocka_unit_test(noise_neither_stalls_nor_grows),
		cmocka_unit_test(a_stubborn_one_is_killed),
		cmocka_unit_test(death_is_told_at_once),
		cmocka_unit_test(patience_ends),
		cmocka_unit_test(mistakes_are_found_before_it_starts),
		cmocka_unit_test(urls_are_checked),
		cmocka_unit_test(an_occupied_port_is_refused),
		cmocka_unit_test(the_record_names_what_ran),
		cmocka_unit_test(without_serve_nothing_happens),
		cmocka_unit_test(it_goes_with_us),
	};
	long port;

	if (argc == 4 && strcmp(argv[1], "server") == 0 && str_long(str_of(argv[3]), &port))
		return server(argv[2], (int)port);
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
