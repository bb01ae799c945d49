/*
 * serve.c -- the local server of a target: started, waited for, recorded and ended by us.
 *
 *  (1) The server is a process group of its own and dies with us, kill -9 included.
 *  (2) What it prints is read by a thread and only the end is kept: a server that logs every
 *      request neither stalls nor fills memory or disk.
 *  (3) It is up when its health URL answers 200 and the process is alive: an older server on
 *      the same port is never mistaken for it.
 *  (4) A signal while we wait ends the server first and us second.
 */
#include "harness/child.h"
#include "harness/harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VERSION_SECONDS = 10, VERSION_MAX = 1024, PROBE_SECONDS = 2 };

static const double wait_first = 0.02, wait_most = 0.25;

struct serve {
	struct texts    command, env, version;
	const char     *health, *weights;
	double          start_timeout, stop_grace;

	const char     *url;                 /* as configured, with {port} */
	const char     *record;
	pid_t           pid, owner;          /* the server; who started it */
	int             out, quit;           /* its output; an eventfd that ends the reader */
	pthread_t       reader;
	struct tail     tail;                /* the reader's, until it was joined */
	struct serve   *next;
};

const size_t serve_size = sizeof(struct serve);

const struct conf_key serve_params[] = {
	{ "command", CONF_LIST, offsetof(struct serve, command), CONF_REQUIRED, NULL,
	  "the server's argv, without a shell; \"{port}\" in it becomes a free port" },
	{ "env", CONF_LIST, offsetof(struct serve, env), NULL, NULL,
	  "environment: NAME passes ours on, NAME=value sets" },
	{ "health", CONF_TEXT, offsetof(struct serve, health), "/health", NULL,
	  "path that answers 200 once the server is ready" },
	{ "start_timeout", CONF_TIME, offsetof(struct serve, start_timeout), "120s", ">0",
	  "how long it may take to be ready" },
	{ "stop_grace", CONF_TIME, offsetof(struct serve, stop_grace), "5s", ">=0",
	  "time between SIGTERM and SIGKILL" },
	{ "weights", CONF_TEXT, offsetof(struct serve, weights), NULL, NULL,
	  "file whose SHA-256 is recorded with the run" },
	{ "version", CONF_LIST, offsetof(struct serve, version), NULL, NULL,
	  "argv that prints the server's version, or a path on the server (/props#/build_info)" },
	{ 0 }
};

/* Servers that run, for atexit. */
static struct serve *running;

static const char *const *
argv_of(const struct texts *t, const char *port, struct arena *a)
{
	const char **argv = arena_array(a, t->n + 1, sizeof *argv);

	for (size_t i = 0; i < t->n; i++) {
		struct str s = str_of(t->text[i]);
		struct buf b = { 0 };
		ptrdiff_t at;

		while (port != NULL && (at = str_find(s, STR("{port}"), 0)) >= 0) {
			buf_str(&b, str_sub(s, 0, (size_t)at));
			buf_puts(&b, port);
			s = str_sub(s, (size_t)at + 6, s.n);
		}
		buf_str(&b, s);
		argv[i] = str_cstr(buf_as_str(&b), a);
		buf_free(&b);
	}
	return argv;
}

static bool
has_port(const struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (strstr(t->text[i], "{port}") != NULL)
			return true;
	return false;
}

static bool
version_is_path(const struct serve *s)
{
	return s->version.n == 1 && s->version.text[0][0] == '/';
}

int
serve_check(const struct target *t, struct err *e)
{
	const struct serve *s = t->serve;
	struct texts url = { .text = (const char *[]){ t->url }, .n = 1 };
	struct arena a = { 0 };
	int before = e->n;

	if (s->command.n == 0)
		return err_set(e, "serve: command names no program");
	if (s->command.n == 1 && strpbrk(s->command.text[0], " \t") != NULL)
		err_set(e, "serve: command '%s' is one word: write a list, as no shell splits it",
		    s->command.text[0]);
	else
		(void)spawn_check(s->command.text[0], t->dir, e);
	if (has_port(&url) != has_port(&s->command))
		err_set(e, "serve: {port} must stand in both the url and the command, or in neither");
	probe_check(argv_of(&url, "1", &a)[0], e);
	if (s->health[0] != '/')
		err_set(e, "serve: health '%s' is a path on the server and starts with /", s->health);
	if (s->version.n > 0 && !version_is_path(s))
		(void)spawn_check(s->version.text[0], t->dir, e);
	arena_free(&a);
	return e->n == before ? 0 : -1;
}

/* A port nobody has now.  Somebody may take it before the server does; (3) finds out. */
static int
free_port(struct err *e)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = -1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		err_set(e, "serve: no free port on 127.0.0.1: %s", strerror(errno));
	else
		port = ntohs(at.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}

static void *
read_output(void *arg)
{
	struct serve *s = arg;
	struct pollfd fd[2] = { { s->out, POLLIN, 0 }, { s->quit, POLLIN, 0 } };
	char chunk[4096];

	for (;;) {
		ssize_t n = read(s->out, chunk, sizeof chunk);

		if (n > 0)
			tail_add(&s->tail, chunk, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR) || fd[1].revents != 0)
			return NULL;
		else
			poll(fd, 2, -1);
	}
}

