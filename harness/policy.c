/*
 * policy.c -- whether an answer that is no completion is worth another request, and when.
 *
 * The conventions are those that the services' own clients follow: x-should-retry first, then
 * retry-after-ms, then retry-after (seconds or an HTTP date), then RetryInfo in the body.
 * Some refusals say that no request can succeed until a person acts: those stop the run.
 */
#include "harness/harness.h"

#include <math.h>
#include <strings.h>

enum { FAR = 1000000000 };              /* seconds: as long as any service may ask for */

/* Error codes, types and states that only a person can do something about. */
static const char *const hopeless[] = {
	"insufficient_quota", "credit_balance_exhausted", "billing_error", NULL
};

/* What the limit headers count, in the order of reply_head.limit. */
static const char *const counted[LIMITS_SEEN] = {
	"requests", "tokens", "input-tokens", "output-tokens"
};

struct reply_head
reply_head_blank(void)
{
	return (struct reply_head){ .retry_after = -1, .should_retry = -1, .limit_reset = -1 };
}

bool
retry_status(int status)
{
	return status == 408 || status == 409 || status == 429 || status >= 500;
}

static bool
same_word(struct str s, const char *word)
{
	return strlen(word) == s.n && strncasecmp(s.p, word, s.n) == 0;
}

static double
clip(double seconds)
{
	return seconds < 0 ? 0 : seconds > FAR ? FAR : seconds;
}

/* A moment in one of the given strptime formats, as seconds from now; -1 if it is in none. */
static double
until(struct str value, const char *const *format, int64_t now_ms)
{
	char text[64];

	if (value.n >= sizeof text)
		return -1;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	for (; *format != NULL; format++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, *format, &tm);

		if (end != NULL && *end == '\0')
			return clip((double)timegm(&tm) - (double)now_ms / 1000);
	}
	return -1;
}

/* retry-after: seconds, or a date in one of the three forms of RFC 9110, section 5.6.7. */
static double
retry_after(struct str value, int64_t now_ms)
{
	static const char *const format[] = {
		"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
		"%a %b %d %H:%M:%S %Y", NULL
	};
	double seconds;

	if (str_real(value, &seconds))
		return clip(seconds);
	return until(value, format, now_ms);
}

/* A duration as Go writes it: "6m0s", "12ms", "1h2.5s"; -1 if it is none. */
static double
go_duration(struct str s)
{
	static const struct { const char *name; double seconds; } unit[] = {
		{ "ms", 1e-3 }, { "us", 1e-6 }, { "\xc2\xb5s", 1e-6 }, { "ns", 1e-9 },
		{ "h", 3600 }, { "m", 60 }, { "s", 1 },
	};
	double sum = 0;

	if (s.n == 0)
		return -1;
	while (s.n > 0) {
		size_t digits = 0, u = 0;
		double value;

		while (digits < s.n && (s.p[digits] == '.' ||
		                        (s.p[digits] >= '0' && s.p[digits] <= '9')))
			digits++;
		if (!str_real(str_sub(s, 0, digits), &value))
			return -1;
		s = str_sub(s, digits, s.n);
		while (u < COUNT(unit) && !str_starts(s, str_of(unit[u].name)))
			u++;
		if (u == COUNT(unit))
			return -1;
		sum += value * unit[u].seconds;
		s = str_sub(s, strlen(unit[u].name), s.n);
	}
	return clip(sum);
}

/* When a limit is full again: seconds, a duration, or RFC 3339. */
static double
limit_reset(struct str value, int64_t now_ms)
{
	static const char *const format[] = { "%Y-%m-%dT%H:%M:%SZ", NULL };
	double seconds;

	if (str_real(value, &seconds))
		return clip(seconds);
	seconds = go_duration(value);
	return seconds >= 0 ? seconds : until(value, format, now_ms);
}

/* x-ratelimit-remaining-tokens, anthropic-ratelimit-tokens-remaining and the like. */
static void
limit_line(struct reply_head *head, struct str name, struct str value, int64_t now_ms)
{
	for (int i = 0; i < LIMITS_SEEN; i++) {
		char word[2][64];

		for (int reset = 0; reset < 2; reset++) {
			const char *what = reset ? "reset" : "remaining";

			snprintf(word[0], sizeof word[0], "x-ratelimit-%s-%s", what, counted[i]);
			snprintf(word[1], sizeof word[1], "anthropic-ratelimit-%s-%s", counted[i],
			         what);
			if (!same_word(name, word[0]) && !same_word(name, word[1]))
				continue;
			if (reset)
				head->limit[i].reset = limit_reset(value, now_ms);
			else
				head->limit[i].none = str_is(value, "0");
		}
	}
	head->limit_reset = -1;
	for (int i = 0; i < LIMITS_SEEN; i++)
		if (head->limit[i].none && head->limit[i].reset > 0)
			head->limit_reset = fmax(head->limit_reset, head->limit[i].reset);
}

/* Optional blanks of HTTP: nothing but blanks and tabs, and the line's end. */
static struct str
trim(struct str s)
{
	while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]) != NULL)
		s.n--;
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_sub(s, 1, s.n);
	return s;
}

