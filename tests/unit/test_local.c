/* The protocols that ask nobody: replay, nearest and echo, with parameters bound from YAML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "harness/harness.h"

extern const struct protocol protocol_replay, protocol_nearest, protocol_echo;

static char folder[64];
static struct arena arena;

static void
put(const char *name, const char *text)
{
	char *path = path_join(folder, name, &arena);
	struct err e = { 0 };

	unlink(path);
	if (file_write(path, str_of(text), 0600, &e) != 0)
		fail_msg("%s", e.msg);
}

/* A target as target.c would bind it; err keeps what `open` says. */
static int
open_target(struct target *t, const struct protocol *p, const char *yaml, struct err *e)
{
	static const char *root[1];
	static const struct roots roots = { root, 1 };
	struct node *n = conf_load("driftlead.yaml", str_of(yaml), &arena, e);

	root[0] = folder;
	*t = (struct target){ .name = "t", .protocol = p, .dir = folder, .roots = &roots };
	if (p->params != NULL) {
		t->params = arena_alloc(&arena, p->size);
		assert_non_null(n);
		if (conf_bind(n, "target 't'", p->params, t->params, &arena, e) != 0)
			return -1;
	}
	return p->open != NULL ? p->open(t, &arena, e) : 0;
}

static void
expect_open(struct target *t, const struct protocol *p, const char *yaml)
{
	struct err e = { 0 };

	if (open_target(t, p, yaml, &e) != 0)
		fail_msg("%s", e.msg);
}

static void
expect_mistake(const struct protocol *p, const char *yaml, const char *want)
{
	struct err e = { 0 };
	struct target t;

	assert_int_equal(open_target(&t, p, yaml, &e), -1);
	if (strcmp(str_cstr(str_trim((struct str){ e.msg, e.len }), &arena), want) != 0)
		fail_msg("'%s' and not '%s'", e.msg, want);
}

static struct completion
ask(const struct target *t, const char *id, const char *input)
{
	struct msg msg[] = { { "system", STR("be brief") }, { "user", str_of("first") },
	                     { "assistant", STR("yes?") }, { "user", str_of(input) },
	                     { "assistant", STR("so:") } };
	struct test_case tc = { .id = id, .input = str_of(input), .msg = msg, .nmsg = COUNT(msg) };
	struct completion c = completion_blank();
	struct request r = { 0 };

	t->protocol->request(&r, t, &tc, 0, &arena);
	t->protocol->reply(&c, t, 200, str_dup(buf_as_str(&r.body), &arena), &arena);
	buf_free(&r.body);
	return c;
}

static void
expect_answer(const struct target *t, const char *id, const char *input, const char *want)
{
	struct completion c = ask(t, id, input);

	assert_int_equal(c.outcome, OUT_ANSWERED);
	if (!str_is(c.text, want))
		fail_msg("'%.*s' and not '%s'", STR_ARG(c.text), want);
}

static void
expect_rejected(const struct target *t, const char *id, const char *input, const char *want)
{
	struct completion c = ask(t, id, input);

	assert_int_equal(c.outcome, OUT_REJECTED);
	if (!str_is(c.why, want))
		fail_msg("'%.*s' and not '%s'", STR_ARG(c.why), want);
	assert_int_equal(c.text.n, 0);
}

static void
echo_says_what_the_user_said_last(void **state)
{
	struct target t;

	(void)state;
	expect_open(&t, &protocol_echo, "{}");
	expect_answer(&t, "a", "hello", "hello");
	expect_answer(&t, "a", "", "");
	assert_true(ask(&t, "a", "\xff").bad_utf8);
	assert_false(ask(&t, "a", "\xc3\xa9").bad_utf8);
}

/* ---- replay --------------------------------------------------------------------------------- */

