/*
 * profile_read.c -- bytes of others as a profile: driftlead-profile(5).
 *
 * A file is believed only if profile_write could have written it: every length is checked against
 * what is left of the file before memory is asked for, counts must add up, order must hold.  So
 * whatever has been read can be merged and compared without a further look.
 */
#include "drift/profile.h"

#include <math.h>

/* The first thing that is wrong; all that is read after it is 0. */
struct reader { struct str s; size_t at; const char *why; };

static uint64_t
wrong(struct reader *r, const char *why)
{
	if (r->why == NULL)
		r->why = why;
	return 0;
}

static size_t
left(const struct reader *r)
{
	return r->why != NULL ? 0 : r->s.n - r->at;
}

static uint64_t
get(struct reader *r)
{
	uint64_t x = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t byte;

		if (left(r) == 0)
			return wrong(r, "it ends too early");
		byte = (unsigned char)r->s.p[r->at++];
		if (shift == 63 && byte > 1)
			return wrong(r, "a number is too large");
		x |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return byte == 0 && shift > 0 ? wrong(r, "a number is longer than need be") : x;
	}
	return wrong(r, "a number is too large");
}

static int64_t
get_signed(struct reader *r)
{
	uint64_t x = get(r);

	return (int64_t)(x >> 1) ^ (x & 1 ? -1 : 0);
}

/* A number of at most `most`. */
static long
get_count(struct reader *r, long most)
{
	uint64_t x = get(r);

	return x > (uint64_t)most ? (long)wrong(r, "a count is too high") : (long)x;
}

/* How many entries follow, each of at least `least` bytes. */
static size_t
get_length(struct reader *r, size_t least)
{
	uint64_t n = get(r);

	return n > left(r) / least ? wrong(r, "a length goes beyond the end") : n;
}

static uint64_t
get_8(struct reader *r)
{
	uint64_t x = 0;

	if (left(r) < 8)
		return wrong(r, "it ends too early");
	for (unsigned i = 0; i < 64; i += 8)
		x |= (uint64_t)(unsigned char)r->s.p[r->at++] << i;
	return x;
}

static double
get_real(struct reader *r)
{
	uint64_t bits = get_8(r);
	double x;

	memcpy(&x, &bits, sizeof x);
	if (!isfinite(x) || bits == UINT64_C(1) << 63)
		return (double)wrong(r, "a value is not finite, or a zero with a sign");
	return x;
}

static struct str
get_text(struct reader *r, size_t most)
{
	size_t n = get_length(r, 1);
	struct str s = { r->s.p + r->at, n };

	if (n > most)
		wrong(r, "a text is too long");
	if (r->why != NULL)
		return (struct str){ 0 };
	r->at += n;
	return s;
}

static const char *
get_name(struct reader *r, size_t most, struct arena *a)
{
	struct str s = get_text(r, most);

	if (s.n == 0 || str_bad_utf8(s) >= 0 || memchr(s.p, '\0', s.n) != NULL) {
		wrong(r, "a name is not a text");
		return "";
	}
	return str_cstr(s, a);
}

enum { NAME_MAX_BYTES = 4096, PARAMS_MAX = 1 << 20 };

static struct watched *
get_watched(struct reader *r, size_t *n, struct arena *a)
{
	struct watched *w;

	if ((*n = get_length(r, 5)) > PROFILE_FEATURES_MAX)
		*n = wrong(r, "there are too many features");
	w = arena_array(a, *n, sizeof *w);
	for (size_t i = 0; i < *n; i++) {
		struct feature *f = arena_alloc(a, sizeof *f);

		w[i].name = get_name(r, NAME_MAX_BYTES, a);
		f->name = get_name(r, NAME_MAX_BYTES, a);
		f->help = "";
		f->version = (int)get_count(r, 1000000);
		f->shape = (enum shape)get_count(r, SHAPE_VECTOR);
		w[i].params_json = get_name(r, PARAMS_MAX, a);
		w[i].feature = f;
		if (r->why != NULL)
			return w;
	}
	return w;
}

/* Limbs as exact_settle leaves them.  n doubles add up to less than n 2^1024, in units of 2^-1074
 * to n 2^2098: the last limb, which counts 2^2100, and two bits of the one before must be below n.
 * What keeps to that still does when it is added to its like. */
static void
get_exact(struct reader *r, struct exact *e, long n, bool negative)
{
	const int64_t *last = &e->limb[EXACT_LIMBS - 1];
	int64_t size;

	for (int i = 0; i < EXACT_LIMBS; i++) {
		e->limb[i] = get_signed(r);
		if (i < EXACT_LIMBS - 1 && (e->limb[i] < 0 || e->limb[i] >> 60 != 0))
			wrong(r, "a sum is not in its shortest form");
	}
	if (r->why == NULL && (*last > n || *last < -n))
		wrong(r, "a sum is out of range");
	if (r->why != NULL) {
		*e = (struct exact){ 0 };
		return;
	}
	size = *last * 4 + (last[-1] >> 58);
	if (size >= n || size < (negative ? -n : 0))
		wrong(r, "a sum is out of range");
}

