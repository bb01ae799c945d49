/*
 * feat_compression.c -- how far a text can be compressed: low where it repeats itself.
 *
 *  (1) The bytes of the text after DEFLATE (zlib, level 1, without a header), by its bytes before.
 *  (2) Short texts hardly shrink, and a few bytes may grow: compare texts of like length, and look
 *      at `length` beside.
 *  (3) What another version of zlib makes of a text may differ by some bytes.
 *  (4) Missing, empty (white space alone) and other are told apart.
 */
#include "drift/features.h"

#include <zlib.h>

static void *
from_arena(void *arena, unsigned n, unsigned size)
{
	return arena_array(arena, n, size);
}

static void
keep(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

static size_t
deflated(struct str s, struct arena *a)
{
	enum { PIECE = 1 << 16, RAW = -15, MEMORY = 8 };
	z_stream z = { .zalloc = from_arena, .zfree = keep, .opaque = a };
	unsigned char out[4096];
	size_t n = 0;
	int state;

	if (deflateInit2(&z, 1, Z_DEFLATED, RAW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		bug("zlib refuses its own level");
	do {
		if (z.avail_in == 0) {
			struct str piece = str_sub(s, 0, PIECE);

			z.next_in = (unsigned char *)(uintptr_t)piece.p;
			z.avail_in = (uInt)piece.n;
			s = str_sub(s, piece.n, s.n - piece.n);
		}
		z.next_out = out;
		z.avail_out = sizeof out;
		state = deflate(&z, s.n == 0 ? Z_FINISH : Z_NO_FLUSH);
		n += sizeof out - z.avail_out;
	} while (state != Z_STREAM_END);
	deflateEnd(&z);
	return n;
}

static struct value
get(const void *p, const struct record *r, struct arena *a)
{
	const struct of *x = p;
	struct value v = value_read(r, x->of, a);

	if (v.kind != VALUE_TEXT)
		return v;
	return value_number((double)deflated(v.text, a) / (double)v.text.n);
}

const struct feature feature_compression = {
	.name = "compression", .help = "bytes after compression, by bytes before", .version = 1,
	.shape = SHAPE_NUMBER, .params = of_params, .size = sizeof(struct of), .get = get,
};
