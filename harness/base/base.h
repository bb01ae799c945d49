/*
 * base.h -- tools that know nothing of models.
 *
 * Layer 1.  Everything here may be used from anywhere and includes nothing of ours but
 * banned.h.  One section per file of harness/base/.
 *
 * Who owns what: memory from an arena belongs to whoever passed the arena; `buf`, `map`
 * and `rows` are freed by their own _free.  No allocation ever returns NULL.
 */
#ifndef BASE_H
#define BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>

#include "harness/base/banned.h"

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_USE          __attribute__((warn_unused_result))
/* Of loops over all pairs of rows: under sanitizers they would take most of the time of all tests. */
#define ALL_PAIRS         __attribute__((no_sanitize("address", "undefined")))
#define COUNT(a)          (sizeof(a) / sizeof((a)[0]))

/* Exit statuses: the table in driftlead(1). */
enum exit_status {
	EXIT_PASS = 0, EXIT_FAIL = 1, EXIT_MISTAKE = 2, EXIT_UNSURE = 3,
	EXIT_SURROUNDINGS = 4, EXIT_DAMAGED = 5, EXIT_LOCKED = 75
};

/* ---- err.c: mistakes of the user, collected; the rest ends the program ---------------- */

/* All mistakes of one input, one sentence per line.  Lives on the caller's stack, zeroed. */
struct err {
	int    n;               /* how many were reported, also those that did not fit */
	size_t len;
	char   msg[8192];
};

/* Every err_* returns -1, so that `return err_set(...)` reads as one step. */
int err_set(struct err *, const char *fmt, ...) PRINTF(2, 3);
/* "path:line:col: ..."; a line or column of 0 is left out. */
int err_at(struct err *, const char *path, int line, int col, const char *fmt, ...) PRINTF(5, 6);
/* Prints all of it to stderr, made safe for a terminal. */
void err_print(const struct err *);

/* The surroundings failed (disk, memory, a damaged store): says why and ends with `status`. */
noreturn void die(int status, const char *fmt, ...) PRINTF(2, 3);
/* We made a mistake: says where and aborts. */
noreturn void bug(const char *fmt, ...) PRINTF(1, 2);
/* A line to stderr that starts with "driftlead: warning: ". */
void warn(const char *fmt, ...) PRINTF(1, 2);

/* ---- mem.c: three lifetimes, passed, never global -------------------------------------- */

struct arena {
	struct chunk *chunk;    /* newest first */
	size_t        used;     /* in the newest */
};

/* An arena starts as {0}.  Memory is zeroed and aligned for any type. */
void *arena_alloc(struct arena *, size_t size);
void *arena_raw(struct arena *, size_t size);               /* not zeroed: for what is filled at once */
void *arena_array(struct arena *, size_t n, size_t size);   /* n * size, overflow dies */
char *arena_strdup(struct arena *, const char *);
char *arena_fmt(struct arena *, const char *fmt, ...) PRINTF(2, 3);
/* Forgets all; keeps one chunk for the next use. */
void  arena_reset(struct arena *);
void  arena_free(struct arena *);

/* Grows a malloc'ed array so that it holds `need` elements; new memory is not zeroed. */
void *mem_grow(void *array, size_t *cap, size_t need, size_t size) MUST_USE;
void *mem_alloc(size_t n, size_t size) MUST_USE;            /* zeroed; mem_free */
void  mem_free(void *);

/* ---- str.c: bytes that may hold anything ----------------------------------------------- */

/* Not NUL-terminated; may hold NULs and broken UTF-8.  Never owns. */
struct str { const char *p; size_t n; };
#define STR(lit)      ((struct str){ (lit), sizeof(lit) - 1 })
#define STR_ARG(s)    (int)(s).n, (s).p                     /* for "%.*s" */

