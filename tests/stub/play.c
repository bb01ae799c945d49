/*
 * play.c -- reads a play, and picks the step that a request gets.
 *
 * The first mistake ends the reading: a play is a few lines that a test's author is looking at.
 */
#include "tests/stub/play.h"
#include "tests/stub/reader.h"

enum { FILE_MAX = 64 << 20, BOMB_MAX_MB = 4096 };

/* What the body holds. */
static int
part_content(struct reader *r, struct step *s, bool *mine)
{
	struct buf b = { 0 };
	struct str one = { "", 0 }, two;
	long n;

	*mine = true;
	if (reader_at(r, "text")) {
		if (reader_next(r) < 0 || reader_text(r, &one) < 0)
			return -1;
		s->content = CONTENT_TEXT;
		json_inside(&b, one);
	} else if (reader_at(r, "echo")) {
		s->content = CONTENT_ECHO;
		return reader_next(r);
	} else if (reader_at(r, "bytes")) {
		s->content = CONTENT_BYTES;
		return reader_next(r) < 0 ? -1 : reader_text(r, &s->body);
	} else if (reader_at(r, "file")) {
		char *dir = path_dir(r->path, r->a);

		s->content = CONTENT_BYTES;
		if (reader_next(r) < 0 || reader_text(r, &one) < 0)
			return -1;
		return file_read(dir, str_cstr(one, r->a), NULL, FILE_MAX, &s->body, r->a, r->e);
	} else if (reader_at(r, "error")) {
		if (reader_next(r) < 0 || reader_text(r, &one) < 0 || reader_text(r, &two) < 0)
			return -1;
		s->content = CONTENT_BYTES;
		buf_puts(&b, "{\"error\":{\"message\":\"");
		json_inside(&b, two);
		buf_puts(&b, "\",\"type\":\"stub_error\",\"param\":null,\"code\":\"");
		json_inside(&b, one);
		buf_puts(&b, "\"}}");
	} else if (reader_at(r, "bomb")) {
		static char megabyte[1 << 20];

		if (reader_next(r) < 0 || reader_number(r, 1, BOMB_MAX_MB, &n) < 0)
			return -1;
		memset(megabyte, ' ', sizeof megabyte);
		gzip_of(&b, (struct str){ megabyte, sizeof megabyte }, (size_t)n);
		s->content = CONTENT_BYTES;
		buf_puts(&r->head, "Content-Encoding: gzip\r\n");
	} else {
		*mine = false;
		return 0;
	}
	s->body = str_dup(buf_as_str(&b), r->a);
	buf_free(&b);
	return 0;
}

/* What the completion says about itself. */
static int
part_about(struct reader *r, struct step *s, bool *mine)
{
	*mine = true;
	if (reader_at(r, "finish")) {
		if (reader_next(r) < 0)
			return -1;
		if (r->token != TOKEN_WORD && r->token != TOKEN_TEXT)
			return reader_wanted(r, "a finish reason");
		s->finish = str_cstr(r->value, r->a);
		return reader_next(r);
	}
	if (reader_at(r, "usage")) {
		if (reader_next(r) < 0)
			return -1;
		if (reader_at(r, "none")) {
			s->usage_in = s->usage_out = USAGE_NONE;
			return reader_next(r);
		}
		return reader_number(r, 0, 1L << 40, &s->usage_in) < 0 ? -1
		     : reader_number(r, 0, 1L << 40, &s->usage_out);
	}
	if (reader_at(r, "model"))
		return reader_next(r) < 0 ? -1 : reader_cstring(r, &s->model);
	if (reader_at(r, "fingerprint"))
		return reader_next(r) < 0 ? -1 : reader_cstring(r, &s->fingerprint);
	if (reader_at(r, "logprobs")) {
		s->logprobs = true;
		return reader_next(r);
	}
	*mine = false;
	return 0;
}

