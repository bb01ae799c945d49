/*
 * http.c -- the one place that knows libcurl.
 *
 * curl_multi_socket_action on the engine's epoll descriptor.  Some things are done to be
 * cheap: constant options are set once per handle (curl_easy_reset would cost more than a
 * request), the URL is read once and not for every request, header lists are rebuilt only when
 * a header changed, proxies are looked for only where the environment names one, and a socket
 * stays registered with epoll while its connection idles, because the next request will want
 * the same again.  And calls are dealt out to lanes of sixteen, a multi handle each, because
 * curl looks through all connections of a multi handle for every request; not over TLS, where
 * many calls may share one HTTP/2 connection.
 *
 * And some to be safe: no redirects, no other schemes, no key over plain http to an address
 * that is not this machine's or a private network's, ceilings counted after decompression
 * (CURLOPT_MAXFILESIZE counts before), no signals, no netrc, no cookies.
 */
#include "harness/http.h"
#include "harness/http_headers.h"

#include <errno.h>
#include <math.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { HEAD_MAX = 256 << 10, STREAMS_MAX = 100, LANE_CALLS = 16 };

/* What curl wants of a descriptor, what epoll was told, and whose it is. */
struct watch { uint32_t want, have; struct lane *lane; };

/* Calls that share connections. */
struct lane {
	struct http *http;
	CURLM       *multi;
	double       timer;                   /* when it wants to be called */
	bool         acted;                   /* may have messages */
};

struct http {
	const struct target *target;
	struct lane  *lane;
	size_t        nlane, nacted;          /* nacted: of acted lanes */
	CURLSH       *names;                  /* lanes resolve a host once */
	int           epoll;
	struct watch *watch;                  /* by descriptor */
	size_t        nwatch;
	struct headers headers;               /* of every request */
	bool          local_only;             /* plain http with a key */
	double        now;                    /* when curl was called */
	size_t        ncalls;
	struct http_call *call;
	struct http_wire *wire;
};

/* A call's private half. */
struct http_wire {
	struct http *http;
	struct lane *lane;
	CURL        *easy;
	char        *path;                    /* that the handle's URL ends in */
	CURLU       *url;                     /* the handle's URL, taken apart; NULL: it is none */
	int64_t      headed;                  /* wall clock of the answer's first line */
	struct header_list list;
	bool         flying, head_over, refused;
	char         error[CURL_ERROR_SIZE];
};

/* ---- what curl calls ------------------------------------------------------------------ */

static struct watch *
watch_of(struct http *h, int fd)
{
	if ((size_t)fd >= h->nwatch) {
		size_t old = h->nwatch;

		h->watch = mem_grow(h->watch, &h->nwatch, (size_t)fd + 1, sizeof *h->watch);
		memset(h->watch + old, 0, (h->nwatch - old) * sizeof *h->watch);
	}
	return &h->watch[fd];
}

static void
tell_epoll(struct http *h, int fd, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = (uint64_t)fd };
	int op = events == 0 ? EPOLL_CTL_DEL : w->have == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (w->have == events)
		return;
	if (epoll_ctl(h->epoll, op, fd, &ev) != 0 && op != EPOLL_CTL_DEL)
		die(EXIT_SURROUNDINGS, "cannot watch a connection: %s", strerror(errno));
	w->have = events;
}

/* Less is wanted: epoll hears of it only if it reports what nobody wants (http_ready). */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
	struct lane *lane = ctx;
	struct http *h = lane->http;
	struct watch *w = watch_of(h, fd);

	(void)easy;
	(void)unused;
	w->lane = lane;
	w->want = (what & CURL_POLL_IN && what != CURL_POLL_REMOVE ? EPOLLIN : 0u) |
	          (what & CURL_POLL_OUT && what != CURL_POLL_REMOVE ? EPOLLOUT : 0u);
	if ((w->want & ~w->have) != 0)
		tell_epoll(h, fd, w, w->want);
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *ctx)
{
	struct lane *lane = ctx;

	(void)multi;
	lane->timer = ms < 0 ? INFINITY : ms == 0 ? 0 : tick_now() + (double)ms / 1000;
	return 0;
}

