/*
 * openai.h -- the two halves of the protocol: openai.c's view of openai_reply.c.
 */
#ifndef OPENAI_H
#define OPENAI_H

#include "harness/harness.h"

/* As struct protocol wants them. */
void openai_reply(struct completion *, const struct target *, int status, struct str body,
                  struct arena *);
bool openai_event(struct completion *, struct buf *text, const struct target *, struct str data,
                  struct arena *);

#endif
