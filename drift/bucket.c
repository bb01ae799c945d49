/*
 * bucket.c -- numbers on edges that no data choose.
 *
 * An edge is a size whose significand has six bits after the first, or an integer up to 1024.
 * Such an integer is a bucket by itself; what lies between two edges is one, too, with its lower
 * edge unless that is such an integer.  So no bucket is wider than 1/64 of what is in it (below
 * the normal numbers: than 2^-1028), and every bucket is an interval: keys rise with values.
 *
 * All edges have at most nine bits after the first.  The key of an edge is its exponent and these
 * nine bits, twice; what lies above it has the odd number after that.  Below zero keys are
 * mirrored.
 */
#include "drift/drift.h"

#include <math.h>

enum { KEY_SHIFT = 52 - 9, CELL_SHIFT = 52 - 6, INTEGERS = 1024 };

static uint64_t
bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static double
of_bits(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

static bool
is_own(double size)
{
	return size <= INTEGERS && size == floor(size);
}

/* The edge above an edge.  From 64 to 1024 there is one at every integer, elsewhere one in 64 of an
 * octave; the last is infinity. */
static double
edge_after(double edge)
{
	if (edge >= 64 && edge < INTEGERS)
		return edge + 1;
	return of_bits(bits_of(edge) + (UINT64_C(1) << CELL_SHIFT));
}

int64_t
bucket_of(double x)
{
	double size = fabs(x), edge;
	int64_t key;

	if (is_own(size))
		edge = size;
	else if (size >= 64 && size < INTEGERS)
		edge = floor(size);
	else
		edge = of_bits(bits_of(size) >> CELL_SHIFT << CELL_SHIFT);
	key = (int64_t)(bits_of(edge) >> KEY_SHIFT << 1) | !is_own(size);
	return x < 0 ? -key : key;
}

/* The ends of what has this key, which is not negative. */
static double
low_of(int64_t key)
{
	double edge = of_bits((uint64_t)key >> 1 << KEY_SHIFT);

	return (key & 1) && is_own(edge) ? of_bits(bits_of(edge) + 1) : edge;
}

static double
high_of(int64_t key)
{
	double edge = of_bits((uint64_t)key >> 1 << KEY_SHIFT);

	return key & 1 ? of_bits(bits_of(edge_after(edge)) - 1) : edge;
}

double
bucket_low(int64_t key)
{
	return key < 0 ? -high_of(-key) : low_of(key);
}

double
bucket_high(int64_t key)
{
	return key < 0 ? -low_of(-key) : high_of(key);
}

bool
bucket_exists(int64_t key)
{
	static const int64_t end = INT64_C(0x7ff) << 10;        /* the key of infinity */
	double low;

	if (key <= -end || key >= end)
		return false;
	low = bucket_low(key);
	return isfinite(low) && bucket_of(low) == key;
}
