/*
 * test_feature_texts.c -- the contracts of features that look at texts, sentence by sentence.
 */
#include "tests/unit/feature_kit.h"

static void
counts(void **state)
{
	(void)state;
	same("length", STR("h\xc3\xa9llo"), "5");
	same("length", STR("a\xff\xe2\x82"), "4");
	same("length", STR("a\0b"), "3");
	same("length", STR("12345678"), "8");
	same("length", STR("1234567\xc3\xa4" "1234567812345678\xff" "1"), "26");
	same("words", STR(" one  two\n\xe3\x80\x80three "), "3");
	same("words", STR("\xff \xff"), "2");
	same("lines", STR("a"), "1");
	same("lines", STR("a\n"), "1");
	same("lines", STR("a\n\nb"), "3");
	same("lines", STR("a\r\nb\r\n"), "2");
	same("digits", STR("a 1 2 b"), "0.5");
	same("digits", STR("abc"), "0");
	same("digits", STR("\xd9\xa1\xd9\xa2"), "1");
}

#define HAN "\xe6\x9d\xb1"

static void
scripts(void **state)
{
	(void)state;
	same("script", STR("Hello, \xd0\xb4\xd0\xb0"), "'Latin'");
	same("script", STR("\xd0\x94\xd0\xb0, ok \xd0\xb4\xd0\xb0"), "'Cyrillic'");
	same("script", STR("\xce\xba\xce\xb1\xce\xb9"), "'Greek'");
	same("script", STR("\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82"), "'Han'");
	same("script", STR("\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xaf"), "'Kana'");
	/* One Kana among ten letters, and among eleven. */
	same("script", STR("\xe3\x81\xaf" HAN HAN HAN HAN HAN HAN HAN HAN HAN), "'Kana'");
	same("script", STR("\xe3\x81\xaf" HAN HAN HAN HAN HAN HAN HAN HAN HAN HAN), "'Han'");
	same("script", STR("\xec\x95\x88\xeb\x85\x95"), "'Hangul'");
	same("script", STR("\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7"), "'Arabic'");
	same("script", STR("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"), "'Hebrew'");
	same("script", STR("\xe0\xa4\xa8\xe0\xa4\xae"), "'Devanagari'");
	same("script", STR("\xe0\xb8\x81\xe0\xb8\x82"), "'other'");
	same("script", STR("12 + 3 = \xf0\x9f\x98\x80 \xff"), "'none'");
	same("script", STR("\xd0\xb4" "a"), "'Latin'");
	same("non_latin", STR("ab\xd0\xb4\xd0\xb0 \xff 99"), "0.5");
	same("non_latin", STR("99"), "0");
	same("non_latin", STR("\xc3\xa9\xc3\x9f"), "0");
}

static void
languages(void **state)
{
	(void)state;
	same("language", STR("The order was sent on Monday, and it will be there by Friday."), "'en'");
	same("language", STR("Die Rechnung ist nicht bezahlt, und wir haben sie gemahnt."), "'de'");
	same("language", STR("Nous avons la commande, et elle est dans les stocks."), "'fr'");
	same("language", STR("El pedido se ha enviado y los productos tambien."), "'es'");
	same("language", STR("Il pacco \xc3\xa8 in viaggio e non si ferma."), "'it'");
	same("language", STR("O pedido n\xc3\xa3o foi enviado, mas voc\xc3\xaa pode esperar."), "'pt'");
	same("language", STR("Het pakket is niet aangekomen en ik wil mijn geld terug."), "'nl'");
	same("language", STR("Jag har inte f\xc3\xa5tt paketet och det \xc3\xa4r sent."), "'sv'");
	same("language", STR("Nie mam jeszcze paczki, ale jest ju\xc5\xbc w drodze do mnie."), "'pl'");
	same("language", STR("\xd0\xbe\xd0\xbd\xd0\xb0 \xd0\xbd\xd0\xb5 "
	    "\xd1\x82\xd0\xb0\xd0\xbc, \xd0\xb8 \xd1\x8f \xd0\xb6\xd0\xb4\xd1\x83"), "'ru'");
	same("language", STR("Refund"), "'unknown'");
	same("language", STR("x = f(y); the"), "'unknown'");
	same("language", STR("\xe4\xbd\xa0\xe5\xa5\xbd"), "'unknown'");
	ROWS("language",
	    { "least: 90%", "{\"output\": \"the order of the day came\"}", "'unknown'" },
	    { "least: 40%", "{\"output\": \"the order of the day came\"}", "'en'" });
}