struct str str_of(const char *);                            /* NULL gives the empty str */
struct str str_dup(struct str, struct arena *);             /* a NUL follows the bytes */
char      *str_cstr(struct str, struct arena *);
bool       str_eq(struct str, struct str);
bool       str_is(struct str, const char *);
int        str_cmp(struct str, struct str);                 /* by bytes, shorter first */
bool       str_starts(struct str, struct str prefix);
/* Offset of the first `needle` at or after `from`, or -1.  An empty needle is found at `from`. */
ptrdiff_t  str_find(struct str, struct str needle, size_t from);
struct str str_sub(struct str, size_t from, size_t n);      /* clipped to what is there */
/* Without the white space (Unicode White_Space, ASCII controls 09-0D) at both ends. */
struct str str_trim(struct str);
/* The next word of *rest, between white space as above, and *rest after it; false: no more. */
bool       str_word(struct str *rest, struct str *word);
/* The next character of *rest, a byte that is no UTF-8 as U+FFFD; false: no more. */
bool       str_rune(struct str *rest, uint32_t *rune);
bool       rune_is_space(uint32_t rune);                    /* White_Space */
/* NFC, case-folded (Unicode default folding), runs of white space as one blank, trimmed.
 * Bytes that are not UTF-8 are kept as they are, case-folded by ASCII only. */
struct str str_fold(struct str, struct arena *);
/* -1 if all of it is UTF-8 (RFC 3629: no overlong, no surrogate), else the offset of the
 * first byte that is not. */
ptrdiff_t  str_bad_utf8(struct str);
/* Whether a byte below 0x20 other than newline and tab is in it. */
bool       str_has_control(struct str);
/* For people and terminals: control bytes, C1, bidi controls and broken UTF-8 are written
 * visibly (\x1b, <U+202E>), newlines as \n unless `lines`; cut to `max` bytes with "..." . */
struct str str_visible(struct str, size_t max, bool lines, struct arena *);
/* The entry of `list` (NULL-terminated) nearest to `word`, or NULL if none is near. */
const char *str_nearest(const char *word, const char *const *list);
/* Whole-string numbers: false for anything else, overflow included; never locale's. */
bool       str_long(struct str, long *);
bool       str_real(struct str, double *);                  /* finite only */

/* ---- buf.c: bytes that grow, with a ceiling --------------------------------------------- */

struct buf {
	char  *p;               /* NUL after the last byte once anything was added */
	size_t n, cap;
	size_t max;             /* ceiling in bytes; 0: none but memory */
	bool   over;            /* the ceiling was hit: what came after is not in here */
};

void buf_add(struct buf *, const void *, size_t);
void buf_str(struct buf *, struct str);
void buf_puts(struct buf *, const char *);
void buf_char(struct buf *, char);
void buf_fmt(struct buf *, const char *fmt, ...) PRINTF(2, 3);
void buf_vfmt(struct buf *, const char *fmt, va_list) PRINTF(2, 0);
/* With `indent` after every newline, and a backslash before what a CI system would read as a command
 * even there: `::` after blanks alone, and `##[` anywhere. */
void buf_indented(struct buf *, struct str, const char *indent);
/* The shortest decimal that reads back as the same double; "null" for NaN and infinity. */
void buf_real(struct buf *, double);
struct str buf_as_str(const struct buf *);
void buf_reset(struct buf *);
void buf_free(struct buf *);

/* ---- map.c: from bytes to a number ------------------------------------------------------- */

struct map {
	struct map_entry *entry;
	size_t            n, cap;
	struct arena      keys;
};

/* The value slot of `key`, made with *is_new = true when it was not there (value 0).
 * Slots stay valid until the next map_put. */
uint64_t *map_put(struct map *, struct str key, bool *is_new);
uint64_t *map_get(const struct map *, struct str key);       /* NULL: not there */
void      map_free(struct map *);

/* ---- digest.c ----------------------------------------------------------------------------- */

struct hash128 { uint64_t hi, lo; };
uint64_t       hash64(struct str, uint64_t seed);            /* XXH3; keys only, never evidence */
struct hash128 hash128(struct str);

struct sha256 { void *ctx; };                                 /* evidence */
struct sha256 sha256_begin(void);
void          sha256_add(struct sha256 *, struct str);
/* Adds the length first, so that ("ab","c") and ("a","bc") differ. */
void          sha256_field(struct sha256 *, struct str);
/* 64 lower-case hex digits and a NUL into `hex`; frees the state. */
void          sha256_end(struct sha256 *, char hex[65]);
void          sha256_end_raw(struct sha256 *, unsigned char sum[32]);
void          sha256_of(struct str, char hex[65]);
void          hex_of(const void *, size_t, char *out);        /* 2n digits and a NUL */

/* ---- rng.c: random numbers with an address ------------------------------------------------- */

/* Counter-based: the i-th draw of a named stream, the same on any machine, thread or order.
 * SplitMix64's finaliser over (seed, XXH3 of stream, index). */
