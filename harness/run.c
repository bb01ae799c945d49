/*
 * run.c -- RUN: ask what is missing, commit each answer with its scores.
 *
 * Cases come from the store, where suite_store put them; what a run has already committed is a
 * bitmap, so resuming is the same code as starting.  An answer and its scores are one
 * transaction; counters in memory serve the progress line and the budgets and nothing else.
 */
#include "harness/progress.h"
#include "harness/sequence.h"

#include <stdlib.h>
#include <unistd.h>

struct runner {
	struct store  *store;
	struct suite  *suite;
	struct target *target;
	const struct run_options *options;
	struct progress progress;
	long     run;
	long     first, span;            /* test_case.id of the first case; ids covered */
	uint8_t *wanted;                   /* bit (id - first) + rep * span: to be asked */
	long     nwanted;
	struct query *cases;             /* open while a repetition is walked */
	struct sequence *sequence;       /* NULL: in the order of the store, to the end */
	size_t   place;                  /* in its order */
	int      rep;
	double   started, spent;         /* USD, earlier sittings included */
	long     tokens, ncost, in_flight;
	bool     out_of_budget;
	const char *budget_why;
	struct arena scratch;
};

/* ---- what is to be asked ------------------------------------------------------------------ */

static void
set(struct runner *r, long id, int rep, bool on)
{
	size_t bit = (size_t)(id - r->first) + (size_t)rep * (size_t)r->span;

	if (on)
		r->wanted[bit / 8] |= (uint8_t)(1u << (bit % 8));
	else
		r->wanted[bit / 8] &= (uint8_t)~(1u << (bit % 8));
}

