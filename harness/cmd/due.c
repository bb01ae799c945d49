/*
 * cmd/due.c -- `driftlead due [--run]`: which watches have waited longer than their `every`.
 *
 * No process of ours waits for the time: cron or a timer calls this, and the store knows what is
 * due.  However many nights were missed, a watch is due once.
 */
#include "harness/watch.h"

struct options { struct common common; const char *now; bool run, all; };

static const struct opt options[] = {
	{ "run", 0, OPT_FLAG, offsetof(struct options, run), NULL,
	  "check what is due, one after the other" },
	{ "now", 0, OPT_TEXT, offsetof(struct options, now), "TIME",
	  "what is due at this time, instead of the present" },
	{ "all", 'a', OPT_FLAG, offsetof(struct options, all), NULL,
	  "with --run: show findings without drift, too" },
	{ 0 }
};

struct turn {
	const struct watch *watch;
	int64_t             last;        /* its last check; -1: there was none */
	long                check;       /* 0: not made */
	int                 status;
	struct err          said;
};

/* Of all that happened the worst: a check that could not be made may hide anything. */
static int
rank(int status)
{
	static const int order[] = { EXIT_PASS, EXIT_UNSURE, EXIT_FAIL, EXIT_MISTAKE,
		EXIT_SURROUNDINGS, EXIT_LOCKED, EXIT_DAMAGED };
	int i = 0;

	while (i + 1 < (int)COUNT(order) && order[i] != status)
		i++;
	return i;
}

static struct turn *
find_due(struct session *s, int64_t now, size_t *n)
{
	struct turn *due = arena_array(s->arena, s->project->nwatch + 1, sizeof *due);

	*n = 0;
	for (size_t i = 0; i < s->project->nwatch; i++) {
		const struct watch *w = &s->project->watch[i];
		long last = s->store == NULL ? -1 : store_long(s->store, -1,
		    "SELECT ifnull(max(to_ms), -1) FROM v_drift_check WHERE watch = ?", "s", w->name);

		if (last < 0 || now >= due_at(w, last))
			due[(*n)++] = (struct turn){ .watch = w, .last = last };
	}
	return due;
}

static void
print_json(struct session *s, const struct turn *due, size_t n, bool ran)
{
	struct buf *b = &s->out;

	buf_puts(b, "{\"due\":[");
	for (size_t i = 0; i < n; i++) {
		const struct turn *t = &due[i];

		buf_puts(b, i ? ",{" : "{");
		buf_key_text(b, "name", str_of(t->watch->name));
		buf_key_long_if(b, "last", t->last >= 0, (long)t->last);
		buf_key_long(b, "every_ms", (long)(t->watch->every * 1000));
		buf_key_long_if(b, "status", ran, t->status);
		buf_key(b, "why");
		buf_json(b, str_trim(str_of(t->said.msg)));
		buf_key(b, "check");
		if (t->check != 0)
			watch_document(b, s->store, t->watch, t->check);
		else
			buf_puts(b, "null");
		buf_char(b, '}');
	}
	buf_puts(b, "]}\n");
}

static void
print_text(struct session *s, const struct turn *due, size_t n)
{
	const struct options *o = s->options;
	char when[25];

	for (size_t i = 0; i < n; i++) {
		const struct turn *t = &due[i];

		if (t->check != 0) {
			buf_puts(&s->out, i ? "\n" : "");
			watch_text(&s->out, s->store, t->watch, t->check, o->all, s->arena);
		} else if (!o->run) {
			if (t->last >= 0)
				tick_iso(t->last, when);
			buf_fmt(&s->out, "%-18s last checked: %s\n", t->watch->name,
			    t->last < 0 ? "never" : when);
		}
	}
	if (n == 0)
		buf_puts(&s->out, "nothing is due\n");
}

static int
due(struct session *s, struct err *e)
{
	const struct options *o = s->options;
	int64_t now = 0;
	struct turn *turn;
	size_t n;
	int status, worst = EXIT_PASS;

	if (watch_moment(o->now, &now, e) != 0)
		return EXIT_MISTAKE;
	status = o->run ? store_open(&s->store, s->project->store, STORE_CREATE, e) :
	    watches_open(s, e);
	if (status != 0)
		return status;
	turn = find_due(s, now, &n);
	for (size_t i = 0; o->run && i < n; i++) {
		struct turn *t = &turn[i];

		t->status = watch_check(s, t->watch, now, &t->check, &t->said);
		worst = rank(t->status) > rank(worst) ? t->status : worst;
		if (t->said.n > 0)
			err_set(e, "%.*s", STR_ARG(str_trim(str_of(t->said.msg))));
	}
	if (o->common.json)
		print_json(s, turn, n, o->run);
	else if (!o->common.quiet)
		print_text(s, turn, n);
	return worst;
}

const struct command command_due = {
	.name = "due", .chapter = "watch", .operands = "",
	.help = "which watches are to be checked, and do it",
	.about = "For cron or a timer: driftlead due --run",
	.options = options, .size = sizeof(struct options), .needs = NEEDS_PROJECT, .main = due,
};
