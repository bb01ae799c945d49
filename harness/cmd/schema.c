/*
 * cmd/schema.c -- `driftlead schema suite|project|ladder|features`: JSON Schema for editors.
 *
 * Written from the tables that the files are bound by, so that an editor knows what the
 * program knows.
 */
#include "drift/drift.h"
#include "harness/ladder.h"
#include "harness/watch.h"

/* What tables cannot say: which definition the value of a key follows. */
static const char suite_links[] = "{\"properties\":{"
    "\"fields\":{\"$ref\":\"#/$defs/fields\"},\"slices\":{\"$ref\":\"#/$defs/slices\"},"
    "\"metrics\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/metric\"}},"
    "\"gates\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/gate\"}},"
    "\"prompt\":{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#/$defs/message\"},"
    "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/message\"}}]}}}";
static const char field_links[] = "{\"properties\":{"
    "\"expect\":{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#/$defs/expect\"}]}}}";
static const char project_links[] = "{\"properties\":{"
    "\"targets\":{\"additionalProperties\":{\"$ref\":\"#/$defs/target\"}},"
    "\"watches\":{\"additionalProperties\":{\"$ref\":\"#/$defs/watch\"}}}}";
static const char target_links[] = "{\"properties\":{"
    "\"prices\":{\"$ref\":\"#/$defs/prices\"},\"serve\":{\"$ref\":\"#/$defs/serve\"}}}";

static const char ladder_links[] = "{\"properties\":{"
    "\"rungs\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/rung\"},\"minItems\":2},"
    "\"router\":{\"$ref\":\"#/$defs/router\"}}}";
static const char rung_links[] = "{\"properties\":{"
    "\"prompt\":{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#/$defs/message\"},"
    "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/message\"}}]}}}";

static const char features_links[] = "{\"properties\":{"
    "\"features\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/feature\"},\"minItems\":1}}}";
static const char watch_links[] = "{\"properties\":{"
    "\"features\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/feature\"},\"minItems\":1},"
    "\"tests\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/test\"}}}}";

/* "NAME":{object of a table} appended to "$defs". */
static void
def(struct buf *b, const char *name, const struct conf_key *table, const char *links)
{
	const struct conf_key *tables[] = { table, NULL };

	buf_key(b, name);
	buf_puts(b, "{\"type\":\"object\"");
	conf_schema(b, tables);
	if (links[0] != '\0')
		buf_fmt(b, ",\"allOf\":[%s]", links);
	buf_puts(b, ",\"additionalProperties\":false}");
}

/* One alternative per scorer, protocol or feature: its own keys beside the common ones. */
static void
alternatives(struct buf *b, const char *name, const char *by, const struct conf_key *common,
    const struct conf_key *(*params)(size_t, const char **), const char *links)
{
	const struct conf_key *own;
	const char *word;

	buf_key(b, name);
	buf_puts(b, "{\"oneOf\":[");
	for (size_t i = 0; own = params(i, &word), word != NULL; i++) {
		const struct conf_key *tables[] = { common, own, NULL };

		buf_puts(b, i ? ",{\"allOf\":[{\"properties\":{" : "{\"allOf\":[{\"properties\":{");
		buf_key(b, by);
		buf_puts(b, "{\"const\":");
		buf_json(b, str_of(word));
		buf_fmt(b, "}}}%s%s],\"type\":\"object\"", links[0] ? "," : "", links);
		conf_schema(b, tables);
		buf_puts(b, ",\"additionalProperties\":false}");
	}
	buf_puts(b, "]}");
}

static const struct conf_key *
scorer_params(size_t i, const char **name)
{
	const struct scorer *x = scorer_all()[i];

	*name = x ? x->name : NULL;
	return x ? x->params : NULL;
}

static const struct conf_key *
protocol_params(size_t i, const char **name)
{
	const struct protocol *x = protocol_all()[i];

	*name = x ? x->name : NULL;
	return x ? x->params : NULL;
}

static const struct conf_key *
feature_params(size_t i, const char **name)
{
	const struct feature *x = feature_all()[i];

	*name = x ? x->name : NULL;
	return x ? x->params : NULL;
}

static void
head(struct buf *b, const char *title, const struct conf_key *table, const char *links)
{
	const struct conf_key *tables[] = { table, NULL };

	buf_puts(b, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"");
	buf_key_text(b, "title", str_of(title));
	buf_puts(b, ",\"type\":\"object\"");
	conf_schema(b, tables);
	buf_fmt(b, ",\"allOf\":[%s],\"additionalProperties\":false,\"$defs\":{", links);
}

static int
schema(struct session *s, struct err *e)
{
	const char *what = s->operand.text[0];
	struct buf *b = &s->out;

	if (strcmp(what, "suite") == 0) {
		head(b, "driftlead suite", suite_top_keys, suite_links);
		def(b, "fields", suite_field_keys, field_links);
		def(b, "expect", suite_expect_keys, "");
		def(b, "slices", suite_slice_keys, "");
		def(b, "message", suite_msg_keys, "");
		def(b, "gate", suite_gate_keys, "");
		alternatives(b, "metric", "scorer", suite_metric_keys, scorer_params, "");
	} else if (strcmp(what, "project") == 0) {
		head(b, "driftlead project", project_keys, project_links);
		def(b, "prices", price_keys, "");
		def(b, "serve", serve_params, "");
		alternatives(b, "target", "protocol", target_keys, protocol_params, target_links);
		def(b, "watch", watch_keys, watch_links);
		def(b, "test", watch_test_keys, "");
		alternatives(b, "feature", "get", watch_feature_keys, feature_params, "");
	} else if (strcmp(what, "ladder") == 0) {
		head(b, "driftlead ladder", ladder_keys, ladder_links);
		def(b, "rung", ladder_rung_keys, rung_links);
		def(b, "router", ladder_router_keys, "");
		def(b, "message", suite_msg_keys, "");
	} else if (strcmp(what, "features") == 0) {
		head(b, "driftlead features", watch_top_keys, features_links);
		alternatives(b, "feature", "get", watch_feature_keys, feature_params, "");
	} else {
		err_set(e, "there is a schema of 'suite', 'project', 'ladder' and 'features', not of '%s'",
		    what);
		return EXIT_MISTAKE;
	}
	buf_puts(b, "}}\n");
	return EXIT_PASS;
}

const struct command command_schema = {
	.name = "schema", .chapter = "about", .operands = "suite|project|ladder|features",
	.help = "JSON Schema of a configuration file, for editors",
	.min_operands = 1, .max_operands = 1, .main = schema,
};
