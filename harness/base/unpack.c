/*
 * unpack.c -- the plain bytes of a descriptor, whether it holds them as they are, gzip or zstd.
 *
 * Which of them is told by the first bytes, not by a name.  Several packed streams in a row
 * (cat a.gz b.gz) are one.  A stream that ends too early or is damaged first gives what could
 * be read and then the fault.
 */
#include "harness/base/base.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { PACKED = 128 << 10 };

enum packing { PLAIN, GZIP, ZSTD };

struct unpack {
	int            fd;
	enum packing   packing;
	bool           known;           /* packing was decided */
	bool           inside;          /* a packed stream has begun and not ended */
	bool           ended;           /* the descriptor is at its end */
	unsigned char  in[PACKED];
	size_t         at, n;           /* in[at..n) is not yet used */
	z_stream       gz;
	ZSTD_DStream  *zst;
	char           why[160];        /* "": no fault so far */
};

struct unpack *
unpack_open(int fd)
{
	struct unpack *u = mem_alloc(1, sizeof *u);

	u->fd = fd;
	return u;
}

struct unpack *
unpack_open_plain(int fd)
{
	struct unpack *u = unpack_open(fd);

	u->known = true;
	return u;
}

bool
unpack_plain(const struct unpack *u)
{
	return u->known && u->packing == PLAIN;
}

const char *
unpack_fault(const struct unpack *u)
{
	return u->why;
}

static ptrdiff_t
read_fd(struct unpack *u, void *to, size_t room)
{
	ssize_t got;

	while ((got = read(u->fd, to, room)) < 0 && errno == EINTR)
		continue;
	if (got < 0)
		snprintf(u->why, sizeof u->why, "cannot be read: %s", strerror(errno));
	u->ended = got <= 0;
	return got;
}

/* More packed bytes, if all are used: false at the end or on a fault. */
static bool
refill(struct unpack *u)
{
	ptrdiff_t got;

	if (u->at < u->n)
		return true;
	if (u->ended || (got = read_fd(u, u->in, sizeof u->in)) <= 0)
		return false;
	u->at = 0;
	u->n = (size_t)got;
	return true;
}

/* Reads the first bytes and decides by them; false on a fault. */
static bool
recognise(struct unpack *u)
{
	ptrdiff_t got = 1;

	while (u->n < 4 && got > 0)
		if ((got = read_fd(u, u->in + u->n, sizeof u->in - u->n)) > 0)
			u->n += (size_t)got;
	if (u->n >= 2 && memcmp(u->in, "\x1f\x8b", 2) == 0)
		u->packing = GZIP;
	else if (u->n >= 4 && memcmp(u->in, "\x28\xb5\x2f\xfd", 4) == 0)
		u->packing = ZSTD;
	/* 16: a gzip header, and the window that it names. */
	if (u->packing == GZIP && inflateInit2(&u->gz, 16 + MAX_WBITS) != Z_OK)
		die(EXIT_SURROUNDINGS, "zlib does not start");
	if (u->packing == ZSTD && (u->zst = ZSTD_createDStream()) == NULL)
		die(EXIT_SURROUNDINGS, "libzstd does not start");
	u->known = true;
	return got >= 0;
}

/* Each of the three gives some bytes into to[0..room), or 0 at the end or on a fault. */
static size_t
read_plain(struct unpack *u, char *to, size_t room)
{
	size_t n = u->n - u->at < room ? u->n - u->at : room;
	ptrdiff_t got;

	if (n > 0) {
		memcpy(to, u->in + u->at, n);
		u->at += n;
		return n;
	}
	if (u->ended || (got = read_fd(u, to, room)) < 0)
		return 0;
	return (size_t)got;
}

static size_t
read_gzip(struct unpack *u, char *to, size_t room)
{
	size_t given = 0;

	while (given == 0 && refill(u)) {
		int rc;

		u->inside = true;
		u->gz.next_in = u->in + u->at;
		u->gz.avail_in = (unsigned)(u->n - u->at);
		u->gz.next_out = (unsigned char *)to;
		u->gz.avail_out = (unsigned)room;
		rc = inflate(&u->gz, Z_NO_FLUSH);
		u->at = u->n - u->gz.avail_in;
		given = room - u->gz.avail_out;
		if (rc == Z_STREAM_END) {
			u->inside = false;
			rc = inflateReset(&u->gz);
		}
		if (rc != Z_OK && rc != Z_BUF_ERROR) {
			snprintf(u->why, sizeof u->why, "the gzip data is damaged (%s)",
			    u->gz.msg ? u->gz.msg : "no preset dictionary is known");
			break;
		}
	}
	return given;
}

/* libzstd keeps the last byte of input back until all output was taken: none is lost. */
static size_t
read_zstd(struct unpack *u, char *to, size_t room)
{
	ZSTD_outBuffer out = { to, room, 0 };

	while (out.pos == 0 && refill(u)) {
		ZSTD_inBuffer in = { u->in, u->n, u->at };
		size_t rc = ZSTD_decompressStream(u->zst, &out, &in);

		u->at = in.pos;
		u->inside = rc != 0;
		if (ZSTD_isError(rc)) {
			snprintf(u->why, sizeof u->why, "the zstd data is damaged (%s)",
			    ZSTD_getErrorName(rc));
			break;
		}
	}
	return out.pos;
}

ptrdiff_t
unpack_read(struct unpack *u, char *to, size_t room)
{
	size_t n = 0;

	if (u->why[0] == '\0' && (u->known || recognise(u)))
		n = u->packing == GZIP ? read_gzip(u, to, room) :
		    u->packing == ZSTD ? read_zstd(u, to, room) : read_plain(u, to, room);
	if (n > 0)
		return (ptrdiff_t)n;
	if (u->why[0] == '\0' && u->inside)
		snprintf(u->why, sizeof u->why, "the %s data ends too early",
		    u->packing == GZIP ? "gzip" : "zstd");
	return u->why[0] == '\0' ? 0 : -1;
}

void
unpack_close(struct unpack *u)
{
	if (u->packing == GZIP)
		inflateEnd(&u->gz);
	ZSTD_freeDStream(u->zst);
	close(u->fd);
	mem_free(u);
}
