/*
 * mix.c -- how much of a change between two runs is traffic, and how much is the model.
 *
 * Scores are estimated by slice in either run, with their covariance where both answered the same
 * cases, and parted by decompose.c.
 */
#include "drift/drift.h"
#include "harness/mix.h"
#include "harness/suite.h"
#include "harness/units.h"

#include <math.h>

enum { SHOWN = 5 };
#define MOVED_TOLD 0.0005        /* rounds to 0.1 % */

/* ---- slices ------------------------------------------------------------------------------- */

static void
add_slices(struct mix *m, int side)
{
	const struct suite *s = m->suite[side];

	for (size_t i = 0; i < s->nslice; i++) {
		bool is_new;
		uint64_t *slot = map_put(&m->by_name, str_of(s->slice[i].name), &is_new);

		if (is_new) {
			m->name[m->n] = s->slice[i].name;
			*slot = m->n++;
		}
		m->index[side][i] = (int)*slot;
	}
}

/* Declared shares, or the cases' own. */
static void
suite_shares(struct mix *m, struct session *s, int side)
{
	const struct suite *suite = m->suite[side];
	struct query *q;
	double all = 0;

	for (size_t i = 0; suite->has_shares && i < suite->nslice; i++)
		m->share[side][m->index[side][i]] = suite->slice[i].share;
	if (suite->has_shares)
		return;
	q = store_query(s->store, "SELECT slice_name, count(*) FROM v_case WHERE suite ="
	    " (SELECT suite FROM v_run WHERE id = ?) AND slice_name <> '' GROUP BY slice_name",
	    "i", m->run[side]);
	while (query_next(q)) {
		uint64_t *slot = map_get(&m->by_name, query_text(q, 0));

		if (slot != NULL)
			m->share[side][*slot] = query_real(q, 1);
		all += slot != NULL ? query_real(q, 1) : 0;
	}
	for (size_t h = 0; all > 0 && h < m->n; h++)
		m->share[side][h] /= all;
}

/* ---- traffic ------------------------------------------------------------------------------ */

struct traffic { const struct mix *mix; struct str field; long **count; };   /* by piece */

/* One more than slices: the last two are slices of no suite, and records without any. */
static void
count_slice(void *ctx, size_t piece, const struct record *r, struct arena *scratch)
{
	const struct traffic *t = ctx;
	struct value v = record_value(r, t->field, scratch);
	uint64_t *slot = map_get(&t->mix->by_name, str_trim(v.text));
	bool sliced = v.kind == VALUE_TEXT || v.kind == VALUE_NUMBER;

	t->count[piece][!sliced ? t->mix->n + 1 : slot == NULL ? t->mix->n : *slot]++;
}

static int
read_traffic(struct mix *m, struct session *s, const char *field, struct err *e)
{
	struct log_plan plan = { .max_bad = LOG_MAX_BAD };
	struct traffic t = { m, str_of(field), NULL };
	struct log_counts counts;
	const char **path;
	size_t n, pieces;
	long sliced;

	if (logs_expand(&m->traffic, 1, &path, &n, s->arena, e) != 0)
		return -1;
	pieces = logs_pieces();
	t.count = arena_array(s->arena, pieces, sizeof *t.count);
	for (size_t i = 0; i < pieces; i++)
		t.count[i] = arena_array(s->arena, m->n + 2, sizeof **t.count);
	if (logs_read(&plan, path, n, count_slice, &t, &counts, e) != 0 ||
	    logs_check(&plan, &counts, e) != 0)
		return -1;
	for (size_t i = 1; i < pieces; i++)
		for (size_t h = 0; h < m->n + 2; h++)
			t.count[0][h] += t.count[i][h];
	m->records = counts.records;
	m->unsliced = t.count[0][m->n + 1];
	sliced = m->records - m->unsliced;
	m->counted[1] = sliced - t.count[0][m->n];
	if (sliced == t.count[0][m->n])
		return err_set(e, "of %ld records in '%s' %ld have a slice in '%s', and none one of the "
		    "suite's: name the field by --slice-field", m->records, m->traffic, sliced, field);
	m->unseen = (double)t.count[0][m->n] / (double)sliced;
	for (size_t h = 0; h < m->n; h++)
		m->share[1][h] = (double)t.count[0][h] / (double)sliced;
	return 0;
}

int
mix_begin(struct mix *m, struct session *s, long run, long base, const char *traffic,
    const char *field, struct err *e)
{
	size_t most = 0;

	*m = (struct mix){ .run = { base, run }, .traffic = traffic };
	for (int i = 0; i < 2; i++) {
		m->suite[i] = suite_of_run(s->store, m->run[i], s->arena, e);
		if (m->suite[i] != NULL)
			m->suite[i]->ngate = 0;              /* nothing is judged here */
		if (m->suite[i] == NULL || suite_take_metrics(m->suite[i], s->store, m->run[i], s->arena,
		    e) != 0)
			return -1;
		if (m->suite[i]->nslice == 0)
			return err_set(e, "run %ld has no slices, so its mix is not known: give its cases one "
			    "(slice: in suite.yaml)", m->run[i]);
		most += m->suite[i]->nslice;
	}
	m->name = arena_array(s->arena, most, sizeof *m->name);
	for (int i = 0; i < 2; i++) {
		m->index[i] = arena_array(s->arena, m->suite[i]->nslice, sizeof *m->index[i]);
		m->share[i] = arena_array(s->arena, most, sizeof *m->share[i]);
		add_slices(m, i);
	}
	suite_shares(m, s, 0);
	if (traffic != NULL)
		return read_traffic(m, s, field ? field : m->suite[1]->fields->slice, e);
	suite_shares(m, s, 1);
	return 0;
}

