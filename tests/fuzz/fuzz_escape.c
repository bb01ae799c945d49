/*
 * fuzz_escape.c -- any bytes, on their way to a browser, a terminal, a spreadsheet or a parser.
 *
 * What comes out is UTF-8 without control bytes, and without characters that turn the direction
 * of text; no byte of data can open a tag, close a quote or start a formula.
 */
#include "reports/reports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
need(bool held, const char *what)
{
	if (!held)
		bug("%s", what);
}

static bool
has(struct str s, const char *bytes)
{
	return str_find(s, str_of(bytes), 0) >= 0;
}

/* Nothing that moves a cursor, rings a bell or hides text. */
static void
check_quiet(struct str s, bool lines)
{
	static const char *const turning[] = { "\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f",
		"\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae",
		"\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9" };

	need(str_bad_utf8(s) < 0, "what is written is not UTF-8");
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool space = lines && (c == '\n' || c == '\t');

		need((c >= 0x20 && c != 0x7f) || space, "a control byte came through");
		need(c != 0xc2 || (unsigned char)s.p[i + 1] >= 0xa0, "a C1 control came through");
	}
	for (size_t i = 0; i < COUNT(turning); i++)
		need(!has(s, turning[i]), "a bidirectional control came through");
}

/* No markup but entities that are known. */
static void
check_markup(struct str s)
{
	static const char *const entity[] = { "&lt;", "&gt;", "&amp;", "&quot;", "&#39;", "&#13;" };

	for (size_t i = 0; i < s.n; i++) {
		bool known = s.p[i] != '&';

		need(strchr("<>\"'", s.p[i]) == NULL, "data can open a tag or close a quote");
		for (size_t k = 0; k < COUNT(entity); k++)
			known = known || str_starts(str_sub(s, i, s.n), str_of(entity[k]));
		need(known, "an ampersand came through");
	}
}

static void
check_html(struct str s)
{
	struct buf text = { 0 }, by_fmt = { 0 }, quoted = { 0 };

	html_text(&text, s);
	check_quiet(buf_as_str(&text), true);
	check_markup(buf_as_str(&text));
	html_fmt(&by_fmt, "%S", s);
	need(str_eq(buf_as_str(&text), buf_as_str(&by_fmt)), "html_fmt escapes differently");
	html_quote(&quoted, s, 20);
	check_quiet(buf_as_str(&quoted), true);
	need(!has(buf_as_str(&quoted), "<s") && !has(buf_as_str(&quoted), "<i"), "a tag of data's");
	need(html_cut(s, 20).n <= 20, "a cut text is longer than it may be");
	buf_free(&text);
	buf_free(&by_fmt);
	buf_free(&quoted);
}

/* XML is for parsers: bidirectional text stays, what XML 1.0 forbids does not. */
static void
check_xml(struct str s)
{
	struct buf b = { 0 };
	struct str out;

	xml_text(&b, s);
	out = buf_as_str(&b);
	check_markup(out);
	need(str_bad_utf8(out) < 0, "the XML is not UTF-8");
	need(!has(out, "\xef\xbf\xbe") && !has(out, "\xef\xbf\xbf"), "a noncharacter came through");
	for (size_t i = 0; i < out.n; i++)
		need((unsigned char)out.p[i] >= 0x20 || out.p[i] == '\n' || out.p[i] == '\t',
		    "a character that XML forbids");
	buf_free(&b);
}

static void
check_terminal(struct str s)
{
	struct arena a = { 0 };
	struct str line = str_visible(s, 40, false, &a), lines = str_visible(s, s.n * 8, true, &a);

	check_quiet(line, false);
	check_quiet(lines, true);
	need(line.n <= 43, "a cut line is longer than it may be");
	arena_free(&a);
}

/* The field without its quotes, doubled ones undone. */
static struct str
unquoted(struct str field, struct arena *a)
{
	char *p = arena_alloc(a, field.n);
	size_t n = 0;

	need(field.n >= 2 && field.p[0] == '"' && field.p[field.n - 1] == '"', "not quoted");
	for (size_t i = 1; i < field.n - 1; i++) {
		if (field.p[i] == '"')
			need(field.p[++i] == '"' && i < field.n - 1, "a quote ends the field early");
		p[n++] = field.p[i];
	}
	return (struct str){ p, n };
}

static void
check_csv(struct str s)
{
	struct arena a = { 0 };
	struct buf safe = { 0 }, raw = { 0 };
	struct str cell;

	buf_csv(&safe, s, false, &a);
	check_quiet(buf_as_str(&safe), true);
	cell = unquoted(buf_as_str(&safe), &a);
	need(cell.n == 0 || memchr("=+-@\t\r", cell.p[0], 6) == NULL, "a formula came through");
	buf_csv(&raw, s, true, &a);
	need(str_eq(unquoted(buf_as_str(&raw), &a), s), "a raw field reads back differently");
	buf_free(&safe);
	buf_free(&raw);
	arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };

	check_html(s);
	check_xml(s);
	check_terminal(s);
	check_csv(s);
	return 0;
}
