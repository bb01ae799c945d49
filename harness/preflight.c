/*
 * preflight.c -- some of the baseline's cases, asked again before a candidate is judged by it.
 *
 * What was measured months ago by another server, another quantisation or another judge is no
 * baseline.  The target that made it is asked again; how often it differs from itself is the floor
 * of all discordance, and a mean that moved by more than chance voids the comparison.
 */
#include "harness/preflight.h"

#include <math.h>

#define SHIFT_MOST 3.0

long
preflight_find(struct store *st, long run)
{
	return store_long(st, 0, "SELECT CAST(substr(text, 5) AS INTEGER) FROM v_event WHERE run = ?"
	    " AND kind = 'preflight' ORDER BY id DESC LIMIT 1", "i", run);
}

bool
preflight_shifted(const struct preflight *p)
{
	return p->known && fabs(p->z) > SHIFT_MOST;
}

struct preflight
preflight_compare(struct store *st, const struct suite *s, int metric, long probe, long base,
    struct arena *a)
{
	const struct scorer *scorer = s->metric[metric].scorer;
	struct pair_reader r = pair_open(st, probe, base, metric, s->metric[metric].name,
	    scorer->scale);
	struct preflight p = { .run = probe };
	struct columns c = { 0 };
	struct sample x;
	struct unit now, then;
	enum pairing how;
	struct paired d;

	while (pair_next(&r, &now, &then, &how))
		if (how == PAIR_BOTH && now.known && then.known)
			columns_add_pair(&c, &now, now.value, then.value);
	x = columns_sample(&c, s, metric, false, a);
	d = paired_compare(&x, c.y, c.y2, scorer->lower_is_better, 0, 0.05, a);
	p.known = d.known;
	p.n = d.n;
	p.psi = d.psi;
	p.shift = d.at;
	if (d.se > 0)
		p.z = d.at / d.se;
	else if (d.binary && d.table.b + d.table.c > 0)
		p.z = (double)(d.table.c - d.table.b) / sqrt((double)(d.table.b + d.table.c));
	columns_free(&c);
	return p;
}

/* ---- asking ----------------------------------------------------------------------------- */

/* A candidate that is to go on was preceded by its own; one of which nothing was asked was held
 * back by it, and is tried again. */
static bool
goes_on(struct store *st, const struct suite *s, const struct target *t)
{
	return store_long(st, 0, "SELECT count(*) FROM v_run r WHERE suite_digest = ? AND target = ?"
	    " AND target_digest = ? AND filter = '' AND state <> 'complete' AND ndone > 0 AND EXISTS"
	    " (SELECT 1 FROM v_event e WHERE e.run = r.id AND e.kind = 'preflight')", "sss", s->digest,
	    t->name, t->digest) > 0;
}

/* One that was made and whose candidate never began. */
static long
unused(struct store *st, const struct suite *s, const struct target *t, const char *filter)
{
	return store_long(st, 0, "SELECT max(id) FROM v_run r WHERE suite_digest = ? AND target = ?"
	    " AND target_digest = ? AND filter = ? AND state = 'complete' AND NOT EXISTS"
	    " (SELECT 1 FROM v_event e WHERE e.kind = 'preflight' AND e.text = 'run ' || r.id)", "ssss",
	    s->digest, t->name, t->digest, filter);
}

int
preflight_ask(struct store *st, struct suite *s, struct project *project,
    const struct target *candidate, const struct run_options *given, long *probe, struct arena *a,
    struct err *e)
{
	const char *name = "", *digest = "", *filter = arena_fmt(a, "sample:%ld", s->preflight);
	struct run_options o = { .quiet = given->quiet, .command = given->command,
		.filter = { &filter, NULL, 1 } };
	struct run_result result = { 0 };
	struct target *t;
	struct query *q;
	int status;

	*probe = 0;
	if (goes_on(st, s, candidate))
		return 0;
	q = store_query(st, "SELECT target, target_digest FROM v_run WHERE id = ?", "i", given->base);
	if (query_next(q)) {
		name = str_cstr(query_text(q, 0), a);
		digest = str_cstr(query_text(q, 1), a);
		query_free(q);
	}
	if ((t = target_find(project, name, a, e)) == NULL ||
	    (t != candidate && target_open(t, a, e) != 0))
		return EXIT_MISTAKE;
	if (strcmp(t->digest, digest) != 0) {
		err_set(e, "preflight: target '%s' is no longer configured as it was for the baseline, "
		    "run %ld: run the baseline again, or restore the target", name, given->base);
		return EXIT_MISTAKE;
	}
	if ((*probe = unused(st, s, t, filter)) != 0)
		return 0;
	if ((status = stage_run(st, s, t, &o, &result, a, e)) != 0)
		return status;
	stage_estimate(st, s, result.run, a);
	store_flush(st);
	if (result.state != RUN_COMPLETE) {
		err_set(e, "preflight: the baseline's target '%s' did not answer %ld cases%s%s: nothing "
		    "was asked of '%s'", name, s->preflight, result.why[0] ? ": " : "", result.why,
		    candidate->name);
		return result.state == RUN_INTERRUPTED ? 128 + result.signal : EXIT_SURROUNDINGS;
	}
	*probe = result.run;
	return 0;
}