static void
replay_answers_by_id_or_input(void **state)
{
	struct target t;
	struct completion c;

	(void)state;
	put("a.jsonl", "{\"id\":\"c1\",\"answer\":\"refund\"}\n"
	    "{\"id\":7,\"answer\":{\"label\":\"x\"}}\n"
	    "{\"id\":\"where is it?\",\"answer\":\"\"}\n");
	expect_open(&t, &protocol_replay, "answers: a.jsonl");
	expect_answer(&t, "c1", "I want my money", "refund");
	expect_answer(&t, "c1", "7", "refund");              /* the id first, for `match: id` */
	expect_answer(&t, "7", "?", "{\"label\":\"x\"}");
	expect_answer(&t, "c9", "where is it?", "");
	c = ask(&t, "c1", "I want my money");
	assert_int_equal(c.tokens_in, -1);
	assert_int_equal(c.tokens_out, -1);
	assert_true(c.ms_total == 0);
	expect_rejected(&t, "c2", "nobody asked", "no recorded answer for case 'c2'");
	expect_rejected(&t, "", "", "no recorded answer for case ''");
}

static void
replay_reads_pointers_and_figures(void **state)
{
	struct target t;
	struct completion c;

	(void)state;
	put("b.jsonl",
	    "{\"custom_id\":\"c1\",\"response\":{\"choices\":[{\"text\":\"caf\\u00e9\"}],"
	    "\"usage\":{\"in\":12,\"out\":3}},\"seconds\":1.25,\"state\":\"truncated\"}\n"
	    "{\"custom_id\":\"c2\",\"state\":\"timeout\"}\n");
	expect_open(&t, &protocol_replay, "answers: b.jsonl\nmatch: custom_id\n"
	    "answer: /response/choices/0/text\noutcome: state\nlatency: seconds\n"
	    "tokens_in: /response/usage/in\ntokens_out: /response/usage/out\n");
	c = ask(&t, "c1", "-");
	assert_int_equal(c.outcome, OUT_TRUNCATED);
	assert_true(str_is(c.text, "caf\xc3\xa9"));
	assert_int_equal(c.tokens_in, 12);
	assert_int_equal(c.tokens_out, 3);
	assert_true(c.ms_total == 1250);
	c = ask(&t, "c2", "-");
	assert_int_equal(c.outcome, OUT_TIMEOUT);
	assert_true(str_is(c.why, "recorded so"));
}

static void
replay_reads_csv_and_gzip(void **state)
{
	static const char csv[] = "question,reply\r\n\"two,\nlines\",yes\r\nother,no\r\n";
	struct target t;
	gzFile z;

	(void)state;
	z = gzopen(path_join(folder, "c.csv.gz", &arena), "w");
	assert_int_equal(gzwrite(z, csv, sizeof csv - 1), (int)sizeof csv - 1);
	gzclose(z);
	expect_open(&t, &protocol_replay, "answers: c.csv.gz\nmatch: question\nanswer: reply");
	expect_answer(&t, "1", "two,\nlines", "yes");
	expect_answer(&t, "2", "other", "no");
	expect_answer(&t, "other", "unknown", "no");
	/* Found by both, and not the same: nothing tells which was meant. */
	expect_rejected(&t, "other", "two,\nlines",
	    "case 'other' has two recorded answers: line 2 by its input and line 4 by its id");
}

