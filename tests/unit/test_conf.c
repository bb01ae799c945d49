/*
 * test_conf.c -- YAML trees, their binding, and the exact sentences of every mistake.
 */
#include "harness/base/base.h"

#include <setjmp.h>
#include <cmocka.h>

/* Stand-ins until json.c is linked; the real ones win once these two are deleted. */
void __attribute__((weak))
buf_json(struct buf *b, struct str s)
{
	buf_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_char(b, '\\');
		buf_char(b, s.p[i]);
	}
	buf_char(b, '"');
}

void __attribute__((weak))
buf_key(struct buf *b, const char *key)
{
	if (b->n > 0 && b->p[b->n - 1] != '{')
		buf_char(b, ',');
	buf_json(b, str_of(key));
	buf_char(b, ':');
}

static struct arena arena;

static struct node *
load(const char *text, struct err *e)
{
	*e = (struct err){ 0 };
	return conf_load("s.yaml", str_of(text), &arena, e);
}

static struct node *
good(const char *text)
{
	struct err e;
	struct node *n = load(text, &e);

	assert_string_equal(e.msg, "");
	assert_non_null(n);
	return n;
}

static void
refused(const char *text, const char *message)
{
	struct err e;

	assert_null(load(text, &e));
	assert_string_equal(e.msg, message);
}

static void
test_tree(void **state)
{
	struct node *n = good("suite: triage\nlist:\n  - one\n  - 'two'\n  - {a: \"b\"}\nempty:\n"
	    "long: |\n  x\n  y\n");

	(void)state;
	assert_int_equal(n->kind, NODE_MAP);
	assert_int_equal(n->n, 4);
	assert_string_equal(n->path, "s.yaml");
	assert_int_equal(n->key[1]->line, 2);
	assert_int_equal(n->key[1]->col, 1);
	assert_int_equal(n->item[1]->kind, NODE_LIST);
	assert_int_equal(n->item[1]->n, 3);
	assert_int_equal(n->item[1]->item[1]->line, 4);
	assert_int_equal(n->item[1]->item[1]->col, 5);
	assert_true(n->item[1]->item[0]->plain);
	assert_false(n->item[1]->item[1]->plain);
	assert_true(str_is(n->item[1]->item[2]->item[0]->text, "b"));
	assert_int_equal(n->item[2]->kind, NODE_TEXT);
	assert_int_equal(n->item[2]->text.n, 0);
	assert_true(n->item[2]->plain);
	assert_true(str_is(n->item[3]->text, "x\ny\n"));
	assert_false(n->item[3]->plain);
	assert_ptr_equal(conf_get(n, "suite"), n->item[0]);
	assert_true(n->claimed[0]);
	assert_null(conf_get(n, "nothing"));
	assert_null(conf_get(NULL, "x"));
	/* What YAML would guess stays as it was written. */
	n = good("\xef\xbb\xbf" "a: no\nb: 012\nc: 1e3\nd: ~\ne: !!str 5\nf: !!int 6\n");
	assert_int_equal(n->key[0]->col, 1);
	assert_true(str_is(n->item[0]->text, "no"));
	assert_true(str_is(n->item[1]->text, "012"));
	assert_true(str_is(n->item[3]->text, "~"));
	assert_false(n->item[4]->plain);
}

