/*
 * bad_server.h -- a server in this process that fails in every way it knows; for test_engine.c.
 *
 * What it does is asked for by the case: its text starts with a word that names it, and ends
 * with the case's number.
 */
#ifndef BAD_SERVER_H
#define BAD_SERVER_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "harness/base/base.h"

enum { CASES = 500 };

static struct {
	int          listener, port;
	atomic_int   tries[CASES];
	atomic_int   requests, open, most;
	atomic_bool  saw_key;
} server;

static void
say(int fd, const void *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		p = (const char *)p + sent;
		n -= (size_t)sent;
	}
}

static void
answer(int fd, const char *status, const char *headers, struct str body, size_t claim)
{
	struct buf b = { 0 };

	buf_fmt(&b, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nContent-Type: application/json\r\n%s\r\n",
	        status, claim, headers);
	buf_str(&b, body);
	say(fd, b.p, b.n);
	buf_free(&b);
}

static struct buf
zip(struct str s)
{
	struct buf b = { 0 };
	z_stream z = { .next_in = (Bytef *)(uintptr_t)s.p, .avail_in = (uInt)s.n };
	char out[65536];

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	do {
		z.next_out = (Bytef *)out;
		z.avail_out = sizeof out;
		deflate(&z, Z_FINISH);
		buf_add(&b, out, sizeof out - z.avail_out);
	} while (z.avail_out == 0);
	deflateEnd(&z);
	return b;
}

static void
stream(int fd, int id, bool whole)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	                           "Transfer-Encoding: chunked\r\n\r\n";
	struct buf b = { 0 };
	char size[32];

	buf_fmt(&b, ": hello\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"answer \"}}]}"
	        "\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%d\"}}]}\n\n", id);
	if (whole)
		buf_puts(&b, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
		         "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}"
		         "\n\ndata: [DONE]\n\n");
	say(fd, head, sizeof head - 1);
	for (size_t at = 0; at < b.n; at += 11) {
		size_t n = b.n - at < 11 ? b.n - at : 11;

		say(fd, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", n));
		say(fd, b.p + at, n);
		say(fd, "\r\n", 2);
	}
	say(fd, "0\r\n\r\n", 5);
	buf_free(&b);
}

/* One answer; false: the connection is over. */
static bool
serve_one(int fd, const char *mode, int id)
{
	int nth = ++server.tries[id];
	char text[256];
	struct str body = { text, (size_t)snprintf(text, sizeof text,
		"{\"id\":\"r\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
		"\"assistant\",\"content\":\"answer %d\"},\"finish_reason\":\"stop\"}],\"usage\":"
		"{\"prompt_tokens\":7,\"completion_tokens\":2}}", id) };
	const char *soon = "retry-after-ms: 2\r\n";

	if (strcmp(mode, "busy") == 0 && nth <= 2) {
		answer(fd, "429 Too Many", soon, STR("{\"error\":{\"message\":\"slow down\"}}"), 33);
	} else if (strcmp(mode, "broken") == 0 && nth <= 3) {
		answer(fd, "500 Oops", soon, STR("oops"), 4);
	} else if (strcmp(mode, "cut") == 0 && nth == 1) {
		answer(fd, "200 OK", "", str_sub(body, 0, body.n / 2), body.n);
		return false;
	} else if (strcmp(mode, "hangup") == 0 && nth == 1) {
		return false;
	} else if (strcmp(mode, "gzip") == 0 || strcmp(mode, "bomb") == 0) {
		bool bomb = mode[0] == 'b';
		char *zeros = bomb ? mem_alloc(1 << 20, 1) : NULL;
		struct buf z = zip(bomb ? (struct str){ zeros, 1 << 20 } : body);

		answer(fd, "200 OK", "Content-Encoding: gzip\r\n", buf_as_str(&z), z.n);
		buf_free(&z);
		mem_free(zeros);
	} else if (strcmp(mode, "redirect") == 0) {
		answer(fd, "302 Found", "Location: http://127.0.0.1:1/\r\n", STR(""), 0);
	} else if (strcmp(mode, "reject") == 0) {
		answer(fd, "400 Bad", "", STR("{\"error\":{\"message\":\"no: sk-secret-1234567\"}}"), 45);
	} else if (strcmp(mode, "nomoney") == 0) {
		answer(fd, "429 Pay", "", STR("{\"error\":{\"code\":\"insufficient_quota\"}}"), 39);
	} else if (strcmp(mode, "never") == 0) {
		answer(fd, "503 Later", "retry-after: 999999999\r\n", STR("{}"), 2);
	} else if (strcmp(mode, "prose") == 0) {
		answer(fd, "200 OK", "retry-after-ms: 1\r\n", STR("I am no JSON"), 12);
	} else if (strcmp(mode, "silent") == 0) {
		usleep(700000);
		return false;
	} else if (strcmp(mode, "stall") == 0) {
		answer(fd, "200 OK", "", str_sub(body, 0, 9), body.n);
		usleep(700000);
		return false;
	} else if (strcmp(mode, "stream") == 0 || strcmp(mode, "streamcut") == 0) {
		stream(fd, id, mode[6] == '\0');
	} else {
		if (strcmp(mode, "slow") == 0)
			usleep(20000);
		if (strcmp(mode, "hang") == 0)
			usleep(5000000);
		answer(fd, "200 OK", "", body, body.n);
	}
	return true;
}

/* The whole of the next request: its mode and case number. */
static bool
read_request(int fd, struct buf *in, char mode[16], int *id)
{
	const char *end, *length, *word;
	size_t head = 0, want = 0;
	char piece[4096];

	while (want == 0 || in->n < head + want) {
		ssize_t n = recv(fd, piece, sizeof piece, 0);

		if (n <= 0)
			return false;
		buf_add(in, piece, (size_t)n);
		if (want == 0 && (end = strstr(in->p, "\r\n\r\n")) != NULL) {
			head = (size_t)(end - in->p) + 4;
			length = strcasestr(in->p, "content-length:");
			assert_non_null(length);
			want = strtoul(length + 15, NULL, 10);
		}
	}
	if (strstr(in->p, "Authorization: Bearer sk-secret-1234567") != NULL)
		server.saw_key = true;
	word = strstr(in->p + head, "\"content\":\"") + 11;
	snprintf(mode, 16, "%.*s", (int)strcspn(word, " "), word);
	*id = (int)strtol(word + strlen(mode), NULL, 10);
	buf_reset(in);
	return true;
}

static void *
connection(void *arg)
{
	int fd = (int)(intptr_t)arg, id, open, one = 1;
	struct buf in = { 0 };
	char mode[16];
	bool more = true;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	while (more && read_request(fd, &in, mode, &id)) {
		open = ++server.open;
		if (open > server.most)
			server.most = open;
		server.requests++;
		server.open--;
		more = serve_one(fd, mode, id);
	}
	close(fd);
	buf_free(&in);
	return NULL;
}

static void *
listening(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(server.listener, NULL, NULL)) >= 0) {
		pthread_t t;

		pthread_create(&t, NULL, connection, (void *)(intptr_t)fd);
		pthread_detach(t);
	}
	return NULL;
}

static int
start_server(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	pthread_t t;

	(void)state;
	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server.listener, (void *)&a, n) != 0 || listen(server.listener, 64) != 0 ||
	    getsockname(server.listener, (void *)&a, &n) != 0)
		return -1;
	server.port = ntohs(a.sin_port);
	pthread_create(&t, NULL, listening, NULL);
	pthread_detach(t);
	return 0;
}

#endif