/* Header lines. */
static int
part_head(struct reader *r, struct step *s, bool *mine)
{
	struct str line;
	long n;

	*mine = true;
	if (reader_at(r, "header") || reader_at(r, "redirect")) {
		bool redirect = reader_at(r, "redirect");

		if (reader_next(r) < 0 || reader_text(r, &line) < 0)
			return -1;
		buf_fmt(&r->head, "%s%.*s\r\n", redirect ? "Location: " : "", STR_ARG(line));
		if (redirect && s->status == 200)
			s->status = 302;
		return 0;
	}
	if (reader_at(r, "retry-after") || reader_at(r, "retry-after-ms")) {
		const char *name = reader_at(r, "retry-after") ? "Retry-After" : "Retry-After-Ms";

		if (reader_next(r) < 0)
			return -1;
		if (r->token == TOKEN_TEXT) {       /* a date */
			buf_fmt(&r->head, "%s: %.*s\r\n", name, STR_ARG(r->value));
			return reader_next(r);
		}
		if (reader_number(r, 0, 1L << 40, &n) < 0)
			return -1;
		buf_fmt(&r->head, "%s: %ld\r\n", name, n);
		return 0;
	}
	*mine = false;
	return 0;
}

/* How it travels. */
static int
part_way(struct reader *r, struct step *s, bool *mine)
{
	double lo;

	*mine = true;
	if (reader_at(r, "after"))
		return reader_next(r) < 0 ? -1 : reader_duration(r, &s->after_lo, &s->after_hi);
	if (reader_at(r, "drip") || reader_at(r, "every"))
		return reader_next(r) < 0 ? -1 : reader_duration(r, &lo, &s->gap);
	if (reader_at(r, "cut")) {
		if (s->ending == END_KEEP)
			s->ending = END_CLOSE;
		return reader_next(r) < 0 ? -1 : reader_number(r, 0, FILE_MAX, &s->cut);
	}
	if (reader_at(r, "stream-cut")) {
		s->stream = true;
		s->ending = END_CLOSE;
		return reader_next(r) < 0 ? -1 : reader_number(r, 0, 1L << 40, &s->stream_cut);
	}
	if (reader_at(r, "stream"))
		s->stream = true;
	else if (reader_at(r, "gzip"))
		s->gzip = true;
	else if (reader_at(r, "close"))
		s->ending = END_CLOSE;
	else if (reader_at(r, "reset"))
		s->ending = END_RESET;
	else if (reader_at(r, "stall"))
		s->ending = END_STALL;
	else
		*mine = false;
	return *mine ? reader_next(r) : 0;
}

