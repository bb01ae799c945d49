/*
 * oracle.c -- runs golden files: oracle [--all] DIR|FILE...
 *
 * For each file: the number of cases, the worst relative error, the failures and the members
 * that no comparison looked at.  Exit status 1 on any failure; with --all also when a method
 * is not covered or a member was not compared.
 */
#include "tests/oracle/oracle.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

static const struct family family[] = {
	{ "dist_normal", oracle_dist_normal },
	{ "dist_t", oracle_dist_t },
	{ "dist_chi2", oracle_dist_chi2 },
	{ "dist_beta", oracle_dist_beta },
	{ "dist_misc", oracle_dist_misc },
	{ "wilson", oracle_wilson },
	{ "clopper_pearson", oracle_clopper_pearson },
	{ "quantile_ranks", oracle_quantile_ranks },
	{ "mcnemar", oracle_mcnemar },
	{ "paired_proportions", oracle_paired_proportions },
	{ "paired_t", oracle_paired_t },
	{ "clustered_se", oracle_clustered_se },
	{ "poststratified", oracle_poststratified },
	{ "stratified_cluster", oracle_stratified_cluster },
	{ "multiplicity", oracle_multiplicity },
	{ "power", oracle_power },
	{ "allocation", oracle_allocation },
	{ "pass_at_k", oracle_pass_at_k },
	{ "cohen_kappa", oracle_cohen_kappa },
	{ "krippendorff_alpha", oracle_krippendorff_alpha },
	{ "calibration", oracle_calibration },
	{ "signflip", oracle_signflip },
	{ "groupseq", oracle_groupseq },
	{ "eprocess", oracle_eprocess },
	{ "bootstrap_ideal", oracle_bootstrap_ideal },
	{ "ks2", oracle_ks2 },
	{ "mannwhitney", oracle_mannwhitney },
	{ "cramer_von_mises", oracle_cramer_von_mises },
	{ "anderson_ksamp", oracle_anderson_ksamp },
	{ "contingency", oracle_contingency },
	{ "distances", oracle_distances },
	{ "ppi", oracle_ppi },
	{ "bradley_terry", oracle_bradley_terry },
	{ "raking", oracle_raking },
	{ "hygiene", oracle_hygiene },
};

/* ---- inputs ---- */

static json_t *
input(struct check *c, const char *key)
{
	json_t *v = json_object_get(c->case_, key);

	if (v == NULL)
		die(EXIT_MISTAKE, "a case of '%s' has no '%s'", c->method, key);
	return v;
}

double
in_real(struct check *c, const char *key)
{
	return json_number_value(input(c, key));
}

long
in_long(struct check *c, const char *key)
{
	return (long)json_number_value(input(c, key));
}

const char *
in_text(struct check *c, const char *key)
{
	return json_string_value(json_object_get(c->case_, key));
}

double
in_arg(struct check *c, size_t i)
{
	return json_number_value(json_array_get(input(c, "args"), i));
}

bool
in_has(struct check *c, const char *key)
{
	return json_object_get(c->case_, key) != NULL;
}

double *
in_reals(struct check *c, const char *key, size_t *n)
{
	json_t *list = input(c, key);
	double *x;

	*n = json_array_size(list);
	x = arena_array(&c->arena, *n + 1, sizeof *x);
	for (size_t i = 0; i < *n; i++)
		x[i] = json_number_value(json_array_get(list, i));
	return x;
}

long *
in_labels(struct check *c, const char *key, size_t *nlabel, const char ***label)
{
	json_t *list = input(c, key);
	size_t n = json_array_size(list);
	long *id = arena_array(&c->arena, n + 1, sizeof *id);
	const char **name = arena_array(&c->arena, n + 1, sizeof *name);
	struct map map = { 0 };

	*nlabel = 0;
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(list, i));
		bool is_new;
		uint64_t *slot = map_put(&map, str_of(s), &is_new);

		if (is_new) {
			*slot = *nlabel;
			name[(*nlabel)++] = s;
		}
		id[i] = (long)*slot;
	}
	map_free(&map);
	if (label != NULL)
		*label = name;
	return id;
}

/* ---- comparisons ---- */

void
fail(struct check *c, const char *what, const char *why)
{
	const char *id = in_text(c, "id");

	c->failures++;
	printf("  %s %s: %s\n", id != NULL ? id : c->method, what, why);
}

void
compare(struct check *c, const char *what, const json_t *expected, double got, double floor)
{
	double e = json_number_value(expected), gap = fabs(got - e);
	char why[160];

	if (json_is_boolean(expected))
		gap = fabs(got - (e = json_is_true(expected)));
	else if (!json_is_number(expected)) {
		snprintf(why, sizeof why, "got %.17g where no number is expected", got);
		fail(c, what, why);
		return;
	}
	if (e == 0)
		floor = fmax(floor, 1e-12);
	else if (!(gap <= floor))
		c->worst = fmax(c->worst, gap / fabs(e));
	if (gap <= c->tol * fabs(e) || gap <= floor)
		return;
	snprintf(why, sizeof why, "got %.17g, expected %.17g (relative %.2g)", got, e,
	    gap / fabs(e));
	fail(c, what, why);
}

