/*
 * serve.c -- requests: one thread, one epoll set, answers as the play has them.
 *
 * A connection answers one request at a time, in the order they came, so pipelined requests
 * wait in its buffer.
 */
#include "tests/stub/conn.h"

#include <errno.h>
#include <signal.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

enum { HEAD_MAX = 64 << 10, BODY_MAX = 256 << 20, EVENTS = 256, SPENT_MAX = 1 << 20 };

/* ---- requests ---------------------------------------------------------------------------- */

/* The value of a header, or the empty str. */
static struct str
header(struct str head, struct str name)
{
	size_t at = 0;

	while (at < head.n) {
		const char *line = head.p + at;
		const char *end = memchr(line, '\n', head.n - at);
		size_t n = end == NULL ? head.n - at : (size_t)(end - line);

		if (n > name.n && line[name.n] == ':' && strncasecmp(line, name.p, name.n) == 0)
			return str_trim((struct str){ line + name.n + 1, n - name.n - 1 });
		at += n + 1;
	}
	return STR("");
}

static bool
same_word(struct str s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* Lets the answer in `out` start now. */
static void
start_sending(struct conn *c)
{
	c->state = SENDING;
	c->sent = 0;
	c->may = c->out.n;
	if (c->gap > 0) {               /* the head at once, then piece by piece */
		ptrdiff_t end = str_find(buf_as_str(&c->out), STR("\r\n\r\n"), 0);

		if (end >= 0)
			c->may = (size_t)end + 4;
	}
}

static void
refuse(struct conn *c, int status, const char *json)
{
	c->last = true;
	c->ending = END_KEEP;
	c->gap = 0;
	answer_plain(&c->out, status, str_of(json));
	start_sending(c);
}

/* The stub's own pages.  False: this is for the play. */
static bool
own_page(struct conn *c, struct str line)
{
	struct buf b = { 0 };

	if (str_starts(line, STR("GET /count "))) {
		service_count(hub.service, &b);
	} else if (str_starts(line, STR("GET /health "))) {
		buf_puts(&b, "{\"status\":\"ok\"}\n");
	} else if (str_starts(line, STR("GET ")) && str_find(line, STR("/models "), 0) >= 0) {
		buf_puts(&b, "{\"object\":\"list\",\"data\":[{\"id\":\"stub-1\",\"object\":\"model\"}]}\n");
	} else {
		return false;
	}
	answer_plain(&c->out, 200, buf_as_str(&b));
	buf_free(&b);
	start_sending(c);
	return true;
}

static void
perform(struct conn *c, struct str head, struct str body)
{
	const struct step *s = NULL;
	double after;

	hub.total++;
	if (hub.service->slots > 0 && hub.busy >= hub.service->slots) {
		hub.status[429]++;
		answer_plain(&c->out, 429, STR("{\"error\":{\"message\":\"all slots are taken\","
		             "\"type\":\"stub_error\",\"param\":null,\"code\":\"slots\"}}"));
		start_sending(c);
		return;
	}
	s = play_step(hub.service->play, head, body);
	if (s == NULL) {
		hub.unmatched++;
		hub.status[404]++;
		answer_plain(&c->out, 404, STR("{\"error\":{\"message\":\"no rule of the play matches\","
		             "\"type\":\"stub_error\",\"param\":null,\"code\":\"no_rule\"}}"));
		start_sending(c);
		return;
	}
	hub.status[s->status]++;
	c->ending = s->ending;
	c->gap = s->gap;
	if (s->status != 0)
		answer(&c->out, s, body);
	after = s->after_lo;
	if (s->after_hi > s->after_lo)
		after += (s->after_hi - s->after_lo) * rng_unit(hash64(body, 2));
	if (after > 0) {
		conn_busy(c, WAITING);
		timer_set(c, tick_now() + after);
	} else {
		start_sending(c);
	}
}

/* Takes one request off `in` if it is complete.  False: more bytes are needed. */
static bool
next_request(struct conn *c)
{
	struct str in = str_sub(buf_as_str(&c->in), c->from, SIZE_MAX), head, body, line;
	ptrdiff_t end;
	long length = 0;

	if (c->head == 0) {
		end = str_find(in, STR("\r\n\r\n"), c->seen);
		if (end < 0) {
			c->seen = in.n > 3 ? in.n - 3 : 0;
			if (in.n > HEAD_MAX)
				refuse(c, 431, "{}");
			return in.n > HEAD_MAX;
		}
		c->head = (size_t)end + 4;
		head = str_sub(in, 0, c->head);
		line = header(head, STR("Content-Length"));
		if (header(head, STR("Transfer-Encoding")).n > 0) {
			refuse(c, 411, "{\"error\":{\"message\":\"send a Content-Length\"}}");
			return true;
		}
		if (line.n > 0 && (!str_long(line, &length) || length < 0 || length > BODY_MAX)) {
			refuse(c, length > BODY_MAX ? 413 : 400,
			       "{\"error\":{\"message\":\"a bad Content-Length\"}}");
			return true;
		}
		c->body = (size_t)length;
	}
	head = str_sub(in, 0, c->head);
	if (in.n - c->head < c->body) {
		if (!c->continued && same_word(header(head, STR("Expect")), "100-continue")) {
			static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

			c->continued = true;
			buf_puts(&c->out, go_on);
			c->sent = 0;
			c->may = c->out.n;
			conn_write(c);          /* 25 bytes to a peer that waits for them: they fit */
			buf_reset(&c->out);
		}
		return false;
	}
	body = str_sub(in, c->head, c->body);
	end = str_find(head, STR("\r\n"), 0);
	line = str_sub(head, 0, (size_t)end);
	c->last = same_word(header(head, STR("Connection")), "close")
	       || (line.n >= 8 && memcmp(line.p + line.n - 8, "HTTP/1.0", 8) == 0);
	c->ending = END_KEEP;
	c->gap = 0;
	if (!own_page(c, line))
		perform(c, head, body);
	c->from += c->head + c->body;
	c->head = c->seen = 0;
	c->continued = false;
	if (c->from == c->in.n) {
		buf_reset(&c->in);
		c->from = 0;
	} else if (c->from > SPENT_MAX) {
		c->in.n -= c->from;
		memmove(c->in.p, c->in.p + c->from, c->in.n + 1);
		c->from = 0;
	}
	return true;
}

/* How far the next piece of a slow answer goes: a byte, or an event of a stream. */
static size_t
next_piece(const struct conn *c)
{
	static const struct str chunk_end = { "\n\n\r\n", 4 };
	struct str out = buf_as_str(&c->out);
	ptrdiff_t end = str_find(out, chunk_end, c->sent);

	return end >= 0 ? (size_t)end + chunk_end.n : str_find(out, chunk_end, 0) >= 0 ? out.n
	     : c->sent + 1;
}

/* Moves a connection on as far as it goes. */
static void
run(struct conn *c)
{
	for (;;) {
		int wrote;

		if (c->state == LISTENING && !next_request(c))
			return;
		if (c->state != SENDING)
			return;
		wrote = conn_write(c);
		if (wrote == 0)
			return;
		if (wrote < 0) {
			conn_end(c, false);
			return;
		}
		if (c->sent < c->out.n) {
			c->state = PAUSING;
			timer_set(c, tick_now() + c->gap);
			return;
		}
		buf_reset(&c->out);
		if (c->ending == END_STALL) {
			conn_busy(c, STALLED);
			return;
		}
		if (c->ending != END_KEEP || c->last) {
			conn_end(c, c->ending == END_RESET);
			return;
		}
		c->state = LISTENING;
	}
}

static void
timers_run(void)
{
	double now = tick_now();

	while (hub.nheap > 0 && hub.heap[0]->due <= now) {
		struct conn *c = hub.heap[0];

		timer_clear(c);
		if (c->state == WAITING) {
			hub.busy--;
			start_sending(c);
		} else {
			c->state = SENDING;
			c->may = next_piece(c);
		}
		run(c);
	}
}

static void
conn_event(struct conn *c, uint32_t events)
{
	if (c->tls != NULL && !SSL_is_init_finished(c->tls)) {
		int shaken = conn_shake(c);

		if (shaken < 0)
			conn_end(c, false);
		if (shaken <= 0)
			return;
	}
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !conn_read(c)) {
		conn_end(c, false);
		return;
	}
	run(c);
}