static curl_socket_t
on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_wire *w = ctx;

	(void)purpose;
	if (w->http->local_only && !http_private(&a->addr)) {
		w->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* The kernel forgets a closed descriptor by itself, and so must we. */
static int
on_close(void *ctx, curl_socket_t fd)
{
	struct http *h = ctx;

	if ((size_t)fd < h->nwatch)
		h->watch[fd] = (struct watch){ 0 };
	return close(fd);
}

static size_t
on_head(char *p, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	struct str line = { p, size * n };

	c->last = c->wire->http->now;
	if (c->first == 0) {
		c->first = c->last;
		c->wire->headed = tick_wall_ms();
	}
	c->received += line.n;
	if (c->received > HEAD_MAX) {
		c->wire->head_over = true;
		return 0;
	}
	reply_head_line(&c->head, line, c->wire->headed);
	return line.n;
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	struct str chunk = { p, size * n };

	c->last = c->wire->http->now;
	c->received += chunk.n;
	buf_str(&c->body, chunk);
	if (c->body.over)
		return 0;
	if (c->on_chunk != NULL && c->head.event_stream && c->head.status == 200)
		c->on_chunk(c->owner, chunk);
	return chunk.n;
}

/* ---- setting up ----------------------------------------------------------------------- */

static void
must(CURLcode rc)
{
	if (rc != CURLE_OK)
		bug("curl refused an option: %s", curl_easy_strerror(rc));
}

/* Whether the environment names a proxy.  libcurl would look for every request again. */
static bool
has_proxy(void)
{
	static const char *const name[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
	};
	bool found = false;

	for (size_t i = 0; i < COUNT(name); i++)
		found = found || getenv(name[i]) != NULL;
	return found;
}

/* Options that no request changes. */
static void
set_up(struct http *h, struct http_call *c)
{
	const struct target *t = h->target;
	CURL *e = c->wire->easy;

	must(curl_easy_setopt(e, CURLOPT_PRIVATE, c));
	must(curl_easy_setopt(e, CURLOPT_SHARE, h->names));
	must(curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->wire->error));
	must(curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L));
	must(curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L));
	must(curl_easy_setopt(e, CURLOPT_UNRESTRICTED_AUTH, 0L));
	must(curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https"));
	must(curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "https"));
	must(curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED));
	must(curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L));
	must(curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L));
	must(curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
	if (t->ca_file != NULL)
		must(curl_easy_setopt(e, CURLOPT_CAINFO, t->ca_file));
	must(curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS));
	/* libcurl prints headers byte by byte, this one twice; and gzip is known everywhere. */
	must(curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING,
	                      curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_LIBZ
	                      ? "gzip" : ""));
	must(curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L));
	must(curl_easy_setopt(e, CURLOPT_POST, 1L));
	/* The first-byte, idle and total limits are the engine's: curl would count the time that
	 * a model thinks as a slow transfer. */
	if (t->limits.connect > 0)
		must(curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
		                      (long)ceil(t->limits.connect * 1e3)));
	if (t->unix_socket != NULL)
		must(curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, t->unix_socket));
	if (h->local_only || !has_proxy())
		must(curl_easy_setopt(e, CURLOPT_PROXY, ""));   /* no proxy sees a key in clear */
	must(curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open));
	must(curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c->wire));
	must(curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close));
	must(curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, h));
	must(curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head));
	must(curl_easy_setopt(e, CURLOPT_HEADERDATA, c));
	must(curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body));
	must(curl_easy_setopt(e, CURLOPT_WRITEDATA, c));
}

static void
make_lanes(struct http *h)
{
	bool shared = strncasecmp(h->target->url, "https:", 6) == 0;

	h->nlane = shared ? 1 : (h->ncalls + LANE_CALLS - 1) / LANE_CALLS;
	h->lane = mem_alloc(h->nlane, sizeof *h->lane);
	if ((h->names = curl_share_init()) == NULL ||
	    curl_share_setopt(h->names, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) != CURLSHE_OK)
		die(EXIT_SURROUNDINGS, "libcurl did not start");
	for (size_t i = 0; i < h->nlane; i++) {
		struct lane *l = &h->lane[i];

		*l = (struct lane){ .http = h, .multi = curl_multi_init(), .timer = INFINITY };
		if (l->multi == NULL)
			die(EXIT_SURROUNDINGS, "libcurl did not start");
		curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
		curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
		curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timer);
		curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
		curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, (long)h->ncalls);
		curl_multi_setopt(l->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS_MAX);
	}
}