static void
refusals(void **state)
{
	char text[600];

	(void)state;
	same("refusal", STR("I'm sorry, but I can't help with that."), "'yes'");
	same("refusal", STR("I\xe2\x80\x99m sorry, but I  CAN\xe2\x80\x99T\nhelp."), "'yes'");
	same("refusal", STR("As an AI language model, I have no opinion."), "'yes'");
	same("refusal", STR("Dabei kann ich nicht helfen."), "'yes'");
	same("refusal", STR("Lo siento, pero no puedo hacer eso."), "'yes'");
	same("refusal", STR("Je ne peux pas vous aider."), "'yes'");
	same("refusal", STR("Mi dispiace, ma non posso."), "'yes'");
	same("refusal", STR("Desculpe, mas n\xc3\xa3o posso."), "'yes'");
	same("refusal", STR("Your refund was sent."), "'no'");
	same("refusal", STR("\xff I cannot help with that."), "'yes'");
	memset(text, 'a', sizeof text);
	memcpy(text + 500, " I cannot help you ", 19);
	same("refusal", (struct str){ text, sizeof text }, "'no'");
	memcpy(text + 200, " I cannot help you ", 19);
	same("refusal", (struct str){ text, sizeof text }, "'yes'");
	ROWS("refusal",
	    { "within: 0", "{\"output\": \"I cannot help\"}", "'yes'" },
	    { "within: 5", "{\"output\": \"I cannot help\"}", "'no'" },
	    { "phrases: [Please  call us]", "{\"output\": \"please call US\"}", "'yes'" });
	refused("refusal", "phrases: [' ']", "entry 1 of 'phrases' is empty");
}

static void
json(void **state)
{
	(void)state;
	same("json", STR(" {\"a\": 1}\n"), "'valid'");
	same("json", STR("[1, 2]"), "'valid'");
	same("json", STR("5"), "'none'");
	same("json", STR("\"text\""), "'none'");
	same("json", STR("{\"a\": 1"), "'invalid'");
	same("json", STR("{\"a\": 1, \"a\": 2}"), "'invalid'");
	same("json", STR("{\"a\": \"\xff\"}"), "'invalid'");
	same("json", STR("[\"a\", "), "'invalid'");
	same("json", STR("[1] says so"), "'none'");
	same("json", STR("Here it is:\n```json\n{\"a\": 1}\n```\nDone."), "'fenced'");
	same("json", STR("```\r\n{\"a\": 1}\r\n```\r\n"), "'fenced'");
	same("json", STR("~~~\n[]\n~~~"), "'fenced'");
	same("json", STR("```json\n{\"a\": 1,}\n```"), "'invalid'");
	same("json", STR("```json\n{\"a\": 1}"), "'fenced'");
	same("json", STR("```c\nint a;\n```\nand\n```\n{}\n```"), "'fenced'");
	same("json", STR("```c\nint a;\n```"), "'none'");
	same("json", STR("Hello"), "'none'");
}

static void
code(void **state)
{
	(void)state;
	same("code", STR("Hello.\nHow are you?"), "0");
	same("code", STR("Do this:\n\n```\nls\n```\nThen wait.\n"), "0.6");
	same("code", STR("```\nls -l"), "1");
	same("code", STR("int main(void)\n{\n\treturn 0;\n}\n"), "1");
	same("code", STR("def f(x):\n    return (x)"), "1");
	same("code", STR("If you want it: say so\nfor example"), "0");
	same("code", STR("import the goods"), "0");
	same("code", STR("$ ls\nfile"), "0.5");
}

