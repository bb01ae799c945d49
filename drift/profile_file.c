/*
 * profile_file.c -- a profile as bytes: driftlead-profile(5).  profile_read.c is the way back.
 *
 * Counts are varints (LEB128, shortest form), doubles and hashes eight bytes with the lowest first,
 * texts their length and their bytes.  Nothing in a file says when, where or in how many pieces it
 * was made.
 */
#include "drift/profile.h"

static void
put(struct buf *b, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		buf_char(b, (char)(x | 0x80));
	buf_char(b, (char)x);
}

/* Small numbers of either sign are short: 0, -1, 1, -2 are 0, 1, 2, 3. */
static void
put_signed(struct buf *b, int64_t x)
{
	put(b, ((uint64_t)x << 1) ^ (x < 0 ? UINT64_MAX : 0));
}

static void
put_8(struct buf *b, uint64_t x)
{
	for (int i = 0; i < 64; i += 8)
		buf_char(b, (char)(x >> i));
}

static void
put_real(struct buf *b, double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof bits);
	put_8(b, bits);
}

static void
put_text(struct buf *b, struct str s)
{
	put(b, s.n);
	buf_str(b, s);
}

static void
put_exact(struct buf *b, const struct exact *from)
{
	struct exact e = *from;

	exact_settle(&e);
	for (int i = 0; i < EXACT_LIMBS; i++)
		put_signed(b, e.limb[i]);
}

static void
put_watched(struct buf *b, const struct profile *p)
{
	put(b, p->nfeature);
	for (size_t i = 0; i < p->nfeature; i++) {
		const struct watched *w = &p->watched[i];

		put_text(b, str_of(w->name));
		put_text(b, str_of(w->feature->name));
		put(b, (uint64_t)w->feature->version);
		put(b, w->feature->shape);
		put_text(b, str_of(w->params_json));
	}
	put_8(b, p->seed);
}

void
profile_digest(const struct profile *p, char hex[65])
{
	struct buf b = { 0 };

	put_watched(&b, p);
	sha256_of(buf_as_str(&b), hex);
	buf_free(&b);
}

static void
put_numbers(struct buf *b, const struct feature_profile *f)
{
	int64_t last = 0;

	put(b, f->nbucket);
	for (size_t i = 0; i < f->nbucket; i++) {
		put_signed(b, f->bucket[i].key - last);
		put(b, (uint64_t)f->bucket[i].count);
		last = f->bucket[i].key;
	}
	if (f->nbucket == 0)
		return;
	put_real(b, f->min);
	put_real(b, f->max);
	put_exact(b, &f->sum);
	put_exact(b, &f->square);
}

static void
put_categories(struct buf *b, const struct feature_profile *f)
{
	put(b, f->ncategory);
	for (size_t i = 0; i < f->ncategory; i++) {
		put_8(b, f->category[i].hash);
		put_text(b, f->category[i].text);
		put(b, (uint64_t)f->category[i].count);
	}
	put(b, (uint64_t)f->rest);
}

static void
put_grams(struct buf *b, const struct feature_profile *f)
{
	size_t n = 0, last = 0;

	for (size_t i = 0; f->gram != NULL && i < GRAM_SLOTS; i++)
		n += f->gram[i] > 0;
	put(b, n);
	for (size_t i = 0; n > 0 && i < GRAM_SLOTS; i++) {
		if (f->gram[i] == 0)
			continue;
		put(b, i - last);
		put(b, f->gram[i]);
		last = i;
	}
}

static void
put_vectors(struct buf *b, const struct feature_profile *f)
{
	for (size_t i = 0; f->fourier != NULL && i < FOURIER_SUMS; i++)
		put_signed(b, f->fourier[i]);
}

static void
put_kept(struct buf *b, const struct profile *p, bool texts)
{
	put(b, p->cap);
	put(b, p->nkept);
	for (size_t i = 0; i < p->nkept; i++) {
		put_8(b, p->kept[i].hash);
		put(b, (uint64_t)p->kept[i].time_ms);
		for (size_t k = 0; k < p->nfeature; k++) {
			const struct value *v = &p->kept[i].value[k];

			put(b, v->kind);
			if (v->kind == VALUE_NUMBER)
				put_real(b, v->number);
			if (v->kind == VALUE_TEXT || v->kind == VALUE_VECTOR)
				put_text(b, texts || p->feature[k].shape != SHAPE_TEXT ? v->text :
				    (struct str){ 0 });
		}
	}
}

static long
version_of(const struct profile *p, bool texts)
{
	for (size_t i = 0; i < p->nfeature; i++)
		if (p->feature[i].shape == SHAPE_VECTOR)
			return PROFILE_VECTORS;
	return texts ? PROFILE_TEXTS : PROFILE_TEXTLESS;
}

long
profile_version(const struct profile *p)
{
	return version_of(p, p->texts);
}

static void
write_profile(struct buf *b, const struct profile *p, bool texts)
{
	struct sha256 sum = sha256_begin();
	unsigned char raw[32];
	size_t from = b->n;

	buf_fmt(b, PROFILE_MAGIC "%ld\n", version_of(p, texts));
	if (version_of(p, texts) == PROFILE_VECTORS)
		put(b, texts);
	put_watched(b, p);
	put(b, (uint64_t)p->n);
	put(b, (uint64_t)p->bad);
	put(b, (uint64_t)p->first_ms);
	put(b, (uint64_t)p->last_ms);
	for (size_t i = 0; i < p->nfeature; i++) {
		const struct feature_profile *f = &p->feature[i];

		put(b, (uint64_t)f->missing);
		put(b, (uint64_t)f->empty);
		put(b, (uint64_t)f->other);
		if (f->shape == SHAPE_NUMBER)
			put_numbers(b, f);
		else if (f->shape == SHAPE_CATEGORY)
			put_categories(b, f);
		else if (f->shape == SHAPE_TEXT)
			put_grams(b, f);
		else
			put_vectors(b, f);
	}
	put_kept(b, p, texts);
	sha256_add(&sum, str_sub(buf_as_str(b), from, b->n - from));
	sha256_end_raw(&sum, raw);
	buf_add(b, raw, sizeof raw);
}

void
profile_write(struct buf *b, const struct profile *p)
{
	write_profile(b, p, p->texts);
}

void
profile_write_textless(struct buf *b, const struct profile *p)
{
	write_profile(b, p, false);
}
