/*
 * fuzz_features.c -- any answer gives every feature a sound value, or one of the three of none.
 */
#include <stdlib.h>
#include <unistd.h>

#include "drift/drift.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 48 };
static struct { const struct feature *feature; const void *params; } setting[MOST];
static size_t nsetting;

static void
add(const struct feature *f, const char *given)
{
	static struct arena forever;
	struct err err = { 0 };
	void *params = arena_alloc(&forever, f->size + 1);

	if (nsetting == MOST)
		bug("there are more than %d settings", MOST);
	if (f->params != NULL && conf_bind(conf_load("given", str_of(given), &forever, &err), f->name,
	    f->params, params, &forever, &err) < 0)
		bug("%s %s: %s", f->name, given, err.msg);
	if (f->check != NULL && f->check(params, &forever, &err) < 0)
		bug("%s %s: %s", f->name, given, err.msg);
	setting[nsetting].feature = f;
	setting[nsetting++].params = params;
}

static void
add_oov(void)
{
	char path[] = "/tmp/fuzz-features-XXXXXX", given[64];
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, "a refund\n", 9) != 9)
		bug("no temporary file");
	snprintf(given, sizeof given, "{vocabulary: %s}", path);
	add(feature_find("oov"), given);
	close(fd);
	unlink(path);
}

/* Every feature of the answer, and the parameters that take another way through the code. */
static void
prepare(void)
{
	for (const struct feature *const *f = feature_all(); *f != NULL; f++) {
		if (strcmp((*f)->name, "oov") == 0)
			add_oov();
		else
			add(*f, strcmp((*f)->name, "regex") == 0 ? "{pattern: '(\\w+)\\W*$'}" :
			    strcmp((*f)->name, "embedding") == 0 ? "{of: output, dimensions: 3}" :
			    "{of: output}");
	}
	add(feature_find("regex"), "{pattern: '(a*)', capture: yes}");
	add(feature_find("category"), "{of: output, fold: yes}");
	add(feature_find("number"), "{of: output, text: yes}");
	add(feature_find("boolean"), "{of: output, text: yes}");
	add(feature_find("refusal"), "{within: 0, phrases: [a, b]}");
	add(feature_find("repeats"), "{run: 1}");
	add(feature_find("text"), "{fold: no, digits: keep}");
}

static bool
sound(const struct feature *f, struct value v)
{
	if (v.kind < VALUE_NUMBER)
		return true;
	if ((v.kind == VALUE_NUMBER) != (f->shape == SHAPE_NUMBER))
		return false;
	if ((v.kind == VALUE_VECTOR) != (f->shape == SHAPE_VECTOR))
		return false;
	if (v.kind == VALUE_VECTOR)
		return vector_sound(v.text) && vector_length(v.text) == 3;
	return v.kind == VALUE_NUMBER || (v.text.n > 0 && str_bad_utf8(v.text) < 0 &&
	    (f->shape == SHAPE_TEXT || v.text.n <= 240));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { size > 0 ? (const char *)data : "", size };
	struct record r = { .object = { JT_OBJECT, STR("{}") } };
	struct arena scratch = { 0 };

	if (nsetting == 0)
		prepare();
	for (size_t i = 0; i < RECORD_TEXTS; i++) {
		r.has_text[i] = true;
		r.text[i] = text;
	}
	for (size_t i = 0; i < nsetting; i++) {
		struct value v = setting[i].feature->get(setting[i].params, &r, &scratch);

		if (!sound(setting[i].feature, v))
			bug("%s gives kind %d", setting[i].feature->name, (int)v.kind);
		arena_reset(&scratch);
	}
	arena_free(&scratch);
	return 0;
}
