/*
 * http_headers.h -- header lists: http.c's view of http_headers.c.
 */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include "harness/harness.h"

#include <curl/curl.h>

/* What every request to a target carries. */
struct headers {
	const struct target *target;
	char  *secret;                        /* "Authorization: Bearer ..." */
	size_t secret_size;
	struct curl_slist *common, *bearer;   /* bearer is the secret before common */
};

void headers_open(struct headers *, const struct target *);
void headers_close(struct headers *);

/* A call's own headers, before those of the target.  Starts zeroed. */
struct header_list {
	struct buf         lines;             /* each with its NUL */
	size_t             n;
	struct curl_slist *node;
	bool               set;
};

/* True: `node` is another list than before.  A request that has a header of its own for the key
 * gets no second one. */
bool header_list_set(struct header_list *, const struct headers *, const struct request *);
void header_list_free(struct header_list *, const struct headers *);

#endif