uint64_t rng_at(uint64_t seed, const char *stream, uint64_t index);
/* The same with the stream hashed once: rng_key(seed, stream) then rng_next(key, index). */
uint64_t rng_key(uint64_t seed, const char *stream);
uint64_t rng_next(uint64_t key, uint64_t index);
void     rng_fill(uint64_t key, uint64_t index, uint64_t *out, size_t n);   /* the next n */
double   rng_unit(uint64_t bits);                             /* [0,1), 53 bits */

/* ---- par.c ------------------------------------------------------------------------------------ */

/* Calls fn(i, scratch, ctx) for 0 <= i < n on as many threads as there are cores
 * (DRIFTLEAD_THREADS overrides).  Each thread has its own scratch arena, reset before each
 * call.  fn writes slot i of its own results and nothing else. */
void   par_for(size_t n, void (*fn)(size_t i, struct arena *scratch, void *ctx), void *ctx);
size_t par_threads(void);                                      /* so many at most */

/* ---- tick.c ------------------------------------------------------------------------------------- */

double  tick_now(void);                                       /* monotonic seconds */
int64_t tick_wall_ms(void);                                   /* Unix time, UTC, milliseconds */
void    tick_iso(int64_t wall_ms, char out[25]);              /* 2026-11-23T18:34:28Z */

/* ---- json.c, json_walk.c, json_write.c: a strict scanner and a small writer --------------------- */

/*
 * RFC 8259 and nothing more: UTF-8 checked, lone surrogates refused, duplicate keys refused,
 * depth at most JSON_DEPTH, numbers that a double cannot hold (1e999) refused.  A document is
 * checked once, by json_parse; after that a `struct json` is a slice of it, and walking it
 * cannot fail.  No tree is built, nothing is allocated.  A document that is walked often may be
 * given an index, which says where its values end: without one, a walk scans what it passes.
 */
enum { JSON_DEPTH = 64 };
enum json_type { JT_NONE, JT_NULL, JT_FALSE, JT_TRUE, JT_NUMBER, JT_STRING,
                 JT_ARRAY, JT_OBJECT };
/* A value in its document, with its key, in the order of the document. */
struct json_node {
	uint32_t at, n;         /* of the value: offset in the document, bytes */
	uint32_t key, nkey;     /* of the key: the same without its quotes */
	uint32_t span;          /* nodes of the value, itself included: the next one is behind them */
	enum json_type type : 8;
	bool     escaped : 1;   /* the key has escapes */
};
struct json {
	enum json_type          type;
	struct str              raw;    /* quotes and braces included */
	const struct json_node *node;   /* its own; NULL: it has no index */
};
struct json_fault { size_t at; const char *why; };            /* why: a constant sentence part */

/* 0 and *root, or -1 and *fault (offset and reason). White space around the value is allowed. */
int json_parse(struct str doc, struct json *root, struct json_fault *fault);
/* The same, and `index` is that of the document until the next call with it, unless there are more
 * than JSON_NODES values. Begin with {0}; free with json_index_free. */
enum { JSON_NODES = 1 << 16 };
struct json_index { struct json_node *node; size_t cap; };
int  json_parse_indexed(struct str doc, struct json_index *index, struct json *root,
                        struct json_fault *fault);
void json_index_free(struct json_index *);

/* The member `key` of an object; type JT_NONE if it is not there or `obj` is no object. */
struct json json_get(struct json obj, const char *key);
/* RFC 6901 JSON Pointer, where "" is the value itself; a pointer that does not start with '/'
 * names one top-level member. */
struct json json_at(struct json, struct str pointer);
/* Walks an array (key is left empty) or an object: start with it = {.of = value}. */
/* key: raw, unquoted, escapes left; escaped: it has some. */
struct json_iter { struct json of; size_t at; struct str key; bool escaped; };
bool json_next_scanned(struct json_iter *, struct json *value);        /* has no index */
static inline bool
json_next(struct json_iter *it, struct json *value)
{
	const struct json_node *of = it->of.node, *node;
	const char *document;

	if (of == NULL)
		return json_next_scanned(it, value);
	it->at += it->at == 0;                  /* counts nodes, itself the first */
	if (it->at >= of->span)
		return false;
	node = of + it->at;
	document = it->of.raw.p - of->at;
	it->at += node->span;
	if (of->type == JT_OBJECT) {
		it->key = (struct str){ document + node->key, node->nkey };
		it->escaped = node->escaped;
	}
	*value = (struct json){ node->type, { document + node->at, node->n }, node };
	return true;
}
bool json_key_is(struct str raw_key, struct str name);
/* A string's bytes with escapes resolved: a slice of the document when it has none. */
struct str json_text(struct json, struct arena *);
double json_to_real(struct json, double otherwise);           /* json_real is jansson's */
bool   json_long(struct json, long *);                         /* integers that fit, 1.0 too */

