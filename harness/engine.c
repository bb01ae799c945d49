/*
 * engine.c -- asks a target for the completions that a feed wants: one thread, one loop.
 *
 * Every slot is free, ready, flying or waiting for its next attempt.  One turn of the loop:
 * save what is due, fill free slots from the feed, send what the pace allows, sleep in
 * epoll_wait until a socket, a worker, a signal or the nearest deadline, and act on it.
 * The slots that are not free and the results that are not saved are together never more than
 * the target's slots: that is all a crash can lose.
 */
#include "harness/signals.h"
#include "harness/slot.h"
#include "harness/workers.h"

#include <errno.h>
#include <math.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TAG_SIGNAL   (UINT64_C(1) << 32)
#define SAVE_SECONDS 0.003              /* the oldest result waits this long, or */
#define SAVE_TIMES   2                  /* this many times what the last save took, */
#define QUIET_SECONDS 0.001             /* or until nothing came for so long, if the last save */
#define QUIET_TIMES  5                  /* is this many times as long ago as it took */
#define LOCAL_AT_RISK 256               /* answers computed in place that may be unsaved */
#define BEAT_SECONDS 0.1
#define END_SECONDS  2                  /* for what is in flight when we are told to stop */

enum { EVENTS = 256 };

struct engine {
	const struct target *target;
	const struct feed   *feed;
	struct http         *http;            /* WIRE_HTTP */
	struct workers      *workers;         /* WIRE_CHILD */
	struct pace          pace;
	struct engine_result result;
	uint64_t             jitter;
	int                  epoll;
	struct signals       signals;

	struct slot         *slot;
	size_t               nslots, flying, waiting;
	size_t               at_risk;         /* taken and unsaved together, at most */
	size_t              *vacant, nvacant; /* free slots, a stack */
	size_t              *ready, first, nready;      /* a ring */

	double               alarm;           /* no limit or wait ends before */
	double               unsaved_since;   /* INFINITY: all is saved */
	double               last_result, last_save, save_took, beat;
	double               end_by;          /* stopping: when flying slots are dropped */
	bool                 stopping, dry;   /* dry: the feed has no more */

	enum outcome         last_failure;    /* how many cases in a row failed alike */
	int                  last_status, alike;
	long                 finished;
	struct buf           why;
};

/* ---- what is known of slots ----------------------------------------------------------- */

static void
make_ready(struct engine *e, struct slot *s)
{
	s->phase = SLOT_READY;
	e->ready[(e->first + e->nready++) % e->nslots] = s->index;
}

static void
vacate(struct engine *e, struct slot *s)
{
	arena_reset(&s->arena);
	arena_reset(&s->answer);
	s->phase = SLOT_FREE;
	e->vacant[e->nvacant++] = s->index;
}

static size_t
unsaved(const struct engine *e)
{
	return e->feed->unsaved(e->feed->ctx);
}

static void
stop(struct engine *e, enum engine_stop how, double now)
{
	if (!e->stopping)
		e->result.stop = how;
	e->stopping = true;
	if (how != ENGINE_FEED)
		e->end_by = fmin(e->end_by, now + END_SECONDS);
}

/* ---- how a case ends ------------------------------------------------------------------ */

/* What is recorded, or computed here, does not come right by being asked later. */
static bool
may_die(const struct target *t)
{
	return t->give_up > 0 && t->protocol->wire != WIRE_LOCAL;
}

/* In case it is the last: the reason a target that is dead was left. */
static void
blame(struct engine *e, const struct completion *c, enum retry what)
{
	const char *target = e->target->name;

	if (what == RETRY_STOP)
		snprintf(e->result.why, sizeof e->result.why,
		         "target '%s' refuses every request: %.*s", target, STR_ARG(c->why));
	else
		snprintf(e->result.why, sizeof e->result.why,
		         "target '%s' failed %d cases in a row: %.*s", target, e->alike,
		         STR_ARG(c->why));
}

