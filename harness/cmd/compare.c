/*
 * cmd/compare.c -- `driftlead compare A B`: what changed from run B to run A, case by case.
 *
 * Per metric and slice: pairs, both passing, regressions, fixes, both failing, the change and
 * its interval.  It describes and does not judge; the gates do that.
 */
#include "harness/mix.h"
#include "harness/verdict.h"

struct options {
	struct common common;
	const char   *metric, *suite, *traffic, *slice_field;
	long          flips;
	bool          slices, rescore, mix;
};

static const struct opt options[] = {
	{ "metric", 'm', OPT_TEXT, offsetof(struct options, metric), "NAME", "only this metric" },
	{ "flips", 0, OPT_INT, offsetof(struct options, flips), "N",
	  "show at most N flipped cases with both answers (default 10)" },
	{ "slices", 's', OPT_FLAG, offsetof(struct options, slices), NULL, "a row for every slice" },
	{ "mix", 0, OPT_FLAG, offsetof(struct options, mix), NULL,
	  "part the change of each rate into the mix of slices and the quality of answers" },
	{ "traffic", 0, OPT_TEXT, offsetof(struct options, traffic), "LOGS",
	  "the same, the first run weighted by the slices of these logs" },
	{ "slice-field", 0, OPT_TEXT, offsetof(struct options, slice_field), "FIELD",
	  "where their records name the slice (default: as the cases do)" },
	{ "rescore", 0, OPT_FLAG, offsetof(struct options, rescore), NULL,
	  "first score both runs anew, and say what that changed" },
	{ "suite", 0, OPT_TEXT, offsetof(struct options, suite), "FILE",
	  "with --rescore: by this suite's metrics instead of those of the first run's file" },
	{ 0 }
};

struct flip { long run_case, base_case; double from, to; };

struct comparison {
	struct columns *c;                /* by slice + 1; [0] is the whole */
	long only_a, only_b, edited, nflip;
	struct flip *flip;
	size_t cap;
};

static void
read_all(struct store *st, const struct suite *s, int metric, long run, long base,
    struct comparison *x)
{
	struct pair_reader r = pair_open(st, run, base, metric, s->metric[metric].name,
	    s->metric[metric].scorer->scale);
	struct unit c, b;
	enum pairing how;

	while (pair_next(&r, &c, &b, &how)) {
		x->only_a += how == PAIR_ONLY_CANDIDATE;
		x->only_b += how == PAIR_ONLY_BASE;
		x->edited += how == PAIR_EDITED;
		if (how != PAIR_BOTH || !c.known || !b.known)
			continue;
		columns_add_pair(&x->c[0], &c, c.value, b.value);
		if (c.slice >= 0 && (size_t)c.slice < s->nslice)
			columns_add_pair(&x->c[c.slice + 1], &c, c.value, b.value);
		if (c.value != b.value && s->metric[metric].scorer->scale != SCALE_REAL) {
			x->flip = mem_grow(x->flip, &x->cap, (size_t)x->nflip + 1, sizeof *x->flip);
			x->flip[x->nflip++] = (struct flip){ c.test_case, b.test_case, b.value, c.value };
		}
	}
}

static struct paired
pair_up(const struct suite *s, int metric, const struct columns *c, bool whole, struct arena *a)
{
	struct sample x = columns_sample(c, s, metric, whole, a);

	return paired_compare(&x, c->y, c->y2, s->metric[metric].scorer->lower_is_better, 0, 0.05,
	    a);
}

static void
row_json(struct buf *b, const char *metric, const char *slice, const struct paired *d)
{
	buf_char(b, '{');
	buf_key_text(b, "metric", str_of(metric));
	buf_key_text_or_null(b, "slice", slice);
	buf_key_long(b, "n", d->n);
	if (d->known && d->binary)
		buf_fmt(b, ",\"n11\":%ld,\"regressions\":%ld,\"fixes\":%ld,\"n00\":%ld", d->table.n11,
		    d->table.b, d->table.c, d->table.n00);
	else
		buf_puts(b, ",\"n11\":null,\"regressions\":null,\"fixes\":null,\"n00\":null");
	if (d->known) {
		double value[] = { d->candidate, d->baseline, d->at, d->ci95.lo, d->ci95.hi,
			d->p_regression };
		static const char *const key[] = { "a", "b", "change", "lo", "hi", "p_regression" };

		for (size_t i = 0; i < COUNT(value); i++)
			buf_key_real_if(b, key[i], d->bounded || i < 3, value[i]);
		buf_key_text(b, "method", str_of(d->method));
	}
	buf_char(b, '}');
}