struct http *
http_open(const struct target *t, int epoll, size_t ncalls)
{
	struct http *h = mem_alloc(1, sizeof *h);

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die(EXIT_SURROUNDINGS, "libcurl did not start");
	h->target = t;
	h->epoll = epoll;
	h->ncalls = ncalls;
	h->call = mem_alloc(ncalls, sizeof *h->call);
	h->wire = mem_alloc(ncalls, sizeof *h->wire);
	h->local_only = t->key.n > 0 && t->unix_socket == NULL &&
	                strncasecmp(t->url, "http:", 5) == 0;
	headers_open(&h->headers, t);
	make_lanes(h);
	for (size_t i = 0; i < ncalls; i++) {
		h->call[i].wire = &h->wire[i];
		h->wire[i].lane = &h->lane[i % h->nlane];
		h->call[i].body.max = t->limits.body > 0 ? (size_t)t->limits.body : 0;
		h->wire[i].http = h;
		if ((h->wire[i].easy = curl_easy_init()) == NULL)
			die(EXIT_SURROUNDINGS, "out of memory");
		set_up(h, &h->call[i]);
	}
	return h;
}

void
http_close(struct http *h)
{
	for (size_t i = 0; i < h->ncalls; i++)
		http_cancel(&h->call[i]);
	for (size_t i = 0; i < h->ncalls; i++) {
		curl_easy_cleanup(h->wire[i].easy);
		header_list_free(&h->wire[i].list, &h->headers);
		curl_url_cleanup(h->wire[i].url);
		mem_free(h->wire[i].path);
		buf_free(&h->call[i].body);
	}
	for (size_t i = 0; i < h->nlane; i++)
		curl_multi_cleanup(h->lane[i].multi);
	curl_share_cleanup(h->names);
	mem_free(h->lane);
	headers_close(&h->headers);
	mem_free(h->watch);
	mem_free(h->call);
	mem_free(h->wire);
	mem_free(h);
	curl_global_cleanup();
}

struct http_call *
http_call(struct http *h, size_t i)
{
	return &h->call[i];
}

/* ---- one request ---------------------------------------------------------------------- */

static void
set_url(struct http_wire *w, const char *path)
{
	const char *url = w->http->target->url;
	size_t n = strlen(url);
	struct buf whole = { 0 };

	if (w->path != NULL && strcmp(w->path, path) == 0)
		return;
	while (n > 0 && url[n - 1] == '/' && path[0] == '/')
		n--;
	buf_add(&whole, url, n);
	buf_puts(&whole, path);
	/* What is no URL is left to the transfer, which ends with a sentence on it. */
	curl_url_cleanup(w->url);
	if ((w->url = curl_url()) == NULL)
		die(EXIT_SURROUNDINGS, "out of memory");
	if (curl_url_set(w->url, CURLUPART_URL, whole.p ? whole.p : "", 0) != CURLUE_OK) {
		curl_url_cleanup(w->url);
		w->url = NULL;
	}
	must(curl_easy_setopt(w->easy, CURLOPT_CURLU, w->url));
	must(curl_easy_setopt(w->easy, CURLOPT_URL, w->url ? NULL : whole.p ? whole.p : ""));
	buf_free(&whole);
	mem_free(w->path);
	w->path = memcpy(mem_alloc(strlen(path) + 1, 1), path, strlen(path) + 1);
}

void
http_send(struct http_call *c, const struct request *r)
{
	struct http_wire *w = c->wire;

	c->head = reply_head_blank();
	buf_reset(&c->body);
	c->first = c->last = 0;
	c->received = 0;
	w->head_over = w->refused = false;
	w->error[0] = '\0';
	set_url(w, r->path);
	if (header_list_set(&w->list, &w->http->headers, r))
		must(curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, w->list.node));
	must(curl_easy_setopt(w->easy, CURLOPT_POSTFIELDS, r->body.p ? r->body.p : ""));
	must(curl_easy_setopt(w->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n));
	w->flying = true;
	c->sent = tick_now();
	if (curl_multi_add_handle(w->lane->multi, w->easy) != CURLM_OK)
		bug("curl refused a handle");
}

static void
land(struct http_call *c)
{
	if (curl_multi_remove_handle(c->wire->lane->multi, c->wire->easy) != CURLM_OK)
		bug("curl lost a handle");
	c->wire->flying = false;
}

void
http_cancel(struct http_call *c)
{
	if (c->wire->flying)
		land(c);
}

static void
act(struct lane *l, curl_socket_t fd, int what)
{
	int running;
	CURLMcode rc;

	l->http->now = tick_now();
	rc = curl_multi_socket_action(l->multi, fd, what, &running);
	if (rc != CURLM_OK)
		bug("curl_multi_socket_action: %s", curl_multi_strerror(rc));
	l->http->nacted += !l->acted;
	l->acted = true;
}

