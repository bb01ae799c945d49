/*
 * slot.c -- one attempt: how it begins, what its end means, and when it takes too long.
 *
 * Nothing here moves bytes or waits.  A broken transfer is never an answer: only a whole body,
 * or a stream that said it was finished, reaches the scorers.
 */
#include "harness/slot.h"

#include <math.h>

enum { LINGER = 1 };                    /* seconds for a stream that said everything to close */

void
slot_take(struct slot *s, double now)
{
	s->phase = SLOT_READY;
	s->taken = now;
	s->malformed = 0;
	s->c = completion_blank();
}

void
slot_free(struct slot *s)
{
	sse_free(&s->sse);
	buf_free(&s->text);
	buf_free(&s->req.body);
	arena_free(&s->arena);
	arena_free(&s->answer);
}

static bool
on_event(void *ctx, struct str data)
{
	struct slot *s = ctx;

	s->complete = s->target->protocol->event(&s->c, &s->text, s->target, data, &s->answer);
	if (s->first_token == 0 && (s->text.n > 0 || s->c.reasoning.n > 0))
		s->first_token = tick_now();
	return !s->complete;
}

static void
on_chunk(void *owner, struct str chunk)
{
	struct slot *s = owner;

	sse_feed(&s->sse, chunk, on_event, s);
	if (s->complete && s->linger == 0) {    /* whatever follows is nobody's business */
		s->linger = tick_now() + LINGER;
		*s->alarm = fmin(*s->alarm, s->linger);
	}
}

void
slot_prepare(struct slot *s, double now)
{
	const struct protocol *p = s->target->protocol;
	struct completion before = s->c;

	if (before.attempts == 0) {
		buf_reset(&s->req.body);
		s->req = (struct request){ .body = s->req.body, .path = "" };
		p->request(&s->req, s->target, s->job.tc, s->job.rep, &s->arena);
		before.ms_queue = (now - s->taken) * 1e3;
	}
	arena_reset(&s->answer);
	s->c = completion_blank();
	s->c.attempts = before.attempts + 1;
	s->c.ms_queue = before.ms_queue;
	s->c.ms_backoff = before.ms_backoff;
	s->raw = (struct str){ 0 };
	s->sent = now;
	s->window = 0;
	s->first_token = s->linger = 0;
	s->complete = false;
	if (s->call == NULL)
		return;
	s->call->owner = s;
	s->call->on_chunk = NULL;
	if (s->req.stream && p->event != NULL) {
		sse_free(&s->sse);
		buf_reset(&s->text);
		s->text.max = s->call->body.max;
		s->call->on_chunk = on_chunk;
	}
}

/* ---- what a server may have said of our key ------------------------------------------- */

/* Replaces every `key` in place by three stars; returns the new length. */
static size_t
mask(char *p, size_t n, struct str key)
{
	size_t out = 0, at = 0;
	ptrdiff_t hit;

	while ((hit = str_find((struct str){ p, n }, key, at)) >= 0) {
		memmove(p + out, p + at, (size_t)hit - at);
		out += (size_t)hit - at;
		memcpy(p + out, "***", 3);
		out += 3;
		at = (size_t)hit + key.n;
	}
	memmove(p + out, p + at, n - at);
	return out + n - at;
}

/* Error bodies like to repeat the key.  In an answer only a key that is long enough to be a
 * secret is masked: "EMPTY" and "none" are keys of local servers, and words. */
static void
redact(struct buf *b, struct str key, bool error)
{
	if (key.n < (error ? 4u : 16u) || str_find(buf_as_str(b), key, 0) < 0)
		return;
	b->n = mask(b->p, b->n, key);
	b->p[b->n] = '\0';
}

static struct str
redacted(struct slot *s, struct str text)
{
	const struct str key = s->target->key;

	if (key.n < 4 || str_find(text, key, 0) < 0)
		return text;
	text = str_dup(text, &s->answer);
	text.n = mask((char *)(uintptr_t)text.p, text.n, key);
	return text;
}

/* ---- what an end means ---------------------------------------------------------------- */

static void
say(struct slot *s, enum outcome o, struct str why)
{
	s->c.outcome = o;
	s->c.why = redacted(s, str_dup(why, &s->answer));
}

