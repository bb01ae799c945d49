/*
 * file.c -- reading only where we may, writing all or nothing.
 *
 * A suite is input from outside: its paths must lead, with every link resolved, to a regular
 * file below an allowed root.  The name is resolved first and the resolved name is opened
 * folder by folder without following any link, then checked again by descriptor, so that a
 * link swapped in between is refused rather than followed.
 */
#include "harness/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char *
path_join(const char *dir, const char *path, struct arena *a)
{
	if (path[0] == '/' || dir == NULL || dir[0] == '\0' || strcmp(dir, ".") == 0)
		return arena_strdup(a, path);
	return arena_fmt(a, "%s/%s", dir, path);
}

char *
path_dir(const char *path, struct arena *a)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return arena_strdup(a, ".");
	if (slash == path)
		return arena_strdup(a, "/");
	return arena_fmt(a, "%.*s", (int)(slash - path), path);
}

void
file_close(int fd)
{
	close(fd);
}

bool
file_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
is_below(const char *path, const struct roots *roots)
{
	for (size_t i = 0; i < roots->n; i++) {
		size_t n = strlen(roots->root[i]);

		if (strncmp(path, roots->root[i], n) == 0 && (path[n] == '/' || n == 1))
			return true;
	}
	return false;
}

/* Opens a resolved name for reading; a link anywhere in it was put there since, and fails. */
static int
open_resolved(const char *real)
{
	int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1];

	for (const char *p = real + 1; dir >= 0; ) {
		size_t n = strcspn(p, "/");
		bool last = p[n] == '\0';
		int next, why;

		if (n > NAME_MAX) {
			close(dir);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, p, n);
		name[n] = '\0';
		next = openat(dir, name, O_NOFOLLOW | O_CLOEXEC |
		    (last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY));
		why = errno;
		close(dir);
		errno = why;
		if (last)
			return next;
		dir = next;
		p += n + 1;
	}
	return -1;
}

int
file_open(const char *base_dir, const char *path, const struct roots *roots, struct err *e)
{
	struct arena a = { 0 };
	const char *joined = path_join(base_dir, path, &a);
	char real[PATH_MAX];
	struct stat st;
	int fd = -1;

	if (realpath(joined, real) == NULL) {
		err_set(e, "cannot open '%s': %s", joined, strerror(errno));
	} else if (roots != NULL && !is_below(real, roots)) {
		err_set(e, "'%s' lies outside the project and its data_roots (it is '%s')", joined, real);
	} else if (stat(real, &st) == 0 && !S_ISREG(st.st_mode)) {
		err_set(e, "'%s' is not a regular file", joined);   /* before open: a FIFO would block */
	} else if ((fd = open_resolved(real)) < 0) {
		err_set(e, "cannot open '%s': %s", joined, strerror(errno));
	} else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		err_set(e, "'%s' is not a regular file", joined);
		close(fd);
		fd = -1;
	}
	arena_free(&a);
	return fd;
}

int
file_read(const char *base_dir, const char *path, const struct roots *roots, size_t max,
    struct str *out, struct arena *a, struct err *e)
{
	int fd = file_open(base_dir, path, roots, e);
	struct buf b = { .max = max };
	char chunk[16384];
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_set(e, "cannot read '%s': %s", path, strerror(errno));
			break;
		}
		buf_add(&b, chunk, (size_t)n);
		if (b.over) {
			err_set(e, "'%s' is larger than %zu bytes", path, max);
			break;
		}
	}
	close(fd);
	if (n == 0)
		*out = str_dup(buf_as_str(&b), a);
	buf_free(&b);
	return n == 0 ? 0 : -1;
}

static int
write_all(int fd, struct str s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		s.p += n;
		s.n -= (size_t)n;
	}
	return 0;
}

int
file_write(const char *path, struct str bytes, unsigned mode, struct err *e)
{
	struct arena a = { 0 };
	const char *tmp;
	struct stat st;
	int fd, failed, why;

	if (strcmp(path, "-") == 0) {
		if (fflush(stdout) != 0 || write_all(STDOUT_FILENO, bytes) != 0)
			return err_set(e, "cannot write standard output: %s", strerror(errno));
		return 0;
	}
	/* A device or a pipe is written to; a rename would put a file in its place. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		failed = fd < 0 || write_all(fd, bytes) != 0;
		why = errno;
		if (fd >= 0)
			close(fd);
		return failed ? err_set(e, "cannot write '%s': %s", path, strerror(why)) : 0;
	}
	tmp = arena_fmt(&a, "%s.%ld.tmp", path, (long)getpid());
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
	failed = fd < 0 || write_all(fd, bytes) != 0 || fsync(fd) != 0;
	why = errno;
	if (fd >= 0 && close(fd) != 0 && !failed)
		failed = 1, why = errno;
	if (!failed && rename(tmp, path) != 0)
		failed = 1, why = errno;
	if (failed) {
		if (fd >= 0)
			unlink(tmp);
		err_set(e, "cannot write '%s': %s", path, strerror(why));
	}
	arena_free(&a);
	return failed ? -1 : 0;
}

int
file_append(const char *path, struct str bytes, size_t max, struct err *e)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644), why = errno;
	bool failed = fd < 0, regular;
	struct stat st;

	if (!failed && fstat(fd, &st) != 0) {
		failed = true;
		why = errno;
	}
	regular = !failed && S_ISREG(st.st_mode);
	if (regular && (bytes.n > max || (size_t)st.st_size > max - bytes.n)) {
		close(fd);
		return 1;
	}
	if (!failed && write_all(fd, bytes) != 0) {
		failed = true;
		why = errno;
		if (regular && ftruncate(fd, st.st_size) != 0)
			warn("half of what was to be added stays in '%s'", path);
	}
	if (fd >= 0 && close(fd) != 0 && !failed) {
		failed = true;
		why = errno;
	}
	return failed ? err_set(e, "cannot write '%s': %s", path, strerror(why)) : 0;
}
