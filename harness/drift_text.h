/*
 * drift_text.h -- a comparison of two windows for people, from its document.
 */
#ifndef DRIFT_TEXT_H
#define DRIFT_TEXT_H

#include "harness/harness.h"

/* The windows, the findings (those without drift only if `all`) and the verdict; `document` is what
 * drift_json or watch_document printed. */
void drift_text(struct buf *, struct str document, bool all, struct arena *);

#endif
