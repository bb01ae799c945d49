/*
 * cmd/doctor.c -- `driftlead doctor`: does everything stand that a run or a watch needs?
 *
 * One line per check: ok, warn or fail, and what to do.  Nothing is sent that costs money:
 * targets over HTTP are looked at as far as their keys and files go.
 */
#include "harness/watch.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct checkup { struct session *s; int failed; bool first; };

static void
line(struct checkup *c, const char *state, const char *what, const char *text)
{
	struct buf *b = &c->s->out;
	const struct common *o = c->s->options;

	c->failed += strcmp(state, "fail") == 0;
	if (o->json) {
		buf_puts(b, c->first ? "{" : ",{");
		buf_key_text(b, "state", str_of(state));
		buf_key_text(b, "check", str_of(what));
		buf_key_text(b, "text", str_of(text));
		buf_char(b, '}');
	} else {
		buf_fmt(b, "%-5s %-18s ", state, what);
		buf_str(b, str_visible(str_of(text), 400, false, c->s->arena));
		buf_char(b, '\n');
	}
	c->first = false;
}

static bool
in_path(const char *program)
{
	struct arena a = { 0 };
	const char *path = getenv("PATH");
	bool found = false;

	for (const char *p = path ? path : ""; *p != '\0' && !found; ) {
		size_t n = strcspn(p, ":");

		found = access(arena_fmt(&a, "%.*s/%s", (int)n, p, program), X_OK) == 0;
		p += n + (p[n] == ':');
	}
	arena_free(&a);
	return found;
}

static int
check_store(struct checkup *c)
{
	struct session *s = c->s;
	const char *path = s->project->store;
	struct buf out = { 0 };
	struct stat st;
	struct statvfs fs;
	struct err e = { 0 };
	int status;

	if (stat(path, &st) != 0) {
		line(c, "ok", "store", arena_fmt(s->arena,
		    "'%s' does not exist yet; the first run makes it", path));
		return 0;
	}
	if (st.st_mode & 077)
		line(c, "warn", "store mode", arena_fmt(s->arena,
		    "'%s' is open to others: chmod 600 it", path));
	if ((status = store_open(&s->store, path, STORE_READ, &e)) != 0) {
		line(c, "fail", "store", str_cstr(str_trim(str_of(e.msg)), s->arena));
		return status;
	}
	status = store_check(s->store, &out);
	for (char *nl; out.n > 0 && (nl = memchr(out.p, '\n', out.n - 1)) != NULL; )
		*nl = ';';                              /* a check is one line */
	line(c, status ? "fail" : "ok", "store", str_cstr(str_trim(buf_as_str(&out)), s->arena));
	buf_free(&out);
	if (statvfs(path, &fs) == 0) {
		double free_mb = (double)fs.f_bavail * (double)fs.f_frsize / 1e6;

		line(c, free_mb < 100 ? "warn" : "ok", "disk",
		    arena_fmt(s->arena, "%.0f MB free", free_mb));
	}
	return status;
}

/* Whether its logs and its reference are there, without reading them. */
static int
check_watch(struct checkup *c, const struct watch *w)
{
	struct arena *a = c->s->arena;
	const char *what = arena_fmt(a, "watch %s", w->name);
	struct err bad = { 0 };

	if (watch_findable(c->s, w, &bad) != 0) {
		line(c, "fail", what, str_cstr(str_trim(str_of(bad.msg)), a));
		return EXIT_MISTAKE;
	}
	line(c, "ok", what, arena_fmt(a, "%s against %s", w->source.text[0], w->reference_text));
	return 0;
}

static int
doctor(struct session *s, struct err *e)
{
	const struct common *o = s->options;
	struct checkup c = { .s = s, .first = true };
	struct project *p;
	int status = EXIT_PASS;

	if (o->json)
		buf_puts(&s->out, "{\"checks\":[");
	p = s->project = project_load(o->config, ".", o->store, s->arena, e);
	if (p == NULL) {
		line(&c, "fail", "project", str_cstr(str_trim(str_of(e->msg)), s->arena));
		*e = (struct err){ 0 };
		status = EXIT_MISTAKE;
	} else {
		line(&c, p->path ? "ok" : "warn", "project", p->path ? p->path :
		    "no driftlead.yaml from here upwards; 'driftlead init' writes one");
		status = check_store(&c);
	}
	for (size_t i = 0; p != NULL && i < p->ntarget; i++) {
		struct err bad = { 0 };
		const char *what = arena_fmt(s->arena, "target %s", p->target[i].name);
		struct buf note = { 0 };

		if (target_open(&p->target[i], s->arena, &bad) != 0) {
			line(&c, "fail", what, str_cstr(str_trim(str_of(bad.msg)), s->arena));
			status = status ? status : EXIT_MISTAKE;
			continue;
		}
		buf_fmt(&note, "%s", p->target[i].protocol->name);
		if (p->target[i].url)
			buf_fmt(&note, " at %s", p->target[i].url);
		if (p->target[i].key_env)
			buf_fmt(&note, ", key in %s", p->target[i].key_env);
		line(&c, "ok", what, str_cstr(buf_as_str(&note), s->arena));
		buf_free(&note);
	}
	for (size_t i = 0; p != NULL && i < p->nwatch; i++)
		status = check_watch(&c, &p->watch[i]) && !status ? EXIT_MISTAKE : status;
	line(&c, in_path("gnuplot") ? "ok" : "warn", "gnuplot", in_path("gnuplot") ? "found" :
	    "not found: reports come without plots; install gnuplot-nox");
	if (o->json)
		buf_puts(&s->out, "]}\n");
	return c.failed && status == EXIT_PASS ? EXIT_MISTAKE : status;
}

const struct command command_doctor = {
	.name = "doctor", .chapter = "begin", .operands = "",
	.help = "check the project, the store, the targets and the tools",
	.main = doctor,
};
