/*
 * sse.c -- server-sent events from chunks that are cut anywhere.
 *
 * After the WHATWG HTML standard, section 9.2.6: lines end in CR, LF or CRLF, a leading byte
 * order mark is dropped, lines that start with a colon are comments, `data` lines of one event
 * are joined by newlines, a blank line ends the event.  Of the fields only `data` matters
 * here.  An event that the end of the stream cuts off never happened.
 */
#include "harness/harness.h"

/* One whole line.  False: fn had enough, or the event passed the ceiling. */
static bool
take_line(struct sse *s, struct str line, bool (*fn)(void *ctx, struct str data), void *ctx)
{
	if (line.n == 0) {
		bool had = s->has_data, more;

		if (!had)
			return true;
		s->has_data = false;
		more = fn(ctx, buf_as_str(&s->data));
		buf_reset(&s->data);
		return more;
	}
	if (!str_starts(line, STR("data")) || (line.n > 4 && line.p[4] != ':'))
		return true;
	line = str_sub(line, line.n > 4 ? 5 : 4, line.n);
	if (line.n > 0 && line.p[0] == ' ')
		line = str_sub(line, 1, line.n);
	s->data.max = SSE_EVENT_MAX;
	if (s->has_data)
		buf_char(&s->data, '\n');
	s->has_data = true;
	buf_str(&s->data, line);
	s->over |= s->data.over;
	return !s->over;
}

/* Where the line that starts the text ends, or its length if it does not. */
static size_t
line_end(struct str text)
{
	const char *lf = memchr(text.p, '\n', text.n);
	size_t n = lf != NULL ? (size_t)(lf - text.p) : text.n;
	const char *cr = memchr(text.p, '\r', n);

	return cr != NULL ? (size_t)(cr - text.p) : n;
}

/* The mark's three bytes may come one by one; a part of it that turns out to be none is text. */
static struct str
skip_bom(struct sse *s, struct str chunk)
{
	static const char mark[] = "\xef\xbb\xbf";

	while (!s->bom_done && chunk.n > 0) {
		if (chunk.p[0] != mark[s->bom]) {
			buf_add(&s->line, mark, s->bom);
			s->bom_done = true;
			break;
		}
		chunk = str_sub(chunk, 1, chunk.n);
		s->bom_done = ++s->bom == 3;
	}
	return chunk;
}

bool
sse_feed(struct sse *s, struct str chunk, bool (*fn)(void *ctx, struct str data), void *ctx)
{
	if (s->stopped)
		return false;
	s->line.max = SSE_LINE_MAX;
	chunk = skip_bom(s, chunk);
	while (chunk.n > 0) {
		size_t n;
		struct str line;

		if (s->cr && chunk.p[0] == '\n') {      /* the second half of a CRLF */
			s->cr = false;
			chunk = str_sub(chunk, 1, chunk.n);
			continue;
		}
		s->cr = false;
		n = line_end(chunk);
		line = str_sub(chunk, 0, n);
		if (n == chunk.n || s->line.n > 0) {
			buf_str(&s->line, line);
			line = buf_as_str(&s->line);
		}
		if (line.n > SSE_LINE_MAX || s->line.over) {
			s->over = s->stopped = true;
			return false;
		}
		if (n == chunk.n)
			return true;
		s->cr = chunk.p[n] == '\r';
		chunk = str_sub(chunk, n + 1, chunk.n);
		if (!take_line(s, line, fn, ctx)) {
			s->stopped = true;
			return false;
		}
		buf_reset(&s->line);
	}
	return true;
}

void
sse_free(struct sse *s)
{
	buf_free(&s->line);
	buf_free(&s->data);
	*s = (struct sse){ 0 };
}
