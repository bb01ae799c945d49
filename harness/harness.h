/*
 * harness.h -- suites, targets, protocols, the engine and the three stages.
 *
 * Layer 7.  `suite.c` and `target.c` turn files into the structs below; RUN (run.c) asks the
 * target through engine.c and commits completions with their scores; SCORE (score.c) turns
 * rows into scores and estimates; GATE (gate.c) turns two runs into verdicts.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "harness/base/base.h"
#include "harness/base/nouns.h"
#include "harness/store.h"
#include "metrics/metrics.h"

#define PROGRAM_VERSION "0.1.0"

/* ---- suite.c, draw.c --------------------------------------------------------------------------- */

struct metric {
	const char          *name;
	const struct scorer *scorer;
	void                *params;      /* of the scorer, bound and checked */
	const char          *params_json; /* the same, canonical, for the digest */
	bool                 score_truncated;  /* score answers cut by the token limit; else they fail */
	const struct node   *at;
};

/* In the order of the words of `rule` in suite_gates.c. */
enum rule_kind { RULE_AT_LEAST, RULE_AT_MOST, RULE_NO_WORSE, RULE_BETTER, RULE_EQUIVALENT,
                 RULE_GUARDRAIL, RULE_LATENCY, RULE_COST };
struct gate_rule {
	const char *name, *help;
	unsigned    takes;                /* RULE_VALUE ... */
	const char *example;              /* of value and margin */
	const char *of;                   /* what its metric must give, or NULL: any will do */
	enum scale  scale;
};
enum { RULE_VALUE = 1, RULE_MARGIN = 2, RULE_MARGIN_NEEDED = 4 };
extern const struct gate_rule gate_rule[];       /* by rule_kind; ends in {0} */
struct gate {
	const char *name;
	int         metric;               /* index into suite->metric */
	int         slice;                /* -1: the whole suite */
	int         rule;                 /* enum rule_kind */
	bool        paired;               /* compares with a baseline: has a margin, else a value */
	double      value;                /* the bound, in the metric's own unit, rates 0..1 */
	double      margin;               /* absolute, or if `relative` a part of the baseline's */
	bool        relative;             /*   error rate (rates) or value (others) */
	double      quantile;             /* latency: which is bounded */
	bool        advisory;             /* judged and shown, but no part of the release's verdict */
	double      alpha;                /* one-sided */
	double      power;                /* for n needed */
	double      overlap;              /* least share of cases that must pair */
	double      unanswered;           /* most that may lack an answer before INVALID */
	const struct node *at;
};

struct slice { const char *name; double share; bool has_share; long floor; long drawn, found; };

struct prompt_msg { const char *role; struct str text; };

/* The configuration of a suite; case texts stay in their file. */
struct suite {
	const char        *name, *path, *dir;
	struct str         source;        /* suite.yaml as it is */
	struct node       *root;
	const char        *cases;         /* as written, relative to dir */
	struct prompt_msg *prompt;
	size_t             nprompt;
	long               size;          /* 0: all cases */
	uint64_t           seed;
	int                repeats;
	bool               has_slices, has_shares;
	struct slice      *slice;
	size_t             nslice;
	struct metric     *metric;
	size_t             nmetric;
	struct gate       *gate;
	size_t             ngate;
	bool               sequential;    /* asked in seeded order, until the verdict is decided */
	long               preflight;     /* cases of the baseline to ask again first; 0: none */
	struct suite_fields *fields;      /* suite.c's */
	char               digest[65], prompt_digest[65];
	long               row;           /* in the store, after suite_store */
	long               ncases;        /* drawn */
};

/* Reads and checks suite.yaml (a folder means its suite.yaml).  NULL and all mistakes in err. */
struct suite *suite_load(const char *path, const struct roots *, struct arena *, struct err *);
/* The same from the text that a store kept: metrics and gates only, no case file is opened. */
struct suite *suite_from_source(struct str source, const char *path, struct arena *, struct err *);
/* Asks with another prompt, read as that of suite.yaml but with files relative to `dir`. */
int suite_set_prompt(struct suite *, struct node *prompt, const char *dir, const struct roots *,
                     struct arena *, struct err *);
/* Reads the cases twice, as a stream: checks and draws, then writes what was drawn into the
 * store unless it is there.  Sets digest, row, ncases and the slices.  0, or -1 and all
 * mistakes (at most 100 shown). */
