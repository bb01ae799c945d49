/*
 * exact.c -- sums of doubles that do not depend on their order.
 *
 * A sum is an integer of 2160 bits in units of the smallest double, 2^-1074: 36 limbs of 60 bits,
 * of which the last has the sign.  A limb has three bits to spare, so carries wait for up to six
 * additions.  With the 62 bits above the largest double it holds any sum that there is time for.
 * (The idea is Kulisch's long accumulator.)
 */
#include "drift/drift.h"

#include <float.h>
#include <math.h>

enum { LIMB_BITS = 60, PENDING_MAX = 6, TOP = EXACT_LIMBS - 1 };
static const int64_t limb_mask = (INT64_C(1) << LIMB_BITS) - 1;

/* Limbs below the last into 0 .. 2^60 - 1: then equal sums have equal limbs. */
static void
carry(struct exact *e)
{
	for (int i = 0; i < TOP; i++) {
		int64_t low = e->limb[i] & limb_mask;           /* two's complement: the remainder */

		e->limb[i + 1] += (e->limb[i] - low) / (INT64_C(1) << LIMB_BITS);
		e->limb[i] = low;
	}
	e->pending = 0;
}

void
exact_add(struct exact *e, double x)
{
	uint64_t bits, fraction;
	unsigned exponent, place, shift;
	int64_t low, high, sign;

	memcpy(&bits, &x, sizeof bits);
	fraction = bits & ((UINT64_C(1) << 52) - 1);
	exponent = (unsigned)(bits >> 52) & 0x7ff;
	if (exponent == 0x7ff)
		bug("a sum of what is not finite");
	if (exponent > 0)
		fraction |= UINT64_C(1) << 52;
	else
		exponent = 1;
	place = (exponent - 1) / LIMB_BITS;
	shift = (exponent - 1) % LIMB_BITS;
	low = (int64_t)(fraction << shift & (uint64_t)limb_mask);
	high = shift > 0 ? (int64_t)(fraction >> (LIMB_BITS - shift)) : 0;
	sign = bits >> 63 ? -1 : 1;
	e->limb[place] += sign * low;
	e->limb[place + 1] += sign * high;
	if (++e->pending >= PENDING_MAX)
		carry(e);
}

void
exact_merge(struct exact *into, const struct exact *from)
{
	struct exact other = *from;

	carry(&other);
	carry(into);
	for (int i = 0; i < EXACT_LIMBS; i++)
		into->limb[i] += other.limb[i];
	carry(into);
}

void
exact_settle(struct exact *e)
{
	carry(e);
}

/* n bits from bit `at` upwards, n at most 53. */
static uint64_t
bits_at(const struct exact *e, int at, int n)
{
	int place = at / LIMB_BITS, shift = at % LIMB_BITS;
	uint64_t x = (uint64_t)e->limb[place] >> shift;

	if (shift > 0 && place < TOP)
		x |= (uint64_t)e->limb[place + 1] << (LIMB_BITS - shift);
	return x & ((UINT64_C(1) << n) - 1);
}

static bool
any_below(const struct exact *e, int at)
{
	int place = at / LIMB_BITS;

	for (int i = 0; i < place; i++)
		if (e->limb[i] != 0)
			return true;
	return (e->limb[place] & ((INT64_C(1) << at % LIMB_BITS) - 1)) != 0;
}

double
exact_value(const struct exact *from)
{
	struct exact e = *from;
	bool negative;
	uint64_t m;
	int length, shift, top = TOP;
	double x;

	carry(&e);
	if ((negative = e.limb[TOP] < 0)) {
		for (int i = 0; i < EXACT_LIMBS; i++)
			e.limb[i] = -e.limb[i];
		carry(&e);
	}
	while (top > 0 && e.limb[top] == 0)
		top--;
	if (e.limb[top] == 0)
		return 0;
	length = top * LIMB_BITS + 64 - __builtin_clzll((unsigned long long)e.limb[top]);
	if (length <= 53) {
		x = ldexp((double)bits_at(&e, 0, 53), -1074);
	} else {
		/* To nearest, ties to even.  2^53 after rounding up is exact, too. */
		shift = length - 53;
		m = bits_at(&e, shift, 53);
		if (bits_at(&e, shift - 1, 1) && ((m & 1) || any_below(&e, shift - 1)))
			m++;
		x = fmin(ldexp((double)m, shift - 1074), DBL_MAX);
	}
	return negative ? -x : x;
}
