/*
 * test_profile.c -- profiles of pieces add up to that of the whole, byte for byte; their files are
 * read as they were written, and nothing else is.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drift/profile.h"

enum { NFEATURE = 5, NAMED = 4 /* without the vector */ };

static const struct feature number = { .name = "number", .version = 1, .shape = SHAPE_NUMBER };
static const struct feature category = {
	.name = "category", .version = 2, .shape = SHAPE_CATEGORY
};
static const struct feature text = { .name = "text", .version = 1, .shape = SHAPE_TEXT };
static const struct feature vector = { .name = "vector", .version = 1, .shape = SHAPE_VECTOR };
static const struct watched watched[NFEATURE] = {
	{ "latency", &number, NULL, "{}" },
	{ "label", &category, NULL, "{\"of\":\"/label\"}" },
	{ "user", &category, NULL, "{\"of\":\"/user\"}" },
	{ "answer", &text, NULL, "{}" },
	{ "meaning", &vector, NULL, "{}" },
};

/* ---- records at random -------------------------------------------------------------------- */

struct drawn_record { uint64_t hash; int64_t time_ms; struct value value[NFEATURE]; };

static uint64_t drawn;

static uint64_t
draw(uint64_t below)
{
	return rng_next(rng_key(3, "test_profile"), drawn++) % below;
}

static struct value
any_number(void)
{
	static const double odd[] = { 0, -0.0, DBL_MAX, -DBL_MAX, 4.9e-324, 1e200, NAN, INFINITY,
		1024 };
	struct value v = { .kind = VALUE_NUMBER };

	switch (draw(4)) {
	case 0:
		v.number = odd[draw(COUNT(odd))];
		break;
	case 1:
		v.number = (double)draw(3000);
		break;
	default:
		v.number = exp(normal_quantile((double)(1 + draw(999998)) / 1e6));
	}
	return v;
}

static struct value
any_text(struct arena *a, const char *prefix, uint64_t different, uint64_t words)
{
	struct buf b = { 0 };
	struct value v = { .kind = VALUE_TEXT };

	for (uint64_t i = 0; i < words; i++)
		buf_fmt(&b, "%s%s%lu", i ? " " : "", prefix, (unsigned long)draw(different));
	v.text = str_dup(buf_as_str(&b), a);
	buf_free(&b);
	return v;
}

/* Of one length most of the time. */
static struct value
any_vector(struct arena *a)
{
	double x[12];
	size_t n = draw(9) ? 6 : draw(12);

	for (size_t i = 0; i < n; i++)
		x[i] = draw(7) ? normal_quantile((double)(1 + draw(999998)) / 1e6) : 0;
	return (struct value){ .kind = VALUE_VECTOR, .text = vector_pack(x, n, a) };
}

static struct drawn_record
any_record(struct arena *a, uint64_t users)
{
	struct drawn_record r = { .hash = draw(20) ? draw(UINT64_MAX) : draw(5),
		.time_ms = draw(9) ? 1700000000000 + (int64_t)draw(1000000) : 0 };

	r.value[0] = any_number();
	r.value[1] = any_text(a, "label ", 12, 1);
	r.value[2] = any_text(a, "u", users, 1);
	r.value[3] = any_text(a, "W\xc3\xb6rt", 50, draw(40) ? draw(12) : 700 + draw(100));
	r.value[4] = any_vector(a);
	for (size_t i = 0; i < NFEATURE; i++)
		if (draw(10) == 0)
			r.value[i] = (struct value){ .kind = (enum value_kind)draw(3) };
	return r;
}

static void
add(struct profile *p, const struct drawn_record *r)
{
	struct arena scratch = { 0 };

	profile_add_values(p, r->hash, r->time_ms, r->value, &scratch);
	arena_free(&scratch);
}

/* ---- comparing ---------------------------------------------------------------------------- */

static struct buf
bytes_of(const struct profile *p)
{
	struct buf b = { 0 };

	profile_write(&b, p);
	return b;
}

static void
same_bytes(const struct profile *a, const struct profile *b)
{
	struct buf x = bytes_of(a), y = bytes_of(b);

	assert_int_equal(x.n, y.n);
	assert_memory_equal(x.p, y.p, x.n);
	buf_free(&x);
	buf_free(&y);
}

