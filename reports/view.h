/*
 * view.h -- a page that is written from a JSON document alone.
 */
#ifndef VIEW_H
#define VIEW_H

#include "reports/reports.h"

struct view { struct json root; struct buf *out; struct arena *a; };

/* Members of an object: "", 0, false where there is none or it is of another type. */
const char *view_text(const struct view *, struct json obj, const char *key);
bool        view_has(struct json obj, const char *key);          /* there, and not null */
double      view_real(struct json obj, const char *key);
long        view_long(struct json obj, const char *key);

/* A section with its heading; the caller closes it. */
void view_section(const struct view *, const char *id, const char *title);
/* Up to <tbody>, in a box that scrolls.  `head` ends in NULL; one with a '>' before it is that of a
 * column of numbers. */
void view_table(const struct view *, const char *caption, const char *const *head);
void view_table_end(const struct view *);

#endif