static void
nap(void)
{
	nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
}

/* Ends the server and its group; returns how it ended. */
static int
end(struct serve *s, double grace)
{
	double limit = tick_now() + grace;
	int status;

	for (struct serve **at = &running; *at != NULL; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	if (!spawn_over(s->pid))
		spawn_signal(s->pid, SIGTERM);
	while (!spawn_over(s->pid) && tick_now() < limit)
		nap();
	status = spawn_reap(s->pid);
	if (eventfd_write(s->quit, 1) != 0)
		bug("serve: cannot end the reader: %s", strerror(errno));
	pthread_join(s->reader, NULL);
	close(s->out);
	close(s->quit);
	s->pid = 0;
	return status;
}

static void
end_all(void)
{
	while (running != NULL && running->owner == getpid())
		end(running, running->stop_grace);
}

/* Words and a sentence's rest for a server that is not to be had. */
static int
give_up(struct target *t, const char *what, struct err *e)
{
	struct serve *s = t->serve;
	struct arena a = { 0 };
	struct buf b = { 0 };
	bool by_itself = spawn_over(s->pid);
	int status = end(s, s->stop_grace);
	struct str said = str_trim((struct str){ s->tail.p, s->tail.n });

	buf_fmt(&b, "the server of target '%s' ", t->name);
	if (by_itself)
		spawn_how(&b, status);
	else
		buf_puts(&b, what);
	if (by_itself)
		buf_puts(&b, " before it was ready");
	if (said.n > 0) {
		buf_puts(&b, "; it said: ");
		buf_str(&b, str_visible(said, 2 * sizeof s->tail.p, true, &a));
	}
	err_set(e, "%s", b.p);
	buf_free(&b);
	arena_free(&a);
	return -1;
}

/* Sleeps; returns a signal that arrived for us meanwhile, else 0. */
static int
nap_or_signal(const sigset_t *ours, double seconds)
{
	int sig = sigtimedwait(ours, NULL, &(struct timespec){ 0, (long)(seconds * 1e9) });

	return sig > 0 ? sig : 0;
}

static int
wait_ready(struct target *t, const sigset_t *ours, int *sig, struct err *e)
{
	struct serve *s = t->serve;
	double limit = tick_now() + s->start_timeout, pause = wait_first;
	struct arena a = { 0 };
	int status = 0;

	while (!spawn_over(s->pid) && tick_now() < limit) {
		double left = limit - tick_now();
		int now = probe_get(t, s->health, left < PROBE_SECONDS ? left : PROBE_SECONDS, NULL);

		if (now == 200 && !spawn_over(s->pid))                           /* (3) */
			return 0;
		if (now != 0)
			status = now;
		if ((*sig = nap_or_signal(ours, pause)) != 0)
			return give_up(t, "was not ready yet when a signal came", e);
		pause = pause * 2 < wait_most ? pause * 2 : wait_most;
	}
	give_up(t, status == 0 ?
	    arena_fmt(&a, "gave no answer at %s in %g s", s->health, s->start_timeout) :
	    arena_fmt(&a, "still answered %d at %s after %g s", status, s->health,
	        s->start_timeout), e);
	arena_free(&a);
	return -1;
}

/* wait_ready with the signals that would end us held back until the server is gone. (4) */
static int
wait_with_signals(struct target *t, struct err *e)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t ours, before;
	int sig = 0, bad;

	sigemptyset(&ours);
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct sigaction now;

		if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&ours, ends[i]);
	}
	pthread_sigmask(SIG_BLOCK, &ours, &before);
	bad = wait_ready(t, &ours, &sig, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (sig != 0)
		raise(sig);
	return bad;
}

static int
version_by_command(const struct target *t, struct str *version, struct arena *a, struct err *e)
{
	const struct serve *s = t->serve;
	struct buf said = { .max = VERSION_MAX };
	struct spawn what = { .argv = argv_of(&s->version, NULL, a), .dir = t->dir,
	                      .env = argv_of(&s->env, NULL, a) };
	int bad = spawn_output(&what, VERSION_SECONDS, &said, e);

	*version = str_dup(str_trim(buf_as_str(&said)), a);
	buf_free(&said);
	return bad;
}

/* `/path`: what the server answers there; `/path#/pointer`: a member of its JSON. */
static int
version_by_path(const struct target *t, struct str *version, struct arena *a, struct err *e)
{
	const char *where = t->serve->version.text[0], *hash = strchr(where, '#');
	const char *path = hash == NULL ? where : arena_fmt(a, "%.*s", (int)(hash - where), where);
	struct buf body = { 0 };
	struct json_fault fault;
	struct json root;
	int status = probe_get(t, path, VERSION_SECONDS, &body);

	*version = str_dup(buf_as_str(&body), a);
	buf_free(&body);
	if (status != 200)
		return err_set(e, "serve: version: the server answered %d at %s", status, path);
	if (hash != NULL) {
		if (json_parse(*version, &root, &fault) != 0)
			return err_set(e, "serve: version: %s is not JSON: %s", path, fault.why);
		root = json_at(root, str_of(hash + 1));
		if (root.type == JT_NONE)
			return err_set(e, "serve: version: %s has no '%s'", path, hash + 1);
		*version = root.type == JT_STRING ? json_text(root, a) : root.raw;
	}
	*version = str_sub(str_trim(*version), 0, VERSION_MAX);
	return 0;
}