static double
cost_of(const struct target *t, const struct completion *c)
{
	if (!t->has_prices || c->tokens_in < 0 || c->tokens_out < 0)
		return -1;
	return ((double)c->tokens_in * t->price_in + (double)c->tokens_out * t->price_out) / 1e6;
}

static void
finish(struct engine *e, struct slot *s, enum retry what, double now)
{
	struct completion *c = &s->c;

	c->cost = cost_of(e->target, c);
	e->finished++;
	if (OUTCOME_IS_MODELS(c->outcome)) {
		e->alike = 0;
	} else {
		bool same = e->alike > 0 && e->last_failure == c->outcome &&
		            e->last_status == c->status;

		e->alike = same ? e->alike + 1 : 1;
		e->last_failure = c->outcome;
		e->last_status = c->status;
		if (!e->stopping)
			blame(e, c, what);
	}
	if (!e->stopping && (what == RETRY_STOP ||
	                     (may_die(e->target) && e->alike >= e->target->give_up)))
		stop(e, ENGINE_DEAD, now);
	if (!e->feed->done(e->feed->ctx, &s->job, c, s->raw))
		stop(e, ENGINE_FEED, now);
	if (e->unsaved_since > now && unsaved(e) > 0)
		e->unsaved_since = now;
	e->last_result = now;
	vacate(e, s);
}

/* A suite smaller than `give_up` can meet a dead target too: nothing but one and the same
 * failure, and none that a case could be the reason of. */
static bool
was_dead(const struct engine *e)
{
	return may_die(e->target) && e->finished > 0 && e->alike == e->finished &&
	       (e->last_failure == OUT_UNAVAILABLE || e->last_failure == OUT_TIMEOUT ||
	        (e->last_failure == OUT_REJECTED && e->last_status == 0));
}

static void
wait_for(struct engine *e, struct slot *s, double wait, double now)
{
	s->phase = SLOT_WAITING;
	s->due = now + wait;
	s->c.ms_backoff += wait * 1e3;
	e->waiting++;
	e->alarm = fmin(e->alarm, s->due);
}

/* An attempt ended: again, or that was it.  What a stop leaves untried is dropped, not
 * recorded: the next sitting asks it anew. */
static void
settle(struct engine *e, struct slot *s, struct retry_advice advice, double now)
{
	const struct target *t = e->target;
	const double left = t->retry_wait_max - s->c.ms_backoff / 1e3;
	uint64_t draw;

	if (advice.what != RETRY_YES || s->c.attempts > t->retries) {
		finish(e, s, advice.what, now);
		return;
	}
	if (e->stopping) {
		vacate(e, s);
		return;
	}
	if (advice.wait < 0) {
		draw = hash64(str_of(s->job.tc->id), (uint64_t)s->job.rep);
		advice.wait = fmin(retry_backoff(s->c.attempts - 1, e->jitter,
		                                 draw + (uint64_t)s->c.attempts), left);
		if (left <= 0) {
			finish(e, s, advice.what, now);
			return;
		}
	}
	if (advice.wait > left) {
		s->c.outcome = OUT_UNAVAILABLE;
		s->c.why = str_of(arena_fmt(&s->answer,
		                            "the service asks to wait %.0f s, more than the %.0f s "
		                            "that may still be waited: %.*s", advice.wait,
		                            fmax(left, 0), STR_ARG(s->c.why)));
		finish(e, s, advice.what, now);
		return;
	}
	wait_for(e, s, advice.wait, now);
}

/* A flying slot's attempt is over. */
static void
landed(struct engine *e, struct slot *s, struct retry_advice advice, double now)
{
	e->flying--;
	settle(e, s, advice, now);
}

/* ---- sending -------------------------------------------------------------------------- */

static void
take(struct engine *e, double now)
{
	while (!e->stopping && !e->dry && e->nvacant > 0 &&
	       e->nslots - e->nvacant + unsaved(e) < e->at_risk) {
		struct slot *s = &e->slot[e->vacant[e->nvacant - 1]];

		if (!e->feed->next(e->feed->ctx, &s->job, &s->arena)) {
			e->dry = true;
			return;
		}
		e->nvacant--;
		slot_take(s, now);
		make_ready(e, s);
	}
}

