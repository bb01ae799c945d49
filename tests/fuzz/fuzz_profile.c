/*
 * fuzz_profile.c -- any bytes as a profile: as they are, and with a checksum that is right.
 *
 * What is read is written again byte for byte, can be merged with its like, and the result is
 * a profile; what is not read is refused in one sentence.
 */
#include "drift/drift.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
need(bool held, const char *what)
{
	if (!held)
		bug("%s", what);
}

static void
check_doubled(struct profile *p, struct str bytes, struct arena *a)
{
	struct err e = { 0 };
	struct buf twice = { 0 };
	struct profile *q = profile_read(bytes, "input", a, &e);
	int failed = profile_merge(p, q, &e);

	profile_free(q);
	if (failed) {
		need(e.n == 1, "a merge is refused without a sentence");
		return;
	}
	for (size_t i = 0; i < p->nfeature; i++) {
		const struct feature_profile *f = &p->feature[i];

		if (f->shape == SHAPE_NUMBER && f->nbucket > 0)
			need(exact_value(&f->square) >= 0 && f->min <= f->max, "numbers are out of order");
	}
	profile_write(&twice, p);
	q = profile_read(buf_as_str(&twice), "doubled", a, &e);
	need(q != NULL, "a merged profile is not read");
	profile_free(q);
	buf_free(&twice);
}

static void
check(struct str bytes)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	struct profile *p = profile_read(bytes, "input", &a, &e);
	struct buf again = { 0 };

	need((p == NULL) == (e.n == 1), "a refusal is not one sentence");
	if (p != NULL) {
		profile_write(&again, p);
		need(str_eq(buf_as_str(&again), bytes), "what was read is written in another way");
		buf_free(&again);
		check_doubled(p, bytes, &a);
		profile_free(p);
	}
	arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct sha256 sum = sha256_begin();
	struct buf b = { 0 };
	unsigned char raw[32];

	check(bytes);
	if (size > sizeof raw)
		bytes.n -= sizeof raw;
	sha256_add(&sum, bytes);
	sha256_end_raw(&sum, raw);
	buf_str(&b, bytes);
	buf_add(&b, raw, sizeof raw);
	check(buf_as_str(&b));
	buf_free(&b);
	return 0;
}
