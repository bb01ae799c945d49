/*
 * test_file.c -- what may be read, and that writing is all or nothing.
 */
#include "harness/base/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static struct arena arena;
static char         top[PATH_MAX], *project;
static struct roots roots;

static char *
at(const char *name)
{
	return path_join(project, name, &arena);
}

static int
setup(void **state)
{
	char tmp[] = "/tmp/driftlead-test-XXXXXX";
	struct err e = { 0 };
	const char **root = arena_alloc(&arena, sizeof *root);

	(void)state;
	if (mkdtemp(tmp) == NULL || realpath(tmp, top) == NULL)
		return -1;
	project = path_join(top, "project", &arena);
	*root = project;
	roots = (struct roots){ root, 1 };
	if (mkdir(project, 0700) != 0 || mkdir(at("sub"), 0700) != 0 || mkfifo(at("fifo"), 0600) != 0 ||
	    mkdir(path_join(top, "project2", &arena), 0700) != 0 ||
	    file_write(path_join(top, "secret", &arena), STR("secret"), 0600, &e) != 0 ||
	    file_write(path_join(top, "project2/x", &arena), STR("x"), 0600, &e) != 0 ||
	    file_write(at("sub/in.txt"), STR("inside\0."), 0600, &e) != 0)
		return -1;
	return symlink("../secret", at("out")) || symlink("sub/in.txt", at("in")) ||
	    symlink("..", at("up")) || symlink("loop", at("loop")) ? -1 : 0;
}

static void
remove_all(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *f;

	assert_non_null(d);
	while ((f = readdir(d)) != NULL) {
		const char *path = path_join(dir, f->d_name, &arena);

		if (strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0)
			continue;
		if (unlink(path) != 0)
			remove_all(path);
	}
	closedir(d);
	rmdir(dir);
}

static int
teardown(void **state)
{
	(void)state;
	remove_all(top);
	arena_free(&arena);
	return 0;
}

static void
refused(const char *path, const char *why)
{
	struct err e = { 0 };

	assert_int_equal(file_open(project, path, &roots, &e), -1);
	assert_int_equal(e.n, 1);
	if (strstr(e.msg, why) == NULL)
		fail_msg("'%s' is not in: %s", why, e.msg);
}

static void
test_open(void **state)
{
	struct err e = { 0 };
	int fd = file_open(project, "in", &roots, &e);  /* a link that stays inside is fine */

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	fd = file_open(project, "sub/../sub/in.txt", &roots, &e);
	assert_true(fd >= 0);
	close(fd);
	refused("../secret", "lies outside the project");
	refused("sub/../../secret", "lies outside the project");
	refused("out", "lies outside the project");
	refused("up/secret", "lies outside the project");
	refused("../project2/x", "lies outside the project");   /* a common prefix is not enough */
	refused("/etc/passwd", "lies outside the project");
	refused("/dev/zero", "lies outside the project");
	refused("fifo", "is not a regular file");
	refused("sub", "is not a regular file");
	refused(".", "lies outside the project");
	refused("loop", "cannot open");
	refused("nothing", "No such file or directory");
	refused("", "lies outside the project");
	fd = file_open(project, "../secret", NULL, &e);         /* no roots: anywhere */
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(file_open(NULL, "/dev/zero", NULL, &e), -1);
	assert_non_null(strstr(e.msg, "'/dev/zero' is not a regular file"));
}

static void
test_read(void **state)
{
	struct err e = { 0 };
	struct str s;

	(void)state;
	assert_int_equal(file_read(project, "sub/in.txt", &roots, 8, &s, &arena, &e), 0);
	assert_true(str_eq(s, STR("inside\0.")));
	assert_int_equal(file_read(project, "sub/in.txt", &roots, 7, &s, &arena, &e), -1);
	assert_string_equal(e.msg, "'sub/in.txt' is larger than 7 bytes\n");
}

static size_t
entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
test_write(void **state)
{
	struct err e = { 0 };
	struct stat old, new;
	struct str s;
	size_t before;
	int held;

	(void)state;
	assert_int_equal(file_write(at("w"), STR("old"), 0600, &e), 0);
	assert_int_equal(stat(at("w"), &old), 0);
	assert_int_equal(old.st_mode & 0777, 0600);
	before = entries(project);
	/* Who has the old file open goes on reading the old one. */
	held = open(at("w"), O_RDONLY);
	assert_int_equal(file_write(at("w"), STR("new text"), 0600, &e), 0);
	assert_int_equal(fstat(held, &new), 0);
	assert_int_equal(new.st_size, 3);
	close(held);
	assert_int_equal(stat(at("w"), &new), 0);
	assert_true(old.st_ino != new.st_ino && new.st_size == 8);
	assert_int_equal(entries(project), before);             /* nothing is left beside */
	assert_int_equal(file_write(at("none/w"), STR("x"), 0600, &e), -1);
	assert_non_null(strstr(e.msg, "cannot write"));
	assert_int_equal(file_write(at("sub"), STR("x"), 0600, &e), -1);
	assert_int_equal(entries(project), before);
	assert_int_equal(file_read(project, "w", &roots, 99, &s, &arena, &e), 0);
	assert_true(str_is(s, "new text"));
	/* A device stays a device. */
	assert_int_equal(file_write("/dev/null", STR("x"), 0600, &e), 0);
	assert_int_equal(stat("/dev/null", &new), 0);
	assert_true(S_ISCHR(new.st_mode));
}

static void
test_paths(void **state)
{
	(void)state;
	assert_string_equal(path_join("a", "b", &arena), "a/b");
	assert_string_equal(path_join("a", "/b", &arena), "/b");
	assert_string_equal(path_join(".", "b", &arena), "b");
	assert_string_equal(path_join(NULL, "b", &arena), "b");
	assert_string_equal(path_dir("a/b/c", &arena), "a/b");
	assert_string_equal(path_dir("/a", &arena), "/");
	assert_string_equal(path_dir("a", &arena), ".");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