/* "HTTP/1.1 200 OK" */
static void
status_line(struct reply_head *head, struct str line)
{
	ptrdiff_t blank = str_find(line, STR(" "), 0);
	long status = 0;

	*head = reply_head_blank();
	if (blank > 0 && str_long(str_sub(line, (size_t)blank + 1, 3), &status))
		head->status = (int)status;
}

void
reply_head_line(struct reply_head *head, struct str line, int64_t now_ms)
{
	struct str name, value;
	const char *colon;
	double seconds;

	if (str_starts(line, STR("HTTP/"))) {
		status_line(head, trim(line));
		return;
	}
	/* Most headers say nothing to us: the first letter tells, before anything is compared. */
	if (line.n == 0 || strchr("xXrRaAcC", line.p[0]) == NULL ||
	    (colon = memchr(line.p, ':', line.n)) == NULL)
		return;
	name = str_sub(line, 0, (size_t)(colon - line.p));
	value = trim(str_sub(line, name.n + 1, line.n));
	if (same_word(name, "content-type")) {
		head->event_stream = value.n >= 17 &&
		                     strncasecmp(value.p, "text/event-stream", 17) == 0;
	} else if (same_word(name, "x-should-retry")) {
		head->should_retry = same_word(value, "true") ? 1 :
		                     same_word(value, "false") ? 0 : -1;
	} else if (same_word(name, "retry-after-ms")) {
		if (str_real(value, &seconds)) {
			head->retry_after = clip(seconds / 1000);
			head->retry_after_ms = true;
		}
	} else if (same_word(name, "retry-after")) {
		if (!head->retry_after_ms)
			head->retry_after = retry_after(value, now_ms);
	} else if (name.n > 20 && (strncasecmp(name.p, "x-ratelimit-", 12) == 0 ||
	                           strncasecmp(name.p, "anthropic-ratelimit-", 20) == 0)) {
		limit_line(head, name, value, now_ms);
	}
}

/* Gemini's RESOURCE_EXHAUSTED also stands for a quota of nothing: "..., limit: 0, model: ..." */
static bool
quota_of_nothing(struct str message)
{
	ptrdiff_t at = str_find(message, STR("limit: 0"), 0);
	struct str rest;

	if (at < 0)
		return false;
	rest = str_sub(message, (size_t)at + 8, message.n);
	return rest.n == 0 || strchr("0123456789.", rest.p[0]) == NULL;
}

/* What the error says of itself in one of its fields. */
static bool
is_hopeless(struct json error, struct arena *a)
{
	static const char *const field[] = { "code", "type", "status" };

	for (size_t i = 0; i < COUNT(field); i++) {
		struct json value = json_get(error, field[i]);
		struct str word;

		if (value.type != JT_STRING)
			continue;
		word = json_text(value, a);
		for (const char *const *h = hopeless; *h != NULL; h++)
			if (str_is(word, *h))
				return true;
		if (str_find(word, STR("spend_limit_reached"), 0) >= 0)
			return true;
		if (str_is(word, "RESOURCE_EXHAUSTED") &&
		    quota_of_nothing(json_text(json_get(error, "message"), a)))
			return true;
	}
	return false;
}

/* google.rpc.RetryInfo: {"retryDelay": "46s"}; -1 if there is none. */
static double
body_delay(struct json error, struct arena *a)
{
	struct json_iter it = { .of = json_get(error, "details") };
	struct json detail;

	while (json_next(&it, &detail)) {
		struct json delay = json_get(detail, "retryDelay");

		if (delay.type == JT_STRING)
			return go_duration(json_text(delay, a));
	}
	return -1;
}

struct retry_advice
retry_advise(const struct reply_head *head, struct str body)
{
	struct retry_advice advice = { RETRY_NO, head->retry_after };
	struct arena a = { 0 };
	struct json root, error;
	struct json_fault fault;
	bool stop = head->status == 401 || head->status == 402 || head->status == 403;

	if (head->status >= 400 && json_parse(body, &root, &fault) == 0) {
		if (root.type == JT_ARRAY) {          /* Gemini wraps the errors of its streams */
			struct json_iter it = { .of = root };

			json_next(&it, &root);
		}
		error = json_get(root, "error");
		if (error.type != JT_OBJECT)
			error = root;
		stop = stop || is_hopeless(error, &a);
		if (advice.wait < 0)
			advice.wait = body_delay(error, &a);
	}
	arena_free(&a);
	if (stop)
		advice.what = RETRY_STOP;
	else if (head->status >= 300 && head->status < 400)
		advice.what = RETRY_NO;
	else if (head->should_retry >= 0)
		advice.what = head->should_retry ? RETRY_YES : RETRY_NO;
	else if (retry_status(head->status) || head->gzip_error)
		advice.what = RETRY_YES;
	return advice;
}

double
retry_backoff(int attempt, uint64_t jitter_key, uint64_t index)
{
	double wait = attempt < 4 ? ldexp(0.5, attempt < 0 ? 0 : attempt) : 8;

	return wait * (1 - 0.25 * rng_unit(rng_next(jitter_key, index)));
}