void
mix_free(struct mix *m)
{
	map_free(&m->by_name);
}

/* ---- scores by slice ------------------------------------------------------------------------ */

/* Of one slice: the cases of either run, and the pairs. */
struct sliced { struct columns of[2], pairs; };

static void
read_units(const struct mix *m, struct session *s, int metric, struct sliced *slice)
{
	const struct metric *of = &m->suite[1]->metric[metric];
	struct pair_reader r = pair_open(s->store, m->run[1], m->run[0], metric, of->name,
	    of->scorer->scale);
	struct unit u[2];
	enum pairing how;

	while (pair_next(&r, &u[1], &u[0], &how)) {
		for (int i = 0; i < 2; i++)
			if (u[i].known && u[i].slice >= 0)
				columns_add(&slice[m->index[i][u[i].slice]].of[i], &u[i], u[i].value);
		if (how == PAIR_BOTH && u[0].known && u[1].known && u[0].slice >= 0 && u[1].slice >= 0 &&
		    m->index[0][u[0].slice] == m->index[1][u[1].slice])
			columns_add_pair(&slice[m->index[1][u[1].slice]].pairs, &u[1], u[1].value, u[0].value);
	}
}

/* Variance of a slice's mean; where nothing varies, Jeffreys' of so many units. */
static double
mean_variance(const struct mean *x)
{
	double n = (double)(x->nclusters > 0 ? x->nclusters : x->n);

	return x->has_se && !x->degenerate ? x->se * x->se : jeffreys_variance(n) / n;
}

/* Of the two means: that of the pairs, as far as the means are made of pairs. */
static double
covariance(const struct sliced *x, const struct suite *suite, int metric, struct arena *a)
{
	size_t n = x->pairs.n;
	double *difference = arena_array(a, n + 1, sizeof *difference), var[3];
	struct sample y = columns_sample(&x->pairs, suite, metric, false, a);
	const double *value[] = { x->pairs.y, x->pairs.y2, difference };

	if (n < 2)
		return 0;
	y.binary = false;
	for (size_t i = 0; i < n; i++)
		difference[i] = x->pairs.y[i] - x->pairs.y2[i];
	for (int k = 0; k < 3; k++) {
		struct mean mean;

		y.y = value[k];
		mean = sample_mean(&y, a);
		var[k] = mean.has_se ? mean.se * mean.se : 0;
	}
	return (var[0] + var[1] - var[2]) / 2 * (double)n / (double)x->of[0].n * (double)n /
	    (double)x->of[1].n;
}

static struct decomposition
part_change(const struct mix *m, struct session *s, int metric, struct weighted side[2])
{
	struct sliced *slice = arena_array(s->arena, m->n, sizeof *slice);
	double *cov = arena_array(s->arena, m->n, sizeof *cov);

	read_units(m, s, metric, slice);
	for (int i = 0; i < 2; i++) {
		double *mean = arena_array(s->arena, m->n, sizeof *mean);
		double *var = arena_array(s->arena, m->n, sizeof *var);
		bool *known = arena_array(s->arena, m->n, sizeof *known);

		for (size_t h = 0; h < m->n; h++) {
			struct sample x = columns_sample(&slice[h].of[i], m->suite[1], metric, false,
			    s->arena);
			struct mean of = sample_mean(&x, s->arena);

			known[h] = of.known;
			mean[h] = of.known ? of.at : 0;
			var[h] = of.known ? mean_variance(&of) : 0;
		}
		side[i] = (struct weighted){ m->share[i], mean, var, known, m->counted[i] };
	}
	for (size_t h = 0; h < m->n; h++) {
		double most = sqrt(side[0].var[h] * side[1].var[h]);

		cov[h] = fmax(-most, fmin(most, covariance(&slice[h], m->suite[1], metric, s->arena)));
		columns_free(&slice[h].of[0]);
		columns_free(&slice[h].of[1]);
		columns_free(&slice[h].pairs);
	}
	return decompose(&side[0], &side[1], cov, m->n, 0.95, s->arena);
}

/* ---- printing ----------------------------------------------------------------------------- */

static void
part_json(struct buf *b, const char *name, const char *lo, const char *hi,
    const struct component *p, bool known)
{
	buf_key_real_if(b, name, known, p->at);
	buf_key_real_if(b, lo, known, p->ci.lo);
	buf_key_real_if(b, hi, known, p->ci.hi);
}