/* An answer that nobody could read may come right the next time, but seldom the fourth. */
static struct retry_advice
malformed(struct slot *s)
{
	return (struct retry_advice){ ++s->malformed <= 2 ? RETRY_YES : RETRY_NO, -1 };
}

static struct retry_advice
judge_reply(struct slot *s)
{
	if (OUTCOME_IS_MODELS(s->c.outcome))
		return (struct retry_advice){ RETRY_NO, -1 };
	s->c.why = redacted(s, s->c.why);
	if (s->c.outcome == OUT_GARBAGE)
		return malformed(s);
	return (struct retry_advice){ s->c.outcome == OUT_REJECTED ? RETRY_NO : RETRY_YES, -1 };
}

/* The stream's own words are already in the completion; was it all? */
static struct retry_advice
judge_stream(struct slot *s)
{
	redact(&s->text, s->target->key, false);
	s->c.text = buf_as_str(&s->text);
	s->c.bad_utf8 |= str_bad_utf8(s->c.text) >= 0;
	if (s->first_token > 0)
		s->c.ms_first = fmin((s->first_token - s->call->sent) * 1e3, s->c.ms_total);
	if (s->sse.over || s->text.over) {
		say(s, OUT_GARBAGE, STR("an event of the stream passed its ceiling"));
		return (struct retry_advice){ RETRY_NO, -1 };
	}
	if (!s->complete && s->c.finish.n == 0) {
		say(s, OUT_GARBAGE, STR("the stream ended early"));
		return (struct retry_advice){ RETRY_YES, -1 };
	}
	return judge_reply(s);
}

/* A status that is no success: the protocol may know better what it means for this case. */
static struct retry_advice
judge_refusal(struct slot *s)
{
	const struct http_call *call = s->call;
	const int status = call->head.status;
	struct retry_advice advice;

	if (status >= 300 && status < 400) {
		say(s, OUT_REJECTED, str_of(arena_fmt(&s->answer,
		                                      "redirects are not followed (HTTP %d)", status)));
		return (struct retry_advice){ RETRY_NO, -1 };
	}
	s->target->protocol->reply(&s->c, s->target, status, s->raw, &s->answer);
	if (s->c.outcome == OUT_FILTERED || s->c.outcome == OUT_DECLINED)
		return (struct retry_advice){ RETRY_NO, -1 };
	advice = retry_advise(&call->head, s->raw);
	s->c.outcome = advice.what == RETRY_YES || retry_status(status) ? OUT_UNAVAILABLE
	                                                                : OUT_REJECTED;
	if (advice.what == RETRY_STOP)
		s->c.outcome = OUT_REJECTED;
	if (s->c.why.n == 0)
		s->c.why = str_of(arena_fmt(&s->answer, "HTTP %d", status));
	s->c.why = redacted(s, s->c.why);
	return advice;
}

static struct retry_advice
judge_end(struct slot *s, enum http_end end, struct str why)
{
	static const struct { enum outcome outcome; enum retry what; } failed[] = {
		[HTTP_WHOLE]     = { OUT_GARBAGE,     RETRY_YES },
		[HTTP_NO_ANSWER] = { OUT_UNAVAILABLE, RETRY_YES },
		[HTTP_CUT]       = { OUT_GARBAGE,     RETRY_YES },
		[HTTP_TOO_BIG]   = { OUT_GARBAGE,     RETRY_NO },
		[HTTP_UNTRUSTED] = { OUT_REJECTED,    RETRY_NO },
		[HTTP_IN_CLEAR]  = { OUT_REJECTED,    RETRY_STOP },
		[HTTP_UNUSABLE]  = { OUT_REJECTED,    RETRY_STOP },
	};
	const struct reply_head *head = &s->call->head;
	bool good = head->status >= 200 && head->status < 300;
	bool stream = s->call->on_chunk != NULL && head->event_stream && head->status == 200;

	if (end == HTTP_WHOLE && good && !stream) {
		s->target->protocol->reply(&s->c, s->target, head->status, s->raw, &s->answer);
		return judge_reply(s);
	}
	if (stream && (end == HTTP_WHOLE || s->complete || s->c.finish.n > 0))
		return judge_stream(s);
	if (head->status >= 300 && (end == HTTP_WHOLE || end == HTTP_CUT))
		return judge_refusal(s);
	s->c.text = (struct str){ 0 };
	say(s, failed[end].outcome, why);
	return (struct retry_advice){ failed[end].what, -1 };
}

