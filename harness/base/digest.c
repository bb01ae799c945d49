/*
 * digest.c -- XXH3 for keys, SHA-256 for evidence.
 *
 * XXH3 is fast and can be forged: it finds equal bytes inside one store and nothing more.
 * Whatever a record proves is SHA-256, from OpenSSL's libcrypto.
 */
#include "harness/base/base.h"

#include <openssl/evp.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t
hash64(struct str s, uint64_t seed)
{
	return XXH3_64bits_withSeed(s.p, s.n, seed);
}

struct hash128
hash128(struct str s)
{
	XXH128_hash_t h = XXH3_128bits(s.p, s.n);

	return (struct hash128){ h.high64, h.low64 };
}

struct sha256
sha256_begin(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		die(EXIT_SURROUNDINGS, "libcrypto offers no SHA-256");
	return (struct sha256){ ctx };
}

void
sha256_add(struct sha256 *s, struct str bytes)
{
	if (EVP_DigestUpdate(s->ctx, bytes.p, bytes.n) != 1)
		die(EXIT_SURROUNDINGS, "SHA-256 failed in libcrypto");
}

void
sha256_field(struct sha256 *s, struct str bytes)
{
	unsigned char n[8];

	for (int i = 0; i < 8; i++)
		n[i] = (unsigned char)((uint64_t)bytes.n >> (8 * i));
	sha256_add(s, (struct str){ (const char *)n, sizeof n });
	sha256_add(s, bytes);
}

void
sha256_end_raw(struct sha256 *s, unsigned char sum[32])
{
	if (EVP_DigestFinal_ex(s->ctx, sum, NULL) != 1)
		die(EXIT_SURROUNDINGS, "SHA-256 failed in libcrypto");
	EVP_MD_CTX_free(s->ctx);
	s->ctx = NULL;
}

void
sha256_end(struct sha256 *s, char hex[65])
{
	unsigned char sum[32];

	sha256_end_raw(s, sum);
	hex_of(sum, sizeof sum, hex);
}

void
sha256_of(struct str s, char hex[65])
{
	struct sha256 h = sha256_begin();

	sha256_add(&h, s);
	sha256_end(&h, hex);
}

void
hex_of(const void *bytes, size_t n, char *out)
{
	static const char digit[] = "0123456789abcdef";
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digit[p[i] >> 4];
		out[2 * i + 1] = digit[p[i] & 15];
	}
	out[2 * n] = '\0';
}
