/*
 * schema.c -- JSON Schema from the tables, so that editors know the keys.
 *
 * The schema accepts what conf_bind accepts: a share may be a number or a text with a percent
 * sign, and a keyword such as "minimum" binds only the values of its own type.
 */
#include "harness/base/base.h"

#include <float.h>

static void
schema_type(struct buf *b, const char *types)
{
	buf_key(b, "type");
	buf_puts(b, types);
}

/* `"minimum":0` and its kin. */
static void
schema_range(struct buf *b, const struct conf_key *k)
{
	struct range r = conf_range(k);

	if (r.lo > -DBL_MAX) {
		buf_key(b, r.lo_out ? "exclusiveMinimum" : "minimum");
		buf_real(b, r.lo);
	}
	if (r.hi < DBL_MAX) {
		buf_key(b, r.hi_out ? "exclusiveMaximum" : "maximum");
		buf_real(b, r.hi);
	}
}

static void
schema_pattern(struct buf *b, const char *pattern)
{
	buf_key_text(b, "pattern", str_of(pattern));
}

/* A text without quotes may look like a number or a truth value to an editor: both are texts. */
#define ANY_TEXT "[\"string\",\"number\",\"boolean\"]"

static void
schema_kind(struct buf *b, const struct conf_key *k)
{
	struct str part;

	switch (k->kind) {
	case CONF_TEXT:
	case CONF_STR:
		schema_type(b, ANY_TEXT);
		break;
	case CONF_LIST:
		schema_type(b, "[\"array\",\"string\",\"number\",\"boolean\"]");
		buf_key(b, "items");
		buf_puts(b, "{\"type\":" ANY_TEXT "}");
		break;
	case CONF_BOOL:
		buf_key(b, "enum");
		buf_puts(b, "[true,false,\"yes\",\"no\",\"on\",\"off\"]");
		break;
	case CONF_ENUM:
		buf_key(b, "enum");
		buf_char(b, '[');
		for (const char *rest = k->range; parse_choice(&rest, &part); ) {
			buf_json(b, part);
			buf_puts(b, *rest == '\0' ? "]" : ",");
		}
		break;
	case CONF_INT:
		schema_type(b, "\"integer\"");
		schema_range(b, k);
		break;
	case CONF_REAL:
	case CONF_NUMBER:
		schema_type(b, "\"number\"");
		schema_range(b, k);
		break;
	case CONF_SHARE:
		schema_type(b, "[\"number\",\"string\"]");
		schema_range(b, k);
		schema_pattern(b, "^[-+]?[0-9.]+([eE][-+]?[0-9]+)? *%$");
		break;
	case CONF_TIME:
		schema_type(b, "[\"number\",\"string\"]");
		schema_range(b, k);
		schema_pattern(b, "^[0-9.]+([eE][-+]?[0-9]+)? *(ms|s|m|h|d|w)$");
		break;
	case CONF_SIZE:
		schema_type(b, "[\"integer\",\"string\"]");
		schema_range(b, k);
		schema_pattern(b, "^[0-9]+ *[kKMG]$");
		break;
	case CONF_NODE:
		break;
	}
}

static void
schema_default(struct buf *b, const struct conf_key *k)
{
	bool yes, number = k->kind != CONF_TEXT && k->kind != CONF_STR && k->kind != CONF_LIST &&
	    k->kind != CONF_ENUM;

	if (k->dflt == NULL || strcmp(k->dflt, CONF_REQUIRED) == 0)
		return;
	buf_key(b, "default");
	if (k->kind == CONF_BOOL && parse_bool(str_of(k->dflt), &yes))
		buf_puts(b, yes ? "true" : "false");
	else if (number && parse_number(str_of(k->dflt), NULL))
		buf_puts(b, k->dflt);
	else
		buf_json(b, str_of(k->dflt));
}

void
conf_schema(struct buf *b, const struct conf_key *const *tables)
{
	const char *comma = "";

	buf_key(b, "properties");
	buf_char(b, '{');
	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct conf_key *k = tables[t]; k->name != NULL; k++) {
			buf_key(b, k->name);
			buf_char(b, '{');
			schema_kind(b, k);
			if (k->help != NULL) {
				buf_key_text(b, "description", str_of(k->help));
			}
			schema_default(b, k);
			buf_char(b, '}');
		}
	}
	buf_char(b, '}');
	buf_key(b, "required");
	buf_char(b, '[');
	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct conf_key *k = tables[t]; k->name != NULL; k++) {
			if (k->dflt != NULL && strcmp(k->dflt, CONF_REQUIRED) == 0) {
				buf_puts(b, comma);
				buf_json(b, str_of(k->name));
				comma = ",";
			}
		}
	}
	buf_char(b, ']');
}