static void
send_line(struct engine *e, struct slot *s, double now)
{
	struct err err = { 0 };

	if (workers_send(e->workers, s->index, buf_as_str(&s->req.body), &err) == 0) {
		s->due = e->target->limits.total > 0 ? now + e->target->limits.total : INFINITY;
		e->alarm = fmin(e->alarm, s->due);
		return;
	}
	slot_fail(s, OUT_UNAVAILABLE, err.msg, now);
	landed(e, s, (struct retry_advice){ RETRY_NO, -1 }, now);
}

static void
send_slot(struct engine *e, struct slot *s, double now)
{
	s->phase = SLOT_FLYING;
	e->flying++;
	e->result.requests++;
	slot_prepare(s, now);
	if (e->http != NULL) {
		http_send(s->call, &s->req);
		(void)slot_limit(s, now);
		e->alarm = fmin(e->alarm, s->due);
	} else if (e->workers != NULL) {
		send_line(e, s, now);
	} else {
		slot_local(s);
		landed(e, s, (struct retry_advice){ RETRY_NO, -1 }, now);
	}
}

static void
send_ready(struct engine *e, double now)
{
	while (e->nready > 0 && !e->stopping && pace_when(&e->pace, e->flying, now) <= 0) {
		struct slot *s = &e->slot[e->ready[e->first]];

		e->first = (e->first + 1) % e->nslots;
		e->nready--;
		pace_sent(&e->pace, now);
		send_slot(e, s, now);
	}
}

/* ---- what came back ------------------------------------------------------------------- */

static void
adapt(struct engine *e, const struct slot *s, enum http_end end, double now)
{
	const struct reply_head *head = &s->call->head;

	if (head->status == 429)
		pace_throttled(&e->pace, now);
	else if (end == HTTP_WHOLE && head->status >= 200 && head->status < 300)
		pace_success(&e->pace);
	if (head->limit_reset > 0)
		pace_pause(&e->pace, now + fmin(head->limit_reset, e->target->retry_wait_max));
}

static void
collect(struct engine *e)
{
	struct http_call *call;
	enum http_end end;

	while ((call = http_ended(e->http, &end, &e->why)) != NULL) {
		struct slot *s = call->owner;
		double now = tick_now();

		adapt(e, s, end, now);
		landed(e, s, slot_answered(s, end, buf_as_str(&e->why)), now);
	}
}

static void
lose_worker(struct engine *e, struct slot *s, enum outcome o, const char *what, double now)
{
	buf_reset(&e->why);
	buf_fmt(&e->why, "%s: ", what);
	workers_stop(e->workers, s->index, &e->why);
	slot_fail(s, o, e->why.p, now);
	landed(e, s, (struct retry_advice){ RETRY_YES, -1 }, now);
}

static void
hear_worker(struct engine *e, struct slot *s)
{
	bool asked = s->phase == SLOT_FLYING;
	struct str line;
	enum child_event event = workers_readable(e->workers, s->index, asked, &line);
	double now = tick_now();

	if (!asked || event == CHILD_MORE)
		return;
	if (event == CHILD_LINE) {
		struct retry_advice advice = slot_line(s, line, now);

		if (slot_in_step(s))
			landed(e, s, advice, now);
		else
			lose_worker(e, s, OUT_GARBAGE, "the worker answered another request", now);
	} else if (event == CHILD_OVER)
		lose_worker(e, s, OUT_GARBAGE, "the worker's line is too long", now);
	else
		lose_worker(e, s, OUT_GARBAGE, "the worker ended before it answered", now);
}

static void
hear_signal(struct engine *e)
{
	int number;

	while ((number = signals_next(&e->signals)) != 0) {
		double now = tick_now();

		if (e->result.signal != 0)
			e->end_by = now;
		e->result.signal = number;
		e->result.stop = ENGINE_SIGNAL;
		stop(e, ENGINE_SIGNAL, now);
	}
}