static void
row_text(struct buf *b, const char *name, const struct metric *m, const struct paired *d)
{
	bool rate = m->scorer->scale != SCALE_REAL;
	struct str unit = str_of(m->scorer->unit);

	buf_fmt(b, "  %-24.24s  ", name);
	if (!d->known) {
		buf_puts(b, "no pairs\n");
		return;
	}
	quantity_write(b, d->baseline, rate, unit, false);
	buf_puts(b, " -> ");
	quantity_write(b, d->candidate, rate, unit, false);
	change_text(b, m, d, d->ci95, 0.95);
	buf_fmt(b, "  n %ld", d->n);
	if (d->binary)
		buf_fmt(b, "\n  %-24s  n11 %ld, regressions %ld, fixes %ld, n00 %ld", "", d->table.n11,
		    d->table.b, d->table.c, d->table.n00);
	buf_char(b, '\n');
}

static struct str
answer(struct store *st, long run, long test_case, struct arena *a, const char **id)
{
	struct query *q = store_query(st, "SELECT text, case_id FROM v_completion WHERE run = ? AND"
	    " test_case = ? AND rep = 0", "ii", run, test_case);
	struct str s = STR("");

	if (query_next(q)) {
		s = str_dup(query_text(q, 0), a);
		*id = str_cstr(query_text(q, 1), a);
		query_free(q);
	}
	return s;
}

static void
flips(struct session *s, const struct comparison *x, long run, long base, long most, bool json)
{
	struct arena a = { 0 };
	const char *id = "";
	bool first = true;

	buf_puts(&s->out, json ? ",\"flips\":[" : "");
	for (int fixes = 0; fixes < 2; fixes++) {
		long shown = 0;

		for (long i = 0; i < x->nflip && shown < most; i++) {
			const struct flip *f = &x->flip[i];
			struct str now, then;

			if ((f->to > f->from) != (fixes == 1))
				continue;
			shown++;
			arena_reset(&a);
			then = answer(s->store, base, f->base_case, &a, &id);
			now = answer(s->store, run, f->run_case, &a, &id);
			if (json) {
				buf_puts(&s->out, first ? "{" : ",{");
				buf_key_text(&s->out, "case", str_of(id));
				buf_fmt(&s->out, ",\"kind\":\"%s\"", fixes ? "fix" : "regression");
				buf_key_text(&s->out, "a_answer", now);
				buf_key_text(&s->out, "b_answer", then);
				buf_char(&s->out, '}');
			} else {
				buf_fmt(&s->out, "  %s  case ", fixes ? "fix       " : "regression");
				buf_str(&s->out, str_visible(str_of(id), 60, false, &a));
				buf_puts(&s->out, "\n    before  ");
				buf_str(&s->out, str_visible(str_trim(then), 160, false, &a));
				buf_puts(&s->out, "\n    after   ");
				buf_str(&s->out, str_visible(str_trim(now), 160, false, &a));
				buf_char(&s->out, '\n');
			}
			first = false;
		}
	}
	buf_puts(&s->out, json ? "]" : "");
	arena_free(&a);
}

static void
one_metric(struct session *s, const struct suite *suite, int m, long run, long base,
    struct mix *mix, bool first)
{
	const struct options *o = s->options;
	struct comparison x = { .c = arena_array(s->arena, suite->nslice + 1, sizeof *x.c) };
	bool json = o->common.json;