int suite_store(struct suite *, const struct roots *, struct store *, struct arena *, struct err *);

/* Largest remainder with floors: how many cases of each slice make `size`.  draw[i] is at
 * most found[i]; -1 and a sentence when floors do not fit. */
int draw_allocate(const struct slice *, size_t n, long size, long *draw, struct err *);
/* The permanent random number of a case: the lowest `draw` of a slice are taken. */
uint64_t draw_number(uint64_t seed, struct str case_id);

/* ---- target.c: driftlead.yaml -------------------------------------------------------------------- */

struct limits {
	double connect, first_byte, idle, total;   /* seconds; 0: none */
	long   body;                               /* bytes, after decompression */
};

struct target {
	const char            *name;
	const struct protocol *protocol;
	void                  *params;        /* the protocol's, bound */
	void                  *state;         /* the protocol's, made by open */
	const char            *url, *model;
	const char            *unix_socket;   /* or NULL */
	const char            *key_env;       /* name of the environment variable, or NULL */
	struct str             key;           /* its value; never stored, printed or logged */
	const char           **header;        /* "Name: value", ${NAME} replaced by target_open */
	size_t                 nheader;
	struct texts           secret;        /* every value that came from the environment */
	const char            *ca_file;       /* or NULL */
	int                    slots;
	double                 per_minute;    /* 0: no pacing */
	int                    retries;
	double                 retry_wait_max;/* seconds of waiting that one case may cost */
	int                    give_up;       /* identical final failures in a row that stop the run */
	struct limits          limits;
	bool                   has_prices;
	double                 price_in, price_out;   /* USD per million tokens */
	bool                   keep_all;      /* keep every raw body, not only what failed */
	struct serve          *serve;         /* or NULL: serve.c */
	struct worker         *worker;        /* exec: child.c */
	const char            *config_json;   /* canonical, without secrets */
	char                   digest[65];
	const char            *dir;           /* paths are relative to it */
	const struct roots    *roots;
};

struct project {
	const char    *path, *dir;            /* path NULL: no driftlead.yaml was found */
	const char    *store;                 /* absolute */
	struct roots   roots;
	struct target *target;
	size_t         ntarget;
	struct watch  *watch;                 /* harness/watch.h */
	size_t         nwatch;
};
/* watch_conf.c: the mapping `watches` of the project file. */
void watches_read(struct project *, struct node *, struct arena *, struct err *);

/* Finds driftlead.yaml from `start` upwards (or takes `config`), or the defaults when there is
 * none: a store in .driftlead/ and no targets but those of protocols without parameters. */
struct project *project_load(const char *config, const char *start, const char *store,
                             struct arena *, struct err *);
/* Checks everything that can be wrong before the first request and opens the protocol (reads
 * keys, training files, recorded answers). */
int target_open(struct target *, struct arena *, struct err *);
/* The named target; without a name the only one.  A protocol that needs no parameter is a
 * target of its own name. */
struct target *target_find(struct project *, const char *name, struct arena *, struct err *);
/* Replaces every secret of the target in `text` by "***"; `text` itself if there is none. */
struct str target_redact(const struct target *, struct str text, struct arena *);
/* Likewise all that the server said in a completion; short values are words there and stay. */
void target_redact_answer(const struct target *, struct completion *, struct arena *);

/* ---- protocols: bytes out, bytes in ---------------------------------------------------------------- */

enum wire {
	WIRE_HTTP,
	WIRE_CHILD,                           /* one line to a worker, one line back */
	WIRE_LOCAL                            /* nothing moves: the request is handed to reply */
};

struct request {
	const char   *path;                   /* appended to the target's url */
	const char  **header;
	size_t        nheader;
	struct buf    body;
	bool          stream;                 /* server-sent events are expected */
};