static void
replay_refuses_what_is_ambiguous(void **state)
{
	struct target t;

	(void)state;
	put("d.jsonl", "{\"id\":\"a\",\"answer\":\"x\"}\n\n{\"id\":\"a\",\"answer\":\"x\"}\n");
	expect_open(&t, &protocol_replay, "answers: d.jsonl");
	expect_answer(&t, "a", "", "x");
	put("d.jsonl", "{\"id\":\"a\",\"answer\":\"x\"}\n\n{\"id\":\"a\",\"answer\":\"y\"}\n"
	    "{\"id\":\"b\"}\n{\"answer\":\"x\"}\n");
	expect_mistake(&protocol_replay, "answers: d.jsonl",
	    "d.jsonl:3: another answer for 'a' than in line 1\n"
	    "d.jsonl:4: no field 'answer' with the answer\n"
	    "d.jsonl:5: no field 'id' to match cases by");
	put("d.jsonl", "{\"id\":\"a\",\"answer\":\"x\",\"o\":\"fine\"}\n"
	    "{\"id\":\"b\",\"answer\":\"x\",\"n\":-1}\n{\"id\":\"c\",\"answer\":\"x\",\"n\":1.5}\n"
	    "{\"id\":\"d\",\"answer\":\"x\",\"s\":\"soon\"}\n");
	expect_mistake(&protocol_replay,
	    "answers: d.jsonl\noutcome: o\ntokens_in: n\ntokens_out: n\nlatency: s",
	    "d.jsonl:1: not an outcome: 'fine'\nd.jsonl:2: not a number of tokens: '-1'\n"
	    "d.jsonl:3: not a number of tokens: '1.5'\nd.jsonl:4: not a latency in seconds: 'soon'");
	put("d.jsonl", "");
	expect_mistake(&protocol_replay, "answers: d.jsonl", "'d.jsonl' has no records");
	expect_mistake(&protocol_replay, "answers: /etc/passwd", arena_fmt(&arena,
	    "'/etc/passwd' lies outside the project and its data_roots (it is '/etc/passwd')"));
}

/* ---- nearest -------------------------------------------------------------------------------- */

static void
nearest_finds_labels(void **state)
{
	struct target t;

	(void)state;
	put("t.csv", "text,label\n"
	    "Where is my parcel?,shipping\nMy parcel has not arrived,shipping\n"
	    "Track my parcel please,shipping\nI want my money back,refund\n"
	    "Please refund my order,refund\nCAF\xc3\x89 closed,food\n");
	expect_open(&t, &protocol_nearest, "{train: t.csv, k: 3}");
	expect_answer(&t, "1", "the PARCEL has not come", "shipping");
	expect_answer(&t, "2", "give me my money", "refund");
	expect_answer(&t, "3", "caf\xc3\xa9!", "food");
	expect_answer(&t, "4", "", "shipping");              /* (5) the commonest */
	expect_answer(&t, "5", "xyzzy", "shipping");
	expect_answer(&t, "5", "\xff\xfe", "shipping");
}

/* Word pairs count: the same words in another order are less near. */
static void
nearest_hears_word_order(void **state)
{
	struct target t;

	(void)state;
	put("t.jsonl", "{\"q\":\"dog bites man\",\"l\":\"usual\"}\n"
	    "{\"q\":\"man bites dog\",\"l\":\"news\"}\n");
	expect_open(&t, &protocol_nearest, "{train: t.jsonl, text: q, label: l, k: 1}");
	expect_answer(&t, "1", "dog bites man", "usual");
	expect_answer(&t, "2", "man bites dog", "news");
	expect_answer(&t, "3", "bites dog", "news");
}

/*
 * Worked by hand.  n texts "a b", one "a", one "c": N = n + 2, idf(a) = 1 + ln((n + 3) / (n + 2)),
 * idf(b) = idf(a b) = 1 + ln((n + 3) / (n + 1)).  To the query "a" the text "a" has cosine 1 and
 * each "a b" has idf(a) / sqrt(idf(a)^2 + 2 idf(b)^2): n = 3 gives 0.5112, votes 3 * 0.2613 < 1;
 * n = 4 gives 0.5212, votes 4 * 0.2716 > 1.  Not squared, three would win; cubed, four would lose.
 */
