/*
 * prompt.h -- templates with {{name}}: suite.c's and cases.c's view of prompt.c.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include "harness/base/base.h"

/* A text cut at its placeholders: lit[0] {{name[0]}} lit[1] ... lit[n]. */
struct prompt { struct str *lit, *name; size_t n; };

/* `\{{` stands for a literal `{{`.  -1 and a sentence for a placeholder that is empty or not
 * closed; `where` names the text in it. */
int prompt_parse(struct prompt *, struct str text, const char *where, struct arena *, struct err *);
/* Each placeholder once, by the value that `value` gives; values are never looked at again. */
void prompt_render(struct buf *, const struct prompt *, const struct str *value);

#endif