struct protocol {
	const char *name, *help;
	enum wire   wire;
	const struct conf_key *params;        /* NULL, or a table ending in {0} */
	size_t      size;
	/* Checks params and prepares target->state.  Optional. */
	int  (*open)(struct target *, struct arena *, struct err *);
	/* A case to bytes.  For WIRE_LOCAL the body is what `reply` gets. */
	void (*request)(struct request *, const struct target *, const struct test_case *, int rep,
	                struct arena *);
	/* Bytes to a completion.  Cannot fail: a body it cannot read is OUT_GARBAGE with `why`.
	 * Sets outcome, text, why, finish, served, tokens, lp; *c starts as completion_blank. */
	void (*reply)(struct completion *, const struct target *, int status, struct str body,
	              struct arena *);
	/* Optional: one server-sent event, whose text is appended to `text`.  True when the stream
	 * is complete; one that ends otherwise counts only if `finish` was set.  `reply` is not
	 * called for streams that began with status 200, but for an answer of any other content
	 * type, streamed or not. */
	bool (*event)(struct completion *, struct buf *text, const struct target *, struct str data,
	              struct arena *);
};

const struct protocol *protocol_find(const char *name);
const struct protocol *const *protocol_all(void);               /* NULL-terminated */
struct completion completion_blank(void);
/* mend.c: json_parse for replies.  What is no UTF-8, or half a surrogate pair, becomes U+FFFD
 * and sets *bad_utf8; the root then lies in the arena.  False: not JSON, with the fault. */
bool reply_parse(struct str body, struct json *root, bool *bad_utf8, struct json_fault *,
                 struct arena *);

/* How to go on after an HTTP answer that is not a completion (ecosystem conventions: status,
 * headers, error body).  policy.c */
enum retry { RETRY_NO, RETRY_YES, RETRY_STOP /* no request to this target can succeed */ };
struct retry_advice { enum retry what; double wait; /* seconds, -1: none given */ };
enum { LIMITS_SEEN = 4 };                    /* requests, tokens, input-tokens, output-tokens */
struct reply_head {
	int    status;
	double retry_after;                   /* seconds, from retry-after-ms or retry-after; -1 */
	bool   retry_after_ms;                /* the exact one came: it wins */
	int    should_retry;                  /* x-should-retry: 1, 0, or -1 absent */
	double limit_reset;                   /* seconds to wait because remaining is 0; -1 */
	struct { bool none; double reset; } limit[LIMITS_SEEN];
	bool   gzip_error;
	bool   event_stream;                  /* content-type: text/event-stream */
};
struct reply_head reply_head_blank(void);
/* Reads one header line into head (case-insensitive; HTTP dates against now).  A status line
 * starts afresh: what an interim answer (1xx) said is forgotten. */
void reply_head_line(struct reply_head *, struct str line, int64_t now_ms);
/* Whether an answer with this status may be sent again at all. */
bool retry_status(int status);
struct retry_advice retry_advise(const struct reply_head *, struct str body);
/* min(0.5 * 2^attempt, 8) seconds with up to 25 % jitter from rng_at. */
double retry_backoff(int attempt, uint64_t jitter_key, uint64_t index);

/* pace.c: how many requests may be in flight, and when the next may leave.  Times are
 * tick_now's.  A 429 halves `limit` at most once a second; as many successes as the limit raise
 * it by one. */
struct pace {
	int    slots;                         /* the most there may ever be */
	double limit;                         /* now */
	double halved;                        /* when it was last */
	double gap, next;                     /* seconds between two requests; when the next may go */
	double paused;                        /* no request before: the service said 0 remaining */
};
/* The target's slots, or as many as the limit on open files allows: it is raised as far as we
 * may, and a warning says when that is not enough. */
size_t pace_slots(const struct target *);
void   pace_begin(struct pace *, int slots, double per_minute);
/* When a request may be sent, with `in_flight` under way; 0: now; INFINITY: when one ends. */
double pace_when(const struct pace *, size_t in_flight, double now);
void   pace_sent(struct pace *, double now);
void   pace_success(struct pace *);
void   pace_throttled(struct pace *, double now);
void   pace_pause(struct pace *, double until);

/* sse.c: server-sent events from chunks cut anywhere.  Starts zeroed. */
enum { SSE_LINE_MAX = 1 << 20, SSE_EVENT_MAX = 4 << 20 };
struct sse { struct buf line, data; size_t bom; bool cr, has_data, bom_done, over, stopped; };
/* Calls fn for each complete event's data; returns false if fn did, or a line passed the ceiling. */
bool sse_feed(struct sse *, struct str chunk, bool (*fn)(void *ctx, struct str data), void *ctx);
void sse_free(struct sse *);

/* ---- engine.c: one thread, one loop ----------------------------------------------------------------- */

struct job { const struct test_case *tc; int rep; };