static bool
is_wanted(const struct runner *r, long id, int rep)
{
	size_t bit = (size_t)(id - r->first) + (size_t)rep * (size_t)r->span;

	return r->wanted[bit / 8] >> (bit % 8) & 1;
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* So many cases, drawn by the seed: those with the lowest numbers, of another kind than the suite's
 * draw and the order of a sequence. */
static void
keep_sample(struct runner *r, long n, uint8_t *keep)
{
	uint64_t seed = r->suite->seed ^ UINT64_C(0x9e3779b97f4a7c15), most;
	uint64_t *number = mem_alloc((size_t)r->span, sizeof *number);
	uint64_t *sorted = mem_alloc((size_t)r->span, sizeof *sorted);
	struct query *q = store_query(r->store, "SELECT id, case_id FROM v_case WHERE suite = ?", "i",
	    r->suite->row);
	size_t k = 0;

	while (query_next(q))
		sorted[k++] = number[query_long(q, 0) - r->first] = draw_number(seed, query_text(q, 1));
	qsort(sorted, k, sizeof *sorted, by_value);
	most = k == 0 ? 0 : sorted[(size_t)n < k ? (size_t)n - 1 : k - 1];
	for (long i = 0; i < r->span; i++)
		keep[i] = (uint8_t)(keep[i] + (number[i] <= most));
	mem_free(number);
	mem_free(sorted);
}

static bool
is_sample(const char *filter, long *n)
{
	static const char kind[] = "sample:";

	return strncmp(filter, kind, sizeof kind - 1) == 0 &&
	    str_long(str_of(filter + sizeof kind - 1), n) && *n > 0;
}

/* One other --filter: a query for the ids of the cases it keeps, or NULL and a sentence. */
static struct query *
filter_query(struct runner *r, const char *filter, struct err *e)
{
	const char *colon = strchr(filter, ':'), *value = colon ? colon + 1 : "";
	struct str kind = { filter, colon ? (size_t)(colon - filter) : 0 };
	long suite = r->suite->row, run;

	if (str_is(kind, "id"))
		return store_query(r->store, "SELECT id FROM v_case WHERE suite = ? AND case_id GLOB ?",
		    "is", suite, value);
	if (str_is(kind, "slice"))
		return store_query(r->store, "SELECT id FROM v_case WHERE suite = ? AND slice_name = ?",
		    "is", suite, value);
	if (str_is(kind, "tag"))
		return store_query(r->store, "SELECT id FROM v_case WHERE suite = ?"
		    " AND instr(' ' || tags || ' ', ' ' || ? || ' ')", "is", suite, value);
	if (str_is(kind, "failed")) {
		if ((run = run_resolve(r->store, value, r->suite->name, e)) == 0)
			return NULL;
		return store_query(r->store, "SELECT t.id FROM v_case t WHERE t.suite = ?1 AND EXISTS"
		    " (SELECT 1 FROM v_score s JOIN v_case o ON o.id = s.test_case"
		    "   JOIN v_metric m ON m.run = s.run AND m.metric = s.metric"
		    "  WHERE s.run = ?2 AND o.case_id = t.case_id AND m.scale <> 'real'"
		    "    AND ifnull(s.value, 0) < 1)", "ii", suite, run);
	}
	err_set(e, "filter '%s': not one of id:GLOB, slice:NAME, tag:WORD, failed:RUN, sample:N",
	    filter);
	return NULL;
}

static int
plan(struct runner *r, struct err *e)
{
	const struct run_options *o = r->options;
	long suite = r->suite->row;
	uint8_t *keep;
	struct query *q;
	long sample;

	r->first = store_long(r->store, 0, "SELECT min(id) FROM v_case WHERE suite = ?", "i", suite);
	r->span = store_long(r->store, -1, "SELECT max(id) FROM v_case WHERE suite = ?", "i", suite) -
	    r->first + 1;
	if (r->first == 0)
		r->span = 0;
	keep = mem_alloc((size_t)r->span, 1);
	r->wanted = mem_alloc(((size_t)r->span * (size_t)r->suite->repeats + 7) / 8, 1);
	for (size_t i = 0; i < o->filter.n; i++) {
		if (is_sample(o->filter.text[i], &sample)) {
			keep_sample(r, sample, keep);
			continue;
		}
		if ((q = filter_query(r, o->filter.text[i], e)) == NULL) {
			mem_free(keep);
			return -1;
		}
		while (query_next(q))
			keep[query_long(q, 0) - r->first]++;
	}
	q = store_query(r->store, "SELECT id FROM v_case WHERE suite = ?", "i", suite);
	while (query_next(q)) {
		long id = query_long(q, 0);

		if (keep[id - r->first] != (uint8_t)o->filter.n)
			continue;
		for (int rep = 0; rep < r->suite->repeats; rep++, r->nwanted++)
			set(r, id, rep, true);
	}
	mem_free(keep);
	return 0;
}

/* Takes out what earlier sittings of this run have committed, and adds up what it cost. */
static void
skip_done(struct runner *r)
{
	struct query *q = store_query(r->store, "SELECT test_case, rep, ifnull(cost, 0),"
	    " ifnull(tokens_in, 0) + ifnull(tokens_out, 0) FROM v_completion WHERE run = ?", "i",
	    r->run);

	while (query_next(q)) {
		long id = query_long(q, 0);
		int rep = (int)query_long(q, 1);

		if (!is_wanted(r, id, rep))
			continue;
		set(r, id, rep, false);
		r->nwanted--;
		r->spent += query_real(q, 2);
		r->tokens += query_long(q, 3);
		r->ncost++;
	}
}

/* ---- the feed ------------------------------------------------------------------------------- */

/* Most cases ask their input and nothing else: those need no messages to be parsed.  The cases of
 * a suite are walked by their ids: its index would give them unsorted. */
static const char case_sql[] =
	"SELECT id, case_id, slice, expect, line, input, CASE plain WHEN 1 THEN '' ELSE messages END"
	"  FROM v_case WHERE id >= ? AND id < ? AND +suite = ? ORDER BY id";

static struct query *
open_cases(const struct runner *r)
{
	return store_query(r->store, case_sql, "iii", r->first, r->first + r->span, r->suite->row);
}

static void
load_messages(struct test_case *tc, struct str text, struct arena *a)
{
	struct json list, item;
	struct json_fault bad;
	size_t n = 0;

	if (json_parse(text, &list, &bad) != 0)
		die(EXIT_DAMAGED, "the store holds a case whose messages are not JSON: %s", bad.why);
	for (struct json_iter it = { .of = list }; json_next(&it, &item); )
		n++;
	tc->msg = arena_array(a, n, sizeof *tc->msg);
	for (struct json_iter it = { .of = list }; json_next(&it, &item); )
		tc->msg[tc->nmsg++] = (struct msg){
			str_cstr(json_text(json_get(item, "role"), a), a),
			json_text(json_get(item, "content"), a) };
}

static const struct test_case *
load_case(struct query *q, struct arena *a)
{
	struct test_case *tc = arena_alloc(a, sizeof *tc);

	*tc = (struct test_case){ .row = query_long(q, 0), .slice = (int)query_long(q, 2), .weight = 1,
		.line = query_long(q, 4) };
	tc->id = str_cstr(query_text(q, 1), a);
	case_expect(tc, str_dup(query_text(q, 3), a), a);
	tc->input = str_dup(query_text(q, 5), a);
	if (query_text(q, 6).n > 0) {
		load_messages(tc, str_dup(query_text(q, 6), a), a);
	} else {
		tc->msg = arena_array(a, 1, sizeof *tc->msg);
		tc->msg[tc->nmsg++] = (struct msg){ "user", tc->input };
	}
	return tc;
}

/* Whether one more request stays inside the budget, counting what is in flight at the mean. */
static bool
within_budget(struct runner *r)
{
	const struct budget *b = &r->options->budget;
	double mean = r->ncost ? r->spent / (double)r->ncost : 0;
	double mean_tokens = r->ncost ? (double)r->tokens / (double)r->ncost : 0;
	double ahead = (double)r->in_flight + 1;

	if (b->max_cost > 0 && (r->spent >= b->max_cost || r->spent + ahead * mean > b->max_cost))
		r->budget_why = "max-cost is spent";
	else if (b->max_tokens > 0 && (r->tokens >= b->max_tokens ||
	    (double)r->tokens + ahead * mean_tokens > (double)b->max_tokens))
		r->budget_why = "max-tokens are spent";
	else if (b->max_time > 0 && tick_now() - r->started >= b->max_time)
		r->budget_why = "max-time is over";
	else
		return true;
	r->out_of_budget = true;
	return false;
}

/* The next case of the seeded order, all its repetitions one after the other. */
static bool
next_in_sequence(struct runner *r, struct job *job, struct arena *slot)
{
	const long *row;
	size_t n = sequence_rows(r->sequence, &row);

	if (!r->options->all && sequence_decided(r->sequence))
		return false;
	for (; r->place < n; r->place++, r->rep = 0)
		for (; r->rep < r->suite->repeats; r->rep++) {
			struct query *q;

			if (!is_wanted(r, row[r->place], r->rep))
				continue;
			q = store_query(r->store, case_sql, "iii", row[r->place], row[r->place] + 1,
			    r->suite->row);
			if (!query_next(q))
				bug("case %ld vanished", row[r->place]);
			*job = (struct job){ load_case(q, slot), r->rep++ };
			query_free(q);
			r->nwanted--;
			r->in_flight++;
			return true;
		}
	return false;
}

static bool
next(void *ctx, struct job *job, struct arena *slot)
{
	struct runner *r = ctx;

	if (r->nwanted == 0 || !within_budget(r))
		return false;
	if (r->sequence != NULL)
		return next_in_sequence(r, job, slot);
	for (; r->rep < r->suite->repeats; r->rep++) {
		if (r->cases == NULL)
			r->cases = open_cases(r);
		while (query_next(r->cases)) {
			if (!is_wanted(r, query_long(r->cases, 0), r->rep))
				continue;
			*job = (struct job){ load_case(r->cases, slot), r->rep };
			r->nwanted--;
			r->in_flight++;
			return true;
		}
		r->cases = NULL;                        /* query_next freed it at its end */
	}
	return false;
}

static double
cost_of(const struct target *t, const struct completion *c)
{
	if (!t->has_prices || c->tokens_in < 0 || c->tokens_out < 0)
		return -1;
	return ((double)c->tokens_in * t->price_in + (double)c->tokens_out * t->price_out) / 1e6;
}

static bool
done(void *ctx, const struct job *job, const struct completion *given, struct str raw)
{
	struct runner *r = ctx;
	struct completion c = *given;
	struct score *score;

	arena_reset(&r->scratch);
	score = arena_array(&r->scratch, r->suite->nmetric, sizeof *score);
	if (c.cost < 0)
		c.cost = cost_of(r->target, &c);
	target_redact_answer(r->target, &c, &r->scratch);
	if (c.outcome == OUT_ANSWERED && !c.bad_utf8 && !r->target->keep_all)
		raw = STR("");
	else
		raw = target_redact(r->target, raw, &r->scratch);
	store_put_completion(r->store, r->run, job->tc->row, job->rep, &c, raw);
	score_completion(r->store, r->suite, r->run, job->tc, job->rep, &c, score, &r->scratch);
	r->in_flight--;
	r->spent += c.cost > 0 ? c.cost : 0;
	r->tokens += (c.tokens_in > 0 ? c.tokens_in : 0) + (c.tokens_out > 0 ? c.tokens_out : 0);
	r->ncost++;
	r->progress.done++;
	r->progress.cost = r->spent;
	r->progress.service += !OUTCOME_IS_MODELS(c.outcome);
	if (r->progress.metric != NULL) {
		r->progress.scored++;
		r->progress.passed += score[0].scored && score[0].value >= 1;
	}
	return true;
}

static size_t
unsaved(void *ctx)
{
	return store_unsaved(((struct runner *)ctx)->store);
}

static void
save(void *ctx)
{
	struct runner *r = ctx;

	store_flush(r->store);
	if (r->sequence != NULL)                        /* only what is committed is looked at */
		sequence_advance(r->sequence);
}

static void
beat(void *ctx, const struct engine_state *s)
{
	progress_show(&((struct runner *)ctx)->progress, s);
}

/* ---- dry run -------------------------------------------------------------------------------- */

/* The first request as it would be sent, without what is secret. */
static struct str
request_text(const struct target *t, const struct test_case *tc, struct arena *a)
{
	struct request q = { .path = "" };
	struct buf b = { 0 };
	struct str text;

	t->protocol->request(&q, t, tc, 0, a);
	if (t->protocol->wire == WIRE_HTTP)
		buf_fmt(&b, "POST %s%s\n", t->url, q.path);
	buf_str(&b, buf_as_str(&q.body));
	text = str_dup(target_redact(t, buf_as_str(&b), a), a);
	buf_free(&q.body);
	buf_free(&b);
	return text;
}

static long
answer_limit(const struct target *t)
{
	static const char *const name[] = { "max_completion_tokens", "max_tokens" };
	struct json config;
	struct json_fault bad;
	long n;

	if (json_parse(str_of(t->config_json), &config, &bad) == 0)
		for (size_t i = 0; i < COUNT(name); i++) {
			struct arena a = { 0 };
			struct json v = json_get(config, name[i]);
			bool found = v.type == JT_NUMBER ? json_long(v, &n) :
			    v.type == JT_STRING && str_long(json_text(v, &a), &n);

			arena_free(&a);
			if (found)
				return n;
		}
	return 0;
}

static const char *
visible(const char *name, struct arena *a)
{
	return str_cstr(str_visible(str_of(name), 200, false, a), a);
}

/* What would be asked, and what it can cost at most: a token is at least a byte. */
static void
dry_run(struct runner *r, struct buf *out)
{
	const struct target *t = r->target;
	struct arena a = { 0 };
	long bytes = 0, calls = r->nwanted, limit = answer_limit(t);
	struct query *q = open_cases(r);
	struct str request = STR("");
	const char *id = NULL;
	double asked, answered = (double)calls * (double)limit * t->price_out / 1e6;

	while (query_next(q)) {
		if (!is_wanted(r, query_long(q, 0), 0))
			continue;
		bytes += (long)(query_text(q, 5).n + query_text(q, 6).n) * r->suite->repeats;
		if (id == NULL) {
			const struct test_case *tc = load_case(q, &a);

			id = tc->id;
			request = request_text(t, tc, &a);
		}
	}
	asked = (double)bytes * t->price_in / 1e6;
	if (r->options->json) {
		buf_puts(out, "{\"dry_run\":true");
		buf_key_text(out, "suite", str_of(r->suite->name));
		buf_key_text(out, "digest", str_of(r->suite->digest));
		buf_key_text(out, "target", str_of(t->name));
		buf_key_long(out, "cases", calls / r->suite->repeats);
		buf_key_long(out, "calls", calls);
		buf_key_text(out, "first_case", str_of(id));
		buf_key_text(out, "request", request);
		if (t->has_prices && limit > 0)
			buf_key_real(out, "cost_at_most", asked + answered);
		else
			buf_key_null(out, "cost_at_most");
		buf_puts(out, "}\n");
	} else {
		buf_fmt(out, "suite %s  %ld cases, %ld calls to target '%s'\ndigest %s\n\n"
		    "the request of case '%s':\n", visible(r->suite->name, &a),
		    calls / r->suite->repeats, calls, visible(t->name, &a), r->suite->digest,
		    visible(id, &a));
		buf_indented(out, str_visible(request, 8192, true, &a), "  ");
		buf_char(out, '\n');
		if (t->has_prices && limit > 0)
			buf_fmt(out, "\ncost at most $%.4f (a token is at least a byte; "
			    "answers of %ld tokens)\n", asked + answered, limit);
		else if (t->has_prices)
			buf_fmt(out, "\ncost: questions at most $%.4f; "
			    "answers have no bound without max_tokens\n", asked);
	}
	arena_free(&a);
}

/* ---- the stage ------------------------------------------------------------------------------ */

static void
run_key(const struct runner *r, char key[65])
{
	struct sha256 h = sha256_begin();

	sha256_field(&h, str_of(r->suite->digest));
	sha256_field(&h, str_of(r->target->name));
	sha256_field(&h, str_of(r->target->digest));
	for (size_t i = 0; i < r->options->filter.n; i++)
		sha256_field(&h, str_of(r->options->filter.text[i]));
	sha256_end(&h, key);
}

static void
begin(struct runner *r, bool *resumed)
{
	char key[65], host[256] = "";
	struct buf filter = { 0 };
	struct run_row row = { .key = key, .suite = r->suite->row, .target = r->target->name,
		.target_digest = r->target->digest, .target_config = r->target->config_json,
		.program = PROGRAM_VERSION, .command = r->options->command, .host = host,
		.ncases = r->nwanted / r->suite->repeats, .ncalls = r->nwanted };

	run_key(r, key);
	gethostname(host, sizeof host - 1);
	for (size_t i = 0; i < r->options->filter.n; i++)
		buf_fmt(&filter, "%s%s", i ? " " : "", r->options->filter.text[i]);
	row.filter = filter.n ? filter.p : "";
	r->run = store_run_begin(r->store, &row, r->options->start, resumed);
	if (!*resumed)
		score_register(r->store, r->suite, r->run);
	else if (!score_is_current(r->store, r->suite, r->run))
		stage_score(r->store, r->suite, r->run);        /* it was scored by others meanwhile */
	store_flush(r->store);
	buf_free(&filter);
}

static enum run_state
state_of(const struct runner *r, const struct engine_result *e)
{
	if (e->stop == ENGINE_SIGNAL)
		return RUN_INTERRUPTED;
	if (e->stop == ENGINE_DEAD)
		return RUN_DEAD;
	return r->out_of_budget ? RUN_BUDGET : RUN_COMPLETE;
}

int
stage_run(struct store *st, struct suite *s, struct target *t, const struct run_options *o,
    struct run_result *out, struct arena *a, struct err *e)
{
	struct runner r = { .store = st, .suite = s, .target = t, .options = o, .started = tick_now() };
	struct feed feed = { next, done, unsaved, save, beat, &r };
	struct engine_result result;
	struct str why;
	long total;
	int status = 0;

	*out = (struct run_result){ 0 };
	if (plan(&r, e) != 0) {
		status = EXIT_MISTAKE;
		goto out;
	}
	total = r.nwanted;
	if (total == 0) {
		err_set(e, o->filter.n ?
		    "no case of suite '%s' matches the filter: there is nothing to judge" :
		    "suite '%s' has no cases: there is nothing to judge", s->name);
		status = EXIT_UNSURE;
		goto out;
	}
	if (o->dry_run) {
		dry_run(&r, o->out);
		goto out;
	}
	begin(&r, &out->resumed);
	out->run = r.run;
	if (o->preflight != 0)
		store_event(st, r.run, "preflight", arena_fmt(a, "run %ld", o->preflight));
	skip_done(&r);
	if (o->hold)
		r.nwanted = 0;
	if ((r.sequence = sequence_open(st, s, r.run, o->base == r.run ? 0 : o->base, a)) != NULL &&
	    sequence_advance(r.sequence) && !o->all)
		r.nwanted = 0;                              /* decided before it was interrupted */
	if (t->serve != NULL && r.nwanted > 0) {
		if (serve_start(t, a, e) != 0) {
			store_run_end(st, r.run, RUN_DEAD, tick_now() - r.started);
			store_flush(st);
			status = EXIT_SURROUNDINGS;
			goto out;
		}
		store_run_serving(st, r.run, serve_record(t));
	}
	progress_begin(&r.progress, total - r.nwanted, total, s->nmetric &&
	    s->metric[0].scorer->scale != SCALE_REAL ? s->metric[0].name : NULL, o->quiet);
	result = engine_run(t, &feed, s->seed);
	progress_end(&r.progress);
	if (t->serve != NULL)
		serve_stop(t);
	out->state = o->hold ? RUN_INTERRUPTED : state_of(&r, &result);
	out->signal = result.signal;
	why = target_redact(t, str_of(out->state == RUN_BUDGET ? r.budget_why : result.why), a);
	snprintf(out->why, sizeof out->why, "%.*s", STR_ARG(why));
	store_run_end(st, r.run, out->state, tick_now() - r.started);
	/* A complete run is not asked again, so it becomes one together with its verdict. */
	if (out->state != RUN_COMPLETE)
		store_flush(st);
out:
	if (r.cases != NULL)
		query_free(r.cases);
	sequence_free(r.sequence);
	mem_free(r.wanted);
	arena_free(&r.scratch);
	return status;
}
