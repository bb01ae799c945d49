/*
 * classes.h -- labels and predictions side by side, and the classes they make.
 *
 * Private to drift/classes.c and outcomes.c.
 */
#ifndef CLASSES_H
#define CLASSES_H

#include "drift/drift.h"

/* Records by label and prediction.  Starts zeroed. */
struct pair { struct str label, prediction; long n; };
struct pairs {
	struct pair *pair;
	size_t       n, cap;
	struct map   index;
	bool         crowded;    /* more than PAIRS_MOST: some were not counted */
};
void pairs_add(struct pairs *, struct str label, struct str prediction, long n,
               struct arena *scratch);
void pairs_merge(struct pairs *into, const struct pairs *from, struct arena *scratch);
void pairs_free(struct pairs *);

/* The labels that have records enough, the most frequent first, in the arena.  Its index is freed by
 * map_free. */
struct classes *classes_of(const struct pairs *, struct arena *);
/* The class of a label or prediction; classes->k: of none. */
size_t          class_find(const struct classes *, struct str text);
/* What the pairs are by these classes, without a current part. */
struct confusion confusion_of(const struct pairs *, const struct classes *, struct arena *);

#endif