static struct profile *
reread(const struct profile *p, struct arena *a)
{
	struct buf b = bytes_of(p);
	struct err e = { 0 };
	struct profile *q = profile_read(buf_as_str(&b), "file", a, &e);

	if (q == NULL)
		print_message("%s\n", e.msg);
	assert_non_null(q);
	same_bytes(p, q);
	buf_free(&b);
	return q;
}

static void
shuffle(struct drawn_record *r, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = draw(i);
		struct drawn_record swap = r[i - 1];

		r[i - 1] = r[k];
		r[k] = swap;
	}
}

/* Any split into `pieces`, merged in any order, some by way of a file. */
static void
check_split(struct drawn_record *r, size_t n, size_t pieces, size_t cap,
            const struct profile *whole)
{
	struct profile *part[16] = { NULL };
	struct arena a = { 0 };
	struct err e = { 0 };

	assert_true(pieces <= COUNT(part));
	shuffle(r, n);
	for (size_t i = 0; i < pieces; i++) {
		part[i] = profile_begin(watched, NFEATURE, cap, 7);
		if (whole->texts)
			profile_keep_texts(part[i]);
	}
	for (size_t i = 0; i < n; i++) {
		size_t k = draw(pieces);

		add(part[k], &r[i]);
	}
	part[0]->bad = whole->bad;
	while (pieces > 1) {
		size_t into = draw(pieces), from = draw(pieces - 1);

		from += from >= into;
		if (draw(2)) {
			struct profile *read = reread(part[from], &a);

			profile_free(part[from]);
			part[from] = read;
		}
		assert_int_equal(profile_merge(part[into], part[from], &e), 0);
		profile_free(part[from]);
		part[from] = part[--pieces];
	}
	same_bytes(part[0], whole);
	profile_free(reread(part[0], &a));
	profile_free(part[0]);
	arena_free(&a);
}

static void
check_records(size_t n, uint64_t users, size_t cap, bool texts, int splits)
{
	struct profile *whole = profile_begin(watched, NFEATURE, cap, 7);
	struct arena a = { 0 };
	struct drawn_record *r = arena_array(&a, n, sizeof *r);

	if (texts)
		profile_keep_texts(whole);
	for (size_t i = 0; i < n; i++) {
		r[i] = any_record(&a, users);
		add(whole, &r[i]);
	}
	whole->bad = (long)draw(3);
	for (int i = 0; i < splits; i++)
		check_split(r, n, 1 + draw(16), cap, whole);
	profile_free(whole);
	arena_free(&a);
}

static void
pieces_add_up_to_the_whole(void **state)
{
	(void)state;
	for (int rep = 0; rep < 25; rep++)
		check_records(draw(400), 1 + draw(500), draw(3) ? draw(100) : 0, rep % 2, 3);
}

/* More categories than are listed, so that pieces drop what others keep counting. */
static void
dropped_categories_add_up(void **state)
{
	(void)state;
	check_records(12000, 9000, 50, true, 3);
}

/* ---- what is counted ---------------------------------------------------------------------- */

static struct drawn_record
of(enum value_kind kind, double x, struct str label, struct str answer)
{
	struct drawn_record r = { .hash = draw(UINT64_MAX) };

	for (size_t i = 0; i < NFEATURE; i++)
		r.value[i] = (struct value){ .kind = kind };
	if (kind == VALUE_TEXT) {
		r.value[0] = (struct value){ .kind = VALUE_NUMBER, .number = x };
		r.value[1].text = r.value[2].text = label;
		r.value[3].text = answer;
		r.value[4] = (struct value){ .kind = VALUE_VECTOR, .text = STR("\0\0\x80\x3f") };
	}
	return r;
}