struct retry_advice
slot_answered(struct slot *s, enum http_end end, struct str why)
{
	struct http_call *call = s->call;

	redact(&call->body, s->target->key, call->head.status >= 300);
	s->raw = buf_as_str(&call->body);
	s->c.status = call->head.status;
	s->c.ms_total = (call->last - call->sent) * 1e3;
	if (call->first > 0)
		s->c.ms_first = (call->first - call->sent) * 1e3;
	return judge_end(s, end, why);
}

struct retry_advice
slot_line(struct slot *s, struct str line, double now)
{
	s->raw = str_dup(line, &s->answer);
	s->c.ms_total = s->c.ms_first = (now - s->sent) * 1e3;
	s->target->protocol->reply(&s->c, s->target, 200, s->raw, &s->answer);
	return judge_reply(s);
}

bool
slot_in_step(const struct slot *s)
{
	return s->c.response_id.n == 0 || str_is(s->c.response_id, s->job.tc->id);
}

void
slot_local(struct slot *s)
{
	s->sent = tick_now();
	s->raw = buf_as_str(&s->req.body);
	s->target->protocol->reply(&s->c, s->target, 200, s->raw, &s->answer);
	if (s->c.ms_total <= 0)                 /* else it was recorded with the answer */
		s->c.ms_total = s->c.ms_first = (tick_now() - s->sent) * 1e3;
}

void
slot_fail(struct slot *s, enum outcome o, const char *why, double now)
{
	s->c.ms_total = (now - s->sent) * 1e3;
	s->c.text = (struct str){ 0 };
	say(s, o, str_of(why));
}

/* ---- limits --------------------------------------------------------------------------- */

/* Silence for the whole limit, or less than a byte a second on average over it: a server that
 * sends one byte now and then is as dead as one that sends none. */
static bool
idle(struct slot *s, double limit, double now)
{
	const struct http_call *call = s->call;

	if (now - call->last >= limit)
		return true;
	if (s->window == 0) {
		s->window = call->first;
		s->seen = 0;
	}
	if (now - s->window < limit)
		return false;
	if ((double)(call->received - s->seen) < limit)
		return true;
	s->window = now;
	s->seen = call->received;
	return false;
}

enum limit
slot_limit(struct slot *s, double now)
{
	const struct limits *l = &s->target->limits;
	const struct http_call *call = s->call;

	s->due = s->linger > 0 ? s->linger : INFINITY;
	if (now >= s->due)
		return LIMIT_LINGER;
	if (l->total > 0) {
		s->due = s->sent + l->total;
		if (now >= s->due)
			return LIMIT_TOTAL;
	}
	if (call->first == 0 && l->first_byte > 0) {
		s->due = fmin(s->due, s->sent + l->first_byte);
		if (now >= s->sent + l->first_byte)
			return LIMIT_FIRST_BYTE;
	}
	if (call->first > 0 && l->idle > 0 && idle(s, l->idle, now))
		return LIMIT_IDLE;
	if (l->idle > 0)                        /* nothing wakes us when the first byte comes */
		s->due = fmin(s->due, l->idle +
		              (call->first > 0 ? fmin(call->last, s->window) : now));
	return LIMIT_NONE;
}

struct retry_advice
slot_late(struct slot *s, enum limit limit, double now)
{
	const struct limits *l = &s->target->limits;
	struct http_call *call = s->call;
	char why[128];

	redact(&call->body, s->target->key, call->head.status >= 300);
	s->raw = buf_as_str(&call->body);
	s->c.status = call->head.status;
	s->c.ms_total = ((s->complete ? call->last : now) - call->sent) * 1e3;
	if (s->complete || s->c.finish.n > 0)
		return judge_stream(s);
	snprintf(why, sizeof why, "%s within %g s",
	         limit == LIMIT_TOTAL ? "no whole answer" :
	         limit == LIMIT_IDLE ? "the answer did not go on" : "no first byte",
	         limit == LIMIT_TOTAL ? l->total : limit == LIMIT_IDLE ? l->idle : l->first_byte);
	s->c.text = (struct str){ 0 };
	say(s, OUT_TIMEOUT, str_of(why));
	return (struct retry_advice){ limit == LIMIT_TOTAL ? RETRY_NO : RETRY_YES, -1 };
}
