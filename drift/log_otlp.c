/*
 * log_otlp.c -- OTLP/JSON: batches of spans or log records, as OpenTelemetry's collector writes.
 *
 * One line holds many.  Each is written anew as one object whose attributes are plain JSON, and
 * read by log_otel.c: so a JSON Pointer finds /attributes/NAME in it and /resource/NAME.
 */
#include "drift/logs.h"

/* A resource is repeated for each of its spans: a larger one is left out. */
enum { RESOURCE_MAX = 16 << 10 };

static void write_value(struct buf *, struct json any);

/* [{"key": K, "value": ANY}] as an object. */
static void
write_attributes(struct buf *b, struct json list)
{
	struct json item;

	buf_char(b, '{');
	for (struct json_iter it = { .of = list }; json_next(&it, &item); ) {
		struct json key = json_get(item, "key");

		if (key.type != JT_STRING)
			continue;
		if (b->p[b->n - 1] != '{')
			buf_char(b, ',');
		buf_str(b, key.raw);
		buf_char(b, ':');
		write_value(b, json_get(item, "value"));
	}
	buf_char(b, '}');
}

static void
write_list(struct buf *b, struct json list)
{
	struct json item;

	buf_char(b, '[');
	for (struct json_iter it = { .of = list }; json_next(&it, &item); ) {
		if (b->p[b->n - 1] != '[')
			buf_char(b, ',');
		write_value(b, item);
	}
	buf_char(b, ']');
}

/* An AnyValue: an object with one member, whose name is the type. */
static void
write_value(struct buf *b, struct json any)
{
	struct json_iter it = { .of = any };
	struct json v;
	struct str digits;

	if (!json_next(&it, &v)) {
		buf_puts(b, "null");
	} else if (json_key_is(it.key, STR("arrayValue"))) {
		write_list(b, json_get(v, "values"));
	} else if (json_key_is(it.key, STR("kvlistValue"))) {
		write_attributes(b, json_get(v, "values"));
	} else if (json_key_is(it.key, STR("intValue")) && v.type == JT_STRING) {
		digits = str_sub(v.raw, 1, v.raw.n - 2);        /* 64 bits do not fit into a double */
		buf_str(b, parse_number(digits, NULL) ? digits : v.raw);
	} else {
		buf_str(b, v.raw);
	}
}

static void
write_events(struct buf *b, struct json list)
{
	struct json item;

	buf_char(b, '[');
	for (struct json_iter it = { .of = list }; json_next(&it, &item); ) {
		struct json name = json_get(item, "name");

		if (b->p[b->n - 1] != '[')
			buf_char(b, ',');
		buf_puts(b, "{\"name\":");
		buf_str(b, name.type != JT_NONE ? name.raw : STR("null"));
		buf_puts(b, ",\"attributes\":");
		write_attributes(b, json_get(item, "attributes"));
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

void
otlp_span(struct log_reader *l, struct json span)
{
	struct buf *b = &l->flat;
	struct json_iter it = { .of = span };
	struct json v;

	if (span.type != JT_OBJECT)
		return;
	buf_reset(b);
	buf_char(b, '{');
	while (json_next(&it, &v)) {
		if (b->n > 1)
			buf_char(b, ',');
		buf_char(b, '"');
		buf_str(b, it.key);
		buf_puts(b, "\":");
		if (json_key_is(it.key, STR("attributes")))
			write_attributes(b, v);
		else if (json_key_is(it.key, STR("events")))
			write_events(b, v);
		else if (json_key_is(it.key, STR("body")))
			write_value(b, v);
		else
			buf_str(b, v.raw);
	}
	if (l->resource.n > 0 && l->resource.n <= RESOURCE_MAX) {
		if (b->n > 1)
			buf_char(b, ',');
		buf_puts(b, "\"resource\":");
		buf_str(b, buf_as_str(&l->resource));
	}
	buf_char(b, '}');
	otel_read(l, (struct json){ JT_OBJECT, buf_as_str(b), NULL });
}

static void
read_resources(struct log_reader *l, struct json list, const char *scopes, const char *spans)
{
	struct json resource, scope, span;

	for (struct json_iter i = { .of = list }; json_next(&i, &resource); ) {
		struct json attributes = json_get(json_get(resource, "resource"), "attributes");

		buf_reset(&l->resource);
		if (attributes.type == JT_ARRAY)
			write_attributes(&l->resource, attributes);
		for (struct json_iter j = { .of = json_get(resource, scopes) }; json_next(&j, &scope); )
			for (struct json_iter k = { .of = json_get(scope, spans) }; json_next(&k, &span); )
				otlp_span(l, span);
	}
}

static bool
is_otlp(struct json first)
{
	return json_get(first, "resourceSpans").type == JT_ARRAY ||
	    json_get(first, "resourceLogs").type == JT_ARRAY ||
	    json_get(first, "resourceMetrics").type == JT_ARRAY;
}

static void
read_otlp(struct log_reader *l, struct json line)
{
	struct json metrics = json_get(line, "resourceMetrics");

	read_resources(l, json_get(line, "resourceSpans"), "scopeSpans", "spans");
	read_resources(l, json_get(line, "resourceLogs"), "scopeLogs", "logRecords");
	if (metrics.type != JT_NONE)
		log_pass(l);
}

const struct log_format log_otlp = {
	.name = "otlp",
	.help = "OTLP/JSON: spans or log records of OpenTelemetry in batches, GenAI conventions",
	.is = is_otlp,
	.read = read_otlp,
};
