/*
 * store_file.c -- where a store lies, who writes it, and whether a writer died in it.
 *
 * One writer at a time is ensured by flock on a file beside the store, and never by opening
 * the store itself: closing any descriptor of it would drop the POSIX locks that SQLite holds.
 */
#include "harness/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

bool
store_is_network(long f_type)
{
	static const long type[] = {
		0x6969,                         /* NFS */
		0x517b, 0xff534d42, 0xfe534d42, /* SMB, CIFS, SMB2 */
		0x65735546,                     /* FUSE: sshfs cannot be told from the rest */
		0x01021997,                     /* 9P */
		0x00c36400,                     /* Ceph */
		0x0bd00bd0,                     /* Lustre */
		0x5346414f                      /* AFS */
	};

	for (size_t i = 0; i < COUNT(type); i++)
		if ((f_type & 0xffffffffL) == type[i])
			return true;
	return false;
}

static int
check_place(const char *path, const char *dir, struct err *e)
{
	const char *force = getenv("DRIFTLEAD_FORCE_NETWORK_STORE");
	struct statfs fs;

	if (statfs(dir, &fs) != 0) {
		err_set(e, "cannot look at '%s': %s", dir, strerror(errno));
		return EXIT_SURROUNDINGS;
	}
	if (store_is_network((long)fs.f_type) && (force == NULL || strcmp(force, "1") != 0)) {
		err_set(e, "the store '%s' lies on a network file system, whose locks cannot be relied "
		    "on; put it on a local disk, or set DRIFTLEAD_FORCE_NETWORK_STORE=1", path);
		return EXIT_SURROUNDINGS;
	}
	return 0;
}

int
store_resolve(const char *path, enum store_mode mode, char real[PATH_MAX], struct err *e)
{
	struct arena a = { 0 };
	const char *dir = path_dir(path, &a), *slash = strrchr(path, '/');
	char real_dir[PATH_MAX];
	struct stat st;
	int status = 0;

	if (stat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode)) {
			err_set(e, "the store '%s' is not a regular file", path);
			status = EXIT_MISTAKE;
		} else if (realpath(path, real) == NULL) {
			err_set(e, "cannot open the store '%s': %s", path, strerror(errno));
			status = EXIT_SURROUNDINGS;
		}
	} else if (errno != ENOENT && errno != ENOTDIR) {
		err_set(e, "cannot open the store '%s': %s", path, strerror(errno));
		status = EXIT_SURROUNDINGS;
	} else if (mode != STORE_CREATE) {
		err_set(e, "there is no store '%s'; 'driftlead run' makes one", path);
		status = EXIT_MISTAKE;
	} else if ((mkdir(dir, 0700) != 0 && errno != EEXIST) || realpath(dir, real_dir) == NULL) {
		status = errno == ENOENT || errno == ENOTDIR ? EXIT_MISTAKE : EXIT_SURROUNDINGS;
		err_set(e, "cannot make the directory of the store '%s': %s", path, strerror(errno));
	} else {
		int n = snprintf(real, PATH_MAX, "%s/%s", real_dir, slash ? slash + 1 : path);

		if (n < 0 || n >= PATH_MAX) {
			err_set(e, "the path of the store '%s' is too long", path);
			status = EXIT_MISTAKE;
		}
	}
	if (status == 0)
		status = check_place(path, path_dir(real, &a), e);
	arena_free(&a);
	return status;
}

/* The writer's lock.  The file stays behind: removing it would let two writers lock two files. */
int
store_lock(struct store *s, const char *real, struct err *e)
{
	struct arena a = { 0 };
	const char *name = arena_fmt(&a, "%s-lock", real);
	char host[128] = "", who[256] = "";
	ssize_t n;
	int status = 0;

	s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0) {
		err_set(e, "cannot open '%s': %s", name, strerror(errno));
		status = EXIT_SURROUNDINGS;
	} else if (flock(s->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		n = pread(s->lock, who, sizeof who - 1, 0);
		who[n > 0 ? strcspn(who, "\n") : 0] = '\0';
		err_set(e, "the store '%s' is being written by %s; wait for it to end", s->path,
		    who[0] ? who : "another process");
		status = EXIT_LOCKED;
	} else if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
		err_set(e, "cannot lock '%s': %s", name, strerror(errno));
		status = EXIT_SURROUNDINGS;
	} else {
		gethostname(host, sizeof host - 1);
		n = snprintf(who, sizeof who, "process %ld on %s\n", (long)getpid(), host);
		/* Only for the message: on a full disk the lock itself still holds. */
		if (ftruncate(s->lock, 0) == 0 && pwrite(s->lock, who, (size_t)n, 0) != n)
			warn("cannot write '%s': %s", name, strerror(errno));
	}
	arena_free(&a);
	return status;
}

/* A journal whose first byte is not zero holds what a batch began to overwrite. */
static bool
journal_is_hot(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char first = '\0';
	bool hot;

	if (fd < 0)
		return false;
	hot = read(fd, &first, 1) == 1 && first != '\0';
	close(fd);
	return hot;
}

bool
store_was_killed(struct store *s, const char *real)
{
	struct arena a = { 0 };
	bool left = journal_is_hot(arena_fmt(&a, "%s-journal", real));
	int fd;

	if (left && !s->writer) {
		fd = open(arena_fmt(&a, "%s-lock", real), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0) {
			left = flock(fd, LOCK_SH | LOCK_NB) == 0;
			close(fd);
		}
	}
	arena_free(&a);
	return left;
}
