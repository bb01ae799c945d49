/*
 * logs.h -- what the readers of log formats share: logs.c's view of log_*.c, and theirs of it.
 */
#ifndef LOGS_H
#define LOGS_H

#include "drift/drift.h"

/* A field of ours and where it stands in the log. */
struct log_want {
	bool       number;      /* `which` is an enum record_number, else an enum record_text */
	int        which;
	struct str from;        /* a member, a JSON Pointer or a column; {0}: nowhere in this file */
	size_t     column;      /* CSV, TSV */
	double     scale;
};

struct log_bad { long line; char why[LOG_SAMPLE_MAX]; };

/* One file, or a part of it, while it is read. */
struct log_reader {
	const struct log_plan   *plan;
	const struct log_format *format;     /* NULL until it is known */
	off_t                    from, to;   /* rows_open_part; to 0: the whole file */
	struct rows             *rows;
	struct row               row;
	const char              *path;
	struct arena            *scratch;    /* of one record: log_emit forgets it */
	struct log_want          want[RECORD_TEXTS + RECORD_NUMBERS];
	size_t                   nwant;
	bool                     hide_text[RECORD_TEXTS], hide_number[RECORD_NUMBERS];
	struct buf               flat, resource;     /* log_otlp.c: spans written anew */
	void                   (*each)(void *, size_t, const struct record *, struct arena *);
	void                    *ctx;
	size_t                   piece;
	struct log_counts        counts;     /* all but its samples: those are here */
	struct log_bad           bad[LOG_SAMPLES];
	long                     line;       /* in the end: that behind the last */
};

/* Reads it, to `each`: 0, or -1 and a sentence if it could not even be begun.  The caller closes
 * `rows` and frees the buffers. */
int log_read(struct log_reader *, struct err *);
/* A descriptor, of standard input if the path is "-"; -1 and a sentence. */
int log_open(const char *path, struct err *);
/* That of a file with such a first record. */
const struct log_format *log_format_of(struct json first);

struct log_format {
	const char *name, *help;
	bool      (*is)(struct json first);                       /* whether the record looks like it */
	void      (*read)(struct log_reader *, struct json line); /* log_emit or log_pass per request */
};

/* Hands the record on; the scratch arena is empty afterwards. Its object is set by the format. */
void log_emit(struct log_reader *, struct record *);
/* There was something that is no request of a model. */
void log_pass(struct log_reader *);

#define LOG_NAME(lit) { (lit), sizeof(lit) - 1 }                /* a struct str in a static table */

/* The members of an object by name, in one walk; those that are not there get type JT_NONE. At most
 * LOG_NAMES names. */
enum { LOG_NAMES = 64 };
void log_pick(struct json object, const struct str *name, struct json *value, size_t n);
/* The first of them that is there and not null. */
struct json log_first(const struct json *, size_t n);
/* Sets a field unless the value is missing: text as it is, all else as its JSON text. */
void log_text(struct record *, enum record_text, struct json, struct arena *);
/* Sets a field if the value is a finite number, or a text that is one. */
void log_number(struct record *, enum record_number, struct json, double scale);
/* The document in a text, if it is one; anything else comes back as it is. */
struct json log_unwrap(struct json, struct arena *);

/* log_otel.c: a span or an event with its attributes as JSON. */
void otel_read(struct log_reader *, struct json span);
/* log_otlp.c: the same with its attributes as OTLP's lists; all else stays as it is. */
void otlp_span(struct log_reader *, struct json span);

/* ---- when.c ------------------------------------------------------------------------------ */

/* As when_text, of a number or a text. */
bool when_json(struct json, double *ms);
/* The time field, if there is one. */
void when_set(struct record *, struct json);
/* The time field from `begin`, the latency from `begin` to `end`, and to `first`. */
void when_span(struct record *, struct json begin, struct json end, struct json first);

/* ---- message.c: what is said in the JSON of the various protocols ------------------------ */

/* The text of a content: a text, or the text parts of a list, with newlines between. */
struct str message_content(struct json content, struct arena *);
/* RECORD_INPUT from messages: the last one of role user, or the last; a text is itself. */
void message_input(struct record *, struct json messages, struct arena *);
/* RECORD_OUTPUT from a text, a message, a list of messages or a reply. */
void message_output(struct record *, struct json output, struct arena *);
/* All that a request or reply of OpenAI (chat, completions, responses) or Anthropic says. */
void message_request(struct record *, struct json request, struct arena *);
void message_reply(struct record *, struct json reply, struct arena *);
/* RECORD_ERROR from a text or {message, type, code}; null, false and empty ones are none. */
void message_error(struct record *, struct json error, struct arena *);

#endif