void
http_ready(struct http *h, int fd, uint32_t events)
{
	struct watch *w = watch_of(h, fd);
	uint32_t odd = EPOLLERR | EPOLLHUP;

	if ((events & ~odd & ~w->want) != 0 || w->want == 0)
		tell_epoll(h, fd, w, w->want);
	if (w->want == 0)
		return;
	act(w->lane, fd, (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
	                 (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
	                 (events & EPOLLERR ? CURL_CSELECT_ERR : 0));
}

double
http_timer(const struct http *h)
{
	double due = INFINITY;

	for (size_t i = 0; i < h->nlane; i++)
		if (h->lane[i].timer < due)
			due = h->lane[i].timer;
	return due;
}

void
http_expire(struct http *h)
{
	double now = tick_now();

	for (size_t i = 0; i < h->nlane; i++)
		if (h->lane[i].timer <= now) {
			h->lane[i].timer = INFINITY;
			act(&h->lane[i], CURL_SOCKET_TIMEOUT, 0);
		}
}

/* ---- how it ended --------------------------------------------------------------------- */

static enum http_end
end_of(const struct http_call *c, CURLcode rc)
{
	if (rc == CURLE_OK)
		return HTTP_WHOLE;
	if (c->wire->refused)
		return HTTP_IN_CLEAR;
	if (c->body.over || c->wire->head_over)
		return HTTP_TOO_BIG;
	switch (rc) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return HTTP_UNTRUSTED;
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
		return HTTP_UNUSABLE;
	case CURLE_UNSUPPORTED_PROTOCOL:        /* also an answer that is not HTTP at all */
		return c->wire->path != NULL && c->sent > 0 ? HTTP_CUT : HTTP_UNUSABLE;
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_PARTIAL_FILE:
		return HTTP_CUT;
	default:
		return c->received > 0 ? HTTP_CUT : HTTP_NO_ANSWER;
	}
}

static void
explain(const struct http_call *c, enum http_end end, CURLcode rc, struct buf *why)
{
	const char *what = c->wire->error[0] != '\0' ? c->wire->error : curl_easy_strerror(rc);

	buf_reset(why);
	switch (end) {
	case HTTP_WHOLE:
		break;
	case HTTP_TOO_BIG:
		if (c->wire->head_over)
			buf_fmt(why, "the answer's headers passed %d bytes", HEAD_MAX);
		else
			buf_fmt(why, "the answer's body passed %zu bytes", c->body.max);
		break;
	case HTTP_IN_CLEAR:
		buf_puts(why, "the key would travel in clear to a public address: use https");
		break;
	case HTTP_UNTRUSTED:
		buf_fmt(why, "the server's certificate was not accepted: %s", what);
		break;
	case HTTP_CUT:
		buf_fmt(why, "the answer broke off: %s", what);
		break;
	case HTTP_NO_ANSWER:
	case HTTP_UNUSABLE:
		buf_puts(why, what);
		break;
	}
}

/* From the request's leaving to the last byte, by curl's clock, which is nearest the socket. */
static void
read_clock(struct http_call *c)
{
	curl_off_t before = 0, total = 0;

	if (curl_easy_getinfo(c->wire->easy, CURLINFO_PRETRANSFER_TIME_T, &before) == CURLE_OK &&
	    curl_easy_getinfo(c->wire->easy, CURLINFO_TOTAL_TIME_T, &total) == CURLE_OK) {
		c->last = c->sent + (double)total * 1e-6;
		c->sent += (double)before * 1e-6;
	}
	if (c->first > 0 && c->first > c->last)
		c->first = c->last;
	if (c->first > 0 && c->first < c->sent)
		c->first = c->sent;
}

/* The next message of a lane that was called since it had none. */
static CURLMsg *
next_message(struct http *h)
{
	CURLMsg *m;
	int left;

	for (size_t i = 0; i < h->nlane && h->nacted > 0; i++) {
		struct lane *l = &h->lane[i];

		if (!l->acted)
			continue;
		if ((m = curl_multi_info_read(l->multi, &left)) != NULL)
			return m;
		l->acted = false;
		h->nacted--;
	}
	return NULL;
}

struct http_call *
http_ended(struct http *h, enum http_end *end, struct buf *why)
{
	struct http_call *c = NULL;
	CURLMsg *m = next_message(h);
	CURLcode rc;

	if (m == NULL)
		return NULL;
	rc = m->data.result;
	if (m->msg != CURLMSG_DONE ||
	    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c) != CURLE_OK)
		bug("a message of curl's that nobody knows");
	read_clock(c);
	land(c);
	c->head.gzip_error = rc == CURLE_BAD_CONTENT_ENCODING;
	*end = end_of(c, rc);
	explain(c, *end, rc, why);
	return c;
}
