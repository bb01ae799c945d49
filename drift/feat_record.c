/*
 * feat_record.c -- what the server says of the request: times, tokens, model, finish, error.
 *
 *  (1) latency and first_token are seconds, tokens_in and tokens_out counts, all as the log has
 *      them; a negative one is other.
 *  (2) tokens_per_second: tokens_out by latency.  Missing if either is, other if either is no
 *      number or the latency is not above 0.
 *  (3) model: the one that answered, where the log tells it from the one that was asked.
 *  (4) finish: the server's own word for why it stopped.
 *  (5) error: the error's text, where a run of more than three digits is one 0, so that the
 *      numbers of requests make no categories of their own and those of HTTP do; none where the
 *      record has no error.
 */
#include "drift/features.h"

/* (1) */
static struct value
measured(const struct record *r, const char *field, struct arena *a)
{
	struct value v = record_value(r, str_of(field), a);

	if (v.kind == VALUE_TEXT || (v.kind == VALUE_NUMBER && v.number < 0))
		return value_none(VALUE_OTHER);
	return v;
}

static struct value
get_latency(const void *p, const struct record *r, struct arena *a)
{
	(void)p;
	return measured(r, "latency", a);
}

static struct value
get_first_token(const void *p, const struct record *r, struct arena *a)
{
	(void)p;
	return measured(r, "first_token", a);
}

static struct value
get_tokens_in(const void *p, const struct record *r, struct arena *a)
{
	(void)p;
	return measured(r, "tokens_in", a);
}

static struct value
get_tokens_out(const void *p, const struct record *r, struct arena *a)
{
	(void)p;
	return measured(r, "tokens_out", a);
}

/* (2) */
static struct value
get_tokens_per_second(const void *p, const struct record *r, struct arena *a)
{
	struct value tokens = measured(r, "tokens_out", a), seconds = measured(r, "latency", a);

	(void)p;
	if (tokens.kind == VALUE_MISSING || seconds.kind == VALUE_MISSING)
		return value_none(VALUE_MISSING);
	if (tokens.kind != VALUE_NUMBER || seconds.kind != VALUE_NUMBER || seconds.number <= 0)
		return value_none(VALUE_OTHER);
	return value_number(tokens.number / seconds.number);
}

static struct value
word(const struct record *r, const char *field, struct arena *a)
{
	struct value v = value_read(r, field, a);

	return v.kind == VALUE_TEXT ? value_category(str_trim(v.text), a) : v;
}

static struct value
get_model(const void *p, const struct record *r, struct arena *a)
{
	(void)p;
	return word(r, "model", a);
}

static struct value
get_finish(const void *p, const struct record *r, struct arena *a)
{
	(void)p;
	return word(r, "finish", a);
}

/* (5) */
static struct value
get_error(const void *p, const struct record *r, struct arena *a)
{
	struct value v = value_read(r, "error", a);
	struct str s = str_trim(v.text);
	char *to;
	size_t n = 0;

	(void)p;
	if (v.kind == VALUE_MISSING || v.kind == VALUE_EMPTY)
		return value_text(STR("none"));
	if (v.kind != VALUE_TEXT)
		return v;
	to = arena_raw(a, s.n);
	for (size_t i = 0, run; i < s.n; i += run) {
		for (run = 0; i + run < s.n && s.p[i + run] >= '0' && s.p[i + run] <= '9';)
			run++;
		if (run > 3) {
			to[n++] = '0';
			continue;
		}
		run += run == 0;
		memcpy(to + n, s.p + i, run);
		n += run;
	}
	return value_category((struct str){ to, n }, a);
}

const struct feature feature_latency = {
	.name = "latency", .help = "seconds to the last byte of the answer", .version = 1,
	.shape = SHAPE_NUMBER, .get = get_latency,
};

const struct feature feature_first_token = {
	.name = "first_token", .help = "seconds to the first token", .version = 1,
	.shape = SHAPE_NUMBER, .get = get_first_token,
};

const struct feature feature_tokens_in = {
	.name = "tokens_in", .help = "tokens of the request", .version = 1,
	.shape = SHAPE_NUMBER, .get = get_tokens_in,
};

const struct feature feature_tokens_out = {
	.name = "tokens_out", .help = "tokens of the answer", .version = 1,
	.shape = SHAPE_NUMBER, .get = get_tokens_out,
};

const struct feature feature_tokens_per_second = {
	.name = "tokens_per_second", .help = "tokens of the answer by its seconds", .version = 1,
	.shape = SHAPE_NUMBER, .get = get_tokens_per_second,
};

const struct feature feature_model = {
	.name = "model", .help = "the model that answered", .version = 1,
	.shape = SHAPE_CATEGORY, .get = get_model,
};

const struct feature feature_finish = {
	.name = "finish", .help = "why the server stopped", .version = 1,
	.shape = SHAPE_CATEGORY, .get = get_finish,
};

const struct feature feature_error = {
	.name = "error", .help = "the error, without long numbers, or none", .version = 1,
	.shape = SHAPE_CATEGORY, .get = get_error,
};
