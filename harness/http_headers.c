/*
 * http_headers.c -- the header lines of requests, as the lists that libcurl wants.
 *
 * Nodes are ours: a call's list ends in the target's, which all calls share, and only what
 * stands before it is made and freed per call.
 */
#include "harness/http_headers.h"

#include "harness/http.h"

#include <sys/mman.h>

/* ---- of the target ---------------------------------------------------------------------- */

static struct curl_slist *
push(struct curl_slist *head, const char *line)
{
	struct curl_slist *node = mem_alloc(1, sizeof *node);

	*node = (struct curl_slist){ (char *)(uintptr_t)line, head };
	return node;
}

/* The header that holds the key has pages of its own: never swapped, never in a core. */
static void
make_secret(struct headers *h, const struct target *t)
{
	void *pages;

	h->bearer = h->common;
	if (t->key.n == 0)
		return;
	h->secret_size = t->key.n + 64;
	pages = mmap(NULL, h->secret_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	             -1, 0);
	if (pages == MAP_FAILED)
		die(EXIT_SURROUNDINGS, "out of memory");
	(void)mlock(pages, h->secret_size);     /* may be forbidden: then it is not locked */
	(void)madvise(pages, h->secret_size, MADV_DONTDUMP);
	h->secret = pages;
	snprintf(h->secret, h->secret_size, "Authorization: Bearer %.*s", STR_ARG(t->key));
	h->bearer = push(h->common, h->secret);
}

void
headers_open(struct headers *h, const struct target *t)
{
	*h = (struct headers){ .target = t };
	for (size_t i = 0; i < t->nheader; i++)
		h->common = push(h->common, t->header[i]);
	h->common = push(h->common, "User-Agent: driftlead/" PROGRAM_VERSION);
	h->common = push(h->common, "Expect:");
	h->common = push(h->common, "Content-Type: application/json");
	make_secret(h, t);
}

/* Nodes down to, and without, `end`. */
static void
free_nodes(struct curl_slist *node, struct curl_slist *end)
{
	while (node != end) {
		struct curl_slist *next = node->next;

		mem_free(node);
		node = next;
	}
}

void
headers_close(struct headers *h)
{
	free_nodes(h->bearer, NULL);
	if (h->secret != NULL) {
		explicit_bzero(h->secret, h->secret_size);
		munmap(h->secret, h->secret_size);
	}
}

/* ---- of one call ------------------------------------------------------------------------ */

static void
forget(struct header_list *l, const struct headers *h)
{
	struct curl_slist *end = l->node;

	while (end != NULL && end != h->bearer && end != h->common)
		end = end->next;
	free_nodes(l->node, end);
	l->node = NULL;
	if (l->lines.p != NULL)
		explicit_bzero(l->lines.p, l->lines.cap);       /* may hold a key */
	buf_reset(&l->lines);
}

void
header_list_free(struct header_list *l, const struct headers *h)
{
	forget(l, h);
	buf_free(&l->lines);
}

static bool
same(const struct header_list *l, const struct request *r)
{
	const char *line = l->lines.p;

	if (!l->set || l->n != r->nheader)
		return false;
	for (size_t i = 0; i < r->nheader; i++) {
		if (strcmp(line, r->header[i]) != 0)
			return false;
		line += strlen(line) + 1;
	}
	return true;
}

bool
header_list_set(struct header_list *l, const struct headers *h, const struct request *r)
{
	const struct str key = h->target->key;
	struct curl_slist *list = h->bearer;
	size_t at = 0;

	if (same(l, r))
		return false;
	forget(l, h);
	for (size_t i = 0; i < r->nheader; i++) {
		if (!http_one_line(str_of(r->header[i])))
			bug("a request header holds a line end");
		buf_add(&l->lines, r->header[i], strlen(r->header[i]) + 1);
		if (key.n > 0 && str_find(str_of(r->header[i]), key, 0) >= 0)
			list = h->common;
	}
	for (size_t i = 0; i < r->nheader; i++) {
		list = push(list, l->lines.p + at);
		at += strlen(r->header[i]) + 1;
	}
	l->node = list;
	l->n = r->nheader;
	return l->set = true;
}