static void
test_syntax(void **state)
{
	(void)state;
	refused("", "s.yaml: is empty\n");
	refused("# nothing\n", "s.yaml: is empty\n");
	refused("---\n", "s.yaml: is empty\n");
	refused("a: 1\n---\nb: 2\n",
	    "s.yaml:2:1: a second document starts here; one file is one document\n");
	refused("a: 1\nb: 2\na: 3\nb: 4\n",
	    "s.yaml:3:1: key 'a' is given twice, first on line 1\n"
	    "s.yaml:4:1: key 'b' is given twice, first on line 2\n");
	refused("? [k]\n: v\n", "s.yaml:1:3: a key must be a text, not a list\n");
	refused("? {k: 1}\n: v\n", "s.yaml:1:3: a key must be a text, not a mapping\n");
	refused("? ''\n: v\n", "s.yaml:1:3: a key is empty\n");
	refused("a: &a {x: 1}\nb:\n  <<: *a\n",
	    "s.yaml:3:3: merge keys ('<<') are not read; write the keys out\n");
	refused("a: !!binary aGk=\n",
	    "s.yaml:1:4: the tag 'tag:yaml.org,2002:binary' means nothing here; leave it out\n");
	refused("a: !mine x\n", "s.yaml:1:4: the tag '!mine' means nothing here; leave it out\n");
	refused("a: \xff\n", "s.yaml:1:4: not UTF-8 (byte 0xff)\n");
	refused("a: 1\nb: \xc3\xa4\x01\n",
	    "s.yaml:2:5: the character U+0001 is not allowed in YAML\n");
	refused("a:\n\tb: 1\n", "s.yaml:2:1: not YAML: found character that cannot start any token"
	    " (while scanning for the next token that starts on line 2)"
	    "; indent with blanks, not with tabs\n");
	refused("\xc3\xa4: @x\n", "s.yaml:1:4: not YAML: found character that cannot start any token"
	    " (while scanning for the next token that starts on line 1)"
	    "; put a text that starts with this character in quotes\n");
	refused("a: b: c\n", "s.yaml:1:5: not YAML: mapping values are not allowed in this context"
	    "; put a text that holds ': ' in quotes\n");
	refused("a: [1, 2\nb: 3\n", "s.yaml:2:2: not YAML: did not find expected ',' or ']'"
	    " (while parsing a flow sequence that starts on line 1)\n");
	/* Same key in two mappings is no repetition. */
	good("a: {x: 1}\nb: {x: 1}\n");
}

