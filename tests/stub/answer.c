/*
 * answer.c -- the bytes of an answer, as a chat completion of the OpenAI protocol.
 *
 * Text is kept as the inside of a JSON string from the play, or from the request, to the
 * answer, and is cut into tokens behind blanks only, so that no escape is ever split.
 */
#include "tests/stub/play.h"

#include <zlib.h>

enum { BYTES_PER_TOKEN = 4 };

void
json_inside(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", c);
		else if (c < 0x20)
			buf_fmt(b, "\\u%04x", c);
		else
			buf_char(b, (char)c);
	}
}

void
gzip_of(struct buf *b, struct str text, size_t repeat)
{
	z_stream z = { 0 };
	unsigned char out[16384];
	int state = Z_OK;

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		die(EXIT_SURROUNDINGS, "zlib did not start");
	for (size_t i = 0; i < repeat || state != Z_STREAM_END; ) {
		if (z.avail_in == 0 && i < repeat) {
			z.next_in = (unsigned char *)(uintptr_t)text.p;
			z.avail_in = (unsigned)text.n;
			i++;
		}
		z.next_out = out;
		z.avail_out = sizeof out;
		state = deflate(&z, i == repeat ? Z_FINISH : Z_NO_FLUSH);
		buf_add(b, out, sizeof out - z.avail_out);
	}
	deflateEnd(&z);
}

/* From the opening quote at `at` to behind the closing one. */
static size_t
skip_string(struct str s, size_t at)
{
	for (at++; at < s.n && s.p[at] != '"'; at++)
		if (s.p[at] == '\\')
			at++;
	return at < s.n ? at + 1 : s.n;
}

/* The inside of the last string that is a value of "content", "text" or "prompt": what the user
 * said last, in every protocol that we speak. */
static struct str
last_said(struct str body)
{
	struct str said = { "", 0 }, key = { "", 0 };
	size_t at = 0;

	while (at < body.n) {
		char c = body.p[at];

		if (c == '"') {
			size_t end = skip_string(body, at);
			struct str inside = str_sub(body, at + 1, end - at >= 2 ? end - at - 2 : 0);

			at = end;
			while (at < body.n && strchr(" \t\r\n", body.p[at]) != NULL)
				at++;
			if (at < body.n && body.p[at] == ':') {
				key = inside;
				at++;
			} else if (str_is(key, "content") || str_is(key, "text") || str_is(key, "prompt")) {
				said = inside;
			}
		} else {
			at++;
		}
	}
	return said;
}

/* The next token of `text`: up to and with the blanks that follow it. */
static struct str
token(struct str text, size_t *at)
{
	size_t from = *at;

	while (*at < text.n && text.p[*at] != ' ')
		++*at;
	while (*at < text.n && text.p[*at] == ' ')
		++*at;
	return str_sub(text, from, *at - from);
}

/* The i-th token's log-probability: some number that depends on what was asked, never 0. */
static void
logprob(struct buf *b, struct str tok, struct str body, uint64_t i)
{
	double lp = -0.001 - 2 * rng_unit(rng_next(hash64(body, 1), i));

	buf_fmt(b, "{\"token\":\"%.*s\",\"logprob\":%.6f,\"bytes\":null,\"top_logprobs\":[]}",
	        STR_ARG(tok), lp);
}

