/*
 * bare.c -- the least that a client on libcurl can cost: the baseline of the benchmarks.
 *
 *	bare URL SLOTS REQUESTS BODY_BYTES
 *
 * curl_multi_socket_action under epoll, keep-alive, SLOTS requests at once; answers are counted
 * and thrown away.  Prints requests a second and microseconds of CPU per request.
 */
#include "harness/base/base.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/resource.h>

struct bare {
	CURLM *multi;
	int    set;
	double due;             /* of curl's timer; < 0: none */
	long   left, done, failed;
};

static size_t
discard(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * n;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
	struct bare *b = ctx;
	struct epoll_event ev = { .data.fd = fd };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(b->set, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	ev.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0)
	          | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
	epoll_ctl(b->set, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &ev);
	curl_multi_assign(b->multi, fd, b);
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *ctx)
{
	struct bare *b = ctx;

	(void)multi;
	b->due = ms < 0 ? -1 : tick_now() + (double)ms * 1e-3;
	return 0;
}

/* Takes in what is finished, and asks again with the same handle. */
static void
collect(struct bare *b)
{
	CURLMsg *m;
	int more;

	while ((m = curl_multi_info_read(b->multi, &more)) != NULL) {
		CURL *easy = m->easy_handle;
		long status = 0;

		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		b->failed += m->data.result != CURLE_OK || status != 200;
		b->done++;
		curl_multi_remove_handle(b->multi, easy);
		if (b->left > 0) {
			b->left--;
			curl_multi_add_handle(b->multi, easy);
		} else {
			curl_easy_cleanup(easy);
		}
	}
}

static void
turn(struct bare *b)
{
	struct epoll_event got[256];
	double left = b->due < 0 ? 1 : b->due - tick_now();
	int running, n = epoll_wait(b->set, got, COUNT(got), left <= 0 ? 0 : (int)(left * 1e3) + 1);

	for (int i = 0; i < n; i++)
		curl_multi_socket_action(b->multi, got[i].data.fd,
		                         (got[i].events & EPOLLIN ? CURL_CSELECT_IN : 0)
		                         | (got[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
		                         | (got[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0),
		                         &running);
	if (b->due >= 0 && b->due <= tick_now()) {
		b->due = -1;
		curl_multi_socket_action(b->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	collect(b);
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
	     + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static long
argument(const char *s)
{
	long n;

	if (!str_long(str_of(s), &n) || n < 1 || n > 1 << 30)
		die(EXIT_MISTAKE, "'%s' is no count", s);
	return n;
}

int
main(int argc, char **argv)
{
	static const char head[] =
		"{\"model\":\"stub-1\",\"messages\":[{\"role\":\"user\",\"content\":\"";
	struct bare b = { .due = -1 };
	struct curl_slist *headers = NULL;
	struct buf body = { 0 };
	long slots, total, size;
	double begin, cpu_begin, took;

	if (argc != 5)
		die(EXIT_MISTAKE, "usage: bare URL SLOTS REQUESTS BODY_BYTES");
	slots = argument(argv[2]);
	total = b.left = argument(argv[3]);
	size = argument(argv[4]);
	buf_puts(&body, head);
	for (long i = 0; i < size; i++)
		buf_char(&body, (char)('a' + i % 26));
	buf_puts(&body, "\"}]}");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	b.multi = curl_multi_init();
	b.set = epoll_create1(EPOLL_CLOEXEC);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	headers = curl_slist_append(headers, "Expect:");
	curl_multi_setopt(b.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(b.multi, CURLMOPT_SOCKETDATA, &b);
	curl_multi_setopt(b.multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(b.multi, CURLMOPT_TIMERDATA, &b);
	curl_multi_setopt(b.multi, CURLMOPT_MAXCONNECTS, slots);
	begin = tick_now();
	cpu_begin = cpu();
	for (long i = 0; i < slots && b.left > 0; i++, b.left--) {
		CURL *easy = curl_easy_init();

		curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.p);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body.n);
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
		curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
		curl_multi_add_handle(b.multi, easy);
	}
	while (b.done < total)
		turn(&b);
	took = tick_now() - begin;
	printf("%.0f %.1f\n", (double)total / took, (cpu() - cpu_begin) * 1e6 / (double)total);
	curl_multi_cleanup(b.multi);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	buf_free(&body);
	if (b.failed > 0)
		die(EXIT_SURROUNDINGS, "%ld of %ld requests failed", b.failed, total);
	return 0;
}