	read_all(s->store, suite, m, run, base, &x);
	if (json)
		buf_puts(&s->out, first ? "{\"rows\":[" : ",{\"rows\":[");
	for (size_t i = 0; i <= (o->slices ? suite->nslice : 0); i++) {
		struct paired d = pair_up(suite, m, &x.c[i], i == 0, s->arena);
		const char *slice = i ? suite->slice[i - 1].name : NULL;

		if (json && i)
			buf_char(&s->out, ',');
		if (json)
			row_json(&s->out, suite->metric[m].name, slice, &d);
		else
			row_text(&s->out, slice ? slice : suite->metric[m].name, &suite->metric[m], &d);
	}
	for (size_t i = 0; i <= suite->nslice; i++)
		columns_free(&x.c[i]);
	if (json)
		buf_fmt(&s->out, "],\"only_a\":%ld,\"only_b\":%ld,\"edited\":%ld", x.only_a,
		    x.only_b, x.edited);
	else if (x.only_a + x.only_b + x.edited > 0)
		buf_fmt(&s->out, "  not paired: %ld only in the first run, %ld only in the second, "
		    "%ld edited\n", x.only_a, x.only_b, x.edited);
	if (mix != NULL)
		mix_metric(mix, s, m, json);
	flips(s, &x, run, base, o->flips, json);
	buf_puts(&s->out, json ? "}" : "");
	mem_free(x.flip);
}

/* ---- scoring anew ------------------------------------------------------------------------- */

static double
mean_of(struct store *st, long run, const char *metric, bool *known)
{
	struct query *q = store_query(st, "SELECT at FROM v_estimate WHERE run = ? AND metric_name = ?"
	    " AND slice = -1 AND known", "is", run, metric);
	double at = 0;

	if ((*known = query_next(q))) {
		at = query_real(q, 0);
		query_free(q);
	}
	return at;
}

/* A run under its old ruler and the new one: what changed between the two is not the model. */
static int
rescore_run(struct session *s, const struct suite *today, long run, bool first, struct err *e)
{
	const struct options *o = s->options;
	struct suite *suite = suite_of_run(s->store, run, s->arena, e);
	double *before = arena_array(s->arena, today->nmetric, sizeof *before);
	bool *known = arena_array(s->arena, today->nmetric, sizeof *known), now;

	if (suite == NULL)
		return -1;
	for (size_t m = 0; m < today->nmetric; m++)
		before[m] = mean_of(s->store, run, today->metric[m].name, &known[m]);
	suite->metric = today->metric;
	suite->nmetric = today->nmetric;
	stage_score(s->store, suite, run);
	stage_estimate(s->store, suite, run, s->arena);
	for (size_t m = 0; m < today->nmetric; m++) {
		const struct metric *metric = &today->metric[m];
		double after = mean_of(s->store, run, metric->name, &now);
		bool rate = metric->scorer->scale != SCALE_REAL;
		struct str unit = str_of(metric->scorer->unit);

		if (o->common.json) {
			buf_fmt(&s->out, "%s{\"run\":%ld", first && m == 0 ? "" : ",", run);
			buf_key_text(&s->out, "metric", str_of(metric->name));
			buf_key_real_if(&s->out, "before", known[m], before[m]);
			buf_key_real_if(&s->out, "after", now, after);
			buf_char(&s->out, '}');
		} else if (known[m] && now) {
			buf_fmt(&s->out, "  the ruler, run %ld  %s  ", run, metric->name);
			quantity_write(&s->out, before[m], rate, unit, false);
			buf_puts(&s->out, " -> ");
			quantity_write(&s->out, after, rate, unit, false);
			buf_puts(&s->out, before[m] == after ? ", unchanged\n" : "\n");
		}
	}
	return 0;
}

