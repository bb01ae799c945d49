/*
 * feat_code.c -- how much of a text is code.
 *
 *  (1) The share of its lines that are code; blank lines count neither way.
 *  (2) Lines within a fenced block are code, and so are those that fence it (``` or ~~~ after
 *      blanks).  A block that is not closed goes to the end.
 *  (3) Outside of blocks a line is code, white space at its ends aside, if it ends in a
 *      semicolon or a brace; or if it begins with a word of program text and ends in a colon or
 *      holds a round bracket or an equals sign; or if it begins with `#include`, `//`, `</` or
 *      `$ `.  This is a guess, the same for each window.
 *  (4) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

static const char *const begins[] = { "#include", "//", "</", "$ " };

static const char *const keyword[] = { "def", "class", "import", "from", "return", "if", "elif",
    "for", "while", "function", "func", "fn", "const", "let", "var", "public", "private", "static",
    "int", "void", "print", "console.log", "echo", "export" };

/* (3) */
static bool
begins_with_keyword(struct str line)
{
	for (size_t i = 0; i < COUNT(keyword); i++) {
		struct str word = str_of(keyword[i]);

		if (str_starts(line, word) && line.n > word.n &&
		    (line.p[word.n] == ' ' || line.p[word.n] == '('))
			return true;
	}
	return false;
}

static bool
is_code(struct str line)
{
	char last = line.p[line.n - 1];

	if (last == ';' || last == '{' || last == '}')
		return true;
	for (size_t i = 0; i < COUNT(begins); i++) {
		if (str_starts(line, str_of(begins[i])))
			return true;
	}
	return begins_with_keyword(line) && (last == ':' || memchr(line.p, '(', line.n) != NULL ||
	    memchr(line.p, '=', line.n) != NULL);
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct of *x = p;
	struct value v = value_read(r, x->of, a);
	size_t lines = 0, code = 0;
	bool fenced = false;
	struct str line;

	if (v.kind != VALUE_TEXT)
		return v;
	while (line_next(&v.text, &line)) {
		bool fence = line_is_fence(line);

		line = str_trim(line);
		if (line.n == 0)
			continue;
		lines++;
		code += fence || fenced || is_code(line);
		fenced = fenced != fence;
	}
	return value_number((double)code / (double)lines);
}

const struct feature feature_code = {
	.name = "code", .help = "share of lines that look like code", .version = 1,
	.shape = SHAPE_NUMBER, .params = of_params, .size = sizeof(struct of), .get = get,
};
