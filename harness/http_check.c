/*
 * http_check.c -- whether a target may be asked over HTTP at all, and where a key may travel.
 *
 * curl's own parser reads the url, so that what is checked is what will be connected to.
 */
#include "harness/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>

/* This machine, or the private networks of RFC 1918 and RFC 4193. */
static bool
private_v4(uint32_t ip)
{
	return ip >> 24 == 127 || ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8;
}

bool
http_private(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_UNIX)
		return true;
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		return private_v4(ntohl(in->sin_addr.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;
		const struct in6_addr *a = &in6->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(a))
			return private_v4(ntohl(a->s6_addr32[3]));
		return IN6_IS_ADDR_LOOPBACK(a) || (a->s6_addr[0] & 0xfe) == 0xfc;
	}
	return false;
}

/* A host name that is an address; false when it is a name to be resolved. */
static bool
literal_address(const char *host, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (void *)ss;
	struct sockaddr_in6 *in6 = (void *)ss;
	char bare[64];

	*ss = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		ss->ss_family = AF_INET;
		return true;
	}
	snprintf(bare, sizeof bare, "%.*s", (int)strcspn(host + (host[0] == '['), "]"),
	         host + (host[0] == '['));
	if (inet_pton(AF_INET6, bare, &in6->sin6_addr) == 1) {
		ss->ss_family = AF_INET6;
		return true;
	}
	return false;
}

static int
check_parts(const struct target *t, const char *scheme, const char *host, const char *query,
            const char *user, struct err *e)
{
	struct sockaddr_storage ss;

	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return err_set(e, "target '%s': '%s' is no scheme that can be asked: use https or "
		               "http", t->name, scheme);
	if (user != NULL)
		return err_set(e, "target '%s': the url holds a user name: put the secret into an "
		               "environment variable and name it with 'key'", t->name);
	if (query != NULL)
		return err_set(e, "target '%s': the url ends in a query, but a path is appended "
		               "to it", t->name);
	if (strcmp(scheme, "http") == 0 && t->key.n > 0 && t->unix_socket == NULL &&
	    literal_address(host, &ss) && !http_private((struct sockaddr *)&ss))
		return err_set(e, "target '%s': the key would travel in clear to '%s': use https",
		               t->name, host);
	return 0;
}

/* A server of ours gets its port when it starts: until then the url says {port}. */
static void
port_given(struct buf *out, const char *url)
{
	ptrdiff_t at = str_find(str_of(url), STR("{port}"), 0);

	buf_str(out, at < 0 ? str_of(url) : str_sub(str_of(url), 0, (size_t)at));
	if (at >= 0)
		buf_fmt(out, "1%s", url + at + 6);
	if (out->p == NULL)
		buf_char(out, ' ');             /* no url at all is none, too */
}

static int
check_url(const struct target *t, struct err *e)
{
	struct buf url = { 0 };
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *query = NULL, *user = NULL;
	CURLUcode rc;
	int status;

	if (u == NULL)
		die(EXIT_SURROUNDINGS, "out of memory");
	port_given(&url, t->url != NULL ? t->url : "");
	rc = curl_url_set(u, CURLUPART_URL, url.p, CURLU_NON_SUPPORT_SCHEME);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
	if (rc == CURLUE_OK)                    /* file: has none, but check_parts says it better */
		(void)curl_url_get(u, CURLUPART_HOST, &host, 0);
	if (rc != CURLUE_OK) {
		status = err_set(e, "target '%s': '%s' is no url: %s", t->name, t->url ? t->url : "",
		                 curl_url_strerror(rc));
	} else {
		(void)curl_url_get(u, CURLUPART_QUERY, &query, 0);
		(void)curl_url_get(u, CURLUPART_USER, &user, 0);
		status = check_parts(t, scheme, host != NULL ? host : "", query, user, e);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(query);
	curl_free(user);
	curl_url_cleanup(u);
	buf_free(&url);
	return status;
}

bool
http_one_line(struct str s)
{
	return memchr(s.p, '\r', s.n) == NULL && memchr(s.p, '\n', s.n) == NULL &&
	       memchr(s.p, '\0', s.n) == NULL;
}

int
http_check(const struct target *t, struct err *e)
{
	int before = e->n;

	check_url(t, e);
	if (t->key.n > 0 && !http_one_line(t->key))
		err_set(e, "target '%s': the key holds a line end: look at the variable '%s'",
		        t->name, t->key_env ? t->key_env : "");
	for (size_t i = 0; i < t->nheader; i++) {
		const char *colon = strchr(t->header[i], ':');

		if (!http_one_line(str_of(t->header[i])) || colon == NULL || colon == t->header[i])
			err_set(e, "target '%s': header %zu is not of the form 'Name: value'",
			        t->name, i + 1);
	}
	return e->n > before ? -1 : 0;
}