static void
nearest_votes_by_squared_cosine(void **state)
{
	static const struct { int copies; const char *want; } row[] = {
		{ 1, "two" }, { 3, "two" }, { 4, "one" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct buf b = { 0 };
		struct target t;

		buf_puts(&b, "text,label\n");
		for (int k = 0; k < row[i].copies; k++)
			buf_puts(&b, "a b,one\n");
		buf_puts(&b, "a,two\nc,three\n");
		put("v.csv", b.p);
		buf_free(&b);
		expect_open(&t, &protocol_nearest, "{train: v.csv, k: 100}");
		expect_answer(&t, "1", "a", row[i].want);
	}
}

static void
nearest_breaks_ties_by_first_appearance(void **state)
{
	struct target t;

	(void)state;
	put("w.csv", "text,label\nred blue,second\nred green,first\nblue red,third\n");
	expect_open(&t, &protocol_nearest, "{train: w.csv, k: 3}");
	expect_answer(&t, "1", "blue green", "first");
	expect_answer(&t, "2", "red", "second");
	expect_answer(&t, "3", "nothing known", "second");
	expect_open(&t, &protocol_nearest, "{train: w.csv, k: 1}");
	expect_answer(&t, "4", "blue", "second");
	put("w.csv", "text,label\n?!,wordless\n");
	expect_open(&t, &protocol_nearest, "train: w.csv");
	expect_answer(&t, "5", "blue", "wordless");
}

static void
nearest_names_mistakes_by_line(void **state)
{
	(void)state;
	put("m.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\"}\n{\"label\":\"y\"}\n[]\n");
	expect_mistake(&protocol_nearest, "train: m.jsonl",
	    "m.jsonl:2: no label in field 'label'\nm.jsonl:3: no field 'text'\n"
	    "m.jsonl:4: not a JSON object: an array at column 1");
	put("m.jsonl", "\n");
	expect_mistake(&protocol_nearest, "train: m.jsonl",
	    "'m.jsonl' has no records: nearest needs labelled texts");
	expect_mistake(&protocol_nearest, "train: none.csv", arena_fmt(&arena,
	    "cannot open '%s/none.csv': No such file or directory", folder));
}

static void
what_is_required_is_asked_for(void **state)
{
	struct err e = { 0 };
	struct target t;

	(void)state;
	assert_int_equal(open_target(&t, &protocol_nearest, "k: 3", &e), -1);
	assert_non_null(strstr(e.msg, "train"));
	e = (struct err){ 0 };
	assert_int_equal(open_target(&t, &protocol_replay, "match: x", &e), -1);
	assert_non_null(strstr(e.msg, "answers"));
	e = (struct err){ 0 };
	assert_int_equal(open_target(&t, &protocol_nearest, "{train: t.csv, k: 0}", &e), -1);
	assert_non_null(strstr(e.msg, "k"));
}

static int
make_folder(void **state)
{
	char name[] = "/tmp/driftlead-test-XXXXXX";

	(void)state;
	if (mkdtemp(name) == NULL)
		return -1;
	snprintf(folder, sizeof folder, "%s", name);
	return 0;
}

static int
remove_folder(void **state)
{
	static const char *const files[] = { "a.jsonl", "b.jsonl", "c.csv.gz", "d.jsonl", "t.csv",
	                                     "t.jsonl", "v.csv", "w.csv", "m.jsonl" };

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(path_join(folder, files[i], &arena));
	arena_free(&arena);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_says_what_the_user_said_last),
		cmocka_unit_test(replay_answers_by_id_or_input),
		cmocka_unit_test(replay_reads_pointers_and_figures),
		cmocka_unit_test(replay_reads_csv_and_gzip),
		cmocka_unit_test(replay_refuses_what_is_ambiguous),
		cmocka_unit_test(nearest_finds_labels),
		cmocka_unit_test(nearest_hears_word_order),
		cmocka_unit_test(nearest_votes_by_squared_cosine),
		cmocka_unit_test(nearest_breaks_ties_by_first_appearance),
		cmocka_unit_test(nearest_names_mistakes_by_line),
		cmocka_unit_test(what_is_required_is_asked_for),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
