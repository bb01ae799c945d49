/*
 * probe.c -- one plain HTTP/1.0 GET, to ask a server of ours whether it is up and which it is.
 *
 * No TLS, no redirects, no keep-alive: the server is a child of ours on this machine.
 * Everything has a deadline, since a server that loads its weights may accept and say nothing.
 */
#include "harness/harness.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 20 };

struct origin { char host[256], port[8]; bool v6; };

static bool
split(const char *url, struct origin *o)
{
	struct str s = str_of(url), host, port = STR("80");
	size_t n;
	long number;

	if (!str_starts(s, STR("http://")))
		return false;
	s = str_sub(s, 7, s.n);
	for (n = 0; n < s.n && strchr("/?#", s.p[n]) == NULL; n++)
		if (s.p[n] == '@' || (unsigned char)s.p[n] <= ' ')
			return false;
	s.n = n;
	o->v6 = s.n > 0 && s.p[0] == '[';
	if (o->v6) {
		ptrdiff_t end = str_find(s, STR("]"), 0);

		if (end < 0)
			return false;
		host = str_sub(s, 1, (size_t)end - 1);
		s = str_sub(s, (size_t)end + 1, s.n);
	} else {
		ptrdiff_t colon = str_find(s, STR(":"), 0);

		host = colon < 0 ? s : str_sub(s, 0, (size_t)colon);
		s = str_sub(s, host.n, s.n);
	}
	if (s.n > 0 && s.p[0] != ':')
		return false;
	if (s.n > 0)
		port = str_sub(s, 1, s.n);
	if (host.n == 0 || host.n >= sizeof o->host || !str_long(port, &number) || number < 1 ||
	    number > 65535)
		return false;
	snprintf(o->host, sizeof o->host, "%.*s", STR_ARG(host));
	snprintf(o->port, sizeof o->port, "%ld", number);
	return true;
}

int
probe_check(const char *url, struct err *e)
{
	struct origin o;

	if (!split(url, &o))
		return err_set(e, "url '%s' is not http://host:port/path, as serve needs it", url);
	return 0;
}

/* Waits for `events` until the deadline. */
static bool
ready(int fd, short events, double end)
{
	double left;

	while ((left = end - tick_now()) > 0) {
		struct pollfd p = { fd, events, 0 };
		int n = poll(&p, 1, (int)(left * 1000) + 1);

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
	return false;
}

/* A connected, non-blocking socket, or -1. */
static int
dial(int family, const struct sockaddr *to, socklen_t n, double end)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	socklen_t size = sizeof error;

	if (fd < 0)
		return -1;
	if (connect(fd, to, n) != 0) {
		if (errno != EINPROGRESS || !ready(fd, POLLOUT, end) ||
		    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

static int
dial_unix(const char *path, double end)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strlen(path);

	if (n >= sizeof to.sun_path)
		return -1;
	memcpy(to.sun_path, path, n + 1);
	return dial(AF_UNIX, (const struct sockaddr *)&to, sizeof to, end);
}

static int
dial_target(const struct target *t, const struct origin *o, double end)
{
	struct addrinfo hint = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *all, *at;
	int fd = -1;

	if (t->unix_socket != NULL)
		return dial_unix(t->unix_socket, end);
	if (getaddrinfo(o->host, o->port, &hint, &all) != 0)
		return -1;
	for (at = all; at != NULL && fd < 0; at = at->ai_next)
		fd = dial(at->ai_family, at->ai_addr, at->ai_addrlen, end);
	freeaddrinfo(all);
	return fd;
}

bool
probe_listens(const struct target *t)
{
	struct origin o;
	int fd = -1;

	if (split(t->url, &o))
		fd = dial_target(t, &o, tick_now() + 1);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool
send_all(int fd, struct str s, double end)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!ready(fd, POLLOUT, end))
				return false;
			continue;
		}
		if (n < 0)
			return false;
		s = str_sub(s, (size_t)n, s.n);
	}
	return true;
}

/* The status of a whole head, else 0; *body: where the head ends; *length: -1 if not told. */
static int
read_head(struct str s, size_t *body, long *length)
{
	ptrdiff_t end = str_find(s, STR("\r\n\r\n"), 0);
	struct str head = str_sub(s, 0, end < 0 ? 0 : (size_t)end + 2);
	long status = 0;

	*length = -1;
	if (end < 0)
		return 0;
	*body = (size_t)end + 4;
	if (!str_starts(head, STR("HTTP/1.")) || !str_long(str_sub(head, 9, 3), &status) ||
	    status < 100 || status > 599)
		return -1;
	for (ptrdiff_t at; (at = str_find(head, STR("\r\n"), 0)) >= 0;) {
		struct str name = STR("content-length:");

		head = str_sub(head, (size_t)at + 2, head.n);
		if (head.n > name.n && strncasecmp(head.p, name.p, name.n) == 0 &&
		    (at = str_find(head, STR("\r\n"), 0)) >= 0)
			str_long(str_trim(str_sub(head, name.n, (size_t)at - name.n)), length);
	}
	return (int)status;
}

/* Reads until the answer is whole: by its length, else by the connection's end. */
static int
receive(int fd, struct buf *in, size_t *body, double end)
{
	char chunk[8192];
	long length = -1;
	int status = 0;

	while (ready(fd, POLLIN, end)) {
		ssize_t n = recv(fd, chunk, sizeof chunk, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n == 0 && length < 0 && status > 0 ? status : 0;
		buf_add(in, chunk, (size_t)n);
		if (status == 0)
			status = read_head(buf_as_str(in), body, &length);
		if (in->over || status < 0)
			return 0;
		if (status > 0 && length >= 0 && in->n >= *body + (size_t)length)
			return status;
	}
	return 0;
}

int
probe_get(const struct target *t, const char *path, double seconds, struct buf *body)
{
	struct buf out = { 0 }, in = { .max = ANSWER_MAX };
	double end = tick_now() + seconds;
	struct origin o;
	size_t at = 0;
	int fd, status = 0;

	if (!split(t->url, &o) || (fd = dial_target(t, &o, end)) < 0)
		return 0;
	buf_fmt(&out, "GET %s HTTP/1.0\r\nHost: %s%s%s:%s\r\nAccept: */*\r\nConnection: close\r\n\r\n",
	    path, o.v6 ? "[" : "", o.host, o.v6 ? "]" : "", o.port);
	if (send_all(fd, buf_as_str(&out), end))
		status = receive(fd, &in, &at, end);
	if (status > 0 && body != NULL)
		buf_str(body, str_sub(buf_as_str(&in), at, in.n));
	close(fd);
	buf_free(&out);
	buf_free(&in);
	return status;
}