static void
test_alias(void **state)
{
	struct node *n = good("a: &a {x: 1}\nb: *a\nc: &a 2\nd: *a\n");
	struct buf b = { 0 };
	struct err e;

	(void)state;
	assert_true(str_is(n->item[1]->item[0]->text, "1"));
	assert_int_equal(n->item[1]->line, 1);
	conf_get(n->item[0], "x");
	assert_false(n->item[1]->claimed[0]);           /* a copy has claims of its own */
	assert_true(str_is(n->item[3]->text, "2"));     /* the last anchor of a name counts */
	refused("a: *x\nb: *y\n", "s.yaml:1:4: alias '*x' has no anchor '&x' before it\n"
	    "s.yaml:2:4: alias '*y' has no anchor '&y' before it\n");
	refused("a: &a [*a]\n", "s.yaml:1:8: alias '*a' stands inside what it repeats\n");
	refused("a: &a {b: {c: *a}}\n", "s.yaml:1:15: alias '*a' stands inside what it repeats\n");
	/* Nine to the ninth laughs. */
	buf_puts(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++) {
		buf_fmt(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			buf_fmt(&b, "%s*a%d", k ? "," : "", i - 1);
		buf_puts(&b, "]\n");
	}
	assert_null(load(b.p, &e));
	assert_int_equal(e.n, 1);
	assert_non_null(strstr(e.msg, "more than 100000 values with all aliases written out"));
	buf_reset(&b);
	/* Copies of copies nest deeper than the text does. */
	buf_puts(&b, "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n");
	for (int i = 1; i < 8; i++)
		buf_fmt(&b, "a%d: &a%d [[[[[[[[[[*a%d]]]]]]]]]]\n", i, i, i - 1);
	assert_null(load(b.p, &e));
	assert_string_equal(e.msg, "s.yaml:7:19: nested deeper than 64 levels\n");
	buf_free(&b);
}

static void
test_deep(void **state)
{
	enum { N = 200000 };
	char *text = mem_alloc(N + 1, 1);
	double start = tick_now();
	struct buf b = { 0 };
	struct err e;

	(void)state;
	memset(text, '[', N);
	assert_null(load(text, &e));
	assert_string_equal(e.msg, "s.yaml:1:65: nested deeper than 64 levels\n");
	memset(text, '{', N);
	assert_null(load(text, &e));
	assert_int_equal(e.n, 1);
	for (size_t i = 0; i < N; i++)
		text[i] = i % 2 ? ' ' : '-';
	assert_null(load(text, &e));
	assert_string_equal(e.msg, "s.yaml:1:129: nested deeper than 64 levels\n");
	for (int i = 0; i < 60000; i++)
		buf_fmt(&b, "%%TAG !a%d! x\n", i);
	assert_null(load(b.p, &e));
	assert_string_equal(e.msg, "s.yaml: more than 1000 '%TAG' directives\n");
	assert_true(tick_now() - start < 1.0);          /* minutes without the limits */
	buf_free(&b);
	mem_free(text);
}

struct all {
	const char  *text, *number;
	struct str   str;
	long         whole, size;
	double       real, share, time;
	bool         yes;
	int          choice;
	struct texts list;
	struct node *node;
};

static const struct conf_key keys[] = {
	{ "text", CONF_TEXT, offsetof(struct all, text), CONF_REQUIRED, NULL, "what it is called" },
	{ "str", CONF_STR, offsetof(struct all, str), NULL, NULL, NULL },
	{ "int", CONF_INT, offsetof(struct all, whole), "3", "1..9", "how many" },
	{ "size", CONF_SIZE, offsetof(struct all, size), "1k", ">0", NULL },
	{ "margin", CONF_REAL, offsetof(struct all, real), "0.5", "0..1", NULL },
	{ "share", CONF_SHARE, offsetof(struct all, share), "31%", NULL, NULL },
	{ "time", CONF_TIME, offsetof(struct all, time), "2h", ">=1 <100000", NULL },
	{ "number", CONF_NUMBER, offsetof(struct all, number), NULL, NULL, NULL },
	{ "bool", CONF_BOOL, offsetof(struct all, yes), "yes", NULL, NULL },
	{ "enum", CONF_ENUM, offsetof(struct all, choice), "exact", "exact|choice|regex", NULL },
	{ "list", CONF_LIST, offsetof(struct all, list), NULL, NULL, NULL },
	{ "node", CONF_NODE, offsetof(struct all, node), NULL, NULL, NULL },
	{ 0 }
};
static const struct conf_key *const tables[] = { keys, NULL };

static int
bind(const char *text, struct all *all, struct err *e)
{
	struct node *n = good(text);
	int failed;

	*all = (struct all){ 0 };
	*e = (struct err){ 0 };
	failed = conf_bind(n, "gate 'label holds'", keys, all, &arena, e);
	failed |= conf_done(n, "gate 'label holds'", tables, e);
	return failed;
}

static void
test_bind(void **state)
{
	struct all all;
	struct err e;

	(void)state;
	assert_int_equal(bind("text: 5\nstr: \"a\\0b\"\nint: 007\nsize: 16M\nmargin: 1e-3\n"
	    "share: 1.5 %\ntime: 250ms\nnumber: -1.50e+3\nbool: Off\nenum: regex\nlist: [a, 5]\n"
	    "node: {x: 1}\n", &all, &e), -1);
	assert_string_equal(e.msg, "s.yaml:7:1: gate 'label holds': 'time' must be >=1 <100000"
	    " seconds, not '250ms'\n");
	assert_string_equal(all.text, "5");
	assert_int_equal(all.str.n, 3);
	assert_int_equal(all.whole, 7);
	assert_int_equal(all.size, 16L << 20);
	assert_true(all.real == 1e-3);
	assert_true(all.share == 0.015);
	assert_string_equal(all.number, "-1.50e+3");
	assert_false(all.yes);
	assert_int_equal(all.choice, 2);
	assert_int_equal(all.list.n, 2);
	assert_string_equal(all.list.text[1], "5");
	assert_int_equal(all.list.line[1], 11);
	assert_true(all.node->kind == NODE_MAP);
	/* Defaults. */
	assert_int_equal(bind("text: t\nlist: one\n", &all, &e), 0);
	assert_int_equal(all.whole, 3);
	assert_int_equal(all.size, 1024);
	assert_true(all.real == 0.5 && all.share == 0.31 && all.time == 7200);
	assert_true(all.yes);
	assert_int_equal(all.choice, 0);
	assert_null(all.number);
	assert_int_equal(all.list.n, 1);
	assert_int_equal(all.list.line[0], 2);
	assert_int_equal(bind("text: t\nlist: []\n", &all, &e), 0);
	assert_int_equal(all.list.n, 0);
	e = (struct err){ 0 };
	assert_int_equal(conf_bind(NULL, NULL, keys + 1, &all, &arena, &e), 0);
	assert_int_equal(e.n, 0);
}

static void
test_mistakes(void **state)
{
	struct all all;
	struct err e;

	(void)state;
	assert_int_equal(bind("int: 10\nsize: 64kb\nmargin: two\nshare: 31\ntime: 3 years\n"
	    "number: 01\nbool: maybe\nenum: chioce\nlist: {a: b}\n", &all, &e), -1);
	assert_string_equal(e.msg,
	    "s.yaml:1:1: gate 'label holds': 'text' is missing: what it is called\n"
	    "s.yaml:1:1: gate 'label holds': 'int' must be a whole number 1..9, not '10'\n"
	    "s.yaml:2:1: gate 'label holds': 'size' must be a size such as 64k, 16M or 1G,"
	    " not '64kb'\n"
	    "s.yaml:3:1: gate 'label holds': 'margin' must be 0..1, not 'two'\n"
	    "s.yaml:4:1: gate 'label holds': 'share' must be a share such as 31% or 0.31, not '31'\n"
	    "s.yaml:5:1: gate 'label holds': 'time' must be a time such as 90d, 2h, 15m, 30s or"
	    " 250ms, not '3 years'\n"
	    "s.yaml:6:1: gate 'label holds': 'number' must be a number, not '01'\n"
	    "s.yaml:7:1: gate 'label holds': 'bool' must be yes or no, not 'maybe'\n"
	    "s.yaml:8:1: gate 'label holds': 'enum' must be exact, choice or regex, not 'chioce'"
	    " (did you mean 'choice'?)\n"
	    "s.yaml:9:1: gate 'label holds': 'list' must be a list of texts, not a mapping\n");
	assert_int_equal(bind("text: [a]\nstr: {}\nint:\nsize: 0\nmargin: 1.5\nshare: 101%\n"
	    "list:\n  - a\n  - [b]\n  - \"\\0\"\nmagin: 1\nzzzz: 2\n", &all, &e), -1);
	assert_string_equal(e.msg,
	    "s.yaml:1:1: gate 'label holds': 'text' must be UTF-8 text without NUL bytes,"
	    " not a list\n"
	    "s.yaml:2:1: gate 'label holds': 'str' must be a text, not a mapping\n"
	    "s.yaml:3:1: gate 'label holds': 'int' has no value\n"
	    "s.yaml:4:1: gate 'label holds': 'size' must be >0 bytes, not '0'\n"
	    "s.yaml:5:1: gate 'label holds': 'margin' must be 0..1, not '1.5'\n"
	    "s.yaml:6:1: gate 'label holds': 'share' must be 0..1, not '101%'\n"
	    "s.yaml:9:5: gate 'label holds': every item of 'list' must be a text, not a list\n"
	    "s.yaml:10:5: gate 'label holds': every item of 'list' must be a text without NUL"
	    " bytes\n"
	    "s.yaml:11:1: gate 'label holds': unknown key 'magin' (did you mean 'margin'?)\n"
	    "s.yaml:12:1: gate 'label holds': unknown key 'zzzz' (known: text, str, int, size,"
	    " margin, share, time, number, bool, enum, list, node)\n");
	assert_int_equal(bind("text:\n", &all, &e), -1);
	assert_string_equal(e.msg, "s.yaml:1:1: gate 'label holds': 'text' has no value\n");
	assert_int_equal(bind("- a\n", &all, &e), -1);
	assert_string_equal(e.msg, "s.yaml:1:1: gate 'label holds': a mapping of keys to values must"
	    " stand here, not a list\n");
	assert_int_equal(bind("text: \"a\\0b\"\nbool: \"y\\nPASS\"\n", &all, &e), -1);
	assert_string_equal(e.msg, "s.yaml:1:1: gate 'label holds': 'text' must be UTF-8 text without"
	    " NUL bytes, not 'a\\x00b'\n"
	    "s.yaml:2:1: gate 'label holds': 'bool' must be yes or no, not 'y\\nPASS'\n");
	e = (struct err){ 0 };
	assert_int_equal(conf_value(&keys[2], STR("x"), NULL, NULL, &all, &arena, &e), -1);
	assert_string_equal(e.msg, "'int' must be a whole number 1..9, not 'x'\n");
	e = (struct err){ 0 };
	assert_int_equal(conf_bind(NULL, "it", keys, &all, &arena, &e), -1);
	assert_string_equal(e.msg, "it: 'text' is missing: what it is called\n");
	assert_int_equal(conf_done(NULL, "it", tables, &e), 0);
}

static void
test_units(void **state)
{
	static const char *const numbers[] = { "0", "-0", "12", "1.5", "1e3", "1E-3", "-2.50e+10" };
	static const char *const none[] = { "", "-", "+1", "01", ".5", "5.", "1e", "1e999", "0x1",
		"1 " };
	double v = 0;
	long n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++)
		assert_true(parse_number(str_of(numbers[i]), NULL));
	for (size_t i = 0; i < COUNT(none); i++)
		assert_false(parse_number(str_of(none[i]), &v));
	assert_true(parse_share(STR("31%"), &v) && v == 0.31);
	assert_true(parse_share(STR("0.31"), &v) && v == 0.31);
	assert_true(parse_share(STR("1"), &v) && v == 1);
	assert_false(parse_share(STR("1.01"), &v));
	assert_false(parse_share(STR("%"), &v));
	assert_false(parse_share(STR("1%%"), &v));
	assert_true(parse_time(STR("90d"), &v) && v == 90 * 86400.0);
	assert_true(parse_time(STR("2w"), &v) && v == 14 * 86400.0);
	assert_true(parse_time(STR("2h"), &v) && v == 7200);
	assert_true(parse_time(STR("15m"), &v) && v == 900);
	assert_true(parse_time(STR("1.5 s"), &v) && v == 1.5);
	assert_true(parse_time(STR("250ms"), &v) && v == 0.25);
	assert_true(parse_time(STR("30"), &v) && v == 30);
	assert_false(parse_time(STR("-1s"), &v));
	assert_false(parse_time(STR("1y"), &v));
	assert_false(parse_time(STR("s"), &v));
	assert_false(parse_time(STR("1e308w"), &v));
	assert_true(parse_size(STR("3"), &n) && n == 3);
	assert_true(parse_size(STR("64k"), &n) && n == 65536);
	assert_true(parse_size(STR("1 G"), &n) && n == 1L << 30);
	assert_false(parse_size(STR("9223372036854775807k"), &n));
	assert_false(parse_size(STR("1.5M"), &n));
	assert_false(parse_size(STR("-1"), &n));
}

