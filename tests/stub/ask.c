/*
 * ask.c -- a client for tests: sends what it is told, prints every byte that comes back.
 *
 *	ask [-u SOCKET | -p PORT] [-s] [-t SECONDS] [-m METHOD] [-P PATH] [-H LINE]... [-o]
 *	    [-z] [-d BODY]...
 *	ask -p PORT -n REQUESTS -c CONNECTIONS [-d BODY]
 *
 * All bodies are sent at once on one connection (pipelined; none: one GET), the last with
 * "Connection: close".  -s speaks TLS and trusts anybody, -o prints bodies only (the bytes
 * behind the first empty line), -z unpacks what -o prints.  Exit 3: nothing for SECONDS.
 * With -n it measures: requests a second over keep-alive connections, answers thrown away.
 */
#include "harness/base/base.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

struct question {
	const char *socket_path, *method, *path;
	long        port, seconds, requests, conns;
	bool        tls, body_only, unpack;
	struct buf  headers;
	const char *body[64];
	size_t      nbody;
};

static int
dial(const struct question *q)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)q->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bool local = q->socket_path != NULL;
	struct timeval limit = { .tv_sec = q->seconds };
	int on = 1, fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (local)
		snprintf(un.sun_path, sizeof un.sun_path, "%s", q->socket_path);
	else
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(fd, local ? (struct sockaddr *)&un : (struct sockaddr *)&in,
	            local ? sizeof un : sizeof in) < 0)
		die(EXIT_SURROUNDINGS, "no connection: %s", strerror(errno));
	return fd;
}

static void
request(struct buf *b, const struct question *q, const char *body, bool last)
{
	buf_fmt(b, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%.*s%s",
	        q->method ? q->method : body ? "POST" : "GET", q->path,
	        STR_ARG(buf_as_str(&q->headers)), last ? "Connection: close\r\n" : "");
	if (body != NULL)
		buf_fmt(b, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		        strlen(body), body);
	else
		buf_puts(b, "\r\n");
}

/* Everything until the end of the connection.  False: the time was up. */
static bool
read_all(int fd, SSL *tls, struct buf *got)
{
	char bytes[16384];
	ssize_t n;

	do {
		errno = 0;
		n = tls != NULL ? SSL_read(tls, bytes, sizeof bytes) : read(fd, bytes, sizeof bytes);
		if (n > 0)
			buf_add(got, bytes, (size_t)n);
	} while (n > 0);
	return errno != EAGAIN;
}

static void
unpack(struct str packed)
{
	z_stream z = { 0 };
	unsigned char out[65536];
	int state = Z_OK;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		die(EXIT_SURROUNDINGS, "zlib did not start");
	z.next_in = (unsigned char *)(uintptr_t)packed.p;
	z.avail_in = (unsigned)packed.n;
	while (state == Z_OK) {
		z.next_out = out;
		z.avail_out = sizeof out;
		state = inflate(&z, Z_NO_FLUSH);
		fwrite(out, 1, sizeof out - z.avail_out, stdout);
	}
	inflateEnd(&z);
	if (state != Z_STREAM_END)
		die(EXIT_FAIL, "the body is not gzip");
}

static int
ask(const struct question *q)
{
	struct buf b = { 0 }, got = { 0 };
	struct str shown;
	SSL_CTX *ctx = q->tls ? SSL_CTX_new(TLS_client_method()) : NULL;
	SSL *tls = NULL;
	int fd = dial(q);
	bool whole;

	if (ctx != NULL && ((tls = SSL_new(ctx)) == NULL || SSL_set_fd(tls, fd) != 1
	                    || SSL_connect(tls) != 1))
		die(EXIT_SURROUNDINGS, "no TLS connection");
	for (size_t i = 0; i < q->nbody; i++)
		request(&b, q, q->body[i], i + 1 == q->nbody);
	if (q->nbody == 0)
		request(&b, q, NULL, true);
	for (size_t at = 0; at < b.n; ) {
		ssize_t n = tls != NULL ? SSL_write(tls, b.p + at, (int)(b.n - at))
		          : send(fd, b.p + at, b.n - at, MSG_NOSIGNAL);

		if (n <= 0)
			break;                  /* what it said before it hung up is still read */
		at += (size_t)n;
	}
	whole = read_all(fd, tls, &got);
	shown = buf_as_str(&got);
	if (q->body_only) {
		ptrdiff_t end = str_find(shown, STR("\r\n\r\n"), 0);

		shown = end < 0 ? STR("") : str_sub(shown, (size_t)end + 4, shown.n);
	}
	if (q->unpack)
		unpack(shown);
	else
		fwrite(shown.p, 1, shown.n, stdout);
	SSL_free(tls);
	SSL_CTX_free(ctx);
	close(fd);
	buf_free(&b);
	buf_free(&got);
	return whole ? EXIT_PASS : EXIT_UNSURE;
}

