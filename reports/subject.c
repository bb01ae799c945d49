/*
 * subject.c -- what a run is about, and where its files lie for those who see the repository.
 *
 * A CI system knows files by their path below the repository's root, the store by the path that
 * was typed.
 */
#include "reports/reports.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* `path` without "." and "..", absolute. */
static const char *
absolute(const char *cwd, const char *path, struct arena *a)
{
	const char *p = path[0] == '/' ? path : arena_fmt(a, "%s/%s", cwd, path);
	char *out = arena_alloc(a, strlen(p) + 2);
	size_t n = 0;

	while (*p != '\0') {
		size_t part = strcspn(p += strspn(p, "/"), "/");

		if (part == 2 && p[0] == '.' && p[1] == '.') {
			while (n > 0 && out[--n] != '/')
				;
		} else if (part > 1 || (part == 1 && p[0] != '.')) {
			out[n++] = '/';
			memcpy(out + n, p, part);
			n += part;
		}
		p += part;
	}
	out[n] = '\0';
	return out;
}

/* What follows `root` in `path`, or NULL. */
static const char *
below(const char *root, const char *path)
{
	size_t n = strlen(root);

	return strncmp(root, path, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

/* The folder that the CI system says it checked out into, if we are in it; else the nearest one
 * upwards with a .git; else where we are. */
static const char *
repository(const char *cwd, struct arena *a)
{
	static const char *const name[] = { "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE" };
	char real[PATH_MAX];

	for (size_t i = 0; i < COUNT(name); i++) {
		const char *value = getenv(name[i]);

		if (value != NULL && realpath(value, real) != NULL &&
		    (strcmp(real, cwd) == 0 || below(real, cwd) != NULL))
			return arena_strdup(a, real);
	}
	for (const char *dir = cwd; ; dir = path_dir(dir, a)) {
		if (access(path_join(dir, ".git", a), F_OK) == 0)
			return dir;
		if (strcmp(dir, "/") == 0)
			return cwd;
	}
}

static const char *
artifact(const char *path, struct arena *a)
{
	char cwd[PATH_MAX], real[PATH_MAX];
	const char *root, *whole, *short_one;

	if (getcwd(cwd, sizeof cwd) == NULL)
		return arena_strdup(a, path);
	root = repository(cwd, a);
	whole = absolute(cwd, path, a);
	if ((short_one = below(root, whole)) == NULL && realpath(whole, real) != NULL)
		short_one = below(root, real);
	return arena_strdup(a, short_one ? short_one : whole);
}

/* The stored suite.yaml again, for its lines: it was read once, so it can be. */
static void
read_source(struct subject *s, struct str source, const char *path, struct arena *a)
{
	struct err e = { 0 };
	struct node *root = conf_load(path, source, a, &e), *cases;

	s->gates = root == NULL ? NULL : conf_get(root, "gates");
	cases = root == NULL ? NULL : conf_get(root, "cases");
	s->case_file = cases == NULL || cases->kind != NODE_TEXT || cases->text.n == 0 ? "" :
	    artifact(path_join(path_dir(path, a), str_cstr(cases->text, a), a), a);
}

void
subject_of(const struct page *p, struct subject *s)
{
	struct arena *a = p->a;
	struct query *q = store_query(p->store, "SELECT r.suite_name, r.target, r.started, r.ended,"
	    " r.suite_digest, r.program, r.state, r.ncalls, r.ndone, u.path, u.source,"
	    " (SELECT b.target FROM v_run b WHERE b.id = ?2)"
	    " FROM v_run r JOIN v_suite u ON u.id = r.suite WHERE r.id = ?1", "ii", p->run, p->base);

	if (!query_next(q))
		bug("there is no run %ld to report", p->run);
	*s = (struct subject){ .suite = str_cstr(query_text(q, 0), a),
		.target = str_cstr(query_text(q, 1), a), .started = str_cstr(query_text(q, 2), a),
		.ended = str_cstr(query_text(q, 3), a), .digest = str_cstr(query_text(q, 4), a),
		.program = str_cstr(query_text(q, 5), a), .base_target = str_cstr(query_text(q, 11), a),
		.complete = str_is(query_text(q, 6), "complete"), .ncalls = query_long(q, 7),
		.ndone = query_long(q, 8) };
	s->suite_file = artifact(str_cstr(query_text(q, 9), a), a);
	read_source(s, query_text(q, 10), str_cstr(query_text(q, 9), a), a);
	query_free(q);
}

const char *
subject_cases(const struct subject *s)
{
	return s->case_file[0] != '\0' ? s->case_file : s->suite_file;
}

long
subject_gate_line(const struct subject *s, struct str gate)
{
	for (size_t i = 0; s->gates != NULL && s->gates->kind == NODE_LIST && i < s->gates->n; i++) {
		struct node *at = s->gates->item[i], *name = conf_get(at, "name");

		if (name != NULL && name->kind == NODE_TEXT && str_eq(name->text, gate))
			return at->line;
	}
	return 0;
}