static void
print_json(const struct mix *m, struct buf *b, const struct decomposition *d,
    const struct weighted side[2])
{
	buf_key(b, "mix");
	buf_char(b, '{');
	buf_key_real_if(b, "from", d->known, d->from);
	buf_key_real_if(b, "to", d->known, d->to);
	part_json(b, "change", "lo", "hi", &d->change, d->known);
	part_json(b, "mix", "mix_lo", "mix_hi", &d->mix, d->known);
	part_json(b, "quality", "quality_lo", "quality_hi", &d->quality, d->known);
	buf_key_real_if(b, "moved_from", d->known, d->moved[0]);
	buf_key_real_if(b, "moved_to", d->known, d->moved[1]);
	buf_key_text_or_null(b, "traffic", m->traffic);
	buf_key_long_if(b, "records", m->traffic != NULL, m->records);
	buf_key_long_if(b, "unsliced", m->traffic != NULL, m->unsliced);
	buf_key_real_if(b, "unseen", m->traffic != NULL, m->unseen);
	buf_key(b, "slices");
	buf_char(b, '[');
	for (size_t h = 0; h < m->n; h++) {
		buf_puts(b, h ? ",{" : "{");
		buf_key_text(b, "slice", str_of(m->name[h]));
		buf_key_real(b, "share_from", side[0].share[h]);
		buf_key_real(b, "share_to", side[1].share[h]);
		buf_key_real_if(b, "score_from", side[0].known[h], side[0].mean[h]);
		buf_key_real_if(b, "score_to", side[1].known[h], side[1].mean[h]);
		buf_key_real_if(b, "mix", d->known, d->stratum[h].mix);
		buf_key_real_if(b, "quality", d->known, d->stratum[h].quality);
		buf_char(b, '}');
	}
	buf_puts(b, "]}");
}

static void
part_text(struct buf *b, const char *name, const struct component *p)
{
	buf_puts(b, name);
	points_write(b, p->at);
	buf_puts(b, " [");
	points_write(b, p->ci.lo);
	buf_puts(b, ", ");
	points_write(b, p->ci.hi);
	buf_char(b, ']');
}

static void
percent(struct buf *b, bool known, double x)
{
	if (known)
		buf_fmt(b, "%.1f %%", x * 100);
	else
		buf_puts(b, "unknown");
}

static void
slice_text(const struct mix *m, struct buf *b, const struct decomposition *d,
    const struct weighted side[2], size_t h, struct arena *a)
{
	buf_fmt(b, "    %s  share %.1f %% -> %.1f %%, score ",
	    str_cstr(str_visible(str_of(m->name[h]), 40, false, a), a), side[0].share[h] * 100,
	    side[1].share[h] * 100);
	percent(b, side[0].known[h], side[0].mean[h]);
	buf_puts(b, " -> ");
	percent(b, side[1].known[h], side[1].mean[h]);
	buf_puts(b, ": mix ");
	points_write(b, d->stratum[h].mix);
	buf_puts(b, ", quality ");
	points_write(b, d->stratum[h].quality);
	buf_char(b, '\n');
}

/* The slices that matter most, in that order. */
static void
slices_text(const struct mix *m, struct buf *b, const struct decomposition *d,
    const struct weighted side[2], struct arena *a)
{
	bool *done = arena_array(a, m->n, sizeof *done);

	for (int shown = 0; shown < SHOWN; shown++) {
		double most = 0.0005;
		size_t which = m->n;

		for (size_t h = 0; h < m->n; h++) {
			double size = fabs(d->stratum[h].mix) + fabs(d->stratum[h].quality);

			if (!done[h] && size > most) {
				most = size;
				which = h;
			}
		}
		if (which == m->n)
			return;
		done[which] = true;
		slice_text(m, b, d, side, which, a);
	}
}

static void
print_text(const struct mix *m, struct buf *b, const struct decomposition *d,
    const struct weighted side[2], struct arena *a)
{
	double unscored = m->traffic ? 1 - (1 - m->unseen) * (1 - d->moved[1]) : d->moved[1];

	if (!d->known) {
		buf_puts(b, "  mix: no slice with a share has a score\n");
		return;
	}
	buf_fmt(b, "  weighted by slice  %.1f %% -> %.1f %%: ", d->from * 100, d->to * 100);
	part_text(b, "", &d->change);
	part_text(b, " pt = mix ", &d->mix);
	part_text(b, " + quality ", &d->quality);
	buf_puts(b, " (95 %)\n");
	if (m->traffic != NULL)
		buf_fmt(b, "    mix of %ld records of traffic, %ld without a slice\n", m->records,
		    m->unsliced);
	if (unscored > MOVED_TOLD)
		buf_fmt(b, "    %.1f %% of it lies in slices without a case that counts, and is left out\n",
		    unscored * 100);
	slices_text(m, b, d, side, a);
}

void
mix_metric(struct mix *m, struct session *s, int metric, bool json)
{
	struct weighted side[2];
	struct decomposition d;

	if (m->suite[1]->metric[metric].scorer->scale == SCALE_REAL) {
		if (json)
			buf_key_null(&s->out, "mix");
		return;
	}
	d = part_change(m, s, metric, side);
	if (json)
		print_json(m, &s->out, &d, side);
	else
		print_text(m, &s->out, &d, side, s->arena);
}
