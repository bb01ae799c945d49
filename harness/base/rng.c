/*
 * rng.c -- random numbers with an address.
 *
 * The i-th number of a named stream is a pure function of (seed, name, i): no state, so any
 * thread may draw any index, and a resumed run draws what the interrupted one would have.
 * The mixer is SplitMix64's finaliser (Steele, Lea and Flood, 2014) applied to a Weyl sequence.
 */
#include "harness/base/base.h"

static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t
rng_key(uint64_t seed, const char *stream)
{
	return mix(mix(seed + UINT64_C(0x9e3779b97f4a7c15)) ^ hash64(str_of(stream), seed));
}

uint64_t
rng_next(uint64_t key, uint64_t index)
{
	return mix(key + (index + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

void
rng_fill(uint64_t key, uint64_t index, uint64_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = mix(key + (index + i + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t
rng_at(uint64_t seed, const char *stream, uint64_t index)
{
	return rng_next(rng_key(seed, stream), index);
}

double
rng_unit(uint64_t bits)
{
	return (double)(bits >> 11) * 0x1p-53;
}