/* ---- time ----------------------------------------------------------------------------- */

static void
look_at(struct engine *e, struct slot *s, double now)
{
	enum limit limit;

	if (s->phase == SLOT_WAITING && now >= s->due) {
		e->waiting--;
		make_ready(e, s);
	} else if (s->phase == SLOT_FLYING && e->http != NULL) {
		if ((limit = slot_limit(s, now)) != LIMIT_NONE) {
			http_cancel(s->call);
			landed(e, s, slot_late(s, limit, now), now);
		}
	} else if (s->phase == SLOT_FLYING && now >= s->due) {
		lose_worker(e, s, OUT_TIMEOUT, "no answer in time", now);
	}
	if (s->phase == SLOT_WAITING || s->phase == SLOT_FLYING)
		e->alarm = fmin(e->alarm, s->due);
}

static void
look_at_limits(struct engine *e, double now)
{
	if (now < e->alarm)
		return;
	e->alarm = INFINITY;
	for (size_t i = 0; i < e->nslots; i++)
		look_at(e, &e->slot[i], now);
}

/* Once stopping, nothing that sleeps is sent again, and in the end nothing is waited for. */
static void
drop_slots(struct engine *e, double now)
{
	if (!e->stopping)
		return;
	for (size_t i = 0; i < e->nslots; i++) {
		struct slot *s = &e->slot[i];

		if (s->phase == SLOT_FREE || (s->phase == SLOT_FLYING && now < e->end_by))
			continue;
		if (s->phase == SLOT_FLYING && e->http != NULL)
			http_cancel(s->call);
		else if (s->phase == SLOT_FLYING)
			workers_stop(e->workers, i, NULL);
		e->flying -= s->phase == SLOT_FLYING;
		e->waiting -= s->phase == SLOT_WAITING;
		vacate(e, s);
	}
	e->nready = 0;
}

static double
save_due(const struct engine *e)
{
	double quiet = fmax(e->last_result + QUIET_SECONDS,
	                    e->last_save + QUIET_TIMES * e->save_took);

	return e->unsaved_since == INFINITY ? INFINITY :
	    fmin(quiet, e->unsaved_since + fmax(SAVE_SECONDS, SAVE_TIMES * e->save_took));
}

static bool
more_to_come(const struct engine *e)
{
	return e->flying > 0 || (e->at_risk > e->nslots && !e->dry && !e->stopping);
}

static void
save_if_due(struct engine *e, double now)
{
	size_t n = unsaved(e);

	if (n == 0) {
		e->unsaved_since = INFINITY;
		return;
	}
	if (more_to_come(e) && n < (e->at_risk + 1) * 3 / 4 && now < save_due(e))
		return;
	e->feed->save(e->feed->ctx);
	e->last_save = tick_now();
	e->save_took = e->last_save - now;
	e->unsaved_since = INFINITY;
}

static void
beat_if_due(struct engine *e, double now)
{
	struct engine_state state = { e->flying, e->waiting, (int)e->pace.limit,
	                              e->result.requests };

	if (e->feed->beat == NULL || now < e->beat)
		return;
	e->feed->beat(e->feed->ctx, &state);
	e->beat = now + BEAT_SECONDS;
}

/* Milliseconds until something is due; never too early, so that no turn is for nothing. */
static int
patience(const struct engine *e)
{
	double now = tick_now(), until = fmin(e->alarm, save_due(e));

	if (e->http != NULL)
		until = fmin(until, http_timer(e->http));
	if (e->stopping)
		until = fmin(until, e->end_by);
	if (e->nready > 0)
		until = fmin(until, pace_when(&e->pace, e->flying, now));
	if (e->flying + e->nready + e->waiting == 0)
		return 0;                       /* saving is next, then asking, or the end */
	if (e->feed->beat != NULL || e->workers != NULL)
		until = fmin(until, fmax(e->beat, now + BEAT_SECONDS / 2));
	if (until <= now)
		return 0;
	return until - now > 60 ? 60000 : (int)ceil((until - now) * 1e3);
}