static void
get_numbers(struct reader *r, struct feature_profile *f)
{
	long n = profile_values(f), sum = 0;
	int64_t key = 0;

	f->nbucket = f->bucket_cap = get_length(r, 2);
	f->bucket = mem_alloc(f->nbucket, sizeof *f->bucket);
	for (size_t i = 0; i < f->nbucket; i++) {
		int64_t step = get_signed(r);

		if ((i > 0 && step <= 0) || __builtin_add_overflow(key, step, &key) ||
		    !bucket_exists(key))
			wrong(r, "buckets are out of order");
		f->bucket[i] = (struct bucket){ .key = key, .count = get_count(r, n - sum) };
		sum += f->bucket[i].count;
		if (r->why != NULL)
			return;
		if (f->bucket[i].count == 0)
			wrong(r, "a bucket is empty");
	}
	if (sum != n)
		wrong(r, "the counts of buckets do not add up");
	if (f->nbucket == 0 || r->why != NULL)
		return;
	f->min = get_real(r);
	f->max = get_real(r);
	if (f->min > f->max || bucket_of(f->min) != f->bucket[0].key || bucket_of(f->max) != key)
		wrong(r, "the lowest or highest value is not in its bucket");
	get_exact(r, &f->sum, n, true);
	get_exact(r, &f->square, n, false);
}

static void
get_categories(struct reader *r, struct feature_profile *f, uint64_t seed)
{
	long n = profile_values(f), sum = 0;
	size_t want = get_length(r, 10);

	if (want > CATEGORIES)
		want = wrong(r, "there are too many categories");
	f->category_cap = want;
	f->category = mem_alloc(want, sizeof *f->category);
	for (size_t i = 0; i < want; i++) {
		struct category *c = &f->category[i];
		struct str text;

		c->hash = get_8(r);
		text = get_text(r, CATEGORY_BYTES);
		c->count = get_count(r, n - sum);
		if (r->why != NULL)
			return;
		if (i > 0 && c->hash <= f->category[i - 1].hash)
			wrong(r, "categories are out of order");
		if (c->count == 0)
			wrong(r, "a category is empty");
		if (text.n < CATEGORY_BYTES && category_hash(text, seed) != c->hash)
			wrong(r, "a category is not under its hash");
		c->text = str_own(text);
		f->ncategory++;
		sum += c->count;
	}
	f->rest = get_count(r, n - sum);
	if (sum + f->rest != n || (f->rest > 0 && want < CATEGORIES))
		wrong(r, "the counts of categories do not add up");
}

static void
get_grams(struct reader *r, struct feature_profile *f)
{
	long n = profile_values(f), most = n < UINT32_MAX ? n : UINT32_MAX;
	size_t want = get_length(r, 2), slot = 0;

	if (want > GRAM_SLOTS)
		want = wrong(r, "there are too many n-grams");
	if (want > 0)
		f->gram = mem_alloc(GRAM_SLOTS, sizeof *f->gram);
	for (size_t i = 0; i < want; i++) {
		size_t step = (size_t)get_count(r, GRAM_SLOTS - 1);

		slot += step;
		if (slot >= GRAM_SLOTS || (i > 0 && step == 0))
			wrong(r, "n-grams are out of order");
		if (r->why != NULL)
			return;
		if ((f->gram[slot] = (uint32_t)get_count(r, most)) == 0)
			wrong(r, "an n-gram is in no record");
	}
}

static void
get_vectors(struct reader *r, struct feature_profile *f)
{
	long n = profile_values(f);

	if (n == 0)
		return;
	f->fourier = mem_alloc(FOURIER_SUMS, sizeof *f->fourier);
	for (size_t i = 0; i < FOURIER_SUMS && r->why == NULL; i++) {
		f->fourier[i] = get_signed(r);
		if (f->fourier[i] > n * FOURIER_UNIT || f->fourier[i] < -n * FOURIER_UNIT)
			wrong(r, "a Fourier sum is out of range");
	}
}

static struct value
get_value(struct reader *r, enum shape shape, bool texts)
{
	struct value v = { .kind = (enum value_kind)get_count(r, VALUE_VECTOR) };

	if ((v.kind == VALUE_NUMBER && shape != SHAPE_NUMBER) ||
	    (v.kind == VALUE_TEXT && shape != SHAPE_CATEGORY && shape != SHAPE_TEXT) ||
	    (v.kind == VALUE_VECTOR && shape != SHAPE_VECTOR))
		wrong(r, "a value is of the wrong type");
	if (v.kind == VALUE_NUMBER)
		v.number = get_real(r);
	if (v.kind == VALUE_TEXT)
		v.text = str_own(get_text(r, shape != SHAPE_TEXT ? CATEGORY_BYTES :
		    texts ? KEPT_TEXT_BYTES : 0));
	if (v.kind == VALUE_VECTOR) {
		v.text = str_own(get_text(r, 4 * (size_t)VECTOR_MAX));
		if (!vector_sound(v.text))
			wrong(r, "a vector is not one");
	}
	return v;
}

