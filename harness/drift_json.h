/*
 * drift_json.h -- what a comparison of two windows says, for machines.
 */
#ifndef DRIFT_JSON_H
#define DRIFT_JSON_H

#include "drift/drift.h"
#include "harness/window.h"

struct drift_document {
	const struct window     *window;      /* two: the reference and the current one */
	const struct comparison *comparison;
	uint64_t                 seed;        /* of random tables */
	const char              *command;     /* the line that made it */
};
/* A verdict as gates have it: PASS, FAIL, INCONCLUSIVE. */
extern const char *const drift_verdict_word[3];

/* The object of driftlead-json(5), and a newline.  The arena is for what is computed. */
void drift_json(struct buf *, const struct drift_document *, struct arena *);
/* The same up to its member `watch` and its closing brace. */
void drift_json_members(struct buf *, const struct drift_document *, struct arena *);

/* drift_json_features.c: `,"features":[...]`, what was counted of each in both windows. */
void drift_json_features(struct buf *, const struct comparison *, struct arena *);
/* drift_json_examples.c: `,"examples":[...]`, records that show a finding, with their values of its
 * feature and of `others` more. */
void drift_json_examples(struct buf *, const struct comparison *, const struct compared *,
                         size_t others, struct arena *);

#endif
