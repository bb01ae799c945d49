/*
 * test_vector.c -- what a vector is, its random Fourier sums, and profiles that hold it.
 */
#include <stdlib.h>

#include "tests/unit/drift_kit.h"

#include "drift/profile.h"

static const struct feature embedding = {
	.name = "kit_vector", .version = 1, .shape = SHAPE_VECTOR
};
static const struct watched watched[] = { { "vector", &embedding, NULL, "{}" } };

static struct profile *
drawn(size_t n, double shift, uint64_t *at)
{
	struct profile *p = profile_begin(watched, 1, 2000, 7);
	struct arena a = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct value v = { .kind = VALUE_VECTOR };
		double x[8];

		for (size_t k = 0; k < COUNT(x); k++)
			x[k] = shift + normal_quantile(((double)(rng_next(rng_key(5, "test_vector"),
			    (*at)++) >> 12) + 0.5) * 0x1p-52);
		v.text = vector_pack(x, COUNT(x), &a);
		profile_add_values(p, *at, 0, &v, &a);
		arena_reset(&a);
	}
	arena_free(&a);
	return p;
}

/* The kernel of the sums, of two directions. */
static double
wave_kernel(struct str x, struct str y)
{
	static const double width[] = { 0.25, 0.5, 1 };
	double xx = 0, yy = 0, xy = 0, k = 0;

	for (size_t i = 0; i < vector_length(x); i++) {
		xx += vector_at(x, i) * vector_at(x, i);
		yy += vector_at(y, i) * vector_at(y, i);
		xy += vector_at(x, i) * vector_at(y, i);
	}
	for (size_t i = 0; i < COUNT(width); i++)
		k += exp(-(2 - 2 * xy / sqrt(xx * yy)) / (2 * width[i] * width[i])) / COUNT(width);
	return k;
}

/* Over all pairs but those of a vector with itself. */
static double
mean_kernel(const struct profile *p, const struct profile *q)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < p->nkept; i++)
		for (size_t k = 0; k < q->nkept; k++) {
			if (p == q && i == k)
				continue;
			sum += wave_kernel(p->kept[i].value[0].text, q->kept[k].value[0].text);
			n++;
		}
	return sum / n;
}

static void
sums_are_those_of_all_pairs(void **state)
{
	uint64_t at = 7;
	struct profile *x = drawn(400, 0, &at), *y = drawn(300, 0.5, &at);
	double all = mean_kernel(x, x) + mean_kernel(y, y) - 2 * mean_kernel(x, y);
	double sums = profile_mmd2(&x->feature[0], &y->feature[0]);

	(void)state;
	if (getenv("SHOW") != NULL)
		print_message("all pairs %.4f, sums %.4f\n", all, sums);
	assert_true(all > 0.02 && fabs(sums - all) < 0.2 * all);
	profile_free(x);
	profile_free(y);
}

/* What no vectors could have made is refused, with a checksum that is right. */
static void
refused(const struct profile *p, const char *why)
{
	struct buf b = { 0 };
	struct arena a = { 0 };
	struct err e = { 0 };

	profile_write(&b, p);
	assert_null(profile_read(buf_as_str(&b), "x.profile", &a, &e));
	assert_non_null(strstr(e.msg, why));
	buf_free(&b);
	arena_free(&a);
}

static void
files_hold_vectors(void **state)
{
	uint64_t at = 3;
	struct profile *p = drawn(3, 0, &at), *q;
	struct buf b = { 0 }, again = { 0 };
	struct arena a = { 0 };
	struct err e = { 0 };

	(void)state;
	profile_write(&b, p);
	q = profile_read(buf_as_str(&b), "x.profile", &a, &e);
	assert_non_null(q);
	profile_write(&again, q);
	assert_true(str_eq(buf_as_str(&b), buf_as_str(&again)));
	assert_true(str_starts(buf_as_str(&b), STR(PROFILE_MAGIC "3\n")));
	p->feature[0].fourier[7] = 3 * FOURIER_UNIT + 1;
	refused(p, "a Fourier sum is out of range");
	p->feature[0].fourier[7] = 3 * FOURIER_UNIT;
	memcpy((char *)(uintptr_t)p->kept[0].value[0].text.p, "\0\0\x80\x7f", 4);
	refused(p, "a vector is not one");
	profile_free(p);
	profile_free(q);
	buf_free(&b);
	buf_free(&again);
	arena_free(&a);
}

/* What is no vector, or not for this shape, is of another type. */
static void
what_is_no_vector(void **state)
{
	struct profile *p = profile_begin(watched, 1, 4, 7), *q = kit_empty(SHAPE_CATEGORY);
	const struct str wrong[] = { STR(""), STR("123"), STR("\0\0\x80\xff"), STR("\0\0\0\x80") };
	struct arena a = { 0 };
	struct str s = vector_pack((double[]){ 1, -0.0, 3 }, 3, &a);

	(void)state;
	assert_true(vector_length(s) == 3 && vector_sound(s));
	assert_true(vector_at(s, 0) == 1 && !signbit(vector_at(s, 1)) && vector_at(s, 2) == 3);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_false(vector_sound(wrong[i]));
		kit_add(p, (struct value){ .kind = VALUE_VECTOR, .text = wrong[i] }, 1);
	}
	kit_text(p, "a text", 1);
	kit_number(p, 1);
	kit_add(q, (struct value){ .kind = VALUE_VECTOR, .text = s }, 1);
	assert_true(p->feature[0].other == 6 && q->feature[0].other == 1);
	kit_add(p, (struct value){ .kind = VALUE_VECTOR, .text = s }, 1);
	assert_true(profile_values(&p->feature[0]) == 1 && p->feature[0].fourier != NULL);
	profile_free(p);
	profile_free(q);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_all_pairs),
		cmocka_unit_test(files_hold_vectors),
		cmocka_unit_test(what_is_no_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
