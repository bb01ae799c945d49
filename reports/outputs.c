/*
 * outputs.c -- what a continuous integration system reads, by table.
 *
 * A document is made in memory and written beside, synced and renamed, so that nobody reads
 * half of it.
 */
#include "reports/reports.h"

#define OUTPUT(name, help) extern const struct output output_##name;
#define OUTPUT_PRINTED(name, help) extern const struct output output_##name;
#include "reports/outputs.def"

enum { CEILING = 256 << 20 };

static const struct row_of { const struct output *output; size_t offset; bool printed; } all[] = {
#define OUTPUT(name, help) { &output_##name, offsetof(struct outputs, name), false },
#define OUTPUT_PRINTED(name, help) { &output_##name, offsetof(struct outputs, name), true },
#include "reports/outputs.def"
};

/* The file that is asked for, NULL if none is. */
static const char *
file_of(const struct row_of *r, const struct outputs *o)
{
	return r->printed ? NULL : *(const char *const *)((const char *)o + r->offset);
}

static bool
is_printed(const struct row_of *r, const struct outputs *o)
{
	return r->printed && *(const bool *)((const char *)o + r->offset);
}

bool
outputs_any(const struct outputs *o)
{
	for (size_t i = 0; i < COUNT(all); i++)
		if (file_of(&all[i], o) != NULL || is_printed(&all[i], o))
			return true;
	return false;
}

int
outputs_check(const struct outputs *o, const char *taken, struct err *e)
{
	for (size_t i = 0; i < COUNT(all); i++) {
		const char *file = file_of(&all[i], o), *name = all[i].output->name;

		if (!is_printed(&all[i], o) && (file == NULL || strcmp(file, "-") != 0))
			continue;
		if (taken != NULL)
			return err_set(e, "%s and --%s both go to standard output: give one of them a file, or "
			    "leave it out", taken, name);
		taken = is_printed(&all[i], o) ? "what is printed" : "another file";
	}
	return 0;
}

static int
to_file(struct page *p, const struct output *output, const char *path, struct err *e)
{
	struct buf document = { .max = CEILING };
	int status;

	p->out = &document;
	output->write(p);
	status = file_write(path, buf_as_str(&document), 0644, e);
	buf_free(&document);
	return status;
}

int
outputs_write(struct store *store, long run, long base, const struct outputs *o, struct buf *out,
    struct err *e)
{
	struct arena a = { 0 };
	struct page p = { .store = store, .run = run, .base = base, .a = &a };
	int status = 0;

	for (size_t i = 0; i < COUNT(all); i++) {
		const struct output *output = all[i].output;
		const char *path = file_of(&all[i], o);

		if (path != NULL && to_file(&p, output, path, e) != 0)
			status = -1;
		p.out = out;
		if (is_printed(&all[i], o))
			output->write(&p);
		if ((path != NULL || is_printed(&all[i], o)) && output->deliver != NULL &&
		    output->deliver(&p, e) != 0)
			status = -1;
		arena_reset(&a);
	}
	arena_free(&a);
	return status;
}

void
report_as(const char *name, struct store *store, long run, long base, long most, struct buf *out)
{
	struct arena a = { 0 };
	struct page p = { store, run, base, &a, out, most };

	for (size_t i = 0; i < COUNT(all); i++)
		if (strcmp(all[i].output->name, name) == 0)
			all[i].output->write(&p);
	arena_free(&a);
}