static int
rescore(struct session *s, long run, long base, struct err *e)
{
	const struct options *o = s->options;
	const char *path = o->suite;
	struct suite *today;
	struct query *q;

	if (path == NULL) {
		q = store_query(s->store, "SELECT path FROM v_suite WHERE id ="
		    " (SELECT suite FROM v_run WHERE id = ?)", "i", run);
		if (query_next(q)) {
			path = str_cstr(query_text(q, 0), s->arena);
			query_free(q);
		}
	}
	if ((today = suite_load(path, &s->project->roots, s->arena, e)) == NULL) {
		if (o->suite == NULL)
			err_set(e, "--rescore: give today's suite with --suite FILE");
		return -1;
	}
	buf_puts(&s->out, o->common.json ? ",\"rescored\":[" : "");
	if (rescore_run(s, today, run, true, e) != 0 || rescore_run(s, today, base, false, e) != 0)
		return -1;
	buf_puts(&s->out, o->common.json ? "]" : "");
	return 0;
}

/* ---- the command -------------------------------------------------------------------------- */

static int
comparable(struct session *s, const struct suite *suite, long run, long base, struct err *e)
{
	for (size_t m = 0; m < suite->nmetric; m++) {
		const char *name = suite->metric[m].name;

		if (score_differs(s->store, run, base, name))
			err_set(e, "metric '%s' was scored differently in the two runs: --rescore scores both "
			    "by one suite first", name);
	}
	return e->n ? -1 : 0;
}

static int
compare(struct session *s, struct err *e)
{
	struct options *o = s->options;
	int status = store_open(&s->store, s->project->store, o->rescore ? STORE_WRITE : STORE_READ, e);
	bool first = true, parted = o->mix || o->traffic != NULL;
	struct suite *suite;
	struct mix mix = { 0 };
	long run, base;

	if (status != 0)
		return status;
	run = run_resolve(s->store, s->operand.text[0], NULL, e);
	base = run_resolve(s->store, s->operand.text[1], NULL, e);
	if (o->slice_field != NULL && o->traffic == NULL)
		err_set(e, "--slice-field goes with --traffic");
	if (o->suite != NULL && !o->rescore)
		err_set(e, "--suite goes with --rescore");
	if (run == 0 || base == 0 || e->n > 0)
		return EXIT_MISTAKE;
	if (o->common.json)
		buf_fmt(&s->out, "{\"a\":%ld,\"b\":%ld", run, base);
	else
		buf_fmt(&s->out, "run %ld (a) against run %ld (b)\n", run, base);
	if ((o->rescore && rescore(s, run, base, e) != 0) ||
	    (suite = suite_of_run(s->store, run, s->arena, e)) == NULL) {
		buf_reset(&s->out);
		return EXIT_MISTAKE;
	}
	suite->ngate = 0;                               /* nothing is judged here */
	if (suite_take_metrics(suite, s->store, run, s->arena, e) != 0 ||
	    comparable(s, suite, run, base, e) != 0 || (parted &&
	    mix_begin(&mix, s, run, base, o->traffic, o->slice_field, e) != 0)) {
		mix_free(&mix);
		buf_reset(&s->out);
		return EXIT_MISTAKE;
	}
	buf_puts(&s->out, o->common.json ? ",\"metrics\":[" : "");
	for (size_t m = 0; m < suite->nmetric; m++) {
		if ((o->metric != NULL && strcmp(o->metric, suite->metric[m].name) != 0) ||
		    store_long(s->store, 0, "SELECT count(*) FROM v_metric WHERE run = ? AND name = ?",
		    "is", base, suite->metric[m].name) == 0)
			continue;
		one_metric(s, suite, (int)m, run, base, parted ? &mix : NULL, first);
		first = false;
	}
	mix_free(&mix);
	buf_puts(&s->out, o->common.json ? "]}\n" : "");
	if (first) {
		buf_reset(&s->out);
		err_set(e, "the two runs share no metric%s%s%s", o->metric ? " named '" : "",
		    o->metric ? o->metric : "", o->metric ? "'" : "");
		return EXIT_MISTAKE;
	}
	return EXIT_PASS;
}

const struct command command_compare = {
	.name = "compare", .chapter = "read", .operands = "RUN RUN",
	.help = "what changed between two runs, case by case",
	.about = "The change is from the second run to the first: candidate, then baseline.",
	.options = options, .size = sizeof(struct options),
	.defaults = &(const struct options){ .flips = 10 }, .needs = NEEDS_PROJECT,
	.min_operands = 2, .max_operands = 2, .main = compare,
};
