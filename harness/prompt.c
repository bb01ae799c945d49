/*
 * prompt.c -- templates with {{name}}.
 *
 * Data is data: a placeholder is replaced once, and what a case puts there is never searched
 * for placeholders again.  There are no filters, loops or conditions.
 */
#include "harness/prompt.h"

int
prompt_parse(struct prompt *p, struct str text, const char *where, struct arena *a, struct err *e)
{
	struct buf lit = { 0 };
	size_t at = 0, most = 1;

	for (ptrdiff_t i = 0; (i = str_find(text, STR("{{"), (size_t)i)) >= 0; i += 2)
		most++;
	*p = (struct prompt){
		.lit = arena_array(a, most, sizeof *p->lit),
		.name = arena_array(a, most, sizeof *p->name),
	};
	while (at < text.n) {
		ptrdiff_t open = str_find(text, STR("{{"), at), close;

		if (open < 0) {
			buf_str(&lit, str_sub(text, at, text.n));
			break;
		}
		if ((size_t)open > at && text.p[open - 1] == '\\') {
			buf_add(&lit, text.p + at, (size_t)open - at - 1);
			buf_puts(&lit, "{{");
			at = (size_t)open + 2;
			continue;
		}
		buf_add(&lit, text.p + at, (size_t)open - at);
		close = str_find(text, STR("}}"), (size_t)open + 2);
		p->name[p->n] = close < 0 ? (struct str){ 0 } :
		    str_trim(str_sub(text, (size_t)open + 2, (size_t)(close - open) - 2));
		if (p->name[p->n].n == 0) {
			buf_free(&lit);
			return err_set(e, close < 0 ? "%s: '{{' is never closed (write '\\{{' for two "
			    "plain braces)" : "%s: a placeholder has no name", where);
		}
		p->lit[p->n++] = str_dup(buf_as_str(&lit), a);
		buf_reset(&lit);
		at = (size_t)close + 2;
	}
	p->lit[p->n] = str_dup(buf_as_str(&lit), a);
	buf_free(&lit);
	return 0;
}

void
prompt_render(struct buf *b, const struct prompt *p, const struct str *value)
{
	for (size_t i = 0; i < p->n; i++) {
		buf_str(b, p->lit[i]);
		buf_str(b, value[i]);
	}
	buf_str(b, p->lit[p->n]);
}