struct engine_state {
	size_t in_flight, waiting;            /* asked; sleeping before a retry */
	int    slots;                         /* now, after AIMD */
	long   requests;                      /* sent so far, retries included */
};

/*
 * The engine asks the feed for work whenever a slot is free, and counts a slot as free again
 * only when its result is saved: what a crash can lose is at most `slots` calls.
 */
struct feed {
	/* False: nothing more (it will not be asked again).  What the job points to lives in
	 * `slot` until done. */
	bool   (*next)(void *ctx, struct job *, struct arena *slot);
	/* raw: the body as it came.  False: stop asking (a budget, a dead target). */
	bool   (*done)(void *ctx, const struct job *, const struct completion *, struct str raw);
	size_t (*unsaved)(void *ctx);
	void   (*save)(void *ctx);
	/* At most ten times a second. */
	void   (*beat)(void *ctx, const struct engine_state *);
	void   *ctx;
};

enum engine_stop { ENGINE_END, ENGINE_FEED, ENGINE_SIGNAL, ENGINE_DEAD };
struct engine_result {
	enum engine_stop stop;
	int    signal;
	long   requests;
	char   why[256];                      /* for ENGINE_DEAD */
};
struct engine_result engine_run(const struct target *, const struct feed *, uint64_t seed);

/* http.c: libcurl on epoll, used by engine.c only; but for this: whether
 * requests to the target may be sent at all (scheme, host, no key in clear, header values). */
int http_check(const struct target *, struct err *);
/* child.c: workers of an exec target, used by engine.c only. */

/*
 * serve.c: the local server of a target.  target.c gives target->serve serve_size zeroed bytes,
 * binds serve_params into them and calls serve_check; the rest of the struct is serve.c's.
 */
extern const struct conf_key serve_params[];
extern const size_t serve_size;
int  serve_check(const struct target *, struct err *);            /* what needs no server to run */
/* Starts it, puts its port for {port} in target->url and waits for its health URL.  0 at once
 * when target->serve is NULL. */
int  serve_start(struct target *, struct arena *, struct err *);
void serve_stop(struct target *);                                  /* also from atexit and signals */
/* JSON: {"command":[...],"version":"...","weights":{"path":..,"sha256":..,"bytes":..}}, the last
 * two where configured; NULL when nothing is served. */
const char *serve_record(const struct target *);

/* probe.c: one plain HTTP/1.0 GET, for health and version. */
int  probe_check(const char *url, struct err *);                   /* http://host[:port][/...] */
bool probe_listens(const struct target *);                         /* somebody takes connections */
/* GET of `path` at the target's host and port, or its socket: the status, 0 if no HTTP answer
 * came in `seconds`.  `body` may be NULL and has its own ceiling. */
int  probe_get(const struct target *, const char *path, double seconds, struct buf *body);

/* ---- the three stages --------------------------------------------------------------------------------- */

struct budget { double max_cost; long max_tokens; double max_time; };  /* 0: none */

struct run_options {
	enum run_start start;
	bool          dry_run, quiet, json;
	bool          all;                    /* ask every case of a sequential suite */
	long          base;                   /* what its gates compare with; 0: nothing */
	long          preflight;              /* the run that asked the baseline again; 0: none */
	bool          hold;                   /* begin the run and ask nothing: it found a shift */
	struct buf   *out;                    /* what a dry run says */
	struct texts  filter;                 /* id:, slice:, tag:, failed:RUN */
	struct budget budget;
	const char   *command;                /* as typed, without secrets */
};

struct run_result { long run; bool resumed; enum run_state state; int signal; char why[256]; };
/* Asks what is missing and commits completions with their scores.  0, or the exit status. */
int stage_run(struct store *, struct suite *, struct target *, const struct run_options *,
              struct run_result *, struct arena *, struct err *);
/* Scores one completion by every metric of the suite, as RUN and SCORE both do. */
void score_completion(struct store *, const struct suite *, long run, const struct test_case *,
                      int rep, const struct completion *, struct score *out, struct arena *scratch);
