/*
 * suite.h -- what the readers of suite.yaml share, and cases.c needs to read the case file.
 */
#ifndef SUITE_H
#define SUITE_H

#include "harness/harness.h"
#include "harness/prompt.h"

struct suite_fields {
	enum rows_format format;
	const char *id, *input, *messages, *expect, *slice, *cluster, *weight, *tags;  /* NULL: unset */
	struct pattern *extract;         /* of expect; NULL: the field as it is */
	struct prompt  *prompt;          /* parallel to suite->prompt */
	const struct node *at;
};

struct reading {
	struct suite       *s;
	const struct roots *roots;       /* NULL: from a stored source, no file is opened */
	bool                no_files;
	struct arena       *a;
	struct err         *e;
};

/* One entry of `metrics` or `gates`; what is wrong with it is said in r->e.  suite_gates.c */
void suite_read_metric(struct reading *, struct node *);
void suite_read_gate(struct reading *, struct node *);
enum { CRITICAL_SLICES = 3 };
void suite_check_gates(struct reading *);        /* what no gate can say alone */
struct slice *suite_find_slice(struct suite *, struct str name);      /* NULL: none */

#endif