static void
get_kept(struct reader *r, struct profile *p)
{
	size_t n;

	p->cap = (size_t)get_count(r, PROFILE_RECORDS_MAX);
	if (p->texts && p->cap > KEPT_TEXTS_MAX)
		wrong(r, "texts of too many records are kept");
	n = get_length(r, 9 + p->nfeature);
	if (n != (p->n < (long)p->cap ? (size_t)p->n : p->cap))
		n = wrong(r, "the sample has not as many records as it should");
	p->kept_room = n;
	p->kept = mem_alloc(n, sizeof *p->kept);
	for (size_t i = 0; i < n && r->why == NULL; i++) {
		struct kept *k = &p->kept[i];

		k->value = mem_alloc(p->nfeature, sizeof *k->value);
		p->nkept++;
		k->hash = get_8(r);
		k->time_ms = get_count(r, PROFILE_TIME_MAX);
		if (k->time_ms != 0 && (k->time_ms < p->first_ms || k->time_ms > p->last_ms))
			wrong(r, "the time of a record lies outside");
		for (size_t f = 0; f < p->nfeature; f++)
			k->value[f] = get_value(r, p->feature[f].shape, p->texts);
		if (r->why == NULL && i > 0 && kept_order(p, i - 1, i) > 0)
			wrong(r, "the sample is out of order");
	}
}

static void
get_feature(struct reader *r, struct feature_profile *f, const struct profile *p)
{
	f->n = p->n;
	f->missing = get_count(r, f->n);
	f->empty = get_count(r, f->n - f->missing);
	f->other = get_count(r, f->n - f->missing - f->empty);
	if (f->shape == SHAPE_NUMBER)
		get_numbers(r, f);
	else if (f->shape == SHAPE_CATEGORY)
		get_categories(r, f, p->seed);
	else if (f->shape == SHAPE_TEXT)
		get_grams(r, f);
	else
		get_vectors(r, f);
}

static struct profile *
get_profile(struct reader *r, long version, struct arena *a)
{
	bool texts = version == PROFILE_VECTORS ? get_count(r, 1) : version == PROFILE_TEXTS;
	size_t nfeature;
	struct watched *watched = get_watched(r, &nfeature, a);
	uint64_t seed = get_8(r);
	struct profile *p;

	if (r->why != NULL)
		return NULL;
	p = profile_begin(watched, nfeature, 0, seed);
	p->texts = texts;
	if (profile_version(p) != version)
		wrong(r, "its version is not that of what is in it");
	p->n = get_count(r, PROFILE_RECORDS_MAX);
	p->bad = get_count(r, PROFILE_RECORDS_MAX);
	p->first_ms = get_count(r, PROFILE_TIME_MAX);
	p->last_ms = get_count(r, PROFILE_TIME_MAX);
	if (p->first_ms > p->last_ms || (p->first_ms == 0) != (p->last_ms == 0) ||
	    (p->n == 0 && p->last_ms != 0))
		wrong(r, "its times are out of order");
	for (size_t i = 0; i < nfeature && r->why == NULL; i++)
		get_feature(r, &p->feature[i], p);
	if (r->why == NULL)
		get_kept(r, p);
	if (left(r) > 0)
		wrong(r, "there is more in it than there should be");
	return p;
}

/* The version in the first line, and the reader after it; 0: no profile. */
static long
get_version(struct reader *r)
{
	struct str magic = STR(PROFILE_MAGIC), line;
	ptrdiff_t end = str_find(str_sub(r->s, 0, magic.n + 12), STR("\n"), 0);
	long version;

	if (!str_starts(r->s, magic) || end < 0)
		return 0;
	line = str_sub(r->s, magic.n, (size_t)end - magic.n);
	r->at = (size_t)end + 1;
	return str_long(line, &version) && version > 0 ? version : 0;
}

struct profile *
profile_read(struct str bytes, const char *path, struct arena *a, struct err *e)
{
	struct reader r = { .s = bytes };
	long version = get_version(&r);
	struct sha256 sum;
	unsigned char raw[32];
	struct profile *p;

	if (version == 0) {
		err_set(e, "'%s' is no profile: 'driftlead profile LOGS -o FILE' makes one", path);
		return NULL;
	}
	if (version > PROFILE_VERSION) {
		err_set(e, "'%s' is a profile of version %ld, and this driftlead reads versions to %d: use "
		    "a newer driftlead", path, version, PROFILE_VERSION);
		return NULL;
	}
	if (left(&r) < sizeof raw) {
		err_set(e, "'%s' is damaged: it ends too early; make it again from its logs", path);
		return NULL;
	}
	r.s.n -= sizeof raw;
	sum = sha256_begin();
	sha256_add(&sum, r.s);
	sha256_end_raw(&sum, raw);
	if (memcmp(raw, bytes.p + r.s.n, sizeof raw) != 0) {
		err_set(e, "'%s' is damaged: its checksum is that of other bytes; make it again from its "
		    "logs", path);
		return NULL;
	}
	p = get_profile(&r, version, a);
	if (r.why != NULL) {
		err_set(e, "'%s' is damaged: %s; make it again from its logs", path, r.why);
		profile_free(p);
		return NULL;
	}
	return p;
}