/* The expected answers from the JSON list that the store keeps. */
void case_expect(struct test_case *, struct str json, struct arena *);
/* Writes down by which metrics a run is scored; and whether it is by those of the suite. */
void score_register(struct store *, const struct suite *, long run);
bool score_is_current(struct store *, const struct suite *, long run);
/* Two runs scored a metric of this name by another scorer, version or parameters. */
bool score_differs(struct store *, long run, long base, const char *metric);
/* Scores all stored completions anew; no request is sent. */
void stage_score(struct store *, const struct suite *, long run);
/* One estimate per metric and slice from the scores in the store.  What estimates and verdicts
 * write is committed when the store is closed, at once with the end of a complete run. */
void stage_estimate(struct store *, const struct suite *, long run, struct arena *);
/* Judges every gate and the release; stores and returns the verdict.  *json: the object that
 * --json prints under "verdict", and the array under "gates". */
struct release { enum verdict verdict; const char *reason; struct str verdict_json, gates_json;
                 struct str lines, explanation; /* one per gate, for people; in sentences */ };
int stage_gate(struct store *, const struct suite *, long run, long base, struct release *,
               struct arena *, struct err *);

/* Which run a word means: a number, `last`, `last~2`, a target's or a baseline's name.
 * 0 and a sentence when there is none. */
long run_resolve(struct store *, const char *word, const char *suite_name, struct err *);
/* The run that gates of this suite compare with by themselves; 0: none was set. */
long run_baseline(struct store *, const char *suite_name);

/* ---- scratch.c: a store that is gone after: what is planned leaves the project's alone ---------- */

struct scratch { struct store *store; char dir[256]; };
/* 0, or the exit status and a sentence. */
int  scratch_open(struct scratch *, struct err *);
void scratch_drop(struct scratch *);                     /* closes it and removes its files */

/* ---- output.c: a run for machines and for people, from its rows ------------------------------- */

/* The members "run" and "estimates", appended to an open object. */
void output_run_json(struct buf *, struct store *, long run);
/* The summary: what was asked, outcomes, an estimate per metric (and per slice if `slices`). */
void output_run_text(struct buf *, struct store *, long run, bool slices);
/* The suite of a stored run: its source as it was, slices from the store.  NULL: mistakes. */
struct suite *suite_of_run(struct store *, long run, struct arena *, struct err *);
/* Gives the suite the metrics that the run was last scored by, since `driftlead score --suite` may
 * have changed them; its gates follow by name.  -1: a gate's metric is gone, or of another scale. */
int suite_take_metrics(struct suite *, struct store *, long run, struct arena *, struct err *);

/* ---- commands ----------------------------------------------------------------------------------------------- */

enum { NEEDS_NOTHING = 0, NEEDS_PROJECT = 1, NEEDS_STORE_READ = 2, NEEDS_STORE_WRITE = 4,
       NEEDS_STORE_CREATE = 8 };

/* The options every command takes.  A command's own options struct starts with it. */
struct common { const char *store, *config; bool json, quiet, help; };
extern const struct opt common_options[];

/* What main.c opened before it called a command. */
struct session {
	struct arena   *arena;                /* the program's */
	struct project *project;              /* NEEDS_PROJECT and every NEEDS_STORE */
	struct store   *store;
	struct texts    operand;
	void           *options;              /* the command's struct, filled */
	const char     *command_line;
	struct buf      out;                  /* printed when the command returns */
	bool            verbatim;             /* out is a document, printed byte for byte */
};

struct command {
	const char *name, *chapter, *operands, *help;
	const char *about;                    /* a paragraph or an example for -h */
	const struct opt *options;            /* NULL, or a table ending in {0} */
	size_t      size;                     /* of the options struct */
	const void *defaults;                 /* an options struct, or NULL: all zero */
	bool        no_json;                  /* --json would have nothing to say */
	unsigned    needs;
	size_t      min_operands, max_operands;
	int       (*main)(struct session *, struct err *);   /* the exit status; prints out and err */
};
const struct command *command_find(const char *name);
const struct command *const *command_all(void);                  /* NULL-terminated, in .def order */
/* What `driftlead help` and `driftlead NAME -h` print. */
void help_overview(struct buf *);
void help_command(struct buf *, const struct command *);
const char *help_nearest(const char *name);

/* suite.c and target.c: the tables that the schema is written from. */
extern const struct conf_key suite_top_keys[], suite_field_keys[], suite_expect_keys[],
    suite_slice_keys[], suite_msg_keys[], suite_metric_keys[], suite_gate_keys[];
extern const struct conf_key project_keys[], target_keys[], price_keys[];

#endif
