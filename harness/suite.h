/*
 * suite.h -- what suite.c reads from suite.yaml and cases.c needs to read the case file.
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

#endif