static void
usage(struct buf *b, const struct step *s, struct str body, struct str text)
{
	long in = s->usage_in, out = s->usage_out;

	if (in == USAGE_NONE)
		return;
	if (in == USAGE_COUNTED) {
		in = (long)(body.n + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
		out = (long)(text.n + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
	}
	buf_fmt(b, ",\"usage\":{\"prompt_tokens\":%ld,\"completion_tokens\":%ld,\"total_tokens\":%ld}",
	        in, out, in + out);
}

static void
opening(struct buf *b, const struct step *s, struct str body, const char *object)
{
	buf_fmt(b, "{\"id\":\"stub-%016llx\",\"object\":\"%s\",\"created\":0,\"model\":\"",
	        (unsigned long long)hash64(body, 0), object);
	json_inside(b, str_of(s->model));
	buf_puts(b, "\",\"system_fingerprint\":\"");
	json_inside(b, str_of(s->fingerprint));
	buf_puts(b, "\",\"choices\":[");
}

static void
completion(struct buf *b, const struct step *s, struct str body, struct str text)
{
	opening(b, s, body, "chat.completion");
	buf_puts(b, "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
	buf_str(b, text);
	buf_puts(b, "\"},\"logprobs\":");
	if (s->logprobs) {
		uint64_t n = 0;

		buf_puts(b, "{\"content\":[");
		for (size_t at = 0; at < text.n; n++) {
			if (n > 0)
				buf_char(b, ',');
			logprob(b, token(text, &at), body, n);
		}
		buf_puts(b, "]}");
	} else {
		buf_puts(b, "null");
	}
	buf_puts(b, ",\"finish_reason\":\"");
	json_inside(b, str_of(s->finish));
	buf_puts(b, "\"}]");
	usage(b, s, body, text);
	buf_char(b, '}');
}

/* One event of a stream, as a chunk of the transfer encoding. */
static void
event(struct buf *out, const struct buf *data)
{
	buf_fmt(out, "%zx\r\ndata: %s\n\n\r\n", data->n + 8, data->p);
}

/* A token per event, then the finish reason with the usage, then [DONE]. */
static void
stream(struct buf *out, const struct step *s, struct str body, struct str text)
{
	struct buf data = { 0 };
	long sent = 0;
	uint64_t n = 0;

	for (size_t at = 0; at < text.n && sent != s->stream_cut; n++, sent++) {
		struct str tok = token(text, &at);

		buf_reset(&data);
		opening(&data, s, body, "chat.completion.chunk");
		buf_fmt(&data, "{\"index\":0,\"delta\":{%s\"content\":\"%.*s\"}",
		        n == 0 ? "\"role\":\"assistant\"," : "", STR_ARG(tok));
		if (s->logprobs) {
			buf_puts(&data, ",\"logprobs\":{\"content\":[");
			logprob(&data, tok, body, n);
			buf_puts(&data, "]}");
		}
		buf_puts(&data, ",\"finish_reason\":null}]}");
		event(out, &data);
	}
	if (sent != s->stream_cut) {
		buf_reset(&data);
		opening(&data, s, body, "chat.completion.chunk");
		buf_puts(&data, "{\"index\":0,\"delta\":{},\"finish_reason\":\"");
		json_inside(&data, str_of(s->finish));
		buf_puts(&data, "\"}]");
		usage(&data, s, body, text);
		buf_char(&data, '}');
		event(out, &data);
		sent++;
	}
	if (sent != s->stream_cut) {
		buf_reset(&data);
		buf_puts(&data, "[DONE]");
		event(out, &data);
		buf_puts(out, "0\r\n\r\n");
	}
	buf_free(&data);
}

static const char *
reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 302: return "Found";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 404: return "Not Found";
	case 429: return "Too Many Requests";
	case 500: return "Internal Server Error";
	case 503: return "Service Unavailable";
	default:  return "Other";
	}
}

void
answer(struct buf *out, const struct step *s, struct str body)
{
	static struct buf payload, packed;      /* kept: one thread, and forty thousand a second */
	struct str text = s->content == CONTENT_ECHO ? last_said(body) : s->body;
	struct str load;

	buf_fmt(out, "HTTP/1.1 %d %s\r\n", s->status, reason(s->status));
	if (s->stream) {
		buf_puts(out, "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n");
		buf_str(out, s->head);
		buf_puts(out, "\r\n");
		stream(out, s, body, text);
		return;
	}
	buf_reset(&payload);
	if (s->content != CONTENT_BYTES)
		completion(&payload, s, body, text);
	load = s->content == CONTENT_BYTES ? text : buf_as_str(&payload);
	if (s->gzip) {
		buf_reset(&packed);
		gzip_of(&packed, load, 1);
		load = buf_as_str(&packed);
		buf_puts(out, "Content-Encoding: gzip\r\n");
	}
	buf_puts(out, "Content-Type: application/json\r\n");
	/* An answer that ends with its connection promises no length, unless it is to break it. */
	if (s->ending == END_CLOSE && s->cut < 0)
		buf_puts(out, "Connection: close\r\n");
	else
		buf_fmt(out, "Content-Length: %zu\r\n", load.n);
	buf_str(out, s->head);
	buf_puts(out, "\r\n");
	buf_str(out, s->cut < 0 ? load : str_sub(load, 0, (size_t)s->cut));
}

void
answer_plain(struct buf *out, int status, struct str json)
{
	buf_fmt(out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	        status, reason(status), json.n);
	buf_str(out, json);
}
