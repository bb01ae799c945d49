/*
 * drift_advice.c -- what to do about a drift, first things first.
 *
 * What drifted decides, by what it is measured on: what the log lacks may feign any other finding,
 * the deployment explains answers, and inputs decide what a suite has to look like.
 */
#include "reports/drift_page.h"

enum kind { LACKING, DEPLOYED, MIX, INPUTS, ANSWERS, TIMES, TOGETHER, KINDS };
enum { NAMED = 4, NAME = 60 };

static bool
one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

/* f NULL: all features together. */
static enum kind
kind_of(const struct drift_feature *f, const char *detector)
{
	static const char *const times[] = { "latency", "first_token", "tokens_per_second", NULL };
	static const char *const deployed[] = { "model", "finish", "error", "refusal", NULL };
	static const char *const answers[] = { "tokens_out", "json", NULL };
	static const char *const mix[] = { "category", "boolean", "exact", "language", "script", "hour",
		"weekday", NULL };

	if (f == NULL)
		return TOGETHER;
	if (strcmp(detector, "missing") == 0)
		return LACKING;
	if (one_of(f->get, times))
		return TIMES;
	if (one_of(f->get, deployed))
		return DEPLOYED;
	if (one_of(f->get, answers) || strstr(f->name, "output") != NULL)
		return ANSWERS;
	return one_of(f->get, mix) ? MIX : INPUTS;
}

static const struct { const char *before, *after; } advice[KINDS] = {
	[LACKING] = { "Look at what writes the log: more or fewer records than before lack ",
		". Until that is explained, other findings on it mean little." },
	[DEPLOYED] = { "Look at the deployment: ", " changed, which requests do not do by themselves. "
		"Which model, prompt, limits and filters answer, and since when?" },
	[MIX] = { "Bring the suite up to date: other things are asked than before, by ", ". Give its "
		"slices the shares that production has now, and add cases of what is new or grew." },
	[INPUTS] = { "See whether the suite still looks like production: ", " changed. If users write "
		"otherwise now, draw new cases from the current window." },
	[ANSWERS] = { "Ask the suite again: ", " changed. If its metrics hold, the answers follow the "
		"inputs; if they do not, the model or its prompt did." },
	[TIMES] = { "Tell those who run the service: ", " changed. Load, hardware and network do that; "
		"it says nothing about what is asked or how well it is answered." },
	[TOGETHER] = { "Look at requests as a whole: ", " changed. If none did by itself, they go "
		"together in another way than before." },
};

/* The features of a kind that drifted, each once, the worst first. */
static size_t
drifted(const struct drift_page *p, enum kind kind, const char **name)
{
	size_t n = 0;

	for (size_t i = 0; i < p->ndrift; i++) {
		const struct drift_finding *f = &p->finding[i];
		bool seen = false;

		if (kind_of(drift_feature_of(p, f->feature), f->detector) != kind)
			continue;
		for (size_t k = 0; k < n; k++)
			seen = seen || strcmp(name[k], f->feature) == 0;
		if (!seen)
			name[n++] = f->feature;
	}
	return n;
}

static void
names(struct buf *b, const char *const *name, size_t n)
{
	for (size_t i = 0; i < n && i < NAMED; i++)
		html_fmt(b, "%s<b>%S</b>", i == 0 ? "" : i + 1 == n ? " and " : ", ",
		    html_cut(str_of(name[i]), NAME));
	if (n > NAMED)
		html_fmt(b, " and %d more", (long)(n - NAMED));
}

/* Of the feature whose mix changed most, what grew most and what shrank most. */
static void
more_and_less(const struct drift_page *p, const char *feature)
{
	struct json plot = json_get(drift_feature_of(p, feature)->json, "plot"), row;
	const char *more = NULL, *less = NULL;

	for (struct json_iter it = { .of = json_get(plot, "rows") }; json_next(&it, &row); ) {
		double by = view_real(row, "is") - view_real(row, "was");

		if (by > 0 && more == NULL)
			more = view_text(&p->v, row, "category");
		if (by < 0 && less == NULL)
			less = view_text(&p->v, row, "category");
	}
	if (more != NULL && less != NULL)
		html_fmt(p->v.out, ", above all more <b>%S</b> and less <b>%S</b>",
		    html_cut(str_of(more), NAME), html_cut(str_of(less), NAME));
}

static void
unsure(const struct drift_page *p)
{
	struct buf *b = p->v.out;
	long most = 0, without = 0;

	for (size_t i = p->ndrift; i < p->ndrift + p->nunsure; i++) {
		long n = view_long(p->finding[i].json, "n_needed");

		most = n > most ? n : most;
		without += n == 0;
	}
	html_fmt(b, "<li>Wait for more records: %d %s undecided.", (long)p->nunsure,
	    p->nunsure == 1 ? "finding is" : "findings are");
	if (most > 0)
		html_fmt(b, " About <b>%d</b> current records would decide %s.", most, p->nunsure == 1 ?
		    "it" : without == 0 ? "all" : "those that more records can decide");
	else
		buf_puts(b, " How many would decide is not known.");
	buf_puts(b, "</li>\n");
}

void
drift_advice(const struct drift_page *p)
{
	const char **name = arena_array(p->v.a, p->ndrift + 1, sizeof *name);
	struct buf *b = p->v.out;

	if (p->ndrift + p->nunsure == 0)
		return;
	buf_puts(b, "<p class=\"advice\" id=\"first\"><b>What to do first</b></p>\n"
	    "<ol class=\"first\" aria-labelledby=\"first\">\n");
	for (enum kind k = 0; k < KINDS; k++) {
		size_t n = drifted(p, k, name);

		if (n == 0)
			continue;
		html_fmt(b, "<li>%s", advice[k].before);
		names(b, name, n);
		if (k == MIX)
			more_and_less(p, name[0]);
		html_fmt(b, "%s</li>\n", advice[k].after);
	}
	if (p->nunsure > 0)
		unsure(p);
	buf_puts(b, "</ol>\n");
}