static void
compression(void **state)
{
	char text[4096];
	struct arena a = { 0 };

	(void)state;
	memset(text, 'a', sizeof text);
	assert_true(strtod(of_answer("compression", "", (struct str){ text, sizeof text }, &a),
	    NULL) < 0.02);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)rng_at(1, "bytes", i);
	assert_true(strtod(of_answer("compression", "", (struct str){ text, sizeof text }, &a),
	    NULL) > 0.99);
	/* Longer than one piece of input. */
	same("compression", STR("a"), "3");
	arena_free(&a);
}

static void
repeats(void **state)
{
	(void)state;
	same("repeats", STR("one two three four five six"), "0");
	same("repeats", STR("one two"), "0");
	same("repeats", STR("a b c d e A  b c\nd e"), "0.166667");
	same("repeats", STR("x x x x x x x x x"), "0.8");
	ROWS("repeats",
	    { "run: 1", "{\"output\": \"a b a b\"}", "0.5" },
	    { "run: 2", "{\"output\": \"a b a b\"}", "0.333333" },
	    { "run: 4", "{\"output\": \"a b a b\"}", "0" });
	refused("repeats", "run: 0", "run");
	refused("repeats", "run: 65", "run");
}

static void
oov(void **state)
{
	const struct feature *f = feature_find("oov");
	struct arena a = { 0 };
	struct err err = { 0 };
	char given[200];

	(void)state;
	assert_string_equal(of_answer("oov", usual(f), STR("Refund, my ORDER!"), &a), "0");
	assert_string_equal(of_answer("oov", usual(f), STR("refund the \xff"), &a), "0.666667");
	assert_string_equal(of_answer("oov", usual(f), STR("--"), &a), "0");
	refused("oov", "vocabulary: nowhere.txt", "nowhere.txt");
	refused("oov", "vocabulary: /dev/null", "not a regular file");
	snprintf(given, sizeof given, "vocabulary: %s, sha256: 00", vocabulary);
	refused("oov", given, "it has changed");
	assert_non_null(bound(f, usual(f), &a, &err));
	arena_free(&a);
}

static void
regex(void **state)
{
	struct arena a = { 0 };

	(void)state;
	ROWS("regex",
	    { "pattern: 'b+'", "{\"output\": \"abb\"}", "'yes'" },
	    { "pattern: 'B'", "{\"output\": \"abb\"}", "'no'" },
	    { "pattern: 'B', fold: yes", "{\"output\": \"abb\"}", "'yes'" },
	    { "pattern: 'label: (\\w+)', capture: yes", "{\"output\": \"label: spam\"}", "'spam'" },
	    { "pattern: 'b+', capture: yes", "{\"output\": \"abb\"}", "'bb'" },
	    { "pattern: 'x', capture: yes", "{\"output\": \"abb\"}", "'(no match)'" },
	    { "pattern: '(x?)', capture: yes", "{\"output\": \"abb\"}", "'(empty)'" },
	    { "of: input, pattern: a", "{\"output\": \"a\"}", "missing" });
	refused("regex", "pattern: '('", "bad pattern");
	refused("regex", "", "pattern");
	assert_string_equal(of_answer("regex", "pattern: '^(a+)+$'",
	    STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), &a), "'(too costly)'");
	assert_string_equal(of_answer("regex", "pattern: '^a.b$'", STR("a\xff" "b"), &a), "'yes'");
	arena_free(&a);
}

static void
text(void **state)
{
	(void)state;
	ROWS("text",
	    { "", "{\"output\": \" Order  No. 4711\\n\"}", "'order no. 0000'" },
	    { "digits: keep", "{\"output\": \"No. 47\"}", "'no. 47'" },
	    { "fold: no, digits: keep", "{\"output\": \" A\\n\"}", "' A\n'" },
	    { "of: input", "{\"input\": \"In\"}", "'in'" });
	same("text", STR("a\xff"), "'a\xef\xbf\xbd'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts), cmocka_unit_test(scripts), cmocka_unit_test(languages),
		cmocka_unit_test(refusals), cmocka_unit_test(json), cmocka_unit_test(code),
		cmocka_unit_test(compression), cmocka_unit_test(repeats), cmocka_unit_test(oov),
		cmocka_unit_test(regex), cmocka_unit_test(text),
	};

	return cmocka_run_group_tests(tests, make_vocabulary, drop_vocabulary);
}
