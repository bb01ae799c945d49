/*
 * echo.c -- answers the last message of the user, word for word: a model for trying suites.
 */
#include "harness/harness.h"

static void
request(struct request *r, const struct target *t, const struct test_case *tc, int rep,
    struct arena *a)
{
	(void)t, (void)rep, (void)a;
	for (size_t i = tc->nmsg; i-- > 0;)
		if (strcmp(tc->msg[i].role, "user") == 0) {
			buf_str(&r->body, tc->msg[i].text);
			return;
		}
}

static void
reply(struct completion *c, const struct target *t, int status, struct str body, struct arena *a)
{
	(void)t, (void)status, (void)a;
	c->outcome = OUT_ANSWERED;
	c->text = body;
	c->bad_utf8 = str_bad_utf8(body) >= 0;
}

const struct protocol protocol_echo = {
	.name = "echo", .help = "answers the last message of the user", .wire = WIRE_LOCAL,
	.request = request, .reply = reply,
};
