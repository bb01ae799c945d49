/*
 * log_stored.c -- completions that OpenAI stored, as its API lists them.
 *
 * One completion or response per line, or one page of a list.  What was asked is in it only if
 * whoever fetched it put the messages (or, for a response, its input) beside.
 */
#include "drift/logs.h"

static bool
is_reply(struct json v)
{
	struct str object = json_get(v, "object").raw;

	return str_is(object, "\"chat.completion\"") || str_is(object, "\"text_completion\"") ||
	    str_is(object, "\"response\"");
}

static bool
is_stored(struct json first)
{
	struct json data = json_get(first, "data"), item;

	return is_reply(first) || (str_is(json_get(first, "object").raw, "\"list\"") &&
	    json_next(&(struct json_iter){ .of = data }, &item) && is_reply(item));
}

static void
read_one(struct log_reader *l, struct json reply)
{
	struct record r = { .object = reply };

	if (!is_reply(reply)) {
		log_pass(l);
		return;
	}
	message_request(&r, reply, l->scratch);
	/* `model` is what answered: nothing says what was asked for. */
	r.has_text[RECORD_ASKED] = false;
	message_reply(&r, reply, l->scratch);
	log_emit(l, &r);
}

static void
read_stored(struct log_reader *l, struct json line)
{
	struct json data = json_get(line, "data"), item;

	if (data.type != JT_ARRAY)
		read_one(l, line);
	else
		for (struct json_iter it = { .of = data }; json_next(&it, &item); )
			read_one(l, item);
}

const struct log_format log_stored = {
	.name = "stored",
	.help = "completions and responses stored by OpenAI, one per line or as pages of a list",
	.is = is_stored,
	.read = read_stored,
};
