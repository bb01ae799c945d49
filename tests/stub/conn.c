/*
 * conn.c -- connections below HTTP: bytes in and out, plain or TLS, and one heap of timers.
 */
#include "tests/stub/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 64 << 10 };

struct hub hub;

/* ---- timers ------------------------------------------------------------------------------ */

static void
heap_set(size_t i, struct conn *c)
{
	hub.heap[i] = c;
	c->timer = i + 1;
}

static void
heap_sift(size_t i, struct conn *c)
{
	while (i > 0 && hub.heap[(i - 1) / 2]->due > c->due) {
		heap_set(i, hub.heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t k = 2 * i + 1;

		if (k + 1 < hub.nheap && hub.heap[k + 1]->due < hub.heap[k]->due)
			k++;
		if (k >= hub.nheap || hub.heap[k]->due >= c->due)
			break;
		heap_set(i, hub.heap[k]);
		i = k;
	}
	heap_set(i, c);
}

void
timer_set(struct conn *c, double due)
{
	c->due = due;
	hub.heap = mem_grow(hub.heap, &hub.cap, hub.nheap + 1, sizeof *hub.heap);
	heap_sift(hub.nheap++, c);
}

void
timer_clear(struct conn *c)
{
	size_t i = c->timer - 1;

	if (c->timer == 0)
		return;
	c->timer = 0;
	if (i != --hub.nheap)
		heap_sift(i, hub.heap[hub.nheap]);
}

int
timer_wait_ms(void)
{
	double left;

	if (hub.nheap == 0)
		return -1;
	left = hub.heap[0]->due - tick_now();
	return left <= 0 ? 0 : (int)(left * 1e3) + 1;
}

/* ---- bytes ------------------------------------------------------------------------------- */

static void
watch(struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (events == c->events)
		return;
	c->events = events;
	epoll_ctl(hub.epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

void
conn_begin(int fd)
{
	struct conn *c = mem_alloc(1, sizeof *c);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->fd = fd;
	c->next = hub.all;
	if (hub.all != NULL)
		hub.all->prev = c;
	hub.all = c;
	c->events = EPOLLIN;
	if (hub.tls != NULL) {
		c->tls = SSL_new(hub.tls);
		if (c->tls == NULL || SSL_set_fd(c->tls, fd) != 1)
			die(EXIT_SURROUNDINGS, "OpenSSL makes no connection");
		SSL_set_accept_state(c->tls);
	}
	if (epoll_ctl(hub.epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		die(EXIT_SURROUNDINGS, "epoll takes no connection: %s", strerror(errno));
	hub.conns_all++;
	if (++hub.conns > hub.conns_max)
		hub.conns_max = hub.conns;
}

void
conn_busy(struct conn *c, enum state state)
{
	c->state = state;
	if (++hub.busy > hub.busy_max)
		hub.busy_max = hub.busy;
}

void
conn_end(struct conn *c, bool reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	timer_clear(c);
	*(c->prev != NULL ? &c->prev->next : &hub.all) = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->state == WAITING || c->state == STALLED)
		hub.busy--;
	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	if (c->tls != NULL) {
		if (!reset && c->ending == END_KEEP)
			SSL_shutdown(c->tls);
		SSL_free(c->tls);
	}
	close(c->fd);
	buf_free(&c->in);
	buf_free(&c->out);
	mem_free(c);
	hub.conns--;
}

/* What a TLS call of no success means: > 0 wait for these events, 0 the end. */
static uint32_t
tls_wants(struct conn *c, int rc)
{
	int why = SSL_get_error(c->tls, rc);

	ERR_clear_error();
	return why == SSL_ERROR_WANT_READ ? EPOLLIN : why == SSL_ERROR_WANT_WRITE ? EPOLLOUT : 0;
}

int
conn_shake(struct conn *c)
{
	int rc = SSL_accept(c->tls);
	uint32_t wanted;

	if (rc > 0) {
		watch(c, EPOLLIN);
		return 1;
	}
	wanted = tls_wants(c, rc);
	if (wanted != 0)
		watch(c, wanted);
	return wanted == 0 ? -1 : 0;
}

bool
conn_read(struct conn *c)
{
	static char bytes[READ_SIZE];

	for (;;) {
		ssize_t n;

		if (c->tls != NULL) {
			int rc = SSL_read(c->tls, bytes, sizeof bytes);

			if (rc <= 0)
				return tls_wants(c, rc) != 0;
			n = rc;
		} else {
			n = read(c->fd, bytes, sizeof bytes);
			if (n < 0)
				return errno == EAGAIN || errno == EINTR;
			if (n == 0)
				return false;
		}
		buf_add(&c->in, bytes, (size_t)n);
		if (c->tls == NULL && (size_t)n < sizeof bytes)
			return true;
	}
}

int
conn_write(struct conn *c)
{
	while (c->sent < c->may) {
		size_t left = c->may - c->sent;
		ssize_t n;

		if (c->tls != NULL) {
			int rc = SSL_write(c->tls, c->out.p + c->sent,
			                   left > INT32_MAX ? INT32_MAX : (int)left);

			if (rc <= 0) {
				uint32_t events = tls_wants(c, rc);

				watch(c, EPOLLIN | events);
				return events == 0 ? -1 : 0;
			}
			n = rc;
		} else {
			n = send(c->fd, c->out.p + c->sent, left, MSG_NOSIGNAL);
			if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
				watch(c, EPOLLIN | EPOLLOUT);
				return 0;
			}
			if (n < 0)
				return -1;
		}
		c->sent += (size_t)n;
	}
	watch(c, EPOLLIN);
	return 1;
}
