/*
 * watch.c -- which features are watched: bound from YAML or from a profile, and asked.
 *
 * Parameters are bound twice from one table: from what the user wrote, and from the canonical JSON
 * that a profile keeps.  So a new window can be read exactly as an old one was.
 */
#include "drift/profile.h"

struct top { struct node *features; };
struct head { const char *name, *get; };

const struct conf_key watch_top_keys[] = {
	{ "features", CONF_NODE, offsetof(struct top, features), CONF_REQUIRED, NULL,
	  "a list of what is read in each record" },
	{ 0 }
};

const struct conf_key watch_feature_keys[] = {
	{ "name", CONF_TEXT, offsetof(struct head, name), CONF_REQUIRED, NULL,
	  "name of the feature in profiles and reports" },
	{ "get", CONF_TEXT, offsetof(struct head, get), CONF_REQUIRED, NULL,
	  "see driftlead-features(7); its parameters stand beside it" },
	{ 0 }
};

/* ---- canonical parameters ----------------------------------------------------------------- */

static void
param_json(struct buf *b, const struct conf_key *k, const void *params)
{
	const void *at = (const char *)params + k->offset;
	struct str choice = { 0 };
	const char *rest = k->range;

	switch (k->kind) {
	case CONF_TEXT:
	case CONF_NUMBER:
		if (*(const char *const *)at != NULL)
			buf_key_text(b, k->name, str_of(*(const char *const *)at));
		return;
	case CONF_STR:
		buf_key_text(b, k->name, *(const struct str *)at);
		return;
	case CONF_INT:
	case CONF_SIZE:
		buf_key_long(b, k->name, *(const long *)at);
		return;
	case CONF_REAL:
	case CONF_SHARE:
	case CONF_TIME:
		buf_key_real(b, k->name, *(const double *)at);
		return;
	case CONF_BOOL:
		buf_key_text(b, k->name, str_of(*(const bool *)at ? "yes" : "no"));
		return;
	case CONF_ENUM:
		for (int i = 0; i <= *(const int *)at; i++)
			parse_choice(&rest, &choice);
		buf_key_text(b, k->name, choice);
		return;
	case CONF_LIST:
		buf_key(b, k->name);
		buf_char(b, '[');
		for (size_t i = 0; i < ((const struct texts *)at)->n; i++) {
			buf_puts(b, i ? "," : "");
			buf_json(b, str_of(((const struct texts *)at)->text[i]));
		}
		buf_char(b, ']');
		return;
	case CONF_NODE:
		if (*(struct node *const *)at != NULL) {
			buf_key(b, k->name);
			conf_json(b, *(struct node *const *)at);
		}
	}
}

static const char *
params_json(const struct feature *f, const void *params, struct arena *a)
{
	struct buf b = { 0 };
	const char *s;

	buf_char(&b, '{');
	for (const struct conf_key *k = f->params; k != NULL && k->name != NULL; k++)
		param_json(&b, k, params);
	buf_char(&b, '}');
	s = str_cstr(buf_as_str(&b), a);
	buf_free(&b);
	return s;
}

/* ---- binding ------------------------------------------------------------------------------ */

int
watch_bind(struct watched *w, const char *name, const struct feature *f, struct node *params,
           struct arena *a, struct err *e)
{
	static const struct conf_key none[] = { { 0 } };
	const char *what = arena_fmt(a, "feature '%s'", name);

	*w = (struct watched){ .name = name, .feature = f, .params = arena_alloc(a, f->size + 1) };
	if (conf_bind(params, what, f->params ? f->params : none, w->params, a, e) != 0)
		return -1;
	if (f->check != NULL && f->check(w->params, a, e) != 0)
		return -1;
	w->params_json = params_json(f, w->params, a);
	return 0;
}

static const struct feature *
known(const char *name, const struct node *at, struct arena *a, struct err *e)
{
	const struct feature *const *all = feature_all(), *f = feature_find(name);
	const char **names, *near;
	size_t n = 0;

	if (f != NULL)
		return f;
	while (all[n] != NULL)
		n++;
	names = arena_array(a, n + 1, sizeof *names);
	for (size_t i = 0; i < n; i++)
		names[i] = all[i]->name;
	near = str_nearest(name, names);
	conf_err(at, e, "there is no feature '%s'%s%s%s", name, near ? " (did you mean '" :
	    "; driftlead-features(7) has all", near ? near : "", near ? "'?)" : "");
	return NULL;
}