static void
counts_are_what_they_say(void **state)
{
	struct profile *p = profile_begin(watched, NFEATURE, 10, 0);
	const struct feature_profile *f = p->feature;
	const struct drawn_record in[] = {
		of(VALUE_TEXT, 3, STR("yes"), STR(" a a\na ")), of(VALUE_TEXT, -0.0, STR("no"), STR("a")),
		of(VALUE_TEXT, 1e200, STR("yes"), STR("   ")), of(VALUE_MISSING, 0, STR(""), STR("")),
		of(VALUE_EMPTY, 0, STR(""), STR("")), of(VALUE_EMPTY, 0, STR(""), STR("")),
		of(VALUE_OTHER, 0, STR(""), STR("")) };
	long grams = 0, twice = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(in); i++)
		add(p, &in[i]);
	assert_int_equal(p->n, 7);
	for (size_t i = 0; i < NFEATURE; i++) {
		assert_int_equal(f[i].n, 7);
		assert_int_equal(f[i].missing, 1);
		assert_int_equal(f[i].empty, 2);
		assert_int_equal(f[i].other, 1);
		assert_int_equal(profile_values(&f[i]), 3);
	}
	assert_int_equal(f[0].nbucket, 3);
	assert_true(f[0].bucket[0].key == 0 && f[0].bucket[1].key == bucket_of(3));
	assert_true(f[0].min == 0 && !signbit(f[0].min) && f[0].max == 1e200);
	assert_true(exact_value(&f[0].sum) == 1e200 && exact_value(&f[0].square) == DBL_MAX);
	assert_int_equal(f[1].ncategory, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(f[1].category[i].count, str_is(f[1].category[i].text, "yes") ? 2 : 1);
	assert_int_equal(f[1].rest, 0);
	/* Words a, "a a", "a\na"; characters "a a", "a\na", " a\n", "a a\n", " a\na", "a a\na". */
	for (size_t i = 0; i < GRAM_SLOTS; i++) {
		grams += f[3].gram[i] > 0;
		twice += f[3].gram[i] == 2;
		assert_true(f[3].gram[i] <= 2);
	}
	assert_int_equal(grams, 9);
	assert_int_equal(twice, 1);
	/* All fit into the sample, without the texts of text features. */
	assert_int_equal(p->nkept, 7);
	for (size_t i = 0; i < 7; i++)
		assert_true(p->kept[i].value[3].text.n == 0);
	profile_free(p);
}

static void
wrong_types_count_as_other(void **state)
{
	struct profile *p = profile_begin(watched, NFEATURE, 3, 0);
	struct drawn_record r = of(VALUE_TEXT, NAN, STR("x"), STR("x"));

	(void)state;
	add(p, &r);
	r.value[0] = (struct value){ .kind = VALUE_TEXT, .text = STR("3") };
	r.value[1] = r.value[3] = (struct value){ .kind = VALUE_NUMBER, .number = 3 };
	add(p, &r);
	assert_int_equal(p->feature[0].other, 2);
	assert_int_equal(p->feature[1].other, 1);
	assert_int_equal(p->feature[3].other, 1);
	profile_free(p);
}

static void
the_sample_is_the_lowest(void **state)
{
	struct profile *small = profile_begin(watched, NFEATURE, 20, 0);
	struct profile *large = profile_begin(watched, NFEATURE, 1000, 0);
	struct arena a = { 0 };

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct drawn_record r = any_record(&a, 10);

		add(small, &r);
		add(large, &r);
	}
	assert_int_equal(small->nkept, 20);
	assert_int_equal(large->nkept, 500);
	for (size_t i = 0; i < 20; i++) {
		assert_true(small->kept[i].hash == large->kept[i].hash);
		assert_true(i == 0 || kept_order(small, i - 1, i) <= 0);
	}
	profile_free(small);
	profile_free(large);
	arena_free(&a);
}

/* Two long texts that begin alike are two categories, and both can be read again. */
static void
long_categories_are_cut(void **state)
{
	struct profile *p = profile_begin(watched, NFEATURE, 5, 0);
	struct drawn_record r = of(VALUE_TEXT, 1, STR("x"), STR("x"));
	static char text_a[3000], text_b[3000];
	struct arena a = { 0 };

	(void)state;
	memset(text_a, 'a', sizeof text_a);
	memset(text_b, 'a', sizeof text_b);
	text_b[2999] = 'b';
	r.value[1].text = (struct str){ text_a, sizeof text_a };
	add(p, &r);
	r.value[1].text = (struct str){ text_b, sizeof text_b };
	add(p, &r);
	assert_int_equal(p->feature[1].ncategory, 2);
	assert_int_equal(p->feature[1].category[0].text.n, CATEGORY_BYTES);
	profile_free(reread(p, &a));
	profile_free(p);
	arena_free(&a);
}

