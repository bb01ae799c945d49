/*
 * record.h -- the reader of case records: cases.c's view of record.c.
 */
#ifndef RECORD_H
#define RECORD_H

#include "harness/suite.h"

enum { SHOWN_MAX = 100 };                 /* mistakes that are listed; then reading stops */

/* The fields of a record that mean something, in the order they are read; placeholders follow. */
enum { ID, INPUT, MESSAGES, EXPECT, SLICE, CLUSTER, WEIGHT, TAGS, NFIELD };

struct reader {
	struct suite       *s;
	const struct roots *roots;
	struct rows        *rows;
	struct row          row;
	struct err         *e;
	struct arena        scratch;       /* of one record */
	struct test_case    tc;
	const char         *tags;
	struct pick        *pick;          /* NFIELD fields, then every placeholder of every message */
	size_t              npick;
	struct str         *value;         /* of the placeholders */
	struct buf          bytes;         /* what the case's hash covers */
	struct map          slices;        /* name to index + 1 */
	struct arena       *a;
	uint64_t            seen;          /* hash of the cases of this pass: passes must agree */
	bool                stop;
};

/* Which names the records are searched for: those of suite.yaml, or the usual ones. */
void record_names(struct reader *);
/* 1: r->tc is the next case; 0: the end; -1: a record with mistakes, which were reported. */
int  record_next(struct reader *, bool want_messages);

#endif