/* Every answer is taken to be as long as the first. */
static int
measure(const struct question *q)
{
	struct buf b = { 0 };
	size_t *left = mem_alloc((size_t)q->conns, sizeof *left), length = 0;
	int *fd = mem_alloc((size_t)q->conns, sizeof *fd), set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event got[256];
	char bytes[65536];
	long sent = 0, done = 0;
	double begin = tick_now(), took;

	request(&b, q, q->nbody > 0 ? q->body[0] : NULL, false);
	for (long i = 0; i < q->conns && sent < q->requests; i++, sent++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.u64 = (uint64_t)i };

		fd[i] = dial(q);
		epoll_ctl(set, EPOLL_CTL_ADD, fd[i], &ev);
		if (send(fd[i], b.p, b.n, MSG_NOSIGNAL) < 0)
			die(EXIT_SURROUNDINGS, "cannot send: %s", strerror(errno));
	}
	while (done < q->requests) {
		int n = epoll_wait(set, got, COUNT(got), (int)q->seconds * 1000);

		if (n <= 0)
			die(EXIT_SURROUNDINGS, "no answer in %ld s", q->seconds);
		for (int k = 0; k < n; k++) {
			size_t i = got[k].data.u64;
			ssize_t have = read(fd[i], bytes, sizeof bytes);

			if (have <= 0)
				die(EXIT_SURROUNDINGS, "a connection ended");
			if (length == 0)
				length = (size_t)have;
			left[i] += (size_t)have;
			if (left[i] < length)
				continue;
			left[i] = 0;
			done++;
			if (sent < q->requests) {
				sent++;
				if (send(fd[i], b.p, b.n, MSG_NOSIGNAL) < 0)
					die(EXIT_SURROUNDINGS, "cannot send: %s", strerror(errno));
			}
		}
	}
	took = tick_now() - begin;
	printf("%ld requests, %ld connections, %.0f requests/s\n", done, q->conns,
	       (double)done / took);
	buf_free(&b);
	mem_free(left);
	mem_free(fd);
	return EXIT_PASS;
}

int
main(int argc, char **argv)
{
	struct question q = { .path = "/v1/chat/completions", .seconds = 10 };
	bool good = true;
	int c, status;

	while ((c = getopt(argc, argv, "u:p:st:m:P:H:od:zn:c:")) != -1) {
		switch (c) {
		case 'u': q.socket_path = optarg; break;
		case 'p': good = good && str_long(str_of(optarg), &q.port); break;
		case 's': q.tls = true; break;
		case 't': good = good && str_long(str_of(optarg), &q.seconds); break;
		case 'm': q.method = optarg; break;
		case 'P': q.path = optarg; break;
		case 'H': buf_fmt(&q.headers, "%s\r\n", optarg); break;
		case 'o': q.body_only = true; break;
		case 'z': q.body_only = q.unpack = true; break;
		case 'n': good = good && str_long(str_of(optarg), &q.requests); break;
		case 'c': good = good && str_long(str_of(optarg), &q.conns); break;
		case 'd':
			if (q.nbody == COUNT(q.body))
				good = false;
			else
				q.body[q.nbody++] = optarg;
			break;
		default: good = false;
		}
	}
	if (!good || optind != argc || (q.requests > 0 && q.conns < 1))
		die(EXIT_MISTAKE, "usage: ask [-u SOCKET | -p PORT] [-s] [-t SECONDS] [-m METHOD]"
		    " [-P PATH] [-H LINE]... [-o] [-z] [-n REQUESTS -c CONNECTIONS] [-d BODY]...");
	status = q.requests > 0 ? measure(&q) : ask(&q);
	buf_free(&q.headers);
	return status;
}