static void
wait_and_act(struct engine *e)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(e->epoll, ev, EVENTS, patience(e));

	if (n < 0 && errno != EINTR)
		die(EXIT_SURROUNDINGS, "cannot wait for answers: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		uint64_t tag = ev[i].data.u64;
		size_t low = tag & UINT32_MAX;

		if (tag == TAG_SIGNAL)
			hear_signal(e);
		else if (tag >= WORKER_LISTEN)
			workers_writable(e->workers, low);
		else if (tag >= WORKER_SPOKE)
			hear_worker(e, &e->slot[low]);
		else
			http_ready(e->http, (int)low, ev[i].events);
	}
	if (e->http != NULL) {
		if (http_timer(e->http) <= tick_now())
			http_expire(e->http);
		collect(e);
	}
}

static void
loop(struct engine *e)
{
	for (;;) {
		double now = tick_now();

		look_at_limits(e, now);
		drop_slots(e, now);
		save_if_due(e, now);
		take(e, now);
		send_ready(e, now);
		beat_if_due(e, now);
		if (e->nvacant == e->nslots && (e->stopping || e->dry) && unsaved(e) == 0)
			return;
		wait_and_act(e);
	}
}

/* ---- from beginning to end ------------------------------------------------------------ */

static void
open_wire(struct engine *e)
{
	if (e->target->protocol->wire == WIRE_HTTP)
		e->http = http_open(e->target, e->epoll, e->nslots);
	else if (e->target->protocol->wire == WIRE_CHILD)
		e->workers = workers_open(e->target, e->epoll, e->nslots);
	e->slot = mem_alloc(e->nslots, sizeof *e->slot);
	e->vacant = mem_alloc(e->nslots, sizeof *e->vacant);
	e->ready = mem_alloc(e->nslots, sizeof *e->ready);
	for (size_t i = 0; i < e->nslots; i++) {
		struct slot *s = &e->slot[i];

		s->index = i;
		s->target = e->target;
		s->alarm = &e->alarm;
		s->call = e->http != NULL ? http_call(e->http, i) : NULL;
		e->vacant[e->nvacant++] = e->nslots - 1 - i;
	}
}

static void
close_wire(struct engine *e)
{
	if (e->http != NULL)
		http_close(e->http);
	if (e->workers != NULL)
		workers_close(e->workers);
	for (size_t i = 0; i < e->nslots; i++)
		slot_free(&e->slot[i]);
	mem_free(e->slot);
	mem_free(e->vacant);
	mem_free(e->ready);
	buf_free(&e->why);
}

static void
open_epoll(struct engine *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = TAG_SIGNAL };

	signals_open(&e->signals);
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll < 0 || epoll_ctl(e->epoll, EPOLL_CTL_ADD, e->signals.fd, &ev) != 0)
		die(EXIT_SURROUNDINGS, "cannot wait for answers: %s", strerror(errno));
}

struct engine_result
engine_run(const struct target *t, const struct feed *f, uint64_t seed)
{
	struct engine e = {
		.target = t, .feed = f, .jitter = rng_key(seed, "retry"),
		.nslots = pace_slots(t),
		.alarm = INFINITY, .unsaved_since = INFINITY, .end_by = INFINITY,
	};

	e.at_risk = t->protocol->wire == WIRE_LOCAL ? LOCAL_AT_RISK : e.nslots;
	pace_begin(&e.pace, (int)e.nslots, t->per_minute);
	open_epoll(&e);
	open_wire(&e);
	loop(&e);
	if (e.result.stop == ENGINE_END && was_dead(&e))
		e.result.stop = ENGINE_DEAD;
	close_wire(&e);
	close(e.epoll);
	signals_close(&e.signals);
	return e.result;
}