/* Writing: a JSON string with its quotes; broken UTF-8 becomes U+FFFD. */
void buf_json(struct buf *, struct str);
/* `,"key":` (the comma unless the last byte is '{'), then the caller writes the value. */
void buf_key(struct buf *, const char *key);
void buf_key_text(struct buf *, const char *key, struct str);
void buf_key_long(struct buf *, const char *key, long);
void buf_key_real(struct buf *, const char *key, double);     /* as buf_real: maybe null */
void buf_key_null(struct buf *, const char *key);
/* The value, or null where there is none. */
void buf_key_text_or_null(struct buf *, const char *key, const char *);
void buf_key_long_if(struct buf *, const char *key, bool known, long);
void buf_key_real_if(struct buf *, const char *key, bool known, double);

/* ---- csv.c ---------------------------------------------------------------------------------------- */

/* A quoted field (RFC 4180).  Unless `raw`, what a spreadsheet would run as a formula gets a
 * leading apostrophe, and control characters but newlines are made visible. */
void buf_csv(struct buf *, struct str, bool raw, struct arena *scratch);

/* ---- file.c -------------------------------------------------------------------------------------- */

/* What a suite may read: regular files below one of `root` (absolute, resolved). */
struct roots { const char **root; size_t n; };

/* `path` relative to `base_dir`, opened if, with every link resolved, it is a regular file
 * below a root (roots NULL: anywhere).  Returns the descriptor or -1 with a sentence. */
int  file_open(const char *base_dir, const char *path, const struct roots *, struct err *) MUST_USE;
/* All of a file of at most `max` bytes. */
int  file_read(const char *base_dir, const char *path, const struct roots *, size_t max,
               struct str *out, struct arena *, struct err *) MUST_USE;
/* Writes beside, syncs and renames: the old file or the whole new one, never half.
 * "-" is standard output. */
int  file_write(const char *path, struct str, unsigned mode, struct err *) MUST_USE;
/* Adds to the end of a file, all or nothing, and makes it if it is not there.  1, and nothing is
 * written, if it would then be larger than `max` bytes; -1 with a sentence. */
int  file_append(const char *path, struct str, size_t max, struct err *) MUST_USE;
void file_close(int fd);
bool file_is_dir(const char *path);
char *path_join(const char *dir, const char *path, struct arena *);  /* absolute `path` wins */
char *path_dir(const char *path, struct arena *);

/* ---- unpack.c: plain bytes from plain, gzip and zstd ------------------------------------------------- */

struct unpack;
/* Takes over the descriptor; how it is packed is told by the first bytes. */
struct unpack *unpack_open(int fd);
struct unpack *unpack_open_plain(int fd);                     /* as they are, whatever they look like */
bool           unpack_plain(const struct unpack *);           /* once something was read */
/* Up to `room` bytes: how many, 0 at the end, -1 with the reason in unpack_fault. */
ptrdiff_t      unpack_read(struct unpack *, char *to, size_t room);
const char    *unpack_fault(const struct unpack *);
void           unpack_close(struct unpack *);

/* ---- cells.c: a record of CSV or TSV ------------------------------------------------------------ */

struct cells { struct str *cell; size_t n, room; };           /* starts as {0}; mem_free(cell) */
/* Cuts the record, which is changed where quotes are taken off; separator: ',' or '\t'.  0, or -1 and
 * a sentence part in `why`. */
int cells_split(struct cells *, char *record, size_t len, char separator, char *why, size_t room);

/* ---- rows.c: records of JSONL, CSV and TSV ---------------------------------------------------------- */

/*
 * A stream of records from a descriptor: plain, gzip or zstd by magic bytes; JSONL, CSV
 * (RFC 4180: BOM, quoted newlines, doubled quotes) or TSV.  Memory is one record.
 */