static void
accept_all(void)
{
	int fd;

	while ((fd = accept4(hub.service->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		conn_begin(fd);
}

void
service_count(const struct service *s, struct buf *b)
{
	buf_fmt(b, "{\"total\":%ld,\"unmatched\":%ld,\"connections\":%ld,\"max_connections\":%ld,"
	        "\"max_waiting\":%ld,\"rules\":[", hub.total, hub.unmatched, hub.conns_all,
	        hub.conns_max, hub.busy_max);
	for (size_t i = 0; i < s->play->nrule; i++)
		buf_fmt(b, "%s{\"line\":%d,\"count\":%ld}", i ? "," : "", s->play->rule[i].line,
		        s->play->rule[i].count);
	buf_puts(b, "],\"status\":{");
	for (size_t i = 0, n = 0; i < COUNT(hub.status); i++)
		if (hub.status[i] > 0)
			buf_fmt(b, "%s\"%zu\":%ld", n++ ? "," : "", i, hub.status[i]);
	buf_puts(b, "}}\n");
}

static SSL_CTX *
tls_begin(const struct service *s)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, s->cert) != 1)
		die(EXIT_MISTAKE, "'%s' holds no certificate", s->cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, s->key, SSL_FILETYPE_PEM) != 1)
		die(EXIT_MISTAKE, "'%s' holds no key of '%s'", s->key, s->cert);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

void
serve(struct service *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &hub.service }, got[EVENTS];
	struct epoll_event end = { .events = EPOLLIN, .data.ptr = NULL };
	sigset_t signals;
	bool ended = false;
	int fd;

	hub.service = s;
	hub.tls = s->cert == NULL ? NULL : tls_begin(s);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	hub.epoll = epoll_create1(EPOLL_CLOEXEC);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (hub.epoll < 0 || fd < 0 || epoll_ctl(hub.epoll, EPOLL_CTL_ADD, s->listener, &ev) < 0
	    || epoll_ctl(hub.epoll, EPOLL_CTL_ADD, fd, &end) < 0)
		die(EXIT_SURROUNDINGS, "epoll does not start: %s", strerror(errno));
	while (!ended) {
		int n = epoll_wait(hub.epoll, got, EVENTS, timer_wait_ms());

		for (int i = 0; i < n; i++) {
			if (got[i].data.ptr == NULL)
				ended = true;
			else if (got[i].data.ptr == &hub.service)
				accept_all();
			else
				conn_event(got[i].data.ptr, got[i].events);
		}
		timers_run();
	}
	while (hub.all != NULL)
		conn_end(hub.all, false);
	mem_free(hub.heap);
	SSL_CTX_free(hub.tls);
}
