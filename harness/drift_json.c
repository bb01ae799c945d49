/*
 * drift_json.c -- what a comparison of two windows says, for machines.
 */
#include "harness/drift_json.h"

/* Other values of an example, and beyond how many findings there are none: a document of a
 * thousand features has a few MB. */
enum { OTHER_VALUES = 11, EXAMPLES_WITH_OTHERS = 100 };

const char *const drift_verdict_word[3] = { "PASS", "FAIL", "INCONCLUSIVE" };

static void
finding_json(struct buf *b, const struct comparison *c, const struct compared *x, size_t others,
    struct arena *a)
{
	const struct finding *f = &x->finding;
	int64_t onset = x->verdict != DRIFT_YES ? 0 :
	    comparison_onset(c, x->feature, a);
	struct category_change *change;
	size_t n = compared_changes(c, x, &change, a);

	buf_char(b, '{');
	buf_key_text(b, "feature", str_of(compared_name(c, x)));
	buf_key_text(b, "detector", str_of(x->detector->name));
	buf_key_text(b, "measures", str_of(x->detector->help));
	buf_key_text(b, "unit", str_of(x->detector->unit));
	buf_key_text(b, "verdict", str_of(drift_verdict_word[x->verdict]));
	buf_key_real_if(b, "effect", f->known, f->effect);
	buf_key_real_if(b, "observed", f->known, f->observed);
	buf_key_real_if(b, "lo", f->known, f->ci.lo);
	buf_key_real_if(b, "hi", f->known, f->ci.hi);
	buf_key_real(b, "tolerance", f->tolerance);
	buf_key_real_if(b, "p", f->known, f->p);
	buf_key_real_if(b, "p_bh", f->known, x->p_adjusted);
	buf_key_long(b, "direction", f->direction);
	buf_key_real_if(b, "mde", f->known && f->mde > 0, f->mde);
	buf_key_long(b, "n_reference", f->n_reference);
	buf_key_long(b, "n_current", f->n_current);
	buf_key_long_if(b, "n_needed", f->n_needed > 0, f->n_needed);
	buf_key_text(b, "why", str_of(f->why ? f->why : ""));
	buf_key_long_if(b, "onset", onset > 0, (long)onset);
	buf_key(b, "changed");
	buf_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{" : "{");
		buf_key_text(b, "category", change[i].category);
		buf_key_real(b, "was", change[i].was);
		buf_key_real(b, "is", change[i].is);
		buf_char(b, '}');
	}
	buf_char(b, ']');
	drift_json_examples(b, c, x, others, a);
	buf_char(b, '}');
}

static void
window_json(struct buf *b, const char *key, const struct window *w)
{
	buf_key(b, key);
	buf_char(b, '{');
	buf_key_text(b, "what", str_of(w->word));
	buf_key_text(b, "kind", str_of(window_kind_name[w->kind]));
	buf_key_long(b, "records", w->profile->n);
	buf_key_long(b, "bad", w->profile->bad);
	buf_key_long_if(b, "from", w->profile->last_ms > 0, (long)w->profile->first_ms);
	buf_key_long_if(b, "to", w->profile->last_ms > 0, (long)w->profile->last_ms);
	buf_char(b, '}');
}

void
drift_json_members(struct buf *b, const struct drift_document *d, struct arena *a)
{
	const struct comparison *c = d->comparison;
	size_t others = c->drifted <= EXAMPLES_WITH_OTHERS ? OTHER_VALUES : 0;
	char digest[65];

	profile_digest(c->reference, digest);
	buf_char(b, '{');
	buf_key_text(b, "program", STR(PROGRAM_VERSION));
	buf_key_text(b, "command", str_of(d->command));
	buf_key_long(b, "seed", (long)d->seed);
	buf_key_text(b, "verdict", str_of(drift_verdict_word[c->verdict]));
	window_json(b, "reference", &d->window[0]);
	window_json(b, "current", &d->window[1]);
	buf_key_text(b, "digest", str_of(digest));
	buf_key_real(b, "alpha", c->alpha);
	buf_key_long(b, "drifted", (long)c->drifted);
	buf_key_long(b, "unsure", (long)c->unsure);
	buf_key(b, "findings");
	buf_char(b, '[');
	for (size_t i = 0; i < c->n; i++) {
		if (i)
			buf_char(b, ',');
		finding_json(b, c, &c->compared[i], others, a);
	}
	buf_char(b, ']');
	drift_json_features(b, c, a);
}

void
drift_json(struct buf *b, const struct drift_document *d, struct arena *a)
{
	drift_json_members(b, d, a);
	buf_key_null(b, "watch");
	buf_puts(b, "}\n");
}