static void
test_json(void **state)
{
	struct node *n = good("a: 5\nb: '5'\nc: [true, null, 01, 1e999, x]\nd:\n\"q\\\"\": {}\n");
	struct buf b = { 0 };

	(void)state;
	conf_json(&b, n);
	assert_string_equal(b.p, "{\"a\":5,\"b\":\"5\",\"c\":[true,null,\"01\",\"1e999\",\"x\"],"
	    "\"d\":\"\",\"q\\\"\":{}}");
	buf_free(&b);
}

static void
test_schema(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_char(&b, '{');
	conf_schema(&b, tables);
	buf_char(&b, '}');
	assert_string_equal(b.p, "{\"properties\":{"
	    "\"text\":{\"type\":[\"string\",\"number\",\"boolean\"],"
	    "\"description\":\"what it is called\"},"
	    "\"str\":{\"type\":[\"string\",\"number\",\"boolean\"]},"
	    "\"int\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9,\"description\":\"how many\","
	    "\"default\":3},"
	    "\"size\":{\"type\":[\"integer\",\"string\"],\"exclusiveMinimum\":0,"
	    "\"pattern\":\"^[0-9]+ *[kKMG]$\",\"default\":\"1k\"},"
	    "\"margin\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1,\"default\":0.5},"
	    "\"share\":{\"type\":[\"number\",\"string\"],\"minimum\":0,\"maximum\":1,"
	    "\"pattern\":\"^[-+]?[0-9.]+([eE][-+]?[0-9]+)? *%$\",\"default\":\"31%\"},"
	    "\"time\":{\"type\":[\"number\",\"string\"],\"minimum\":1,\"exclusiveMaximum\":100000,"
	    "\"pattern\":\"^[0-9.]+([eE][-+]?[0-9]+)? *(ms|s|m|h|d|w)$\",\"default\":\"2h\"},"
	    "\"number\":{\"type\":\"number\"},"
	    "\"bool\":{\"enum\":[true,false,\"yes\",\"no\",\"on\",\"off\"],\"default\":true},"
	    "\"enum\":{\"enum\":[\"exact\",\"choice\",\"regex\"],\"default\":\"exact\"},"
	    "\"list\":{\"type\":[\"array\",\"string\",\"number\",\"boolean\"],"
	    "\"items\":{\"type\":[\"string\",\"number\",\"boolean\"]}},"
	    "\"node\":{}},\"required\":[\"text\"]}");
	buf_free(&b);
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
