/*
 * replay.c -- runs a fuzz target on every file named, or in every folder named.
 */
#include "harness/base/base.h"

#include <dirent.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
replay_file(const char *path)
{
	struct err e = { 0 };
	struct arena a = { 0 };
	struct str s;

	if (file_read(NULL, path, NULL, 0, &s, &a, &e) != 0) {
		err_print(&e);
		exit(EXIT_SURROUNDINGS);
	}
	LLVMFuzzerTestOneInput((const uint8_t *)s.p, s.n);
	arena_free(&a);
}

static void
replay_folder(const char *path)
{
	DIR *d = opendir(path);
	struct arena a = { 0 };
	struct dirent *f;

	if (d == NULL)
		die(EXIT_SURROUNDINGS, "cannot open '%s'", path);
	while ((f = readdir(d)) != NULL)
		if (f->d_name[0] != '.')
			replay_file(path_join(path, f->d_name, &a));
	closedir(d);
	arena_free(&a);
}

int
main(int argc, char **argv)
{
	struct stat st;

	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i]);
	}
	return 0;
}