static int
part(struct reader *r, struct step *s)
{
	static int (*const kind[])(struct reader *, struct step *, bool *) = {
		part_content, part_about, part_head, part_way
	};
	static const char *const words[] = {
		"text", "echo", "bytes", "file", "error", "bomb", "finish", "usage", "model",
		"fingerprint", "logprobs", "header", "redirect", "retry-after", "retry-after-ms",
		"after", "drip", "every", "cut", "stream", "stream-cut", "gzip", "close", "reset",
		"stall", "then", "on", NULL
	};
	const char *near;
	bool mine = false;

	for (size_t i = 0; i < COUNT(kind) && !mine; i++)
		if (kind[i](r, s, &mine) < 0)
			return -1;
	if (mine)
		return 0;
	near = str_nearest(str_cstr(r->value, r->a), words);
	return err_at(r->e, r->path, r->line, 0, "unknown word '%.*s'%s%s%s", STR_ARG(r->value),
	              near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

/* A status and its parts, or how to answer nothing. */
static int
step(struct reader *r, struct step *s)
{
	long status;

	*s = (struct step){ .content = CONTENT_BYTES, .body = STR(""), .finish = "stop",
		.model = "stub-1", .fingerprint = "fp_stub", .usage_in = USAGE_COUNTED,
		.usage_out = USAGE_COUNTED, .cut = -1, .stream_cut = -1 };
	buf_reset(&r->head);
	if (reader_at(r, "hangup") || reader_at(r, "reset") || reader_at(r, "stall")) {
		s->ending = reader_at(r, "hangup") ? END_CLOSE
		          : reader_at(r, "reset") ? END_RESET : END_STALL;
		if (reader_next(r) < 0)
			return -1;
		if (reader_at(r, "after"))
			return reader_next(r) < 0 ? -1 : reader_duration(r, &s->after_lo, &s->after_hi);
		return 0;
	}
	if (reader_number(r, 200, 599, &status) < 0)
		return -1;
	s->status = (int)status;
	while (r->token == TOKEN_WORD && !reader_at(r, "on") && !reader_at(r, "then"))
		if (part(r, s) < 0)
			return -1;
	s->head = str_dup(buf_as_str(&r->head), r->a);
	if (s->stream && s->content == CONTENT_BYTES)
		return err_at(r->e, r->path, r->line, 0, "a stream needs 'text' or 'echo'");
	return 0;
}

static int
condition(struct reader *r, struct condition *c)
{
	if (reader_at(r, "no")) {
		c->negated = true;
		if (reader_next(r) < 0)
			return -1;
	}
	if (reader_at(r, "head")) {
		c->in_head = true;
		if (reader_next(r) < 0)
			return -1;
	}
	return reader_text(r, &c->needle);
}

static int
conditions(struct reader *r, struct rule *rule)
{
	size_t cap = 0;

	rule->chance = 1;
	if (reader_at(r, "any")) {
		if (reader_next(r) < 0)
			return -1;
	} else {
		do {
			if (rule->ncond > 0 && reader_next(r) < 0)
				return -1;
			rule->cond = mem_grow(rule->cond, &cap, rule->ncond + 1, sizeof *rule->cond);
			rule->cond[rule->ncond] = (struct condition){ 0 };
			if (condition(r, &rule->cond[rule->ncond++]) < 0)
				return -1;
		} while (reader_at(r, "and"));
	}
	if (reader_at(r, "chance")) {
		if (reader_next(r) < 0)
			return -1;
		if (r->token != TOKEN_WORD || !reader_with_unit(r->value, "%", &rule->chance)
		    || rule->chance > 100)
			return reader_wanted(r, "a share as 5%");
		rule->chance /= 100;
		return reader_next(r);
	}
	return 0;
}

static int
rule(struct reader *r, struct rule *rule)
{
	size_t cap = 0;

	*rule = (struct rule){ .line = r->line };
	if (!reader_at(r, "on"))
		return reader_wanted(r, "'on'");
	if (reader_next(r) < 0 || conditions(r, rule) < 0)
		return -1;
	if (!reader_at(r, "reply"))
		return reader_wanted(r, "'reply'");
	do {
		if (reader_next(r) < 0)
			return -1;
		if (rule->nstep > 0 && reader_at(r, "close")) {
			/* `..., then close` is the end of the step before, not a step. */
			rule->step[rule->nstep - 1].ending = END_CLOSE;
			if (reader_next(r) < 0)
				return -1;
		} else {
			rule->step = mem_grow(rule->step, &cap, rule->nstep + 1, sizeof *rule->step);
			if (step(r, &rule->step[rule->nstep++]) < 0)
				return -1;
		}
		if (r->token == TOKEN_COMMA && reader_next(r) == 0 && !reader_at(r, "then"))
			return reader_wanted(r, "'then' after ','");
		if (r->e->n > 0)
			return -1;
	} while (reader_at(r, "then"));
	return 0;
}

int
play_parse(struct play *p, const char *path, struct str text, struct arena *a, struct err *e)
{
	struct reader r = { .path = path, .text = text, .line = 1, .a = a, .e = e };
	size_t cap = 0;
	int bad = reader_next(&r);

	*p = (struct play){ 0 };
	while (bad == 0 && r.token != TOKEN_END) {
		p->rule = mem_grow(p->rule, &cap, p->nrule + 1, sizeof *p->rule);
		bad = rule(&r, &p->rule[p->nrule++]);
	}
	buf_free(&r.head);
	return bad;
}

static bool
holds(const struct rule *rule, size_t number, struct str head, struct str body)
{
	for (size_t i = 0; i < rule->ncond; i++) {
		const struct condition *c = &rule->cond[i];

		if ((str_find(c->in_head ? head : body, c->needle, 0) >= 0) == c->negated)
			return false;
	}
	return rule->chance >= 1 || rng_unit(rng_next(hash64(body, 0), number)) < rule->chance;
}

const struct step *
play_step(struct play *p, struct str head, struct str body)
{
	for (size_t i = 0; i < p->nrule; i++) {
		struct rule *rule = &p->rule[i];
		uint64_t key[2] = { i, 0 }, at = 0;

		if (!holds(rule, i, head, body))
			continue;
		rule->count++;
		if (rule->nstep > 1) {
			bool is_new;

			key[1] = hash64(body, 0);
			at = (*map_put(&p->seen, (struct str){ (char *)key, sizeof key }, &is_new))++;
		}
		return &rule->step[at < rule->nstep ? at : rule->nstep - 1];
	}
	return NULL;
}
