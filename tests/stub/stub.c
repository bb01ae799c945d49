/*
 * stub.c -- a model endpoint that follows a play.
 *
 *	stub PLAY [--port N] [--port-file F] [--unix PATH] [--tls CERT KEY] [--count-file F]
 *	          [--slots N]
 *
 * Listens on 127.0.0.1 (a free port unless one is given, written to the port file when it
 * listens) or on a Unix socket.  Every request gets the answer of the first rule of the play
 * that matches it; none matches: 404.  With --slots, requests past N that wait at once get 429.
 * GET /count tells how much was asked, as does the count file, written on SIGTERM and SIGINT;
 * GET /health and GET .../models answer 200.
 *
 * A play is keyed by what is asked, not by order, because sixty-four slots have no order:
 *
 *	on "order 17"   reply 200 text "refund"
 *	on "order 18"   reply 429 retry-after 0, then 200 text "shipping"
 *	on "order 19"   reply 200 bytes "{\"choices\": [", then close
 *	on any          reply 200 text "refund" after 5ms
 *
 * The grammar; white space and lines mean nothing, `#` starts a comment:
 *
 *	play  = { "on" match "reply" step { [","] "then" step } }
 *	match = ( "any" | cond { "and" cond } ) [ "chance" N% ]
 *	cond  = [ "no" ] [ "head" ] "SUBSTRING"
 *	step  = STATUS { part } | "hangup" [after] | "reset" [after] | "stall" [after]
 *
 * A condition looks in the bytes of the request's body or, with `head`, of its request line and
 * headers.  `chance` takes this share of the requests, by the hash of the body and the rule's
 * number, so the same request is always in or always out.  Each distinct body goes through the
 * steps on its own, and stays at the last one.
 *
 *	text "..."            a chat completion that says so (model stub-1, finish stop)
 *	echo                  a chat completion that says what the user said last
 *	bytes "..."           this body and no other
 *	file "PATH"           the body from a file, relative to the play
 *	error "CODE" "..."    an error body
 *	bomb N                a gzip body that unpacks to N megabytes
 *	finish WORD           the completion's finish reason
 *	usage IN OUT | none   its token counts (else from the lengths)
 *	model "..." fingerprint "..." logprobs
 *	header "Name: value"  redirect "URL" (302 unless a status says otherwise)
 *	retry-after N|"DATE"  retry-after-ms N
 *	after 5ms | 5..50ms   time before the first byte; a range is drawn by the body's hash
 *	stream                as server-sent events, a token each, with [DONE]
 *	stream-cut N          the connection ends after N events
 *	every 5ms             time between two events
 *	drip 5ms              time between two bytes
 *	gzip                  packed, whatever the client accepts
 *	cut N                 N bytes of the body, though Content-Length says all, then close
 *	close                 no Content-Length: the body ends where the connection does.  As a
 *	                      step of its own (`, then close`) it belongs to the step before
 *	reset                 the connection ends with a RST after what was sent
 *	stall                 nothing more ever comes after what was sent
 *
 * As a whole step: `hangup` closes without a byte, `reset` with a RST, `stall` never answers.
 * Texts know \n \t \r \" \\ \xHH.  Remember that a request's body is JSON: a newline of a prompt
 * is a backslash and an n in there.
 */
#include "tests/stub/play.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, PLAY_MAX = 16 << 20 };

struct options {
	const char *play, *port_file, *unix_path, *count_file, *cert, *key;
	long        port, slots;
};

static int
listen_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (n >= sizeof to.sun_path)
		die(EXIT_MISTAKE, "'%s' is too long for a socket", path);
	memcpy(to.sun_path, path, n);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0 || listen(fd, BACKLOG) < 0)
		die(EXIT_SURROUNDINGS, "'%s' takes no socket: %s", path, strerror(errno));
	return fd;
}

static int
listen_tcp(long *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0
	    || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, BACKLOG) < 0
	    || getsockname(fd, (struct sockaddr *)&at, &n) < 0)
		die(EXIT_SURROUNDINGS, "port %ld cannot be listened on: %s", *port, strerror(errno));
	*port = ntohs(at.sin_port);
	return fd;
}

static void
write_or_die(const char *path, const struct buf *b)
{
	struct err e = { 0 };

	if (file_write(path, buf_as_str(b), 0644, &e) < 0) {
		err_print(&e);
		exit(EXIT_SURROUNDINGS);
	}
}

static noreturn void
usage(void)
{
	die(EXIT_MISTAKE, "usage: stub PLAY [--port N] [--port-file F] [--unix PATH] [--tls CERT KEY]"
	    " [--count-file F] [--slots N]");
}

static void
options(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct str s = str_of(argv[i]);
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!str_starts(s, STR("--"))) {
			if (o->play != NULL)
				usage();
			o->play = argv[i];
			continue;
		}
		if (value == NULL)
			usage();
		i++;
		if (str_is(s, "--port-file")) {
			o->port_file = value;
		} else if (str_is(s, "--unix")) {
			o->unix_path = value;
		} else if (str_is(s, "--count-file")) {
			o->count_file = value;
		} else if (str_is(s, "--tls") && i + 1 < argc) {
			o->cert = value;
			o->key = argv[++i];
		} else if (str_is(s, "--port")) {
			if (!str_long(str_of(value), &o->port) || o->port < 0 || o->port > 65535)
				die(EXIT_MISTAKE, "'%s' is no port", value);
		} else if (str_is(s, "--slots")) {
			if (!str_long(str_of(value), &o->slots) || o->slots < 1)
				die(EXIT_MISTAKE, "'%s' is no number of slots", value);
		} else {
			usage();
		}
	}
	if (o->play == NULL)
		usage();
}

/* As many connections as the system lets us have. */
static void
raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int
main(int argc, char **argv)
{
	static struct play play;
	static struct arena a;
	struct options o = { 0 };
	struct service service = { .play = &play };
	struct err e = { 0 };
	struct buf b = { 0 };
	struct str text;

	options(&o, argc, argv);
	if (file_read(NULL, o.play, NULL, PLAY_MAX, &text, &a, &e) < 0
	    || play_parse(&play, o.play, text, &a, &e) < 0) {
		err_print(&e);
		return EXIT_MISTAKE;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	service.cert = o.cert;
	service.key = o.key;
	service.slots = o.slots;
	service.listener = o.unix_path != NULL ? listen_unix(o.unix_path) : listen_tcp(&o.port);
	if (o.port_file != NULL) {
		buf_fmt(&b, "%ld\n", o.port);
		write_or_die(o.port_file, &b);
		buf_reset(&b);
	}
	serve(&service);
	if (o.count_file != NULL) {
		service_count(&service, &b);
		write_or_die(o.count_file, &b);
	}
	buf_free(&b);
	return 0;
}