json_t *
take(struct check *c, const char *key)
{
	json_t *v = json_object_get(c->out, key);

	if (v == NULL)
		return NULL;
	/* The case itself keeps the value alive: `out` is a shallow copy. */
	json_object_del(c->out, key);
	return v;
}

bool
wanted(struct check *c, const char *key)
{
	return json_object_get(c->out, key) != NULL;
}

void
want_near(struct check *c, const char *key, double got, double floor)
{
	json_t *v = take(c, key);

	if (v != NULL)
		compare(c, key, v, got, floor);
}

void
want(struct check *c, const char *key, double got)
{
	want_near(c, key, got, 0);
}

void
want_if(struct check *c, const char *key, bool known, double got)
{
	json_t *v = take(c, key);

	if (v == NULL)
		return;
	if (known)
		compare(c, key, v, got, 0);
	else if (!json_is_null(v))
		fail(c, key, "got nothing where a value is expected");
}

void
want_reals(struct check *c, const char *key, const double *got, size_t n, double floor)
{
	json_t *v = take(c, key);

	if (v == NULL)
		return;
	if (!json_is_array(v) || json_array_size(v) != n) {
		fail(c, key, "the number of values differs");
		return;
	}
	for (size_t i = 0; i < n; i++)
		compare(c, key, json_array_get(v, i), got[i], floor);
}

void
want_interval(struct check *c, const char *key, struct interval got, double floor)
{
	want_reals(c, key, (double[]){ got.lo, got.hi }, 2, floor);
}

/* ---- files ---- */

struct total { long files, cases, failures, unchecked, uncovered; };

static void
run_cases(struct check *c, json_t *cases, void (*run)(struct check *))
{
	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *out;

		c->case_ = json_array_get(cases, i);
		out = json_object_get(c->case_, "out");
		c->out = json_copy(out);
		c->cases++;
		run(c);
		c->unchecked += (long)json_object_size(c->out);
		json_decref(c->out);
		arena_reset(&c->arena);
	}
	arena_free(&c->arena);
}

static void
run_file(const char *path, struct total *total)
{
	json_error_t why;
	json_t *root = json_load_file(path, 0, &why);
	const char *method;
	struct check c = { 0 };
	size_t i;

	if (root == NULL)
		die(EXIT_MISTAKE, "%s:%d: %s", path, why.line, why.text);
	method = json_string_value(json_object_get(root, "method"));
	if (method == NULL || !json_is_array(json_object_get(root, "cases"))) {
		json_decref(root);
		return;
	}
	for (i = 0; i < COUNT(family) && strcmp(family[i].method, method) != 0; i++)
		;
	if (i == COUNT(family)) {
		printf("%s: not covered\n", method);
		total->uncovered++;
		json_decref(root);
		return;
	}
	c.method = method;
	c.tol = json_number_value(json_object_get(root, "tol_rel"));
	run_cases(&c, json_object_get(root, "cases"), family[i].run);
	printf("%s: %ld cases, worst relative error %.2g, %ld failures", method, c.cases, c.worst,
	    c.failures);
	printf(c.unchecked ? ", %ld members not compared\n" : "\n", c.unchecked);
	total->files++;
	total->cases += c.cases;
	total->failures += c.failures;
	total->unchecked += c.unchecked;
	json_decref(root);
}

static int
is_json(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && strcmp(d->d_name + n - 5, ".json") == 0;
}

static void
run_path(const char *path, struct total *total)
{
	struct arena a = { 0 };
	struct dirent **entry;
	struct stat st;
	int n;

	if (stat(path, &st) != 0)
		die(EXIT_MISTAKE, "cannot read '%s'", path);
	if (!S_ISDIR(st.st_mode)) {
		run_file(path, total);
		return;
	}
	n = scandir(path, &entry, is_json, alphasort);
	for (int i = 0; i < n; i++) {
		run_file(path_join(path, entry[i]->d_name, &a), total);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	arena_free(&a);
}

int
main(int argc, char **argv)
{
	struct total total = { 0 };
	bool all = argc > 1 && strcmp(argv[1], "--all") == 0;

	if (argc - all < 2) {
		fputs("usage: oracle [--all] DIR|FILE...\n", stderr);
		return EXIT_MISTAKE;
	}
	for (int i = 1 + all; i < argc; i++)
		run_path(argv[i], &total);
	printf("%ld files, %ld cases, %ld failures, %ld members not compared; "
	    "%ld methods not covered\n", total.files, total.cases, total.failures,
	    total.unchecked, total.uncovered);
	if (total.files == 0 && total.uncovered == 0)
		die(EXIT_MISTAKE, "found no golden file");
	return total.failures > 0 || (all && (total.uncovered > 0 || total.unchecked > 0));
}