static bool
begins_with(const struct profile *p, const char *line)
{
	struct buf b = bytes_of(p);
	bool does = str_starts(buf_as_str(&b), str_of(line));

	buf_free(&b);
	return does;
}

/* Only when asked to, and not in half characters; without texts the file is what it always was. */
static void
texts_are_kept_when_asked(void **state)
{
	struct profile *with = profile_begin(watched, NAMED, 5, 0), *q;
	struct profile *without = profile_begin(watched, NAMED, 5, 0);
	struct drawn_record r = of(VALUE_TEXT, 1, STR("x"), STR("a secret"));
	static char euros[3 * KEPT_TEXT_BYTES];
	struct arena a = { 0 };

	(void)state;
	profile_keep_texts(with);
	add(with, &r);
	add(without, &r);
	for (size_t i = 1; i + 3 <= sizeof euros; i += 3)
		memcpy(&euros[i], "\xe2\x82\xac", 3);
	for (size_t from = 0; from < 3; from++) {
		r.value[3].text = (struct str){ euros + from, sizeof euros - from };
		r.hash++;
		add(with, &r);
		add(without, &r);
	}
	q = reread(with, &a);
	assert_true(q->texts && q->nkept == 4 && begins_with(with, PROFILE_MAGIC "2\n"));
	for (size_t i = 0; i < q->nkept; i++) {
		struct str s = q->kept[i].value[3].text;

		assert_true(str_is(s, "a secret") || (s.n <= KEPT_TEXT_BYTES && s.n > KEPT_TEXT_BYTES - 3));
		assert_true(str_is(s, "a secret") || s.p[s.n - 1] == '\xac');
	}
	profile_free(q);
	q = reread(without, &a);
	assert_true(!q->texts && begins_with(without, PROFILE_MAGIC "1\n"));
	for (size_t i = 0; i < q->nkept; i++)
		assert_true(q->kept[i].value[3].kind == VALUE_TEXT && q->kept[i].value[3].text.n == 0);
	profile_free(q);
	profile_free(with);
	profile_free(without);
	arena_free(&a);
}

/* ---- refusals ----------------------------------------------------------------------------- */

static void
refused(struct str bytes, const char *why)
{
	struct err e = { 0 };
	struct arena a = { 0 };

	assert_null(profile_read(bytes, "x.profile", &a, &e));
	assert_int_equal(e.n, 1);
	if (strstr(e.msg, why) == NULL)
		print_message("%s, not %s\n", e.msg, why);
	assert_non_null(strstr(e.msg, why));
	assert_non_null(strstr(e.msg, "'x.profile'"));
	arena_free(&a);
}

/* Every change of a byte is noticed, every piece of a file refused, sums made anew or not. */
static void
damage(bool texts)
{
	struct profile *p = profile_begin(watched, NAMED, 4, 7), *q;
	struct arena a = { 0 };
	struct buf b;
	unsigned char raw[32];
	long accepted = 0;

	if (texts)
		profile_keep_texts(p);
	for (int i = 0; i < 30; i++) {
		struct drawn_record r = any_record(&a, 5);

		add(p, &r);
	}
	b = bytes_of(p);
	for (size_t i = 0; i < b.n; i++) {
		struct err e = { 0 };

		refused(str_sub(buf_as_str(&b), 0, i), i < 20 ? "is no profile" : "is damaged");
		b.p[i] = (char)(b.p[i] ^ (1 << i % 8));
		if ((q = profile_read(buf_as_str(&b), "x.profile", &a, &e)) != NULL)
			fail_msg("a changed byte is not noticed");
		if (i < b.n - 32) {
			struct sha256 sum = sha256_begin();
			struct buf copy = { 0 };

			sha256_add(&sum, str_sub(buf_as_str(&b), 0, b.n - 32));
			sha256_end_raw(&sum, raw);
			buf_add(&copy, b.p, b.n - 32);
			buf_add(&copy, raw, sizeof raw);
			e = (struct err){ 0 };
			if ((q = profile_read(buf_as_str(&copy), "x.profile", &a, &e)) != NULL) {
				struct buf again = bytes_of(q);

				accepted++;
				assert_int_equal(again.n, copy.n);
				assert_memory_equal(again.p, copy.p, copy.n);
				profile_free(q);
				buf_free(&again);
			} else {
				assert_int_equal(e.n, 1);
			}
			buf_free(&copy);
		}
		b.p[i] = (char)(b.p[i] ^ (1 << i % 8));
	}
	/* Names and values may be others; most of a file cannot. */
	assert_true(accepted > 0 && accepted < (long)b.n * 2 / 3);
	buf_free(&b);
	profile_free(p);
	arena_free(&a);
}