static int
hash_weights(const struct target *t, struct buf *record, struct err *e)
{
	enum { CHUNK = 1 << 20 };
	struct sha256 sha;
	int fd = file_open(t->dir, t->serve->weights, t->roots, e), error;
	long bytes = 0;
	char hex[65], *chunk;
	ssize_t n;

	if (fd < 0)
		return -1;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	chunk = mem_alloc(CHUNK, 1);
	sha = sha256_begin();
	while ((n = read(fd, chunk, CHUNK)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0) {
			sha256_add(&sha, (struct str){ chunk, (size_t)n });
			bytes += n;
		}
	error = errno;
	sha256_end(&sha, hex);
	mem_free(chunk);
	close(fd);
	if (n < 0)
		return err_set(e, "cannot read '%s': %s", t->serve->weights, strerror(error));
	buf_puts(record, "{\"path\":");
	buf_json(record, str_of(t->serve->weights));
	buf_fmt(record, ",\"sha256\":\"%s\",\"bytes\":%ld}", hex, bytes);
	return 0;
}

static const char *
write_record(const struct serve *s, struct str version, struct str weights, struct arena *a)
{
	const char *record;
	struct buf b = { 0 };

	buf_puts(&b, "{\"command\":[");
	for (size_t i = 0; i < s->command.n; i++) {
		if (i > 0)
			buf_char(&b, ',');
		buf_json(&b, str_of(s->command.text[i]));
	}
	buf_char(&b, ']');
	if (s->version.n > 0) {
		buf_key_text(&b, "version", version);
	}
	if (s->weights != NULL) {
		buf_key(&b, "weights");
		buf_str(&b, weights);
	}
	buf_char(&b, '}');
	record = str_cstr(buf_as_str(&b), a);
	buf_free(&b);
	return record;
}

static int
launch(struct target *t, const char *const *argv, struct arena *a, struct err *e)
{
	static bool registered;
	struct serve *s = t->serve;
	struct spawn what = { .argv = argv, .dir = t->dir, .env = argv_of(&s->env, NULL, a) };

	if (spawn_printing(&what, &s->pid, &s->out, e) != 0) {
		s->pid = 0;
		return -1;
	}
	s->tail.n = 0;
	s->owner = getpid();
	if ((s->quit = eventfd(0, EFD_CLOEXEC)) < 0 ||
	    pthread_create(&s->reader, NULL, read_output, s) != 0) {
		spawn_reap(s->pid);
		die(EXIT_SURROUNDINGS, "cannot read what a server prints: %s", strerror(errno));
	}
	s->next = running;
	running = s;
	if (!registered && atexit(end_all) == 0)
		registered = true;
	return 0;
}

int
serve_start(struct target *t, struct arena *a, struct err *e)
{
	struct serve *s = t->serve;
	struct buf weights = { 0 };
	struct str version = { 0 };
	const char *port = NULL;
	int number, bad = -1;

	if (s == NULL)
		return 0;
	if (serve_check(t, e) != 0)
		return -1;
	s->url = t->url;
	if (s->version.n > 0 && !version_is_path(s) && version_by_command(t, &version, a, e) != 0)
		return -1;
	if (s->weights != NULL && hash_weights(t, &weights, e) != 0)
		goto out;
	if (has_port(&s->command)) {
		struct texts url = { .text = &s->url, .n = 1 };

		if ((number = free_port(e)) < 0)
			goto out;
		port = arena_fmt(a, "%d", number);
		t->url = argv_of(&url, port, a)[0];
	}
	if (probe_listens(t)) {
		err_set(e, "somebody already listens at '%s': stop it, or use {port} in url and command",
		    t->unix_socket != NULL ? t->unix_socket : t->url);
		goto out;
	}
	if (launch(t, argv_of(&s->command, port, a), a, e) != 0 || wait_with_signals(t, e) != 0)
		goto out;
	if (version_is_path(s) && version_by_path(t, &version, a, e) != 0)
		goto out;
	s->record = write_record(s, version, buf_as_str(&weights), a);
	bad = 0;
out:
	buf_free(&weights);
	if (bad != 0)
		serve_stop(t);
	return bad;
}

void
serve_stop(struct target *t)
{
	struct serve *s = t->serve;

	if (s == NULL)
		return;
	if (s->pid > 0)
		end(s, s->stop_grace);
	if (s->url != NULL)
		t->url = s->url;
	s->url = NULL;
}

const char *
serve_record(const struct target *t)
{
	return t->serve != NULL ? t->serve->record : NULL;
}
