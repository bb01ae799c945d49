/*
 * report.c -- the page of a run: one file, no script, nothing fetched.
 *
 * The sections are rows of sections.def.  The policy in the head forbids scripts and names the
 * digest of our one style sheet, so that markup that got through would still be dead.  Nothing
 * depends on the clock: the same store gives the same bytes.
 */
#include "reports/reports.h"

#define SECTION(name) extern const struct section section_##name;
#include "reports/sections.def"
#undef SECTION

static const struct section *const all[] = {
#define SECTION(name) &section_##name,
#include "reports/sections.def"
#undef SECTION
};

/* The standard promises only 4095 bytes of a literal; gcc and clang have no such limit. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
static const char style[] = "\n"
#include "reports/page.css.h"
;
#pragma GCC diagnostic pop

struct heading { const char *suite, *target, *started, *program, *digest; };

void
page_head(struct buf *b, const char *title, const char *to, const char *skip)
{
	struct sha256 sum = sha256_begin();
	unsigned char raw[32];

	sha256_add(&sum, STR(style));
	sha256_end_raw(&sum, raw);
	buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src"
	    " 'sha256-");
	html_base64(b, raw, sizeof raw);
	buf_puts(b, "'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n");
	html_fmt(b, "<title>%s</title>\n<style>", title);
	buf_puts(b, style);
	html_fmt(b, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#%s\">%s</a>\n", to, skip);
}

static void
contents(const struct page *p)
{
	buf_puts(p->out, "<nav aria-label=\"Contents\"><ul>");
	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i]->wanted(p))
			html_fmt(p->out, "<li><a href=\"#%s\">%s</a></li>", all[i]->name, all[i]->title);
	buf_puts(p->out, "</ul></nav>\n");
}

static bool
heading_of(const struct page *p, struct heading *h)
{
	struct query *q = store_query(p->store, "SELECT suite_name, target, started, program,"
	    " suite_digest"
	    " FROM v_run WHERE id = ?", "i", p->run);

	if (!query_next(q))
		return false;
	*h = (struct heading){ str_cstr(query_text(q, 0), p->a), str_cstr(query_text(q, 1), p->a),
		str_cstr(query_text(q, 2), p->a), str_cstr(query_text(q, 3), p->a),
		str_cstr(query_text(q, 4), p->a) };
	query_free(q);
	return true;
}

void
report_html(struct store *store, long run, long base, struct buf *out)
{
	struct arena a = { 0 };
	struct page p = { .store = store, .run = run, .base = base, .a = &a, .out = out };
	struct heading h;

	if (out->max == 0)
		out->max = 64 << 20;
	if (!heading_of(&p, &h))
		bug("there is no run %ld to report", run);
	page_head(out, arena_fmt(&a, "%s on %s, run %ld", h.suite, h.target, run), "verdict",
	    "To the verdict");
	html_fmt(out, "<header><p class=\"brand\">driftlead</p><h1><b>%s</b> on <b>%s</b></h1>"
	    "<p class=\"when\">run %d, <time datetime=\"%s\">%s</time></p></header>\n", h.suite,
	    h.target, run, h.started, h.started);
	contents(&p);
	buf_puts(out, "<main>\n");
	for (size_t i = 0; i < COUNT(all); i++) {
		if (!all[i]->wanted(&p))
			continue;
		html_fmt(out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">"
		    "%s</h2>\n",
		    all[i]->name, all[i]->name, all[i]->name, all[i]->title);
		all[i]->write(&p);
		buf_puts(out, "</section>\n");
	}
	html_fmt(out, "</main>\n<footer>driftlead %s, run %d of %s on %s, %s, suite %S</footer>"
	    "\n</body>\n"
	    "</html>\n", h.program, run, h.suite, h.target, h.started, str_sub(str_of(h.digest), 0,
	    16));
	arena_free(&a);
}