static int
bind_one(struct watched *w, size_t i, struct node *item, struct arena *a, struct err *e)
{
	const struct conf_key *tables[3] = { watch_feature_keys, NULL, NULL };
	const struct feature *f;
	struct head head = { 0 };
	int before = e->n;

	if (conf_bind(item, "a feature", watch_feature_keys, &head, a, e) != 0)
		return -1;
	for (size_t k = 0; k < i; k++)
		if (w[k].name != NULL && strcmp(w[k].name, head.name) == 0)
			return conf_err(item, e, "there are two features '%s': give each its own name",
			    head.name);
	if ((f = known(head.get, item, a, e)) == NULL)
		return -1;
	if (watch_bind(&w[i], head.name, f, item, a, e) != 0 && e->n == before)
		return -1;
	tables[1] = f->params;
	conf_done(item, arena_fmt(a, "feature '%s'", head.name), tables, e);
	return e->n == before ? 0 : -1;
}

int
watch_features(struct node *features, struct watched **w, size_t *n, struct arena *a, struct err *e)
{
	int before = e->n;

	if (features->kind != NODE_LIST || features->n == 0)
		return conf_err(features, e, "'features' must be a list: - { name: label, "
		    "get: category, of: label }");
	if (features->n > PROFILE_FEATURES_MAX)
		return conf_err(features, e, "there are more than %d features", PROFILE_FEATURES_MAX);
	*n = features->n;
	*w = arena_array(a, *n, sizeof **w);
	for (size_t i = 0; i < *n; i++)
		bind_one(*w, i, features->item[i], a, e);
	return e->n == before ? 0 : -1;
}

int
watch_yaml(const char *path, struct str text, struct watched **w, size_t *n, struct arena *a,
           struct err *e)
{
	const struct conf_key *tables[] = { watch_top_keys, NULL };
	struct node *root = conf_load(path, text, a, e);
	struct top top = { 0 };
	int before = e->n;

	if (root == NULL || conf_bind(root, "the features", watch_top_keys, &top, a, e) != 0)
		return -1;
	conf_done(root, "the features", tables, e);
	watch_features(top.features, w, n, a, e);
	return e->n == before ? 0 : -1;
}

int
watch_again(const struct profile *p, const char *path, struct watched **w, struct arena *a,
            struct err *e)
{
	*w = arena_array(a, p->nfeature, sizeof **w);
	for (size_t i = 0; i < p->nfeature; i++) {
		const struct watched *old = &p->watched[i];
		const struct feature *f = feature_find(old->feature->name);
		struct node *params;

		if (f == NULL || f->version != old->feature->version || f->shape != old->feature->shape)
			return err_set(e, "feature '%s' of '%s' is '%s' of version %d, which this driftlead "
			    "has not: make the profile again from its logs", old->name, path,
			    old->feature->name, old->feature->version);
		if ((params = conf_load(path, str_of(old->params_json), a, e)) == NULL ||
		    watch_bind(&(*w)[i], old->name, f, params, a, e) != 0)
			return -1;
		if (strcmp((*w)[i].params_json, old->params_json) != 0)
			return err_set(e, "feature '%s' of '%s' has the parameters %s, which are now %s: make "
			    "the profile again from its logs", old->name, path, old->params_json,
			    (*w)[i].params_json);
	}
	return 0;
}

/* ---- asking ------------------------------------------------------------------------------- */

void
profile_add(struct profile *p, const struct record *r, struct arena *scratch)
{
	struct value *value = arena_array(scratch, p->nfeature, sizeof *value);
	double time = r->has_number[RECORD_TIME] ? r->number[RECORD_TIME] : 0;

	for (size_t i = 0; i < p->nfeature; i++) {
		const struct watched *w = &p->watched[i];

		value[i] = w->feature->get(w->params, r, scratch);
	}
	profile_add_values(p, record_hash(r), time >= 1 && time < 0x1p53 ? (int64_t)time : 0, value,
	    scratch);
}