static void
damaged_files_are_refused(void **state)
{
	(void)state;
	damage(false);
	damage(true);
	refused(STR(""), "is no profile");
	refused(STR("driftlead profile 4\nand more of it, which nobody knows"), "of version 4");
	refused(STR("driftlead profile -1\n"), "is no profile");
	refused(STR("driftlead profile 1\n"), "ends too early");
}

static void
other(const struct watched *w, size_t n, size_t cap, uint64_t seed, const char *why)
{
	struct profile *p = profile_begin(watched, NFEATURE, 4, 7);
	struct profile *q = profile_begin(w, n, cap, seed);
	struct err e = { 0 };

	assert_int_equal(profile_merge(p, q, &e), -1);
	assert_int_equal(e.n, 1);
	assert_non_null(strstr(e.msg, why));
	profile_free(p);
	profile_free(q);
}

static void
others_are_not_merged(void **state)
{
	struct feature newer = number, shape = number;
	struct watched w[NFEATURE];
	struct profile *p = profile_begin(watched, NFEATURE, 4, 7);
	struct profile *q = profile_begin(watched, NFEATURE, 4, 7);
	struct err e = { 0 };
	char x[65], y[65];

	(void)state;
	newer.version = 3;
	shape.shape = SHAPE_TEXT;
	other(watched, 3, 4, 7, "of other features");
	other(watched, NFEATURE, 5, 7, "sample");
	other(watched, NFEATURE, 4, 8, "seeds");
	memcpy(w, watched, sizeof w);
	w[0].name = "time";
	other(w, NFEATURE, 4, 7, "'latency' in one is 'time'");
	w[0] = watched[0];
	w[0].feature = &newer;
	other(w, NFEATURE, 4, 7, "of version 1 in one profile, of 3 in the other");
	w[0].feature = &shape;
	other(w, NFEATURE, 4, 7, "'number'");
	w[0] = watched[0];
	w[0].params_json = "{\"of\":\"x\"}";
	other(w, NFEATURE, 4, 7, "parameters");
	profile_keep_texts(p);
	assert_int_equal(profile_merge(p, q, &e), -1);
	assert_non_null(strstr(e.msg, "one profile keeps texts"));
	e = (struct err){ 0 };
	p->texts = false;
	p->n = PROFILE_RECORDS_MAX - 1;
	q->n = 2;
	assert_int_equal(profile_merge(p, q, &e), -1);
	assert_non_null(strstr(e.msg, "more records"));
	profile_digest(p, x);
	profile_digest(q, y);
	assert_string_equal(x, y);
	profile_free(q);
	q = profile_begin(w, NFEATURE, 4, 7);
	profile_digest(q, y);
	assert_string_not_equal(x, y);
	profile_free(p);
	profile_free(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_add_up_to_the_whole),
		cmocka_unit_test(dropped_categories_add_up),
		cmocka_unit_test(counts_are_what_they_say),
		cmocka_unit_test(wrong_types_count_as_other),
		cmocka_unit_test(the_sample_is_the_lowest),
		cmocka_unit_test(long_categories_are_cut),
		cmocka_unit_test(texts_are_kept_when_asked),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(others_are_not_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