enum rows_format { ROWS_BY_NAME, ROWS_JSONL, ROWS_CSV, ROWS_TSV };
struct rows;
struct row {
	long        line;       /* of its first byte, from 1 */
	struct json object;     /* JSONL: the checked record */
	struct str *cell;       /* CSV, TSV: by column */
	size_t      ncell;
};

enum { ROWS_MAX = 4 << 20 };                                   /* bytes in one record */

/* Takes over the descriptor.  `path` is for messages, and for the format: by its ending
 * without .gz or .zst, else by the first byte ('{' is JSONL).  */
struct rows *rows_open(int fd, const char *path, enum rows_format, struct err *);
/*
 * Of plain JSONL only the records that begin in the bytes [from, to): whatever the cuts, the parts
 * of a file have each of its records once.  Lines count from the first that begins there.
 */
struct rows *rows_open_part(int fd, const char *path, off_t from, off_t to, struct err *);
bool         rows_has_parts(const struct rows *);             /* plain JSONL */
/* 1: a record, valid until the next call; 0: the end; -1: a sentence in err ("path:line: ...").
 * After a bad record reading may go on with the next. */
int   rows_next(struct rows *, struct row *, struct err *);
/* After -1: what is wrong with the record, and its line; after 0: the line that would be next. */
const char *rows_fault(const struct rows *, long *line);
/* Why the stream itself broke (damaged, cut off, unreadable): NULL as long as it did not. */
const char *rows_broken(const struct rows *);
/* A field by column name or, in JSONL, by member name or JSON Pointer.  False: not there (in
 * JSONL also null).  Objects and arrays come as their JSON text, numbers and booleans as written. */
bool  rows_field(const struct rows *, const struct row *, struct str name, struct str *out,
                 struct arena *);
/* The same for many fields in one walk: the record is seen once.  A `name` of {0} is passed over. */
struct pick { struct str name, value; bool found; };
void  rows_pick(const struct rows *, const struct row *, struct pick *, size_t n, struct arena *);
/* Column names of CSV and TSV; NULL and 0 for JSONL. */
const struct str *rows_columns(const struct rows *, size_t *n);
void  rows_close(struct rows *);

/* ---- conf.c, bind.c, quantity.c, schema.c: YAML with lines, bound by tables ------------------------------- */

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };
struct node {
	enum node_kind kind;
	const char    *path;    /* of its file, for messages */
	int            line, col;
	bool           plain;   /* text without quotes: `5` and not `"5"` */
	struct str     text;
	size_t         n;       /* of item; in a map item[i] belongs to key[i] */
	struct node  **key, **item;
	bool          *claimed; /* map: key i was used by some binding */
};

enum conf_kind {
	CONF_TEXT,              /* const char *: no NUL, valid UTF-8 */
	CONF_STR,               /* struct str */
	CONF_INT,               /* long */
	CONF_REAL,              /* double */
	CONF_NUMBER,            /* const char *: a JSON number as the user wrote it, NULL if unset */
	CONF_BOOL,              /* bool: yes no true false on off */
	CONF_SHARE,             /* double: `31%` or 0.31 both give 0.31 */
	CONF_TIME,              /* double, seconds: 90d 2h 15m 30s 250ms; a bare number is seconds */
	CONF_SIZE,              /* long, bytes: 16M 64k 1G */
	CONF_ENUM,              /* int: index into range "a|b|c" */
	CONF_LIST,              /* struct texts: a list of texts, or one text */
	CONF_NODE               /* struct node *: bound by whoever asked for it */
};
struct texts { const char **text; int *line; size_t n; };

/* quantity.c: what conf and opt share.  False for anything else; *out is then untouched or void.
 * `31%`, `1.5 %`, `0.31`; without percent at most 1. */
bool parse_share(struct str, double *out);
bool parse_time(struct str, double *seconds);           /* not negative */
bool parse_size(struct str, long *bytes);               /* k, M, G are powers of 1024 */
bool parse_number(struct str, double *out);             /* JSON's grammar, finite; out may be NULL */
/* The other way: 56.3 % if `rate`, else by unit: 2.31 s, 12.5 us, 0.0004 USD; with its sign. */
void quantity_write(struct buf *, double, bool rate, struct str unit, bool sign);
/* A change of a rate in points: +1.3; what rounds to 0.0 has no sign. */
void points_write(struct buf *, double change);
bool parse_bool(struct str, bool *out);                 /* yes no true false on off, any case */
bool parse_choice(const char **rest, struct str *part); /* the next part of "a|b|c"; false: no more */

