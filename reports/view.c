/*
 * view.c -- a page that is written from a JSON document alone: members, sections, tables.
 */
#include "reports/view.h"

const char *
view_text(const struct view *v, struct json obj, const char *key)
{
	struct json x = json_get(obj, key);

	return x.type == JT_STRING ? str_cstr(json_text(x, v->a), v->a) : "";
}

bool
view_has(struct json obj, const char *key)
{
	enum json_type t = json_get(obj, key).type;

	return t != JT_NONE && t != JT_NULL;
}

double
view_real(struct json obj, const char *key)
{
	return json_to_real(json_get(obj, key), 0);
}

long
view_long(struct json obj, const char *key)
{
	long n = 0;

	json_long(json_get(obj, key), &n);
	return n;
}

void
view_section(const struct view *v, const char *id, const char *title)
{
	html_fmt(v->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s"
	    "</h2>\n", id, id, id, title);
}

void
view_table(const struct view *v, const char *caption, const char *const *head)
{
	html_fmt(v->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
	    "<table><caption>%s</caption><thead><tr>", caption, caption);
	for (; *head != NULL; head++)
		html_fmt(v->out, **head == '>' ? "<th scope=\"col\" class=\"num\">%s</th>" :
		    "<th scope=\"col\">%s</th>", *head + (**head == '>'));
	buf_puts(v->out, "</tr></thead><tbody>\n");
}

void
view_table_end(const struct view *v)
{
	buf_puts(v->out, "</tbody></table></div>\n");
}