#define CONF_REQUIRED "\1"  /* as `dflt`: must be given */

/* One key of a mapping.  Tables end in {0}. */
struct conf_key {
	const char    *name;
	enum conf_kind kind;
	size_t         offset;
	const char    *dflt;    /* as the user would write it; NULL: stays zero when not given */
	const char    *range;   /* numbers: "0..1", ">0", ">=0", ">0 <1"; a SHARE's is 0..1 unless
	                         * given; TIME in seconds, SIZE in bytes; ENUM: "a|b" */
	const char    *help;    /* for help, the manual's check and the JSON Schema */
};

/* The numbers a row allows; -DBL_MAX and DBL_MAX where it sets no bound. */
struct range { double lo, hi; bool lo_out, hi_out; };   /* _out: the end itself is not in it */
struct range conf_range(const struct conf_key *);

/* Reads a YAML file: one document, depth at most 64, aliases expanded up to a ceiling,
 * duplicate keys refused.  NULL and all syntax mistakes in err.  Text is kept in the arena. */
struct node *conf_load(const char *path, struct str text, struct arena *, struct err *);
/* Fills `into` from the mapping by the table: claims keys, sets defaults, reports every
 * mistake.  Returns 0, or -1 when it reported any.  `what` names the mapping in messages
 * ("gate 'label holds'"). A NULL node binds defaults only. */
int conf_bind(struct node *map, const char *what, const struct conf_key *, void *into,
              struct arena *, struct err *);
/* Reports every key that no binding claimed, with the nearest of the tables' names.
 * `tables` ends in NULL. */
int conf_done(struct node *map, const char *what, const struct conf_key *const *tables,
              struct err *);
struct node *conf_get(struct node *map, const char *key);      /* claims it; NULL if absent */
int conf_err(const struct node *, struct err *, const char *fmt, ...) PRINTF(3, 4);
/* One typed value from text, by the row's kind and range, into the struct `into` at the row's
 * offset; what conf_bind uses per key.  `at` and `what` may be NULL. */
int conf_value(const struct conf_key *, struct str text, const struct node *at, const char *what,
               void *into, struct arena *, struct err *);
/* A node as JSON: plain scalars that are JSON literals (5, true, null) as such, all else as text. */
void conf_json(struct buf *, const struct node *);
/* The JSON Schema ("properties" and "required") of the tables, appended to an open object.
 * `tables` ends in NULL. */
void conf_schema(struct buf *, const struct conf_key *const *tables);

/* ---- opt.c: one table per command gives parsing, help and completion -------------------------------------- */

enum opt_kind { OPT_FLAG, OPT_TEXT, OPT_INT, OPT_REAL, OPT_SHARE, OPT_TIME, OPT_LIST, OPT_COUNT };
/* FLAG: bool. TEXT: const char *. INT: long. REAL, SHARE, TIME: double. LIST: struct texts
 * (each use adds one). COUNT: int. */
struct opt {
	const char   *name;     /* long name, without dashes */
	char          letter;   /* or 0 */
	enum opt_kind kind;
	size_t        offset;
	const char   *arg;      /* FILE, RUN, N ...: shown in help; completion knows FILE, SUITE */
	const char   *help;
};

/* Fills `into` and leaves the operands in argv order in *operand.  argv[0] is the name of the
 * command and not read.  Options may follow operands; "--" ends them; --no-NAME clears a flag.
 * Unknown options suggest the nearest.  Tables end in {0}, `tables` ends in NULL.  A LIST must
 * be empty before.  Texts point into argv. */
int opt_parse(const struct opt *const *tables, int argc, char **argv, void *into,
              struct texts *operand, struct arena *, struct err *);
/* The options as aligned lines for -h. */
void opt_help(struct buf *, const struct opt *const *tables);

/* ---- term.c ----------------------------------------------------------------------------------------- */

/* Whether `fd` should have colour: a TTY, no NO_COLOR, TERM not dumb; FORCE_COLOR and
 * CLICOLOR_FORCE turn it on. */
bool term_colour(int fd);
int  term_width(int fd);                                        /* COLUMNS, the TTY's, else 80 */

#endif
